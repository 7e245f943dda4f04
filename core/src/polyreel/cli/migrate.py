"""``polyreel migrate``: a request of one model as a request of another; ``migrate scan`` does it for whole projects."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import click

from polyreel.cli import failures, words
from polyreel.cli.clients import json_option, pass_display, setting_option
from polyreel.cli.display import Display
from polyreel.cli.flags import flags_of, names, unknown_flags
from polyreel.cli.models import standing
from polyreel.cli.request import ModelCommand, parameters_of
from polyreel.documents.registry import aliases, parameters

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.documents.document import ModelDocument
    from polyreel.migration import Change, Migration

__all__ = ["command"]


class Migrate(ModelCommand):
    """The verb, and ``scan`` as a verb of its own behind it."""

    usage: ClassVar[Sequence[str]] = ("SOURCE", "[TARGET]", "[--PARAMETER VALUE ...]", "[OPTIONS]")
    naming = "SOURCE"

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the arguments; behind ``scan`` they are those of another command."""
        if args[:1] == ["scan"]:
            from polyreel.cli.scan import command as scan

            context: click.Context = scan.make_context(f"{info_name} scan", args[1:], parent=parent, **extra)
            return context
        return super().make_context(info_name, args, parent=parent, **extra)

    def first_look(self, ctx: click.Context, args: Sequence[str]) -> Mapping[str, Any]:
        """Return what can be read before the source's parameters are known: a value of a flag is no model."""
        flags = names(flags_of(None, parameters(), aliases()))
        options = self.make_parser(ctx)._long_opt  # noqa: SLF001  click has no other way to ask for it
        known = {**flags, **{name: option.takes_value for name, option in options.items()}}
        spelled, unknown = unknown_flags(args, known)
        return super().first_look(ctx, list(_without(spelled, {**flags, **dict(unknown)})))

    def find_model(self, ctx: click.Context, given: Mapping[str, Any]) -> ModelDocument | None:
        """Return the document of the source; without one, click says what is missing."""
        return super().find_model(ctx, given) if isinstance(given.get("model"), str) else None


def _without(args: Sequence[str], flags: Mapping[str, bool]) -> Iterator[str]:
    """Yield arguments without some flags and their values."""
    rest = iter(args)
    for token in rest:
        name, separator, _ = token.partition("=")
        if name not in flags:
            yield token
        elif flags[name] and not separator:
            next(rest, None)


@click.command("migrate", cls=Migrate)
@click.argument("model", metavar="SOURCE")
@click.argument("target", required=False)
@click.option("--prompt", metavar="TEXT", help="What the film shows, if its length may matter.")
@setting_option
@json_option
@pass_display
def command(display: Display, /, *, model: str, target: str | None, **given: Any) -> int:
    """Move a request from SOURCE, which may be retired, to another model.

    Says what is kept, what changes to the nearest allowed value, what is lost, both prices, and the new command. Without
    TARGET: the living models that can take the request, the best first. 'polyreel migrate scan PATH' does it for the
    calls in Python files.
    """
    client: Client = click.get_current_context().meta["polyreel.client"]
    request = parameters_of(given)
    if given["prompt"] is not None:
        request["prompt"] = given["prompt"]
    if target is not None:
        migration = client.migrate(model, target, **request)
        if display.as_json:
            display.document(_entry(client, migration))
        else:
            _show(display, client, migration)
        return failures.INVALID if migration.problems else failures.DONE
    found = client.migrate(model, **request)
    if display.as_json:
        display.document([_entry(client, migration) for migration in found])
    elif found:
        display.table(("model", "survives", "changed", "lost", "price"), map(_row, found))
        display.out("")
        _show(display, client, found[0])
    else:
        display.say("error: no living model takes such a request")
    return failures.DONE if found else failures.INVALID


def _row(migration: Migration) -> tuple[str, ...]:
    return (
        migration.target,
        f"{migration.score:.0%}",
        ", ".join(change.parameter for change in migration.changed) or "-",
        ", ".join(change.parameter for change in migration.lost) or "-",
        "unknown"
        if migration.after.amount is None
        else f"{migration.after.amount} {migration.after.currency}",
    )


def _show(display: Display, client: Client, migration: Migration) -> None:
    kept = [f"{name}={words.value(migration.parameters.get(name))}" for name in migration.kept]
    display.out(f"{migration.source} -> {migration.target} ({migration.score:.0%} survives)")
    sections: list[tuple[str, Sequence[Any]]] = [
        ("kept", kept),
        ("changed", migration.changed),
        ("lost", migration.lost),
        ("by default", migration.defaults),
        ("in the way", migration.problems),
        ("before", [words.amount(migration.before)]),
        ("after", [words.amount(migration.after)]),
    ]
    for title, lines in sections:
        for line in lines:
            display.out(f"  {title + ':':<11} {line}")
    today = standing(client, client.model(migration.target))
    if today != "living":
        display.out(f"  note:       {migration.target}: {today}")
    display.out(_new_command(client, migration))


def _entry(client: Client, migration: Migration) -> dict[str, Any]:
    return {
        "source": migration.source,
        "target": migration.target,
        "score": round(migration.score, 3),
        "parameters": dict(migration.parameters),
        "kept": list(migration.kept),
        "changed": [_change(change) for change in migration.changed],
        "lost": [_change(change) for change in migration.lost],
        "defaults": [_change(change) for change in migration.defaults],
        "problems": list(migration.problems),
        "before": migration.before.model_dump(mode="json"),
        "after": migration.after.model_dump(mode="json"),
        "command": _new_command(client, migration),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "parameter": change.parameter,
        "before": change.before,
        "after": change.after,
        "fate": change.fate,
        "reason": change.reason,
    }


def _new_command(client: Client, migration: Migration) -> str:
    """Return the new request as a command line."""
    given = dict(migration.parameters)
    texts = ["polyreel", "generate", str(given.pop("prompt", "PROMPT")), "-m", migration.target]
    properties = client.model(migration.target).properties
    flags = {flag.name: flag for flag in flags_of(properties, parameters(), aliases())}
    for name, value in given.items():
        flag = flags[name]
        if flag.is_switch and isinstance(value, bool):
            texts.append(flag.option if value else f"--no-{flag.option[2:]}")
            continue
        for each in value if flag.is_list and isinstance(value, list) else [value]:
            text = each if isinstance(each, str) else json.dumps(each)
            texts += [f"{flag.option}={text}"] if text.startswith("-") else [flag.option, text]
    return shlex.join(texts)
