"""``polyreel cost`` and ``polyreel costs``; projects and budgets on the command line."""

import json
import re
from decimal import Decimal

import pytest
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Job

VEO = "google/veo-3.1-generate-001"
MODEL = "openai/sora-2"


@pytest.fixture
def configure(tmp_path):
    """Write the configuration file."""

    def written(text):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / "config.toml").write_text(text)

    return written


@pytest.fixture
def spend(tmp_path):
    """Put a job that was paid for into the store."""

    def spent(amount, **facts):
        store = SQLiteStore(tmp_path / "home" / "jobs.sqlite3")
        estimate = Estimate(amount=None if amount is None else Decimal(amount))
        cost = Cost(amount=estimate.amount, billed=True, basis="vendor")
        given = {
            "id": f"job_{len(store.find())}",
            "provider": "acme",
            "model": "acme/one",
            "prompt": "A boat",
            "created_at": 1_795_500_000.0,
            "updated_at": 0.0,
            "estimate": estimate,
            "cost": cost,
        }
        store.add(Job(**(given | facts)))
        store.close()

    return spent


def test_a_cost_with_its_rule_and_date(run):
    result = run("cost", "-m", VEO, "--duration", "8", "--resolution", "1080p", "--generate-audio")
    assert (result.code, result.err) == (0, "")
    assert result.out == "3.20 USD (8 s x 0.40 USD per second, price of 2026-10-08)\n"


def test_a_cost_is_exact_in_json(run):
    found = run("cost", "-m", "google/gemini-omni-1.1-flash", "--duration", "8", "--json").json
    assert Decimal(found["amount"]) == Decimal(found["rule"].split()[3]) * 8
    assert (found["currency"], found["as_of"]) == ("USD", "2026-11-23")
    assert found["model"].startswith("google/gemini-omni-1.1-flash@")


def test_a_cost_that_nobody_knows_is_said_to_be_unknown(run):
    result = run("cost", "-m", "google/gemini-omni-1.2-flash", "--duration", "8")
    assert result.code == 0
    assert result.out.startswith("unknown (")
    assert "0 USD" not in result.out
    assert run("cost", "-m", "google/gemini-omni-1.2-flash", "--json").json["amount"] is None


def test_a_cost_at_a_server_of_ones_own_is_unknown(run):
    result = run("cost", "-m", MODEL, "--set", "openai.base_url=http://127.0.0.1:9/v1")
    assert result.out == "unknown (the price at http://127.0.0.1:9/v1 is not known)\n"


def test_a_cost_of_what_is_not_offered_is_none(run):
    result = run("cost", "-m", VEO, "--duration", "7")
    assert (result.code, result.out) == (2, "")
    assert "duration: 7 is not offered" in result.err


def test_a_cost_reads_no_file_and_needs_no_prompt(run):
    assert run("cost", "-m", VEO, "--input-image", "missing.png").code == 0
    page = run("cost", "-m", VEO, "--help").out
    assert page.startswith("Usage: polyreel cost -m MODEL")
    assert f"Parameters of {VEO}" in page
    assert run("cost", "--duration", "4").code == 2


def test_auto_costs_what_the_cheapest_does(run, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "boats")
    result = run("cost", "-m", "auto", "--duration", "8", "--resolution", "1080p", "--json")
    assert result.json["model"] == "google/veo-3.1-lite-generate-001"
    assert "was chosen: the cheapest of" in result.err
    assert run("cost", "-m", "auto", "--duration", "7000").code == 2


def test_the_cost_of_a_model_that_ended_is_what_it_was(run):
    result = run("cost", "-m", MODEL, "--duration", "4")
    assert (result.code, result.out) == (0, "0.40 USD (4 s x 0.10 USD per second, price of 2026-09-16)\n")
    assert result.err == f"warning: {MODEL}: retired 2026-09-24; this is what it cost\n"


def test_no_jobs_cost_nothing(run):
    result = run("costs")
    assert (result.code, result.out, result.err) == (0, "", "no jobs\n")
    assert run("costs", "--json").json == {"by": "day", "since": None, "rows": [], "totals": []}


def test_costs_by_day_model_and_project(run, spend, simulated):
    spend("1.50", project="spots")
    spend("0.25", created_at=1_795_400_000.0)
    spend(None, model="acme/secret")
    simulated("--project", "play")
    day, *_ = rows = [line.split() for line in run("costs").out.splitlines()]
    assert [word.lower() for word in day] == [
        "day",
        "jobs",
        "billed",
        "estimated",
        "open",
        "currency",
        "unknown",
        "simulated",
    ]
    assert ["2026-11-23", "1", "0.25", "0", "0", "USD", "-", "-"] in rows
    assert rows[-1] == ["total", "3", "1.75", "0", "0", "USD", "1", "1"]
    by_model = {row["model"]: row for row in run("costs", "--by", "model", "--json").json["rows"]}
    assert by_model["acme/one"]["billed"] == "1.75"
    assert (by_model["acme/secret"]["billed"], by_model["acme/secret"]["unknown"]) == ("0", 1)
    assert (by_model[MODEL]["jobs"], by_model[MODEL]["simulated"]) == (0, 1)
    by_project = [line.split()[0] for line in run("costs", "--by", "project").out.splitlines()]
    assert by_project == ["PROJECT", "-", "play", "spots", "total"]


def test_costs_since_a_day(run, spend):
    spend("0.25", created_at=1_795_400_000.0)
    spend("1.50")
    found = run("costs", "--since", "2026-11-24", "--json").json
    assert [row["day"] for row in found["rows"]] == ["2026-11-24"]
    assert found["totals"] == [
        {
            "currency": "USD",
            "jobs": 1,
            "billed": "1.50",
            "estimated": "0",
            "open": "0",
            "unknown": 0,
            "simulated": 0,
        }
    ]
    assert run("costs", "--since", "yesterday").code == 2


def test_a_project_comes_from_the_flag_the_environment_or_the_file(run, simulated, configure, monkeypatch):
    configure('project = "file"\n')
    simulated()
    monkeypatch.setenv("POLYREEL_PROJECT", "environment")
    simulated()
    simulated("--project", "flag")
    projects = [job["project"] for job in run("jobs", "list", "--json").json]
    assert sorted(projects) == ["environment", "file", "flag"]
    assert re.search(r"project: \w+", run("jobs", "show", run("jobs", "list", "--json").json[0]["id"]).out)


def test_a_budget_refuses_before_anything_is_sent(run, configure, spend, quick):
    quick.advance(1_795_500_000.0 - quick.now())
    configure('[budget]\nper_day = "20"\n')
    spend("19.90")
    result = run("generate", "A boat", "-m", VEO, "--duration", "8")
    assert result.code == 2
    assert "the budget per_day of 20 USD" in result.err
    assert "19.90 USD are spent today (2026-11-24, UTC)" in result.err
    assert (
        run("check", "A boat", "-m", VEO, "--duration", "8", "--json").json["error"]["type"]
        == "BudgetExceeded"
    )
    assert json.loads(run("jobs", "list", "--json").out)[0]["id"] == "job_0"


def test_the_doctor_names_a_budget_that_is_none(run, configure):
    configure("[budget]\nper_day = -1\n")
    result = run("doctor")
    assert result.code == 1
    assert "per_day must be an amount of money" in result.out
