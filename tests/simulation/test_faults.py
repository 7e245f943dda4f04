import contextlib
import io
import threading
import time
from dataclasses import replace

import pytest
from polyreel.clock import VirtualClock
from polyreel.errors import FetchFailed, TransportFailed, UnexpectedAnswer
from polyreel.exchange import AccountSession, Endpoint
from polyreel.flows import BlockingIO, run
from polyreel.http import NoAuth, Request, Response
from polyreel.simulation.faults import Fault, Faults, Kind, Seen
from polyreel.simulation.staging import set_stage

JOB = {"json": {"prompt": "a cat"}}


def charged(simulated):
    return len(simulated.charges.entries)


def test_no_fault_changes_nothing(way, simulated):
    assert way.send("POST", "/jobs", **JOB).status == 200
    assert simulated.faults.requests == (Seen("POST", "/v1/jobs"),)
    assert charged(simulated) == 1


def test_refuse(way, simulated):
    simulated.faults.add(Fault(kind="refuse"))
    with pytest.raises(TransportFailed) as caught:
        way.send("POST", "/jobs", **JOB)
    # A server sees a request only once it has been sent: there the connection is reset instead.
    assert caught.value.request_sent is way.socket
    assert charged(simulated) == 0
    assert way.send("POST", "/jobs", **JOB).status == 200
    assert (charged(simulated), simulated.faults.count("POST")) == (1, 2)


@pytest.mark.parametrize(("kind", "acted"), [("drop_before", 0), ("drop_after", 1)])
def test_drop(way, simulated, kind, acted):
    simulated.faults.add(Fault(kind=kind))
    with pytest.raises(TransportFailed, match="it may have arrived") as caught:
        way.send("POST", "/jobs", **JOB)
    assert caught.value.request_sent
    assert charged(simulated) == acted
    assert way.send("GET", "/jobs").status == 200


@pytest.mark.parametrize(("kind", "acted"), [("status", 0), ("status_after", 1)])
def test_status(way, simulated, kind, acted):
    headers = {"Retry-After": "7", "Content-Type": "application/json"}
    simulated.faults.add(Fault(kind=kind, status=429, headers=headers, body=b'{"error": 1}'))
    answer = way.send("POST", "/jobs", **JOB)
    assert (answer.status, answer.json(), answer.headers["retry-after"]) == (429, {"error": 1}, "7")
    assert charged(simulated) == acted


def test_html(way, simulated):
    simulated.faults.add(Fault(kind="html"))
    answer = way.send("POST", "/jobs", **JOB)
    assert (answer.status, answer.media_type, charged(simulated)) == (200, "text/html", 0)
    with pytest.raises(UnexpectedAnswer, match="DOCTYPE"):
        answer.json()


def test_broken_json(way, simulated):
    simulated.faults.add(Fault(kind="broken_json"))
    answer = way.send("POST", "/jobs", **JOB)
    assert (answer.status, charged(simulated)) == (200, 1)
    assert answer.content.startswith(b'{"id": "job_1"')
    with pytest.raises(UnexpectedAnswer):
        answer.json()


def test_empty(way, simulated):
    simulated.faults.add(Fault(kind="empty"))
    answer = way.send("POST", "/jobs", **JOB)
    assert (answer.status, answer.content, charged(simulated)) == (200, b"", 1)


def test_hang(way, simulated):
    simulated.faults.add(Fault(kind="hang"))
    virtual = simulated.clock.now()
    timeout = 0.05 if way.socket else 60.0
    with pytest.raises(TransportFailed, match="it may have arrived") as caught:
        way.send("POST", "/jobs", **JOB, timeout=timeout)
    assert caught.value.request_sent
    assert charged(simulated) == 0
    assert simulated.clock.now() - virtual == (0 if way.socket else 60)
    assert way.send("GET", "/jobs").status == 200


@pytest.mark.parametrize("name", ["blocking-socket", "async-socket"])
def test_on_a_socket_a_hang_is_bounded(name, reach, simulated):
    simulated.faults.add(Fault(kind="hang", seconds=0.05))
    with pytest.raises(TransportFailed, match="disconnected"):
        reach(name, simulated).send("GET", "/jobs", timeout=5)


def test_cut_in_memory(way, simulated):
    simulated.faults.add(Fault(kind="cut"))
    with pytest.raises(TransportFailed, match=r"ended after \d+ of \d+ bytes") as caught:
        way.send("POST", "/jobs", **JOB)
    assert caught.value.request_sent
    assert charged(simulated) == 1


def test_cut_of_a_film(way, simulated, film):
    simulated.faults.add(Fault(kind="cut", path="/content$"))
    file = io.BytesIO()
    with pytest.raises(FetchFailed, match=r"the file ended after 128,000 of 256,000 bytes; fetch it again"):
        way.send("GET", "/jobs/1/content", into=file)
    assert file.getvalue() in {film[:128_000], b""}  # awaited, what came is written in batches
    file = io.BytesIO()
    assert way.send("GET", "/jobs/1/content", into=file).saved == len(film)


def test_nothing_cannot_be_cut(way, simulated):
    simulated.faults.add(Fault(kind="cut"))
    assert way.send("DELETE", "/jobs/1").status == 204


def test_slow(way, simulated):
    seconds = 0.05 if way.socket else 20.0
    simulated.faults.add(Fault(kind="slow", seconds=seconds))
    began, virtual = time.monotonic(), simulated.clock.now()
    assert way.send("POST", "/jobs", **JOB, timeout=30).status == 200
    spent = time.monotonic() - began if way.socket else simulated.clock.now() - virtual
    assert spent >= seconds


def test_too_slow(way, simulated):
    simulated.faults.add(Fault(kind="slow", seconds=20))
    with pytest.raises(TransportFailed) as caught:
        way.send("POST", "/jobs", **JOB, timeout=0.05)
    assert caught.value.request_sent
    assert charged(simulated) == 1


def test_rewrite(way, simulated):
    def renamed(answer):
        return replace(answer, status=201, content=answer.content.replace(b"job_1", b"job_X"))

    simulated.faults.add(Fault(kind="rewrite", rewrite=renamed))
    answer = way.send("POST", "/jobs", **JOB)
    assert (answer.status, answer.json()["id"], charged(simulated)) == (201, "job_X", 1)


def test_every_kind_has_a_test():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    tested |= {"drop_before", "drop_after", "status_after", "cut"}
    assert set(Kind.__args__) <= tested


@pytest.mark.parametrize("advice", ["1", "0.5", "²", "soon", "Thu, 01 Jan 2026 00:00:09 GMT", ""])
def test_a_free_request_is_repeated_whatever_pause_is_advised(simulated, advice):
    simulated.faults.add(Fault(kind="status", headers={"Retry-After": advice}), Fault(kind="drop_after"))
    session = AccountSession(auth=NoAuth(), base_url=simulated.simulator.base_url, clock=simulated.clock)
    endpoint = Endpoint(session, simulated.simulator.base_url)
    io = BlockingIO(transport=simulated.mount(), clock=simulated.clock)
    assert run(endpoint.get("/jobs"), io).status == 200
    assert simulated.faults.count("GET", "/jobs$") == 3


@pytest.mark.parametrize(("kind", "sent"), [("refuse", 2), ("drop_before", 1), ("drop_after", 1), ("cut", 1)])
def test_a_paid_request_is_sent_again_only_when_it_never_left(simulated, kind, sent):
    simulated.faults.add(Fault(kind=kind))
    session = AccountSession(auth=NoAuth(), base_url=simulated.simulator.base_url, clock=simulated.clock)
    flow = Endpoint(session, simulated.simulator.base_url).post("/jobs", **JOB)
    io = BlockingIO(transport=simulated.mount(), clock=simulated.clock)
    with contextlib.suppress(TransportFailed):
        run(flow, io)
    assert simulated.faults.count("POST") == sent
    assert charged(simulated) == (0 if kind == "drop_before" else 1)


def sequence(faults, *requests):
    service = Faults(lambda _: Response(status=200), faults)
    return [service(request).status for request in requests]


@pytest.fixture
def post():
    return Request(method="POST", url="https://a.example/v1/jobs?x=/content")


@pytest.fixture
def get(post):
    return replace(post, method="GET", url="https://a.example/v1/jobs/1/content")


def test_times_and_after(post):
    fault = Fault(kind="status", status=500, after=1, times=2)
    assert sequence([fault], *[post] * 5) == [200, 500, 500, 200, 200]
    assert sequence([replace(fault, times=None)], *[post] * 5) == [200, 500, 500, 500, 500]
    assert sequence([replace(fault, times=0)], *[post] * 3) == [200, 200, 200]


def test_method_and_path(post, get):
    assert sequence([Fault(kind="status", method="post", times=None)], post, get) == [503, 200]
    assert sequence([Fault(kind="status", path="/content$", times=None)], post, get) == [200, 503]
    assert sequence([Fault(kind="status", path="^/v1/jobs$", method="GET")], post, get) == [200, 200]


def test_faults_follow_one_another(post):
    faults = [Fault(kind="status", status=status) for status in (500, 429)]
    assert sequence(faults, *[post] * 3) == [500, 429, 200]


def test_faults_come_and_go(post):
    service = Faults(lambda _: Response(status=200))
    service.add(Fault(kind="status", times=None))
    assert service(post).status == 503
    service.clear()
    assert service(post).status == 200
    assert service.count("POST") == 2
    assert service.count("POST", "/jobs$") == 2
    assert service.count("GET") == service.count("POST", "/other") == 0


def test_counting_is_exact_among_threads(post):
    service = Faults(lambda _: Response(status=200), [Fault(kind="status", times=50)])
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.extend(service(post).status for _ in range(25)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(503), len(service.requests)) == (50, 100)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kind": "explode"}, "there is no fault 'explode'; the kinds are refuse, drop_before"),
        ({"kind": "rewrite"}, "rewrite function"),
        ({"kind": "empty", "rewrite": lambda answer: answer}, "rewrite function"),
        ({"kind": "empty", "path": "("}, "no regular expression"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        Fault(**given)


def test_faults_are_outside_of_the_memory(toy, tmp_path, reach):
    faults = [Fault(kind="drop_after", method="POST")]
    simulated = set_stage(toy, clock=VirtualClock(), kept_at=tmp_path / "toy.json", faults=faults)
    way = reach("mount", simulated)
    with pytest.raises(TransportFailed):
        way.send("POST", "/jobs", **JOB)
    again = set_stage(toy, clock=VirtualClock(), kept_at=tmp_path / "toy.json")
    assert len(reach("mount", again).send("GET", "/jobs").json()["data"]) == 1
    assert charged(again) == 1
