"""Every signature of the plugin against botocore's for the same request, the same keys and the same moment.

The plugin makes films with our simulator, which verifies the signatures by code of its own; what it received is then signed
by botocore once more.
"""

import base64
from datetime import UTC, datetime
from urllib.parse import urlsplit

import polyreel
import pytest
from oracle.pictures import picture
from oracle.service import served
from polyreel.clock import VirtualClock
from polyreel_amazon_nova.simulated_access import ACCOUNT
from polyreel_amazon_nova.simulated_buckets import Buckets
from polyreel_amazon_nova.simulated_store import JobStore
from polyreel_amazon_nova.simulator import AmazonSimulator

pytestmark = pytest.mark.oracle

PROMPT = 'A paper boat, naïve ☕ 海, "quoted" <&>'
TEMPORARY = AmazonSimulator.temporary
PERMANENT = (AmazonSimulator.settings["access_key_id"], AmazonSimulator.settings["secret_access_key"], None)
REEL, RAY = "amazon/nova-reel", "amazon/luma.ray-v2:0"
#: Characters that one of the two encodings, or both, change.
ODD = "films//naïve-海+b&c=%41~(1)!*',;:@$"
IMAGE = "in/naïve 海+&1.png"
SHOT = {"text": "A boat", "image": f"s3://simulated-bucket/{IMAGE}", "image_owner": ACCOUNT}


@pytest.fixture
def service(quick_studio):
    with served(AmazonSimulator, studio=quick_studio) as service:
        yield service


def made(service, home, model, *, bucket="simulated-bucket", keys=PERMANENT, **asked):
    """Make a film, list the jobs, and return what the simulator received for it."""
    key_id, secret, token = keys
    account = {
        "base_url": service.url,
        "s3_base_url": service.url,
        "access_key_id": key_id,
        "secret_access_key": secret,
        "output": f"s3://{bucket}/{ODD}",
        **({} if token is None else {"session_token": token}),
    }
    setup = {"settings": {"amazon": account}, "store": "memory", "home": home, "clock": VirtualClock()}
    with polyreel.Client(**setup) as client:
        result = client.generate(PROMPT, model=model, **asked)
        assert result.job.status == "completed"
        client.fetch(result.job.id, assets=["shot"] if asked.get("duration", 0) > 6 else ["video"])
        # At an address of one's own one region is asked, the first, unless one is chosen.
        assert len(client.remote_jobs("amazon", limit=5)) == (model != RAY)
    return list(service.seen)


def told(request, service, region):
    """Return a received request as drivers/signatures.py wants it: nothing but what was there before it was signed."""
    target = request.url.partition("amazonaws.com")[2]
    before = ("content-type", "x-amz-expected-bucket-owner")
    moment = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return {
        "method": request.method,
        "url": service.url + target,
        "headers": {name: value for name, value in request.headers.items() if name in before},
        "content": base64.b64encode(request.content or b"").decode(),
        "service": "bedrock" if urlsplit(request.url).path.startswith("/async-invoke") else "s3",
        "region": region,
        "now": moment.timestamp(),
    }


@pytest.mark.parametrize(
    ("model", "asked", "keys", "region"),
    [
        pytest.param(REEL, {"input_image": "wide.png"}, PERMANENT, "us-east-1", id="image"),
        pytest.param(REEL, {"duration": 12}, PERMANENT, "us-east-1", id="shots"),
        pytest.param(
            REEL, {}, (TEMPORARY.key_id, TEMPORARY.secret, TEMPORARY.token), "us-east-1", id="temporary keys"
        ),
        pytest.param(
            RAY, {"bucket": "simulated-bucket-us-west-2"}, PERMANENT, "us-west-2", id="another region"
        ),
        pytest.param(REEL, {"amazon_bucket_owner": ACCOUNT}, PERMANENT, "us-east-1", id="owner"),
        pytest.param(REEL, {"amazon_shots": [SHOT]}, PERMANENT, "us-east-1", id="image by its address"),
    ],
)
def test_signatures_are_those_of_botocore(
    boto, service, variables, amazon_media, tmp_path, model, asked, keys, region
):
    if "input_image" in asked:
        asked = {"input_image": amazon_media / asked["input_image"]}
    images = Buckets(service.stage, JobStore(service.stage))
    images.put("simulated-bucket", IMAGE, picture("PNG", 1280, 720), "image/png")
    seen = made(service, tmp_path, model, keys=keys, **asked)
    listing = [request for request in seen if "sortBy" in request.url]
    requests = [told(request, service, "us-east-1" if request in listing else region) for request in seen]
    looks = {("HEAD", "s3")} if "amazon_shots" in asked else set()
    assert {(request["method"], request["service"]) for request in requests} == looks | {
        ("GET", "s3"),
        ("POST", "bedrock"),
        ("GET", "bedrock"),
    }
    environment = variables(service.url, service.url)
    said = boto.run("signatures", requests=requests, keys=keys, bearer="x", variables=environment)
    assert [request.headers["authorization"] for request in seen] == said["signed"]


def test_api_key_is_sent_as_botocore_sends_it(boto, service, variables, tmp_path):
    """boto3 sends one over https only; polyreel also to a loopback address, for its simulator."""
    key = AmazonSimulator.bearer_key
    environment = variables(service.url, service.url)
    said = boto.run("signatures", requests=[], keys=PERMANENT, bearer=key, variables=environment)["bearer"]
    assert said["over http"] == "InvalidEndpointConfigurationError"
    assert service.seen == []
    account = {"base_url": service.url, "api_key": key}
    with polyreel.Client(settings={"amazon": account}, store="memory", home=tmp_path) as client:
        assert client.remote_jobs("amazon", limit=5) == []
    (request,) = service.seen
    assert (
        {"Authorization": request.headers["authorization"]}
        == said["header"]
        == {"Authorization": f"Bearer {key}"}
    )
    assert not [name for name in request.headers if name.startswith("x-amz-")]
