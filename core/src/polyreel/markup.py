"""Small pieces of HTML for notebooks: everything that is put in is escaped, and nothing in it runs or is fetched.

Colours are the page's own, so that it reads in dark and in light themes.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final, NewType

__all__ = ["Block", "attribute", "card", "lines", "table", "text"]

Block = NewType("Block", str)
"""HTML that was made here, and not a text that would have to be escaped."""

_LONGEST: Final = 2000
_CARD: Final = (
    "border:1px solid color-mix(in srgb, currentColor 35%, transparent);border-radius:6px;padding:.6em .9em;"
    "max-width:64em;overflow-x:auto"
)
_CELL: Final = "text-align:left;vertical-align:top;padding:.15em .9em .15em 0;background:transparent"


def text(given: object) -> Block:
    """Return words as HTML that shows them, and nothing else, whatever they are; very long ones are cut."""
    words = str(given)
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST]}… ({len(words)} characters)"
    return Block(attribute(words))


def attribute(given: object) -> str:
    """Return the value of an attribute that stands in double quotes, whole however long it is."""
    # Half a character (a lone surrogate) could not be saved with the notebook.
    return html.escape(str(given).encode("utf-8", "replace").decode(), quote=True)


def card(title: object, summary: object, blocks: Iterable[Block]) -> str:
    """Return a framed card.

    Args:
        title: Its heading.
        summary: A sentence below it; may be empty.
        blocks: What stands in it, in this order.
    """
    below = f"<div>{text(summary)}</div>" if str(summary) else ""
    return f'<div style="{_CARD}"><div><strong>{text(title)}</strong></div>{below}{"".join(blocks)}</div>'


def table(columns: Sequence[object], rows: Iterable[Sequence[object]]) -> Block:
    """Return a table; empty without rows. Without columns it has no heading, and the first cells are names."""
    body = "".join(f"<tr>{_cells(row, named=not columns)}</tr>" for row in rows)
    if not body:
        return Block("")
    heading = "".join(f'<th style="{_CELL}">{text(name)}</th>' for name in columns)
    head = f"<thead><tr>{heading}</tr></thead>" if columns else ""
    return Block(f"<table>{head}<tbody>{body}</tbody></table>")


def lines(title: object, sentences: Iterable[object]) -> Block:
    """Return a list under a heading; empty without sentences."""
    entries = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return Block(f"<div>{text(title)}</div><ul>{entries}</ul>" if entries else "")


def _cells(row: Sequence[object], *, named: bool) -> str:
    cells = [f'<td style="{_CELL}">{text(cell)}</td>' for cell in row]
    if named and cells:
        cells[0] = f'<th style="{_CELL}">{text(row[0])}</th>'
    return "".join(cells)
