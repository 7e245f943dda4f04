"""What a provider says about itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from polyreel.rates import UNLIMITED, Limits
from polyreel.redaction import Secret

__all__ = [
    "OWN_KEY",
    "WEBHOOK_SECRET",
    "Account",
    "ProviderInfo",
    "Setting",
    "Settings",
    "Surface",
    "WebhookEvent",
]


WEBHOOK_SECRET: Final = "webhook_secret"  # noqa: S105  the name of a setting
"""The setting with which a provider's messages are verified; several secrets are separated by spaces."""

OWN_KEY: Final = "argument of this call"
"""The source of a key that a caller gave for one call only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One thing that a provider can be told: a key, a base URL, a region.

    Attributes:
        name: Its name in code and in the configuration file.
        description: A sentence for people.
        environment: Variables that are looked at, in order. ``POLYREEL_<PROVIDER>_<NAME>`` always is, first.
        default: The value when nothing is said; ``None`` for none.
        choices: The allowed values; empty for any.
        secret: Whether it is a key: never shown, never stored with a job.
        required: Whether a call without it fails (unless simulated).
        address: Whether it is the address of an API of the provider's own: it is checked, and its origin may see
            the credentials. ``base_url`` always is one.
    """

    name: str
    description: str
    environment: tuple[str, ...] = ()
    default: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    required: bool = False
    address: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """One of several APIs under which a provider's vendor offers its models.

    A document names its surface (``x-model.surface``). A provider with surfaces has a setting ``surface``; with a job
    it is frozen as the document had it, so that the job is polled where it was made.

    Attributes:
        id: The value of the setting ``surface``.
        title: Its name for people.
        address: The setting that holds its address, where it is another than usual.
        needs: Sets of settings of which one must be there whole; empty when nothing is needed.
    """

    id: str
    title: str
    address: str = "base_url"
    needs: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderInfo:
    """What a provider says about itself; hook ``provider_info``.

    Attributes:
        id: The part of a model id before the first slash; equals the entry point's name.
        title: Its name for people.
        api: The version of the plugin interface it was written for: ``polyreel.hookspecs.API``.
        documentation: Where its vendor documents the API.
        settings: What it can be told. ``base_url`` is understood by the core: where relative paths go, and the
            origin that credentials are bound to.
        origins: More addresses whose origins may see the credentials. A ``*`` stands for a part of one label of the
            host: ``"https://api.*.acme.example"``.
        surfaces: The vendor's APIs, when there are several; the first is the usual one.
        idempotency: ``"none"``; ``"header"``: the core sends :attr:`idempotency_header` with the job's id at
            submit and may then send again; ``"field"``: the plugin puts ``task.id`` into the body, the core
            may send again.
        idempotency_header: The header's name.
        limits: How often an account may be asked, where the vendor publishes it; what the user sets wins.
    """

    id: str
    title: str
    api: int
    documentation: str
    settings: tuple[Setting, ...]
    origins: tuple[str, ...] = ()
    surfaces: tuple[Surface, ...] = ()
    idempotency: Literal["none", "header", "field"] = "none"
    idempotency_header: str = "Idempotency-Key"
    limits: Limits = UNLIMITED


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A provider's settings, resolved.

    Attributes:
        provider: The provider's id.
        values: What was found, by setting; keys as :class:`~polyreel.redaction.Secret`.
        sources: Where each was found, for ``doctor``: ``"argument"``, ``"environment ACME_API_KEY"``, …
    """

    provider: str
    values: dict[str, str | Secret] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """Return a setting that is no secret, or ``default``."""
        value = self.values.get(name)
        return value if isinstance(value, str) else default

    def secret(self, name: str) -> Secret | None:
        """Return a key, or ``None``."""
        value = self.values.get(name)
        return value if isinstance(value, Secret) else None

    def having(self, name: str, value: str, *, source: str) -> Settings:
        """Return these settings with one more, or another value of one.

        Args:
            name: The setting.
            value: Its value, no key.
            source: Where it comes from, for people.
        """
        return Settings(
            provider=self.provider,
            values={**self.values, name: value},
            sources={**self.sources, name: source},
        )

    @property
    def is_own_key(self) -> bool:
        """Whether ``api_key`` was given for one call: no other credentials of this machine may be used beside it."""
        return self.sources.get("api_key") == OWN_KEY

    @cached_property  # each look at a job asks
    def key_sha256(self) -> str | None:
        """The first digits of a digest of the keys, which tells accounts apart and no key; ``None`` without any here.

        The secret of webhooks is none of them: it changes while the account stays.
        """
        secrets = ((name, key) for name, key in self.values.items() if isinstance(key, Secret))
        keys = sorted((name, key.reveal()) for name, key in secrets if name != WEBHOOK_SECRET)
        return hashlib.sha256(repr((self.provider, keys)).encode()).hexdigest()[:16] if keys else None

    @property
    def frozen(self) -> dict[str, str]:
        """What is stored with a job: everything but the keys."""
        return {name: value for name, value in self.values.items() if isinstance(value, str)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One account at a provider, bound to the network: what a hook without a task receives.

    Attributes:
        settings: The resolved settings.
        http: Sends requests for this account.
    """

    settings: Settings
    http: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookEvent:
    """A verified message from a provider.

    Attributes:
        id: The provider's id of the message: the same message delivered twice has the same.
        type: The provider's word for what happened.
        receipt_id: The provider's id of the job that it is about; ``None`` for another subject.
    """

    id: str
    type: str
    receipt_id: str | None = None
