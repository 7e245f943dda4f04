"""Keys stay secret: a type that never shows its value, and a filter for texts that might.

A key that was read once is remembered here (by value, in memory only), so that a text from a server or a
library that repeats it is cleaned as well. Patterns catch what never passed through :class:`Secret`.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

__all__ = ["Secret", "clean", "redact", "without_query"]

_HIDDEN: Final = "********"
_LONGEST: Final = 400  # characters of a server's own words; enough for a sentence, too few for a dump
_HTML: Final = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_known: set[str] = set()

# Shapes of keys in headers, queries and JSON; the name stays readable, the value goes.
_PATTERN: Final = re.compile(
    r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|key|basic)?\s*"
    r"|(?:x-goog-api-key|api[-_]?key|x-amz-security-token|x-amz-signature|x-amz-credential|signature|sig"
    r"|access_token|token)[\"']?\s*[:=]\s*[\"']?"
    r"|bearer\s+)([^\s\"'&,;]{6,})"
)
_BARE_KEY: Final = re.compile(r"\b((sk|rk|pk|whsec)[-_]|AIza|ya29\.|ABSK)[-_.A-Za-z0-9]{12,}")


class Secret:
    """A key that cannot be printed, formatted, compared by accident, serialised or pickled.

    Args:
        value: The key in clear.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        # A stray newline is part of the value and not of every text that repeats it.
        for spelling in (value, value.strip()):
            if len(spelling) >= 6:  # noqa: PLR2004  shorter values would blank out ordinary words
                _known.add(spelling)

    def reveal(self) -> str:
        """Return the key in clear, for the one place that signs a request."""
        return self._value

    @property
    def hint(self) -> str:
        """The last four characters, for ``doctor``; nothing of a short key."""
        return f"…{self._value[-4:]}" if len(self._value) >= 12 else _HIDDEN  # noqa: PLR2004

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, format_spec: str) -> str:
        return _HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled; pass the name of the key instead")


def redact(text: str) -> str:
    """Return ``text`` without any key: known values first, then whatever looks like one.

    Args:
        text: A message of a server, a library or our own.

    Returns:
        The text with each key replaced by asterisks.
    """
    # A copy, since another thread may make a secret; the longest first, so that none leaves the tail of another.
    for value in sorted(_known, key=len, reverse=True):
        if value in text:
            text = text.replace(value, _HIDDEN)
    return _BARE_KEY.sub(_HIDDEN, _PATTERN.sub(lambda found: found[1] + _HIDDEN, text))


def without_query(url: str) -> str:
    """Return ``url`` without user, query and fragment: what may stand in a log or an error."""
    address = url.split("#", 1)[0].split("?", 1)[0]
    scheme, separator, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    return redact(f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}")


def clean(text: str) -> str:
    """Return what a server says without keys, on one line, shortened; a page of HTML is only named."""
    if _HTML.search(text):
        return "an HTML page came instead of an answer"
    line = redact(" ".join("".join(char if char.isprintable() else " " for char in text).split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
