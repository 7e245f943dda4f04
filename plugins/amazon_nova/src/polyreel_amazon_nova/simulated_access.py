"""Who may come in: hosts, regions, keys and signatures of the simulated services.

Signatures are verified; that a request was signed just now is not, because the clock may be a virtual one: the date
is only held against its own scope, and a presigned address does not expire.

The region of a request is that of its host, else that of its signature's scope. A request with a Bedrock API key at a
host that names none has no region: it starts a model where that is offered, and finds jobs wherever they are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal

from polyreel.http import Request
from polyreel.simulation.simulator import Stage

from polyreel_amazon_nova.simulated_errors import BedrockError, S3Error, denied_by_s3
from polyreel_amazon_nova.simulated_signatures import (
    Malformed,
    Signature,
    bedrock_uri,
    host_of,
    read_signature,
    s3_uri,
    string_to_sign,
)

__all__ = ["ACCOUNT", "AccessKey", "Gate", "Place", "place_of"]

#: The account whose keys the simulator knows.
ACCOUNT: Final = "123456789012"

_REGION = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"
_BEDROCK: Final = re.compile(rf"bedrock-runtime(?:-fips)?\.{_REGION}\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")
_S3: Final = re.compile(
    rf"(?:(?P<bucket>.+)\.)?s3(?:\.dualstack)?(?:[.-]{_REGION})?\.amazonaws\.com(?:\.cn)?"
)
_UNHASHED: Final = frozenset({"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_NO_TYPE = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a host says.

    Attributes:
        service: ``bedrock``, ``s3``, or empty when the host does not tell.
        region: Its region, if it names one.
        bucket: The bucket of a virtual-hosted address.
    """

    service: Literal["bedrock", "s3", ""]
    region: str | None = None
    bucket: str | None = None


def place_of(request: Request) -> Place:
    """Read the host of a request."""
    host = host_of(request).partition(":")[0].lower()
    found = _BEDROCK.fullmatch(host)
    if found:
        return Place(service="bedrock", region=found["region"])
    found = _S3.fullmatch(host)
    if found:
        # The global host is the one of us-east-1.
        return Place(service="s3", region=found["region"] or "us-east-1", bucket=found["bucket"])
    return Place(service="")


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """A pair of keys.

    Attributes:
        key_id: The id.
        secret: The secret key.
        token: The session token of temporary credentials; empty for others.
    """

    key_id: str
    secret: str
    token: str = ""


class Gate:
    """Checks keys and signatures.

    Args:
        stage: ``state["session_expired"]`` tells whether temporary credentials have expired.
        keys: The pairs that it knows.
        bearer: The Bedrock API key that it knows.
    """

    def __init__(self, stage: Stage, keys: tuple[AccessKey, ...], bearer: str) -> None:
        self._stage = stage
        self._keys = {key.key_id: key for key in keys}
        self._bearer = bearer

    def _expired(self, key: AccessKey) -> bool:
        return bool(key.token) and bool(self._stage.state.get("session_expired", False))

    def bedrock(self, request: Request, place: Place) -> str | None:
        """Let a request to Bedrock in.

        Returns:
            Its region; ``None`` when it has none.

        Raises:
            BedrockError: It stays outside.
        """
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if not hmac.compare_digest(given.strip().encode(errors="replace"), self._bearer.encode()):
                # Without a type: botocore reports the bare status.
                raise BedrockError(
                    _NO_TYPE,
                    "Authentication failed: Please make sure your API Key is valid.",
                    status=403,
                )
            return place.region
        try:
            signature = read_signature(request)
        except Malformed as problem:
            raise BedrockError("IncompleteSignatureException", str(problem), status=403) from None
        if signature is None:
            raise BedrockError(
                "MissingAuthenticationTokenException", "Missing Authentication Token", status=403
            )
        key = self._key_for_bedrock(signature)
        _check_bedrock(request, signature, key, place)
        return signature.region

    def _key_for_bedrock(self, signature: Signature) -> AccessKey:
        key = self._keys.get(signature.key_id)
        if key is None or not hmac.compare_digest(
            key.token.encode(), signature.token.encode(errors="replace")
        ):
            message = "The security token included in the request is invalid."
            raise BedrockError("UnrecognizedClientException", message, status=403)
        if self._expired(key):
            message = "The security token included in the request is expired"
            raise BedrockError("ExpiredTokenException", message, status=403)
        return key

    def s3(self, request: Request, place: Place) -> str:
        """Let a request to S3 in.

        Returns:
            Its region.

        Raises:
            S3Error: It stays outside.
        """
        authorization = request.headers.get("authorization", "")
        try:
            signature = read_signature(request)
        except Malformed as problem:
            raise S3Error("AuthorizationHeaderMalformed", str(problem), status=400) from None
        if signature is None:
            raise _other_authorization(authorization, request)
        key = self._key_for_s3(signature)
        _check_s3(request, signature, key, place)
        return signature.region

    def _key_for_s3(self, signature: Signature) -> AccessKey:
        key = self._keys.get(signature.key_id)
        if key is None or (key.token and not signature.token):
            raise S3Error(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                status=403,
                details={"AWSAccessKeyId": signature.key_id},
            )
        if not hmac.compare_digest(key.token.encode(), signature.token.encode(errors="replace")):
            message = "The provided token is malformed or otherwise invalid."
            raise S3Error("InvalidToken", message, status=400)
        if self._expired(key):
            raise S3Error("ExpiredToken", "The provided token has expired.", status=400)
        return key


def _unsigned_headers(request: Request, signature: Signature) -> list[str]:
    """Return the headers that must be signed and are not: host is checked elsewhere, here all of ``x-amz-``."""
    return sorted(
        name for name in request.headers if name.startswith("x-amz-") and name not in signature.signed
    )


def _check_bedrock(request: Request, signature: Signature, key: AccessKey, place: Place) -> None:
    payload = hashlib.sha256(request.content or b"").hexdigest()
    text = string_to_sign(request, signature, payload=payload, uri=bedrock_uri)
    unsigned = _unsigned_headers(request, signature)
    if signature.service != "bedrock":
        message = "Credential should be scoped to correct service: 'bedrock'. "
    elif place.region not in {None, signature.region}:
        message = "Credential should be scoped to a valid region. "
    elif unsigned and not signature.presigned:
        message = f"'{unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization."
    elif not signature.fits(key.secret, text):
        message = (
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    else:
        return
    raise BedrockError("InvalidSignatureException", message, status=403)


def _check_s3(request: Request, signature: Signature, key: AccessKey, place: Place) -> None:
    if signature.service != "s3":
        message = (
            f'The authorization header is malformed; incorrect service "{signature.service}". '
            'This endpoint belongs to "s3".'
        )
        raise S3Error("AuthorizationHeaderMalformed", message, status=400)
    if place.region not in {None, signature.region}:
        raise S3Error(
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{signature.region}' is wrong; "
            f"expecting '{place.region}'",
            status=400,
            details={"Region": place.region or ""},
        )
    unsigned = _unsigned_headers(request, signature)
    if unsigned:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            status=403,
            details={"HeadersNotSigned": ", ".join(unsigned)},
        )
    text = string_to_sign(request, signature, payload=_payload(request, signature), uri=s3_uri)
    if not signature.fits(key.secret, text):
        raise S3Error(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
            status=403,
            details={"AWSAccessKeyId": signature.key_id, "StringToSign": text},
        )


def _payload(request: Request, signature: Signature) -> str:
    stated = request.headers.get("x-amz-content-sha256")
    if stated is None:
        if signature.presigned:
            return "UNSIGNED-PAYLOAD"
        message = "Missing required header for this request: x-amz-content-sha256"
        raise S3Error("InvalidRequest", message, status=400)
    if stated in _UNHASHED:
        return stated
    if stated.startswith("STREAMING-"):
        message = f"The simulation does not read bodies signed chunk by chunk ({stated})."
        raise S3Error("NotImplemented", message, status=501)
    if stated != hashlib.sha256(request.content or b"").hexdigest():
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise S3Error("XAmzContentSHA256Mismatch", message, status=400)
    return stated


def _other_authorization(authorization: str, request: Request) -> S3Error:
    """Return the refusal of a request without a signature of version 4: none, an API key, version 2."""
    if authorization.startswith("AWS ") or "AWSAccessKeyId=" in request.address:
        # Buckets made after 2020-06-24 do not take version 2 (AWS news blog, "Amazon S3 Update: SigV2 Deprecation").
        message = (
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        )
        return S3Error("InvalidRequest", message, status=400)
    if authorization:
        details = {"ArgumentName": "Authorization"}
        return S3Error("InvalidArgument", "Unsupported Authorization Type", status=400, details=details)
    return denied_by_s3()
