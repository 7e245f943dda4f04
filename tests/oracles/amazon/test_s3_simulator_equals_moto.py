"""Our simulator's S3 against moto's, an implementation of its own that many projects test with: boto3 sees the same in both."""

import pytest
from oracle.service import served
from polyreel_amazon_nova.simulator import AmazonSimulator

pytestmark = pytest.mark.oracle

BUCKETS = {"simulated-bucket": "us-east-1", "simulated-bucket-us-west-2": "us-west-2"}
STOPS = ("objects", "ranges", "lists", "buckets", "refused")
#: What moto lets pass and S3 does not (S3 API reference, "Error responses").
UNCHECKED_BY_MOTO = {"long key": "KeyTooLongError", "wrong MD5": "BadDigest"}
KEYS = (
    "films//twice",
    "films/<&>\"'",
    "films/deep/er/x",
    "films/deep/y",
    "films/naïve 海/a+b & c=%41 ~(1)!*'.mp4",
    "films/plain.txt",
)


@pytest.fixture(scope="module")
def ours(boto, variables):
    with served(AmazonSimulator) as service:
        known = variables(service.url, service.url)
        return boto.run("s3_tour", variables=known, buckets=BUCKETS, make=False)


@pytest.fixture(scope="module")
def theirs(boto, moto, variables):
    with moto.started("moto_server", variables=variables("", "")) as url:
        return boto.run("s3_tour", variables=variables(url, url), buckets=BUCKETS, make=True)


@pytest.mark.parametrize("stop", STOPS)
def test_boto3_sees_the_same(ours, theirs, stop):
    for tour in (ours, theirs):
        for told in (tour["prepare"], tour[stop]):
            assert "trace" not in told, told["trace"]
    said, expected = ours[stop]["value"], theirs[stop]["value"]
    assert said.keys() == expected.keys()
    for name in said.keys() - UNCHECKED_BY_MOTO.keys():
        assert said[name] == expected[name], name


def test_more_is_refused_than_by_moto(ours, theirs):
    for name, code in UNCHECKED_BY_MOTO.items():
        assert theirs["refused"]["value"][name]["class"] is None, "no longer different: compare it"
        assert ours["refused"]["value"][name] == {"class": "ClientError", "code": code, "status": 400}


def test_keys_are_sorted_by_their_bytes(ours):
    told = ours["lists"]["value"]
    assert told["all"] == [[[*KEYS, "filmsy"], [], 7, False]]
    assert [keys for page in told["in pages"] for keys in page[0]] == [*KEYS, "filmsy"]
    assert [page[2:] for page in told["in pages"]] == [[3, True], [3, True], [1, False]]
    assert told["folded"] == [
        [["films/<&>\"'", "films/plain.txt"], ["films//", "films/deep/", "films/naïve 海/"], 5, False]
    ]


def test_ranges(ours):
    assert ours["ranges"]["value"] == {
        "bytes=0-0": [206, "bytes 0-0/10", "0"],
        "bytes=2-4": [206, "bytes 2-4/10", "234"],
        "bytes=7-": [206, "bytes 7-9/10", "789"],
        "bytes=-3": [206, "bytes 7-9/10", "789"],
        "bytes=-30": [206, "bytes 0-9/10", "0123456789"],
        "bytes=8-20": [206, "bytes 8-9/10", "89"],
        "bytes=0-9": [206, "bytes 0-9/10", "0123456789"],
        "bytes=10-": "InvalidRange",
        "bytes=4-2": [200, None, "0123456789"],
    }
