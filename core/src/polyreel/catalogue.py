"""From a model id to its document: the provider's own, a family member, or the user's corrected copy."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from polyreel.documents.document import ModelDocument
from polyreel.documents.lifecycle import Standing
from polyreel.documents.loading import folder_documents
from polyreel.errors import (
    ConfigurationError,
    InvalidRequest,
    ModelNotFound,
    ModelRetired,
    PluginFailed,
    Problem,
)
from polyreel.http import is_origin, origin
from polyreel.parameters.problems import suggested_name
from polyreel.types.job import Notice
from polyreel.types.provider import ProviderInfo, Settings

if TYPE_CHECKING:
    from datetime import date

    from polyreel.plugins import Plugins
    from polyreel.settings import Configuration

__all__ = ["Catalogue", "address", "applies", "check_lifecycle", "settled"]


class Catalogue:
    """Every model that the installed providers offer.

    Args:
        plugins: The providers.
        configuration: Aliases, settings and the folder of corrected documents.
    """

    def __init__(self, *, plugins: Plugins, configuration: Configuration) -> None:
        self._plugins = plugins
        self._configuration = configuration
        self._offered: dict[Hashable, dict[str, ModelDocument]] = {}

    def named(self, model: str) -> str:
        """Return what an alias of the configuration stands for; any other name stands for itself."""
        return str(self._configuration.table.get("aliases", {}).get(model, model))

    def explained(self, model: str, error: ModelNotFound) -> ModelNotFound:
        """Return the error about a name that was not found; if it is an alias, it says what that stands for."""
        target = self.named(model)
        if target == model:
            return error
        message = f"the alias {model!r} stands for {target!r} (from {self._configuration.file}): {error}"
        return ModelNotFound(message, model=model, suggestions=error.suggestions)

    def resolve(self, model: str) -> str:
        """Return the full id for what a caller wrote: an alias, a bare name, or the id itself.

        ``@surface`` at the end is kept.

        Raises:
            ModelNotFound: No or several providers have a model of this bare name.
        """
        model = self.named(model)
        if "/" in model:
            return model
        stem, at, surface = model.rpartition("@")
        owners, place = self._owners(model), ""
        if at and not owners:
            owners, place = self._owners(stem), f"@{surface}"
        if len(owners) == 1:
            return f"{owners[0]}{place}"
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
        provider, _, name = model.partition("/")
        offered = self._offers(provider, settings)
        found = offered.get(name)
        if found is not None:
            return self._corrected(found)
        own = [document for document in self.corrections.values() if document.id == model]
        if own:
            surface = settings.get("surface") or None
            return next((document for document in own if document.surface == surface), own[0])
        family = offered.get("*")
        if family is not None and name:
            return offered.setdefault(name, family.member(name))
        raise self._unknown(model)

    def documents(self) -> Iterator[ModelDocument]:
        """Yield every document of every provider that loads, the user's corrections in place of the originals."""
        seen = set()
        for provider in self._plugins.provider_ids:
            try:
                info = self._plugins.provider(provider).info
                offered = self._offers(provider, self._configuration.resolve(info))
            except (PluginFailed, ConfigurationError):
                continue  # shown by `polyreel providers`; the others work all the same
            for name, document in offered.items():
                if name == document.name:  # and no alias
                    seen.add(document.id)
                    yield self._corrected(document)
        yield from (document for document in self.corrections.values() if document.id not in seen)

    def published(self) -> Iterator[ModelDocument]:
        """Yield every document as the wheels have it: whatever is set on this machine, and open families too."""
        for provider in self._plugins.provider_ids:
            try:
                offered = self._plugins.provider(provider).list_models(Settings(provider=provider))
            except PluginFailed:
                continue  # kept as a failure and shown by `polyreel providers`
            for json in offered:
                yield ModelDocument(json=json, origin=provider)

    def installed(self) -> Iterator[ModelDocument]:
        """Yield what is published, on every surface, with the user's corrections in their places and the user's own."""
        corrections = dict(self.corrections)
        for document in self.published():
            yield corrections.pop(document.reference, document)
        yield from corrections.values()

    @cached_property
    def corrections(self) -> dict[str, ModelDocument]:
        """The user's own documents, by their references: ``models/`` in the configuration folder."""
        documents = folder_documents(self._configuration.home / "models")
        return {document.reference: document for document in documents}

    def _owners(self, name: str) -> list[str]:
        owners = {
            document.id: None
            for document in self.documents()
            if name in {document.name, document.native_id, *document.aliases} and not document.is_family
        }
        return list(owners)

    def _corrected(self, document: ModelDocument) -> ModelDocument:
        return self.corrections.get(document.reference, document)

    def _offers(self, provider: str, settings: Settings) -> dict[str, ModelDocument]:
        """Return what a provider offers with these settings, by each name that stands for it."""
        plain = tuple((n, v if isinstance(v, str) else bool(v)) for n, v in sorted(settings.values.items()))
        key = provider, plain
        if key not in self._offered:
            plugin = self._plugins.provider(provider)
            documents = [ModelDocument(json=json, origin=provider) for json in plugin.list_models(settings)]
            offered = {document.name: document for document in documents}
            for document in documents:
                for alias in document.aliases:
                    offered.setdefault(alias, document)
            self._offered[key] = offered
        return self._offered[key]

    def _unknown(self, model: str) -> ModelNotFound:
        elsewhere = [document.reference for document in self.published() if document.id == model]
        if elsewhere:
            return ModelNotFound(
                f"{model!r} is not offered with these settings; write {' or '.join(elsewhere)}",
                model=model,
                suggestions=elsewhere,
            )
        known = [document.id for document in self.documents() if not document.is_family]
        names = {name.partition("/")[2]: name for name in known}
        close = suggested_name(model, known) or names.get(suggested_name(model, names) or "")
        hint = f"; did you mean {close!r}?" if close else ""
        return ModelNotFound(
            f"there is no model {model!r}{hint} See 'polyreel models list'. Known: {', '.join(known) or 'none'}",
            model=model,
            suggestions=[close] if close else [],
        )


def address(document: ModelDocument, info: ProviderInfo, settings: Settings) -> str:
    """Return where a model is asked for; empty when that is the service of its document.

    Args:
        document: The model's document.
        info: What the provider says about itself: a surface may have a setting of its own for its address.
        settings: The provider's settings.
    """
    named = (surface.address for surface in info.surfaces if surface.id == document.surface)
    return settings.get(next(named, "base_url"))


def applies(document: ModelDocument, info: ProviderInfo, settings: Settings) -> bool:
    """Whether a document's dates and prices hold at the configured address, or speak of another service."""
    place = address(document, info, settings)
    if document.service is None or not place:
        return True
    target = origin(place)
    return target == origin(document.service) or any(is_origin(target, own) for own in info.origins)


def settled(document: ModelDocument, info: ProviderInfo, settings: Settings) -> Settings:
    """Return the settings with which a model is asked for: on its surface and, unless one was chosen, in its region.

    Args:
        document: The model's document.
        info: What the provider says about itself.
        settings: What was found.

    Raises:
        InvalidRequest: A region was chosen in which the vendor does not have the model.
    """
    names = {setting.name for setting in info.settings}
    if document.surface and "surface" in names and settings.get("surface") != document.surface:
        settings = settings.having("surface", document.surface, source="the model's document")
    if not document.regions or "region" not in names:
        return settings
    region = settings.get("region")
    if not region:
        return settings.having("region", document.regions[0], source="the model's document")
    if region in document.regions or not applies(document, info, settings):
        return settings
    raise InvalidRequest(
        [
            Problem(
                parameter="region",
                message=(
                    f"{document.id} is not offered in {region!r} (from {settings.sources.get('region')}), only in "
                    f"{', '.join(document.regions)}; choose one with settings={{{info.id!r}: {{'region': "
                    f"{document.regions[0]!r}}}}} or --set {info.id}.region={document.regions[0]}"
                ),
                value=region,
                allowed=document.regions,
                suggestion=document.regions[0],
            )
        ],
        model=document.id,
    )


def check_lifecycle(
    document: ModelDocument, info: ProviderInfo, settings: Settings, today: date
) -> Notice | None:
    """Return a warning for a model that ends soon.

    Args:
        document: The model's document.
        info: What the provider says about itself.
        settings: The provider's settings.
        today: The day that counts.

    Raises:
        ModelRetired: It has ended, with the date, the source and what to do.
    """
    lifecycle = document.lifecycle
    standing = lifecycle.standing(today) if applies(document, info, settings) else Standing.LIVING
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
