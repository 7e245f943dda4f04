import pytest
from polyreel.cli.flags import Flag, any_model, flags_of, names, unknown_flags, value_of
from polyreel.documents.registry import aliases, parameters
from polyreel.errors import InvalidRequest


def flag(name="acme_thing", **schema):
    return Flag(name=name, schema=schema)


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "8", 8),
        ({"type": "integer"}, "-8", -8),
        ({"type": "integer"}, "8.5", "8.5"),
        ({"type": "integer"}, "8s", "8s"),
        ({"type": "integer"}, "1_0", "1_0"),
        ({"type": "integer"}, "9" * 5000, "9" * 5000),
        ({"type": "integer", "enum": [4, 8]}, "8", 8),
        ({"type": "number"}, "8.5", 8.5),
        ({"type": "number"}, "nan", "nan"),
        ({"type": "number"}, "inf", "inf"),
        ({"type": ["integer", "number"]}, "8", 8),
        ({"type": "string"}, "8", "8"),
        ({"type": "string", "enum": ["720p"]}, "720p", "720p"),
        ({"enum": [4, "auto"]}, "4", 4),
        ({"const": True}, "true", True),
        ({"type": ["boolean", "string"]}, "false", False),
        ({"type": "object"}, '{"a": [1]}', {"a": [1]}),
        ({"x-media": {"accept": ["image/png"]}}, "boat.png", "boat.png"),
        ({"x-media": {"accept": ["image/png"]}}, "bo\udce4t.png", "bo\udce4t.png"),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(schema, text, value):
    read = value_of(flag(**schema), [text])
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("items", "texts", "value"),
    [
        ({"type": "integer"}, ["1", "2"], [1, 2]),
        ({"type": "string"}, ["a"], ["a"]),
        ({"type": "object"}, ['{"id": "a"}', '{"id": "b"}'], [{"id": "a"}, {"id": "b"}]),
        ({"type": "object"}, ['[{"id": "a"}, {"id": "b"}]'], [{"id": "a"}, {"id": "b"}]),
        ({"x-media": {}}, ["a.png", "https://example.com/b.png"], ["a.png", "https://example.com/b.png"]),
    ],
)
def test_a_list_is_given_entry_by_entry_or_as_json(items, texts, value):
    assert value_of(flag(type="array", items=items), texts) == value


@pytest.mark.parametrize(
    ("schema", "texts", "message"),
    [
        ({"type": "object"}, ['{"a"'], "is no valid JSON"),
        ({"type": "array", "items": {"type": "object"}}, ["[1"], "is no valid JSON"),
        ({"type": "integer"}, ["4", "8"], "is given 2 times with different values"),
        ({"type": "string"}, ["\udce4"], "is no text"),
    ],
)
def test_what_cannot_be_read_is_a_problem_of_its_parameter(schema, texts, message):
    with pytest.raises(InvalidRequest, match=message) as caught:
        value_of(flag(**schema), texts)
    assert [problem.parameter for problem in caught.value.problems] == ["acme_thing"]


def test_the_same_value_twice_is_no_contradiction():
    assert value_of(flag(type="integer"), ["4", "4"]) == 4


def test_aliases_and_what_the_model_lacks_are_accepted_and_hidden():
    made = {
        flag.option: flag for flag in flags_of({"duration": {"type": "integer"}}, parameters(), aliases())
    }
    assert not made["--duration"].hidden
    assert made["--seconds"].hidden
    assert made["--seconds"].schema == {"type": "integer"}
    assert made["--negative-prompt"].hidden
    assert "--prompt" not in made


def test_a_boolean_is_a_switch_with_two_forms():
    sound = flag(name="generate_audio", type="boolean")
    assert names([sound]) == {"--generate-audio": False, "--no-generate-audio": False}


KNOWN = {"--size": True, "--loud": False, "--input-image": True, "-m": True}


@pytest.mark.parametrize(
    ("args", "spelled", "unknown"),
    [
        (["boat", "--size", "1x1"], ["boat", "--size", "1x1"], []),
        (["--durration", "4", "boat"], ["--durration", "4", "boat"], [("--durration", True)]),
        (["--durration=4"], ["--durration=4"], [("--durration", True)]),
        (["--shiny", "--size", "1x1"], ["--shiny", "--size", "1x1"], [("--shiny", False)]),
        (["--shiny"], ["--shiny"], [("--shiny", False)]),
        (["--cold", "-4"], ["--cold", "-4"], [("--cold", True)]),
        (["--shiny", "-m", "x"], ["--shiny", "-m", "x"], [("--shiny", False)]),
        (["--size", "--odd"], ["--size", "--odd"], []),
        (["--input_image", "a_b.png"], ["--input-image", "a_b.png"], []),
        (["--input_image=a_b.png"], ["--input-image=a_b.png"], []),
        (["--loud", "--", "--durration"], ["--loud", "--", "--durration"], []),
        (["--size"], ["--size"], []),
    ],
)
def test_unknown_flags_are_told_from_values(args, spelled, unknown):
    assert unknown_flags(args, KNOWN) == (spelled, unknown)


@pytest.mark.parametrize(
    ("schema", "metavar", "text"),
    [
        ({"type": "integer", "enum": [4, 8], "default": 4, "x-unit": "s"}, "4|8", "[s; default: 4]"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "N", "[1 to 9]"),
        ({"type": "integer", "minimum": 1}, "N", "[at least 1]"),
        ({"type": "string", "enum": ["a" * 20, "b" * 20]}, "TEXT", f"[{'a' * 20}, {'b' * 20}]"),
        ({"x-media": {"accept": ["video/mp4"], "reference": True}}, "FILE|URL", "[video/mp4 or a job]"),
        ({"type": "array", "items": {"x-media": {}}}, "FILE|URL", "[repeatable]"),
        ({"type": "object", "description": "More."}, "JSON", "More."),
        ({"type": "integer", "const": 24, "x-unit": "{frame}/s"}, "N", "[always 24; frame/s]"),
    ],
)
def test_the_help_says_what_is_allowed(schema, metavar, text):
    made = flag(**schema)
    assert made.metavar == metavar
    assert made.help.strip().endswith(text)


def test_of_a_parameter_that_models_disagree_about_every_type_is_taken():
    """For a search, or ``-m auto``: the values of one model must not shut out those of another."""
    one = {"type": "integer", "enum": [1, 2], "default": 1, "description": "How.", "x-unit": "s"}
    other = {"type": "string", "description": "How.", "enum": ["slow"]}
    same = {"type": "boolean", "default": True}
    duration = {"type": "integer"}
    first = {"acme_mode": one, "acme_same": same, "duration": {"type": "integer", "enum": [4]}}
    found = any_model([first, {"acme_mode": other, "acme_same": dict(same)}], {"duration": duration})
    assert found["duration"] == duration
    assert found["acme_same"] == same
    assert found["acme_mode"] == {
        "description": "How.",
        "x-unit": "s",
        "x-advanced": True,
        "type": ["integer", "string"],
    }
    flag = Flag(name="acme_mode", schema=found["acme_mode"])
    assert [value_of(flag, [text]) for text in ("3", "slow", "fast")] == [3, "slow", "fast"]
