"""What happens to a job, and what the books say then: the same in memory and in a file."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_jobs import NOON, balances, bill, failed, in_order, kinds, moved, price, priced, sums
from polyreel.errors import StorageFailed
from polyreel.ledger import MICRO, Sum, bookings, opening, overrun
from polyreel.spending import summed
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.types.job import Failure, Phase

DOUBT = {"phase": Phase.UNKNOWN, "cost": bill("0.40", billed=None)}
MADE = {"phase": Phase.RENDERED, "cost": bill("0.40")}
RUNNING = {"phase": Phase.RUNNING}
HELD = {"wallet": "-0.40 USD", "held": "0.40 USD"}
AT_RISK = {"wallet": "-0.40 USD", "at-risk": "0.40 USD"}
SPENT = {"wallet": "-0.40 USD", "spent/acme": "0.40 USD"}

LIVES = {
    "just made": ([], HELD, ["hold"]),
    "on its way": ([{"phase": Phase.SUBMITTING}, {"phase": Phase.ACCEPTED}, RUNNING], HELD, ["hold"]),
    "sent again, since nothing was sent": (
        [{"phase": Phase.SUBMITTING}, {"phase": Phase.CREATED}],
        HELD,
        ["hold"],
    ),
    "made and fetched": ([RUNNING, MADE, {"phase": Phase.STORED}], SPENT, ["hold", "capture"]),
    "made for less": (
        [MADE | {"cost": bill("0.30", basis="vendor")}],
        {"wallet": "-0.30 USD", "spent/acme": "0.30 USD"},
        ["hold", "capture"],
    ),
    "made for more": (
        [MADE | {"cost": bill("0.55", basis="vendor")}],
        {"wallet": "-0.55 USD", "spent/acme": "0.40 USD", "overrun/acme": "0.15 USD"},
        ["hold", "capture", "overrun"],
    ),
    "made, and the bill came later": (
        [MADE, {"phase": Phase.STORED, "cost": bill("0.25", basis="vendor")}],
        {"wallet": "-0.25 USD", "spent/acme": "0.25 USD"},
        ["hold", "capture", "adjust"],
    ),
    "made, and a dearer bill came later": (
        [MADE | {"cost": bill("0.10")}, {"cost": bill("0.70", basis="vendor")}],
        {"wallet": "-0.70 USD", "spent/acme": "0.40 USD", "overrun/acme": "0.30 USD"},
        ["hold", "capture", "adjust", "overrun"],
    ),
    "two bills, both beyond the estimate": (
        [MADE | {"cost": bill(amount, basis="vendor")} for amount in ("0.70", "0.50")],
        {"wallet": "-0.50 USD", "spent/acme": "0.40 USD", "overrun/acme": "0.10 USD"},
        ["hold", "capture", "overrun", "adjust"],
    ),
    "made for an unknown price": (
        [MADE | {"cost": bill(None)}],
        {"wallet": "-1 job of unknown price", "spent/acme": "1 job of unknown price"},
        ["hold", "capture"],
    ),
    "billed in another currency": (
        [MADE | {"cost": bill("0.90", basis="vendor", currency="EUR")}],
        {"wallet": "-0.90 EUR", "spent/acme": "0.90 EUR"},
        ["hold", "capture"],
    ),
    "failed and not billed": (
        [RUNNING, failed(billed=False) | {"cost": bill("0", billed=False)}],
        {},
        ["hold", "release"],
    ),
    "failed and billed": ([failed(billed=True) | {"cost": bill("0.40")}], SPENT, ["hold", "capture"]),
    "failed, and nobody knows": (
        [failed(billed=None) | {"cost": bill("0.40", billed=None)}],
        AT_RISK,
        ["hold", "doubt"],
    ),
    "cancelled and not billed": (
        [{"phase": Phase.CANCELLED, "cost": bill("0", billed=False)}],
        {},
        ["hold", "release"],
    ),
    "cancelled and billed": ([{"phase": Phase.CANCELLED, "cost": bill("0.40")}], SPENT, ["hold", "capture"]),
    "unknown": ([DOUBT], AT_RISK, ["hold", "doubt"]),
    "unknown, whatever its bill says": (
        [{"phase": Phase.UNKNOWN, "cost": bill("0", billed=False)}],
        AT_RISK,
        ["hold", "doubt"],
    ),
    "unknown and found": (
        [DOUBT, {"phase": Phase.ACCEPTED, "cost": None}],
        HELD,
        ["hold", "doubt", "found"],
    ),
    "unknown and given up, not billed": (
        [DOUBT, failed(billed=False) | {"cost": bill("0", billed=False)}],
        {},
        ["hold", "doubt", "release"],
    ),
    "unknown, and the film was there": ([DOUBT, MADE], SPENT, ["hold", "doubt", "capture"]),
    "expired and billed": (
        [MADE, {"phase": Phase.EXPIRED, "failure": Failure(kind="expired", message="gone", billed=True)}],
        SPENT,
        ["hold", "capture"],
    ),
    "expired, then there after all": (
        [
            {"phase": Phase.EXPIRED, "cost": bill("0", billed=False)},
            {"phase": Phase.RUNNING, "cost": None},
            MADE,
        ],
        SPENT,
        ["hold", "release", "hold", "capture"],
    ),
    "billed, then refunded": (
        [
            {"phase": Phase.EXPIRED, "cost": bill("0.40")},
            failed(billed=False) | {"cost": bill("0", billed=False)},
        ],
        {},
        ["hold", "capture", "refund"],
    ),
    "unknown and sent again": (
        [DOUBT, {"phase": Phase.CREATED, "cost": None}, {"phase": Phase.SUBMITTING}],
        {"wallet": "-0.80 USD", "at-risk": "0.40 USD", "held": "0.40 USD"},
        ["hold", "doubt", "hold"],
    ),
    "sent again, and made": (
        [DOUBT, {"phase": Phase.CREATED, "cost": None}, RUNNING, MADE],
        {"wallet": "-0.80 USD", "at-risk": "0.40 USD", "spent/acme": "0.40 USD"},
        ["hold", "doubt", "hold", "capture"],
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_the_books_follow_a_job(life, store):
    changes, stands, booked = LIVES[life]
    store.add(priced())
    for change in changes:
        moved(store, **change)
        in_order(store)
    assert balances(store) == stands
    assert [kind for *_, kind in kinds(store)] == booked


@pytest.mark.parametrize("life", LIVES)
def test_a_simulated_job_is_booked_apart_and_at_its_estimate(life, store):
    changes, _, _ = LIVES[life]
    store.add(priced(simulated=True))
    for change in changes:
        cost = bill("0", billed=False, basis="simulated") if change.get("cost") else None
        moved(store, **(change | {"cost": cost}))
        in_order(store)
    assert all(account.startswith("simulated/") for account in balances(store))
    assert sums(store) == {}


def test_a_simulated_film_is_charged_its_estimate_without_money(store):
    store.add(priced(simulated=True, project="spots"))
    moved(store, phase=Phase.RENDERED, cost=bill("0", billed=False, basis="simulated"))
    assert balances(store) == {"simulated/wallet": "-0.40 USD", "simulated/spent/acme": "0.40 USD"}
    assert sums(store, "simulated/project/spots") == {"USD": (0, 400_000)}
    assert sums(store, "project/spots") == {}


@pytest.mark.parametrize("life", LIVES)
def test_what_is_booked_is_not_booked_again(life, store):
    """Every write may come twice: a step that is repeated, a record that is saved for another reason."""
    changes, stands, booked = LIVES[life]
    store.add(priced())
    for change in changes:
        for _ in range(3):
            moved(store, **change)
    assert balances(store) == stands
    assert [kind for *_, kind in kinds(store)] == booked


@pytest.mark.parametrize("life", LIVES)
def test_a_job_that_is_older_than_the_books_is_opened_as_it_is(life):
    """The books say of its last hold what they would have said if they had followed its whole life."""
    changes, _, _ = LIVES[life]
    job = priced()
    holds = {hold.hold.number: hold.hold for hold in bookings(job, ())}
    for change in changes:
        job = job.model_copy(update=change)
        holds |= {each.hold.number: each.hold for each in bookings(job, tuple(holds.values()))}
    opened = opening(job)[-1]
    last = holds[max(holds)]
    if "refund" not in LIVES[life][2]:
        assert opened.hold.balances == last.balances
    assert sum(posting.units for posting in opened.postings) == 0
    assert bookings(job, (opened.hold,)) == ()


def test_a_price_that_nobody_knows_is_held_and_is_not_zero(store):
    store.add(priced("job_1", estimate=None))
    store.add(priced("job_2", estimate="0"))
    store.add(priced("job_3").model_copy(update={"estimate": None}))
    assert balances(store) == {"wallet": "-2 jobs of unknown price", "held": "2 jobs of unknown price"}
    assert sums(store) == {"unpriced": (2, 0)}
    moved(store, phase=Phase.RENDERED, cost=bill("0.12", basis="vendor"))
    assert balances(store) == {
        "wallet": "-0.12 USD, -1 job of unknown price",
        "held": "1 job of unknown price",
        "spent/acme": "0.12 USD",
    }
    assert sums(store) == {"unpriced": (1, 0), "USD": (0, 120_000)}
    assert kinds(store, "job_2") == [(1, 1, "hold")]
    in_order(store)


def test_sums_are_kept_by_day_and_project(store):
    store.add(priced("job_1", project="spots"))
    store.add(priced("job_2", created_at=NOON + 86_400))
    moved(store, "job_2", **MADE)
    assert sums(store) == {"USD": (400_000, 400_000)}
    assert sums(store, "day/2026-11-24") == {"USD": (400_000, 0)}
    assert sums(store, "day/2026-11-25") == {"USD": (0, 400_000)}
    assert sums(store, "project/spots") == {"USD": (400_000, 0)}
    assert sums(store, "project/none") == {}


def test_what_an_earlier_request_may_have_cost_is_an_expense(store):
    for name in ("job_1", "job_2", "job_3", "job_4"):
        store.add(priced(name, simulated=name == "job_4"))
        moved(store, name, **DOUBT)
    for name in ("job_1", "job_1", "job_3", "job_4"):
        moved(store, name, phase=Phase.CREATED, cost=None)
        if name != "job_3":
            moved(store, name, **DOUBT)
    expenses = [(each.job_id, each.kind) for each in store.expenses()]
    assert expenses[:4] == [("job_1", "open")] * 3 + [("job_2", "open")]
    assert expenses[4:] == [("job_3", "open"), ("job_3", "open"), ("job_4", "simulated")]
    (total,) = summed(store.expenses(), None)
    assert (total.jobs, total.open, total.simulated) == (3, Decimal("2.40"), 1)


def test_what_is_obscure_in_a_currency_is_named(store):
    store.add(priced("job_1"))
    store.add(priced("job_2", estimate=None, project="spots"))
    store.add(priced("job_3").model_copy(update={"estimate": price("1", "EUR")}))
    store.add(priced("job_4", estimate=None))
    moved(store, "job_4", **failed(billed=False), cost=bill("0", billed=False))
    store.add(priced("job_5", estimate=None, simulated=True))
    obscure = lambda scope, currency: store.consult(lambda books: list(books.obscure(scope, currency)))  # noqa: E731
    assert obscure("total", "USD") == ["job_2", "job_3"]
    assert obscure("total", "EUR") == ["job_1", "job_2"]
    assert obscure("project/spots", "USD") == ["job_2"]
    assert obscure("day/2026-11-24", "USD") == ["job_2", "job_3"]
    assert obscure("day/2026-11-25", "USD") == []


def test_what_is_not_written_is_not_booked(store):
    def refuse(_):
        raise StorageFailed("no")

    with pytest.raises(StorageFailed):
        store.add(priced(), guard=refuse)
    assert balances(store) == {}
    store.add(priced())
    with pytest.raises(StorageFailed):
        store.add(priced())
    with pytest.raises(ConcurrentWrite):
        store.save(priced(**MADE), expected=7)
    assert balances(store) == HELD
    in_order(store)


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        ("0", 0),
        ("0.4", 400_000),
        ("0.0000001", 1),
        ("0.1234565", 123_457),
        ("0.1234561", 123_457),
        ("1E+9", 10**15),
        (f"0.{'3' * 90}", 333_334),
        (f"0.000001{'0' * 70}1", 2),
    ],
)
def test_a_part_of_a_micro_unit_counts_as_a_whole_one(amount, units):
    with decimal.localcontext(decimal.Context(prec=3)):  # whatever the caller's own says
        assert Sum.of(Decimal(amount), "USD") == Sum(units=units, currency="USD")


@pytest.mark.parametrize(
    "amount", [None, "-0.01", "NaN", "Infinity", "-Infinity", "1000000000.000001", "1E+400"]
)
def test_what_no_price_can_be_is_taken_as_unknown(amount):
    assert str(Sum.of(amount and Decimal(amount), "USD")) == "1 job of unknown price"


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_micro_units_are_exact(amount):
    made = Sum.of(amount, "USD")
    assert Decimal(made.units) == amount * MICRO
    assert made.amount == amount
    assert -2 >= made.amount.as_tuple().exponent >= -6


@given(st.decimals(min_value=0, max_value=1000), st.decimals(min_value=0, max_value=1000))
def test_rounding_keeps_the_order_of_prices(one, other):
    low, high = sorted((one, other))
    assert Sum.of(low, "USD").units <= Sum.of(high, "USD").units
    assert 0 <= Sum.of(low, "USD").units - low * MICRO < 1


def test_an_absurd_bill_keeps_no_film_from_being_recorded(store):
    store.add(priced())
    moved(store, phase=Phase.RENDERED, cost=bill("1E+300", basis="vendor"))
    assert balances(store) == {"wallet": "-1 job of unknown price", "spent/acme": "1 job of unknown price"}
    assert store.get("job_1").cost.amount == Decimal("1E+300")
    in_order(store)


def test_a_charge_beyond_the_estimate_is_told():
    job = priced(**MADE)
    assert overrun(job) is None
    told = overrun(job.model_copy(update={"cost": bill("0.55", basis="vendor")}))
    assert str(told) == "cost: acme charged 0.55 USD, and the estimate was 0.40 USD"
    assert overrun(job.model_copy(update={"cost": bill("0.55", basis="vendor", currency="EUR")})) is None
    assert overrun(priced(phase=Phase.RUNNING)) is None


def test_what_the_books_refuse_is_logged_and_the_record_is_written_all_the_same(file, caplog):
    file.add(priced())
    file._connection.execute("UPDATE balance SET units = 9223372036854775000 WHERE account = 'held'")
    file._connection.execute(
        "CREATE TRIGGER no BEFORE UPDATE ON balance BEGIN SELECT RAISE(ABORT, 'out of order'); END"
    )
    moved(file, **DOUBT)
    assert file.get("job_1").phase is Phase.UNKNOWN
    assert "job_1: doubt could not be booked: out of order" in caplog.text
    assert kinds(file) == [(1, 1, "hold")]
    file._connection.execute("DROP TRIGGER no")
    file._connection.execute("UPDATE balance SET units = 400000 WHERE account = 'held'")
    moved(file, message="another write")
    assert kinds(file) == [(1, 1, "hold"), (1, 2, "doubt")]
    in_order(file)


def test_what_the_books_refuse_is_not_added(file):
    file.find()
    file._connection.execute(
        "CREATE TRIGGER no BEFORE INSERT ON hold BEGIN SELECT RAISE(ABORT, 'out of order'); END"
    )
    with pytest.raises(StorageFailed, match="out of order"):
        file.add(priced())
    assert file.get("job_1") is None
