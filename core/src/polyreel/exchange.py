"""From "send this request" to single exchanges: credentials, redirects, repetition. Pure, like every flow.

Three rules that money and keys depend on stand here and nowhere else:

* credentials go to the provider's own origins, never along a redirect to another;
* a request that costs money is sent again only when it certainly never left;
* an address that came from an answer is fetched only if it is public, or as local as the server itself.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from polyreel.addresses import Resolver, is_loopback, public_address, system_resolver
from polyreel.bodies import Unwanted
from polyreel.clock import Clock
from polyreel.continuation import Continuation
from polyreel.errors import AddressRefused, FetchFailed, RequestRejected, TransportFailed, UnexpectedAnswer
from polyreel.flows import Call, Fetch, Flow, Send, Session, Sleep
from polyreel.http import MAX_ANSWER_BYTES, Auth, Part, Request, Response, Wire, is_origin, origin
from polyreel.messages import seconds_until
from polyreel.redaction import without_query

__all__ = [
    "USER_AGENT",
    "AccountSession",
    "Endpoint",
    "PublicSession",
    "backoff",
    "retry_after",
]

USER_AGENT: Final = "polyreel/0.1"
TRIES: Final = 3
MAX_PAUSE: Final = 30.0  # a longer pause is the caller's to decide about: it gets the answer back
MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504, 529})
_REFUSED: Final = frozenset({400, 401, 403})  # some say with 400 that a token has run out
_TOO_MANY: Final = 429
_KEPT_ACROSS_ORIGINS: Final = frozenset({"accept", "user-agent", "range", "if-range"})
_log = logging.getLogger("polyreel.http")


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the pause in seconds that an answer advises, or ``None``.

    Reads ``retry-after-ms`` first, then ``retry-after`` as seconds or as an HTTP date.

    Args:
        headers: Names in lower case.
        now: The current time, seconds since 1970.
    """
    milliseconds = headers.get("retry-after-ms", "")
    if milliseconds.replace(".", "", 1).isdecimal():
        return float(milliseconds) / 1000
    text = headers.get("retry-after", "").strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    pause = seconds_until(text, now=now)
    return None if pause is None else max(pause, 0.0)


def backoff(attempt: int, *, chance: Callable[[], float] = random.random) -> float:
    """Return the pause in seconds before try ``attempt`` + 1: 0.5 s doubling to 8 s, less up to a quarter."""
    return float(min(0.5 * 2**attempt, 8.0) * (1 - 0.25 * chance()))


@dataclass(frozen=True, kw_only=True)
class PublicSession(Session):
    """Sends without credentials, and only to public addresses: for a URL that a user handed in.

    Attributes:
        clock: For pauses that the server advises.
        resolver: Resolves host names; blocking.
        allowed: Addresses whose origins are fetched wherever they lead: what the caller set up, such as a local server.
        carrier: Answers instead of the network, as a simulator does; ``None`` for the network.
        carrier_is_quick: Whether the carrier is called without a thread, as a virtual clock needs it.
    """

    clock: Clock
    resolver: Resolver = field(default=system_resolver, repr=False)
    allowed: Collection[str] = ()
    carrier: Callable[[Wire], Response] | None = field(default=None, repr=False)
    carrier_is_quick: bool = False

    def exchange(self, effect: Send | Fetch) -> Flow[Response]:
        """Carry out ``effect`` with repetition and redirects."""
        attempt = 0
        renewed = False
        begun = Continuation(effect) if isinstance(effect, Fetch) else None
        end = self.clock.steady() + effect.seconds if isinstance(effect, Fetch) else math.inf
        if begun is not None and begun.version is not None:
            yield Call(function=begun.measure)
        while True:
            try:
                ended: Response | TransportFailed | FetchFailed = yield from self._follow(effect, begun, end)
            except (TransportFailed, FetchFailed) as error:
                ended = error
            if begun is not None:
                ended = begun.judged(ended)
            if isinstance(ended, Response) and not renewed and ended.status in _REFUSED:
                renewed = self._renews(ended)
                if renewed:  # what is refused was not accepted: a paid request may be sent again
                    continue
            over = attempt + 1 >= TRIES or self._is_over(effect) or self.clock.steady() >= end
            pause = None if over else self._pause_after(effect, ended, attempt)
            if pause is None and isinstance(ended, Response):
                return ended
            if pause is None:
                raise ended  # type: ignore[misc]  # an answer was returned above
            _note_doubt(effect, ended)
            attempt += 1
            yield Sleep(seconds=pause)
            if begun is not None and (yield Call(function=begun.measure)):
                attempt = 0

    def _pause_after(
        self, effect: Send | Fetch, ended: Response | TransportFailed | FetchFailed, attempt: int
    ) -> float | None:
        """Return how long to wait before the next try; ``None`` for no other try."""
        if not isinstance(ended, Response):
            pause = backoff(attempt)
            _log.debug("%s; again in %.1f s", ended, pause)
            return pause if _may_repeat(effect, ended) else None
        if not _is_passing(effect, ended):
            return None
        advised = self._advised(effect, ended)
        pause = backoff(attempt) if advised is None else advised
        return pause if pause <= MAX_PAUSE else None

    def _renews(self, response: Response) -> bool:
        """Whether fresh credentials may change a refusal; here there are none."""
        del response
        return False

    def _advised(self, effect: Send | Fetch, response: Response) -> float | None:
        advised = retry_after(response.headers, now=self.clock.now())
        if advised is None and isinstance(effect, Send) and effect.advised is not None:
            return effect.advised(response)
        return advised

    def _is_over(self, effect: Send | Fetch) -> bool:
        return effect.until is not None and self.clock.now() >= effect.until

    def _follow(self, effect: Send | Fetch, begun: Continuation | None, end: float) -> Flow[Response]:
        request = effect.request if begun is None else effect.request.adding(begun.headers)
        for _ in range(MAX_REDIRECTS + 1):
            prepared, connect_to = yield from self._prepare(request)
            left = end - self.clock.steady()
            if effect.until is not None:
                left = min(left, effect.until - self.clock.now())
            wire = Wire(
                request=prepared,
                timeout=effect.timeout,
                max_bytes=effect.max_bytes,
                seconds_left=None if left == math.inf else max(left, 0.1),
                connect_to=connect_to,
                before=effect.before if isinstance(effect, Send) else None,
            )
            wire = wire if begun is None else begun.wire(wire)
            response: Response = yield self._carried(wire)
            if _log.isEnabledFor(logging.DEBUG):
                _log.debug("%s %s: %s", request.method, without_query(request.url), response.status)
            if response.status not in _REDIRECTS or "location" not in response.headers:
                return response
            request = self._sent_on(request, response)
        raise UnexpectedAnswer(
            f"{without_query(effect.request.url)} redirects more than {MAX_REDIRECTS} times",
            status=response.status,
        )

    def _sent_on(self, request: Request, response: Response) -> Request:
        after = _redirected(request, response)
        if self._is_allowed(after.url) and origin(after.url) != origin(request.url):
            place = without_query(after.url)
            # The caller's own server is for whom the caller sends there, not for whoever answers elsewhere.
            raise AddressRefused(
                f"{without_query(request.url)} redirects to {place}, a local server", url=place
            )
        return after

    def _is_allowed(self, url: str) -> bool:
        return any(origin(url) == origin(own) for own in self.allowed)

    def _carried(self, wire: Wire) -> Wire | Call:
        carrier = self.carrier
        if carrier is None:
            return wire

        def carried() -> Response:
            if wire.before is not None:
                wire.before()
            return carrier(wire)

        return Call(function=carried, quick=self.carrier_is_quick)

    def _prepare(self, request: Request) -> Flow[tuple[Request, str | None]]:
        if self._is_allowed(request.url):
            return _with_defaults(request), None
        address = yield Call(function=lambda: public_address(request.url, resolver=self.resolver))
        return _with_defaults(request), address


@dataclass(frozen=True, kw_only=True)
class AccountSession(PublicSession):
    """Sends for one account at one provider.

    Attributes:
        auth: Signs requests to the provider's own origins.
        base_url: Where the API is; its origin is the first of the provider's own.
        own_origins: More addresses whose origins may see the credentials; a ``*`` stands for a part of one label.
    """

    auth: Auth
    base_url: str
    own_origins: Collection[str] = ()

    def _prepare(self, request: Request) -> Flow[tuple[Request, str | None]]:
        target = origin(request.url)
        if target == origin(self.base_url) or any(is_origin(target, url) for url in self.own_origins):
            signed = yield from self.auth.sign(_with_defaults(request))
            return signed, None
        if is_loopback(target[1]) and is_loopback(urlsplit(self.base_url).hostname or ""):
            return _with_defaults(request), None
        return (yield from super()._prepare(request))

    def _renews(self, response: Response) -> bool:
        return self.auth.renew(response)


class Endpoint:
    """A provider's API at one address, for one account: ``yield from task.http.get("/videos/1")``.

    Args:
        session: Carries the requests.
        base_url: What relative paths are appended to.
    """

    def __init__(self, session: Session, base_url: str) -> None:
        self.session = session
        self.base_url = base_url.rstrip("/")

    def address(self, path: str) -> str:
        """Return the absolute address of ``path``; an absolute one is returned as it is."""
        return path if "://" in path else f"{self.base_url}/{path.lstrip('/')}"

    def get(  # noqa: PLR0913  the ingredients of a request
        self,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        headers: Mapping[str, str] | None = None,
        final: Callable[[Response], bool] | None = None,
        advised: Callable[[Response], float | None] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Flow[Response]:
        """GET ``path``; repeated after passing failures.

        Args:
            path: Relative to the base URL, or absolute.
            query: Query parameters; ``None`` values are left out.
            headers: More headers.
            final: Recognises an answer that looks like a passing error and is none.
            advised: Reads the pause in seconds that an answer advises, where that stands in no header.
            max_bytes: The longest answer that is taken; more for films that come inline.
        """
        request = Request(
            method="GET", url=self.address(path), query=query or {}, headers=headers or _JSON_WANTED
        )
        response: Response = yield Send(
            request=request,
            session=self.session,
            repeatable=True,
            final=final,
            advised=advised,
            max_bytes=max_bytes,
        )
        return response

    def head(self, path: str, *, headers: Mapping[str, str] | None = None) -> Flow[Response]:
        """HEAD ``path``: the status and the headers alone; repeated after passing failures."""
        request = Request(method="HEAD", url=self.address(path), headers=headers or {})
        response: Response = yield Send(request=request, session=self.session, repeatable=True)
        return response

    def post(  # noqa: PLR0913  the ingredients of a request
        self,
        path: str,
        *,
        json: Any = None,
        form: Sequence[Part] | None = None,
        query: Mapping[str, str | int | None] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        timeout: float = 120.0,
        advised: Callable[[Response], float | None] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Flow[Response]:
        """POST to ``path``; sent again only when it never left, unless ``repeatable``.

        Args:
            path: Relative to the base URL, or absolute.
            json: A JSON body.
            form: A multipart body.
            query: Query parameters.
            headers: More headers.
            repeatable: The request costs nothing, or carries a token that the provider honours.
            timeout: Seconds for the exchange.
            advised: Reads the pause in seconds that an answer advises, where that stands in no header.
            max_bytes: The longest answer that is taken; more for films that come inline.
        """
        request = Request(
            method="POST",
            url=self.address(path),
            query=query or {},
            headers=headers or _JSON_WANTED,
            json=json,
            form=form,
        )
        response: Response = yield Send(
            request=request,
            session=self.session,
            repeatable=repeatable,
            timeout=timeout,
            advised=advised,
            max_bytes=max_bytes,
        )
        return response

    def delete(self, path: str, *, headers: Mapping[str, str] | None = None) -> Flow[Response]:
        """DELETE ``path``; repeated after passing failures, since deleting twice deletes once."""
        request = Request(method="DELETE", url=self.address(path), headers=headers or _JSON_WANTED)
        response: Response = yield Send(request=request, session=self.session, repeatable=True)
        return response


_JSON_WANTED: Final = {"Accept": "application/json"}


def _with_defaults(request: Request) -> Request:
    return request if "User-Agent" in request.headers else request.adding({"User-Agent": USER_AGENT})


def _may_repeat(effect: Send | Fetch, error: TransportFailed | FetchFailed) -> bool:
    if isinstance(error, AddressRefused | Unwanted):
        return False
    if isinstance(effect, Fetch) or effect.repeatable:
        return True
    return isinstance(error, TransportFailed) and not error.request_sent


def _note_doubt(effect: Send | Fetch, ended: Response | TransportFailed | FetchFailed) -> None:
    """Say that a request is sent again although this try may have been taken."""
    if not isinstance(effect, Send) or effect.in_doubt is None:
        return
    # A server that failed may have taken it before; one that has too much to do has not.
    taken = ended.status != _TOO_MANY if isinstance(ended, Response) else getattr(ended, "request_sent", True)
    if taken:
        effect.in_doubt()


def _is_passing(effect: Send | Fetch, response: Response) -> bool:
    if response.status not in _PASSING:
        return False
    if isinstance(effect, Fetch):
        return True
    return effect.repeatable and not (effect.final and effect.final(response))


def _redirected(request: Request, response: Response) -> Request:
    try:
        target = urljoin(request.address, response.headers["location"])
    except ValueError:
        target = "what is no address"
    if request.method not in {"GET", "HEAD"}:
        raise RequestRejected(
            f"{without_query(request.url)} redirects a {request.method} to {without_query(target)}, which is not "
            "followed; set the base URL to where the server really is",
            status=response.status,
        )
    if "://" not in target:
        raise UnexpectedAnswer(
            f"{without_query(request.url)} redirects to what is no address", status=response.status
        )
    headers = request.headers
    if request.url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise AddressRefused(
            f"{without_query(request.url)} redirects to {without_query(target)}, which is not encrypted; it is not followed",
            url=without_query(target),
        )
    if origin(target) != origin(request.url):
        headers = {name: value for name, value in headers.items() if name.lower() in _KEPT_ACROSS_ORIGINS}
    return replace(request, url=target, query={}, headers=headers)
