import re

import pytest

MODEL = "openai/sora-2"


@pytest.fixture
def job(simulated):
    """A submitted job that nobody waits for."""
    return simulated("--no-wait", "-q", "-o", "boat.mp4").out.strip()


def test_no_jobs(run):
    result = run("jobs")
    assert (result.code, result.out, result.err) == (0, "", "no jobs\n")
    assert run("jobs", "--json").json == []


def test_jobs_are_listed_newest_first(run, job, simulated):
    newer = simulated("--no-wait", "-q", prompt="A [red] boat").out.strip()
    heading, first, second = run("jobs").out.splitlines()
    assert heading.split() == ["JOB", "STATUS", "MODEL", "CREATED", "PROMPT"]
    assert first.startswith(newer)
    assert first.endswith("A [red] boat")
    assert second.startswith(f"{job}  queued, simulated  openai/sora-2")
    assert [entry["id"] for entry in run("jobs", "list", "--limit", 1, "--json").json] == [newer]


def test_unfinished_jobs(run, job, simulated):
    assert simulated().code == 0
    assert [entry["id"] for entry in run("jobs", "list", "--unfinished", "--json").json] == [job]


def test_a_job_is_shown_with_its_history(run, job):
    shown = run("jobs", "show", job)
    assert shown.code == 0
    assert shown.out.splitlines()[0] == job
    assert "  status: queued\n" in shown.out
    assert re.search(r"\d\d:\d\d:\d\d submitting\n.*\d\d:\d\d:\d\d accepted", shown.out)
    record = run("jobs", "show", job, "--json").json
    assert (record["id"], record["status"], record["model"]) == (job, "queued", MODEL)
    assert [event["phase"] for event in record["history"]] == ["created", "submitting", "accepted"]


def test_waiting_fetches_the_film(run, job, machine):
    result = run("jobs", "wait", job)
    assert (result.code, result.out) == (0, f"{machine / 'boat.mp4'}\n")
    assert result.err.startswith("SIMULATED")
    again = run("jobs", "wait", job, "--json")
    assert (again.code, again.json["videos"][0]["path"]) == (0, str(machine / "boat.mp4"))


def test_waiting_ends_when_its_time_is_over(run, job):
    result = run("jobs", "wait", job, "--timeout", 0)
    assert result.code == 3
    assert f"polyreel jobs resume {job}" in result.err


def test_resuming_all_of_them(run, job, simulated, machine):
    other = simulated("--no-wait", "-q").out.strip()
    result = run("jobs", "resume")
    assert result.code == 0
    assert f"{job}  completed  {machine / 'boat.mp4'}" in result.out.splitlines()
    assert any(line.startswith(f"{other}  completed  ") for line in result.out.splitlines())
    nothing = run("jobs", "resume")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "no unfinished jobs\n")


def test_resuming_all_of_them_with_too_little_time(run, job):
    result = run("jobs", "resume", "--timeout", 0.5, "--json")
    assert result.code == 3
    assert [entry["status"] for entry in result.json] == ["queued"]


def test_resuming_what_cannot_go_on_is_a_failure(run, job, quick, tmp_path):
    quick.advance(86400 * 3)  # the provider keeps a film for an hour
    (tmp_path / "home" / "simulation" / "openai.json").unlink()
    result = run("jobs", "resume")
    assert result.code == 1
    assert result.out.startswith(f"{job}  failed  ")


def test_cancelling_is_said_honestly(run, job):
    result = run("jobs", "cancel", job)
    assert result.code == 1
    assert result.out.startswith(f"{job}: not supported. ")
    assert run("jobs", "cancel", job, "--json").json["outcome"] == "not_supported"


def test_cancelling_too_late(run, job):
    run("jobs", "wait", job)
    result = run("jobs", "cancel", job)
    assert (result.code, result.out) == (1, f"{job}: too late. {job} is completed already\n")


def test_downloading_more_than_the_film(run, job, machine):
    run("jobs", "wait", job)
    result = run("jobs", "download", job, "--asset", "thumbnail", "--asset", "spritesheet")
    assert result.code == 0
    paths = result.out.splitlines()
    assert sorted(paths) == sorted(
        str(machine / f"boat-{name}") for name in ("thumbnail.webp", "spritesheet.jpg")
    )
    named = run("jobs", "download", job, "--asset", "thumbnail", "-o", "small.webp", "--json")
    assert (named.json[0]["role"], named.json[0]["size"]) == ("thumbnail", "720x1280")
    assert (machine / "small.webp").read_bytes()[:4] == b"RIFF"


def test_downloading_never_replaces_a_file_unasked(run, job, machine):
    run("jobs", "wait", job)
    (machine / "mine.mp4").write_bytes(b"mine")
    refused = run("jobs", "download", job, "-o", "mine.mp4")
    assert refused.code == 2
    assert (machine / "mine.mp4").read_bytes() == b"mine"
    assert run("jobs", "download", job, "-o", "mine.mp4", "--overwrite").out == f"{machine / 'mine.mp4'}\n"
    assert (machine / "mine.mp4").read_bytes()[4:8] == b"ftyp"


def test_downloading_what_a_job_does_not_have(run, job):
    result = run("jobs", "download", job, "--asset", "thumbnail")
    assert result.code == 1
    assert "has no thumbnail" in result.err


def test_deleting_at_the_provider(run, job):
    run("jobs", "wait", job)
    assert run("jobs", "delete", job).out.startswith(f"{job}: deleted")
    again = run("jobs", "delete", job, "--json")
    assert (again.code, again.json["outcome"]) == (1, "too_late")


def test_the_jobs_that_a_provider_keeps(run, job):
    listed = run("jobs", "list", "--remote", "openai", "--simulate")
    assert listed.out.splitlines()[0].startswith("OPENAI JOB")
    assert re.search(r"^video_\w+ +\w+ +sora-2", listed.out.splitlines()[1])
    assert run("jobs", "list", "--remote", "openai", "--simulate", "--json").json[0]["model"] == "sora-2"


@pytest.mark.parametrize("verb", ["show", "wait", "resume", "cancel", "download", "delete"])
def test_an_unknown_job(run, verb):
    result = run("jobs", verb, "job_nope")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: there is no job 'job_nope' in this store; see 'polyreel jobs list'\n"
