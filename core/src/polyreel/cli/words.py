"""Records as words for people and as JSON: sizes, prices, dates, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from polyreel.types.asset import Asset
    from polyreel.types.cost import Cost, Estimate
    from polyreel.types.job import Cancellation, Job

__all__ = [
    "amount",
    "cancellation",
    "cost",
    "described",
    "film",
    "job_json",
    "moment",
    "phase",
    "shortened",
    "size",
    "unit",
    "value",
    "videos_json",
]

_KILO: Final = 1000
_PHASES: Final = {
    "created": "preparing",
    "submitting": "submitting",
    "accepted": "queued",
    "running": "processing",
    "rendered": "fetching",
    "stored": "completed",
}
_OWN_MESSAGES: Final = frozenset(
    {"", "created", "accepted", "submitting", "queued", "running", "rendered", "completed"}
)


def size(count: float) -> str:
    """Return a number of bytes: ``"282 kB"``."""
    for name in ("bytes", "kB", "MB"):
        if count < _KILO:
            return f"{count:.0f} {name}" if name != "MB" else f"{count:.1f} {name}"
        count /= _KILO
    return f"{count:.1f} GB"


def moment(seconds: float | None) -> str:
    """Return a time in this machine's time zone, to the second; ``-`` for none."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def shortened(text: str, limit: int = 50) -> str:
    """Return one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def phase(job: Job) -> str:
    """Return where a job is, with its percent and what the provider says beyond that."""
    words = _PHASES.get(job.phase, str(job.phase))
    if job.percent is not None and job.phase == "running":
        words += f" {job.percent:.0f} %"
    return words if job.message.lower() in _OWN_MESSAGES else f"{words} ({shortened(job.message, 200)})"


def amount(estimate: Estimate | None) -> str:
    """Return an estimate: ``"0.40 USD (4 s x 0.10 USD per second, price of 2026-09-16)"``."""
    if estimate is None:
        return "unknown"
    if estimate.amount is None:
        return f"unknown ({estimate.rule})"
    read = f", price of {estimate.as_of}" if estimate.as_of else ""
    return f"{estimate.amount} {estimate.currency} ({estimate.rule}{read})"


def cost(found: Cost | None) -> str:
    """Return what a job did cost."""
    if found is None:
        return "cost unknown"
    if found.basis == "simulated":
        return "nothing was paid"
    if found.billed is False:
        return "not billed"
    sure = "" if found.billed else ", if it was billed"
    if found.amount is None:
        return f"cost unknown{sure}"
    source = "as the provider says" if found.basis == "vendor" else "by the price list"
    return f"{found.amount} {found.currency} {source}{sure}"


def cancellation(found: Cancellation, *, done: str = "cancelled") -> str:
    """Return what became of the wish to stop a job: ``"cancelled; it is not billed. stopped"``.

    Args:
        found: What became of it.
        done: The word for success.
    """
    word = done if found.outcome == "cancelled" else found.outcome.replace("_", " ")
    billed = {True: "; it is billed", False: "; it is not billed", None: ""}[found.billed]
    return f"{word}{billed}. {found.message}".rstrip()


def film(asset: Asset) -> str:
    """Return what is known of a file: ``"1280x720, 4 s, with sound, 282 kB"``."""
    facts = [
        f"{asset.width}x{asset.height}" if asset.width and asset.height else "",
        f"{asset.duration:g} s" if asset.duration else "",
        {True: "with sound", False: "without sound", None: ""}[asset.has_audio],
        size(asset.size_bytes) if asset.size_bytes else "",
    ]
    return ", ".join(fact for fact in facts if fact)


def unit(schema: Mapping[str, Any]) -> str:
    """Return a parameter's unit as people write it; empty for none."""
    name = str(schema.get("x-unit", "")).strip("[]").replace("{", "").replace("}", "")
    return "" if name == "1" else name


def value(given: Any) -> str:
    """Return a value as it is typed; of a file, what is known of it."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, Mapping) and "sha256" in given:
        return f"{given['name']} ({given['media_type']}, {given['bytes']:,} bytes)"
    return str(given)


def described(schema: Mapping[str, Any]) -> str:
    """Return the values that a parameter allows, in a few words."""
    if "const" in schema:
        return f"always {value(schema['const'])}"
    if "enum" in schema:
        return ", ".join(map(value, schema["enum"]))
    if "x-media" in schema:
        return ", ".join(schema["x-media"]["accept"]) + (
            " or a job" if schema["x-media"].get("reference") else ""
        )
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None or high is not None:
        return f"at least {low}" if low is not None else f"at most {high}"
    kinds = schema.get("type", "any value")
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def job_json(job: Job) -> dict[str, Any]:
    """Return a job's record for a JSON document, with its public status."""
    return {"id": job.id, "status": job.status, **job.model_dump(mode="json", exclude={"id"})}


def videos_json(job: Job) -> list[dict[str, Any]]:
    """Return a job's films for a JSON document."""
    return [
        {
            "path": None if film.path is None else str(film.path),
            "stored": film.stored,
            "size": f"{film.width}x{film.height}" if film.width and film.height else None,
            "duration": film.duration,
            "audio": film.has_audio,
            "bytes": film.size_bytes,
        }
        for film in job.videos
    ]
