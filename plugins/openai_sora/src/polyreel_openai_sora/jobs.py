"""The job object of ``/v1/videos``: its state, its failure, its files, its bill.

Every field but ``id`` and ``status`` is optional: real answers omit what is null, and clones omit more. Fact sheet on
the OpenAI Videos API, sections 0.4, 3, 6 and 9 (2026-11-23).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from polyreel.http import Response, path_segment
from polyreel.redaction import redact
from polyreel.types.asset import Asset
from polyreel.types.cost import Cost
from polyreel.types.job import Failure, Progress, Receipt

from polyreel_openai_sora.failures import (
    answer_error,
    is_refused_content,
    job_error,
    raise_unexpected,
    submit_error,
)
from polyreel_openai_sora.profiles import Profile
from polyreel_openai_sora.wire import Submission

__all__ = ["assets", "cost", "is_job", "progress", "receipt"]

State: TypeAlias = Literal["queued", "running", "succeeded", "failed", "cancelled"]

_ACCEPTED: Final = frozenset({200, 201, 202})
_STATES: Final[Mapping[str, State]] = {
    "queued": "queued",
    "pending": "queued",
    "submitted": "queued",
    "in_progress": "running",
    "processing": "running",
    "running": "running",
    "completed": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
    "expired": "failed",
    "deleted": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_ENDED_BADLY: Final = frozenset({"failed", "cancelled"})
_CONTENT_HEADERS: Final = {"Accept": "application/binary"}  # as the SDK sends it


def receipt(response: Response, asked: Submission, *, model: str) -> Receipt:
    """Return the receipt of an accepted submit.

    The id of this answer is kept to the letter: LiteLLM puts the route into it and re-encodes it in later answers.

    Raises:
        ProviderError: The server refused, or answered outside the protocol.
    """
    if response.status >= 400:  # noqa: PLR2004  the classes of errors
        raise submit_error(response, model=model, creates=asked.operation == "create")
    job = response.json_object()
    identity = job.get("id") if job else None
    if response.status not in _ACCEPTED or not isinstance(identity, str) or not identity:
        # It may well have been accepted, and be billed; nobody can know.
        raise_unexpected(response, "a job with an id")
    return Receipt(id=identity, data={"operation": asked.operation, "path": asked.path})


def is_job(response: Response) -> bool:
    """Whether an answer is a job, whatever its status: vLLM-Omni delivers a failed job as HTTP 4xx or 5xx."""
    return _job(response) is not None


def progress(response: Response, of: Receipt) -> Progress:
    """Read one look at a job.

    Raises:
        ProviderError: The answer is no job.
    """
    job = _job(response)
    if job is None:
        if response.ok:
            raise_unexpected(response, "a job with a status")
        raise answer_error(response)
    word = str(job["status"])
    known = _STATES.get(word.lower())
    state: State = known or "running"
    return Progress(
        state=state,
        percent=_percent(job.get("progress")),
        message="" if known else f"the server says {redact(word)[:80]!r}",
        retry_in=_advised_pause(response),
        payload={**job, "id": of.id} if state == "succeeded" else None,
        failure=_failure(job, word.lower()) if state in _ENDED_BADLY else None,
    )


def assets(payload: Mapping[str, Any], profile: Profile) -> list[Asset]:
    """Return where the files of a finished job are.

    Args:
        payload: The job, with the id of the receipt.
        profile: The server's dialect.
    """
    content = f"/videos/{path_segment(str(payload['id']))}/content"
    expires_at = _number(payload.get("expires_at"))
    # The film is asked for without `variant`: for SGLang variant=video is a file that does not exist.
    film = Asset(
        url=content,
        headers=dict(_CONTENT_HEADERS),
        alternatives=tuple(_addresses(payload, profile)),
        expires_at=expires_at,
    )
    if not profile.variants:
        return [film]
    thumbnail = film.model_copy(
        update={
            "role": "thumbnail",
            "media_type": "image/webp",
            "query": {"variant": "thumbnail"},
            "alternatives": (),
        }
    )
    spritesheet = thumbnail.model_copy(
        update={"role": "spritesheet", "media_type": "image/jpeg", "query": {"variant": "spritesheet"}}
    )
    return [film, thumbnail, spritesheet]


def cost(payload: Mapping[str, Any]) -> Cost | None:
    """Return what a gateway says it charged: ``usage.cost``, in US dollars unless it names a currency.

    OpenAI reports no cost.
    """
    usage = payload.get("usage")
    if not isinstance(usage, Mapping):
        return None
    amount, currency = _number(usage.get("cost")), usage.get("currency")
    if amount is None or amount < 0:
        return None
    named = isinstance(currency, str) and len(currency) == 3 and currency.isalpha()  # noqa: PLR2004  ISO 4217
    return Cost(
        amount=Decimal(str(usage["cost"])),
        currency=str(currency).upper() if named else "USD",
        billed=True,
        basis="vendor",
    )


def _job(response: Response) -> dict[str, Any] | None:
    body = response.json_object()
    if body is None or not isinstance(body.get("status"), str):
        return None
    if response.ok or body.get("object") == "video":
        return body
    return body if _STATES.get(body["status"].lower()) in _ENDED_BADLY else None


def _failure(job: Mapping[str, Any], word: str) -> Failure:
    error = job_error({"error": job.get("error")})
    expired = word == "expired" or error.code == "expired"
    return Failure(
        kind="filtered" if is_refused_content(error) else "expired" if expired else "failed",
        message=error.message or f"the server says {word!r} and gives no reason",
        code=error.code,
        # A failed film is not charged. One that is gone may have been made, and a stopped one may be charged.
        billed=False if word == "failed" else None,
    )


def _percent(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else min(max(number, 0.0), 100.0)


def _advised_pause(response: Response) -> float | None:
    # OpenAI's SDK reads it once and keeps it for ever; it is advice about the next look only.
    try:
        milliseconds = float(response.headers.get("openai-poll-after-ms", ""))
    except ValueError:
        return None
    return milliseconds / 1000 if math.isfinite(milliseconds) and milliseconds >= 0 else None


def _addresses(payload: Mapping[str, Any], profile: Profile) -> list[str]:
    found: list[str] = []
    for pointer in profile.addresses:
        value: Any = payload
        for step in pointer.split("/")[1:]:
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                value = None
        if isinstance(value, str) and value.startswith(("https://", "http://")) and value not in found:
            found.append(value)
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        return None
    return number if math.isfinite(number) else None
