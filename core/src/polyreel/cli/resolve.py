"""``polyreel jobs resolve``: what a person found out about a job whose fate is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from polyreel.cli import words
from polyreel.cli.asking import confirmed
from polyreel.cli.clients import json_option, open_client, pass_display, setting_option
from polyreel.cli.display import Display
from polyreel.redaction import redact

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.types.job import Job

__all__ = ["resolve"]


@click.command("resolve")
@click.argument("job_id", metavar="ID")
@click.option(
    "--adopt", metavar="RECEIPT", help="It is at the provider under this id, or with this receipt as JSON."
)
@click.option("--resubmit", is_flag=True, help="Send it once more, now. Both may be charged.")
@click.option(
    "--abandon", is_flag=True, help="Give it up. Its price stays at risk while nobody knows better."
)
@click.option(
    "--billed/--not-billed",
    default=None,
    help="With --abandon: what the provider's bill says about it.",
)
@click.option("-y", "--yes", is_flag=True, help="With --resubmit: do not ask.")
@json_option
@setting_option
@pass_display
def resolve(  # noqa: PLR0913  its flags
    display: Display,
    /,
    job_id: str,
    *,
    adopt: str | None,
    resubmit: bool,
    abandon: bool,
    billed: bool | None,
    yes: bool,
    settings: tuple[str, ...],
) -> None:
    """Settle a job of which nobody knows whether its provider accepted it.

    Look into the provider's own console first: "polyreel jobs list --remote PROVIDER" shows it where the provider can list
    jobs. Then say what you found. What --adopt names is looked at before it is recorded.
    """
    if [adopt is not None, resubmit, abandon].count(True) != 1:
        raise click.UsageError(
            "say what you found, with one of --adopt RECEIPT, --resubmit and --abandon; "
            f"'polyreel jobs show {job_id}' shows what is known"
        )
    if billed is not None and not abandon:
        raise click.UsageError("--billed and --not-billed go with --abandon")
    client = open_client(settings=settings)
    if adopt is not None:
        job = client.adopt(job_id, adopt)
    elif abandon:
        job = client.abandon(job_id, billed=billed)
    else:
        _check_agreed(client, job_id, yes=yes)
        job = client.resubmit(job_id)
    _told(display, job)


def _check_agreed(client: Client, job_id: str, *, yes: bool) -> None:
    """Ask before a request is sent for the second time.

    Raises:
        click.UsageError: Nobody said yes.
    """
    if yes:
        return
    job = client.get_job(job_id)
    said = confirmed(
        f"{job.id} may have been accepted already; sent again, both may be charged: {words.amount(job.estimate)} each."
    )
    if not said:
        how = "there is no terminal to ask at; " if said is None else "you did not say yes; "
        raise click.UsageError(
            f"{how}nothing was sent. --resubmit may be charged twice, and --yes sends it without asking"
        )


def _told(display: Display, job: Job) -> None:
    display.warn(job.warnings)
    if display.as_json:
        display.document(words.job_json(job))
        return
    display.out(redact(f"{job.id}: {job.status}, {job.message}"))
    if not job.done:
        display.remark(f"'polyreel jobs wait {job.id}' fetches the film")
