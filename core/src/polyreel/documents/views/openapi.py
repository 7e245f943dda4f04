"""The request body of every model for an OpenAPI 3.1 description, told apart by ``model``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.views.bodies import json_schema

__all__ = ["KEPT", "openapi"]

KEPT: Final = (
    "x-unit",
    "x-media",
    "x-labels",
    "x-advanced",
    "x-error",
    "x-derive",
    "x-price",
)
"""The annotations that stay, as the extensions that OpenAPI allows in a schema (``^x-``); the rest speaks to polyreel."""

_BODY: Final = "VideoRequest"


def openapi(documents: Iterable[ModelDocument], *, version: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document whose components describe a request to each model.

    It has no paths: refer to ``#/components/requestBodies/VideoRequest`` from an operation of your own.

    Args:
        documents: The models; open families are left out, since no value of ``model`` tells them apart.
        version: The version of this description.
    """
    schemas: dict[str, Any] = {}
    mapping: dict[str, str] = {}
    for document in documents:
        if document.is_family:
            continue
        name = _free_name(document.reference, schemas)
        schemas[name] = _request(document)
        mapping[document.reference] = f"#/components/schemas/{name}"
    union = {
        "description": "A request to one of the models.",
        "oneOf": [{"$ref": place} for place in mapping.values()],
        "discriminator": {"propertyName": "model", "mapping": mapping},
    }
    body = {
        "description": "What is to be made, and by which model.",
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{_BODY}"}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Requests for films, by model", "version": version},
        "components": {"schemas": {_BODY: union, **schemas}, "requestBodies": {_BODY: body}},
    }


def _request(document: ModelDocument) -> Mapping[str, Any]:
    schema: dict[str, Any] = json_schema(document.json, keep=KEPT)
    model = {"type": "string", "const": document.reference, "description": "The model."}
    return {
        **schema,
        "required": ["model", *schema["required"]],
        "properties": {"model": model, **schema["properties"]},
        "examples": [{"model": document.reference, **example} for example in schema.get("examples", ())],
    }


def _free_name(reference: str, taken: Mapping[str, Any]) -> str:
    """Return a component's name for a model: of the characters that OpenAPI allows, and not taken."""
    name = stem = re.sub(r"[^A-Za-z0-9._-]", "_", reference)
    number = 1
    while name in taken or name == _BODY:
        number += 1
        name = f"{stem}_{number}"
    return name
