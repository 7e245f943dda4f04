"""Make the font files of this directory from their originals; see README.md for where those come from.

Nothing at run time imports this file. It needs fonttools and Pillow, and the originals in one directory::

    python build.py ORIGINALS
"""

# ruff: noqa: INP001  a script beside the files it makes, not a module of the package

from __future__ import annotations

import gzip
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fontTools import subset  # type: ignore[import-untyped, import-not-found, unused-ignore]
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
COMMON = [*range(0x20, 0x7F), 0xA0, 0xB7, 0x2026]
JOINERS = [0x200C, 0x200D]
LATIN_GREEK_CYRILLIC = [
    *range(0x20, 0x530),
    *range(0x1E00, 0x2000),
    *range(0x2010, 0x2028),
    *range(0x2030, 0x205F),
    *range(0x2070, 0x2190),
    0x2212,
    0x25CC,
    0xFFFD,
]
SHAPING = ["kern", "mark", "mkmk", "ccmp", "locl", "rlig", "init", "medi", "fina", "isol", "calt", "liga"]
INDIC = ["nukt", "akhn", "rphf", "rkrf", "pref", "blwf", "abvf", "half", "pstf", "vatu", "cjct"]
INDIC_FORMS = ["pres", "abvs", "blws", "psts", "haln", "abvm", "blwm", "dist"]


def double_byte(codec: str, leads: Iterable[int]) -> set[int]:
    """Read the characters that a national standard thought worth having."""
    trails = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    texts = (bytes([lead, trail]).decode(codec, "ignore") for lead in leads for trail in trails)
    return {ord(text) for text in texts if len(text) == 1}


def cjk() -> set[int]:
    """List GB 2312, KS X 1001, and the first levels of JIS X 0208 and Big5: what people write."""
    wanted = double_byte("gb2312", range(0xA1, 0xF8)) | double_byte("euc_kr", range(0xA1, 0xC9))
    wanted |= double_byte("euc_jp", range(0xA1, 0xD0)) | double_byte("big5", range(0xA4, 0xC7))
    return {point for point in wanted if point >= 0x2E80}  # noqa: PLR2004  where CJK begins


def block(first: int, last: int) -> list[int]:
    """List one Unicode block with what its text is mixed with."""
    return [*range(first, last + 1), 0x20, 0xA0, 0x25CC, 0x964, 0x965, *JOINERS]


SOURCES: dict[str, tuple[str, Iterable[int]]] = {
    "NotoSans-Regular.ttf": ("NotoSans-Regular.ttf", LATIN_GREEK_CYRILLIC),
    "NotoSans-Bold.ttf": ("NotoSans-Bold.ttf", [*COMMON, *range(0xA0, 0x180)]),
    "NotoSansArabic.ttf": (
        "NotoSansArabic-Regular.ttf",
        [*block(0x600, 0x6FF), *range(0x750, 0x780), *range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)],
    ),
    "NotoSansHebrew.ttf": ("NotoSansHebrew-Regular.ttf", block(0x590, 0x5FF)),
    "NotoSansDevanagari.ttf": ("NotoSansDevanagari-Regular.ttf", block(0x900, 0x97F)),
    "NotoSansBengali.ttf": ("NotoSansBengali-Regular.ttf", block(0x980, 0x9FF)),
    "NotoSansTamil.ttf": ("NotoSansTamil-Regular.ttf", block(0xB80, 0xBFF)),
    "NotoSansTelugu.ttf": ("NotoSansTelugu-Regular.ttf", block(0xC00, 0xC7F)),
    "NotoSansThai.ttf": ("NotoSansThai-Regular.ttf", block(0xE00, 0xE7F)),
    "NotoSansCJK.otf": ("NotoSansCJK-Regular.ttc", cjk()),
    "NotoEmoji.ttf": ("NotoEmoji_400Regular.ttf", range(0x203C, 0x20000)),
}


def cut(original: Path, target: Path, points: Iterable[int]) -> list[int]:
    """Write the part of a font that draws these code points, and return those it really has."""
    options = subset.Options()
    options.hinting = False
    options.notdef_outline = True  # what is missing must be seen, by people and by the tests
    options.name_IDs = [0, 1, 2, 13, 14]  # the copyright and the licence travel with the file
    options.layout_features = [*SHAPING, *INDIC, *INDIC_FORMS]
    options.font_number = 2  # of the CJK collection: the Simplified Chinese shapes
    if target.suffix == ".otf" or "Emoji" in target.name:
        options.layout_features = []
        options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx"]
    font = subset.load_font(str(original), options)
    wanted = sorted(set(points) & set(font.getBestCmap()))
    worker = subset.Subsetter(options)
    worker.populate(unicodes=wanted)
    worker.subset(font)
    subset.save_font(font, str(target), options)
    return wanted


def ranges(points: Iterable[int]) -> str:
    """Write sorted code points as ``20-7e a0``."""
    spans: list[list[int]] = []
    for point in points:
        if spans and point == spans[-1][1] + 1:
            spans[-1][1] = point
        else:
            spans.append([point, point])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in spans)


def bitmaps(original: Path, covered: set[int]) -> Iterator[tuple[int, str]]:
    """Read Unifont back into the ``.hex`` lines it is made from: 8 or 16 by 16 pixels."""
    face = ImageFont.truetype(str(original), 16, layout_engine=ImageFont.Layout.BASIC)
    options = subset.Options()
    mapping: dict[int, Any] = subset.load_font(str(original), options).getBestCmap()
    for point in sorted(set(mapping) - covered):
        if unicodedata.category(chr(point)) in ("Co", "Cs", "Cn", "Cc"):
            continue
        advance = round(face.getlength(chr(point)))
        canvas = Image.new("1", (48, 16))
        ImageDraw.Draw(canvas).text((16, 14), chr(point), font=face, fill=1, anchor="ls")
        left, width = (16, advance) if advance else (0, 16)
        yield point, canvas.crop((left, 0, left + width, 16)).tobytes().hex().upper()


def main(originals: Path) -> None:
    """Write every file."""
    lines, covered = [], set(range(0x20))
    for name, (source, points) in SOURCES.items():
        found = cut(next(originals.rglob(source)), HERE / name, points)
        lines.append(f"{name} {ranges(found)}")
        covered |= set(found)
    (HERE / "coverage.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    glyphs = {
        point: bits
        for source in ("unifont_upper.otf", "unifont.otf")
        for point, bits in bitmaps(next(originals.rglob(source)), covered)
    }
    text = "".join(f"{point:04X}:{bits}\n" for point, bits in sorted(glyphs.items()))
    (HERE / "unifont.hex.gz").write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
