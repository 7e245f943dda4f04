"""Errors in every shape that a server of the protocol is known to use."""

import pytest
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    InsufficientCredit,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.http import Response
from polyreel.redaction import Secret
from polyreel_openai_sora.failures import answer_error, error_text, raise_unexpected, submit_error

SECONDS = "Invalid type for 'seconds': expected one of '4', '8', or '12', but got an integer instead."


def openai(message="no", code=None, kind="invalid_request_error", param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


@pytest.mark.parametrize(
    ("body", "message", "code", "param"),
    [
        (openai(SECONDS, "invalid_type", param="seconds"), SECONDS, "invalid_type", "seconds"),
        ({"error": {"message": "no", "type": "None", "param": "None", "code": "400"}}, "no", "400", "None"),
        ({"error": {"message": "no", "type": "Bad Request", "code": 400}}, "no", "400", None),
        ({"error": {"message": "no", "type": "new_api_error"}}, "no", None, None),
        ({"error": "job is broken"}, "job is broken", None, None),
        ({"detail": "Not Found"}, "Not Found", None, None),
        (
            {
                "detail": [
                    {"loc": ["body", "seconds"], "msg": "Input should be 4", "type": "enum"},
                    {"msg": "two"},
                ]
            },
            "body.seconds: Input should be 4; two",
            None,
            None,
        ),
        ({"message": "no", "code": 17}, "no", "17", None),
        ({"error": {"message": {"reason": "deep"}}}, '{"reason": "deep"}', None, None),
        ({"error": {"message": None, "code": True}}, "", None, None),
        ({"error": None}, "", None, None),
        ({"unknown": "shape"}, "", None, None),
        (["one", "two"], "one; two", None, None),
        ("upstream  said\nno", "upstream said no", None, None),
        ("", "", None, None),
    ],
)
def test_every_shape_is_read(answer, body, message, code, param):
    error = error_text(answer(body, 400))
    assert (error.message, error.code, error.param) == (message, code, param)


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><h1>502</h1></html>",
        "  <HTML><body>nginx</body>",
        openai("<html>proxy says</html>"),
    ],
)
def test_html_is_never_shown(answer, body):
    error = answer_error(answer(body, 502))
    assert "HTML page" in str(error)
    assert "<" not in str(error)


def test_bytes_that_are_no_text_do_no_harm():
    assert error_text(Response(status=500, content=b"\xff\x00\x1b[31mred")).message.isprintable()


def test_long_message_is_cut(answer):
    assert len(str(answer_error(answer(openai("x" * 10_000), 400)))) < 500


@pytest.mark.parametrize("shape", [openai, lambda text: {"detail": text}, lambda text: text])
def test_key_in_a_message_is_hidden(answer, shape):
    Secret("my-own-odd-key")
    error = answer_error(answer(shape("bad key my-own-odd-key or sk-abcdefghijklmnop1234"), 401))
    assert "odd-key" not in str(error)
    assert "sk-abc" not in str(error)


def test_explanation_of_a_refusal_is_shown(answer):
    body = openai("Blocked.", "moderation_blocked")
    body["error"]["misalignment"] = {"detailed_explanation": "It shows a brand."}
    assert error_text(answer(body, 400)).message == "Blocked. It shows a brand."


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, openai("no", "invalid_value"), RequestRejected),
        (409, openai(), RequestRejected),
        (413, "too large", RequestRejected),
        (422, {"detail": "no"}, RequestRejected),
        (401, openai("bad key", "invalid_api_key"), AuthenticationFailed),
        (403, openai("organization must be verified"), AuthenticationFailed),
        (402, {"error": "pay"}, InsufficientCredit),
        (429, openai("quota", "insufficient_quota", "insufficient_quota"), InsufficientCredit),
        (429, openai("quota", None, "insufficient_quota"), InsufficientCredit),
        (400, openai("limit", "billing_hard_limit_reached"), InsufficientCredit),
        (429, openai("slow down", "rate_limit_exceeded"), RateLimited),
        (404, openai("no such video"), ResourceNotFound),
        (410, "gone", ResourceNotFound),
        (400, openai("no", "moderation_blocked"), ContentRefused),
        (400, openai("no", "sentinel_block"), ContentRefused),
        (403, openai("no", "content_policy_violation"), ContentRefused),
        (400, openai("no", None, "content_filter"), ContentRefused),
        (400, openai("Your request was blocked by our moderation system."), ContentRefused),
        (408, "", ProviderUnavailable),
        (500, openai("boom", "server_error", "server_error"), ProviderUnavailable),
        (503, "<html></html>", ProviderUnavailable),
        (529, "", ProviderUnavailable),
        (304, "", UnexpectedAnswer),
    ],
)
def test_status_and_code_give_the_class(answer, status, body, kind):
    response = answer(body, status, x_request_id="req_1")
    error = answer_error(response)
    assert type(error) is kind
    assert (error.status, error.request_id, error.provider, error.billed) == (status, "req_1", "openai", None)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "billed"), [(400, False), (401, False), (429, False), (500, None), (408, None)]
)
def test_refused_submit_costs_nothing_and_a_broken_one_is_not_known(answer, status, billed):
    assert submit_error(answer(openai(), status), model="sora-2", creates=True).billed is billed


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            404,
            openai("The model 'sora-2' does not exist or you do not have access to it.", "model_not_found"),
        ),
        (404, {"detail": "Not Found"}),
        (410, ""),
        (400, openai("gone", "model_not_found")),
        (400, {"error": {"message": "model not found", "type": "x"}}),
        (404, openai("The API deployment does not exist", "DeploymentNotFound")),
    ],
)
def test_missing_model_at_create_is_said_with_advice(answer, status, body):
    error = submit_error(answer(body, status), model="sora-2", creates=True)
    assert type(error) is RequestRejected
    assert (error.code, error.billed, error.retryable) == ("model_not_found", False, False)
    assert "has no model 'sora-2'" in str(error)
    assert "base_url" in str(error)


def test_at_openai_itself_the_advice_is_to_move():
    response = Response(status=404, content=b"{}", url="https://api.openai.com/v1/videos")
    error = submit_error(response, model="sora-2", creates=True)
    assert "2026-09-24" in str(error)
    assert "polyreel migrate" in str(error)


def test_not_found_for_an_edit_speaks_of_its_source(answer):
    error = submit_error(
        answer(openai("Video with id 'video_1' not found."), 404), model="sora-2", creates=False
    )
    assert type(error) is ResourceNotFound


def test_other_bad_request_is_not_a_missing_model(answer):
    error = submit_error(answer(openai(SECONDS, "invalid_type"), 400), model="sora-2", creates=True)
    assert error.code == "invalid_type"


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": "300", "retry_after": "9"}, 0.3),
        ({"retry_after": "Tue, 24 Nov 2026 08:00:30 GMT", "date": "Tue, 24 Nov 2026 08:00:00 GMT"}, 30),
        (
            {"retry_after": "Tue, 24 Nov 2026 08:00:30 GMT"},
            None,
        ),  # without the server's clock it says nothing
        ({"retry_after": "Tue, 24 Nov 2026 08:00:30 GMT", "date": "yesterday"}, None),
        ({"retry_after": "later"}, None),
        ({}, None),
    ],
)
def test_advised_pause_is_read(answer, headers, pause):
    assert answer_error(answer(openai(), 429, **headers)).retry_after == pause


def test_unexpected_answer_says_what_was_expected(answer):
    with pytest.raises(
        UnexpectedAnswer, match=r"expected a film, got HTTP 200 text/html: an HTML page"
    ) as caught:
        raise_unexpected(answer("<html>", 200, content_type="text/html"), "a film")
    assert caught.value.billed is None


def test_sentence_has_what_support_asks_for(answer):
    body = openai(SECONDS, "invalid_type", param="seconds")
    assert str(answer_error(answer(body, 400))) == f"{SECONDS} (HTTP 400, invalid_type, field 'seconds')"
    # LiteLLM repeats the status as the code; once is enough.
    assert str(answer_error(answer(openai("no", "503"), 503))) == "no (HTTP 503)"
