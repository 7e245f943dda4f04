"""Drive the simulated Gemini Developer API through all that the SDK can do there with Veo; see ``touring.py``.

Key and address come from the environment, by the SDK's own variables.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from google import genai
from google.genai import types
from touring import encoded, finished, jpeg, outcome, png, reference, refusal, tour, with_header

FULL, FAST, LITE, OLD = (
    "veo-3.1-generate-preview",
    "veo-3.1-fast-generate-preview",
    "veo-3.1-lite-generate-preview",
    "veo-2.0-generate-001",
)
client = genai.Client()


def started(prompt="A fox, café", *, model=FULL, image=None, video=None, **config):
    source = types.GenerateVideosSource(prompt=prompt, image=image, video=video)
    return client.models.generate_videos(model=model, source=source, config=config or None)


def made(*given, **named):
    return finished(client, started(*given, **named))[0]


def only(operation):
    """Return the one film of an operation.

    The SDK finds a file's id only in an address that begins with https, which a simulator on a socket cannot have; the
    host it never looks at.
    """
    (video,) = operation.response.generated_videos
    video.video.uri = video.video.uri.replace("http://", "https://", 1)
    return video


def text():
    operation = started()
    began = {"name": operation.name, "done": operation.done, "response": operation.response}
    operation, waited = finished(client, operation)
    return {"began": began, "waited": waited, **outcome(operation)}


def downloaded():
    """Download by each thing that names a file."""
    video = only(made())
    uri = video.video.uri
    name = uri.partition("/files/")[2].partition(":")[0]
    file = client.files.get(name=f"files/{name}")
    ways = {
        "address": encoded(client.files.download(file=uri)),
        "file": encoded(client.files.download(file=file)),
        "generated video": encoded(client.files.download(file=video)),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        video.video.save(str(path))
        ways["saved"] = encoded(path.read_bytes())
    facts = {"state": file.state.name, "type": file.mime_type, "source": file.source.name, "uri": file.uri}
    return {"ways": ways, "file": facts, "name": name}


def modes():
    two = {"image": png(), "last_frame": jpeg()}
    three = [reference(picture) for picture in (png(), jpeg(), png())]
    settings = {
        "number_of_videos": 1,
        "duration_seconds": 8,
        "aspect_ratio": "16:9",
        "resolution": "1080p",
        "person_generation": "allow_all",
        "negative_prompt": "blur",
        "enhance_prompt": True,
        "webhook_config": {"uris": ["https://example.com/hook"], "user_metadata": {"job_id": "1"}},
    }
    films = {
        "image": made(image=png(), aspect_ratio="9:16", person_generation="allow_adult"),
        "image without a prompt": made(None, image=jpeg()),
        "first and last frame": made(**two, duration_seconds=8),
        "references": made(reference_images=three, duration_seconds=8),
        "references, fast": made(model=FAST, reference_images=three[:1], duration_seconds=8),
        "everything": made(**settings),
        "4k": made(resolution="4k", duration_seconds=8),
        "short": made(model=LITE, duration_seconds=4),
        "two of an old model": made(model=OLD, number_of_videos=2, person_generation="dont_allow"),
    }
    return {name: outcome(operation) for name, operation in films.items()}


def extended():
    """Extend a film twice; it must have been processed first."""
    video = only(made())
    name = video.video.uri.partition("/files/")[2].partition(":")[0]
    early = refusal(lambda: started(video=video.video))
    looks = 1
    while client.files.get(name=f"files/{name}").state.name != "ACTIVE":
        looks += 1
        assert looks < 50
    client.files.download(file=video)  # the SDK then holds the bytes, and must leave them out
    longer = only(made(None, video=video.video, number_of_videos=1, resolution="720p"))
    return {
        "early": early,
        "looks": looks,
        "longer": encoded(client.files.download(file=longer)),
        "another's": refusal(lambda: started(video=types.Video(uri="https://a.example/files/abc"))),
        "not by lite": refusal(lambda: started(model=LITE, video=video.video)),
        "with a media type": refusal(
            lambda: started(video=types.Video(uri=video.video.uri, mime_type="video/mp4"))
        ),
        "bytes": refusal(lambda: started(video=types.Video(video_bytes=b"x", mime_type="video/mp4"))),
    }


def ended():
    """Look at operations that end without a film."""
    markers = ("[filter]", "[filter:some]", "[filter:audio]", "[empty]", "[fail]")
    broken = ("[fail:unavailable]", "[fail:exhausted]")
    return {marker: outcome(made(f"A fox {marker}")) for marker in (*markers, *broken)}


def filtered_once():
    """Ask twice: the filter for sound errs at random."""
    return [outcome(made("A fox sings [filter:audio]")) for _ in range(2)]


def refused():
    wrong = genai.Client(api_key="AIza-another")
    gone = only(made("A fox [expire]")).video.uri
    unknown = types.GenerateVideosOperation(name=f"models/{FULL}/operations/none")
    full, three = {"duration_seconds": 8}, [reference(png())] * 3
    calls = {
        "model": lambda: started(model="veo-9.0-generate-001"),
        "model of the other surface": lambda: started(model="veo-3.1-generate-001"),
        "duration": lambda: started(duration_seconds=5),
        "duration of references": lambda: started(reference_images=three, duration_seconds=6),
        "duration of frames": lambda: started(image=png(), last_frame=jpeg(), duration_seconds=4),
        "resolution": lambda: started(resolution="480p"),
        "1080p and 6 s": lambda: started(resolution="1080p", duration_seconds=6),
        "4k of lite": lambda: started(model=LITE, resolution="4k", **full),
        "resolution of an old model": lambda: started(model=OLD, resolution="720p"),
        "aspect ratio": lambda: started(aspect_ratio="1:1"),
        "two films": lambda: started(number_of_videos=2),
        "people in a film from text": lambda: started(person_generation="allow_adult"),
        "people in a film from an image": lambda: started(image=png(), person_generation="allow_all"),
        "prompt not enhanced": lambda: started(enhance_prompt=False),
        "no prompt": lambda: started(None),
        "long prompt": lambda: started("fox " * 1025),
        "last frame alone": lambda: started(last_frame=png()),
        "image and references": lambda: started(image=png(), reference_images=three, **full),
        "four references": lambda: started(reference_images=[*three, reference(png())], **full),
        "references of lite": lambda: started(model=LITE, reference_images=three, **full),
        "picture that is none": lambda: started(image=types.Image(image_bytes=b"x", mime_type="image/png")),
        "picture in WebP": lambda: started(image=types.Image(image_bytes=b"x", mime_type="image/webp")),
        "plain webhook": lambda: started(webhook_config={"uris": ["http://example.com/hook"]}),
        "prompt against the rules": lambda: started("[block]"),
        "image against the rules": lambda: started("[block:image]", image=png()),
        "quota": lambda: started("[429]"),
        "quota without advice": lambda: started("[429:bare]"),
        "rate": lambda: started(**with_header("x-limit-rate")),
        "error in an array": lambda: started(duration_seconds=5, **with_header("x-error-in-array")),
        "region": lambda: started(person_generation="allow_all", **with_header("x-restricted")),
        "broken server": lambda: started(**with_header("x-broken")),
        "unknown operation": lambda: client.operations.get(unknown),
        "unknown file": lambda: client.files.get(name="files/none"),
        "expired file": lambda: client.files.download(file=gone),
        "wrong key": lambda: wrong.models.generate_videos(model=FULL, prompt="p"),
        "no key": lambda: client.files.download(file=gone, config=with_header("x-no-key")),
    }
    return {name: refusal(call) for name, call in calls.items()}


def refused_by_the_sdk():
    """What the SDK does not send to this surface."""
    gcs = types.Image(gcs_uri="gs://b/a.png", mime_type="image/png")
    calls = {
        "seed": lambda: started(seed=7),
        "fps": lambda: started(fps=24),
        "generate_audio": lambda: started(generate_audio=False),
        "compression_quality": lambda: started(compression_quality="LOSSLESS"),
        "resize_mode": lambda: started(image=png(), resize_mode="CROP"),
        "output_gcs_uri": lambda: started(output_gcs_uri="gs://b/o/"),
        "pubsub_topic": lambda: started(pubsub_topic="projects/p/topics/t"),
        "labels": lambda: started(labels={"team": "x"}),
        "mask": lambda: started(mask={"image": png(), "mask_mode": "INSERT"}),
        "gcs image": lambda: started(image=gcs),
    }
    return {name: refusal(call) for name, call in calls.items()}


def models():
    described = client.models.get(model=FULL)
    listed = [model.name for model in client.models.list(config={"page_size": 3})]
    return {"described": described.name, "actions": described.supported_actions, "listed": listed}


def key_in_another_variable():
    """GEMINI_API_KEY is read when GOOGLE_API_KEY is not there."""
    other = genai.Client(api_key=None)
    os.environ["GEMINI_API_KEY"] = os.environ.pop("GOOGLE_API_KEY")
    try:
        renamed = genai.Client()
        return [c.models.get(model=FULL).name for c in (other, renamed)]
    finally:
        os.environ["GOOGLE_API_KEY"] = os.environ.pop("GEMINI_API_KEY")


def awaited():
    async def journey():
        aclient = client.aio
        operation = await aclient.models.generate_videos(model=FULL, prompt="A fox", config={})
        while not operation.done:
            operation = await aclient.operations.get(operation)
        return {
            **outcome(operation),
            "film": encoded(await aclient.files.download(file=only(operation))),
        }

    return asyncio.run(journey())


def retired():
    """Ask for models on a day on which they are gone."""
    today = with_header("x-today")
    names = (FULL, FAST, LITE, OLD, "veo-3.0-generate-preview", "veo-3.1-generate-001")
    starts = {name: refusal(lambda n=name: started(model=n, **today)) for name in names}
    looks = {name: refusal(lambda n=name: client.models.get(model=n, config=today)) for name in names}
    return {"starts": starts, "looks": looks}


tour(
    text,
    downloaded,
    modes,
    extended,
    ended,
    filtered_once,
    refused,
    refused_by_the_sdk,
    models,
    key_in_another_variable,
    awaited,
    retired,
)
