"""Films at addresses of this machine: only those that were asked for, only for those who know where."""

import http.client
import threading
from urllib.parse import quote, urlsplit

import pytest
from polyreel.storage.serving import FilmServer


@pytest.fixture
def server():
    made = FilmServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "a film #1.mp4"
    path.write_bytes(b"film" * 1000)
    return path


def got(url, path=None, method="GET"):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    connection.request(method, parts.path if path is None else path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_a_film_is_served_under_its_address(server, film):
    url = server.address(film)
    status, headers, body = got(url)
    assert (status, body) == (200, film.read_bytes())
    assert (headers["Content-Type"], headers["Content-Length"]) == ("video/mp4", "4000")
    assert urlsplit(url).hostname == "127.0.0.1"


def test_an_address_cannot_be_guessed_and_stays(server, film, tmp_path):
    other = tmp_path / "other.mp4"
    other.write_bytes(b"other")
    first, second = server.address(film), server.address(other)
    assert server.address(film) == first
    tokens = [urlsplit(url).path.split("/")[1] for url in (first, second)]
    assert len(set(tokens)) == 2
    assert all(len(token) >= 32 for token in tokens)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PUT"])
def test_nothing_else_is_there(method, server, film):
    url = server.address(film)
    token = urlsplit(url).path.split("/")[1]
    paths = ["/", f"/{token}", f"/{token}/", f"/{token}/other.mp4", "/guess/a%20film%20%231.mp4"]
    paths += [f"/{token}/../../etc/passwd", "//etc/passwd", quote(str(film)), f"{urlsplit(url).path}?x=1"]
    for path in paths:
        status, _, body = got(url, path, method)
        assert status in ({404} if method == "GET" else {404, 501}), path
        assert film.read_bytes() not in body


def test_a_film_that_is_gone_is_not_found(server, film):
    url = server.address(film)
    film.unlink()
    assert got(url)[0] == 404


def test_it_says_nothing_on_the_terminal(server, film, capfd):
    url = server.address(film)
    got(url)
    got(url, "/nowhere")
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_hangs_up_disturbs_nobody(server, tmp_path, capfd, eventually):
    long = tmp_path / "long.mp4"
    long.write_bytes(b"0" * 30_000_000)
    url = server.address(long)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    connection.request("GET", parts.path)
    connection.getresponse().read(10)
    connection.close()
    assert got(url)[0] == 200
    eventually(lambda: not [t for t in threading.enumerate() if "process_request_thread" in t.name])
    assert capfd.readouterr() == ("", "")


def test_it_stops_and_frees_its_port(film):
    server = FilmServer()
    server.start()
    url = server.address(film)
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        got(url)
    assert not [thread for thread in threading.enumerate() if thread.name == "polyreel-films"]
