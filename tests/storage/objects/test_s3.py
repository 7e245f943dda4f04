"""A bucket of moto's S3 as a place: one winner under each name, and nothing left over."""

import json
import multiprocessing
import os
import re
import subprocess
import sys
import urllib.request

import pytest
from buckets.relay import CUT, REFUSED
from polyreel.errors import ConfigurationError, StorageFailed
from polyreel.storage.objects import MARKER, Bucket
from polyreel.storage.places import reading
from polyreel.types.location import place_of

pytestmark = pytest.mark.oracle


def keys(kept):
    return re.findall(r"<Key>(.*?)</Key>", kept())


def lenient_for(moto, requests):
    request = urllib.request.Request(
        f"{moto}/moto-api/reset-auth", data=str(requests).encode(), method="POST"
    )
    request.add_header("Content-Type", "text/plain")  # else moto reads a form
    urllib.request.urlopen(request).close()


def test_a_file_is_put_once_under_a_name(bucket, s3, reel, kept):
    film = reel(b"a film")
    assert bucket.put_if_absent("folder/a film 紙.mp4", film) is True
    assert bucket.put_if_absent("folder/a film 紙.mp4", reel(b"another")) is False
    assert bucket.get("folder/a film 紙.mp4", 2, 100) == b"film"
    held = bucket.head("folder/a film 紙.mp4")
    assert (held.size_bytes, held.sha256) == (6, film.sha256)
    assert keys(kept) == ["folder/a film 紙.mp4"]
    put = next(headers for method, _, headers in s3.seen if method == "PUT")
    assert {name.lower(): value for name, value in put.items()}["if-none-match"] == "*"


def test_a_file_that_is_replaced(bucket, reel):
    bucket.put_if_absent("film.mp4", reel(b"one"))
    bucket.replace("film.mp4", reel(b"two"))
    assert bucket.get("film.mp4", 0, 3) == b"two"


def test_a_file_that_is_removed(bucket, reel):
    bucket.put_if_absent("film.mp4", reel())
    bucket.delete("film.mp4")
    bucket.delete("film.mp4")
    assert bucket.head("film.mp4") is None


def test_an_empty_file(bucket, reel):
    assert bucket.put_if_absent("film.mp4", reel(b"")) is True
    assert bucket.head("film.mp4").size_bytes == 0


def test_an_address_that_anybody_can_read_for_a_while(bucket, reel):
    bucket.put_if_absent("film.mp4", reel(b"a film"))
    with urllib.request.urlopen(bucket.presign("film.mp4", 60)) as response:
        assert response.read() == b"a film"
        assert response.headers["Content-Type"] == "video/mp4"


def test_a_refused_request_says_what_to_set(bucket, s3, reel):
    s3.fault = lambda method, path: REFUSED
    with pytest.raises(StorageFailed) as raised:
        bucket.put_if_absent("film.mp4", reel())
    told = str(raised.value)
    assert (
        "s3://films/film.mp4 cannot be written: the store refuses the key (status 403, AccessDenied)" in told
    )
    assert "AWS_ACCESS_KEY_ID" in told
    assert "AKIA" not in told, "the key itself is in nothing that is shown"


# --- in parts ------------------------------------------------------------------------------------------------


def test_a_long_file_goes_in_parts_and_appears_whole(bucket, s3, reel, kept, in_parts):
    film = reel(os.urandom(20 * 1024 * 1024))
    assert bucket.put_if_absent("folder/film.mp4", film) is True
    assert s3.asked("PUT", "partNumber=3") == 1
    assert keys(kept) == ["folder/film.mp4"]
    assert "<Upload>" not in kept("?uploads")
    assert b"".join(reading(place_of("s3://films/folder/film.mp4"))) == film.path.read_bytes()
    with urllib.request.urlopen(bucket.presign("folder/film.mp4", 60)) as response:
        assert response.headers["Content-Type"] == "video/mp4", "the store's copy takes over no attributes"


def test_a_long_file_is_not_sent_when_its_name_is_taken(bucket, s3, reel, in_parts):
    bucket.put_if_absent("film.mp4", reel(b"mine"))
    s3.seen.clear()
    assert bucket.put_if_absent("film.mp4", reel(bytes(2 * 1024 * 1024))) is False
    assert not s3.asked("PUT")
    assert not s3.asked("POST")


def test_a_name_that_is_taken_while_a_long_file_is_sent(bucket, s3, reel, kept, in_parts):
    mine = reel(b"mine")

    def meanwhile(method, path):
        if "partNumber=1" in path and not mine_is_there:
            mine_is_there.append(True)
            assert bucket.put_if_absent("film.mp4", mine)

    mine_is_there = []
    s3.after = meanwhile
    assert bucket.put_if_absent("film.mp4", reel(bytes(10 * 1024 * 1024))) is False
    assert bucket.get("film.mp4", 0, 10) == b"mine"
    assert keys(kept) == ["film.mp4"]
    assert "<Upload>" not in kept("?uploads")


def test_two_that_put_the_same_long_film_at_once(bucket, s3, reel, kept, in_parts):
    """They share what they upload; whoever is second finds it gone, and the film in its place."""
    film = reel(os.urandom(3 * 1024 * 1024))

    def meanwhile(method, path):
        if method == "POST" and MARKER in path and "uploadId" in path and not others:
            others.append(True)
            assert Bucket.at(place_of("s3://films")).put_if_absent("film.mp4", film) is True

    others = []
    s3.after = meanwhile
    assert bucket.put_if_absent("film.mp4", film) is False
    assert others
    assert keys(kept) == ["film.mp4"]


@pytest.mark.parametrize("fault", [CUT, (500, b""), REFUSED])
def test_a_store_that_fails_in_the_middle_keeps_no_parts(bucket, s3, reel, kept, in_parts, impatient, fault):
    s3.fault = lambda method, path: fault if "partNumber=2" in path else None
    with pytest.raises(StorageFailed):
        bucket.put_if_absent("film.mp4", reel(bytes(20 * 1024 * 1024)))
    assert keys(kept) == []
    assert "<Upload>" not in kept("?uploads")


def test_what_an_interruption_left_goes_with_the_next_try(bucket, s3, reel, kept, in_parts, impatient):
    """The store went down between the upload and the copy: what lies there under a name of ours is used up."""
    film = reel(bytes(3 * 1024 * 1024))

    def down(method, path):
        begins_copy = "film.mp4?uploads" in path and MARKER not in path
        return (500, b"") if begins_copy or method == "DELETE" else None

    s3.fault = down
    with pytest.raises(StorageFailed):
        bucket.put_if_absent("film.mp4", film)
    assert keys(kept) == [f"{MARKER}-{film.sha256[:16]}-film.mp4"]
    s3.fault = lambda method, path: None
    assert bucket.put_if_absent("film.mp4", film) is True
    assert keys(kept) == ["film.mp4"]


def test_a_key_that_may_not_delete_leaves_the_film_all_the_same(bucket, s3, reel, in_parts):
    s3.fault = lambda method, path: REFUSED if method == "DELETE" else None
    film = reel(bytes(3 * 1024 * 1024))
    assert bucket.put_if_absent("film.mp4", film) is True
    assert bucket.head("film.mp4").size_bytes == film.size_bytes


# --- before anything is paid ---------------------------------------------------------------------------------


def test_a_folder_that_films_can_go_to_is_marked_once(bucket, s3, kept):
    bucket.admit("folder")
    assert keys(kept) == [f"folder/{MARKER}"]
    s3.seen.clear()
    bucket.admit("folder")
    assert [(method, path) for method, path, _ in s3.seen] == [("PUT", f"/films/folder/{MARKER}")]
    bucket.admit("")
    assert sorted(keys(kept)) == [MARKER, f"folder/{MARKER}"]


def test_a_bucket_that_does_not_exist(s3):
    with pytest.raises(
        StorageFailed,
        match=r"there is no s3://nobody \(status 404, NoSuchBucket\); create it, or name another bucket",
    ):
        Bucket.at(place_of("s3://nobody")).admit("")


def test_a_film_in_a_bucket_that_does_not_exist_any_more(s3):
    with pytest.raises(StorageFailed, match=r"cannot be read: there is no s3://nobody"):
        Bucket.at(place_of("s3://nobody")).get("film.mp4", 0, 1)


def test_a_key_that_may_only_read(bucket, s3):
    s3.fault = lambda method, path: REFUSED if method == "PUT" else None
    with pytest.raises(
        StorageFailed, match=r"refuses the key \(status 403, AccessDenied\).*AWS_ACCESS_KEY_ID"
    ):
        bucket.admit("")


def test_a_key_that_the_store_does_not_know(bucket, moto):
    """Moto looks at keys once it is told to."""
    lenient_for(moto, 0)
    try:
        with pytest.raises(StorageFailed, match=r"refuses the key \(status 403, InvalidAccessKeyId\)"):
            bucket.admit("")
    finally:
        lenient_for(moto, 10**9)


def test_a_store_that_is_not_there(clouds, impatient):
    clouds(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    with pytest.raises(
        StorageFailed, match="cannot be reached; look at the network, and at AWS_ENDPOINT_URL"
    ):
        Bucket.at(place_of("s3://films")).admit("")


def test_a_store_that_takes_no_address_without_tls_unless_it_is_named(clouds, impatient):
    clouds(AWS_ENDPOINT="https://127.0.0.1:9", AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    with pytest.raises(StorageFailed, match="cannot be reached"):
        Bucket.at(place_of("s3://films")).admit("")


def test_no_key_at_all(clouds, impatient):
    clouds(AWS_METADATA_ENDPOINT="http://127.0.0.1:9", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    with pytest.raises(
        StorageFailed, match=r"no credentials for s3:// were found; set AWS_ACCESS_KEY_ID.*docs/storage\.md"
    ):
        Bucket.at(place_of("s3://films")).admit("")


def test_a_bucket_of_another_region(bucket, s3):
    moved = b"<Error><Code>PermanentRedirect</Code><Endpoint>films.s3.eu-west-1.example</Endpoint></Error>"
    s3.fault = lambda method, path: (301, moved)
    with pytest.raises(StorageFailed, match=r"another region.*set AWS_REGION"):
        bucket.admit("")


def test_a_store_that_ignores_preconditions_is_refused(bucket, s3):
    """Some servers of the S3 protocol do; a film could replace another there."""
    s3.lost.add("if-none-match")
    with pytest.raises(ConfigurationError, match="ignores If-None-Match"):
        bucket.admit("")


def test_whether_a_name_is_taken(bucket, s3, reel, impatient):
    bucket.put_if_absent("film.mp4", reel())
    assert bucket.has("film.mp4")
    assert not bucket.has("other.mp4")
    s3.fault = lambda method, path: REFUSED
    assert not bucket.has("film.mp4"), "a key that may only write cannot know, and the put will tell"
    s3.fault = lambda method, path: CUT
    with pytest.raises(StorageFailed, match="cannot be reached"):
        bucket.has("film.mp4")


# --- several, and much ---------------------------------------------------------------------------------------


def _compete(number, path, results):
    from polyreel.storage import objects
    from polyreel.storage.places import reel_of

    objects.ONE_REQUEST = 1024 * 1024
    results.put(
        (number, Bucket.at(place_of("s3://films")).put_if_absent("film.mp4", reel_of(path, "video/mp4")))
    )


@pytest.mark.parametrize("size", [1000, 2 * 1024 * 1024], ids=["one request", "in parts"])
def test_of_several_processes_exactly_one_wins(bucket, reel, kept, size):
    spawned = multiprocessing.get_context("spawn")
    results = spawned.SimpleQueue()
    reels = [reel(bytes([number]) * size) for number in range(3)]
    processes = [
        spawned.Process(target=_compete, args=(number, film.path, results))
        for number, film in enumerate(reels)
    ]
    for process in processes:
        process.start()
    won = dict(results.get() for _ in processes)
    for process in processes:
        process.join()
    assert sorted(won.values()) == [False, False, True]
    winner = next(number for number, has_won in won.items() if has_won)
    assert bucket.get("film.mp4", 0, 1) == bytes([winner])
    assert keys(kept) == ["film.mp4"]


MEASURE = """
import json, sys
from pathlib import Path
from polyreel.storage import objects
from polyreel.storage.objects import Bucket
from polyreel.storage.places import Reel
from polyreel.types.location import place_of

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

import threading
path, objects.ONE_REQUEST = Path(sys.argv[1]), int(sys.argv[2])
bucket = Bucket.at(place_of("s3://films"))
small = path.with_suffix(".small")
small.write_bytes(b"first")
bucket.put_if_absent("warm.mp4", Reel(path=small, size_bytes=5, sha256="0" * 64, media_type="video/mp4"))
before, highest, done = anonymous(), [], threading.Event()

def watch():
    while not done.wait(0.01):
        highest.append(anonymous())

watcher = threading.Thread(target=watch)
watcher.start()
film = Reel(path=path, size_bytes=path.stat().st_size, sha256="0" * 64, media_type="video/mp4")
put = bucket.put_if_absent("film.mp4", film)
done.set()
watcher.join()
print(json.dumps({"put": put, "grew": max(highest) - before}))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is told by Linux")  # noqa: PTH110
@pytest.mark.parametrize(
    ("longest", "allowed"), [(32 * 1024 * 1024, 80_000), (10**9, 20_000)], ids=["in parts", "one request"]
)
def test_a_film_of_200_megabytes_is_not_read_into_memory(moto, bucket, tmp_path, longest, allowed):
    """Hardly more than the parts that are on their way is in memory, in kilobytes; of one request it is nothing."""
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.write(b"film" * 250_000 * 200)
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, film, str(longest)],
        env={**os.environ, "AWS_ENDPOINT_URL": moto},
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(told.stdout)
    assert measured["put"] is True
    assert bucket.head("film.mp4").size_bytes == 200_000_000
    assert measured["grew"] < allowed
