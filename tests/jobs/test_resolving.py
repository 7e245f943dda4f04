"""What a person decides about a job of which nobody knows whether it was accepted."""

import json

import pytest
from acme.house import FaithfulStore, House
from acme.plugin import Acme, FullAcme, Lists
from polyreel.budgets import Budget
from polyreel.errors import (
    BudgetExceeded,
    InvalidRequest,
    JobNotFound,
    JobUncertain,
    ProviderUnavailable,
    RequestRejected,
    StorageFailed,
)
from polyreel.hookspecs import hookimpl
from polyreel.simulation.faults import Fault
from polyreel.storage.leases import Lease
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Phase, Receipt, RemoteJob

BOAT = {"model": "acme/one"}
CREATE = {"method": "POST", "path": "/films$"}
FILM = "film_1"


class Listing(Acme, Lists):
    """Lists its jobs for people; that is all."""


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, real=True, provider=Acme())


def lost(house, client, kind="drop_after", **options):
    """A job that was cut off during its submit, so that nobody knows its fate."""
    house.add(Fault(kind=kind, **CREATE))
    with pytest.raises(JobUncertain) as caught:
        client.submit("a paper boat", **BOAT, **options)
    job = client.get_job(caught.value.job.id)
    assert job.phase is Phase.UNKNOWN
    return job


# --- adopted -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "receipt", [FILM, f" {FILM}\n", f'{{"id": "{FILM}"}}', {"id": FILM}, Receipt(id=FILM)], ids=repr
)
def test_a_receipt_that_was_found_is_adopted_and_the_film_comes(house, receipt):
    with house.client() as client:
        job = lost(house, client)
        adopted = client.adopt(job.id, receipt)
        assert (adopted.phase, adopted.receipt.id, adopted.failure) == (Phase.ACCEPTED, FILM, None)
        assert adopted.cost is None
        assert any("film_1" in str(warning) for warning in adopted.warnings)
        assert client.wait(job.id).job.status == "completed"
    assert (house.paid, house.count("POST")) == (1, 1)


def test_a_receipt_that_the_provider_does_not_know_is_refused(house):
    with house.client() as client:
        job = lost(house, client, "drop_before")
        with pytest.raises(JobNotFound, match=r"knows no job 'film_1'.*Nothing was changed"):
            client.adopt(job.id, FILM)
        assert client.get_job(job.id) == job


@pytest.mark.parametrize(("status", "error"), [(400, RequestRejected), (500, ProviderUnavailable)])
def test_a_provider_that_cannot_be_asked_changes_nothing(house, status, error):
    with house.client() as client:
        job = lost(house, client)
        house.add(Fault(kind="status", status=status, times=None, method="GET"))
        with pytest.raises(error):
            client.adopt(job.id, FILM)
        assert client.get_job(job.id) == job


def test_a_receipt_has_one_owner(house):
    with house.client() as client:
        other = client.submit("another boat", **BOAT)
        job = lost(house, client)
        with pytest.raises(InvalidRequest, match=f"is the receipt of {other.id} already"):
            client.adopt(job.id, other.receipt.id)
        assert client.get_job(job.id) == job
        assert client.adopt(job.id, "film_2").receipt.id == "film_2"


@pytest.mark.parametrize("receipt", ["", " ", "{", "{}", '{"id": 5}', '["film_1"]x\n\n', {}, 5, None, "a\nb"])
def test_what_is_no_receipt_is_refused(house, receipt):
    with house.client() as client:
        job = lost(house, client)
        sent = len(house.simulated.faults.requests)
        with pytest.raises((InvalidRequest, JobNotFound)):
            client.adopt(job.id, receipt)
        assert client.get_job(job.id) == job
        if receipt != '["film_1"]x\n\n':
            assert len(house.simulated.faults.requests) == sent


def test_the_whole_receipt_is_taken_from_the_providers_list(tmp_path):
    class Rich(Listing):
        @hookimpl
        def list_remote(self, account, limit):
            rows = yield from Lists.list_remote(self, account, limit)
            return [
                RemoteJob(
                    receipt=Receipt(id=row.receipt.id, data={"region": "mars"}),
                    state="done",
                    prompt="a tin boat",
                )
                for row in rows
            ]

    house = House(tmp_path, real=True, provider=Rich())
    with house.client() as client:
        job = lost(house, client)
        adopted = client.adopt(job.id, FILM)
        assert adopted.receipt.data == {"region": "mars"}
        assert any("'a tin boat'" in str(warning) for warning in adopted.warnings)


def test_a_job_that_was_given_up_can_still_be_adopted(house):
    with house.client() as client:
        job = lost(house, client)
        assert client.abandon(job.id).phase is Phase.FAILED
        adopted = client.adopt(job.id, FILM)
        assert (adopted.phase, adopted.completed_at, adopted.failure) == (Phase.ACCEPTED, None, None)
        assert client.wait(job.id).job.status == "completed"


@pytest.mark.parametrize("verb", ["adopt", "resubmit", "abandon"])
def test_a_job_whose_fate_is_known_is_left_alone(house, verb):
    arguments = {"adopt": [FILM]}.get(verb, [])
    with house.client() as client:
        for job in (client.submit("a paper boat", **BOAT), client.generate("a paper boat", **BOAT).job):
            with pytest.raises(InvalidRequest, match="whose fate is unknown"):
                getattr(client, verb)(job.id, *arguments)
            assert client.get_job(job.id) == job
        house.add(Fault(kind="status", status=400, **CREATE))
        with pytest.raises(RequestRejected):
            client.submit("a paper boat", **BOAT)
        job = client.list_jobs(limit=1)[0]
        with pytest.raises(InvalidRequest, match="whose fate is unknown"):
            getattr(client, verb)(job.id, *arguments)
        with pytest.raises(JobNotFound, match="jobs list"):
            getattr(client, verb)("job_0", *arguments)


# --- sent again --------------------------------------------------------------------------------------------------


def test_it_is_sent_again_only_when_somebody_says_so_and_says_what_that_may_cost(house):
    with house.client() as client:
        job = lost(house, client)
        again = client.resubmit(job.id)
        assert (again.phase, again.attempts, again.receipt.id) == (Phase.ACCEPTED, 2, "film_2")
        assert any("may have been accepted and charged" in str(warning) for warning in again.warnings)
        assert client.wait(job.id).job.status == "completed"
    assert house.paid == 2


def test_another_process_can_send_it_again_with_its_picture(tmp_path):
    from acme.house import picture

    house = House(tmp_path, real=True, provider=type("P", (FullAcme,), {"find_submission": None})())
    with house.client() as client:
        job = lost(house, client, input_image=picture())
    with house.client() as client:
        assert client.resubmit(job.id).phase is Phase.ACCEPTED
    bodies = [film["body"] for film in house.state["films"].values()]
    assert bodies[0] == bodies[1]
    assert bodies[0]["image"] == "file_1"


@pytest.mark.parametrize("store", ["memory", "file"])
def test_what_belongs_to_an_unknown_job_is_kept_until_somebody_decides(tmp_path, store):
    kept = FaithfulStore() if store == "memory" else SQLiteStore(tmp_path / "jobs.sqlite3")
    house = House(tmp_path, real=True, provider=Acme(), store=kept)
    with house.client() as client:
        job = lost(house, client)
        assert job.next_at is None  # nothing is due by itself
        assert kept.intent(job.id) is not None
        client.abandon(job.id)
        assert kept.intent(job.id) is None


def test_what_is_not_kept_any_more_cannot_be_sent_again(house):
    with house.client() as client:
        job = lost(house, client)
        house.store._intents.clear()
        with pytest.raises(InvalidRequest, match="not kept any more"):
            client.resubmit(job.id)
        assert client.get_job(job.id) == job
    assert house.count("POST") == 1


def test_a_second_attempt_is_within_the_budget_too(tmp_path):
    house = House(tmp_path, real=True, provider=Acme(), budget=Budget(total="0.30"))
    with house.client() as client:
        job = lost(house, client)
        with pytest.raises(BudgetExceeded):
            client.resubmit(job.id)
        assert client.get_job(job.id).phase is Phase.UNKNOWN
    assert house.count("POST") == 1


class Raced(FaithfulStore):
    """Another process finds the job just before it is decided about."""

    target = None

    def save(self, job, **given):
        target, self.target = self.target, None
        if target is not None:
            stored = self.get(job.id)
            changes = {"phase": target, "version": stored.version + 1}
            changes |= {} if target is Phase.UNKNOWN else {"receipt": Receipt(id=FILM)}
            super().save(stored.model_copy(update=changes), expected=stored.version)
        super().save(job, **given)


@pytest.mark.parametrize("verb", ["adopt", "resubmit", "abandon"])
def test_what_was_settled_meanwhile_is_not_decided_again(tmp_path, verb):
    house = House(tmp_path, real=True, provider=Acme(), store=Raced())
    arguments = {"adopt": [FILM]}.get(verb, [])
    with house.client() as client:
        job = lost(house, client)
        house.store.target = Phase.RENDERED
        with pytest.raises(InvalidRequest, match="settled in between"):
            getattr(client, verb)(job.id, *arguments)
        assert client.get_job(job.id).phase is Phase.RENDERED
    assert house.count("POST") == 1


@pytest.mark.parametrize("verb", ["adopt", "resubmit", "abandon"])
def test_a_look_that_came_between_changes_nothing_about_a_decision(tmp_path, verb):
    house = House(tmp_path, real=True, provider=Acme(), store=Raced())
    arguments = {"adopt": [FILM]}.get(verb, [])
    with house.client() as client:
        job = lost(house, client)
        house.store.target = Phase.UNKNOWN
        after = getattr(client, verb)(job.id, *arguments)
        assert after.phase is (Phase.FAILED if verb == "abandon" else Phase.ACCEPTED)


# --- given up ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("billed", "amount"), [(None, "estimate"), (False, 0), (True, "estimate")], ids=["unknown", "no", "yes"]
)
def test_a_job_that_is_given_up_keeps_its_price_at_risk_unless_somebody_knows(house, billed, amount):
    with house.client() as client:
        job = lost(house, client)
        after = client.abandon(job.id, billed=billed)
        assert (after.phase, after.failure.kind, after.failure.billed) == (Phase.FAILED, "uncertain", billed)
        assert after.cost.billed is billed
        assert after.cost.amount == (job.estimate.amount if amount == "estimate" else amount)
        assert after.message.startswith("given up: ")
        assert client.resume() == []
        assert client.abandon(job.id, billed=False).cost.billed is False  # the bill has come
        assert client.get_job(job.id).message.count("given up") == 1


async def test_the_awaited_client_decides_too(tmp_path):
    house = House(tmp_path, real=True, provider=Acme())
    async with house.async_client() as client:
        for verb, arguments in (("adopt", [FILM]), ("resubmit", []), ("abandon", [])):
            house.add(Fault(kind="drop_after", **CREATE))
            with pytest.raises(JobUncertain) as caught:
                await client.submit("a paper boat", **BOAT)
            job = await getattr(client, verb)(caught.value.job.id, *arguments)
            assert job.phase is (Phase.FAILED if verb == "abandon" else Phase.ACCEPTED)


def test_a_receipt_as_the_record_shows_it_is_one_that_is_adopted(house):
    with house.client() as client:
        shown = json.loads(client.submit("a paper boat", **BOAT).receipt.model_dump_json())
        job = lost(house, client)
        assert client.adopt(job.id, json.dumps({**shown, "id": "film_2"})).receipt.id == "film_2"


# --- found without anybody ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_a_process_that_died_long_ago_left_a_job_that_one_resume_finds(tmp_path, hours):
    house = House(tmp_path, real=True)
    with house.client() as client:
        job = client.submit("a paper boat", **BOAT)
        submitting = {"phase": Phase.SUBMITTING, "receipt": None, "version": job.version + 1}
        house.store.save(job.model_copy(update=submitting), expected=job.version)
        house.simulated.simulator.lifetime = 10**6
        house.clock.set(hours * 3600)
        began = house.clock.now()
        (after,) = client.resume()
        assert house.clock.now() - began < 60
        assert after.status == "completed"
    assert (house.paid, house.count("POST")) == (1, 1)


class Full(FaithfulStore):
    """No receipt can be written for a while."""

    full = True

    def save(self, job, **given):
        if self.full and job.receipt is not None:
            raise StorageFailed("the disk is full")
        super().save(job, **given)


def test_a_receipt_that_a_full_disk_refused_can_be_adopted_later(tmp_path):
    house = House(tmp_path, provider=Acme(), real=True, store=Full())
    with house.client() as client, pytest.raises(StorageFailed, match="--adopt film_1"):
        client.submit("a boat", model="acme/one", on_unknown="resubmit")
    house.store.full = False
    with house.client() as client:
        (job,) = client.list_jobs()
        house.store.claim(job.id, Lease(owner=house.store.me, until=house.clock.steady() + 60), steady=0.0)
        with pytest.raises(InvalidRequest, match="being sent right now"):
            client.adopt(job.id, "film_1")
        house.store.forget_leases()
        assert client.adopt(job.id, "film_1").phase is Phase.ACCEPTED
        assert client.wait(job.id).job.status == "completed"
    assert house.paid == 1
