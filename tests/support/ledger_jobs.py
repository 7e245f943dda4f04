"""Jobs with a price, what happens to them, and what the books say then."""

from decimal import Decimal

from polyreel.audits import audit
from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Failure, Job, Phase

NOON = 1_795_521_600.0  # 2026-11-24, 12:00 UTC


def price(amount, currency="USD"):
    return Estimate(amount=None if amount is None else Decimal(amount), currency=currency)


def bill(amount, *, billed=True, basis="estimate", currency="USD"):
    return Cost(
        amount=None if amount is None else Decimal(amount), billed=billed, basis=basis, currency=currency
    )


def priced(name="job_1", estimate="0.40", **facts):
    """Return a job that was just made."""
    given = {
        "provider": "acme",
        "model": "acme/one",
        "prompt": "A boat",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job(id=name, **(given | {"estimate": price(estimate)} | facts))


def failed(billed):
    return {"phase": Phase.FAILED, "failure": Failure(message="no", billed=billed)}


def moved(store, name="job_1", **changes):
    """Write a change of a job, as a step would."""
    job = store.get(name)
    after = job.model_copy(update={"version": job.version + 1, "updated_at": job.updated_at + 1, **changes})
    store.save(after, expected=job.version)
    return after


def balances(store):
    """What stands on each account that is not empty, in words."""
    rows = store.consult(lambda books: books.balances())
    found = {}
    for row in rows:
        if row.units:
            found[row.account] = ", ".join(filter(None, (found.get(row.account), str(row.sum))))
    return found


def sums(store, scope="total"):
    found = store.consult(lambda books: books.sums(scope))
    return {
        currency: (tally.open, tally.spent) for currency, tally in found.items() if tally.open or tally.spent
    }


def kinds(store, name="job_1"):
    """What was booked for a job, in order."""
    lines = store.consult(lambda books: list(books.lines(name)))
    return list(dict.fromkeys((line.hold, line.step, line.kind) for line in lines))


def in_order(store):
    found = store.consult(audit)
    assert found.findings == ()
    return found
