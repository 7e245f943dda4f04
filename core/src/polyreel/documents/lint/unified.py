"""Rules about the unified parameters: a document narrows what the registry says, and says nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.documents.document import media_schemas
from polyreel.documents.lint.findings import Case, Place, Rule
from polyreel.documents.lint.samples import enumerated
from polyreel.documents.registry import parameters
from polyreel.documents.validation import accepts

__all__ = ["RULES"]

MEDIA: Final[Mapping[str, str]] = {
    "input_image": "image/",
    "last_frame": "image/",
    "reference_image": "image/",
    "reference_images": "image/",
    "video": "video/",
}
"""The unified parameters that are pictures or films, and what may stand in each."""
CAPABILITIES: Final = ("duration", "size", "aspect_ratio", "resolution", "fps", "n", "person_generation")
"""The unified parameters of which a model has some values and not others."""


def _unified(case: Case) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for name, schema in case.document.properties.items():
        if name in parameters():
            yield name, schema, parameters()[name]


def _wider_type(case: Case) -> Iterator[Place]:
    for name, schema, unified in _unified(case):
        own, allowed = _kinds(schema), _kinds(unified)
        if allowed and not own <= allowed:
            yield (
                f"/properties/{name}/type",
                f"{name} is {' or '.join(sorted(allowed))} everywhere; write one of these",
            )


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _wider_values(case: Case) -> Iterator[Place]:
    for name, schema, unified in _unified(case):
        values = enumerated(schema)
        for value in values or ():
            if not accepts(unified, value):
                yield (
                    f"/properties/{name}",
                    f"{value!r} is no {name} anywhere: {unified['description']} Correct the value",
                )
        if values is None:
            yield from (
                (
                    f"/properties/{name}",
                    f"{name} has {word} {unified[word]!r} everywhere; write it here, or a narrower one",
                )
                for word in _wider_words(schema, unified)
            )


def _wider_words(schema: Mapping[str, Any], unified: Mapping[str, Any]) -> Iterator[str]:
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    if "minimum" in unified and not _at_least(least, unified["minimum"]):
        yield "minimum"
    if "exclusiveMinimum" in unified:
        bound = unified["exclusiveMinimum"]
        if not (_at_least(above, bound) or (_at_least(least, bound) and least != bound)):
            yield "exclusiveMinimum"
    if "minItems" in unified and not _at_least(schema.get("minItems"), unified["minItems"]):
        yield "minItems"
    if "pattern" in unified and schema.get("pattern") != unified["pattern"]:
        yield "pattern"


def _at_least(value: Any, bound: float) -> bool:
    return isinstance(value, int | float) and value >= bound


def _unlike_media(case: Case) -> Iterator[Place]:
    for name, schema, _ in _unified(case):
        media, kind = list(media_schemas(schema)), MEDIA.get(name)
        if kind is None:
            if media:
                yield f"/properties/{name}/x-media", f"{name} is neither a picture nor a film; remove x-media"
            continue
        if not media or (name == "reference_images") == ("x-media" in schema):
            place = "items/x-media" if name == "reference_images" else "x-media"
            yield f"/properties/{name}", f"{name} holds pictures or films; say under {place} which it takes"
        for accepted in {accepted for rules in media for accepted in rules["accept"]}:
            if not accepted.startswith(kind):
                yield (
                    f"/properties/{name}",
                    f"{name} takes {kind}… everywhere, not {accepted}; correct accept",
                )


def _unlike_unit(case: Case) -> Iterator[Place]:
    for name, schema, unified in _unified(case):
        if schema.get("x-unit") != unified.get("x-unit"):
            advice = f"write {unified['x-unit']!r}" if "x-unit" in unified else "remove it"
            yield f"/properties/{name}/x-unit", f"{name} is measured in the same unit everywhere; {advice}"


def _unbounded(case: Case) -> Iterator[Place]:
    for name in () if case.document.is_family else CAPABILITIES:
        schema = case.document.properties.get(name)
        if schema is None or enumerated(schema) is not None:
            continue
        if not (
            {"minimum", "exclusiveMinimum"} & set(schema) and {"maximum", "exclusiveMaximum"} & set(schema)
        ):
            yield (
                f"/properties/{name}",
                f"which values of {name} the model has is not said; write const, enum, or both bounds",
            )


RULES: Final = (
    Rule(
        id="registry-type",
        demand="A unified parameter has the type that the registry gives it.",
        check=_wider_type,
    ),
    Rule(
        id="registry-values",
        demand="A unified parameter takes no value that the registry excludes.",
        check=_wider_values,
    ),
    Rule(
        id="capability-bounded",
        demand="Length, shape, size, speed, number and people are enumerated or bounded, but for a family.",
        check=_unbounded,
    ),
    Rule(
        id="registry-media",
        demand="The unified pictures and films say what they take, and only they do among the unified parameters.",
        check=_unlike_media,
    ),
    Rule(
        id="registry-unit",
        demand="A unified parameter has the unit that the registry gives it.",
        check=_unlike_unit,
    ),
)
