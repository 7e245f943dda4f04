"""When to look again: what the server advises goes first, within bounds; then what was learned; then the schedule."""

import importlib.util
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.jobs.pacing import (
    ADVICE_CAP,
    ADVICE_FLOOR,
    FIRST_LOOK,
    MAX_WAIT,
    advice,
    next_look,
    pause_after_miss,
    until_due,
)

SECONDS = st.floats(min_value=0, max_value=1e7)
CHANCES = st.floats(min_value=0, max_value=1)
NOW = 1_780_000_000.0  # 2026-05-28T20:26:40Z


def even(**given):
    return next_look(**given, chance=lambda: 0.5)


# --- the schedule ---------------------------------------------------------------------------------------


@given(elapsed=st.floats(min_value=0.001, max_value=MAX_WAIT), chance=CHANCES)
def test_the_schedule_stays_between_its_bounds(elapsed, chance):
    pause = next_look(elapsed=elapsed, chance=lambda: chance)
    assert 2.7 <= pause <= 22.0
    assert math.isclose(pause, min(max(0.06 * elapsed, 3.0), 20.0) * (0.9 + 0.2 * chance))


@given(st.tuples(SECONDS, SECONDS), st.integers(0, 10_000))
def test_a_longer_run_is_never_looked_at_sooner(times, looks):
    early, late = sorted(times)
    assert even(elapsed=early, looks=looks) <= even(elapsed=late, looks=looks)


@given(elapsed=st.floats(min_value=MAX_WAIT, max_value=1e9), looks=st.integers(0, 1_000_000))
def test_after_the_longest_wait_looks_become_rarer_and_never_stop(elapsed, looks):
    assert 20.0 <= even(elapsed=elapsed, looks=looks) <= ADVICE_CAP


def test_two_days_of_waiting_are_a_few_hundred_looks_ever_further_apart():
    elapsed, pauses = 0.0, []
    while elapsed < 2 * 86_400:
        pauses.append(even(elapsed=elapsed, looks=len(pauses)))
        elapsed += pauses[-1]
    assert 300 < len(pauses) < 700
    assert pauses == sorted(pauses)
    assert pauses[-1] > 300.0


@pytest.mark.parametrize("looks", [0, 5, 100])
def test_a_clock_that_was_set_forward_by_a_day_makes_no_job_old(looks):
    assert even(elapsed=86_400.0 + 30.0, looks=looks) == 20.0


@given(elapsed=SECONDS, early=st.floats(min_value=0, max_value=1e6), chance=CHANCES)
def test_the_first_look_comes_just_before_the_fastest_tenth(elapsed, early, chance):
    pause = next_look(elapsed=elapsed, early=early, chance=lambda: chance)
    assert 0 < pause <= ADVICE_CAP
    first = 0.8 * early - elapsed
    if first > 3.0:
        assert math.isclose(pause, min(first * (0.9 + 0.2 * chance), ADVICE_CAP))


@pytest.mark.parametrize("early", [None, 0.0, 1.0])
def test_a_model_of_which_nothing_is_known_is_looked_at_soon(early):
    assert even(elapsed=0.0, early=early) == FIRST_LOOK


def test_messages_make_looks_rarer_but_not_the_first():
    assert even(elapsed=0.0, early=100.0, stretch=4.0) == even(elapsed=0.0, early=100.0) == 80.0
    assert even(elapsed=100.0, early=100.0, stretch=4.0) == 4 * even(elapsed=100.0, early=100.0) == 24.0
    assert even(elapsed=1e6, looks=10_000, stretch=4.0) == ADVICE_CAP


def test_a_clock_that_was_set_back_makes_no_negative_pause():
    assert even(elapsed=-86_400.0) == FIRST_LOOK
    assert even(elapsed=-86_400.0, early=100.0) == 80.0


# --- what servers advise --------------------------------------------------------------------------------


@given(elapsed=SECONDS, advised=st.floats(min_value=0, max_value=1e7), chance=CHANCES)
def test_advice_wins_over_the_schedule_within_its_bounds(elapsed, advised, chance):
    pause = next_look(elapsed=elapsed, advised=advised, early=500.0, stretch=4.0, chance=lambda: chance)
    assert pause == min(max(advised, ADVICE_FLOOR), ADVICE_CAP)


@pytest.mark.parametrize("advised", [math.nan, math.inf, -math.inf])
def test_advice_that_is_no_number_is_none(advised):
    assert even(elapsed=100.0, advised=advised) == even(elapsed=100.0)
    assert pause_after_miss(3, advised=advised) == pause_after_miss(3)
    assert advice({}, now=NOW, own=advised) is None


RESET = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}
ADVICE = {
    "seconds": ({"retry-after": "7"}, 7.0),
    "a fraction": ({"retry-after": "7.5"}, 7.5),
    "no pause at all": ({"retry-after": "0"}, 1.0),
    "ten days": ({"retry-after": "864000"}, ADVICE_CAP),
    "a date": ({"retry-after": "Thu, 28 May 2026 20:27:40 GMT"}, 60.0),
    "a date without a zone": ({"retry-after": "Thu, 28 May 2026 20:27:40"}, 60.0),
    "a date that is over": ({"retry-after": "Thu, 28 May 2026 20:00:00 GMT"}, 1.0),
    "a date of next year": ({"retry-after": "Fri, 28 May 2027 20:00:00 GMT"}, ADVICE_CAP),
    "nonsense": ({"retry-after": "soon"}, None),
    "a negative number": ({"retry-after": "-5"}, None),
    "infinity": ({"retry-after": "inf"}, None),
    "digits of another script": ({"retry-after": "٣"}, None),
    "a number without end": ({"retry-after": "9" * 400}, None),
    "milliseconds": ({"retry-after-ms": "2500"}, 2.5),
    "few milliseconds": ({"retry-after-ms": "1"}, ADVICE_FLOOR),
    "seconds before milliseconds": ({"retry-after": "7", "retry-after-ms": "2500"}, 7.0),
    "milliseconds where the seconds are nonsense": ({"retry-after": "?", "retry-after-ms": "2500"}, 2.5),
    "the reset, when nothing remains": (RESET, 30.0),
    "the reset, while something remains": (RESET | {"x-ratelimit-remaining": "3"}, None),
    "the reset, when nobody says what remains": ({"x-ratelimit-reset": "30"}, None),
    "milliseconds before the reset": (RESET | {"retry-after-ms": "2500"}, 2.5),
    "a reset in minutes": (RESET | {"x-ratelimit-reset": "1m30s"}, 90.0),
    "a reset in milliseconds": (RESET | {"x-ratelimit-reset": "2500ms"}, 2.5),
    "a reset in seconds since 1970": (RESET | {"x-ratelimit-reset": str(int(NOW) + 40)}, 40.0),
    "a reset in milliseconds since 1970": (RESET | {"x-ratelimit-reset": f"{int(NOW) + 40}000"}, 40.0),
    "a reset as a date": (RESET | {"x-ratelimit-reset": "2026-05-28T20:27:10+00:00"}, 30.0),
    "a reset that is nonsense": (RESET | {"x-ratelimit-reset": "later"}, None),
    "the standard's names": ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30.0),
    "the longest of several": (
        {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "6m0s",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "12s",
            "x-ratelimit-remaining-films": "1",
            "x-ratelimit-reset-films": "10m",
        },
        360.0,
    ),
    "nothing": ({"content-type": "text/plain"}, None),
}


@pytest.mark.parametrize("case", ADVICE)
def test_what_an_answer_advises(case):
    headers, pause = ADVICE[case]
    assert advice(headers, now=NOW) == (None if pause is None else pytest.approx(pause))


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, 10.0),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "2500"}, 10.0),
        (RESET, 10.0),
    ],
)
def test_the_vendors_own_header_stands_between_retry_after_and_the_rest(headers, pause):
    assert advice(headers, now=NOW, own=10.0) == pause


@given(st.dictionaries(st.sampled_from([*RESET, "retry-after", "retry-after-ms"]), st.text(max_size=30)))
def test_no_header_breaks_anything(headers):
    pause = advice(headers, now=NOW)
    assert pause is None or ADVICE_FLOOR <= pause <= ADVICE_CAP


# --- looks that fail ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("misses", "pause"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (50, 60)])
def test_misses_double_the_pause_up_to_a_minute(misses, pause):
    assert pause_after_miss(misses) == pause


def test_a_great_many_misses_do_not_overflow():
    assert pause_after_miss(100_000) == 60.0


@pytest.mark.parametrize(("advised", "pause"), [(0, 1.0), (7.5, 7.5), (1e9, ADVICE_CAP)])
def test_advice_after_a_miss_is_bounded_too(advised, pause):
    assert pause_after_miss(3, advised=advised) == pause


# --- when it is time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("next_at", "pause"),
    [(None, 0.0), (90.0, 0.0), (100.0, 0.0), (107.0, 7.0), (100.0 + ADVICE_CAP, ADVICE_CAP)],
)
def test_a_step_is_due_when_its_time_has_come(next_at, pause):
    assert until_due(next_at, now=100.0) == pause


def test_a_clock_that_was_set_back_does_not_stall_a_job():
    # A day back: no step is ever set that far ahead, so the time of this one is not believed.
    assert until_due(100.0 + 86_400, now=100.0) == 0.0


# --- against other schedules ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    path = Path(__file__).parents[2] / "benchmarks" / "pacing.py"
    spec = importlib.util.spec_from_file_location("pacing_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.table(4_000)


def test_the_draw_is_that_of_the_published_table(table):
    """Otherwise the comparisons below would be about something else."""
    assert table["5 s"] == pytest.approx((23.8, 2.5, 4.7), abs=0.25)
    assert table["10 s"] == pytest.approx((12.2, 5.0, 9.5), abs=0.25)


def test_what_was_learned_saves_looks(table):
    learned, unlearned = table["ours, learned"], table["ours, nothing learned"]
    assert learned[0] < 0.5 * unlearned[0]
    assert learned[1] == pytest.approx(unlearned[1], abs=0.5)


def test_as_many_looks_as_every_ten_seconds_notice_the_film_a_quarter_sooner(table):
    ours, fixed = table["ours, learned"], table["10 s"]
    assert ours[0] < 1.1 * fixed[0]
    assert ours[1] < 0.78 * fixed[1]
    assert ours[2] < fixed[2]


def test_half_as_many_looks_as_every_five_seconds(table):
    assert table["ours, learned"][0] < 0.56 * table["5 s"][0]


def test_with_messages_the_safety_net_is_cheap(table):
    assert table["ours, with webhooks"][0] < 0.4 * table["ours, learned"][0]
