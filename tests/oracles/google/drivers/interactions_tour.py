"""Drive simulated Interactions, on both surfaces, through all that the SDK can do there with Omni; see ``touring.py``.

The developer API's key and address come from the environment. Its errors are a family of their own.
"""

import asyncio
import base64
import urllib.request
from urllib.parse import quote

from google import genai
from google.genai import _interactions as exceptions
from google.oauth2.credentials import Credentials
from touring import ONCE, encoded, media, tour, url

MODEL = "gemini-omni-1.1-flash"
TOKEN = "ya29.simulated"
BUCKET = "gs://simulated-bucket"
developer = genai.Client(http_options=ONCE)
vertex = genai.Client(
    enterprise=True,
    project="simulated-project",
    location="global",
    credentials=Credentials(TOKEN),
    http_options={"base_url": url, **ONCE},
)
SURFACES = {"developer": developer, "vertex": vertex}


def created(client, given="A fox, café", *, task=None, model=MODEL, background=True, **more):
    config = {"generation_config": {"video_config": {"task": task}}} if task else {}
    return client.interactions.create(model=model, input=given, background=background, **config, **more)


def finished(client, interaction):
    seen = [interaction.status]
    while interaction.status in {"queued", "in_progress"}:
        assert len(seen) < 50
        interaction = client.interactions.get(interaction.id)
        seen.append(interaction.status)
    return interaction, seen


def made(client, *given, **named):
    return finished(client, created(client, *given, **named))[0]


def outcome(interaction):
    video = interaction.output_video
    return {
        "class": type(interaction).__name__,
        "id": interaction.id,
        "model": interaction.model,
        "status": interaction.status,
        "previous": interaction.previous_interaction_id,
        "text": interaction.output_text,
        "video": None
        if video is None
        else {"uri": video.uri, "type": video.mime_type, "bytes": video.data and str(video.data)},
        "errors": [error.message for error in interaction.errors or []],
        "tokens": None
        if interaction.usage is None
        else {
            modality.modality: modality.tokens
            for modality in interaction.usage.output_tokens_by_modality or []
        },
        "dated": bool(interaction.created and interaction.updated),
    }


def data(name):
    return base64.b64encode(media.joinpath(name).read_bytes()).decode()


def picture(name, media_type):
    return {"type": "image", "data": data(name), "mime_type": media_type}


def words(said):
    return {"type": "text", "text": said}


PNG, JPEG = picture("wide.png", "image/png"), picture("wide.jpg", "image/jpeg")
CLIP = {"type": "video", "data": data("clip.mp4"), "mime_type": "video/mp4"}


def form(**chosen):
    return {"response_format": {"type": "video", **chosen}}


def by_address(name):
    """Return what asks for an address in place of bytes: on Vertex it says where the film goes, too."""
    return form(delivery="uri", **({"gcs_uri": f"{BUCKET}/omni"} if name == "vertex" else {}))


def film_at(name, address):
    """Read a film by its address: with the SDK on the developer API, from the bucket on Vertex."""
    if name == "developer":
        return SURFACES[name].files.download(file=address.replace("http://", "https://", 1))
    bucket, _, path = address.removeprefix("gs://").partition("/")
    place = f"{url}/storage/v1/b/{bucket}/o/{quote(path, safe='')}?alt=media"
    asked = urllib.request.Request(place, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(asked) as answer:
        return answer.read()


def on_both(call):
    return {name: call(name, client) for name, client in SURFACES.items()}


def text():
    def stop(name, client):
        chosen = by_address(name)
        chosen["response_format"].update(aspect_ratio="16:9", duration="8s", resolution="720p")
        interaction, seen = finished(client, created(client, task="text_to_video", store=True, **chosen))
        told = outcome(interaction)
        return {"seen": seen, "film": encoded(film_at(name, told["video"]["uri"])), **told}

    return on_both(stop)


def inline():
    return on_both(lambda name, client: outcome(made(client, **form(delivery="inline", duration="3s"))))


def waited_for():
    """Without background the answer holds the film."""
    return on_both(lambda name, client: outcome(created(client, background=False)))


def tasks():
    def stop(name, client):
        first = made(client, "A fox")
        chained = {"previous_interaction_id": first.id}
        films = {
            "image": made(client, [PNG, words("pan")], task="image_to_video"),
            "two images": made(client, [PNG, JPEG, words("morph")], task="image_to_video"),
            "references": made(client, [PNG, JPEG, PNG, words("dress")], task="reference_to_video"),
            "no task": made(client, [PNG, words("pan")]),
            "steps": made(client, [{"type": "user_input", "content": [PNG, words("pan")]}]),
            "edit": made(client, "at night", task="edit", **chained),
            "extend": made(client, "go on", task="extend", **chained, **form(duration="5s")),
            "upscale": made(client, "larger", task="upscale", **chained, **form(resolution="1080p")),
            "edit of a file": made(client, [CLIP, words("at night")], task="edit"),
            "newer model": made(client, model="gemini-omni-1.2-flash", **form(duration="15s")),
        }
        return {"first": first.id, **{key: outcome(film) for key, film in films.items()}}

    return on_both(stop)


def ended():
    markers = ("[filter]", "[fail]", "[empty]", "[status:incomplete]", "[status:requires_action]")
    more = ("[status:budget_exceeded]", "[status:requires_continuation]")
    return on_both(
        lambda name, client: {
            marker: outcome(made(client, f"A fox {marker}")) for marker in (*markers, *more)
        }
    )


def cancelled():
    def stop(name, client):
        over = made(client)
        running = created(client)
        return {
            "answer": outcome(client.interactions.cancel(running.id)),
            "later": outcome(client.interactions.get(running.id)),
            "over": refusal(lambda: client.interactions.cancel(over.id)),
            "again": refusal(lambda: client.interactions.cancel(running.id)),
        }

    return on_both(stop)


def deleted():
    def stop(name, client):
        over = made(client)
        client.interactions.delete(over.id)
        return refusal(lambda: client.interactions.get(over.id))

    return on_both(stop)


def refusal(call):
    """Return what the SDK raises."""
    try:
        call()
    except exceptions.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": body.get("error", {}).get("code"),
            "message": error.message,
        }
    return {"class": None}


def refused():
    wrong = {
        "developer": genai.Client(api_key="AIza-another", http_options=ONCE),
        "vertex": genai.Client(
            enterprise=True,
            project="simulated-project",
            location="global",
            credentials=Credentials("ya29.another"),
            http_options={"base_url": url, **ONCE},
        ),
    }
    regional = genai.Client(
        enterprise=True,
        project="simulated-project",
        location="us-central1",
        credentials=Credentials(TOKEN),
        http_options={"base_url": url, **ONCE},
    )

    def stop(name, client):
        def marked(header):
            return {"extra_headers": {header: "1"}}

        calls = {
            "unknown id": lambda: client.interactions.get("v1_none"),
            "unknown previous": lambda: created(client, task="edit", previous_interaction_id="v1_none"),
            "model": lambda: created(client, model="gemini-omni-9-flash"),
            "Veo": lambda: created(client, model="veo-3.1-generate-001"),
            "duration too long": lambda: created(client, **form(duration="11s")),
            "duration as a number": lambda: created(
                client, extra_body={"response_format": {"type": "video", "duration": 8}}
            ),
            "aspect ratio": lambda: created(client, **form(aspect_ratio="1:1")),
            "resolution": lambda: created(client, **form(resolution="8k")),
            "text with an image": lambda: created(client, [PNG, words("pan")], task="text_to_video"),
            "image without one": lambda: created(client, task="image_to_video"),
            "edit of nothing": lambda: created(client, task="edit"),
            "not stored in the background": lambda: created(client, store=False),
            "temperature": lambda: client.interactions.create(
                model=MODEL, input="p", generation_config={"temperature": 1}
            ),
            "instruction": lambda: created(client, system_instruction="be brief"),
            "quota": lambda: created(client, "[429]"),
            "rate": lambda: created(client, **marked("x-limit-rate")),
            "never an answer": lambda: created(client, "[endless]", background=False),
            "broken server": lambda: created(client, **marked("x-broken")),
            "region": lambda: created(
                client, [CLIP, words("at night")], task="edit", **marked("x-restricted")
            ),
            "wrong credential": lambda: created(wrong[name]),
        }
        if name == "vertex":
            calls["address without a bucket"] = lambda: created(client, **form(delivery="uri"))
            calls["location"] = lambda: created(regional)
            calls["webhook"] = lambda: created(client, webhook_config={"uris": ["https://example.com/hook"]})
        else:
            calls["bucket"] = lambda: created(client, **form(delivery="uri", gcs_uri=f"{BUCKET}/o"))
            calls["labels"] = lambda: created(client, labels={"team": "x"})
        return {key: refusal(call) for key, call in calls.items()}

    return on_both(stop)


def retried():
    """Say how often the SDK asks by itself when it is not told to ask once."""
    patient = genai.Client(
        http_options={"retry_options": {"attempts": 3, "initial_delay": 0.001, "max_delay": 0.001}}
    )
    return refusal(lambda: created(patient, "[429] three times"))


def awaited():
    async def journey():
        client = genai.Client(http_options=ONCE).aio
        interaction = await client.interactions.create(model=MODEL, input="A fox", background=True)
        while interaction.status in {"queued", "in_progress"}:
            interaction = await client.interactions.get(interaction.id)
        return outcome(interaction)

    return asyncio.run(journey())


def retired():
    names = ("gemini-omni-flash-preview", MODEL, "gemini-omni-1.2-flash")
    today = {"extra_headers": {"x-today": "1"}}
    return on_both(
        lambda _, client: {name: refusal(lambda n=name: created(client, model=n, **today)) for name in names}
    )


tour(text, inline, waited_for, tasks, ended, cancelled, deleted, refused, retried, awaited, retired)
