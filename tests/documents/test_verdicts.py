"""The quick yes or no says what `jsonschema` says, of every schema and every value."""

import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from polyreel.documents.loading import meta_schema, parsed
from polyreel.documents.validation import accepts, validator
from polyreel.documents.verdicts import FOREIGN, WORDS, quick_check

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    parsed(path.read_bytes(), origin=path.name)
    for path in sorted(ROOT.glob("plugins/*/src/*/models/**/*.json"))
]
NAMES = ("a", "b", "prompt")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(
        [1.0, 1.5, math.nan, math.inf, Decimal(1), "", "a", "ab", "1", b"x", (1,), [1], [True], object()]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 1.5, "", "a", "ab", "1"])
KINDS = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
COUNTS = st.integers(0, 3)


def words(inner):
    """Every word that is judged quickly and those that belong to one, with schemas inside."""
    named = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    listed = st.lists(inner, min_size=1, max_size=3)
    lengths = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return {
        "type": KINDS | st.lists(KINDS, min_size=1, max_size=3, unique=True),
        "enum": st.lists(SCALARS, max_size=3),
        "const": SCALARS,
        "pattern": st.sampled_from(["a", "^b", "\\S"]),
        "properties": named,
        "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        **dict.fromkeys(
            ("additionalProperties", "propertyNames", "items", "not", "if", "then", "else"), inner
        ),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), listed),
        **dict.fromkeys(bounds, st.integers(-2, 2)),
        **dict.fromkeys(lengths, COUNTS),
        "description": st.just("a word that judges nothing"),
    }


def some_words(inner):
    values = words(inner)
    chosen = st.lists(st.sampled_from(sorted(values)), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: values[name] for name in names}))


SCHEMAS = st.recursive(st.booleans(), some_words, max_leaves=6)
# What a small schema says yes to and no to, in equal parts, so that each word has to tell values apart.
SMALL = st.booleans() | st.fixed_dictionaries({"type": KINDS}) | st.fixed_dictionaries({"const": SCALARS})
FRIENDS = {"if": ("then", "else"), "additionalProperties": ("properties",)}


def test_every_word_of_the_standard_is_judged_or_left_to_jsonschema():
    """``format`` is judged by neither, since no format checker is given."""
    assert set(WORDS) | FOREIGN | {"format"} == set(Draft202012Validator.VALIDATORS)
    assert not set(WORDS) & FOREIGN
    assert set(WORDS) <= set(words(SMALL))


@pytest.mark.parametrize("word", WORDS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_each_word_agrees_with_jsonschema(word, data):
    values = words(SMALL)
    friends = {friend: values[friend] for friend in FRIENDS.get(word, ())}
    schema = data.draw(st.fixed_dictionaries({word: values[word]}, optional=friends))
    check, validator = quick_check(schema), Draft202012Validator(schema)
    for value in data.draw(st.lists(VALUES, min_size=1, max_size=8)):
        assert check(value) is validator.is_valid(value), value


@settings(deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_it_agrees_with_jsonschema_on_any_schema(schema, value):
    check = quick_check(schema)
    assert check(value) is Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["$id"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_it_agrees_with_jsonschema_on_every_document(document, data):
    """Values are those that the document names, and their neighbours."""
    value = data.draw(
        st.fixed_dictionaries(
            {},
            optional={name: near(schema) for name, schema in document["properties"].items()}
            | {"other": SCALARS},
        )
    )
    assert quick_check(document)(value) is Draft202012Validator(document).is_valid(value)
    for rule in document.get("x-price", {}).get("rules", ()):
        when = rule.get("when", True)
        assert quick_check(when)(value) is Draft202012Validator(when).is_valid(value)


def near(schema):
    """Values at the edges of one parameter's schema."""
    named = [schema.get("const"), schema.get("default"), *schema.get("enum", ())]
    bounds = [bound for word, bound in schema.items() if isinstance(bound, int) and not word.startswith("x-")]
    edges = [bound + step for bound in bounds for step in (-1, 0, 1)]
    texts = ["x" * length for length in edges if 0 <= length <= 5000]
    lists = [[{"id": "a"}, {"text": "b"}][: max(0, length)] for length in edges if length < 5]
    return st.sampled_from(
        [*named, *edges, *texts, *lists, b"x", "job", "gs://bucket", "s3://bucket/a", [b"x"]]
    )


def test_a_schema_with_a_foreign_word_is_left_to_jsonschema():
    for schema in (
        {"uniqueItems": True},
        {"properties": {"a": {"multipleOf": 2}}},
        {"enum": [[1]]},
        meta_schema(),
    ):
        assert quick_check(schema) is None
    unique = {"uniqueItems": True}
    assert accepts(unique, [1, 2])
    assert not accepts(unique, [1, 1])


def test_no_document_needs_jsonschema_for_a_yes():
    assert DOCUMENTS
    assert all(quick_check(document) is not None for document in DOCUMENTS)


def test_a_truth_is_no_number():
    check = quick_check({"enum": [0, 1]})
    assert [check(value) for value in (0, 1, 1.0, True, False, "1")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("^a+$", "aa", True),
        ("^a+$", "aa\n", False),
        (r"a\$", "a$", True),
        (r"a\$", "a$\n", True),
        ("a", "a\n", True),
    ],
)
def test_a_pattern_ends_where_it_says(pattern, value, fits):
    schema = {"type": "string", "pattern": pattern}
    assert accepts(schema, value) is fits
    assert validator(schema).is_valid(value) is fits
