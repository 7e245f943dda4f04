"""The standard tests of every provider."""

import pytest
from PIL import Image
from polyreel.testing import ProviderContract


class TestOpenAI(ProviderContract):
    @pytest.fixture
    def provider_id(self):
        return "openai"

    @pytest.fixture
    def example(self):
        picture = Image.new("RGB", (1280, 720), "teal")
        return {
            "model": "openai/sora-2",
            "prompt": "A paper boat",
            "size": "1280x720",
            "input_image": picture,
        }

    @pytest.fixture
    def retired_ok(self):
        return True  # the vendor shut them all down
