"""An account at a provider, bound to the network: settings, credentials, and who answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyreel.exchange import AccountSession, Endpoint
from polyreel.http import NoAuth
from polyreel.types.provider import Account

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.http import Response, Wire
    from polyreel.plugins import Provider
    from polyreel.settings import Configuration
    from polyreel.types.provider import Settings

__all__ = ["Opening", "open_account"]


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
    _opened: dict[str, Account] = field(default_factory=dict, repr=False)

    def account(self, provider: Provider, settings: Settings) -> Account:
        """Return the account at a provider; the last one is kept open for as long as its settings stay the same.

        Args:
            provider: The provider.
            settings: Its resolved settings.
        """
        opened = self._opened.get(provider.id)
        if opened is None or opened.settings.values != settings.values:
            opened = self._opened[provider.id] = open_account(provider, settings, self)
        return opened


def open_account(provider: Provider, settings: Settings, opening: Opening) -> Account:
    """Bind a provider's account to the network.

    Args:
        provider: The provider.
        settings: Its resolved settings; a required key may be missing, since looking at models needs none.
        opening: How.
    """
    base_url = settings.get("base_url")
    has_keys = all(settings.values.get(s.name) for s in provider.info.settings if s.required)
    session = AccountSession(
        clock=opening.clock,
        auth=provider.authenticate(settings) if has_keys else NoAuth(),
        base_url=base_url,
        own_origins=provider.info.origins,
        carrier=None if opening.carrier is None else opening.carrier(provider),
        carrier_is_quick=opening.carrier_is_quick,
    )
    return Account(settings=settings, http=Endpoint(session, base_url))
