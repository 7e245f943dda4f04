"""Two processes at one store, switched between any two effects, and zombies: processes that were stopped for long.

A generator cannot be copied, so each schedule is performed anew from a photograph. The state in which a schedule ends is
handed to the explorer: if it is known, so is its future.
"""

from polyreel.errors import JobUncertain
from polyreel.steps import LEASE

from reliability.judging import Verdict, always
from reliability.processes import Process

STOPPED = LEASE + 1.0


class Schedule:
    """One order of the effects of two processes.

    Args:
        explorer: Its world and the states that are known.
        state: Where it begins.
        first: The flow of the process that is stopped, from its operations.
    """

    def __init__(self, explorer, state, first):
        self.explorer, self.state, self.world = explorer, state, explorer.world
        self.world.restore(state.photograph)
        self._others = []
        self.zombie = self._begun(first)

    def _begun(self, flow_of):
        process = Process(self.world, flow_of(self.world.operations()))
        self._others.append(process)
        return process

    def run(self, process, effects=None):
        """Perform effects of one of them; what must always hold is looked at after each."""
        while not process.over and effects != 0:
            process.perform()
            self.explorer.effects += 1
            wrong = list(always(self.world))
            if wrong:
                raise Verdict("\n".join(wrong) + self.told())
            effects = None if effects is None else effects - 1
        if process.error is not None and not isinstance(process.error, JobUncertain):
            raise Verdict(f"{process.error!r}" + self.told()) from process.error

    def step(self, effects=None):
        """Another process comes and does what is due, or so many effects of it."""
        due = self.explorer.due()
        if not due:
            return None
        _, job_id, flow_of = due[0]
        self.explorer.wait_for(job_id)
        process = self._begun(flow_of)
        self.run(process, effects)
        return process

    def end(self, label):
        """The processes are gone; the state is looked at like any other."""
        self.world.store._leases.clear()
        after = self.explorer.reach(label + self.told(), self.state)
        for process in self._others:
            process.drop()
        return after

    def told(self):
        """Return what happened, for people."""
        lines = [f"process {number}: {process.trace}" for number, process in enumerate(self._others)]
        return "\n  ".join(["", *self.state.history, *lines])


def zombies(explorer, state, first, *, most_steps=5):
    """Stop a process anywhere until its lease is over; let others take so many steps; let it go on.

    Returns:
        How many schedules there were.
    """
    schedules, stop = 0, 0
    while True:
        for steps in range(most_steps + 1):
            schedule = Schedule(explorer, state, first)
            schedule.run(schedule.zombie, stop)
            if schedule.zombie.over:
                schedule.end("it was never stopped")
                explorer.look()
                return schedules
            schedule.world.sleep(STOPPED)
            taken = [schedule.step() for _ in range(steps)]
            schedule.run(schedule.zombie)
            schedule.end(f"stopped after {stop} effects, {steps} steps of others")
            schedules += 1
            if taken and taken[-1] is None:
                break
        stop += 1


def interleavings(explorer, state, first, second=None, *, pause=STOPPED, stays=True):
    """Stop one process anywhere, and the other anywhere, and let them go on in the order in which they were stopped.

    Args:
        explorer: Looks at where they lead.
        state: Where they begin.
        first: The flow of the one.
        second: That of the other; ``None`` for the step that is due.
        pause: Seconds that pass while the first one is stopped; or what happens meanwhile.
        stays: Whether the second one goes on in the end; else it is killed where it was stopped.

    Returns:
        How many schedules there were.
    """
    schedules = stop = 0
    while True:
        halt = 0
        while True:
            schedule = Schedule(explorer, state, first)
            schedule.run(schedule.zombie, stop)
            if schedule.zombie.over:
                schedule.end("it was never stopped")
                explorer.look()
                return schedules
            schedule.world.sleep(pause) if isinstance(pause, float) else pause()
            if second is None:
                other = schedule.step(halt)
            else:
                other = schedule._begun(second)
                schedule.run(other, halt)
            over = other is None or other.over
            schedule.run(schedule.zombie)
            if stays and other is not None:
                schedule.run(other)
            schedule.end(f"the first stopped after {stop} effects, the second after {halt}")
            schedules += 1
            if over:
                break
            halt += 1
        stop += 1
