"""Errors of Google's APIs in every known shape."""

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
from polyreel.testing import in_json
from polyreel_google_veo.failures import (
    advised_pause,
    answer_error,
    error_of,
    is_unsafe,
    json_object,
    raise_unexpected,
    submit_error,
)

TYPE = "type.googleapis.com/google.rpc."


def google(message="no", status="INVALID_ARGUMENT", code=400, details=None):
    return {"error": {"code": code, "message": message, "status": status, "details": details or []}}


def detail(kind, **members):
    return {"@type": TYPE + kind, **members}


def refused(response, **facts):
    facts = {"model": "veo-3.1-generate-001", "replacements": (), **facts}
    return submit_error(response, **facts)


@pytest.mark.parametrize(
    ("body", "message", "status", "reason"),
    [
        (google("bad"), "bad", "INVALID_ARGUMENT", None),
        ([google("bad")], "bad", "INVALID_ARGUMENT", None),
        (
            google("bad", details=[detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com")]),
            "bad",
            "INVALID_ARGUMENT",
            "API_KEY_INVALID",
        ),
        ({"error": {"message": "no", "code": "invalid_request"}}, "no", "invalid_request", None),
        ({"error": {"code": 404, "message": "gone", "errors": [{"reason": "notFound"}]}}, "gone", None, None),
        ({"error": "invalid_grant", "error_description": "Bad JWT"}, "Bad JWT", None, None),
        ({"error": "invalid_grant"}, "invalid_grant", None, None),
        ({"error": {"message": {"deep": 1}}}, "", None, None),
        ({"error": None}, "", None, None),
        ({}, "", None, None),
    ],
)
def test_every_shape_is_read(body, message, status, reason):
    error = error_of(in_json(body, status=400))
    assert (error.message, error.status, error.reason) == (message, status, reason)


def test_field_that_is_wrong_is_named():
    body = google(
        details=[detail("BadRequest", fieldViolations=[{"field": "a.b", "description": "Unknown name"}])]
    )
    assert error_of(in_json(body, status=400)).message == "no [a.b: Unknown name]"


@pytest.mark.parametrize("details", ["none", [1], [{"@type": 7}], [detail("QuotaFailure", violations={})]])
def test_details_of_another_shape_do_no_harm(details):
    assert error_of(in_json(google(details=details), status=400)).message == "no"


@pytest.mark.parametrize("content", [b"[[[", b"[1]", b"[{}, {}]", b"7", b"[" * 100_000])
def test_what_is_no_object_is_none(content):
    assert json_object(Response(status=200, content=content)) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, google("durationSeconds is wrong"), RequestRejected),
        (400, google("API key not valid. Please pass a valid API key."), AuthenticationFailed),
        (400, google(details=[detail("ErrorInfo", reason="API_KEY_INVALID")]), AuthenticationFailed),
        (400, google("The prompt violates Google's usage guidelines."), ContentRefused),
        (400, google("Blocked. Support codes: 15236754"), ContentRefused),
        (
            400,
            {"error": {"message": "Invalid interaction name", "code": "invalid_request"}},
            ResourceNotFound,
        ),
        (400, google("User location is not supported", "FAILED_PRECONDITION"), RequestRejected),
        (401, google("no", "UNAUTHENTICATED"), AuthenticationFailed),
        (402, google("no"), InsufficientCredit),
        (403, google("no", "PERMISSION_DENIED"), AuthenticationFailed),
        (404, google("no", "NOT_FOUND"), ResourceNotFound),
        (408, "", ProviderUnavailable),
        (409, google(), RequestRejected),
        (410, google(), ResourceNotFound),
        (429, google("no", "RESOURCE_EXHAUSTED"), RateLimited),
        (500, google("no", "INTERNAL"), ProviderUnavailable),
        (503, google("no", "UNAVAILABLE"), ProviderUnavailable),
        (304, "", UnexpectedAnswer),
    ],
)
def test_status_and_words_give_the_class(status, body, kind):
    error = answer_error(in_json(body, status=status, x_request_id="req_1"))
    assert type(error) is kind
    assert (error.provider, error.status, error.request_id, error.billed) == ("google", status, "req_1", None)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize(
    ("status", "billed"), [(400, False), (401, False), (429, False), (408, None), (500, None), (503, None)]
)
def test_refused_start_costs_nothing_and_a_broken_one_is_not_known(status, billed):
    assert refused(in_json(google(), status=status)).billed is billed


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (
            404,
            "models/veo-x is not found for API version v1beta, or is not supported for predictLongRunning.",
        ),
        (404, "This model is no longer available."),
        (404, "Publisher Model `projects/p/…/veo-x` was not found."),
        (400, "The model veo-x has been shut down."),
    ],
)
def test_missing_model_is_said_with_its_replacement(status, message):
    error = refused(in_json(google(message), status=status), replacements=("google/gemini-omni-1.1-flash",))
    assert type(error) is RequestRejected
    assert (error.code, error.billed) == ("model_not_found", False)
    assert "use google/gemini-omni-1.1-flash instead" in str(error)


def test_bad_parameter_is_no_missing_model():
    error = refused(in_json(google("`seed` isn't supported by this model."), status=400))
    assert error.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "message",
    [
        "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/…'",
        "Publisher Model `projects/p/models/veo-x` was not found or your project does not have access",
    ],
)
def test_denied_model_on_vertex_names_both_possibilities(message, vertex):
    body = google(message, "PERMISSION_DENIED", 403)
    error = refused(in_json(body, status=403), settings=vertex(), replacements=("google/new",))
    assert type(error) is AuthenticationFailed
    assert "no model 'veo-3.1-generate-001' any more" in str(error)
    assert "use google/new instead" in str(error)
    assert "Vertex AI User" in str(error)
    assert "any more" not in str(refused(in_json(body, status=403)))


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (400, google("no", "FAILED_PRECONDITION"), "billing is not enabled"),
        (403, google(details=[detail("ErrorInfo", reason="SERVICE_DISABLED")]), "Enable the API"),
        (402, google("no"), "prepaid balance"),
        (429, google("Your prepayment credits are depleted", "RESOURCE_EXHAUSTED"), "billing page"),
    ],
)
def test_way_out_is_said(status, body, advice):
    assert advice in str(answer_error(in_json(body, status=status)))


REFUSERS = (answer_error, refused)


@pytest.mark.parametrize("refuse", REFUSERS)
def test_given_token_that_is_refused_is_named_with_the_way_to_another(vertex, refuse):
    response = in_json(google("no", "UNAUTHENTICATED"), status=401)
    told = str(refuse(response, settings=vertex(sources={"access_token": "environment X"})))
    assert "environment X" in told
    assert "'gcloud auth print-access-token'" in told
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in told
    assert "ya29" not in told
    for other in (
        vertex(access_token=None),
        vertex(surface="gemini"),
        vertex(project=None, api_key="AIza-k"),
    ):
        assert "print-access-token" not in str(refuse(response, settings=other))


@pytest.mark.parametrize("refuse", REFUSERS)
@pytest.mark.parametrize(
    "body",
    [
        google("Permission 'aiplatform.endpoints.predict' denied on resource '//x/projects/my-proj/y'"),
        google("Caller does not have required permission to use project my-proj."),
        google(details=[detail("ErrorInfo", reason="USER_PROJECT_DENIED")]),
        google(details=[detail("ErrorInfo", reason="CONSUMER_INVALID")]),
    ],
)
def test_refusal_of_a_project_names_the_setting(vertex, refuse, body):
    told = str(refuse(in_json(body, status=403), settings=vertex(quota_project="q")))
    assert "The setting project is 'my-proj', and quota_project 'q'" in told
    express = vertex(project=None, access_token=None, api_key="AIza-express")
    assert "The setting project" not in str(refuse(in_json(body, status=403), settings=express))
    assert "The setting project" not in str(refuse(in_json(google(), status=403), settings=vertex()))


@pytest.mark.parametrize("refuse", REFUSERS)
def test_missing_page_behind_an_own_address_names_the_region(vertex, refuse):
    response = in_json(google("no", "NOT_FOUND"), status=404)
    told = str(refuse(response, settings=vertex(vertex_base_url="https://proxy.example")))
    assert "At https://proxy.example it was asked for in the region 'us-central1': set region" in told
    assert "set region" not in str(refuse(response, settings=vertex()))


def quota(identity, delay=None):
    details = [detail("QuotaFailure", violations=[{"quotaId": identity}]), detail("Help", links=[])]
    if delay:
        details.append(detail("RetryInfo", retryDelay=delay))
    return in_json(google("slow down", "RESOURCE_EXHAUSTED", 429, details), status=429)


@pytest.mark.parametrize(
    ("response", "pause"),
    [
        (quota("PerMinute", "34s"), 34),
        (quota("PerMinute", "1.5s"), 1.5),
        (quota("PerMinute"), None),
        (quota("PerMinute", "soon"), None),
        (quota("PerMinute", "9" * 400 + "s"), 86_400),
        (in_json(google(), status=429, retry_after="9" * 400), 86_400),
        (in_json(google(), status=429, retry_after="7"), 7),
        (in_json(google(), status=429, retry_after="later"), None),
    ],
)
def test_advised_pause_is_read(response, pause):
    error = answer_error(response)
    assert isinstance(error, RateLimited)
    assert error.retry_after == pause


def test_daily_quota_is_named_and_not_waited_for():
    response = quota("GenerateRequestsPerDayPerProjectPerModel", "30s")
    assert advised_pause(response) == 3600
    error = answer_error(response)
    assert "GenerateRequestsPerDayPerProjectPerModel" in str(error)
    assert "waiting does not help" in str(error)
    assert advised_pause(quota("PerMinute", "30s")) == 30


def test_key_in_a_message_is_hidden():
    Secret("my-own-odd-key")
    for body in (google("bad key my-own-odd-key"), google(status="my-own-odd-key"), "plain my-own-odd-key"):
        assert "odd-key" not in str(answer_error(in_json(body, status=401)))


def test_page_and_flood_are_not_shown():
    assert "HTML page" in str(answer_error(Response(status=502, content=b"<!DOCTYPE html><p>x")))
    assert len(str(answer_error(in_json(google("x" * 10_000), status=400)))) < 500
    assert "\x1b" not in str(answer_error(Response(status=500, content=b"\xff\x1b[31m")))


def test_unexpected_answer_says_what_was_expected():
    with pytest.raises(
        UnexpectedAnswer, match="expected a film, got HTTP 200 text/html: an HTML page"
    ) as caught:
        raise_unexpected(
            Response(status=200, headers={"content-type": "text/html"}, content=b"<html>"), "a film"
        )
    assert caught.value.billed is None


@pytest.mark.parametrize(
    ("text", "unsafe"),
    [
        ("Veo could not generate videos because the input image violates Google's rules", True),
        ("It could not be submitted: it may violate our policies. Support codes: 42237218", True),
        ("Unsupported output video duration 5 seconds, supported durations are [8,4,6]", False),
        ("Veo 3 prompt enhancement cannot be disabled.", False),
        ("`allow_all` for personGeneration is currently not supported.", False),
    ],
)
def test_safety_is_told_by_the_words(text, unsafe):
    assert is_unsafe(text) is unsafe
