"""``polyreel jobs resolve``, and how a job whose fate is unknown is shown."""

import json
import os
import pty
import re
import select
import time
from decimal import Decimal

import pytest
from polyreel.cli import record
from polyreel.types.cost import Estimate
from polyreel.types.job import Job

MODEL = "openai/sora-2"


@pytest.fixture
def vendor(loopback, answers, monkeypatch):
    """A server of the vendor's protocol that hangs up after the first request was delivered."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"{loopback.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    video = {"id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "progress": 0}
    video |= {"created_at": 1, "seconds": "4", "size": "720x1280", "prompt": "A paper boat"}
    body = json.dumps(video).encode()
    loopback.on("/v1/videos", answers.drop(), answers.reply(200, body, Content_Type="application/json"))
    loopback.on("/v1/videos/video_1", answers.reply(200, body, Content_Type="application/json"))
    loopback.on("/v1/videos/video_2", answers.reply(404, b'{"error": {"message": "no such video"}}'))
    return loopback


@pytest.fixture
def unknown(vendor, run, answers):
    """A job whose fate nobody knows; the list of the provider is empty."""
    posted = vendor.script["/v1/videos"]
    empty = answers.reply(200, b'{"object": "list", "data": []}', Content_Type="application/json")

    def either(handler, received):
        (empty if received.method == "GET" else posted.pop(0) if len(posted) > 1 else posted[0])(
            handler, received
        )

    vendor.script["/v1/videos"] = [either]
    result = run("generate", "A paper boat", "-m", MODEL, "--no-wait", "--json")
    (job,) = run("jobs", "--json").json
    assert (job["status"], result.code) == ("unknown", 1)
    assert vendor.paths("POST") == ["/v1/videos"]
    return job["id"]


def test_an_unknown_job_stands_out_in_the_list(run, unknown):
    result = run("jobs", "list")
    assert re.search(rf"{unknown}\s+UNKNOWN\s", result.out)
    assert (
        f"{unknown}: nobody knows whether openai accepted it; at risk: a price that nobody knows. "
        in result.err
    )
    assert f"polyreel jobs resolve {unknown}" in result.err


def test_showing_it_says_what_is_known(run, unknown):
    shown = run("jobs", "show", unknown).out
    for words in (
        "status: unknown",
        "failure: uncertain: the submit was cut off",
        "window: it was sent between 20",
        "at risk: a price that nobody knows\n",
        "tried: looked for once; the last time: the provider does not show it",
        "next look: 20",
        f"'polyreel jobs resolve {unknown}' with --adopt RECEIPT",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "at risk: 0.40 USD. "),
        ({"attempts": 3}, "at risk: 1.20 USD. "),
        ({"estimate": None}, "at risk: a price that nobody knows. "),
        ({"simulated": True}, "at risk: nothing. "),
    ],
    ids=str,
)
def test_what_is_at_risk_is_each_attempt(facts, words):
    estimate = Estimate(amount=Decimal("0.40"), currency="USD", rule="4 s")
    given = {"estimate": estimate, "attempts": 1, "phase": "unknown", **facts}
    job = Job(id="job_1", provider="acme", model="acme/one", prompt="x", created_at=0, updated_at=0, **given)
    assert words in record.riddle(job)


def test_adopting_goes_on_with_what_was_found(run, unknown, vendor):
    refused = run("jobs", "resolve", unknown, "--adopt", "video_2")
    assert refused.code == 2
    assert "knows no job 'video_2'" in refused.err
    result = run("jobs", "resolve", unknown, "--adopt", "video_1")
    assert result.code == 0
    assert result.out == f"{unknown}: queued, adopted as video_1\n"
    assert f"'polyreel jobs wait {unknown}' fetches the film" in result.err
    assert run("jobs", "show", unknown, "--json").json["receipt"]["id"] == "video_1"
    assert vendor.paths("POST") == ["/v1/videos"]


def test_nothing_is_sent_again_without_a_yes(run, unknown, vendor):
    refused = run("jobs", "resolve", unknown, "--resubmit")
    assert refused.code == 2
    assert "no terminal to ask at; nothing was sent" in refused.err
    assert vendor.paths("POST") == ["/v1/videos"]
    result = run("jobs", "resolve", unknown, "--resubmit", "--yes", "--json")
    assert (result.code, result.json["status"], result.json["attempts"]) == (0, "queued", 2)
    assert "may have been accepted and charged besides" in result.err
    assert vendor.paths("POST") == ["/v1/videos"] * 2


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 2), ("n\n", 1), ("\n", 1)])
def test_at_a_terminal_it_is_asked(start, unknown, vendor, answer, sent):
    ours, theirs = pty.openpty()
    process = start(
        "jobs", "resolve", unknown, "--resubmit", stdin=theirs, stdout=theirs, stderr=theirs, text=False
    )
    os.close(theirs)
    drawn = drawn_until(ours, b"[y/N]")
    assert b"both may be charged: unknown" in drawn  # the price of a server that is not the vendor's
    os.write(ours, answer.encode())
    drawn_until(ours, None)
    os.close(ours)
    assert process.wait(10) == (0 if sent == 2 else 2)
    assert vendor.paths("POST") == ["/v1/videos"] * sent


def drawn_until(terminal, word):
    drawn, until = b"", time.monotonic() + 20
    while time.monotonic() < until and (word is None or word not in drawn):
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the other side was closed
                break
            if not piece:
                break
            drawn += piece
    assert word is None or word in drawn, drawn
    return drawn


@pytest.mark.parametrize(
    ("flags", "billed"), [([], None), (["--billed"], True), (["--not-billed"], False)], ids=str
)
def test_giving_up_keeps_the_price_at_risk_unless_it_is_known(run, unknown, flags, billed):
    result = run("jobs", "resolve", unknown, "--abandon", *flags, "--json")
    assert (result.code, result.json["status"], result.json["cost"]["billed"]) == (0, "failed", billed)
    assert result.json["failure"]["kind"] == "uncertain"
    assert "UNKNOWN" not in run("jobs", "list").out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "one of --adopt RECEIPT, --resubmit and --abandon"),
        (["--resubmit", "--abandon"], "one of --adopt RECEIPT, --resubmit and --abandon"),
        (["--adopt", "x", "--abandon"], "one of --adopt RECEIPT, --resubmit and --abandon"),
        (["--resubmit", "--not-billed"], "go with --abandon"),
        (["--adopt", "{"], "or its receipt as JSON"),
    ],
    ids=str,
)
def test_exactly_one_thing_is_decided(run, unknown, flags, words):
    result = run("jobs", "resolve", unknown, *flags)
    assert result.code == 2
    assert words in result.err
    assert run("jobs", "show", unknown, "--json").json["status"] == "unknown"


def test_a_job_that_is_known_is_not_decided_about(run, simulated):
    job = simulated("--no-wait", "-q").out.strip()
    result = run("jobs", "resolve", job, "--abandon")
    assert result.code == 2
    assert "whose fate is unknown" in result.err
    assert run("jobs", "resolve", "job_0", "--abandon").code == 2


def test_a_timeout_can_cancel_and_says_what_became_of_it(run, simulated):
    result = simulated("--timeout", "1", "--on-timeout", "cancel")
    assert result.code == 3  # this provider cannot
    assert "could not be cancelled" in result.err
    job = simulated("--no-wait", "-q").out.strip()
    waited = run("jobs", "wait", job, "--timeout", "0", "--on-timeout", "cancel")
    assert waited.code == 3
    assert "could not be cancelled" in waited.err
