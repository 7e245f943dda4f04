import pytest
from polyreel.parameters.native import native_body


def body(properties, values, **options):
    return native_body({"properties": {n: {"x-native": p} for n, p in properties.items()}}, values, **options)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/prompt", {"prompt": 1}),
        ("/a/b/c", {"a": {"b": {"c": 1}}}),
        ("/instances/0/prompt", {"instances": [{"prompt": 1}]}),
        ("/instances/1/prompt", {"instances": [None, {"prompt": 1}]}),
        ("/a/0", {"a": [1]}),
        ("/a/0/1", {"a": [[None, 1]]}),
        ("/a~1b/c~0d", {"a/b": {"c~d": 1}}),
        ("/a~01", {"a~1": 1}),
    ],
)
def test_a_pointer_is_a_place(pointer, expected):
    assert body({"x": pointer}, {"x": 1}) == expected


def test_values_meet_in_one_body():
    properties = {
        "prompt": "/instances/0/prompt",
        "input_image": "/instances/0/image/data",
        "last_frame": "/instances/1/image",
        "duration": "/parameters/durationSeconds",
        "size": "/parameters/size",
    }
    values = {"prompt": "p", "input_image": "i", "last_frame": "l", "duration": 4, "size": "s"}
    assert body(properties, values) == {
        "instances": [{"prompt": "p", "image": {"data": "i"}}, {"image": "l"}],
        "parameters": {"durationSeconds": 4, "size": "s"},
    }


def test_what_has_no_place_is_left_out():
    properties = {"prompt": "/prompt", "fps": False, "input_image": "/image"}
    values = {"prompt": "p", "fps": 24, "input_image": "i", "unknown": 1}
    assert body(properties, values, without={"input_image"}) == {"prompt": "p"}


def test_falsy_values_are_placed():
    properties = {name: f"/{name}" for name in "abcd"}
    values = {"a": 0, "b": False, "c": "", "d": None}
    assert body(properties, values) == values


@pytest.mark.parametrize(
    ("kind", "value", "native"),
    [
        ("string", 4, "4"),
        ("string", 4.5, "4.5"),
        ("string", True, "true"),
        ("string", False, "false"),
        ("integer", "4", 4),
        ("integer", 4.0, 4),
        ("number", "4.5", 4.5),
        ("number", 4, 4.0),
        ("boolean", 1, True),
    ],
)
def test_a_value_takes_the_vendors_type(kind, value, native):
    placed = body({"x": {"at": "/x", "as": kind}}, {"x": value})["x"]
    assert (placed, type(placed)) == (native, type(native))


@pytest.mark.parametrize(
    ("value", "native"), [("720p", "HD"), (4, "four"), (True, "yes"), ("other", "other"), (False, False)]
)
def test_a_value_takes_the_vendors_word(value, native):
    words = {"720p": "HD", "4": "four", "true": "yes"}
    assert body({"x": {"at": "/x", "values": words}}, {"x": value}) == {"x": native}


def test_the_word_comes_before_the_type():
    assert body({"x": {"at": "/x", "values": {"720p": "720"}, "as": "integer"}}, {"x": "720p"}) == {"x": 720}
