"""When one model refuses, the next is asked; never after a job may have been accepted."""

import asyncio
import copy
from dataclasses import replace
from decimal import Decimal

import pytest
from acme.house import House, picture
from acme.plugin import DOCUMENT, INFO, Acme, FullAcme, another
from acme.simulator import AcmeSimulator
from polyreel.errors import (
    AuthenticationFailed,
    BudgetExceeded,
    ContentRefused,
    InsufficientCredit,
    InvalidRequest,
    JobUncertain,
    MissingKey,
    ModelNotFound,
    ModelRetired,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    StorageFailed,
    TransportFailed,
    UnexpectedAnswer,
)
from polyreel.fallback import _certainly_not_accepted
from polyreel.hookspecs import hookimpl
from polyreel.http import BearerAuth
from polyreel.simulation.faults import Fault
from polyreel.types.job import Failure, Job, Phase, Receipt
from polyreel.types.provider import Setting

BRAVO_URL = "https://api.bravo.example/v1"
PROMPT = "A paper boat crossing a puddle"
CREATE = {"method": "POST", "path": "/films$", "times": None}


def of_bravo(native_id="one", **properties):
    """A document of another provider; its lengths are others."""
    document = copy.deepcopy(DOCUMENT)
    document["$id"] = f"urn:polyreel:model:bravo/{native_id}"
    document["properties"]["duration"] |= {"enum": [3, 6], "default": 3}
    document["properties"] |= properties
    document["x-price"]["rules"] = [{"per": "second", "amount": "0.50"}]
    document["x-model"] |= {"provider": "bravo", "native_id": native_id, "service": BRAVO_URL}
    return document


class BravoSimulator(AcmeSimulator):
    base_url = BRAVO_URL
    settings = {"api_key": "bravo-simulated"}  # noqa: RUF012  as its base declares it


class Bravo(FullAcme):
    """The same protocol, somewhere else, with another key."""

    documents = (
        of_bravo(),
        of_bravo("two", duration={**DOCUMENT["properties"]["duration"], "enum": [5, 8], "default": 5}),
    )
    info = replace(
        INFO,
        id="bravo",
        title="Bravo Films",
        settings=(
            Setting(
                name="api_key", description="The key.", environment=("BRAVO_KEY",), secret=True, required=True
            ),
            Setting(name="base_url", description="Where it is.", default=BRAVO_URL),
        ),
    )

    @hookimpl
    def authenticate(self, settings):
        return BearerAuth(settings.secret("api_key"))

    @hookimpl
    def simulator(self):
        return BravoSimulator


class Studios(House):
    """Two providers; jobs count as real."""

    def _furnished(self, client):
        if "bravo" not in self.plugins.provider_ids:
            self.plugins.add_provider("bravo", Bravo())
        client = super()._furnished(client)
        client.workspace.stage(self.plugins.provider("bravo"))
        return client

    @property
    def bravo(self):
        self.simulated  # noqa: B018  the stages are set with the first client
        return self._stages["bravo"]

    @property
    def paid_by_name(self):
        return {
            "acme": len(self.charges.billed_jobs),
            "bravo": len(self.bravo.charges.billed_jobs),
        }


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("BRAVO_KEY", "bravo-simulated")


@pytest.fixture
def studios(tmp_path):
    return Studios(tmp_path, real=True)


def tried(studios, *, model="acme/one", fallback=("bravo/one",), prompt=PROMPT, **request):
    """Ask for a film; return the result or the error, and the records, the oldest first."""
    with studios.client() as client:
        try:
            result = client.generate(prompt, model=model, fallback=list(fallback), **request)
        except Exception as error:  # noqa: BLE001  looked at by the test
            result = error
        return result, sorted(client.list_jobs(), key=lambda job: job.id)


REFUSED = {
    "connection refused": (Fault(kind="refuse", **CREATE), TransportFailed),
    "unsafe": (Fault(kind="status", status=422, **CREATE), ContentRefused),
    "no money": (Fault(kind="status", status=402, **CREATE), InsufficientCredit),
    "too many": (Fault(kind="status", status=429, **CREATE), RateLimited),
}


@pytest.mark.parametrize(("fault", "kind"), REFUSED.values(), ids=REFUSED)
def test_what_was_certainly_not_accepted_goes_to_the_next_model(studios, fault, kind):
    studios.add(fault)
    result, (refused, made) = tried(studios, duration=4)
    assert result.job == made
    assert studios.paid_by_name == {"acme": 0, "bravo": 1}
    assert (refused.model, refused.phase, refused.continued_by) == ("acme/one", Phase.FAILED, made.id)
    assert (refused.failure.billed, refused.receipt) == (False, None)
    assert (made.model, made.status, made.continued_by) == ("bravo/one", "completed", None)
    assert made.requested["duration"] == 3
    (warning,) = made.warnings
    assert warning.parameter == "model"
    assert "acme/one refused (" in warning.message
    assert "moved from acme/one to bravo/one: duration: 4 becomes 3" in warning.message
    assert "price 0.20 USD before, 1.50 USD after" in warning.message
    with pytest.raises(kind):
        studios.client().generate(PROMPT, model="acme/one")


AMBIGUOUS = ("drop_before", "drop_after", "status", "status_after", "broken_json", "empty", "html", "hang")


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_may_have_been_accepted_is_nobody_elses(tmp_path, kind):
    """A 5xx, a cut-off answer, and one that says nothing: the job may be rendering."""

    class Forgetful(Acme):
        """Cannot look for a submit."""

    studios = Studios(tmp_path, provider=Forgetful(), real=True, faults=(Fault(kind=kind, **CREATE),))
    error, (job,) = tried(studios)
    assert isinstance(error, JobUncertain)
    assert job.continued_by is None
    assert job.status == "unknown"
    assert studios.paid_by_name["bravo"] == 0
    assert studios.paid <= 1


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "broken_json"])
def test_what_is_found_again_goes_on(studios, kind):
    studios.add(Fault(kind=kind, **CREATE | {"times": 1}))
    result, (job,) = tried(studios)
    assert result.job.status == job.status == "completed"
    assert studios.paid_by_name == {"acme": 1, "bravo": 0}


@pytest.mark.parametrize(
    ("status", "kind"), [(400, RequestRejected), (401, AuthenticationFailed), (403, AuthenticationFailed)]
)
def test_what_only_the_caller_can_mend_is_raised(studios, status, kind):
    studios.add(Fault(kind="status", status=status, **CREATE))
    error, (job,) = tried(studios)
    assert isinstance(error, kind)
    assert job.continued_by is None
    assert studios.paid_by_name == {"acme": 0, "bravo": 0}


def test_a_refusal_that_may_be_billed_is_raised(tmp_path):
    class Charging(FullAcme):
        @hookimpl
        def submit(self, task):
            yield from task.http.get("/films")
            raise ContentRefused("unsafe, and charged perhaps", provider="acme", billed=None)

    studios = Studios(tmp_path, provider=Charging(), real=True)
    error, (job,) = tried(studios)
    assert isinstance(error, ContentRefused)
    assert job.failure.billed is None
    assert studios.paid_by_name == {"acme": 0, "bravo": 0}


@pytest.mark.parametrize(
    "fault",
    [Fault(kind="status", path="/files$", times=None), Fault(kind="drop_after", path="/files$", times=None)],
)
def test_an_outage_before_the_submit_goes_to_the_next_model(studios, fault):
    """Sending a picture ahead costs nothing, whatever came of it."""
    studios.add(fault)
    result, (made,) = tried(studios, input_image=picture())
    assert (result.job.model, made.model) == ("bravo/one", "bravo/one")
    assert "input_image" in made.requested
    assert studios.paid_by_name == {"acme": 0, "bravo": 1}


def test_a_failure_while_the_film_is_made_is_no_refusal(studios):
    studios.state["script"] = [{"state": "failed", "failure": {"kind": "filtered", "message": "unsafe"}}]
    error, (job,) = tried(studios)
    assert isinstance(error, ContentRefused)
    assert (job.status, job.continued_by) == ("failed", None)
    assert studios.paid_by_name == {"acme": 1, "bravo": 0}


def test_a_film_that_does_not_arrive_is_no_refusal(tmp_path):
    """A provider that answers with the film has charged for it before the film is fetched."""

    class Instant(FullAcme):
        @hookimpl
        def normalise_result(self, payload):
            raise ProviderUnavailable("it was there a moment ago", provider="acme")

        @hookimpl
        def submit(self, task):
            from polyreel.types.job import Finished, Receipt

            response = yield from task.http.post("/films", json={**self.body(task), "hold": True})
            return Finished(receipt=Receipt(id=response.json()["id"]), payload=response.json())

    studios = Studios(tmp_path, provider=Instant(), real=True)
    error, (job,) = tried(studios)
    assert isinstance(error, ProviderUnavailable)
    assert job.receipt is not None
    assert studios.paid_by_name == {"acme": 1, "bravo": 0}


@pytest.mark.parametrize(
    ("changes", "certain"),
    [
        ({}, True),
        ({"phase": Phase.UNKNOWN}, False),
        ({"phase": Phase.SUBMITTING}, False),
        ({"phase": Phase.EXPIRED}, False),
        ({"receipt": Receipt(id="film_1")}, False),
        ({"failure": None}, False),
        ({"failure": Failure(message="no", billed=None)}, False),
        ({"failure": Failure(message="no", billed=True)}, False),
    ],
)
def test_the_record_says_whether_it_is_certain(changes, certain):
    refused = {"phase": Phase.FAILED, "failure": Failure(message="no", billed=False)}
    facts = {"id": "job_1", "provider": "acme", "model": "acme/one", "prompt": PROMPT}
    job = Job(**facts, created_at=0.0, updated_at=0.0, **{**refused, **changes})
    assert _certainly_not_accepted(job) is certain


def test_a_missing_key_goes_to_the_next_model(studios, monkeypatch):
    monkeypatch.delenv("BRAVO_KEY")
    result, (made,) = tried(studios, model="bravo/one", fallback=["acme/one"])
    assert result.job.model == made.model == "acme/one"
    assert "bravo/one refused (" in made.warnings[0].message
    with pytest.raises(MissingKey):
        studios.client().generate(PROMPT, model="bravo/one")


def test_a_retired_model_goes_to_the_next(tmp_path):
    class Closing(FullAcme):
        documents = (DOCUMENT, another("old", stage="retired", retires_on="2025-06-01"))

    studios = Studios(tmp_path, provider=Closing(), real=True)
    result, (made,) = tried(studios, model="acme/old", duration=8)
    assert result.job.model == "bravo/one"
    assert made.requested["duration"] == 6
    with pytest.raises(ModelRetired):
        studios.client().generate(PROMPT, model="acme/old")


def test_each_refused_record_names_the_next_one(studios):
    studios.add(Fault(kind="status", status=429, **CREATE))
    studios.bravo.faults.add(Fault(kind="status", status=402, **CREATE | {"times": 1}))
    result, (first, second, third) = tried(studios, fallback=["bravo/one", "bravo/two"], duration=8)
    assert [job.model for job in (first, second, third)] == ["acme/one", "bravo/one", "bravo/two"]
    assert [job.continued_by for job in (first, second, third)] == [second.id, third.id, None]
    assert result.job == third
    assert [warning.message.partition(" ")[0] for warning in third.warnings] == ["acme/one", "bravo/one"]
    assert (second.requested["duration"], third.requested["duration"]) == (6, 8), (
        "moved from the first request, not from the second"
    )
    assert studios.paid_by_name == {"acme": 0, "bravo": 1}


def test_a_record_names_the_next_one_across_models_that_never_got_one(studios, monkeypatch):
    class Keyless(Bravo):
        info = replace(
            Bravo.info,
            id="keyless",
            settings=(replace(Bravo.info.settings[0], environment=("NO_KEY",)), Bravo.info.settings[1]),
        )

        @property
        def documents(self):
            json = of_bravo()
            json["$id"] = "urn:polyreel:model:keyless/one"
            json["x-model"]["provider"] = "keyless"
            return (json,)

    studios.plugins.add_provider("keyless", Keyless())
    studios.add(Fault(kind="status", status=429, **CREATE))
    _, (first, last) = tried(studios, fallback=["keyless/one", "bravo/one"])
    assert first.continued_by == last.id
    assert [warning.message.partition(" ")[0] for warning in last.warnings] == ["acme/one", "keyless/one"]


def test_the_last_models_error_is_raised_with_what_the_others_said(studios):
    studios.add(Fault(kind="status", status=429, **CREATE))
    studios.bravo.faults.add(Fault(kind="status", status=402, **CREATE))
    error, (first, second) = tried(studios)
    assert isinstance(error, InsufficientCredit)
    assert error.job.id == second.id == first.continued_by
    assert [note for note in error.__notes__ if "acme/one refused (acme says 429)" in note]


def test_what_is_too_dear_is_not_asked_for(studios):
    studios.add(Fault(kind="status", status=429, **CREATE))
    error, (job,) = tried(studios, duration=4, max_cost="0.30")
    assert isinstance(error, BudgetExceeded)
    assert error.estimate.amount == Decimal("1.50")
    assert "acme/one refused" in error.__notes__[0]
    assert job.model == "acme/one"
    assert studios.paid_by_name == {"acme": 0, "bravo": 0}


def test_that_the_first_model_is_too_dear_is_for_the_caller(studios):
    error, jobs = tried(studios, model="bravo/one", fallback=["acme/one"], duration=3, max_cost="0.30")
    assert isinstance(error, BudgetExceeded)
    assert (jobs, error.estimate.amount) == ([], Decimal("1.50"))
    assert studios.paid_by_name == {"acme": 0, "bravo": 0}


def test_after_one_that_is_too_dear_comes_the_next(tmp_path):
    class Cheap(Bravo):
        documents = (of_bravo(), {**of_bravo("two"), "x-price": DOCUMENT["x-price"]})

    studios = Studios(tmp_path, real=True)
    studios.plugins.add_provider("bravo", Cheap())
    studios.add(Fault(kind="status", status=429, **CREATE))
    result, _ = tried(studios, fallback=["bravo/one", "bravo/two"], duration=4, max_cost="0.30")
    assert result.job.model == "bravo/two"


def test_an_invalid_request_is_for_the_caller(studios):
    error, jobs = tried(studios, duration=5)
    assert isinstance(error, InvalidRequest)
    assert error.model == "acme/one"
    assert jobs == []


def test_a_prompt_is_never_cut(tmp_path):
    class Terse(Bravo):
        documents = (of_bravo(prompt={**DOCUMENT["properties"]["prompt"], "maxLength": 10}),)

    studios = Studios(tmp_path, real=True)
    studios.plugins.add_provider("bravo", Terse())
    studios.add(Fault(kind="status", status=429, **CREATE))
    error, (job,) = tried(studios)
    assert isinstance(error, InvalidRequest)
    assert [problem.parameter for problem in error.problems] == ["prompt"]
    assert "acme/one refused" in error.__notes__[0]
    assert job.model == "acme/one"


def test_a_slip_of_the_pen_is_found_before_anything_is_sent(studios):
    error, jobs = tried(studios, fallback=["bravo/one", "bravo/onw"])
    assert isinstance(error, ModelNotFound)
    assert (jobs, studios.count("POST")) == ([], 0)


@pytest.mark.parametrize("fallback", [3, [3], [""], {"bravo/one": 1}])
def test_a_list_of_models_is_wanted(studios, fallback):
    with pytest.raises(InvalidRequest, match="must be a list of models"):
        studios.client().generate(PROMPT, model="acme/one", fallback=fallback)


def test_a_key_for_one_vendor_is_never_sent_to_another(studios):
    """Nor are fields that were meant for its body; without a key of its own the other one is not asked."""
    received = []
    answer = studios.bravo.faults._handler

    def listening(request):
        received.append(request)
        return answer(request)

    studios.bravo.faults._handler = listening
    studios.add(Fault(kind="status", status=429, **CREATE))
    result, (refused, made) = tried(
        studios, byok_api_key="acme-simulated", native={"acme_only": True}, fallback=["bravo/one"]
    )
    assert result.job == made
    assert (refused.own_key, made.own_key) == (True, False)
    assert {request.headers["authorization"] for request in received if request.method == "POST"} == {
        "Bearer bravo-simulated"
    }
    assert not any(b"acme_only" in (request.content or b"") for request in received)


def test_within_one_provider_key_and_fields_stay(tmp_path):
    class Two(FullAcme):
        documents = (DOCUMENT, another("two"))

    studios = Studios(tmp_path, provider=Two(), real=True)
    studios.add(Fault(kind="status", status=422, **CREATE | {"times": 1}))
    own = {"byok_api_key": "acme-simulated", "native": {"x": 1}}
    result, (_, made) = tried(studios, fallback=["acme/two"], **own)
    assert (result.job.model, made.own_key) == ("acme/two", True)
    (film,) = studios.state["films"].values()
    assert film["body"]["x"] == 1


def test_submit_falls_back_too_and_so_does_the_async_client(studios):
    studios.add(Fault(kind="status", status=429, **CREATE))
    job = studios.client().submit(PROMPT, model="acme/one", fallback="bravo/one")
    assert (job.model, job.status) == ("bravo/one", "queued")

    async def awaited():
        async with studios.async_client() as client:
            return await client.generate(PROMPT, model="acme/one", fallback=["bravo/one"])

    assert asyncio.run(awaited()).job.model == "bravo/one"
    assert studios.paid_by_name == {"acme": 0, "bravo": 2}


def test_a_model_that_is_chosen_by_itself_may_refuse_too(studios):
    studios.add(Fault(kind="status", status=429, **CREATE))
    result, (refused, made) = tried(studios, model="auto", duration=4)
    assert (refused.model, made.model) == ("acme/one", "bravo/one")
    assert [warning.message.partition(" ")[0] for warning in made.warnings] == ["acme/one", "acme/one"]
    assert "was chosen" in made.warnings[0].message
    assert result.job == made


def test_a_store_that_does_not_answer_stops_everything(studios):
    """Whether the first job was accepted is asked of its record: without it nobody else is asked."""
    studios.add(Fault(kind="status", status=429, **CREATE))
    read = studios.store.get

    def broken(job_id):
        raise StorageFailed("no disk")

    with studios.client() as client:
        studios.store.get = broken
        with pytest.raises(StorageFailed):
            client.generate(PROMPT, model="acme/one", fallback=["bravo/one"])
        studios.store.get = read
    assert studios.paid_by_name == {"acme": 0, "bravo": 0}


def test_an_answer_outside_the_protocol_is_no_refusal(tmp_path):
    class Odd(FullAcme):
        @hookimpl
        def submit(self, task):
            raise UnexpectedAnswer("before anything was sent", provider="acme")
            yield

    studios = Studios(tmp_path, provider=Odd(), real=True)
    error, (job,) = tried(studios)
    assert isinstance(error, UnexpectedAnswer)
    assert job.continued_by is None


@pytest.mark.parametrize("kind", ["refused", "without a record"])
def test_the_same_key_again_is_the_job_of_the_model_that_took_it(studios, kind):
    upload = {"method": "POST", "path": "/files$", "times": 3}
    studios.add(
        Fault(kind="status", status=429, **CREATE | {"times": 1})
        if kind == "refused"
        else Fault(kind="status", **upload)
    )
    request = {"idempotency_key": "order 7", "input_image": picture()}
    made, jobs = tried(studios, **request)
    again, after = tried(studios, **request)
    assert again.job == made.job
    assert again.job.model == "bravo/one"
    assert (after, studios.paid_by_name) == (jobs, {"acme": 0, "bravo": 1})


def test_the_same_key_for_another_request_is_refused_behind_too(studios):
    studios.add(Fault(kind="status", method="POST", path="/files$", times=3))
    tried(studios, idempotency_key="order 7", input_image=picture())
    refused, jobs = tried(studios, idempotency_key="order 7", input_image=picture(2, 2))
    assert isinstance(refused, InvalidRequest)
    assert len(jobs) == 1
