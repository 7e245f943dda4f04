"""Nothing invalid is paid for: the local verdict on a request is the service's, for every request.

Each request is judged twice: by the client, and by the simulated service, which gets the same request in its own words.
Those words are written here and not by the plugin, so that a mistake of the plugin's cannot hide.
"""

import itertools
import json
from functools import cache

import pytest
from acme.house import picture, quick_studio
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.documents.loading import package_documents
from polyreel.errors import InvalidRequest
from polyreel.http import Part, Request, Wire
from polyreel.simulation.staging import set_stage
from polyreel.workspace import Simulation
from polyreel_openai_sora.simulator import OpenAISimulator

PROMPT = "A paper boat crossing a puddle"
DOCUMENTS = {
    document["x-model"]["native_id"]: document
    for document in package_documents("polyreel_openai_sora")
    if not document["x-model"].get("family")
}
MODELS = sorted(DOCUMENTS)
SHAPE = ("size", "aspect_ratio", "resolution")
ABSENT = None


class Court:
    """Both judges.

    Attributes:
        client: Judges locally; its simulator says what came of what it sent.
        service: Judges what it is sent in its own words.
    """

    def __init__(self, home):
        simulation = Simulation(clock=VirtualClock(), studio=quick_studio(), kept=False)
        self.client = Client(simulate=simulation, store="memory", home=home)
        self.mine = self.client.workspace.stage(self.client.workspace.plugins.provider("openai"))
        self.service = set_stage(OpenAISimulator, clock=VirtualClock(), studio=quick_studio())
        self.mount = self.service.mount()

    @property
    def sent(self):
        """How many requests the client has sent."""
        return len(self.mine.faults.requests)

    def local(self, model, given, prompt=PROMPT):
        return self.client.check(prompt, model=f"openai/{model}", **given).ok

    def buy(self, model, given, prompt=PROMPT):
        """Submit; whether the simulator took it. A request that is refused here is never sent."""
        before, charged = self.sent, len(self.mine.charges.entries)
        try:
            job = self.client.submit(prompt, model=f"openai/{model}", **given)
        except InvalidRequest:
            assert self.sent == before
            return False
        assert self.sent == before + 1
        assert len(self.mine.charges.entries) == charged + 1
        assert self.mine.charges.entries[-1].amount == job.estimate.amount
        self.mine.simulator.stage.state.clear()
        return job.status == "queued"

    def service_takes(self, fields):
        """What the service says to a request in its own words: fields to values, files as parts."""
        headers = {"Authorization": f"Bearer {OpenAISimulator.settings['api_key']}"}
        body = {"json": fields} if _needs_json(fields) else {"form": _form(fields)}
        request = Request(method="POST", url=f"{OpenAISimulator.base_url}/videos", headers=headers, **body)
        answer = self.mount.send(Wire(request=request))
        self.service.simulator.stage.state.clear()
        assert answer.status in {200, 400}, answer.content
        if answer.status == 400:
            assert json.loads(answer.content)["error"]["message"]
        return answer.status == 200


def _needs_json(fields):
    return any(not isinstance(value, str | Part) for value in fields.values())


def _form(fields):
    return [
        value if isinstance(value, Part) else Part(name=name, content=value) for name, value in fields.items()
    ]


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    made = Court(tmp_path_factory.mktemp("court"))
    yield made
    made.client.close()


# --- a request in the service's own words ----------------------------------------------------------------------


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def shape_of(model, given):
    """The size that is meant, and whether what is given of the shape belongs together."""
    asked = {name: given[name] for name in SHAPE if given.get(name) is not ABSENT}
    if not set(asked) - {"size"}:
        return given.get("size"), True
    rows = DOCUMENTS[model]["x-derive"]
    fits = [row for row in rows if all(row[name] == value for name, value in asked.items())]
    return (fits[0]["size"], True) if fits else (given.get("size"), False)


def in_its_words(model, given, prompt):
    """OpenAI's fields for a request, and whether what has no field there is as it always is."""
    size, fits = shape_of(model, given)
    fields = {"model": model}
    if prompt is not ABSENT:
        fields["prompt"] = prompt
    duration = given.get("duration")
    if duration is not ABSENT:
        whole = is_number(duration) and isinstance(duration, float) and duration.is_integer()
        text = str(int(duration)) if whole else str(duration)
        fields["seconds"] = text if is_number(duration) else duration
    if size is not ABSENT:
        fields["size"] = size
    always = {"n": 1, "fps": 24}
    fixed = all(
        given.get(name) is ABSENT or (is_number(given[name]) and given[name] == value)
        for name, value in always.items()
    )
    sounds = given.get("generate_audio") is ABSENT or given["generate_audio"] is True
    return fields, fits and fixed and sounds


def values_of(model, name):
    schema = DOCUMENTS[model]["properties"][name]
    return [schema["const"]] if "const" in schema else schema["enum"]


def product(**choices):
    for combination in itertools.product(*choices.values()):
        yield {name: value for name, value in zip(choices, combination, strict=True) if value is not ABSENT}


# --- every combination ------------------------------------------------------------------------------------------------


ENUMERATED = ("size", "aspect_ratio", "resolution", "duration", "n", "fps", "generate_audio")


@pytest.mark.parametrize("model", MODELS)
def test_every_combination_of_enumerated_values(model, court):
    takes = cache(lambda words: court.service_takes(dict(words)))
    count = accepted = bought = 0
    for given_values in product(**{name: [ABSENT, *values_of(model, name)] for name in ENUMERATED}):
        words, always = in_its_words(model, given_values, PROMPT)
        expected = takes(tuple(words.items())) and always
        assert court.local(model, given_values) is expected, given_values
        count += 1
        accepted += expected
        # Bought are all of them, but each that only adds what is always so.
        if expected and len({"n", "fps", "generate_audio"} & set(given_values)) in {0, 3}:
            assert court.buy(model, given_values), given_values
            bought += 1
    rows, lengths = len(DOCUMENTS[model]["x-derive"]), len(values_of(model, "duration")) + 1
    assert count == 8 * lengths * (rows + 1) * len([ABSENT, *values_of(model, "aspect_ratio")]) * len(
        [ABSENT, *values_of(model, "resolution")]
    )
    assert count > accepted > bought > rows * lengths


SIZES = ["720x1280", "1280x720", "1024x1792", "1792x1024", "1080x1920", "1920x1080", "1024x1024", "640x480"]


@pytest.mark.parametrize("model", MODELS)
def test_everything_that_the_service_offers_is_offered(model, court):
    # Whatever the document lists: it might list too little.
    offered = []
    for size, duration in itertools.product(SIZES, range(25)):
        words, _ = in_its_words(model, {"size": size, "duration": duration}, PROMPT)
        takes = court.service_takes(words)
        assert court.local(model, {"size": size, "duration": duration}) is takes
        offered += [(size, duration)] * takes
    assert len(offered) == 5 * (6 if "pro" in model else 2)


NEIGHBOURS = {
    "size": ["1024x1792", "1280x721", "1280X720", "1280x720 ", "", "auto"],
    "aspect_ratio": ["1:1", "16:10"],
    "resolution": ["1080p", "4k", "720P"],
    "duration": [0, -4, 3, 5, 21, 4.5, 1e300],
}


@pytest.mark.parametrize("model", MODELS)
def test_every_invalid_neighbour_in_every_combination(model, court):
    takes = cache(lambda words: court.service_takes(dict(words)))
    before = court.sent
    refused = 0
    for wrong, values in NEIGHBOURS.items():
        others = {name: [ABSENT, *values_of(model, name)[-2:]] for name in NEIGHBOURS if name != wrong}
        for value in values:
            for given_values in product(**others, **{wrong: [value]}):
                words, always = in_its_words(model, given_values, PROMPT)
                expected = takes(tuple(words.items())) and always
                assert court.local(model, given_values) is expected, given_values
                refused += not expected
    assert refused > 300
    assert court.sent == before


@pytest.mark.parametrize("model", MODELS)
def test_what_has_no_field_is_as_it_always_is(model, court):
    numbers = [ABSENT, 0, 1, 2, 23.976, 24, 24.0, 25, True, "1", "24"]
    truths = [ABSENT, True, False, 0, 1, "true", "yes"]
    verdicts = []
    for given_values in product(n=numbers, fps=numbers, generate_audio=truths):
        _, always = in_its_words(model, given_values, PROMPT)
        assert court.local(model, given_values) is always, given_values
        verdicts.append(always)
    # n and fps: absent or right, as whole numbers in either type; sound: absent or True.
    assert sum(verdicts) == 2 * 3 * 2


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "\n\t ",
        "\u00a0\u3000",
        "\u200b",
        "x",
        "x" * 31_999,
        "x" * 32_000,
        "x" * 32_001,
        "⛵" * 32_000,
        "⛵" * 32_001,
        " " * 32_000,
        " " * 31_999 + "x",
        'a "quoted"\r\n--boundary\r\nline',
        "\0",
        ABSENT,
        7,
        True,
        ["a boat"],
        {"text": "a boat"},
    ],
    ids=lambda prompt: repr(prompt)[:20],
)
def test_every_kind_of_prompt(model, prompt, court):
    words, _ = in_its_words(model, {}, prompt)
    expected = court.service_takes(words)
    assert court.local(model, {}, prompt) is expected
    assert court.buy(model, {}, prompt) is expected


# --- and the rest -------------------------------------------------------------------------------------------------------


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
        "size": mostly("1280x720", "720x1280", "1792x1024"),
        "aspect_ratio": mostly("16:9", "9:16", "7:4"),
        "resolution": mostly("720p", "1024p"),
        "duration": mostly(4, 8, 12.0, 20),
        "n": mostly(1),
        "fps": mostly(24),
        "generate_audio": mostly(True),
    },
)
PROMPTS = st.text(max_size=40) | st.sampled_from([PROMPT] * 5) | ANYTHING


def is_monstrous(value):
    return isinstance(value, int) and abs(value) > 10**300


@settings(max_examples=600, deadline=None)
@given(model=st.sampled_from(MODELS), given_values=REQUESTS, prompt=PROMPTS)
def test_any_request(model, given_values, prompt, court):
    local = court.local(model, given_values, prompt)
    assert court.buy(model, given_values, prompt) is local
    words, always = in_its_words(
        model, {n: v if not is_monstrous(v) else "monstrous" for n, v in given_values.items()}, prompt
    )
    if isinstance(given_values.get("duration"), str) or is_monstrous(prompt):
        # A text has no other words there than the number that it may look like; here it is the wrong type.
        assert not local
        return
    assert local is (always and court.service_takes(words))


UNKNOWN = [
    "colour",
    "style",
    "quality",
    "lenght",
    "promt",
    "input_video",
    "Size",
    "x",
    "negative_prompt",
    "voice",
]


@settings(max_examples=60, deadline=None)
@given(model=st.sampled_from(MODELS), name=st.sampled_from(UNKNOWN), value=st.text(min_size=1, max_size=5))
def test_unknown_names_are_refused_by_both(model, name, value, court):
    assert not court.local(model, {name: value})
    assert not court.buy(model, {name: value})
    assert not court.service_takes({"prompt": PROMPT, "model": model, name: value})


def test_a_hint_is_left_out_and_said(court):
    for value in (7, "x", -1):
        check = court.client.check(PROMPT, model="openai/sora-2", seed=value)
        assert check.ok
        assert [notice.parameter for notice in check.warnings] == ["seed"]
        assert court.buy("sora-2", {"seed": value})


GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
PICTURES = {
    "exact": (picture(1280, 720), "image/png"),
    "portrait": (picture(720, 1280), "image/png"),
    "one pixel": (picture(), "image/png"),
    "one row less": (picture(1280, 719), "image/png"),
    "cut short": (picture(1280, 720)[:-20], "image/png"),
    "a GIF": (GIF, "image/gif"),
    "text": (b"this is no picture at all", "text/plain"),
    "empty": (b"", "image/png"),
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("size", ["1280x720", "720x1280", ABSENT])
def test_pictures(kind, size, court):
    content, media_type = PICTURES[kind]
    given_values = {"input_image": content} | ({"size": size} if size else {})
    part = Part(name="input_reference", content=content, filename="first", media_type=media_type)
    words, _ = in_its_words("sora-2", {"size": size}, PROMPT)
    expected = court.service_takes({**words, "input_reference": part})
    assert expected is ((kind, size or "720x1280") in {("exact", "1280x720"), ("portrait", "720x1280")})
    assert court.local("sora-2", given_values) is expected
    assert court.buy("sora-2", given_values) is expected
