"""What the simulated ``/v1/videos`` remembers: JSON only, in the stage's ``state``; never a key."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from polyreel.simulation.charges import Charge
from polyreel.simulation.simulator import Stage

from polyreel_openai_sora import simulated_errors as errors
from polyreel_openai_sora.simulated_videos import SimulatedVideo, outcome_of

__all__ = ["VideoStore"]

_MAX_STILL: Final = 8 * 2**20  # bytes: a larger input image is checked, but not kept for the film


class VideoStore:
    """The jobs and characters of one account.

    Args:
        stage: Its state is written, its clock read, its ledger charged.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def _videos(self) -> dict[str, Any]:
        videos: dict[str, Any] = self._stage.state.setdefault("videos", {})
        return videos

    @property
    def _characters(self) -> dict[str, Any]:
        characters: dict[str, Any] = self._stage.state.setdefault("characters", {})
        return characters

    def add(self, *, cost: Decimal, still: bytes | None = None, **facts: Any) -> SimulatedVideo:
        """Accept a job and charge for it.

        That the whole price is due at once, and given back when the job fails, is an assumption: the service
        published prices per second of film, but not when they are booked.

        Args:
            cost: USD.
            still: The input image.
            **facts: Further members of :class:`SimulatedVideo`.

        Raises:
            ApiError: The prompt asks to be refused at once.
        """
        outcome = outcome_of(facts["prompt"])
        if outcome == "sentinel_block":
            raise errors.sentinel_block()
        if still is not None and len(still) <= _MAX_STILL:
            facts["still"] = base64.b64encode(still).decode("ascii")
        video = SimulatedVideo(
            id=f"video_{secrets.token_hex(24)}",
            created=self._stage.clock.now(),
            render_seconds=self._stage.render_seconds,
            outcome=outcome,
            cost=str(cost),
            **facts,
        )
        self._videos[video.id] = video.dump()
        self._charge(video, cost, video.created, f"{video.model} {video.size} {video.caption or 'create'}")
        return video

    def find(self, video_id: str) -> SimulatedVideo:
        """Return a video.

        Raises:
            ApiError: There is none with this id.
        """
        if video_id not in self._videos:
            raise errors.video_not_found(video_id)
        return SimulatedVideo(**self._videos[video_id])

    def delete(self, video_id: str) -> None:
        """Forget a video; one that is still being made is not paid back.

        Raises:
            ApiError: There is none with this id.
        """
        if self._videos.pop(video_id, None) is None:
            raise errors.video_not_found(video_id)

    def all(self, *, newest_first: bool) -> list[SimulatedVideo]:
        """Return the videos in the order in which they were accepted, or the other way round."""
        videos = [SimulatedVideo(**record) for record in self._videos.values()]
        return videos[::-1] if newest_first else videos

    def settle(self) -> None:
        """Give back what was charged for jobs that have failed by now."""
        now = self._stage.clock.now()
        for video in self.all(newest_first=False):
            if not video.refunded and video.status(now) == "failed":
                self._videos[video.id] = replace(video, refunded=True).dump()
                self._charge(video, -Decimal(video.cost), video.ends, f"refund: {video.outcome}")

    def add_character(self, name: str) -> dict[str, Any]:
        """Remember a character and return it."""
        character: dict[str, Any] = {
            "id": f"char_{secrets.token_hex(16)}",
            "name": name,
            "created_at": int(self._stage.clock.now()),
        }
        self._characters[character["id"]] = character
        return character

    def character(self, character_id: str) -> dict[str, Any] | None:
        """Return a character, ``None`` when there is none with this id."""
        character: dict[str, Any] | None = self._characters.get(character_id)
        return character

    def _charge(self, video: SimulatedVideo, amount: Decimal, at: float, reason: str) -> None:
        self._stage.charges.add(Charge(at=at, job=video.id, amount=amount, reason=reason))
