"""From a whole file to its place, however often and whatever is in the way: the same for a folder and for a bucket."""

import pytest
from obstore.store import MemoryStore
from polyreel.errors import StorageFailed
from polyreel.flows import run
from polyreel.storage import objects
from polyreel.storage.deposits import deposit
from polyreel.storage.objects import Bucket
from polyreel.storage.places import Folder, has_same, reading


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    if request.param == "folder":
        return Folder(tmp_path / "films")
    store = MemoryStore()
    return Bucket("s3://memory", lambda media_type, patience: store)


def content(place, name):
    return place.get(name, 0, 10**6)


def put(place, reel, io, *, overwrite=False):
    return run(deposit(place, "a/film.mp4", reel, overwrite=overwrite), io)


def test_a_free_name_is_taken(place, reel, blocking):
    assert put(place, reel(b"film"), blocking) == "a/film.mp4"
    assert content(place, "a/film.mp4") == b"film"


def test_the_same_file_again_changes_nothing(place, reel, blocking):
    film = reel(b"film")
    assert put(place, film, blocking) == put(place, film, blocking) == "a/film.mp4"
    assert place.head("a/film-2.mp4") is None


def test_another_file_of_the_same_length_gets_the_next_name(place, reel, blocking):
    put(place, reel(b"one!"), blocking)
    assert put(place, reel(b"two!"), blocking) == "a/film-2.mp4"
    assert put(place, reel(b"three"), blocking) == "a/film-3.mp4"
    assert [content(place, f"a/film{number}.mp4") for number in ("", "-2", "-3")] == [
        b"one!",
        b"two!",
        b"three",
    ]


def test_a_file_is_replaced_only_when_that_was_asked_for(place, reel, blocking):
    put(place, reel(b"one"), blocking)
    assert put(place, reel(b"two"), blocking, overwrite=True) == "a/film.mp4"
    assert content(place, "a/film.mp4") == b"two"
    assert place.head("a/film-2.mp4") is None


def test_a_kill_between_the_put_and_its_record_leaves_one_file(place, reel):
    """The flow is given up right after the put, and begun anew, as after a kill."""
    film = reel(b"film")
    flow = deposit(place, "a/film.mp4", film, overwrite=False)
    next(flow).function()
    flow.close()
    again = deposit(place, "a/film.mp4", film, overwrite=False)
    assert next(again).function() is False
    with pytest.raises(StopIteration) as stop:
        again.send(again.send(False).function())
    assert stop.value.value == "a/film.mp4"
    assert place.head("a/film-2.mp4") is None


def test_a_name_that_becomes_free_in_between_is_tried_again(place, reel, blocking):
    other, film = reel(b"other"), reel(b"film")
    place.put_if_absent("a/film.mp4", other)
    flow = deposit(place, "a/film.mp4", film, overwrite=False)
    look = flow.send(next(flow).function())
    place.delete("a/film.mp4")
    put_again = flow.send(look.function())
    with pytest.raises(StopIteration) as stop:
        flow.send(put_again.function())
    assert stop.value.value == "a/film.mp4"
    assert content(place, "a/film.mp4") == b"film"


def test_a_film_without_a_digest_is_compared_byte_by_byte(place, reel):
    """What somebody else put there under our name, or S3 copied without what it knew of it."""
    film, other = reel(b"film"), reel(b"mlif")
    if isinstance(place, Bucket):
        import obstore

        obstore.put(place._opened("", objects._ASKING), "film.mp4", b"film")
    else:
        place.put_if_absent("film.mp4", film)
    assert has_same(place, "film.mp4", film) is True
    assert has_same(place, "film.mp4", other) is False
    assert has_same(place, "nothing.mp4", film) is None


def test_parts_of_a_file(place, reel):
    place.put_if_absent("film.mp4", reel(b"0123456789"))
    assert place.get("film.mp4", 2, 5) == b"234"
    assert place.get("film.mp4", 8, 99) == b"89"


def test_a_file_that_is_removed(place, reel):
    place.put_if_absent("film.mp4", reel())
    place.delete("film.mp4")
    place.delete("film.mp4")
    assert place.head("film.mp4") is None


def test_what_is_not_there_cannot_be_read(place, tmp_path):
    with pytest.raises(StorageFailed, match=r"nothing\.mp4 cannot be read"):
        place.get("nothing.mp4", 0, 1)
    with pytest.raises(StorageFailed, match="cannot be read: it is not there any more"):
        list(reading(tmp_path / "nothing.mp4"))


def test_a_place_in_a_folder_is_an_address_of_this_machine(tmp_path, reel):
    folder = Folder(tmp_path)
    folder.put_if_absent("a film.mp4", reel())
    assert folder.presign("a film.mp4", 1).endswith("/a%20film.mp4")


def test_a_name_in_a_folder_that_is_taken_while_a_file_is_copied(tmp_path, reel, monkeypatch):
    """The check before is only to save the copy; what decides is how the file appears."""
    folder = Folder(tmp_path / "films")
    folder.put_if_absent("film.mp4", reel(b"mine"))
    exists = type(tmp_path).exists
    monkeypatch.setattr(type(tmp_path), "exists", lambda path, **_: path.name != "film.mp4" and exists(path))
    assert folder.put_if_absent("film.mp4", reel(b"late")) is False
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["film.mp4"]
    assert content(folder, "film.mp4") == b"mine"


def test_a_folder_that_cannot_be_written(tmp_path, reel):
    (tmp_path / "a-file").write_text("no folder")
    with pytest.raises(StorageFailed, match="a-file"):
        Folder(tmp_path / "a-file").put_if_absent("film.mp4", reel())
