import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.addresses import is_loopback, public_address, system_resolver
from polyreel.clock import VirtualClock
from polyreel.errors import AddressRefused, TransportFailed
from polyreel.exchange import PublicSession
from polyreel.flows import Call, Fetch
from polyreel.http import Request, Wire

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def resolving(*addresses):
    return lambda host, port: list(addresses)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",  # decimal
        "http://0x7f000001/",  # hexadecimal
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",  # octal
        "http://127.1/",
        "http://0.0.0.0/",
        "http://0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",  # link-local: the clouds' metadata
        "http://100.64.0.1/",  # shared address space
        "http://198.18.0.1/",  # benchmarking
        "http://192.0.0.8/",
        "http://224.0.0.1/",  # multicast
        "http://240.0.0.1/",  # reserved
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",  # mapped
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",  # compatible
        "http://[64:ff9b::7f00:1]/",  # NAT64
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",  # 6to4
        "http://[2001::1]/",  # Teredo
        "http://[fe80::1]/",
        "http://[fe80::1%lo]/",
        "http://[fec0::1]/",
        "http://[fc00::1]/",
        "http://[ff02::1]/",
        "http://[2001:db8::1]/",
    ],
)
def test_what_leads_inside_is_refused(url):
    with pytest.raises(AddressRefused, match="is not a public address; download the file yourself") as caught:
        public_address(url)
    assert caught.value.request_sent is False
    assert caught.value.url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://host.example/a", "only http and https"),
        ("gopher://host.example:80/a", "only http and https"),
        ("data:text/html,x", "only http and https"),
        ("//host.example/a", "only http and https"),
        ("host.example/a", "only http and https"),
        ("http:///a", "only http and https"),
        ("", "only http and https"),
        ("http://user:password@host.example/", "a user name or password"),
        ("http://user@host.example/", "a user name or password"),
        ("http://@host.example/", "a user name or password"),
        ("http://host.example@127.0.0.1/", "a user name or password"),
        ("http://host.example:22/", r"port 22 is not one of \[80, 443, 8080, 8443\]"),
        ("http://host.example:0/", "port 0 is not one of"),
        ("https://host.example:6379/", "port 6379"),
        ("http://host.example:99999/", "is not a valid address"),
        ("http://host.example:x/", "is not a valid address"),
        ("http://[::1/", "is not a valid address"),
    ],
)
def test_what_is_no_plain_address_is_refused_before_the_host_is_looked_up(url, reason):
    def never(host, port):
        pytest.fail("the host was looked up")

    with pytest.raises(AddressRefused, match=reason) as caught:
        public_address(url, resolver=never)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize("found", [PUBLIC, PUBLIC_V6, "::ffff:93.184.215.14"])
@pytest.mark.parametrize("port", ["", ":80", ":443", ":8080", ":8443"])
def test_a_public_address_is_returned_to_be_connected_to(found, port):
    assert public_address(f"https://host.example{port}/a", resolver=resolving(found)) == found


def test_the_host_and_the_port_are_what_is_looked_up():
    seen = []

    def resolver(host, port):
        seen.append((host, port))
        return [PUBLIC]

    public_address("HTTPS://Host.Example/a", resolver=resolver)
    public_address("http://host.example:8080/a", resolver=resolver)
    assert seen == [("host.example", 443), ("host.example", 8080)]


@pytest.mark.parametrize("place", range(3))
def test_one_private_address_among_many_is_enough(place):
    found = [PUBLIC, PUBLIC_V6]
    found.insert(place, "10.0.0.1")
    with pytest.raises(AddressRefused, match=r"host\.example leads to 10\.0\.0\.1"):
        public_address("https://host.example/", resolver=resolving(*found))


def test_the_query_of_a_refused_address_is_not_shown():
    with pytest.raises(AddressRefused) as caught:
        public_address("http://127.0.0.1/a?sig=abcdef", resolver=resolving("127.0.0.1"))
    assert "abcdef" not in f"{caught.value}{caught.value.url}"


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", f"http://{'a' * 64}.example/", "http://a\x00b.example/"]
)
def test_a_host_that_nobody_knows(url):
    with pytest.raises(TransportFailed, match="is not known") as caught:
        public_address(url)
    assert not isinstance(caught.value, AddressRefused)
    assert caught.value.request_sent is False


def test_a_host_without_any_address():
    with pytest.raises(TransportFailed, match="has no address"):
        public_address("http://host.example/", resolver=resolving())


def test_a_resolver_that_answers_rubbish():
    with pytest.raises(TransportFailed):
        public_address("http://host.example/", resolver=resolving("rubbish"))


def test_the_machine_resolves_numbers_as_they_are():
    assert set(system_resolver("127.0.0.1", 80)) == {"127.0.0.1"}


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7"))
def test_no_private_address_passes_in_any_order(address):
    with pytest.raises(AddressRefused):
        public_address("https://host.example/", resolver=resolving(PUBLIC, str(address)))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("localhost.localdomain", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_what_is_this_machine(host, loopback):
    assert is_loopback(host) is loopback


def test_a_resolver_that_changes_its_mind_leads_nowhere_else():
    """DNS rebinding: the address that was checked is the one that is connected to, and it is asked once."""
    seen = []

    def rebinding(host, port):
        seen.append(host)
        return [PUBLIC] if len(seen) == 1 else ["127.0.0.1"]

    session = PublicSession(clock=VirtualClock(), resolver=rebinding)
    request = Request(method="GET", url="https://host.example/a.png")
    flow = session.exchange(Fetch(request=request, session=session, into=io.BytesIO(), max_bytes=10))
    looking = next(flow)
    assert isinstance(looking, Call)
    wire = flow.send(looking.function())
    assert isinstance(wire, Wire)
    assert (wire.connect_to, wire.request.url) == (PUBLIC, "https://host.example/a.png")
    assert seen == ["host.example"]
    flow.close()


# --- how an address can be written ------------------------------------------------------------------------------


WRITTEN = {
    "a dot at the end of a number": "http://127.0.0.1./",
    "a dot at the end of a name": "http://localhost./",
    "upper case": "http://LOCALHOST/",
    "digits of another script": "http://\u2460\u2461\u2466.0.0.1/",  # circled 1, 2, 7
    "full-width digits": "http://\uff11\uff12\uff17.0.0.1/",
    "an ideographic full stop": "http://127\u30020\u30020\u30021/",
    "a percent-encoded host": "http://%31%32%37.0.0.1/",
    "octal, as one number": "http://017700000001/",
    "hexadecimal with a dot": "http://0x7f000001./",
    "the metadata of a cloud, as one number": "http://2852039166/latest/meta-data/",
    "the metadata of a cloud, mapped": "http://[::ffff:a9fe:a9fe]/",
    "the metadata of a cloud, by IPv6": "http://[fd00:ec2::254]/",
    "a zone": "http://[fe80::1%25lo]/",
    "a zone on a public address": "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c%25lo]/",
    "documentation of the long kind": "http://[3fff::1]/",
    "segments that are routed": "http://[5f00::1]/",
    "an ORCHID": "http://[2001:20::1]/",
    "discarded": "http://[100::1]/",
    "site-local": "http://[fec0::1]/",
    "anycast of 6to4": "http://192.88.99.1/",
    "examples": "http://203.0.113.7/",
    "a broadcast of everything": "http://255.255.255.255/",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_no_way_of_writing_leads_inside(how):
    """Refused, or not understood by the machine at all; never an address to connect to."""
    with pytest.raises(TransportFailed):
        public_address(WRITTEN[how])


@pytest.mark.parametrize(
    "url", ["http://good.example\\@127.0.0.1/", "http://127.0.0.1\\.good.example/", "http://a b/"]
)
def test_what_two_readers_read_differently_is_connected_to_where_it_was_looked_up(url):
    """The host that is looked up is what this module reads; nobody else decides where the connection goes."""
    seen = []

    def resolver(host, port):
        seen.append(host)
        return ["127.0.0.1"]

    with pytest.raises(AddressRefused):
        public_address(url, resolver=resolver)
    assert len(seen) <= 1


@given(st.ip_addresses())
def test_whatever_passes_is_a_public_unicast_address(address):
    try:
        public_address("https://host.example/", resolver=resolving(str(address)))
    except AddressRefused:
        return
    assert address.is_global
    assert not address.is_multicast
    assert not address.is_private
    inner = address.ipv4_mapped if address.version == 6 else None
    assert inner is None or inner.is_global
