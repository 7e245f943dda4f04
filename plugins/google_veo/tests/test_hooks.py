"""The hooks, driven from a script."""

import inspect

import pluggy
import pytest
from polyreel import hookspecs
from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    UnexpectedAnswer,
)
from polyreel.testing import Recording, answers, in_json
from polyreel.types.job import Receipt
from polyreel_google_veo import plugin

VEO, DEVELOPER, OMNI = "veo-3.1-generate-001", "veo-3.1-generate-preview", "gemini-omni-1.1-flash"
VERTEX_NAME = f"projects/my-proj/locations/us-central1/publishers/google/models/{VEO}/operations/3f1b-uuid"
DEVELOPER_NAME = f"models/{DEVELOPER}/operations/op123"
GEMINI = "https://generativelanguage.googleapis.com"
HOST = "https://us-central1-aiplatform.googleapis.com/v1beta1"
OMNI_VERTEX = "https://aiplatform.googleapis.com/v1beta1/projects/my-proj/locations/global/interactions"


@pytest.fixture
def asked(task):
    """Make one task of each way to ask."""

    def made(way, **given):
        model, surface = {
            "veo": (VEO, "vertex"),
            "developer": (DEVELOPER, "gemini"),
            "omni": (OMNI, "gemini"),
            "omni-vertex": (OMNI, "vertex"),
        }[way]
        return task(model=model, surface=surface, **given)

    return made


@pytest.fixture
def submitted(asked):
    """Submit a task of each way, and return it with its receipt."""

    def made(way, **given):
        task = asked(way, **given)
        name = {"veo": VERTEX_NAME, "developer": DEVELOPER_NAME}.get(way)
        answer = in_json({"name": name} if name else {"id": "v1_abc", "status": "in_progress"})
        receipt, _ = answers(plugin.submit(task), [answer])
        return task, receipt

    return made


def test_hooks_fit_their_specifications():
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    names = {caller.name for caller in manager.get_hookcallers(plugin)}
    assert names >= {"provider_info", "list_models", "authenticate", "submit", "poll", "normalise_result"}
    assert {"preflight", "cancel", "delete", "parse_webhook", "simulator"} <= names
    assert plugin.provider_info().api == hookspecs.API


@pytest.mark.parametrize(
    ("way", "url", "data"),
    [
        (
            "veo",
            f"{HOST}/projects/my-proj/locations/us-central1/publishers/google/models/{VEO}:predictLongRunning",
            {
                "kind": "operation",
                "model": VEO,
                "surface": "vertex",
                "project": "my-proj",
                "region": "us-central1",
            },
        ),
        (
            "developer",
            f"{GEMINI}/v1beta/models/{DEVELOPER}:predictLongRunning",
            {"kind": "operation", "model": DEVELOPER, "surface": "gemini", "project": "", "region": ""},
        ),
        (
            "omni",
            f"{GEMINI}/v1/interactions",
            {"kind": "interaction", "model": OMNI, "surface": "gemini", "project": "", "region": ""},
        ),
        (
            "omni-vertex",
            OMNI_VERTEX,
            {
                "kind": "interaction",
                "model": f"{OMNI}-preview",
                "surface": "vertex",
                "project": "my-proj",
                "region": "global",
            },
        ),
    ],
)
def test_submit_asks_once_and_keeps_what_polling_needs(asked, way, url, data):
    body = {"name": VERTEX_NAME, "id": VERTEX_NAME, "status": "in_progress"}
    recording = Recording(script=[in_json(body)])
    receipt = recording.run(plugin.submit(asked(way)))
    assert receipt == Receipt(id=VERTEX_NAME, data=data)
    (effect,) = recording.effects
    assert (effect.request.method, effect.request.url, effect.repeatable) == ("POST", url, False)


@pytest.mark.parametrize(
    ("status", "message", "kind", "billed"),
    [
        (400, "no", RequestRejected, False),
        (400, "The prompt violates our policies. Support codes: 1", ContentRefused, False),
        (403, "no", AuthenticationFailed, False),
        (404, "gone", RequestRejected, False),
        (429, "slow down", RateLimited, False),
        (503, "busy", ProviderUnavailable, None),
    ],
)
@pytest.mark.parametrize("way", ["veo", "developer", "omni"])
def test_refused_submit_is_an_error(asked, way, status, message, kind, billed):
    answer = in_json([{"error": {"code": status, "message": message}}], status=status)
    with pytest.raises(kind) as caught:
        Recording(script=[answer]).run(plugin.submit(asked(way)))
    assert caught.value.billed is billed


def test_missing_model_names_the_replacement_of_its_document(asked):
    answer = in_json({"error": {"message": "models/x is not found"}}, status=404)
    with pytest.raises(RequestRejected, match=r"use google/gemini-omni-1\.1-flash instead"):
        Recording(script=[answer]).run(plugin.submit(asked("developer")))


@pytest.mark.parametrize("way", ["veo", "developer", "omni", "omni-vertex"])
@pytest.mark.parametrize("answer", [in_json({}), in_json([]), in_json({"name": "n", "id": "i"}, status=302)])
def test_success_without_a_handle_is_an_unknown_fate(asked, way, answer):
    with pytest.raises(UnexpectedAnswer) as caught:
        Recording(script=[answer]).run(plugin.submit(asked(way)))
    assert caught.value.billed is None


@pytest.mark.parametrize(
    ("way", "line", "body"),
    [
        (
            "veo",
            f"POST {HOST}/projects/my-proj/locations/us-central1/publishers/google/models/{VEO}:fetchPredictOperation",
            {"operationName": VERTEX_NAME},
        ),
        ("developer", f"GET {GEMINI}/v1beta/{DEVELOPER_NAME}", None),
        ("omni", f"GET {GEMINI}/v1/interactions/v1_abc?stream=false", None),
        ("omni-vertex", f"GET {OMNI_VERTEX}/v1_abc?stream=false", None),
    ],
)
def test_poll_looks_once_and_may_be_repeated(submitted, way, line, body):
    task, receipt = submitted(way)
    recording = Recording(script=[in_json({"name": "n", "status": "in_progress"})])
    assert recording.run(plugin.poll(task, receipt)).state == "running"
    (effect,) = recording.effects
    request = effect.request
    assert f"{request.method} {request.address}" == line
    assert request.json == body
    assert effect.repeatable
    assert effect.advised is not None


@pytest.mark.parametrize("hook", [plugin.poll, plugin.cancel])
@pytest.mark.parametrize("way", ["veo", "developer", "omni", "omni-vertex"])
def test_answer_may_hold_whole_films(submitted, way, hook):
    task, receipt = submitted(way)
    recording = Recording(script=[in_json({"name": "n", "status": "queued"})])
    recording.run(hook(task, receipt))
    stops = hook is plugin.poll or "omni" in way
    assert [effect.max_bytes for effect in recording.effects] == [512 * 1024 * 1024] * stops


def test_start_of_an_interaction_may_hold_a_whole_film(asked):
    recording = Recording(script=[in_json({"id": "v1_abc", "status": "completed"})])
    recording.run(plugin.submit(asked("omni")))
    assert recording.effects[0].max_bytes == 512 * 1024 * 1024


@pytest.mark.parametrize("hook", [plugin.poll, plugin.cancel, plugin.delete])
@pytest.mark.parametrize("kind", [AuthenticationFailed, RequestRejected])
def test_error_about_an_accepted_job_never_says_that_it_costs_nothing(submitted, hook, kind):
    error = kind("no token, or a redirect")
    flow = hook(*submitted("omni"))
    next(flow)
    assert error.billed is False  # as whoever signs and sends raises it
    with pytest.raises(kind) as caught:
        flow.throw(error)
    assert caught.value.billed is None


@pytest.mark.parametrize("hook", [plugin.poll, plugin.cancel, plugin.delete])
def test_refused_look_is_told_with_advice(submitted, hook):
    task, receipt = submitted("omni-vertex")
    script = [in_json({"error": {"message": "no"}}, status=401)] * 2
    with pytest.raises(AuthenticationFailed, match="gcloud auth print-access-token"):
        Recording(script=script).run(hook(task, receipt))


def test_poll_needs_neither_document_nor_media(submitted, settings):
    task, receipt = submitted("veo")
    for name, value in {"document": {}, "parameters": {}, "settings": settings(api_key=None)}.items():
        object.__setattr__(task, name, value)
    _, (request,) = answers(plugin.poll(task, receipt), [in_json({"name": VERTEX_NAME})])
    assert request.url.startswith(f"{HOST}/projects/my-proj/")


def test_result_says_where_each_film_is(asked):
    found = [{"uri": "gs://b/0.mp4", "media_type": "video/mp4"}, {"data": "AAAA", "media_type": "video/mp4"}]
    first, second = plugin.normalise_result(asked("veo"), {"films": found})
    assert (first.index, first.url) == (0, "https://storage.googleapis.com/storage/v1/b/b/o/0.mp4")
    assert (second.index, second.content) == (1, b"\0\0\0")


@pytest.mark.parametrize("way", ["veo", "developer"])
def test_operation_can_be_neither_stopped_nor_deleted(submitted, way):
    task, receipt = submitted(way)
    for hook in (plugin.cancel, plugin.delete):
        cancellation, _ = answers(hook(task, receipt), [])
        assert cancellation.outcome == "not_supported"
        assert cancellation.message.startswith("Google has no way to")


def test_deletion_says_who_keeps_the_film(submitted):
    assert "two days" in answers(plugin.delete(*submitted("developer")), [])[0].message
    assert "your bucket" in answers(plugin.delete(*submitted("veo")), [])[0].message


@pytest.mark.parametrize(
    ("way", "place"), [("omni", f"{GEMINI}/v1/interactions"), ("omni-vertex", OMNI_VERTEX)]
)
def test_interaction_is_stopped(submitted, way, place):
    task, receipt = submitted(way)
    answer = in_json({"id": "v1_abc", "status": "cancelled"})
    recording = Recording(script=[answer])
    assert recording.run(plugin.cancel(task, receipt)).outcome == "cancelled"
    (effect,) = recording.effects
    assert (effect.request.method, effect.request.url) == ("POST", f"{place}/v1_abc/cancel")
    assert effect.repeatable


@pytest.mark.parametrize("status", ["completed", "in_progress", "failed"])
def test_interaction_that_goes_on_or_is_over_is_too_late(submitted, status):
    task, receipt = submitted("omni")
    cancellation, _ = answers(plugin.cancel(task, receipt), [in_json({"status": status})])
    assert cancellation.outcome == "too_late"


@pytest.mark.parametrize(("status", "outcome"), [("completed", "too_late"), ("cancelled", "cancelled")])
def test_refused_cancel_looks_what_is_true(submitted, status, outcome):
    task, receipt = submitted("omni")
    script = [in_json({"error": {"message": "not running"}}, status=400), in_json({"status": status})]
    cancellation, requests = answers(plugin.cancel(task, receipt), script)
    assert [request.method for request in requests] == ["POST", "GET"]
    assert cancellation.outcome == outcome


def test_refused_cancel_of_a_running_interaction_is_an_error(submitted):
    task, receipt = submitted("omni")
    script = [in_json({"error": {"message": "no"}}, status=403), in_json({"status": "in_progress"})]
    with pytest.raises(AuthenticationFailed):
        Recording(script=script).run(plugin.cancel(task, receipt))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (in_json({}), "cancelled"),
        (in_json({"error": {"message": "Invalid interaction name"}}, status=400), "too_late"),
        (in_json({"error": {"message": "gone"}}, status=404), "too_late"),
    ],
)
def test_interaction_is_deleted(submitted, answer, outcome):
    task, receipt = submitted("omni")
    cancellation, (request,) = answers(plugin.delete(task, receipt), [answer])
    assert (request.method, request.url) == ("DELETE", f"{GEMINI}/v1/interactions/v1_abc")
    assert cancellation.outcome == outcome


def test_refused_deletion_is_an_error(submitted):
    task, receipt = submitted("omni")
    with pytest.raises(AuthenticationFailed):
        Recording(script=[in_json({}, status=403)]).run(plugin.delete(task, receipt))


def test_no_module_of_the_plugin_knows_the_network_or_the_environment():
    from polyreel_google_veo import (
        accounts,
        checks,
        failures,
        films,
        interactions,
        listing,
        media,
        operations,
        readiness,
        surfaces,
        verdicts,
        webhooks,
        wire,
    )

    modules = (accounts, checks, failures, films, interactions, listing, media, operations, plugin, readiness)
    for module in (*modules, surfaces, verdicts, webhooks, wire):
        source = inspect.getsource(module)
        assert not [w for w in ("httpx", "os.environ", "getenv", "time.time", "open(") if w in source]


def test_simulator_is_loaded_only_when_asked_for():
    from polyreel_google_veo.simulator import GoogleSimulator

    assert plugin.simulator() is GoogleSimulator
    assert "GoogleSimulator" not in vars(plugin)
