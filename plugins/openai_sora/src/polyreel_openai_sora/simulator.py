"""OpenAI's ``/v1/videos`` as it was before 2026-09-24, answered locally.

What the service refuses is refused, with its statuses, headers and error bodies. The facts are those of the
project's sheet on OpenAI (state of 2026-11-23); each names its source where it stands, in the files beside this one
whose names begin with ``simulated_``. The words in :data:`MARKERS`, put into a prompt, provoke what goes wrong.

What nobody published is assumed: a blank prompt counts as empty; the price is due when a job is accepted and given
back when it fails; an extension costs its own seconds; characters are free; a running job can be deleted; the first
tenth of the time a job is queued; lists hold 20 unless ``limit`` says otherwise, and their query is as strict as a body.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Simulator, Stage

from polyreel_openai_sora import simulated_errors as errors
from polyreel_openai_sora.simulated_bodies import JSON, MULTIPART, read_body
from polyreel_openai_sora.simulated_inputs import character_clip
from polyreel_openai_sora.simulated_orders import create_order, edit_order, extension_order, remix_order
from polyreel_openai_sora.simulated_store import VideoStore
from polyreel_openai_sora.simulated_videos import MARKERS, SimulatedVideo

__all__ = ["MARKERS", "OpenAISimulator"]

_VERSION: Final = "2020-10-01"
_BOTH: Final = (MULTIPART, JSON)
_DEFAULT_LIMIT, _MAX_LIMIT = 20, 100
_MAX_NAME = 80
_KEPT_FILES = 4
_POLLS_PER_FILM = 4
_POLL_AFTER_MS = (200, 10_000)

#: Media types of the variants: guide, August 2026.
_VARIANTS: Final = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}


class OpenAISimulator(Simulator):
    """The Videos API of one account.

    Rate limits are not counted; ``stage.state["rate_limited_until"] = …`` (seconds since 1970) lets every request
    before that moment meet a 429 with ``retry-after``.

    Args:
        stage: The clock, the ledger, the films and the memory.
    """

    base_url = "https://api.openai.com/v1"
    settings = {"api_key": "sk-simulated"}  # noqa: RUF012  as the base class declares it

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._store = VideoStore(stage)
        self._files: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        # In this order: a fixed name goes before an id. "openapi.yaml" (f85dbe2), lines 23902 to 24690.
        self._routes: tuple[tuple[str, dict[str, Callable[..., Response]]], ...] = (
            ("/videos", {"GET": self._list, "POST": self._create}),
            ("/videos/edits", {"POST": self._edit}),
            ("/videos/extensions", {"POST": self._extend}),
            ("/videos/characters", {"POST": self._create_character}),
            ("/videos/characters/([^/]+)", {"GET": self._retrieve_character}),
            ("/videos/([^/]+)", {"GET": self._retrieve, "DELETE": self._delete}),
            ("/videos/([^/]+)/content", {"GET": self._content}),
            ("/videos/([^/]+)/remix", {"POST": self._remix}),
        )

    def handle(self, request: Request) -> Response:
        """Answer one request.

        Args:
            request: ``url`` is absolute and holds the query; headers have lower-case names; the body is ``content``.
        """
        began = time.perf_counter()
        self._store.settle()
        try:
            answer = self._route(request)
        except errors.ApiError as error:
            answer = error.response()
        milliseconds = int((time.perf_counter() - began) * 1000)
        headers = {
            "openai-version": _VERSION,
            "openai-organization": "polyreel-simulation",
            "openai-processing-ms": str(milliseconds),
            "x-request-id": f"req_{secrets.token_hex(16)}",
        }
        return replace(answer, headers={**headers, **answer.headers})

    def _route(self, request: Request) -> Response:
        """Find the route; like the service before looking at the key, so an unknown address is 404 without one."""
        path = urlsplit(request.url).path
        base = re.escape(urlsplit(self.base_url).path)
        for pattern, handlers in self._routes:
            found = re.fullmatch(base + pattern, path)
            if found is None:
                continue
            if request.method not in handlers:
                raise errors.method_not_allowed(request.method, path, sorted(handlers))
            self._check_key(request)
            self._check_rate()
            return handlers[request.method](request, *map(unquote, found.groups()))
        raise errors.invalid_url(request.method, path)

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise errors.key_missing()
        if not hmac.compare_digest(key.encode(errors="replace"), self.settings["api_key"].encode()):
            raise errors.key_wrong(key)

    def _check_rate(self) -> None:
        remaining = self.stage.state.get("rate_limited_until", 0.0) - self.stage.clock.now()
        if remaining > 0:
            raise errors.rate_limited(remaining)

    def _create(self, request: Request) -> Response:
        return self._accepted(create_order(read_body(request, _BOTH), self._store))

    def _remix(self, request: Request, video_id: str) -> Response:
        source = self._store.find(video_id)
        return self._accepted(remix_order(read_body(request, _BOTH), source, self.stage.clock.now()))

    def _edit(self, request: Request) -> Response:
        return self._accepted(edit_order(read_body(request, _BOTH), self._store, self.stage.clock.now()))

    def _extend(self, request: Request) -> Response:
        return self._accepted(extension_order(read_body(request, _BOTH), self._store, self.stage.clock.now()))

    def _accepted(self, order: dict[str, Any]) -> Response:
        """Answer a create: the job is always queued in it, even when films take no time."""
        video = self._store.add(**order)
        return self._job(video, at=video.created - 1)

    def _list(self, request: Request) -> Response:
        query = _query(request, ("limit", "after", "order"))
        limit = _limit(query.get("limit", str(_DEFAULT_LIMIT)))
        order = query.get("order", "desc")
        if order not in {"asc", "desc"}:
            raise errors.invalid_value("order", order, ("asc", "desc"))
        videos = self._store.all(newest_first=order == "desc")
        if "after" in query:
            ids = [video.id for video in videos]
            videos = videos[ids.index(self._store.find(query["after"]).id) + 1 :]
        now = self.stage.clock.now()
        page = [video.answer(now) for video in videos[:limit]]
        return _json(
            {
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(videos) > limit,
            }
        )

    def _retrieve(self, _request: Request, video_id: str) -> Response:
        return self._job(self._store.find(video_id), at=self.stage.clock.now())

    def _delete(self, _request: Request, video_id: str) -> Response:
        self._store.delete(video_id)
        return _json({"id": video_id, "object": "video.deleted", "deleted": True})

    def _content(self, request: Request, video_id: str) -> Response:
        """Answer with the file; 404 before it is there (as two copies of the service do) and after it expired."""
        variant = _query(request, ("variant",)).get("variant", "video")
        if variant not in _VARIANTS:
            raise errors.invalid_value("variant", variant, tuple(_VARIANTS))
        video = self._store.find(video_id)
        now = self.stage.clock.now()
        if video.status(now) != "completed":
            raise errors.video_not_ready()
        if video.expired(now):
            raise errors.video_not_found(video_id)
        headers = {"content-type": _VARIANTS[variant]}
        return Response(status=200, headers=headers, content=self._file(video, variant))

    def _file(self, video: SimulatedVideo, variant: str) -> bytes:
        key = video.id, variant
        if key not in self._files:
            studio = self.stage.studio
            makers = {"video": studio.film, "thumbnail": studio.thumbnail, "spritesheet": studio.spritesheet}
            self._files[key] = makers[variant](video.film())
        self._files.move_to_end(key)
        while len(self._files) > _KEPT_FILES:
            self._files.popitem(last=False)
        return self._files[key]

    def _create_character(self, request: Request) -> Response:
        body = read_body(request, (MULTIPART,))
        body.allow(("name", "video"))
        name = body.text("name", limit=_MAX_NAME)
        character_clip(body)
        return _json(self._store.add_character(name))

    def _retrieve_character(self, _request: Request, character_id: str) -> Response:
        character = self._store.character(character_id)
        if character is None:
            raise errors.ApiError(status=404, message=f"Character with id '{character_id[:80]}' not found.")
        return _json(character)

    def _job(self, video: SimulatedVideo, *, at: float) -> Response:
        """Answer with a job and, until it is over, with the header that the official SDK's poller obeys."""
        if at >= video.ends:
            return _json(video.answer(at))
        low, high = _POLL_AFTER_MS
        advice = min(max(int(video.render_seconds * 1000 / _POLLS_PER_FILM), low), high)
        return _json(video.answer(at), {"openai-poll-after-ms": str(advice)})


def _query(request: Request, names: Collection[str]) -> dict[str, str]:
    query = query_of(request.address)
    for name in query:
        if name not in names:
            raise errors.unknown_parameter(name)
    return query


def _limit(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise errors.invalid_type("limit", "an integer", text)
    limit = int(text)
    if not 0 <= limit <= _MAX_LIMIT:
        raise errors.integer_out_of_range("limit", limit, 0, _MAX_LIMIT)
    return limit


def _json(value: Any, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, ensure_ascii=False, indent=2).encode()
    return Response(status=200, headers={"content-type": "application/json", **(headers or {})}, content=body)
