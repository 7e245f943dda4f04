"""Where a request can go when its model cannot take it: the best living models, and the move there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from polyreel.catalogue import check_lifecycle
from polyreel.documents.lifecycle import Standing
from polyreel.errors import (
    BudgetExceeded,
    ConfigurationError,
    InvalidRequest,
    ModelNotFound,
    ModelRetired,
)
from polyreel.flows import Flow
from polyreel.migration import Migration, migrate
from polyreel.parameters.preparation import prepare
from polyreel.types.job import Notice

if TYPE_CHECKING:
    from polyreel.documents.document import ModelDocument
    from polyreel.redaction import Secret
    from polyreel.requests import Desk
    from polyreel.submissions import Ready
    from polyreel.types.cost import Estimate
    from polyreel.types.options import Options

__all__ = ["Mover", "elsewhere"]

_DEAREST: Final = Decimal("Infinity")  # an unknown price goes last, since it is not zero
_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Moves requests to other models, as they are offered on this machine.

    Attributes:
        desk: Where requests are admitted.
    """

    desk: Desk

    def move(self, source: str, target: str, parameters: Mapping[str, Any]) -> Migration:
        """Move a request to a model; the prices are those of the services that are set.

        Args:
            source: The old model's id.
            target: The new model's id.
            parameters: The request; without a prompt it is moved as if it had a short one.

        Raises:
            ModelNotFound: There is no such model.
        """
        _, _, old = self.desk.model(source)
        _, _, new = self.desk.model(target)
        return self._moved(old, new, parameters)

    def best(self, source: str, parameters: Mapping[str, Any], day: date) -> tuple[Migration, ...]:
        """Return what becomes of a request at each living model that can take it, the best first.

        Most of the request survives at the first, by :attr:`~polyreel.migration.Migration.score`. Of equal ones those come
        first that the old model's vendor names, then those that its document advises, then those whose end is not near,
        then the cheaper. Of a model that several services offer, the one is taken that is set on this machine.

        Args:
            source: The old model's id.
            parameters: The request.
            day: The day that counts.

        Raises:
            ModelNotFound: There is no such model.
        """
        _, _, old = self.desk.model(source)
        advised = (*old.lifecycle.replaced_by, *old.lifecycle.alternatives)
        ranked = []
        for new in self._living(day):
            if new.reference == old.reference:
                continue
            migration = self._moved(old, new, parameters)
            if migration.problems:
                continue
            names = [place for place, name in enumerate(advised) if name in {new.id, new.reference}]
            price = migration.after.amount
            rank = (
                -round(migration.score, 3),
                min(names, default=len(advised)),
                new.lifecycle.standing(day) is not Standing.LIVING,
                _DEAREST if price is None else price,
                new.reference,
            )
            ranked.append((rank, migration))
        return tuple(migration for _, migration in sorted(ranked, key=lambda entry: entry[0]))

    def admit(
        self, prompt: str, model: str, parameters: Mapping[str, Any], options: Options, day: date
    ) -> Flow[Ready]:
        """Admit a request to its model; if that was shut down, to the best living one that is configured here.

        A prompt is never cut for this: nobody pays for a film that was not asked for in these words.

        Raises:
            ModelRetired: The model was shut down, and nothing can stand for it; the message says why not.
        """
        provider, settings, document = self.desk.model(model, key=options.byok_api_key)
        try:
            check_lifecycle(document, provider.info, settings, day)
        except ModelRetired as error:
            return (yield from self._stand_in(error, prompt, document, parameters, options, day))
        return (yield from self.desk.admit(prompt, model, parameters, options))

    def _stand_in(  # noqa: PLR0913, PLR0917  a whole request, and why it moves
        self,
        retired: ModelRetired,
        prompt: str,
        old: ModelDocument,
        parameters: Mapping[str, Any],
        options: Options,
        day: date,
    ) -> Flow[Ready]:
        given = {"prompt": prompt, **parameters}
        reasons = []
        for migration in self.best(old.reference, given, day):
            moved = dict(migration.parameters)
            if moved.pop("prompt", None) != prompt:
                reasons.append(f"{migration.target}: the prompt is too long for it")
                continue
            chosen = elsewhere(options, old.provider, migration.target)
            if not self._is_configured(migration.target, chosen.byok_api_key):
                reasons.append(f"{migration.target}: not configured")
                continue
            try:
                ready = yield from self.desk.admit(prompt, migration.target, moved, chosen)
            except (BudgetExceeded, InvalidRequest, ConfigurationError) as error:
                reasons.append(f"{migration.target}: {error}")
                continue
            notice = Notice(
                parameter="model", message=f"{old.id} was shut down on {retired.retired_on}; {migration}"
            )
            return replace(ready, notices=(notice, *ready.notices))
        why = "; ".join(reasons[:_SHOWN]) or "no living model takes such a request"
        raise ModelRetired(
            f"{retired} It could not be moved either: {why}.",
            model=retired.model,
            retired_on=retired.retired_on,
            replacements=retired.replacements,
            sources=retired.sources,
        ) from retired

    def _moved(self, old: ModelDocument, new: ModelDocument, parameters: Mapping[str, Any]) -> Migration:
        migration = migrate(old, new, parameters)
        before, after = self._estimate(old, parameters), self._estimate(new, migration.parameters)
        return replace(migration, before=before, after=after)

    def _estimate(self, document: ModelDocument, given: Mapping[str, Any]) -> Estimate:
        provider = self.desk.plugins.provider(document.provider)
        values = prepare(document, given).values  # no price goes by the prompt, which may be missing
        return self.desk.estimate(document, provider, self.desk.settings(provider), values)

    def _living(self, day: date) -> Iterator[ModelDocument]:
        """Yield each living model once, as this machine would ask for it."""
        references: dict[str, list[str]] = {}
        for document in (*self.desk.catalogue.published(), *self.desk.catalogue.documents()):
            if not document.is_family:
                known = references.setdefault(document.id, [])
                known += [document.reference] if document.reference not in known else []
        for name, known in references.items():
            found = self._offered(name, known, day)
            if found is not None:
                yield found

    def _offered(self, name: str, references: list[str], day: date) -> ModelDocument | None:
        ready = [reference for reference in references if self._is_configured(reference)]
        for model in (*ready, name, *references):
            try:
                provider, settings, document = self.desk.model(model)
                check_lifecycle(document, provider.info, settings, day)
            except (ConfigurationError, InvalidRequest, ModelNotFound, ModelRetired):
                continue
            return document
        return None

    def _is_configured(self, model: str, key: Secret | None = None) -> bool:
        """Whether there is what a model's provider needs, here or with the call; a simulator needs nothing."""
        if self.desk.simulated:
            return True
        try:
            provider, settings, _ = self.desk.model(model, key=key)
            self.desk.opening.configuration.require(provider.info, settings)
        except (ConfigurationError, InvalidRequest, ModelNotFound):
            return False
        return True


def elsewhere(options: Options, provider: str, target: str) -> Options:
    """Return options for another model: a key and fields of one vendor's are never sent to another.

    Args:
        options: As they were given for the first model.
        provider: The first model's provider.
        target: The other model's id.
    """
    if target.partition("/")[0] == provider:
        return options
    return replace(options, byok_api_key=None, native={})
