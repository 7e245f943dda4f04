"""What a caller holds in the end."""

import base64

import pytest
from acme.house import tiny_film
from polyreel import results
from polyreel.errors import StorageFailed

PROMPT = 'A <b>paper</b> boat & "puddle"'


@pytest.fixture
def result(house):
    return house.client().generate(PROMPT, model="acme/one", n=2)


def test_a_result_speaks_of_its_first_film(result):
    first = result.videos[0]
    assert len(result.videos) == 2
    assert (result.path, result.url, result.duration, result.size) == (
        first.path,
        first.url,
        first.duration,
        first.size,
    )
    assert result.url == result.path.as_uri()
    assert (result.duration, result.size) == (0.5, (320, 320))
    assert result.bytes() == first.bytes() == tiny_film()
    assert result.warnings == ()
    assert result.cost.basis == "simulated"
    assert result.simulated


def test_a_film_is_saved_whole_and_replaces_nothing_by_itself(result, tmp_path):
    target = tmp_path / "deep" / "boat.mp4"
    assert result.save(target) == target
    assert target.read_bytes() == tiny_film()
    with pytest.raises(StorageFailed, match="exists already"):
        result.save(str(target))
    target.write_bytes(b"old")
    assert result.save(target, overwrite=True) == target
    assert target.read_bytes() == tiny_film()
    assert [path.name for path in target.parent.iterdir()] == ["boat.mp4"]
    assert result.path.exists()


def test_a_film_that_cannot_be_saved_leaves_nothing(result, tmp_path):
    (tmp_path / "a-file").write_text("no folder")
    with pytest.raises(StorageFailed, match="cannot be written"):
        result.save(tmp_path / "a-file" / "boat.mp4")


def test_a_film_that_is_gone_says_so(result, tmp_path):
    result.path.unlink()
    with pytest.raises(StorageFailed, match="cannot be copied"):
        result.save(tmp_path / "boat.mp4")
    assert list(tmp_path.glob("*.mp4")) == []
    assert not list(tmp_path.glob(".polyreel-*"))


def test_a_notebook_shows_the_film(result):
    shown = result._repr_mimebundle_(include=None, exclude=None)
    page = shown["text/html"]
    assert f'src="data:video/mp4;base64,{base64.b64encode(tiny_film()).decode()}"' in page
    assert "simulated, not made by acme/one" in page
    assert "A &lt;b&gt;paper&lt;/b&gt; boat &amp; &quot;puddle&quot;" in page
    assert "<b>" not in page
    assert shown["text/plain"] == repr(result)


def test_a_large_film_is_shown_by_its_address(result, monkeypatch):
    monkeypatch.setattr(results, "EMBEDDED_BYTES", 100)
    page = result._repr_mimebundle_()["text/html"]
    assert f'src="{result.url}"' in page
    assert "base64" not in page


def test_an_unmeasured_film_has_no_size(result):
    film = result.videos[0]
    unmeasured = results.Video(asset=film.asset.model_copy(update={"width": None, "duration": None}))
    assert unmeasured.size is None
    assert unmeasured.duration is None


def test_a_real_film_is_not_called_simulated(tmp_path, house):
    house.real = True
    result = house.client().generate(PROMPT, model="acme/one")
    assert not result.simulated
    assert "simulated" not in result._repr_mimebundle_()["text/html"]
    assert (str(result.cost.amount), result.cost.billed, result.cost.basis) == ("0.20", True, "vendor")
