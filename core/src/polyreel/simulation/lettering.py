"""Text in any script, drawn with the fonts beside this file and never with those of the machine.

The first font that covers a character draws it; GNU Unifont, as bitmaps, draws what no other does, and
what even Unifont lacks (private use, the rarest hanzi) becomes U+FFFD. ``scripts`` says what is and is not
done for right-to-left and Indic scripts.
"""

from __future__ import annotations

import gzip
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.simulation import scripts

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

__all__ = ["Block", "Colour", "Hand", "fit", "font_of"]

_FONTS = Path(__file__).parent / "fonts"
_BITMAPS = "unifont.hex.gz"
_REPLACEMENT = "\ufffd"
_LONGEST = 4000  # characters that are laid out; no panel shows as many

_FINE = 4  # at small sizes whole pixels between letters would look uneven

Colour = tuple[int, int, int]


@cache
def _coverage() -> dict[str, tuple[list[int], list[int]]]:
    table = {}
    for line in (_FONTS / "coverage.txt").read_text(encoding="ascii").splitlines():
        name, *spans = line.split()
        pairs = [span.partition("-") for span in spans]
        table[name] = [int(a, 16) for a, _, _ in pairs], [int(b or a, 16) for a, _, b in pairs]
    return table


def _covers(font: str, char: str) -> bool:
    if font == _BITMAPS:
        return _bitmap(char) is not None
    starts, ends = _coverage()[font]
    at = bisect_right(starts, ord(char)) - 1
    return at >= 0 and ord(char) <= ends[at]


@cache
def _unifont() -> dict[str, str]:
    text = gzip.decompress((_FONTS / _BITMAPS).read_bytes()).decode("ascii")
    return dict(line.split(":") for line in text.splitlines())


def _bitmap(char: str) -> bytes | None:
    bits = _unifont().get(f"{ord(char):04X}")
    return bytes.fromhex(bits) if bits else None


@cache
def _file(name: str) -> bytes:
    return (_FONTS / name).read_bytes()


@cache
def font_of(char: str, *, bold: bool = False) -> str | None:
    """Name the font that draws a character, or ``None`` when no font here does."""
    names = [name for name in _coverage() if bold or "Bold" not in name]
    if bold:
        names.sort(key=lambda name: "Bold" not in name)
    return next((name for name in (*names, _BITMAPS) if _covers(name, char)), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """A size and a weight to write in.

    Attributes:
        size: Pixels of the em square.
        bold: Whether Latin is bold; the other scripts have one weight.
    """

    size: int
    bold: bool = False

    def width(self, text: str) -> float:
        """Measure text, close enough to wrap and to align by."""
        return sum(self._advance(*run) for run in self._runs(text, base=False))

    def line(
        self,
        draw: ImageDraw.ImageDraw,
        at: tuple[float, float],
        text: str,
        colour: Colour | int,
        *,
        base: bool = False,
    ) -> None:
        """Write one line with its left end on the baseline at a point.

        Args:
            draw: Where to.
            at: The left end of the baseline.
            text: One line, as stored.
            colour: Red, green, blue; one number on a mask.
            base: Whether its paragraph runs from right to left.
        """
        x, y = at
        for font, part, rtl in self._runs(text, base=base):
            if font == _BITMAPS:
                self._dots(draw, (x, y), part, colour)
            else:
                way = ("rtl" if rtl else "ltr") if _shapes() else None
                draw.text((x, y), part, fill=colour, font=_face(font, self.size), anchor="ls", direction=way)
            x += self._advance(font, part, rtl)

    def _runs(self, text: str, *, base: bool) -> Iterator[tuple[str, str, bool]]:
        for part, rtl in scripts.visual_runs(text, base):
            ready = part if _shapes() else scripts.joined(part) if rtl else scripts.led(part)
            runs = list(self._by_font(ready))
            if rtl and _shapes():
                runs.reverse()
            for font, run in runs:
                turned = rtl and _shapes() and font == _BITMAPS
                yield font, "".join(reversed(scripts.clusters(run))) if turned else run, rtl

    def _by_font(self, text: str) -> Iterator[tuple[str, str]]:
        font, run = "", ""
        for char in text:
            if char in "\u200c\u200d" and not (_shapes() and font and _covers(font, char)):
                continue
            wanted = font_of(char, bold=self.bold)
            drawn = char if wanted else _REPLACEMENT
            wanted = wanted or font_of(_REPLACEMENT, bold=self.bold) or _BITMAPS
            if font and _stays(char) and _covers(font, drawn):
                wanted = font
            if wanted != font and run:
                yield font, run
                run = ""
            font, run = wanted, run + drawn
        if run:
            yield font, run

    def _advance(self, font: str, text: str, rtl: bool) -> float:  # noqa: FBT001  a run, unpacked
        if font == _BITMAPS:
            cells = sum(len(_bitmap(char) or b"") for char in text if not _mark(char))
            return cells / 32 * self.size
        way = ("rtl" if rtl else "ltr") if _shapes() else None
        return _face(font, _FINE * self.size).getlength(text, direction=way) / _FINE

    def _dots(
        self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: Colour | int
    ) -> None:
        from PIL import Image

        x, y = at
        for char in text:
            bits = _bitmap(char) or b""
            columns = len(bits) // 2
            cell = Image.frombytes("1", (columns, 16), bits).convert("L")
            width = round(columns * self.size / 16)
            # Enlarged by whole steps first, so that the dots keep their square edges at any size.
            mask = cell.resize((columns * 8, 128), Image.Resampling.NEAREST)
            mask = mask.resize((width, self.size), Image.Resampling.BOX)
            left = x - width if _mark(char) else x
            draw.bitmap((round(left), round(y - self.size * 14 / 16)), mask, fill=colour)
            x += 0 if _mark(char) else columns / 16 * self.size


@cache
def _shapes() -> bool:
    from PIL import features

    return bool(features.check("raqm"))


@lru_cache(32)  # each holds its own copy of the font
def _face(font: str, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    engine = ImageFont.Layout.RAQM if _shapes() else ImageFont.Layout.BASIC
    return ImageFont.truetype(BytesIO(_file(font)), size, layout_engine=engine)


def _mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")


def _stays(char: str) -> bool:
    # A space or a mark between two words of one script must not cut the run: shaping needs it whole.
    return char == " " or _mark(char)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Wrapped text with the hand that writes it.

    Attributes:
        lines: The lines as stored, the last one cut when the text was too long.
        hand: The size and weight that fitted.
        width: The width that was given, to which right-to-left lines are aligned.
        base: Whether the text runs from right to left.
    """

    lines: tuple[str, ...]
    hand: Hand
    width: float
    base: bool

    @property
    def leading(self) -> int:
        """The distance between two baselines."""
        return round(self.hand.size * 1.36)

    @property
    def height(self) -> int:
        """The height of all lines."""
        return self.leading * len(self.lines)

    def draw(self, image: Image.Image, at: tuple[int, int], colour: Colour) -> None:
        """Write the lines with their upper left corner at a point."""
        from PIL import Image, ImageDraw

        size = self.hand.size
        large = Hand(size=_FINE * size, bold=self.hand.bold)
        for number, line in enumerate(self.lines):
            width = self.hand.width(line)
            mask = Image.new("L", (_FINE * (ceil(width) + 2 * size), _FINE * 2 * size))
            large.line(ImageDraw.Draw(mask), (_FINE * size, _FINE * 1.5 * size), line, 255, base=self.base)
            x = at[0] - size + (self.width - width if self.base else 0)
            y = at[1] + number * self.leading - 0.44 * size
            image.paste((*colour, 255), (round(x), round(y)), mask.reduce(_FINE))


def fit(text: str, hands: list[Hand], width: float, height: float) -> Block:
    """Wrap text in the first hand whose lines fit, or cut it with an ellipsis in the last.

    Args:
        text: Text of any script and length.
        hands: From the largest to the smallest.
        width: Pixels to wrap at.
        height: Pixels that the lines may take; one line is always written.
    """
    readable = scripts.plain(text[:_LONGEST])
    base = scripts.right_to_left(readable)
    for hand in hands:
        lines = tuple(scripts.wrap(readable, width, cache(hand.width)))
        block = Block(lines=lines, hand=hand, width=width, base=base)
        keep = max(1, int(height // block.leading))
        if len(block.lines) <= keep and len(text) <= _LONGEST:
            return block
    keep = min(keep, len(block.lines))
    kept, last = block.lines[: keep - 1], scripts.clusters(block.lines[keep - 1])
    while last and block.hand.width("".join(last).rstrip() + "…") > width:
        last.pop()
    return replace(block, lines=(*kept, "".join(last).rstrip() + "…"))
