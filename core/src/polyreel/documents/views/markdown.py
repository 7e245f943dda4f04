"""Markdown for people, from documents: a page for each model, and models side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.lifecycle import Source
from polyreel.documents.views.wording import allowed, label, price_lines, rule_sentences, unit, value

__all__ = ["comparison", "model_page", "table", "text"]

_ABILITIES: Final = {
    "cancel": "cancel",
    "progress": "tell its progress",
    "webhook": "call back",
    "idempotency": "repeat a submit safely",
    "delete": "delete at the provider",
    "list": "list jobs at the provider",
}


def text(given: object) -> str:
    """Return words as Markdown that shows them as they are, fit for a table's cell too."""
    line = " ".join(str(given).split())
    # What stands in backquotes is meant as code; elsewhere a sign of Markdown or HTML is only a sign.
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(_code(part) if index % 2 else _prose(part) for index, part in enumerate(parts))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the cells are Markdown already."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def model_page(document: ModelDocument) -> str:
    """Return the page of one model: what it takes, what it costs, how long it lives, and where that was read.

    Nothing in it depends on the day; dates are told as they are.
    """
    sections = (
        ("", [f"`{document.reference}`", text(document.json.get("description", ""))]),
        ("", [table(("", ""), _facts(document))]),
        ("Parameters", [_parameters(document)]),
        ("What belongs together", [_derivations(document)]),
        ("Rules", [_list(dict.fromkeys(rule_sentences(document.json.get("allOf", ()))))]),
        ("Price", [_prices(document)]),
        ("Example", list(_examples(document))),
        ("Sources", [_sources(document)]),
        ("Not known", [_list(document.facts.get("open_questions", ()))]),
    )
    lines = [f"# {text(document.title)}"]
    for title, blocks in sections:
        told = [block for block in blocks if block]
        lines += ([f"## {title}"] if title and told else []) + told
    return "\n\n".join(lines) + "\n"


def comparison(documents: Sequence[ModelDocument]) -> str:
    """Return a table with one column for each model: its facts, then every parameter that one of them has."""
    facts = [dict(_facts(document)) for document in documents]
    names = dict.fromkeys(name for found in facts for name in found)
    rows = [[name, *(found.get(name, "") for found in facts)] for name in names]
    parameters = dict.fromkeys(name for document in documents for name in document.properties)
    rows += [
        [f"`{name}`", *(_values(document.properties.get(name)) for document in documents)]
        for name in parameters
    ]
    prices = [text("; ".join(price_lines(document))) or "not known" for document in documents]
    rows.append(["price", *prices])
    return table(["", *(f"`{document.reference}`" for document in documents)], rows)


def _facts(document: ModelDocument) -> Iterator[tuple[str, str]]:
    lifecycle, output = document.lifecycle, document.output
    facts = (
        ("provider", f"`{document.provider}`"),
        ("API", document.surface and f"`{document.surface}`"),
        ("service", document.service and text(document.service)),
        ("regions", ", ".join(map(text, document.regions))),
        ("vendor's name", f"`{document.native_id}`"),
        ("also called", ", ".join(f"`{document.provider}/{name}`" for name in document.aliases)),
        ("stage", lifecycle.stage),
        ("released", lifecycle.released),
        ("end announced", lifecycle.deprecated_on),
        ("ends", lifecycle.retires_on),
        ("replaced by", ", ".join(f"`{name}`" for name in lifecycle.replaced_by)),
        ("alternatives", ", ".join(f"`{name}`" for name in lifecycle.alternatives)),
        ("film", output.get("media_type")),
        ("sound", output.get("audio")),
        ("frames per second", output.get("fps")),
        ("kept by the provider", _kept(output.get("expires_after_s"))),
        ("jobs can", ", ".join(_ABILITIES.get(word, word) for word in document.facts.get("can", ()))),
    )
    yield from ((name, str(fact)) for name, fact in facts if fact)


def _kept(seconds: float | None) -> str | None:
    hour = 3600
    return None if seconds is None else f"{seconds / hour:g} hours"


def _parameters(document: ModelDocument) -> str:
    rows = [
        (
            f"`{name}`" + (" (required)" if name in document.json["required"] else ""),
            text(label(name, schema, document.provider)),
            text(allowed(schema)),
            f"`{value(schema['default'])}`" if "default" in schema else "",
            unit(schema),
            text(schema.get("description", "")),
        )
        for name, schema in document.properties.items()
    ]
    return table(("parameter", "", "allowed", "default", "unit", "what it does"), rows)


def _values(schema: Mapping[str, Any] | None) -> str:
    return "" if schema is None else text(allowed(schema))


def _derivations(document: ModelDocument) -> str:
    rows = document.derivations
    if not rows:
        return ""
    return table([f"`{name}`" for name in rows[0]], [[value(row[name]) for name in rows[0]] for row in rows])


def _prices(document: ModelDocument) -> str:
    prices = document.prices
    if prices is None:
        return "Not known."
    return f"The first that applies counts. Read {prices['as_of']}.\n\n{_list(price_lines(document))}"


def _examples(document: ModelDocument) -> Iterator[str]:
    for example in document.json.get("examples", ())[:1]:
        lines = [f"    {name}={_literal(given)}," for name, given in example.items() if name != "prompt"]
        call = [
            "import polyreel",
            "",
            "result = polyreel.generate(",
            f"    {_literal(example['prompt'])},",
            f"    model={_literal(document.reference)},",
            *lines,
            ")",
        ]
        yield "\n".join(["```python", *call, "```"])


def _literal(given: Any) -> str:
    return json.dumps(given, ensure_ascii=False) if isinstance(given, str) else repr(given)


def _sources(document: ModelDocument) -> str:
    prices = document.prices or {}
    found = [*document.lifecycle.sources, *(Source(**source) for source in prices.get("sources", ()))]
    lines = dict.fromkeys(
        f"{_address(source.url)} (read {source.seen}){': ' + text(source.fact) if source.fact else ''}"
        for source in found
    )
    return "\n".join(f"- {line}" for line in lines)


def _address(url: str) -> str:
    plain = re.fullmatch(r"https?://[^\s<>]+", url)
    return f"<{url}>" if plain else f"`{url}`"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {text(line)}" for line in lines)


def _code(words: str) -> str:
    return words.replace("|", "\\|")


def _prose(words: str) -> str:
    escaped = re.sub(r"[\\`*\[\]|]|(?<!\w)_|_(?!\w)", r"\\\g<0>", words)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
