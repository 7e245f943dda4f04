"""Each rule of the lint rejects a document, and passes one that almost breaks it."""

import copy
from dataclasses import dataclass, field
from datetime import date

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.lint import RULES, lint, omissions

GONE = object()
TODAY = date(2026, 10, 1)
KNOWN = {"acme-labs/toy-2", "other/film-1"}


@dataclass(frozen=True)
class Change:
    """What is put where in the tiny document, and in one that stands beside it, if one does."""

    here: dict = field(default_factory=dict)
    beside: dict | None = None


RULE = {
    "if": {"required": ["acme_labs_voices"]},
    "then": {"properties": {"duration": {"const": 8}}},
    "x-error": "a film with voices takes 8 seconds",
}
PICTURE = {"description": "A picture.", "x-media": {"accept": ["image/png"]}, "x-native": False}
SEED = {"type": "integer", "x-unit": "1", "description": "Seed.", "x-native": False}
OTHER = {"$id": "urn:polyreel:model:acme-labs/toy-9", "x-model/native_id": "toy-9"}
GA = {"x-model/stage": "ga", "x-model/deprecated_on": GONE, "deprecated": False}
FAMILY = {"$id": "urn:polyreel:model:acme-labs/*", "x-model/native_id": "*", "x-model/family": True}
ANY_SHAPE = {
    "properties/aspect_ratio/enum": GONE,
    "properties/aspect_ratio/pattern": "^[1-9][0-9]*:[1-9][0-9]*$",
    "x-price": GONE,  # a shape of its own has no size, and so no price
}
PRICE = {
    "currency": "USD",
    "as_of": "2026-01-02",
    "sources": [{"url": "https://acme.example/prices", "seen": "2026-01-02", "fact": "A dollar"}],
}
TWO = {"properties": {"reference_images": {"maxItems": 2}}}
TALL = {"size": "720x1280", "aspect_ratio": "9:16"}
WIDE = {"size": "1280x720", "aspect_ratio": "16:9"}
PER_VIDEO = {"per": "video", "amount": "1"}


def sound(**schema):
    return {
        "properties/generate_audio": {
            "type": "boolean",
            "description": "Sound.",
            "x-native": False,
            **schema,
        }
    }


def speed(value):
    return {
        "properties/fps": {
            "type": "integer",
            "const": value,
            "default": value,
            "description": "Frames per second.",
            "x-unit": "{frame}/s",
            "x-native": False,
        }
    }


def rules(*more):
    return {"allOf": [RULE, *more]}


def tall(**rule):
    return {"when": {"properties": {"size": {"const": "720x1280"}}}, **rule}


def apart(pointer, *, exclusive=True):
    """Two parameters at one place in the body, with a rule that keeps them apart or without."""
    rule = {
        "if": {"required": ["input_image"]},
        "then": {"properties": {"reference_images": {"not": {}}}},
        "x-error": "give one of the two",
    }
    return {
        "properties/input_image": {**PICTURE, "x-native": pointer},
        **(rules(rule) if exclusive else {}),
    }


# The rule, what breaks it, and what almost does.
CASES = [
    ("document-valid", Change({"title": GONE}), Change({"title": "Toy 1"})),
    ("document-valid", Change({"properties/acme_voice": SEED}), Change({"properties/acme_labs_voice": SEED})),
    (
        "document-whole",
        Change({"properties/size/$ref": "#/properties/aspect_ratio"}),
        Change({"properties/size/description": "As $ref"}),
    ),
    (
        "pattern-compiles",
        Change({"properties/prompt/pattern": "("}),
        Change({"properties/prompt/pattern": "()"}),
    ),
    ("identity-unique", Change(beside={}), Change(beside=OTHER)),
    (
        "alias-free",
        Change({"x-model/aliases": ["toy-9"]}, OTHER),
        Change(
            {"x-model/aliases": ["toy-9"]},
            OTHER | {"$id": f"{OTHER['$id']}@cloud", "x-model/surface": "cloud"},
        ),
    ),
    ("alias-free", Change({"x-model/aliases": ["toy-1"]}), Change({"x-model/aliases": ["toy"]})),
    (
        "service-address",
        Change({"x-model/service": "http://api.acme.example"}),
        Change({"x-model/service": "https://api.acme.example"}),
    ),
    ("service-stated", Change({"x-model/service": GONE}), Change(FAMILY | {"x-model/service": GONE})),
    ("family-plain", Change(FAMILY | {"x-model/regions": ["here"]}), Change({"x-model/regions": ["here"]})),
    ("output-sound", Change(sound(const=False, default=False)), Change(sound(const=True, default=True))),
    (
        "output-sound",
        Change(sound()),
        Change(sound() | {"x-model/output/audio": "optional"}),
    ),
    ("output-speed", Change(speed(25)), Change(speed(24))),
    ("type-stated", Change({"properties/size/type": GONE}), Change({"properties/input_image": PICTURE})),
    (
        "type-stated",
        Change({"properties/acme_labs_voices/items/properties/deep/type": GONE}),
        Change({"properties/acme_labs_voices/items": {**PICTURE, "x-native": GONE}}),
    ),
    ("capability-bounded", Change(ANY_SHAPE), Change(FAMILY | ANY_SHAPE)),
    (
        "capability-bounded",
        Change({"properties/n": {**SEED, "minimum": 1}}),
        Change({"properties/n": {**SEED, "minimum": 1, "maximum": 1}}),
    ),
    ("value-fits", Change({"properties/duration/maximum": 7}), Change({"properties/duration/maximum": 8})),
    (
        "enum-distinct",
        Change({"properties/size/enum": ["720x1280", "1280x720", "720x1280"]}),
        Change({"properties/size/enum": ["1280x720", "720x1280"]}),
    ),
    ("enum-distinct", Change({"properties/size/enum": []}), Change({"properties/prompt/enum": ["a boat"]})),
    (
        "bounds-ordered",
        Change({"properties/prompt/minLength": 7, "properties/prompt/maxLength": 6}),
        Change({"properties/prompt/minLength": 6, "properties/prompt/maxLength": 6}),
    ),
    (
        "labels-known",
        Change({"properties/duration/x-labels": {"5": "odd"}}),
        Change({"properties/duration/x-labels": {"8": "long"}}),
    ),
    ("default-valid", Change({"properties/duration/default": 5}), Change({"properties/duration/default": 8})),
    (
        "defaults-valid",
        Change(
            rules(
                {"if": tall()["when"], "then": {"properties": {"duration": {"const": 8}}}, "x-error": "8 s"}
            )
        ),
        Change(
            rules(
                {"if": tall()["when"], "then": {"properties": {"duration": {"const": 8}}}, "x-error": "8 s"}
            )
            | {"properties/duration/default": 8}
        ),
    ),
    (
        "example-valid",
        Change({"examples": [{"prompt": "a boat", "duration": 5}]}),
        Change({"examples": [{"prompt": "a boat", "duration": 8}]}),
    ),
    (
        "example-valid",
        Change({"examples": [{"prompt": "a boat", "size": "720x1280", "aspect_ratio": "16:9"}]}),
        Change({"examples": [{"prompt": "a boat", **WIDE}]}),
    ),
    ("example-valid", Change({"examples": ["a boat"]}), Change({"examples": []})),
    (
        "registry-type",
        Change({"properties/size/type": ["string", "null"]}),
        Change({"properties/duration/type": "number"}),
    ),
    (
        "registry-values",
        Change({"properties/reference_images/minItems": 0}),
        Change({"properties/reference_images/minItems": 2}),
    ),
    (
        "registry-values",
        Change({"properties/fps": {**SEED, "x-unit": "{frame}/s", "minimum": 0, "maximum": 60}}),
        Change({"properties/fps": {**SEED, "x-unit": "{frame}/s", "exclusiveMinimum": 0, "maximum": 60}}),
    ),
    (
        "registry-values",
        Change({"properties/n": {**SEED, "maximum": 4}}),
        Change({"properties/n": {**SEED, "minimum": 1, "maximum": 4}}),
    ),
    (
        "registry-values",
        Change(FAMILY | {"properties/aspect_ratio/enum": GONE}),
        Change(FAMILY | ANY_SHAPE),
    ),
    (
        "registry-values",
        Change({"properties/duration/enum": [0, 4, 8], "properties/duration/x-native": "/s"}),
        Change({"properties/duration/enum": [4, 8, 12], "properties/duration/x-native": "/s"}),
    ),
    (
        "registry-media",
        Change({"properties/reference_images/items/x-media/accept": ["video/mp4"]}),
        Change({"properties/acme_labs_options/properties/mask/x-media/accept": ["video/mp4"]}),
    ),
    (
        "registry-media",
        Change({"properties/input_image": {**SEED, "x-unit": GONE}}),
        Change({"properties/input_image": PICTURE}),
    ),
    ("registry-media", Change({"properties/seed": {**SEED, **PICTURE}}), Change({"properties/seed": SEED})),
    (
        "registry-unit",
        Change({"properties/duration/x-unit": "ms"}),
        Change({"properties/acme_labs_wait": SEED}),
    ),
    ("registry-unit", Change({"properties/size/x-unit": GONE}), Change({"properties/size/x-unit": "[px]"})),
    ("derivation-valid", Change({"x-derive/1/size": "1x1"}), Change({"x-derive": [WIDE, TALL]})),
    (
        "derivation-valid",
        Change(rules({"if": {"required": ["size"], **tall()["when"]}, "then": False, "x-error": "no"})),
        Change(
            rules(
                {"if": {"required": ["acme_labs_voices"], **tall()["when"]}, "then": False, "x-error": "no"}
            )
        ),
    ),
    (
        "derivation-distinct",
        Change({"x-derive": [TALL, WIDE, TALL]}),
        Change({"x-derive": [TALL, WIDE, {**TALL, "aspect_ratio": "16:9"}]}),
    ),
    (
        "derivation-default",
        Change({"properties/size/default": "1280x720"}),
        Change({"properties/size/default": "720x1280"}),
    ),
    (
        "derivation-complete",
        Change({"properties/size/enum": ["720x1280", "1280x720", "1x1"]}),
        Change(FAMILY | ANY_SHAPE),
    ),
    (
        "native-pointer",
        Change({"properties/prompt/x-native": "/a//b"}),
        Change({"properties/prompt/x-native": "/a~1b"}),
    ),
    (
        "native-pointer",
        Change({"properties/prompt/x-native": "/a~2b"}),
        Change({"properties/prompt/x-native": "/a/b"}),
    ),
    (
        "native-distinct",
        Change({"properties/prompt/x-native": "/seconds"}),
        Change({"properties/prompt/x-native": "/second"}),
    ),
    (
        "native-distinct",
        Change({"properties/prompt/x-native": "/seconds/a"}),
        Change({"properties/prompt/x-native": "/s/a"}),
    ),
    (
        "native-distinct",
        Change({"properties/prompt/x-native": "/a/0", "properties/duration/x-native/at": "/a/b"}),
        Change({"properties/prompt/x-native": "/a/0", "properties/duration/x-native/at": "/a/1"}),
    ),
    ("native-distinct", Change(apart("/images", exclusive=False)), Change(apart("/images"))),
    (
        "native-list",
        Change({"properties/reference_images/x-native": "/images/1"}),
        Change({"properties/reference_images/x-native": "/images/0"}),
    ),
    (
        "native-values",
        Change({"properties/duration/x-native/values": {"4": "four"}}),
        Change({"properties/duration/x-native/values": {"4": "four", "8": 8}}),
    ),
    (
        "native-values",
        Change({"properties/duration/x-native/values/5": "five"}),
        Change({"properties/duration/x-native/values": GONE}),
    ),
    (
        "native-values",
        Change({"properties/seed": {**SEED, "x-native": {"at": "/seed", "values": {"1": "one"}}}}),
        Change(
            {
                "properties/seed": {
                    **SEED,
                    "minimum": 1,
                    "maximum": 2,
                    "x-native": {"at": "/seed", "values": {"1": "one", "2": "two"}},
                }
            }
        ),
    ),
    (
        "native-conversion",
        Change({"properties/duration/x-native/as": "integer"}),
        Change(
            {"properties/duration/x-native": {"at": "/s", "as": "integer", "values": {"4": "04", "8": "08"}}}
        ),
    ),
    (
        "native-conversion",
        Change({"properties/prompt/x-native": {"at": "/prompt", "as": "boolean"}}),
        Change({"properties/prompt/x-native": {"at": "/prompt", "as": "string"}}),
    ),
    (
        "native-conversion",
        Change({"properties/duration/x-native": {"at": "/s", "as": "integer", "values": {"4": 4.5, "8": 8}}}),
        Change({"properties/duration/x-native": {"at": "/s", "as": "number", "values": {"4": 4.5, "8": 8}}}),
    ),
    (
        "sentence-written",
        Change({"properties/size/description": " "}),
        Change({"properties/size/description": "P"}),
    ),
    ("sentence-written", Change({"x-model/open_questions": [""]}), Change({"x-model/open_questions": []})),
    ("source-fact", Change({"x-model/sources/0/fact": GONE}), Change({"x-model/sources/0/fact": "It is"})),
    ("source-fact", Change({"x-price/sources/0/fact": GONE}), Change({"x-price/sources/0/fact": "It is"})),
    ("date-real", Change({"x-price/as_of": "2025-02-29"}), Change({"x-price/as_of": "2024-02-29"})),
    (
        "date-real",
        Change({"x-price/sources/0/seen": "2026-02-30"}),
        Change({"x-price/sources/0/seen": "2026-02-28"}),
    ),
    (
        "source-date",
        Change({"x-price/sources/0/seen": "2026-10-02"}),
        Change({"x-price/sources/0/seen": "2026-10-01"}),
    ),
    ("date-order", Change({"x-model/released": "2026-03-02"}), Change({"x-model/released": "2026-03-01"})),
    (
        "date-order",
        Change(
            {"x-model/retires_on": "2024-12-31", "x-model/stage": "retired", "x-model/deprecated_on": GONE}
        ),
        Change(
            {"x-model/retires_on": "2025-01-01", "x-model/stage": "retired", "x-model/deprecated_on": GONE}
        ),
    ),
    ("stage-agreement", Change({"x-model/stage": "ga", "deprecated": False}), Change(GA)),
    (
        "stage-agreement",
        Change({"x-model/sources/0/seen": "2026-09-01"}),
        Change({"x-model/sources/0/seen": "2026-08-31"}),
    ),
    (
        "stage-agreement",
        Change({"x-model/stage": "retired", "x-model/sources/0/seen": "2026-08-31"}),
        Change({"x-model/stage": "retired", "x-model/sources/0/seen": "2026-09-01"}),
    ),
    (
        "stage-agreement",
        Change(GA | {"x-model/released": "2026-03-03"}),
        Change(GA | {"x-model/released": "2026-03-02"}),
    ),
    (
        "stage-agreement",
        Change({"x-model/deprecated_on": "2026-03-03"}),
        Change({"x-model/deprecated_on": "2026-03-02"}),
    ),
    ("deprecated-flag", Change({"deprecated": GONE}), Change(GA | {"deprecated": GONE})),
    ("deprecated-flag", Change(GA | {"deprecated": True}), Change(GA)),
    (
        "successor-known",
        Change({"x-model/replaced_by": ["acme-labs/toy-3"]}),
        Change({"x-model/replaced_by": ["nobody/knows"]}),
    ),
    ("successor-known", Change({"x-model/alternatives": ["toy-2"]}), Change({"x-model/alternatives": []})),
    (
        "successor-known",
        Change({"x-model/alternatives": ["acme-labs/toy-9"]}),
        Change({"x-model/alternatives": ["acme-labs/toy-9"]}, OTHER),
    ),
    (
        "successor-useful",
        Change({"x-model/replaced_by": ["acme-labs/toy-1"]}),
        Change({"x-model/replaced_by": []}),
    ),
    (
        "successor-useful",
        Change({"x-model/alternatives": ["acme-labs/toy-2"]}),
        Change({"x-model/alternatives": ["other/film-1"]}),
    ),
    (
        "successor-useful",
        Change(
            {"x-model/alternatives": ["acme-labs/toy-9"]},
            OTHER | {"x-model/retires_on": "2026-03-02", "x-model/stage": "retired"},
        ),
        Change({"x-model/alternatives": ["acme-labs/toy-9"]}, OTHER | {"x-model/retires_on": "2026-03-03"}),
    ),
    (
        "rule-parameters",
        Change(rules({"if": {"required": ["voices"]}, "then": False, "x-error": "no"})),
        Change(
            rules(
                {
                    "if": {"required": ["acme_labs_options", "acme_labs_voices"]},
                    "then": False,
                    "x-error": "no",
                }
            )
        ),
    ),
    (
        "rule-reachable",
        Change(rules({"if": {"properties": {"size": {"const": "1x1"}}}, "then": {"required": ["size"]}})),
        Change(
            rules(
                {
                    "if": {"properties": {"size": {"const": "720x1280"}}},
                    "then": {"properties": {"acme_labs_options": False}},
                    "x-error": "no",
                }
            )
        ),
    ),
    (
        "rule-satisfiable",
        Change(rules({**RULE, "then": {"properties": {"duration": {"const": 4}}}})),
        Change(
            rules(
                {
                    **RULE,
                    "if": {"required": ["acme_labs_options"]},
                    "then": {"properties": {"duration": {"const": 4}}},
                }
            )
        ),
    ),
    (
        "rule-satisfiable",
        Change(rules({**RULE, "then": True, "else": {"required": ["acme_labs_voices"]}})),
        Change(rules({**RULE, "then": True, "else": {"properties": {"acme_labs_options": False}}})),
    ),
    (
        "rule-sentence",
        Change({"allOf/0/x-error": GONE}),
        Change({"allOf/0/x-error": GONE, "allOf/0/then/properties/duration/x-error": "8 seconds"}),
    ),
    (
        "sentence-reachable",
        Change({"allOf/0/then/properties/duration/x-error": "8 seconds"}),
        Change({"allOf/0/x-error": "8 seconds"}),
    ),
    (
        "sentence-reachable",
        Change({"allOf/0/then": {"required": ["duration"], "x-error": "how long"}}),
        Change({"allOf/0/then": {"required": ["seed"]}, "properties/seed": SEED}),
    ),
    (
        "condition-given",
        Change({"properties/seed": SEED, "x-price/rules/0/when": {"properties": {"seed": {"minimum": 1}}}}),
        Change(
            {
                "properties/seed": SEED,
                "x-price/rules/0/when": {"properties": {"seed": {"minimum": 1}}, "required": ["seed"]},
            }
        ),
    ),
    (
        "condition-given",
        Change(
            rules({"if": {"properties": {"acme_labs_voices": {"minItems": 2}}}, "then": TWO, "x-error": "no"})
        ),
        Change(rules({"if": {"properties": {"acme_labs_voices": False}}, "then": TWO, "x-error": "no"})),
    ),
    (  # a shape that stands in no row comes without a size
        "condition-given",
        Change(FAMILY | ANY_SHAPE | {"x-price": {**PRICE, "rules": [tall(**PER_VIDEO), PER_VIDEO]}}),
        Change(
            FAMILY
            | ANY_SHAPE
            | {
                "x-price": {
                    **PRICE,
                    "rules": [
                        {"when": {**tall()["when"], "required": ["size"]}, **PER_VIDEO},
                        PER_VIDEO,
                    ],
                }
            }
        ),
    ),
    (
        "value-usable",
        Change(rules({"if": {"properties": {"duration": {"const": 8}}}, "then": False, "x-error": "no"})),
        Change(
            rules(
                {
                    "if": {"properties": {"duration": {"const": 8}}, "required": ["acme_labs_options"]},
                    "then": False,
                    "x-error": "no",
                }
            )
        ),
    ),
    (
        "value-usable",
        Change(
            {"properties/seed": SEED} | rules({"if": {"required": ["seed"]}, "then": False, "x-error": "no"})
        ),
        Change(
            {"properties/seed": SEED}
            | rules(
                {
                    "if": {"required": ["seed"], "properties": {"seed": {"minimum": 10}}},
                    "then": False,
                    "x-error": "no",
                }
            )
        ),
    ),
    (
        "price-complete",
        Change({"x-price/rules": [tall(**PER_VIDEO)]}),
        Change(
            {
                "x-price/rules": [
                    tall(**PER_VIDEO),
                    {"when": {"properties": {"size": {"const": "1280x720"}}}, "unknown": "nobody says"},
                ]
            }
        ),
    ),
    (
        "price-reachable",
        Change({"x-price/rules": [PER_VIDEO, tall(**PER_VIDEO)]}),
        Change({"x-price/rules": [tall(**PER_VIDEO), PER_VIDEO]}),
    ),
    (
        "price-reachable",
        Change({"x-price/rules/0/when": {"properties": {"size": {"const": "1x1"}}}}),
        Change({"x-price/rules/0/when": {"properties": {"size": {"enum": ["1x1", "720x1280"]}}}}),
    ),
    (
        "price-parameters",
        Change({"x-price/rules/0/when/required": ["sizes"]}),
        Change({"x-price/rules/0/when/required": ["size"]}),
    ),
    (
        "price-duration",
        Change({"properties/duration/default": GONE}),
        Change({"properties/duration/default": GONE, "x-price/rules/0/when/required": ["duration"]}),
    ),
    (
        "price-item",
        Change({"x-price/rules/0": tall(per="item", of="size", amount="1")}),
        Change(
            {
                "x-price/rules/0": {
                    "when": {"required": ["reference_images"]},
                    "per": "item",
                    "of": "reference_images",
                    "amount": "1",
                }
            }
        ),
    ),
    (
        "price-item",
        Change({"x-price/rules/0": tall(per="item", of="reference_images", amount="1")}),
        Change(
            {
                "x-price/rules/0": tall(per="item", of="reference_images", amount="1"),
                "required": ["prompt", "reference_images"],
                "examples": GONE,
                "properties/reference_images/default": ["a"],
            }
        ),
    ),
    ("price-source", Change({"x-price/sources": GONE}), Change({"x-price": GONE})),
    (
        "price-date",
        Change({"x-price/as_of": "2026-01-03"}),
        Change({"x-price/as_of": "2026-01-03", "x-price/sources/0/seen": "2026-01-03"}),
    ),
]


@pytest.fixture
def document(toy):
    def document(changes, origin="toy.json"):
        json = copy.deepcopy(toy)
        for path, value in changes.items():
            *steps, last = path.split("/")
            place = json
            for step in steps:
                place = place[int(step) if isinstance(place, list) else step]
            if value is GONE:
                del place[int(last) if isinstance(place, list) else last]
            else:
                place[int(last) if isinstance(place, list) else last] = _kept(value)
        return ModelDocument(json=json, origin=origin)

    return document


def _kept(value):
    if isinstance(value, dict):
        return {name: _kept(inner) for name, inner in value.items() if inner is not GONE}
    return copy.deepcopy(value)


@pytest.fixture
def found(document):
    def found(change):
        documents = [document(change.here)]
        if change.beside is not None:
            documents.append(document(change.beside, origin="beside.json"))
        return lint(documents, today=TODAY, known=KNOWN)

    return found


def _name(value):
    return value if isinstance(value, str) else None


def test_the_tiny_document_has_nothing_wrong(found):
    assert found(Change()) == []


@pytest.mark.parametrize(("rule", "breaks", "_"), CASES, ids=_name)
def test_a_rule_rejects_a_document(found, rule, breaks, _):
    findings = [finding for finding in found(breaks) if finding.rule == rule]
    assert findings
    for finding in findings:
        assert finding.document.startswith("acme-labs/")
        assert finding.origin in {"toy.json", "beside.json"}
        assert finding.where == "" or finding.where.startswith("/")
        assert finding.message == finding.message.strip()


@pytest.mark.parametrize(("rule", "_", "passes"), CASES, ids=_name)
def test_a_rule_passes_what_almost_breaks_it(found, rule, _, passes):
    assert [finding for finding in found(passes) if finding.rule == rule] == []


def test_what_almost_breaks_a_rule_breaks_no_other(found):
    others = {(case, finding.rule) for case, (_, _, passes) in enumerate(CASES) for finding in found(passes)}
    assert others == set()


def test_no_rule_is_without_a_document_that_it_rejects():
    assert [rule for rule, _, _ in CASES if rule not in {known.id for known in RULES}] == []
    assert {rule.id for rule in RULES} == {rule for rule, _, _ in CASES}


def test_the_rules_are_named_and_told():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id == rule.id.lower().strip("-")
        assert "-" in rule.id
        assert rule.demand[0].isupper() or rule.demand.startswith("`")
        assert rule.demand.endswith(".")


def test_where_the_foundations_fail_nothing_else_is_looked_at(found):
    findings = found(Change({"title": GONE, "x-model/service": GONE, "properties/prompt/pattern": "("}))
    assert {finding.rule for finding in findings} == {"document-valid", "pattern-compiles"}


@pytest.mark.parametrize("json", [{}, {"x-model": 7}, {"$id": 7, "x-model": {"provider": "a"}}])
def test_what_is_no_document_at_all_is_told(json):
    (finding, *_) = lint([ModelDocument(json=json, origin="there.json")], today=TODAY)
    assert (finding.rule, finding.origin) == ("document-valid", "there.json")


def test_successors_are_not_checked_when_no_models_are_known(document):
    documents = [document({"x-model/replaced_by": ["acme-labs/toy-3"]})]
    assert lint(documents, today=TODAY) == []
    assert omissions(documents) == ["successor-known: no models are known, so it was skipped"]
    assert omissions([document({"x-model/replaced_by": [], "x-model/alternatives": []})]) == []


def test_a_successor_of_an_unknown_provider_is_named(document):
    documents = [document({"x-model/replaced_by": ["nobody/knows"]}), ModelDocument(json={"x-model": 7})]
    assert omissions(documents, known={"other/film-1"}) == [
        "successor-known: the provider of nobody/knows is not known, so it was not looked up"
    ]


@pytest.mark.parametrize("word", [{"pattern": "^gs://"}, {"format": "uri"}, {"multipleOf": 7}])
def test_what_the_samples_cannot_settle_is_not_judged(found, word):
    """No value that is tried meets the condition, and yet there may be one."""
    rule = {
        "if": {"required": ["seed"], "properties": {"seed": {**word, "minimum": 3}}},
        "then": {"required": ["size"]},
    }
    change = Change(
        {"properties/seed": {**SEED, "minimum": 3, "maximum": 3}} | rules({**rule, "x-error": "so"})
    )
    assert found(change) == []


def test_a_price_whose_condition_is_not_settled_is_not_judged(found):
    rule = {"when": {"properties": {"prompt": {"pattern": "boat"}}}, "per": "second", "amount": "1"}
    assert found(Change({"x-price/rules": [rule], "properties/duration/default": GONE})) == []
