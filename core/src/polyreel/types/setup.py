"""The keyword arguments of both clients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.plugins import Plugins
    from polyreel.storage.store import JobStore
    from polyreel.types.budget import Budget
    from polyreel.workspace import Simulation

__all__ = ["Setup"]


class Setup(TypedDict, total=False):
    """How a client is set up; everything may be left out.

    Attributes:
        api_keys: Keys by provider; they win over environment and file.
        settings: More settings by provider: ``{"acme": {"base_url": …, "region": …}}``.
        simulate: Whether simulators answer instead of the providers, or how they do.
        home: The folder for data and configuration (``POLYREEL_HOME``).
        store: Where jobs are kept: ``"memory"``, a path to an SQLite file, or a store of one's own.
        clock: The time.
        plugins: Providers and extensions, instead of the installed ones.
        budget: What may be spent; a limit that it leaves out is that of ``[budget]`` in the configuration file.
        api_key: The key of a gateway; without ``base_url`` it has no use, and the log says so.
        base_url: The address of a gateway; refused until there is one.
    """

    api_keys: Mapping[str, str] | None
    settings: Mapping[str, Mapping[str, str]] | None
    simulate: bool | Simulation
    home: Path | str | None
    store: JobStore | str | None
    clock: Clock | None
    plugins: Plugins | None
    budget: Budget | None
    api_key: str | None
    base_url: str | None
