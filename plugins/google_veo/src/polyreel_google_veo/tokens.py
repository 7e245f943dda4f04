"""Access tokens of Google Cloud: one that was given, or those that google-auth fetches and renews."""

from __future__ import annotations

import math
import threading
import time
import warnings
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from polyreel.errors import AuthenticationFailed, MissingExtra, TransportFailed
from polyreel.flows import Call, Flow
from polyreel.redaction import Secret, redact

__all__ = ["SCOPE", "ApplicationTokens", "GivenToken", "Token", "require_library"]

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_MARGIN: Final = 120.0  # seconds; a token that ends sooner is renewed before it is used


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """An access token.

    Attributes:
        secret: The token.
        expires_at: Seconds since 1970 when it ends; infinite when that is not known.
        quota_project: The project whose quota requests count against; empty for the token's own.
    """

    secret: Secret
    expires_at: float = math.inf
    quota_project: str = ""


@dataclass(kw_only=True, slots=True)
class _Held:
    """A token that is used until it ends, or until it is refused."""

    token: Token
    refused: bool = False


# What the last request of this thread or task was signed with: when several are refused at once, only the token that was
# sent is dropped, and not the one that another of them has fetched since.
_SENT: Final[ContextVar[_Held | None]] = ContextVar("polyreel_google_veo.tokens", default=None)


class GivenToken:
    """A token that the caller fetched, and renews.

    Args:
        token: The token.
    """

    def __init__(self, token: Token) -> None:
        self._token = token

    def current(self) -> Flow[Token]:
        """Return the token."""
        yield from ()
        return self._token

    def forget(self) -> bool:
        """Say that there is no other."""
        return False


class ApplicationTokens:
    """Tokens of a credentials file, or of what the machine is signed in with (application-default credentials).

    The library blocks and reads files: it is only called by whoever drives the flow.

    Args:
        file: The path of a credentials file; empty for what google-auth finds by itself.
        quota_project: The project whose quota requests count against; empty for the credentials' own.
    """

    def __init__(self, *, file: str, quota_project: str) -> None:
        self._file = file
        self._quota_project = quota_project
        self._credentials: Any = None
        self._held: _Held | None = None
        self._lock = threading.Lock()  # several threads may find the token too old at once

    def current(self) -> Flow[Token]:
        """Return a token that is good for a while, a new one if need be.

        Raises:
            MissingExtra: google-auth is not installed.
            AuthenticationFailed: There are no credentials, or Google refuses them.
            TransportFailed: No answer came from the token endpoint; nothing else was sent.
        """
        now: float = yield Call(function=time.time, quick=True)
        held = self._held
        if held is None or not _is_good(held, now):
            held = yield Call(function=self._renewed)
        _SENT.set(held)
        return held.token

    def forget(self) -> bool:
        """Note that the token which was sent is refused; the next request gets another."""
        refused = _SENT.get() or self._held
        if refused is not None:
            refused.refused = True
        return True

    def _renewed(self) -> _Held:
        with self._lock:
            held = self._held
            if held is None or not _is_good(held, time.time()):  # or another thread was quicker
                held = self._held = _Held(token=self._fetched())
            return held

    def _fetched(self) -> Token:
        require_library()
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials = _loaded(self._file)
            self._credentials.refresh(Request())
        except exceptions.TransportError as error:
            raise TransportFailed(
                f"Google's token endpoint cannot be reached: {redact(str(error))}", request_sent=False
            ) from None
        except Exception as error:  # noqa: BLE001  files, programs and servers that credentials name: anything may come
            raise self._refused(f"{error}" or type(error).__name__) from None
        if not self._credentials.token:
            raise self._refused("none came, and no reason")
        expiry = self._credentials.expiry  # in UTC, without saying so
        return Token(
            secret=Secret(str(self._credentials.token)),
            expires_at=math.inf if expiry is None else expiry.replace(tzinfo=UTC).timestamp(),
            quota_project=self._quota_project or getattr(self._credentials, "quota_project_id", None) or "",
        )

    def _refused(self, reason: str) -> AuthenticationFailed:
        said = redact(" ".join(reason.split()))[:300].rstrip(".")
        place = self._file or "the application-default credentials"
        return AuthenticationFailed(
            f"Google Cloud gives no access token for {place}: {said}. Sign in with 'gcloud auth application-default "
            "login', or name a credentials file with GOOGLE_APPLICATION_CREDENTIALS, or give a token with "
            "GOOGLE_OAUTH_ACCESS_TOKEN. An API key alone works without a project (express mode)",
            provider="google",
        )


def _is_good(held: _Held, now: float) -> bool:
    return not held.refused and held.token.expires_at - now >= _MARGIN


def require_library() -> None:
    """Check that google-auth is there, with what it fetches tokens with.

    Raises:
        MissingExtra: It is not.
    """
    try:
        import google.auth
        import google.auth.transport.requests  # noqa: F401  it raises when requests is missing
    except ImportError:
        raise MissingExtra(
            "Vertex AI without an access token of yours (GOOGLE_OAUTH_ACCESS_TOKEN)",
            extra="vertex",
            package="polyreel-google-veo",
        ) from None


def _loaded(file: str) -> Any:
    import google.auth

    with warnings.catch_warnings():
        # It warns of files that strangers hand in, and of credentials without a quota project; the file is the
        # caller's own, and the quota project is a setting.
        warnings.simplefilter("ignore")
        if file:
            return google.auth.load_credentials_from_file(file, scopes=[SCOPE])[0]  # type: ignore[no-untyped-call]
        return google.auth.default(scopes=[SCOPE])[0]
