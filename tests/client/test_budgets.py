"""What may be spent: limits that hold before anything is sent, across clients, threads and processes of one store.

The jobs of these houses count as real. Acme takes 0.05 USD a second: 0.20 USD for a film of four seconds.
"""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import acme
import pytest
from acme.house import House, acme_plugins
from acme.plugin import DOCUMENT, Acme, Cancels, Settles, another
from polyreel import Budget
from polyreel.budgets import Allowance
from polyreel.client import Client
from polyreel.errors import BudgetExceeded, ConfigurationError, ContentRefused, InvalidRequest, JobFailed
from polyreel.hookspecs import hookimpl
from polyreel.simulation.faults import Fault
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Job, Phase

MODEL = "acme/one"
PROMPT = "A paper boat"
DAY = 86_400.0


def priced(name, **price):
    return {**another(name), "x-price": DOCUMENT["x-price"] | price}


class Market(Acme, Settles, Cancels):
    """Models at other prices: nobody knows one, one is priced in another currency."""

    documents = (
        DOCUMENT,
        priced("secret", rules=[{"unknown": "acme keeps it a secret"}]),
        priced("euro", currency="EUR"),
        priced("dear", rules=[{"per": "video", "amount": "0.30"}]),
    )


@pytest.fixture
def market(tmp_path):
    """Make a house with a budget."""

    def made(budget=None, **facts):
        return House(tmp_path / "home", provider=Market(), real=True, budget=budget, **facts)

    return made


def refused(client, *, model=MODEL, **parameters):
    with pytest.raises(BudgetExceeded) as caught:
        client.generate(PROMPT, model=model, **parameters)
    return caught.value


def test_a_job_that_is_dearer_than_one_job_may_be_is_refused_before_it_is_sent(market):
    house = market(Budget(per_job="0.20"))
    with house.client() as client:
        assert client.generate(PROMPT, model=MODEL, duration=4).cost.amount == Decimal("0.20")
        error = refused(client, duration=8)
    assert (error.budget, error.limit, error.estimate.amount) == ("per_job", Decimal("0.20"), Decimal("0.40"))
    assert "the budget per_job of 0.20 USD" in str(error)
    assert house.count("POST") == house.paid == 1


def test_a_day_is_full_and_the_next_one_is_empty(market):
    house = market(Budget(per_day="0.50"))
    with house.client() as client:
        client.generate(PROMPT, model=MODEL, duration=8)
        error = refused(client, duration=4)
        assert (error.budget, error.limit, error.spent) == ("per_day", Decimal("0.50"), Decimal("0.40"))
        assert "0.40 USD are spent today (2026-01-01, UTC)." in str(error)
        assert "it costs 0.20 USD (4 s x 0.05 USD per second)" in str(error)
        client.generate(PROMPT, model=MODEL, duration=2)
        house.clock.advance(DAY)
        client.generate(PROMPT, model=MODEL, duration=8)
    assert house.paid == 3


def test_the_day_begins_at_midnight_in_utc(market):
    house = market(Budget(per_day="0.20"))
    house.clock.advance(DAY - 60)
    with house.client() as client:
        client.submit(PROMPT, model=MODEL)
        refused(client)
        house.clock.advance(59)
        refused(client)
        house.clock.advance(1)
        client.submit(PROMPT, model=MODEL)


def test_the_total_is_for_ever(market):
    house = market(Budget(total="0.50"))
    with house.client() as client:
        client.generate(PROMPT, model=MODEL, duration=8)
        house.clock.advance(100 * DAY)
        error = refused(client)
    assert (error.budget, error.spent) == ("total", Decimal("0.40"))
    assert "0.40 USD are spent in all." in str(error)


def test_the_day_and_the_total_are_counted_apart(market):
    house = market(Budget(per_day="0.40", total="0.70"))
    with house.client() as client:
        client.generate(PROMPT, model=MODEL, duration=8)
        house.clock.advance(DAY)
        client.generate(PROMPT, model=MODEL, duration=4)
        error = refused(client, duration=4)
        assert (error.budget, error.spent) == ("total", Decimal("0.60"))
        assert refused(client, duration=8).spent == Decimal("0.20")


def test_exactly_the_limit_is_allowed(market):
    with market(Budget(per_job="0.20", per_day="0.40", total="0.40")).client() as client:
        client.generate(PROMPT, model=MODEL)
        client.generate(PROMPT, model=MODEL)
        refused(client, duration=2)


def test_a_running_job_holds_its_estimate(market):
    house = market(Budget(per_day="0.50"))
    with house.client() as client:
        job = client.submit(PROMPT, model=MODEL, duration=8)
        assert job.cost is None
        assert "0.40 of it for jobs that are not settled yet" in str(refused(client))
        client.wait(job.id)
        assert "settled" not in str(refused(client))


def test_what_a_cancelled_job_held_is_free_again(market):
    house = market(Budget(per_day="0.40"))
    with house.client() as client:
        job = client.submit(PROMPT, model=MODEL, duration=8)
        refused(client, duration=2)
        client.cancel(job.id)
        client.submit(PROMPT, model=MODEL, duration=8)


def test_a_job_that_was_refused_or_failed_unbilled_costs_nothing(market):
    house = market(Budget(per_day="0.40"))
    with house.client() as client:
        house.add(Fault(kind="status", method="POST", status=422))
        with pytest.raises(ContentRefused):
            client.generate(PROMPT, model=MODEL, duration=8)
        house.script({"state": "failed", "failure": {"message": "no", "billed": False}})
        with pytest.raises(JobFailed):
            client.generate(PROMPT, model=MODEL, duration=8)
        house.script()
        client.generate(PROMPT, model=MODEL, duration=8)


def test_what_the_provider_reported_counts_and_the_estimate_stays(market):
    class Cheaper(Market):
        @hookimpl
        def settle(self, payload):
            return Cost(amount=Decimal("0.01"), billed=True, basis="vendor")

    house = market(Budget(per_day="0.41"))
    house.provider = Cheaper()
    house.plugins = acme_plugins(house.provider)
    with house.client() as client:
        job = client.generate(PROMPT, model=MODEL, duration=8).job
        assert job.cost == Cost(amount=Decimal("0.01"), billed=True, basis="vendor")
        assert job.estimate == Estimate(
            amount=Decimal("0.40"), rule="8 s x 0.05 USD per second", as_of="2025-12-01"
        )
        assert client.get_job(job.id).estimate == job.estimate
        client.generate(PROMPT, model=MODEL, duration=8)
        assert refused(client, duration=8).spent == Decimal("0.02")


@pytest.mark.parametrize("limit", ["per_job", "per_day", "total"])
def test_a_price_that_nobody_knows_is_refused_unless_that_is_allowed(limit, market):
    house = market(Budget(**{limit: 100}))
    with house.client() as client:
        error = refused(client, model="acme/secret")
        assert error.budget == limit
        assert "acme keeps it a secret" in str(error)
        assert "unknown" in str(error)
    assert house.count("POST") == 0
    house.budget = Budget(**{limit: 100}, unknown="allow")
    with house.client() as client:
        client.submit(PROMPT, model="acme/secret")


def test_what_was_spent_without_a_price_closes_the_budget_unless_that_is_allowed(market):
    house = market()
    with house.client() as client:
        job = client.submit(PROMPT, model="acme/secret")
    house.budget = Budget(per_day=100)
    with house.client() as client:
        error = refused(client)
        assert job.id in str(error)
        assert "is not known in USD" in str(error)
        house.clock.advance(DAY)
        client.submit(PROMPT, model=MODEL)
        house.clock.advance(-DAY)
    house.budget = Budget(per_day=100, unknown="allow")
    with house.client() as client:
        client.submit(PROMPT, model=MODEL)


def test_nothing_is_converted(market):
    house = market(Budget(per_day=100))
    with house.client() as client:
        error = refused(client, model="acme/euro")
        assert "it costs 0.20 EUR" in str(error)
        assert "is in USD" in str(error)
    house.budget = Budget(per_day=100, currency="EUR")
    with house.client() as client:
        client.submit(PROMPT, model="acme/euro")
        refused(client, model=MODEL)
    house.budget = Budget(per_day=100)
    with house.client() as client:
        assert "is not known in USD" in str(refused(client))


def test_without_a_budget_nothing_is_asked(market):
    house = market()
    house.store.expenses = None
    with house.client() as client:
        client.submit(PROMPT, model="acme/secret")


def test_check_and_dry_run_refuse_what_a_submit_would(market):
    house = market(Budget(per_day="0.30"))
    with house.client() as client:
        client.submit(PROMPT, model=MODEL)
        for verb in (client.check, client.dry_run, client.submit):
            with pytest.raises(BudgetExceeded, match="per_day"):
                verb(PROMPT, model=MODEL)
        assert client.check(PROMPT, model=MODEL, duration=2).ok


def test_every_client_of_a_store_shares_the_budget(market):
    house = market(Budget(per_day="0.50"))
    with house.client() as one, house.client() as other:
        one.submit(PROMPT, model=MODEL, duration=8)
        refused(other)


async def test_the_awaited_client_keeps_it_too(market):
    house = market(Budget(per_day="0.30"))
    async with house.async_client() as client:
        await client.generate(PROMPT, model=MODEL)
        with pytest.raises(BudgetExceeded):
            await client.generate(PROMPT, model=MODEL)
    assert house.paid == 1


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_of_many_threads_only_so_many_get_through(kind, market, tmp_path):
    """All are admitted while the purse is still full; the store lets through what there is money for."""
    house = market(Budget(per_day="0.60"))
    if kind == "sqlite":
        house.store = SQLiteStore(tmp_path / "jobs.sqlite3")
    gate, outcomes = threading.Barrier(8, timeout=20), []
    with house.client() as client:
        desk = client._operations.desk
        patient = replace(desk, purse=_Late(desk.purse, gate))
        client._operations = replace(client._operations, desk=patient)

        def submit():
            try:
                outcomes.append(client.submit(PROMPT, model=MODEL).status)
            except BudgetExceeded as error:
                outcomes.append(error.budget)

        threads = [threading.Thread(target=submit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["per_day"] * 5 + ["queued"] * 3
        assert len(client.list_jobs()) == 3
    assert house.paid == house.count("POST") == 3


class _Late:
    """A purse that waits after it has let a request pass, until all have passed."""

    def __init__(self, purse, gate):
        self._purse, self._gate = purse, gate

    def __getattr__(self, name):
        return getattr(self._purse, name)

    def afford(self, *request):
        yield from self._purse.afford(*request)
        self._gate.wait()


SPENDER = """
import sys
sys.path.insert(0, sys.argv[1])
from acme.house import House
from polyreel import Budget, BudgetExceeded
from polyreel.storage.sqlite import SQLiteStore
from pathlib import Path

home = Path(sys.argv[2])
house = House(home, real=True, budget=Budget(per_day="1.00"), store=SQLiteStore(home / "jobs.sqlite3"))
made = 0
with house.client() as client:
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(5):
        try:
            client.submit("a paper boat", model="acme/one")
            made += 1
        except BudgetExceeded:
            pass
print(made)
"""


def test_processes_share_it_too(tmp_path):
    support = Path(acme.__file__).parents[1]
    command = [sys.executable, "-W", "error", "-c", SPENDER, str(support), str(tmp_path)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(made) == 5, made
    store = SQLiteStore(tmp_path / "jobs.sqlite3")
    assert sum(expense.amount for expense in store.expenses()) == Decimal("1.00")
    store.close()


def test_a_rehearsal_spends_nothing_and_keeps_the_limit_for_one_job(market):
    house = market(Budget(per_job="0.20", per_day="0.20", total="0.20"))
    house.real = False
    with house.client() as client:
        for _ in range(3):
            client.submit(PROMPT, model=MODEL)
        assert refused(client, duration=8).budget == "per_job"
    house.real = True
    with house.client() as client:
        client.submit(PROMPT, model=MODEL)  # the simulated ones are in no sum
        refused(client)
    house.real = False
    with house.client() as client:
        client.submit(PROMPT, model=MODEL)


# --- how it is set up -------------------------------------------------------------------------------------------


@pytest.fixture
def configured(market, tmp_path):
    """A house with a configuration file."""

    def made(text, budget=None):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / "config.toml").write_text(text)
        return market(budget)

    return made


@pytest.mark.parametrize("amount", ['"0.20"', "0.2", "0.20"])
def test_the_configuration_file_has_a_budget(amount, configured):
    with configured(f"[budget]\nper_job = {amount}\n").client() as client:
        client.submit(PROMPT, model=MODEL)
        assert refused(client, duration=8).limit == Decimal("0.20")


def test_a_limit_of_the_clients_wins_and_one_that_it_leaves_out_is_the_files(configured):
    text = '[budget]\nper_job = "0.10"\nper_day = "0.50"\n'
    with configured(text, Budget(per_job=1)).client() as client:
        client.submit(PROMPT, model=MODEL, duration=8)
        assert refused(client, duration=8).budget == "per_day"
    with configured(text, Budget(unknown="allow")).client() as client:
        assert refused(client).budget == "per_job"
        client.submit(PROMPT, model="acme/secret")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("budget = 3\n", "budget must be a table"),
        (
            "[budget]\nper_hour = 3\n",
            "there is no 'per_hour'; it has per_job, per_day, total, per_project, ask_above, currency, unknown",
        ),
        ('[budget]\nper_day = "much"\n', "per_day must be an amount of money, not 'much'"),
        ("[budget]\nper_day = -1\n", "per_day must be an amount of money, not -1"),
        ("[budget]\nper_day = true\n", "per_day must be an amount of money, not True"),
        ('[budget]\ncurrency = "dollars"\n', "currency='dollars' must be three capital letters"),
        ("[budget]\ncurrency = 3\n", "currency=3 must be three capital letters"),
        ('[budget]\nunknown = "maybe"\n', "unknown='maybe' must be 'refuse' or 'allow'"),
    ],
)
def test_a_budget_that_is_none_is_said_to_be_none(text, told, configured):
    with configured(text).client() as client, pytest.raises(ConfigurationError) as caught:
        client.check(PROMPT, model=MODEL)
    assert told in str(caught.value)
    assert "config.toml" in str(caught.value)


def test_two_budgets_must_be_in_one_currency(configured):
    euros = '[budget]\nper_day = 5\ncurrency = "EUR"\n'
    told = "in USD and that of the configuration file in EUR"
    with (
        configured(euros, Budget(per_job=1)).client() as client,
        pytest.raises(ConfigurationError, match=told),
    ):
        client.check(PROMPT, model=MODEL)
    with configured('[budget]\nper_job = 5\ncurrency = "EUR"\n', Budget(per_job=1)).client() as client:
        client.check(PROMPT, model=MODEL)  # nothing of the file's is left


def test_a_budget_is_a_budget(tmp_path):
    with pytest.raises(ConfigurationError, match=r"must be a polyreel\.Budget"):
        Client(store="memory", home=tmp_path, budget={"per_day": 3})
    with pytest.raises(ConfigurationError, match="per_day must be an amount of money"):
        Budget(per_day="3 dollars")
    assert Budget(per_job=0.1).limits == {"per_job": Decimal("0.1")}


# --- projects and sums ------------------------------------------------------------------------------------------


def test_a_job_is_kept_under_its_project(market, monkeypatch, configured):
    with market().client() as client:
        assert client.submit(PROMPT, model=MODEL).project is None
        assert client.submit(PROMPT, model=MODEL, project=" spots ").project == "spots"
    with configured('project = "file"\n').client() as client:
        assert client.submit(PROMPT, model=MODEL).project == "file"
        monkeypatch.setenv("POLYREEL_PROJECT", "environment")
        assert client.submit(PROMPT, model=MODEL).project == "environment"
        job = client.submit(PROMPT, model=MODEL, project="call")
        assert client.get_job(job.id).project == "call"
        assert "project" not in job.requested


@pytest.mark.parametrize("project", ["", "  ", "x" * 81, 7, "two\nlines"])
def test_a_project_is_a_label(project, market):
    with market().client() as client, pytest.raises(InvalidRequest, match="project: must be a label"):
        client.check(PROMPT, model=MODEL, project=project)


@pytest.mark.parametrize("text", ["project = 7\n", 'project = ""\n'])
def test_a_project_of_the_file_is_a_label(text, configured):
    with (
        configured(text).client() as client,
        pytest.raises(ConfigurationError, match=r"project \(from .*toml\)"),
    ):
        client.check(PROMPT, model=MODEL)


def job(name, **facts):
    given = {"provider": "acme", "model": MODEL, "prompt": PROMPT, "created_at": 0.0, "updated_at": 0.0}
    return Job(id=name, **(given | facts))


def money(amount, currency="USD"):
    return Estimate(amount=None if amount is None else Decimal(amount), currency=currency)


def cost(amount, *, billed=True, basis="estimate", currency="USD"):
    return Cost(
        amount=None if amount is None else Decimal(amount), billed=billed, basis=basis, currency=currency
    )


JOBS = (
    job("reported", estimate=money("1.00"), cost=cost("0.90", basis="vendor"), project="spots"),
    job("made", estimate=money("0.10"), cost=cost("0.10"), project="spots"),
    job("running", estimate=money("2.00"), phase=Phase.RUNNING, created_at=DAY),
    job("doubtful", estimate=money("4.00"), cost=cost("4.00", billed=None), created_at=DAY),
    job("failed", estimate=money("8.00"), cost=cost("0", billed=False)),
    job("priceless", estimate=money(None), cost=cost(None)),
    job("self", estimate=money(None), phase=Phase.RUNNING, model="acme/secret"),
    job("bare"),
    job("played", estimate=money("16.00"), cost=cost("0", billed=False, basis="simulated"), simulated=True),
    job("euro", estimate=money("32.00", "EUR"), phase=Phase.RUNNING, model="acme/euro"),
)


def sums(client, **options):
    return {
        (row.key, row.currency): (
            row.jobs,
            *(str(amount) for amount in (row.billed, row.estimated, row.open)),
            row.unknown,
            row.simulated,
        )
        for row in client.costs(**options)
    }


def test_what_was_free_in_another_currency_closes_no_budget():
    store = MemoryStore()
    free = cost("0", billed=False, currency="EUR")
    store.add(job("free", estimate=money("8.00", "EUR"), cost=free, phase=Phase.FAILED))
    store.consult(Allowance(budget=Budget(total=1), estimate=money("0.50"), now=DAY))


def test_costs_are_summed_with_each_kind_apart(face):
    client = face()
    for each in JOBS:
        client.workspace.store.add(each)
    assert sums(client, by=None) == {
        (None, "EUR"): (1, "0", "0", "32.00", 0, 0),
        (None, "USD"): (8, "0.90", "0.10", "6.00", 3, 1),
    }
    assert sums(client) == {
        ("1970-01-01", "EUR"): (1, "0", "0", "32.00", 0, 0),
        ("1970-01-01", "USD"): (6, "0.90", "0.10", "0", 3, 1),
        ("1970-01-02", "USD"): (2, "0", "0", "6.00", 0, 0),
    }
    by_model = sums(client, by="model")
    assert [key for key, _ in by_model] == ["acme/euro", MODEL, "acme/secret"]
    assert by_model["acme/secret", "USD"] == (1, "0", "0", "0", 1, 0)
    by_project = sums(client, by="project")
    assert by_project["spots", "USD"] == (2, "0.90", "0.10", "0", 0, 0)
    assert [key for key, _ in by_project] == [None, None, "spots"]


def test_costs_since_a_day(face):
    client = face()
    for each in JOBS:
        client.workspace.store.add(each)
    assert [key for key, _ in sums(client, since=date(1970, 1, 2))] == ["1970-01-02"]
    assert sums(client, since=date(1970, 1, 3)) == {}
    with pytest.raises(InvalidRequest, match="by: 'week' is none of day, model, project"):
        client.costs(by="week")


def test_a_simulated_job_costs_nothing_and_is_counted_apart(face):
    client = face()
    client.generate(PROMPT, model="openai/sora-2", duration=4)
    assert sums(client, by="model") == {("openai/sora-2", "USD"): (0, "0", "0", "0", 0, 1)}


def test_sums_survive_json(market):
    house = market()
    with house.client() as client:
        stored = client.submit(PROMPT, model=MODEL, project="spots")
        assert json.loads(stored.model_dump_json())["project"] == "spots"
        (row,) = client.costs(by="project")
    assert (row.key, row.open) == ("spots", Decimal("0.20"))
