import copy
import io
import json
import logging
import pickle
import traceback

import pytest
from polyreel import redaction
from polyreel.exchange import AccountSession
from polyreel.flows import Send
from polyreel.http import BearerAuth, HeaderAuth, Request, Response, Wire
from polyreel.redaction import Secret, redact, without_query

CANARY = "canary-5f1e77aa90b24c"


@pytest.fixture
def secret():
    return Secret(CANARY)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        "{!r:.5}".format,
        lambda s: f"{s}",
        lambda s: "%s" % s,  # noqa: UP031  the old way of formatting is what is tested
        lambda s: repr([s]),
        lambda s: repr({"key": s}),
    ],
)
def test_a_secret_is_never_shown(secret, show):
    assert CANARY not in show(secret)
    assert "canary" not in show(secret)


def test_it_is_shown_only_to_the_one_who_asks(secret):
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(secret, protocol):
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps({"key": secret}, protocol)


def test_it_is_not_copied_either(secret):
    with pytest.raises(TypeError, match="never pickled"):
        copy.deepcopy(secret)


def test_it_is_not_serialised(secret):
    with pytest.raises(TypeError):
        json.dumps({"key": secret})
    assert not hasattr(secret, "__dict__")


def test_equality_is_by_value_and_only_among_secrets(secret):
    assert secret == Secret(CANARY)
    assert hash(secret) == hash(Secret(CANARY))
    assert secret != Secret("another-key")
    assert secret != CANARY


def test_truth_says_whether_there_is_a_key(secret):
    assert secret
    assert not Secret("")


def test_the_hint_shows_four_characters_of_a_long_key_and_none_of_a_short_one():
    assert Secret("abcdefgh1234").hint == "…1234"
    assert Secret("abcdefg1234").hint == "********"


def test_a_key_that_was_seen_once_is_cleaned_out_of_any_text(secret):
    assert redact(f"<html>{CANARY}</html>") == "<html>********</html>"


def test_a_key_with_a_stray_newline_is_also_known_without_it():
    Secret("strayed-0c1d2e3f\n")
    assert "strayed" not in redact("Illegal header value b'strayed-0c1d2e3f\\n'")


def test_short_values_do_not_blank_out_words():
    Secret("film")
    assert redact("a film") == "a film"


def test_a_key_that_begins_like_another_leaves_no_tail():
    for number in range(1000, 1032):  # a set has its own order
        Secret(f"begin-{number}")
        Secret(f"begin-{number}-and-the-tail")
        assert redact(f"begin-{number}-and-the-tail") == "********"


def test_a_key_that_is_made_meanwhile_does_no_harm():
    Secret("a-first-key")

    class Meanwhile(str):
        __slots__ = ()

        def __contains__(self, value):
            Secret(f"made-meanwhile-{len(redaction._known)}")
            return super().__contains__(value)

    assert redact(Meanwhile("nothing secret")) == "nothing secret"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Authorization: Bearer abcdef123", "Authorization: Bearer ********"),
        ("authorization: Key abcdef123", "authorization: Key ********"),
        ("'authorization': 'Basic dXNlcjpwdw=='", "'authorization': 'Basic ********'"),
        ("Bearer abcdef123 is wrong", "Bearer ******** is wrong"),
        ('{"api_key": "abcdef123", "model": "m"}', '{"api_key": "********", "model": "m"}'),
        ("api-key=abcdef123&model=m", "api-key=********&model=m"),
        ("x-goog-api-key: abcdef123", "x-goog-api-key: ********"),
        ("?X-Amz-Signature=abcdef123&a=b", "?X-Amz-Signature=********&a=b"),
        ("?X-Amz-Credential=abcdef123", "?X-Amz-Credential=********"),
        ("X-Amz-Security-Token: abcdef123", "X-Amz-Security-Token: ********"),
        ("?sig=abcdef123", "?sig=********"),
        ("access_token=abcdef123", "access_token=********"),
        ("Incorrect API key provided: sk-proj-abcdefghijkl", "Incorrect API key provided: ********"),
        ("AIzaSyA1234567890abcdefg", "********"),
        ("ya29.a0AfH6SMBabcdefghijkl", "********"),
        ("ABSKQmVkcm9ja0FQSUtleS1hYmNk", "********"),
        ("whsec_abcdefghijklmnop", "********"),
    ],
)
def test_what_looks_like_a_key_goes_and_its_name_stays(text, cleaned):
    assert redact(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "a skateboarding-championship at sunset",
        "skyscrapers_in_the_rain.png",
        "pkgconfig.something.long",
        "max_tokens: 32000000",
        "the author of this design",
    ],
)
def test_ordinary_words_stay(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://cdn.example/a/b.mp4?X-Amz-Signature=abc#t=1", "https://cdn.example/a/b.mp4"),
        ("https://user:pass@host.example:8443/a?key=1", "https://host.example:8443/a"),
        ("https://user:p@ss@host.example/a@b", "https://host.example/a@b"),
        ("https://host.example", "https://host.example"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("/videos?key=1", "/videos"),
    ],
)
def test_an_address_is_shown_without_user_query_and_fragment(url, shown):
    assert without_query(url) == shown


def test_an_address_is_shown_without_a_known_key_in_its_path(secret):
    assert without_query(f"https://host.example/{CANARY}/videos") == "https://host.example/********/videos"


@pytest.mark.parametrize("name", ["Authorization", "X-Goog-Api-Key", "api-key", "X-Custom-Thing", "Cookie"])
def test_a_signed_request_shows_no_key(secret, name):
    signing = HeaderAuth(name, secret).sign(Request(method="GET", url="https://host.example/v1"))
    with pytest.raises(StopIteration) as stop:
        next(signing)
    signed = stop.value.value
    assert signed.headers[name] == CANARY
    for shown in (repr(signed), str(signed), f"{Wire(request=signed)!r}"):
        assert CANARY not in shown
        assert name in shown


def test_a_request_and_an_answer_show_no_signature_of_an_address():
    request = Request(method="GET", url="https://host.example/f", query={"sig": "abcdef123456"})
    assert "abcdef123456" not in repr(request)
    response = Response(status=200, url="https://host.example/f?Policy=abcdef123456")
    assert "abcdef123456" not in repr(response)
    assert "200" in repr(response)


def test_a_session_and_what_it_sends_show_no_key(secret):
    from polyreel.clock import VirtualClock

    session = AccountSession(
        clock=VirtualClock(), auth=BearerAuth(secret), base_url="https://host.example/v1"
    )
    effect = Send(request=Request(method="GET", url="https://host.example/v1/videos"), session=session)
    assert CANARY not in repr(session)
    assert CANARY not in repr(effect)
    assert CANARY not in repr(vars(session.auth))


def test_no_key_stands_in_a_traceback_a_log_or_an_error(secret, driver, loopback, answers, caplog):
    """A server that echoes the key, under every error that an exchange can end with."""
    caplog.set_level(logging.DEBUG)
    echo = f"no such key: {CANARY}".encode()
    url = loopback.on("/v1/echo", answers.reply(401, echo, X_Echo=CANARY))
    loopback.on("/v1/cut", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + echo))
    loopback.on("/v1/broken", answers.raw(CANARY.encode() + b" is no HTTP\r\n\r\n"))
    session = AccountSession(clock=driver.clock, auth=BearerAuth(secret), base_url=loopback.url)
    texts = io.StringIO()
    for path in ("/v1/echo", "/v1/cut", "/v1/broken"):
        request = Request(method="GET", url=loopback.url + path, query={"key": CANARY})
        try:
            driver.run(_sent(request, session)).json()
        except Exception as error:  # noqa: BLE001  whatever it is, it must not show the key
            texts.write("".join(traceback.format_exception(error)))
            texts.write(f"{error!r} {vars(error)!r}")
        else:  # pragma: no cover
            pytest.fail("the exchange must fail")
    assert loopback.received[0].headers["authorization"] == f"Bearer {CANARY}"
    assert url.rpartition("/")[0] in texts.getvalue()
    assert CANARY not in texts.getvalue()
    assert len(caplog.records) > 2
    assert CANARY not in caplog.text


def _sent(request, session):
    response = yield Send(request=request, session=session)
    return response
