"""The published catalogue: the files of ``schemas/``, generated from what the wheels hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import meta_schema
from polyreel.documents.registry import registry_json

__all__ = ["catalogue_files", "document_place", "write_catalogue"]

_NONE: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})


def catalogue_files(
    documents: Iterable[ModelDocument], records: Mapping[str, Mapping[str, Any]] = _NONE
) -> dict[str, str]:
    """Return the catalogue as file names and their contents.

    Args:
        documents: The model documents to publish.
        records: The schema of each published record, by its name: ``"job"``.
    """
    listed = sorted(documents, key=lambda document: (document.id, document.surface or ""))
    contents: dict[str, Any] = {
        "model.schema.json": meta_schema(),
        "parameters.json": registry_json(),
        "request.schema.json": _request_schema(),
        "index.json": [_entry(document) for document in listed],
    }
    for name, schema in records.items():
        contents[f"{name}.schema.json"] = schema
    for document in listed:
        contents[f"models/{document_place(document, '.json')}"] = document.json
    return {name: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for name, value in contents.items()}


def write_catalogue(
    documents: Iterable[ModelDocument], folder: Path, records: Mapping[str, Mapping[str, Any]] = _NONE
) -> list[Path]:
    """Write the catalogue into ``folder``, removing documents that no longer exist; return the files.

    Args:
        documents: The model documents to publish.
        folder: Where; made if missing.
        records: The schema of each published record, by its name.
    """
    wanted = catalogue_files(documents, records)
    for stale in set(folder.glob("models/**/*.json")) - {folder / name for name in wanted}:
        stale.unlink()
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in sorted(wanted)]


def document_place(document: ModelDocument, ending: str) -> str:
    """Return where a file about a model stands among those of all models: ``provider[/surface]/name.json``.

    Args:
        document: The model's document.
        ending: With its dot: ``".json"``.
    """
    name = "any" if document.is_family else document.name.replace(":", "_").replace("/", "_")
    surface = f"{document.surface}/" if document.surface else ""
    return f"{document.provider}/{surface}{name}{ending}"


def _request_schema() -> Mapping[str, Any]:
    """Return the schema of a request to any model; the model's own document says what it really takes."""
    registry = registry_json()
    return {
        "$schema": registry["$schema"],
        "$id": "urn:polyreel:schema:request:1",
        "title": "A request to any model",
        "description": "The unified parameters and the model. A provider's own parameters begin with its name; "
        "the model's document says which of all these it takes, and with which values.",
        "type": "object",
        "required": ["prompt", "model"],
        "properties": {
            "model": {"type": "string", "pattern": "^[a-z][a-z0-9_-]*/.+$", "description": "provider/model"},
            **registry["properties"],
        },
    }


def _entry(document: ModelDocument) -> Mapping[str, Any]:
    facts = document.facts
    return {
        "id": document.id,
        "title": document.title,
        "surface": document.surface,
        "aliases": list(document.aliases),
        "document": f"models/{document_place(document, '.json')}",
        "stage": facts["stage"],
        "retires_on": facts.get("retires_on"),
        "replaced_by": facts.get("replaced_by", []),
    }
