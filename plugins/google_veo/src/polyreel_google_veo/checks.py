"""What is wrong with a request beyond what its document can say: source films, and how large a request may be.

Limits: fact sheet on Google, sections 1.3, 1.4, 2.2, 6 and 8 (2026-11-23), unless a line names another source.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from polyreel.errors import Problem
from polyreel.http import origin
from polyreel.redaction import without_query
from polyreel.types.media import Media, MediaRef
from polyreel.types.task import Task

from polyreel_google_veo.accounts import GEMINI_URL
from polyreel_google_veo.films import file_of
from polyreel_google_veo.media import base64_length, gcs_uri, is_interaction, type_of
from polyreel_google_veo.surfaces import Kind, is_express, kind_of

if TYPE_CHECKING:
    from polyreel.media.mp4 import FilmFacts

__all__ = ["problems"]

_MEBI: Final = 1024 * 1024
# Characters of base64 in one request to the Developer API, where nothing but text can carry a file. Both numbers are
# assumptions: the first is the API's limit for whole requests as of its prompting guide, the second what it was raised
# to for inline data later (excerpts of a post on blog.google, "Increased file size limits"); js-genai#1270 gives none.
_INLINE: Final[dict[Kind, int]] = {"operation": 20 * _MEBI, "interaction": 100 * _MEBI}
_VEO_ADDS: Final = 7  # seconds
# What Vertex AI extends: section 2.2.
_VEO_SOURCE: Final = (1.0, 30.0)  # seconds
_VEO_SIZES: Final = ((1280, 720), (1920, 1080), (3840, 2160))
_VEO_FPS: Final = 24
_FPS_TOLERANCE: Final = 0.1  # 23.976 counts as 24
_VEO_TOKENS: Final = 1024
_OMNI_LONGEST: Final = 40.0  # seconds of an extended film
_TOLERANCE: Final = 0.1  # a film ends with its last frame, not exactly at its length
_REGION: Final = re.compile(r"[a-z][a-z0-9-]*")


def problems(task: Task) -> Iterator[Problem]:
    """Yield everything that is wrong with a task, in the order in which it should be read."""
    kind = kind_of(task.native_model)
    yield from _project(task, kind)
    yield from _region(task)
    yield from _addresses(task)
    if kind == "operation":
        yield from _words(task)
    if "video" in task.parameters:
        if kind == "operation":
            yield from _veo_source(task)
        else:
            yield from _omni_source(task)
    yield from _size(task, kind)


def _project(task: Task, kind: Kind) -> Iterator[Problem]:
    settings = task.settings
    if settings.get("surface") != "vertex" or not settings.secret("api_key"):
        return  # what is missing altogether, the core says
    if is_express(settings) and kind == "interaction":
        yield Problem(
            parameter="project",
            message="that Gemini Omni on Vertex AI takes an API key alone is documented nowhere: set project "
            "(GOOGLE_CLOUD_PROJECT) and give no key in code, with an access token (GOOGLE_OAUTH_ACCESS_TOKEN) or what "
            f"'gcloud auth application-default login' leaves; or use {task.model}@gemini, which takes a key",
        )
    elif not is_express(settings) and not settings.get("project"):
        yield Problem(
            parameter="project",
            message="Vertex AI is asked with a token or with other credentials under a project only: set project "
            "(GOOGLE_CLOUD_PROJECT)",
        )


def _region(task: Task) -> Iterator[Problem]:
    region = task.settings.get("region")
    if task.settings.get("surface") == "vertex" and region and not _REGION.fullmatch(region):
        yield Problem(
            parameter="region",
            message=f"{region!r} is no region of Vertex AI; they look like us-central1, eu or global",
            value=region,
        )


def _words(task: Task) -> Iterator[Problem]:
    """Tokens are counted by Google alone; that a word is at least one of them is an assumption."""
    words = len(str(task.parameters["prompt"]).split())
    if words > _VEO_TOKENS:
        yield Problem(
            parameter="prompt",
            message=f"it has {words:,} words, and the limit is {_VEO_TOKENS:,} tokens, of which each word is one or more; "
            "shorten it",
        )


def _addresses(task: Task) -> Iterator[Problem]:
    """A picture that is named by its address must be in Cloud Storage, and its name must say what it is."""
    for medium in task.media():
        if not isinstance(medium, MediaRef) or medium.parameter == "video":
            continue
        if task.settings.get("surface") != "vertex" or gcs_uri(medium.url) is None:
            yield Problem(
                parameter=medium.parameter,
                message="Google does not fetch a picture from there; give the file"
                + (
                    ", or its gs:// address in Cloud Storage"
                    if task.settings.get("surface") == "vertex"
                    else ""
                ),
                value=_shown(medium),
            )
        elif type_of(medium) is None:
            yield Problem(
                parameter=medium.parameter,
                message="its name does not say what it is; let it end in .png or .jpg",
                value=_shown(medium),
            )


def _veo_source(task: Task) -> Iterator[Problem]:
    masked = "google_mask" in task.parameters
    if "duration" in task.requested and (masked or task.parameters.get("duration") != _VEO_ADDS):
        told = "a film that is changed keeps its length" if masked else f"an extension adds {_VEO_ADDS} s"
        yield Problem(
            parameter="duration",
            message=f"{told}; leave duration out",
            value=task.parameters.get("duration"),
        )
    source = task.parameters["video"]
    if task.settings.get("surface") == "gemini":
        yield from _developer_source(source, task)
    elif isinstance(source, MediaRef):
        yield from _vertex_source(source)
    else:
        yield from _veo_file(source)


def _veo_file(source: Media) -> Iterator[Problem]:
    """What Vertex AI extends; that a film which is changed has the same limits is an assumption."""
    facts = _facts(source)
    if isinstance(facts, Problem):
        yield facts
        return
    width, height = facts.width, facts.height
    if (
        width is not None
        and height is not None
        and (max(width, height), min(width, height)) not in _VEO_SIZES
    ):
        yield Problem(
            parameter="video",
            message=f"the film has {width}x{height} pixels; Vertex AI takes 720p, 1080p and 4k, lying or standing "
            "(1280x720, 720x1280 and so on)",
        )
    if facts.fps is not None and abs(facts.fps - _VEO_FPS) > _FPS_TOLERANCE:
        yield Problem(
            parameter="video",
            message=f"the film has {facts.fps:.3g} frames per second; Vertex AI takes {_VEO_FPS}",
        )
    yield from _length(facts, *_VEO_SOURCE)


def _developer_source(source: Media | MediaRef, task: Task) -> Iterator[Problem]:
    message = None
    if isinstance(source, Media):
        message = (
            "the Developer API extends only films that Veo made there: give the earlier job, or the address "
            "of its file (https://…/files/…)"
        )
    elif not source.url:
        message = "this job has no film at the Developer API any more (they are kept for two days); nothing can be extended"
    elif not _is_own_file(source.url, task):
        message = (
            f"{without_query(source.url)} is no file of the Developer API, and it extends no others: give the "
            "earlier job, or the address of its file (https://…/files/…)"
        )
    if message is not None:
        yield Problem(parameter="video", message=message)


def _is_own_file(address: str, task: Task) -> bool:
    own = {origin(GEMINI_URL), origin(task.settings.get("base_url") or GEMINI_URL)}
    # A path is a file behind the base URL: what an earlier job was fetched from there.
    return file_of(address) is not None and ("://" not in address or origin(address) in own)


def _vertex_source(source: MediaRef) -> Iterator[Problem]:
    if gcs_uri(source.url) is None:
        told = (
            f"{without_query(source.url)} is no object in Cloud Storage"
            if source.url
            else "the film of that job came inside the answer, and Vertex AI has no copy"
        )
        yield Problem(
            parameter="video",
            message=f"{told}; give its file, or a gs:// address. With google_storage_uri a film stays within reach",
        )


def _omni_source(task: Task) -> Iterator[Problem]:
    if task.parameters.get("google_task") == "upscale" and not {"resolution", "size"} & task.requested:
        yield Problem(
            parameter="resolution", message="an upscaling needs the height that the film gets: set resolution"
        )
    source = task.parameters["video"]
    surface = task.settings.get("surface")
    if isinstance(source, MediaRef):
        if is_interaction(source):
            return
        if surface == "vertex":
            yield from _vertex_source(source)
        elif not source.url or not _is_own_file(source.url, task):
            yield Problem(
                parameter="video",
                message="the Developer API has no such file; give the file, an earlier job, or the address of a file of "
                "the API (https://…/files/…)",
                value=_shown(source),
            )
    elif task.parameters.get("google_task") == "extend":
        added = float(task.parameters["duration"]) if "duration" in task.requested else 0.0
        facts = _facts(source)
        yield from [facts] if isinstance(facts, Problem) else _length(facts, 0.0, _OMNI_LONGEST - added)


def _length(facts: FilmFacts, shortest: float, longest: float) -> Iterator[Problem]:
    if facts.duration is not None and not shortest - _TOLERANCE <= facts.duration <= longest + _TOLERANCE:
        yield Problem(
            parameter="video",
            message=f"the film takes {facts.duration:.1f} s; one of {shortest:.0f} to {longest:.0f} s can be extended here",
        )


def _facts(source: Media) -> FilmFacts | Problem:
    from polyreel.media.mp4 import InvalidFilm, read_facts

    try:
        return read_facts(io.BytesIO(source.content))
    except InvalidFilm as problem:
        return Problem(parameter="video", message=str(problem))


def _size(task: Task, kind: Kind) -> Iterator[Problem]:
    if task.settings.get("surface") == "vertex":
        return  # no limit is published there
    media = [medium for medium in task.media() if isinstance(medium, Media)]
    total, limit = sum(map(base64_length, media)), _INLINE[kind]
    if total > limit:
        one = len(media) == 1
        yield Problem(
            parameter=media[0].parameter if one else "request",
            message=f"as text {'it has' if one else 'the files have'} {total:,} characters; at most {limit:,} are taken "
            f"in one request. Use smaller {'or fewer ' if not one else ''}files",
        )


def _shown(reference: MediaRef) -> Any:
    return reference.id or without_query(reference.url or "") or None
