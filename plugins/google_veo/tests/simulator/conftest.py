"""A client of the simulated services that sends what a real one would, and media to send."""

import base64
import json
from dataclasses import dataclass
from io import BytesIO

import pytest
from PIL import Image
from polyreel.clock import VirtualClock
from polyreel.http import Request
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import FilmStudio, Stage
from polyreel_google_veo.simulator import GoogleSimulator

START = 1_780_000_000.0
DEVELOPER = "https://generativelanguage.googleapis.com"
VERTEX = "https://us-central1-aiplatform.googleapis.com"
PLACE = "/v1beta1/projects/simulated-project/locations/us-central1/publishers/google/models"
KEY = {"x-goog-api-key": "AIza-simulated"}
TOKEN = {"authorization": "Bearer ya29.simulated"}


class Service:
    """One simulated account; films are recorded instead of made, and take 100 seconds."""

    def __init__(self, state=None, as_of=None, **stage):
        self.filmed = []
        studio = FilmStudio(film=lambda spec: self.filmed.append(spec) or b"film")
        stage = {"clock": VirtualClock(START), "studio": studio, "render_seconds": 100.0, **stage}
        self.stage = Stage(state={} if state is None else state, **stage)
        self.simulator = GoogleSimulator(self.stage, as_of=as_of)
        self.handler = self.simulator.handle

    def send(self, method, url, body=None, *, headers=KEY, content=None):
        if body is not None:
            content = json.dumps(body).encode()
        return self.handler(Request(method=method, url=url, headers=headers, content=content))

    def advance(self, seconds):
        self.stage.clock.advance(seconds)

    @property
    def charged(self):
        return [f"{charge.amount:.2f}" for charge in self.stage.charges.entries]


class Veo:
    """Veo on one surface."""

    def __init__(self, service):
        self.service = service

    def begin(self, prompt="A paper boat", *, model=None, parameters=None, top=None, **instance):
        """Send a start; a prompt that is None is left out."""
        if prompt is not None:
            instance["prompt"] = prompt
        body = {"instances": [instance], **(top or {})}
        if parameters is not None:
            body["parameters"] = parameters
        return self.post(model or self.model, "predictLongRunning", body)

    def make(self, prompt="A paper boat", *, seconds=100, **order):
        """Start, wait, and return the operation."""
        answer = self.begin(prompt, **order)
        assert answer.status == 200, answer.text
        assert set(answer.json()) == {"name"}
        self.service.advance(seconds)
        return self.poll(answer.json()["name"])


class Developer(Veo):
    model = "veo-3.1-generate-preview"

    def post(self, model, method, body):
        return self.service.send("POST", f"{DEVELOPER}/v1beta/models/{model}:{method}", body)

    def poll(self, name):
        answer = self.service.send("GET", f"{DEVELOPER}/v1beta/{name}")
        assert answer.status == 200, answer.text
        return answer.json()

    def uri(self, operation):
        (sample,) = operation["response"]["generateVideoResponse"]["generatedSamples"]
        return sample["video"]["uri"]


class Vertex(Veo):
    model = "veo-3.1-generate-001"

    def post(self, model, method, body):
        return self.service.send("POST", f"{VERTEX}{PLACE}/{model}:{method}", body, headers=TOKEN)

    def poll(self, name):
        model = name.split("/models/")[1].split("/")[0]
        answer = self.post(model, "fetchPredictOperation", {"operationName": name})
        assert answer.status == 200, answer.text
        return answer.json()


@dataclass
class Medium:
    """A medium as the services take it."""

    content: bytes
    media_type: str

    @property
    def text(self):
        return base64.b64encode(self.content).decode()

    @property
    def inline(self):
        return {"bytesBase64Encoded": self.text, "mimeType": self.media_type}

    @property
    def asset(self):
        return {"image": self.inline, "referenceType": "asset"}


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def new_service():
    return Service


@pytest.fixture
def developer(service):
    return Developer(service)


@pytest.fixture
def developer_of():
    return Developer


@pytest.fixture
def vertex(service):
    return Vertex(service)


@pytest.fixture
def vertex_of():
    return Vertex


@pytest.fixture(scope="session")
def png():
    file = BytesIO()
    Image.new("RGB", (64, 36), "teal").save(file, "PNG")
    return Medium(file.getvalue(), "image/png")


@pytest.fixture(scope="session")
def film_of():
    """Make a film, each once."""
    made = {}

    def film(width=1280, height=720, seconds=2.0, fps=24):
        key = width, height, seconds, fps
        if key not in made:
            spec = FilmSpec(model="t/t", prompt="", width=width, height=height, duration=seconds, fps=fps)
            made[key] = render_film(spec)
        return Medium(made[key], "video/mp4")

    return film
