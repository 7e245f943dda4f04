"""What is refused before anything is paid: by looking at the request, and by looking at the bucket."""

import pytest
from polyreel.errors import AuthenticationFailed, MissingExtra, MissingKey, ProviderUnavailable
from polyreel.http import Response
from polyreel.types.media import MediaRef
from polyreel_amazon_nova import plugin

BUCKET = "https://s3.us-east-1.amazonaws.com/my-bucket"
SHOTS = [{"text": "one"}, {"text": "two"}]
BEARER = {"api_key": "bedrock-api-key-XYZ", "access_key_id": None, "secret_access_key": None}


@pytest.fixture
def check(task):
    def checked(*args, **parameters):
        problems = plugin.validate_parameters(task(*args, **parameters))
        return [(problem.parameter, problem.message) for problem in problems]

    return checked


@pytest.mark.parametrize("model", ["nova-reel-v1:0", "nova-reel-v1:1", "luma.ray-v2:0"])
def test_plain_request_is_fine(check, model):
    assert check(model=model) == []


@pytest.mark.parametrize(("duration", "fine"), [(None, True), (12, True), (6, False), (18, False)])
def test_length_must_be_that_of_the_shots(check, duration, fine):
    problems = check(amazon_shots=SHOTS, **({} if duration is None else {"duration": duration}))
    assert (problems == []) is fine
    assert all(parameter == "duration" and "are 12 s" in message for parameter, message in problems)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("s3://in/a.png", None),
        ("s3://in-put/deep/a.JPEG", None),
        ("s3://in/a.webp", "does not end with"),
        ("s3://in/a", "does not end with"),
        ("s3://in/a.png.webp", "does not end with"),
        ("s3://in-put", "no address of an object"),
        ("s3://In/a.png", "no address of an object"),
        ("https://pictures.example/a.png", "no address of an object"),
    ],
)
def test_image_of_a_shot_by_its_address(check, image, words):
    image = image.replace("s3://in/", "s3://in-put/").replace("s3://In/", "s3://In-put/")
    shots = [SHOTS[0], {"text": "two", "image": MediaRef(parameter="amazon_shots/1/image", url=image)}]
    problems = check(amazon_shots=shots)
    assert [parameter for parameter, _ in problems] == ([] if words is None else ["amazon_shots.1.image"])
    assert words is None or words in problems[0][1]


def test_owner_belongs_to_an_address(check, media):
    owned = {"text": "one", "image": media("amazon_shots/0/image"), "image_owner": "123456789012"}
    for shot in (owned, {"text": "one", "image_owner": "123456789012"}):
        ((parameter, message),) = check(amazon_shots=[shot])
        assert (parameter, "s3:// address" in message) == ("amazon_shots.0.image_owner", True)


@pytest.mark.parametrize(("model", "name"), [("nova-reel", "input_image"), ("luma.ray-v2:0", "last_frame")])
def test_first_and_last_frame_by_address_are_refused(check, model, name):
    image = MediaRef(parameter=name, url="s3://in-put/a.png")
    assert [parameter for parameter, _ in check(model=model, **{name: image})] == [name]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (None, "POLYREEL_AMAZON_OUTPUT=s3://"),
        ("us-west-2=s3://west", "none is set for us-east-1, only for us-west-2"),
        ("my-bucket/films", "'my-bucket/films' is no address"),
        ("us-east-1=s3://one-a us-east-1=s3://two-b", "two addresses for us-east-1"),
    ],
)
def test_output_that_is_missing_or_wrong(check, output, words):
    ((parameter, message),) = check(configured={"output": output})
    assert parameter == "amazon_output"
    assert words in message


def test_output_of_the_call_is_enough(check):
    assert check(configured={"output": None}, amazon_output="s3://mine-too/x") == []
    ((parameter, message),) = check(amazon_output="s3://mine-too/../x")
    assert (parameter, "'..'" in message) == ("amazon_output", True)


def test_token_is_ours(check):
    assert [parameter for parameter, _ in check(native={"clientRequestToken": "x"})] == ["clientRequestToken"]


def test_api_key_over_plain_http_is_refused(check):
    assert [p for p, _ in check(configured={**BEARER, "base_url": "http://bedrock.example"})] == ["base_url"]
    assert check(configured={**BEARER, "base_url": "http://localhost:8123"}) == []
    assert check(configured={"base_url": "http://bedrock.example"}) == []


TOKEN = {"session_token": "token-of-a-session"}


@pytest.mark.parametrize(
    ("configured", "refused"),
    [
        ({**TOKEN, "base_url": "http://bedrock.example"}, ["base_url"]),
        ({**TOKEN, "s3_base_url": "http://s3.example"}, ["s3_base_url"]),
        (
            {**TOKEN, "base_url": "http://aws.example", "s3_base_url": "http://aws.example"},
            ["base_url", "s3_base_url"],
        ),
        ({**TOKEN, "base_url": "http://localhost:8123", "s3_base_url": "http://127.0.0.1:9"}, []),
        ({**TOKEN, "base_url": "https://bedrock.example", "s3_base_url": "https://s3.example"}, []),
        (
            # It stands elsewhere than the keys, and is not sent.
            {
                **TOKEN,
                "base_url": "http://bedrock.example",
                "sources": {
                    "access_key_id": "argument",
                    "secret_access_key": "argument",
                    "session_token": "environment AWS_SESSION_TOKEN",
                },
            },
            [],
        ),
        # What goes to Bedrock is the Bedrock API key; the token goes to S3 alone.
        (
            {
                **TOKEN,
                "api_key": "bedrock-api-key-XYZ",
                "base_url": "https://bedrock.example",
                "s3_base_url": "http://s3.example",
            },
            ["s3_base_url"],
        ),
        ({"base_url": "http://bedrock.example", "s3_base_url": "http://s3.example"}, []),
    ],
)
def test_session_token_over_plain_http_is_refused(check, configured, refused):
    problems = check(configured=configured)
    assert [parameter for parameter, _ in problems] == refused
    assert all("a session token is not sent over plain http" in message for _, message in problems)


def test_comma_between_outputs_is_said_with_the_right_form(check):
    ((parameter, message),) = check(configured={"output": "s3://abc/x,us-west-2=s3://abd/y"})
    assert parameter == "amazon_output"
    assert "'s3://abc/x us-west-2=s3://abd/y'" in message


# --- looking at the bucket --------------------------------------------------------------------------------------------


@pytest.fixture
def look(drive, task):
    def looked(*answers, **asked):
        run = drive(plugin.preflight(task(**asked)), *answers)
        run.told = [(problem.parameter, problem.message) for problem in run.value]
        return run

    return looked


def seen(status=200, **headers):
    return Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def denied(code, status=403, more=""):
    text = f"<Error><Code>{code}</Code><Message>no</Message>{more}</Error>"
    return Response(status=status, headers={"content-type": "application/xml"}, content=text.encode())


def test_bucket_that_is_there(look):
    run = look(seen(x_amz_bucket_region="us-east-1"))
    assert (run.lines, run.told) == ([f"GET {BUCKET}?list-type=2&max-keys=0"], [])
    assert look(seen()).told == []


def test_owner_is_asked_for(look):
    run = look(seen(), amazon_bucket_owner="123456789012")
    assert run.requests[0].headers == {"Accept": "*/*", "x-amz-expected-bucket-owner": "123456789012"}


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (seen(404), ["no bucket 'my-bucket'", "us-east-1"]),
        (seen(403), ["s3:ListBucket", "amazon_bucket_owner", "bucket_check=off"]),
        (
            seen(301, x_amz_bucket_region="eu-west-1"),
            ["is in eu-west-1", "the model in us-east-1", "us-east-1=s3://"],
        ),
        (seen(200, x_amz_bucket_region="eu-west-1"), ["is in eu-west-1"]),
        (seen(403, x_amz_bucket_region="eu-west-1"), ["is in eu-west-1"]),
        (seen(400, x_amz_bucket_region="eu-west-1"), ["is in eu-west-1"]),
        (denied("AuthorizationHeaderMalformed", 400, "<Region>eu-west-1</Region>"), ["is in eu-west-1"]),
        (denied("AccessDenied"), ["s3:ListBucket", "amazon_bucket_owner", "bucket_check=off"]),
        (denied("NoSuchBucket", 404), ["no bucket 'my-bucket'"]),
    ],
)
def test_bucket_that_will_not_do(look, response, words):
    ((parameter, message),) = look(response).told
    assert parameter == "amazon_output"
    assert all(word in message for word in words), message


def test_bucket_of_another_account(look):
    ((_, message),) = look(seen(403), amazon_bucket_owner="123456789012").told
    assert "the account 123456789012" in message


def test_trouble_at_s3_is_no_fault_of_the_request(look):
    with pytest.raises(ProviderUnavailable):
        look(seen(500))
    with pytest.raises(AuthenticationFailed):
        look(Response(status=400, content=b"<Error><Code>ExpiredToken</Code></Error>"))


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("InvalidAccessKeyId", 403, "AWS does not know these credentials"),
        ("SignatureDoesNotMatch", 403, "the secret access key does not belong to the access key id"),
        ("ExpiredToken", 400, "get new ones"),
        ("InvalidToken", 400, "the session token does not belong to the access key"),
        ("RequestTimeTooSkewed", 403, "set it"),
    ],
)
def test_credentials_that_s3_does_not_take_are_no_fault_of_the_bucket(look, code, status, advice):
    with pytest.raises(AuthenticationFailed, match=advice) as caught:
        look(denied(code, status))
    assert (caught.value.code, caught.value.billed) == (code, False)


@pytest.fixture
def shot():
    image = MediaRef(parameter="amazon_shots/1/image", url="s3://in-put/a.png")
    return [SHOTS[0], {"text": "two", "image": image}]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([seen()], None),
        ([seen(content_length="25000000")], None),
        ([seen(content_length="25000001")], "25,000,001 bytes"),
        ([seen(404)], "is not there"),
        ([seen(403)], "may not be read (s3:GetObject)"),
        ([seen(301, x_amz_bucket_region="eu-west-1"), seen()], None),
        ([seen(301, x_amz_bucket_region="eu-west-1"), seen(404)], "is not there"),
    ],
)
def test_images_in_s3_are_looked_at(look, shot, answers, words):
    run = look(seen(), *answers, amazon_shots=shot)
    assert run.lines[1] == "HEAD https://s3.us-east-1.amazonaws.com/in-put/a.png"
    assert [parameter for parameter, _ in run.told] == ([] if words is None else ["amazon_shots.1.image"])
    assert words is None or words in run.told[0][1]


def test_the_owner_of_an_image_is_asked_for(look, shot):
    shot[1]["image_owner"] = "123456789012"
    run = look(seen(), seen(), amazon_shots=shot)
    owners = [request.headers.get("x-amz-expected-bucket-owner") for request in run.requests]
    assert owners == [None, "123456789012"]


def test_trouble_with_an_image_is_no_fault_of_the_request(look, shot):
    with pytest.raises(ProviderUnavailable):
        look(seen(), seen(503), amazon_shots=shot)


@pytest.mark.parametrize(
    "error", [MissingKey("no keys", provider="amazon"), MissingExtra("profiles", extra="aws")]
)
def test_with_an_api_key_alone_the_bucket_cannot_be_looked_at(look, error):
    assert look(error, configured=BEARER).told == []
    with pytest.raises(type(error)):
        look(error)


def test_look_at_the_bucket_can_be_left_out(look):
    assert look(configured={"bucket_check": "off"}).lines == []


def test_without_the_look_missing_credentials_are_still_said(look):
    none = {"access_key_id": None, "secret_access_key": None, "bucket_check": "off"}
    with pytest.raises(MissingKey):
        look(configured=none)
