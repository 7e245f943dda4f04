import io
import sys
import warnings

import pytest
from PIL import Image, ImageCms
from polyreel.media.images import InvalidImage, encode_pil, fit_image, is_pil_image
from polyreel.media.sniffing import image_size, sniff

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
KINDS = [
    "png",
    "jpeg",
    "jpeg-progressive",
    "webp",
    "webp-lossless",
    "webp-extended",
    "gif",
    "bmp",
    "tiff",
    "avif",
]
# red, green, blue, white are top left, top right, bottom left, bottom right of the stored picture
SHOWN = {
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (BLUE, RED, WHITE, GREEN),
    7: (WHITE, GREEN, BLUE, RED),
    8: (GREEN, WHITE, RED, BLUE),
}


def refusal(call, *args, **options):
    with pytest.raises(InvalidImage) as caught:
        call(*args, **options)
    message = str(caught.value)
    assert message[0].isupper()
    assert message.endswith(".")
    return message


def encoded(image, kind="png", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def near(colour, expected, tolerance=40):
    return all(abs(one - other) <= tolerance for one, other in zip(colour, expected, strict=True))


def corners(image, inset=4):
    image = image.convert("RGB")
    right, bottom = image.width - 1 - inset, image.height - 1 - inset
    return [image.getpixel(at) for at in ((inset, inset), (right, inset), (inset, bottom), (right, bottom))]


@pytest.mark.parametrize("mode", ["crop", "pad"])
@pytest.mark.parametrize("size", [(30, 30), (64, 16), (7, 90), (1, 1), (200, 100)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_exact(make_picture, kind, size, mode):
    data = fit_image(make_picture(kind), width=size[0], height=size[1], mode=mode)
    assert sniff(data) == "image/png"
    assert image_size(data) == opened(data).size == size


@pytest.mark.parametrize("mode", ["crop", "pad"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_orientation_is_respected(make_picture, kind, orientation, mode):
    size = (80, 40) if orientation < 5 else (40, 80)
    data = make_picture(kind, (80, 40), orientation)
    shown = corners(opened(fit_image(data, width=size[0], height=size[1], mode=mode)))
    assert all(map(near, shown, SHOWN[orientation])), shown


def _stripes():
    """100 x 60: a green middle of 60 x 60 between a red and a blue side of 20."""
    image = Image.new("RGB", (100, 60), GREEN)
    image.paste(RED, (0, 0, 20, 60))
    image.paste(BLUE, (80, 0, 100, 60))
    return image


def test_crop_takes_the_middle():
    result = opened(fit_image(encoded(_stripes()), width=60, height=60, mode="crop"))
    assert result.getcolors() == [(3600, GREEN)]
    tall = encoded(_stripes().transpose(Image.Transpose.ROTATE_90))
    assert opened(fit_image(tall, width=60, height=60, mode="crop")).getcolors() == [(3600, GREEN)]


def test_pad_keeps_everything_between_black_bars():
    result = opened(fit_image(encoded(_stripes()), width=100, height=100, mode="pad"))
    assert result.crop((0, 20, 100, 80)).tobytes() == _stripes().tobytes()
    assert result.crop((0, 0, 100, 20)).getcolors() == [(2000, BLACK)]
    assert result.crop((0, 80, 100, 100)).getcolors() == [(2000, BLACK)]
    wide = opened(fit_image(encoded(_stripes()), width=200, height=60, mode="pad"))
    assert wide.crop((50, 0, 150, 60)).tobytes() == _stripes().tobytes()
    assert wide.getpixel((49, 30)) == wide.getpixel((150, 30)) == BLACK


def test_same_size_changes_no_pixel():
    for mode in ("crop", "pad"):
        assert (
            opened(fit_image(encoded(_stripes()), width=100, height=60, mode=mode)).tobytes()
            == _stripes().tobytes()
        )


@pytest.mark.parametrize("mode", ["crop", "pad"])
def test_a_thin_line_does_not_vanish(mode):
    line = encoded(Image.new("RGB", (3000, 1), RED))
    result = opened(fit_image(line, width=50, height=50, mode=mode))
    assert RED in {colour for _, colour in result.getcolors()}


def _half_transparent():
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 255))
    image.paste((255, 255, 255, 0), (0, 0, 20, 40))
    return image


def test_alpha_stays_in_png_and_webp():
    for media_type in (None, "image/png", "image/webp"):
        result = opened(
            fit_image(encoded(_half_transparent()), width=40, height=80, mode="pad", media_type=media_type)
        )
        assert result.mode == "RGBA"
        assert result.getpixel((5, 40))[3] == 0
        assert near(result.getpixel((35, 40)), (255, 0, 0, 255))
        assert near(result.getpixel((20, 5)), (0, 0, 0, 255))


def test_alpha_becomes_black_in_jpeg():
    data = fit_image(encoded(_half_transparent()), width=40, height=40, mode="crop", media_type="image/jpeg")
    result = opened(data)
    assert (sniff(data), result.mode) == ("image/jpeg", "RGB")
    assert near(result.getpixel((5, 20)), BLACK)
    assert near(result.getpixel((35, 20)), RED)


def test_alpha_that_hides_nothing_is_dropped():
    opaque = encoded(_stripes().convert("RGBA"))
    assert opened(fit_image(opaque, width=10, height=10, mode="crop")).mode == "RGB"


def _palette_with_transparency():
    image = Image.new("P", (20, 20), 1)
    image.putpalette([0, 0, 0, 0, 255, 0])
    image.paste(0, (0, 0, 10, 20))
    return image


@pytest.mark.parametrize(
    ("image", "options", "left", "right"),
    [
        (_palette_with_transparency(), {"transparency": 0}, (0, 0, 0, 0), (0, 255, 0, 255)),
        (_palette_with_transparency(), {"transparency": b"\x00\x80"}, (0, 0, 0, 0), (0, 255, 0, 128)),
        (_palette_with_transparency(), {}, BLACK, GREEN),
        (Image.new("L", (20, 20), 90), {}, (90, 90, 90), (90, 90, 90)),
        (Image.new("L", (20, 20), 90), {"transparency": 90}, (90, 90, 90, 0), (90, 90, 90, 0)),
        (Image.new("LA", (20, 20), (90, 128)), {}, (90, 90, 90, 128), (90, 90, 90, 128)),
        (Image.new("1", (20, 20), 1), {}, WHITE, WHITE),
        (Image.new("I;16", (20, 20), 0x8000), {}, (128, 128, 128), (128, 128, 128)),
        (Image.new("RGB", (20, 20), RED), {"transparency": RED}, (255, 0, 0, 0), (255, 0, 0, 0)),
    ],
)
def test_every_mode_of_png(image, options, left, right):
    result = opened(fit_image(encoded(image, **options), width=20, height=20, mode="pad"))
    assert (result.getpixel((2, 10)), result.getpixel((17, 10))) == (left, right)


def test_cmyk():
    result = opened(
        fit_image(
            encoded(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "jpeg"), width=9, height=9, mode="pad"
        )
    )
    assert near(result.getpixel((4, 4)), RED)


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_metadata_is_dropped(media_type):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET camera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("jpeg", "png", "webp"):
        options = {"comment": b"SECRET comment"} if kind == "jpeg" else {}
        data = encoded(_stripes(), kind, exif=exif, icc_profile=profile, xmp=b"<x>SECRET</x>", **options)
        assert b"SECRET" in data
        result = fit_image(data, width=60, height=100, mode="crop", media_type=media_type)
        assert b"SECRET" not in result
        left = opened(result)
        assert dict(left.getexif()) == {}
        assert not {"icc_profile", "exif", "comment", "xmp"} & set(left.info)


def _profile_with_red_and_green_swapped():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"?XYZ"), (b"gXYZ", b"rXYZ"), (b"?XYZ", b"gXYZ")):
        profile = profile.replace(old, new, 1)
    return profile.replace("sRGB".encode("utf-16-be"), "GRBs".encode("utf-16-be"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_become_srgb(mode):
    image = Image.new("RGB", (9, 9), (200, 100, 50)).convert(mode)
    data = encoded(image, icc_profile=_profile_with_red_and_green_swapped())
    changed = opened(fit_image(data, width=9, height=9, mode="crop"))
    assert near(changed.getpixel((4, 4)), (100, 200, 50), 2)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"not a profile at all"):
        data = encoded(Image.new("RGB", (9, 9), (200, 100, 50)), icc_profile=profile)
        assert opened(fit_image(data, width=9, height=9, mode="crop")).getpixel((4, 4)) == (200, 100, 50)


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_the_bytes_are_deterministic(make_picture, media_type):
    data = make_picture("jpeg", (80, 40), 6)
    first, second = (
        fit_image(data, width=33, height=21, mode="pad", media_type=media_type) for _ in range(2)
    )
    assert first == second
    assert sniff(first) == media_type


def test_of_an_animation_the_first_frame():
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, BLUE)]
    data = encoded(frames[0], "gif", save_all=True, append_images=frames[1:])
    assert opened(fit_image(data, width=9, height=9, mode="crop")).getpixel((4, 4)) == RED


def test_impossible_wishes(make_picture):
    data = make_picture("png")
    for width, height in ((0, 9), (9, 0), (-1, 9)):
        assert f"{width}x{height}" in refusal(fit_image, data, width=width, height=height, mode="crop")
    assert "40,000,000 are allowed" in refusal(fit_image, data, width=10_000, height=10_000, mode="pad")
    assert "image/webp" in refusal(fit_image, data, width=9, height=9, mode="crop", media_type="image/tiff")
    assert "'crop' and 'pad'" in refusal(fit_image, data, width=9, height=9, mode="stretch")
    wide = {"width": 17_000, "height": 2, "mode": "crop", "media_type": "image/webp"}
    assert "cannot be saved as image/webp" in refusal(fit_image, data, **wide)


def test_a_truncated_picture_is_not_fitted(make_picture):
    data = make_picture("jpeg", (200, 200))
    assert "cut off" in refusal(fit_image, data[: len(data) // 2], width=9, height=9, mode="crop")


def test_is_pil_image(monkeypatch):
    assert is_pil_image(_stripes())
    assert not any(map(is_pil_image, (None, b"", "a.png", Image, object())))
    monkeypatch.delitem(sys.modules, "PIL.Image")
    assert not is_pil_image(_stripes())
    assert "PIL.Image" not in sys.modules


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (Image.new("RGB", (5, 4), RED), RED),
        (Image.new("RGBA", (5, 4), (255, 0, 0, 9)), (255, 0, 0, 9)),
        (Image.new("RGBA", (5, 4), (255, 0, 0, 255)), RED),
        (Image.new("L", (5, 4), 7), (7, 7, 7)),
        (Image.new("LA", (5, 4), (7, 3)), (7, 7, 7, 3)),
        (Image.new("1", (5, 4), 1), WHITE),
        (Image.new("I;16", (5, 4), 0xFFFF), WHITE),
        (Image.new("CMYK", (5, 4), (0, 255, 255, 0)), RED),
        (Image.new("HSV", (5, 4), (0, 255, 255)), RED),
        (Image.new("RGBa", (5, 4), (255, 0, 0, 255)), RED),
        (Image.new("F", (5, 4), 9.0), (9, 9, 9)),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_encode_pil(image, pixel):
    data = encode_pil(image)
    assert sniff(data) == "image/png"
    assert opened(data).size == (5, 4)
    assert opened(data).getpixel((2, 2)) == pixel


def test_encode_pil_turns_the_picture_upright_and_leaves_the_callers_alone(make_picture):
    image = Image.open(io.BytesIO(make_picture("jpeg", (80, 40), 6)))
    result = opened(encode_pil(image))
    assert all(map(near, corners(result), SHOWN[6]))
    assert image.size == (80, 40)
    assert image.getexif()[0x0112] == 6
    assert dict(result.getexif()) == {}


def test_encode_pil_refuses(make_picture, bomb):
    assert "no pixels" in refusal(encode_pil, Image.new("RGB", (0, 5)))
    assert "no pixels" in refusal(encode_pil, Image.new("RGB", (5, 0)))
    assert "str is not a Pillow picture" in refusal(encode_pil, "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        huge = Image.open(io.BytesIO(bomb(12_000)))
    huge.load = lambda: pytest.fail("it was decoded")
    assert "144,000,000 pixels" in refusal(encode_pil, huge)
    jpeg = make_picture("jpeg", (200, 200))
    assert "cut off" in refusal(encode_pil, Image.open(io.BytesIO(jpeg[: len(jpeg) // 2])))
