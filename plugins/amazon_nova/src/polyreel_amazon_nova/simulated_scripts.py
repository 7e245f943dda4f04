"""What a model is asked to film: ``modelInput`` of Nova Reel and of Ray2, checked member by member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from polyreel_amazon_nova.simulated_pictures import Reader, luma_keyframe, nova_image
from polyreel_amazon_nova.simulated_shapes import Node

__all__ = ["Script", "Shot", "script_of"]

_SHOT_SECONDS = 6
_SHORT_TEXT, _LONG_TEXT, _LUMA_TEXT = 512, 4000, 5000
_LONGEST = 120
_HIGHEST_SEED = 2_147_483_646
_DEFAULT_SEED = 42
_PARAMS: Final = {
    "TEXT_VIDEO": "textToVideoParams",
    "MULTI_SHOT_AUTOMATED": "multiShotAutomatedParams",
    "MULTI_SHOT_MANUAL": "multiShotManualParams",
}
_TASKS: Final = {
    "amazon.nova-reel-v1:0": ("TEXT_VIDEO",),
    "amazon.nova-reel-v1:1": tuple(_PARAMS),
}

# Width and height to a shorter side of 9 ninths. What Ray2 really gives is not published: that "540p" and "720p" are
# the shorter side is an assumption.
_RATIOS: Final = {
    "1:1": (1, 1),
    "16:9": (16, 9),
    "9:16": (9, 16),
    "4:3": (4, 3),
    "3:4": (3, 4),
    "21:9": (21, 9),
    "9:21": (9, 21),
}
_LUMA_SIDES: Final = {"540p": 540, "720p": 720}
_LUMA_SECONDS: Final = {"5s": 5, "9s": 9}


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One shot.

    Attributes:
        text: Its prompt.
        still: Its first image.
    """

    text: str
    still: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Script:
    """A film that can be made.

    Attributes:
        shots: Its shots.
        seconds: Its length.
        width: Pixels.
        height: Pixels.
        seed: The seed of a model that has one.
        in_files: Whether each shot becomes a file too.
        has_image: Whether any image was handed in.
    """

    shots: tuple[Shot, ...]
    seconds: int
    width: int = 1280
    height: int = 720
    seed: int | None = None
    in_files: bool = False
    has_image: bool = False


def script_of(model_id: str, model_input: object, read: Reader) -> Script:
    """Read a ``modelInput``.

    Args:
        model_id: The model.
        model_input: JSON.
        read: Reads an image in S3.

    Raises:
        BedrockError: The model does not take it.
    """
    root = Node(model_input)
    return _reel(model_id, root, read) if model_id in _TASKS else _ray(root)


def _reel(model_id: str, root: Node, read: Reader) -> Script:
    """Read what Nova Reel takes (Nova user guide, "video-gen-access")."""
    members = root.object(required=("taskType", "videoGenerationConfig"), optional=tuple(_PARAMS.values()))
    task = members["taskType"].one_of(_TASKS[model_id])
    params = root.object(required=("taskType", "videoGenerationConfig", _PARAMS[task]))[_PARAMS[task]]
    config = members["videoGenerationConfig"]
    shots: tuple[Shot, ...]
    if task == "TEXT_VIDEO":
        shots, seconds = (_text_video(params, read),), _config(config, low=6, high=6)
    elif task == "MULTI_SHOT_AUTOMATED":
        text = params.object(required=("text",))["text"].text(most=_LONG_TEXT)
        seconds = _config(config, low=12, high=_LONGEST)
        shots = (Shot(text=text),) * (seconds // _SHOT_SECONDS)
    else:
        shots = _manual(params, read)
        seconds = len(shots) * _SHOT_SECONDS
        _config_without_length(config)
    return Script(
        shots=shots,
        seconds=seconds,
        seed=config.value.get("seed", _DEFAULT_SEED),
        in_files=task != "TEXT_VIDEO",
        has_image=any(shot.still is not None for shot in shots),
    )


def _text_video(params: Node, read: Reader) -> Shot:
    members = params.object(required=("text",), optional=("images",))
    text = members["text"].text(most=_SHORT_TEXT)
    images = members["images"].items(least=1, most=1) if "images" in members else []
    return Shot(text=text, still=nova_image(images[0], read) if images else None)


def _manual(params: Node, read: Reader) -> tuple[Shot, ...]:
    """Read the shots of MULTI_SHOT_MANUAL: 20 at most, since 120 seconds is the longest; 1 at least is assumed."""
    nodes = params.object(required=("shots",))["shots"].items(least=1, most=_LONGEST // _SHOT_SECONDS)
    shots = []
    for node in nodes:
        members = node.object(required=("text",), optional=("image",))
        text = members["text"].text(most=_SHORT_TEXT)
        still = nova_image(members["image"], read) if "image" in members else None
        shots.append(Shot(text=text, still=still))
    return tuple(shots)


def _config(node: Node, *, low: int, high: int) -> int:
    members = node.object(required=("durationSeconds", "fps", "dimension"), optional=("seed",))
    _check_config(members)
    return members["durationSeconds"].whole(low=low, high=high, step=_SHOT_SECONDS)


def _config_without_length(node: Node) -> None:
    _check_config(node.object(required=("fps", "dimension"), optional=("seed",)))


def _check_config(members: dict[str, Node]) -> None:
    members["fps"].one_of((24,))
    members["dimension"].one_of(("1280x720",))
    if "seed" in members:
        members["seed"].whole(low=0, high=_HIGHEST_SEED)


def _ray(root: Node) -> Script:
    """Read what Ray2 takes (Bedrock user guide, "model-parameters-luma").

    Without them: 16:9, 5 seconds, 720p; these defaults are assumptions, and so is that ``keyframes`` holds at least one.
    """
    options = ("aspect_ratio", "loop", "duration", "resolution", "keyframes")
    members = root.object(required=("prompt",), optional=options)
    text = members["prompt"].text(most=_LUMA_TEXT)
    if "loop" in members:
        members["loop"].flag()
    ratio = members.get("aspect_ratio", Node("16:9")).one_of(_RATIOS)
    side = _LUMA_SIDES[members.get("resolution", Node("720p")).one_of(_LUMA_SIDES)]
    seconds = _LUMA_SECONDS[members.get("duration", Node("5s")).one_of(_LUMA_SECONDS)]
    stills = _keyframes(members["keyframes"]) if "keyframes" in members else []
    wide, high = _RATIOS[ratio]
    return Script(
        shots=(Shot(text=text, still=stills[0] if stills else None),),
        seconds=seconds,
        width=side * wide // min(wide, high),
        height=side * high // min(wide, high),
        has_image=bool(stills),
    )


def _keyframes(node: Node) -> list[bytes]:
    members = node.object(optional=("frame0", "frame1"))
    if not members:
        raise node.refused("minimum size: [1], found: [0]")
    return [luma_keyframe(members[name]) for name in sorted(members)]
