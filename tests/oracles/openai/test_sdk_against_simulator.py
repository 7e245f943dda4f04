"""OpenAI's own SDK against our simulator, over a socket: what the vendor's client believes of the service holds.

The SDK makes one tour of everything, in a process of its own, and each test looks at one stop of it. Time at the
simulator moves by a fixed step with every request, so nothing here depends on how fast the machine is.
"""

import base64
import io
from collections import Counter
from decimal import Decimal

import pytest
from oracle.service import served
from oracle.tours import Tour
from polyreel.media.mp4 import read_facts
from polyreel.media.sniffing import sniff
from polyreel.simulation.simulator import FilmStudio
from polyreel_openai_sora.simulator import OpenAISimulator

pytestmark = pytest.mark.oracle

STEP = 0.3  # seconds of the simulator's time in each request
RENDER_SECONDS = 1.0  # so that a job is queued at the create, runs for three looks, and is over at the fourth
COMMON = (
    "created",
    "created_with_defaults",
    "images",
    "image_url",
    "whole_seconds",
    "statuses",
    "polled",
    "failed",
    "listed",
    "contents",
    "remixed",
    "deleted",
    "refused",
    "has_new_methods",
    "awaited",
    "everything",
)
NEW = ("edited", "characters")
MEMBERS = {
    "id",
    "object",
    "model",
    "status",
    "progress",
    "created_at",
    "completed_at",
    "expires_at",
    "prompt",
    "size",
    "seconds",
    "remixed_from_video_id",
    "error",
}

only_new = pytest.mark.parametrize("sdk", ["3.54.0"], indirect=True)
only_old = pytest.mark.parametrize("sdk", ["2.26.0"], indirect=True)


def tour(sdk, media, studio, stops):
    """Send the SDK on a tour."""

    def limit_rate(request, service):
        limited = "x-limit-rate" in request.headers
        until = service.stage.clock.now() + 7 if limited else 0.0
        service.stage.state["rate_limited_until"] = until

    timing = {"step": STEP, "render_seconds": RENDER_SECONDS}
    with served(OpenAISimulator, studio=studio, prepare=limit_rate, **timing) as service:
        told = sdk.run("simulator_tour", url=service.base_url, media=str(media), stops=stops)
    return Tour(sdk, told, service.seen, service.stage.charges.entries)


@pytest.fixture(scope="module")
def made(sdk, media, quick_studio):
    return tour(sdk, media, quick_studio, [*COMMON, *(NEW if sdk.is_new else ())])


def paths(tour, method):
    return Counter(
        request.url.partition("/v1")[2].partition("?")[0] for request in tour.seen if request.method == method
    )


# --- making films -----------------------------------------------------------------------------------------------


def test_create_is_a_queued_video_with_every_member(made):
    told = made["created"]
    assert (told["class"], told["extra"]) == ("Video", [])
    video = told["video"]
    assert video.keys() == MEMBERS
    assert video["id"].startswith("video_")
    expected = {
        "object": "video",
        "model": "sora-2-pro",
        "status": "queued",
        "progress": 0,
        "prompt": "A fox, café",
        "size": "1792x1024",
        "seconds": "12",
        "error": None,
        "completed_at": None,
        "expires_at": None,
    }
    assert {name: video[name] for name in expected} == expected


def test_create_has_the_defaults_of_the_service(made):
    video = made["created_with_defaults"]
    assert (video["model"], video["seconds"], video["size"]) == ("sora-2", "4", "720x1280")


def test_create_takes_a_picture_in_every_form_that_the_sdk_sends(made):
    assert made["images"] == dict.fromkeys(("tuple", "path", "open file", "jpeg", "webp"), "queued")


def test_create_takes_a_picture_by_its_address(made):
    assert made["image_url"] == {"as the SDK encodes it": "queued", "json": "queued"}
    sent = [
        request.headers["content-type"].partition(";")[0]
        for request in made.seen
        if b"image_url" in request.content and b"base64" in request.content
    ]
    own = "multipart/form-data" if made.sdk.is_new else "application/json"
    assert sent == [own, "application/json"]
    assert made.sdk.is_new == any(b'name="input_reference[image_url]"' in r.content for r in made.seen)


def test_whole_seconds_are_refused_in_json_as_the_service_does(made):
    said = made["whole_seconds"]
    refusal = said["json"]
    assert (refusal["class"], refusal["code"], refusal["param"]) == (
        "BadRequestError",
        "invalid_type",
        "seconds",
    )
    assert "but got an integer instead" in refusal["message"]
    assert said["own"]["class"] == (None if made.sdk.is_new else "BadRequestError")


# --- looking at them --------------------------------------------------------------------------------------------


def test_retrieve_shows_a_job_that_moves_on(made):
    told = made["statuses"]
    assert [status for status, _ in told["seen"]] == ["queued", *["in_progress"] * 3, "completed"]
    progress = [percent for _, percent in told["seen"]]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 100)
    video = told["video"]
    assert video["expires_at"] == video["completed_at"] + 3600


def test_create_and_poll_comes_to_an_end(made):
    told = made["polled"]
    for way in told.values():
        assert (way["video"]["status"], way["video"]["progress"]) == ("completed", 100)
    assert told["interval"]["pauses"] == [0.03] * 3
    # Without an interval of its own the SDK obeys openai-poll-after-ms; without that header it would wait 1 s.
    assert told["header"]["pauses"] == [0.25] * 3
    polls = [request for request in made.seen if request.headers.get("x-stainless-poll-helper") == "true"]
    assert {request.method for request in polls} == {"GET"}


def test_failed_job_is_returned_with_its_error(made):
    told = made["failed"]
    assert {video["status"] for video in told.values()} == {"failed"}
    assert told["[moderation:job]"]["error"] == {
        "code": "moderation_blocked",
        "message": "Your request was blocked by our moderation system.",
    }
    assert told["[fail]"]["error"]["code"] == "server_error"


def test_list_pages_in_both_orders(made):
    told = made["listed"]
    assert len(told["newest"]) == len(set(told["newest"])) > 10
    assert told["oldest"] == told["newest"][::-1]
    assert told["page"] == told["oldest"][:2]
    assert told["next"] == told["oldest"][2:4]
    assert told["has_more"] is True
    assert told["default"] == min(20, len(told["newest"]))
    assert told["after"][:2] == told["newest"][1:3]


# --- their files ------------------------------------------------------------------------------------------------


def test_content_of_each_variant(made, small_film, thumbnail, spritesheet):
    told = made["contents"]
    expected = {
        "None": ("video/mp4", small_film),
        "video": ("video/mp4", small_film),
        "thumbnail": ("image/webp", thumbnail),
        "spritesheet": ("image/jpeg", spritesheet),
    }
    assert told.keys() == expected.keys()
    for variant, (media_type, content) in expected.items():
        got = base64.b64decode(told[variant]["bytes"])
        assert told[variant]["type"] == media_type == sniff(got)
        assert got == content
    facts = read_facts(io.BytesIO(base64.b64decode(told["None"]["bytes"])))
    assert (facts.width, facts.height, facts.has_audio) == (128, 128, True)


@only_new
def test_real_film_arrives_whole(sdk, media):
    stops = tour(sdk, media, FilmStudio(), ["streamed"])
    film = base64.b64decode(stops["streamed"])
    facts = read_facts(io.BytesIO(film))
    assert (facts.width, facts.height, facts.has_audio) == (1280, 720, True)
    assert facts.duration == pytest.approx(4.0, abs=0.05)


def test_remix_keeps_what_it_remixes(made):
    source, remix = made["remixed"]["source"], made["remixed"]["remix"]
    assert (remix["status"], remix["prompt"], remix["remixed_from_video_id"]) == (
        "queued",
        "teal",
        source["id"],
    )
    assert {name: remix[name] for name in ("model", "size", "seconds")} == {
        "model": "sora-2-pro",
        "size": "1280x720",
        "seconds": "8",
    }


def test_delete_leaves_nothing(made):
    told = made["deleted"]
    assert told["answer"] == {"id": told["id"], "object": "video.deleted", "deleted": True}
    assert {refusal["class"] for refusal in told["after"].values()} == {"NotFoundError"}
    assert told["still listed"] is False


# --- what the service refuses -----------------------------------------------------------------------------------

BAD, GONE = "BadRequestError", "NotFoundError"
REFUSALS = {
    "picture without a type": (BAD, 400, "unsupported_file_mimetype", "input_reference"),
    "picture of another size": (BAD, 400, None, None),
    "picture that is none": (BAD, 400, "invalid_image_file", "input_reference"),
    "picture as text": (BAD, 400, "invalid_type", "input_reference"),
    "picture by two names": (BAD, 400, "invalid_value", "input_reference"),
    "seconds": (BAD, 400, "invalid_value", "seconds"),
    "size": (BAD, 400, "invalid_value", "size"),
    "model": (GONE, 404, "model_not_found", None),
    "empty prompt": (BAD, 400, "empty_string", "prompt"),
    "long prompt": (BAD, 400, "string_above_max_length", "prompt"),
    "no prompt": (BAD, 400, "missing_required_parameter", "prompt"),
    "unknown field": (BAD, 400, "unknown_parameter", "seed"),
    "characters in a form": (BAD, 400, "unknown_parameter", "characters[][id]"),
    "moderation": (BAD, 400, "sentinel_block", None),
    "unknown video": (GONE, 404, None, None),
    "id with a slash": (GONE, 404, None, None),
    "content too early": (GONE, 404, None, None),
    "content of a failure": (GONE, 404, None, None),
    "content that expired": (GONE, 404, None, None),
    "variant": (BAD, 400, "invalid_value", "variant"),
    "remix too early": (BAD, 400, "invalid_value", "video"),
    "limit": (BAD, 400, "integer_above_max_value", "limit"),
    "order": (BAD, 400, "invalid_value", "order"),
    "wrong key": ("AuthenticationError", 401, "invalid_api_key", None),
    "no key": ("AuthenticationError", 401, None, None),
    "rate": ("RateLimitError", 429, "rate_limit_exceeded", None),
    "no such route": (GONE, 404, None, None),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_is_the_typed_exception(made, case):
    told = made["refused"][case]
    assert (told["class"], told["status"], told["code"], told["param"]) == REFUSALS[case]
    assert told["message"]
    assert told["type"] == ("requests" if case == "rate" else "invalid_request_error")
    assert told["request_id"].startswith("req_")


def test_every_refusal_is_looked_at(made):
    assert made["refused"].keys() == REFUSALS.keys()


def test_published_words_arrive(made):
    said = made["refused"]
    assert (
        "Inpaint image must match the requested width and height"
        in said["picture of another size"]["message"]
    )
    expected = "a file" if made.sdk.is_new else "an object"
    assert (
        f"Invalid type for 'input_reference': expected {expected}, but got a string instead."
        in said["picture as text"]["message"]
    )
    assert "0123456789" not in said["wrong key"]["message"]


# --- edits, extensions, characters ------------------------------------------------------------------------------


def test_which_sdk_has_which_methods(made):
    expected = ["edit", "extend", "create_character", "get_character"] if made.sdk.is_new else []
    assert made["has_new_methods"] == expected


@only_new
def test_edits_and_extensions(made):
    told = made["edited"]
    films = ("upload", "upload with a model", "longer upload", "id", "longer id")
    assert {told[name]["status"] for name in films} == {"queued"}
    assert {name: told[name]["seconds"] for name in films} == {
        "upload": "2",
        "upload with a model": "2",
        "longer upload": "10",
        "id": "8",
        "longer id": "12",
    }
    assert {told[name]["size"] for name in films} == {"1280x720"}
    assert told["upload with a model"]["model"] == "sora-2-pro"
    assert told["picture"]["code"] == "unsupported_file_mimetype"
    assert told["unknown id"]["class"] == "NotFoundError"


@only_new
def test_characters(made):
    told = made["characters"]
    assert told["made"] == told["got"]
    assert told["made"].keys() == {"id", "name", "created_at"}
    assert told["made"]["name"] == "Mossy"
    assert told["used"]["status"] == "queued"
    assert (told["not named"]["class"], told["not named"]["param"]) == ("BadRequestError", "prompt")
    assert told["unknown"]["class"] == "NotFoundError"
    assert told["long name"]["param"] == "name"
    assert told["picture"]["code"] == "unsupported_file_mimetype"


# --- the awaited client, and the bill ---------------------------------------------------------------------------


def test_awaited_client(made, thumbnail):
    told = made["awaited"]
    assert (told["made"]["status"], told["with image"]["status"]) == ("queued", "queued")
    assert told["seen"]["id"] == told["done"]["id"] == told["made"]["id"]
    assert told["done"]["status"] == "completed"
    assert base64.b64decode(told["thumbnail"]) == thumbnail
    assert told["newest"] == [told["with image"]["id"], told["made"]["id"]]
    assert told["deleted"]["deleted"] is True


def test_what_was_accepted_is_charged_and_nothing_else(made):
    kept = set(made["everything"])
    removed = {made["deleted"]["id"], made["awaited"]["with image"]["id"]}
    billed = Counter()
    for charge in made.charges:
        billed[charge.job] += charge.amount
    assert billed.keys() == kept | removed
    free = {job for job, amount in billed.items() if amount == 0}
    failures = {video["id"] for video in made["failed"].values()}
    assert failures < free
    assert billed[made["created"]["video"]["id"]] == Decimal("6.00")  # 12 s at 0.50


@only_old
def test_old_sdk_sends_a_form_only_for_a_file(made):
    """What makes the second version worth its time: it covers the JSON side of the same routes."""
    creates = [r for r in made.seen if r.method == "POST" and r.url.endswith("/v1/videos")]
    for request in creates:
        is_form = request.headers["content-type"].startswith("multipart/form-data")
        assert is_form == (b'filename="' in request.content)


@only_new
def test_new_sdk_sends_forms(made):
    types = Counter(
        request.headers["content-type"].partition(";")[0]
        for request in made.seen
        if request.method == "POST" and request.url.endswith("/v1/videos")
    )
    assert types["multipart/form-data"] > 3 * types["application/json"] > 0
