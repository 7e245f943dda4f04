"""The one request that costs money: sent once, and what comes of it is known or said to be unknown."""

import threading
from decimal import Decimal

import pytest
from acme.house import FaithfulStore, House, picture, tiny_film
from acme.plugin import Acme, Finds, HoldsOpen
from acme.simulator import AcmeSimulator
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    InsufficientCredit,
    JobUncertain,
    ProviderError,
    RateLimited,
    RequestRejected,
    StorageFailed,
    TransportFailed,
)
from polyreel.hookspecs import hookimpl
from polyreel.simulation.faults import Fault
from polyreel.steps import LEASE
from polyreel.types.asset import Asset
from polyreel.types.job import Phase

CREATE = {"method": "POST", "path": "/films$"}
LIST = {"method": "GET", "path": "/films$"}


class Finding(Acme, Finds):
    """Can look for a submit."""


def submitted(house, prompt="a paper boat"):
    """Try a film; return the result or the error, and the record."""
    with house.client() as client:
        try:
            result = client.generate(prompt, model="acme/one")
        except Exception as error:  # noqa: BLE001  looked at by the test
            result = error
        jobs = client.list_jobs()
    assert len(jobs) == 1
    return result, jobs[0]


# --- certainly not accepted --------------------------------------------------------------------------------


def test_a_refused_connection_is_tried_again_and_then_certain(tmp_path):
    house = House(tmp_path, real=True, faults=(Fault(kind="refuse", times=None, **CREATE),))
    error, job = submitted(house)
    assert isinstance(error, TransportFailed)
    assert error.request_sent is False
    assert (job.status, job.failure.kind, job.failure.billed) == ("failed", "rejected", False)
    assert (job.cost.amount, job.cost.billed) == (0, False)
    assert house.count("POST") == 3  # three connections, none of which carried the request
    assert house.paid == 0


def test_a_connection_that_is_refused_once_does_no_harm(house):
    house.add(Fault(kind="refuse", **CREATE))
    result, job = submitted(house)
    assert result.job.status == job.status == "completed"
    assert house.paid == 1


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, RequestRejected, "rejected"),
        (401, AuthenticationFailed, "rejected"),
        (402, InsufficientCredit, "rejected"),
        (422, ContentRefused, "filtered"),
        (429, RateLimited, "rejected"),
    ],
)
def test_a_refusal_is_final_and_costs_nothing(status, error, kind, real):
    real.add(Fault(kind="status", status=status, times=None, **CREATE))
    caught, job = submitted(real)
    assert type(caught) is error
    assert caught.job == job
    assert (job.status, job.failure.kind, job.failure.billed) == ("failed", kind, False)
    assert job.cost.amount == 0
    assert real.count("POST") == 1
    assert real.paid == 0


def test_the_services_own_refusal_reads_the_same(real):
    caught, job = submitted(real, "refuse me")
    assert isinstance(caught, ContentRefused)
    assert (job.failure.kind, real.paid) == ("filtered", 0)


# --- nobody can know -------------------------------------------------------------------------------------------

AMBIGUOUS = {
    "hangs up after it acted": (Fault(kind="drop_after", **CREATE), 1),
    "hangs up before it acted": (Fault(kind="drop_before", **CREATE), 0),
    "never answers": (Fault(kind="hang", **CREATE), 0),
    "answers too late": (Fault(kind="slow", seconds=500, **CREATE), 1),
    "500 after it acted": (Fault(kind="status_after", status=500, **CREATE), 1),
    "503 before it acted": (Fault(kind="status", status=503, **CREATE), 0),
    "a page": (Fault(kind="html", **CREATE), 0),
    "half its JSON": (Fault(kind="broken_json", **CREATE), 1),
    "no body": (Fault(kind="empty", **CREATE), 1),
    "half its body": (Fault(kind="cut", **CREATE), 1),
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_without_a_way_to_look_the_job_is_unknown_and_not_sent_again(kind, tmp_path):
    fault, charged = AMBIGUOUS[kind]
    house = House(tmp_path, provider=Acme(), real=True, faults=(fault,))
    error, job = submitted(house)
    assert isinstance(error, JobUncertain)
    assert isinstance(error.__cause__, TransportFailed | ProviderError)
    assert error.job == job
    assert job.id in str(error)
    assert "cannot be known" in str(error)
    assert (job.status, job.failure.kind, job.failure.billed) == ("unknown", "uncertain", None)
    # Money that may be gone is never zero.
    assert (job.cost.billed, job.cost.amount) == (None, Decimal("0.20"))
    assert house.count("POST") == 1
    assert house.paid == charged

    # Whatever is done with it later, it is not sent again.
    with house.client() as client:
        assert client.resume() == []
        (same,) = client.resume(job.id)
        assert same.status == "unknown"
        with pytest.raises(JobUncertain, match="not sent again"):
            client.wait(job.id)
    assert house.count("POST") == 1


@pytest.mark.parametrize("kind", [kind for kind, (_, charged) in AMBIGUOUS.items() if charged])
def test_what_was_accepted_is_found_and_goes_on(kind, tmp_path):
    house = House(tmp_path, provider=Finding(), real=True, faults=(AMBIGUOUS[kind][0],))
    result, job = submitted(house)
    assert not isinstance(result, Exception), result
    assert result.job == job
    assert (job.status, job.failure, job.receipt.id) == ("completed", None, "film_1")
    assert "found at the provider" in [event.message for event in job.history]
    assert (job.cost.billed, job.cost.amount) == (True, Decimal("0.20"))
    assert house.count("POST") == house.paid == 1


@pytest.mark.parametrize("kind", [kind for kind, (_, charged) in AMBIGUOUS.items() if not charged])
def test_what_is_not_found_stays_unknown(kind, tmp_path):
    house = House(tmp_path, provider=Finding(), real=True, faults=(AMBIGUOUS[kind][0],))
    error, job = submitted(house)
    assert isinstance(error, JobUncertain)
    # That the list does not show it is no proof.
    assert (job.status, job.cost.billed) == ("unknown", None)
    assert (house.count("POST"), house.paid) == (1, 0)


def test_a_list_that_lags_is_asked_again_by_resume(tmp_path):
    cut_off = Fault(kind="drop_after", **CREATE)
    house = House(
        tmp_path, provider=Finding(), faults=(cut_off, Fault(kind="status", body=b"no", **LIST, times=3))
    )
    with house.client() as client, pytest.raises(JobUncertain) as caught:
        client.submit("a paper boat", model="acme/one")
    assert caught.value.job.phase.value == "unknown"
    with house.client() as client:
        (resumed,) = client.resume(caught.value.job.id)
    assert (resumed.status, resumed.failure) == ("completed", None)
    assert house.count("POST", "/films$") == house.paid == 1


def test_waiting_for_an_unknown_job_looks_for_it_too(tmp_path):
    cut_off = Fault(kind="drop_after", **CREATE)
    house = House(tmp_path, provider=Finding(), faults=(cut_off, Fault(kind="html", **LIST)))
    _, job = submitted(house)
    with house.client() as client:
        assert client.wait(job.id).job.status == "completed"
    assert house.paid == 1


class FindsTheWrongOne(Acme):
    """Finds by prompt alone, as a provider without a field of the caller's must."""

    @hookimpl
    def find_submission(self, task):
        from polyreel.types.job import Receipt

        yield from ()
        return Receipt(id="film_1")


def test_a_film_of_another_job_is_not_adopted(tmp_path):
    house = House(tmp_path, provider=FindsTheWrongOne())
    with house.client() as client:
        mine = client.generate("a paper boat", model="acme/one").job
        house.add(Fault(kind="drop_before", **CREATE))
        with pytest.raises(JobUncertain) as caught:
            client.generate("a paper boat", model="acme/one")
        assert caught.value.job.receipt is None
        assert client.get_job(mine.id).receipt.id == "film_1"


# --- the receipt is never lost --------------------------------------------------------------------------------


class Failing(FaithfulStore):
    """Refuses some of the writes."""

    def __init__(self):
        super().__init__()
        self.refuse = 0
        self.refuse_adding = False

    def add(self, job, **given):
        if self.refuse_adding:
            raise StorageFailed("the disk is full")
        return super().add(job, **given)

    def save(self, job, **given):
        if job.receipt is not None and self.refuse:
            self.refuse -= 1
            raise StorageFailed("the disk is full")
        super().save(job, **given)


def test_an_intent_that_cannot_be_recorded_is_not_sent(tmp_path):
    house = House(tmp_path, store=Failing())
    house.store.refuse_adding = True
    with house.client() as client, pytest.raises(StorageFailed):
        client.generate("a paper boat", model="acme/one")
    assert house.count("POST") == 0


def test_a_store_that_refuses_the_receipt_is_asked_again(tmp_path):
    house = House(tmp_path, store=Failing())
    house.store.refuse = 3
    result, _ = submitted(house)
    assert result.job.status == "completed"
    assert house.paid == 1


def test_a_receipt_that_cannot_be_kept_is_at_least_said(tmp_path):
    house = House(tmp_path, store=Failing(), provider=Finding())
    house.store.refuse = 100
    error, job = submitted(house)
    assert isinstance(error, StorageFailed)
    assert "accepted" in str(error)
    assert "'film_1'" in str(error)
    assert job.phase.value == "submitting"
    # When there is room again, the provider knows it.
    house.store.refuse = 0
    with house.client() as client:
        (resumed,) = client.resume()
    assert resumed.status == "completed"
    assert house.count("POST", "/films$") == house.paid == 1


class Meddled(AcmeSimulator):
    """While it makes up its mind, somebody else works on the same job."""

    meddle = None

    def _create(self, body):
        if self.meddle is not None:
            meddle, self.meddle = self.meddle, None
            meddle()
        return super()._create(body)


class MeddledAcme(Acme):
    @hookimpl
    def simulator(self):
        return Meddled


def test_a_resume_elsewhere_does_not_cost_the_receipt(tmp_path):
    house = House(tmp_path, provider=MeddledAcme())
    other = house.client()
    house.simulated.simulator.meddle = lambda: other.resume(timeout=0)
    result, job = submitted(house)
    assert result.job.status == "completed"
    assert [event.phase.value for event in job.history][1:3] == ["submitting", "accepted"]
    assert house.paid == 1


def test_a_receipt_that_comes_after_the_job_was_given_up_is_kept(tmp_path):
    house = House(tmp_path, provider=MeddledAcme(), real=True)
    other = house.client()

    def late():
        house.clock.advance(LEASE + 1)
        assert [job.status for job in other.resume(timeout=0)] == ["unknown"]

    house.simulated.simulator.meddle = late
    result, job = submitted(house)
    assert not isinstance(result, Exception), result
    assert [event.phase.value for event in job.history][1:4] == ["submitting", "unknown", "accepted"]
    assert (job.status, job.failure, job.cost.billed) == ("completed", None, True)
    assert house.paid == 1


def test_nobody_touches_a_submit_that_may_still_be_under_way(tmp_path):
    house = House(tmp_path, provider=MeddledAcme())
    other, seen = house.client(), []

    def look():
        (before,) = other.list_jobs()
        seen.append(other.resume(timeout=0)[0].status)
        seen.append(other.jobs(before.id)["status"])
        assert other.get_job(before.id) == before

    house.simulated.simulator.meddle = look
    result, _ = submitted(house)
    assert not isinstance(result, Exception), result
    assert seen == ["queued", "queued"]
    assert house.count("POST") == 1


def test_an_interrupt_during_the_submit_leaves_an_honest_record(tmp_path):
    house = House(tmp_path, provider=MeddledAcme())

    def interrupted():
        raise KeyboardInterrupt

    client = house.client()
    house.simulated.simulator.meddle = interrupted
    with pytest.raises(KeyboardInterrupt):
        client.generate("a paper boat", model="acme/one")
    (job,) = client.list_jobs()
    assert job.status == "unknown"
    assert "interrupted" in job.message
    assert house.count("POST") == 1


# --- finished at once, and files first -----------------------------------------------------------------------------


def test_a_provider_may_hold_the_request_open(tmp_path):
    house = House(tmp_path, provider=HoldsOpen())
    result, job = submitted(house)
    assert result.job == job
    assert job.receipt.id == "film_1"
    assert job.polls == 0
    assert house.count("GET", r"/films/film_1$") == 0
    assert house.paid == 1


class Inline(HoldsOpen):
    """Sends the film inside its answer."""

    @hookimpl
    def normalise_result(self, payload):
        return [Asset(content=tiny_film())]


def test_a_film_that_came_inline_is_on_the_disk_before_submit_returns(tmp_path):
    # Its bytes are in no record: a process that ended now would have lost what was paid for.
    house = House(tmp_path, provider=Inline())
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
    assert job.status == "completed"
    assert job.videos[0].path.read_bytes() == tiny_film()
    with house.client() as client:
        assert client.wait(job.id).bytes() == tiny_film()


class Empty(HoldsOpen):
    @hookimpl
    def normalise_result(self, payload):
        return []


def test_finished_at_once_without_a_film_fails_and_keeps_the_receipt(tmp_path):
    house = House(tmp_path, provider=Empty(), real=True)
    _, job = submitted(house)
    assert (job.status, job.receipt.id, job.cost.billed) == ("failed", "film_1", None)


def test_files_go_ahead_and_their_references_into_the_request(house):
    with house.client() as client:
        client.generate("a paper boat", model="acme/one", input_image=picture())
    paths = [(seen.method, seen.path) for seen in house.simulated.faults.requests[:2]]
    assert paths == [("POST", "/v1/files"), ("POST", "/v1/films")]
    assert house.state["films"]["film_1"]["body"]["image"] == "file_1"


def test_a_file_that_cannot_be_sent_ahead_costs_nothing_and_leaves_no_job(house):
    house.add(Fault(kind="status", status=400, path="/files", times=None))
    with house.client() as client:
        with pytest.raises(RequestRejected):
            client.generate("a paper boat", model="acme/one", input_image=picture())
        assert client.list_jobs() == []
    assert house.count("POST", "/films") == house.paid == 0


def test_a_file_is_sent_again_after_a_passing_failure_the_film_is_not(house):
    house.add(Fault(kind="status", status=503, path="/files", times=2))
    house.add(Fault(kind="status", status=503, times=1, **CREATE))
    with house.client() as client, pytest.raises(JobUncertain) as caught:
        client.generate("a paper boat", model="acme/one", input_image=picture())
    assert "503" in str(caught.value)
    assert house.count("POST", "/files") == 3
    assert house.count("POST", "/films") == 1


def test_many_threads_pay_once_each(house):
    with house.client() as client:
        films = []

        def make():
            films.append(client.generate("a paper boat", model="acme/one").job)

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({job.receipt.id for job in films}) == 8
    assert house.count("POST") == house.paid == 8


def test_a_job_that_was_interrupted_before_its_submit_has_failed_and_cost_nothing(house):
    with house.client() as client:
        ready = client.submit("a paper boat", model="acme/one")
        early = ready.model_copy(
            update={"id": "job_early", "phase": Phase.CREATED, "receipt": None, "version": 0, "history": ()}
        )
        house.store.add(early)
        (job,) = client.resume("job_early")
    assert (job.status, job.failure.kind, job.failure.billed) == ("failed", "rejected", False)
    assert "nothing was paid" in job.failure.message
    assert house.count("POST") == 1
