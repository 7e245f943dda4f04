"""The tools' verdicts, as tests: types, style, format."""

import sys


def test_types(executed):
    paths = ["core/src/polyreel", *_plugins(), "tests/typing"]
    executed(sys.executable, "-m", "mypy", "--strict", *paths)


def _plugins():
    from pathlib import Path

    root = Path(__file__).parents[2]
    return [str(path.parent.relative_to(root)) for path in sorted(root.glob("plugins/*/src/*/plugin.py"))]


def test_style(executed):
    executed("ruff", "check", ".")


def test_format(executed):
    executed("ruff", "format", "--check", ".")
