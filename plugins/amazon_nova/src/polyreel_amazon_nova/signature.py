"""Signature Version 4: a request, credentials and a time, and out comes the signed request. Nothing else goes in.

Rules: fact sheet on Bedrock's asynchronous invocations, section 6.1 (2026-11-23). Of the headers only the host, the type of
the body and AWS's own (``x-amz-…``) are signed. To the byte the signature is that of botocore 1.44.5 (``SigV4Auth``, for S3
``S3SigV4Auth``), for a request of which all of this is true, as it is of each that this plugin makes; a test compares them:

* it is given to botocore without the headers that it would sign and we do not, such as ``accept`` and ``range``;
* its headers, and the query that stands in its address, are ASCII; what stands in ``query`` may be anything;
* if it is for S3, its path has no step ``.`` or ``..``, which the transport resolves after it was signed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from polyreel.http import Request, encode
from polyreel.redaction import Secret

from polyreel_amazon_nova.places import Scope

__all__ = ["Credentials", "signed"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_UNRESERVED: Final = "-_.~"


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Keys of an AWS principal.

    Attributes:
        access_key_id: The public half.
        secret_access_key: The secret half.
        session_token: What temporary keys come with.
    """

    access_key_id: str = field(repr=False)
    secret_access_key: Secret
    session_token: Secret | None = None


def signed(request: Request, credentials: Credentials, scope: Scope, *, now: float) -> Request:
    """Return ``request`` with its signature; what is signed is what is sent, to the byte.

    Args:
        request: Its JSON becomes content, its query a part of the address.
        credentials: Whose signature.
        scope: For which service and region.
        now: The current time, seconds since 1970.
    """
    headers, content = encode(request)
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {name: value for name, value in headers.items() if name.lower() not in _SET_HERE}
    headers["X-Amz-Date"] = stamp
    if credentials.session_token is not None:
        headers["X-Amz-Security-Token"] = credentials.session_token.reveal()
    digest = hashlib.sha256(content).hexdigest()
    if scope.service == "s3":
        headers["X-Amz-Content-SHA256"] = digest
    address, _, given = request.url.partition("?")
    url = _written_out(address)
    query = _canonical_query(given, request.query)
    named = _signed_headers(url, headers)
    names = ";".join(named)
    canonical = "\n".join(
        (
            request.method.upper(),
            _canonical_path(url, scope),
            query,
            *(f"{name}:{value}" for name, value in named.items()),
            "",
            names,
            digest,
        )
    )
    place = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, place, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = _mac(_key(credentials.secret_access_key, place), text).hex()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{place}, SignedHeaders={names}, Signature={signature}"
    )
    return replace(
        request,
        url=f"{url}?{query}" if query else url,
        query={},
        headers=headers,
        json=None,
        form=None,
        content=content or None,
    )


def _written_out(address: str) -> str:
    """The address as the transport sends it: with a path, and nothing in it that only people read."""
    parts = urlsplit(address)
    path = quote(parts.path or "/", safe="%/:@!$&'()*+,;=" + _UNRESERVED)
    return f"{parts.scheme}://{parts.netloc}{path}"


_SET_HERE: Final = frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})


def _key(secret: Secret, place: str) -> bytes:
    key = f"AWS4{secret.reveal()}".encode()
    for step in place.split("/"):
        key = _mac(key, step)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _signed_headers(url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Only what no proxy touches: the host, the type of the body, and what is AWS's own."""
    named = {
        name.lower(): " ".join(value.split())
        for name, value in headers.items()
        if name.lower() == "content-type" or name.lower().startswith("x-amz-")
    }
    return dict(sorted({**named, "host": _host(url)}.items()))


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


def _canonical_path(url: str, scope: Scope) -> str:
    """S3 signs the path as it is sent; every other service one that is tidied, and encoded once more."""
    path = urlsplit(url).path
    return path if scope.service == "s3" else quote(_tidied(path), safe="/")


def _tidied(path: str) -> str:
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del kept[-1:]
        elif step not in {"", "."}:
            kept.append(step)
    return "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")


def _canonical_query(given: str, query: Mapping[str, str | int | None]) -> str:
    pairs = [pair.partition("=")[::2] for pair in given.split("&") if pair]
    pairs += [
        (quote(name, safe=_UNRESERVED), quote(str(value), safe=_UNRESERVED))
        for name, value in query.items()
        if value is not None
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
