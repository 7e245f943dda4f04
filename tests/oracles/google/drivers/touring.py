"""What the tours have in common: they wait, they say what was refused, and they tell of each stop.

Standard input of a tour: ``{"url": origin of the simulator, "media": folder, "stops": names}``. Printed is, for each
stop, ``{"value": …}`` or ``{"trace": …}``; exceptions of the API that a stop expects are part of its value.
"""

import base64
import json
import sys
import traceback
from pathlib import Path

from google.genai import errors, types

told = json.load(sys.stdin)
url = told["url"]
media = Path(told["media"])

# One try: what is retried, and how long the SDK waits, is no part of what is compared.
ONCE = {"retry_options": {"attempts": 1}}


def with_header(name):
    """Return the options of a call for which the simulator is prepared by a header."""
    return {"http_options": {"headers": {name: "1"}}}


def encoded(content):
    return None if content is None else base64.b64encode(content).decode()


def image(name, media_type):
    return types.Image(image_bytes=media.joinpath(name).read_bytes(), mime_type=media_type)


def png():
    return image("wide.png", "image/png")


def jpeg():
    return image("wide.jpg", "image/jpeg")


def reference(picture, kind="ASSET"):
    return types.VideoGenerationReferenceImage(image=picture, reference_type=kind)


def finished(client, operation):
    """Ask until the operation is done; return it, and how often it was not."""
    waited = 0
    while not operation.done:
        waited += 1
        assert waited < 50, f"{operation.name} does not end"
        operation = client.operations.get(operation)
    return operation, waited


def outcome(operation):
    """Return what the SDK read of an operation that is done."""
    result = operation.response
    videos = (result.generated_videos if result else None) or []
    return {
        "name": operation.name,
        "error": operation.error,
        "videos": [
            {"uri": v.video.uri, "type": v.video.mime_type, "bytes": encoded(v.video.video_bytes)}
            for v in videos
        ],
        "none": result is not None and result.generated_videos is None,
        "filtered": result.rai_media_filtered_count if result else None,
        "reasons": result.rai_media_filtered_reasons if result else None,
        "same": operation.result == operation.response,
    }


def refusal(call):
    """Return what the SDK raises."""
    try:
        call()
    except errors.APIError as error:
        details = error.details if isinstance(error.details, dict) else {}
        return {
            "class": type(error).__name__,
            "code": error.code,
            "status": error.status,
            "message": error.message,
            "details": details.get("error", {}).get("details", []),
        }
    except ValueError as error:
        return {"class": "ValueError", "message": str(error)}
    return {"class": None}


def tour(*stops):
    """Make the stops that were asked for and print what they tell."""
    by_name = {stop.__name__: stop for stop in stops}
    said = {}
    for name in told["stops"]:
        try:
            said[name] = {"value": by_name[name]()}
        except Exception:  # noqa: BLE001  the test says it
            said[name] = {"trace": traceback.format_exc()}
    json.dump(said, sys.stdout)
