"""From rendered to stored: a film that was paid for arrives whole, or stays to be fetched again."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from acme.house import House, tiny_film
from acme.plugin import Acme, Cancels, FullAcme
from polyreel.errors import FetchFailed, InvalidRequest, JobFailed, StorageFailed
from polyreel.hookspecs import hookimpl
from polyreel.simulation.faults import Fault
from polyreel.storage import files, parts
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.hashing import HashedFile
from polyreel.types.asset import Asset

FILM = {"method": "GET", "path": "/file/"}


def made(house, **options):
    with house.client() as client:
        return client.generate("a paper boat", model="acme/one", **options)


def fails(house, error, **options):
    """Make a film whose fetch fails, and return the error and the record."""
    with house.client() as client:
        with pytest.raises(error) as caught:
            client.generate("a paper boat", model="acme/one", **options)
        (job,) = client.list_jobs()
    return caught.value, job


def assert_kept(house, job, left_over, tmp_path):
    """The film is not there, nothing lies around, and another process gets it without paying again."""
    assert (job.phase.value, job.status, job.done) == ("rendered", "processing", False)
    assert left_over(tmp_path) == []
    assert list(tmp_path.rglob("*.mp4")) == []
    house.simulated.faults.clear()
    with house.client() as client:
        (resumed,) = client.resume()
    assert resumed.status == "completed"
    assert resumed.videos[0].path.read_bytes() == tiny_film()
    assert house.count("POST", "/films$") == house.paid == 1


def test_a_film_goes_to_the_data_folder_under_its_jobs_name(house, tmp_path):
    result = made(house)
    assert result.path == tmp_path / "videos" / f"{result.job.id}.mp4"
    film = result.videos[0].asset
    assert (film.media_type, film.size_bytes, film.has_audio) == ("video/mp4", len(tiny_film()), True)
    assert film.content is None


def test_several_films_get_several_names(house, tmp_path):
    result = made(house, n=3, output=tmp_path / "boat.mp4")
    assert [film.path.name for film in result.videos] == ["boat.mp4", "boat-2.mp4", "boat-3.mp4"]
    assert all(film.bytes() == tiny_film() for film in result.videos)
    assert house.paid == 1


def test_a_folder_gives_a_readable_name(house, tmp_path):
    result = made(house, folder=tmp_path / "films")
    assert result.path.parent == tmp_path / "films"
    assert result.path.name.startswith("a-paper-boat-")
    assert result.path.suffix == ".mp4"


# --- a film that does not arrive whole ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "drop_after", "drop_before", "hang", "refuse"])
def test_a_fetch_that_breaks_is_tried_again(kind, house, tmp_path, left_over):
    house.add(Fault(kind=kind, times=2, **FILM))
    assert made(house).bytes() == tiny_film()
    assert left_over(tmp_path) == []
    assert house.count("GET", "/file/") == 3


@pytest.mark.parametrize("kind", ["cut", "drop_after", "hang"])
def test_a_fetch_that_keeps_breaking_keeps_the_job(kind, house, tmp_path, left_over):
    house.add(Fault(kind=kind, times=None, **FILM))
    _, job = fails(house, Exception)
    assert_kept(house, job, left_over, tmp_path)


def test_a_passing_error_is_tried_again(house):
    house.add(Fault(kind="status", status=503, times=2, **FILM))
    assert made(house).bytes() == tiny_film()


HALF_TRUTHS = {
    "a page": (Fault(kind="html", times=None, **FILM), "a web page, not a film"),
    "nothing": (Fault(kind="empty", times=None, **FILM), "empty, not a film"),
    "half, called whole": (Fault(kind="broken_json", times=None, **FILM), "not whole"),
    "JSON": (Fault(kind="status", status=200, body=b'{"a": 1}', times=None, **FILM), "not a film"),
    "a picture": (
        Fault(
            kind="status", status=200, body=bytes.fromhex("89504e470d0a1a0a") + b"0" * 99, times=None, **FILM
        ),
        "image/png, not a film",
    ),
    "an error": (Fault(kind="status", status=500, times=None, **FILM), "status 500"),
}


@pytest.mark.parametrize("kind", HALF_TRUTHS)
def test_what_is_no_whole_film_is_not_kept(kind, house, tmp_path, left_over):
    fault, message = HALF_TRUTHS[kind]
    house.add(fault)
    error, job = fails(house, FetchFailed)
    assert message in str(error)
    assert error.job == job
    assert_kept(house, job, left_over, tmp_path)


# --- dead links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_dead_link_is_refreshed(status, house):
    house.add(Fault(kind="status", status=status, **FILM))
    assert made(house).bytes() == tiny_film()
    assert house.count("GET", "/links$") == 1


def rendered(house):
    """A job whose film is ready and whose link has died since, but not the film."""
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
        while job.phase.value != "rendered":
            house.clock.advance(2)
            job = client._run(client._operations.steps.advance(job.id)).job
    house.clock.advance(700)
    return job


def test_without_refresh_the_job_is_looked_at_again(tmp_path):
    house = House(tmp_path, provider=Acme())
    job = rendered(house)
    looks = house.count("GET", r"/film_1$")
    with house.client() as client:
        assert client.wait(job.id).bytes() == tiny_film()
    assert house.count("GET", r"/film_1$") == looks + 1


@pytest.mark.parametrize("provider", [Acme, FullAcme])
def test_a_film_that_is_no_longer_kept_has_expired_and_was_billed(provider, tmp_path):
    house = House(tmp_path, provider=provider(), real=True)
    job = rendered(house)
    house.clock.advance(3600)
    with house.client() as client:
        with pytest.raises(JobFailed, match="no longer kept"):
            client.wait(job.id)
        job = client.get_job(job.id)
    assert (job.phase.value, job.failure.kind, job.failure.billed) == ("expired", "expired", True)
    assert job.cost.billed is True
    assert job.cost.amount > 0


def test_a_link_that_stays_dead_before_its_time_keeps_the_job(house, tmp_path, left_over):
    house.add(Fault(kind="status", status=403, times=None, **FILM))
    error, job = fails(house, FetchFailed)
    assert "status 403" in str(error)
    assert_kept(house, job, left_over, tmp_path)


class LosesIt(Acme):
    """After the film was ready, looks say that the job failed."""

    def __init__(self):
        self.looks = 0

    @hookimpl(tryfirst=True)
    def normalise_result(self, payload):
        return [Asset(url="/films/nowhere/file/0/0", index=0)]


def test_a_job_that_turns_bad_when_it_is_looked_at_again(tmp_path):
    house = House(tmp_path, provider=LosesIt())
    job = rendered(house)
    house.script({"state": "failed", "failure": {"message": "deleted"}})
    with house.client() as client:
        with pytest.raises(FetchFailed, match="no longer has the video"):
            client.wait(job.id)
        assert client.get_job(job.id).phase.value == "rendered"


class Alternatives(Acme):
    @hookimpl
    def normalise_result(self, payload):
        return [
            Asset(url="/nowhere", query={"a": "b"}, alternatives=("/films/nobody/file/0/0", *payload["urls"]))
        ]


def test_other_addresses_are_tried_when_the_first_does_not_have_it(tmp_path):
    house = House(tmp_path, provider=Alternatives())
    assert made(house).bytes() == tiny_film()
    assert house.count("GET", "nowhere|/file/") == 3


class Nowhere(Acme):
    @hookimpl
    def normalise_result(self, payload):
        return [Asset(url=None)]


def test_a_film_without_an_address_says_so(tmp_path):
    _, job = fails(House(tmp_path, provider=Nowhere()), FetchFailed)
    assert job.phase.value == "rendered"


# --- where it goes ----------------------------------------------------------------------------------------------------


def test_an_output_that_exists_is_refused_before_anything_is_paid(house, tmp_path):
    taken = tmp_path / "boat.mp4"
    taken.write_text("mine")
    with house.client() as client, pytest.raises(InvalidRequest, match="exists already") as caught:
        client.generate("a paper boat", model="acme/one", output=taken)
    assert caught.value.problems[0].parameter == "output"
    assert taken.read_text() == "mine"
    assert house.simulated.faults.requests == ()


def test_an_output_that_may_be_replaced_is(house, tmp_path):
    taken = tmp_path / "boat.mp4"
    taken.write_text("old")
    assert made(house, output=taken, overwrite=True).path == taken
    assert taken.read_bytes() == tiny_film()
    assert list(tmp_path.glob("boat*")) == [taken]


def test_a_name_that_is_taken_meanwhile_is_not_replaced_and_the_film_is_kept(house, tmp_path):
    output = tmp_path / "boat.mp4"
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one", output=output)
        output.write_text("mine")
        (tmp_path / "boat-2.mp4").write_text("mine too")
        result = client.wait(job.id)
    assert result.path == tmp_path / "boat-3.mp4"
    assert result.bytes() == tiny_film()
    assert output.read_text() == "mine"


def test_replacing_is_remembered_with_the_job(house, tmp_path):
    output = tmp_path / "boat.mp4"
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one", output=output, overwrite=True)
    output.write_text("old")
    with house.client() as client:
        assert client.wait(job.id).path == output
    assert output.read_bytes() == tiny_film()


def unwritable(tmp_path):
    """A place below a file: nobody can write there, not even root."""
    blocker = tmp_path / "a-file"
    blocker.write_text("no folder")
    return blocker / "boat.mp4"


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_paid(house, tmp_path):
    with house.client() as client, pytest.raises(InvalidRequest, match="cannot be written"):
        client.generate("a paper boat", model="acme/one", output=unwritable(tmp_path))
    assert house.simulated.faults.requests == ()


def test_too_little_room_is_refused_before_anything_is_paid(house, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROOM", 2**62)
    with house.client() as client, pytest.raises(InvalidRequest, match="too little for a film"):
        client.generate("a paper boat", model="acme/one", output=tmp_path / "boat.mp4")
    assert house.simulated.faults.requests == ()


def test_a_folder_that_goes_away_meanwhile_keeps_the_job(house, tmp_path, left_over):
    folder = tmp_path / "films"
    folder.mkdir()
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one", output=folder / "boat.mp4")
        folder.rmdir()
        folder.write_text("a file now")
        with pytest.raises(StorageFailed, match="cannot be written"):
            client.wait(job.id)
        job = client.get_job(job.id)
    folder.unlink()
    assert_kept(house, job, left_over, tmp_path)


@pytest.mark.parametrize("room", [0, 1000])
def test_a_full_disk_keeps_the_job(room, house, tmp_path, left_over, monkeypatch):
    class Full(HashedFile):
        """A file on a disk with room for a few bytes."""

        def write(self, data):
            if self.tell() + len(data) > room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    with monkeypatch.context() as patch:
        patch.setattr(parts, "HashedFile", Full)
        error, job = fails(house, StorageFailed)
    assert "No space left" in str(error)
    assert "job is kept" in str(error)
    assert_kept(house, job, left_over, tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 80 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="the system mounts nothing")
def test_a_disk_that_is_full_meanwhile_keeps_the_job_until_there_is_room(house, small_disk, left_over):
    filler = small_disk / "filler"
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one", output=small_disk / "boat.mp4")
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(1024 * 1024)):
                pass
        with pytest.raises(StorageFailed, match="No space left on device; the job is kept") as caught:
            client.wait(job.id)
        assert not isinstance(caught.value, ConcurrentWrite)
        assert (client.get_job(job.id).phase.value, left_over(small_disk)) == ("rendered", [])
        filler.unlink()
        assert client.wait(job.id).path.read_bytes() == tiny_film()
    assert house.paid == 1


@pytest.mark.parametrize("broken", [1, 2])
def test_a_disk_that_fails_at_the_last_moment_keeps_the_job(broken, house, tmp_path, left_over, monkeypatch):
    """The first flush is the film's, the second that of its name; what fails may not be called stored."""
    real, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == broken:
            raise OSError(errno.EIO, "Input/output error")
        return real(handle)

    (tmp_path / "videos").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fsync)
        error, job = fails(house, StorageFailed)
    assert "Input/output error" in str(error)
    assert (job.phase.value, job.done) == ("rendered", False)
    with house.client() as client:
        (resumed,) = client.resume()
    assert resumed.videos[0].path.read_bytes() == tiny_film()
    assert [path.name for path in tmp_path.rglob("*.mp4")] == [f"{job.id}.mp4"]
    assert left_over(tmp_path) == []
    assert house.count("GET", "/file/") == (2 if broken == 1 else 1)


def test_a_real_limit_of_the_system_keeps_the_job(tmp_path):
    script = f"""
        import resource, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parents[1] / "support")!r})
        from acme.house import House, leftovers, tiny_film
        from polyreel.errors import StorageFailed

        home = Path({str(tmp_path)!r})
        house = House(home)
        client = house.client()
        film = len(tiny_film())
        resource.setrlimit(resource.RLIMIT_FSIZE, (film // 2, resource.RLIM_INFINITY))
        try:
            client.generate("a paper boat", model="acme/one")
        except StorageFailed as error:
            print(error)
        (job,) = client.list_jobs()
        print(job.phase.value, leftovers(home), list(home.rglob("*.mp4")))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(client.wait(job.id).job.status, house.paid)
    """
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    refused, kept, later = done.stdout.splitlines()
    assert "File too large" in refused
    assert kept == "rendered [] []"
    assert later == "completed 1"


# --- other files, again and again ---------------------------------------------------------------------------------


def test_films_can_be_fetched_again_elsewhere(house, tmp_path):
    with house.client() as client:
        job = client.generate("a paper boat", model="acme/one").job
        (again,) = client.fetch(job.id, output=tmp_path / "copy.mp4")
        assert again.path == tmp_path / "copy.mp4"
        assert again.path.read_bytes() == tiny_film()
        (numbered,) = client.fetch(job.id, output=tmp_path / "copy.mp4")
        assert numbered.path == tmp_path / "copy-2.mp4"
        (replaced,) = client.fetch(job.id, output=tmp_path / "copy.mp4", overwrite=True)
        assert replaced.path == tmp_path / "copy.mp4"
        assert client.get_job(job.id).status == "completed"


def test_what_a_job_does_not_have_is_said_with_what_it_has(house):
    with house.client() as client:
        job = client.generate("a paper boat", model="acme/one").job
        with pytest.raises(JobFailed, match=r"has no thumbnail; it has: video") as caught:
            client.fetch(job.id, assets=["video", "thumbnail"])
        assert caught.value.job.id == job.id
        early = client.submit("a paper boat", model="acme/one")
        with pytest.raises(JobFailed, match="nothing yet"):
            client.fetch(early.id)


class Stopping(Acme, Cancels):
    """Can stop jobs."""


def test_cancelling_says_what_it_costs(tmp_path):
    house = House(tmp_path, provider=Stopping(), real=True)
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
        cancellation = client.cancel(job.id)
        assert (cancellation.outcome, cancellation.billed) == ("cancelled", False)
        job = client.get_job(job.id)
        assert (job.status, job.cost.billed, job.cost.amount) == ("cancelled", False, 0)
        assert client.cancel(job.id).outcome == "too_late"
        assert house.charges.total == 0


def test_cancelling_too_late_lets_the_job_go_on(house):
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
        house.clock.advance(100)
        assert client.cancel(job.id).outcome == "too_late"
        assert client.wait(job.id).job.status == "completed"
        assert client.cancel(job.id).outcome == "too_late"


def test_a_provider_that_cannot_cancel_or_delete_says_so(plain):
    with plain.client() as client:
        job = client.submit("a paper boat", model="acme/one")
        cancellation = client.cancel(job.id)
        assert cancellation.outcome == "not_supported"
        assert "goes on" in cancellation.message
        assert client.delete(job.id).outcome == "not_supported"
        assert client.wait(job.id).job.status == "completed"
    assert plain.count("DELETE") == 0


def test_deleting_keeps_the_record_and_the_film_here(house):
    with house.client() as client:
        result = client.generate("a paper boat", model="acme/one")
        assert client.delete(result.job.id).outcome == "cancelled"
        assert client.delete(result.job.id).outcome == "too_late"
        assert client.get_job(result.job.id).status == "completed"
        assert result.path.exists()
