"""The standard tests of every provider."""

import pytest
from PIL import Image
from polyreel.testing import ProviderContract


class Amazon(ProviderContract):
    @pytest.fixture
    def provider_id(self):
        return "amazon"


class TestNovaReel(Amazon):
    @pytest.fixture
    def example(self):
        picture = Image.new("RGB", (1280, 720), "teal")
        return {"model": "amazon/nova-reel", "prompt": "A paper boat", "seed": 7, "input_image": picture}

    @pytest.fixture
    def retired_ok(self):
        return True  # its end of life was on 2026-09-30


class TestNovaReelInShots(Amazon):
    @pytest.fixture
    def example(self):
        first = Image.new("RGB", (1280, 720), "teal")
        shots = [{"text": "A paper boat in rain", "image": first}, {"text": "It sinks"}]
        return {"model": "amazon/nova-reel-v1:1", "prompt": "boat", "amazon_shots": shots}

    @pytest.fixture
    def retired_ok(self):
        return True  # its end of life was on 2026-09-30


class TestRay2(Amazon):
    @pytest.fixture
    def example(self):
        frames = {
            name: Image.new("RGB", (640, 512), colour)
            for name, colour in {"input_image": "teal", "last_frame": "navy"}.items()
        }
        return {"model": "amazon/luma.ray-v2:0", "prompt": "A paper boat", "aspect_ratio": "9:16", **frames}
