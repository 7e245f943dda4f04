"""Files that appear whole or not at all."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.errors import StorageFailed
from polyreel.storage import files
from polyreel.storage.files import NewFile, destination_problem, readable_name


def filled(path, content=b"film"):
    new = NewFile(path)
    new.open().write(content)
    return new


def test_a_file_appears_only_when_it_is_published(tmp_path):
    path = tmp_path / "deep" / "er" / "film.mp4"
    new = filled(path)
    assert not path.exists()
    assert new.temporary.parent == path.parent
    assert new.publish(overwrite=False) == path
    assert path.read_bytes() == b"film"
    new.discard()
    assert [file.name for file in path.parent.iterdir()] == ["film.mp4"]


def test_a_discarded_file_leaves_nothing(tmp_path):
    new = filled(tmp_path / "film.mp4")
    new.discard()
    new.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_never_opened_can_be_discarded(tmp_path):
    NewFile(tmp_path / "nowhere" / "film.mp4").discard()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_numbered_or_replaced(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"mine")
    assert filled(path, b"2").publish(overwrite=False) == tmp_path / "film-2.mp4"
    assert filled(path, b"3").publish(overwrite=False) == tmp_path / "film-3.mp4"
    assert path.read_bytes() == b"mine"
    assert filled(path, b"4").publish(overwrite=True) == path
    assert path.read_bytes() == b"4"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["film-2.mp4", "film-3.mp4", "film.mp4"]


def test_a_broken_link_is_a_taken_name(tmp_path):
    path = tmp_path / "film.mp4"
    path.symlink_to(tmp_path / "nowhere")
    assert filled(path).publish(overwrite=False) == tmp_path / "film-2.mp4"
    assert path.is_symlink()


def test_a_file_system_without_links(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    path = tmp_path / "film.mp4"
    assert filled(path, b"1").publish(overwrite=False) == path
    assert filled(path, b"2").publish(overwrite=False) == tmp_path / "film-2.mp4"
    assert path.read_bytes() == b"1"


def test_a_folder_that_cannot_be_written(tmp_path):
    blocker = tmp_path / "a-file"
    blocker.write_text("no folder")
    new = NewFile(blocker / "film.mp4")
    with pytest.raises(StorageFailed, match="a-file cannot be written"):
        new.open()
    new.discard()


def test_a_place_that_is_a_folder_cannot_be_replaced(tmp_path):
    (tmp_path / "film.mp4").mkdir()
    new = filled(tmp_path / "film.mp4")
    with pytest.raises(StorageFailed, match=r"film\.mp4 cannot be written"):
        new.publish(overwrite=True)
    new.discard()
    assert [file.name for file in tmp_path.iterdir()] == ["film.mp4"]


# --- before anything is paid --------------------------------------------------------------------------------


def test_a_good_place_has_no_problem_and_nothing_is_left_there(tmp_path):
    assert destination_problem(tmp_path / "new" / "film.mp4", overwrite=False) is None
    assert list((tmp_path / "new").iterdir()) == []


def test_a_place_that_exists(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"mine")
    problem = destination_problem(path, overwrite=False)
    assert problem.parameter == "output"
    assert "exists already" in problem.message
    assert "overwrite=True" in problem.message
    assert destination_problem(path, overwrite=True) is None
    assert path.read_bytes() == b"mine"


def test_a_folder_is_no_file(tmp_path):
    for overwrite in (False, True):
        assert "is a folder; name the file" in destination_problem(tmp_path, overwrite=overwrite).message


def test_a_place_below_a_file(tmp_path):
    (tmp_path / "a-file").write_text("no folder")
    for path in (tmp_path / "a-file" / "film.mp4", tmp_path / "a-file" / "deep" / "film.mp4"):
        assert "cannot be written" in destination_problem(path, overwrite=False).message


def test_a_name_that_no_disk_takes(tmp_path):
    for name in ("x" * 300 + ".mp4", "a\0b.mp4"):
        problem = destination_problem(tmp_path / name, overwrite=False)
        assert problem is not None, name
        assert "cannot be written" in problem.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_only_be_read(tmp_path):
    tmp_path.chmod(0o500)
    assert "cannot be written" in destination_problem(tmp_path / "film.mp4", overwrite=False).message


def test_too_little_room(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROOM", 2**62)
    assert "too little for a film" in destination_problem(tmp_path / "film.mp4", overwrite=False).message


# --- names and leftovers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A paper boat, crossing a puddle!", "a-paper-boat-crossing-a-puddle-1234abcd.mp4"),
        ("../../etc/passwd", "etc-passwd-1234abcd.mp4"),
        ("  ", "film-1234abcd.mp4"),
        ("紙の船", "紙の船-1234abcd.mp4"),
        ("one two three four five six seven", "one-two-three-four-five-six-1234abcd.mp4"),
    ],
)
def test_a_name_is_readable(prompt, name):
    assert readable_name(prompt, "job_00001234abcd") == name


@given(st.text())
def test_a_name_is_one_step_of_a_path_whatever_the_prompt(prompt):
    name = readable_name(prompt, "job_00001234abcd")
    assert name.endswith("-1234abcd.mp4")
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert not name.startswith((".", "-"))
    assert len(name.encode()) < 100
