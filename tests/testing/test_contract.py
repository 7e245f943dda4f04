"""The contract tests themselves: a sound provider passes them all, and each broken one fails at its own fault."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from polyreel.testing import ProviderContract

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
SOUND = ("Tiny", "CallsForAFile")
BROKEN = {
    "MisspeltHook": "test_it_loads",
    "WrongArgument": "test_it_loads",
    "NoSimulator": "test_it_has_a_simulator",
    "Unmarked": "test_hooks_are_plain_functions",
    "WrongDocument": "test_documents_are_valid",
    "WrongDefault": "test_defaults_are_a_valid_request",
    "Retired": "test_the_example_is_of_a_living_model",
    "SubmitsTwice": "test_a_job_is_paid_once",
    "PaysForALook": "test_preflight_only_looks",
    "SubmitsAgain": "test_a_failed_submit_is_never_paid_twice",
    "SleepsInAHook": "test_hooks_only_yield_effects",
    "ReadsTheEnvironment": "test_hooks_only_yield_effects",
    "OpensAFile": "test_hooks_only_yield_effects",
    "ReceiptIsNotJSON": "test_receipts_are_json",
    "NeedsItsTuple": "test_a_job_survives_a_restart",
    "GivesUpOnAFailedPoll": "test_a_failed_poll_is_survived",
    "LeaksTheKey": "test_keys_never_appear",
    "StopsWhatIsDone": "test_cancel_too_late",
    "DeletesLoudly": "test_delete",
    "FindsAnything": "test_find_submission",
    "ListsEverything": "test_list_remote",
    "PromisesALength": "test_foreign_calls_lead_here",
    "PromisesAModel": "test_foreign_calls_lead_here",
    "PromisesASurface": "test_foreign_calls_lead_here",
    "BelievesEverybody": "test_parse_webhook_believes_nobody",
}
# The faults that a broken provider is not tried with, since others like them are: this is about the tests.
FEWER = "not (portal or no-body or half-of or refused or 502 or too-many)"
UNNEEDED = [f"-pno:{plugin}" for plugin in ("cacheprovider", "xdist", "hypothesispytest", "asyncio")]
ALSO = {"NeedsItsTuple": {"test_receipts_are_json"}}


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Load here what every run inside needs: each run forgets what it has loaded itself."""
    for module in ("av", "PIL.Image", "httpx", "jsonschema", "pydantic", "sqlite3"):
        import_module(module)


@pytest.fixture
def outcome(pytester, monkeypatch):
    """Run the contract on a provider of ``tiny.py`` and return the names of the tests by their outcome."""
    monkeypatch.syspath_prepend(HERE)

    def outcome(provider, more="", only=""):
        pytester.makepyfile(
            test_it=f"""
            import pytest
            import tiny
            from polyreel.testing import ProviderContract

            class TestIt(ProviderContract):
                @pytest.fixture
                def provider_id(self):
                    return "tiny"

                @pytest.fixture
                def plugin(self):
                    return tiny.{provider}()

                @pytest.fixture
                def example(self):
                    return {{"model": "tiny/film-1", "prompt": "A paper boat", "duration": 4}}
            {more}
            """
        )
        result = pytester.runpytest_inprocess("-q", "-rA", "--show-capture=no", *UNNEEDED, "-k", only)
        found = {"PASSED": set(), "FAILED": set(), "ERROR": set()}
        for line in result.outlines:
            told = re.match(r"(PASSED|FAILED|ERROR) \S+::(test_\w+)", line)
            if told:
                found[told[1]].add(told[2])
        return found, "\n".join(result.outlines)

    return outcome


@pytest.mark.parametrize("provider", SOUND)
def test_a_sound_provider_passes(outcome, provider):
    found, text = outcome(provider)
    assert not found["FAILED"] | found["ERROR"], text
    assert len(found["PASSED"]) == sum(name.startswith("test_") for name in dir(ProviderContract))


@pytest.mark.parametrize(("provider", "test"), BROKEN.items(), ids=BROKEN)
def test_a_broken_provider_fails_at_its_fault(outcome, provider, test):
    found, text = outcome(provider, only=FEWER)
    assert found["FAILED"] == {test} | ALSO.get(provider, set()), text
    assert not found["ERROR"], text


def test_a_standard_test_cannot_be_overridden(outcome):
    more = """
                def test_a_whole_job(self):
                    pass
    """
    found, _ = outcome("Tiny", more, only="overridden or whole_job")
    assert found["FAILED"] == {"test_no_standard_test_is_overridden"}


def test_a_standard_test_can_be_expected_to_fail_with_a_reason(outcome):
    more = """
                @pytest.mark.xfail(reason="the vendor's list forgets the newest film")
                def test_list_remote(self, bench):
                    super().test_list_remote(bench)
    """
    found, text = outcome("ListsEverything", more, only="overridden or list_remote")
    assert not found["FAILED"] | found["ERROR"], text


def test_what_must_be_given_is_said(pytester):
    pytester.makepyfile(
        """
        from polyreel.testing import ProviderContract

        class TestIt(ProviderContract):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-q", *UNNEEDED, "-k", "whole_job")
    assert "override the fixture" in "\n".join(result.outlines)
