"""Models for other readers: OpenAPI, MCP tools, OpenRouter's listing."""

import copy
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from polyreel.documents.document import ModelDocument
from polyreel.documents.views.bodies import json_schema
from polyreel.documents.views.mcp import mcp_tool
from polyreel.documents.views.openapi import KEPT, openapi
from polyreel.documents.views.openrouter import openrouter_listing
from polyreel.parameters.preparation import prepare
from polyreel.pricing import estimate

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ModelDocument(json=json.loads(path.read_text()), origin=path.name)
    for path in sorted(ROOT.glob("plugins/*/src/*/models/**/*.json"))
]
MODELS = [document for document in DOCUMENTS if not document.is_family]
EACH = pytest.mark.parametrize("document", MODELS, ids=lambda document: document.reference)


def words(value):
    """Every key of a JSON value, at any depth."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words(inner)


@pytest.fixture
def named(toy):
    """The toy under other names."""

    def made(native_id, **facts):
        json = copy.deepcopy(toy)
        json["x-model"] |= {"native_id": native_id, **facts}
        return ModelDocument(json=json)

    return made


# --- OpenAPI


@pytest.fixture(scope="module")
def described():
    return openapi(DOCUMENTS, version="1.2.3")


def component(described, document):
    place = described["components"]["schemas"]["VideoRequest"]["discriminator"]["mapping"][document.reference]
    return described["components"]["schemas"][place.removeprefix("#/components/schemas/")]


def test_the_description_is_valid_openapi(described):
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []
    assert described["info"]["version"] == "1.2.3"
    assert json.loads(json.dumps(described)) == described


def test_a_broken_description_would_be_noticed(toy):
    broken = openapi([ModelDocument(json=toy)], version="1")
    broken["components"]["requestBodies"]["VideoRequest"]["content"] = []
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_model_is_told_apart_by_its_id(described):
    union = described["components"]["schemas"]["VideoRequest"]
    assert list(union["discriminator"]["mapping"]) == [document.reference for document in MODELS]
    assert [entry["$ref"] for entry in union["oneOf"]] == list(union["discriminator"]["mapping"].values())


@EACH
def test_the_request_body_takes_what_the_model_takes(described, document):
    schema = Draft202012Validator(component(described, document))
    body = {"model": document.reference, "prompt": "A paper boat"}
    assert schema.is_valid(body)
    for example in schema.schema["examples"]:
        assert schema.is_valid(example)
        assert prepare(document, {n: v for n, v in example.items() if n != "model"}).problems == ()
    assert not schema.is_valid({**body, "duration": 1})
    assert not schema.is_valid({**body, "model": "another/model"})
    assert not schema.is_valid({**body, "unknown": 1})
    assert not schema.is_valid({"prompt": "A paper boat"})


COUPLED = [document for document in MODELS if "last_frame" in document.properties]


@pytest.mark.parametrize("document", COUPLED, ids=lambda document: document.reference)
def test_rules_between_parameters_hold_for_the_body_too(described, document):
    body = {"model": document.reference, "prompt": "A paper boat", "last_frame": "https://example.org/a.png"}
    accepted = Draft202012Validator(component(described, document)).is_valid(body)
    given = {name: value for name, value in body.items() if name != "model"}
    assert accepted == (prepare(document, given).problems == ())


def test_annotations_that_a_reader_may_use_stay_and_no_others(described):
    found = {word for word in words(described) if word.startswith("x-")}
    assert found <= set(KEPT)
    assert {"x-unit", "x-media", "x-error", "x-derive", "x-price"} <= found
    assert not {"$id", "$schema"} & set(words(described))


def test_models_whose_names_look_alike_get_names_of_their_own(named):
    described = openapi([named("a:b"), named("a_b"), named("a/b")], version="1")
    assert list(described["components"]["schemas"]) == [
        "VideoRequest",
        "acme-labs_a_b",
        "acme-labs_a_b_2",
        "acme-labs_a_b_3",
    ]


def test_files_are_texts_in_a_body(toy):
    schema = json_schema(toy["properties"]["reference_images"], keep=["x-media"])
    assert schema["items"]["type"] == "string"
    assert "data: URI" in schema["items"]["description"]
    assert (
        "image/png, at most 1 kB, at most 1,000 pixels, or an earlier job" in schema["items"]["description"]
    )
    assert schema["items"]["x-media"]["accept"] == ["image/png"]


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf", "prefixItems"])
def test_annotations_are_left_out_of_lists_of_schemas(word):
    assert json_schema({word: [{"type": "string", "x-y": 1}, True]}) == {word: [{"type": "string"}, True]}


@pytest.mark.parametrize(
    "word",
    ["items", "not", "if", "then", "else", "contains", "additionalProperties", "propertyNames"],
)
def test_annotations_are_left_out_of_a_schema_within(word):
    assert json_schema({word: {"type": "string", "x-y": 1}}) == {word: {"type": "string"}}


@pytest.mark.parametrize("word", ["properties", "patternProperties", "dependentSchemas", "$defs"])
def test_annotations_are_left_out_of_named_schemas(word):
    assert json_schema({word: {"x-y": {"type": "string", "x-y": 1}}}) == {word: {"x-y": {"type": "string"}}}


def test_a_value_that_looks_like_an_annotation_is_none():
    schema = {"enum": [{"x-y": 1}], "default": {"x-y": 1}, "properties": {"x-y": {"x-z": 1}}, "x-y": 1}
    assert json_schema(schema) == {"enum": [{"x-y": 1}], "default": {"x-y": 1}, "properties": {"x-y": {}}}


# --- MCP


@EACH
def test_a_tool_is_valid_and_plain(document):
    tool = mcp_tool(document)
    assert set(tool) == {"name", "title", "description", "inputSchema"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"])
    schema = tool["inputSchema"]
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert not {"allOf", "anyOf", "oneOf", "$id", "$schema"} & set(schema)
    assert not [word for word in words(schema) if word.startswith("x-")]
    assert all(inner["description"] for inner in schema["properties"].values())


@EACH
def test_a_tool_asks_for_what_can_be_chosen(document):
    tool = mcp_tool(document)
    schema = Draft202012Validator(tool["inputSchema"])
    assert schema.is_valid({"prompt": "A paper boat"})
    assert not schema.is_valid({})
    assert not schema.is_valid({"prompt": "A paper boat", "model": document.reference})
    for name, inner in document.properties.items():
        fixed = "const" in inner and "default" in inner
        assert (name in tool["inputSchema"]["properties"]) != fixed
        if not fixed and "enum" in inner:
            assert all(schema.is_valid({"prompt": "A boat", name: value}) for value in inner["enum"])
            assert not schema.is_valid({"prompt": "A boat", name: "no such value"})


def test_no_two_tools_have_one_name():
    names = [mcp_tool(document)["name"] for document in DOCUMENTS]
    assert len(set(names)) == len(names)


def test_long_names_are_cut_and_stay_different(named):
    one, other = (mcp_tool(named("film-" + "very-" * 12 + end))["name"] for end in ("one", "other"))
    assert len(one) == len(other) == 64
    assert one != other


def test_a_tool_says_what_language_models_must_know(toy):
    description = mcp_tool(ModelDocument(json=toy))["description"]
    for part in (
        "A model for tests.",
        "The model ends on 2026-09-01.",
        "size, aspect_ratio say one thing together",
        "Rule: a film with voices takes 8 seconds: set duration to 8.",
        "Price as of 2026-01-02: when size is 720x1280: 0.10 USD per second; 1 USD per video.",
    ):
        assert part in description


def test_units_are_told_once(toy):
    properties = mcp_tool(ModelDocument(json=toy))["inputSchema"]["properties"]
    assert properties["size"]["description"] == "Pixels. In pixels."
    toy["properties"]["size"]["description"] = "In pixels."
    properties = mcp_tool(ModelDocument(json=toy))["inputSchema"]["properties"]
    assert properties["size"]["description"] == "In pixels."


def test_an_unknown_price_is_said(toy):
    del toy["x-price"]
    assert "The price is not known." in mcp_tool(ModelDocument(json=toy))["description"]


# --- OpenRouter

FIELDS = {
    "id": str,
    "canonical_slug": str,
    "name": str,
    "description": str,
    "hugging_face_id": type(None),
    "created": int,
    "supported_resolutions": (list, type(None)),
    "supported_aspect_ratios": (list, type(None)),
    "supported_sizes": (list, type(None)),
    "supported_durations": (list, type(None)),
    "supported_frame_images": (list, type(None)),
    "generate_audio": (bool, type(None)),
    "seed": bool,
    "creativity": type(None),
    "upscale_factor": type(None),
    "pricing_skus": (dict, type(None)),
    "allowed_passthrough_parameters": list,
}
"""The fields of ``VideoModel`` in the package openrouter 1.3.84, and what they hold."""

SETS = {
    "supported_resolutions": "resolution",
    "supported_aspect_ratios": "aspect_ratio",
    "supported_sizes": "size",
    "supported_durations": "duration",
}


def entry(document):
    (found,) = openrouter_listing([document])["data"]
    return found


@EACH
def test_an_entry_has_every_field_of_the_listing(document):
    found = entry(document)
    assert found.keys() == FIELDS.keys()
    assert [name for name, kind in FIELDS.items() if not isinstance(found[name], kind)] == []
    assert json.loads(json.dumps(found)) == found


@EACH
def test_what_is_listed_as_supported_is_taken(document):
    found = entry(document)
    for field, name in SETS.items():
        for value in found[field] or ():
            problems = prepare(document, {"prompt": "A boat", name: value}).problems
            assert not [problem for problem in problems if problem.parameter == name and problem.allowed]
    assert found["generate_audio"] == (document.output["audio"] != "never")


@EACH
def test_a_listed_price_of_a_resolution_is_what_a_film_costs(document):
    prices = entry(document)["pricing_skus"] or {}
    for resolution in entry(document)["supported_resolutions"] or ():
        listed = prices.get(f"per-video-second-{resolution}", prices.get("per-video-second"))
        prepared = prepare(document, {"prompt": "A boat", "resolution": resolution})
        if listed is None or prepared.problems:
            continue
        values = {**prepared.values, "generate_audio": True}
        amount = estimate(document, values).amount
        assert f"{amount / values['duration']:f}" == f"{amount.__class__(listed):f}"


def test_an_open_family_is_not_listed():
    families = [document for document in DOCUMENTS if document.is_family]
    assert families
    assert openrouter_listing(families) == {"data": []}


def test_names_of_prices_tell_their_conditions(toy):
    rules = [
        ({"properties": {"size": {"enum": ["a", "b"]}, "generate_audio": {"const": False}}}, "second", "1"),
        ({"required": ["video", "size"], "properties": {"size": {"const": "a"}}}, "video", "2"),
        ({"properties": {"generate_audio": {"const": True}}}, "second", "3"),
        ({"not": {"required": ["video"]}}, "second", "4"),
        ({"properties": {"duration": {"minimum": 3}}}, "second", "5"),
    ]
    toy["x-price"]["rules"] = [
        {"unknown": "why"},
        *({"when": when, "per": per, "amount": amount} for when, per, amount in rules),
        {"per": "item", "of": "acme_labs_voices", "amount": "6"},
        {"per": "second", "amount": "7"},
    ]
    assert entry(ModelDocument(json=toy))["pricing_skus"] == {
        "per-video-second-a-no-generate-audio": "1",
        "per-video-second-b-no-generate-audio": "1",
        "per-video-with-video-a": "2",
        "per-video-second-generate-audio": "3",
        "per-acme_labs_voices": "6",
        "per-video-second": "7",
    }


def test_what_is_not_known_is_null_in_the_listing(toy):
    del toy["x-price"], toy["properties"]["duration"]
    toy["x-model"] |= {"output": {}}
    toy["x-model"].pop("released")
    toy["properties"]["resolution"] = {"type": "string", "description": "Height.", "x-native": False}
    found = entry(ModelDocument(json=toy))
    unknown = ("supported_durations", "supported_resolutions", "generate_audio", "pricing_skus")
    assert [found[name] for name in unknown] == [None] * 4
    assert found["created"] == 0


def test_a_range_is_listed_value_by_value(toy):
    toy["properties"]["duration"] = {"type": "integer", "minimum": 4, "maximum": 12, "multipleOf": 4}
    assert entry(ModelDocument(json=toy))["supported_durations"] == [4, 8, 12]
    toy["properties"]["duration"] = {"type": "integer", "const": 6}
    assert entry(ModelDocument(json=toy))["supported_durations"] == [6]


def test_what_only_one_provider_has_is_passed_through(toy):
    assert entry(ModelDocument(json=toy))["allowed_passthrough_parameters"] == [
        "acme_labs_voices",
        "acme_labs_options",
    ]
