"""Signature Version 4 as its receiver checks it, from AWS's specification.

Source: IAM user guide, "Create a signed AWS API request" and "Elements of an AWS API request signature", and the
S3 API reference, "Authenticating requests (AWS Signature Version 4)". Bedrock's canonical URI is the path as it was
sent, encoded once more; that of S3 is encoded once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from polyreel.http import Request

__all__ = ["Malformed", "Signature", "bedrock_uri", "host_of", "read_signature", "s3_uri", "string_to_sign"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_MOMENT: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_SCOPE_PARTS = 5  # key id, date, region, service, "aws4_request"
_LONGEST = 604_800  # seconds that a presigned address may live: S3 API reference


class Malformed(ValueError):
    """A signature that cannot be read; the sentence says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a request says about its signature.

    Attributes:
        key_id: The access key's id.
        date: Of the scope, ``20261123``.
        region: Of the scope.
        service: Of the scope.
        moment: When it was signed, ``20261123T100000Z``.
        signed: Names of the signed headers, lower case.
        value: 64 hexadecimal digits.
        token: The session token; empty without one.
        presigned: Whether it stands in the query.
    """

    key_id: str
    date: str
    region: str
    service: str
    moment: str
    signed: tuple[str, ...]
    value: str
    token: str
    presigned: bool

    @property
    def scope(self) -> str:
        """The scope as it is signed."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    def fits(self, secret: str, text: str) -> bool:
        """Tell whether it is the signature of ``text`` with this secret key."""
        key = f"AWS4{secret}".encode()
        for part in (self.date, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.value)


def read_signature(request: Request) -> Signature | None:
    """Read the signature of a request, from its header or its query.

    Returns:
        The signature; ``None`` when there is none of this kind.

    Raises:
        Malformed: It is not complete.
    """
    query = _query(request.address)
    if "X-Amz-Algorithm" in query:
        return _presigned(query)
    algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
    if algorithm != _ALGORITHM:
        return None
    fields = dict(_field(part) for part in rest.split(","))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise Malformed(f"Authorization header requires '{name}' parameter.")
    return _signature(
        credential=fields["Credential"],
        moment=request.headers.get("x-amz-date", ""),
        signed=fields["SignedHeaders"],
        value=fields["Signature"],
        token=request.headers.get("x-amz-security-token", ""),
        presigned=False,
    )


def _field(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition("=")
    return name, value


def _presigned(query: Mapping[str, str]) -> Signature:
    if query["X-Amz-Algorithm"] != _ALGORITHM:
        raise Malformed(f"X-Amz-Algorithm only supports '{_ALGORITHM}'.")
    for name in ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"):
        if not query.get(name):
            raise Malformed(f"Query-string authentication requires the parameter '{name}'.")
    expires = query["X-Amz-Expires"]
    if not re.fullmatch(r"\d{1,6}", expires, re.ASCII) or not 1 <= int(expires) <= _LONGEST:
        raise Malformed(f"X-Amz-Expires must be a number of seconds from 1 to {_LONGEST}.")
    return _signature(
        credential=query["X-Amz-Credential"],
        moment=query["X-Amz-Date"],
        signed=query["X-Amz-SignedHeaders"],
        value=query["X-Amz-Signature"],
        token=query.get("X-Amz-Security-Token", ""),
        presigned=True,
    )


def _signature(  # noqa: PLR0913  the parts of a signature
    *, credential: str, moment: str, signed: str, value: str, token: str, presigned: bool
) -> Signature:
    parts = credential.split("/")
    if len(parts) != _SCOPE_PARTS or parts[-1] != "aws4_request" or not all(parts):
        raise Malformed("Credential must have the form ACCESS-KEY/DATE/REGION/SERVICE/aws4_request.")
    key_id, date, region, service, _ = parts
    if not _MOMENT.fullmatch(moment):
        raise Malformed("A valid X-Amz-Date of the form YYYYMMDDTHHMMSSZ is required.")
    if moment[:8] != date:
        raise Malformed("Date in Credential scope does not match YYYYMMDD from X-Amz-Date.")
    names = tuple(signed.split(";"))
    if names != tuple(sorted(names)) or signed != signed.lower() or "host" not in names:
        raise Malformed("SignedHeaders must be sorted names in lower case, 'host' among them.")
    if not _HEX.fullmatch(value):
        raise Malformed("Signature must be 64 hexadecimal digits.")
    return Signature(
        key_id=key_id,
        date=date,
        region=region,
        service=service,
        moment=moment,
        signed=names,
        value=value,
        token=token,
        presigned=presigned,
    )


def host_of(request: Request) -> str:
    """Return the host that the client spoke to, with its port if it named one."""
    return request.headers.get("host") or urlsplit(request.url).netloc


def string_to_sign(request: Request, signature: Signature, *, payload: str, uri: Callable[[str], str]) -> str:
    """Return what the client must have signed.

    Args:
        request: The request as it arrived.
        signature: Its scope and the names of its signed headers.
        payload: The hash of the body, or the word that stands for it.
        uri: :func:`bedrock_uri` or :func:`s3_uri`.
    """
    parts = urlsplit(request.address)
    headers = {**request.headers, "host": host_of(request)}
    lines = [
        request.method,
        uri(parts.path or "/"),
        _canonical_query(parts.query),
        *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in signature.signed),
        "",
        ";".join(signature.signed),
        payload,
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return f"{_ALGORITHM}\n{signature.moment}\n{signature.scope}\n{digest}"


def bedrock_uri(path: str) -> str:
    """Return the canonical URI of every service but S3: dots resolved, then encoded once more than it was sent."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return quote(f"/{'/'.join(kept)}{end}", safe="/~")


def s3_uri(path: str) -> str:
    """Return the canonical URI of S3: each byte of the key encoded once, whatever the client encoded."""
    return quote(unquote(path, errors="surrogateescape"), safe="/~", errors="surrogateescape")


def _query(address: str) -> dict[str, str]:
    return dict(_pairs(urlsplit(address).query))


def _pairs(query: str) -> list[tuple[str, str]]:
    pieces = (piece.partition("=") for piece in query.split("&") if piece)
    return [(unquote(name), unquote(value)) for name, _, value in pieces]


def _canonical_query(query: str) -> str:
    pairs = ((quote(n, safe="~"), quote(v, safe="~")) for n, v in _pairs(query) if n != "X-Amz-Signature")
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
