"""What a line of text in any script needs before it is drawn: pieces to wrap at, and visual order.

Small on purpose, and honest about it. The order of right-to-left text follows the main rules of UAX #9
(runs, numbers, neutrals between them) without explicit embeddings, isolates or paired brackets. Where
Pillow has no raqm, ``joined`` gives Arabic its joined letters through the presentation forms, vowel marks
of right-to-left scripts are left out, and the conjuncts of Indic scripts stay apart. Thai, Lao, Khmer and
Burmese may break between any two clusters, because finding their words takes a dictionary.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby

__all__ = ["clusters", "joined", "led", "pieces", "plain", "right_to_left", "visual_runs", "wrap"]

_JOINERS = "\u200c\u200d"
_UNDRAWN = {"\u20e3", *map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0x1F3FB, 0x1F400))}
_UNDRAWN |= set(map(chr, range(0xE0100, 0xE01F0)))
_VIRAMA = 9  # the canonical combining class
_LEADING_VOWELS = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"
_DRAWN_FIRST = "\u093f\u09bf\u09c7\u09c8\u0bc6\u0bc7\u0bc8"
_NEVER_FIRST = "々ーゝゞヽヾっゃゅょぁぃぅぇぉッャュョァィゥェォ"  # besides closing punctuation
_PAIRS = ["()", "[]", "{}", "<>", "«»", "\u2039\u203a"]
_MIRRORED = {pair[way]: pair[1 - way] for pair in _PAIRS for way in (0, 1)}
# Thai and Lao, Burmese, Khmer, kana and hanzi, full-width forms, the rarer hanzi.
_FREE = [(0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x9FFF), (0xF900, 0xFAFF)]
_FREE += [(0xFF00, 0xFFEF), (0x20000, 0x3FFFF)]


def plain(text: str) -> str:
    """Reduce text to what is drawn: composed, without controls, variation selectors and skin tones."""
    kept = []
    for char in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(char)
        if char in "\n\u2028\u2029":
            kept.append("\n")
        elif kind in ("Cc", "Zs"):
            kept.append(" ")
        elif char not in _UNDRAWN and (kind != "Cf" or char in _JOINERS):
            kept.append(char)
    lines = (" ".join(line.split()) for line in "".join(kept).split("\n"))
    return "\n".join(line for line in lines if line)


def clusters(text: str) -> list[str]:
    """Split text where a reader would allow a cut inside a word: never between a letter and its marks."""
    found: list[str] = []
    for char in text:
        last = found[-1][-1] if found else ""
        if last and (
            unicodedata.category(char).startswith("M")
            or char in _JOINERS
            or last in _JOINERS
            or last in _LEADING_VOWELS
            or unicodedata.combining(last) == _VIRAMA
        ):
            found[-1] += char
        else:
            found.append(char)
    return found


def pieces(text: str) -> list[str]:
    """Split text into what a line break must not cut; spaces stay at the end of their piece."""
    found: list[str] = []
    for cluster in clusters(text):
        if found and not _breaks(found[-1][-1], cluster[0]):
            found[-1] += cluster
        else:
            found.append(cluster)
    return found


def _breaks(last: str, first: str) -> bool:
    if first == " ":
        return False
    if last == " ":
        return True
    closes = unicodedata.category(first) in ("Pe", "Pf", "Po") or first in _NEVER_FIRST
    opens = unicodedata.category(last) in ("Ps", "Pi")
    return (_free(last) or _free(first)) and not closes and not opens


def _free(char: str) -> bool:
    point = ord(char)
    return any(start <= point <= end for start, end in _FREE)


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Fill lines greedily; a piece wider than a line is cut between clusters.

    Args:
        text: One paragraph or several, as ``plain`` leaves them.
        width: The width of a line.
        measure: The width of a string.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for piece in _fitting(pieces(paragraph), width, measure):
            bare = measure(piece.rstrip())
            if line and used + bare > width:
                lines.append(line.rstrip())
                line, used = "", 0.0
            line += piece
            used += measure(piece)
        lines.append(line.rstrip())
    return lines


def _fitting(parts: list[str], width: float, measure: Callable[[str], float]) -> Iterator[str]:
    for part in parts:
        if measure(part.rstrip()) <= width:
            yield part
        else:
            yield from clusters(part)


def right_to_left(text: str) -> bool:
    """Tell whether the first strong letter of a paragraph runs from right to left."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


def visual_runs(line: str, base: bool) -> list[tuple[str, bool]]:  # noqa: FBT001  one fact about a line
    """Cut a line into runs of one direction, from left to right as they stand on screen.

    Args:
        line: The line as it is read and stored.
        base: Whether its paragraph runs from right to left.

    Returns:
        Pairs of a text, still as stored, and whether it runs from right to left.
    """
    ranks = {"L": 2, "R": 1, "N": 2} if base else {"L": 0, "R": 1, "N": 2}
    levelled = zip(line, (ranks[kind] for kind in _directions(line, base=base)), strict=True)
    runs = [("".join(c for c, _ in group), level) for level, group in groupby(levelled, lambda pair: pair[1])]
    ordered: list[tuple[str, int]] = []
    # A run of level 2 is whole already, so that only what is above level 0 has to be turned.
    for turns, group in groupby(runs, lambda run: run[1] > 0):
        span = list(group)
        ordered += span[::-1] if turns else span
    return [(text, level == 1) for text, level in ordered]


def _directions(line: str, *, base: bool) -> list[str]:
    kinds = [_kind(char) for char in line]
    for at in range(1, len(kinds)):
        if kinds[at] == "NSM":
            kinds[at] = kinds[at - 1]
    for at, kind in enumerate(kinds):
        beside = {kinds[at - 1] if at else "", kinds[at + 1] if at + 1 < len(kinds) else ""}
        if (kind == "sign" and "N" in beside) or (kind == "separator" and beside == {"N"}):
            kinds[at] = "N"
    strong = "R" if base else "L"
    for at, kind in enumerate(kinds):
        if kind in "LR":
            strong = kind
        elif kind == "N" and strong == "L":
            kinds[at] = "L"
    return _neutrals(kinds, "R" if base else "L")


def _kind(char: str) -> str:
    kind = unicodedata.bidirectional(char)
    known = {"L": "L", "R": "R", "AL": "R", "EN": "N", "AN": "N", "NSM": "NSM"}
    return known.get(kind) or {"ET": "sign", "ES": "separator", "CS": "separator"}.get(kind, "neutral")


def _neutrals(kinds: list[str], base: str) -> list[str]:
    resolved: list[str] = []
    before = base
    for settled, group in groupby(kinds, lambda kind: kind in ("L", "R", "N")):
        span = list(group)
        if not settled:
            end = len(resolved) + len(span)
            after = ("L" if kinds[end] == "L" else "R") if end < len(kinds) else base
            span = [before if before == after else base] * len(span)
        resolved += span
        before = "L" if span[-1] == "L" else "R"
    return resolved


@cache
def _forms() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for point in (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD)):
        form, *letters = unicodedata.decomposition(chr(point)).split() or [""]
        table.setdefault("".join(chr(int(letter, 16)) for letter in letters), {})[form] = chr(point)
    table["\u0640"] = dict.fromkeys(("<isolated>", "<initial>", "<medial>", "<final>"), "\u0640")
    return table


def led(text: str) -> str:
    """Put the Indic vowels that are drawn before their consonant there, for want of a shaping engine."""
    ordered = (sorted(cluster, key=lambda char: char not in _DRAWN_FIRST) for cluster in clusters(text))
    return "".join("".join(cluster) for cluster in ordered)


def joined(text: str) -> str:
    """Lay out a right-to-left run without a shaping engine: Arabic joined, brackets turned, reversed."""
    table = _forms()
    units: list[str] = []
    for char in text:
        if unicodedata.category(char) == "Mn" or char == "\u200d":
            continue
        if units and units[-1] == "\u0644" and units[-1] + char in table:
            units[-1] += char
        else:
            units.append(char)
    shaped = []
    for at, unit in enumerate(units):
        forms = table.get(unit, {})
        tied = at > 0 and "<final>" in forms and "<initial>" in table.get(units[at - 1], {})
        ties = at + 1 < len(units) and "<initial>" in forms and "<final>" in table.get(units[at + 1], {})
        form = ("<medial>" if ties else "<final>") if tied else ("<initial>" if ties else "<isolated>")
        shaped.append(forms.get(form, unit))
    return "".join(_MIRRORED.get(unit, unit) for unit in reversed(shaped) if unit != "\u200c")
