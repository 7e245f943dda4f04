"""Standard output and standard error: what fits their encoding, and what a closed pipe means."""

from __future__ import annotations

import os
import sys
from typing import TextIO

__all__ = ["out", "plain", "prepare", "printable", "say", "silence", "speaks_unicode"]

_SIMPLER = str.maketrans(
    {"…": "...", "×": "x", "–": "-", "—": "-", "→": "->", "’": "'", "‘": "'", "“": '"', "”": '"', "·": "-"}  # noqa: RUF001
)
_KEPT = "\n\t"


def speaks_unicode(stream: TextIO | None) -> bool:
    """Whether a stream's encoding carries every character."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def prepare() -> None:
    """Let no character end the program: what an encoding lacks is escaped, odd bytes of file names pass."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="surrogateescape" if speaks_unicode(stream) else "backslashreplace")


def printable(text: str) -> str:
    """Return ``text`` without control characters: a server's message must not move a terminal's cursor."""
    return "".join(sign for sign in text if sign in _KEPT or (sign >= " " and not "\x7f" <= sign <= "\x9f"))


def plain(text: str, stream: TextIO | None) -> str:
    """Return ``text`` with simpler signs if ``stream`` cannot carry the typographic ones."""
    return text if speaks_unicode(stream) else text.translate(_SIMPLER)


def out(text: str) -> int:
    """Write a line of the result to standard output; return the exit code that this means.

    A reader that has seen enough (``| head``) is no error worth a message.
    """
    try:
        stream = sys.stdout
        if stream is not None:
            stream.write(plain(text, stream) + "\n")
            stream.flush()
    except BrokenPipeError:
        silence()
        return 1
    except OSError as error:
        silence()
        say(f"error: standard output cannot be written: {error.strerror}")
        return 1
    return 0


def say(text: str) -> None:
    """Write a line for people to standard error; a closed one does not keep a paid job from going on."""
    try:
        stream = sys.stderr
        if stream is not None:
            stream.write(plain(printable(text), stream) + "\n")
            stream.flush()
    except (OSError, ValueError):
        return


def silence() -> None:
    """Send the rest of standard output nowhere, so that the interpreter's last flush does not complain."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    except (OSError, ValueError, AttributeError):
        return
