"""The standard tests of a provider: subclass :class:`ProviderContract`, give two fixtures, and run pytest."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from polyreel import hookspecs
from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import problems_of
from polyreel.errors import InvalidRequest
from polyreel.parameters.preparation import prepare
from polyreel.simulation.faults import Fault
from polyreel.testing.abilities import Abilities
from polyreel.testing.bench import Bench, MakeBench, receipt_of
from polyreel.testing.purity import Guard, Reached
from polyreel.testing.troubles import Troubles
from polyreel.types.job import Phase

__all__ = ["ProviderContract"]


class ProviderContract(Troubles, Abilities):
    """What holds for every provider.

    A subclass gives :meth:`provider_id` and :meth:`example`, and :meth:`plugin` if the provider is not installed. To
    run everything for several requests, parametrise ``example``. A standard test may be overridden only with
    ``@pytest.mark.xfail(reason="…")``.
    """

    # --- what an author gives -----------------------------------------------------------------------------------

    @pytest.fixture
    def provider_id(self) -> str:
        """The name of the provider's entry point."""
        raise NotImplementedError("override the fixture provider_id: return the name of your entry point")

    @pytest.fixture
    def plugin(self) -> object | None:
        """The module or object with the hooks; ``None`` takes the installed entry point."""
        return None

    @pytest.fixture
    def example(self) -> Mapping[str, Any]:
        """A request: ``model``, ``prompt`` and any parameters."""
        raise NotImplementedError(
            'override the fixture example: return {"model": "acme/film-2", "prompt": …}'
        )

    @pytest.fixture
    def retired_ok(self) -> bool:
        """Whether the example's model may be one that its vendor shut down."""
        return False

    # --- what the tests stand on --------------------------------------------------------------------------------

    @pytest.fixture
    def bench(
        self, provider_id: str, plugin: object | None, example: Mapping[str, Any], tmp_path: Path
    ) -> Iterator[MakeBench]:
        """Make a bench: ``bench(*faults, kept=…, guard=…)``."""
        made: list[Bench] = []

        def make(*faults: Fault, **setup: Any) -> Bench:
            folder = tmp_path / f"bench-{len(made)}"
            made.append(
                Bench(
                    provider_id=provider_id,
                    plugin=plugin,
                    example=example,
                    folder=folder,
                    faults=faults,
                    **setup,
                )
            )
            try:
                has_simulator = made[-1].plugins().provider(provider_id).has("simulator")
            except Exception as error:  # noqa: BLE001  whatever it is, test_it_loads shows it
                pytest.skip(f"the provider does not load ({error}): see test_it_loads")
            if not has_simulator:
                pytest.skip("the provider has no simulator: see test_it_has_a_simulator")
            return made[-1]

        yield make
        for bench in made:
            bench.close()

    # --- the plugin and its documents ---------------------------------------------------------------------------

    def test_no_standard_test_is_overridden(self) -> None:
        """A standard test is what it says for every provider.

        If it fails: give the test back, or mark yours with ``@pytest.mark.xfail(reason="…")``.
        """
        standard = {name for name in dir(ProviderContract) if name.startswith("test_")}
        for name in sorted(standard):
            own = getattr(type(self), name, None)
            if own is getattr(ProviderContract, name):
                continue
            marks = [mark for mark in getattr(own, "pytestmark", ()) if mark.name == "xfail"]
            assert any(mark.kwargs.get("reason") for mark in marks), (
                f"{name} is overridden without @pytest.mark.xfail(reason=…)"
            )

    def test_it_loads(self, provider_id: str, plugin: object | None, tmp_path: Path) -> None:
        """It registers, has the required hooks, and names the version of the interface.

        If it fails: an "unknown hook" is misspelt; an argument that "can not be found" is not in the hook's
        specification. ``docs/hooks.md`` has them all.
        """
        Bench(provider_id=provider_id, plugin=plugin, example={}, folder=tmp_path).plugins()

    def test_it_has_a_simulator(self, provider_id: str, plugin: object | None, tmp_path: Path) -> None:
        """Without a simulator nothing can be tried without paying; these tests stand on it.

        If it fails: implement the hook ``simulator``.
        """
        plugins = _loaded(provider_id, plugin, tmp_path)
        assert plugins.provider(provider_id).has("simulator")

    def test_hooks_are_plain_functions(self, provider_id: str, plugin: object | None, tmp_path: Path) -> None:
        """Hooks are marked, synchronous, and take what the core gives.

        If it fails: mark it with ``@hookimpl``; return a flow instead of ``async def``; drop the default, since an
        argument that has one is never filled.
        """
        provider = _loaded(provider_id, plugin, tmp_path).provider(provider_id)
        hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "polyreel_spec")]
        for name in hooks:
            hook = getattr(provider.plugin, name, None)
            if hook is None:
                continue
            assert hasattr(hook, "polyreel_impl"), f"{name} has no @hookimpl: it is never called"
            assert not inspect.iscoroutinefunction(hook), (
                f"{name} is async: it gives a coroutine, and does nothing"
            )
            for parameter in inspect.signature(hook).parameters.values():
                assert parameter.default is parameter.empty, f"{name}: {parameter.name} is never filled"

    def test_documents_are_valid(self, bench: MakeBench, provider_id: str) -> None:
        """Every model document passes the meta-schema, belongs to the provider, and stands for one model.

        If it fails: the message says which document, where, and what; ``schemas/model.schema.json`` has the rules.
        """
        documents = _documents(bench())
        assert documents, "the provider offers no model"
        wrong = {document.id: problems_of(document.json) for document in documents}
        assert not {name: problems for name, problems in wrong.items() if problems}
        assert {document.provider for document in documents} == {provider_id}
        assert len({document.id for document in documents}) == len(documents)

    def test_defaults_are_a_valid_request(self, bench: MakeBench) -> None:
        """A prompt and what the document requires is enough: its defaults satisfy its own rules.

        If it fails: a default contradicts a rule of the document.
        """
        for document in _documents(bench()):
            required = set(document.json.get("required", ())) - {"prompt", *document.defaults}
            if not required and not document.is_family:
                assert prepare(document, {"prompt": "A paper boat"}).problems == (), document.id

    def test_the_example_is_of_a_living_model(
        self,
        bench: MakeBench,
        example: Mapping[str, Any],
        retired_ok: bool,  # noqa: FBT001  a fixture
    ) -> None:
        """What is tested can be used.

        If it fails: take another model, or override ``retired_ok`` when the vendor has no living one.
        """
        document = bench().client.model(example["model"])
        assert retired_ok or document.facts["stage"] != "retired", f"{document.id} is retired"

    # --- a job's life -------------------------------------------------------------------------------------------

    def test_a_whole_job(self, bench: MakeBench) -> None:
        """From the request to the film on disk, at the provider's own simulator.

        If it fails: follow the error; it comes from the hook that is named in the traceback.
        """
        made = bench()
        job = made.generate()
        assert job.phase is Phase.STORED
        assert made.output.is_file()
        assert job.assets[0].role == "video", "normalise_result gives films first"

    def test_a_job_is_paid_once(self, bench: MakeBench) -> None:
        """``submit`` makes exactly one request that costs money.

        If it fails: send it once; mark what costs nothing as ``repeatable=True``.
        """
        made = bench()
        made.generate()
        assert len(made.paid) == 1, [asked.effect for asked in made.paid]
        assert len(made.charges.billed_jobs) <= 1, made.charges.entries

    def test_sync_and_async_ask_the_same(self, bench: MakeBench) -> None:
        """Both clients send the same requests and end with the same record.

        If it fails: a hook keeps something between calls.
        """
        blocking, awaited = bench(), bench()
        one, other = blocking.generate(), awaited.generate_async()
        assert blocking.comparable(one) == awaited.comparable(other)
        assert [event.phase for event in one.history if event.phase is not Phase.RUNNING] == [
            event.phase for event in other.history if event.phase is not Phase.RUNNING
        ]

    def test_hooks_only_yield_effects(self, bench: MakeBench) -> None:
        """No hook opens a file or a connection, sleeps, starts a thread, or reads the environment.

        If it fails: yield an effect (``task.http``, ``sleep``, ``call``); settings come in ``task.settings``.
        """
        made = bench(guard=Guard(active=True))
        with suppress(Reached):
            job = made.generate()
            made.exercise(job)
        assert not made.guard.reached, "; ".join(made.guard.reached)

    def test_receipts_are_json(self, bench: MakeBench) -> None:
        """A receipt is the same after it was written and read.

        If it fails: put only text, numbers, booleans, lists and dictionaries with text keys into ``Receipt.data``.
        """
        receipt = receipt_of(bench().submit())
        assert json.loads(json.dumps(receipt.data)) == receipt.data

    def test_a_job_survives_a_restart(self, bench: MakeBench) -> None:
        """Another process takes the job up from its record, without the media of the request.

        If it fails: all that ``poll`` needs belongs into the receipt.
        """
        made = bench(kept=True)
        job = made.submit()
        with made.new_client() as other:
            result = other.wait(job.id)
        assert result.job.phase is Phase.STORED

    # --- before anything is sent --------------------------------------------------------------------------------

    def test_refused_parameters_send_nothing(self, bench: MakeBench, example: Mapping[str, Any]) -> None:
        """What the document refuses is refused before any request leaves.

        If it fails: the document accepts what it lists as not allowed.
        """
        made = bench()
        properties = made.client.model(example["model"]).properties
        wrong = {name: "no such value" for name, schema in properties.items() if "enum" in schema}
        for name, value in {"no_such_parameter": 1, **wrong}.items():
            with pytest.raises(InvalidRequest) as refused:
                made.submit(**{name: value})
            assert name in {problem.parameter for problem in refused.value.problems}
        assert made.watching.requests == []

    def test_checking_sends_nothing(self, bench: MakeBench, example: Mapping[str, Any]) -> None:
        """``check``, ``estimate`` and ``dry_run`` are free.

        If it fails: a hook that has no flow sends something.
        """
        made = bench()
        check, dry = made.client.check(**example), made.client.dry_run(**example)
        assert check.ok, check.problems
        assert dry.requests
        assert made.watching.requests == []


def _loaded(provider_id: str, plugin: object | None, folder: Path) -> Any:
    try:
        return Bench(provider_id=provider_id, plugin=plugin, example={}, folder=folder).plugins()
    except Exception as error:  # noqa: BLE001  whatever it is, test_it_loads shows it
        pytest.skip(f"the provider does not load ({error}): see test_it_loads")


def _documents(bench: Bench) -> list[ModelDocument]:
    settings = bench.client.workspace.operations.desk.settings(bench.provider)
    return [
        ModelDocument(json=json, origin=bench.provider_id) for json in bench.provider.list_models(settings)
    ]
