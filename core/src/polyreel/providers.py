"""One provider's hooks as typed methods; what a hook gives is checked, and what it raises is its own fault."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pluggy

from polyreel import hookspecs
from polyreel.errors import ConfigurationError, PluginFailed, PolyreelError, Problem

if TYPE_CHECKING:
    from polyreel.flows import Flow
    from polyreel.http import Auth
    from polyreel.plugins import Plugins
    from polyreel.simulation.simulator import Simulator, Stage
    from polyreel.types.asset import Asset
    from polyreel.types.cost import Cost
    from polyreel.types.foreign import ForeignCall
    from polyreel.types.job import Cancellation, Finished, Progress, Receipt, RemoteJob
    from polyreel.types.media import Media, MediaRef
    from polyreel.types.provider import Account, ProviderInfo, Settings, WebhookEvent
    from polyreel.types.task import Task

__all__ = ["REQUIRED", "Provider"]

T = TypeVar("T")

REQUIRED: Final = ("provider_info", "list_models", "authenticate", "submit", "poll", "normalise_result")


class Provider:
    """One provider's hooks, typed; extensions take part in every call, other providers in none.

    Args:
        name: The entry point's name.
        plugin: The module or object with the hooks.
        manager: pluggy's.
        plugins: The plugins it is one of.
    """

    def __init__(self, *, name: str, plugin: object, manager: pluggy.PluginManager, plugins: Plugins) -> None:
        self.id = name
        self.plugin = plugin
        self._manager = manager
        self._plugins = plugins
        self._callers: dict[str, pluggy.HookCaller] = {}

    def check(self) -> None:
        """Check the contract: the required hooks, the id and the interface's version.

        Raises:
            ConfigurationError: With what is missing.
        """
        missing = [hook for hook in REQUIRED if not self.has(hook)]
        if missing:
            raise ConfigurationError(f"it lacks the required hooks {', '.join(missing)}")
        if self.info.id != self.id:
            raise ConfigurationError(
                f"provider_info().id is {self.info.id!r}, its entry point says {self.id!r}"
            )
        if self.info.api != hookspecs.API:
            raise ConfigurationError(
                f"it was written for version {self.info.api} of the plugin interface, this polyreel has "
                f"{hookspecs.API}; install a matching version of the plugin or of polyreel"
            )

    @cached_property
    def info(self) -> ProviderInfo:
        """What it says about itself."""
        from polyreel.types.provider import ProviderInfo

        info: ProviderInfo = self._checked("provider_info", self._call("provider_info"), ProviderInfo)
        return info

    def has(self, hook: str) -> bool:
        """Whether the provider itself implements ``hook``."""
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        return any(implementation.plugin is self.plugin for implementation in implementations)

    def list_models(self, settings: Settings) -> Sequence[Mapping[str, Any]]:
        """Return its model documents."""
        documents = self._call("list_models", settings=settings)
        with self._blamed("list_models"):
            found = list(documents)
            owners = {
                str(document["x-model"]["provider"]) for document in found if document["x-model"]["native_id"]
            }
        if not owners <= {self.id}:
            raise PluginFailed(
                f"the plugin {self.id!r} offers models of {', '.join(sorted(owners - {self.id}))}; this is a bug in the "
                "plugin",
                plugin=self.id,
                phase="hook",
            )
        return found

    def authenticate(self, settings: Settings) -> Auth:
        """Return how requests are signed."""
        from polyreel.http import Auth

        auth: Auth = self._checked("authenticate", self._call("authenticate", settings=settings), Auth)
        return auth

    def validate_parameters(self, task: Task) -> list[Problem]:
        """Return what it and the extensions find wrong."""
        answers = self._call("validate_parameters", task=task)
        with self._blamed("validate_parameters"):
            return [problem for answer in answers for problem in answer or ()]

    def upload(self, task: Task, media: Media) -> Flow[MediaRef]:
        """Send a file ahead."""
        from polyreel.types.media import MediaRef

        return self._flow("upload", MediaRef, task=task, media=media)

    def preflight(self, task: Task) -> Flow[list[Problem]]:
        """Look for what would make the job fail, before it is paid."""
        problems = yield from self._flow("preflight", Iterable, task=task)
        with self._blamed("preflight"):
            return list(problems)

    def submit(self, task: Task) -> Flow[Receipt | Finished]:
        """Ask for the film."""
        from polyreel.types.job import Finished, Receipt

        flow = self._flow("submit", Receipt | Finished, task=task)
        return flow if self.info.idempotency == "none" else self._repeatable(flow, task.id)

    def _repeatable(self, flow: Flow[T], token: str) -> Flow[T]:
        """Return a submit that may be sent again, since the vendor knows the token and charges once."""
        from polyreel.flows import Effect, Send, mapped

        header = self.info.idempotency_header if self.info.idempotency == "header" else None

        def change(effect: Effect) -> Effect:
            if not isinstance(effect, Send) or effect.request.method != "POST":
                return effect
            request = effect.request if header is None else effect.request.adding({header: token})
            return replace(effect, request=request, repeatable=True)

        return mapped(flow, change)

    def poll(self, task: Task, receipt: Receipt) -> Flow[Progress]:
        """Look once."""
        from polyreel.types.job import Progress

        return self._flow("poll", Progress, task=task, receipt=receipt)

    def normalise_result(self, task: Task, payload: Mapping[str, Any]) -> Sequence[Asset]:
        """Return where each file is."""
        assets = self._call("normalise_result", task=task, payload=payload)
        with self._blamed("normalise_result"):
            return list(assets)

    def refresh(self, task: Task, receipt: Receipt) -> Flow[Sequence[Asset]]:
        """Get fresh addresses."""
        return self._flow("refresh", list | tuple, task=task, receipt=receipt)

    def settle(self, task: Task, payload: Mapping[str, Any]) -> Cost | None:
        """Return what the vendor says it charged."""
        cost: Cost | None = self._call("settle", task=task, payload=payload) if self.has("settle") else None
        return cost

    def cancel(self, task: Task, receipt: Receipt) -> Flow[Cancellation]:
        """Stop a running job."""
        from polyreel.types.job import Cancellation

        return self._flow("cancel", Cancellation, task=task, receipt=receipt)

    def delete(self, task: Task, receipt: Receipt) -> Flow[Cancellation]:
        """Delete a job and its files."""
        from polyreel.types.job import Cancellation

        return self._flow("delete", Cancellation, task=task, receipt=receipt)

    def find_submission(self, task: Task, since: float) -> Flow[Receipt | Sequence[Receipt] | None]:
        """Look for a submit that was cut off."""
        from polyreel.types.job import Receipt

        return self._flow("find_submission", Receipt | list | tuple | None, task=task, since=since)

    def list_remote(self, account: Account, limit: int) -> Flow[Sequence[RemoteJob]]:
        """List the jobs that the provider keeps."""
        return self._flow("list_remote", list | tuple, account=account, limit=limit)

    def parse_webhook(
        self, settings: Settings, headers: Mapping[str, str], body: bytes, now: float
    ) -> WebhookEvent | None:
        """Verify a message."""
        event: WebhookEvent | None = self._call(
            "parse_webhook", settings=settings, headers=headers, body=body, now=now
        )
        return event

    def foreign_calls(self) -> tuple[ForeignCall, ...]:
        """Return the calls of other packages that mean its models; none when it does not tell."""
        if not self.has("foreign_calls"):
            return ()
        from polyreel.types.foreign import ForeignCall

        calls = self._call("foreign_calls")
        with self._blamed("foreign_calls"):
            found = tuple(calls)
        for call in found:
            self._checked("foreign_calls", call, ForeignCall)
        return found

    def simulator(self) -> Callable[[Stage], Simulator]:
        """Return what makes its simulator."""
        factory: Callable[[Stage], Simulator] = self._call("simulator")
        return factory

    def forget_callers(self) -> None:
        """Drop what was prepared for calling: another plugin has come or gone."""
        self._callers.clear()

    def _call(self, hook: str, **arguments: Any) -> Any:
        caller = self._callers.get(hook)
        if caller is None:
            others = [other.plugin for other in self._plugins.loaded.values() if other is not self]
            caller = self._callers[hook] = self._manager.subset_hook_caller(hook, others)
        with self._blamed(hook):
            return caller(**arguments)

    def _flow(self, hook: str, kinds: Any, **arguments: Any) -> Generator[Any, Any, Any]:
        flow = self._call(hook, **arguments)
        self._checked(hook, flow, Generator)
        with self._blamed(hook):
            result = yield from flow
        return self._checked(hook, result, kinds)

    def _checked(self, hook: str, result: Any, kinds: Any) -> Any:
        if isinstance(result, kinds):
            return result
        raise PluginFailed(
            f"the plugin {self.id!r} returned {type(result).__name__} from {hook}; this is a bug in the plugin",
            plugin=self.id,
            phase="hook",
        )

    @contextmanager
    def _blamed(self, hook: str) -> Iterator[None]:
        """Turn what a hook raises, and no error of polyreel's is, into the plugin's failure."""
        try:
            yield
        except PolyreelError:
            raise
        except Exception as error:
            if self._plugins.strict:
                raise
            raise PluginFailed(
                f"the plugin {self.id!r} failed in {hook}: {type(error).__name__}: {error}; "
                "this is a bug in the plugin, or in an extension around it",
                plugin=self.id,
                phase="hook",
            ) from error
