"""``polyreel providers``: which plugins there are, and what keeps one from working. It survives all of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from polyreel.cli.clients import json_option, pass_display
from polyreel.cli.display import Display
from polyreel.errors import PolyreelError
from polyreel.redaction import Secret, redact

if TYPE_CHECKING:
    from polyreel.plugins import PluginFailure, Plugins, Provider
    from polyreel.settings import Configuration
    from polyreel.types.provider import Surface

__all__ = ["Found", "command", "survey"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What is known of one plugin.

    Attributes:
        kind: ``"provider"`` or ``"extension"``.
        id: Its entry point's name.
        title: Its name for people.
        package: The installed package and its version.
        state: ``"loaded"``, ``"failed"`` or ``"disabled"``.
        problem: Why it failed, or why its settings cannot be read.
        hooks: What it can do beyond what every provider can.
        settings: Where each setting was found; of a key its last characters at most.
        base_url: Where its requests go.
        surfaces: Its vendor's APIs, when there are several, each with its title and what it still needs.
    """

    kind: str
    id: str
    title: str = ""
    package: str = ""
    state: str = "loaded"
    problem: str = ""
    hooks: tuple[str, ...] = ()
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    base_url: str = ""
    surfaces: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """The keys, each with where it was found and its last characters."""
        return [
            f"{name} {found['hint']} ({found['source']})"
            for name, found in self.settings.items()
            if found["hint"]
        ]

    @property
    def missing(self) -> list[str]:
        """The required settings that were not found; with several APIs, what is missing for all of them."""
        missing = [name for name, found in self.settings.items() if found["missing"]]
        needs = [surface["needs"] for surface in self.surfaces.values()]
        return missing + list(dict.fromkeys(needs) if needs and all(needs) else ())


@click.command("providers")
@json_option
@pass_display
def command(display: Display, /) -> None:
    """List the installed providers and extensions: version, abilities, keys and failures.

    Of a key it says where it was found, never what it is.
    """
    found = survey()
    if display.as_json:
        display.document([_entry(plugin) for plugin in found])
        return
    if not found:
        display.out("no provider is installed; providers are Python packages: pip install polyreel-...")
        return
    for plugin in found:
        for line in _lines(plugin):
            display.out(line)


def survey() -> list[Found]:
    """Return every installed plugin, loaded as far as it can be."""
    from polyreel.plugins import EXTENSIONS, PROVIDERS, Plugins, installed_entry_points
    from polyreel.settings import Configuration

    plugins = Plugins.of_machine(os.environ)
    configuration = Configuration.of_machine()
    providers = {point.name: _package(point) for point in installed_entry_points(PROVIDERS)}
    found = [_provider(name, package, plugins, configuration) for name, package in sorted(providers.items())]
    extensions = {point.name: _package(point) for point in installed_entry_points(EXTENSIONS)}
    problems = _load_extensions(plugins) if extensions else {}
    return [*found, *(_extension(name, package, problems) for name, package in sorted(extensions.items()))]


def _provider(name: str, package: str, plugins: Plugins, configuration: Configuration) -> Found:
    if name not in plugins.provider_ids:
        return Found(kind="provider", id=name, package=package, state="disabled")
    try:
        provider = plugins.provider(name)
    except Exception as error:  # noqa: BLE001  with POLYREEL_STRICT a plugin raises what it likes
        problem = _problem(plugins.failures, name) or f"{type(error).__name__}: {error}"
        return Found(kind="provider", id=name, package=package, state="failed", problem=redact(problem))
    settings, base_url, problem = _settings(provider, configuration)
    surfaces = {surface.id: _surface(surface, settings) for surface in provider.info.surfaces}
    return Found(
        kind="provider",
        id=name,
        title=provider.info.title,
        package=package,
        problem=problem,
        hooks=_hooks(provider),
        settings=settings,
        base_url=base_url,
        surfaces=surfaces,
    )


def _surface(surface: Surface, settings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return a surface's title, and what is missing for it; empty when nothing is."""
    lacks = [
        " and ".join(n for n in names if settings.get(n, {}).get("source") == "not set")
        for names in surface.needs
    ]
    return {"title": surface.title, "needs": " or ".join(lacks) if all(lacks) else ""}


def _settings(provider: Provider, configuration: Configuration) -> tuple[dict[str, dict[str, str]], str, str]:
    try:
        resolved = configuration.resolve(provider.info)
    except PolyreelError as error:
        return {}, "", redact(str(error))
    settings = {}
    for setting in provider.info.settings:
        value = resolved.values.get(setting.name)
        hint = value.hint if isinstance(value, Secret) else ""
        missing = "yes" if setting.required and not value else ""
        source = resolved.sources.get(setting.name, "not set")
        settings[setting.name] = {"source": source, "hint": hint, "missing": missing}
    return settings, resolved.get("base_url"), ""


def _hooks(provider: Provider) -> tuple[str, ...]:
    from polyreel import hookspecs
    from polyreel.plugins import REQUIRED

    marker = f"{hookspecs.PROJECT}_spec"
    named = (name for name, hook in vars(hookspecs).items() if hasattr(hook, marker))
    return tuple(name for name in named if name not in REQUIRED and provider.has(name))


def _load_extensions(plugins: Plugins) -> dict[str, str]:
    try:
        plugins.register_commands(click.Group("trial"))
    except Exception as error:  # noqa: BLE001  with POLYREEL_STRICT an extension raises what it likes
        return {"": f"{type(error).__name__}: {error}"}
    return {failure.plugin: _sentence(failure) for failure in plugins.failures}


def _extension(name: str, package: str, problems: dict[str, str]) -> Found:
    problem = problems.get(name, problems.get("", ""))
    state = "failed" if problem else "loaded"
    return Found(kind="extension", id=name, package=package, state=state, problem=redact(problem))


def _package(point: Any) -> str:
    distribution = getattr(point, "dist", None)
    return "" if distribution is None else f"{distribution.name} {distribution.version}"


def _problem(failures: Iterable[PluginFailure], name: str) -> str:
    return next((_sentence(failure) for failure in failures if failure.plugin == name), "")


def _sentence(failure: PluginFailure) -> str:
    return f"{failure.phase}: {failure.message}"


def _entry(plugin: Found) -> dict[str, Any]:
    return {
        "kind": plugin.kind,
        "id": plugin.id,
        "title": plugin.title,
        "package": plugin.package,
        "state": plugin.state,
        "problem": plugin.problem or None,
        "hooks": list(plugin.hooks),
        "settings": {name: found["source"] for name, found in plugin.settings.items()},
        "missing": plugin.missing,
        "base_url": plugin.base_url or None,
        "surfaces": plugin.surfaces,
    }


def _lines(plugin: Found) -> list[str]:
    lines = [f"{plugin.id}: {plugin.title or plugin.kind} [{plugin.package or 'no package'}], {plugin.state}"]
    facts = (
        ("problem", plugin.problem),
        ("base_url", plugin.base_url),
        *((f"surface {name}", _described(surface)) for name, surface in plugin.surfaces.items()),
        ("settings", ", ".join(f"{name}: {found['source']}" for name, found in plugin.settings.items())),
        ("missing", ", ".join(plugin.missing)),
        ("can also", ", ".join(plugin.hooks)),
    )
    return lines + [f"  {name}: {value}" for name, value in facts if value]


def _described(surface: Mapping[str, str]) -> str:
    return f"{surface['title']} (needs {surface['needs']})" if surface["needs"] else surface["title"]
