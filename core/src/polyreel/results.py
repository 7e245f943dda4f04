"""What a caller holds in the end: films as files, the job, the cost, and what was not done quite as asked."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from polyreel.errors import FetchFailed, Problem, StorageFailed
from polyreel.markup import attribute, card, lines, table, text
from polyreel.parameters.problems import shortened
from polyreel.storage.files import NewFile
from polyreel.storage.places import reading
from polyreel.types.asset import Asset
from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Job, Notice
from polyreel.types.location import Location, place_of

__all__ = ["Check", "DryRun", "Result", "Video", "record_schemas"]

EMBEDDED_BYTES: Final = 8 * 1024 * 1024  # a larger film would make a notebook too heavy to open


@dataclass(frozen=True, kw_only=True, slots=True)
class Video:
    """One film on this machine.

    Attributes:
        asset: Its facts.
    """

    asset: Asset

    @property
    def path(self) -> Path:
        """The file.

        Raises:
            FetchFailed: It is in an object store (:meth:`save` brings it here), or it stays where it is, and the message
                says where and why.
        """
        if self.asset.stored is not None:
            raise FetchFailed(
                f"the film is at {self.asset.stored}, not on this machine; save() and bytes() read it",
                asset=self.asset,
            )
        if self.asset.path is None:
            raise FetchFailed(
                f"the film is at {self.asset.url} and was not fetched: {self.asset.stays}", asset=self.asset
            )
        return self.asset.path

    @property
    def url(self) -> str:
        """The file's address, ``file:///…`` or ``s3://…``; of a film that was not fetched, where it is."""
        if self.asset.stored is not None:
            return self.asset.stored
        return str(self.asset.url) if self.asset.path is None else self.path.resolve().as_uri()

    @property
    def duration(self) -> float | None:
        """Seconds, as measured in the file."""
        return self.asset.duration

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, as measured in the file."""
        if self.asset.width is None or self.asset.height is None:
            return None
        return self.asset.width, self.asset.height

    def bytes(self) -> bytes:
        """Return the file's bytes; a film in an object store is read from there, in the calling thread."""
        return b"".join(reading(self._place))

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Copy the film to ``path``; it appears there whole or not at all.

        Args:
            path: Where to.
            overwrite: Whether an existing file may be replaced.

        Raises:
            StorageFailed: The name is taken, or the disk refused.
        """
        place, target = self._place, Path(path).expanduser()
        if target.exists() and not overwrite:
            raise StorageFailed(f"{target} exists already; pass overwrite=True or another name")
        new = NewFile(target)
        try:
            file = new.open()
            for block in reading(place, purpose=f"copied to {target}"):
                file.write(block)
            return new.publish(overwrite=overwrite)
        except OSError as error:
            raise StorageFailed(f"{place} cannot be copied to {target}: {error.strerror}") from None
        finally:
            new.discard()

    @property
    def _place(self) -> Path | Location:
        return self.path if self.asset.stored is None else place_of(self.asset.stored)

    def _repr_html_(self) -> str:
        """Show the film in a notebook; of one that was not fetched, where it is."""
        if self.asset.path is None:
            title = "a film in an object store" if self.asset.stored else "a film that was not fetched"
            return card(title, self.asset.stays or "", [lines("It is at", [self.url])])
        return f"{_player(self)}<div>{text(self.path)}</div>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A finished job with its films.

    Attributes:
        job: The job's record.
        videos: Its films, as many as ``n``.
    """

    job: Job
    videos: Sequence[Video]

    @property
    def cost(self) -> Cost | None:
        """What it did cost."""
        return self.job.cost

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What was not done quite as asked."""
        return self.job.warnings

    @property
    def simulated(self) -> bool:
        """Whether a simulator made it instead of the model."""
        return self.job.simulated

    @property
    def path(self) -> Path:
        """The first film's file."""
        return self.videos[0].path

    @property
    def url(self) -> str:
        """The first film's address."""
        return self.videos[0].url

    @property
    def duration(self) -> float | None:
        """The first film's length in seconds, as measured."""
        return self.videos[0].duration

    @property
    def size(self) -> tuple[int, int] | None:
        """The first film's width and height, as measured."""
        return self.videos[0].size

    def bytes(self) -> bytes:
        """Return the first film's bytes."""
        return self.videos[0].bytes()

    def save(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Copy the first film to ``path``; see :meth:`Video.save`."""
        return self.videos[0].save(path, overwrite=overwrite)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Show the first film in a notebook, with the prompt."""
        film = self.videos[0]
        if film.asset.path is None:
            why = f" (not fetched: {film.asset.stays})" if film.asset.stored is None else ""
            return {"text/plain": f"{self.job.model}: {film.url}{why}"}
        caption = "simulated, not made by " if self.simulated else ""
        words = text(f"{caption}{self.job.model}: {self.job.prompt[:200]} ({film.path})")
        return {"text/plain": repr(self), "text/html": f"{_player(film)}<div>{words}</div>"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The verdict on a request that was not sent.

    Attributes:
        model: ``provider/model``, as resolved.
        problems: What is wrong; empty when it may be sent.
        warnings: What would not be done quite as asked.
        parameters: What would be sent, with derived values and defaults.
        estimate: What it should cost; ``None`` when there are problems.
    """

    model: str
    problems: tuple[Problem, ...]
    warnings: tuple[Notice, ...]
    parameters: dict[str, Any]
    estimate: Estimate | None

    @property
    def ok(self) -> bool:
        """Whether it may be sent."""
        return not self.problems

    def _repr_html_(self) -> str:
        """Show the verdict in a notebook."""
        return card(
            f"{'valid' if self.ok else 'not valid'} for {self.model}",
            _price(self.estimate),
            [
                lines("Problems", self.problems),
                lines("Warnings", self.warnings),
                table(("parameter", "value"), [(name, shortened(v)) for name, v in self.parameters.items()]),
            ],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DryRun:
    """The exact requests of a submit, not sent; credentials are left out.

    Attributes:
        model: ``provider/model``, as resolved.
        requests: In order: uploads, then the one that costs money.
        estimate: What it should cost.
        warnings: What would not be done quite as asked.
    """

    model: str
    requests: tuple[Any, ...]
    estimate: Estimate
    warnings: tuple[Notice, ...]

    @property
    def max_cost(self) -> Decimal | None:
        """What it should cost, or ``None`` when unknown."""
        return self.estimate.amount


def _player(film: Video) -> str:
    """Return a player for a notebook: the film itself while small, else its file's address."""
    small = (film.asset.size_bytes or 0) <= EMBEDDED_BYTES
    content = base64.b64encode(film.bytes()).decode() if small else ""
    source = f"data:{film.asset.media_type};base64,{content}" if small else film.url
    return f'<video controls playsinline style="max-width:100%" src="{attribute(source)}"></video>'


def _price(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    amount = "price not known" if estimate.amount is None else f"{estimate.amount} {estimate.currency}"
    return f"{amount} ({estimate.rule})"


def record_schemas() -> dict[str, Mapping[str, Any]]:
    """Return the JSON Schema of each record that others read: a job, and a result."""
    return {"job": Job.model_json_schema(), "result": TypeAdapter(Result).json_schema()}
