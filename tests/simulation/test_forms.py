import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.http import Part, Request, encode
from polyreel.simulation.forms import parse_form, path_of, query_of, segments_of

TYPE = "multipart/form-data; boundary=B"


def encoded(*parts):
    headers, body = encode(Request(method="POST", url="https://x.example", form=parts))
    return headers["Content-Type"], body


@pytest.mark.parametrize(
    "content",
    [b"", b"\r\n", b"\r\n\r\n", b"--", b"\r\n--", b"\x00\xff\r\n", b"\n", bytes(range(256)) * 300],
)
def test_a_file_arrives_byte_for_byte(content):
    parts = [
        Part(name="prompt", content="a cat ✓\r\n"),
        Part(name="file", content=content, filename="a.bin", media_type="application/octet-stream"),
        Part(name="last", content=""),
    ]
    assert parse_form(*encoded(*parts)) == parts


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda text: not any(escape in text for escape in ("%22", "%0D", "%0A", '\\"'))
)


@given(st.lists(st.tuples(names, st.one_of(st.none(), names), st.binary()), max_size=4))
def test_every_form_that_can_be_encoded_is_parsed_into_its_parts(drawn):
    parts = [
        Part(name=name, content=content if filename else content.hex(), filename=filename)
        for name, filename, content in drawn
    ]
    assert parse_form(*encoded(*parts)) == parts


def test_content_may_hold_lines_that_begin_like_the_boundary():
    body = (
        b"--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\na\r\n--Bother\r\n-- B\r\n--B--\r\n"
    )
    assert parse_form(TYPE, body)[0].content == b"a\r\n--Bother\r\n-- B"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('form-data; name="a\\"b"', 'a"b'),
        ('form-data; name="a%22b"', 'a"b'),
        ('form-data; name="C:\\dir\\"', "C:\\dir\\"),
        ('form-data; name="a;b=c"', "a;b=c"),
        ("Form-Data;name=bare;", "bare"),
        ('form-data; name="größe"', "größe"),
    ],
)
def test_the_ways_in_which_clients_quote_a_name(header, name):
    body = f"--B\r\ncontent-disposition: {header}\r\n\r\nx\r\n--B--".encode()
    assert parse_form(TYPE, body) == [Part(name=name, content="x")]


def test_a_quoted_boundary_and_an_empty_form():
    assert parse_form('multipart/form-data; charset=utf-8; boundary="a b"', b"--a b--\r\n") == []


def test_a_binary_part_without_a_filename_keeps_its_bytes():
    part = Part(name="p", content=b"\xff\xd8", media_type="image/jpeg")
    assert parse_form(*encoded(part)) == [part]


HEAD = b"--B\r\nContent-Disposition: form-data; name=a\r\n"


@pytest.mark.parametrize(
    ("content_type", "body", "sentence"),
    [
        ("", b"", "got 'no Content-Type'"),
        ("application/json", b"{}", "got 'application/json'"),
        ("multipart/form-data", b"--B--", "no usable boundary"),
        (f"multipart/form-data; boundary={'x' * 71}", b"", "no usable boundary"),
        ("multipart/form-data; boundary=B; boundary=C", b"--B--", "malformed"),
        ('multipart/form-data; boundary="B', b"--B--", "malformed"),
        (TYPE, b"", "does not begin"),
        (TYPE, b"preamble\r\n--B--", "does not begin"),
        (TYPE, b"--Bx", "end of its line"),
        (TYPE, b"--B\r\n", "no empty line"),
        (TYPE, HEAD + b"\r\nx", "cut off"),
        (TYPE, HEAD + b"\r\nx\r\n--B", "cut off"),
        (TYPE, HEAD + b"\r\nx\r\n--B--\r\nmore", "goes on"),
        (TYPE, b"--B\r\n\r\nx\r\n--B--", "malformed or repeated header"),
        (TYPE, HEAD + b"no colon\r\n\r\nx\r\n--B--", "malformed or repeated header"),
        (TYPE, HEAD + b"content-disposition: form-data; name=b\r\n\r\nx\r\n--B--", "repeated header"),
        (TYPE, b"--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--", "no 'Content-Disposition"),
        (TYPE, b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "no 'Content-Disposition"),
        (
            TYPE,
            b"--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--",
            "no 'Content-Disposition",
        ),
        (TYPE, HEAD + b"Content-Transfer-Encoding: base64\r\n\r\nx\r\n--B--", "Content-Transfer-Encoding"),
        (TYPE, HEAD + b"\r\n\xff\r\n--B--", "not UTF-8"),
        (TYPE, HEAD + b"X: \xff\r\n\r\nx\r\n--B--", "not UTF-8"),
    ],
)
def test_what_is_malformed_is_said(content_type, body, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_form(content_type, body)


def test_the_query_is_decoded():
    assert query_of("https://x.example/a?b=1&c=%20%26&d=&b=2#e=f") == {"b": "2", "c": " &", "d": ""}
    assert query_of("https://x.example/a") == {}


@pytest.mark.parametrize(
    ("path", "segments", "readable"),
    [
        ("/v1/videos/a%20b/", ("videos", "a b"), "/videos/a b"),
        ("/v1/videos/a%2Fcontent", ("videos", "a/content"), "/videos/a%2Fcontent"),
        ("/v1//videos", ("videos",), "/videos"),
        ("/v1/%252F", ("%2F",), "/%252F"),
        ("/v1/%2E%2E/x", ("..", "x"), "/../x"),
        ("/v1", (), "/"),
    ],
)
def test_a_path_below_the_base(path, segments, readable):
    url, base = f"https://x.example{path}?q=/1", "https://x.example/v1/"
    assert segments_of(url, below=base) == segments
    assert path_of(url, below=base) == readable


@pytest.mark.parametrize("path", ["/v2/videos", "/v11", "/", ""])
def test_a_path_elsewhere_is_refused(path):
    with pytest.raises(ValueError, match="not below"):
        segments_of(f"https://x.example{path}", below="https://x.example/v1")
