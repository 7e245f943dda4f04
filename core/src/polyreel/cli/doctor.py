"""``polyreel doctor``: whether everything is in order on this machine."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from polyreel.cli import failures, words
from polyreel.cli.clients import json_option, open_client, pass_display
from polyreel.cli.display import Display
from polyreel.errors import PolyreelError
from polyreel.redaction import redact

if TYPE_CHECKING:
    from polyreel.client import Client

__all__ = ["command"]

_STALE: Final = timedelta(days=90)
_LITTLE: Final = 256 * 1024 * 1024
_EXTRAS: Final = {
    "cli": ("click", "rich"),
    "simulate": ("av", "PIL"),
    "testing": ("pytest", "hypothesis"),
    "storage": ("obstore",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What.
        state: ``"ok"``, ``"note"``, or ``"broken"``, which makes the exit code 1.
        message: A sentence for people.
    """

    subject: str
    state: Literal["ok", "note", "broken"]
    message: str


@click.command("doctor")
@json_option
@pass_display
def command(display: Display, /) -> int:
    """Look whether everything is in order on this machine; the exit code is 1 if something is broken."""
    findings = [finding for look in _LOOKS for finding in _looked(look)]
    broken = any(finding.state == "broken" for finding in findings)
    if display.as_json:
        shown = [{"subject": f.subject, "state": f.state, "message": f.message} for f in findings]
        display.document({"ok": not broken, "findings": shown})
    else:
        signs = {"ok": "ok    ", "note": "note  ", "broken": "BROKEN"}
        for finding in findings:
            display.out(f"{signs[finding.state]}  {finding.subject}: {finding.message}")
    return failures.FAILED if broken else failures.DONE


def _looked(look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except PolyreelError as error:
        return [_broken(look.__name__.strip("_"), redact(str(error)))]


def _versions() -> list[Finding]:
    from polyreel import __version__

    return [
        _ok("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        _ok("polyreel", __version__),
    ]


def _extras() -> list[Finding]:
    findings = []
    for extra, modules in _EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        message = f"not installed: pip install 'polyreel[{extra}]'" if missing else "installed"
        findings.append(_note(f"extra {extra}", message) if missing else _ok(f"extra {extra}", message))
    return findings


def _home() -> list[Finding]:
    from polyreel.settings import Configuration

    configuration = Configuration.of_machine()
    home = configuration.home
    findings = [_folder(home)]
    if not configuration.file.exists():
        return [*findings, _ok("configuration", f"{configuration.file} does not exist; nothing needs it")]
    _ = configuration.budget, configuration.project  # raises when it cannot be read, or says what cannot be
    if configuration.file_is_readable_by_others:
        advice = f"{configuration.file} can be read by others: chmod 600 {configuration.file}"
        return [*findings, _note("configuration", advice)]
    return [*findings, _ok("configuration", str(configuration.file))]


def _folder(home: Path) -> Finding:
    place = home
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            pass
        free = shutil.disk_usage(place).free
    except OSError as error:
        return _broken(
            "home", f"{home} cannot be written: {error.strerror}; set POLYREEL_HOME to another folder"
        )
    if free < _LITTLE:
        return _note("home", f"{home} has only {words.size(free)} free")
    return _ok("home", f"{home}, {words.size(free)} free")


def _films() -> list[Finding]:
    """Look whether films can be put where the configuration wants them; a bucket is written to for that."""
    from polyreel.clock import SystemClock
    from polyreel.settings import Configuration
    from polyreel.storage.destinations import Destinations

    folder = Configuration.of_machine().folder
    if folder is None:
        return []
    problem = Destinations(clock=SystemClock()).problem(folder / "film.mp4", overwrite=True)
    return [_ok("folder", str(folder)) if problem is None else _broken("folder", problem.message)]


def _plugins() -> list[Finding]:
    from polyreel.cli.providers import survey

    findings = []
    for plugin in survey():
        subject = f"{plugin.kind} {plugin.id}"
        if plugin.problem:
            findings.append(_broken(subject, plugin.problem))
        elif plugin.missing:
            advice = f"{plugin.package}; not set: {', '.join(plugin.missing)}, so only --simulate works"
            findings.append(_note(subject, advice))
        else:
            keys = f"; {', '.join(plugin.keys)}" if plugin.keys else ""
            ready = [surface["title"] for surface in plugin.surfaces.values() if not surface["needs"]]
            surfaces = f"; ready: {', '.join(ready)}" if ready else ""
            findings.append(_ok(subject, f"{plugin.package}, {plugin.state}{keys}{surfaces}"))
    return findings or [_note("providers", "none is installed: pip install polyreel-...")]


def _jobs() -> list[Finding]:
    unfinished = len(open_client().list_jobs(unfinished=True))
    if unfinished:
        return [_note("jobs", f"{unfinished} unfinished; 'polyreel jobs resume' takes them up")]
    return [_ok("jobs", "none unfinished")]


def _models() -> list[Finding]:
    from polyreel.cli.models import standing, today

    client: Client = open_client()
    documents = list(client.workspace.operations.desk.catalogue.installed())
    day = today(client)
    old = [
        document.reference for document in documents if _read(document.lifecycle.sources, day) < day - _STALE
    ]
    retired = [document for document in documents if standing(client, document).startswith("retired")]
    findings = [_ok("models", f"{len(documents)}, of which {len(retired)} are retired")]
    if old:
        findings.append(_note("models", f"facts older than {_STALE.days} days: {', '.join(old)}"))
    return findings


def _corrections() -> list[Finding]:
    """Tell what the lint finds in the user's own documents; they are used all the same."""
    from polyreel.cli.models import today
    from polyreel.documents.lint import lint

    client = open_client()
    catalogue = client.workspace.operations.desk.catalogue
    corrections = list(catalogue.corrections.values())
    known = {document.id for document in catalogue.published()}
    return [
        _note(finding.origin, f"{finding.rule}: {finding.where or '/'}: {finding.message}")
        for finding in lint(corrections, today=today(client), known=known)
    ]


def _read(sources: object, day: date) -> date:
    seen = [date.fromisoformat(source.seen) for source in sources]  # type: ignore[attr-defined]  # Source, of any length
    return max(seen, default=day)


_LOOKS: Final = (_versions, _extras, _home, _films, _plugins, _jobs, _models, _corrections)


def _ok(subject: str, message: str) -> Finding:
    return Finding(subject=subject, state="ok", message=message)


def _note(subject: str, message: str) -> Finding:
    return Finding(subject=subject, state="note", message=message)


def _broken(subject: str, message: str) -> Finding:
    return Finding(subject=subject, state="broken", message=message)
