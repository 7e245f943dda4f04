"""The public API as type checkers see it. Never executed: mypy --strict reads it (tests/house/test_checkers.py)."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, assert_type

import polyreel
from polyreel.documents.document import ModelDocument
from polyreel.flows import Flow, run
from polyreel.hookspecs import hookimpl
from polyreel.http import Auth, BearerAuth, NoAuth, Response
from polyreel.migration import Migration
from polyreel.results import Check, DryRun
from polyreel.search import Search
from polyreel.types.job import Progress, Receipt, RemoteJob
from polyreel.types.provider import Settings
from polyreel.types.task import Task


def functions() -> None:
    result = polyreel.generate("A paper boat", model="acme/film-2", duration=4, simulate=True)
    assert_type(result, polyreel.Result)
    assert_type(result.videos, Sequence[polyreel.Video])
    assert_type(result.job, polyreel.Job)
    assert_type(result.cost, polyreel.Cost | None)
    assert_type(result.warnings, tuple[polyreel.Notice, ...])
    assert_type(result.path, Path)
    assert_type(result.save("boat.mp4"), Path)
    assert_type(result.bytes(), bytes)
    assert_type(result.url, str)
    assert_type(result.duration, float | None)
    assert_type(result.size, tuple[int, int] | None)
    assert_type(polyreel.submit("A paper boat", model="acme/film-2"), polyreel.Job)


def many() -> None:
    client = polyreel.Client()
    for outcome in client.map(
        ["A boat", {"prompt": "A kite", "duration": 4}], model="acme/film-2", name="shots"
    ):
        assert_type(outcome, polyreel.Outcome)
        assert_type(outcome.result, polyreel.Result | None)
        assert_type(outcome.job, polyreel.Job | None)
    assert_type([*client.review(["A boat"], model="acme/film-2")], list[polyreel.Review])


async def many_awaited() -> None:
    async for outcome in polyreel.AsyncClient().map(["A boat"], model="acme/film-2"):
        assert_type(outcome, polyreel.Outcome)
    async for review in polyreel.AsyncClient().review(["A boat"], model="acme/film-2"):
        assert_type(review, polyreel.Review)


def budgets() -> None:
    budget = polyreel.Budget(per_job="2", per_day=20, total=0.5, currency="EUR", unknown="allow")
    assert_type(polyreel.Client(budget=budget), polyreel.Client)


def blocking() -> None:
    with polyreel.Client(simulate=True, api_keys={"acme": "key"}, home="films", store="memory") as client:
        assert_type(client, polyreel.Client)
        assert_type(client.generate("A paper boat", model="acme/film-2"), polyreel.Result)
        assert_type(client.submit("A paper boat", model="acme/film-2"), polyreel.Job)
        assert_type(client.check("A paper boat", model="acme/film-2"), Check)
        assert_type(client.dry_run("A paper boat", model="acme/film-2"), DryRun)
        assert_type(client.estimate(model="acme/film-2"), polyreel.Estimate)
        assert_type(client.migrate("acme/film-1", "acme/film-2"), Migration)
        assert_type(client.migrate("acme/film-1", to="acme/film-2", duration=4), Migration)
        assert_type(client.migrate("acme/film-1", duration=4), Sequence[Migration])
        assert_type(client.get_job("job_1"), polyreel.Job)
        assert_type(client.list_jobs(unfinished=True, limit=3), list[polyreel.Job])
        assert_type(client.wait("job_1", timeout=None, on_progress=progress), polyreel.Result)
        assert_type(client.watch("job_1"), Iterator[polyreel.Job])
        assert_type(client.resume(), list[polyreel.Job])
        assert_type(client.cancel("job_1"), polyreel.Cancellation)
        assert_type(client.delete("job_1"), polyreel.Cancellation)
        assert_type(client.fetch("job_1", assets=["thumbnail"], output=Path("t.webp")), list[polyreel.Asset])
        assert_type(client.remote_jobs("acme"), list[RemoteJob])
        assert_type(client.handle_webhook({}, b"", provider="acme"), polyreel.WebhookOutcome)
        assert_type(client.models(), list[ModelDocument])
        assert_type(client.models(accepts={"duration": 4}, max_cost="2"), Search)
        assert_type(client.costs(by="project"), list[polyreel.Spending])
        assert_type(client.model("acme/film-2"), ModelDocument)
        assert_type(client.model("acme/film-2").form(), dict[str, Any])
        assert_type(client.videos("A paper boat", model="acme/film-2"), dict[str, Any])
        assert_type(client.jobs("job_1"), dict[str, Any])


async def awaited() -> None:
    assert_type(await polyreel.agenerate("A paper boat", model="acme/film-2"), polyreel.Result)
    async with polyreel.AsyncClient(simulate=polyreel.Simulation(clock=polyreel.VirtualClock())) as client:
        assert_type(client, polyreel.AsyncClient)
        assert_type(await client.generate("A paper boat", model="acme/film-2"), polyreel.Result)
        assert_type(client.watch("job_1"), AsyncIterator[polyreel.Job])
        assert_type(await client.resume("job_1", timeout=5), list[polyreel.Job])
        assert_type(await client.jobs("job_1"), dict[str, Any])


def progress(job: polyreel.Job) -> None:
    assert_type(job.done, bool)
    assert_type(job.percent, float | None)
    assert_type(job.videos, tuple[polyreel.Asset, ...])


def errors() -> None:
    try:
        polyreel.generate("A paper boat", model="acme/film-2")
    except polyreel.InvalidRequest as error:
        assert_type(error.problems, tuple[polyreel.Problem, ...])
    except polyreel.ModelRetired as error:
        assert_type(error.replacements, tuple[str, ...])
    except polyreel.RateLimited as error:
        assert_type(error.retry_after, float | None)
    except polyreel.ProviderError as error:
        assert_type(error.status, int | None)
        assert_type(error.billed, bool | None)
    except polyreel.JobError as error:
        assert_type(error.job, polyreel.Job | None)


class Plugin:
    """A provider's hooks, as an author writes them."""

    @hookimpl
    def authenticate(self, settings: Settings) -> Auth:
        key = settings.secret("api_key")
        return BearerAuth(key) if key else NoAuth()

    @hookimpl
    def submit(self, task: Task) -> Flow[Receipt]:
        response = yield from task.http.post("/films", json={"prompt": task.parameters["prompt"]})
        assert_type(response, Response)
        return Receipt(id=response.json()["id"])

    @hookimpl
    def poll(self, task: Task, receipt: Receipt) -> Flow[Progress]:
        response = yield from task.http.get(f"/films/{receipt.id}")
        return Progress(state="succeeded" if response.ok else "running")


def flows(plugin: Plugin, task: Task, client: polyreel.Client) -> None:
    assert_type(run(plugin.submit(task), client._io), Receipt)
