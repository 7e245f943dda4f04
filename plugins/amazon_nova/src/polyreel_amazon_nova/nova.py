"""What Nova Reel is asked: the bodies of its three tasks.

Fields: fact sheet on Bedrock's asynchronous invocations, section 2.1 (2026-11-23), from Amazon's guide.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from polyreel.parameters.native import native_body
from polyreel.types.media import Media, MediaRef
from polyreel.types.task import Task

__all__ = ["SECONDS_PER_SHOT", "NovaTask", "image_format", "model_input", "shots_of", "task_of"]

NovaTask: TypeAlias = Literal["TEXT_VIDEO", "MULTI_SHOT_AUTOMATED", "MULTI_SHOT_MANUAL"]

SECONDS_PER_SHOT: Final = 6
_PLACED_HERE: Final = ("prompt", "input_image", "amazon_task", "amazon_shots")
_FORMATS: Final[Mapping[str, str]] = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    "image/png": "png",
    "image/jpeg": "jpeg",
}


def task_of(task: Task) -> NovaTask:
    """Return what a request asks for: what it says, else what its shots and its length mean."""
    named: NovaTask | None = task.parameters.get("amazon_task")
    if named is not None:
        return named
    if task.parameters.get("amazon_shots"):
        return "MULTI_SHOT_MANUAL"
    long = task.parameters.get("duration", SECONDS_PER_SHOT) > SECONDS_PER_SHOT
    return "MULTI_SHOT_AUTOMATED" if long else "TEXT_VIDEO"


def shots_of(task: Task) -> int:
    """Return how many shots the film has, each of 6 s."""
    if task_of(task) == "MULTI_SHOT_MANUAL":
        return len(task.parameters.get("amazon_shots") or ())
    return int(task.parameters.get("duration", SECONDS_PER_SHOT)) // SECONDS_PER_SHOT


def model_input(task: Task) -> dict[str, Any]:
    """Return the member ``modelInput`` of a request."""
    kind = task_of(task)
    # Amazon wants no duration beside shots: it is theirs.
    without = (*_PLACED_HERE, "duration") if kind == "MULTI_SHOT_MANUAL" else _PLACED_HERE
    placed = native_body(task.document, task.parameters, without=without)["modelInput"]
    return {"taskType": kind, **_parameters(task, kind), **placed}


def image_format(image: Media | MediaRef) -> str | None:
    """Return Amazon's word for the format of an image, or ``None`` when its address does not tell."""
    if isinstance(image, Media):
        return _FORMATS.get(image.media_type)
    address = (image.url or "").lower()
    return next((word for ending, word in _FORMATS.items() if address.endswith(ending)), None)


def _parameters(task: Task, kind: NovaTask) -> dict[str, Any]:
    if kind == "MULTI_SHOT_MANUAL":
        return {"multiShotManualParams": {"shots": [_shot(shot) for shot in task.parameters["amazon_shots"]]}}
    prompt = {"text": task.parameters["prompt"]}
    if kind == "MULTI_SHOT_AUTOMATED":
        return {"multiShotAutomatedParams": prompt}
    image = task.parameters.get("input_image")
    return {"textToVideoParams": prompt if image is None else {**prompt, "images": [_image(image)]}}


def _shot(shot: Mapping[str, Any]) -> dict[str, Any]:
    image = shot.get("image")
    if image is None:
        return {"text": shot["text"]}
    return {"text": shot["text"], "image": _image(image, owner=shot.get("image_owner"))}


def _image(image: Media | MediaRef, *, owner: str | None = None) -> dict[str, Any]:
    if isinstance(image, Media):
        source: dict[str, Any] = {"bytes": base64.b64encode(image.content).decode("ascii")}
    else:
        account = {} if owner is None else {"bucketOwner": owner}
        source = {"s3Location": {"uri": image.url, **account}}
    return {"format": image_format(image), "source": source}
