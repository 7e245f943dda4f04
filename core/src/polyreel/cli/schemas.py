"""``polyreel schemas``: the model documents as files, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyreel.cli import failures
from polyreel.cli.clients import json_option, open_client, pass_display
from polyreel.cli.display import Display
from polyreel.cli.models import today
from polyreel.errors import ConfigurationError, StorageFailed

if TYPE_CHECKING:
    from polyreel.documents.document import ModelDocument
    from polyreel.documents.lint import Finding

__all__ = ["command"]


@click.group("schemas")
def command() -> None:
    """Export the model documents as JSON Schema or as pages, or look for what is wrong with them."""


@command.command("lint")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@json_option
@pass_display
def lint(display: Display, /, paths: tuple[Path, ...]) -> int:
    """Look for what is wrong with model documents: rules that never apply, requests without a price, dates that disagree.

    PATH is a document, or a folder of nothing but documents. Without PATH: what the installed providers publish, with
    your corrections in place of theirs. The exit code is 1 if something is wrong. docs/model-documents.md lists the rules.
    """
    from polyreel.documents.lint import lint as linted
    from polyreel.documents.lint import omissions

    client = open_client()
    catalogue = client.workspace.operations.desk.catalogue
    documents, unread = _read(paths) if paths else (list(catalogue.installed()), [])
    known = {document.id for document in catalogue.published()}
    findings = [*unread, *linted(documents, today=today(client), known=known)]
    if display.as_json:
        display.document([_shown(finding) for finding in findings])
    else:
        for finding in findings:
            place = finding.origin if paths else finding.document
            display.out(f"{place}: {finding.rule}: {finding.where or '/'}: {finding.message}")
    for sentence in omissions(documents, known=known):
        display.say(f"note: {sentence}")
    display.say(f"{len(documents) + len(unread)} documents, {len(findings)} findings")
    return failures.FAILED if findings else failures.DONE


def _read(paths: tuple[Path, ...]) -> tuple[list[ModelDocument], list[Finding]]:
    """Return the documents in files and folders, and a finding for each file that is none."""
    from polyreel.documents.document import ModelDocument
    from polyreel.documents.lint import Finding
    from polyreel.documents.loading import parsed

    documents, unread = [], []
    for path in _files(paths):
        try:
            documents.append(
                ModelDocument(json=parsed(path.read_bytes(), origin=str(path)), origin=str(path))
            )
        except OSError as error:
            raise StorageFailed(f"{path} cannot be read: {error.strerror}") from None
        except ConfigurationError as error:
            unread.append(
                Finding(
                    rule="document-valid", document=str(path), where="", message=str(error), origin=str(path)
                )
            )
    return documents, unread


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        found = sorted(path.glob("**/*.json")) if path.is_dir() else [path]
        if not found:
            raise ConfigurationError(
                f"{path} holds no model document; name a folder of *.json files, or a file"
            )
        yield from found


def _shown(finding: Finding) -> dict[str, str]:
    return {
        "rule": finding.rule,
        "document": finding.document,
        "origin": finding.origin,
        "where": finding.where,
        "message": finding.message,
    }


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
    _written(display, folder, files, len(documents))


def _written(display: Display, folder: Path, files: Sequence[Path], models: int) -> None:
    if display.as_json:
        display.document({"folder": str(folder), "files": [str(path.relative_to(folder)) for path in files]})
        return
    display.out(str(folder))
    display.say(f"{len(files)} files, {models} models")


def _check(folder: Path) -> None:
    """Refuse a folder in which files of somebody else would be removed as stale documents."""
    try:
        strange = folder.exists() and any(folder.iterdir()) and not (folder / "model.schema.json").exists()
    except OSError as error:
        raise StorageFailed(f"{folder} cannot be used: {error.strerror}") from None
    if strange:
        raise ConfigurationError(f"{folder} is not empty and holds no catalogue; name a new folder")


@command.command("pages")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
@pass_display
def pages(display: Display, /, folder: Path) -> None:
    """Write a Markdown page for each model into FOLDER, and an index; pages of models that no longer exist are removed there."""
    from polyreel.documents.views.pages import write_pages

    documents = list(open_client().workspace.operations.desk.catalogue.published())
    try:
        files = write_pages(documents, folder)
    except OSError as error:
        raise StorageFailed(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    _written(display, folder, files, len(documents))
