"""Rules about words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.documents.lint.findings import Case, Place, Rule

__all__ = ["RULES"]

_WORDS: Final = frozenset({"title", "description", "x-error", "fact", "unknown"})


def _blank(case: Case) -> Iterator[Place]:
    yield from _blank_in(case.document.json, "")


def _blank_in(value: Any, place: str) -> Iterator[Place]:
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _blank_in(inner, f"{place}/{number}")
    for word, inner in value.items() if isinstance(value, Mapping) else ():
        texts = inner if word in {"open_questions", "tags"} and isinstance(inner, list) else [inner]
        told = word in _WORDS or word in {"open_questions", "tags"}
        if told and any((isinstance(text, str) and text != text.strip()) or text == "" for text in texts):
            yield f"{place}/{word}", "it is empty, or has space around it; write a sentence, or leave it out"
        yield from _blank_in(inner, f"{place}/{word}")


def _unsaid(case: Case) -> Iterator[Place]:
    for at in ("x-model", "x-price"):
        for index, source in enumerate(case.document.json.get(at, {}).get("sources", ())):
            if "fact" not in source:
                yield f"/{at}/sources/{index}", "it does not say what was read there; add it as fact"


RULES: Final = (
    Rule(id="sentence-written", demand="No description, sentence, fact or question is empty.", check=_blank),
    Rule(id="source-fact", demand="Each source says which fact was read there.", check=_unsaid),
)
