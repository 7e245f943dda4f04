"""Ask a server for its video models with OpenRouter's SDK, and print them as it read them."""

import json
import sys

from openrouter import OpenRouter

told = json.load(sys.stdin)
with OpenRouter(api_key="none", server_url=told["server"]) as client:
    answer = client.video_generation.list_videos_models()
json.dump([model.model_dump(mode="json") for model in answer.data], sys.stdout)
