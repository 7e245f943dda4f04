"""Nothing invalid is paid for: the local verdict on a request is Bedrock's, for every request.

Each request is judged twice: by the client, and by the simulated service, which gets the same request in its own words.
Those words are written here, after Amazon's and Luma's pages, and not by the plugin, so that a mistake of the plugin's
cannot hide.
"""

import base64
import io
from dataclasses import replace

import hypothesis
import pytest
from acme.court import ABSENT, PROMPT, Court, is_number, product, values_of
from acme.house import picture, tiny_film
from hypothesis import strategies as st
from PIL import Image
from polyreel.documents.loading import package_documents
from polyreel.http import Request
from polyreel.redaction import Secret
from polyreel_amazon_nova.places import Scope
from polyreel_amazon_nova.signature import Credentials, signed
from polyreel_amazon_nova.simulator import AmazonSimulator

DOCUMENTS = {
    document["x-model"].get("name", document["x-model"]["native_id"]): document
    for document in package_documents("polyreel_amazon_nova")
}
REEL_0, REEL_1, RAY = "nova-reel-v1:0", "nova-reel-v1:1", "luma.ray-v2:0"
NATIVE = {REEL_0: "amazon.nova-reel-v1:0", REEL_1: "amazon.nova-reel-v1:1", RAY: "luma.ray-v2:0"}
REGIONS = {REEL_0: "us-east-1", REEL_1: "us-east-1", RAY: "us-west-2"}
BUCKETS = {"us-east-1": "s3://simulated-bucket", "us-west-2": "s3://simulated-bucket-us-west-2"}
KEY = {"authorization": f"Bearer {AmazonSimulator.bearer_key}"}


def test_these_are_all_models():
    assert set(DOCUMENTS) == set(NATIVE)


class AmazonCourt(Court):
    def takes(self, words):
        """What Bedrock says to a request in its own words; ``None``, when there are none, is no."""
        return words is not None and self.once(words, self._judged)

    def _judged(self, words):
        region, body = words
        answer = self.ask("POST", f"https://bedrock-runtime.{region}.amazonaws.com/async-invoke", KEY, body)
        assert answer.status in {200, 400}, answer.text
        assert answer.json()["invocationArn" if answer.status == 200 else "message"]
        return answer.status == 200


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    made = AmazonCourt("amazon", AmazonSimulator, tmp_path_factory.mktemp("court"))
    yield made
    made.client.close()


# --- a request in Bedrock's own words -------------------------------------------------------------------------------


def always(given, **facts):
    """Return what is given without what has no field; ``None`` when that is not as it always is."""
    for name, fact in facts.items():
        value = given.get(name)
        same = is_number(value) == is_number(fact) and isinstance(value, bool) == isinstance(fact, bool)
        if value is not ABSENT and not (same and value == fact):
            return None
    return {name: value for name, value in given.items() if name not in facts}


def words_of(model, given, prompt=PROMPT):
    """Return region and body; ``None`` when Bedrock has no words for what is meant."""
    if isinstance(prompt, str) and not prompt.strip():
        return None  # a film of nothing is never meant, whatever Bedrock takes
    asked = dict(given)
    region = REGIONS[model]
    output = {"s3Uri": asked.pop("amazon_output", f"{BUCKETS[region]}/films")}
    for ours, theirs in (("amazon_kms_key", "kmsKeyId"), ("amazon_bucket_owner", "bucketOwner")):
        if ours in asked:
            output[theirs] = asked.pop(ours)
    tags = asked.pop("amazon_tags", {})
    model_input = (ray_words if model == RAY else reel_words)(asked, prompt)
    if model_input is None:
        return None
    body = {
        "modelId": NATIVE[model],
        "modelInput": model_input,
        "outputDataConfig": {"s3OutputDataConfig": output},
        "clientRequestToken": "a-token",
    }
    return region, {**body, **({"tags": [{"key": k, "value": v} for k, v in tags.items()]} if tags else {})}


def whole(value):
    """8.0 is 8 to JSON; Bedrock's schema wants it written so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def reel_words(given, prompt):
    given = always(given, n=1, generate_audio=False, aspect_ratio="16:9", resolution="720p")
    if given is None:
        return None
    shots, task = given.pop("amazon_shots", ABSENT), given.pop("amazon_task", ABSENT)
    image, seconds = given.pop("input_image", ABSENT), whole(given.pop("duration", ABSENT))
    if task is ABSENT:
        longer = is_number(seconds) and seconds != 6
        task = (
            "MULTI_SHOT_MANUAL" if shots is not ABSENT else "MULTI_SHOT_AUTOMATED" if longer else "TEXT_VIDEO"
        )
    config = {"fps": whole(given.pop("fps", 24)), "dimension": given.pop("size", "1280x720")}
    config |= {"seed": whole(given.pop("seed"))} if "seed" in given else {}
    if given or (shots is not ABSENT) != (task == "MULTI_SHOT_MANUAL"):
        return None
    if task == "MULTI_SHOT_MANUAL":
        if image is not ABSENT or seconds not in {ABSENT, 6 * len(shots)}:
            return None  # there is a first frame for each shot only, and the shots are the length
        params = {"multiShotManualParams": {"shots": [shot_words(shot) for shot in shots]}}
        return {"taskType": task, **params, "videoGenerationConfig": config}
    seconds = 6 if seconds is ABSENT and task == "TEXT_VIDEO" else seconds
    config |= {} if seconds is ABSENT else {"durationSeconds": seconds}
    name = "textToVideoParams" if task == "TEXT_VIDEO" else "multiShotAutomatedParams"
    params = {} if prompt is ABSENT else {"text": prompt}
    params |= {} if image is ABSENT else {"images": [source(image)]}
    return {"taskType": task, name: params, "videoGenerationConfig": config}


def shot_words(shot):
    """Return a shot; members that Bedrock does not know stay as they are."""
    rest = {name: value for name, value in shot.items() if name not in {"image", "image_owner"}}
    image = {"image": source(shot["image"], shot.get("image_owner"))} if "image" in shot else {}
    owner = {} if "image" in shot else {n: v for n, v in shot.items() if n == "image_owner"}
    return {**rest, **image, **owner}


def source(image, owner=ABSENT):
    of = {} if owner is ABSENT else {"bucketOwner": owner}
    if isinstance(image, str):
        return {"format": "png", "source": {"s3Location": {"uri": image, **of}}}
    image = in_colours(image)
    return {"format": media_type(image).partition("/")[2], "source": {"bytes": encoded(image), **of}}


def in_colours(data):
    """Return a picture as Reel wants it where that loses nothing, as polyreel does: grey, palette and opaque ones in RGB."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.mode == "RGB" or opened.convert("RGBA").getchannel("A").getextrema() != (255, 255):
                return data
            file = io.BytesIO()
            opened.convert("RGB").save(file, "PNG")
            return file.getvalue()
    except (OSError, SyntaxError):
        return data


def ray_words(given, prompt):
    given = always(given, n=1, generate_audio=False)
    if given is None:
        return None
    given.pop("seed", None)  # a mere hint, which is left out where there is no field
    asked = {} if prompt is ABSENT else {"prompt": prompt}
    if "duration" in given:
        seconds = given.pop("duration")
        asked["duration"] = f"{seconds:g}s" if is_number(seconds) else seconds
    frames = {
        place: {
            "type": "image",
            "source": {"type": "base64", "media_type": media_type(image), "data": encoded(image)},
        }
        for place, name in (("frame0", "input_image"), ("frame1", "last_frame"))
        if (image := given.pop(name, ABSENT)) is not ABSENT
    }
    asked |= {"keyframes": frames} if frames else {}
    asked |= {"loop": given.pop("amazon_loop")} if "amazon_loop" in given else {}
    asked |= {name: given.pop(name) for name in ("aspect_ratio", "resolution") if name in given}
    return None if given else asked


MEDIA_TYPES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
}


def media_type(data):
    return MEDIA_TYPES.get(data[:4], "application/octet-stream")


def encoded(data):
    return base64.b64encode(data).decode()


def assert_agreed(court, model, given, prompt=PROMPT):
    """Check that both judges say the same; return what they say."""
    expected = court.takes(words_of(model, given, prompt))
    assert court.local(model, given, prompt) is expected, (model, shown(given), str(prompt)[:80])
    return expected


def shown(given):
    return {name: value if not isinstance(value, bytes) else len(value) for name, value in given.items()}


def axes(model, *names):
    return {name: [ABSENT, *values_of(DOCUMENTS[model], name)] for name in names}


# --- every combination ----------------------------------------------------------------------------------------------


ENUMERATED = {
    REEL_0: ("duration", "size", "aspect_ratio", "resolution", "fps", "n", "generate_audio"),
    REEL_1: ("duration", "size", "aspect_ratio", "resolution", "fps", "n", "generate_audio", "amazon_task"),
    RAY: ("duration", "aspect_ratio", "resolution", "n", "generate_audio", "amazon_loop"),
}


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_every_combination_of_enumerated_values(model, court):
    verdicts = []
    for number, given in enumerate(product(**axes(model, *ENUMERATED[model]))):
        verdicts.append(assert_agreed(court, model, given))
        if number % 97 == 0:
            assert court.buy(model, given) is verdicts[-1], given
    assert len(verdicts) == {REEL_0: 2**7, REEL_1: 21 * 2**6 * 4, RAY: 3 * 8 * 3 * 2 * 2 * 3}[model]
    # Of Reel 1.1 without shots: 6 s as it is or by its task, and 19 longer ones likewise.
    right = {REEL_0: 2**7, REEL_1: 2**6 * ((1 + 1) * 2 + 19 * 2), RAY: len(verdicts)}[model]
    assert sum(verdicts) == right


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_everything_that_the_service_offers_is_offered(model, court):
    # Whatever the document lists: it might list too little.
    offers = {
        "duration": range(130),
        "resolution": ["360p", "480p", "540p", "720p", "1080p", "4k"],
        "aspect_ratio": ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21", "3:2"],
        "size": ["1280x720", "720x1280", "1920x1080", "1024x1024"],
        "n": range(4),
        "fps": [12, 23, 24, 25, 30],
        "generate_audio": [True, False],
        "amazon_loop": [True, False],
        "seed": [0, 42, 2_147_483_646, 2_147_483_647],
    }
    taken = {
        name: [v for v in values if assert_agreed(court, model, {name: v})] for name, values in offers.items()
    }
    lengths = {REEL_0: [6], REEL_1: list(range(6, 121, 6)), RAY: [5, 9]}
    assert taken["duration"] == lengths[model]
    assert len(taken["aspect_ratio"]) == (7 if model == RAY else 1)


NEIGHBOURS = {
    "size": ["1280X720", "1280x720 ", "", "720x1280", "1280x721"],
    "aspect_ratio": ["16:10", "16/9", ""],
    "resolution": ["1080p", "540P", "720", ""],
    "duration": [0, -6, 4, 7, 8, 10, 15, 126, 6.5, 1e300],
    "n": [0, 2, 1.5],
    "seed": [-1, 2**31 - 1, 2**31, 1.5],
    "fps": [0, 23, 25, 24.5],
    "generate_audio": [True],
    "amazon_task": ["TEXT_IMAGE", "text_video", "", "MULTI_SHOT_MANUAL"],
    "amazon_output": [
        "s3://",
        "s3://a",
        "s3://UPPER/x",
        "gs://bucket/x",
        "bucket",
        "s3://simulated-bucket" + "/x" * 520,
    ],
    "amazon_kms_key": ["", "alias/films", "arn:aws:kms:us-east-1:1234:alias/films"],
    "amazon_bucket_owner": ["", "1234", "12345678901a"],
    "amazon_tags": [{"": "x"}, {"x" * 129: "x"}, {"x": "x" * 257}, {"a#b": "x"}, {"x": "ä"}],
}


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_every_invalid_neighbour_in_every_combination(model, court):
    refused = 0
    for wrong, values in NEIGHBOURS.items():
        if wrong not in DOCUMENTS[model]["properties"]:
            continue
        others = {
            name: [ABSENT, *values_of(DOCUMENTS[model], name)[-1:]]
            for name in ("duration", "n", "fps", "amazon_task", "resolution", "aspect_ratio")
            if name != wrong
        }
        for value in values:
            for given in product(**others, **{wrong: [value]}):
                refused += not assert_agreed(court, model, given)
            assert court.buy(model, {wrong: value}) is court.takes(words_of(model, {wrong: value}))
    assert refused > 400


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_right_outputs_keys_owners_and_tags(model, court):
    bucket = BUCKETS[REGIONS[model]]
    choices = {
        "amazon_output": [
            ABSENT,
            bucket,
            f"{bucket}/",
            f"{bucket}/a b/c",
            f"{bucket}/{'x' * (1023 - len(bucket))}",
        ],
        "amazon_kms_key": [ABSENT, "arn:aws:kms:us-east-1:123456789012:alias/films"],
        "amazon_bucket_owner": [ABSENT, "123456789012"],
        "amazon_tags": [
            ABSENT,
            {},
            {"team": "films", "a b": ""},
            {f"k{number}": "v" for number in range(200)},
        ],
    }
    for number, given in enumerate(product(**choices)):
        assert assert_agreed(court, model, given)
        if number % 5 == 0:
            assert court.buy(model, given), given


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
@pytest.mark.parametrize(
    "prompt",
    [
        "", " ", "\n\t ", "\u00a0\u3000", "\u200b", "x", "x" * 512, "x" * 513, "⛵" * 512, "⛵" * 513, "x" * 4000, "x" * 4001,
        "x" * 5000, "x" * 5001, 'a "quoted"\r\nline', "\0", ABSENT, 7, True, ["a boat"], {"text": "a boat"},
    ],
    ids=lambda prompt: repr(prompt)[:20],
)  # fmt: skip
def test_every_kind_of_prompt(model, prompt, court):
    for given in (
        {},
        {"duration": 12},
        {"duration": 9},
        {"amazon_task": "MULTI_SHOT_AUTOMATED", "duration": 12},
    ):
        if set(given) <= set(DOCUMENTS[model]["properties"]):
            assert_agreed(court, model, given, prompt)
    assert court.buy(model, {}, prompt) is court.takes(words_of(model, {}, prompt))


# --- pictures and shots -----------------------------------------------------------------------------------------------


def image(size=(1280, 720), mode="RGB", kind="PNG", color=None, **options):
    file = io.BytesIO()
    Image.new(mode, size, 0 if color is None else color).save(file, kind, **options)
    return file.getvalue()


EXACT = picture(1280, 720)
PICTURES = {
    "exact": EXACT,
    "a JPEG": image(kind="JPEG"),
    "opaque": image(mode="RGBA", color=(1, 2, 3, 255)),
    "transparent": image(mode="RGBA", color=(1, 2, 3, 254)),
    "grey": image(mode="L"),
    "grey JPEG": image(mode="L", kind="JPEG"),
    "16 bits": image(mode="I;16"),
    "palette": image(mode="P"),
    "standing": picture(720, 1280),
    "one row less": picture(1280, 719),
    "one pixel": picture(),
    "512 square": picture(512, 512),
    "511 wide": picture(511, 512),
    "4096 wide": picture(4096, 512),
    "4097 wide": picture(4097, 512),
    "a WebP": image(kind="WEBP"),
    "a GIF": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "cut short": EXACT[:-20],
    "text": b"this is no picture at all",
    "a film": tiny_film(),
    "empty": b"",
}

# These are sent in RGB with 8 bits, which is the same picture.
CONVERTED = {"opaque", "grey", "grey JPEG", "16 bits", "palette"}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures(kind, court):
    data = PICTURES[kind]
    verdicts = {model: assert_agreed(court, model, {"input_image": data}) for model in sorted(DOCUMENTS)}
    assert verdicts[REEL_0] is verdicts[REEL_1] is (kind in {"exact", "a JPEG", *CONVERTED})
    assert assert_agreed(court, RAY, {"last_frame": data}) is verdicts[RAY]
    assert assert_agreed(court, RAY, {"input_image": EXACT, "last_frame": data}) is verdicts[RAY]
    shots = {"amazon_shots": [{"text": "A boat"}, {"text": "Rain", "image": data}]}
    assert assert_agreed(court, REEL_1, shots) is verdicts[REEL_1]
    for model in sorted(DOCUMENTS):
        assert court.buy(model, {"input_image": data}) is verdicts[model]
    assert court.buy(REEL_1, shots) is verdicts[REEL_1]


@pytest.fixture(scope="module")
def stored(court):
    """A picture in the bucket of either account."""
    names = AmazonSimulator.settings
    credentials = Credentials(
        access_key_id=names["access_key_id"],
        secret_access_key=Secret(names["secret_access_key"]),
        session_token=None,
    )
    for account in (court.mine, court.service):
        url = "https://s3.us-east-1.amazonaws.com/simulated-bucket/a.png"
        request = Request(
            method="PUT", url=url, headers={"host": "s3.us-east-1.amazonaws.com"}, content=EXACT
        )
        ready = signed(request, credentials, Scope(service="s3", region="us-east-1"), now=account.clock.now())
        headers = {name.lower(): value for name, value in ready.headers.items()}
        answer = account.handler(replace(ready, headers=headers))
        assert answer.status == 200, answer.text
    court.keep()
    return "s3://simulated-bucket/a.png"


SHOT = {"text": "A boat"}
SHOTS = {
    "one": [SHOT],
    "two": [SHOT, {"text": "Rain"}],
    "twenty": [SHOT] * 20,
    "twenty-one": [SHOT] * 21,
    "none": [],
    "a long text": [{"text": "x" * 512}],
    "too long a text": [SHOT, {"text": "x" * 513}],
    "no text": [{"image": EXACT}],
    "an empty text": [{"text": ""}],
    "a word of its own": [{**SHOT, "seconds": 6}],
    "a picture": [{**SHOT, "image": EXACT}, SHOT],
    "an owner without a picture": [{**SHOT, "image_owner": "123456789012"}],
    "an owner of a file": [{**SHOT, "image": EXACT, "image_owner": "123456789012"}],
    "a text as a shot": ["A boat"],
}


@pytest.mark.parametrize("kind", SHOTS)
def test_shots(kind, court):
    shots = SHOTS[kind]
    if not all(isinstance(shot, dict) for shot in shots):
        assert not court.local(REEL_1, {"amazon_shots": shots})
        return
    choices = {
        "amazon_shots": [shots],
        "duration": [ABSENT, 6, 12, 120],
        "amazon_task": [ABSENT, "TEXT_VIDEO", "MULTI_SHOT_AUTOMATED", "MULTI_SHOT_MANUAL"],
        "input_image": [ABSENT, EXACT],
        "seed": [ABSENT, 7],
    }
    verdicts = [assert_agreed(court, REEL_1, given) for given in product(**choices)]
    right = kind in {"one", "two", "twenty", "a long text", "a picture"}
    # Without a task or with its own, with the seed or without it, and without a length or with that of the shots.
    assert sum(verdicts) == (8 if right else 0)
    assert court.buy(REEL_1, {"amazon_shots": shots}) is right


@pytest.mark.parametrize("owner", [ABSENT, "123456789012", "1234"])
def test_shots_with_a_picture_in_s3(owner, court, stored):
    shot = {**SHOT, "image": stored, **({} if owner is ABSENT else {"image_owner": owner})}
    assert assert_agreed(court, REEL_1, {"amazon_shots": [shot]}) is (owner != "1234")
    assert court.buy(REEL_1, {"amazon_shots": [shot]}) is (owner != "1234")


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_inputs_present_and_absent(model, court):
    choices = {
        "input_image": [ABSENT, EXACT],
        "last_frame": [ABSENT, EXACT],
        "reference_image": [ABSENT, EXACT],
        "reference_images": [ABSENT, [EXACT]],
        "video": [ABSENT, tiny_film()],
        "duration": [ABSENT, *values_of(DOCUMENTS[model], "duration")[:2]],
    }
    verdicts = [assert_agreed(court, model, given) for given in product(**choices)]
    # Each length with a first frame or without; of Ray2 with a last one too; of Reel 1.1 a long film has none.
    assert sum(verdicts) == {REEL_0: 4, REEL_1: 5, RAY: 12}[model]


# --- and the rest -----------------------------------------------------------------------------------------------------


TEXTS = st.text(max_size=6)
ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-3, 30)
    | st.floats(-3, 30)
    | st.sampled_from([float("nan"), float("inf"), 10**400, 10**5000])
    | TEXTS
    | st.lists(st.integers(0, 9), max_size=2)
    | st.dictionaries(TEXTS, st.integers(0, 9), max_size=1)
)


def mostly(*values):
    return st.sampled_from(values) | ANYTHING


REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "size": mostly("1280x720"),
        "aspect_ratio": mostly("16:9", "1:1"),
        "resolution": mostly("720p", "540p"),
        "duration": mostly(5, 6, 12, 120.0),
        "n": mostly(1),
        "fps": mostly(24),
        "seed": mostly(0, 7),
        "generate_audio": mostly(False),
        "amazon_loop": mostly(True),
        "amazon_task": mostly("TEXT_VIDEO", "MULTI_SHOT_AUTOMATED"),
    },
)
PROMPTS = st.text(max_size=40) | st.sampled_from([PROMPT] * 5) | ANYTHING


def speakable(value):
    """Whether JSON has words for a value."""
    return not is_number(value) or abs(value) < 10**300


@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(model=st.sampled_from(sorted(DOCUMENTS)), given_values=REQUESTS, prompt=PROMPTS)
def test_any_request(model, given_values, prompt, court):
    local = court.local(model, given_values, prompt)
    assert court.buy(model, given_values, prompt) is local
    given_values = {name: value for name, value in given_values.items() if value is not None}
    unknown = set(given_values) - set(DOCUMENTS[model]["properties"]) - {"seed"}
    if unknown or not all(map(speakable, [*given_values.values(), prompt])):
        assert not local
        return
    assert local is court.takes(words_of(model, given_values, prompt))


UNKNOWN = [
    "colour",
    "style",
    "quality",
    "lenght",
    "promt",
    "Size",
    "x",
    "negative_prompt",
    "voice",
    "taskType",
]


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names_are_refused_by_both(name, court):
    for model in sorted(DOCUMENTS):
        assert not court.local(model, {name: "x"})
        assert not court.buy(model, {name: "x"})
        region, body = words_of(model, {})
        assert not court.takes((region, {**body, "modelInput": {**body["modelInput"], name: ["x"]}}))
