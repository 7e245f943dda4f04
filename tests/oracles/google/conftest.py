"""Google's SDK, in the two versions that the tests speak of, the simulator on a socket, and the recorder."""

import base64
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from oracle.drivers import Oracle
from oracle.environments import environment_of
from oracle.recorder import Answer, recording
from oracle.sender import Sender
from oracle.service import served
from oracle.tours import Tour
from polyreel.http import Response
from polyreel.simulation.simulator import FilmStudio
from polyreel_google_veo.accounts import INFO
from polyreel_google_veo.simulator import GoogleSimulator

DRIVERS = Path(__file__).parent / "drivers"
# The last version whose developer mode can call Veo, and the newest on 2026-11-23.
OLD, NEW = "2.34.0", "3.4.0"
# A day after the developer API turned Veo off; without one, the simulator plays every model.
TODAY = date(2026, 11, 24)


def _oracle(version, home):
    environment = environment_of(f"google-genai=={version}")
    return Oracle(environment=environment, version=version, drivers=DRIVERS, home=home)


@pytest.fixture(scope="session")
def old_sdk(nobody):
    return _oracle(OLD, nobody)


@pytest.fixture(scope="session")
def new_sdk(nobody):
    return _oracle(NEW, nobody)


def _prepared(request, service):
    """Do what a header of the request asks the simulator for, which no call of the SDK could bring about."""
    state, headers = service.stage.state, request.headers
    state["rate_limited_until"] = service.stage.clock.now() + 7 if "x-limit-rate" in headers else 0.0
    state["errors_in_array"] = "x-error-in-array" in headers
    state["restricted_region"] = "x-restricted" in headers
    state["access_token_expired"] = "x-expired" in headers
    if "x-broken" in headers:
        return Response(status=503, headers={"content-type": "application/json"}, content=BROKEN)
    if "x-today" in headers:
        return GoogleSimulator(service.stage, as_of=TODAY).handle(request)
    if "x-no-key" in headers:
        keyless = {name: value for name, value in headers.items() if name != "x-goog-api-key"}
        return service.simulator.handle(replace(request, headers=keyless))
    return None


BROKEN = (
    b'{"error": {"code": 503, "message": "The service is currently unavailable.", "status": "UNAVAILABLE"}}'
)


@pytest.fixture(scope="session")
def studio(film):
    """Make one film for everybody, of a size and length that can be extended."""
    return FilmStudio(film=lambda _: film)


@pytest.fixture(scope="session")
def toured(media, studio):
    """Return a function that sends an SDK on a tour of the simulator."""

    def tour(sdk, driver, stops, *, variables, studio=studio):
        with served(GoogleSimulator, studio=studio, prepare=_prepared) as service:
            known = {name: value.format(url=service.url) for name, value in variables.items()}
            told = sdk.run(driver, variables=known, url=service.url, media=str(media), stops=stops)
        return Tour(sdk, told, service.seen, service.stage.charges.entries)

    return tour


# --- the server that both sides speak to ----------------------------------------------------------------------


class Canned:
    """Answers by the kind of request; a group that has ``bucket`` in its name finds its films there."""

    def __init__(self, film, elsewhere):
        self.film = film
        self.url = ""
        self.elsewhere = elsewhere

    def __call__(self, group, sent):
        path = sent.path
        if path.endswith(":download") and "redirected" in group and not path.startswith("/download/"):
            place = f"{self.elsewhere}/{group}" if "elsewhere" in group else f"{self.url}/{group}/download"
            return Answer(status=302, headers={"location": f"{place}{path}?alt=media"})
        if ":download" in path or "/o/" in path:
            return Answer(self.film, media_type="video/mp4")
        if path.endswith(":predictLongRunning"):
            return Answer({"name": f"{path.split('/', 2)[2].partition(':')[0]}/operations/op1"})
        if path.endswith(":fetchPredictOperation"):
            return Answer(
                self._operation(sent.body["operationName"], {"videos": [self._film_on_vertex(group)]})
            )
        if "/operations/" in path:
            samples = {"generatedSamples": [{"video": {"uri": self._file(group)}}]}
            return Answer(self._operation(path.split("/", 2)[2], {"generateVideoResponse": samples}))
        if "/interactions" in path:
            return Answer({} if sent.method == "DELETE" else self._interaction(group, sent))
        return Answer({"name": "files/abc123", "state": "ACTIVE"})

    @staticmethod
    def _operation(name, response):
        return {"name": name, "done": True, "response": response}

    def _interaction(self, group, sent):
        status = "cancelled" if sent.path.endswith("/cancel") else "in_progress"
        video = {"type": "video", "mime_type": "video/mp4", "uri": self._file(group)}
        if "vertex" in group:
            video = {**video, "uri": "gs://b/o/1/sample_0.mp4"}
        steps = [{"type": "model_output", "content": [video]}] if sent.method == "GET" else []
        moment = "2026-01-01T00:00:00Z"
        identity = "v1_a/b+c==" if "odd" in group else "v1_rec-1"
        return {
            "id": identity,
            "status": "completed" if sent.method == "GET" else status,
            "created": moment,
            "updated": moment,
            "steps": steps,
        }

    def _file(self, group):
        return f"{self.url}/{group}/v1beta/files/abc123:download?alt=media"

    def _film_on_vertex(self, group):
        if "bucket" in group:
            return {"gcsUri": "gs://b/o/1/sample_0.mp4", "mimeType": "video/mp4"}
        return {"bytesBase64Encoded": base64.b64encode(self.film).decode(), "mimeType": "video/mp4"}


@pytest.fixture(scope="session")
def elsewhere(film):
    """Serve a film at another origin."""
    with recording(lambda group, sent: Answer(film, media_type="video/mp4")) as recorder:
        yield recorder


@pytest.fixture(scope="session")
def recorder(film, elsewhere):
    canned = Canned(film, elsewhere.url)
    with recording(canned, is_ignored=lambda name: name == "x-goog-api-client") as recorder:
        canned.url = recorder.url
        yield recorder


# --- the two sides ----------------------------------------------------------------------------------------------

# What the plugin is told of each account, for the same as the SDK's clients in drivers/recorded_calls.py.
ACCOUNTS = {
    "developer": {"surface": "gemini", "api_key": "FAKE-KEY"},
    "vertex": {"surface": "vertex", "project": "my-project", "access_token": "FAKE"},
    "express": {"surface": "vertex", "api_key": "FAKE-KEY"},
    "paid by another": {
        "surface": "vertex",
        "project": "my-project",
        "access_token": "FAKE",
        "quota_project": "paying-project",
    },
    "both": {"surface": "vertex", "api_key": "FAKE-KEY", "project": "my-project", "access_token": "FAKE"},
}


def _recorded(sdk, recorder, media, *kinds):
    outcomes = sdk.run("recorded_calls", url=recorder.url, media=str(media), kinds=kinds)
    return {name: (outcome, recorder.take(name)) for name, outcome in outcomes.items()}


@pytest.fixture(scope="session")
def theirs(old_sdk, new_sdk, recorder, media):
    """Let each SDK make its calls once, and return what came of each and what was sent, by the call's name."""
    return {
        **_recorded(old_sdk, recorder, media, "developer"),
        **_recorded(new_sdk, recorder, media, "vertex", "omni"),
    }


@pytest.fixture(scope="session")
def older(theirs, old_sdk, recorder, media):
    """Let the older SDK make the calls to Vertex AI, too, after the newer one."""
    return _recorded(old_sdk, recorder, media, "vertex")


@pytest.fixture(scope="session")
def led_elsewhere(theirs, elsewhere):
    """Return what the SDK asked of another origin that it was led to."""
    assert theirs["developer_redirected_elsewhere"][0] == "sent"
    (request,) = elsewhere.take("developer_redirected_elsewhere")
    return request


@pytest.fixture(scope="session")
def accounts():
    return ACCOUNTS


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """Keep this machine's accounts out."""
    for setting in INFO.settings:
        for name in setting.environment:
            monkeypatch.delenv(name, raising=False)


class Ours(Sender):
    """A client of polyreel at one address of the recorder."""

    def __init__(self, way, recorder, group, home, stack, account):
        url = recorder.base_url(group)
        addresses = {"base_url": url, "vertex_base_url": url, "storage_base_url": url}
        settings = {**addresses, **account}
        key = settings.pop("api_key", None)
        keys = {"google": key} if key else {}
        super().__init__(way, stack, home=home, settings={"google": settings}, api_keys=keys)
        self.forget = lambda: recorder.take(group)


@pytest.fixture(params=["blocking", "awaited"])
def ours(request, recorder, media, tmp_path):
    """Return a function that does one thing with the plugin and returns what was sent."""
    with ExitStack() as stack:

        def sent(name, act, account, **more):
            group = f"ours-{request.param}-{name}"
            act(Ours(request.param, recorder, group, tmp_path, stack, {**ACCOUNTS[account], **more}), media)
            return recorder.take(group)

        yield sent


def _is_stored(request):
    return request.path.startswith("/storage/v1/b/")


def _asked(requests):
    """Return what requests ask for.

    Left out is what differs on purpose everywhere, each with a test of its own: what is said of the answer and of a body
    that is not there, and the looks into Cloud Storage, which the SDK has no way to take.
    """
    return [
        replace(
            request,
            headers={name: value for name, value in request.headers.items() if name != "accept"},
            media_type=request.media_type if request.body is not None else "",
        )
        for request in requests
        if not _is_stored(request)
    ]


@pytest.fixture(scope="session")
def asked():
    return _asked
