"""Finding plugins, loading them on first use, and keeping one bad plugin from taking the others down.

Providers stand in the entry-point group ``polyreel.providers`` under their id and are imported when a model of
theirs is used; extensions stand in ``polyreel.extensions`` and are loaded with the first client. Listing imports
nothing. What fails is kept as data (:class:`PluginFailure`) and shown by ``polyreel providers``.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import pluggy

from polyreel import hookspecs
from polyreel.errors import ModelNotFound, PluginFailed, PolyreelError
from polyreel.parameters.problems import suggested_name
from polyreel.providers import REQUIRED, Provider

if TYPE_CHECKING:
    from polyreel.types.job import Job

__all__ = [
    "EXTENSIONS",
    "PROVIDERS",
    "REQUIRED",
    "EntryPoint",
    "PluginFailure",
    "Plugins",
    "Provider",
    "installed_entry_points",
]

T = TypeVar("T")
PROVIDERS: Final = "polyreel.providers"
EXTENSIONS: Final = "polyreel.extensions"
_EXTENSION: Final = "extension "  # extensions and providers may share a name
_log = logging.getLogger("polyreel.plugins")


class EntryPoint(Protocol):
    """What is used of an installed entry point."""

    @property
    def name(self) -> str:
        """The plugin's name; a provider's id."""
        ...

    @property
    def value(self) -> str:
        """What it points to: ``"polyreel_acme.plugin"``."""
        ...

    def load(self) -> Any:
        """Import it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginFailure:
    """A plugin that was disabled.

    Attributes:
        plugin: The entry point's name.
        target: What the entry point names.
        phase: ``"discovery"``, ``"import"``, ``"register"``, ``"version"``, ``"contract"`` or
            ``"commands"``.
        message: The error's last line.
        details: The traceback.
    """

    plugin: str
    target: str
    phase: str
    message: str
    details: str = field(default="", repr=False)


def installed_entry_points(group: str) -> Sequence[EntryPoint]:
    """Return the installed entry points of a group; nothing is imported."""
    import importlib_metadata

    return list(importlib_metadata.entry_points(group=group))


class Plugins:
    """The plugins of one client.

    Args:
        disabled: Names that are never loaded (``POLYREEL_DISABLE_PLUGINS``).
        only: The only names that may be loaded (``POLYREEL_PLUGINS``); ``None`` for all.
        strict: Raise what isolation would hide (``POLYREEL_STRICT=1``), for plugin authors.
        entry_points: Lists a group; tests hand in their own.
    """

    def __init__(
        self,
        *,
        disabled: Iterable[str] = (),
        only: Iterable[str] | None = None,
        strict: bool = False,
        entry_points: Callable[[str], Sequence[EntryPoint]] = installed_entry_points,
    ) -> None:
        self._disabled = frozenset(disabled)
        self._only = None if only is None else frozenset(only)
        self.strict = strict
        self._entry_points = entry_points
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._providers: dict[str, Provider] = {}
        self._failures: dict[str, PluginFailure] = {}
        self._loading = threading.RLock()
        self._extensions_loaded = False

    @classmethod
    def of_machine(cls, environ: Mapping[str, str]) -> Plugins:
        """Return the installed plugins as the environment restricts them."""
        only = environ.get("POLYREEL_PLUGINS")
        return cls(
            disabled=_names(environ.get("POLYREEL_DISABLE_PLUGINS", "")),
            only=None if only is None else _names(only),
            strict=environ.get("POLYREEL_STRICT", "") not in {"", "0"},
        )

    @cached_property
    def _installed(self) -> Mapping[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in self._entry_points(PROVIDERS):
            if not self._may_load(point.name):
                continue
            other = found.get(point.name)
            if other is not None and other.value != point.value:
                self._failures[point.name] = PluginFailure(
                    plugin=point.name,
                    target=f"{other.value} and {point.value}",
                    phase="discovery",
                    message=f"two installed packages both provide {point.name!r}; uninstall one of them",
                )
            found[point.name] = point
        return found

    def _may_load(self, name: str) -> bool:
        return name not in self._disabled and (self._only is None or name in self._only)

    @property
    def provider_ids(self) -> tuple[str, ...]:
        """The ids of all usable providers, sorted; nothing is imported."""
        return tuple(sorted({*self._installed, *self._providers}))

    @property
    def failures(self) -> tuple[PluginFailure, ...]:
        """What was disabled so far, and why."""
        return tuple(self._failures.values())

    def target(self, provider: str) -> str:
        """Return what a provider's entry point names; empty for one that was handed in."""
        point = self._installed.get(provider)
        return point.value if point is not None else ""

    def provider(self, name: str) -> Provider:
        """Return a provider, loading it on first use.

        Raises:
            ModelNotFound: No such provider is installed.
            PluginFailed: It does not load.
        """
        with self._loading:
            if name in self._providers:
                return self._providers[name]
            point = self._installed.get(name)
            if name in self._failures or point is None:
                raise self._missing(name)
            plugin = self._attempt(name, point.value, "import", point.load)
            return self.add_provider(name, plugin)

    def add_provider(self, name: str, plugin: object) -> Provider:
        """Register an imported provider.

        Args:
            name: Its id.
            plugin: The module or object with its hooks.

        Raises:
            PluginFailed: It breaks the contract.
        """
        target = getattr(plugin, "__name__", type(plugin).__name__)
        self._attempt(name, target, "register", lambda: self._register(name, plugin))
        provider = Provider(name=name, plugin=plugin, manager=self._manager, plugins=self)
        try:
            self._attempt(name, target, "contract", provider.check)
        except PluginFailed:
            self._manager.unregister(plugin)
            raise
        self._providers[name] = provider
        self._forget_callers()
        return provider

    def add_extension(self, name: str, plugin: object) -> None:
        """Register an imported extension.

        Raises:
            PluginFailed: It breaks the contract.
        """
        target = getattr(plugin, "__name__", type(plugin).__name__)
        name = _extension(name)
        self._attempt(name, target, "register", lambda: self._register(name, plugin))
        self._forget_callers()

    def load_extensions(self) -> None:
        """Load every extension once; what fails is kept as a failure."""
        if self._extensions_loaded:
            return
        self._extensions_loaded = True
        for point in self._entry_points(EXTENSIONS):
            if not self._may_load(point.name):
                continue
            try:
                plugin = self._attempt(_extension(point.name), point.value, "import", point.load)
                self.add_extension(point.name, plugin)
            except PluginFailed as error:
                _log.warning("%s", error)

    def notify(self, job: Job, before: Job | None) -> None:
        """Tell every plugin about a job; what an observer raises is logged, never passed on."""
        arguments = {"job": job, "before": before}
        wrappers = []
        observers = []
        for implementation in self._manager.hook.job_changed.get_hookimpls():
            call = partial(
                implementation.function, *(arguments[argument] for argument in implementation.argnames)
            )
            if implementation.wrapper:
                wrappers.append((implementation.plugin_name, call()))
            else:
                observers.append((implementation.plugin_name, call))
        for name, wrapper in reversed(wrappers):
            self._isolated(name, partial(next, wrapper))
        for name, observer in observers:
            self._isolated(name, observer)
        for name, wrapper in wrappers:
            self._isolated(name, partial(next, wrapper, None))

    def _isolated(self, name: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception:
            if self.strict:
                raise
            _log.exception("job_changed of %s failed", name)

    def register_commands(self, cli: Any) -> None:
        """Let extensions add verbs to the command line; one that raises is kept as a failure."""
        self.load_extensions()
        for implementation in self._manager.hook.register_commands.get_hookimpls():
            name = implementation.plugin_name
            target = getattr(implementation.plugin, "__name__", type(implementation.plugin).__name__)
            arguments = [cli] if implementation.argnames else []
            try:
                self._attempt(name, target, "commands", lambda: implementation.function(*arguments))  # noqa: B023
            except PluginFailed as error:
                _log.warning("extension %s adds no verbs: %s", name, error)

    def _register(self, name: str, plugin: object) -> None:
        try:
            self._manager.register(plugin, name=name)
            self._manager.check_pending()
        except BaseException:
            # A hook with a wrong argument is found when the hooks before it are registered already.
            if self._manager.get_plugin(name) is plugin:
                self._manager.unregister(plugin)
            raise

    def _attempt(self, name: str, target: str, phase: str, action: Callable[[], T]) -> T:
        try:
            return action()
        except Exception as error:
            if self.strict:
                raise
            key, name = name, name.removeprefix(_EXTENSION)
            self._failures[key] = failure = PluginFailure(
                plugin=name,
                target=target,
                phase=phase,
                message=f"{type(error).__name__}: {error}",
                details=traceback.format_exc(),
            )
            raise PluginFailed(
                f"the plugin {name!r} ({target}) is disabled, {phase} failed: {failure.message}",
                plugin=name,
                phase=phase,
            ) from error

    def _missing(self, name: str) -> PolyreelError:
        failure = self._failures.get(name)
        if failure is not None:
            return PluginFailed(
                f"the plugin {name!r} ({failure.target}) is disabled, {failure.phase} failed: {failure.message}",
                plugin=name,
                phase=failure.phase,
            )
        installed = ", ".join(self.provider_ids) or "none"
        close = suggested_name(name, self.provider_ids)
        return ModelNotFound(
            f"no provider {name!r} is installed{f'; did you mean {close!r}?' if close else ''} "
            f"(installed: {installed}). Providers are Python packages: pip install polyreel-...",
            model=name,
            suggestions=[close] if close else [],
        )

    def _forget_callers(self) -> None:
        for provider in self._providers.values():
            provider.forget_callers()

    @property
    def loaded(self) -> Mapping[str, Provider]:
        """The providers that were loaded so far."""
        return self._providers


def _extension(name: str) -> str:
    return _EXTENSION + name


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
