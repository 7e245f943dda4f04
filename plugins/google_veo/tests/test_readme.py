"""What the README generates from the documents is what they say."""

import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_tables_are_fresh():
    """If it fails: ``cog -r plugins/google_veo/README.md``."""
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", str(README)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
