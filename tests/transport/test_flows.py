"""The two drivers do the same: whatever a flow asks for, whatever goes wrong, whoever interrupts."""

import asyncio
import contextlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.clock import SystemClock, VirtualClock
from polyreel.flows import AsyncIO, BlockingIO, Call, Fetch, Save, Send, Sleep, call, run, run_async, sleep
from polyreel.http import Request, Response, Wire


class Broken(Exception):
    pass


class Carrier:
    """A transport that answers from the path, blocking."""

    def send(self, wire):
        status = int(wire.request.url.rpartition("/")[2])
        if status == 0:
            raise Broken("no network")
        return Response(status=status)


class AwaitedCarrier(Carrier):
    async def send(self, wire):
        await asyncio.sleep(0)
        return super().send(wire)


class PassOn:
    """A session that carries everything as it is."""

    def exchange(self, effect):
        response = yield Wire(request=effect.request)
        return response


def both(make):
    """Run the flow that ``make`` makes under both drivers; return the two outcomes."""
    outcomes = []
    for asynchronous in (False, True):
        clock, log = VirtualClock(start=0.0), []
        flow = make(log)
        try:
            if asynchronous:
                io = AsyncIO(transport=AwaitedCarrier(), clock=clock)
                value = asyncio.run(run_async(flow, io))
            else:
                value = run(flow, BlockingIO(transport=Carrier(), clock=clock))
        except Exception as error:  # noqa: BLE001  the outcome is what is compared
            value = (type(error), str(error))
        outcomes.append((value, log, clock.now(), flow.gi_frame is None))
    return outcomes


def _request(status):
    return Request(method="GET", url=f"http://host.example/{status}")


def _raise(message):
    raise Broken(message)


def _perform(step, log):
    kind, detail = step
    if kind == "send":
        response = yield Send(request=_request(detail), session=PassOn())
        return response.status
    if kind == "fetch":
        response = yield Fetch(request=_request(detail), session=PassOn(), into=None, max_bytes=1)
        return response.status
    if kind == "wire":
        return (yield Wire(request=_request(detail))).status
    if kind == "sleep":
        return (yield from sleep(detail))
    if kind == "call":
        return (yield from call(lambda: detail))
    if kind == "quick":
        return (yield Call(function=lambda: detail, quick=True))
    if kind == "save":
        return (yield Save(function=lambda: detail, quick=bool(detail % 2)))
    if kind == "fail":
        return (yield Call(function=lambda: _raise(f"step {detail}"), quick=bool(detail % 2)))
    if kind == "stop":
        return (yield Call(function=lambda: next(iter(())), quick=bool(detail % 2)))
    if kind == "nested":
        return (yield from _flow(detail, log))
    if kind == "caught":
        try:
            return (yield from _flow(detail, log))
        except Broken as error:
            return str(error)
        finally:
            log.append("finally")
    raise AssertionError(kind)


def _flow(steps, log):
    values = []
    for step in steps:
        values.append((yield from _perform(step, log)))
        log.append(values[-1])
    return values


_SIMPLE = st.one_of(
    st.tuples(st.sampled_from(["send", "fetch", "wire"]), st.sampled_from([200, 404, 0])),
    st.tuples(st.sampled_from(["sleep", "call", "quick", "save", "fail", "stop"]), st.integers(0, 9)),
)
_STEPS = st.recursive(
    st.lists(_SIMPLE, max_size=4),
    lambda steps: st.lists(_SIMPLE | st.tuples(st.sampled_from(["nested", "caught"]), steps), max_size=4),
    max_leaves=12,
)


@given(_STEPS)
def test_both_drivers_do_the_same_for_any_flow(steps):
    blocking, awaited = both(lambda log: _flow(steps, log))
    assert blocking == awaited
    assert blocking[-1], "the flow is closed"


def test_values_come_back_in_order():
    steps = [("send", 201), ("call", 3), ("save", 4), ("sleep", 5), ("quick", 6), ("wire", 404)]
    for value, log, now, _ in both(lambda log: _flow(steps, log)):
        assert value == log == [201, 3, 4, None, 6, 404]
        assert now == 5.0


def test_what_an_effect_raises_is_raised_inside_the_flow():
    steps = [("caught", [("call", 1), ("fail", 2), ("call", 3)]), ("call", 4)]
    for value, log, *_ in both(lambda log: _flow(steps, log)):
        assert value == ["step 2", 4]
        assert log == [1, "finally", "step 2", 4]


def test_what_a_flow_does_not_catch_comes_out():
    for value, *_ in both(lambda log: _flow([("fail", 7)], log)):
        assert value == (Broken, "step 7")


def test_a_flow_may_catch_and_end_at_once():
    def flow(log):
        try:
            yield Call(function=lambda: _raise("x"))
        except Broken:
            return "ended"

    assert [outcome[0] for outcome in both(flow)] == ["ended", "ended"]


def test_a_flow_without_effects_is_a_value():
    def flow(log):
        yield from ()
        return 1

    assert [outcome[0] for outcome in both(flow)] == [1, 1]


def test_a_function_that_runs_out_of_values_is_an_error_and_not_a_flow_that_hangs():
    for value, *_ in both(lambda log: _flow([("stop", 2)], log)):
        assert value[0] is RuntimeError
    for value, *_ in both(lambda log: _flow([("stop", 1)], log)):
        assert value[0] is RuntimeError


def test_effects_in_a_finally_are_performed_after_an_error():
    def flow(log):
        try:
            yield Call(function=lambda: _raise("x"))
        finally:
            log.append((yield Save(function=lambda: "saved", quick=False)))

    for value, log, *_ in both(flow):
        assert (value, log) == ((Broken, "x"), ["saved"])


def test_ctrl_c_is_raised_inside_the_flow_and_comes_out():
    log = []

    def interrupted():
        raise KeyboardInterrupt

    def flow():
        try:
            yield Call(function=interrupted)
        finally:
            log.append((yield Save(function=lambda: "saved", quick=True)))

    with pytest.raises(KeyboardInterrupt):
        run(flow(), BlockingIO(transport=Carrier(), clock=VirtualClock()))
    assert log == ["saved"]


async def test_cancelling_is_raised_inside_the_flow_and_it_may_still_save():
    log, begun = [], asyncio.Event()

    class Endless(VirtualClock):
        async def sleep_async(self, seconds):
            begun.set()
            await asyncio.sleep(3600)

    def flow():
        try:
            yield Sleep(seconds=1)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        finally:
            log.append((yield Save(function=lambda: "saved", quick=False)))

    task = asyncio.ensure_future(run_async(flow(), AsyncIO(transport=AwaitedCarrier(), clock=Endless())))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["cancelled", "saved"]


async def test_a_cancelled_exchange_closes_every_flow_that_is_on_its_way():
    log, begun = [], asyncio.Event()

    class Hanging:
        async def send(self, wire):
            begun.set()
            await asyncio.sleep(3600)

    class Logging(PassOn):
        def exchange(self, effect):
            with contextlib.ExitStack() as stack:
                stack.callback(log.append, "session")
                return (yield from super().exchange(effect))

    def flow():
        try:
            yield Send(request=_request(200), session=Logging())
        finally:
            log.append("flow")

    task = asyncio.ensure_future(run_async(flow(), AsyncIO(transport=Hanging(), clock=VirtualClock())))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["session", "flow"]


async def test_a_call_runs_in_a_thread_and_a_quick_one_does_not():
    here = threading.get_ident()

    def flow():
        slow = yield from call(threading.get_ident)
        quick = yield Call(function=threading.get_ident, quick=True)
        stored = yield Save(function=threading.get_ident, quick=False)
        remembered = yield Save(function=threading.get_ident, quick=True)
        return slow, quick, stored, remembered

    found = await run_async(flow(), AsyncIO(transport=AwaitedCarrier(), clock=VirtualClock()))
    assert [ident == here for ident in found] == [False, True, False, True]
    blocking = run(flow(), BlockingIO(transport=Carrier(), clock=VirtualClock()))
    assert set(blocking) == {here}


async def test_a_blocking_call_lets_other_tasks_run():
    released = threading.Event()

    async def release():
        released.set()

    flow = call(lambda: released.wait(5))
    io = AsyncIO(transport=AwaitedCarrier(), clock=VirtualClock())
    waited, _ = await asyncio.gather(run_async(flow, io), release())
    assert waited is True


async def test_the_blocking_driver_works_inside_a_running_loop():
    value = run(
        _flow([("send", 200), ("sleep", 3)], []), BlockingIO(transport=Carrier(), clock=VirtualClock())
    )
    assert value == [200, None]


def test_a_virtual_clock_moves_only_when_told():
    clock = VirtualClock()
    assert clock.now() == 1_767_225_600.0
    clock.sleep(3600)
    clock.sleep(-5)
    assert clock.now() == 1_767_225_600.0 + 3600
    clock.advance(-10)
    asyncio.run(clock.sleep_async(20))
    assert clock.now() == 1_767_225_600.0 + 3610


async def test_a_virtual_sleep_lets_others_run():
    order = []

    async def sleeper():
        order.append("before")
        await VirtualClock().sleep_async(1000)
        order.append("after")

    async def other():
        order.append("other")

    await asyncio.gather(sleeper(), other())
    assert order == ["before", "other", "after"]


async def test_the_real_clock_tells_and_spends_time():
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.01)
    await clock.sleep_async(0.01)
    assert 0.02 <= clock.now() - before < 5
