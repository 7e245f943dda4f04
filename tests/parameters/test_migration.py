from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.migration import Change, migrate
from polyreel.parameters.aliases import unified
from polyreel.parameters.preparation import prepare

PRICE = {"currency": "USD", "as_of": "2026-01-02"}


@pytest.fixture(scope="session")
def old(model):
    return model


@pytest.fixture
def new(make_model):
    """Speaks of shape and height where the old one speaks of pixels; other lengths, a prefix of its own."""
    return make_model(
        "new",
        {
            "duration": {"type": "integer", "enum": [5, 10], "default": 5},
            "aspect_ratio": {"enum": ["16:9", "9:16", "1:1"], "default": "16:9"},
            "resolution": {"enum": ["720p"], "default": "720p"},
            "seed": {"type": "integer"},
            "n": {"const": 1, "default": 1},
            "generate_audio": {"type": "boolean", "default": True},
            "input_image": {"x-media": {"accept": ["image/png"]}},
        },
        **{"x-price": {**PRICE, "rules": [{"per": "second", "amount": "0.20"}]}},
    )


def test_what_both_have_is_kept(old, new):
    moved = migrate(old, new, {"prompt": "a boat", "input_reference": b"x", "n": 1, "generate_audio": True})
    assert moved.parameters == {"prompt": "a boat", "input_image": b"x", "n": 1, "generate_audio": True}
    assert set(moved.kept) == {"prompt", "input_image", "n", "generate_audio"}
    assert moved.changes == moved.problems == ()
    assert (moved.source, moved.target) == ("acme/full", "acme/new")


def test_what_is_not_offered_becomes_the_nearest(old, new):
    moved = migrate(old, new, {"prompt": "a boat", "seconds": 8})
    assert moved.parameters == {"prompt": "a boat", "duration": 10}
    assert moved.kept == ("prompt",)
    assert moved.changes == (
        Change(parameter="duration", before=8, after=10, reason="acme/new offers 5, 10", fate="near"),
    )


def test_what_the_new_model_lacks_is_lost_and_said(old, new):
    moved = migrate(old, new, {"prompt": "a boat", "fps": 24, "acme_tag": "abc"})
    assert moved.parameters == {"prompt": "a boat"}
    assert moved.changes == (
        Change(parameter="fps", before=24, after=None, reason="acme/new has no fps"),
        Change(parameter="acme_tag", before="abc", after=None, reason="acme/new has no acme_tag"),
    )


@pytest.mark.parametrize(
    ("given_", "shape"),
    [
        ({"size": "1280x720"}, {"aspect_ratio": "16:9", "resolution": "720p"}),
        ({"size": "1080x1920"}, {"aspect_ratio": "9:16", "resolution": "720p"}),
        ({"resolution": "1080p"}, {"aspect_ratio": "9:16", "resolution": "720p"}),
        ({"aspect_ratio": "16:9"}, {"aspect_ratio": "16:9"}),
        ({}, {}),
    ],
)
def test_pixels_become_shape_and_height(old, new, given_, shape):
    moved = migrate(old, new, {"prompt": "a boat", **given_})
    assert {name: moved.parameters.get(name) for name in shape} == shape
    assert "size" not in moved.parameters
    assert moved.problems == ()
    assert set(moved.parameters) == {"prompt", *shape}


def test_shape_and_height_become_pixels(old, make_model):
    pixels = make_model("pixels", {"size": {"enum": ["720x1280", "1280x720"], "default": "720x1280"}})
    moved = migrate(old, pixels, {"prompt": "a boat", "aspect_ratio": "16:9", "resolution": "1080p"})
    assert moved.parameters == {"prompt": "a boat", "size": "1280x720"}
    assert [(change.parameter, change.after) for change in moved.changes] == [
        ("aspect_ratio", None),
        ("resolution", None),
    ]


def test_a_lying_film_stays_a_lying_one(old, make_model):
    wide = make_model(
        "wide",
        {
            "size": {"enum": ["1792x1024", "1024x1792"], "default": "1792x1024"},
            "aspect_ratio": {"enum": ["7:4", "4:7"]},
        },
        **{
            "x-derive": [
                {"size": "1792x1024", "aspect_ratio": "7:4"},
                {"size": "1024x1792", "aspect_ratio": "4:7"},
            ]
        },
    )
    for size, aspect_ratio in (("1792x1024", "16:9"), ("1024x1792", "9:16")):
        moved = migrate(wide, old, {"prompt": "a boat", "size": size})
        values = prepare(old, moved.parameters)
        assert values.problems == ()
        assert values.values["aspect_ratio"] == aspect_ratio


def test_values_that_contradict_each_other_at_the_new_model_are_thinned_out(old, make_model):
    fewer = make_model(
        "fewer",
        {
            "size": {"enum": ["1280x720", "720x1280"]},
            "aspect_ratio": {"enum": ["16:9", "9:16"]},
            "resolution": {"enum": ["720p"]},
        },
        **{
            "x-derive": [
                {"size": "1280x720", "aspect_ratio": "16:9", "resolution": "720p"},
                {"size": "720x1280", "aspect_ratio": "9:16", "resolution": "720p"},
            ]
        },
    )
    for size in ("720x1280", "1280x720", "1080x1920", "1920x1080"):
        moved = migrate(old, fewer, {"prompt": "a boat", "size": size})
        assert moved.problems == ()
        upright = prepare(fewer, moved.parameters).values["size"] == "720x1280"
        assert upright == (size in {"720x1280", "1080x1920"})


@pytest.fixture(scope="session")
def odd(make_model):
    """Lying films only small, standing ones only large."""
    return make_model(
        "odd",
        {
            "size": {"enum": ["1280x720", "1080x1920"]},
            "aspect_ratio": {"enum": ["16:9", "9:16"]},
            "resolution": {"enum": ["720p", "1080p"]},
        },
        **{
            "x-derive": [
                {"size": "1280x720", "aspect_ratio": "16:9", "resolution": "720p"},
                {"size": "1080x1920", "aspect_ratio": "9:16", "resolution": "1080p"},
            ]
        },
    )


@pytest.mark.parametrize(
    ("given_", "parameters", "changed"),
    [
        ({"size": "1920x1080"}, {"size": "1280x720"}, {"size": "1280x720"}),
        (
            {"aspect_ratio": "16:9", "resolution": "1080p"},
            {"aspect_ratio": "16:9", "resolution": "720p"},
            {"resolution": "720p"},
        ),
        ({"size": "720x1280"}, {"size": "1080x1920"}, {"size": "1080x1920"}),
    ],
)
def test_the_shape_matters_more_than_the_pixels_and_what_gives_way_is_said(
    old, odd, given_, parameters, changed
):
    moved = migrate(old, odd, {"prompt": "a boat", **given_})
    assert moved.problems == ()
    assert moved.parameters == {"prompt": "a boat", **parameters}
    assert {change.parameter: change.after for change in moved.changes} == changed
    assert set(moved.kept) == {"prompt", *given_} - set(changed)


def test_what_still_stands_in_the_way_is_said(old, make_model):
    strict = make_model("strict", {"seed": {"type": "integer"}}, required=["prompt", "seed"])
    assert migrate(old, strict, {"prompt": "a boat"}).problems == ("seed: is missing",)


def test_both_prices_are_told(make_model, new):
    source = make_model(
        "priced",
        {"duration": {"enum": [4, 8], "default": 4}},
        **{"x-price": {**PRICE, "rules": [{"per": "second", "amount": "0.10"}]}},
    )
    moved = migrate(source, new, {"prompt": "a boat", "duration": 8})
    assert (moved.before.amount, moved.after.amount) == (Decimal("0.80"), Decimal("2.00"))
    moved = migrate(source, new, {"prompt": "a boat"})
    assert (moved.before.amount, moved.after.amount) == (Decimal("0.40"), Decimal("1.00"))


def test_to_itself_everything_is_kept(old):
    request = {"prompt": "a boat", "duration": 12, "aspect_ratio": "16:9", "resolution": "1080p", "n": 2}
    moved = migrate(old, old, request)
    assert set(moved.kept) == set(request)
    assert moved.changes == moved.problems == ()
    assert prepare(old, moved.parameters).values == prepare(old, request).values


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=10)
    | st.lists(st.integers())
)
_NAMES = st.sampled_from(
    [
        "prompt",
        "duration",
        "seconds",
        "size",
        "aspect_ratio",
        "resolution",
        "n",
        "seed",
        "input_image",
        "acme_tag",
    ]
)


@given(st.dictionaries(_NAMES, _VALUES | st.sampled_from(["1920x1080", "9:16", "1080p", 8, "a boat"])))
def test_anything_at_all_is_moved_or_its_problems_are_said(old, odd, plain, given_):
    for target in (old, odd, plain):
        moved = migrate(old, target, given_)
        assert set(moved.parameters) <= set(target.properties)
        assert all(moved.problems)
        changed = {change.parameter for change in moved.changes}
        assert not changed & set(moved.kept)
        values = prepare(target, moved.parameters).values
        for name, value in unified(given_)[0].items():
            assert name in {*changed, *moved.kept} or values[name] == value


# --- the same in other words --------------------------------------------------------------------------------------


@pytest.fixture
def ratio_only(make_model):
    """Says how large a film is by its ratio and its height, and takes several pictures."""
    return make_model(
        "ratio",
        {
            "aspect_ratio": {"enum": ["16:9", "9:16", "7:4"], "default": "16:9"},
            "resolution": {"enum": ["720p", "1080p"], "default": "720p"},
            "reference_images": {
                "type": "array",
                "minItems": 1,
                "maxItems": 2,
                "items": {"x-media": {"accept": ["image/png"]}},
            },
        },
    )


@pytest.fixture
def pixels_only(make_model):
    """Says it in pixels, and takes one picture."""
    return make_model(
        "pixels",
        {
            "size": {"type": "string", "pattern": "^[1-9][0-9]*x[1-9][0-9]*$"},
            "reference_image": {"x-media": {"accept": ["image/png"]}},
        },
    )


@pytest.mark.parametrize(
    ("size", "parameters", "fate"),
    [
        ("1280x720", {"aspect_ratio": "16:9", "resolution": "720p"}, "restated"),
        ("720x1280", {"aspect_ratio": "9:16", "resolution": "720p"}, "restated"),
        ("1080x1920", {"aspect_ratio": "9:16", "resolution": "1080p"}, "restated"),
    ],
)
def test_a_size_that_is_said_with_others_is_not_lost(old, ratio_only, size, parameters, fate):
    moved = migrate(old, ratio_only, {"prompt": "a boat", "size": size})
    assert moved.parameters == {"prompt": "a boat", **parameters}
    assert [(change.parameter, change.fate, change.after) for change in moved.changes] == [
        ("size", fate, None)
    ]
    assert moved.score == 1
    assert moved.lost == ()
    words = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    assert str(moved.changes[0]) == f"size={size!r}: it is given as {words}"


@pytest.mark.parametrize(
    ("given_", "size"),
    [
        ({"aspect_ratio": "16:9", "resolution": "720p"}, "1280x720"),
        ({"aspect_ratio": "9:16", "resolution": "1080p"}, "1080x1920"),
        ({"aspect_ratio": "7:4", "resolution": "720p"}, "1260x720"),
    ],
)
def test_ratio_and_height_become_pixels_without_any_row(ratio_only, pixels_only, given_, size):
    moved = migrate(ratio_only, pixels_only, {"prompt": "a boat", **given_})
    assert moved.parameters == {"prompt": "a boat", "size": size}
    assert {change.parameter: change.fate for change in moved.changes} == dict.fromkeys(given_, "restated")
    assert moved.score == 1


def test_a_ratio_alone_says_no_pixels(ratio_only, pixels_only):
    moved = migrate(ratio_only, pixels_only, {"prompt": "a boat", "aspect_ratio": "9:16"})
    assert moved.parameters == {"prompt": "a boat"}
    assert [change.fate for change in moved.changes] == ["lost"]


@pytest.mark.parametrize(
    ("allowed", "fates"),
    [
        (["1280x720"], {"aspect_ratio": "restated", "resolution": "near"}),
        (["640x360"], {"aspect_ratio": "restated", "resolution": "far"}),
        (["1260x720"], {"aspect_ratio": "near", "resolution": "near"}),
        (["720x1280"], {"aspect_ratio": "far", "resolution": "near"}),
    ],
)
def test_what_of_a_shape_is_left_in_other_pixels(old, make_model, allowed, fates):
    pixels = make_model("pixels", {"size": {"enum": allowed, "default": allowed[0]}})
    moved = migrate(old, pixels, {"prompt": "a boat", "aspect_ratio": "16:9", "resolution": "1080p"})
    assert moved.parameters == {"prompt": "a boat", "size": allowed[0]}
    assert {change.parameter: change.fate for change in moved.changes} == fates
    assert not any("None" in str(change) for change in moved.changes)


def test_pictures_move_over(ratio_only, pixels_only):
    moved = migrate(pixels_only, ratio_only, {"prompt": "a boat", "reference_image": b"one"})
    assert moved.parameters == {"prompt": "a boat", "reference_images": [b"one"]}
    assert (moved.score, moved.changes[0].fate) == (1, "restated")
    back = migrate(ratio_only, pixels_only, {"prompt": "a boat", "reference_images": [b"one"]})
    assert back.parameters == {"prompt": "a boat", "reference_image": b"one"}
    assert back.score == 1
    several = migrate(ratio_only, pixels_only, {"prompt": "a boat", "reference_images": [b"one", b"two"]})
    assert several.parameters == {"prompt": "a boat", "reference_image": b"one"}
    assert (several.changes[0].fate, several.score) == ("far", (4 + 3 * 0.35) / 7)
    fewer = migrate(
        old_with_three(ratio_only), ratio_only, {"prompt": "a boat", "reference_images": [b"1", b"2", b"3"]}
    )
    assert fewer.parameters["reference_images"] == [b"1", b"2"]
    assert "takes at most 2" in str(fewer.changes[0])


def old_with_three(document):
    """The same model as if it took three."""
    import copy

    from polyreel.documents.document import ModelDocument

    json = copy.deepcopy(dict(document.json))
    json["properties"]["reference_images"]["maxItems"] = 3
    return ModelDocument(json=json)


class Array:
    """A picture of a library whose objects refuse to be compared."""

    __hash__ = None

    def __eq__(self, other):
        raise ValueError("ambiguous")


def test_a_picture_is_never_looked_at(old, new):
    picture = Array()
    moved = migrate(old, new, {"prompt": "a boat", "input_image": picture})
    assert moved.parameters["input_image"] is picture
    assert moved.kept == ("prompt", "input_image")


# --- what nobody asked for, and the sum -----------------------------------------------------------------------------


def test_what_the_new_model_does_otherwise_by_default_is_said(old, new):
    moved = migrate(old, new, {"prompt": "a boat"})
    assert [(change.parameter, change.before, change.after) for change in moved.defaults] == [
        ("duration", 4, 5),
        ("aspect_ratio", "9:16", "16:9"),
    ]
    assert migrate(old, new, {"prompt": "a boat", "duration": 4, "size": "720x1280"}).defaults == ()


def test_without_a_prompt_none_is_made_up(old, new):
    moved = migrate(old, new, {"duration": 8})
    assert moved.parameters == {"duration": 10}
    assert (moved.kept, moved.problems, moved.score) == ((), (), 0.75)
    assert migrate(old, new, {}).score == 1


def test_the_move_in_a_sentence(old, new):
    moved = migrate(old, new, {"prompt": "a boat", "duration": 8, "fps": 24, "size": "1280x720"})
    assert str(moved) == (
        "moved from acme/full to acme/new: duration: 8 becomes 10: acme/new offers 5, 10; fps=24 is lost: acme/new has no "
        "fps; size='1280x720': it is given as aspect_ratio='16:9', resolution='720p'; "
        "price unknown (acme/full has no known price) before, 2.00 USD after"
    )
    assert [change.parameter for change in moved.changed] == ["duration", "size"]
    assert [change.parameter for change in moved.lost] == ["fps"]
    assert moved.score == (4 + 0.75 + 0 + 1) / 7


def test_what_was_asked_for_stands_in_its_order(old, new):
    moved = migrate(old, new, {"n": 1, "duration": 8, "prompt": "a boat", "size": "1280x720"})
    assert list(moved.parameters) == ["n", "duration", "prompt", "aspect_ratio", "resolution"]


def test_with_problems_nothing_survives(old, make_model):
    strict = make_model("strict", {"seed": {"type": "integer"}}, required=["prompt", "seed"])
    assert migrate(old, strict, {"prompt": "a boat"}).score == 0


def test_what_gives_way_for_the_rest_is_said(make_model, model):
    moved = migrate(model, model, {"prompt": "a boat", "acme_scale": 2, "duration": 12})
    assert [str(change) for change in moved.changes] == [
        "duration: 12 becomes 8: acme/full does not take it together with the rest"
    ]
    lost = migrate(model, model, {"prompt": "a boat", "acme_note": "a", "acme_tag": "abc"})
    assert [str(change) for change in lost.changes] == [
        "acme_note='a' is lost: acme/full does not take it together with the rest"
    ]
