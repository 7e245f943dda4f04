"""The seed's examples, run as they stand: only the import is changed and the placeholders are filled."""

import base64
import io
import os
from contextlib import redirect_stdout
from pathlib import Path

import polyreel.simulation.staging
import polyreel.workspace
import pytest
from acme.house import picture, quick_studio, tiny_film
from polyreel.client import Client
from polyreel.clock import VirtualClock

EXAMPLES = Path(__file__).parent / "examples"
IMAGE = f"data:image/png;base64,{base64.b64encode(picture(1280, 720)).decode()}"
FILM = f"data:video/mp4;base64,{base64.b64encode(tiny_film()).decode()}"
PLACEHOLDERS = {
    "from indoxrouter import Client": "from polyreel import Client",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA...": IMAGE,
    "data:image/png;base64,...": IMAGE,
    "data:video/mp4;base64,...": FILM,
}


class Seed:
    """A user of the seed's document at work.

    Attributes:
        clock: The time, of which nothing is waited for.
        names: What the examples have defined so far.
        printed: What they have printed so far.
    """

    def __init__(self, clock):
        self.clock = clock
        self.names = {}
        self.printed = ""

    @property
    def client(self):
        return self.names["client"]

    def run(self, example, **placeholders):
        """Run an example; return what it printed."""
        code = (EXAMPLES / example).read_text(encoding="utf-8")
        for placeholder, value in {**PLACEHOLDERS, **placeholders}.items():
            code = code.replace(placeholder, value)
        stream = io.StringIO()
        with redirect_stdout(stream):
            exec(compile(code, example, "exec"), self.names)
        return stream.getvalue().splitlines()

    def completed(self, response):
        """Let the film of an answer be ready; return its job's id."""
        self.clock.advance(60)
        return response["data"]["job_id"]


@pytest.fixture
def seed(monkeypatch, tmp_path):
    """Someone whose environment says that nothing is to be paid for."""
    monkeypatch.setenv("POLYREEL_SIMULATE", "1")
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "GOOGLE_", "GEMINI_", "AWS_", "CLOUDSDK_", "STORAGE_EMULATOR_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    # The examples cannot be handed a clock or a studio: the machine's are replaced.
    clock = VirtualClock()
    monkeypatch.setattr(polyreel.workspace, "SystemClock", lambda: clock)
    monkeypatch.setattr(polyreel.simulation.staging, "FilmStudio", quick_studio)
    user = Seed(clock)
    yield user
    if isinstance(user.names.get("client"), Client):
        user.client.close()


@pytest.fixture
def begun(seed):
    """Someone who has run the first example."""
    seed.printed = seed.run("basic_usage.py")
    return seed
