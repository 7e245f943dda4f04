"""The states of an interaction: fact sheet, section 8."""

import pytest
from polyreel.errors import ResourceNotFound, UnexpectedAnswer
from polyreel.http import Response
from polyreel.testing import in_json
from polyreel.types.job import Failure, Progress
from polyreel_google_veo.interactions import cancelled, identity_of, progress

URI = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
FILM = {"type": "video", "uri": URI, "mime_type": "video/mp4"}
EXPECTED = {"films": [{"uri": URI, "media_type": "video/mp4"}]}


def interaction(status, *content, **members):
    steps = [{"type": "user_input", "content": [{"type": "video", "uri": "https://example.com/mine.mp4"}]}]
    steps += [{"type": "model_output", "content": list(content)}] if content else []
    return in_json({"id": "v1_abc", "status": status, "steps": steps, **members})


@pytest.mark.parametrize(
    ("status", "state"), [("queued", "queued"), ("in_progress", "running"), ("cancelled", "cancelled")]
)
def test_states(status, state):
    assert progress(interaction(status)).state == state


def test_word_that_is_not_known_is_running():
    seen = progress(interaction("pondering"))
    assert seen.state == "running"
    assert "'pondering'" in seen.message


@pytest.mark.parametrize(
    ("response", "payload"),
    [
        (interaction("completed", FILM), EXPECTED),
        (interaction("completed", {"type": "text", "text": "Here it is"}, FILM), EXPECTED),
        (
            interaction("completed", {"type": "video", "data": "AAAA"}),
            {"films": [{"data": "AAAA", "media_type": "video/mp4"}]},
        ),
        (interaction("completed", {"type": "video", "uri": "https://x/old"}, FILM), EXPECTED),
        (in_json({"status": "completed", "output_video": {"uri": URI}}), EXPECTED),
        (interaction("completed", FILM, output_video=FILM), EXPECTED),
    ],
    ids=["address", "with words", "inline", "the last of several", "beside the steps", "said twice"],
)
def test_completed(response, payload):
    seen = progress(response)
    assert (seen.state, seen.payload) == ("succeeded", payload)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([{"type": "video", "data": "####"}], "is no base64"),
        ([FILM, {"type": "video", "data": "####"}], "is no base64"),
        ([{"type": "video", "uri": "gs://bucket"}], "names no object"),
    ],
)
def test_film_that_cannot_be_had_is_a_failure_and_no_earlier_film(content, words):
    seen = progress(interaction("completed", *content))
    assert (seen.state, seen.failure.kind, seen.failure.billed) == ("failed", "failed", None)
    assert words in seen.failure.message


@pytest.mark.parametrize("odd", [[], {}, [[]], True])
def test_words_of_another_shape_do_no_harm(odd):
    failure = progress(interaction("failed", errors=[{"code": odd, "message": odd}])).failure
    assert failure.kind == "failed"
    assert progress(interaction("completed", {"type": "text", "text": odd})).state == "failed"


def test_answer_in_words_is_a_refusal():
    seen = progress(interaction("completed", {"type": "text", "text": "I cannot show that person."}))
    assert seen.state == "failed"
    assert (seen.failure.kind, seen.failure.billed) == ("filtered", False)
    assert "I cannot show that person" in seen.failure.message


@pytest.mark.parametrize(
    "content", [[], [{"type": "text", "text": " "}], [{"type": "text"}], [{"type": "video"}], [7]]
)
def test_completed_without_anything_is_a_failure_that_says_so(content):
    seen = progress(interaction("completed", *content))
    assert (seen.failure.kind, seen.failure.billed) == ("failed", None)
    assert "neither a film nor a word" in seen.failure.message


@pytest.mark.parametrize(
    "status", ["failed", "incomplete", "requires_action", "requires_continuation", "budget_exceeded"]
)
def test_end_without_a_film(status):
    seen = progress(interaction(status))
    assert seen.state == "failed"
    assert (seen.failure.kind, seen.failure.code, seen.failure.billed) == ("failed", status, None)


@pytest.mark.parametrize(
    "members",
    [
        {"errors": [{"code": "internal", "message": "It broke."}]},
        {"error": {"code": "internal", "message": "It broke."}},
        {"steps": [{"type": "model_output", "error": {"code": "internal", "message": "It broke."}}]},
    ],
    ids=["errors", "error", "in the step"],
)
def test_reason_is_found_wherever_it_stands(members):
    failure = progress(in_json({"status": "failed", **members})).failure
    assert (failure.code, failure.kind) == ("internal", "failed")
    assert failure.message == "the interaction failed: It broke."


def test_failure_by_safety_rules_is_filtered():
    errors = [{"code": "blocked", "message": "Blocked. Support codes: 90789179"}]
    failure = progress(interaction("failed", errors=errors)).failure
    assert (failure.kind, failure.code, failure.billed) == ("filtered", "90789179", False)


def test_unknown_interaction_is_not_found():
    body = {"error": {"message": "Invalid interaction name: v1_x", "code": "invalid_request"}}
    with pytest.raises(ResourceNotFound):
        progress(in_json(body, status=400))


@pytest.mark.parametrize(
    "response", [in_json({}), in_json({"status": 7}), in_json([]), Response(status=200, content=b"event: x")]
)
def test_what_is_no_interaction_is_unexpected(response):
    with pytest.raises(UnexpectedAnswer, match="an interaction with a status"):
        progress(response)


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 7}])
def test_start_without_an_id_is_an_unknown_fate(body):
    with pytest.raises(UnexpectedAnswer) as caught:
        identity_of(in_json(body))
    assert caught.value.billed is None


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (Progress(state="cancelled"), "cancelled"),
        (Progress(state="running"), "too_late"),
        (Progress(state="succeeded", payload={}), "too_late"),
        (Progress(state="failed", failure=Failure(message="no")), "too_late"),
    ],
)
def test_what_became_of_a_cancel(seen, outcome):
    assert cancelled(seen).outcome == outcome
