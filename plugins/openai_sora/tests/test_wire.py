"""Requests that ask for a film: each operation, each dialect, to the field."""

import json

import pytest
from polyreel.errors import RequestRejected
from polyreel.http import Part
from polyreel.types.media import MediaRef
from polyreel_openai_sora.profiles import PROFILES
from polyreel_openai_sora.wire import character_form, data_url_length, operation_of, submission

MULTIPART = ("openai", "azure", "litellm", "vllm-omni", "sglang", "trtllm", "new-api")


def fields(parts):
    return [(part.name, part.content) for part in parts]


@pytest.fixture
def ask(task):
    def asked(profile="openai", **parameters):
        return submission(task(profile=profile, **parameters), PROFILES[profile])

    return asked


def test_every_profile_is_tested_here():
    assert set(PROFILES) == {*MULTIPART, "json", "merge"}
    assert all(name == profile.name for name, profile in PROFILES.items())


@pytest.mark.parametrize("profile", MULTIPART)
def test_text_only_create_is_a_form_in_the_order_of_the_sdk(ask, profile):
    asked = ask(profile, prompt="A fox, café", duration=8, size="1280x720")
    assert (asked.operation, asked.path, asked.json) == ("create", "/videos", None)
    # Parameters without a native place (fps, n, generate_audio, the shape) stay here.
    assert list(asked.form) == [
        Part(name="prompt", content="A fox, café"),
        Part(name="model", content="sora-2"),
        Part(name="seconds", content="8"),
        Part(name="size", content="1280x720"),
    ]


@pytest.mark.parametrize(("profile", "seconds"), [("json", "8"), ("merge", 8)])
def test_json_profiles_send_json_with_seconds_of_their_type(ask, profile, seconds):
    asked = ask(profile, duration=8, size="1280x720")
    assert (asked.path, asked.form) == ("/videos", None)
    assert asked.json == {"prompt": "A paper boat", "model": "sora-2", "seconds": seconds, "size": "1280x720"}
    assert type(asked.json["seconds"]) is type(seconds)


def test_family_sends_only_what_is_given(ask):
    asked = ask("vllm-omni", model="Wan-AI/Wan2.2-T2V")
    assert fields(asked.form) == [("prompt", "A paper boat"), ("model", "Wan-AI/Wan2.2-T2V")]
    assert ask("merge", model="minimax/h3").json == {"prompt": "A paper boat", "model": "minimax/h3"}


@pytest.mark.parametrize("profile", MULTIPART)
def test_picture_is_a_file_part_with_name_and_type(ask, media, profile):
    asked = ask(profile, input_image=media(media_type="image/webp", name="a.webp"))
    assert [part.name for part in asked.form] == ["prompt", "model", "seconds", "size", "input_reference"]
    assert asked.form[-1] == Part(
        name="input_reference", content=b"\x89PNG bytes", filename="a.webp", media_type="image/webp"
    )


def test_picture_in_json_is_an_object_with_a_data_url(ask, media):
    image = media(content=b"abcd")
    url = "data:image/png;base64,YWJjZA=="
    assert ask("json", input_image=image).json["input_reference"] == {"image_url": url}
    assert data_url_length(image) == len(url)


def test_picture_by_address_goes_where_the_dialect_has_it(ask):
    url = "https://pictures.example/a.png"
    image = MediaRef(parameter="input_image", url=url)
    for profile in ("openai", "json"):
        assert ask(profile, input_image=image).json["input_reference"] == {"image_url": url}
    *_, omni = ask("vllm-omni", input_image=image).form
    assert (omni.name, json.loads(omni.content), omni.filename) == (
        "image_reference",
        {"image_url": url},
        None,
    )
    *_, sglang = ask("sglang", input_image=image).form
    assert sglang == Part(name="reference_url", content=url)


@pytest.mark.parametrize("profile", ["azure", "litellm", "trtllm", "new-api"])
def test_picture_by_address_is_never_dropped_in_silence(ask, profile):
    with pytest.raises(RequestRejected, match="nothing was sent"):
        ask(profile, input_image=MediaRef(parameter="input_image", url="https://pictures.example/a.png"))


def test_picture_by_id_is_an_object_in_json(ask):
    asked = ask(input_image=MediaRef(parameter="input_image", id="file-1"))
    assert asked.json["input_reference"] == {"file_id": "file-1"}


def test_characters_need_json_and_stand_there_by_id(ask):
    made = MediaRef(parameter="openai_characters/1/video", id="char_2")
    asked = ask(prompt="Mo", openai_characters=[{"id": "char_1"}, {"name": "Mo", "video": made}])
    assert asked.form is None
    assert asked.json["characters"] == [{"id": "char_1"}, {"id": "char_2"}]
    assert asked.json["seconds"] == "4"  # OpenAI refuses a number


def test_character_that_was_not_uploaded_is_not_sent(ask, clip):
    with pytest.raises(RequestRejected, match="not uploaded"):
        ask(prompt="Mo", openai_characters=[{"name": "Mo", "video": clip()}])


def test_remix_is_the_prompt_alone(ask):
    asked = ask(video=MediaRef(parameter="video", id="video_a/b+c=="), openai_operation="remix")
    assert (asked.operation, asked.path) == ("remix", "/videos/video_a%2Fb+c==/remix")
    assert (asked.json, asked.form) == ({"prompt": "A paper boat"}, None)


def test_edit_of_an_earlier_film_is_json(ask):
    asked = ask(video=MediaRef(parameter="video", id="video_1"))
    assert (asked.operation, asked.path) == ("edit", "/videos/edits")
    assert asked.json == {"video": {"id": "video_1"}, "prompt": "A paper boat"}


def test_edit_of_a_file_is_a_form_that_names_the_model(ask, clip):
    asked = ask(video=clip(), model="sora-2-pro")
    assert asked.json is None
    assert list(asked.form) == [
        Part(name="prompt", content="A paper boat"),
        Part(name="model", content="sora-2-pro"),
        Part(name="video", content=b"mp4 bytes", filename="a.mp4", media_type="video/mp4"),
    ]


def test_extension_adds_its_seconds(ask, clip):
    source = MediaRef(parameter="video", id="video_1")
    asked = ask(video=source, openai_operation="extend", duration=12)
    assert asked.path == "/videos/extensions"
    assert asked.json == {"video": {"id": "video_1"}, "prompt": "A paper boat", "seconds": "12"}
    form = ask(video=clip(), openai_operation="extend").form
    assert [part.name for part in form] == ["prompt", "seconds", "video"]


@pytest.mark.parametrize("operation", ["edit", "remix", "extend"])
def test_source_that_is_missing_is_not_sent_without(ask, operation):
    with pytest.raises(RequestRejected, match="source film"):
        ask(video=MediaRef(parameter="video", url="https://films.example/a.mp4"), openai_operation=operation)


def test_remix_of_a_file_is_not_sent(ask, clip):
    with pytest.raises(RequestRejected, match="id of an earlier film"):
        ask(video=clip(), openai_operation="remix")


def test_operation_is_known_after_a_restart_without_the_film(task):
    edit = task(video=MediaRef(parameter="video", id="video_1"))
    restarted = {name: value for name, value in edit.parameters.items() if name != "video"}
    object.__setattr__(edit, "parameters", restarted)
    assert operation_of(edit) == "edit"
    assert operation_of(task()) == "create"


NATIVE = {"seed": 7, "characters": [{"id": "char_1"}], "nested": {"a": True, "b": [1.5, "x"]}, "none": None}


def test_native_fields_in_a_form_have_the_brackets_of_the_sdk(ask):
    parts = ask("vllm-omni", model="wan", native=NATIVE).form
    assert fields(parts)[2:] == [
        ("seed", "7"),
        ("characters[][id]", "char_1"),
        ("nested[a]", "true"),
        ("nested[b][]", "1.5"),
        ("nested[b][]", "x"),
    ]


def test_native_fields_in_json_are_as_given(ask):
    assert {name: ask("json", model="wan", native=NATIVE).json[name] for name in NATIVE} == NATIVE


def test_native_field_takes_the_place_of_ours(ask):
    assert ("size", "768P") in fields(ask("litellm", size="1280x720", native={"size": "768P"}).form)
    assert len(ask("litellm", native={"size": "768P"}).form) == 4
    assert ask("merge", native={"size": "768P"}).json["size"] == "768P"
    remix = ask(
        video=MediaRef(parameter="video", id="video_1"), openai_operation="remix", native={"quality": "high"}
    )
    assert remix.json["quality"] == "high"


def test_character_form_has_the_order_of_the_sdk(clip):
    assert character_form(clip(), "Mo") == (
        Part(name="name", content="Mo"),
        Part(name="video", content=b"mp4 bytes", filename="a.mp4", media_type="video/mp4"),
    )
