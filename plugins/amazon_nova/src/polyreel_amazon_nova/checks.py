"""What is wrong with a request beyond what its document can say, and what a look at the bucket adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.errors import MissingExtra, MissingKey, Problem
from polyreel.flows import Flow
from polyreel.http import Response
from polyreel.types.media import MediaRef
from polyreel.types.task import Task

from polyreel_amazon_nova.accounts import sends_in_clear, session_token
from polyreel_amazon_nova.failures import BAD_CREDENTIALS, answer_error, error_text
from polyreel_amazon_nova.nova import SECONDS_PER_SHOT, image_format, shots_of
from polyreel_amazon_nova.places import Place, bedrock_url, output_uri, outputs, place_of, region_of, s3_url
from polyreel_amazon_nova.storage import FORBIDDEN, MISSING, Storage, region_told

__all__ = ["bucket_problems", "problems"]

MAX_S3_IMAGE: Final = 25_000_000  # bytes; Amazon's guide says 25 MB of an image in S3


def problems(task: Task) -> Iterator[Problem]:
    """Yield everything that is wrong with a task, in the order in which it should be read."""
    yield from _length(task)
    yield from _images(task)
    yield from _output(task)
    yield from _wire(task)


def _length(task: Task) -> Iterator[Problem]:
    # The default of the duration is filled in before: only what was asked for can contradict the shots.
    if not task.parameters.get("amazon_shots") or "duration" not in task.requested:
        return
    wanted, given = shots_of(task) * SECONDS_PER_SHOT, task.parameters["duration"]
    if given != wanted:
        yield Problem(
            parameter="duration",
            message=f"{shots_of(task)} shots of {SECONDS_PER_SHOT} s are {wanted} s, not {given}; leave duration out, or "
            "change the number of shots",
            value=given,
            allowed=(wanted,),
            suggestion=wanted,
        )


def _images(task: Task) -> Iterator[Problem]:
    for name in ("input_image", "last_frame"):
        if isinstance(task.parameters.get(name), MediaRef):
            yield Problem(parameter=name, message="the service takes no address here; give the file")
    for index, shot in enumerate(task.parameters.get("amazon_shots") or ()):
        image, owner = shot.get("image"), shot.get("image_owner")
        if isinstance(image, MediaRef):
            yield from _address(image, f"amazon_shots.{index}.image")
        elif owner is not None:
            yield Problem(
                parameter=f"amazon_shots.{index}.image_owner",
                message="belongs to an image that is named by its s3:// address; leave it out",
                value=owner,
            )


def _address(image: MediaRef, parameter: str) -> Iterator[Problem]:
    place = place_of(image.url or "")
    if place is None or not place.key:
        yield Problem(
            parameter=parameter,
            message=f"{image.url or image.id!r} is no address of an object, such as 's3://my-bucket/first.png'",
        )
    elif image_format(image) is None:
        yield Problem(
            parameter=parameter,
            message=f"{image.url} does not end with .png, .jpg or .jpeg, and the service must be told which it is; "
            "rename the object",
        )


def _output(task: Task) -> Iterator[Problem]:
    region = region_of(task)
    try:
        uri = output_uri(task)
        others = sorted(filter(None, outputs(task.settings.get("output"))))
    except ValueError as error:
        source = task.settings.sources.get("output", "the settings")
        yield Problem(
            parameter="amazon_output", message=f"the setting output (from {source}) is wrong: {error}"
        )
        return
    if uri is None:
        known = f", only for {', '.join(others)}" if others else ""
        yield Problem(
            parameter="amazon_output",
            message=f"Bedrock writes films into a bucket of yours, and none is set for {region}{known}; set "
            "POLYREEL_AMAZON_OUTPUT=s3://my-bucket/films (a bucket in that region), or give amazon_output",
        )
    elif place_of(uri) is None:
        yield Problem(
            parameter="amazon_output",
            message=f"{uri!r} has a step '.' or '..', or another form than 's3://my-bucket/films'",
            value=uri,
        )


def _wire(task: Task) -> Iterator[Problem]:
    if "clientRequestToken" in task.native:
        yield Problem(
            parameter="clientRequestToken",
            message="is the job's id, so that a film is never paid twice; leave it out of the native fields",
        )
    settings, region = task.settings, region_of(task)
    key, token = settings.secret("api_key"), session_token(settings)
    secrets = {
        "base_url": (
            bedrock_url(settings, region),
            "a Bedrock API key" if key else "a session token" if token else "",
        ),
        "s3_base_url": (s3_url(settings, region, Place(bucket="")), "a session token" if token else ""),
    }
    for name, (url, what) in secrets.items():
        if what and sends_in_clear(url):
            message = f"{what} is not sent over plain http: {url.rstrip('/')}; use https"
            yield Problem(parameter=name, message=message)


def bucket_problems(task: Task) -> Flow[list[Problem]]:
    """Look whether the bucket of the output is there, and the images that are named by their address.

    With a Bedrock API key alone, or beside credentials for S3 that cannot be loaded, nothing of this can be known, and
    nothing is said.

    Raises:
        ProviderError: S3 cannot serve now, or refuses the credentials.
    """
    storage = Storage(http=task.http, settings=task.settings, region=region_of(task))
    try:
        found = yield from _bucket(task, storage)
        for index, shot in enumerate(task.parameters.get("amazon_shots") or ()):
            image = shot.get("image")
            place = place_of(image.url or "") if isinstance(image, MediaRef) else None
            if place is not None:
                found += yield from _object(
                    storage, place, f"amazon_shots.{index}.image", owner=shot.get("image_owner")
                )
    except (MissingKey, MissingExtra):
        if not task.settings.secret("api_key"):
            raise
        return []
    return found


def _bucket(task: Task, storage: Storage) -> Flow[list[Problem]]:
    place = place_of(output_uri(task) or "")
    assert place is not None, "validate_parameters has seen to it"
    owner = task.parameters.get("amazon_bucket_owner")
    response = yield from storage.entered(place.bucket, owner=owner)
    message = _bucket_message(place.bucket, storage.region, response, owner)
    if message is None and not response.ok:
        raise answer_error(response, billed=False)
    return [] if not message else [Problem(parameter="amazon_output", message=message, value=place.uri)]


def _bucket_message(bucket: str, region: str, response: Response, owner: str | None) -> str | None:
    """Return what an answer says against a bucket: empty for nothing, ``None`` when it says something else."""
    if error_text(response).code in BAD_CREDENTIALS:
        return None
    there = region_told(response) or region
    if there != region:
        return (
            f"the bucket {bucket!r} is in {there}, and the model in {region}, where its output must be; take a bucket "
            f"there, for example with output='{region}=s3://other-bucket/films {there}=s3://{bucket}/films' "
            "(bucket_check=off skips this look)"
        )
    if response.status == MISSING:
        return f"there is no bucket {bucket!r}; make it in {region}, or correct the name"
    if response.status == FORBIDDEN:
        whose = f"the account {owner}" if owner else "another account (then give amazon_bucket_owner)"
        return (
            f"the bucket {bucket!r} may not be looked at: it belongs to {whose}, or the credentials lack s3:ListBucket; "
            "film and files need s3:PutObject and s3:GetObject too (bucket_check=off skips this look)"
        )
    return "" if response.ok else None


def _object(storage: Storage, place: Place, parameter: str, *, owner: str | None) -> Flow[list[Problem]]:
    _, response = yield from storage.following(lambda there: there.head(place, owner=owner))
    if response.status in {FORBIDDEN, MISSING}:
        reason = (
            "is not there"
            if response.status == MISSING
            else "is not there, or may not be read (s3:GetObject)"
        )
        return [Problem(parameter=parameter, message=f"{place.uri} {reason}", value=place.uri)]
    if not response.ok:
        raise answer_error(response, billed=False)
    size = _length_of(response.headers)
    if size > MAX_S3_IMAGE:
        message = f"{place.uri} has {size:,} bytes; at most {MAX_S3_IMAGE:,} are allowed"
        return [Problem(parameter=parameter, message=message, value=size)]
    return []


def _length_of(headers: Mapping[str, Any]) -> int:
    text = str(headers.get("content-length", ""))
    return int(text) if text.isdigit() else 0
