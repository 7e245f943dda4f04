"""Nothing but effects: notices when a hook reaches for the world by itself instead of asking for it.

The interpreter reports what code does (PEP 578), whatever name it was imported under. It is silent about two things:
the environment, which is an ordinary dictionary and is patched, and, before Python 3.13, sleeping, which a profile
function sees. Importing a module is allowed: it is how hooks stay lazy.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from threading import local
from types import FrameType, TracebackType
from typing import Any, Final, Self

__all__ = ["Guard", "Reached"]

_ACTS: Final[Mapping[str, str]] = {
    "open": "opened a file",
    "socket.__new__": "made a socket",
    "socket.connect": "made a connection",
    "socket.getaddrinfo": "resolved a host name",
    "_thread.start_new_thread": "started a thread",
    "_thread.start_joinable_thread": "started a thread",
    "subprocess.Popen": "started a process",
    "os.system": "started a process",
    "os.listdir": "listed a folder",
    "os.remove": "removed a file",
    "os.rename": "renamed a file",
    "os.mkdir": "made a folder",
    "os.putenv": "changed the environment",
    "time.sleep": "slept",  # no event of the interpreter's before 3.13: see _Watch
    "os.environ": "read the environment",  # none at all: see _install
}
_ADVICE: Final = "a hook yields effects, and what it needs comes in its arguments"
_IMPORTS: Final = frozenset({"importlib._bootstrap", "importlib._bootstrap_external"})
_here = local()


class Reached(BaseException):
    """A hook reached for the world. No ``except Exception`` of the hook's hides it."""


class Guard:
    """Notices what a hook does besides yielding effects.

    ``with guard.inside("submit"): …`` watches this thread. What was done is in :attr:`reached`, also when the hook
    swallowed the error.

    Args:
        active: Whether anything is watched.
    """

    def __init__(self, *, active: bool) -> None:
        self.active = active
        self.reached: list[str] = []

    def inside(self, hook: str, *, may_open: bool = False) -> _Watch:
        """Return a context in which ``hook`` runs.

        Args:
            hook: Its name, for the message.
            may_open: Whether it may read files: a package's own model documents are some.
        """
        return _Watch(self if self.active else None, hook, {"open", "os.listdir"} if may_open else set())

    def report(self, hook: str, act: str) -> None:
        """Note what was done, and stop it.

        Raises:
            Reached: Always.
        """
        self.reached.append(f"{hook} {act}: {_ADVICE}")
        raise Reached(self.reached[-1])


class _Watch:
    def __init__(self, guard: Guard | None, hook: str, allowed: set[str]) -> None:
        self._guard = guard
        self._hook = hook
        self._allowed = allowed

    def __enter__(self) -> Self:
        if self._guard is not None:
            _install()
            self._before = getattr(_here, "watch", None), sys.getprofile()
            _here.watch = self
            sys.setprofile(self._profile)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._guard is not None:
            _here.watch, profile = self._before
            sys.setprofile(profile)

    def _profile(
        self, frame: FrameType, event: str, called: Any
    ) -> None:  # pragma: no cover  is never traced
        del frame
        if event == "c_call" and called is time.sleep:
            self.see("time.sleep", "")

    def see(self, event: str, detail: object) -> None:
        if event in self._allowed or _importing():
            return
        assert self._guard is not None, "only an active watch is set"
        self._guard.report(self._hook, f"{_ACTS[event]} ({detail})" if detail else _ACTS[event])


def _importing() -> bool:
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  the only way to know who asks
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        # A record's validator is built when the first of its kind is made, whoever makes it.
        if module in _IMPORTS or module.startswith("pydantic."):
            return True
        frame = frame.f_back
    return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:  # pragma: no cover  is never traced
    if event in _ACTS:
        watch = getattr(_here, "watch", None)
        if watch is not None:
            watch.see(event, arguments[0] if event == "open" else "")


def _install() -> None:
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_audit)
        environment = type(os.environ)
        read = environment.__getitem__

        def watched_read(self: Any, key: Any) -> Any:
            watch = getattr(_here, "watch", None)
            if watch is not None:
                watch.see("os.environ", key)
            return read(self, key)

        environment.__getitem__ = watched_read  # type: ignore[method-assign]  # for as long as the process lives


_installed: list[bool] = []
