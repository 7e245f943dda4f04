"""Pictures in one colour, made on the spot."""

import io

from PIL import Image


def picture(kind, width, height):
    """Return the bytes of a picture; ``kind`` is Pillow's name of the format."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (32, 128, 144)).save(file, kind)
    return file.getvalue()
