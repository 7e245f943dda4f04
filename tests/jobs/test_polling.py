"""From accepted to rendered: what each look at a job does to its record."""

from itertools import pairwise

import pytest
from acme.house import House
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    JobCancelled,
    JobFailed,
    RequestRejected,
)
from polyreel.hookspecs import hookimpl
from polyreel.simulation.faults import Fault

LOOK = {"method": "GET", "path": r"/films/film_\d+$"}


class Watcher:
    """Keeps each record that was written."""

    def __init__(self):
        self.seen = []

    @hookimpl
    def job_changed(self, job):
        self.seen.append(job)


def generated(house):
    """Make a film and return the result and each record that was written."""
    watcher = Watcher()
    house.plugins.add_extension("watcher", watcher)
    with house.client() as client:
        result = client.generate("a paper boat", model="acme/one")
    return result, watcher.seen


def failing(house, error):
    """Make a film that fails, and return the error, its record, and each record that was written."""
    watcher = Watcher()
    house.plugins.add_extension("watcher", watcher)
    with house.client() as client:
        with pytest.raises(error) as caught:
            client.generate("a paper boat", model="acme/one")
        (job,) = client.list_jobs()
    return caught.value, job, watcher.seen


def test_a_job_goes_through_all_its_phases(house):
    result, seen = generated(house)
    phases = [job.phase.value for job in seen]
    assert phases == sorted(
        phases, key=["created", "submitting", "accepted", "running", "rendered", "stored"].index
    )
    assert set(phases) == {"created", "submitting", "accepted", "running", "rendered", "stored"}
    percents = [job.percent for job in seen if job.percent is not None]
    assert percents == sorted(percents)
    assert percents[-1] == 100.0
    assert len(percents) > 5

    job = result.job
    assert (job.status, job.percent, job.message) == ("completed", 100.0, "completed")
    assert job.created_at == job.submitted_at < job.completed_at == job.updated_at
    assert 30 <= job.completed_at - job.created_at <= 35
    assert job.next_at is None
    assert job.polls > 5
    assert job.receipt.id == "film_1"
    assert result.path.read_bytes().startswith(b"\0\0\0")
    assert (result.size, result.duration) == ((320, 320), 0.5)
    assert house.paid == 1


def test_a_job_may_go_back_to_queued(house):
    house.script(
        {"state": "running", "percent": 40},
        {"state": "queued", "percent": None},
        {"state": "running", "percent": 41},
    )
    result, seen = generated(house)
    assert [job.phase.value for job in seen[3:6]] == ["running", "accepted", "running"]
    # What is known of the progress is not forgotten.
    assert [job.percent for job in seen[3:6]] == [40.0, 40.0, 41.0]
    assert result.job.status == "completed"


def test_an_unknown_word_is_shown_and_polled_on(house):
    house.script({"state": "colour_grading"}, {"state": "DONE?"})
    result, seen = generated(house)
    assert "acme says 'colour_grading'" in [job.message for job in seen]
    assert "acme says 'DONE?'" in [job.message for job in seen]
    assert result.job.status == "completed"


def test_success_without_a_film_is_a_failure_whose_bill_nobody_knows(real):
    real.script({"state": "done", "urls": []})
    error, job, _ = failing(real, JobFailed)
    assert "success without a film" in str(error)
    assert error.job == job
    assert (job.status, job.failure.kind, job.failure.billed) == ("failed", "failed", None)
    assert (job.cost.billed, job.cost.amount) == (None, job.estimate.amount)
    assert job.next_at is None
    assert real.paid == 1


@pytest.mark.parametrize(
    ("failure", "phase", "error", "amount"),
    [
        ({"message": "the GPU melted", "code": "gpu", "billed": False}, "failed", JobFailed, "0"),
        ({"kind": "filtered", "message": "a face", "code": "safety"}, "failed", ContentRefused, "0"),
        ({"kind": "filtered", "message": "a face", "billed": True}, "failed", ContentRefused, "0.20"),
        ({"kind": "expired", "message": "too late", "billed": None}, "expired", JobFailed, "0.20"),
    ],
)
def test_a_failed_job_says_why_and_whether_it_was_billed(failure, phase, error, amount, real):
    real.script({"state": "failed", "failure": failure})
    caught, job, seen = failing(real, error)
    assert failure["message"] in str(caught)
    assert job.id in str(caught)
    assert caught.job == job == seen[-1]
    assert (job.status, job.phase.value) == ("failed", phase)
    assert (job.failure.kind, job.failure.code) == (failure.get("kind", "failed"), failure.get("code"))
    assert job.cost.billed is failure.get("billed", False)
    assert str(job.cost.amount.normalize()) == ("0" if amount == "0" else "0.2")
    assert job.completed_at == real.clock.now()
    if error is ContentRefused:
        assert (caught.provider, caught.code, caught.billed) == (
            "acme",
            failure.get("code"),
            failure.get("billed", False),
        )


def test_a_failure_without_a_reason_is_still_a_sentence(real):
    real.script({"state": "failed"})
    error, job, _ = failing(real, JobFailed)
    assert "gave no reason" in str(error)
    assert job.failure.billed is False


def test_a_job_that_was_cancelled_elsewhere(real):
    real.script({"state": "cancelled"})
    error, job, _ = failing(real, JobCancelled)
    assert error.job == job
    assert (job.status, job.cost.billed) == ("cancelled", None)


def test_a_simulated_job_costs_nothing_whatever_becomes_of_it(house):
    house.script({"state": "failed", "failure": {"message": "no", "billed": True}})
    _, job, _ = failing(house, JobFailed)
    assert (job.cost.amount, job.cost.billed, job.cost.basis) == (0, False, "simulated")


# --- looks that fail ---------------------------------------------------------------------------------------

SURVIVED = {
    "503": Fault(kind="status", status=503, times=4, **LOOK),
    "500 for long": Fault(kind="status", status=500, times=12, **LOOK),
    "a page": Fault(kind="html", times=4, **LOOK),
    "broken JSON": Fault(kind="broken_json", times=4, **LOOK),
    "an empty answer": Fault(kind="empty", times=4, **LOOK),
    "another JSON": Fault(kind="status", status=200, body=b"[]", times=4, **LOOK),
    "connection drops": Fault(kind="drop_before", times=4, **LOOK),
    "connection refused": Fault(kind="refuse", times=4, **LOOK),
    "hangs": Fault(kind="hang", times=4, **LOOK),
    "rate limit": Fault(kind="status", status=429, times=4, **LOOK),
    "half an answer": Fault(kind="cut", times=4, **LOOK),
}


@pytest.mark.parametrize("kind", SURVIVED)
def test_a_look_that_fails_is_counted_and_survived(kind, tmp_path):
    house = House(tmp_path, faults=(SURVIVED[kind],))
    result, seen = generated(house)
    assert result.job.status == "completed"
    missed = [job for job in seen if job.misses]
    assert missed, "the job should have missed a look"
    assert all("looking failed, again later" in job.message for job in missed)
    assert [job.misses for job in missed] == list(range(1, len(missed) + 1))
    assert result.job.misses == 0
    assert house.count("POST") == house.paid == 1


def test_progress_is_reported_when_something_changes_and_only_then(house):
    house.script(
        *({"state": "running", "percent": 40} for _ in range(3)), {"state": "running", "percent": 41}
    )
    seen = []
    with house.client() as client:
        client.generate("a paper boat", model="acme/one", on_progress=seen.append)
    words = [(job.phase, job.percent, job.message) for job in seen]
    assert all(before != after for before, after in pairwise(words))
    assert [job.percent for job in seen[2:4]] == [40.0, 41.0]


def test_misses_are_forgotten_after_a_good_look(house):
    house.add(Fault(kind="html", times=1, **LOOK), Fault(kind="html", times=1, after=2, **LOOK))
    _, seen = generated(house)
    assert max(job.misses for job in seen) == 1
    assert sum(bool(job.misses) for job in seen) == 2


def test_pauses_grow_while_looks_fail(house):
    house.add(Fault(kind="html", times=5, **LOOK))
    _, seen = generated(house)
    missed = [job for job in seen if job.misses]
    assert [round(job.next_at - job.updated_at) for job in missed] == [2, 4, 8, 16, 32]


def test_the_pause_that_a_rate_limit_advises_is_kept(house):
    limit = Fault(kind="status", status=429, headers={"retry-after": "77"}, **LOOK)
    house.add(limit)
    _, seen = generated(house)
    (missed,) = [job for job in seen if job.misses]
    assert missed.next_at - missed.updated_at == 77


def test_advice_about_the_next_look_is_followed(house):
    house.script({"headers": {"retry-after": "11"}}, {"headers": {"retry-after": "99999"}})
    _, seen = generated(house)
    advised = [job.next_at - job.updated_at for job in seen[3:5]]
    assert advised == [11, 900]


# --- looks that find no job ------------------------------------------------------------------------------------


def test_a_job_that_vanishes_is_believed_gone_after_ten_minutes(real):
    real.add(Fault(kind="status", status=404, times=None, **LOOK))
    error, job, seen = failing(real, JobFailed)
    assert (job.phase.value, job.failure.kind) == ("expired", "expired")
    assert (job.failure.billed, job.cost.billed) == (None, None)
    assert "404" in str(error)
    assert job.completed_at - job.submitted_at >= 600
    assert [each.misses for each in seen if each.misses][:4] == [1, 2, 3, 4]


def test_a_job_that_was_given_up_is_found_when_it_is_asked_for_again(real):
    real.add(Fault(kind="status", status=404, times=None, **LOOK))
    _, job, _ = failing(real, JobFailed)
    assert job.phase.value == "expired"
    real.simulated.faults.clear()
    result = real.client().wait(job.id)
    assert result.job.status == "completed"
    assert result.job.failure is None


def test_other_misses_do_not_count_as_vanishing(real):
    real.add(
        Fault(kind="status", status=502, times=2, **LOOK),
        Fault(kind="status", status=404, times=1, after=2, **LOOK),
    )
    assert generated(real)[0].job.status == "completed"


@pytest.mark.parametrize("looks", [1, 2])
def test_a_fresh_job_may_not_be_visible_at_once(looks, house):
    house.add(Fault(kind="status", status=404, times=looks, **LOOK))
    result, _ = generated(house)
    assert result.job.status == "completed"


def test_only_looks_in_a_row_count(house):
    house.add(
        Fault(kind="status", status=404, times=2, **LOOK),
        Fault(kind="status", status=404, times=2, after=1, **LOOK),
    )
    assert generated(house)[0].job.status == "completed"


# --- looks that are refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthenticationFailed), (403, AuthenticationFailed), (400, RequestRejected)]
)
def test_a_key_that_no_longer_works_keeps_the_job(status, error, house):
    house.add(Fault(kind="status", status=status, times=1, **LOOK))
    caught, job, _ = failing(house, error)
    assert caught.job == job
    assert (job.status, job.receipt.id) == ("queued", "film_1")
    # The key was renewed: the job goes on as if nothing had been.
    with house.client() as client:
        assert client.wait(job.id).job.status == "completed"
    assert house.count("POST") == house.paid == 1
