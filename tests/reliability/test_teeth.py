"""Gate G7: bugs that are planted on purpose are caught, each by a gate that is named here."""

import secrets
from contextlib import suppress
from dataclasses import replace

import pytest
from polyreel import ledger, steps
from polyreel.errors import TransportFailed
from polyreel.flows import Save, Send, mapped
from polyreel.jobs import recovery
from polyreel.jobs.delivery import Delivery
from polyreel.jobs.lifecycle import Lifecycle
from polyreel.jobs.records import Records
from polyreel.jobs.recovery import Recovery
from polyreel.jobs.sending import Sending
from polyreel.jobs.states import moved
from polyreel.providers import Provider
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease
from polyreel.storage.memory import MemoryStore
from polyreel.storage.memory_books import MemoryBooks
from polyreel.types.job import Phase
from reliability import modes
from reliability.exploring import Explorer
from reliability.judging import Verdict, always, at_the_end
from reliability.meeting import interleavings, zombies
from reliability.processes import Process, is_paid, settle
from reliability.worlds import DAY, MODEL, PROMPT

# --- gates ----------------------------------------------------------------------------------------------------------


def asking(operations):
    return operations.submit(PROMPT, MODEL, {})


def hurrying(world):
    """Take the step of the job that is there, without waiting until it is free."""
    return lambda operations: (
        operations.steps.advance(world.jobs[0].id) if world.jobs else operations.list_jobs()
    )


def crashes(world):
    """Any number of crashes."""
    Explorer(world, slow=0, kills=3).run()


def twins(world):
    """Two equal requests, each with a crash."""
    Explorer(world, slow=0, kills=2, jobs=2).run()


def stopped(world):
    """A process that is stopped until its lease is over."""
    explorer = Explorer(world, slow=0, kills=0).run()
    zombies(explorer, next(iter(explorer.states.values())), asking, most_steps=2)


def together(world):
    """Two processes in every order."""
    explorer = Explorer(world, slow=0, kills=0).run()
    begin = next(iter(explorer.states.values()))
    interleavings(explorer, begin, asking)
    interleavings(explorer, begin, asking, hurrying(world), pause=0.0)


def clock_is_set(world):
    """Two processes in every order, and the time of day is set forward by a day in between."""
    explorer = Explorer(world, slow=0, kills=0).run()
    begin = next(iter(explorer.states.values()))
    interleavings(explorer, begin, asking, hurrying(world), pause=lambda: world.clock.set(DAY))


def late(world):
    """A request that could not leave in time."""
    process = Process(world, asking(world.operations()))
    while not is_paid(process.due):
        process.perform()
    world.sleep(60.0)
    process.perform()
    if world.entries:
        raise Verdict("it left all the same")


def one_loss(world):
    """The answer to the paid request is lost, and the process lives."""
    process = Process(world, asking(world.operations()))
    while not is_paid(process.due):
        process.perform()
    process.lose(TransportFailed("the connection broke", request_sent=True))
    process.run()
    settle(world)
    wrong = [*always(world), *at_the_end(world, knows=False)]
    if wrong:
        raise Verdict("\n".join(wrong))


def next_after_the_answer(world):
    """What comes between the answer and the record of the receipt."""
    process = Process(world, asking(world.operations()))
    while not world.entries:
        process.perform()
    process.perform()
    if world.jobs[0].receipt is None:
        raise Verdict(f"the receipt is not recorded yet: {process.trace}")


# --- bugs -----------------------------------------------------------------------------------------------------------


def no_compare_and_set(monkeypatch):
    right = MemoryStore.save

    def save(self, job, *, expected, **given):
        right(self, job, expected=self._jobs[job.id].version, **given)

    monkeypatch.setattr(MemoryStore, "save", save)


def claim_ignores_leases(monkeypatch):
    right = MemoryStore.claim

    def claim(self, job_id, lease, *, steady):
        self._leases.pop(job_id, None)
        return right(self, job_id, lease, steady=steady)

    monkeypatch.setattr(MemoryStore, "claim", claim)


def claim_raises_no_fence(monkeypatch):
    right = MemoryStore.claim

    def claim(self, job_id, lease, *, steady):
        before = self._jobs.get(job_id)
        claimed = right(self, job_id, lease, steady=steady)
        if claimed is None or isinstance(claimed, Lease):
            return claimed
        self._jobs[job_id] = before
        return before

    monkeypatch.setattr(MemoryStore, "claim", claim)


def no_look_at_the_deadline(monkeypatch):
    monkeypatch.setattr(Sending, "_leave", lambda self: setattr(self, "begun", True))


def lease_on_the_time_of_day(monkeypatch):
    right = MemoryStore.claim
    plain = steps.Steps._lease

    def lease(self):
        kept = plain(self)
        clock = self.lifecycle.clock
        return replace(kept, until=kept.until - clock.steady() + clock.now())

    def claim(self, job_id, lease, *, steady):
        return right(self, job_id, lease, steady=lease.until - steps.LEASE)

    monkeypatch.setattr(steps.Steps, "_lease", lease)
    monkeypatch.setattr(MemoryStore, "claim", claim)


def retries_like_an_sdk(monkeypatch):
    def submit(self, task):
        flow = self._flow("submit", object, task=task)
        return mapped(
            flow, lambda effect: replace(effect, repeatable=True) if isinstance(effect, Send) else effect
        )

    monkeypatch.setattr(Provider, "submit", submit)
    monkeypatch.setattr(Sending, "excludes", lambda self, error: False)


def another_token_for_each_try(monkeypatch):
    right = Provider._repeatable
    monkeypatch.setattr(
        Provider,
        "_repeatable",
        lambda self, flow, token: right(self, flow, f"{token}-{secrets.token_hex(4)}"),
    )


def intent_after_the_request(monkeypatch):
    right = Records.move_under

    def move_under(self, lease, job, phase, message="", **changes):
        if phase is not Phase.SUBMITTING:
            return (yield from right(self, lease, job, phase, message, **changes))
        return moved(job, phase, now=self.clock.now(), message=message, **changes)

    monkeypatch.setattr(Records, "move_under", move_under)


def receipt_after_the_next_look(monkeypatch):
    right = Lifecycle.keep_receipt

    def keep_receipt(self, job, lease, message, *, receipt, **changes):
        yield Save(function=lambda: self.store.get(job.id), quick=True)
        return (yield from right(self, job, lease, message, receipt=receipt, **changes))

    monkeypatch.setattr(Lifecycle, "keep_receipt", keep_receipt)


def absence_is_proof(monkeypatch):
    def look_again(self, job, bound):
        found = yield from self._looked_for(job, bound)
        if found.receipt is not None:
            return found
        clean = {"failure": None, "cost": None, "completed_at": None, "next_at": self.clock.now()}
        return (yield from self.move(found, Phase.CREATED, "it is not there, so it was never sent", **clean))

    monkeypatch.setattr(Recovery, "look_again", look_again)


def two_orphans_are_one(monkeypatch):
    monkeypatch.setattr(MemoryStore, "orphans", lambda self, provider, request_sha256: 1)


def record_before_the_film(monkeypatch):
    right = Delivery.deliver

    def deliver(self, job, bound):
        films = tuple(
            film.model_copy(update={"path": self.destination(job, film)}) if film.role == "video" else film
            for film in job.assets
        )
        stored = yield from self.move(job, Phase.STORED, "completed", assets=films)
        under_way = stored.model_copy(update={"phase": Phase.RENDERED})
        with suppress(ConcurrentWrite):
            yield from right(self, under_way, replace(bound, lease=None))
        return stored

    monkeypatch.setattr(Delivery, "deliver", deliver)


def hold_goes_when_nobody_knows(monkeypatch):
    right = ledger.standing

    def standing(job):
        return ledger.Standing(state="released") if job.phase is Phase.UNKNOWN else right(job)

    monkeypatch.setattr(ledger, "standing", standing)


def captured_twice(monkeypatch):
    right = MemoryBooks.write

    def write(self, due):
        due = list(due)
        right(self, due)
        self._bookings += [booking for booking in due if booking.kind == "capture"]

    monkeypatch.setattr(MemoryBooks, "write", write)


PLANTED = [
    (no_compare_and_set, stopped, modes.PLAIN),
    (claim_ignores_leases, together, modes.PLAIN),
    (claim_raises_no_fence, together, modes.PLAIN),
    (no_look_at_the_deadline, late, modes.PLAIN),
    (lease_on_the_time_of_day, clock_is_set, modes.PLAIN),
    (retries_like_an_sdk, one_loss, modes.PLAIN),
    (another_token_for_each_try, crashes, modes.TOKEN),
    (intent_after_the_request, crashes, modes.PLAIN),
    (receipt_after_the_next_look, next_after_the_answer, modes.PLAIN),
    (absence_is_proof, crashes, modes.LAGGING),
    (two_orphans_are_one, twins, modes.FUZZY_TWINS),
    (record_before_the_film, crashes, modes.PLAIN),
    (hold_goes_when_nobody_knows, crashes, modes.PLAIN),
    (captured_twice, crashes, modes.PLAIN),
]


@pytest.mark.parametrize(
    ("bug", "gate", "mode"), PLANTED, ids=[f"{bug.__name__} - {gate.__name__}" for bug, gate, _ in PLANTED]
)
def test_a_planted_bug_is_caught(bug, gate, mode, world_of, monkeypatch):
    bug(monkeypatch)
    monkeypatch.setattr(recovery, "SEARCH_ENDS", 10.0 if gate is twins else 600.0)
    with pytest.raises(Verdict):
        gate(world_of(mode))


UNHARMED = list(dict.fromkeys((gate, mode) for _, gate, mode in PLANTED))


@pytest.mark.parametrize(
    ("gate", "mode"), UNHARMED, ids=[f"{gate.__name__} - {mode.name}" for gate, mode in UNHARMED]
)
def test_without_a_bug_nothing_is_caught(gate, mode, world_of, monkeypatch):
    monkeypatch.setattr(recovery, "SEARCH_ENDS", 10.0 if gate is twins else 600.0)
    gate(world_of(mode))
