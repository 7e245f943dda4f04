"""The server's own list of jobs, and finding in it a submit that was cut off.

Paging: fact sheet on the OpenAI Videos API, section 1 (2026-11-23). Clones leave out the cursors or the order, so
nothing here takes them for granted; where a list proves nothing, the answer is ``None``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from polyreel.exchange import Endpoint
from polyreel.flows import Flow
from polyreel.http import Response
from polyreel.types.job import Receipt, RemoteJob
from polyreel.types.task import Task

from polyreel_openai_sora.failures import answer_error
from polyreel_openai_sora.wire import operation_of

__all__ = ["CLOCK_SKEW", "begun_before", "matching", "pages", "remote_job"]

Row: TypeAlias = dict[str, Any]

PAGE: Final = 100
MAX_PAGES: Final = 50
CLOCK_SKEW: Final = 60.0  # seconds by which the server's clock may be behind ours
LATEST: Final = 600.0  # a submit that was cut off was accepted within this time, or not at all
_NO_LIST: Final = frozenset({400, 404, 405, 422, 501})
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}")


def pages(http: Endpoint, *, size: int, enough: Callable[[Sequence[Row]], bool]) -> Flow[list[Row] | None]:
    """Read the list, newest first, until ``enough`` is satisfied or it ends.

    Args:
        http: The account's endpoint.
        size: Rows in a page, at most 100.
        enough: Whether the rows so far are all that is wanted.

    Returns:
        The rows; ``None`` when the server has no list, or one that does not end.

    Raises:
        ProviderError: The server refused for another reason than having no list.
    """
    rows: list[Row] = []
    after: str | None = None
    for _ in range(MAX_PAGES):
        response = yield from http.get("/videos", query={"limit": size, "order": "desc", "after": after})
        page = _page(response)
        if page is None:
            return None
        found = [
            row for row in page.get("data", ()) if isinstance(row, dict) and isinstance(row.get("id"), str)
        ]
        rows += found
        before, after = after, page.get("last_id") or (found[-1]["id"] if found else None)
        if not page.get("has_more") or not found or enough(rows):
            return rows
        if after == before:
            return None
    return None


def begun_before(moment: float) -> Callable[[Sequence[Row]], bool]:
    """Return a test whether the last row is older than ``moment``, so that older pages are of no interest."""

    def reached(rows: Sequence[Row]) -> bool:
        created = rows[-1].get("created_at") if rows else None
        return isinstance(created, int | float) and created < moment

    return reached


def matching(rows: Sequence[Row], task: Task, since: float) -> list[Receipt]:
    """Return the receipt of each row that can be the task's submit.

    The protocol has no field of the caller's own, so this is evidence, not proof: time, prompt, model, and for a
    new film its length and size.

    Args:
        rows: The server's list.
        task: The request.
        since: When the submit was begun, seconds since 1970.
    """
    candidates = (row for row in rows if _fits(row, task, since))
    return [Receipt(id=row["id"], data={"operation": operation_of(task)}) for row in candidates]


def remote_job(row: Row) -> RemoteJob:
    """Return a row of the list as polyreel shows it."""
    created, prompt = row.get("created_at"), row.get("prompt")
    return RemoteJob(
        receipt=Receipt(id=row["id"], data={}),
        state=str(row.get("status", "unknown")),
        model=str(row.get("model") or ""),
        created_at=float(created) if isinstance(created, int | float) else None,
        prompt=prompt if isinstance(prompt, str) else None,
    )


def _page(response: Response) -> Row | None:
    if response.status in _NO_LIST:
        return None
    if not response.ok:
        raise answer_error(response)
    body = response.json_object()
    return body if body is not None and isinstance(body.get("data"), list) else None


def _fits(row: Row, task: Task, since: float) -> bool:
    created = row.get("created_at")
    if not isinstance(created, int | float) or not since - CLOCK_SKEW <= created <= since + LATEST:
        return False
    if row.get("prompt") != task.parameters["prompt"]:
        return False
    operation = operation_of(task)
    if operation != "create":
        # Model, length and size are the source's. A server that says what was remixed must say so here.
        return operation != "remix" or row.get("remixed_from_video_id", True) is not None
    if row.get("remixed_from_video_id"):
        return False
    return (
        _same_model(row.get("model"), task.native_model)
        and _same_number(row.get("seconds"), task.parameters.get("duration"))
        and _same_text(row.get("size"), task.parameters.get("size"))
    )


def _same_model(said: Any, asked: str) -> bool:
    """An alias may come back as its dated snapshot; ``sora-2-pro`` is no snapshot of ``sora-2``."""
    if not isinstance(said, str) or said == asked:
        return True
    return said.startswith(asked) and _SNAPSHOT.fullmatch(said[len(asked) :]) is not None


def _same_number(said: Any, asked: Any) -> bool:
    if said is None or asked is None:
        return True
    try:
        return float(said) == float(asked)
    except (TypeError, ValueError):
        return False


def _same_text(said: Any, asked: Any) -> bool:
    return said is None or asked is None or said == asked
