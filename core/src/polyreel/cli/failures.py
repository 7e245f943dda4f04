"""What an error means on the command line: the exit code, the sentences, the JSON document."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any, Final

from polyreel import errors
from polyreel.cli import words
from polyreel.redaction import redact

if TYPE_CHECKING:
    from polyreel.types.job import Cancellation, Job

__all__ = [
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "INVALID",
    "NO_KEY",
    "STILL_RUNNING",
    "OutputLost",
    "document",
    "exit_code",
    "interruption",
    "lines",
    "misuse",
    "sentence",
    "shown",
]

DONE: Final = 0
FAILED: Final = 1
INVALID: Final = 2
STILL_RUNNING: Final = 3
NO_KEY: Final = 4
INTERRUPTED: Final = 130

# The first that fits counts, so a class stands before its parents.
_CODES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (errors.MissingKey, NO_KEY),
    (errors.AuthenticationFailed, NO_KEY),
    (errors.JobTimeout, STILL_RUNNING),
    (errors.PluginFailed, FAILED),
    (errors.ConfigurationError, INVALID),
    (errors.InvalidRequest, INVALID),
    (errors.ModelNotFound, INVALID),
    (errors.ModelRetired, INVALID),
    (errors.BudgetExceeded, INVALID),
    (errors.JobNotFound, INVALID),
    (errors.PolyreelError, FAILED),
)


class OutputLost(Exception):
    """Nobody reads standard output any more; it has been said."""


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def lines(error: Exception) -> list[str]:
    """Return what to print about an error: a sentence, then each problem with its parameter's name."""
    if isinstance(error, errors.InvalidRequest):
        where = f" for {error.model}" if error.model else ""
        problems = [f"  {sentence(problem)}" for problem in error.problems]
        return [
            redact(line) for line in (f"error: the request is not valid{where}; nothing was sent", *problems)
        ]
    if isinstance(error, errors.PolyreelError):
        earlier = (f"  {note}" for note in getattr(error, "__notes__", ()))
        return [redact(line) for line in (f"error: {error}", *earlier)]
    if os.environ.get("POLYREEL_LOG", "").lower() == "debug":
        return [redact("".join(traceback.format_exception(error))), redact(f"error: {_unexpected(error)}")]
    return [redact(f"error: {_unexpected(error)}; POLYREEL_LOG=debug shows where it happened")]


def document(error: Exception, job: Job | None) -> dict[str, Any]:
    """Return an error as the one JSON document of ``--json``.

    Args:
        error: The error.
        job: The last known record of the job that it is about.
    """
    problems = error.problems if isinstance(error, errors.InvalidRequest) else ()
    message = str(error) if isinstance(error, errors.PolyreelError) else _unexpected(error)
    return _document(
        kind=type(error).__name__, message=message, problems=[shown(problem) for problem in problems], job=job
    )


def interruption(job: Job | None, cancellation: Cancellation | None = None) -> tuple[str, dict[str, Any]]:
    """Return what to say after Ctrl-C, as a sentence and as a document.

    Args:
        job: The last known record of the job that was being worked on.
        cancellation: What became of it, if it was to be cancelled.
    """
    if job is None:
        sentence = "interrupted: nothing was sent"
    elif cancellation is not None:
        sentence = redact(f"interrupted: {job.id}: {words.cancellation(cancellation)}")
        document = _document(kind="Interrupted", message=sentence, problems=[], job=job)
        return sentence, {**document, "cancellation": cancellation.model_dump(mode="json")}
    elif job.status == "unknown":
        sentence = (
            f"interrupted: whether {job.provider} accepted {job.id} is not known; 'polyreel jobs resume {job.id}' "
            "looks for it, if the provider has a way to"
        )
    elif job.done:
        sentence = f"interrupted: {job.id} is {job.status}; see 'polyreel jobs show {job.id}'"
    else:
        sentence = f"interrupted: {job.id} goes on; 'polyreel jobs resume {job.id}' takes it up again"
    return sentence, _document(kind="Interrupted", message=sentence, problems=[], job=job)


def sentence(problem: errors.Problem) -> str:
    """Return a problem with its parameter's name and the nearest way out."""
    told = problem.suggestion is None or "nearest" in problem.message or "did you mean" in problem.message
    return redact(str(problem) if told else f"{problem}; the nearest is {problem.suggestion}")


def misuse(message: str) -> dict[str, Any]:
    """Return a command line that is not understood as a document."""
    return _document(kind="UsageError", message=message, problems=[], job=None)


def shown(problem: errors.Problem) -> dict[str, Any]:
    """Return a problem for a JSON document."""
    return {
        "parameter": problem.parameter,
        "message": redact(problem.message),
        "value": problem.value,
        "allowed": None if problem.allowed is None else list(problem.allowed),
        "suggestion": problem.suggestion,
    }


def _document(*, kind: str, message: str, problems: list[dict[str, Any]], job: Job | None) -> dict[str, Any]:
    return {
        "error": {
            "type": kind,
            "message": redact(message),
            "problems": problems,
            "job_id": None if job is None else job.id,
        }
    }


def _unexpected(error: Exception) -> str:
    return f"unexpected {type(error).__name__}: {error}"
