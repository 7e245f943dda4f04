"""Addresses in object stores: what is one, what is a path, and what is neither."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.errors import InvalidRequest
from polyreel.types.location import Location, place_of, stated_place
from polyreel.types.options import Options, checked_place


@pytest.mark.parametrize(
    ("text", "root", "key"),
    [
        ("s3://bucket/a/film.mp4", "s3://bucket", "a/film.mp4"),
        ("S3://bucket", "s3://bucket", ""),
        ("s3://bucket/", "s3://bucket", ""),
        ("gs://my-bucket.example/a b/紙.mp4", "gs://my-bucket.example", "a b/紙.mp4"),
        ("az://container/folder/", "az://container", "folder"),
        ("abfss://c@account.dfs.core.windows.net/f.mp4", "abfss://c@account.dfs.core.windows.net", "f.mp4"),
        ("s3://bucket/100%25.mp4", "s3://bucket", "100%25.mp4"),
    ],
)
def test_an_address_is_understood(text, root, key):
    location = place_of(text)
    assert (location.root, location.key) == (root, key)
    assert stated_place(str(location)) == location, "what a record keeps is read back"


@pytest.mark.parametrize(
    "text", ["film.mp4", "C:\\films\\film.mp4", "/tmp/s3/film.mp4", "s3:film.mp4", "a:/b"]
)
def test_a_path_stays_a_path(text):
    assert place_of(text) == Path(text)


def test_a_path_of_the_user_is_expanded():
    assert place_of("~/film.mp4") == Path.home() / "film.mp4"
    assert stated_place(None) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://host/film.mp4", "http:// is no store that films go to; allowed: s3://, gs://, az://"),
        ("file:///film.mp4", "or a path of this machine"),
        ("s3://", "names no bucket that can be; write s3://bucket/folder/film.mp4"),
        ("s3:///film.mp4", "names no bucket that can be"),
        ("s3://key:secret@bucket/film.mp4", "names no bucket that can be"),
        ("abfss://container/film.mp4", "write abfss://container@account"),
        ("s3://bucket/a//film.mp4", "empty part"),
        ("s3://bucket/../film.mp4", "'..' in its key"),
        ("s3://bucket/film.mp4?X-Amz-Signature=abc", "leave out what a signed address ends in"),
        ("s3://bucket/a\nb.mp4", "line break"),
        ("s3://bucket/a\\b.mp4", "backslash"),
        ("s3://bucket/" + "x" * 1001, "longer than 1000 bytes"),
        ("~nobody-of-that-name/film.mp4", "home folder of a user that this machine does not know"),
        ("", "must be a path or the address"),
        (Path("s3://bucket/film.mp4"), "an address that became a path"),
        (b"film.mp4", "must be a path"),
        (7, "must be a path"),
    ],
)
def test_what_is_no_place(text, told):
    with pytest.raises(ValueError, match=r".*") as raised:
        place_of(text)
    assert told in str(raised.value)
    assert "Signature" not in str(raised.value)
    assert "secret@" not in str(raised.value)


def test_a_location_has_the_names_of_a_path():
    film = place_of("s3://bucket/a/film.mp4")
    assert (film.name, film.stem, film.suffix, film.scheme) == ("film.mp4", "film", ".mp4", "s3")
    assert str(film.parent) == "s3://bucket/a"
    assert str(film.with_name("b.mp4")) == "s3://bucket/a/b.mp4"
    assert str(place_of("s3://bucket/film.mp4").parent / "x.mp4") == "s3://bucket/x.mp4"


def test_options_take_addresses():
    options, _ = Options.take({"output": "s3://bucket/film.mp4", "folder": "gs://bucket"})
    assert options.output == Location(root="s3://bucket", key="film.mp4")
    assert options.folder == Location(root="gs://bucket")


@pytest.mark.parametrize("output", ["s3://bucket", "s3://bucket/", "s3://bucket/folder/"])
def test_a_film_needs_a_name(output):
    for asked in (lambda: Options.take({"output": output}), lambda: checked_place(output)):
        with pytest.raises(
            InvalidRequest, match=r"is a folder; name the film: s3://bucket/.*film\.mp4, or pass it as folder"
        ):
            asked()


@given(st.text())
def test_any_text_is_a_place_or_is_refused(text):
    try:
        place = place_of(text)
    except ValueError:
        return
    assert isinstance(place, Path | Location)
    if isinstance(place, Location):
        assert stated_place(str(place)) == place
