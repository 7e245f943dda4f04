"""Every change of one keyword of a document, for asking who notices it.

A mutation is what a slip of the pen would make: a keyword left out, a value of an enumeration, a bound, a date, a price, a
place in the vendor's body changed. Words for people (titles, descriptions, what a source says) are left out: nobody but a
reader can tell a true sentence from a false one.

python tests/support/mutations.py [provider …]

tries all of them on every document: who is not seen by the lint must disagree with its provider's table of facts
(``factsheet``). What survives is printed.
"""

import copy
import itertools
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from factsheet import ROOT, agrees, table
from polyreel.documents.document import ModelDocument
from polyreel.documents.lint import lint
from polyreel.documents.loading import parsed

PROVIDERS = ("amazon_nova", "google_veo", "openai_sora")
WORDS = {
    "title",
    "description",
    "fact",
    "url",
    "open_questions",
    "x-error",
    "unknown",
    "x-labels",
    "examples",
    "tags",
}
ORDERED = {"x-derive", "rules", "regions"}  # of other lists the order means nothing
GONE = object()


@dataclass(frozen=True)
class Mutation:
    """One change: its kind, the keyword that is changed, and what is put there."""

    kind: str
    steps: tuple
    value: object
    original: dict = field(repr=False)

    @property
    def where(self):
        return "/".join(map(str, ["", *self.steps]))

    @property
    def json(self):
        """The document with the change."""
        mutant = copy.deepcopy(self.original)
        place = mutant
        for step in self.steps[:-1]:
            place = place[step]
        if self.value is GONE:
            del place[self.steps[-1]]
        else:
            place[self.steps[-1]] = self.value
        return mutant


def mutations(json):
    """Yield every change of one keyword."""
    for path, word, value in _keywords(json, ()):
        for kind, changed in _changes(path, word, value):
            yield Mutation(kind, (*path, word), changed, json)


def _keywords(value, path):
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for word, inner in entries:
        if word in WORDS and not (path and path[-1] == "properties"):
            continue
        yield path, word, inner
        yield from _keywords(inner, (*path, word))


def _changes(path, word, value):
    section = next(
        (step for step in path if step in {"allOf", "x-price", "x-model", "x-derive", "properties"}),
        "document",
    )
    name = f"{section}: {_kind(path, word)}"
    yield f"{name} left out", GONE
    if isinstance(value, bool):
        yield f"{name} reversed", not value
    elif isinstance(value, int | float):
        yield f"{name} changed", value + 1
    elif isinstance(value, str):
        yield f"{name} changed", _other(value)
    elif word in ORDERED and len(value) > 1:
        yield f"{name} reordered", value[::-1]


def _kind(path, word):
    if isinstance(word, int):
        return f"member of {path[-1]}"
    if path and path[-1] == "properties":
        return "parameter"
    if path and path[-1] == "values":
        return "vendor's word"
    if len(path) > 1 and path[-2] == "x-derive":
        return "value of a row"
    return word


def _other(text):
    """Return a likely slip: the next day, another digit, else a letter more."""
    try:
        return str(date.fromisoformat(text) + timedelta(days=400))
    except ValueError:
        pass
    for place, letter in enumerate(text):
        if letter.isdigit():
            return f"{text[:place]}{(int(letter) + 1) % 10}{text[place + 1 :]}"
    return f"{text}x"


EQUIVALENT = {
    r"properties: x-advanced (left out|reversed)": "whether a form hides a field; every request means the same",
}
"""Kinds of mutations that change the meaning of no request, no price and no date, with the reason."""


def is_equivalent(kind):
    """Whether a mutation of this kind changes nothing that could be wrong."""
    return any(re.fullmatch(pattern, kind) for pattern in EQUIVALENT)


@dataclass
class Score:
    """What became of the mutations of a set of documents.

    Attributes:
        made: How many there were of each kind; equivalent ones are not counted.
        by_lint: How many the lint saw.
        by_facts: How many more disagreed with the table of facts.
        survivors: Those that nobody saw, with the document's name.
    """

    made: Counter = field(default_factory=Counter)
    by_lint: Counter = field(default_factory=Counter)
    by_facts: Counter = field(default_factory=Counter)
    survivors: list = field(default_factory=list)

    @property
    def caught(self):
        """The share of all mutations that somebody saw."""
        return (self.by_lint.total() + self.by_facts.total()) / self.made.total()


def documents_of(provider):
    """Read the documents of one of the plugins here."""
    paths = sorted(ROOT.glob(f"plugins/{provider}/src/*/models/**/*.json"))
    return [ModelDocument(json=parsed(path.read_bytes(), origin=path.name)) for path in paths]


def known_models():
    """Return the ids of all models of the plugins here."""
    return {document.id for provider in PROVIDERS for document in documents_of(provider)}


def score(documents, today, facts=None, step=1):
    """Try mutations on documents.

    Args:
        documents: The documents; of their mutations every ``step``-th is tried.
        today: The day that counts as today.
        facts: The table of facts; without it, only the lint is asked.
        step: 1 for all of them.
    """
    result, known = Score(), known_models() | {document.id for document in documents}
    every = (
        (document, mutation)
        for document in documents
        for mutation in mutations(document.json)
        if not is_equivalent(mutation.kind)
    )
    for document, mutation in itertools.islice(every, 0, None, step):
        result.made[mutation.kind] += 1
        json = mutation.json
        if lint([ModelDocument(json=json)], today=today, known=known):
            result.by_lint[mutation.kind] += 1
        elif facts is not None and not agrees(json, facts[document.reference]):
            result.by_facts[mutation.kind] += 1
        else:
            result.survivors.append((document.reference, mutation))
    return result


def main(providers):
    """Try everything, print what survives, and return 1 when a provider stays below nine of ten."""
    worst = 1.0
    for provider in providers or PROVIDERS:
        found = score(documents_of(provider), date(2026, 11, 24), table(provider))
        worst = min(worst, found.caught)
        print(  # noqa: T201  this is a script
            f"{provider}: {found.made.total()} mutations, {found.by_lint.total()} seen by the lint, "
            f"{found.by_facts.total()} more by the facts, {len(found.survivors)} by nobody: {found.caught:.1%}",
            flush=True,
        )
        for kind, count in Counter(mutation.kind for _, mutation in found.survivors).most_common():
            example = next(mutation.where for _, mutation in found.survivors if mutation.kind == kind)
            print(f"    {count:4} of {found.made[kind]:4}  {kind}, such as {example}")  # noqa: T201  the same
    return 0 if worst >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
