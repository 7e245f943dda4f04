import contextlib
import http.client
import logging
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from polyreel.clock import VirtualClock
from polyreel.errors import TransportFailed
from polyreel.http import AsyncTransport, BlockingTransport, Request, Response, Wire
from polyreel.simulation.faults import Fault
from polyreel.simulation.server import SimulationServer
from polyreel.simulation.staging import set_stage


@pytest.fixture
def server(simulated):
    with simulated.server() as server:
        yield server


@pytest.fixture
def raw(server):
    """Return a function that sends bytes and returns everything that comes until the connection ends."""

    def raw(data):
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.sendall(data)
            received = b""
            while piece := connection.recv(65536):
                received += piece
            return received

    return raw


def request(*lines, body=b""):
    return "\r\n".join([*lines, "\r\n"]).encode() + body


def statuses(received):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", received)]


CLOSE = ("Host: x", "Connection: close")


def test_addresses(simulated, toy):
    with simulated.server() as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.base_url == f"{server.url}/v1"
    bare = SimulationServer(simulated.handler, base_url="https://a.example/", port=9)
    assert bare.base_url == "http://127.0.0.1:9"
    assert (
        SimulationServer(simulated.handler, base_url="https://a.example", host="::1").url == "http://[::1]:0"
    )


def test_stop_leaves_nothing_and_start_takes_the_port_again(simulated):
    before = set(threading.enumerate())
    server = simulated.server().start()
    assert server.start() is server
    transport = BlockingTransport()
    wire = Wire(request=Request(method="GET", url=f"{server.base_url}/jobs"))
    assert transport.send(wire).status == 200
    with socket.create_connection((server.host, server.port)) as idle:
        idle.sendall(request("HEAD /v1/jobs HTTP/1.1", "Host: x"))
        assert idle.recv(65536)
        server.stop()
        server.stop()
        assert idle.recv(1) == b""
    assert set(threading.enumerate()) == before
    with pytest.raises(TransportFailed) as refused:
        transport.send(wire)
    assert not refused.value.request_sent
    port = server.port
    with server:
        assert server.port == port
        assert transport.send(wire).status == 200
    transport.close()


def test_stop_does_not_wait_for_a_hang(simulated):
    simulated.faults.add(Fault(kind="hang", seconds=60), Fault(kind="slow", seconds=60))
    server = simulated.server().start()
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(socket.create_connection((server.host, server.port)))
            connection.sendall(request("GET /v1/jobs HTTP/1.1", "Host: x") * 2)
        while len(simulated.faults.requests) < 2:
            time.sleep(0.001)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2


def test_wait_ends_with_stop(simulated):
    server = simulated.server()
    server.wait()
    server.start()
    threading.Timer(0.05, server.stop).start()
    server.wait()


def test_a_taken_port_is_an_error(server, simulated):
    with pytest.raises(OSError, match="in use"):
        simulated.server(port=server.port).start()


def test_many_requests_on_one_connection_are_quick(server):
    connection = http.client.HTTPConnection(server.host, server.port)
    began = time.monotonic()
    for number in range(100):
        connection.request("POST", "/v1/jobs", body=b'{"number": %d}' % number)
        assert connection.getresponse().read().startswith(b'{"id"')
    assert time.monotonic() - began < 2  # Nagle and delayed acknowledgements would make it 4 s
    connection.close()


def test_requests_may_be_pipelined(raw):
    answer = raw(request("GET /v1/jobs HTTP/1.1", "Host: x") + request("GET /v1/nothing HTTP/1.1", *CLOSE))
    assert statuses(answer) == [200, 404]
    assert b"\r\nconnection: close\r\n" in answer


def test_http_1_0_and_absolute_targets(raw):
    assert statuses(raw(request("GET /v1/jobs HTTP/1.0", "Connection: keep-alive"))) == [200]
    answer = raw(request("GET http://any.example/v1/echo?a=1 HTTP/1.1", *CLOSE))
    assert b"<https://api.toy.example/v1/echo?a=1>" in answer


def test_repeated_headers_are_joined(raw):
    answer = raw(request("GET /v1/echo HTTP/1.1", "X-A: 1", "x-a:  2 ", *CLOSE))
    assert b'"x-a": "1, 2"' in answer


def test_a_chunked_body(raw):
    chunks = b"3;ext=1\r\nabc\r\n2\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n"
    answer = raw(request("POST /v1/echo HTTP/1.1", "Transfer-Encoding: chunked", *CLOSE, body=chunks))
    assert b"abc\r\n".hex().encode() in answer
    assert b"transfer-encoding" not in answer.lower()


def test_expect_continue(raw):
    head = ("POST /v1/echo HTTP/1.1", "Expect: 100-continue", "Content-Length: 2", *CLOSE)
    assert statuses(raw(request(*head, body=b"hi"))) == [100, 200]


def test_a_body_that_is_too_long_is_not_invited(raw, server):
    head = ("POST /v1/echo HTTP/1.1", "Expect: 100-continue", "Content-Length: 999999999999", *CLOSE)
    assert statuses(raw(request(*head))) == [413]


def test_no_length_and_no_body(raw):
    assert statuses(raw(request("POST /v1/echo HTTP/1.1", *CLOSE))) == [200]
    assert statuses(raw(request("DELETE /v1/jobs/1 HTTP/1.1", "Content-Type: application/json", *CLOSE))) == [
        204
    ]


def test_answers_without_a_body(raw):
    head = raw(request("HEAD /v1/jobs/1/content HTTP/1.1", *CLOSE))
    assert head.endswith(b"\r\n\r\n")
    assert b"content-length: 256000" in head
    gone = raw(request("DELETE /v1/jobs/1 HTTP/1.1", *CLOSE))
    assert gone.endswith(b"\r\n\r\n")
    assert b"content-length" not in gone


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (["Content-Length: -1"], b"", 400),
        (["Content-Length: 1", "Content-Length: 2"], b"xx", 400),
        (["Content-Length: 5", "Transfer-Encoding: chunked"], b"", 400),
        (["Transfer-Encoding: gzip, chunked"], b"", 400),
        (["Transfer-Encoding: chunked"], b"zz\r\n", 400),
        (["Transfer-Encoding: chunked"], b"-1\r\n", 400),
        (["Transfer-Encoding: chunked"], b"1\r\nab\r\n", 400),
        (["Transfer-Encoding: chunked"], b"0\r\n" + b"a: b\r\n" * 101, 400),
        (["Transfer-Encoding: chunked"], b"7fffffff\r\n", 413),
        (["Content-Length: 2147483648"], b"x", 413),
    ],
)
def test_malformed_lengths_are_refused(raw, simulated, lines, body, status):
    answer = raw(request("POST /v1/jobs HTTP/1.1", "Host: x", *lines, body=body))
    assert statuses(answer) == [status]
    assert b'{"error": {"message": "' in answer
    assert simulated.faults.requests == ()


def test_the_answer_arrives_though_the_client_is_still_sending(simulated):
    with SimulationServer(simulated.handler, base_url="https://a.example", max_bytes=1000) as server:
        transport = BlockingTransport()
        sent = Request(method="POST", url=server.base_url, content=bytes(8_000_000))
        assert transport.send(Wire(request=sent)).status == 413
        transport.close()


def test_clients_that_leave_disturb_nobody(server, simulated, caplog):
    for data in (b"", b"GET", b"POST /v1/jobs HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(data)
    transport = BlockingTransport()
    assert transport.send(Wire(request=Request(method="GET", url=f"{server.base_url}/jobs"))).status == 200
    transport.close()
    assert simulated.faults.count("POST") == 0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_unknown_methods_and_nonsense(raw):
    assert statuses(raw(request("BREW /v1/jobs HTTP/1.1", *CLOSE))) == [501]
    assert statuses(raw(b"nonsense\r\n\r\n")) == [400]


def test_a_mistake_of_the_simulator_is_an_answer(raw, caplog):
    answer = raw(request("GET /v1/mistake HTTP/1.1", *CLOSE))
    assert statuses(answer) == [500]
    assert b"the simulator failed: RuntimeError: a mistake in the simulator" in answer
    assert "Traceback" in caplog.text


def test_a_header_never_becomes_two(raw):
    answer = raw(request("GET /v1/odd HTTP/1.1", *CLOSE))
    assert b"x-odd: a X-B: c\r\n" in answer


def test_addresses_in_answers_lead_back(server):
    transport = BlockingTransport()
    wire = Wire(request=Request(method="GET", url=f"{server.base_url}/links"))
    told = transport.send(wire).json()
    assert told == {"url": f"{server.base_url}/jobs", "prompt": "see https://api.toy.example/v1/jobs"}
    wire = Wire(request=Request(method="GET", url=f"{server.base_url}/moved"))
    assert transport.send(wire).headers["location"] == f"{server.base_url}/jobs"
    transport.close()


def test_a_long_film_and_a_long_upload():
    content = bytes(20_000_000)
    lengths = []

    def handler(request):
        lengths.append(len(request.content))
        return Response(status=200, content=content)

    transport = BlockingTransport()
    with SimulationServer(handler, base_url="https://a.example") as server:
        sent = Request(method="POST", url=server.base_url, content=content)
        answer = transport.send(Wire(request=sent, max_bytes=30_000_000, timeout=20))
    transport.close()
    assert lengths == [len(answer.content)] == [20_000_000]


def test_twenty_clients_at_once_are_answered_one_at_a_time(toy):
    simulated = set_stage(toy, clock=VirtualClock())
    handle, busy = simulated.simulator.handle, threading.Lock()

    def alone(request):
        assert busy.acquire(blocking=False)
        try:
            return handle(request)
        finally:
            busy.release()

    with SimulationServer(alone, base_url=toy.base_url) as server:

        def client(_):
            connection = http.client.HTTPConnection(server.host, server.port)
            ids = []
            for _ in range(10):
                connection.request("POST", "/v1/jobs", body=b"{}")
                ids.append(connection.getresponse().read().split(b'"')[3])
            connection.close()
            return ids

        with ThreadPoolExecutor(20) as pool:
            ids = [job for jobs in pool.map(client, range(20)) for job in jobs]
    assert len(set(ids)) == len(simulated.charges.entries) == 200


async def test_twenty_awaited_exchanges_at_once(server):
    import asyncio

    transport = AsyncTransport()
    wire = Wire(request=Request(method="GET", url=f"{server.base_url}/jobs/1/content"))
    answers = await asyncio.gather(*(transport.send(wire) for _ in range(20)))
    assert {len(answer.content) for answer in answers} == {256_000}
    await transport.close()
