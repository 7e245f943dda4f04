"""Where films are fetched from, and that keys go along only to whom they belong."""

import pytest
from polyreel.errors import UnexpectedAnswer
from polyreel.types.media import MediaRef
from polyreel_google_veo.films import assets, file_of, film
from polyreel_google_veo.media import bucket_of, gcs_uri, is_interaction, object_address, type_of

GEMINI = "https://generativelanguage.googleapis.com"
URI = f"{GEMINI}/v1beta/files/abc123:download?alt=media"


def fetched(settings, **found):
    (asset,) = assets([{"media_type": "video/mp4", **found}], settings)
    return asset


def test_file_at_the_api_is_fetched_there(settings):
    asset = fetched(settings(), uri=URI)
    assert (asset.url, asset.alternatives, asset.query, asset.expires_at) == (URI, (), {}, None)


def test_address_that_is_no_download_is_rebuilt_as_the_sdk_does(settings):
    asset = fetched(settings(), uri=f"{GEMINI}/v1/files/abc123")
    assert asset.url == f"{GEMINI}/v1/files/abc123"
    assert asset.alternatives == (f"{GEMINI}/v1/files/abc123:download?alt=media",)


def test_behind_a_proxy_the_file_is_asked_for_at_the_proxy(settings):
    asset = fetched(settings(base_url="https://proxy.example/google/"), uri=URI)
    assert asset.url == "https://proxy.example/google/v1beta/files/abc123:download?alt=media"
    assert asset.alternatives == (URI,)


def test_foreign_address_is_left_as_it_is(settings):
    asset = fetched(settings(), uri="https://films.example/a.mp4?sig=1")
    assert (asset.url, asset.alternatives) == ("https://films.example/a.mp4?sig=1", ())


def test_object_is_read_through_the_json_api(vertex):
    asset = fetched(vertex(), uri="gs://my-bucket/a folder/1/sample_0.mp4")
    assert asset.url == (
        "https://storage.googleapis.com/storage/v1/b/my-bucket/o/a%20folder%2F1%2Fsample_0.mp4"
    )
    assert asset.query == {"alt": "media"}
    assert asset.stays is None


def test_object_is_read_from_an_emulator(vertex):
    asset = fetched(vertex(storage_base_url="http://localhost:9023/"), uri="gs://b/a.mp4")
    assert asset.url == "http://localhost:9023/storage/v1/b/b/o/a.mp4"


def test_object_stays_where_only_a_key_is_known(vertex):
    account = vertex(project=None, access_token=None, api_key="AIza-express")
    asset = fetched(account, uri="gs://b/a.mp4")
    assert asset.url == "gs://b/a.mp4"
    assert "no API key" in asset.stays


@pytest.mark.parametrize("data", ["bXA0Ynl0ZXM=", "bXA0\nYnl0\r\nZXM=\n", " bXA0\tYnl0ZXM= "])
def test_inline_film_is_decoded(settings, data):
    assert fetched(settings(), data=data).content == b"mp4bytes"


@pytest.mark.parametrize("data", ["bXA0Ynl0ZXM", "bXA0!Ynl0ZXM=", "é"])
def test_inline_film_that_is_no_base64_is_unexpected(settings, data):
    with pytest.raises(UnexpectedAnswer) as caught:
        fetched(settings(), data=data)
    assert caught.value.billed is True


def test_films_are_numbered(settings):
    found = [{"data": "AAAA", "media_type": "video/mp4"}, {"data": "AAAA", "media_type": "video/webm"}]
    assert [(asset.index, asset.role, asset.media_type) for asset in assets(found, settings())] == [
        (0, "video", "video/mp4"),
        (1, "video", "video/webm"),
    ]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (URI, "/v1beta/files/abc123"),
        (f"{GEMINI}/download/v1beta/files/abc123:download?alt=media", "/v1beta/files/abc123"),
        ("/v1/files/a-b_c", "/v1/files/a-b_c"),
        ("https://x.example/files/a", "/v1beta/files/a"),
        ("https://x.example/films/a", None),
        ("", None),
    ],
)
def test_file_of_an_address(address, path):
    assert file_of(address) == path


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("gs://b/a.mp4", "gs://b/a.mp4"),
        ("https://storage.googleapis.com/storage/v1/b/b/o/x%2Fa%20b.mp4", "gs://b/x/a b.mp4"),
        ("http://localhost:9023/storage/v1/b/b/o/a.mp4", "gs://b/a.mp4"),
        ("https://storage.googleapis.com/storage/v1/b/b", None),
        ("https://storage.googleapis.com/b/a.mp4", None),
        ("gs://b", None),
        ("gs://b/", None),
        ("gs:///a.mp4", None),
        ("", None),
        (None, None),
    ],
)
def test_cloud_storage_has_two_spellings(address, uri):
    assert gcs_uri(address) == uri


@pytest.mark.parametrize("uri", ["gs://b/a.mp4", "gs://b/x/ä b+c%2F?#.mp4"])
def test_spellings_lead_to_each_other(uri):
    address = object_address(uri, storage="https://storage.googleapis.com")
    assert gcs_uri(address) == uri
    assert bucket_of(uri) == "b"


@pytest.mark.parametrize(
    ("identity", "interaction"),
    [("v1_abc", True), ("models/veo/operations/1", False), ("operations/1", False)],
)
def test_earlier_job_says_what_it_was(identity, interaction):
    assert is_interaction(MediaRef(parameter="video", id=identity)) is interaction


def test_type_that_is_known_wins_over_the_ending():
    assert type_of(MediaRef(parameter="x", url="gs://b/a.png", media_type="image/webp")) == "image/webp"
    assert type_of(MediaRef(parameter="x", url="gs://b/a.png")) == "image/png"
    assert type_of(MediaRef(parameter="x", id="v1_abc")) is None


@pytest.mark.parametrize("media_type", [None, "", 7])
def test_film_has_a_type_anyway(media_type):
    assert film(uri="u", data=None, media_type=media_type) == {"uri": "u", "media_type": "video/mp4"}


@pytest.mark.parametrize("nothing", [None, "", 7])
def test_film_without_address_and_bytes_is_none(nothing):
    assert film(uri=nothing, data=nothing, media_type="video/mp4") is None
