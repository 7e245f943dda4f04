"""Drivers: scripts that an environment's own Python runs, so that no SDK is ever in the process of the tests.

A driver reads one JSON document from standard input and prints another.
"""

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oracle.environments import Environment

# Neither settings nor proxies of this machine may reach a driver: it speaks to a loopback address only.
KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL")


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """One version of an SDK, ready to be driven.

    Attributes:
        environment: Where it is installed.
        version: The version that the tests speak of.
        drivers: The folder of the scripts.
        home: The folder that the driver believes to be the user's: an SDK that looks for accounts finds none.
    """

    environment: Environment
    version: str
    drivers: Path
    home: Path

    def run(self, driver, *, timeout=120, variables=None, **told):
        """Run ``driver`` with ``told`` and with these environment variables, and return what it prints."""
        done = subprocess.run(
            self._command(driver),
            input=json.dumps(told),
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
            env=self._variables(variables),
        )
        said = f"{driver}.py failed with {self.environment.name}:\n{done.stderr[-4000:]}"
        assert done.returncode == 0, said
        return json.loads(done.stdout)

    @contextmanager
    def started(self, driver, *, variables=None, **told):
        """Run ``driver`` in the background, for a server; give the one line of JSON that it prints when it is ready.

        It is to end by itself when its standard input is closed; if it does not within seconds, it is killed.
        """
        process = subprocess.Popen(
            self._command(driver),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=self._variables(variables),
        )
        with process:
            try:
                process.stdin.write(json.dumps(told) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
                assert line, f"{driver}.py ended at once with {self.environment.name}"
                yield json.loads(line)
            finally:
                process.stdin.close()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _command(self, driver):
        return [self.environment.python, "-W", "ignore", self.drivers / f"{driver}.py"]

    def _variables(self, more):
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        home = {name: str(self.home) for name in ("HOME", "USERPROFILE", "APPDATA")}
        return {**kept, **home, "PYTHONUTF8": "1", **(more or {})}
