"""The standard tests of every provider, for each surface and each way to ask."""

import pytest
from PIL import Image
from polyreel.testing import ProviderContract


def picture(colour="teal"):
    return Image.new("RGB", (1280, 720), colour)


class TestGoogle(ProviderContract):
    @pytest.fixture
    def provider_id(self):
        return "google"

    @pytest.fixture(params=["omni", "omni-on-vertex", "veo", "veo-into-a-bucket", "veo-on-the-developer-api"])
    def example(self, request):
        return {
            "omni": {
                "model": "google/gemini-omni-1.2-flash",
                "prompt": "A paper boat",
                "duration": 4,
                "input_image": picture(),
            },
            "omni-on-vertex": {
                "model": "google/gemini-omni-1.1-flash@vertex",
                "prompt": "A paper boat",
                "resolution": "360p",
                "reference_images": [picture(), picture("navy")],
            },
            "veo": {
                "model": "google/veo-3.1-generate-001",
                "prompt": "A paper boat",
                "n": 2,
                "input_image": picture(),
                "last_frame": picture("navy"),
            },
            "veo-into-a-bucket": {
                "model": "google/veo-3.1-fast-generate-001",
                "prompt": "A paper boat",
                "generate_audio": False,
                "google_storage_uri": "gs://simulated-bucket/films/",
            },
            "veo-on-the-developer-api": {
                "model": "google/veo-3.1-generate-preview",
                "prompt": "A paper boat",
                "negative_prompt": "rain",
                "reference_images": [picture()],
            },
        }[request.param]

    @pytest.fixture
    def retired_ok(self, example):
        return example["model"].endswith("preview")  # the Developer API has no Veo any more
