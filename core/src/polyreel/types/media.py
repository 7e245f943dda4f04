"""A picture or a film that goes into a request."""

from __future__ import annotations

from pydantic import Field

from polyreel.types.record import Record

__all__ = ["Media", "MediaRef"]


class Media(Record):
    """A file in memory, read, sniffed and checked.

    Attributes:
        parameter: Where it was given: ``"input_image"``, or a path such as ``"acme_voices/0/clip"``.
        content: The bytes.
        media_type: What the bytes are, whatever they were called.
        name: A file name for the wire, without folders.
        width: Pixels as displayed (EXIF orientation applied); ``None`` when unknown.
        height: Pixels as displayed; ``None`` when unknown.
        sha256: The digest of the bytes, in hexadecimal.
    """

    parameter: str
    content: bytes = Field(repr=False)
    media_type: str
    name: str
    width: int | None = None
    height: int | None = None
    sha256: str


class MediaRef(Record):
    """A file or an earlier job that the provider already has.

    Attributes:
        parameter: Where it was given.
        id: The provider's id; empty when only the address is known.
        url: An address that the provider fetches by itself.
        media_type: What it is, as far as known.
        expires_at: Seconds since 1970 when the provider forgets it; ``None`` for never.
    """

    parameter: str
    id: str = ""
    url: str | None = None
    media_type: str | None = None
    expires_at: float | None = None
