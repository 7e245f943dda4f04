"""The requests that a document takes, as a search: is there a valid one of which this and that is true?

A parameter has a few values that stand for all of its values; a rule is settled as soon as the parameters that it speaks
of have theirs. So the search is exact, and small even where the product of all values has thousands of millions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from polyreel.documents.document import ModelDocument
from polyreel.documents.lint.mentions import mentions
from polyreel.documents.lint.samples import STAND_IN, is_listed, same, samples
from polyreel.documents.validation import accepts, validator

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["Answer", "Condition", "Requests", "absent", "described", "equal", "given", "met", "unmet"]

_STEPS: Final = 50_000  # of a search; a document that needs more is not judged rather than judged wrongly
_STRAYS: Final = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition:
    """Something that is true of a request or not.

    Attributes:
        names: The parameters on which it depends.
        holds: Whether it is true of a request.
        understood: Whether the samples settle it.
    """

    names: frozenset[str]
    holds: Callable[[Mapping[str, Any]], bool]
    understood: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a search came to.

    Attributes:
        request: The values that matter of a request that was found, else ``None``.
        sure: Whether it is certain.
    """

    request: Mapping[str, Any] | None
    sure: bool

    @property
    def exists(self) -> bool:
        """Whether there certainly is such a request."""
        return self.sure and self.request is not None

    @property
    def is_impossible(self) -> bool:
        """Whether there certainly is no such request."""
        return self.sure and self.request is None


def met(schema: Any) -> Condition:
    """Return the condition that a request is valid against a schema."""
    if isinstance(schema, bool):
        return Condition(names=frozenset(), holds=lambda _: schema)
    spoken = mentions(schema)
    return Condition(
        names=spoken.names, holds=lambda values: accepts(schema, values), understood=spoken.understood
    )


def unmet(schema: Any) -> Condition:
    """Return the condition that a request is not valid against a schema."""
    condition = met(schema)
    return Condition(
        names=condition.names,
        holds=lambda values: not condition.holds(values),
        understood=condition.understood,
    )


def given(name: str) -> Condition:
    """Return the condition that a parameter has a value."""
    return Condition(names=frozenset({name}), holds=lambda values: name in values)


def absent(name: str) -> Condition:
    """Return the condition that a parameter has no value."""
    return Condition(names=frozenset({name}), holds=lambda values: name not in values)


def equal(name: str, value: Any) -> Condition:
    """Return the condition that a parameter has this value."""
    return Condition(
        names=frozenset({name}), holds=lambda values: name in values and same(values[name], value)
    )


def described(request: Mapping[str, Any] | None) -> str:
    """Return a request for a sentence: ``resolution='4k', video given``."""
    words = []
    for name, value in (request or {}).items():
        if value == STAND_IN or isinstance(value, list | dict):
            words.append(f"{name} given")
        elif isinstance(value, str) and len(value) > 40:  # noqa: PLR2004  a text that was made for its length
            words.append(f"{name} of {len(value)} characters")
        else:
            words.append(f"{name}={value!r}")
    return ", ".join(words) or "any request"


_Places: TypeAlias = list[tuple[int, int]]
"""The parts on which a condition depends, and how deep in the search each of them gets its value."""
_Check: TypeAlias = tuple[Condition, _Places]


class Requests:
    """The requests that a document takes: with defaults and derived values, as a validator sees them.

    Args:
        document: The document; the meta-schema accepts it.
    """

    def __init__(self, document: ModelDocument) -> None:
        self._document = document
        self._rules = [met(rule) for rule in document.json.get("allOf", ())]
        self._verdicts: dict[tuple[Condition, tuple[int, ...]], bool] = {}
        self._refusals: dict[int, Mapping[str, ValidationError] | None] = {}

    @cached_property
    def typical(self) -> dict[str, Any]:
        """What is sent when only a prompt is given."""
        return self.completed({"prompt": self._prompt})

    def completed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request with the values that belong to the given ones, and the defaults.

        Args:
            values: What a caller gives, under the unified names.
        """
        fitting = (row for row in self._document.derivations if _agrees(row, values))
        return {**self._document.defaults, **next(fitting, {}), **values}

    def contradicts_itself(self, values: Mapping[str, Any]) -> bool:
        """Whether values are given that stand in rows of the derivation, but in none together."""
        rows = self._document.derivations
        names = [name for name in next(iter(rows), {}) if name in values]
        listed = all(is_listed(values[name], [row[name] for row in rows]) for name in names)
        return len(names) > 1 and listed and not any(_agrees(row, values) for row in rows)

    def find(self, *wanted: Condition, without: int | None = None) -> Answer:
        """Look for a valid request.

        Args:
            *wanted: What else must be true of it.
            without: The number of a rule that it may break.
        """
        rules = (rule for index, rule in enumerate(self._rules) if index != without)
        parts, conditions = self._connected(wanted, rules)
        sure = all(condition.understood for condition in conditions)
        settled: list[list[_Check]] = [[] for _ in parts]
        for condition in conditions:
            places = [(part, parts.index(part)) for part in self._parts_of(condition)]
            if places:
                settled[max(depth for _, depth in places)].append((condition, places))
            elif not condition.holds({}):
                return Answer(request=None, sure=sure)
        return self._searched(parts, settled, sure=sure)

    def refusals(self, rule: int, most: int) -> Mapping[str, ValidationError] | None:
        """Return the ways in which a rule is broken, by their places in it, each with an error; ``None`` if unknown.

        Args:
            rule: The number of the rule.
            most: So many combinations of the values that it speaks of are gone through.
        """
        if rule not in self._refusals:
            self._refusals[rule] = self._refused(self._document.json["allOf"][rule], most)
        return self._refusals[rule]

    def _refused(self, rule: Mapping[str, Any], most: int) -> dict[str, ValidationError] | None:
        spoken = mentions(rule)
        combinations = self._combinations(spoken.names, most) if spoken.understood else None
        if combinations is None:
            return None
        found: dict[str, ValidationError] = {}
        for request in combinations:
            for error in validator(rule).iter_errors(request):
                steps = [str(step) for step in error.absolute_schema_path]
                found.setdefault("".join(f"/{step}" for step in steps[:-1]), error)
        return found

    def _combinations(self, names: Iterable[str], most: int) -> Iterator[Mapping[str, Any]] | None:
        """Return every combination of values of some parameters, whatever the rules say; ``None`` for too many."""
        wanted = set(names)
        options = [self._options[part] for part, own in enumerate(self._names) if wanted & set(own)]
        size = 1
        for some in options:
            size *= len(some)
        return None if size > most else map(_merged, itertools.product(*options))

    def _searched(self, parts: Sequence[int], settled: Sequence[Sequence[_Check]], *, sure: bool) -> Answer:
        chosen = [-1] * len(parts)
        depth = 0
        for _ in range(_STEPS):
            if depth == len(parts):
                found = _merged(
                    self._options[part][choice] for part, choice in zip(parts, chosen, strict=True)
                )
                return Answer(request=found, sure=sure)
            chosen[depth] += 1
            if chosen[depth] == len(self._options[parts[depth]]):
                chosen[depth] = -1
                depth -= 1
                if depth < 0:
                    return Answer(request=None, sure=sure)
            elif all(self._holds(condition, places, chosen) for condition, places in settled[depth]):
                depth += 1
        return Answer(request=None, sure=False)

    def _holds(self, condition: Condition, places: _Places, chosen: Sequence[int]) -> bool:
        key = condition, tuple(chosen[depth] for _, depth in places)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = condition.holds(_merged(self._options[part][chosen[depth]] for part, depth in places))
            self._verdicts[key] = verdict
        return verdict

    def _connected(
        self, wanted: Iterable[Condition], rules: Iterable[Condition]
    ) -> tuple[list[int], list[Condition]]:
        """Return the parts on which the wanted depends, by way of rules too, and the conditions about these."""
        conditions, waiting = list(wanted), list(rules)
        parts = list(dict.fromkeys(part for condition in conditions for part in self._parts_of(condition)))
        while touching := [rule for rule in waiting if set(self._parts_of(rule)) & set(parts)]:
            waiting = [rule for rule in waiting if rule not in touching]
            conditions += touching
            parts += dict.fromkeys(
                part for rule in touching for part in self._parts_of(rule) if part not in parts
            )
        return parts, conditions

    def _parts_of(self, condition: Condition) -> list[int]:
        return sorted({self._part[name] for name in condition.names if name in self._part})

    @cached_property
    def _part(self) -> dict[str, int]:
        return {name: index for index, names in enumerate(self._names) for name in names}

    @cached_property
    def _names(self) -> list[tuple[str, ...]]:
        """The parameters in parts: those of a derivation together, each other one for itself."""
        derived = tuple(next(iter(self._document.derivations), {}))
        alone: list[tuple[str, ...]] = [(name,) for name in self._document.properties if name not in derived]
        return [*alone, derived] if derived else alone

    @cached_property
    def _options(self) -> list[list[Mapping[str, Any]]]:
        """For each part, the values that it can have in a complete request."""
        return [self._rows() if len(names) > 1 else self._single(names[0]) for names in self._names]

    def _single(self, name: str) -> list[Mapping[str, Any]]:
        never_absent = name in self._document.defaults or name in self._document.json["required"]
        without: list[Mapping[str, Any]] = [] if never_absent else [{}]
        return [*without, *({name: value} for value in self._samples[name])]

    def _rows(self) -> list[Mapping[str, Any]]:
        """Return what a derivation makes: its rows, and what is left alone since a value stands in no row."""
        rows = self._document.derivations
        names = tuple(rows[0])
        known = {name: [row[name] for row in rows] for name in names}
        values = [[None, *self._samples[name]] for name in names]
        strays = (
            {name: value for name, value in zip(names, chosen, strict=True) if value is not None}
            for chosen in itertools.islice(itertools.product(*values), _STRAYS)
            if any(
                value is not None and not is_listed(value, known[name])
                for name, value in zip(names, chosen, strict=True)
            )
        )
        defaults = {name: value for name, value in self._document.defaults.items() if name in names}
        return [*rows, *({**defaults, **stray} for stray in strays)]

    @cached_property
    def _samples(self) -> dict[str, list[Any]]:
        prices = (self._document.prices or {}).get("rules", ())
        schemas = [
            *self._document.json.get("allOf", ()),
            *(rule["when"] for rule in prices if "when" in rule),
        ]
        spoken = [bound for schema in schemas for bound in mentions(schema).bounds]
        return {
            name: samples(schema, [(word, bound) for about, word, bound in spoken if about == name])
            for name, schema in self._document.properties.items()
        }

    @property
    def _prompt(self) -> Any:
        schema = self._document.properties["prompt"]
        written = self._document.json.get("examples", ())
        examples = (example.get("prompt") for example in written if isinstance(example, Mapping))
        candidates = [schema.get("default"), "A paper boat", *examples, *self._samples["prompt"]]
        return next((text for text in candidates if accepts(schema, text)), "A paper boat")


def _agrees(row: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return all(same(values[name], value) for name, value in row.items() if name in values)


def _merged(chosen: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for some in chosen for name, value in some.items()}
