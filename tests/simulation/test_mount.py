import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from polyreel.clock import VirtualClock
from polyreel.errors import FetchFailed, TransportFailed
from polyreel.exchange import AccountSession, Endpoint
from polyreel.flows import BlockingIO, run
from polyreel.http import BearerAuth, Part, Request, Response, Wire
from polyreel.redaction import Secret
from polyreel.simulation.mount import Mount, at_origin
from polyreel.simulation.staging import set_stage


def requests():
    files = [Part(name="a", content="é"), Part(name="b", content=b"\r\n\x00", filename='x"y.png')]
    return {
        "get": ("GET", "/echo", {"query": {"limit": 2, "after": "ä &?", "none": None}}),
        "get with headers": ("GET", "/echo", {"headers": {"X-Upper": "A", "Accept": "application/json"}}),
        "post json": ("POST", "/echo", {"json": {"prompt": "Ünï"}}),
        "post empty json": ("POST", "/echo", {"json": {}}),
        "post form": ("POST", "/echo", {"form": files}),
        "post form with a type": ("POST", "/echo", {"form": files, "headers": {"content-type": "x/y"}}),
        "post json with a type": ("POST", "/echo", {"json": {}, "headers": {"content-type": "x/y+json"}}),
        "post bytes": ("POST", "/echo", {"content": bytes(range(256))}),
        "post nothing": ("POST", "/echo", {}),
        "put": ("PUT", "/echo", {"content": b"x"}),
        "patch": ("PATCH", "/echo", {"json": [1]}),
        "delete with a type": ("DELETE", "/echo", {"headers": {"Content-Type": "application/json"}}),
        "encoded path": ("GET", "/echo/a%2Fb/%C3%A9/a b", {}),
        "dots in the path": ("GET", "/echo/../echo/./x", {}),
        "head of json": ("HEAD", "/echo", {}),
        "head of a film": ("HEAD", "/jobs/1/content", {}),
        "film": ("GET", "/jobs/1/content", {}),
        "first bytes": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=0-9"}}),
        "from a byte": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=255990-"}}),
        "last bytes": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=-10"}}),
        "more than there is": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=255990-999999"}}),
        "beyond the end": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=256000-"}}),
        "no range at all": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=9-1"}}),
        "an unknown range": ("GET", "/jobs/1/content", {"headers": {"Range": "bytes=0-1,3-4"}}),
        "range of text": ("GET", "/plain", {"headers": {"Range": "bytes=0-1"}}),
        "no content": ("DELETE", "/jobs/1", {}),
        "not found": ("GET", "/nothing", {}),
        "an odd status": ("GET", "/odd", {}),
    }


@pytest.mark.parametrize("case", requests())
def test_all_ways_give_the_same_answer(case, reach, simulated):
    method, path, ingredients = requests()[case]
    answers = []
    for name in ("mount", "blocking-socket", "async-socket"):
        way = reach(name, simulated)
        answer = way.send(method, path, **ingredients)
        assert answer.url.startswith(way.base_url)
        if case == "an odd status":  # a line break is kept out of the wire only where there is a wire
            answer.headers.pop("x-odd")
        answers.append((answer.status, dict(answer.headers), answer.content, answer.saved))
    assert answers[1:] == answers[:1] * 2


def test_a_form_arrives_whole(way):
    parts = [Part(name="a", content="é"), Part(name="b", content=b"\r\n\x00", filename='x"y.png')]
    told = way.send("POST", "/echo", form=parts, headers={"content-type": "multipart/form-data"}).json()
    assert told["body"] == """[('a', 'é', None, None), ('b', b'\\r\\n\\x00', 'x"y.png', None)]"""


def test_a_request_arrives_as_a_real_transport_sends_it(simulated):
    seen = []

    def handler(request):
        seen.append(request)
        return Response(status=200)

    mount = Mount(at_origin("https://api.toy.example/v1", handler))
    request = Request(method="post", url="https://API.toy.example:443/v1/é", query={"q": 1}, json={"a": 1})
    mount.send(Wire(request=request, into=io.BytesIO()))
    assert seen == [
        Request(
            method="POST",
            url="https://api.toy.example/v1/%C3%A9?q=1",
            headers={
                "host": "api.toy.example",
                "content-type": "application/json",
                "accept-encoding": "identity",
                "content-length": "7",
            },
            content=b'{"a":1}',
        )
    ]


def test_a_range_answers_with_the_part(way, film):
    answer = way.send("GET", "/jobs/1/content", headers={"Range": "bytes=10-19"})
    assert (answer.status, answer.content) == (206, film[10:20])
    assert answer.headers["content-range"] == f"bytes 10-19/{len(film)}"
    answer = way.send("GET", "/jobs/1/content", headers={"Range": f"bytes={len(film)}-"})
    assert (answer.status, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(film)}"


def test_a_film_goes_into_the_file(way, film):
    file = io.BytesIO()
    answer = way.send("GET", "/jobs/1/content", into=file)
    assert (answer.status, answer.content, answer.saved) == (200, b"", len(film))
    assert file.getvalue() == film


def test_an_error_does_not_go_into_the_file(way):
    file = io.BytesIO()
    answer = way.send("GET", "/nothing", into=file)
    assert (answer.status, answer.json(), answer.saved) == (404, {"error": "no such path"}, None)
    assert file.getvalue() == b""


@pytest.mark.parametrize("into", [None, io.BytesIO])
def test_a_body_that_is_too_long_is_refused(way, into, film):
    with pytest.raises(FetchFailed, match="256,000 bytes or more; at most 1,000 are taken"):
        way.send("GET", "/jobs/1/content", into=into and into(), max_bytes=1000)


@pytest.mark.parametrize("name", ["mount"])
@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1/jobs",
        "http://api.toy.example/v1/jobs",
        "https://api.toy.example:8443/v1/jobs",
    ],
)
def test_a_simulated_client_reaches_nothing_else(name, url, reach, simulated):
    way = reach(name, simulated)
    with pytest.raises(TransportFailed, match="reaches only its simulators, nothing else") as caught:
        way.carry(Wire(request=Request(method="GET", url=url + "?key=secret")))
    assert not caught.value.request_sent
    assert (caught.value.method, caught.value.url) == ("GET", url)
    assert simulated.faults.requests == ()


def test_what_cannot_be_sent_is_not_sent(way):
    with pytest.raises(TransportFailed) as caught:
        way.send("GET", "/echo", headers={"X-Broken": "a\r\nb"}) if way.socket else way.send("GET", "/\x00")
    assert not caught.value.request_sent


def test_a_mistake_of_the_simulator_is_not_hidden_in_process(simulated):
    request = Request(method="GET", url="https://api.toy.example/v1/mistake")
    with pytest.raises(RuntimeError, match="a mistake"):
        simulated.mount().send(Wire(request=request))


def test_a_handler_that_takes_longer_than_the_timeout():
    def slow(_request):
        time.sleep(0.02)
        return Response(status=200)

    mount = Mount(at_origin("https://a.example", slow))
    with pytest.raises(TransportFailed, match=r"no answer in 0\.01 s; it may have arrived") as caught:
        mount.send(Wire(request=Request(method="POST", url="https://a.example/"), timeout=0.01))
    assert caught.value.request_sent


def test_handlers_never_overlap():
    busy, most = 0, 0

    def handler(_request):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        time.sleep(0.005)
        busy -= 1
        return Response(status=200)

    mount = Mount(at_origin("https://a.example", handler))
    wire = Wire(request=Request(method="GET", url="https://a.example/"))
    with ThreadPoolExecutor(5) as threads:
        assert [answer.status for answer in threads.map(lambda _: mount.send(wire), range(5))] == [200] * 5
    assert most == 1


def test_a_session_works_on_a_mount_as_on_the_network(simulated):
    clock = simulated.clock
    session = AccountSession(
        auth=BearerAuth(Secret("toy-key")), base_url=simulated.simulator.base_url, clock=clock
    )
    endpoint = Endpoint(session, simulated.simulator.base_url)
    blocking = run(endpoint.get("/echo"), BlockingIO(transport=simulated.mount(), clock=clock))
    assert blocking.json()["headers"]["authorization"] == "Bearer toy-key"
    # A redirect within the simulated origin is followed like any other.
    moved = run(endpoint.get("/moved"), BlockingIO(transport=simulated.mount(), clock=clock))
    assert moved.json() == {"data": []}


@pytest.mark.parametrize(
    ("url", "answered"),
    [
        ("https://eu.films.toy.example/v1/plain", True),
        ("https://api.toy.example/v1/plain", True),
        ("https://films.toy.example/v1/plain", False),
        ("https://eu.films.toy.example.evil/v1/plain", False),
    ],
)
def test_a_simulator_answers_at_all_addresses_of_its_provider(toy, url, answered):
    simulated = set_stage(toy, clock=VirtualClock(), origins=("https://*.films.toy.example",))
    wire = Wire(request=Request(method="GET", url=url))
    if answered:
        assert simulated.mount().send(wire).content == b"plain text"
    else:
        with pytest.raises(TransportFailed, match="reaches only its simulators"):
            simulated.mount().send(wire)
