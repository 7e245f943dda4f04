"""The simulated S3: buckets and who may use them, objects written, read in parts, listed in pages."""

import base64
import hashlib
import re
import zlib
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

WEST = "simulated-bucket-us-west-2"
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def refused(answer, status, code):
    found = answer.text.partition("<Code>")[2].partition("<")[0]
    assert (answer.status, found) == (status, code), answer.text
    assert answer.media_type == "application/xml"
    return ET.fromstring(answer.content)


def crc(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def test_head_of_a_bucket(amazon):
    answer = amazon.send("HEAD", "/simulated-bucket")
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["x-amz-bucket-region"] == "us-east-1"
    assert amazon.send("HEAD", f"/{WEST}", region="us-west-2").headers["x-amz-bucket-region"] == "us-west-2"


@pytest.mark.parametrize(
    ("name", "status", "region"),
    [
        (WEST, 301, "us-west-2"),
        ("foreign-bucket", 403, "us-east-1"),
        ("locked-bucket", 403, "us-east-1"),
        ("unlisted-bucket", 403, "us-east-1"),
        ("no-such-bucket", 404, None),
    ],
)
def test_head_of_a_bucket_out_of_reach(amazon, name, status, region):
    answer = amazon.send("HEAD", f"/{name}")
    assert (answer.status, answer.content) == (status, b"")
    assert answer.headers.get("x-amz-bucket-region") == region
    assert answer.headers["x-amz-request-id"]


def test_bucket_of_another_region_is_pointed_to(amazon):
    answer = amazon.send("GET", f"/{WEST}/k")
    tree = refused(answer, 301, "PermanentRedirect")
    assert tree.findtext("Endpoint") == f"{WEST}.s3.us-west-2.amazonaws.com"
    assert answer.headers["x-amz-bucket-region"] == "us-west-2"
    assert answer.headers["x-amz-request-id"] == tree.findtext("RequestId")


@pytest.mark.parametrize("host", ["s3.us-west-2.amazonaws.com", f"{WEST}.s3.us-west-2.amazonaws.com"])
def test_both_styles_of_addresses(amazon, host):
    base = f"https://{host}/" if host.startswith(WEST) else f"https://{host}/{WEST}/"
    assert amazon.send("PUT", f"{base}in/a.txt", content=b"abc", region="us-west-2").status == 200
    assert amazon.send("GET", f"{base}in/a.txt", region="us-west-2").content == b"abc"
    assert amazon.send("HEAD", base, region="us-west-2").status == 200
    assert amazon.send("GET", f"{base}async-invoke", region="us-west-2", service="s3").status == 404


def test_no_bucket(amazon):
    tree = refused(amazon.send("GET", "/no-such-bucket/k"), 404, "NoSuchBucket")
    assert tree.findtext("BucketName") == "no-such-bucket"


@pytest.mark.parametrize(("bucket", "region"), [("simulated-bucket", None), (WEST, "us-west-2")])
def test_place_of_a_bucket_is_told_everywhere(amazon, bucket, region):
    answer = amazon.send("GET", f"/{bucket}?location")
    tree = ET.fromstring(answer.content)
    assert (tree.tag, tree.text) == (f"{NAMESPACE}LocationConstraint", region)


def test_expected_owner(amazon):
    for owner, status in (("123456789012", 200), ("999999999999", 403)):
        headers = {"x-amz-expected-bucket-owner": owner}
        assert amazon.send("HEAD", "/simulated-bucket", headers=headers).status == status
    headers = {"x-amz-expected-bucket-owner": "999999999999"}
    refused(amazon.send("GET", "/foreign-bucket/k", headers=headers), 403, "AccessDenied")


def test_missing_object_shows_only_to_who_may_list(amazon):
    tree = refused(amazon.send("GET", "/simulated-bucket/no/k%26%3C"), 404, "NoSuchKey")
    assert tree.findtext("Key") == "no/k&<"
    for bucket in ("unlisted-bucket", "locked-bucket"):
        refused(amazon.send("GET", f"/{bucket}/k"), 403, "AccessDenied")
        amazon.put("k", b"abc", bucket)
    assert amazon.send("GET", "/unlisted-bucket/k").content == b"abc"
    refused(amazon.send("GET", "/locked-bucket/k"), 403, "AccessDenied")
    for bucket in ("unlisted-bucket", "locked-bucket"):
        refused(amazon.send("GET", f"/{bucket}?list-type=2"), 403, "AccessDenied")


@pytest.mark.parametrize("key", ["a.png", "in/a b+c(1)~é?.png", "//a", "%41"])
def test_object_comes_back_as_it_was_put(amazon, key):
    content = b"\x00\xff abc"
    answer = amazon.put(key, content, headers={"content-type": "image/png"})
    tag = f'"{hashlib.md5(content).hexdigest()}"'
    assert (answer.headers["etag"], answer.headers["x-amz-checksum-crc32"]) == (tag, crc(content))
    path = f"/simulated-bucket/{quote(key, safe='/~')}"
    answer = amazon.send("GET", path)
    assert (answer.content, answer.media_type, answer.headers["etag"]) == (content, "image/png", tag)
    assert answer.headers["last-modified"] == "Thu, 28 May 2026 20:26:40 GMT"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "x-amz-checksum-crc32" not in answer.headers
    answer = amazon.send("HEAD", path, headers={"x-amz-checksum-mode": "ENABLED"})
    assert (answer.content, answer.headers["content-length"]) == (b"", str(len(content)))
    assert answer.headers["x-amz-checksum-crc32"] == crc(content)
    answer = amazon.send("GET", path, headers={"x-amz-checksum-mode": "ENABLED"})
    assert answer.headers["x-amz-checksum-type"] == "FULL_OBJECT"


def test_object_without_a_media_type(amazon):
    amazon.put("k", b"x")
    assert amazon.send("GET", "/simulated-bucket/k").media_type == "binary/octet-stream"


def chunked(*chunks, trailer="", extension=""):
    pieces = [f"{len(chunk):x}{extension}\r\n".encode() + chunk + b"\r\n" for chunk in (*chunks,)]
    return b"".join(pieces) + b"0\r\n" + trailer.encode() + b"\r\n"


STREAMED = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked"}


@pytest.mark.parametrize("extension", ["", ";chunk-signature=abc"])
def test_body_in_chunks_with_a_trailer(amazon, extension):
    body = chunked(
        b"abc\r\n",
        b"def",
        trailer=f"x-amz-checksum-crc32:{crc(b'abc' + bytes([13, 10]) + b'def')}\r\n",
        extension=extension,
    )
    amazon.put("k", body, headers=STREAMED)
    assert amazon.send("GET", "/simulated-bucket/k").content == b"abc\r\ndef"
    body = chunked(b"abc", trailer=f"x-amz-checksum-crc32:{crc(b'abd')}\r\n")
    refused(amazon.send("PUT", "/simulated-bucket/k", content=body, headers=STREAMED), 400, "BadDigest")


@pytest.mark.parametrize("body", [b"", b"3\r\nabc", b"3\r\nabc\r\n", b"x\r\nabc\r\n0\r\n\r\n"])
def test_broken_body_in_chunks(amazon, body):
    refused(amazon.send("PUT", "/simulated-bucket/k", content=body, headers=STREAMED), 400, "IncompleteBody")


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("content-md5", base64.b64encode(hashlib.md5(b"abc").digest()).decode()),
        ("x-amz-checksum-sha256", base64.b64encode(hashlib.sha256(b"abc").digest()).decode()),
        ("x-amz-checksum-crc32", crc(b"abc")),
    ],
)
def test_checksum_of_a_body(amazon, name, right):
    for content, status in ((b"abc", 200), (b"abd", 400)):
        answer = amazon.send("PUT", "/simulated-bucket/k", content=content, headers={name: right})
        assert answer.status == status
    assert amazon.send("GET", "/simulated-bucket/k").content == b"abc"


def test_longest_key(amazon):
    amazon.put("k" * 1024, b"x")
    refused(amazon.send("PUT", f"/simulated-bucket/{'k' * 1023}%C3%A9", content=b"x"), 400, "KeyTooLongError")
    refused(amazon.send("GET", "/simulated-bucket/%FF"), 400, "InvalidURI")


def test_object_too_large_to_be_kept_is_known_by_its_measures(amazon, monkeypatch):
    monkeypatch.setattr("polyreel_amazon_nova.simulated_buckets.MAX_BYTES", 2)
    amazon.put("k", b"abc")
    assert amazon.send("HEAD", "/simulated-bucket/k").headers["content-length"] == "3"
    refused(amazon.send("GET", "/simulated-bucket/k"), 501, "NotImplemented")


@pytest.mark.parametrize(
    ("asked", "content", "stated"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_part_of_an_object(amazon, asked, content, stated):
    amazon.put("k", b"0123456789")
    headers = {"range": asked, "x-amz-checksum-mode": "ENABLED"}
    answer = amazon.send("GET", "/simulated-bucket/k", headers=headers)
    assert (answer.status, answer.content, answer.headers["content-range"]) == (206, content, stated)
    assert "x-amz-checksum-crc32" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=5-3", "bytes=a-b", "items=0-1", "bytes=0-1,3-4"])
def test_range_that_is_ignored(amazon, asked):
    amazon.put("k", b"0123456789")
    answer = amazon.send("GET", "/simulated-bucket/k", headers={"range": asked})
    assert (answer.status, answer.content) == (200, b"0123456789")


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_range_beyond_the_end(amazon, asked):
    amazon.put("k", b"0123456789")
    answer = amazon.send("GET", "/simulated-bucket/k", headers={"range": asked})
    tree = refused(answer, 416, "InvalidRange")
    assert (tree.findtext("RangeRequested"), tree.findtext("ActualObjectSize")) == (asked, "10")
    assert answer.headers["content-range"] == "bytes */10"


def test_part_of_a_film_continues_it(amazon):
    arn = amazon.job()
    amazon.advance(100)
    whole = amazon.file(arn, "output.mp4")
    tag = whole.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}-1"', tag)
    assert whole.media_type == "video/mp4"
    part = amazon.file(arn, "output.mp4", headers={"range": "bytes=5-", "if-match": tag})
    assert (part.status, part.headers["etag"]) == (206, tag)
    assert whole.content[:5] + part.content == whole.content
    head = amazon.send("HEAD", f"/simulated-bucket/nova/{arn[-12:]}/output.mp4")
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["last-modified"] == "Thu, 28 May 2026 20:28:20 GMT"


def test_conditions(amazon):
    tag = amazon.put("k", b"abc").headers["etag"]
    for condition in (tag, tag.strip('"'), "*"):
        assert amazon.send("GET", "/simulated-bucket/k", headers={"if-match": condition}).status == 200
    answer = amazon.send("GET", "/simulated-bucket/k", headers={"if-match": '"other"'})
    refused(answer, 412, "PreconditionFailed")
    answer = amazon.send("GET", "/simulated-bucket/k", headers={"if-none-match": tag})
    assert (answer.status, answer.content) == (304, b"")
    assert amazon.send("GET", "/simulated-bucket/k", headers={"if-none-match": '"x"'}).status == 200


def test_what_was_put_over_a_jobs_file_stays(amazon):
    arn = amazon.job()
    amazon.put(f"nova/{arn[-12:]}/manifest.json", b"mine")
    assert amazon.file(arn, "manifest.json").content == b"mine"
    assert amazon.folder(arn) == ["manifest.json"]


def test_folder_of_a_job_is_in_its_bucket_only(amazon):
    arn = amazon.job()
    amazon.advance(100)
    assert amazon.send("GET", f"/unlisted-bucket/nova/{arn[-12:]}/output.mp4").status == 403
    answer = amazon.send("GET", f"/{WEST}?list-type=2", region="us-west-2")
    assert ET.fromstring(answer.content).findtext(f"{NAMESPACE}KeyCount") == "0"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/simulated-bucket", {}),
        ("GET", "/simulated-bucket?list-type=1", {}),
        ("GET", "/simulated-bucket?versions", {}),
        ("PUT", "/simulated-bucket", {}),
        ("DELETE", "/simulated-bucket/k", {}),
        ("POST", "/simulated-bucket/k?uploads", {}),
        ("GET", "/simulated-bucket/k?versionId=1", {}),
        ("PUT", "/simulated-bucket/k", {"x-amz-copy-source": "/a/b"}),
    ],
)
def test_what_is_not_simulated(amazon, method, path, headers):
    refused(amazon.send(method, path, headers=headers), 501, "NotImplemented")


class Listed:
    def __init__(self, answer):
        assert answer.status == 200, answer.text
        self.tree = ET.fromstring(answer.content)
        self.keys = [item.findtext(f"{NAMESPACE}Key") for item in self.tree.iter(f"{NAMESPACE}Contents")]
        prefixes = self.tree.iter(f"{NAMESPACE}CommonPrefixes")
        self.folders = [item.findtext(f"{NAMESPACE}Prefix") for item in prefixes]

    def __getitem__(self, name):
        return self.tree.findtext(f"{NAMESPACE}{name}")


@pytest.fixture
def listed(amazon):
    for key in ("b", "a/2", "a/1", "a/sub/x", "a b&é", "Z"):
        amazon.put(key, key.encode())

    def made(query=""):
        return Listed(amazon.send("GET", f"/simulated-bucket?list-type=2{query}"))

    return made


def test_list_of_everything(listed):
    page = listed()
    assert page.keys == ["Z", "a b&é", "a/1", "a/2", "a/sub/x", "b"]
    assert (page["Name"], page["KeyCount"], page["MaxKeys"], page["IsTruncated"]) == (
        "simulated-bucket",
        "6",
        "1000",
        "false",
    )
    first = page.tree.find(f"{NAMESPACE}Contents")
    assert {item.tag.removeprefix(NAMESPACE): item.text for item in first} == {
        "Key": "Z",
        "LastModified": "2026-05-28T20:26:40.000Z",
        "ETag": f'"{hashlib.md5(b"Z").hexdigest()}"',
        "Size": "1",
        "StorageClass": "STANDARD",
    }
    assert page["NextContinuationToken"] is None
    assert page["EncodingType"] is None


def test_list_below_a_prefix_with_folders(listed):
    page = listed("&prefix=a/&delimiter=/")
    assert (page.keys, page.folders, page["KeyCount"]) == (["a/1", "a/2"], ["a/sub/"], "3")
    page = listed("&delimiter=/")
    assert (page.keys, page.folders) == (["Z", "a b&é", "b"], ["a/"])
    assert listed("&prefix=a").keys == ["a b&é", "a/1", "a/2", "a/sub/x"]
    assert listed("&start-after=a/1").keys == ["a/2", "a/sub/x", "b"]


def test_list_with_encoded_keys(listed):
    page = listed("&prefix=a%20&encoding-type=url")
    assert (page.keys, page["Prefix"], page["EncodingType"]) == (["a%20b%26%C3%A9"], "a%20", "url")


@pytest.mark.parametrize("delimiter", ["", "&delimiter=/"])
def test_list_in_pages(listed, delimiter):
    whole = listed(delimiter)
    keys, folders, query = [], [], ""
    while query is not None:
        page = listed(f"{delimiter}&max-keys=2{query}")
        assert len(page.keys) + len(page.folders) <= 2
        keys += page.keys
        folders += page.folders
        token = page["NextContinuationToken"]
        assert page["IsTruncated"] == str(token is not None).lower()
        query = token and f"&continuation-token={token.replace('=', '%3D')}"
    assert (keys, folders) == (whole.keys, whole.folders)


def test_list_of_no_keys_at_all(listed):
    assert listed("&max-keys=6")["IsTruncated"] == "false"
    page = listed("&max-keys=0")
    assert (page.keys, page["IsTruncated"], page["MaxKeys"]) == ([], "false", "0")
    assert listed("&max-keys=5000")["MaxKeys"] == "1000"


@pytest.mark.parametrize(
    "query", ["max-keys=-1", "max-keys=x", "encoding-type=xml", "continuation-token=%C3%A9"]
)
def test_list_with_a_wrong_query(amazon, query):
    refused(amazon.send("GET", f"/simulated-bucket?list-type=2&{query}"), 400, "InvalidArgument")


def test_list_makes_only_the_films_of_its_page(amazon):
    arn = amazon.job(amazon.manual("One", "Two"))
    amazon.advance(100)
    prefix = f"nova/{arn[-12:]}/"
    page = Listed(
        amazon.send(
            "GET",
            f"/simulated-bucket?list-type=2&prefix={prefix}&max-keys=2".replace(
                prefix, prefix.replace("/", "%2F")
            ),
        )
    )
    assert page.keys == [f"{prefix}manifest.json", f"{prefix}output.mp4"]
    assert [spec.prompt for spec in amazon.filmed] == ["One / Two"]
    assert amazon.folder(arn)[-2] == "shot_0002.mp4"
    assert len(amazon.filmed) == 3
