"""Each model once, from the surface where it lives and that is set up."""

import pytest
from polyreel.types.provider import Settings
from polyreel_google_veo import plugin
from polyreel_google_veo.listing import offered


def document(name, surface, stage="ga", native=None):
    return {"x-model": {"native_id": native or name, "name": name, "surface": surface, "stage": stage}}


GEMINI = [
    document("omni", "gemini"),
    document("veo-3", "gemini", "retired"),
    document("only-gemini", "gemini"),
]
VERTEX = [
    document("omni", "vertex", "preview", native="omni-preview"),
    document("veo-3", "vertex"),
    document("only-vertex", "vertex"),
    document("dead", "vertex", "retired"),
]


def surfaces(settings):
    return {d["x-model"]["name"]: d["x-model"]["surface"] for d in offered(GEMINI, VERTEX, settings)}


EVERYTHING = {"only-gemini": "gemini", "only-vertex": "vertex", "dead": "vertex"}


def test_everything_for_publication():
    assert offered(GEMINI, VERTEX, Settings(provider="google")) == [*GEMINI, *VERTEX]


@pytest.mark.parametrize(
    "given",
    [{}, {"project": "p"}, {"access_token": "t"}, {"api_key": None}],
    ids=["a key", "a key and a project", "a key and a token", "nothing"],
)
def test_a_model_of_both_comes_from_the_developer_api(settings, given):
    # veo-3 is retired there and living on Vertex AI.
    assert surfaces(settings(**given)) == {**EVERYTHING, "omni": "gemini", "veo-3": "vertex"}


@pytest.mark.parametrize("name", ["project", "access_token", "credentials_file", "vertex_base_url"])
def test_who_has_only_vertex_gets_it_from_there(settings, name):
    given = settings(api_key=None, **{name: "http://x"})
    assert surfaces(given) == {**EVERYTHING, "omni": "vertex", "veo-3": "vertex"}


def test_a_model_that_is_retired_on_both_comes_from_the_usual_surface(settings):
    both = [document("old", "gemini", "retired")], [document("old", "vertex", "retired")]
    (found,) = offered(*both, settings())
    assert found["x-model"]["surface"] == "gemini"
    (found,) = offered(*both, settings(api_key=None, project="p"))
    assert found["x-model"]["surface"] == "vertex"


@pytest.mark.parametrize(
    ("given", "surface"),
    [
        ({"surface": "gemini"}, "gemini"),
        ({"surface": "vertex"}, "vertex"),
        ({"use_vertexai": "true"}, "vertex"),
        ({"use_vertexai": "True"}, "vertex"),
        ({"use_vertexai": "1"}, "vertex"),
        ({"use_vertexai": "false"}, "gemini"),
        ({"use_vertexai": "0"}, "gemini"),
        ({"use_vertexai": "true", "surface": "gemini"}, "gemini"),
        ({"use_vertexai": "False", "surface": "vertex"}, "vertex"),
    ],
)
def test_the_surface_that_was_asked_for_alone(settings, given, surface):
    assert offered(GEMINI, VERTEX, settings(**given)) == (GEMINI if surface == "gemini" else VERTEX)


def test_real_documents_stand_once_for_each_name(settings):
    everything = plugin.list_models(Settings(provider="google"))
    for given in ({}, {"project": "p"}, {"api_key": None, "project": "p"}, {"surface": "vertex"}):
        found = list(plugin.list_models(settings(**given)))
        names = [d["x-model"].get("name", d["x-model"]["native_id"]) for d in found]
        assert len(names) == len(set(names)) > 5
        assert all(document in everything for document in found)
