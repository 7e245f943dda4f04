"""A bucket of moto's S3 behind a relay, buckets of two other dialects, and files that go there."""

import json
import os
import urllib.request
from pathlib import Path

import pytest
from buckets.dialects import Azure, Gcs, kept_in_memory
from buckets.relay import relayed
from oracle.drivers import Oracle
from oracle.environments import environment_of
from polyreel.clock import VirtualClock
from polyreel.flows import BlockingIO
from polyreel.storage import objects
from polyreel.storage.objects import Bucket
from polyreel.storage.places import reel_of
from polyreel.types.location import place_of

MOTO = "5.2.5"  # the newest on 2026-11-23
DRIVERS = Path(__file__).parents[2] / "oracles" / "amazon" / "drivers"


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """Serve moto's AWS for the whole session and return its address."""
    environment = environment_of(f"moto[server]=={MOTO}")
    nobody = tmp_path_factory.mktemp("nobody")
    oracle = Oracle(environment=environment, version=MOTO, drivers=DRIVERS, home=nobody)
    with oracle.started("moto_server") as url:
        yield url


@pytest.fixture
def clouds(monkeypatch):
    """Return a function that sets the variables of a cloud, after all others were taken away."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    # Where no key is found, a cloud's own machine would be asked for one: here nobody is.
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")

    def known(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return known


@pytest.fixture
def s3(moto, clouds):
    """A relay in front of moto with an empty bucket ``films``, and the variables that lead there."""
    with relayed(moto) as relay:
        _asked(f"{moto}/moto-api/reset", "POST")
        _asked(f"{moto}/films", "PUT")
        clouds(
            AWS_ENDPOINT_URL=relay.url,
            AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
            AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            AWS_REGION="us-east-1",
        )
        yield relay


@pytest.fixture
def gcs(clouds, tmp_path):
    with kept_in_memory(Gcs) as server:
        account = {"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": True}
        file = tmp_path / "service-account.json"
        file.write_text(json.dumps(account))
        clouds(GOOGLE_SERVICE_ACCOUNT=str(file), GOOGLE_BASE_URL=server.url)
        yield server


@pytest.fixture
def azure(clouds):
    with kept_in_memory(Azure) as server:
        clouds(
            AZURE_STORAGE_ACCOUNT_NAME="account",
            AZURE_STORAGE_ACCOUNT_KEY="a2V5IG9mIHRoZSBhY2NvdW50",
            AZURE_STORAGE_ENDPOINT=server.url,
        )
        yield server


@pytest.fixture
def bucket(s3):
    return Bucket.at(place_of("s3://films"))


@pytest.fixture
def in_parts(monkeypatch):
    """Let every file of more than one MiB go out in parts."""
    monkeypatch.setattr(objects, "ONE_REQUEST", 1024 * 1024)


@pytest.fixture
def impatient(monkeypatch):
    """Let a store that does not answer be given up soon."""
    hasty = objects.Patience(timeout=5, retries=1, retry_for=5)
    monkeypatch.setattr(objects, "_UPLOADING", hasty)
    monkeypatch.setattr(objects, "_ASKING", hasty)


@pytest.fixture
def reel(tmp_path):
    """Make a file that is to be kept."""

    def made(content=b"a film", media_type="video/mp4"):
        path = tmp_path / f"reel-{len(list(tmp_path.iterdir()))}.mp4"
        path.write_bytes(content)
        return reel_of(path, media_type)

    return made


@pytest.fixture
def kept(moto):
    """Return what the bucket holds, as moto tells it without our help: keys, and open uploads."""

    def told(query=""):
        return _asked(f"{moto}/films{query}", "GET")

    return told


def _asked(url, method):
    with urllib.request.urlopen(urllib.request.Request(url, method=method)) as response:
        return response.read().decode()


@pytest.fixture
def blocking():
    """Perform effects at once."""
    return BlockingIO(transport=None, clock=VirtualClock())
