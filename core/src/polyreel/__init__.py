"""polyreel: one call for AI video, over providers that install like any Python package.

::

    import polyreel

    result = polyreel.generate("A paper boat crossing a puddle", model="acme/film-2", simulate=True)
    result.save("boat.mp4")

Names are loaded on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from polyreel.async_client import AsyncClient
    from polyreel.batches import Outcome
    from polyreel.calls import agenerate, generate, submit
    from polyreel.clerks import Review
    from polyreel.client import Client
    from polyreel.clock import SystemClock, VirtualClock
    from polyreel.errors import (
        AddressRefused,
        AuthenticationFailed,
        BudgetExceeded,
        ConfigurationError,
        ContentRefused,
        FetchFailed,
        InsufficientCredit,
        InvalidRequest,
        JobCancelled,
        JobError,
        JobFailed,
        JobNotFound,
        JobTimeout,
        JobUncertain,
        MissingExtra,
        MissingKey,
        ModelNotFound,
        ModelRetired,
        PluginFailed,
        PolyreelError,
        Problem,
        ProviderError,
        ProviderUnavailable,
        RateLimited,
        RequestRejected,
        ResourceNotFound,
        StorageFailed,
        TransportFailed,
        UnexpectedAnswer,
    )
    from polyreel.intake import WebhookOutcome
    from polyreel.results import Check, DryRun, Result, Video
    from polyreel.spending import Spending
    from polyreel.types.asset import Asset
    from polyreel.types.budget import Budget
    from polyreel.types.cost import Cost, Estimate
    from polyreel.types.job import Cancellation, Job, Notice
    from polyreel.types.media import Media, MediaRef
    from polyreel.workspace import Simulation

__version__ = "0.1.0"

__all__ = [
    "AddressRefused",
    "Asset",
    "AsyncClient",
    "AuthenticationFailed",
    "Budget",
    "BudgetExceeded",
    "Cancellation",
    "Check",
    "Client",
    "ConfigurationError",
    "ContentRefused",
    "Cost",
    "DryRun",
    "Estimate",
    "FetchFailed",
    "InsufficientCredit",
    "InvalidRequest",
    "Job",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobNotFound",
    "JobTimeout",
    "JobUncertain",
    "Media",
    "MediaRef",
    "MissingExtra",
    "MissingKey",
    "ModelNotFound",
    "ModelRetired",
    "Notice",
    "Outcome",
    "PluginFailed",
    "PolyreelError",
    "Problem",
    "ProviderError",
    "ProviderUnavailable",
    "RateLimited",
    "RequestRejected",
    "ResourceNotFound",
    "Result",
    "Review",
    "Simulation",
    "Spending",
    "StorageFailed",
    "SystemClock",
    "TransportFailed",
    "UnexpectedAnswer",
    "Video",
    "VirtualClock",
    "WebhookOutcome",
    "__version__",
    "agenerate",
    "generate",
    "submit",
]

_HOMES: Final = {
    "polyreel.calls": ("agenerate", "generate", "submit"),
    "polyreel.async_client": ("AsyncClient",),
    "polyreel.batches": ("Outcome",),
    "polyreel.clerks": ("Review",),
    "polyreel.client": ("Client",),
    "polyreel.clock": ("SystemClock", "VirtualClock"),
    "polyreel.intake": ("WebhookOutcome",),
    "polyreel.results": ("Check", "DryRun", "Result", "Video"),
    "polyreel.spending": ("Spending",),
    "polyreel.types.asset": ("Asset",),
    "polyreel.types.budget": ("Budget",),
    "polyreel.types.cost": ("Cost", "Estimate"),
    "polyreel.types.job": ("Cancellation", "Job", "Notice"),
    "polyreel.types.media": ("Media", "MediaRef"),
    "polyreel.workspace": ("Simulation",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'polyreel' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF.get(name, "polyreel.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
