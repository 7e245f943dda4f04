"""Provoke every refusal that the simulator knows, and tell what boto3 raises.

Standard input: ``{"media": folder, "temporary": options of a client with temporary keys, "bearer": a Bedrock API key}``;
the usual keys, the endpoints and the region stand in the environment. Printed is, for each case by its name, what
``account.refusal`` says, or ``{"trace": …}``.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import intents
from account import RAY, REEL, REEL_0, before_sending, client, refusal, unsigned, with_header
from botocore.utils import S3RegionRedirectorv2

told = json.load(sys.stdin)
media = Path(told["media"])
runtime, storage = client("bedrock-runtime"), client("s3")
west = client("bedrock-runtime", region_name="us-west-2")
# Without the SDK's own checks, which would refuse before anything is sent.
unchecked = client("bedrock-runtime", config={"parameter_validation": False})
BUCKET = "simulated-bucket"
OUTPUT = {"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/films"}}
UNKNOWN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
OTHERS = {"aws_access_key_id": "AKIAUNKNOWN000000000", "aws_secret_access_key": SECRET}
MISSPELT = {"aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": f"{SECRET}x"}
WITHOUT_TOKEN = {name: value for name, value in told["temporary"].items() if "token" not in name}
WRONG_TOKEN = {**told["temporary"], "aws_session_token": "another"}


# --- ways to send what a user could only send by mistake ---------------------------------------------------------


def expired(service):
    return before_sending(service, with_header("x-expired"), **told["temporary"])


def changed(service, name, old, new):
    """Make a client that changes a header which was signed."""

    def change(request):
        value = request.headers[name]
        value = value.decode() if isinstance(value, bytes) else value
        assert old in value
        del request.headers[name]
        request.headers[name] = value.replace(old, new)

    return before_sending(service, change)


def in_capitals(request):
    """Change the body, and not its length."""
    request.body = request.body.upper()


def without(service, name):
    return before_sending(service, lambda request: request.headers.__delitem__(name))


def authorized(service, value):
    """Make a client that does not sign, and says this instead."""
    made = unsigned(service)
    made.meta.events.register(
        "before-send", lambda request, **_: request.headers.__setitem__("Authorization", value)
    )
    return made


def asking(path):
    """Make a client of Bedrock that asks for another path or query, well signed."""
    made = client("bedrock-runtime")

    def change(request, **_):
        request.url = request.url.partition("/async-invoke")[0] + path

    made.meta.events.register("before-sign", change)
    return made


def saying(content):
    """Make a client of Bedrock that sends another body, well signed."""
    made = client("bedrock-runtime")
    made.meta.events.register("before-sign", lambda request, **_: setattr(request, "data", content))
    return made


def signing(service, **values):
    """Make a client whose signature has another scope."""
    made = client(service)

    def change(request, **_):
        request.context["signing"] = {**request.context.get("signing", {}), **values}

    made.meta.events.register("before-sign", change)
    return made


def asking_s3(path):
    """Make a client of S3 that asks for another path, well signed."""
    made = client("s3")

    def change(request, **_):
        request.url = request.url.partition(f"/{BUCKET}")[0] + path

    made.meta.events.register("before-sign", change)
    return made


def in_pieces():
    """Make a client that says that its body comes in pieces, which it does not."""
    made = client("s3")
    pieces = {"request_algorithm": {"in": "trailer"}}
    made.meta.events.register("before-sign", lambda request, **_: request.context.update(checksum=pieces))
    return made


def staying(region="us-east-1"):
    """Make a client of S3 that does not ask again where the bucket turns out to be."""
    follow, S3RegionRedirectorv2.redirect_from_error = S3RegionRedirectorv2.redirect_from_error, ignored
    try:
        return client("s3", region_name=region)
    finally:
        S3RegionRedirectorv2.redirect_from_error = follow


def ignored(self, *given, **named):
    """Do not follow."""


# --- what is asked for -------------------------------------------------------------------------------------------


def start(asked=None, runtime=runtime, *, model=REEL, **more):
    """Start a job; a member that is given as None is left out."""
    given = text("A boat") if asked is None else asked
    members = {"modelId": model, "modelInput": given, "outputDataConfig": OUTPUT, **more}
    return runtime.start_async_invoke(**{name: value for name, value in members.items() if value is not None})


def text(prompt):
    return {**intents.text_video(media), "textToVideoParams": {"text": prompt}}


def pictured(name, kind="png", source=None):
    picture = {"format": kind, "source": source or {"bytes": intents.read(media, name)}}
    return {
        **intents.text_video(media),
        "textToVideoParams": {"text": "A boat [moderation:image]", "images": [picture]},
    }


def configured(**changes):
    asked = intents.text_video(media)
    return {**asked, "videoGenerationConfig": {**asked["videoGenerationConfig"], **changes}}


def shot(uri, **more):
    return intents.manual({"text": "one", "image": intents.by_address(uri, **more)})


def to(uri, **more):
    return {"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": uri, **more}}}


def ray(**more):
    return start(intents.ray(**more), west, model=RAY, **to("s3://simulated-bucket-us-west-2/films"))


def same_token():
    start(clientRequestToken="twice")
    start(text("another"), clientRequestToken="twice")


def crowd():
    """Start as many jobs as may run at once, and one more; these never end, so this comes last."""
    for _ in range(3):
        start(text("[endless]"))
    start(text("one too many"))


def got(key, bucket=BUCKET, client=storage, **more):
    return client.get_object(Bucket=bucket, Key=key, **more)


def put(client=storage, key="in/x", **more):
    return client.put_object(Bucket=BUCKET, Key=key, Body=b"content", **more)


def film():
    """Leave an object that the refused requests are about."""
    storage.put_object(Bucket=BUCKET, Key="in/object", Body=b"0123456789")


UNTYPED = {"type": "image", "source": {"type": "url", "url": "https://a.example/x.png"}}

BEDROCK = {
    "no model": lambda: start(runtime=unchecked, modelId=None, model=None),
    "no input": lambda: start(runtime=unchecked, modelInput=None),
    "no output": lambda: start(runtime=unchecked, outputDataConfig=None),
    "empty output": lambda: start(runtime=unchecked, outputDataConfig={}),
    "output elsewhere": lambda: start(**to("https://a.example/films")),
    "long output": lambda: start(**to(f"s3://{BUCKET}/{'x' * 1024}")),
    "key that is none": lambda: start(**to(f"s3://{BUCKET}", kmsKeyId="my-key")),
    "owner that is none": lambda: start(**to(f"s3://{BUCKET}", bucketOwner="12")),
    "token with a space": lambda: start(clientRequestToken="a b"),
    "long token": lambda: start(clientRequestToken="x" * 257),
    "tag": lambda: start(tags=[{"key": "a*b", "value": "x"}]),
    "many tags": lambda: start(tags=[{"key": f"k{n}", "value": "x"} for n in range(201)]),
    "tags of another type": lambda: start(runtime=saying(b'{"tags": {"team": "films"}}')),
    "unknown member": lambda: start(runtime=saying(b'{"modelId": "x", "model_input": {}}')),
    "no JSON": lambda: start(runtime=saying(b"{")),
    "input as text": lambda: start(json.dumps(intents.text_video(media))),
    "unknown model": lambda: start(model="amazon.nova-reel-v9:9"),
    "model of another region": lambda: start(intents.ray(), model=RAY),
    "text model": lambda: start(model="amazon.nova-lite-v1:0"),
    "unknown task": lambda: start({**intents.text_video(media), "taskType": "VIDEO"}),
    "task of the next version": lambda: start(intents.automated(12), model=REEL_0),
    "parameters of another task": lambda: start({**intents.text_video(media), "multiShotManualParams": {}}),
    "unknown field": lambda: start({**intents.text_video(media), "negativeText": "fog"}),
    "empty text": lambda: start(text("")),
    "long text": lambda: start(text("x" * 513)),
    "very long text": lambda: start(
        {**intents.automated(12), "multiShotAutomatedParams": {"text": "x" * 4001}}
    ),
    "seconds": lambda: start(configured(durationSeconds=12)),
    "seconds as text": lambda: start(configured(durationSeconds="6")),
    "odd seconds": lambda: start(intents.automated(13)),
    "too many seconds": lambda: start(intents.automated(126)),
    "fps": lambda: start(configured(fps=30)),
    "size": lambda: start(configured(dimension="1920x1080")),
    "seed": lambda: start(configured(seed=2147483647)),
    "no seed": lambda: start(configured(seed=None)),
    "image with a long film": lambda: start(
        {**intents.automated(12), "multiShotAutomatedParams": {"text": "x", "images": []}}
    ),
    "seconds beside shots": lambda: start(intents.manual({"text": "one"}, durationSeconds=6)),
    "no shots": lambda: start(intents.manual()),
    "many shots": lambda: start(intents.manual(*[{"text": "one"}] * 21)),
    "image of another size": lambda: start(pictured("tall.png")),
    "image of another kind": lambda: start(pictured("wide.jpg", "png")),
    "image with holes": lambda: start(pictured("holes.png")),
    "format": lambda: start(pictured("wide.jpg", "jpg")),
    "image as a data URL": lambda: start(pictured("", source={"bytes": "data:image/png;base64,aGVsbG8="})),
    "two images": lambda: start(
        {**intents.text_video(media), "textToVideoParams": {"text": "x", "images": [{}, {}]}}
    ),
    "image that is not there": lambda: start(shot(f"s3://{BUCKET}/no.png")),
    "image in another's bucket": lambda: start(shot("s3://foreign-bucket/no.png")),
    "image of another owner": lambda: start(shot(f"s3://{BUCKET}/in/object.png", bucketOwner="1" * 12)),
    "ray without a prompt": lambda: ray(prompt=""),
    "ray's length": lambda: ray(duration=5),
    "ray's shape": lambda: ray(aspect_ratio="2:1"),
    "ray's resolution": lambda: ray(resolution="1080p"),
    "ray's seed": lambda: ray(seed=1),
    "ray's frame": lambda: ray(keyframes={"frame2": {}}),
    "ray's frame by its address": lambda: ray(keyframes={"frame0": UNTYPED}),
    "ray without frames": lambda: ray(keyframes={}),
    "ray's loop": lambda: ray(loop="yes"),
    "text filter": lambda: start(text("A boat [moderation:create]")),
    "image filter": lambda: start(pictured("wide.png")),
    "missing bucket": lambda: start(**to("s3://no-such-bucket-here/films")),
    "another's bucket": lambda: start(**to("s3://foreign-bucket/films")),
    "another owner": lambda: start(**to(f"s3://{BUCKET}/films", bucketOwner="111111111111")),
    "bucket of another region": lambda: start(**to("s3://simulated-bucket-us-west-2/films")),
    "same token": same_token,
    "busy": lambda: start(text("A boat [throttled]")),
    "rate": lambda: start(runtime=before_sending("bedrock-runtime", with_header("x-limit-rate"))),
    "rate of looks": lambda: before_sending(
        "bedrock-runtime", with_header("x-limit-rate")
    ).list_async_invokes(),
    "job that is none": lambda: runtime.get_async_invoke(invocationArn="abc123"),
    "unknown job": lambda: runtime.get_async_invoke(invocationArn=UNKNOWN),
    "another's job": lambda: runtime.get_async_invoke(
        invocationArn=UNKNOWN.replace("123456789012", "9" * 12)
    ),
    "job of another region": lambda: west.get_async_invoke(invocationArn=UNKNOWN),
    "list: limit": lambda: runtime.list_async_invokes(maxResults=1001),
    "list: no limit": lambda: unchecked.list_async_invokes(maxResults=0),
    "list: status": lambda: runtime.list_async_invokes(statusEquals="Running"),
    "list: order": lambda: runtime.list_async_invokes(sortOrder="Up"),
    "list: sorting": lambda: runtime.list_async_invokes(sortBy="Status"),
    "list: page": lambda: runtime.list_async_invokes(nextToken="another"),
    "list: moment": lambda: asking("/async-invoke?submitTimeAfter=yesterday").list_async_invokes(),
    "list: number": lambda: asking("/async-invoke?maxResults=ten").list_async_invokes(),
    "list: unknown filter": lambda: asking("/async-invoke?modelId=x").list_async_invokes(),
    "no such operation": lambda: asking("/async-invoke/a/b").list_async_invokes(),
    "unencoded ARN": lambda: asking(f"/async-invoke/{UNKNOWN}").get_async_invoke(invocationArn=UNKNOWN),
    "unknown key": lambda: start(runtime=client("bedrock-runtime", **OTHERS)),
    "wrong secret": lambda: start(runtime=client("bedrock-runtime", **MISSPELT)),
    "no session token": lambda: start(runtime=client("bedrock-runtime", **WITHOUT_TOKEN)),
    "wrong session token": lambda: start(runtime=client("bedrock-runtime", **WRONG_TOKEN)),
    "expired session": lambda: start(runtime=expired("bedrock-runtime")),
    "body that was changed": lambda: start(runtime=before_sending("bedrock-runtime", in_capitals)),
    "date that was changed": lambda: start(runtime=changed("bedrock-runtime", "X-Amz-Date", "T", "T0")),
    "header that was not signed": lambda: start(
        runtime=before_sending("bedrock-runtime", with_header("x-amz-other"))
    ),
    "scope of another service": lambda: start(runtime=signing("bedrock-runtime", signing_name="s3")),
    "half a signature": lambda: start(
        runtime=changed("bedrock-runtime", "Authorization", "SignedHeaders", "Signed")
    ),
    "no signature": lambda: start(runtime=unsigned("bedrock-runtime")),
    "wrong API key": lambda: start(runtime=authorized("bedrock-runtime", "Bearer another")),
    "too many at once": crowd,
}
S3 = {
    "missing bucket": lambda: got("x", "no-such-bucket-here"),
    "missing bucket, listed": lambda: storage.list_objects_v2(Bucket="no-such-bucket-here"),
    "missing bucket, looked at": lambda: storage.head_bucket(Bucket="no-such-bucket-here"),
    "missing bucket, written": lambda: storage.put_object(Bucket="no-such-bucket-here", Key="x", Body=b""),
    "missing object": lambda: got("in/nothing"),
    "missing object, looked at": lambda: storage.head_object(Bucket=BUCKET, Key="in/nothing"),
    "missing object that may not be listed": lambda: got("x", "unlisted-bucket"),
    "another's bucket": lambda: got("x", "foreign-bucket"),
    "another's bucket, looked at": lambda: storage.head_bucket(Bucket="foreign-bucket"),
    "another owner": lambda: got("in/object", ExpectedBucketOwner="111111111111"),
    "locked bucket": lambda: got("x", "locked-bucket"),
    "locked bucket, listed": lambda: storage.list_objects_v2(Bucket="locked-bucket"),
    "locked bucket, looked at": lambda: storage.head_bucket(Bucket="locked-bucket"),
    "bucket of another region": lambda: got("x", "simulated-bucket-us-west-2", staying()),
    "bucket of another region, looked at": lambda: staying().head_bucket(Bucket="simulated-bucket-us-west-2"),
    "bucket of another region, written": lambda: staying().put_object(
        Bucket="simulated-bucket-us-west-2", Key="x", Body=b""
    ),
    "range": lambda: got("in/object", Range="bytes=10-"),
    "changed since": lambda: got("in/object", IfMatch='"another"'),
    "not changed": lambda: got("in/object", IfNoneMatch="*"),
    "long key": lambda: put(key="x" * 1025),
    "list: page": lambda: storage.list_objects_v2(Bucket=BUCKET, ContinuationToken="???"),
    "list: encoding": lambda: storage.list_objects_v2(Bucket=BUCKET, EncodingType="rot13"),
    "list: limit": lambda: client("s3", config={"parameter_validation": False}).list_objects_v2(
        Bucket=BUCKET, MaxKeys="many"
    ),
    "wrong MD5": lambda: put(ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="),
    "wrong CRC": lambda: put(ChecksumCRC32="AAAAAA=="),
    "wrong SHA-256": lambda: put(ChecksumSHA256="A" * 43 + "="),
    "body that was changed": lambda: put(
        before_sending("s3", lambda request: setattr(request, "body", b"another"))
    ),
    "body that is not in pieces": lambda: put(in_pieces()),
    "key that is no text": lambda: got("in/object", client=asking_s3(f"/{BUCKET}/%FF")),
    "removal": lambda: storage.delete_object(Bucket=BUCKET, Key="in/object"),
    "copy": lambda: storage.copy_object(Bucket=BUCKET, Key="x", CopySource=f"{BUCKET}/in/object"),
    "all buckets": storage.list_buckets,
    "parts": lambda: storage.create_multipart_upload(Bucket=BUCKET, Key="x"),
    "tags": lambda: storage.get_object_tagging(Bucket=BUCKET, Key="in/object"),
    "older version": lambda: got("in/object", VersionId="1"),
    "unknown key": lambda: got("in/object", client=client("s3", **OTHERS)),
    "wrong secret": lambda: got("in/object", client=client("s3", **MISSPELT)),
    "no session token": lambda: got("in/object", client=client("s3", **WITHOUT_TOKEN)),
    "wrong session token": lambda: got("in/object", client=client("s3", **WRONG_TOKEN)),
    "expired session": lambda: got("in/object", client=expired("s3")),
    "header that was not signed": lambda: got(
        "in/object", client=before_sending("s3", with_header("x-amz-other"))
    ),
    "hash that is missing": lambda: got("in/object", client=without("s3", "X-Amz-Content-SHA256")),
    "half a signature": lambda: got(
        "in/object", client=changed("s3", "Authorization", "SignedHeaders", "Signed")
    ),
    "scope of another service": lambda: got("in/object", client=signing("s3", signing_name="bedrock")),
    "older signature": lambda: got("in/object", client=client("s3", config={"signature_version": "s3"})),
    "no signature": lambda: got("in/object", client=unsigned("s3")),
    "API key": lambda: got("in/object", client=authorized("s3", f"Bearer {told['bearer']}")),
}

film()
said = {}
for service, cases in (("bedrock", BEDROCK), ("s3", S3)):
    said[service] = {}
    for name, call in cases.items():
        try:
            said[service][name] = refusal(call)
        except Exception:  # noqa: BLE001  the test says it
            said[service][name] = {"trace": traceback.format_exc()}
json.dump(said, sys.stdout)
