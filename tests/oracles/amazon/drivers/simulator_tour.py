"""Drive the simulator through everything that boto3 can do with Bedrock's asynchronous invocation and with its films.

Standard input: ``{"media": folder, "stops": names}``. Where the services are, who the caller is and in which region
stands in the environment, as it does for users.
"""

import hashlib
import io
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import boto3
import botocore
import intents
from account import RAY, REEL, REEL_0, REGIONS, client, encoded, plain, refusal, tell
from botocore.exceptions import NoRegionError

told = json.load(sys.stdin)
media = Path(told["media"])
BUCKETS = {"us-east-1": "simulated-bucket", "us-west-2": "simulated-bucket-us-west-2"}

bedrock = {region: client("bedrock-runtime", region_name=region) for region in BUCKETS}
s3 = {region: client("s3", region_name=region) for region in BUCKETS}
east = bedrock["us-east-1"]
storage = s3["us-east-1"]


def output(region="us-east-1", folder="films"):
    return {"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKETS[region]}/{folder}"}}


def start(model=REEL, model_input=None, **more):
    region = REGIONS[model]
    asked = intents.text_video(media) if model_input is None else model_input
    given = {"modelId": model, "modelInput": asked, "outputDataConfig": output(region), **more}
    return bedrock[region].start_async_invoke(**given)["invocationArn"]


def marked(*markers):
    """Return a request whose prompt provokes something."""
    asked = intents.text_video(media)
    asked["textToVideoParams"]["text"] = " ".join(("A boat", *markers))
    return asked


def finished(arn):
    """Ask until the job is over; return each status and the last answer."""
    runtime = bedrock[arn.split(":")[3]]
    statuses = []
    while True:
        answer = runtime.get_async_invoke(invocationArn=arn)
        statuses.append(answer["status"])
        if answer["status"] in ("Completed", "Failed"):
            return statuses, answer
        assert len(statuses) < 50, f"{arn} does not end"


def folder_of(answer):
    uri = answer["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix


def files_of(answer):
    """List a job's folder and read everything in it."""
    bucket, prefix = folder_of(answer)
    objects = s3[answer["invocationArn"].split(":")[3]]
    listed = objects.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")
    files = {}
    for row in listed.get("Contents", ()):
        got = objects.get_object(Bucket=bucket, Key=row["Key"])
        content = got["Body"].read()
        assert len(content) == row["Size"] == got["ContentLength"]
        assert row["ETag"] == got["ETag"]
        name = row["Key"].removeprefix(f"{prefix}/")
        is_text = got["ContentType"] == "application/json"
        said = content.decode() if is_text else hashlib.sha256(content).hexdigest()
        files[name] = {"type": got["ContentType"], "said": said}
    return files


def environment():
    return {
        "versions": [boto3.__version__, botocore.__version__],
        "bedrock": client("bedrock-runtime").meta.endpoint_url,
        "s3": client("s3").meta.endpoint_url,
        "region": client("s3").meta.region_name,
    }


def put_inputs():
    """Put the images there that the films are made from."""
    for key, name in (("in/first.jpg", "wide.jpg"), ("in/second.png", "wide.png")):
        storage.put_object(Bucket="simulated-bucket", Key=key, Body=media.joinpath(name).read_bytes())


def modes():
    put_inputs()
    made = {}
    for name, (model, asked) in intents.modes(media).items():
        arn = start(model, asked)
        statuses, answer = finished(arn)
        files = files_of(answer)
        made[name] = {"arn": arn, "statuses": statuses, "answer": plain(answer), "files": files}
    return made


def members():
    """Send every member of StartAsyncInvoke and of its output."""
    key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    config = {"s3Uri": "s3://simulated-bucket/", "kmsKeyId": key, "bucketOwner": "123456789012"}
    arn = start(
        clientRequestToken="token-of-one's-own!",
        outputDataConfig={"s3OutputDataConfig": config},
        tags=[{"key": "team", "value": "films"}, {"key": "empty", "value": ""}],
    )
    by_arn = start(modelId=f"arn:aws:bedrock:us-east-1::foundation-model/{REEL}")
    return {"own": plain(finished(arn)[1]), "by the model's ARN": plain(finished(by_arn)[1])}


def failures():
    told = {}
    for marker in ("[moderation:job]", "[fail]", "[fail:rate-limit]", "[fail:aborted]"):
        statuses, answer = finished(start(model_input=marked(marker)))
        told[marker] = {"statuses": statuses, "answer": plain(answer), "files": files_of(answer)}
    arn = start(model_input=marked("[unknown-status]"))
    told["[unknown-status]"] = bedrock["us-east-1"].get_async_invoke(invocationArn=arn)["status"]
    return told


def same_token():
    token = {"clientRequestToken": "the-same"}
    first, again = start(**token), start(**token)
    other = refusal(lambda: start(model_input=marked("another"), **token))
    own = east.get_async_invoke(invocationArn=start())["clientRequestToken"]
    finished(first)
    return {"first": first, "again": again, "other": other, "the SDK's own": own}


def listed():
    arns = [start(REEL_0) for _ in range(5)]  # ten of these may run at once
    failed = start(REEL_0, marked("[fail]"))
    finished(failed)
    pages = east.get_paginator("list_async_invokes")

    def found(**asked):
        return [
            row["invocationArn"] for page in pages.paginate(**asked) for row in page["asyncInvokeSummaries"]
        ]

    finished(arns[-1])
    middle = east.get_async_invoke(invocationArn=arns[2])["submitTime"]
    tick = timedelta(milliseconds=1)
    page = east.list_async_invokes(maxResults=2, sortBy="SubmissionTime", sortOrder="Ascending")
    row = east.list_async_invokes(maxResults=1)["asyncInvokeSummaries"][0]
    return {
        "started": [*arns, failed],
        "newest": found(),
        "in pages": found(PaginationConfig={"PageSize": 2}),
        "oldest": found(sortOrder="Ascending", PaginationConfig={"PageSize": 3}),
        "failed": found(statusEquals="Failed"),
        "running": found(statusEquals="InProgress"),
        "after": found(submitTimeAfter=middle),
        "before": found(submitTimeBefore=middle),
        "just it": found(submitTimeAfter=middle - tick, submitTimeBefore=middle + tick),
        "limited": found(PaginationConfig={"MaxItems": 3, "PageSize": 2}),
        "page": [len(page["asyncInvokeSummaries"]), "nextToken" in page],
        "row": plain(row),
        "got": plain(east.get_async_invoke(invocationArn=row["invocationArn"])),
        "elsewhere": len(bedrock["us-west-2"].list_async_invokes()["asyncInvokeSummaries"]),
    }


def film():
    """Make a film and read it in every way that boto3 has."""
    _, answer = finished(start())
    bucket, prefix = folder_of(answer)
    whole = {"Bucket": bucket, "Key": f"{prefix}/output.mp4"}
    got = storage.get_object(**whole)
    content = got["Body"].read()
    size = len(content)
    part = storage.get_object(**whole, Range="bytes=4-9")
    head = storage.head_object(**whole)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.mp4")
        storage.download_file(bucket, whole["Key"], str(path))
        downloaded = path.read_bytes()
    into = io.BytesIO()
    storage.download_fileobj(bucket, whole["Key"], into)
    return {
        "film": encoded(content),
        "type": got["ContentType"],
        "size": size,
        "checksum": [got.get("ChecksumCRC32"), got.get("ChecksumType")],
        "without a checksum": unchecked().get_object(**whole).get("ChecksumCRC32"),
        "head": {name: head.get(name) for name in ("ContentLength", "ContentType", "ETag", "AcceptRanges")},
        "etag": got["ETag"],
        "as old": head["LastModified"] == got["LastModified"] == answer["endTime"].replace(microsecond=0),
        "part": [part["ContentRange"], part["Body"].read() == content[4:10]],
        "downloaded": [downloaded == content, into.getvalue() == content],
        "if it matches": storage.get_object(**whole, IfMatch=got["ETag"])["ETag"],
        "not changed": refusal(lambda: storage.get_object(**whole, IfNoneMatch=got["ETag"])),
        "changed": refusal(lambda: storage.get_object(**whole, IfMatch='"another"')),
        "presigned": presigned(whole, content),
    }


def unchecked():
    return client("s3", config={"response_checksum_validation": "when_required"})


def opened(url, **headers):
    """Fetch an address without any SDK."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return {"status": answer.status, "type": answer.headers["content-type"], "content": answer.read()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "said": error.read().decode()}


def presigned(place, content):
    new = client("s3", config={"signature_version": "s3v4", "s3": {"addressing_style": "path"}})
    url = new.generate_presigned_url("get_object", Params=place, ExpiresIn=60)
    old = client("s3", config={"signature_version": "s3"}).generate_presigned_url("get_object", Params=place)
    whole, part = opened(url), opened(url, Range="bytes=0-3")
    return {
        "version": "X-Amz-Signature" in url,
        "whole": [whole["status"], whole["type"], whole["content"] == content],
        "part": [part["status"], part["content"] == content[:4]],
        "changed": opened(url.replace("output.mp4", "output2.mp4")),
        "older signature": opened(old),
        "none": opened(url.partition("?")[0]),
    }


def region_of_others():
    """Take away the variable that boto3 reads, and set the one that AWS's other SDKs read."""
    os.environ["AWS_REGION"] = os.environ.pop("AWS_DEFAULT_REGION")
    try:
        return boto3.session.Session().client("bedrock-runtime").meta.region_name
    except NoRegionError as error:
        return type(error).__name__
    finally:
        os.environ["AWS_DEFAULT_REGION"] = os.environ.pop("AWS_REGION")


def ended():
    """Ask for every model on a day on which some have ended."""
    asked = {REEL: None, REEL_0: None, RAY: intents.ray()}
    return {model: refusal(lambda model=model: start(model, asked[model])) for model in asked}


def with_temporary_keys():
    statuses, answer = finished(start())
    bucket, prefix = folder_of(answer)
    film = storage.get_object(Bucket=bucket, Key=f"{prefix}/output.mp4")["Body"].read()
    url = client("s3", config={"signature_version": "s3v4"}).generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": f"{prefix}/output.mp4"}
    )
    return {"statuses": statuses, "film": encoded(film), "presigned": opened(url)["content"] == film}


STOPS = (
    environment,
    modes,
    members,
    failures,
    same_token,
    listed,
    film,
    region_of_others,
    ended,
    with_temporary_keys,
)
if __name__ == "__main__":
    tell(STOPS, *told["stops"])
