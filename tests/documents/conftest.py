"""A tiny valid document with one of everything that the meta-schema knows."""

import copy

import pytest

_DOCUMENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:polyreel:model:acme-labs/toy-1",
    "title": "Toy",
    "description": "A model for tests.",
    "deprecated": True,
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt"],
    "properties": {
        "prompt": {
            "type": "string",
            "description": "What the film shows.",
            "x-native": "/prompt",
            "x-error": "a prompt is a text",
        },
        "duration": {
            "type": "integer",
            "enum": [4, 8],
            "default": 4,
            "description": "Seconds.",
            "x-unit": "s",
            "x-native": {"at": "/seconds", "as": "string", "values": {"4": "four", "8": "eight"}},
            "x-advanced": True,
            "x-labels": {"4": "short"},
        },
        "size": {
            "type": "string",
            "enum": ["720x1280", "1280x720"],
            "description": "Pixels.",
            "x-unit": "[px]",
            "x-native": False,
        },
        "aspect_ratio": {
            "type": "string",
            "enum": ["9:16", "16:9"],
            "description": "Shape.",
            "x-native": False,
        },
        "reference_images": {
            "type": "array",
            "minItems": 1,
            "description": "Pictures.",
            "x-native": "/images",
            "items": {
                "x-media": {
                    "accept": ["image/png"],
                    "max_bytes": 1000,
                    "max_pixels": 1000,
                    "fit": "any",
                    "reference": True,
                    "upload": True,
                }
            },
        },
        "acme_labs_voices": {
            "type": "array",
            "description": "Voices.",
            "x-native": False,
            "items": {
                "type": "object",
                "properties": {
                    "clip": {"x-media": {"accept": ["video/mp4"]}, "x-error": "a clip"},
                    "deep": {
                        "type": "object",
                        "properties": {"clip": {"x-media": {"accept": ["audio/wav"]}}},
                    },
                },
            },
        },
        "acme_labs_options": {
            "type": "object",
            "description": "More.",
            "x-native": False,
            "properties": {"mask": {"x-media": {"accept": ["image/png"]}, "x-unit": "1", "x-labels": {}}},
        },
    },
    "allOf": [
        {
            "if": {"required": ["acme_labs_voices"]},
            "then": {"properties": {"duration": {"const": 8}}},
            "else": True,
            "x-error": "a film with voices takes 8 seconds: set duration to 8",
        }
    ],
    "examples": [{"prompt": "a boat"}],
    "x-derive": [
        {"size": "720x1280", "aspect_ratio": "9:16"},
        {"size": "1280x720", "aspect_ratio": "16:9"},
    ],
    "x-price": {
        "currency": "USD",
        "as_of": "2026-01-02",
        "sources": [{"url": "https://acme.example/prices", "seen": "2026-01-02", "fact": "A cent a frame"}],
        "rules": [
            {"when": {"properties": {"size": {"const": "720x1280"}}}, "per": "second", "amount": "0.10"},
            {"per": "video", "amount": "1"},
        ],
    },
    "x-model": {
        "provider": "acme-labs",
        "native_id": "toy-1",
        "family": False,
        "service": "https://api.acme.example/v1",
        "stage": "deprecated",
        "released": "2025-01-01",
        "deprecated_on": "2026-03-01",
        "retires_on": "2026-09-01",
        "replaced_by": ["acme-labs/toy-2"],
        "alternatives": ["other/film-1"],
        "output": {"media_type": "video/mp4", "audio": "always", "fps": 24, "expires_after_s": 3600},
        "can": ["cancel", "progress", "webhook", "idempotency", "delete", "list"],
        "tags": ["text-to-video"],
        "sources": [{"url": "https://acme.example/models", "seen": "2026-03-02", "fact": "It exists"}],
        "open_questions": ["Why?"],
    },
}


@pytest.fixture
def toy():
    return copy.deepcopy(_DOCUMENT)
