"""Make each call of the SDK once, each at an address of its own, for a recorder.

Standard input: ``{"url": …, "media": folder, "calls": [names]}``; a call goes to ``url/NAME/v1``. Printed are the
names, and for a call that the SDK refuses before anything is sent the class of its exception.
"""

import json
import sys
from pathlib import Path

import openai

told = json.load(sys.stdin)
media = Path(told["media"])

MODEL = "sora-2"
PROMPT = "A fox in the café, 狐"
IN_JSON = {"Content-Type": "application/json"}
SIZED = {"prompt": PROMPT, "model": MODEL, "seconds": "8", "size": "1280x720"}


def file(name, media_type):
    """Return a file as the SDK wants it: with a name and a type."""
    return (name, media.joinpath(name).read_bytes(), media_type)


def referenced(client, **image):
    """Make a film from a picture that is named; the SDK has only the raw way."""
    client.videos.create(**SIZED, extra_body={"input_reference": image}, extra_headers=IN_JSON)


def raw(client, path, **body):
    """Post JSON to a route whose typed method would refuse an object."""
    client.post(path, body=body, cast_to=object)


def finished(client):
    client.videos.retrieve("video_rec1")
    client.videos.download_content("video_rec1").read()


def odd_id(client):
    client.videos.retrieve("video_a/b+c==")
    client.videos.download_content("video_a/b+c==").read()


def opened(client):
    with media.joinpath("wide.png").open("rb") as picture:
        client.videos.create(**SIZED, input_reference=picture)


def characters(client):
    client.videos.create_character(name="Mossy", video=file("clip.mp4", "video/mp4"))
    client.videos.create(
        prompt="Mossy runs",
        model=MODEL,
        seconds="4",
        size="1280x720",
        extra_body={"characters": [{"id": "char_1"}, {"id": "char_2"}]},
        extra_headers=IN_JSON,
    )


CALLS = {
    "create": lambda c: c.videos.create(**SIZED),
    "create_only_what_is_given": lambda c: c.videos.create(prompt=PROMPT, model="some-model"),
    "create_png": lambda c: c.videos.create(**SIZED, input_reference=file("wide.png", "image/png")),
    "create_jpeg": lambda c: c.videos.create(**SIZED, input_reference=file("wide.jpg", "image/jpeg")),
    "create_webp": lambda c: c.videos.create(**SIZED, input_reference=media / "wide.webp"),
    "create_open_file": opened,
    "create_odd_file_name": lambda c: c.videos.create(
        **SIZED, input_reference=media / 'Straße am "Meer" 海.png'
    ),
    "create_extra_fields": lambda c: c.videos.create(
        **SIZED,
        input_reference=file("wide.png", "image/png"),
        extra_body={"seed": 7, "nested": {"a": True, "b": [1, 2.5]}, "list": [{"id": "x"}, {"id": "y"}]},
    ),
    "create_extra_fields_in_json": lambda c: c.videos.create(
        **SIZED, extra_body={"seed": 7, "nested": {"a": True}}, extra_headers=IN_JSON
    ),
    "create_image_url": lambda c: referenced(c, image_url="https://a.example/frame.png?x=1&y=2"),
    "create_file_id": lambda c: referenced(c, file_id="file-123"),
    "create_for_an_organization": lambda c: c.with_options(
        organization="org-1", project="proj_1"
    ).videos.create(**SIZED),
    "finish": finished,
    "thumbnail": lambda c: c.videos.download_content("video_rec1", variant="thumbnail").read(),
    "spritesheet": lambda c: c.videos.download_content("video_rec1", variant="spritesheet").read(),
    "odd_id": odd_id,
    "list": lambda c: list(c.videos.list(limit=3, order="desc")),
    "find_submission": lambda c: list(c.videos.list(limit=100, order="desc")),
    "remix": lambda c: c.videos.remix("video_rec1", prompt="teal palette"),
    "edit_upload": lambda c: c.videos.edit(prompt="at night", video=file("clip.mp4", "video/mp4")),
    "edit_upload_with_model": lambda c: c.videos.edit(
        prompt="at night", video=file("clip.mp4", "video/mp4"), extra_body={"model": "sora-2-pro"}
    ),
    "extend_upload": lambda c: c.videos.extend(
        prompt="go on", seconds="8", video=file("clip.mp4", "video/mp4")
    ),
    "edit_by_id": lambda c: raw(c, "/videos/edits", prompt="at night", video={"id": "video_rec1"}),
    "extend_by_id": lambda c: raw(
        c, "/videos/extensions", prompt="go on", seconds="8", video={"id": "video_rec1"}
    ),
    "characters": characters,
    "delete": lambda c: c.videos.delete("video_rec1"),
    # What the SDK's types allow and its client refuses; the plugin sends it.
    "typed_image_url": lambda c: c.videos.create(
        **SIZED, input_reference={"image_url": "https://a.example/frame.png"}
    ),
    "typed_edit_by_id": lambda c: c.videos.edit(prompt="at night", video={"id": "video_rec1"}),
}

outcomes = {}
for name in told["calls"]:
    with openai.OpenAI(api_key="sk-test", base_url=f"{told['url']}/{name}/v1", max_retries=0) as client:
        try:
            CALLS[name](client)
            outcomes[name] = "sent"
        except (RuntimeError, AttributeError) as error:
            outcomes[name] = type(error).__name__
json.dump(outcomes, sys.stdout)
