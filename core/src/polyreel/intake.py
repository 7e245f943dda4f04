"""Messages that providers send: verified, taken once, and never believed further than that it is time to look."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from polyreel.errors import AuthenticationFailed, ConfigurationError, PluginFailed
from polyreel.flows import Flow, Save
from polyreel.jobs.almanac import webhook_account
from polyreel.storage.arrivals import Arrival, Landing
from polyreel.types.provider import WebhookEvent
from polyreel.types.record import Record
from polyreel.webhooks import refused

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.providers import Provider
    from polyreel.requests import Desk
    from polyreel.storage.store import JobStore
    from polyreel.types.provider import Settings

__all__ = ["Intake", "WebhookHeaders", "WebhookOutcome"]

WebhookHeaders: TypeAlias = Mapping[str, Any] | Iterable[tuple[Any, Any]]
"""The headers of a message as a web framework gives them: names in any case, texts or bytes."""

MAX_BYTES: Final = 1024 * 1024
"""A message about a job is a few lines; a longer one is refused before anything is computed."""

_log = logging.getLogger("polyreel.webhooks")


class WebhookOutcome(Record):
    """What became of a message that is its sender's. All are good: answer the sender with 200.

    Attributes:
        result: ``"woken"``: the job is looked at now. ``"repeated"``: the same message came before, and nothing was
            done. ``"unknown_job"``: no job here has this receipt; it is remembered, so that a submit that returns later is
            looked at at once. ``"over"``: the job needs no look any more. ``"no_job"``: it is about something else.
        provider: Whose it is.
        id: The provider's id of the message.
        type: The provider's word for what happened; it is not believed, the job is looked at.
        receipt_id: The provider's id of the job, if it is about one.
        job_id: The job here, if there is one.
    """

    result: Literal["woken", "repeated", "unknown_job", "over", "no_job"]
    provider: str
    id: str
    type: str
    receipt_id: str | None = None
    job_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Takes messages in.

    Attributes:
        desk: Knows the providers and their settings.
        store: Remembers messages and wakes jobs.
        clock: The time.
    """

    desk: Desk
    store: JobStore
    clock: Clock

    def take(
        self, headers: WebhookHeaders, body: bytes | str, provider_id: str | None = None
    ) -> Flow[WebhookOutcome]:
        """Verify a message, and wake the job that it is about.

        Args:
            headers: The headers, names in any case.
            body: The raw body, as it came: a body that was parsed and written again has another signature.
            provider_id: Whose message it should be; ``None`` for whoever's signature fits.

        Raises:
            AuthenticationFailed: It is nobody's, was changed, or is too old; answer with 401.
            MissingKey: No ``webhook_secret`` is set to verify it with.
            ConfigurationError: There is no such provider, or it sends no messages.
        """
        named, content = _named(headers), body.encode() if isinstance(body, str) else bytes(body)
        if len(content) > MAX_BYTES:
            raise refused(f"it is longer than {MAX_BYTES} bytes", provider=provider_id or "")
        provider, settings, event = self._verified(named, content, provider_id)
        arrival = Arrival(
            provider=provider.id,
            id=event.id,
            account=webhook_account(settings) or "",
            receipt_id=event.receipt_id or None,
            at=self.clock.now(),
        )
        landing: Landing = yield Save(
            function=lambda: self.store.arrivals.take(arrival), quick=self.store.quick
        )
        outcome = WebhookOutcome(
            result=_result(arrival, landing),
            provider=provider.id,
            id=event.id,
            type=event.type,
            receipt_id=arrival.receipt_id,
            job_id=landing.job_id,
        )
        _log.info("message %s of %s: %s", event.id, provider.id, outcome.result)
        return outcome

    def _verified(
        self, headers: Mapping[str, str], body: bytes, provider_id: str | None
    ) -> tuple[Provider, Settings, WebhookEvent]:
        candidates = [self._able(provider_id)] if provider_id is not None else list(self._all_able())
        misfits: list[ConfigurationError] = []
        refusals: list[AuthenticationFailed] = []
        for provider in candidates:
            try:
                settings = self.desk.settings(provider)
                event = self._parsed(provider, settings, headers, body)
            except ConfigurationError as error:  # a missing secret too: the next one's may be there
                misfits.append(error)
            except AuthenticationFailed as error:
                refusals.append(error)
            else:
                return provider, settings, event
        if misfits and not refusals:
            raise misfits[0]
        if len(refusals) == 1:
            raise refusals[0]
        tried = ", ".join(provider.id for provider in candidates) or "no installed provider"
        raise refused(f"it was verified by none of: {tried}", provider=provider_id or "")

    def _parsed(
        self, provider: Provider, settings: Settings, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        try:
            event = provider.parse_webhook(settings, headers, body, self.clock.now())
        except PluginFailed as error:
            # What is malformed is nobody's, also where a plugin stumbles over it.
            _log.warning("%s", error)
            raise refused("it cannot be read", provider=provider.id) from error
        if not isinstance(event, WebhookEvent) or not event.id:
            raise refused(f"it is no message of {provider.info.title}", provider=provider.id)
        return event

    def _able(self, provider_id: str) -> Provider:
        provider = self.desk.plugins.provider(provider_id)
        if not provider.has("parse_webhook"):
            raise ConfigurationError(f"{provider.info.title} sends no messages that polyreel can verify")
        return provider

    def _all_able(self) -> Iterable[Provider]:
        for name in self.desk.plugins.provider_ids:
            try:
                provider = self.desk.plugins.provider(name)
            except PluginFailed as error:
                _log.warning("%s", error)  # one that does not load has sent nothing
                continue
            if provider.has("parse_webhook"):
                yield provider


def _result(
    arrival: Arrival, landing: Landing
) -> Literal["woken", "repeated", "unknown_job", "over", "no_job"]:
    if not landing.is_new:
        return "repeated"
    if arrival.receipt_id is None:
        return "no_job"
    if landing.job_id is None:
        return "unknown_job"
    return "woken" if landing.woke else "over"


def _named(headers: WebhookHeaders) -> dict[str, str]:
    """Return headers by their names in lower case; one that is there twice is both, as HTTP has it, and fits nothing."""
    try:
        pairs = headers.items() if isinstance(headers, Mapping) else list(headers)
        named: dict[str, str] = {}
        for name, value in pairs:
            key, text = _text(name).lower(), _text(value)
            named[key] = f"{named[key]}, {text}" if key in named else text
    except (TypeError, ValueError):
        raise refused("its headers are no names and values", provider="") from None
    return named


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
