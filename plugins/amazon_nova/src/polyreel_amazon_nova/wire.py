"""The request that asks for a film, and what Bedrock says about a job.

Operations and members: fact sheet on Bedrock's asynchronous invocations, sections 1 and 7c (2026-11-23), from the service
model of botocore 1.44.5 and recordings of boto3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from polyreel.http import Response
from polyreel.parameters.native import merged, native_body
from polyreel.redaction import clean
from polyreel.types.job import Failure, Progress, Receipt, RemoteJob
from polyreel.types.task import Task

from polyreel_amazon_nova import luma, nova
from polyreel_amazon_nova.failures import (
    is_refused_content,
    poll_error,
    submit_error,
    unexpected,
)
from polyreel_amazon_nova.places import Place, output_uri, place_of, place_told, region_in, region_of

__all__ = [
    "body",
    "folders",
    "is_nova",
    "progress",
    "receipt",
    "receipt_of",
    "region_of_receipt",
    "remote_job",
]

_STATES: Final[Mapping[str, Literal["running", "succeeded", "failed"]]] = {
    "InProgress": "running",
    "Completed": "succeeded",
    "Failed": "failed",
}


def is_nova(task: Task) -> bool:
    """Whether a task is for one of Amazon's own models; the others are Luma's."""
    return "nova-reel" in task.native_model


def body(task: Task) -> dict[str, Any]:
    """Return the body of StartAsyncInvoke.

    Args:
        task: The request, which says where the film goes.
    """
    output = output_uri(task)
    assert output is not None, "validate_parameters has seen to it"
    placed = native_body(task.document, task.parameters, without=("amazon_output", *_MEDIA))
    config = placed.get("outputDataConfig", {}).get("s3OutputDataConfig", {})
    tags = [{"key": key, "value": value} for key, value in task.parameters.get("amazon_tags", {}).items()]
    request = {
        "modelId": task.native_model,
        "clientRequestToken": task.id,
        "modelInput": nova.model_input(task) if is_nova(task) else luma.model_input(task),
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": output, **config}},
        **({"tags": tags} if tags else {}),
    }
    return merged(request, task.native)


_MEDIA: Final = ("input_image", "last_frame", "amazon_shots")


def receipt(response: Response, task: Task) -> Receipt:
    """Return the receipt of an accepted start.

    Raises:
        ProviderError: Bedrock refused, or answered outside the protocol.
    """
    if response.status >= 400:  # noqa: PLR2004  the classes of errors
        raise submit_error(response, model=task.native_model)
    arn = (response.json_object() or {}).get("invocationArn")
    if not response.ok or not isinstance(arn, str) or region_in(arn) is None:
        # It may well have been accepted, and be billed; the list of jobs knows it by its token.
        raise unexpected(response, "a job with an invocationArn")
    return receipt_of(arn, task)


def receipt_of(arn: str, task: Task) -> Receipt:
    """Return the receipt of a job: its ARN, where to ask for it, and where its folder should be.

    Args:
        arn: The job.
        task: The request.
    """
    output = place_of(output_uri(task) or "")
    folder = output.below(arn.rpartition("/")[2]).uri if output else ""
    return Receipt(id=arn, data={"region": region_in(arn) or region_of(task), "folder": folder})


def region_of_receipt(receipt: Receipt, task: Task) -> str:
    """Return the region in which a job is: that of its ARN."""
    return region_in(receipt.id) or str(receipt.data.get("region") or region_of(task))


def progress(response: Response) -> Progress:
    """Read one look at a job.

    Raises:
        ProviderError: The answer is no job.
    """
    if not response.ok:
        raise poll_error(response)
    job = response.json_object()
    word = job.get("status") if job else None
    if job is None or not isinstance(word, str):
        raise unexpected(response, "a job with a status")
    state = _STATES.get(word, "running")
    return Progress(
        state=state,
        message="" if word in _STATES else f"Bedrock says {clean(word)[:80]!r}",
        payload=job if state == "succeeded" else None,
        failure=_failure(job) if state == "failed" else None,
    )


def folders(job: Mapping[str, Any], receipt: Receipt) -> tuple[Place, ...]:
    """Return where the files of a job can be: in the folder that Bedrock names, else where it should be by our reckoning.

    Args:
        job: The job as Bedrock has it.
        receipt: The job's receipt.
    """
    config = job.get("outputDataConfig")
    inner = config.get("s3OutputDataConfig") if isinstance(config, Mapping) else None
    said = inner.get("s3Uri") if isinstance(inner, Mapping) else None
    uris = [said if isinstance(said, str) else "", str(receipt.data.get("folder") or "")]
    return tuple(dict.fromkeys(place for uri in uris if (place := place_told(uri)) is not None))


def remote_job(row: Mapping[str, Any]) -> RemoteJob:
    """Return a row of ListAsyncInvokes as polyreel shows it."""
    arn = str(row["invocationArn"])
    region = region_in(arn)
    return RemoteJob(
        receipt=Receipt(id=arn, data={} if region is None else {"region": region}),
        state=str(row.get("status") or "unknown"),
        model=str(row.get("modelArn") or "").rpartition("/")[2],
        created_at=_moment(row.get("submitTime")),
    )


def _failure(job: Mapping[str, Any]) -> Failure:
    said = job.get("failureMessage")
    message = clean(said) if isinstance(said, str) else ""
    if is_refused_content(message):
        # Nobody says whether what was filtered after it was generated is free.
        return Failure(kind="filtered", message=message, billed=None)
    return Failure(message=message or "Bedrock says that the job failed, and gives no reason", billed=None)


def _moment(value: Any) -> float | None:
    """ISO 8601 with an offset, or seconds since 1970: the SDK reads both."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        pass
    else:
        return seconds if math.isfinite(seconds) else None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
