"""OpenRouter's own SDK reads our listing of video models, field by field, over a real socket."""

import json
from pathlib import Path

import pytest
from oracle.drivers import Oracle
from oracle.environments import environment_of
from polyreel.documents.document import ModelDocument
from polyreel.documents.views.openrouter import openrouter_listing

VERSION = "1.3.84"  # the newest on 2026-11-24

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def sdk(nobody):
    environment = environment_of(f"openrouter=={VERSION}")
    return Oracle(
        environment=environment, version=VERSION, drivers=Path(__file__).parent / "drivers", home=nobody
    )


def test_the_sdk_reads_what_is_listed(sdk, loopback, answers):
    root = Path(__file__).parents[3]
    paths = sorted(root.glob("plugins/*/src/*/models/**/*.json"))
    listing = openrouter_listing(ModelDocument(json=json.loads(path.read_text())) for path in paths)
    body = json.dumps(listing).encode()
    loopback.on("/api/v1/videos/models", answers.reply(200, body, Content_Type="application/json"))
    read = sdk.run("listing", server=f"{loopback.url}/api/v1")
    assert len(read) > 30
    assert read == listing["data"]
