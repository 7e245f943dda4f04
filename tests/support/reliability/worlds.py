"""What outlives a process - the store, the provider, the disk, the time - and can be put back as it was.

A crash is not an exception: no handler and no ``finally`` of the dying process runs. What it did stays, what it knew
is lost. So the world is photographed after each effect of a flow, and every photograph is what a crash there leaves.
"""

import os
import shutil
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType

from acme.house import acme_plugins
from polyreel.clock import VirtualClock
from polyreel.http import Wire
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.mount import Mount
from polyreel.simulation.simulator import FilmStudio
from polyreel.simulation.staging import set_stage
from polyreel.storage.leases import boot_id
from polyreel.storage.memory import MemoryStore
from polyreel.workspace import Workspace

RENDER_SECONDS = 1.0
PROMPT = "a paper boat"
MODEL = "acme/one"
DAY = 86_400.0


@cache
def small_film():
    """The smallest film that is one."""
    return render_film(FilmSpec(model=MODEL, prompt=PROMPT, width=128, height=128, duration=0.25, fps=4))


@cache
def _studio():
    return FilmStudio(film=lambda _: small_film())


@cache
def _plugins(provider):
    return acme_plugins(provider())


class VendorClock:
    """The provider's own time: nobody here sets it."""

    def __init__(self, clock):
        self._clock = clock
        self._start = clock.now() - clock.steady()

    def now(self):
        return self._start + self._clock.steady()

    def steady(self):
        return self._clock.steady()

    def sleep(self, seconds):
        self._clock.sleep(seconds)


class Seat:
    """One process's way to the store that all share; it has its own name in leases.

    It sees to it that a job is worked on by one process at a time: who claims a job that another holds, or writes what is
    no receipt after another claimed it, is noted in ``world.trespasses``.
    """

    _numbers = count()

    def __init__(self, world):
        self.me = f"{boot_id()}:{next(self._numbers)}"
        self._world = world

    def __getattr__(self, name):
        return getattr(self._world.store, name)

    def add(self, job, **given):
        added = self._world.store.add(job, **given)
        if added.id == job.id:
            self._world.holders[job.id] = self.me
        return added

    def claim(self, job_id, lease, *, steady):
        held = self._world.leases.get(job_id)
        claimed = self._world.store.claim(job_id, lease, steady=steady)
        if hasattr(claimed, "phase"):
            if held is not None and self._world.clock.steady() < held.until:
                self._world.trespasses.append(f"{job_id} was claimed, though another process holds it")
            self._world.holders[job_id] = self.me
        return claimed

    def save(self, job, **given):
        self._world.store.save(job, **given)
        if job.receipt is None and self._world.holders.get(job.id, self.me) != self.me:
            self._world.trespasses.append(
                f"{job.id} was written to ({job.phase}) after another process claimed it"
            )


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Photograph:
    """Everything that outlives a process, at one moment."""

    store: dict
    vendor: dict
    charges: list
    files: tuple
    times: tuple
    under_way: tuple


class World:
    """A provider, a store, a folder, and the time.

    Args:
        mode: What the provider offers.
        folder: Where files go; it is emptied.
        store: Where jobs are kept.
        build: Makes a workspace; a planted bug may hand in another.
    """

    def __init__(self, mode, folder, *, store=None, build=Workspace.build, budget=None):
        self.mode = mode
        self.folder = Path(folder)
        self.clock = VirtualClock()
        self.vendor_clock = VendorClock(self.clock)
        self.store = MemoryStore() if store is None else store
        self.budget = budget
        self.under_way = []
        self.holders = {}
        self.trespasses = []
        self.by_hand = set()
        self._build = build
        self._staged = set_stage(
            mode.simulator, clock=self.vendor_clock, studio=_studio(), render_seconds=RENDER_SECONDS
        )
        self.mount = Mount(self._staged.handler_for, clock=self.vendor_clock)
        self._videos = str(self.folder / "videos")

    # --- processes ------------------------------------------------------------------------------------------

    def operations(self):
        """What a new process works with."""
        workspace = self._build(
            api_keys={"acme": "acme-simulated"},
            home=self.folder,
            store=Seat(self),
            clock=self.clock,
            plugins=_plugins(self.mode.provider),
            budget=self.budget,
        )
        return workspace.operations

    def perform(self, effect):
        """Perform one effect, as the drivers do."""
        if isinstance(effect, Wire):
            if effect.before is not None:
                effect.before()
            return self.mount.send(effect)
        seconds = getattr(effect, "seconds", None)
        return effect.function() if seconds is None else self.sleep(seconds)

    def sleep(self, seconds):
        """Let time pass; what is under way arrives."""
        until = self.clock.steady() + max(seconds, 0.0)
        for at, wire in sorted(self.under_way, key=lambda each: each[0]):
            if at <= until:
                self.clock.advance(max(at - self.clock.steady(), 0.0))
                self.under_way.remove((at, wire))
                self.mount.send(wire)
        self.clock.advance(until - self.clock.steady())

    def arrive_later(self, wire, seconds):
        """A request left its process, which then died; it reaches the provider after a while."""
        self.under_way.append((self.clock.steady() + seconds, wire))

    def bury(self, owner):
        """A process was killed: what it held is free at once, as the lock on its file is."""
        for name, lease in list(self.store._leases.items()):
            if lease.owner == owner:
                del self.store._leases[name]

    @property
    def leases(self):
        """Who holds which job, in a store in memory."""
        return getattr(self.store, "_leases", {})

    # --- what is seen -----------------------------------------------------------------------------------------

    @property
    def jobs(self):
        """The records, oldest first."""
        return sorted(self.store.find(), key=lambda job: (job.created_at, job.id))

    @property
    def state(self):
        """What the provider remembers."""
        return self._staged.simulator.stage.state

    @property
    def faults(self):
        """What goes wrong with requests."""
        return self._staged.faults

    @property
    def entries(self):
        """The lines of the provider's ledger: the judge."""
        return self._staged.charges.entries

    def charges_of(self, job):
        """The receipts under which a job was charged."""
        return [line.job for line in self.entries if line.reason == job.id and line.amount > 0]

    # --- photographs ------------------------------------------------------------------------------------------

    def photograph(self):
        """Return everything that outlives a process, as it is now."""
        return Photograph(
            store=_copied(vars(self.store)),
            vendor=_copied(self.state),
            charges=list(self.entries),
            files=self._files(),
            times=(self.clock._now, self.clock._steady),
            under_way=tuple(self.under_way),
        )

    def restore(self, photograph):
        """Put everything back."""
        _put_back(self.store, photograph.store)
        self.state.clear()
        self.state.update(_copied(photograph.vendor))
        self._staged.charges._entries[:] = photograph.charges
        self.clock._now, self.clock._steady = photograph.times
        self.under_way = list(photograph.under_way)
        self.holders.clear()
        self.trespasses.clear()
        if self._files() != photograph.files:
            self._put_files(photograph.files)

    def _files(self):
        """Return the files with their contents and, of those that are one file, the first's name."""
        try:
            names = sorted(os.listdir(self._videos))  # noqa: PTH208  a path object takes twice as long
        except FileNotFoundError:
            return ()
        first, found = {}, []
        for name in names:
            with open(f"{self._videos}/{name}", "rb") as file:  # noqa: PTH123  a path object takes twice as long
                found.append((name, file.read(), first.setdefault(os.fstat(file.fileno()).st_ino, name)))
        return tuple(found)

    def _put_files(self, files):
        videos = self.folder / "videos"
        shutil.rmtree(videos, ignore_errors=True)
        if files:
            videos.mkdir(parents=True)
        for name, content, first in files:
            if first == name:
                (videos / name).write_bytes(content)
            else:
                (videos / name).hardlink_to(videos / first)

    def fingerprint(self):
        """Return what tells this moment from others for whoever comes next: no ids, no versions, times as distances."""
        now, steady = self.clock.now(), self.clock.steady()
        jobs = self.jobs
        names = {job.id: f"J{number}" for number, job in enumerate(jobs)}
        return (
            tuple(_facts(job, names, now) for job in jobs),
            tuple(
                (names[name], round(lease.until - steady, 3))
                for name, lease in sorted(self.store._leases.items())
                if lease.until > steady
            ),
            tuple(sorted(names.get(name, name) for name in self.store._intents)),
            _vendor_facts(self.state, names, self.vendor_clock.now()),
            tuple((names.get(line.reason, "?"), line.job) for line in self.entries),
            tuple(
                (_renamed(name, names), hash(content), _renamed(first, names))
                for name, content, first in self._files()
            ),
            tuple(round(at - steady, 3) for at, _ in self.under_way),
            round(now - self.vendor_clock.now(), 3),
        )


_TIMES = (
    "created_at",
    "updated_at",
    "submitted_at",
    "rendered_at",
    "completed_at",
    "next_at",
    "missing_since",
)
_TOLD = ("message", "warnings", "assets", "failure")
_PLAIN = ("receipt", "phase", "attempts", "misses", "cost", "idempotency_key", "continued_by")
_seen = {}


def _facts(job, names, now):
    """Return what bears on a job's future; how often it was written and polled does not."""
    known = _seen.get(id(job))
    if known is None or known[0] is not job:
        if len(_seen) > 5000:
            _seen.clear()
        plain = tuple(str(getattr(job, name)) for name in _PLAIN)
        told = _renamed("|".join(str(getattr(job, name)) for name in _TOLD), names)
        known = _seen[id(job)] = job, (plain, told), tuple(getattr(job, name) for name in _TIMES)
    return names[job.id], known[1], tuple(None if at is None else round(at - now, 3) for at in known[2])


def _vendor_facts(state, names, now):
    films = tuple(
        (name, names.get(film["body"]["client_id"], "?"), round(now - film["at"], 3), film.get("cancelled"))
        for name, film in state.get("films", {}).items()
    )
    tokens = tuple(
        (names.get(token, "?"), kept["film"], round(now - kept["at"], 3))
        for token, kept in state.get("tokens", {}).items()
    )
    return films, tokens, state.get("count", 0)


def _renamed(text, names):
    for name, other in names.items():
        text = text.replace(name, other)
    return text


_WHOLE = (FunctionType, MethodType, BuiltinFunctionType, type)


def _copied(value):
    """Return a copy of what may be changed in place; records are never changed."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    if isinstance(value, set):
        return set(value)
    if (
        not isinstance(value, _WHOLE)
        and type(value).__module__.startswith("polyreel.storage.")
        and _is_open(value)
    ):
        return _copied(vars(value))
    return value


def _is_open(value):
    return hasattr(value, "__dict__") and not hasattr(type(value), "__dataclass_params__")


def _put_back(owner, kept):
    for name, value in kept.items():
        held = getattr(owner, name)
        if isinstance(held, dict):
            held.clear()
            held.update(_copied(value))
        elif isinstance(held, list):
            held[:] = _copied(value)
        elif isinstance(held, set):
            held.clear()
            held.update(value)
        elif isinstance(value, dict) and type(held).__module__.startswith("polyreel.storage."):
            _put_back(held, value)
        else:
            setattr(owner, name, value)
