"""What the simulated asynchronous invocation refuses, with the answers it gives."""

import json
import struct
import zlib

import pytest

REEL, REEL_0, RAY = "amazon.nova-reel-v1:1", "amazon.nova-reel-v1:0", "luma.ray-v2:0"
OTHER_BUCKETS = "s3://simulated-bucket-us-west-2/nova"
ARN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abcdef012345"


@pytest.fixture
def refused(amazon):
    """Check a refusal, and that nothing was started or charged."""

    def checked(answer, message, *, code="ValidationException", status=400):
        assert answer.status == status, answer.text
        assert (
            answer.headers["x-amzn-errortype"]
            == f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        )
        assert answer.json() == {"message": message}
        assert not amazon.stage.charges.entries
        assert not amazon.stage.state.get("jobs")

    return checked


def constraint(*complaints):
    count = f"{len(complaints)} validation error{'s' if len(complaints) > 1 else ''} detected: "
    shown = (
        f"Value {value} at '{name}' failed to satisfy constraint: Member must {rest}"
        for name, value, rest in complaints
    )
    return count + "; ".join(shown)


S3_URI = r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?"
CONFIG = "outputDataConfig.s3OutputDataConfig"
PATTERN = "satisfy regular expression pattern: "
TAG = r"[a-zA-Z0-9\s._:/=+@-]*"
KMS = r"arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+))"
MODEL_ID = r"[a-zA-Z_\.\-/0-9:]+"


def output(**members):
    return {"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://simulated-bucket/a", **members}}}


@pytest.mark.parametrize(
    ("change", "complaints"),
    [
        ({"modelId": ...}, [("modelId", "null", "not be null")]),
        ({"modelId": None}, [("modelId", "null", "not be null")]),
        (
            {"modelId": ""},
            [
                ("modelId", "''", "have length greater than or equal to 1"),
                ("modelId", "''", PATTERN + MODEL_ID),
            ],
        ),
        ({"modelId": "a" * 257}, [("modelId", f"'{'a' * 257}'", "have length less than or equal to 256")]),
        ({"modelId": "a b"}, [("modelId", "'a b'", PATTERN + MODEL_ID)]),
        ({"modelId": "a\n"}, [("modelId", "'a\n'", PATTERN + MODEL_ID)]),
        ({"modelInput": ...}, [("modelInput", "null", "not be null")]),
        ({"outputDataConfig": ...}, [("outputDataConfig", "null", "not be null")]),
        ({"outputDataConfig": {}}, [(CONFIG, "null", "not be null")]),
        (output(s3Uri=None), [(f"{CONFIG}.s3Uri", "null", "not be null")]),
        (output(s3Uri="nope"), [(f"{CONFIG}.s3Uri", "'nope'", PATTERN + S3_URI)]),
        (output(s3Uri="s3://Ab/c"), [(f"{CONFIG}.s3Uri", "'s3://Ab/c'", PATTERN + S3_URI)]),
        (
            output(s3Uri="s3://abc/" + "a" * 1016),
            [(f"{CONFIG}.s3Uri", f"'s3://abc/{'a' * 1016}'", "have length less than or equal to 1024")],
        ),
        (output(kmsKeyId="alias/films"), [(f"{CONFIG}.kmsKeyId", "'alias/films'", PATTERN + KMS)]),
        (output(bucketOwner="12345"), [(f"{CONFIG}.bucketOwner", "'12345'", PATTERN + "[0-9]{12}")]),
        (
            {"clientRequestToken": ""},
            [("clientRequestToken", "''", "have length greater than or equal to 1")],
        ),
        (
            {"clientRequestToken": "a" * 257},
            [("clientRequestToken", f"'{'a' * 257}'", "have length less than or equal to 256")],
        ),
        ({"clientRequestToken": "a b"}, [("clientRequestToken", "'a b'", PATTERN + "[!-~]*")]),
        (
            {"tags": [{"key": "k", "value": "v"}] * 201},
            [("tags", "'[201 items]'", "have length less than or equal to 200")],
        ),
        ({"tags": [{"key": "k"}]}, [("tags.1.member.value", "null", "not be null")]),
        (
            {"tags": [{"key": "k", "value": "v"}, {"key": "", "value": "x" * 257}]},
            [
                ("tags.2.member.key", "''", "have length greater than or equal to 1"),
                ("tags.2.member.value", f"'{'x' * 257}'", "have length less than or equal to 256"),
            ],
        ),
        (
            {"tags": [{"key": "k" * 129, "value": "#"}]},
            [
                ("tags.1.member.key", f"'{'k' * 129}'", "have length less than or equal to 128"),
                ("tags.1.member.value", "'#'", PATTERN + TAG),
            ],
        ),
        (
            {"modelId": ..., "modelInput": ..., "outputDataConfig": ...},
            [
                ("modelId", "null", "not be null"),
                ("modelInput", "null", "not be null"),
                ("outputDataConfig", "null", "not be null"),
            ],
        ),
    ],
)
def test_member_outside_its_limits(amazon, refused, change, complaints):
    refused(amazon.start(**change), constraint(*complaints))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modelId": 1}, "The value of 'modelId' can not be converted to a String"),
        ({"clientRequestToken": 1}, "The value of 'clientRequestToken' can not be converted to a String"),
        ({"outputDataConfig": "s3://a"}, "The value of 'outputDataConfig' is not a structure"),
        ({"outputDataConfig": {"s3": {}}}, "The member 's3' of 'outputDataConfig' is unknown"),
        (output(kmsKeyID="x"), f"The member 'kmsKeyID' of '{CONFIG}' is unknown"),
        ({"tags": {"app": "x"}}, "The value of 'tags' is not a list"),
        ({"tags": ["app"]}, "The value of 'tags.1.member' is not a structure"),
        ({"clientToken": "x"}, "The member 'clientToken' of '$' is unknown"),
    ],
)
def test_member_of_another_type_or_name(amazon, refused, change, message):
    refused(amazon.start(**change), message, code="SerializationException")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The body is no JSON"),
        (b"{", "The body is no JSON"),
        (b'{"modelInput": NaN}', "The body is no JSON"),
        (b"\xff", "The body is no JSON"),
        (b"[" * 100_000, "The body is no JSON"),
        (b"[]", "The value of '$' is not a structure"),
    ],
)
def test_unreadable_body(amazon, refused, content, message):
    answer = amazon.send("POST", "/async-invoke", content=content)
    refused(answer, message, code="SerializationException")


INVALID_MODEL = "The provided model identifier is invalid."
NOT_VALID = "The provided request is not valid"


@pytest.mark.parametrize(
    ("model", "region", "message"),
    [
        ("amazon.nova-reel-v2:0", "us-east-1", INVALID_MODEL),
        ("us.amazon.nova-reel-v1:1", "us-east-1", INVALID_MODEL),
        (REEL, "eu-west-1", INVALID_MODEL),
        (REEL, "us-west-2", INVALID_MODEL),
        (REEL_0, "us-west-2", INVALID_MODEL),
        (RAY, "us-east-1", INVALID_MODEL),
        (f"arn:aws:bedrock:eu-west-1::foundation-model/{REEL_0}", "us-east-1", INVALID_MODEL),
        ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", "us-east-1", INVALID_MODEL),
        ("mistral.mistral-small-2402-v1:0", "us-east-1", NOT_VALID),
        ("amazon.nova-lite-v1:0", "us-east-1", NOT_VALID),
        ("anthropic.claude-3-haiku-20240307-v1:0", "us-east-1", NOT_VALID),
    ],
)
def test_model_that_is_not_there(amazon, refused, model, region, message):
    refused(amazon.start(model=model, region=region), message)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-northeast-1"])
def test_first_version_is_in_three_regions(amazon, region):
    amazon.stage.state["buckets"] = {"mine": {"region": region}}
    arn = amazon.job(model=REEL_0, region=region, uri="s3://mine/nova")
    assert (
        amazon.status(arn, region=region)["modelArn"]
        == f"arn:aws:bedrock:{region}::foundation-model/{REEL_0}"
    )


@pytest.mark.parametrize(
    ("uri", "options", "message"),
    [
        ("s3://no-such-bucket/a", {}, "the S3 bucket no-such-bucket does not exist."),
        ("s3://foreign-bucket/a", {}, "access to the S3 bucket foreign-bucket is denied."),
        (
            "s3://foreign-bucket/a",
            {"bucketOwner": "999999999999"},
            "access to the S3 bucket foreign-bucket is denied.",
        ),
        (
            "s3://simulated-bucket/a",
            {"bucketOwner": "999999999999"},
            "access to the S3 bucket simulated-bucket is denied.",
        ),
        (
            OTHER_BUCKETS,
            {},
            "the S3 bucket simulated-bucket-us-west-2 is in us-west-2, not in us-east-1.",
        ),
    ],
)
def test_output_bucket_that_cannot_be_written(amazon, refused, uri, options, message):
    refused(amazon.start(uri=uri, output=options), f"Invalid output configuration: {message}")


@pytest.mark.parametrize("bucket", ["locked-bucket", "unlisted-bucket"])
def test_bucket_that_cannot_be_read_can_be_written(amazon, bucket):
    assert amazon.start(uri=f"s3://{bucket}/nova").status == 200


def test_input_as_a_text(amazon, refused):
    refused(amazon.start(json.dumps(amazon.reel())), NOT_VALID)


def changed(made, path, value):
    """Put a value where the path leads; an ellipsis takes away what is there, no path replaces everything."""
    if not path:
        return value
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return made


CONFIGURED, TEXT, AUTO, MANUAL = (
    "videoGenerationConfig",
    "textToVideoParams",
    "multiShotAutomatedParams",
    "multiShotManualParams",
)

REEL_MISTAKES = [
    ("reel", [], [1], "#: expected type: JSONObject, found: JSONArray"),
    ("reel", ["taskType"], ..., "#: required key [taskType] not found"),
    ("reel", [CONFIGURED], ..., f"#: required key [{CONFIGURED}] not found"),
    ("reel", [TEXT], ..., f"#: required key [{TEXT}] not found"),
    ("reel", ["videoParams"], {}, "#: extraneous key [videoParams] is not permitted"),
    ("reel", [AUTO], {"text": "x"}, f"#: extraneous key [{AUTO}] is not permitted"),
    ("reel", ["taskType"], "TEXT", "#/taskType: TEXT is not a valid enum value"),
    ("reel", ["taskType"], ["TEXT_VIDEO"], "#/taskType: ['TEXT_VIDEO'] is not a valid enum value"),
    ("reel", [TEXT], "x", f"#/{TEXT}: expected type: JSONObject, found: String"),
    ("reel", [TEXT, "text"], ..., f"#/{TEXT}: required key [text] not found"),
    ("reel", [TEXT, "text"], "", f"#/{TEXT}/text: expected minLength: 1, actual: 0"),
    ("reel", [TEXT, "text"], "é" * 513, f"#/{TEXT}/text: expected maxLength: 512, actual: 513"),
    ("reel", [TEXT, "text"], 5, f"#/{TEXT}/text: expected type: String, found: Integer"),
    ("reel", [TEXT, "text"], None, f"#/{TEXT}/text: expected type: String, found: Null"),
    ("reel", [TEXT, "negativeText"], "x", f"#/{TEXT}: extraneous key [negativeText] is not permitted"),
    ("reel", [TEXT, "images"], [], f"#/{TEXT}/images: expected minimum item count: 1, found: 0"),
    ("reel", [TEXT, "images"], [{}, {}], f"#/{TEXT}/images: expected maximum item count: 1, found: 2"),
    ("reel", [TEXT, "images"], {}, f"#/{TEXT}/images: expected type: JSONArray, found: JSONObject"),
    (
        "reel",
        [CONFIGURED, "durationSeconds"],
        ...,
        f"#/{CONFIGURED}: required key [durationSeconds] not found",
    ),
    ("reel", [CONFIGURED, "fps"], ..., f"#/{CONFIGURED}: required key [fps] not found"),
    ("reel", [CONFIGURED, "dimension"], ..., f"#/{CONFIGURED}: required key [dimension] not found"),
    (
        "reel",
        [CONFIGURED, "durationSeconds"],
        5,
        f"#/{CONFIGURED}/durationSeconds: 5 is not greater or equal to 6",
    ),
    (
        "reel",
        [CONFIGURED, "durationSeconds"],
        12,
        f"#/{CONFIGURED}/durationSeconds: 12 is not less or equal to 6",
    ),
    (
        "reel",
        [CONFIGURED, "durationSeconds"],
        "6",
        f"#/{CONFIGURED}/durationSeconds: expected type: Integer, found: String",
    ),
    (
        "reel",
        [CONFIGURED, "durationSeconds"],
        6.0,
        f"#/{CONFIGURED}/durationSeconds: expected type: Integer, found: BigDecimal",
    ),
    (
        "reel",
        [CONFIGURED, "durationSeconds"],
        True,
        f"#/{CONFIGURED}/durationSeconds: expected type: Integer, found: Boolean",
    ),
    ("reel", [CONFIGURED, "fps"], 30, f"#/{CONFIGURED}/fps: 30 is not a valid enum value"),
    ("reel", [CONFIGURED, "fps"], 24.0, f"#/{CONFIGURED}/fps: 24.0 is not a valid enum value"),
    (
        "reel",
        [CONFIGURED, "dimension"],
        "720x1280",
        f"#/{CONFIGURED}/dimension: 720x1280 is not a valid enum value",
    ),
    ("reel", [CONFIGURED, "seed"], None, f"#/{CONFIGURED}/seed: expected type: Integer, found: Null"),
    ("reel", [CONFIGURED, "seed"], -1, f"#/{CONFIGURED}/seed: -1 is not greater or equal to 0"),
    (
        "reel",
        [CONFIGURED, "seed"],
        2_147_483_647,
        f"#/{CONFIGURED}/seed: 2147483647 is not less or equal to 2147483646",
    ),
    ("reel", [CONFIGURED, "quality"], "hd", f"#/{CONFIGURED}: extraneous key [quality] is not permitted"),
    ("auto", [AUTO, "text"], "x" * 4001, f"#/{AUTO}/text: expected maxLength: 4000, actual: 4001"),
    ("auto", [AUTO, "images"], [], f"#/{AUTO}: extraneous key [images] is not permitted"),
    (
        "auto",
        [CONFIGURED, "durationSeconds"],
        6,
        f"#/{CONFIGURED}/durationSeconds: 6 is not greater or equal to 12",
    ),
    (
        "auto",
        [CONFIGURED, "durationSeconds"],
        126,
        f"#/{CONFIGURED}/durationSeconds: 126 is not less or equal to 120",
    ),
    (
        "auto",
        [CONFIGURED, "durationSeconds"],
        13,
        f"#/{CONFIGURED}/durationSeconds: 13 is not a multiple of 6",
    ),
    (
        "manual",
        [CONFIGURED, "durationSeconds"],
        12,
        f"#/{CONFIGURED}: extraneous key [durationSeconds] is not permitted",
    ),
    ("manual", [MANUAL, "shots"], ..., f"#/{MANUAL}: required key [shots] not found"),
    ("manual", [MANUAL, "shots"], [], f"#/{MANUAL}/shots: expected minimum item count: 1, found: 0"),
    (
        "manual",
        [MANUAL, "shots"],
        [{"text": "x"}] * 21,
        f"#/{MANUAL}/shots: expected maximum item count: 20, found: 21",
    ),
    ("manual", [MANUAL, "shots", 1], "x", f"#/{MANUAL}/shots/1: expected type: JSONObject, found: String"),
    (
        "manual",
        [MANUAL, "shots", 1, "text"],
        "x" * 513,
        f"#/{MANUAL}/shots/1/text: expected maxLength: 512, actual: 513",
    ),
    (
        "manual",
        [MANUAL, "shots", 0, "images"],
        [],
        f"#/{MANUAL}/shots/0: extraneous key [images] is not permitted",
    ),
    (
        "manual",
        [MANUAL, "shots", 0, "image"],
        [],
        f"#/{MANUAL}/shots/0/image: expected type: JSONObject, found: JSONArray",
    ),
]


@pytest.mark.parametrize(("task", "path", "value", "message"), REEL_MISTAKES)
def test_input_of_reel(amazon, refused, task, path, value, message):
    made = {"reel": amazon.reel(), "auto": amazon.automated(), "manual": amazon.manual("One", "Two")}[task]
    refused(amazon.start(changed(made, path, value)), message)


@pytest.mark.parametrize("made", ["automated", "manual"])
def test_first_version_takes_single_shots_only(amazon, refused, made):
    made = amazon.automated() if made == "automated" else amazon.manual("One")
    refused(amazon.start(made, model=REEL_0), f"#/taskType: {made['taskType']} is not a valid enum value")


IMAGE = f"#/{TEXT}/images/0"
TRAP = "#: required key [s3Location] not found"
NO_RGB = "the image must be RGB with 8 bits for each channel"


def png_of_16_bits():
    def chunk(name, data):
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", 1280, 720, 16, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(6 * 1280)) * 720)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def kind_of(image, name):
    return {**image, "format": name}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda a: {"format": "png"}, f"{IMAGE}: required key [source] not found"),
        (lambda a: {"source": {}}, f"{IMAGE}: required key [format] not found"),
        (lambda a: kind_of(a.in_bytes(a.picture()), "jpg"), f"{IMAGE}/format: jpg is not a valid enum value"),
        (lambda a: {"format": "png", "source": {}}, f"{IMAGE}/source: required key [s3Location] not found"),
        (
            lambda a: {"format": "png", "source": {"bytes": "AA==", "s3Location": {"uri": "s3://a/b"}}},
            f"{IMAGE}/source: extraneous key [bytes] is not permitted",
        ),
        (lambda a: {"format": "png", "source": {"bytes": ""}}, TRAP),
        (lambda a: {"format": "png", "source": {"bytes": 5}}, TRAP),
        (lambda a: {"format": "png", "source": {"bytes": "data:image/png;base64,AA=="}}, TRAP),
        (lambda a: {"format": "png", "source": {"bytes": "AAA"}}, TRAP),
        (
            lambda a: a.in_bytes(a.picture(kind="JPEG")),
            f"{IMAGE}: the image is said to be image/png, but is image/jpeg",
        ),
        (lambda a: a.in_bytes(b"text"), f"{IMAGE}: the image is said to be image/png, but is no image"),
        (
            lambda a: a.in_bytes(a.picture((1280, 721))),
            f"{IMAGE}: the image must be 1280x720 pixels, but is 1280x721",
        ),
        (
            lambda a: a.in_bytes(a.picture((720, 1280))),
            f"{IMAGE}: the image must be 1280x720 pixels, but is 720x1280",
        ),
        (lambda a: a.in_bytes(a.picture(mode="L")), f"{IMAGE}: {NO_RGB}"),
        (lambda a: a.in_bytes(a.picture(mode="P")), f"{IMAGE}: {NO_RGB}"),
        (lambda a: a.in_bytes(a.picture(mode="I;16")), f"{IMAGE}: {NO_RGB}"),
        (lambda a: a.in_bytes(png_of_16_bits()), f"{IMAGE}: {NO_RGB}"),
        (lambda a: a.in_bytes(a.picture(mode="L", kind="JPEG"), "jpeg"), f"{IMAGE}: {NO_RGB}"),
        (lambda a: a.in_bytes(a.picture(mode="CMYK", kind="JPEG"), "jpeg"), f"{IMAGE}: {NO_RGB}"),
        (
            lambda a: a.in_bytes(a.picture(mode="RGBA", color=(9, 9, 9, 254))),
            f"{IMAGE}: the image must not have transparent pixels",
        ),
        (
            lambda a: a.in_bytes(a.picture(transparency=(0, 0, 0))),
            f"{IMAGE}: the image must not have transparent pixels",
        ),
    ],
)
def test_input_image(amazon, refused, make, message):
    refused(amazon.start(amazon.reel(images=[make(amazon)])), message)


def test_input_image_that_is_cut_off(amazon):
    answer = amazon.start(amazon.reel(images=[amazon.in_bytes(amazon.picture()[:-20])]))
    assert answer.status == 400
    assert answer.json()["message"].startswith(f"{IMAGE}: the image cannot be read: ")


def test_input_image_that_is_too_large(amazon, refused, monkeypatch):
    monkeypatch.setattr("polyreel_amazon_nova.simulated_pictures.MAX_BYTES", 100)
    data = amazon.picture()
    message = f"{IMAGE}: the image has {len(data)} bytes and 100 are allowed"
    refused(amazon.start(amazon.reel(images=[amazon.in_bytes(data)])), message)


@pytest.mark.parametrize(
    ("uri", "more", "message"),
    [
        ("s3://simulated-bucket/in/none.png", {}, "/uri: the object does not exist"),
        ("s3://no-such-bucket/a.png", {}, "/uri: the bucket does not exist"),
        ("s3://foreign-bucket/a.png", {}, "/uri: access to the object is denied"),
        (
            "s3://foreign-bucket/a.png",
            {"bucketOwner": "999999999999"},
            "/uri: access to the object is denied",
        ),
        (
            "s3://simulated-bucket",
            {},
            "/uri: string [s3://simulated-bucket] does not match the pattern of an S3 object",
        ),
        ("https://a/b", {}, "/uri: string [https://a/b] does not match the pattern of an S3 object"),
        ("s3://locked-bucket/a.png", {}, "/uri: access to the object is denied"),
        (
            "s3://simulated-bucket/a.png",
            {"bucketOwner": "999999999999"},
            "/uri: access to the object is denied",
        ),
        (
            "s3://simulated-bucket-us-west-2/a.png",
            {},
            "/uri: the bucket is in us-west-2, not in us-east-1",
        ),
        ("s3://simulated-bucket/a.png", {"owner": "1"}, ": extraneous key [owner] is not permitted"),
        ("", {}, "/uri: expected minLength: 1, actual: 0"),
    ],
)
def test_input_image_in_s3(amazon, refused, uri, more, message):
    for bucket, region in (
        ("simulated-bucket", "us-east-1"),
        ("locked-bucket", "us-east-1"),
        ("simulated-bucket-us-west-2", "us-west-2"),
    ):
        amazon.put("a.png", amazon.picture(), bucket, region=region)
    answer = amazon.start(amazon.reel(images=[amazon.in_s3(uri, **more)]))
    refused(answer, f"{IMAGE}/source/s3Location{message}")


def test_input_image_in_s3_that_is_too_large(amazon, refused, monkeypatch):
    monkeypatch.setattr("polyreel_amazon_nova.simulated_buckets.MAX_BYTES", 100)
    data = amazon.picture()
    amazon.put("a.png", data)
    answer = amazon.start(amazon.reel(images=[amazon.in_s3("s3://simulated-bucket/a.png")]))
    message = f"{IMAGE}/source/s3Location/uri: the image has {len(data)} bytes and {25 * 2**20} are allowed"
    refused(answer, message)


def keyframe(amazon, size=(512, 512), **source):
    data = amazon.in_bytes(amazon.picture(size))["source"]["bytes"]
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data, **source}}


FRAME = "#/keyframes/frame0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": ...}, "#: required key [prompt] not found"),
        ({"prompt": ""}, "#/prompt: expected minLength: 1, actual: 0"),
        ({"prompt": "x" * 5001}, "#/prompt: expected maxLength: 5000, actual: 5001"),
        ({"seed": 1}, "#: extraneous key [seed] is not permitted"),
        ({"aspect_ratio": "2:1"}, "#/aspect_ratio: 2:1 is not a valid enum value"),
        ({"loop": "true"}, "#/loop: expected type: Boolean, found: String"),
        ({"duration": "6s"}, "#/duration: 6s is not a valid enum value"),
        ({"duration": 5}, "#/duration: 5 is not a valid enum value"),
        ({"resolution": "1080p"}, "#/resolution: 1080p is not a valid enum value"),
        ({"keyframes": {}}, "#/keyframes: minimum size: [1], found: [0]"),
        ({"keyframes": {"frame2": {}}}, "#/keyframes: extraneous key [frame2] is not permitted"),
        ({"keyframes": {"frame0": {"type": "image"}}}, f"{FRAME}: required key [source] not found"),
        (
            {"keyframes": {"frame0": lambda a: {**keyframe(a), "type": "generation"}}},
            f"{FRAME}/type: generation is not a valid enum value",
        ),
        (
            {"keyframes": {"frame0": lambda a: keyframe(a, type="url")}},
            f"{FRAME}/source/type: url is not a valid enum value",
        ),
        (
            {"keyframes": {"frame0": lambda a: keyframe(a, media_type="image/webp")}},
            f"{FRAME}/source/media_type: image/webp is not a valid enum value",
        ),
        (
            {"keyframes": {"frame0": lambda a: keyframe(a, media_type="image/jpeg")}},
            f"{FRAME}: the image is said to be image/jpeg, but is image/png",
        ),
        (
            {"keyframes": {"frame0": lambda a: keyframe(a, data="@")}},
            f"{FRAME}/source/data: the image is not base64",
        ),
        (
            {"keyframes": {"frame0": lambda a: keyframe(a, (511, 512))}},
            f"{FRAME}: the image must be from 512x512 to 4096x4096 pixels, but is 511x512",
        ),
        (
            {"keyframes": {"frame0": lambda a: keyframe(a, (512, 4097))}},
            f"{FRAME}: the image must be from 512x512 to 4096x4096 pixels, but is 512x4097",
        ),
        (
            {"keyframes": {"frame0": keyframe, "frame1": lambda a: keyframe(a, data="")}},
            "#/keyframes/frame1/source/data: the image is not base64",
        ),
    ],
)
def test_input_of_ray(amazon, refused, change, message):
    made = {"prompt": "A lake", **change}
    if isinstance(made.get("keyframes"), dict):
        frames = made["keyframes"].items()
        made["keyframes"] = {name: make(amazon) if callable(make) else make for name, make in frames}
    made = {name: value for name, value in made.items() if value is not ...}
    refused(amazon.start(made, model=RAY, region="us-west-2", uri=OTHER_BUCKETS), message)


def test_longest_texts_are_taken(amazon):
    for made in (amazon.reel("é" * 512), amazon.automated("x" * 4000), amazon.manual("x" * 512)):
        assert amazon.start(made).status == 200
    ray = {"prompt": "x" * 5000}
    assert amazon.start(ray, model=RAY, region="us-west-2", uri=OTHER_BUCKETS).status == 200


ARN_PATTERN = r"arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:async-invoke/[a-z0-9]{12}"


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (ARN, "The provided invocation ARN is not valid or does not exist in this region."),
        ("abc123", constraint(("invocationArn", "'abc123'", PATTERN + ARN_PATTERN))),
        (ARN + "6", constraint(("invocationArn", f"'{ARN}6'", PATTERN + ARN_PATTERN))),
    ],
)
def test_unknown_job(amazon, refused, arn, message):
    refused(amazon.get(arn), message)


def test_job_of_another_account(amazon, refused):
    arn = ARN.replace("123456789012", "999999999999")
    message = f"You are not authorized to perform: bedrock:GetAsyncInvoke on resource: {arn}"
    refused(amazon.get(arn), message, code="AccessDeniedException", status=403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/async-invoke/{ARN}"),
        ("GET", "/async-invoke/"),
        ("DELETE", f"/async-invoke/{ARN.replace('/', '%2F')}"),
        ("POST", f"/async-invoke/{ARN.replace('/', '%2F')}"),
        ("PUT", "/async-invoke"),
        ("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke"),
    ],
)
def test_what_is_no_operation(amazon, refused, method, path):
    answer = amazon.send(method, path)
    refused(answer, "There is no such operation.", code="UnknownOperationException", status=404)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "maxResults=0",
            constraint(("maxResults", "'0'", "have value greater than or equal to 1")),
        ),
        ("maxResults=1001", constraint(("maxResults", "'1001'", "have value less than or equal to 1000"))),
        (
            "statusEquals=Done",
            constraint(("statusEquals", "'Done'", "satisfy enum value set: [InProgress, Completed, Failed]")),
        ),
        (
            "sortBy=Status&sortOrder=asc",
            constraint(
                ("sortBy", "'Status'", "satisfy enum value set: [SubmissionTime]"),
                ("sortOrder", "'asc'", "satisfy enum value set: [Ascending, Descending]"),
            ),
        ),
        ("nextToken=", constraint(("nextToken", "''", "have length greater than or equal to 1"))),
        ("nextToken=a%20b", constraint(("nextToken", "'a b'", PATTERN + r"\S*"))),
        ("nextToken=abc", "The provided nextToken is not valid."),
        ("nextToken=bm8%3D", "The provided nextToken is not valid."),
        ("nextToken=eyJhZnRlciI6ICJ4In0%3D", "The provided nextToken is not valid."),
        ("modelId=x", "The query parameter 'modelId' is unknown."),
    ],
)
def test_query_of_a_list(amazon, refused, query, message):
    refused(amazon.send("GET", f"/async-invoke?{query}"), message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("maxResults=ten", "The value of 'maxResults' can not be converted to an Integer"),
        ("submitTimeAfter=yesterday", "The value 'yesterday' can not be converted to a Timestamp"),
        ("submitTimeAfter=2026-11-23", "The value '2026-11-23' can not be converted to a Timestamp"),
        (
            "submitTimeBefore=2026-11-23T10%3A00%3A00",
            "The value '2026-11-23T10:00:00' can not be converted to a Timestamp",
        ),
        (
            "submitTimeBefore=2026-11-23T10:00:00+01:00",
            "The value '2026-11-23T10:00:00 01:00' can not be converted to a Timestamp",
        ),
    ],
)
def test_query_of_a_list_of_another_type(amazon, refused, query, message):
    refused(amazon.send("GET", f"/async-invoke?{query}"), message, code="SerializationException")
