"""What is refused before anything is sent."""

import pytest
from polyreel.media import mp4
from polyreel.media.mp4 import FilmFacts, InvalidFilm
from polyreel.types.media import MediaRef
from polyreel_openai_sora import plugin
from polyreel_openai_sora.profiles import PROFILES


@pytest.fixture
def check(task):
    def checked(*args, **parameters):
        return [(p.parameter, p.message) for p in plugin.validate_parameters(task(*args, **parameters))]

    return checked


@pytest.mark.parametrize("profile", list(PROFILES))
def test_plain_request_is_fine_everywhere(check, profile):
    assert check(profile=profile) == []


def test_picture_must_have_the_pixels_of_the_film(check, media):
    assert check(input_image=media(width=720, height=1280)) == []
    ((parameter, message),) = check(input_image=media(width=720, height=1280), size="1280x720")
    assert parameter == "input_image"
    assert "720x1280" in message
    assert "1280x720" in message


def test_picture_of_unknown_size_is_left_to_the_server(check, media):
    assert check(input_image=media(width=None, height=None)) == []


def test_other_servers_scale_the_picture(check, media):
    assert check(model="wan", profile="vllm-omni", input_image=media(), size="832x480") == []


URL = MediaRef(parameter="input_image", url="https://pictures.example/a.png")


@pytest.mark.parametrize(
    ("profile", "fine"),
    [
        ("openai", True),
        ("json", True),
        ("vllm-omni", True),
        ("sglang", True),
        ("azure", False),
        ("litellm", False),
        ("trtllm", False),
        ("new-api", False),
        ("merge", False),
    ],
)
def test_picture_by_address_is_refused_where_it_has_no_place(check, profile, fine):
    problems = check(profile=profile, input_image=URL)
    assert (problems == []) is fine
    assert all(parameter == "input_image" and profile in message for parameter, message in problems)


def test_picture_by_id_is_openais_only(check):
    image = MediaRef(parameter="input_image", id="file-1")
    assert check(input_image=image) == []
    assert "by their id" in check(profile="vllm-omni", input_image=image)[0][1]


def test_merge_has_no_place_for_a_picture(check, media):
    assert "native field" in check(profile="merge", input_image=media())[0][1]


def test_picture_in_json_has_a_limit(check, media):
    assert check(profile="json", input_image=media(content=bytes(15_000_000))) == []
    assert "20,971,520" in check(profile="json", input_image=media(content=bytes(15_800_000)))[0][1]
    assert check(input_image=media(content=bytes(15_800_000))) == []  # as a file part it is shorter


def test_litellm_cannot_take_picture_and_characters_together(check, media):
    characters = [{"id": "char_1"}]
    assert check(input_image=media(), openai_characters=characters) == []
    problems = check(profile="litellm", input_image=media(), openai_characters=characters)
    assert "together with characters" in problems[0][1]


@pytest.mark.parametrize("profile", ["azure", "vllm-omni", "sglang", "trtllm", "new-api", "json", "merge"])
def test_characters_are_refused_where_there_are_none(check, profile):
    ((parameter, message),) = check(profile=profile, openai_characters=[{"id": "char_1"}])
    assert (parameter, profile in message) == ("openai_characters", True)


def test_character_must_be_named_in_the_prompt(check, clip, monkeypatch):
    monkeypatch.setattr(mp4, "read_facts", lambda file: film())
    character = {"name": "Mo", "video": clip("openai_characters/0/video")}
    assert check("Mo rows", openai_characters=[character]) == []
    ((parameter, message),) = check("mo rows", openai_characters=[character])
    assert parameter == "openai_characters.0.name"
    assert "'Mo' must occur in the prompt" in message


def film(duration=3.0, width=1280, height=720):
    codecs = {"video_codec": "avc1", "audio_codec": None, "fps": 24.0, "faststart": True}
    return FilmFacts(bytes=1, duration=duration, width=width, height=height, **codecs)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (film(), None),
        (film(2.0), None),
        (film(4.04), None),
        (film(None, None, None), None),
        (film(width=1080, height=1920), None),
        (film(1.5), "1.5 s"),
        (film(4.5), "4.5 s"),
        (film(width=640, height=360), "640x360"),
        (film(width=2560, height=1440), "2560x1440"),
        (film(width=720, height=720), "720x720"),
        (film(width=1440, height=1080), "1440x1080"),
    ],
)
def test_character_clip_has_limits(check, clip, monkeypatch, facts, words):
    monkeypatch.setattr(mp4, "read_facts", lambda file: facts)
    problems = check("Mo", openai_characters=[{"name": "Mo", "video": clip("openai_characters/0/video")}])
    assert [parameter for parameter, _ in problems] == (
        [] if words is None else ["openai_characters.0.video"]
    )
    assert words is None or words in problems[0][1]


def test_broken_character_clip_is_said(check, clip, monkeypatch):
    def broken(file):
        raise InvalidFilm("The film is cut off")

    monkeypatch.setattr(mp4, "read_facts", broken)
    problems = check("Mo", openai_characters=[{"name": "Mo", "video": clip("openai_characters/0/video")}])
    assert problems == [("openai_characters.0.video", "The film is cut off")]


def test_character_clip_by_address_is_refused(check):
    video = MediaRef(parameter="openai_characters/0/video", url="https://films.example/a.mp4")
    assert "give the file" in check("Mo", openai_characters=[{"name": "Mo", "video": video}])[0][1]


EARLIER = MediaRef(parameter="video", id="video_0")


@pytest.mark.parametrize(
    ("operation", "given", "refused"),
    [
        ("edit", {}, []),
        ("edit", {"duration": 8}, ["duration"]),
        ("edit", {"size": "1280x720"}, ["size"]),
        ("remix", {"duration": 4, "aspect_ratio": "16:9"}, ["duration", "aspect_ratio"]),
        ("remix", {"resolution": "720p"}, ["resolution"]),
        ("extend", {"duration": 8}, []),
        ("extend", {"size": "720x1280"}, ["size"]),
    ],
)
def test_source_decides_about_length_and_size(check, operation, given, refused):
    problems = check(video=EARLIER, openai_operation=operation, **given)
    assert [parameter for parameter, _ in problems] == refused
    assert all("keeps the" in message and "leave it out" in message for _, message in problems)


@pytest.mark.parametrize(
    ("profile", "operations"),
    [
        ("openai", {"edit", "extend", "remix"}),
        ("litellm", {"edit", "extend", "remix"}),
        ("azure", {"remix"}),
        ("new-api", {"remix"}),
        ("vllm-omni", set()),
        ("sglang", set()),
        ("trtllm", set()),
        ("json", set()),
        ("merge", set()),
    ],
)
def test_operation_is_refused_where_there_is_none(check, profile, operations):
    for operation in ("edit", "extend", "remix"):
        problems = check(profile=profile, video=EARLIER, openai_operation=operation)
        assert (problems == []) is (operation in operations)
        assert all(f"has no {operation}" in message for _, message in problems)


def test_remix_of_a_file_is_an_edit(check, clip):
    ((parameter, message),) = check(video=clip(), openai_operation="remix")
    assert (parameter, "openai_operation='edit'" in message) == ("video", True)
    assert check(video=clip()) == []


def test_film_by_address_is_refused(check):
    video = MediaRef(parameter="video", url="https://films.example/a.mp4")
    assert [parameter for parameter, _ in check(video=video)] == ["video"]


def test_azure_has_its_own_limits(task):
    (problem,) = plugin.validate_parameters(task(profile="azure", duration=16))
    assert (problem.parameter, problem.allowed, problem.suggestion) == ("duration", (4, 8, 12), 12)
    (problem,) = plugin.validate_parameters(task(profile="azure", model="sora-2-pro", size="1920x1080"))
    assert (problem.parameter, problem.suggestion) == ("size", "720x1280")
