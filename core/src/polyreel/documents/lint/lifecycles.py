"""Rules about dates, sources and successors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Final

from polyreel.documents.lifecycle import Standing
from polyreel.documents.lint.findings import Case, Place, Rule, day

__all__ = ["RULES"]


def _dated(case: Case) -> Iterator[tuple[str, str]]:
    """Yield each date of a document with its place, but those that the loader checks by itself."""
    json = case.document.json
    for at, facts in (("x-model", json["x-model"]), ("x-price", json.get("x-price", {}))):
        if "as_of" in facts:
            yield f"/{at}/as_of", facts["as_of"]
        for index, source in enumerate(facts.get("sources", ())):
            yield f"/{at}/sources/{index}/seen", source["seen"]


def _unreal(case: Case) -> Iterator[Place]:
    for place, text in _dated(case):
        if day(text) is None:
            yield place, f"{text!r} is no day of the calendar; correct it"


def _future(case: Case) -> Iterator[Place]:
    for place, text in _dated(case):
        read = day(text)
        if place.endswith("/seen") and read is not None and read > case.today:
            yield place, f"{text} is after {case.today}, so nobody can have read it then; correct the date"


def _disordered(case: Case) -> Iterator[Place]:
    lifecycle = case.document.lifecycle
    names = ("released", "deprecated_on", "retires_on")
    dates = [(name, value) for name in names if (value := getattr(lifecycle, name)) is not None]
    for (earlier, first), (later, second) in itertools.pairwise(dates):
        if first > second:
            yield f"/x-model/{later}", f"{second} is before {earlier} ({first}); correct one of them"


def _disagreeing(case: Case) -> Iterator[Place]:
    lifecycle, read = case.document.lifecycle, case.newest_reading
    ended = lifecycle.retires_on is not None and lifecycle.retires_on <= read
    announced = lifecycle.deprecated_on is not None and lifecycle.deprecated_on <= read
    stage, ends = lifecycle.stage, lifecycle.retires_on
    if stage == "retired" and not ended:
        yield (
            "/x-model/stage",
            f"retired, but it ends on {ends}, after the newest reading of its sources ({read}); write deprecated",
        )
    elif stage != "retired" and ended:
        yield (
            "/x-model/stage",
            f"{stage}, but it ended on {ends}, before its sources were read ({read}); write retired",
        )
    elif stage in {"ga", "preview"} and announced:
        yield (
            "/x-model/stage",
            f"{stage}, but its end was announced on {lifecycle.deprecated_on}; write deprecated",
        )
    elif stage == "deprecated" and lifecycle.deprecated_on is not None and not announced:
        yield (
            "/x-model/deprecated_on",
            f"{lifecycle.deprecated_on} is after the newest reading ({read}); correct it",
        )
    if lifecycle.released is not None and lifecycle.released > read:
        yield "/x-model/released", f"{lifecycle.released} is after the newest reading ({read}); correct it"


def _misflagged(case: Case) -> Iterator[Place]:
    flagged = case.document.json.get("deprecated", False)
    stage = case.document.lifecycle.stage
    ending = stage in {"deprecated", "retired"}
    if flagged is not ending:
        advice = "write true" if ending else "leave it out"
        yield "/deprecated", f"{str(flagged).lower()}, but the stage is {stage}; {advice}"


def _successors(case: Case) -> Iterator[tuple[str, str]]:
    lifecycle = case.document.lifecycle
    for field, ids in (("replaced_by", lifecycle.replaced_by), ("alternatives", lifecycle.alternatives)):
        for index, model in enumerate(ids):
            yield f"/x-model/{field}/{index}", model


def _unknown_successors(case: Case) -> Iterator[Place]:
    if case.known is None:
        return
    providers = {model.partition("/")[0] for model in case.known}
    for place, model in _successors(case):
        provider, slash, name = model.partition("/")
        if not (provider and slash and name):
            yield place, f"{model!r} is no id of a model; write provider/model"
        elif provider in providers and model not in case.known:
            yield place, f"there is no model {model!r}; correct the id, or leave it out"


def _useless_successors(case: Case) -> Iterator[Place]:
    seen: set[str] = set()
    for place, model in _successors(case):
        if model == case.document.id:
            yield place, "it names itself; leave it out"
        if model in seen:
            yield place, f"{model} is named twice; leave one out"
        seen.add(model)
        if "/alternatives/" in place and (ended := _end(case, model)) is not None:
            yield place, f"{model} had ended on {ended}, before this was read; advise a model that lives"


def _end(case: Case, model: str) -> date | None:
    """Return when a model ended of which every document of the set says that it had when this one was read."""
    lives = [other.lifecycle for other in case.others if other.id == model]
    gone = bool(lives) and all(life.standing(case.newest_reading) is Standing.RETIRED for life in lives)
    return max((life.retires_on for life in lives if life.retires_on), default=None) if gone else None


RULES: Final = (
    Rule(id="date-real", demand="Each date is a day of the calendar.", check=_unreal),
    Rule(id="source-date", demand="No source was read after today.", check=_future),
    Rule(
        id="date-order",
        demand="A model is released, then deprecated, then retired.",
        check=_disordered,
    ),
    Rule(
        id="stage-agreement",
        demand="The stage agrees with the dates, as of the newest reading of the sources.",
        check=_disagreeing,
    ),
    Rule(
        id="deprecated-flag",
        demand="`deprecated` is true exactly when the stage is deprecated or retired.",
        check=_misflagged,
    ),
    Rule(
        id="successor-known",
        demand="Each model in `replaced_by` and `alternatives` exists, where its provider's models are known.",
        check=_unknown_successors,
    ),
    Rule(
        id="successor-useful",
        demand="No model advises itself or one twice; an alternative still lived when the sources were read.",
        check=_useless_successors,
    ),
)
