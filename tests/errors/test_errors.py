import inspect
import pickle

import pytest
from polyreel import errors
from polyreel.errors import PolyreelError, Problem

SPECIAL = {
    errors.MissingKey: {"provider": "acme", "variables": ["ACME_API_KEY"]},
    errors.MissingExtra: {"extra": "simulate"},
    errors.PluginFailed: {"plugin": "acme", "phase": "import"},
    errors.ModelNotFound: {"model": "acme/x", "suggestions": ["acme/y"]},
    errors.ModelRetired: {"model": "acme/x", "retired_on": "2026-09-24", "replacements": ["acme/y"]},
    errors.TransportFailed: {"request_sent": True, "method": "POST", "url": "https://acme.example"},
    errors.RateLimited: {"retry_after": 3.0, "status": 429, "code": "slow_down", "provider": "acme"},
}
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, PolyreelError) and kind is not errors.InvalidRequest
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_crosses_processes_with_its_facts(kind):
    error = kind("a sentence", **SPECIAL.get(kind, {}))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_an_invalid_request_crosses_processes_with_its_problems():
    error = errors.InvalidRequest(
        [Problem(parameter="size", message="is odd", allowed=("1x1",))], model="acme/x"
    )
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems
    assert str(again) == "size: is odd (model acme/x)"


def test_the_tree_in_the_docstring_names_every_error():
    for kind in KINDS:
        assert kind.__name__ in (errors.__doc__ or ""), kind


def test_every_public_error_is_in_the_list():
    assert {kind.__name__ for kind in KINDS} | {"InvalidRequest", "Problem"} == set(errors.__all__)
