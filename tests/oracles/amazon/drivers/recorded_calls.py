"""Make each call of boto3 once, each at an address of its own, for a recorder, and with the time standing still.

Standard input: ``{"url": …, "media": folder, "calls": [names], "arn": a job's ARN, "now", "since", "until": seconds since 1970,
"temporary": options of a client with temporary keys}``; a call goes to ``url/NAME``, and with temporary keys if its name begins
with ``session_``. Printed are the names, and for a call that fails the exception.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import botocore.auth
import intents
from account import REGIONS, client
from botocore.exceptions import BotoCoreError, ClientError

told = json.load(sys.stdin)
media = Path(told["media"])
botocore.auth.get_current_datetime = lambda remove_tzinfo=True: datetime.fromtimestamp(told["now"], UTC)

BUCKET, FOLDER = "my-bucket", "my films/naïve 海+&=~"
OUTPUT = f"s3://{BUCKET}/{FOLDER}"
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
OWNER = "210987654321"


class Caller:
    """The clients of one call."""

    def __init__(self, name, **options):
        url = f"{told['url']}/{name}"
        self.runtime = client("bedrock-runtime", endpoint_url=url, **options)
        self.storage = client("s3", endpoint_url=url, **options)

    def start(self, model, asked, *, output=None, **more):
        """Look at the bucket, and at the images that are named by their addresses, and start."""
        output = output or {}
        owner = {"ExpectedBucketOwner": output["bucketOwner"]} if "bucketOwner" in output else {}
        self.storage.list_objects_v2(Bucket=BUCKET, MaxKeys=0, **owner)
        for shot in asked.get("multiShotManualParams", {}).get("shots", ()):
            location = shot.get("image", {}).get("source", {}).get("s3Location")
            if location:
                bucket, _, key = location["uri"].removeprefix("s3://").partition("/")
                owner = {"ExpectedBucketOwner": location["bucketOwner"]} if "bucketOwner" in location else {}
                self.storage.head_object(Bucket=bucket, Key=key, **owner)
        return self.runtime.start_async_invoke(
            modelId=model,
            clientRequestToken="filled-in-by-the-test",
            modelInput=asked,
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": OUTPUT, **output}},
            **more,
        )

    def finish(self, *names):
        """Look at the job, and at what is in its folder; read the files that are named."""
        answer = self.runtime.get_async_invoke(invocationArn=told["arn"])
        bucket, _, prefix = answer["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"][5:].partition("/")
        self.storage.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")
        for name in names:
            self.storage.get_object(Bucket=bucket, Key=f"{prefix}/{name}")["Body"].read()

    def list(self, size, **asked):
        pages = self.runtime.get_paginator("list_async_invokes")
        order = {"sortBy": "SubmissionTime", "sortOrder": "Descending"}
        return list(pages.paginate(**asked, **order, PaginationConfig={"PageSize": size}))


def every_member(caller):
    model, asked = intents.modes(media)["text"]
    tags = [{"key": "team", "value": "films of 2026"}, {"key": "empty", "value": ""}]
    caller.start(model, asked, output={"kmsKeyId": KEY, "bucketOwner": OWNER}, tags=tags)


def find_submission(caller):
    """Look for a job that was started within three minutes, by clocks that may differ by five."""
    since, until = (datetime.fromtimestamp(told[name], UTC) for name in ("since", "until"))
    caller.list(100, submitTimeAfter=since, submitTimeBefore=until)


CALLS = {
    "every_member": every_member,
    "finish": lambda caller: caller.finish("video-generation-status.json", "output.mp4"),
    "finish_shots": lambda caller: caller.finish(
        "video-generation-status.json", "output.mp4", "shot_0001.mp4", "shot_0002.mp4"
    ),
    "find_submission": find_submission,
    "list": lambda caller: caller.list(3),
}


def call(name):
    """Return what a name means: a call of its own, or a mode to start."""
    if name in CALLS:
        return CALLS[name], {}
    model, asked = intents.modes(media)[name]
    return (lambda caller: caller.start(model, asked)), {"region_name": REGIONS[model]}


outcomes = {}
for name in told["calls"]:
    act, options = call(name.removeprefix("session_"))
    if name.startswith("session_"):
        options = {**options, **told["temporary"]}
    try:
        act(Caller(name, **options))
        outcomes[name] = "sent"
    except (BotoCoreError, ClientError) as error:
        outcomes[name] = repr(error)
json.dump(outcomes, sys.stdout)
