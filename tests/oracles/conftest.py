"""Media that several oracles send and answer with. What drives and records the SDKs is in ``tests/support/oracle``."""

import shutil

import pytest
from oracle.pictures import picture
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import FilmStudio


@pytest.fixture(scope="session")
def film():
    """Return a film that can be edited, and that can become a character."""
    return render_film(FilmSpec(model="oracle", prompt="A clip", width=1280, height=720, duration=2))


@pytest.fixture(scope="session")
def small_film():
    return render_film(FilmSpec(model="oracle", prompt="", width=128, height=128, duration=0.5))


@pytest.fixture(scope="session")
def media(tmp_path_factory, film):
    """Write the files that both sides send, and return their folder."""
    folder = tmp_path_factory.mktemp("media")
    folder.joinpath("clip.mp4").write_bytes(film)
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")):
        folder.joinpath(f"wide.{suffix}").write_bytes(picture(kind, 1280, 720))
    folder.joinpath("tall.png").write_bytes(picture("PNG", 720, 1280))
    shutil.copy(folder / "wide.png", folder / 'Straße am "Meer" 海.png')
    return folder


@pytest.fixture(scope="session")
def thumbnail():
    return picture("WEBP", 64, 64)


@pytest.fixture(scope="session")
def spritesheet():
    return picture("JPEG", 256, 256)


@pytest.fixture(scope="session")
def quick_studio(small_film, thumbnail, spritesheet):
    """Make every film in no time."""
    return FilmStudio(
        film=lambda _: small_film, thumbnail=lambda _: thumbnail, spritesheet=lambda _: spritesheet
    )


@pytest.fixture(scope="session")
def nobody(tmp_path_factory):
    """Return the home of a user who has no accounts."""
    return tmp_path_factory.mktemp("nobody")
