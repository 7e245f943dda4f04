"""``polyreel jobs``: what was asked for, what became of it, and how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from polyreel.cli import failures, record, words
from polyreel.cli.clients import json_option, open_client, pass_display, quiet_option, setting_option
from polyreel.cli.display import Display
from polyreel.cli.generate import finished
from polyreel.cli.progress import following
from polyreel.cli.request import seconds
from polyreel.cli.resolve import resolve
from polyreel.redaction import redact
from polyreel.types.options import DEFAULT_TIMEOUT, checked_place

if TYPE_CHECKING:
    from pathlib import Path

    from polyreel.client import Client
    from polyreel.types.asset import Asset
    from polyreel.types.job import Cancellation, Job
    from polyreel.types.location import Location

__all__ = ["command"]

timeout_option = click.option(
    "--timeout", type=seconds, metavar="S", help="Stop waiting after so long; the job goes on. Default: 3600."
)
on_timeout_option = click.option(
    "--on-timeout",
    type=click.Choice(["leave", "cancel"]),
    default="leave",
    help="What happens to the job then: it goes on (leave, the default), or it is cancelled, if its provider can.",
)
_LISTED = 20


@click.group("jobs", invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show, wait for, resume, cancel, resolve, download and delete jobs. Without a verb, list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(
            list_jobs,
            unfinished=False,
            limit=_LISTED,
            remote=None,
            simulate=False,
            settings=(),
        )


@command.command("list")
@click.option("--unfinished", is_flag=True, help="Only those that still need a step.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=_LISTED, help="At most so many, newest first. Default: 20."
)
@click.option(
    "--remote", metavar="PROVIDER", help="Those that a provider keeps for the account, instead of the own."
)
@click.option("--simulate", is_flag=True, help="With --remote: ask the provider's simulator.")
@json_option
@setting_option
@pass_display
def list_jobs(  # noqa: PLR0913  its flags
    display: Display,
    /,
    *,
    unfinished: bool,
    limit: int,
    remote: str | None,
    simulate: bool,
    settings: tuple[str, ...],
) -> None:
    """List jobs, newest first."""
    client = open_client(simulate=simulate, settings=settings)
    if remote is not None:
        _list_remote(display, client, remote, limit)
        return
    jobs = client.list_jobs(unfinished=unfinished, limit=limit)
    if display.as_json:
        display.document([words.job_json(job) for job in jobs])
        return
    if not jobs:
        display.remark("no jobs")
        return
    rows = [
        (
            job.id,
            record.status(job),
            job.model,
            words.moment(job.created_at),
            words.shortened(job.prompt, 40),
        )
        for job in jobs
    ]
    display.table(("job", "status", "model", "created", "prompt"), rows)
    for job in jobs:
        notice = record.overdue(client, job)
        if notice is not None:
            display.remark(f"{job.id}: {notice.message}")
    for job in jobs:
        if job.phase == "unknown":
            display.say(redact(f"{job.id}: {record.riddle(job)}"))


@command.command("show")
@click.argument("job_id", metavar="ID")
@json_option
@pass_display
def show(display: Display, /, job_id: str) -> None:
    """Show a job's record, with its history."""
    client = open_client()
    job = client.get_job(job_id)
    if display.as_json:
        display.document(words.job_json(job))
        return
    for line in record.lines(job, record.overdue(client, job)):
        display.out(redact(line))


@command.command("wait")
@click.argument("job_id", metavar="ID")
@timeout_option
@on_timeout_option
@json_option
@quiet_option
@setting_option
@pass_display
def wait(display: Display, /, job_id: str, **given: Any) -> None:
    """Wait for a job, fetch its film and print the path."""
    _wait(display, job_id, given)


@command.command("resume")
@click.argument("job_id", metavar="[ID]", required=False)
@timeout_option
@json_option
@quiet_option
@setting_option
@pass_display
def resume(display: Display, /, job_id: str | None, **given: Any) -> int:
    """Take up an unfinished job, or all of them, and fetch the films."""
    if job_id is not None:
        _wait(display, job_id, given)
        return failures.DONE
    display.quiet = given["quiet"]
    client = open_client(settings=given["settings"])
    timeout = DEFAULT_TIMEOUT if given["timeout"] is None else given["timeout"]
    until = client.workspace.clock.now() + timeout
    with following(display, client) as on_progress:
        jobs = client.resume(timeout=timeout, on_progress=on_progress)
    if display.as_json:
        display.document([words.job_json(job) for job in jobs])
    elif not jobs:
        display.remark("no unfinished jobs")
    for job in jobs if not display.as_json else ():
        ended = ", ".join(film.place for film in job.videos if film.place) or redact(job.message)
        display.out(f"{job.id}  {job.status}  {ended}")
    return _code(jobs, client.workspace.clock.now(), until)


@command.command("cancel")
@click.argument("job_id", metavar="ID")
@json_option
@setting_option
@pass_display
def cancel(display: Display, /, job_id: str, *, settings: tuple[str, ...]) -> int:
    """Stop a job, and say honestly what became of it: exit code 0 only if it was stopped."""
    return _told(display, job_id, open_client(settings=settings).cancel(job_id))


@command.command("delete")
@click.argument("job_id", metavar="ID")
@json_option
@setting_option
@pass_display
def delete(display: Display, /, job_id: str, *, settings: tuple[str, ...]) -> int:
    """Delete a job and its files at the provider; the record and the films here stay."""
    outcome = open_client(settings=settings).delete(job_id)
    return _told(display, job_id, outcome, done="deleted")


@command.command("download")
@click.argument("job_id", metavar="ID")
@click.option(
    "--asset",
    "assets",
    multiple=True,
    metavar="ROLE",
    help="video (the default), thumbnail, spritesheet, ...",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|URL",
    help="Where to: a file, s3://..., gs://..., az://... Default: beside the film.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@json_option
@setting_option
@pass_display
def download(  # noqa: PLR0913  its flags
    display: Display,
    /,
    job_id: str,
    *,
    assets: tuple[str, ...],
    output: str | None,
    overwrite: bool,
    settings: tuple[str, ...],
) -> None:
    """Fetch files of a job that is rendered, again or for the first time, and print their paths."""
    client = open_client(settings=settings)
    target = checked_place(output)
    _check_place(client, target, overwrite=overwrite)
    roles = assets or ("video",)
    with following(display, client):
        place = None if target is None else str(target)
        fetched = client.fetch(job_id, assets=roles, output=place, overwrite=overwrite)
    if display.as_json:
        display.document([_asset(asset) for asset in fetched])
        return
    for asset in fetched:
        display.remark(f"{asset.place}: {asset.role}, {words.film(asset)}")
        display.out(str(asset.place))


command.add_command(resolve)


def _wait(display: Display, job_id: str, given: Any) -> None:
    display.quiet = given["quiet"]
    client = open_client(settings=given["settings"])
    timeout = DEFAULT_TIMEOUT if given["timeout"] is None else given["timeout"]
    with following(display, client) as on_progress:
        job = client.get_job(job_id)
        if not job.done:
            on_progress(job)
        result = client.wait(
            job_id, timeout=timeout, on_timeout=given.get("on_timeout", "leave"), on_progress=on_progress
        )
    finished(display, result.job)


def _list_remote(display: Display, client: Client, provider: str, limit: int) -> None:
    jobs = client.remote_jobs(provider, limit=limit)
    if display.as_json:
        display.document([job.model_dump(mode="json") for job in jobs])
        return
    rows = [
        (
            job.receipt.id,
            job.state,
            job.model,
            words.moment(job.created_at),
            words.shortened(job.prompt or "-", 40),
        )
        for job in jobs
    ]
    display.table((f"{provider} job", "status", "model", "created", "prompt"), rows)


def _check_place(client: Client, target: Path | Location | None, *, overwrite: bool) -> None:
    from polyreel.errors import InvalidRequest

    destinations = client.workspace.operations.desk.destinations
    problem = None if target is None else destinations.problem(target, overwrite=overwrite)
    if problem is not None:
        raise InvalidRequest([problem])


def _told(display: Display, job_id: str, outcome: Cancellation, *, done: str = "cancelled") -> int:
    if display.as_json:
        display.document({"job_id": job_id, **outcome.model_dump(mode="json")})
    else:
        display.out(redact(f"{job_id}: {words.cancellation(outcome, done=done)}"))
    return failures.DONE if outcome.outcome == "cancelled" else failures.FAILED


def _code(jobs: list[Job], now: float, until: float) -> int:
    if all(job.status == "completed" for job in jobs):
        return failures.DONE
    # A job that still runs though its step was due in time could not go on: that is a failure.
    running = any(not job.done and max(job.next_at or now, now) > until for job in jobs)
    return failures.STILL_RUNNING if running else failures.FAILED


def _asset(asset: Asset) -> dict[str, Any]:
    return {
        "role": asset.role,
        "path": None if asset.path is None else str(asset.path),
        "stored": asset.stored,
        "media_type": asset.media_type,
        "size": f"{asset.width}x{asset.height}" if asset.width and asset.height else None,
        "duration": asset.duration,
        "bytes": asset.size_bytes,
    }
