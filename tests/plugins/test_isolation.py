"""One bad plugin is reported and disabled, in whatever way it is bad; the others go on."""

import threading
from dataclasses import replace

import pytest
from acme.plugin import DOCUMENT, INFO, Acme, FullAcme
from polyreel.client import Client
from polyreel.errors import ConfigurationError, ModelNotFound, PluginFailed
from polyreel.hookspecs import hookimpl


class Named(Acme):
    """A good provider under another id."""

    def __init__(self, name, **facts):
        self.info = replace(INFO, id=name, **facts)


class WithoutPoll(Named):
    poll = None


class Misspelt(Named):
    @hookimpl
    def find_submision(self):
        raise AssertionError("never called")


class WrongArgument(Named):
    @hookimpl
    def submit(self, task, colour):
        raise AssertionError("never called")


class SaysNothing(Named):
    @hookimpl
    def provider_info(self):
        return None


BAD = {
    "import error": (ImportError("no module named 'torch'"), "import", "no module named 'torch'"),
    "crash at import": (ZeroDivisionError("division by zero"), "import", "ZeroDivisionError"),
    "missing hook": (WithoutPoll("bad"), "contract", "lacks the required hooks poll"),
    "misspelt hook": (Misspelt("bad"), "register", "find_submision"),
    "wrong argument": (WrongArgument("bad"), "register", "colour"),
    "wrong id": (Named("worse"), "contract", "its entry point says 'bad'"),
    "newer interface": (Named("bad", api=2), "contract", "version 2 of the plugin interface"),
    "no information": (SaysNothing("bad"), "contract", "provider_info"),
    "no plugin at all": (object(), "contract", "lacks the required hooks"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_provider_is_disabled_and_the_others_work(kind, point, installed, house):
    plugin, phase, message = BAD[kind]
    bad = point("bad", plugin, "bad.plugin")
    plugins = installed(point("acme", FullAcme(), "acme.plugin"), bad)
    with pytest.raises(PluginFailed) as caught:
        plugins.provider("bad")
    assert caught.value.plugin == "bad"
    assert caught.value.phase == phase
    assert message in str(caught.value)

    # Asked again, it says the same and does not try again.
    with pytest.raises(PluginFailed, match="is disabled") as again:
        plugins.provider("bad")
    assert again.value.phase == phase
    assert bad.loads == 1

    (failure,) = plugins.failures
    assert (failure.plugin, failure.phase) == ("bad", phase)
    assert message in failure.message
    assert "Traceback" in failure.details
    assert "Traceback" not in repr(failure)

    # No hook of it takes part in what the good one does.
    house.plugins = plugins
    result = house.client().generate("a paper boat", model="acme/one")
    assert result.job.status == "completed"
    assert house.paid == 1


@pytest.mark.parametrize("kind", BAD)
def test_strict_raises_what_isolation_hides(kind, point, installed):
    plugins = installed(point("bad", BAD[kind][0]), strict=True)
    with pytest.raises(Exception) as caught:  # noqa: PT011  whatever it is
        plugins.provider("bad")
    assert "is disabled" not in str(caught.value)
    assert plugins.failures == ()


def test_a_bad_extension_is_logged_and_the_others_are_loaded(point, installed, caplog):
    seen = []

    class Watcher:
        @hookimpl
        def job_changed(self, job):
            seen.append(job)

    plugins = installed(
        extensions=[
            point("broken", ImportError("no such thing")),
            point("misspelt", Misspelt("x")),
            point("watcher", Watcher()),
        ]
    )
    plugins.load_extensions()
    plugins.load_extensions()
    assert {failure.plugin: failure.phase for failure in plugins.failures} == {
        "broken": "import",
        "misspelt": "register",
    }
    assert caplog.text.count("is disabled") == 2
    plugins.notify("a job", None)
    assert seen == ["a job"]


def test_an_extension_may_have_the_name_of_a_provider(point, installed, full):
    # polyreel-acme may bring the provider `acme` and an extension that adds its own verbs.
    extension = point("acme", object(), "acme.verbs")
    plugins = installed(point("acme", full, "acme.plugin"), extensions=[extension])
    plugins.load_extensions()
    assert plugins.provider("acme").plugin is full
    assert plugins.failures == ()


def test_a_bad_extension_does_not_disable_the_provider_of_the_same_name(point, installed, full):
    plugins = installed(point("acme", full), extensions=[point("acme", ImportError("no click"))])
    plugins.load_extensions()
    assert plugins.provider("acme").plugin is full
    assert [failure.phase for failure in plugins.failures] == ["import"]


def test_many_threads_may_use_a_provider_first(point, installed, full):
    slow = point("acme", full)
    load, barrier = slow.load, threading.Barrier(8)

    def slowly():
        barrier_passed.wait(0.05)
        return load()

    barrier_passed, found, failed = threading.Event(), [], []
    slow.load = slowly
    plugins = installed(slow)

    def use():
        barrier.wait()
        try:
            found.append(plugins.provider("acme"))
        except Exception as error:  # noqa: BLE001  reported below
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({id(provider) for provider in found}) == 1
    assert slow.loads == 1


# --- a plugin that breaks only when it is called -------------------------------------------------------------


class BrokenDocuments(Named):
    @hookimpl
    def list_models(self):
        yield DOCUMENT
        raise KeyError("gone")


class DamagedDocument(Named):
    documents = ({"title": "no model at all"},)


class NoDocuments(Named):
    documents = None


@pytest.mark.parametrize("kind", [BrokenDocuments, DamagedDocument, NoDocuments])
def test_a_provider_with_bad_documents_hides_no_other_model(kind, point, installed, tmp_path):
    plugins = installed(point("acme", FullAcme()), point("bad", kind("bad")))
    with Client(plugins=plugins, home=tmp_path, store="memory", simulate=True) as client:
        assert [document.id for document in client.models()] == ["acme/one"]
        with pytest.raises(ModelNotFound, match="did you mean 'acme/one'"):
            client.check("x", model="acme/on")
        with pytest.raises(PluginFailed, match="'bad'"):
            client.check("x", model="bad/one")


class RaisesInFlow(Acme):
    @hookimpl
    def submit(self, task):
        yield from ()
        raise KeyError("seconds")


class RaisesAtOnce(Acme):
    @hookimpl
    def submit(self, task):
        raise KeyError("seconds")


class ReturnsNothing(Acme):
    @hookimpl
    def submit(self, task):
        return None


class FlowOfNothing(Acme):
    @hookimpl
    def submit(self, task):
        yield from task.http.post("/films", json=self.body(task))


@pytest.mark.parametrize(
    ("provider", "billed"),
    [(RaisesInFlow, 0), (RaisesAtOnce, 0), (ReturnsNothing, 0), (FlowOfNothing, 1)],
)
def test_a_mistake_in_submit_is_the_plugins_and_the_job_is_honest(provider, billed, house):
    house.provider = provider()
    house.__post_init__()
    client = house.client()
    with pytest.raises(Exception) as caught:  # noqa: PT011  its chain is looked at
        client.generate("a paper boat", model="acme/one")
    chain = [caught.value, caught.value.__cause__]
    assert any(isinstance(error, PluginFailed) and "bug in the plugin" in str(error) for error in chain)
    (job,) = client.list_jobs()
    # Once something was sent, nobody can know what became of it.
    assert job.status == ("unknown" if billed else "failed")
    assert job.receipt is None
    assert house.paid == billed


class PollsBadly(Acme):
    def __init__(self, answer):
        self.answer = answer

    @hookimpl
    def poll(self, task, receipt):
        yield from ()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [KeyError("state"), None, {"state": "succeeded"}])
def test_a_mistake_in_poll_keeps_the_job(answer, house):
    house.provider = PollsBadly(answer)
    house.__post_init__()
    client = house.client()
    with pytest.raises(PluginFailed, match="poll"):
        client.generate("a paper boat", model="acme/one")
    (job,) = client.list_jobs(unfinished=True)
    assert job.status == "queued"
    assert job.receipt.id == "film_1"


class BadResult(Acme):
    answer = None

    @hookimpl
    def normalise_result(self, payload):
        return self.answer


def test_a_result_that_is_none_keeps_the_job(house):
    house.provider = BadResult()
    house.__post_init__()
    client = house.client()
    with pytest.raises(PluginFailed, match="normalise_result"):
        client.generate("a paper boat", model="acme/one")
    assert client.list_jobs(unfinished=True)


class RaisesWhileChecking(Acme):
    @hookimpl
    def validate_parameters(self, task):
        yield from ()
        raise KeyError("pixels")


def test_a_mistake_in_validation_is_the_plugins_and_nothing_is_sent(house):
    house.provider = RaisesWhileChecking()
    house.__post_init__()
    with pytest.raises(PluginFailed, match="validate_parameters"):
        house.client().generate("a paper boat", model="acme/one")
    assert house.count("POST") == 0


def test_strict_shows_a_mistake_as_it_is(house):
    house.provider = RaisesInFlow()
    house.__post_init__()
    house.plugins.strict = True
    with pytest.raises(Exception) as caught:  # noqa: PT011  its chain is looked at
        house.client().generate("a paper boat", model="acme/one")
    chain, error = [], caught.value
    while error is not None and type(error) not in chain:
        chain.append(type(error))
        error = error.__cause__ or error.__context__
    assert KeyError in chain
    assert PluginFailed not in chain


def test_a_provider_without_a_simulator_says_so(tmp_path, installed):
    class NoSimulator(Acme):
        simulator = None

    plugins = installed()
    plugins.add_provider("acme", NoSimulator())
    with (
        Client(plugins=plugins, home=tmp_path, store="memory", simulate=True) as client,
        pytest.raises(ConfigurationError, match="has no simulator"),
    ):
        client.check("x", model="acme/one")
