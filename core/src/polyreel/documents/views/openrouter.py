"""The listing of video models in the shape of OpenRouter's ``GET /api/v1/videos/models``.

The fields are those of ``VideoModel`` in the package ``openrouter`` 1.3.84 (read 2026-11-24); the names of prices,
``per-video-second`` and ``per-video-second-1080p``, those of OpenRouter's guide to video generation (read 2026-11-24).
How it names prices by anything else than the resolution was not found; here the condition's values follow in the same way.
The shape has no place for rules between parameters, for lifecycles, or for prices that are not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.registry import parameters

__all__ = ["openrouter_listing"]

_FRAMES: Final = {"input_image": "first_frame", "last_frame": "last_frame"}
_PER: Final = {"second": "per-video-second", "video": "per-video"}


def openrouter_listing(documents: Iterable[ModelDocument]) -> dict[str, Any]:
    """Return the listing of some models.

    Args:
        documents: The models; open families are left out, since nothing is known of them.
    """
    return {"data": [_entry(document) for document in documents if not document.is_family]}


def _entry(document: ModelDocument) -> dict[str, Any]:
    properties = document.properties
    frames = [word for name, word in _FRAMES.items() if name in properties]
    return {
        "id": document.reference,
        "canonical_slug": document.reference,
        "name": document.title,
        "description": str(document.json.get("description", "")),
        "hugging_face_id": None,
        "created": _moment(document.lifecycle.released),
        "supported_resolutions": _values(properties.get("resolution")),
        "supported_aspect_ratios": _values(properties.get("aspect_ratio")),
        "supported_sizes": _values(properties.get("size")),
        "supported_durations": _values(properties.get("duration")),
        "supported_frame_images": frames or None,
        "generate_audio": _sound(document),
        "seed": "seed" in properties,
        "creativity": None,
        "upscale_factor": None,
        "pricing_skus": _prices(document),
        "allowed_passthrough_parameters": [name for name in properties if name not in parameters()],
    }


def _moment(day: date | None) -> int:
    """Return a day as seconds since 1970; 0 when nobody knows it, since the shape demands a number."""
    return 0 if day is None else int(datetime.combine(day, time(), UTC).timestamp())


def _values(schema: Mapping[str, Any] | None) -> list[Any] | None:
    """Return every value of a parameter, or ``None`` when it is missing or open."""
    if schema is None:
        return None
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    if schema.get("type") == "integer" and "minimum" in schema and "maximum" in schema:
        return list(range(schema["minimum"], schema["maximum"] + 1, schema.get("multipleOf", 1)))
    return None


def _sound(document: ModelDocument) -> bool | None:
    known = {"always": True, "optional": True, "never": False}
    return known.get(str(document.output.get("audio")))


def _prices(document: ModelDocument) -> dict[str, str] | None:
    """Return the amounts by name; a rule of a condition that is no list of plain values is left out."""
    found: dict[str, str] = {}
    for rule in document.prices["rules"] if document.prices else ():
        if "amount" not in rule:
            continue
        base = _PER.get(rule["per"], f"per-{rule.get('of', rule['per'])}")
        for suffix in _suffixes(rule.get("when")):
            found.setdefault(base + suffix, rule["amount"])
    return found or None


def _suffixes(when: Mapping[str, Any] | None) -> list[str]:
    """Return the ends of a price's name, one for each combination of the values of its condition."""
    if when is None:
        return [""]
    if set(when) - {"properties", "required"}:
        return []
    properties = when.get("properties", {})
    suffixes = [""]
    for name in dict.fromkeys([*when.get("required", ()), *properties]):
        words = _words(name, properties[name]) if name in properties else [f"with-{name.replace('_', '-')}"]
        suffixes = [f"{suffix}-{word}" for suffix in suffixes for word in words]
    return [suffix for suffix in suffixes if suffix]


def _words(name: str, schema: Mapping[str, Any]) -> list[str]:
    """Return the values of a condition as they stand in a price's name; none when it is no list of values."""
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return [_word(name, given) for given in values]


def _word(name: str, given: Any) -> str:
    """Return a value in a price's name: ``1080p``; of a switch, which one: ``no-generate-audio``."""
    if isinstance(given, bool):
        return ("" if given else "no-") + name.replace("_", "-")
    return str(given)
