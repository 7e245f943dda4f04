"""The parameter registry: the unified names, what they mean, and their aliases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["aliases", "is_hint", "parameters", "registry_json"]


@cache
def registry_json() -> Mapping[str, Any]:
    """Return the registry document."""
    text = files("polyreel.documents").joinpath("parameters.json").read_text(encoding="utf-8")
    registry: Mapping[str, Any] = json.loads(text)
    return registry


def parameters() -> Mapping[str, Mapping[str, Any]]:
    """Return the schema of each unified parameter."""
    properties: Mapping[str, Mapping[str, Any]] = registry_json()["properties"]
    return properties


@cache
def aliases() -> Mapping[str, str]:
    """Return the unified name of each alias: ``{"seconds": "duration", …}``."""
    return {alias: name for name, schema in parameters().items() for alias in schema.get("x-aliases", ())}


def is_hint(name: str) -> bool:
    """Whether a model that lacks the parameter may ignore it, with a warning."""
    return parameters().get(name, {}).get("x-unsupported") == "warn"
