"""Both drivers of schedules behind one face, and the house of ``acme`` for whole batches."""

import asyncio
import inspect
import threading
from contextlib import ExitStack, aclosing, closing

import pytest
from polyreel.clock import VirtualClock
from polyreel.crews import drive, drive_async
from polyreel.flows import AsyncIO, BlockingIO


class Nowhere:
    """A transport for flows that send nothing."""


class Driver:
    """One of the two drivers; a test calls both in the same blocking way."""

    def __init__(self, kind, runner):
        self.kind = kind
        self.clock = VirtualClock()
        self._runner = runner

    def all(self, schedule, requests=(), **options):
        """Return all results."""
        return self.some(schedule, requests, lambda results: False, **options)

    def some(self, schedule, requests, enough, **options):
        """Return the results until ``enough`` of them came; then the iterator is closed."""
        if self.kind == "blocking":
            results = []
            io = BlockingIO(transport=Nowhere(), clock=self.clock)
            with closing(drive(schedule, io, requests=requests, **options)) as driven:
                for result in driven:
                    results.append(result)
                    if enough(results):
                        break
            return results
        return self._runner.run(self._some(schedule, requests, enough, options))

    async def _some(self, schedule, requests, enough, options):
        results = []
        io = AsyncIO(transport=Nowhere(), clock=self.clock)
        async with aclosing(drive_async(schedule, io, requests=requests, **options)) as driven:
            async for result in driven:
                results.append(result)
                if enough(results):
                    break
        assert len(asyncio.all_tasks()) == 1, "a task was left behind"
        return results


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    left = {
        thread.name for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio")
    }
    assert not left


@pytest.fixture(params=["blocking", "async"])
def driver(request):
    with asyncio.Runner() as runner:
        yield Driver(request.param, runner)


class Face:
    """A client whose methods block, whichever it is; what it iterates over comes as a list."""

    def __init__(self, client, runner):
        self.client = client
        self._runner = runner

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def called(*args, **kwargs):
            result = method(*args, **kwargs)
            if inspect.isawaitable(result):
                return self._runner.run(_awaited(result))
            if inspect.isasyncgen(result):
                return self._runner.run(_listed(result))
            return list(result) if inspect.isgenerator(result) else result

        return called


async def _awaited(awaitable):
    return await awaitable


async def _listed(items):
    return [item async for item in items]


@pytest.fixture(params=["blocking", "async"])
def face_of(request):
    """Return a client of a house, of one kind or the other, behind one face."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())

        def made(house):
            face = Face(house.client() if request.param == "blocking" else house.async_client(), runner)
            stack.callback(face.close)
            return face

        yield made


@pytest.fixture
def house(tmp_path):
    """A provider with every ability; jobs count as real, so that their bill shows."""
    from acme.house import House

    return House(tmp_path, real=True)
