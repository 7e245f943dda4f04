"""What people read: sizes, money, phases; and what a stream can carry."""

import io
import sys
from decimal import Decimal

import pytest
from polyreel.cli import streams, words
from polyreel.cli.display import Display
from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Job


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (281_863, "282 kB"),
        (2_500_000, "2.5 MB"),
        (84_100_000_000, "84.1 GB"),
    ],
)
def test_sizes(count, text):
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, "cost unknown"),
        (Cost(amount=Decimal(0), billed=False, basis="simulated"), "nothing was paid"),
        (Cost(amount=Decimal(0), billed=False, basis="estimate"), "not billed"),
        (Cost(amount=Decimal("0.40"), billed=True, basis="estimate"), "0.40 USD by the price list"),
        (Cost(amount=Decimal("0.40"), billed=True, basis="vendor"), "0.40 USD as the provider says"),
        (
            Cost(amount=Decimal("0.40"), billed=None, basis="estimate"),
            "0.40 USD by the price list, if it was billed",
        ),
        (Cost(amount=None, billed=True, basis="estimate"), "cost unknown"),
        (Cost(amount=None, billed=None, basis="estimate"), "cost unknown, if it was billed"),
    ],
)
def test_unknown_money_is_never_zero(cost, text):
    assert words.cost(cost) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (None, "unknown"),
        (Estimate(amount=None, rule="no price is known"), "unknown (no price is known)"),
        (Estimate(amount=Decimal("1.20"), rule="12 s"), "1.20 USD (12 s)"),
        (
            Estimate(amount=Decimal(1), rule="1 film", as_of="2026-09-16"),
            "1 USD (1 film, price of 2026-09-16)",
        ),
    ],
)
def test_estimates(estimate, text):
    assert words.amount(estimate) == text


@pytest.mark.parametrize(
    ("phase", "percent", "message", "text"),
    [
        ("accepted", None, "accepted", "queued"),
        ("running", 40.0, "running", "processing 40 %"),
        ("running", None, "warming_up", "processing (warming_up)"),
        ("failed", None, "too hot", "failed (too hot)"),
    ],
)
def test_a_providers_own_words_are_kept(phase, percent, message, text):
    job = Job(
        id="job_1", provider="acme", model="acme/film", prompt="x", phase=phase, percent=percent, message=message,
        created_at=0, updated_at=0,
    )  # fmt: skip
    assert words.phase(job) == text


def replaced(monkeypatch, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    streams.prepare()
    return stream


def written(stream):
    stream.flush()
    return stream.buffer.getvalue().decode("ascii")


def test_an_ascii_stream_gets_simpler_signs_and_escapes(monkeypatch):
    ascii_out = replaced(monkeypatch, "ascii")
    assert streams.out("1280×720 → 纸…") == 0  # noqa: RUF001
    assert written(ascii_out) == "1280x720 -> \\u7eb8...\n"


def test_json_in_ascii_loses_nothing(monkeypatch):
    ascii_out = replaced(monkeypatch, "ascii")
    Display(as_json=True).document({"prompt": "纸", "cost": Decimal("0.40")})
    assert written(ascii_out) == '{\n  "prompt": "\\u7eb8",\n  "cost": "0.40"\n}\n'


def test_json_with_odd_bytes_of_a_file_name_stays_json(monkeypatch):
    stream = replaced(monkeypatch, "utf-8")
    Display(as_json=True).document({"path": "b\udce4t.mp4"})
    assert b"\\udce4" in stream.buffer.getvalue()


def test_odd_bytes_of_a_file_name_pass_as_they_were(monkeypatch):
    stream = replaced(monkeypatch, "utf-8")
    streams.out("b\udce4t.mp4")
    assert stream.buffer.getvalue() == b"b\xe4t.mp4\n"


def test_what_json_cannot_hold_is_an_error_of_ours():
    with pytest.raises(TypeError, match="a set has no place"):
        Display(as_json=True).document({"a": {1}})


def test_a_closed_standard_error_ends_nothing(monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    streams.say("a line")
    monkeypatch.setattr(sys, "stderr", None)
    streams.say("a line")


def test_standard_output_may_be_missing(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    streams.prepare()
    assert streams.out("a line") == 0
