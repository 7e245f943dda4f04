"""The search for requests is exact: it agrees with going through them all, and with what prepares a request."""

import itertools
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.documents.document import ModelDocument
from polyreel.documents.lint import lint
from polyreel.documents.lint.mentions import mentions
from polyreel.documents.lint.requests import Requests, absent, described, equal, met, unmet
from polyreel.documents.lint.requests import given as present
from polyreel.documents.lint.samples import same, samples
from polyreel.documents.validation import accepts
from polyreel.parameters.preparation import prepare

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ModelDocument(json=json.loads(path.read_text(encoding="utf-8")), origin=path.name)
    for path in sorted(ROOT.glob("plugins/*/src/*/models/**/*.json"))
]
NAMES = "abcd"


@st.composite
def conditions(draw):
    """A schema over requests of a few parameters with few values."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    values = st.integers(0, 2)
    kinds = st.one_of(
        st.just({}),
        st.just({"not": {}}),
        st.builds(lambda value: {"const": value}, values),
        st.builds(lambda value: {"minimum": value}, values),
        st.builds(lambda value: {"not": {"const": value}}, values),
    )
    schema = {"properties": {name: draw(kinds) for name in names}}
    if draw(st.booleans()):
        schema["required"] = names[:1]
    return {"not": schema} if draw(st.integers(0, 4)) == 0 else schema


@given(
    st.lists(st.builds(lambda if_, then: {"if": if_, "then": then}, conditions(), conditions()), max_size=4),
    conditions(),
    st.sets(st.sampled_from(NAMES)),
)
@settings(max_examples=60, deadline=None)
def test_the_search_finds_a_request_exactly_when_there_is_one(rules, wanted, defaulted):
    properties = {
        name: {"enum": [0, 1, 2], **({"default": 0} if name in defaulted else {})} for name in NAMES
    }
    schema = {"required": [], "properties": properties, "allOf": rules}
    values = [([] if name in defaulted else [None]) + [0, 1, 2] for name in NAMES]
    requests = [
        {name: value for name, value in zip(NAMES, chosen, strict=True) if value is not None}
        for chosen in itertools.product(*values)
    ]
    valid = [request for request in requests if accepts(schema, request)]
    answer = Requests(ModelDocument(json=schema)).find(met(wanted))
    assert answer.sure
    if not valid:
        return  # the search looks only at what is connected with the question
    assert (answer.request is not None) == any(accepts(wanted, request) for request in valid)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.json["$id"].rpartition(":")[2])
def test_requests_are_completed_as_a_clients_are(document):
    requests = Requests(document)
    examples = [*document.json.get("examples", ()), {"prompt": "A boat"}]
    examples += [{"prompt": "A boat", name: row[name]} for row in document.derivations for name in row]
    for example in examples:
        prepared = prepare(document, example)
        assert requests.completed(example) == prepared.values
    for one, other in itertools.permutations(document.derivations, 2):
        mixed = {"prompt": "A boat", **one, next(iter(other)): next(iter(other.values()))}
        contradicts = any("contradict" in problem.message for problem in prepare(document, mixed).problems)
        assert requests.contradicts_itself(mixed) == contradicts


def test_a_product_of_hundreds_of_millions_is_settled():
    names = [f"acme_{number}" for number in range(14)]
    rules = [
        {"if": {"required": [one]}, "then": {"required": [other]}} for one, other in itertools.pairwise(names)
    ]
    document = {"required": [], "properties": {name: {"enum": [1, 2, 3]} for name in names}, "allOf": rules}
    requests = Requests(ModelDocument(json=document))
    assert requests.find(present(names[0]), absent(names[-1])).is_impossible
    assert requests.find(absent(names[0]), equal(names[-1], 3)).exists


def test_what_takes_too_long_is_not_judged(monkeypatch):
    """Pigeons without enough holes: no search by cases is short."""
    names = [f"acme_{number}" for number in range(9)]
    rules = [
        {"not": {"properties": {one: {"const": hole}, other: {"const": hole}}}}
        for one, other in itertools.combinations(names, 2)
        for hole in range(8)
    ]
    properties = {name: {"enum": list(range(8)), "default": 0} for name in names}
    document = {"required": [], "properties": properties, "allOf": rules}
    monkeypatch.setattr("polyreel.documents.lint.requests._STEPS", 2000)
    answer = Requests(ModelDocument(json=document)).find(present(names[0]))
    assert answer.request is None
    assert not answer.is_impossible


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.json["$id"].rpartition(":")[2])
def test_every_question_about_every_document_here_is_settled(document, monkeypatch):
    unsettled = []
    searched = Requests._searched

    def watched(self, parts, settled, *, sure):
        answer = searched(self, parts, settled, sure=sure)
        unsettled.extend([(document.id, parts)] * (not answer.sure))
        return answer

    monkeypatch.setattr(Requests, "_searched", watched)
    lint([document], today=date(2026, 11, 24))
    assert unsettled == []


@pytest.mark.parametrize(
    ("schema", "spoken", "expected"),
    [
        ({"const": 1}, [], [1]),
        ({"type": "boolean"}, [], [True, False]),
        ({"enum": [1, True, "a"]}, [], [1, True, "a"]),
        ({"type": "integer", "enum": [1, "a"]}, [], [1]),
        ({"type": "integer", "minimum": 3, "maximum": 5}, [], [3, 4, 5]),
        ({"type": "integer", "minimum": 3, "maximum": 9}, [("const", 6)], [3, 4, 5, 6, 7, 8, 9]),
        ({"type": "string", "maxLength": 4}, [("maxLength", 2)], ["", "a", "aa", "aaa", "aaaa"]),
        ({"type": "array", "minItems": 1, "maxItems": 2}, [], [["given"], ["given"] * 2]),
        ({"x-media": {"accept": ["image/png"]}}, [], ["given"]),
        ({"type": "object"}, [], [{}]),
    ],
)
def test_samples_stand_on_each_side_of_each_bound(schema, spoken, expected):
    found = samples(schema, spoken)
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_truth_is_no_number():
    assert not same(True, 1)
    assert same(1, 1.0)


@pytest.mark.parametrize(
    ("schema", "names", "understood"),
    [
        ({"required": ["a"], "not": {"properties": {"b": {"const": 1, "x-error": "no"}}}}, "ab", True),
        ({"anyOf": [{"required": ["a"]}, {"properties": {"b": {"not": {"minimum": 3}}}}]}, "ab", True),
        ({"properties": {"a": {"pattern": "x"}}}, "a", False),
        ({"properties": {"a": {"anyOf": [{"format": "uri"}]}}}, "a", False),
        ({"minProperties": 3}, "", False),
        ({"dependentRequired": {"a": ["b"]}}, "", False),
        ({"x-error": "so", "description": "so"}, "", True),
        (True, "", True),
    ],
)
def test_what_a_schema_speaks_of(schema, names, understood):
    spoken = mentions(schema)
    assert (spoken.names, spoken.understood) == (frozenset(names), understood)


def test_requests_are_described_for_people():
    request = {"size": "1x1", "video": "given", "images": ["given"], "prompt": "a" * 512, "n": 2}
    assert described(request) == "size='1x1', video given, images given, prompt of 512 characters, n=2"
    assert described({}) == described(None) == "any request"


def test_a_condition_and_its_contrary():
    schema = {"required": ["a"]}
    for values in ({}, {"a": 1}):
        assert met(schema).holds(values) is not unmet(schema).holds(values)
    assert met(True).holds({})
    assert unmet(False).holds({})
