"""``polyreel costs``: what was spent, by day, model or project."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from polyreel.cli import failures
from polyreel.cli.clients import json_option, open_client, pass_display
from polyreel.cli.display import Display

if TYPE_CHECKING:
    from polyreel.spending import By, Spending

__all__ = ["command"]


@click.command("costs")
@click.option(
    "--by",
    type=click.Choice(["day", "model", "project"]),
    default="day",
    help="What to sum by. Default: day.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The first day that counts, YYYY-MM-DD in UTC. Default: all.",
)
@json_option
@pass_display
def command(display: Display, /, *, by: By, since: datetime | None) -> int:
    """Sum what the jobs of this store cost.

    Billed is what providers reported; estimated what was made at the price list's price; open what still runs, or may have
    been charged. Jobs of an unknown price are counted and in no sum; so are simulated ones, which cost nothing.
    """
    client = open_client()
    day = None if since is None else since.date()
    rows = client.costs(by=by, since=day)
    totals = client.costs(by=None, since=day)
    if display.as_json:
        display.document(
            {
                "by": by,
                "since": None if day is None else str(day),
                "rows": [{by: row.key, **_json(row)} for row in rows],
                "totals": [_json(total) for total in totals],
            }
        )
        return failures.DONE
    if not rows:
        display.remark("no jobs")
        return failures.DONE
    columns = (by, "jobs", "billed", "estimated", "open", "currency", "unknown", "simulated")
    table = [_row(row.key or "-", row) for row in rows]
    display.table(columns, [*table, *(_row("total", total) for total in totals)])
    return failures.DONE


def _row(name: str, row: Spending) -> tuple[object, ...]:
    return (
        name,
        row.jobs,
        row.billed,
        row.estimated,
        row.open,
        row.currency,
        row.unknown or "-",
        row.simulated or "-",
    )


def _json(row: Spending) -> dict[str, object]:
    facts = asdict(row)
    del facts["key"]
    return facts
