"""boto3 and moto's server, in the versions that the tests speak of, and the simulator on a socket."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from oracle.drivers import Oracle
from oracle.environments import environment_of
from oracle.service import served
from PIL import Image
from polyreel.simulation.simulator import FilmStudio
from polyreel_amazon_nova.simulator import AmazonSimulator

DRIVERS = Path(__file__).parent / "drivers"
BOTO, MOTO = "1.44.5", "5.2.5"  # the newest on 2026-11-23
KEY_ID, SECRET = (AmazonSimulator.settings[name] for name in ("access_key_id", "secret_access_key"))


@pytest.fixture(scope="session")
def boto(nobody):
    environment = environment_of(f"boto3=={BOTO}", f"botocore=={BOTO}")  # boto3 alone takes a newer one
    return Oracle(environment=environment, version=BOTO, drivers=DRIVERS, home=nobody)


@pytest.fixture(scope="session")
def moto(nobody):
    environment = environment_of(f"moto[server]=={MOTO}")
    return Oracle(environment=environment, version=MOTO, drivers=DRIVERS, home=nobody)


@pytest.fixture(scope="session")
def variables(nobody):
    """Return a function that gives the environment of a driver: an account whose services are at an address."""
    nothing = nobody / "empty"
    nothing.touch()

    def known(bedrock, s3, *, key_id=KEY_ID, secret=SECRET, token=None):
        named = {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
            "AWS_ENDPOINT_URL_S3": s3,
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(nothing),
            "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",  # what boto3 tries again, and when, is no part of what is compared
        }
        return {name: value for name, value in named.items() if value is not None}

    return known


@pytest.fixture(scope="session")
def amazon_media(media):
    """Add a picture that Nova Reel does not take."""
    Image.new("RGBA", (1280, 720), (32, 128, 144, 100)).save(media / "holes.png")
    return media


@pytest.fixture(scope="session")
def told_studio():
    """Make films of a few bytes that tell what they show."""
    return FilmStudio(
        film=lambda spec: f"{spec.width}x{spec.height} {spec.duration:g} s {spec.prompt}".encode()
    )


@dataclass
class Tour:
    """What boto3 told of its tour, and what the simulator saw of it."""

    stops: dict
    service: object

    def __getitem__(self, stop):
        told = self.stops[stop]
        assert "value" in told, f"boto3 {BOTO} failed at {stop!r}:\n{told.get('trace')}"
        return told["value"]


def _prepared(request, service):
    """Do what a header of the request asks the simulator for, which no call of the SDK could bring about."""
    state, headers = service.stage.state, request.headers
    state["rate_limited_until"] = service.stage.clock.now() + 7 if "x-limit-rate" in headers else 0.0
    state["session_expired"] = "x-expired" in headers


@pytest.fixture(scope="session")
def toured(boto, amazon_media, variables):
    """Return a function that sends boto3 on a tour of the simulator."""

    def tour(driver, *, studio=None, as_of=None, keys=None, **told):
        simulator = partial(AmazonSimulator, as_of=as_of)
        with served(simulator, studio=studio, prepare=_prepared) as service:
            known = variables(service.url, service.url, **(keys or {}))
            said = boto.run(driver, variables=known, media=str(amazon_media), **told)
        return Tour(said, service)

    return tour


@pytest.fixture(scope="session")
def temporary():
    """Return the simulator's temporary keys as the options of a client."""
    known = AmazonSimulator.temporary
    return {
        "aws_access_key_id": known.key_id,
        "aws_secret_access_key": known.secret,
        "aws_session_token": known.token,
    }


@pytest.fixture(scope="session")
def real_s3(moto, variables):
    """Serve moto's AWS for the whole session and return its address; it ends when the session does."""
    with moto.started("moto_server", variables=variables("", "")) as url:
        yield url


@pytest.fixture(scope="session")
def operations(boto):
    """Return what botocore's service model says of Bedrock's three operations."""
    return boto.run("service_model")
