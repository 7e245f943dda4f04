"""Every hook of polyreel: what a plugin may implement, and when the core calls it.

Hooks are synchronous and perform no I/O. Those that need the network return a :data:`~polyreel.flows.Flow`: a
generator that yields effects and is driven by the core, blocking or awaiting. An implementation may take fewer
arguments than its specification. An ability is shown by the presence of a hook, never by a flag.

A plugin is a module (or an object) with functions marked by :data:`hookimpl`::

    from polyreel.hookspecs import hookimpl

    @hookimpl
    def submit(task):
        response = yield from task.http.post("/films", json={"prompt": task.parameters["prompt"]})
        return Receipt(id=response.json()["id"])

Any hook can be wrapped by an extension (``@hookimpl(wrapper=True)``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    from polyreel.errors import Problem
    from polyreel.flows import Flow
    from polyreel.http import Auth
    from polyreel.simulation.simulator import Simulator, Stage
    from polyreel.types.asset import Asset
    from polyreel.types.cost import Cost
    from polyreel.types.foreign import ForeignCall
    from polyreel.types.job import Cancellation, Finished, Job, Progress, Receipt, RemoteJob
    from polyreel.types.media import Media, MediaRef
    from polyreel.types.provider import Account, ProviderInfo, Settings, WebhookEvent
    from polyreel.types.task import Task

__all__ = ["API", "PROJECT", "hookimpl", "hookspec"]

API: Final = 1
"""The version of this interface; a provider names the one it was written for."""

PROJECT: Final = "polyreel"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# --- what a provider is ---------------------------------------------------------------------------------


@hookspec(firstresult=True)
def provider_info() -> ProviderInfo:
    """Say who the provider is and what it can be told.

    Called once, when the provider is first used. Required of a provider.

    Returns:
        Its id, settings and the plugin API version it was written for.

    Example::

        @hookimpl
        def provider_info():
            return ProviderInfo(
                id="acme",
                title="Acme Films",
                api=1,
                documentation="https://acme.example/docs",
                settings=(
                    Setting(name="api_key", description="Your key", environment=("ACME_API_KEY",),
                            secret=True, required=True),
                    Setting(name="base_url", description="Where the API is",
                            default="https://api.acme.example/v1"),
                ),
            )
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def list_models(settings: Settings) -> Iterable[Mapping[str, Any]]:
    """Offer the model documents.

    Called when a model is looked up. Required of a provider.

    Args:
        settings: The resolved settings; a provider of compatible servers may offer an open family when a base
            URL is set.

    Returns:
        Model documents as JSON, normally the package's ``models/*.json``.

    Example::

        @hookimpl
        def list_models():
            return package_documents("polyreel_acme")
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def authenticate(settings: Settings) -> Auth:
    """Say how requests are signed. Required of a provider.

    Args:
        settings: The resolved settings, keys included.

    Returns:
        The signer; it is applied only to requests to the provider's own origins.

    Example::

        @hookimpl
        def authenticate(settings):
            key = settings.secret("api_key")
            return BearerAuth(key) if key else NoAuth()
    """
    raise NotImplementedError


# --- a job's life, in the order of the calls -----------------------------------------------------------------


@hookspec
def validate_parameters(task: Task) -> Iterable[Problem]:
    """Find what is wrong with a request beyond what JSON Schema can say.

    Called after the document's own validation, before anything is sent, on the provider and on every extension:
    house rules go here.

    Args:
        task: The request, with defaults; media are read.

    Returns:
        Problems; empty when all is well.

    Example::

        @hookimpl
        def validate_parameters(task):
            if "logo" in task.parameters["prompt"].lower():
                yield Problem(parameter="prompt", message="house rule: no logos")
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def upload(task: Task, media: Media) -> Flow[MediaRef]:
    """Send a file ahead of the request, where the vendor wants it so. Optional.

    Called for each medium whose document says ``"x-media": {"upload": true}``, before the submit. It must cost
    nothing.

    Args:
        task: The request.
        media: The file; ``media.parameter`` says where it was given.

    Returns:
        The reference that takes its place in ``task.parameters``.

    Example::

        @hookimpl
        def upload(task, media):
            part = Part(name="file", content=media.content, filename=media.name, media_type=media.media_type)
            response = yield from task.http.post("/files", form=[part])
            return MediaRef(parameter=media.parameter, id=response.json()["id"])
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def preflight(task: Task) -> Flow[Iterable[Problem]]:
    """Look, before anything is paid, for what would make the job fail or its film unreachable. Optional.

    Called once, after the uploads and before the submit; not by a dry run or a check, which send nothing. It asks for
    free things alone: whether the caller's bucket is there, whether an earlier film is ready to be extended.

    Args:
        task: The request.

    Returns:
        Problems; empty when nothing is known against it.

    Raises:
        ProviderError: What was found is no fault of the request: the credentials are refused.

    Example::

        @hookimpl
        def preflight(task):
            response = yield from task.http.head(f"/buckets/{path_segment(task.settings.get('bucket'))}")
            return [] if response.ok else [Problem(parameter="acme_bucket", message="there is no such bucket")]
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def submit(task: Task) -> Flow[Receipt | Finished]:
    """Ask for the film. Required of a provider.

    The one call that costs money: it makes exactly one request that does.

    Args:
        task: The validated request.

    Returns:
        A receipt, or at once the payload of a finished job if the vendor holds the request open.

    Raises:
        ProviderError: The vendor refused it.

    Example::

        @hookimpl
        def submit(task):
            response = yield from task.http.post("/films", json=wire.body(task))
            wire.raise_for_error(response)
            return Receipt(id=response.json()["id"])
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def poll(task: Task, receipt: Receipt) -> Flow[Progress]:
    """Look once how the job is doing; never a loop. Required of a provider.

    Args:
        task: The request; media may be missing after a restart.
        receipt: What ``submit`` returned.

    Returns:
        State, percent, a line for people, and the vendor's advice for the next poll.

    Example::

        @hookimpl
        def poll(task, receipt):
            response = yield from task.http.get(f"/films/{path_segment(receipt.id)}")
            return wire.progress(response.json())
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def normalise_result(task: Task, payload: Mapping[str, Any]) -> Sequence[Asset]:
    """Say where each produced file is. Required of a provider.

    Args:
        task: The request.
        payload: The payload of the successful :class:`Progress` or of :class:`Finished`.

    Returns:
        The assets, films first; an empty list means that the vendor reported success without content.

    Example::

        @hookimpl
        def normalise_result(task, payload):
            return [Asset(url=payload["url"], expires_at=payload["expires_at"])]
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def refresh(task: Task, receipt: Receipt) -> Flow[Sequence[Asset]]:
    """Give fresh addresses for files whose links ran out. Optional; without it the core polls again.

    Args:
        task: The request.
        receipt: What ``submit`` returned.

    Returns:
        The assets with living addresses.

    Example::

        @hookimpl
        def refresh(task, receipt):
            response = yield from task.http.get(f"/films/{path_segment(receipt.id)}/links")
            return [Asset(url=response.json()["url"])]
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def settle(task: Task, payload: Mapping[str, Any]) -> Cost | None:
    """Read what the vendor says it charged. Optional.

    Args:
        task: The request.
        payload: As for ``normalise_result``.

    Returns:
        The cost, or ``None`` when the answer does not tell.

    Example::

        @hookimpl
        def settle(task, payload):
            return Cost(amount=Decimal(payload["usage"]["usd"]), billed=True, basis="vendor")
    """
    raise NotImplementedError


# --- more that a provider may be able to do -----------------------------------------------------------------


@hookspec(firstresult=True)
def cancel(task: Task, receipt: Receipt) -> Flow[Cancellation]:
    """Stop a running job. Optional.

    Args:
        task: The request.
        receipt: What ``submit`` returned.

    Returns:
        What became of it, said honestly: cancelled, or too late.

    Example::

        @hookimpl
        def cancel(task, receipt):
            response = yield from task.http.delete(f"/films/{path_segment(receipt.id)}")
            return Cancellation(outcome="cancelled" if response.ok else "too_late")
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def delete(task: Task, receipt: Receipt) -> Flow[Cancellation]:
    """Delete a job and its files at the provider. Optional.

    Args:
        task: The request.
        receipt: What ``submit`` returned.

    Returns:
        ``"cancelled"`` when it is gone, ``"too_late"`` when the provider no longer knew it.

    Example::

        @hookimpl
        def delete(task, receipt):
            yield from task.http.delete(f"/films/{path_segment(receipt.id)}")
            return Cancellation(outcome="cancelled")
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def find_submission(task: Task, since: float) -> Flow[Receipt | Sequence[Receipt] | None]:
    """Look whether a submit that was cut off was accepted. Optional.

    Args:
        task: The request; media may be missing.
        since: When the submit was begun, seconds since 1970.

    Returns:
        The receipt when it is certain: the job carries the task's token. A list when all that is known is how the
        request looked: every job that can be it; it is adopted only if exactly one is free, for exactly one that
        was cut off. ``None`` when there is none, which is no proof that none was accepted.

    Raises:
        RequestRejected: With ``code="not_supported"``: this server has no list, and looking again makes no sense.

    Example::

        @hookimpl
        def find_submission(task, since):
            response = yield from task.http.get("/films", query={"client_id": task.id})
            found = response.json()["data"]
            return Receipt(id=found[0]["id"]) if len(found) == 1 else None
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def list_remote(account: Account, limit: int) -> Flow[Sequence[RemoteJob]]:
    """List the jobs that the provider keeps for this account, newest first. Optional.

    Args:
        account: The account.
        limit: At most so many.

    Returns:
        The jobs.

    Example::

        @hookimpl
        def list_remote(account, limit):
            response = yield from account.http.get("/films", query={"limit": limit})
            return [RemoteJob(receipt=Receipt(id=row["id"]), state=row["state"]) for row in response.json()]
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def parse_webhook(
    settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> WebhookEvent | None:
    """Verify a message of the provider. Optional.

    Args:
        settings: The resolved settings, the webhook secret included.
        headers: Names in lower case.
        body: The raw bytes.
        now: The current time, seconds since 1970.

    Returns:
        The event; ``None`` when the message is not this provider's.

    Raises:
        AuthenticationFailed: The signature is wrong, missing or stale.

    Example::

        @hookimpl
        def parse_webhook(settings, headers, body, now):
            wire.verify(settings.secret("webhook_secret"), headers, body, now)
            event = json.loads(body)
            return WebhookEvent(id=headers["webhook-id"], type=event["type"], receipt_id=event["film"])
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def foreign_calls() -> Iterable[ForeignCall]:
    """Say which calls of other packages ask the provider's models for a film. Optional.

    Called by ``polyreel migrate scan``, which looks for them in the source of a project and writes the call of
    polyreel beside each that names a model that ends. Several providers may claim the same call, each for its models.

    Returns:
        The calls; of several that fit, the first counts.

    Example::

        @hookimpl
        def foreign_calls():
            return [
                ForeignCall(
                    packages=("acme",),  # acme.Client().films.create(model="film-2", length=5, style={"ratio": "16:9"})
                    calls=("films.create",),
                    parameters=(
                        ForeignParameter(name="prompt", path="prompt"),
                        ForeignParameter(name="duration", path="length"),
                        ForeignParameter(name="aspect_ratio", path="style.ratio"),
                    ),
                    addresses=("base_url",),
                    ignored=("timeout",),
                )
            ]
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def simulator() -> Callable[[Stage], Simulator]:
    """Give the wire protocol's local double. Optional, and expected.

    Returns:
        The simulator's class, or a function that makes one for a stage.

    Example::

        @hookimpl
        def simulator():
            from polyreel_acme.simulator import AcmeSimulator

            return AcmeSimulator
    """
    raise NotImplementedError


# --- what anybody may watch or add ------------------------------------------------------------------------------


@hookspec
def job_changed(job: Job, before: Job | None) -> None:
    """Observe a job: log, notify, bill. Called on every plugin after each durable change; must not block.

    Args:
        job: The job now.
        before: The job before; ``None`` when it is new.

    Example::

        @hookimpl
        def job_changed(job, before):
            if job.done:
                print(job.id, job.status)
    """
    raise NotImplementedError


@hookspec
def register_commands(cli: Any) -> None:
    """Add verbs to the command line. Called on extensions when the command line starts.

    Args:
        cli: The ``click.Group`` of ``polyreel``.

    Example::

        @hookimpl
        def register_commands(cli):
            @cli.command()
            def hello():
                click.echo("hello")
    """
    raise NotImplementedError
