"""The jobs of the simulated asynchronous invocation: a life read off the clock, and what each leaves in its bucket."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from polyreel.simulation.films import FilmSpec

from polyreel_amazon_nova.simulated_models import MODELS

__all__ = ["FILM", "MANIFEST", "MARKERS", "STATUSES", "SimulatedJob", "iso"]

#: The three statuses of the service model.
STATUSES: Final = ("InProgress", "Completed", "Failed")

FILM: Final = "output.mp4"
MANIFEST: Final = "manifest.json"
_STATUS_FILE = "video-generation-status.json"
_SHORT_STATUS_FILE = "generation-status.json"

#: Words in a prompt that provoke something, and what they provoke.
MARKERS: Final = {
    "[moderation:create]": "the start is refused: the text is blocked by the content filters",
    "[moderation:image]": "the start is refused: the input image is blocked by the content filters",
    "[throttled]": "the start is refused: too many requests",
    "[moderation:job]": "the job fails: the film is blocked by the content filters",
    "[fail]": "the job fails: an internal error of the service",
    "[fail:rate-limit]": "the job fails: a limit inside the service was exceeded",
    "[fail:aborted]": "the job fails: it was aborted",
    "[shot:fails]": "the job fails: the last of its shots is blocked by the content filters",
    "[endless]": "the job stays in progress for ever",
    "[unknown-status]": "while it is being made, the job has a status that is in no document",
    "[no-film]": "the job completes, but there is no film",
    "[status:lies]": "the job completes with its film, but the status file says that it failed",
    "[status:elsewhere]": "the status file names places where nothing is",
    "[status:short-name]": "the status file is called generation-status.json",
    "[status:none]": "there is no status file",
}

# The first sentence is documented (Nova user guide, "video-gen-errors"), the kinds too ("video-gen-access"); the
# other sentences are ours.
_FILTERED = (
    "RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION",
    "The generated video has been blocked by our content filters.",
)
_FAILURES: Final = {
    "[moderation:job]": _FILTERED,
    "[shot:fails]": _FILTERED,
    "[fail]": ("INTERNAL_SERVER_EXCEPTION", "An internal error occurred while the video was generated."),
    "[fail:rate-limit]": (
        "RATE_LIMIT_EXCEEDED",
        "The rate limit was exceeded while the video was generated.",
    ),
    "[fail:aborted]": ("ABORTED", "The generation of the video was aborted."),
}
_FAILING_SHARE = 0.6  # of the time that a film takes


def iso(moment: float) -> str:
    """Return a moment as the service writes it: ``2026-11-23T10:00:00.123Z``, without the fraction if it is 0."""
    milliseconds = round(moment * 1000)
    text = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


@dataclass(frozen=True, kw_only=True)
class SimulatedJob:
    """What is remembered of a job; everything else follows from the clock.

    Attributes:
        arn: Its ARN.
        model: The model's id.
        region: Where it runs.
        bucket: Where it writes.
        folder: The key of its folder in the bucket, without a slash at the end.
        output: The caller's ``s3OutputDataConfig``.
        shots: For each shot its text and, when it is small enough to be remembered, its input image in base64.
        files_of_shots: Whether each shot is a file too.
        seconds: The length of the film.
        width: Pixels.
        height: Pixels.
        seed: The seed, if the model takes one.
        created: When it was accepted, in seconds since 1970.
        render_seconds: How long it takes.
        markers: Those of :data:`MARKERS` that its texts contain.
        cost: USD.
        token: The caller's ``clientRequestToken``.
        digest: Of the request, to tell whether another one with this token is the same.
        tags: The caller's tags.
        refunded: Whether the cost was given back.
    """

    arn: str
    model: str
    region: str
    bucket: str
    folder: str
    output: dict[str, str]
    shots: list[dict[str, str]]
    files_of_shots: bool
    seconds: int
    width: int
    height: int
    seed: int | None
    created: float
    render_seconds: float
    markers: list[str]
    cost: str
    token: str | None
    digest: str
    tags: list[dict[str, str]] = field(default_factory=list)
    refunded: bool = False

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @property
    def uri(self) -> str:
        """Its folder as the service names it."""
        return f"s3://{self.bucket}/{self.folder}"

    @property
    def failure(self) -> tuple[str, str] | None:
        """The kind and the sentence with which it ends, if it fails."""
        return next((_FAILURES[marker] for marker in _FAILURES if marker in self.markers), None)

    @property
    def ends(self) -> float:
        """When it completes or fails."""
        if "[endless]" in self.markers:
            return float("inf")
        return self.created + self.render_seconds * (_FAILING_SHARE if self.failure else 1.0)

    def status(self, now: float) -> str:
        """Return its status, normally one of :data:`STATUSES`."""
        if now >= self.ends:
            return "Failed" if self.failure else "Completed"
        return "Provisioning" if "[unknown-status]" in self.markers else "InProgress"

    def answer(self, now: float) -> dict[str, Any]:
        """Return the answer of GetAsyncInvoke, which is also the job's place in a list."""
        status, over = self.status(now), now >= self.ends
        answer: dict[str, Any] = {
            "invocationArn": self.arn,
            "modelArn": MODELS[self.model].arn(self.region),
            "status": status,
            "submitTime": iso(self.created),
            "lastModifiedTime": iso(self.ends if over else self.created),
            "outputDataConfig": {"s3OutputDataConfig": {**self.output, "s3Uri": self.uri}},
        }
        if self.token is not None:
            answer["clientRequestToken"] = self.token
        if over:
            answer["endTime"] = iso(self.ends)
        if over and self.failure:
            answer["failureMessage"] = self.failure[1]
        return answer

    def files(self, now: float) -> dict[str, float]:
        """Return the names of the files in its folder by now, and when each was written."""
        files = {MANIFEST: self.created}
        if now < self.ends:
            return files
        if self._status_name:
            files[self._status_name] = self.ends
        if self.failure is None and "[no-film]" not in self.markers:
            files[FILM] = self.ends
            if self.files_of_shots:
                files |= {shot_name(number): self.ends for number in range(1, len(self.shots) + 1)}
        return files

    @property
    def _status_name(self) -> str:
        if "[status:none]" in self.markers:
            return ""
        if "[status:short-name]" in self.markers:
            return _SHORT_STATUS_FILE
        if "[status:lies]" in self.markers or "[status:elsewhere]" in self.markers:
            return _STATUS_FILE
        return MODELS[self.model].status_file

    def document(self, name: str) -> bytes:
        """Return the content of one of its JSON files; that of the manifest is an assumption."""
        if name == MANIFEST:
            content: dict[str, Any] = {"schemaVersion": "1.0", "requestId": self.arn.rpartition("/")[2]}
        else:
            content = {"schemaVersion": "1.0", "shots": self._shot_reports(), "fullVideo": self._report()}
        return json.dumps(content, indent=2).encode()

    def _report(self) -> dict[str, str]:
        if "[status:lies]" in self.markers:
            return _failed(_FAILURES["[fail]"])
        if self.failure:
            return _failed(self.failure)
        return {"status": "SUCCESS", "location": self._location(FILM)}

    def _shot_reports(self) -> list[dict[str, str]]:
        """Return a report for each shot that is a file; places are named only when all of them are there."""
        if not self.files_of_shots:
            return []
        numbers = range(1, len(self.shots) + 1)
        whole = self._report()
        if whole["status"] == "SUCCESS":
            return [{"status": "SUCCESS", "location": self._location(shot_name(n))} for n in numbers]
        if "[shot:fails]" in self.markers:
            return [{"status": "SUCCESS"} for _ in numbers[:-1]] + [whole]
        return [whole for _ in numbers]

    def _location(self, name: str) -> str:
        away = "-elsewhere" if "[status:elsewhere]" in self.markers else ""
        return f"{self.uri}{away}/{name}"

    def film(self, name: str) -> FilmSpec:
        """Return what one of its films shows."""
        number = 0 if name == FILM else int(name.removeprefix("shot_").removesuffix(".mp4"))
        count = len(self.shots)
        shots = self.shots[number - 1 : number] if number else self.shots
        still = shots[0].get("still")
        return FilmSpec(
            model=f"amazon/{self.model}",
            prompt=" / ".join(dict.fromkeys(shot["text"] for shot in shots)),
            width=self.width,
            height=self.height,
            duration=self.seconds / count if number else float(self.seconds),
            fps=24,
            audio=False,
            caption=f"shot {number} of {count}" if number else "",
            still=None if still is None else base64.b64decode(still),
            seed=self.seed,
        )


def shot_name(number: int) -> str:
    """Return the name of a shot's file."""
    return f"shot_{number:04}.mp4"


def _failed(failure: tuple[str, str]) -> dict[str, str]:
    kind, sentence = failure
    # In the file the same sentence has another word: Nova user guide, "video-gen-access".
    return {
        "status": "FAILURE",
        "failureType": kind,
        "failureMessage": sentence.replace("generated video", "generated content"),
    }
