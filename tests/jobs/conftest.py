"""The house of ``acme`` for everything that a job goes through."""

import pytest
from acme.house import House, leftovers
from acme.plugin import Acme


@pytest.fixture
def house(tmp_path):
    """A provider with every ability."""
    return House(tmp_path)


@pytest.fixture
def plain(tmp_path):
    """A provider that cannot look for a submit, refresh links or cancel."""
    return House(tmp_path, provider=Acme())


@pytest.fixture
def real(tmp_path):
    """Jobs count as real, so that their bill shows."""
    return House(tmp_path, real=True)


@pytest.fixture
def left_over():
    return leftovers
