"""A validator's errors as sentences for people: the value, what is allowed, and the nearest way out."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from polyreel.documents.verdicts import as_written
from polyreel.errors import Problem

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = [
    "is_monstrous",
    "is_number",
    "measure_of",
    "nearest",
    "problem_of",
    "shortened",
    "suggested_name",
]

_TYPES: Final = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def problem_of(error: ValidationError, rules: Sequence[Mapping[str, Any]] = ()) -> Problem:
    """Return the readable form of one validation error.

    Args:
        error: The error.
        rules: The document's ``allOf``, whose rules may have sentences of their own.
    """
    path = [str(step) for step in error.absolute_path]
    own = _own_sentence(error) or _rule_sentence(error, rules)
    if error.validator == "required":
        names: Any = error.validator_value
        missing = next(name for name in names if error.message.startswith(repr(name)))
        return Problem(parameter=".".join([*path, missing]), message=own or "is missing")
    allowed = _allowed(error)
    suggestion = _suggestion(error, allowed)
    sentence = own or _sentence(error)
    helps = error.validator == "type" or (error.validator == "enum" and len(allowed or ()) > 1)
    if suggestion is not None and (helps or str(suggestion) not in sentence):
        sentence += f"; the nearest is {suggestion!r}"
    return Problem(
        parameter=".".join(path) or "request",
        message=sentence,
        value=shortened(error.instance),
        allowed=allowed,
        suggestion=suggestion,
    )


def suggested_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is closest to ``name``, or ``None`` when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def nearest(value: Any, allowed: Iterable[Any]) -> Any:
    """Return the allowed value that is nearest to ``value``: by amount, by shape, else by spelling.

    Args:
        value: What was given.
        allowed: What could have been given.

    Returns:
        One of the allowed values, or ``None`` when none is near.
    """
    options = list(allowed)
    numbers = [option for option in options if is_number(option)]
    amount = _amount(value)
    if numbers and amount is not None:
        return min(numbers, key=lambda option: (abs(option - amount), option))
    texts = [option for option in options if isinstance(option, str)]
    if not isinstance(value, str):
        return None
    measure = measure_of(value)
    alike = (
        {}
        if measure is None
        else {text: m for text in texts if (m := measure_of(text)) and m[0] == measure[0]}
    )
    if measure is not None and alike:
        return min(texts, key=lambda text: _distance(measure, alike[text]) if text in alike else math.inf)
    return suggested_name(value, texts)


def shortened(value: Any, limit: int = 80) -> Any:
    """Return ``value`` fit for an error message: long texts cut, bytes and objects by their kind."""
    if isinstance(value, int) and is_monstrous(value):
        return "<a number of hundreds of digits>"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= limit else f"{value[:limit]}… ({len(value)} characters)"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, list | tuple | Mapping):
        return f"<{type(value).__name__} of {len(value)}>"
    return f"<{type(value).__name__}>"


def is_monstrous(value: int) -> bool:
    """Whether a number is too long to be meant, or even to be printed (Python stops at 4300 digits)."""
    return value.bit_length() > 1000  # noqa: PLR2004  some 300 digits


def _own_sentence(error: ValidationError) -> str | None:
    schema = error.schema
    return str(schema["x-error"]) if isinstance(schema, Mapping) and "x-error" in schema else None


def _rule_sentence(error: ValidationError, rules: Sequence[Mapping[str, Any]]) -> str | None:
    place = list(error.absolute_schema_path)
    if len(place) > 1 and place[0] == "allOf" and isinstance(place[1], int) and place[1] < len(rules):
        sentence: str | None = rules[place[1]].get("x-error")
        return sentence
    return None


def _sentence(error: ValidationError) -> str:
    word: Any = error.validator
    if word == "not" and error.validator_value == {}:  # the schema `false`
        return "is not possible in this combination"
    sentence = _SENTENCES.get(word)
    if sentence is None:
        return str(error.message)[:200]
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    return sentence(error.instance, error.validator_value, schema)


def _enum(value: Any, bound: Any, _: Any) -> str:
    return f"{shortened(value)!r} is not offered; allowed: {', '.join(map(str, bound))}"


def _const(value: Any, bound: Any, _: Any) -> str:
    return f"{shortened(value)!r} is not offered; this model always has {bound!r}"


def _type(value: Any, bound: Any, _: Any) -> str:
    kinds = [bound] if isinstance(bound, str) else bound
    wanted = " or ".join(_TYPES.get(kind, kind) for kind in kinds)
    return f"must be {wanted}, not {shortened(value)!r} ({type(value).__name__})"


def _too_short(value: Any, bound: Any, _: Any) -> str:
    return "is empty" if not value else f"has {len(value)} characters; at least {bound} are needed"


def _unknown_names(value: Any, _: Any, schema: Mapping[str, Any]) -> str:
    unknown = sorted(set(value) - set(schema.get("properties", ())))
    return f"has unknown names: {', '.join(map(str, unknown))}"


_SENTENCES: Final[Mapping[str, Callable[[Any, Any, Mapping[str, Any]], str]]] = {
    "enum": _enum,
    "const": _const,
    "type": _type,
    "minLength": _too_short,
    "maxLength": lambda value, bound, _: f"has {len(value):,} characters; at most {bound:,} are allowed",
    "minItems": lambda value, bound, _: f"has {len(value)} entries; at least {bound}",
    "maxItems": lambda value, bound, _: f"has {len(value)} entries; at most {bound}",
    "minimum": lambda value, bound, _: f"{value!r} is too small; at least {bound}",
    "exclusiveMinimum": lambda value, bound, _: f"{value!r} is too small; more than {bound}",
    "maximum": lambda value, bound, _: f"{value!r} is too large; at most {bound}",
    "exclusiveMaximum": lambda value, bound, _: f"{value!r} is too large; less than {bound}",
    "multipleOf": lambda value, bound, _: f"{value!r} is not a multiple of {bound}",
    "pattern": lambda value, bound, _: f"{shortened(value)!r} does not have the form {as_written(bound)}",
    "additionalProperties": _unknown_names,
}


def _allowed(error: ValidationError) -> tuple[Any, ...] | None:
    bound: Any = error.validator_value
    if error.validator == "enum":
        return tuple(bound)
    return (bound,) if error.validator == "const" else None


def _suggestion(error: ValidationError, allowed: tuple[Any, ...] | None) -> Any:
    if allowed is not None:
        return nearest(error.instance, allowed)
    if error.validator == "type" and error.validator_value in ("integer", "number"):
        amount = _amount(error.instance)
        options = error.schema.get("enum") if isinstance(error.schema, Mapping) else None
        if amount is not None and options:
            return nearest(amount, options)
        return int(amount) if amount is not None and amount == int(amount) else amount
    return None


def is_number(value: Any) -> bool:
    """Whether JSON has a value as a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _amount(value: Any) -> float | None:
    if not is_number(value) and not (isinstance(value, str) and value.strip().isascii()):
        return None
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        return None
    return amount if math.isfinite(amount) else None


_MEASURE: Final = re.compile(r"([1-9]\d{0,8})(?:([x:])([1-9]\d{0,8})|p)")
_NAMED: Final = {"4k": "2160p", "8k": "4320p"}
_SHAPE_BEFORE_AMOUNT: Final = 4  # a lying film is no near thing to a standing one of as many pixels


def measure_of(text: str) -> tuple[str, float, float] | None:
    """Return the kind, the logarithm of the shape and that of the amount of ``1280x720``, ``16:9`` or ``720p``."""
    text = text.strip().lower().replace("\u00d7", "x")
    found = _MEASURE.fullmatch(_NAMED.get(text, text))
    if found is None:
        return None
    width, kind, height = math.log(int(found[1])), found[2] or "p", math.log(int(found[3] or 1))
    return kind, 0.0 if kind == "p" else width - height, 0.0 if kind == ":" else width + height


def _distance(one: tuple[str, float, float], other: tuple[str, float, float]) -> float:
    return _SHAPE_BEFORE_AMOUNT * abs(one[1] - other[1]) + abs(one[2] - other[2])
