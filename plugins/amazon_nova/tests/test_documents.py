"""The model documents against a table of their own, written from the fact sheet on Bedrock's asynchronous invocations."""

import itertools
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator
from polyreel.documents.loading import package_documents, problems_of
from polyreel.parameters.preparation import prepare
from polyreel.pricing import estimate
from polyreel_amazon_nova.places import REGIONS

DOCUMENTS = package_documents("polyreel_amazon_nova")
SHAPES = ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")
SHOT = {"text": "A shot"}
SHOTS = [SHOT, SHOT]
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"


@pytest.fixture
def verdict(document):
    def of(model="nova-reel", **parameters):
        return prepare(document(model), {"prompt": "A paper boat", **parameters})

    return of


def accepted(verdict, model, values):
    return (
        verdict(model, **{name: value for name, value in values.items() if value is not None}).problems == ()
    )


def test_models_and_their_other_names():
    names = {json["x-model"]["name"]: json["x-model"].get("aliases", []) for json in DOCUMENTS}
    assert names == {
        "nova-reel-v1:0": ["amazon.nova-reel-v1:0"],
        "nova-reel-v1:1": ["nova-reel", "amazon.nova-reel-v1:1"],
        "luma.ray-v2:0": [],
    }


@pytest.mark.parametrize("json", DOCUMENTS, ids=lambda json: json["$id"])
def test_document_is_a_valid_schema_and_a_valid_model_document(json):
    Draft202012Validator.check_schema(json)
    assert problems_of(json) == []
    for rule in json["x-price"]["rules"]:
        Draft202012Validator.check_schema(rule.get("when", {}))
    facts = json["x-model"]
    assert all(source["fact"] and source["seen"] for source in facts["sources"] + json["x-price"]["sources"])
    assert any("price" in question.lower() for question in facts["open_questions"])


@pytest.mark.parametrize("json", DOCUMENTS, ids=lambda json: json["$id"])
def test_example_is_a_valid_request(json):
    assert json["examples"]
    assert all(Draft202012Validator(json).is_valid(example) for example in json["examples"])


def test_every_region_of_a_document_is_listed():
    assert {region for json in DOCUMENTS for region in json["x-model"]["regions"]} == set(REGIONS)


@pytest.mark.parametrize(
    ("model", "regions", "service"),
    [
        ("nova-reel-v1:0", ("us-east-1", "eu-west-1", "ap-northeast-1"), "us-east-1"),
        ("nova-reel-v1:1", ("us-east-1",), "us-east-1"),
        ("luma.ray-v2:0", ("us-west-2",), "us-west-2"),
    ],
)
def test_regions_are_those_of_the_sheet(document, model, regions, service):
    assert document(model).regions == regions
    assert document(model).service == f"https://bedrock-runtime.{service}.amazonaws.com"


@pytest.mark.parametrize("model", ["nova-reel-v1:0", "nova-reel-v1:1"])
def test_nova_reel_ended_without_a_successor(document, model):
    facts = document(model).facts
    assert document(model).json["deprecated"] is True
    assert (facts["stage"], facts["deprecated_on"], facts["retires_on"]) == (
        "retired",
        "2026-03-30",
        "2026-09-30",
    )
    assert (facts["replaced_by"], facts["alternatives"]) == (
        [],
        ["amazon/luma.ray-v2:0", "google/gemini-omni-1.2-flash"],
    )


def test_ray2_lives(document):
    assert (document("luma.ray-v2:0").facts["stage"], document("luma.ray-v2:0").lifecycle.retires_on) == (
        "ga",
        None,
    )


# --- the finite product: everything that can be said in words, against the sheet's own rules ----------------------------


def nova_should_accept(model, values):
    """Section 2.1 of the sheet, written a second time."""
    multi, duration, shots = model == "nova-reel-v1:1", values["duration"], values["amazon_shots"]
    if not multi:
        return (
            duration in {None, 6}
            and not shots
            and values["amazon_task"] is None
            and len(values["prompt"]) <= 512
        )
    if shots:
        fitting = values["amazon_task"] in {None, "MULTI_SHOT_MANUAL"} and values["input_image"] is None
        return fitting and duration in {None, *range(6, 121, 6)}
    if values["amazon_task"] == "MULTI_SHOT_MANUAL":
        return False
    if duration in {None, 6}:
        return values["amazon_task"] != "MULTI_SHOT_AUTOMATED" and len(values["prompt"]) <= 512
    in_range = duration in range(12, 121, 6)
    return in_range and values["amazon_task"] != "TEXT_VIDEO" and values["input_image"] is None


@pytest.mark.parametrize("model", ["nova-reel-v1:0", "nova-reel-v1:1"])
def test_every_combination_of_nova_reel_is_judged_as_the_sheet_does(verdict, model):
    dimensions = {
        "prompt": ["x", "x" * 512, "x" * 513, "x" * 4000],
        "duration": [None, 5, 6, 7, 12, 18, 114, 120, 126],
        "amazon_task": [None, "TEXT_VIDEO", "MULTI_SHOT_AUTOMATED", "MULTI_SHOT_MANUAL"],
        "amazon_shots": [None, SHOTS],
        "input_image": [None, b"x"],
        "seed": [None, 42],
    }
    for combination in itertools.product(*dimensions.values()):
        values = dict(zip(dimensions, combination, strict=True))
        assert accepted(verdict, model, values) is nova_should_accept(model, values), values


def test_every_combination_of_ray2_is_judged_as_the_sheet_does(verdict):
    dimensions = {
        "duration": [None, 4, 5, 8, 9],
        "aspect_ratio": [None, *SHAPES, "2:1"],
        "resolution": [None, "540p", "720p", "1080p"],
        "amazon_loop": [None, True, False],
        "input_image": [None, b"x"],
        "last_frame": [None, b"x"],
    }
    for combination in itertools.product(*dimensions.values()):
        values = dict(zip(dimensions, combination, strict=True))
        wanted = (
            values["duration"] in {None, 5, 9}
            and values["aspect_ratio"] in {None, *SHAPES}
            and values["resolution"] in {None, "540p", "720p"}
        )
        assert accepted(verdict, "luma.ray-v2:0", values) is wanted, values


@pytest.mark.parametrize("duration", range(6, 121, 6))
def test_every_multiple_of_a_shot_is_a_length(verdict, duration):
    assert verdict(duration=duration).problems == ()


@pytest.mark.parametrize("model", ["nova-reel-v1:0", "nova-reel-v1:1"])
def test_defaults_of_nova_reel(verdict, model):
    assert verdict(model).values == {
        "prompt": "A paper boat",
        "duration": 6,
        "size": "1280x720",
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "fps": 24,
        "n": 1,
        "generate_audio": False,
    }


def test_defaults_of_ray2_are_the_cheapest(document, verdict):
    prepared = verdict("luma.ray-v2:0")
    assert prepared.values == {
        "prompt": "A paper boat",
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "540p",
        "n": 1,
        "generate_audio": False,
    }
    every = [
        estimate(document("luma.ray-v2:0"), {"duration": duration, "resolution": resolution}).amount
        for duration in (5, 9)
        for resolution in ("540p", "720p")
    ]
    assert estimate(document("luma.ray-v2:0"), prepared.values).amount == min(every)


@pytest.mark.parametrize(
    ("model", "parameters", "parameter", "words"),
    [
        ("nova-reel", {"duration": 10}, "duration", "the nearest is 12"),
        ("nova-reel", {"duration": 12, "input_image": b"x"}, "input_image", "only a film of 6 s"),
        (
            "nova-reel",
            {"amazon_shots": SHOTS, "input_image": b"x"},
            "input_image",
            'amazon_shots[0]["image"]',
        ),
        (
            "nova-reel",
            {"amazon_shots": SHOTS, "amazon_task": "TEXT_VIDEO"},
            "amazon_task",
            "MULTI_SHOT_MANUAL alone",
        ),
        ("nova-reel", {"amazon_task": "MULTI_SHOT_MANUAL"}, "amazon_shots", "needs `amazon_shots`"),
        ("nova-reel", {"amazon_task": "MULTI_SHOT_AUTOMATED"}, "duration", "give duration=12 or more"),
        ("nova-reel", {"amazon_task": "TEXT_VIDEO", "duration": 18}, "amazon_task", "makes 6 s"),
        ("nova-reel", {"prompt": "x" * 513}, "prompt", "at most 512 characters"),
        ("nova-reel", {"prompt": "x" * 4001, "duration": 12}, "prompt", "4,000"),
        ("nova-reel", {"amazon_shots": []}, "amazon_shots", "at least 1"),
        ("nova-reel", {"amazon_shots": [SHOT] * 21}, "amazon_shots", "at most 20"),
        ("nova-reel", {"amazon_shots": [{"text": "x" * 513}]}, "amazon_shots.0.text", "512"),
        ("nova-reel", {"amazon_shots": [{"image": b"x"}]}, "amazon_shots.0.text", "is missing"),
        (
            "nova-reel",
            {"amazon_shots": [{**SHOT, "image_owner": "1"}]},
            "amazon_shots.0.image_owner",
            "12 digits",
        ),
        ("nova-reel", {"size": "1920x1080"}, "size", "1280x720"),
        ("nova-reel", {"fps": 30}, "fps", "24"),
        ("nova-reel", {"n": 2}, "n", "1"),
        ("nova-reel", {"generate_audio": True}, "generate_audio", "makes no sound"),
        ("nova-reel", {"seed": -1}, "seed", "at least 0"),
        ("nova-reel", {"seed": 2147483647}, "seed", "at most 2147483646"),
        ("nova-reel", {"last_frame": b"x"}, "last_frame", "has no last_frame"),
        ("nova-reel", {"aspect_ratio": "9:16"}, "aspect_ratio", "16:9"),
        ("nova-reel-v1:0", {"amazon_shots": SHOTS}, "amazon_shots", "no such parameter"),
        ("nova-reel-v1:0", {"duration": 12}, "duration", "always has 6"),
        ("luma.ray-v2:0", {"prompt": "x" * 5001}, "prompt", "5,000"),
        ("luma.ray-v2:0", {"duration": 6}, "duration", "5, 9"),
        ("luma.ray-v2:0", {"generate_audio": True}, "generate_audio", "makes no sound"),
        ("luma.ray-v2:0", {"amazon_output": "my-bucket/films"}, "amazon_output", "s3://my-bucket/films"),
        ("luma.ray-v2:0", {"amazon_output": "s3://My-Bucket"}, "amazon_output", "s3://my-bucket/films"),
        ("luma.ray-v2:0", {"amazon_output": "s3://b/" + "x" * 1020}, "amazon_output", "1,024"),
        ("luma.ray-v2:0", {"amazon_kms_key": "alias/films"}, "amazon_kms_key", "ARN"),
        ("luma.ray-v2:0", {"amazon_bucket_owner": "12345"}, "amazon_bucket_owner", "12 digits"),
        ("luma.ray-v2:0", {"amazon_tags": {"": "x"}}, "amazon_tags", "1 to 128"),
        ("luma.ray-v2:0", {"amazon_tags": {"a": "ü"}}, "amazon_tags.a", "letters"),
        ("luma.ray-v2:0", {"amazon_tags": {str(n): "" for n in range(201)}}, "amazon_tags", ""),
    ],
)
def test_what_is_refused_is_a_problem_that_names_the_way_out(verdict, model, parameters, parameter, words):
    problems = verdict(model, **parameters).problems
    assert {problem.parameter for problem in problems} == {parameter}
    assert any(words in problem.message for problem in problems), problems


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("nova-reel", {"seconds": 18}),
        ("nova-reel", {"dimension": "1280x720", "fps": 24, "n": 1, "generate_audio": False}),
        ("nova-reel", {"seed": 0}),
        ("nova-reel", {"seed": 2147483646}),
        ("nova-reel", {"input_reference": b"x"}),
        ("nova-reel", {"amazon_shots": [SHOT] * 20}),
        ("nova-reel", {"amazon_shots": [{**SHOT, "image": "s3://in/a.png", "image_owner": "123456789012"}]}),
        ("luma.ray-v2:0", {"prompt": "x" * 5000}),
        ("luma.ray-v2:0", {"amazon_output": "s3://abc"}),
        ("luma.ray-v2:0", {"amazon_kms_key": KEY_ARN}),
        ("luma.ray-v2:0", {"amazon_kms_key": "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/a/b_c"}),
        ("luma.ray-v2:0", {"amazon_tags": {"team": "films: a+b=c @ x/y_z-1.0", "empty": ""}}),
    ],
)
def test_what_is_taken_is_no_problem(verdict, model, parameters):
    assert verdict(model, **parameters).problems == ()


def test_seed_of_ray2_is_left_out_with_a_warning(verdict):
    prepared = verdict("luma.ray-v2:0", seed=7)
    assert (prepared.problems, [notice.parameter for notice in prepared.notices]) == ((), ["seed"])


@pytest.mark.parametrize(
    ("model", "parameters", "amount"),
    [
        ("nova-reel-v1:0", {}, "0.48"),
        ("nova-reel-v1:1", {}, "0.48"),
        ("nova-reel-v1:1", {"duration": 120}, "9.60"),
        ("nova-reel-v1:1", {"amazon_shots": [SHOT] * 3}, "1.44"),
        ("nova-reel-v1:1", {"amazon_shots": [SHOT] * 20}, "9.60"),
        ("luma.ray-v2:0", {}, "3.75"),
        ("luma.ray-v2:0", {"duration": 9, "resolution": "720p"}, "13.50"),
        ("luma.ray-v2:0", {"duration": 9}, "6.75"),
    ],
)
def test_prices(document, verdict, model, parameters, amount):
    assert estimate(document(model), verdict(model, **parameters).values).amount == Decimal(amount)
