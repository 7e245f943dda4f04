"""A third party's provider says what to look for, and its models can be moved from and to."""

import copy
import json

import pytest
from acme.house import acme_plugins
from acme.plugin import DOCUMENT, Acme
from polyreel.client import Client
from polyreel.errors import PluginFailed
from polyreel.hookspecs import hookimpl
from polyreel.scanning.advice import Adviser
from polyreel.scanning.claims import claims_of
from polyreel.types.foreign import ForeignCall, ForeignParameter

FILMS = ForeignCall(
    packages=("filmlib",),
    calls=("films.create",),
    positional=("prompt",),
    prefixes=("acme:",),
    parameters=(
        ForeignParameter(name="prompt", path="prompt"),
        ForeignParameter(name="duration", path="options.length", reads="seconds"),
        ForeignParameter(name="size", path="options.shape", values={"wide": "640x320"}),
        ForeignParameter(name="n", path="options.count"),
        ForeignParameter(name="input_image", path="frames.*.file"),
        ForeignParameter(name="input_image", path="frame", attribute="content"),
    ),
    ignored=("wait",),
)
OLD = copy.deepcopy(DOCUMENT)
OLD["$id"] = "urn:polyreel:model:acme/zero"
OLD["deprecated"] = True
OLD["x-model"] |= {
    "native_id": "zero",
    "stage": "retired",
    "retires_on": "2026-01-01",
    "replaced_by": ["acme/one"],
    "aliases": ["nought"],
}


class Filmlib(Acme):
    @hookimpl
    def list_models(self):
        return [DOCUMENT, OLD]

    @hookimpl
    def foreign_calls(self):
        return [FILMS]


class Broken(Acme):
    @hookimpl
    def foreign_calls(self):
        raise LookupError("no calls today")


class Strange(Acme):
    @hookimpl
    def foreign_calls(self):
        return ["films.create"]


@pytest.fixture
def desk_of(tmp_path):
    clients = []

    def desk_of(provider):
        clients.append(
            Client(plugins=acme_plugins(provider), simulate=True, store="memory", home=tmp_path / "home")
        )
        return clients[-1].workspace.operations.desk

    yield desk_of
    for client in clients:
        client.close()


@pytest.fixture
def asked(desk_of, scan, write):
    """Scan for the calls of the third party; the findings."""
    desk = desk_of(Filmlib())
    claims, broken = claims_of(desk.plugins, desk.catalogue)
    assert not broken

    def asked(text, **options):
        return scan(
            write("main.py", f"import filmlib\n{text}\n"), looking_for=claims, desk=desk, **options
        ).findings

    return asked


@pytest.mark.parametrize("name", ["zero", "nought", "acme:zero"])
def test_a_model_is_known_by_each_of_its_names(asked, name):
    (finding,) = asked(f'filmlib.Client().films.create("x", model="{name}")')
    assert (finding.document, finding.stand) == ("acme/zero", "retired")


def test_the_whole_way_to_a_call_of_polyreel(asked):
    (finding,) = asked(
        'filmlib.Client().films.create("x", model="zero", wait=True, mood="dark", '
        'options={"length": "8s", "shape": "wide", "count": few, "grain": 3}, frame=shot)'
    )
    assert finding.replacement.call == (
        'polyreel.generate("x", model="acme/one", duration=8, size="640x320", input_image=shot.content, n=few)'
    )
    assert finding.replacement.remarks == (
        "n=few is only known when the program runs; polyreel checks it then",
        "mood has no counterpart and is left out",
        "options.grain has no counterpart and is left out",
    )


def test_a_computed_length_is_read_as_seconds(asked):
    (finding,) = asked('filmlib.films.create("x", model="zero", options=dict(length=f"{n}s"))')
    assert 'duration=int(str(f"{n}s").rstrip("s"))' in finding.replacement.call


def test_without_a_living_model_nothing_is_advised(desk_of, scan, write):
    class Lonely(Filmlib):
        @hookimpl
        def list_models(self):
            return [OLD]

    desk = desk_of(Lonely())
    claims, _ = claims_of(desk.plugins, desk.catalogue)
    path = write("main.py", 'import filmlib\nfilmlib.films.create("x", model="zero")')
    (finding,) = scan(path, looking_for=claims, desk=desk).findings
    assert (finding.stand, finding.replacement) == ("retired", None)


@pytest.mark.parametrize("provider", [Broken(), Strange()], ids=["raises", "gives something else"])
def test_a_provider_that_cannot_tell_keeps_no_other_from_it(desk_of, provider):
    desk = desk_of(provider)
    claims, broken = claims_of(desk.plugins, desk.catalogue)
    assert not claims
    assert isinstance(broken[0], PluginFailed)
    assert "foreign_calls" in str(broken[0])


def test_the_users_corrected_document_decides(desk_of, tmp_path, scan, write):
    corrected = copy.deepcopy(OLD)
    corrected["x-model"]["retires_on"] = "2027-01-01"
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    folder.joinpath("zero.json").write_text(json.dumps(corrected))
    desk = desk_of(Filmlib())
    claims, _ = claims_of(desk.plugins, desk.catalogue)
    (finding,) = scan(
        write("a.py", 'import filmlib\nfilmlib.films.create("x", model="zero")'),
        looking_for=claims,
        desk=desk,
    ).findings
    assert finding.stand != "retired"


def test_the_same_request_is_advised_once(desk, claims, scan, write, monkeypatch):
    """A project may ask for the same a thousand times; the models are not ranked anew for each."""
    asked = []
    best = Adviser._best
    monkeypatch.setattr(Adviser, "_best", lambda *arguments: asked.append(1) or best(*arguments))
    write("a.py", "import openai\n" + "openai.videos.create(model='sora-2', prompt=p)\n" * 20)
    assert len({finding.replacement.call for finding in scan().findings}) == 1
    assert asked == [1]
