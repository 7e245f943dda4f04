"""Whole addresses: where the plugin asks for a film, and where Google's own SDK does."""

import polyreel
import pytest
from oracle.intents import PROMPT
from polyreel.clock import VirtualClock
from polyreel.types.provider import Settings
from polyreel_google_veo.surfaces import place_of

pytestmark = pytest.mark.oracle

PREVIEW, FULL = "google/veo-3.1-generate-preview", "google/veo-3.1-generate-001"
OMNI, OMNI_ON_VERTEX = "google/gemini-omni-1.1-flash", "google/gemini-omni-1.1-flash@vertex"
CLIENTS = {
    "developer": {"vertexai": False, "key": "FAKE-KEY"},
    "express": {"vertexai": True, "key": "FAKE-KEY"},
    **{
        region: {"vertexai": True, "location": region, "project": "my-project"}
        for region in ("us-central1", "europe-west4", "global", "us", "eu")
    },
}


@pytest.fixture(scope="module")
def addresses(old_sdk, new_sdk):
    """Return what each SDK makes of each account: the address of a start, and of an interaction."""
    few = {name: CLIENTS[name] for name in ("developer", "us-central1")}
    return {
        old_sdk.version: old_sdk.run("addresses", clients=few),
        new_sdk.version: new_sdk.run("addresses", clients=CLIENTS),
    }


@pytest.fixture
def own_address(tmp_path, accounts):
    """Return a function that tells where the plugin asks for a film."""

    def address(model, account):
        return _address(tmp_path, model, accounts[account])

    return address


def _address(tmp_path, model, account):
    settings = {name: value for name, value in account.items() if name != "api_key"}
    keys = {"google": account["api_key"]} if "api_key" in account else {}
    setup = {"store": "memory", "home": tmp_path, "clock": VirtualClock(), "api_keys": keys}
    with polyreel.Client(settings={"google": settings}, **setup) as client:
        (request,) = client.dry_run(PROMPT, model=model).requests
    return request.url


def test_start_on_the_developer_api_goes_where_the_old_sdk_sends_it(addresses, own_address):
    theirs, _ = addresses["2.34.0"]["developer"]
    assert own_address(PREVIEW, "developer") == theirs
    assert addresses["3.4.0"]["developer"][0] is None


def test_interaction_on_the_developer_api_goes_where_the_new_sdk_sends_it(addresses, own_address):
    assert own_address(OMNI, "developer") == addresses["3.4.0"]["developer"][1]


def test_start_in_express_mode(addresses, own_address):
    assert own_address(FULL, "express") == addresses["3.4.0"]["express"][0]


def test_start_in_the_region_of_veo(addresses, own_address):
    theirs, _ = addresses["3.4.0"]["us-central1"]
    assert own_address(FULL, "vertex") == theirs
    assert theirs.startswith("https://us-central1-aiplatform.googleapis.com/v1beta1/projects/my-project/")
    assert theirs == addresses["2.34.0"]["us-central1"][0]


def test_interaction_on_vertex_is_global(addresses, own_address):
    _, theirs = addresses["3.4.0"]["global"]
    assert own_address(OMNI_ON_VERTEX, "vertex") == theirs
    assert theirs.startswith("https://aiplatform.googleapis.com/v1beta1/projects/my-project/")


@pytest.mark.parametrize("region", ["us-central1", "europe-west4", "global", "us", "eu"])
def test_address_of_every_kind_of_region(addresses, accounts, region):
    """The documents name one region for each model; the plugin knows the hosts of all."""
    settings = Settings(provider="google", values={**accounts["vertex"], "region": region})
    kinds = {"veo-3.1-generate-001": 0, "gemini-omni-1.1-flash": 1}
    own = {model: place_of(settings, model).submit for model in kinds}
    assert own == {model: addresses["3.4.0"][region][index] for model, index in kinds.items()}
