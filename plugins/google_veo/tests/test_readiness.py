"""Free looks before anything is paid."""

import sys

import pytest
from polyreel.clock import SystemClock
from polyreel.errors import AuthenticationFailed, MissingExtra, ProviderUnavailable
from polyreel.exchange import AccountSession, Endpoint
from polyreel.flows import Call, Sleep
from polyreel.http import Request
from polyreel.testing import Recording, answers, in_json
from polyreel.types.media import MediaRef
from polyreel_google_veo import plugin
from polyreel_google_veo.readiness import LOOKS

VEO, VERTEX = "veo-3.1-generate-preview", "veo-3.1-generate-001"
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"


def state(word):
    return in_json({"name": "files/abc123", "state": word})


@pytest.fixture
def extension(task):
    return task(model=VEO, video=MediaRef(parameter="video", id="x/operations/1", url=FILE))


@pytest.fixture
def into_bucket(task):
    return task(model=VERTEX, surface="vertex", google_storage_uri="gs://my-bucket/films/")


def test_ready_source_is_looked_at_once(extension):
    problems, (request,) = answers(plugin.preflight(extension), [state("ACTIVE")])
    assert problems == []
    assert (request.method, request.url) == (
        "GET",
        "https://generativelanguage.googleapis.com/v1beta/files/abc123",
    )


def test_source_that_is_being_processed_is_waited_for(extension):
    recording = Recording(script=[state("PROCESSING"), state("PROCESSING"), state("ACTIVE")])
    assert recording.run(plugin.preflight(extension)) == []
    assert [effect.seconds for effect in recording.effects if isinstance(effect, Sleep)] == [5.0, 5.0]


def test_waiting_ends_after_a_minute(extension):
    recording = Recording(script=[state("PROCESSING")] * LOOKS)
    (problem,) = recording.run(plugin.preflight(extension))
    assert problem.parameter == "video"
    assert "still processing this film after 60 s" in problem.message
    assert sum(effect.seconds for effect in recording.effects if isinstance(effect, Sleep)) == 60


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (in_json({"error": {"message": "no"}}, status=404), "two days"),
        (in_json({"error": {"message": "no"}}, status=403), "two days"),
        (state("FAILED"), "could not process"),
    ],
)
def test_source_that_is_lost(extension, answer, words):
    (problem,), _ = answers(plugin.preflight(extension), [answer])
    assert problem.parameter == "video"
    assert words in problem.message


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationFailed), (503, ProviderUnavailable)])
def test_look_that_fails_is_no_fault_of_the_request(extension, status, kind):
    with pytest.raises(kind) as caught:
        Recording(script=[in_json({}, status=status)]).run(plugin.preflight(extension))
    assert caught.value.billed is False


def test_answer_without_a_state_is_taken_for_ready(extension):
    assert answers(plugin.preflight(extension), [in_json({})])[0] == []


@pytest.mark.parametrize("model", [VEO, "gemini-omni-1.2-flash"])
def test_nothing_is_asked_where_nothing_is_to_be_known(task, clip, model):
    assert answers(plugin.preflight(task(model=model)), [])[0] == []
    assert answers(plugin.preflight(task(model=model, video=clip())), [])[0] == []


def test_source_without_a_file_is_not_looked_for(task):
    source = MediaRef(parameter="video", url="https://generativelanguage.googleapis.com/v1beta/models")
    assert answers(plugin.preflight(task(model=VEO, video=source)), [])[0] == []


def test_omni_does_not_wait_for_a_file(task):
    source = MediaRef(parameter="video", id="models/veo/operations/1", url=FILE)
    assert answers(plugin.preflight(task(model="gemini-omni-1.2-flash", video=source)), [])[0] == []


@pytest.mark.parametrize("status", [200, 403, 500])
def test_bucket_that_may_be_there_is_no_problem(into_bucket, status):
    problems, (request,) = answers(plugin.preflight(into_bucket), [in_json({}, status=status)])
    assert problems == []
    assert request.url == "https://storage.googleapis.com/storage/v1/b/my-bucket"


def test_bucket_that_is_not_there(into_bucket):
    (problem,), _ = answers(plugin.preflight(into_bucket), [in_json({}, status=404)])
    assert problem.parameter == "google_storage_uri"
    assert "'gs://my-bucket/films/'" in problem.message
    assert "service agent" in problem.message


def test_credentials_that_are_refused_at_the_bucket(into_bucket):
    with pytest.raises(AuthenticationFailed):
        Recording(script=[in_json({}, status=401)]).run(plugin.preflight(into_bucket))


def test_express_account_cannot_look(task, vertex):
    account = vertex(project=None, access_token=None, api_key="AIza-express")
    asked = task(model=VERTEX, surface="vertex", account=account, google_storage_uri="gs://my-bucket/")
    assert answers(plugin.preflight(asked), [])[0] == []


@pytest.fixture
def opened(task, vertex):
    """Make a task whose account signs, as the core opens it."""

    def made(**account):
        settings = vertex(**account)
        asked = task(model=VERTEX, surface="vertex", account=settings)
        session = AccountSession(
            clock=SystemClock(), auth=plugin.authenticate(settings), base_url="https://example.com"
        )
        object.__setattr__(asked, "http", Endpoint(session, "https://example.com"))
        return asked

    return made


def test_missing_library_is_said_before_anything_is_sent(opened, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(MissingExtra, match=r"pip install 'polyreel-google-veo\[vertex\]'") as caught:
        Recording().run(plugin.preflight(opened(access_token=None)))
    assert caught.value.extra == "vertex"
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in str(caught.value)


def test_credentials_that_are_not_there_are_said_before_anything_is_sent(opened, tmp_path):
    lost = opened(access_token=None, credentials_file=str(tmp_path / "no.json"))
    with pytest.raises(AuthenticationFailed, match="was not found") as caught:
        Recording().run(plugin.preflight(lost))
    assert caught.value.billed is False


def test_token_is_fetched_once_and_kept_for_the_submit(opened, key_file, endpoint):
    asked = opened(access_token=None, credentials_file=key_file())
    assert Recording().run(plugin.preflight(asked)) == []
    signing = Recording()
    request = Request(method="POST", url="https://us-central1-aiplatform.googleapis.com/v1beta1/x")
    signed = signing.run(asked.http.session.auth.sign(request))
    assert signed.headers["Authorization"].startswith("Bearer ya29.number-1")
    assert [effect.quick for effect in signing.effects if isinstance(effect, Call)] == [True]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("account", [{}, {"project": None, "access_token": None, "api_key": "AIza-express"}])
def test_nothing_is_fetched_for_a_given_token_or_a_key(opened, account):
    recording = Recording()
    assert recording.run(plugin.preflight(opened(**account))) == []
    assert recording.effects == []
