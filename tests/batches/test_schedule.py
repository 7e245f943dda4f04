"""Which request is asked for next and which job is due: the batch as a pure state machine, driven by hand."""

from dataclasses import dataclass, field

import pytest
from polyreel.batches import Batch
from polyreel.errors import JobFailed, JobTimeout, JobUncertain, RateLimited
from polyreel.orders import Orders
from polyreel.schedules import Ended
from polyreel.steps import Step
from polyreel.types.asset import Asset
from polyreel.types.job import Failure, Job, Phase

MODEL = "acme/one"


def job_of(name, phase=Phase.ACCEPTED, **facts):
    return Job(
        id=name,
        provider="acme",
        model=MODEL,
        prompt="boat",
        phase=phase,
        created_at=50.0,
        updated_at=50.0,
        **facts,
    )


@dataclass
class Desk:
    """Remembers what is asked for; a test decides how each errand ends."""

    calls: list = field(default_factory=list)

    def place(self, order):
        self.calls.append(("place", order.prompt))
        return iter(())

    def advance(self, job_id):
        self.calls.append(("advance", job_id))
        return iter(())

    def look(self, job_id):
        self.calls.append(("look", job_id))
        return iter(())


class Bench:
    """A batch with a clock that a test sets."""

    def __init__(self, requests=(), **options):
        self.desk = Desk()
        self.batch = Batch(Orders(defaults={"model": MODEL}), self.desk, **options)
        self.offer(*requests)

    def offer(self, *requests):
        for request in requests:
            self.batch.offer(request)

    def begin(self, now=0.0, hands=100):
        del self.desk.calls[:]
        errands = self.batch.begin(now, hands)
        return [errand.ticket for errand in errands], list(self.desk.calls)

    def ends(self, ticket, job=None, delay=None, now=0.0, error=None):
        value = None if job is None else Step(job=job, delay=delay)
        return self.batch.ended(ticket, Ended(value=value, error=error), now)


def test_no_more_jobs_than_allowed_are_under_way():
    bench = Bench("abcde", concurrency=2)
    assert bench.begin() == ([0, 1], [("place", "a"), ("place", "b")])
    assert bench.batch.next_at() is None
    bench.ends(0, job_of("job_a"), delay=10.0)
    assert bench.begin() == ([], [])
    bench.ends(1, job_of("job_b", Phase.STORED))
    assert bench.begin() == ([2], [("place", "c")])


def test_no_more_errands_than_hands_are_begun():
    assert Bench("abcde").begin(hands=3)[0] == [0, 1, 2]


def test_a_job_is_due_when_its_last_step_said():
    bench = Bench("a")
    bench.begin()
    assert bench.ends(0, job_of("job_a"), delay=7.5, now=100.0) == []
    assert bench.batch.next_at() == 107.5
    assert bench.begin(107.4) == ([], [])
    assert bench.begin(107.5) == ([0], [("advance", "job_a")])


def test_steps_and_new_requests_take_turns():
    """Ten thousand polls do not starve a submit, and no endless file starves the polls."""
    bench = Bench("abcd", concurrency=4)
    bench.begin(hands=2)
    for ticket, name in enumerate(("job_a", "job_b")):
        bench.ends(ticket, job_of(name), delay=0.0)
    kinds = [bench.begin(1.0, hands=1)[1][0][0] for _ in range(4)]
    assert kinds == ["advance", "place", "advance", "place"]


def test_labels_take_turns():
    requests = [
        *({"prompt": f"a{n}", "project": "many"} for n in range(4)),
        {"prompt": "b0", "project": "one"},
    ]
    bench = Bench(requests, concurrency=8)
    assert [prompt for _, prompt in bench.begin()[1]] == ["a0", "b0", "a1", "a2", "a3"]


def test_it_takes_in_a_few_requests_ahead_and_no_more():
    bench = Bench("ab", concurrency=2)
    assert not bench.batch.wants()
    bench.begin()
    assert bench.batch.wants()
    bench.offer("c", "d")
    assert not bench.batch.wants()


def test_after_its_end_no_request_is_wanted():
    bench = Bench("a")
    bench.batch.close()
    assert not bench.batch.wants()


@pytest.mark.parametrize(
    ("job", "kind"),
    [
        (job_of("job_a", Phase.FAILED, failure=Failure(message="no")), JobFailed),
        (job_of("job_a", Phase.UNKNOWN), JobUncertain),
    ],
)
def test_a_job_that_ends_badly_is_an_outcome_with_its_error(job, kind):
    bench = Bench("a")
    bench.begin()
    (outcome,) = bench.ends(0, job)
    assert (outcome.index, outcome.request, outcome.job, outcome.ok) == (0, "a", job, False)
    assert isinstance(outcome.error, kind)
    assert bench.batch.next_at() is None


def test_a_film_is_an_outcome_with_its_result():
    bench = Bench("a", since=40.0)
    bench.begin()
    job = job_of("job_a", Phase.STORED, assets=(Asset(role="video", path="boat.mp4"),))
    (outcome,) = bench.ends(0, job)
    assert outcome.ok
    assert outcome.result.job is outcome.job is job
    assert not outcome.earlier


def test_a_job_that_is_older_than_the_batch_was_there_before():
    bench = Bench("a", since=51.0)
    bench.begin()
    assert bench.ends(0, job_of("job_a", Phase.STORED))[0].earlier


def test_what_an_errand_raises_is_the_outcome_of_its_request():
    bench = Bench("ab", concurrency=1)
    bench.begin()
    error = RateLimited("too many", provider="acme", job=job_of("job_a", Phase.FAILED))
    (outcome,) = bench.ends(0, error=error)
    assert (outcome.error, outcome.job.id) == (error, "job_a")
    assert bench.begin()[0] == [1]


def test_a_request_that_is_none_is_handed_on_to_be_refused():
    bench = Bench([7])
    assert bench.begin()[0] == [0]


def test_changes_are_handed_out_once_each_when_somebody_watches():
    bench = Bench("a", watched=True)
    bench.begin()
    accepted, half = job_of("job_a"), job_of("job_a", Phase.RUNNING, percent=50.0)
    seen = []
    for step in (accepted, accepted, half, half):
        seen += bench.ends(0, step, delay=1.0)
        bench.begin(100.0)
    assert seen == [accepted, half]


def test_nobody_is_told_of_changes_who_did_not_ask():
    bench = Bench("a")
    bench.begin()
    assert bench.ends(0, job_of("job_a"), delay=1.0) == []


class TestWhenTheTimeIsOver:
    @pytest.fixture
    def bench(self):
        bench = Bench("abc", concurrency=2, until=60.0, timeout=60.0)
        bench.begin()
        bench.ends(0, job_of("job_a"), delay=500.0)
        return bench

    def test_it_is_noticed_although_no_step_is_due(self, bench):
        assert bench.batch.next_at() == 60.0

    def test_waiting_jobs_are_read_once_more_and_told_of(self, bench):
        tickets, calls = bench.begin(60.5)
        assert ("look", "job_a") in calls
        (outcome,) = bench.batch.ended(0, Ended(value=job_of("job_a", Phase.RUNNING)), 60.0)
        assert isinstance(outcome.error, JobTimeout)
        assert outcome.job.phase == "running"
        assert sorted(tickets) == [0, 2]

    def test_a_running_step_is_the_last_of_its_job(self, bench):
        bench.begin(60.5)
        (outcome,) = bench.ends(1, job_of("job_b"), delay=5.0, now=61.0)
        assert isinstance(outcome.error, JobTimeout)

    def test_a_film_that_comes_with_the_last_step_is_a_film(self, bench):
        bench.begin(60.5)
        (outcome,) = bench.ends(1, job_of("job_b", Phase.STORED), now=61.0)
        assert outcome.ok

    def test_what_was_not_asked_for_is_not_asked_for_any_more_and_says_so(self, bench):
        bench.begin(60.5)
        (outcome,) = bench.ends(2)
        assert "nothing was sent" in str(outcome.error)
        assert outcome.job is None
        assert ("place", "c") not in bench.desk.calls

    def test_in_the_very_last_moment_what_is_due_is_still_done(self, bench):
        bench.ends(1, job_of("job_b"), delay=60.0)
        assert bench.begin(60.0)[1] == [("advance", "job_b")]

    def test_no_more_requests_are_taken_and_then_it_is_over(self, bench):
        bench.begin(60.5)
        assert not bench.batch.wants()
        bench.batch.ended(0, Ended(value=job_of("job_a")), 60.0)
        bench.ends(1, job_of("job_b"), delay=5.0)
        bench.ends(2)
        assert bench.batch.next_at() is None
