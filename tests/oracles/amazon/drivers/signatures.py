"""Sign requests with botocore, each at the moment that it names.

Standard input: ``{"keys": [id, secret, session token or null], "requests": [{"method", "url", "headers", "content" in base64,
"service", "region", "now"}], "bearer": a Bedrock API key}``. Printed are the values of ``Authorization`` of each request, and
how botocore sends an API key, over https and over http.
"""

import base64
import json
import os
import sys
from datetime import UTC, datetime

import botocore.auth
from account import client
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.tokens import FrozenAuthToken

told = json.load(sys.stdin)
SIGNERS = {"bedrock": botocore.auth.SigV4Auth, "s3": botocore.auth.S3SigV4Auth}


def authorization(asked):
    moment = datetime.fromtimestamp(asked["now"], UTC)
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
    content = base64.b64decode(asked["content"])
    request = AWSRequest(asked["method"], asked["url"], headers=asked["headers"], data=content)
    SIGNERS[asked["service"]](Credentials(*told["keys"]), asked["service"], asked["region"]).add_auth(request)
    return request.headers["Authorization"]


def bearer():
    request = AWSRequest("GET", "https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke")
    botocore.auth.BearerAuth(FrozenAuthToken(told["bearer"])).add_auth(request)
    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = told["bearer"]
    try:
        client("bedrock-runtime").list_async_invokes()
    except BotoCoreError as error:
        return {"header": dict(request.headers), "over http": type(error).__name__}
    return {"header": dict(request.headers), "over http": "sent"}


json.dump({"signed": [authorization(asked) for asked in told["requests"]], "bearer": bearer()}, sys.stdout)
