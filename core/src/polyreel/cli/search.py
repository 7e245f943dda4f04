"""``polyreel models search``: which models would take a request, at what price, and why the others would not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from polyreel.cli import words
from polyreel.cli.clients import json_option, open_client, pass_display, setting_option
from polyreel.cli.display import Display
from polyreel.cli.request import ModelCommand, money, parameters_of
from polyreel.redaction import redact

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.documents.document import ModelDocument
    from polyreel.search import NearMiss, Offer, Search

__all__ = ["as_of_option", "command", "day_of"]

_SHOWN: Final = 5  # so many near misses are told when nothing was found

as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Judge the life of models on that day, YYYY-MM-DD; prices stay those that are known today.",
)


class SearchCommand(ModelCommand):
    """A command that takes the parameters of all models."""

    usage = ("[--PARAMETER VALUE ...]", "[OPTIONS]")

    def find_model(self, ctx: click.Context, given: Mapping[str, Any]) -> ModelDocument | None:
        """Open a client; there is no one model."""
        ctx.meta["polyreel.client"] = open_client(settings=given.get("settings") or ())
        return None


@click.command("search", cls=SearchCommand)
@click.option(
    "--max-cost", type=money, metavar="USD", help="Leave out what costs more, or whose price is not known."
)
@click.option("--live", is_flag=True, help="Only models that this machine is set up for.")
@click.option("--near-misses", is_flag=True, help="Say why each other model would not take it.")
@as_of_option
@click.option(
    "--on-unsupported",
    type=click.Choice(["error", "warn"]),
    help="What a parameter that a model lacks does: it is an error (the default), or left out with a warning.",
)
@json_option
@setting_option
@pass_display
def command(display: Display, /, **given: Any) -> None:
    """Say which models would take a request, the cheapest first. Nothing is sent.

    A search is a request: its parameters are those of 'generate'. Of a picture or a film, "true" says that there will be
    one.
    """
    client: Client = click.get_current_context().meta["polyreel.client"]
    announced = ("true", ["true"])
    accepts = {n: True if value in announced else value for n, value in parameters_of(given).items()}
    if given["on_unsupported"] is not None:
        accepts["on_unsupported"] = given["on_unsupported"]
    found = client.models(accepts=accepts, max_cost=given["max_cost"], as_of=day_of(given["as_of"]))
    offers = [offer for offer in found if offer.configured or not given["live"]]
    if display.as_json:
        shown = found.misses if given["near_misses"] else None
        display.document(
            {
                "offers": [_offer_json(offer) for offer in offers],
                **({} if shown is None else {"near_misses": [_miss_json(miss) for miss in shown]}),
            }
        )
        return
    _show(display, found, offers, all_misses=given["near_misses"])


def day_of(moment: datetime | None) -> date | None:
    """Return the day of ``--as-of``."""
    return None if moment is None else moment.date()


def _show(display: Display, found: Search, offers: list[Offer], *, all_misses: bool) -> None:
    if offers:
        rows = [
            (offer.model, words.amount(offer.estimate), _stage(offer), _ready(offer), _warnings(offer))
            for offer in offers
        ]
        columns = ("model", "price", "stage", "configured", "warnings")
        some = any(offer.warnings for offer in offers)
        display.table(columns if some else columns[:-1], [row if some else row[:-1] for row in rows])
    elif found.offers:
        display.remark("no model that this machine is set up for takes this request; without --live:")
        for offer in found.offers[:_SHOWN]:
            display.remark(f"  {offer.model}: needs {offer.missing}")
    else:
        display.remark("no model takes this request; the nearest:")
    if all_misses:
        for miss in found.misses:
            for line in _reasons(miss):
                display.out(line)
    elif not found.offers:
        for miss in found.misses[:_SHOWN]:
            for line in _reasons(miss):
                display.remark(line)


def _reasons(miss: NearMiss) -> list[str]:
    return [redact(f"not {miss.model}: {reason}") for reason in miss.reasons]


def _stage(offer: Offer) -> str:
    lifecycle = offer.document.lifecycle
    return (
        lifecycle.stage if lifecycle.retires_on is None else f"{lifecycle.stage}, ends {lifecycle.retires_on}"
    )


def _ready(offer: Offer) -> str:
    return "yes" if offer.configured else f"needs {offer.missing}"


def _warnings(offer: Offer) -> str:
    return "; ".join(map(str, offer.warnings)) or "-"


def _offer_json(offer: Offer) -> dict[str, Any]:
    lifecycle = offer.document.lifecycle
    return {
        "model": offer.model,
        "estimate": offer.estimate.model_dump(mode="json"),
        "stage": lifecycle.stage,
        "retires_on": None if lifecycle.retires_on is None else str(lifecycle.retires_on),
        "configured": offer.configured,
        "missing": offer.missing or None,
        "warnings": [{"parameter": w.parameter, "message": w.message} for w in offer.warnings],
    }


def _miss_json(miss: NearMiss) -> dict[str, Any]:
    return {"model": miss.model, "retired": miss.retired, "reasons": [redact(r) for r in miss.reasons]}
