"""``polyreel migrate scan``: the calls of a project that ask for models which end, and what replaces each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyreel.cli import failures, streams
from polyreel.cli.clients import json_option, open_client, pass_display, setting_option
from polyreel.cli.display import Display
from polyreel.cli.search import as_of_option, day_of

if TYPE_CHECKING:
    from polyreel.scanning.report import Finding, Report

__all__ = ["command"]


@click.command("scan")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True)
)
@click.option(
    "--to", "target", metavar="MODEL", help="Replace with this model, not with the best for each call."
)
@click.option("--all", "everything", is_flag=True, help="List the calls of living models, too.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out files and folders of this name or path. Repeatable.",
)
@as_of_option
@json_option
@setting_option
@pass_display
def command(  # noqa: PLR0913  one argument per option
    display: Display,
    /,
    paths: tuple[Path, ...],
    *,
    target: str | None,
    everything: bool,
    exclude: tuple[str, ...],
    as_of: datetime | None,
    settings: tuple[str, ...],
) -> int:
    """Look through Python source for calls of other packages that ask for models which were shut down or will be.

    PATH is a file, a notebook or a folder. Nothing of it is executed or changed. Each call is listed with the call of
    polyreel that replaces it. The exit code is 1 if a model is retired.
    """
    from polyreel.cli.models import today
    from polyreel.scanning.advice import Adviser
    from polyreel.scanning.claims import claims_of
    from polyreel.scanning.project import Scan

    client = open_client(settings=settings)
    desk = client.workspace.operations.desk
    if target is not None:
        desk.model(target)  # a name that does not exist is said before anything is read
    claims, broken = claims_of(desk.plugins, desk.catalogue)
    for failure in broken:
        display.say(f"warning: {failure}")
    day = day_of(as_of) or today(client)
    scan = Scan(claims=claims, advice=Adviser(desk=desk, day=day, target=target), today=day)
    report = scan.of(paths, exclude=exclude)
    shown = [finding for finding in report.findings if everything or finding.stand != "living"]
    if display.as_json:
        display.document({**report.json, "findings": [finding.json for finding in shown]})
    else:
        for finding in shown:
            display.out("\n".join(map(streams.printable, _lines(finding))))
    for unread in report.unread:
        display.say(f"not read: {unread.path}: {unread.reason}")
    display.say(_summary(report))
    return failures.FAILED if report.standing("retired") else failures.DONE


def _lines(finding: Finding) -> list[str]:
    lines = [f"{finding.place}: {finding.call}: {finding.message}"]
    if finding.choice:
        lines.append(f"    {finding.choice}")
    if finding.replacement is not None:
        lines.append(f"    {finding.replacement.call}")
        lines += [f"    # {remark}" for remark in finding.replacement.remarks]
    return lines


def _summary(report: Report) -> str:
    counts = Counter(finding.stand for finding in report.findings)
    told = (
        ", ".join(f"{count} {stand}" for stand, count in counts.items() if count)
        or "no call of a known model"
    )
    unread = f", {len(report.unread)} not read" if report.unread else ""
    return f"{report.files} files{unread}: {told}"
