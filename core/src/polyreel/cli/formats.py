"""Models in the shapes of other readers: ``--format`` of ``polyreel models``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from polyreel.cli.display import Display

if TYPE_CHECKING:
    from datetime import date

    from polyreel.catalogue import Catalogue
    from polyreel.documents.document import ModelDocument

__all__ = ["LISTINGS", "PAGES", "living", "show_model", "show_models"]

LISTINGS: Final = ("markdown", "openrouter", "openapi", "mcp")
"""What all living models can be written as."""
PAGES: Final = ("markdown", "form", "mcp")
"""What one model can be written as."""


def living(catalogue: Catalogue, day: date) -> list[ModelDocument]:
    """Return the models that live on a day by the dates of their documents, sorted; open families are none."""
    from polyreel.documents.lifecycle import Standing

    found = [
        document
        for document in catalogue.installed()
        if not document.is_family and document.lifecycle.standing(day) is not Standing.RETIRED
    ]
    return sorted(found, key=lambda document: document.reference)


def show_models(display: Display, documents: Sequence[ModelDocument], form: str) -> None:
    """Write models in one of :data:`LISTINGS`.

    Args:
        display: Where to.
        documents: The models.
        form: Which.
    """
    _refuse_json(display)
    if form == "markdown":
        from polyreel.documents.tables import models_table

        display.out(models_table(documents))
        return
    display.document(_LISTING[form](documents))


def show_model(display: Display, document: ModelDocument, form: str) -> None:
    """Write one model in one of :data:`PAGES`.

    Args:
        display: Where to.
        document: The model.
        form: Which.
    """
    _refuse_json(display)
    if form == "markdown":
        from polyreel.documents.views.markdown import model_page

        display.out(model_page(document).rstrip("\n"))
        return
    display.document(document.form() if form == "form" else _tools([document])["tools"][0])


def _openrouter(documents: Sequence[ModelDocument]) -> dict[str, Any]:
    from polyreel.documents.views.openrouter import openrouter_listing

    return openrouter_listing(documents)


def _openapi(documents: Sequence[ModelDocument]) -> dict[str, Any]:
    from polyreel import __version__
    from polyreel.documents.views.openapi import openapi

    return openapi(documents, version=__version__)


def _tools(documents: Sequence[ModelDocument]) -> dict[str, Any]:
    """Return the answer to the protocol's ``tools/list``."""
    from polyreel.documents.views.mcp import mcp_tool

    return {"tools": [mcp_tool(document) for document in documents]}


_LISTING: Final[dict[str, Callable[[Sequence[ModelDocument]], dict[str, Any]]]] = {
    "openrouter": _openrouter,
    "openapi": _openapi,
    "mcp": _tools,
}


def _refuse_json(display: Display) -> None:
    if display.as_json:
        raise click.UsageError("--format says what is printed; leave --json out, or --format")
