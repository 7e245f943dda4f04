"""Long-running operations, which Veo's films are: their state, their failure, their films.

``google.longrunning.Operation``: fact sheet on Google, section 3 (2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.http import Response
from polyreel.redaction import clean
from polyreel.types.job import Failure, Notice, Progress
from polyreel.types.provider import Settings

from polyreel_google_veo.failures import (
    NO_SETTINGS,
    answer_error,
    is_unsafe,
    json_object,
    raise_unexpected,
)
from polyreel_google_veo.films import Film, Reel, film, reel
from polyreel_google_veo.verdicts import filtered, partly_filtered, partly_usable, unusable

__all__ = ["name_of", "progress"]

_INVALID: Final = 3
# google.rpc.Code: an operation's error has its number and often no word.
_CODES: Final[Mapping[int, str]] = {
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    13: "INTERNAL",
    14: "UNAVAILABLE",
}
_PASSING: Final = frozenset({8, 13, 14})


def name_of(response: Response) -> str:
    """Return the name of the operation that a submit began.

    Raises:
        UnexpectedAnswer: The answer has none; the film may well be made, and billed.
    """
    name = (json_object(response) or {}).get("name")
    if not response.ok or not isinstance(name, str) or not name:
        raise_unexpected(response, "an operation with a name")
    return name


def progress(response: Response, settings: Settings = NO_SETTINGS) -> Progress:
    """Read one look at an operation.

    Args:
        response: The answer.
        settings: The account's, for advice about a refusal.

    Raises:
        ProviderError: The answer is none.
    """
    if response.status >= 400:  # noqa: PLR2004  the classes of errors
        raise answer_error(response, settings=settings)
    operation = json_object(response)
    if operation is None or not response.ok or not {"name", "done"} & set(operation):
        raise_unexpected(response, "an operation")
    if not operation.get("done"):
        return Progress(state="running")
    error = operation.get("error")
    if isinstance(error, Mapping):
        return Progress(state="failed", failure=_failure(error))
    answer = operation.get("response")
    return _finished(answer if isinstance(answer, Mapping) else {})


def _finished(answer: Mapping[str, Any]) -> Progress:
    # The Developer API nests what Vertex AI has flat; whoever reads one place only misses filtered films.
    nested = answer.get("generateVideoResponse")
    result = nested if isinstance(nested, Mapping) else answer
    found = reel(_films(result))
    reasons = [text for text in _list(result.get("raiMediaFilteredReasons")) if isinstance(text, str)]
    count = result.get("raiMediaFilteredCount")
    held_back = count if isinstance(count, int) and not isinstance(count, bool) else len(reasons)
    if found.films:
        warnings = tuple(_warnings(found, held_back, reasons))
        return Progress(
            state="succeeded",
            payload={"films": list(found.films)},
            warnings=warnings,
            unbilled=max(held_back, 0),
        )
    if found.faults:
        return Progress(state="failed", failure=unusable(found.fault))
    if held_back > 0 or reasons:
        return Progress(state="failed", failure=filtered(reasons))
    return Progress(
        state="failed",
        failure=Failure(
            message="Google says that the operation is done, and gives neither a film nor a reason",
            billed=None,
        ),
    )


def _warnings(found: Reel, held_back: int, reasons: list[str]) -> Iterator[Notice]:
    if held_back > 0:
        yield partly_filtered(held_back, len(found.films) + len(found.faults), reasons)
    missing = max(found.missing - held_back, 0)  # a film that was held back may leave its place empty
    if found.faults or missing:
        yield partly_usable(found, missing)


def _films(result: Mapping[str, Any]) -> Iterator[Film | None]:
    """``videos`` on Vertex AI; ``generatedSamples``, each with a ``video``, on the Developer API.

    Vertex AI has the second too, deprecated (fact sheet, section 3): the same films again.
    """
    for entry in _list(result.get("videos")) or _list(result.get("generatedSamples")):
        video = entry.get("video", entry) if isinstance(entry, Mapping) else None
        if not isinstance(video, Mapping):
            yield None
            continue
        yield film(
            uri=video.get("gcsUri") or video.get("uri"),
            data=video.get("bytesBase64Encoded") or video.get("encodedVideo"),
            media_type=video.get("mimeType") or video.get("encoding"),
        )


def _failure(error: Mapping[str, Any]) -> Failure:
    """Blocks of the prompt or of a picture arrive as INVALID_ARGUMENT too; a film that fails is not charged."""
    code, text = error.get("code"), error.get("message")
    number = code if isinstance(code, int) and not isinstance(code, bool) else None
    said = text if isinstance(text, str) else ""
    if number == _INVALID and is_unsafe(said):
        return filtered([said])
    shown = clean(str(number))
    word = None if number is None else _CODES.get(number, shown)
    more = ". The same request may succeed later" if number in _PASSING else ""
    return Failure(
        message=(clean(said).rstrip(".") or f"the operation failed without a reason (code {shown})") + more,
        code=word,
        billed=False,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
