"""Files that a vendor wants before the request: which they are, and the request with references in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from polyreel.documents.document import ModelDocument
from polyreel.errors import ConfigurationError
from polyreel.flows import Flow, Send
from polyreel.http import Request
from polyreel.types.media import Media, MediaRef
from polyreel.types.task import Task

if TYPE_CHECKING:
    from polyreel.providers import Provider

__all__ = ["rehearsed", "sent_ahead", "with_references"]


def sent_ahead(task: Task, document: ModelDocument) -> list[Media]:
    """Return the media of a request that its document wants sent ahead (``"x-media": {"upload": true}``)."""
    if not any(name in task.parameters for name in document.uploaded_parameters):
        return []
    return [
        medium
        for medium in task.media()
        if isinstance(medium, Media) and _is_sent_ahead(medium.parameter, document.properties)
    ]


def with_references(value: Any, references: Mapping[str, MediaRef]) -> Any:
    """Return ``value`` with each medium replaced by the reference that stands for it.

    Args:
        value: Parameters, at any depth.
        references: By the place of the medium: ``"acme_voices/0/clip"``.
    """
    if isinstance(value, Media):
        return references.get(value.parameter, value)
    if isinstance(value, list | tuple):
        return [with_references(entry, references) for entry in value]
    if isinstance(value, Mapping):
        return {key: with_references(entry, references) for key, entry in value.items()}
    return value


def _is_sent_ahead(place: str, properties: Mapping[str, Any]) -> bool:
    schema: Mapping[str, Any] = {"properties": properties}
    for step in place.split("/"):
        schema = schema.get("items", {}) if step.isdigit() else schema.get("properties", {}).get(step, {})
    return bool(schema.get("x-media", {}).get("upload"))


def rehearsed(provider: Provider, task: Task, document: ModelDocument) -> tuple[Request, ...]:
    """Return the exact requests of a submit, in order: uploads, then the one that costs money. Nothing is sent.

    Args:
        provider: The provider's hooks.
        task: The request.
        document: The model's document.
    """
    media = sent_ahead(task, document)
    requests = [_first_request(provider.upload(task, medium)) for medium in media]
    references = {m.parameter: MediaRef(parameter=m.parameter, id="uploaded") for m in media}
    uploaded = replace(task, parameters=with_references(task.parameters, references))
    return (*requests, _first_request(provider.submit(uploaded)))


def _first_request(flow: Flow[Any]) -> Request:
    try:
        for effect in flow:
            if isinstance(effect, Send):
                return effect.request
    finally:
        flow.close()
    raise ConfigurationError("the provider's flow sends nothing")
