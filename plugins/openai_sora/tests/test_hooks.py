"""What the provider is, and how it asks for a film: the hooks, driven from a script."""

import inspect

import pluggy
import pytest
from polyreel import hookspecs
from polyreel.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ContentRefused,
    PluginFailed,
    ProviderUnavailable,
    RequestRejected,
    UnexpectedAnswer,
)
from polyreel.http import Part, Request
from polyreel.redaction import Secret
from polyreel.types.job import Receipt
from polyreel.types.media import MediaRef
from polyreel_openai_sora import checks, plugin
from polyreel_openai_sora.profiles import PROFILES

EARLIER = MediaRef(parameter="video", id="video_0")


def job(**members):
    return {"id": "video_1", "object": "video", "status": "queued", "model": "sora-2", **members}


def test_hooks_fit_their_specifications():
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    names = {caller.name for caller in manager.get_hookcallers(plugin)}
    assert names >= {"provider_info", "list_models", "authenticate", "submit", "poll", "normalise_result"}


def test_info_names_the_settings_and_no_idempotency():
    info = plugin.provider_info()
    assert (info.id, info.api, info.idempotency) == ("openai", hookspecs.API, "none")
    settings = {setting.name: setting for setting in info.settings}
    assert settings["api_key"].secret
    assert settings["api_key"].required
    assert settings["api_key"].environment == ("OPENAI_API_KEY",)
    assert settings["base_url"].default == "https://api.openai.com/v1"
    assert settings["webhook_secret"].secret
    assert settings["profile"].choices == tuple(PROFILES)
    assert settings["profile"].default == "openai"


@pytest.mark.parametrize(
    ("base_url", "family"),
    [
        ("https://api.openai.com/v1", False),
        ("https://API.openai.com:443/v1/", False),
        ("https://api.openai.com.evil.example/v1", True),
        ("http://localhost:8000/v1", True),
    ],
)
def test_family_is_offered_only_at_another_server(settings, base_url, family):
    models = {json["x-model"]["native_id"] for json in plugin.list_models(settings(base_url=base_url))}
    assert ("*" in models) is family
    assert len(models - {"*"}) == 5


def test_without_any_base_url_every_document_is_offered_for_publication(settings):
    offered = settings()
    del offered.values["base_url"]
    assert len(list(plugin.list_models(offered))) == 6


def headers_of(auth):
    signing = auth.sign(Request(method="GET", url="https://video.example/v1/videos", headers={"Accept": "x"}))
    with pytest.raises(StopIteration) as stop:
        next(signing)
    return stop.value.value.headers


def test_key_is_a_bearer_token(settings):
    assert headers_of(plugin.authenticate(settings(api_key="sk-1"))) == {
        "Accept": "x",
        "Authorization": "Bearer sk-1",
    }


def test_azure_takes_the_key_in_its_own_header(settings):
    headers = headers_of(plugin.authenticate(settings(api_key="k-1", profile="azure")))
    assert headers == {"Accept": "x", "api-key": "k-1"}


def test_organization_and_project_are_named(settings):
    headers = headers_of(
        plugin.authenticate(settings(api_key="sk-1", organization="org-1", project="proj_1"))
    )
    assert headers["OpenAI-Organization"] == "org-1"
    assert headers["OpenAI-Project"] == "proj_1"
    assert headers["Authorization"] == "Bearer sk-1"


def test_without_a_key_nothing_is_signed(settings):
    without = settings()
    del without.values["api_key"]
    assert headers_of(plugin.authenticate(without)) == {"Accept": "x"}


def test_unknown_profile_is_said(settings):
    with pytest.raises(ConfigurationError, match="openai, azure, litellm"):
        plugin.authenticate(settings(profile="vllm"))


@pytest.mark.parametrize("status", [200, 201, 202])
def test_submit_posts_once_and_keeps_the_id_to_the_letter(drive, answer, task, status):
    identity = "video_bGl0ZWxsbTpjdXN0b20="
    run = drive(plugin.submit(task()), answer(job(id=identity), status))
    assert run.lines == ["POST /videos"]
    assert not run.sends[0].repeatable
    assert run.requests[0].form[0] == Part(name="prompt", content="A paper boat")
    assert run.value == Receipt(id=identity, data={"operation": "create", "path": "/videos"})


def test_submit_of_a_remix_says_so_in_the_receipt(drive, answer, task):
    run = drive(plugin.submit(task(video=EARLIER, openai_operation="remix")), answer(job(id="video_2")))
    assert run.lines == ["POST /videos/video_0/remix"]
    assert run.value.data == {"operation": "remix", "path": "/videos/video_0/remix"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"object": "video"}, 200),
        ({"id": None}, 200),
        ({"id": ""}, 200),
        ({"error": {"message": "no"}}, 200),
        ([], 200),
        ("<html>", 200),
        ("", 204),
        (job(), 302),
    ],
)
def test_success_without_an_id_is_an_unknown_fate(drive, answer, task, body, status):
    with pytest.raises(UnexpectedAnswer) as caught:
        drive(plugin.submit(task()), answer(body, status))
    assert caught.value.billed is None
    assert caught.value.provider == "openai"


@pytest.mark.parametrize(
    ("status", "kind", "billed"),
    [(400, RequestRejected, False), (401, AuthenticationFailed, False), (503, ProviderUnavailable, None)],
)
def test_refused_submit_is_an_error(drive, answer, task, *, status, kind, billed):
    with pytest.raises(kind, match="because") as caught:
        drive(plugin.submit(task()), answer({"error": {"message": "because"}}, status))
    assert caught.value.billed is billed


def test_refused_prompt_is_told_apart(drive, answer, task):
    body = {
        "error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "sentinel_block"}
    }
    with pytest.raises(ContentRefused):
        drive(plugin.submit(task()), answer(body, 400))


def test_upload_makes_a_character_of_the_clip(drive, answer, task, clip):
    clips = [clip(f"openai_characters/{index}/video") for index in (0, 1)]
    named = [{"name": name, "video": video} for name, video in zip(("Mo", "Jo"), clips, strict=True)]
    run = drive(
        plugin.upload(task("Mo, Jo", openai_characters=named), clips[1]),
        answer({"id": "char_2", "name": "Jo", "created_at": 1}),
    )
    assert run.lines == ["POST /videos/characters"]
    assert run.requests[0].form[0] == Part(name="name", content="Jo")
    assert run.value == MediaRef(parameter="openai_characters/1/video", id="char_2", media_type="video/mp4")


def test_upload_that_fails_is_an_error(drive, answer, task, clip):
    video = clip("openai_characters/0/video")
    asked = task("Mo", openai_characters=[{"name": "Mo", "video": video}])
    with pytest.raises(RequestRejected):
        drive(plugin.upload(asked, video), answer({"error": {"message": "no"}}, 400))
    with pytest.raises(UnexpectedAnswer):
        drive(plugin.upload(asked, video), answer({"name": "Mo"}))


def test_nothing_else_is_uploaded(drive, task, media):
    with pytest.raises(PluginFailed):
        drive(plugin.upload(task(), media()))


def test_no_module_of_the_plugin_knows_the_network_or_the_environment():
    from polyreel_openai_sora import accounts, failures, jobs, listing, profiles, webhooks, wire

    for module in (accounts, checks, failures, jobs, listing, plugin, profiles, webhooks, wire):
        source = inspect.getsource(module)
        assert not [
            word for word in ("httpx", "os.environ", "getenv", "time.time", "open(") if word in source
        ]


def test_simulator_is_loaded_only_when_asked_for():
    from polyreel_openai_sora.simulator import OpenAISimulator

    assert plugin.simulator() is OpenAISimulator
    assert "OpenAISimulator" not in vars(plugin)


def test_secrets_do_not_show_in_settings(settings):
    assert isinstance(settings().values["api_key"], Secret)
    assert "sk-test" not in repr(settings())
