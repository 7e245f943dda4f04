import builtins
import contextlib
import io
import itertools
import os
import subprocess
import sys
import threading
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from polyreel.errors import MissingExtra
from polyreel.media import images
from polyreel.media.images import InvalidImage, fit_image, verify_image
from polyreel.media.sniffing import image_size

KINDS = [
    "png",
    "jpeg",
    "jpeg-progressive",
    "webp",
    "webp-lossless",
    "webp-extended",
    "gif",
    "bmp",
    "tiff",
    "avif",
]


def refusal(call, *args, **options):
    with pytest.raises(InvalidImage) as caught:
        call(*args, **options)
    message = str(caught.value)
    assert message[0].isupper()
    assert message.endswith(".")
    return message


def encoded(image, kind="png", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_whole_pictures_verify(make_picture, kind):
    verify_image(make_picture(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_pictures_do_not(make_picture, kind):
    data = make_picture(kind, (120, 80))
    # Pillow writes TIFF with its directory first and pads AVIF, so that the last bytes may not matter there
    last = [len(data) - 1] if kind not in {"tiff", "avif"} else []
    for cut in [0, 1, 8, 12, 30, len(data) // 4, len(data) // 2, len(data) * 3 // 4, len(data) - 20, *last]:
        refusal(verify_image, data[:cut])


def test_corrupt_pixels_and_checksums(make_picture):
    data = bytearray(make_picture("png", (120, 80)))
    at = data.index(b"IDAT") + 20
    data[at] ^= 0xFF
    assert "corrupt" in refusal(verify_image, bytes(data))
    data = bytearray(make_picture("png"))
    data[data.index(b"IEND") - 5] ^= 1  # the checksum of the pixels
    refusal(verify_image, bytes(data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html>", "text/html"),
        (b"hello", "not a picture"),
        (bytes(1000), "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"P6 2 2 255 " + bytes(12), "not a picture"),
    ],
)
def test_what_is_no_picture(data, words):
    assert words in refusal(verify_image, data)
    assert words in refusal(fit_image, data, width=10, height=10, mode="crop")


BOMB_PROGRAM = """
import resource, sys
from polyreel.media.images import InvalidImage, fit_image, verify_image
import PIL.Image
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for call in (lambda: verify_image(data), lambda: fit_image(data, width=64, height=64, mode="crop")):
    try:
        call()
    except InvalidImage as problem:
        print(problem)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_bomb_is_refused_before_it_is_decoded(bomb, tmp_path):
    data = bomb(12_000)
    assert len(data) < 500_000
    file = tmp_path / "bomb.png"
    file.write_bytes(data)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BOMB_PROGRAM, file],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, kilobytes = done.stdout.splitlines()
    assert first == second
    assert "12000x12000" in first
    assert "144,000,000 pixels and 40,000,000 are allowed" in first
    assert float(kilobytes) < 30_000


def _claim(data, kind, size):
    """The same file, whose header claims another size."""
    width, height = size
    if kind == "bmp":
        return data[:18] + width.to_bytes(4, "little") + height.to_bytes(4, "little") + data[26:]
    if kind == "gif":
        return data[:6] + width.to_bytes(2, "little") + height.to_bytes(2, "little") + data[10:]
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[at + 4 :]


@pytest.mark.parametrize("kind", ["bmp", "gif", "jpeg"])
@pytest.mark.parametrize("size", [(8_000, 8_000), (12_000, 12_000), (40_000, 40_000)])
def test_bombs_of_other_formats(make_picture, kind, size):
    data = _claim(make_picture(kind), kind, size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "pixels" in refusal(verify_image, data)
        assert "pixels" in refusal(fit_image, data, width=8, height=8, mode="pad")


def test_the_limit_is_exact(make_picture):
    data = make_picture("png", (40, 20))
    verify_image(data, max_pixels=800)
    assert "800 pixels and 799 are allowed" in refusal(verify_image, data, max_pixels=799)


def test_pillows_own_limit_holds_where_ours_is_higher(bomb):
    assert "pixels" in refusal(verify_image, bomb(12_000), max_pixels=10**9)


def _animation(frames, kind="gif", size=(8, 8)):
    pictures = [
        Image.new("RGB", size, (number % 2 * 255, number % 256, number // 256)) for number in range(frames)
    ]
    options = {"lossless": True} if kind == "webp" else {}  # frames that are nearly equal would become one
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_animations_have_a_limit(kind):
    verify_image(_animation(images.MAX_FRAMES, kind))
    assert "animation is too long" in refusal(verify_image, _animation(images.MAX_FRAMES + 1, kind))
    assert "animation is too long" in refusal(verify_image, _animation(9, kind), max_pixels=2 * 64)
    verify_image(_animation(8, kind), max_pixels=2 * 64)


def test_a_later_frame_that_is_larger():
    pages = [Image.new("RGB", side) for side in ((8, 8), (100, 100))]
    data = encoded(pages[0], "tiff", save_all=True, append_images=pages[1:])
    verify_image(data)
    assert "100x100" in refusal(verify_image, data, max_pixels=5_000)


def test_a_later_frame_that_is_broken():
    data = _animation(5, size=(90, 90))
    verify_image(data)
    refusal(verify_image, data[:-200])


def test_the_warning_filters_stay_as_they_were(make_picture, monkeypatch):
    real, delays = Image.open, itertools.chain([0.05, 0.2], itertools.repeat(0))

    def open_slowly(*args, **options):
        time.sleep(next(delays))  # so that the second comes before the first goes, and goes last
        return real(*args, **options)

    monkeypatch.setattr(Image, "open", open_slowly)
    before = list(warnings.filters)
    data = make_picture("png")
    threads = [threading.Thread(target=verify_image, args=(data,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_without_pillow(make_picture, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **options):
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtra, match=r"Fitting a picture needs .*polyreel\[simulate\]"):
        fit_image(make_picture("png"), width=9, height=9, mode="crop")
    with pytest.raises(MissingExtra, match=r"polyreel\[simulate\]"):
        verify_image(make_picture("png"))


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_mutated_pictures(make_picture, data):
    kind = data.draw(st.sampled_from(KINDS))
    orientation = data.draw(st.sampled_from([None, 6])) if kind not in {"gif", "bmp"} else None
    picture = bytearray(make_picture(kind, (40, 20), orientation))
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(picture)))
        picture[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(InvalidImage):
        verify_image(bytes(picture), max_pixels=100_000)
    try:
        result = fit_image(
            bytes(picture), width=16, height=16, mode=data.draw(st.sampled_from(["crop", "pad"]))
        )
    except InvalidImage:
        pass
    else:
        assert image_size(result) == (16, 16)
