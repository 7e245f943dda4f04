"""Rules about what a document is called, and where its model is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from polyreel.documents.document import ModelDocument
from polyreel.documents.lint.findings import Case, Place, Rule

__all__ = ["RULES"]


def _twice(case: Case) -> Iterator[Place]:
    own = case.document
    for other in case.others:
        if (other.id, other.surface) == (own.id, own.surface):
            yield (
                "/$id",
                f"another document is called so too ({other.origin or 'of the same set'}); rename or remove one",
            )


def _taken(case: Case) -> Iterator[Place]:
    own = case.document
    beside = [
        other for other in case.others if (other.provider, other.surface) == (own.provider, own.surface)
    ]
    for index, alias in enumerate(own.aliases):
        place = f"/x-model/aliases/{index}"
        if alias == own.name:
            yield place, f"{alias!r} is its own name; leave it out"
        for other in beside:
            if alias in _names(other):
                yield place, f"{alias!r} is a name of {other.id} too, and would be that model; leave it out"


def _names(document: ModelDocument) -> set[str]:
    return {document.name, document.native_id, *document.aliases}


def _open_service(case: Case) -> Iterator[Place]:
    service = case.document.service
    if service is None:
        return
    parts = urlsplit(service)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        yield "/x-model/service", f"{service!r} is no https:// address of a service; write its base URL"


def _unnamed_service(case: Case) -> Iterator[Place]:
    own = case.document
    if own.service is None and not own.is_family and (own.prices is not None or own.lifecycle.retires_on):
        yield (
            "/x-model/service",
            "it has prices or an end, and does not say at which service they hold; write the service's base URL",
        )


def _adorned_family(case: Case) -> Iterator[Place]:
    if case.document.is_family:
        for name in sorted({"surface", "name", "aliases", "regions"} & set(case.document.facts)):
            yield f"/x-model/{name}", f"a family stands for models of any name and place; remove {name}"


def _self_contradiction(case: Case) -> Iterator[Place]:
    sound, allowed = case.document.output.get("audio"), case.document.properties.get("generate_audio")
    if sound is None or allowed is None:
        return
    choices = [allowed["const"]] if "const" in allowed else allowed.get("enum", [True, False])
    expected = {(True,): "always", (False,): "never"}.get(tuple(choices), "optional")
    if sound != expected:
        yield "/x-model/output/audio", f"{sound!r}, but generate_audio says {expected!r}; correct one of them"


def _other_speed(case: Case) -> Iterator[Place]:
    speed, allowed = case.document.output.get("fps"), case.document.properties.get("fps", {})
    values = [allowed["const"]] if "const" in allowed else allowed.get("enum")
    if speed is not None and values and speed not in values:
        yield (
            "/x-model/output/fps",
            f"{speed} frames per second, but the parameter fps offers {values}; correct one of them",
        )


RULES: Final = (
    Rule(
        id="identity-unique", demand="No two documents of a set have the same id and surface.", check=_twice
    ),
    Rule(
        id="alias-free",
        demand="No alias is a name of another model of the same provider and surface.",
        check=_taken,
    ),
    Rule(id="service-address", demand="`service` is an https:// address.", check=_open_service),
    Rule(
        id="service-stated",
        demand="A document with prices or an end names the `service` for which they hold; a family needs none.",
        check=_unnamed_service,
    ),
    Rule(
        id="family-plain",
        demand="A family has no surface, name, aliases or regions.",
        check=_adorned_family,
    ),
    Rule(
        id="output-sound",
        demand="The sound of the film agrees with `generate_audio`.",
        check=_self_contradiction,
    ),
    Rule(
        id="output-speed",
        demand="The frames per second of the film are among those of `fps`.",
        check=_other_speed,
    ),
)
