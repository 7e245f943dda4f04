"""One walk through a provider's list for all jobs that are looked for at the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

from polyreel.clock import Clock
from polyreel.flows import Effect, Flow, Send, Session
from polyreel.http import Response

__all__ = ["Sweep"]

T = TypeVar("T")
_FRESH: Final = 5.0  # a list that is asked more often than this shows nothing new
_PAGES: Final = 64  # so many are kept; each is at most as long as an answer may be


class Sweep:
    """The pages of providers' lists that were read within the last seconds.

    A thousand jobs whose submits were cut off are a thousand looks at the same list. That a page is a few seconds old does
    no harm: that a job is not in a list proves nothing anyway.
    """

    def __init__(self) -> None:
        self._pages: dict[_Page, tuple[float, Response]] = {}

    def shared(self, flow: Flow[T], clock: Clock) -> Flow[T]:
        """Return ``flow`` with each of its GETs answered from a page that is there, if there is one.

        Args:
            flow: One that only looks.
            clock: Its steady side tells how old a page is.
        """
        try:
            effect = next(flow)
            while True:
                page, now = _page(effect), clock.steady()
                kept = self._kept(page, now)
                try:
                    result = (yield effect) if kept is None else kept
                except BaseException as error:  # noqa: BLE001  the flow decides, also about KeyboardInterrupt
                    effect = flow.throw(error)
                    continue
                if page is not None and isinstance(result, Response) and result.ok:
                    self._keep(page, now, result)
                effect = flow.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # StopIteration carries the flow's T untyped
        finally:
            flow.close()

    def _kept(self, page: _Page | None, now: float) -> Response | None:
        read, response = (None, None) if page is None else self._pages.get(page, (None, None))
        return response if read is not None and now - read < _FRESH else None

    def _keep(self, page: _Page, now: float, response: Response) -> None:
        if self._kept(page, now) is not None:
            return
        fresh = {known: kept for known, kept in self._pages.items() if now - kept[0] < _FRESH}
        self._pages.clear()
        self._pages.update(list(fresh.items())[-_PAGES + 1 :])
        self._pages[page] = now, response


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    session: Session = field(hash=False)
    address: str


def _page(effect: Effect) -> _Page | None:
    """Return what a GET asks for and on whose behalf; ``None`` for anything else."""
    if not isinstance(effect, Send) or effect.request.method != "GET":
        return None
    return _Page(session=effect.session, address=effect.request.address)
