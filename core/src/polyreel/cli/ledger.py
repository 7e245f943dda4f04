"""``polyreel ledger``: the books of what was held, charged and released, and whether they are in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from polyreel.cli import failures, words
from polyreel.cli.clients import json_option, open_client, pass_display
from polyreel.cli.display import Display

if TYPE_CHECKING:
    from polyreel.audits import Line

__all__ = ["command"]

_SHOWN = 50


@click.group("ledger", invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show what was held, charged and released, by double entry, and whether the books are in order.

    Without a verb, balances.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(balances)


@command.command("verify")
@json_option
@pass_display
def verify(display: Display, /) -> int:
    """Check the books, entry by entry and against the jobs' records; the exit code is 1 if something is wrong.

    Charges beyond an estimate, money at risk and prices that nobody knows are told as warnings. Nothing is changed.
    """
    from polyreel.audits import audit

    found = open_client().workspace.store.consult(audit)
    if display.as_json:
        display.document(
            {
                "ok": not found.findings,
                "jobs": found.jobs,
                "bookings": found.bookings,
                "findings": list(found.findings),
                "warnings": list(found.warnings),
            }
        )
    else:
        for warning in found.warnings:
            display.say(f"warning: {warning}")
        for finding in found.findings:
            display.out(finding)
        if not found.findings:
            display.out(f"the books are in order: {found.jobs} jobs, {found.bookings} bookings")
    return failures.FAILED if found.findings else failures.DONE


@command.command("show")
@click.argument("job_id", metavar="[ID]", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=_SHOWN,
    help="At most so many lines, the last ones. Default: 50.",
)
@json_option
@pass_display
def show(display: Display, /, job_id: str | None, *, limit: int) -> None:
    """Show the entries of a job, or the last ones of all jobs."""
    from collections import deque

    client = open_client()
    if job_id is not None:
        client.get_job(job_id)  # raises when there is none
    lines = list(client.workspace.store.consult(lambda books: deque(books.lines(job_id), maxlen=limit)))
    if display.as_json:
        display.document([_json(line) for line in lines])
    elif not lines:
        display.remark("no entries")
    else:
        columns = ("when", "job", "hold", "what", "account", "amount")
        display.table(columns, [_row(line) for line in lines])


@command.command("balances")
@json_option
@pass_display
def balances(display: Display, /) -> None:
    """Show what stands on each account. In each currency they sum to zero.

    wallet is what everything is taken from; held is set aside for jobs that are not settled, at-risk for those of which nobody
    knows whether they were charged; spent is what was charged within the estimates, overrun beyond them. Accounts of
    simulated jobs begin with simulated/. Jobs of unknown price are counted, under unpriced.
    """
    rows = open_client().workspace.store.consult(lambda books: books.balances())
    if display.as_json:
        display.document(
            [
                {
                    "account": row.account,
                    "currency": row.currency,
                    "amount": row.sum.amount,
                    "units": row.units,
                }
                for row in rows
            ]
        )
    elif not rows:
        display.remark("no entries")
    else:
        display.table(("account", "balance"), [(row.account, row.sum) for row in rows])


def _row(line: Line) -> tuple[object, ...]:
    from polyreel.ledger import Sum

    amount = Sum(units=line.units, currency=line.currency)
    return words.moment(line.at), line.job, line.hold, line.kind, line.account, amount


def _json(line: Line) -> dict[str, object]:
    return {
        "at": line.at,
        "job_id": line.job,
        "hold": line.hold,
        "kind": line.kind,
        "account": line.account,
        "currency": line.currency,
        "units": line.units,
    }
