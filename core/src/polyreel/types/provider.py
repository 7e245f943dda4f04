"""What a provider says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from polyreel.redaction import Secret

__all__ = ["Account", "ProviderInfo", "Setting", "Settings", "WebhookEvent"]


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
    """

    name: str
    description: str
    environment: tuple[str, ...] = ()
    default: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    required: bool = False


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
        origins: More addresses whose origins may see the credentials.
        idempotency: ``"none"``; ``"header"``: the core sends :attr:`idempotency_header` with the job's id at
            submit and may then send again; ``"field"``: the plugin puts ``task.id`` into the body, the core
            may send again.
        idempotency_header: The header's name.
    """

    id: str
    title: str
    api: int
    documentation: str
    settings: tuple[Setting, ...]
    origins: tuple[str, ...] = ()
    idempotency: Literal["none", "header", "field"] = "none"
    idempotency_header: str = "Idempotency-Key"


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
