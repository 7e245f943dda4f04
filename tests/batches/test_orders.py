"""What makes two requests the same: the key under which one is paid only once."""

from decimal import Decimal
from pathlib import Path

import pytest
from polyreel.errors import InvalidRequest
from polyreel.orders import Orders

BOAT = {"prompt": "a boat", "model": "acme/one", "duration": 4}


def keys(*requests, name="shots", defaults=None):
    orders = Orders(defaults=defaults or {}, name=name)
    taken = [orders.take(request) for request in requests]
    for order in taken:
        order.check()
    return [order.key(0) for order in taken]


def test_the_same_request_under_the_same_name_has_the_same_key():
    assert keys(BOAT) == keys(dict(reversed(BOAT.items())))


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "a boat."},
        {"model": "acme/two"},
        {"duration": 8},
        {"duration": "4"},
        {"seed": 1},
        {"native": {"x": 1}},
        {"fit": "pad"},
        {"input_image": b"1"},
        {"input_image": Path("a.png")},
    ],
)
def test_another_request_has_another_key(other):
    assert keys(BOAT) != keys({**BOAT, **other})


@pytest.mark.parametrize(
    "carriage",
    [
        {"output": "boat.mp4"},
        {"folder": Path("films")},
        {"overwrite": True},
        {"project": "one"},
        {"max_cost": Decimal(1)},
        {"fallback": ["acme/two"]},
        {"on_unknown": "fail"},
        {"seed": None},
    ],
)
def test_how_it_is_carried_out_does_not_change_the_key(carriage):
    assert keys(BOAT) == keys({**BOAT, **carriage})


def test_another_name_is_another_batch():
    assert keys(BOAT) != keys(BOAT, name="more")


def test_an_alias_is_the_same_request():
    assert keys(BOAT) == keys({"prompt": "a boat", "model": "acme/one", "seconds": 4})


def test_a_default_counts_like_what_is_written():
    assert keys(BOAT) == keys({"prompt": "a boat"}, defaults={"model": "acme/one", "duration": 4})


def test_what_is_written_wins_over_a_default_and_none_takes_it_away():
    orders = Orders(defaults={"model": "acme/one", "seed": 1, "duration": 8})
    order = orders.take({"prompt": "a", "seed": None, "duration": 4})
    assert {name: order.arguments.get(name) for name in ("seed", "duration")} == {"seed": None, "duration": 4}


def test_a_request_that_stands_twice_is_meant_twice():
    first, other, second = keys(BOAT, {**BOAT, "duration": 8}, BOAT)
    assert len({first, other, second}) == 3
    assert keys(BOAT, BOAT) == [first, second]


def test_another_picture_under_the_same_path_is_another_request():
    order = Orders(name="shots").take({**BOAT, "input_image": "a.png"})
    assert order.key(0, ["digest of one"]) != order.key(0, ["digest of another"])


def test_the_callers_own_key_is_the_key():
    order = Orders(name="shots").take({**BOAT, "idempotency_key": "order 7"})
    assert order.own_key == "order 7"
    assert order.is_named


def test_without_a_name_nothing_is_recognised():
    assert not Orders().take(BOAT).is_named


def test_a_prompt_alone_is_a_request():
    order = Orders(defaults={"model": "acme/one"}).take("a boat")
    assert (order.prompt, order.model, order.index) == ("a boat", "acme/one", 0)


@pytest.mark.parametrize(
    ("request_", "parameter"),
    [
        (7, "requests"),
        (None, "requests"),
        ({1: "a"}, "requests"),
        ({"model": "acme/one"}, "prompt"),
        ({"prompt": "a"}, "model"),
        ({"prompt": "", "model": "acme/one"}, "prompt"),
        ({**BOAT, "timeout": 5}, "timeout"),
        ({**BOAT, "on_progress": print}, "on_progress"),
        ({**BOAT, "on_timeout": "cancel"}, "on_timeout"),
        ({**BOAT, "input_image": object()}, "requests"),
    ],
)
def test_what_is_no_request_is_refused_when_its_turn_comes(request_, parameter):
    order = Orders(name="shots").take(request_)
    with pytest.raises(InvalidRequest) as refused:
        order.check()
    assert [problem.parameter for problem in refused.value.problems] == [parameter]
