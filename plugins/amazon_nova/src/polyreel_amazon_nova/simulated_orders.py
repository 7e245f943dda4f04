"""StartAsyncInvoke: a request read, checked in the order of what can be known first, and turned into a job.

The order is an assumption: the members, the model, the token, ``modelInput``, the content filters, the jobs at once,
the output bucket.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from polyreel.simulation.simulator import Stage

from polyreel_amazon_nova.simulated_access import ACCOUNT
from polyreel_amazon_nova.simulated_buckets import Buckets
from polyreel_amazon_nova.simulated_errors import BedrockError, invalid, throttled
from polyreel_amazon_nova.simulated_jobs import MARKERS, SimulatedJob
from polyreel_amazon_nova.simulated_models import Model, model_of
from polyreel_amazon_nova.simulated_pictures import MAX_BYTES
from polyreel_amazon_nova.simulated_scripts import Script, script_of
from polyreel_amazon_nova.simulated_shapes import Complaints, Node
from polyreel_amazon_nova.simulated_store import JobStore

__all__ = ["Order", "Orders", "read_order"]

# Lengths and patterns: botocore 1.44.5, ``bedrock-runtime/2023-09-30``, as the service model writes them.
_MODEL_ID: Final = r"[a-zA-Z_\.\-/0-9:]+"
_S3_URI: Final = r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?"
_KMS_KEY: Final = (
    r"arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+))"
)
_OWNER: Final = r"[0-9]{12}"
_TOKEN: Final = r"[!-~]*"  # noqa: S105  a pattern
_TAG: Final = r"[a-zA-Z0-9\s._:/=+@-]*"
_OUTPUT: Final = "outputDataConfig.s3OutputDataConfig"
_MOST_TAGS = 200
_MAX_STILL: Final = 8 * 2**20  # bytes: a larger input image is checked, but not kept for the film
_BLOCKED: Final = (
    "This request has been blocked by our content filters. Please adjust your {} to submit a new request."
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """The members of a request, each within its limits.

    Attributes:
        model_id: As it was given.
        model_input: JSON of any kind.
        output: ``s3OutputDataConfig``.
        token: ``clientRequestToken``.
        tags: Pairs of ``key`` and ``value``.
        digest: The same for two requests with the same members.
    """

    model_id: str
    model_input: Any
    output: dict[str, str]
    token: str | None
    tags: list[dict[str, str]]
    digest: str


def read_order(body: Any) -> Order:
    """Read a body.

    Raises:
        BedrockError: A member is missing, of another type, or outside its limits.
    """
    complaints = Complaints()
    names = ("clientRequestToken", "modelId", "modelInput", "outputDataConfig", "tags")
    members = complaints.members("$", body, names)
    model_id = complaints.text("modelId", members.get("modelId"), lengths=(1, 256), pattern=_MODEL_ID)
    if "modelInput" not in members:
        complaints.missing("modelInput")
    output = _output(complaints, members.get("outputDataConfig"))
    token = members.get("clientRequestToken")
    if token is not None:
        complaints.text("clientRequestToken", token, lengths=(1, 256), pattern=_TOKEN)
    tags = _tags(complaints, members["tags"]) if "tags" in members else []
    complaints.settle()
    return Order(
        model_id=model_id,
        model_input=members["modelInput"],
        output=output,
        token=token,
        tags=tags,
        digest=hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest(),
    )


def _output(complaints: Complaints, value: Any) -> dict[str, str]:
    if value is None:
        complaints.missing("outputDataConfig")
        return {}
    union = complaints.members("outputDataConfig", value, ("s3OutputDataConfig",))
    if not union:
        complaints.missing(_OUTPUT)
        return {}
    output = complaints.members(_OUTPUT, union["s3OutputDataConfig"], ("s3Uri", "kmsKeyId", "bucketOwner"))
    complaints.text(f"{_OUTPUT}.s3Uri", output.get("s3Uri"), lengths=(1, 1024), pattern=_S3_URI)
    if "kmsKeyId" in output:
        complaints.text(f"{_OUTPUT}.kmsKeyId", output["kmsKeyId"], lengths=(1, 2048), pattern=_KMS_KEY)
    if "bucketOwner" in output:
        complaints.text(f"{_OUTPUT}.bucketOwner", output["bucketOwner"], lengths=(0, 12), pattern=_OWNER)
    return output


def _tags(complaints: Complaints, value: Any) -> list[dict[str, str]]:
    tags = complaints.count("tags", value, most=_MOST_TAGS)
    for number, tag in enumerate(tags, start=1):
        name = f"tags.{number}.member"
        members = complaints.members(name, tag, ("key", "value"))
        complaints.text(f"{name}.key", members.get("key"), lengths=(1, 128), pattern=_TAG)
        complaints.text(f"{name}.value", members.get("value"), lengths=(0, 256), pattern=_TAG)
    return tags


class Orders:
    """Turns orders into jobs.

    Args:
        stage: The clock and how long a film takes.
        jobs: Where they are kept.
        buckets: Where they write, and where images are read.
        as_of: The day on which models are asked for; ``None`` when each is as it was.
    """

    def __init__(self, stage: Stage, jobs: JobStore, buckets: Buckets, as_of: date | None) -> None:
        self._stage = stage
        self._jobs = jobs
        self._buckets = buckets
        self._as_of = as_of

    def start(self, order: Order, region: str | None) -> str:
        """Start a job, or find the one that the same request started before.

        Args:
            order: The request.
            region: Its region; ``None`` for the first where the model is offered.

        Returns:
            The ARN.

        Raises:
            BedrockError: The job is not started.
        """
        model = model_of(order.model_id, region, self._as_of)
        place = region or model.regions[0]
        known = None if order.token is None else self._jobs.with_token(order.token, place)
        if known is not None:
            if known.digest == order.digest:
                return known.arn
            message = "The clientRequestToken was used for another request."
            raise BedrockError("ConflictException", message, status=400)
        if isinstance(order.model_input, str):
            raise invalid("The provided request is not valid")  # boto3 issue 4382
        script = script_of(model.id, order.model_input, self._reader(place))
        markers = _markers(script)
        _check_filters(script, markers)
        limit = model.concurrent
        if "[throttled]" in markers or (limit is not None and self._jobs.running(model.id, place) >= limit):
            raise throttled()
        bucket, prefix = _bucket_and_prefix(order.output["s3Uri"])
        self._check_bucket(bucket, order.output.get("bucketOwner"), place)
        job = self._job(order, model, script, region=place, bucket=bucket, prefix=prefix)
        self._jobs.add(job)
        return job.arn

    def _job(  # noqa: PLR0913  what a job is made of
        self, order: Order, model: Model, script: Script, *, region: str, bucket: str, prefix: str
    ) -> SimulatedJob:
        name = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))
        shots = [{"text": shot.text, **_kept(shot.still)} for shot in script.shots]
        return SimulatedJob(
            arn=f"arn:aws:bedrock:{region}:{ACCOUNT}:async-invoke/{name}",
            model=model.id,
            region=region,
            bucket=bucket,
            folder=f"{prefix}/{name}" if prefix else name,
            output=order.output,
            shots=shots,
            files_of_shots=script.in_files,
            seconds=script.seconds,
            width=script.width,
            height=script.height,
            seed=script.seed,
            created=round(self._stage.clock.now(), 3),  # as exact as it is told, so that windows agree
            render_seconds=self._stage.render_seconds,
            markers=_markers(script),
            cost=str(model.prices[min(script.width, script.height)] * script.seconds),
            token=order.token,
            digest=order.digest,
            tags=order.tags,
        )

    def _check_bucket(self, name: str, owner: str | None, region: str) -> None:
        """Refuse a bucket that cannot be written; that this shows at the start, and how, is an assumption."""
        bucket = self._buckets.find(name)
        if bucket is None:
            raise invalid(f"Invalid output configuration: the S3 bucket {name} does not exist.")
        if bucket.foreign or owner not in {None, bucket.owner}:
            raise invalid(f"Invalid output configuration: access to the S3 bucket {name} is denied.")
        if bucket.region != region:
            raise invalid(
                f"Invalid output configuration: the S3 bucket {name} is in {bucket.region}, not in {region}."
            )

    def _reader(self, region: str) -> Callable[[Node, str | None], bytes]:
        """Return what reads input images: the caller's rights count, and the bucket must be in the model's region."""

        def read(node: Node, owner: str | None) -> bytes:
            uri = node.text(most=1024)
            found = re.fullmatch(r"s3://([a-z0-9][.\-a-z0-9]{1,61}[a-z0-9])/(.+)", uri)
            if found is None:
                raise node.refused(f"string [{uri}] does not match the pattern of an S3 object")
            bucket = self._buckets.find(found[1])
            if bucket is None:
                raise node.refused("the bucket does not exist")
            if bucket.foreign or not bucket.readable or owner not in {None, bucket.owner}:
                raise node.refused("access to the object is denied")
            if bucket.region != region:
                raise node.refused(f"the bucket is in {bucket.region}, not in {region}")
            stored = self._buckets.get(found[1], found[2])
            if stored is None:
                raise node.refused("the object does not exist")
            content = stored.read()
            if content is None:
                raise node.refused(f"the image has {stored.size} bytes and {MAX_BYTES} are allowed")
            return content

        return read


def _bucket_and_prefix(uri: str) -> tuple[str, str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix.rstrip("/")


def _markers(script: Script) -> list[str]:
    return [marker for marker in MARKERS if any(marker in shot.text for shot in script.shots)]


def _check_filters(script: Script, markers: list[str]) -> None:
    """Refuse what the content filters block; the sentences are those of the Nova user guide, "video-gen-errors"."""
    if "[moderation:create]" in markers:
        raise invalid(_BLOCKED.format("text prompt"))
    if "[moderation:image]" in markers and script.has_image:
        raise invalid(_BLOCKED.format("input image"))


def _kept(still: bytes | None) -> dict[str, str]:
    if still is None or len(still) > _MAX_STILL:
        return {}
    return {"still": base64.b64encode(still).decode("ascii")}
