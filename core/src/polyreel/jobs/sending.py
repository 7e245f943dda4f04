"""The one request that costs money, watched: did it leave, may it have been taken, is it too late for it?"""

from __future__ import annotations

from dataclasses import replace

from polyreel.clock import Clock
from polyreel.errors import (
    ContentRefused,
    MissingExtra,
    MissingKey,
    PolyreelError,
    ProviderError,
    ProviderUnavailable,
    RequestRejected,
    TransportFailed,
    UnexpectedAnswer,
)
from polyreel.flows import Effect, Send

__all__ = ["Sending", "TooLate"]


class TooLate(TransportFailed):
    """The request was held back: its time to leave was over, and another process may have taken the job over."""

    def __init__(self) -> None:
        super().__init__(
            "the request was held back, since it could not leave in time; nothing was sent",
            request_sent=False,
        )


class Sending:
    """What is known of a submit while it is made.

    Args:
        clock: Its steady side tells how late it is.
        deadline: When the request must have left, in seconds on the steady clock. A process that was stopped between its
            record and this moment must not send: somebody else may have settled the job meanwhile.
    """

    def __init__(self, *, clock: Clock, deadline: float) -> None:
        self._clock = clock
        self._deadline = deadline
        #: Whether a request may have left.
        self.begun = False
        #: Whether one was sent again although an earlier try may have been taken.
        self.doubtful = False

    def watched(self, effect: Effect) -> Effect:
        """Return an effect of a submit, watched."""
        if not isinstance(effect, Send):
            return effect
        return replace(effect, in_doubt=self._doubt, before=self._leave)

    def _leave(self) -> None:
        if self._clock.steady() >= self._deadline:
            raise TooLate
        self.begun = True

    def _doubt(self) -> None:
        self.doubtful = True

    def excludes(self, error: PolyreelError) -> bool:
        """Whether an error proves that nothing was accepted."""
        if not self.begun:
            return True
        if self.doubtful:
            # An error about the request itself: an equal one that went before was refused too.
            return isinstance(error, RequestRejected | ContentRefused)
        if isinstance(error, TransportFailed):
            return not error.request_sent
        if isinstance(error, ProviderUnavailable | UnexpectedAnswer):
            return False
        # The last two are raised while a request is being signed: it never left.
        return isinstance(error, ProviderError | MissingKey | MissingExtra)
