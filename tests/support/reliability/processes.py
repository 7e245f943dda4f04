"""A process: a flow that is performed effect by effect, and may stop for ever at any of them."""

from polyreel.errors import JobUncertain
from polyreel.flows import Fetch, Send, Sleep
from polyreel.http import Wire
from polyreel.jobs.pacing import until_due


class Process:
    """A flow under way.

    Attributes:
        due: The effect that it performs next; ``None`` once it is over.
        value: What it returned.
        error: What it raised.
        trace: What it performed so far, for people.
    """

    def __init__(self, world, flow, owner=None):
        self.world = world
        self.owner = owner
        self.value = self.error = self.due = None
        self.trace = []
        self._stack = [flow]
        self._resumed(None, None)

    @property
    def over(self):
        return not self._stack

    def perform(self):
        """Perform the effect that is due."""
        effect = self.due
        self.trace.append(named(effect))
        try:
            result = self.world.perform(effect)
        except BaseException as error:  # noqa: BLE001  handed on, as the drivers do
            self._resumed(None, error)
        else:
            self._resumed(result, None)

    def fail(self, error):
        """Let the effect that is due fail, without having happened."""
        self.trace.append(f"{named(self.due)} fails")
        self._resumed(None, error)

    def lose(self, error):
        """Let the effect happen, and its result be lost."""
        self.trace.append(f"{named(self.due)} happens, its result is lost")
        try:
            self.world.perform(self.due)
        except BaseException as raised:  # noqa: BLE001  handed on, as the drivers do
            error = raised
        self._resumed(None, error)

    def run(self, effects=None):
        """Perform so many effects, or all that are left."""
        while not self.over and effects != 0:
            self.perform()
            effects = None if effects is None else effects - 1
        return self

    def drop(self):
        """Let it go, once the world is not looked at any more: only now its handlers run."""
        while self._stack:
            self._stack.pop().close()
        return self

    def _resumed(self, result, error):
        self.due = None
        while self._stack:
            flow = self._stack[-1]
            try:
                effect = flow.send(result) if error is None else flow.throw(error)
            except StopIteration as stop:
                self._stack.pop()
                result, error = stop.value, None
                continue
            except BaseException as raised:  # noqa: BLE001  handed on, as the drivers do
                self._stack.pop()
                result, error = None, raised
                continue
            if not isinstance(effect, Send | Fetch):
                self.due = effect
                return
            self._stack.append(effect.session.exchange(effect))
            result = error = None
        self.value, self.error = result, error


def settle(world, *, steps=10_000):
    """Take the steps that are due, until none is; return how many there were."""
    taken = 0
    while due := [job for job in world.jobs if job.needs_step]:
        for job in due:
            assert taken < steps, f"there is no end: {job.phase}, {job.message}"
            world.sleep(until_due(job.next_at, now=world.clock.now()))
            process = Process(world, world.operations().steps.advance(job.id)).run()
            assert process.error is None or isinstance(process.error, JobUncertain), process.error
            world.sleep(
                process.value.delay or 0.0
                if process.value and process.value.job.version == job.version
                else 0.0
            )
            taken += 1
    return taken


def named(effect):
    """Return what an effect is, for people."""
    if isinstance(effect, Wire):
        return f"{effect.request.method} {effect.request.url.partition('/v1')[2]}"
    if isinstance(effect, Sleep):
        return f"sleep {effect.seconds:.1f}"
    function = effect.function
    function = getattr(function, "func", function)
    where = (
        getattr(function, "__qualname__", repr(function)).replace(".<locals>", "").replace(".<lambda>", "")
    )
    return f"{type(effect).__name__.lower()} {where}"


def is_paid(effect):
    """Whether an effect is the request that costs money."""
    return (
        isinstance(effect, Wire) and effect.request.method == "POST" and effect.request.url.endswith("/films")
    )
