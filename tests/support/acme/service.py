"""``acme`` as a service of its own: `python -m acme.service` prints its address, and ends when its input does.

What it charged and what it was asked is kept here, in another process than the clients', and told at ``/books``: whatever
happens to a client, these are true. Its weather is bad on purpose: refusals, failures before and after the charge, cut
connections, torn films.
"""

import argparse
import json
import os
import random
import sys
import time
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from polyreel.clock import SystemClock
from polyreel.hookspecs import hookimpl
from polyreel.http import BearerAuth, Response
from polyreel.simulation.faults import Disturbance
from polyreel.simulation.server import SimulationServer
from polyreel.simulation.simulator import Stage

from acme.house import acme_plugins, quick_studio
from acme.plugin import INFO, Acme, Cancels, Finds, Lists
from acme.simulator import AcmeSimulator, in_json

KEY = "acme-simulated"
BOOKS = "/books"
OFTEN_ENOUGH = (
    8  # so many refusals of one method, and only each fifth that is drawn: each one makes all clients send
)
RARELY = 5  # half as much


class Named(BearerAuth):
    """Says which process asks."""

    def sign(self, request):
        signed = yield from super().sign(request)
        return signed.adding({"X-Process": str(os.getpid())})


class Plain(Acme):
    """Neither a token nor a way to look."""

    @hookimpl
    def authenticate(self, settings):
        return Named(settings.secret("api_key"))


class Tokens(Plain):
    """Knows a token."""

    info = replace(INFO, idempotency="header", idempotency_header="X-Token")


class Looking(Plain, Finds, Lists, Cancels):
    """Can be asked for a job by what was put into its request."""


MODES = {"token": Tokens, "list": Looking, "neither": Plain}


def plugins_for(mode):
    """The plugins of a client of the service."""
    return acme_plugins(MODES[mode]())


class TokenSimulator(AcmeSimulator):
    """Answers a request with a token that it knows as it answered the first one."""

    def handle(self, request):
        token = request.headers.get("x-token")
        if request.method != "POST" or token is None:
            return super().handle(request)
        answers = self.stage.state.setdefault("tokens", {})
        if token not in answers:
            answer = super().handle(request)
            if answer.status != 201:
                return answer
            answers[token] = answer.json()
        return in_json(201, answers[token])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the service met it."""

    at: float
    process: str
    method: str
    path: str
    seconds: float


class Weather:
    """Bad weather around a handler.

    Args:
        handler: What answers.
        seed: What the faults follow from.
        share: How much of the requests meets one; 0 for fair weather.
        slow: So many seconds at most an answer takes.
    """

    def __init__(self, handler, *, seed, share, slow):
        self._handler = handler
        self._chance = random.Random(seed)
        self._share = share
        self._slow = slow
        self._refusals = {}
        self.asked = []
        self.met = {}

    def __call__(self, request):
        path = urlsplit(request.url).path.removeprefix("/v1")
        if path == BOOKS:
            return self._books()
        seconds = self._chance.random() * self._slow
        process = request.headers.get("x-process", "")
        self.asked.append(
            Asked(at=time.monotonic(), process=process, method=request.method, path=path, seconds=seconds)
        )
        response = self._answered(request, self._fault(request.method, path))
        if seconds:
            raise Disturbance("slow", response=response, seconds=seconds)
        return response

    def _fault(self, method, path):
        if self._chance.random() >= self._share:
            return None
        if (method, path) == ("POST", "/films"):
            kinds = ["429", "500", "500 after", "reset", "reset after", "cut"]
        elif "/file/" in path:
            kinds = ["429", "503", "reset", "cut", "cut"]
        else:
            kinds = ["429", "503", "503", "reset"]
        kind = self._chance.choice(kinds)
        place = f"{kind} at {method} {'file' if '/file/' in path else 'films'}"
        if kind == "429":
            self._refusals[method] = self._refusals.get(method, 0) + 1
            if self._refusals[method] % RARELY != 1 or self._refusals[method] > RARELY * OFTEN_ENOUGH:
                return None
        self.met[place] = self.met.get(place, 0) + 1
        return kind

    def _answered(self, request, fault):
        match fault:
            case "429":
                return in_json(429, {"error": "too much"}, retry_after="1")
            case "500" | "503":
                return in_json(int(fault), {"error": "not now"})
            case "reset":
                raise Disturbance("refuse")
        response = self._handler(request)
        match fault:
            case "500 after":
                return in_json(500, {"error": "not now"})
            case "reset after":
                raise Disturbance("refuse")
            case "cut":
                raise Disturbance("cut", response=response)
        return response

    def _books(self):
        told = {
            "charges": self._handler.__self__.stage.charges.dump(),
            "asked": [[a.at, a.process, a.method, a.path, a.seconds] for a in self.asked],
            "faults": self.met,
        }
        return Response(
            status=200, headers={"content-type": "application/json"}, content=json.dumps(told).encode()
        )


def serve(arguments):
    stage = Stage(clock=SystemClock(), studio=quick_studio(), render_seconds=arguments.render_seconds)
    simulator = (TokenSimulator if arguments.mode == "token" else AcmeSimulator)(stage)
    quick_studio().film(None)  # made now, not while somebody waits
    weather = Weather(simulator.handle, seed=arguments.seed, share=arguments.faults, slow=arguments.slow)
    with SimulationServer(weather, base_url=simulator.base_url) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def arguments_of(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=MODES, default="neither")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.0)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--render-seconds", type=float, default=0.2)
    return parser.parse_args(words)


if __name__ == "__main__":
    serve(arguments_of())
