"""What of a request its record does not hold: pictures, films, native fields. With it another process can send the same.

It is kept with the job until the job has a receipt or is over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from polyreel.errors import StorageFailed
from polyreel.types.media import Media, MediaRef
from polyreel.types.task import Task

__all__ = ["packed", "unpacked"]

_KINDS: Final[Mapping[str, type[Media | MediaRef]]] = {"Media": Media, "MediaRef": MediaRef}
_KIND: Final = "$polyreel"


def packed(task: Task) -> bytes:
    """Return a task's parameters and native fields, whole, for the store."""
    return json.dumps({"parameters": _plain(task.parameters), "native": _plain(task.native)}).encode()


def unpacked(task: Task, intent: bytes) -> Task:
    """Return a task with the parameters and native fields that were kept.

    Args:
        task: The task as its record alone gives it.
        intent: What :func:`packed` returned.

    Raises:
        StorageFailed: It is damaged.
    """
    try:
        kept = json.loads(intent)
        return replace(task, parameters=_whole(kept["parameters"]), native=_whole(kept["native"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StorageFailed(f"what was kept of the request of {task.id} cannot be read: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Media | MediaRef):
        fields = value.model_dump()
        if isinstance(value, Media):
            fields["content"] = value.content.hex()
        return {_KIND: type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, dict) and _KIND in value:
        fields = {name: inner for name, inner in value.items() if name != _KIND}
        if value[_KIND] == "Media":
            fields["content"] = bytes.fromhex(fields["content"])
        return _KINDS[value[_KIND]](**fields)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return value
