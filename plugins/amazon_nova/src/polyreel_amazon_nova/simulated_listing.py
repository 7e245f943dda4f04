"""ListObjectsV2: keys in pages, folders folded up, in S3's XML."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from polyreel.http import Response

from polyreel_amazon_nova.simulated_buckets import Buckets
from polyreel_amazon_nova.simulated_errors import S3Error

__all__ = ["listed", "xml"]

_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_MOST_KEYS = 1000


def xml(name: str, inner: str) -> Response:
    """Answer with a document in S3's namespace.

    Args:
        name: The outermost element.
        inner: What it contains, as XML.
    """
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{_NAMESPACE}">{inner}</{name}>'
    return Response(status=200, headers={"content-type": "application/xml"}, content=text.encode())


def listed(buckets: Buckets, bucket: str, query: Mapping[str, str]) -> Response:
    """Answer ListObjectsV2.

    Only what stands on the page is measured, since measuring a film means making it: the list of a folder whose films
    nobody has asked for yet takes as long as they do.

    Args:
        buckets: The buckets.
        bucket: The name of one that may be listed.
        query: The parameters of the request; unknown ones are ignored, as S3 does.

    Raises:
        S3Error: A parameter cannot be used.
    """
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    shown = _encoder(query.get("encoding-type"))
    most = _most(query.get("max-keys", str(_MOST_KEYS)))
    after = query.get("start-after", "")
    if "continuation-token" in query:
        after = _decoded(query["continuation-token"])
    entries = _folded(buckets.keys(bucket, prefix), prefix, delimiter)
    rest = [entry for entry in entries if entry.encode() > after.encode()]
    page = rest[:most]
    more = bool(page) and len(rest) > most
    facts = {
        "Name": bucket,
        "Prefix": shown(prefix),
        "Delimiter": shown(delimiter) or None,
        "MaxKeys": str(most),
        "KeyCount": str(len(page)),
        "IsTruncated": str(more).lower(),
        "EncodingType": query.get("encoding-type"),
        "StartAfter": query.get("start-after"),
        "ContinuationToken": query.get("continuation-token"),
        "NextContinuationToken": base64.b64encode(page[-1].encode()).decode("ascii") if more else None,
    }
    inner = [_elements(facts)]
    for entry in page:
        if entries[entry]:
            inner.append(f"<CommonPrefixes>{_elements({'Prefix': shown(entry)})}</CommonPrefixes>")
        else:
            inner.append(f"<Contents>{_elements(_facts(buckets, bucket, entry, shown(entry)))}</Contents>")
    return xml("ListBucketResult", "".join(inner))


def _folded(keys: Iterable[str], prefix: str, delimiter: str) -> dict[str, bool]:
    """Return what is listed for these keys, and of each whether it stands for a folder."""
    entries: dict[str, bool] = {}
    for key in keys:
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        entries[f"{prefix}{head}{found}" if found else key] = bool(found)
    return entries


def _facts(buckets: Buckets, bucket: str, key: str, shown: str) -> dict[str, str | None]:
    stored = buckets.get(bucket, key)
    assert stored is not None, "a key that was just listed is there"
    return {
        "Key": shown,
        "LastModified": datetime.fromtimestamp(stored.modified, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "ETag": stored.etag,
        "Size": str(stored.size),
        "StorageClass": "STANDARD",
    }


def _elements(values: Mapping[str, str | None]) -> str:
    return "".join(f"<{n}>{escape(v)}</{n}>" for n, v in values.items() if v is not None)


def _encoder(name: str | None) -> Callable[[str], str]:
    if name is None:
        return str
    if name != "url":
        raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", status=400)
    return lambda text: quote(text, safe="/*-._")


def _most(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        message = f"Provided max-keys not an integer or within integer range: {text}"
        raise S3Error("InvalidArgument", message, status=400)
    return min(int(text), _MOST_KEYS)


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        message = "The continuation token provided is incorrect"
        raise S3Error("InvalidArgument", message, status=400) from None
