"""The model documents: what each accepts and refuses, and how it says so."""

import itertools

import pytest
from jsonschema import Draft202012Validator
from polyreel.documents.loading import package_documents, problems_of
from polyreel.parameters.preparation import prepare

SORA = ("sora-2", "sora-2-2025-10-06", "sora-2-2025-12-08")
PRO = ("sora-2-pro", "sora-2-pro-2025-10-06")
DOCUMENTS = package_documents("polyreel_openai_sora")
PRO_SIZES = {
    "720x1280": ("9:16", "720p"),
    "1280x720": ("16:9", "720p"),
    "1024x1792": ("4:7", "1024p"),
    "1792x1024": ("7:4", "1024p"),
    "1080x1920": ("9:16", "1080p"),
    "1920x1080": ("16:9", "1080p"),
}
SIZES = dict(itertools.islice(PRO_SIZES.items(), 2))


@pytest.fixture
def verdict(document):
    def of(model="sora-2", **parameters):
        return prepare(document(model), {"prompt": "A paper boat", **parameters})

    return of


def test_there_are_five_models_and_one_family():
    assert {json["x-model"]["native_id"] for json in DOCUMENTS} == {*SORA, *PRO, "*"}


@pytest.mark.parametrize("json", DOCUMENTS, ids=lambda json: json["$id"])
def test_document_is_a_valid_schema_and_a_valid_model_document(json):
    Draft202012Validator.check_schema(json)
    assert problems_of(json) == []
    for rule in json.get("x-price", {}).get("rules", ()):
        Draft202012Validator.check_schema(rule.get("when", {}))


@pytest.mark.parametrize("json", DOCUMENTS, ids=lambda json: json["$id"])
def test_example_is_a_valid_request(json):
    validator = Draft202012Validator(json)
    assert json["examples"]
    assert all(validator.is_valid(example) for example in json["examples"])


@pytest.mark.parametrize("model", [*SORA, *PRO])
def test_defaults_alone_are_a_valid_request(verdict, model):
    prepared = verdict(model)
    assert prepared.problems == ()
    expected = {
        "duration": 4,
        "size": "720x1280",
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "fps": 24,
        "n": 1,
        "generate_audio": True,
    }
    assert prepared.values == {"prompt": "A paper boat", **expected}


@pytest.mark.parametrize(("model", "sizes"), [(m, SIZES) for m in SORA] + [(m, PRO_SIZES) for m in PRO])
def test_every_length_and_size_is_accepted_and_derives_its_shape(verdict, model, sizes):
    for duration, (size, shape) in itertools.product((4, 8, 12, 16, 20), sizes.items()):
        prepared = verdict(model, duration=duration, size=size)
        assert prepared.problems == ()
        assert (prepared.values["aspect_ratio"], prepared.values["resolution"]) == shape


@pytest.mark.parametrize(("size", "shape"), PRO_SIZES.items())
def test_shape_and_height_derive_the_size(verdict, size, shape):
    prepared = verdict("sora-2-pro", aspect_ratio=shape[0], resolution=shape[1])
    assert (prepared.problems, prepared.values["size"]) == ((), size)


def test_wide_alone_is_the_default_height(verdict):
    assert verdict("sora-2-pro", aspect_ratio="16:9").values["size"] == "1280x720"


@pytest.mark.parametrize(
    ("parameters", "parameter", "words"),
    [
        ({"duration": 5}, "duration", "4, 8, 12, 16, 20"),
        ({"duration": "4"}, "duration", "whole number"),
        ({"size": "1024x1792"}, "size", "720x1280, 1280x720"),
        ({"fps": 30}, "fps", "24"),
        ({"n": 2}, "n", "1"),
        ({"generate_audio": False}, "generate_audio", "the sound track is always made"),
        ({"negative_prompt": "rain"}, "negative_prompt", "has no negative_prompt"),
        ({"last_frame": b"x"}, "last_frame", "has no last_frame"),
        ({"prompt": ""}, "prompt", "visible character"),
        ({"prompt": " \n "}, "prompt", "visible character"),
        ({"prompt": "x" * 32_001}, "prompt", "32,000"),
        ({"aspect_ratio": "16:9", "size": "720x1280"}, "size and aspect_ratio", "contradict"),
        ({"openai_operation": "remix"}, "video", "give `video` too"),
        ({"openai_operation": "melt", "video": b"x"}, "openai_operation", "edit, extend, remix"),
        ({"video": b"x", "input_image": b"x"}, "input_image", "not both"),
        ({"video": b"x", "openai_characters": [{"id": "char_1"}]}, "openai_characters", "no characters"),
        ({"openai_characters": []}, "openai_characters", "at least 1"),
        ({"openai_characters": [{"id": str(i)} for i in range(3)]}, "openai_characters", "at most 2"),
        ({"openai_characters": [{}]}, "openai_characters.0", 'is {"id": …} or {"name": …, "video": …}'),
        ({"openai_characters": [{"name": "Mo"}]}, "openai_characters.0", "video"),
        (
            {"openai_characters": [{"id": "c", "name": "Mo", "video": b"x"}]},
            "openai_characters.0",
            'is {"id": …} or {"name": …, "video": …}',
        ),
    ],
)
def test_what_the_service_refuses_is_a_problem_that_names_the_way_out(verdict, parameters, parameter, words):
    problems = verdict("sora-2", **parameters).problems
    assert {problem.parameter for problem in problems} == {parameter}
    assert any(words in problem.message for problem in problems)


@pytest.mark.parametrize(
    "parameters",
    [
        {"prompt": "x" * 32_000},
        {"seconds": 8},
        {"input_reference": b"x"},
        {"fps": 24, "n": 1, "generate_audio": True},
        {"video": b"x"},
        {"video": b"x", "openai_operation": "extend", "duration": 8},
        {"openai_characters": [{"id": "char_1"}, {"name": "Mo", "video": b"x"}]},
    ],
)
def test_what_the_service_takes_is_no_problem(verdict, parameters):
    assert verdict("sora-2", **parameters).problems == ()


def test_seed_is_left_out_with_a_warning(verdict):
    prepared = verdict("sora-2", seed=42)
    assert prepared.problems == ()
    assert [notice.parameter for notice in prepared.notices] == ["seed"]
    assert "seed" not in prepared.values


def test_family_sends_only_what_is_given(verdict):
    assert verdict("wan-2.6").values == {"prompt": "A paper boat"}
    assert verdict("wan-2.6", duration=7, size="832x480").problems == ()


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"duration": 0}, "duration"),
        ({"duration": 2.5}, "duration"),
        ({"size": "768P"}, "size"),
        ({"size": "0x10"}, "size"),
        ({"video": b"x", "openai_operation": "extend"}, "duration"),
    ],
)
def test_family_still_refuses_nonsense(verdict, parameters, parameter):
    assert [problem.parameter for problem in verdict("wan-2.6", **parameters).problems] == [parameter]


@pytest.mark.parametrize(
    ("model", "resolution", "amount"),
    [
        ("sora-2", "720p", "0.10"),
        ("sora-2-pro", "720p", "0.30"),
        ("sora-2-pro", "1024p", "0.50"),
        ("sora-2-pro", "1080p", "0.70"),
    ],
)
def test_price_per_second_follows_the_resolution(document, verdict, model, resolution, amount):
    values = verdict(model, resolution=resolution).values
    rules = document(model).prices["rules"]
    fitting = [rule for rule in rules if Draft202012Validator(rule.get("when", {})).is_valid(values)]
    assert (fitting[0]["per"], fitting[0]["amount"]) == ("second", amount)
    assert "when" not in rules[-1]


@pytest.mark.parametrize(
    ("snapshot", "alias"),
    [
        ("sora-2-2025-10-06", "sora-2"),
        ("sora-2-2025-12-08", "sora-2"),
        ("sora-2-pro-2025-10-06", "sora-2-pro"),
    ],
)
def test_snapshot_differs_from_its_alias_only_in_its_name(document, snapshot, alias):
    differs = {"$id", "title", "description", "x-model"}
    one, other = document(snapshot).json, document(alias).json
    assert {k: v for k, v in one.items() if k not in differs} == {
        k: v for k, v in other.items() if k not in differs
    }


@pytest.mark.parametrize("model", [*SORA, *PRO])
def test_lifecycle_is_that_of_openais_own_service(document, model):
    facts = document(model).facts
    assert document(model).json["deprecated"] is True
    assert (facts["stage"], facts["service"]) == ("retired", "https://api.openai.com/v1")
    assert (facts["deprecated_on"], facts["retires_on"]) == ("2026-03-24", "2026-09-24")
    assert facts["replaced_by"] == []  # the vendor named none
    assert facts["alternatives"] == ["google/gemini-omni-1.2-flash"]
    assert all(source["seen"] and source["fact"] for source in facts["sources"])


def test_family_has_no_dates_and_no_price(document):
    family = document("*")
    assert family.is_family
    assert (family.service, family.prices, family.lifecycle.retires_on) == (None, None, None)
