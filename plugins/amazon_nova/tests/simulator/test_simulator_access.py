"""Who is let in by the simulated services: signatures held against AWS's published examples, keys, hosts, regions."""

import hashlib

import pytest
from polyreel.http import Request
from polyreel_amazon_nova.simulated_access import place_of
from polyreel_amazon_nova.simulated_signatures import bedrock_uri, read_signature, s3_uri, string_to_sign
from polyreel_amazon_nova.simulator import AmazonSimulator

EMPTY = hashlib.sha256(b"").hexdigest()
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
S3_EXAMPLE = {"host": "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z"}
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke"


def authorization(scope, headers, signature, key="AKIAIOSFODNN7EXAMPLE"):
    return f"AWS4-HMAC-SHA256 Credential={key}/{scope}/aws4_request,SignedHeaders={headers},Signature={signature}"


def example(method, path, headers, payload, signed, signature):
    headers = {**S3_EXAMPLE, "x-amz-content-sha256": payload, **headers}
    headers["authorization"] = authorization("20130524/us-east-1/s3", signed, signature)
    return Request(method=method, url=f"https://{S3_EXAMPLE['host']}{path}", headers=headers), payload


PLAIN = "host;x-amz-content-sha256;x-amz-date"

# S3 API reference, "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
# Parameters"; the last one is of the IAM user guide.
EXAMPLES = {
    "get object": example(
        "GET",
        "/test.txt",
        {"range": "bytes=0-9"},
        EMPTY,
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put object": example(
        "PUT",
        "/test%24file.text",
        {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "get bucket lifecycle": example(
        "GET",
        "/?lifecycle",
        {},
        EMPTY,
        PLAIN,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list objects": example(
        "GET",
        "/?max-keys=2&prefix=J",
        {},
        EMPTY,
        PLAIN,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
    "presigned": (
        Request(
            method="GET",
            url="https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
            "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
            "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        ),
        "UNSIGNED-PAYLOAD",
    ),
    "list users": (
        Request(
            method="GET",
            url="https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            headers={
                "host": "iam.amazonaws.com",
                "content-type": "application/x-www-form-urlencoded; charset=utf-8",
                "x-amz-date": "20150830T123600Z",
                "authorization": authorization(
                    "20150830/us-east-1/iam",
                    "content-type;host;x-amz-date",
                    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
                    "AKIDEXAMPLE",
                ),
            },
        ),
        EMPTY,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_example_of_a_signature(name):
    request, payload = EXAMPLES[name]
    signature = read_signature(request)
    # The example of the IAM user guide writes its secret with a plus.
    secret = EXAMPLE_SECRET if name != "list users" else EXAMPLE_SECRET.replace("/bPx", "+bPx")
    uri = bedrock_uri if name == "list users" else s3_uri
    text = string_to_sign(request, signature, payload=payload, uri=uri)
    assert signature.fits(secret, text)
    assert not signature.fits(secret, text.replace("2013", "2014").replace("2015", "2016"))
    assert not signature.fits(secret + "x", text)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("/", "/"),
        ("//", "/"),
        ("/a/./b/../c", "/a/c"),
        ("/a//b/", "/a/b/"),
        ("/async-invoke/arn%3Aaws%3Ab%2Fc", "/async-invoke/arn%253Aaws%253Ab%252Fc"),
        ("/async-invoke/a:b~c", "/async-invoke/a%3Ab~c"),
    ],
)
def test_path_of_bedrock_is_encoded_twice(sent, canonical):
    assert bedrock_uri(sent) == canonical


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("/b/a%20b", "/b/a%20b"),
        ("/b/a(1)", "/b/a%281%29"),
        ("/b//./k", "/b//./k"),
        ("/b/%c3%a9", "/b/%C3%A9"),
    ],
)
def test_path_of_s3_is_encoded_once(sent, canonical):
    assert s3_uri(sent) == canonical


@pytest.mark.parametrize(
    ("host", "service", "region", "bucket"),
    [
        ("bedrock-runtime.us-east-1.amazonaws.com", "bedrock", "us-east-1", None),
        ("bedrock-runtime-fips.us-west-2.amazonaws.com", "bedrock", "us-west-2", None),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "bedrock", "cn-north-1", None),
        ("bedrock-runtime.eu-west-1.api.aws:443", "bedrock", "eu-west-1", None),
        ("s3.us-west-2.amazonaws.com", "s3", "us-west-2", None),
        ("s3.amazonaws.com", "s3", "us-east-1", None),
        ("s3-us-west-2.amazonaws.com", "s3", "us-west-2", None),
        ("S3.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2", None),
        ("b.s3.us-west-2.amazonaws.com", "s3", "us-west-2", "b"),
        ("a.b-c.s3.amazonaws.com", "s3", "us-east-1", "a.b-c"),
        ("127.0.0.1:8000", "", None, None),
        ("sts.us-east-1.amazonaws.com", "", None, None),
    ],
)
def test_host_tells_service_region_and_bucket(host, service, region, bucket):
    place = place_of(Request(method="GET", url=f"https://{host}/"))
    assert (place.service, place.region, place.bucket) == (service, region, bucket)
    assert AmazonSimulator.answers_at(f"https://{host}/x") == bool(service)


BAD_SIGNATURE = "The request signature we calculated does not match"


def refused(answer, status, code):
    if answer.media_type == "application/json":
        found = answer.headers["x-amzn-errortype"].partition(":")[0]
        assert answer.headers["x-amzn-errortype"].endswith("/coral/com.amazon.bedrock/")
        assert answer.headers["x-amzn-requestid"]
    else:
        assert answer.media_type == "application/xml"
        found = answer.text.partition("<Code>")[2].partition("<")[0]
        assert answer.headers["x-amz-request-id"] in answer.text
    assert (answer.status, found) == (status, code), answer.text


ID, SECRET = (AmazonSimulator.settings[name] for name in ("access_key_id", "secret_access_key"))
TEMPORARY = AmazonSimulator.temporary
TOKEN = {"x-amz-security-token": TEMPORARY.token}


@pytest.mark.parametrize(
    ("key", "headers", "bedrock", "s3"),
    [
        (None, {}, (403, "MissingAuthenticationTokenException"), (403, "AccessDenied")),
        ((ID, "wrong"), {}, (403, "InvalidSignatureException"), (403, "SignatureDoesNotMatch")),
        (("AKIAOTHER", SECRET), {}, (403, "UnrecognizedClientException"), (403, "InvalidAccessKeyId")),
        ((ID, SECRET), TOKEN, (403, "UnrecognizedClientException"), (400, "InvalidToken")),
        (
            (TEMPORARY.key_id, TEMPORARY.secret),
            {},
            (403, "UnrecognizedClientException"),
            (403, "InvalidAccessKeyId"),
        ),
        (
            (TEMPORARY.key_id, TEMPORARY.secret),
            {"x-amz-security-token": "other"},
            (403, "UnrecognizedClientException"),
            (400, "InvalidToken"),
        ),
    ],
)
def test_wrong_credentials(amazon, key, headers, bedrock, s3):
    refused(amazon.send("GET", "/async-invoke", key=key, headers=headers), *bedrock)
    refused(amazon.send("GET", "/simulated-bucket?location", key=key, headers=headers), *s3)


@pytest.mark.parametrize("key", [(ID, SECRET), (TEMPORARY.key_id, TEMPORARY.secret)])
def test_right_credentials(amazon, key):
    headers = TOKEN if key[0] == TEMPORARY.key_id else {}
    assert amazon.send("GET", "/async-invoke", key=key, headers=headers).status == 200
    assert amazon.send("HEAD", "/simulated-bucket", key=key, headers=headers).status == 200


def test_temporary_credentials_expire_when_the_state_says_so(amazon):
    amazon.stage.state["session_expired"] = True
    key = (TEMPORARY.key_id, TEMPORARY.secret)
    refused(amazon.send("GET", "/async-invoke", key=key, headers=TOKEN), 403, "ExpiredTokenException")
    refused(amazon.send("GET", "/simulated-bucket?location", key=key, headers=TOKEN), 400, "ExpiredToken")
    assert amazon.send("GET", "/async-invoke").status == 200


def test_api_key_opens_bedrock_and_not_s3(amazon):
    assert amazon.send("GET", "/async-invoke", key=AmazonSimulator.bearer_key).status == 200
    for wrong in ("other", "", "é"):
        answer = amazon.send("GET", "/async-invoke", key=wrong)
        assert answer.status == 403
        assert "x-amzn-errortype" not in answer.headers
    refused(
        amazon.send("GET", "/simulated-bucket?location", key=AmazonSimulator.bearer_key),
        400,
        "InvalidArgument",
    )


def changed(amazon, method, url, change, *, service, content=b""):
    headers = amazon.signed(method, url, {}, content, key=(ID, SECRET), region="us-east-1", service=service)
    request = Request(method=method, url=url, headers=headers, content=content)
    return amazon.simulator.handle(change(request))


def with_header(name, value):
    def change(request):
        headers = {
            **request.headers,
            name: value(request.headers.get(name, "")) if callable(value) else value,
        }
        return Request(method=request.method, url=request.url, headers=headers, content=request.content)

    return change


def replaced(old, new):
    return with_header("authorization", lambda text: text.replace(old, new))


TAMPERED = {
    "query": lambda r: Request(method=r.method, url=r.url + "?maxResults=1", headers=r.headers),
    "host": with_header("host", "other.example"),
    "date": with_header("x-amz-date", "20261123T100001Z"),
    "signature": with_header("authorization", lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")),
    "signed headers": replaced("host;", "accept;host;"),
}


@pytest.mark.parametrize("part", ["query", "host", "date", "signature", "signed headers"])
def test_tampered_request_to_bedrock(amazon, part):
    url = "http://127.0.0.1:8000/async-invoke"
    answer = changed(amazon, "GET", url, TAMPERED[part], service="bedrock")
    refused(answer, 403, "InvalidSignatureException")
    assert answer.json()["message"].startswith(BAD_SIGNATURE)


def test_body_of_another_length_than_was_signed(amazon):
    def change(request):
        return Request(method="POST", url=request.url, headers=request.headers, content=b"{} ")

    url = "http://127.0.0.1:8000/async-invoke"
    answer = changed(amazon, "POST", url, change, service="bedrock", content=b"{}")
    refused(answer, 403, "InvalidSignatureException")


@pytest.mark.parametrize("part", ["query", "host", "date", "signature", "signed headers"])
def test_tampered_request_to_s3(amazon, part):
    url = "http://127.0.0.1:8000/simulated-bucket/k"
    answer = changed(amazon, "GET", url, TAMPERED[part], service="s3")
    refused(answer, 403, "SignatureDoesNotMatch")
    assert "<StringToSign>AWS4-HMAC-SHA256\n" in answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("Credential=", "Cred="), "Authorization header requires 'Credential' parameter."),
        (replaced("SignedHeaders=", "X="), "Authorization header requires 'SignedHeaders' parameter."),
        (replaced("Signature=", "Signature=&"), "Signature must be 64 hexadecimal digits."),
        (replaced("/aws4_request", ""), "Credential must have the form"),
        (replaced("/us-east-1/", "//"), "Credential must have the form"),
        (replaced("aws4_request", "aws3_request"), "Credential must have the form"),
        (with_header("x-amz-date", "2026-11-23T10:00:00Z"), "A valid X-Amz-Date of the form"),
        (with_header("x-amz-date", ""), "A valid X-Amz-Date of the form"),
        (with_header("x-amz-date", "20261124T100000Z"), "Date in Credential scope does not match"),
        (replaced("host;", ""), "SignedHeaders must be sorted names"),
        (replaced("host;", "x-z;host;"), "SignedHeaders must be sorted names"),
        (replaced("host;", "Accept;host;"), "SignedHeaders must be sorted names"),
    ],
)
def test_signature_that_cannot_be_read(amazon, change, message):
    for service, path, expected in (
        ("bedrock", "async-invoke", (403, "IncompleteSignatureException")),
        ("s3", "simulated-bucket/k", (400, "AuthorizationHeaderMalformed")),
    ):
        answer = changed(amazon, "GET", f"http://127.0.0.1:8000/{path}", change, service=service)
        refused(answer, *expected)
        assert message in answer.text.replace("&apos;", "'")


def test_scope_of_another_service(amazon):
    answer = amazon.send("GET", "/async-invoke", service="bedrock-runtime")
    refused(answer, 403, "InvalidSignatureException")
    assert "correct service: 'bedrock'" in answer.text
    refused(
        amazon.send("GET", "/simulated-bucket?location", service="bedrock"),
        400,
        "AuthorizationHeaderMalformed",
    )


def test_scope_of_another_region_than_the_host(amazon):
    refused(amazon.send("GET", BEDROCK, region="us-west-2"), 403, "InvalidSignatureException")
    url = "https://s3.us-west-2.amazonaws.com/simulated-bucket-us-west-2?location"
    answer = amazon.send("GET", url)
    refused(answer, 400, "AuthorizationHeaderMalformed")
    assert "<Region>us-west-2</Region>" in answer.text
    assert amazon.send("GET", url, region="us-west-2").status == 200


def test_every_amz_header_must_be_signed(amazon):
    url = "http://127.0.0.1:8000"
    add = with_header("x-amz-checksum-mode", "ENABLED")
    answer = changed(amazon, "GET", f"{url}/simulated-bucket/k", add, service="s3")
    refused(answer, 403, "AccessDenied")
    assert "<HeadersNotSigned>x-amz-checksum-mode</HeadersNotSigned>" in answer.text
    answer = changed(amazon, "GET", f"{url}/async-invoke", add, service="bedrock")
    refused(answer, 403, "InvalidSignatureException")
    assert "'x-amz-checksum-mode' must be a 'SignedHeader'" in answer.text


def test_spaces_inside_a_signed_header_are_one(amazon):
    amazon.put("k", b"x", headers={"x-amz-meta-note": "  a   b "})


@pytest.mark.parametrize(
    "path",
    [
        "/async-invoke?sortOrder=Ascending&maxResults=5",
        "/simulated-bucket?prefix=b&list-type=2",
        "/simulated-bucket?prefix=a%20b%2Bc~%2A%C3%A9&list-type=2",
        "/simulated-bucket?prefix=a+b/*&list-type=2",
    ],
)
def test_query_is_signed_in_the_order_of_its_names_and_encoded(amazon, path):
    assert amazon.send("GET", path).status == 200


def test_hash_of_the_body_is_required_by_s3_and_true(amazon):
    url = "http://127.0.0.1:8000/simulated-bucket/k"
    headers = {"x-amz-content-sha256": EMPTY}
    refused(amazon.send("PUT", url, content=b"x", headers=headers), 400, "XAmzContentSHA256Mismatch")
    headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    refused(amazon.send("PUT", url, content=b"x", headers=headers), 501, "NotImplemented")
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    assert amazon.send("PUT", url, content=b"x", headers=headers).status == 200

    def without(request):
        rest = {name: value for name, value in request.headers.items() if name != "x-amz-content-sha256"}
        return Request(method="GET", url=url, headers=rest)

    refused(changed(amazon, "GET", url, without, service="s3"), 400, "InvalidRequest")


def presigned(amazon, *, key=(ID, SECRET), **changes):
    """Read by an address that was signed for a minute and then changed; ``None`` takes a parameter away."""
    url = amazon.presigned("http://127.0.0.1:8000/simulated-bucket/in/a%20b", key=key, expires=60)
    base, _, query = url.partition("?")
    given = dict(pair.split("=", 1) for pair in query.split("&"))
    given |= {name.replace("_", "-"): value for name, value in changes.items()}
    kept = "&".join(f"{name}={value}" for name, value in given.items() if value is not None)
    return amazon.simulator.handle(Request(method="GET", url=f"{base}?{kept}"))


def test_presigned_address(amazon):
    amazon.put("in/a b", b"data")
    assert presigned(amazon).content == b"data"
    refused(presigned(amazon, X_Amz_Expires="61"), 403, "SignatureDoesNotMatch")
    refused(presigned(amazon, X_Amz_Expires="604801"), 400, "AuthorizationHeaderMalformed")
    refused(presigned(amazon, X_Amz_Expires="ever"), 400, "AuthorizationHeaderMalformed")
    refused(presigned(amazon, X_Amz_Date=None), 400, "AuthorizationHeaderMalformed")
    refused(presigned(amazon, X_Amz_Algorithm="AWS5"), 400, "AuthorizationHeaderMalformed")


def test_presigned_address_of_temporary_credentials(amazon):
    amazon.put("in/a b", b"data")
    key = (TEMPORARY.key_id, TEMPORARY.secret, TEMPORARY.token)
    assert presigned(amazon, key=key).content == b"data"
    refused(presigned(amazon, key=key[:2]), 403, "InvalidAccessKeyId")
    refused(presigned(amazon, key=key, X_Amz_Security_Token="other"), 400, "InvalidToken")
    amazon.stage.state["session_expired"] = True
    refused(presigned(amazon, key=key), 400, "ExpiredToken")


def test_signature_of_version_2(amazon):
    refused(
        amazon.send("GET", "/simulated-bucket/k?AWSAccessKeyId=A&Signature=B&Expires=1", key=None),
        400,
        "InvalidRequest",
    )
    answer = amazon.send("GET", "/simulated-bucket/k", key=None, headers={"authorization": "AWS A:B"})
    refused(answer, 400, "InvalidRequest")


def test_keys_are_kept_nowhere(amazon):
    amazon.job()
    amazon.put("in/a", b"x")
    amazon.send("GET", "/async-invoke", key=AmazonSimulator.bearer_key)
    for secret in (ID, SECRET, TEMPORARY.token, AmazonSimulator.bearer_key):
        assert secret not in repr(amazon.stage.state)
