"""Standard tests of what a provider may be able to do; a hook that it lacks is skipped, with the reason said."""

from __future__ import annotations

import pytest

from polyreel.documents.registry import parameters
from polyreel.errors import AuthenticationFailed, MissingKey
from polyreel.flows import Send
from polyreel.scanning.claims import claims_of
from polyreel.testing.bench import Bench, MakeBench, receipt_of
from polyreel.types.job import Cancellation, Phase, Receipt

__all__ = ["Abilities"]


class Abilities:
    """The optional hooks: those that are there behave."""

    def test_preflight_only_looks(self, bench: MakeBench) -> None:
        """A look before the submit costs nothing: each of its requests may be sent any number of times.

        If it fails: ask for what is free with ``task.http.get`` or ``head``, or a POST with ``repeatable=True``; what is
        paid belongs into ``submit``.
        """
        made = _with(bench, "preflight")
        made.submit()
        paid = [asked.effect for asked in made.watching.asked if asked.hook == "preflight"]
        assert not [effect for effect in paid if isinstance(effect, Send) and not effect.repeatable], paid

    def test_cancel(self, bench: MakeBench) -> None:
        """A job that was cancelled is over; one that cannot be goes on.

        If it fails: say ``too_late`` or ``not_supported`` when the provider goes on.
        """
        made = _with(bench, "cancel")
        job = made.submit()
        cancellation = made.client.cancel(job.id)
        after = made.client.get_job(job.id)
        assert (after.phase is Phase.CANCELLED) == (cancellation.outcome == "cancelled")
        if cancellation.outcome == "not_supported":
            assert made.client.wait(job.id).job.phase is Phase.STORED

    def test_cancel_too_late(self, bench: MakeBench) -> None:
        """A finished job cannot be stopped, and its film is not deleted by trying.

        If it fails: look first; ``cancel`` is no ``delete``.
        """
        made = _with(bench, "cancel")
        job = made.generate()
        cancellation = made.run(made.provider.cancel(made.bound(job).task, receipt_of(job)))
        assert cancellation.outcome in {"too_late", "not_supported"}
        assert made.client.fetch(job.id, output=made.folder / "again.mp4")

    def test_delete(self, bench: MakeBench) -> None:
        """Deleting twice is no error: what is gone is gone.

        If it fails: return ``too_late`` when the provider does not know the job.
        """
        made = _with(bench, "delete")
        job = made.generate()
        first, second = made.client.delete(job.id), made.client.delete(job.id)
        assert isinstance(first, Cancellation)
        if first.outcome == "cancelled":
            assert second.outcome == "too_late"

    def test_find_submission(self, bench: MakeBench) -> None:
        """It finds the job of this task or says that it does not know; it never takes another's.

        If it fails: give a receipt only when it is certain, and in a list only jobs that can be it.
        """
        made = _with(bench, "find_submission")
        since = made.clock.now()
        other = made.submit(prompt="Another film altogether")
        bound = made.bound(other)
        mine = {**bound.task.parameters, "prompt": "A film that was never asked for"}
        found = made.run(made.provider.find_submission(made.another(bound.task, mine), since))
        assert not found
        found = made.run(made.provider.find_submission(bound.task, since))
        receipts = [found] if isinstance(found, Receipt) else found or ()
        assert {receipt.id for receipt in receipts} <= {receipt_of(other).id}

    def test_list_remote(self, bench: MakeBench) -> None:
        """The list has what was made, newest first, and no more than asked for.

        If it fails: honour ``limit``, also beyond one page.
        """
        made = _with(bench, "list_remote")
        made.submit()
        made.clock.advance(5)
        newest = made.submit()
        rows = made.client.remote_jobs(made.provider_id, limit=1)
        assert [row.receipt.id for row in rows] == [receipt_of(newest).id]
        assert len(made.client.remote_jobs(made.provider_id, limit=10)) == 2  # noqa: PLR2004  as many as were made

    def test_parse_webhook_believes_nobody(self, bench: MakeBench) -> None:
        """A message without a signature is refused, or is not this provider's.

        If it fails: verify before reading; raise ``AuthenticationFailed``.
        """
        made = _with(bench, "parse_webhook")
        settings = made.client.workspace.operations.desk.settings(made.provider)
        for body in (b"", b"{}", b"\xff\x00", b'{"id": "event_1", "type": "film.completed"}'):
            try:
                event = made.provider.parse_webhook(settings, {}, body, made.clock.now())
            except (AuthenticationFailed, MissingKey):
                continue
            assert event is None, f"an unsigned message was believed: {event}"

    def test_foreign_calls_lead_here(self, bench: MakeBench) -> None:
        """What ``polyreel migrate scan`` looks for leads to this provider's models and parameters.

        If it fails: ``ForeignParameter.name`` is a unified name or a parameter of some document of yours, ``surface`` one of
        your surfaces, and ``default_model`` a name by which a document knows its model once a prefix is cut off.
        """
        made = _with(bench, "foreign_calls")
        catalogue = made.client.workspace.operations.desk.catalogue
        claims, broken = claims_of(made.client.workspace.plugins, catalogue)
        assert not broken, broken
        surfaces = {None, *(surface.id for surface in made.provider.info.surfaces)}
        for claim in claims:
            call = claim.call
            known = {*parameters(), *(name for document in claim.documents for name in document.properties)}
            assert {parameter.name for parameter in call.parameters} <= known, call
            assert call.surface in surfaces, call
            assert call.default_model is None or claim.document(call.default_model), call


def _with(bench: MakeBench, hook: str) -> Bench:
    made = bench()
    if not made.provider.has(hook):
        pytest.skip(f"the provider has no {hook}")
    return made
