"""Messages of providers: believed when they are signed and fresh, once, and no further than that it is time to look."""

import json

import pytest
from acme.house import House
from acme.plugin import Acme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polyreel.errors import AuthenticationFailed, ConfigurationError, ModelNotFound
from polyreel.hookspecs import hookimpl
from polyreel.intake import MAX_BYTES
from polyreel.types.job import Phase


def ask(client):
    return client.submit("a paper boat", model="acme/one")


# --- what a message does --------------------------------------------------------------------------------


def test_a_message_wakes_its_job_and_no_other(house, pen):
    with house.client() as client:
        first, second = ask(client), ask(client)
        house.clock.advance(1.0)
        outcome = client.handle_webhook(*pen.message("film_1"))
        assert outcome.model_dump() == {
            "result": "woken",
            "provider": "acme",
            "id": "msg_1",
            "type": "film.done",
            "receipt_id": "film_1",
            "job_id": first.id,
        }
        assert client.get_job(first.id).next_at == house.clock.now()
        assert client.get_job(second.id).next_at == second.next_at > house.clock.now()


def test_what_a_message_says_is_not_believed(house, pen):
    with house.client() as client:
        job = ask(client)
        before = house.count("GET")
        for number, kind in enumerate(("film.done", "film.failed", "account.deleted")):
            client.handle_webhook(*pen.message("film_1", name=f"msg_{number}", kind=kind))
        assert client.get_job(job.id).phase is Phase.ACCEPTED
        assert house.count("GET") == before  # it is looked at by whoever drives the job, not here
        client.advance(job.id)
        assert house.count("GET") == before + 1
        assert client.get_job(job.id).polls == 1


async def test_the_awaited_client_takes_messages_too(house, pen):
    async with house.async_client() as client:
        job = await client.submit("a paper boat", model="acme/one")
        outcome = await client.handle_webhook(*pen.message("film_1"), provider="acme")
    assert (outcome.result, outcome.job_id) == ("woken", job.id)


def test_a_message_about_something_else(house, pen):
    with house.client() as client:
        assert client.handle_webhook(*pen.message(None)).result == "no_job"


def test_a_message_about_a_job_that_is_over_wakes_nobody(house, pen):
    with house.client() as client:
        job = client.generate("a paper boat", model="acme/one", timeout=None).job
        outcome = client.handle_webhook(*pen.message("film_1"))
        assert (outcome.result, outcome.job_id) == ("over", job.id)
        assert client.get_job(job.id).next_at is None


def test_a_message_before_the_submit_returned_lets_the_job_be_looked_at_at_once(house, pen):
    with house.client() as client:
        assert client.handle_webhook(*pen.message("film_1")).result == "unknown_job"
        house.clock.advance(3.0)
        early, other = ask(client), ask(client)
        assert early.receipt.id == "film_1"
        assert early.next_at == client.get_job(early.id).next_at == house.clock.now()
        assert other.next_at > house.clock.now()


def test_a_message_that_comes_during_a_look_is_not_lost(house, pen):
    with house.client() as client:
        job = ask(client)
        client.handle_webhook(*pen.message(None, name="earlier"))  # messages do come

        class Meanwhile:
            @hookimpl(wrapper=True)
            def poll(self):
                flow = yield

                def interrupted():
                    progress = yield from flow
                    client.handle_webhook(*pen.message("film_1", name="meanwhile"))
                    return progress

                return interrupted()

        house.plugins.add_extension("meanwhile", Meanwhile())
        house.clock.advance(10.0)
        assert client.advance(job.id) == 0.0
        assert client.get_job(job.id).next_at == house.clock.now()


# --- looks are rarer while messages come ----------------------------------------------------------------


def polls(house, client, pen, *, wake_at=None):
    """Take a job of ten minutes to its end, and return its record."""
    client.handle_webhook(*pen.message(None, name="earlier"))
    job = ask(client)
    began = house.clock.now()
    while (delay := client.advance(job.id)) is not None:
        house.clock.advance(delay)
        if wake_at is not None and house.clock.now() - began >= wake_at:
            client.handle_webhook(*pen.message("film_1", name="done"))
            wake_at = None
    return client.get_job(job.id)


def test_while_messages_come_looks_are_four_times_rarer(house, pen, tmp_path):
    plain = House(tmp_path / "plain", real=True, render_seconds=600.0)
    plain.home.mkdir()
    with plain.client() as client:
        usual = client.generate("a paper boat", model="acme/one", timeout=None).job
    with house.client() as client:
        rare = polls(house, client, pen)
    assert rare.status == "completed"
    assert rare.polls < usual.polls / 3


def test_a_job_that_a_message_wakes_is_looked_at_as_soon_as_without(house, pen):
    with house.client() as client:
        job = polls(house, client, pen, wake_at=601.0)
    assert job.rendered_at - job.submitted_at < 601.0 + 22.0


def test_a_secret_alone_makes_nothing_rarer(house):
    with house.client() as client:
        job = ask(client)
        house.clock.advance(300.0)
        client.advance(job.id)
        assert client.get_job(job.id).next_at - house.clock.now() < 22.0


def test_messages_of_two_days_ago_make_nothing_rarer(house, pen):
    with house.client() as client:
        client.handle_webhook(*pen.message(None))
        house.clock.advance(25 * 3600.0)
        job = ask(client)
        house.clock.advance(300.0)
        client.advance(job.id)
        assert client.get_job(job.id).next_at - house.clock.now() < 22.0


# --- once -----------------------------------------------------------------------------------------------


def test_a_message_that_comes_again_does_nothing(house, pen):
    with house.client() as client, house.client() as other:
        job = ask(client)
        message = pen.message("film_1")
        assert client.handle_webhook(*message).result == "woken"
        client.advance(job.id)
        due = client.get_job(job.id).next_at
        for again in (client, other):
            outcome = again.handle_webhook(*message)
            assert (outcome.result, outcome.job_id) == ("repeated", job.id)
        assert client.get_job(job.id).next_at == due


def test_the_same_message_signed_anew_is_the_same(house, pen):
    with house.client() as client:
        ask(client)
        assert client.handle_webhook(*pen.message("film_1")).result == "woken"
        house.clock.advance(280.0)
        assert client.handle_webhook(*pen.message("film_1")).result == "repeated"


# --- who is believed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [-301.0, -3600.0, 302.0, 86_400.0])
def test_one_that_is_stale_or_of_the_future_is_refused(at, house, pen):
    with house.client() as client, pytest.raises(AuthenticationFailed, match="s old"):
        client.handle_webhook(*pen.message(at=at))


@pytest.mark.parametrize("at", [-299.0, 299.0])
def test_one_within_five_minutes_is_taken(at, house, pen):
    with house.client() as client:
        assert client.handle_webhook(*pen.message(at=at)).result == "unknown_job"


def changed_body(headers, body):
    return headers, body.replace(b"film_1", b"film_2")


def changed_id(headers, body):
    return headers | {"webhook-id": "msg_2"}, body


def changed_time(headers, body):
    return headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body


def parsed_and_written(headers, body):
    return headers, json.dumps(json.loads(body), separators=(",", ":")).encode()


def with_header(name, value):
    return lambda headers, body: (headers | {name: value}, body)


def without(name):
    return lambda headers, body: ({n: v for n, v in headers.items() if n != name}, body)


def twice(name):
    return lambda headers, body: ([*headers.items(), (name, "another")], body)


MALFORMED = {
    "a changed body": changed_body,
    "another id": changed_id,
    "another time": changed_time,
    "a body that was parsed and written again": parsed_and_written,
    "no id": without("webhook-id"),
    "no time": without("webhook-timestamp"),
    "no signature": without("webhook-signature"),
    "an empty signature": with_header("webhook-signature", ""),
    "a signature without a comma": with_header("webhook-signature", "v1"),
    "a signature of another scheme": with_header("webhook-signature", "v1a,AAAA"),
    "a signature that is no base64": with_header("webhook-signature", "v1,€€€"),
    "many commas": with_header("webhook-signature", ",,,v1,,,"),
    "a time that is no number": with_header("webhook-timestamp", "yesterday"),
    "a time of another script": with_header("webhook-timestamp", "١٢٣"),
    "a time without end": with_header("webhook-timestamp", "9" * 400),
    "a negative time": with_header("webhook-timestamp", "-1"),
    "a null in the id": with_header("webhook-id", "msg\0_1"),
    "half a character": with_header("webhook-id", "\ud800"),
    "bytes": with_header("webhook-signature", b"\xff\xfe"),
    "no text": with_header("webhook-signature", None),
    "the id twice": twice("webhook-id"),
    "the signature twice": twice("webhook-signature"),
    "no headers": lambda headers, body: ({}, body),
    "headers that are none": lambda headers, body: (None, body),
    "headers that are a text": lambda headers, body: ("webhook-id: 1", body),
    "headers that are numbers": lambda headers, body: ([1, 2], body),
    "a longer body": lambda headers, body: (headers, body + b" " * MAX_BYTES),
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("provider", [None, "acme"])
def test_what_is_malformed_or_changed_is_refused_and_nothing_else_is_raised(case, provider, house, pen):
    with house.client() as client:
        job = ask(client)
        headers, body = MALFORMED[case](*pen.message("film_1"))
        with pytest.raises(AuthenticationFailed):
            client.handle_webhook(headers, body, provider=provider)
        assert client.get_job(job.id).next_at == job.next_at
        # And it did not use up the id of the true one.
        assert client.handle_webhook(*pen.message("film_1")).result == "woken"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"film"', b'{"film": 1}', b"\xff", b"{}"])
def test_a_signed_body_that_nobody_can_read_is_refused(body, house, pen):
    with house.client() as client, pytest.raises(AuthenticationFailed):
        client.handle_webhook(*pen.message(body=body))


def test_a_message_that_is_signed_and_endless_is_refused(house, pen):
    body = b'{"type": "film.done", "film": "film_1"}'
    with house.client() as client:
        whole = body + b" " * (MAX_BYTES - len(body))
        assert client.handle_webhook(*pen.message(body=whole)).result == "unknown_job"
        with pytest.raises(AuthenticationFailed, match="longer than"):
            client.handle_webhook(*pen.message(body=whole + b" ", name="msg_2"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(max_size=60) | st.binary(max_size=60) | st.integers(),
    ),
    st.binary(max_size=60),
)
def test_whatever_comes_is_refused(house, headers, body):
    with house.client() as client, pytest.raises(AuthenticationFailed):
        client.handle_webhook(headers, body)


def as_bytes(headers):
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@pytest.mark.parametrize(
    "shape",
    [
        lambda headers: {name.title(): value for name, value in headers.items()},
        lambda headers: {name.upper(): value for name, value in headers.items()},
        lambda headers: list(headers.items()),
        as_bytes,
        lambda headers: iter(as_bytes(headers)),
    ],
)
def test_headers_come_in_any_case_and_shape(shape, house, pen):
    headers, body = pen.message()
    with house.client() as client:
        assert client.handle_webhook(shape(headers), body).result == "unknown_job"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda body: body.decode()])
def test_a_body_may_be_bytes_or_text(kind, house, pen):
    headers, body = pen.message()
    with house.client() as client:
        assert client.handle_webhook(headers, kind(body)).result == "unknown_job"


def test_while_one_secret_replaces_another_both_count(house, pen, secrets, set_secret):
    old, new = secrets
    set_secret(f"{old} {new}")
    with house.client() as client:
        assert client.handle_webhook(*pen.message(secret=old, name="a")).result == "unknown_job"
        assert client.handle_webhook(*pen.message(secret=new, name="b")).result == "unknown_job"
    set_secret(new)
    with house.client() as client:
        assert client.handle_webhook(*pen.message(secret=new, name="c")).result == "unknown_job"
        with pytest.raises(AuthenticationFailed):
            client.handle_webhook(*pen.message(secret=old, name="d"))


def test_a_new_secret_makes_no_new_account(house, set_secret, secrets):
    """Whose job it is, and at what pace it is asked, is told by the account's keys."""
    fingerprints = set()
    for secret in ("", *secrets):
        set_secret(secret)
        with house.client() as client:
            fingerprints.add(client.get_job(ask(client).id).key_sha256)
    assert len(fingerprints) == 1
    assert None not in fingerprints


# --- whose it is ----------------------------------------------------------------------------------------


def test_without_a_name_it_is_whoever_s_signature_fits(house, pen, secrets):
    class Zeta(type(house.provider)):
        @hookimpl
        def provider_info(self):
            from dataclasses import replace

            return replace(self.info, id="zeta")

        @hookimpl
        def list_models(self):
            return ()

    house.plugins.add_provider("zeta", Zeta())
    house.plugins.add_provider("silent", Silent())
    config = house.home / "config.toml"
    config.write_text(f'{config.read_text()}\n[providers.zeta]\nwebhook_secret = "{secrets[1]}"\n')
    with house.client() as client:
        assert client.handle_webhook(*pen.message(secret=secrets[1])).provider == "zeta"
        assert client.handle_webhook(*pen.message(secret=secrets[0])).provider == "acme"
        with pytest.raises(AuthenticationFailed):
            client.handle_webhook(*pen.message(secret=secrets[0], name="x"), provider="zeta")
        with pytest.raises(AuthenticationFailed, match="acme, zeta"):
            client.handle_webhook(*pen.message(secret="whsec_aGFsbG8="))


class Silent(Acme):
    """Sends no messages."""

    @hookimpl
    def provider_info(self):
        from dataclasses import replace

        return replace(self.info, id="silent")

    @hookimpl
    def list_models(self):
        return ()


def test_a_provider_that_sends_none_or_is_none_is_named(house, pen):
    house.plugins.add_provider("silent", Silent())
    with house.client() as client:
        with pytest.raises(ConfigurationError, match="sends no messages"):
            client.handle_webhook(*pen.message(), provider="silent")
        with pytest.raises(ModelNotFound, match="acme"):
            client.handle_webhook(*pen.message(), provider="acne")


def test_without_a_secret_nothing_is_believed(house, pen, set_secret):
    set_secret("")
    with house.client() as client, pytest.raises((AuthenticationFailed, ConfigurationError)):
        client.handle_webhook(*pen.message(secret="whsec_aGFsbG8="))
