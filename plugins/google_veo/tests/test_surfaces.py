"""Hosts and paths: those of Google's SDK."""

import pytest
from polyreel.types.provider import OWN_KEY
from polyreel_google_veo.surfaces import kind_of, place_again, place_of, storage_of

VEO, OMNI = "veo-3.1-generate-001", "gemini-omni-1.2-flash"
PATH = "v1beta1/projects/my-proj/locations"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_has_a_host_for_each_region(vertex, region, host):
    place = place_of(vertex(region=region), VEO)
    models = f"{host}/{PATH}/{region}/publishers/google/models/{VEO}"
    assert place.submit == f"{models}:predictLongRunning"
    name = f"projects/my-proj/locations/{region}/publishers/google/models/{VEO}/operations/3f1b-uuid"
    assert place.operation(name) == f"{models}:fetchPredictOperation"


def test_developer_paths_are_those_of_the_last_sdk_that_had_veo(settings):
    place = place_of(settings(surface="gemini"), "veo-3.1-generate-preview")
    assert place.submit == "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
    name = "models/veo-3.1-generate-preview/operations/op123"
    assert place.operation(name) == f"/v1beta/{name}"


def test_interactions_on_the_developer_api(settings):
    place = place_of(settings(surface="gemini"), OMNI)
    assert place.submit == "/v1/interactions"
    assert place.interaction("v1_abc") == "/v1/interactions/v1_abc"


def test_interactions_on_vertex_are_global(vertex):
    for region in ("global", None):
        place = place_of(vertex(region=region), OMNI)
        assert place.submit == f"https://aiplatform.googleapis.com/{PATH}/global/interactions"


def test_veo_on_vertex_is_in_its_usual_region_unless_told(vertex):
    assert place_of(vertex(region=None), VEO).region == "us-central1"


def test_express_mode_has_no_project_in_its_paths(vertex):
    account = vertex(project=None, api_key="AIza-express", access_token=None)
    assert place_of(account, VEO).submit == (
        f"https://aiplatform.googleapis.com/v1beta1/publishers/google/models/{VEO}:predictLongRunning"
    )
    name = f"projects/123/locations/us-central1/publishers/google/models/{VEO}/operations/1"
    assert place_of(account, VEO).operation(name) == (
        f"https://aiplatform.googleapis.com/v1beta1/projects/123/locations/us-central1/publishers/google/models/{VEO}"
        ":fetchPredictOperation"
    )


def test_key_that_is_given_asks_without_the_project_of_the_machine(vertex):
    sources = {"api_key": OWN_KEY, "project": "environment GOOGLE_CLOUD_PROJECT"}
    place = place_of(vertex(api_key="AIza-given", access_token=None, sources=sources), VEO)
    assert (place.project, place.region, place.base) == ("", "", "https://aiplatform.googleapis.com")
    # The receipt rules, whatever is set by then.
    assert place_again(place.receipt, vertex()) == place


@pytest.mark.parametrize("name", ["operations/123", "123", "projects/p/locations/us-central1/operations/123"])
def test_operation_that_is_named_without_its_model_is_asked_for_where_it_was_begun(vertex, name):
    place = place_of(vertex(), VEO)
    model = f"https://us-central1-aiplatform.googleapis.com/{PATH}/us-central1/publishers/google/models/{VEO}"
    assert place.operation(name) == f"{model}:fetchPredictOperation"
    express = place_of(vertex(project=None, api_key="AIza-express", access_token=None), VEO)
    assert express.operation(name).endswith(f"/v1beta1/publishers/google/models/{VEO}:fetchPredictOperation")


def test_own_address_of_vertex(vertex):
    place = place_of(vertex(vertex_base_url="http://127.0.0.1:8080/proxy/"), VEO)
    assert place.submit.startswith(f"http://127.0.0.1:8080/proxy/{PATH}/us-central1/")


@pytest.mark.parametrize("account", ["gemini", "vertex", "express"])
@pytest.mark.parametrize("model", [VEO, OMNI])
def test_receipt_leads_back_without_document_and_settings(settings, vertex, account, model):
    given = {
        "gemini": settings(surface="gemini"),
        "vertex": vertex(),
        "express": vertex(project=None, api_key="AIza-express", access_token=None),
    }[account]
    place = place_of(given, model)
    assert place_again(place.receipt, settings(api_key=None)) == place
    assert not any("http" in value for value in place.receipt.values())


@pytest.mark.parametrize("name", ["../../evil", "models/..%2f/operations/x?y=1#z", "a b/c"])
def test_names_from_answers_never_leave_their_path(settings, name):
    path = place_of(settings(surface="gemini"), "veo-x").operation(name)
    assert path.startswith("/v1beta/")
    assert not {"?", "#", " "} & set(path)
    assert "/../" not in path


@pytest.mark.parametrize(
    ("model", "kind"), [(VEO, "operation"), (OMNI, "interaction"), ("next", "interaction")]
)
def test_only_veo_is_an_operation(model, kind):
    assert kind_of(model) == kind


def test_storage_is_at_google_unless_told(settings):
    assert storage_of(settings()) == "https://storage.googleapis.com"
    assert storage_of(settings(storage_base_url="http://localhost:9023/")) == "http://localhost:9023"
