"""When to look again: what the server advises goes first, within bounds; then the schedule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.jobs.pacing import ADVICE_CAP, ADVICE_FLOOR, next_look, pause_after_miss, until_due

SECONDS = st.floats(min_value=0, max_value=1e7)
CHANCES = st.floats(min_value=0, max_value=1)


@given(elapsed=SECONDS, chance=CHANCES)
def test_the_schedule_stays_between_its_bounds(elapsed, chance):
    pause = next_look(elapsed=elapsed, advised=None, chance=lambda: chance)
    assert 1.8 <= pause <= 22.0
    assert math.isclose(pause, min(max(0.07 * elapsed, 2.0), 20.0) * (0.9 + 0.2 * chance))


@given(st.tuples(SECONDS, SECONDS))
def test_a_longer_run_is_never_looked_at_sooner(times):
    early, late = sorted(times)
    pauses = [next_look(elapsed=each, advised=None, chance=lambda: 0.5) for each in (early, late)]
    assert pauses[0] <= pauses[1]


@given(elapsed=SECONDS, advised=st.floats(min_value=0, max_value=1e7), chance=CHANCES)
def test_advice_wins_over_the_schedule_within_its_bounds(elapsed, advised, chance):
    pause = next_look(elapsed=elapsed, advised=advised, chance=lambda: chance)
    assert pause == min(max(advised, ADVICE_FLOOR), ADVICE_CAP)


@pytest.mark.parametrize(("misses", "pause"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (50, 60)])
def test_misses_double_the_pause_up_to_a_minute(misses, pause):
    assert pause_after_miss(misses) == pause


def test_a_great_many_misses_do_not_overflow():
    assert pause_after_miss(100_000) == 60.0


@pytest.mark.parametrize(("advised", "pause"), [(0, 1.0), (7.5, 7.5), (1e9, ADVICE_CAP)])
def test_advice_after_a_miss_is_bounded_too(advised, pause):
    assert pause_after_miss(3, advised=advised) == pause


@pytest.mark.parametrize(
    ("next_at", "pause"),
    [(None, 0.0), (90.0, 0.0), (100.0, 0.0), (107.0, 7.0), (100.0 + ADVICE_CAP, ADVICE_CAP)],
)
def test_a_step_is_due_when_its_time_has_come(next_at, pause):
    assert until_due(next_at, now=100.0) == pause


def test_a_clock_that_was_set_back_does_not_stall_a_job():
    # A day back: no step is ever set that far ahead, so the time of this one is not believed.
    assert until_due(100.0 + 86_400, now=100.0) == 0.0
