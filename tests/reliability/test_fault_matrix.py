"""Each fault in each state: what becomes of the job, and of the money. The table is the specification."""

import json
from dataclasses import replace

import pytest
from acme.house import House, tiny_film
from acme.plugin import Acme, Finds
from polyreel.errors import FetchFailed, JobTimeout, JobUncertain, PolyreelError, RateLimited, TransportFailed
from polyreel.simulation.faults import Fault
from polyreel.types.job import Phase


class Finding(Acme, Finds):
    """Can look for a submit by its token."""


SUBMIT = {"method": "POST", "path": "/films$"}
LOOK = {"method": "GET", "path": r"/films/\w+$"}
FILM = {"method": "GET", "path": "/file/"}


def rewritten(change):
    return {"kind": "rewrite", "rewrite": change}


def in_json(**changes):
    """What the server says, with other members."""

    def change(answer):
        body = {**json.loads(answer.content), **changes}
        return replace(answer, content=json.dumps({n: v for n, v in body.items() if v != "gone"}).encode())

    return rewritten(change)


def with_headers(**headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return rewritten(lambda answer: replace(answer, headers={**answer.headers, **given}))


# What the server did not act upon, what it acted upon, and what is no answer of this protocol.
BEFORE = {
    "reset before it acted": {"kind": "drop_before"},
    "hangs before it acted": {"kind": "hang"},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "529": {"kind": "status", "status": 529},
    "a page with 200": {"kind": "html"},
}
AFTER = {
    "reset after it acted": {"kind": "drop_after"},
    "500 after it acted": {"kind": "status_after", "status": 500},
    "503 after it acted": {"kind": "status_after", "status": 503},
    "half its JSON": {"kind": "broken_json"},
    "no body": {"kind": "empty"},
    "half its body": {"kind": "cut"},
}
TOO_MANY = {
    "429": {"kind": "status", "status": 429},
    "429 with seconds": {"kind": "status", "status": 429, "headers": {"retry-after": "7"}},
    "429 with a date": {
        "kind": "status",
        "status": 429,
        "headers": {"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"},
    },
    "429 for ten days": {"kind": "status", "status": 429, "headers": {"retry-after": "864000"}},
    "429 with nonsense": {"kind": "status", "status": 429, "headers": {"retry-after": "soon"}},
}
ODD_RECEIPTS = {
    "no id": in_json(id="gone"),
    "a number for an id": in_json(id=7),
    "a list": rewritten(lambda answer: replace(answer, content=b"[]")),
}
ODD_LOOKS = {
    "a word that nobody knows": in_json(state="colour_grading"),
    "a number for a state": in_json(state=3),
    "back to queued": in_json(state="queued", percent=None),
    "404 once": {"kind": "status", "status": 404},
    "percent beyond all measure": in_json(percent=1e308),
}
ODD_FILMS = {
    "half the film with the right length": rewritten(
        lambda answer: replace(answer, content=answer.content[: len(answer.content) // 2])
    ),
    "nothing": rewritten(lambda answer: replace(answer, content=b"")),
    "too long a length": {"kind": "cut"},
    "gone": {"kind": "status", "status": 410},
    "forbidden": {"kind": "status", "status": 403},
    "not found": {"kind": "status", "status": 404},
    "gzip that nobody asked for": with_headers(content_encoding="gzip"),
}
REFUSED = {"connection refused": {"kind": "refuse"}}


def cases(*groups):
    return [pytest.param(fault, id=name) for group in groups for name, fault in group.items()]


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, provider=Finding(), real=True)


def generate(house, **options):
    with house.client() as client:
        return client.generate("a paper boat", model="acme/one", **options).job


def sound(house, *, paid):
    """The books of both sides: what was paid, and that everything is accounted for."""
    assert house.paid == paid
    from polyreel.audits import audit

    assert house.store.consult(audit).findings == ()


# --- while it is submitted -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", cases(BEFORE))
def test_a_submit_that_nobody_acted_upon_is_unknown_and_not_sent_again(house, fault):
    house.add(Fault(**fault, **SUBMIT))
    with pytest.raises(JobUncertain) as caught:
        generate(house)
    assert caught.value.job.phase is Phase.UNKNOWN
    assert house.count("POST", "/films$") == 1
    sound(house, paid=0)


@pytest.mark.parametrize("fault", cases(AFTER, ODD_RECEIPTS))
def test_a_submit_that_was_acted_upon_is_found_and_not_sent_again(house, fault):
    house.add(Fault(**fault, **SUBMIT))
    assert generate(house).status == "completed"
    assert house.count("POST", "/films$") == 1
    sound(house, paid=1)


@pytest.mark.parametrize("fault", cases(TOO_MANY))
def test_a_submit_that_is_one_too_many_costs_nothing(house, fault):
    house.add(Fault(**fault, **SUBMIT))
    with pytest.raises(RateLimited) as caught:
        generate(house)
    assert caught.value.job.phase is Phase.FAILED
    sound(house, paid=0)


@pytest.mark.parametrize("fault", cases(TOO_MANY))
def test_a_patient_submit_waits_and_never_for_days(house, fault):
    house.add(Fault(**fault, **SUBMIT))
    began = house.clock.now()
    assert generate(house, patient=True).status == "completed"
    assert house.clock.now() - began < 3600
    sound(house, paid=1)


@pytest.mark.parametrize("fault", cases(REFUSED))
def test_a_submit_that_never_left_is_sent_again(house, fault):
    house.add(Fault(**fault, **SUBMIT))
    assert generate(house).status == "completed"
    sound(house, paid=1)


# --- while it is made ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", cases(BEFORE, AFTER, TOO_MANY, ODD_LOOKS, REFUSED))
def test_a_look_that_fails_once_loses_nothing(house, fault):
    house.add(Fault(**fault, **LOOK))
    assert generate(house).status == "completed"
    sound(house, paid=1)


@pytest.mark.parametrize("fault", cases(BEFORE, TOO_MANY, REFUSED))
def test_looks_that_always_fail_lose_nothing(house, fault):
    house.add(Fault(**fault, **LOOK, times=None))
    with pytest.raises(JobTimeout) as caught:
        generate(house, timeout=600)
    house.simulated.faults.clear()
    with house.client() as client:
        assert client.resume(caught.value.job.id)[0].status == "completed"
    sound(house, paid=1)


# --- while it is fetched ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", cases(BEFORE, TOO_MANY, ODD_FILMS, REFUSED))
def test_a_fetch_that_fails_once_or_for_a_while_leaves_one_whole_film(house, fault):
    house.add(Fault(**fault, **FILM))
    try:
        job = generate(house)
    except (FetchFailed, TransportFailed, PolyreelError) as error:
        job = error.job
        assert job.phase is Phase.RENDERED
        with house.client() as client:
            (job,) = client.resume(job.id)
    assert job.status == "completed"
    assert [path.read_bytes() for path in house.home.rglob("*.mp4")] == [tiny_film()]
    sound(house, paid=1)


@pytest.mark.parametrize("fault", cases(BEFORE, ODD_FILMS, REFUSED))
def test_a_fetch_that_always_fails_keeps_the_job(house, fault):
    house.add(Fault(**fault, **FILM, times=None))
    with pytest.raises(PolyreelError):
        generate(house)
    (job,) = house.store.find()
    assert job.phase is Phase.RENDERED
    assert list(house.home.rglob("*.mp4")) == []
    house.simulated.faults.clear()
    with house.client() as client:
        assert client.resume(job.id)[0].status == "completed"
    sound(house, paid=1)
