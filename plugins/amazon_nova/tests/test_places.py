"""Addresses: of Bedrock, of S3, and inside S3."""

import pytest
from polyreel.http import is_origin, origin
from polyreel_amazon_nova.places import (
    ORIGINS,
    Place,
    Scope,
    bedrock_url,
    job_path,
    output_uri,
    outputs,
    place_of,
    place_told,
    region_of,
    s3_url,
    scope_of,
)

FILM = Place(bucket="my-bucket", key="a b/ü+~*/output.mp4")


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://abc", Place(bucket="abc")),
        ("s3://abc/", Place(bucket="abc")),
        ("s3://a.b-c/x/y", Place(bucket="a.b-c", key="x/y")),
        ("s3://abc/x//", Place(bucket="abc", key="x")),
        ("s3://abc/ü ☕", Place(bucket="abc", key="ü ☕")),
        ("s3://ab", None),
        ("s3://Abc/x", None),
        ("s3://-bc/x", None),
        ("s3://" + "a" * 64, None),
        ("s3://abc/../x", None),
        ("s3://abc/./x", None),
        ("https://abc/x", None),
        ("", None),
        ("s3://abc/" + "x" * 1016, None),
    ],
)
def test_place(uri, place):
    assert place_of(uri) == place


def test_folder_may_be_longer_than_what_is_sent():
    uri = "s3://abc/" + "x" * 1016
    assert place_told(uri) == Place(bucket="abc", key="x" * 1016)
    assert place_told("s3://abc/../x") is None


def test_place_below_another():
    assert place_of("s3://abc").below("x").below("y").uri == "s3://abc/x/y"
    assert place_of("s3://abc").uri == "s3://abc"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("s3://abc/x", {"": "s3://abc/x"}),
        ("us-east-1=s3://a-b/x  us-west-2=s3://c-d", {"us-east-1": "s3://a-b/x", "us-west-2": "s3://c-d"}),
        ("s3://abc/x=y", {"": "s3://abc/x=y"}),
        ("s3://abc/my films", {"": "s3://abc/my films"}),
        (
            "us-east-1=s3://abc/my films s3://abd/other films ",
            {"us-east-1": "s3://abc/my films", "": "s3://abd/other films"},
        ),
    ],
)
def test_setting_output(text, found):
    assert outputs(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "s3://abc x",
        "us-east-1:s3://abc",
        "us-east-1=abc",
        "us=s3://abc us=s3://abd",
        "s3://abc s3://abd",
    ],
)
def test_setting_output_of_another_form_is_said(text):
    with pytest.raises(ValueError, match=r"no address|two addresses"):
        outputs(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://abc/x,us-west-2=s3://abd/y",
        "us-east-1=s3://abc/x, us-west-2=s3://abd/y",
        "s3://abc/x ;us-west-2=s3://abd/y",
    ],
)
def test_setting_output_with_commas_is_refused_with_the_right_form(text):
    with pytest.raises(
        ValueError, match=r"separate them by spaces: '(us-east-1=)?s3://abc/x us-west-2=s3://abd/y'"
    ):
        outputs(text)


def test_folder_may_have_a_comma():
    assert outputs("s3://abc/a, b,c") == {"": "s3://abc/a, b,c"}


@pytest.mark.parametrize(
    ("base_url", "region", "url"),
    [
        (None, "us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com"),
        (None, "cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "us-west-2", "https://bedrock-runtime.us-west-2.amazonaws.com"),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com/", "us-west-2", "https://bedrock-runtime-fips.us-west-2.amazonaws.com"),
        ("https://bedrock-runtime.us-east-1.api.aws", "us-west-2", "https://bedrock-runtime.us-west-2.api.aws"),
        ("http://localhost:8000/x/", "us-west-2", "http://localhost:8000/x"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com:8443", "us-west-2", "https://bedrock-runtime.us-east-1.amazonaws.com:8443"),
        ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-west-2", "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"),
    ],
)  # fmt: skip
def test_address_of_bedrock(settings, base_url, region, url):
    assert bedrock_url(settings(base_url=base_url), region) == url


@pytest.mark.parametrize(
    ("base_url", "region", "url"),
    [
        (None, "us-east-1", "https://s3.us-east-1.amazonaws.com/my-bucket/a%20b/%C3%BC%2B~%2A/output.mp4"),
        (None, "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn/my-bucket/a%20b/%C3%BC%2B~%2A/output.mp4"),
        ("https://s3.us-east-1.amazonaws.com", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/my-bucket/a%20b/%C3%BC%2B~%2A/output.mp4"),
        ("http://localhost:9000/", "eu-west-1", "http://localhost:9000/my-bucket/a%20b/%C3%BC%2B~%2A/output.mp4"),
    ],
)  # fmt: skip
def test_address_of_an_object(settings, base_url, region, url):
    assert s3_url(settings(s3_base_url=base_url), region, FILM) == url


def test_address_of_a_bucket(settings):
    assert s3_url(settings(), "us-east-1", Place(bucket="abc")) == "https://s3.us-east-1.amazonaws.com/abc"


def test_arn_is_one_segment():
    arn = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
    assert job_path(arn) == (
        "/async-invoke/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aasync-invoke%2Fabc123def456"
    )


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        ("https://bedrock-runtime.us-west-2.amazonaws.com/async-invoke", ("bedrock", "us-west-2")),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/x", ("bedrock", "us-gov-west-1")),
        ("https://bedrock-runtime.us-west-2.api.aws/x", ("bedrock", "us-west-2")),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn/x", ("bedrock", "cn-north-1")),
        ("https://s3.eu-west-1.amazonaws.com/abc/x", ("s3", "eu-west-1")),
        ("https://abc.s3.eu-west-1.amazonaws.com/x", ("s3", "eu-west-1")),
        ("https://s3.cn-north-1.amazonaws.com.cn/abc/x", ("s3", "cn-north-1")),
        ("https://own.example/api/async-invoke", ("bedrock", "eu-central-1")),
        ("https://own.example/my-bucket/x", ("bedrock", "eu-central-1")),
        ("https://films.example/my-bucket/x", ("s3", "eu-central-1")),
        ("https://elsewhere.example/x", None),
        ("http://s3.eu-west-1.amazonaws.com/abc/x", None),
        ("https://s3.eu-west-1.amazonaws.com.evil.example/abc/x", None),
        ("https://evil-s3.eu-west-1.amazonaws.com/x", None),
        ("https://bedrock-runtime.us-west-2.amazonaws.com:8443/x", None),
    ],
)
def test_what_a_request_is_signed_for(settings, url, scope):
    known = settings(
        base_url="https://own.example/api", s3_base_url="https://films.example", region="eu-central-1"
    )
    assert scope_of(url, known) == (scope and Scope(service=scope[0], region=scope[1]))


def test_path_decides_where_one_server_plays_both(settings):
    one = settings(base_url="http://localhost:8000", s3_base_url="http://localhost:8000")
    assert scope_of("http://localhost:8000/async-invoke/arn", one) == Scope(
        service="bedrock", region="us-east-1"
    )
    assert scope_of("http://localhost:8000/my-bucket/x", one) == Scope(service="s3", region="us-east-1")
    assert scope_of("http://localhost:8001/my-bucket/x", one) is None


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/async-invoke", "bedrock"),
        ("/async-invoke/arn", "bedrock"),
        ("/async-invoke?maxResults=1", "bedrock"),
        ("/async-invoke-films/x", "s3"),
        ("/async-invokes", "s3"),
        ("/async-invoke-films?list-type=2", "s3"),
    ],
)
@pytest.mark.parametrize("base", ["http://localhost:8000", "http://localhost:8000/a.b"])
def test_bucket_whose_name_begins_like_bedrocks_path_is_in_s3(settings, base, path, service):
    one = settings(base_url=base, s3_base_url=base)
    assert scope_of(f"{base}{path}", one) == Scope(service=service, region="us-east-1")


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com", True),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com", True),
        ("https://bedrock-runtime.us-east-1.api.aws", True),
        ("https://s3.us-east-1.amazonaws.com", True),
        ("https://abc.s3.us-east-1.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("https://ec2.us-east-1.amazonaws.com", False),
        ("https://s3.us-east-1.amazonaws.com.evil.example", False),
        ("http://s3.us-east-1.amazonaws.com", False),
    ],
)
def test_origins_are_amazons_two_services(settings, url, own):
    assert any(is_origin(origin(url), pattern) for pattern in ORIGINS) is own
    assert (
        scope_of(f"{url}/x", settings()) is not None
    ) is own  # what may be signed, and what is, is the same


def test_region_is_the_chosen_one_else_that_of_the_document(task):
    assert region_of(task(configured={"region": "eu-west-1"})) == "eu-west-1"
    assert region_of(task(model="luma.ray-v2:0", configured={"region": None})) == "us-west-2"


def test_output_for_a_region_that_has_none(task):
    assert output_uri(task(configured={"output": "us-west-2=s3://west"})) is None
