"""Which plugins there are, found without importing any of them."""

import subprocess
import sys

import importlib_metadata
import pytest
from acme.plugin import Acme, FullAcme
from polyreel.errors import ModelNotFound, PluginFailed
from polyreel.plugins import EXTENSIONS, PROVIDERS, Plugins, installed_entry_points


def test_listing_imports_nothing(point, installed):
    points = [point("zeta", Acme(), "zeta.plugin"), point("acme", Acme(), "acme.plugin")]
    plugins = installed(*points)
    assert plugins.provider_ids == ("acme", "zeta")
    assert plugins.target("zeta") == "zeta.plugin"
    assert plugins.target("nobody") == ""
    assert [each.loads for each in points] == [0, 0]
    assert plugins.failures == ()


def test_a_provider_is_imported_when_it_is_used_and_only_once(point, installed):
    used, unused = point("acme", FullAcme()), point("zeta", Acme())
    plugins = installed(used, unused)
    first = plugins.provider("acme")
    assert plugins.provider("acme") is first
    assert (used.loads, unused.loads) == (1, 0)
    assert set(plugins.loaded) == {"acme"}


def test_the_installed_providers_are_listed_without_being_imported():
    code = (
        "import sys\n"
        "from polyreel.plugins import Plugins\n"
        "ids = Plugins.of_machine({}).provider_ids\n"
        "print(ids, 'polyreel_openai_sora' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'openai'" in done.stdout
    assert done.stdout.strip().endswith("False")


def test_entry_points_are_read_with_importlib_metadata(monkeypatch):
    point = importlib_metadata.EntryPoint(name="acme", value="acme.plugin", group=PROVIDERS)
    asked = []

    def entry_points(*, group):
        asked.append(group)
        return [point] if group == PROVIDERS else []

    monkeypatch.setattr(importlib_metadata, "entry_points", entry_points)
    plugins = Plugins()
    plugins.load_extensions()
    assert plugins.provider("acme").info.title == "Acme Films"
    assert sorted(asked) == sorted([PROVIDERS, EXTENSIONS])
    assert list(installed_entry_points(EXTENSIONS)) == []


def test_names_can_be_blocked(point, installed):
    blocked = point("acme", Acme())
    plugins = installed(blocked, point("zeta", Acme()), disabled=["acme"])
    assert plugins.provider_ids == ("zeta",)
    with pytest.raises(ModelNotFound, match="no provider 'acme' is installed"):
        plugins.provider("acme")
    assert blocked.loads == 0


def test_only_named_plugins_may_be_allowed(point, installed):
    extension, allowed = point("watcher", object()), point("tracer", object())
    plugins = installed(
        point("acme", Acme()), point("zeta", Acme()), extensions=[extension, allowed], only=["zeta", "tracer"]
    )
    plugins.load_extensions()
    assert plugins.provider_ids == ("zeta",)
    assert (extension.loads, allowed.loads) == (0, 1)


@pytest.mark.parametrize(
    ("environ", "disabled", "only", "strict"),
    [
        ({}, (), None, False),
        ({"POLYREEL_DISABLE_PLUGINS": "acme, zeta,,"}, {"acme", "zeta"}, None, False),
        ({"POLYREEL_PLUGINS": "acme"}, (), {"acme"}, False),
        ({"POLYREEL_PLUGINS": ""}, (), (), False),
        ({"POLYREEL_STRICT": "1"}, (), None, True),
        ({"POLYREEL_STRICT": "0"}, (), None, False),
    ],
)
def test_the_environment_restricts_them(environ, disabled, only, strict):
    plugins = Plugins.of_machine(environ)
    assert plugins._disabled == frozenset(disabled)
    assert plugins._only == (None if only is None else frozenset(only))
    assert plugins.strict is strict


def test_an_unknown_provider_is_answered_with_the_nearest_name(point, installed):
    plugins = installed(point("acme", Acme()), point("zeta", Acme()))
    with pytest.raises(ModelNotFound) as caught:
        plugins.provider("acne")
    assert "did you mean 'acme'?" in str(caught.value)
    assert "installed: acme, zeta" in str(caught.value)
    assert caught.value.suggestions == ("acme",)
    with pytest.raises(ModelNotFound, match="installed: none"):
        installed().provider("acme")


def test_a_provider_that_was_handed_in_counts_as_installed(installed, full):
    plugins = installed()
    plugins.add_provider("acme", full)
    assert plugins.provider_ids == ("acme",)
    assert plugins.provider("acme").plugin is full


def test_the_same_entry_point_twice_is_one_plugin(point, installed, full):
    # A path that is on sys.path twice lists each distribution twice.
    plugins = installed(point("acme", full, "acme.plugin"), point("acme", full, "acme.plugin"))
    assert plugins.provider("acme").id == "acme"
    assert plugins.failures == ()


def test_two_packages_with_one_id_are_both_named_and_neither_is_taken(point, installed, full):
    one, other = point("acme", full, "one.plugin"), point("acme", full, "other.plugin")
    plugins = installed(one, other, point("zeta", Acme()))
    with pytest.raises(PluginFailed) as caught:
        plugins.provider("acme")
    assert "one.plugin and other.plugin" in str(caught.value)
    assert "uninstall one" in str(caught.value)
    assert caught.value.phase == "discovery"
    assert (one.loads, other.loads) == (0, 0)
    assert [failure.phase for failure in plugins.failures] == ["discovery"]


def test_two_packages_with_a_blocked_id_are_no_failure(point, installed, full):
    plugins = installed(
        point("acme", full, "one.plugin"), point("acme", full, "other.plugin"), disabled=["acme"]
    )
    assert plugins.provider_ids == ()
    assert plugins.failures == ()
