from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.errors import BudgetExceeded
from polyreel.pricing import check_budget, estimate
from polyreel.types.cost import Estimate

PRICE = {
    "currency": "EUR",
    "as_of": "2026-01-02",
    "rules": [
        {
            "when": {"required": ["resolution"], "properties": {"resolution": {"const": "1080p"}}},
            "per": "second",
            "amount": "0.70",
        },
        {
            "when": {"required": ["generate_audio"], "properties": {"generate_audio": {"const": False}}},
            "per": "video",
            "amount": "1.5",
        },
        {"when": {"required": ["acme_shots"]}, "per": "item", "of": "acme_shots", "amount": "0.48"},
        {"when": {"required": ["video"]}, "unknown": "the length of the source is not known"},
        {"per": "second", "amount": "0.10"},
    ],
}


@pytest.fixture
def priced(make_model):
    return make_model("priced", {}, **{"x-price": PRICE})


@pytest.mark.parametrize(
    ("values", "amount", "rule"),
    [
        ({"duration": 4}, "0.40", "4 s x 0.10 EUR per second"),
        ({"duration": 4, "n": 3}, "1.20", "12 s x 0.10 EUR per second"),
        ({"duration": 4.5}, "0.450", "4.5 s x 0.10 EUR per second"),
        ({"duration": 4, "resolution": "1080p"}, "2.80", "4 s x 0.70 EUR per second"),
        (
            {"duration": 4, "resolution": "1080p", "generate_audio": False},
            "2.80",
            "4 s x 0.70 EUR per second",
        ),
        ({"duration": 4, "generate_audio": False}, "1.5", "1 film x 1.5 EUR per video"),
        ({"generate_audio": False, "n": 2}, "3.0", "2 films x 1.5 EUR per video"),
        ({"acme_shots": [{}, {}, {}]}, "1.44", "3 acme_shots x 0.48 EUR per item"),
        ({"acme_shots": [{}], "n": 2}, "0.96", "2 acme_shots x 0.48 EUR per item"),
    ],
)
def test_the_first_rule_that_accepts_the_request_counts(priced, values, amount, rule):
    estimated = estimate(priced, {"prompt": "a boat", **values})
    assert str(estimated.amount) == amount
    assert (estimated.rule, estimated.currency, estimated.as_of) == (rule, "EUR", "2026-01-02")


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({}, "the price goes by the second, and no duration was given"),
        ({"video": 1, "duration": 4}, "the length of the source is not known"),
        ({"duration": "long"}, "the duration is no number of seconds"),
        ({"duration": True}, "the duration is no number of seconds"),
        ({"duration": float("nan")}, "the duration is no number of seconds"),
        ({"duration": float("inf")}, "the duration is no number of seconds"),
        ({"duration": 4, "n": "two"}, "the number of films is no number"),
    ],
)
def test_what_is_not_known_is_none_and_never_zero(priced, values, rule):
    estimated = estimate(priced, values)
    assert (estimated.amount, estimated.rule) == (None, rule)
    assert (estimated.currency, estimated.as_of) == ("EUR", "2026-01-02")


def test_a_model_without_a_price(plain):
    estimated = estimate(plain, {"duration": 4})
    assert (estimated.amount, estimated.rule) == (None, "acme/plain has no known price")


def test_a_request_that_no_rule_fits(make_model):
    price = {**PRICE, "rules": PRICE["rules"][:1]}
    estimated = estimate(make_model("partly", {}, **{"x-price": price}), {"duration": 4})
    assert (estimated.amount, estimated.rule, estimated.currency) == (None, "no price rule fits", "EUR")


@given(st.integers(1, 600), st.integers(1, 10), st.integers(1, 99_999))
def test_money_is_exact(seconds, n, cents):
    from polyreel.documents.document import ModelDocument

    amount = f"0.{cents:05d}"
    price = {"currency": "USD", "as_of": "2026-01-02", "rules": [{"per": "second", "amount": amount}]}
    document = ModelDocument(json={"x-price": price, "x-model": {"provider": "a", "native_id": "b"}})
    estimated = estimate(document, {"duration": seconds, "n": n})
    assert estimated.amount * 100_000 == seconds * n * cents


def test_ten_cents_three_times_are_thirty(make_model):
    price = {**PRICE, "rules": [{"per": "second", "amount": "0.1"}]}
    estimated = estimate(make_model("dime", {}, **{"x-price": price}), {"duration": 3})
    assert estimated.amount == Decimal("0.3")


@pytest.mark.parametrize("limit", [None, "0.40", "0.41", "100"])
def test_a_request_within_the_budget_passes(limit):
    check_budget(Estimate(amount=Decimal("0.40")), None if limit is None else Decimal(limit))


def test_an_unknown_price_passes_without_a_limit():
    check_budget(Estimate(amount=None), None)


@pytest.mark.parametrize("limit", ["0.39999", "0"])
def test_a_request_above_the_budget_is_refused(limit):
    estimated = Estimate(amount=Decimal("0.40"), rule="4 s x 0.10 USD per second")
    with pytest.raises(BudgetExceeded) as caught:
        check_budget(estimated, Decimal(limit))
    assert str(caught.value).startswith(
        f"it costs 0.40 USD (4 s x 0.10 USD per second), more than the allowed {limit}; "
    )
    assert caught.value.estimate is estimated


@pytest.mark.parametrize("limit", ["0", "1000000"])
def test_an_unknown_price_keeps_no_budget(limit):
    with pytest.raises(BudgetExceeded, match="the price is not known") as caught:
        check_budget(Estimate(amount=None, currency="EUR", rule="nobody said"), Decimal(limit))
    assert f"(nobody said), so a limit of {limit} EUR cannot be kept" in str(caught.value)
    assert caught.value.estimate.amount is None
