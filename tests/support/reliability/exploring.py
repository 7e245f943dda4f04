"""Every history of crashes, by the states that they lead to.

Two crashes that leave the same world have the same future. So each state is looked at once: a process does its step in
it, and what the world looks like after each effect is where a crash leads. That covers any number of crashes.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from functools import cache

from polyreel.jobs.pacing import until_due

from reliability.judging import Verdict, always, at_the_end
from reliability.processes import Process, is_paid, named
from reliability.worlds import DAY, MODEL, PROMPT

IN_THE_NET = 20.0
"""Seconds after which a request reaches the provider that had left when its process died."""

MOST_STATES = 20_000


@dataclass(repr=False, eq=False)
class State:
    """A world that some histories lead to.

    Attributes:
        photograph: The world.
        label: The last thing that happened.
        before: The state before it.
        knows: Whether what was paid for can still be found.
        luck: What may still happen from outside.
        steps: Where it goes without a crash.
        crashes: Where it goes by one.
    """

    photograph: object
    label: str
    before: object
    knows: bool
    luck: object
    steps: list = field(default_factory=list)
    crashes: list = field(default_factory=list)
    ended: bool = False

    @property
    def history(self):
        labels, state = [], self
        while state is not None:
            labels.append(state.label)
            state = state.before
        return labels[::-1]


@dataclass(frozen=True, kw_only=True)
class Luck:
    """How many times something may still happen.

    Attributes:
        slow: A process is stopped for ever instead of killed, or dies while its request is under way.
        clock: The time of day is set, or a long time passes with nobody there.
        kills: A process is killed; ``None`` for any number.
    """

    slow: int
    clock: int
    kills: int | None = None

    def spent(self, **changes):
        """Return what is left after something happened."""
        left = {name: getattr(self, name) - count for name, count in changes.items()}
        if self.kills is not None:
            left["kills"] = self.kills - 1
        return replace(self, **left)


class Explorer:
    """Looks at every state that crashes can lead to.

    Args:
        world: The world at its beginning.
        options: What ``generate`` is called with.
        take_up: The flow of a process that comes later: from operations and the jobs that need a step.
        slow: How many times in a history a process is stopped for ever instead of killed, or its request is under way.
        clock: How many times the time of day is set, or a long time passes with nobody there.
        kills: How many times a process is killed; ``None`` for any number.
        check: More that must hold at the end; yields what is wrong.
    """

    def __init__(self, world, *, options=None, take_up=None, slow=2, clock=0, kills=None, check=None, jobs=1):
        self.world = world
        self.options = options or {}
        self.luck = Luck(slow=slow, clock=clock, kills=kills)
        self.check = check
        self.take_up = take_up or _advance
        self.asked = jobs
        self.states = {}
        self.effects = 0
        self.ends = set()
        self._queue = deque()

    def run(self):
        """Look at every state.

        Raises:
            Verdict: The guarantee is broken.
        """
        root = self._reach("begin", None, self.luck, knows=self.world.mode.knows)
        for _ in range(self.asked):
            self._ask()
        del root
        return self.look()

    def look(self):
        """Look at every state that was reached and not looked at yet."""
        while self._queue:
            self._visit(self._queue.popleft())
        return self

    def known(self, phase):
        """Return the first state with one free job in a phase."""
        for state in self.states.values():
            self.world.restore(state.photograph)
            jobs = self.world.jobs
            if len(jobs) == 1 and jobs[0].phase == phase and not self.world.store._leases:
                return state
        return None

    def _ask(self):
        """Let a process ask for a film, in every state in which nobody asked for it yet."""
        for state in list(self.states.values()):
            self.world.restore(state.photograph)
            self._perform(state, self._asking, "ask")

    def _asking(self, operations):
        # With several jobs the steps after the submit are taken by whoever comes.
        ask = operations.generate if self.asked == 1 else operations.submit
        return ask(PROMPT, MODEL, dict(self.options))

    def _visit(self, state):
        self.world.restore(state.photograph)
        due = self.due()
        if self.asked > 1:  # the one that is due first; which of two looks goes first, nobody can tell
            due = sorted(due, key=lambda each: self.world.store.get(each[1]).next_at or 0.0)[:1]
        if not due:
            self._judge_end(state)
            return
        for number, job_id, flow_of in due:
            self.world.restore(state.photograph)
            self.wait_for(job_id)
            self._perform(state, flow_of, f"step of J{number}")

    def due(self):
        """Return the number, the id and the next flow of each job that needs a step."""
        jobs = self.world.jobs
        return [(number, job.id, self.take_up(job)) for number, job in enumerate(jobs) if job.needs_step]

    def wait_for(self, job_id):
        """Let time pass until the job is free and due."""
        world = self.world
        lease = world.store._leases.get(job_id)
        if lease is not None:
            world.sleep(lease.until - world.clock.steady())
        job = world.store._jobs[job_id]
        world.sleep(until_due(job.next_at, now=world.clock.now()))

    def _perform(self, state, flow_of, what):
        """Let a process do something, and note where a crash after each of its effects leads."""
        world = self.world
        operations = world.operations()
        process = Process(world, flow_of(operations))
        owner = operations.store.me
        while not process.over:
            effect = process.due
            if state.luck.slow and state.luck.kills != 0 and is_paid(effect) and _may_leave(effect):
                self._lost_in_the_net(state, owner, effect, what, len(process.trace))
            process.perform()
            self.effects += 1
            if process.over:
                break
            where = f"{what}: killed after {len(process.trace)} effects, {process.trace[-1]}"
            self._crash(state, owner, where)
        if process.error is not None and not _is_expected(process.error):
            raise Verdict(f"{process.error!r}\n" + self._told(state, process.trace)) from process.error
        state.steps.append(self._reach(f"{what}, to its end", state, state.luck))

    def _crash(self, state, owner, where):
        world = self.world
        if state.luck.kills == 0:
            return
        held = [name for name, lease in world.store._leases.items() if lease.owner == owner]
        if not held:
            self._note_crash(state, where, state.luck.spent())
        else:
            # One that is only stopped keeps its lease until it is over; of one that was killed it is free at once.
            kept = dict(world.store._leases)
            if state.luck.slow:
                self._note_crash(state, f"{where} (stopped for ever)", state.luck.spent(slow=1))
            world.bury(owner)
            self._note_crash(state, where, state.luck.spent())
            world.store._leases.update(kept)
        if state.luck.clock:
            self._interfered(state, owner, where)

    def _interfered(self, state, owner, where):
        """Nobody comes for days, or somebody sets the time of day."""
        world, kept = self.world, self.world.photograph()
        for label, seconds, passes in (
            ("clock set back by a day", -DAY, False),
            ("clock set forward by a day", DAY, False),
            ("nobody there for 2 hours", 7200.0, True),
        ):
            world.restore(kept)
            world.bury(owner)
            if passes:
                world.sleep(seconds)
            else:
                world.clock.set(seconds)
            knows = state.knows and world.mode.knows_whatever_the_time
            self._note_crash(state, f"{where}; {label}", state.luck.spent(clock=1), knows=knows)
        world.restore(kept)

    def _lost_in_the_net(self, state, owner, effect, what, count):
        world, kept = self.world, self.world.photograph()
        world.bury(owner)
        world.arrive_later(effect, IN_THE_NET)
        self._note_crash(
            state,
            f"{what}: killed after {count} effects, {named(effect)} is under way",
            state.luck.spent(slow=1),
        )
        world.restore(kept)

    def _note_crash(self, state, where, luck, **facts):
        after = self._reach(where, state, luck, **facts)
        if after is not state:
            state.crashes.append(after)

    def reach(self, label, before):
        """Return the state that the world is in now, which others than crashes led to."""
        return self._reach(label, before, before.luck)

    def _reach(self, label, before, luck, knows=None):
        """Return the state that the world is in now; a new one is judged and looked at later."""
        knows = before.knows if knows is None else knows
        key = (self.world.fingerprint(), luck, knows)
        known = self.states.get(key)
        if known is not None:
            return known
        state = State(photograph=self.world.photograph(), label=label, before=before, knows=knows, luck=luck)
        wrong = list(always(self.world))
        if wrong:
            raise Verdict("\n".join(wrong) + "\n" + self._told(state))
        self.states[key] = state
        if len(self.states) > MOST_STATES:
            raise Verdict("there is no end to the states:\n" + self._told(state))
        self._queue.append(state)
        return state

    def _judge_end(self, state):
        state.ended = True
        if not self.world.jobs:
            wrong = ["charged without a record"] if self.world.entries else []
        else:
            wrong = list(at_the_end(self.world, knows=state.knows))
            if self.check is not None:
                wrong += self.check(self.world)
            self.ends.update(job.phase for job in self.world.jobs)
        if wrong:
            raise Verdict("\n".join(wrong) + "\n" + self._told(state))

    def _told(self, state, trace=()):
        lines = [f"{self.world.mode.name}, {self.options}:", *state.history, *trace]
        return "\n  ".join(lines)

    def histories(self, crashes):
        """Return how many histories with at most so many crashes the states stand for."""
        numbers = {id(state): state for state in self.states.values()}

        @cache
        def count(number, left):
            state = numbers[number]
            whole = sum(count(id(after), left) for after in state.steps if after is not state) or 1
            if left == 0:
                return whole
            return whole + sum(count(id(after), left - 1) for after in state.crashes)

        root = next(iter(self.states.values()))
        return count(id(root), crashes)


def _advance(job):
    return lambda operations: operations.steps.advance(job.id)


def _may_leave(effect):
    try:
        if effect.before is not None:
            effect.before()
    except Exception:  # noqa: BLE001  it is held back
        return False
    return True


def _is_expected(error):
    from polyreel.errors import JobUncertain

    return isinstance(error, JobUncertain)
