"""Whether a request is asked for again: only when its last job certainly cost nothing and left no film."""

import pytest
from polyreel.clerks import is_worth_another
from polyreel.types.cost import Cost
from polyreel.types.job import Failure, Job, Phase


def job_of(phase, **facts):
    return Job(
        id="job_a",
        provider="acme",
        model="acme/one",
        prompt="boat",
        phase=phase,
        created_at=1,
        updated_at=1,
        **facts,
    )


def failed(billed, kind="failed"):
    return Failure(kind=kind, message="no", billed=billed)


@pytest.mark.parametrize(
    ("job", "again"),
    [
        (job_of(Phase.FAILED, failure=failed(False)), True),
        (job_of(Phase.FAILED, failure=failed(False, "filtered")), True),
        (job_of(Phase.FAILED, failure=failed(None)), False),
        (job_of(Phase.FAILED, failure=failed(True)), False),
        (job_of(Phase.FAILED), False),
        (job_of(Phase.EXPIRED, failure=failed(None, "expired")), False),
        (job_of(Phase.EXPIRED, failure=failed(True, "expired")), False),
        (job_of(Phase.CANCELLED, cost=Cost(amount=None, billed=False, basis="estimate")), True),
        (job_of(Phase.CANCELLED, cost=Cost(amount=None, billed=None, basis="estimate")), False),
        (job_of(Phase.CANCELLED), False),
        (job_of(Phase.UNKNOWN, failure=failed(None, "uncertain")), False),
        (job_of(Phase.UNKNOWN, failure=failed(False, "uncertain")), False),
        (job_of(Phase.STORED, cost=Cost(amount=None, billed=False, basis="vendor")), False),
        (job_of(Phase.RUNNING), False),
        (job_of(Phase.CREATED), False),
    ],
)
def test_only_what_certainly_cost_nothing_is_asked_for_again(job, again):
    assert is_worth_another(job) is again
