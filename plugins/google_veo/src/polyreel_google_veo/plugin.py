"""The provider ``google``: every hook, each a few lines over the pure modules beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from polyreel.documents.loading import package_documents
from polyreel.errors import Problem, ResourceNotFound
from polyreel.flows import Flow
from polyreel.hookspecs import hookimpl
from polyreel.http import Auth, Response
from polyreel.types.asset import Asset
from polyreel.types.job import Cancellation, Progress, Receipt
from polyreel.types.provider import ProviderInfo, Settings, WebhookEvent
from polyreel.types.task import Task

from polyreel_google_veo import (
    accounts,
    checks,
    failures,
    films,
    interactions,
    operations,
    readiness,
    webhooks,
    wire,
)
from polyreel_google_veo.listing import offered
from polyreel_google_veo.surfaces import Place, place_again

if TYPE_CHECKING:
    from polyreel.simulation.simulator import Simulator, Stage
    from polyreel.types.foreign import ForeignCall

_PACKAGE: Final = "polyreel_google_veo"
_INLINE_BYTES: Final = (
    512 * 1024 * 1024
)  # four films in 4k as base64; without a bucket Vertex AI sends them so


@hookimpl
def provider_info() -> ProviderInfo:
    """Say who the provider is and what it can be told."""
    return accounts.INFO


@hookimpl
def list_models(settings: Settings) -> Iterable[Mapping[str, Any]]:
    """Offer each model once, from the surface where it lives and that is set up; everything for publication."""
    gemini, vertex = (package_documents(_PACKAGE, f"models/{surface}") for surface in ("gemini", "vertex"))
    return offered(gemini, vertex, settings)


@hookimpl
def authenticate(settings: Settings) -> Auth:
    """Sign with the API key or with an access token, each where it belongs."""
    return accounts.GoogleAuth(settings)


@hookimpl
def validate_parameters(task: Task) -> Iterable[Problem]:
    """Find what is wrong beyond what the document can say."""
    return list(checks.problems(task))


@hookimpl
def preflight(task: Task) -> Flow[Iterable[Problem]]:
    """Look whether a bucket is there and a source is ready."""
    return (yield from readiness.problems(task))


@hookimpl
def submit(task: Task) -> Flow[Receipt]:
    """Ask for the film."""
    asked = wire.submission(task)
    place = asked.place
    response = yield from task.http.post(place.submit, json=asked.json, max_bytes=_INLINE_BYTES)
    if response.status >= 400:  # noqa: PLR2004  the classes of errors
        raise failures.submit_error(
            response,
            model=place.model,
            replacements=tuple(task.document["x-model"].get("replaced_by", ())),
            settings=task.settings,
        )
    read = operations.name_of if place.kind == "operation" else interactions.identity_of
    return Receipt(id=read(response), data=place.receipt)


@hookimpl
def poll(task: Task, receipt: Receipt) -> Flow[Progress]:
    """Look once how the job is doing."""
    place = place_again(receipt.data, task.settings)
    with failures.after_acceptance():
        if place.kind == "interaction":
            seen = yield from _interaction(task, place, receipt)
            return interactions.progress(seen, task.settings)
        return operations.progress((yield from _operation(task, place, receipt)), task.settings)


@hookimpl
def normalise_result(task: Task, payload: Mapping[str, Any]) -> Sequence[Asset]:
    """Say where the films are: at the Developer API, in a bucket, or inside the answer."""
    return films.assets(payload["films"], task.settings)


@hookimpl
def cancel(task: Task, receipt: Receipt) -> Flow[Cancellation]:
    """Stop an interaction; an operation of Veo cannot be stopped."""
    place = place_again(receipt.data, task.settings)
    if place.kind == "operation":
        return Cancellation(
            outcome="not_supported",
            message="Google has no way to stop a film of Veo; the job goes on, and costs what it costs",
        )
    with failures.after_acceptance():
        response = yield from task.http.post(
            f"{place.interaction(receipt.id)}/cancel", repeatable=True, max_bytes=_INLINE_BYTES
        )
        if response.ok:
            return interactions.cancelled(interactions.progress(response))
        # Of an interaction that is over Google may say so with an error: look.
        seen = interactions.progress((yield from _interaction(task, place, receipt)), task.settings)
        if seen.state in {"queued", "running"}:
            raise failures.answer_error(response, settings=task.settings)
        return interactions.cancelled(seen)


@hookimpl
def delete(task: Task, receipt: Receipt) -> Flow[Cancellation]:
    """Delete an interaction at Google; operations and their films end by themselves."""
    place = place_again(receipt.data, task.settings)
    if place.kind == "operation":
        kept = (
            "a film in your bucket is yours to delete"
            if place.surface == "vertex"
            else "it deletes films itself after two days"
        )
        return Cancellation(
            outcome="not_supported", message=f"Google has no way to delete an operation; {kept}"
        )
    with failures.after_acceptance():
        response = yield from task.http.delete(place.interaction(receipt.id))
        if response.ok:
            return Cancellation(outcome="cancelled", message="the interaction was deleted at Google")
        error = failures.answer_error(response, settings=task.settings)
        if isinstance(error, ResourceNotFound):
            return Cancellation(
                outcome="too_late", message="Google does not know the interaction, or no longer"
            )
        raise error


@hookimpl
def parse_webhook(settings: Settings, headers: Mapping[str, str], body: bytes, now: float) -> WebhookEvent:
    """Verify a message of a project's webhook."""
    return webhooks.event(settings, headers, body, now=now)


@hookimpl
def foreign_calls() -> Iterable[ForeignCall]:
    """Say which calls of other packages ask these models for a film."""
    from polyreel_google_veo.foreign import CALLS

    return CALLS


@hookimpl
def simulator() -> Callable[[Stage], Simulator]:
    """Give the local double of both surfaces."""
    from polyreel_google_veo.simulator import GoogleSimulator

    return GoogleSimulator


def _operation(task: Task, place: Place, receipt: Receipt) -> Flow[Response]:
    address = place.operation(receipt.id)
    if place.surface != "vertex":
        return (yield from task.http.get(address, advised=failures.advised_pause, max_bytes=_INLINE_BYTES))
    return (
        yield from task.http.post(
            address,
            json={"operationName": receipt.id},
            repeatable=True,  # it only looks
            advised=failures.advised_pause,
            max_bytes=_INLINE_BYTES,
        )
    )


def _interaction(task: Task, place: Place, receipt: Receipt) -> Flow[Response]:
    return (
        yield from task.http.get(
            place.interaction(receipt.id),
            query={"stream": "false"},
            advised=failures.advised_pause,
            max_bytes=_INLINE_BYTES,
        )
    )
