"""Members of a request held against the service model, and ``modelInput`` held against a schema.

The sentences of the first are those of AWS's frameworks ("1 validation error detected: …"). Those of the second are
of the JSON Schema library that the one published report shows ("#: required key [s3Location] not found", boto3 issue
4623); that the service names the first mistake only, by its place, is an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from polyreel_amazon_nova.simulated_errors import BedrockError, invalid, unreadable

__all__ = ["Complaints", "Node"]

_KINDS: Final = {
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "BigDecimal",
    list: "JSONArray",
    dict: "JSONObject",
}


class Complaints:
    """Collects what is wrong with the members of a request, to say it all at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def settle(self) -> None:
        """Refuse the request if anything was wrong.

        Raises:
            BedrockError: Something was.
        """
        if self._found:
            count = len(self._found)
            errors = "error" if count == 1 else "errors"
            raise invalid(f"{count} validation {errors} detected: {'; '.join(self._found)}")

    def _add(self, name: str, value: object, constraint: str) -> None:
        shown = "null" if value is None else f"'{value}'"
        self._found.append(
            f"Value {shown} at '{name}' failed to satisfy constraint: Member must {constraint}"
        )

    def missing(self, name: str) -> None:
        """Note that a required member is not there."""
        self._add(name, None, "not be null")

    def text(self, name: str, value: Any, *, lengths: tuple[int, int], pattern: str = "") -> str:
        """Check a text.

        Args:
            name: Its place.
            value: What was given.
            lengths: The fewest and the most characters.
            pattern: What the whole of it must match.

        Raises:
            BedrockError: It is no text at all.
        """
        if value is None:
            self.missing(name)
            return ""
        if not isinstance(value, str):
            raise unreadable(f"The value of '{name}' can not be converted to a String")
        least, most = lengths
        if len(value) < least:
            self._add(name, value, f"have length greater than or equal to {least}")
        if len(value) > most:
            self._add(name, value, f"have length less than or equal to {most}")
        if pattern and not re.fullmatch(pattern, value):
            self._add(name, value, f"satisfy regular expression pattern: {pattern}")
        return value

    def choice(self, name: str, value: str, allowed: Sequence[str]) -> None:
        """Check a value of an enumeration."""
        if value not in allowed:
            self._add(name, value, f"satisfy enum value set: [{', '.join(allowed)}]")

    def whole(self, name: str, value: str, *, low: int, high: int) -> int:
        """Check a whole number in a query.

        Raises:
            BedrockError: It is no number.
        """
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
            raise unreadable(f"The value of '{name}' can not be converted to an Integer")
        number = int(value)
        if number < low:
            self._add(name, value, f"have value greater than or equal to {low}")
        if number > high:
            self._add(name, value, f"have value less than or equal to {high}")
        return number

    def count(self, name: str, value: Any, *, most: int) -> list[Any]:
        """Check a list.

        Raises:
            BedrockError: It is no list.
        """
        if not isinstance(value, list):
            raise unreadable(f"The value of '{name}' is not a list")
        if len(value) > most:
            self._add(name, f"[{len(value)} items]", f"have length less than or equal to {most}")
        return value

    def members(self, name: str, value: Any, allowed: Collection[str]) -> dict[str, Any]:
        """Check a structure; an unknown member is refused, where the service may ignore it.

        Raises:
            BedrockError: It is no structure, or has an unknown member.
        """
        if not isinstance(value, dict):
            raise unreadable(f"The value of '{name}' is not a structure")
        for member in value:
            if member not in allowed:
                raise unreadable(f"The member '{member}' of '{name}' is unknown")
        return {member: inner for member, inner in value.items() if inner is not None}


class Node:
    """A value inside ``modelInput`` and its place.

    Args:
        value: The value.
        place: A JSON pointer in a fragment: ``#/videoGenerationConfig/fps``.
    """

    def __init__(self, value: Any, place: str = "#") -> None:
        self.value = value
        self.place = place

    def refused(self, reason: str) -> BedrockError:
        """Return the refusal of this value."""
        return invalid(f"{self.place}: {reason}")

    def _typed(self, kind: type) -> Any:
        if type(self.value) is not kind:
            found = _KINDS.get(type(self.value), "Null")
            raise self.refused(f"expected type: {_KINDS[kind]}, found: {found}")
        return self.value

    def object(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> dict[str, Node]:
        """Return the members of an object that has all of the required and no other than the optional ones."""
        value = self._typed(dict)
        for name in required:
            if name not in value:
                raise self.refused(f"required key [{name}] not found")
        for name in value:
            if name not in required and name not in optional:
                raise self.refused(f"extraneous key [{name}] is not permitted")
        return {name: Node(inner, f"{self.place}/{name}") for name, inner in value.items()}

    def items(self, *, least: int, most: int) -> list[Node]:
        """Return the items of a list of that many."""
        value = self._typed(list)
        if len(value) < least:
            raise self.refused(f"expected minimum item count: {least}, found: {len(value)}")
        if len(value) > most:
            raise self.refused(f"expected maximum item count: {most}, found: {len(value)}")
        return [Node(item, f"{self.place}/{number}") for number, item in enumerate(value)]

    def text(self, *, most: int) -> str:
        """Return a text of 1 to ``most`` characters."""
        value: str = self._typed(str)
        if not value:
            raise self.refused("expected minLength: 1, actual: 0")
        if len(value) > most:
            raise self.refused(f"expected maxLength: {most}, actual: {len(value)}")
        return value

    def one_of(self, allowed: Collection[Any]) -> Any:
        """Return a value that is one of these, of the same type."""
        if not any(type(self.value) is type(value) and self.value == value for value in allowed):
            raise self.refused(f"{self.value} is not a valid enum value")
        return self.value

    def flag(self) -> bool:
        """Return a truth value."""
        value: bool = self._typed(bool)
        return value

    def whole(self, *, low: int, high: int, step: int = 1) -> int:
        """Return a whole number between these, a multiple of ``step``."""
        value: int = self._typed(int)
        if value < low:
            raise self.refused(f"{value} is not greater or equal to {low}")
        if value > high:
            raise self.refused(f"{value} is not less or equal to {high}")
        if value % step:
            raise self.refused(f"{value} is not a multiple of {step}")
        return value
