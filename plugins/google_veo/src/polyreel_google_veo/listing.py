"""Which models are offered: each name once, from the surface where it lives and that is set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from polyreel.types.provider import Settings

from polyreel_google_veo.accounts import wants_surface

__all__ = ["offered"]

Document: TypeAlias = Mapping[str, Any]
_OF_VERTEX: Final = ("project", "access_token", "credentials_file", "vertex_base_url")


def offered(gemini: Sequence[Document], vertex: Sequence[Document], settings: Settings) -> list[Document]:
    """Return the documents that these settings offer.

    Args:
        gemini: Those of the Developer API.
        vertex: Those of Vertex AI.
        settings: The resolved settings; none at all offer everything, for publication.
    """
    if not settings.values:
        return [*gemini, *vertex]
    wanted = wants_surface(settings)
    if wanted is not None:
        return list(vertex if wanted == "vertex" else gemini)
    usual = "vertex" if _only_vertex(settings) else "gemini"
    best: dict[str, Document] = {}
    for document in (*gemini, *vertex):
        name = _name(document)
        if name not in best or _rank(document, usual) < _rank(best[name], usual):
            best[name] = document
    return list(best.values())


def _only_vertex(settings: Settings) -> bool:
    return not settings.values.get("api_key") and any(settings.values.get(name) for name in _OF_VERTEX)


def _rank(document: Document, usual: str) -> tuple[bool, bool]:
    """The lower, the better: a model that lives before one that was shut down, then the usual surface."""
    facts = document["x-model"]
    return facts["stage"] == "retired", facts.get("surface") != usual


def _name(document: Document) -> str:
    facts = document["x-model"]
    return str(facts.get("name", facts["native_id"]))
