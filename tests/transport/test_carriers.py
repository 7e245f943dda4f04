"""The awaited client's carrier is chosen by name; aiohttp's differs in nothing but speed."""

import asyncio
import gc
import io
import logging
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress

import pytest
from polyreel.carriers import FastTransport, carrier
from polyreel.errors import ConfigurationError, FetchFailed, MissingExtra, TransportFailed
from polyreel.http import AsyncTransport, Request, Wire


def get(url, **wire):
    return Wire(request=Request(method="GET", url=url), **wire)


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, AsyncTransport),
        ({"POLYREEL_HTTP": ""}, AsyncTransport),
        ({"POLYREEL_HTTP": "httpx"}, AsyncTransport),
        ({"POLYREEL_HTTP": "aiohttp"}, FastTransport),
    ],
)
def test_a_carrier_is_named_in_the_environment(environ, kind):
    assert type(carrier(environ)) is kind


def test_an_unknown_carrier_is_said():
    with pytest.raises(ConfigurationError, match=r"POLYREEL_HTTP='requests'.*httpx.*aiohttp"):
        carrier({"POLYREEL_HTTP": "requests"})


def test_a_carrier_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingExtra, match=r"POLYREEL_HTTP=aiohttp needs.*polyreel\[fast\]"):
        carrier({"POLYREEL_HTTP": "aiohttp"})


async def test_the_client_takes_the_carrier_of_the_environment(monkeypatch, tmp_path):
    from polyreel.async_client import AsyncClient

    monkeypatch.setenv("POLYREEL_HTTP", "aiohttp")
    async with AsyncClient(home=tmp_path, store="memory") as client:
        assert type(client._transport) is FastTransport


@pytest.fixture(params=[AsyncTransport, FastTransport], ids=["httpx", "aiohttp"])
def awaited(request):
    return request.param


async def test_64_at_once_are_on_their_way_together(loopback, awaited):
    gate = threading.Event()

    def together(handler, received):
        gate.wait(10)  # answers only when all 64 are there
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    url = loopback.on("/a", together)
    transport = awaited()
    sending = [asyncio.ensure_future(transport.send(get(url, timeout=20))) for _ in range(64)]
    while len(loopback.received) < 64 and not any(task.done() for task in sending):
        await asyncio.sleep(0.005)
    assert len(loopback.connections) == 64
    gate.set()
    assert [response.text for response in await asyncio.gather(*sending)] == ["ok"] * 64
    await transport.close()


async def test_a_cancelled_exchange_closes_its_connection(loopback, answers, awaited):
    transport = awaited()
    hanging = asyncio.ensure_future(transport.send(get(loopback.on("/a", answers.hang()))))
    while not loopback.received:
        await asyncio.sleep(0.005)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    loopback.on("/b", answers.reply(200, b"ok"))
    assert (await transport.send(get(loopback.url + "/b"))).text == "ok"
    await transport.close()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # nobody can close a dead loop's sockets
def test_one_transport_serves_several_event_loops_one_after_another(loopback, answers, awaited, caplog):
    url = loopback.on("/a", answers.reply(200, b"ok"))
    transport = awaited()

    async def sent():
        return (await transport.send(get(url))).text

    with warnings.catch_warnings(), caplog.at_level(logging.ERROR):
        warnings.simplefilter("ignore", ResourceWarning)
        assert [asyncio.run(sent()) for _ in range(3)] == ["ok"] * 3
        asyncio.run(transport.close())
        gc.collect()
    assert len(loopback.received) == 3
    assert caplog.records == []


def test_an_exchange_is_carried_once_whatever_the_method(driver, loopback, answers):
    """A library that repeats a GET on a connection that was closed decides what is decided elsewhere."""
    loopback.on("/warm", answers.reply())
    driver.send(get(loopback.url + "/warm"))
    url = loopback.on("/a", answers.drop())
    with pytest.raises(TransportFailed) as caught:
        driver.send(get(url))
    assert caught.value.request_sent is True
    assert loopback.paths() == ["/warm", "/a"]


def test_a_cookie_of_a_named_host_is_not_kept(driver, loopback, answers):
    """Some libraries keep none of an address that is a number, and those of names."""
    loopback.on("/a", answers.reply(200, b"", Set_Cookie="session=1; Path=/"))
    for _ in range(2):
        driver.send(get(f"http://localhost:{loopback.port}/a"))
    assert "cookie" not in loopback.received[1].headers


def test_a_name_in_an_address_is_not_sent_as_credentials(driver, loopback, answers):
    loopback.on("/a", answers.reply())
    driver.send(get(f"http://user:canary@127.0.0.1:{loopback.port}/a"))
    assert loopback.received[0].headers == {"host": f"127.0.0.1:{loopback.port}"}


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a%2Fb/%E2%82%AC?x=%2B+1&y=a%20b", "/a%2Fb/%E2%82%AC?x=%2B+1&y=a%20b"),
        ("/a b/€?q=ü", "/a%20b/%E2%82%AC?q=%C3%BC"),
        ("/a/../b/./c", "/b/c"),
        ("/a#part", "/a"),
        ("", "/"),
    ],
)
def test_an_address_is_sent_as_it_is(driver, loopback, path, sent):
    driver.send(get(loopback.url + path))
    assert loopback.paths() == [sent]


def test_a_long_address_in_a_header_is_taken(driver, loopback, answers):
    target = "https://films.example/film?sig=" + "a" * 20_000
    url = loopback.on("/a", answers.reply(302, Location=target))
    assert driver.send(get(url)).headers["location"] == target


@pytest.mark.parametrize("value", [" key", "key ", "key\tk\n", "k\x0bey", "\tkey"])
def test_a_header_that_would_be_changed_on_its_way_is_refused(driver, loopback, value):
    wire = Wire(request=Request(method="GET", url=loopback.url, headers={"X-Key": value}))
    with pytest.raises(TransportFailed, match="check the key") as caught:
        driver.send(wire)
    assert caught.value.request_sent is False
    assert loopback.received == []


@pytest.mark.parametrize("name", ["X Key", "", "X:Key", "X-Kéy"])
def test_a_header_whose_name_is_none_is_refused(driver, loopback, name):
    with pytest.raises(TransportFailed, match="check the key") as caught:
        driver.send(Wire(request=Request(method="GET", url=loopback.url, headers={name: "1"})))
    assert caught.value.request_sent is False
    assert loopback.received == []


def test_a_checked_address_is_connected_to_anew_each_time(driver, loopback, answers):
    """A connection that is kept would serve another name at the same address, whose certificate nobody saw."""
    seen = []

    def noting(handler, received):
        seen.append(handler.client_address)
        answers.reply(200, b"x")(handler, received)

    loopback.on("/a", noting)
    for host in ("one.invalid", "two.invalid", "two.invalid"):
        driver.send(get(f"http://{host}:{loopback.port}/a", connect_to="127.0.0.1"))
    assert len(set(seen)) == 3


class SlowDisk(io.BytesIO):
    def write(self, data):
        time.sleep(0.05)
        return super().write(data)


@pytest.mark.parametrize("size", [1_100_000, 1_400_000, 1_700_000, 2_000_000])
def test_what_came_before_a_connection_broke_is_kept_however_slow_the_disk_is(
    driver, loopback, answers, size
):
    """The rest comes, and the connection breaks, while the disk is still busy with the beginning."""
    film = bytes(size)
    url = loopback.on("/a", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + film))
    into = SlowDisk()
    with pytest.raises(FetchFailed, match=f"ended after {size:,} of 5,000,000 bytes"):
        driver.send(get(url, into=into))
    assert len(into.getvalue()) == len(film)


@pytest.fixture
def hasty():
    """Answers as soon as the head is there, and only then reads the body."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(5)

    def serve():
        connection, _ = server.accept()
        connection.settimeout(1)
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1024)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
            with suppress(OSError):  # a client may hang up as well
                while connection.recv(65536):
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/a"
    thread.join(10)
    server.close()


def test_an_answer_that_comes_before_the_body_is_written_is_taken(driver, hasty):
    request = Request(method="POST", url=hasty, content=bytes(20_000_000))
    response = driver.send(Wire(request=request, before=lambda: None))
    driver.close()
    assert (response.status, response.text) == (413, "big")


def test_a_body_that_is_not_taken_has_a_deadline(driver):
    """A server that accepts and reads nothing: the request may have arrived in part."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a"
        request = Request(method="POST", url=url, content=bytes(30_000_000))
        with pytest.raises(TransportFailed) as caught:
            driver.send(Wire(request=request, timeout=0.3))
    assert caught.value.request_sent is True


@pytest.mark.parametrize(
    "body", [{"method": "POST", "json": {"a": 1}}, {"method": "GET"}], ids=["body", "none"]
)
def test_a_head_that_drips_has_a_deadline(driver, loopback, body):
    def dripping(handler, received):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(200):
            handler.wfile.write(b"X-%d: 1\r\n" % number)
            if handler.server.loopback.stopping.wait(0.05):
                break
        handler.close_connection = True

    url = loopback.on("/a", dripping)
    for _ in range(2):  # over a new connection, and over one that was kept
        loopback.on("/warm", lambda handler, received: handler.wfile.write(b"HTTP/1.1 204 No\r\n\r\n"))
        driver.send(get(loopback.url + "/warm"))
        started = time.monotonic()
        with pytest.raises(TransportFailed) as caught:
            driver.send(Wire(request=Request(url=url, **body), timeout=0.3))
        assert caught.value.request_sent is True
        assert time.monotonic() - started < 3
