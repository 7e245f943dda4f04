"""Buckets of GCS and of Azure as places, against small servers of their dialects: see ``buckets.dialects``."""

import os
import urllib.request

import pytest
from polyreel.errors import StorageFailed
from polyreel.flows import run
from polyreel.storage.deposits import deposit
from polyreel.storage.objects import MARKER, Bucket
from polyreel.storage.places import reading
from polyreel.types.location import place_of

CONDITIONS = {
    "gs://films": ("x-goog-if-generation-match", "0"),
    "az://films": ("if-none-match", "*"),
    "abfss://films@account.dfs.core.windows.net": ("if-none-match", "*"),
}


@pytest.fixture(params=CONDITIONS)
def root(request):
    return request.param


@pytest.fixture
def server(root, request):
    return request.getfixturevalue("gcs" if root.startswith("gs") else "azure")


@pytest.fixture
def cloud(server, root):
    return Bucket.at(place_of(root))


def test_a_file_is_put_once_under_a_name(cloud, server, root, reel):
    film = reel(b"a film")
    assert cloud.put_if_absent("folder/a film 紙.mp4", film) is True
    name, value = CONDITIONS[root]
    assert server.seen[-1][2][name] == value
    assert cloud.put_if_absent("folder/a film 紙.mp4", reel(b"another")) is False
    held = cloud.head("folder/a film 紙.mp4")
    assert (held.size_bytes, held.sha256) == (6, film.sha256)
    assert cloud.get("folder/a film 紙.mp4", 2, 4) == b"fi"
    assert server.objects["folder/a film 紙.mp4"][1]["content-type"] == "video/mp4"
    cloud.replace("folder/a film 紙.mp4", reel(b"new"))
    assert cloud.get("folder/a film 紙.mp4", 0, 10) == b"new"
    cloud.delete("folder/a film 紙.mp4")
    cloud.delete("folder/a film 紙.mp4")
    assert cloud.head("folder/a film 紙.mp4") is None


def test_a_long_file_goes_in_parts_and_appears_whole(cloud, server, root, reel, in_parts):
    film = reel(os.urandom(20 * 1024 * 1024))
    assert cloud.put_if_absent("film.mp4", film) is True
    assert list(server.objects) == ["film.mp4"]
    assert not server.parts
    content, facts = server.objects["film.mp4"]
    assert content == film.path.read_bytes()
    assert facts["content-type"] == "video/mp4"
    assert cloud.head("film.mp4").sha256 == film.sha256, "these copy what is kept with an object"
    name, value = CONDITIONS[root]
    copied = next(
        headers
        for _, _, headers in server.seen
        if "x-goog-copy-source" in headers or "x-ms-copy-source" in headers
    )
    assert copied[name] == value


def test_the_same_film_twice_is_one_object(cloud, server, reel, blocking):
    for content, name in (
        (b"one", "film.mp4"),
        (b"one", "film.mp4"),
        (b"two", "film-2.mp4"),
        (b"two", "film-2.mp4"),
    ):
        flow = deposit(cloud, "film.mp4", reel(content), overwrite=False)
        assert run(flow, blocking) == name
    assert sorted(server.objects) == ["film-2.mp4", "film.mp4"]


def test_a_folder_is_marked_before_anything_is_paid(cloud, server):
    cloud.admit("folder")
    cloud.admit("folder")
    assert list(server.objects) == [f"folder/{MARKER}"]
    assert len(server.seen) == 3


def test_a_bucket_that_does_not_exist(root, server):
    nobody = root.replace("films", "nobody")
    with pytest.raises(StorageFailed, match=f"there is no {nobody}"):
        Bucket.at(place_of(nobody)).admit("")
    with pytest.raises(StorageFailed, match=f"there is no {nobody}|is not there any more"):
        list(reading(place_of(f"{nobody}/film.mp4")))


def test_a_film_is_read_back(cloud, root, reel):
    film = reel(os.urandom(100_000))
    cloud.put_if_absent("film.mp4", film)
    assert b"".join(reading(place_of(f"{root}/film.mp4"))) == film.path.read_bytes()


def test_an_address_that_anybody_can_read_for_a_while(azure, reel):
    cloud = Bucket.at(place_of("az://films"))
    cloud.put_if_absent("film.mp4", reel(b"a film"))
    with urllib.request.urlopen(cloud.presign("film.mp4", 60)) as response:
        assert response.read() == b"a film"


def test_an_account_that_is_not_named(clouds):
    with pytest.raises(
        StorageFailed, match="no credentials for az:// were found; set AZURE_STORAGE_ACCOUNT_NAME"
    ):
        Bucket.at(place_of("az://films")).admit("")
