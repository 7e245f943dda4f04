"""The plugin against the simulator of both surfaces, through the core: whole jobs and what goes wrong with them."""

import json

import pytest
from polyreel import Client
from polyreel.clock import VirtualClock
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    FetchFailed,
    InvalidRequest,
    JobFailed,
    RateLimited,
)
from polyreel.http import Response
from polyreel.plugins import Plugins
from polyreel.simulation.faults import Fault
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.server import SimulationServer
from polyreel.simulation.simulator import FilmStudio
from polyreel.simulation.staging import set_stage
from polyreel.testing.bench import Bench
from polyreel.workspace import Simulation
from polyreel_google_veo.simulator import GoogleSimulator

OMNI, VEO, DEVELOPER = (
    "google/gemini-omni-1.2-flash",
    "google/veo-3.1-generate-001",
    "google/veo-3.1-generate-preview",
)
BUCKET = "gs://simulated-bucket/films/"


@pytest.fixture
def bench(tmp_path):
    """Make a bench at the in-process simulator; faults as the standard tests take them."""
    made = []

    def opened(*faults):
        made.append(
            Bench(
                provider_id="google",
                plugin=None,
                example={},
                folder=tmp_path / str(len(made)),
                faults=faults,
            )
        )
        return made[-1]

    yield opened
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def studio():
    """One film for every request, such as Vertex AI extends it."""
    spec = FilmSpec(model="test", prompt="", width=1280, height=720, duration=1)
    film = render_film(spec)
    return FilmStudio(film=lambda _: film, thumbnail=lambda _: b"", spritesheet=lambda _: b"")


@pytest.fixture
def client(studio, tmp_path):
    simulation = Simulation(clock=VirtualClock(), render_seconds=30.0, studio=studio)
    with Client(simulate=simulation, home=tmp_path, store="memory") as made:
        yield made


def test_omni_goes_on_from_its_own_film(client, tmp_path):
    first = client.generate("A paper boat", model=OMNI, duration=4)
    second = client.generate("It sinks", model=OMNI, video=first.job, google_task="extend", duration=4)
    assert second.job.parameters["video"] == {"id": first.job.receipt.id}
    assert second.path.is_file()


def test_veo_on_the_developer_api_waits_until_its_film_is_ready(client):
    first = client.generate("A paper boat", model=DEVELOPER)
    second = client.generate("It sinks", model=DEVELOPER, video=first.job)
    assert second.path.is_file()


def test_veo_on_vertex_goes_on_from_a_film_in_a_bucket(client):
    first = client.generate("A paper boat", model=VEO, google_storage_uri=BUCKET)
    assert "/storage/v1/b/simulated-bucket/o/films%2F" in first.job.assets[0].url
    second = client.generate("It sinks", model=VEO, video=first.job)
    assert second.path.is_file()


def test_film_that_came_inline_is_given_as_a_file(client):
    first = client.generate("A paper boat", model=VEO)
    with pytest.raises(InvalidRequest, match="give its file"):
        client.submit("It sinks", model=VEO, video=first.job)
    assert client.generate("It sinks", model=VEO, video=first.path).path.is_file()


def test_bucket_that_is_missing_costs_nothing(bench):
    made = bench()
    with pytest.raises(InvalidRequest, match="there is no bucket 'nowhere'"):
        made.client.submit("A paper boat", model=VEO, google_storage_uri="gs://nowhere/x/")
    assert made.client.list_jobs() == []
    assert not made.charges.billed_jobs


@pytest.mark.parametrize("model", [OMNI, f"{OMNI}@vertex", VEO, DEVELOPER])
def test_filtered_film_is_not_charged(client, model):
    with pytest.raises((ContentRefused, JobFailed)):
        client.generate("A celebrity [filter]", model=model)
    (job,) = client.list_jobs()
    assert (job.failure.kind, job.failure.billed) == ("filtered", False)


def test_partly_filtered_films_are_fewer_and_cost_less(client):
    result = client.generate("A paper boat [filter:some]", model=VEO, n=4)
    assert 0 < len(result.videos) < 4
    (warning,) = [notice for notice in result.warnings if notice.parameter == "n"]
    assert f"{len(result.videos)} of 4 films were made" in warning.message


@pytest.mark.parametrize(
    "prompt", ["x [block]", "x [fail]", "x [fail:unavailable]", "x [fail:exhausted]", "x [empty]"]
)
@pytest.mark.parametrize("model", [VEO, DEVELOPER])
def test_what_goes_wrong_with_veo_is_told(client, model, prompt):
    with pytest.raises((ContentRefused, JobFailed)):
        client.generate(prompt, model=model)
    (job,) = client.list_jobs()
    assert job.failure.message
    assert job.failure.billed is not True
    if "block" in prompt:
        assert job.failure.kind == "filtered"


@pytest.mark.parametrize(
    "word", ["incomplete", "requires_action", "requires_continuation", "budget_exceeded"]
)
def test_ends_of_an_interaction_are_told(client, word):
    with pytest.raises(JobFailed):
        client.generate(f"x [status:{word}]", model=OMNI)
    (job,) = client.list_jobs()
    assert job.failure.code == word


def test_rate_limit_of_a_start_is_not_repeated(bench):
    made = bench()
    with pytest.raises(RateLimited) as caught:
        made.client.submit("x [429]", model=VEO)
    assert caught.value.retry_after > 0
    assert caught.value.billed is False
    assert len(made.watching.requests) == 1


@pytest.mark.parametrize("model", [OMNI, VEO])
def test_errors_in_a_list_of_one_are_read(bench, model):
    made = bench()
    made.client.workspace.stage(made.provider).simulator.stage.state["errors_in_array"] = True
    with pytest.raises((ContentRefused, RateLimited)) as caught:
        made.client.generate("x [429]", model=model)
    assert caught.value.code


def moved_to(place):
    """Rewrite the answer to a download into a redirect."""

    def rewrite(response):
        if response.media_type.startswith("video/") or response.status == 302:
            return Response(status=302, headers={"location": place})
        return response

    return Fault(kind="rewrite", rewrite=rewrite, times=None)


def test_key_never_follows_a_redirect_to_another_host(bench):
    # The simulator answers for Cloud Storage too: what arrives there is seen.
    elsewhere = "https://storage.googleapis.com/storage/v1/b/simulated-bucket/o/x?alt=media"
    made = bench(moved_to(elsewhere))
    with pytest.raises(FetchFailed):
        made.client.generate("A paper boat", model=OMNI)
    arrived = [request for request in made.watching.requests if "storage.googleapis.com" in request.url]
    downloads = [request for request in made.watching.requests if ":download" in request.url]
    assert arrived
    assert downloads
    assert all("x-goog-api-key" not in request.headers for request in arrived)
    assert all("authorization" not in request.headers for request in downloads)


def test_key_never_goes_to_a_foreign_address_of_an_answer(bench):
    def rewrite(response):
        return Response(
            status=response.status,
            headers=response.headers,
            content=response.content.replace(b"generativelanguage.googleapis.com", b"films.example"),
        )

    made = bench(Fault(kind="rewrite", rewrite=rewrite, times=None))
    # Behind another host the file is asked for at the API itself: the foreign address is only the alternative.
    result = made.client.generate("A paper boat", model=OMNI)
    (asset,) = result.job.assets
    assert asset.url.startswith("https://generativelanguage.googleapis.com/")
    assert "films.example" in asset.alternatives[0]
    assert not [request for request in made.watching.requests if "films.example" in request.url]


# --- over a socket, where one address stands for all of Google's ---------------------------------------------------


@pytest.fixture
def stage(studio):
    return set_stage(GoogleSimulator, clock=VirtualClock(), render_seconds=30.0, studio=studio)


@pytest.fixture
def server(stage):
    with SimulationServer(stage.handler, base_url=stage.simulator.base_url) as running:
        yield running


@pytest.fixture
def online(server, stage, tmp_path):
    """Make a client that believes the server to be Google."""
    made = []

    def opened(**settings):
        own = dict.fromkeys(("base_url", "vertex_base_url", "storage_base_url"), server.base_url)
        client = Client(
            home=tmp_path / f"home-{len(made)}",
            store="memory",
            clock=stage.clock,
            settings={"google": {**own, **settings}},
        )
        made.append(client)
        return client

    yield opened
    for client in made:
        client.close()


def test_developer_api_over_a_socket(online, stage):
    client = online(api_key=stage.simulator.settings["api_key"])
    assert client.generate("A paper boat", model=OMNI).path.is_file()


def test_vertex_over_a_socket_with_a_token(online, stage):
    account = {name: stage.simulator.settings[name] for name in ("project", "access_token")}
    client = online(**account)
    result = client.generate("A paper boat", model=VEO, google_storage_uri=BUCKET)
    assert result.path.is_file()
    assert client.generate("A paper boat", model=OMNI).job.receipt.data["surface"] == "vertex"


def test_express_account_over_a_socket_leaves_the_film_in_the_bucket(online, stage):
    client = online(api_key=stage.simulator.settings["api_key"])
    assert client.generate("A paper boat", model=VEO).path.is_file()
    result = client.generate("A paper boat", model=VEO, google_storage_uri=BUCKET)
    assert result.url.startswith(BUCKET)
    assert any("stays where it is" in str(notice) for notice in result.warnings)
    with pytest.raises(FetchFailed, match="no API key"):
        _ = result.path


@pytest.mark.parametrize("given", ["byok", "api_keys"])
def test_key_that_is_given_is_used_alone(stage, server, tmp_path, monkeypatch, given):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "the-operators")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.the-operators-0123")
    key = stage.simulator.settings["api_key"]
    own = dict.fromkeys(("base_url", "vertex_base_url", "storage_base_url"), server.base_url)
    with Client(
        home=tmp_path,
        store="memory",
        clock=stage.clock,
        settings={"google": own},
        **({"api_keys": {"google": key}} if given == "api_keys" else {}),
    ) as client:
        more = {"byok_api_key": key} if given == "byok" else {}
        job = client.submit("A paper boat", model=VEO, google_storage_uri=BUCKET, **more)
        assert job.receipt.data["project"] == ""
        result = client.wait(job.id)
        # The operators' token would open the bucket; it is not theirs to lend.
        assert any("no API key" in str(notice) for notice in result.warnings)
        with pytest.raises(InvalidRequest, match="GOOGLE_CLOUD_PROJECT"):
            client.submit("A paper boat", model=f"{OMNI}@vertex", **more)


def test_credentials_that_are_not_there_leave_no_job(online, tmp_path):
    client = online(project="p", credentials_file=str(tmp_path / "no.json"))
    with pytest.raises(AuthenticationFailed, match="was not found"):
        client.submit("A paper boat", model=VEO)
    assert client.list_jobs() == []


def test_film_that_is_no_base64_does_not_lose_the_others(bench):
    def rewrite(response):
        body = json.loads(response.content)
        if response.media_type == "application/json" and "response" in body:
            body["response"]["videos"][1]["bytesBase64Encoded"] = "####"
        return Response(status=response.status, headers=response.headers, content=json.dumps(body).encode())

    made = bench(Fault(kind="rewrite", rewrite=rewrite, times=None))
    result = made.client.generate("A paper boat", model=VEO, n=3)
    assert len(result.videos) == 2
    (warning,) = [notice for notice in result.warnings if notice.parameter == "n"]
    assert "1 of 3 films of the answer cannot be had" in warning.message


def test_service_account_over_a_socket_renews_its_token(online, server, stage, tmp_path, service_account):
    path = tmp_path / "key.json"
    path.write_text(json.dumps(service_account(f"{server.base_url}/token")))
    client = online(project=stage.simulator.settings["project"], credentials_file=str(path))
    assert client.generate("A paper boat", model=VEO).path.is_file()
    stage.simulator.stage.state["access_token_expired"] = True
    assert client.generate("A paper boat", model=VEO).path.is_file()
    assert "access_token" not in str(client.list_jobs())


def test_plugin_is_installed():
    assert Plugins().provider("google").has("preflight")
