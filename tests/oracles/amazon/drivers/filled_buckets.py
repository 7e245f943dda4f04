"""Make buckets and put objects into them.

Standard input: ``{"buckets": {name: region}, "objects": [[bucket, key, media type, content in base64]]}``.
"""

import base64
import json
import sys

from account import client

told = json.load(sys.stdin)
for name, region in told["buckets"].items():
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client("s3", region_name=region).create_bucket(Bucket=name, **place)
storage = client("s3")
for bucket, key, media_type, content in told["objects"]:
    storage.put_object(Bucket=bucket, Key=key, ContentType=media_type, Body=base64.b64decode(content))
json.dump(len(told["objects"]), sys.stdout)
