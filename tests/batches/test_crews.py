"""The two drivers of schedules: what both promise, and what a caller who stops gets."""

import asyncio
import signal
import threading
import time
from collections import deque

import pytest
from polyreel.clock import SystemClock, VirtualClock
from polyreel.crews import _Books, drive, drive_async
from polyreel.flows import AsyncIO, BlockingIO, Call, Sleep
from polyreel.schedules import Errand


def flow_of(function):
    return (yield Call(function=function))


class Errands:
    """A schedule of whatever it is offered: ``(delay, function)``, of which ``room`` are taken in at once."""

    def __init__(self, *, room=4, now=1_000.0):
        self.room = room
        self.now = now
        self.offered = []
        self.due = deque()
        self.open = 0
        self.closed = False
        self.begun = []

    def wants(self):
        return not self.closed and self.open < self.room

    def offer(self, request):
        self.offered.append(request)
        self.open += 1
        self.due.append((self.now + request[0], len(self.offered) - 1))
        self.due = deque(sorted(self.due))

    def close(self):
        self.closed = True

    def begin(self, now, hands):
        self.now = now
        errands = []
        while self.due and self.due[0][0] <= now and len(errands) < hands:
            _, ticket = self.due.popleft()
            self.begun.append((ticket, now))
            errands.append(Errand(ticket=ticket, flow=flow_of(self.offered[ticket][1])))
        return errands

    def ended(self, ticket, how, now):
        self.now = now
        self.open -= 1
        return [(ticket, how.value if how.error is None else how.error)]

    def next_at(self):
        return self.due[0][0] if self.due else None


def numbers(count, delay=0.0):
    return [(delay, lambda number=number: number) for number in range(count)]


def test_every_errand_gives_its_result(driver):
    assert sorted(driver.all(Errands(), numbers(50))) == [(number, number) for number in range(50)]


def test_nothing_to_do_is_over_at_once(driver):
    assert driver.all(Errands()) == []


def test_an_error_is_its_own_errands_end_and_no_others(driver):
    def fails():
        raise OSError("broken")

    results = driver.all(Errands(), [*numbers(3), (0.0, fails), *numbers(3)])
    assert [type(value) for _, value in sorted(results, key=lambda result: result[0])] == [int] * 3 + [
        OSError
    ] + [int] * 3


@pytest.mark.parametrize("hands", [1, 3])
def test_so_many_hands_and_no_more_are_busy_at_once(driver, hands):
    busy, most = 0, 0
    lock, together = threading.Lock(), threading.Barrier(hands)

    def work():
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        together.wait(5)
        with lock:
            busy -= 1

    driver.all(Errands(room=100), [(0.0, work)] * (hands * 4), hands=hands)
    assert most == hands


def test_hours_pass_at_once_and_each_errand_is_begun_when_it_is_due(driver):
    driver.clock, schedule = VirtualClock(), Errands(room=10)
    begin = driver.clock.steady()
    driver.all(schedule, [(3_600.0 * hours, lambda: None) for hours in (3, 1, 2)])
    assert [(ticket, now - begin) for ticket, now in schedule.begun] == [(1, 3_600), (2, 7_200), (0, 10_800)]


def test_time_stands_still_while_something_runs_or_a_request_may_come(driver):
    driver.clock, schedule = VirtualClock(), Errands(room=2)
    begin, seen = driver.clock.steady(), []
    slow = (0.0, lambda: time.sleep(0.03) or seen.append(driver.clock.steady() - begin))
    driver.all(schedule, [slow, (60.0, lambda: seen.append(driver.clock.steady() - begin)), slow, slow])
    assert seen == [0, 0, 0, 60]


def test_requests_are_taken_only_when_there_is_room(driver):
    taken, left = [], []
    schedule = Errands(room=3)

    def requests():
        for number in range(30):
            taken.append(number)
            yield 0.0, lambda: left.append(schedule.open)

    driver.all(schedule, requests())
    assert len(taken) == 30
    assert max(left) <= 3


def test_requests_are_taken_in_the_callers_own_thread(driver):
    threads = set()

    def requests():
        for _ in range(20):
            threads.add(threading.current_thread())
            yield 0.0, lambda: None

    driver.all(Errands(), requests())
    assert threads == {threading.current_thread()}


def test_what_the_requests_raise_is_raised_after_the_results_that_are_there(driver):
    def requests():
        yield from numbers(3)
        raise ValueError("line 4 is broken")

    with pytest.raises(ValueError, match="line 4"):
        driver.all(Errands(room=1), requests())


def test_a_bug_of_a_schedule_is_raised_and_nobody_hangs(driver):
    class Broken(Errands):
        def ended(self, ticket, how, now):
            raise LookupError("no such ticket")

    with pytest.raises(LookupError):
        driver.all(Broken(), numbers(5))


@pytest.mark.parametrize("clock", [VirtualClock, SystemClock])
def test_a_schedule_that_is_broken_at_its_beginning_is_raised_too(driver, clock):
    class Broken(Errands):
        def begin(self, now, hands):
            raise LookupError("nothing fits")

    driver.clock = clock()
    with pytest.raises(LookupError):
        driver.all(Broken(), numbers(5))


def test_when_the_caller_stops_nothing_new_is_begun_and_what_runs_is_let_end(driver):
    started, ended, running, stopping = [], [], threading.Event(), threading.Event()

    def slow():
        started.append("slow")
        running.set()
        stopping.wait(5)
        time.sleep(0.05)
        ended.append("slow")

    def stops(results):
        stopping.set()
        return True

    schedule = Errands(room=100)
    first = (0.0, lambda: running.wait(5))
    driver.some(schedule, [first, *[(0.0, slow)] * 50], stops, hands=2)
    assert len(schedule.begun) <= 3  # the first, and as many as there are hands
    assert ended == started
    assert started


def test_what_runs_goes_on_while_the_caller_handles_a_result(driver):
    """A caller who is slow does not keep due errands waiting."""
    driver.clock = SystemClock()
    schedule, second = Errands(room=2, now=driver.clock.steady()), threading.Event()

    if driver.kind == "blocking":
        io = BlockingIO(transport=None, clock=driver.clock)
        results = drive(schedule, io, requests=[(0.0, lambda: 1), (0.03, second.set)])
        assert next(results) == (0, 1)
        assert second.wait(5), "nobody began it"
        results.close()
        return

    async def reads():
        io = AsyncIO(transport=None, clock=driver.clock)
        results = drive_async(schedule, io, requests=[(0.0, lambda: 1), (0.03, second.set)])
        assert await anext(results) == (0, 1)
        async with asyncio.timeout(5):
            while not second.is_set():
                await asyncio.sleep(0.005)
        await results.aclose()

    asyncio.run(reads())


def test_results_that_nobody_reads_hold_back_new_requests():
    async def reads():
        schedule = Errands(room=2)
        io = AsyncIO(transport=None, clock=SystemClock())
        schedule.now = io.clock.steady()
        results = drive_async(schedule, io, requests=numbers(1_000), hands=4)
        await anext(results)
        await asyncio.sleep(0.1)
        taken = len(schedule.offered)
        await results.aclose()
        return taken

    assert asyncio.run(reads()) < 20


def test_requests_may_be_awaited():
    async def requests():
        for request in numbers(7):
            await asyncio.sleep(0)
            yield request

    async def reads():
        io = AsyncIO(transport=None, clock=VirtualClock())
        return [result async for result in drive_async(Errands(), io, requests=requests())]

    assert sorted(asyncio.run(reads())) == [(number, number) for number in range(7)]


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in a terminal, also where these tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_waiting_after_what_runs():
    ended = []

    def slow():
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.05)
        ended.append("slow")

    schedule = Errands(room=10)
    io = BlockingIO(transport=None, clock=SystemClock())
    schedule.now = io.clock.steady()
    with pytest.raises(KeyboardInterrupt):
        list(drive(schedule, io, requests=[(0.0, slow), *numbers(5, delay=60.0)]))
    assert ended == ["slow"]
    assert len(schedule.begun) == 1


def pausing(seconds, ended):
    try:
        yield Sleep(seconds=seconds)
        ended.append("whole")
    except asyncio.CancelledError:
        ended.append("torn")
        raise


class Pauses(Errands):
    def begin(self, now, hands):
        return [
            Errand(ticket=errand.ticket, flow=self.offered[errand.ticket][1]())
            for errand in super().begin(now, hands)
        ]


@pytest.mark.parametrize(("cancels", "how"), [(1, "whole"), (2, "torn")])
def test_a_cancellation_lets_what_runs_end_and_a_second_one_does_not(cancels, how):
    ended = []

    async def cancelled():
        schedule = Pauses(room=10)
        io = AsyncIO(transport=None, clock=SystemClock())
        schedule.now = io.clock.steady()
        requests = [(0.0, lambda: pausing(0.1, ended)), *numbers(5, delay=60.0)]

        async def reads():
            return [result async for result in drive_async(schedule, io, requests=requests)]

        task = asyncio.create_task(reads())
        while not schedule.begun:
            await asyncio.sleep(0.005)
        for _ in range(cancels):
            task.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1
        assert len(schedule.begun) == 1

    asyncio.run(cancelled())
    assert ended == [how]


def test_a_program_that_forgets_an_iterator_ends(tmp_path):
    """The threads of a batch that nobody reads do not keep a program alive."""
    import subprocess
    import sys

    script = tmp_path / "forgets.py"
    script.write_text(
        "from polyreel.clock import SystemClock\n"
        "from polyreel.crews import drive\n"
        "from polyreel.flows import BlockingIO\n"
        f"import sys; sys.path.insert(0, {str(tmp_path.parent)!r})\n"
        "class Endless:\n"
        "    begun = 0\n"
        "    def wants(self): return False\n"
        "    def close(self): pass\n"
        "    def next_at(self): return 0.0\n"
        "    def ended(self, ticket, how, now): return [ticket]\n"
        "    def begin(self, now, hands):\n"
        "        from polyreel.schedules import Errand\n"
        "        Endless.begun += 1\n"
        "        return [Errand(ticket=1, flow=iter_nothing())] if Endless.begun < 3 else []\n"
        "def iter_nothing():\n"
        "    return\n"
        "    yield\n"
        "results = drive(Endless(), BlockingIO(transport=None, clock=SystemClock()))\n"
        "print(next(results), flush=True)\n"
        "import threading; threading.results = results\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")


@pytest.mark.parametrize("facts", [{"dismissed": True}, {"failure": LookupError()}, {"free": 0}])
def test_after_the_end_no_hand_begins_anything(facts):
    books = _Books(**{"schedule": Errands(), "free": 2} | facts)
    books.schedule.offer((0.0, lambda: 1))
    assert books.begin(2_000.0) == ()
    assert books.schedule.begun == []
