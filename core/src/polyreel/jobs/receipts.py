"""A receipt, on its way into the record: what was paid for hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyreel.errors import StorageFailed
from polyreel.flows import Flow, Save, Sleep
from polyreel.jobs.records import Records
from polyreel.jobs.states import allows
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease
from polyreel.types.job import Job, Notice, Phase, Receipt

__all__ = ["Receipts"]

RECEIPT_TRIES: Final = 5
"""So often a store that refuses a receipt is asked, over ten seconds."""


@dataclass(frozen=True, kw_only=True)
class Receipts(Records):
    """Keeps receipts."""

    def keep_receipt(
        self, job: Job, lease: Lease | None, message: str, *, receipt: Receipt, **changes: Any
    ) -> Flow[Job]:
        """Record a receipt. It is paid for and only here: a store that refuses is asked again."""
        changes |= {"receipt": receipt, "misses": 0}
        try:
            return (
                yield from self._kept(
                    job, lease, message, receipt=receipt, most=RECEIPT_TRIES, changes=changes
                )
            )
        except (Exception, GeneratorExit):  # a flow that is being closed cannot yield
            raise
        except BaseException as error:
            # Ctrl-C in the very moment: the receipt is worth one more try, which may find it recorded.
            try:
                yield from self._kept(job, None, message, receipt=receipt, most=1, changes=changes)
            except ConcurrentWrite:
                pass
            except StorageFailed as lost:
                error.add_note(str(lost))
            raise

    def _kept(  # noqa: PLR0913  what is kept, and how often it is tried
        self,
        job: Job,
        lease: Lease | None,
        message: str,
        *,
        receipt: Receipt,
        most: int,
        changes: Mapping[str, Any],
    ) -> Flow[Job]:
        name, phase, tries = job.id, Phase.ACCEPTED, 0
        while True:
            tries += 1
            try:
                return (yield from self.move_under(lease, job, phase, message, **changes))
            except ConcurrentWrite:
                stored: Job | None = yield Save(function=lambda: self.store.get(name), quick=self.store.quick)
                if stored is None or (stored.receipt and stored.receipt.id == receipt.id):
                    raise
                job, lease = stored, None
                if stored.receipt is None and allows(stored, Phase.ACCEPTED):
                    changes = {**changes, "failure": None, "cost": None}  # somebody gave it up in between
                else:
                    phase, message = stored.phase, stored.message
                    changes = {"warnings": (*stored.warnings, _twice(stored, receipt))}
            except StorageFailed as error:
                if tries >= most:
                    raise StorageFailed(
                        f"{job.provider} accepted {job.id} as {receipt.id!r}, which could not be recorded: {error}. "
                        f"'polyreel jobs resolve {job.id} --adopt {receipt.id}' records it later"
                    ) from error
                yield Sleep(seconds=float(tries))


def _twice(job: Job, receipt: Receipt) -> Notice:
    message = (
        f"{job.provider} also accepted {receipt.id!r} for this request, after the job was settled without it; it may be "
        "charged. Look for it in the provider's own console"
    )
    return Notice(parameter="job", message=message)
