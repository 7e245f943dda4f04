"""Where the plugin's requests differ from those of Google's own SDK on purpose: in what, and why."""

from dataclasses import replace

import pytest
from oracle.intents import PROMPT, ask, cancel, delete, finish, go_on
from polyreel.errors import AuthenticationFailed, InvalidRequest, MissingExtra
from polyreel.types.media import MediaRef

pytestmark = pytest.mark.oracle

JSON = "application/json"
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
PREVIEW, FULL, OMNI = (
    "google/veo-3.1-generate-preview",
    "google/veo-3.1-generate-001",
    "google/gemini-omni-1.1-flash",
)
BUCKET = {"google_storage_uri": "gs://b/o/"}
USUAL = {"sampleCount": 1, "durationSeconds": 8, "aspectRatio": "16:9", "resolution": "720p"}


# --- of every request -------------------------------------------------------------------------------------------


def test_only_the_plugin_says_which_answers_it_reads(theirs, ours):
    """The SDK names JSON for interactions alone; a film may be of any type on both sides."""
    of_sdk = [request.headers["accept"] for request in theirs["developer_finish"][1]]
    sent = [request.headers.get("accept") for request in ours("accept", finish(PREVIEW), "developer")]
    assert of_sdk == ["*/*"] * 3
    assert sent == [JSON, JSON, None]
    assert {request.headers["accept"] for request in theirs["omni_cancel"][1]} == {JSON}


@pytest.mark.parametrize(
    ("name", "act"),
    {"developer_finish": finish(PREVIEW), "omni_cancel": cancel(OMNI), "omni_delete": delete(OMNI)}.items(),
)
def test_no_type_is_said_of_a_body_that_is_not_there(theirs, ours, name, act):
    """The SDK says application/json over requests without a body; a strict server may then want JSON in it."""
    empty = [request for request in theirs[name][1] if request.body is None]
    sent = [request for request in ours(f"empty-{name}", act, "developer") if request.body is None]
    assert len(sent) == len(empty) > 0
    assert {request.media_type for request in empty} == {JSON}
    assert {request.media_type for request in sent} == {""}


# --- what is asked for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "model", "more"), [("developer", PREVIEW, {}), ("vertex", FULL, {"generateAudio": True})]
)
def test_defaults_are_said(theirs, ours, kind, model, more):
    """The SDK leaves them to the service; the plugin says what the estimate of the price was made from."""
    ((_, (bare,)), (sent,)) = theirs[f"{kind}_minimal"], ours("defaults", ask(model), kind)
    assert "parameters" not in bare.body
    assert sent.body == {**bare.body, "parameters": {**USUAL, **more}}


def test_frames_per_second_are_not_sent(theirs, ours):
    """Cards of the models fix 24; asking for that is no wish, and anything else is refused before it is sent."""
    (_, (expected,)) = theirs["vertex_fps"]
    (sent,) = ours("fps", ask(FULL, fps=24), "vertex")
    parameters = {name: value for name, value in expected.body["parameters"].items() if name != "fps"}
    assert expected.body["parameters"]["fps"] == 24
    assert sent.body == {**expected.body, "parameters": parameters}


def test_sound_cannot_be_chosen_on_the_developer_api(theirs, ours, asked):
    """There it is always on, and the service refuses the very field: asking for it sends nothing."""
    sent = ours("sound", ask(PREVIEW, generate_audio=True), "developer")
    assert asked(sent) == asked(theirs["developer_text"][1])


def test_seed_is_sent_to_the_developer_api(theirs, ours, asked):
    """The SDK refuses it there; Google's guide says that the service takes it for Veo 3."""
    assert theirs["developer_seed"] == ("ValueError", [])
    (sent,) = asked(ours("seed", ask(PREVIEW, seed=7), "developer"))
    (expected,) = asked(theirs["developer_text"][1])
    assert sent == replace(expected, body={**expected.body, "parameters": {**USUAL, "seed": 7}})


def test_webhook_is_not_for_vertex_on_either_side(theirs, ours):
    assert theirs["vertex_webhook"] == ("ValueError", [])

    def refuse(client, media):
        with pytest.raises(InvalidRequest, match="google_webhook_uris"):
            client.submit(PROMPT, model=FULL, google_webhook_uris=["https://example.com/hook"])

    assert ours("webhook", refuse, "vertex") == []


def test_film_inside_the_answer_is_a_native_wish(theirs, ours, asked):
    """On the developer API the plugin asks for an address; inside an answer is room for small films only."""
    sent = ours("inline", ask(OMNI, native={"response_format": {"delivery": "inline"}}), "developer")
    assert asked(sent) == asked(theirs["omni_inline"][1]) != []


# --- films that are worked from ---------------------------------------------------------------------------------


def test_film_to_extend_is_its_address_alone(theirs, ours):
    """With a media type the SDK adds a field that the service refuses."""
    typed = theirs["developer_extension_with_a_type"][1][-1].body["instances"][0]["video"]
    assert typed == {"uri": FILE, "encoding": "video/mp4"}
    reference = MediaRef(parameter="video", url=FILE, media_type="video/mp4")
    *_, sent = ours("typed", ask(PREVIEW, video=reference), "developer")
    assert sent.body == theirs["developer_extension"][1][-1].body


def test_film_of_an_earlier_job_is_extended_by_its_address(theirs, ours, asked):
    sent = asked(ours("earlier", go_on(PREVIEW), "developer"))
    look, start = asked(theirs["developer_extension"][1])
    address = sent[-1].body["instances"][0]["video"]["uri"]
    assert address.endswith("/v1beta/files/abc123:download?alt=media")
    instance = {"prompt": PROMPT, "video": {"uri": address}}
    assert sent == [look, replace(start, body={**start.body, "instances": [instance]})]


def test_object_of_an_earlier_job_is_extended_by_its_address(theirs, ours, asked):
    """The job's film is fetched over HTTP; the next request names the object as Vertex AI knows it."""
    (expected,) = asked(theirs["vertex_extension_bucket"][1])
    (sent,) = asked(ours("earlier-bucket", go_on(FULL, first=BUCKET, **BUCKET), "vertex"))
    video = {"gcsUri": "gs://b/o/1/sample_0.mp4", "mimeType": "video/mp4"}
    instance = {**expected.body["instances"][0], "video": video}
    assert sent == replace(expected, body={**expected.body, "instances": [instance]})


# --- addresses and credentials ----------------------------------------------------------------------------------


def test_slash_in_an_id_is_encoded(theirs, ours, asked):
    """The SDK leaves it as it is, and so asks for another path."""
    (expected,) = asked(theirs["omni_odd_id"][1])
    assert expected.path == "/v1/interactions/v1_a/b+c=="
    sent = asked(ours("odd", finish(OMNI), "developer"))
    (look,) = [request for request in sent if request.query == {"stream": "false"}]
    assert look == replace(expected, path="/v1/interactions/v1_a%2Fb+c==")


def test_film_is_fetched_where_the_answer_says(theirs, ours, asked):
    """The SDK reads the file's id out of the address and asks at its own version of the API."""
    *same, of_sdk = asked(theirs["omni_watch"][1])
    *sent, film = asked(ours("watch", finish(OMNI), "developer"))
    assert sent == same
    assert of_sdk.path == "/v1/files/abc123:download"
    assert film == replace(of_sdk, path="/v1beta/files/abc123:download")


def test_key_does_not_follow_a_redirect_to_another_origin(led_elsewhere, ours, elsewhere):
    """The SDK sends the key along; whoever serves the film would have it."""
    assert led_elsewhere.headers["x-goog-api-key"] == "FAKE-KEY"
    ours("redirected_elsewhere", finish(PREVIEW), "developer")
    groups = [f"ours-{way}-redirected_elsewhere" for way in ("blocking", "awaited")]
    (of_plugin,) = [request for group in groups for request in elsewhere.take(group)]
    assert "x-goog-api-key" not in of_plugin.headers
    assert of_plugin.path == led_elsewhere.path


def test_key_with_a_project_is_no_account(theirs, ours):
    """The SDK takes both as arguments and sends the key; in its environment, and always here, a project wins over a key.

    Then an access token is needed, and nothing is sent without one.
    """
    start = theirs["vertex_express_in_a_project"][1][0]
    assert start.headers["x-goog-api-key"] == "FAKE-KEY"
    assert start.path.startswith("/v1beta1/projects/my-project/")

    def refuse(client, media):
        with pytest.raises((MissingExtra, AuthenticationFailed)):
            client.submit(PROMPT, model=FULL)

    assert ours("key", refuse, "express", project="my-project", credentials_file="none.json") == []


def test_bucket_is_looked_at_before_and_read_after(ours):
    """The SDK can do neither: with it, a missing bucket fails the operation, and films are left to other clients."""
    first, *_, last = ours("finish_bucket", finish(FULL, **BUCKET), "vertex")
    assert (first.method, first.path, first.query) == ("GET", "/storage/v1/b/b", {})
    assert (last.method, last.path, last.query) == (
        "GET",
        "/storage/v1/b/b/o/o%2F1%2Fsample_0.mp4",
        {"alt": "media"},
    )
    assert {request.headers["authorization"] for request in (first, last)} == {"Bearer FAKE"}
