"""Jobs whose account is paced: what leaves when, in one process and in several."""

from dataclasses import replace
from itertools import pairwise

import pytest
from acme.house import House
from acme.plugin import INFO, FullAcme
from polyreel.errors import (
    AuthenticationFailed,
    ConfigurationError,
    FetchFailed,
    JobUncertain,
    RateLimited,
    StorageFailed,
)
from polyreel.hookspecs import hookimpl
from polyreel.rates import Limits, Place, Rate
from polyreel.simulation.faults import Fault
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Phase

LOOK = {"method": "GET", "path": r"/films/film_\d+$"}
FILM = {"method": "GET", "path": r"/file/"}
SUBMIT = {"method": "POST", "path": r"/films$"}


class Watcher:
    """Keeps each record that was written."""

    def __init__(self):
        self.seen = []

    @hookimpl
    def job_changed(self, job):
        self.seen.append(job)


def told(house, **limits):
    """Write limits into the configuration file."""
    lines = "".join(f"{name} = {value!r}\n" for name, value in limits.items())
    (house.home / "config.toml").write_text(f"[providers.acme]\n{lines}")
    return house


def watched(house):
    watcher = Watcher()
    house.plugins.add_extension("watcher", watcher)
    return watcher.seen


def ask(client, **options):
    return client.submit("a paper boat", model="acme/one", **options)


class Looks:
    """Notes when the provider is asked about a job."""

    def __init__(self, clock):
        self.clock, self.times = clock, []

    @hookimpl(wrapper=True)
    def poll(self, task):
        self.times.append(self.clock.now())
        return (yield)


# --- submits --------------------------------------------------------------------------------------------


def test_a_submit_that_is_too_early_waits_unsent_and_is_sent_in_its_turn(real):
    told(real, rate_submit="1/min")
    with real.client() as client:
        first, second = ask(client), ask(client)
        assert (first.phase, second.phase) == (Phase.ACCEPTED, Phase.CREATED)
        assert (real.paid, second.status, second.next_at - real.clock.now()) == (1, "queued", 60.0)
        assert "waits for its turn" in second.message
        ended = client.wait(second.id).job
    assert ended.submitted_at - first.submitted_at == pytest.approx(60.0, abs=0.1)
    assert real.count("POST") == real.paid == 2


def test_a_short_wait_is_waited_for(real):
    told(real, rate_submit="1/s")
    with real.client() as client:
        jobs = [ask(client) for _ in range(3)]
    assert [job.phase for job in jobs] == [Phase.ACCEPTED] * 3
    assert [round(b.submitted_at - a.submitted_at, 3) for a, b in pairwise(jobs)] == [1.0, 1.0]


def test_another_process_on_the_store_waits_too(real):
    told(real, rate_submit="1/min")
    with real.client() as one, real.client() as other:
        assert ask(one).phase is Phase.ACCEPTED
        assert ask(other).phase is Phase.CREATED


def test_another_store_on_the_file_waits_too(tmp_path):
    houses = [House(tmp_path, real=True, store=SQLiteStore(tmp_path / "jobs.sqlite3")) for _ in range(2)]
    phases = []
    for house in houses:
        house.clock = houses[0].clock
        with told(house, rate_submit="1/min").client() as client:
            phases.append(ask(client).phase)
    assert phases == [Phase.ACCEPTED, Phase.CREATED]


def test_a_store_that_refuses_to_learn_of_a_refusal_hides_no_refusal(real, monkeypatch):
    def fail(*_):
        raise StorageFailed("the disk is full")

    monkeypatch.setattr(real.store.rates, "change", fail)
    real.add(Fault(kind="status", status=429, times=1, **SUBMIT))
    with real.client() as client:
        with pytest.raises(RateLimited):
            ask(client)
        (job,) = client.list_jobs()
    assert (job.phase, job.failure.billed) == (Phase.FAILED, False)


async def test_the_awaited_client_waits_too(real):
    told(real, rate_submit="1/min")
    async with real.async_client() as client:
        for phase in (Phase.ACCEPTED, Phase.CREATED):
            assert (await client.submit("a paper boat", model="acme/one")).phase is phase


def test_a_label_with_one_job_does_not_wait_for_all_of_another(real):
    told(real, rate_submit="1/min")
    with real.client() as client:
        for _ in range(5):
            ask(client, project="many")
        single = ask(client, project="one")
        client.resume(timeout=None)
        sent = sorted(client.list_jobs(), key=lambda job: job.submitted_at)
    assert [job.id for job in sent].index(single.id) in {1, 2}
    assert all(b.submitted_at - a.submitted_at >= 59.9 for a, b in pairwise(sent))
    assert {job.status for job in sent} == {"completed"}


def test_jobs_that_another_process_ended_are_in_flight_no_more(real):
    told(real, in_flight=2)
    with real.client() as here, real.client() as there:
        for job in [ask(here), ask(here)]:
            there.wait(job.id)
        assert ask(here).phase is Phase.ACCEPTED


def test_so_many_of_a_label_are_in_flight_and_no_more(real):
    told(real, in_flight=1)
    with real.client() as client:
        first, second, other = ask(client, project="a"), ask(client, project="a"), ask(client, project="b")
        assert [job.phase for job in (first, second, other)] == [
            Phase.ACCEPTED,
            Phase.CREATED,
            Phase.ACCEPTED,
        ]
        client.resume(timeout=None)
        first, second = client.get_job(first.id), client.get_job(second.id)
    assert second.status == "completed"
    assert second.submitted_at >= first.completed_at


def test_a_job_that_was_begun_by_another_process_counts_once_it_is_driven_here(real):
    told(real, in_flight=1)
    with real.client() as one:
        first = ask(one, project="a")
    with real.client() as other:
        other.advance(first.id)
        assert ask(other, project="a").phase is Phase.CREATED


def test_a_submit_that_fails_gives_its_place_back(real):
    told(real, in_flight=1)
    real.add(Fault(kind="status", status=400, times=1, **SUBMIT))
    with real.client() as client:
        with pytest.raises(Exception, match="400"):
            ask(client, project="a")
        assert ask(client, project="a").phase is Phase.ACCEPTED


def test_a_refused_submit_slows_all_submits_and_no_look(real):
    real.add(Fault(kind="status", status=429, headers={"retry-after": "120"}, times=1, **SUBMIT))
    with real.client() as one, real.client() as other:
        with pytest.raises(RateLimited):
            ask(one)
        waiting = ask(other)
        assert waiting.phase is Phase.CREATED
        assert waiting.next_at - real.clock.now() == pytest.approx(120.0, abs=0.1)
        assert real.count("POST") == 1
        (place,) = [place for place, _ in real.store.rates._buckets]
        assert set(real.store.rates.buckets(place)) == {"submit"}
        assert other.wait(waiting.id).job.status == "completed"
    assert real.paid == 1


# --- looks ----------------------------------------------------------------------------------------------


def test_looks_come_at_the_accounts_rate(real):
    told(real, rate_poll="6/min")
    looks = Looks(real.clock)
    real.plugins.add_extension("looks", looks)
    with real.client() as client:
        jobs = [ask(client) for _ in range(4)]
        client.resume(timeout=None)
        assert {client.get_job(job.id).status for job in jobs} == {"completed"}
    assert real.count("GET", LOOK["path"]) == len(looks.times) >= 4
    assert all(b - a >= 9.999 for a, b in pairwise(looks.times))


def test_submits_do_not_wait_behind_looks(real):
    told(real, rate_poll="1/min")
    with real.client() as client:
        jobs = [ask(client) for _ in range(5)]
        assert [job.phase for job in jobs] == [Phase.ACCEPTED] * 5
        client.advance(jobs[0].id)
        client.advance(jobs[1].id)
        assert "waits for its turn" in client.get_job(jobs[1].id).message
        assert ask(client).phase is Phase.ACCEPTED


def test_a_refused_look_holds_all_looks_of_the_account_back(real):
    real.add(Fault(kind="status", status=429, headers={"retry-after": "100"}, times=1, **LOOK))
    with real.client() as one, real.client() as other:
        first, second = ask(one), ask(other)
        real.clock.advance(5.0)
        one.advance(first.id)
        refused_at = real.clock.now()
        looked = real.count("GET")
        assert other.advance(second.id) == pytest.approx(100.0, abs=0.1)
        assert real.count("GET") == looked == 1
        assert ask(other).phase is Phase.ACCEPTED
        assert other.wait(second.id).job.rendered_at - refused_at >= 100.0
        assert one.wait(first.id).job.status == "completed"


def test_a_refused_look_is_not_repeated_by_itself(real):
    """Otherwise it alone would wait, and all others of the account go on."""
    real.add(Fault(kind="status", status=429, headers={"retry-after": "5"}, times=1, **LOOK))
    with real.client() as client:
        first, second = ask(client), ask(client)
        assert client.advance(first.id) == pytest.approx(5.0)
        assert client.advance(second.id) == pytest.approx(5.0)
        assert real.count("GET") == 1


def test_a_search_that_is_refused_holds_all_looks_back(real):
    real.add(Fault(kind="drop_after", times=1, **SUBMIT))
    real.add(Fault(kind="status", status=429, headers={"retry-after": "50"}, times=1, method="GET"))
    with real.client() as client:
        with pytest.raises(JobUncertain) as caught:  # it was looked for once, which was refused
            ask(client)
        assert caught.value.job.phase is Phase.UNKNOWN
        other = ask(client)
        looked = real.count("GET")
        assert client.advance(other.id) > 40.0
        assert real.count("GET") == looked == 1


def test_a_refused_fetch_holds_all_fetches_back_and_nothing_else(real):
    with real.client() as client:
        first, second = ask(client), ask(client)
        real.clock.advance(60.0)
        for job in (first, second):
            client.advance(job.id)
            assert client.get_job(job.id).phase is Phase.RENDERED
        real.add(Fault(kind="status", status=429, headers={"retry-after": "80"}, times=1, **FILM))
        with pytest.raises(FetchFailed):
            client.advance(first.id)
        assert client.advance(second.id) == pytest.approx(80.0, abs=0.1)
        assert ask(client).phase is Phase.ACCEPTED
        assert client.wait(second.id).job.status == "completed"


def test_a_refusal_for_ten_days_is_believed_for_a_quarter_of_an_hour(real):
    real.add(Fault(kind="status", status=429, headers={"retry-after": "864000"}, times=1, **LOOK))
    with real.client() as client:
        job = client.generate("a paper boat", model="acme/one", timeout=None).job
    assert 900 <= job.completed_at - job.submitted_at <= 1_000


def test_fetches_have_a_rate_of_their_own(real):
    told(real, rate_fetch="1/min")
    with real.client() as client:
        jobs = [ask(client) for _ in range(3)]
        client.resume(timeout=None)
        ended = sorted(client.get_job(job.id).completed_at for job in jobs)
    assert all(b - a >= 59.9 for a, b in pairwise(ended))


@pytest.mark.parametrize("step", [86_400.0, -86_400.0])
def test_a_time_of_day_that_is_set_by_a_day_holds_nobody_up(step, real):
    told(real, rate_submit="2/min", rate_poll="60/min")
    with real.client() as client:
        ask(client)
        waiting = ask(client)
        real.clock.set(step)
        began = real.clock.steady()
        client.wait(waiting.id, timeout=None)
        assert real.clock.steady() - began < 300.0
        assert real.paid == 2


# --- where nothing is limited ---------------------------------------------------------------------------


def test_where_nothing_is_limited_the_store_is_asked_once_a_second_and_never_written(real, monkeypatch):
    rates, reads = real.store.rates, []
    monkeypatch.setattr(rates, "buckets", lambda place: reads.append(place) or {})
    monkeypatch.setattr(rates, "change", None)
    with real.client() as client:
        jobs = [ask(client) for _ in range(20)]
        for job in jobs:
            client.advance(job.id)
        assert len(reads) == 1
        real.clock.advance(1.0)
        client.advance(jobs[0].id)
        assert len(reads) == 2


def test_a_simulated_job_waits_for_nobody(tmp_path):
    house = told(House(tmp_path), rate_submit="1/h", rate_poll="1/h")
    house.add(Fault(kind="status", status=429, times=1, **LOOK))
    with house.client() as client:
        for _ in range(2):
            job = client.generate("a paper boat", model="acme/one").job
            assert job.completed_at - job.submitted_at < 60.0
    assert house.store.rates._buckets == {}


# --- limits as they are set -----------------------------------------------------------------------------


def test_the_environment_goes_before_the_file_and_none_lifts_a_limit(real, monkeypatch):
    told(real, rate_submit="1/h")
    monkeypatch.setenv("POLYREEL_ACME_RATE_SUBMIT", "none")
    with real.client() as client:
        assert [ask(client).phase for _ in range(2)] == [Phase.ACCEPTED] * 2


class Strict(FullAcme):
    info = replace(INFO, limits=Limits(submit=Rate(count=1, seconds=60)))


def test_what_a_provider_declares_counts_until_something_else_is_set(tmp_path):
    real = House(tmp_path, provider=Strict(), real=True)
    with real.client() as client:
        assert [ask(client).phase for _ in range(2)] == [Phase.ACCEPTED, Phase.CREATED]
    told(real, rate_submit="none")
    with real.client() as client:
        assert [ask(client).phase for _ in range(2)] == [Phase.ACCEPTED] * 2


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"rate_submit": "fast"}, "rate_submit='fast'.*10/min"),
        ({"rate_poll": "0/s"}, "rate_poll='0/s'"),
        ({"in_flight": "some"}, "in_flight='some'.*whole number"),
        ({"in_flight": 0}, "in_flight='0'"),
        ({"in_flight": -1}, "in_flight='-1'"),
        ({"rate_sumbit": "1/s"}, "rate_submit"),
    ],
)
def test_a_limit_that_is_none_is_refused_before_anything_is_sent(limits, message, real):
    told(real, **limits)
    with real.client() as client:
        with pytest.raises(ConfigurationError, match=message):
            ask(client)
        assert client.list_jobs() == []
    assert real.count("POST") == 0


# --- what was learned -----------------------------------------------------------------------------------


def test_after_some_films_the_first_look_comes_when_one_may_be_ready(real):
    real.render_seconds = 100.0
    with real.client() as client:
        for _ in range(8):
            assert ask(client).next_at - real.clock.now() <= 2.2
            client.resume(timeout=None)
    early = real.store.rates.durations("acme/one").quantile(0.1)
    assert early == pytest.approx(100.0, rel=0.08)
    with real.client() as client:
        job = ask(client)
        assert 0.72 * early <= job.next_at - real.clock.now() <= 0.88 * early
        ended = client.wait(job.id).job
    assert ended.polls <= 8
    assert ended.rendered_at - ended.submitted_at < 110.0


def test_a_simulated_film_teaches_nothing(tmp_path):
    house = House(tmp_path)
    with house.client() as client:
        client.generate("a paper boat", model="acme/one")
    assert house.store.rates.durations("acme/one").total == 0


def test_advice_that_nothing_remains_is_followed_after_that_of_the_plugin(real):
    real.render_seconds = 300.0
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "33"}
    real.script({"headers": reset}, {"headers": reset | {"retry-after": "44"}})
    seen = watched(real)
    with real.client() as client:
        client.generate("a paper boat", model="acme/one")
    assert [job.next_at - job.updated_at for job in seen if job.polls and not job.done][:2] == [33.0, 44.0]


def test_the_account_is_told_by_its_keys(real):
    told(real, rate_submit="1/h")
    with real.client() as client:
        ask(client)
        assert ask(client).phase is Phase.CREATED
        with pytest.raises(AuthenticationFailed):  # it was sent: the account is another one
            ask(client, byok_api_key="another-account-key")
    places = {place for place, _ in real.store.rates._buckets}
    assert len(places) == 2
    assert all(isinstance(place, Place) and "key" not in place.account for place in places)
