"""Gate G2: whatever people, processes, providers and clocks do, in any order.

A failure prints its steps; ``@reproduce_failure`` or the seed that pytest shows replays it. ``POLYREEL_NIGHTLY=1`` makes the
histories longer and more of them.
"""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from polyreel.audits import audit
from polyreel.errors import PolyreelError
from polyreel.jobs import recovery
from polyreel.simulation.faults import Fault
from polyreel.types.budget import Budget
from polyreel.types.job import Phase
from reliability import modes
from reliability.judging import always, at_the_end
from reliability.processes import Process, settle
from reliability.worlds import DAY, MODEL, PROMPT, World

NIGHTLY = os.environ.get("POLYREEL_NIGHTLY", "") not in {"", "0"}
HISTORIES, STEPS = (20_000, 200) if NIGHTLY else (200, 50)
ALL = tuple(
    modes.with_everything(mode)
    for mode in (modes.TOKEN, modes.LAGGING, modes.FUZZY, modes.PLAIN, modes.AT_ONCE)
)
WRONG = st.sampled_from(
    [
        Fault(kind="drop_after", method="POST", path="/films$"),
        Fault(kind="drop_before", method="POST", path="/films$"),
        Fault(kind="status", status=429, method="POST", path="/films$"),
        Fault(kind="status", status=503, method="POST", path="/films$"),
        Fault(kind="status_after", status=500, method="POST", path="/films$"),
        Fault(kind="broken_json", method="POST", path="/films$"),
        Fault(kind="status", status=503, method="GET", times=3),
        Fault(kind="drop_after", method="GET", path=r"/film_\d+$"),
        Fault(kind="cut", method="GET", path="/file/"),
        Fault(kind="html", method="GET", path="/file/"),
    ]
)
PAID_FOR = 1
few = st.integers(0, 12)


AT_ONCE = 3  # processes


class AnyHistory(RuleBasedStateMachine):
    """Jobs of one store, and everything that happens to them."""

    @initialize(mode=st.sampled_from(ALL), limit=st.sampled_from([None, "0.50"]))
    def begin(self, mode, limit):
        self.search_ends, recovery.SEARCH_ENDS = recovery.SEARCH_ENDS, 600.0
        self.folder = Path(
            tempfile.mkdtemp(prefix="polyreel-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        )
        self.world = World(mode, self.folder, budget=None if limit is None else Budget(per_day=limit))
        self.alive = []
        self.knows = mode.knows
        self.messages = Counter()
        self.faults = 0
        self.clock_was_set = False
        self.began = self.world.clock.steady()

    # --- processes ------------------------------------------------------------------------------------------

    @rule(
        policy=st.sampled_from(["hold", "hold", "resubmit", "fail"]),
        key=st.sampled_from([None, None, "order 7"]),
        prompt=st.sampled_from([PROMPT, "a tin drum"]),
        patient=st.booleans(),
        effects=few,
    )
    def ask(self, policy, key, prompt, patient, effects):
        given = {"on_unknown": policy, "idempotency_key": key, "patient": patient}
        self.start(lambda operations: operations.submit(prompt, MODEL, given), effects)

    @precondition(lambda self: self.world.jobs)
    @rule(data=st.data(), effects=few)
    def come_and_take_a_step(self, data, effects):
        job = self.any_job(data)
        self.start(lambda operations: operations.steps.advance(job.id), effects)

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), effects=few)
    def go_on(self, data, effects):
        self.run(self.any_process(data), effects)

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def kill(self, data):
        process = self.any_process(data)
        self.alive.remove(process)
        self.world.bury(process.owner)

    # --- people -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.jobs)
    @rule(data=st.data(), effects=few)
    def cancel(self, data, effects):
        job = self.any_job(data)
        self.world.by_hand.add(job.id)
        self.start(lambda operations: operations.stopping.cancel(job.id), effects)

    @precondition(lambda self: any(job.phase is Phase.UNKNOWN for job in self.world.jobs))
    @rule(data=st.data(), verb=st.sampled_from(["adopt", "resubmit", "abandon"]), effects=few)
    def resolve(self, data, verb, effects):
        unknown = [job for job in self.world.jobs if job.phase is Phase.UNKNOWN]
        job = unknown[data.draw(st.integers(0, len(unknown) - 1), label="job")]
        charged = self.world.charges_of(job)
        if verb == "adopt" and not charged:
            return
        self.world.by_hand.add(job.id)
        given = (charged[0],) if verb == "adopt" else ()
        self.start(lambda operations: getattr(operations.settling, verb)(job.id, *given), effects)

    # --- the outside --------------------------------------------------------------------------------------------

    @rule(fault=WRONG)
    def something_goes_wrong(self, fault):
        self.world.faults.add(fault)
        self.faults += 1

    @precondition(lambda self: self.world.entries)
    @rule(data=st.data(), number=st.integers(1, 3))
    def a_message_comes(self, data, number):
        receipt = data.draw(st.sampled_from([line.job for line in self.world.entries]), label="receipt")

        def flow(operations):
            return operations.handle_webhook({"webhook-id": f"m{number}"}, receipt.encode(), "acme")

        process = self.start(flow, None)
        assert process.error is None
        if not self.clock_was_set:  # a message is remembered for a day
            assert (process.value.result == "repeated") == bool(self.messages[number])
        self.messages[number] += 1

    @rule(seconds=st.sampled_from([1.0, 5.0, 31.0, 61.0, 361.0, 1000.0]))
    def time_passes(self, seconds):
        self.world.sleep(seconds)

    @rule(days=st.sampled_from([-1, 1]))
    def somebody_sets_the_clock(self, days):
        self.world.clock.set(days * DAY)
        self.knows, self.clock_was_set = False, True

    # --- what holds ---------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_paid_twice(self):
        if hasattr(self, "world"):
            wrong = list(always(self.world))
            assert wrong == []
            assert self.world.store.consult(audit).findings == ()

    def teardown(self):
        if not hasattr(self, "world"):
            return
        try:
            for process in self.alive:
                self.world.bury(process.owner)
            self.world.faults.clear()
            self.world.sleep(61.0)
            if self.world.clock.steady() - self.began >= recovery.TOKEN_LIFE:  # nobody looked for hours
                self.knows = self.knows and self.world.mode.knows_whatever_the_time
            settle(self.world)
            self.judge()
        finally:
            recovery.SEARCH_ENDS = self.search_ends
            for process in self.dead:
                process.drop()
            shutil.rmtree(self.folder, ignore_errors=True)

    def judge(self):
        assert list(always(self.world)) == []
        knows = self.knows and not self.world.by_hand and not self.faults and self.alone
        wrong = [
            line
            for line in at_the_end(self.world, knows=knows)
            if not any(line.startswith(name) for name in self.world.by_hand)
        ]
        assert wrong == []
        for job in self.world.jobs:
            if job.id in self.world.by_hand:
                assert not job.needs_step, job.phase

    # --- helpers ------------------------------------------------------------------------------------------------

    @property
    def alone(self):
        """Whether no two requests look the same, so that a list of what was asked for tells them apart."""
        told = Counter(job.request_sha256 for job in self.world.jobs)
        return not self.world.mode.name.startswith("fuzzy") or max(told.values(), default=0) <= PAID_FOR

    @property
    def dead(self):
        return self.__dict__.setdefault("_dead", [])

    def any_job(self, data):
        jobs = self.world.jobs
        return jobs[data.draw(st.integers(0, len(jobs) - 1), label="job")]

    def any_process(self, data):
        return self.alive[data.draw(st.integers(0, len(self.alive) - 1), label="process")]

    def start(self, flow_of, effects):
        operations = self.world.operations()
        process = Process(self.world, flow_of(operations), owner=operations.store.me)
        self.dead.append(process)
        self.alive = [*self.alive, process]
        if len(self.alive) > AT_ONCE:  # the oldest is killed
            self.world.bury(self.alive.pop(0).owner)
        self.run(process, effects)
        return process

    def run(self, process, effects):
        process.run(effects)
        self.world.trespasses.clear()  # people write to records that a process works on; versions keep them apart
        if not process.over:
            return
        assert process.error is None or isinstance(process.error, PolyreelError), process.error
        if process in self.alive:
            self.alive.remove(process)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=HISTORIES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
