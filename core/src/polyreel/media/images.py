"""Pictures that are decoded: checked to their last pixel, and fitted to a model's size.

Pillow comes with the extra ``simulate`` and is imported only when a function here needs it. Before it decodes
anything, the size in the header is checked: a PNG of 17 kB can hold 700 MB of pixels.
"""

from __future__ import annotations

import io
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from polyreel.errors import MissingExtra
from polyreel.media.sniffing import image_size, is_truncated, sniff

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["InvalidImage", "encode_pil", "fit_image", "is_pil_image", "opaque_image", "verify_image"]

MAX_PIXELS = 40_000_000  # 160 MB once decoded; no video model takes a tenth of it, cameras stay below it
MAX_FRAMES = 256  # an animation is a legal picture, but each frame costs a whole decoding
MAX_FRAME_PIXELS = 4  # times ``max_pixels`` over all frames: about two seconds of decoding
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # Pillow's others are old and little tested
_PNG_DEPTH = 24  # where the bit depth stands in a PNG (its specification, section 11.2.1)
JPEG_QUALITY = 95  # above it files grow and nobody sees a difference

_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "image/png": {"format": "PNG"},
    "image/jpeg": {"format": "JPEG", "quality": JPEG_QUALITY},
    "image/webp": {"format": "WEBP", "quality": JPEG_QUALITY},
}
_WARNINGS = threading.Lock()


class InvalidImage(ValueError):
    """The picture cannot be used; the message says why and what to do."""


def verify_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> None:
    """Decode a picture completely, every frame of it, to find out whether it is whole.

    Raises:
        InvalidImage: It is no picture, cut off, corrupt, or larger than allowed.
        MissingExtra: Pillow is not installed.
    """
    _require_pillow("Checking a picture")
    media_type = sniff(data) or ""
    if media_type.startswith("image/") and is_truncated(data, media_type):
        raise InvalidImage(
            "The picture is cut off: its file ends before the picture does; export or send it again."
        )
    with _open(data, max_pixels) as picture:
        picture.verify()  # checksums; it leaves the picture unusable, so that it is opened again
    with _open(data, max_pixels) as picture:
        _decode_frames(picture, max_pixels)


def fit_image(
    data: bytes,
    *,
    width: int,
    height: int,
    mode: Literal["crop", "pad"],
    media_type: str | None = None,
) -> bytes:
    """Bring a picture to an exact size; of an animation, its first frame.

    The EXIF orientation is applied, colours become sRGB, and all metadata (place, camera, author) is dropped.

    Args:
        data: A picture in one of Pillow's common formats.
        width: Pixels of the result.
        height: Pixels of the result.
        mode: ``"crop"`` fills the size and cuts off what is over, equally on both sides; ``"pad"`` keeps the
            whole picture and adds black bars.
        media_type: ``image/png`` (the default) and ``image/webp`` keep transparency; in ``image/jpeg`` it
            becomes black.

    Raises:
        InvalidImage: The picture, the size or the media type cannot be used.
        MissingExtra: Pillow is not installed.
    """
    _require_pillow("Fitting a picture")
    output = media_type or "image/png"
    if output not in _SAVE_OPTIONS:
        raise InvalidImage(
            f"A picture cannot be fitted as {output!r}; allowed are {', '.join(_SAVE_OPTIONS)}."
        )
    if mode not in {"crop", "pad"}:
        raise InvalidImage(f"A picture cannot be fitted by {mode!r}; allowed are 'crop' and 'pad'.")
    _check_size(width, height, MAX_PIXELS)
    with _open(data, MAX_PIXELS) as picture:
        upright = _normalise(picture)
        fitted = _crop(upright, width, height) if mode == "crop" else _pad(upright, width, height)
    return _encode(fitted, output)


def opaque_image(data: bytes, *, over_black: bool) -> bytes:
    """Return a picture as RGB with 8 bits per channel and nothing transparent; one that is so already is not changed.

    Args:
        data: A picture in one of Pillow's common formats.
        over_black: Whether what is transparent is put over black; otherwise it is refused.

    Raises:
        InvalidImage: It cannot be read, or something of it is transparent.
        MissingExtra: Pillow is not installed.
    """
    media_type = sniff(data) or ""
    _require_pillow("Looking for transparency in a picture")
    with _open(data, MAX_PIXELS) as picture:
        # Pillow shows a PNG of 16 bits per channel as RGB too; its header tells.
        deep = media_type == "image/png" and data[_PNG_DEPTH] > 8  # noqa: PLR2004  bits
        if picture.mode == "RGB" and not picture.has_transparency_data and not deep:
            return data
        plain = _normalise(picture)
    if plain.mode == "RGBA" and not over_black:
        raise InvalidImage(
            "the picture has transparent pixels, which this model refuses; save it without transparency, or pass "
            "fit='crop' or fit='pad' (--fit) to have it put over black"
        )
    return _encode(_over_black(plain), media_type if media_type in _SAVE_OPTIONS else "image/png")


def is_pil_image(value: object) -> bool:
    """Tell whether this is a Pillow picture, without importing Pillow."""
    module = sys.modules.get("PIL.Image")  # where it was never imported, nobody can hold one of its pictures
    return module is not None and isinstance(value, module.Image)


def encode_pil(image: object) -> bytes:
    """Encode a Pillow picture as PNG, upright and without metadata.

    Raises:
        InvalidImage: It is no Pillow picture, has no pixels or too many, or its file is broken.
    """
    if not is_pil_image(image):
        raise InvalidImage(
            f"A {type(image).__name__} is not a Pillow picture; pass a path, bytes or a PIL image."
        )
    picture: Image.Image = image  # type: ignore[assignment]  # is_pil_image must not import the type
    _check_size(*picture.size, MAX_PIXELS)
    with _decoding():
        upright = _normalise(picture)
    return _encode(upright, "image/png")


def _require_pillow(purpose: str) -> None:
    try:
        import PIL.Image  # noqa: F401
    except ImportError as problem:
        raise MissingExtra(purpose, extra="simulate") from problem


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise InvalidImage(f"A picture of {width}x{height} has no pixels; both sides must be 1 or more.")
    if width * height > max_pixels:
        raise InvalidImage(
            f"A picture of {width}x{height} has {width * height:,} pixels and {max_pixels:,} are allowed; "
            "make it smaller first."
        )


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        yield
    except (InvalidImage, MissingExtra):
        raise
    except Exception as problem:  # Pillow's decoders answer to garbage with a dozen exception types
        raise InvalidImage(
            "The picture cannot be decoded: it is corrupt or cut off; open it in an image editor and export it again."
        ) from problem


@contextmanager
def _open(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture whose size is allowed; nothing of it is decoded yet."""
    if not data:
        raise InvalidImage("The picture is empty (0 bytes); check the file.")
    size = image_size(data)
    if size:  # before Pillow: its WebP reader reserves the canvas while opening
        _check_size(*size, max_pixels)
    with _decoding(), _open_header(data) as picture:
        _check_size(*picture.size, max_pixels)
        yield picture


def _open_header(data: bytes) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    # the filters belong to the whole process: two threads that change them at once would leave them changed
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return Image.open(io.BytesIO(data), formats=FORMATS)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as problem:
            raise InvalidImage(
                "The picture has far too many pixels to be decoded; make it smaller first."
            ) from problem
        except UnidentifiedImageError as problem:
            found = sniff(data)
            raise InvalidImage(
                f"The file is not a picture that can be read{f' (it looks like {found})' if found else ''}; "
                "save it as PNG, JPEG or WebP."
            ) from problem


def _decode_frames(picture: Image.Image, max_pixels: int) -> None:
    from PIL import ImageSequence

    total = 0
    for index, frame in enumerate(ImageSequence.Iterator(picture)):
        _check_size(*frame.size, max_pixels)
        total += frame.width * frame.height
        if index >= MAX_FRAMES or total > MAX_FRAME_PIXELS * max_pixels:
            raise InvalidImage(
                f"The animation is too long: {MAX_FRAMES} frames and {MAX_FRAME_PIXELS * max_pixels:,} pixels over "
                "all of them are allowed; send one picture."
            )
        frame.load()


def _normalise(picture: Image.Image) -> Image.Image:
    """The picture upright, in sRGB, as RGB or, when something of it is transparent, RGBA."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16 bits of grey: converting alone would clip at 255
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    alpha = upright.convert("RGBA").getchannel("A") if upright.has_transparency_data else None
    colours = _to_srgb(upright)
    if alpha is not None and alpha.getextrema() != (255, 255):
        colours.putalpha(alpha)
    return colours


def _to_srgb(picture: Image.Image) -> Image.Image:
    from PIL import ImageCms

    profile_bytes = picture.info.get("icc_profile")
    # the transparency of a palette was taken out before, and converting it here would warn
    plain = picture if picture.mode in {"L", "RGB", "CMYK"} else picture.convert("RGBA").convert("RGB")
    if profile_bytes:
        try:
            profile = ImageCms.getOpenProfile(io.BytesIO(profile_bytes))
            # between the variants of sRGB a conversion would only move pixels by one
            if "sRGB" not in ImageCms.getProfileDescription(profile):
                target = ImageCms.createProfile("sRGB")
                plain = ImageCms.profileToProfile(plain, profile, target, outputMode="RGB") or plain
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a broken profile, or one for other channels: every viewer then shows the plain numbers
    return plain.convert("RGB")


def _crop(picture: Image.Image, width: int, height: int) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, (width, height), method=Image.Resampling.LANCZOS, centering=(0.5, 0.5))


def _pad(picture: Image.Image, width: int, height: int) -> Image.Image:
    from PIL import Image

    scale = min(width / picture.width, height / picture.height)
    # a line of one pixel must not vanish
    inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    resized = picture.resize(inner, Image.Resampling.LANCZOS)
    black = (0, 0, 0) if picture.mode == "RGB" else (0, 0, 0, 255)
    canvas = Image.new(picture.mode, (width, height), black)
    canvas.paste(resized, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


def _over_black(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode != "RGBA":
        return picture
    black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, picture).convert("RGB")


def _encode(picture: Image.Image, media_type: str) -> bytes:
    if media_type == "image/jpeg":
        picture = _over_black(picture)
    clean = picture.copy()
    clean.info = {}  # the encoders write profiles and comments that they find here
    file = io.BytesIO()
    try:
        clean.save(file, **_SAVE_OPTIONS[media_type])
    except (OSError, ValueError) as problem:
        raise InvalidImage(
            f"A picture of {clean.width}x{clean.height} cannot be saved as {media_type}, whose sides are limited; "
            "use image/png or a smaller size."
        ) from problem
    return file.getvalue()
