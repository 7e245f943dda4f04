"""Simulated films, decoded again by PyAV: what is in the file, what is on the screen, what is heard."""

# ruff: noqa: RUF001  the letters of other scripts are what is tested

import builtins
import math
import struct
import unicodedata
from io import BytesIO
from itertools import pairwise

import av
import pytest
from PIL import Image, ImageChops, ImageFont, ImageStat
from polyreel.errors import MissingExtra
from polyreel.simulation import lettering, scripts
from polyreel.simulation.films import FilmSpec, render_film, render_spritesheet, render_thumbnail

SCRIPTS = {
    "latin": "Żółć, naïve café, Ægir, Việt Nam",
    "greek": "Μια κόκκινη αλεπού τρέχει στο χιόνι",
    "cyrillic": "Рыжая лиса бежит по снегу, їжак",
    "chinese": "一只红狐在黎明的雪地上奔跑，镜头缓慢推进。",
    "traditional": "一隻紅狐在黎明的雪地上奔跑，鏡頭緩慢推進。",
    "japanese": "新雪の上を走る赤い狐、ドリーショット。",
    "korean": "눈 덮인 들판을 달리는 붉은 여우",
    "arabic": "ثعلب أحمر يركض عبر الثلج، پارسی و اُردُو",
    "hebrew": "שועל אדום רץ בשלג עם שחר",
    "hindi": "भोर में ताज़ी बर्फ पर दौड़ती लाल लोमड़ी",
    "bengali": "ভোরের তুষারে লাল শিয়াল দৌড়ায়",
    "tamil": "பனியில் ஓடும் சிவப்பு நரி",
    "telugu": "మంచులో పరుగెత్తే ఎర్ర నక్క",
    "thai": "สุนัขจิ้งจอกสีแดงวิ่งข้ามหิมะ",
    "georgian": "წითელი მელა თოვლში",
    "amharic": "ቀይ ቀበሮ በበረዶ ላይ",
    "khmer": "កញ្ជ្រោងក្រហម",
    "emoji": "🦊❄🎬🚀🌅",
    "symbols": "→ ∑ ♫ ☂ ⠿ 𝄞",
}
SMALL = {"model": "openai/sora-2", "width": 320, "height": 320, "duration": 0.5}


def spec(**changes):
    return FilmSpec(**{"prompt": "A red fox runs across fresh snow", **SMALL, **changes})


def frames(film):
    with av.open(BytesIO(film)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def samples(film):
    with av.open(BytesIO(film)) as container:
        planes = [bytes(frame.planes[0])[: 4 * frame.samples] for frame in container.decode(audio=0)]
    return [value for plane in planes for (value,) in struct.iter_unpack("<f", plane)]


def difference(one, other, box=None):
    pair = (image.crop(box) if box else image for image in (one, other))
    return sum(ImageStat.Stat(ImageChops.difference(*pair)).mean) / 3


def white(image, box):
    return image.crop(box).convert("L").point(lambda shade: 255 * (shade > 200))


def bright(image, box):
    return white(image, box).histogram()[255]


def amber(image, x):
    column = (image.getpixel((x, y)) for y in range(300, 345))
    return any(red > 220 and 150 < green < 220 and blue < 120 for red, green, blue in column)


def boxes(film):
    at, found = 0, []
    while at < len(film):
        size, kind = struct.unpack_from(">I4s", film, at)
        found.append(kind.decode("latin-1"))
        at += size
    return found


@pytest.fixture(scope="module")
def film():
    return render_film(spec(width=640, height=360, duration=4, caption="remix of video_123"))


@pytest.fixture
def no_raqm(monkeypatch):
    lettering._face.cache_clear()
    monkeypatch.setattr(lettering, "_shapes", lambda: False)
    yield
    lettering._face.cache_clear()


def test_a_film_has_the_asked_codecs_size_length_and_sound(film):
    with av.open(BytesIO(film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height, video.average_rate) == (640, 360, 24)
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert audio.codec_context.layout.name == "stereo"
        assert container.duration / av.time_base == pytest.approx(4, abs=1 / 24)
        assert float(audio.duration * audio.time_base) == pytest.approx(4, abs=1 / 24)
    assert len(frames(film)) == 96


def test_the_index_comes_before_the_pictures(film):
    found = boxes(film)
    assert found[0] == "ftyp"
    assert found.index("moov") < found.index("mdat")


def test_metadata_says_that_it_is_simulated(film):
    with av.open(BytesIO(film)) as container:
        assert container.metadata["title"] == "SIMULATED by polyreel: openai/sora-2"
        assert "not the output of openai/sora-2 or of any other AI model" in container.metadata["comment"]
        assert "A red fox" in container.metadata["comment"]


def test_it_is_heard_all_along_and_never_clips(film):
    heard = samples(film)
    assert max(map(abs, heard)) < 0.9
    for second in range(4):
        part = heard[second * 48_000 + 12_000 : second * 48_000 + 36_000]
        assert math.sqrt(sum(value * value for value in part) / len(part)) > 0.01
    assert max(map(abs, heard[:64])) < 0.01


def test_without_sound_there_is_no_sound_track():
    with av.open(BytesIO(render_film(spec(audio=False)))) as container:
        assert not container.streams.audio
        assert len(container.streams.video) == 1


def test_the_picture_the_clock_and_the_bar_move(film):
    clock = (450, 305, 620, 327)
    shown = frames(film)
    for earlier, later in zip(shown[::24], shown[23::24], strict=True):
        assert difference(earlier, later, (0, 60, 640, 150)) > 2  # the waves
        assert bright(earlier, clock) > 100
        assert ImageChops.difference(white(earlier, clock), white(later, clock)).getbbox()
    assert [amber(shown[at], 20) for at in (0, 48, 95)] == [False, False, False]  # left of the bar
    assert [amber(shown[at], 200) for at in (0, 48, 95)] == [False, True, True]
    assert [amber(shown[at], 560) for at in (0, 48, 95)] == [False, False, True]


def test_the_simulation_is_announced_from_the_first_to_the_last_frame(film):
    badge = (30, 20, 370, 38)
    for shown in (frames(film)[0], frames(film)[50], frames(film)[95]):
        assert bright(shown, badge) > 400
    other = frames(render_film(spec(width=640, height=360, model="runway/gen-4")))
    assert difference(other[0], frames(film)[0], badge) > 5


@pytest.mark.parametrize("duration", [0.01, 0.37, 1, 1.5])
@pytest.mark.parametrize("fps", [12, 23.976, 29.97, 60])
def test_the_length_is_right_within_one_frame(duration, fps):
    made = render_film(spec(duration=duration, fps=fps, width=128, height=160))
    with av.open(BytesIO(made)) as container:
        assert container.duration / av.time_base == pytest.approx(duration, abs=1 / fps + 1e-6)
        assert float(container.streams.video[0].average_rate) == pytest.approx(fps, abs=1e-3)
    assert len(frames(made)) == max(1, round(duration * fps))


@pytest.mark.parametrize("size", [(128, 128), (320, 320), (720, 1280), (1920, 1080), (482, 854)])
def test_the_size_is_exact(size):
    shown = frames(render_film(spec(width=size[0], height=size[1], duration=0.05)))
    assert {image.size for image in shown} == {size}


def test_the_same_spec_gives_the_same_bytes_and_another_seed_does_not():
    assert render_film(spec(seed=7)) == render_film(spec(seed=7))
    assert render_film(spec(seed=7)) != render_film(spec(seed=8))
    assert render_thumbnail(spec()) == render_thumbnail(spec())
    assert render_spritesheet(spec()) == render_spritesheet(spec())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_input_image_is_seen_in_the_first_frame(kind):
    still = Image.new("RGB", (400, 300), (200, 30, 30))
    still.paste((30, 30, 200), (200, 0, 400, 300))
    buffer = BytesIO()
    still.save(buffer, kind)
    first = frames(render_film(spec(width=640, height=480, still=buffer.getvalue())))[0]
    for x, colour in ((60, (200, 30, 30)), (310, (200, 30, 30)), (330, (30, 30, 200)), (600, (30, 30, 200))):
        assert max(abs(a - b) for a, b in zip(first.getpixel((x, 180)), colour, strict=True)) < 14


def test_an_input_image_stands_upright_and_on_white():
    still = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    still.paste((0, 160, 0, 255), (0, 0, 150, 200))
    buffer = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 3  # turned by 180 degrees
    still.save(buffer, "PNG", exif=exif)
    shown = Image.open(BytesIO(render_thumbnail(spec(still=buffer.getvalue()))))
    assert min(shown.convert("RGB").getpixel((60, 120))) > 230
    red, green, _ = shown.convert("RGB").getpixel((280, 120))
    assert green > 120 > red


@pytest.mark.parametrize(
    "still", [b"", b"no image", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", b"\x89PNG\r\n\x1a\n"]
)
@pytest.mark.parametrize("render", [render_film, render_thumbnail, render_spritesheet])
def test_what_is_no_image_is_refused_by_name(render, still):
    with pytest.raises(ValueError, match=r"^still: "):
        render(spec(still=still))


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_a_prompt_is_drawn_in_every_script(text):
    written, blank = (
        Image.open(BytesIO(render_thumbnail(spec(prompt=prompt, seed=1)))).convert("L")
        for prompt in (text, " ")
    )
    # The panel stands at the bottom and is dark; only letters are bright on it.
    assert bright(written, (20, 200, 300, 275)) > 60
    assert ImageChops.difference(written, blank).getbbox()


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("bold", [False, True])
def test_no_letter_falls_to_the_missing_glyph(text, bold):
    hand = lettering.Hand(size=40, bold=bold)
    runs = list(hand._runs(scripts.plain(text), base=False))
    assert runs
    for font, part, _ in runs:
        assert "\ufffd" not in part
        if font == lettering._BITMAPS:
            assert all(any(lettering._bitmap(char)) for char in part if char != " ")
            continue
        face = ImageFont.truetype(BytesIO(lettering._file(font)), 40, layout_engine=ImageFont.Layout.BASIC)
        missing = face.getmask("\U0010fffd"), face.getlength("\U0010fffd")
        assert missing[0].getbbox()
        for char in part.replace(" ", ""):
            mask = face.getmask(char)
            same = (mask.size, bytes(mask)) == (missing[0].size, bytes(missing[0]))
            assert not same, f"{char!r} U+{ord(char):04X} in {font}"


def test_the_coverage_table_agrees_with_the_fonts():
    for name, (starts, _) in lettering._coverage().items():
        face = ImageFont.truetype(BytesIO(lettering._file(name)), 24, layout_engine=ImageFont.Layout.BASIC)
        box = bytes(face.getmask("\U0010fffd"))
        drawn = [chr(start) for start in starts if scripts.plain(chr(start)) and start not in (0x34F, 0x61C)]
        assert [hex(ord(char)) for char in drawn if bytes(face.getmask(char)) == box] == []


def test_every_letter_and_sign_of_the_bmp_has_a_font():
    drawn = [chr(p) for p in range(0x20, 0x10000) if unicodedata.category(chr(p))[0] in "LMNPS"]
    without = [hex(ord(char)) for char in drawn if lettering.font_of(char) is None]
    # Unifont 15 may be older than the Unicode of the running Python.
    assert len(without) < 60, without[:20]


def test_what_no_font_has_becomes_the_replacement_character():
    runs = list(lettering.Hand(size=20)._runs("a\U000e1234\U00030000", base=False))
    assert [part for _, part, _ in runs] == ["a\ufffd\ufffd"]


def test_the_fonts_are_licensed_and_small():
    folder = lettering._FONTS
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text(encoding="utf-8")
    named = (folder / "OFL.txt").read_text(encoding="utf-8")
    assert all(path.name in named for path in folder.iterdir() if path.suffix in {".ttf", ".otf", ".gz"})
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 6_000_000


@pytest.mark.usefixtures("no_raqm")
@pytest.mark.parametrize("script", ["arabic", "hebrew", "hindi", "thai", "emoji", "khmer"])
def test_every_script_is_drawn_without_raqm_too(script):
    test_no_letter_falls_to_the_missing_glyph(SCRIPTS[script], bold=False)
    test_a_prompt_is_drawn_in_every_script(SCRIPTS[script])


def test_right_to_left_text_stands_at_the_right():
    hand = lettering.Hand(size=20)
    for text, side in (("abc", "left"), ("שלום", "right")):
        image = Image.new("RGB", (400, 60))
        lettering.fit(text, [hand], 400, 40).draw(image, (0, 0), (255, 255, 255))
        left, _, right, _ = image.getbbox()
        assert (left < 5 and right < 200) if side == "left" else (right > 395 and left > 200)


def test_visual_order():
    assert scripts.visual_runs("one שתיים 12 three", base=False) == [
        ("one ", False),
        ("12", False),
        ("שתיים ", True),
        (" three", False),
    ]
    assert scripts.visual_runs("אב cd 3.5 גד", base=True) == [(" גד", True), ("cd 3.5", False), ("אב ", True)]
    assert scripts.visual_runs("אב 50% (גד)", base=True) == [(" (גד)", True), ("50%", False), ("אב ", True)]
    assert scripts.visual_runs("", base=False) == []


def test_arabic_letters_are_joined_by_presentation_forms():
    assert scripts.joined("بيت") == "\ufe96\ufef4\ufe91"  # final, medial, initial: reversed
    assert scripts.joined("لا") == "\ufefb"  # one ligature
    assert scripts.joined("دار") == "\ufead\ufe8d\ufea9"  # nothing joins to the left
    assert scripts.joined("(א)") == "(א)"  # turned twice: by order and by mirroring


def test_vowels_that_lead_are_put_first_for_want_of_shaping():
    assert scripts.led("कि हिन्दी") == "िक िहन्दी"


def test_lines_break_where_the_script_allows_it():
    assert scripts.wrap("one two three", 7, len) == ["one two", "three"]
    assert scripts.wrap("红狐奔跑。雪地", 4, len) == ["红狐奔", "跑。雪地"]  # no line begins with a full stop
    assert scripts.wrap("abcdefgh", 3, len) == ["abc", "def", "gh"]
    assert scripts.wrap("a\nb", 10, len) == ["a", "b"]
    assert "".join(scripts.wrap(SCRIPTS["thai"], 6, len)) == SCRIPTS["thai"]
    assert scripts.clusters("ดีเด") == ["ดี", "เด"]


def test_a_long_prompt_is_cut_with_an_ellipsis_and_a_short_one_is_not():
    hands = [lettering.Hand(size=24), lettering.Hand(size=12)]
    long = lettering.fit("word " * 5000, hands, 300, 100)
    assert long.lines[-1].endswith("…")
    assert long.height <= 100
    assert max(long.hand.width(line) for line in long.lines) <= 300
    short = lettering.fit("word " * 4, hands, 300, 100)
    assert short.lines == ("word word word word",)
    assert short.hand.size == 24


@pytest.mark.parametrize(
    "prompt", ["", " \n\t ", "\u202e\u2066", "x" * 20_000, "\u0301\u0301", "\x00\ud800", "ـ" * 50]
)
def test_odd_prompts_are_filmed(prompt):
    with av.open(BytesIO(render_film(spec(prompt=prompt, duration=0.1, width=160, height=128)))) as container:
        assert "SIMULATED" in container.metadata["title"]
    assert Image.open(BytesIO(render_thumbnail(spec(prompt=prompt)))).size == (320, 320)


def test_a_thumbnail_is_a_webp_of_the_films_size():
    with Image.open(BytesIO(render_thumbnail(spec(width=640, height=360)))) as image:
        assert (image.format, image.size) == ("WEBP", (640, 360))


def test_a_sprite_sheet_is_a_jpeg_of_frames_over_time():
    with Image.open(BytesIO(render_spritesheet(spec(width=640, height=360, duration=4)))) as image:
        assert (image.format, image.size) == ("JPEG", (1280, 720))
        tiles = [
            image.crop((x, y, x + 320, y + 180)) for y in range(0, 720, 180) for x in range(0, 1280, 320)
        ]
    assert all(difference(one, next_) > 1 for one, next_ in pairwise(tiles))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 321),
        ("height", 719),
        ("width", 0),
        ("height", -2),
        ("width", 5000),
        ("duration", 0),
        ("duration", -1),
        ("duration", math.nan),
        ("duration", math.inf),
        ("fps", 0),
        ("fps", 1000),
        ("model", " "),
    ],
)
def test_what_cannot_be_filmed_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name}: "):
        spec(**{name: value})


@pytest.mark.parametrize("missing", ["av", "PIL"])
@pytest.mark.parametrize("render", [render_film, render_thumbnail, render_spritesheet])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, render, missing):
    original = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] == missing:
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match="A simulated film") as caught:
        render(spec())
    assert caught.value.extra == "simulate"
