"""``polyreel models``: what can be made, until when, and for how much."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from polyreel.cli import formats, words
from polyreel.cli.clients import json_option, open_client, pass_display, setting_option
from polyreel.cli.display import Display
from polyreel.cli.search import as_of_option, day_of
from polyreel.cli.search import command as search

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.documents.document import ModelDocument

__all__ = ["command", "standing", "today"]


@click.group("models", invoke_without_command=True)
@as_of_option
@json_option
@setting_option
@click.pass_context
def command(ctx: click.Context, *, as_of: datetime | None, settings: tuple[str, ...]) -> None:
    """List the models, show one, or search one that takes a request. Without a verb, list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_models, as_of=as_of, settings=settings)


command.add_command(search)


@command.command("list")
@json_option
@click.option(
    "--format",
    "form",
    type=click.Choice(formats.LISTINGS),
    help="All living models, on every API of their vendors, for another reader: a Markdown table, OpenRouter's listing, "
    "an OpenAPI request body, or MCP tools.",
)
@as_of_option
@setting_option
@pass_display
def list_models(
    display: Display, /, *, form: str | None, as_of: datetime | None, settings: tuple[str, ...]
) -> None:
    """List the models of all installed providers."""
    client = open_client(settings=settings)
    day = day_of(as_of)
    if form is not None:
        if settings:
            raise click.UsageError("--format lists every API of a vendor, whatever is set; leave --set out")
        catalogue = client.workspace.operations.desk.catalogue
        formats.show_models(display, formats.living(catalogue, day or today(client)), form)
        return
    documents = client.models()
    for failure in client.workspace.plugins.failures:
        display.say(f"warning: the plugin {failure.plugin!r} is disabled; see 'polyreel providers'")
    if display.as_json:
        display.document([_entry(client, document, day) for document in documents])
        return
    rows = [
        (
            document.id,
            document.lifecycle.stage,
            standing(client, document, day),
            _price(document),
            _seconds(document),
            _sizes(document),
        )
        for document in documents
    ]
    display.table(
        ("model", "stage", "today" if day is None else str(day), "price from", "seconds", "sizes"), rows
    )


@command.command("show")
@click.argument("model")
@json_option
@click.option(
    "--format",
    "form",
    type=click.Choice(formats.PAGES),
    help="For another reader: a Markdown page, a form as JSON, or an MCP tool.",
)
@setting_option
@pass_display
def show(display: Display, /, model: str, *, form: str | None, settings: tuple[str, ...]) -> None:
    """Show one model; with --json its document as it is."""
    client = open_client(settings=settings)
    document = client.model(model)
    if form is not None:
        formats.show_model(display, document, form)
        return
    if display.as_json:
        display.document(document.json)
        return
    display.out(f"{document.id}: {document.title}")
    if document.json.get("description"):
        display.out(str(document.json["description"]))
    display.out(f"\nToday: {standing(client, document)}")
    for line in _lifecycle(document):
        display.out(line)
    display.out("")
    rows = [_parameter(name, schema) for name, schema in document.properties.items()]
    display.table(("parameter", "allowed", "default", "unit", "description"), rows)
    for title, lines in (
        ("Rules", _rules(document.json)),
        ("Price", _prices(document)),
        ("Sources", _sources(document)),
    ):
        if lines:
            display.out("\n".join([f"\n{title}:", *(f"  {line}" for line in lines)]))


@command.command("compare")
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@json_option
@setting_option
@pass_display
def compare(display: Display, /, models: tuple[str, ...], *, settings: tuple[str, ...]) -> None:
    """Show models side by side, as a Markdown table; with --json their documents."""
    from polyreel.documents.views.markdown import comparison

    client = open_client(settings=settings)
    documents = [client.model(model) for model in models]
    if display.as_json:
        display.document([document.json for document in documents])
        return
    display.out(comparison(documents))


def today(client: Client) -> date:
    """Return the day that counts."""
    from polyreel.clock import day_of

    return day_of(client.workspace.clock)


def standing(client: Client, document: ModelDocument, day: date | None = None) -> str:
    """Return where a model stands on a day (today), at the address that is set for its provider."""
    from polyreel.catalogue import address, applies

    info = client.workspace.plugins.provider(document.provider).info
    settings = client.workspace.configuration.resolve(info)
    if not applies(document, info, settings):
        return f"as {address(document, info, settings)} has it"
    lifecycle = document.lifecycle
    day = day or today(client)
    if lifecycle.released is not None and day < lifecycle.released:
        return f"from {lifecycle.released}"
    words_of = {
        "living": "living",
        "ending": f"ends {lifecycle.retires_on}",
        "retired": f"retired {lifecycle.retires_on}",
    }
    return words_of[lifecycle.standing(day)]


def _entry(client: Client, document: ModelDocument, day: date | None) -> dict[str, Any]:
    lifecycle = document.lifecycle
    return {
        "id": document.id,
        "title": document.title,
        "surface": document.surface,
        "aliases": list(document.aliases),
        "regions": list(document.regions),
        "stage": lifecycle.stage,
        "today": standing(client, document),
        **({} if day is None else {"as_of": str(day), "standing": standing(client, document, day)}),
        "retires_on": None if lifecycle.retires_on is None else str(lifecycle.retires_on),
        "replaced_by": list(lifecycle.replaced_by),
        "alternatives": list(lifecycle.alternatives),
        "price_from": _cheapest(document),
        "parameters": list(document.properties),
    }


def _cheapest(document: ModelDocument) -> dict[str, str] | None:
    prices = document.prices
    known = [] if prices is None else [rule for rule in prices["rules"] if "amount" in rule]
    if prices is None or not known:
        return None
    rule = min(known, key=lambda rule: Decimal(rule["amount"]))
    return {
        "amount": rule["amount"],
        "currency": prices["currency"],
        "per": rule["per"],
        "as_of": prices["as_of"],
    }


def _price(document: ModelDocument) -> str:
    cheapest = _cheapest(document)
    return "unknown" if cheapest is None else f"{cheapest['amount']} {cheapest['currency']}/{cheapest['per']}"


def _seconds(document: ModelDocument) -> str:
    schema = document.properties.get("duration")
    return "-" if schema is None else words.described(schema)


def _sizes(document: ModelDocument) -> str:
    for name in ("size", "resolution", "aspect_ratio"):
        schema = document.properties.get(name)
        if schema is not None:
            return words.described(schema) if "enum" in schema or "const" in schema else "any"
    return "-"


def _parameter(name: str, schema: Any) -> tuple[str, str, str, str, str]:
    default = words.value(schema["default"]) if "default" in schema else "-"
    return name, words.described(schema), default, words.unit(schema) or "-", schema.get("description", "")


def _rules(schema: Any) -> list[str]:
    """Return the sentences of the rules that JSON Schema alone would not explain."""
    found: list[str] = []
    for rule in schema.get("allOf", ()):
        found += _sentences(rule)
    return found


def _sentences(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [sentence for entry in schema for sentence in _sentences(entry)]
    if not isinstance(schema, dict):
        return []
    own = [str(schema["x-error"])] if "x-error" in schema else []
    return own + [sentence for entry in schema.values() for sentence in _sentences(entry)]


def _lifecycle(document: ModelDocument) -> list[str]:
    lifecycle = document.lifecycle
    dates = (
        ("released", lifecycle.released),
        ("end announced", lifecycle.deprecated_on),
        ("ends", lifecycle.retires_on),
        ("replaced by", ", ".join(lifecycle.replaced_by)),
        ("alternatives", ", ".join(lifecycle.alternatives)),
    )
    return [f"  {name}: {value}" for name, value in dates if value]


def _prices(document: ModelDocument) -> list[str]:
    prices = document.prices
    if prices is None:
        return ["not known"]
    return [
        f"{rule['amount']} {prices['currency']} per {rule['per']}{_when(rule)}, as of {prices['as_of']}"
        if "amount" in rule
        else f"not known: {rule['unknown']}"
        for rule in prices["rules"]
    ]


def _when(rule: Any) -> str:
    properties = rule.get("when", {}).get("properties", {})
    conditions = [f"{name} {words.described(schema)}" for name, schema in properties.items()]
    return f" for {', '.join(conditions)}" if conditions else ""


def _sources(document: ModelDocument) -> list[str]:
    return [f"{source.url} (read {source.seen}): {source.fact}" for source in document.lifecycle.sources]
