"""Interactions, which Omni's films are: their state, their failure, their films.

The resource: fact sheet on Google, section 8 (2026-11-23), and google-genai 3.4.0,
``_gaos/types/interactions/{interaction,modeloutputstep,videocontent}.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from polyreel.http import Response
from polyreel.redaction import clean, redact
from polyreel.types.job import Cancellation, Failure, Progress
from polyreel.types.provider import Settings

from polyreel_google_veo.failures import (
    NO_SETTINGS,
    answer_error,
    is_unsafe,
    json_object,
    raise_unexpected,
)
from polyreel_google_veo.films import Film, fault_of, film
from polyreel_google_veo.verdicts import explained, filtered, unusable

__all__ = ["cancelled", "identity_of", "progress"]

_STATES: Final[Mapping[str, Literal["queued", "running", "cancelled"]]] = {
    "queued": "queued",
    "in_progress": "running",
    "cancelled": "cancelled",
}
# Ends without a film, with what they mean; the Interactions API is for more than films.
_ENDS: Final[Mapping[str, str]] = {
    "failed": "the interaction failed",
    "incomplete": "the model stopped before the film was complete",
    "requires_action": "the model waits for a tool's answer, which a film needs none of",
    "requires_continuation": "the model wants to be asked to go on, which polyreel does not do",
    "budget_exceeded": "the budget of the account or of the request is used up",
}


def identity_of(response: Response) -> str:
    """Return the id of the interaction that a submit began.

    Raises:
        UnexpectedAnswer: The answer has none; the film may well be made, and billed.
    """
    identity = (json_object(response) or {}).get("id")
    if not response.ok or not isinstance(identity, str) or not identity:
        raise_unexpected(response, "an interaction with an id")
    return identity


def progress(response: Response, settings: Settings = NO_SETTINGS) -> Progress:
    """Read one look at an interaction.

    Args:
        response: The answer.
        settings: The account's, for advice about a refusal.

    Raises:
        ProviderError: The answer is none.
    """
    if response.status >= 400:  # noqa: PLR2004  the classes of errors
        raise answer_error(response, settings=settings)
    interaction = json_object(response)
    status = (interaction or {}).get("status")
    if interaction is None or not response.ok or not isinstance(status, str):
        raise_unexpected(response, "an interaction with a status")
    if status == "completed":
        return _completed(interaction)
    if status in _STATES:
        return Progress(state=_STATES[status])
    if status in _ENDS:
        return Progress(state="failed", failure=_failure(interaction, _ENDS[status], code=status))
    return Progress(state="running", message=f"Google says {redact(status)[:80]!r}")


def cancelled(seen: Progress) -> Cancellation:
    """Say what became of the wish to stop an interaction, after a look at it."""
    if seen.state in {"succeeded", "failed"}:
        return Cancellation(outcome="too_late", message=f"the interaction has already {seen.state}")
    if seen.state == "cancelled":
        return Cancellation(outcome="cancelled", message="the interaction was stopped")
    return Cancellation(
        outcome="too_late", message="Google took the wish and goes on with the interaction; it may still stop"
    )


def _completed(interaction: Mapping[str, Any]) -> Progress:
    films = list(_films(interaction))
    if films:
        # One interaction makes one film; should its answer repeat earlier turns, the last film is the new one, and when
        # that cannot be had, no earlier one stands for it.
        fault = fault_of(films[-1])
        if fault is not None:
            return Progress(state="failed", failure=unusable(fault))
        return Progress(state="succeeded", payload={"films": films[-1:]})
    said = " ".join(_texts(interaction))
    if said.strip():
        # Omni refuses in words: a completed interaction without a film, for which no video tokens are charged.
        return Progress(state="failed", failure=filtered([f"the model answered in words instead: {said}"]))
    return Progress(
        state="failed",
        failure=Failure(
            message="Google says that the interaction is completed, and gives neither a film nor a word",
            billed=None,
        ),
    )


def _failure(interaction: Mapping[str, Any], meaning: str, *, code: str) -> Failure:
    """Read why; whether a failed interaction is charged is not documented, so that is left open."""
    errors = [*_entries(interaction.get("errors")), *_entries([interaction.get("error")])]
    errors += _entries([step.get("error") for step in _outputs(interaction)])
    texts = [e["message"] for e in errors if isinstance(e.get("message"), str) and e["message"]]
    if is_unsafe(" ".join(texts)):
        return filtered(texts)
    found = next((str(e["code"]) for e in errors if isinstance(e.get("code"), str | int) and e["code"]), None)
    message = f"{meaning}: {explained(texts)}" if texts else meaning
    return Failure(message=message, code=clean(found) if found else code, billed=None)


def _films(interaction: Mapping[str, Any]) -> Iterator[Film]:
    # output_video repeats the film of the steps, which an answer may leave out.
    for part in _contents(interaction) or _entries([interaction.get("output_video")]):
        if part.get("type", "video") == "video":
            found = film(uri=part.get("uri"), data=part.get("data"), media_type=part.get("mime_type"))
            if found is not None:
                yield found


def _texts(interaction: Mapping[str, Any]) -> Iterator[str]:
    return (
        part["text"]
        for part in _contents(interaction)
        if part.get("type") == "text" and isinstance(part.get("text"), str)
    )


def _contents(interaction: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for step in _outputs(interaction) for part in _entries(step.get("content"))]


def _outputs(interaction: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [step for step in _entries(interaction.get("steps")) if step.get("type") == "model_output"]


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
