import io
import os
import struct
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from polyreel.media import sniffing
from polyreel.media.sniffing import (
    displayed_size,
    extension,
    image_orientation,
    image_size,
    is_truncated,
    sniff,
)

SIZED = ["png", "jpeg", "jpeg-progressive", "webp", "webp-lossless", "webp-extended", "gif"]
MEDIA_TYPES = {"jpeg-progressive": "image/jpeg", "webp-lossless": "image/webp", "webp-extended": "image/webp"}


def media_type_of(kind):
    return MEDIA_TYPES.get(kind, f"image/{kind}")


def ftyp(*brands, size=None):
    content = brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I", size or 8 + len(content)) + b"ftyp" + content


@pytest.mark.parametrize("kind", [*SIZED, "bmp", "tiff", "avif"])
def test_pictures_made_by_pillow(make_picture, kind):
    assert sniff(make_picture(kind)) == media_type_of(kind)


@pytest.mark.parametrize(
    ("container", "media_type"),
    [("mp4", "video/mp4"), ("mov", "video/quicktime"), ("avi", "video/x-msvideo")],
)
def test_films_made_by_ffmpeg(make_film, container, media_type):
    assert sniff(make_film(container=container)) == media_type


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", None),
        (b"\x89", None),
        (b"\x89PNG\r\n\x1a", None),
        (b"\xff\xd8", None),
        (b"GIF88a", None),
        (b"GIF87a", "image/gif"),
        (b"MM\x00*", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
        (b"RIFF\x10\x00\x00\x00WEBP", "image/webp"),
        (b"RIFF\x10\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF", None),
        (
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
            "video/webm",
        ),
        (b"\x1a\x45\xdf\xa3\x9fB\x82\x88matroska", None),
        (b"%PDF-1.7", "application/pdf"),
        (b"BM", None),
        (b"BMW is a car, and not a bitmap at all", None),
        (ftyp(b"isom"), "video/mp4"),
        (ftyp(b"mp42", b"isom"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", "video/quicktime"),
        (ftyp(b"avif", b"mif1", b"miaf"), "image/avif"),
        (ftyp(b"mif1", b"miaf", b"avif"), "image/avif"),
        (ftyp(b"heic", b"mif1"), "image/heic"),
        (ftyp(b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"none", size=20) + b"heic", None),
        (ftyp(b"M4A ", b"isom"), None),
        (ftyp(b"XXXX", b"isom"), "video/mp4"),
        (ftyp(b"XXXX"), None),
        (b"\x00\x00\x00\x14ftyp", None),
        (b"\x00\x00\x00\x14ftypis", None),
        (b"<!doctype HTML><title>", "text/html"),
        (b"\xef\xbb\xbf\r\n <html lang='en'>", "text/html"),
        (b"<HEAD>", "text/html"),
        (b"<!-- hello --><html>", "text/html"),
        (b"<header-like", None),
        (b"<?xml version='1.0'?>", None),
        (b'  {"error": 1}', "application/json"),
        (b"[1]", "application/json"),
        (b"hello", None),
        (bytes(64), None),
    ],
)
def test_magic(data, media_type):
    assert sniff(data) == media_type
    assert sniff(bytearray(data)) == media_type


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [
        ("image/png", ".png"),
        ("IMAGE/JPEG; q=1", ".jpg"),
        ("video/mp4", ".mp4"),
        ("video/quicktime", ".mov"),
        ("text/html", ".html"),
        ("../../etc/passwd", ".bin"),
        ("", ".bin"),
    ],
)
def test_extension(media_type, ending):
    assert extension(media_type) == ending


@pytest.mark.parametrize("size", [(40, 20), (1, 1), (333, 257)])
@pytest.mark.parametrize("kind", SIZED)
def test_size_is_what_pillow_finds(make_picture, kind, size):
    if 1 in size and kind == "webp-extended":
        size = (2, 2)
    data = make_picture(kind, size)
    assert image_size(data) == Image.open(io.BytesIO(data)).size == size


def test_the_pictures_cover_every_form_of_webp(make_picture):
    assert {make_picture(kind)[12:16] for kind in SIZED if "webp" in kind} == {b"VP8 ", b"VP8L", b"VP8X"}


@pytest.mark.parametrize("kind", ["bmp", "tiff", "avif"])
def test_size_of_other_formats_is_unknown(make_picture, kind):
    assert image_size(make_picture(kind)) is None


@pytest.mark.parametrize("kind", SIZED)
def test_size_of_a_beginning_is_right_or_unknown(make_picture, kind):
    data = make_picture(kind, (333, 257))
    found = [image_size(data[:cut]) for cut in range(len(data) + 1)]
    known = found.index((333, 257))
    assert known > 12
    assert found == [None] * known + [(333, 257)] * (len(found) - known)


def test_a_size_of_zero_is_unknown(png_chunk):
    header = struct.pack(">IIBBBBB", 0, 7, 8, 2, 0, 0, 0)
    assert image_size(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)) is None
    assert image_size(b"GIF89a" + struct.pack("<HH", 5, 0) + bytes(3)) is None


def test_jpeg_with_fill_bytes_and_a_table_that_looks_like_a_frame_header():
    huffman = b"\xff\xc4" + struct.pack(">H", 8) + b"\xff\xc0\x00\x11\x08\x00"
    frame = b"\xff\xff\xff\xc2" + struct.pack(">HBHHB", 11, 8, 480, 640, 1) + b"\x01\x11\x00"
    assert image_size(b"\xff\xd8" + huffman + frame) == (640, 480)


@pytest.mark.parametrize("length", [0, 1, 2, 7, 60_000])
def test_jpeg_with_a_broken_length(length):
    assert image_size(b"\xff\xd8\xff\xc0" + struct.pack(">H", length) + bytes(4)) is None


def test_size_needs_no_pillow(make_picture, tmp_path):
    file = tmp_path / "picture"
    file.write_bytes(make_picture("jpeg", (40, 20), 6))
    program = (
        "import sys; from polyreel.media import sniffing, mp4, data_uri, images\n"
        f"data = open({str(file)!r}, 'rb').read()\n"
        "print(sniffing.displayed_size(data), sniffing.is_truncated(data, 'image/jpeg'))\n"
        "print([name for name in ('PIL', 'av', 'numpy', 'httpx', 'pydantic') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["(20, 40) False", "[]"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "jpeg-progressive", "png", "webp", "webp-lossless"])
def test_orientation(make_picture, kind, orientation):
    data = make_picture(kind, (40, 20), orientation)
    assert image_orientation(data) == orientation
    assert image_size(data) == (40, 20)
    assert displayed_size(data) == ((20, 40) if orientation >= 5 else (40, 20))


@pytest.mark.parametrize("kind", [*SIZED, "bmp", "tiff", "avif"])
def test_no_orientation(make_picture, kind):
    assert image_orientation(make_picture(kind)) == 1
    assert displayed_size(make_picture(kind)) == image_size(make_picture(kind))


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_impossible_orientation_counts_as_none(make_picture, orientation):
    assert image_orientation(make_picture("jpeg", (40, 20), orientation)) == 1


def _jpeg_with_exif(exif):
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", 8 + len(exif)) + b"Exif\x00\x00" + exif + b"\xff\xd9"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["H", "I"])
def test_exif_of_both_byte_orders_and_kinds(order, kind):
    exif = {"<": b"II*\x00", ">": b"MM\x00*"}[order] + struct.pack(order + "IH", 8, 1)
    value = struct.pack(order + kind, 6).ljust(4, b"\x00")
    exif += struct.pack(order + "HHI", 0x0112, 3 if kind == "H" else 4, 1) + value
    assert image_orientation(_jpeg_with_exif(exif)) == 6
    for cut in range(len(exif)):  # the directory must not reach into what follows
        assert image_orientation(_jpeg_with_exif(exif[:cut])) == 1


@pytest.mark.parametrize("directory", [0, 7, 100, 2**31, 2**32 - 1])
def test_exif_whose_directory_lies_elsewhere(directory):
    assert image_orientation(_jpeg_with_exif(b"II*\x00" + struct.pack("<I", directory) + b"\xff" * 30)) == 1


@pytest.mark.parametrize("kind", SIZED)
def test_every_cut_of_a_picture_is_noticed(make_picture, kind):
    data, media_type = make_picture(kind), media_type_of(kind)
    assert not is_truncated(data, media_type)
    assert not is_truncated(data + b"trailing bytes", media_type)
    assert all(is_truncated(data[:cut], media_type) for cut in range(len(data)))


def test_a_thumbnail_does_not_end_a_jpeg(make_picture):
    data = make_picture("jpeg")
    thumbnail = make_picture("jpeg", (16, 16))
    with_thumbnail = data[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail + data[2:]
    assert not is_truncated(with_thumbnail, "image/jpeg")
    assert is_truncated(with_thumbnail[:-2], "image/jpeg")


def test_a_semicolon_does_not_end_a_gif(make_picture):
    data = make_picture("gif")
    assert is_truncated(data[:-3] + b";", "image/gif")


@pytest.mark.parametrize("frames", [2, 5])
def test_animations(frames):
    file = io.BytesIO()
    pictures = [Image.new("RGB", (30, 30), (40 * number, 9, 9)) for number in range(frames)]
    pictures[0].save(file, "gif", save_all=True, append_images=pictures[1:])
    data = file.getvalue()
    assert not is_truncated(data, "image/gif")
    assert all(is_truncated(data[:cut], "image/gif") for cut in range(len(data)))


@pytest.mark.parametrize("movflags", ["", "faststart"])
def test_truncated_films(make_film, movflags):
    data = make_film(movflags)
    assert not is_truncated(data, "video/mp4")
    assert is_truncated(data[:-1], "video/mp4")
    assert is_truncated(data[: len(data) // 2], "video/mp4")
    assert is_truncated(b"<html>", "video/mp4")


def test_a_file_of_another_type_is_not_whole(make_picture):
    for media_type in ("image/jpeg", "image/gif", "image/webp", "video/mp4"):
        assert is_truncated(make_picture("png"), media_type)
    assert is_truncated(make_picture("jpeg"), "image/png; charset=binary")
    assert not is_truncated(make_picture("png"), "IMAGE/PNG; charset=binary")


def test_of_unknown_types_only_emptiness_counts():
    assert is_truncated(b"", "application/x-new")
    assert not is_truncated(b"x", "application/x-new")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 20_000_000,
        b"\xff\xd8" + b"\xff\xd0" * 10_000_000,
        b"GIF89a" + bytes(7) + b"\x21\xf9\x00" * 7_000_000,
        b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"tEXt" + bytes(4)) * 1_500_000,
        b"RIFF\xff\xff\xff\xffWEBP" + b"XXXX\x00\x00\x00\x00" * 2_000_000,
    ],
    ids=["fill", "restart", "gif", "png", "webp"],
)
def test_hostile_pictures_are_given_up(data):
    assert image_size(data) in {None, (0, 0)}
    assert image_orientation(data) == 1
    assert is_truncated(data, sniff(data) or "image/jpeg")


@pytest.mark.parametrize(
    ("walk", "data"),
    [
        (sniffing._png_chunks, b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"tEXt" + bytes(4)) * 100),
        (sniffing._jpeg_segments, b"\xff\xd8" + b"\xff\xe0\x00\x02" * 100),
        (sniffing._webp_chunks, b"RIFF\xff\xff\xff\xffWEBP" + b"XXXX\x00\x00\x00\x00" * 100),
    ],
)
def test_a_walk_over_tiny_parts_ends(monkeypatch, walk, data):
    assert len(list(walk(data))) >= 99
    monkeypatch.setattr(sniffing, "MAX_PARTS", 10)
    assert len(list(walk(data))) <= 10


def ask_everything(data):
    media_type = sniff(data)
    assert media_type is None or "/" in media_type
    size = image_size(data)
    assert size is None or (len(size) == 2 and min(size) > 0)
    assert image_orientation(data) in range(1, 9)
    assert (displayed_size(data) is None) == (size is None)
    for claimed in ("image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4"):
        assert is_truncated(data, claimed) in {True, False}


BEGINNINGS = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF\x00\x00\x00\x00WEBP",
    b"\x00\x00\x00\x18ftyp",
    b"BM",
    b"\xff\xd8\xff\xe1\x00\x40Exif\x00\x00II*\x00",
]


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_garbage(beginning, data):
    ask_everything(beginning + data)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_mutated_pictures(make_picture, data):
    kind = data.draw(st.sampled_from(SIZED))
    orientation = data.draw(st.sampled_from([None, 6])) if kind != "gif" else None
    picture = bytearray(make_picture(kind, (40, 20), orientation))
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, min(len(picture), 200)))
        picture[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    ask_everything(bytes(picture[: data.draw(st.integers(0, len(picture)))]))
    ask_everything(bytes(picture))
