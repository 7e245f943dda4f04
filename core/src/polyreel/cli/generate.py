"""``polyreel generate``: from a prompt to a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from polyreel.cli import words
from polyreel.cli.asking import agreed, yes_option
from polyreel.cli.clients import json_option, pass_display, quiet_option
from polyreel.cli.display import Display
from polyreel.cli.progress import following
from polyreel.cli.request import ModelCommand, Order, order_of, request_options, seconds

if TYPE_CHECKING:
    from polyreel.results import DryRun
    from polyreel.types.job import Job, Notice

__all__ = ["command", "finished"]


@click.command("generate", cls=ModelCommand)
@request_options
@click.option(
    "--timeout",
    type=seconds,
    metavar="S",
    help="Stop waiting after so long; the job goes on. Default: 3600.",
)
@click.option(
    "--on-timeout",
    type=click.Choice(["leave", "cancel"]),
    help="What happens to the job then: it goes on (leave, the default), or it is cancelled, if its provider can.",
)
@click.option(
    "--on-retired",
    type=click.Choice(["error", "migrate"]),
    help="What a model does that was shut down: it is an error (the default), or the request is moved to the best "
    "living model that is configured.",
)
@click.option(
    "--fallback",
    multiple=True,
    metavar="MODEL",
    help="Ask this model when the one before refuses, before anything was accepted. Repeatable.",
)
@click.option(
    "--idempotency-key",
    metavar="NAME",
    help="Your own name of this request, such as an order's number. Given again, also after a crash, it takes the same "
    "job up, which is paid once.",
)
@click.option(
    "--on-unknown",
    type=click.Choice(["hold", "resubmit", "fail"]),
    help="What happens when nobody can know whether the request was accepted: it is looked for and never sent again by "
    "itself (hold, the default), sent again and perhaps paid twice (resubmit), or given up (fail).",
)
@yes_option
@click.option("--no-wait", is_flag=True, help="Submit and print the job's id.")
@click.option("--dry-run", is_flag=True, help="Print the exact requests and send none of them.")
@json_option
@quiet_option
@pass_display
def command(display: Display, /, **given: Any) -> None:
    """Make a film: check, submit, wait, fetch.

    PROMPT says what the film shows; - reads it from standard input, @FILE from a file.
    """
    display.quiet = given["quiet"]
    order = order_of(given)
    if given["dry_run"]:
        _show_requests(display, order.client.dry_run(order.prompt, model=order.model, **order.arguments))
        return
    if given["no_wait"]:
        finished(display, agreed(order, partial(_submitted, display), yes=given["yes"]), waited=False)
        return
    timeout = {name: given[name] for name in ("timeout", "on_timeout") if given[name] is not None}
    finished(display, agreed(order, partial(_made, display, timeout), yes=given["yes"]))


def finished(display: Display, job: Job, *, waited: bool = True) -> None:
    """Print a job that is over, or that is not waited for.

    Args:
        display: Where to.
        job: The job.
        waited: Whether its films are there.
    """
    display.warn(job.warnings)
    if waited:
        for film in job.videos:
            display.remark(f"{film.place or film.url}: {words.film(film)}; {words.cost(job.cost)}")
    else:
        display.remark(
            f"{job.id} is {job.status} at {job.provider}; 'polyreel jobs wait {job.id}' fetches the film"
        )
    if job.simulated and waited:
        display.remark(
            f"SIMULATED: this is a test film, not made by {job.model}; its price: {words.amount(job.estimate)}"
        )
    if display.as_json:
        display.document(
            {
                "job": words.job_json(job),
                "videos": words.videos_json(job) if waited else [],
                "cost": None if job.cost is None else job.cost.model_dump(mode="json"),
                "warnings": _notices(job.warnings),
                "simulated": job.simulated,
            }
        )
    elif waited:
        for film in job.videos:
            display.out(str(film.place or film.url))
    else:
        display.out(job.id)


def _made(display: Display, timeout: Mapping[str, Any], order: Order) -> Job:
    with following(display, order.client) as on_progress:
        return order.client.generate(
            order.prompt, model=order.model, on_progress=on_progress, **order.arguments, **timeout
        ).job


def _submitted(display: Display, order: Order) -> Job:
    with following(display, order.client) as on_progress:
        return order.client.submit(
            order.prompt, model=order.model, on_progress=on_progress, **order.arguments
        )


def _show_requests(display: Display, run: DryRun) -> None:
    from polyreel.cli.wire import request_json, request_lines

    display.warn(run.warnings)
    if display.as_json:
        display.document(
            {
                "model": run.model,
                "requests": [request_json(request) for request in run.requests],
                "estimate": run.estimate.model_dump(mode="json"),
                "warnings": _notices(run.warnings),
            }
        )
        return
    for request in run.requests:
        for line in request_lines(request):
            display.out(line)
    display.remark(f"not sent; it would cost {words.amount(run.estimate)}")


def _notices(notices: tuple[Notice, ...]) -> list[dict[str, str]]:
    return [{"parameter": notice.parameter, "message": notice.message} for notice in notices]
