"""The plugin with moto's S3 in place of ours: Bedrock is our simulator, and the files of its jobs lie where boto3 put them."""

import base64
import json

import polyreel
import pytest
from oracle.pictures import picture
from oracle.service import served
from polyreel.clock import VirtualClock
from polyreel.errors import InvalidRequest, ProviderError
from polyreel.simulation.films import FilmSpec, render_film
from polyreel_amazon_nova.simulator import AmazonSimulator

pytestmark = pytest.mark.oracle

HERE, AWAY = "simulated-bucket", "simulated-bucket-us-west-2"
BUCKETS = {HERE: "us-east-1", AWAY: "us-west-2"}
REEL, RAY = "amazon/nova-reel", "amazon/luma.ray-v2:0"
ODD = "my films//naïve 海/a+b&c=%41~(1)!*',;:@$<>\""
STATUS_FILE, SHORT_NAME = "video-generation-status.json", "generation-status.json"
MP4, JSON = "video/mp4", "application/json"
TEXT = {"model": REEL}
SHOTS = {"model": REEL, "duration": 12}
FAILED = {"status": "FAILURE", "failureType": "INTERNAL_SERVER_EXCEPTION", "failureMessage": "It broke."}


def clip(number):
    """Return a small film that is not the one of another number."""
    return render_film(FilmSpec(model="oracle", prompt=str(number), width=128, height=128, duration=0.5))


FILM, FIRST, SECOND = (clip(number) for number in range(3))
ROOM = 12 * 2**20  # more than an answer that is kept in memory may have
LARGE = FILM + ROOM.to_bytes(4, "big") + b"free" + bytes(ROOM - 8)


def report(whole, *shots):
    return json.dumps({"schemaVersion": "1.0", "shots": list(shots), "fullVideo": whole}).encode()


#: For each job what is asked for, the files that its folder has, and where the folder is.
JOBS = {
    "film": (TEXT, {"output.mp4": FILM, STATUS_FILE: report({"status": "SUCCESS"})}, "films"),
    "large film": (TEXT, {"output.mp4": LARGE}, "films"),
    "film without a status file": (TEXT, {"output.mp4": FILM}, "films"),
    "film in the bucket itself": (TEXT, {"output.mp4": FILM}, ""),
    "film in an odd folder": (TEXT, {"output.mp4": FILM, STATUS_FILE: report({"status": "SUCCESS"})}, ODD),
    "film among many": (TEXT, {"output.mp4": FILM, **{f"log/{n:04}": b"" for n in range(40)}}, "films"),
    "film that is said to have failed": (TEXT, {"output.mp4": FILM, STATUS_FILE: report(FAILED)}, "films"),
    "shots": (
        SHOTS,
        {
            "output.mp4": FILM,
            "shot_0001.mp4": FIRST,
            "shot_0002.mp4": SECOND,
            STATUS_FILE: report({"status": "SUCCESS"}),
        },
        "films",
    ),
    "shots in an odd folder": (
        SHOTS,
        {"output.mp4": FILM, "shot_0001.mp4": FIRST, "shot_0002.mp4": SECOND},
        ODD,
    ),
    "no film": (TEXT, {SHORT_NAME: report(FAILED)}, "films"),
    "nothing": (TEXT, {}, "films"),
    "film of another model": ({"model": RAY}, {"output.mp4": FILM}, "films"),
}


class Account:
    """A client of polyreel whose Bedrock is our simulator and whose S3 is another."""

    def __init__(self, service, s3, home):
        keys = {name: AmazonSimulator.settings[name] for name in ("access_key_id", "secret_access_key")}
        settings = {"base_url": service.url, "s3_base_url": s3, **keys}
        self.service = service
        self.client = polyreel.Client(
            settings={"amazon": settings}, store="memory", home=home, clock=VirtualClock()
        )

    def starts(self):
        return [request for request in self.service.seen if request.method == "POST"]


def encoded(bucket, key, media_type, content):
    return [bucket, key, media_type, base64.b64encode(content).decode()]


def files_of(job, files):
    """Return the objects of a job's folder, beside the manifest that is always there."""
    bucket, _, folder = job.receipt.data["folder"].removeprefix("s3://").partition("/")
    for name, content in {"manifest.json": b"{}", **files}.items():
        yield encoded(bucket, f"{folder}/{name}", MP4 if name.endswith("mp4") else JSON, content)


@pytest.fixture(scope="module")
def account(boto, real_s3, variables, quick_studio, tmp_path_factory):
    """Make the buckets, with the images that films are made from."""
    images = [
        encoded(HERE, "in/größe & 海+1.png", "image/png", picture("PNG", 1280, 720)),
        encoded(AWAY, "in/away.png", "image/png", picture("PNG", 1280, 720)),
    ]
    known = variables(real_s3, real_s3)
    boto.run("filled_buckets", variables=known, buckets=BUCKETS, objects=images)
    with served(AmazonSimulator, studio=quick_studio) as service:
        account = Account(service, real_s3, tmp_path_factory.mktemp("account"))
        with account.client:
            yield account


@pytest.fixture(scope="module")
def jobs(account, boto, real_s3, variables):
    """Start all the jobs, and put the files there that the service would write."""
    started, objects = {}, []
    for name, (asked, files, folder) in JOBS.items():
        bucket = AWAY if asked["model"] == RAY else HERE
        account.service.stage.clock.advance(60)  # no more jobs at once than the service allows
        started[name] = account.client.submit(name, **asked, amazon_output=f"s3://{bucket}/{folder}")
        objects += files_of(started[name], files)
    known = variables(real_s3, real_s3)
    assert boto.run("filled_buckets", variables=known, buckets={}, objects=objects) == len(objects)
    return started


def test_buckets_are_looked_at_before_anything_is_paid(account, jobs):
    """The start of every job was asked for once, and only after moto's bucket had been found."""
    assert len(account.starts()) >= len(jobs)
    assert {request.headers["host"] for request in account.service.seen} == {account.service.url[7:]}


@pytest.mark.parametrize("name", [name for name, (_, files, _) in JOBS.items() if "output.mp4" in files])
def test_film_is_fetched_whole(account, jobs, name):
    result = account.client.wait(jobs[name].id)
    assert result.job.status == "completed"
    assert result.path.read_bytes() == JOBS[name][1]["output.mp4"]


@pytest.mark.parametrize("name", ["shots", "shots in an odd folder"])
def test_shots_are_fetched_in_their_order(account, jobs, name):
    account.client.wait(jobs[name].id)
    shots = account.client.fetch(jobs[name].id, assets=["shot"])
    assert [(shot.index, shot.path.read_bytes()) for shot in shots] == [(0, FIRST), (1, SECOND)]


def test_status_file_that_lies_is_a_warning(account, jobs):
    result = account.client.wait(jobs["film that is said to have failed"].id)
    (warning,) = [notice.message for notice in result.warnings]
    assert "INTERNAL_SERVER_EXCEPTION: It broke." in warning


@pytest.mark.parametrize(("name", "words"), [("no film", SHORT_NAME), ("nothing", "manifest.json")])
def test_folder_without_a_film_is_a_failure_that_says_what_is_there(account, jobs, name, words):
    with pytest.raises(polyreel.PolyreelError, match=words) as raised:
        account.client.wait(jobs[name].id)
    if name == "no film":
        assert "It broke." in str(raised.value)


def test_unusable_bucket_is_said_before_anything_is_paid(account):
    """One in another region too, but not by moto, which lists every bucket everywhere; our simulator refuses as S3 does."""
    before = len(account.starts())
    with pytest.raises(InvalidRequest, match="there is no bucket 'no-such-bucket-here'"):
        account.client.submit("A boat", model=REEL, amazon_output="s3://no-such-bucket-here/films")
    assert len(account.starts()) == before


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (f"s3://{HERE}/in/nothing.png", "s3://simulated-bucket/in/nothing.png is not there"),
        ("s3://no-such-bucket-here/in/nothing.png", "s3://no-such-bucket-here/in/nothing.png is not there"),
    ],
)
def test_missing_image_is_said_before_anything_is_paid(account, image, words):
    before = len(account.starts())
    shots = [{"text": "one", "image": image}]
    with pytest.raises(InvalidRequest, match=words):
        account.client.submit("A boat", model=REEL, amazon_shots=shots, amazon_output=f"s3://{HERE}/films")
    assert len(account.starts()) == before


@pytest.mark.parametrize("image", [f"s3://{HERE}/in/größe & 海+1.png", f"s3://{AWAY}/in/away.png"])
def test_image_is_found_by_its_address(account, image):
    """It is there for moto, so the start goes out; our simulator's own S3 has no such object and refuses it."""
    before = len(account.starts())
    shots = [{"text": "one", "image": image}]
    with pytest.raises(ProviderError, match="s3Location"):
        account.client.submit("A boat", model=REEL, amazon_shots=shots, amazon_output=f"s3://{HERE}/films")
    (start,) = account.starts()[before:]
    assert json.loads(start.content)["modelInput"]["multiShotManualParams"]["shots"][0]["image"] == {
        "format": "png",
        "source": {"s3Location": {"uri": image}},
    }
