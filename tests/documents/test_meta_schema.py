"""Every rule of the meta-schema rejects a document, and no rule could be left out unnoticed."""

import copy

import pytest
from polyreel.documents.loading import meta_schema, problems_of, strict_document
from polyreel.documents.validation import validator
from polyreel.errors import ConfigurationError

GONE = object()

# Where, what is put there, where the error is found, and what it says.
BROKEN = [
    # The frame
    *[
        (name, GONE, "document", f"'{name}' is a required property")
        for name in (
            [
                "$schema",
                "$id",
                "title",
                "description",
                "type",
                "additionalProperties",
                "required",
                "properties",
                "x-model",
            ]
        )
    ],
    ("$schema", "http://json-schema.org/draft-07/schema#", "$schema", "was expected"),
    ("$id", "https://acme.example/toy", "$id", "does not match '^urn:polyreel:model:"),
    ("$id", "urn:polyreel:model:Acme/toy", "$id", "does not match"),
    ("$id", 7, "$id", "is not of type 'string'"),
    ("type", "array", "type", "'object' was expected"),
    ("additionalProperties", True, "additionalProperties", "False was expected"),
    ("required", [], "required", "does not contain items matching"),
    ("required", ["duration"], "required", "does not contain items matching"),
    ("required", {"prompt": 1}, "required", "is not of type 'array'"),
    ("properties/prompt", GONE, "properties", "'prompt' is a required property"),
    ("properties/Loud", {"description": "x", "x-native": False}, "properties", "'Loud' does not match"),
    ("properties/prompt", True, "properties/prompt", "True is not of type 'object'"),
    ("title", 7, "title", "is not of type 'string'"),
    ("properties/duration/minimum", "one", "properties/duration/minimum", "is not of type 'number'"),
    ("x-colour", "red", "document", "'x-colour' is not one of"),
    ("x-colour", "red", "x-colour", "is not known here"),
    ("anyOf", [{}], "document", "'anyOf' is not one of"),
    # Parameters
    ("properties/prompt/description", GONE, "properties/prompt", "'description' is a required property"),
    ("properties/prompt/x-native", GONE, "properties/prompt", "'x-native' is a required property"),
    ("properties/prompt/x-colour", 1, "properties/prompt/x-colour", "is not known here"),
    ("properties/prompt/x-native", "prompt", "properties/prompt/x-native", "is not valid under any"),
    ("properties/prompt/x-native", 7, "properties/prompt/x-native", "is not valid under any"),
    ("properties/prompt/x-native", True, "properties/prompt/x-native", "is not valid under any"),
    ("properties/prompt/x-native", {}, "properties/prompt/x-native", "is not valid under any"),
    ("properties/prompt/x-native", ["/a"], "properties/prompt/x-native", "is not valid under any"),
    ("properties/prompt/x-native", {"at": "a"}, "properties/prompt/x-native", "is not valid under any"),
    (
        "properties/prompt/x-native",
        {"at": "/a", "as": "text"},
        "properties/prompt/x-native",
        "not valid under any",
    ),
    (
        "properties/prompt/x-native",
        {"at": "/a", "values": 1},
        "properties/prompt/x-native",
        "not valid under any",
    ),
    (
        "properties/prompt/x-native",
        {"at": "/a", "if": 1},
        "properties/prompt/x-native",
        "not valid under any",
    ),
    ("properties/duration/x-unit", "minutes", "properties/duration/x-unit", "'minutes' is not one of"),
    ("properties/prompt/x-error", "", "properties/prompt/x-error", "should be non-empty"),
    ("properties/prompt/x-error", 7, "properties/prompt/x-error", "is not of type 'string'"),
    ("properties/duration/x-advanced", 1, "properties/duration/x-advanced", "is not of type 'boolean'"),
    ("properties/duration/x-labels", ["short"], "properties/duration/x-labels", "is not of type 'object'"),
    ("properties/duration/x-labels", {"4": 1}, "properties/duration/x-labels/4", "is not of type 'string'"),
    # Media
    ("properties/prompt/x-media", "image/png", "properties/prompt/x-media", "is not of type 'object'"),
    ("properties/prompt/x-media", {}, "properties/prompt/x-media", "'accept' is a required property"),
    *[
        (
            f"properties/reference_images/items/x-media/{name}",
            value,
            f"properties/reference_images/items/x-media{at}",
            says,
        )
        for name, value, at, says in (
            ("accept", [], "/accept", "should be non-empty"),
            ("accept", "image/png", "/accept", "is not of type 'array'"),
            ("accept", ["text/html"], "/accept/0", "does not match"),
            ("accept", [1], "/accept/0", "is not of type 'string'"),
            ("max_bytes", 0, "/max_bytes", "less than the minimum"),
            ("max_bytes", 0.5, "/max_bytes", "is not of type 'integer'"),
            ("max_pixels", 0, "/max_pixels", "less than the minimum"),
            ("max_pixels", "1", "/max_pixels", "is not of type 'integer'"),
            ("min_side", 0, "/min_side", "less than the minimum"),
            ("min_side", "1", "/min_side", "is not of type 'integer'"),
            ("max_side", 0, "/max_side", "less than the minimum"),
            ("max_side", "1", "/max_side", "is not of type 'integer'"),
            ("opaque", "yes", "/opaque", "is not of type 'boolean'"),
            ("schemes", "gs", "/schemes", "is not of type 'array'"),
            ("schemes", [], "/schemes", "should be non-empty"),
            ("schemes", ["gs", "gs"], "/schemes", "has non-unique elements"),
            ("schemes", ["gs://"], "/schemes/0", "does not match"),
            ("schemes", [7], "/schemes/0", "is not of type 'string'"),
            ("fit", "crop", "/fit", "'crop' is not one of"),
            ("reference", 1, "/reference", "is not of type 'boolean'"),
            ("upload", "yes", "/upload", "is not of type 'boolean'"),
            ("colour", "red", "", "Additional properties are not allowed ('colour' was unexpected)"),
        )
    ],
    (
        "properties/acme_labs_voices/items/x-native",
        "/a",
        "properties/acme_labs_voices/items/x-native",
        "is not known here",
    ),
    (
        "properties/acme_labs_voices/items/properties/clip/x-media/accept",
        [],
        "properties/acme_labs_voices/items/properties/clip/x-media/accept",
        "should be non-empty",
    ),
    (
        "properties/acme_labs_voices/items/properties/clip/x-error",
        7,
        "properties/acme_labs_voices/items/properties/clip/x-error",
        "is not of type 'string'",
    ),
    (
        "properties/acme_labs_voices/items/properties/deep/properties/clip/x-colour",
        1,
        "properties/acme_labs_voices/items/properties/deep/properties/clip/x-colour",
        "is not known here",
    ),
    (
        "properties/acme_labs_options/properties/mask/x-media",
        {},
        "properties/acme_labs_options/properties/mask/x-media",
        "'accept' is a required property",
    ),
    # Rules
    ("allOf", {}, "allOf", "is not of type 'array'"),
    ("allOf", [True], "allOf/0", "True is not of type 'object'"),
    ("allOf/0/if", GONE, "allOf/0", "'if' is a required property"),
    ("allOf/0/then", GONE, "allOf/0", "'then' is a required property"),
    ("allOf/0/if", True, "allOf/0/if", "is not of type 'object'"),
    ("allOf/0/then", "no", "allOf/0/then", "is not of type 'object', 'boolean'"),
    ("allOf/0/else", "no", "allOf/0/else", "is not of type 'object', 'boolean'"),
    ("allOf/0/x-error", 1, "allOf/0/x-error", "is not of type 'string'"),
    ("allOf/0/not", {}, "allOf/0", "Additional properties are not allowed ('not' was unexpected)"),
    # Values that belong together
    ("x-derive", {}, "x-derive", "is not of type 'array'"),
    ("x-derive", [], "x-derive", "should be non-empty"),
    ("x-derive", ["720p"], "x-derive/0", "is not of type 'object'"),
    ("x-derive", [{"size": "1x1"}], "x-derive/0", "does not have enough properties"),
    ("x-derive/0/size", ["1x1"], "x-derive/0/size", "is not of type"),
    ("x-derive/0/Size", "1x1", "x-derive/0", "'Size' does not match"),
    # The model
    ("x-model", "toy", "x-model", "is not of type 'object'"),
    *[
        (f"x-model/{name}", GONE, "x-model", f"'{name}' is a required property")
        for name in ("provider", "native_id", "stage", "sources")
    ],
    ("x-model/colour", "red", "x-model", "('colour' was unexpected)"),
    ("x-model/provider", "Acme", "x-model/provider", "does not match"),
    ("x-model/provider", 7, "x-model/provider", "is not of type 'string'"),
    ("x-model/native_id", "", "x-model/native_id", "should be non-empty"),
    ("x-model/native_id", 7, "x-model/native_id", "is not of type 'string'"),
    ("x-model/name", "toy@1", "x-model/name", "does not match"),
    ("x-model/name", 7, "x-model/name", "is not of type 'string'"),
    ("x-model/aliases", "toy", "x-model/aliases", "is not of type 'array'"),
    ("x-model/aliases", [], "x-model/aliases", "should be non-empty"),
    ("x-model/aliases", ["toy", "toy"], "x-model/aliases", "has non-unique elements"),
    ("x-model/aliases", ["a toy"], "x-model/aliases/0", "does not match"),
    ("x-model/aliases", [7], "x-model/aliases/0", "is not of type 'string'"),
    ("x-model/surface", "Cloud", "x-model/surface", "does not match"),
    ("x-model/surface", 7, "x-model/surface", "is not of type 'string'"),
    ("x-model/regions", "moon", "x-model/regions", "is not of type 'array'"),
    ("x-model/regions", [], "x-model/regions", "should be non-empty"),
    ("x-model/regions", ["moon", "moon"], "x-model/regions", "has non-unique elements"),
    ("x-model/regions", [""], "x-model/regions/0", "should be non-empty"),
    ("x-model/regions", [7], "x-model/regions/0", "is not of type 'string'"),
    ("x-model/family", "no", "x-model/family", "is not of type 'boolean'"),
    ("x-model/family", True, "x-model/native_id", "'*' was expected"),
    ("x-model/native_id", "*", "x-model/native_id", "should not be valid under {'const': '*'}"),
    ("x-model/service", "ftp://acme.example", "x-model/service", "does not match"),
    ("x-model/service", 7, "x-model/service", "is not of type 'string'"),
    ("x-model/stage", "alpha", "x-model/stage", "'alpha' is not one of"),
    ("x-model/retires_on", GONE, "x-model", "'retires_on' is a required property"),
    *[
        (f"x-model/{name}", value, f"x-model/{name}", says)
        for name in ("released", "deprecated_on", "retires_on")
        for value, says in (("2026-13-01", "does not match"), (2026, "is not of type 'string'"))
    ],
    *[
        (f"x-model/{name}", value, f"x-model/{name}{at}", says)
        for name in ("replaced_by", "alternatives", "tags", "open_questions")
        for value, at, says in (("one", "", "is not of type 'array'"), ([1], "/0", "is not of type 'string'"))
    ],
    ("x-model/output", "mp4", "x-model/output", "is not of type 'object'"),
    ("x-model/output/colour", "red", "x-model/output", "('colour' was unexpected)"),
    ("x-model/output/media_type", "image/gif", "x-model/output/media_type", "does not match"),
    ("x-model/output/media_type", 7, "x-model/output/media_type", "is not of type 'string'"),
    ("x-model/output/audio", "yes", "x-model/output/audio", "'yes' is not one of"),
    ("x-model/output/fps", "24", "x-model/output/fps", "is not of type 'number'"),
    ("x-model/output/expires_after_s", 0.5, "x-model/output/expires_after_s", "is not of type 'integer'"),
    ("x-model/can", "cancel", "x-model/can", "is not of type 'array'"),
    ("x-model/can", ["fly"], "x-model/can/0", "'fly' is not one of"),
    ("x-model/can", ["list", "list"], "x-model/can", "has non-unique elements"),
    ("x-model/sources", {}, "x-model/sources", "is not of type 'array'"),
    ("x-model/sources", [], "x-model/sources", "should be non-empty"),
    ("x-model/sources", ["https://a.example"], "x-model/sources/0", "is not of type 'object'"),
    ("x-model/sources/0/url", GONE, "x-model/sources/0", "'url' is a required property"),
    ("x-model/sources/0/seen", GONE, "x-model/sources/0", "'seen' is a required property"),
    ("x-model/sources/0/by", "me", "x-model/sources/0", "('by' was unexpected)"),
    ("x-model/sources/0/url", "acme.example", "x-model/sources/0/url", "does not match"),
    ("x-model/sources/0/url", 7, "x-model/sources/0/url", "is not of type 'string'"),
    ("x-model/sources/0/seen", "today", "x-model/sources/0/seen", "does not match"),
    ("x-model/sources/0/fact", 7, "x-model/sources/0/fact", "is not of type 'string'"),
    # The price
    ("x-price", "1 USD", "x-price", "is not of type 'object'"),
    *[
        (f"x-price/{name}", GONE, "x-price", f"'{name}' is a required property")
        for name in ("currency", "as_of", "rules")
    ],
    ("x-price/tax", 1, "x-price", "('tax' was unexpected)"),
    ("x-price/currency", "usd", "x-price/currency", "does not match"),
    ("x-price/currency", 7, "x-price/currency", "is not of type 'string'"),
    ("x-price/as_of", "2026", "x-price/as_of", "does not match"),
    ("x-price/sources", "acme", "x-price/sources", "is not of type 'array'"),
    ("x-price/sources", [{}], "x-price/sources/0", "'url' is a required property"),
    ("x-price/rules", {}, "x-price/rules", "is not of type 'array'"),
    ("x-price/rules", [], "x-price/rules", "should be non-empty"),
    ("x-price/rules", [1], "x-price/rules/0", "is not of type 'object'"),
    ("x-price/rules/0/per", GONE, "x-price/rules/0", "is not valid under any"),
    ("x-price/rules/0/amount", GONE, "x-price/rules/0", "is not valid under any"),
    ("x-price/rules/0/unknown", "nobody knows", "x-price/rules/0", "is valid under each of"),
    ("x-price/rules/1", {"unknown": ""}, "x-price/rules/1/unknown", "should be non-empty"),
    ("x-price/rules/1", {"unknown": 7}, "x-price/rules/1/unknown", "is not of type 'string'"),
    ("x-price/rules/0/tax", 1, "x-price/rules/0", "('tax' was unexpected)"),
    ("x-price/rules/0/when", {"type": "texts"}, "x-price/rules/0/when/type", "is not valid under any"),
    ("x-price/rules/0/per", "frame", "x-price/rules/0/per", "'frame' is not one of"),
    ("x-price/rules/0/per", "item", "x-price/rules/0", "'of' is a required property"),
    ("x-price/rules/0/of", "shots", "x-price/rules/0/of", "is not known here"),
    ("x-price/rules/0", {"per": "item", "of": 7, "amount": "1"}, "x-price/rules/0/of", "is not of type"),
    (
        "x-price/rules/0",
        {"per": "item", "of": "Shots", "amount": "1"},
        "x-price/rules/0/of",
        "does not match",
    ),
    ("x-price/rules/0/amount", "1,5", "x-price/rules/0/amount", "does not match"),
    ("x-price/rules/0/amount", 0.1, "x-price/rules/0/amount", "is not of type 'string'"),
    # What JSON Schema cannot say
    (
        "properties/colour",
        {"description": "x", "x-native": False},
        "properties/colour",
        "neither a unified parameter",
    ),
    ("x-derive/0/resolution", "720p", "x-derive/0", "'resolution' is no parameter of this model"),
    ("x-derive/0/duration", 4, "x-derive", "every row must name the same parameters"),
    ("$id", "urn:polyreel:model:acme-labs/toy-2", "$id", "must be 'urn:polyreel:model:acme-labs/toy-1'"),
    ("x-model/retires_on", "2026-02-30", "x-model/retires_on", "'2026-02-30' is no day of the calendar"),
]


def broken(document, place, value):
    document = copy.deepcopy(document)
    *steps, last = (int(step) if step.isdigit() else step for step in place.split("/"))
    at = document
    for step in steps:
        at = at[step]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return document


def test_the_tiny_document_is_valid(toy):
    assert problems_of(toy) == []
    assert strict_document(toy, origin="toy").id == "acme-labs/toy-1"


@pytest.mark.parametrize(("place", "value", "at", "says"), BROKEN)
def test_a_rule_rejects(toy, place, value, at, says):
    problems = problems_of(broken(toy, place, value))
    assert [problem for problem in problems if problem.startswith(f"{at}: ") and says in problem], problems


def test_every_problem_is_said_at_once(toy):
    del toy["title"]
    toy["x-model"]["stage"] = "alpha"
    with pytest.raises(ConfigurationError) as caught:
        strict_document(toy, origin="/home/me/toy.json")
    assert str(caught.value).startswith("the model document /home/me/toy.json is not valid: ")
    assert "'title' is a required property" in str(caught.value)
    assert "x-model/stage: 'alpha' is not one of" in str(caught.value)


@pytest.mark.parametrize("name", ["prompt", "seed", "last_frame", "acme_labs_anything"])
def test_unified_names_and_the_providers_prefix_are_names(toy, name):
    toy["properties"][name] = {"description": "x", "x-native": False}
    assert problems_of(toy) == []


# --- no rule without a document that it rejects -----------------------------------------------------------------------

_NAMED = ("properties", "$defs", "patternProperties")  # keywords that hold schemas by name
_SILENT = {"$schema", "$id", "title", "if"}  # reject nothing
_WHOLE = {"const", "contains", "not"}  # what is in them is reported as theirs


def rules(schema, path=()):
    """Yield the place of every rule in the meta-schema; for ``required`` one for each name."""
    for keyword, value in schema.items():
        here = (*path, keyword)
        if keyword in _SILENT:
            continue
        if keyword in _NAMED:
            for name, inner in value.items():
                yield from rules(inner, (*here, name)) if isinstance(inner, dict) else [(*here, name)]
        elif keyword == "required":
            yield from ((*here, name) for name in value)
        elif isinstance(value, dict) and keyword not in _WHOLE:
            yield from rules(value, here)
        elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
            for index, inner in enumerate(value):
                yield from rules(inner, (*here, index))
        else:
            yield here


def rejecting(errors):
    """Yield the place of each rule that one of ``errors`` comes from, and of all above it."""
    for error in errors:
        at, place = meta_schema(), ()
        for step in error.absolute_schema_path:
            if at is False:  # it is spelled out as {"not": {}}
                break
            if "$ref" in at and step not in at:  # references are followed and not named
                yield (*place, "$ref")
                if not at["$ref"].startswith("#/$defs/"):
                    break
                place = ("$defs", at["$ref"].removeprefix("#/$defs/"))
                at = meta_schema()["$defs"][place[1]]
            at, place = at[step], (*place, step)
            yield place
        if error.validator == "required":
            yield from (
                (*place, name) for name in error.validator_value if error.message.startswith(repr(name))
            )
        yield from rejecting(error.context)


def test_there_is_no_rule_without_a_document_that_it_rejects(toy):
    meta = validator(meta_schema())
    used = set()
    for place, value, *_ in BROKEN:
        used.update(rejecting(meta.iter_errors(broken(toy, place, value))))
    used.update(rejecting(meta.iter_errors([])))
    own = list(rules(meta_schema()))
    assert len(own) > 150
    assert sorted(map(str, set(own) - used)) == []
