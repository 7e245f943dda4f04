"""A simulator's memory in a file: jobs that outlive the process, and are shared between processes."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from polyreel.errors import StorageFailed
from polyreel.http import Request, Response
from polyreel.simulation.charges import Charges
from polyreel.simulation.simulator import Simulator

__all__ = ["KeptState", "Remembering"]

_VERSION: Final = 1
_STALE_SECONDS: Final = 60.0  # whoever holds a lock file longer than this has died
_RETRY_SECONDS: Final = 0.01
_log = logging.getLogger("polyreel.simulation")


class KeptState:
    """The memory and the charges of a simulator in a JSON file.

    Args:
        path: The file; its folder is made when it is first written. ``.lock`` and ``.tmp`` files stand beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._initial: str | None = None

    @contextmanager
    def opened(self, state: dict[str, Any], charges: Charges) -> Iterator[None]:
        """Hold the file: nobody else reads or writes it meanwhile.

        ``state`` and ``charges`` are filled in place from the file and written back at the end, if they changed.
        Without the file they are what they were when it was first opened, so that deleting it is a reset. When an
        exception passes through, the file stays as it was.

        Args:
            state: JSON only.
            charges: The ledger.

        Raises:
            StorageFailed: The file cannot be read or written.
        """
        with self._held():
            before = self._load(state, charges)
            yield
            after = _in_json(state, charges)
            if after != before:
                self._save(after)

    @contextmanager
    def _held(self) -> Iterator[None]:
        with ExitStack() as stack:
            with self._usable():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_locked(self.path.with_name(self.path.name + ".lock")))
            yield

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFailed(f"the simulation's memory {self.path} cannot be used: {error}") from error

    def _load(self, state: dict[str, Any], charges: Charges) -> str:
        if self._initial is None:
            self._initial = _in_json(state, charges)
        with self._usable():
            try:
                text = self.path.read_bytes().decode("utf-8", errors="replace")
            except FileNotFoundError:
                _fill(self._initial, state, charges)
                return ""
            try:
                _fill(text, state, charges)
            except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
                self._set_aside(error)
                return ""
        return text

    def _save(self, text: str) -> None:
        temporary = self.path.with_name(self.path.name + ".tmp")
        with self._usable():
            # Prompts are nobody else's business.
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
            temporary.replace(self.path)

    def _set_aside(self, error: Exception) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.corrupt-{number}")).exists():
            number += 1
        self.path.replace(aside)
        _log.warning(
            "the simulation's memory %s is damaged (%s); it was moved to %s and a new one begins",
            self.path,
            error,
            aside.name,
        )


class Remembering:
    """A simulator as a handler whose memory is read before each request and kept after it.

    The simulator looks things up in ``stage.state`` at each request: a reference that it keeps to something inside
    is of an older state.

    Args:
        simulator: What answers.
        path: The file; simulators do not share one.
    """

    def __init__(self, simulator: Simulator, path: Path) -> None:
        self._simulator = simulator
        self._kept = KeptState(path)

    def __call__(self, request: Request) -> Response:
        """Answer ``request``.

        Raises:
            StorageFailed: The file cannot be read or written.
        """
        stage = self._simulator.stage
        with self._kept.opened(stage.state, stage.charges):
            return self._simulator.handle(request)


def _in_json(state: dict[str, Any], charges: Charges) -> str:
    return json.dumps({"version": _VERSION, "state": state, "charges": charges.dump()}, ensure_ascii=False)


def _fill(text: str, state: dict[str, Any], charges: Charges) -> None:
    kept = json.loads(text)
    if kept["version"] != _VERSION or not isinstance(kept["state"], dict):
        raise ValueError("it has another format")
    charges.load(kept["charges"])
    state.clear()
    state.update(kept["state"])


@contextmanager
def _created(path: Path) -> Iterator[None]:
    """Hold a lock by creating a file: for systems without ``flock``."""
    while True:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            break
        except (FileExistsError, PermissionError):  # Windows says the latter while the file is being deleted
            if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
                raise
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()
            time.sleep(_RETRY_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()


if sys.platform == "win32":
    _locked = _created
else:
    import fcntl

    @contextmanager
    def _locked(path: Path) -> Iterator[None]:
        # The lock ends with the process, so that none is left by one that was killed.
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
