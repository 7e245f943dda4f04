from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.documents.lifecycle import Lifecycle, Standing

END = date(2026, 9, 24)


@pytest.mark.parametrize(
    ("announced", "today", "standing", "left"),
    [
        (None, date(2026, 6, 25), Standing.LIVING, 91),
        (None, date(2026, 6, 26), Standing.ENDING, 90),
        (None, date(2026, 9, 23), Standing.ENDING, 1),
        (None, date(2026, 9, 24), Standing.RETIRED, 0),
        (None, date(2027, 1, 1), Standing.RETIRED, -99),
        (date(2026, 3, 24), date(2026, 3, 23), Standing.LIVING, 185),
        (date(2026, 3, 24), date(2026, 3, 24), Standing.ENDING, 184),
        (date(2026, 3, 24), date(2026, 9, 24), Standing.RETIRED, 0),
    ],
)
def test_a_model_turns_by_date_alone(announced, today, standing, left):
    lifecycle = Lifecycle(stage="ga", deprecated_on=announced, retires_on=END)
    assert lifecycle.standing(today) is standing
    assert lifecycle.days_left(today) == left


@pytest.mark.parametrize("stage", ["preview", "ga", "deprecated", "retired"])
def test_the_vendors_word_alone_changes_nothing(stage):
    lifecycle = Lifecycle(stage=stage, deprecated_on=date(2026, 1, 1))
    assert lifecycle.standing(date(2030, 1, 1)) is Standing.LIVING
    assert lifecycle.days_left(date(2030, 1, 1)) is None


@given(st.dates(), st.none() | st.dates(), st.dates())
def test_a_model_never_comes_back(end, announced, today):
    lifecycle = Lifecycle(stage="ga", deprecated_on=announced, retires_on=end)
    order = [Standing.LIVING, Standing.ENDING, Standing.RETIRED]
    later = today + timedelta(days=1) if today < date.max else today
    assert order.index(lifecycle.standing(today)) <= order.index(lifecycle.standing(later))
    assert (lifecycle.days_left(today) <= 0) == (lifecycle.standing(today) is Standing.RETIRED)


def test_the_vendors_own_advice_comes_first():
    both = Lifecycle(stage="ga", replaced_by=("a/next",), alternatives=("b/other",))
    assert both.advice == ("a/next",)
    assert Lifecycle(stage="ga", alternatives=("b/other",)).advice == ("b/other",)
    assert Lifecycle(stage="ga").advice == ()
