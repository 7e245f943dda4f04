"""What to look for: the foreign calls that the installed providers name, each with the documents that it means."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from polyreel.documents.document import ModelDocument
from polyreel.errors import PluginFailed
from polyreel.scanning.calls import Claim

if TYPE_CHECKING:
    from polyreel.catalogue import Catalogue
    from polyreel.plugins import Plugins

__all__ = ["claims_of"]


def claims_of(plugins: Plugins, catalogue: Catalogue) -> tuple[list[Claim], list[PluginFailed]]:
    """Return what the providers claim.

    Args:
        plugins: The providers.
        catalogue: Their documents; the user's corrections stand in their place.

    Returns:
        The claims, and what kept a provider from telling its own.
    """
    documents: dict[str, list[ModelDocument]] = defaultdict(list)
    for document in catalogue.installed():
        if not document.is_family:
            documents[document.provider].append(document)
    claims: list[Claim] = []
    failures = []
    for name in plugins.provider_ids:
        try:
            calls = plugins.provider(name).foreign_calls()
        except PluginFailed as failure:
            failures.append(failure)
            continue
        for call in calls:
            known = sorted(documents[name], key=lambda document: document.surface != call.surface)
            claims.append(Claim(provider=name, call=call, documents=tuple(known)))
    return claims, failures
