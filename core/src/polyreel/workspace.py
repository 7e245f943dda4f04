"""Everything that a client stands on, put together from what the caller and the machine say."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.accounts import Opening
from polyreel.catalogue import Catalogue
from polyreel.clock import Clock, SystemClock, VirtualClock
from polyreel.errors import ConfigurationError
from polyreel.jobs.almanac import Almanac
from polyreel.jobs.lifecycle import Lifecycle
from polyreel.jobs.turnstile import Turnstile
from polyreel.operations import Operations
from polyreel.parameters.problems import suggested_name
from polyreel.plugins import Plugins, Provider
from polyreel.purse import Purse
from polyreel.rates import Limits
from polyreel.requests import Desk
from polyreel.settings import Configuration
from polyreel.steps import Steps
from polyreel.storage.destinations import Destinations
from polyreel.storage.memory import MemoryStore
from polyreel.storage.rooms import Room
from polyreel.types.budget import Budget

if TYPE_CHECKING:
    from polyreel.http import Response, Wire
    from polyreel.seed import SeedOperations
    from polyreel.simulation.faults import Fault
    from polyreel.simulation.simulator import FilmStudio
    from polyreel.simulation.staging import Simulated
    from polyreel.storage.store import JobStore
    from polyreel.types.job import Job

__all__ = ["Simulation", "Workspace"]

_SIMULATED_SECONDS = 3.0
_log = logging.getLogger("polyreel")


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """How simulators play; ``Client(simulate=Simulation(clock=VirtualClock()))`` waits for nothing.

    Attributes:
        clock: Their time and the client's.
        faults: What goes wrong.
        render_seconds: How long a film takes on the clock.
        kept: Whether simulated jobs outlive the process, so that another one can resume them.
        studio: Makes the films; a test may hand in something quicker.
    """

    clock: Clock = field(default_factory=SystemClock)
    faults: Sequence[Fault] = ()
    render_seconds: float = _SIMULATED_SECONDS
    kept: bool = True
    studio: FilmStudio | None = None


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What a client stands on.

    Attributes:
        configuration: Keys, base URLs and folders.
        plugins: Providers and extensions.
        store: Where jobs are kept.
        clock: The time.
        simulate: Whether new jobs are answered by simulators.
        simulation: How they play.
        given_budget: What the caller allows to be spent.
    """

    configuration: Configuration
    plugins: Plugins
    store: JobStore
    clock: Clock
    simulate: bool
    simulation: Simulation
    given_budget: Budget | None = None
    _stages: dict[str, Simulated] = field(default_factory=dict, repr=False)
    _staging: threading.Lock = field(default_factory=threading.Lock, repr=False)  # two threads, one stage

    @classmethod
    def build(  # noqa: PLR0913  every way to set up a client
        cls,
        *,
        api_keys: Mapping[str, str] | None = None,
        settings: Mapping[str, Mapping[str, str]] | None = None,
        simulate: bool | Simulation = False,
        home: Path | str | None = None,
        store: JobStore | str | None = None,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
        budget: Budget | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> Workspace:
        """Put a workspace together; see :class:`polyreel.Client` for the arguments.

        Raises:
            ConfigurationError: A gateway is named, and there is none yet.
        """
        configure_logging(os.environ)
        _without_gateway(api_key, base_url)
        plugins = plugins or Plugins.of_machine(os.environ)
        plugins.load_extensions()
        arguments = _arguments(api_keys or {}, settings or {})
        _check_providers(arguments, plugins)
        configuration = Configuration.of_machine(home=home, arguments=arguments)
        simulation = (
            simulate if isinstance(simulate, Simulation) else Simulation(clock=clock or SystemClock())
        )
        return cls(
            configuration=configuration,
            plugins=plugins,
            store=_store(store, configuration),
            clock=clock or simulation.clock,
            simulate=bool(simulate) or os.environ.get("POLYREEL_SIMULATE", "") not in {"", "0"},
            simulation=simulation,
            given_budget=_checked_budget(budget),
        )

    @cached_property
    def operations(self) -> Operations:
        """Every verb of a client, as flows."""
        simulated = self._desk(simulated=True)
        desk = simulated if self.simulate else self._desk(simulated=False)
        purse = Purse(budget=lambda: self.budget, store=self.store, clock=self.clock)
        lifecycle = Lifecycle(
            afford=purse.once_more,
            store=self.store,
            clock=self.clock,
            notify=self.plugins.notify,
            turnstile=Turnstile(store=self.store, clock=self.clock, limits=self._limits),
            almanac=Almanac(store=self.store, clock=self.clock),
            folder=self.configuration.home / "videos",
        )
        steps = Steps(desk=desk, simulated_desk=simulated, lifecycle=lifecycle, store=self.store)
        return Operations(desk=desk, steps=steps)

    @cached_property
    def budget(self) -> Budget | None:
        """What may be spent: the caller's limits, and of those that it left out the configuration file's.

        Raises:
            ConfigurationError: The file's are none, or they are in two currencies.
        """
        written = self.configuration.budget
        return written if self.given_budget is None else self.given_budget.over(written)

    @cached_property
    def seed(self) -> SeedOperations:
        """The seed's two calls, as flows."""
        from polyreel.seed import SeedOperations

        return SeedOperations(operations=self.operations)

    def close(self) -> None:
        """Let go of files."""
        if "seed" in self.__dict__:
            self.seed.close()
        self.store.close()

    def stage(self, provider: Provider) -> Simulated:
        """Return a provider's simulator, set up on first use.

        Raises:
            ConfigurationError: The provider has none.
        """
        with self._staging:
            if provider.id not in self._stages:
                self._stages[provider.id] = self._set_stage(provider)
            return self._stages[provider.id]

    def _set_stage(self, provider: Provider) -> Simulated:
        if not provider.has("simulator"):
            raise ConfigurationError(f"{provider.info.title} has no simulator; call it without simulate")
        from polyreel.simulation.staging import set_stage

        kept_at = self.configuration.home / "simulation" / f"{provider.id}.json"
        return set_stage(
            provider.simulator(),
            clock=self.clock,
            kept_at=kept_at if self.simulation.kept else None,
            faults=self.simulation.faults,
            render_seconds=self.simulation.render_seconds,
            studio=self.simulation.studio,
            origins=provider.info.origins,
        )

    def _desk(self, *, simulated: bool) -> Desk:
        return Desk(
            plugins=self.plugins,
            catalogue=Catalogue(plugins=self.plugins, configuration=self.configuration),
            opening=Opening(
                configuration=self.configuration,
                clock=self.clock,
                carrier=self._carrier if simulated else None,
                carrier_is_quick=isinstance(self.clock, VirtualClock),
            ),
            simulated=simulated,
            simulator_settings=self._simulator_settings,
            earlier=self._earlier,
            purse=Purse(budget=lambda: self.budget, store=self.store, clock=self.clock, rehearsing=simulated),
            destinations=Destinations(clock=self.clock),
            folder=lambda: self.configuration.folder,
            room=Room(unfinished=self.store.unfinished_count, clock=self.clock),
        )

    def _limits(self, provider_id: str) -> Limits:
        return self.configuration.limits(self.plugins.provider(provider_id).info)

    def _carrier(self, provider: Provider) -> Callable[[Wire], Response]:
        return self.stage(provider).mount().send

    def _simulator_settings(self, provider: Provider) -> Mapping[str, str]:
        simulator = self.stage(provider).simulator
        return {"base_url": simulator.base_url, **simulator.settings}

    def _earlier(self, job_id: str) -> Job | None:
        return self.store.get(job_id) if job_id.startswith("job_") else None


def configure_logging(environ: Mapping[str, str]) -> None:
    """Send polyreel's log to standard error at the level that ``POLYREEL_LOG`` names; without it, nowhere."""
    level = environ.get("POLYREEL_LOG", "").upper()
    logger = logging.getLogger("polyreel")
    if level and not any(handler.get_name() == "polyreel" for handler in logger.handlers):
        from polyreel.redaction import redact

        class Redacting(logging.Formatter):
            def format(self, record: logging.LogRecord) -> str:
                return redact(super().format(record))

        handler = logging.StreamHandler()
        handler.set_name("polyreel")
        handler.setFormatter(Redacting("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(level if level in logging.getLevelNamesMapping() else "INFO")


def _checked_budget(budget: Any) -> Budget | None:
    if budget is None or isinstance(budget, Budget):
        return budget
    raise ConfigurationError(
        f"budget={budget!r} must be a polyreel.Budget: budget=Budget(per_job='2', per_day='20')"
    )


def _without_gateway(api_key: str | None, base_url: str | None) -> None:
    if base_url is not None:
        raise ConfigurationError(
            "base_url= names a gateway, and the client of a gateway comes with the gateway. Where a provider's API is "
            'goes into settings={"<provider>": {"base_url": ...}}'
        )
    if api_key is not None:
        _log.warning(
            "api_key= is the key of a gateway and has no use without base_url=; "
            'a provider\'s key goes into api_keys={"<provider>": ...} or its environment variable'
        )


def _check_providers(arguments: Mapping[str, Any], plugins: Plugins) -> None:
    known = plugins.provider_ids if arguments else ()
    for name in arguments:
        if name not in known:
            close = suggested_name(name, known)
            hint = f"; did you mean {close!r}?" if close else ""
            raise ConfigurationError(
                f"settings are given for {name!r}, which is not installed{hint} Installed: {', '.join(known) or 'none'}"
            )


def _arguments(
    api_keys: Mapping[str, str], settings: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    for name, given in (("api_keys", api_keys), ("settings", settings)):
        if not isinstance(given, Mapping):
            raise ConfigurationError(f"{name} must be a mapping by provider: {name}={{'provider': ...}}")
    for provider, values in (
        *settings.items(),
        *((name, {"api_key": key}) for name, key in api_keys.items()),
    ):
        if not isinstance(values, Mapping) or not all(isinstance(v, str) for v in values.values()):
            raise ConfigurationError(f"the settings of {provider!r} must be texts, by their names")
    arguments: dict[str, dict[str, str]] = {provider: dict(given) for provider, given in settings.items()}
    for provider, key in api_keys.items():
        arguments.setdefault(provider, {})["api_key"] = key
    return arguments


def _store(store: Any, configuration: Configuration) -> JobStore:
    if store == "memory":
        return MemoryStore()
    if store is None or isinstance(store, str | Path):
        from polyreel.storage.sqlite import SQLiteStore

        return SQLiteStore(configuration.home / "jobs.sqlite3" if store is None else Path(store))
    chosen: JobStore = store
    return chosen
