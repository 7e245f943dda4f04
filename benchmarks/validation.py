"""Judging a valid request, from names to the vendor's body, against `jsonschema` alone on the same document and values.

python benchmarks/validation.py [rounds]

Each request has a seed of its own, so that nothing could be remembered from an earlier one. Validators are warm on
both sides; what the first use of a document costs is shown beside it, and so is the slowest of all documents with its
own first example.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from measure import median_ratio, verdict
from polyreel.client import Client
from polyreel.documents.document import ModelDocument
from polyreel.parameters.native import native_body
from polyreel.parameters.preparation import prepare

CALLS = 300
MOST_MICROSECONDS = 150
MOST_TIMES = 2.5
# An old name on purpose, and a size from which shape and height follow; all else comes from defaults.
REQUEST = {
    "prompt": "A paper boat drifts down a gutter in the rain, close to the water",
    "seconds": 8,
    "size": "1280x720",
    "n": 2,
}


def judged(document: ModelDocument, request: Mapping[str, Any], seed: int) -> dict[str, Any]:
    own = {"seed": seed} if "seed" in document.properties else {}
    prepared = prepare(document, {**request, **own})
    assert not prepared.problems, prepared.problems
    return native_body(document.json, prepared.values)


def microseconds(function: Callable[[], object], calls: int = CALLS) -> float:
    """The median of single calls, in CPU time of this thread: other processes do not count."""
    taken = []
    for _ in range(calls):
        start = time.thread_time_ns()
        function()
        taken.append(time.thread_time_ns() - start)
    return statistics.median(taken) / 1000


def pair(
    document: ModelDocument, request: Mapping[str, Any]
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Ours and `jsonschema` alone, both warm, on the same document and values."""
    seeds = itertools.count()
    values = prepare(document, {**request, "seed": 0}).values
    validator = Draft202012Validator(document.json)
    assert validator.is_valid(values)
    return lambda: judged(document, request, next(seeds)), lambda: validator.is_valid(values)


def main(rounds: int) -> int:
    with Client(store="memory") as client:
        documents = [document for document in client.models() if not document.is_family]
    largest = max(documents, key=lambda document: len(json.dumps(document.json)))
    start = time.thread_time_ns()
    judged(largest, REQUEST, 0)
    first = (time.thread_time_ns() - start) / 1e6

    ours, alone = pair(largest, REQUEST)
    pairs = [(microseconds(ours), microseconds(alone)) for _ in range(rounds)]
    median = statistics.median(taken for taken, _ in pairs)
    print(
        f"{largest.reference}, {len(json.dumps(largest.json))} bytes: first use {first:.1f} ms, then {median:.0f} us"
    )
    print(f"jsonschema alone: {statistics.median(taken for _, taken in pairs):.0f} us")

    slowest = max(
        (microseconds(pair(each, each.json["examples"][0])[0], 50), each.reference) for each in documents
    )
    print(
        f"the slowest of {len(documents)} documents with its own example: {slowest[0]:.0f} us, {slowest[1]}"
    )
    met = [
        verdict("a request in us", median, MOST_MICROSECONDS),
        verdict("a request / jsonschema alone", median_ratio(pairs), MOST_TIMES),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 25))
