"""The scripted driver of plugins' unit tests."""

import pytest
from polyreel.errors import PluginFailed, TransportFailed
from polyreel.exchange import Endpoint
from polyreel.flows import Fetch, call, sleep
from polyreel.http import Request
from polyreel.testing import Recording, answers, in_json

HTTP = Endpoint(None, "https://api.tiny.example/v1")


def ask(path="/films"):
    response = yield from HTTP.post(path, json={"prompt": "A paper boat"})
    return response.json()["id"]


def ask_until_done():
    while True:
        response = yield from HTTP.get("/films/1")
        if response.json()["done"]:
            return (yield from call(lambda: "done"))
        yield from sleep(3600)


def test_a_flow_gets_its_answers_and_its_requests_are_kept():
    value, (request,) = answers(ask(), [in_json({"id": "film_1"})])
    assert value == "film_1"
    assert (request.method, request.url) == ("POST", "https://api.tiny.example/v1/films")
    assert request.json == {"prompt": "A paper boat"}


def test_pauses_take_no_time_and_functions_are_called():
    value, requests = answers(ask_until_done(), [in_json({"done": False}), in_json({"done": True})])
    assert value == "done"
    assert len(requests) == 2


def test_an_exception_in_the_script_is_raised_in_the_flow():
    def patient():
        try:
            return (yield from ask())
        except TransportFailed:
            return "nothing came"

    value, _ = answers(patient(), [TransportFailed("cut off", request_sent=True)])
    assert value == "nothing came"


def test_too_few_and_too_many_answers_are_said():
    with pytest.raises(AssertionError, match="no answer is left for Request"):
        answers(ask(), [])
    with pytest.raises(AssertionError, match="1 answers were not asked for"):
        answers(ask(), [in_json({"id": "1"}), in_json({"id": "2"})])


def test_requests_are_kept_when_the_flow_fails():
    def refused():
        yield from ask()
        raise PluginFailed("no", plugin="tiny", phase="hook")

    recording = Recording(script=[in_json({"id": "film_1"})])
    with pytest.raises(PluginFailed):
        recording.run(refused())
    assert [request.url for request in recording.requests] == ["https://api.tiny.example/v1/films"]


def test_only_what_a_hook_may_yield_is_answered():
    def fetches():
        yield Fetch(
            request=Request(method="GET", url="https://x.example"), session=None, into=None, max_bytes=1
        )

    with pytest.raises(AssertionError, match="a hook yields Send, Sleep and Call"):
        answers(fetches(), [])


def test_an_answer_in_json_has_the_headers_that_are_given():
    answer = in_json({"a": 1}, status=202, retry_after="3")
    assert (answer.status, answer.json(), answer.headers["retry-after"]) == (202, {"a": 1}, "3")
