"""Requests that ask for a film: what is sent where, for each operation and dialect.

Field names, encodings and the order of the parts are those that OpenAI's own SDK was recorded with: fact sheet on
the OpenAI Videos API, sections 1 and 8 (openai 3.54.0, 2026-11-23).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyreel.errors import RequestRejected
from polyreel.http import Part, path_segment
from polyreel.parameters.native import native_body
from polyreel.types.media import Media, MediaRef
from polyreel.types.task import Task

from polyreel_openai_sora.profiles import Operation, Profile

__all__ = ["Submission", "character_form", "data_url_length", "needs_json", "operation_of", "submission"]

_PLACED_HERE: Final = ("prompt", "input_image", "video", "openai_operation", "openai_characters")


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A request that asks for a film; exactly one of the two bodies is given.

    Attributes:
        operation: What it asks for.
        path: Where it goes, below the base URL.
        json: The body as JSON.
        form: The body as a multipart form.
    """

    operation: Operation
    path: str
    json: dict[str, Any] | None = None
    form: tuple[Part, ...] | None = None


def operation_of(task: Task) -> Operation:
    """Return what a task asks for: what it says, else an edit when it has a film, else a new film.

    After a restart the film itself is gone; that it was asked for is still known.
    """
    named: Operation | None = task.parameters.get("openai_operation")
    if named is not None:
        return named
    return "edit" if "video" in task.parameters or "video" in task.requested else "create"


def submission(task: Task, profile: Profile) -> Submission:
    """Return the request for a task.

    Raises:
        RequestRejected: Something that the validation asks for is missing; nothing is sent.
    """
    operation = operation_of(task)
    if operation == "create":
        return _creation(task, profile)
    if operation == "remix":
        source = _source(task)
        if not isinstance(source, MediaRef):
            raise _incomplete("a remix needs the id of an earlier film")
        return Submission(
            operation="remix",
            path=f"/videos/{path_segment(source.id)}/remix",
            json={"prompt": task.parameters["prompt"], **task.native},
        )
    return _from_source(task, operation)


def needs_json(task: Task, profile: Profile) -> bool:
    """Whether only JSON can carry a create: by the profile, for characters, for a picture named by its address."""
    image = task.parameters.get("input_image")
    referenced = isinstance(image, MediaRef) and (bool(image.id) or profile.image_url == "object")
    return profile.encoding == "json" or referenced or bool(task.parameters.get("openai_characters"))


def data_url_length(media: Media) -> int:
    """Return the number of characters of a file as a data URL."""
    return len(f"data:{media.media_type};base64,") + 4 * -(-len(media.content) // 3)


def character_form(media: Media, name: str) -> tuple[Part, ...]:
    """Return the form that makes a character of a clip."""
    return Part(name="name", content=name), _file("video", media)


def _creation(task: Task, profile: Profile) -> Submission:
    # The order of the SDK: prompt, model, seconds, size.
    fields = {"prompt": task.parameters["prompt"], "model": task.native_model, **_plain_fields(task)}
    if needs_json(task, profile):
        if profile.seconds == "integer" and "seconds" in fields:
            fields["seconds"] = int(fields["seconds"])
        return Submission(
            operation="create",
            path="/videos",
            json={**fields, **_image_field(task), **_characters_field(task), **task.native},
        )
    parts = _parts({**fields, **task.native})
    return Submission(operation="create", path="/videos", form=(*parts, *_image_parts(task, profile)))


def _from_source(task: Task, operation: Operation) -> Submission:
    """An edit or an extension: of a film that the server has, or of a file."""
    path = "/videos/edits" if operation == "edit" else "/videos/extensions"
    fields = {"prompt": task.parameters["prompt"]}
    if operation == "extend":
        fields |= {name: value for name, value in _plain_fields(task).items() if name == "seconds"}
    source = _source(task)
    if isinstance(source, MediaRef):
        return Submission(
            operation=operation, path=path, json={"video": {"id": source.id}, **fields, **task.native}
        )
    if operation == "edit":
        # A film that the server made brings its model along, a file does not. Only the guide has this field.
        fields["model"] = task.native_model
    parts = (*_parts({**fields, **task.native}), _file("video", source))
    return Submission(operation=operation, path=path, form=parts)


def _plain_fields(task: Task) -> dict[str, Any]:
    """The values that the document gives a place in the body, in the document's order."""
    ordered = {name: task.parameters[name] for name in task.document["properties"] if name in task.parameters}
    return native_body(task.document, ordered, without=_PLACED_HERE)


def _image_field(task: Task) -> dict[str, Any]:
    image = task.parameters.get("input_image")
    if image is None:
        return {}
    if isinstance(image, Media):
        return {"input_reference": {"image_url": _data_url(image)}}
    if image.id:
        return {"input_reference": {"file_id": image.id}}
    return {"input_reference": {"image_url": image.url}}


def _image_parts(task: Task, profile: Profile) -> Iterator[Part]:
    image = task.parameters.get("input_image")
    if isinstance(image, Media):
        # Always with a name and an image type: without them servers see application/octet-stream (sheet, section 7).
        yield _file("input_reference", image)
    elif image is not None and profile.image_url == "image_reference":
        yield Part(name="image_reference", content=json.dumps({"image_url": image.url}))
    elif image is not None and profile.image_url == "reference_url":
        yield Part(name="reference_url", content=str(image.url))
    elif image is not None:
        # As input_reference[image_url] it would be ignored in silence, and a film without the picture paid for.
        raise _incomplete(f"the profile {profile.name!r} cannot name a picture by its address")


def _characters_field(task: Task) -> dict[str, Any]:
    given = task.parameters.get("openai_characters") or ()
    return {"characters": [{"id": _character_id(entry)} for entry in given]} if given else {}


def _character_id(entry: Mapping[str, Any]) -> str:
    clip = entry.get("video")
    identity = clip.id if isinstance(clip, MediaRef) else entry.get("id")
    if not identity:
        raise _incomplete("a character's clip was not uploaded")
    return str(identity)


def _source(task: Task) -> Media | MediaRef:
    source = task.parameters.get("video")
    if isinstance(source, Media) or (isinstance(source, MediaRef) and source.id):
        return source
    raise _incomplete("the source film is missing")


def _parts(fields: Mapping[str, Any]) -> list[Part]:
    return [part for name, value in fields.items() for part in _flattened(name, value)]


def _flattened(name: str, value: Any) -> Iterator[Part]:
    """The SDK's bracket style: ``characters[][id]``, ``nested[a]``; ``None`` is left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flattened(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _flattened(f"{name}[]", inner)
    elif isinstance(value, bool):
        yield Part(name=name, content="true" if value else "false")
    elif value is not None:
        yield Part(name=name, content=str(value))


def _file(name: str, media: Media) -> Part:
    return Part(name=name, content=media.content, filename=media.name, media_type=media.media_type)


def _data_url(media: Media) -> str:
    return f"data:{media.media_type};base64,{base64.b64encode(media.content).decode('ascii')}"


def _incomplete(reason: str) -> RequestRejected:
    return RequestRejected(f"nothing was sent: {reason}", provider="openai")
