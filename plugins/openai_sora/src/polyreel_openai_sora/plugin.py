"""The provider ``openai``: every hook, each a few lines over the pure modules beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from polyreel.documents.loading import package_documents
from polyreel.errors import MissingKey, PluginFailed, Problem, RequestRejected, ResourceNotFound
from polyreel.flows import Flow
from polyreel.hookspecs import hookimpl
from polyreel.http import Auth, Response, path_segment
from polyreel.types.asset import Asset
from polyreel.types.cost import Cost
from polyreel.types.job import Cancellation, Progress, Receipt, RemoteJob
from polyreel.types.media import Media, MediaRef
from polyreel.types.provider import Account, ProviderInfo, Settings, WebhookEvent
from polyreel.types.task import Task
from polyreel.webhooks import verify

from polyreel_openai_sora import checks, failures, jobs, listing, webhooks, wire
from polyreel_openai_sora.accounts import INFO, OPENAI_URL, WEBHOOK_VARIABLES, auth_of
from polyreel_openai_sora.profiles import profile_of

if TYPE_CHECKING:
    from polyreel.simulation.simulator import Simulator, Stage
    from polyreel.types.foreign import ForeignCall

_CLIP: Final = re.compile(r"openai_characters[/.](\d+)[/.]video")
_GONE: Final = frozenset({404, 410})
_NO_ROUTE: Final = frozenset({405, 501})
_CONFLICT: Final = 409


@hookimpl
def provider_info() -> ProviderInfo:
    """Say who the provider is and what it can be told."""
    return INFO


@hookimpl
def list_models(settings: Settings) -> Iterable[Mapping[str, Any]]:
    """Offer Sora's documents, and at another server than OpenAI's, or at none in particular, any model id."""
    elsewhere = urlsplit(settings.get("base_url")).hostname != urlsplit(OPENAI_URL).hostname
    return [
        document
        for document in package_documents("polyreel_openai_sora")
        if elsewhere or not document["x-model"].get("family")
    ]


@hookimpl
def authenticate(settings: Settings) -> Auth:
    """Sign with the key where the profile has it, and name organization and project."""
    return auth_of(settings)


@hookimpl
def validate_parameters(task: Task) -> Iterable[Problem]:
    """Find what is wrong beyond what the document can say."""
    return list(checks.problems(task, profile_of(task.settings)))


@hookimpl
def upload(task: Task, media: Media) -> Flow[MediaRef]:
    """Make a character of a clip."""
    place = _CLIP.fullmatch(media.parameter)
    if place is None:
        raise PluginFailed(
            f"only the clip of a character is uploaded ahead, not {media.parameter}",
            plugin="openai",
            phase="hook",
        )
    name = str(task.parameters["openai_characters"][int(place[1])]["name"])
    response = yield from task.http.post("/videos/characters", form=wire.character_form(media, name))
    if not response.ok:
        raise failures.answer_error(response, billed=False)
    identity = (response.json_object() or {}).get("id")
    if not isinstance(identity, str) or not identity:
        failures.raise_unexpected(response, "a character with an id", billed=False)
    return MediaRef(parameter=media.parameter, id=identity, media_type=media.media_type)


@hookimpl
def submit(task: Task) -> Flow[Receipt]:
    """Ask for the film: a new one, or an edit, an extension or a remix of another."""
    asked = wire.submission(task, profile_of(task.settings))
    response = yield from task.http.post(asked.path, json=asked.json, form=asked.form)
    return jobs.receipt(response, asked, model=task.native_model)


@hookimpl
def poll(task: Task, receipt: Receipt) -> Flow[Progress]:
    """Look once how the job is doing."""
    response = yield from task.http.get(_path(receipt), final=jobs.is_job)
    return jobs.progress(response, receipt)


@hookimpl
def normalise_result(task: Task, payload: Mapping[str, Any]) -> Sequence[Asset]:
    """Say where the film is, and its thumbnail and sprite sheet where the server makes them."""
    return jobs.assets(payload, profile_of(task.settings))


@hookimpl
def refresh(task: Task, receipt: Receipt) -> Flow[Sequence[Asset]]:
    """Look again where the film is."""
    seen = yield from poll(task, receipt)
    if seen.payload is None:
        reason = seen.failure.message if seen.failure else f"the job is {seen.state}"
        raise ResourceNotFound(
            f"the server has no film of this job: {reason}", provider="openai", billed=None
        )
    return normalise_result(task, seen.payload)


@hookimpl
def settle(payload: Mapping[str, Any]) -> Cost | None:
    """Read what a gateway charged; OpenAI does not say."""
    return jobs.cost(payload)


@hookimpl
def cancel(task: Task, receipt: Receipt) -> Flow[Cancellation]:
    """Stop a running job where DELETE does that."""
    profile = profile_of(task.settings)
    if profile.deletion != "aborts":
        return Cancellation(
            outcome="not_supported",
            message=f"a server with the profile {profile.name!r} cannot stop a job that it accepted; the job goes on, "
            "and costs what it costs",
        )
    # DELETE of a finished job would delete its film: look first.
    seen = yield from poll(task, receipt)
    if seen.state in {"succeeded", "failed"}:
        return Cancellation(outcome="too_late", message=f"the job has already {seen.state}")
    if seen.state == "cancelled":
        return Cancellation(outcome="cancelled", message="the job was already cancelled")
    response = yield from task.http.delete(_path(receipt))
    if response.status == _CONFLICT:  # vLLM-Omni, while it is stopping the job
        return Cancellation(outcome="cancelled", message="the server is already stopping the job")
    return _deleted(response, "the job was stopped")


@hookimpl
def delete(task: Task, receipt: Receipt) -> Flow[Cancellation]:
    """Delete the job and its film at the server."""
    profile = profile_of(task.settings)
    if profile.deletion is None:
        return Cancellation(
            outcome="not_supported",
            message=f"a server with the profile {profile.name!r} has no way to delete a job",
        )
    response = yield from task.http.delete(_path(receipt))
    return _deleted(response, "the job was deleted at the server")


@hookimpl
def find_submission(task: Task, since: float) -> Flow[Sequence[Receipt] | None]:
    """Look in the server's list for a submit that was cut off."""
    if not profile_of(task.settings).lists:
        raise RequestRejected("this server has no list of jobs", provider="openai", code="not_supported")
    enough = listing.begun_before(since - listing.CLOCK_SKEW)
    rows = yield from listing.pages(task.http, size=100, enough=enough)
    return None if rows is None else listing.matching(rows, task, since)


@hookimpl
def list_remote(account: Account, limit: int) -> Flow[Sequence[RemoteJob]]:
    """List the jobs that the server keeps."""
    rows = None
    if limit < 1:
        return []
    if profile_of(account.settings).lists:
        size = min(limit, 100)
        rows = yield from listing.pages(account.http, size=size, enough=lambda rows: len(rows) >= limit)
    if rows is None:
        raise RequestRejected("this server has no list of jobs", provider="openai", code="not_supported")
    return [listing.remote_job(row) for row in rows[:limit]]


@hookimpl
def parse_webhook(
    settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> WebhookEvent | None:
    """Verify a message by its Standard Webhooks signature."""
    secret = settings.secret("webhook_secret")
    if not secret:
        raise MissingKey(
            "webhook messages of the provider 'openai' cannot be verified without the setting 'webhook_secret'",
            provider="openai",
            variables=WEBHOOK_VARIABLES,
        )
    identity = verify(secret.reveal(), headers, body, now=now, provider="openai")
    return webhooks.event(identity, body)


@hookimpl
def foreign_calls() -> Iterable[ForeignCall]:
    """Say which calls of other packages ask these models for a film."""
    from polyreel_openai_sora.foreign import CALLS

    return CALLS


@hookimpl
def simulator() -> Callable[[Stage], Simulator]:
    """Give the service's local double."""
    from polyreel_openai_sora.simulator import OpenAISimulator

    return OpenAISimulator


def _path(receipt: Receipt) -> str:
    return f"/videos/{path_segment(receipt.id)}"


def _deleted(response: Response, done: str) -> Cancellation:
    if response.ok:
        return Cancellation(outcome="cancelled", message=done)
    if response.status in _GONE:
        return Cancellation(outcome="too_late", message="the server does not know the job, or no longer")
    if response.status in _NO_ROUTE:
        return Cancellation(outcome="not_supported", message="this server has no way to delete a job")
    raise failures.answer_error(response)
