"""Every verb on both clients, against the simulated OpenAI provider."""

import inspect
from decimal import Decimal

import pytest
from acme.house import acme_plugins, picture, tiny_film
from acme.plugin import Acme
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import (
    BudgetExceeded,
    ConfigurationError,
    ContentRefused,
    InvalidRequest,
    JobFailed,
    JobNotFound,
    JobTimeout,
    JobUncertain,
    ModelNotFound,
)
from polyreel.hookspecs import hookimpl
from polyreel.simulation.faults import Fault
from polyreel.types.job import Receipt

MODEL = "openai/sora-2"
PROMPT = "A paper boat crossing a puddle"


def test_both_have_the_same_verbs_with_the_same_signatures():
    public = {name for name in dir(Client) if not name.startswith("_")}
    assert public == {name for name in dir(AsyncClient) if not name.startswith("_")}
    for name in (*public, "__init__"):
        blocking, awaited = (inspect.signature(getattr(each, name)) for each in (Client, AsyncClient))
        assert blocking.parameters == awaited.parameters, name


def test_generate(face, stage, tmp_path):
    seen = []
    client = face()
    result = client.generate(
        PROMPT,
        model=MODEL,
        duration=8,
        size="1280x720",
        output=tmp_path / "boat.mp4",
        on_progress=seen.append,
    )
    assert result.path == tmp_path / "boat.mp4"
    assert result.bytes() == tiny_film()
    assert result.simulated
    job = result.job
    assert (job.status, job.provider, job.model) == ("completed", "openai", MODEL)
    assert job.requested == {"prompt": PROMPT, "duration": 8, "size": "1280x720"}
    assert job.parameters == {
        **job.requested,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "fps": 24,
        "n": 1,
        "generate_audio": True,
    }
    assert job.estimate.amount == Decimal("0.80")
    assert (result.cost.amount, result.cost.billed, result.cost.basis) == (0, False, "simulated")
    assert stage(client).charges.total == Decimal("0.80")
    assert [each.status for each in seen][:: len(seen) - 1] == ["queued", "completed"]
    assert seen[-1] == job


def test_submit_get_list_wait(face):
    client = face()
    jobs = [client.submit(f"{PROMPT} {number}", model=MODEL) for number in range(3)]
    assert [job.status for job in jobs] == ["queued"] * 3
    assert client.get_job(jobs[0].id) == jobs[0]
    assert [job.id for job in client.list_jobs()] == [job.id for job in reversed(jobs)]
    assert [job.id for job in client.list_jobs(limit=1)] == [jobs[2].id]
    result = client.wait(jobs[0].id)
    assert result.job == client.get_job(jobs[0].id)
    assert client.wait(jobs[0].id).job == result.job
    assert {job.id for job in client.list_jobs(unfinished=True)} == {jobs[1].id, jobs[2].id}
    with pytest.raises(JobNotFound, match="no job 'job_nowhere'"):
        client.get_job("job_nowhere")
    with pytest.raises(JobNotFound):
        client.wait("job_nowhere")


def test_watch(face):
    client = face()
    job = client.submit(PROMPT, model=MODEL)
    seen = client.watch(job.id)
    assert seen[0] == job
    assert seen[-1] == client.get_job(job.id)
    assert [each.phase.value for each in seen[:: len(seen) - 1]] == ["accepted", "stored"]
    looks = [(each.phase, each.percent, each.message) for each in seen]
    assert len(looks) == len(set(looks)) > 4
    assert client.watch(job.id) == [seen[-1]]


def test_watch_of_a_job_that_fails(face):
    client = face()
    job = client.submit("[fail] a paper boat", model=MODEL)
    assert client.watch(job.id)[-1].status == "failed"


def test_resume_all_and_one(face):
    client = face()
    good, bad, other = (client.submit(prompt, model=MODEL) for prompt in (PROMPT, "[fail]", PROMPT))
    (ended,) = client.resume(good.id)
    assert (ended.id, ended.status) == (good.id, "completed")
    reported = []
    statuses = {job.id: job.status for job in client.resume(on_progress=reported.append)}
    assert statuses == {bad.id: "failed", other.id: "completed"}
    assert {job.id for job in reported} == {bad.id, other.id}
    assert client.resume() == []
    assert [job.status for job in client.resume(bad.id)] == ["failed"]


def test_resume_does_not_wait_for_longer_than_it_may(face):
    client = face()
    job = client.submit(PROMPT, model=MODEL)
    began = client.workspace.clock.now()
    (still,) = client.resume(timeout=10)
    assert still.status == "processing"
    assert client.workspace.clock.now() - began <= 10
    assert client.wait(job.id).job.status == "completed"


@pytest.mark.parametrize("timeout", [0, 5, 20.5])
def test_a_timeout_never_loses_a_job(timeout, face, stage):
    client = face()
    began = client.workspace.clock.now()
    with pytest.raises(JobTimeout, match=f"after {timeout:g} s; it goes on") as caught:
        client.generate(PROMPT, model=MODEL, timeout=timeout)
    assert client.workspace.clock.now() - began == pytest.approx(timeout)
    job = caught.value.job
    assert job.id in str(caught.value)
    assert job == client.get_job(job.id)
    assert not job.done
    with pytest.raises(JobTimeout):
        client.wait(job.id, timeout=0)
    assert client.wait(job.id, timeout=None).job.status == "completed"
    assert stage(client).faults.count("POST") == 1


def test_cancel_says_that_openai_cannot(face, stage):
    client = face()
    job = client.submit(PROMPT, model=MODEL)
    cancellation = client.cancel(job.id)
    assert cancellation.outcome == "not_supported"
    assert client.get_job(job.id).status == "queued"
    assert client.wait(job.id).job.status == "completed"
    assert client.cancel(job.id).outcome == "too_late"
    assert stage(client).faults.count("DELETE") == 0


def test_delete(face, stage):
    client = face()
    result = client.generate(PROMPT, model=MODEL)
    assert client.delete(result.job.id).outcome == "cancelled"
    assert client.delete(result.job.id).outcome == "too_late"
    assert client.get_job(result.job.id).status == "completed"
    assert result.path.exists()
    assert stage(client).faults.count("DELETE") == 2


def test_fetch_variants(face, tmp_path):
    client = face()
    job = client.generate(PROMPT, model=MODEL, output=tmp_path / "boat.mp4").job
    fetched = client.fetch(job.id, assets=["thumbnail", "spritesheet"])
    assert [asset.role for asset in fetched] == ["thumbnail", "spritesheet"]
    assert all(asset.path.name.startswith("boat-") for asset in fetched)
    assert {asset.role: asset.path for asset in client.get_job(job.id).assets} == {
        "video": tmp_path / "boat.mp4",
        **{asset.role: asset.path for asset in fetched},
    }
    (film,) = client.fetch(job.id, output=str(tmp_path / "again.mp4"))
    assert film.path.read_bytes() == tiny_film()
    with pytest.raises(JobFailed, match="has no audio"):
        client.fetch(job.id, assets=["audio"])


def test_remote_jobs(face):
    client = face()
    for number in range(3):
        client.submit(f"boat {number}", model=MODEL)
    remote = client.remote_jobs("openai", limit=2)
    assert [(job.prompt, job.state, job.model) for job in remote] == [
        ("boat 2", "queued", "sora-2"),
        ("boat 1", "queued", "sora-2"),
    ]
    with pytest.raises(ModelNotFound, match="did you mean 'openai'"):
        client.remote_jobs("opeanai")


def test_remote_jobs_of_a_provider_that_cannot_list(face, plain_plugins):
    with pytest.raises(ConfigurationError, match="no way to list"):
        face(plugins=plain_plugins).remote_jobs("acme")


def test_check_sends_nothing(face, stage):
    client = face()
    good = client.check(PROMPT, model=MODEL, seconds=8, seed=7)
    assert good.ok
    assert good.model == MODEL
    assert good.parameters["duration"] == 8
    assert good.estimate.amount == Decimal("0.80")
    assert [notice.parameter for notice in good.warnings] == ["seed"]

    bad = client.check("", model=MODEL, duration=5, size="1920x1080", colour="red")
    assert not bad.ok
    assert {problem.parameter for problem in bad.problems} == {"prompt", "duration", "size", "colour"}
    assert bad.estimate is None
    assert stage(client).faults.requests == ()
    with pytest.raises(ModelNotFound, match="did you mean 'openai/sora-2'"):
        client.check(PROMPT, model="openai/sora2")


def test_dry_run_shows_exactly_what_submit_sends(face, stage):
    client = face()
    dry = client.dry_run(PROMPT, model=MODEL, duration=8, input_image=picture(720, 1280))
    assert stage(client).faults.requests == ()
    (request,) = dry.requests
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/videos")
    assert {part.name: part.content for part in request.form if part.filename is None} == {
        "prompt": PROMPT,
        "model": "sora-2",
        "seconds": "8",
        "size": "720x1280",
    }
    assert not [name for name in request.headers if name.lower() == "authorization"]
    assert dry.max_cost == dry.estimate.amount == Decimal("0.80")
    assert client.list_jobs() == []
    with pytest.raises(InvalidRequest):
        client.dry_run(PROMPT, model=MODEL, duration=5)


def test_estimate(face):
    client = face()
    assert client.estimate(model=MODEL, duration=12).amount == Decimal("1.20")
    assert client.estimate(model="openai/sora-2-pro", size="1792x1024", seconds=8).amount == Decimal("4.00")
    assert client.estimate(model=MODEL).rule == "4 s x 0.10 USD per second"
    with pytest.raises(InvalidRequest, match="duration"):
        client.estimate(model=MODEL, duration=5)


def test_a_budget_is_kept_before_anything_is_sent(face, stage):
    client = face()
    with pytest.raises(BudgetExceeded, match=r"more than the allowed 0\.39") as caught:
        client.generate(PROMPT, model=MODEL, max_cost="0.39")
    assert caught.value.estimate.amount == Decimal("0.40")
    assert stage(client).faults.requests == ()
    assert client.generate(PROMPT, model=MODEL, max_cost=0.4).job.status == "completed"


def test_migrate(face):
    migration = face().migrate("openai/sora-2-pro", MODEL, size="1792x1024", seconds=12)
    assert migration.parameters["duration"] == 12
    assert migration.parameters["size"] == "1280x720"
    assert [change.parameter for change in migration.changes] == ["size"]
    assert (migration.before.amount, migration.after.amount) == (Decimal("6.00"), Decimal("1.20"))
    assert migration.problems == ()


def test_models_and_model(face):
    client = face()
    ids = [document.id for document in client.models()]
    assert ids == sorted(ids)
    assert {MODEL, "openai/sora-2-pro", "openai/sora-2-2025-12-08"} <= set(ids)
    assert client.model("sora-2").id == client.model(MODEL).id == MODEL
    for unknown in ("openai/sora-3", "sora-3", "nobody/sora-2"):
        with pytest.raises(ModelNotFound) as caught:
            client.model(unknown)
        assert caught.value.model in {unknown, unknown.partition("/")[0]}


def test_videos_and_jobs(face):
    client = face()
    answer = client.videos(PROMPT, model=MODEL)
    job_id = answer["data"]["job_id"]
    assert client.jobs(job_id)["status"] == "queued"
    client.workspace.clock.advance(60)
    assert client.jobs(job_id)["status"] == "completed"


def test_what_the_safety_rules_refuse(face, stage):
    client = face()
    with pytest.raises(ContentRefused) as at_once:
        client.generate("[moderation:create]", model=MODEL)
    with pytest.raises(ContentRefused) as later:
        client.generate("[moderation:job]", model=MODEL)
    assert [caught.value.job.failure.kind for caught in (at_once, later)] == ["filtered", "filtered"]
    assert stage(client).charges.total == 0


def test_an_option_of_the_wrong_type_is_a_problem_and_no_traceback(face, stage):
    client = face()
    for option, value in (
        ("max_cost", "cheap"),
        ("max_cost", float("nan")),
        ("max_cost", -1),
        ("max_cost", True),
        ("timeout", "long"),
        ("timeout", -1),
        ("timeout", float("nan")),
        ("timeout", True),
        ("output", 7),
        ("output", ""),
        ("folder", b"x"),
        ("fit", "squeeze"),
        ("fit", ["crop"]),
        ("on_unsupported", "ignore"),
        ("native", "x"),
        ("on_progress", "print"),
        ("overwrite", "yes"),
        ("byok_api_key", 7),
    ):
        with pytest.raises(InvalidRequest, match=option) as caught:
            client.generate(PROMPT, model=MODEL, **{option: value})
        assert [problem.parameter for problem in caught.value.problems] == [option]
    assert stage(client).faults.requests == ()


def test_native_fields_are_added_unchecked(face, stage):
    client = face()
    (request,) = client.dry_run(PROMPT, model=MODEL, native={"style": "noir"}).requests
    assert ("style", "noir") in {(part.name, part.content) for part in request.form}


@pytest.mark.parametrize("operation", ["remix", "extend", "edit"])
def test_an_earlier_film_is_worked_on(operation, face, stage):
    client = face()
    first = client.generate(PROMPT, model=MODEL)
    for source in (first.job.id, first.job, first, first.job.receipt.id):
        result = client.generate("at night", model=MODEL, video=source, openai_operation=operation)
        assert result.job.status == "completed"
        assert result.job.parameters["video"] == {"id": first.job.receipt.id}
    path = {"remix": f"/videos/{first.job.receipt.id}/remix", "extend": "/extensions", "edit": "/edits"}
    assert stage(client).faults.count("POST", f"{path[operation]}$") == 4


def test_an_earlier_job_that_cannot_be_worked_on_is_refused(simulated, stage, tmp_path):
    setup = {"home": tmp_path, "store": tmp_path / "jobs.sqlite3", "clock": VirtualClock()}
    elsewhere = {"openai": {"base_url": "http://127.0.0.1:9/v1"}}
    with Client(simulate=simulated(), **setup) as client:
        job = client.generate(PROMPT, model=MODEL).job
        stage(client).faults.add(
            Fault(kind="drop_before", method="POST"), Fault(kind="html", method="GET", times=None)
        )
        with pytest.raises(JobUncertain) as caught:
            client.generate(PROMPT, model=MODEL)
        unknown = caught.value.job.id
        before = len(stage(client).faults.requests)
        with pytest.raises(InvalidRequest, match=f"{unknown} is unknown and was never known to be accepted"):
            client.generate("at night", model=MODEL, video=unknown)
        client.workspace.store.add(job.model_copy(update={"id": "job_acme", "provider": "acme"}))
        assert "made by acme" in client.check("at night", model=MODEL, video="job_acme").problems[0].message
        assert len(stage(client).faults.requests) == before
    with Client(settings=elsewhere, api_keys={"openai": "sk-0123456789"}, **setup) as client:
        check = client.check("at night", model=MODEL, video=job.id)
        assert [problem.parameter for problem in check.problems] == ["video"]
        assert "is simulated, and this request is real" in check.problems[0].message


def test_resume_goes_on_with_the_others_when_one_cannot(face, stage):
    client = face()
    jobs = [client.submit(f"boat {number}", model=MODEL) for number in range(2)]
    look = f"/videos/{jobs[0].receipt.id}$"
    stage(client).faults.add(Fault(kind="status", status=401, path=look, times=None))
    reported = []
    ended = {job.id: job for job in client.resume(on_progress=reported.append)}
    assert ended[jobs[1].id].status == "completed"
    assert ended[jobs[0].id].status == "queued"
    assert "401" in ended[jobs[0].id].message
    assert ended[jobs[0].id] in reported
    stage(client).faults.clear()
    assert client.wait(jobs[0].id).job.status == "completed"


@pytest.mark.parametrize("model", ["openai/", "/", "", "openai"])
def test_half_a_models_name(model, face):
    with pytest.raises(ModelNotFound):
        face().check(PROMPT, model=model)


def test_a_flow_that_sends_nothing_cannot_be_shown(face):
    class Silent(Acme):
        @hookimpl
        def submit(self, task):
            yield from ()
            return Receipt(id="film_1")

    with pytest.raises(ConfigurationError, match="sends nothing"):
        face(plugins=acme_plugins(Silent())).dry_run(PROMPT, model="acme/one")
