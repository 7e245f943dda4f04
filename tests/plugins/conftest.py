"""Entry points that exist only here, and plugins made of them."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from acme.house import House
from acme.plugin import FullAcme
from polyreel.plugins import EXTENSIONS, PROVIDERS, Plugins


@dataclass
class Point:
    """An installed entry point that counts how often it is imported."""

    name: str
    plugin: Any
    value: str = "somewhere.plugin"
    loads: int = field(default=0)

    def load(self):
        self.loads += 1
        if isinstance(self.plugin, BaseException):
            raise self.plugin
        return self.plugin


@pytest.fixture
def point():
    return Point


@pytest.fixture
def installed():
    """Make plugins of entry points."""

    def made(*providers, extensions=(), **options):
        groups = {PROVIDERS: list(providers), EXTENSIONS: list(extensions)}
        return Plugins(entry_points=groups.__getitem__, **options)

    return made


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def full():
    return FullAcme()
