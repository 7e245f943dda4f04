"""``polyreel batch``: from a file of requests to a folder of films and one report."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import click

from polyreel.cli import failures
from polyreel.cli.asking import agreed, yes_option
from polyreel.cli.clients import json_option, pass_display, quiet_option, setting_option
from polyreel.cli.display import Display, is_terminal
from polyreel.cli.flags import Flag, any_model, flags_of, value_of
from polyreel.cli.request import ModelCommand, Order, money, parameters_of, seconds
from polyreel.cli.reviews import Price, Reviewed, checked, refused
from polyreel.cli.scoreboard import scoreboard
from polyreel.cli.sheets import Row, form_of
from polyreel.cli.tallies import Entry, Tally
from polyreel.cli.worklists import Worklist, check_template
from polyreel.documents.registry import aliases, parameters
from polyreel.errors import BudgetExceeded, PolyreelError, StorageFailed
from polyreel.types.job import Job, Notice
from polyreel.types.options import AUTO

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.documents.document import ModelDocument

__all__ = ["command"]

_MANY: Final = 500  # to check so many takes a moment in which nothing would be seen
_LONGEST_NAME: Final = 200


class BatchCommand(ModelCommand):
    """A command whose parameters are defaults for all lines; the model may stand in the lines."""

    usage: ClassVar[Sequence[str]] = ("FILE", "[-m MODEL]", "[--PARAMETER VALUE ...]", "[OPTIONS]")

    def find_model(self, ctx: click.Context, given: Mapping[str, Any]) -> ModelDocument | None:
        """Return the document of the model that was named, if one was."""
        try:
            return super().find_model(ctx, given)
        except click.UsageError:
            return None  # each line names its own


@click.command("batch", cls=BatchCommand)
@click.argument("file")
@click.option(
    "-m", "--model", help="The model of lines that name none. Default: default_model of config.toml."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    help="How FILE is written. Default: by the end of its name; jsonl for standard input.",
)
@click.option(
    "-o",
    "--output",
    metavar="TEMPLATE",
    help="The films' names: 'films/{index}-{slug}.mp4'; also {line}, {model}, {name}. Default: readable names in --folder.",
)
@click.option(
    "--folder",
    metavar="FOLDER|URL",
    help="Where the films go. Default: a folder with the batch's name, here.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option(
    "--name",
    help="The batch's name: the same line under the same name is paid once. Default: the file's name without its end.",
)
@click.option("--again", is_flag=True, help="Make every film anew: the batch gets a new name, which is told.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=8,
    metavar="N",
    help="So many jobs are with their providers at once. Default: 8.",
)
@click.option(
    "--max-cost",
    type=money,
    metavar="USD",
    help="Refuse a line that costs more, or whose price is not known.",
)
@click.option(
    "--max-total",
    type=money,
    metavar="USD",
    help="Begin nothing if all lines together may cost more than this.",
)
@click.option("--project", metavar="NAME", help="A label to sum costs by, for lines without one.")
@click.option(
    "--skip-invalid", is_flag=True, help="Leave out lines that are not valid, instead of beginning nothing."
)
@click.option(
    "--check-only", is_flag=True, help="Check every line, say what they would cost, and begin nothing."
)
@click.option(
    "--fit",
    type=click.Choice(["crop", "pad"]),
    help="Make pictures of another size fit: cut them, or add bars.",
)
@click.option(
    "--on-unsupported",
    type=click.Choice(["error", "warn"]),
    help="What a parameter that a model lacks does: it is an error (the default), or left out with a warning.",
)
@click.option("--native", metavar="JSON", help="Fields added to the vendor's body as they are, unchecked.")
@click.option(
    "--on-retired",
    type=click.Choice(["error", "migrate"]),
    help="What a model does that was shut down: it is an error (the default), or its lines are moved to the best living one.",
)
@click.option(
    "--fallback",
    multiple=True,
    metavar="MODEL",
    help="Ask this model for lines that the one before refuses. Repeatable.",
)
@click.option(
    "--timeout",
    type=seconds,
    metavar="S",
    help="Stop waiting after so long; the jobs go on. Default: wait for all.",
)
@click.option("--report", metavar="FILE", help="Write the report there too, as JSON.")
@click.option("--simulate", is_flag=True, help="Let simulators answer: nothing is sent, nothing is paid.")
@yes_option
@setting_option
@json_option
@quiet_option
@pass_display
def command(display: Display, /, file: str, **given: Any) -> int:
    """Make the films of a file of requests, many at once.

    FILE has one request a line: JSON objects ({"prompt": "...", "model": "...", "duration": 4}), or CSV with the
    parameters' names in its first line. - reads standard input.

    All lines are checked before the first one is sent. Run again, it goes on where it stopped: what was made is not paid
    again, what runs is taken up, and what failed without being charged is tried once more.
    """
    display.quiet = given["quiet"]
    client: Client = click.get_current_context().meta["polyreel.client"]
    defaults = _defaults(given)
    worklist = _worklist(client, file, given, defaults)
    tally = Tally(name=worklist.name, source=worklist.source, requests=len(worklist.rows))
    if not worklist.rows:
        display.remark(f"{worklist.source} has no requests")
        return _told(display, tally, given["report"])
    if len(worklist.rows) >= _MANY:
        display.remark(f"{worklist.source}: checking {len(worklist.rows):,} requests")
    reviewed = Reviewed.of(client, worklist, defaults)
    if reviewed.bad and not (given["skip_invalid"] and reviewed.good):
        return refused(display, worklist, reviewed)
    if client.workspace.simulate:
        display.say("SIMULATED: simulators on this machine answer; nothing is sent, nothing is paid")
    display.warn(reviewed.warnings)
    display.remark(f"{worklist.source}: {reviewed.price}")
    if given["check_only"]:
        return checked(display, worklist, reviewed)
    _afford(client, reviewed.price, given)
    for entry in reviewed.bad:
        tally.add(entry)
    if given["again"]:
        display.remark(
            f"every film is made anew; after an interruption --name {worklist.name!r} goes on with it"
        )
    _make(display, client, reviewed.good, tally, {**defaults, "approved": True}, given)
    return _told(display, tally, given["report"])


def _defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    ctx = click.get_current_context()
    document: ModelDocument | None = ctx.meta["polyreel.document"]
    defaults = parameters_of(given)
    names = ("overwrite", "max_cost", "project", "fit", "on_unsupported", "on_retired", "fallback")
    defaults |= {name: given[name] for name in names if given.get(name) not in {None, (), False}}
    if given["native"] is not None:
        defaults["native"] = value_of(Flag(name="native", schema={"type": "object"}), [given["native"]])
    if document is not None or given["model"]:
        defaults["model"] = given["model"] if document is None else document.reference
    return defaults


def _worklist(client: Client, file: str, given: Mapping[str, Any], defaults: dict[str, Any]) -> Worklist:
    name = _name(file, given)
    if given["output"] is not None:
        check_template(given["output"])
        if given["folder"] is not None:
            raise click.UsageError("--output names the films and their folder; leave --folder out")
    elif given["folder"] is not None:
        defaults["folder"] = given["folder"]
    elif client.workspace.configuration.folder is None:
        defaults["folder"] = Path.cwd() / _name(file, {**given, "again": False})
    if given["report"] is not None and not Path(given["report"]).expanduser().absolute().parent.is_dir():
        raise click.UsageError(f"--report {given['report']}: its folder does not exist")
    return Worklist.read(
        file,
        form_of(file, given["form"]),
        name=name,
        defaults=defaults,
        template=given["output"],
        flags=_flags_by_model(client),
    )


def _name(file: str, given: Mapping[str, Any]) -> str:
    name = given["name"] or ("" if file == "-" else Path(file).stem)
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or "/" in name:
        raise click.UsageError(
            "give the batch a --name: the same line under the same name is paid once"
            if not name
            else f"--name {name!r:.80} must be at most {_LONGEST_NAME} printable characters without a slash"
        )
    return f"{name} {secrets.token_hex(4)}" if given["again"] else str(name)


def _flags_by_model(client: Client) -> Callable[[str], Mapping[str, Flag]]:
    desk = client.workspace.operations.desk

    @cache
    def flags(model: str) -> Mapping[str, Flag]:
        try:
            own = client.model(model).properties if desk.catalogue.named(model) != AUTO else None
        except PolyreelError:
            own = None  # what is wrong with it is said when the line is checked
        if own is None:
            own = any_model([document.properties for document in desk.catalogue.installed()], parameters())
        return {flag.name: flag for flag in flags_of(own, parameters(), aliases())}

    return flags


def _afford(client: Client, price: Price, given: Mapping[str, Any]) -> None:
    """Refuse, or ask about, what all lines cost together.

    Raises:
        BudgetExceeded: It is more than --max-total, or nobody said yes.
    """
    price.check(given["max_total"])
    budget = client.workspace.budget
    threshold = None if budget is None or client.workspace.simulate else budget.threshold
    if budget is None or threshold is None:
        return

    def begin(order: Order) -> None:
        if not order.arguments.get("approved") and price.is_above(threshold, budget.currency):
            raise BudgetExceeded(
                f"{price} is more than the {threshold} {budget.currency} from which on somebody is asked; nothing was sent",
                estimate=price.estimate,
                budget="ask_above",
                limit=threshold,
            )

    agreed(Order(client=client, prompt="", model="", arguments={}), begin, yes=given["yes"])


def _make(  # noqa: PLR0913, PLR0917  what a batch is made of
    display: Display,
    client: Client,
    rows: Sequence[Row],
    tally: Tally,
    defaults: Mapping[str, Any],
    given: Mapping[str, Any],
) -> None:
    # Lines that are written while the live view stands would tear it: a terminal gets its paths afterwards.
    paths: list[str] = []
    warnings: list[Notice] = []
    try:
        with scoreboard(display, tally) as board:

            def on_progress(job: Job) -> None:
                display.job = job
                board.changed(job)

            outcomes = client.map(
                (row.values for row in rows),
                concurrency=given["concurrency"],
                name=tally.name,
                timeout=given["timeout"],
                on_progress=on_progress,
                **defaults,
            )
            with closing(outcomes):
                for outcome in outcomes:
                    entry = Entry.of(outcome, rows[outcome.index].line)
                    tally.add(entry)
                    board.ended(entry)
                    job = outcome.job
                    warnings += () if job is None else job.warnings
                    if outcome.ok and job is not None and not display.as_json:
                        paths += [str(film.place or film.url) for film in job.videos]
                        if not is_terminal(sys.stdout):
                            _printed(display, paths)
    except KeyboardInterrupt:
        tally.interrupted = True
    display.warn(warnings)
    _printed(display, paths)


def _printed(display: Display, paths: list[str]) -> None:
    # A reader that has seen enough does not end jobs that are paid for.
    with suppress(failures.OutputLost):
        for path in paths:
            display.out(path)
    paths.clear()


def _told(display: Display, tally: Tally, report: str | None) -> int:
    if report is not None:
        _written(Path(report).expanduser(), tally.json())
    if display.as_json:
        display.document(tally.json())
    for line in tally.lines() if tally.requests else ():
        display.remark(line)
    if tally.interrupted:
        display.say(
            "interrupted: what was asked for goes on at its provider; the same command goes on from here, and pays nothing twice"
        )
    return tally.exit_code()


def _written(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    new = path.with_name(f".{path.name}.part")
    try:
        new.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
        new.replace(path)
    except OSError as error:
        raise StorageFailed(f"the report {path} cannot be written: {error.strerror}") from None
