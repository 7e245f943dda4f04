"""The three operations of Bedrock's asynchronous invocation; there is none that cancels or deletes."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Stage

from polyreel_amazon_nova.simulated_access import ACCOUNT, Gate, Place
from polyreel_amazon_nova.simulated_errors import (
    access_denied,
    bedrock_headers,
    invalid,
    throttled,
    unknown_operation,
    unreadable,
)
from polyreel_amazon_nova.simulated_jobs import STATUSES, SimulatedJob
from polyreel_amazon_nova.simulated_orders import Orders, read_order
from polyreel_amazon_nova.simulated_shapes import Complaints
from polyreel_amazon_nova.simulated_store import JobStore

__all__ = ["BedrockDesk"]

# botocore 1.44.5, ``bedrock-runtime/2023-09-30``.
_ARN: Final = r"arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:async-invoke/[a-z0-9]{12}"
_QUERY: Final = (
    "submitTimeAfter",
    "submitTimeBefore",
    "statusEquals",
    "maxResults",
    "nextToken",
    "sortBy",
    "sortOrder",
)
_MOST_RESULTS = 1000
_DEFAULT_RESULTS = 100  # an assumption: no number is published


class BedrockDesk:
    """Answers requests to Bedrock.

    Args:
        stage: ``state["rate_limited_until"]`` (seconds since 1970) lets every request before it meet a 429.
        gate: Lets requests in.
        orders: Starts jobs.
        jobs: Finds them.
    """

    def __init__(self, stage: Stage, gate: Gate, orders: Orders, jobs: JobStore) -> None:
        self._stage = stage
        self._gate = gate
        self._orders = orders
        self._jobs = jobs

    def handle(self, request: Request, place: Place) -> Response:
        """Answer one request.

        Raises:
            BedrockError: It is refused.
        """
        # A segment that is empty or too many is no operation: an ARN whose slash was not encoded makes two of it.
        match urlsplit(request.url).path.split("/"), request.method:
            case ["", "async-invoke"], "POST":
                return self._start(request, self._entered(request, place))
            case ["", "async-invoke"], "GET":
                return self._list(request, self._entered(request, place))
            case ["", "async-invoke", arn], "GET" if arn:
                return self._get(unquote(arn), self._entered(request, place))
        raise unknown_operation()

    def _entered(self, request: Request, place: Place) -> str | None:
        region = self._gate.bedrock(request, place)
        if self._stage.clock.now() < self._stage.state.get("rate_limited_until", 0.0):
            raise throttled()
        return region

    def _start(self, request: Request, region: str | None) -> Response:
        order = read_order(_read_json(request.content or b""))
        return _json({"invocationArn": self._orders.start(order, region)})

    def _get(self, arn: str, region: str | None) -> Response:
        complaints = Complaints()
        complaints.text("invocationArn", arn, lengths=(1, 2048), pattern=_ARN)
        complaints.settle()
        _, _, _, there, account, _ = arn.split(":")
        if account != ACCOUNT:
            raise access_denied("bedrock:GetAsyncInvoke", arn)
        job = self._jobs.find(arn)
        if job is None or region not in {None, there}:
            # The operation declares no ResourceNotFoundException; that it is this one is an assumption.
            raise invalid("The provided invocation ARN is not valid or does not exist in this region.")
        return _json(job.answer(self._stage.clock.now()))

    def _list(self, request: Request, region: str | None) -> Response:
        query = query_of(request.address)
        complaints = Complaints()
        _check_names(query, _QUERY)
        limit = _DEFAULT_RESULTS
        if "maxResults" in query:
            limit = complaints.whole("maxResults", query["maxResults"], low=1, high=_MOST_RESULTS)
        if "statusEquals" in query:
            complaints.choice("statusEquals", query["statusEquals"], STATUSES)
        complaints.choice("sortBy", query.get("sortBy", "SubmissionTime"), ("SubmissionTime",))
        complaints.choice("sortOrder", query.get("sortOrder", "Descending"), ("Ascending", "Descending"))
        if "nextToken" in query:
            complaints.text("nextToken", query["nextToken"], lengths=(1, 2048), pattern=r"\S*")
        complaints.settle()
        jobs = self._found(query, region)
        start = _position(query["nextToken"], jobs) if "nextToken" in query else 0
        page = jobs[start : start + limit]
        now = self._stage.clock.now()
        answer: dict[str, Any] = {"asyncInvokeSummaries": [job.answer(now) for job in page]}
        if start + limit < len(jobs):
            answer["nextToken"] = _token(page[-1])
        return _json(answer)

    def _found(self, query: dict[str, str], region: str | None) -> list[SimulatedJob]:
        """Return the jobs that a query asks for; both ends of the window are outside it, which is assumed."""
        after = _moment(query["submitTimeAfter"]) if "submitTimeAfter" in query else float("-inf")
        before = _moment(query["submitTimeBefore"]) if "submitTimeBefore" in query else float("inf")
        now = self._stage.clock.now()
        jobs = [
            job
            for job in self._jobs.all(region)
            if after < job.created < before and query.get("statusEquals") in {None, job.status(now)}
        ]
        return jobs if query.get("sortOrder") == "Ascending" else jobs[::-1]


def _read_json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise unreadable("The body is no JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_names(query: Collection[str], names: Collection[str]) -> None:
    """Refuse an unknown query parameter, where the service may ignore it: it would have been meant to filter."""
    for name in query:
        if name not in names:
            raise invalid(f"The query parameter '{name}' is unknown.")


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not re.match(r"\d{4}-\d\d-\d\dT\d\d:", text) or moment.tzinfo is None:
        raise unreadable(f"The value '{text}' can not be converted to a Timestamp")
    return moment.astimezone(UTC).timestamp()


def _token(last: SimulatedJob) -> str:
    """Return what leads to the page after a job."""
    return base64.urlsafe_b64encode(json.dumps({"after": last.arn}).encode()).decode("ascii")


def _position(token: str, jobs: list[SimulatedJob]) -> int:
    try:
        arn = json.loads(base64.urlsafe_b64decode(token))["after"]
        return next(number for number, job in enumerate(jobs, start=1) if job.arn == arn)
    except (binascii.Error, ValueError, TypeError, LookupError, StopIteration):
        raise invalid("The provided nextToken is not valid.") from None


def _json(value: Any) -> Response:
    content = json.dumps(value, ensure_ascii=False).encode()
    return Response(status=200, headers=bedrock_headers(), content=content)
