"""Keys stay where they belong: with the account's own origin, and in memory."""

import copy
import io
import json
import logging
import pickle
import traceback

import pytest
from acme.house import quick_studio
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    JobFailed,
    JobUncertain,
    MissingKey,
    PolyreelError,
    ProviderError,
    RequestRejected,
    TransportFailed,
)
from polyreel.simulation.faults import Fault
from polyreel.simulation.staging import set_stage
from polyreel_openai_sora.simulator import OpenAISimulator

CANARY = "sk-canary-Zx81kQpl27VtRw55"
OWN = "sk-owncanary-Kj22mNbv90QwEr"
MODEL = "openai/sora-2"
PROMPT = "A paper boat crossing a puddle"


class Guarded(OpenAISimulator):
    settings = {"api_key": CANARY}  # noqa: RUF012  as its base declares it


class GuardedByAnother(OpenAISimulator):
    settings = {"api_key": OWN}  # noqa: RUF012  as its base declares it


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "POLYREEL_SIMULATE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def logged():
    """Everything that anybody logs, at the lowest level."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream.getvalue
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def served():
    """Serve a simulator on a socket."""
    servers = []

    def made(simulator=Guarded, faults=()):
        staged = set_stage(
            simulator, clock=VirtualClock(), faults=faults, studio=quick_studio(), render_seconds=10
        )
        servers.append(staged.server())
        return staged, servers[-1].start()

    yield made
    for server in servers:
        server.stop()


def settings_of(clock, base_url, tmp_path, **more):
    return {
        "home": tmp_path / "home",
        "clock": clock,
        "settings": {"openai": {"base_url": base_url, "profile": "openai"}},
        "api_keys": {"openai": CANARY},
    } | more


def bytes_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def assert_nowhere(secret, *texts, folder):
    assert secret.encode() not in bytes_below(folder)
    for text in texts:
        assert secret not in text
        assert secret[8:] not in text


def everything_shown(value):
    """The ways in which an object gets into texts."""
    texts = [repr(value), str(value), f"{value}"]
    if isinstance(value, BaseException):
        texts += traceback.format_exception(value)
        texts.append(repr(vars(value)))
    return texts


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_a_film_leaves_no_key_anywhere(kind, served, tmp_path, logged):
    staged, server = served()
    client = kind(**settings_of(staged.clock, server.base_url, tmp_path))
    result = client.generate(PROMPT, model=MODEL)
    if kind is AsyncClient:
        result = await result
    assert result.job.status == "completed"
    assert not result.job.simulated
    shown = [client, client.workspace, client.workspace.configuration, client._operations, result, result.job]
    bound = client._operations.steps.bind(result.job)
    shown += [bound, bound.task, bound.task.settings, bound.task.http, bound.task.http.session]
    closing = client.close()
    if kind is AsyncClient:
        await closing
    texts = [text for value in shown for text in everything_shown(value)]
    texts.append(json.dumps(result.job.model_dump(mode="json")))
    assert "POST" in logged()
    assert_nowhere(CANARY, *texts, logged(), folder=tmp_path)


def test_a_secret_is_never_copied_out_of_memory(tmp_path):
    with Client(**settings_of(VirtualClock(), "http://127.0.0.1:9/v1", tmp_path)) as client:
        provider = client.workspace.plugins.provider("openai")
        settings = client._operations.desk.settings(provider)
        assert settings.secret("api_key").reveal() == CANARY
        assert CANARY not in repr(settings.frozen)
        for copied in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError):
                copied(settings)


TELLTALES = {
    "a refusal that repeats the key": (
        401,
        {"error": {"message": f"Incorrect API key provided: {CANARY}.", "code": "invalid_api_key"}},
        AuthenticationFailed,
    ),
    "a refusal of another form": (
        400,
        {"detail": f"bad header Authorization: Bearer {CANARY}"},
        ProviderError,
    ),
    "a server that fails": (
        500,
        {"error": {"message": f"crashed at {CANARY}", "type": CANARY}},
        JobUncertain,
    ),
    "a page": (200, f"<html>{CANARY}</html>", JobUncertain),
    "a broken answer": (200, f'{{"id": "{CANARY}', JobUncertain),
    "safety rules": (
        400,
        {"error": {"message": f"{CANARY} is unsafe", "code": "moderation_blocked"}},
        ContentRefused,
    ),
}


@pytest.mark.parametrize("kind", TELLTALES)
def test_a_server_that_repeats_the_key(kind, loopback, answers, tmp_path, logged):
    status, body, error = TELLTALES[kind]
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    loopback.on("/v1/videos", answers.reply(status, content, Content_Type="application/json"))
    with Client(**settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path)) as client:
        with pytest.raises(error) as caught:
            client.generate(PROMPT, model=MODEL)
        (job,) = client.list_jobs()
    sent = [request for request in loopback.received if request.method == "POST"]
    assert [request.headers["authorization"] for request in sent] == [f"Bearer {CANARY}"]
    texts = [*everything_shown(caught.value), repr(job)]
    assert_nowhere(CANARY, *texts, logged(), folder=tmp_path)


def test_a_job_whose_failure_repeats_the_key(loopback, answers, tmp_path, logged):
    job = {"id": "video_1", "object": "video", "status": "queued"}
    failed = {**job, "status": "failed", "error": {"message": f"{CANARY} was revoked", "code": "auth"}}
    loopback.on("/v1/videos", answers.reply(200, json.dumps(job).encode()))
    strange = {**job, "status": f"waiting for {CANARY}"}
    loopback.on(
        "/v1/videos/video_1",
        answers.reply(200, json.dumps(strange).encode()),
        answers.reply(200, json.dumps(failed).encode()),
    )
    seen = []
    with Client(**settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path)) as client:
        with pytest.raises(JobFailed, match="was revoked") as caught:
            client.generate(PROMPT, model=MODEL, on_progress=seen.append)
        seed = client.jobs(caught.value.job.id)
    texts = [*everything_shown(caught.value), repr(seen), repr(seed)]
    assert_nowhere(CANARY, *texts, logged(), folder=tmp_path)


@pytest.mark.parametrize("key", [f"{CANARY}\n", f"{CANARY}é", f"{CANARY}\0", f" {CANARY} x"])
def test_a_key_that_cannot_be_sent_is_not_shown(key, loopback, answers, tmp_path, logged):
    loopback.on("/v1/videos", answers.reply(401, b"{}"))
    setup = settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path, api_keys={"openai": key})
    with Client(**setup) as client, pytest.raises(PolyreelError) as caught:
        client.generate(PROMPT, model=MODEL)
    assert_nowhere(CANARY, *everything_shown(caught.value), logged(), folder=tmp_path)


# --- the key never travels to another origin -------------------------------------------------------------------------


def signed(server):
    return [
        request
        for request in server.received
        if any(CANARY in value for value in (*request.headers.values(), request.path, str(request.body)))
    ]


def queued(loopback, answers):
    job = {"id": "video_1", "object": "video", "status": "queued"}
    loopback.on("/v1/videos", answers.reply(200, json.dumps(job).encode()))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_paid_request_follows_no_redirect(status, loopback, second_loopback, answers, tmp_path):
    loopback.on("/v1/videos", answers.reply(status, Location=f"{second_loopback.url}/v1/videos"))
    with (
        Client(**settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path)) as client,
        pytest.raises(RequestRejected, match="set the base URL"),
    ):
        client.generate(PROMPT, model=MODEL)
    assert len(signed(loopback)) >= 1
    # The look for what became of it is sent on, but neither the request nor the key.
    assert {request.method for request in second_loopback.received} <= {"GET"}
    assert signed(second_loopback) == []
    assert loopback.paths("POST") == ["/v1/videos"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_look_that_is_sent_elsewhere_goes_without_the_key(
    status, loopback, second_loopback, answers, tmp_path, logged
):
    queued(loopback, answers)
    loopback.on(
        "/v1/videos/video_1", answers.reply(status, Location=f"{second_loopback.url}/v1/videos/video_1")
    )
    done = {"id": "video_1", "object": "video", "status": "completed"}
    second_loopback.on("/v1/videos/video_1", answers.reply(200, json.dumps(done).encode()))
    film = quick_studio().film(None)
    loopback.on(
        "/v1/videos/video_1/content",
        answers.reply(302, Location=f"{second_loopback.url}/film.mp4?sig=abcdef0123"),
    )
    second_loopback.on("/film.mp4", answers.reply(200, film))
    with Client(**settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path)) as client:
        assert client.generate(PROMPT, model=MODEL).bytes() == film
    assert len(signed(loopback)) == 3
    assert second_loopback.paths() == ["/v1/videos/video_1", "/film.mp4?sig=abcdef0123"]
    assert signed(second_loopback) == []
    assert not [request for request in second_loopback.received if "authorization" in request.headers]
    assert "sig=abcdef0123" not in logged()


def test_a_film_at_another_address_is_fetched_without_the_key(loopback, second_loopback, answers, tmp_path):
    queued(loopback, answers)
    done = {
        "id": "video_1",
        "object": "video",
        "status": "completed",
        "url": f"{second_loopback.url}/film.mp4",
    }
    loopback.on("/v1/videos/video_1", answers.reply(200, json.dumps(done).encode()))
    second_loopback.on("/film.mp4", answers.reply(200, quick_studio().film(None)))
    setup = settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path)
    setup["settings"]["openai"]["profile"] = "litellm"
    with Client(**setup) as client:
        assert client.generate(PROMPT, model=MODEL).bytes() == quick_studio().film(None)
    assert second_loopback.paths() == ["/film.mp4"]
    assert signed(second_loopback) == []


def test_a_changed_base_url_does_not_get_the_key_of_earlier_jobs(
    loopback, second_loopback, answers, tmp_path
):
    queued(loopback, answers)
    with Client(**settings_of(VirtualClock(), f"{loopback.url}/v1", tmp_path)) as client:
        job = client.submit(PROMPT, model=MODEL)
    looks = answers.reply(200, json.dumps({"id": "video_1", "status": "failed"}).encode())
    loopback.on("/v1/videos/video_1", looks)
    # A job is looked at where it was made, whatever is set by now.
    with Client(**settings_of(VirtualClock(), f"{second_loopback.url}/v1", tmp_path)) as client:
        assert client.resume(job.id)[0].status == "failed"
    assert "/v1/videos/video_1" in loopback.paths()
    assert second_loopback.received == []


# --- a key for one call ----------------------------------------------------------------------------------------------


def test_an_own_key_is_used_for_the_whole_job_and_kept_nowhere(served, tmp_path, logged):
    staged, server = served(GuardedByAnother)
    setup = settings_of(staged.clock, server.base_url, tmp_path)
    with Client(**setup) as client:
        with pytest.raises(AuthenticationFailed):
            client.generate(PROMPT, model=MODEL)
        result = client.generate(PROMPT, model=MODEL, byok_api_key=OWN)
        assert result.job.own_key
        assert client.generate(PROMPT, model=MODEL, byok_api_key=OWN).job.status == "completed"
        texts = [*everything_shown(result), *everything_shown(client._operations), repr(client.workspace)]
    assert_nowhere(OWN, *texts, logged(), folder=tmp_path)


def test_an_own_key_needs_no_other(served, tmp_path):
    staged, server = served(GuardedByAnother)
    setup = settings_of(staged.clock, server.base_url, tmp_path, api_keys=None)
    with Client(**setup) as client:
        with pytest.raises(MissingKey):
            client.generate(PROMPT, model=MODEL)
        assert client.generate(PROMPT, model=MODEL, byok_api_key=OWN).job.status == "completed"
        answer = client.videos(PROMPT, model=MODEL, byok_api_key=OWN)
        staged.clock.advance(60)
        assert client.jobs(answer["data"]["job_id"])["status"] == "completed"


def test_after_a_restart_the_own_key_must_be_given_again(served, tmp_path):
    staged, server = served(GuardedByAnother)
    setup = settings_of(staged.clock, server.base_url, tmp_path)
    with Client(**setup) as client:
        job = client.submit(PROMPT, model=MODEL, byok_api_key=OWN)
    with Client(**setup) as client:
        # The configured key is another account's: it is not tried, or the job would seem to have vanished.
        with pytest.raises(MissingKey, match="key of its own") as caught:
            client.wait(job.id)
        assert job.id in str(caught.value)
        assert client.get_job(job.id).status == "queued"
        assert client.wait(job.id, byok_api_key=OWN).job.status == "completed"
    assert staged.charges.total > 0
    assert len(staged.charges.billed_jobs) == 1


def test_a_simulation_needs_and_keeps_no_key(client, stage, tmp_path):
    result = client.generate(PROMPT, model=MODEL, byok_api_key=OWN)
    assert result.job.status == "completed"
    assert not result.job.own_key
    assert OWN.encode() not in bytes_below(tmp_path)


def test_an_interrupted_connection_shows_no_key(served, tmp_path, logged):
    staged, server = served(faults=(Fault(kind="drop_after", method="POST"),))
    with Client(**settings_of(staged.clock, server.base_url, tmp_path)) as client:
        # OpenAI's list shows what was accepted, so the job goes on.
        assert client.generate(PROMPT, model=MODEL).job.status == "completed"
    assert len(staged.charges.billed_jobs) == 1
    server.stop()
    with (
        Client(**settings_of(staged.clock, server.base_url, tmp_path)) as client,
        pytest.raises(TransportFailed) as caught,
    ):
        client.generate(PROMPT, model=MODEL)
    assert_nowhere(CANARY, *everything_shown(caught.value), logged(), folder=tmp_path)
