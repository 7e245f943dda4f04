"""What the simulator of Veo refuses, and when: at once on both surfaces, or on Vertex in the operation.

Longer than other files because it is one table: every refusal that the facts know.
"""

import base64
import struct

import pytest

KEY_TEXT = "`{}` isn't supported by this model. Please remove it or refer to the Gemini API documentation for supported usage."
PNG = object()  # stands for a good picture in the table
ASSET = object()
FILM = object()
BAD_PICTURE = {
    "bytesBase64Encoded": base64.b64encode(b"\x89PNG\r\n\x1a\nfake").decode(),
    "mimeType": "image/png",
}
LONG = {"prompt": "word " * 1025}
DURATION = "Unsupported output video duration {} seconds, supported durations are [{}] for feature {}."


@pytest.fixture
def filled(png, film_of):
    """Replace what stands for media in a row of a table."""

    def fill(value):
        if value is PNG:
            return dict(png.inline)
        if value is ASSET:
            return dict(png.asset)
        if value is FILM:
            return dict(film_of().inline)
        if isinstance(value, dict):
            return {name: fill(inner) for name, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list) else value

    return fill


def _text(answer):
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT"), answer.text
    return error["message"]


BOTH = [
    # what is refused, of which order
    ({"parameters": {"numberOfVideos": 1}}, KEY_TEXT.format("numberOfVideos")),
    ({"parameters": {"gcsOutputDirectory": "gs://b/"}}, KEY_TEXT.format("gcsOutputDirectory")),
    ({"parameters": {"duration_seconds": 8}}, KEY_TEXT.format("duration_seconds")),
    ({"image": {"inlineData": {"data": "", "mimeType": "image/png"}}}, KEY_TEXT.format("inlineData")),
    ({"image": {"imageBytes": "AA==", "mimeType": "image/png"}}, KEY_TEXT.format("imageBytes")),
    ({"image": {"data": "AA==", "mimeType": "image/png"}}, KEY_TEXT.format("data")),
    ({"video": {"encodedVideo": "AA==", "encoding": "video/mp4"}}, KEY_TEXT.format("encodedVideo")),
    ({"style": "noir"}, KEY_TEXT.format("style")),
    ({"parameters": {"durationSeconds": "8"}}, "The value type for `durationSeconds` needs to be a number."),
    ({"parameters": {"durationSeconds": True}}, "The value type for `durationSeconds` needs to be a number."),
    ({"parameters": {"durationSeconds": 7.5}}, "must be an integer between 0 and 1000, but was 7.5"),
    ({"parameters": {"seed": -1}}, "`seed` must be an integer between 0 and 4294967295, but was -1"),
    ({"parameters": {"seed": 2**32}}, "`seed` must be an integer"),
    ({"parameters": {"sampleCount": 0}}, "`sampleCount` must be an integer between 1 and 4, but was 0"),
    ({"parameters": {"sampleCount": 5}}, "`sampleCount` must be an integer between 1 and 4, but was 5"),
    ({"parameters": {"enhancePrompt": "yes"}}, "The value type for `enhancePrompt` needs to be a boolean."),
    ({"parameters": {"aspectRatio": "1:1"}}, "1:1 for aspectRatio is currently not supported."),
    ({"parameters": {"aspectRatio": 1}}, "The value type for `aspectRatio` needs to be a string."),
    ({"parameters": {"resolution": "480p"}}, "480p for resolution is currently not supported."),
    ({"parameters": {"resolution": "4K"}}, "4K for resolution is currently not supported."),
    (
        {"parameters": {"personGeneration": "children"}},
        "children for personGeneration is currently not supported.",
    ),
    (
        {"parameters": {"negativePrompt": ["blur"]}},
        "The value type for `negativePrompt` needs to be a string.",
    ),
    ({"parameters": []}, "The value type for `parameters` needs to be an object."),
    ({"prompt": 1}, "The value type for `prompt` needs to be a string."),
    ({"prompt": " \n"}, "A `prompt` is required"),
    ({"prompt": None}, "A `prompt` is required"),
    (LONG, "The `prompt` is too long: at most 1024 tokens are supported."),
    ({"prompt": "x" * (1024 * 64 + 1)}, "The `prompt` is too long"),
    ({"prompt": "", "referenceImages": [ASSET]}, "A `prompt` is required"),
    (
        {"image": PNG, "referenceImages": [ASSET]},
        "`image` and `referenceImages` cannot be combined in one request.",
    ),
    ({"lastFrame": PNG}, "`lastFrame` needs `image` in the same instance."),
    ({"lastFrame": PNG, "referenceImages": [ASSET]}, "`lastFrame` needs `image`"),
    ({"referenceImages": [ASSET] * 4}, "`referenceImages` takes 1 to 3 assets, or exactly 1 style."),
    ({"referenceImages": []}, "`referenceImages` takes 1 to 3 assets"),
    ({"referenceImages": PNG}, "The value type for `referenceImages` needs to be a list."),
    (
        {"referenceImages": [{"image": PNG}]},
        "Each of `referenceImages` needs an `image` and a `referenceType`.",
    ),
    ({"referenceImages": [{"referenceType": "asset"}]}, "Each of `referenceImages` needs an `image`"),
    (
        {"referenceImages": [{"image": PNG, "referenceType": "subject"}]},
        "subject for referenceType is currently",
    ),
    ({"referenceImages": [{"image": PNG, "referenceType": "asset", "id": 1}]}, KEY_TEXT.format("id")),
    ({"image": "AA=="}, "The value type for `image` needs to be an object."),
    ({"image": {"mimeType": "image/png"}}, "should contain both `bytesBase64Encoded` and `mimeType`"),
    ({"image": {"bytesBase64Encoded": "AA=="}}, "should contain both `bytesBase64Encoded` and `mimeType`"),
    ({"image": {"bytesBase64Encoded": "A", "mimeType": "image/png"}}, "Base64 decoding failed"),
    ({"image": {"bytesBase64Encoded": "", "mimeType": "image/png"}}, "`bytesBase64Encoded` is empty."),
    ({"image": {"bytesBase64Encoded": "AA==", "mimeType": "image/webp"}}, "Unsupported mime type image/webp"),
]


@pytest.mark.parametrize("surface", ["developer", "vertex"])
@pytest.mark.parametrize(("order", "text"), BOTH)
def test_both_surfaces_refuse_at_once(request, service, filled, surface, order, text):
    order = filled(order)
    answer = request.getfixturevalue(surface).begin(order.pop("prompt", "p"), **order)
    assert text in _text(answer)
    assert service.stage.state.get("operations") in (None, {})


DEVELOPER = [
    *[
        ({"parameters": {name: value}}, KEY_TEXT.format(name))
        for name, value in {
            "generateAudio": False, "fps": 24, "compressionQuality": "lossless", "resizeMode": "pad",
            "storageUri": "gs://simulated-bucket/", "pubsubTopic": "projects/p/topics/t", "task": "textToVideo",
        }.items()
    ],
    ({"mask": PNG}, KEY_TEXT.format("mask")),
    ({"cameraControl": "fixed", "image": PNG}, KEY_TEXT.format("cameraControl")),
    ({"image": {"gcsUri": "gs://b/a.png", "mimeType": "image/png"}}, KEY_TEXT.format("gcsUri")),
    ({"video": {"uri": "files/abc", "encoding": "video/mp4"}}, KEY_TEXT.format("encoding")),
    ({"video": FILM}, KEY_TEXT.format("bytesBase64Encoded")),
    ({"video": {}}, "`video` needs the `uri`"),
    ({"video": {"uri": "files/abc"}, "image": PNG}, "`image` and `video` cannot be combined"),
    ({"video": {"uri": "files/abc"}, "referenceImages": [ASSET]}, "`video` and `referenceImages` cannot be"),
    ({"video": {"uri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}, "generated by VEO"),
    ({"video": {"uri": "https://example.com/a.mp4"}}, "generated by VEO that has been processed."),
    ({"referenceImages": [{"image": PNG, "referenceType": "style"}]}, "style for referenceType is currently"),
    ({"parameters": {"personGeneration": "allowAll"}}, "allowAll for personGeneration is currently not"),
    ({"parameters": {"sampleCount": 2}}, "2 for sampleCount is currently not supported."),
    ({"parameters": {"durationSeconds": 5}}, DURATION.format(5, "8,4,6", "text_to_video")),
    ({"parameters": {"durationSeconds": 6}, "referenceImages": [ASSET]}, DURATION.format(6, "8", "reference_to_video")),
    ({"parameters": {"durationSeconds": 4}, "image": PNG, "lastFrame": PNG}, "supported durations are [8]"),
    ({"parameters": {"durationSeconds": 4}, "video": {"uri": "files/abc"}}, DURATION.format(4, "7,8", "video_extension")),
    ({"parameters": {"resolution": "1080p", "durationSeconds": 6}}, "1080p is not supported for a duration of 6 seconds."),
    ({"parameters": {"resolution": "4k", "durationSeconds": 4}}, "4k is not supported for a duration of 4 seconds."),
    ({"parameters": {"resolution": "1080p"}, "video": {"uri": "files/abc"}}, "1080p is not supported for video extension."),
    ({"parameters": {"enhancePrompt": False}}, "Veo 3 prompt enhancement cannot be disabled."),
    ({"image": BAD_PICTURE}, "Unable to process input image"),
    ({"model": "veo-3.1-lite-generate-preview", "video": {"uri": "files/a"}}, "Video extension is not allowed for this model"),
    ({"model": "veo-3.1-lite-generate-preview", "parameters": {"resolution": "4k"}}, "4k for resolution is currently not supported."),
    ({"model": "veo-3.1-lite-generate-preview", "referenceImages": [ASSET]}, KEY_TEXT.format("referenceImages")),
    ({"model": "veo-3.0-generate-001", "image": PNG, "lastFrame": PNG}, KEY_TEXT.format("lastFrame")),
    ({"model": "veo-3.0-fast-generate-001", "parameters": {"resolution": "4k"}}, "4k for resolution"),
    ({"model": "veo-2.0-generate-001", "parameters": {"resolution": "720p"}}, KEY_TEXT.format("resolution")),
    ({"model": "veo-2.0-generate-001", "parameters": {"durationSeconds": 4}}, DURATION.format(4, "8,5,6,7", "text_to_video")),
    ({"model": "veo-2.0-generate-001", "parameters": {"sampleCount": 3}}, "At most 2 videos can be generated."),
    ({"model": "veo-2.0-generate-001", "parameters": {"seed": 1}}, KEY_TEXT.format("seed")),
    ({"model": "veo-2.0-generate-001", "video": {"uri": "files/abc"}}, "Video extension is not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("order", "text"), DEVELOPER)
def test_developer_api_refuses_at_once(developer, service, filled, order, text):
    order = filled(order)
    assert text in _text(developer.begin(order.pop("prompt", "p"), **order))
    assert service.stage.state.get("operations") in (None, {})


VERTEX_AT_ONCE = [
    ({"video": {"uri": "files/abc"}}, KEY_TEXT.format("uri")),
    ({"video": PNG}, "Unsupported mime type image/png for `video`. Allowed: video/mp4."),
    ({"image": {"gcsUri": "https://b/a.png", "mimeType": "image/png"}}, "`image` is no valid Cloud Storage address"),
    ({"image": {"gcsUri": "gs://bucket", "mimeType": "image/png"}}, "`image` is no valid Cloud Storage address"),
    ({"image": {"gcsUri": "gs://bucket/a", "bytesBase64Encoded": "AA==", "mimeType": "image/png"}}, "should contain"),
    ({"parameters": {"storageUri": "bucket/prefix"}}, "`storageUri` is no valid Cloud Storage address"),
    ({"parameters": {"pubsubTopic": "topic"}}, "`pubsubTopic` must be projects/PROJECT/topics/TOPIC"),
    ({"parameters": {"generateAudio": "no"}}, "The value type for `generateAudio` needs to be a boolean."),
    ({"parameters": {"fps": 0}}, "`fps` must be an integer between 1 and 1000"),
    ({"parameters": {"compressionQuality": "best"}}, "best for compressionQuality"),
    ({"parameters": {"resizeMode": "stretch"}}, "stretch for resizeMode"),
    ({"parameters": {"task": "text_to_video"}}, "text_to_video for task"),
    ({"mask": {"maskMode": "insert"}}, "Input instance with `mask` should contain"),
    ({"mask": {"bytesBase64Encoded": "AA==", "mimeType": "image/png"}, "video": FILM}, "`mask` needs a `maskMode`."),
    ({"mask": {"bytesBase64Encoded": "AA==", "mimeType": "image/png", "maskMode": "remove"}}, "`mask` needs `video`"),
    ({"mask": {"bytesBase64Encoded": "AA==", "mimeType": "image/png", "maskMode": "paint"}}, "paint for maskMode"),
    ({"mask": {"dilation": 1}, "video": FILM}, KEY_TEXT.format("dilation")),
    ({"cameraControl": "fixed"}, "`cameraControl` needs `image`"),
    ({"referenceImages": [{"image": PNG, "referenceType": "style"}] * 2}, "or exactly 1 style"),
    ({"referenceImages": [{"image": PNG, "referenceType": "style"}, ASSET]}, "or exactly 1 style"),
    ({"top": {"labels": {"a" * 64: "x"}}}, "keys and values have at most 63 characters."),
    ({"top": {"labels": {"a": "x" * 64}}}, "keys and values have at most 63 characters."),
    ({"top": {"labels": {"a": 1}}}, "The value type for `a` needs to be a string."),
    ({"top": {"labels": ["a"]}}, "The value type for `labels` needs to be an object."),
]  # fmt: skip


@pytest.mark.parametrize(("order", "text"), VERTEX_AT_ONCE)
def test_vertex_refuses_what_is_malformed_at_once(vertex, service, filled, order, text):
    assert text in _text(vertex.begin("p", **filled(order)))
    assert service.stage.state.get("operations") in (None, {})


VERTEX_LATER = [
    (3, {"parameters": {"durationSeconds": 7}}, DURATION.format(7, "8,4,6", "text_to_video")),
    (3, {"parameters": {"durationSeconds": 5}, "image": PNG}, DURATION.format(5, "8,4,6", "image_to_video")),
    (3, {"parameters": {"durationSeconds": 6}, "referenceImages": [ASSET]}, DURATION.format(6, "8", "reference_to_video")),
    (3, {"parameters": {"enhancePrompt": False}}, "Veo 3 prompt enhancement cannot be disabled."),
    (3, {"parameters": {"fps": 30}}, "30 for fps is currently not supported."),
    (3, {"parameters": {"task": "upscale"}}, "The task upscale does not fit the inputs; they are those of textToVideo."),
    (3, {"image": BAD_PICTURE}, "Unable to process input image"),
    (3, {"image": PNG, "cameraControl": "fixed"}, KEY_TEXT.format("cameraControl")),
    (3, {"referenceImages": [{"image": PNG, "referenceType": "STYLE"}]}, KEY_TEXT.format("referenceImages")),
    (3, {"video": FILM, "mask": {"bytesBase64Encoded": "AA==", "mimeType": "image/png", "maskMode": "REMOVE"}}, KEY_TEXT.format("mask")),
    (3, {"video": {"bytesBase64Encoded": "AA==", "mimeType": "video/mp4"}}, "Unable to process input video"),
    (3, {"model": "veo-3.1-lite-generate-001", "parameters": {"resolution": "4k"}}, "4k for resolution is currently not"),
    (3, {"model": "veo-3.1-lite-generate-001", "referenceImages": [ASSET]}, KEY_TEXT.format("referenceImages")),
    (3, {"model": "veo-3.0-generate-001", "video": FILM}, "Video extension is not allowed for this model"),
    (3, {"model": "veo-2.0-generate-001", "parameters": {"generateAudio": True}}, KEY_TEXT.format("generateAudio")),
    (3, {"model": "veo-2.0-generate-001", "parameters": {"resolution": "720p"}}, KEY_TEXT.format("resolution")),
    (5, {"image": {"gcsUri": "gs://simulated-bucket/a.png", "mimeType": "image/png"}}, "The file gs://simulated-bucket/a.png was not found."),
    (5, {"video": {"gcsUri": "gs://no-such-bucket/a.mp4", "mimeType": "video/mp4"}}, "was not found."),
    (7, {"image": {"gcsUri": "gs://simulated-private-bucket/a.png", "mimeType": "image/png"}}, "does not have storage.objects.get access"),
    (5, {"parameters": {"storageUri": "gs://no-such-bucket/o/"}}, "The specified bucket does not exist: no-such-bucket"),
    (7, {"parameters": {"storageUri": "gs://simulated-readonly-bucket/o/"}}, "gcp-sa-aiplatform.iam.gserviceaccount.com does not have storage.objects.create access"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "order", "text"), VERTEX_LATER)
def test_vertex_accepts_what_a_model_cannot_and_fails(vertex, service, filled, code, order, text):
    done = vertex.make("p", seconds=20, **filled(order))
    assert done["done"] is True
    assert done["error"]["code"] == code
    assert text in done["error"]["message"]
    assert service.charged == []


@pytest.mark.parametrize(
    ("film", "text"),
    [
        ({"width": 640, "height": 360}, "must be 720p, 1080p or 4k in 16:9 or 9:16, but is 640x360"),
        ({"width": 256, "height": 256}, "must be 720p, 1080p or 4k"),
        ({"width": 128, "height": 128, "seconds": 31}, "must be between 1 and 30 seconds long, but is 31.0"),
        ({"width": 128, "height": 128, "seconds": 0.5}, "must be between 1 and 30 seconds long, but is 0.5"),
        ({"width": 128, "height": 128, "fps": 30}, "must have 24 frames per second, but has 30"),
    ],
)
def test_vertex_checks_the_film_that_is_extended(vertex, film_of, film, text):
    done = vertex.make(video=film_of(**film).inline)
    assert done["error"]["code"] == 3
    assert text in done["error"]["message"]


def test_lite_model_does_not_extend_in_4k(vertex, film_of):
    small, large = (
        struct.pack(">II", width << 16, height << 16) for width, height in ((1280, 720), (3840, 2160))
    )
    data = film_of().content.replace(
        small, large
    )  # in the header of the track: a real one takes long to make
    video = {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "video/mp4"}
    done = vertex.make(model="veo-3.1-lite-generate-001", video=video)
    assert done["error"] == {"code": 3, "message": "4k is not supported by this model."}


def test_developer_api_extends_720p_only(developer, service):
    done = developer.make(parameters={"resolution": "1080p"})
    service.advance(15)
    assert "720p only, but this is 1080p" in _text(developer.begin(video={"uri": developer.uri(done)}))


def test_picture_of_more_than_20_mb_is_refused(developer, vertex):
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * (20 * 2**20)).decode()
    image = {"bytesBase64Encoded": data, "mimeType": "image/png"}
    assert "too large: 20971528 bytes" in _text(developer.begin(image=image))
    assert "too large" in vertex.make(image=image)["error"]["message"]


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize(
    ("model", "mode", "accepted", "accepted_there"),
    [
        ("veo-3.1-generate-preview", "text", {"allow_all"}, {"allow_adult"}),
        ("veo-3.1-generate-preview", "image", {"allow_adult"}, {"allow_adult"}),
        ("veo-3.1-generate-preview", "frames", {"allow_adult"}, {"allow_adult"}),
        ("veo-3.1-generate-preview", "references", {"allow_adult"}, {"allow_adult"}),
        ("veo-3.0-generate-001", "text", {"allow_all"}, {"allow_adult"}),
        ("veo-2.0-generate-001", "text", {"allow_all", "allow_adult", "dont_allow"}, {"allow_adult", "dont_allow"}),
        ("veo-2.0-generate-001", "image", {"allow_adult", "dont_allow"}, {"allow_adult", "dont_allow"}),
    ],
)  # fmt: skip
def test_people_follow_the_documented_table(
    developer, service, png, model, mode, accepted, accepted_there, restricted
):
    service.stage.state["restricted_region"] = restricted
    inputs = {
        "text": {},
        "image": {"image": png.inline},
        "frames": {"image": png.inline, "lastFrame": png.inline},
        "references": {"referenceImages": [png.asset]},
    }
    taken = set()
    for value in ("allow_all", "allow_adult", "dont_allow"):
        answer = developer.begin(model=model, parameters={"personGeneration": value}, **inputs[mode])
        if answer.status == 200:
            taken.add(value)
        else:
            assert _text(answer) == f"{value} for personGeneration is currently not supported."
    assert taken == (accepted_there if restricted else accepted)


# --- envelopes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("surface", "name", "value"),
    [
        ("developer", "labels", {"a": "b"}),
        ("developer", "config", {}),
        ("vertex", "webhookConfig", {"uris": ["https://example.com"]}),
        ("vertex", "contents", []),
    ],
)
def test_unknown_member_of_the_envelope_is_named(request, surface, name, value):
    answer = request.getfixturevalue(surface).begin(top={name: value})
    text = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    assert _text(answer) == text
    (detail,) = answer.json()["error"]["details"]
    assert detail["fieldViolations"] == [{"description": text}]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"uris": []},
        {"uris": "https://example.com"},
        {"uris": ["http://example.com"]},
        {"uris": [1]},
        {"uris": ["https://example.com"], "user_metadata": "x"},
        {"uris": ["https://example.com"], "secret": "x"},
        ["https://example.com"],
    ],
)
def test_developer_api_checks_the_webhook(developer, config):
    _text(developer.begin(top={"webhookConfig": config}))


@pytest.mark.parametrize("surface", ["developer", "vertex"])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"{", "Invalid JSON payload received. Unexpected token"),
        (b"", "Invalid JSON payload received. Unexpected token"),
        (b"\xff", "Invalid JSON payload received. Unexpected token"),
        (b'{"instances": [{"prompt": NaN}]}', "Invalid JSON payload received. Unexpected token"),
        (b"[" * 100_000, "Invalid JSON payload received. Unexpected token"),
        (b"[]", "Invalid JSON payload received. Root element must be a message."),
        (b"{}", "`instances` must hold exactly one instance, but holds 0."),
        (b'{"instances": [{}, {}]}', "`instances` must hold exactly one instance, but holds 2."),
        (b'{"instances": {"prompt": "p"}}', "The value type for `instances` needs to be a list."),
        (b'{"instances": ["p"]}', "The value type for `instances` needs to be an object."),
        (b'{"instances": [{"prompt": "p"}], "parameters": {"seed": 1e999}}', "`seed` must be an integer"),
    ],
)
def test_unreadable_body_is_refused(request, service, surface, content, text):
    veo = request.getfixturevalue(surface)
    headers = {"x-goog-api-key": "AIza-simulated", "authorization": "Bearer ya29.simulated"}
    place = (
        "v1beta"
        if surface == "developer"
        else ("v1/projects/simulated-project/locations/us-central1/publishers/google")
    )
    url = f"https://example.googleapis.com/{place}/models/{veo.model}:predictLongRunning"
    assert text in _text(service.send("POST", url, headers=headers, content=content))


def test_error_repeats_half_a_character_as_a_question_mark(developer):
    assert "`?`" in _text(developer.begin(parameters={"\ud800": 1}))
