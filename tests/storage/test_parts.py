"""Films on their way: what another process finds after one was killed, and what is never mixed, doubled or lost."""

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
import textwrap
import threading

import pytest
from polyreel.errors import StorageFailed
from polyreel.http import Version
from polyreel.storage import files, parts
from polyreel.storage.parts import Part, sweep, tidy, withdraw

FILM = bytes(range(256)) * 100
DIGEST = hashlib.sha256(FILM).hexdigest()
VERSION = Version(origin="https://films.example:443", etag='"v1"', length=len(FILM))
JOB = "job_0123456789ab"


@pytest.fixture(params=["links", "no links"])
def disk(request, monkeypatch):
    """Disks with and without hard links."""
    if request.param == "no links":

        def unsupported(*_):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", unsupported)
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "films" / "boat.mp4"


def part(path, name="video-0", job=JOB):
    return Part(path, job=job, name=name)


def begun(path, content=FILM, version=VERSION):
    """A film of which ``content`` came, and whose process is gone."""
    one = part(path)
    one.open()
    one.note(version)
    one.file.write(content)
    crash(one)
    return one


def crash(one):
    """Let go of the file as the system does, without any of the process's own tidying."""
    one.file.close()


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


def films(path):
    return [name for name in names(path) if not name.startswith(".")]


# --- its way ----------------------------------------------------------------------------------------------------


def test_a_film_appears_whole_and_once_it_is_recorded_nothing_else_is_there(path, disk):
    one = part(path)
    assert one.open() == parts.Begun()
    one.file.write(FILM[:100])
    one.file.write(FILM[100:])
    assert one.file.sha256 == DIGEST
    assert films(path) == []
    assert one.publish(overwrite=False) == path
    one.close()
    assert (films(path), path.read_bytes()) == (["boat.mp4"], FILM)
    tidy(path, job=JOB, name="video-0", kept=path)
    assert names(path) == ["boat.mp4"]


def test_a_name_that_is_taken_is_numbered_or_replaced(path, disk):
    path.parent.mkdir()
    path.write_bytes(b"mine")
    for expected, overwrite in (("boat-2.mp4", False), ("boat-3.mp4", False), ("boat.mp4", True)):
        one = part(path)
        one.open()
        one.file.write(FILM)
        assert one.publish(overwrite=overwrite) == path.with_name(expected)
        tidy(path, job=JOB, name="video-0", kept=path.with_name(expected))
    assert names(path) == ["boat-2.mp4", "boat-3.mp4", "boat.mp4"]


def test_films_of_one_folder_do_not_meet(path):
    open_ones = [
        part(path),
        part(path, name="video-1"),
        part(path.with_name("other.mp4")),
        part(path, job="b"),
    ]
    for one in open_ones:
        one.open()
    assert len({one.temporary for one in open_ones}) == 4
    assert len(names(path)) == 4
    for one in open_ones:
        one.close()
    assert names(path) == []


@pytest.mark.parametrize("job", ["../../etc/passwd", "a/b", "x" * 300, "", "job-with-hyphens", "紙"])
def test_no_id_leads_out_of_the_folder(path, job):
    one = part(path, job=job)
    one.open()
    assert one.temporary.parent == path.parent
    assert len(one.temporary.name.encode()) < 120
    one.discard()


# --- carried on -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [1, 8191, 8192, 20_000])
def test_what_came_is_carried_on_with_its_digest(path, there):
    begun(path, FILM[:there])
    one = part(path)
    assert one.open() == parts.Begun(version=VERSION)
    assert one.file.tell() == there
    one.file.write(FILM[there:])
    assert one.file.sha256 == DIGEST
    assert one.publish(overwrite=False).read_bytes() == FILM


def test_what_came_to_its_last_byte_is_not_asked_for(path):
    begun(path, FILM)
    one = part(path)
    assert one.open() == parts.Begun(version=VERSION, is_whole=True)
    assert one.file.sha256 == DIGEST
    one.discard()


def half(content):
    return lambda note: note.write_bytes(content)


USELESS = {
    "nothing came": (b"", None),
    "more than all came": (FILM + b"x", None),
    "no note": (FILM[:100], lambda note: note.unlink()),
    "half a note": (FILM[:100], half(b'{"boot": "')),
    "an empty note": (FILM[:100], half(b"")),
    "a note of something else": (FILM[:100], half(b"[1]")),
    "a note with more": (FILM[:100], half(b'{"boot": "x", "version": null, "more": 1}')),
    "a note of numbers": (FILM[:100], half(b'{"boot": 1, "version": 3}')),
}


@pytest.mark.parametrize("case", USELESS)
def test_what_says_nothing_is_begun_anew(path, case):
    content, spoil = USELESS[case]
    left = begun(path, content)
    if spoil is not None:
        spoil(left._note_path)
    one = part(path)
    assert one.open() == parts.Begun()
    assert (one.file.tell(), one.temporary.stat().st_size) == (0, 0)
    one.file.write(FILM)
    assert one.file.sha256 == DIGEST
    one.discard()
    assert names(path) == []


def test_what_came_before_a_power_cut_is_begun_anew(path, monkeypatch):
    """The last bytes may never have reached the disk: a file system shows zeros in their place."""
    begun(path, FILM[:100])
    monkeypatch.setattr(parts, "boot_id", lambda: "another life of this machine")
    one = part(path)
    assert one.open() == parts.Begun()
    one.discard()


def test_a_system_that_does_not_tell_its_lives_apart_carries_nothing_on(path, monkeypatch):
    monkeypatch.setattr(parts, "boot_id", lambda: "this-machine")
    begun(path, FILM[:100])
    one = part(path)
    assert one.open() == parts.Begun()
    one.discard()


def test_without_a_strong_tag_nothing_is_left(path):
    one = part(path)
    one.open()
    one.note(None)
    one.file.write(FILM[:100])
    one.close()
    assert names(path) == []


def test_a_film_that_cannot_be_noted_is_fetched_all_the_same(path, monkeypatch):
    one = part(path)
    one.open()

    def refused(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parts, "_write", refused)
    one.note(VERSION)
    one.file.write(FILM)
    assert one.publish(overwrite=False) == path


# --- killed between the film and its record ---------------------------------------------------------------------


def published(path, *, overwrite=False, content=FILM):
    one = part(path)
    one.open()
    one.note(VERSION)
    one.file.write(content)
    return one.publish(overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("taken", [False, True])
def test_a_film_that_appeared_is_found_again(path, disk, overwrite, taken):
    path.parent.mkdir()
    if taken:
        path.write_bytes(b"mine")
    place = published(path, overwrite=overwrite)
    one = part(path)
    assert one.open() == parts.Begun(is_whole=True, published=place)
    one.close()
    tidy(path, job=JOB, name="video-0", kept=place)
    assert films(path) == (["boat-2.mp4", "boat.mp4"] if taken and not overwrite else ["boat.mp4"])
    assert names(path) == films(path)
    assert place.read_bytes() == FILM


def test_a_film_that_somebody_removed_again_is_fetched_again(path, disk):
    published(path).unlink()
    one = part(path)
    found = one.open()
    # Where the disk knows links the bytes are still there; without, they are gone. Neither is lost for good.
    assert found.published is None
    if not found.is_whole:
        one.file.write(FILM)
    assert one.publish(overwrite=False).read_bytes() == FILM


@pytest.mark.parametrize("replaced", [False, True])
def test_a_film_that_was_moved_away_is_not_touched(path, disk, replaced):
    place, elsewhere = published(path), path.with_name("elsewhere.mp4")
    place.rename(elsewhere)
    if replaced:
        place.write_bytes(b"m" * len(FILM))
    one = part(path)
    found = one.open()
    assert found.published is None
    assert found.is_whole == (disk == "links")
    assert elsewhere.read_bytes() == FILM
    if not found.is_whole:
        one.file.write(FILM)
    assert one.publish(overwrite=False) == (path.with_name("boat-2.mp4") if replaced else path)
    assert elsewhere.read_bytes() == FILM
    assert not replaced or place.read_bytes() == b"m" * len(FILM)


def test_a_note_names_a_file_of_its_folder_only(path, tmp_path):
    """A note that somebody else wrote leads nowhere else."""
    path.parent.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(FILM)
    one = part(path)
    note = {"boot": "x", "version": None, "name": "../secret", "size": len(FILM), "sha256": DIGEST}
    one._note_path.write_text(json.dumps(note))
    assert one.open() == parts.Begun()
    one.discard()
    assert secret.read_bytes() == FILM


def test_a_process_that_was_killed_while_it_took_a_name_leaves_no_empty_film(path, monkeypatch):
    """Without links an empty file holds the name for a moment."""

    def unsupported(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    class Killed(BaseException):
        """The process is gone."""

    def killed(*_):
        raise Killed

    one = part(path)
    one.open()
    one.file.write(FILM)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", unsupported)
        patch.setattr(parts, "moved", lambda temporary, name: (name.touch(), killed()))
        with pytest.raises(Killed):
            one.publish(overwrite=False)
    assert (films(path), path.read_bytes()) == (["boat.mp4"], b"")
    again = part(path)
    assert again.open() == parts.Begun(is_whole=True)
    assert again.publish(overwrite=False) == path
    assert (films(path), path.read_bytes()) == (["boat.mp4"], FILM)


# --- two at once ------------------------------------------------------------------------------------------------


def test_two_never_write_into_one_file(path, disk):
    """The second fetches under a name of its own: the first may be stopped for ever."""
    first, second = part(path), part(path)
    first.open()
    first.note(VERSION)
    first.file.write(FILM[:100])
    assert second.open() == parts.Begun()
    assert second.temporary != first.temporary
    second.note(VERSION)
    second.file.write(FILM)
    first.file.write(FILM[100:])
    assert second.publish(overwrite=False) == path
    assert path.read_bytes() == FILM
    assert first.publish(overwrite=False) == path.with_name("boat-2.mp4")


def test_of_a_film_that_appeared_twice_the_recorded_one_stays(path):
    first, second = part(path), part(path)
    first.open()
    second.open()
    for one in (first, second):
        one.file.write(FILM)
    assert (first.publish(overwrite=False), second.publish(overwrite=False)) == (
        path,
        path.with_name("boat-2.mp4"),
    )
    tidy(path, job=JOB, name="video-0", kept=path.with_name("boat-2.mp4"))
    assert names(path) == ["boat-2.mp4"]


def test_a_film_that_lost_is_withdrawn(path):
    assert published(path) == path
    path.with_name("boat-2.mp4").write_bytes(b"the one that the record names")
    assert withdraw(path, job=JOB, name="video-0")
    assert names(path) == ["boat-2.mp4"]
    assert not withdraw(path, job=JOB, name="video-0")


def test_tidying_leaves_alone_what_somebody_is_writing(path):
    writing = part(path)
    writing.open()
    writing.note(VERSION)
    writing.file.write(FILM[:10])
    tidy(path, job=JOB, name="video-0", kept=path)
    assert len(names(path)) == 2
    writing.discard()


def test_a_lock_is_free_once_its_process_was_killed(path):
    script = f"""
        import os, signal, sys
        from pathlib import Path
        from polyreel.http import Version
        from polyreel.storage.parts import Part
        one = Part(Path({str(path)!r}), job={JOB!r}, name="video-0")
        one.open()
        one.note(Version(origin={VERSION.origin!r}, etag={VERSION.etag!r}, length={VERSION.length}))
        one.file.write(bytes(range(256)) * 50)
        one.file.flush()
        print("written", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (-9, "written\n")
    one = part(path)
    assert one.open() == parts.Begun(version=VERSION)
    assert one.file.tell() == 256 * 50
    one.discard()


@pytest.mark.parametrize("end", ["close", "discard"])
def test_a_task_that_is_cancelled_while_its_film_appears_loses_nothing(path, end, monkeypatch):
    """The thread that publishes goes on; whoever lets go waits for it, and the film is found again."""
    real, begins, goes_on = os.fsync, threading.Event(), threading.Event()

    def slow(handle):
        begins.set()
        assert goes_on.wait(5)
        return real(handle)

    one = part(path)
    one.open()
    one.file.write(FILM)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", slow)
        publishing = threading.Thread(target=one.publish, kwargs={"overwrite": False})
        publishing.start()
        assert begins.wait(5)
        letting_go = threading.Thread(target=getattr(one, end))
        letting_go.start()
        goes_on.set()
        publishing.join()
        letting_go.join()
    assert films(path) == ["boat.mp4"]
    again = part(path)
    assert again.open() == parts.Begun(is_whole=True, published=path)
    again.close()


def test_what_was_let_go_of_does_not_appear_any_more(path):
    one = part(path)
    one.open()
    one.file.write(FILM)
    one.close()
    with pytest.raises(ValueError, match="closed file"):
        one.publish(overwrite=False)
    assert names(path) == []


# --- a disk that refuses ----------------------------------------------------------------------------------------


def test_a_disk_that_loses_bytes_publishes_nothing(path, disk, monkeypatch):
    def broken(handle):
        raise OSError(errno.EIO, "Input/output error")

    one = part(path)
    one.open()
    one.note(VERSION)
    one.file.write(FILM)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", broken)
        with pytest.raises(StorageFailed, match="Input/output error; the job is kept"):
            one.publish(overwrite=False)
    one.discard()
    assert names(path) == []


def test_a_film_whose_name_is_not_on_the_disk_yet_is_found_and_flushed_again(path, disk, monkeypatch):
    real, folders = os.fsync, []

    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            folders.append(handle)
            if len(films(path)) == 1:
                raise OSError(errno.EIO, "Input/output error")
        return real(handle)

    one = part(path)
    one.open()
    one.file.write(FILM)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fsync)
        with pytest.raises(StorageFailed):
            one.publish(overwrite=False)
    one.discard()
    assert folders
    again, before = part(path), len(folders)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", folders.append)
        assert again.open() == parts.Begun(is_whole=True, published=path)
    assert len(folders) > before
    again.close()


def test_the_bytes_are_on_the_disk_before_the_name_is(path, disk, monkeypatch):
    order = []

    def traced(name, module, say):
        real = getattr(module, name)

        def call(*arguments, **options):
            order.append(say(*arguments))
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    def kind(handle):
        return "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"

    path.parent.mkdir()
    one = part(path)
    one.open()
    one.file.write(FILM)
    traced("fsync", os, kind)
    if disk == "links":
        traced("link", os, lambda *_: "name")
    else:
        traced("moved", parts, lambda *_: "name")
    one.publish(overwrite=False)
    assert order == (
        ["file", "name", "folder"] if disk == "links" else ["file", "file", "folder", "name", "folder"]
    )


def test_a_folder_that_is_made_is_on_the_disk_before_its_film_is(tmp_path, monkeypatch):
    flushed = []
    real = files.folder_flushed
    monkeypatch.setattr(files, "folder_flushed", lambda folder: (flushed.append(folder), real(folder)))
    one = part(tmp_path / "a" / "b" / "boat.mp4")
    one.open()
    assert set(flushed) == {tmp_path, tmp_path / "a"}
    one.discard()


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no such links")
def test_a_link_that_somebody_laid_is_not_followed(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path.parent.mkdir()
    one = part(path)
    one.temporary.symlink_to(victim)
    with pytest.raises(StorageFailed):
        one.open()
    assert victim.read_bytes() == b"mine"


# --- leftovers --------------------------------------------------------------------------------------------------


def aged(path):
    for file in path.parent.iterdir():
        os.utime(file, (1000, 1000))


@pytest.mark.parametrize("unfinished", [False, True])
def test_old_leftovers_of_jobs_that_are_over_are_swept(path, unfinished):
    begun(path, FILM[:100])
    aged(path)
    asked = []

    def is_unfinished(job):
        asked.append(job)
        return unfinished

    assert sweep(path.parent, older_than=2000, is_unfinished=is_unfinished) == (0 if unfinished else 2)
    assert set(asked) == {JOB}
    assert len(names(path)) == (2 if unfinished else 0)


def test_young_leftovers_and_other_files_are_left_alone(path):
    begun(path, FILM[:100])
    path.write_bytes(b"film")
    os.utime(path, (1000, 1000))
    assert sweep(path.parent, older_than=2000, is_unfinished=lambda job: False) == 0
    assert len(names(path)) == 3
    assert sweep(path.parent / "nowhere", older_than=2000, is_unfinished=lambda job: False) == 0


def test_what_is_being_written_is_not_swept_however_old(path):
    one = part(path)
    one.open()
    aged(path)
    assert sweep(path.parent, older_than=2000, is_unfinished=lambda job: False) == 0
    one.discard()


def test_sweeping_a_second_name_of_a_film_leaves_the_film(path):
    published(path)
    aged(path)
    assert sweep(path.parent, older_than=2000, is_unfinished=lambda job: False) >= 1
    assert names(path) == ["boat.mp4"]
    assert path.read_bytes() == FILM
