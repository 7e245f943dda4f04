"""What the house rules look at: our source files, their modules, and every file that would be committed."""

import ast
import importlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "core" / "src", *sorted(ROOT.glob("plugins/*/src")))


@dataclass(frozen=True)
class Source:
    """A Python file of ours."""

    path: Path
    folder: Path

    @property
    def module(self):
        return ".".join(self.path.relative_to(self.folder).with_suffix("").parts).removesuffix(".__init__")

    @property
    def place(self):
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self):
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self):
        return ast.parse(self.text)

    def load(self):
        return importlib.import_module(self.module)

    def imports(self):
        """Yield each module that is imported, and the names that are taken from it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, ()) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or "", tuple(alias.name for alias in node.names)


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def sources():
    """Every module of core and plugins; scripts that make data files are none."""
    found = [Source(path, folder) for folder in SOURCES for path in sorted(folder.rglob("*.py"))]
    return [source for source in found if "/fonts/" not in source.place]


@pytest.fixture(scope="session")
def committed():
    """Every text file that git has or would take, by its place."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    texts = {}
    for name in names:
        if (ROOT / name).is_file():
            content = (ROOT / name).read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode("utf-8", errors="replace")
    return texts


@pytest.fixture(scope="session")
def executed():
    """Run a command at the root; fail with what it said."""

    def executed(*command):
        # Tools are looked for beside the interpreter that runs the tests.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path}
        program = shutil.which(command[0], path=path) or command[0]
        done = subprocess.run(
            [program, *command[1:]], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    return executed
