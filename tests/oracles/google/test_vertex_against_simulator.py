"""Google's own SDK against our Vertex AI, over a socket: Veo, and the buckets beside it.

The SDK makes one tour of everything, in a process of its own, and each test looks at one stop of it.
"""

import base64
import io
from collections import Counter
from decimal import Decimal

import pytest
from polyreel.media.mp4 import read_facts
from polyreel.simulation.simulator import FilmStudio

pytestmark = pytest.mark.oracle

STOPS = [
    "text",
    "saved",
    "everything",
    "modes",
    "extended_again",
    "ended",
    "accepted_and_failed",
    "refused",
    "billed_to_another_project",
    "express",
    "service_account",
    "awaited",
    "retired",
]
VARIABLES = {
    "GOOGLE_VERTEX_BASE_URL": "{url}",
    "GOOGLE_CLOUD_PROJECT": "simulated-project",
    "GOOGLE_CLOUD_LOCATION": "us-central1",
}
MODELS = "projects/simulated-project/locations/us-central1/publishers/google/models"
FULL = "veo-3.1-generate-001"


@pytest.fixture(scope="module")
def made(toured, new_sdk):
    return toured(new_sdk, "vertex_tour", STOPS, variables=VARIABLES)


def decoded(video):
    return base64.b64decode(video["bytes"])


# --- making films -----------------------------------------------------------------------------------------------


def test_text_becomes_a_film_inside_the_operation(made, film):
    told = made["text"]
    assert told["began"] == {"name": told["name"], "done": None, "response": None}
    assert told["name"].startswith(f"{MODELS}/{FULL}/operations/")
    assert told["waited"] == 4
    assert (told["error"], told["filtered"], told["reasons"], told["same"]) == (None, 0, None, True)
    (video,) = told["videos"]
    assert (video["uri"], video["type"], decoded(video)) == (None, "video/mp4", film)


def test_film_is_saved_and_not_downloaded(made, film):
    told = made["saved"]
    assert base64.b64decode(told["content"]) == film
    assert told["download"]["class"] == "ValueError"


def test_every_parameter_at_once_with_films_in_a_bucket(made, film):
    told = made["everything"]
    assert told["outcome"]["error"] is None
    first, second = (video["uri"] for video in told["outcome"]["videos"])
    assert first.startswith("gs://simulated-bucket/o/")
    assert (first[-13:], second) == ("/sample_0.mp4", first[:-13] + "/sample_1.mp4")
    assert [base64.b64decode(content) for content in told["films"]] == [film] * 2
    assert told["without a token"] == 401


def test_real_film_arrives_whole(toured, new_sdk):
    tour = toured(new_sdk, "vertex_tour", ["whole"], variables=VARIABLES, studio=FilmStudio())
    facts = read_facts(io.BytesIO(base64.b64decode(tour["whole"])))
    assert (facts.width, facts.height, facts.has_audio) == (720, 1280, False)
    assert facts.duration == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize(
    "mode",
    [
        "image",
        "image of a bucket",
        "first and last frame",
        "frames of a bucket",
        "assets",
        "assets, fast",
        "style",
        "extension",
        "mask",
        "silent",
        "publisher's name",
        "whole name",
    ],
)
def test_mode_ends_with_its_film(made, film, mode):
    told = made["modes"][mode]
    assert (told["error"], told["filtered"]) == (None, 0)
    (video,) = told["videos"]
    assert decoded(video) == film


def test_object_is_extended_into_a_bucket(made):
    (video,) = made["modes"]["extension of an object"]["videos"]
    assert video["uri"].startswith("gs://simulated-bucket/o/")


def test_film_of_an_operation_is_extended_by_its_address(made):
    told = made["extended_again"]
    assert told["first"].startswith("gs://simulated-bucket/first/")
    (video,) = told["again"]["videos"]
    assert video["uri"].startswith("gs://simulated-bucket/second/")


# --- what ends with fewer films ---------------------------------------------------------------------------------


def test_filtered_film_is_counted_and_explained(made):
    told = made["ended"]["[filter]"]
    assert (told["videos"], told["none"], told["filtered"], told["error"]) == ([], True, 1, None)
    assert "Support codes: 42237218" in told["reasons"][0]


def test_partly_filtered_operation_has_the_other_films(made, film):
    told = made["ended"]["[filter:some] of 4"]
    assert [decoded(video) for video in told["videos"]] == [film] * 2
    assert (told["filtered"], len(told["reasons"])) == (2, 1)


def test_all_of_several_may_be_filtered(made):
    told = made["ended"]["[filter] of 4"]
    assert (told["videos"], told["none"], told["filtered"]) == ([], True, 4)


def test_done_without_an_error_is_not_yet_success(made):
    told = made["ended"]["[empty]"]
    assert (told["videos"], told["none"], told["filtered"], told["error"]) == ([], True, None, None)


@pytest.mark.parametrize(
    ("marker", "code", "words"),
    [
        ("[block]", 3, "the prompt violates"),
        ("[block:image]", 3, "the input image violates"),
        ("[fail]", 13, "internal server issue"),
        ("[fail:unavailable]", 14, "unavailable"),
        ("[fail:exhausted]", 8, "overloaded"),
    ],
)
def test_failed_operation_holds_an_error_and_raises_nothing(made, marker, code, words):
    told = made["ended"][marker]
    assert (told["error"]["code"], told["videos"], told["none"]) == (code, [], False)
    assert words in told["error"]["message"]


@pytest.mark.parametrize(
    ("case", "code", "words"),
    [
        ("duration", 3, "5 seconds, supported durations are [8,4,6] for feature text_to_video"),
        ("duration of references", 3, "supported durations are [8] for feature reference_to_video"),
        ("prompt not enhanced", 3, "Veo 3 prompt enhancement cannot be disabled."),
        ("frames per second", 3, "30 for fps"),
        ("4k of lite", 3, "4k for resolution"),
        ("references of lite", 3, "`referenceImages` isn't supported"),
        ("picture that is none", 3, "Unable to process input image"),
        ("picture that is missing", 5, "gs://simulated-bucket/none.png was not found"),
        ("bucket that is missing", 5, "bucket does not exist"),
        ("bucket that is not writable", 7, "storage.objects.create"),
    ],
)
def test_start_is_accepted_and_the_operation_fails(made, case, code, words):
    error = made["accepted_and_failed"][case]["error"]
    assert error["code"] == code
    assert words in error["message"]


# --- what the service refuses -----------------------------------------------------------------------------------

INVALID = ("ClientError", 400, "INVALID_ARGUMENT")
MISSING = ("ClientError", 404, "NOT_FOUND")
EXHAUSTED = ("ClientError", 429, "RESOURCE_EXHAUSTED")
REFUSALS = {
    "model": (*MISSING, f"Publisher Model `{MODELS}/veo-9.0-generate-001` was not found"),
    "model of the other surface": (*MISSING, "Publisher Model"),
    "location": (*MISSING, "Publisher Model `projects/simulated-project/locations/europe-west4/"),
    "project": ("ClientError", 403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied"),
    "token": ("ClientError", 401, "UNAUTHENTICATED", "invalid authentication credentials"),
    "expired token": ("ClientError", 401, "UNAUTHENTICATED", "invalid authentication credentials"),
    "five films": (*INVALID, "`sampleCount` must be an integer between 1 and 4"),
    "aspect ratio": (*INVALID, "1:1 for aspectRatio"),
    "storage": (*INVALID, "`storageUri`"),
    "topic": (*INVALID, "`pubsubTopic`"),
    "label": (*INVALID, "63 characters"),
    "last frame alone": (*INVALID, "`lastFrame` needs `image`"),
    "image and references": (*INVALID, "`image` and `referenceImages`"),
    "four references": (*INVALID, "`referenceImages` takes 1 to 3"),
    "mask alone": (*INVALID, "`mask` needs `video`"),
    "picture in WebP": (*INVALID, "Unsupported mime type image/webp"),
    "quota": (*EXHAUSTED, "long_running_online_prediction_requests_per_base_model"),
    "rate": (*EXHAUSTED, "long_running_online_prediction_requests_per_base_model"),
    "error in an array": (*INVALID, "1:1 for aspectRatio"),
    "broken server": ("ServerError", 503, "UNAVAILABLE", "unavailable"),
    "unknown operation": (*MISSING, "Requested entity was not found."),
    "webhook": ("ValueError", None, None, "only supported in Gemini Developer API mode"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_is_the_typed_exception(made, case):
    told = made["refused"][case]
    *expected, words = REFUSALS[case]
    assert [told["class"], told.get("code"), told.get("status")] == expected
    assert words in told["message"]


def test_every_refusal_is_looked_at(made):
    assert made["refused"].keys() == REFUSALS.keys()


@pytest.mark.parametrize(("case", "delay"), [("quota", "34s"), ("rate", "7s")])
def test_advice_to_come_again(made, case, delay):
    (detail,) = made["refused"][case]["details"]
    assert detail == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


@pytest.mark.parametrize(
    ("case", "reason"),
    [("token", "ACCESS_TOKEN_TYPE_UNSUPPORTED"), ("expired token", "ACCESS_TOKEN_EXPIRED")],
)
def test_reason_of_a_refused_token(made, case, reason):
    (detail,) = made["refused"][case]["details"]
    assert detail["reason"] == reason


def test_retired_models_are_gone_and_the_others_are_not(made):
    told = made["retired"]
    served = {name for name, refusal in told.items() if refusal["class"] is None}
    assert served == {"veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001"}
    gone = [refusal for refusal in told.values() if refusal["class"] is not None]
    assert len(gone) == 4
    assert {(refusal["class"], refusal["code"], refusal["status"]) for refusal in gone} == {MISSING}


# --- credentials ------------------------------------------------------------------------------------------------


def test_another_project_pays(made):
    assert len(made["billed_to_another_project"]["videos"]) == 1
    paying = [
        request for request in made.seen if request.headers.get("x-goog-user-project") == "paying-project"
    ]
    assert len(paying) > 1
    assert {request.headers["authorization"] for request in paying} == {"Bearer ya29.simulated"}


def test_express_mode_needs_no_project(made):
    told = made["express"]
    assert len(told["alone"]["videos"]) == 1
    assert (told["wrong"]["class"], told["wrong"]["code"]) == ("ClientError", 400)
    short = [request for request in made.seen if "/v1beta1/publishers/google/" in request.url]
    assert {request.headers["x-goog-api-key"] for request in short} == {"AIza-simulated", "AIza-another"}
    assert not any("authorization" in request.headers for request in short)


def test_service_account_fetches_a_token_first(made):
    assert len(made["service_account"]["videos"]) == 1
    asked = [request for request in made.seen if request.url.endswith("/token")]
    assert len(asked) == 1
    assert b"assertion=" in asked[0].content


def test_awaited_client(made, film):
    (video,) = made["awaited"]["videos"]
    assert decoded(video) == film


def test_what_was_made_is_charged_and_nothing_else(made):
    billed = Counter()
    for charge in made.charges:
        billed[charge.job] += charge.amount
    free = {told["name"] for told in (*made["ended"].values(), *made["accepted_and_failed"].values())}
    partly = made["ended"]["[filter:some] of 4"]["name"]
    assert free & billed.keys() == {partly}
    assert billed[partly] == Decimal("6.40")  # two of four, 8 s at 0.40
    assert billed[made["everything"]["outcome"]["name"]] == Decimal("9.60")  # two of 8 s at 0.60
    assert billed[made["modes"]["silent"]["name"]] == Decimal("0.80")  # 4 s at 0.20
