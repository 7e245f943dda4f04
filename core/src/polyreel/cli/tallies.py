"""What became of a batch: counted, summed, and told line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from polyreel import errors
from polyreel.cli import failures, words
from polyreel.redaction import redact
from polyreel.spending import Spending, summed
from polyreel.types.expense import Expense

if TYPE_CHECKING:
    from polyreel.batches import Outcome

__all__ = ["KINDS", "Entry", "Kind", "Tally", "kind_of"]

Kind: TypeAlias = Literal[
    "completed", "failed", "refused", "cancelled", "unknown", "unfinished", "not begun", "invalid"
]
KINDS: Final[tuple[Kind, ...]] = (
    "completed",
    "failed",
    "refused",
    "cancelled",
    "unknown",
    "unfinished",
    "not begun",
    "invalid",
)
"""What can become of a request. ``refused``: the provider, or a budget, did not take it; nothing was paid.
``unfinished``: its job goes on, and the next run takes it up. ``not begun``: nothing was sent for it. ``invalid``: it cannot
be sent as it is."""

_INVALID: Final = (
    errors.InvalidRequest,
    errors.ModelNotFound,
    errors.ModelRetired,
    errors.ConfigurationError,
)
_NOT_TAKEN: Final = frozenset({"rejected", "filtered"})


def kind_of(outcome: Outcome) -> Kind:
    """Return what became of a request, in a word."""
    error, job = outcome.error, outcome.job
    if error is None:
        return "completed"
    if job is None:
        return _without_job(error)
    if not job.done:
        return "unfinished"
    if job.failure is not None and job.failure.kind in _NOT_TAKEN:
        return "refused"
    return {"cancelled": "cancelled", "unknown": "unknown"}.get(job.status, "failed")  # type: ignore[return-value]  # they are kinds


def _without_job(error: BaseException) -> Kind:
    if isinstance(error, errors.JobTimeout):
        return "not begun"
    return "invalid" if isinstance(error, _INVALID) else "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What became of one line. It holds no job and no error: a batch may have many lines.

    Attributes:
        line: The line, from 1.
        kind: What became of it.
        sentence: Why there is no film, in one line; empty when there is one.
        code: The exit code that this alone would have.
        job_id: Its job, if there was one.
        expense: What that costs.
        earlier: Whether the job was there before.
        facts: The line for a JSON document.
    """

    line: int
    kind: Kind
    sentence: str
    code: int
    job_id: str | None
    expense: Expense | None
    earlier: bool
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, outcome: Outcome, line: int) -> Entry:
        """Return what is told of an outcome.

        Args:
            outcome: What became of the request.
            line: Where it stands.
        """
        job, error, kind, sentence = outcome.job, outcome.error, kind_of(outcome), _sentence(outcome.error)
        cost, estimate = (None, None) if job is None else (job.cost, job.estimate)
        facts: dict[str, Any] = {
            "line": line,
            "status": kind,
            "job_id": None if job is None else job.id,
            "model": None if job is None else job.model,
            "videos": [] if job is None else words.videos_json(job),
            "cost": None if cost is None else cost.model_dump(mode="json"),
            "estimate": None if estimate is None else estimate.model_dump(mode="json"),
            "error": None if error is None else {"type": type(error).__name__, "message": sentence},
            "earlier": outcome.earlier,
        }
        return cls(
            line=line,
            kind=kind,
            sentence=sentence,
            code=failures.DONE if error is None else failures.exit_code(error),
            job_id=facts["job_id"],
            expense=None if job is None else Expense.of(job),
            earlier=outcome.earlier,
            facts=facts,
        )


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, errors.InvalidRequest):
        return "; ".join(failures.sentence(problem) for problem in error.problems)
    return "" if error is None else redact(" ".join(str(error).split()))


class Tally:
    """The account of a batch.

    Args:
        name: The batch's name.
        source: The file's name.
        requests: How many it has.

    Attributes:
        entries: What became of those that are over, in the order in which they ended.
        interrupted: Whether Ctrl-C ended it.
    """

    def __init__(self, *, name: str, source: str, requests: int) -> None:
        self.name = name
        self.source = source
        self.requests = requests
        self.entries: list[Entry] = []
        self.interrupted = False
        self._counts: Counter[Kind] = Counter()

    def add(self, entry: Entry) -> None:
        """Note what became of a line."""
        self.entries.append(entry)
        self._counts[entry.kind] += 1

    def count(self, kind: Kind) -> int:
        """Return how many lines came to this; those of which nothing was heard were not begun."""
        return self._counts[kind] + (self.open if kind == "not begun" and not self.interrupted else 0)

    @property
    def open(self) -> int:
        """Of how many lines nothing was heard."""
        return self.requests - len(self.entries)

    @property
    def earlier(self) -> int:
        """How many films were there before."""
        return sum(entry.earlier and entry.kind == "completed" for entry in self.entries)

    def spent(self, *, now: bool) -> list[Spending]:
        """Sum what the jobs cost, by currency.

        Args:
            now: Only those that were made by this run.
        """
        entries = (entry for entry in self.entries if not (now and entry.earlier))
        return summed((entry.expense for entry in entries if entry.expense is not None), None)

    def exit_code(self) -> int:
        """Return what the whole means for a caller."""
        if self.interrupted:
            return failures.INTERRUPTED
        if self.count("completed") == self.requests:
            return failures.DONE
        codes = {entry.code for entry in self.entries} - {failures.DONE}
        if codes <= {failures.STILL_RUNNING}:
            return failures.STILL_RUNNING
        return failures.NO_KEY if codes == {failures.NO_KEY} else failures.FAILED

    def json(self) -> dict[str, Any]:
        """Return the whole for a JSON document, the lines in the order of the file."""
        return {
            "batch": self.name,
            "file": self.source,
            "requests": self.requests,
            **{kind.replace(" ", "_"): self.count(kind) for kind in KINDS},
            "earlier": self.earlier,
            "interrupted": self.interrupted,
            "not_over": self.open if self.interrupted else 0,
            "costs": _costs(self.spent(now=False)),
            "costs_of_this_run": _costs(self.spent(now=True)),
            "lines": [entry.facts for entry in sorted(self.entries, key=_line)],
        }

    def lines(self) -> list[str]:
        """Return the whole for people."""
        told = [f"{self.count(kind)} {kind}" for kind in KINDS if self.count(kind)]
        if self.earlier:
            told[0] += f" ({self.earlier} of them begun before this run)"
        if self.interrupted:
            told.append(f"{self.open} not over yet")
        lines = [f"{self.name}: {self.requests} requests: {', '.join(told)}"]
        lines += [f"  cost: {_money(spending)}" for spending in self.spent(now=True)]
        bad = (entry for entry in sorted(self.entries, key=_line) if entry.sentence)
        return lines + [f"  {self.source}:{entry.line}: {entry.kind}: {entry.sentence}" for entry in bad]


def _line(entry: Entry) -> int:
    return entry.line


def _costs(sums: Sequence[Spending]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(spending).items() if name != "key"} for spending in sums]


def _money(spending: Spending) -> str:
    parts = [
        f"{amount} {spending.currency} {word}"
        for word, amount in (
            ("billed", spending.billed),
            ("by the price list", spending.estimated),
            ("open", spending.open),
        )
        if amount
    ]
    parts += [f"{spending.unknown} of an unknown price"] if spending.unknown else []
    parts += [f"{spending.simulated} simulated: nothing was paid"] if spending.simulated else []
    return ", ".join(parts) or f"0 {spending.currency}"
