"""What the drivers have in common: clients made from the environment as users make them, and words for what boto3 raises."""

import base64
import json
import sys
import traceback

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

REEL, REEL_0, RAY = "amazon.nova-reel-v1:1", "amazon.nova-reel-v1:0", "luma.ray-v2:0"
REGIONS = {REEL: "us-east-1", REEL_0: "us-east-1", RAY: "us-west-2"}


session = (
    boto3.session.Session()
)  # it keeps the service models, which take most of the time of making a client


def client(service, **options):
    """Make a client; endpoint, keys and region come from the environment unless they are given here."""
    return session.client(service, config=Config(**options.pop("config", {})), **options)


def unsigned(service, **options):
    return client(service, config={"signature_version": UNSIGNED}, **options)


def before_sending(service, change, **options):
    """Make a client whose requests are changed after they were signed."""
    made = client(service, **options)
    made.meta.events.register("before-send", lambda request, **_: change(request))
    return made


def with_header(name, value="1"):
    """Return a change that adds a header."""
    return lambda request: request.headers.__setitem__(name, value)


def encoded(content):
    return base64.b64encode(content).decode()


def plain(answer):
    """Return an answer without what only tells of its way here, and its times as text."""
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return json.loads(json.dumps(kept, default=lambda value: value.isoformat()))


def refusal(call):
    """Return what boto3 raises."""
    try:
        call()
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        return {
            "class": type(error).__name__,
            "code": error.response["Error"]["Code"],
            "status": metadata["HTTPStatusCode"],
            "message": error.response["Error"].get("Message", ""),
            "request_id": metadata.get("RequestId"),
            "attempts": metadata["RetryAttempts"],
            "error": error.response["Error"],
        }
    return {"class": None}


def tell(stops, *names):
    """Make the stops that are named and print what they tell: ``{"value": …}`` or ``{"trace": …}``."""
    by_name = {stop.__name__: stop for stop in stops}
    said = {}
    for name in names:
        try:
            said[name] = {"value": by_name[name]()}
        except Exception:  # noqa: BLE001  the test says it
            said[name] = {"trace": traceback.format_exc()}
    json.dump(said, sys.stdout)
