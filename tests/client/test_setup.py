"""How a client is set up: arguments, environment, and what is refused."""

import json
import logging
from dataclasses import replace

import pytest
from acme.house import acme_plugins
from acme.plugin import DOCUMENT, INFO, Acme, another
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import ConfigurationError, MissingKey, ModelNotFound, ModelRetired, PluginFailed
from polyreel.storage.memory import MemoryStore

MODEL = "openai/sora-2"
PROMPT = "A paper boat crossing a puddle"
AUTUMN = 1_795_500_000.0  # 2026-11-24


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ACME_API_KEY", "POLYREEL_SIMULATE", "POLYREEL_LOG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(("value", "simulates"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_environment_can_ask_for_simulation(value, simulates, monkeypatch):
    monkeypatch.setenv("POLYREEL_SIMULATE", value)
    with Client(store="memory", clock=VirtualClock()) as client:
        assert client.workspace.simulate is simulates
        if simulates:
            assert client.submit(PROMPT, model=MODEL).simulated
        else:
            with pytest.raises(MissingKey):
                client.submit(PROMPT, model=MODEL)


def test_home_is_where_the_environment_or_the_caller_says(tmp_path, simulated):
    with Client(simulate=simulated()) as client:
        assert client.generate(PROMPT, model=MODEL).path.parent == tmp_path / "home" / "videos"
        assert (tmp_path / "home" / "jobs.sqlite3").exists()
    with Client(simulate=simulated(), home=tmp_path / "other") as client:
        assert client.generate(PROMPT, model=MODEL).path.parent == tmp_path / "other" / "videos"


def test_a_store_may_be_a_word_a_path_or_an_object(tmp_path, simulated):
    path = tmp_path / "mine.sqlite3"
    for store in (path, str(path)):
        with Client(simulate=simulated(), store=store) as client:
            client.submit(PROMPT, model=MODEL)
    with Client(simulate=simulated(), store=path) as client:
        assert len(client.list_jobs()) == 2
    own = MemoryStore()
    with Client(simulate=simulated(), store=own) as client:
        job = client.submit(PROMPT, model=MODEL)
    assert own.get(job.id) == job
    assert not (tmp_path / "home" / "jobs.sqlite3").exists()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_gateways_key_alone_is_accepted_and_said_to_be_useless(kind, caplog, simulated):
    client = kind(api_key="your_api_key", simulate=simulated(), store="memory")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "api_keys=" in record.getMessage()
    assert "your_api_key" not in caplog.text
    assert "your_api_key" not in repr(client.workspace)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_gateway_is_refused_until_there_is_one(kind):
    with pytest.raises(ConfigurationError, match="comes with the gateway") as caught:
        kind(api_key="your_api_key", base_url="https://gateway.example")
    assert "your_api_key" not in str(caught.value)


def test_a_missing_key_names_every_way_to_give_it(simulated):
    with Client(store="memory", plugins=acme_plugins()) as client, pytest.raises(MissingKey) as caught:
        client.generate(PROMPT, model="acme/one")
    for way in ("ACME_API_KEY", "api_keys={'acme'", "[providers.acme]", "config.toml", "--simulate"):
        assert way in str(caught.value)
    assert caught.value.provider == "acme"
    assert caught.value.variables == ("ACME_API_KEY",)


def test_everything_else_is_refused_before_a_missing_key(simulated):
    # Whoever tries a model out learns what is wrong with a request without having a key.
    with Client(store="memory", plugins=acme_plugins()) as client:
        assert not client.check(PROMPT, model="acme/one", duration=3).ok
        assert client.dry_run(PROMPT, model="acme/one").requests
        with pytest.raises(ModelNotFound):
            client.generate(PROMPT, model="acme/two")
        assert client.list_jobs() == []


def test_a_retired_model_ends_before_any_network_with_what_to_do():
    clock = VirtualClock(start=AUTUMN)
    with Client(store="memory", clock=clock, api_keys={"openai": "sk-0123456789"}) as client:
        with pytest.raises(ModelRetired) as caught:
            client.generate(PROMPT, model=MODEL)
        message = str(caught.value)
        for word in ("2026-09-24", "source: https://", "base URL", "simulate", "Nothing was sent"):
            assert word in message
        assert caught.value.retired_on == "2026-09-24"
        assert caught.value.replacements
        assert caught.value.sources
        with pytest.raises(ModelRetired):
            client.check(PROMPT, model=MODEL)
        # It is not retired where somebody else still serves it.
    elsewhere = {"openai": {"base_url": "http://127.0.0.1:9/v1"}}
    with Client(store="memory", clock=clock, settings=elsewhere) as client:
        assert client.check(PROMPT, model=MODEL).ok


def test_a_retired_model_still_simulates_with_a_warning(simulated):
    with Client(store="memory", simulate=simulated(clock=VirtualClock(start=AUTUMN))) as client:
        result = client.generate(PROMPT, model=MODEL)
    assert [notice.parameter for notice in result.warnings] == ["model"]
    assert "shut down on 2026-09-24" in str(result.warnings[0])


def test_a_model_that_ends_soon_is_used_with_a_warning(simulated):
    class Ending(Acme):
        documents = (another("two", stage="deprecated", retires_on="2026-03-01", replaced_by=["acme/one"]),)

    with Client(store="memory", simulate=simulated(), plugins=acme_plugins(Ending())) as client:
        (notice,) = client.check(PROMPT, model="acme/two").warnings
    assert "ends on 2026-03-01 (59 days left). Use acme/one instead" in str(notice)


def test_a_bare_name_and_an_alias_find_their_model(tmp_path, simulated):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text('[aliases]\nboat = "openai/sora-2-pro"\n')
    with Client(store="memory", simulate=simulated()) as client:
        assert client.check(PROMPT, model="boat").model == "openai/sora-2-pro"
        assert client.check(PROMPT, model="sora-2").model == MODEL


def test_a_name_of_several_providers_must_be_written_out(simulated):
    class Zeta(Acme):
        info = replace(INFO, id="zeta")
        documents = ({**another("one"), "x-model": another("one", provider="zeta")["x-model"]},)

    plugins = acme_plugins()
    plugins.add_provider("zeta", Zeta())
    with Client(store="memory", simulate=simulated(), plugins=plugins) as client:
        with pytest.raises(ModelNotFound, match="several providers have 'one'") as caught:
            client.check(PROMPT, model="one")
        assert caught.value.suggestions == ("acme/one", "zeta/one")


def test_a_corrected_document_of_the_users_wins(tmp_path, simulated):
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    corrected = json.loads(json.dumps(DOCUMENT))
    corrected["properties"]["duration"]["enum"] = [2, 4, 8, 16]
    (folder / "one.json").write_text(json.dumps(corrected))
    with Client(store="memory", simulate=simulated(), plugins=acme_plugins()) as client:
        assert client.check(PROMPT, model="acme/one", duration=16).ok
        assert client.model("acme/one").properties["duration"]["enum"][-1] == 16
    (folder / "one.json").write_text('{"title": "half"}')
    with (
        Client(store="memory", simulate=simulated(), plugins=acme_plugins()) as client,
        pytest.raises(ConfigurationError, match=r"one\.json is not valid"),
    ):
        client.check(PROMPT, model="acme/one")


def test_a_disabled_provider_is_as_if_it_were_not_installed(monkeypatch):
    monkeypatch.setenv("POLYREEL_DISABLE_PLUGINS", "openai")
    with Client(store="memory") as client, pytest.raises(ModelNotFound, match="no provider 'openai'"):
        client.check(PROMPT, model=MODEL)


def test_a_broken_provider_is_said_to_be_broken():
    class Broken(Acme):
        poll = None

    plugins = acme_plugins()
    with pytest.raises(PluginFailed):
        plugins.add_provider("zeta", Broken())
    with Client(store="memory", plugins=plugins) as client, pytest.raises(PluginFailed, match="hooks poll"):
        client.check(PROMPT, model="zeta/one")


def test_the_log_goes_where_it_is_asked_to(monkeypatch, capsys):
    logger = logging.getLogger("polyreel")
    before = logger.handlers[:], logger.level
    try:
        monkeypatch.setenv("POLYREEL_LOG", "debug")
        for _ in range(2):
            Client(store="memory").close()
        assert len(logger.handlers) == len(before[0]) + 1
        logging.getLogger("polyreel.http").debug("Authorization: Bearer %s", "sk-0123456789abcdef")
        written = capsys.readouterr().err
        assert "Authorization: Bearer ********" in written
        assert "0123456789" not in written
    finally:
        logger.handlers[:], level = before
        logger.setLevel(level)
