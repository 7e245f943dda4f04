"""A request that passed every check, and the record that is made of it before anything is sent."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from polyreel.parameters.problems import shortened
from polyreel.redaction import Secret, without_query
from polyreel.types.job import Job, JobEvent, Notice, Phase
from polyreel.types.location import Location
from polyreel.types.media import Media, MediaRef

if TYPE_CHECKING:
    from polyreel.documents.document import ModelDocument
    from polyreel.parameters.preparation import Prepared
    from polyreel.plugins import Provider
    from polyreel.types.cost import Estimate
    from polyreel.types.options import Options
    from polyreel.types.task import Task

__all__ = ["Ready", "digest", "new_job_id", "recorded"]

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A request that passed every check.

    Attributes:
        provider: The provider's hooks.
        task: What they receive.
        document: The model's document.
        prepared: The verdict on the parameters.
        estimate: What it should cost.
        notices: What is not done quite as asked.
        simulated: Whether a simulator answers.
        output: Where the film goes; ``None`` for the data folder.
        project: The label that the job is kept under.
        own_key: The key for this request only, if it has one.
        request_sha256: The digest of what was asked for; a file that is sent ahead counts by its content.
    """

    provider: Provider
    task: Task
    document: ModelDocument
    prepared: Prepared
    estimate: Estimate
    notices: tuple[Notice, ...]
    simulated: bool
    output: Path | Location | None
    project: str | None = None
    own_key: Secret | None = None
    request_sha256: str = ""

    def job(self, options: Options, now: float) -> Job:
        """Return the record of the intent, as it is made durable before anything is sent."""
        parameters = {name: recorded(value) for name, value in self.task.parameters.items()}
        settings = self.task.settings
        return Job(
            id=self.task.id,
            provider=self.provider.id,
            model=self.task.model,
            phase=Phase.CREATED,
            prompt=str(self.task.parameters["prompt"]),
            requested={name: recorded(value) for name, value in self.prepared.requested.items()},
            parameters=parameters,
            settings=settings.frozen,
            sources=settings.sources,
            simulated=self.simulated,
            own_key=self.own_key is not None and not self.simulated,
            key_sha256=None if self.simulated else settings.key_sha256,
            idempotency_key=options.idempotency_key,
            request_sha256=self.request_sha256,
            attempts=1,
            on_unknown=options.on_unknown,
            patient=options.patient,
            message="created",
            created_at=now,
            updated_at=now,
            next_at=now,
            output=_address(self.output),
            overwrite=options.overwrite,
            project=self.project,
            estimate=self.estimate,
            warnings=self.notices,
            history=(JobEvent(at=now, phase=Phase.CREATED),),
        )


def _address(output: Path | Location | None) -> str | None:
    return str(output.absolute()) if isinstance(output, Path) else None if output is None else str(output)


def digest(model: str, parameters: Mapping[str, Any], native: Mapping[str, Any], *, simulated: bool) -> str:
    """Return what tells two requests apart, whoever sends them and when.

    Args:
        model: ``provider/model``.
        parameters: With defaults; media as they were read.
        native: Fields of the vendor's body.
        simulated: Whether a simulator answers: a rehearsal is another request than the real one.
    """
    said = json.dumps([model, recorded(parameters), native, simulated], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def new_job_id() -> str:
    """Return a fresh job id; ids sort by the time at which they were made."""
    return f"job_{time.time_ns() // 1_000_000:011x}{secrets.token_hex(6)}"


def recorded(value: Any) -> Any:
    """Return ``value`` as it is kept in a job's record: media by description, never by content."""
    if type(value) in _PLAIN:
        return _recorded_text(value) if isinstance(value, str) else value
    if isinstance(value, Media):
        return {
            "media_type": value.media_type,
            "name": value.name,
            "bytes": len(value.content),
            "sha256": value.sha256,
        }
    if isinstance(value, MediaRef):
        return {"id": value.id} if value.id else {"url": value.url}
    if isinstance(value, Mapping):
        return {str(key): recorded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [recorded(entry) for entry in value]
    return shortened(value, 40)


def _recorded_text(text: str) -> Any:
    if text.startswith(("http://", "https://")):
        return without_query(text)  # a signed address is a key
    return shortened(text, 40) if text.startswith("data:") else text
