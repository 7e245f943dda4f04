"""Stopping a job: an honest outcome in every phase, and no job that is lost because its caller was stopped."""

import asyncio

import pytest
from acme.house import FaithfulStore, House
from acme.plugin import Acme, Cancels, FullAcme
from polyreel.clock import SystemClock, VirtualClock
from polyreel.errors import (
    InvalidRequest,
    JobCancelled,
    JobTimeout,
    ProviderUnavailable,
    RateLimited,
    StorageFailed,
    TransportFailed,
)
from polyreel.flows import AsyncIO, Save, Sleep, run_async
from polyreel.hookspecs import hookimpl
from polyreel.jobs.states import moved
from polyreel.simulation.faults import Fault
from polyreel.steps import LEASE
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease, boot_id
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Cancellation, Phase

BOAT = {"model": "acme/one"}
CREATE = {"method": "POST", "path": "/films$"}
CANCEL = {"method": "POST", "path": "/cancel$"}


def set_to(house, job, phase, **changes):
    """Leave a job in a phase, as a process that ended there."""
    now = house.clock.now()
    after = job.model_copy(update={"phase": phase, "next_at": now, "version": job.version + 1, **changes})
    house.store.save(after, expected=job.version)
    return after


def unsent(client):
    """A job whose provider had too much to do: it waits to be sent."""
    job = client.submit("a paper boat", patient=True, **BOAT)
    assert job.phase is Phase.CREATED
    return job


def test_a_job_that_was_not_sent_is_cancelled_here_and_costs_nothing(tmp_path):
    house = House(tmp_path, real=True, faults=(Fault(kind="status", status=429, **CREATE),))
    with house.client() as client:
        job = unsent(client)
        outcome = client.cancel(job.id)
        assert (outcome.outcome, outcome.billed) == ("cancelled", False)
        after = client.get_job(job.id)
        assert (after.status, after.cost.billed, after.cost.amount) == ("cancelled", False, 0)
        assert client.resume() == []
    assert house.paid == 0


def driven_on(flow, effect):
    """Perform what a flow still does with the store, and nothing else; return its value."""
    try:
        while True:
            assert isinstance(effect, Save), f"it went on to {effect}"
            try:
                result = effect.function()
            except ConcurrentWrite as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value


def test_whoever_was_about_to_send_a_job_that_is_cancelled_does_not(tmp_path):
    house = House(tmp_path, real=True, faults=(Fault(kind="status", status=429, **CREATE),))
    with house.client() as sender, house.client() as canceller:
        job = unsent(sender)
        step = sender._operations.steps.advance(job.id)
        claimed = next(step)
        about_to = step.send(claimed.function())  # it holds the lease, and is about to write that it sends
        assert canceller.cancel(job.id).outcome == "cancelled"
        assert driven_on(step, about_to).job.phase is Phase.CANCELLED
    assert house.paid == 0


def test_a_submit_under_way_elsewhere_is_waited_for_and_then_said_so(tmp_path):
    house = House(tmp_path, real=True)
    with house.client() as client:
        job = set_to(house, client.submit("a paper boat", **BOAT), Phase.SUBMITTING, receipt=None)
        other = Lease(owner=f"{boot_id()}:another", until=house.clock.steady() + LEASE)
        assert house.store.claim(job.id, other, steady=house.clock.steady()).id == job.id
        outcome = client.cancel(job.id)
        assert outcome.outcome == "too_late"
        assert "is being sent to acme right now" in outcome.message
        assert client.get_job(job.id).phase is Phase.SUBMITTING
    assert house.count("POST", "/cancel") == 0


def test_a_submit_that_died_is_settled_first_and_then_cancelled(tmp_path):
    house = House(tmp_path, real=True)
    with house.client() as client:
        job = client.submit("a paper boat", **BOAT)
        set_to(house, job, Phase.SUBMITTING, receipt=None)
        outcome = client.cancel(job.id)
        assert (outcome.outcome, outcome.billed) == ("cancelled", False)
        assert client.get_job(job.id).phase is Phase.CANCELLED
    assert house.charges.total == 0


def test_an_unknown_job_has_nothing_that_could_be_cancelled(tmp_path):
    house = House(tmp_path, real=True, provider=type("P", (Acme, Cancels), {})())
    house.add(Fault(kind="drop_after", **CREATE))
    with house.client() as client:
        with pytest.raises(Exception, match="cannot be known"):
            client.submit("a paper boat", **BOAT)
        (job,) = client.list_jobs()
        outcome = client.cancel(job.id)
        assert outcome.outcome == "not_supported"
        assert f"polyreel jobs resolve {job.id}" in outcome.message
        assert client.get_job(job.id).phase is Phase.UNKNOWN


def test_the_provider_cancels_what_it_has(real):
    with real.client() as client:
        job = client.submit("a paper boat", **BOAT)
        outcome = client.cancel(job.id)
        assert (outcome.outcome, outcome.billed, outcome.message) == ("cancelled", False, "stopped")
        after = client.get_job(job.id)
        assert (after.phase, after.next_at, after.cost.billed) == (Phase.CANCELLED, None, False)
    assert real.charges.total == 0


def test_after_too_late_one_look_says_what_it_has_become(real):
    with real.client() as client:
        job = client.submit("a paper boat", **BOAT)
        real.clock.advance(60)
        outcome = client.cancel(job.id)
        assert outcome.outcome == "too_late"
        assert "its film is ready" in outcome.message
        assert client.get_job(job.id).phase is Phase.RENDERED
        assert client.wait(job.id).job.status == "completed"
        assert client.cancel(job.id).outcome == "too_late"


def test_a_provider_that_cannot_be_asked_leaves_the_job_as_it_is(real):
    real.add(Fault(kind="status", status=500, times=None, **CANCEL))
    with real.client() as client:
        job = client.submit("a paper boat", **BOAT)
        with pytest.raises(ProviderUnavailable):
            client.cancel(job.id)
        assert client.get_job(job.id) == job


class Busy(FaithfulStore):
    """Somebody else writes the job each time just before it is to be cancelled."""

    times = 3
    then = None

    def save(self, job, **given):
        if job.phase is Phase.CANCELLED and self.times:
            self.times -= 1
            stored = self.get(job.id)
            other = stored.model_copy(update={"version": stored.version + 1, "percent": 50.0})
            if not self.times and self.then:
                other = moved(stored, self.then, now=stored.updated_at, version=stored.version + 1)
            super().save(other, expected=stored.version)
        super().save(job, **given)


def test_what_others_write_meanwhile_does_not_undo_a_cancellation(tmp_path):
    house = House(tmp_path, real=True, store=Busy())
    with house.client() as client:
        job = client.submit("a paper boat", **BOAT)
        assert client.cancel(job.id).outcome == "cancelled"
        after = client.get_job(job.id)
        assert (after.phase, after.percent) == (Phase.CANCELLED, 50.0)
    assert house.store.times == 0
    assert house.count("POST", "/cancel$") == 1


def test_a_film_that_was_found_ready_meanwhile_is_not_lost(tmp_path):
    store = Busy()
    store.then = Phase.RENDERED
    house = House(tmp_path, real=True, store=store)
    with house.client() as client:
        job = client.submit("a paper boat", **BOAT)
        outcome = client.cancel(job.id)
        assert outcome.outcome == "too_late"
        assert "was found processing, its film is ready meanwhile" in outcome.message


# --- a time to wait ----------------------------------------------------------------------------------------------


def test_a_timeout_leaves_the_job_alone_unless_told_otherwise(real):
    with real.client() as client:
        with pytest.raises(JobTimeout, match="goes on"):
            client.generate("a paper boat", timeout=5, **BOAT)
        (job,) = client.list_jobs()
        assert not job.done
    assert real.count("POST", "/cancel$") == 0


def waited_for(client, verb, **options):
    """Take a new job to its end, in one of the two ways."""
    if verb == "generate":
        return client.generate("a paper boat", **BOAT, **options)
    return client.wait(client.submit("a paper boat", **BOAT).id, **options)


@pytest.mark.parametrize("verb", ["generate", "wait"])
def test_a_timeout_cancels_when_it_is_to(real, verb):
    with real.client() as client:
        with pytest.raises(
            JobCancelled, match="took longer than 5 s and was cancelled; it is not billed"
        ) as caught:
            waited_for(client, verb, timeout=5, on_timeout="cancel")
        assert caught.value.job.status == "cancelled"
    assert real.charges.total == 0


def test_a_timeout_that_cannot_cancel_says_so(tmp_path):
    house = House(tmp_path, real=True, provider=Acme())
    with (
        house.client() as client,
        pytest.raises(JobTimeout, match=r"could not be cancelled.*no way to.*goes on"),
    ):
        client.generate("a paper boat", timeout=5, on_timeout="cancel", **BOAT)


def test_a_timeout_whose_cancellation_fails_still_says_that_the_time_is_over(real):
    real.add(Fault(kind="status", status=500, times=None, **CANCEL))
    with real.client() as client, pytest.raises(JobTimeout, match="acme says 500"):
        client.generate("a paper boat", timeout=5, on_timeout="cancel", **BOAT)


@pytest.mark.parametrize("verb", ["generate", "wait", "map", "map one"])
def test_what_a_timeout_does_is_one_of_two_things(real, verb):
    with real.client() as client:
        match verb:
            case "generate":
                with pytest.raises(InvalidRequest, match="on_timeout"):
                    client.generate("a paper boat", on_timeout="stop", **BOAT)
            case "wait":
                with pytest.raises(InvalidRequest, match="on_timeout"):
                    client.wait("job_1", on_timeout="stop")
            case "map":
                (outcome,) = client.map(["a paper boat"], on_timeout="cancel", **BOAT)
                assert "on_timeout" in str(outcome.error)
            case _:
                (outcome,) = client.map([{"prompt": "a paper boat", "on_timeout": "cancel"}], **BOAT)
                assert "on_timeout" in str(outcome.error)
    assert real.paid == 0


# --- whose caller is stopped -------------------------------------------------------------------------------------


class Pressed(FaithfulStore):
    """Ctrl-C arrives when a job is to be written in a phase, before it is written."""

    phase = Phase.SUBMITTING

    def save(self, job, **given):
        if job.phase is self.phase:
            self.phase = None
            raise KeyboardInterrupt
        super().save(job, **given)


def test_an_interrupt_before_anything_was_sent_ends_the_job(tmp_path):
    house = House(tmp_path, real=True, store=Pressed())
    with house.client() as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.generate("a paper boat", **BOAT)
        job = caught.value.job
        assert (job.phase, job.cost.billed) == (Phase.CANCELLED, False)
        assert caught.value.__notes__ == [f"{job.id} was cancelled before anything was sent"]
        assert client.get_job(job.id) == job
        assert client.resume() == []
    assert house.paid == 0


def test_an_interrupt_keeps_a_job_that_the_same_call_takes_up(tmp_path):
    house = House(tmp_path, real=True, store=Pressed())
    with house.client() as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.generate("a paper boat", idempotency_key="order 1", **BOAT)
        assert caught.value.job.phase is Phase.CREATED
        result = client.generate("a paper boat", idempotency_key="order 1", **BOAT)
        assert result.job.id == caught.value.job.id
    assert house.paid == 1


def test_an_interrupt_of_a_named_batch_keeps_its_jobs(tmp_path):
    house = House(tmp_path, real=True, store=Pressed())
    with house.client() as client:
        with pytest.raises(BaseException) as caught:  # noqa: PT011, PT012  a hand hands on what it met
            for outcome in client.map(["a paper boat"], name="boats", **BOAT):
                if outcome.error is not None:
                    raise outcome.error
        assert isinstance(caught.value, KeyboardInterrupt)
        (job,) = client.list_jobs()
        assert job.phase is Phase.CREATED
        (again,) = client.map(["a paper boat"], name="boats", **BOAT)
        assert again.ok
    assert house.paid == 1


class Hanging(VirtualClock):
    """Its first pause is interrupted."""

    def sleep(self, seconds):
        self.__class__ = VirtualClock
        raise KeyboardInterrupt


@pytest.mark.parametrize("verb", ["generate", "wait"])
def test_an_interrupt_while_waiting_carries_the_job(tmp_path, verb):
    house = House(tmp_path, real=True, clock=Hanging())
    with house.client() as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            waited_for(client, verb)
        job = caught.value.job
        assert job.receipt is not None
        assert f"'polyreel jobs resume {job.id}'" in caught.value.__notes__[0]
        assert client.wait(job.id).job.status == "completed"
    assert house.paid == 1


def test_a_refusal_of_the_disk_before_anything_was_sent_ends_the_job(tmp_path):
    class Full(FaithfulStore):
        refused = False

        def save(self, job, **given):
            if job.phase is Phase.SUBMITTING and not self.refused:
                self.refused = True
                raise StorageFailed("no space left")
            super().save(job, **given)

    house = House(tmp_path, real=True, store=Full())
    with house.client() as client:
        with pytest.raises(StorageFailed):
            client.generate("a paper boat", **BOAT)
        (job,) = client.list_jobs()
        assert (job.status, job.cost.billed) == ("failed", False)
        assert client.resume() == []
    assert house.paid == 0


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_interrupt_during_the_submit_leaves_a_job_that_can_be_found(tmp_path, kind):
    class Interrupting(FullAcme):
        @hookimpl
        def submit(self, task):
            try:
                return (yield from super().submit(task))
            except TransportFailed:
                raise KeyboardInterrupt from None

    house = House(tmp_path, real=True, provider=Interrupting(), faults=(Fault(kind=kind, **CREATE),))
    with house.client() as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.generate("a paper boat", **BOAT)
        job = client.get_job(caught.value.job.id)
        assert job.phase is Phase.UNKNOWN
        (after,) = client.resume(job.id)
        assert after.status == ("completed" if kind == "drop_after" else "unknown")
    assert house.paid == (kind == "drop_after")


class Slow(SQLiteStore):
    """Takes its time for one phase; a test knows when it is at it."""

    phase = None

    def save(self, job, **given):
        if job.phase is self.phase:
            self.loop.call_soon_threadsafe(self.at_it.set)
            self.go_on.wait(5)
        super().save(job, **given)


@pytest.fixture
async def slow(tmp_path):
    import threading

    store = Slow(tmp_path / "jobs.sqlite3")
    store.loop, store.at_it, store.go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    yield store
    store.close()


async def cancelled_at(house, store, phase):
    """Cancel the task of a generate while a job is being written in a phase; return what it raised."""
    store.phase = phase
    async with house.async_client() as client:
        task = asyncio.create_task(client.generate("a paper boat", **BOAT))
        await store.at_it.wait()
        task.cancel()
        await asyncio.sleep(0.01)
        store.phase = None
        store.go_on.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert task.cancelled()
        return caught.value, await client.get_job(caught.value.job.id)


class Breathes(FullAcme):
    """Gives others a turn before its request, as the network does."""

    @hookimpl
    def submit(self, task):
        yield Sleep(seconds=0.0)
        return (yield from super().submit(task))


async def test_a_task_that_is_cancelled_before_the_request_sends_nothing(tmp_path, slow):
    house = House(tmp_path, real=True, store=slow, provider=Breathes())
    _, job = await cancelled_at(house, slow, Phase.SUBMITTING)
    assert (job.phase, job.cost.billed) == (Phase.CANCELLED, False)
    assert house.paid == 0


async def test_a_task_that_is_cancelled_while_its_receipt_is_written_does_not_lose_it(tmp_path, slow):
    house = House(tmp_path, real=True, store=slow)
    error, job = await cancelled_at(house, slow, Phase.ACCEPTED)
    assert job.receipt is not None
    assert "goes on" in error.__notes__[0]
    async with house.async_client() as client:
        assert (await client.wait(job.id)).job.status == "completed"
    assert house.paid == 1


async def in_time(client, slow):
    async with asyncio.timeout(None) as limit:
        expiring = asyncio.create_task(expire(limit, slow))
        try:
            await client.generate("a paper boat", **BOAT)
        finally:
            expiring.cancel()


async def test_a_timeout_around_a_task_is_still_a_timeout(tmp_path, slow):
    house = House(tmp_path, real=True, store=slow)
    slow.phase = Phase.ACCEPTED
    async with house.async_client() as client:
        with pytest.raises(TimeoutError) as caught:
            await in_time(client, slow)
        assert caught.value.__cause__.job.receipt is not None
        assert asyncio.current_task().cancelling() == 0


async def expire(limit, slow):
    await slow.at_it.wait()
    limit.reschedule(0)
    await asyncio.sleep(0.01)
    slow.phase = None
    slow.go_on.set()


async def test_what_is_written_is_known_to_the_flow_that_is_cancelled_meanwhile():
    import threading

    go_on, begun, seen = threading.Event(), asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def write():
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(5)
        return "written"

    def flow():
        seen.append((yield Save(function=write, quick=False)))
        try:
            yield Save(function=lambda: seen.append("and more"), quick=False)
        finally:
            seen.append("over")

    task = asyncio.create_task(run_async(flow(), AsyncIO(transport=None, clock=SystemClock())))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["written", "and more", "over"]


def test_a_refused_submit_is_told_as_before(real):
    real.add(Fault(kind="status", status=429, **CREATE))
    with real.client() as client:
        with pytest.raises(RateLimited) as caught:
            client.generate("a paper boat", **BOAT)
        assert caught.value.job.status == "failed"


def test_an_outcome_says_in_the_record_what_it_costs(tmp_path):
    class Charges(Acme):
        @hookimpl
        def cancel(self, task, receipt):
            yield from ()
            return Cancellation(outcome="cancelled", billed=True, message="half done, wholly charged")

    house = House(tmp_path, real=True, provider=Charges())
    with house.client() as client:
        job = client.submit("a paper boat", **BOAT)
        assert client.cancel(job.id).billed is True
        after = client.get_job(job.id)
        assert (after.cost.billed, after.cost.amount) == (True, job.estimate.amount)
