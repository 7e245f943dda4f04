"""Google's video services, answered locally: Veo on the Gemini Developer API and on Vertex AI, Gemini Omni on both.

What the services refuse is refused, at the time at which they refuse it and with their error bodies. The facts are those
of the project's sheet on Google (state of 2026-11-23); each names its source, or that it is assumed, where it stands, in
the files beside this one whose names begin with ``simulated_``. The words in :data:`MARKERS`, put into a prompt, provoke
what goes wrong.

Routing is by path alone: on a socket one address stands for ``generativelanguage.googleapis.com``,
``us-central1-aiplatform.googleapis.com``, ``aiplatform.googleapis.com``, ``storage.googleapis.com`` and
``oauth2.googleapis.com``. Webhooks are checked and never sent. ``personGeneration`` follows the documented table, from
which the service drifted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import unquote, urlsplit

from polyreel.http import Request, Response
from polyreel.simulation.simulator import Simulator, Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_access import ACCESS_TOKEN, API_KEY, Access
from polyreel_google_veo.simulated_buckets import Buckets
from polyreel_google_veo.simulated_developer import QUOTA_TEXT, DeveloperVeo
from polyreel_google_veo.simulated_errors import ApiError, InteractionError, PageError, StorageError
from polyreel_google_veo.simulated_files import ORIGIN, Files
from polyreel_google_veo.simulated_films import FilmShelf
from polyreel_google_veo.simulated_interactions import Interactions
from polyreel_google_veo.simulated_models import DEVELOPER, VERTEX
from polyreel_google_veo.simulated_operations import Operation, Operations
from polyreel_google_veo.simulated_outcomes import MARKERS
from polyreel_google_veo.simulated_rules import Veo
from polyreel_google_veo.simulated_studio import Studio
from polyreel_google_veo.simulated_vertex import LOCATION, PROJECT, VertexVeo, check_project, quota_text

__all__ = ["MARKERS", "GoogleSimulator"]

_DEV: Final = r"/(v1|v1beta)"
_VTX: Final = r"/(?:v1|v1beta1)"
_PLACE: Final = rf"{_VTX}/projects/([^/]+)/locations/([^/]+)"
_MODEL: Final = r"/publishers/google/models/([^/:]+)"


@dataclass(frozen=True, kw_only=True)
class _Route:
    method: str
    path: str
    check: Callable[[Request], None]
    limit: Callable[[float], ApiError] | None
    answer: Callable[..., Response]


class GoogleSimulator(Simulator):
    """The video services of one account.

    Members of ``stage.state`` that a test may set:

    * ``rate_limited_until``: seconds since 1970; every request before that moment meets a 429, but those for a token;
    * ``access_token_expired``: the token of :attr:`settings` is refused with 401 until a new one is asked for;
    * ``errors_in_array``: error bodies come in an array of one, as Google's front end sometimes sends them;
    * ``restricted_region``: the caller is in the EU, the UK, Switzerland or MENA.

    Args:
        stage: The clock, the ledger, the films and the memory.
        as_of: Models that a surface had retired by this day answer its 404; ``None`` plays each as it was.
    """

    base_url = ORIGIN
    settings = {  # noqa: RUF012  as the base class declares it
        "api_key": API_KEY,
        "project": PROJECT,
        "location": LOCATION,
        "access_token": ACCESS_TOKEN,
    }

    def __init__(self, stage: Stage, *, as_of: date | None = None) -> None:
        super().__init__(stage)
        self._access = Access(stage)
        self._shelf = FilmShelf(stage)
        self._files = Files(stage, self._shelf)
        self._buckets = Buckets(stage, self._shelf)
        self._operations = Operations(stage, self._shelf, self._deliver)
        veo = Veo(
            shelf=self._shelf,
            buckets=self._buckets,
            own_film=self._files.extendable,
            restricted=self._restricted,
        )
        self._developer = DeveloperVeo(stage, veo, self._operations, self._files, as_of=as_of)
        self._vertex = VertexVeo(stage, veo, self._operations, self._shelf, as_of=as_of)
        self._interactions = Interactions(
            stage,
            Studio(shelf=self._shelf, buckets=self._buckets, files=self._files),
            shelf=self._shelf,
            files=self._files,
            buckets=self._buckets,
            restricted=self._restricted,
            as_of=as_of,
        )
        self._routes = (*self._developer_routes(), *self._vertex_routes(), *self._other_routes())

    def handle(self, request: Request) -> Response:
        """Answer one request.

        Args:
            request: ``url`` is absolute and holds the query; headers have lower-case names; the body is ``content``.
        """
        self._operations.settle()
        self._interactions.settle()
        try:
            return self._route(request)
        except ApiError as error:
            return error.response(in_array=bool(self.stage.state.get("errors_in_array")))

    def _route(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        for route in self._routes:
            found = re.fullmatch(route.path, path)
            if found is None or request.method != route.method:
                continue
            route.check(request)
            remaining = self.stage.state.get("rate_limited_until", 0.0) - self.stage.clock.now()
            if remaining > 0 and route.limit is not None:
                raise route.limit(remaining)
            return route.answer(request, *map(unquote, found.groups()))
        raise PageError(f"The requested URL {path[:200]} was not found on this server.", status=404)

    # --- the table of routes -------------------------------------------------------------------------------

    def _developer_routes(self) -> list[_Route]:
        files = rf"{_DEV}/files/([a-z0-9]+)"
        lines = (
            ("POST", rf"{_DEV}/models/([^/:]+):predictLongRunning", self._developer.start),
            ("GET", rf"{_DEV}/models/([^/:]+)/operations/([^/:]+)", self._developer.poll),
            ("GET", rf"{_DEV}/models/([^/:]+)", self._developer.describe),
            ("GET", rf"{_DEV}/models", self._developer.list_models),
            ("GET", files, self._files.describe),
            ("GET", rf"{files}:download", self._files.download),
            ("GET", rf"/download{files}:download", self._files.content),
        )
        return [
            _Route(method=method, path=path, check=self._access.check_developer, limit=_limit, answer=answer)
            for method, path, answer in lines
        ]

    def _vertex_routes(self) -> list[_Route]:
        operations = (
            rf"{_VTX}/projects/[^/]+/locations/[^/]+(?:/publishers/google/models/[^/]+)?/operations/([^/:]+)"
        )
        access, express = self._access.check_vertex, self._access.check_express
        lines = (
            ("POST", rf"{_PLACE}{_MODEL}:predictLongRunning", access, self._vertex.start),
            ("POST", rf"{_PLACE}{_MODEL}:fetchPredictOperation", access, self._vertex.poll),
            ("GET", operations, access, self._vertex.operation),
            ("POST", rf"{_VTX}{_MODEL}:predictLongRunning", express, self._vertex.start_express),
            ("POST", rf"{_VTX}{_MODEL}:fetchPredictOperation", express, self._vertex.poll_express),
        )
        return [
            _Route(method=method, path=path, check=check, limit=_vertex_limit, answer=answer)
            for method, path, check, answer in lines
        ]

    def _other_routes(self) -> list[_Route]:
        buckets, storage = self._buckets, r"/storage/v1/b/([^/]+)"
        lines: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", storage, buckets.describe),
            ("GET", rf"{storage}/o", buckets.list_objects),
            ("GET", rf"{storage}/o/([^/]+)", buckets.get_object),
            ("POST", rf"/upload{storage}/o", buckets.upload),
        ]
        routes = [
            _Route(method=m, path=p, check=self._access.check_storage, limit=_storage_limit, answer=a)
            for m, p, a in lines
        ]
        for place, check, placed in (
            (_DEV, self._access.check_developer, _on_developer),
            (_PLACE, self._access.check_vertex, _on_vertex),
        ):
            for method, rest, answer in (
                ("POST", "", self._interactions.start),
                ("GET", "/([^/]+)", self._interactions.read),
                ("DELETE", "/([^/]+)", self._interactions.delete),
                ("POST", "/([^/]+)/cancel", self._interactions.cancel),
            ):
                path = f"{place}/interactions{rest}"
                routes.append(
                    _Route(
                        method=method, path=path, check=check, limit=_interaction_limit, answer=placed(answer)
                    )
                )
        token = _Route(
            method="POST", path="/token", check=_anyone, limit=None, answer=self._access.give_token
        )
        return [*routes, token]

    # --- what the parts ask each other through it ------------------------------------------------------------

    def _restricted(self) -> bool:
        return bool(self.stage.state.get("restricted_region"))

    def _deliver(self, operation: Operation, film_id: str, number: int) -> str | None:
        """Put a film of Veo where it belongs: a file on the developer API, an object or nowhere on Vertex."""
        at = operation.ends or 0.0
        if operation.surface == DEVELOPER:
            return self._files.add(film_id, at=at, expires_at_once=operation.marker == "[expire]")
        if operation.storage is None:
            return None
        place = f"{operation.storage}/sample_{number}.mp4"
        self._buckets.place_film(place, film_id, at)
        return place


def _anyone(_request: Request) -> None:
    """Check nothing."""


def _limit(remaining: float) -> ApiError:
    return errors.rate_limited(QUOTA_TEXT, remaining)


def _vertex_limit(remaining: float) -> ApiError:
    return errors.rate_limited(quota_text("veo-3.1-generate-001"), remaining)


def _storage_limit(_remaining: float) -> ApiError:
    message = "The object exceeded the rate limit for object mutation operations."
    return StorageError(message, status=429, reason="rateLimitExceeded")


def _interaction_limit(_remaining: float) -> ApiError:
    return InteractionError(QUOTA_TEXT, status=429)


def _on_developer(answer: Callable[..., Response]) -> Callable[..., Response]:
    return lambda request, _version, *rest: answer(request, DEVELOPER, *rest)


def _on_vertex(answer: Callable[..., Response]) -> Callable[..., Response]:
    def placed(request: Request, project: str, location: str, *rest: str) -> Response:
        check_project(project, f"projects/{project}/locations/{location}")
        if location != "global":
            raise InteractionError(
                f"Interactions are not served in {location[:80]}, only in global.", status=404
            )
        return answer(request, VERTEX, *rest)

    return placed
