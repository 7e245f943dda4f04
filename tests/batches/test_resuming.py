"""``resume`` over the schedule of a batch: many at once, each as far as the time allows."""

import pytest
from polyreel.simulation.faults import Fault

MODEL = "acme/one"


@pytest.fixture
def face(face_of, house):
    return face_of(house)


def test_all_are_taken_up_at_once(face, house):
    jobs = [face.submit(f"boat {number}", model=MODEL) for number in range(30)]
    began = house.clock.now()
    ended = face.resume()
    assert {job.id for job in ended} == {job.id for job in jobs}
    assert {job.status for job in ended} == {"completed"}
    assert (
        house.clock.now() - began < 2 * house.render_seconds
    )  # one after the other it would be thirty times as long
    assert house.paid == 30


def test_a_step_that_is_due_too_late_is_not_waited_for(face, house):
    job = face.submit("boat", model=MODEL)
    began = house.clock.now()
    (still,) = face.resume(timeout=(job.next_at - began) / 2)
    assert (still.status, still.polls, house.clock.now()) == ("queued", 0, began)


def test_without_any_time_what_is_due_is_done_once(face, house):
    job = face.submit("boat", model=MODEL)
    house.clock.advance(job.next_at - house.clock.now() + 1)
    (still,) = face.resume(timeout=0)
    assert still.polls == 1


def test_what_keeps_one_from_going_on_is_its_message_and_stops_no_other(face, house):
    jobs = [face.submit(f"boat {number}", model=MODEL) for number in range(3)]
    house.add(Fault(kind="status", status=401, path=f"/films/{jobs[1].receipt.id}$", times=None))
    told = []
    ended = {job.id: job for job in face.resume(on_progress=told.append)}
    assert [ended[job.id].status for job in jobs] == ["completed", "queued", "completed"]
    assert ended[jobs[1].id] in told
    assert ended[jobs[1].id].message


def test_nobody_is_told_of_what_did_not_change(face):
    job = face.submit("boat", model=MODEL)
    told = []
    face.resume(job.id, on_progress=told.append)
    looks = [(seen.phase, seen.percent, seen.message) for seen in told]
    assert (job.phase, job.percent, job.message) not in looks[:1]
    assert len(looks) == len(set(looks))
    assert told[-1].status == "completed"
