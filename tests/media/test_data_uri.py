import base64
import tracemalloc
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.media.data_uri import MAX_HEADER, PIECE, parse_data_uri


def as_base64(data, media_type="image/png"):
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def refusal(text, max_bytes=1000):
    with pytest.raises(ValueError, match=r"^[A-Z'].*\.$") as caught:
        parse_data_uri(text, max_bytes=max_bytes)
    assert type(caught.value) is ValueError
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data:image/png;base64,aGVsbG8=", (b"hello", "image/png")),
        ("DATA:Image/PNG;BASE64,aGVsbG8=", (b"hello", "image/png")),
        ("data:image/png;name=a.png;base64,aGVsbG8=", (b"hello", "image/png")),
        ("data: image/png ; base64,aGVsbG8=", (b"hello", "image/png")),
        ("data:;base64,aGVsbG8=", (b"hello", "text/plain")),
        ("data:,hello", (b"hello", "text/plain")),
        ("data:text/html,%3Ch1%3e", (b"<h1>", "text/html")),
        ("data:text/plain;charset=utf-8,a,b+c", (b"a,b+c", "text/plain")),
        ("data:image/svg+xml,%00%FF", (b"\x00\xff", "image/svg+xml")),
        ("data:text/plain;base64x,YQ", (b"YQ", "text/plain")),
    ],
)
def test_valid(text, expected):
    assert parse_data_uri(text, max_bytes=1000) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a data URI"),
        ("https://example.com/a.png", "not a data URI"),
        ("aGVsbG8=", "not a data URI"),
        ("data:", "no comma"),
        ("data:image/png;base64", "no comma"),
        ("data:" + "x" * MAX_HEADER + ",a", "no comma"),
        ("data:image/png;base64,", "empty"),
        ("data:,", "empty"),
        ("data:image/png;base64,====", "base64"),
        ("data:image/png;base64,=", "base64"),
        ("data:image/png;base64,a", "base64"),
        ("data:image/png;base64,aGVsbG8", "base64"),
        ("data:image/png;base64,aGVs bG8=", "base64"),
        ("data:image/png;base64,aGVsbG8=\n", "base64"),
        ("data:image/png;base64,aGVs\nbG8=", "base64"),
        ("data:image/png;base64,aG-_bG8=", "base64"),
        ("data:image/png;base64,aGVsbG8=aGVs", "base64"),
        ("data:image/png;base64,aGVsbG8%3D", "base64"),
        ("data:image/png;base64,aGVsbG8é", "base64"),
        ("data:text/plain,100%", "percent"),
        ("data:text/plain,%4", "percent"),
        ("data:text/plain,%zz", "percent"),
        ("data:text/plain,é", "percent"),
        ("data:png;base64,aGVsbG8=", "media type"),
        ("data:../..;base64,aGVsbG8=", "media type"),
        ("data:image/;base64,aGVsbG8=", "media type"),
    ],
)
def test_invalid(text, words):
    assert words in refusal(text)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 999, 1000])
def test_the_limit_is_exact(size):
    data = bytes(range(256)) * 4
    text = as_base64(data[:size])
    assert parse_data_uri(text, max_bytes=size)[0] == data[:size]
    message = refusal(text, max_bytes=size - 1)
    assert f"{size:,} bytes" in message
    assert f"{size - 1:,} are allowed" in message
    escaped = "data:image/png," + quote_from_bytes(data[:size])
    assert parse_data_uri(escaped, max_bytes=size) == (data[:size], "image/png")
    assert f"{size:,} bytes" in refusal(escaped, max_bytes=size - 1)


@pytest.mark.parametrize("payload", ["A" * 60_000_000, "!" * 60_000_000], ids=["valid", "garbage"])
@pytest.mark.parametrize("form", ["data:image/png;base64,", "data:image/png,"])
def test_too_large_is_refused_before_it_is_decoded(form, payload):
    text = form + payload
    tracemalloc.start()
    try:
        assert "are allowed" in refusal(text, max_bytes=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_no_comma_is_found_without_reading_everything():
    tracemalloc.start()
    text = "data:" + "A" * 30_000_000
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    try:
        assert len(refusal(text)) < 300
        assert tracemalloc.get_traced_memory()[1] - before < 100_000
    finally:
        tracemalloc.stop()


def test_decoding_takes_little_more_than_its_result():
    text = "data:image/png," + "%41" * 1_000_000
    tracemalloc.start()
    try:
        assert parse_data_uri(text, max_bytes=1_000_000) == (b"A" * 1_000_000, "image/png")
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shift", range(4))
def test_escapes_across_the_pieces(shift):
    data = b"x" * (PIECE - shift) + b"\x00\xff" * 50 + b"y" * PIECE + b"\xfe"
    assert parse_data_uri("data:," + quote_from_bytes(data), max_bytes=10**6)[0] == data


def test_the_refusal_does_not_leak_the_data():
    assert "SECRET" not in refusal("data:image/png;base64," + "A" * 60 + "SECRET*")
    assert "SECRET" not in refusal("https://example.com/" + "a" * 60 + "?sig=SECRET")


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["image/png", "", "image/svg+xml;charset=utf-8"]))
@settings(max_examples=100, deadline=None)
def test_round_trip(data, media_type):
    expected = media_type.partition(";")[0] or "text/plain"
    assert parse_data_uri(as_base64(data, media_type), max_bytes=200) == (data, expected)
    escaped = f"data:{media_type},{quote_from_bytes(data)}"
    assert parse_data_uri(escaped, max_bytes=200) == (data, expected)


@given(
    st.sampled_from(["", "data:", "data:,", "data:image/png;base64,", "data:image/png,"]),
    st.text(max_size=60),
)
@settings(max_examples=400, deadline=None)
def test_garbage_raises_nothing_else(beginning, text):
    try:
        data, media_type = parse_data_uri(beginning + text, max_bytes=20)
    except ValueError as problem:
        assert type(problem) is ValueError  # noqa: PT017
    else:
        assert 0 < len(data) <= 20
        assert "/" in media_type
