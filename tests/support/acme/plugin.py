"""The provider ``acme`` in parts: a test puts together the abilities that it needs.

:class:`Acme` has what is required; each other class adds one optional hook. Instances are handed to
``Plugins.add_provider``; the bare hooks at the end make this module a plugin that an entry point can name.
"""

import copy
from decimal import Decimal

from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    InsufficientCredit,
    Problem,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.exchange import retry_after
from polyreel.hookspecs import hookimpl
from polyreel.http import BearerAuth, NoAuth, Part, path_segment
from polyreel.types.asset import Asset
from polyreel.types.cost import Cost
from polyreel.types.job import Cancellation, Failure, Finished, Progress, Receipt, RemoteJob
from polyreel.types.media import MediaRef
from polyreel.types.provider import ProviderInfo, Setting

from acme.simulator import BASE_URL, AcmeSimulator

DOCUMENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:polyreel:model:acme/one",
    "title": "Acme One",
    "description": "Films of nothing in particular.",
    "type": "object",
    "additionalProperties": False,
    "required": ["prompt"],
    "properties": {
        "prompt": {
            "type": "string",
            "minLength": 1,
            "pattern": "\\S",
            "description": "What the film shows.",
            "x-native": "/prompt",
        },
        "duration": {
            "type": "integer",
            "enum": [2, 4, 8],
            "default": 4,
            "description": "Seconds.",
            "x-native": "/seconds",
        },
        "size": {
            "type": "string",
            "enum": ["320x320", "640x320"],
            "default": "320x320",
            "description": "Pixels.",
            "x-native": "/size",
        },
        "n": {
            "type": "integer",
            "minimum": 1,
            "maximum": 3,
            "default": 1,
            "description": "How many films.",
            "x-native": "/n",
        },
        "input_image": {
            "description": "A picture that is sent ahead.",
            "x-native": False,
            "x-media": {"accept": ["image/png"], "upload": True},
        },
    },
    "x-price": {"currency": "USD", "as_of": "2025-12-01", "rules": [{"per": "second", "amount": "0.05"}]},
    "x-model": {
        "provider": "acme",
        "native_id": "one",
        "stage": "ga",
        "service": BASE_URL,
        "sources": [{"url": "https://acme.example/models", "seen": "2025-12-01"}],
    },
}


def another(native_id, **facts):
    """A document like :data:`DOCUMENT` under another name."""
    document = copy.deepcopy(DOCUMENT)
    document["$id"] = f"urn:polyreel:model:acme/{native_id}"
    document["x-model"] |= {"native_id": native_id, **facts}
    return document


INFO = ProviderInfo(
    id="acme",
    title="Acme Films",
    api=1,
    documentation="https://acme.example/docs",
    settings=(
        Setting(
            name="api_key", description="The key.", environment=("ACME_API_KEY",), secret=True, required=True
        ),
        Setting(
            name="base_url", description="Where it is.", environment=("ACME_BASE_URL",), default=BASE_URL
        ),
        Setting(name="region", description="Which studio.", default="moon", choices=("moon", "mars")),
    ),
)

STATES = {
    "queued": "queued",
    "running": "running",
    "done": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
ERRORS = {
    400: RequestRejected,
    401: AuthenticationFailed,
    402: InsufficientCredit,
    403: AuthenticationFailed,
    404: ResourceNotFound,
    422: ContentRefused,
    429: RateLimited,
}


def answered(response, *, billed=None):
    """The JSON of an answer, or the error that it stands for."""
    if response.ok:
        body = response.json()
        if not isinstance(body, dict):
            raise UnexpectedAnswer("no object came", provider="acme", status=response.status, billed=billed)
        return body
    kind = ERRORS.get(response.status, ProviderUnavailable)
    error = kind(f"acme says {response.status}", provider="acme", status=response.status, billed=billed)
    if isinstance(error, RateLimited):
        error.retry_after = retry_after(response.headers, now=0.0)
    raise error


def film_path(receipt):
    return f"/films/{path_segment(receipt.id)}"


class Acme:
    """What is required of a provider, and its simulator."""

    documents = (DOCUMENT,)
    info = INFO

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    def list_models(self):
        return self.documents

    @hookimpl
    def authenticate(self, settings):
        key = settings.secret("api_key")
        return BearerAuth(key) if key else NoAuth()

    @hookimpl
    def validate_parameters(self, task):
        if "forbidden" in task.parameters["prompt"]:
            yield Problem(parameter="prompt", message="acme films nothing forbidden")

    def body(self, task):
        fields = {"prompt": "prompt", "duration": "seconds", "size": "size", "n": "n"}
        body = {native: task.parameters[name] for name, native in fields.items() if name in task.parameters}
        image = task.parameters.get("input_image")
        if image is not None:
            body["image"] = image.id
        return {**body, "client_id": task.id, **task.native}

    @hookimpl
    def submit(self, task):
        response = yield from task.http.post("/films", json=self.body(task))
        body = answered(response, billed=None if response.status >= 500 or response.ok else False)
        return Receipt(id=body["id"])

    @hookimpl
    def poll(self, task, receipt):
        response = yield from task.http.get(film_path(receipt))
        body = answered(response)
        advised = retry_after(response.headers, now=0.0)
        state = STATES.get(body["state"], "running")
        failure = body.get("failure")
        return Progress(
            state=state,
            percent=body.get("percent"),
            message="" if body["state"] in STATES else f"acme says {body['state']!r}",
            retry_in=advised,
            payload=body if state == "succeeded" else None,
            failure=Failure(**failure) if failure else None,
        )

    @hookimpl
    def normalise_result(self, payload):
        urls = payload.get("urls", [])
        films = [
            Asset(index=index, url=url, expires_at=payload.get("expires_at"))
            for index, url in enumerate(urls)
        ]
        extras = [
            Asset(role="thumbnail", media_type="image/png", url=url) for url in payload.get("thumbnails", [])
        ]
        return films + extras

    @hookimpl
    def simulator(self):
        return AcmeSimulator


class Finds:
    """Can look for a submit that was cut off."""

    @hookimpl
    def find_submission(self, task):
        response = yield from task.http.get("/films", query={"client_id": task.id})
        rows = answered(response)["data"]
        return Receipt(id=rows[0]["id"]) if len(rows) == 1 else None


class Refreshes:
    """Can give fresh addresses."""

    @hookimpl
    def refresh(self, task, receipt):
        response = yield from task.http.get(f"{film_path(receipt)}/links")
        return [Asset(index=i, url=url) for i, url in enumerate(answered(response)["urls"])]


class Cancels:
    """Can stop and delete jobs."""

    @hookimpl
    def cancel(self, task, receipt):
        response = yield from task.http.post(f"{film_path(receipt)}/cancel", repeatable=True)
        if response.status == 409:
            return Cancellation(outcome="too_late", message="it is done")
        answered(response)
        return Cancellation(outcome="cancelled", billed=False, message="stopped")

    @hookimpl
    def delete(self, task, receipt):
        response = yield from task.http.delete(film_path(receipt))
        return Cancellation(outcome="cancelled" if response.ok else "too_late")


class Lists:
    """Can list its jobs."""

    @hookimpl
    def list_remote(self, account, limit):
        response = yield from account.http.get("/films", query={"limit": limit})
        rows = answered(response)["data"]
        return [RemoteJob(receipt=Receipt(id=row["id"]), state=row["state"], model="one") for row in rows]


class Uploads:
    """Wants files ahead of the request."""

    @hookimpl
    def upload(self, task, media):
        part = Part(name="file", content=media.content, filename=media.name, media_type=media.media_type)
        response = yield from task.http.post("/files", form=[part], repeatable=True)
        return MediaRef(parameter=media.parameter, id=answered(response)["id"])


class Settles:
    """Says what it charged."""

    @hookimpl
    def settle(self, payload):
        charged = payload.get("charged")
        return None if charged is None else Cost(amount=Decimal(charged), billed=True, basis="vendor")


class HoldsOpen(Acme):
    """Answers a submit with the finished film."""

    inline = False

    @hookimpl
    def submit(self, task):
        response = yield from task.http.post("/films", json={**self.body(task), "hold": True})
        body = answered(response, billed=None if response.status >= 500 or response.ok else False)
        return Finished(receipt=Receipt(id=body["id"]), payload=body)


class FullAcme(Acme, Finds, Refreshes, Cancels, Lists, Uploads, Settles):
    """Has every ability."""


_module = FullAcme()
provider_info = _module.provider_info
list_models = _module.list_models
authenticate = _module.authenticate
submit = _module.submit
poll = _module.poll
normalise_result = _module.normalise_result
simulator = _module.simulator
