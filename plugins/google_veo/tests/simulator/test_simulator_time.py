"""The simulator while the clock runs on: what is done is whole, also when it became so during the request."""

import json

import pytest
from polyreel.clock import VirtualClock
from polyreel.http import Request
from polyreel.simulation.simulator import FilmStudio, Stage
from polyreel_google_veo.simulator import GoogleSimulator


class RunningClock(VirtualClock):
    """A second passes with each look at it."""

    def now(self):
        self.advance(1)
        return super().now()


@pytest.mark.parametrize("surface", ["developer", "vertex", "interactions"])
def test_what_is_done_has_its_film_at_every_moment(surface, polls):
    for seconds in range(20, 40):
        (done,) = [answer for answer in polls(surface, seconds) if ended(answer)]
        assert "uri" in str(done) or "bytesBase64Encoded" in str(done) or "'data'" in str(done)
        assert "raiMediaFilteredReasons" not in str(done)


def ended(answer):
    return answer.get("done") or answer.get("status") == "completed"


@pytest.fixture
def polls():
    """Ask again and again until it is done; return every answer."""
    gemini, place = (
        "https://generativelanguage.googleapis.com",
        "projects/simulated-project/locations/us-central1",
    )
    key, token = {"x-goog-api-key": "AIza-simulated"}, {"authorization": "Bearer ya29.simulated"}
    at_vertex = f"https://us-central1-aiplatform.googleapis.com/v1beta1/{place}/publishers/google/models/veo-3.1-generate-001"

    def polls(surface, seconds):
        studio = FilmStudio(film=lambda _: b"film")
        simulator = GoogleSimulator(Stage(clock=RunningClock(), studio=studio, render_seconds=float(seconds)))

        def ask(method, url, headers, body=None):
            content = None if body is None else json.dumps(body).encode()
            answer = simulator.handle(Request(method=method, url=url, headers=headers, content=content))
            assert answer.status == 200, answer.text
            return answer.json()

        veo = {"instances": [{"prompt": "A paper boat"}]}
        omni = {"model": "gemini-omni-1.2-flash", "background": True, "store": True, "input": "A paper boat"}
        if surface == "developer":
            model = "veo-3.1-generate-preview"
            name = ask("POST", f"{gemini}/v1beta/models/{model}:predictLongRunning", key, veo)["name"]
            look = ("GET", f"{gemini}/v1beta/{name}", key)
        elif surface == "vertex":
            name = ask("POST", f"{at_vertex}:predictLongRunning", token, veo)["name"]
            look = ("POST", f"{at_vertex}:fetchPredictOperation", token, {"operationName": name})
        else:
            name = ask("POST", f"{gemini}/v1/interactions", key, omni)["id"]
            look = ("GET", f"{gemini}/v1/interactions/{name}", key)
        answers = [ask(*look)]
        while not ended(answers[-1]):
            assert len(answers) < 100
            answers.append(ask(*look))
        return answers

    return polls
