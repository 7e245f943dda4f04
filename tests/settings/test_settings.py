import dataclasses
import os
import pathlib
import sys

import platformdirs.macos
import platformdirs.unix
import platformdirs.windows
import pytest
from polyreel.errors import ConfigurationError, MissingKey
from polyreel.redaction import Secret
from polyreel.settings import Configuration, default_home
from polyreel.types.provider import ProviderInfo, Setting

CANARY = "canary-setting-77d1"


def info(*settings, provider="acme-labs"):
    return ProviderInfo(
        id=provider, title="Acme", api=1, documentation="https://acme.example", settings=settings
    )


KEY = Setting(
    name="api_key",
    description="The key.",
    environment=("ACME_KEY", "ACME_OLD_KEY"),
    secret=True,
    required=True,
)
PROFILE = Setting(name="profile", description="The dialect.", default="plain", choices=("plain", "fancy"))
REGION = Setting(name="region", description="Where.", environment=("ACME_REGION",))
ACME = info(KEY, PROFILE, REGION)


@pytest.fixture
def configure(tmp_path):
    def configure(toml=None, *, environ=None, arguments=None):
        if toml is not None:
            (tmp_path / "config.toml").write_text(toml, encoding="utf-8")
        return Configuration(home=tmp_path, environ=environ or {}, arguments=arguments or {})

    return configure


# --- which one wins ----------------------------------------------------------------------------------------------------

SOURCES = {
    "argument": {"arguments": {"acme-labs": {"region": "argument"}}},
    "environment POLYREEL_ACME_LABS_REGION": {"environ": {"POLYREEL_ACME_LABS_REGION": "own"}},
    "environment ACME_REGION": {"environ": {"ACME_REGION": "vendor"}},
    "file": {"toml": '[providers.acme-labs]\nregion = "file"\n'},
}
FOUND = ["argument", "own", "vendor", "file"]


@pytest.mark.parametrize("first", range(4))
def test_argument_then_own_variable_then_the_vendors_then_the_file(configure, tmp_path, first):
    given = {"environ": {}, "arguments": {}, "toml": ""}
    for source in list(SOURCES.values())[first:]:
        for kind, value in source.items():
            given[kind] = {**given[kind], **value} if isinstance(value, dict) else value
    settings = configure(given.pop("toml"), **given).resolve(ACME)
    assert settings.get("region") == FOUND[first]
    expected = list(SOURCES)[first]
    assert settings.sources["region"] == (str(tmp_path / "config.toml") if expected == "file" else expected)


def test_the_default_comes_last_and_what_has_none_is_absent(configure):
    settings = configure().resolve(ACME)
    assert settings.values == {"profile": "plain"}
    assert settings.sources == {"profile": "default"}
    assert settings.get("region") == ""
    assert settings.get("region", "eu") == "eu"
    assert settings.secret("api_key") is None


def test_the_vendors_variables_are_looked_at_in_order(configure):
    both = {"ACME_OLD_KEY": "old-key", "ACME_KEY": "new-key"}
    assert configure(environ=both).resolve(ACME).secret("api_key") == Secret("new-key")
    assert configure(environ={"ACME_OLD_KEY": "old-key"}).resolve(ACME).secret("api_key") == Secret("old-key")


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_variable_is_none(configure, empty):
    settings = configure(environ={"ACME_KEY": empty, "ACME_OLD_KEY": " spaced \n"}).resolve(ACME)
    assert settings.secret("api_key").reveal() == "spaced"


def test_an_empty_argument_is_none(configure):
    settings = configure(environ={"ACME_REGION": "eu"}, arguments={"acme-labs": {"region": ""}}).resolve(ACME)
    assert settings.get("region") == "eu"


def test_another_providers_settings_are_not_taken(configure):
    configuration = configure('[providers.other]\nregion = "x"\n', arguments={"other": {"region": "y"}})
    assert configuration.resolve(ACME).get("region") == ""


def test_a_number_in_the_file_is_text(configure):
    assert configure("[providers.acme-labs]\nregion = 7\n").resolve(ACME).get("region") == "7"


# --- choices, keys, frozen settings --------------------------------------------------------------------------------------


def test_a_value_that_is_no_choice_is_refused_with_its_source(configure):
    with pytest.raises(ConfigurationError) as caught:
        configure(environ={"POLYREEL_ACME_LABS_PROFILE": "odd"}).resolve(ACME)
    assert str(caught.value) == (
        "acme-labs: profile='odd' (from environment POLYREEL_ACME_LABS_PROFILE) is not one of plain, fancy"
    )
    assert configure(environ={"POLYREEL_ACME_LABS_PROFILE": "fancy"}).resolve(ACME).get("profile") == "fancy"


def test_a_key_is_a_secret_and_is_never_shown(configure):
    configuration = configure(environ={"ACME_KEY": CANARY}, arguments={"acme-labs": {"api_key": CANARY}})
    settings = configuration.resolve(ACME)
    assert settings.secret("api_key").reveal() == CANARY
    assert settings.get("api_key") == ""
    for shown in (repr(settings), repr(configuration), str(dataclasses.asdict(ACME)), str(settings.sources)):
        assert CANARY not in shown


def test_what_is_stored_with_a_job_holds_no_key(configure):
    settings = configure(environ={"ACME_KEY": CANARY, "ACME_REGION": "eu"}).resolve(ACME)
    assert settings.frozen == {"profile": "plain", "region": "eu"}
    assert settings.secret("region") is None


def test_stored_settings_win_and_the_key_is_looked_up_again(configure):
    configuration = configure(
        environ={"ACME_KEY": CANARY, "ACME_REGION": "eu"},
        arguments={"acme-labs": {"region": "us", "profile": "plain"}},
    )
    settings = configuration.resolve(ACME, frozen={"region": "asia", "profile": "fancy"})
    assert (settings.get("region"), settings.get("profile")) == ("asia", "fancy")
    assert settings.sources["region"] == "the job's record"
    assert settings.secret("api_key").reveal() == CANARY
    assert configuration.resolve(ACME, frozen={}).get("region") == "us"


def test_a_missing_key_names_every_way_to_give_it(configure, tmp_path):
    configuration = configure()
    with pytest.raises(MissingKey) as caught:
        configuration.require(ACME, configuration.resolve(ACME))
    message = str(caught.value)
    for way in (
        "Acme needs api_key",
        "the environment variable ACME_KEY",
        "api_keys={'acme-labs': ...}",
        "[providers.acme-labs]",
        str(tmp_path / "config.toml"),
        "simulate=True (--simulate)",
    ):
        assert way in message
    assert caught.value.provider == "acme-labs"
    assert caught.value.variables == ("ACME_KEY", "ACME_OLD_KEY")


def test_the_variable_that_a_missing_key_names_is_one_that_is_read(configure):
    acme = info(dataclasses.replace(KEY, environment=()))
    configuration = configure()
    with pytest.raises(MissingKey) as caught:
        configuration.require(acme, configuration.resolve(acme))
    (variable,) = caught.value.variables
    configuration = configure(environ={variable: "a-key-for-it"})
    configuration.require(acme, configuration.resolve(acme))


def test_a_key_that_is_there_is_enough(configure):
    configuration = configure(environ={"ACME_KEY": CANARY})
    configuration.require(ACME, configuration.resolve(ACME))


# --- the file --------------------------------------------------------------------------------------------------------------


def test_no_file_is_an_empty_one(configure):
    assert configure().table == {}


def test_the_file_is_read_once(configure, tmp_path):
    configuration = configure('[aliases]\nfast = "acme/fast"\n')
    assert configuration.table == {"aliases": {"fast": "acme/fast"}}
    (tmp_path / "config.toml").unlink()
    assert configuration.table["aliases"] == {"fast": "acme/fast"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a = 1\nb = ]\n", r"is no valid TOML: .*line 2"),
        (b"a = 1\na = 2\n", "is no valid TOML"),
        (b'region = "\xe4"', "is not UTF-8"),
        (b"providers = 3\n", r"providers must be a table: \[providers\]"),
        (b'aliases = "fast"\n', r"aliases must be a table: \[aliases\]"),
        (
            b'[providers]\nacme-labs = "key"\n',
            r"providers\.acme-labs must be a table: \[providers\.acme-labs\]",
        ),
    ],
)
def test_a_file_that_says_nothing_sensible_is_named(tmp_path, content, reason):
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        Configuration(home=tmp_path).resolve(ACME)
    assert str(tmp_path / "config.toml") in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"config\.toml cannot be read: Is a directory"):
        _ = Configuration(home=tmp_path).table


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("mode", "readable"), [(0o600, False), (0o700, False), (0o640, True), (0o604, True), (0o644, True)]
)
def test_a_file_that_others_can_read_is_noticed(configure, tmp_path, mode, readable):
    configuration = configure("")
    (tmp_path / "config.toml").chmod(mode)
    assert configuration.file_is_readable_by_others is readable


def test_no_file_is_readable_by_nobody(configure):
    assert configure().file_is_readable_by_others is False


# --- the folder --------------------------------------------------------------------------------------------------------------


def test_the_folder_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path))
    monkeypatch.setenv("ACME_REGION", "eu")
    configuration = Configuration.of_machine(arguments={"acme-labs": {"profile": "fancy"}})
    assert configuration.home == tmp_path
    assert configuration.file == tmp_path / "config.toml"
    assert configuration.resolve(ACME).frozen == {"profile": "fancy", "region": "eu"}
    assert Configuration.of_machine(home=str(tmp_path / "other")).home == tmp_path / "other"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Configuration.of_machine(home="~/films").home == tmp_path / "films"


def test_the_variable_wins_and_knows_the_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for platform in ("linux", "darwin", "win32"):
        assert default_home({"POLYREEL_HOME": "~/films"}, platform=platform) == tmp_path / "films"


UNIX, MAC, WINDOWS = platformdirs.unix.Unix, platformdirs.macos.MacOS, platformdirs.windows.Windows


@pytest.mark.parametrize(
    ("platform", "dirs", "environ"),
    [
        ("linux", UNIX, {"HOME": "/home/me"}),
        ("linux", UNIX, {"HOME": "/home/me", "XDG_DATA_HOME": "/data"}),
        ("linux", UNIX, {"HOME": "/home/me", "XDG_DATA_HOME": ""}),
        ("freebsd14", UNIX, {"HOME": "/home/me"}),
        ("darwin", MAC, {"HOME": "/Users/me"}),
        ("win32", WINDOWS, {"USERPROFILE": "C:/Users/me", "LOCALAPPDATA": "C:/Users/me/AppData/Local"}),
    ],
)
def test_it_is_where_platformdirs_puts_it(monkeypatch, platform, dirs, environ):
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME", "POLYREEL_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        platformdirs.windows, "get_win_folder", platformdirs.windows.get_win_folder_from_env_vars
    )
    expected = pathlib.Path(dirs("polyreel", appauthor=False).user_data_dir)
    assert default_home(os.environ, platform=platform) == expected


def test_windows_without_its_variable(monkeypatch):
    assert default_home({"USERPROFILE": "/Users/me"}, platform="win32") == pathlib.Path(
        "/Users/me/AppData/Local/polyreel"
    )


def test_a_machine_without_any_variable(monkeypatch, tmp_path):
    monkeypatch.setattr(pathlib.Path, "home", lambda: tmp_path)
    assert default_home({}, platform="linux") == tmp_path / ".local/share/polyreel"
