"""What Luma Ray2 is asked on Bedrock.

Fields: fact sheet on Bedrock's asynchronous invocations, section 2.2 (2026-11-23), from Amazon's page and, for the frames,
from what third parties send.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from polyreel.parameters.native import native_body
from polyreel.types.media import Media
from polyreel.types.task import Task

__all__ = ["model_input"]

_FRAMES: Final = {"input_image": "frame0", "last_frame": "frame1"}


def model_input(task: Task) -> dict[str, Any]:
    """Return the member ``modelInput`` of a request."""
    asked: dict[str, Any] = native_body(task.document, task.parameters, without=tuple(_FRAMES))["modelInput"]
    frames = {
        place: _frame(task.parameters[name]) for name, place in _FRAMES.items() if name in task.parameters
    }
    return {**asked, "keyframes": frames} if frames else asked


def _frame(image: Media) -> dict[str, Any]:
    data = base64.b64encode(image.content).decode("ascii")
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": data}}
