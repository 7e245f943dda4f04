"""The picture of a simulated film: a moving background, and over it what the film is.

Everything that stands still is drawn once into two overlays; a frame costs one background, two pastes, a
time code and a bar.
"""

from __future__ import annotations

import math
import random
from array import array
from colorsys import hsv_to_rgb
from io import BytesIO
from typing import TYPE_CHECKING

from polyreel.simulation.lettering import Block, Colour, Hand, fit

if TYPE_CHECKING:
    from PIL import Image

    from polyreel.simulation.films import FilmSpec

__all__ = ["Scene", "open_still"]

_WHITE: Colour = (248, 249, 252)
_GREY: Colour = (176, 182, 196)
_AMBER: Colour = (255, 190, 70)
_INK = (9, 11, 18, 190)  # dark enough that white text keeps a contrast above 7:1 on any background
_TRACK: Colour = (70, 76, 92)


def open_still(data: bytes) -> Image.Image:
    """Decode an input image, upright and without transparency.

    Raises:
        ValueError: It is not a PNG, JPEG or WebP picture that can be decoded.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"still: not a PNG, JPEG or WebP image that can be decoded ({error})") from error
    ground = Image.new("RGB", upright.size, (255, 255, 255))
    ground.paste(upright, mask=upright.getchannel("A"))
    return ground


class Scene:
    """Draws any moment of one film.

    Args:
        spec: The film.
        seconds: Its exact length, which the number of frames decides.
    """

    def __init__(self, spec: FilmSpec, seconds: float) -> None:
        self._spec = spec
        self._seconds = seconds
        self._size = (spec.width, spec.height)
        self._unit = max(4.0, min(spec.width, spec.height) / 40)
        self._margin = round(1.8 * self._unit)
        self._chance = random.Random(spec.fingerprint)  # noqa: S311  colours
        self._ground: _Picture | _Waves
        if spec.still is not None:
            self._ground = _Picture(spec.still, self._size)
        else:
            self._ground = _Waves(self._size, self._chance)
        self._badge, self._badge_at = self._draw_badge()
        self._panel, self._panel_at = self._draw_panel()

    def frame(self, moment: float) -> Image.Image:
        """Draw the picture at a moment in seconds."""
        image = self._ground.at(moment, self._seconds)
        image.paste(self._badge, self._badge_at, self._badge)
        image.paste(self._panel, self._panel_at, self._panel)
        self._draw_clock(image, moment)
        return image

    def _hand(self, units: float, *, bold: bool = False) -> Hand:
        return Hand(size=max(7, round(units * self._unit)), bold=bold)

    def _draw_badge(self) -> tuple[Image.Image, tuple[int, int]]:
        pad = round(0.8 * self._unit)
        stripe = max(2, round(0.35 * self._unit))
        text = f"SIMULATED by polyreel · not made by {self._spec.model}"
        room = self._spec.width - 2 * self._margin - 3 * pad - stripe
        block = fit(text, [self._hand(1.45, bold=True)], max(room, 24), self._spec.height * 0.2)
        widest = max(block.hand.width(line) for line in block.lines)
        size = (round(widest) + 3 * pad + stripe, block.height + round(1.2 * pad))
        image = _card(size, round(0.5 * self._unit))
        bar = (pad, round(0.75 * pad), pad + stripe - 1, size[1] - round(0.75 * pad))
        image.paste((*_AMBER, 255), bar)
        block.draw(image, (2 * pad + stripe, round(0.6 * pad)), _WHITE)
        return image, (self._margin, self._margin)

    def _draw_panel(self) -> tuple[Image.Image, tuple[int, int]]:
        pad = round(1.4 * self._unit)
        width = self._spec.width - 2 * self._margin
        self._inner = max(24, width - 2 * pad)
        parts = [(block, colour) for block, colour in self._texts() if block.lines != ("",)]
        gap = round(0.4 * self._unit)
        footer = round(3.2 * self._unit)
        height = sum(block.height + gap for block, _ in parts) + footer + 2 * round(0.8 * pad)
        image = _card((width, height), round(0.9 * self._unit))
        y = round(0.8 * pad)
        for block, colour in parts:
            block.draw(image, (pad, y), colour)
            y += block.height + gap
        top = self._spec.height - self._margin - height
        self._footer = (self._margin + pad, self._spec.height - self._margin - footer - round(0.5 * pad))
        facts = f"{self._spec.width}\u00d7{self._spec.height} · {self._spec.fps:g} fps"
        self._write_facts(image, facts, (pad, self._footer[1] - top))
        return image, (self._margin, top)

    def _texts(self) -> list[tuple[Block, Colour]]:
        share = 0.34 if self._spec.width > self._spec.height else 0.38
        if self._spec.still is not None:
            share *= 0.6
        prompt = self._spec.prompt if self._spec.prompt.strip() else "No prompt was given."
        hands = [self._hand(units) for units in (2.5, 2.2, 1.9, 1.6, 1.4, 1.25)]
        caption = fit(self._spec.caption, [self._hand(1.2, bold=True)], self._inner, 1)
        body = fit(prompt, hands, self._inner, self._spec.height * share)
        return [(caption, _AMBER), (body, _WHITE if self._spec.prompt.strip() else _GREY)]

    def _write_facts(self, image: Image.Image, facts: str, at: tuple[int, int]) -> None:
        from PIL import ImageDraw

        hand = self._hand(1.2)
        self._clock = hand
        self._clock_width = hand.width(self._time(0))
        # On the smallest films the time code needs the whole row.
        if hand.width(facts) + self._clock_width + self._unit <= self._inner:
            hand.line(ImageDraw.Draw(image), (at[0], at[1] + hand.size * 1.4), facts, _GREY)

    def _time(self, moment: float) -> str:
        return f"{_clock(moment)} / {_clock(self._seconds)}"

    def _draw_clock(self, image: Image.Image, moment: float) -> None:
        from PIL import ImageDraw

        draw = ImageDraw.Draw(image)
        x, y = self._footer
        right = x + self._inner
        hand = self._clock
        hand.line(draw, (right - self._clock_width, y + hand.size * 1.4), self._time(moment), _WHITE)
        thick = max(2, round(0.35 * self._unit))
        top = y + round(2.5 * self._unit)
        done = min(1.0, moment / self._seconds) if self._seconds else 1.0
        draw.rectangle((x, top, right, top + thick), fill=_TRACK)
        draw.rectangle((x, top, x + max(thick, round(self._inner * done)), top + thick), fill=_AMBER)


def _clock(moment: float) -> str:
    tenths = int(moment * 10 + 1e-6)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _card(size: tuple[int, int], radius: int) -> Image.Image:
    from PIL import Image, ImageDraw

    # Drawn four times as large: Pillow does not smooth the corners itself.
    mask = Image.new("L", (4 * size[0], 4 * size[1]))
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, *(side - 1 for side in mask.size)), 4 * radius, fill=_INK[3]
    )
    card = Image.new("RGBA", size, _INK[:3])
    card.putalpha(mask.resize(size, Image.Resampling.BOX))
    return card


class _Picture:
    """An input image that fills the frame, whole at first, and is slowly approached."""

    def __init__(self, still: bytes, size: tuple[int, int]) -> None:
        from PIL import Image, ImageOps

        self._image = ImageOps.fit(open_still(still), size, Image.Resampling.LANCZOS)

    def at(self, moment: float, seconds: float) -> Image.Image:
        from PIL import Image

        width, height = self._image.size
        inset = 0.05 * min(1.0, moment / seconds)
        box = (width * inset, height * inset, width * (1 - inset), height * (1 - inset))
        return self._image.resize(self._image.size, Image.Resampling.BILINEAR, box)


class _Waves:
    """Slow waves of colour: a few hundred points in Python, enlarged by Pillow."""

    def __init__(self, size: tuple[int, int], chance: random.Random) -> None:
        self._size = size
        longer = max(size)
        self._columns, self._rows = (max(6, round(24 * side / longer)) for side in size)
        self._phases = [chance.uniform(0, math.tau) for _ in range(4)]
        self._palette = _palette(chance.uniform(0.48, 0.9))  # teal to rose: never mustard

    def at(self, moment: float, seconds: float) -> Image.Image:  # noqa: ARG002  the waves never end
        from PIL import Image

        one, two, three, four = self._phases
        across = [math.sin(x * 0.22 + moment * 0.9 + one) for x in range(self._columns)]
        down = [math.sin(y * 0.28 - moment * 0.7 + two) for y in range(self._rows)]
        aslant = [math.sin(i * 0.15 + moment * 1.1 + three) for i in range(self._columns + self._rows)]
        back = [math.sin(i * 0.18 - moment * 0.5 + four) for i in range(self._columns + self._rows)]
        # Floating point for the first and longest step: enlarging bytes would show as a grid of squares.
        points = array(
            "f",
            (
                127.5 + 31 * (across[x] + down[y] + aslant[x + y] + back[x - y + self._rows])
                for y in range(self._rows)
                for x in range(self._columns)
            ),
        )
        small = Image.frombytes("F", (self._columns, self._rows), points.tobytes())
        half_way = small.resize((self._size[0] // 4, self._size[1] // 4), Image.Resampling.BICUBIC)
        large = half_way.convert("L").resize(self._size, Image.Resampling.BILINEAR)
        large.putpalette(self._palette)
        return large.convert("RGB")


def _palette(hue: float) -> list[int]:
    stops = [
        hsv_to_rgb(hue, 0.75, 0.16),
        hsv_to_rgb((hue + 0.04) % 1, 0.8, 0.42),
        hsv_to_rgb((hue + 0.12) % 1, 0.65, 0.78),
        hsv_to_rgb((hue + 0.2) % 1, 0.4, 0.98),
    ]
    palette = []
    for shade in range(256):
        at, part = divmod(shade / 256 * (len(stops) - 1), 1)
        low, high = stops[int(at)], stops[int(at) + 1]
        palette += [round(255 * (a + (b - a) * part)) for a, b in zip(low, high, strict=True)]
    return palette
