"""The pages of all models as files, generated from what the wheels hold, with an index."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.export import document_place
from polyreel.documents.tables import models_table
from polyreel.documents.views.markdown import model_page
from polyreel.errors import ConfigurationError

__all__ = ["INDEX", "MARK", "page_files", "write_pages"]

INDEX: Final = "README.md"
"""The index's name: what a browser of files shows of a folder."""
MARK: Final = "<!-- Written by `polyreel schemas pages`: what is written here by hand is lost. -->"
"""The first line of each page, by which they are known."""


def page_files(documents: Iterable[ModelDocument]) -> dict[str, str]:
    """Return the pages as file names and their contents: ``<provider>[/<surface>]/<name>.md``, and the index.

    Args:
        documents: The models.
    """
    listed = sorted(documents, key=lambda document: (document.id, document.surface or ""))
    places = {document_place(document, ".md"): document for document in listed}
    pages = {place: f"{MARK}\n\n{model_page(document)}" for place, document in places.items()}
    return {INDEX: _index(places), **pages}


def write_pages(documents: Iterable[ModelDocument], folder: Path) -> list[Path]:
    """Write the pages into ``folder``, removing those of models that no longer exist; return the files.

    Args:
        documents: The models.
        folder: Where; made if missing. Only files that begin with :data:`MARK` are removed or replaced.

    Raises:
        ConfigurationError: A page would replace a file that was written by somebody else.
    """
    wanted = page_files(documents)
    paths = {folder / name for name in wanted}
    there = {path: path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("**/*.md")}
    for path in sorted(paths & set(there)):
        if not there[path].startswith(MARK):
            raise ConfigurationError(f"{path} was not written by this and would be lost; name a new folder")
    for path in set(there) - paths:
        if there[path].startswith(MARK):
            path.unlink()
    for name, page in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return [folder / name for name in sorted(wanted)]


def _index(places: dict[str, ModelDocument]) -> str:
    links = {document.reference: place for place, document in places.items()}
    living = [document for document in places.values() if document.lifecycle.stage != "retired"]
    gone = [document for document in places.values() if document.lifecycle.stage == "retired"]
    parts = [
        MARK,
        "# Models",
        "One page for each model document: what it takes, what it costs, how long it lives, and where that was read.",
        models_table(living, links=links),
    ]
    if gone:
        parts += [
            "## Retired",
            "Described as they were, so that they can be simulated and moved to living ones.",
            models_table(gone, links=links),
        ]
    return "\n\n".join(parts) + "\n"
