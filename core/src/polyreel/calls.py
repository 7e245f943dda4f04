"""One call, with a client of its own: ``polyreel.generate``, ``agenerate`` and ``submit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyreel.async_client import AsyncClient
from polyreel.client import Client

if TYPE_CHECKING:
    from polyreel.results import Result
    from polyreel.types.job import Job

__all__ = ["agenerate", "generate", "submit"]


def generate(prompt: str, *, model: str, **parameters: Any) -> Result:
    """Make a film with a client of its own; see :meth:`Client.generate`.

    ``simulate=True`` and the other arguments of :class:`Client` are understood too.
    """
    with Client(**_setup(parameters)) as client:
        return client.generate(prompt, model=model, **parameters)


async def agenerate(prompt: str, *, model: str, **parameters: Any) -> Result:
    """Make a film, awaited; see :func:`generate`."""
    async with AsyncClient(**_setup(parameters)) as client:
        return await client.generate(prompt, model=model, **parameters)


def submit(prompt: str, *, model: str, **parameters: Any) -> Job:
    """Ask for a film and return at once; see :meth:`Client.submit`."""
    with Client(**_setup(parameters)) as client:
        return client.submit(prompt, model=model, **parameters)


def _setup(parameters: dict[str, Any]) -> Any:
    names = (
        "api_key",
        "api_keys",
        "base_url",
        "budget",
        "clock",
        "home",
        "plugins",
        "settings",
        "simulate",
        "store",
    )
    return {name: parameters.pop(name) for name in names if name in parameters}
