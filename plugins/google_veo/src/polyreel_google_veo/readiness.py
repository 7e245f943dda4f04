"""Free looks before a film is paid for.

On Vertex AI: can an access token be had (it is fetched, and kept for the requests that follow), and is the bucket there,
if one is named. On the Developer API: is the film that Veo extends ready. Whether a token may use the project and the
model, and whether Vertex AI may write to the bucket, only the request itself shows.

Fact sheet on Google, sections 4 and 6, number 5 (2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from polyreel.errors import Problem
from polyreel.exchange import AccountSession
from polyreel.flows import Flow, Sleep
from polyreel.http import Request, path_segment
from polyreel.types.media import MediaRef
from polyreel.types.task import Task

from polyreel_google_veo.accounts import reads_storage
from polyreel_google_veo.failures import answer_error, json_object
from polyreel_google_veo.films import file_of
from polyreel_google_veo.media import bucket_of
from polyreel_google_veo.surfaces import kind_of, place_of, storage_of

__all__ = ["problems"]

LOOKS: Final = 13
PAUSE: Final = 5.0
"""Seconds between two looks at a file: a minute in all, where about 15 s are known to suffice."""

_UNREADY: Final = frozenset({"PROCESSING", "STATE_UNSPECIFIED"})
_MISSING: Final = frozenset({403, 404})  # of a file that is gone the API also says that one may not read it
_REFUSED: Final = 401


def problems(task: Task) -> Flow[list[Problem]]:
    """Return what is known against a task.

    Raises:
        MissingExtra: Tokens are needed, and google-auth is not installed.
        AuthenticationFailed: There are no credentials, or they are refused.
        TransportFailed: No token can be fetched now.
    """
    if task.settings.get("surface") == "vertex":
        yield from _token(task)
        bucket = task.parameters.get("google_storage_uri")
        reads = reads_storage(task.settings)
        return (yield from _bucket(task, str(bucket))) if bucket and reads else []
    return (yield from _source(task))


def _token(task: Task) -> Flow[None]:
    """Sign the request without sending it: the account then holds its token, or says here why it has none."""
    session = task.http.session
    if isinstance(session, AccountSession):
        place = place_of(task.settings, task.native_model)
        yield from session.auth.sign(Request(method="POST", url=place.submit))


def _bucket(task: Task, uri: str) -> Flow[list[Problem]]:
    """Look whether the bucket is there.

    Only a 404 is certain. A 403 says that these credentials may not look at it: the film is written by Vertex AI's own
    service agent, which may all the same. When Cloud Storage does not answer, nothing is known, and the film is asked
    for.
    """
    name = bucket_of(uri)
    response = yield from task.http.get(f"{storage_of(task.settings)}/storage/v1/b/{path_segment(name)}")
    if response.status == _REFUSED:
        raise answer_error(response, billed=False, settings=task.settings)
    if response.status != 404:  # noqa: PLR2004  HTTP's own number
        return []
    return [
        Problem(
            parameter="google_storage_uri",
            message=f"of {uri!r} there is no bucket {name!r}; create it, and let Vertex AI's service agent write to it",
            value=uri,
        )
    ]


def _source(task: Task) -> Flow[list[Problem]]:
    """Wait until the film that Veo is to extend is ready: right after it is made, the API refuses it."""
    source = task.parameters.get("video")
    if not isinstance(source, MediaRef) or kind_of(task.native_model) != "operation":
        return []
    file = file_of(source.url or "")
    if file is None:
        return []
    for look in range(LOOKS):
        if look:
            yield Sleep(seconds=PAUSE)
        response = yield from task.http.get(file)
        if response.status in _MISSING:
            return list(_problem("Google has no such file, or no longer: they are kept for two days"))
        if response.status >= 400:  # noqa: PLR2004  the classes of errors
            raise answer_error(response, billed=False, settings=task.settings)
        state = (json_object(response) or {}).get("state")
        if state == "FAILED":
            return list(_problem("Google could not process this film, and does not extend it"))
        if state not in _UNREADY:
            return []
    waited = f"{PAUSE * (LOOKS - 1):.0f} s"
    return list(_problem(f"Google is still processing this film after {waited}; ask again in a few minutes"))


def _problem(message: str) -> Iterator[Problem]:
    yield Problem(parameter="video", message=message)
