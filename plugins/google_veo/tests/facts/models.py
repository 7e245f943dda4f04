"""Facts about Google's video models on both surfaces, from the sheet of 2026-11-23 (sections 1.3 to 1.5, 2 and 8)."""

import itertools
from decimal import Decimal

from factsheet import Facts, row

GEMINI, VERTEX = "gemini", "vertex"
SERVICES = {
    GEMINI: "https://generativelanguage.googleapis.com",
    VERTEX: "https://aiplatform.googleapis.com",
}
PIXELS = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
TWO_DAYS = 172_800  # files of the Gemini API (section 4)
TWENTY_MIB = 20_971_520  # "20 MB"
OMNI_11, OMNI_12 = "google/gemini-omni-1.1-flash", "google/gemini-omni-1.2-flash"
VEO_31 = "google/veo-3.1-generate-001"

# --- until when (section 2.1): stage, first day, end announced, last day, what Google names instead --------------

JUNE = ("retired", None, None, "2026-06-30", ())
APRIL = ("retired", None, None, "2026-04-02", ())
NOVEMBER = ("retired", None, None, "2025-12-01", ())  # only the month is known
OCTOBER = ("retired", None, None, "2026-10-22", (OMNI_11,))
LIVES = {
    (GEMINI, "veo-2.0-generate-001"): JUNE,
    (GEMINI, "veo-3.0-generate-001"): JUNE,
    (GEMINI, "veo-3.0-fast-generate-001"): JUNE,
    (GEMINI, "veo-3.0-generate-preview"): NOVEMBER,
    (GEMINI, "veo-3.0-fast-generate-preview"): NOVEMBER,
    (GEMINI, "veo-3.1-generate-preview"): OCTOBER,
    (GEMINI, "veo-3.1-fast-generate-preview"): OCTOBER,
    (GEMINI, "veo-3.1-lite-generate-preview"): OCTOBER,
    (GEMINI, "gemini-omni-flash-preview"): ("retired", "2026-06-30", None, "2026-10-22", (OMNI_11,)),
    (GEMINI, "gemini-omni-1.1-flash"): ("ga", "2026-08-27", None, None, ()),
    (GEMINI, "gemini-omni-1.2-flash"): ("ga", "2026-11-05", None, None, ()),
    (VERTEX, "veo-2.0-generate-001"): JUNE,
    (VERTEX, "veo-2.0-generate-exp"): APRIL,  # no date is known; that of its siblings
    (VERTEX, "veo-2.0-generate-preview"): APRIL,
    (VERTEX, "veo-3.0-generate-001"): JUNE,
    (VERTEX, "veo-3.0-fast-generate-001"): JUNE,
    (VERTEX, "veo-3.0-generate-preview"): APRIL,
    (VERTEX, "veo-3.0-fast-generate-preview"): APRIL,
    (VERTEX, "veo-3.1-generate-preview"): APRIL,
    (VERTEX, "veo-3.1-fast-generate-preview"): APRIL,
    (VERTEX, "veo-3.1-generate-001"): ("ga", "2025-11-17", None, None, ()),
    (VERTEX, "veo-3.1-fast-generate-001"): ("ga", "2025-11-17", None, None, ()),
    (VERTEX, "veo-3.1-lite-generate-001"): ("preview", "2026-04-02", None, None, ()),
    (VERTEX, "gemini-omni-flash-preview"): (
        "deprecated",
        "2026-06-30",
        "2026-11-06",  # not in the sheet: the day on which the model card announced it
        "2027-06-30",
        (OMNI_12,),
    ),
    (VERTEX, "gemini-omni-1.1-flash"): ("preview", None, None, None, ()),
    (VERTEX, "gemini-omni-1.2-flash"): ("ga", None, None, None, ()),
}


def alternatives(surface, name):
    """What polyreel advises, since Google names little: a living model that can most of it, and is another."""
    if name == "gemini-omni-1.2-flash":
        return (OMNI_11 if surface == GEMINI else VEO_31,)
    if (surface, name) == (VERTEX, "gemini-omni-flash-preview"):
        return (VEO_31,)  # the other is named by Google
    if "omni" in name or name == "veo-3.1-generate-001":
        return (OMNI_12,)
    if name == "veo-3.1-fast-generate-001":
        return (OMNI_12, "google/veo-3.1-lite-generate-001")
    if name == "veo-3.1-lite-generate-001":
        return (OMNI_12, "google/veo-3.1-fast-generate-001")
    silent = ("amazon/luma.ray-v2:0",) if name.startswith("veo-2") else ()
    return (OMNI_12, VEO_31, *silent)


# --- which page says what: the choice of the documents' author ---------------------------------------------------

SHEET, SDK, OLD_SDK = "facts:google.md", "pypi:google-genai/3.4.0", "pypi:google-genai/2.34.0"
PRICE_MAP = "pypi:litellm/1.109.1"
AI = "https://ai.google.dev/gemini-api/docs"
CLOUD = "https://docs.cloud.google.com/gemini-enterprise-agent-platform"
CARD, VERSIONS = f"{CLOUD}/models/veo/3-1-generate", f"{CLOUD}/models/model-versions"
EXTENSIONS = f"{CLOUD}/models/video/extend-videos"
PREVIEW_CARD = f"{CLOUD}/models/gemini/omni-flash-preview"
REMOVAL = "https://github.com/goplus/builder/issues/2896"
VEO_PAGES = {
    GEMINI: (f"{AI}/video", OLD_SDK, SHEET),
    VERTEX: (
        f"{CLOUD}/reference/rest/Shared.Types/VideoGenerationModelParams",
        f"{CLOUD}/reference/rest/Shared.Types/VideoGenerationModelInstance",
        f"{CLOUD}/models/video/responsible-ai-and-usage-guidelines",
        SDK,
    ),
}
OMNI_PAGES = (f"{AI}/omni", SDK, SHEET)
SKILLS = "https://github.com/google-gemini/gemini-skills"
CITED_FOR_LIFE = {
    (GEMINI, "veo-2.0-generate-001"): (f"{AI}/changelog", "https://github.com/TanStack/ai/pull/875"),
    **dict.fromkeys(
        itertools.product((GEMINI,), ("veo-3.0-generate-001", "veo-3.0-fast-generate-001")),
        (f"{AI}/changelog", PRICE_MAP),
    ),
    **dict.fromkeys(
        itertools.product((GEMINI,), ("veo-3.0-generate-preview", "veo-3.0-fast-generate-preview")),
        (REMOVAL,),
    ),
    (GEMINI, "gemini-omni-flash-preview"): (
        f"{AI}/changelog",
        PRICE_MAP,
        "https://github.com/tanstack/ai/releases/tag/%40tanstack%2Fai-gemini%400.37.0",
        PREVIEW_CARD,
    ),
    (GEMINI, "gemini-omni-1.1-flash"): (
        SDK,
        "https://dev.to/roobia/como-usar-la-api-gemini-omni-11-flash-54eh",
        SKILLS,
    ),
    (GEMINI, "gemini-omni-1.2-flash"): (
        SDK,
        "https://github.com/ikaijua/Awesome-AITools/discussions/1590",
        SKILLS,
    ),
    (VERTEX, "veo-2.0-generate-001"): (VERSIONS, PRICE_MAP, SHEET),
    (VERTEX, "veo-2.0-generate-exp"): (VERSIONS, SDK, SHEET),
    (VERTEX, "veo-2.0-generate-preview"): (SHEET, SHEET),
    (VERTEX, "veo-3.0-generate-001"): (VERSIONS, PRICE_MAP, SHEET),
    (VERTEX, "veo-3.0-fast-generate-001"): (VERSIONS, PRICE_MAP, SHEET),
    (VERTEX, "veo-3.0-generate-preview"): (REMOVAL, SHEET),
    (VERTEX, "veo-3.0-fast-generate-preview"): (REMOVAL, SHEET),
    **dict.fromkeys(
        itertools.product((VERTEX,), ("veo-3.1-generate-preview", "veo-3.1-fast-generate-preview")),
        (REMOVAL, "https://github.com/decolua/9router/issues/3964", CARD),
    ),
    **dict.fromkeys(
        itertools.product((VERTEX,), ("veo-3.1-generate-001", "veo-3.1-fast-generate-001")),
        (CARD, VERSIONS, SDK, SHEET, CARD),
    ),
    (VERTEX, "veo-3.1-lite-generate-001"): (CARD, SDK, CARD),
    (VERTEX, "gemini-omni-flash-preview"): (
        PREVIEW_CARD,
        "https://documentation.s3ns.fr/gemini-enterprise-agent-platform/models/gemini/omni-flash-preview",
        PREVIEW_CARD,
    ),
    (VERTEX, "gemini-omni-1.1-flash"): (EXTENSIONS, PRICE_MAP, SKILLS),
    (VERTEX, "gemini-omni-1.2-flash"): (
        f"{CLOUD}/models/gemini/omni-1-2-flash",
        "https://vercel.com/changelog/gemini-omni-1-2-flash-now-available-on-ai-gateway",
        SKILLS,
    ),
}
CITED_FOR_LIFE |= dict.fromkeys(
    ((GEMINI, f"veo-3.1-{kind}generate-preview") for kind in ("", "fast-", "lite-")),
    (f"{AI}/deprecations", "https://docs.apiyi.com/en/live/2026-10/veo-3-1-preview-retired.md"),
)
CAMERA_PAGE = "https://docs.comfy.org/zh/development/comfy-router/models/veo/veo-3-0-generate-001/code"


def life(surface, name):
    stage, released, deprecated_on, retires_on, replaced_by = LIVES[surface, name]
    return {
        "model": f"google/{name}@{surface}",
        "service": SERVICES[surface],
        "stage": stage,
        "released": released,
        "deprecated_on": deprecated_on,
        "retires_on": retires_on,
        "replaced_by": replaced_by,
        "alternatives": alternatives(surface, name),
    }


def film(surface, sound):
    kept = {"expires_after_s": TWO_DAYS} if surface == GEMINI else {}
    return {"media_type": "video/mp4", "audio": sound, "fps": 24, **kept}


def shapes(heights):
    """Rows of size, shape and height; 720p lying is what comes when nothing is said, and it goes first."""
    rows = []
    for height in sorted(heights, key=["720p", "360p", "1080p", "4k"].index):
        long, short = PIXELS[height]
        rows += [
            {"size": f"{long}x{short}", "aspect_ratio": "16:9", "resolution": height},
            {"size": f"{short}x{long}", "aspect_ratio": "9:16", "resolution": height},
        ]
    return tuple(rows)


def media(surface, *accepted, **more):
    return {"accept": accepted, **more, **({"schemes": ["gs"]} if surface == VERTEX else {})}


# --- Veo: what it can (sections 1.4, 1.5, 2.2 and 2.3) -----------------------------------------------------------

SHORT, OLD = (4, 6, 8), (5, 6, 7, 8)
FULL_HD, UHD = ("720p", "1080p"), ("720p", "1080p", "4k")
FRAMES, CAMERA, EXTENSION = "text image frames", " camera", " extension"
EVERY = f"{FRAMES} references{EXTENSION}"
VEO = {  # seconds, heights, modes; 4k of the fast model by the price list, Veo 3 with 4 and 6 s by the parameter table
    (GEMINI, "veo-2.0-generate-001"): (OLD, ("720p",), FRAMES),
    (GEMINI, "veo-3.0-generate-001"): (SHORT, FULL_HD, "text image"),
    (GEMINI, "veo-3.0-fast-generate-001"): (SHORT, FULL_HD, "text image"),
    (GEMINI, "veo-3.0-generate-preview"): (SHORT, FULL_HD, "text image"),
    (GEMINI, "veo-3.0-fast-generate-preview"): (SHORT, FULL_HD, "text image"),
    (GEMINI, "veo-3.1-generate-preview"): (SHORT, UHD, EVERY),
    (GEMINI, "veo-3.1-fast-generate-preview"): (SHORT, UHD, EVERY),
    (GEMINI, "veo-3.1-lite-generate-preview"): (SHORT, FULL_HD, FRAMES),
    (VERTEX, "veo-2.0-generate-001"): (OLD, ("720p",), FRAMES + EXTENSION + CAMERA),
    (VERTEX, "veo-2.0-generate-preview"): (OLD, ("720p",), FRAMES + EXTENSION + CAMERA),
    (VERTEX, "veo-2.0-generate-exp"): (OLD, ("720p",), f"{EVERY} style mask{CAMERA}"),
    (VERTEX, "veo-3.0-generate-001"): (SHORT, FULL_HD, "text image"),
    (VERTEX, "veo-3.0-fast-generate-001"): (SHORT, FULL_HD, "text image"),
    (VERTEX, "veo-3.0-generate-preview"): (SHORT, FULL_HD, "text image"),
    (VERTEX, "veo-3.0-fast-generate-preview"): (SHORT, FULL_HD, "text image"),
    (VERTEX, "veo-3.1-generate-preview"): (SHORT, UHD, EVERY),
    (VERTEX, "veo-3.1-fast-generate-preview"): (SHORT, UHD, EVERY),
    (VERTEX, "veo-3.1-generate-001"): (SHORT, UHD, EVERY),
    (VERTEX, "veo-3.1-fast-generate-001"): (SHORT, UHD, EVERY),
    (VERTEX, "veo-3.1-lite-generate-001"): (SHORT, FULL_HD, FRAMES + EXTENSION),
}
INPUTS = {
    "text": {},
    "image": {"input_image": b"x"},
    "frames": {"input_image": b"x", "last_frame": b"x"},
    "references": {"reference_images": [b"x"] * 3},
    "style": {"reference_image": b"x"},
    "extension": {"video": "job"},
    "mask": {"video": "job", "google_mask": b"x", "google_mask_mode": "outpaint"},
    "camera": {"input_image": b"x", "google_camera_control": "pan_left"},
}
WRONG = (
    {"last_frame": b"x"},
    *({**one, **other} for one, other in itertools.combinations(list(INPUTS.values())[2:6], 2)),
    *({"input_image": b"x", **INPUTS[mode]} for mode in ("references", "style", "extension")),
    {"reference_images": [b"x"] * 4},
    {"reference_images": []},
    {"google_mask": b"x", "google_mask_mode": "insert"},
    {"google_mask": b"x", "video": "job"},
    {"google_mask_mode": "insert", "video": "job"},
    {"google_camera_control": "fixed"},
    {"google_webhook_metadata": {"a": 1}},
    {"prompt": " "},
    {"n": 5},
)
TASKS = {
    "textToVideo": {"text"},
    "imageToVideo": {"image", "frames", "camera"},
    "referenceToVideo": {"references", "style"},
    "extend": {"extension"},
    "edit": {"mask"},
}
MOVES = "fixed pan_left pan_right tilt_up tilt_down truck_left truck_right pedestal_up pedestal_down push_in pull_out"


def upper(*words):
    """The words of the REST reference, and as the SDK sends them."""
    return {"values": words, "spelled": {word: word.upper() for word in words}}


def veo_parameters(surface, name):
    seconds, heights, modes = VEO[surface, name]
    modes, is_veo_2, on_vertex = modes.split(), name.startswith("veo-2"), surface == VERTEX
    picture = media(surface, "image/jpeg", "image/png", max_bytes=TWENTY_MIB, fit="any")
    parameters = {
        "prompt": row("string", at="/instances/0/prompt", minLength=1, maxLength=65_536, pattern="\\S"),
        "duration": row("integer", at="/parameters/durationSeconds", values=seconds, default=8),
        "aspect_ratio": row("string", at="/parameters/aspectRatio", values=("16:9", "9:16"), default="16:9"),
        "resolution": row(
            "string", at=False if is_veo_2 else "/parameters/resolution", values=heights, default="720p"
        ),
        "size": row("string", values=[shape["size"] for shape in shapes(heights)]),
        "n": row("integer", at="/parameters/sampleCount", default=1, **how_many(surface, name)),
        "generate_audio": sound(surface, name),
        "fps": row("integer", values=[24], default=24),
        "negative_prompt": row("string", at="/parameters/negativePrompt"),
        "person_generation": row("string", at="/parameters/personGeneration", values=people(surface, name)),
        "input_image": row(media=picture),
        "google_enhance_prompt": row(
            "boolean", at="/parameters/enhancePrompt", **({} if is_veo_2 else {"values": [True]})
        ),
    }
    if on_vertex or not is_veo_2:
        parameters["seed"] = row("integer", at="/parameters/seed", minimum=0, maximum=4_294_967_295)
    if "frames" in modes:
        parameters["last_frame"] = row(media=picture)
    if "references" in modes:
        parameters["reference_images"] = row("array", minItems=1, maxItems=3, items={"x-media": picture})
    if "style" in modes:
        parameters["reference_image"] = row(media=picture)
    if "extension" in modes:
        own = {"schemes": ["gs" if on_vertex else "https"]}
        parameters["video"] = row(media={"accept": ["video/mp4"], "reference": True, **own})
    if "mask" in modes:
        parameters["google_mask"] = row(media=picture)
        parameters["google_mask_mode"] = row(
            "string",
            at="/instances/0/mask/maskMode",
            **upper("insert", "remove", "remove_static", "outpaint"),
        )
    if "camera" in modes:
        parameters["google_camera_control"] = row(
            "string", at="/instances/0/cameraControl", values=MOVES.split()
        )
    return parameters | (of_vertex(modes) if on_vertex else OF_GEMINI)


OF_GEMINI = {
    "google_webhook_uris": row(
        "array", at="/webhookConfig/uris", minItems=1, items={"type": "string", "pattern": "^https://"}
    ),
    "google_webhook_metadata": row("object", at="/webhookConfig/user_metadata"),
}


def of_vertex(modes):
    return {
        "google_compression_quality": row(
            "string", at="/parameters/compressionQuality", **upper("optimized", "lossless")
        ),
        "google_resize_mode": row("string", at="/parameters/resizeMode", **upper("pad", "crop")),
        "google_storage_uri": row("string", at="/parameters/storageUri", pattern="^gs://[^/]+"),
        "google_pubsub_topic": row(
            "string", at="/parameters/pubsubTopic", pattern="^projects/[^/]+/topics/[^/]+$"
        ),
        "google_labels": row(
            "object",
            at="/labels",
            propertyNames={"minLength": 1, "maxLength": 63},
            otherwise={"type": "string", "maxLength": 63},
        ),
        "google_task": row(
            "string",
            at="/parameters/task",
            values=[task for task, does in TASKS.items() if does & set(modes)],
        ),
    }


ADDRESSES = {
    GEMINI: ("google_webhook_uris",),
    VERTEX: ("google_storage_uri", "google_pubsub_topic"),
}


def how_many(surface, name):
    most = 4 if surface == VERTEX else 2 if name.startswith("veo-2") else 1
    return {"values": [1]} if most == 1 else {"minimum": 1, "maximum": most}


def sound(surface, name):
    if name.startswith("veo-2"):
        return row("boolean", values=[False], default=False)
    if surface == GEMINI:
        return row("boolean", values=[True], default=True)
    return row("boolean", at="/parameters/generateAudio", default=True)


def people(surface, name):
    """The values of both official pages on Vertex, which disagree; on the Gemini API those of section 2.3."""
    if surface == VERTEX:
        return ("allow_all", "allow_adult", "dont_allow", "allowAll", "disallow")
    return ("allow_all", "allow_adult", *(("dont_allow",) if name.startswith("veo-2") else ()))


def veo_makes(surface, name, mode, seconds, height):
    able_seconds, heights, modes = VEO[surface, name]
    whole = mode in {"references", "style"} or (
        surface == GEMINI and (mode == "frames" or height in {"1080p", "4k"})
    )
    small = (surface, mode) == (GEMINI, "extension")
    return (
        mode in modes.split()
        and seconds in able_seconds
        and height in heights
        and (seconds == 8 or not whole)
        and (height == "720p" or not small)
    )


def veo_allows(surface, name, mode, who):
    """Section 2.3: beside pictures the Gemini API has fewer words, and on Vertex nothing is said of it."""
    fewer = {"allow_adult", "dont_allow"} if name.startswith("veo-2") else {"allow_adult"}
    pictures = surface == GEMINI and mode in {"image", "frames", "references"}
    return who in people(surface, name) and (who in fewer or not pictures)


def veo_requests(surface, name):
    """Yield requests, and whether the model takes them."""
    modes = VEO[surface, name][2].split()
    for mode, seconds, height in itertools.product(INPUTS, (4, 6, 8), UHD):
        yield (
            {"duration": seconds, "resolution": height, **INPUTS[mode]},
            veo_makes(surface, name, mode, seconds, height),
        )
    for mode, who in itertools.product(modes, ("allow_all", "allow_adult", "dont_allow")):
        yield {"person_generation": who, **INPUTS[mode]}, veo_allows(surface, name, mode, who)
    for task, mode in itertools.product(TASKS, modes):
        yield {"google_task": task, **INPUTS[mode]}, surface == VERTEX and mode in TASKS[task]
    yield from ((request, False) for request in WRONG)


# --- Veo: what it costs (section 2.4), USD for a second: with sound at 720p, 1080p, 4k, then without ---------------

RATES = {
    "veo-2.0": (None, None, None, "0.50", None, None),
    "veo-3.0-": ("0.40", "0.40", None, "0.20", "0.20", None),
    "veo-3.0-fast-": ("0.10", "0.12", None, "0.08", "0.10", None),
    "veo-3.1-": ("0.40", "0.40", "0.60", "0.20", "0.20", "0.40"),
    "veo-3.1-fast-": ("0.10", "0.12", "0.30", "0.08", "0.10", "0.25"),
    "veo-3.1-lite-": ("0.05", "0.08", None, "0.03", "0.05", None),
}
EXTRA_SECONDS = 7  # an extension adds as many (section 1.4)


def veo_prices(surface, name):
    rates = RATES[max((stem for stem in RATES if name.startswith(stem)), key=len)]
    for (audio, height), rate in zip(itertools.product((True, False), UHD), rates, strict=True):
        silent_model, chosen = name.startswith("veo-2"), {"resolution": height, "generate_audio": audio}
        if rate is None or (surface == GEMINI and audio is silent_model):
            continue
        yield {**chosen, "duration": 8}, Decimal(rate) * 8
        if "extension" in VEO[surface, name][2] and (surface == VERTEX or height == "720p"):
            # Assumed: on Vertex it is as large as its film, which nobody knows ahead; the dearest stands for all.
            dearest = max(filter(None, rates[: len(UHD)] if audio else rates[len(UHD) :]))
            yield {**chosen, "video": "job"}, Decimal(dearest if surface == VERTEX else rate) * EXTRA_SECONDS
        if surface == VERTEX:
            yield {**chosen, "duration": 6, "n": 3}, Decimal(rate) * 18
    if "mask" in VEO[surface, name][2]:
        yield {"video": "job", "google_mask": b"x", "google_mask_mode": "insert"}, None


def veo(surface, name):
    requests = list(veo_requests(surface, name))
    modes, is_veo_2 = VEO[surface, name][2], name.startswith("veo-2")
    heard = "never" if is_veo_2 else "always" if surface == GEMINI else "optional"
    extends, moves = "extension" in modes, "camera" in modes
    extending = (EXTENSIONS,) if extends and surface == VERTEX else ()
    return Facts(
        **life(surface, name),
        native_id=name,
        regions=("us-central1",) if surface == VERTEX else (),
        parameters=veo_parameters(surface, name),
        output=film(surface, heard),
        together=shapes(VEO[surface, name][1]),
        takes=tuple(request for request, taken in requests if taken),
        refuses=tuple(request for request, taken in requests if not taken),
        prices=tuple(veo_prices(surface, name)),
        priced=("USD", "2026-10-08"),  # the last reading of the price page
        cited=(
            *CITED_FOR_LIFE[surface, name],
            *VEO_PAGES[surface],
            *extending,
            *((CAMERA_PAGE,) if moves else ()),
        ),
        cited_for_prices=(SHEET, *((EXTENSIONS,) if extends else ())),
        assumed=(
            "prompt.maxLength",  # the limit is 1,024 tokens; so many characters are surely too many
            "prompt.pattern",
            *(f"{parameter}.pattern" for parameter in ADDRESSES[surface]),
            "alternatives",
            "can",
            "cited",
        ),
    )


# --- Omni (section 8) --------------------------------------------------------------------------------------------

OMNI_SECONDS = {"gemini-omni-flash-preview": 10, "gemini-omni-1.1-flash": 10, "gemini-omni-1.2-flash": 15}
TOKENS = {"360p": 1931, "720p": 5792, "1080p": 8688, "4k": 17_376}  # for a second
MILLION_TOKENS = Decimal("17.50")
EDITS = {"film", "film and references"}
OMNI_INPUTS = {
    "text": {},
    "image": {"input_image": b"x"},
    "frames": {"input_image": b"x", "last_frame": b"x"},
    "references": {"reference_images": [b"x"] * 4},
    "film": {"video": "job"},
    "film and references": {"video": "job", "reference_images": [b"x"]},
    "last frame": {"last_frame": b"x"},
    "film and image": {"video": "job", "input_image": b"x"},
    "film and frames": {"video": "job", "input_image": b"x", "last_frame": b"x"},
    "image and references": {"input_image": b"x", "reference_images": [b"x"]},
    "frames and references": {"input_image": b"x", "last_frame": b"x", "reference_images": [b"x"]},
}
OMNI_TASKS = {
    None: {"text", "image", "frames", "references", *EDITS},
    "text_to_video": {"text"},
    "image_to_video": {"image", "frames"},
    "reference_to_video": {"references"},
    "edit": EDITS,
    "extend": EDITS,
    "upscale": {"film"},
}


def omni(surface, name):
    first, most = name == "gemini-omni-flash-preview", OMNI_SECONDS[name]
    heights = ("720p",) if first else tuple(PIXELS)
    tasks = [task for task in OMNI_TASKS if task and not (first and task in {"extend", "upscale"})]
    requests = [
        ({"google_task": task, **given}, inputs in OMNI_TASKS[task] and task in (None, *tasks))
        for task, (inputs, given) in itertools.product(OMNI_TASKS, OMNI_INPUTS.items())
    ]
    unlike = [
        {"n": 2},
        {"generate_audio": False},
        {"duration": 2},
        {"duration": most + 1},
        {"google_store": False},
    ]
    on_vertex_it_has_another_id = (surface, name) == (VERTEX, "gemini-omni-1.1-flash")
    native = f"{name}-preview" if on_vertex_it_has_another_id else name
    known = name != "gemini-omni-1.2-flash"
    return Facts(
        **life(surface, name),
        native_id=native,
        aliases=(native,) if on_vertex_it_has_another_id else (),
        regions=("global",) if surface == VERTEX else (),
        parameters=omni_parameters(surface, heights, most, tasks, first=first),
        output=film(surface, "always"),
        can=("cancel", "delete"),
        together=shapes(heights),
        takes=tuple(request for request, taken in requests if taken),
        refuses=(*(request for request, taken in requests if not taken), *unlike),
        prices=tuple(omni_prices(heights)) if known else (({}, None), ({"video": "job"}, None)),
        priced=("USD", "2026-11-23"),
        cited=(*CITED_FOR_LIFE[surface, name], *OMNI_PAGES),
        cited_for_prices=(SHEET, *((PRICE_MAP,) if known else ())),
        assumed=(
            "prompt.pattern",
            "duration.default",  # none is documented; Veo's
            "fps",  # none is documented; Veo's
            "input_image.max_bytes",  # the limit of Veo's pictures
            "reference_images",  # how many is only known of the preview
            "google_store",  # a chain needs a stored film, so it always is
            "alternatives",
            "cited",
        ),
    )


def omni_parameters(surface, heights, most, tasks, *, first):
    picture = media(surface, "image/jpeg", "image/png", "image/webp", max_bytes=TWENTY_MIB, fit="any")
    format_ = "/response_format"
    parameters = {
        "prompt": row("string", at="/input", minLength=1, pattern="\\S"),
        "duration": row(
            "integer",
            at=f"{format_}/duration",
            spelled={str(seconds): f"{seconds}s" for seconds in range(3, most + 1)},
            minimum=3,
            maximum=most,
            default=8,
        ),
        "aspect_ratio": row("string", at=f"{format_}/aspect_ratio", values=("16:9", "9:16"), default="16:9"),
        "resolution": row("string", at=f"{format_}/resolution", values=heights, default="720p"),
        "size": row("string", values=[shape["size"] for shape in shapes(heights)]),
        "n": row("integer", values=[1], default=1),
        "generate_audio": row("boolean", values=[True], default=True),
        "fps": row("integer", values=[24], default=24),
        "input_image": row(media=picture),
        "last_frame": row(media=picture),
        "reference_images": row(
            "array", minItems=1, items={"x-media": picture}, **({"maxItems": 10} if first else {})
        ),
        "video": row(media=media(surface, "video/mp4", reference=True)),
        "google_task": row("string", at="/generation_config/video_config/task", values=tasks),
        "google_store": row("boolean", at="/store", values=[True], default=True),
    }
    if surface == VERTEX:
        parameters["google_storage_uri"] = row("string", at=f"{format_}/gcs_uri", pattern="^gs://[^/]+")
    return parameters


def omni_prices(heights):
    yield {"video": "job"}, None
    for height, seconds in itertools.product(heights, (3, 10)):
        yield (
            {"resolution": height, "duration": seconds},
            MILLION_TOKENS * TOKENS[height] * seconds / 1_000_000,
        )


MODELS = (
    *itertools.starmap(veo, VEO),
    *itertools.starmap(omni, itertools.product(SERVICES, OMNI_SECONDS)),
)
