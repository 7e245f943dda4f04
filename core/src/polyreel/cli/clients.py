"""A client for one run, as its options want it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from polyreel.cli.display import Display

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.workspace import Simulation

__all__ = ["json_option", "open_client", "pass_display", "quiet_option", "setting_option", "settings_of"]

pass_display = click.make_pass_decorator(Display)

# Whether it was given is asked of the display: an error has to know it even when nothing could be parsed.
json_option = click.option("--json", is_flag=True, expose_value=False, help="Print one JSON document.")
quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="Print only the path, or the id with --no-wait."
)
setting_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PROVIDER.NAME=VALUE",
    help="A provider's setting for this run, such as its base_url; 'polyreel providers' lists them. Repeatable.",
)


def open_client(*, simulate: bool | Simulation = False, settings: Iterable[str] = ()) -> Client:
    """Return a client that is closed when the run ends.

    Args:
        simulate: Whether simulators answer.
        settings: ``provider.name=value``, as they were written.

    Raises:
        ConfigurationError: A setting does not exist, or something on this machine is set wrongly.
    """
    from polyreel.client import Client

    given = settings_of(settings)
    client = Client(simulate=simulate, settings=given)
    click.get_current_context().find_root().call_on_close(client.close)
    for provider, named in given.items():
        _check_names(client, provider, named)
    return client


def settings_of(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return settings by provider and name.

    Args:
        texts: ``provider.name=value``, as they were written.

    Raises:
        click.BadParameter: One has another form; its value is not repeated, since it may be a key.
    """
    settings: dict[str, dict[str, str]] = {}
    for text in texts:
        place, separator, value = text.partition("=")
        provider, dot, name = place.partition(".")
        if not (separator and dot and provider and name):
            raise click.BadParameter("write PROVIDER.NAME=VALUE", param_hint="--set")
        settings.setdefault(provider, {})[name] = value
    return settings


def _check_names(client: Client, provider: str, named: Iterable[str]) -> None:
    from polyreel.errors import ConfigurationError
    from polyreel.parameters.problems import suggested_name

    known: Sequence[Any] = client.workspace.plugins.provider(provider).info.settings
    names = [setting.name for setting in known]
    for name in named:
        if name not in names:
            close = suggested_name(name, names)
            hint = f"; did you mean {close!r}?" if close else ""
            raise ConfigurationError(f"{provider} has no setting {name!r}{hint} It has: {', '.join(names)}")
