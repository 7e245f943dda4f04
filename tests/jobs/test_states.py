"""Which phase may follow which; everything else is a bug and says so."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.jobs.states import MOVES, IllegalMove, moved
from polyreel.types.job import Job, Phase

LEGAL = {
    ("created", "submitting"),
    ("created", "unknown"),
    ("created", "failed"),
    ("created", "cancelled"),
    ("submitting", "created"),
    ("submitting", "accepted"),
    ("submitting", "rendered"),
    ("submitting", "failed"),
    ("submitting", "unknown"),
    ("submitting", "cancelled"),
    ("accepted", "running"),
    ("accepted", "rendered"),
    ("accepted", "failed"),
    ("accepted", "expired"),
    ("accepted", "cancelled"),
    ("running", "accepted"),
    ("running", "rendered"),
    ("running", "failed"),
    ("running", "expired"),
    ("running", "cancelled"),
    ("rendered", "stored"),
    ("rendered", "expired"),
    ("rendered", "failed"),
    ("expired", "accepted"),
    ("expired", "running"),
    ("expired", "rendered"),
    ("expired", "failed"),
    ("expired", "cancelled"),
    ("unknown", "created"),
    ("unknown", "accepted"),
    ("unknown", "rendered"),
    ("unknown", "failed"),
    ("unknown", "cancelled"),
}
ENDS = {"stored", "failed", "expired", "cancelled"}
PUBLIC = {
    "created": "queued",
    "submitting": "queued",
    "accepted": "queued",
    "running": "processing",
    "rendered": "processing",
    "stored": "completed",
    "failed": "failed",
    "expired": "failed",
    "cancelled": "cancelled",
    "unknown": "unknown",
}
PHASES = st.sampled_from(list(Phase))


def job_in(phase, **facts):
    return Job(
        id="job_1",
        provider="acme",
        model="acme/one",
        prompt="x",
        phase=phase,
        created_at=1.0,
        updated_at=1.0,
        **facts,
    )


@pytest.mark.parametrize(
    ("before", "after"), [pair for pair in itertools.product(Phase, Phase) if pair[0] is not pair[1]]
)
def test_every_move_is_legal_or_refused(before, after):
    job = job_in(before, next_at=5.0, message="was")
    if (before.value, after.value) not in LEGAL:
        with pytest.raises(IllegalMove, match=f"{before} -> {after}"):
            moved(job, after, now=2.0)
        return
    then = moved(job, after, now=2.0, message="is", percent=7.0)
    assert then.phase is after
    assert (then.updated_at, then.message, then.percent) == (2.0, "is", 7.0)
    assert [(event.at, event.phase, event.message) for event in then.history] == [(2.0, after, "is")]
    over = after.value in ENDS
    assert then.completed_at == (2.0 if over else None)
    assert then.next_at == (None if over else 5.0)
    assert job.phase is before
    assert job.history == ()


@pytest.mark.parametrize("phase", Phase)
def test_staying_is_always_allowed_and_writes_no_history(phase):
    job = job_in(phase, message="as it was")
    stays = moved(job, phase, now=3.0, misses=2)
    assert (stays.misses, stays.updated_at, stays.history, stays.completed_at) == (2, 3.0, (), None)
    assert stays.message == "as it was"


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_has_its_public_word(phase):
    job = job_in(phase)
    assert job.status == PUBLIC[phase.value]
    assert job.done is (phase.value in ENDS | {"unknown"})


def test_only_an_end_has_no_way_out():
    final = {phase.value for phase, following in MOVES.items() if not following}
    assert final == ENDS - {"expired"}  # a job that was given up may be found all the same
    assert set(MOVES) == set(Phase)


@given(st.lists(PHASES, max_size=12))
def test_no_sequence_of_moves_leaves_an_end_or_forgets_history(phases):
    job = job_in(Phase.CREATED)
    entered = []
    for now, phase in enumerate(phases, start=2):
        try:
            after = moved(job, phase, now=float(now))
        except IllegalMove:
            continue
        if phase is not job.phase:
            assert job.phase.value not in ENDS - {"expired"}
            entered.append(phase)
        job = after
    assert [event.phase for event in job.history] == entered
    assert (job.completed_at is not None) == (job.phase.value in ENDS)
    assert Job.model_validate_json(job.model_dump_json()) == job
