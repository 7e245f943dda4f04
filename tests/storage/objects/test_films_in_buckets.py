"""A film that goes into a bucket, from the request to the record and back, through a client and the command line."""

import hashlib
import json
import re
import sys
import time
import urllib.request
from dataclasses import replace
from types import SimpleNamespace

import pytest
from acme.house import House, tiny_film
from buckets.relay import CUT, REFUSED
from polyreel.cli import main
from polyreel.clock import VirtualClock
from polyreel.errors import ConfigurationError, FetchFailed, InvalidRequest, StorageFailed
from polyreel.simulation.simulator import FilmStudio
from polyreel.storage.objects import MARKER
from polyreel.types.job import Phase
from polyreel.workspace import Simulation, Workspace

pytestmark = pytest.mark.oracle

FILM = "s3://films/a/boat.mp4"


@pytest.fixture
def house(tmp_path):
    return House(tmp_path / "home")


def keys(kept):
    return sorted(key for key in re.findall(r"<Key>(.*?)</Key>", kept()) if not key.endswith(MARKER))


def outgoing(house):
    folder = house.home / "videos" / "outgoing"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_film_goes_into_a_bucket(house, s3, kept, tmp_path):
    with house.client() as client:
        result = client.generate("A boat", model="acme/one", output=FILM)
        film = result.videos[0]
        assert (result.url, film.asset.stored, film.asset.path) == (FILM, FILM, None)
        assert keys(kept) == ["a/boat.mp4"]
        assert hashlib.sha256(result.bytes()).hexdigest() == film.asset.sha256
        assert film.asset.width
        saved = result.save(tmp_path / "here.mp4")
        assert saved.read_bytes() == result.bytes()
        with pytest.raises(FetchFailed, match=r"is at s3://films/a/boat\.mp4, not on this machine; save\(\)"):
            _ = result.path
        assert client.get_job(result.job.id).assets[0].stored == FILM
    assert outgoing(house) == []
    assert house.paid == 1
    assert FILM in film._repr_html_()
    assert FILM in result._repr_mimebundle_()["text/plain"]
    assert FILM in client.get_job.__self__.workspace.store.get(result.job.id)._repr_html_()


async def test_the_awaited_client_puts_it_there_too(house, s3, kept):
    async with house.async_client() as client:
        result = await client.generate("A boat", model="acme/one", output=FILM)
    assert result.url == FILM
    assert keys(kept) == ["a/boat.mp4"]


def test_the_seed_gives_an_address_that_anybody_can_fetch(house, s3):
    with house.client() as client:
        job_id = client.videos("A boat", model="acme/one", output=FILM)["data"]["job_id"]
        house.clock.advance(3600)
        (told,) = client.jobs(job_id)["result"]["data"]
        with urllib.request.urlopen(told["url"]) as response:
            assert response.read() == tiny_film()
        s3.fault = lambda method, path: CUT
        assert client.jobs(job_id)["status"] == "completed", "signing asks nobody"
    assert (told["s3_key"], told["file_name"], told["file_size"]) == (
        "a/boat.mp4",
        "boat.mp4",
        len(tiny_film()),
    )


def test_several_films_of_a_job_get_names_of_their_own(house, s3, kept):
    with house.client() as client:
        result = client.generate("A boat", model="acme/one", n=2, output=FILM)
    assert [video.url for video in result.videos] == [FILM, "s3://films/a/boat-2.mp4"]
    assert keys(kept) == ["a/boat-2.mp4", "a/boat.mp4"]


def test_a_folder_gives_a_readable_name(house, s3):
    with house.client() as client:
        result = client.generate("A paper boat", model="acme/one", folder="s3://films/b")
    assert re.fullmatch(r"s3://films/b/a-paper-boat-[0-9a-f]{8}\.mp4", result.url)


@pytest.mark.parametrize("way", ["variable", "file"])
def test_a_folder_for_all_films(house, s3, monkeypatch, way):
    house.home.mkdir()
    if way == "variable":
        monkeypatch.setenv("POLYREEL_FOLDER", "s3://films/all")
        house.home.joinpath("config.toml").write_text('[storage]\nfolder = "s3://films/nothing"\n')
    else:
        house.home.joinpath("config.toml").write_text('[storage]\nfolder = "s3://films/all"\n')
    with house.client() as client:
        assert client.generate("A boat", model="acme/one").url.startswith("s3://films/all/a-boat-")
        assert client.generate("A boat", model="acme/one", output=FILM).url == FILM


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[storage]\nfolder = "ftp://films"', r"folder \(from .*config\.toml\) ftp:// is no store"),
        ('[storage]\nfolders = "films"', r"\[storage\] has no setting 'folders'; it has: folder"),
        ('storage = "films"', r"storage must be a table: \[storage\]"),
    ],
)
def test_a_folder_that_is_none(house, text, told):
    house.home.mkdir()
    house.home.joinpath("config.toml").write_text(text)
    with house.client() as client, pytest.raises(ConfigurationError, match=told):
        client.generate("A boat", model="acme/one")
    assert house.paid == 0


def test_a_file_is_fetched_again_into_a_bucket(house, s3, kept):
    with house.client() as client:
        job = client.generate("A boat", model="acme/one").job
        (asset,) = client.fetch(job.id, output="s3://films/again.mp4")
        assert asset.stored == "s3://films/again.mp4"
        assert client.get_job(job.id).assets[0].stored == "s3://films/again.mp4"
        (asset,) = client.fetch(job.id, output="s3://films/again.mp4")
        assert asset.stored == "s3://films/again.mp4", "it is the same film"
    assert keys(kept) == ["again.mp4"]
    assert outgoing(house) == []


# --- before anything is paid ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "fault", "told"),
    [
        ("s3://nobody/film.mp4", None, r"there is no s3://nobody .*create it, or name another bucket"),
        (FILM, REFUSED, r"refuses the key \(status 403, AccessDenied\).*AWS_ACCESS_KEY_ID"),
        (FILM, CUT, r"cannot be reached; look at the network, and at AWS_ENDPOINT_URL"),
    ],
    ids=["no bucket", "no permission", "no answer"],
)
def test_a_bucket_that_takes_no_film_is_found_out_before_it_is_paid(
    house, s3, impatient, output, fault, told
):
    s3.fault = lambda method, path: fault
    with house.client() as client, pytest.raises(InvalidRequest, match=told) as raised:
        client.generate("A boat", model="acme/one", output=output)
    assert raised.value.problems[0].parameter == "output"
    assert house.paid == 0


def test_a_name_that_is_taken_is_found_out_before_it_is_paid(house, s3, kept):
    with house.client() as client:
        client.generate("A boat", model="acme/one", output=FILM)
        with pytest.raises(
            InvalidRequest, match="exists already; name another object, or pass overwrite=True"
        ):
            client.generate("A boat", model="acme/one", output=FILM)
        assert house.paid == 1
        client.generate("A boat", model="acme/one", output=FILM, overwrite=True)
    assert house.paid == 2
    assert keys(kept) == ["a/boat.mp4"]


def test_a_folder_is_asked_once_a_minute(house, s3):
    with house.client() as client:
        for number in range(3):
            client.check("A boat", model="acme/one", output=f"s3://films/a/{number}.mp4")
        assert s3.asked("PUT", MARKER) == 2, "the first time twice: whether a second put is refused"
        house.clock.advance(61)
        client.check("A boat", model="acme/one", output="s3://films/a/4.mp4")
        assert s3.asked("PUT", MARKER) == 3


def test_a_search_does_not_look_at_folders(house, s3, monkeypatch):
    """No model decides about them."""
    monkeypatch.setenv("POLYREEL_FOLDER", "s3://films/all")
    with house.client() as client:
        assert client.models(accepts={"duration": 4})
        assert s3.seen == []


def test_without_obstore_nothing_is_paid(house, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with (
        house.client() as client,
        pytest.raises(ConfigurationError, match=r"pip install 'polyreel\[storage\]'"),
    ):
        client.generate("A boat", model="acme/one", output=FILM)
    assert house.paid == 0


# --- interruptions -------------------------------------------------------------------------------------------


def test_a_store_that_is_down_keeps_the_film_here_and_takes_it_later(house, s3, kept, impatient):
    s3.fault = lambda method, path: CUT if method == "PUT" and path.endswith("boat.mp4") else None
    with house.client() as client:
        with pytest.raises(StorageFailed, match="cannot be reached"):
            client.generate("A boat", model="acme/one", output=FILM)
        (job,) = client.list_jobs()
    assert (job.phase, job.done) == (Phase.RENDERED, False)
    assert any(name.endswith(".mp4") for name in outgoing(house)), "it does not need its provider any more"
    fetched = house.count("GET", "/file/")
    s3.fault = lambda method, path: None
    with house.client() as client:
        assert client.wait(job.id).url == FILM
    assert house.count("GET", "/file/") == fetched == 1
    assert keys(kept) == ["a/boat.mp4"]
    assert outgoing(house) == []
    assert house.paid == 1


def test_a_kill_between_the_put_and_the_commit_leaves_one_object(house, s3, kept):
    """The flow is driven by hand and given up right after the put, as a kill would."""
    with house.client() as client:
        flow = client._operations.generate("A boat", "acme/one", {"output": FILM})
        effect = next(flow)
        while True:
            result = client._io.perform(effect)
            if keys(kept):
                break
            effect = flow.send(result)
        del flow  # nothing of it goes on; what its frames hold is let go
        (job,) = client.list_jobs()
    assert job.phase is Phase.RENDERED
    with house.client() as client:
        house.clock.advance(3600)
        assert client.wait(job.id).url == FILM
    assert keys(kept) == ["a/boat.mp4"]
    assert outgoing(house) == []
    assert house.paid == 1


def test_a_name_that_was_taken_while_the_film_was_made_is_left_alone(house, s3, kept, bucket, reel):
    others = reel(b"somebody else's")

    def meanwhile(job):
        if job.phase is Phase.ACCEPTED:
            bucket.put_if_absent("a/boat.mp4", others)

    with house.client() as client:
        result = client.generate("A boat", model="acme/one", output=FILM, on_progress=meanwhile)
    assert result.url == "s3://films/a/boat-2.mp4"
    assert keys(kept) == ["a/boat-2.mp4", "a/boat.mp4"]
    assert bucket.get("a/boat.mp4", 0, 100) == b"somebody else's"
    assert outgoing(house) == []


# --- from the command line -----------------------------------------------------------------------------------


@pytest.fixture
def polyreel(tmp_path, s3, monkeypatch, capfd):
    """Run the command line in an empty folder, with simulators whose time passes at once."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    build, clock = Workspace.build, VirtualClock(time.time())
    simulation = Simulation(clock=clock, studio=FilmStudio(film=lambda _: tiny_film()))
    monkeypatch.setattr(
        Workspace, "build", lambda **setup: replace(build(**setup), simulation=simulation, clock=clock)
    )

    def run(*args, **variables):
        capfd.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            code = main([str(arg) for arg in args])
        return SimpleNamespace(code=code, **capfd.readouterr()._asdict())

    return run


def test_the_command_line_tells_the_address(polyreel, kept, tmp_path):
    asked = ("generate", "A boat", "-m", "openai/sora-2", "--simulate")
    made = polyreel(*asked, "-o", FILM, "--json")
    document = json.loads(made.out)
    assert document["videos"][0]["stored"] == FILM
    assert document["videos"][0]["path"] is None
    job_id = document["job"]["id"]
    assert f"video: {FILM}, " in polyreel("jobs", "show", job_id).out
    thumbnail = polyreel("jobs", "download", job_id, "--asset", "thumbnail", "-o", "s3://films/a/thumb.webp")
    assert thumbnail.out == "s3://films/a/thumb.webp\n"
    assert keys(kept) == ["a/boat.mp4", "a/thumb.webp"]
    taken = polyreel("jobs", "download", job_id, "-o", FILM)
    assert taken.code == 2
    assert "exists already" in taken.err
    assert list((tmp_path / "work").iterdir()) == []


def test_the_command_line_takes_a_folder(polyreel, kept):
    asked = ("generate", "A paper boat", "-m", "openai/sora-2", "--simulate", "--quiet")
    assert polyreel(*asked, "--folder", "s3://films/b").out.startswith("s3://films/b/a-paper-boat-")
    assert polyreel(*asked, POLYREEL_FOLDER="s3://films/c").out.startswith("s3://films/c/a-paper-boat-")
    both = polyreel(*asked, "--folder", "here", "-o", "boat.mp4")
    assert both.code == 2
    assert "leave --folder out" in both.err
    nobody = polyreel(*asked, "-o", "s3://nobody/boat.mp4")
    assert nobody.code == 2
    assert "output: s3://nobody/.polyreel cannot be written: there is no s3://nobody" in nobody.err
    assert len(keys(kept)) == 2


def test_the_doctor_looks_whether_films_can_go_there(polyreel):
    assert "ok      folder: s3://films/all\n" in polyreel("doctor", POLYREEL_FOLDER="s3://films/all").out
    sick = polyreel("doctor", POLYREEL_FOLDER="s3://nobody/all")
    assert sick.code == 1
    assert "BROKEN  folder: s3://nobody/all/.polyreel cannot be written: there is no s3://nobody" in sick.out
    assert "folder:" not in polyreel("doctor").out
