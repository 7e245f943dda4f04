"""The other side of a comparison: a client of polyreel, blocking or awaited, that is called in the same way."""

import asyncio

import polyreel
from polyreel.clock import VirtualClock


class Sender:
    """A client whose methods block, whichever of the two it is.

    Args:
        way: ``"blocking"`` or ``"awaited"``.
        stack: An exit stack that closes it.
        home: The folder for its data and configuration.
        setup: What else the client is made with: settings, keys.
    """

    def __init__(self, way, stack, *, home, **setup):
        setup = {"store": "memory", "home": home, "clock": VirtualClock(), **setup}
        self._runner = None
        if way == "blocking":
            self._client = stack.enter_context(polyreel.Client(**setup))
        else:
            self._runner = stack.enter_context(asyncio.Runner())
            self._client = polyreel.AsyncClient(**setup)
            stack.callback(lambda: self._runner.run(self._client.close()))

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if self._runner is None:
            return method
        return lambda *given, **named: self._runner.run(method(*given, **named))
