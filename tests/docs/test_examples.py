"""Every example in README and docs runs.

A comment before a block says how: ``server``: against a simulator on a socket, whose address is in ``SERVER`` and its
other settings in the variables of :data:`NAMES` (the page of a plugin gets its own provider's simulator); ``simulate``: with ``POLYREEL_SIMULATE=1``; ``fails``: a refusal is what it shows; ``ci``:
``.ci/run`` runs these very words. Without a comment it runs as it is.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from polyreel.clock import SystemClock
from polyreel.plugins import Plugins
from polyreel.simulation.server import SimulationServer
from polyreel.simulation.staging import set_stage

ROOT = Path(__file__).parents[2]
PROVIDERS = {"google_veo": "google", "amazon_nova": "amazon"}
NAMES = {
    "api_key": "KEY",
    "access_token": "TOKEN",
    "access_key_id": "KEY_ID",
    "secret_access_key": "SECRET",
    "output": "OUTPUT",
}
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("plugins/*/README.md")))
BLOCK = re.compile(
    r"(?:<!-- example: (?P<how>\w+) -->\n)?```(?P<language>python|console)\n(?P<code>.*?)\n```", re.DOTALL
)


@dataclass(frozen=True)
class Example:
    page: Path
    number: int
    how: str
    language: str
    code: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}-{self.number}"

    def command(self) -> list[str]:
        if self.language == "python":
            return [sys.executable, "-W", "error", "-c", self.code]
        commands = [line.removeprefix("$ ") for line in self.code.splitlines() if line.startswith("$ ")]
        return ["bash", "-euo", "pipefail", "-c", "\n".join(commands)]


def examples() -> list[Example]:
    return [
        Example(page, number, block["how"] or "", block["language"], block["code"])
        for page in PAGES
        for number, block in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")), start=1)
    ]


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[Path], dict[str, str]]]:
    """Give the variables of the simulator that a page speaks of."""
    with ExitStack() as stack:

        @cache
        def started(name: str) -> dict[str, str]:
            provider = Plugins().provider(name)
            stage = set_stage(provider.simulator(), clock=SystemClock(), render_seconds=0.5)
            running = stack.enter_context(SimulationServer(stage.handler, base_url=stage.simulator.base_url))
            settings = stage.simulator.settings
            named = {
                variable: settings[setting] for setting, variable in NAMES.items() if setting in settings
            }
            return {"SERVER": running.base_url, **named}

        yield lambda page: started(PROVIDERS.get(page.parent.name, "openai"))


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_the_example_runs(
    example: Example, tmp_path: Path, servers: Callable[[Path], dict[str, str]]
) -> None:
    if example.how == "ci":
        command = example.code.removeprefix("$ ")
        script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        for part in command.split(" && "):
            words = part.replace("pip install", "pip install --quiet")
            assert words in script, f".ci/run does not run {words!r}"
        return
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OPENAI_", "POLYREEL_", "GOOGLE_", "GEMINI_", "AWS_"))
        },
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "POLYREEL_HOME": str(tmp_path / "home"),
        **(servers(example.page) if example.how == "server" else {}),
        **({"POLYREEL_SIMULATE": "1"} if example.how == "simulate" else {}),
    }
    done = subprocess.run(
        example.command(),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expected = (lambda code: code not in {0, 127}) if example.how == "fails" else (lambda code: code == 0)
    assert expected(done.returncode), f"{example.code}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_no_example_hides_from_the_test() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^```(\w*)$", text, re.MULTILINE)
        assert set(fences) <= {"python", "console", "json", "toml", "text", ""}, page
        assert len(BLOCK.findall(text)) == sum(fence in {"python", "console"} for fence in fences), page
