"""A provider's hooks are called alone; extensions take part in every call."""

from dataclasses import replace

import pytest
from acme.plugin import INFO, Acme, FullAcme
from polyreel.clock import VirtualClock
from polyreel.errors import AuthenticationFailed, InvalidRequest, PluginFailed, Problem, ProviderError
from polyreel.hookspecs import hookimpl
from polyreel.redaction import Secret
from polyreel.types.job import Cancellation
from polyreel.types.provider import Settings, WebhookEvent


class Loud(FullAcme):
    """A second provider, whose hooks must never be called for the first."""

    def __init__(self):
        self.info = replace(INFO, id="loud")

    @hookimpl
    def validate_parameters(self, task):
        raise AssertionError("asked about another provider's task")

    @hookimpl
    def submit(self, task):
        raise AssertionError("asked to film another provider's task")


def test_other_providers_are_left_out(house):
    house.plugins.add_provider("loud", Loud())
    assert house.client().generate("a paper boat", model="acme/one").job.provider == "acme"


def test_a_provider_that_is_loaded_later_is_left_out_too(house):
    client = house.client()
    client.generate("a paper boat", model="acme/one")
    house.plugins.add_provider("loud", Loud())
    assert client.generate("a paper boat", model="acme/one").job.provider == "acme"
    assert house.paid == 2


class Wrapper:
    """Stands around `submit` as a tracer or a cache would."""

    def __init__(self):
        self.seen = []

    @hookimpl(wrapper=True)
    def submit(self, task):
        flow = yield
        self.seen.append(("called", task.id))

        def watched():
            try:
                receipt = yield from flow
            except ProviderError as error:
                self.seen.append(("failed", type(error)))
                raise
            self.seen.append(("receipt", receipt.id))
            return receipt

        return watched()


def test_an_extension_wraps_submit(house):
    wrapper = Wrapper()
    house.plugins.add_extension("tracer", wrapper)
    result = house.client().generate("a paper boat", model="acme/one")
    assert wrapper.seen == [("called", result.job.id), ("receipt", "film_1")]
    assert house.paid == 1


def test_a_wrapper_sees_the_failure_of_what_it_wraps(house):
    wrapper = Wrapper()
    house.plugins.add_extension("tracer", wrapper)
    with pytest.raises(ProviderError):
        house.client().generate("refuse me", model="acme/one")
    assert [word for word, _ in wrapper.seen] == ["called", "failed"]


class Cache:
    """Answers in place of the provider."""

    @hookimpl(tryfirst=True)
    def poll(self, task, receipt):
        return None

    @hookimpl(wrapper=True)
    def cancel(self, task, receipt):
        yield

        def answer():
            yield from ()
            return Cancellation(outcome="too_late", message="by house rule")

        return answer()


def test_an_extension_may_answer_in_the_providers_place_or_leave_it_to_it(house):
    house.plugins.add_extension("cache", Cache())
    client = house.client()
    job = client.submit("a paper boat", model="acme/one")
    assert client.cancel(job.id).message == f"by house rule; {job.id} is queued"
    assert client.wait(job.id).job.status == "completed"
    assert house.count("POST", "cancel") == 0


class Rules:
    @hookimpl
    def validate_parameters(self, task):
        if "logo" in task.parameters["prompt"]:
            yield Problem(parameter="prompt", message="house rule: no logos")


def test_an_extension_adds_problems_to_the_providers(house):
    house.plugins.add_extension("rules", Rules())
    client = house.client()
    with pytest.raises(InvalidRequest) as caught:
        client.generate("a forbidden logo", model="acme/one")
    assert {problem.message for problem in caught.value.problems} == {
        "house rule: no logos",
        "acme films nothing forbidden",
    }
    assert client.check("a logo", model="acme/one").problems[0].message == "house rule: no logos"
    assert client.check("a boat", model="acme/one").ok
    assert house.simulated.faults.requests == ()


def test_an_extension_added_later_takes_part_at_once(house):
    client = house.client()
    assert client.check("a logo", model="acme/one").ok
    house.plugins.add_extension("rules", Rules())
    assert not client.check("a logo", model="acme/one").ok


class ReturnsNothing:
    @hookimpl
    def validate_parameters(self):
        return None


def test_nothing_is_no_problem(house):
    house.plugins.add_extension("quiet", ReturnsNothing())
    assert house.client().check("a boat", model="acme/one").ok


def test_an_ability_is_the_presence_of_a_hook(house, installed):
    plugins = installed()
    bare = plugins.add_provider("acme", Acme())
    assert [bare.has(hook) for hook in ("submit", "cancel", "find_submission")] == [True, False, False]
    assert bare.settle(None, {"charged": "1"}) is None
    full = house.plugins.provider("acme")
    assert all(full.has(hook) for hook in ("cancel", "delete", "list_remote", "refresh", "upload"))

    # An extension that wraps a hook does not make it an ability of the provider.
    plugins.add_extension("cache", Cache())
    assert not bare.has("cancel")


class Webhooks(Acme):
    @hookimpl
    def parse_webhook(self, settings, headers, body, now):
        if headers.get("signature") != settings.secret("api_key").reveal():
            raise AuthenticationFailed("the signature is wrong", provider="acme")
        return WebhookEvent(id=headers["id"], type="done", receipt_id=body.decode())


def test_webhooks_are_verified_by_the_provider(installed):
    provider = installed().add_provider("acme", Webhooks())
    settings = Settings(provider="acme", values={"api_key": Secret("acme-secret")})
    now = VirtualClock().now()
    event = provider.parse_webhook(settings, {"signature": "acme-secret", "id": "1"}, b"film_1", now)
    assert event == WebhookEvent(id="1", type="done", receipt_id="film_1")
    with pytest.raises(AuthenticationFailed):
        provider.parse_webhook(settings, {"signature": "guess", "id": "1"}, b"film_1", now)
    with pytest.raises(PluginFailed, match="parse_webhook"):
        provider.parse_webhook(settings, {"signature": "acme-secret"}, b"film_1", now)


def test_commands_are_offered_to_extensions(installed, point):
    offered = []

    class Verbs:
        @hookimpl
        def register_commands(self, cli):
            offered.append(cli)

    plugins = installed(extensions=[point("verbs", Verbs())])
    plugins.register_commands("the group")
    assert offered == ["the group"]
