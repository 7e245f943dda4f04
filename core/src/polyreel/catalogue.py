"""From a model id to its document: the provider's own, a family member, or the user's corrected copy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from polyreel.documents.document import ModelDocument
from polyreel.documents.lifecycle import Standing
from polyreel.documents.loading import folder_documents
from polyreel.errors import ModelNotFound, ModelRetired, PluginFailed
from polyreel.http import origin
from polyreel.parameters.problems import suggested_name
from polyreel.types.job import Notice
from polyreel.types.provider import Settings

if TYPE_CHECKING:
    from datetime import date

    from polyreel.plugins import Plugins
    from polyreel.settings import Configuration

__all__ = ["Catalogue", "applies", "check_lifecycle"]


class Catalogue:
    """Every model that the installed providers offer.

    Args:
        plugins: The providers.
        configuration: Aliases, settings and the folder of corrected documents.
    """

    def __init__(self, *, plugins: Plugins, configuration: Configuration) -> None:
        self._plugins = plugins
        self._configuration = configuration
        self._offered: dict[tuple[str, str, str], dict[str, ModelDocument]] = {}

    def resolve(self, model: str) -> str:
        """Return the full id for what a caller wrote: an alias, a bare name, or the id itself.

        Raises:
            ModelNotFound: No or several providers have a model of this bare name.
        """
        model = str(self._configuration.table.get("aliases", {}).get(model, model))
        if "/" in model:
            return model
        owners = [
            document.id
            for document in self.documents()
            if document.native_id == model and not document.is_family
        ]
        if len(owners) == 1:
            return owners[0]
        if owners:
            raise ModelNotFound(
                f"several providers have {model!r}: {', '.join(owners)}; write it out",
                model=model,
                suggestions=owners,
            )
        raise self._unknown(model)

    def find(self, model: str, settings: Settings) -> ModelDocument:
        """Return the document of a full model id.

        Args:
            model: ``provider/model``.
            settings: The provider's settings; they decide whether an open family is offered.

        Raises:
            ModelNotFound: The provider has no such model; the message suggests the closest.
        """
        provider, _, native_id = model.partition("/")
        offered = self._offers(provider, settings)
        found = self.corrections.get(model) or offered.get(native_id)
        if found is not None:
            return found
        family = offered.get("*")
        if family is not None and native_id:
            return offered.setdefault(native_id, family.member(native_id))
        raise self._unknown(model)

    def documents(self) -> Iterator[ModelDocument]:
        """Yield every document of every provider that loads, the user's corrections in place of the originals."""
        seen = set()
        for provider in self._plugins.provider_ids:
            try:
                info = self._plugins.provider(provider).info
                offered = self._offers(provider, self._configuration.resolve(info))
            except PluginFailed:
                continue  # kept as a failure and shown by `polyreel providers`
            for document in offered.values():
                seen.add(document.id)
                yield self.corrections.get(document.id, document)
        yield from (document for name, document in self.corrections.items() if name not in seen)

    def published(self) -> Iterator[ModelDocument]:
        """Yield every document as the wheels have it: whatever is set on this machine, and open families too."""
        for provider in self._plugins.provider_ids:
            try:
                plugin = self._plugins.provider(provider)
            except PluginFailed:
                continue  # kept as a failure and shown by `polyreel providers`
            for json in plugin.list_models(Settings(provider=provider)):
                yield ModelDocument(json=json, origin=provider)

    @cached_property
    def corrections(self) -> dict[str, ModelDocument]:
        """The user's own documents: ``models/`` in the configuration folder."""
        return {document.id: document for document in folder_documents(self._configuration.home / "models")}

    def _offers(self, provider: str, settings: Settings) -> dict[str, ModelDocument]:
        key = provider, settings.get("base_url"), settings.get("profile")
        if key not in self._offered:
            plugin = self._plugins.provider(provider)
            documents = (ModelDocument(json=json, origin=provider) for json in plugin.list_models(settings))
            self._offered[key] = {document.native_id: document for document in documents}
        return self._offered[key]

    def _unknown(self, model: str) -> ModelNotFound:
        known = [document.id for document in self.documents() if not document.is_family]
        names = {name.partition("/")[2]: name for name in known}
        close = suggested_name(model, known) or names.get(suggested_name(model, names) or "")
        hint = f"; did you mean {close!r}?" if close else ""
        return ModelNotFound(
            f"there is no model {model!r}{hint} See 'polyreel models list'. Known: {', '.join(known) or 'none'}",
            model=model,
            suggestions=[close] if close else [],
        )


def applies(document: ModelDocument, settings: Settings) -> bool:
    """Whether a document's dates and prices hold at the configured base URL, or speak of another service."""
    base_url = settings.get("base_url")
    return document.service is None or not base_url or origin(base_url) == origin(document.service)


def check_lifecycle(document: ModelDocument, settings: Settings, today: date) -> Notice | None:
    """Return a warning for a model that ends soon.

    Args:
        document: The model's document.
        settings: The provider's settings.
        today: The day that counts.

    Raises:
        ModelRetired: It has ended, with the date, the source and what to do.
    """
    lifecycle = document.lifecycle
    standing = lifecycle.standing(today) if applies(document, settings) else Standing.LIVING
    if standing is Standing.LIVING or lifecycle.retires_on is None:
        return None
    advice = (
        f"Use {' or '.join(lifecycle.advice)} instead"
        if lifecycle.advice
        else "Its vendor names no successor"
    )
    if standing is Standing.ENDING:
        left = lifecycle.days_left(today)
        return Notice(
            parameter="model",
            message=f"{document.id} ends on {lifecycle.retires_on} ({left} days left). {advice}.",
        )
    source = lifecycle.sources[0]
    raise ModelRetired(
        f"{document.id} was shut down on {lifecycle.retires_on} (source: {source.url}, read {source.seen}). {advice}, "
        "or set the base URL of a server that still speaks its protocol, or play it as it was with "
        "simulate=True (--simulate). Nothing was sent.",
        model=document.id,
        retired_on=str(lifecycle.retires_on),
        replacements=lifecycle.advice,
        sources=[source.url for source in lifecycle.sources],
    )
