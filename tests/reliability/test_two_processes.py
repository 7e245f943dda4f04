"""Gate G1, with company: a process that was stopped anywhere goes on after others settled its job; two at one store."""

import pytest
from polyreel.jobs.lifecycle import SEND_WITHIN
from polyreel.types.job import Phase
from reliability import modes
from reliability.exploring import Explorer
from reliability.meeting import Schedule, interleavings, zombies
from reliability.modes import MODES
from reliability.processes import Process, is_paid
from reliability.worlds import MODEL, PROMPT

FOUR = (modes.TOKEN, modes.LAGGING, modes.FUZZY, modes.PLAIN)


def asking(operations):
    return operations.submit(PROMPT, MODEL, {})


def explored(world):
    explorer = Explorer(world, slow=0, kills=1).run()
    return explorer, next(iter(explorer.states.values()))


def step_of(explorer, state):
    explorer.world.restore(state.photograph)
    name = explorer.world.jobs[0].id
    return lambda operations: operations.steps.advance(name)


@pytest.mark.parametrize("mode", FOUR, ids=lambda mode: mode.name)
def test_a_zombie_pays_nothing_and_loses_nothing(mode, world_of, short_search):
    explorer, begin = explored(world_of(mode))
    schedules = zombies(explorer, begin, asking, most_steps=3)
    for phase in (Phase.SUBMITTING, Phase.UNKNOWN):
        state = explorer.known(phase)
        if state is not None:
            schedules += zombies(explorer, state, step_of(explorer, state), most_steps=2)
    assert schedules > 30


def test_a_zombie_in_the_middle_of_a_fetch_leaves_one_film(world_of, short_search):
    explorer, _ = explored(world_of(modes.PLAIN))
    state = explorer.known(Phase.RENDERED)
    assert zombies(explorer, state, step_of(explorer, state), most_steps=1) > 10


@pytest.mark.parametrize("mode", FOUR, ids=lambda mode: mode.name)
def test_two_processes_in_every_order(mode, world_of, short_search):
    explorer, begin = explored(world_of(mode))
    assert interleavings(explorer, begin, asking) > 30


def test_two_processes_ask_under_one_key(world_of, short_search):
    def keyed(operations):
        return operations.submit(PROMPT, MODEL, {"idempotency_key": "order 7"})

    explorer, begin = explored(world_of(modes.PLAIN))
    assert interleavings(explorer, begin, keyed, keyed, pause=0.0) > 30
    assert all(len(each.photograph.store["_jobs"]) <= 1 for each in explorer.states.values())


def test_one_looks_for_its_film_while_the_other_s_receipt_is_on_its_way(world_of, shortest_search):
    # The one film that both could be is the other's; whoever looks must see that.
    explorer, _ = explored(world_of(modes.FUZZY_TWINS))
    orphan = next(
        state
        for state in explorer.states.values()
        if not state.photograph.charges and _phases(state) == [Phase.UNKNOWN]
    )
    looking = step_of(explorer, orphan)
    explorer.asked = 2
    assert interleavings(explorer, orphan, asking, looking, pause=0.0) > 30


def _phases(state):
    return [job.phase for job in state.photograph.store["_jobs"].values()]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_a_request_that_is_late_stays_here(mode, world_of):
    world = world_of(mode)
    process = Process(world, asking(world.operations()))
    while not is_paid(process.due):
        process.perform()
    world.sleep(SEND_WITHIN)
    process.perform()
    assert (world.entries, world.jobs[0].phase) == ((), Phase.SUBMITTING)
    process.run()
    assert (world.entries, world.jobs[0].phase) == ((), Phase.CREATED)


@pytest.mark.parametrize("mode", [*FOUR, modes.AT_ONCE], ids=lambda mode: mode.name)
def test_every_order_that_a_night_has_time_for(mode, world_of, short_search, nightly):
    if not nightly:
        pytest.skip("set POLYREEL_NIGHTLY=1")
    explorer, begin = explored(world_of(mode))
    interleavings(explorer, begin, asking, stays=False)
    for state in list(explorer.states.values()):
        explorer.world.restore(state.photograph)
        if explorer.due() and not explorer.world.store._leases:
            zombies(explorer, state, step_of(explorer, state), most_steps=6)
            interleavings(explorer, state, step_of(explorer, state))


def test_a_schedule_can_be_told(world_of):
    explorer, begin = explored(world_of(modes.PLAIN))
    schedule = Schedule(explorer, begin, asking)
    schedule.run(schedule.zombie, 3)
    assert "Records.add" in schedule.told()
    schedule.end("let go")
