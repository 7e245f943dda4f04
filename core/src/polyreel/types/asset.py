"""One produced file, remote until it is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field

from polyreel.types.record import Record

__all__ = ["Asset", "AssetRole"]

AssetRole: TypeAlias = Literal["video", "shot", "thumbnail", "spritesheet", "last_frame", "audio"]


class Asset(Record):
    """A film or a picture that a job produced.

    Attributes:
        role: What it is for; a ``"shot"`` is a film that is a part of the ``"video"``.
        index: Its place among the assets of its role, from 0.
        media_type: What the provider says it is; after fetching, what the bytes are.
        url: Where to fetch it: absolute, or a path below the provider's base URL. ``None`` when it came inline
            or cannot be fetched.
        query: Query parameters of that address.
        headers: Headers of that request, beyond the credentials.
        alternatives: Other addresses to try, in order, when the first does not have it.
        stays: Why it is not fetched and stays where it is, as a sentence for people: in a bucket of the caller's that
            no given credentials can read. ``None`` for what is fetched.
        content: The bytes, when they came inside the answer. Never stored with the job.
        expires_at: Seconds since 1970 when the provider deletes it; ``None`` when unknown.
        path: The local file, once fetched; ``None`` for what was put into an object store.
        stored: Its address in the object store that it was put into: ``s3://bucket/film.mp4``.
        size_bytes: Its length, once fetched.
        sha256: The digest of its bytes in hexadecimal, once fetched.
        width: Pixels, once fetched.
        height: Pixels, once fetched.
        duration: Seconds, once fetched.
        has_audio: Whether it has a sound track, once fetched.
    """

    role: AssetRole = "video"
    index: int = 0
    media_type: str = "video/mp4"
    url: str | None = None
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    alternatives: tuple[str, ...] = ()
    stays: str | None = None
    content: bytes | None = Field(default=None, repr=False, exclude=True)
    expires_at: float | None = None
    path: Path | None = None
    stored: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    has_audio: bool | None = None

    @property
    def place(self) -> str | None:
        """Where it is kept now: the local file or the address in an object store; ``None`` until it is fetched."""
        return self.stored if self.path is None else str(self.path)
