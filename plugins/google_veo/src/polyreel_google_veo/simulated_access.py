"""Who may call Google's simulated services: API keys, access tokens, and the endpoint that gives tokens out."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any, Final
from urllib.parse import parse_qs

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_answers import json_answer
from polyreel_google_veo.simulated_errors import TokenError

__all__ = ["ACCESS_TOKEN", "API_KEY", "Access"]

#: The API key that is accepted.
API_KEY: Final = "AIza-simulated"

#: The access token that is accepted until ``stage.state["access_token_expired"]`` is true.
ACCESS_TOKEN: Final = "ya29.simulated"  # noqa: S105  it opens nothing but the simulator

_RENEWED: Final = "ya29.simulated-renewed"
_LIFETIME: Final = 3600
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_REFRESH: Final = ("client_id", "client_secret", "refresh_token")


class Access:
    """Checks requests, and gives tokens out.

    Args:
        stage: ``stage.state["access_token_expired"]`` lets the first token be expired.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def _expired(self) -> bool:
        return bool(self._stage.state.get("access_token_expired"))

    @property
    def _token(self) -> str:
        return _RENEWED if self._expired else ACCESS_TOKEN

    def check_developer(self, request: Request) -> None:
        """Check the key of a request to the developer API: in ``x-goog-api-key`` or in ``?key=``.

        Raises:
            ApiError: There is none (403), or it is another (400).
        """
        key = _key(request)
        if not key:
            raise errors.developer_key_missing()
        if not _same(key, API_KEY):
            raise errors.developer_key_wrong()

    def check_vertex(self, request: Request) -> None:
        """Check the token of a request to Vertex, or the key of express mode.

        Raises:
            ApiError: Neither is there (401), or what is there is another.
        """
        if _key(request) and not _bearer(request):
            self.check_developer(request)
            return
        token = _bearer(request)
        if not token:
            raise errors.token_missing()
        if not _same(token, self._token):
            raise errors.bad_token(expired=self._expired and _same(token, ACCESS_TOKEN))

    def check_express(self, request: Request) -> None:
        """Check the key of a request that names no project: only a key tells whose it is.

        Raises:
            ApiError: There is none (401), or it is another.
        """
        if not _key(request):
            raise errors.token_missing()
        self.check_developer(request)

    def check_storage(self, request: Request) -> None:
        """Check the token of a request to Cloud Storage.

        Raises:
            StorageError: 401.
        """
        token = _bearer(request)
        if not token or not _same(token, self._token):
            raise errors.storage_unauthorized(missing=not token)

    def give_token(self, request: Request) -> Response:
        """Answer ``POST /token``: for a service account's signed assertion, or for a refresh token.

        The assertion's claims are checked; its signature cannot be, since no key is known here.
        """
        form = parse_qs((request.content or b"").decode("utf-8", "replace"))
        fields = {name: values[-1] for name, values in form.items()}
        grant = fields.get("grant_type", "")
        if grant == _JWT_BEARER:
            _check_assertion(fields.get("assertion", ""))
        elif grant != "refresh_token":
            raise TokenError("unsupported_grant_type", f"Invalid grant_type: {grant[:80]}")
        elif not all(fields.get(name) for name in _REFRESH):
            raise TokenError("invalid_request", "Missing required parameter: " + ", ".join(_REFRESH))
        return json_answer({"access_token": self._token, "expires_in": _LIFETIME - 1, "token_type": "Bearer"})


def _key(request: Request) -> str:
    return request.headers.get("x-goog-api-key", "") or query_of(request.address).get("key", "")


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())


def _check_assertion(assertion: str) -> None:
    parts = assertion.split(".")
    try:
        header, claims, signature = _decoded(parts[0]), _decoded(parts[1]), parts[2]
        problem = _problem(header, claims, signature)
    except (ValueError, LookupError, TypeError, AttributeError):
        problem = "it is no assertion of three parts, each in base64url, with all its claims"
    if problem is not None:
        raise TokenError("invalid_grant", f"Invalid JWT: {problem}.")


def _problem(header: Any, claims: Any, signature: str) -> str | None:
    if header["alg"] != "RS256" or not signature:
        return "it is not signed with RS256"
    if not claims["iss"] or not claims["scope"]:
        return "it lacks iss or scope"
    if not claims["aud"].endswith("/token"):
        return "its aud is not the token endpoint"
    if not 0 < claims["exp"] - claims["iat"] <= _LIFETIME:
        return "its exp must be at most an hour after its iat"
    return None


def _decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
