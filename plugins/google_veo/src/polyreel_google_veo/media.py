"""Pictures and films as Google's two wires have them, and addresses in Cloud Storage.

Shapes: fact sheet on Google, sections 1.3, 7 and 8 (2026-11-23); those of interactions also from google-genai 3.4.0,
``_gaos/types/interactions/{imagecontent,videocontent}.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, Literal
from urllib.parse import quote, unquote, urlsplit

from polyreel.types.media import Media, MediaRef

__all__ = [
    "base64_length",
    "bucket_of",
    "content",
    "film_source",
    "gcs_uri",
    "is_interaction",
    "object_address",
    "picture",
    "type_of",
]

# A table of our own: the standard library's reads files of the machine, which differ.
_TYPES: Final[Mapping[str, str]] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
}


def type_of(reference: MediaRef) -> str | None:
    """Return the media type of a file that is named by its address: what is known of it, else by its ending."""
    if reference.media_type:
        return reference.media_type
    path = PurePosixPath(urlsplit(reference.url or "").path)
    return _TYPES.get(path.suffix.lower())


def picture(medium: Media | MediaRef) -> dict[str, str]:
    """Return a picture, or a film, as an instance of Veo has it."""
    if isinstance(medium, Media):
        return {"bytesBase64Encoded": _base64(medium), "mimeType": medium.media_type}
    return {"gcsUri": str(gcs_uri(medium.url)), "mimeType": type_of(medium) or "image/png"}


def film_source(medium: Media | MediaRef, surface: str) -> dict[str, str]:
    """Return the film that Veo extends or changes.

    The Developer API takes the address of an earlier film and nothing else beside it; even a media type makes it refuse
    (fact sheet, section 6, number 4).
    """
    if isinstance(medium, Media):
        return picture(medium)
    if surface == "gemini":
        return {"uri": str(medium.url)}
    return {"gcsUri": str(gcs_uri(medium.url)), "mimeType": type_of(medium) or "video/mp4"}


def content(medium: Media | MediaRef, kind: Literal["image", "video"]) -> dict[str, str]:
    """Return a picture or a film as an interaction has it."""
    if isinstance(medium, Media):
        return {"type": kind, "data": _base64(medium), "mime_type": medium.media_type}
    usual = "image/png" if kind == "image" else "video/mp4"
    return {
        "type": kind,
        "uri": gcs_uri(medium.url) or str(medium.url),
        "mime_type": type_of(medium) or usual,
    }


def is_interaction(reference: MediaRef) -> bool:
    """Whether an earlier job was an interaction, which the next one can go on from; operations say what they are."""
    return bool(reference.id) and "operations" not in reference.id.split("/")


def base64_length(medium: Media) -> int:
    """Return the number of characters of a file as base64."""
    return 4 * -(-len(medium.content) // 3)


def gcs_uri(address: str | None) -> str | None:
    """Return ``gs://bucket/name`` for an object in Cloud Storage, in either spelling; ``None`` for anything else."""
    if not address:
        return None
    if address.startswith("gs://"):
        bucket, _, name = address.removeprefix("gs://").partition("/")
        return address if bucket and name else None
    bucket, found, name = urlsplit(address).path.partition("/storage/v1/b/")[2].partition("/o/")
    return f"gs://{unquote(bucket)}/{unquote(name)}" if found and bucket and name else None


def bucket_of(uri: str) -> str:
    """Return the bucket of ``gs://bucket/name``."""
    return uri.removeprefix("gs://").partition("/")[0]


def object_address(uri: str, *, storage: str) -> str:
    """Return where Cloud Storage's JSON API has the object ``gs://bucket/name``; it wants ``alt=media`` beside it.

    Args:
        uri: The object.
        storage: Where the API is.
    """
    bucket = bucket_of(uri)
    name = uri.removeprefix(f"gs://{bucket}/")
    return f"{storage}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def _base64(medium: Media) -> str:
    return base64.b64encode(medium.content).decode("ascii")
