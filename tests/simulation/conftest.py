"""A made-up service, and the four ways to reach one: in-process or over a socket, blocking or awaited."""

import asyncio
import json
from contextlib import ExitStack
from decimal import Decimal

import pytest
from polyreel.clock import VirtualClock
from polyreel.http import AsyncTransport, BlockingTransport, Request, Response, Wire
from polyreel.simulation.charges import Charge
from polyreel.simulation.forms import parse_form, query_of, segments_of
from polyreel.simulation.simulator import Simulator
from polyreel.simulation.staging import set_stage

FILM = bytes(range(256)) * 1000
WAYS = ("mount", "blocking-socket", "async-socket")


def in_json(status, value, **headers):
    headers = {"Content-Type": "application/json", "X-Request-Id": "req_1"} | headers
    return Response(status=status, headers=headers, content=json.dumps(value).encode())


def vars_of(part):
    return part.name, part.content, part.filename, part.media_type


class Toy(Simulator):
    base_url = "https://api.toy.example/v1"
    settings = {"api_key": "toy-simulated"}  # noqa: RUF012  as its base declares it

    def handle(self, request):
        try:
            place = segments_of(request.url, below=self.base_url)
        except ValueError:
            return in_json(404, {"error": "no such path"})
        match request.method, *place:
            case "POST", "jobs":
                jobs = self.stage.state.setdefault("jobs", {})
                job = f"job_{len(jobs) + 1}"
                jobs[job] = {"id": job, "body": json.loads(request.content), "at": self.stage.clock.now()}
                self.stage.charges.add(Charge(at=self.stage.clock.now(), job=job, amount=Decimal("0.10")))
                return in_json(200, jobs[job])
            case "GET", "jobs":
                return in_json(200, {"data": list(self.stage.state.get("jobs", {}).values())})
            case (("GET" | "HEAD"), "jobs", _, "content"):
                return Response(status=200, headers={"Content-Type": "video/mp4"}, content=FILM)
            case "DELETE", "jobs", _:
                return Response(status=204, headers={"Content-Type": "application/json"}, content=b"ignored")
            case "GET", "moved":
                return Response(status=302, headers={"Location": f"{self.base_url}/jobs"})
            case "GET", "links":
                return in_json(200, {"url": f"{self.base_url}/jobs", "prompt": f"see {self.base_url}/jobs"})
            case "GET", "plain":
                return Response(status=200, headers={"Content-Type": "text/plain"}, content=b"plain text")
            case "GET", "odd":
                return Response(status=599, headers={"Transfer-Encoding": "chunked", "X-Odd": "a\r\nX-B: c"})
            case "GET", "mistake":
                raise RuntimeError("a mistake in the simulator")
            case _, "echo", *rest:
                headers = {n: v for n, v in request.headers.items() if n not in {"host", "connection"}}
                body = request.content.hex()
                if headers.get("content-type", "").startswith("multipart/form-data; boundary="):
                    body = repr(
                        [vars_of(part) for part in parse_form(headers.pop("content-type"), request.content)]
                    )
                told = {"method": request.method, "url": f"<{request.url}>", "rest": rest, "headers": headers}
                return in_json(200, told | {"query": query_of(request.url), "body": body})
        return in_json(404, {"error": "no such path"})


class Way:
    """One way to reach a simulated service."""

    def __init__(self, name, transport, base_url, runner):
        self.name = name
        self.socket = name.endswith("socket")
        self.base_url = base_url
        self._transport = transport
        self._runner = runner

    def send(self, method, path, *, into=None, timeout=5.0, max_bytes=8 * 1024 * 1024, **ingredients):
        request = Request(method=method, url=self.base_url + path, **ingredients)
        return self.carry(Wire(request=request, into=into, timeout=timeout, max_bytes=max_bytes))

    def carry(self, wire):
        result = self._transport.send(wire)
        return result if isinstance(result, Response) else self._runner.run(_awaited(result))

    def close(self):
        closing = self._transport.close()
        if closing is not None:
            self._runner.run(_awaited(closing))


async def _awaited(awaitable):
    return await awaitable


@pytest.fixture
def toy():
    return Toy


@pytest.fixture
def film():
    return FILM


@pytest.fixture
def simulated():
    return set_stage(Toy, clock=VirtualClock())


@pytest.fixture
def reach():
    """Return a function from the name of a way and a simulated service to the way."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        servers = []

        def reach(name, simulated):
            if name.endswith("mount"):
                base_url = simulated.simulator.base_url
                transport = simulated.mount()
            else:
                if not servers:
                    servers.append(stack.enter_context(simulated.server()))
                base_url = servers[0].base_url
                transport = BlockingTransport() if name.startswith("blocking") else AsyncTransport()
            way = Way(name, transport, base_url, runner)
            stack.callback(way.close)
            return way

        yield reach


@pytest.fixture(params=WAYS)
def way(request, reach, simulated):
    return reach(request.param, simulated)
