"""Errors of Bedrock and S3, in every shape that they are known to have."""

import pytest
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.http import Response
from polyreel.redaction import Secret
from polyreel_amazon_nova.failures import (
    answer_error,
    error_text,
    poll_error,
    submit_error,
    unexpected,
)

REEL = "amazon.nova-reel-v1:1"
FILTERED = "This request has been blocked by our content filters. Please adjust your text prompt to submit a new request."
S3_ERROR = (
    '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The key &amp; all is gone.</Message></Error>'
)


@pytest.mark.parametrize(
    ("body", "headers", "message", "code"),
    [
        ({"message": "no"}, {"x_amzn_errortype": "ValidationException"}, "no", "ValidationException"),
        ({"message": "no"}, {"x_amzn_errortype": "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"}, "no", "ValidationException"),
        ({"message": "no", "__type": "com.amazon.coral#ValidationException"}, {}, "no", "ValidationException"),
        ({"Message": "no", "code": "ThrottlingException"}, {}, "no", "ThrottlingException"),
        ({"message": "no"}, {}, "no", None),
        ({"message": None}, {"x_amzn_errortype": "X"}, "", "X"),
        ({"code": 7}, {}, "", None),
        ({}, {}, "{}", None),
        (S3_ERROR, {}, "The key & all is gone.", "NoSuchKey"),
        ("<Error><Code>Odd</Code></Error>", {}, "", "Odd"),
        ("upstream\n said no", {}, "upstream said no", None),
        ("", {}, "", None),
        ("<!DOCTYPE html><html>busy</html>", {}, "an HTML page came instead of an answer", None),
        ([1], {}, "[1]", None),
    ],
)  # fmt: skip
def test_every_shape_is_read(answer, body, headers, message, code):
    error = error_text(answer(body, 400, **headers))
    assert (error.message, error.code) == (message, code)


def test_bytes_that_are_no_text_do_no_harm():
    assert error_text(Response(status=500, content=b"\xff\x00\x1b[31mred")).message.isprintable()


def test_long_message_is_cut_and_a_key_in_it_is_hidden(answer):
    assert len(str(answer_error(answer({"message": "x" * 9000}, 400)))) < 500
    Secret("my-own-odd-key")
    for body in ({"message": "bad my-own-odd-key"}, "bad my-own-odd-key"):
        assert "odd-key" not in str(answer_error(answer(body, 403)))


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (400, "ValidationException", RequestRejected, ""),
        (400, "ServiceQuotaExceededException", RateLimited, "3 at once"),
        (400, "ConflictException", UnexpectedAnswer, "another body"),
        (409, "ConflictException", UnexpectedAnswer, "another body"),
        (403, "AccessDeniedException", AuthenticationFailed, "s3:PutObject"),
        (404, "ResourceNotFoundException", ResourceNotFound, ""),
        (429, "ThrottlingException", RateLimited, "wait"),
        (500, "InternalServerException", ProviderUnavailable, ""),
        (503, "ServiceUnavailableException", ProviderUnavailable, ""),
        (403, "UnrecognizedClientException", AuthenticationFailed, "does not know"),
        (403, "ExpiredTokenException", AuthenticationFailed, "run out"),
        (400, "ExpiredToken", AuthenticationFailed, "run out"),
        (403, "InvalidSignatureException", AuthenticationFailed, "clock"),
        (403, "SignatureDoesNotMatch", AuthenticationFailed, "clock"),
        (403, "RequestTimeTooSkewed", AuthenticationFailed, "clock"),
        (403, "InvalidAccessKeyId", AuthenticationFailed, "copy the access key again"),
        (400, "InvalidToken", AuthenticationFailed, "does not belong to the access key"),
        (400, "TokenRefreshRequired", AuthenticationFailed, "get new ones"),
        (503, "SlowDown", RateLimited, ""),
        (401, None, AuthenticationFailed, ""),
        (403, None, AuthenticationFailed, ""),
        (408, None, ProviderUnavailable, ""),
        (410, None, ResourceNotFound, ""),
        (429, None, RateLimited, ""),
        (502, None, ProviderUnavailable, ""),
        (418, None, RequestRejected, ""),
        (302, None, UnexpectedAnswer, ""),
    ],
)
def test_code_and_status_give_the_class(answer, status, code, kind, words):
    headers = {} if code is None else {"x_amzn_errortype": code}
    error = answer_error(answer({"message": "because"}, status, x_amzn_requestid="req-1", **headers))
    assert type(error) is kind
    assert (error.status, error.code, error.request_id, error.provider) == (status, code, "req-1", "amazon")
    assert str(error).startswith(f"because (HTTP {status}")
    assert words in str(error)


def test_request_id_of_s3(answer):
    assert answer_error(answer(S3_ERROR, 404, x_amz_request_id="s3-1")).request_id == "s3-1"


def test_rate_limit_has_no_advice(answer):
    assert answer_error(answer({"message": "no"}, 429)).retry_after is None


@pytest.mark.parametrize("read", [answer_error, lambda r: submit_error(r, model=REEL), poll_error])
def test_content_filter_is_told_by_its_words(answer, read):
    error = read(answer({"message": FILTERED}, 400, x_amzn_errortype="ValidationException"))
    assert type(error) is ContentRefused
    assert "adjust your text prompt" in str(error)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "ResourceNotFoundException", "This model version has reached the end of its life. Please use another."),
        (404, "ResourceNotFoundException", "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days."),
        (400, "ValidationException", "The provided model identifier is invalid."),
        (404, None, "Not Found"),
        (403, "AccessDeniedException", "This Model is marked by provider as Legacy."),
    ],
)  # fmt: skip
def test_dead_model_is_said_with_advice(answer, status, code, message):
    headers = {} if code is None else {"x_amzn_errortype": code}
    error = submit_error(answer({"message": message}, status, **headers), model=REEL)
    assert error.billed is False
    assert "2026-09-30" in str(error)
    assert "'amazon/luma.ray-v2:0'" in str(error)
    other = str(submit_error(answer({"message": message}, status, **headers), model="luma.ray-v2:0"))
    assert "Nova" not in other
    assert "access to the model" in other


def test_classes_of_a_dead_model(answer):
    gone = answer(
        {"message": "reached the end of its life"}, 404, x_amzn_errortype="ResourceNotFoundException"
    )
    invalid = answer({"message": "model identifier is invalid"}, 400, x_amzn_errortype="ValidationException")
    assert type(submit_error(gone, model=REEL)) is ResourceNotFound
    assert type(submit_error(invalid, model=REEL)) is RequestRejected


def test_bucket_in_a_refusal_brings_a_hint(answer):
    headers = {"x_amzn_errortype": "ValidationException"}
    said = str(submit_error(answer({"message": "Invalid S3 credentials"}, 400, **headers), model=REEL))
    assert "in the region of the model" in said
    plain = str(submit_error(answer({"message": "Malformed input"}, 400, **headers), model=REEL))
    assert plain == "Malformed input (HTTP 400, ValidationException)"


@pytest.mark.parametrize(
    ("status", "code", "billed"),
    [
        (400, "ValidationException", False),
        (403, "AccessDeniedException", False),
        (429, "ThrottlingException", False),
        (400, "ConflictException", None),  # a job with our token may be there
        (408, None, None),
        (500, "InternalServerException", None),
        (503, None, None),
    ],
)
def test_refused_start_costs_nothing_and_a_broken_one_is_not_known(answer, status, code, billed):
    headers = {} if code is None else {"x_amzn_errortype": code}
    assert submit_error(answer({"message": "no"}, status, **headers), model=REEL).billed is billed


@pytest.mark.parametrize(
    ("status", "code"), [(400, "ValidationException"), (404, "ResourceNotFoundException"), (404, None)]
)
def test_job_that_is_not_known_is_gone(answer, status, code):
    headers = {} if code is None else {"x_amzn_errortype": code}
    error = poll_error(answer({"message": "no"}, status, **headers))
    assert (type(error), error.billed) == (ResourceNotFound, None)
    assert "bucket may still have the film" in str(error)


def test_look_that_is_not_allowed_says_nothing_about_the_job(answer):
    error = poll_error(answer({"message": "no"}, 403, x_amzn_errortype="AccessDeniedException"))
    assert (type(error), error.billed) == (AuthenticationFailed, None)


def test_unexpected_answer_says_what_was_expected(answer):
    error = unexpected(answer("<html>", 200, content_type="text/html"), "a job")
    assert str(error) == "expected a job, got HTTP 200 text/html: an HTML page came instead of an answer"
    assert (
        str(unexpected(Response(status=204), "a job")) == "expected a job, got HTTP 204 without a media type"
    )
