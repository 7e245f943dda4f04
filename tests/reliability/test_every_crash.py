"""Gate G1: a crash before and after every effect of a job's flow, in every combination, whatever the provider offers."""

import pytest
from polyreel.errors import StorageFailed, TransportFailed
from polyreel.http import Wire
from polyreel.jobs import recovery
from polyreel.steps import LEASE
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Phase
from reliability import modes
from reliability.exploring import Explorer
from reliability.judging import always, at_the_end, leftovers
from reliability.modes import MODES
from reliability.processes import Process, is_paid, settle
from reliability.worlds import DAY, MODEL, PROMPT

by_name = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)


def clean(world):
    """No film lies about that no record names."""
    return [f"left over: {name}" for name in leftovers(world)] if world.jobs[0].phase is Phase.STORED else []


def told(explorer):
    return (
        f"{explorer.world.mode.name}: {explorer.histories(3)} histories of at most three crashes, and all longer ones, "
        f"in {len(explorer.states)} states, {explorer.effects} effects"
    )


SLOW = {modes.TOKEN, modes.LAGGING, modes.FUZZY, modes.PLAIN}
"""Where it is also looked at, on each commit, what a process does that was not killed but stopped, or whose request was under way."""


@by_name
def test_any_number_of_crashes(mode, world_of, short_search, record_property, nightly):
    slow = 2 if nightly else 1 if mode in SLOW else 0
    explorer = Explorer(world_of(mode), slow=slow, check=clean).run()
    record_property("covered", told(explorer))
    # What can be known is known; what cannot is said.
    assert Phase.STORED in explorer.ends
    repeats = mode in {modes.TOKEN, modes.TOKEN_AND_LIST}
    assert explorer.ends == ({Phase.STORED} if repeats else {Phase.STORED, Phase.UNKNOWN})
    assert explorer.histories(3) > 100


@pytest.mark.parametrize("policy", ["resubmit", "fail"])
@pytest.mark.parametrize("mode", [modes.TOKEN, modes.EXACT, modes.PLAIN], ids=lambda mode: mode.name)
def test_what_is_done_about_an_unknown_job(mode, policy, world_of, short_search):
    explorer = Explorer(world_of(mode), options={"on_unknown": policy}, slow=0, kills=2).run()
    gave_up = policy == "fail" and mode is not modes.TOKEN
    assert explorer.ends == ({Phase.STORED, Phase.FAILED} if gave_up else {Phase.STORED})


@pytest.mark.parametrize("mode", [modes.TOKEN, modes.EXACT, modes.PLAIN], ids=lambda mode: mode.name)
def test_somebody_sets_the_clock_by_a_day_or_nobody_looks_for_hours(mode, world_of, longer_search):
    explorer = Explorer(world_of(mode), slow=0, kills=1, clock=1).run()
    assert Phase.STORED in explorer.ends


def test_the_same_key_again_after_each_crash(world_of, short_search):
    again = lambda _: lambda operations: operations.generate(PROMPT, MODEL, {"idempotency_key": "order 7"})  # noqa: E731  a flow by name
    explorer = Explorer(
        world_of(modes.EXACT), options={"idempotency_key": "order 7"}, take_up=again, slow=0, kills=2
    ).run()
    assert Phase.STORED in explorer.ends


def test_two_equal_requests_never_take_each_other_s_films(world_of, shortest_search):
    explorer = Explorer(world_of(modes.FUZZY_TWINS), slow=0, kills=2, jobs=2).run()
    assert explorer.ends == {Phase.STORED, Phase.UNKNOWN}


# --- the process lives, and an effect fails ------------------------------------------------------------------------


@pytest.mark.parametrize("happens", [False, True], ids=["does not happen", "happens, its result is lost"])
@pytest.mark.parametrize(
    "mode", [modes.TOKEN, modes.EXACT, modes.PLAIN, modes.AT_ONCE], ids=lambda mode: mode.name
)
def test_any_one_effect_fails(mode, happens, world_of, short_search):
    """A process that lives and loses one result knows no less than before, but for the one request that is paid."""
    number, begin = 0, world_of(mode)
    start = begin.photograph()
    while True:
        begin.restore(start)
        process = Process(begin, begin.operations().generate(PROMPT, MODEL, {})).run(number)
        if process.over:
            break
        paid = is_paid(process.due)
        (process.lose if happens else process.fail)(failure_of(process.due))
        process.run()
        settle(begin)
        assert [*always(begin), *at_the_end(begin, knows=mode.knows or not paid)] == [], process.trace
        assert len(begin.entries) == 1 or not begin.jobs or begin.jobs[0].phase is not Phase.STORED
        number += 1
    assert number > 12


def failure_of(effect):
    if isinstance(effect, Wire):
        return TransportFailed("the connection broke", request_sent=True)
    return StorageFailed("the disk is busy")


@by_name
def test_nothing_comes_between_the_answer_and_the_record_of_the_receipt(mode, world_of):
    world = world_of(mode)
    process = Process(world, world.operations().submit(PROMPT, MODEL, {}))
    while not world.entries:
        process.perform()
    process.perform()
    assert world.jobs[0].receipt is not None, process.trace


# --- on a real store --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [modes.EXACT, modes.PLAIN], ids=lambda mode: mode.name)
def test_a_crash_after_any_effect_with_a_real_store(mode, world_of, short_search):
    effects, ends, dead = 0, set(), []
    while True:
        world = world_of(mode)
        path = world.folder / f"{effects}.sqlite3"
        world.store = SQLiteStore(path)
        process = Process(world, world.operations().generate(PROMPT, MODEL, {})).run(effects)
        world.store.close()  # the system closes what a killed process had open
        if process.over:
            break
        dead.append(process)
        world.store = SQLiteStore(path)
        settle(world)
        assert [*always(world), *at_the_end(world, knows=mode.knows)] == [], process.trace
        ends.update(job.phase for job in world.jobs)
        world.store.close()
        effects += 1
    assert effects > 12
    assert ends == {Phase.STORED, Phase.UNKNOWN}
    for process in dead:
        process.drop()


# --- by hand ------------------------------------------------------------------------------------------------------


def test_a_job_whose_process_is_only_stopped_is_taken_over_when_its_lease_is_over(world_of):
    world = world_of(modes.EXACT)
    stopped = Process(world, world.operations().submit(PROMPT, MODEL, {}))
    while not world.entries:
        stopped.perform()
    (job,) = world.jobs
    began = world.clock.steady()
    other = Process(world, world.operations().steps.advance(job.id)).run()
    assert (other.value.delay, world.jobs[0].version) == (1.0, job.version)
    settle(world)
    assert world.clock.steady() >= began + LEASE - 1
    assert (world.jobs[0].phase, len(world.entries)) == (Phase.STORED, 1)
    stopped.drop()


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_stalls_nothing(world_of, days):
    world = world_of(modes.PLAIN)
    Process(world, world.operations().submit(PROMPT, MODEL, {})).run()
    world.clock.set(days * DAY)
    began = world.clock.steady()
    settle(world)
    assert world.jobs[0].phase is Phase.STORED
    assert world.clock.steady() - began < 60


def test_a_film_that_is_finished_at_once_is_fetched_at_once(world_of):
    world = world_of(modes.AT_ONCE)
    began = world.clock.steady()
    Process(world, world.operations().generate(PROMPT, MODEL, {})).run()
    assert world.jobs[0].phase is Phase.STORED
    assert world.clock.steady() - began < 2


def cut_off(world, options):
    """A job whose process was killed right before its request left."""
    operations = world.operations()
    process = Process(world, operations.submit(PROMPT, MODEL, options))
    while not is_paid(process.due):
        process.perform()
    world.bury(operations.store.me)
    return process


def test_what_is_never_found_is_looked_for_ever_more_rarely_and_then_no_more(world_of):
    world = world_of(modes.EXACT)
    process = cut_off(world, {})
    began, pauses = world.clock.steady(), []
    while (
        step := Process(world, world.operations().steps.advance(world.jobs[0].id)).run().value
    ).delay is not None:
        pauses.append(step.delay)
        assert len(pauses) < 250, "it is looked for without a pause"
        world.sleep(step.delay)
    assert pauses == sorted(pauses)
    assert pauses[1] > 0  # the first look may be due at once
    assert recovery.SEARCH_ENDS < world.clock.steady() - began < recovery.SEARCH_ENDS + 1000
    assert world.jobs[0].phase is Phase.UNKNOWN
    process.drop()


@pytest.mark.parametrize(("policy", "end"), [("fail", Phase.FAILED), ("resubmit", Phase.STORED)])
def test_a_policy_is_applied_though_each_process_dies_at_the_end_of_the_search(world_of, policy, end):
    effects = 0
    while True:
        world = world_of(modes.EXACT)
        first = cut_off(world, {"on_unknown": policy})
        world.sleep(49 * 3600.0)
        Process(world, world.operations().steps.advance(world.jobs[0].id)).run()
        assert world.jobs[0].phase is Phase.UNKNOWN
        world.sleep(5.0)
        operations = world.operations()
        second = Process(world, operations.steps.advance(world.jobs[0].id)).run(effects)
        if second.over:
            break
        world.bury(operations.store.me)
        settle(world)
        assert world.jobs[0].phase is end, second.trace
        first.drop()
        second.drop()
        effects += 1
    assert effects > 5
