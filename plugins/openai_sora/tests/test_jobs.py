"""A job's life after the submit: looks, files, bill, stopping, deleting."""

from dataclasses import replace
from decimal import Decimal

import pytest
from polyreel.errors import (
    AuthenticationFailed,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.types.job import Receipt
from polyreel_openai_sora import jobs, plugin
from polyreel_openai_sora.profiles import PROFILES

RECEIPT = Receipt(id="video_1", data={"operation": "create", "path": "/videos"})


def job(**members):
    return {"id": "video_1", "object": "video", "status": "queued", "model": "sora-2", **members}


@pytest.fixture
def look(drive, answer, task):
    def looked(body, status=200, receipt=RECEIPT, profile="openai", **headers):
        run = drive(plugin.poll(task(profile=profile), receipt), answer(body, status, **headers))
        return run.value

    return looked


def test_poll_looks_once_under_the_id_of_the_receipt(drive, answer, task):
    run = drive(plugin.poll(task(), Receipt(id="video_a/b+c==")), answer(job()))
    assert run.lines == ["GET /videos/video_a%2Fb+c=="]
    assert run.sends[0].repeatable


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", "queued"),
        ("pending", "queued"),
        ("submitted", "queued"),
        ("in_progress", "running"),
        ("processing", "running"),
        ("running", "running"),
        ("IN_PROGRESS", "running"),
        ("completed", "succeeded"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("expired", "failed"),
        ("deleted", "failed"),
        ("cancelled", "cancelled"),
        ("canceled", "cancelled"),
    ],
)
def test_every_known_word_has_a_state(look, word, state):
    seen = look(job(status=word))
    assert (seen.state, seen.message) == (state, "")
    assert (seen.payload is not None) is (state == "succeeded")
    assert (seen.failure is not None) is (state in {"failed", "cancelled"})


def test_unknown_word_is_running_and_shown(look):
    seen = look(job(status="rendering"))
    assert (seen.state, seen.failure, seen.payload) == ("running", None, None)
    assert "rendering" in seen.message


@pytest.mark.parametrize(
    ("value", "percent"),
    [(42, 42), (42.5, 42.5), (0, 0), (250, 100), (-1, 0), (None, None), ("42", None), (True, None)],
)
def test_percent_is_a_number_from_0_to_100(look, value, percent):
    assert look(job(status="in_progress", progress=value)).percent == percent


@pytest.mark.parametrize(
    ("header", "pause"), [("200", 0.2), ("12000", 12), ("0", 0), ("-5", None), ("soon", None), ("inf", None)]
)
def test_advice_for_the_next_poll_is_taken_from_each_answer(look, header, pause):
    assert look(job(), openai_poll_after_ms=header).retry_in == pause


def test_without_advice_there_is_none(look):
    assert look(job()).retry_in is None


def test_payload_keeps_the_id_of_the_create_answer(look):
    seen = look(job(id="video_reencoded", status="completed", size="1280x720"))
    assert (seen.payload["id"], seen.payload["size"]) == ("video_1", "1280x720")


@pytest.mark.parametrize(
    ("members", "kind", "code", "message", "billed"),
    [
        (
            {
                "error": {
                    "code": "moderation_blocked",
                    "message": "Your request was blocked by our moderation system.",
                }
            },
            "filtered",
            "moderation_blocked",
            "Your request was blocked by our moderation system.",
            False,
        ),
        ({"error": {"code": "sentinel_block", "message": "no"}}, "filtered", "sentinel_block", "no", False),
        ({"error": {"code": 500, "message": "out of memory"}}, "failed", "500", "out of memory", False),
        ({"error": {"message": "only this"}}, "failed", None, "only this", False),
        ({"error": "a plain text"}, "failed", None, "a plain text", False),
        ({"error": None}, "failed", None, "the server says 'failed' and gives no reason", False),
        ({}, "failed", None, "the server says 'failed' and gives no reason", False),
        ({"status": "expired"}, "expired", None, "the server says 'expired' and gives no reason", None),
        ({"status": "deleted"}, "failed", None, "the server says 'deleted' and gives no reason", None),
        ({"status": "cancelled", "error": "by hand"}, "failed", None, "by hand", None),
    ],
)
def test_failure_says_why_and_whether_it_costs(look, *, members, kind, code, message, billed):
    failure = look(job(**{"status": "failed", **members})).failure
    assert (failure.kind, failure.code, failure.message, failure.billed) == (kind, code, message, billed)


@pytest.mark.parametrize("status", [400, 404, 422, 500, 503])
def test_failed_job_may_come_as_an_http_error(drive, answer, task, status):
    body = job(status="failed", error={"code": status, "message": "CUDA"})
    response = answer(body, status)
    run = drive(plugin.poll(task(profile="vllm-omni"), RECEIPT), response)
    assert run.sends[0].final(response)  # so that the core does not send it again
    assert (run.value.state, run.value.failure.message) == ("failed", "CUDA")


def test_failed_job_without_its_object_is_still_a_job(look):
    assert look({"id": "video_1", "status": "failed", "error": "no"}, 500).state == "failed"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"error": {"message": "no such video"}}, 404, ResourceNotFound),
        ({"detail": "gone"}, 410, ResourceNotFound),
        ({"error": {"message": "slow down"}}, 429, RateLimited),
        ({"status": "error", "error": "boom"}, 500, ProviderUnavailable),
        ("<html>", 502, ProviderUnavailable),
        ("<html>", 200, UnexpectedAnswer),
        ({"id": "video_1"}, 200, UnexpectedAnswer),
        ([], 200, UnexpectedAnswer),
        ({"status": 3}, 200, UnexpectedAnswer),
    ],
)
def test_answer_without_a_job_is_an_error(drive, answer, task, *, body, status, kind):
    response = answer(body, status)
    with pytest.raises(kind) as caught:
        drive(plugin.poll(task(), RECEIPT), response)
    assert caught.value.billed is None  # a look tells nothing about the bill


def test_film_thumbnail_and_spritesheet(task):
    film, thumbnail, spritesheet = plugin.normalise_result(
        task(), job(status="completed", expires_at=1780003695)
    )
    assert (film.role, film.media_type, film.url) == ("video", "video/mp4", "/videos/video_1/content")
    assert (film.query, film.headers, film.alternatives) == ({}, {"Accept": "application/binary"}, ())
    assert (thumbnail.role, thumbnail.media_type, thumbnail.query) == (
        "thumbnail",
        "image/webp",
        {"variant": "thumbnail"},
    )
    assert (spritesheet.role, spritesheet.media_type, spritesheet.query) == (
        "spritesheet",
        "image/jpeg",
        {"variant": "spritesheet"},
    )
    assert {asset.expires_at for asset in (film, thumbnail, spritesheet)} == {1780003695.0}
    assert {asset.url for asset in (film, thumbnail, spritesheet)} == {"/videos/video_1/content"}


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "openai"])
def test_only_openai_has_variants(task, profile):
    assert [asset.role for asset in plugin.normalise_result(task(profile=profile), job())] == ["video"]


@pytest.mark.parametrize(
    ("members", "alternatives"),
    [
        ({"url": "https://a.example/1"}, ("https://a.example/1",)),
        ({"video_url": "https://a.example/2"}, ("https://a.example/2",)),
        ({"urls": ["https://a.example/3", "https://a.example/x"]}, ("https://a.example/3",)),
        ({"metadata": {"url": "https://a.example/4"}}, ("https://a.example/4",)),
        ({"videos": [{"url": "https://a.example/5"}]}, ("https://a.example/5",)),
        ({"url": "https://a.example/1", "video_url": "https://a.example/1"}, ("https://a.example/1",)),
        ({"url": "/files/1", "urls": [], "videos": [None], "metadata": "x"}, ()),
        ({"url": "file:///etc/passwd"}, ()),
        ({"url": None, "urls": {"0": 5}}, ()),
    ],
)
def test_addresses_in_the_job_are_tried_after_content(task, members, alternatives):
    (film,) = plugin.normalise_result(task(profile="sglang"), job(**members))
    assert (film.url, film.alternatives) == ("/videos/video_1/content", alternatives)


@pytest.mark.parametrize("profile", ["openai", "azure"])
def test_openai_itself_has_no_other_addresses(task, profile):
    film = plugin.normalise_result(task(profile=profile), job(url="https://a.example/1"))[0]
    assert film.alternatives == ()


def test_address_of_the_film_is_never_tried_for_a_thumbnail():
    profile = replace(PROFILES["openai"], addresses=("/url",))
    film, *others = jobs.assets(job(url="https://a.example/1"), profile)
    assert film.alternatives == ("https://a.example/1",)
    assert [asset.alternatives for asset in others] == [(), ()]


def test_id_cannot_climb_out_of_its_path(task):
    film = plugin.normalise_result(task(), job(id="../../models"))[0]
    assert film.url == "/videos/..%2F..%2Fmodels/content"


def test_refresh_looks_again(drive, answer, task):
    run = drive(plugin.refresh(task(), RECEIPT), answer(job(status="completed", expires_at=5)))
    assert run.lines == ["GET /videos/video_1"]
    assert run.value[0].expires_at == 5


@pytest.mark.parametrize("status", ["expired", "failed", "in_progress"])
def test_refresh_without_a_film_says_so(drive, answer, task, status):
    with pytest.raises(ResourceNotFound, match="no film"):
        drive(plugin.refresh(task(), RECEIPT), answer(job(status=status)))


@pytest.mark.parametrize(
    ("members", "amount", "currency"),
    [
        ({"usage": {"cost": 0.4}}, "0.4", "USD"),
        ({"usage": {"cost": 1, "currency": "eur"}}, "1", "EUR"),
        ({"usage": {"cost": 0}}, "0", "USD"),
    ],
)
def test_gateways_cost_is_read(members, amount, currency):
    cost = plugin.settle(job(**members))
    assert (cost.amount, cost.currency, cost.billed, cost.basis) == (
        Decimal(amount),
        currency,
        True,
        "vendor",
    )


@pytest.mark.parametrize(
    "usage", [None, {}, 5, {"cost": None}, {"cost": "much"}, {"cost": -1}, {"cost": True}]
)
def test_without_a_cost_nothing_is_claimed(usage):
    assert plugin.settle(job(usage=usage)) is None
    assert plugin.settle(job()) is None


@pytest.mark.parametrize("profile", [name for name in PROFILES if name not in {"vllm-omni", "trtllm"}])
def test_where_nothing_can_be_stopped_nothing_is_sent(drive, task, profile):
    run = drive(plugin.cancel(task(profile=profile), RECEIPT))
    assert (run.value.outcome, run.lines) == ("not_supported", [])
    assert "cannot stop" in run.value.message


@pytest.mark.parametrize("profile", ["vllm-omni", "trtllm"])
def test_running_job_is_stopped_by_deleting_it(drive, answer, task, profile):
    run = drive(
        plugin.cancel(task(profile=profile), RECEIPT),
        answer(job(status="in_progress")),
        answer({"deleted": True}),
    )
    assert run.lines == ["GET /videos/video_1", "DELETE /videos/video_1"]
    assert run.value.outcome == "cancelled"


@pytest.mark.parametrize(
    ("status", "outcome"), [("completed", "too_late"), ("failed", "too_late"), ("cancelled", "cancelled")]
)
def test_cancel_never_deletes_a_finished_film(drive, answer, task, status, outcome):
    run = drive(plugin.cancel(task(profile="vllm-omni"), RECEIPT), answer(job(status=status)))
    assert (run.lines, run.value.outcome) == (["GET /videos/video_1"], outcome)


@pytest.mark.parametrize(
    ("status", "outcome"), [(409, "cancelled"), (404, "too_late"), (405, "not_supported")]
)
def test_cancel_says_what_the_server_says(drive, answer, task, status, outcome):
    run = drive(plugin.cancel(task(profile="vllm-omni"), RECEIPT), answer(job()), answer({}, status))
    assert run.value.outcome == outcome


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"id": "video_1", "object": "video.deleted", "deleted": True}, "cancelled"),
        (200, job(status="deleted"), "cancelled"),
        (204, "", "cancelled"),
        (404, {"error": {"message": "no such video"}}, "too_late"),
        (410, "", "too_late"),
        (405, {"detail": "Method Not Allowed"}, "not_supported"),
    ],
)
def test_delete_says_what_became_of_it(drive, answer, task, *, status, body, outcome):
    run = drive(plugin.delete(task(), RECEIPT), answer(body, status))
    assert (run.lines, run.value.outcome) == (["DELETE /videos/video_1"], outcome)


def test_delete_that_is_refused_is_an_error(drive, answer, task):
    with pytest.raises(AuthenticationFailed):
        drive(plugin.delete(task(), RECEIPT), answer({}, 401))


def test_litellm_has_no_route_to_delete(drive, task):
    run = drive(plugin.delete(task(profile="litellm"), RECEIPT))
    assert (run.value.outcome, run.lines) == ("not_supported", [])
