"""What the safety rules say about a film: reasons, and the families of their support codes.

Families: Google's page on responsible AI for Veo, as the fact sheet on Google has it in section 3 (2026-11-23).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from polyreel.redaction import clean
from polyreel.types.job import Failure, Notice

from polyreel_google_veo.films import Reel

__all__ = ["explained", "filtered", "partly_filtered", "partly_usable", "unusable"]

_FAMILIES: Final[Mapping[str, str]] = {
    "a child": "58061214 17301594",
    "a celebrity": "29310472 15236754",
    "the safety of the film": "64151117 42237218",
    "dangerous content": "62263041",
    "hate": "57734940 22137204",
    "another safety rule": "74803281 29578790 42876398",
    "prohibited content": "89371032 49114662 63429089 72817394 60599140",
    "content of third parties": "35561574 35561575",
    "sexual content": "90789179 43188360",
    "toxic content": "78610348",
    "violence": "61493863 56562880",
    "vulgar content": "32635315",
}
_FAMILY_OF: Final = {code: family for family, codes in _FAMILIES.items() for code in codes.split()}
_CODE: Final = re.compile(r"\b\d{8}\b")


def explained(reasons: Iterable[str]) -> str:
    """Return Google's reasons with what its support codes stand for."""
    text = clean(" ".join(reasons)) or "Google gives no reason"
    codes = list(dict.fromkeys(_CODE.findall(text)))
    families = [f"{code}: {_FAMILY_OF[code]}" for code in codes if code in _FAMILY_OF]
    return f"{text.rstrip('.')} ({', '.join(families)})" if families else text


def filtered(reasons: Iterable[str]) -> Failure:
    """Return the failure of a film that safety rules held back; Google does not charge for it."""
    reasons = list(reasons)
    code = next(iter(_CODE.findall(" ".join(reasons))), None)
    return Failure(kind="filtered", message=explained(reasons), code=code, billed=False)


def partly_filtered(count: int, made: int, reasons: Iterable[str]) -> Notice:
    """Return the notice that some of several films were held back.

    Args:
        count: How many were.
        made: How many were made.
        reasons: Google's reasons.
    """
    return Notice(
        parameter="n",
        message=f"{made} of {made + count} films were made, safety rules held the rest back: {explained(reasons)}",
    )


def partly_usable(reel: Reel, missing: int) -> Notice:
    """Return the notice that some of several films came, and cannot be had.

    Args:
        reel: What the answer has.
        missing: How many of its entries are empty, and no safety rule tells why.
    """
    bad = len(reel.faults) + missing
    return Notice(
        parameter="n",
        message=f"{bad} of {bad + len(reel.films)} films of the answer cannot be had: {reel.fault}",
    )


def unusable(fault: str) -> Failure:
    """Return the failure of a job whose films came, and none can be had; whether it is charged is not known."""
    return Failure(message=f"Google says that it is done, and its film cannot be had: {fault}", billed=None)
