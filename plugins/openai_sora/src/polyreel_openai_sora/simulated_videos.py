"""The videos of the simulated ``/v1/videos``: models, prices, and a job's life read off the clock."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from polyreel.simulation.films import FilmSpec

__all__ = ["MARKERS", "MODELS", "SECONDS", "VIDEO_LIFETIME", "Model", "SimulatedVideo", "outcome_of"]

#: Lengths in the guide of August 2026; the enumeration in ``openapi.yaml`` (f85dbe2) lags behind: 4, 8, 12.
SECONDS: Final = ("4", "8", "12", "16", "20")

#: ``expires_at - completed_at``: the guide says "at most 1 hour after generation".
VIDEO_LIFETIME: Final = 3600

#: Words in a prompt that provoke an outcome, and that outcome. ``[moderation:create]`` is refused at once with
#: ``sentinel_block``; ``[moderation:job]`` and ``[fail]`` fail after a while; the film of ``[expire]`` expires
#: in the second in which it is completed.
MARKERS: Final = {
    "[moderation:create]": "sentinel_block",
    "[moderation:job]": "moderation_blocked",
    "[fail]": "server_error",
    "[expire]": "expired",
}

# "moderation_blocked" and its text: https://community.openai.com/t/sora-2-pro-moderation-block/1372868.
# Of a failure of the server no body is published: that code and text are ours.
_FAILURES: Final = {
    "moderation_blocked": "Your request was blocked by our moderation system.",
    "server_error": "The server had an error while processing your request.",
}
_QUEUED_SHARE = 0.1  # of the time that a film takes
_FAILING_SHARE = 0.6
_LAST_PROGRESS = 99  # 100 is said only by a completed job


@dataclass(frozen=True, kw_only=True)
class Model:
    """A family of model ids with the same limits.

    Attributes:
        sizes: The values of ``size``.
        prices: USD for a second of film by the shorter side, ascending.
    """

    sizes: tuple[str, ...]
    prices: tuple[tuple[int, Decimal], ...]

    def price(self, size: str, seconds: int) -> Decimal:
        """Return what that much film costs; an uploaded film of another size pays the next larger one's price."""
        shorter = min(int(side) for side in size.split("x"))
        rate = next((price for side, price in self.prices if shorter <= side), self.prices[-1][1])
        return rate * seconds


# Sizes: OpenAI's cookbook and guide as quoted on 2026-09-16 and in August 2026. Prices: the pricing page as
# quoted on 2026-09-16, and the price map of LiteLLM 1.109.1 for all but 1080p.
_SORA_2 = Model(sizes=("720x1280", "1280x720"), prices=((720, Decimal("0.10")),))
_SORA_2_PRO = Model(
    sizes=("720x1280", "1280x720", "1024x1792", "1792x1024", "1080x1920", "1920x1080"),
    prices=((720, Decimal("0.30")), (1024, Decimal("0.50")), (1080, Decimal("0.70"))),
)

#: Every id of ``openai`` 3.54.0's ``types/video_model.py`` (read 2026-11-23). All were shut down on 2026-09-24.
MODELS: Final = {
    "sora-2": _SORA_2,
    "sora-2-2025-10-06": _SORA_2,
    "sora-2-2025-12-08": _SORA_2,
    "sora-2-pro": _SORA_2_PRO,
    "sora-2-pro-2025-10-06": _SORA_2_PRO,
}


def outcome_of(prompt: str) -> str:
    """Return the outcome that the prompt asks for, ``"completed"`` when it asks for none."""
    return next((outcome for marker, outcome in MARKERS.items() if marker in prompt), "completed")


@dataclass(frozen=True, kw_only=True)
class SimulatedVideo:
    """What is remembered of a job; everything else follows from the clock.

    Attributes:
        id: ``video_`` and 48 hexadecimal digits.
        model: As it was asked for.
        prompt: The prompt.
        size: Pixels, ``1280x720``.
        seconds: The length of the film; of an extension the stitched total.
        created: When it was accepted, in seconds since 1970.
        render_seconds: How long it takes.
        outcome: How it ends; a value of :data:`MARKERS` or ``"completed"``.
        cost: USD.
        caption: What the film says about its origin.
        remixed_from: The id of the video that was remixed.
        extensions: How often the film was extended.
        still: The input image in base64, when it is small enough to be remembered.
        refunded: Whether the cost was given back.
    """

    id: str
    model: str
    prompt: str
    size: str
    seconds: int
    created: float
    render_seconds: float
    outcome: str
    cost: str
    caption: str = ""
    remixed_from: str | None = None
    extensions: int = 0
    still: str | None = None
    refunded: bool = False

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @property
    def still_bytes(self) -> bytes | None:
        """The input image."""
        return None if self.still is None else base64.b64decode(self.still)

    @property
    def failure(self) -> dict[str, str] | None:
        """The error with which it ends, if it does."""
        message = _FAILURES.get(self.outcome)
        return None if message is None else {"code": self.outcome, "message": message}

    @property
    def ends(self) -> float:
        """When it completes or fails."""
        return self.created + self.render_seconds * (_FAILING_SHARE if self.failure else 1.0)

    @property
    def completed_at(self) -> int:
        """The second in which it completes; only of a job that does."""
        return int(self.ends)

    @property
    def expires_at(self) -> int:
        """When its content is gone; observed as ``completed_at`` + 3600 (README of one-api, Laisky's fork)."""
        return self.completed_at + (0 if self.outcome == "expired" else VIDEO_LIFETIME)

    def status(self, now: float) -> str:
        """Return ``queued``, ``in_progress``, ``completed`` or ``failed``."""
        if now >= self.ends:
            return "failed" if self.failure else "completed"
        return "in_progress" if now >= self.created + self.render_seconds * _QUEUED_SHARE else "queued"

    def progress(self, now: float) -> int:
        """Return 0 while queued, up to 99 in progress, 100 when completed; a failure stays where it happened."""
        status = self.status(now)
        if status in {"queued", "completed"}:
            return 100 if status == "completed" else 0
        share = (min(now, self.ends) - self.created) / (self.render_seconds or 1.0)
        return max(0, int(_LAST_PROGRESS * (share - _QUEUED_SHARE) / (1 - _QUEUED_SHARE)))

    def expired(self, now: float) -> bool:
        """Tell whether its content is gone."""
        return self.status(now) == "completed" and now >= self.expires_at

    def answer(self, now: float) -> dict[str, Any]:
        """Return the Video object with all 13 members that ``openapi.yaml`` (f85dbe2, L71759) requires."""
        status = self.status(now)
        completed = status == "completed"
        return {
            "id": self.id,
            "object": "video",
            "model": self.model,
            "status": status,
            "progress": self.progress(now),
            "created_at": int(self.created),
            "completed_at": self.completed_at if completed else None,
            "expires_at": self.expires_at if completed else None,
            "prompt": self.prompt,
            "size": self.size,
            "seconds": str(self.seconds),
            "remixed_from_video_id": self.remixed_from,
            "error": self.failure if status == "failed" else None,
        }

    def film(self) -> FilmSpec:
        """Return what its film shows."""
        width, height = (int(side) for side in self.size.split("x"))
        return FilmSpec(
            model=f"openai/{self.model}",
            prompt=self.prompt,
            width=width,
            height=height,
            duration=float(self.seconds),
            fps=24,
            audio=True,  # always made, no switch: guide and model page
            caption=self.caption,
            still=self.still_bytes,
        )
