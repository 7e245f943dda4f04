"""``map`` of both clients: many real jobs against a simulator that keeps account of what is charged."""

import asyncio
import threading
from contextlib import aclosing
from pathlib import Path

import pytest
from polyreel.errors import (
    ContentRefused,
    InvalidRequest,
    JobTimeout,
    JobUncertain,
    ModelNotFound,
    RequestRejected,
)
from polyreel.simulation.faults import Fault

MODEL = "acme/one"


def boats(count, **facts):
    return [{"prompt": f"boat {number}", "duration": 4, **facts} for number in range(count)]


@pytest.fixture
def face(face_of, house):
    return face_of(house)


def test_every_request_becomes_a_film_and_is_paid_once(face, house):
    outcomes = face.map(boats(20), model=MODEL, concurrency=20)
    assert sorted(outcome.index for outcome in outcomes) == [*range(20)]
    assert all(outcome.ok and outcome.result.path.exists() for outcome in outcomes)
    assert [outcome.request["prompt"] for outcome in sorted(outcomes, key=lambda o: o.index)] == [
        f"boat {number}" for number in range(20)
    ]
    assert house.paid == 20


def test_prompts_alone_are_requests(face):
    outcomes = face.map(["a boat", "a kite"], model=MODEL, duration=4)
    assert sorted(outcome.job.prompt for outcome in outcomes) == ["a boat", "a kite"]


def test_nothing_to_do_is_no_error(face):
    assert face.map([], model=MODEL) == []


def test_many_are_with_the_provider_at_once_and_no_more_than_allowed(face, house):
    flying = []

    def watched(job):
        films = house.state["films"].values()
        flying.append(sum(house.clock.now() < film["ready"] for film in films))

    face.map(boats(12), model=MODEL, concurrency=3, on_progress=watched)
    assert max(flying) == 3


def test_one_requests_error_is_its_own(face, house):
    requests = [
        *boats(2),
        {"prompt": "refuse me"},
        {"prompt": "x", "duration": 999},
        {"model": MODEL},
        *boats(2),
    ]
    outcomes = sorted(face.map(requests, model=MODEL), key=lambda outcome: outcome.index)
    kinds = [type(outcome.error) for outcome in outcomes]
    assert kinds[2] in {ContentRefused, RequestRejected}
    assert kinds[3:5] == [InvalidRequest, InvalidRequest]
    assert [outcome.ok for outcome in outcomes] == [True, True, False, False, False, True, True]
    assert house.paid == 4


def test_an_unknown_model_is_an_outcome(face):
    (outcome,) = face.map(["boat"], model="acme/nothing")
    assert isinstance(outcome.error, ModelNotFound)
    assert outcome.job is None


def test_a_submit_that_was_cut_off_is_uncertain_and_not_sent_again(face_of, tmp_path):
    from acme.house import House
    from acme.plugin import Acme

    house = House(tmp_path, provider=Acme(), real=True, faults=(Fault(kind="drop_after", method="POST"),))
    outcomes = face_of(house).map(boats(3), model=MODEL, concurrency=1)
    assert [type(outcome.error) for outcome in outcomes] == [JobUncertain, type(None), type(None)]
    assert house.count("POST", "/films") == 3
    assert house.paid == 3


def test_too_many_requests_put_a_job_back_and_it_is_tried_again_later(face, house):
    house.add(Fault(kind="status", method="POST", path="/films$", status=429, times=2))
    outcomes = face.map(boats(4), model=MODEL, concurrency=4)
    assert [outcome.ok for outcome in outcomes] == [True] * 4
    assert house.paid == 4


def test_changes_are_told_in_the_callers_own_thread(face):
    told, threads = [], set()

    def on_progress(job):
        told.append((job.id, job.phase.value))
        threads.add(threading.current_thread())

    outcomes = face.map(boats(3), model=MODEL, on_progress=on_progress)
    for outcome in outcomes:
        phases = [phase for name, phase in told if name == outcome.job.id]
        assert phases[0] == "accepted"
        assert phases[-1] == "stored"
    assert threads == {threading.main_thread()}


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": True}, "concurrency"),
        ({"concurrency": 2.5}, "concurrency"),
        ({"hands": 0}, "hands"),
        ({"timeout": "soon"}, "timeout"),
        ({"name": ""}, "name"),
        ({"name": "x" * 241}, "name"),
        ({"name": 7}, "name"),
    ],
)
def test_arguments_that_are_none_are_refused_before_anything_is_sent(face, house, arguments, parameter):
    with pytest.raises(InvalidRequest) as refused:
        face.map(boats(1), model=MODEL, **arguments)
    assert [problem.parameter for problem in refused.value.problems] == [parameter]
    assert house.paid == 0


@pytest.mark.parametrize("requests", ["one prompt", {"prompt": "one"}, 7, None])
def test_what_is_no_iterable_of_requests_is_refused(house, requests):
    with house.client() as client, pytest.raises(InvalidRequest, match="requests"):
        client.map(requests, model=MODEL)


def test_the_time_to_wait_is_for_all_and_the_jobs_go_on(face_of, house):
    house.render_seconds = 100.0
    face = face_of(house)
    outcomes = face.map(boats(6), model=MODEL, concurrency=4, timeout=50.0, name="boats")
    assert all(isinstance(outcome.error, JobTimeout) for outcome in outcomes)
    assert len(outcomes) == 6
    assert sum(outcome.job is not None for outcome in outcomes) == house.paid == 4
    assert [outcome.ok for outcome in face.map(boats(6), model=MODEL, name="boats")] == [True] * 6
    assert house.paid == 6


# --- paid once ---------------------------------------------------------------------------------------------------


def test_under_the_same_name_the_same_request_is_paid_once(face, house):
    first = face.map(boats(5), model=MODEL, name="boats")
    again = face.map(boats(5), model=MODEL, name="boats")
    assert house.paid == 5
    assert {outcome.job.id for outcome in first} == {outcome.job.id for outcome in again}
    assert [outcome.earlier for outcome in (*first, *again)] == [False] * 5 + [True] * 5
    assert all(outcome.ok for outcome in again)


def test_without_a_name_every_call_makes_new_films(face, house):
    face.map(boats(2), model=MODEL)
    face.map(boats(2), model=MODEL)
    assert house.paid == 4


def test_only_what_is_new_is_asked_for(face, house):
    face.map(boats(3), model=MODEL, name="boats")
    outcomes = face.map([*boats(4), {"prompt": "boat 1", "duration": 8}], model=MODEL, name="boats")
    assert house.paid == 5
    assert sorted(outcome.index for outcome in outcomes if not outcome.earlier) == [3, 4]


def test_a_film_that_is_there_is_no_obstacle_to_its_own_request(face, house, tmp_path):
    requests = boats(2)
    for number, request in enumerate(requests):
        request["output"] = str(tmp_path / f"boat-{number}.mp4")
    face.map(requests, model=MODEL, name="boats")
    outcomes = face.map(requests, model=MODEL, name="boats")
    assert sorted(str(outcome.result.path) for outcome in outcomes) == [
        request["output"] for request in requests
    ]
    assert house.paid == 2


def test_another_picture_under_the_same_path_is_a_new_film(face, house, tmp_path):
    from acme.house import picture

    path = tmp_path / "frame.png"
    for pixels in (320, 640, 320):
        path.write_bytes(picture(pixels, 320))
        outcomes = face.map(
            [{"prompt": "boat", "input_image": str(path), "fit": "pad"}], model="acme/one", name="boats"
        )
        assert [type(outcome.error) for outcome in outcomes] == [type(None)]
    assert house.paid == 2


def test_what_failed_without_being_charged_is_asked_again(face, house):
    house.add(Fault(kind="status", method="POST", path="/films$", status=422, body=b'{"error": "unsafe"}'))
    (first,) = face.map(boats(1), model=MODEL, name="boats")
    (second,) = face.map(boats(1), model=MODEL, name="boats")
    (third,) = face.map(boats(1), model=MODEL, name="boats")
    assert not first.ok
    assert second.ok
    assert not second.earlier
    assert (third.job.id, third.earlier) == (second.job.id, True)
    assert house.paid == 1


def test_what_may_have_been_charged_is_not_asked_again(face_of, tmp_path):
    from acme.house import House
    from acme.plugin import Acme

    house = House(tmp_path, provider=Acme(), real=True, faults=(Fault(kind="drop_after", method="POST"),))
    face = face_of(house)
    for _ in range(3):
        (outcome,) = face.map(boats(1), model=MODEL, name="boats")
        assert isinstance(outcome.error, JobUncertain)
    assert house.count("POST", "/films") == 1


def test_the_callers_own_key_is_known_again_too(face, house):
    requests = [{"prompt": "boat", "idempotency_key": "order 7"}]
    (first,) = face.map(requests, model=MODEL)
    (second,) = face.map(requests, model=MODEL)
    assert first.job.id == second.job.id
    assert house.paid == 1


def test_the_callers_own_key_of_another_request_is_refused(face, house):
    face.map([{"prompt": "boat", "idempotency_key": "order 7"}], model=MODEL)
    (outcome,) = face.map([{"prompt": "kite", "idempotency_key": "order 7"}], model=MODEL)
    assert isinstance(outcome.error, InvalidRequest)
    assert house.paid == 1


def test_a_rehearsal_is_no_film_of_the_real_batch(face_of, house):
    house.real = False
    rehearsed = face_of(house).map(boats(2), model=MODEL, name="boats")
    house.real = True
    real = face_of(house).map(boats(2), model=MODEL, name="boats")
    assert [outcome.job.simulated for outcome in (*rehearsed, *real)] == [True, True, False, False]
    assert not any(outcome.earlier for outcome in real)


def test_what_was_interrupted_is_taken_up(house):
    with house.client() as client:
        outcomes = client.map(boats(10), model=MODEL, name="boats", concurrency=4)
        next(outcomes)
        outcomes.close()
    paid = house.paid
    assert 1 <= paid < 10
    with house.client() as client:
        assert all(outcome.ok for outcome in client.map(boats(10), model=MODEL, name="boats"))
    assert house.paid == 10


# --- review ------------------------------------------------------------------------------------------------------


def test_a_review_prices_everything_and_sends_nothing(face, house):
    reviews = face.review([*boats(2), {"prompt": "x", "duration": 999}, 7], model=MODEL)
    assert [review.ok for review in reviews] == [True, True, False, False]
    assert [review.index for review in reviews] == [0, 1, 2, 3]
    assert reviews[0].estimate.amount > 0
    assert house.count("POST") == 0


def test_a_review_knows_what_was_made_before(face):
    face.map(boats(1), model=MODEL, name="boats")
    known, new = face.review(boats(2), model=MODEL, name="boats")
    assert known.job is not None
    assert known.estimate is None
    assert new.job is None


# --- who stops -----------------------------------------------------------------------------------------------------


def test_a_task_that_is_cancelled_loses_no_job(house):
    async def cancelled():
        async with house.async_client() as client:

            async def reads():
                async with aclosing(
                    client.map(boats(50), model=MODEL, name="boats", concurrency=5)
                ) as outcomes:
                    async for _ in outcomes:
                        raise asyncio.CancelledError

            with pytest.raises(asyncio.CancelledError):
                await reads()
            return await client.list_jobs()

    jobs = asyncio.run(cancelled())
    assert house.paid == sum(job.receipt is not None for job in jobs) < 50
    assert not [job for job in jobs if job.phase in {"submitting", "unknown"}]


def test_requests_may_be_awaited(house):
    async def made():
        async def requests():
            for request in boats(3):
                await asyncio.sleep(0)
                yield request

        async with house.async_client() as client:
            return [outcome async for outcome in client.map(requests(), model=MODEL)]

    assert all(outcome.ok for outcome in asyncio.run(made()))


def test_awaited_requests_need_the_awaited_client(house):
    async def requests():
        yield "a boat"

    with house.client() as client, pytest.raises(InvalidRequest, match="AsyncClient"):
        client.map(requests(), model=MODEL)


def test_endless_requests_are_taken_one_by_one(house):
    taken = []

    def requests():
        while True:
            taken.append(f"boat {len(taken)}")
            yield taken[-1]

    with house.client() as client:
        outcomes = client.map(requests(), model=MODEL, concurrency=2)
        for _ in range(5):
            assert next(outcomes).ok
        outcomes.close()
    assert len(taken) < 30


@pytest.mark.parametrize(("kind", "count"), [("client", 2_000), ("async_client", 500)])
def test_thousands_of_jobs_at_once(house, kind, count):
    house.render_seconds = 5.0
    requests = ({"prompt": f"boat {number}", "duration": 4} for number in range(count))

    async def awaited():
        async with house.async_client() as client:
            return [outcome.ok async for outcome in client.map(requests, model=MODEL, concurrency=count)]

    if kind == "client":
        with house.client() as client:
            done = [outcome.ok for outcome in client.map(requests, model=MODEL, concurrency=count)]
    else:
        done = asyncio.run(awaited())
    assert done == [True] * count
    assert house.paid == count
    assert len([*Path(house.home).rglob("*.mp4")]) == count


# --- several models ------------------------------------------------------------------------------------------------


@pytest.fixture
def studio(tmp_path):
    """A provider with two models, and no way to look for a submit."""
    from acme.house import House
    from acme.plugin import DOCUMENT, Acme, another

    class Two(Acme):
        documents = (DOCUMENT, another("two"))

    return House(tmp_path, provider=Two(), real=True)


def test_what_another_model_made_is_known_again(face_of, studio):
    studio.add(Fault(kind="status", method="POST", path="/films$", status=429))
    face = face_of(studio)
    made = [face.map(boats(1), model=MODEL, fallback="acme/two", name="boats") for _ in range(3)]
    assert [[outcome.job.model for outcome in outcomes] for outcomes in made] == [["acme/two"]] * 3
    assert [outcomes[0].earlier for outcomes in made] == [False, True, True]
    assert studio.paid == 1


def test_the_last_model_is_waited_for(face_of, studio):
    studio.add(Fault(kind="status", method="POST", path="/films$", status=429, times=2))
    (outcome,) = face_of(studio).map(boats(1), model=MODEL, fallback="acme/two")
    assert outcome.job.model == "acme/two"
    assert outcome.ok


def test_behind_a_submit_that_was_cut_off_no_other_model_is_asked(face_of, studio):
    studio.add(Fault(kind="drop_after", method="POST", path="/films$"))
    face = face_of(studio)
    for _ in range(2):
        (outcome,) = face.map(boats(1), model=MODEL, fallback="acme/two", name="boats")
        assert isinstance(outcome.error, JobUncertain)
    assert studio.count("POST", "/films") == 1


def test_when_all_models_refused_all_are_asked_again(face_of, studio):
    studio.add(Fault(kind="status", method="POST", path="/films$", status=402, times=2))
    face = face_of(studio)
    first, second = (face.map(boats(1), model=MODEL, fallback="acme/two", name="boats")[0] for _ in range(2))
    assert not first.ok
    assert second.ok
    assert studio.paid == 1


def test_requests_that_are_cancelled_from_inside_end_the_reading(house):
    async def requests():
        yield {"prompt": "a paper boat", "model": "acme/one"}
        raise asyncio.CancelledError

    async def read():
        async with house.async_client() as client:
            return [outcome async for outcome in client.map(requests())]

    async def bounded():
        return await asyncio.wait_for(read(), 20)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(bounded())
