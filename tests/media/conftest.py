"""Real pictures and films, made once per run."""

import functools
import io
import pathlib
import struct
import tempfile
import zlib
from fractions import Fraction

import av
import pytest
from PIL import Image


def _quadrants(size=(40, 20), mode="RGB"):
    """Four colours, so that every orientation looks different."""
    image = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for at, colour in {
        (0, 0): (255, 0, 0),
        (width, 0): (0, 255, 0),
        (0, height): (0, 0, 255),
        (width, height): (255, 255, 255),
    }.items():
        image.paste(colour, (*at, at[0] + width, at[1] + height))
    return image.convert(mode)


@functools.cache
def _picture(kind, size=(40, 20), orientation=None):
    image, options = _quadrants(size), {}
    if kind == "webp-lossless":
        kind, options = "webp", {"lossless": True}
    elif kind == "webp-extended":
        kind, image = "webp", image.convert("RGBA")
        image.putpixel((0, 0), (0, 0, 0, 0))
    elif kind == "jpeg-progressive":
        kind, options = "jpeg", {"progressive": True}
    if orientation is not None:
        exif = Image.Exif()
        exif[0x010F] = "a maker before the tag"
        exif[0x0112] = orientation
        exif[0x0132] = "2026:01:01 00:00:00"
        options["exif"] = exif
    if kind == "jpeg":
        options.setdefault("quality", 95)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@functools.cache
def _film(movflags="", *, audio=False, size=(64, 48), fps=24, frames=24, container="mp4", rate=8000):
    options = {"movflags": movflags} if movflags else {}
    # a real file: moving the index to the front reads it a second time
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "film"
        with av.open(path, "w", format=container, options=options) as output:
            _encode(output, audio=audio, size=size, fps=fps, frames=frames, rate=rate)
        return path.read_bytes()


def _encode(output, *, audio, size, fps, frames, rate):
    video = output.add_stream(
        "libx264", rate=Fraction(fps), options={"preset": "ultrafast", "g": "12", "bf": "0"}
    )
    video.width, video.height, video.pix_fmt = *size, "yuv420p"
    sound = output.add_stream("aac", rate=rate, layout="mono") if audio else None
    for number in range(frames):
        image = Image.new("RGB", size, (number * 9 % 256, 80, 160))
        output.mux(video.encode(av.VideoFrame.from_image(image)))
    output.mux(video.encode())
    if sound:
        total = int(rate * frames / fps)
        for start in range(0, total, 1024):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=min(1024, total - start))
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            frame.sample_rate, frame.pts = rate, start
            output.mux(sound.encode(frame))
        output.mux(sound.encode())


def _png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@functools.cache
def _bomb(side):
    """A PNG of one colour: some 17 kB that decode to hundreds of megabytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", data)
        + _png_chunk(b"IEND", b"")
    )


def _top_boxes(data):
    """Type, start and end of the boxes on the top floor of a valid film."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at, at + size
        at += size


def _box(kind, content):
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.fixture(scope="session")
def quadrants():
    return _quadrants


@pytest.fixture(scope="session")
def make_picture():
    return _picture


@pytest.fixture(scope="session")
def make_film():
    return _film


@pytest.fixture(scope="session")
def bomb():
    return _bomb


@pytest.fixture(scope="session")
def png_chunk():
    return _png_chunk


@pytest.fixture(scope="session")
def top_boxes():
    return _top_boxes


@pytest.fixture(scope="session")
def make_box():
    return _box
