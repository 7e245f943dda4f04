"""Reading model documents: strictly, from a package's data files and from the user's configuration folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.documents.document import ModelDocument
from polyreel.documents.registry import parameters
from polyreel.documents.validation import spelled_out
from polyreel.errors import ConfigurationError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = [
    "folder_documents",
    "meta_schema",
    "package_documents",
    "parsed",
    "problems_of",
    "strict_document",
]


@cache
def meta_schema() -> Mapping[str, Any]:
    """Return the meta-schema: what a model document may say."""
    text = files("polyreel.documents").joinpath("meta_schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


@cache
def package_documents(package: str, folder: str = "models") -> tuple[Mapping[str, Any], ...]:
    """Return the model documents in a package, as JSON, sorted by file name.

    Args:
        package: The import name: ``"polyreel_acme"``.
        folder: The folder of ``*.json`` files in it: ``"models"``, or one below it.
    """
    place = files(package).joinpath(folder)
    found = sorted((entry for entry in place.iterdir() if entry.name.endswith(".json")), key=lambda e: e.name)
    return tuple(parsed(entry.read_bytes(), origin=f"{package}/{entry.name}") for entry in found)


def folder_documents(folder: Path) -> list[ModelDocument]:
    """Return the documents in a folder of the user's, each checked.

    Raises:
        ConfigurationError: A file is no valid document; the message names it and says why.
    """
    return [
        strict_document(parsed(_content(path), origin=str(path)), origin=str(path))
        for path in sorted(folder.glob("**/*.json"))
    ]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the model document {path} cannot be read: {error.strerror}") from None


def parsed(text: str | bytes, *, origin: str) -> Mapping[str, Any]:
    """Parse a document; a key that is given twice is an error, since one of the two would be lost.

    Raises:
        ConfigurationError: It is no JSON object, or a key is given twice.
    """
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"the model document {origin} cannot be read: {error}") from None
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"the model document {origin} is no JSON object")
    return document


def strict_document(json: Mapping[str, Any], *, origin: str) -> ModelDocument:
    """Return a document that the meta-schema accepts.

    Raises:
        ConfigurationError: With everything that is wrong.
    """
    problems = problems_of(json)
    if problems:
        raise ConfigurationError(f"the model document {origin} is not valid: " + "; ".join(problems))
    return ModelDocument(json=json, origin=origin)


def problems_of(json: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a document, as sentences; empty when nothing is."""
    problems = [
        f"{'/'.join(map(str, error.absolute_path)) or 'document'}: "
        + ("is not known here" if error.validator_value == {} else error.message)
        for error in _meta_validator().iter_errors(json)
    ]
    return problems or [
        *_name_problems(json),
        *_derivation_problems(json),
        *_identity_problems(json),
        *_date_problems(json),
    ]


@cache
def _meta_validator() -> Validator:
    """Return the meta-schema's validator; behind one reference, it is not read through again for each of its own."""
    from jsonschema import Draft202012Validator
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it ships no types
    from referencing.jsonschema import DRAFT202012

    schema = spelled_out(meta_schema())
    registry = (DRAFT202012.create_resource(schema) @ REGISTRY).crawl()
    return Draft202012Validator({"$ref": schema["$id"]}, registry=registry)


def _without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} is given twice")
        result[key] = value
    return result


def _name_problems(json: Mapping[str, Any]) -> list[str]:
    prefix = json["x-model"]["provider"].replace("-", "_") + "_"
    return [
        f"properties/{name}: is neither a unified parameter nor begins with {prefix!r}"
        for name in json["properties"]
        if name not in parameters() and not name.startswith(prefix)
    ]


def _derivation_problems(json: Mapping[str, Any]) -> list[str]:
    rows = json.get("x-derive", ())
    problems = [
        f"x-derive/{index}: {name!r} is no parameter of this model"
        for index, row in enumerate(rows)
        for name in row
        if name not in json["properties"]
    ]
    if any(set(row) != set(rows[0]) for row in rows):
        problems.append("x-derive: every row must name the same parameters")
    return problems


def _identity_problems(json: Mapping[str, Any]) -> list[str]:
    document = ModelDocument(json=json)
    expected = f"urn:polyreel:model:{document.reference}"
    return [] if json["$id"] == expected else [f"$id: must be {expected!r}"]


def _date_problems(json: Mapping[str, Any]) -> list[str]:
    problems = []
    for name in ("released", "deprecated_on", "retires_on"):
        text = json["x-model"].get(name)
        try:
            date.fromisoformat(text or "2026-01-01")
        except ValueError:
            problems.append(f"x-model/{name}: {text!r} is no day of the calendar")
    return problems
