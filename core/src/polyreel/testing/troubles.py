"""Standard tests of what goes wrong: nothing is paid twice, nothing paid is lost, and keys stay secret."""

from __future__ import annotations

import json
import logging
import traceback
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest

from polyreel.errors import FetchFailed, PolyreelError
from polyreel.http import Response
from polyreel.simulation.faults import Fault
from polyreel.testing.bench import Bench, MakeBench
from polyreel.types.job import Phase

__all__ = ["Troubles"]

_SUBMIT_FAULTS: Final = {
    "connection-refused": Fault(kind="refuse"),
    "lost-before-it-arrived": Fault(kind="drop_before"),
    "lost-after-it-was-accepted": Fault(kind="drop_after"),
    "500": Fault(kind="status", status=500),
    "500-after-it-was-accepted": Fault(kind="status_after", status=500),
    "502-with-a-page": Fault(
        kind="status", status=502, headers={"content-type": "text/html"}, body=b"<html>"
    ),
    "the-page-of-a-portal": Fault(kind="html"),
    "half-of-the-JSON": Fault(kind="broken_json"),
    "no-body": Fault(kind="empty"),
}
# More in a row than the core repeats a request by itself, so that the plugin sees them too.
_POLL_FAULTS: Final = {
    "connection-refused": Fault(kind="refuse", times=4),
    "lost": Fault(kind="drop_before", times=4),
    "503": Fault(kind="status", status=503, times=4),
    "too-many-requests": Fault(kind="status", status=429, headers={"retry-after": "1"}, times=4),
    "the-page-of-a-portal": Fault(kind="html", times=2),
    "half-of-the-JSON": Fault(kind="broken_json", times=2),
    "no-body": Fault(kind="empty", times=2),
}


class Troubles:
    """Faults of the network and of the service, each at the worst moment."""

    @pytest.mark.parametrize("fault", _SUBMIT_FAULTS)
    def test_a_failed_submit_is_never_paid_twice(self, bench: MakeBench, fault: str) -> None:
        """Whatever happens to the request that costs money, it is paid once at most, and the record says what is known.

        If it fails: let errors through; raise ``UnexpectedAnswer`` for an answer outside the protocol and
        ``ProviderUnavailable`` for a 5xx, so that the core knows that the job may exist.
        """
        reference = bench()
        reference.submit()
        made = bench(replace(_SUBMIT_FAULTS[fault], after=reference.paid[0].before))
        with suppress(PolyreelError):
            made.submit()
        (job,) = made.client.list_jobs()
        charged = len(made.charges.billed_jobs)
        assert charged <= 1, made.charges.entries
        if charged and job.failure is not None:
            assert job.failure.billed is not False, (
                f"it was charged, and the record says it was not: {job.failure}"
            )
        made.client.resume(job.id, timeout=600)
        assert len(made.charges.billed_jobs) <= 1, made.charges.entries

    @pytest.mark.parametrize("fault", _POLL_FAULTS)
    def test_a_failed_poll_is_survived(self, bench: MakeBench, fault: str) -> None:
        """A paid job is not lost because looking at it failed for a while.

        If it fails: raise the errors of :mod:`polyreel.errors` for what the provider answers, not ``KeyError``;
        ``response.json()`` raises the right one by itself.
        """
        reference = bench()
        reference.generate()
        made = bench(replace(_POLL_FAULTS[fault], after=reference.first("poll").before))
        assert made.generate().phase is Phase.STORED
        assert len(made.charges.billed_jobs) == len(reference.charges.billed_jobs), made.charges.entries

    def test_a_cut_film_is_not_stored(self, bench: MakeBench) -> None:
        """Half a film is no film, and the whole one can still be fetched.

        If it fails: give an address in ``normalise_result`` that can be fetched twice.
        """
        made = bench(Fault(kind="rewrite", rewrite=_half_of_a_film, times=None))
        job = made.submit(output=made.output)
        with suppress(FetchFailed):
            made.client.wait(job.id)
            pytest.skip("the film comes inside an answer: nothing is fetched")
        assert not made.output.exists()
        made.client.workspace.stage(made.provider).faults.clear()
        assert made.client.wait(job.id).job.phase is Phase.STORED
        assert made.output.is_file()

    @pytest.mark.parametrize("place", ["submit", "poll"])
    def test_keys_never_appear(self, bench: MakeBench, place: str, caplog: pytest.LogCaptureFixture) -> None:
        """A key that a server repeats in its answers is in no error, no record and no log.

        If it fails: ``polyreel.redaction.redact`` what a server says; never ``reveal()`` a key but to sign.
        """
        caplog.set_level(logging.DEBUG)
        reference = bench()
        reference.generate()
        keys = _keys(reference)
        if not keys:
            pytest.skip("the provider has no key")
        after = reference.paid[0].before if place == "submit" else reference.first("poll").before
        made = bench(Fault(kind="rewrite", rewrite=_repeating(keys), after=after, times=1))
        told = [_told_of(reference.client.dry_run(**reference.example))]
        try:
            told.append(made.generate().model_dump_json())
        except PolyreelError as error:
            told += [*traceback.format_exception(error), *map(repr, vars(error).values())]
        told += [job.model_dump_json() for job in made.client.list_jobs()]
        text = "\n".join([*told, caplog.text])
        for key in keys:
            assert key not in text, text[max(text.index(key) - 200, 0) : text.index(key) + 200]


def _keys(bench: Bench) -> list[str]:
    given = bench.client.workspace.stage(bench.provider).simulator.settings
    return [given[s.name] for s in bench.provider.info.settings if s.secret and given.get(s.name)]


def _repeating(keys: list[str]) -> Any:
    message = f"Incorrect key provided: {', '.join(keys)}."
    body = {"error": {"message": message, "code": "invalid_api_key"}, "message": message, "detail": message}
    content = json.dumps(body).encode()
    return lambda _: Response(status=401, headers={"content-type": "application/json"}, content=content)


def _half_of_a_film(response: Response) -> Response:
    if not response.media_type.startswith("video/"):
        return response
    return replace(response, content=response.content[: len(response.content) // 2])


def _told_of(dry: Any) -> str:
    return "\n".join(f"{request!r} {dict(request.headers)}" for request in dry.requests)
