"""Observers see each durable change, and what they raise concerns nobody."""

import pytest
from polyreel.hookspecs import hookimpl


class Watcher:
    def __init__(self):
        self.seen = []

    @hookimpl
    def job_changed(self, job, before):
        self.seen.append((before.phase.value if before else None, job.phase.value))


class Careless:
    """Takes only what it needs, and breaks."""

    @hookimpl
    def job_changed(self, job):
        raise ZeroDivisionError(f"cannot bill {job.id}")


def test_each_durable_change_is_seen_once(house):
    watcher = Watcher()
    house.plugins.add_extension("watcher", watcher)
    result = house.client().generate("a paper boat", model="acme/one")
    moves = [(before, after) for before, after in watcher.seen if before != after]
    assert moves == [
        (None, "created"),
        ("created", "submitting"),
        ("submitting", "accepted"),
        ("accepted", "running"),
        ("running", "rendered"),
        ("rendered", "stored"),
    ]
    assert [event.phase.value for event in result.job.history] == [after for _, after in moves]
    # Each claim of a step raises the version too, and is nobody else's business.
    assert len(moves) < len(watcher.seen) <= result.job.version


def test_what_an_observer_raises_is_logged_and_the_others_still_see_it(house, caplog):
    before, after = Watcher(), Watcher()
    for name, extension in (("first", before), ("careless", Careless()), ("last", after)):
        house.plugins.add_extension(name, extension)
    result = house.client().generate("a paper boat", model="acme/one")
    assert result.job.status == "completed"
    assert before.seen == after.seen
    assert len(before.seen) > 3
    assert f"cannot bill {result.job.id}" in caplog.text
    assert "careless" in caplog.text


def test_strict_lets_an_observer_stop_everything(house):
    house.plugins.add_extension("careless", Careless())
    house.plugins.strict = True
    with pytest.raises(ZeroDivisionError):
        house.client().generate("a paper boat", model="acme/one")


def test_a_wrapper_around_observers_is_honoured(house):
    class Around:
        calls = 0

        @hookimpl(wrapper=True)
        def job_changed(self, job):
            type(self).calls += 1
            return (yield)

    watcher = Watcher()
    house.plugins.add_extension("watcher", watcher)
    house.plugins.add_extension("around", Around())
    house.client().generate("a paper boat", model="acme/one")
    assert Around.calls == len(watcher.seen) > 3
