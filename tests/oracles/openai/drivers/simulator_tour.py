"""Drive the simulator through everything that the SDK can do with videos.

Standard input: ``{"url": base URL, "media": folder, "stops": names}``. Printed is, for each stop of
the tour, ``{"value": …}`` or ``{"trace": …}``; exceptions of the API that a stop expects are part of its value.
"""

import asyncio
import base64
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

import openai

told = json.load(sys.stdin)
media = Path(told["media"])
KEY = "sk-simulated"
IN_JSON = {"Content-Type": "application/json"}
WIDE = {"prompt": "A fox, café", "model": "sora-2", "seconds": "4", "size": "1280x720"}
client = openai.OpenAI(api_key=KEY, base_url=told["url"], max_retries=0)
videos = client.videos


def plain(model):
    return model.to_dict(mode="json")


def refusal(call):
    """Return what the SDK raises."""
    try:
        call()
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "type": error.type,
            "message": error.message,
            "request_id": error.request_id,
        }
    return {"class": None}


def data_url(name, media_type):
    return f"data:{media_type};base64,{base64.b64encode(media.joinpath(name).read_bytes()).decode()}"


def finished(**asked):
    return videos.create_and_poll(**{**WIDE, **asked}, poll_interval_ms=1)


def created():
    video = videos.create(prompt="A fox, café", model="sora-2-pro", seconds="12", size="1792x1024")
    return {"class": type(video).__name__, "video": plain(video), "extra": sorted(video.model_extra or {})}


def created_with_defaults():
    return plain(videos.create(prompt="A fox"))


def images():
    path = media / "wide.png"
    with path.open("rb") as file:
        made = {
            "tuple": videos.create(**WIDE, input_reference=("a.png", path.read_bytes(), "image/png")),
            "path": videos.create(**WIDE, input_reference=path),
            "open file": videos.create(**WIDE, input_reference=file),
            "jpeg": videos.create(**WIDE, input_reference=media / "wide.jpg"),
            "webp": videos.create(**WIDE, input_reference=media / "wide.webp"),
        }
    return {name: video.status for name, video in made.items()}


def image_url():
    reference = {"input_reference": {"image_url": data_url("wide.jpg", "image/jpeg")}}
    return {
        "as the SDK encodes it": videos.create(**WIDE, extra_body=reference).status,
        "json": videos.create(**WIDE, extra_body=reference, extra_headers=IN_JSON).status,
    }


def whole_seconds():
    """An int: text in a form, refused in JSON."""
    return {
        "own": refusal(lambda: videos.create(prompt="p", seconds=4)),
        "json": refusal(lambda: videos.create(prompt="p", seconds=4, extra_headers=IN_JSON)),
    }


def statuses():
    video = videos.create(**WIDE)
    seen = [(video.status, video.progress)]
    while video.status not in ("completed", "failed"):
        video = videos.retrieve(video.id)
        seen.append((video.status, video.progress))
    return {"seen": seen, "video": plain(video)}


def polled():
    """Poll with an interval and by the header; kept is how long the SDK meant to sleep."""
    pauses, sleep = [], time.sleep
    time.sleep = pauses.append
    try:
        quick = videos.create_and_poll(**WIDE, poll_interval_ms=30)
        by_interval = pauses.copy()
        pauses.clear()
        advised = videos.create_and_poll(prompt="as the header says")
    finally:
        time.sleep = sleep
    return {
        "interval": {"video": plain(quick), "pauses": by_interval},
        "header": {"video": plain(advised), "pauses": pauses},
    }


def failed():
    return {marker: plain(finished(prompt=f"A fox {marker}")) for marker in ("[moderation:job]", "[fail]")}


def listed():
    for _ in range(5):
        videos.create(prompt="one of many")
    newest = [video.id for video in videos.list(limit=3)]
    oldest = [video.id for video in videos.list(limit=4, order="asc")]
    page = videos.list(limit=2, order="asc")
    return {
        "newest": newest,
        "oldest": oldest,
        "page": [video.id for video in page.data],
        "has_more": page.has_more,
        "next": [video.id for video in page.get_next_page().data],
        "default": len(videos.list().data),
        "after": [video.id for video in videos.list(after=newest[0], limit=2).data],
    }


def contents():
    video = finished()
    kept = {}
    for variant in (None, "video", "thumbnail", "spritesheet"):
        answer = videos.download_content(video.id, **({"variant": variant} if variant else {}))
        kept[str(variant)] = {
            "type": answer.response.headers["content-type"],
            "bytes": base64.b64encode(answer.read()).decode(),
        }
    return kept


def streamed():
    """Stream a whole real film to a file."""
    video = finished(seconds="4")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        with videos.with_streaming_response.download_content(video.id) as answer:
            answer.stream_to_file(path)
        return base64.b64encode(path.read_bytes()).decode()


def remixed():
    source = finished(seconds="8", model="sora-2-pro")
    return {"source": plain(source), "remix": plain(videos.remix(source.id, prompt="teal"))}


def deleted():
    video = videos.create(**WIDE)
    return {
        "id": video.id,
        "answer": plain(videos.delete(video.id)),
        "after": {
            "retrieve": refusal(lambda: videos.retrieve(video.id)),
            "content": refusal(lambda: videos.download_content(video.id)),
            "delete": refusal(lambda: videos.delete(video.id)),
        },
        "still listed": video.id in [other.id for other in videos.list(limit=100)],
    }


def refused():
    path = media / "wide.png"
    fails = finished(prompt="[fail]")
    expired = finished(prompt="[expire]")
    wrong = client.with_options(api_key="sk-proj-0123456789012345678")
    limited = {"x-limit-rate": "1"}
    calls = {
        "picture without a type": lambda: videos.create(**WIDE, input_reference=path.read_bytes()),
        "picture of another size": lambda: videos.create(**WIDE, input_reference=media / "tall.png"),
        "picture that is none": lambda: videos.create(**WIDE, input_reference=("a.png", b"x", "image/png")),
        "picture as text": lambda: videos.create(**WIDE, extra_body={"input_reference": "a.png"}),
        "picture by two names": lambda: videos.create(
            **WIDE, extra_body={"input_reference": {"image_url": "data:,x", "file_id": "file-1"}}
        ),
        "seconds": lambda: videos.create(prompt="p", seconds="5"),
        "size": lambda: videos.create(prompt="p", size="1792x1024"),
        "model": lambda: videos.create(prompt="p", model="sora-9"),
        "empty prompt": lambda: videos.create(prompt=""),
        "long prompt": lambda: videos.create(prompt="x" * 32_001),
        "no prompt": lambda: client.post("/videos", body={"model": "sora-2"}, cast_to=object),
        "unknown field": lambda: videos.create(prompt="p", extra_body={"seed": 7}),
        "characters in a form": lambda: videos.create(
            prompt="p",
            input_reference=media / "tall.png",
            extra_body={"characters": [{"id": "char_1"}]},
        ),
        "moderation": lambda: videos.create(prompt="[moderation:create]"),
        "unknown video": lambda: videos.retrieve("video_0"),
        "id with a slash": lambda: videos.retrieve("video_a/b"),
        "content too early": lambda: videos.download_content(videos.create(**WIDE).id),
        "content of a failure": lambda: videos.download_content(fails.id),
        "content that expired": lambda: videos.download_content(expired.id),
        "variant": lambda: videos.download_content(expired.id, variant="gif"),
        "remix too early": lambda: videos.remix(videos.create(**WIDE).id, prompt="p"),
        "limit": lambda: videos.list(limit=101),
        "order": lambda: videos.list(order="up"),
        "wrong key": wrong.videos.list,
        "no key": lambda: videos.list(extra_headers={"Authorization": ""}),
        "rate": lambda: videos.create(**WIDE, extra_headers=limited),
        "no such route": lambda: client.get("/videos/a/b/c", cast_to=object),
    }
    return {name: refusal(call) for name, call in calls.items()}


def has_new_methods():
    return [name for name in ("edit", "extend", "create_character", "get_character") if hasattr(videos, name)]


def edited():
    clip = ("a.mp4", media.joinpath("clip.mp4").read_bytes(), "video/mp4")
    source = finished(seconds="8")
    return {
        "upload": plain(videos.edit(prompt="at night", video=clip)),
        "upload with a model": plain(
            videos.edit(prompt="at night", video=clip, extra_body={"model": "sora-2-pro"})
        ),
        "longer upload": plain(videos.extend(prompt="go on", seconds="8", video=clip)),
        "id": client.post("/videos/edits", body={"prompt": "p", "video": {"id": source.id}}, cast_to=object),
        "longer id": client.post(
            "/videos/extensions",
            body={"prompt": "p", "seconds": "4", "video": {"id": source.id}},
            cast_to=object,
        ),
        "picture": refusal(lambda: videos.edit(prompt="p", video=media / "wide.png")),
        "unknown id": refusal(
            lambda: client.post("/videos/edits", body={"prompt": "p", "video": {"id": "v"}}, cast_to=object)
        ),
    }


def characters():
    clip = ("a.mp4", media.joinpath("clip.mp4").read_bytes(), "video/mp4")
    made = videos.create_character(name="Mossy", video=clip)
    use = {"extra_body": {"characters": [{"id": made.id}]}, "extra_headers": IN_JSON}
    return {
        "class": type(made).__name__,
        "made": plain(made),
        "got": plain(videos.get_character(made.id)),
        "used": plain(videos.create(prompt="Mossy runs", **use)),
        "not named": refusal(lambda: videos.create(prompt="A fox runs", **use)),
        "unknown": refusal(lambda: videos.get_character("char_0")),
        "long name": refusal(lambda: videos.create_character(name="M" * 81, video=clip)),
        "picture": refusal(lambda: videos.create_character(name="M", video=media / "wide.png")),
    }


def awaited():
    async def tour():
        async with openai.AsyncOpenAI(api_key=KEY, base_url=told["url"], max_retries=0) as aclient:
            path = media / "wide.png"
            made = await aclient.videos.create(**WIDE)
            seen = await aclient.videos.retrieve(made.id)
            with_image = await aclient.videos.create(
                **WIDE, input_reference=("a.png", path.read_bytes(), "image/png")
            )
            done = await aclient.videos.poll(made.id, poll_interval_ms=1)
            content = await aclient.videos.download_content(made.id, variant="thumbnail")
            listed = [video.id async for video in aclient.videos.list(limit=2)]
            return {
                "made": plain(made),
                "seen": plain(seen),
                "with image": plain(with_image),
                "done": plain(done),
                "thumbnail": base64.b64encode(content.content).decode(),
                "newest": listed[:2],
                "deleted": plain(await aclient.videos.delete(with_image.id)),
            }

    return asyncio.run(tour())


def everything():
    """List all that was accepted and not deleted."""
    return [video.id for video in videos.list(limit=100)]


STOPS = (
    created,
    created_with_defaults,
    images,
    image_url,
    whole_seconds,
    statuses,
    polled,
    failed,
    listed,
    contents,
    streamed,
    remixed,
    deleted,
    refused,
    has_new_methods,
    edited,
    characters,
    awaited,
    everything,
)

told_by_stop = {}
for stop in STOPS:
    name = stop.__name__
    if name not in told["stops"]:
        continue
    try:
        told_by_stop[name] = {"value": stop()}
    except Exception:  # noqa: BLE001  the test says it
        told_by_stop[name] = {"trace": traceback.format_exc()}
client.close()
json.dump(told_by_stop, sys.stdout)
