"""The plugin's requests against those of OpenAI's own SDK for the same intent, both recorded on a socket.

Compared is what section 8 of the fact sheet on the OpenAI Videos API says: method, path, query, media type, the
fields of a form as a set with names, file names, types and bytes, JSON as values, and every header but those that
only say who sends. Where the two differ on purpose, a test says in what and why.
"""

import base64
from contextlib import ExitStack
from dataclasses import replace

import pytest
from oracle.recorder import Answer, recording
from oracle.sender import Sender
from polyreel.clock import VirtualClock
from polyreel.types.media import MediaRef

pytestmark = pytest.mark.oracle

KEY = "sk-test"
PROMPT = "A fox in the café, 狐"
SORA = {"model": "openai/sora-2", "duration": 8, "size": "1280x720"}
AGAIN = {"model": "openai/sora-2", "video": "video_rec1"}
FORM, JSON = "multipart/form-data", "application/json"
NEW, OLD = "3.54.0", "2.26.0"
only_new = pytest.mark.parametrize("sdk", [NEW], indirect=True)
only_old = pytest.mark.parametrize("sdk", [OLD], indirect=True)


# --- the server that both speak to ------------------------------------------------------------------------------


def job(identity="video_rec1", **changes):
    return {
        "id": identity,
        "object": "video",
        "model": "sora-2",
        "status": "completed",
        "progress": 100,
        "created_at": int(VirtualClock().now()),
        "completed_at": int(VirtualClock().now()),
        "expires_at": int(VirtualClock().now()) + 3600,
        "prompt": PROMPT,
        "size": "1280x720",
        "seconds": "8",
        "remixed_from_video_id": None,
        "error": None,
        **changes,
    }


def page(query):
    """Two pages; the second one is asked for with the last id of the first."""
    ids = ["video_rec3"] if "after" in query else ["video_rec1", "video_rec2"]
    prompts = {"video_rec1": PROMPT}
    rows = [job(identity, prompt=prompts.get(identity, "another")) for identity in ids]
    return {
        "object": "list",
        "data": rows,
        "first_id": ids[0],
        "last_id": ids[-1],
        "has_more": "after" not in query,
    }


@pytest.fixture(scope="session")
def canned(small_film, thumbnail, spritesheet):
    files = {
        None: ("video/mp4", small_film),
        "thumbnail": ("image/webp", thumbnail),
        "spritesheet": ("image/jpeg", spritesheet),
    }

    def answer(group, sent):
        identity = "video_a/b+c==" if group.endswith("odd_id") else "video_rec1"
        if sent.path.endswith("/content"):
            media_type, content = files[sent.query.get("variant")]
            return Answer(content, media_type=media_type)
        if group.endswith("find_submission") and sent.method == "POST":
            return Answer({"error": {"message": "it broke", "type": "server_error"}}, status=500)
        match sent.method, sent.path.removeprefix("/v1/videos"):
            case "GET", "":
                value = page(sent.query)
            case "POST", "/characters":
                value = {"id": "char_1", "name": "Mossy", "created_at": 1780000000}
            case "POST", _:
                value = job(identity, status="queued", progress=0, completed_at=None, expires_at=None)
            case "DELETE", _:
                value = {"id": identity, "object": "video.deleted", "deleted": True}
            case _:
                value = job(identity)
        return Answer(value)

    return answer


@pytest.fixture(scope="module")
def recorder(canned):
    with recording(canned, is_ignored=lambda name: name.startswith("x-stainless-")) as recorder:
        yield recorder


# --- the two sides ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def theirs(sdk, recorder, media):
    """Let the SDK make every call once, and return what it sent, by the call's name."""
    calls = [*PAIRS, *ALONE]
    outcomes = sdk.run("recorded_calls", url=recorder.url, media=str(media), calls=calls)
    return {name: (outcome, recorder.take(name)) for name, outcome in outcomes.items()}


class Ours(Sender):
    """A client of polyreel at one address of the recorder."""

    def __init__(self, way, recorder, group, home, stack, **settings):
        settings = {"openai": {"base_url": recorder.base_url(group, "/v1"), **settings}}
        super().__init__(way, stack, home=home, settings=settings, api_keys={"openai": KEY})
        self._take = lambda: recorder.take(group)

    def finished(self):
        """Make a film and fetch it; what was sent for it is forgotten."""
        made = self.generate(PROMPT, **SORA)
        self._take()
        return made.job

    def submitted(self):
        made = self.submit(PROMPT, **SORA)
        self._take()
        return made


@pytest.fixture(params=["blocking", "awaited"])
def ours(request, recorder, tmp_path):
    """Return a function that does one thing with the plugin and returns what was sent."""
    with ExitStack() as stack:

        def recorded(name, act, **settings):
            group = f"ours-{request.param}-{name}"
            client = Ours(request.param, recorder, group, tmp_path, stack, **settings)
            act(client)
            return recorder.take(group)

        yield recorded


# --- the same intents -------------------------------------------------------------------------------------------


def create(**parameters):
    return lambda client, media: client.submit(PROMPT, **{**SORA, **parameters})


def with_image(name):
    return lambda client, media: client.submit(PROMPT, **SORA, input_image=media / name)


def with_open_file(client, media):
    with media.joinpath("wide.png").open("rb") as picture:
        client.submit(PROMPT, **SORA, input_image=picture)


def with_named_image(**reference):
    return create(input_image=MediaRef(parameter="input_image", **reference))


def again(prompt, **parameters):
    return lambda client, media: client.submit(prompt, **{**AGAIN, **parameters})


def from_clip(prompt, **parameters):
    return lambda client, media: client.submit(
        prompt, **{"model": "openai/sora-2", "video": media / "clip.mp4", **parameters}
    )


def wait(client, media):
    job = client.submitted()
    assert client.wait(job.id).job.status == "completed"


def fetch(role):
    def act(client, media):
        job = client.finished()
        assert client.fetch(job.id, assets=[role])[0].path.exists()

    return act


def listed(client, media):
    client.submitted()
    found = client.remote_jobs("openai", limit=3)
    assert [row.receipt.id for row in found] == ["video_rec1", "video_rec2", "video_rec3"]


def found_again(client, media):
    """A create that broke off is looked for in the list, which has one row that fits."""
    assert client.submit(PROMPT, **SORA).receipt.id == "video_rec1"


def made_characters(client, media):
    client.submit(
        "Mossy runs",
        model="openai/sora-2",
        size="1280x720",
        openai_characters=[{"name": "Mossy", "video": media / "clip.mp4"}, {"id": "char_2"}],
    )


def removed(client, media):
    job = client.finished()
    assert client.delete(job.id).outcome == "cancelled"


EXTRAS = {"seed": 7, "nested": {"a": True, "b": [1, 2.5]}, "list": [{"id": "x"}, {"id": "y"}]}

#: The SDK's call, by its name in drivers/recorded_calls.py, and how the plugin is asked for the same.
PAIRS = {
    "create": create(),
    "create_only_what_is_given": lambda client, media: client.submit(PROMPT, model="openai/some-model"),
    "create_png": with_image("wide.png"),
    "create_jpeg": with_image("wide.jpg"),
    "create_webp": with_image("wide.webp"),
    "create_open_file": with_open_file,
    "create_odd_file_name": with_image('Straße am "Meer" 海.png'),
    "create_extra_fields": lambda client, media: client.submit(
        PROMPT, **SORA, input_image=media / "wide.png", native=EXTRAS
    ),
    "create_image_url": with_named_image(url="https://a.example/frame.png?x=1&y=2"),
    "create_file_id": with_named_image(id="file-123"),
    "create_for_an_organization": create(),
    "finish": wait,
    "odd_id": wait,
    "thumbnail": fetch("thumbnail"),
    "spritesheet": fetch("spritesheet"),
    "list": listed,
    "find_submission": found_again,
    "remix": again("teal palette", openai_operation="remix"),
    "edit_upload_with_model": from_clip("at night", model="openai/sora-2-pro"),
    "extend_upload": from_clip("go on", openai_operation="extend", duration=8),
    "edit_by_id": again("at night"),
    "extend_by_id": again("go on", openai_operation="extend", duration=8),
    "characters": made_characters,
    "delete": removed,
}
#: Calls of the SDK that are looked at without a twin.
ALONE = ("edit_upload", "create_extra_fields_in_json", "typed_image_url", "typed_edit_by_id")

SETTINGS = {"create_for_an_organization": {"organization": "org-1", "project": "proj_1"}}
#: Methods that 2.26.0 does not have.
NEWER = {"edit_upload", "edit_upload_with_model", "extend_upload", "characters", "typed_edit_by_id"}
#: Where 2.26.0 sends JSON, the plugin does with the profile of a server that takes only JSON.
JSON_IN_OLD = {"create", "create_only_what_is_given", "create_for_an_organization"}
#: Where the plugin is different on purpose; each has a test of its own below.
DIFFERENT = {NEW: {"delete"}, OLD: {"delete", "odd_id"}}


def plugin_sends(name, ours, media, sdk):
    settings = dict(SETTINGS.get(name, {}))
    if name in JSON_IN_OLD and not sdk.is_new:
        settings["profile"] = "json"
    sent = ours(name, lambda client: PAIRS[name](client, media), **settings)
    return sent[1:] if name == "find_submission" else sent  # the create that broke off is no part of it


@pytest.mark.parametrize("name", PAIRS)
def test_requests_are_those_of_the_sdk(sdk, theirs, ours, media, name):
    outcome, expected = theirs[name]
    if not sdk.is_new and name in NEWER:
        assert (outcome, expected) == ("AttributeError", [])
        return
    assert outcome == "sent"
    sent = plugin_sends(name, ours, media, sdk)
    assert len(sent) == len(expected) > 0
    assert {request.headers["authorization"] for request in sent} == {f"Bearer {KEY}"}
    if name in DIFFERENT[sdk.version]:
        assert sent != expected, "no longer different: compare it"
    else:
        assert sent == expected


# --- where they differ, on purpose ------------------------------------------------------------------------------


def test_delete_names_no_type_for_the_body_that_it_has_not(sdk, theirs, ours, media):
    """The SDK says application/json over a DELETE without a body; a strict server may then want JSON in it."""
    ((_, (expected,)), (sent,)) = theirs["delete"], plugin_sends("delete", ours, media, sdk)
    assert (expected.media_type, expected.body) == (JSON, None)
    assert sent == replace(expected, media_type="")


@only_old
def test_slash_in_an_id_is_encoded(sdk, theirs, ours, media):
    """2.26.0 left it as it is, and so asked for another path; 3.54.0 encodes it as the plugin does."""
    sent, expected = plugin_sends("odd_id", ours, media, sdk), theirs["odd_id"][1]
    assert [request.path for request in expected] == [
        "/v1/videos/video_a/b+c==",
        "/v1/videos/video_a/b+c==/content",
    ]
    assert sent == [
        replace(request, path=request.path.replace("video_a/b", "video_a%2Fb")) for request in expected
    ]


@only_new
def test_edit_of_a_file_names_the_model(sdk, theirs, ours, media):
    """Only the guide has the field; without it the server takes a model that nobody asked for."""
    (edit,) = theirs["edit_upload"][1]
    (sent,) = plugin_sends("edit_upload_with_model", ours, media, sdk)
    assert {name: sent.parts[name] for name in edit.parts} == edit.parts
    assert sent.parts.keys() - edit.parts.keys() == {"model"}


@only_old
def test_form_says_the_same_as_the_json_of_the_old_sdk(sdk, theirs, ours, media):
    """The default profile sends every create as a form, as the SDK has done since 2.27.0."""
    (expected,) = theirs["create"][1]
    (sent,) = ours("form", lambda client: PAIRS["create"](client, media))
    assert (sent.media_type, expected.media_type) == (FORM, JSON)
    assert sent.parts == expected.body


def test_picture_in_json_is_a_data_url(sdk, theirs, ours, media):
    """The SDK has no way to put a file into JSON; the object is the one that it sends for an address."""
    (expected,) = theirs["create_image_url"][1]
    (sent,) = ours("json", lambda client: PAIRS["create_png"](client, media), profile="json")
    encoded = base64.b64encode(media.joinpath("wide.png").read_bytes()).decode()
    reference = {"image_url": f"data:image/png;base64,{encoded}"}
    assert sent == replace(expected, body={**expected.body, "input_reference": reference})


def test_extra_fields_keep_their_types_in_json(sdk, theirs, ours, media):
    (expected,) = theirs["create_extra_fields_in_json"][1]
    native = {"seed": 7, "nested": {"a": True}}
    (sent,) = ours("extra-json", lambda client: client.submit(PROMPT, **SORA, native=native), profile="json")
    assert sent == expected


def test_plugin_does_what_the_typed_methods_refuse(sdk, theirs):
    """Why ``image_url`` and a film's id are compared with the SDK's raw calls."""
    assert theirs["typed_image_url"] == ("RuntimeError", [])
    assert theirs["typed_edit_by_id"] == ("RuntimeError" if sdk.is_new else "AttributeError", [])


def test_key_may_stand_in_another_header(sdk, theirs, ours, media):
    """Azure's own header, which the SDK's plain client does not know; all else is the same."""
    (expected,) = theirs["create_png"][1]
    (sent,) = ours("azure", lambda client: PAIRS["create_png"](client, media), profile="azure")
    headers = {name: value for name, value in expected.headers.items() if name != "authorization"}
    assert sent == replace(expected, headers={**headers, "api-key": KEY})
