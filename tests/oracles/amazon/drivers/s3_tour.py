"""Use S3 as far as films and input images need it, in the same way with our simulator and with moto's server.

Standard input: ``{"buckets": {name: region}, "make": whether they are to be made}``; where S3 is stands in the environment. The
first bucket is in the client's own region, the second in another.
"""

import io
import json
import sys
import tempfile
from pathlib import Path

from account import client, refusal, tell

told = json.load(sys.stdin)
storage = client("s3")
(HERE, _), (AWAY, AWAY_REGION) = told["buckets"].items()
DIGITS = {"Bucket": HERE, "Key": "in/digits"}
ODD = "films/naïve 海/a+b & c=%41 ~(1)!*'.mp4"
KEYS = (
    ODD,
    "films/plain.txt",
    "films/deep/er/x",
    "films/deep/y",
    "filmsy",
    "films//twice",
    "films/<&>\"'",
    "other",
)
RANGES = (
    "bytes=0-0",
    "bytes=2-4",
    "bytes=7-",
    "bytes=-3",
    "bytes=-30",
    "bytes=8-20",
    "bytes=0-9",
    "bytes=10-",
    "bytes=4-2",
)


def prepare():
    if told["make"]:
        for name, region in told["buckets"].items():
            place = (
                {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            )
            client("s3", region_name=region).create_bucket(Bucket=name, **place)
    storage.put_object(**DIGITS, Body=b"0123456789", ContentType="image/png")
    for key in KEYS:
        storage.put_object(Bucket=HERE, Key=key, Body=key.encode(), ContentType="text/x-odd")


def seen(answer):
    """Return what an object is said to be."""
    names = ("ContentLength", "ContentType", "ETag", "AcceptRanges", "ContentRange", "ChecksumCRC32")
    return {name: answer.get(name) for name in names if name in answer}


def failing(call):
    said = refusal(call)
    return {name: said.get(name) for name in ("class", "code", "status")}


def objects():
    whole = storage.get_object(**DIGITS)
    content = whole["Body"].read().decode()
    odd = storage.get_object(Bucket=HERE, Key=ODD)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(b"from a file")
        storage.upload_file(str(path), HERE, "up/loaded", ExtraArgs={"ContentType": "image/jpeg"})
        storage.download_file(HERE, "up/loaded", str(path))
        loaded = path.read_bytes().decode()
    storage.put_object(Bucket=HERE, Key="up/stream", Body=io.BytesIO(b"a stream"), ChecksumAlgorithm="SHA256")
    return {
        "whole": [seen(whole), content],
        "head": seen(storage.head_object(**DIGITS)),
        "odd": [seen(odd), odd["Body"].read().decode()],
        "loaded": loaded,
        "streamed": storage.get_object(Bucket=HERE, Key="up/stream")["Body"].read().decode(),
        "if it matches": seen(storage.get_object(**DIGITS, IfMatch=whole["ETag"])),
        "if it is new": seen(storage.get_object(**DIGITS, IfNoneMatch='"another"')),
    }


def ranges():
    told = {}
    for asked in RANGES:
        try:
            part = storage.get_object(**DIGITS, Range=asked)
        except storage.exceptions.ClientError as error:
            told[asked] = error.response["Error"]["Code"]
        else:
            status = part["ResponseMetadata"]["HTTPStatusCode"]
            told[asked] = [status, part.get("ContentRange"), part["Body"].read().decode()]
    return told


def found(**asked):
    """Return the keys and folders of a list, page by page."""
    pages = storage.get_paginator("list_objects_v2").paginate(Bucket=HERE, **asked)
    return [
        [
            [row["Key"] for row in page.get("Contents", ())],
            [row["Prefix"] for row in page.get("CommonPrefixes", ())],
            page["KeyCount"],
            page["IsTruncated"],
        ]
        for page in pages
    ]


def nothing_of(bucket):
    """Look at a bucket as the plugin does."""
    page = storage.list_objects_v2(Bucket=bucket, MaxKeys=0)
    return [page.get("Contents", []), page["KeyCount"], page["MaxKeys"], page["IsTruncated"]]


def lists():
    row = storage.list_objects_v2(Bucket=HERE, Prefix="in/")["Contents"][0]
    return {
        "all": found(Prefix="film"),
        "in pages": found(Prefix="film", PaginationConfig={"PageSize": 3}),
        "folded": found(Prefix="films/", Delimiter="/"),
        "folded in pages": found(Prefix="films/", Delimiter="/", PaginationConfig={"PageSize": 2}),
        "after": found(Prefix="films/", StartAfter="films/deep/y"),
        "nothing": found(Prefix="no such/"),
        "a list of nothing": nothing_of(HERE),
        "row": {name: row[name] for name in ("Key", "ETag", "Size", "StorageClass")},
    }


def buckets():
    there = storage.head_bucket(Bucket=HERE)
    away = client("s3", region_name=AWAY_REGION)
    return {
        "here": there["BucketRegion"],
        "away": away.head_bucket(Bucket=AWAY)["BucketRegion"],
        # boto3 follows where the bucket turns out to be
        "followed": storage.head_bucket(Bucket=AWAY)["BucketRegion"],
        "location": storage.get_bucket_location(Bucket=HERE)["LocationConstraint"],
        "location away": away.get_bucket_location(Bucket=AWAY)["LocationConstraint"],
    }


def refused():
    return {
        "object": failing(lambda: storage.get_object(Bucket=HERE, Key="nothing")),
        "object, looked at": failing(lambda: storage.head_object(Bucket=HERE, Key="nothing")),
        "bucket": failing(lambda: storage.get_object(Bucket="no-such-bucket-here", Key="x")),
        "bucket, looked at": failing(lambda: storage.head_bucket(Bucket="no-such-bucket-here")),
        "bucket, listed": failing(lambda: storage.list_objects_v2(Bucket="no-such-bucket-here")),
        "bucket, a list of nothing": failing(lambda: nothing_of("no-such-bucket-here")),
        "bucket, written": failing(
            lambda: storage.put_object(Bucket="no-such-bucket-here", Key="x", Body=b"")
        ),
        "changed": failing(lambda: storage.get_object(**DIGITS, IfMatch='"another"')),
        "not changed": failing(
            lambda: storage.head_object(**DIGITS, IfNoneMatch=storage.head_object(**DIGITS)["ETag"])
        ),
        "range": failing(lambda: storage.get_object(**DIGITS, Range="bytes=10-")),
        "long key": failing(lambda: storage.put_object(Bucket=HERE, Key="x" * 1025, Body=b"")),
        "wrong MD5": failing(lambda: storage.put_object(**DIGITS, Body=b"x", ContentMD5="A" * 22 + "==")),
    }


tell(
    (prepare, objects, ranges, lists, buckets, refused),
    "prepare",
    "objects",
    "ranges",
    "lists",
    "buckets",
    "refused",
)
