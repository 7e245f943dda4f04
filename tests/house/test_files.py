"""What stands in files: their length, their leftovers, and the truth of what is generated or written twice."""

import json
import re
import subprocess
import sys
import tomllib

import polyreel
import pytest
from polyreel.client import Client
from polyreel.documents.document import ModelDocument
from polyreel.documents.export import catalogue_files
from polyreel.documents.loading import parsed, strict_document
from polyreel.documents.views.pages import page_files
from polyreel.results import record_schemas

LONGEST = 400
LONG = {
    "core/src/polyreel/hookspecs.py": "every hook with its documentation and example: it is the manual",
}
PRINTS = ("core/src/polyreel/cli/", "core/src/polyreel/simulation/fonts/", "benchmarks/")
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b")
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|tmp|home/\w+)/")


def test_files_are_short(sources):
    long = {source.place: len(source.text.splitlines()) for source in sources}
    long = {place: lines for place, lines in long.items() if lines > LONGEST and place not in LONG}
    assert not long


def test_the_long_files_are_still_long(root):
    for place in LONG:
        assert len((root / place).read_text().splitlines()) > LONGEST, f"{place} needs its exception no more"


def test_nothing_prints_but_the_command_line(sources):
    printing = [
        source.place
        for source in sources
        if not source.place.startswith(PRINTS) and re.search(r"^\s*print\(", _code(source.text), re.MULTILINE)
    ]
    assert not printing


def _code(text):
    return re.sub(r'"""[\s\S]*?"""', "", text)


def test_nothing_is_left_for_later(committed):
    found = [
        f"{place}:{number}"
        for place, text in committed.items()
        if place.endswith((".py", ".md", ".toml", ".json"))
        for number, line in enumerate(text.splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not found


def test_no_machine_is_named(committed):
    """Neither a folder of the machine that a file was written on, nor the package index that it used."""
    index = re.compile("|".join(map(re.escape, _index_hosts())) or r"(?!)")
    found = [
        f"{place}:{number}: {line.strip()[:120]}"
        for place, text in committed.items()
        if "/tests/" not in f"/{place}"
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE.search(line) or index.search(line)
    ]
    assert not found, "\n".join(found)


def _index_hosts():
    """Return hosts and folders of the package indexes that this machine is set up with."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    settings = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    places = re.findall(r"(?:index-url|find-links)='([^']+)'", settings)
    hosts = {
        re.sub(r"^\w+://(?:[^/@]*@)?", "", place).split("/simple")[0] for p in places for place in p.split()
    }
    return sorted(filter(None, hosts))


def test_one_version_everywhere(root):
    manifests = [root / "core" / "pyproject.toml", *root.glob("plugins/*/pyproject.toml")]
    versions = {path.parent.name: tomllib.loads(path.read_text())["project"]["version"] for path in manifests}
    latest = re.search(r"^## \[(.+?)\]", (root / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert set(versions.values()) == {polyreel.__version__} == {latest}, versions


def test_every_plugin_pins_a_range_of_the_core(root):
    for path in root.glob("plugins/*/pyproject.toml"):
        (pin,) = [
            d for d in tomllib.loads(path.read_text())["project"]["dependencies"] if d.startswith("polyreel")
        ]
        assert re.fullmatch(r"polyreel>=\d+\.\d+,<\d+\.\d+", pin), path


def test_every_model_document_is_valid(root):
    paths = sorted(root.glob("plugins/*/src/*/models/**/*.json"))
    assert paths
    for path in paths:
        assert strict_document(parsed(path.read_text(), origin=path.name), origin=path.name)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with Client(store="memory", home=home) as client:
        return list(client.workspace.operations.desk.catalogue.published())


def test_the_published_catalogue_is_fresh(root, published):
    folder = root / "schemas"
    there = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.suffix == ".json"
    }
    assert there == catalogue_files(published, record_schemas()), "run: polyreel schemas export schemas"


def test_the_pages_of_the_models_are_fresh(root, published):
    folder = root / "docs" / "models"
    there = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.md")
    }
    assert there == page_files(published), "run: polyreel schemas pages docs/models"


def test_every_document_is_published(root, published):
    ours = [
        ModelDocument(json=json.loads(path.read_text()))
        for path in root.glob("plugins/*/src/*/models/**/*.json")
    ]
    assert {(d.id, d.surface) for d in published} == {(d.id, d.surface) for d in ours}
    assert len(published) == len(ours)


def test_what_is_generated_in_pages_is_fresh(root, executed):
    """If it fails: ``just generate``."""
    pages = [
        root / "README.md",
        *sorted((root / "docs").glob("*.md")),
        *sorted(root.glob("plugins/*/README.md")),
    ]
    generated = [str(page.relative_to(root)) for page in pages if "[[[cog" in page.read_text()]
    assert "docs/hooks.md" in generated
    executed("cog", "--check", *generated)
