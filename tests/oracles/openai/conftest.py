"""OpenAI's SDK, in the versions that the tests speak of."""

from pathlib import Path

import pytest
from oracle.drivers import Oracle
from oracle.environments import environment_of

DRIVERS = Path(__file__).parent / "drivers"
# 3.54.0 was the newest on 2026-11-23; 2.26.0 is the last one that sent JSON for a create without a file.
VERSIONS = ("3.54.0", "2.26.0")


class OpenAIOracle(Oracle):
    """OpenAI's SDK."""

    @property
    def is_new(self):
        return self.version == VERSIONS[0]


@pytest.fixture(scope="session", params=VERSIONS)
def sdk(request, nobody):
    """Give each pinned version of the SDK; a test for one of them says so with an indirect parameter."""
    environment = environment_of(f"openai=={request.param}")
    return OpenAIOracle(environment=environment, version=request.param, drivers=DRIVERS, home=nobody)
