"""Facts about OpenAI's video models, from the sheet of 2026-11-23 (sections 0.1, 1 and 2)."""

import itertools

from factsheet import Facts, row

LENGTHS = (4, 8, 12, 16, 20)
PRICES = {
    "sora-2": {"720p": "0.10"},
    "sora-2-pro": {"720p": "0.30", "1024p": "0.50", "1080p": "0.70"},
}
SNAPSHOTS = {
    "sora-2": ("sora-2", "sora-2-2025-10-06", "sora-2-2025-12-08"),
    "sora-2-pro": ("sora-2-pro", "sora-2-pro-2025-10-06"),
}
SHAPES = {  # width and height as the sheet has them; shape and height are their arithmetic
    "720x1280": ("9:16", "720p"),
    "1280x720": ("16:9", "720p"),
    "1024x1792": ("4:7", "1024p"),
    "1792x1024": ("7:4", "1024p"),
    "1080x1920": ("9:16", "1080p"),
    "1920x1080": ("16:9", "1080p"),
}
PICTURES = ["image/jpeg", "image/png", "image/webp"]  # section 2: "jpeg/png/webp, used as first frame"
TWENTY_MIB = 20_971_520
CHARACTERS = row(
    "array",
    minItems=1,
    maxItems=2,
    items={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "minLength": 1},
            "name": {"type": "string", "minLength": 1, "maxLength": 80},
            "video": {"x-media": {"accept": ["video/mp4"], "upload": True}},
        },
        "oneOf": [{"required": ["id"]}, {"required": ["name", "video"]}],
    },
)
FILM = row(media={"accept": ["video/mp4"], "reference": True})
OPERATION = row("string", values=("edit", "extend", "remix"))
ASSUMED = (
    "prompt.pattern",  # the sheet says 1 to 32,000 characters; that blanks are no prompt is polyreel's
    "input_image.max_bytes",  # none is published
    "aspect_ratio",  # the vendor speaks of sizes only
    "resolution",
    "fps.default",
    "can",
    "alternatives",  # the vendor names none
    "openai_characters.minItems",
    "cited",  # which document cites which source is the author's choice
)


def sora(name, kind):
    sizes = [size for size, (_, height) in SHAPES.items() if height in PRICES[kind]]
    together = tuple(
        dict(zip(("size", "aspect_ratio", "resolution"), (size, *SHAPES[size]), strict=True))
        for size in sizes
    )
    parameters = {
        "prompt": row("string", at="/prompt", minLength=1, maxLength=32_000, pattern="\\S"),
        "duration": row("integer", at="/seconds", sent_as="string", values=LENGTHS, default=4),
        "size": row("string", at="/size", values=sizes, default="720x1280"),
        "aspect_ratio": row("string", values={SHAPES[size][0] for size in sizes}),
        "resolution": row("string", values=PRICES[kind]),
        "fps": row("integer", values=[24], default=24),
        "n": row("integer", values=[1], default=1),
        "generate_audio": row("boolean", values=[True], default=True),
        "input_image": row(
            at="/input_reference", media={"accept": PICTURES, "max_bytes": TWENTY_MIB, "fit": "size"}
        ),
        "video": FILM,
        "openai_operation": OPERATION,
        "openai_characters": CHARACTERS,
    }
    return Facts(
        model=f"openai/{name}",
        native_id=name,
        parameters=parameters,
        service="https://api.openai.com/v1",
        stage="retired",
        released=RELEASED.get(name, name[-10:]),
        deprecated_on="2026-03-24",
        retires_on="2026-09-24",
        alternatives=("google/gemini-omni-1.2-flash",),
        output={"media_type": "video/mp4", "audio": "always", "fps": 24, "expires_after_s": 3600},
        can=("progress", "list", "delete", "webhook"),
        together=together,
        takes=TAKES,
        refuses=(*REFUSES, *({"size": size} for size in SHAPES if size not in sizes)),
        bodies=(
            (
                {"duration": 8, "size": sizes[-1]},
                {"prompt": "A paper boat", "seconds": "8", "size": sizes[-1]},
            ),
        ),
        prices=tuple(prices(kind, sizes)),
        priced=("USD", "2026-09-16"),
        cited=CITED,
        cited_for_prices=("facts:openai.md",),
        assumed=ASSUMED,
    )


def prices(kind, sizes):
    for size, seconds in itertools.product(sizes, LENGTHS):
        rate = int(PRICES[kind][SHAPES[size][1]].replace(".", ""))
        yield {"size": size, "duration": seconds}, f"{rate * seconds / 100:.2f}"
        extension = {"video": b"x", "openai_operation": "extend", "duration": seconds, "size": size}
        yield extension, f"{rate * seconds / 100:.2f}"
        for operation in ({}, {"openai_operation": "edit"}, {"openai_operation": "remix"}):
            yield {"video": b"x", "size": size, **operation}, None


ID, CLIP = {"id": "char_1"}, {"name": "Mo", "video": b"x"}
TAKES = (
    {},
    {"prompt": "x" * 32_000},
    {"input_image": b"x"},
    {"video": b"x"},
    {"video": b"x", "openai_operation": "extend", "duration": 20},
    {"video": b"x", "openai_operation": "edit"},
    {"video": b"x", "openai_operation": "remix"},
    {"openai_characters": [ID, CLIP]},
    {"openai_characters": [ID], "input_image": b"x"},
)
REFUSES = (
    {"prompt": "x" * 32_001},
    {"prompt": ""},
    {"prompt": "  "},
    {"duration": 5},
    {"n": 2},
    {"fps": 30},
    {"generate_audio": False},
    {"openai_operation": "edit"},
    {"openai_operation": "extend"},
    {"openai_operation": "remix"},
    {"video": b"x", "input_image": b"x"},
    {"video": b"x", "openai_characters": [ID]},
    {"openai_characters": [ID, ID, ID]},
    {"openai_characters": [{**ID, **CLIP}]},
    {"openai_characters": [{"name": "x" * 81, "video": b"x"}]},
)
# The first day of a snapshot stands in its name; the plain names came with the API (section 0.1).
RELEASED = dict.fromkeys(("sora-2", "sora-2-pro"), "2025-10-06")
CITED = (
    "https://developers.openai.com/de-DE/api/docs/models/sora-2",
    "https://dev.to/uplinkswitch/sora-2-api-is-gone-porting-v1videos-code-to-another-video-model-53aa",
    "https://theaimap.app/sora-api-alternatives.html",
    "https://developers.openai.com/api/docs/guides/video-generation",
    "https://github.com/openai/openai-openapi",
    "https://github.com/MicrosoftLearning/mslearn-ai-vision/pull/78",
)
# Section 0.3 and 0.4: what servers that speak the protocol have in common, and nothing more.
FAMILY = Facts(
    model="openai/*",
    native_id="*",
    family=True,
    stage="ga",
    parameters={
        "prompt": row("string", at="/prompt", minLength=1, pattern="\\S"),
        "duration": row("integer", at="/seconds", sent_as="string", minimum=1),  # vLLM-Omni: ^[1-9]\d*$
        "size": row("string", at="/size", pattern="^[1-9][0-9]*x[1-9][0-9]*$"),
        "input_image": row(
            at="/input_reference", media={"accept": PICTURES, "max_bytes": TWENTY_MIB, "fit": "any"}
        ),
        "video": FILM,
        "openai_operation": OPERATION,
        "openai_characters": CHARACTERS,
    },
    output={"media_type": "video/mp4"},
    takes=(
        {},
        {"prompt": "x" * 100_000},
        {"duration": 1, "size": "832x480"},
        {"video": b"x", "openai_operation": "extend", "duration": 7},
        {"video": b"x", "openai_operation": "edit"},
        {"video": b"x", "openai_operation": "remix"},
        {"openai_characters": [ID, CLIP]},
    ),
    refuses=(
        {"duration": 0},
        {"size": "768P"},
        {"openai_operation": "edit"},
        {"video": b"x", "openai_operation": "extend"},
        {"video": b"x", "input_image": b"x"},
        {"video": b"x", "openai_characters": [ID]},
    ),
    bodies=(
        ({"duration": 7, "size": "832x480"}, {"prompt": "A paper boat", "seconds": "7", "size": "832x480"}),
    ),
    cited=(
        "facts:openai.md",
        "https://docs.vllm.ai/projects/vllm-omni/en/latest/serving/videos_api/",
        "https://docs.merge.dev/merge-gateway/capabilities/multimodal/video-generation.md",
        "https://github.com/BerriAI/litellm/issues/16753",
    ),
    assumed=("prompt.pattern", "input_image.max_bytes", "openai_characters.minItems", "cited"),
)
MODELS = (*(sora(name, kind) for kind, names in SNAPSHOTS.items() for name in names), FAMILY)
