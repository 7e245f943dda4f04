"""Providers and extensions as they are installed: good ones, and ones that break."""

import re
import sys

import pytest

MODEL = "openai/sora-2"
KEY = "sk-proj-0123456789abcdefWXYZ"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package that is one module with one entry point."""
    site = tmp_path / "site"
    site.mkdir()
    modules = []
    monkeypatch.syspath_prepend(str(site))

    def install(name, group, source, *, version="1.2"):
        module = f"fake_{name}"
        modules.append(module)
        (site / f"{module}.py").write_text(source)
        record = site / f"{module}-{version}.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: polyreel-{name}\nVersion: {version}\n"
        )
        (record / "entry_points.txt").write_text(f"[polyreel.{group}]\n{name} = {module}\n")

    yield install
    for module in modules:
        sys.modules.pop(module, None)


HELLO = """
import click
from polyreel.hookspecs import hookimpl

@hookimpl
def register_commands(cli):
    @cli.command()
    @click.option("--name", default="you")
    def hello(name):
        "Greet somebody."
        click.echo(f"hello {name}")

    @cli.command("generate")
    def stolen():
        "Take a verb over."
        click.echo("stolen")
"""


def test_an_extensions_verb_works_and_is_listed(run, install):
    install("greeter", "extensions", HELLO)
    assert run("hello", "--name", "boat").out == "hello boat\n"
    page = run("--help")
    assert page.code == 0
    assert "hello      Greet somebody." in page.out
    assert page.err == ""


def test_no_extension_replaces_a_verb(run, install):
    install("greeter", "extensions", HELLO)
    assert "stolen" not in run("generate", "--help").out
    assert run("--help").out.count("  generate ") == 1


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('at import')",
        "from polyreel.hookspecs import hookimpl\n@hookimpl\ndef register_commands(cli):\n    raise RuntimeError('in hook')",
        "from polyreel.hookspecs import hookimpl\n@hookimpl\ndef registre_commands(cli): ...",
    ],
)
def test_a_broken_extension_takes_nothing_down(run, install, source):
    install("greeter", "extensions", HELLO)
    install("broken", "extensions", source)
    page = run("--help")
    assert page.code == 0
    assert "Greet somebody." in page.out
    assert "warning: the extension 'broken' failed" in page.err
    assert run("hello").out == "hello you\n"
    assert run("--version").code == 0
    listed = {plugin["id"]: plugin for plugin in run("providers", "--json").json}
    assert listed["broken"]["state"] == "failed"
    assert listed["greeter"]["state"] == "loaded"
    assert listed["openai"]["state"] == "loaded"


def test_an_extension_that_raises_under_its_verb_is_one_line(run, install):
    source = HELLO.replace('click.echo(f"hello {name}")', "raise ValueError('boom')")
    install("greeter", "extensions", source)
    result = run("hello")
    assert result.code == 1
    assert result.err.startswith("error: unexpected ValueError: boom")


def shown(run, name):
    (provider,) = [shown for shown in run("providers", "--json").json if shown["id"] == name]
    return provider


def test_a_provider_is_shown_with_package_hooks_and_settings(run):
    provider = shown(run, "openai")
    assert (provider["state"], provider["problem"]) == ("loaded", None)
    assert provider["package"] == "polyreel-openai-sora 0.1.0"
    assert {"cancel", "simulator", "upload"} <= set(provider["hooks"])
    assert "submit" not in provider["hooks"]
    assert provider["base_url"] == "https://api.openai.com/v1"
    assert provider["missing"] == ["api_key"]


def test_a_key_is_shown_by_where_it_was_found_never_by_its_value(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for args in (["providers"], ["providers", "--json"], ["doctor"], ["doctor", "--json"]):
        result = run(*args)
        assert "environment OPENAI_API_KEY" in result.out
        assert KEY[:-4] not in result.out + result.err
    assert "…WXYZ" in run("doctor").out
    assert "WXYZ" not in run("providers").out


@pytest.mark.parametrize(
    ("source", "phase"),
    [
        ("raise RuntimeError('at import')", "import: RuntimeError: at import"),
        ("", "contract: ConfigurationError: it lacks the required hooks"),
        ("from polyreel.hookspecs import hookimpl\n@hookimpl\ndef submitt(task): ...", "register: "),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_a_broken_provider_is_shown_with_phase_and_message(run, install, monkeypatch, source, phase, strict):
    if strict:
        monkeypatch.setenv("POLYREEL_STRICT", "1")
        phase = phase.partition(": ")[2]
    install("acme", "providers", source)
    result = run("providers")
    assert result.code == 0
    assert "acme: provider [polyreel-acme 1.2], failed" in result.out
    assert f"  problem: {phase}" in result.out
    assert "openai: OpenAI" in result.out


def test_a_broken_provider_leaves_the_others_their_models(run, install):
    install("acme", "providers", "raise RuntimeError('at import')")
    result = run("models")
    assert "openai/sora-2" in result.out
    assert "warning: the plugin 'acme' is disabled; see 'polyreel providers'" in result.err
    used = run("generate", "A boat", "-m", "acme/film", "--json")
    assert (used.code, used.json["error"]["type"]) == (1, "PluginFailed")


def test_a_disabled_provider(run, monkeypatch):
    monkeypatch.setenv("POLYREEL_DISABLE_PLUGINS", "openai")
    assert shown(run, "openai")["state"] == "disabled"
    assert shown(run, "google")["state"] == "loaded"


def test_providers_survive_wrong_settings(run, monkeypatch, tmp_path):
    monkeypatch.setenv("POLYREEL_OPENAI_PROFILE", "nonsense")
    assert "problem: openai: profile='nonsense'" in run("providers").out
    monkeypatch.delenv("POLYREEL_OPENAI_PROFILE")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("[")
    assert "is no valid TOML" in run("providers").out


def subjects(result):
    return {finding["subject"]: finding for finding in result.json["findings"]}


def test_the_doctor_finds_everything_in_order(run, tmp_path):
    result = run("doctor", "--json")
    assert (result.code, result.json["ok"]) == (0, True)
    found = subjects(result)
    assert {"python", "polyreel", "extra cli", "home", "configuration", "jobs", "models"} <= set(found)
    assert str(tmp_path / "home") in found["home"]["message"]
    assert re.fullmatch(r"\d\d, of which \d\d are retired", found["models"]["message"])
    assert "not set: api_key" in found["provider openai"]["message"]


def test_the_doctor_sees_unfinished_jobs(run, simulated):
    simulated("--no-wait")
    assert subjects(run("doctor", "--json"))["jobs"]["message"].startswith("1 unfinished")


def test_the_doctor_sees_old_facts(run, quick):
    quick.advance(86400 * 365)
    messages = [f["message"] for f in run("doctor", "--json").json["findings"] if f["subject"] == "models"]
    assert any(re.match(r"facts older than 90 days: .*openai/sora-2", message) for message in messages)


def test_the_doctor_sees_a_file_that_others_can_read(run, tmp_path):
    (tmp_path / "home").mkdir()
    file = tmp_path / "home" / "config.toml"
    file.write_text("")
    file.chmod(0o644)
    assert "chmod 600" in subjects(run("doctor", "--json"))["configuration"]["message"]
    file.chmod(0o600)
    assert subjects(run("doctor", "--json"))["configuration"]["state"] == "ok"


@pytest.mark.parametrize("trouble", ["home", "configuration", "provider", "store"])
def test_the_doctor_says_what_is_broken(run, tmp_path, monkeypatch, install, trouble):
    home = tmp_path / "home"
    if trouble == "home":
        monkeypatch.setenv("POLYREEL_HOME", "/proc/nowhere")
    elif trouble == "provider":
        install("acme", "providers", "raise RuntimeError('at import')")
    else:
        home.mkdir()
        (home / {"configuration": "config.toml", "store": "jobs.sqlite3"}[trouble]).write_text(
            "[ nonsense " * 99
        )
    result = run("doctor")
    assert result.code == 1
    assert "BROKEN" in result.out
    assert subjects(run("doctor", "--json"))["python"]["state"] == "ok"
