"""What goes wrong between a client and a service, on purpose: faults around any handler.

The faults are a handler themselves. What only a connection can do (break, hang, end early) they ask of the mount
by raising :class:`Disturbance`; the in-process mount and the server carry it out each in its own way.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from polyreel.http import Handler, Request, Response

__all__ = ["Disturbance", "Fault", "Faults", "Kind", "Seen"]

Kind = Literal[
    "refuse",
    "drop_before",
    "drop_after",
    "status",
    "status_after",
    "html",
    "broken_json",
    "empty",
    "hang",
    "cut",
    "slow",
    "rewrite",
]
"""What a fault does; :class:`Fault` says it in words."""

_NOT_REACHED: Final = frozenset({"refuse", "drop_before", "status", "html", "hang"})
_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to the network</body></html>"
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong with some requests.

    ============== =========== ====================================================================
    kind           acted upon  what the client sees
    ============== =========== ====================================================================
    `refuse`       no          connection refused; on a socket, where the request has already come,
                               the connection is reset
    `drop_before`  no          the connection ends without an answer
    `drop_after`   yes         the same, and only the server knows the difference
    `status`       no          the given status, headers and body
    `status_after` yes         the same
    `html`         no          200 with the page of a captive portal
    `broken_json`  yes         the first half of the answer's body, as if that were all
    `empty`        yes         the answer without its body
    `hang`         no          nothing until its own timeout; on a socket for at most ``seconds``
    `cut`          yes         half of the body, with the whole length announced
    `slow`         yes         the answer, ``seconds`` late
    `rewrite`      yes         what ``rewrite`` makes of the answer
    ============== =========== ====================================================================

    Attributes:
        kind: What goes wrong.
        method: Only requests with this method; ``None`` for any.
        path: A regular expression that is searched for in the path of the address.
        times: How often; ``None`` for always.
        after: How many matching requests pass first.
        status: For `status` and `status_after`.
        headers: For `status` and `status_after`.
        body: For `status` and `status_after`.
        seconds: For `slow`, and the bound of `hang` on a socket.
        rewrite: For `rewrite`: from the real answer to the one that arrives.
    """

    kind: Kind
    method: str | None = None
    path: str = ""
    times: int | None = 1
    after: int = 0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 30.0
    rewrite: Callable[[Response], Response] | None = None

    def __post_init__(self) -> None:
        """Check what would otherwise only show when the fault is due.

        Raises:
            ValueError: An unknown kind, a pattern that is none, or `rewrite` without a function.
        """
        if self.kind not in get_args(Kind):
            raise ValueError(f"there is no fault {self.kind!r}; the kinds are {', '.join(get_args(Kind))}")
        if (self.kind == "rewrite") != (self.rewrite is not None):
            raise ValueError("a fault has a rewrite function when, and only when, its kind is 'rewrite'")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"the path {self.path!r} is no regular expression: {error}") from None

    def matches(self, request: Request) -> bool:
        """Whether it speaks of ``request``, due or not."""
        if self.method is not None and self.method.upper() != request.method:
            return False
        return re.search(self.path, urlsplit(request.url).path) is not None


class Seen(NamedTuple):
    """A request that came.

    Attributes:
        method: Its method.
        path: The path of its address, as it was encoded.
    """

    method: str
    path: str


class Disturbance(Exception):
    """What a handler asks of the connection.

    Args:
        kind: ``refuse``, ``drop``, ``hang``, ``cut`` (the body, in the middle) or ``slow``.
        response: The answer, for ``cut`` and ``slow``.
        seconds: How late for ``slow``, the bound for ``hang``.
    """

    def __init__(
        self,
        kind: Literal["refuse", "drop", "hang", "cut", "slow"],
        *,
        response: Response | None = None,
        seconds: float = 0.0,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.response = response
        self.seconds = seconds


class Faults:
    """A handler whose requests sometimes meet a fault.

    Of the faults that match a request and are due, the first happens; the later ones wait for the next request.

    Args:
        handler: What answers.
        faults: In the order in which they are tried.
    """

    def __init__(self, handler: Handler, faults: Sequence[Fault] = ()) -> None:
        self._handler = handler
        self._lock = threading.Lock()
        self._seen: list[Seen] = []
        self._due: list[_Due] = []
        self.add(*faults)

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request that came, also those that met a fault, oldest first."""
        with self._lock:
            return tuple(self._seen)

    def count(self, method: str, path: str = "") -> int:
        """Return how many requests came with ``method`` and a path in which the pattern ``path`` is found."""
        return sum(seen.method == method and re.search(path, seen.path) is not None for seen in self.requests)

    def add(self, *faults: Fault) -> None:
        """Add faults after those that are there."""
        with self._lock:
            self._due += (_Due(fault) for fault in faults)

    def clear(self) -> None:
        """Take all faults away; what was seen stays."""
        with self._lock:
            self._due.clear()

    def __call__(self, request: Request) -> Response:
        """Answer ``request``.

        Raises:
            Disturbance: For the mount to carry out.
        """
        with self._lock:
            self._seen.append(Seen(request.method, urlsplit(request.url).path))
            fault = next((due.fault for due in self._due if due.now(request)), None)
        if fault is None:
            return self._handler(request)
        if fault.kind in _NOT_REACHED:
            return _unreached(fault)
        return _spoiled(fault, self._handler(request))


class _Due:
    """A fault with its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._pass = fault.after
        self._left = fault.times

    def now(self, request: Request) -> bool:
        if self._left == 0 or not self.fault.matches(request):
            return False
        if self._pass > 0:
            self._pass -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


def _unreached(fault: Fault) -> Response:
    match fault.kind:
        case "status":
            return _stated(fault)
        case "html":
            return Response(status=200, headers={"content-type": "text/html; charset=utf-8"}, content=_PAGE)
        case "refuse" | "hang":
            raise Disturbance(fault.kind, seconds=fault.seconds)
        case _:
            raise Disturbance("drop")


def _spoiled(fault: Fault, real: Response) -> Response:
    match fault.kind:
        case "status_after":
            return _stated(fault)
        case "broken_json":
            return replace(real, content=real.content[: len(real.content) // 2])
        case "empty":
            return replace(real, content=b"")
        case "rewrite":
            assert fault.rewrite is not None
            return fault.rewrite(real)
        case "cut" | "slow":
            raise Disturbance(fault.kind, response=real, seconds=fault.seconds)
        case _:
            raise Disturbance("drop")


def _stated(fault: Fault) -> Response:
    return Response(status=fault.status, headers=fault.headers, content=fault.body)
