"""Every way to hand in a picture or a film, and every reason to refuse one before it costs anything."""

import base64
import hashlib
import io
import os
import pathlib
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image
from polyreel.clock import VirtualClock
from polyreel.exchange import PublicSession
from polyreel.flows import BlockingIO, run
from polyreel.http import BlockingTransport
from polyreel.media.loading import MediaLoader
from polyreel.types.media import Media, MediaRef

PICTURE = {"x-media": {"accept": ["image/png", "image/jpeg", "image/webp"], "max_bytes": 100_000}}
EXACT = {"x-media": {**PICTURE["x-media"], "fit": "size"}}
FILM = {"x-media": {"accept": ["video/mp4"], "reference": True}}


@pytest.fixture
def load():
    """Load one value; return the medium, or the sentence that refuses it."""

    def load(value, schema=PICTURE, *, session=None, **options):
        loader = MediaLoader(session=session or PublicSession(clock=VirtualClock()), **options)
        flow = loader.load({"input_image": value}, {"input_image": schema})
        loaded, problems = run(flow, BlockingIO(transport=None, clock=VirtualClock()))
        if problems:
            (problem,) = problems
            assert problem.parameter == "input_image"
            assert loaded == {"input_image": None}
            return problem.message
        return loaded["input_image"]

    return load


@pytest.fixture
def png(make_picture):
    return make_picture("png")


@pytest.fixture
def path(tmp_path, png):
    path = tmp_path / "a boat.PNG"
    path.write_bytes(png)
    return path


def refused(message):
    assert isinstance(message, str), f"it was accepted: {message!r}"
    return message


# --- every way to hand one in ------------------------------------------------------------------------------------------


def test_a_picture_is_read_and_described(load, png):
    assert load(png) == Media(
        parameter="input_image",
        content=png,
        media_type="image/png",
        name="input_image.png",
        width=40,
        height=20,
        sha256=hashlib.sha256(png).hexdigest(),
    )


@pytest.mark.parametrize(
    ("give", "name"),
    [
        (lambda path: path, "a boat.png"),
        (str, "a boat.png"),
        (lambda path: path.read_bytes(), "input_image.png"),
        (lambda path: bytearray(path.read_bytes()), "input_image.png"),
        (lambda path: memoryview(path.read_bytes()), "input_image.png"),
        (lambda path: io.BytesIO(path.read_bytes()), "input_image.png"),
        (
            lambda path: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode(),
            "input_image.png",
        ),
        (
            lambda path: "DATA:text/html;base64," + base64.b64encode(path.read_bytes()).decode(),
            "input_image.png",
        ),
    ],
    ids=["Path", "str", "bytes", "bytearray", "memoryview", "BytesIO", "data", "mislabelled-data"],
)
def test_the_bytes_are_the_same_however_they_come(load, path, png, give, name):
    medium = load(give(path))
    assert (medium.content, medium.media_type, medium.name) == (png, "image/png", name)


@pytest.mark.parametrize("options", [{}, {"buffering": 0}])
def test_an_open_file_is_read_and_left_open(load, path, png, options):
    with path.open("rb", **options) as file:
        medium = load(file)
        assert (medium.content, medium.name) == (png, "a boat.png")
        assert not file.closed


def test_a_path_may_begin_at_home(load, path, png, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    assert load("~/a boat.PNG").content == png
    assert load(pathlib.Path("~/a boat.PNG")).content == png


def test_a_pillow_picture_is_encoded(load):
    medium = load(Image.new("RGB", (30, 10), (1, 2, 3)))
    assert (medium.media_type, medium.width, medium.height, medium.name) == (
        "image/png",
        30,
        10,
        "input_image.png",
    )
    assert Image.open(io.BytesIO(medium.content)).getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize(
    ("kind", "media_type", "ending"),
    [("jpeg", "image/jpeg", ".jpg"), ("webp", "image/webp", ".webp"), ("png", "image/png", ".png")],
)
def test_the_bytes_say_what_it_is_and_not_the_name(load, tmp_path, make_picture, kind, media_type, ending):
    path = tmp_path / "boat.gif"
    path.write_bytes(make_picture(kind))
    medium = load(path)
    assert (medium.media_type, medium.name, medium.width) == (media_type, f"boat{ending}", 40)


def test_a_film_has_no_pixels_here(load, make_film):
    film = make_film()
    medium = load(film, FILM)
    assert (medium.media_type, medium.name, medium.width) == ("video/mp4", "input_image.mp4", None)
    assert medium.content == film


def test_a_medium_that_was_loaded_before_is_checked_again(load, png):
    medium = load(png)
    assert load(medium) == medium
    assert "it is image/png" in refused(load(medium, {"x-media": {"accept": ["image/webp"]}}))
    assert "more than the allowed 10 bytes" in refused(
        load(medium, {"x-media": {**PICTURE["x-media"], "max_bytes": 10}})
    )


def test_a_reference_of_the_provider_passes(load):
    reference = MediaRef(parameter="somewhere", id="file_1", url="https://acme.example/1")
    assert load(reference) == reference.model_copy(update={"parameter": "input_image"})


# --- earlier jobs ---------------------------------------------------------------------------------------------------------


class Job:
    id = "job_1"


class Result:
    job = Job


def earlier(identity):
    return MediaRef(parameter="", id="video_of_the_provider") if identity == "job_1" else None


@pytest.mark.parametrize("given", ["job_1", Job, Result])
def test_an_earlier_job_becomes_the_providers_id(load, given):
    found = load(given, FILM, earlier=earlier)
    assert found == MediaRef(parameter="input_image", id="video_of_the_provider")


def test_an_id_that_is_not_ours_is_taken_for_the_providers(load):
    assert load("video_abc", FILM, earlier=earlier) == MediaRef(parameter="input_image", id="video_abc")


@pytest.mark.parametrize("given", ["film.mp4", "folder/film", "folder\\film", "x" * 5000])
def test_what_looks_like_a_path_is_one(load, given):
    assert "there is no file" in (said := refused(load(given, FILM))) or "cannot be read" in said


def test_a_file_without_an_ending_is_a_file(load, tmp_path, monkeypatch, make_film):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film").write_bytes(make_film())
    assert isinstance(load("film", FILM), Media)


def test_where_no_reference_is_taken_an_id_is_a_path(load):
    assert "there is no file 'job_1'" in refused(load("job_1", earlier=earlier))
    assert "a type is no picture or film" in refused(load(Job, earlier=earlier))


# --- addresses --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(loopback):
    """A session for which films.example is the loopback server, under a public address."""
    transport = BlockingTransport()

    def carrier(wire):
        assert wire.connect_to == "93.184.215.14"
        url = wire.request.url.replace("films.example", f"films.example:{loopback.port}")
        return transport.send(replace(wire, request=replace(wire.request, url=url), connect_to="127.0.0.1"))

    hosts = {"films.example": "93.184.215.14", "inside.example": "10.0.0.1"}
    yield PublicSession(
        clock=VirtualClock(),
        resolver=lambda host, port: [hosts[host]],
        carrier=carrier,
        carrier_is_quick=True,
    )
    transport.close()


def test_an_address_is_fetched(load, world, loopback, answers, png):
    loopback.on("/a/some%20boat.jpeg", answers.reply(200, png))
    medium = load("http://films.example/a/some%20boat.jpeg?sig=1", session=world)
    assert (medium.content, medium.name) == (png, "some boat.png")
    assert loopback.received[0].path == "/a/some%20boat.jpeg?sig=1"
    assert "authorization" not in loopback.received[0].headers


def test_an_address_may_be_written_in_capitals(load, world, loopback, answers, png):
    loopback.on("/a", answers.reply(200, png))
    assert load("HTTP://films.example/a", session=world).content == png


def test_an_address_that_redirects_is_followed(load, world, loopback, answers, png):
    loopback.on("/a", answers.reply(302, Location="/b"))
    loopback.on("/b", answers.reply(200, png))
    assert load("http://films.example/a", session=world).content == png


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "http://films.example/missing?sig=secret",
            "http://films.example/missing answered with status 404; check",
        ),
        ("http://films.example/busy", "answered with status 503"),
        ("http://films.example/page", "must be one of image/png, image/jpeg, image/webp; it is text/html"),
        ("http://films.example/empty", "what it is cannot be told from its bytes"),
        ("http://films.example/half", "could not be fetched: the file ended after 9 of 99 bytes"),
        ("http://films.example/large", "at most 100,000 are taken"),
        ("http://films.example/packed", "content-encoding 'gzip'"),
        ("http://films.example/inside", "inside.example leads to 10.0.0.1, which is not a public address"),
        ("http://inside.example/a", "inside.example leads to 10.0.0.1, which is not a public address"),
        ("http://films.example/round", "redirects more than 5 times"),
        ("http://films.example:22/a", "port 22 is not one of"),
        ("http://user:secret@films.example/a", "it holds a user name or password"),
        ("ftp://films.example/a", "only http and https addresses are"),
        ("file:///etc/passwd", "only http and https addresses are"),
        ("http://[::1", "is not a valid address"),
    ],
)
def test_an_address_that_gives_no_picture(load, world, loopback, answers, url, reason):
    loopback.on("/busy", answers.reply(503))
    loopback.on("/page", answers.reply(200, b"<!doctype html><title>Sign in</title>"))
    loopback.on("/empty", answers.reply(200, b""))
    loopback.on("/half", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\x89PNG half"))
    loopback.on("/large", answers.reply(200, bytes(100_001)))
    loopback.on("/packed", answers.reply(200, b"x", Content_Encoding="gzip"))
    loopback.on("/inside", answers.reply(302, Location="http://inside.example/a"))
    loopback.on("/round", answers.reply(302, Location="/round"))
    said = refused(load(url, session=world))
    assert reason in said
    assert "secret" not in said


def test_this_machine_is_not_fetched(load, loopback):
    for url in (f"http://127.0.0.1:{loopback.port}/a", "http://localhost/a", "http://169.254.169.254/a"):
        assert "is not" in refused(load(url))
    assert loopback.received == []


# --- every reason to refuse one ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [b"", bytearray(), io.BytesIO()])
def test_nothing_is_refused(load, empty):
    assert refused(load(empty)) == "the file is empty"


def test_an_empty_file_is_refused(load, tmp_path):
    (tmp_path / "a.png").touch()
    assert refused(load(tmp_path / "a.png")) == "the file is empty"


def test_a_file_that_is_not_there_is_named(load, tmp_path):
    assert refused(load("boats/none.png")) == "there is no file 'boats/none.png'"
    assert refused(load(tmp_path)).endswith("cannot be read: Is a directory")
    assert "cannot be read: " in refused(load("a\x00b.png"))
    assert "cannot be read: " in refused(load("~nobody-of-this-name/a.png"))
    assert refused(load("x" * 5000)).startswith(f"'{'x' * 80}… (5000 characters)' cannot be read: ")
    assert refused(load("")).startswith("'.' cannot be read: ")


def test_a_file_that_is_open_as_text_is_refused(load, path, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("abc")
    with text.open(encoding="utf-8") as file:
        assert refused(load(file)) == "the file is open as text; open it in binary mode ('rb')"
    with path.open(encoding="utf-8") as file:
        assert "cannot be read: 'utf-8' codec can't decode" in refused(load(file))
    assert "open it in binary mode" in refused(load(io.StringIO("abc")))


def test_a_closed_file_is_refused(load, path):
    file = path.open("rb")
    file.close()
    assert refused(load(file)) == "the open file cannot be read: read of closed file"


@pytest.mark.parametrize(
    ("value", "kind"), [(7, "int"), (object(), "object"), ({"a": 1}, "dict"), ([b"x"], "list")]
)
def test_what_is_no_medium_at_all_is_refused(load, value, kind):
    assert refused(load(value)).startswith(
        f"a {kind} is no picture or film; pass a path, bytes, an open file,"
    )


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("data:image/png;base64,####", "the data URI cannot be used: The data URI is not valid base64"),
        ("data:image/png;base64,", "The data URI is empty"),
        ("data:image/png", "no comma"),
        ("data:garbage;base64,AAAA", "is not a media type"),
        ("data:image/png;base64," + "A" * 200_000, "holds 150,000 bytes and 100,000 are allowed"),
        ("data:image/png,hello", "what it is cannot be told from its bytes"),
    ],
)
def test_a_data_uri_of_garbage_is_refused(load, uri, reason):
    assert reason in refused(load(uri))


@pytest.mark.parametrize(
    "give", [bytes, io.BytesIO, lambda content: Image.frombytes("L", (400, 300), content[:120_000])]
)
def test_a_large_one_is_refused(load, give):
    noise = os.urandom(120_000)
    assert refused(load(give(noise))) == "the file has more than the allowed 100,000 bytes; make it smaller"


def test_a_large_file_is_not_read_to_its_end(load, tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(50 * 1024**3)  # a sparse file: reading it all would not fit anywhere
    assert refused(load(path)) == "the file has more than the allowed 100,000 bytes; make it smaller"
    with path.open("rb") as file:
        assert "more than the allowed" in refused(load(file))
        assert file.tell() == 100_001


def test_the_limit_itself_is_allowed(load, png):
    assert load(png, {"x-media": {**PICTURE["x-media"], "max_bytes": len(png)}}).content == png
    assert "more than" in refused(load(png, {"x-media": {**PICTURE["x-media"], "max_bytes": len(png) - 1}}))


def test_a_bomb_is_refused_by_its_header(load, bomb):
    said = refused(load(bomb(7000), {"x-media": {"accept": ["image/png"]}}))
    assert said == "the picture has 7000x7000 pixels, more than the allowed 40,000,000; make it smaller"


def test_the_models_own_limit_of_pixels_counts(load, png):
    rules = {"x-media": {**PICTURE["x-media"], "max_pixels": 799}}
    assert "40x20 pixels, more than the allowed 799" in refused(load(png, rules))
    assert load(png, {"x-media": {**PICTURE["x-media"], "max_pixels": 800}}).width == 40


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_picture_that_is_cut_short_is_refused(load, make_picture, kind, kept):
    whole = make_picture(kind, (200, 100))
    said = refused(load(whole[: int(len(whole) * kept)]))
    assert "cut short" in said or "header cannot be read" in said


def test_a_picture_with_a_broken_middle_is_refused(load, make_picture):
    broken = bytearray(make_picture("png", (200, 100)))
    broken[len(broken) // 2] ^= 0xFF
    assert "cannot be decoded" in refused(load(bytes(broken)))


def test_a_film_that_is_cut_short_is_refused(load, make_film):
    film = make_film()
    assert "cut short" in refused(load(film[: len(film) // 2], FILM))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"<html>", "it is text/html"),
        (b'{"a": 1}', "it is application/json"),
        (b"%PDF-1.7", "it is application/pdf"),
        (b"GIF89a" + bytes(20), "it is image/gif"),
        (b"\x00\x01\x02", "what it is cannot be told from its bytes"),
    ],
)
def test_the_wrong_type_is_refused(load, content, found):
    assert refused(load(content)) == f"must be one of image/png, image/jpeg, image/webp; {found}"


# --- fitting ----------------------------------------------------------------------------------------------------------------


def test_a_picture_of_the_right_size_stays_as_it_is(load, png):
    assert load(png, EXACT, size=(40, 20)).content == png


def test_another_size_is_refused_with_the_way_out(load, png):
    said = refused(load(png, EXACT, size=(1280, 720)))
    assert said == (
        "the picture has 40x20 pixels, and it must have exactly the film's 1280x720; pass "
        "fit='crop' (--fit crop) to cut it or fit='pad' (--fit pad) to add bars"
    )


@pytest.mark.parametrize(("fit", "corner"), [("crop", (255, 0, 0)), ("pad", (0, 0, 0))])
def test_another_size_is_fitted_when_asked(load, png, fit, corner):
    medium = load(png, EXACT, size=(64, 64), fit=fit)
    picture = Image.open(io.BytesIO(medium.content))
    assert picture.size == (medium.width, medium.height) == (64, 64)
    assert picture.convert("RGB").getpixel((0, 0)) == corner
    assert medium.sha256 == hashlib.sha256(medium.content).hexdigest() != hashlib.sha256(png).hexdigest()


@pytest.mark.parametrize("rules", [PICTURE, {"x-media": {**PICTURE["x-media"], "fit": "any"}}])
def test_where_any_size_is_taken_nothing_is_fitted(load, png, rules):
    assert load(png, rules, size=(64, 64), fit="crop").content == png


def test_where_the_films_size_is_not_known_nothing_is_fitted(load, png):
    assert load(png, EXACT, fit="crop").content == png


def test_a_fitted_picture_is_of_a_type_that_the_model_takes(load, make_picture):
    only_jpeg = {"x-media": {"accept": ["image/jpeg"], "fit": "size"}}
    medium = load(make_picture("jpeg"), only_jpeg, size=(64, 64), fit="pad")
    assert (medium.media_type, medium.name) == ("image/jpeg", "input_image.jpg")
    medium = load(make_picture("jpeg"), EXACT, size=(64, 64), fit="pad")
    assert (medium.media_type, medium.name) == ("image/png", "input_image.png")


def test_a_fitted_picture_keeps_to_the_limit_too(load):
    noise = Image.frombytes("RGB", (200, 200), os.urandom(120_000))
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=50)
    rules = {"x-media": {**EXACT["x-media"], "max_bytes": len(file.getvalue())}}
    assert "more than the allowed" in refused(load(file.getvalue(), rules, size=(400, 400), fit="crop"))


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_turned_picture_has_the_size_that_is_seen(load, make_picture, orientation):
    turned = make_picture("jpeg", (40, 20), orientation)
    assert (load(turned).width, load(turned).height) == (20, 40)
    assert "the picture has 20x40 pixels" in refused(load(turned, EXACT, size=(40, 20)))


@pytest.mark.parametrize(("orientation", "size"), [(6, (20, 40)), (3, (40, 20))])
def test_a_turned_picture_of_the_right_size_is_turned(load, make_picture, orientation, size):
    """A vendor that ignores the tag would measure the wrong sides."""
    medium = load(make_picture("jpeg", (40, 20), orientation), EXACT, size=size)
    picture = Image.open(io.BytesIO(medium.content))
    assert picture.size == size
    assert picture.getexif().get(0x0112, 1) == 1
    red = {6: (size[0] - 3, 3), 3: (size[0] - 3, size[1] - 3)}[orientation]
    found = picture.convert("RGB").getpixel(red)
    assert found[0] > 200
    assert max(found[1:]) < 60


# --- names --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\films\\boat.jpg", "boat.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
        ("\udcff.png", "?.png"),
        ("/", "input_image.png"),
        (7, "7.png"),
    ],
)
def test_a_name_is_no_path_and_can_be_written(load, png, name, shown):
    class Named(io.BytesIO):
        pass

    file = Named(png)
    file.name = name
    assert load(file).name == shown


# --- where they stand -----------------------------------------------------------------------------------------------------------


def test_media_are_found_in_lists_and_mappings(png, make_film):
    properties = {
        "prompt": {"type": "string"},
        "reference_images": {"items": PICTURE},
        "acme_voices": {
            "items": {"properties": {"clip": FILM, "name": {}, "deep": {"properties": {"mask": PICTURE}}}}
        },
    }
    values = {
        "prompt": "a boat",
        "reference_images": (png, b"broken"),
        "acme_voices": [
            {"clip": make_film(), "name": "one", "deep": {"mask": png}},
            {"clip": b"broken", "name": "two", "unknown": 1},
        ],
    }
    loader = MediaLoader(session=PublicSession(clock=VirtualClock()))
    flow = loader.load(values, properties)
    loaded, problems = run(flow, BlockingIO(transport=None, clock=VirtualClock()))
    assert loaded["prompt"] == "a boat"
    first, second = loaded["acme_voices"]
    assert (first["clip"].parameter, first["clip"].name) == ("acme_voices/0/clip", "clip.mp4")
    assert first["deep"]["mask"].parameter == "acme_voices/0/deep/mask"
    assert (first["name"], second["unknown"], second["clip"]) == ("one", 1, None)
    assert loaded["reference_images"][0].parameter == "reference_images/0"
    assert loaded["reference_images"][0].name == "0.png"
    assert loaded["reference_images"][1] is None
    assert [problem.parameter for problem in problems] == ["reference_images/1", "acme_voices/1/clip"]
    assert [problem.value for problem in problems] == ["<6 bytes>", "<6 bytes>"]


def test_every_medium_is_checked_even_after_a_bad_one(png):
    properties = {"input_image": PICTURE, "last_frame": PICTURE}
    loader = MediaLoader(session=PublicSession(clock=VirtualClock()))
    flow = loader.load({"input_image": b"bad", "last_frame": b"worse"}, properties)
    _, problems = run(flow, BlockingIO(transport=None, clock=VirtualClock()))
    assert [problem.parameter for problem in problems] == ["input_image", "last_frame"]


def test_both_drivers_load_the_same(driver, png, tmp_path):
    (tmp_path / "a.png").write_bytes(png)
    loader = MediaLoader(session=PublicSession(clock=driver.clock))
    loaded, problems = driver.run(
        loader.load({"a": tmp_path / "a.png", "b": png}, {"a": PICTURE, "b": PICTURE})
    )
    assert problems == []
    assert loaded["a"].content == loaded["b"].content == png


# --- what a model's document may ask for besides ----------------------------------------------------------------------

OPAQUE = {"x-media": {**PICTURE["x-media"], "opaque": True}}
SIDED = {"x-media": {**PICTURE["x-media"], "min_side": 16, "max_side": 32}}
CLOUD = {"x-media": {**PICTURE["x-media"], "schemes": ["gs", "https"]}}


def encoded(image, kind="PNG"):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def opened(medium):
    return Image.open(io.BytesIO(medium.content))


def see_through(alpha):
    image = Image.new("RGBA", (4, 4), (200, 100, 50, 255))
    image.putpixel((0, 0), (200, 100, 50, alpha))
    return image


def test_what_is_opaque_already_is_sent_as_it_is(load):
    for content in (encoded(Image.new("RGB", (4, 4))), encoded(Image.new("RGB", (4, 4)), "JPEG")):
        assert load(content, OPAQUE).content == content


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_alpha_channel_that_hides_nothing_is_dropped(load, kind):
    image = see_through(255)
    medium = load(encoded(image, kind) if kind == "PNG" else webp(image), OPAQUE)
    assert opened(medium).mode == "RGB"
    assert medium.media_type == f"image/{kind.lower()}"


def webp(image):
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=True)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["L", "P", "I;16", "1"])
def test_other_modes_become_rgb_with_eight_bits(load, mode):
    image = Image.new("L", (4, 4), 128).convert("I;16" if mode == "I;16" else mode)
    assert opened(load(encoded(image), OPAQUE)).mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_jpeg_of_another_mode_becomes_rgb_and_stays_a_jpeg(load, mode):
    medium = load(encoded(Image.new(mode, (4, 4)), "JPEG"), OPAQUE)
    assert (opened(medium).mode, medium.media_type) == ("RGB", "image/jpeg")


def test_transparent_pixels_are_refused_unless_fitting_was_asked_for(load):
    content = encoded(see_through(0))
    assert "transparent" in refused(load(content, OPAQUE))
    assert "fit='pad'" in refused(load(content, OPAQUE))
    assert opened(load(content, OPAQUE, fit="pad")).convert("RGB").getpixel((0, 0)) == (0, 0, 0)
    assert opened(load(content, PICTURE)).mode == "RGBA"


def test_a_png_of_16_bits_per_channel_becomes_one_of_8(load):
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + b"\x80\0" * 3)), (b"IEND", b""))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    assert load(content).content[24] == 16
    assert load(content, OPAQUE).content[24] == 8


def test_a_palette_with_a_transparent_colour_is_not_opaque(load):
    image = Image.new("P", (4, 4), 0)
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0)
    assert "transparent" in refused(load(file.getvalue(), OPAQUE))


@pytest.mark.parametrize(("size", "fits"), [((16, 32), True), ((15, 20), False), ((20, 33), False)])
def test_sides_are_bounded(load, size, fits):
    loaded = load(encoded(Image.new("RGB", size)), SIDED)
    if fits:
        assert (loaded.width, loaded.height) == size
    else:
        message = refused(loaded)
        assert f"{size[0]}x{size[1]}" in message
        assert "at least 16 and at most 32" in message


@pytest.mark.parametrize("address", ["gs://bucket/a.png", "GS://bucket/a.png", "https://acme.example/a.png"])
def test_an_address_that_the_vendor_fetches_is_passed_on(load, address):
    assert load(address, CLOUD) == MediaRef(parameter="input_image", url=address)


def test_other_addresses_are_not_passed_on(load):
    assert isinstance(refused(load("s3://bucket/a.png", CLOUD)), str)
    assert isinstance(refused(load("gs://bucket/a.png", PICTURE)), str)
