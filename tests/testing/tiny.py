"""A whole provider in a page, and the ways to get it wrong: each subclass breaks one rule of the contract."""

import json
import os
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from polyreel.errors import (
    AuthenticationFailed,
    PolyreelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    TransportFailed,
    UnexpectedAnswer,
)
from polyreel.flows import call
from polyreel.hookspecs import API, hookimpl
from polyreel.http import BearerAuth, NoAuth, Response, path_segment
from polyreel.simulation.charges import Charge
from polyreel.simulation.films import FilmSpec
from polyreel.simulation.simulator import Simulator
from polyreel.types.asset import Asset
from polyreel.types.foreign import ForeignCall, ForeignParameter
from polyreel.types.job import Cancellation, Progress, Receipt, RemoteJob
from polyreel.types.provider import ProviderInfo, Setting

BASE_URL = "https://api.tiny.example/v1"
KEY = "tiny-canary-key"
DOCUMENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:polyreel:model:tiny/film-1",
    "title": "Film 1",
    "description": "A made-up model.",
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "minLength": 1, "description": "What is seen.", "x-native": "/prompt"},
        "duration": {
            "type": "integer",
            "enum": [4, 8],
            "default": 4,
            "description": "Length in seconds.",
            "x-unit": "s",
            "x-native": "/seconds",
        },
    },
    "x-model": {
        "provider": "tiny",
        "native_id": "film-1",
        "stage": "ga",
        "sources": [{"url": "https://tiny.example/docs", "seen": "2026-11-24"}],
    },
}


def in_json(status, value):
    return Response(
        status=status, headers={"content-type": "application/json"}, content=json.dumps(value).encode()
    )


class TinySimulator(Simulator):
    base_url = BASE_URL
    settings = {"api_key": KEY}  # noqa: RUF012  as its base declares it

    def handle(self, request):
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return in_json(401, {"message": "who are you?"})
        place = urlsplit(request.url).path.removeprefix("/v1/").split("/")
        films = self.stage.state.setdefault("films", {})
        match request.method, *place:
            case "POST", "films":
                return self.accept(films, json.loads(request.content))
            case "GET", "films":
                limit = int(parse_qs(urlsplit(request.url).query).get("limit", ["20"])[0])
                return in_json(200, list(reversed(films.values()))[:limit])
            case _, "films", film, *_ if film not in films:
                return in_json(404, {"message": "no such film"})
            case "GET", "films", film:
                done = self.stage.clock.now() >= films[film]["at"] + self.stage.render_seconds
                return in_json(200, {**films[film], "state": "done" if done else "working"})
            case "GET", "films", film, "content":
                spec = FilmSpec(model="tiny/film-1", prompt="", width=128, height=128, duration=4)
                content = self.stage.studio.film(spec)
                return Response(status=200, headers={"content-type": "video/mp4"}, content=content)
            case "DELETE", "films", film:
                return in_json(200, films.pop(film))
        return in_json(404, {"message": "no such path"})

    def accept(self, films, body):
        film = f"film_{len(films) + 1}"
        now = self.stage.clock.now()
        films[film] = {"id": film, "prompt": body["prompt"], "client": body["client"], "at": now}
        self.stage.charges.add(Charge(at=now, job=film, amount=Decimal("0.40")))
        return in_json(200, films[film])


def checked(response):
    """Return the answer as a dictionary, or raise what it says."""
    kinds = {401: AuthenticationFailed, 404: ResourceNotFound, 429: RateLimited}
    if response.status >= 500:
        raise ProviderUnavailable(
            f"status {response.status}", provider="tiny", status=response.status, billed=None
        )
    if not response.ok:
        raise kinds.get(response.status, RequestRejected)(f"status {response.status}", provider="tiny")
    body = response.json()
    if not isinstance(body, dict | list):
        raise UnexpectedAnswer("neither an object nor a list", provider="tiny", billed=None)
    return body


class Tiny:
    """The provider as it should be."""

    @hookimpl
    def provider_info(self):
        key = Setting(name="api_key", description="Your key", secret=True, required=True)
        url = Setting(name="base_url", description="Where the API is", default=BASE_URL)
        return ProviderInfo(
            id="tiny", title="Tiny", api=API, documentation="https://tiny.example", settings=(key, url)
        )

    @hookimpl
    def list_models(self):
        return [DOCUMENT]

    @hookimpl
    def authenticate(self, settings):
        key = settings.secret("api_key")
        return BearerAuth(key) if key else NoAuth()

    @hookimpl
    def foreign_calls(self):
        return [self.foreign("duration")]

    def foreign(self, name, **facts):
        parameters = (
            ForeignParameter(name="prompt", path="prompt"),
            ForeignParameter(name=name, path="length"),
        )
        return ForeignCall(packages=("tinylib",), calls=("films.create",), parameters=parameters, **facts)

    @hookimpl
    def submit(self, task):
        return (yield from self.ask(task))

    def ask(self, task):
        body = {
            "prompt": task.parameters["prompt"],
            "seconds": task.parameters["duration"],
            "client": task.id,
        }
        film = checked((yield from task.http.post("/films", json=body)))
        return Receipt(id=film["id"])

    @hookimpl
    def preflight(self, task):
        checked((yield from task.http.get("/films", query={"limit": 1})))
        return []

    @hookimpl
    def poll(self, task, receipt):
        film = checked((yield from task.http.get(f"/films/{path_segment(receipt.id)}")))
        if film["state"] == "done":
            return Progress(state="succeeded", payload=film)
        return Progress(state="running")

    @hookimpl
    def normalise_result(self, payload):
        return [Asset(url=f"/films/{payload['id']}/content")]

    @hookimpl
    def find_submission(self, task):
        rows = checked((yield from task.http.get("/films")))
        found = [
            row["id"]
            for row in rows
            if (row["client"], row["prompt"]) == (task.id, task.parameters["prompt"])
        ]
        return Receipt(id=found[0]) if len(found) == 1 else None

    @hookimpl
    def list_remote(self, account, limit):
        rows = checked((yield from account.http.get("/films", query={"limit": limit})))
        return [RemoteJob(receipt=Receipt(id=row["id"]), state="running") for row in rows]

    @hookimpl
    def delete(self, task, receipt):
        response = yield from task.http.delete(f"/films/{path_segment(receipt.id)}")
        return Cancellation(outcome="cancelled" if response.ok else "too_late")

    @hookimpl
    def cancel(self, task, receipt):
        seen = yield from self.poll(task, receipt)
        if seen.state == "succeeded":
            return Cancellation(outcome="too_late")
        return (yield from self.delete(task, receipt))

    @hookimpl
    def parse_webhook(self):
        raise AuthenticationFailed("tiny signs nothing", provider="tiny")

    @hookimpl
    def simulator(self):
        return TinySimulator


class MisspeltHook(Tiny):
    @hookimpl
    def find_submision(self, task):
        return task


class WrongArgument(Tiny):
    @hookimpl
    def delete(self, task, ticket):
        return ticket


class NoSimulator(Tiny):
    simulator = None


class Unmarked(Tiny):
    def settle(self, task, payload):
        return None


class WrongDocument(Tiny):
    @hookimpl
    def list_models(self):
        return [{**DOCUMENT, "x-modell": {}}]


class WrongDefault(Tiny):
    @hookimpl
    def list_models(self):
        duration = {**DOCUMENT["properties"]["duration"], "default": 6}
        return [{**DOCUMENT, "properties": {**DOCUMENT["properties"], "duration": duration}}]


class Retired(Tiny):
    @hookimpl
    def list_models(self):
        facts = {**DOCUMENT["x-model"], "stage": "retired", "retires_on": "2025-01-01"}
        return [{**DOCUMENT, "x-model": facts}]


class SubmitsTwice(Tiny):
    list_remote = None

    @hookimpl
    def submit(self, task):
        yield from self.ask(task)
        return (yield from self.ask(task))


class PaysForALook(Tiny):
    @hookimpl
    def preflight(self, task):
        yield from task.http.post("/buckets", json={})
        return []


class SubmitsAgain(Tiny):
    """Once more when the answer does not come: it was accepted and paid for all the same."""

    @hookimpl
    def submit(self, task):
        try:
            return (yield from self.ask(task))
        except (TransportFailed, ProviderUnavailable, UnexpectedAnswer):
            return (yield from self.ask(task))


class SleepsInAHook(Tiny):
    @hookimpl
    def poll(self, task, receipt):
        time.sleep(0)
        return (yield from super().poll(task, receipt))


class ReadsTheEnvironment(Tiny):
    @hookimpl
    def authenticate(self, settings):
        os.environ.get("TINY_KEY")
        return super().authenticate(settings)


class OpensAFile(Tiny):
    @hookimpl
    def submit(self, task):
        with suppress(Exception):  # it is noticed all the same
            Path(os.devnull).read_text()
        return (yield from self.ask(task))


class CallsForAFile(Tiny):
    """Not broken: the core opens the file, because it was asked to."""

    @hookimpl
    def submit(self, task):
        yield from call(Path(os.devnull).read_text)
        return (yield from self.ask(task))


class ReceiptIsNotJSON(Tiny):
    @hookimpl
    def submit(self, task):
        receipt = yield from self.ask(task)
        return receipt.model_copy(update={"data": {"at": Decimal(1)}})


class NeedsItsTuple(Tiny):
    """Takes the receipt for what it was before it was written and read."""

    find_submission = None

    @hookimpl
    def submit(self, task):
        receipt = yield from self.ask(task)
        return receipt.model_copy(update={"data": {"regions": ("eu", "us")}})

    @hookimpl
    def poll(self, task, receipt):
        if not isinstance(receipt.data["regions"], tuple):
            raise RequestRejected("which regions?", provider="tiny")
        return (yield from super().poll(task, receipt))


class GivesUpOnAFailedPoll(Tiny):
    @hookimpl
    def poll(self, task, receipt):
        response = yield from task.http.get(f"/films/{path_segment(receipt.id)}")
        if not response.ok:
            return Progress(state="failed")
        film = response.json()
        return Progress(state="succeeded" if film["state"] == "done" else "running", payload=film)


class LeaksTheKey(Tiny):
    @hookimpl
    def submit(self, task):
        try:
            return (yield from self.ask(task))
        except AuthenticationFailed as error:
            key = task.settings.secret("api_key").reveal()
            raise AuthenticationFailed(f"{error} with the key {key}", provider="tiny") from None


class StopsWhatIsDone(Tiny):
    @hookimpl
    def cancel(self, task, receipt):
        return (yield from self.delete(task, receipt))


class DeletesLoudly(Tiny):
    @hookimpl
    def delete(self, task, receipt):
        checked((yield from task.http.delete(f"/films/{path_segment(receipt.id)}")))
        return Cancellation(outcome="cancelled")

    @hookimpl
    def cancel(self):
        yield from ()
        return Cancellation(outcome="not_supported")


class FindsAnything(Tiny):
    @hookimpl
    def find_submission(self, task):
        rows = checked((yield from task.http.get("/films")))
        return Receipt(id=rows[0]["id"]) if rows else None


class ListsEverything(Tiny):
    @hookimpl
    def list_remote(self, account):
        rows = checked((yield from account.http.get("/films")))
        return [RemoteJob(receipt=Receipt(id=row["id"]), state="running") for row in rows]


class BelievesEverybody(Tiny):
    @hookimpl
    def parse_webhook(self, body):
        try:
            event = json.loads(body)
        except ValueError:
            return None
        return event


assert issubclass(AuthenticationFailed, PolyreelError)


class PromisesALength(Tiny):
    @hookimpl
    def foreign_calls(self):
        return [self.foreign("length")]


class PromisesAModel(Tiny):
    @hookimpl
    def foreign_calls(self):
        return [self.foreign("duration", default_model="film-2")]


class PromisesASurface(Tiny):
    @hookimpl
    def foreign_calls(self):
        return [self.foreign("duration", surface="cloud")]
