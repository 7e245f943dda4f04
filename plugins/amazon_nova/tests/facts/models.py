"""Facts about the video models of Amazon Bedrock, from the sheet of 2026-11-23 (sections 0, 1.1, 1.5, 2.1 and 2.2)."""

import itertools

from factsheet import Facts, row

INPUT, CONFIG = "/modelInput", "/modelInput/videoGenerationConfig"
OUTPUT = "/outputDataConfig/s3OutputDataConfig"
TWELVE_DIGITS = "^[0-9]{12}$"
TAG = "^[a-zA-Z0-9\\s._:/=+@-]*$"
KEY_ARN = "^arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9_/-]+))$"
SILENT = row("boolean", values=[False], default=False)
ONE_FILM = row("integer", values=[1], default=1)
# Section 1.1: what StartAsyncInvoke takes beside the model's own input.
OPERATION = {
    "amazon_output": row(
        "string",
        at=f"{OUTPUT}/s3Uri",
        maxLength=1024,
        pattern="^s3://[a-z0-9][.\\-a-z0-9]{1,61}[a-z0-9](/.*)?$",
    ),
    "amazon_kms_key": row("string", at=f"{OUTPUT}/kmsKeyId", maxLength=2048, pattern=KEY_ARN),
    "amazon_bucket_owner": row("string", at=f"{OUTPUT}/bucketOwner", pattern=TWELVE_DIGITS),
    "amazon_tags": row(
        "object",
        maxProperties=200,
        propertyNames={"minLength": 1, "maxLength": 128, "pattern": TAG},
        otherwise={"type": "string", "maxLength": 256, "pattern": TAG},
    ),
}
ASSUMED_OF_OPERATION = ("amazon_kms_key.maxLength", "amazon_kms_key.pattern", "cited", "can", "alternatives")

# --- Nova Reel (section 2.1) --------------------------------------------------------------------------------

TEN_MIB = 10_485_760  # none is published
FRAME = {"accept": ["image/png", "image/jpeg"], "max_bytes": TEN_MIB, "fit": "size", "opaque": True}
SHOT = {"text": "A shot"}
SHOTS = [SHOT, SHOT]
REEL = {
    "size": row("string", at=f"{CONFIG}/dimension", values=["1280x720"], default="1280x720"),
    "aspect_ratio": row("string", values=["16:9"]),
    "resolution": row("string", values=["720p"]),
    "fps": row("integer", at=f"{CONFIG}/fps", values=[24], default=24),
    "n": ONE_FILM,
    "generate_audio": SILENT,
    "seed": row("integer", at=f"{CONFIG}/seed", minimum=0, maximum=2_147_483_646),
    "input_image": row(at=f"{INPUT}/textToVideoParams/images/0", media=FRAME),
    **OPERATION,
}
REEL_LIFE = {
    "stage": "retired",
    "service": "https://bedrock-runtime.us-east-1.amazonaws.com",
    "deprecated_on": "2026-03-30",
    "retires_on": "2026-09-30",
    "alternatives": ("amazon/luma.ray-v2:0", "google/gemini-omni-1.2-flash"),
    "output": {"media_type": "video/mp4", "audio": "never", "fps": 24},
    "can": ("idempotency", "list"),
    "together": ({"size": "1280x720", "aspect_ratio": "16:9", "resolution": "720p"},),
    "priced": ("USD", "2026-07-10"),
    "cited_for_prices": ("facts:amazon.md",),
    "assumed": (
        "prompt.pattern",
        "duration.default",  # it is required there; 6 is the shortest
        "input_image.max_bytes",
        *ASSUMED_OF_OPERATION,
    ),
}
REFUSED_BY_REEL = (
    {"duration": 5},
    {"duration": 7},
    {"duration": 126},
    {"size": "1920x1080"},
    {"aspect_ratio": "9:16"},
    {"fps": 30},
    {"n": 2},
    {"generate_audio": True},
    {"seed": -1},
    {"seed": 2_147_483_647},
    {"prompt": "x" * 513},
    {"prompt": " "},
)
CONFIGURED = {"dimension": "1280x720", "fps": 24}
CITED_FOR_REEL = (
    "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-amazon-nova-reel.md",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle-legacy.html",
    "facts:amazon.md",
    "https://docs.aws.amazon.com/nova/latest/userguide/video-gen-access.html",
    "https://docs.aws.amazon.com/nova/latest/userguide/video-generation.html",
    "https://docs.aws.amazon.com/nova/latest/userguide/video-gen-errors.html",
    "https://github.com/boto/boto3/issues/4623",
)
REEL_0 = Facts(
    model="amazon/nova-reel-v1:0",
    native_id="amazon.nova-reel-v1:0",
    aliases=("amazon.nova-reel-v1:0",),
    regions=("us-east-1", "eu-west-1", "ap-northeast-1"),
    released="2024-12-03",
    parameters={
        "prompt": row(
            "string", at=f"{INPUT}/textToVideoParams/text", minLength=1, maxLength=512, pattern="\\S"
        ),
        "duration": row("integer", at=f"{CONFIG}/durationSeconds", values=[6], default=6),
        **REEL,
    },
    takes=({}, {"prompt": "x" * 512}, {"input_image": b"x", "seed": 0}),
    refuses=(*REFUSED_BY_REEL, {"duration": 12}, {"amazon_shots": SHOTS}),
    bodies=(
        (
            {"seed": 42},
            {
                "modelInput": {
                    "textToVideoParams": {"text": "A paper boat"},
                    "videoGenerationConfig": {"durationSeconds": 6, "seed": 42, **CONFIGURED},
                }
            },
        ),
    ),
    prices=(({}, "0.48"), ({"input_image": b"x"}, "0.48")),
    cited=CITED_FOR_REEL,
    **REEL_LIFE,
)
LENGTHS = tuple(range(6, 121, 6))  # 6, or 12 to 120 in steps of 6
TASKS = ("TEXT_VIDEO", "MULTI_SHOT_AUTOMATED", "MULTI_SHOT_MANUAL")


def reel_takes(length, task, *, shots, image, long):
    """Section 2.1: which task takes what; without a task, it follows from the rest."""
    if shots:
        return task in {None, "MULTI_SHOT_MANUAL"} and not image
    if task == "MULTI_SHOT_MANUAL":
        return False
    if length == 6:
        return task != "MULTI_SHOT_AUTOMATED" and not long
    return task != "TEXT_VIDEO" and not image


REEL_REQUESTS = {True: [], False: []}
for length, task, shots, image, long in itertools.product(
    (6, 12, 120), (None, *TASKS), (False, True), (False, True), (False, True)
):
    request = {
        "duration": length,
        "prompt": "x" * (4000 if long else 512),
        **({"amazon_task": task} if task else {}),
        **({"amazon_shots": SHOTS} if shots else {}),
        **({"input_image": b"x"} if image else {}),
    }
    REEL_REQUESTS[reel_takes(length, task, shots=shots, image=image, long=long)].append(request)

REEL_1 = Facts(
    model="amazon/nova-reel-v1:1",
    native_id="amazon.nova-reel-v1:1",
    aliases=("amazon.nova-reel-v1:1", "nova-reel"),
    regions=("us-east-1",),
    parameters={
        "prompt": row("string", minLength=1, maxLength=4000, pattern="\\S"),
        "duration": row("integer", at=f"{CONFIG}/durationSeconds", values=LENGTHS, default=6),
        "amazon_task": row("string", at=f"{INPUT}/taskType", values=TASKS),
        "amazon_shots": row(
            "array",
            at=f"{INPUT}/multiShotManualParams/shots",
            minItems=1,
            maxItems=20,
            items={
                "type": "object",
                "additionalProperties": False,
                "required": ["text"],
                "properties": {
                    "text": {"type": "string", "minLength": 1, "maxLength": 512, "pattern": "\\S"},
                    "image": {"x-media": {**FRAME, "schemes": ["s3"]}},
                    "image_owner": {"type": "string", "pattern": TWELVE_DIGITS},
                },
            },
        ),
        **REEL,
    },
    takes=(
        {},
        *REEL_REQUESTS[True],
        *({"duration": seconds} for seconds in LENGTHS),
        {"amazon_shots": [SHOT] * 20},
        {"amazon_shots": [{**SHOT, "image": "s3://in/a.png", "image_owner": "123456789012"}]},
    ),
    refuses=(
        *REFUSED_BY_REEL,
        *REEL_REQUESTS[False],
        {"prompt": "x" * 4001, "duration": 12},
        {"amazon_shots": [SHOT] * 21},
        {"amazon_shots": [{"text": "x" * 513}]},
        {"amazon_task": "MULTI_SHOT"},
    ),
    bodies=(
        (
            {"duration": 18, "amazon_task": "MULTI_SHOT_AUTOMATED", "seed": 0},
            {
                "modelInput": {
                    "taskType": "MULTI_SHOT_AUTOMATED",
                    "videoGenerationConfig": {"durationSeconds": 18, "seed": 0, **CONFIGURED},
                }
            },
        ),
    ),
    # 0.08 for a second; a film of shots lasts 6 s for each, whatever duration says.
    prices=(
        *(({"duration": seconds}, f"{8 * seconds / 100:.2f}") for seconds in LENGTHS),
        *(({"amazon_shots": [SHOT] * count}, f"{48 * count / 100:.2f}") for count in (1, 2, 3, 20)),
        ({"amazon_shots": SHOTS, "duration": 120}, "0.96"),
    ),
    cited=CITED_FOR_REEL,
    **REEL_LIFE,
)

# --- Luma Ray2 (section 2.2) --------------------------------------------------------------------------------

KEYFRAME = {  # 25 MB as the service counts them
    "accept": ["image/jpeg", "image/png"],
    "max_bytes": 25_000_000,
    "min_side": 512,
    "max_side": 4096,
    "fit": "any",
}
RATES = {"540p": 75, "720p": 150}  # cents for a second
RAY_2 = Facts(
    model="amazon/luma.ray-v2:0",
    native_id="luma.ray-v2:0",
    regions=("us-west-2",),
    service="https://bedrock-runtime.us-west-2.amazonaws.com",
    stage="ga",
    alternatives=("google/gemini-omni-1.2-flash",),
    output={"media_type": "video/mp4", "audio": "never"},
    can=("idempotency", "list"),
    parameters={
        "prompt": row("string", at=f"{INPUT}/prompt", minLength=1, maxLength=5000, pattern="\\S"),
        "duration": row(
            "integer", at=f"{INPUT}/duration", spelled={"5": "5s", "9": "9s"}, values=[5, 9], default=5
        ),
        "aspect_ratio": row(
            "string",
            at=f"{INPUT}/aspect_ratio",
            values=["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"],
            default="16:9",
        ),
        "resolution": row("string", at=f"{INPUT}/resolution", values=RATES, default="540p"),
        "n": ONE_FILM,
        "generate_audio": SILENT,
        "input_image": row(at=f"{INPUT}/keyframes/frame0", media=KEYFRAME),
        "last_frame": row(at=f"{INPUT}/keyframes/frame1", media=KEYFRAME),
        "amazon_loop": row("boolean", at=f"{INPUT}/loop"),
        **OPERATION,
    },
    takes=(
        {},
        {"input_image": b"x"},
        {"last_frame": b"x"},
        {"input_image": b"x", "last_frame": b"x", "amazon_loop": True},
        {"prompt": "x" * 5000},
    ),
    refuses=(
        {"duration": 6},
        {"aspect_ratio": "2:1"},
        {"resolution": "1080p"},
        {"generate_audio": True},
        {"n": 2},
        {"prompt": "x" * 5001},
        {"amazon_output": "my-bucket/films"},
        {"amazon_bucket_owner": "12345"},
        {"amazon_tags": {"": "x"}},
        {"amazon_tags": {"x" * 129: ""}},
        {"amazon_tags": {"a": "x" * 257}},
        {"amazon_tags": {str(number): "" for number in range(201)}},
    ),
    bodies=(
        (
            {"duration": 9, "resolution": "720p", "aspect_ratio": "9:21", "amazon_loop": True},
            {
                "modelInput": {
                    "prompt": "A paper boat",
                    "duration": "9s",
                    "resolution": "720p",
                    "aspect_ratio": "9:21",
                    "loop": True,
                }
            },
        ),
    ),
    prices=tuple(
        ({"duration": seconds, "resolution": height}, f"{rate * seconds / 100:.2f}")
        for seconds, (height, rate) in itertools.product((5, 9), RATES.items())
    ),
    priced=("USD", "2026-11-23"),
    cited=(
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-luma-ai-ray2.md",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-luma.html",
        "facts:amazon.md",
        "https://github.com/promptfoo/promptfoo/pull/6889",
    ),
    cited_for_prices=("facts:amazon.md",),
    assumed=(
        "prompt.pattern",
        "duration.default",  # no defaults are documented: the cheaper ones, and the shape of the example
        "resolution.default",
        "aspect_ratio.default",
        "generate_audio",  # no page speaks of sound
        *ASSUMED_OF_OPERATION,
    ),
)
MODELS = (REEL_0, REEL_1, RAY_2)
