"""What is done about a submit of which nobody knows: by token, by a list, by lookalikes, by what the caller decided."""

import json

import pytest
from acme.house import FaithfulStore, House, picture
from acme.plugin import INFO, Acme, Finds, FullAcme
from acme.plugin import answered as read
from acme.simulator import AcmeSimulator, in_json
from polyreel import Budget
from polyreel.errors import InvalidRequest, JobUncertain, RateLimited, RequestRejected
from polyreel.hookspecs import hookimpl
from polyreel.jobs.recovery import LOOK_WINDOW, MOST_ATTEMPTS, SEARCH_ENDS
from polyreel.simulation.faults import Fault
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Phase, Receipt

CREATE = {"method": "POST", "path": "/films$"}
LIST = {"method": "GET", "path": "/films$"}


class Finding(Acme, Finds):
    """Can look for a submit, and is certain."""


class Lookalikes(Acme):
    """Can only say which jobs look like the request."""

    @hookimpl
    def find_submission(self, task):
        response = yield from task.http.get("/films")
        return [Receipt(id=row["id"]) for row in read(response)["data"]]


class Remembering(AcmeSimulator):
    """Knows tokens: the same one is the same job."""

    def handle(self, request):
        token = request.headers.get("idempotency-key")
        known = self.stage.state.setdefault("tokens", {})
        if request.method == "POST" and request.url.endswith("/films"):
            self.stage.state.setdefault("bodies", []).append((token, json.loads(request.content)))
            if token in known:
                return in_json(201, {"id": known[token], "state": "queued"})
            response = super().handle(request)
            known[token] = response.json()["id"]
            return response
        return super().handle(request)


class Tokens(FullAcme):
    info = INFO.__class__(**{**{n: getattr(INFO, n) for n in INFO.__slots__}, "idempotency": "header"})
    find_submission = None

    @hookimpl
    def simulator(self):
        return Remembering


def submit(house, **options):
    with house.client() as client:
        return client.submit("a paper boat", model="acme/one", **options)


def waiting(house):
    """Each job that needs a step, with when it is due."""
    return [(job.id, job.next_at) for job in house.store.find(unfinished=True)]


def uncertain(house, **options):
    with pytest.raises(JobUncertain) as caught:
        submit(house, **options)
    return caught.value.job


def ended(house, job):
    with house.client() as client:
        return client.resume(job.id)[0]


# --- by token --------------------------------------------------------------------------------------------------


def test_with_a_token_the_same_request_is_sent_until_an_answer_comes(tmp_path):
    house = House(tmp_path, provider=Tokens(), faults=(Fault(kind="drop_after", times=5, **CREATE),))
    with house.client() as client:
        result = client.generate("a paper boat", model="acme/one", input_image=picture())
    assert result.job.status == "completed"
    bodies = house.state["bodies"]
    assert len(bodies) == 6
    assert all(sent == bodies[0] for sent in bodies)
    assert house.paid == 1


def test_with_a_token_another_process_sends_the_same_again(tmp_path):
    house = House(tmp_path, provider=Tokens(), faults=(Fault(kind="drop_after", times=3, **CREATE),))
    job = submit(house, input_image=picture(), native={"colour": "blue"})
    assert (job.phase, job.status, job.receipt) == (Phase.SUBMITTING, "queued", None)
    assert ended(house, job).status == "completed"
    bodies = house.state["bodies"]
    assert all(sent == bodies[0] for sent in bodies)
    assert (len(bodies), house.paid) == (4, 1)
    assert house.store.intent(job.id) is None


def test_a_token_that_is_too_old_is_not_trusted(tmp_path):
    house = House(tmp_path, provider=Tokens(), faults=(Fault(kind="drop_after", times=3, **CREATE),))
    job = submit(house)
    house.clock.advance(3601)
    assert ended(house, job).status == "unknown"
    assert house.count("POST", "/films$") == 3


# --- by a list -------------------------------------------------------------------------------------------------


def lagging(house, looks):
    house.add(
        Fault(
            kind="rewrite",
            times=looks,
            rewrite=lambda answer: in_json(200, {"data": []}) if answer.ok else answer,
            **LIST,
        )
    )


def test_that_a_list_does_not_show_it_proves_nothing(tmp_path):
    house = House(tmp_path, provider=Finding(), faults=(Fault(kind="drop_after", **CREATE),))
    lagging(house, 4)
    with house.client() as client:
        assert client.generate("a paper boat", model="acme/one").job.status == "completed"
    assert house.count("POST", "/films$") == house.paid == 1


def test_a_job_that_no_list_ever_shows_is_looked_for_until_it_makes_no_sense_any_more(tmp_path):
    house = House(tmp_path, real=True, provider=Finding(), faults=(Fault(kind="drop_before", **CREATE),))
    with house.client() as client, pytest.raises(JobUncertain) as caught:
        client.generate("a paper boat", model="acme/one")
    job = caught.value.job
    assert LOOK_WINDOW <= house.clock.now() - job.submitted_at < 2 * LOOK_WINDOW
    assert waiting(house) == [(job.id, job.next_at)]
    while waiting(house):
        house.clock.advance(max(waiting(house)[0][1] - house.clock.now(), 0))
        with house.client() as client:
            client.resume()
    assert house.clock.now() - job.submitted_at > SEARCH_ENDS
    assert 20 < house.count("GET", "/films$") < 300
    last = house.store.get(job.id)
    assert (last.phase, last.next_at, last.cost.billed) == (Phase.UNKNOWN, None, None)
    assert house.count("POST", "/films$") == 1


def test_many_that_are_looked_for_are_one_walk_through_the_list(tmp_path):
    unseen = Fault(kind="status", status=404, times=5, **LIST)
    house = House(
        tmp_path, provider=Lookalikes(), faults=(unseen, Fault(kind="drop_after", times=5, **CREATE))
    )
    jobs = [uncertain(house) for _ in range(5)]
    house.clock.advance(10)
    before = house.count("GET", "/films$")
    with house.client() as client:
        client.resume(timeout=0)
    assert house.count("GET", "/films$") - before == 1
    assert {house.store.get(job.id).status for job in jobs} == {"unknown"}


class Unlisted(FullAcme):
    """Its server has no list."""

    @hookimpl
    def find_submission(self):
        raise RequestRejected("this server has no list", provider="acme", code="not_supported")
        yield

    @hookimpl
    def list_remote(self):
        raise RequestRejected("this server has no list", provider="acme", code="not_supported")
        yield


def test_where_there_is_no_list_nobody_waits_for_it(tmp_path):
    house = House(tmp_path, real=True, provider=Unlisted(), faults=(Fault(kind="drop_after", **CREATE),))
    began = house.clock.now()
    with house.client() as client, pytest.raises(JobUncertain) as caught:
        client.generate("a paper boat", model="acme/one")
    assert (house.clock.now(), waiting(house)) == (began, [])
    with house.client() as client:
        assert client.adopt(caught.value.job.id, "film_1").phase is Phase.ACCEPTED
        assert client.wait(caught.value.job.id).job.status == "completed"
    assert house.paid == 1


def test_where_there_is_no_list_what_was_decided_is_done_at_once(tmp_path):
    house = House(tmp_path, provider=Unlisted(), faults=(Fault(kind="drop_after", **CREATE),))
    job = submit(house, on_unknown="fail")
    assert (job.phase, job.failure.kind) == (Phase.FAILED, "uncertain")


# --- by likeness -----------------------------------------------------------------------------------------------


def test_one_lookalike_for_one_that_was_cut_off_is_adopted(tmp_path):
    house = House(tmp_path, provider=Lookalikes(), faults=(Fault(kind="drop_after", **CREATE),))
    with house.client() as client:
        result = client.generate("a paper boat", model="acme/one")
    assert result.job.status == "completed"
    assert "found again by its prompt, settings and time" in str(result.warnings[-1])


def test_what_another_job_owns_is_no_candidate(tmp_path):
    house = House(tmp_path, provider=Lookalikes(), faults=(Fault(kind="drop_after", after=1, **CREATE),))
    first = submit(house)
    with house.client() as client:
        second = client.generate("a paper boat", model="acme/one").job
    assert (first.receipt.id, second.receipt.id) == ("film_1", "film_2")


@pytest.mark.parametrize(("first", "paid"), [("drop_after", 2), ("drop_before", 1)])
def test_of_two_that_were_cut_off_neither_is_adopted(tmp_path, first, paid):
    cut = (Fault(kind=first, **CREATE), Fault(kind="drop_after", **CREATE))
    house = House(
        tmp_path, provider=Lookalikes(), faults=(Fault(kind="status", status=404, times=2, **LIST), *cut)
    )
    jobs = [uncertain(house), uncertain(house)]
    for job in jobs:
        house.clock.advance(10)
        assert ended(house, job).phase is Phase.UNKNOWN
    assert house.paid == paid


def test_of_two_with_one_prompt_and_two_pictures_neither_takes_the_other_s_film(tmp_path):
    """A list shows no picture: the only film in it may be either's."""

    class Pictured(FullAcme):
        find_submission = Lookalikes.find_submission

    cut = (Fault(kind="drop_before", **CREATE), Fault(kind="drop_after", **CREATE))
    house = House(
        tmp_path, provider=Pictured(), faults=(Fault(kind="status", status=404, times=2, **LIST), *cut)
    )
    jobs = [uncertain(house, input_image=picture(width)) for width in (2, 4)]
    for job in jobs:
        house.clock.advance(10)
        assert ended(house, job).phase is Phase.UNKNOWN
    assert house.paid == 1


@pytest.mark.parametrize("policy", ["resubmit", "fail"])
@pytest.mark.parametrize("kept", ["memory", "sqlite"])
def test_the_film_of_one_that_was_sent_again_or_given_up_is_not_taken_for_another_s(tmp_path, policy, kept):
    unseen = Fault(kind="status", status=404, times=2, **LIST)
    cut = (Fault(kind="drop_before", **CREATE), Fault(kind="drop_after", **CREATE))
    house = House(tmp_path, provider=Lookalikes(), faults=(unseen, *cut))
    if kept == "sqlite":
        house.store = SQLiteStore(tmp_path / "jobs.sqlite3")
    never_charged = uncertain(house)
    charged = uncertain(house, on_unknown=policy)
    house.clock.advance(LOOK_WINDOW + 1)
    settled = ended(house, charged)
    assert settled.status == {"resubmit": "completed", "fail": "failed"}[policy]
    assert ended(house, never_charged).phase is Phase.UNKNOWN


# --- as the caller decided -------------------------------------------------------------------------------------


def test_by_default_it_is_held(tmp_path):
    house = House(tmp_path, real=True, provider=Acme(), faults=(Fault(kind="drop_after", **CREATE),))
    job = uncertain(house)
    assert (job.phase, job.cost.billed, job.next_at) == (Phase.UNKNOWN, None, None)
    assert ended(house, job).phase is Phase.UNKNOWN
    assert house.count("POST", "/films$") == 1


def test_it_can_be_sent_again_and_says_that_both_may_be_charged(tmp_path):
    house = House(tmp_path, provider=Acme(), faults=(Fault(kind="drop_after", **CREATE),))
    with house.client() as client:
        job = client.generate("a paper boat", model="acme/one", on_unknown="resubmit").job
    assert (job.status, job.attempts, house.paid) == ("completed", 2, 2)
    assert any("may have been accepted and charged besides" in notice.message for notice in job.warnings)


@pytest.mark.parametrize("provider", [Acme, Finding])
def test_a_server_that_always_hangs_up_is_not_paid_for_ever(tmp_path, provider):
    house = House(tmp_path, provider=provider(), faults=(Fault(kind="drop_before", times=None, **CREATE),))
    with house.client() as client, pytest.raises(JobUncertain) as caught:
        client.generate("a paper boat", model="acme/one", on_unknown="resubmit")
    job = house.store.get(caught.value.job.id)
    assert (job.phase, job.attempts, house.count("POST", "/films$")) == (
        Phase.UNKNOWN,
        MOST_ATTEMPTS,
        MOST_ATTEMPTS,
    )
    house.clock.advance(SEARCH_ENDS + 1)
    assert ended(house, job).phase is Phase.UNKNOWN
    assert (waiting(house), house.count("POST", "/films$")) == ([], MOST_ATTEMPTS)


def test_it_is_not_sent_again_without_money(tmp_path):
    cut = Fault(kind="drop_after", times=None, **CREATE)
    house = House(tmp_path, provider=Acme(), real=True, budget=Budget(total="0.30"), faults=(cut,))
    job = uncertain(house, on_unknown="resubmit")
    assert (job.phase, job.attempts, house.paid) == (Phase.UNKNOWN, 1, 1)
    assert "it is not sent again" in house.store.get(job.id).message
    assert waiting(house) == []


def test_before_it_is_sent_again_it_is_looked_for(tmp_path):
    house = House(tmp_path, provider=Finding(), faults=(Fault(kind="drop_after", **CREATE),))
    lagging(house, 3)
    with house.client() as client:
        job = client.generate("a paper boat", model="acme/one", on_unknown="resubmit").job
    assert (job.status, job.attempts, house.paid) == ("completed", 1, 1)


def test_it_can_be_given_up(tmp_path):
    house = House(tmp_path, provider=Acme(), real=True, faults=(Fault(kind="drop_after", **CREATE),))
    job = submit(house, on_unknown="fail")
    assert (job.phase, job.failure.kind, job.cost.billed) == (Phase.FAILED, "uncertain", None)


# --- before anything is sent -----------------------------------------------------------------------------------


class Stopped(FaithfulStore):
    """The process is stopped for a while, right after the intent was recorded."""

    pause = 61.0

    def save(self, job, **given):
        super().save(job, **given)
        if job.phase is Phase.SUBMITTING and self.pause:
            self.clock.advance(self.pause)
            self.pause = 0.0


def test_a_process_that_was_stopped_before_it_sent_does_not_send_any_more(tmp_path):
    house = House(tmp_path, store=Stopped())
    house.store.clock = house.clock
    job = submit(house)
    assert (job.phase, house.count("POST", "/films$")) == (Phase.CREATED, 0)
    assert "held back" in job.message
    assert ended(house, job).status == "completed"
    assert house.paid == 1


def test_a_patient_job_asks_again_when_there_is_too_much_to_do(tmp_path):
    busy = Fault(kind="status", status=429, times=3, headers={"retry-after": "40"}, **CREATE)
    house = House(tmp_path, faults=(busy,))
    with house.client() as client:
        job = client.generate("a paper boat", model="acme/one", patient=True).job
    assert (job.status, house.paid, house.count("POST", "/films$")) == ("completed", 1, 4)
    assert job.completed_at - job.created_at > 120


def test_by_default_a_refusal_for_too_much_to_do_is_the_callers(tmp_path):
    house = House(tmp_path, faults=(Fault(kind="status", status=429, **CREATE),))
    with house.client() as client, pytest.raises(RateLimited):
        client.generate("a paper boat", model="acme/one")
    assert house.paid == 0


# --- the caller's own key --------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_job(house):
    first, second = submit(house, idempotency_key="order-17"), submit(house, idempotency_key="order-17")
    assert first.id == second.id
    assert house.count("POST", "/films$") == house.paid == 1
    with house.client() as client:
        films = [
            client.generate("a paper boat", model="acme/one", idempotency_key="order-17") for _ in range(2)
        ]
    assert films[0].path == films[1].path
    assert house.paid == 1


def test_the_same_key_for_another_request_is_refused(house):
    submit(house, idempotency_key="order-17")
    with house.client() as client, pytest.raises(InvalidRequest, match="key of another request already"):
        client.submit("a paper kite", model="acme/one", idempotency_key="order-17")
    assert house.paid == 1


# --- one step at a time ----------------------------------------------------------------------------------------


def test_an_engine_takes_one_step_after_the_other(house):
    job = submit(house)
    with house.client() as client:
        delays = []
        while (delay := client.advance(job.id)) is not None:
            delays.append(delay)
            house.clock.advance(delay)
        assert client.get_job(job.id).status == "completed"
        assert client.advance(job.id) is None
    assert all(0 <= delay <= 30 for delay in delays)
    assert len(delays) > 3


def test_the_same_key_again_uploads_and_costs_nothing(tmp_path):
    house = House(tmp_path, budget=Budget(total="0.20"), real=True)
    given = {"model": "acme/one", "idempotency_key": "order-17", "input_image": picture()}
    with house.client() as client:
        first = client.generate("a paper boat", output=tmp_path / "boat.mp4", **given)
        uploads = house.count("POST", "/files")
        # There is no money left, and the file is there: neither is asked for what was paid for already.
        again = client.generate("a paper boat", output=tmp_path / "boat.mp4", max_cost="0.01", **given)
        assert (again.job.id, again.path) == (first.job.id, first.path)
        assert house.count("POST", "/files") == uploads
        with pytest.raises(InvalidRequest, match="key of another request"):
            client.generate("a paper boat", **{**given, "input_image": picture(2, 2)})
    assert house.paid == 1


REFUSED = {"too many": {"status": 429}, "not valid": {"status": 400}}


@pytest.mark.parametrize("refusal", REFUSED.values(), ids=REFUSED)
def test_when_a_later_attempt_is_refused_the_earlier_one_is_still_unknown(tmp_path, refusal):
    cut = (Fault(kind="drop_after", **CREATE), Fault(kind="status", **refusal, **CREATE))
    house = House(tmp_path, provider=Acme(), real=True, faults=cut)
    with house.client() as client, pytest.raises(JobUncertain) as caught:
        client.generate("a paper boat", model="acme/one", on_unknown="resubmit")
    job = caught.value.job
    assert (job.phase, job.attempts, job.cost.billed, job.failure.billed) == (Phase.UNKNOWN, 2, None, None)
    assert "attempt 2 was not accepted" in job.message
    assert (house.paid, house.count("POST", "/films$")) == (1, 2)
    with house.client() as client:
        assert client.adopt(job.id, "film_1").phase is Phase.ACCEPTED
        assert client.wait(job.id).job.status == "completed"
