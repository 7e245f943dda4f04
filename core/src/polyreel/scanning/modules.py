"""The files of a project as modules, so that a name that one takes from another can be followed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from polyreel.scanning.scopes import Scope, Survey, surveyed
from polyreel.scanning.sources import read

__all__ = ["Modules"]

_KEPT: Final = 256  # surveys that are remembered; a project may have thousands of files
_UPWARDS: Final = 12  # folders above a file in which a package may begin


class Modules:
    """Finds the file that an import names, and surveys it when it is asked for.

    Args:
        roots: What is scanned. Nothing is read but what is below it, and the packages of which it is a part.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [_top(root.resolve()) for root in roots]
        self._surveys: dict[Path, Survey | None] = {}

    def add(self, survey: Survey) -> None:
        """Remember a file that was surveyed anyway."""
        self._remember(survey.source.path.resolve(), survey)

    def find(self, target: str, scope: Scope) -> tuple[Scope, str] | None:
        """Return the module that an import means, and the name in it; empty for the module itself.

        Args:
            target: What is imported, as a dotted name; leading dots are the packages around the file.
            scope: Where it is imported.
        """
        level = len(target) - len(target.lstrip("."))
        names = [name for name in target[level:].split(".") if name]
        for folder in self._folders(scope.source.path, level):
            for cut in (len(names), len(names) - 1):
                module = self._module(folder, names[:cut]) if cut >= 0 else None
                if module is not None:
                    return module.scope, ".".join(names[cut:])
        return None

    def _folders(self, path: Path, level: int) -> list[Path]:
        try:
            above = list(path.resolve().parents)[:_UPWARDS]
        except OSError:
            return []
        inside = [folder for folder in above if any(folder.is_relative_to(root) for root in self._roots)]
        if level:
            return inside[level - 1 : level]
        return [*inside, *(root / "src" for root in self._roots)]

    def _module(self, folder: Path, names: Sequence[str]) -> Survey | None:
        place = folder.joinpath(*names)
        for path in (place / "__init__.py", *([place.with_name(f"{names[-1]}.py")] if names else ())):
            if path in self._surveys:
                return self._surveys[path]
            if path.is_file():
                source, _ = read(path)
                survey = None if source is None else surveyed(source)
                self._remember(path, survey)
                return survey
        return None

    def _remember(self, path: Path, survey: Survey | None) -> None:
        if len(self._surveys) >= _KEPT:
            self._surveys.pop(next(iter(self._surveys)))
        self._surveys[path] = survey


def _top(path: Path) -> Path:
    """Return the folder in which the outermost package around a file or folder lies."""
    folder = path if path.is_dir() else path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder
