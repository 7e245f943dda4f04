"""The command line. This file decides only what can be answered at once; the grammar stands in ``app.py``.

Starting is most of what a short command costs, so ``--version`` and ``--help`` are answered without click, and
each verb is imported when it is used.
"""

from __future__ import annotations

import sys

from polyreel.cli.overview import overview

__all__ = ["main"]


def main(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code; it never raises.

    Args:
        args: The arguments, without the program's name; those of this process if ``None``.
    """
    arguments = sys.argv[1:] if args is None else list(args)
    try:
        if arguments == ["--version"]:
            from polyreel import __version__

            return _printed(f"polyreel {__version__}")
        missing = _missing_extra()
        if missing:
            sys.stderr.write(f"error: {missing}\n")
            return 2
        if arguments in (["--help"], ["-h"], []) and not _extensions():
            return _printed(overview())
        from polyreel.cli.app import run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was sent\n")
        return 130
    return run(arguments)


def _missing_extra() -> str:
    from importlib.util import find_spec

    if find_spec("click") and find_spec("rich"):
        return ""
    from polyreel.errors import MissingExtra

    return str(MissingExtra("the command line", extra="cli"))


def _extensions() -> bool:
    from polyreel.cli.extensions import may_be_installed

    return may_be_installed()


def _printed(text: str) -> int:
    from polyreel.cli.streams import out

    return out(text)
