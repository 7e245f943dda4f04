"""``polyreel batch``: from a file to films and one report; nothing invalid is begun and nothing is paid twice."""

import io
import json
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from polyreel.cli.reviews import Price
from polyreel.cli.tallies import KINDS
from polyreel.client import Client

MODEL = "openai/sora-2"


@pytest.fixture
def batch(run):
    """Run a simulated batch in this process."""

    def batch(*args):
        return run("batch", *args, "--simulate")

    return batch


def lines(*requests, name="shots.jsonl"):
    Path(name).write_text("".join(f"{json.dumps(request)}\n" for request in requests))
    return name


def boats(count, **facts):
    return [{"prompt": f"boat {number}", "model": MODEL, **facts} for number in range(count)]


def films(folder="shots"):
    return sorted(path.name for path in Path(folder).glob("*.mp4"))


def jobs(run):
    return run("jobs", "list", "--json", "--limit", "1000").json


# --- films -------------------------------------------------------------------------------------------------------


def test_every_line_becomes_a_film_in_a_folder_of_the_batchs_name(batch, machine):
    result = batch(lines(*boats(3)))
    assert result.code == 0
    assert sorted(result.out.splitlines()) == [str(machine / "shots" / name) for name in films()]
    assert [re.sub(r"-[0-9a-f]{8}\.mp4", "", name) for name in films()] == ["boat-0", "boat-1", "boat-2"]


def test_a_table_is_typed_by_the_models_document(batch, run):
    Path("shots.csv").write_text('prompt,duration,size\n"A boat, at sea",8,720x1280\nA kite,,\n')
    result = batch("shots.csv", "-m", MODEL)
    assert result.code == 0
    found = {job["prompt"]: job["requested"] for job in jobs(run)}
    assert found["A boat, at sea"] == {"prompt": "A boat, at sea", "duration": 8, "size": "720x1280"}
    assert found["A kite"] == {"prompt": "A kite"}


@pytest.mark.parametrize(
    "text", ["prompt;duration\nA boat, at sea;8\n", "prompt\tduration\nA boat, at sea\t8\n"]
)
def test_other_separators_are_understood(batch, run, text):
    Path("shots.csv").write_text(text)
    assert batch("shots.csv", "-m", MODEL).code == 0
    assert [(job["prompt"], job["requested"]["duration"]) for job in jobs(run)] == [("A boat, at sea", 8)]


def test_options_are_defaults_and_a_line_wins(batch, run):
    lines({"prompt": "a"}, {"prompt": "b", "duration": 4, "project": "own"})
    assert batch("shots.jsonl", "-m", MODEL, "--duration", 8, "--project", "all").code == 0
    found = {job["prompt"]: (job["requested"]["duration"], job["project"]) for job in jobs(run)}
    assert found == {"a": (8, "all"), "b": (4, "own")}


def test_standard_input_is_read(batch, monkeypatch, machine):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(json.dumps(boat) for boat in boats(1))))
    result = batch("-", "--name", "shots", "-q")
    assert (result.code, result.out) == (0, f"{machine / 'shots' / films()[0]}\n")


def test_films_are_named_by_a_template(batch):
    lines(*boats(10), {"prompt": "../Up & away!", "model": MODEL})
    assert batch("shots.jsonl", "-o", "out/{index}-{slug}.mp4", "-q").code == 0
    assert films("out") == [*(f"{n + 1:02}-boat-{n}.mp4" for n in range(10)), "11-up-away.mp4"]


def test_a_line_may_name_its_film(batch):
    lines({"prompt": "a", "model": MODEL, "output": "a.mp4"}, {"prompt": "b", "model": MODEL})
    assert batch("shots.jsonl", "-o", "{index}.mp4").code == 0
    assert films(".") == ["2.mp4", "a.mp4"]


def test_films_go_to_a_folder_that_is_named(batch):
    assert batch(lines(*boats(1)), "--folder", "films").code == 0
    assert len(films("films")) == 1


# --- what is not valid -------------------------------------------------------------------------------------------


def test_one_invalid_line_and_nothing_is_begun(batch, run):
    lines(
        *boats(2), {"prompt": "x", "model": MODEL, "duration": 5}, {"prompt": "y", "model": "openai/sora-9"}
    )
    result = batch("shots.jsonl")
    assert result.code == 2
    assert "2 of 4 requests are not valid; nothing was sent" in result.err
    assert re.search(r"^  shots\.jsonl:3: duration: .*5.*4, 8, 12", result.err, re.MULTILINE)
    assert re.search(r"^  shots\.jsonl:4: .*sora-9", result.err, re.MULTILINE)
    assert jobs(run) == []


def test_invalid_lines_are_left_out_on_demand_and_counted(batch, run):
    lines(*boats(2), {"prompt": "x", "model": MODEL, "duration": 5})
    result = batch("shots.jsonl", "--skip-invalid", "--json")
    assert result.code == 1
    assert (result.json["completed"], result.json["invalid"], result.json["requests"]) == (2, 1, 3)
    assert [line["status"] for line in result.json["lines"]] == ["completed", "completed", "invalid"]
    assert len(jobs(run)) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no valid JSON"),
        ("[1]", "must be a JSON object"),
        ("7", "must be a JSON object"),
        ('{"prompt": "a", "prompt": "b"}', "is no valid JSON: 'prompt' stands in it twice"),
        ('{"prompt": NaN}', "is no valid JSON: NaN is no number"),
        ('{"duration": 4}', "prompt: must be given"),
        ('{"prompt": "a", "model": null}', "model: must be given"),
        ('{"prompt": "a", "timeout": 4}', "timeout: does not count for one of many"),
        ('{"prompt": "a", "colour": "red"}', "colour"),
    ],
)
def test_a_line_that_is_none_is_named_with_its_number(batch, line, said):
    Path("shots.jsonl").write_text(f'{{"prompt": "a"}}\n\n{line}\n')
    result = batch("shots.jsonl", *(() if "model" in line else ("-m", MODEL)))
    assert result.code == 2
    assert f"shots.jsonl:3: {said}" in result.err or f"shots.jsonl:3: line: {said}" in result.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prompt,duration\na\n", "shots.csv:2: line: has 1 cells and the head 2"),
        ("prompt,duration\na,4,x\n", "shots.csv:2: line: has 3 cells and the head 2"),
        ('prompt,duration\na,4\n"b\n', "shots.csv:3: line: is no valid CSV"),
        ('prompt,duration\n"a\nb",4\nc,5\n', "shots.csv:4: duration"),
        ("prompt,duration\na,four\n", "shots.csv:2: duration"),
        ("title,duration\na,4\n", "one of them 'prompt'"),
        ("prompt,prompt\na,b\n", "names 'prompt' twice"),
        ("prompt,\na,b\n", "no name in column 2"),
        ("prompt,native\na,{\n", "shots.csv:2: native: is no valid JSON"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(batch, text, said):
    Path("shots.csv").write_text(text)
    result = batch("shots.csv", "-m", MODEL)
    assert result.code == 2
    assert said in result.err


def test_two_lines_cannot_write_one_film(batch):
    lines(*boats(1, output="a.mp4"), *boats(1, output="./a.mp4"))
    result = batch("shots.jsonl")
    assert result.code == 2
    assert "shots.jsonl:2: output: ./a.mp4 is the film of line 1 already" in result.err


def test_many_problems_are_counted_and_listed_in_json(batch):
    lines(*({"prompt": "x", "model": MODEL, "duration": 5} for _ in range(30)))
    result = batch("shots.jsonl", "--json")
    assert "and 10 more" in result.err
    assert [problem["line"] for problem in result.json["error"]["problems"]] == [*range(1, 31)]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nothing.jsonl"], "cannot be read"),
        (["shots.txt"], "name it .jsonl or .csv"),
        (["shots.jsonl", "-o", "film.mp4"], "put {index} into it"),
        (["shots.jsonl", "-o", "{index}-{seed}.mp4"], "there is no {seed}"),
        (["shots.jsonl", "-o", "{index.mp4"], "--output"),
        (["shots.jsonl", "-o", "{index}.mp4", "--folder", "x"], "leave --folder out"),
        (["shots.jsonl", "--report", "no/such/report.json"], "its folder does not exist"),
        (["shots.jsonl", "--concurrency", "0"], "concurrency"),
        (["shots.jsonl", "--name", "a/b"], "without a slash"),
        (["-"], "--name"),
    ],
)
def test_what_is_typed_wrongly_is_refused(batch, args, said):
    lines(*boats(1))
    Path("shots.txt").write_text("x")
    result = batch(*args)
    assert result.code == 2
    assert said in result.err


def test_an_empty_file_is_done(batch):
    Path("shots.jsonl").write_text("\n\n")
    result = batch("shots.jsonl")
    assert (result.code, result.out) == (0, "")
    assert "has no requests" in result.err


def test_without_a_key_nothing_is_begun_and_the_code_says_so(run):
    result = run("batch", lines({"prompt": "a boat", "model": "google/veo-3.1-generate-001"}), "--json")
    assert result.code == 4
    assert result.json["error"]["problems"][0]["line"] == 1


# --- money -------------------------------------------------------------------------------------------------------


def test_what_it_costs_is_told_without_beginning_anything(batch, run):
    result = batch(lines(*boats(3, duration=8)), "--check-only", "--json")
    assert (result.code, result.json["new"], result.json["estimates"]) == (0, 3, {"USD": "2.40"})
    assert jobs(run) == []


@pytest.mark.parametrize(("limit", "code"), [("2.39", 2), ("2.40", 0)])
def test_all_together_may_cost_so_much(batch, run, limit, code):
    result = batch(lines(*boats(3, duration=8)), "--max-total", limit)
    assert result.code == code
    assert len(jobs(run)) == (3 if code == 0 else 0)


def test_what_was_made_before_is_not_counted_again(batch):
    batch(lines(*boats(3, duration=8)))
    lines(*boats(4, duration=8))
    assert batch("shots.jsonl", "--max-total", "0.80").code == 0


def test_one_line_may_cost_so_much(batch, run):
    lines(*boats(1, duration=4), *boats(1, duration=12))
    result = batch("shots.jsonl", "--max-cost", "0.50")
    assert result.code == 2
    assert "shots.jsonl:2" in result.err
    assert jobs(run) == []


def test_above_the_threshold_somebody_must_agree_to_all_together(run, loopback, monkeypatch):
    """Of another address the price is not known, which is above any threshold."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"{loopback.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    home = Path(os.environ["POLYREEL_HOME"])
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text('[budget]\nask_above = "1.00"\n')
    result = run("batch", lines(*boats(2)))
    assert result.code == 2
    assert "2 new requests, 2 of an unknown price" in result.err
    assert "--yes" in result.err
    assert loopback.received == []
    assert run("batch", "shots.jsonl", "--yes").code == 1
    assert len(loopback.received) == 2  # they were sent, and there is no such server


@pytest.mark.parametrize(("limit", "asked"), [("2.39", True), ("2.40", False)])
def test_the_threshold_is_for_all_lines_together(limit, asked):
    price = Price(requests=3, earlier=0, sums={"USD": Decimal("2.40")}, unknown=0)
    assert price.is_above(Decimal(limit), "USD") is asked
    assert price.is_above(Decimal(limit), "EUR")
    assert not Price(requests=0, earlier=3, sums={}, unknown=0).is_above(Decimal(0), "USD")


# --- again -------------------------------------------------------------------------------------------------------


def test_the_same_file_again_pays_nothing_and_tells_of_the_films(batch, run):
    first = batch(lines(*boats(3)))
    second = batch("shots.jsonl", "--json")
    assert second.code == 0
    assert (second.json["completed"], second.json["earlier"]) == (3, 3)
    paths = [line["videos"][0]["path"] for line in second.json["lines"]]
    assert sorted(paths) == sorted(first.out.splitlines())
    assert len(jobs(run)) == 3


def test_films_that_are_there_are_no_obstacle_to_the_same_file(batch):
    lines(*boats(2))
    for _ in range(2):
        assert batch("shots.jsonl", "-o", "{index}.mp4").code == 0
    assert films(".") == ["1.mp4", "2.mp4"]


def test_a_longer_file_of_the_same_name_makes_only_what_is_new(batch, run):
    batch(lines(*boats(2)))
    lines({"prompt": "first", "model": MODEL}, *boats(3))
    assert batch("shots.jsonl").code == 0
    assert sorted(job["prompt"] for job in jobs(run)) == ["boat 0", "boat 1", "boat 2", "first"]


def test_again_makes_every_film_anew_and_says_how_to_go_on_with_it(batch, run):
    batch(lines(*boats(2)))
    result = batch("shots.jsonl", "--again")
    assert len(jobs(run)) == 4
    name = re.search(r"--name '([^']+)' goes on with it", result.err)[1]
    assert batch("shots.jsonl", "--name", name).code == 0
    assert len(jobs(run)) == 4


def test_time_runs_out_and_the_same_command_goes_on(batch, run):
    result = batch(lines(*boats(3)), "--timeout", "0", "--json")
    assert result.code == 3
    assert result.json["unfinished"] + result.json["not_begun"] == 3
    assert batch("shots.jsonl").code == 0
    assert len(jobs(run)) == 3


# --- the report --------------------------------------------------------------------------------------------------


def test_the_report_counts_every_kind(batch):
    report = batch(lines(*boats(2)), "--json").json
    assert {kind.replace(" ", "_") for kind in KINDS} <= set(report)
    assert sum(report[kind.replace(" ", "_")] for kind in KINDS) == report["requests"] == 2
    assert [line["line"] for line in report["lines"]] == [1, 2]


def test_the_report_is_written_too(batch):
    result = batch(lines(*boats(2)), "--report", "report.json", "-q")
    assert json.loads(Path("report.json").read_text())["completed"] == 2
    assert len(result.out.splitlines()) == 2
    assert sorted(Path().glob(".*")) == []


def test_the_last_lines_say_what_became_of_all(batch):
    result = batch(lines(*boats(2)))
    assert "shots: 2 requests: 2 completed" in result.err
    assert "2 simulated: nothing was paid" in result.err


def test_each_line_that_ends_is_one_line(batch):
    result = batch(lines(*boats(3)))
    ended = [
        line for line in result.err.splitlines() if re.match(r"shots\.jsonl:\d: job_\w+: completed", line)
    ]
    assert [re.search(r"\((\d) of 3 completed\)", line)[1] for line in ended] == ["1", "2", "3"]


def test_ctrl_c_tells_what_is_done_and_the_same_command_goes_on(batch, run, monkeypatch):
    lines(*boats(5))
    whole = Client.map

    def interrupted(self, *args, **kwargs):
        outcomes = whole(self, *args, **kwargs)
        yield next(outcomes)
        outcomes.close()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Client, "map", interrupted)
        result = batch("shots.jsonl", "--concurrency", 2, "--json")
    assert result.code == 130
    assert (result.json["interrupted"], result.json["completed"], result.json["not_over"]) == (True, 1, 4)
    assert "the same command goes on from here" in result.err
    assert batch("shots.jsonl").code == 0
    assert len(jobs(run)) == 5
