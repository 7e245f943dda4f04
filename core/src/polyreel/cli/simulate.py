"""``polyreel simulate``: a provider's service on this machine, for any client that speaks its protocol."""

from __future__ import annotations

import shlex
import signal
import threading
from typing import TYPE_CHECKING

import click

from polyreel.cli.clients import open_client, pass_display
from polyreel.cli.display import Display
from polyreel.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polyreel.client import Client
    from polyreel.plugins import Provider

__all__ = ["command"]


@click.command("simulate")
@click.argument("provider", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 (the default) takes a free one.")
@click.option(
    "--host", default="127.0.0.1", help="Where to listen. There are no passwords. Default: 127.0.0.1."
)
@click.option(
    "--render-seconds",
    type=click.FloatRange(0, 86400),
    default=3.0,
    help="How long a film takes. Default: 3.",
)
@pass_display
def command(display: Display, provider: str | None, port: int, host: str, render_seconds: float) -> None:
    """Serve a provider's simulator until Ctrl-C: as strict as the service, free of charge.

    The first line on standard output is its address. PROVIDER may be left out when only one has a simulator.
    """
    from polyreel.workspace import Simulation

    client = open_client(simulate=Simulation(render_seconds=render_seconds))
    chosen = _chosen(client, provider)
    stage = client.workspace.stage(chosen)
    server = stage.server(host=host, port=port)
    try:
        server.start()
    except OSError as error:
        raise ConfigurationError(f"cannot listen at {host}:{port}: {error.strerror or error}") from None
    try:
        with _stopped() as stop:
            display.out(server.base_url)
            addresses = {setting.name: server.url for setting in chosen.info.settings if setting.address}
            _explain(display, chosen, {**addresses, "base_url": server.base_url, **stage.simulator.settings})
            stop.wait()
    finally:
        server.stop()
    display.say("the simulator has stopped")


def _chosen(client: Client, name: str | None) -> Provider:
    plugins = client.workspace.plugins
    if name is not None:
        return plugins.provider(name)
    able = [provider for provider in map(plugins.provider, plugins.provider_ids) if provider.has("simulator")]
    if len(able) == 1:
        return able[0]
    names = ", ".join(provider.id for provider in able)
    raise click.UsageError(
        f"which provider? Name one of: {names}" if able else "no installed provider has a simulator"
    )


def _explain(display: Display, provider: Provider, values: Mapping[str, str]) -> None:
    display.say(
        f"SIMULATED: this plays {provider.info.title}; nothing is sent to it, nothing is paid. In another shell:"
    )
    for setting in provider.info.settings:
        if setting.name in values:
            own = f"POLYREEL_{provider.id}_{setting.name}".upper().replace("-", "_")
            variable = setting.environment[0] if setting.environment else own
            display.say(f"  export {variable}={shlex.quote(values[setting.name])}")
    display.say("Ctrl-C stops it.")


class _stopped:  # noqa: N801  reads as a condition
    """Waits for Ctrl-C or SIGTERM, and gives the signals back afterwards."""

    def __enter__(self) -> threading.Event:
        event = threading.Event()
        self._before = {
            number: signal.signal(number, lambda *_: event.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        return event

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
