"""From what a caller wrote to values, notices and problems."""

import math
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.parameters.aliases import unified
from polyreel.parameters.preparation import prepare
from polyreel.parameters.problems import nearest, shortened, suggested_name
from polyreel.parameters.shapes import derived

PROMPT = {"prompt": "a boat"}


def problem(model, **given):
    (found,) = prepare(model, {**PROMPT, **given}).problems
    return found


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alias", "name", "value"),
    [
        ("seconds", "duration", 8),
        ("duration_seconds", "duration", 8),
        ("dimension", "size", "1280x720"),
        ("input_reference", "input_image", b"x"),
    ],
)
def test_an_alias_is_the_name(model, alias, name, value):
    prepared = prepare(model, {**PROMPT, alias: value})
    assert prepared.problems == ()
    assert prepared.requested == {**PROMPT, name: value}
    assert prepared.values[name] == value


def test_names_of_the_same_thing_may_agree():
    assert unified({"seconds": 8, "duration": 8, "duration_seconds": 8}) == ({"duration": 8}, [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"seconds": 8}, {"duration": 4}),
        ({"seconds": 1}, {"duration": True}),
        ({"seconds": "8"}, {"duration": 8}),
    ],
)
def test_names_of_the_same_thing_must_not_differ(model, one, other):
    for given_ in ({**one, **other}, {**other, **one}):
        _, (found,) = unified(given_)
        assert found.parameter == "duration"
        first, second = given_.items()
        assert found.message == (
            f"{first[0]}={first[1]!r} and {second[0]}={second[1]!r} are two names for the same thing and differ; "
            "give one of them"
        )
        assert found in prepare(model, {**PROMPT, **given_}).problems


def test_things_that_refuse_to_be_compared_differ():
    class Picture:
        def __eq__(self, other):
            raise ValueError("ambiguous")

        __hash__ = None

    one, other = Picture(), Picture()
    assert unified({"input_image": one, "input_reference": one})[1] == []
    assert len(unified({"input_image": one, "input_reference": other})[1]) == 1


def test_none_is_not_given(model):
    given_ = {**PROMPT, "seconds": None, "duration": 8, "size": None, "no_such_thing": None}
    prepared = prepare(model, given_)
    assert prepared.problems == ()
    assert prepared.requested == {**PROMPT, "duration": 8}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("durration", "duration"),
        ("promt", "prompt"),
        ("acme_strenght", "acme_strength"),
        ("secnods", "seconds"),
    ],
)
def test_a_misspelt_name_is_recognised(model, written, meant):
    found = problem(model, **{written: 1})
    assert found.parameter == written
    assert found.suggestion == meant
    assert f"there is no such parameter; did you mean '{meant}'? acme/full has: " in found.message
    assert "acme_either, acme_note" in found.message


def test_a_name_like_none_is_not_guessed(model):
    found = problem(model, zzz="x" * 500)
    assert (found.suggestion, found.value) == (None, f"{'x' * 80}… (500 characters)")
    assert found.message.startswith("there is no such parameter acme/full has: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("generate_audio", True),
        ("negative_prompt", "rain"),
        ("last_frame", b"x"),
        ("fps", 24),
        ("duration", 4),
    ],
)
def test_what_a_model_lacks_and_would_change_the_film_is_an_error(plain, name, value):
    found = problem(plain, **{name: value})
    assert found.parameter == name
    assert found.message.startswith(f"acme/plain has no {name}; leave it out, or pass on_unsupported='warn'")
    assert found.message.endswith("It has: prompt")
    prepared = prepare(plain, {**PROMPT, name: value}, on_unsupported="warn")
    assert prepared.problems == ()
    assert prepared.values == PROMPT
    (notice,) = prepared.notices
    assert (notice.parameter, notice.message) == (name, f"acme/plain has no {name}; it is left out")


@pytest.mark.parametrize("on_unsupported", ["error", "warn"])
def test_a_hint_is_a_warning_either_way(plain, on_unsupported):
    prepared = prepare(plain, {**PROMPT, "seed": 7}, on_unsupported=on_unsupported)
    assert (prepared.problems, prepared.values) == ((), PROMPT)
    assert [notice.parameter for notice in prepared.notices] == ["seed"]
    assert prepared.requested == {**PROMPT, "seed": 7}


def test_a_misspelling_is_an_error_even_when_asked_to_warn(plain):
    (found,) = prepare(plain, {**PROMPT, "promt": "x"}, on_unsupported="warn").problems
    assert found.parameter == "promt"


# --- shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "row"),
    [
        ({}, ("720x1280", "9:16", "720p")),
        ({"size": "1920x1080"}, ("1920x1080", "16:9", "1080p")),
        ({"dimension": "1280x720"}, ("1280x720", "16:9", "720p")),
        ({"aspect_ratio": "16:9"}, ("1280x720", "16:9", "720p")),
        ({"resolution": "1080p"}, ("1080x1920", "9:16", "1080p")),
        ({"aspect_ratio": "16:9", "resolution": "1080p"}, ("1920x1080", "16:9", "1080p")),
        ({"size": "1920x1080", "aspect_ratio": "16:9"}, ("1920x1080", "16:9", "1080p")),
        (
            {"size": "1920x1080", "aspect_ratio": "16:9", "resolution": "1080p"},
            ("1920x1080", "16:9", "1080p"),
        ),
    ],
)
def test_size_and_shape_follow_from_each_other(model, given_, row):
    prepared = prepare(model, {**PROMPT, **given_})
    assert prepared.problems == ()
    assert tuple(prepared.values[name] for name in ("size", "aspect_ratio", "resolution")) == row


@pytest.mark.parametrize(
    ("given_", "names"),
    [
        ({"size": "1920x1080", "aspect_ratio": "9:16"}, "size and aspect_ratio"),
        ({"size": "1920x1080", "resolution": "720p"}, "size and resolution"),
        (
            {"size": "1920x1080", "aspect_ratio": "16:9", "resolution": "720p"},
            "size and aspect_ratio and resolution",
        ),
    ],
)
def test_a_contradiction_is_said_with_what_is_possible(model, given_, names):
    found = problem(model, **given_)
    assert found.parameter == names
    said = " and ".join(f"{name}={value!r}" for name, value in given_.items())
    assert found.message.startswith(f"{said} contradict each other; possible together: ")
    assert "size=1280x720" in found.message
    assert {"size": "1280x720", "aspect_ratio": "16:9", "resolution": "720p"} in found.allowed


def test_a_value_in_no_row_is_left_to_the_schema(model):
    found = problem(model, size="640x480")
    assert found.parameter == "size"
    assert "'640x480' is not offered; allowed: 720x1280, 1280x720, 1080x1920, 1920x1080" in found.message
    (found,) = prepare(model, {**PROMPT, "size": "640x480", "aspect_ratio": "16:9"}).problems
    assert found.parameter == "size"


def test_a_model_without_rows_derives_nothing():
    assert derived({"size": "1x1"}, ()) == ({}, None)


# --- defaults, types and values -------------------------------------------------------------------------------------------


def test_defaults_are_added_and_what_was_asked_is_kept_apart(model):
    prepared = prepare(model, PROMPT)
    assert prepared.requested == PROMPT
    assert prepared.values == {
        **PROMPT,
        "duration": 4,
        "size": "720x1280",
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "fps": 24,
        "n": 1,
        "generate_audio": True,
    }


def test_the_document_and_what_was_given_stay_as_they_are(model):
    before, given_ = repr(model.json), {**PROMPT, "seconds": 8}
    prepare(model, given_).values["duration"] = 99
    assert repr(model.json) == before
    assert given_ == {**PROMPT, "seconds": 8}
    assert prepare(model, given_).values["duration"] == 8


@pytest.mark.parametrize(
    ("given_", "parameter", "message", "suggestion"),
    [
        ({"prompt": ""}, "prompt", "is empty", None),
        ({"prompt": "x" * 101}, "prompt", "has 101 characters; at most 100 are allowed", None),
        ({"prompt": 7}, "prompt", "must be a text, not 7 (int)", None),
        ({"duration": 6}, "duration", "6 is not offered; allowed: 4, 8, 12; the nearest is 4", 4),
        ({"duration": 11}, "duration", "11 is not offered; allowed: 4, 8, 12; the nearest is 12", 12),
        ({"duration": "8"}, "duration", "must be a whole number, not '8' (str); the nearest is 8", 8),
        ({"duration": "nine"}, "duration", "must be a whole number, not 'nine' (str)", None),
        ({"duration": 8.5}, "duration", "must be a whole number, not 8.5 (float); the nearest is 8", 8),
        ({"duration": True}, "duration", "must be a whole number, not True (bool)", None),
        ({"duration": math.inf}, "duration", "must be a whole number, not inf (float)", None),
        ({"duration": "nan"}, "duration", "must be a whole number, not 'nan' (str)", None),
        ({"duration": 10**400}, "duration", None, None),
        ({"n": True}, "n", "must be a whole number, not True (bool)", None),
        ({"n": "3"}, "n", "must be a whole number, not '3' (str); the nearest is 3", 3),
        ({"n": 0}, "n", "0 is too small; at least 1", None),
        ({"n": 5}, "n", "5 is too large; at most 4", None),
        ({"fps": 30}, "fps", "30 is not offered; this model always has 24", 24),
        ({"generate_audio": 1}, "generate_audio", "must be true or false, not 1 (int)", None),
        (
            {"generate_audio": False},
            "generate_audio",
            "False is not offered; this model always has True",
            None,
        ),
        (
            {"aspect_ratio": "16/9"},
            "aspect_ratio",
            "'16/9' is not offered; allowed: 9:16, 16:9; the nearest is '16:9'",
            "16:9",
        ),
        ({"acme_tag": b"x"}, "acme_tag", "must be a text, not '<1 bytes>' (bytes)", None),
        ({"acme_tag": "ab"}, "acme_tag", "has 2 characters; at least 3 are needed", None),
        ({"acme_tag": "ABC"}, "acme_tag", "'ABC' does not have the form ^[a-z]+$", None),
        ({"acme_note": "ABC"}, "acme_note", "a note is in small letters", None),
        ({"acme_options": 1}, "acme_options", "must be a mapping, not 1 (int)", None),
        (
            {"acme_options": {"mode": "fast", "level": 1, "b": 1, "a": 1}},
            "acme_options",
            "has unknown names: a, b",
            None,
        ),
        (
            {"acme_options": {"mode": "fats", "level": 1}},
            "acme_options.mode",
            "'fats' is not offered; allowed: fast, slow; the nearest is 'fast'",
            "fast",
        ),
        (
            {"acme_options": {"mode": "fast", "level": "1"}},
            "acme_options.level",
            "must be a whole number, not '1' (str); the nearest is 1",
            1,
        ),
        ({"acme_either": "x"}, "acme_either", "'x' is not valid under any of the given schemas", None),
    ],
)
def test_a_problem_names_the_value_what_is_allowed_and_the_nearest(
    model, given_, parameter, message, suggestion
):
    found = problem(model, **given_)
    assert found.parameter == parameter
    assert message is None or found.message == message
    assert (found.suggestion, type(found.suggestion)) == (suggestion, type(suggestion))
    assert str(found) == f"{found.parameter}: {found.message}"


@pytest.mark.parametrize(
    ("given_", "parameter", "message"),
    [
        ({"acme_strength": -1, "input_image": b"x"}, "acme_strength", "-1 is too small; at least 0"),
        ({"acme_strength": 1, "input_image": b"x"}, "acme_strength", "1 is too large; less than 1"),
        ({"acme_scale": 0, "duration": 8}, "acme_scale", "0 is too small; more than 0"),
        ({"acme_scale": 9.5, "duration": 8}, "acme_scale", "9.5 is too large; at most 9"),
        ({"acme_scale": 0.7, "duration": 8}, "acme_scale", "0.7 is not a multiple of 0.5"),
        ({"acme_scale": "x", "duration": 8}, "acme_scale", "must be a number or nothing, not 'x' (str)"),
        (
            {"reference_images": [], "acme_tag": "abc", "acme_options": {"mode": "fast", "level": 1}},
            "reference_images",
            "has 0 entries; at least 1",
        ),
        (
            {"reference_images": [b""] * 4, "acme_tag": "abc", "acme_options": {"mode": "fast", "level": 1}},
            "reference_images",
            "has 4 entries; at most 3",
        ),
        (
            {"acme_strength": 0.5},
            "input_image",
            "a strength says how far to leave the picture: give input_image too",
        ),
        ({"acme_scale": 1}, "duration", "a scale needs 8 seconds"),
        ({"acme_note": "abc", "acme_tag": "abc"}, "acme_tag", "is not possible in this combination"),
        (
            {"acme_either": 1, "input_image": b"x"},
            "request",
            "give acme_either or input_image, not both",
        ),
    ],
)
def test_a_combination_that_is_not_possible_says_why(model, given_, parameter, message):
    found = problem(model, **given_)
    assert (found.parameter, found.message) == (parameter, message)


def test_everything_that_is_missing_is_said(model):
    problems = prepare(model, {"reference_images": [b"x"]}).problems
    assert [str(found) for found in problems] == [
        "prompt: is missing",
        "acme_tag: is missing",
        "acme_options: is missing",
    ]
    problems = prepare(model, {**PROMPT, "acme_options": {}}).problems
    assert [str(found) for found in problems] == [
        "acme_options.mode: is missing",
        "acme_options.level: is missing",
    ]


def test_everything_that_is_wrong_is_said_at_once(model):
    problems = prepare(model, {"prompt": "", "duration": 6, "sizze": "x", "fps": 30}).problems
    assert {found.parameter for found in problems} == {"prompt", "duration", "sizze", "fps"}


def test_what_json_does_not_tell_apart_comes_out_in_one_spelling(model):
    prepared = prepare(
        model,
        {
            **PROMPT,
            "duration": 8.0,
            "reference_images": (b"a", b"b"),
            "acme_tag": "abc",
            "acme_options": {"mode": "fast", "level": 1},
        },
    )
    assert prepared.problems == ()
    assert repr(prepared.values["duration"]) == "8"
    assert prepared.values["reference_images"] == [b"a", b"b"]


def test_a_number_that_may_have_a_fraction_keeps_its_type(model):
    prepared = prepare(model, {**PROMPT, "acme_strength": 0.0, "input_image": b"x"})
    assert prepared.problems == ()
    assert repr(prepared.values["acme_strength"]) == "0.0"


def test_half_a_character_is_refused_before_anything_is_written(model):
    found = problem(model, prompt="a boat \ud83d")
    assert found.parameter == "prompt"
    assert "half a character" in found.message
    assert prepare(model, {"prompt": "a boat 🚣"}).problems == ()


def test_media_count_as_present_whatever_they_are(model):
    for medium in (b"x", pathlib.Path("a.png"), object(), "a.png"):
        assert prepare(model, {**PROMPT, "input_image": medium}).problems == ()


def test_the_verdict_does_not_depend_on_what_was_asked_before(model, make_model):
    """A combination that is known to be accepted is not checked again; its neighbours are."""
    good = {**PROMPT, "duration": 8, "n": 1}
    assert prepare(model, good).problems == ()
    assert prepare(model, good).problems == ()
    for wrong in ({"n": True}, {"duration": 8, "n": 9}, {"prompt": ""}, {"prompt": 7}, {"duration": "8"}):
        assert prepare(model, {**good, **wrong}).problems != ()
    missing = {name: value for name, value in good.items() if name != "prompt"}
    assert [found.parameter for found in prepare(model, missing).problems] == ["prompt"]
    other = make_model("other", {"duration": {"enum": [1]}, "n": {}})
    assert prepare(other, good).problems != ()


def test_a_rule_about_the_prompt_is_checked_each_time(make_model):
    model = make_model(
        "coupled",
        {"duration": {}},
        allOf=[
            {
                "if": {"properties": {"duration": {"const": 8}}, "required": ["duration"]},
                "then": {"properties": {"prompt": {"maxLength": 3}}},
            }
        ],
    )
    assert prepare(model, {"prompt": "abc", "duration": 8}).problems == ()
    assert len(prepare(model, {"prompt": "abcd", "duration": 8}).problems) == 1


# --- the words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "allowed", "found"),
    [
        (5, [4, 8], 4),
        (6, [8, 4], 4),
        (7.5, [4, 8], 8),
        ("7", [4, 8], 8),
        (-3, [4, 8], 4),
        (5, ["4", "8"], None),
        (True, [0, 1], None),
        ("inf", [4, 8], None),
        (10**400, [4, 8], None),
        ("fasst", ["fast", "slow"], "fast"),
        ("zzz", ["fast", "slow"], None),
        (None, [4], None),
        ([4], [4], None),
        ("1792x1024", ["720x1280", "1280x720"], "1280x720"),
        ("1024x1792", ["1280x720", "720x1280"], "720x1280"),
        ("1280X721", ["720x1280", "1280x720", "1920x1080"], "1280x720"),
        ("1920\u00d71088", ["720x1280", "1280x720", "1920x1080"], "1920x1080"),
        ("640x640", ["720x1280", "1024x1024", "512x512"], "512x512"),
        ("7:4", ["9:16", "16:9", "1:1"], "16:9"),
        ("4:7", ["16:9", "9:16", "1:1"], "9:16"),
        ("4:5", ["16:9", "9:16", "1:1"], "1:1"),
        ("1024p", ["480p", "720p", "1080p"], "1080p"),
        ("4k", ["720p", "1080p", "4K"], "4K"),
        ("4k", ["720p", "1080p"], "1080p"),
        ("0x0", ["1280x720"], None),
    ],
)
def test_the_nearest_value(value, allowed, found):
    assert nearest(value, allowed) == found


def test_the_nearest_name():
    assert suggested_name("durashun", ["size", "duration"]) == "duration"
    assert suggested_name("x", ["size", "duration"]) is None
    assert suggested_name("x", []) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 80 + "… (81 characters)"),
        (b"abc", "<3 bytes>"),
        ([1, 2], "<list of 2>"),
        ((1,), "<tuple of 1>"),
        ({"a": 1}, "<dict of 1>"),
        (pathlib.PurePosixPath("a"), "<PurePosixPath>"),
    ],
)
def test_a_value_in_a_message_is_short(value, shown):
    assert shortened(value) == shown


# --- anything at all ----------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [
        *(
            "prompt",
            "duration",
            "seconds",
            "size",
            "dimension",
            "aspect_ratio",
            "resolution",
            "fps",
            "n",
            "seed",
        ),
        *("generate_audio", "negative_prompt", "input_image", "reference_images", "video", "acme_strength"),
        *("acme_scale", "acme_tag", "acme_note", "acme_options", "acme_either"),
    ]
)
_LIKELY = st.sampled_from(
    [
        "a boat",
        4,
        8,
        8.0,
        "8",
        "720x1280",
        "1280x720",
        "16:9",
        "1080p",
        24,
        1,
        True,
        0.5,
        [b"x"],
        "abc",
        "",
        (1, 2),
    ]
)


@given(
    st.dictionaries(_NAMES | st.text(min_size=1, max_size=8), _JSON | _LIKELY),
    st.sampled_from(["error", "warn"]),
)
def test_anything_at_all_ends_in_values_or_in_readable_problems(model, given_, on_unsupported):
    prepared = prepare(model, given_, on_unsupported=on_unsupported)
    for found in prepared.problems:
        assert found.parameter
        assert found.message.strip()
        assert len(found.message) < 1000
    if not prepared.problems:
        assert model.json["properties"].keys() >= prepared.values.keys()
        again = prepare(model, prepared.values)
        assert (again.problems, again.values) == ((), prepared.values)
    for notice in prepared.notices:
        assert notice.message
