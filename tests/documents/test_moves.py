"""Between any two models of the installed providers: a valid request stays one."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polyreel.client import Client
from polyreel.migration import migrate
from polyreel.parameters.nearness import choices
from polyreel.parameters.preparation import prepare

PICTURE = b"a picture"


@cache
def documents():
    """Every document that the wheels have, a member in place of an open family."""
    with Client(store="memory") as client:
        published = list(client.workspace.operations.desk.catalogue.published())
    return [document.member("Wan2.2-T2V") if document.is_family else document for document in published]


def values(schema):
    """What a parameter may be given, within its bounds or a little beyond."""
    listed = choices(schema)
    if listed:
        return st.sampled_from(listed)
    if "x-media" in schema:
        return st.just(PICTURE)
    match schema.get("type"):
        case "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 200))
        case "number":
            return st.floats(schema.get("minimum", 0), schema.get("maximum", 200))
        case "string":
            return st.sampled_from(["s3://films-of-mine/here", "123456789012", "no people", "words " * 700])
        case "array":
            return st.lists(st.just(PICTURE) | st.just({"text": "a shot"}), min_size=1, max_size=4)
        case _:
            return st.dictionaries(st.sampled_from(["project", "team"]), st.text("abc", min_size=1))


@st.composite
def requests(draw, document):
    """A request that a document accepts: parameter after parameter, as long as they go together."""
    words = "a boat " * draw(st.sampled_from([1, 80, 600]))
    request = {"prompt": words.strip()}
    if prepare(document, request).problems:
        request = {"prompt": "a boat"}
    names = draw(st.permutations([name for name in document.properties if name != "prompt"]))
    for name in names[: draw(st.integers(0, 6))]:
        wider = {**request, name: draw(values(document.properties[name]))}
        if not prepare(document, wider).problems:
            request = wider
    return request


@st.composite
def moves(draw):
    source, target = draw(st.sampled_from(documents())), draw(st.sampled_from(documents()))
    return source, target, draw(requests(source))


def test_there_is_something_to_move_between():
    assert len({document.provider for document in documents()}) >= 3
    assert len(documents()) >= 20


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves())
def test_the_target_accepts_what_is_moved_to_it(move):
    source, target, request = move
    assert prepare(source, request).problems == ()
    moved = migrate(source, target, request)
    assert moved.problems == ()
    prepared = prepare(target, moved.parameters)
    assert prepared.problems == ()
    assert prepared.notices == (), "nothing is left out silently"
    assert (moved.source, moved.target) == (source.reference, target.reference)
    changed = {change.parameter: change for change in moved.changes}
    assert set(moved.kept) | set(changed) == set(request)
    assert not set(moved.kept) & set(changed)
    for name in moved.kept:
        assert prepared.values[name] == request[name]
    for name, change in changed.items():
        assert change.before == request[name]
        if change.after is not None:
            assert prepared.values[name] == change.after != change.before
    assert 0 <= moved.score <= 1
    assert (moved.score == 1) == all(change.fate == "restated" for change in moved.changes)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves())
def test_to_itself_nothing_changes(move):
    source, _, request = move
    moved = migrate(source, source, request)
    assert dict(moved.parameters) == request
    assert moved.changes == moved.defaults == ()
    assert moved.before == moved.after


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves())
def test_the_same_move_is_the_same(move):
    source, target, request = move
    backwards = dict(reversed(request.items()))
    one, other = migrate(source, target, request), migrate(source, target, backwards)
    assert dict(one.parameters) == dict(other.parameters)
    assert one.score == pytest.approx(other.score)
