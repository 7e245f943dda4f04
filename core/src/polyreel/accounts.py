"""An account at a provider, bound to the network: settings, credentials, and who answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from polyreel.errors import MissingKey
from polyreel.exchange import AccountSession, Endpoint
from polyreel.http import NoAuth
from polyreel.types.provider import Account

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.http import Response, Wire
    from polyreel.plugins import Provider
    from polyreel.redaction import Secret
    from polyreel.settings import Configuration
    from polyreel.types.job import Job
    from polyreel.types.provider import Settings

__all__ = ["Opening", "OwnKeys", "open_account"]


class OwnKeys:
    """The keys of jobs that were made with one of their own: in memory only."""

    def __init__(self) -> None:
        self._keys: dict[str, Secret] = {}

    def lend(self, job_id: str, key: Secret | None) -> None:
        """Remember the key of a job; ``None`` changes nothing."""
        if key is not None:
            self._keys[job_id] = key

    def of(self, job: Job) -> Secret:
        """Return the key of a job.

        Raises:
            MissingKey: It was not given in this process.
        """
        if job.id not in self._keys:
            raise MissingKey(
                f"{job.id} was made with a key of its own, which is never stored; pass it again as byok_api_key",
                provider=job.provider,
            )
        return self._keys[job.id]


_KEPT: Final = 8  # accounts at one provider: its regions, its APIs, and some callers' own keys


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How an account is opened.

    Attributes:
        configuration: Where settings come from.
        clock: For pauses that a server advises.
        carrier: Gives who answers for a provider instead of the network; ``None`` for the network.
        carrier_is_quick: Whether a carrier is called without a thread, as a virtual clock needs it.
    """

    configuration: Configuration
    clock: Clock
    carrier: Callable[[Provider], Callable[[Wire], Response]] | None = None
    carrier_is_quick: bool = False
    _opened: dict[str, list[Account]] = field(default_factory=dict, repr=False)

    def account(self, provider: Provider, settings: Settings) -> Account:
        """Return the account at a provider; the last few are kept open, since opening one may mean signing in.

        Args:
            provider: The provider.
            settings: Its resolved settings.
        """
        kept = self._opened.setdefault(provider.id, [])
        for opened in kept:
            if opened.settings == settings:
                return opened
        account = open_account(provider, settings, self)
        self._opened[provider.id] = [account, *kept[: _KEPT - 1]]
        return account


def open_account(provider: Provider, settings: Settings, opening: Opening) -> Account:
    """Bind a provider's account to the network.

    Args:
        provider: The provider.
        settings: Its resolved settings; a required key may be missing, since looking at models needs none.
        opening: How.
    """
    base_url = settings.get("base_url")
    addresses = (settings.get(setting.name) for setting in provider.info.settings if setting.address)
    has_keys = all(settings.values.get(s.name) for s in provider.info.settings if s.required)
    session = AccountSession(
        clock=opening.clock,
        auth=provider.authenticate(settings) if has_keys else NoAuth(),
        base_url=base_url,
        own_origins=(*provider.info.origins, *filter(None, addresses)),
        carrier=None if opening.carrier is None else opening.carrier(provider),
        carrier_is_quick=opening.carrier_is_quick,
    )
    return Account(settings=settings, http=Endpoint(session, base_url))
