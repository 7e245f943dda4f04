"""What the model documents send: each parameter's place, and bodies as Google's own SDK was recorded with them.

The tables are written from the fact sheet on Google (2026-11-23), sections 1.3, 1.5, 7 and 8.
"""

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import package_documents
from polyreel.parameters.native import native_body
from polyreel.parameters.preparation import prepare

DOCUMENTS = {
    (document.surface, document.name): document
    for surface in ("gemini", "vertex")
    for document in (
        ModelDocument(json=json) for json in package_documents("polyreel_google_veo", f"models/{surface}")
    )
}


@pytest.fixture(params=DOCUMENTS, ids="-".join)
def document(request):
    return DOCUMENTS[request.param]


def prepared(surface, name, **parameters):
    verdict = prepare(DOCUMENTS[surface, name], {"prompt": "A paper boat", **parameters})
    assert verdict.problems == ()
    return verdict.values


BY_PLUGIN = False  # media, and what is not sent
VEO_PLACES = {
    "prompt": "/instances/0/prompt",
    "duration": "/parameters/durationSeconds",
    "aspect_ratio": "/parameters/aspectRatio",
    "resolution": "/parameters/resolution",
    "size": BY_PLUGIN,
    "n": "/parameters/sampleCount",
    "seed": "/parameters/seed",
    "generate_audio": "/parameters/generateAudio",
    "fps": BY_PLUGIN,
    "negative_prompt": "/parameters/negativePrompt",
    "person_generation": "/parameters/personGeneration",
    "input_image": BY_PLUGIN,
    "last_frame": BY_PLUGIN,
    "reference_images": BY_PLUGIN,
    "reference_image": BY_PLUGIN,
    "video": BY_PLUGIN,
    "google_mask": BY_PLUGIN,
    "google_mask_mode": "/instances/0/mask/maskMode",
    "google_enhance_prompt": "/parameters/enhancePrompt",
    "google_compression_quality": "/parameters/compressionQuality",
    "google_resize_mode": "/parameters/resizeMode",
    "google_storage_uri": "/parameters/storageUri",
    "google_pubsub_topic": "/parameters/pubsubTopic",
    "google_task": "/parameters/task",
    "google_camera_control": "/instances/0/cameraControl",
    "google_labels": "/labels",
    "google_webhook_uris": "/webhookConfig/uris",
    "google_webhook_metadata": "/webhookConfig/user_metadata",
}
OMNI_PLACES = {
    "prompt": "/input",
    "duration": "/response_format/duration",
    "aspect_ratio": "/response_format/aspect_ratio",
    "resolution": "/response_format/resolution",
    **dict.fromkeys(("size", "n", "generate_audio", "fps"), BY_PLUGIN),
    **dict.fromkeys(("input_image", "last_frame", "reference_images", "video"), BY_PLUGIN),
    "google_task": "/generation_config/video_config/task",
    "google_store": "/store",
    "google_storage_uri": "/response_format/gcs_uri",
}


def test_each_parameter_has_its_place_in_the_body(document):
    places = {
        name: native["at"] if isinstance(native := schema["x-native"], dict) else native
        for name, schema in document.properties.items()
    }
    if "omni" in document.name:
        expected = dict(OMNI_PLACES)
        if document.surface == "gemini":
            del expected["google_storage_uri"]
        assert places == expected
        return
    expected = {name: VEO_PLACES[name] for name in places}
    if document.name.startswith("veo-2"):
        expected |= {"resolution": BY_PLUGIN, "generate_audio": BY_PLUGIN}
    elif document.surface == "gemini":
        expected["generate_audio"] = BY_PLUGIN
    assert places == expected


def test_media_say_what_they_take(document):
    vertex, omni = document.surface == "vertex", "omni" in document.name
    pictures = {"accept": ["image/jpeg", "image/png", *(["image/webp"] if omni else [])]}
    pictures |= {"max_bytes": 20 * 2**20, "fit": "any", **({"schemes": ["gs"]} if vertex else {})}
    films = {"accept": ["video/mp4"], "reference": True}
    if vertex or not omni:
        films["schemes"] = ["gs"] if vertex else ["https"]
    for name in document.media_parameters:
        schema = document.properties[name]
        assert schema.get("items", schema)["x-media"] == (films if name == "video" else pictures)


def test_everything_on_the_gemini_api_is_the_body_of_the_sdk():
    values = prepared(
        "gemini",
        "veo-3.1-generate-preview",
        resolution="1080p",
        person_generation="allow_all",
        negative_prompt="blur",
        google_enhance_prompt=True,
        google_webhook_uris=["https://example.com/hook"],
        google_webhook_metadata={"job_id": "1"},
    )
    assert native_body(DOCUMENTS["gemini", "veo-3.1-generate-preview"].json, values) == {
        "instances": [{"prompt": "A paper boat"}],
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


def test_everything_on_vertex_is_the_body_of_the_sdk_but_for_fps():
    values = prepared(
        "vertex",
        "veo-3.1-generate-001",
        n=2,
        seed=7,
        resolution="4k",
        person_generation="allow_adult",
        negative_prompt="blur",
        google_storage_uri="gs://b/o/",
        google_pubsub_topic="projects/p/topics/t",
        google_enhance_prompt=True,
        google_compression_quality="lossless",
        google_resize_mode="crop",
        google_labels={"team": "x"},
    )
    assert native_body(DOCUMENTS["vertex", "veo-3.1-generate-001"].json, values) == {
        "instances": [{"prompt": "A paper boat"}],
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
            "resizeMode": "CROP",
        },
        "labels": {"team": "x"},
    }


@pytest.mark.parametrize("name", ["veo-2.0-generate-001", "veo-2.0-generate-exp", "veo-2.0-generate-preview"])
def test_veo_2_is_sent_neither_resolution_nor_sound(name):
    body = native_body(DOCUMENTS["vertex", name].json, prepared("vertex", name))
    assert body["parameters"] == {"durationSeconds": 8, "aspectRatio": "16:9", "sampleCount": 1}


def test_a_mode_of_a_mask_and_a_movement_of_the_camera_are_in_the_words_of_google():
    document = DOCUMENTS["vertex", "veo-2.0-generate-exp"].json
    body = native_body(document, {"google_mask_mode": "remove_static", "google_camera_control": "push_in"})
    assert body == {"instances": [{"mask": {"maskMode": "REMOVE_STATIC"}, "cameraControl": "push_in"}]}


@pytest.mark.parametrize("duration", range(3, 16))
def test_omni_takes_its_length_as_a_text(duration):
    values = prepared(
        "vertex",
        "gemini-omni-1.2-flash",
        duration=duration,
        google_task="text_to_video",
        google_storage_uri="gs://b/o",
    )
    assert native_body(DOCUMENTS["vertex", "gemini-omni-1.2-flash"].json, values) == {
        "input": "A paper boat",
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "response_format": {
            "aspect_ratio": "16:9",
            "duration": f"{duration}s",
            "resolution": "720p",
            "gcs_uri": "gs://b/o",
        },
        "store": True,
    }
