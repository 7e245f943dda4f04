"""How often an account may be asked: buckets and the time go in, buckets and verdicts come out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.durations import Durations
from polyreel.rates import (
    FORGOTTEN,
    LEAST_START,
    MOST_BLOCKED,
    RECOVERY,
    SLOWEST,
    Bucket,
    Grant,
    Limits,
    Rate,
    Refusal,
    is_idle,
    slowed,
    take,
)

TEN = Rate(count=10, seconds=60)
BURSTS = Rate(count=300, seconds=60, burst=5)


def granted(limit, *, until, bucket=None, start=1_000.0, every=0.01, patience=0.0):
    """Ask at every moment, and return when a request went."""
    times = []
    for number in range(round((until - start) / every) + 1):
        now = start + number * every
        bucket, verdict = take(bucket, limit, now=now, patience=patience)
        if isinstance(verdict, Grant):
            times.append(now + verdict.wait)
    return times


# --- rates as people write them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/min", Rate(count=10, seconds=60)),
        (" 10 / MINUTE ", Rate(count=10, seconds=60)),
        ("2/s", Rate(count=2, seconds=1)),
        ("0.5/sec", Rate(count=0.5, seconds=1)),
        ("1/second", Rate(count=1, seconds=1)),
        ("100/hour", Rate(count=100, seconds=3600)),
        ("100/h", Rate(count=100, seconds=3600)),
        ("300/min burst 5", Rate(count=300, seconds=60, burst=5)),
    ],
)
def test_a_rate_is_read(text, rate):
    assert Rate.of(text) == rate
    assert Rate.of(str(rate)) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "fast",
        "0/min",
        "-1/min",
        "10/fortnight",
        "10/min burst 0",
        "10/min burst",
        "1e9/s",
        "٣/min",
        "inf/s",
    ],
)
def test_what_is_no_rate_says_what_is(text):
    with pytest.raises(ValueError, match="10/min"):
        Rate.of(text)


def test_limits_by_kind():
    limits = Limits(submit=TEN, fetch=BURSTS)
    assert [limits.of(kind) for kind in ("submit", "poll", "fetch")] == [TEN, None, BURSTS]


# --- granting -------------------------------------------------------------------------------------------


def test_without_a_limit_nothing_is_remembered():
    assert take(None, None, now=5.0) == (None, Grant())


def test_requests_come_evenly():
    times = granted(TEN, until=1_060.0)
    assert times == [pytest.approx(1_000.0 + 6.0 * number, abs=0.011) for number in range(11)]


def test_after_a_quiet_time_some_go_at_once():
    assert len(granted(BURSTS, until=1_000.0)) == 1
    bucket, verdicts = None, []
    for _ in range(7):
        bucket, verdict = take(bucket, BURSTS, now=1_000.0)
        verdicts.append(verdict)
    assert verdicts[:5] == [Grant()] * 5
    assert verdicts[5:] == [Refusal(wait=pytest.approx(0.2), interval=0.2)] * 2


@given(
    count=st.integers(1, 500),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200),
    patience=st.sampled_from([0.0, 2.0]),
)
def test_in_any_time_no_more_go_than_the_rate_and_a_burst(count, burst, gaps, patience):
    limit, bucket, now, times = Rate(count=count, seconds=60, burst=burst), None, 1_000.0, []
    for gap in gaps:
        now += gap
        bucket, verdict = take(bucket, limit, now=now, patience=patience)
        if isinstance(verdict, Grant):
            assert verdict.wait <= patience
            times.append(now + verdict.wait)
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + (times[last] - times[first]) * count / 60 + 1e-6


@given(wait=st.floats(0.0, 5.9))
def test_after_the_wait_that_was_named_it_is_granted(wait):
    bucket, _ = take(None, TEN, now=1_000.0)
    bucket, verdict = take(bucket, TEN, now=1_000.0 + wait)
    assert isinstance(verdict, Refusal)
    assert isinstance(take(bucket, TEN, now=1_000.0 + wait + verdict.wait + 1e-6)[1], Grant)


def test_a_refusal_counts_nothing():
    bucket, _ = take(None, TEN, now=1_000.0)
    for _ in range(100):
        after, verdict = take(bucket, TEN, now=1_001.0)
        assert (after, verdict.wait) == (bucket, pytest.approx(5.0))


def test_a_wait_that_the_caller_has_patience_for_is_granted_and_counted():
    bucket, _ = take(None, TEN, now=1_000.0)
    bucket, verdict = take(bucket, TEN, now=1_004.5, patience=2.0)
    assert verdict == Grant(wait=1.5)
    assert take(bucket, TEN, now=1_004.5, patience=2.0)[1].wait == pytest.approx(7.5)


# --- refusals -------------------------------------------------------------------------------------------


def test_a_refusal_halves_the_rate_and_time_gives_it_back_in_equal_steps():
    bucket = slowed(None, TEN, now=1_000.0, sent_at=999.0)
    assert bucket.allowed == pytest.approx(TEN.per_second / 2)
    rates = [_interval(bucket, TEN, 1_000.0 + share * RECOVERY) for share in (0.0, 0.25, 0.5, 0.75, 1.0, 9.0)]
    assert [1 / rate * 60 for rate in rates] == pytest.approx([5.0, 6.25, 7.5, 8.75, 10.0, 10.0])


def _interval(bucket, limit, now):
    """Return the seconds between two requests at a time."""
    after, verdict = take(bucket, limit, now=now, patience=1e9)
    assert isinstance(verdict, Grant)
    return after.due - max(bucket.due, now, bucket.blocked_until if bucket.blocked_until > now else 0.0)


def test_of_requests_that_were_under_way_together_one_halves_the_rate():
    bucket = slowed(None, TEN, now=1_000.0, sent_at=999.0)
    for late in (1_000.1, 1_000.2, 1_003.0):
        bucket = slowed(bucket, TEN, now=late, sent_at=999.5)
    assert bucket.allowed == pytest.approx(TEN.per_second / 2)
    bucket = slowed(bucket, TEN, now=1_010.0, sent_at=1_009.0)
    assert bucket.allowed == pytest.approx(TEN.per_second / 4, rel=0.05)


def test_refusals_in_a_row_do_not_halve_the_rate_to_nothing():
    bucket = None
    for number in range(50):
        bucket = slowed(bucket, TEN, now=1_000.0 + number, sent_at=1_000.0 + number)
    assert bucket.allowed == SLOWEST


@pytest.mark.parametrize(
    ("observed", "start"), [(0.0, LEAST_START), (0.01, LEAST_START), (2.0, 1.0), (50.0, 25.0)]
)
def test_where_no_limit_is_known_half_of_what_was_sent_is_the_start(observed, start):
    assert slowed(None, None, now=1_000.0, sent_at=999.0, observed=observed).allowed == pytest.approx(start)


@pytest.mark.parametrize(
    ("advised", "blocked"), [(7.0, 7.0), (0.0, 1.0), (864_000.0, MOST_BLOCKED), (None, 12.0)]
)
def test_nobody_goes_before_the_time_that_the_server_names(advised, blocked):
    bucket = slowed(None, TEN, now=1_000.0, sent_at=999.0, advised=advised)
    assert isinstance(take(bucket, TEN, now=1_000.0 + blocked - 0.01)[1], Refusal)
    assert take(bucket, TEN, now=1_000.0)[1].wait == pytest.approx(blocked)
    assert isinstance(take(bucket, TEN, now=1_000.0 + blocked + 1e-6)[1], Grant)


def test_a_shorter_advice_does_not_undo_a_longer_one():
    bucket = slowed(None, TEN, now=1_000.0, sent_at=999.0, advised=60.0)
    bucket = slowed(bucket, TEN, now=1_001.0, sent_at=999.0, advised=1.0)
    assert take(bucket, TEN, now=1_001.0)[1].wait == pytest.approx(59.0)


def test_after_a_block_they_go_one_by_one():
    bucket = slowed(None, BURSTS, now=1_000.0, sent_at=999.0, advised=10.0)
    times = granted(BURSTS, until=1_012.0, bucket=bucket)
    assert times[0] == pytest.approx(1_010.0, abs=0.1)
    assert times[1] - times[0] > 0.3  # half of five a second, and no burst


def test_without_a_limit_a_refusal_is_forgotten_after_a_quarter_of_an_hour():
    bucket = slowed(None, None, now=1_000.0, sent_at=999.0, observed=2.0)
    assert not is_idle(bucket, now=1_000.0 + FORGOTTEN - 1)
    assert take(bucket, None, now=1_000.0 + FORGOTTEN) == (None, Grant())


def test_the_last_allowance_before_it_is_forgotten_is_twice_what_was_sent():
    bucket = slowed(None, None, now=1_000.0, sent_at=999.0, observed=2.0)
    assert 1 / _interval(bucket, None, 1_000.0 + FORGOTTEN - 0.001) == pytest.approx(4.0, rel=0.01)


# --- clocks ---------------------------------------------------------------------------------------------


@given(
    bucket=st.builds(
        Bucket,
        due=st.floats(0, 1e7),
        blocked_until=st.floats(0, 1e7),
        allowed=st.one_of(st.just(0.0), st.floats(SLOWEST, 100.0)),
        refused_at=st.floats(0, 1e7),
    ),
    now=st.floats(0, 1e7),
    limit=st.sampled_from([None, TEN, BURSTS]),
)
def test_whatever_an_earlier_life_of_the_machine_left_nobody_waits_for_long(bucket, now, limit):
    after, verdict = take(bucket, limit, now=now)
    assert verdict.wait <= MOST_BLOCKED
    if isinstance(verdict, Refusal):
        interval = verdict.interval
        at = now + MOST_BLOCKED + 6 * interval + 1e-3
        assert isinstance(take(after, limit, now=at)[1], Grant)
    assert slowed(bucket, limit, now=now, sent_at=now).refused_at == now


# --- how long films take --------------------------------------------------------------------------------


@given(st.lists(st.floats(0.1, 100_000.0), min_size=1, max_size=300), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantile_is_right_to_half_a_class(times, share):
    learned = Durations()
    for seconds in times:
        learned = learned.with_one(seconds)
    exact = sorted(times)[max(math.ceil(share * len(times)) - 1, 0)]
    assert learned.quantile(share) == pytest.approx(exact, rel=0.05)
    assert Durations.of(str(learned)).quantile(share) == learned.quantile(share)


def test_too_few_say_nothing():
    learned = Durations().with_one(100.0)
    assert Durations().quantile(0.1) is None
    assert (learned.quantile(0.1, least=2), learned.with_one(100.0).quantile(0.1, least=2)) == (
        None,
        pytest.approx(100.0, rel=0.05),
    )


def test_a_model_that_became_faster_is_believed_in_time():
    learned = Durations()
    for _ in range(2_000):
        learned = learned.with_one(300.0)
    for _ in range(120):
        learned = learned.with_one(100.0)
    assert learned.quantile(0.1) == pytest.approx(100.0, rel=0.05)
    assert len(str(learned)) < 60


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1.0])
def test_what_is_no_duration_teaches_nothing(seconds):
    assert Durations().with_one(seconds) == Durations()


@pytest.mark.parametrize("text", ["", "x", "1:", "1:nan 2:1", "1:inf", "{}"])
def test_a_damaged_row_has_taught_nothing(text):
    assert Durations.of(text).total == 0
