"""Bedrock's own list of jobs, and finding in it a start that was cut off.

ListAsyncInvokes: fact sheet on Bedrock's asynchronous invocations, section 1.3 (2026-11-23). It filters by time alone; the
token that we gave stands in each row, so what is found is the very job, or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from polyreel.exchange import Endpoint
from polyreel.flows import Flow
from polyreel.types.provider import Settings

from polyreel_amazon_nova.failures import answer_error, unexpected
from polyreel_amazon_nova.places import REGIONS, bedrock_url, region_in

__all__ = ["CLOCK_SKEW", "SUBMIT_WINDOW", "places_of", "rows", "with_token"]

Row: TypeAlias = dict[str, Any]

CLOCK_SKEW: Final = 300.0  # seconds; signatures are refused when the clocks differ by more
SUBMIT_WINDOW: Final = 180.0  # seconds after which a start, with all of its repetitions, is surely over
PAGE: Final = 100
MAX_IDLE_PAGES: Final = 50  # so many pages in a row that bring nothing new are no list


def rows(  # noqa: PLR0913  what a list can be asked for
    http: Endpoint,
    base_url: str,
    *,
    enough: Callable[[list[Row]], bool],
    size: int = PAGE,
    since: float | None = None,
    until: float | None = None,
) -> Flow[list[Row]]:
    """Read the list of one region, newest first, until ``enough`` is satisfied or it ends.

    Args:
        http: The account's endpoint.
        base_url: The region's.
        enough: Whether the rows so far are all that is wanted.
        size: Rows in a page, 1 to 1,000.
        since: Only jobs begun after this time, seconds since 1970.
        until: Only jobs begun before this time.

    Raises:
        ProviderError: Bedrock refused, or answered outside the protocol, as a list does that goes on without end.
    """
    found: dict[str, Row] = {}
    token: str | None = None
    idle = 0
    while idle < MAX_IDLE_PAGES:
        query = {
            "submitTimeAfter": None if since is None else _written(math.floor(since)),
            "submitTimeBefore": None if until is None else _written(math.ceil(until)),
            "maxResults": size,
            "nextToken": token,
            "sortBy": "SubmissionTime",
            "sortOrder": "Descending",
        }
        response = yield from http.get(f"{base_url}/async-invoke", query=query)
        if not response.ok:
            raise answer_error(response)
        page = response.json_object()
        if page is None:
            raise unexpected(response, "a list of jobs")
        summaries = page.get("asyncInvokeSummaries")
        known = len(found)
        found |= {
            row["invocationArn"]: row
            for row in filter(_is_row, summaries if isinstance(summaries, list) else ())
        }
        idle = 0 if len(found) > known else idle + 1
        before, token = token, page.get("nextToken")
        if not isinstance(token, str) or not token or token == before or enough(list(found.values())):
            return list(found.values())
    raise unexpected(response, "a list of jobs that comes to an end")


def with_token(found: list[Row], token: str) -> str | None:
    """Return the ARN of the job that was asked for with ``token``, or ``None``."""
    arns = (str(row["invocationArn"]) for row in found if row.get("clientRequestToken") == token)
    return next((arn for arn in arns if region_in(arn) is not None), None)


def places_of(settings: Settings) -> tuple[str, ...]:
    """Return the base URLs whose lists together are all of the account's jobs: one for each region, unless one is chosen."""
    chosen = settings.get("region")
    regions = (chosen,) if chosen else REGIONS
    return tuple(dict.fromkeys(bedrock_url(settings, region) for region in regions))


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("invocationArn"), str)


def _written(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
