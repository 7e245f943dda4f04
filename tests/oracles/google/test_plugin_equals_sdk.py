"""The plugin's requests against those of Google's own SDK for the same intent, both recorded on a socket.

Compared are method, path, query, media type, JSON as values, and every header but those that only say who sends. What
the plugin does differently on purpose, and why, stands in ``test_plugin_differs_from_sdk.py``.
"""

import pytest
from oracle.intents import PROMPT, Files, ask, cancel, delete, finish, go_on
from polyreel.types.media import MediaRef

pytestmark = pytest.mark.oracle

FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
PREVIEW, FULL, EXPERIMENTAL = (
    "google/veo-3.1-generate-preview",
    "google/veo-3.1-generate-001",
    "google/veo-2.0-generate-exp",
)
OMNI, OMNI_ON_VERTEX = "google/gemini-omni-1.1-flash", "google/gemini-omni-1.1-flash@vertex"
ADVICE = {"negative_prompt": "blur", "google_enhance_prompt": True}
BUCKET = {"google_storage_uri": "gs://b/o/"}

#: The SDK's call, by its name in drivers/recorded_calls.py; whose account; and how the plugin is asked for the same.
PAIRS = {
    "developer_text": ("developer", ask(PREVIEW)),
    "developer_everything": (
        "developer",
        ask(
            PREVIEW,
            n=1,
            duration=8,
            aspect_ratio="16:9",
            resolution="1080p",
            person_generation="allow_all",
            **ADVICE,
            google_webhook_uris=["https://example.com/hook"],
            google_webhook_metadata={"job_id": "1"},
        ),
    ),
    "developer_image": (
        "developer",
        ask(
            PREVIEW,
            input_image=Files("tall.png"),
            aspect_ratio="9:16",
            duration=4,
            person_generation="allow_adult",
        ),
    ),
    "developer_frames": (
        "developer",
        ask(PREVIEW, input_image=Files("wide.png"), last_frame=Files("wide.jpg")),
    ),
    "developer_references": ("developer", ask(PREVIEW, reference_images=Files("wide.png", "wide.jpg"))),
    "developer_extension": ("developer", ask(PREVIEW, video=MediaRef(parameter="video", url=FILE))),
    "developer_two": ("developer", ask("google/veo-2.0-generate-001@gemini", n=2, duration=5)),
    "developer_finish": ("developer", finish(PREVIEW)),
    "developer_redirected_home": ("developer", finish(PREVIEW)),
    "vertex_text": ("vertex", ask(FULL)),
    "vertex_silent": ("vertex", ask(FULL, generate_audio=False, duration=4)),
    "vertex_everything_bucket": (
        "vertex",
        ask(
            FULL,
            n=2,
            seed=7,
            duration=8,
            aspect_ratio="16:9",
            resolution="4k",
            person_generation="allow_adult",
            generate_audio=True,
            **ADVICE,
            **BUCKET,
            google_pubsub_topic="projects/p/topics/t",
            google_compression_quality="lossless",
            google_labels={"team": "x"},
        ),
    ),
    "vertex_image": ("vertex", ask(FULL, input_image=Files("wide.png"), google_resize_mode="pad")),
    "vertex_image_of_a_bucket": (
        "vertex",
        ask(FULL, input_image="gs://b/a.png", google_resize_mode="crop"),
    ),
    "vertex_frames": ("vertex", ask(FULL, input_image=Files("wide.png"), last_frame=Files("wide.jpg"))),
    "vertex_frames_of_a_bucket": ("vertex", ask(FULL, input_image="gs://b/a.png", last_frame="gs://b/z.jpg")),
    "vertex_assets": ("vertex", ask(FULL, reference_images=Files("gs://b/r.png", "wide.png"))),
    "vertex_style": ("vertex", ask(EXPERIMENTAL, reference_image=Files("wide.jpg"))),
    "vertex_extension": ("vertex", ask(FULL, video=Files("clip.mp4"))),
    "vertex_extension_bucket": ("vertex", ask(FULL, video="gs://b/in.mp4", **BUCKET)),
    "vertex_mask": (
        "vertex",
        ask(EXPERIMENTAL, video="gs://b/in.mp4", google_mask="gs://b/m.png", google_mask_mode="insert"),
    ),
    "vertex_finish": ("vertex", finish(FULL)),
    "vertex_finish_bucket": ("vertex", finish(FULL, **BUCKET)),
    "vertex_paid_by_another": ("paid by another", finish(FULL)),
    "vertex_with_a_key_at_hand": ("both", finish(FULL)),
    "vertex_express": ("express", finish(FULL)),
    "omni_text": ("developer", ask(OMNI)),
    "omni_text_with_its_task": ("developer", ask(OMNI, google_task="text_to_video")),
    "omni_image": ("developer", ask(OMNI, input_image=Files("wide.png"))),
    "omni_frames": ("developer", ask(OMNI, input_image=Files("wide.png"), last_frame=Files("wide.jpg"))),
    "omni_references": (
        "developer",
        ask(OMNI, reference_images=Files("wide.png", "wide.jpg", "wide.png")),
    ),
    "omni_film": ("developer", ask(OMNI, video=Files("clip.mp4"), google_task="edit")),
    "omni_edit": ("developer", go_on(OMNI, "at night", google_task="edit")),
    "omni_extend": ("developer", go_on(OMNI, "go on", google_task="extend", duration=5)),
    "omni_upscale": ("developer", go_on(OMNI, "larger", google_task="upscale", resolution="1080p")),
    "omni_watch": ("developer", finish(OMNI)),
    "omni_cancel": ("developer", cancel(OMNI)),
    "omni_delete": ("developer", delete(OMNI)),
    "omni_vertex_text": ("vertex", ask(OMNI_ON_VERTEX)),
    "omni_vertex_bucket": ("vertex", ask(OMNI_ON_VERTEX, **BUCKET)),
    "omni_vertex_image": ("vertex", ask(OMNI_ON_VERTEX, input_image=Files("wide.png"))),
    "omni_vertex_image_of_a_bucket": ("vertex", ask(OMNI_ON_VERTEX, input_image="gs://b/a.png")),
    "omni_vertex_film_of_a_bucket": (
        "vertex",
        ask(OMNI_ON_VERTEX, video="gs://b/in.mp4", google_task="extend", duration=5),
    ),
    "omni_vertex_edit": ("vertex", go_on(OMNI_ON_VERTEX, "at night", google_task="edit")),
    "omni_vertex_watch": ("vertex", finish(OMNI_ON_VERTEX)),
    "omni_vertex_cancel": ("vertex", cancel(OMNI_ON_VERTEX)),
}
BEARER = {"authorization": "Bearer FAKE"}
#: What each account signs with.
SIGNED = {
    "developer": {"x-goog-api-key": "FAKE-KEY"},
    "express": {"x-goog-api-key": "FAKE-KEY"},
    "vertex": BEARER,
    "both": BEARER,
    "paid by another": {**BEARER, "x-goog-user-project": "paying-project"},
}
#: Where the plugin is different on purpose.
DIFFERENT = {"omni_watch"}


@pytest.mark.parametrize("name", PAIRS)
def test_requests_are_those_of_the_sdk(theirs, ours, asked, name):
    outcome, expected = theirs[name]
    assert outcome == "sent"
    account, act = PAIRS[name]
    everything = ours(name, act, account)
    sent = asked(everything)
    assert all(request.headers == SIGNED[account] for request in sent)
    assert all(request.headers.items() >= SIGNED[account].items() for request in everything)
    if name in DIFFERENT:
        assert sent != asked(expected), "no longer different: compare it"
    else:
        assert sent == asked(expected) != []


@pytest.mark.parametrize("name", [name for name in PAIRS if name.startswith("vertex")])
def test_older_sdk_asks_vertex_for_the_same(theirs, older, name):
    assert older[name] == theirs[name]


# --- what the SDK sends is what the fact sheet says -------------------------------------------------------------

SHEET = {
    "developer_minimal": {"instances": [{"prompt": PROMPT}]},
    "developer_everything": {
        "instances": [{"prompt": PROMPT}],
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
    },
    "developer_extension": {
        "instances": [{"prompt": PROMPT, "video": {"uri": FILE}}],
        "parameters": {"sampleCount": 1},
    },
    "vertex_minimal": {"instances": [{"prompt": PROMPT}]},
    "vertex_everything_bucket": {
        "instances": [{"prompt": PROMPT}],
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
    },
    "vertex_mask": {
        "instances": [
            {
                "prompt": PROMPT,
                "video": {"gcsUri": "gs://b/in.mp4", "mimeType": "video/mp4"},
                "mask": {"gcsUri": "gs://b/m.png", "mimeType": "image/png", "maskMode": "INSERT"},
            }
        ],
        "parameters": {"sampleCount": 1},
    },
    "omni_text_with_its_task": {
        "model": "gemini-omni-1.1-flash",
        "background": True,
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "input": PROMPT,
        "response_format": {
            "aspect_ratio": "16:9",
            "delivery": "uri",
            "duration": "8s",
            "resolution": "720p",
            "type": "video",
        },
        "store": True,
    },
}


@pytest.mark.parametrize("name", SHEET)
def test_sdk_sends_what_was_recorded_before(theirs, name):
    assert theirs[name][1][-1].body == SHEET[name]
