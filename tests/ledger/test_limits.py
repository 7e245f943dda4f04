"""Limits by project, and prices that somebody must agree to first: as a client keeps them.

The jobs of these houses count as real. Acme takes 0.05 USD a second: 0.20 USD for a film of four seconds.
"""

from decimal import Decimal

import pytest
from acme.house import House
from acme.plugin import DOCUMENT, Acme, Cancels, another
from ledger_jobs import balances, in_order, kinds, sums
from polyreel import Budget
from polyreel.errors import BudgetExceeded, ConfigurationError, JobUncertain
from polyreel.simulation.faults import Fault

MODEL, PROMPT = "acme/one", "A paper boat"


class Market(Acme, Cancels):
    """Models at other prices: nobody knows one, one is priced in another currency."""

    documents = (
        DOCUMENT,
        {
            **another("secret"),
            "x-price": DOCUMENT["x-price"] | {"rules": [{"unknown": "acme keeps it a secret"}]},
        },
        {**another("euro"), "x-price": DOCUMENT["x-price"] | {"currency": "EUR"}},
        {**another("dear"), "x-price": DOCUMENT["x-price"] | {"rules": [{"per": "video", "amount": "0.90"}]}},
    )


@pytest.fixture
def market(tmp_path):
    def made(budget=None, **facts):
        return House(tmp_path / "home", provider=Market(), real=True, budget=budget, **facts)

    return made


def refused(client, **given):
    with pytest.raises(BudgetExceeded) as caught:
        client.submit(PROMPT, **({"model": MODEL} | given))
    return caught.value


def test_a_project_has_a_limit_of_its_own(market):
    house = market(Budget(per_project={"spots": "0.50"}))
    with house.client() as client:
        client.submit(PROMPT, model=MODEL, duration=8, project="spots")
        error = refused(client, project="spots")
        assert (error.budget, error.limit, error.spent) == ("per_project", Decimal("0.50"), Decimal("0.40"))
        assert "the budget per_project of 0.50 USD" in str(error)
        assert "0.40 USD are spent for 'spots', 0.40 of it for jobs that are not settled yet." in str(error)
        client.submit(PROMPT, model=MODEL, duration=2, project="spots")
        client.submit(PROMPT, model=MODEL, duration=8, project="others")
        client.submit(PROMPT, model=MODEL, duration=8)
    assert house.paid == 4
    in_order(house.store)


def test_a_project_is_limited_for_ever_and_in_its_currency(market):
    house = market(Budget(per_project={"spots": "0.50"}))
    with house.client() as client:
        client.generate(PROMPT, model=MODEL, duration=8, project="spots")
        house.clock.advance(400 * 86_400)
        assert refused(client, project="spots").budget == "per_project"
        assert refused(client, model="acme/secret", project="spots").budget == "per_project"
        assert "is in USD" in str(refused(client, model="acme/euro", project="spots"))
        client.submit(PROMPT, model="acme/secret", project="others")


def test_what_a_project_spent_for_an_unknown_price_closes_it_alone(market):
    house = market()
    with house.client() as client:
        job = client.submit(PROMPT, model="acme/secret", project="spots")
    house.budget = Budget(per_project={"spots": 9, "others": 9})
    with house.client() as client:
        assert job.id in str(refused(client, project="spots"))
        client.submit(PROMPT, model=MODEL, project="others")
    house.budget = Budget(per_project={"spots": 9}, unknown="allow")
    with house.client() as client:
        client.submit(PROMPT, model=MODEL, project="spots")


def test_the_project_of_the_configuration_counts(market, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text(
        'project = "spots"\n[budget.per_project]\nspots = "0.30"\n'
    )
    with market().client() as client:
        client.submit(PROMPT, model=MODEL)
        assert refused(client).budget == "per_project"
        assert not client.models(accepts={"prompt": PROMPT, "duration": 4})
        client.submit(PROMPT, model=MODEL, project="others")


def test_a_rehearsal_spends_nothing_of_a_project(market):
    house = market(Budget(per_project={"spots": "0.20"}))
    with house.client() as client:
        client.submit(PROMPT, model=MODEL, project="spots")
    house.real = False
    with house.client() as client:
        client.submit(PROMPT, model=MODEL, project="spots")


def test_limits_of_projects_are_merged_one_by_one():
    own = Budget(per_project={"spots": 1}, per_job=5)
    file = Budget(per_project={"spots": 9, "others": "2"}, ask_above=3)
    both = own.over(file)
    assert both.binding("spots") == {"per_job": Decimal(5), "per_project": Decimal(1)}
    assert both.binding("others") == {"per_job": Decimal(5), "per_project": Decimal(2)}
    assert both.binding(None) == {"per_job": Decimal(5)}
    assert both.threshold == Decimal(3)
    assert Budget(unknown="allow").over(file) == Budget(
        per_project={"spots": 9, "others": "2"}, ask_above=3, unknown="allow"
    )
    with pytest.raises(ConfigurationError, match="in USD and that of the configuration file in EUR"):
        own.over(Budget(per_project={"others": 2}, currency="EUR"))
    assert own.over(Budget(per_project={"spots": 2}, currency="EUR")) == own


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"per_project": "5"}, "per_project='5' must give an amount for each label"),
        (
            {"per_project": {"spots": "much"}},
            r"per_project\['spots'\] must be an amount of money, not 'much'",
        ),
        ({"per_project": {"": 1}}, r"per_project\[''\] must be a label"),
        ({"ask_above": -1}, "ask_above must be an amount of money, not -1"),
    ],
)
def test_what_is_no_limit_is_refused(given, told):
    with pytest.raises(ConfigurationError, match=told):
        Budget(**given)


# --- prices that somebody must agree to ---------------------------------------------------------------------------


def test_above_the_threshold_somebody_must_agree(market):
    house = market(Budget(ask_above="0.20"))
    with house.client() as client:
        client.submit(PROMPT, model=MODEL)
        error = refused(client, duration=8)
        assert (error.budget, error.limit, error.estimate.amount) == (
            "ask_above",
            Decimal("0.20"),
            Decimal("0.40"),
        )
        assert str(error) == (
            "it costs 0.40 USD (8 s x 0.05 USD per second), and above 0.20 USD (ask_above) somebody must agree first. "
            "Nothing was sent: max_cost='0.40' says that it may cost that, and approved=True sends it"
        )
        assert house.count("POST") == 1
        assert len(client.list_jobs()) == 1
        client.submit(PROMPT, model=MODEL, duration=8, max_cost="0.40")
        client.submit(PROMPT, model=MODEL, duration=8, approved=True)
    assert house.paid == 3


@pytest.mark.parametrize("model", ["acme/secret", "acme/euro"])
def test_a_price_that_cannot_be_compared_counts_as_above(model, market):
    with market(Budget(ask_above=100)).client() as client:
        error = refused(client, model=model)
        assert error.budget == "ask_above"
        assert "approved=True" in str(error)
        client.submit(PROMPT, model=model, approved=True)


async def test_the_awaited_client_refuses_too(market):
    house = market(Budget(ask_above="0.10"))
    async with house.async_client() as client:
        with pytest.raises(BudgetExceeded, match="somebody must agree first"):
            await client.generate(PROMPT, model=MODEL)
        await client.generate(PROMPT, model=MODEL, approved=True)
    assert house.paid == 1


def test_nothing_is_uploaded_for_what_nobody_agreed_to(market):
    house = market(Budget(ask_above="0.10"))
    with house.client() as client:
        refused(client)
    assert (house.count("POST"), house.count("PUT"), house.count("GET")) == (0, 0, 0)


def test_a_look_at_a_request_needs_no_agreement(market):
    with market(Budget(ask_above="0.10")).client() as client:
        assert client.check(PROMPT, model=MODEL).ok
        assert client.dry_run(PROMPT, model=MODEL).estimate.amount == Decimal("0.20")
        assert len(client.models(accepts={"prompt": PROMPT, "duration": 4})) > 0


def test_an_agreement_is_no_way_around_a_limit(market):
    with market(Budget(ask_above="0.10", per_job="0.30")).client() as client:
        assert refused(client, duration=8, approved=True).budget == "per_job"
        assert refused(client, duration=8, max_cost="0.30").budget == "max_cost"


def test_a_simulated_request_needs_no_agreement(market):
    house = market(Budget(ask_above="0.10"))
    house.real = False
    with house.client() as client:
        client.generate(PROMPT, model=MODEL)
    assert set(balances(house.store)) == {"simulated/wallet", "simulated/spent/acme"}


def test_of_a_chain_each_model_needs_agreement(market):
    house = market(Budget(ask_above="0.50"))
    house.add(Fault(kind="status", method="POST", status=422))
    with house.client() as client:
        error = refused(client, fallback=["acme/dear"])
        assert (error.budget, error.estimate.amount) == ("ask_above", Decimal("0.90"))
    assert house.paid == 0


# --- the books behind them ----------------------------------------------------------------------------------------


def test_a_real_life_is_booked(market):
    house = market()
    with house.client() as client:
        made = client.generate(PROMPT, model=MODEL, project="spots").job
        running = client.submit(PROMPT, model=MODEL, duration=8)
        stopped = client.submit(PROMPT, model=MODEL, duration=2)
        client.cancel(stopped.id)
    assert made.cost.amount == Decimal("0.20")
    assert balances(house.store) == {"wallet": "-0.60 USD", "held": "0.40 USD", "spent/acme": "0.20 USD"}
    assert sums(house.store) == {"USD": (400_000, 200_000)}
    assert in_order(house.store).jobs == len({made.id, running.id, stopped.id})


def test_what_nobody_knows_stays_at_risk(market):
    house = market()
    house.add(Fault(kind="drop_after", method="POST"))
    with house.client() as client, pytest.raises(JobUncertain):
        client.submit(PROMPT, model=MODEL)
    assert balances(house.store) == {"wallet": "-0.20 USD", "at-risk": "0.20 USD"}
    house.budget = Budget(total="0.30")
    with house.client() as client:
        assert refused(client).spent == Decimal("0.20")
    in_order(house.store)


def test_what_is_sent_again_is_held_twice(market):
    house = market()
    house.add(Fault(kind="drop_after", method="POST"))
    with house.client() as client:
        job = client.generate(PROMPT, model=MODEL, on_unknown="resubmit").job
        (total,) = client.costs(by=None)
    assert house.paid == 2
    assert [kind for _, _, kind in kinds(house.store, job.id)] == ["hold", "doubt", "hold", "capture"]
    assert (total.jobs, total.estimated, total.open) == (1, Decimal("0.20"), Decimal("0.20"))
    assert balances(house.store) == {"wallet": "-0.40 USD", "at-risk": "0.20 USD", "spent/acme": "0.20 USD"}
    assert in_order(house.store).warnings == (
        f"{job.id}: 0.20 USD are at risk: nobody knows whether acme charged request 1",
    )
