"""Tell which address the SDK builds for each client, without sending anything: its own transport is handed in.

Standard input: ``{"clients": {name: {"vertexai", "location", "key", "project"}}}``. Printed are the addresses of a
start and of an interaction; null for what the SDK refuses.
"""

import json
import sys

from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

try:
    import httpx2 as httpx
except ImportError:
    import httpx

told = json.load(sys.stdin)
MODEL = {True: "veo-3.1-generate-001", False: "veo-3.1-generate-preview"}
seen = []


def answer(request):
    seen.append(str(request.url))
    name = request.url.path.split("/", 2)[2].partition(":")[0]
    return httpx.Response(
        200, json={"name": f"{name}/operations/op1", "id": "v1_rec1", "status": "in_progress"}
    )


def addresses(vertexai, location=None, project=None, key=None):
    transport = httpx.MockTransport(answer)
    own = {
        "httpx_client": httpx.Client(transport=transport, verify=False),
        "httpx_async_client": httpx.AsyncClient(transport=transport, verify=False),
    }
    options = types.HttpOptions(**own)
    signed = (
        {"api_key": key}
        if key
        else {"credentials": Credentials("FAKE"), "project": project, "location": location}
    )
    with genai.Client(vertexai=vertexai, http_options=options, **signed) as client:
        calls = (
            lambda: client.models.generate_videos(model=MODEL[vertexai], prompt="p"),
            lambda: client.interactions.create(model="gemini-omni-1.1-flash", input="p", background=True),
        )
        found = []
        for call in calls:
            try:
                call()
                found.append(seen.pop())
            except ValueError:
                found.append(None)
    return found


json.dump({name: addresses(**chosen) for name, chosen in told["clients"].items()}, sys.stdout)
