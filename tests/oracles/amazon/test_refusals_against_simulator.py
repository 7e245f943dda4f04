"""Every refusal of our simulator as boto3 raises it: AWS's own class, code and status, after one attempt."""

import pytest
from polyreel_amazon_nova.simulator import AmazonSimulator

pytestmark = pytest.mark.oracle

VALIDATION, THROTTLED = ("ValidationException", 400), ("ThrottlingException", 429)
UNREADABLE, NO_OPERATION = ("SerializationException", 400), ("UnknownOperationException", 404)
UNRECOGNIZED = ("UnrecognizedClientException", 403)
BAD_SIGNATURE, NO_SIGNATURE = ("InvalidSignatureException", 403), ("IncompleteSignatureException", 403)

#: The cases of drivers/refusals.py, with the code, the status, and a piece of the sentence.
BEDROCK = {
    "no model": (*VALIDATION, "Value null at 'modelId'"),
    "no input": (*VALIDATION, "Value null at 'modelInput'"),
    "no output": (*VALIDATION, "Value null at 'outputDataConfig'"),
    "empty output": (*VALIDATION, "Value null at 'outputDataConfig.s3OutputDataConfig'"),
    "output elsewhere": (*VALIDATION, "Member must satisfy regular expression pattern: s3://"),
    "long output": (*VALIDATION, "Member must have length less than or equal to 1024"),
    "key that is none": (*VALIDATION, "Value 'my-key' at 'outputDataConfig.s3OutputDataConfig.kmsKeyId'"),
    "owner that is none": (*VALIDATION, "Value '12' at 'outputDataConfig.s3OutputDataConfig.bucketOwner'"),
    "token with a space": (*VALIDATION, "Value 'a b' at 'clientRequestToken'"),
    "long token": (*VALIDATION, "Member must have length less than or equal to 256"),
    "tag": (*VALIDATION, "Value 'a*b' at 'tags.1.member.key'"),
    "many tags": (*VALIDATION, "Member must have length less than or equal to 200"),
    "tags of another type": (*UNREADABLE, "tags"),
    "unknown member": (*UNREADABLE, "model_input"),
    "no JSON": (*UNREADABLE, "JSON"),
    "input as text": (*VALIDATION, "The provided request is not valid"),
    "unknown model": (*VALIDATION, "The provided model identifier is invalid."),
    "model of another region": (*VALIDATION, "The provided model identifier is invalid."),
    "text model": (*VALIDATION, "The provided request is not valid"),
    "unknown task": (*VALIDATION, "#/taskType: VIDEO"),
    "task of the next version": (*VALIDATION, "#/taskType: MULTI_SHOT_AUTOMATED"),
    "parameters of another task": (*VALIDATION, "[multiShotManualParams]"),
    "unknown field": (*VALIDATION, "[negativeText]"),
    "empty text": (*VALIDATION, "#/textToVideoParams/text"),
    "long text": (*VALIDATION, "#/textToVideoParams/text: expected maxLength: 512"),
    "very long text": (*VALIDATION, "#/multiShotAutomatedParams/text: expected maxLength: 4000"),
    "seconds": (*VALIDATION, "#/videoGenerationConfig/durationSeconds: 12"),
    "seconds as text": (*VALIDATION, "#/videoGenerationConfig/durationSeconds: expected type: Integer"),
    "odd seconds": (*VALIDATION, "#/videoGenerationConfig/durationSeconds: 13"),
    "too many seconds": (*VALIDATION, "#/videoGenerationConfig/durationSeconds: 126"),
    "fps": (*VALIDATION, "#/videoGenerationConfig/fps: 30"),
    "size": (*VALIDATION, "#/videoGenerationConfig/dimension: 1920x1080"),
    "seed": (*VALIDATION, "#/videoGenerationConfig/seed: 2147483647"),
    "no seed": (*VALIDATION, "#/videoGenerationConfig/seed: expected type: Integer, found: Null"),
    "image with a long film": (*VALIDATION, "#/multiShotAutomatedParams: extraneous key [images]"),
    "seconds beside shots": (*VALIDATION, "extraneous key [durationSeconds]"),
    "no shots": (*VALIDATION, "#/multiShotManualParams/shots"),
    "many shots": (*VALIDATION, "#/multiShotManualParams/shots: expected maximum item count: 20"),
    "image of another size": (*VALIDATION, "720x1280"),
    "image of another kind": (*VALIDATION, "image/jpeg"),
    "image with holes": (*VALIDATION, "transparent"),
    "format": (*VALIDATION, "#/textToVideoParams/images/0/format: jpg"),
    "image as a data URL": (*VALIDATION, "#: required key [s3Location] not found"),
    "two images": (*VALIDATION, "#/textToVideoParams/images: expected maximum item count: 1"),
    "image that is not there": (*VALIDATION, "#/multiShotManualParams/shots/0/image/source/s3Location/uri"),
    "image in another's bucket": (*VALIDATION, "#/multiShotManualParams/shots/0/image/source/s3Location"),
    "image of another owner": (*VALIDATION, "denied"),
    "ray without a prompt": (*VALIDATION, "#/prompt"),
    "ray's length": (*VALIDATION, "#/duration: 5"),
    "ray's shape": (*VALIDATION, "#/aspect_ratio: 2:1"),
    "ray's resolution": (*VALIDATION, "#/resolution: 1080p"),
    "ray's seed": (*VALIDATION, "[seed]"),
    "ray's frame": (*VALIDATION, "[frame2]"),
    "ray's frame by its address": (*VALIDATION, "#/keyframes/frame0/source"),
    "ray without frames": (*VALIDATION, "#/keyframes"),
    "ray's loop": (*VALIDATION, "#/loop: expected type: Boolean"),
    "text filter": (*VALIDATION, "blocked by our content filters. Please adjust your text prompt"),
    "image filter": (*VALIDATION, "blocked by our content filters. Please adjust your input image"),
    "missing bucket": (*VALIDATION, "no-such-bucket-here"),
    "another's bucket": (*VALIDATION, "foreign-bucket"),
    "another owner": (*VALIDATION, "denied"),
    "bucket of another region": (*VALIDATION, "us-west-2"),
    "same token": ("ConflictException", 400, "clientRequestToken"),
    "busy": (*THROTTLED, "Too many requests"),
    "rate": (*THROTTLED, "Too many requests"),
    "rate of looks": (*THROTTLED, "Too many requests"),
    "job that is none": (*VALIDATION, "Value 'abc123' at 'invocationArn'"),
    "unknown job": (*VALIDATION, "not valid or does not exist"),
    "another's job": ("AccessDeniedException", 403, "bedrock:GetAsyncInvoke"),
    "job of another region": (*VALIDATION, "not valid or does not exist"),
    "list: limit": (*VALIDATION, "Value '1001' at 'maxResults'"),
    "list: no limit": (*VALIDATION, "Value '0' at 'maxResults'"),
    "list: status": (*VALIDATION, "[InProgress, Completed, Failed]"),
    "list: order": (*VALIDATION, "[Ascending, Descending]"),
    "list: sorting": (*VALIDATION, "[SubmissionTime]"),
    "list: page": (*VALIDATION, "nextToken"),
    "list: moment": (*UNREADABLE, "Timestamp"),
    "list: number": (*UNREADABLE, "Integer"),
    "list: unknown filter": (*VALIDATION, "modelId"),
    "no such operation": (*NO_OPERATION, "no such operation"),
    "unencoded ARN": (*NO_OPERATION, "no such operation"),
    "unknown key": (*UNRECOGNIZED, "The security token included in the request is invalid."),
    "wrong secret": (*BAD_SIGNATURE, "does not match the signature you provided"),
    "no session token": (*UNRECOGNIZED, "The security token included in the request is invalid."),
    "wrong session token": (*UNRECOGNIZED, "The security token included in the request is invalid."),
    "expired session": (
        "ExpiredTokenException",
        403,
        "The security token included in the request is expired",
    ),
    "body that was changed": (*BAD_SIGNATURE, "does not match the signature you provided"),
    "date that was changed": (*NO_SIGNATURE, "X-Amz-Date"),
    "header that was not signed": (*BAD_SIGNATURE, "'x-amz-other' must be a 'SignedHeader'"),
    "scope of another service": (*BAD_SIGNATURE, "scoped to correct service: 'bedrock'"),
    "half a signature": (*NO_SIGNATURE, "'SignedHeaders'"),
    "no signature": ("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    "wrong API key": ("403", 403, "API Key"),
    "too many at once": (*THROTTLED, "Too many requests"),
}
NO_BUCKET = ("NoSuchBucket", 404, "The specified bucket does not exist")
DENIED, MISSING = ("AccessDenied", 403, "Access Denied"), ("NotImplemented", 501, "not implemented")
ELSEWHERE = ("PermanentRedirect", 301, "must be addressed using the specified endpoint")
MALFORMED, ARGUMENT = ("AuthorizationHeaderMalformed", 400), ("InvalidArgument", 400)
DIGEST, REQUEST = ("BadDigest", 400), ("InvalidRequest", 400)
S3 = {
    "missing bucket": NO_BUCKET,
    "missing bucket, listed": NO_BUCKET,
    "missing bucket, looked at": ("404", 404, "Not Found"),
    "missing bucket, written": NO_BUCKET,
    "missing object": ("NoSuchKey", 404, "The specified key does not exist."),
    "missing object, looked at": ("404", 404, "Not Found"),
    "missing object that may not be listed": DENIED,
    "another's bucket": DENIED,
    "another's bucket, looked at": ("403", 403, "Forbidden"),
    "another owner": DENIED,
    "locked bucket": DENIED,
    "locked bucket, listed": DENIED,
    "locked bucket, looked at": ("403", 403, "Forbidden"),
    "bucket of another region": ELSEWHERE,
    "bucket of another region, looked at": ("301", 301, "Moved Permanently"),
    "bucket of another region, written": ELSEWHERE,
    "range": ("InvalidRange", 416, "not satisfiable"),
    "changed since": ("PreconditionFailed", 412, "pre-conditions"),
    "not changed": ("304", 304, "Not Modified"),
    "long key": ("KeyTooLongError", 400, "too long"),
    "list: page": (*ARGUMENT, "continuation token"),
    "list: encoding": (*ARGUMENT, "Encoding"),
    "list: limit": (*ARGUMENT, "max-keys"),
    "wrong MD5": (*DIGEST, "content-md5"),
    "wrong CRC": (*DIGEST, "crc32"),
    "wrong SHA-256": (*DIGEST, "sha256"),
    "body that was changed": ("XAmzContentSHA256Mismatch", 400, "x-amz-content-sha256"),
    "body that is not in pieces": ("IncompleteBody", 400, "terminated unexpectedly"),
    "key that is no text": ("InvalidURI", 400, "parse"),
    "removal": MISSING,
    "copy": MISSING,
    "all buckets": MISSING,
    "parts": MISSING,
    "tags": MISSING,
    "older version": MISSING,
    "unknown key": ("InvalidAccessKeyId", 403, "does not exist in our records"),
    "wrong secret": ("SignatureDoesNotMatch", 403, "does not match the signature you provided"),
    "no session token": ("InvalidAccessKeyId", 403, "does not exist in our records"),
    "wrong session token": ("InvalidToken", 400, "malformed or otherwise invalid"),
    "expired session": ("ExpiredToken", 400, "expired"),
    "header that was not signed": ("AccessDenied", 403, "not signed"),
    "hash that is missing": (*REQUEST, "x-amz-content-sha256"),
    "half a signature": (*MALFORMED, "'SignedHeaders'"),
    "scope of another service": (*MALFORMED, 'incorrect service "bedrock"'),
    "older signature": (*REQUEST, "Please use AWS4-HMAC-SHA256."),
    "no signature": DENIED,
    "API key": (*ARGUMENT, "Unsupported Authorization Type"),
}
#: What boto3 makes a class of its own; everything else is its general ``ClientError``.
DECLARED = {
    "bedrock": {
        "AccessDeniedException",
        "ConflictException",
        "ResourceNotFoundException",
        "ThrottlingException",
        "ValidationException",
    },
    "s3": {"AccessDenied", "InvalidRequest", "NoSuchBucket", "NoSuchKey"},
}
CASES = [("bedrock", name) for name in BEDROCK] + [("s3", name) for name in S3]


@pytest.fixture(scope="module")
def told(toured, told_studio, temporary):
    bearer = AmazonSimulator.bearer_key
    return toured("refusals", studio=told_studio, temporary=temporary, bearer=bearer)


@pytest.mark.parametrize(("service", "case"), CASES)
def test_refusal_is_the_typed_exception(told, service, case):
    code, status, words = (BEDROCK if service == "bedrock" else S3)[case]
    said = told.stops[service][case]
    assert "trace" not in said, said["trace"]
    expected = code if code in DECLARED[service] else "ClientError"
    assert (said["class"], said["code"], said["status"]) == (expected, code, status)
    assert words in said["message"]
    assert said["request_id"]
    assert said["attempts"] == 0


def test_every_refusal_is_looked_at(told):
    assert (told.stops["bedrock"].keys(), told.stops["s3"].keys()) == (BEDROCK.keys(), S3.keys())


def test_errors_are_those_of_the_service_model(told, operations):
    declared = {
        name: status for operation in operations.values() for name, status in operation["errors"].items()
    }
    seen = {(said["code"], said["status"]) for said in told.stops["bedrock"].values()}
    assert {code: status for code, status in seen if code in declared} == {
        code: declared[code] for code in DECLARED["bedrock"] - {"ResourceNotFoundException"}
    }
    # Looking at jobs knows no missing job and no conflict: only starting one does.
    looks = [
        said["code"]
        for name, said in told.stops["bedrock"].items()
        if "job" in name.split() or "list" in name
    ]
    assert not {"ResourceNotFoundException", "ConflictException"} & set(looks)
    assert "ResourceNotFoundException" not in operations["GetAsyncInvoke"]["errors"]


def test_redirect_tells_where_to(told):
    error = told.stops["s3"]["bucket of another region"]["error"]
    assert error["Endpoint"] == "simulated-bucket-us-west-2.s3.us-west-2.amazonaws.com"
    assert error["Bucket"] == "simulated-bucket-us-west-2"


def test_nothing_that_was_refused_is_charged(told):
    charged = [charge.job for charge in told.service.stage.charges.entries]
    # The one whose token came twice, and those that fill the queue.
    assert len(charged) == len(set(charged)) == 1 + 3
