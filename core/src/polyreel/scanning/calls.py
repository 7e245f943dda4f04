"""Which calls of a file ask which models for a film, by what the providers say of foreign packages."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.scanning.arguments import Arguments, arguments_of
from polyreel.scanning.bindings import Bindings, Known
from polyreel.scanning.objects import Reach
from polyreel.scanning.scopes import CallSite, Survey
from polyreel.types.foreign import ForeignCall

__all__ = ["Asked", "Claim", "calls_in"]

_OWN: Final = "polyreel"  # whose calls are no foreign ones, also where they are called like some


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A foreign call that means a provider's models.

    Attributes:
        provider: The provider's id.
        call: The call.
        documents: The provider's documents, those of the call's surface first.
    """

    provider: str
    call: ForeignCall
    documents: tuple[ModelDocument, ...] = field(repr=False)

    def document(self, model: str) -> ModelDocument | None:
        """Return the document of a model as the call names it; ``None`` when the provider has none."""
        names = {model, *(_cut(model, prefix) for prefix in self.call.prefixes)} - {""}
        for document in self.documents:
            if names & {document.native_id, document.name, *document.aliases}:
                return document
        return None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call that asks a model for a film.

    Attributes:
        site: The call.
        name: The call as people name it, with its package: ``acme.Client.films.create``.
        claim: What its arguments mean.
        arguments: Its arguments.
        model: The model's name as far as the source has it; ``None`` when it has not.
        written: The expression that names the model; ``None`` when the call names none.
        document: The model's document; ``None`` when the model is not known.
        choice: Why another model may be asked: a sentence, or nothing.
        elsewhere: The argument that sends the call to another server, as it is written; ``None`` for the vendor's own.
    """

    site: CallSite
    name: str
    claim: Claim
    arguments: Arguments = field(repr=False)
    model: str | None
    written: str | None
    document: ModelDocument | None
    choice: str = ""
    elsewhere: str | None = None


def calls_in(survey: Survey, claims: Sequence[Claim], bindings: Bindings) -> Iterator[Asked]:
    """Yield each call that one of the claims fits, once for each model that it may ask for.

    Args:
        survey: The file.
        claims: What to look for.
        bindings: Follows names.
    """
    last_names = {name.rpartition(".")[2] for claim in claims for name in claim.call.calls}
    for site in survey.calls:
        function = site.node.func
        if isinstance(function, ast.Attribute) and function.attr not in last_names:
            continue
        reach = bindings.reach(function, site.scope)
        if reach is None or reach.names[-1] not in last_names or (reach.known and reach.names[0] == _OWN):
            continue
        fitting = [claim for claim in claims if _fits(claim.call, site, reach, bindings)]
        fitting = [claim for claim in fitting if _is_from(claim.call, reach)] or fitting
        if fitting:
            yield from _asked(site, reach, fitting, survey.imports, bindings)


def _asked(
    site: CallSite, reach: Reach, fitting: Sequence[Claim], imports: Collection[str], bindings: Bindings
) -> Iterator[Asked]:
    """Yield what a call asks for; of the claims, the one whose provider has the model counts."""
    claim = fitting[0]
    arguments = arguments_of(site, claim.call.positional, bindings)
    places = arguments.at(claim.call.model)
    written = None
    known = Known(complete=True)
    if places is not None:
        known = bindings.known(places[0].node, places[0].scope)
        written = places[0].scope.source.written(places[0].node)
    elif not arguments.hidden:
        defaults = [each.call.default_model for each in fitting if each.call.default_model is not None]
        known = Known(values=tuple(defaults[:1]), complete=True)
    models = [value for value in known.values if isinstance(value, str)]
    found = {model: _owner(model, fitting) for model in models}
    packages = claim.call.packages
    is_sure = _is_from(claim.call, reach) or (not reach.known and _imports_any(imports, packages))
    if not is_sure and not any(found.values()):
        return  # nothing speaks for it but the name of a method
    choice = _choice(written, models, known)
    for model, owner in found.items():
        if owner is None and all(each.call.shared for each in fitting):
            continue
        chosen = owner or claim
        yield Asked(
            site=site,
            name=".".join(reach.names),
            claim=chosen,
            arguments=arguments_of(site, chosen.call.positional, bindings),
            model=model,
            written=written,
            document=None if owner is None else owner.document(model),
            choice=choice,
            elsewhere=_elsewhere(chosen, owner.document(model) if owner else None, site, reach, bindings),
        )
    if not models:
        yield Asked(
            site=site,
            name=".".join(reach.names),
            claim=claim,
            arguments=arguments,
            model=None,
            written=written or ", ".join(arguments.hidden) or None,
            document=None,
        )


def _owner(model: str, fitting: Iterable[Claim]) -> Claim | None:
    return next((claim for claim in fitting if claim.document(model) is not None), None)


def _choice(written: str | None, models: Sequence[str], known: Known) -> str:
    if len(models) > 1:
        return f"{written} may be {' or '.join(models)}"
    return (
        "" if known.complete else f"{written} is {models[0]} unless something else is given" if models else ""
    )


def _is_from(call: ForeignCall, reach: Reach) -> bool:
    """Whether an object comes from a package of a call."""
    packages = (tuple(package.split(".")) for package in call.packages)
    return reach.known and any(reach.names[: len(package)] == package for package in packages)


def _fits(call: ForeignCall, site: CallSite, reach: Reach, bindings: Bindings) -> bool:
    if not any(_ends_with(reach.names, tuple(name.split("."))) for name in call.calls):
        return False
    if call.service is not None and not _serves(call.service, reach, bindings):
        return False
    return all(_has(name, value, site, reach, bindings) for name, value in call.having.items())


def _ends_with(names: tuple[str, ...], tail: tuple[str, ...]) -> bool:
    return names[-len(tail) :] == tail


def _serves(service: str, reach: Reach, bindings: Bindings) -> bool:
    """Whether the object was made for a service, or nobody can see for which."""
    firsts = [
        value
        for maker in reach.makers
        if isinstance(maker.node, ast.Call)
        for node in [*maker.node.args[:1], *(keyword.value for keyword in maker.node.keywords)]
        for value in bindings.known(node, maker.scope).values
    ]
    return service in firsts or not any(
        maker.node.args for maker in reach.makers if isinstance(maker.node, ast.Call)
    )


def _has(name: str, value: Any, site: CallSite, reach: Reach, bindings: Bindings) -> bool:
    return any(
        value in bindings.known(keyword.value, scope).values
        for call, scope in _calls(site, reach)
        for keyword in call.keywords
        if keyword.arg == name
    )


def _calls(site: CallSite, reach: Reach) -> Iterator[tuple[ast.Call, Any]]:
    yield site.node, site.scope
    for maker in reach.makers:
        if isinstance(maker.node, ast.Call):
            yield maker.node, maker.scope


def _elsewhere(
    claim: Claim, document: ModelDocument | None, site: CallSite, reach: Reach, bindings: Bindings
) -> str | None:
    """Return the argument that sends a call to another server than the one of which the document speaks."""
    service = None if document is None else document.service
    for call, scope in _calls(site, reach):
        arguments = arguments_of(CallSite(node=call, scope=scope, awaited=False), (), bindings)
        for path in claim.call.addresses:
            for place in arguments.at(path) or ():
                known = bindings.known(place.node, place.scope)
                if known.complete and all(_is_own(value, service) for value in known.values):
                    continue
                return f"{path}={place.scope.source.written(place.node)}"
    return None


def _is_own(address: Any, service: str | None) -> bool:
    """Whether an address is the usual one: none, or that of the vendor's service."""
    return address is None or (service is not None and _host(str(address)) == _host(service))


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].lower()


def _imports_any(imports: Collection[str], packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in imports for package in packages)


def _cut(model: str, prefix: str) -> str:
    """Return a model's name without what stands before it; empty when that does not stand there."""
    head, star, tail = prefix.partition("*")
    if not model.startswith(head):
        return ""
    rest = model[len(head) :]
    return rest.rpartition(tail)[2] if star and tail in rest else "" if star else rest
