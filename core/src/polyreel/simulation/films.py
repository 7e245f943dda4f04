"""Simulated films: real, playable MP4s that say, on screen and inside, that no model made them.

What an adapter must show of a request is all there (prompt, size, length, sound, input image), so that a
person sees at a glance whether it arrived. PyAV and Pillow are the ``simulate`` extra and are imported only
when a film is made.
"""

from __future__ import annotations

import math
import random
import tempfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from polyreel.errors import MissingExtra
from polyreel.simulation.scenery import Scene

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FilmSpec", "render_film", "render_spritesheet", "render_thumbnail"]

_SMALLEST, _LARGEST = 128, 4096
_LONGEST = 600.0  # seconds: far beyond what any provider sells, and still a file that fits in memory
_FASTEST = 120.0
_RATE = 48_000
_CHUNK = 1024  # what one AAC frame holds
_BT709 = 1  # the number of BT.709 in primaries, transfer and matrix alike
_TILES = 4
_ROOTS = (110, 120, 132, 144, 160)  # hertz, even, so that a fifth and a third above are whole too


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmSpec:
    """What a simulated film is to show; the same spec gives the same bytes.

    Attributes:
        model: The model that is simulated, as shown on screen: ``acme/film-2``.
        prompt: Text of any script and length; it may be empty.
        width: Pixels, even.
        height: Pixels, even.
        duration: Seconds; the film has the nearest whole number of frames.
        fps: Frames per second.
        audio: Whether it has sound.
        caption: One line above the prompt: ``remix of video_123``.
        still: An input image (PNG, JPEG or WebP), which fills the first frame and is slowly approached.
        seed: Chooses colours and chord, together with the texts.

    Raises:
        ValueError: A value is outside what can be filmed; the message begins with its name.
    """

    model: str
    prompt: str
    width: int
    height: int
    duration: float
    fps: float = 24
    audio: bool = True
    caption: str = ""
    still: bytes | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise ValueError("model: empty; the film must say which model it stands for")
        for name, pixels in (("width", self.width), ("height", self.height)):
            if not _SMALLEST <= pixels <= _LARGEST:
                raise ValueError(f"{name}: {pixels} pixels; {_SMALLEST} to {_LARGEST} can be filmed")
            if pixels % 2:
                raise ValueError(f"{name}: {pixels} is odd; H.264 in yuv420p needs an even number of pixels")
        for name, value, most in (("duration", self.duration, _LONGEST), ("fps", self.fps, _FASTEST)):
            if not 0 < value <= most:  # also refuses NaN
                raise ValueError(f"{name}: {value}; more than 0 and at most {most:g} can be filmed")

    @property
    def rate(self) -> Fraction:
        """The frame rate as the container holds it: 29.97 is 30000/1001."""
        ntsc = Fraction(round(self.fps * 1.001) * 1000, 1001)
        return ntsc if abs(ntsc - self.fps) < 0.005 else Fraction(self.fps).limit_denominator(1000)  # noqa: PLR2004

    @property
    def frames(self) -> int:
        """The number of frames."""
        return max(1, round(self.duration * self.rate))

    @property
    def fingerprint(self) -> bytes:
        """What colours and chord are drawn from: the seed and the texts."""
        texts = f"{self.seed}|{self.model}|{self.prompt}|{self.caption}"
        return texts.encode("utf-8", "backslashreplace")


def render_film(spec: FilmSpec) -> bytes:
    """Make a complete MP4: H.264 in yuv420p, AAC stereo at 48 kHz when it has sound, ``moov`` first.

    Raises:
        ValueError: ``still`` is not an image.
        MissingExtra: PyAV or Pillow is not installed.
    """
    _require()
    # The muxer writes the index last and moves it to the front by reading its own file again.
    with tempfile.TemporaryDirectory(prefix="polyreel-film-") as folder:
        path = Path(folder, "film.mp4")
        _write(spec, path)
        return path.read_bytes()


def render_thumbnail(spec: FilmSpec) -> bytes:
    """Make a WebP of the film's size from a moment at one third of it.

    Raises:
        ValueError: ``still`` is not an image.
        MissingExtra: PyAV or Pillow is not installed.
    """
    _require()
    return _saved(_scene(spec).frame(float(spec.frames // 3 / spec.rate)), "WEBP", quality=82, method=2)


def render_spritesheet(spec: FilmSpec) -> bytes:
    """Make a JPEG of 4 by 4 frames, from the first to the last in reading order.

    Raises:
        ValueError: ``still`` is not an image.
        MissingExtra: PyAV or Pillow is not installed.
    """
    _require()
    from PIL import Image

    scene = _scene(spec)
    shrink = min(1.0, 320 / max(spec.width, spec.height))
    tile = (round(spec.width * shrink), round(spec.height * shrink))
    sheet = Image.new("RGB", (_TILES * tile[0], _TILES * tile[1]))
    for number in range(_TILES**2):
        moment = float(number * (spec.frames - 1) // (_TILES**2 - 1) / spec.rate)
        frame = scene.frame(moment).resize(tile, Image.Resampling.LANCZOS)
        sheet.paste(frame, (number % _TILES * tile[0], number // _TILES * tile[1]))
    return _saved(sheet, "JPEG", quality=85)


def _require() -> None:
    try:
        import av  # noqa: F401  this only asks whether both are there
        import PIL  # noqa: F401
    except ImportError as error:
        raise MissingExtra("A simulated film", extra="simulate") from error


def _scene(spec: FilmSpec) -> Scene:
    return Scene(spec, float(spec.frames / spec.rate))


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _write(spec: FilmSpec, path: Path) -> None:
    import av

    scene = _scene(spec)
    # "bitexact" leaves out what differs between two runs or two builds of the muxer.
    with av.open(
        str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as film:
        film.metadata.update(_metadata(spec))
        picture = _picture_stream(film, spec)
        sound = _sound_stream(film) if spec.audio else None
        chunks = _sound(spec) if spec.audio else iter(())
        heard, make = 0, cast("Callable[[Image.Image], av.VideoFrame]", av.VideoFrame.from_image)
        for number in range(spec.frames):
            moment = number / spec.rate
            frame = make(scene.frame(float(moment)))
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = number, 1 / spec.rate
            film.mux(picture.encode(frame))
            # Sound is written along with the picture, as a player reads it.
            while sound and heard <= moment * _RATE and (chunk := next(chunks, None)):
                film.mux(sound.encode(_audio_frame(chunk, heard)))
                heard += len(chunk) // 2
        film.mux(picture.encode(None))
        if sound:
            for chunk in chunks:
                film.mux(sound.encode(_audio_frame(chunk, heard)))
                heard += len(chunk) // 2
            film.mux(sound.encode(None))


def _metadata(spec: FilmSpec) -> dict[str, str]:
    comment = (
        f"Simulated by polyreel to test programs. This is not the output of {spec.model} "
        f"or of any other AI model. Prompt: {spec.prompt[:500]}"
    )
    texts = {"title": f"SIMULATED by polyreel: {spec.model}", "comment": comment}
    # The container holds C strings in UTF-8.
    return {
        name: text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        for name, text in texts.items()
    }


def _picture_stream(film: Any, spec: FilmSpec) -> Any:
    options = {
        "preset": "ultrafast",
        # What makes a third fewer bytes and smoother gradients at almost no cost.
        "x264-params": "cabac=1:deblock=0,0:bframes=3:b-adapt=0:weightp=1",
        "crf": "24",
        "threads": "2",  # a fixed number: x264 cuts its work, and so the bytes, by it
        "flags": "+bitexact",
    }
    stream = film.add_stream("libx264", rate=spec.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
    stream.time_base = 1 / spec.rate
    context = stream.codec_context
    context.time_base = 1 / spec.rate
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = 1  # limited, as players expect
    return stream


def _sound_stream(film: Any) -> Any:
    stream = film.add_stream("aac", rate=_RATE, layout="stereo", options={"flags": "+bitexact"})
    stream.bit_rate = 96_000
    return stream


def _sound(spec: FilmSpec) -> Iterator[array[float]]:
    """Yield stereo samples in chunks: a quiet chord that swells and a soft ping once a second."""
    total = round(spec.frames / spec.rate * _RATE)
    second = _second(random.Random(spec.fingerprint).choice(_ROOTS))  # noqa: S311  a chord
    fade = min(_RATE // 4, total // 2)
    for start in range(0, total, _CHUNK):
        count = min(_CHUNK, total - start)
        offset = start % _RATE
        chunk = second[2 * offset : 2 * (offset + count)]
        chunk += second[: 2 * count - len(chunk)]
        if start < fade or start + count > total - fade:
            for at in range(count):
                gain = min(1.0, (start + at) / fade, (total - start - at) / fade)
                chunk[2 * at] *= gain
                chunk[2 * at + 1] *= gain
        yield chunk


@cache
def _second(root: int) -> array[float]:
    # Whole numbers of hertz: the end of the second meets its beginning, so that it can be repeated.
    base, fifth, octave, third = (
        math.tau * hertz / _RATE for hertz in (root, root * 3 / 2, root * 2, root * 5 / 2)
    )
    samples = array("f", bytes(8 * _RATE))
    for at in range(_RATE):
        swell = 0.16 * (0.75 - 0.25 * math.cos(math.tau * at / _RATE))
        left = 0.5 * math.sin(base * at) + 0.2 * math.sin(octave * at)
        right = 0.3 * math.sin(fifth * at) + 0.14 * math.sin(third * at)
        ping = 0.1 * math.exp(-at / 2400) * math.sin(base * 8 * at) if at < _RATE // 2 else 0.0
        samples[2 * at] = swell * (left + 0.5 * right) + ping
        samples[2 * at + 1] = swell * (right + 0.5 * left) + ping
    return samples


def _audio_frame(chunk: array[float], start: int) -> Any:
    import av

    frame = av.AudioFrame(format="fltp", layout="stereo", samples=len(chunk) // 2)
    for plane, channel in zip(frame.planes, (chunk[::2], chunk[1::2]), strict=True):
        # A plane may be longer than its samples, by what its alignment asks for.
        plane.update(channel.tobytes().ljust(plane.buffer_size, b"\0"))
    frame.sample_rate, frame.pts, frame.time_base = _RATE, start, Fraction(1, _RATE)
    return frame
