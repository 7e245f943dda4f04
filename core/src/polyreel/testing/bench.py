"""A provider on the bench: clients at its own simulator, under a virtual clock, with everything watched."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import PolyreelError
from polyreel.flows import Send
from polyreel.http import Request
from polyreel.jobs.records import Bound
from polyreel.plugins import PROVIDERS, EntryPoint, Plugins, installed_entry_points
from polyreel.providers import Provider
from polyreel.simulation.charges import Charges
from polyreel.simulation.faults import Fault
from polyreel.simulation.films import FilmSpec, render_film, render_spritesheet, render_thumbnail
from polyreel.simulation.simulator import FilmStudio
from polyreel.testing.purity import Guard
from polyreel.testing.watching import Asked, Watching
from polyreel.types.job import Job, Receipt
from polyreel.types.provider import Account
from polyreel.types.task import Task
from polyreel.workspace import Simulation

__all__ = ["Bench", "MakeBench", "receipt_of"]

_SPEC: Final = FilmSpec(model="contract", prompt="", width=128, height=128, duration=0.5)
_RENDER_SECONDS: Final = 30.0
_SHORTEST_ID: Final = 10  # characters; shorter parts of an id are words


@cache
def _studio() -> FilmStudio:
    """One tiny film for every request, so that a job costs milliseconds."""
    film, thumbnail, spritesheet = render_film(_SPEC), render_thumbnail(_SPEC), render_spritesheet(_SPEC)
    return FilmStudio(film=lambda _: film, thumbnail=lambda _: thumbnail, spritesheet=lambda _: spritesheet)


@cache
def _providers(group: str) -> Sequence[EntryPoint]:
    """The installed providers; other extensions take no part."""
    return installed_entry_points(group) if group == PROVIDERS else ()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A provider at its simulator.

    Attributes:
        provider_id: The provider.
        plugin: Its module or object; ``None`` for the installed one.
        example: A request: ``model``, ``prompt``, and parameters.
        folder: An empty folder.
        faults: What goes wrong.
        kept: Whether jobs and simulator outlive a client, so that the next one is like a new process.
        guard: Notices what hooks do besides yielding effects.
        clock: The time of all of it.
    """

    provider_id: str
    plugin: object | None
    example: Mapping[str, Any]
    folder: Path
    faults: Sequence[Fault] = ()
    kept: bool = False
    guard: Guard = field(default_factory=lambda: Guard(active=False))
    clock: VirtualClock = field(default_factory=VirtualClock)

    @cached_property
    def watching(self) -> Watching:
        """What was asked for, and what reached the simulator."""
        return Watching(self.guard)

    @cached_property
    def client(self) -> Client:
        """The blocking client."""
        return self.new_client()

    def new_client(self) -> Client:
        """Return a client that knows nothing of the one before but what was kept."""
        return Client(**self._setup())

    def _setup(self) -> Any:
        return {
            "simulate": Simulation(
                clock=self.clock,
                faults=self.faults,
                render_seconds=_RENDER_SECONDS,
                kept=self.kept,
                studio=_studio(),
            ),
            "home": self.folder,
            "store": None if self.kept else "memory",
            "plugins": self.plugins(),
        }

    def plugins(self) -> Plugins:
        """Return the plugins: this provider and the watching extension, strict, so that a bug shows itself.

        Raises:
            Exception: The provider does not load, or breaks the contract.
        """
        plugins = Plugins(only=[self.provider_id], strict=True, entry_points=_providers)
        plugins.add_extension("contract", self.watching)
        if self.plugin is None:
            plugins.provider(self.provider_id)
        else:
            plugins.add_provider(self.provider_id, self.plugin)
        return plugins

    @property
    def provider(self) -> Provider:
        """The provider's hooks."""
        return self.client.workspace.plugins.provider(self.provider_id)

    @property
    def charges(self) -> Charges:
        """What the blocking client's simulator billed."""
        return self.client.workspace.stage(self.provider).charges

    @property
    def output(self) -> Path:
        """Where films go."""
        return self.folder / "film.mp4"

    def generate(self) -> Job:
        """Make the example's film, from end to end, and return the job."""
        return self.client.generate(**self._arguments(output=self.output)).job

    def generate_async(self) -> Job:
        """Make the example's film with the awaited client."""

        async def whole() -> Job:
            async with AsyncClient(**self._setup()) as client:
                return (await client.generate(**self._arguments(output=self.output))).job

        return asyncio.run(whole())

    def submit(self, **changes: Any) -> Job:
        """Ask for the example's film."""
        return self.client.submit(**self._arguments(**changes))

    def _arguments(self, **changes: Any) -> Any:
        return {**self.example, "overwrite": True, **changes}

    def exercise(self, job: Job) -> None:
        """Call every hook that a whole job leaves out, as far as the provider has it; errors of ours are answers."""
        provider, task, receipt = self.provider, self.bound(job).task, receipt_of(job)
        account = Account(settings=task.settings, http=task.http)
        flows: Mapping[str, Callable[[], Any]] = {
            "refresh": lambda: provider.refresh(task, receipt),
            "preflight": lambda: provider.preflight(task),
            "find_submission": lambda: provider.find_submission(task, job.created_at),
            "list_remote": lambda: provider.list_remote(account, 1),
            "cancel": lambda: provider.cancel(task, receipt),
            "delete": lambda: provider.delete(task, receipt),
        }
        for hook, flow in flows.items():
            if provider.has(hook):
                with suppress(PolyreelError):
                    self.run(flow())
        if provider.has("parse_webhook"):
            with suppress(PolyreelError):
                provider.parse_webhook(task.settings, {}, b"{}", self.clock.now())

    def bound(self, job: Job) -> Bound:
        """Return a job with its provider and task, as after a restart."""
        return self.client.workspace.operations.steps.bind(job)

    @staticmethod
    def another(task: Task, parameters: Mapping[str, Any]) -> Task:
        """Return the task of another job with these parameters."""
        return replace(task, id=f"{task.id}another", parameters=parameters)

    def run(self, flow: Any) -> Any:
        """Drive a hook's flow at the simulator, as the blocking client does."""
        return self.client._run(flow)  # noqa: SLF001  the client's own driver

    @property
    def paid(self) -> list[Asked]:
        """The requests of submits that may cost money, as far as they were asked for."""
        sends = [a for a in self.watching.asked if a.hook == "submit" and isinstance(a.effect, Send)]
        # With an idempotency token all of them may be repeated; the last one is then the one that counts.
        once = [a for a in sends if isinstance(a.effect, Send) and not a.effect.repeatable]
        return once or sends[-1:]

    def first(self, hook: str) -> Asked:
        """Return what ``hook`` asked for first."""
        return next(asked for asked in self.watching.asked if asked.hook == hook)

    def close(self) -> None:
        """Let go of files."""
        if "client" in self.__dict__:
            self.client.close()

    def comparable(self, job: Job) -> list[tuple[str, str, Any]]:
        """Return the requests of ``job`` without what is new each time: ids, boundaries, signatures.

        Repeated looks count once, since their number goes by chance.
        """
        told: list[tuple[str, str, Any]] = []
        for request in self.watching.requests:
            names = {job.id: "<job>", **dict.fromkeys(_spellings(job), "<new>")}
            line = request.method, _without(request.url, names), _body(request, names)
            if not told or told[-1] != line:
                told.append(line)
        return told


MakeBench: TypeAlias = Callable[..., Bench]
"""``bench(*faults, kept=…, guard=…)``: the fixture of the contract."""


def _spellings(job: Job) -> list[str]:
    """Return what the provider made up for a job, as it may stand in requests: whole, encoded, and in parts."""
    receipt = "" if job.receipt is None else job.receipt.id
    made_up = [receipt, *(str(asset.url) for asset in job.assets)]
    parts = [part for text in made_up for part in re.split(r"[^A-Za-z0-9]+", text)]
    return [receipt, quote(receipt, safe=""), *(part for part in parts if len(part) >= _SHORTEST_ID)]


def receipt_of(job: Job) -> Receipt:
    """Return the receipt of a job that was accepted."""
    assert job.receipt is not None, "submit gives a receipt, or Finished with one"
    return job.receipt


def _body(request: Request, names: Mapping[str, str]) -> Any:
    content = request.content or b""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    boundary = rest.partition("boundary=")[2].strip('"')
    if boundary:
        content = content.replace(boundary.encode(), b"<boundary>")
    text = _without(content.decode("latin-1"), names)
    return json.loads(text) if kind == "application/json" else text


def _without(text: str, names: Mapping[str, str]) -> str:
    for name, stand_in in names.items():
        text = text.replace(name, stand_in) if name else text
    return text
