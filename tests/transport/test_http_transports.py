"""Both transports against a real server on the loopback interface."""

import asyncio
import errno
import gc
import gzip
import io
import json
import logging
import ssl
import threading
import time
import warnings

import pytest
from polyreel.carriage import Routes
from polyreel.errors import FetchFailed, StorageFailed, TransportFailed, UnexpectedAnswer
from polyreel.http import (
    CONNECTIONS_PER_CLIENT,
    AsyncTransport,
    BlockingTransport,
    Part,
    Request,
    Wire,
)
from polyreel.redaction import Secret


def get(url, **wire):
    return Wire(request=Request(method="GET", url=url), **wire)


def post(url, **wire):
    return Wire(request=Request(method="POST", url=url, json={"prompt": "a"}), **wire)


def test_a_request_and_its_answer(driver, loopback, answers):
    url = loopback.on("/v1/videos", answers.reply(201, b'{"id": "v1"}', Content_Type="application/json"))
    request = Request(
        method="POST",
        url=url,
        query={"a": "b c"},
        headers={"X-Twice": "1", "Accept": "application/json"},
        form=[Part(name="prompt", content="a boat")],
    )
    response = driver.send(Wire(request=request))
    assert (response.status, response.json(), response.saved) == (201, {"id": "v1"}, None)
    assert response.headers["content-type"] == "application/json"
    assert response.url == f"{url}?a=b+c"
    (received,) = loopback.received
    assert (received.method, received.path) == ("POST", "/v1/videos?a=b+c")
    assert received.headers["host"] == f"127.0.0.1:{loopback.port}"
    assert received.headers["x-twice"] == "1"
    assert received.headers["content-length"] == str(len(received.body))
    assert b'name="prompt"\r\n\r\na boat\r\n' in received.body


def test_a_transport_adds_nothing_of_its_own(driver, loopback, answers):
    driver.send(get(loopback.on("/a", answers.reply())))
    assert set(loopback.received[0].headers) == {"host"}


def test_repeated_headers_are_joined(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(X_Many=["1", "2"]))
    assert driver.send(get(url)).headers["x-many"] == "1, 2"


def test_connections_are_reused(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(200, b"x"))
    for _ in range(5):
        driver.send(get(url))
    assert len(loopback.connections) == 1


def test_an_error_is_an_answer(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(500, b"<html>broken</html>", Content_Type="text/html"))
    response = driver.send(get(url))
    assert (response.status, response.text) == (500, "<html>broken</html>")
    with pytest.raises(UnexpectedAnswer, match="text/html with status 500 that begins '<html>broken</html>'"):
        response.json()


def test_a_redirect_is_an_answer(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(302, Location="/b"))
    assert driver.send(get(url)).status == 302
    assert loopback.paths() == ["/a"]


def test_cookies_are_not_kept(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(200, b"", Set_Cookie="session=1; Path=/"))
    driver.send(get(url))
    driver.send(get(url))
    assert "cookie" not in loopback.received[1].headers


def test_compressed_json_is_decoded(driver, loopback, answers):
    body = gzip.compress(json.dumps({"id": "v1"}).encode())
    url = loopback.on("/a", answers.reply(200, body, Content_Encoding="gzip"))
    assert driver.send(get(url)).json() == {"id": "v1"}


def test_broken_compression_is_a_failure_after_sending(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(200, b"no gzip at all", Content_Encoding="gzip"))
    with pytest.raises(TransportFailed) as caught:
        driver.send(post(url))
    assert caught.value.request_sent is True


def test_an_answer_that_unpacks_to_too_much_is_refused(driver, loopback, answers):
    body = gzip.compress(bytes(20_000_000))
    url = loopback.on("/a", answers.reply(200, body, Content_Encoding="gzip"))
    with pytest.raises(FetchFailed, match="at most 8,388,608 are taken"):
        driver.send(get(url))


# --- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_of_just_the_limit_is_taken(driver, loopback, answers, streamed):
    url = loopback.on("/a", answers.reply(200, b"x" * 1000))
    into = io.BytesIO() if streamed else None
    response = driver.send(get(url, max_bytes=1000, into=into))
    assert (into.getvalue() if streamed else response.content) == b"x" * 1000
    assert response.saved == (1000 if streamed else None)


@pytest.mark.parametrize("streamed", [False, True])
def test_an_announced_length_above_the_limit_is_refused_before_a_byte_is_read(
    driver, loopback, answers, streamed
):
    url = loopback.on("/a", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nabc"))
    into = io.BytesIO() if streamed else None
    with pytest.raises(FetchFailed, match=r"/a has 1,001 bytes or more; at most 1,000 are taken"):
        driver.send(get(url, max_bytes=1000, into=into))
    assert not streamed or into.getvalue() == b""


@pytest.mark.parametrize("streamed", [False, True])
def test_a_longer_body_without_announcement_is_refused_while_it_comes(driver, loopback, answers, streamed):
    url = loopback.on("/a", answers.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000))
    into = io.BytesIO() if streamed else None
    with pytest.raises(FetchFailed, match="at most 1,000 are taken"):
        driver.send(get(url, max_bytes=1000, into=into))
    assert not streamed or len(into.getvalue()) <= 1000


def test_an_error_instead_of_a_film_is_kept_in_memory_and_bounded(driver, loopback, answers):
    into = io.BytesIO()
    url = loopback.on("/a", answers.reply(404, b'{"error": 1}'), answers.reply(404, bytes(9_000_000)))
    response = driver.send(get(url, max_bytes=10**9, into=into))
    assert (response.json(), response.saved, into.getvalue()) == ({"error": 1}, None, b"")
    with pytest.raises(FetchFailed, match="at most 8,388,608 are taken"):
        driver.send(get(url, max_bytes=10**9, into=into))


# --- fetching -------------------------------------------------------------------------------------------------


def test_a_film_is_streamed_whole(driver, loopback, answers):
    film = bytes(range(256)) * 20_000
    url = loopback.on("/a", answers.reply(200, film))
    into = io.BytesIO()
    response = driver.send(get(url, max_bytes=10**7, into=into))
    assert into.getvalue() == film
    assert (response.saved, response.content) == (len(film), b"")
    assert loopback.received[0].headers["accept-encoding"] == "identity"


def test_a_film_in_pieces_is_streamed_whole(driver, loopback, answers):
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (b"abc", b"defgh"))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = loopback.on("/a", answers.raw(head + pieces + b"0\r\n\r\n"))
    into = io.BytesIO()
    assert driver.send(get(url, into=into)).saved == 8
    assert into.getvalue() == b"abcdefgh"


def test_a_film_that_comes_encoded_is_refused(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(200, gzip.compress(b"film"), Content_Encoding="gzip"))
    with pytest.raises(FetchFailed, match="content-encoding 'gzip', which was not asked for"):
        driver.send(get(url, into=io.BytesIO()))


def test_a_film_that_says_it_is_not_encoded_is_taken(driver, loopback, answers):
    url = loopback.on("/a", answers.reply(200, b"film", Content_Encoding="identity"))
    assert driver.send(get(url, into=io.BytesIO())).saved == 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 1500, "1,500 of 2,000 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5dc\r\n" + b"x" * 1500, "1,500 bytes"),
    ],
    ids=["length", "chunked"],
)
def test_half_a_film_is_noticed(driver, loopback, answers, answer, said):
    url = loopback.on("/a", answers.raw(answer))
    into = io.BytesIO()
    with pytest.raises(FetchFailed, match=rf"ended after {said}; fetch it again"):
        driver.send(get(url, into=into))
    assert into.getvalue() == b"x" * 1500


def test_half_an_answer_is_a_failure_after_sending(driver, loopback, answers):
    url = loopback.on("/a", answers.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id": '))
    with pytest.raises(TransportFailed, match=r"/a ended after 7 of 99 bytes") as caught:
        driver.send(post(url))
    assert caught.value.request_sent is True
    assert caught.value.method == "POST"


class FullDisk(io.RawIOBase):
    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_full_disk_is_said(driver, loopback, answers, size):
    url = loopback.on("/a", answers.reply(200, bytes(size)))
    with pytest.raises(StorageFailed, match=r"No space left on device; the job is kept.*resume"):
        driver.send(get(url, into=FullDisk()))
    loopback.on("/a", answers.reply(200, b"still usable"))
    assert driver.send(get(url)).text == "still usable"


# --- time -----------------------------------------------------------------------------------------------------


def test_a_server_that_hangs_is_left(driver, loopback, answers):
    url = loopback.on("/a", answers.hang())
    started = time.monotonic()
    with pytest.raises(TransportFailed, match=r"\(ReadTimeout\); it may have arrived") as caught:
        driver.send(post(url, timeout=0.2))
    assert caught.value.request_sent is True
    assert time.monotonic() - started < 3


def test_an_answer_that_drips_has_a_deadline(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b" ", every=0.05, pieces=200))
    started = time.monotonic()
    with pytest.raises(TransportFailed, match=r"was not complete after 0\.3 s") as caught:
        driver.send(post(url, timeout=0.3))
    assert caught.value.request_sent is True
    assert time.monotonic() - started < 3


def test_a_film_may_come_slowly(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"film", every=0.05, pieces=10))
    into = io.BytesIO()
    assert driver.send(get(url, into=into, timeout=0.3)).saved == 40


def test_a_film_that_stops_coming_is_left(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"film", every=5, pieces=10))
    with pytest.raises(TransportFailed, match="ReadTimeout"):
        driver.send(get(url, into=io.BytesIO(), timeout=0.2))


# --- what was sent and what was not -----------------------------------------------------------------------------


def test_where_nobody_listens_nothing_was_sent(driver, closed_port):
    with pytest.raises(TransportFailed, match=r"\(ConnectError\); nothing was sent") as caught:
        driver.send(post(f"http://127.0.0.1:{closed_port}/v1/videos?key=abc"))
    assert caught.value.request_sent is False
    assert (caught.value.method, caught.value.url) == ("POST", f"http://127.0.0.1:{closed_port}/v1/videos")


@pytest.mark.parametrize(
    "url", ["no scheme", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://[::1", ""]
)
def test_an_address_that_is_none_was_sent_nothing(driver, url):
    with pytest.raises(TransportFailed) as caught:
        driver.send(post(url))
    assert caught.value.request_sent is False


def test_a_host_that_is_not_known_was_sent_nothing(driver):
    with pytest.raises(TransportFailed) as caught:
        driver.send(post("http://no-such-host.invalid/"))
    assert caught.value.request_sent is False


def test_a_connection_that_ends_after_the_body_was_delivered_may_have_been_accepted(
    driver, loopback, answers
):
    url = loopback.on("/a", answers.drop())
    with pytest.raises(TransportFailed, match="it may have arrived") as caught:
        driver.send(post(url))
    assert caught.value.request_sent is True
    assert [request.body for request in loopback.received] == [b'{"prompt":"a"}']


def test_a_kept_connection_that_the_server_closed_does_not_repeat_a_post(driver, loopback, answers):
    loopback.on("/warm", answers.reply())
    driver.send(get(loopback.url + "/warm"))
    url = loopback.on("/a", answers.drop())
    with pytest.raises(TransportFailed) as caught:
        driver.send(post(url))
    assert caught.value.request_sent is True
    assert loopback.paths("POST") == ["/a"]


def test_what_is_no_http_is_a_failure_after_sending(driver, loopback, answers):
    url = loopback.on("/a", answers.raw(b"SSH-2.0-OpenSSH_9.9\r\n"))
    with pytest.raises(TransportFailed) as caught:
        driver.send(post(url))
    assert caught.value.request_sent is True


@pytest.mark.parametrize("key", ["line\nbreak-canary", "nul\x00-canary", "“smart-canary”"])
def test_a_key_that_cannot_be_sent_is_not_shown(driver, loopback, answers, key):
    Secret(key)
    request = Request(
        method="POST", url=loopback.on("/a", answers.reply()), headers={"X-Custom": key}, json={}
    )
    with pytest.raises(TransportFailed, match="check the key") as caught:
        driver.send(Wire(request=request))
    assert caught.value.request_sent is False
    assert "canary" not in f"{caught.value}{caught.value!r}{vars(caught.value)}"
    assert loopback.received == []


def test_a_tls_server_that_is_none_was_sent_nothing(driver, loopback):
    with pytest.raises(TransportFailed) as caught:
        driver.send(post(f"https://127.0.0.1:{loopback.port}/"))
    assert caught.value.request_sent is False


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Https"])
@pytest.mark.parametrize("transport", [BlockingTransport, AsyncTransport])
async def test_certificates_are_checked_however_the_scheme_is_written(monkeypatch, scheme, transport):
    import httpx

    seen = []
    for name in ("HTTPTransport", "AsyncHTTPTransport"):
        real = getattr(httpx, name)
        monkeypatch.setattr(
            httpx, name, lambda real=real, **options: (seen.append(options), real(**options))[1]
        )
    made = transport()
    route = Routes().of(get(f"{scheme}://api.example/"))
    made._pool(route) if transport is BlockingTransport else made._shard(route)
    assert isinstance(seen[0]["verify"], ssl.SSLContext)
    assert seen[0]["verify"].verify_mode is ssl.CERT_REQUIRED
    assert seen[0]["verify"].check_hostname


# --- the checked address ----------------------------------------------------------------------------------------


def test_the_given_address_is_connected_to_and_the_host_is_kept(driver, loopback, answers):
    loopback.on("/a", answers.reply(200, b"here"))
    url = f"http://films.invalid:{loopback.port}/a?x=1"
    response = driver.send(get(url, connect_to="127.0.0.1"))
    assert (response.text, response.url) == ("here", url)
    assert loopback.received[0].headers["host"] == f"films.invalid:{loopback.port}"
    assert loopback.received[0].path == "/a?x=1"


def test_the_name_for_the_certificate_is_kept(driver, tls_names):
    with pytest.raises(TransportFailed) as caught:
        driver.send(get(f"https://films.invalid:{tls_names.port}/a", connect_to="127.0.0.1"))
    assert caught.value.request_sent is False
    assert tls_names.seen == ["films.invalid"]


@pytest.fixture
def tls_names():
    """Reads only the name that a client asks a certificate for, then hangs up."""
    import socket

    class Listener:
        seen: list

    listener = Listener()
    listener.seen = []
    server = socket.create_server(("127.0.0.1", 0))
    listener.port = server.getsockname()[1]

    def serve():
        connection, _ = server.accept()
        with connection:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.sni_callback = lambda _, name, __: listener.seen.append(name)
            tls = context.wrap_bio(incoming, outgoing, server_side=True)
            incoming.write(connection.recv(65536))
            with pytest.raises(ssl.SSLError):
                tls.do_handshake()

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener
    thread.join(5)
    server.close()


def test_a_checked_address_is_never_handed_to_a_proxy(
    driver, loopback, second_loopback, answers, monkeypatch
):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, second_loopback.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    loopback.on("/a", answers.reply(200, b"direct"))
    url = f"http://films.invalid:{loopback.port}/a"
    assert driver.send(get(url, connect_to="127.0.0.1")).text == "direct"
    assert second_loopback.received == []


# --- many at once ------------------------------------------------------------------------------------------------


async def test_many_requests_are_spread_over_clients_of_few_connections(loopback):
    gate = threading.Event()

    def together(handler, received):
        gate.wait(10)  # answers only when all 64 are there and were counted
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    url = loopback.on("/a", together)
    transport = AsyncTransport()
    sending = [asyncio.ensure_future(transport.send(get(url, timeout=20))) for _ in range(64)]
    while len(loopback.received) < 64 and not any(task.done() for task in sending):
        await asyncio.sleep(0.005)
    shards = [shard for group in transport._shards.values() for shard in group]
    assert [shard.busy for shard in shards] == [CONNECTIONS_PER_CLIENT] * 8
    assert {len(shard.pool._pool.connections) for shard in shards} == {8}
    gate.set()
    assert [response.text for response in await asyncio.gather(*sending)] == ["ok"] * 64
    assert [shard.busy for shard in shards] == [0] * 8
    await transport.close()


async def test_a_failed_or_cancelled_request_gives_its_place_back(loopback, answers, closed_port, eventually):
    transport = AsyncTransport()
    for _ in range(10):
        with pytest.raises(TransportFailed):
            await transport.send(get(f"http://127.0.0.1:{closed_port}/"))
    hanging = asyncio.ensure_future(transport.send(get(loopback.on("/a", answers.hang()))))
    while not loopback.received:
        await asyncio.sleep(0.005)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    [[shard]] = transport._shards.values()
    assert shard.busy == 0
    loopback.on("/b", answers.reply(200, b"ok"))
    assert (await transport.send(get(loopback.url + "/b"))).text == "ok"
    await transport.close()


def test_one_blocking_transport_serves_many_threads(loopback, answers):
    url = loopback.on("/a", answers.reply(200, b"ok"))
    transport = BlockingTransport()
    texts = []
    threads = [
        threading.Thread(target=lambda: texts.append(transport.send(get(url)).text)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()
    assert texts == ["ok"] * 16


def test_closing_leaves_nothing_open(driver, loopback, answers, eventually):
    url = loopback.on("/a", answers.reply(200, b"x"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        driver.send(get(url))
        with pytest.raises(FetchFailed):
            driver.send(get(url, max_bytes=0))
        driver.close()
        gc.collect()
    eventually(lambda: not loopback.connections)
    assert [str(warning.message) for warning in caught] == []
    assert driver.send(get(url)).text == "x"  # and it opens again when it is used again


def test_the_library_logs_headers_and_its_log_is_cleaned(driver, loopback, answers, caplog):
    caplog.set_level(logging.DEBUG)
    url = loopback.on("/a", answers.reply(200, b"", Location="https://s3.example/f?X-Amz-Signature=abcdef99"))
    driver.send(Wire(request=Request(method="GET", url=url, query={"X-Amz-Signature": "abcdef99", "a": "1"})))
    lines = [record.getMessage() for record in caplog.records if record.name == "httpcore.http11"]
    cleaned = any("X-Amz-Signature=********" in line for line in lines)
    assert cleaned is (driver.kind != "fast")  # aiohttp logs no exchange
    assert "abcdef99" not in caplog.text


# --- proxies ----------------------------------------------------------------------------------------------------


def test_the_proxy_of_the_environment_is_used_and_its_exceptions_are_kept(
    monkeypatch, driver, loopback, answers
):
    monkeypatch.setenv("http_proxy", loopback.url)
    monkeypatch.setenv("no_proxy", "direct.example,127.0.0.1")
    loopback.on("http://far.example/a", answers.reply(200, b"through the proxy"))
    assert driver.send(get("http://far.example/a")).text == "through the proxy"
    [received] = loopback.received
    assert received.path == "http://far.example/a"
    assert Routes().of(get("http://direct.example/a")).proxy is None
    assert Routes().of(get("http://127.0.0.1/a")).proxy is None


def test_a_checked_address_never_goes_through_a_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:8080")
    assert Routes().of(get("http://far.example/a")).proxy == "http://proxy.example:8080"
    assert Routes().of(get("http://far.example/a", connect_to="93.184.215.14")).proxy is None


def test_a_proxy_without_a_scheme_and_for_all_schemes_is_understood(monkeypatch):
    monkeypatch.setenv("all_proxy", "proxy.example:8080")
    assert Routes().of(get("https://far.example/a")).proxy == "http://proxy.example:8080"


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # nobody can close a dead loop's sockets
def test_one_transport_serves_several_event_loops_one_after_another(loopback, answers):
    url = loopback.on("/a", answers.reply(200, b"ok"))
    transport = AsyncTransport()

    async def sent():
        return (await transport.send(get(url))).text

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        assert [asyncio.run(sent()) for _ in range(3)] == ["ok"] * 3
        transport = None
        gc.collect()
    assert transport is None
    assert len(loopback.received) == 3
