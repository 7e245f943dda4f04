"""``polyreel cost``: what a request would cost, by which rule, as of when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from polyreel.cli import failures, words
from polyreel.cli.clients import json_option, pass_display, setting_option
from polyreel.cli.display import Display
from polyreel.cli.models import standing
from polyreel.cli.request import ModelCommand, model_of, parameters_of

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.documents.document import ModelDocument
    from polyreel.types.cost import Estimate

__all__ = ["command"]


class CostCommand(ModelCommand):
    """A command that takes the parameters of a model, and no prompt: no price goes by it."""

    usage = ("-m MODEL", "[--PARAMETER VALUE ...]", "[OPTIONS]")


@click.command("cost", cls=CostCommand)
@click.option(
    "-m",
    "--model",
    help="The model: provider/model, an alias, or auto. Default: default_model of config.toml.",
)
@click.option(
    "--on-unsupported",
    type=click.Choice(["error", "warn"]),
    help="What a parameter that the model lacks does: it is an error (the default), or left out.",
)
@json_option
@setting_option
@pass_display
def command(display: Display, /, **given: Any) -> int:
    """Say what a request would cost by the model's document, with the rule and the date of the price.

    Nothing is sent, no file is read and no key is needed. A price that nobody knows is said to be unknown, never zero.
    """
    ctx = click.get_current_context()
    client: Client = ctx.meta["polyreel.client"]
    arguments = parameters_of(given)
    if given["on_unsupported"] is not None:
        arguments["on_unsupported"] = given["on_unsupported"]
    model = model_of(ctx)
    if ctx.meta["polyreel.document"] is None:
        model, estimated = _cheapest(display, client, arguments)
    else:
        estimated = client.estimate(model=model, **arguments)
        _warn(display, client, ctx.meta["polyreel.document"])
    if display.as_json:
        display.document({"model": model, **estimated.model_dump(mode="json")})
    else:
        display.out(words.amount(estimated))
    return failures.DONE


def _cheapest(display: Display, client: Client, arguments: dict[str, Any]) -> tuple[str, Estimate]:
    """Return the model that ``auto`` stands for, and its price; the choice is told."""
    from polyreel.errors import InvalidRequest

    verdict = client.check("-", model="auto", **arguments)
    if not verdict.ok:
        raise InvalidRequest(verdict.problems, model=verdict.model)
    display.warn(verdict.warnings)
    assert verdict.estimate is not None, "a request without problems has one"
    return verdict.model, verdict.estimate


def _warn(display: Display, client: Client, document: ModelDocument) -> None:
    state = standing(client, document)
    if state.startswith("retired"):
        display.say(f"warning: {document.id}: {state}; this is what it cost")
