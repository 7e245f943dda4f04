"""What the simulator of ``/v1/videos`` refuses: each with its whole body, and nothing charged.

Longer than other files because it is one table: every refusal that the facts know, with the builders of its bodies.
"""

import base64
import struct
import zlib

import pytest
from polyreel.clock import VirtualClock
from polyreel.http import Part, Request, encode
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import Stage
from polyreel_openai_sora.simulator import OpenAISimulator

ABSENT = object()
PRO_SIZES = "'720x1280', '1280x720', '1024x1792', '1792x1024', '1080x1920', and '1920x1080'"


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def data_url(data):
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


PICTURE = png(720, 1280)


def image_part(data=PICTURE, media_type="image/png"):
    return Part(name="input_reference", content=data, filename="ref.png", media_type=media_type)


def video_part(data, media_type="video/mp4"):
    return Part(name="video", content=data, filename="a.mp4", media_type=media_type)


def error(message, param=None, code=None):
    return {"message": message, "type": "invalid_request_error", "param": param, "code": code}


def missing(name):
    return error(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def unknown(name):
    return error(f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def duplicate(name):
    return error(f"Duplicate parameter: '{name}'.", name, "duplicate_parameter")


def of_type(name, expected, got):
    return error(
        f"Invalid type for '{name}': expected {expected}, but got {got} instead.", name, "invalid_type"
    )


def of_value(name, value, allowed):
    return error(f"Invalid value: '{value}'. Supported values are: {allowed}.", name, "invalid_value")


def too_long(name, most, length):
    message = (
        f"Invalid '{name}': string too long. Expected a string with maximum length {most}, but got a string "
    )
    return error(message + f"with length {length} instead.", name, "string_above_max_length")


def mimetype(name, media_type, formats="formats are 'image/jpeg', 'image/png', and 'image/webp'"):
    message = f"Invalid file '{name}': unsupported mimetype ('{media_type}'). Supported file {formats}."
    return error(message, name, "unsupported_file_mimetype")


def lengths(word):
    return f"'4', '8', '12', '16', {word} '20'"


EMPTY = error(
    "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string instead.",
    "prompt",
    "empty_string",
)
SENTINEL = error(
    "Hmmm something didn't look right with your request. Please try again later or visit https://help.openai.com "
    "if this issue persists.",
    code="sentinel_block",
)
NO_IMAGE = error(
    "Invalid image file for 'input_reference': it is no JPEG, PNG or WebP image, or it is incomplete.",
    "input_reference",
    "invalid_image_file",
)
OTHER_SIZE = error("Inpaint image must match the requested width and height")
NO_KEY = error(
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the "
    "API from your browser and are prompted for a username and password. You can obtain an API key from "
    "https://platform.openai.com/account/api-keys."
)
ONE_OF_TWO = error(
    "Invalid value for 'input_reference': expected exactly one of 'image_url' or 'file_id'.",
    "input_reference",
    "invalid_value",
)
NOT_FETCHED = error(
    "Failed to download the image from https://example.com/a.png. This is polyreel's simulator, which fetches "
    "nothing: send a data URL, or upload the file.",
    "input_reference.image_url",
    "invalid_image_url",
)
THREE_CHARACTERS = error(
    "Invalid 'characters': array too long. Expected an array with maximum length 2, but got an array with length 3 "
    "instead.",
    "characters",
    "array_above_max_length",
)


@pytest.fixture
def stage():
    return Stage(clock=VirtualClock(), render_seconds=10.0)


@pytest.fixture
def send(stage):
    simulator = OpenAISimulator(stage)

    def send(method, path, *, key="Bearer sk-simulated", **ingredients):
        headers, content = encode(Request(method=method, url="", **ingredients))
        headers = {name.lower(): value for name, value in headers.items()}
        if key is not None:
            headers["authorization"] = key
        url = f"https://api.openai.com{path}"
        return simulator.handle(Request(method=method, url=url, headers=headers, content=content))

    return send


@pytest.fixture
def refused(send, stage):
    """Send something and compare the whole answer."""

    def check(method, path, expected, *, status=400, **ingredients):
        charges = stage.charges.entries
        answer = send(method, path, **ingredients)
        assert (answer.status, answer.json()) == (status, {"error": expected})
        assert answer.media_type == "application/json"
        assert answer.request_id.startswith("req_")
        assert stage.charges.entries == charges
        return answer

    return check


@pytest.fixture
def completed(send, stage):
    """Make a video that is over, one way or the other."""

    def make(prompt="p"):
        video = send("POST", "/v1/videos", json={"prompt": prompt}).json()
        stage.clock.advance(10)
        return video["id"]

    return make


@pytest.mark.parametrize("key", [None, "", "Bearer", "Bearer ", "Basic sk-simulated", "sk-simulated"])
def test_no_key(refused, key):
    refused("GET", "/v1/videos", NO_KEY, status=401, key=key)


@pytest.mark.parametrize(
    ("key", "shown"),
    [("sk-wrong", "********"), ("sk-proj-0123456789abcdefWXYZ", "sk-proj-****************WXYZ")],
)
def test_wrong_key_is_shown_masked(refused, key, shown):
    message = f"Incorrect API key provided: {shown}. You can find your API key at "
    expected = error(message + "https://platform.openai.com/account/api-keys.", code="invalid_api_key")
    refused("POST", "/v1/videos", expected, status=401, key=f"Bearer {key}", json={})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/video"),
        ("GET", "/videos"),
        ("GET", "/v1/videos/"),
        ("GET", "/v1/videos/video_1/edits"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v2/v1/videos"),
    ],
)
def test_unknown_address(refused, method, path):
    refused(method, path, error(f"Invalid URL ({method} {path})"), status=404, key=None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/videos/generations", "DELETE, GET"),
        ("PUT", "/v1/videos", "GET, POST"),
        ("POST", "/v1/videos/video_1/content", "GET"),
        ("GET", "/v1/videos/edits", "POST"),
        ("DELETE", "/v1/videos/characters/char_1", "GET"),
    ],
)
def test_wrong_method(refused, method, path, allowed):
    answer = refused(method, path, error(f"Invalid method for URL ({method} {path})"), status=405, key=None)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("DELETE", ""), ("GET", "/content"), ("POST", "/remix")]
)
def test_unknown_video(refused, method, rest):
    expected = error("Video with id 'video_a/b+c==' not found.")
    refused(method, f"/v1/videos/video_a%2Fb+c=={rest}", expected, status=404, json={"prompt": "p"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": ABSENT, "model": "sora-2"}, missing("prompt")),
        ({"prompt": ""}, EMPTY),
        ({"prompt": " \n"}, EMPTY),
        ({"prompt": "é" * 32_001}, too_long("prompt", 32_000, 32_001)),
        ({"seconds": "5"}, of_value("seconds", "5", lengths("and"))),
        ({"seconds": "08"}, of_value("seconds", "08", lengths("and"))),
        ({"size": "1920x1080"}, of_value("size", "1920x1080", "'720x1280' and '1280x720'")),
        ({"size": "1280X720"}, of_value("size", "1280X720", "'720x1280' and '1280x720'")),
        ({"model": "sora-2-pro", "size": "480x480"}, of_value("size", "480x480", PRO_SIZES)),
        ({"seed": "7"}, unknown("seed")),
        ({"n": "1"}, unknown("n")),
        ({"prompt": "A boat [moderation:create]"}, SENTINEL),
    ],
)
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_field_in_both_encodings(refused, encoding, fields, expected):
    fields = {name: value for name, value in {"prompt": "p", **fields}.items() if value is not ABSENT}
    body = fields if encoding == "json" else [Part(name=n, content=v) for n, v in fields.items()]
    refused("POST", "/v1/videos", expected, **{encoding: body})


def test_unknown_model(refused):
    expected = error(
        "The model 'sora-3' does not exist or you do not have access to it.", code="model_not_found"
    )
    refused("POST", "/v1/videos", expected, status=404, json={"prompt": "p", "model": "sora-3"})


@pytest.mark.parametrize(
    ("name", "value", "expected", "got"),
    [
        # Verbatim, from before 16 and 20 came: THU-MAIC/OpenMAIC pull 98.
        ("seconds", 8, "one of '4', '8', or '12'", "an integer"),
        ("seconds", 8.0, f"one of {lengths('or')}", "a decimal number"),
        ("seconds", True, f"one of {lengths('or')}", "a boolean"),
        ("seconds", None, f"one of {lengths('or')}", "null"),
        ("size", [720, 1280], "one of '720x1280' or '1280x720'", "an array"),
        ("model", 2, "a string", "an integer"),
        ("prompt", {"text": "p"}, "a string", "an object"),
        # Verbatim: lobehub/lobehub issue 14891.
        ("input_reference", data_url(PICTURE), "an object", "a string"),
        ("input_reference", [data_url(PICTURE)], "an object", "an array"),
        ("characters", {"id": "char_1"}, "an array", "an object"),
    ],
)
def test_json_value_of_another_type(refused, name, value, expected, got):
    refused("POST", "/v1/videos", of_type(name, expected, got), json={"prompt": "p", name: value})


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b'{"prompt": "p"', "application/json", "We could not parse the JSON body of your request. (HINT: "),
        (b'{"prompt": NaN}', "application/json", "We could not parse the JSON body of your request. (HINT: "),
        (b"[" * 100_000, "application/json", "We could not parse the JSON body of your request. (HINT: "),
        (b"", "application/json", "We could not parse the JSON body of your request. (HINT: "),
        (b"[]", "application/json", "Invalid type for 'body': expected an object, but got an array instead."),
        (b"--x\r\n", "multipart/form-data; boundary=x", "Could not parse multipart form: "),
        (b"x", "multipart/form-data", "Could not parse multipart form: "),
        (b"prompt=p", "application/x-www-form-urlencoded", "Unsupported content type: 'application/x-www"),
        (b'{"prompt": "p"}', "", "Unsupported content type: ''"),
    ],
)
def test_unreadable_body(send, stage, body, content_type, message):
    answer = send("POST", "/v1/videos", content=body, headers={"Content-Type": content_type})
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert answer.json()["error"]["message"].startswith(message)
    assert not stage.charges.entries


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        # Verbatim: chatfire-AI/huobao-drama issue 49. Without a filename even bytes are a string to the service.
        (Part(name="input_reference", content="a.png"), of_type("input_reference", "a file", "a string")),
        (
            Part(name="input_reference", content=PICTURE, media_type="image/png"),
            of_type("input_reference", "a file", "a string"),
        ),
        (image_part(media_type="image/gif"), mimetype("input_reference", "image/gif")),
        (image_part(media_type="image/jpg"), mimetype("input_reference", "image/jpg")),
        (image_part(media_type=None), mimetype("input_reference", "application/octet-stream")),
        (image_part(b""), NO_IMAGE),
        (image_part(b"no image"), NO_IMAGE),
        (image_part(PICTURE[:-20]), NO_IMAGE),
        (image_part(b"GIF89a" + bytes(20)), NO_IMAGE),
        (image_part(png(1280, 720)), OTHER_SIZE),
        (image_part(png(720, 1279)), OTHER_SIZE),
        (Part(name="input_reference[file]", content="x"), unknown("input_reference.file")),
        (Part(name="characters[][id]", content="char_1"), unknown("characters[][id]")),
        (Part(name="prompt", content="q"), duplicate("prompt")),
        (
            Part(name="size", content=b"1280x720", filename="size.txt"),
            of_type("size", "one of '720x1280' or '1280x720'", "a file"),
        ),
    ],
)
def test_form(refused, part, expected):
    refused("POST", "/v1/videos", expected, form=[Part(name="prompt", content="p"), part])


def test_file_and_reference_at_once(refused):
    form = [
        Part(name="prompt", content="p"),
        image_part(),
        Part(name="input_reference[file_id]", content="f"),
    ]
    for parts in (form, form[::-1]):
        refused("POST", "/v1/videos", duplicate("input_reference"), form=parts)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({}, ONE_OF_TWO),
        ({"image_url": data_url(PICTURE), "file_id": "file-1"}, ONE_OF_TWO),
        ({"url": "x"}, unknown("input_reference.url")),
        ({"image_url": {"url": "x"}}, of_type("input_reference.image_url", "a string", "an object")),
        ({"file_id": "f-1"}, error("No such File object: f-1", "input_reference.file_id", "file_not_found")),
        ({"image_url": "https://user:word@example.com/a.png?signature=abcdef"}, NOT_FETCHED),
        ({"image_url": "data:image/gif;base64,R0lG"}, mimetype("input_reference.image_url", "image/gif")),
        ({"image_url": data_url(b"no image")}, NO_IMAGE),
        ({"image_url": data_url(png(1280, 720))}, OTHER_SIZE),
        (
            {"image_url": "data:image/png;base64," + "A" * 20_971_520},
            too_long("input_reference.image_url", 20_971_520, 20_971_542),
        ),
    ],
)
def test_input_reference_as_an_object(refused, reference, expected):
    refused("POST", "/v1/videos", expected, json={"prompt": "p", "input_reference": reference})


def test_broken_data_url(send):
    body = {"prompt": "p", "input_reference": {"image_url": "data:image/png;base64,@@@@"}}
    answer = send("POST", "/v1/videos", json=body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_image_url")


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ([{"id": "char_1"}] * 3, THREE_CHARACTERS),
        (["char_1"], of_type("characters[0]", "an object", "a string")),
        ([{"id": 1}], of_type("characters[0].id", "a string", "an integer")),
        ([{}], missing("characters[0].id")),
        ([{"id": "char_1", "name": "x"}], unknown("characters[0].name")),
        (
            [{"id": "char_1"}],
            error("Character with id 'char_1' not found.", "characters[0].id", "invalid_value"),
        ),
    ],
)
def test_characters(refused, characters, expected):
    refused("POST", "/v1/videos", expected, json={"prompt": "p", "characters": characters})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "limit=101",
            error(
                "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
                "limit",
                "integer_above_max_value",
            ),
        ),
        (
            "limit=-1",
            error(
                "Invalid 'limit': integer below minimum value. Expected a value >= 0, but got -1 instead.",
                "limit",
                "integer_below_min_value",
            ),
        ),
        ("limit=ten", of_type("limit", "an integer", "a string")),
        ("order=up", of_value("order", "up", "'asc' and 'desc'")),
        ("page=2", unknown("page")),
    ],
)
def test_list_query(refused, query, expected):
    refused("GET", f"/v1/videos?{query}", expected)


def test_list_after_an_unknown_video(refused):
    refused("GET", "/v1/videos?after=video_1", error("Video with id 'video_1' not found."), status=404)


def test_content_of_another_variant_or_too_early(refused, send):
    path = f"/v1/videos/{send('POST', '/v1/videos', json={'prompt': 'p'}).json()['id']}/content"
    refused("GET", f"{path}?variant=0", of_value("variant", "0", "'video', 'thumbnail', and 'spritesheet'"))
    refused("GET", f"{path}?index=0", unknown("index"))
    expected = error("Video is not ready yet, use GET /v1/videos/{video_id} to check status.")
    refused("GET", path, expected, status=404)


def test_derived_film_needs_a_completed_source(refused, send, completed):
    failed = completed("[fail]")
    queued = send("POST", "/v1/videos", json={"prompt": "p"}).json()["id"]
    for video_id, status in ((failed, "failed"), (queued, "queued")):
        message = f"Video with id '{video_id}' is not completed: its status is '{status}'."
        expected = error(message, "video", "invalid_value")
        body = {"prompt": "p", "video": {"id": video_id}}
        refused("POST", f"/v1/videos/{video_id}/remix", expected, json={"prompt": "p"})
        refused("POST", "/v1/videos/edits", expected, json=body)
        refused("POST", "/v1/videos/extensions", expected, json={**body, "seconds": "4"})


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("edits", {"video": ABSENT}, missing("video")),
        ("edits", {"video": {}}, missing("video.id")),
        ("edits", {"video": "video_1"}, of_type("video", "an object", "a string")),
        ("edits", {"video": {"id": "v", "url": "u"}}, unknown("video.url")),
        ("edits", {"seconds": "4"}, unknown("seconds")),
        ("edits", {"model": "sora-2"}, unknown("model")),
        ("edits", {"prompt": "p [moderation:create]"}, SENTINEL),
        ("extensions", {}, missing("seconds")),
        ("extensions", {"seconds": "3"}, of_value("seconds", "3", lengths("and"))),
        ("extensions", {"seconds": "4", "size": "720x1280"}, unknown("size")),
    ],
)
def test_edit_and_extension(refused, completed, path, change, expected):
    body = {"prompt": "p", "video": {"id": completed()}, **change}
    body = {name: value for name, value in body.items() if value is not ABSENT}
    refused("POST", f"/v1/videos/{path}", expected, json=body)


def test_remix_takes_nothing_but_a_prompt(refused, completed):
    path = f"/v1/videos/{completed()}/remix"
    refused("POST", path, unknown("seconds"), json={"prompt": "p", "seconds": "4"})
    refused("POST", path, SENTINEL, json={"prompt": "p [moderation:create]"})


@pytest.mark.parametrize("path", ["/v1/videos/edits", "/v1/videos/characters"])
def test_upload_that_is_no_mp4(refused, send, path):
    field = Part(name="prompt" if path.endswith("edits") else "name", content="Mossy")
    message = (
        "Invalid file 'video': unsupported mimetype ('application/octet-stream'). The only supported file "
    )
    expected = error(message + "format is 'video/mp4'.", "video", "unsupported_file_mimetype")
    refused("POST", path, expected, form=[field, video_part(b"x", "application/octet-stream")])
    refused(
        "POST", path, of_type("video", "a file", "a string"), form=[field, Part(name="video", content="v")]
    )
    answer = send("POST", path, form=[field, video_part(b"<html>")])
    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_video_file")


@pytest.mark.parametrize(
    ("seconds", "size", "reason"),
    [
        (1.5, (1280, 720), "a character needs between 2 and 4 seconds."),
        (4.5, (1280, 720), "a character needs between 2 and 4 seconds."),
        (2, (640, 360), "a character needs 16:9 or 9:16 with 720p to 1080p."),
        (2, (720, 720), "a character needs 16:9 or 9:16 with 720p to 1080p."),
    ],
)
def test_clip_of_a_character(refused, seconds, size, reason):
    width, height = size
    spec = FilmSpec(model="t/t", prompt="", width=width, height=height, duration=seconds, fps=4, audio=False)
    form = [Part(name="name", content="Mossy"), video_part(render_film(spec))]
    expected = error(f"Invalid video file for 'video': {reason}", "video", "invalid_video_file")
    refused("POST", "/v1/videos/characters", expected, form=form)


def test_other_rules_of_characters(refused):
    path = "/v1/videos/characters"
    refused("POST", path, missing("name"), form=[video_part(b"x")])
    refused("POST", path, missing("video"), form=[Part(name="name", content="n")])
    form = [Part(name="name", content="n" * 81), video_part(b"x")]
    refused("POST", path, too_long("name", 80, 81), form=form)
    message = (
        "Unsupported content type: 'application/json'. This API method only accepts 'multipart/form-data' "
    )
    refused("POST", path, error(message + "requests.", code="unsupported_content_type"), json={"name": "n"})
    refused("GET", f"{path}/char_1", error("Character with id 'char_1' not found."), status=404)
