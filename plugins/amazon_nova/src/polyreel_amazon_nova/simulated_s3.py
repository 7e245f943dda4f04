"""S3 as far as films and input images need it: a bucket's place, its list, objects written and read.

Source: S3 API reference, of HeadBucket, GetBucketLocation, ListObjectsV2, HeadObject, GetObject and PutObject, and
"Error responses". Everything else of S3 is answered with 501 ``NotImplemented``.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Final
from urllib.parse import unquote, urlsplit

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of

from polyreel_amazon_nova.simulated_access import Gate, Place
from polyreel_amazon_nova.simulated_buckets import Bucket, Buckets, StoredObject
from polyreel_amazon_nova.simulated_errors import S3Error, denied_by_s3, s3_headers
from polyreel_amazon_nova.simulated_listing import listed, xml

__all__ = ["S3Desk"]

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
# What stands in a query and makes another operation of it.
_ELSEWHERE: Final = frozenset(
    {
        *(
            "acl",
            "attributes",
            "cors",
            "delete",
            "encryption",
            "legal-hold",
            "lifecycle",
            "partNumber",
            "policy",
        ),
        *(
            "restore",
            "retention",
            "select",
            "tagging",
            "torrent",
            "uploadId",
            "uploads",
            "versionId",
            "versioning",
        ),
        *("versions", "website"),
    }
)
_MAX_KEY = 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """A request that was let in."""

    request: Request
    query: Mapping[str, str]
    name: str
    key: str
    bucket: Bucket

    @property
    def headers(self) -> Mapping[str, str]:
        return self.request.headers


class S3Desk:
    """Answers requests to S3.

    Args:
        gate: Lets requests in.
        buckets: The buckets.
    """

    def __init__(self, gate: Gate, buckets: Buckets) -> None:
        self._gate = gate
        self._buckets = buckets

    def handle(self, request: Request, place: Place) -> Response:
        """Answer one request.

        Raises:
            S3Error: It is refused.
        """
        region = self._gate.s3(request, place)
        path = _path(request)
        name, _, key = (place.bucket, "", path) if place.bucket else path.partition("/")
        operation = self._operation(request, name, key)
        visit = self._visit(request, name, key, region)
        answer = operation(visit)
        return replace(answer, headers={**s3_headers(), **answer.headers})

    def _operation(self, request: Request, name: str, key: str) -> Callable[[_Visit], Response]:
        query = query_of(request.address)
        if name and not _ELSEWHERE & set(query) and "x-amz-copy-source" not in request.headers:
            match request.method, bool(key):
                case "HEAD", False:
                    return self._head_bucket
                case "GET", False if "location" in query:
                    return self._location
                case "GET", False if query.get("list-type") == "2":
                    return self._list
                case "GET" | "HEAD", True:
                    return self._get
                case "PUT", True:
                    return self._put
        message = "A header or a method you provided implies functionality that is not implemented"
        raise S3Error("NotImplemented", message, status=501)

    def _visit(self, request: Request, name: str, key: str, region: str) -> _Visit:
        """Find the bucket; another account's and one of another region are refused, the region always named."""
        bucket = self._buckets.find(name)
        if bucket is None:
            raise S3Error(
                "NoSuchBucket",
                "The specified bucket does not exist",
                status=404,
                details={"BucketName": name},
            )
        query = query_of(request.address)
        there = {"x-amz-bucket-region": bucket.region}
        if bucket.region != region and "location" not in query:
            raise S3Error(
                "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint. Please "
                "send all future requests to this endpoint.",
                status=301,
                details={"Endpoint": f"{name}.s3.{bucket.region}.amazonaws.com", "Bucket": name},
                headers=there,
            )
        expected = request.headers.get("x-amz-expected-bucket-owner", bucket.owner)
        if bucket.foreign or expected != bucket.owner:
            raise denied_by_s3(there)
        return _Visit(request=request, query=query, name=name, key=key, bucket=bucket)

    def _head_bucket(self, visit: _Visit) -> Response:
        there = {"x-amz-bucket-region": visit.bucket.region}
        if not visit.bucket.listable:
            raise denied_by_s3(there)
        return Response(status=200, headers={"content-type": "application/xml", **there})

    def _location(self, visit: _Visit) -> Response:
        region = "" if visit.bucket.region == "us-east-1" else visit.bucket.region
        return xml("LocationConstraint", region)

    def _list(self, visit: _Visit) -> Response:
        if not visit.bucket.listable:
            raise denied_by_s3()
        return listed(self._buckets, visit.name, visit.query)

    def _get(self, visit: _Visit) -> Response:
        stored = self._buckets.get(visit.name, visit.key)
        if not visit.bucket.readable or (stored is None and not visit.bucket.listable):
            raise denied_by_s3()
        if stored is None:
            raise S3Error(
                "NoSuchKey", "The specified key does not exist.", status=404, details={"Key": visit.key}
            )
        headers = {
            "content-type": stored.media_type,
            "etag": stored.etag,
            "last-modified": formatdate(stored.modified, usegmt=True),
            "accept-ranges": "bytes",
        }
        _check_match(visit.headers, stored)
        if visit.headers.get("if-none-match") in {stored.etag, "*"}:
            return Response(status=304, headers=headers)
        if visit.request.method == "HEAD":
            length = {"content-length": str(stored.size)}
            return Response(status=200, headers={**headers, **_checksum(visit.headers, stored), **length})
        return _body(visit.headers, stored, headers)

    def _put(self, visit: _Visit) -> Response:
        if len(visit.key.encode()) > _MAX_KEY:
            raise S3Error("KeyTooLongError", "Your key is too long", status=400)
        content, trailers = visit.request.content or b"", dict(visit.headers)
        if visit.headers.get("x-amz-content-sha256") == "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
            content, more = _unchunked(content)
            trailers |= more
        _check_content(content, trailers)
        media_type = visit.headers.get("content-type", "binary/octet-stream")
        stored = self._buckets.put(visit.name, visit.key, content, media_type)
        headers = {
            "etag": stored.etag,
            "x-amz-checksum-crc32": stored.crc32,
            "x-amz-checksum-type": "FULL_OBJECT",
        }
        return Response(status=200, headers=headers)


def _path(request: Request) -> str:
    try:
        return unquote(urlsplit(request.url).path, errors="strict").removeprefix("/")
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "Couldn't parse the specified URI.", status=400) from None


def _check_match(headers: Mapping[str, str], stored: StoredObject) -> None:
    if headers.get("if-match", "*") not in {stored.etag, stored.etag.strip('"'), "*"}:
        message = "At least one of the pre-conditions you specified did not hold"
        raise S3Error("PreconditionFailed", message, status=412, details={"Condition": "If-Match"})


def _checksum(headers: Mapping[str, str], stored: StoredObject) -> dict[str, str]:
    if headers.get("x-amz-checksum-mode") != "ENABLED":
        return {}
    return {"x-amz-checksum-crc32": stored.crc32, "x-amz-checksum-type": "FULL_OBJECT"}


def _body(asked: Mapping[str, str], stored: StoredObject, headers: dict[str, str]) -> Response:
    """Answer with an object or a part of it; the checksum is only said of a whole one."""
    content = stored.read()
    if content is None:
        message = f"The simulation keeps no object as large as this one ({stored.size} bytes)."
        raise S3Error("NotImplemented", message, status=501)
    found = _RANGE.fullmatch(asked.get("range", ""))
    if found is None or found[0] == "bytes=-" or (found[1] and found[2] and int(found[2]) < int(found[1])):
        return Response(status=200, headers={**headers, **_checksum(asked, stored)}, content=content)
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or stored.size), stored.size - 1)
    else:
        first, last = max(stored.size - int(found[2]), 0), stored.size - 1
    if first > last:
        raise S3Error(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            details={"RangeRequested": found[0], "ActualObjectSize": str(stored.size)},
            headers={"content-range": f"bytes */{stored.size}"},
        )
    part = {"content-range": f"bytes {first}-{last}/{stored.size}"}
    return Response(status=206, headers={**headers, **part}, content=content[first : last + 1])


def _unchunked(body: bytes) -> tuple[bytes, dict[str, str]]:
    """Take an ``aws-chunked`` body apart: its content, and the headers that follow it."""
    content, at = bytearray(), 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size = re.fullmatch(rb"([0-9A-Fa-f]{1,8})(?:;.*)?", body[at:end])
        if size is None:
            break
        length, at = int(size[1], 16), end + 2
        if length == 0:
            lines = body[at:].decode("latin-1").split("\r\n")
            fields = (line.partition(":") for line in lines if line)
            return bytes(content), {name.strip().lower(): value.strip() for name, _, value in fields}
        content += body[at : at + length]
        at += length + 2
    raise S3Error("IncompleteBody", "The request body terminated unexpectedly", status=400)


def _check_content(content: bytes, headers: Mapping[str, str]) -> None:
    """Hold a body against what its headers say of it: the two checksums that need no library of their own."""
    digests: dict[str, Callable[[], bytes]] = {
        "content-md5": lambda: hashlib.md5(content, usedforsecurity=False).digest(),
        "x-amz-checksum-crc32": lambda: zlib.crc32(content).to_bytes(4, "big"),
        "x-amz-checksum-sha256": lambda: hashlib.sha256(content).digest(),
    }
    for name, digest in digests.items():
        if name in headers and headers[name] != base64.b64encode(digest()).decode("ascii"):
            message = f"The {name} you specified did not match what we received."
            raise S3Error("BadDigest", message, status=400)
