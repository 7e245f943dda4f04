"""From a request that breaks rules to the nearest one that is accepted."""

import pytest
from polyreel.parameters.nearness import Nearness, distance, fitted, nearness
from polyreel.parameters.preparation import prepare
from polyreel.parameters.repairs import importance, repaired

PICTURE = b"picture"


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ({"duration": 8}, {"duration": 8}),
        ({"acme_note": "a", "acme_tag": "abc"}, {"acme_tag": "abc"}),
        ({"acme_strength": 0.5}, {}),
        ({"acme_strength": 0.5, "input_image": PICTURE}, {"acme_strength": 0.5, "input_image": PICTURE}),
        ({"acme_scale": 2, "duration": 12}, {"acme_scale": 2, "duration": 8}),
        ({"acme_scale": 2}, {"acme_scale": 2, "duration": 8}),
        ({"acme_either": 1, "input_image": PICTURE}, {"input_image": PICTURE}),
        (
            {"acme_either": 1, "acme_strength": 0.5, "input_image": PICTURE},
            {"acme_strength": 0.5, "input_image": PICTURE},
        ),
        ({"reference_images": [PICTURE], "acme_tag": "abc"}, {"acme_tag": "abc"}),
        ({"size": "1280x720", "aspect_ratio": "9:16"}, {"size": "720x1280", "aspect_ratio": "9:16"}),
        ({"size": "1280x720", "resolution": "1080p"}, {"size": "1280x720", "resolution": "720p"}),
    ],
)
def test_the_least_gives_way(model, broken, mended):
    broken = {"prompt": "a boat", **broken}
    found = repaired(model, broken, broken)
    assert found == {"prompt": "a boat", **mended}
    assert prepare(model, found).problems == ()


def test_what_nobody_asked_for_gives_way_first(model):
    broken = {"prompt": "a boat", "size": "1280x720", "aspect_ratio": "9:16"}
    asked = {"prompt": "a boat", "size": "1280x720"}
    found = repaired(model, broken, asked)
    assert prepare(model, found).problems == ()
    assert found["size"] == "1280x720"


@pytest.fixture(scope="module")
def shy(make_model):
    """Short films take short prompts only, and long ones no picture."""
    return make_model(
        "shy",
        {
            "duration": {"type": "integer", "minimum": 2, "maximum": 10, "default": 2},
            "input_image": {"x-media": {"accept": ["image/png"]}},
            "reference_images": {
                "type": "array",
                "minItems": 1,
                "items": {"x-media": {"accept": ["image/png"]}},
            },
            "fps": {"type": "integer", "enum": [24], "default": 24},
        },
        allOf=[
            {
                "if": {"properties": {"duration": {"maximum": 5}}},
                "then": {"properties": {"prompt": {"maxLength": 10}}},
            },
            {
                "if": {"required": ["input_image"]},
                "then": {
                    "properties": {"duration": {"exclusiveMaximum": 8}, "reference_images": {"maxItems": 2}}
                },
            },
        ],
    )


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ({"prompt": "a boat in the rain"}, {"prompt": "a boat in the rain", "duration": 6}),
        ({"prompt": "a boat in the rain", "duration": 5}, {"prompt": "a boat in the rain", "duration": 6}),
        ({"duration": 9, "input_image": PICTURE}, {"duration": 7, "input_image": PICTURE}),
        (
            {"input_image": PICTURE, "reference_images": [PICTURE] * 3},
            {"input_image": PICTURE, "reference_images": [PICTURE] * 2},
        ),
    ],
)
def test_a_bound_is_kept_from_its_near_side(shy, broken, mended):
    broken = {"prompt": "a boat", **broken}
    found = repaired(shy, broken, broken)
    assert found == {"prompt": "a boat", **mended}
    assert prepare(shy, found).problems == ()


def test_a_prompt_is_cut_only_where_nothing_else_helps(make_model):
    terse = make_model(
        "terse",
        {"fps": {"type": "integer", "const": 24, "default": 24}},
        allOf=[
            {
                "if": {"properties": {"fps": {"const": 24}}},
                "then": {"properties": {"prompt": {"maxLength": 10}}},
            }
        ],
    )
    request = {"prompt": "a boat in the rain"}
    assert repaired(terse, request, request) == {"prompt": "a boat in"}


@pytest.mark.parametrize("prompt", ["half a \ud800", "x" * 300, ""])
def test_what_cannot_be_made_up_is_still_a_problem(make_model, prompt):
    demanding = make_model(
        "demanding",
        {"input_image": {"x-media": {"accept": ["image/png"]}}},
        required=["prompt", "input_image"],
    )
    request = {"prompt": prompt}
    assert repaired(demanding, request, request) == request
    assert prepare(demanding, request).problems


def test_what_no_schema_speaks_of_is_left_out(new_seed):
    request = {"prompt": "a boat", "seed": 10**400, "negative_prompt": "half \ud800", "n": 2}
    assert repaired(new_seed, request, request) == {"prompt": "a boat", "n": 2}


_KINDS = {"seed": "integer", "negative_prompt": "string", "n": "integer"}


@pytest.fixture(scope="module")
def new_seed(make_model):
    return make_model("seed", {name: {"type": kind} for name, kind in _KINDS.items()})


def test_a_document_at_odds_with_itself_ends_the_search(make_model):
    """Every way leads to another broken rule; the search is bounded."""
    names = [f"acme_{letter}" for letter in "abcdefgh"]
    impossible = make_model(
        "impossible",
        {name: {"type": "integer", "enum": list(range(9))} for name in names},
        allOf=[
            {
                "if": {"required": ["prompt"], "properties": {name: {"minimum": 0} for name in names}},
                "then": False,
            }
        ],
    )
    request = {"prompt": "a boat", **dict.fromkeys(names, 3)}
    assert repaired(impossible, request, request) == {"prompt": "a boat"}


def test_what_a_parameter_weighs(model):
    assert importance("prompt", model) > importance("input_image", model) > importance("duration", model)
    assert importance("reference_images", model) == importance("input_image", model)


# --- values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (8, 8, Nearness.KEPT),
        (8, 8.0, Nearness.KEPT),
        (8, 10, Nearness.NEAR),
        (8, 12, Nearness.NEAR),
        (8, 13, Nearness.FAR),
        (12, 8, Nearness.NEAR),
        (8, 0, Nearness.FAR),
        (8, None, Nearness.LOST),
        (True, 1, Nearness.FAR),
        (True, False, Nearness.FAR),
        ("720p", "1080p", Nearness.NEAR),
        ("720p", "4k", Nearness.FAR),
        ("4k", "2160p", Nearness.NEAR),
        ("16:9", "7:4", Nearness.NEAR),
        ("16:9", "9:16", Nearness.FAR),
        ("1280x720", "1920x1080", Nearness.NEAR),
        ("1280x720", "720x1280", Nearness.FAR),
        ("1280x720", "3840x2160", Nearness.FAR),
        ("1280x720", "16:9", Nearness.FAR),
        ("textToVideo", "text_to_video", Nearness.NEAR),
        ("edit", "remix", Nearness.FAR),
        ("8", 8, Nearness.FAR),
        ((1, 2), [1, 2], Nearness.KEPT),
        ([1, 2], [1], Nearness.FAR),
    ],
)
def test_how_much_is_left(before, after, expected):
    assert nearness(before, after) is expected


class Touchy:
    """As arrays and pictures do: comparing it is an error."""

    __hash__ = None

    def __eq__(self, other):
        raise ValueError("the truth value of this is ambiguous")


def test_what_cannot_be_compared_is_itself():
    value = Touchy()
    assert nearness(value, value) is Nearness.KEPT
    assert distance(value, value) == 0


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "integer", "minimum": 3, "maximum": 15}, 20, 15),
        ({"type": "integer", "minimum": 3, "maximum": 15}, 1, 3),
        ({"type": "integer", "minimum": 3}, 4.4, 4),
        ({"type": "integer", "minimum": 3, "multipleOf": 2}, 1, 4),
        ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 6}, 9, 5),
        ({"type": "number", "maximum": 1.5}, 2, 1.5),
        ({"type": "number", "exclusiveMaximum": 1}, 2, None),
        ({"type": "integer", "minimum": 5, "maximum": 5, "multipleOf": 2}, 1, None),
        ({"type": "integer"}, float("inf"), None),
        ({"type": "integer"}, "8", None),
        ({"enum": [4, 8], "default": 4}, 7, 8),
        ({"enum": [4, 8], "default": 4}, "eight", 4),
        ({"enum": [4, 8]}, "eight", None),
        ({"const": True, "default": True}, False, True),
        ({"type": "boolean"}, "yes", None),
        ({"type": "string", "maxLength": 9}, "a boat in rain", "a boat in"),
        ({"type": "string", "maxLength": 8}, "a boat in rain", "a boat"),
        ({"type": "string", "maxLength": 4}, "aboatinrain", "aboa"),
        ({"type": "string", "maxLength": 4}, "    boat", None),
        ({"type": "string", "pattern": "^s3:"}, "https://a", None),
        ({"type": "array", "maxItems": 1}, [1, 2], [1]),
        ({"type": "array", "maxItems": 2}, (1, 2), [1, 2]),
        ({"type": "array", "items": {"type": "integer"}}, [1, "a", 2], [1, 2]),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [1, "a"], None),
        ({"type": "object", "required": ["a"]}, {"b": 1}, None),
    ],
)
def test_the_nearest_that_is_accepted(schema, value, expected):
    found = fitted(value, {"minLength": 1, **schema})
    assert found == expected
    assert type(found) is type(expected)
