"""From a model's document to command-line flags, and from what was typed to values of the declared type. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from polyreel.cli.words import described, unit
from polyreel.errors import InvalidRequest, Problem

__all__ = ["Flag", "any_model", "flags_of", "names", "unknown_flags", "value_of"]

_METAVARS: Final = {"integer": "N", "number": "N", "string": "TEXT", "object": "JSON", "array": "JSON"}
_LONGEST_METAVAR: Final = 32
_PLAIN: Final = frozenset(
    {"string", "boolean", "integer", "object", "integer or number", "array", "any value"}
)
_SWITCHES: Final = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """One parameter as a flag.

    Attributes:
        name: What the client is called with: a unified name, an alias, or a name that nobody knows.
        schema: Its schema in the model's document, or in the registry when the model lacks it.
        hidden: Whether the help leaves it out.
    """

    name: str
    schema: Mapping[str, Any]
    hidden: bool = False

    @property
    def option(self) -> str:
        """How it is written: ``--input-image``."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value and has a ``--no-`` form."""
        return self.schema.get("type") == "boolean"

    @property
    def is_list(self) -> bool:
        """Whether it may be given several times."""
        return self.schema.get("type") == "array"

    @property
    def is_advanced(self) -> bool:
        """Whether the help shows it after the others."""
        return bool(self.schema.get("x-advanced")) or "const" in self.schema

    @property
    def metavar(self) -> str:
        """What the help shows for its value."""
        allowed = "|".join(str(option) for option in self.schema.get("enum", ()))
        if allowed and len(allowed) <= _LONGEST_METAVAR:
            return allowed
        if "x-media" in (self.schema.get("items") or self.schema):
            return "FILE|URL"
        kinds = _kinds(self.schema)
        # The registry says no more of a medium than its name.
        return _METAVARS.get(kinds[0], "TEXT") if kinds else "FILE|URL"

    @property
    def help(self) -> str:
        """What the help says about it."""
        notes = [
            described(self.schema) if self.metavar != "|".join(map(str, self.schema.get("enum", ()))) else ""
        ]
        notes.append(unit(self.schema))
        if "default" in self.schema and "const" not in self.schema:
            notes.append(f"default: {self.schema['default']}")
        if self.is_list:
            notes.append("repeatable")
        shown = "; ".join(note for note in notes if note and note not in _PLAIN)
        return (
            f"{self.schema.get('description', '')} [{shown}]" if shown else self.schema.get("description", "")
        )


def flags_of(
    properties: Mapping[str, Mapping[str, Any]] | None,
    registry: Mapping[str, Mapping[str, Any]],
    aliases: Mapping[str, str],
) -> list[Flag]:
    """Return a flag for each parameter, each alias, and each unified parameter that the model lacks.

    The last are hidden: typing one gets the core's own sentence about it, not "no such option".

    Args:
        properties: The model's parameters; ``None`` for those that models have in general.
        registry: The unified parameters.
        aliases: Unified names by alias.
    """
    own = registry if properties is None else properties
    schemas = {**registry, **own}
    flags = [Flag(name=name, schema=schema, hidden=name not in own) for name, schema in schemas.items()]
    flags += [Flag(name=alias, schema=schemas[name], hidden=True) for alias, name in aliases.items()]
    return [flag for flag in flags if flag.name != "prompt"]


def any_model(
    documents: Iterable[Mapping[str, Mapping[str, Any]]], registry: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Return the parameters of models in general: the unified ones, and what single providers have beyond them.

    Of the latter each takes every type that some model gives it; its values are those of the models that agree.

    Args:
        documents: The parameters of each model.
        registry: The unified parameters.
    """
    own: dict[str, list[Mapping[str, Any]]] = {}
    for properties in documents:
        for name, schema in properties.items():
            if name not in registry:
                own.setdefault(name, []).append(schema)
    return {**registry, **{name: _general(schemas) for name, schemas in own.items()}}


def _general(schemas: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    first = schemas[0]
    if all(schema == first for schema in schemas):
        return first
    general = {name: first[name] for name in ("description", "x-unit", "x-media", "items") if name in first}
    kinds = dict.fromkeys(kind for schema in schemas for kind in _kinds(schema))
    kinds_told = list(kinds) if len(kinds) > 1 else next(iter(kinds), None)
    return {**general, "x-advanced": True, **({} if kinds_told is None else {"type": kinds_told})}


def unknown_flags(args: Sequence[str], known: Mapping[str, bool]) -> tuple[list[str], list[tuple[str, bool]]]:
    """Find the flags that nobody declared.

    Args:
        args: What was typed.
        known: The declared flags, and whether each takes a value.

    Returns:
        The arguments with declared flags in their own spelling (``--input_image`` is ``--input-image``), and the
        unknown flags, each with whether a value follows.
    """
    spelled: list[str] = []
    unknown: dict[str, bool] = {}
    rest = list(args)
    while rest:
        token = rest.pop(0)
        if token == "--":  # noqa: S105  the end of the flags, no password
            return [*spelled, token, *rest], list(unknown.items())
        name, separator, value = token.partition("=")
        own = name.replace("_", "-") if name.startswith("--") else name
        name = own if own in known else name
        spelled.append(f"{name}{separator}{value}")
        if name in known:
            if known[name] and not separator and rest:
                spelled.append(rest.pop(0))
        elif name.startswith("--"):
            takes = bool(separator) or bool(rest and _is_value(rest[0]))
            unknown[name] = unknown.get(name, False) or takes
            if takes and not separator:
                spelled.append(rest.pop(0))
    return spelled, list(unknown.items())


def value_of(flag: Flag, texts: Sequence[str]) -> Any:
    """Return what was typed as a value of the declared type.

    A text that does not fit the type stays a text: the core then says what is allowed and what is nearest.

    Args:
        flag: The flag.
        texts: What was typed after it, once for each time that it was given.

    Raises:
        InvalidRequest: It was given several times and takes one value, or the JSON text is broken.
    """
    if flag.is_list:
        items = flag.schema.get("items", {})
        parsed = [
            _parsed(flag, items, text) if not text.startswith("[") else _json(flag, text) for text in texts
        ]
        return [entry for value in parsed for entry in (value if isinstance(value, list) else [value])]
    if len(set(texts)) > 1:
        raise _invalid(flag, f"is given {len(texts)} times with different values; give it once", texts[-1])
    return _parsed(flag, flag.schema, texts[-1])


def _parsed(flag: Flag, schema: Mapping[str, Any], text: str) -> Any:
    for option in (*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])):
        if text == (str(option).lower() if isinstance(option, bool) else str(option)):
            return option
    kinds = _kinds(schema)
    number = _number(text)
    if number is not None and ("number" in kinds or ("integer" in kinds and isinstance(number, int))):
        return number
    if "boolean" in kinds and text.lower() in _SWITCHES:
        return _SWITCHES[text.lower()]
    if "object" in kinds or (not kinds and text.startswith(("{", "["))):
        return _json(flag, text)
    return _checked(flag, text)


def _checked(flag: Flag, text: str) -> str:
    if "x-media" not in flag.schema and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _invalid(flag, "is no text in this terminal's encoding", None)
    return text


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _number(text: str) -> int | float | None:
    try:
        return int(text) if "_" not in text else None
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _json(flag: Flag, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        example = '{"name": "value"}'
        raise _invalid(flag, f"is no valid JSON ({error}); write it like '{example}'", text[:80]) from None


def _invalid(flag: Flag, message: str, value: Any) -> InvalidRequest:
    return InvalidRequest([Problem(parameter=flag.name, message=message, value=value)])


def _is_value(token: str) -> bool:
    return not token.startswith("-") or len(token) == 1 or token[1].isdigit() or token[1] == "."


def names(flags: Iterable[Flag]) -> dict[str, bool]:
    """Return how each flag is written, and whether it takes a value."""
    written: dict[str, bool] = {}
    for flag in flags:
        written[flag.option] = not flag.is_switch
        if flag.is_switch:
            written[f"--no-{flag.option[2:]}"] = False
    return written
