"""A form is enough: a page that knows nothing else asks for requests that the model takes, and tells why it would not."""

import itertools
import json
from pathlib import Path

import pytest
import webform
from polyreel.documents.document import ModelDocument
from polyreel.documents.registry import parameters
from polyreel.documents.views.conditions import clauses, conditions, spoken
from polyreel.documents.views.form import ORDER, form
from polyreel.parameters.preparation import prepare

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ModelDocument(json=json.loads(path.read_text()), origin=path.name)
    for path in sorted(ROOT.glob("plugins/*/src/*/models/**/*.json"))
]
ALL = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.reference)


def filled(document):
    """The form, and the request that a browser submits when only the prompt was typed."""
    asked = document.form()
    sent = webform.submitted(webform.page(asked)) | {"prompt": "A paper boat"}
    return asked, webform.request(asked, sent)


def fields_of(asked):
    return {field["name"]: field for field in (*asked["fields"], *asked["advanced"])}


def test_every_unified_parameter_has_its_place_in_the_order():
    assert sorted(ORDER) == sorted(parameters())


@ALL
def test_a_form_is_plain_json_and_speaks_of_every_parameter(document):
    asked = document.form()
    assert json.loads(json.dumps(asked)) == asked
    names = [*fields_of(asked), *(fact["name"] for fact in asked["facts"])]
    assert sorted(names) == sorted(document.properties)
    assert asked["fields"][0]["name"] == "prompt"
    assert "x-" not in json.dumps([field.keys() for field in fields_of(asked).values()], default=list)


@ALL
def test_an_untouched_form_submits_the_models_defaults(document):
    _, values = filled(document)
    assert prepare(document, values).problems == ()
    assert prepare(document, values).values == prepare(document, {"prompt": "A paper boat"}).values


@ALL
def test_every_choice_is_judged_as_the_model_judges_it(document):
    asked, values = filled(document)
    for name, field in fields_of(asked).items():
        for choice in webform.choices(field):
            judged_alike(document, asked, webform.changed(asked, values, name, choice))


@ALL
def test_choices_that_conditions_couple_are_judged_as_the_model_judges_them(document):
    asked, values = filled(document)
    fields = fields_of(asked)
    names = dict.fromkeys(name for condition in asked["conditions"] for name in condition["fields"])
    options = [
        [(name, choice) for choice in webform.choices(fields[name])[:6]] for name in names if name in fields
    ]
    for some in itertools.combinations(options, min(3, len(options))):
        for chosen in itertools.product(*some):
            coupled = values
            for name, choice in chosen:
                coupled = webform.changed(asked, coupled, name, choice)
            judged_alike(document, asked, coupled)


def judged_alike(document, asked, values):
    """What the page would refuse is what the model refuses, with the same sentences."""
    broken = webform.broken(asked, values)
    problems = prepare(document, values).problems
    assert bool(broken) == bool(problems), (values, broken, problems)
    messages = [problem.message for problem in problems]
    for condition in broken:
        assert any(message.startswith(condition["sentence"]) for message in messages), (condition, messages)


@pytest.fixture
def toy_with(toy):
    """The toy with some rules, or with another parameter."""

    def made(*rules, **properties):
        toy["allOf"] = list(rules)
        for name, schema in properties.items():
            toy["properties"][f"acme_labs_{name}"] = {"description": "It.", "x-native": False, **schema}
        return ModelDocument(json=toy)

    return made


CONTROLS = {
    "text": ({"type": "string", "maxLength": 80}, {"kind": "text", "max_length": 80}),
    "form": ({"type": "string", "pattern": "^a"}, {"kind": "text", "pattern": "^a"}),
    "lines": ({"type": "string", "maxLength": 201}, {"kind": "textarea", "max_length": 201}),
    "whole": (
        {"type": "integer", "minimum": 3, "maximum": 9, "multipleOf": 3},
        {"kind": "integer", "minimum": 3, "maximum": 9, "step": 3},
    ),
    "any_whole": ({"type": "integer"}, {"kind": "integer", "step": 1}),
    "number": ({"type": "number", "exclusiveMinimum": 0}, {"kind": "number", "more_than": 0}),
    "either": ({"type": ["integer", "number"], "maximum": 9}, {"kind": "number", "maximum": 9}),
    "switch": ({"type": "boolean", "default": False}, {"kind": "switch", "default": False}),
    "unset_switch": (
        {"type": "boolean"},
        {"kind": "choice", "options": [{"value": True, "label": "yes"}, {"value": False, "label": "no"}]},
    ),
    "labels": (
        {"type": "string", "enum": ["a", "b"], "x-labels": {"a": "First"}},
        {"kind": "choice", "options": [{"value": "a", "label": "First"}, {"value": "b", "label": "b"}]},
    ),
    "only_one": (
        {"type": "boolean", "const": True},
        {"kind": "choice", "options": [{"value": True, "label": "yes"}]},
    ),
    "file": (
        {
            "x-media": {
                "accept": ["image/png"], "max_bytes": 9, "max_pixels": 8, "min_side": 7, "max_side": 6, "fit": "size",
                "opaque": True, "reference": True, "schemes": ["gs"], "upload": True,
            }
        },
        {
            "kind": "file", "accept": ["image/png"], "max_bytes": 9, "max_pixels": 8, "min_side": 7, "max_side": 6,
            "fit": "size", "opaque": True, "reference": True, "schemes": ["gs"],
        },
    ),
    "files": (
        {"type": "array", "minItems": 1, "maxItems": 2, "items": {"x-media": {"accept": ["image/png"]}}},
        {"kind": "files", "accept": ["image/png"], "min_items": 1, "max_items": 2},
    ),
    "list": (
        {"type": "array", "items": {"type": "string", "pattern": "^h", "x-error": "an h"}},
        {"kind": "list", "entry": {"kind": "text", "pattern": "^h", "sentence": "an h"}},
    ),
    "map": (
        {
            "type": "object",
            "maxProperties": 2,
            "propertyNames": {"maxLength": 3},
            "additionalProperties": {"type": "integer"},
        },
        {"kind": "map", "max_items": 2, "key": {"max_length": 3}, "entry": {"kind": "integer", "step": 1}},
    ),
    "free_map": ({"type": "object"}, {"kind": "map", "key": {}, "entry": {"kind": "json", "schema": True}}),
    "anything": ({"type": ["string", "null"]}, {"kind": "json"}),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "control"), CONTROLS.values(), ids=list(CONTROLS))
def test_a_control_for_each_kind_of_value(toy_with, schema, control):
    field = fields_of(form(toy_with(it=schema)))["acme_labs_it"]
    assert control.items() <= field.items()
    assert (field["label"], field["required"], field["help"]) == ("It", False, "It.")
    webform.page({**form(toy_with(it=schema))})


def test_a_group_names_its_fields_and_which_of_them_belong_together(toy_with):
    items = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "id": {"type": "string", "maxLength": 9}},
        "oneOf": [{"required": ["id"]}, {"required": ["name"]}],
    }
    entry = fields_of(form(toy_with(cast={"type": "array", "items": items})))["acme_labs_cast"]["entry"]
    assert entry["kind"] == "group"
    assert [(field["name"], field["required"]) for field in entry["fields"]] == [
        ("name", True),
        ("id", False),
    ]
    assert entry["one_of"] == [["id"], ["name"]]


def test_what_cannot_be_chosen_is_a_fact(toy):
    toy["properties"]["fps"] = {
        "type": "integer", "const": 24, "default": 24, "description": "Speed.", "x-unit": "{frame}/s", "x-native": False,
    }  # fmt: skip
    (fact,) = form(ModelDocument(json=toy))["facts"]
    assert fact == {
        "name": "fps",
        "label": "Frames per second",
        "value": 24,
        "value_label": "24",
        "unit": "frames per second",
        "help": "Speed.",
    }


def test_a_field_tells_its_unit_an_example_and_what_to_say_when_it_is_refused(toy):
    fields = fields_of(form(ModelDocument(json=toy)))
    assert fields["duration"]["unit"] == "seconds"
    assert (fields["prompt"]["sentence"], fields["prompt"]["example"]) == ("a prompt is a text", "a boat")
    assert fields["prompt"]["required"]
    assert not {"unit", "default", "linked"} & set(fields["prompt"])
    assert not {"example", "sentence"} & set(fields["duration"])


def test_advanced_fields_stand_apart_and_linked_ones_know_each_other(toy):
    asked = form(ModelDocument(json=toy))
    assert [field["name"] for field in asked["advanced"]] == ["duration"]
    size = fields_of(asked)["size"]
    assert (size["linked"], size["default"]) == (["size", "aspect_ratio"], "720x1280")
    assert asked["linked"] == [{"fields": ["size", "aspect_ratio"], "rows": toy["x-derive"]}]


EXTEND = {
    "if": {"properties": {"duration": {"const": 8}}, "required": ["duration"]},
    "then": {"required": ["size"]},
}


def test_each_demand_of_a_rule_is_a_condition_of_its_own_with_its_sentence(toy_with):
    first, second = conditions(
        toy_with(
            {
                "if": {"required": ["duration"]},
                "then": {
                    "required": ["size"],
                    "x-error": "give a size",
                    "properties": {"aspect_ratio": {"not": {}}},
                },
                "x-error": "no shape",
            }
        )
    )
    when = [{"field": "duration", "given": True}]
    assert first == {
        "when": when,
        "then": {"field": "size", "given": True},
        "sentence": "give a size",
        "fields": ["size", "duration"],
    }
    assert (second["then"], second["sentence"]) == ({"field": "aspect_ratio", "given": False}, "no shape")


def test_an_else_applies_where_the_if_does_not(toy_with):
    rule = {"if": {"required": ["video"]}, "then": True, "else": {"required": ["duration"]}}
    (condition,) = conditions(toy_with(rule))
    assert condition["when"] == [{"not": [{"field": "video", "given": True}]}]
    assert condition["then"] == {"field": "duration", "given": True}


def test_a_condition_names_every_field_that_it_speaks_of(toy_with):
    rule = {
        "if": {"anyOf": [{"required": ["size"]}, {"not": {"required": ["duration"]}}]},
        "then": {"properties": {"aspect_ratio": {"type": "string"}}},
    }
    (condition,) = conditions(toy_with(rule))
    assert condition["fields"] == ["aspect_ratio", "size", "duration"]


def test_what_is_never_possible_is_a_condition_that_nothing_fulfils(toy_with):
    (condition,) = conditions(toy_with({"if": {"required": ["video"]}, "then": False}))
    assert not webform.holds(condition["then"], {})
    assert condition["sentence"] == "when video is given: that is not possible"


def test_a_rule_without_a_sentence_is_told_in_words(toy_with):
    (condition,) = conditions(toy_with(EXTEND))
    assert condition["sentence"] == "when duration is 8: size is given"


WORDS = {
    "at least": ({"properties": {"n": {"minimum": 2}}}, "n is at least 2", {"n": 2}, {"n": 1}),
    "at most": ({"properties": {"n": {"maximum": 2}}}, "n is at most 2", {"n": 2}, {"n": 3}),
    "more than": ({"properties": {"n": {"exclusiveMinimum": 2}}}, "n is more than 2", {"n": 3}, {"n": 2}),
    "less than": ({"properties": {"n": {"exclusiveMaximum": 2}}}, "n is less than 2", {"n": 1}, {"n": 2}),
    "multiple": ({"properties": {"n": {"multipleOf": 2}}}, "n is a multiple of 2", {"n": 4}, {"n": 3}),
    "longer": ({"properties": {"a": {"minLength": 2}}}, "a has at least 2 characters", {"a": "xx"}, {"a": "x"}),
    "shorter": ({"properties": {"a": {"maxLength": 1}}}, "a has at most 1 characters", {"a": "x"}, {"a": "xx"}),
    "more": ({"properties": {"a": {"minItems": 1}}}, "a has at least 1 entries", {"a": [1]}, {"a": []}),
    "fewer": ({"properties": {"a": {"maxItems": 1}}}, "a has at most 1 entries", {"a": [1]}, {"a": [1, 2]}),
    "form": ({"properties": {"a": {"pattern": "^x"}}}, "a has the form ^x", {"a": "x"}, {"a": "y"}),
    "value": ({"properties": {"a": {"const": True}}}, "a is true", {"a": True}, {"a": 1}),
    "values": ({"properties": {"a": {"enum": [1, 2]}}}, "a is 1 or 2", {"a": 2}, {"a": True}),
    "not a value": ({"properties": {"a": {"not": {"const": 1}}}}, "a is not 1", {"a": 2}, {"a": 1}),
    "not values": ({"properties": {"a": {"not": {"enum": [1, 2]}}}}, "a is not 1 or 2", {"a": 3}, {"a": 1}),
    "given": ({"required": ["a"]}, "a is given", {"a": 1}, {}),
    "left out": ({"properties": {"a": False}}, "a is left out", {}, {"a": 1}),
    "not given": ({"not": {"required": ["a"]}}, "a is not given", {}, {"a": 1}),
    "both": ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, "a is given and b is given", {"a": 1, "b": 1}, {"a": 1}),
    "either": ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, "a is given or b is given", {"b": 1}, {}),
    "given and so": ({"required": ["a"], "properties": {"a": {"const": 1}}}, "a is 1", {"a": 1}, {}),
    "not so": (
        {"not": {"required": ["a"], "properties": {"a": {"const": 1}}}}, "a is not 1", {"a": 2}, {"a": 1},
    ),
    "not both": (
        {"not": {"required": ["a", "b"]}}, "not (a is given and b is given)", {"a": 1}, {"a": 1, "b": 1},
    ),
    "always": ({"properties": {"a": True}}, "", {"a": 1}, None),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "words", "met", "unmet"), WORDS.values(), ids=list(WORDS))
def test_clauses_say_what_the_schema_says(schema, words, met, unmet):
    found = clauses(schema)
    assert spoken(found) == words
    assert all(webform.holds(clause, met) for clause in found)
    assert unmet is None or not all(webform.holds(clause, unmet) for clause in found)


@pytest.mark.parametrize(
    ("schema", "rest"),
    [
        ({"minProperties": 2}, {"minProperties": 2}),
        ({"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": "string"}}}),
        ({"properties": {"a": {"not": {"minimum": 2}}}}, {"properties": {"a": {"not": {"minimum": 2}}}}),
        ({"oneOf": [{"required": ["a"]}]}, {"oneOf": [{"required": ["a"]}]}),
    ],
)
def test_what_no_clause_can_say_stays_a_schema(schema, rest):
    assert clauses(schema) == [{"schema": rest}]
    assert spoken(clauses(schema)) == "what else the document demands"
