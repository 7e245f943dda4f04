"""Tables of facts about a provider's models, and the question whether a document agrees with its table.

A table is written from the fact sheets, not from the documents: it is the second witness to each keyword. What the
sheets leave open, and the author of the document had to decide, stands in ``assumed`` by name, so that the witness is not
taken for an independent one. Words for people are nobody's facts; neither is whether a form hides a field.
"""

import importlib.util
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from polyreel.documents.document import ModelDocument
from polyreel.parameters.native import native_body
from polyreel.parameters.preparation import prepare
from polyreel.pricing import estimate

ROOT = Path(__file__).parents[2]
PROMPT = "A paper boat"
# Words for people, what a form hides, and the unit, which the lint compares with the registry's.
UNCOMPARED = {"description", "title", "x-advanced", "x-error", "x-labels", "x-unit"}
ANY = object()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of one model.

    Attributes:
        model: ``provider/name``, with ``@surface`` where there are several.
        native_id: The vendor's name of it.
        parameters: Name to :func:`row`.
        together: The rows of size, shape and height, the usual one first.
        takes: Requests that are accepted, without the prompt unless it matters.
        refuses: Requests that are not.
        prices: Requests and what each costs; ``None`` for a price that nobody knows.
        priced: Currency and the day on which the prices were read; ``None`` when there are no prices.
        cited: How often each source is cited, for the facts and for the prices.
        assumed: What is not from the sheets, by ``parameter.word`` or by the name of a field here.
    """

    model: str
    native_id: str
    parameters: dict
    stage: str
    service: str | None = None
    family: bool = False
    aliases: tuple = ()
    regions: tuple = ()
    released: str | None = None
    deprecated_on: str | None = None
    retires_on: str | None = None
    replaced_by: tuple = ()
    alternatives: tuple = ()
    output: dict = None
    can: tuple = ()
    together: tuple = ()
    takes: tuple = ()
    refuses: tuple = ()
    bodies: tuple = ()
    prices: tuple = ()
    priced: tuple | None = None
    cited: tuple = ()
    cited_for_prices: tuple = ()
    assumed: tuple = ()


def row(kind=None, *, at=False, sent_as=None, spelled=None, values=None, **words):
    """One parameter: its type, its place in the vendor's body, its values, and whatever else its schema says.

    Args:
        kind: ``"integer"``, ``"string"`` …; ``None`` for a picture or a film.
        at: Where it stands in the body; ``False`` when the provider's code places it, or nobody does.
        sent_as: The type in which it is sent.
        spelled: The vendor's words for values.
        values: All that it takes.
        words: Further words of JSON Schema; ``media`` stands for ``x-media``, ``otherwise`` for ``additionalProperties``.
    """
    schema = {} if kind is None else {"type": kind}
    if at is not ANY:
        schema["x-native"] = {"at": at, "as": sent_as, "values": spelled}
    if values is not None:
        schema["enum"] = list(values)
    names = {"media": "x-media", "otherwise": "additionalProperties"}
    return bare(schema | {names.get(word, word): value for word, value in words.items()})


def bare(schema):
    """Return a schema without words for people and without differences that mean nothing."""
    if not isinstance(schema, dict):
        return schema
    return dict(sorted(_word(word, value) for word, value in schema.items() if word not in UNCOMPARED))


def _word(word, value):
    if word in {"const", "enum"}:
        return "enum", sorted(json.dumps(member) for member in ([value] if word == "const" else value))
    if word == "x-native":
        place = {"as": None, "values": None} | (value if isinstance(value, dict) else {"at": value})
        return word, place
    if word in {"required", "x-media"}:
        return word, _unordered(value)
    if word == "properties":
        return word, {name: bare(inner) for name, inner in value.items()}
    if word == "oneOf":
        return word, sorted((bare(inner) for inner in value), key=str)
    return word, bare(value)


def _unordered(value):
    if isinstance(value, dict):
        return {word: _unordered(inner) for word, inner in value.items()}
    return sorted(value) if isinstance(value, list | tuple) else value


def table(provider):
    """Return the table of a provider's models, by id: ``plugins/<provider>/tests/facts/models.py``."""
    path = ROOT / "plugins" / provider / "tests" / "facts" / "models.py"
    spec = importlib.util.spec_from_file_location(f"facts_of_{provider}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {facts.model: facts for facts in module.MODELS}


def check(document, facts):
    """Hold a document against its table.

    Raises:
        AssertionError: They differ.
    """
    assert document is not None, facts.model
    for comparison in (
        _identity,
        _life,
        _film,
        _parameters,
        _together,
        _sources,
        _verdicts,
        _bodies,
        _prices,
    ):
        comparison(document, facts)


def _identity(document, facts):
    told = (document.reference, document.native_id, document.is_family, document.service)
    assert told == (facts.model, facts.native_id, facts.family, facts.service)
    assert (sorted(document.aliases), document.regions) == (sorted(facts.aliases), facts.regions)


def _life(document, facts):
    told = document.facts
    dates = ("stage", "released", "deprecated_on", "retires_on")
    assert {name: told.get(name) for name in dates} == {name: getattr(facts, name) for name in dates}
    assert (sorted(told.get("replaced_by", ())), sorted(told.get("alternatives", ()))) == (
        sorted(facts.replaced_by),
        sorted(facts.alternatives),
    )
    assert ("replaced_by" in told) is not facts.family  # that nobody is named is a fact too


def _film(document, facts):
    assert document.output == (facts.output or {})
    assert sorted(document.facts.get("can", ())) == sorted(facts.can)


def _parameters(document, facts):
    assert set(document.properties) == set(facts.parameters)
    for name, expected in facts.parameters.items():
        assert bare(document.properties[name]) == expected, name


def _together(document, facts):
    assert document.derivations == facts.together


def _sources(document, facts):
    told = (document.facts["sources"], (document.prices or {}).get("sources", ()))
    for sources, cited in zip(told, (facts.cited, facts.cited_for_prices), strict=True):
        assert sorted(source["url"] for source in sources) == sorted(cited)


def prepared(document, request):
    return prepare(document, {"prompt": PROMPT, **request})


def _verdicts(document, facts):
    for request in facts.takes:
        assert not prepared(document, request).problems, request
    for request in facts.refuses:
        assert prepared(document, request).problems, request


def _bodies(document, facts):
    for request, body in facts.bodies:
        assert native_body(document.json, prepared(document, request).values) == body


def _prices(document, facts):
    prices = document.prices
    assert (prices and (prices["currency"], prices["as_of"])) == facts.priced
    for request, amount in facts.prices:
        verdict = prepared(document, request)
        assert not verdict.problems, request
        told = estimate(document, verdict.values).amount
        assert told == (None if amount is None else Decimal(amount)), request


def agrees(json, facts):
    """Whether a document, as JSON, agrees with its table."""
    try:
        check(ModelDocument(json=json), facts)
    except AssertionError:
        return False
    return True


def assumptions(facts):
    """Return the names in ``assumed`` that stand for nothing in the table."""
    fields = set(Facts.__dataclass_fields__)
    return [
        name
        for name in facts.assumed
        if name not in fields and name.partition(".")[0] not in facts.parameters
    ]
