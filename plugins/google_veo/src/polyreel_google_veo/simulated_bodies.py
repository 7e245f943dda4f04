"""JSON bodies as Google's video services take them: read once, and every member asked for by its type."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from polyreel.http import Request

from polyreel_google_veo import simulated_errors as errors

__all__ = ["Fields", "read_object"]


def _unsupported(name: str) -> errors.ApiError:
    return errors.ApiError(errors.unsupported_key(name))


@dataclass(frozen=True, kw_only=True)
class Fields:
    """An object of a body. A member that is ``null`` counts as absent, as everywhere in proto JSON.

    The texts for wrong types and values are ours, but for "needs to be a number", which is quoted.

    Attributes:
        values: Its members.
        error: Makes the refusal of a wrong value.
        unknown: Makes the refusal of a member that is not allowed.
    """

    values: dict[str, Any]
    error: Callable[[str], errors.ApiError] = errors.ApiError
    unknown: Callable[[str], errors.ApiError] = _unsupported

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def allow(self, names: Collection[str]) -> None:
        """Refuse every member that is not named."""
        for name in self.values:
            if name not in names:
                raise self.unknown(name)

    def text(self, name: str) -> str | None:
        """Return a text."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self._of_type(name, "a string")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._of_type(name, "a boolean")
        return value

    def integer(self, name: str, *, low: int = 0, high: int = 2**32 - 1) -> int | None:
        """Return a whole number; ``8.0`` is one, ``"8"`` and ``true`` are none."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._of_type(name, "a number")
        if not float(value).is_integer() or not low <= value <= high:
            raise self.error(f"`{name}` must be an integer between {low} and {high}, but was {value}.")
        return int(value)

    def choice(self, name: str, allowed: Collection[str], *, any_case: bool = False) -> str | None:
        """Return a text out of an enumeration, in the case of the enumeration.

        Args:
            name: The member.
            allowed: The values.
            any_case: Whether ``LOSSLESS`` stands for ``lossless``: both are in circulation.
        """
        value = self.text(name)
        if value is None:
            return None
        found = value.lower() if any_case else value
        if found not in allowed:
            raise self.error(
                f"{value[:64]} for {name} is currently not supported. Allowed: {', '.join(allowed)}."
            )
        return found

    def inner(self, name: str) -> Fields | None:
        """Return an object."""
        value = self.values.get(name)
        if value is None:
            return None
        return self.of(value, name)

    def objects(self, name: str) -> list[Fields] | None:
        """Return an array of objects."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self._of_type(name, "a list")
        return [self.of(item, name) for item in value]

    def of(self, value: Any, name: str) -> Fields:
        """Return ``value`` as an object, with the refusals of this one.

        Args:
            value: From a body.
            name: What it is called.
        """
        if not isinstance(value, dict):
            raise self._of_type(name, "an object")
        return Fields(values=value, error=self.error, unknown=self.unknown)

    def base64(self, name: str) -> bytes | None:
        """Return the bytes of a member in base64."""
        text = self.text(name)
        if text is None:
            return None
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise self.error(f"Base64 decoding failed for `{name}`.") from None
        if not data:
            raise self.error(f"`{name}` is empty.")
        return data

    def names(self, candidates: Iterable[str]) -> list[str]:
        """Return which of ``candidates`` are there."""
        return [name for name in candidates if name in self]

    def _of_type(self, name: str, expected: str) -> errors.ApiError:
        return self.error(f"The value type for `{name}` needs to be {expected}.")


def read_object(request: Request) -> dict[str, Any]:
    """Read the body of a request: a JSON object, whatever its ``Content-Type`` says.

    Args:
        request: The body is ``content``.

    Raises:
        ApiError: It is no JSON, or no object.
    """
    try:
        value = json.loads((request.content or b"").decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise errors.json_unreadable("Unexpected token or end of the payload.") from None
    if not isinstance(value, dict):
        raise errors.json_unreadable("Root element must be a message.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
