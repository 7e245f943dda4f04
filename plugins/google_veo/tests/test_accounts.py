"""Which credential goes where, and how access tokens are fetched and renewed."""

import sys
import threading

import pytest
from polyreel.errors import AuthenticationFailed, MissingExtra, TransportFailed
from polyreel.http import Request, Response
from polyreel.testing import Recording
from polyreel.types.provider import OWN_KEY
from polyreel_google_veo import plugin
from polyreel_google_veo.accounts import INFO, reads_storage, tokens_of
from polyreel_google_veo.surfaces import is_express
from polyreel_google_veo.tokens import ApplicationTokens

GEMINI = "https://generativelanguage.googleapis.com/v1/interactions"
VERTEX = (
    "https://us-central1-aiplatform.googleapis.com/v1beta1/x",
    "https://aiplatform.googleapis.com/v1beta1/x",
    "https://aiplatform.eu.rep.googleapis.com/v1beta1/x",
)
STORAGE = "https://storage.googleapis.com/storage/v1/b/b/o/a.mp4"
FOREIGN = (
    "https://films.example/v1beta/files/abc",
    "https://generativelanguage.googleapis.com.evil.example/v1/x",
    "http://generativelanguage.googleapis.com/v1/x",
    "https://generativelanguage.googleapis.com:8443/v1/x",
    "https://evil-aiplatform.googleapis.com.example/v1/x",
    "https://storage.googleapis.com.evil.example/storage/v1/b/b/o/a",
    "https://storage.googleapis.com/upload/elsewhere",
)
KEY, TOKEN = "AIza-test-0123456789", "ya29.test-0123456789"


def sign(auth, url):
    return Recording().run(auth.sign(Request(method="GET", url=url, headers={"Accept": "x"}))).headers


@pytest.fixture
def headers(settings):
    def made(url, **given):
        found = dict(sign(plugin.authenticate(settings(**given)), url))
        assert found.pop("Accept") == "x"
        return found

    return made


def test_info_names_every_setting_and_two_surfaces():
    names = [setting.name for setting in INFO.settings]
    assert len(names) == len(set(names))
    settings = {setting.name: setting for setting in INFO.settings}
    assert settings["api_key"].environment == ("GOOGLE_API_KEY", "GEMINI_API_KEY")
    assert {name for name, setting in settings.items() if setting.secret} == {
        "api_key",
        "access_token",
        "webhook_secret",
    }
    assert {name for name, setting in settings.items() if setting.address} == {
        "vertex_base_url",
        "storage_base_url",
    }
    assert [(surface.id, surface.address, surface.needs) for surface in INFO.surfaces] == [
        ("gemini", "base_url", (("api_key",),)),
        ("vertex", "vertex_base_url", (("project",), ("api_key",))),
    ]
    assert INFO.idempotency == "none"


# --- who sees which credential ---------------------------------------------------------------------------------------


def test_key_goes_to_the_developer_api(headers):
    assert headers(GEMINI) == {"x-goog-api-key": KEY}
    assert headers(GEMINI, project="p", access_token=TOKEN) == {"x-goog-api-key": KEY}
    assert headers(GEMINI, api_key=None, access_token=TOKEN) == {}


WITH_TOKEN = {"surface": "vertex", "project": "p", "access_token": TOKEN}


@pytest.mark.parametrize("url", [*VERTEX, STORAGE])
def test_token_goes_to_vertex_and_to_storage(headers, url):
    assert headers(url, **WITH_TOKEN) == {"Authorization": f"Bearer {TOKEN}"}
    assert headers(url, **WITH_TOKEN, quota_project="q") == {
        "Authorization": f"Bearer {TOKEN}",
        "x-goog-user-project": "q",
    }


@pytest.mark.parametrize("url", VERTEX)
@pytest.mark.parametrize(
    "beside",
    [{}, {"access_token": TOKEN}, {"credentials_file": "/no/such/file"}],
    ids=["a key", "a key and a token", "a key and a file"],
)
def test_key_goes_to_vertex_in_express_mode(headers, url, beside):
    assert headers(url, surface="vertex", **beside) == {"x-goog-api-key": KEY}


@pytest.mark.parametrize("url", VERTEX)
@pytest.mark.parametrize("surface", ["gemini", None])
def test_key_of_a_job_of_the_developer_api_never_goes_to_vertex(headers, url, surface):
    assert headers(url, surface=surface) == {}
    assert headers(url, surface=surface, project="p", access_token=TOKEN) == {}


ENVIRONMENT = {"project": "p", "access_token": TOKEN, "credentials_file": "/no/such/file"}


@pytest.mark.parametrize("key", [OWN_KEY, "argument"])
@pytest.mark.parametrize("place", ["environment X", "/home/config.toml", "default"])
def test_key_that_is_given_is_not_mixed_with_what_the_machine_has(settings, key, place):
    found = {name: value for name, value in ENVIRONMENT.items() if key != OWN_KEY or name != "access_token"}
    account = settings(surface="vertex", **found, sources={"api_key": key, **dict.fromkeys(found, place)})
    assert is_express(account)
    assert tokens_of(account) is None
    assert not reads_storage(account)
    assert sign(plugin.authenticate(account), VERTEX[0]) == {"Accept": "x", "x-goog-api-key": KEY}
    assert sign(plugin.authenticate(account), STORAGE) == {"Accept": "x"}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_what_is_given_beside_a_key_wins_over_it(settings, name):
    given = {"api_key": "argument", **dict.fromkeys(ENVIRONMENT, "environment X"), name: "argument"}
    assert not is_express(settings(surface="vertex", **ENVIRONMENT, sources=given))
    own = {**given, "api_key": OWN_KEY}
    assert is_express(settings(surface="vertex", **ENVIRONMENT, sources=own))


@pytest.mark.parametrize("place", ["environment GOOGLE_API_KEY", "/home/config.toml"])
def test_project_wins_over_a_key_that_stands_beside_it(settings, place):
    sources = {"api_key": place, "project": "environment GOOGLE_CLOUD_PROJECT"}
    assert not is_express(settings(surface="vertex", project="p", sources=sources))


def test_account_without_a_key_is_no_express_account(settings):
    assert not is_express(settings(api_key=None, surface="vertex"))


def test_key_never_goes_to_storage(headers, settings, vertex):
    assert headers(STORAGE) == {}
    assert not reads_storage(settings())
    assert reads_storage(vertex())


@pytest.mark.parametrize("url", FOREIGN)
def test_nobody_else_sees_anything(headers, url):
    assert headers(url) == {}
    assert headers(url, access_token=TOKEN, project="p", quota_project="q") == {}


def test_own_addresses_see_what_googles_do(headers):
    own = {
        "base_url": "https://proxy.example/gemini",
        "vertex_base_url": "https://vertex.example",
        "storage_base_url": "http://localhost:9023",
        **WITH_TOKEN,
    }
    assert headers("https://proxy.example/gemini/v1/x", **own) == {"x-goog-api-key": KEY}
    assert headers("https://vertex.example/v1beta1/x", **own) == {"Authorization": f"Bearer {TOKEN}"}
    assert headers("http://localhost:9023/storage/v1/b/b", **own) == {"Authorization": f"Bearer {TOKEN}"}
    assert headers(GEMINI, **own) == {}
    assert headers(STORAGE, **own) == {}


@pytest.mark.parametrize(
    ("surface", "path", "header"),
    [
        ("gemini", "/v1/interactions", "x-goog-api-key"),
        ("vertex", "/v1beta1/projects/p", "Authorization"),
        ("gemini", "/storage/v1/b/b", "Authorization"),
        ("vertex", "/storage/v1/b/b", "Authorization"),
    ],
)
def test_one_server_for_all_is_told_apart_by_the_surface(headers, surface, path, header):
    server = "http://127.0.0.1:8080"
    own = {"base_url": server, "vertex_base_url": server, "storage_base_url": server}
    assert set(headers(server + path, **{**WITH_TOKEN, "surface": surface}, **own)) == {header}


def test_given_token_is_never_renewed(vertex):
    auth = plugin.authenticate(vertex())
    assert not auth.renew(Response(status=401, url=VERTEX[0]))


# --- tokens of google-auth, from a token endpoint on this machine ----------------------------------------------------


@pytest.fixture
def by_file(vertex, key_file):
    def made(**members):
        account = vertex(access_token=None, credentials_file=key_file(**members))
        return plugin.authenticate(account)

    return made


def test_service_account_is_asked_once_for_many_requests(by_file, endpoint):
    auth = by_file()
    first, second = sign(auth, VERTEX[0]), sign(auth, STORAGE)
    assert first["Authorization"] == second["Authorization"] == "Bearer ya29.number-1-0123"
    assert len(endpoint.asked) == 1
    assert "assertion=" in endpoint.asked[0]


def test_signing_needs_a_blocking_call_only_for_a_new_token(by_file):
    auth = by_file()
    recordings = [Recording(), Recording()]
    for recording in recordings:
        recording.run(auth.sign(Request(method="GET", url=VERTEX[0])))
    assert [[effect.quick for effect in recording.effects] for recording in recordings] == [
        [True, False],
        [True],
    ]


def test_token_that_ends_soon_is_renewed(by_file, endpoint):
    endpoint.lifetime = 60
    auth = by_file()
    assert sign(auth, VERTEX[0]) != sign(auth, VERTEX[0])
    assert len(endpoint.asked) == 2


def test_token_that_is_refused_is_renewed_once(by_file, endpoint):
    auth = by_file()
    sign(auth, VERTEX[0])
    assert auth.renew(Response(status=401, url=VERTEX[0]))
    assert auth.renew(Response(status=401, url=VERTEX[0]))
    assert sign(auth, VERTEX[0])["Authorization"] == "Bearer ya29.number-2-0123"


@pytest.mark.parametrize(("status", "url"), [(403, VERTEX[0]), (401, GEMINI), (401, FOREIGN[0])])
def test_other_refusals_renew_nothing(by_file, status, url):
    auth = by_file()
    sign(auth, VERTEX[0])
    assert not auth.renew(Response(status=status, url=url))


def test_threads_share_one_token(by_file, endpoint):
    auth, found = by_file(), []
    threads = [
        threading.Thread(target=lambda: found.append(sign(auth, VERTEX[0])["Authorization"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("theirs", "given", "project"),
    [("theirs", None, "theirs"), ("theirs", "mine", "mine"), (None, "mine", "mine"), (None, None, None)],
)
def test_quota_project_of_the_file_or_of_the_setting(vertex, key_file, endpoint, theirs, given, project):
    user = {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
        "refresh_token": "r",
        "token_url": endpoint.url,
        "client_secret": "s",
        "quota_project_id": theirs,
    }
    account = vertex(access_token=None, credentials_file=key_file(**user), quota_project=given)
    assert sign(plugin.authenticate(account), VERTEX[0]).get("x-goog-user-project") == project


def test_what_google_says_against_it_is_said_with_the_way_out(by_file, endpoint):
    endpoint.status, endpoint.body = 400, {"error": "invalid_grant", "error_description": "Invalid JWT"}
    with pytest.raises(AuthenticationFailed, match="Invalid JWT") as caught:
        sign(by_file(), VERTEX[0])
    assert "gcloud auth application-default login" in str(caught.value)
    assert "BEGIN PRIVATE KEY" not in str(caught.value)
    assert caught.value.billed is False


@pytest.mark.parametrize(
    "content",
    ["{", '{"type": "nothing"}', "[]", '{"type": "service_account"}', "[" * 100_000],
    ids=["half", "nothing", "a list", "no key", "deep"],
)
def test_file_that_is_no_key(vertex, tmp_path, content):
    path = tmp_path / "key.json"
    path.write_text(content)
    auth = plugin.authenticate(vertex(access_token=None, credentials_file=str(path)))
    with pytest.raises(AuthenticationFailed, match=r"key\.json"):
        sign(auth, VERTEX[0])


def test_file_that_is_missing(vertex, tmp_path):
    auth = plugin.authenticate(vertex(access_token=None, credentials_file=str(tmp_path / "no.json")))
    with pytest.raises(AuthenticationFailed, match="was not found") as caught:
        sign(auth, VERTEX[0])
    assert ".." not in str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    "members",
    [
        {
            "type": "external_account",
            "audience": "x",
            "subject_token_type": "y",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"environment_id": "aws1"},
        },
        {"type": "impersonated_service_account"},
    ],
    ids=["an external account", "a half impersonation"],
)
def test_odd_credentials_are_refused_and_not_crashed_on(vertex, key_file, members):
    auth = plugin.authenticate(vertex(access_token=None, credentials_file=key_file(**members)))
    with pytest.raises(AuthenticationFailed, match=r"key\.json"):
        sign(auth, VERTEX[0])


@pytest.mark.parametrize(
    "error", [RecursionError("deep"), KeyError("type"), RuntimeError(), ImportError("pyu2f is missing")]
)
def test_whatever_the_library_raises_is_a_refusal(by_file, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("google.auth.load_credentials_from_file", fails)
    with pytest.raises(AuthenticationFailed, match=str(error) or "RuntimeError"):
        sign(by_file(), VERTEX[0])


def test_answer_without_a_token_is_a_refusal(by_file, monkeypatch):
    monkeypatch.setattr(
        "google.oauth2.service_account.Credentials.refresh", lambda self, _: setattr(self, "token", None)
    )
    with pytest.raises(AuthenticationFailed, match="none came"):
        sign(by_file(), VERTEX[0])


def test_endpoint_that_does_not_answer_means_that_nothing_was_sent(by_file, endpoint, monkeypatch):
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _: None)
    auth = by_file(token_uri="http://127.0.0.1:1/token")
    with pytest.raises(TransportFailed, match="cannot be reached") as caught:
        sign(auth, VERTEX[0])
    assert caught.value.request_sent is False


def test_machine_without_credentials_is_told_what_to_do(vertex, tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    auth = plugin.authenticate(vertex(access_token=None))
    with pytest.raises(AuthenticationFailed, match="application-default credentials") as caught:
        sign(auth, VERTEX[0])
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in str(caught.value)


def test_machines_own_credentials_are_found(vertex, key_file, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key_file())
    auth = plugin.authenticate(vertex(access_token=None))
    assert sign(auth, VERTEX[0])["Authorization"].startswith("Bearer ya29.number-1")


@pytest.mark.parametrize("module", ["google.auth", "google.auth.transport.requests"])
def test_missing_library_is_named(vertex, key_file, monkeypatch, module):
    auth = plugin.authenticate(vertex(access_token=None, credentials_file=key_file()))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"polyreel-google-veo\[vertex\]"):
        sign(auth, VERTEX[0])
    assert sign(plugin.authenticate(vertex()), VERTEX[0])["Authorization"]  # a given token needs no library


def test_secrets_do_not_show(vertex):
    assert TOKEN not in repr(vertex())
    assert isinstance(plugin.authenticate(vertex(access_token=None))._tokens, ApplicationTokens)
