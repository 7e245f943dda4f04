"""Who we are to AWS: the settings, and whose signature a request carries.

Bedrock API keys: fact sheet on Bedrock's asynchronous invocations, section 1.6 (2026-11-23): a bearer token, good for
Bedrock alone; S3 always needs access keys. The chain of credentials: section 6.1. Which of several wins is as in botocore
1.44.5: access keys that are given beat everything, a profile that is named beats access keys of the environment, and those
beat a profile of the environment (``credentials.create_credential_resolver``).
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Generator
from typing import Any, Final
from urllib.parse import urlsplit

from polyreel.addresses import is_loopback
from polyreel.errors import AuthenticationFailed, ConfigurationError, MissingExtra, MissingKey
from polyreel.flows import Call
from polyreel.hookspecs import API
from polyreel.http import Auth, Request, Response
from polyreel.redaction import Secret, clean, without_query
from polyreel.types.provider import ProviderInfo, Setting, Settings

from polyreel_amazon_nova.failures import EXPIRED, PROVIDER, error_text
from polyreel_amazon_nova.places import ORIGINS, scope_of
from polyreel_amazon_nova.signature import Credentials, signed

__all__ = ["INFO", "AwsAuth", "sends_in_clear", "session_token"]

# The variables are those of AWS's own SDKs.
INFO: Final = ProviderInfo(
    id="amazon",
    title="Amazon Bedrock",
    api=API,
    documentation="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_StartAsyncInvoke.html",
    settings=(
        Setting(
            name="output",
            description="Where Bedrock writes films: s3://bucket/folder, or one for each region, separated by spaces: "
            "us-east-1=s3://a/films us-west-2=s3://b/films",
        ),
        Setting(
            name="api_key",
            description="A Bedrock API key; it wins over access keys, and cannot read S3",
            environment=("AWS_BEARER_TOKEN_BEDROCK",),
            secret=True,
        ),
        Setting(
            name="access_key_id",
            description="The public half of an access key; it wins over a profile, unless it alone is the environment's",
            environment=("AWS_ACCESS_KEY_ID",),
            secret=True,
        ),
        Setting(
            name="secret_access_key",
            description="The secret half of an access key",
            environment=("AWS_SECRET_ACCESS_KEY",),
            secret=True,
        ),
        Setting(
            name="session_token",
            description="What temporary access keys come with; it counts only beside them, where they are given",
            environment=("AWS_SESSION_TOKEN",),
            secret=True,
        ),
        Setting(
            name="profile",
            description="A profile of AWS's configuration files; needs polyreel-amazon-nova[aws]",
            environment=("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
        ),
        Setting(
            name="region",
            description="The region of the model; that of its document unless set",
            environment=("AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
        Setting(
            name="base_url",
            description="Where Bedrock's runtime is, if not at AWS's usual address",
            environment=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"),
        ),
        Setting(
            name="s3_base_url",
            description="Where S3 is, if not at AWS's usual address",
            environment=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            address=True,
        ),
        Setting(
            name="bucket_check",
            description="Whether the bucket is looked at before a film is paid for",
            default="on",
            choices=("on", "off"),
        ),
    ),
    origins=ORIGINS,
    idempotency="field",  # clientRequestToken
)
_WAYS: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or use AWS's configuration (AWS_PROFILE, SSO, roles) with "
    "pip install 'polyreel-amazon-nova[aws]'"
)
_VARIABLES: Final = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE")


_ENVIRONMENT: Final = "environment "


class AwsAuth(Auth):
    """Signs requests to Bedrock and S3, each with what it takes.

    Args:
        settings: The account's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: Any = None
        self._lock = threading.Lock()

    def sign(self, request: Request) -> Generator[Any, Any, Request]:
        """Return ``request`` with a bearer token or a signature, or as it is where neither belongs.

        Raises:
            AuthenticationFailed: The chain has credentials, and cannot load them.
            ConfigurationError: A secret would be sent over plain http.
            MissingExtra: The chain of credentials needs botocore.
            MissingKey: There are no credentials; the message names each way to give them. With a Bedrock API key, that S3
                has none that work.
        """
        scope = scope_of(request.url, self._settings)
        if scope is None:
            return request
        key = self._settings.secret("api_key")
        if scope.service == "bedrock" and key:
            _refuse_in_clear(request.url, "a Bedrock API key")
            return request.adding({"Authorization": f"Bearer {key.reveal()}"})
        credentials = yield from self._credentials()
        if credentials.session_token is not None:
            _refuse_in_clear(request.url, "a session token")
        now: float = yield Call(function=time.time, quick=True)
        return signed(request, credentials, scope, now=now)

    def renew(self, response: Response) -> bool:
        """Forget the session of the chain when its credentials have run out."""
        gone = response.status == 401 or error_text(response).code in EXPIRED  # noqa: PLR2004  HTTP's number
        if self._session is None or not gone:
            return False
        self._session = None
        return True

    def _credentials(self) -> Generator[Any, Any, Credentials]:
        settings = self._settings
        if settings.is_own_key:
            raise _missing(
                "a Bedrock API key cannot read S3, and beside one that was given for this call only, no other credentials "
                "of this machine are used"
            )
        given = _given_keys(settings)
        if given is not None:
            return given
        try:
            frozen: Any = yield Call(function=self._from_chain)
        except AuthenticationFailed as error:
            if not settings.secret("api_key"):
                raise
            raise _missing(f"a Bedrock API key cannot read S3, and {error}") from None
        if frozen is None:
            raise _missing(self._lack())
        token = frozen.token
        return Credentials(
            access_key_id=frozen.access_key,
            secret_access_key=Secret(frozen.secret_key),
            session_token=Secret(token) if token else None,
        )

    def _from_chain(self) -> Any:
        """Blocks: reads files, may run programs, ask servers and people, and renews what is about to run out.

        One at a time: whoever comes while another is being asked for a second factor gets what that one brought.
        """
        try:
            from botocore.session import Session  # type: ignore[import-untyped]  # it has no types
        except ImportError:
            raise MissingExtra(
                f"The search for AWS credentials in profiles, SSO and roles ({self._need()})",
                extra="aws",
                package="polyreel-amazon-nova",
            ) from None
        with self._lock:
            session = self._session
            try:
                if session is None:
                    session = self._session = Session(profile=self._settings.get("profile") or None)
                credentials = session.get_credentials()
                return None if credentials is None else credentials.get_frozen_credentials()
            except Exception as error:  # noqa: BLE001  files, programs and servers that the configuration names
                self._session = None
                raise AuthenticationFailed(self._broken(error), provider=PROVIDER) from None

    def _broken(self, error: Exception) -> str:
        profile = self._settings.get("profile")
        named = f" --profile {shlex.quote(profile)}" if profile else ""
        return (
            f"AWS's configuration gives no credentials: {type(error).__name__}: {clean(str(error))}; see what 'aws sts "
            f"get-caller-identity{named}' says and correct the configuration, or log in again ('aws sso login{named}')"
        )

    def _need(self) -> str:
        """Return why the chain is asked."""
        profile = self._settings.get("profile")
        if self._settings.secret("api_key"):
            return "a Bedrock API key cannot read S3"
        return f"the profile {profile!r} is set" if profile else "no key is set"

    def _lack(self) -> str:
        profile = self._settings.get("profile")
        if profile:
            return f"{self._need()}, and AWS's files have no credentials for the profile {profile!r}: correct it; or {_WAYS}"
        bearer = (
            ""
            if self._settings.secret("api_key")
            else "set AWS_BEARER_TOKEN_BEDROCK to a Bedrock API key; or "
        )
        return f"{self._need()}: {bearer}{_WAYS}"


def session_token(settings: Settings) -> Secret | None:
    """Return the session token that requests are signed with, or ``None`` when there is none, or the chain gives it.

    One that stands elsewhere than the keys belongs to others: a token of the environment is not sent with keys given in
    code or in a file, nor AWS_SESSION_TOKEN with keys from variables of polyreel's.

    Args:
        settings: The account's settings.
    """
    secret, token = settings.secret("secret_access_key"), settings.secret("session_token")
    if not (secret and token) or settings.is_own_key or _profile_wins(settings):
        return None
    return token if _kind(settings, "session_token") == _kind(settings, "secret_access_key") else None


def sends_in_clear(url: str) -> bool:
    """Whether a secret in a request to ``url`` could be read on its way: plain http to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _given_keys(settings: Settings) -> Credentials | None:
    """Return the access key of the settings; ``None`` when the chain is to be asked."""
    public, secret = settings.secret("access_key_id"), settings.secret("secret_access_key")
    if not (public or secret) or _profile_wins(settings):
        return None
    if not (public and secret):
        lacking = "AWS_SECRET_ACCESS_KEY" if public else "AWS_ACCESS_KEY_ID"
        raise _missing(f"half of an access key is set; set {lacking} too, or neither")
    token = session_token(settings)
    if token is None and settings.secret("session_token") and _kind(settings, "session_token") == "argument":
        source = settings.sources.get("secret_access_key")
        raise _missing(
            f"session_token is given in code, and the access key comes from {source}; give all in one place"
        )
    return Credentials(access_key_id=public.reveal(), secret_access_key=secret, session_token=token)


def _profile_wins(settings: Settings) -> bool:
    """Whether a profile was named in code or in a file, and access keys come from the environment alone."""
    keys = [name for name in ("access_key_id", "secret_access_key") if settings.secret(name)]
    return (
        bool(settings.get("profile"))
        and not settings.sources.get("profile", "").startswith(_ENVIRONMENT)
        and all(settings.sources.get(name, "").startswith(_ENVIRONMENT) for name in keys)
    )


def _kind(settings: Settings, name: str) -> str:
    """Return the kind of source of a setting: code, a file, variables of AWS's, variables of polyreel's."""
    source = settings.sources.get(name, "")
    return source.partition("_")[0] if source.startswith(_ENVIRONMENT) else source


def _refuse_in_clear(url: str, what: str) -> None:
    if sends_in_clear(url):
        raise ConfigurationError(
            f"{what} is not sent over plain http: {without_query(url)}; use an https address"
        )


def _missing(reason: str) -> MissingKey:
    return MissingKey(
        f"Amazon Bedrock needs credentials: {reason}. Without any, simulate=True (--simulate) tries it out",
        provider=PROVIDER,
        variables=_VARIABLES,
    )
