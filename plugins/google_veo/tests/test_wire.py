"""Requests that ask for a film, to the field: those of Google's own SDK, as the fact sheet recorded them."""

import pytest
from polyreel.types.media import MediaRef
from polyreel_google_veo.wire import submission, task_word

PNG = {"bytesBase64Encoded": "iVBORw0KGgpmYWtl", "mimeType": "image/png"}
JPEG = {"bytesBase64Encoded": "/9j/ZmFrZQ==", "mimeType": "image/jpeg"}
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
DEVELOPER, VERTEX, EXPERIMENT = "veo-3.1-generate-preview", "veo-3.1-generate-001", "veo-2.0-generate-exp"
OMNI = "gemini-omni-1.1-flash"


@pytest.fixture
def body(task):
    """The body for exactly what was given, without the document's defaults, as the SDK has none."""

    def made(prompt, **given):
        return submission(task(prompt, bare=True, **given)).json

    return made


# --- Veo on the Developer API: fact sheet, section 7.1 -----------------------------------------------------------


def test_developer_words_alone(body):
    assert body("a cat", model=DEVELOPER) == {"instances": [{"prompt": "a cat"}]}


def test_developer_everything(body):
    assert body(
        "a cat",
        model=DEVELOPER,
        n=1,
        duration=8,
        aspect_ratio="16:9",
        resolution="1080p",
        person_generation="allow_all",
        negative_prompt="blur",
        google_enhance_prompt=True,
        google_webhook_uris=["https://example.com/hook"],
        google_webhook_metadata={"job_id": "1"},
    ) == {
        "instances": [{"prompt": "a cat"}],
        "parameters": {
            "sampleCount": 1,
            "durationSeconds": 8,
            "aspectRatio": "16:9",
            "resolution": "1080p",
            "personGeneration": "allow_all",
            "negativePrompt": "blur",
            "enhancePrompt": True,
        },
        "webhookConfig": {"uris": ["https://example.com/hook"], "user_metadata": {"job_id": "1"}},
    }


def test_developer_first_frame(body, media):
    assert body(
        "pan", model=DEVELOPER, input_image=media(), aspect_ratio="9:16", person_generation="allow_adult"
    ) == {
        "instances": [{"prompt": "pan", "image": PNG}],
        "parameters": {"aspectRatio": "9:16", "personGeneration": "allow_adult"},
    }


def test_developer_two_frames(body, media, jpeg):
    assert body("morph", model=DEVELOPER, input_image=media(), last_frame=jpeg(), duration=8) == {
        "instances": [{"prompt": "morph", "image": PNG, "lastFrame": JPEG}],
        "parameters": {"durationSeconds": 8},
    }


def test_developer_references(body, media, jpeg):
    assert body("dress", model=DEVELOPER, reference_images=[media(), jpeg()], duration=8) == {
        "instances": [
            {
                "prompt": "dress",
                "referenceImages": [
                    {"image": PNG, "referenceType": "ASSET"},
                    {"image": JPEG, "referenceType": "ASSET"},
                ],
            }
        ],
        "parameters": {"durationSeconds": 8},
    }


def test_developer_extension_is_an_address_and_nothing_else(body):
    source = MediaRef(parameter="video", id="models/x/operations/y", url=FILE, media_type="video/mp4")
    assert body("continue", model=DEVELOPER, video=source, n=1, resolution="720p") == {
        "instances": [{"prompt": "continue", "video": {"uri": FILE}}],
        "parameters": {"sampleCount": 1, "resolution": "720p"},
    }


# --- Veo on Vertex AI: fact sheet, section 7.2 -------------------------------------------------------------------


def test_vertex_words_alone(body):
    assert body("a cat", model=VERTEX, surface="vertex") == {"instances": [{"prompt": "a cat"}]}


def test_vertex_everything(body):
    # `fps` is fixed by the models' cards and is therefore not sent.
    assert body(
        "a cat",
        model=VERTEX,
        surface="vertex",
        n=2,
        duration=8,
        seed=7,
        aspect_ratio="16:9",
        resolution="4k",
        person_generation="allow_adult",
        negative_prompt="blur",
        generate_audio=True,
        google_storage_uri="gs://b/o/",
        google_pubsub_topic="projects/p/topics/t",
        google_enhance_prompt=True,
        google_compression_quality="lossless",
        google_labels={"team": "x"},
    ) == {
        "instances": [{"prompt": "a cat"}],
        "parameters": {
            "sampleCount": 2,
            "storageUri": "gs://b/o/",
            "durationSeconds": 8,
            "seed": 7,
            "aspectRatio": "16:9",
            "resolution": "4k",
            "personGeneration": "allow_adult",
            "pubsubTopic": "projects/p/topics/t",
            "negativePrompt": "blur",
            "enhancePrompt": True,
            "generateAudio": True,
            "compressionQuality": "LOSSLESS",
        },
        "labels": {"team": "x"},
    }


def test_vertex_first_frame_from_memory(body, media):
    assert body("pan", model=VERTEX, surface="vertex", input_image=media(), google_resize_mode="pad") == {
        "instances": [{"prompt": "pan", "image": PNG}],
        "parameters": {"resizeMode": "PAD"},
    }


def test_vertex_two_frames_in_a_bucket(body, stored):
    assert body(
        "morph",
        model=VERTEX,
        surface="vertex",
        input_image=stored("gs://b/a.png"),
        last_frame=stored("gs://b/z.jpg", "last_frame"),
    ) == {
        "instances": [
            {
                "prompt": "morph",
                "image": {"gcsUri": "gs://b/a.png", "mimeType": "image/png"},
                "lastFrame": {"gcsUri": "gs://b/z.jpg", "mimeType": "image/jpeg"},
            }
        ]
    }


def test_vertex_reference_in_a_bucket(body, stored):
    assert body(
        "dress",
        model=VERTEX,
        surface="vertex",
        reference_images=[stored("gs://b/r.png", "reference_images/0")],
    )["instances"][0]["referenceImages"] == [
        {"image": {"gcsUri": "gs://b/r.png", "mimeType": "image/png"}, "referenceType": "ASSET"}
    ]


def test_vertex_style(body, jpeg):
    (instance,) = body("dress", model=EXPERIMENT, surface="vertex", reference_image=jpeg())["instances"]
    assert instance == {"prompt": "dress", "referenceImages": [{"image": JPEG, "referenceType": "STYLE"}]}


@pytest.mark.parametrize(
    "address",
    ["gs://b/in.mp4", "https://storage.googleapis.com/storage/v1/b/b/o/in.mp4"],
    ids=["its own spelling", "as the earlier job's film is fetched"],
)
def test_vertex_extension_of_a_film_in_a_bucket(body, stored, address):
    assert body(
        "go on",
        model=VERTEX,
        surface="vertex",
        video=stored(address, "video"),
        google_storage_uri="gs://b/o/",
    ) == {
        "instances": [{"prompt": "go on", "video": {"gcsUri": "gs://b/in.mp4", "mimeType": "video/mp4"}}],
        "parameters": {"storageUri": "gs://b/o/"},
    }


def test_vertex_extension_of_a_file(body, clip):
    assert body("go on", model=VERTEX, surface="vertex", video=clip()) == {
        "instances": [
            {
                "prompt": "go on",
                "video": {"bytesBase64Encoded": "bXA0Ynl0ZXM=", "mimeType": "video/mp4"},
            }
        ]
    }


def test_vertex_mask(body, stored):
    assert body(
        "bike",
        model=EXPERIMENT,
        surface="vertex",
        video=stored("gs://b/in.mp4", "video"),
        google_mask=stored("gs://b/m.png", "google_mask"),
        google_mask_mode="insert",
    ) == {
        "instances": [
            {
                "prompt": "bike",
                "video": {"gcsUri": "gs://b/in.mp4", "mimeType": "video/mp4"},
                "mask": {"gcsUri": "gs://b/m.png", "mimeType": "image/png", "maskMode": "INSERT"},
            }
        ]
    }


def test_vertex_camera_and_task(body, media):
    asked = body(
        "pan",
        model=EXPERIMENT,
        surface="vertex",
        input_image=media(),
        google_camera_control="pan_left",
        google_task="imageToVideo",
    )
    assert asked["instances"] == [{"prompt": "pan", "image": PNG, "cameraControl": "pan_left"}]
    assert asked["parameters"] == {"task": "imageToVideo"}


# --- Omni: fact sheet, section 8 ---------------------------------------------------------------------------------


def test_omni_words_alone(body):
    assert body(
        "a cat",
        model=OMNI,
        google_task="text_to_video",
        aspect_ratio="16:9",
        duration=8,
        resolution="720p",
    ) == {
        "model": OMNI,
        "background": True,
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "input": "a cat",
        "response_format": {
            "aspect_ratio": "16:9",
            "delivery": "uri",
            "duration": "8s",
            "resolution": "720p",
            "type": "video",
        },
        "store": True,
    }


def test_omni_picture_stands_before_the_words(body, media):
    asked = body("pan", model=OMNI, input_image=media())
    assert asked["input"] == [
        {
            "type": "user_input",
            "content": [
                {"type": "image", "data": "iVBORw0KGgpmYWtl", "mime_type": "image/png"},
                {"type": "text", "text": "pan"},
            ],
        }
    ]
    assert asked["generation_config"] == {"video_config": {"task": "image_to_video"}}


def test_omni_two_frames_are_in_order(body, media, jpeg):
    asked = body("morph", model=OMNI, last_frame=jpeg(), input_image=media())
    first, last, words = asked["input"][0]["content"]
    assert (first["mime_type"], last["mime_type"], words["text"]) == ("image/png", "image/jpeg", "morph")


def test_omni_references(body, media, jpeg):
    asked = body("dress", model=OMNI, reference_images=[media(), jpeg()])
    assert [part["type"] for part in asked["input"][0]["content"]] == ["image", "image", "text"]
    assert asked["generation_config"]["video_config"]["task"] == "reference_to_video"


def test_omni_goes_on_from_an_earlier_interaction(body):
    source = MediaRef(parameter="video", id="v1_abc", url=FILE)
    asked = body("go on", model=OMNI, video=source, google_task="extend", duration=5)
    assert asked["previous_interaction_id"] == "v1_abc"
    assert asked["input"] == "go on"
    assert asked["store"] is True
    assert asked["generation_config"]["video_config"]["task"] == "extend"


def test_omni_takes_a_film_of_veo_by_its_address(body):
    source = MediaRef(parameter="video", id="models/veo/operations/op1", url=FILE)
    asked = body("change", model=OMNI, video=source)
    assert "previous_interaction_id" not in asked
    assert asked["input"][0]["content"][0] == {"type": "video", "uri": FILE, "mime_type": "video/mp4"}


def test_omni_takes_a_file(body, clip):
    asked = body("change", model=OMNI, video=clip(), google_task="edit")
    assert asked["input"][0]["content"][0] == {
        "type": "video",
        "data": "bXA0Ynl0ZXM=",
        "mime_type": "video/mp4",
    }


def test_omni_of_a_film_with_references_leaves_the_task_to_google(body, clip, media):
    asked = body("dress him", model=OMNI, video=clip(), reference_images=[media()])
    assert "generation_config" not in asked


def test_omni_on_vertex_answers_inline_without_a_bucket(body):
    asked = body("a cat", model=OMNI, surface="vertex")
    assert asked["response_format"] == {"type": "video", "delivery": "inline"}
    assert asked["model"] == "gemini-omni-1.1-flash-preview"


def test_omni_on_vertex_writes_into_a_bucket(body, stored):
    asked = body(
        "a cat",
        model=OMNI,
        surface="vertex",
        google_storage_uri="gs://b/o/",
        input_image=stored("gs://b/a.webp"),
    )
    assert asked["response_format"] == {"type": "video", "delivery": "uri", "gcs_uri": "gs://b/o/"}
    assert asked["input"][0]["content"][0] == {
        "type": "image",
        "uri": "gs://b/a.webp",
        "mime_type": "image/webp",
    }


def test_omni_never_sends_a_length_as_a_number(task):
    asked = task(model=OMNI)
    properties = {**asked.document["properties"]}
    properties["duration"] = {**properties["duration"], "x-native": "/response_format/duration"}
    object.__setattr__(asked, "document", {**asked.document, "properties": properties})
    assert submission(asked).json["response_format"]["duration"] == "8s"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, None),
        ({"input_image": 1}, "image_to_video"),
        ({"input_image": 1, "last_frame": 1}, "image_to_video"),
        ({"reference_images": [1]}, "reference_to_video"),
        ({"video": 1}, None),
        ({"video": 1, "reference_images": [1]}, None),
        ({"video": 1, "google_task": "extend"}, "extend"),
        ({"input_image": 1, "google_task": "reference_to_video"}, "reference_to_video"),
    ],
)
def test_task_is_said_where_a_parameter_says_it(given, word):
    assert task_word({"prompt": "x", **given}) == word


# --- what defaults and native fields do --------------------------------------------------------------------------


def test_defaults_are_sent(task):
    assert submission(task(model=VERTEX, surface="vertex")).json["parameters"] == {
        "durationSeconds": 8,
        "aspectRatio": "16:9",
        "resolution": "720p",
        "sampleCount": 1,
        "generateAudio": True,
    }


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, set()),
        ({"resolution": "1080p"}, {"resolution"}),
        ({"size": "1920x1080"}, {"resolution", "aspectRatio"}),
    ],
    ids=["nothing", "a resolution", "a size"],
)
def test_film_that_is_extended_keeps_its_shape(task, stored, given, sent):
    asked = task(model=VERTEX, surface="vertex", video=stored("gs://b/in.mp4", "video"), **given)
    parameters = submission(asked).json["parameters"]
    assert set(parameters) & {"durationSeconds", "resolution", "aspectRatio"} == sent


def test_native_fields_are_joined_member_by_member(task):
    native = {"parameters": {"seed": 7, "sampleCount": 3}, "instances": [{"prompt": "mine"}], "x": None}
    body = submission(task(model=VERTEX, surface="vertex", native=native)).json
    assert body["parameters"]["seed"] == 7
    assert body["parameters"]["sampleCount"] == 3
    assert body["parameters"]["durationSeconds"] == 8
    assert body["instances"] == [{"prompt": "mine"}]
    assert body["x"] is None


def test_no_request_counts_videos_in_googles_old_way(task, media):
    for surface, model in (("gemini", DEVELOPER), ("vertex", VERTEX)):
        assert "numberOfVideos" not in str(submission(task(model=model, surface=surface)).json)
