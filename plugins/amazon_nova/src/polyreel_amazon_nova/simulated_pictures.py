"""Input images as the models take them: decoded, measured, refused for their size, their kind or their transparency.

Sentences about images are ours: the service's own were published for none of these mistakes.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from typing import Final

from polyreel.media.images import InvalidImage, verify_image
from polyreel.media.sniffing import image_size, sniff

from polyreel_amazon_nova.simulated_shapes import Node

__all__ = ["MAX_BYTES", "Reader", "luma_keyframe", "nova_image"]

#: 25 MB; that they are binary ones, and that images inside the request have the same limit, are assumptions.
MAX_BYTES: Final = 25 * 2**20

#: From an ``s3://`` address and the bucket's owner, if it is stated, to the bytes there.
Reader = Callable[[Node, str | None], bytes]

_NOVA_SIZE: Final = (1280, 720)
_LUMA_SIDES: Final = (512, 4096)  # code of a third party; no page of AWS was found
_PNG_HEADER_BYTES = 26  # up to the colour type
_PNG_COLOURS: Final = {2: "RGB", 6: "RGBA"}
_JPEG_COMPONENTS = 3
_OPAQUE: Final = (255, 255)


def nova_image(node: Node, read: Reader) -> bytes:
    """Return the image of an ImageSource of Nova Reel (Nova user guide, "video-gen-access").

    Exactly 1280x720, PNG or JPEG as ``format`` says, RGB with 8 bits; an alpha channel only if all of it is opaque.

    Args:
        node: ``{"format": …, "source": {"bytes": …} or {"s3Location": …}}``.
        read: Reads an image in S3.

    Raises:
        BedrockError: It cannot be used.
    """
    members = node.object(required=("format", "source"))
    kind = members["format"].one_of(("png", "jpeg"))
    data = _source(members["source"], read)
    _check_picture(node, data, f"image/{kind}")
    size = image_size(data)
    if size != _NOVA_SIZE:
        shown = "x".join(map(str, size or ()))
        raise node.refused(f"the image must be 1280x720 pixels, but is {shown}")
    _check_colours(node, data, kind)
    return data


def _source(node: Node, read: Reader) -> bytes:
    if isinstance(node.value, dict) and set(node.value) == {"bytes"}:
        data = _decoded(node.value["bytes"])
        if data is None:
            # Verbatim from boto3 issue 4623, place and all: when the branch of the bytes does not fit, the
            # sentence speaks of the other one.
            raise Node(node.value).refused("required key [s3Location] not found")
        return data
    members = node.object(required=("s3Location",))
    location = members["s3Location"].object(required=("uri",), optional=("bucketOwner",))
    owner = location["bucketOwner"].text(most=12) if "bucketOwner" in location else None
    return read(location["uri"], owner)


def luma_keyframe(node: Node) -> bytes:
    """Return the image of a keyframe of Ray2 (promptfoo, ``src/providers/bedrock/luma-ray.ts``).

    Args:
        node: ``{"type": "image", "source": {"type": "base64", "media_type": …, "data": …}}``.

    Raises:
        BedrockError: It cannot be used.
    """
    members = node.object(required=("type", "source"))
    members["type"].one_of(("image",))
    source = members["source"].object(required=("type", "media_type", "data"))
    source["type"].one_of(("base64",))
    media_type = source["media_type"].one_of(("image/jpeg", "image/png"))
    data = _decoded(source["data"].value)
    if data is None:
        raise source["data"].refused("the image is not base64")
    _check_picture(node, data, media_type)
    width, height = image_size(data) or (0, 0)
    low, high = _LUMA_SIDES
    if not (low <= width <= high and low <= height <= high):
        raise node.refused(
            f"the image must be from {low}x{low} to {high}x{high} pixels, but is {width}x{height}"
        )
    return data


def _decoded(text: object) -> bytes | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _check_picture(node: Node, data: bytes, media_type: str) -> None:
    if len(data) > MAX_BYTES:
        raise node.refused(f"the image has {len(data)} bytes and {MAX_BYTES} are allowed")
    found = sniff(data)
    if found != media_type:
        raise node.refused(f"the image is said to be {media_type}, but is {found or 'no image'}")
    try:
        verify_image(data)
    except InvalidImage as problem:
        raise node.refused(f"the image cannot be read: {problem}") from None


def _check_colours(node: Node, data: bytes, kind: str) -> None:
    from PIL import Image  # verify_image has said what is missing without it

    with Image.open(io.BytesIO(data)) as picture:
        if kind == "png":
            depth, colours = data[24:_PNG_HEADER_BYTES]
            usable = depth == 8 and colours in _PNG_COLOURS  # noqa: PLR2004  bits
        else:
            usable = len(picture.getbands()) == _JPEG_COMPONENTS
        if not usable:
            raise node.refused("the image must be RGB with 8 bits for each channel")
        if picture.has_transparency_data:
            alpha = picture.convert("RGBA").getchannel("A").getextrema()
            if alpha != _OPAQUE:
                raise node.refused("the image must not have transparent pixels")
