"""What a provider's hooks receive: one validated request, bound to a model and an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from polyreel.exchange import Endpoint
from polyreel.types.media import Media, MediaRef
from polyreel.types.provider import Settings

__all__ = ["Task"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One request to one model.

    Attributes:
        id: The job's id; the same for every try.
        model: ``provider/model``.
        native_model: The vendor's name of the model.
        document: The model's document, as JSON.
        parameters: Unified names to values, with defaults; media as :class:`Media` or :class:`MediaRef`. After
            a restart media are missing: polling must not need them.
        requested: The names that the caller gave, as opposed to defaults.
        native: Fields that the caller wants added to the vendor's body, unchecked.
        settings: The account's settings.
        http: Sends requests for the account.
    """

    id: str
    model: str
    native_model: str
    document: Mapping[str, Any]
    parameters: Mapping[str, Any]
    requested: frozenset[str]
    native: Mapping[str, Any]
    settings: Settings
    http: Endpoint

    def media(self) -> Iterator[Media | MediaRef]:
        """Yield every picture and film of the request, wherever it stands."""
        yield from _media(self.parameters)


def _media(value: Any) -> Iterator[Media | MediaRef]:
    if isinstance(value, Media | MediaRef):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _media(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _media(inner)
