"""Who may call the simulated services, which models they serve, and where nothing is."""

import base64
import json
from datetime import date
from urllib.parse import urlencode

import pytest
from polyreel_google_veo.simulator import GoogleSimulator

START = 1_780_000_000.0
DEVELOPER = "https://generativelanguage.googleapis.com"
VERTEX = "https://us-central1-aiplatform.googleapis.com"
MODEL = "veo-3.1-generate-001"
PLACE = "/v1beta1/projects/simulated-project/locations/us-central1/publishers/google/models"
KEY = {"x-goog-api-key": "AIza-simulated"}
TOKEN = {"authorization": "Bearer ya29.simulated"}
BODY = {"instances": [{"prompt": "p"}]}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _start(path, model=MODEL):
    return f"{VERTEX}{path}/{model}:predictLongRunning"


# --- keys and tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "query", "status", "name"),
    [
        (KEY, "", 200, None),
        ({}, "?key=AIza-simulated", 200, None),
        ({}, "", 403, "PERMISSION_DENIED"),
        (TOKEN, "", 403, "PERMISSION_DENIED"),
        ({"x-goog-api-key": "AIza-other"}, "", 400, "INVALID_ARGUMENT"),
        ({}, "?key=schl\u00fcssel", 400, "INVALID_ARGUMENT"),
    ],
)
def test_developer_api_wants_the_key(service, headers, query, status, name):
    answer = service.send("GET", f"{DEVELOPER}/v1beta/models{query}", headers=headers)
    assert answer.status == status
    if name:
        assert answer.json()["error"]["status"] == name
    if status == 400:
        assert answer.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (TOKEN, 200),
        ({"authorization": "bearer ya29.simulated"}, 200),
        (KEY, 200),
        ({**TOKEN, "x-goog-api-key": "AIza-other"}, 200),
        ({}, 401),
        ({"authorization": "Basic eDp5"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "Bearer ya29.other"}, 401),
        ({"x-goog-api-key": "AIza-other"}, 400),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_vertex_wants_a_token_or_the_key_of_express_mode(service, headers, status, version):
    url = _start(PLACE.replace("v1beta1", version))
    answer = service.send("POST", url, BODY, headers=headers)
    assert answer.status == status
    if status == 401:
        assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("headers", "status"), [(KEY, 200), (TOKEN, 401), ({}, 401), ({"x-goog-api-key": "AIza-other"}, 400)]
)
def test_express_mode_has_paths_without_a_project(service, headers, status):
    short = "/v1beta1/publishers/google/models"
    answer = service.send("POST", _start(short), BODY, headers=headers)
    assert answer.status == status
    if status == 200:
        service.advance(100)
        for path, credentials in ((short, headers), (PLACE, headers), (PLACE, TOKEN)):
            url = f"https://aiplatform.googleapis.com{path}/{MODEL}:fetchPredictOperation"
            done = service.send("POST", url, {"operationName": answer.json()["name"]}, headers=credentials)
            assert done.json()["done"] is True


def test_token_expires_when_the_state_says_so_and_is_renewed(service):
    service.stage.state["access_token_expired"] = True
    answer = service.send("POST", _start(PLACE), BODY, headers=TOKEN)
    assert (answer.status, answer.json()["error"]["details"][0]["reason"]) == (401, "ACCESS_TOKEN_EXPIRED")
    other = service.send("POST", _start(PLACE), BODY, headers={"authorization": "Bearer x"})
    assert other.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    given = _token(service, grant_type=JWT, assertion=_assertion()).json()
    assert given["access_token"] != "ya29.simulated"
    renewed = {"authorization": f"Bearer {given['access_token']}"}
    assert service.send("POST", _start(PLACE), BODY, headers=renewed).status == 200


def _token(service, **form):
    return service.send(
        "POST",
        "https://oauth2.googleapis.com/token",
        headers={"content-type": "application/x-www-form-urlencoded"},
        content=urlencode(form).encode(),
    )


def _part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _assertion(header=None, signature="c2ln", **claims):
    usual = {
        "iss": "films@simulated-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_780_000_000,
        "exp": 1_780_003_600,
    }
    usual |= claims
    usual = {name: value for name, value in usual.items() if value != "left out"}
    return f"{_part(header or {'alg': 'RS256', 'typ': 'JWT'})}.{_part(usual)}.{signature}"


def test_token_is_given_for_an_assertion_and_for_a_refresh_token(service):
    service.stage.state["rate_limited_until"] = START + 60
    user = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
    for form in ({"grant_type": JWT, "assertion": _assertion()}, {"grant_type": "refresh_token", **user}):
        answer = _token(service, **form)
        assert answer.status == 200
        expected = {"access_token": "ya29.simulated", "expires_in": 3599, "token_type": "Bearer"}
        assert answer.json() == expected
    assert "c2ln" not in json.dumps(service.stage.state)


@pytest.mark.parametrize(
    ("form", "code", "text"),
    [
        ({}, "unsupported_grant_type", "Invalid grant_type: "),
        ({"grant_type": "password"}, "unsupported_grant_type", "Invalid grant_type: password"),
        ({"grant_type": "refresh_token", "refresh_token": "r"}, "invalid_request", "client_id"),
        ({"grant_type": JWT}, "invalid_grant", "three parts"),
        ({"grant_type": JWT, "assertion": "a.b"}, "invalid_grant", "three parts"),
        ({"grant_type": JWT, "assertion": "\u00e4.b.c"}, "invalid_grant", "three parts"),
        ({"grant_type": JWT, "assertion": f"{_part([])}.{_part({})}.c"}, "invalid_grant", "three parts"),
        ({"grant_type": JWT, "assertion": _assertion(iat="left out")}, "invalid_grant", "all its claims"),
        ({"grant_type": JWT, "assertion": _assertion(aud=["x"])}, "invalid_grant", "all its claims"),
        ({"grant_type": JWT, "assertion": _assertion({"alg": "HS256"})}, "invalid_grant", "RS256"),
        ({"grant_type": JWT, "assertion": _assertion(signature="")}, "invalid_grant", "RS256"),
        ({"grant_type": JWT, "assertion": _assertion(iss="")}, "invalid_grant", "iss or scope"),
        ({"grant_type": JWT, "assertion": _assertion(scope="")}, "invalid_grant", "iss or scope"),
        ({"grant_type": JWT, "assertion": _assertion(aud="https://example.com")}, "invalid_grant", "aud"),
        ({"grant_type": JWT, "assertion": _assertion(exp=1_780_003_601)}, "invalid_grant", "an hour"),
        ({"grant_type": JWT, "assertion": _assertion(exp=1_780_000_000)}, "invalid_grant", "an hour"),
    ],
)
def test_token_is_refused(service, form, code, text):
    answer = _token(service, **form)
    assert (answer.status, answer.json()["error"]) == (400, code)
    assert text in answer.json()["error_description"]


# --- places ------------------------------------------------------------------------------------------------


def test_other_projects_are_denied(service):
    url = _start(PLACE.replace("simulated-project", "another"))
    answer = service.send("POST", url, BODY, headers=TOKEN)
    error = answer.json()["error"]
    assert (answer.status, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"].startswith("Permission 'aiplatform.endpoints.predict' denied on resource")


@pytest.mark.parametrize("location", ["global", "europe-west4"])
def test_veo_is_in_one_location_only(service, location):
    url = _start(PLACE.replace("us-central1", location))
    answer = service.send("POST", url, BODY, headers=TOKEN)
    assert answer.status == 404
    resource = f"projects/simulated-project/locations/{location}/publishers/google/models/{MODEL}"
    assert answer.json()["error"]["message"].startswith(f"Publisher Model `{resource}` was not found")


@pytest.mark.parametrize("between", ["", f"/publishers/google/models/{MODEL}"])
def test_plain_get_of_an_operation_of_vertex_is_refused(service, between):
    url = f"{VERTEX}/v1/projects/simulated-project/locations/us-central1{between}/operations/3f1b-uuid"
    answer = service.send("GET", url, headers=TOKEN)
    assert answer.status == 400
    assert answer.json()["error"]["message"] == "The Operation ID must be a Long, but was instead: 3f1b-uuid"


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({}, 400, "Invalid operation name"),
        ({"operationName": 1}, 400, "needs to be a string"),
        ({"operationName": "3f1b"}, 400, "Invalid operation name: 3f1b."),
        (
            {"operationName": f"{PLACE[9:]}/veo-3.1-fast-generate-001/operations/x"},
            400,
            "Invalid operation name",
        ),
        ({"operationName": f"{PLACE[9:]}/{MODEL}/operations/x"}, 404, "Requested entity was not found."),
        ({"operationName": "x", "pageSize": 1}, 400, 'Unknown name "pageSize"'),
    ],
)
def test_poll_of_vertex_wants_an_operation_of_this_model(service, body, status, text):
    url = f"{VERTEX}{PLACE}/{MODEL}:fetchPredictOperation"
    answer = service.send("POST", url, body, headers=TOKEN)
    assert answer.status == status
    assert text in answer.json()["error"]["message"]


def test_poll_of_another_project_is_denied(service):
    url = f"{VERTEX}{PLACE.replace('simulated-project', 'another')}/{MODEL}:fetchPredictOperation"
    assert service.send("POST", url, {"operationName": "x"}, headers=TOKEN).status == 403


def test_unknown_operation_of_the_developer_api_is_404(service):
    url = f"{DEVELOPER}/v1beta/models/veo-3.1-generate-preview/operations/abc"
    answer = service.send("GET", url)
    assert (answer.status, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1alpha/models"),
        ("GET", "/v1beta1/models"),
        ("PUT", "/v1beta/models"),
        ("POST", "/v1beta/models/veo-3.1-generate-preview:generateContent"),
        ("GET", f"{PLACE}/{MODEL}:predictLongRunning"),
        ("POST", f"{PLACE.replace('v1beta1', 'v1beta')}/{MODEL}:predictLongRunning"),
        ("GET", "/v1beta/files/a-b"),
        ("GET", "/token"),
    ],
)
def test_where_nothing_is_there_is_a_page(service, method, path):
    answer = service.send(method, f"{DEVELOPER}{path}", headers={})
    assert (answer.status, answer.media_type) == (404, "text/html")
    assert f"The requested URL {path} was not found" in answer.text


# --- models ------------------------------------------------------------------------------------------------

ALIVE_ON_DEVELOPER = {"gemini-omni-1.1-flash", "gemini-omni-1.2-flash"}
ALIVE_ON_VERTEX = {"veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001"}
VEO = (
    "veo-2.0-generate-001", "veo-2.0-generate-exp", "veo-2.0-generate-preview",
    "veo-3.0-generate-001", "veo-3.0-fast-generate-001",
    "veo-3.0-generate-preview", "veo-3.0-fast-generate-preview",
    "veo-3.1-generate-preview", "veo-3.1-fast-generate-preview", "veo-3.1-lite-generate-preview",
    "veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001",
)  # fmt: skip


def _models(service, query=""):
    answer = service.send("GET", f"{DEVELOPER}/v1beta/models{query}")
    return [model["name"].removeprefix("models/") for model in answer.json()["models"]]


@pytest.mark.parametrize(
    ("as_of", "gone", "there"),
    [
        (date(2025, 11, 29), [], ["veo-3.0-generate-preview", "veo-2.0-generate-001"]),
        (date(2025, 11, 30), ["veo-3.0-generate-preview"], ["veo-3.0-generate-001"]),
        (
            date(2026, 6, 29),
            [],
            ["veo-2.0-generate-001", "veo-3.0-generate-001", "veo-3.0-fast-generate-001"],
        ),
        (
            date(2026, 6, 30),
            ["veo-2.0-generate-001", "veo-3.0-generate-001"],
            ["veo-3.1-lite-generate-preview"],
        ),
        (date(2026, 10, 21), [], ["veo-3.1-generate-preview", "gemini-omni-flash-preview"]),
        (
            date(2026, 10, 22),
            ["veo-3.1-generate-preview", "veo-3.1-lite-generate-preview"],
            ALIVE_ON_DEVELOPER,
        ),
    ],
)
def test_developer_api_serves_what_it_served_on_a_day(new_service, as_of, gone, there):
    service = new_service(as_of=as_of)
    served = set(_models(service))
    assert served.isdisjoint(gone)
    assert served.issuperset(there)
    for model, status in [(model, 404) for model in gone] + [(model, 200) for model in there]:
        assert service.send("GET", f"{DEVELOPER}/v1/models/{model}").status == status


def test_developer_api_has_only_omni_today(new_service):
    assert set(_models(new_service(as_of=date(2026, 11, 24)))) == ALIVE_ON_DEVELOPER


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (None, set(VEO) - {"veo-3.1-lite-generate-preview"}),
        (date(2026, 4, 1), set(VEO) - {"veo-3.1-lite-generate-preview"}),
        (
            date(2026, 4, 2),
            ALIVE_ON_VERTEX | {"veo-2.0-generate-001", "veo-3.0-generate-001", "veo-3.0-fast-generate-001"},
        ),
        (date(2026, 6, 30), ALIVE_ON_VERTEX),
        (date(2026, 11, 24), ALIVE_ON_VERTEX),
    ],
)
def test_vertex_serves_what_it_served_on_a_day(new_service, as_of, expected):
    service = new_service(as_of=as_of)
    served = {m for m in VEO if service.send("POST", _start(PLACE, m), BODY, headers=TOKEN).status == 200}
    assert served == expected


def test_developer_api_never_served_the_ids_of_vertex(service):
    assert set(_models(service)) == (
        set(VEO)
        - {"veo-2.0-generate-exp", "veo-2.0-generate-preview"}
        - {"veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001"}
        | ALIVE_ON_DEVELOPER
        | {"gemini-omni-flash-preview"}
    )


@pytest.mark.parametrize(
    ("model", "as_of", "begin"),
    [
        (
            "veo-3.1-generate-preview",
            date(2026, 10, 22),
            "This model models/veo-3.1-generate-preview is no longer",
        ),
        (
            "veo-3.0-generate-001",
            date(2026, 10, 22),
            "models/veo-3.0-generate-001 is not found for API version v1beta",
        ),
        (
            "veo-3.1-generate-001",
            None,
            "models/veo-3.1-generate-001 is not found for API version v1beta, or is not",
        ),
        ("veo-4", None, "models/veo-4 is not found for API version v1beta"),
        ("gemini-omni-1.1-flash", None, "models/gemini-omni-1.1-flash is not found for API version v1beta"),
    ],
)
def test_developer_api_says_why_a_model_is_not_there(new_service, model, as_of, begin):
    url = f"{DEVELOPER}/v1beta/models/{model}:predictLongRunning"
    answer = new_service(as_of=as_of).send("POST", url, BODY)
    assert (answer.status, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert answer.json()["error"]["message"].startswith(begin)


@pytest.mark.parametrize("model", ["veo-4", "gemini-omni-1.1-flash", "veo-3.1-lite-generate-preview"])
def test_vertex_does_not_find_other_models(service, model):
    answer = service.send("POST", _start(PLACE, model), BODY, headers=TOKEN)
    assert answer.status == 404
    assert f"models/{model}` was not found" in answer.json()["error"]["message"]


def test_health_check_describes_a_model(service):
    answer = service.send("GET", f"{DEVELOPER}/v1beta/models/veo-3.1-generate-preview").json()
    assert answer["name"] == "models/veo-3.1-generate-preview"
    assert answer["supportedGenerationMethods"] == ["predictLongRunning"]
    assert (answer["version"], answer["inputTokenLimit"]) == ("3.1", 1024)


def test_models_come_in_pages(service):
    everything = _models(service)
    first = service.send("GET", f"{DEVELOPER}/v1beta/models?pageSize=7").json()
    token = first["nextPageToken"]
    rest = service.send("GET", f"{DEVELOPER}/v1beta/models?pageSize=7&pageToken={token}").json()
    assert [m["name"].removeprefix("models/") for m in first["models"] + rest["models"]] == everything
    assert "nextPageToken" not in rest
    for query in ("?pageSize=0", "?pageSize=x", "?pageToken=-1"):
        assert service.send("GET", f"{DEVELOPER}/v1beta/models{query}").status == 400


PRICES = [
    (
        "veo-3.1-generate-001",
        {"": ".40", "1080p": ".40", "4k": ".60"},
        {"": ".20", "1080p": ".20", "4k": ".40"},
    ),
    (
        "veo-3.1-fast-generate-001",
        {"": ".10", "1080p": ".12", "4k": ".30"},
        {"": ".08", "1080p": ".10", "4k": ".25"},
    ),
    ("veo-3.1-lite-generate-001", {"": ".05", "1080p": ".08"}, {"": ".03", "1080p": ".05"}),
    ("veo-3.0-generate-001", {"": ".40", "1080p": ".40"}, {"": ".20", "1080p": ".20"}),
    ("veo-3.0-fast-generate-001", {"": ".10", "1080p": ".12"}, {"": ".08", "1080p": ".10"}),
    ("veo-2.0-generate-001", {}, {"": ".50"}),
]


@pytest.mark.parametrize(
    ("model", "audio", "resolution", "price"),
    [
        (model, audio, resolution, price)
        for model, loud, silent in PRICES
        for audio, prices in ((True, loud), (False, silent))
        for resolution, price in prices.items()
    ],
)
def test_price_of_a_second(vertex, service, model, audio, resolution, price):
    parameters = {"resolution": resolution, "generateAudio": audio, "durationSeconds": 8}
    parameters = {name: value for name, value in parameters.items() if value != ""}
    vertex.make(model=model, parameters=parameters)
    assert service.charged == [f"{8 * float(price):.2f}"]


@pytest.mark.parametrize(
    ("model", "resolution", "charged"),
    [
        ("veo-3.1-generate-preview", "4k", "4.80"),
        ("veo-3.1-fast-generate-preview", "1080p", "0.96"),
        ("veo-3.1-lite-generate-preview", "1080p", "0.64"),
        ("veo-3.0-fast-generate-preview", "720p", "0.80"),
    ],
)
def test_developer_api_has_the_prices_with_sound(developer, service, model, resolution, charged):
    developer.make(model=model, parameters={"resolution": resolution})
    assert service.charged == [charged]


def test_settings_are_what_the_services_accept():
    settings = GoogleSimulator.settings
    assert settings == {
        "api_key": "AIza-simulated",
        "project": "simulated-project",
        "location": "us-central1",
        "access_token": "ya29.simulated",
    }
    assert GoogleSimulator.base_url == "https://generativelanguage.googleapis.com"
