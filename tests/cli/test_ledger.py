"""``polyreel ledger``: the books on the command line."""

import sqlite3

import pytest

MODEL = "openai/sora-2"


@pytest.fixture
def damaged(tmp_path):
    """Change the job store as polyreel never would."""

    def done(statement):
        connection = sqlite3.connect(tmp_path / "home" / "jobs.sqlite3")
        connection.execute(statement)
        connection.commit()
        connection.close()

    return done


def test_empty_books(run):
    assert run("ledger", "verify").out == "the books are in order: 0 jobs, 0 bookings\n"
    for verb in ("show", "balances"):
        result = run("ledger", verb)
        assert (result.code, result.out, result.err) == (0, "", "no entries\n")
        assert run("ledger", verb, "--json").json == []


def test_books_that_are_in_order(run, simulated):
    simulated()
    result = run("ledger", "verify")
    assert (result.code, result.out, result.err) == (0, "the books are in order: 1 jobs, 2 bookings\n", "")
    assert run("ledger", "verify", "--json").json == {
        "ok": True,
        "jobs": 1,
        "bookings": 2,
        "findings": [],
        "warnings": [],
    }


def test_a_finding_is_a_line_and_exit_code_1(run, simulated, damaged):
    simulated()
    damaged("UPDATE balance SET units = units + 1 WHERE account = 'simulated/wallet'")
    result = run("ledger", "verify")
    assert result.code == 1
    assert result.out.splitlines() == [
        "the balance of simulated/wallet is -0.399999 USD, and its entries come to -0.40 USD",
        "all simulated accounts together come to 0.000001 USD and should come to zero",
    ]
    found = run("ledger", "verify", "--json")
    assert (found.code, found.json["ok"], len(found.json["findings"])) == (1, False, 2)


def test_without_a_verb_the_balances_are_shown(run, simulated):
    simulated()
    assert run("ledger").out == run("ledger", "balances").out != ""
    assert run("ledger", "--json").json == run("ledger", "balances", "--json").json


def test_balances(run, simulated):
    simulated()
    rows = [line.split() for line in run("ledger", "balances").out.splitlines()]
    assert rows == [
        ["ACCOUNT", "BALANCE"],
        ["simulated/held", "0.00", "USD"],
        ["simulated/spent/openai", "0.40", "USD"],
        ["simulated/wallet", "-0.40", "USD"],
    ]
    assert run("ledger", "balances", "--json").json[1] == {
        "account": "simulated/spent/openai",
        "currency": "USD",
        "amount": "0.40",
        "units": 400_000,
    }


def test_the_entries_of_a_job(run, simulated):
    simulated()
    simulated("--overwrite", "-o", "other.mp4")
    first = run("jobs", "list", "--json").json[1]["id"]
    lines = [line.split() for line in run("ledger", "show", first).out.splitlines()]
    assert [line[-5:] for line in lines[1:]] == [
        ["1", "hold", "simulated/held", "0.40", "USD"],
        ["1", "hold", "simulated/wallet", "-0.40", "USD"],
        ["1", "capture", "simulated/held", "-0.40", "USD"],
        ["1", "capture", "simulated/spent/openai", "0.40", "USD"],
    ]
    assert len(run("ledger", "show", "--json").json) == 8
    assert len(run("ledger", "show", "--json", "--limit", "3").json) == 3
    assert run("ledger", "show", "job_none").code == 2
