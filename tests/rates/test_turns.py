"""Who is next among those that wait for one thing: label by label."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from polyreel.jobs.turns import GRACE, Turns


def line_up(turns, **lines):
    """Let so many of each label wait."""
    for label, many in lines.items():
        for number in range(many):
            turns.ask(f"{label}{number}", label, now=0.0)


def served(turns, labels):
    """Serve all that wait, and return them in order."""
    names = []
    while (name := turns.next()) is not None:
        names.append(name)
        turns.begin(name, labels(name))
    return names


def first(name):
    return name[0]


def test_labels_are_served_in_turn():
    turns = Turns()
    line_up(turns, a=4, b=1, c=2)
    assert served(turns, first) == ["a0", "b0", "c0", "a1", "c1", "a2", "a3"]
    assert turns.waiting == 0
    assert turns.next() is None


def test_one_that_comes_late_waits_for_one_of_each_label_and_not_for_all():
    turns = Turns()
    line_up(turns, a=10_000)
    turns.begin(turns.next(), "a")
    assert turns.ask("b0", "b", now=0.0) == 1
    assert served(turns, first)[:3] == ["a1", "b0", "a2"]


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 6), min_size=1))
def test_how_many_go_before_is_what_comes_true(lines):
    turns = Turns()
    line_up(turns, **lines)
    told = {
        f"{label}{number}": turns.ask(f"{label}{number}", label, now=0.0)
        for label, many in lines.items()
        for number in range(many)
    }
    order = served(turns, first)
    assert told == {name: place for place, name in enumerate(order)}


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 30), min_size=2))
def test_while_both_wait_no_label_gets_two_more_than_another(lines):
    turns = Turns()
    line_up(turns, **lines)
    counts = Counter()
    for name in served(turns, first):
        counts[first(name)] += 1
        waiting = [counts[label] for label, many in lines.items() if counts[label] < many]
        assert not waiting or max(waiting) - min(waiting) <= 1


def test_a_label_with_as_many_in_flight_as_it_may_is_passed_over():
    turns = Turns(most=2)
    line_up(turns, a=3, b=2)
    for name in ("a0", "b0", "a1"):
        assert turns.next() == name
        turns.begin(name, first(name))
    assert turns.ask("a2", "a", now=0.0) is None
    assert turns.ask("b1", "b", now=0.0) == 0
    turns.begin("b1", "b")
    assert turns.next() is None
    turns.end("a0", "a")
    assert turns.ask("a2", "a", now=0.0) == 0


def test_one_that_does_not_come_back_holds_nobody_up_for_long():
    turns = Turns()
    turns.ask("a0", "a", now=0.0)
    turns.back_at("a0", "a", at=6.0)
    assert turns.ask("b0", "b", now=6.0) == 1
    assert turns.ask("b0", "b", now=6.0 + GRACE) == 1
    assert turns.ask("b0", "b", now=6.1 + GRACE) == 0
    # It may come all the same, behind the others.
    assert turns.ask("a0", "a", now=6.1 + GRACE) == 1


def test_what_is_over_or_given_up_leaves_nothing_behind():
    turns = Turns(most=1)
    line_up(turns, a=2)
    turns.begin("a0", "a")
    turns.end("a0", "a")
    turns.end("a1", "a")
    turns.end("a1", "a")
    turns.end("z", "z")
    assert turns._lines == {}


def test_without_a_most_nothing_is_kept_of_what_is_served():
    turns = Turns()
    line_up(turns, a=2)
    served(turns, first)
    assert turns._lines == {}
