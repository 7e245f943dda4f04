"""``polyreel schemas``: the model documents as files."""

from __future__ import annotations

from pathlib import Path

import click

from polyreel.cli.clients import json_option, open_client, pass_display
from polyreel.cli.display import Display
from polyreel.errors import ConfigurationError, StorageFailed

__all__ = ["command"]


@click.group("schemas")
def command() -> None:
    """Export the model documents as JSON Schema."""


@command.command("export")
@click.argument("folder", default="schemas", type=click.Path(path_type=Path))
@json_option
@pass_display
def export(display: Display, /, folder: Path) -> None:
    """Write the catalogue into FOLDER (default: schemas); documents that no longer exist are removed there."""
    from polyreel.documents.export import write_catalogue
    from polyreel.results import record_schemas

    _check(folder)
    documents = list(open_client().workspace.operations.desk.catalogue.published())
    try:
        files = write_catalogue(documents, folder, record_schemas())
    except OSError as error:
        raise StorageFailed(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    if display.as_json:
        display.document({"folder": str(folder), "files": [str(path.relative_to(folder)) for path in files]})
        return
    display.out(str(folder))
    display.say(f"{len(files)} files, {len(documents)} models")


def _check(folder: Path) -> None:
    """Refuse a folder in which files of somebody else would be removed as stale documents."""
    try:
        strange = folder.exists() and any(folder.iterdir()) and not (folder / "model.schema.json").exists()
    except OSError as error:
        raise StorageFailed(f"{folder} cannot be used: {error.strerror}") from None
    if strange:
        raise ConfigurationError(f"{folder} is not empty and holds no catalogue; name a new folder")
