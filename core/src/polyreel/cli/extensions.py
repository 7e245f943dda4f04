"""Verbs that extensions add, without making every start pay for looking for them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

__all__ = ["add_verbs", "may_be_installed"]

_GROUP = b"polyreel.extensions"
_RECORDS = (".dist-info", ".egg-info")


def may_be_installed() -> bool:
    """Whether some installed package names the group of extensions; ``True`` when that cannot be told.

    Importing ``importlib_metadata`` costs three times as much as reading the few files that could name it.
    """
    return any(_names_group(place or os.getcwd()) for place in sys.path)  # noqa: PTH109  pathlib is a slow import


def add_verbs(group: click.Group) -> list[str]:
    """Let every extension add its verbs; return what went wrong, as sentences.

    The verbs of polyreel itself cannot be replaced: they are looked up first.
    """
    from polyreel.plugins import Plugins

    try:
        plugins = Plugins.of_machine(os.environ)
        plugins.register_commands(group)
    except Exception as error:  # noqa: BLE001  an extension may raise anything, and --help must not die of it
        return [f"an extension failed: {type(error).__name__}: {error}"]
    return [f"the extension {failure.plugin!r} failed: {failure.message}" for failure in plugins.failures]


def _names_group(place: str) -> bool:
    try:
        with os.scandir(place) as entries:
            records = [entry.path for entry in entries if entry.name.endswith(_RECORDS)]
    except FileNotFoundError:
        return False
    except OSError:
        return True  # an archive, or a folder that only the import system can read
    return any(_mentions(os.path.join(record, "entry_points.txt")) for record in records)  # noqa: PTH118


def _mentions(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return _GROUP in file.read()
    except OSError:
        return False
