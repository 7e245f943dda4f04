"""Nothing invalid is paid for: the local verdict on a request is Google's, for every request.

Each request is judged twice: by the client, and by the simulated service, which gets the same request in its own words.
Those words are written here, after what Google's SDK was recorded to send, and not by the plugin, so that a mistake of
the plugin's cannot hide. Vertex AI takes many a wrong request and lets its operation fail: that counts as a refusal.
"""

import base64
import io
from functools import cache

import hypothesis
import pytest
from acme.court import ABSENT, PROMPT, Court, is_number, product, sample, values_of
from acme.house import picture, tiny_film
from hypothesis import strategies as st
from PIL import Image
from polyreel.documents.loading import package_documents
from polyreel.errors import InvalidRequest, RequestRejected
from polyreel.http import Request
from polyreel.simulation.films import FilmSpec, render_film
from polyreel_google_veo.simulator import GoogleSimulator

DOCUMENTS = {
    f"{document['x-model'].get('name', document['x-model']['native_id'])}@{surface}": document
    for surface in ("gemini", "vertex")
    for document in package_documents("polyreel_google_veo", f"models/{surface}")
}
VEO = sorted(model for model in DOCUMENTS if model.startswith("veo"))
OMNI = sorted(model for model in DOCUMENTS if not model.startswith("veo"))
KEY = {"x-goog-api-key": GoogleSimulator.settings["api_key"]}
TOKEN = {"authorization": f"Bearer {GoogleSimulator.settings['access_token']}"}
GEMINI = "https://generativelanguage.googleapis.com"
PROJECT = f"projects/{GoogleSimulator.settings['project']}"
BUCKET = "gs://simulated-bucket"

# The heights' names, and the pixels of a film that lies; the parameter of one that stands has them the other way round.
PIXELS = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
SIZES = {
    f"{w}x{h}": (aspect, name)
    for name, (wide, high) in PIXELS.items()
    for aspect, (w, h) in {"16:9": (wide, high), "9:16": (high, wide)}.items()
}


class GoogleCourt(Court):
    def takes(self, words):
        """What Google says to a request in its own words; ``None``, when there are none, is no."""
        return words is not None and self.once(words, self._judged)

    def _judged(self, words):
        # What is taken depends on where the caller is, which nobody here can know: taken somewhere is taken.
        return self._judged_here(words) or self._judged_in_europe(words)

    def _judged_in_europe(self, words):
        self.forget()
        self.service.simulator.stage.state["restricted_region"] = True
        return self._judged_here(words)

    def _judged_here(self, words):
        surface, model, body = words
        if not model.startswith("veo"):
            return self._judged_interaction(surface, body)
        if surface == "gemini":
            start = f"{GEMINI}/v1beta/models/{model}:predictLongRunning"
            return self._answered(self.ask("POST", start, KEY, body))
        place = f"{PROJECT}/locations/us-central1/publishers/google/models/{model}"
        address = f"https://us-central1-aiplatform.googleapis.com/v1beta1/{place}"
        answer = self.ask("POST", f"{address}:predictLongRunning", TOKEN, body)
        if not self._answered(answer):
            return False
        name = {"operationName": answer.json()["name"]}
        ended = self.ask("POST", f"{address}:fetchPredictOperation", TOKEN, name).json()
        assert ended["done"]
        if "error" in ended:
            assert ended["error"]["code"] in {3, 5, 7}
            assert ended["error"]["message"]
        return "error" not in ended

    def _judged_interaction(self, surface, body):
        return self._answered(self.interaction(surface, body))

    def interaction(self, surface, body):
        """Ask for an interaction; return the answer."""
        if surface == "gemini":
            return self.ask("POST", f"{GEMINI}/v1/interactions", KEY, body)
        place = f"https://aiplatform.googleapis.com/v1beta1/{PROJECT}/locations/global/interactions"
        return self.ask("POST", place, TOKEN, body)

    def buy(self, model, given, prompt=PROMPT):
        if model.startswith("veo-3") and model.endswith("@vertex") and "video" in given:
            return self._bought_at_most(model, given, prompt)
        state = self.mine.simulator.stage.state
        try:
            return super().buy(model, given, prompt)
        except RequestRejected as refusal:
            if "personGeneration" not in str(refusal):
                raise
            state["restricted_region"] = True
            return super().buy(model, given, prompt)
        finally:
            state["restricted_region"] = False

    def _bought_at_most(self, model, given, prompt):
        """Buy an extension, whose price is that of the largest film which it could go on from."""
        before, charged = self.sent, len(self.mine.charges.entries)
        try:
            job = self.client.submit(prompt, model=f"google/{model}", **given)
        except InvalidRequest:
            assert self.sent == before
            return False
        ended = self.client.wait(job.id).job
        paid = sum(charge.amount for charge in self.mine.charges.entries[charged:])
        assert 0 < paid <= job.estimate.amount
        return ended.status == "completed"

    @staticmethod
    def _answered(answer):
        assert answer.status in {200, 400}, answer.text
        if answer.status == 400:
            assert answer.json()["error"]["message"]
        return answer.status == 200


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    made = GoogleCourt("google", GoogleSimulator, tmp_path_factory.mktemp("court"))
    yield made
    made.client.close()


# --- a request in Google's own words --------------------------------------------------------------------------------


FIELDS = {
    "aspect_ratio": "aspectRatio",
    "duration": "durationSeconds",
    "resolution": "resolution",
    "negative_prompt": "negativePrompt",
    "person_generation": "personGeneration",
    "n": "sampleCount",
    "seed": "seed",
    "google_enhance_prompt": "enhancePrompt",
}
VERTEX_FIELDS = {
    **FIELDS,
    "generate_audio": "generateAudio",
    "fps": "fps",
    "google_compression_quality": "compressionQuality",
    "google_resize_mode": "resizeMode",
    "google_storage_uri": "storageUri",
    "google_task": "task",
}
INPUTS = {"input_image": "image", "last_frame": "lastFrame", "video": "video"}


def shaped(given):
    """Return what is given with the shape in Google's two words; ``None`` when it contradicts itself."""
    size, rest = given.get("size"), {name: value for name, value in given.items() if name != "size"}
    if size is ABSENT:
        return rest
    if not isinstance(size, str) or size not in SIZES:
        return None
    said = dict(zip(("aspect_ratio", "resolution"), SIZES[size], strict=True))
    return {**rest, **said} if all(rest.get(name, value) == value for name, value in said.items()) else None


def always(given, **facts):
    """Return what is given without what has no field; ``None`` when that is not as it always is."""
    for name, fact in facts.items():
        value = given.get(name)
        same = is_number(value) == is_number(fact) and isinstance(value, bool) == isinstance(fact, bool)
        if value is not ABSENT and not (same and value == fact):
            return None
    return {name: value for name, value in given.items() if name not in facts}


def words_of(model, given, prompt=PROMPT):
    """Return surface, model and body; ``None`` when Google has no words for what is meant."""
    name, _, surface = model.partition("@")
    spoken = (veo_words if name.startswith("veo") else omni_words)(name, surface, given, prompt)
    return None if spoken is None else (surface, name, spoken)


def veo_words(name, surface, given, prompt):
    second = name.startswith("veo-2")
    facts = {"resolution": "720p"} if second else {}  # Veo 2 refuses the field
    if surface == "gemini":
        facts |= {"generate_audio": not second, "fps": 24}
    given = shaped(given)
    given = None if given is None else always(given, **facts)
    if given is None:
        return None
    if (
        "video" in given
        and "duration" in given
        and not (second and given["duration"] == 7 and "google_mask" not in given)
    ):
        # An extension adds 7 seconds, which only Veo 2 has among its lengths; a film that is edited keeps its own.
        return None
    if second and surface == "gemini":
        given.pop("seed", None)  # a mere hint, which is left out where there is no field
    fields = FIELDS if surface == "gemini" else VERTEX_FIELDS
    instance = {} if prompt is ABSENT else {"prompt": prompt}
    instance |= {word: medium(given.pop(ours)) for ours, word in INPUTS.items() if ours in given}
    references = [("ASSET", image) for image in given.pop("reference_images", [])]
    references += [("STYLE", given.pop("reference_image"))] if "reference_image" in given else []
    if references:
        instance["referenceImages"] = [
            {"image": medium(image), "referenceType": kind} for kind, image in references
        ]
    if "google_mask" in given or "google_mask_mode" in given:
        mask = medium(given.pop("google_mask")) if "google_mask" in given else {}
        mode = {"maskMode": given.pop("google_mask_mode").upper()} if "google_mask_mode" in given else {}
        instance["mask"] = mask | mode
    if "google_camera_control" in given:
        instance["cameraControl"] = given.pop("google_camera_control")
    if set(given) - set(fields):
        return None
    parameters = {fields[ours]: value for ours, value in given.items()}
    return {"instances": [instance], **({"parameters": parameters} if parameters else {})}


def omni_words(name, surface, given, prompt):
    given = shaped(given)
    given = None if given is None else always(given, n=1, generate_audio=True, fps=24, google_store=True)
    if given is None:
        return None
    given.pop("seed", None)
    task, pictures = given.pop("google_task", ABSENT), []
    for ours, meant in (
        ("input_image", "image_to_video"),
        ("last_frame", "image_to_video"),
        ("reference_images", "reference_to_video"),
    ):
        if ours not in given:
            continue
        if ours == "last_frame" and not pictures:
            return None  # a single picture is a first frame
        film = "video" in given and ours == "reference_images"
        if not film and task not in {ABSENT, meant}:
            return None  # the pictures are said to be what they are not
        task = task if film else meant
        value = given.pop(ours)
        pictures += value if isinstance(value, list) else [value]
    body = {"model": name, "background": True, "store": True}
    contents = [content("image", image) for image in pictures]
    source = given.pop("video", ABSENT)
    if isinstance(source, Earlier):
        body["previous_interaction_id"] = source.theirs
    elif source is not ABSENT:
        contents.append(content("video", source))
    text = [] if prompt is ABSENT else [{"type": "text", "text": prompt}]
    body["input"] = [{"type": "user_input", "content": [*contents, *text]}] if contents else prompt
    if task is not ABSENT:
        body["generation_config"] = {"video_config": {"task": task}}
    shape = {"type": "video", "delivery": "uri" if surface == "gemini" else "inline"}
    if "google_storage_uri" in given and surface == "vertex":
        shape |= {"delivery": "uri", "gcs_uri": given.pop("google_storage_uri")}
    if "duration" in given:
        seconds = given.pop("duration")
        shape["duration"] = f"{seconds:g}s" if is_number(seconds) else seconds
    shape |= {word: given.pop(word) for word in ("aspect_ratio", "resolution") if word in given}
    return None if given else {**body, "response_format": shape}


class Earlier(str):
    """An earlier job of ours; ``theirs`` is its film in the service that is asked directly."""

    __slots__ = ("theirs",)


MEDIA_TYPES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff\xe0": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
}


def media_type(value):
    if isinstance(value, str):
        return "video/mp4" if value.endswith(".mp4") else "image/png"
    film = value[4:8] == b"ftyp"
    return "video/mp4" if film else MEDIA_TYPES.get(value[:4], "application/octet-stream")


def medium(value):
    """Return a picture or a film as an instance of Veo has it."""
    if isinstance(value, Earlier):
        return {"uri": value.theirs}
    if isinstance(value, str):
        return {"gcsUri": value, "mimeType": media_type(value)}
    return {"bytesBase64Encoded": base64.b64encode(value).decode(), "mimeType": media_type(value)}


def content(kind, value):
    """Return a picture or a film as an interaction has it."""
    if isinstance(value, str):
        return {"type": kind, "uri": value, "mime_type": media_type(value)}
    return {"type": kind, "data": base64.b64encode(value).decode(), "mime_type": media_type(value)}


def assert_agreed(court, model, given, prompt=PROMPT):
    """Check that both judges say the same; return what they say."""
    expected = court.takes(words_of(model, given, prompt))
    assert court.local(model, given, prompt) is expected, (model, shown(given), str(prompt)[:80])
    return expected


def shown(given):
    return {name: value if not isinstance(value, bytes) else len(value) for name, value in given.items()}


# --- every combination ----------------------------------------------------------------------------------------------


SHAPE = ("size", "aspect_ratio", "resolution", "duration")


def axes(model, *names):
    return {name: [ABSENT, *values_of(DOCUMENTS[model], name)] for name in names}


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_every_combination_of_size_shape_height_and_length(model, court):
    verdicts = [assert_agreed(court, model, given) for given in product(**axes(model, *SHAPE))]
    assert 0 < sum(verdicts) < len(verdicts)


REST = (
    "n", "fps", "generate_audio", "person_generation", "google_enhance_prompt", "google_compression_quality",
    "google_resize_mode", "google_task", "google_camera_control", "google_store",
)  # fmt: skip


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_combinations_of_all_enumerated_values(model, court):
    # All of them are up to millions for one model, so a sample of them, always the same one: the shapes that
    # contradict themselves are in the test above.
    rows = [ABSENT, *values_of(DOCUMENTS[model], "size")]
    choices = {"size": rows, **axes(model, "duration", *REST)}
    verdicts = []
    for number, given in enumerate(sample(100, **choices)):
        verdicts.append(assert_agreed(court, model, given))
        if number % 12 == 0:
            assert court.buy(model, given) is verdicts[-1], given
    assert any(verdicts)


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_everything_that_the_service_offers_is_offered(model, court):
    # Whatever the document lists: it might list too little.
    offers = {
        "duration": range(42),
        "resolution": ["360p", "480p", "540p", "720p", "1080p", "4k", "8k"],
        "aspect_ratio": ["16:9", "9:16", "1:1", "4:3", "21:9"],
        "size": [*SIZES, "1024x1024", "1024x1792"],
        "n": range(7),
        "person_generation": ["allow_all", "allow_adult", "dont_allow", "allowAll", "disallow"],
        "fps": [8, 12, 23, 24, 25, 30, 60],
        "generate_audio": [True, False],
        "google_enhance_prompt": [True, False],
        "google_compression_quality": ["optimized", "lossless"],
        "google_resize_mode": ["pad", "crop"],
        "seed": [0, 2**32 - 1],
    }
    taken = {
        name: [v for v in values if assert_agreed(court, model, {name: v})] for name, values in offers.items()
    }
    listed = {name: values_of(DOCUMENTS[model], name) for name in ("duration", "aspect_ratio", "n")}
    assert {name: sorted(taken[name]) for name in listed} == {n: sorted(v) for n, v in listed.items()}


NEIGHBOURS = {
    "size": ["1281x720", "1280X720", "1280x720 ", "", "1024x1024", "1x1"],
    "aspect_ratio": ["1:1", "16:10", "16/9", ""],
    "resolution": ["480p", "2160p", "720P", "4K", ""],
    "duration": [0, -4, 1, 2, 3, 5, 7, 9, 11, 16, 4.5, 1e300],
    "n": [0, 5, -1, 1.5],
    "seed": [-1, 2**32, 1.5],
    "person_generation": ["allow_none", "ALLOW_ALL", ""],
    "google_enhance_prompt": [False],
    "fps": [23, 25, 0, 24.5],
}


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_every_invalid_neighbour(model, court):
    properties = DOCUMENTS[model]["properties"]
    refused = 0
    for wrong, values in NEIGHBOURS.items():
        if wrong not in properties and wrong == "seed":
            continue
        others = {
            name: [ABSENT, *values_of(DOCUMENTS[model], name)[-1:]]
            for name in ("aspect_ratio", "duration", "n", "person_generation")
            if name != wrong
        }
        for value in values:
            for given in sample(4, **others, **{wrong: [value]}):
                refused += not assert_agreed(court, model, given)
            assert court.buy(model, {wrong: value}) is court.takes(words_of(model, {wrong: value})), (
                wrong,
                value,
            )
    assert refused > 80


PROMPTS = [
    "", " ", "\n\t ", "\u00a0\u3000", "\u200b", "x", "x" * 8000, "word " * 1024, "word " * 1025, "x" * 65_536,
    "x" * 65_537, "⛵" * 1000, " " * 70_000, "\0", ABSENT, 7, True, ["a boat"], {"text": "a boat"},
]  # fmt: skip


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_every_kind_of_prompt(model, court):
    for prompt in PROMPTS:
        expected = assert_agreed(court, model, {}, prompt)
        assert court.buy(model, {}, prompt) is expected


# --- pictures and films -----------------------------------------------------------------------------------------------


def jpeg(width=64, height=64, kind="JPEG"):
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, kind)
    return file.getvalue()


@cache
def clip(width=1280, height=720, fps=24, seconds=2.0):
    """A real film; a large one takes a moment to make."""
    spec = FilmSpec(model="google/test", prompt="", width=width, height=height, duration=seconds, fps=fps)
    return render_film(spec)


@pytest.fixture(scope="module")
def stored(court):
    """A picture and a film in the bucket of either account, and an earlier job of either."""
    for account in (court.mine.handler, court.service.handler):
        for name, data in (("a.png", picture(64, 64)), ("film.mp4", clip()), ("tiny.mp4", tiny_film())):
            address = f"https://storage.googleapis.com/upload/storage/v1/b/simulated-bucket/o?uploadType=media&name={name}"
            headers = {**TOKEN, "content-type": media_type(data)}
            answer = account(Request(method="POST", url=address, headers=headers, content=data))
            assert answer.status == 200, answer.text
    job = court.client.wait(
        court.client.submit(PROMPT, model="google/veo-3.1-generate-preview@gemini").id
    ).job
    veo = Earlier(job.id)
    start = f"{GEMINI}/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
    name = court.ask("POST", start, KEY, {"instances": [{"prompt": PROMPT}]}).json()["name"]
    ended = court.ask("GET", f"{GEMINI}/v1beta/{name}", KEY).json()
    veo.theirs = ended["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
    omni = {}
    for surface in ("gemini", "vertex"):
        model = f"gemini-omni-1.1-flash@{surface}"
        job = court.client.wait(court.client.submit(PROMPT, model=f"google/{model}").id).job
        omni[surface] = Earlier(job.id)
        _, _, body = words_of(model, {})
        omni[surface].theirs = court.interaction(surface, body).json()["id"]
    court.keep()
    return {"veo": veo, **omni}


def media_axes(model, stored):
    """The inputs, present and absent, and the parameters that speak of them."""
    surface, veo = model.rpartition("@")[2], model.startswith("veo")
    image = picture(64, 64)
    films = [
        ABSENT,
        clip(),
        (stored["veo"] if surface == "gemini" else f"{BUCKET}/film.mp4") if veo else stored[surface],
    ]
    tasks = values_of(DOCUMENTS[model], "google_task")
    return {
        "input_image": [ABSENT, image],
        "last_frame": [ABSENT, jpeg()],
        "reference_images": [ABSENT, [image], [image, jpeg(), image], [image] * 4],
        "reference_image": [ABSENT, image],
        "video": films,
        "google_task": [ABSENT, *tasks],
        "person_generation": [ABSENT, *values_of(DOCUMENTS[model], "person_generation")[:3]],
        "resolution": [ABSENT, *values_of(DOCUMENTS[model], "resolution")[:2]],
        "duration": [ABSENT, 6, 7, 8],
    }


@pytest.mark.parametrize("model", sorted(DOCUMENTS))
def test_inputs_present_and_absent(model, court, stored):
    choices = media_axes(model, stored)
    inputs = ("input_image", "last_frame", "reference_images", "reference_image", "video")
    right = []
    for given in product(**{name: choices.pop(name) for name in inputs}):
        if assert_agreed(court, model, given):
            right.append(given)
            assert court.buy(model, given), shown(given)
    assert 2 <= len(right) < 96
    # Each of the right ones with each parameter that speaks of inputs; a sample, always the same, with several of them.
    for given in right:
        for name, values in choices.items():
            for value in filter(None, values):
                assert_agreed(court, model, {**given, name: value})
    for number, given in enumerate(sample(40, inputs=right, **choices)):
        request = {**given.pop("inputs"), **given}
        expected = assert_agreed(court, model, request)
        if number % 10 == 0:
            assert court.buy(model, request) is expected, shown(request)
    court.forget()


@pytest.mark.parametrize("model", [model for model in VEO if "exp" in model])
def test_masks_and_camera(model, court, stored):
    image = picture(64, 64)
    choices = {
        "input_image": [ABSENT, image],
        "video": [ABSENT, clip()],
        "google_mask": [ABSENT, image],
        "google_mask_mode": [ABSENT, "insert", "remove_static"],
        "google_task": [ABSENT, "edit", "extend", "imageToVideo"],
        "google_camera_control": [ABSENT, "pan_left"],
        "duration": [ABSENT, 8],
    }
    verdicts = [assert_agreed(court, model, given) for given in sample(160, **choices)]
    assert 3 < sum(verdicts) < len(verdicts)


@pytest.mark.parametrize("model", [model for model in OMNI if "1." in model])
@pytest.mark.parametrize("source", ["job", "file"])
def test_work_on_a_film(model, source, court, stored):
    choices = {
        "google_task": [ABSENT, "edit", "extend", "upscale"],
        "video": [stored[model.rpartition("@")[2]] if source == "job" else clip()],
        "resolution": [ABSENT, "360p", "720p", "1080p", "4k"],
        "size": [ABSENT, "1920x1080"],
        "aspect_ratio": [ABSENT, "9:16"],
        "duration": [ABSENT, 3, 10],
        "reference_images": [ABSENT, [picture(64, 64)]],
    }
    verdicts = [assert_agreed(court, model, given) for given in sample(80, **choices)]
    assert 3 < sum(verdicts) < len(verdicts)


KINDS = {
    "a PNG": picture(64, 64),
    "one pixel": picture(),
    "a JPEG": jpeg(),
    "a WebP": jpeg(kind="WEBP"),
    "a GIF": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "cut short": picture(64, 64)[:-20],
    "text": b"this is no picture at all",
    "a film": tiny_film(),
    "empty": b"",
    "in a bucket": f"{BUCKET}/a.png",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["input_image", "last_frame", "reference_images"])
def test_pictures(kind, place, court, stored):
    value, first = KINDS[kind], {"input_image": picture(64, 64)}
    given = {"reference_images": [value]} if place == "reference_images" else {place: value}
    given = first | given if place == "last_frame" else given
    for model in sorted(DOCUMENTS):
        expected = assert_agreed(court, model, given)
        if kind not in {"a WebP", "in a bucket"} and expected:
            assert kind in {"a PNG", "one pixel", "a JPEG"}
    for model in (
        "veo-3.1-generate-preview@gemini",
        "veo-3.1-generate-001@vertex",
        "gemini-omni-1.2-flash@gemini",
    ):
        assert court.buy(model, given) is court.takes(words_of(model, given))


FILMS = {
    "as Veo's": clip,
    "standing": lambda: clip(720, 1280),
    "30 frames": lambda: clip(fps=30, seconds=1.0),
    "another size": lambda: clip(640, 480),
    "360p": lambda: clip(640, 360),
    "tiny": tiny_film,
    "cut short": lambda: clip()[:-2000],
    "a picture": lambda: picture(64, 64),
    "text": lambda: b"this is no film at all",
    "in a bucket": lambda: f"{BUCKET}/film.mp4",
}


@pytest.mark.parametrize("kind", FILMS)
def test_films(kind, court, stored):
    given = {"video": FILMS[kind]()}
    for model in sorted(DOCUMENTS):
        expected = assert_agreed(court, model, given)
        if model == "veo-3.1-generate-001@vertex":
            assert expected is (kind in {"as Veo's", "standing", "in a bucket"})
    for model in ("veo-3.1-generate-001@vertex", "gemini-omni-1.2-flash@gemini"):
        assert court.buy(model, given) is court.takes(words_of(model, given))


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
        "size": mostly("1280x720", "720x1280", "1920x1080"),
        "aspect_ratio": mostly("16:9", "9:16"),
        "resolution": mostly("720p", "1080p"),
        "duration": mostly(4, 6, 8.0),
        "n": mostly(1, 2),
        "fps": mostly(24),
        "seed": mostly(0, 7),
        "generate_audio": mostly(True),
        "negative_prompt": mostly("rain", "blurry"),
        "person_generation": mostly("allow_all", "allow_adult"),
        "google_enhance_prompt": mostly(True),
        "google_task": mostly("textToVideo", "text_to_video"),
        "google_resize_mode": mostly("pad", "crop"),
    },
)
PROMPTS_OF_ANY_KIND = st.text(max_size=40) | st.sampled_from([PROMPT] * 5) | ANYTHING


def speakable(value):
    """Whether JSON has words for a value."""
    return not is_number(value) or abs(value) < 10**300


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(model=st.sampled_from(sorted(DOCUMENTS)), given_values=REQUESTS, prompt=PROMPTS_OF_ANY_KIND)
def test_any_request(model, given_values, prompt, court):
    local = court.local(model, given_values, prompt)
    assert court.buy(model, given_values, prompt) is local
    given_values = {name: value for name, value in given_values.items() if value is not None}
    if not all(map(speakable, [*given_values.values(), prompt])):
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
    "voice",
    "sampleCount",
    "openai_characters",
]


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names_are_refused_by_both(name, court):
    for model in sorted(DOCUMENTS):
        assert not court.local(model, {name: "x"})
        assert not court.buy(model, {name: "x"})
        surface, native, body = words_of(model, {})
        wrong = {"parameters": {name: "x"}} if native.startswith("veo") else {name: "x"}
        assert not court.takes((surface, native, {**body, **wrong}))
