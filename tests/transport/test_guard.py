"""What a user or a vendor names is fetched only where it certainly may be, over real sockets and with both drivers."""

import io
import socket

import pytest
from polyreel.errors import AddressRefused, TransportFailed, UnexpectedAnswer
from polyreel.exchange import MAX_REDIRECTS, AccountSession, PublicSession
from polyreel.flows import Fetch
from polyreel.http import BearerAuth, Request
from polyreel.redaction import Secret

PUBLIC = "93.184.215.14"
SECRET = {
    "Authorization": "Bearer canary-0123456789",
    "x-goog-api-key": "canary-0123456789",
    "Cookie": "canary",
}
INSIDE = {
    "this machine": "http://127.0.0.1/",
    "this machine, decimal": "http://2130706433/",
    "this machine, hexadecimal": "http://0x7f.0.0.1/",
    "this machine, octal": "http://0177.0.0.1/",
    "this machine, short": "http://127.1/",
    "this machine, by name": "http://localhost/",
    "any address": "http://0.0.0.0/",
    "private": "http://10.0.0.1/",
    "shared": "http://100.64.0.1/",
    "link-local": "http://169.254.169.254/latest/meta-data/iam/",
    "multicast": "http://224.0.0.1/",
    "this machine, IPv6": "http://[::1]/",
    "mapped": "http://[::ffff:127.0.0.1]/",
    "NAT64": "http://[64:ff9b::7f00:1]/",
    "6to4": "http://[2002:7f00:1::]/",
    "Teredo": "http://[2001:0:7f00:1::]/",
    "unique local": "http://[fd00::1]/",
    "with a zone": "http://[fe80::1%25lo]/",
    "a file": "file:///etc/passwd",
    "FTP": "ftp://films.example/a",
    "gopher": "gopher://films.example:80/_GET",
    "a password": "http://user:canary@films.example/",
    "an odd port": "http://films.example:6379/",
}


class Names:
    """A resolver whose names lead where a test says, at most one address for each question."""

    def __init__(self, **leads):
        self.leads = {name.replace("_", "."): list(found) for name, found in leads.items()}
        self.asked = []

    def __call__(self, host, port):
        self.asked.append(host)
        found = self.leads.get(host)
        if found is None:
            return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        return [found.pop(0) if len(found) > 1 else found[0]]


def fetch(driver, session, url, into=None, headers=None):
    request = Request(method="GET", url=url, headers=headers or {})
    return driver.run(_fetched(session, request, into or io.BytesIO()))


def _fetched(session, request, into):
    return (yield Fetch(request=request, session=session, into=into, max_bytes=1000))


@pytest.fixture
def public(driver):
    return lambda resolver, **options: PublicSession(clock=driver.clock, resolver=resolver, **options)


@pytest.fixture
def account(driver, loopback):
    """An account at a local server, whose vendor's answers may name any address."""

    def session(resolver=None, **options):
        auth = BearerAuth(Secret("canary-0123456789"))
        given = {} if resolver is None else {"resolver": resolver}
        return AccountSession(
            clock=driver.clock, auth=auth, base_url=f"{loopback.url}/v1", **given, **options
        )

    return session


@pytest.mark.parametrize("place", INSIDE)
def test_an_address_that_leads_inside_is_not_fetched(driver, public, place):
    into = io.BytesIO()
    with pytest.raises(AddressRefused) as caught:
        fetch(driver, public(Names(films_example=[PUBLIC])), INSIDE[place], into)
    assert caught.value.request_sent is False
    assert "canary" not in str(caught.value)
    assert into.getvalue() == b""


@pytest.mark.parametrize(
    "place", sorted(set(INSIDE) - {"this machine", "this machine, by name", "this machine, IPv6"})
)
def test_an_answer_of_a_vendor_leads_nowhere_inside_either(driver, account, loopback, answers, place):
    """By a redirect, and from a server that stands on this machine itself."""
    loopback.on("/v1/content", answers.reply(302, Location=INSIDE[place]))
    with pytest.raises(TransportFailed) as caught:
        fetch(driver, account(Names(films_example=[PUBLIC])), f"{loopback.url}/v1/content")
    assert "canary" not in str(caught.value)
    assert loopback.paths() == ["/v1/content"]


def test_a_name_that_changes_where_it_leads_is_asked_once(driver, public, closed_port):
    """DNS rebinding: what was looked at is what is connected to. The documentation's network answers nobody."""
    names = Names(films_example=[PUBLIC, "127.0.0.1"])
    carried = []

    class Watched(PublicSession):
        def _carried(self, wire):
            carried.append(wire.connect_to)
            raise TransportFailed("nothing is sent in a test", request_sent=False)

    session = Watched(clock=driver.clock, resolver=names)
    with pytest.raises(TransportFailed):
        fetch(driver, session, "http://films.example/a")
    # Each try looks again, and each connects to what it looked at: the second one is refused.
    assert carried == [PUBLIC]
    assert names.asked == ["films.example", "films.example"]


def test_each_hop_is_looked_at(driver, loopback, second_loopback, answers, account):
    """From the vendor to a store, and from there inside."""
    second_loopback.on("/a", answers.reply(302, Location="http://inside.example/b"))
    loopback.on("/v1/content", answers.reply(302, Location=f"{second_loopback.url}/a"))
    names = Names(inside_example=["10.0.0.7"])
    with pytest.raises(AddressRefused, match=r"inside\.example leads to 10\.0\.0\.7"):
        fetch(driver, account(names), f"{loopback.url}/v1/content")
    assert second_loopback.paths() == ["/a"]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_loop_of_redirects_ends(driver, loopback, answers, account, length):
    for number in range(length):
        place = f"{loopback.url}/v1/{(number + 1) % length}"
        loopback.on(f"/v1/{number}", answers.reply(302, Location=place))
    with pytest.raises(UnexpectedAnswer, match=f"redirects more than {MAX_REDIRECTS} times"):
        fetch(driver, account(), f"{loopback.url}/v1/0")
    assert len(loopback.received) == MAX_REDIRECTS + 1


def test_nothing_secret_crosses_origins(driver, loopback, second_loopback, answers, account):
    second_loopback.on("/film", answers.reply(200, b"film"))
    loopback.on("/v1/content", answers.reply(302, Location=f"{second_loopback.url}/film"))
    fetch(driver, account(), f"{loopback.url}/v1/content", headers={**SECRET, "Accept": "video/mp4"})
    (received,) = second_loopback.received
    assert "canary" not in repr(received)
    assert received.headers["accept"] == "video/mp4"
    assert "canary" in repr(loopback.received)


def test_what_is_encrypted_is_not_sent_on_to_what_is_not(driver):
    """Whoever listens on the way would choose the film."""
    from polyreel.exchange import _redirected
    from polyreel.http import Response

    request = Request(method="GET", url="https://films.example/a")
    answer = Response(status=302, headers={"location": "http://films.example/a"})
    with pytest.raises(AddressRefused, match="which is not encrypted; it is not followed"):
        _redirected(request, answer)
    answer = Response(status=302, headers={"location": "/b"})
    assert _redirected(request, answer).url == "https://films.example/b"


# --- a server of the caller's own -------------------------------------------------------------------------------


def test_a_local_server_that_was_set_up_is_reached_by_its_origin_alone(
    driver, loopback, second_loopback, answers, public
):
    url = loopback.on("/picture", answers.reply(200, b"picture"))
    other = second_loopback.on("/picture", answers.reply(200, b"picture"))
    session = public(Names(), allowed=[f"{loopback.url}/v1"])
    into = io.BytesIO()
    fetch(driver, session, url, into)
    assert into.getvalue() == b"picture"
    with pytest.raises(AddressRefused):
        fetch(driver, session, other)
    assert second_loopback.received == []


def test_nobody_else_sends_to_a_local_server(driver, loopback, second_loopback, answers, public):
    """An allowed origin is for whom the caller sends there, not for another server's redirect."""
    loopback.on("/admin", answers.reply(200, b"secret"))
    place = second_loopback.on("/picture", answers.reply(302, Location=f"{loopback.url}/admin"))
    session = public(Names(), allowed=[f"{loopback.url}/v1", f"{second_loopback.url}/"])
    with pytest.raises(AddressRefused, match="a local server"):
        fetch(driver, session, place)
    assert loopback.received == []


@pytest.mark.parametrize("allowed", [[""], ["no address"], ["http://[::1/"], ["//127.0.0.1"]])
def test_an_address_that_is_none_allows_nothing(driver, public, loopback, allowed):
    with pytest.raises(AddressRefused):
        fetch(driver, public(Names(), allowed=allowed), f"{loopback.url}/a")
    assert loopback.received == []
