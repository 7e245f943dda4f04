"""Make each call of the SDK once, each at an address of its own, for a recorder.

Standard input: ``{"url": …, "media": folder, "kinds": [words]}``; each call whose name begins with one of these goes to
``url/NAME``. Printed are the names, and for a call that the SDK refuses before anything is sent the class of its
exception.
"""

import base64
import json
import os
import sys
from pathlib import Path

from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

told = json.load(sys.stdin)
media = Path(told["media"])

KEY, TOKEN, PROJECT = "FAKE-KEY", "FAKE", "my-project"
PROMPT = "A fox in the café, 狐"
PREVIEW, FULL, EXPERIMENTAL = "veo-3.1-generate-preview", "veo-3.1-generate-001", "veo-2.0-generate-exp"
OMNI, OMNI_ON_VERTEX = "gemini-omni-1.1-flash", "gemini-omni-1.1-flash-preview"
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
OPERATIONS = f"projects/{PROJECT}/locations/us-central1/publishers/google/models/{FULL}/operations"
USUAL = {"number_of_videos": 1, "duration_seconds": 8, "aspect_ratio": "16:9", "resolution": "720p"}
SOUND = {**USUAL, "generate_audio": True}


# --- clients ----------------------------------------------------------------------------------------------------


def at(address):
    """Return the options of a client; reading the certificates, which loopback has no use for, takes its time."""
    return {"base_url": address, "client_args": {"verify": False}, "async_client_args": {"verify": False}}


def developer(address):
    return genai.Client(vertexai=False, api_key=KEY, http_options=at(address))


def vertex(address, location="us-central1", **credentials):
    return genai.Client(
        vertexai=True,
        project=PROJECT,
        location=location,
        credentials=Credentials(TOKEN, **credentials),
        http_options=at(address),
    )


def paid_by_another(address):
    return vertex(address, quota_project_id="paying-project")


def with_a_key_at_hand(address):
    os.environ["GOOGLE_API_KEY"] = KEY
    try:
        return vertex(address)
    finally:
        del os.environ["GOOGLE_API_KEY"]


def express_in_a_project(address):
    options = {"project": PROJECT, "location": "us-central1", "http_options": at(address)}
    return genai.Client(vertexai=True, api_key=KEY, **options)


def express(address):
    return genai.Client(vertexai=True, api_key=KEY, http_options=at(address))


def everywhere(address):
    return vertex(address, location="global")


# --- inputs -----------------------------------------------------------------------------------------------------


def image(name="wide.png", media_type="image/png"):
    return types.Image(image_bytes=media.joinpath(name).read_bytes(), mime_type=media_type)


def jpeg():
    return image("wide.jpg", "image/jpeg")


def gcs(name, media_type="image/png"):
    return types.Image(gcs_uri=f"gs://b/{name}", mime_type=media_type)


def reference(picture, kind="ASSET"):
    return types.VideoGenerationReferenceImage(image=picture, reference_type=kind)


def clip():
    return types.Video(video_bytes=media.joinpath("clip.mp4").read_bytes(), mime_type="video/mp4")


def gcs_clip():
    return types.Video(uri="gs://b/in.mp4", mime_type="video/mp4")


def data(name):
    return base64.b64encode(media.joinpath(name).read_bytes()).decode()


def content(kind, name, media_type):
    return {"type": kind, "data": data(name), "mime_type": media_type}


def words(said=PROMPT):
    return {"type": "text", "text": said}


# --- calls ------------------------------------------------------------------------------------------------------


def veo(model, prompt=PROMPT, *, image=None, video=None, **config):
    def call(client):
        source = types.GenerateVideosSource(prompt=prompt, image=image, video=video)
        return client.models.generate_videos(model=model, source=source, config=config or None)

    return call


def finish(start):
    """Ask once how it is, and download what is to be downloaded."""

    def call(client):
        done = client.operations.get(start(client))
        for generated in done.response.generated_videos:
            if generated.video.uri and not client.vertexai:
                client.files.download(file=generated.video.uri.replace("http://", "https://", 1))

    return call


def extension(client):
    """Look whether the film was processed before it is extended."""
    client.files.get(name="files/abc123")
    veo(PREVIEW, video=types.Video(uri=FILE), number_of_videos=1)(client)


def omni(given=PROMPT, *, model=OMNI, task=None, delivery="uri", previous=None, **form):
    shape = {"duration": "8s", "aspect_ratio": "16:9", "resolution": "720p"} if previous is None else {}

    def call(client):
        config = {"generation_config": {"video_config": {"task": task}}} if task else {}
        chain = {"previous_interaction_id": previous} if previous else {}
        return client.interactions.create(
            model=model,
            input=given,
            background=True,
            store=True,
            response_format={"type": "video", "delivery": delivery, **shape, **form},
            **config,
            **chain,
        )

    return call


def on_vertex(given=PROMPT, **chosen):
    return omni(given, **{"model": OMNI_ON_VERTEX, "delivery": "inline", **chosen})


def watch(start):
    """Look once at an interaction, and download its film."""

    def call(client):
        done = client.interactions.get(start(client).id)
        if done.output_video.uri and not client.vertexai:
            client.files.download(file=done.output_video.uri.replace("http://", "https://", 1))

    return call


def then(start, verb):
    return lambda client: getattr(client.interactions, verb)(start(client).id)


PNG, JPEG = content("image", "wide.png", "image/png"), content("image", "wide.jpg", "image/jpeg")
CLIP = content("video", "clip.mp4", "video/mp4")
HOOK = {"uris": ["https://example.com/hook"], "user_metadata": {"job_id": "1"}}
BUCKET = {"output_gcs_uri": "gs://b/o/"}
MASK = {"image": gcs("m.png"), "mask_mode": "INSERT"}
ADVICE = {"negative_prompt": "blur", "enhance_prompt": True}
EVERYTHING = {
    **SOUND,
    **BUCKET,
    **ADVICE,
    "number_of_videos": 2,
    "seed": 7,
    "resolution": "4k",
    "person_generation": "allow_adult",
    "pubsub_topic": "projects/p/topics/t",
    "compression_quality": "LOSSLESS",
    "labels": {"team": "x"},
}

CALLS = {
    "developer_minimal": (developer, veo(PREVIEW)),
    "developer_text": (developer, veo(PREVIEW, **USUAL)),
    "developer_everything": (
        developer,
        veo(
            PREVIEW,
            **{**USUAL, "resolution": "1080p", "person_generation": "allow_all", **ADVICE},
            webhook_config=HOOK,
        ),
    ),
    "developer_image": (
        developer,
        veo(
            PREVIEW,
            image=image("tall.png"),
            **{**USUAL, "aspect_ratio": "9:16", "duration_seconds": 4, "person_generation": "allow_adult"},
        ),
    ),
    "developer_frames": (developer, veo(PREVIEW, image=image(), last_frame=jpeg(), **USUAL)),
    "developer_references": (
        developer,
        veo(PREVIEW, reference_images=[reference(image()), reference(jpeg())], **USUAL),
    ),
    "developer_extension": (developer, extension),
    "developer_extension_with_a_type": (
        developer,
        veo(PREVIEW, video=types.Video(uri=FILE, mime_type="video/mp4"), number_of_videos=1),
    ),
    "developer_two": (
        developer,
        veo("veo-2.0-generate-001", number_of_videos=2, duration_seconds=5, aspect_ratio="16:9"),
    ),
    "developer_finish": (developer, finish(veo(PREVIEW, **USUAL))),
    "developer_redirected_home": (developer, finish(veo(PREVIEW, **USUAL))),
    "developer_redirected_elsewhere": (developer, finish(veo(PREVIEW, **USUAL))),
    "developer_seed": (developer, veo(PREVIEW, seed=7, **USUAL)),
    "vertex_minimal": (vertex, veo(FULL)),
    "vertex_text": (vertex, veo(FULL, **SOUND)),
    "vertex_silent": (vertex, veo(FULL, **{**SOUND, "generate_audio": False, "duration_seconds": 4})),
    "vertex_everything_bucket": (vertex, veo(FULL, **EVERYTHING)),
    "vertex_fps": (vertex, veo(FULL, **SOUND, fps=24)),
    "vertex_image": (vertex, veo(FULL, image=image(), resize_mode="PAD", **SOUND)),
    "vertex_image_of_a_bucket": (vertex, veo(FULL, image=gcs("a.png"), resize_mode="CROP", **SOUND)),
    "vertex_frames": (vertex, veo(FULL, image=image(), last_frame=jpeg(), **SOUND)),
    "vertex_frames_of_a_bucket": (
        vertex,
        veo(FULL, image=gcs("a.png"), last_frame=gcs("z.jpg", "image/jpeg"), **SOUND),
    ),
    "vertex_assets": (
        vertex,
        veo(FULL, reference_images=[reference(gcs("r.png")), reference(image())], **SOUND),
    ),
    "vertex_style": (
        vertex,
        veo(
            EXPERIMENTAL,
            reference_images=[reference(jpeg(), "STYLE")],
            **{name: value for name, value in USUAL.items() if name != "resolution"},
        ),
    ),
    "vertex_extension": (vertex, veo(FULL, video=clip(), number_of_videos=1, generate_audio=True)),
    "vertex_extension_bucket": (
        vertex,
        veo(FULL, video=gcs_clip(), number_of_videos=1, generate_audio=True, **BUCKET),
    ),
    "vertex_mask": (vertex, veo(EXPERIMENTAL, video=gcs_clip(), mask=MASK, number_of_videos=1)),
    "vertex_webhook": (vertex, veo(FULL, webhook_config=HOOK)),
    "vertex_finish": (vertex, finish(veo(FULL, **SOUND))),
    "vertex_finish_bucket": (vertex, finish(veo(FULL, **SOUND, **BUCKET))),
    "vertex_paid_by_another": (paid_by_another, finish(veo(FULL, **SOUND))),
    "vertex_express": (express, finish(veo(FULL, **SOUND))),
    "vertex_with_a_key_at_hand": (with_a_key_at_hand, finish(veo(FULL, **SOUND))),
    "vertex_express_in_a_project": (express_in_a_project, finish(veo(FULL, **SOUND))),
    "omni_text": (developer, omni()),
    "omni_text_with_its_task": (developer, omni(task="text_to_video")),
    "omni_image": (developer, omni([PNG, words()], task="image_to_video")),
    "omni_frames": (developer, omni([PNG, JPEG, words()], task="image_to_video")),
    "omni_references": (developer, omni([PNG, JPEG, PNG, words()], task="reference_to_video")),
    "omni_film": (developer, omni([CLIP, words()], task="edit", previous="")),
    "omni_edit": (developer, omni("at night", task="edit", previous="v1_rec-1")),
    "omni_extend": (developer, omni("go on", task="extend", previous="v1_rec-1", duration="5s")),
    "omni_upscale": (developer, omni("larger", task="upscale", previous="v1_rec-1", resolution="1080p")),
    "omni_watch": (developer, watch(omni())),
    "omni_cancel": (developer, then(omni(), "cancel")),
    "omni_delete": (developer, then(omni(), "delete")),
    "omni_odd_id": (developer, lambda client: client.interactions.get("v1_a/b+c==")),
    "omni_inline": (developer, omni(delivery="inline")),
    "omni_vertex_text": (everywhere, on_vertex()),
    "omni_vertex_bucket": (everywhere, on_vertex(delivery="uri", gcs_uri="gs://b/o/")),
    "omni_vertex_image": (everywhere, on_vertex([PNG, words()], task="image_to_video")),
    "omni_vertex_image_of_a_bucket": (
        everywhere,
        on_vertex(
            [{"type": "image", "uri": "gs://b/a.png", "mime_type": "image/png"}, words()],
            task="image_to_video",
        ),
    ),
    "omni_vertex_film_of_a_bucket": (
        everywhere,
        on_vertex(
            [{"type": "video", "uri": "gs://b/in.mp4", "mime_type": "video/mp4"}, words()],
            task="extend",
            previous="",
            duration="5s",
        ),
    ),
    "omni_vertex_edit": (everywhere, on_vertex("at night", task="edit", previous="v1_rec-1")),
    "omni_vertex_watch": (everywhere, watch(on_vertex())),
    "omni_vertex_cancel": (everywhere, then(on_vertex(), "cancel")),
}

outcomes = {}
for name, (make, call) in CALLS.items():
    if name.partition("_")[0] not in told["kinds"]:
        continue
    with make(f"{told['url']}/{name}") as client:
        try:
            call(client)
            outcomes[name] = "sent"
        except ValueError as error:
            outcomes[name] = type(error).__name__
json.dump(outcomes, sys.stdout)
