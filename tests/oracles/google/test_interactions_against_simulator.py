"""Google's own SDK against our Interactions, over a socket: Gemini Omni on both surfaces.

The SDK makes one tour of everything, in a process of its own, and each test looks at one stop of it.
"""

import base64
from collections import Counter
from decimal import Decimal

import pytest

pytestmark = pytest.mark.oracle

STOPS = [
    "text",
    "inline",
    "waited_for",
    "tasks",
    "ended",
    "cancelled",
    "deleted",
    "refused",
    "retried",
    "awaited",
    "retired",
]
VARIABLES = {"GEMINI_API_KEY": "AIza-simulated", "GOOGLE_GEMINI_BASE_URL": "{url}"}
MODEL = "gemini-omni-1.1-flash"
SURFACES = ("developer", "vertex")
on_both = pytest.mark.parametrize("surface", SURFACES)


@pytest.fixture(scope="module")
def made(toured, new_sdk):
    return toured(new_sdk, "interactions_tour", STOPS, variables=VARIABLES)


def is_whole(told, film, *, previous=None):
    """Say whether it ended with the film inside."""
    content = told["video"] and base64.b64decode(told["video"]["bytes"] or "")
    return (told["status"], told["previous"], content) == ("completed", previous, film)


# --- making films -----------------------------------------------------------------------------------------------


@on_both
def test_text_becomes_a_film_at_an_address(made, film, surface):
    told = made["text"][surface]
    assert told["seen"] == ["queued", *["in_progress"] * 3, "completed"]
    assert (told["class"], told["model"], told["previous"], told["dated"]) == (
        "Interaction",
        MODEL,
        None,
        True,
    )
    assert (told["text"], told["errors"]) == ("", [])
    assert (told["video"]["type"], told["video"]["bytes"]) == ("video/mp4", None)
    assert told["tokens"] == {"video": 8 * 5792}
    assert base64.b64decode(told["film"]) == film
    addresses = {"developer": "/v1beta/files/", "vertex": "gs://simulated-bucket/omni/"}
    assert addresses[surface] in told["video"]["uri"]


@on_both
@pytest.mark.parametrize("stop", ["inline", "waited_for"])
def test_film_inside_the_answer(made, film, stop, surface):
    assert is_whole(made[stop][surface], film)


@on_both
@pytest.mark.parametrize("task", ["image", "two images", "references", "no task", "steps", "edit of a file"])
def test_task_with_inputs(made, film, task, surface):
    assert is_whole(made["tasks"][surface][task], film)


@on_both
@pytest.mark.parametrize(
    ("task", "tokens"), [("edit", 8 * 5792), ("extend", 5 * 5792), ("upscale", 8 * 8688)]
)
def test_task_that_goes_on_from_another(made, film, task, tokens, surface):
    told = made["tasks"][surface]
    assert is_whole(told[task], film, previous=told["first"])
    assert told[task]["tokens"] == {"video": tokens}


@on_both
def test_newer_model_makes_longer_films(made, surface):
    told = made["tasks"][surface]["newer model"]
    assert (told["model"], told["tokens"]) == ("gemini-omni-1.2-flash", {"video": 15 * 5792})


def test_film_of_the_developer_api_is_not_redirected(made):
    name = made["text"]["developer"]["video"]["uri"].partition("/files/")[2].partition(":")[0]
    hops = [request.url.split("/", 3)[3] for request in made.seen if name in request.url]
    assert hops == [f"v1/files/{name}:download?alt=media"]


# --- what ends without a film -----------------------------------------------------------------------------------


@on_both
def test_refusal_is_a_completed_interaction_with_a_text(made, surface):
    told = made["ended"][surface]["[filter]"]
    assert (told["status"], told["video"], told["errors"]) == ("completed", None, [])
    assert told["text"]
    assert told["tokens"].keys() == {"text"}


@on_both
def test_failed_interaction_says_why(made, surface):
    told = made["ended"][surface]["[fail]"]
    assert (told["status"], told["video"], told["tokens"]) == ("failed", None, None)
    assert "internal server issue" in told["errors"][0]


@on_both
def test_completed_without_anything(made, surface):
    told = made["ended"][surface]["[empty]"]
    assert (told["status"], told["video"], told["text"]) == ("completed", None, "")


@on_both
@pytest.mark.parametrize(
    "status", ["incomplete", "requires_action", "budget_exceeded", "requires_continuation"]
)
def test_every_other_end(made, status, surface):
    told = made["ended"][surface][f"[status:{status}]"]
    assert (told["status"], told["video"]) == (status, None)


@on_both
def test_cancelled_interaction_stays_cancelled(made, surface):
    told = made["cancelled"][surface]
    assert (told["answer"]["status"], told["later"]["status"]) == ("cancelled", "cancelled")
    for refusal in (told["over"], told["again"]):
        assert (refusal["class"], refusal["status"]) == ("BadRequestError", 400)
        assert "not running" in refusal["message"]


@on_both
def test_deleted_interaction_is_unknown(made, surface):
    refusal = made["deleted"][surface]
    assert (refusal["class"], refusal["status"]) == ("BadRequestError", 400)
    assert "Invalid interaction name" in refusal["message"]


# --- what the service refuses -----------------------------------------------------------------------------------

BAD = ("BadRequestError", 400, "invalid_request")
MISSING = ("NotFoundError", 404, "not_found")
EXHAUSTED = ("RateLimitError", 429, "rate_limit_exceeded")
REFUSALS = {
    "unknown id": (*BAD, "Invalid interaction name: v1_none"),
    "unknown previous": (*BAD, "Invalid interaction name: v1_none"),
    "model": (*MISSING, "gemini-omni-9-flash"),
    "Veo": (*MISSING, "veo-3.1-generate-001"),
    "duration too long": (*BAD, "11s"),
    "duration as a number": (*BAD, "`duration` needs to be a string"),
    "aspect ratio": (*BAD, "1:1 for aspect_ratio"),
    "resolution": (*BAD, "8k for resolution"),
    "text with an image": (*BAD, "does not take 1 images"),
    "image without one": (*BAD, "does not take 0 images"),
    "edit of nothing": (*BAD, "previous_interaction_id"),
    "not stored in the background": (*BAD, "store=true"),
    "temperature": (*BAD, "temperature"),
    "instruction": (*BAD, "system_instruction"),
    "quota": (*EXHAUSTED, "exceeded your current quota"),
    "rate": (*EXHAUSTED, "exceeded your current quota"),
    "never an answer": ("InternalServerError", 504, "deadline_exceeded", ""),
    "broken server": ("InternalServerError", 503, 503, "unavailable"),
    "region": (*BAD, "your region"),
}
OF_ONE = {
    "developer": {
        "wrong credential": ("BadRequestError", 400, 400, "API key not valid"),
        "bucket": (*BAD, "gcs_uri"),
        "labels": (*BAD, "labels"),
    },
    "vertex": {
        "wrong credential": ("AuthenticationError", 401, 401, "invalid authentication credentials"),
        "address without a bucket": (*BAD, "delivery uri needs gcs_uri"),
        "location": (*MISSING, "only in global"),
        "webhook": (*BAD, "webhook_config"),
    },
}
CASES = [(surface, case) for surface in SURFACES for case in {**REFUSALS, **OF_ONE[surface]}]


@pytest.mark.parametrize(("surface", "case"), CASES)
def test_refusal_is_the_typed_exception(made, surface, case):
    told = made["refused"][surface][case]
    *expected, words = {**REFUSALS, **OF_ONE[surface]}[case]
    assert [told["class"], told["status"], told["code"]] == expected
    assert words in told["message"]


def test_every_refusal_is_looked_at(made):
    seen = [(surface, case) for surface, told in made["refused"].items() for case in told]
    assert sorted(seen) == sorted(CASES)


def test_sdk_itself_repeats_a_start_that_was_refused_for_now(made):
    """Why polyreel does not repeat it: a start has no key that would keep a second one from being paid."""
    assert (made["retried"]["class"], made["retried"]["status"]) == ("RateLimitError", 429)
    assert sum(b"three times" in request.content for request in made.seen if request.content) == 3


@pytest.mark.parametrize(
    ("surface", "gone"), [("developer", {"gemini-omni-flash-preview"}), ("vertex", set())]
)
def test_retired_model_is_gone(made, surface, gone):
    told = made["retired"][surface]
    assert {name for name, refusal in told.items() if refusal["class"]} == gone
    assert all((told[name]["class"], told[name]["status"]) == ("NotFoundError", 404) for name in gone)


# --- the rest ---------------------------------------------------------------------------------------------------


def test_awaited_client(made, film):
    assert is_whole(made["awaited"], film)


@on_both
def test_video_tokens_are_charged_and_nothing_else(made, surface):
    billed = Counter()
    for charge in made.charges:
        billed[charge.job] += charge.amount
    assert billed[made["text"][surface]["id"]] == 8 * 5792 * Decimal("17.50") / 1_000_000
    free = {told["id"] for told in made["ended"][surface].values()} | {
        made["cancelled"][surface]["answer"]["id"]
    }
    assert not free & billed.keys()
