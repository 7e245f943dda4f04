"""A vendor with several APIs, addresses and regions; short names; a look before anything is paid; films that stay."""

import copy
from dataclasses import replace

import pytest
from acme.house import House, acme_plugins
from acme.plugin import DOCUMENT, INFO, Acme, FullAcme, another
from polyreel.client import Client
from polyreel.errors import (
    AuthenticationFailed,
    ConfigurationError,
    FetchFailed,
    InvalidRequest,
    JobUncertain,
    MissingExtra,
    MissingKey,
    ModelNotFound,
    ModelRetired,
    Problem,
    RequestRejected,
    UnexpectedAnswer,
)
from polyreel.hookspecs import hookimpl
from polyreel.http import Auth, origin
from polyreel.redaction import Secret
from polyreel.simulation.faults import Fault
from polyreel.types.asset import Asset
from polyreel.types.job import Notice, Phase
from polyreel.types.provider import Setting, Surface

CLOUD = "https://films.cloud.example"


def on(surface, native_id, **facts):
    document = another(native_id, surface=surface, **facts)
    document["$id"] += f"@{surface}"
    return document


SURFACES = (
    Surface(id="studio", title="Acme Studio", needs=(("api_key",),)),
    Surface(
        id="cloud", title="Acme Cloud", address="cloud_base_url", needs=(("project",), ("token", "tenant"))
    ),
)
SETTINGS = (
    replace(INFO.settings[0], required=False),
    INFO.settings[1],
    Setting(name="surface", description="Which.", choices=("studio", "cloud")),
    Setting(name="region", description="Where.", environment=("ACME_REGION",)),
    Setting(name="cloud_base_url", description="Where the cloud is.", address=True),
    Setting(name="project", description="Which project.", environment=("ACME_PROJECT",)),
    Setting(name="token", description="A token.", secret=True),
    Setting(name="tenant", description="Whose."),
)


class Several(FullAcme):
    """Offers ``one`` at the studio and ``one`` and ``two`` in the cloud, there in two regions."""

    info = replace(INFO, settings=SETTINGS, surfaces=SURFACES, origins=("https://*.cloud.example",))
    documents = (
        on("studio", "one", retires_on="2020-01-01", replaced_by=["acme/two"]),
        on("cloud", "one", service=CLOUD),
        on("cloud", "two", service=CLOUD, regions=["mars", "moon"], name="second", aliases=["newest"]),
    )

    def __init__(self):
        self.seen = []

    @hookimpl
    def list_models(self, settings):
        surface = settings.get("surface")
        if not settings.values:
            return self.documents
        offered = {}
        for document in self.documents:
            if surface in {"", document["x-model"]["surface"]}:
                offered.setdefault(document["x-model"]["native_id"], document)
        return offered.values()

    @hookimpl
    def submit(self, task):
        self.seen.append(task)
        return (yield from super().submit(task))


@pytest.fixture
def several(tmp_path):
    return House(tmp_path, provider=Several())


@pytest.fixture
def client(tmp_path):
    """Make a client that would really send."""

    def made(**settings):
        setup = {"settings": {"acme": settings}} if settings else {}
        return Client(plugins=acme_plugins(Several()), home=tmp_path, store="memory", **setup)

    return made


# --- surfaces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "surface", "native"),
    [
        ("acme/one", "studio", "one"),
        ("acme/one@cloud", "cloud", "one"),
        ("acme/one@studio", "studio", "one"),
        ("acme/second", "cloud", "two"),
        ("acme/newest", "cloud", "two"),
        ("newest", "cloud", "two"),
        ("second", "cloud", "two"),
    ],
)
def test_the_document_says_on_which_surface_a_job_is_made(several, model, surface, native):
    with several.client() as client:
        job = client.submit("a boat", model=model)
        (task,) = several.provider.seen
        assert task.settings.get("surface") == job.settings["surface"] == surface
        assert (task.native_model, task.document["x-model"]["surface"]) == (native, surface)
        assert job.model == ("acme/second" if native == "two" else "acme/one")


def test_a_job_is_taken_up_on_the_surface_where_it_was_made(several):
    with several.client() as client:
        job = client.submit("a boat", model="acme/one@cloud")
    with several.client() as other:
        bound = other._operations.steps.bind(other.get_job(job.id))
        assert bound.task.document["x-model"]["surface"] == "cloud"
        assert bound.task.settings.get("surface") == "cloud"
        assert other.wait(job.id).job.phase is Phase.STORED


def test_a_setting_chooses_the_surface(client):
    assert client().model("acme/one").surface == "studio"
    assert client(surface="cloud").model("acme/one").surface == "cloud"
    assert client(surface="cloud").model("acme/one@studio").surface == "studio"
    with pytest.raises(ModelNotFound):
        client(surface="studio").model("acme/second")
    with pytest.raises(ModelNotFound):
        client().model("acme/one@nowhere")


def test_a_model_may_have_ended_on_one_surface_only(client):
    made = client(api_key="k", project="p")
    with pytest.raises(ModelRetired) as error:
        made.submit("a boat", model="acme/one")
    assert error.value.replacements == ("acme/two",)
    assert made.check("a boat", model="acme/one@cloud").ok


def test_dates_and_prices_hold_at_the_surfaces_own_address(client):
    price = client().estimate(model="acme/one@cloud", duration=4)
    elsewhere = client(cloud_base_url="https://films.example").estimate(model="acme/one@cloud", duration=4)
    assert str(price.amount) == "0.20"
    assert elsewhere.amount is None
    assert "https://films.example" in elsewhere.rule


@pytest.mark.parametrize(
    ("given", "model", "missing"),
    [
        ({"project": "p"}, "acme/one@studio", ("api_key (ACME_API_KEY)",)),
        (
            {"api_key": "k"},
            "acme/one@cloud",
            (
                "Acme Cloud",
                "project (ACME_PROJECT) or token (POLYREEL_ACME_TOKEN) and tenant (POLYREEL_ACME_TENANT)",
            ),
        ),
        ({"token": "t"}, "acme/one@cloud", ("and tenant",)),
    ],
)
def test_what_a_surface_needs_is_named(client, given, model, missing, monkeypatch):
    monkeypatch.setattr("polyreel.requests.check_lifecycle", lambda *_: None)
    with pytest.raises(MissingKey) as error:
        client(**given).submit("a boat", model=model)
    for words in missing:
        assert words in str(error.value)


@pytest.mark.parametrize("given", [{"project": "p"}, {"token": "t", "tenant": "n"}])
def test_one_of_the_ways_is_enough(client, given):
    made = client(**given)
    desk = made._operations.desk
    provider, settings, _ = desk.model("acme/one@cloud")
    desk.opening.configuration.require(provider.info, settings)


def test_an_address_of_an_own_api_is_checked(client):
    with pytest.raises(ConfigurationError, match="cloud_base_url"):
        client(cloud_base_url="https://films.example/?key=1").model("acme/one")


def test_a_key_for_one_call_takes_the_place_of_the_api_key(client):
    desk = client(api_key="mine")._operations.desk
    _, settings, _ = desk.model("acme/one@cloud", key=Secret("yours"))
    assert settings.secret("api_key").reveal() == "yours"


def test_a_provider_without_a_key_refuses_one(tmp_path):
    class Keyless(Acme):
        info = replace(INFO, settings=INFO.settings[1:])

    client = Client(plugins=acme_plugins(Keyless()), home=tmp_path, store="memory")
    with pytest.raises(InvalidRequest, match="byok_api_key"):
        client.submit("a boat", model="acme/one", byok_api_key="yours")


# --- regions ----------------------------------------------------------------------------------------------------


def test_a_region_that_nobody_chose_is_the_documents_first(client):
    settings = client()._operations.desk.model("acme/second")[1]
    assert (settings.get("region"), settings.sources["region"]) == ("mars", "the model's document")
    assert client(region="moon")._operations.desk.model("acme/second")[1].get("region") == "moon"
    assert client(region="venus")._operations.desk.model("acme/one@cloud")[1].get("region") == "venus"


def test_a_region_that_lacks_the_model_is_refused(client, monkeypatch):
    monkeypatch.setenv("ACME_REGION", "venus")
    with pytest.raises(InvalidRequest) as error:
        client().check("a boat", model="acme/second")
    (problem,) = error.value.problems
    assert problem.parameter == "region"
    assert problem.allowed == ("mars", "moon")
    for words in (
        "'venus'",
        "environment ACME_REGION",
        "mars, moon",
        "settings={'acme': {'region': 'mars'}}",
    ):
        assert words in problem.message
    # Another server may have its regions elsewhere.
    there = client(cloud_base_url="http://127.0.0.1:1")
    assert there._operations.desk.model("acme/second")[1].get("region") == "venus"


# --- names --------------------------------------------------------------------------------------------------------


def test_aliases_are_listed_once(client):
    listed = client(surface="cloud").models()
    assert [document.id for document in listed] == ["acme/one", "acme/second"]


def test_a_corrected_document_wins_on_its_surface_alone(client, tmp_path):
    corrected = on("cloud", "one", service=CLOUD)
    corrected["title"] = "Corrected"
    import json

    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "one.json").write_text(json.dumps(corrected), encoding="utf-8")
    assert client().model("acme/one@cloud").title == "Corrected"
    assert client().model("acme/one@studio").title == "Acme One"


# --- whose addresses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://eu.cloud.example/x", True),
        ("https://eu-west-1.cloud.example:443/x", True),
        ("https://a.b.cloud.example/x", False),
        ("https://cloud.example/x", False),
        ("https://.cloud.example/x", False),
        ("https://evil.example/?.cloud.example", False),
        ("https://eu.cloud.example.evil.example/x", False),
        ("http://eu.cloud.example/x", False),
        ("https://eu.cloud.example:8443/x", False),
        ("https://eu_x.cloud.example/x", False),
    ],
)
def test_a_star_stands_for_a_part_of_one_label(url, own):
    from polyreel.http import is_origin

    assert is_origin(origin(url), "https://*.cloud.example") is own


def test_credentials_go_to_addresses_of_own_apis_and_nowhere_else(client):
    desk = client(api_key="k", cloud_base_url="https://cloud.mine.example")._operations.desk
    provider, settings, _ = desk.model("acme/one@cloud")
    session = desk.opening.account(provider, settings).http.session
    signed = {}
    from polyreel.http import Request

    for url in ("https://cloud.mine.example/a", "https://x.cloud.example/a", f"{INFO.settings[1].default}/a"):
        flow = session._prepare(Request(method="GET", url=url))
        with pytest.raises(StopIteration) as stop:
            next(flow)
        signed[url] = stop.value.value[0].headers.get("Authorization")
    assert set(signed.values()) == {"Bearer k"}
    flow = session._prepare(Request(method="GET", url="https://93.184.216.34/a"))
    effect = next(flow)
    with pytest.raises(StopIteration) as stop:
        flow.send(effect.function())
    assert "Authorization" not in stop.value.value[0].headers


# --- before anything is paid -------------------------------------------------------------------------------------------


class Careful(FullAcme):
    """Looks for the bucket before it submits."""

    problems = (Problem(parameter="acme_bucket", message="there is no such bucket"),)

    @hookimpl
    def preflight(self, task):
        yield from task.http.head("/buckets/1")
        return self.problems


@pytest.fixture
def careful(tmp_path):
    return House(tmp_path, provider=Careful())


def test_what_a_look_finds_costs_nothing_and_leaves_no_job(careful):
    with careful.client() as client:
        with pytest.raises(InvalidRequest) as error:
            client.submit("a boat", model="acme/one")
        assert [problem.parameter for problem in error.value.problems] == ["acme_bucket"]
        assert client.list_jobs() == []
        assert not careful.simulated.charges.entries


def test_without_a_finding_the_job_goes_on(careful, monkeypatch):
    monkeypatch.setattr(Careful, "problems", ())
    with careful.client() as client:
        assert client.generate("a boat", model="acme/one").job.phase is Phase.STORED


def test_a_dry_run_does_not_look(careful):
    with careful.client() as client:
        (request,) = client.dry_run("a boat", model="acme/one").requests
        assert request.method == "POST"
        assert client.check("a boat", model="acme/one").ok


# --- films that stay, and films that are fewer ------------------------------------------------------------------------


class Keeps(Acme):
    """Leaves its films in a bucket, and one of them beside it."""

    fetched = ()

    @hookimpl
    def normalise_result(self, payload):
        stays = "the key cannot read the bucket; give one that can"
        films = [
            Asset(index=index, url=url)
            if index in self.fetched
            else Asset(index=index, url=f"s3://b/{index}.mp4", stays=stays)
            for index, url in enumerate(payload["urls"])
        ]
        return [*films, Asset(role="shot", url=payload["urls"][0])]


@pytest.fixture
def keeps(tmp_path):
    return House(tmp_path, provider=Keeps())


def test_a_film_that_stays_completes_the_job_and_says_so(keeps):
    with keeps.client() as client:
        result = client.generate("a boat", model="acme/one")
        assert result.job.phase is Phase.STORED
        assert result.url == "s3://b/0.mp4"
        assert [str(notice) for notice in result.warnings] == [
            "video: s3://b/0.mp4 stays where it is: the key cannot read the bucket; give one that can"
        ]
        with pytest.raises(FetchFailed, match=r"s3://b/0\.mp4.*cannot read the bucket"):
            _ = result.path
        assert "s3://b/0.mp4" in result._repr_mimebundle_()["text/plain"]
        described = client.jobs(result.job.id)["result"]["data"]
        assert described == [{"url": "s3://b/0.mp4", "content_type": "video/mp4", "file_name": "0.mp4"}]


def test_of_several_films_some_may_stay(keeps, monkeypatch):
    monkeypatch.setattr(Keeps, "fetched", (1,))
    with keeps.client() as client:
        result = client.generate("a boat", model="acme/one", n=2)
        stays, fetched = result.videos
        assert (stays.asset.path, fetched.asset.path.is_file()) == (None, True)


def test_a_shot_is_fetched_when_it_is_asked_for(keeps):
    with keeps.client() as client:
        job = client.generate("a boat", model="acme/one").job
        (shot,) = client.fetch(job.id, assets=["shot"])
        assert shot.path.name.endswith("-shot-1.mp4")
        assert shot.has_audio


def test_a_film_that_stayed_is_fetched_once_it_can_be_read(keeps, monkeypatch):
    with keeps.client() as client:
        job = client.generate("a boat", model="acme/one").job
        with pytest.raises(FetchFailed, match="give one that can"):
            client.fetch(job.id)
        monkeypatch.setattr(Keeps, "fetched", (0,))
        (film,) = client.fetch(job.id)
        assert (film.stays, film.path.is_file()) == (None, True)
        assert client.get_job(job.id).videos[0].path == film.path


class LosesOne(Acme):
    """Gives one film less than it was asked for, and no word about it."""

    @hookimpl
    def normalise_result(self, payload):
        return [Asset(url=url) for url in payload["urls"][1:]]


def test_films_that_are_missing_without_a_reason_are_said_and_not_taken_off_the_bill(tmp_path):
    house = House(tmp_path, provider=LosesOne(), real=True)
    with house.client() as client:
        job = client.generate("a boat", model="acme/one", n=2, duration=4).job
        assert [str(notice) for notice in job.warnings] == [
            "n: 1 of 2 films came, and acme gives no reason; what it charges is not known"
        ]
        assert str(job.cost.amount) == "0.40"


class Garbled(Acme):
    """Cannot read its own answer."""

    @hookimpl
    def normalise_result(self, payload):
        raise UnexpectedAnswer("no film can be read", provider="acme", billed=True)


def test_a_result_that_cannot_be_read_names_its_job(tmp_path):
    with House(tmp_path, provider=Garbled()).client() as client:
        job = client.submit("a boat", model="acme/one")
        with pytest.raises(UnexpectedAnswer) as error:
            client.wait(job.id)
        assert error.value.job.id == job.id


class Filters(Acme):
    """Lets one film of each job through."""

    @hookimpl
    def poll(self, task, receipt):
        progress = yield from super().poll(task, receipt)
        notice = Notice(parameter="n", message="one film was filtered")
        return progress.model_copy(update={"warnings": (notice,), "unbilled": 1})

    @hookimpl
    def normalise_result(self, payload):
        return [Asset(url=payload["urls"][0])]


def test_films_that_were_not_made_are_not_charged(tmp_path):
    house = House(tmp_path, provider=Filters(), real=True)
    with house.client() as client:
        job = client.generate("a boat", model="acme/one", n=2, duration=4).job
        assert (str(job.estimate.amount), str(job.cost.amount)) == ("0.40", "0.20")
        assert [str(notice) for notice in job.warnings] == ["n: one film was filtered"]


# --- an earlier film ----------------------------------------------------------------------------------------------------


EXTENDING = copy.deepcopy(DOCUMENT)
EXTENDING["properties"]["video"] = {
    "description": "A film.",
    "x-native": False,
    "x-media": {"accept": ["video/mp4"], "reference": True, "schemes": ["gs"]},
}


class Extends(FullAcme):
    """Takes an earlier film."""

    documents = (EXTENDING,)

    def body(self, task):
        video = task.parameters.get("video")
        source = {} if video is None else {"source": [video.id, video.url]}
        return {**super().body(task), **source}


def test_an_earlier_job_is_given_with_its_films_address(tmp_path):
    house = House(tmp_path, provider=Extends())
    with house.client() as client:
        job = client.generate("a boat", model="acme/one").job
        (request,) = client.dry_run("more", model="acme/one", video=job.id).requests
        assert request.json["source"] == [job.receipt.id, job.assets[0].url]
        (request,) = client.dry_run("more", model="acme/one", video="gs://bucket/a.mp4").requests
        assert request.json["source"] == ["", "gs://bucket/a.mp4"]


# --- what comes up while a request is signed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [MissingExtra("Signing", extra="cloud", package="polyreel-acme"), MissingKey("no key", provider="acme")],
    ids=lambda error: type(error).__name__,
)
def test_a_request_that_could_not_be_signed_never_left(tmp_path, error):
    class Unsigned(Auth):
        def sign(self, request):
            yield from ()
            raise error

    class Forgetful(FullAcme):
        @hookimpl
        def authenticate(self):
            return Unsigned()

    with House(tmp_path, provider=Forgetful()).client() as client:
        with pytest.raises(type(error)):
            client.submit("a boat", model="acme/one")
        (job,) = client.list_jobs()
        assert (job.phase, job.failure.kind, job.failure.billed) == (Phase.FAILED, "rejected", False)
    assert "polyreel-acme[cloud]" in str(error) or isinstance(error, MissingKey)


# --- a paid request that may be sent again -------------------------------------------------------------------------------


class Tokened(FullAcme):
    """Knows a request again by its token, and charges it once."""

    info = replace(INFO, idempotency="field")


def submits(kind, **more):
    return Fault(kind=kind, path="/v1/films", method="POST", **more)


@pytest.mark.parametrize("after", [429, 403])
@pytest.mark.parametrize("first", ["drop_after", "status_after"])
def test_a_first_try_that_was_taken_is_not_forgotten_when_a_second_is_refused(tmp_path, first, after):
    faults = (
        submits(first, **({"status": 503} if first == "status_after" else {})),
        submits("status", status=after, times=9),
    )
    house = House(tmp_path, provider=Tokened(), faults=faults, real=True)
    with house.client() as client:
        job = client.submit("a boat", model="acme/one")
        assert len(house.simulated.charges.billed_jobs) == 1
        assert job.phase is Phase.ACCEPTED
        assert "by its token" in str(job.warnings[-1])


def test_a_request_that_is_refused_as_wrong_was_never_taken(tmp_path):
    faults = (submits("status", status=503), submits("status", status=400, times=9))
    with House(tmp_path, provider=Tokened(), faults=faults).client() as client:
        with pytest.raises(RequestRejected):
            client.submit("a boat", model="acme/one")
        (job,) = client.list_jobs()
        assert (job.phase, job.failure.billed) == (Phase.FAILED, False)


def test_who_cannot_be_looked_for_says_why(tmp_path):
    looks = Fault(kind="status", status=500, path="/v1/films", method="GET", times=99)
    house = House(tmp_path, faults=(submits("drop_after"), looks))
    with house.client() as client:
        with pytest.raises(JobUncertain) as error:
            client.submit("a boat", model="acme/one")
        (job,) = client.resume(error.value.job.id)
        assert job.status == "unknown"
        assert "could not be looked for" in job.message


def test_a_key_that_is_refused_while_looking_is_an_error_of_its_own(tmp_path):
    looks = Fault(kind="status", status=401, path="/v1/films", method="GET", times=99)
    house = House(tmp_path, faults=(submits("drop_after"), looks))
    with house.client() as client:
        with pytest.raises(JobUncertain) as error:
            client.submit("a boat", model="acme/one")
        with pytest.raises(AuthenticationFailed):
            client.wait(error.value.job.id)


# --- whose account ---------------------------------------------------------------------------------------------------------


def test_addresses_of_the_vendors_own_are_the_service(client):
    assert str(
        client(cloud_base_url="https://eu.cloud.example/v2")
        .estimate(model="acme/one@cloud", duration=4)
        .amount
    )
    with pytest.raises(InvalidRequest, match="not offered"):
        client(cloud_base_url="https://eu.cloud.example", region="venus").check("a boat", model="acme/second")


def test_beside_a_key_for_one_call_no_other_secret_is_used(client):
    desk = client(api_key="mine", token="mine-too", tenant="me")._operations.desk
    _, settings, _ = desk.model("acme/one@cloud", key=Secret("yours"))
    assert settings.is_own_key
    assert (settings.secret("token"), settings.get("tenant")) == (None, "me")
    assert not desk.model("acme/one@cloud")[1].is_own_key


def test_a_job_knows_where_its_settings_came_from(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_PROJECT", "p")
    house = House(tmp_path, provider=Several(), real=True)
    with house.client() as client:
        job = client.submit("a boat", model="acme/second")
        assert job.settings["region"] == "mars"
        assert job.sources["region"] == "the model's document"
        monkeypatch.setenv("ACME_REGION", "moon")
        settings = client._operations.steps.bind(job).task.settings
        assert (settings.get("region"), settings.sources["region"]) == ("mars", "the model's document")


def test_what_was_not_set_for_a_job_is_not_set_when_it_is_taken_up(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_PROJECT", "p")
    house = House(tmp_path, provider=Several(), real=True)
    with house.client() as client:
        job = client.submit("a boat", model="acme/second")
        monkeypatch.setenv("POLYREEL_ACME_CLOUD_BASE_URL", "https://else.example")
        monkeypatch.setenv("POLYREEL_ACME_TENANT", "another")
        settings = client._operations.steps.bind(job).task.settings
        assert (settings.get("cloud_base_url"), settings.get("tenant"), settings.get("project")) == (
            "",
            "",
            "p",
        )


def test_a_film_of_one_surface_does_not_go_to_another(tmp_path):
    class SeveralExtending(Several):
        documents = tuple(
            {**document, "properties": {**document["properties"], "video": EXTENDING["properties"]["video"]}}
            for document in Several.documents
        )

    with House(tmp_path, provider=SeveralExtending()).client() as client:
        job = client.generate("a boat", model="acme/one@cloud").job
        assert client.check("more", model="acme/one@cloud", video=job.id).ok
        with pytest.raises(InvalidRequest, match=r"another place \(surface cloud\)"):
            client.submit("more", model="acme/one@studio", video=job.id)


@pytest.mark.parametrize("model", ["acme/second@studio", "second@studio", "acme/two@studio"])
def test_a_model_that_is_only_on_another_surface_is_named_there(client, model):
    with pytest.raises(ModelNotFound) as error:
        client().check("a boat", model=model)
    assert "acme/second@cloud" in str(error.value) or model == "acme/two@studio"


def test_a_provider_that_is_set_wrongly_leaves_the_others_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYREEL_ACME_SURFACE", "nowhere")
    plugins = acme_plugins(Several())

    class Other(FullAcme):
        info = replace(INFO, id="other")
        documents = (
            {
                **DOCUMENT,
                "$id": "urn:polyreel:model:other/one",
                "x-model": {**DOCUMENT["x-model"], "provider": "other"},
            },
        )

    plugins.add_provider("other", Other())
    made = Client(plugins=plugins, home=tmp_path, store="memory")
    assert [document.id for document in made.models()] == ["other/one"]
    with pytest.raises(ConfigurationError, match="nowhere"):
        made.check("a boat", model="acme/one")


@pytest.mark.parametrize(
    ("given", "found"),
    [("localhost:4443", "http://localhost:4443"), ("https://x.example", "https://x.example")],
)
def test_an_address_may_come_without_its_scheme(client, given, found):
    desk = client(cloud_base_url=given)._operations.desk
    assert desk.model("acme/one@cloud")[1].get("cloud_base_url") == found


def test_choices_are_read_whatever_their_case(client):
    assert client(surface="CLOUD").model("acme/one").surface == "cloud"


def test_fields_that_the_price_does_not_know_are_said_beside_a_limit(tmp_path):
    with House(tmp_path).client() as client:
        bounded = client.check("a boat", model="acme/one", native={"n": 9}, max_cost=1)
        assert [notice.parameter for notice in bounded.warnings] == ["native"]
        assert client.check("a boat", model="acme/one", native={"n": 9}).warnings == ()
