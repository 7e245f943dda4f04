"""Films in answers: read from any of their shapes, and turned into assets.

Shapes: fact sheet on Google, sections 3, 4 and 8 (2026-11-23).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from polyreel.errors import UnexpectedAnswer
from polyreel.http import origin
from polyreel.redaction import clean
from polyreel.types.asset import Asset
from polyreel.types.provider import Settings

from polyreel_google_veo.accounts import GEMINI_URL, reads_storage
from polyreel_google_veo.media import gcs_uri, object_address
from polyreel_google_veo.surfaces import storage_of

__all__ = ["Film", "Reel", "assets", "fault_of", "file_of", "film", "reel"]

Film = dict[str, str]
"""``uri`` or ``data`` (base64), and ``media_type``: JSON, since it stands in a payload."""

_SPACE: Final = b" \t\r\n\v\f"
_FILE: Final = re.compile(r"/(?:(v\d\w*)/)?files/([A-Za-z0-9_-]+)")


def film(*, uri: Any, data: Any, media_type: Any) -> Film | None:
    """Return a film of an answer, or ``None`` when it has neither an address nor bytes."""
    kind = media_type if isinstance(media_type, str) and media_type else "video/mp4"
    if isinstance(uri, str) and uri:
        return {"uri": uri, "media_type": kind}
    if isinstance(data, str) and data:
        return {"data": data, "media_type": kind}
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reel:
    """The films of one answer.

    Attributes:
        films: Those that can be had.
        faults: Of each of the others that are there, what is wrong with it.
        missing: How many entries have neither an address nor bytes.
    """

    films: tuple[Film, ...]
    faults: tuple[str, ...]
    missing: int

    @property
    def fault(self) -> str:
        """What is wrong with those that cannot be had, each thing once."""
        lack = ("the answer has neither an address nor bytes of it",) if self.missing else ()
        return "; ".join(dict.fromkeys((*self.faults, *lack)))


def reel(found: Iterable[Film | None]) -> Reel:
    """Sort the entries of an answer, so that one that is bad does not lose the good ones."""
    entries = list(found)
    judged = [(film, fault_of(film)) for film in entries if film is not None]
    return Reel(
        films=tuple(film for film, fault in judged if fault is None),
        faults=tuple(fault for _, fault in judged if fault is not None),
        missing=entries.count(None),
    )


def fault_of(film: Film) -> str | None:
    """Return why a film of an answer cannot be had, or ``None`` when nothing speaks against it."""
    if "data" in film:
        return None if _decoded(film["data"]) else "it came inside the answer and is no base64"
    uri = film["uri"]
    if uri.startswith("gs://") and gcs_uri(uri) is None:
        return f"{clean(uri)!r} names no object in Cloud Storage"
    return None


def file_of(address: str) -> str | None:
    """Return the path below the Developer API's base of the file that an address leads to, as Google's SDK does."""
    found = _FILE.search(address)
    return f"/{found[1] or 'v1beta'}/files/{found[2]}" if found else None


def assets(films: Sequence[Mapping[str, str]], settings: Settings) -> list[Asset]:
    """Return where films are.

    Raises:
        UnexpectedAnswer: The bytes of one are no base64.
    """
    return [_asset(film, index, settings) for index, film in enumerate(films)]


def _asset(film: Mapping[str, str], index: int, settings: Settings) -> Asset:
    uri, kind = film.get("uri"), film["media_type"]
    if uri is None:
        return Asset(index=index, media_type=kind, content=_bytes(film["data"]))
    if not uri.startswith("gs://"):
        return _served(uri, index, kind, settings)
    if reads_storage(settings):
        address = object_address(uri, storage=storage_of(settings))
        return Asset(index=index, media_type=kind, url=address, query={"alt": "media"})
    return Asset(
        index=index,
        media_type=kind,
        url=uri,
        stays="Cloud Storage takes no API key; give a project with an access token or credentials, or copy it with "
        "'gcloud storage cp'",
    )


def _served(uri: str, index: int, kind: str, settings: Settings) -> Asset:
    """A file of the Developer API. The key goes along only to the API's own origin.

    Behind a proxy Google's address is not that: then the file is asked for at the proxy, and Google's address is the
    alternative.
    """
    base = (settings.get("base_url") or GEMINI_URL).rstrip("/")
    file = file_of(uri)
    again = uri if file is None else f"{base}{file}:download?alt=media"
    first, second = (uri, again) if origin(uri) == origin(base) else (again, uri)
    return Asset(index=index, media_type=kind, url=first, alternatives=() if first == second else (second,))


def _bytes(text: str) -> bytes:
    decoded = _decoded(text)
    if not decoded:
        raise UnexpectedAnswer(
            "a film came inside the answer and is no base64", provider="google", billed=True
        )
    return decoded


def _decoded(text: str) -> bytes | None:
    """The bytes that base64 stands for, broken into lines or not; ``None`` when it is none."""
    try:
        return base64.b64decode(text.encode("ascii").translate(None, _SPACE), validate=True)
    except (binascii.Error, ValueError):
        return None
