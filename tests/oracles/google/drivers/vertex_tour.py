"""Drive simulated Vertex AI through all that the SDK can do there with Veo; see ``touring.py``.

The address comes from the environment, by the SDK's own variable GOOGLE_VERTEX_BASE_URL. That one is looked at only when
``vertexai`` is an argument, and then project and location, or the key, have to be arguments, too: of those of the
environment the SDK makes no address. The SDK reads no buckets: what lies there is read with plain HTTP.
"""

import asyncio
import json
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from touring import encoded, finished, jpeg, media, outcome, png, reference, refusal, tour, url, with_header

FULL, FAST, LITE, EXPERIMENTAL = (
    "veo-3.1-generate-001",
    "veo-3.1-fast-generate-001",
    "veo-3.1-lite-generate-001",
    "veo-2.0-generate-exp",
)
KEY, TOKEN = "AIza-simulated", "ya29.simulated"
PROJECT, LOCATION = os.environ["GOOGLE_CLOUD_PROJECT"], os.environ["GOOGLE_CLOUD_LOCATION"]
BUCKET = "gs://simulated-bucket"


def at(project=PROJECT, location=LOCATION, token=TOKEN, quota_project=None):
    credentials = Credentials(token, quota_project_id=quota_project)
    return genai.Client(vertexai=True, project=project, location=location, credentials=credentials)


client = at()


def started(prompt="A fox, café", *, model=FULL, image=None, video=None, by=None, **config):
    source = types.GenerateVideosSource(prompt=prompt, image=image, video=video)
    return (by or client).models.generate_videos(model=model, source=source, config=config or None)


def made(*given, by=None, **named):
    return finished(by or client, started(*given, by=by, **named))[0]


def stored(address, *, token=TOKEN):
    """Read an object by Cloud Storage's JSON API."""
    bucket, _, name = address.removeprefix("gs://").partition("/")
    place = f"{url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(place, headers=headers)) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.code


def put(name, content, media_type):
    """Put an object into the bucket and return its address."""
    place = f"{url}/upload/storage/v1/b/simulated-bucket/o?uploadType=media&name={quote(name, safe='')}"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media_type}
    with urllib.request.urlopen(urllib.request.Request(place, content, headers, method="POST")) as answer:
        json.load(answer)
    return f"{BUCKET}/{name}"


def uploaded(name, media_type):
    return put(f"in/{name}", media.joinpath(name).read_bytes(), media_type)


def gcs_image():
    return types.Image(gcs_uri=uploaded("wide.png", "image/png"), mime_type="image/png")


def clip():
    return types.Video(video_bytes=media.joinpath("clip.mp4").read_bytes(), mime_type="video/mp4")


def gcs_clip():
    return types.Video(uri=uploaded("clip.mp4", "video/mp4"), mime_type="video/mp4")


def text():
    operation = started()
    began = {"name": operation.name, "done": operation.done, "response": operation.response}
    operation, waited = finished(client, operation)
    return {"began": began, "waited": waited, **outcome(operation)}


def saved():
    """Save the bytes that came inline; download is not for this surface."""
    (generated,) = made().response.generated_videos
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        generated.video.save(str(path))
        content = encoded(path.read_bytes())
    return {"content": content, "download": refusal(lambda: client.files.download(file=generated))}


def everything():
    config = {
        "number_of_videos": 2,
        "output_gcs_uri": f"{BUCKET}/o/",
        "fps": 24,
        "duration_seconds": 8,
        "seed": 7,
        "aspect_ratio": "16:9",
        "resolution": "4k",
        "person_generation": "allow_adult",
        "pubsub_topic": "projects/p/topics/t",
        "negative_prompt": "blur",
        "enhance_prompt": True,
        "generate_audio": True,
        "compression_quality": "LOSSLESS",
        "resize_mode": "CROP",
        "labels": {"team": "x"},
    }
    told = outcome(made(**config))
    films = [encoded(stored(video["uri"])) for video in told["videos"]]
    return {"outcome": told, "films": films, "without a token": stored(told["videos"][0]["uri"], token=None)}


def modes():
    assets = [reference(picture) for picture in (png(), jpeg(), gcs_image())]
    mask = {"image": gcs_image(), "mask_mode": "INSERT"}
    films = {
        "image": made(image=png(), resize_mode="PAD"),
        "image of a bucket": made(None, image=gcs_image()),
        "first and last frame": made(image=png(), last_frame=jpeg(), duration_seconds=6),
        "frames of a bucket": made(image=gcs_image(), last_frame=gcs_image()),
        "assets": made(reference_images=assets, duration_seconds=8),
        "assets, fast": made(model=FAST, reference_images=assets[:1]),
        "style": made(model=EXPERIMENTAL, reference_images=[reference(jpeg(), "STYLE")]),
        "extension": made(None, video=clip()),
        "extension of an object": made(model=LITE, video=gcs_clip(), output_gcs_uri=f"{BUCKET}/o/"),
        "mask": made("a bike", model=EXPERIMENTAL, video=gcs_clip(), mask=mask),
        "silent": made(generate_audio=False, duration_seconds=4),
        "publisher's name": made(model=f"publishers/google/models/{FULL}"),
        "whole name": made(model=f"projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/{FULL}"),
    }
    return {name: outcome(operation) for name, operation in films.items()}


def whole():
    """Make a film that is what was asked for, and not the one for everybody."""
    (upright,) = made(duration_seconds=4, aspect_ratio="9:16", generate_audio=False).response.generated_videos
    return encoded(upright.video.video_bytes)


def extended_again():
    """Extend a film of an operation by its address."""
    (first,) = made(output_gcs_uri=f"{BUCKET}/first").response.generated_videos
    again = made(video=first.video, output_gcs_uri=f"{BUCKET}/second")
    return {"first": first.video.uri, "again": outcome(again)}


def ended():
    """Look at operations that end with fewer films, or with none."""
    four = {"number_of_videos": 4}
    markers = ("[filter]", "[empty]", "[block]", "[fail]", "[fail:unavailable]", "[fail:exhausted]")
    told = {marker: outcome(made(f"A fox {marker}")) for marker in markers}
    told["[block:image]"] = outcome(made("A fox [block:image]", image=png()))
    told["[filter:some] of 4"] = outcome(made("A fox [filter:some]", **four))
    told["[filter] of 4"] = outcome(made("A fox [filter]", **four, output_gcs_uri=f"{BUCKET}/o"))
    return told


def accepted_and_failed():
    """Look at what the start takes and the operation fails for."""
    missing = types.Image(gcs_uri=f"{BUCKET}/none.png", mime_type="image/png")
    three = [reference(png())] * 3
    calls = {
        "duration": lambda: made(duration_seconds=5),
        "duration of references": lambda: made(reference_images=three, duration_seconds=6),
        "prompt not enhanced": lambda: made(enhance_prompt=False),
        "frames per second": lambda: made(fps=30),
        "4k of lite": lambda: made(model=LITE, resolution="4k"),
        "references of lite": lambda: made(model=LITE, reference_images=three),
        "picture that is none": lambda: made(image=types.Image(image_bytes=b"x", mime_type="image/png")),
        "picture that is missing": lambda: made(image=missing),
        "bucket that is missing": lambda: made(output_gcs_uri="gs://none-of-ours/o"),
        "bucket that is not writable": lambda: made(output_gcs_uri="gs://simulated-readonly-bucket/o"),
    }
    return {name: outcome(call()) for name, call in calls.items()}


def refused():
    elsewhere, stranger = at(location="europe-west4"), at(project="another-project")
    wrong = at(token="ya29.another")
    none = f"projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/{FULL}/operations/none"
    unknown = types.GenerateVideosOperation(name=none)
    four = [reference(png())] * 4
    calls = {
        "model": lambda: started(model="veo-9.0-generate-001"),
        "model of the other surface": lambda: started(model="veo-3.1-lite-generate-preview"),
        "location": lambda: started(by=elsewhere),
        "project": lambda: started(by=stranger),
        "token": lambda: started(by=wrong),
        "expired token": lambda: started(**with_header("x-expired")),
        "five films": lambda: started(number_of_videos=5),
        "aspect ratio": lambda: started(aspect_ratio="1:1"),
        "storage": lambda: started(output_gcs_uri="/a/folder"),
        "topic": lambda: started(pubsub_topic="a topic"),
        "label": lambda: started(labels={"team": "x" * 64}),
        "last frame alone": lambda: started(last_frame=png()),
        "image and references": lambda: started(image=png(), reference_images=four[:1]),
        "four references": lambda: started(reference_images=four),
        "mask alone": lambda: started(mask={"image": png(), "mask_mode": "INSERT"}),
        "picture in WebP": lambda: started(image=types.Image(image_bytes=b"x", mime_type="image/webp")),
        "quota": lambda: started("[429]"),
        "rate": lambda: started(**with_header("x-limit-rate")),
        "error in an array": lambda: started(aspect_ratio="1:1", **with_header("x-error-in-array")),
        "broken server": lambda: started(**with_header("x-broken")),
        "unknown operation": lambda: client.operations.get(unknown),
        "webhook": lambda: started(webhook_config={"uris": ["https://example.com/hook"]}),
    }
    return {name: refusal(call) for name, call in calls.items()}


def billed_to_another_project():
    return outcome(made(by=at(quota_project="paying-project")))


def express():
    """Use an API key and no project."""
    alone, wrong = (genai.Client(vertexai=True, api_key=key) for key in (KEY, "AIza-another"))
    return {
        "alone": outcome(made(by=alone)),
        "wrong": refusal(lambda: started(by=wrong)),
    }


def service_account():
    """Let the SDK find a service account's key by its own variable and fetch a token with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "key-1",
        "private_key": pem.decode(),
        "client_email": f"films@{PROJECT}.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "account.json")
        path.write_text(json.dumps(account))
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)
        try:
            return outcome(made(by=genai.Client(vertexai=True, project=PROJECT, location=LOCATION)))
        finally:
            del os.environ["GOOGLE_APPLICATION_CREDENTIALS"]


def awaited():
    async def journey():
        operation = await client.aio.models.generate_videos(model=FULL, prompt="A fox", config={})
        while not operation.done:
            operation = await client.aio.operations.get(operation)
        return outcome(operation)

    return asyncio.run(journey())


def retired():
    names = (
        "veo-2.0-generate-001",
        "veo-3.0-generate-001",
        "veo-3.1-generate-preview",
        EXPERIMENTAL,
        FULL,
        FAST,
        LITE,
    )
    today = with_header("x-today")
    return {name: refusal(lambda n=name: started(model=n, **today)) for name in names}


tour(
    text,
    saved,
    everything,
    modes,
    whole,
    extended_again,
    ended,
    accepted_and_failed,
    refused,
    billed_to_another_project,
    express,
    service_account,
    awaited,
    retired,
)
