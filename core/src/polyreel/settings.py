"""Keys, base URLs and folders: argument, else environment, else the configuration file."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from polyreel.errors import ConfigurationError, MissingKey
from polyreel.parameters.problems import suggested_name
from polyreel.rates import LIMIT_SETTINGS, Limits, Rate
from polyreel.redaction import Secret, without_query
from polyreel.types.budget import Budget
from polyreel.types.location import Location, place_of
from polyreel.types.options import label_of
from polyreel.types.provider import ProviderInfo, Setting, Settings, Surface

__all__ = ["Configuration", "default_home"]

_NO_SOURCES: Final[Mapping[str, str]] = MappingProxyType({})


def default_home(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """Return the folder for data and configuration: ``POLYREEL_HOME``, else where the system keeps such things.

    Args:
        environ: The environment.
        platform: As ``sys.platform``.
    """
    if environ.get("POLYREEL_HOME"):
        return Path(environ["POLYREEL_HOME"]).expanduser()
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if platform == "darwin":
        return home / "Library" / "Application Support" / "polyreel"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "polyreel"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "polyreel"


_Key: TypeAlias = tuple[str, frozenset[tuple[str, str]], frozenset[tuple[str, str]]]
_REMEMBERED: Final = 64  # accounts whose settings are kept


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What this machine and this caller say.

    Attributes:
        home: The folder for data and configuration.
        environ: The environment.
        arguments: Settings given in code, by provider; they win.
    """

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    _last: dict[_Key, _Resolution] = field(default_factory=dict, repr=False)

    @classmethod
    def of_machine(
        cls, *, home: Path | str | None = None, arguments: Mapping[str, Mapping[str, str]] | None = None
    ) -> Configuration:
        """Return the configuration of this process.

        Args:
            home: The folder, if not the usual one.
            arguments: Settings given in code, by provider.
        """
        place = default_home(os.environ) if home is None else Path(home).expanduser()
        return cls(home=place, environ=os.environ, arguments=arguments or {})

    @property
    def file(self) -> Path:
        """The configuration file: ``[providers.acme]`` tables, ``[aliases]``, ``[budget]``, ``[storage]``, ``default_model``, ``project``."""
        return self.home / "config.toml"

    @cached_property
    def table(self) -> Mapping[str, Any]:
        """What the configuration file says; empty when there is none.

        Raises:
            ConfigurationError: It cannot be read.
        """
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigurationError(f"{self.file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{self.file} is not UTF-8; save it as UTF-8") from None
        import tomllib

        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{self.file} is no valid TOML: {error}") from None
        providers = table.get("providers", {})
        for name in ("aliases", "budget", "providers", "storage"):
            entry = table.get(name, {})
            if not isinstance(entry, dict):
                raise ConfigurationError(f"{self.file}: {name} must be a table: [{name}]")
        for name, entry in providers.items():
            if not isinstance(entry, dict):
                raise ConfigurationError(f"{self.file}: providers.{name} must be a table: [providers.{name}]")
        return table

    @property
    def file_is_readable_by_others(self) -> bool:
        """Whether other users of the machine can read the configuration file, keys included."""
        if sys.platform == "win32" or not self.file.exists():
            return False
        return bool(self.file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))

    @property
    def budget(self) -> Budget | None:
        """The table ``[budget]``: ``per_job``, ``per_day``, ``total``, ``currency``, ``unknown``.

        Raises:
            ConfigurationError: It says something else.
        """
        try:
            return Budget.of_table(self.table["budget"]) if "budget" in self.table else None
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.file}: {error}") from None

    @property
    def project(self) -> str | None:
        """The label of new jobs: ``POLYREEL_PROJECT``, else ``project`` in the file.

        Raises:
            ConfigurationError: It is no label.
        """
        variable = self.environ.get("POLYREEL_PROJECT", "").strip()
        value = variable or self.table.get("project")
        try:
            return None if value is None else label_of(value)
        except ValueError as error:
            place = "environment POLYREEL_PROJECT" if variable else self.file
            raise ConfigurationError(f"project (from {place}) {error}") from None

    @property
    def folder(self) -> Path | Location | None:
        """Where films go for which nobody names a place: ``POLYREEL_FOLDER``, else ``folder`` in ``[storage]``.

        Raises:
            ConfigurationError: It is no folder, and no address in an object store.
        """
        variable = self.environ.get("POLYREEL_FOLDER", "").strip()
        storage = self.table.get("storage", {})
        unknown = [name for name in storage if name != "folder"]
        if unknown:
            raise ConfigurationError(f"{self.file}: [storage] has no setting {unknown[0]!r}; it has: folder")
        value = variable or storage.get("folder")
        try:
            return None if value is None else place_of(value)
        except ValueError as error:
            place = "environment POLYREEL_FOLDER" if variable else self.file
            raise ConfigurationError(f"folder (from {place}) {error}") from None

    def resolve(
        self,
        info: ProviderInfo,
        *,
        frozen: Mapping[str, str] | None = None,
        sources: Mapping[str, str] = _NO_SOURCES,
    ) -> Settings:
        """Return a provider's settings.

        Args:
            info: What the provider says it can be told.
            frozen: Settings that were stored with a job; they win, so that a job is polled where it was made.
            sources: Where each of these was found when the job was made.

        Raises:
            ConfigurationError: A setting is unknown, or its value cannot be used.
        """
        return self._found(info, frozen or {}, sources).settings

    def _found(
        self, info: ProviderInfo, frozen: Mapping[str, str], sources: Mapping[str, str]
    ) -> _Resolution:
        # Each request and each look asks; only the environment can have changed since the last one.
        key = info.id, frozenset(frozen.items()), frozenset(sources.items())
        last = self._last.get(key)
        if last is None or last.info is not info or any(map(self._differs, last.surroundings)):
            last = _Resolution(
                info=info,
                surroundings=tuple((name, self.environ.get(name)) for name in _variables(info)),
                limits=self._read_limits(info),  # a mistake in them is found before anything is sent
                settings=self._resolved(info, frozen, sources),
            )
            if len(self._last) >= _REMEMBERED:
                self._last.clear()
            self._last[key] = last
        return last

    def _differs(self, variable: tuple[str, str | None]) -> bool:
        return self.environ.get(variable[0]) != variable[1]

    def _resolved(
        self, info: ProviderInfo, frozen: Mapping[str, str], origins: Mapping[str, str]
    ) -> Settings:
        self._check_names(info)
        values: dict[str, str | Secret] = {}
        sources: dict[str, str] = {}
        for setting in info.settings:
            if setting.name in frozen:
                found: tuple[str, str] | None = (frozen[setting.name], "the job's record")
            elif frozen and not setting.secret:
                # What was not set when the job was made is not set for it now: it belongs to that account.
                found = None if setting.default is None else (setting.default, "default")
            else:
                found = self._find(info.id, setting)
            if found is None:
                continue
            text, source = found
            source = origins.get(setting.name, source)  # also of a key: a provider may decide by it
            text = next((choice for choice in setting.choices if choice.lower() == text.lower()), text)
            if setting.address and "://" not in text:
                text = f"http://{text}"  # host:port, as some variables of vendors have it
            problem = _problem(setting, text)
            if problem is not None:
                shown = "" if setting.secret else f"={without_query(text)!r}"
                raise ConfigurationError(f"{info.id}: {setting.name}{shown} (from {source}) {problem}")
            values[setting.name] = Secret(text) if setting.secret else text
            sources[setting.name] = source
        return Settings(provider=info.id, values=values, sources=sources)

    def _check_names(self, info: ProviderInfo) -> None:
        known = [*(setting.name for setting in info.settings), *LIMIT_SETTINGS]
        written = self.table.get("providers", {}).get(info.id, {})
        for name in (*self.arguments.get(info.id, {}), *written):
            if name not in known:
                place = self.file if name in written else "argument"
                close = suggested_name(str(name), known)
                hint = f"; did you mean {close!r}?" if close else ""
                raise ConfigurationError(
                    f"{info.id} has no setting {name!r} (from {place}){hint} It has: {', '.join(known)}"
                )

    def _find(self, provider: str, setting: Setting) -> tuple[str, str] | None:
        argument = self.arguments.get(provider, {}).get(setting.name)
        if argument:
            return argument, "argument"
        for variable in (_own_variable(provider, setting.name), *setting.environment):
            value = self.environ.get(variable, "").strip()
            if value:
                return value, f"environment {variable}"
        written = self.table.get("providers", {}).get(provider, {}).get(setting.name)
        if written or written == 0:  # a number that is none here is refused, not passed over
            return str(written), str(self.file)
        return None if setting.default is None else (setting.default, "default")

    def limits(self, info: ProviderInfo) -> Limits:
        """Return how often an account at a provider may be asked: what is set, else what the provider declares.

        ``rate_submit``, ``rate_poll`` and ``rate_fetch`` are rates (``"10/min"``, ``"300/min burst 5"``), ``in_flight`` is
        a number of jobs; ``none`` lifts what the provider declares.

        Args:
            info: What the provider says about itself.

        Raises:
            ConfigurationError: One of them is neither.
        """
        return self._found(info, {}, {}).limits

    def _read_limits(self, info: ProviderInfo) -> Limits:
        given: dict[str, Any] = {}
        for name in LIMIT_SETTINGS:
            field_name = name.removeprefix("rate_")
            text, source = self._find(info.id, Setting(name=name, description="")) or ("", "")
            try:
                given[field_name] = _limit(name, text) if text else getattr(info.limits, field_name)
            except ValueError as error:
                raise ConfigurationError(f"{info.id}: {name}={text!r} (from {source}) {error}") from None
        return Limits(**given)

    def require(self, info: ProviderInfo, settings: Settings) -> None:
        """Check that everything required was found.

        Args:
            info: What the provider says it can be told.
            settings: What was found, the surface among it where there are several.

        Raises:
            MissingKey: Something is missing; the message names each way to give it.
        """
        for setting in info.settings:
            if setting.required and not settings.values.get(setting.name):
                variables = setting.environment or (_own_variable(info.id, setting.name),)
                raise MissingKey(
                    f"{info.title} needs {setting.name}: set the environment variable {variables[0]}, "
                    f"pass api_keys={{{info.id!r}: ...}} to the client, write {setting.name} under "
                    f"[providers.{info.id}] in {self.file}, or try it without a key: simulate=True (--simulate)",
                    provider=info.id,
                    variables=variables,
                    needs=f"{setting.name} ({variables[0]})",
                )
        for surface in info.surfaces:
            if surface.id == settings.get("surface"):
                self._require_surface(info, surface, settings)

    def _require_surface(self, info: ProviderInfo, surface: Surface, settings: Settings) -> None:
        if not surface.needs or any(all(settings.values.get(n) for n in names) for names in surface.needs):
            return
        variables = {setting.name: (*setting.environment, "")[0] for setting in info.settings}
        ways = " or ".join(
            " and ".join(f"{name} ({variables[name] or _own_variable(info.id, name)})" for name in names)
            for names in surface.needs
        )
        raise MissingKey(
            f"{surface.title} needs {ways}: set the environment variable, pass settings={{{info.id!r}: {{...}}}} to the "
            f"client, write it under [providers.{info.id}] in {self.file}, or try it without a key: simulate=True "
            "(--simulate)",
            provider=info.id,
            variables=tuple(variables[name] for names in surface.needs for name in names if variables[name]),
            needs=ways,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resolution:
    """What was found, and in which environment."""

    info: ProviderInfo
    surroundings: tuple[tuple[str, str | None], ...] = field(repr=False)
    limits: Limits
    settings: Settings


def _variables(info: ProviderInfo) -> tuple[str, ...]:
    own = (
        variable
        for setting in info.settings
        for variable in (_own_variable(info.id, setting.name), *setting.environment)
    )
    return (*own, *(_own_variable(info.id, name) for name in LIMIT_SETTINGS))


@cache
def _own_variable(provider: str, setting: str) -> str:
    return f"POLYREEL_{provider}_{setting}".upper().replace("-", "_")


def _limit(name: str, text: str) -> Rate | int | None:
    if text.strip().lower() == "none":
        return None
    if name != "in_flight":
        return Rate.of(text)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1_000_000):  # noqa: PLR2004  far more than fit
        raise ValueError("is no number of jobs; write a whole number above 0, or none")
    return int(text)


def _problem(setting: Setting, text: str) -> str | None:
    """Return what is wrong with a value, without showing a key; ``None`` when nothing is."""
    if setting.choices and text not in setting.choices:
        return f"is not one of {', '.join(setting.choices)}"
    if setting.secret:
        sendable = text.isascii() and text.isprintable() and text == text.strip() and text
        return None if sendable else "holds a line break, or a character that no key has; copy it again"
    return _address_problem(text) if setting.address or setting.name == "base_url" else None


def _address_problem(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return "is no valid address; write https://host/path"
    if not whole or not text.isprintable() or " " in text:
        return "is no valid address; write https://host/path"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password, which would be stored; give the key as the key"
    if parts.query or parts.fragment or "?" in text or "#" in text:
        return "has a query or a fragment; paths are appended to it, so leave that out"
    return None
