"""Tiny models; the documents are as strict as the real ones."""

import copy

import pytest
from polyreel.documents.loading import strict_document

_PARAMETER = {"description": "x", "x-native": False}
_SOURCE = {"url": "https://acme.example", "seen": "2026-01-02"}


def _model(native_id, properties, **more):
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:polyreel:model:acme/{native_id}",
        "title": native_id,
        "description": "A model for tests.",
        "type": "object",
        "additionalProperties": False,
        "required": ["prompt"],
        "properties": {
            "prompt": {
                "type": "string",
                "minLength": 1,
                "maxLength": 100,
                **_PARAMETER,
                "x-native": "/prompt",
            },
            **{name: {**_PARAMETER, **schema} for name, schema in properties.items()},
        },
        "x-model": {"provider": "acme", "native_id": native_id, "stage": "ga", "sources": [_SOURCE]},
        **copy.deepcopy(more),
    }
    return strict_document(document, origin="test")


_FULL = {
    "duration": {"type": "integer", "enum": [4, 8, 12], "default": 4},
    "size": {
        "type": "string",
        "enum": ["720x1280", "1280x720", "1080x1920", "1920x1080"],
        "default": "720x1280",
    },
    "aspect_ratio": {"type": "string", "enum": ["9:16", "16:9"]},
    "resolution": {"type": "string", "enum": ["720p", "1080p"]},
    "fps": {"type": "integer", "const": 24, "default": 24},
    "n": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1},
    "generate_audio": {"type": "boolean", "const": True, "default": True},
    "input_image": {"x-media": {"accept": ["image/png"]}},
    "reference_images": {
        "type": "array",
        "minItems": 1,
        "maxItems": 3,
        "items": {"x-media": {"accept": ["image/png"]}},
    },
    "acme_strength": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    "acme_scale": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 9, "multipleOf": 0.5},
    "acme_tag": {"type": "string", "pattern": "^[a-z]+$", "minLength": 3},
    "acme_note": {"type": "string", "pattern": "^[a-z]+$", "x-error": "a note is in small letters"},
    "acme_options": {
        "type": "object",
        "additionalProperties": False,
        "required": ["mode", "level"],
        "properties": {"mode": {"enum": ["fast", "slow"]}, "level": {"type": "integer"}},
    },
    "acme_either": {"anyOf": [{"type": "integer"}, {"type": "array", "uniqueItems": True}]},
}
_ROWS = [
    {"size": "720x1280", "aspect_ratio": "9:16", "resolution": "720p"},
    {"size": "1280x720", "aspect_ratio": "16:9", "resolution": "720p"},
    {"size": "1080x1920", "aspect_ratio": "9:16", "resolution": "1080p"},
    {"size": "1920x1080", "aspect_ratio": "16:9", "resolution": "1080p"},
]
_RULES = [
    {"if": {"required": ["acme_note"]}, "then": {"properties": {"acme_tag": False}}},
    {
        "if": {"required": ["acme_strength"]},
        "then": {"required": ["input_image"]},
        "x-error": "a strength says how far to leave the picture: give input_image too",
    },
    {
        "if": {"required": ["acme_scale"]},
        "then": {"properties": {"duration": {"const": 8, "x-error": "a scale needs 8 seconds"}}},
    },
    {
        "if": {"required": ["acme_either", "input_image"]},
        "then": False,
        "x-error": "give acme_either or input_image, not both",
    },
    {"if": {"required": ["reference_images"]}, "then": {"required": ["acme_tag", "acme_options"]}},
]


@pytest.fixture(scope="session")
def make_model():
    return _model


@pytest.fixture(scope="session")
def model():
    return _model("full", _FULL, **{"x-derive": _ROWS, "allOf": _RULES})


@pytest.fixture(scope="session")
def plain():
    """A model that takes nothing but a prompt."""
    return _model("plain", {})
