"""Ctrl-C, once and twice: the first stops waiting, the second cancels the job."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Final, Self

from polyreel.errors import PolyreelError
from polyreel.types.job import Cancellation, Phase

if TYPE_CHECKING:
    from polyreel.cli.display import Display
    from polyreel.client import Client

__all__ = ["Presses", "offer_to_cancel"]

GRACE: Final = 2.0
"""Seconds after Ctrl-C in which another one cancels the job."""

_PAUSE: Final = 0.02
_CAN_BE_STOPPED: Final = frozenset({Phase.CREATED, Phase.SUBMITTING, Phase.ACCEPTED, Phase.RUNNING})


class Presses:
    """Counts Ctrl-C while a verb runs; a context manager.

    The first one interrupts. The second is only counted: what the first one stopped is just being put in order, and a receipt
    that is being written must not be torn. From the third on each interrupts again, for whoever has had enough.
    """

    def __init__(self) -> None:
        self._count = 0
        self._before: object = None

    def __enter__(self) -> Self:
        # A program that was started with Ctrl-C ignored, or that handles it, goes on doing so.
        is_ours = threading.current_thread() is threading.main_thread()
        if is_ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            # A program that was interrupted is about to end, with its own exit code: a late press has nothing left to stop.
            signal.signal(signal.SIGINT, signal.SIG_IGN if self._count else signal.default_int_handler)

    def again(self, seconds: float) -> bool:
        """Whether it is pressed a second time within so many seconds."""
        until = time.monotonic() + seconds
        while self._count < 2 and time.monotonic() < until:  # noqa: PLR2004  the second
            time.sleep(_PAUSE)
        return self._count >= 2  # noqa: PLR2004  the second

    def _pressed(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._count != 2:  # noqa: PLR2004  the second
            raise KeyboardInterrupt


def offer_to_cancel(display: Display, client: Client) -> None:
    """After Ctrl-C, let a person cancel the job with another one; what became of it stands in ``display.cancellation``.

    Nobody who cannot read the offer is taken at it: without a terminal a second signal changes nothing.
    """
    from polyreel.cli.display import is_terminal

    job = display.job
    if job is None or job.phase not in _CAN_BE_STOPPED or not is_terminal(sys.stderr):
        return
    display.say(f"press Ctrl-C again within {GRACE:g} s to cancel {job.id}; it goes on otherwise")
    if not display.presses.again(GRACE):
        return
    try:
        display.cancellation = client.cancel(job.id)
    except PolyreelError as error:
        message = f"it could not be cancelled: {error}"
        display.cancellation = Cancellation(outcome="too_late", message=message)
    with suppress(PolyreelError):
        display.job = client.get_job(job.id)
