"""The provider ``amazon``: every hook, each a few lines over the pure modules beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from polyreel.documents.loading import package_documents
from polyreel.errors import AuthenticationFailed, Problem
from polyreel.exchange import AccountSession
from polyreel.flows import Flow
from polyreel.hookspecs import hookimpl
from polyreel.http import Auth, Request
from polyreel.types.asset import Asset
from polyreel.types.job import Cancellation, Progress, Receipt, RemoteJob
from polyreel.types.provider import Account, ProviderInfo, Settings
from polyreel.types.task import Task

from polyreel_amazon_nova import checks, listing, output, wire
from polyreel_amazon_nova.accounts import INFO, AwsAuth
from polyreel_amazon_nova.places import bedrock_url, job_path, region_of
from polyreel_amazon_nova.storage import Storage

if TYPE_CHECKING:
    from polyreel.simulation.simulator import Simulator, Stage
    from polyreel.types.foreign import ForeignCall

_log: Final = logging.getLogger("polyreel.amazon")


@hookimpl
def provider_info() -> ProviderInfo:
    """Say who the provider is and what it can be told."""
    return INFO


@hookimpl
def list_models() -> Iterable[Mapping[str, Any]]:
    """Offer Nova Reel and Ray2."""
    return package_documents("polyreel_amazon_nova")


@hookimpl
def authenticate(settings: Settings) -> Auth:
    """Sign with a Bedrock API key, access keys, or what AWS's chain of credentials gives."""
    return AwsAuth(settings)


@hookimpl
def validate_parameters(task: Task) -> Iterable[Problem]:
    """Find what is wrong beyond what the document can say."""
    return list(checks.problems(task))


@hookimpl
def preflight(task: Task) -> Flow[Iterable[Problem]]:
    """Look whether the bucket is there, and make sure that there are credentials."""
    # What cannot be signed is said now: in the submit it would leave the fate of the job unknown.
    yield from _auth(task).sign(Request(method="GET", url=f"{_base(task)}/async-invoke"))
    return [] if task.settings.get("bucket_check") == "off" else (yield from checks.bucket_problems(task))


@hookimpl
def submit(task: Task) -> Flow[Receipt]:
    """Ask for the film; its token is the task's id."""
    response = yield from task.http.post(f"{_base(task)}/async-invoke", json=wire.body(task))
    return wire.receipt(response, task)


@hookimpl
def poll(task: Task, receipt: Receipt) -> Flow[Progress]:
    """Look once how the job is doing, in its own region, and into its folder when it is over."""
    region = wire.region_of_receipt(receipt, task)
    response = yield from task.http.get(f"{bedrock_url(task.settings, region)}{job_path(receipt.id)}")
    seen = wire.progress(response)
    if seen.state == "running":
        return seen
    places = wire.folders(response.json(), receipt)
    storage = Storage(http=task.http, settings=task.settings, region=region)
    if seen.state == "failed":
        return (yield from output.explained(seen, task, places, storage))
    return (yield from output.with_files(seen, task, places, storage))


@hookimpl
def normalise_result(payload: Mapping[str, Any]) -> Sequence[Asset]:
    """Say where the film and its shots are."""
    return output.assets(payload)


@hookimpl
def cancel() -> Flow[Cancellation]:
    """Say that Bedrock has no way to stop a job: its service model has no such operation."""
    yield from ()
    return Cancellation(
        outcome="not_supported",
        message="Bedrock cannot stop a job that it accepted; the job goes on, and costs what it costs",
    )


@hookimpl
def find_submission(task: Task, since: float) -> Flow[Receipt | None]:
    """Look in Bedrock's list, as far as it is of the time of the submit, for the job that carries the task's token."""
    found = yield from listing.rows(
        task.http,
        _base(task),
        since=since - listing.CLOCK_SKEW,
        until=since + listing.SUBMIT_WINDOW + listing.CLOCK_SKEW,
        enough=lambda rows: listing.with_token(rows, task.id) is not None,
    )
    arn = listing.with_token(found, task.id)
    return None if arn is None else wire.receipt_of(arn, task)


@hookimpl
def list_remote(account: Account, limit: int) -> Flow[Sequence[RemoteJob]]:
    """List the jobs that Bedrock keeps: of the chosen region, of the server at an address of one's own, else of every region.

    A region of several that the credentials may not enter is left out, which the log says; it is an error only if all are.
    """
    jobs: dict[str, RemoteJob] = {}
    refusals: list[AuthenticationFailed] = []
    places = listing.places_of(account.settings) if limit > 0 else ()
    for base_url in places:
        try:
            found = yield from listing.rows(
                account.http, base_url, size=min(limit, listing.PAGE), enough=lambda rows: len(rows) >= limit
            )
        except AuthenticationFailed as error:
            refusals.append(error)
            _log.warning("%s: its jobs are not listed: %s", base_url, error)
            continue
        jobs |= {job.receipt.id: job for job in map(wire.remote_job, found)}
    if refusals and len(refusals) == len(places):
        raise refusals[0]
    return sorted(jobs.values(), key=lambda job: job.created_at or 0.0, reverse=True)[:limit]


@hookimpl
def foreign_calls() -> Iterable[ForeignCall]:
    """Say which calls of other packages ask these models for a film."""
    from polyreel_amazon_nova.foreign import CALLS

    return CALLS


@hookimpl
def simulator() -> Callable[[Stage], Simulator]:
    """Give the service's local double."""
    from polyreel_amazon_nova.simulator import AmazonSimulator

    return AmazonSimulator


def _base(task: Task) -> str:
    return bedrock_url(task.settings, region_of(task))


def _auth(task: Task) -> Auth:
    """The account's own signer, where there is an account: what it asked people or programs for is asked once."""
    session = task.http.session
    return session.auth if isinstance(session, AccountSession) else AwsAuth(task.settings)
