"""The simulator of Interactions with Gemini Omni on both surfaces."""

import base64
import json
import re
from datetime import date
from decimal import Decimal

import pytest
from polyreel.simulation.films import FilmSpec

DEVELOPER = "https://generativelanguage.googleapis.com/v1/interactions"
VERTEX = "https://aiplatform.googleapis.com/v1beta1/projects/simulated-project/locations/global/interactions"
TOKEN = {"authorization": "Bearer ya29.simulated"}
STORAGE = "https://storage.googleapis.com"
GCS = {"delivery": "uri", "gcs_uri": "gs://simulated-bucket/omni/"}
TEXT = {"type": "text", "text": "pan"}
TOKENS = {"360p": 1931, "720p": 5792, "1080p": 8688, "4k": 17_376}


class Omni:
    def __init__(self, service, base=DEVELOPER, model="gemini-omni-1.1-flash"):
        self.service, self.base, self.model = service, base, model

    def send(self, method, path="", body=None):
        headers = {"x-goog-api-key": "AIza-simulated"} if self.base == DEVELOPER else TOKEN
        return self.service.send(method, self.base + path, body, headers=headers)

    def begin(self, given="A paper boat", *, task=None, form=None, **more):
        body = {"model": self.model, "background": True, "input": given, **more}
        if form is not False:
            body["response_format"] = {"type": "video", **(form or {})}
        if task:
            body["generation_config"] = {"video_config": {"task": task}}
        return self.send("POST", "", {name: value for name, value in body.items() if value is not None})

    def make(self, given="A paper boat", *, seconds=100, **order):
        answer = self.begin(given, **order)
        assert answer.status == 200, answer.text
        self.service.advance(seconds)
        return self.read(answer.json())

    def read(self, interaction, query="?stream=false"):
        answer = self.send("GET", f"/{interaction['id']}{query}")
        assert answer.status == 200, answer.text
        return answer.json()


@pytest.fixture
def omni(service):
    return Omni(service)


@pytest.fixture
def omni_on_vertex(service):
    return Omni(service, VERTEX, "gemini-omni-1.1-flash-preview")


def _content(interaction):
    ((content,),) = [step["content"] for step in interaction["steps"]]
    assert interaction["steps"][0]["type"] == "model_output"
    return content


def _picture(png):
    return {"type": "image", "data": png.text, "mime_type": "image/png"}


def _refused(answer, status=400):
    error = answer.json()["error"]
    assert set(error) == {"code", "message"}
    codes = {400: "invalid_request", 404: "not_found", 429: "rate_limit_exceeded", 504: "deadline_exceeded"}
    assert (answer.status, error["code"]) == (status, codes[status]), answer.text
    return error["message"]


# --- a life ------------------------------------------------------------------------------------------------


def test_interaction_is_queued_runs_and_is_completed(omni, service):
    begun = omni.begin(task="text_to_video", store=True, form={"delivery": "uri", "duration": "8s"}).json()
    assert begun == {
        "id": begun["id"],
        "model": "gemini-omni-1.1-flash",
        "status": "queued",
        "created": "2026-05-28T20:26:40.000000Z",
        "updated": "2026-05-28T20:26:40.000000Z",
        "steps": [],
    }
    seen = []
    for seconds in (9.9, 0.1, 89.9):
        service.advance(seconds)
        seen.append(omni.read(begun)["status"])
    assert seen == ["queued", "in_progress", "in_progress"]
    assert service.stage.charges.entries == ()
    service.advance(0.1)
    done = omni.read(begun)
    assert (done["status"], done["updated"]) == ("completed", "2026-05-28T20:28:20.000000Z")
    content = _content(done)
    assert content == {"type": "video", "mime_type": "video/mp4", "uri": content["uri"]}
    assert done["usage"] == {
        "total_input_tokens": 4,
        "total_output_tokens": 8 * 5792,
        "total_tokens": 8 * 5792 + 4,
        "output_tokens_by_modality": [{"modality": "video", "tokens": 8 * 5792}],
    }
    (charge,) = service.stage.charges.entries
    assert (charge.job, charge.amount) == (begun["id"], Decimal("0.81088"))
    answer = service.send("GET", content["uri"])
    assert (answer.status, answer.content) == (200, b"film"), "directly, without a redirect"
    assert service.filmed == [
        FilmSpec(
            model="google/gemini-omni-1.1-flash",
            prompt="A paper boat",
            width=1280,
            height=720,
            duration=8.0,
            fps=24,
        )
    ]


def test_without_background_the_answer_is_the_film(omni, service):
    done = omni.begin(background=None, form={"duration": "3s", "resolution": "360p"}).json()
    assert done["status"] == "completed"
    assert base64.b64decode(_content(done)["data"]) == b"film"
    assert omni.read(done) == done
    assert service.stage.charges.total == Decimal("0.1013775")


def test_what_is_not_stored_is_unknown_afterwards(omni, service):
    done = omni.begin(background=False, store=False).json()
    assert done["status"] == "completed"
    assert "Invalid interaction name" in _refused(omni.send("GET", f"/{done['id']}"))
    assert len(service.stage.charges.entries) == 1


def test_interaction_on_vertex_puts_its_film_into_a_bucket(omni_on_vertex, service):
    done = omni_on_vertex.make(form=GCS)
    uri = _content(done)["uri"]
    assert re.fullmatch(r"gs://simulated-bucket/omni/\d+/sample_0\.mp4", uri)
    name = uri.removeprefix("gs://simulated-bucket/").replace("/", "%2F")
    url = f"{STORAGE}/storage/v1/b/simulated-bucket/o/{name}?alt=media"
    assert service.send("GET", url, headers=TOKEN).content == b"film"
    assert base64.b64decode(_content(omni_on_vertex.make())["data"]) == b"film"


@pytest.mark.parametrize("bucket", ["no-such-bucket", "simulated-readonly-bucket"])
def test_interaction_fails_when_its_bucket_cannot_be_written(omni_on_vertex, service, bucket):
    done = omni_on_vertex.make(form={**GCS, "gcs_uri": f"gs://{bucket}/"})
    assert done["status"] == "failed"
    assert bucket in done["errors"][0]["message"]
    assert service.stage.charges.entries == ()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"aspect_ratio": "9:16"}, {"width": 720, "height": 1280}),
        ({"resolution": "360p"}, {"width": 640, "height": 360}),
        ({"resolution": "4k", "duration": "3s"}, {"width": 3840, "height": 2160, "duration": 3.0}),
        ({"duration": "10s", "delivery": "inline"}, {"duration": 10.0}),
        (False, {}),
    ],
)
def test_film_is_what_the_format_says(omni, service, form, expected):
    config = {"video_config": {"task": "text_to_video"}, "seed": 5}
    done = omni.make(
        form=form, generation_config=config, service_tier="standard", response_modalities=["video"]
    )
    assert _content(done)
    (spec,) = service.filmed
    plain = {"width": 1280, "height": 720, "duration": 8.0, "audio": True, "seed": 5}
    assert {name: getattr(spec, name) for name in plain} == {**plain, **expected}


@pytest.mark.parametrize(("resolution", "tokens"), TOKENS.items())
def test_price_of_a_second_in_tokens(omni, service, resolution, tokens):
    omni.make(form={"resolution": resolution, "duration": "4s"})
    assert service.stage.charges.total == 4 * tokens * Decimal("17.5") / 1_000_000


@pytest.mark.parametrize(
    ("model", "good", "bad"),
    [
        ("gemini-omni-1.1-flash", ("3s", "10s"), ("2s", "11s")),
        ("gemini-omni-1.2-flash", ("3s", "15s"), ("2s", "16s")),
    ],
)
def test_lengths_of_each_model(service, model, good, bad):
    omni = Omni(service, model=model)
    for duration in good:
        assert omni.begin(form={"duration": duration}).status == 200
    for duration in (*bad, "8", "8.5s", "-8s", ""):
        assert "it must be a text from" in _refused(omni.begin(form={"duration": duration}))
    assert "needs to be a string" in _refused(omni.begin(form={"duration": 8}))


# --- inputs ------------------------------------------------------------------------------------------------


def test_input_is_taken_in_every_form(omni, service, png):
    picture = _picture(png)
    forms = [
        ("pan", None),
        (TEXT, None),
        ([TEXT], None),
        ([{"type": "user_input", "content": [picture, TEXT]}], png.content),
        ([picture, {"type": "user_input", "content": [TEXT]}], png.content),
        ([{"type": "user_input"}, TEXT], None),
        ([{**picture, "resolution": "high"}], png.content),
    ]
    for given, still in forms:
        _content(omni.make(given))
        assert service.filmed[-1].still == still
    assert [spec.prompt for spec in service.filmed] == ["pan"] * 6 + [""]


@pytest.mark.parametrize(
    ("pictures", "task", "inferred"),
    [
        (0, "text_to_video", ""),
        (1, "image_to_video", "image_to_video"),
        (2, "image_to_video", "image_to_video"),
        (3, "reference_to_video", "reference_to_video"),
    ],
)
def test_task_is_inferred_from_the_pictures(omni, service, png, pictures, task, inferred):
    given = [TEXT, *[_picture(png)] * pictures]
    for asked in (task, None):
        _content(omni.make(given, task=asked))
        assert service.filmed[-1].caption == inferred
    if pictures == 1:
        omni.make(given, task="reference_to_video")
        assert service.filmed[-1].caption == "reference_to_video"


def test_edit_extension_and_upscaling_go_on_from_an_interaction(omni, service):
    first = omni.make(form={"duration": "4s", "aspect_ratio": "9:16"})
    edit = omni.make("at night", previous_interaction_id=first["id"])
    assert edit["previous_interaction_id"] == first["id"]
    longer = omni.make(
        None, input=[], task="extend", previous_interaction_id=edit["id"], form={"duration": "10s"}
    )
    large = omni.make([], task="upscale", previous_interaction_id=longer["id"], form={"resolution": "1080p"})
    assert [_content(i)["type"] for i in (edit, longer, large)] == ["video"] * 3
    facts = [(s.caption, s.duration, s.width, s.prompt) for s in service.filmed]
    assert facts == [
        ("", 4.0, 720, "A paper boat"),
        ("edit", 4.0, 720, "at night"),
        ("extend", 14.0, 720, "at night"),
        ("upscale", 14.0, 1080, "at night"),
    ]
    tokens = [i["usage"]["total_output_tokens"] for i in (first, edit, longer, large)]
    assert tokens == [4 * 5792, 4 * 5792, 10 * 5792, 14 * 8688]


def test_film_is_extended_to_40_seconds_at_most(omni):
    interaction = omni.make(form={"duration": "10s"})
    for _ in range(3):
        interaction = omni.make(
            "on", task="extend", previous_interaction_id=interaction["id"], form={"duration": "10s"}
        )
    answer = omni.begin(
        "on", task="extend", previous_interaction_id=interaction["id"], form={"duration": "3s"}
    )
    assert _refused(answer) == "An extended video has at most 40 seconds, but this would have 43."


def test_film_can_be_brought_along(omni, omni_on_vertex, service, developer, film_of):
    own = {"type": "video", "uri": _content(omni.make(form={"delivery": "uri"}))["uri"]}
    veo = {"type": "video", "uri": developer.uri(developer.make())}
    data = {
        "type": "video",
        "data": film_of().text,
        "mime_type": "video/mp4",
        "name": "a",
        "processing": "static",
    }
    for film in (own, veo, data):
        _content(omni.make([film, TEXT]))
    assert [spec.duration for spec in service.filmed[-1:]] == [2.0]
    url = f"{STORAGE}/upload/storage/v1/b/simulated-bucket/o?uploadType=media&name=a.mp4"
    service.send("POST", url, headers={**TOKEN, "content-type": "video/mp4"}, content=film_of().content)
    placed = {"type": "video", "uri": "gs://simulated-bucket/a.mp4"}
    _content(omni_on_vertex.make([placed, TEXT], form={"duration": "5s"}))
    assert (service.filmed[-1].duration, service.filmed[-1].caption) == (5.0, "edit")


def test_films_from_outside_are_refused_in_restricted_regions(omni, service, film_of):
    own = {"type": "video", "uri": _content(omni.make(form={"delivery": "uri"}))["uri"]}
    data = {"type": "video", "data": film_of().text, "mime_type": "video/mp4"}
    service.stage.state["restricted_region"] = True
    assert _refused(omni.begin([data, TEXT])) == "Uploaded videos cannot be used in your region."
    assert omni.begin([own, TEXT]).status == 200


def test_film_of_omni_is_no_input_of_veo(omni, developer):
    uri = _content(omni.make(form={"delivery": "uri"}))["uri"]
    answer = developer.begin(video={"uri": uri})
    assert "generated by VEO" in answer.json()["error"]["message"]


# --- outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marker", ["[filter]", "[filter:some]", "[filter:audio]", "[block]", "[block:image]"]
)
def test_refusal_is_a_completed_interaction_with_a_text(omni, service, marker):
    done = omni.make(f"p {marker}")
    assert done["status"] == "completed"
    assert _content(done)["type"] == "text"
    assert done["usage"]["output_tokens_by_modality"][0]["modality"] == "text"
    assert service.stage.charges.entries == ()
    if marker == "[filter:audio]":
        assert _content(omni.make(f"p {marker}"))["type"] == "video"


@pytest.mark.parametrize("marker", ["[fail]", "[fail:unavailable]", "[fail:exhausted]"])
def test_failed_interaction_says_why(omni, service, marker):
    done = omni.make(f"p {marker}")
    assert (done["status"], done["steps"], "usage" in done) == ("failed", [], False)
    assert done["errors"][0]["message"]
    assert service.stage.charges.entries == ()


@pytest.mark.parametrize(
    "status", ["incomplete", "requires_action", "requires_continuation", "budget_exceeded"]
)
def test_every_other_status_can_be_provoked(omni, service, status):
    name = omni.begin(f"p [status:{status}]").json()
    assert name["status"] == "queued"
    service.advance(100)
    assert (omni.read(name)["status"], omni.read(name)["steps"]) == (status, [])
    assert service.stage.charges.entries == ()


def test_completed_interaction_can_be_empty(omni, service):
    done = omni.make("p [empty]")
    assert (done["status"], done["steps"]) == ("completed", [])
    assert service.stage.charges.entries == ()


def test_endless_interaction_blocks_its_start_or_never_ends(omni):
    assert omni.make("p [endless]", seconds=10**9)["status"] == "in_progress"
    _refused(omni.begin("p [endless]", background=False), 504)


def test_marker_lets_the_file_expire_at_once(omni, service):
    uri = _content(omni.make("p [expire]", form={"delivery": "uri"}))["uri"]
    assert service.send("GET", uri).status == 404


@pytest.mark.parametrize("marker", ["[429]", "[429:bare]"])
def test_start_can_be_refused_with_429(omni, marker):
    assert "quota" in _refused(omni.begin(f"p {marker}"), 429)


def test_rate_is_limited_in_its_own_shape(omni, service):
    service.stage.state["rate_limited_until"] = service.stage.clock.now() + 1
    _refused(omni.begin(), 429)


# --- cancel, delete, read ----------------------------------------------------------------------------------


def test_running_interaction_can_be_cancelled(omni, service):
    begun = omni.begin().json()
    service.advance(50)
    cancelled = omni.send("POST", f"/{begun['id']}/cancel").json()
    assert (cancelled["status"], cancelled["steps"]) == ("cancelled", [])
    service.advance(100)
    assert omni.read(begun)["status"] == "cancelled"
    assert service.stage.charges.entries == ()
    text = _refused(omni.send("POST", f"/{begun['id']}/cancel"))
    assert text == "The interaction is not running: its status is cancelled."


@pytest.mark.parametrize("marker", ["[fail]", "[block]"])
def test_cancelled_interaction_forgets_how_it_would_have_ended(omni, marker):
    begun = omni.begin(f"p {marker}").json()
    cancelled = omni.send("POST", f"/{begun['id']}/cancel").json()
    assert (cancelled["status"], cancelled["steps"], "errors" in cancelled) == ("cancelled", [], False)


def test_completed_interaction_cannot_be_cancelled(omni):
    done = omni.make()
    assert "its status is completed" in _refused(omni.send("POST", f"/{done['id']}/cancel"))


def test_deleted_interaction_is_unknown(omni):
    done = omni.make()
    assert omni.send("DELETE", f"/{done['id']}").json() == {}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel")):
        text = _refused(omni.send(method, f"/{done['id']}{path}"))
        assert text == f"Invalid interaction name: {done['id']}"


def test_interaction_is_known_on_its_surface_only(omni, omni_on_vertex):
    done = omni.make()
    _refused(omni_on_vertex.send("GET", f"/{done['id']}"))
    _refused(omni_on_vertex.begin(previous_interaction_id=done["id"]))


def test_read_can_bring_the_input(omni):
    done = omni.read(omni.make(), "?include_input=true")
    assert done["steps"][0] == {"type": "user_input", "content": [{"type": "text", "text": "A paper boat"}]}
    assert len(done["steps"]) == 2
    assert "stream" in _refused(omni.send("GET", f"/{done['id']}?stream=true"))


def test_memory_is_json_and_films_are_made_again(omni, new_service):
    done = omni.make(form={"delivery": "uri"})
    later = new_service(json.loads(json.dumps(omni.service.stage.state)))
    later.advance(100)
    assert Omni(later).read(done) == done
    assert later.send("GET", _content(done)["uri"]).content == b"film"


# --- refusals ----------------------------------------------------------------------------------------------

PNG = object()
FILM = object()
IMAGE = {"type": "image"}
CASES = [
    ({"model": None}, "Missing required parameter: model"),
    ({"model": 1}, "The value type for `model` needs to be a string."),
    ({"contents": []}, "Unknown parameter: contents"),
    ({"system_instruction": "x"}, "Unknown parameter: system_instruction"),
    ({"labels": {"a": "b"}}, "Unknown parameter: labels"),
    ({"stream": True}, "stream is not supported"),
    ({"background": "yes"}, "The value type for `background` needs to be a boolean."),
    ({"store": False}, "background=true needs store=true."),
    ({"service_tier": "cheap"}, "cheap for service_tier"),
    ({"response_modalities": ["text"]}, "response_modalities must be a list that holds video."),
    ({"response_modalities": "video"}, "response_modalities must be a list"),
    ({"generation_config": {"temperature": 1}}, "Unknown parameter: temperature"),
    ({"generation_config": {"video_config": {"mode": 1}}}, "Unknown parameter: mode"),
    ({"generation_config": {"seed": -1}}, "`seed` must be an integer"),
    ({"task": "textToVideo"}, "textToVideo for task is currently not supported."),
    ({"webhook_config": {"uris": []}}, "must be a list of https:// addresses"),
    ({"webhook_config": {"url": "x"}}, "Unknown parameter: url"),
    ({"response_format": []}, "The value type for `response_format` needs to be an object."),
    ({"response_format": {"type": "image"}}, "image for type"),
    ({"response_format": {"aspect_ratio": "16:9"}}, "response_format needs the type video."),
    ({"form": {"mime_type": "video/mp4"}}, "Unknown parameter: mime_type"),
    ({"form": {"aspect_ratio": "1:1"}}, "1:1 for aspect_ratio"),
    ({"form": {"resolution": "480p"}}, "480p for resolution"),
    ({"form": {"delivery": "gcs"}}, "gcs for delivery"),
    ({"form": {"gcs_uri": "gs://simulated-bucket/"}}, "gcs_uri is not supported here"),
    ({"given": None}, "The value type for `input` needs to be an object."),
    ({"given": ["pan"]}, "The value type for `input` needs to be an object."),
    ({"given": " "}, "The task text_to_video needs a text in the input."),
    ({"given": [{"text": "pan"}]}, "Each content of the input needs a type."),
    ({"given": [{"type": "audio"}]}, "audio for type is currently not supported."),
    ({"given": [{"type": "user_input", "content": "pan"}]}, "The value type for `content` needs to be a list."),
    ({"given": [{"type": "user_input", "role": "user"}]}, "Unknown parameter: role"),
    ({"given": [{**TEXT, "annotations": []}]}, "Unknown parameter: annotations"),
    ({"given": [{**IMAGE, "url": "x"}]}, "Unknown parameter: url"),
    ({"given": [{"type": "video", "url": "x"}]}, "Unknown parameter: url"),
    ({"given": [IMAGE]}, "A medium of the input needs data and mime_type, or uri."),
    ({"given": [{**IMAGE, "data": "AA=="}]}, "A medium of the input needs data and mime_type, or uri."),
    ({"given": [{**IMAGE, "data": "AA==", "uri": "x", "mime_type": "image/png"}]}, "A medium of the input needs"),
    ({"given": [{**IMAGE, "data": "?", "mime_type": "image/png"}]}, "Base64 decoding failed for `data`."),
    ({"given": [{**IMAGE, "data": "AA==", "mime_type": "image/gif"}]}, "image/gif for mime_type"),
    ({"given": [{**IMAGE, "data": "AA==", "mime_type": "image/png"}]}, "Unable to process input image"),
    ({"given": [{**IMAGE, "uri": "https://example.com/a.png"}]}, "is no image that can be used."),
    ({"given": [TEXT, {"type": "video", "uri": "https://example.com/a.mp4"}]}, "was not found."),
    ({"given": [TEXT, {"type": "video", "data": "AA==", "mime_type": "video/mp4"}]}, "Unable to process input video"),
    ({"given": [TEXT, FILM, FILM]}, "The input holds more than one video."),
    ({"given": [FILM]}, "The task edit needs a text in the input."),
    ({"given": [TEXT, FILM], "task": "text_to_video"}, "The task text_to_video takes no video"),
    ({"given": [TEXT, FILM], "previous_interaction_id": "x"}, "exclude each other"),
    ({"given": [TEXT, FILM], "task": "upscale"}, "The task upscale needs a resolution"),
    (
        {"given": [TEXT, FILM, PNG], "task": "upscale", "form": {"resolution": "4k"}},
        "The task upscale does not take 1 images.",
    ),
    ({"task": "edit"}, "The task edit needs video in the input or previous_interaction_id."),
    ({"task": "extend"}, "The task extend needs video"),
    ({"task": "image_to_video"}, "The task image_to_video does not take 0 images."),
    ({"given": [TEXT, PNG, PNG, PNG], "task": "image_to_video"}, "The task image_to_video does not take 3 images."),
    ({"given": [TEXT, PNG], "task": "text_to_video"}, "The task text_to_video does not take 1 images."),
    ({"task": "reference_to_video"}, "The task reference_to_video does not take 0 images."),
    ({"given": [PNG], "task": "reference_to_video"}, "The task reference_to_video needs a text"),
    ({"previous_interaction_id": "nope"}, "Invalid interaction name: nope"),
]  # fmt: skip


@pytest.mark.parametrize(("order", "text"), CASES)
def test_developer_api_refuses(omni, service, png, film_of, order, text):
    film = {"type": "video", "data": film_of().text, "mime_type": "video/mp4"}
    stand = {PNG: _picture(png), FILM: film}
    order = dict(order)
    given = order.pop("given", "p")
    if isinstance(given, list):
        given = [stand.get(item, item) if not isinstance(item, dict) else item for item in given]
    if "response_format" in order:
        order["form"] = False
    assert text in _refused(omni.begin(given, **order))
    assert service.stage.state.get("interactions", {}) == {}


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ({"form": {"delivery": "uri"}}, "delivery uri needs gcs_uri."),
        ({"form": {"delivery": "uri", "gcs_uri": "bucket/x"}}, "is no gs:// address: bucket/x"),
        ({"webhook_config": {"uris": ["https://example.com"]}}, "Unknown parameter: webhook_config"),
        ({"given": [{**IMAGE, "uri": "https://example.com/a.png"}]}, "must be a gs:// address"),
        ({"given": [{**IMAGE, "uri": "gs://simulated-bucket/a.png"}]}, "was not found."),
    ],
)
def test_vertex_refuses(omni_on_vertex, order, text):
    order = dict(order)
    assert text in _refused(omni_on_vertex.begin(order.pop("given", "p"), **order))


def test_vertex_takes_labels(omni_on_vertex):
    assert _content(omni_on_vertex.make(labels={"team": "x"}))


def test_film_of_another_shape_is_taken(omni, film_of):
    film = {"type": "video", "data": film_of(width=256, height=256).text, "mime_type": "video/mp4"}
    assert _content(omni.make([film, TEXT]))


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ({"form": {"resolution": "1080p"}}, "1080p for resolution"),
        ({"given": [TEXT, FILM], "task": "extend"}, "extend for task is currently not supported."),
        ({"given": [TEXT, *[PNG] * 11], "task": "reference_to_video"}, "more than 10 images"),
    ],
)
def test_the_preview_can_less(omni, png, film_of, order, text):
    film = {"type": "video", "data": film_of().text, "mime_type": "video/mp4"}
    stand = {PNG: _picture(png), FILM: film}
    given = order.get("given", "p")
    given = (
        [stand.get(item, item) if not isinstance(item, dict) else item for item in given]
        if isinstance(given, list)
        else given
    )
    rest = {name: value for name, value in order.items() if name != "given"}
    assert text in _refused(omni.begin(given, model="gemini-omni-flash-preview", **rest))


def test_interaction_without_a_film_cannot_be_gone_on_from(omni):
    refused = omni.make("p [block]")
    running = omni.begin().json()
    for interaction in (refused, running):
        answer = omni.begin(previous_interaction_id=interaction["id"])
        assert "has no video to go on from" in _refused(answer)


@pytest.mark.parametrize("content", [b"{", b"[]"])
def test_unreadable_body_is_refused_in_its_own_shape(service, content):
    answer = service.send("POST", DEVELOPER, content=content)
    assert "Invalid JSON payload received." in _refused(answer)


@pytest.mark.parametrize(
    ("base", "model"),
    [
        (DEVELOPER, "veo-3.1-generate-preview"),
        (DEVELOPER, "gemini-omni-1.1-flash-preview"),
        (DEVELOPER, "gemini-omni-2"),
        (VERTEX, "veo-3.1-generate-001"),
    ],
)
def test_other_models_are_not_found(service, base, model):
    assert _refused(Omni(service, base, model).begin(), 404) == f"Model not found: {model}"


def test_retired_model_is_not_found(new_service):
    service = new_service(as_of=date(2026, 10, 22))
    _refused(Omni(service, model="gemini-omni-flash-preview").begin(), 404)
    assert Omni(service, VERTEX, "gemini-omni-flash-preview").begin().status == 200
    assert Omni(service, model="models/gemini-omni-1.1-flash").begin().status == 200


def test_vertex_serves_interactions_in_global_only(service):
    omni = Omni(service, VERTEX.replace("global", "us-central1"))
    assert "only in global" in _refused(omni.begin(), 404)
    omni = Omni(service, VERTEX.replace("simulated-project", "another"))
    assert omni.begin().json()["error"]["status"] == "PERMISSION_DENIED"


def test_keys_are_checked_by_the_front_end(service):
    assert service.send("POST", DEVELOPER, {}, headers={}).json()["error"]["code"] == 403
    assert service.send("POST", VERTEX, {}, headers={}).json()["error"]["code"] == 401
