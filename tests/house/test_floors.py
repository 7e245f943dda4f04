"""Who may import whom, and what starting up may cost."""

import re
import subprocess
import sys
import tomllib

HTTP = "core/src/polyreel/http.py"
VENDORS = re.compile(r"(?<![a-z])(sora|veo|openai|google|vertex|bedrock|nova|amazon)(?![a-z])", re.IGNORECASE)
FONTS = "core/src/polyreel/simulation/fonts/"  # whose they are is told there
HEAVY = (
    "aiohttp",
    "httpx",
    "jsonschema",
    "pydantic",
    "pluggy",
    "importlib_metadata",
    "asyncio",
    "av",
    "PIL",
    "click",
    "rich",
)


def test_rooms_import_from_lower_floors_only(executed):
    executed("lint-imports", "--no-cache")


def test_every_plugin_stands_in_the_contracts(root):
    """A new provider is held to the floors too, and the core does not stand on it."""
    linter = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {path.parent.name for path in root.glob("plugins/*/src/*/plugin.py")}
    forbidding = [contract for contract in linter["contracts"] if contract["type"] == "forbidden"]
    assert packages <= set(linter["root_packages"])
    assert packages <= {name for contract in forbidding for name in contract["source_modules"]}
    assert packages <= {name for contract in forbidding for name in contract["forbidden_modules"]}


def test_the_http_library_is_named_in_one_file(sources):
    named = {
        source.place
        for source in sources
        for module, _ in source.imports()
        if module.split(".")[0] == "httpx"
    }
    assert named == {HTTP}


def test_the_simulation_is_imported_only_when_it_is_used(sources):
    """Its importers outside the wing do it inside a function, or for the type checker."""
    for source in sources:
        if (
            source.module.startswith(("polyreel.simulation", "polyreel.testing"))
            or "simulat" in source.path.name
        ):
            continue
        for node in source.tree.body:
            line = source.text.splitlines()[node.lineno - 1]
            assert not line.startswith("from polyreel.simulation"), f"{source.place}:{node.lineno}"


def test_no_vendor_is_named_in_the_core(committed):
    """What one vendor needs is a hook, a document or a setting for all."""
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in committed.items()
        if name.startswith("core/src/") and not name.startswith(FONTS)
        for number, line in enumerate(text.splitlines(), start=1)
        if VENDORS.search(line)
    ]
    assert not found, "\n".join(found)


def test_importing_polyreel_loads_nothing_heavy():
    command = "import sys; before = set(sys.modules); import polyreel; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & set(HEAVY)
    assert {name for name in loaded if name.startswith("polyreel")} == {"polyreel"}, "a plugin was loaded"
