"""One model document, read-only: the JSON as it is, and typed views of its annotations."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from polyreel.documents.lifecycle import Lifecycle, Source

__all__ = ["ModelDocument", "media_schemas"]


@dataclass(frozen=True, kw_only=True)
class ModelDocument:
    """The description of one model.

    Attributes:
        json: The document.
        origin: Where it came from, for error messages: a package or a file.
    """

    json: Mapping[str, Any]
    origin: str = ""

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """The ``x-model`` annotation."""
        facts: Mapping[str, Any] = self.json["x-model"]
        return facts

    @property
    def provider(self) -> str:
        """The provider's id."""
        return str(self.facts["provider"])

    @property
    def native_id(self) -> str:
        """The vendor's name of the model; ``*`` for an open family."""
        return str(self.facts["native_id"])

    @property
    def name(self) -> str:
        """Its part of the model id, after the provider: the vendor's name, or a shorter one."""
        return str(self.facts.get("name", self.native_id))

    @property
    def id(self) -> str:
        """``provider/model``."""
        return f"{self.provider}/{self.name}"

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names that stand for it, after the provider."""
        return tuple(self.facts.get("aliases", ()))

    @property
    def surface(self) -> str | None:
        """Which of its provider's APIs it describes the model on; ``None`` when there is one."""
        return self.facts.get("surface")

    @property
    def reference(self) -> str:
        """The id that chooses exactly this document: with ``@surface`` where there are several."""
        return f"{self.id}@{self.surface}" if self.surface else self.id

    @property
    def regions(self) -> tuple[str, ...]:
        """Where its service has it, in the vendor's names, the usual one first; empty for everywhere."""
        return tuple(self.facts.get("regions", ()))

    @property
    def title(self) -> str:
        """Its name for people."""
        return str(self.json["title"])

    @property
    def is_family(self) -> bool:
        """Whether it stands for any model id of a compatible server."""
        return bool(self.facts.get("family", False))

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The schema of each parameter that the model has."""
        properties: Mapping[str, Mapping[str, Any]] = self.json["properties"]
        return properties

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The default of each parameter that has one."""
        return {name: schema["default"] for name, schema in self.properties.items() if "default" in schema}

    @property
    def derivations(self) -> tuple[Mapping[str, Any], ...]:
        """The rows of values that belong together; the first is the default combination."""
        return tuple(self.json.get("x-derive", ()))

    @property
    def service(self) -> str | None:
        """The base URL of the service for which its dates and prices hold; ``None`` for any."""
        return self.facts.get("service")

    @property
    def output(self) -> Mapping[str, Any]:
        """Facts about the film: media type, sound, frame rate, lifetime."""
        output: Mapping[str, Any] = self.facts.get("output", {})
        return output

    @property
    def prices(self) -> Mapping[str, Any] | None:
        """The ``x-price`` annotation."""
        return self.json.get("x-price")

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Its dates."""
        facts = self.facts
        return Lifecycle(
            stage=facts["stage"],
            released=_date(facts.get("released")),
            deprecated_on=_date(facts.get("deprecated_on")),
            retires_on=_date(facts.get("retires_on")),
            replaced_by=tuple(facts.get("replaced_by", ())),
            alternatives=tuple(facts.get("alternatives", ())),
            sources=tuple(Source(**source) for source in facts["sources"]),
        )

    @cached_property
    def media_parameters(self) -> tuple[str, ...]:
        """The parameters in which a picture or a film can stand, at any depth."""
        return tuple(name for name, schema in self.properties.items() if any(media_schemas(schema)))

    @cached_property
    def uploaded_parameters(self) -> tuple[str, ...]:
        """The parameters in which something can stand that is sent ahead of the request."""
        return tuple(
            name
            for name, schema in self.properties.items()
            if any(rules.get("upload") for rules in media_schemas(schema))
        )

    def form(self) -> dict[str, Any]:
        """Return a form that asks for a request, as plain JSON: fields, what belongs together, and conditions.

        docs/forms.md says what a page makes of it.
        """
        from polyreel.documents.views.form import form

        return form(self)

    def _repr_html_(self) -> str:
        """Show the model in a notebook."""
        from polyreel.documents.views.notebook import model_card

        return model_card(self)

    def member(self, native_id: str) -> ModelDocument:
        """Return this family's document for one model id of the server."""
        json = copy.deepcopy(dict(self.json))
        json["$id"] = (
            f"urn:polyreel:model:{self.provider}/{native_id}"  # a family has neither name nor surface
        )
        json["title"] = native_id
        json["x-model"] = {**self.facts, "native_id": native_id, "family": False}
        return ModelDocument(json=json, origin=self.origin)


def media_schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield each ``x-media`` annotation in a parameter's schema, at any depth."""
    if "x-media" in schema:
        yield schema["x-media"]
    if isinstance(schema.get("items"), Mapping):
        yield from media_schemas(schema["items"])
    for inner in schema.get("properties", {}).values():
        yield from media_schemas(inner)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
