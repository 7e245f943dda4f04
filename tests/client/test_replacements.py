"""Where a request goes when its model is gone: the best living models, with prices, and the move there."""

import copy
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from acme.house import House, picture
from acme.plugin import DOCUMENT, INFO, Acme, FullAcme
from polyreel.client import Client
from polyreel.errors import InvalidRequest, ModelNotFound, ModelRetired
from polyreel.hookspecs import hookimpl
from polyreel.simulation.simulator import Simulator
from polyreel.types.provider import Setting, Surface

PROMPT = "A paper boat crossing a puddle"


def described(native_id, *, duration=(2, 4, 8), price="0.05", without=(), provider="acme", **facts):
    """A document with lengths, a price and dates of its own."""
    document = copy.deepcopy(DOCUMENT)
    name = f"{provider}/{native_id}"
    surface = f"@{facts['surface']}" if "surface" in facts else ""
    document["$id"] = f"urn:polyreel:model:{name}{surface}"
    document["properties"]["duration"] |= {"enum": list(duration), "default": duration[0]}
    for parameter in without:
        del document["properties"][parameter]
    document["x-price"]["rules"] = [{"per": "second", "amount": price}]
    if price is None:
        del document["x-price"]
    document["x-model"] |= {"native_id": native_id, "provider": provider, **facts}
    return document


GONE = {"stage": "retired", "retires_on": "2025-06-01"}


def offering(*documents):
    class Offering(FullAcme):
        pass

    Offering.documents = documents
    return Offering()


def housed(tmp_path, *documents, **options):
    return House(tmp_path, provider=offering(*documents), **{"real": True, **options})


def ranked(house, source="acme/old", **request):
    with house.client() as client:
        return [migration.target for migration in client.migrate(source, **request)]


def test_more_of_the_request_comes_first(tmp_path):
    house = housed(
        tmp_path,
        described("old", **GONE),
        described("far", duration=[2], price="0.01"),
        described("near", duration=[6], price="0.09"),
        described("lacking", without=["size"], price="0.01"),
        described("same", price="0.99"),
    )
    assert ranked(house, duration=8, size="640x320") == ["acme/same", "acme/near", "acme/far", "acme/lacking"]
    with house.client() as client:
        scores = [migration.score for migration in client.migrate("acme/old", duration=8, size="640x320")]
        assert scores == [1.0, (1 + 0.75) / 2, (1 + 0.35) / 2, 1 / 2]
        with_prompt = client.migrate("acme/old", prompt=PROMPT, duration=8, size="640x320")
        assert [migration.score for migration in with_prompt] == [1.0, 5.75 / 6, 5.35 / 6, 5 / 6]


def test_of_equal_ones_the_vendors_word_comes_first_then_ours_then_the_cheaper(tmp_path):
    advice = {"replaced_by": ["acme/vendors"], "alternatives": ["acme/ours"]}
    house = housed(
        tmp_path,
        described("old", **GONE, **advice),
        described("dear", price="0.90"),
        described("unknown", price=None),
        described("cheap", price="0.10"),
        described("ending", price="0.01", retires_on="2026-02-01"),
        described("ours", price="0.80"),
        described("vendors", price="0.85"),
    )
    expected = ["vendors", "ours", "cheap", "dear", "unknown", "ending"]
    assert ranked(house, duration=8) == [f"acme/{name}" for name in expected]


def test_only_the_living_and_only_those_that_can_take_it(tmp_path):
    strict = described("strict")
    strict["required"] = ["prompt", "input_image"]
    family = described("any", family=True)
    family["x-model"]["native_id"] = "*"
    house = housed(
        tmp_path,
        described("old", **GONE),
        described("older", **GONE),
        described("soon", stage="deprecated", deprecated_on="2025-12-01", retires_on="2026-01-02"),
        strict,
        family,
    )
    assert ranked(house) == ["acme/soon"]
    assert ranked(house, input_image=b"x") == ["acme/strict", "acme/soon"], "an end is near"
    house.clock.advance(86400 * 2)
    assert ranked(house) == []


def test_both_prices_come_with_it(tmp_path):
    house = housed(tmp_path, described("old", **GONE), described("new", duration=[6], price="0.50"))
    with house.client() as client:
        (best,) = client.migrate("acme/old", seconds=8)
        assert (best.before.amount, best.after.amount) == (Decimal("0.40"), Decimal("3.00"))
        assert best == client.migrate("acme/old", to="acme/new", seconds=8)
        assert best == client.migrate("acme/old", "acme/new", seconds=8)
        assert best.parameters == {"duration": 6}, "no prompt was given, and none is made up"
        assert client.migrate("acme/old", "acme/new", prompt=PROMPT).parameters == {"prompt": PROMPT}
        for unknown in (("acme/nothing", None), ("acme/old", "acme/nothing")):
            with pytest.raises(ModelNotFound):
                client.migrate(*unknown)


def test_a_price_at_another_service_is_not_known(tmp_path):
    house = housed(tmp_path, described("old", **GONE), described("new"))
    setup = {
        **house.setup,
        "settings": {"acme": {"base_url": "https://elsewhere.example"}},
        "simulate": False,
    }
    with Client(**setup) as client:
        migration = client.migrate("acme/old", "acme/new")
        assert migration.before.amount is migration.after.amount is None
        assert "elsewhere.example" in migration.after.rule


# --- several services ----------------------------------------------------------------------------------------


class TwoDoors(Acme):
    """One model on two services, of which each needs another setting."""

    documents = (
        described("old", **GONE),
        described("new", surface="front", duration=[4], price="0.10"),
        described("new", surface="back", duration=[8], price="0.20"),
    )
    info = replace(
        INFO,
        settings=(
            Setting(name="surface", description="Which door.", choices=("front", "back")),
            Setting(name="front_key", description="A key.", environment=("FRONT_KEY",), secret=True),
            Setting(name="back_key", description="A key.", environment=("BACK_KEY",), secret=True),
            *INFO.settings[1:],
        ),
        surfaces=(
            Surface(id="front", title="Front", address="base_url", needs=(("front_key",),)),
            Surface(id="back", title="Back", address="base_url", needs=(("back_key",),)),
        ),
    )

    @hookimpl
    def list_models(self, settings):
        if not settings.values:
            return self.documents
        surface = settings.get("surface") or "front"
        return [each for each in self.documents if each["x-model"].get("surface", surface) == surface]

    @hookimpl
    def authenticate(self, settings):
        from polyreel.http import NoAuth

        return NoAuth()

    @hookimpl
    def simulator(self):
        class Door(Simulator):
            base_url = DOCUMENT["x-model"]["service"]
            settings = {"front_key": "f", "back_key": "b"}  # noqa: RUF012  as its base declares it

            def handle(self, request):
                raise NotImplementedError

        return Door


@pytest.mark.parametrize(("key", "surface"), [("FRONT_KEY", "front"), ("BACK_KEY", "back"), (None, "front")])
def test_a_model_is_offered_once_where_this_machine_can_ask_for_it(tmp_path, monkeypatch, key, surface):
    for name in ("FRONT_KEY", "BACK_KEY"):
        monkeypatch.delenv(name, raising=False)
    if key is not None:
        monkeypatch.setenv(key, "key")
    house = House(tmp_path, provider=TwoDoors(), real=True)
    setup = {**house.setup, "simulate": False, "clock": house.clock, "api_keys": {}}
    with Client(**setup) as client:
        (found,) = client.migrate("acme/old", duration=8)
        assert found.target == f"acme/new@{surface}"
        assert found.parameters == {"duration": 8 if surface == "back" else 4}
        for chosen in ("front", "back"):
            assert client.migrate("acme/old", f"acme/new@{chosen}", duration=8).target == f"acme/new@{chosen}"


def test_a_model_that_lives_on_at_another_service_is_its_own_replacement(tmp_path):
    class OneDoor(TwoDoors):
        documents = (described("new", surface="front", **GONE), described("new", surface="back"))

    house = House(tmp_path, provider=OneDoor())
    with Client(**{**house.setup, "api_keys": {}, "simulate": False, "clock": house.clock}) as client:
        assert [found.target for found in client.migrate("acme/new@front", duration=8)] == ["acme/new@back"]


def test_a_document_of_ones_own_counts(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "own.json").write_text(json.dumps(described("own")))
    assert ranked(housed(tmp_path, described("old", **GONE)), duration=8) == ["acme/own"]


def test_no_model_replaces_itself(tmp_path):
    house = housed(tmp_path, described("living"), described("other"))
    assert ranked(house, "acme/living") == ["acme/other"]


# --- on_retired="migrate" ---------------------------------------------------------------------------------------


def test_a_retired_model_is_replaced_with_a_warning(tmp_path):
    house = housed(
        tmp_path,
        described("old", **GONE),
        described("worse", duration=[2]),
        described("new", duration=[6], price="0.50"),
    )
    with house.client() as client:
        result = client.generate(PROMPT, model="acme/worse", on_retired="migrate")
        assert result.job.warnings == ()
        result = client.generate(
            PROMPT, model="acme/old", duration=8, input_image=picture(), on_retired="migrate"
        )
        assert result.job.model == "acme/new"
        assert result.job.requested["duration"] == 6
        assert "input_image" in result.job.requested
        (warning,) = result.job.warnings
        assert warning.parameter == "model"
        for words in (
            "acme/old was shut down on 2025-06-01",
            "moved from acme/old to acme/new",
            "duration: 8 becomes 6",
            "price 0.40 USD before, 3.00 USD after",
        ):
            assert words in warning.message
        with pytest.raises(ModelRetired):
            client.generate(PROMPT, model="acme/old")
    assert house.paid == 2


def test_a_simulated_one_is_moved_too(tmp_path):
    house = housed(tmp_path, described("old", **GONE), described("new"), real=False)
    with house.client() as client:
        assert client.generate(PROMPT, model="acme/old").job.model == "acme/old", "it is played as it was"
        moved = client.generate(PROMPT, model="acme/old", on_retired="migrate").job
        assert moved.model == "acme/new"
        assert moved.simulated
        dry = client.dry_run(PROMPT, model="acme/old", on_retired="migrate")
        assert dry.model == "acme/new"
        assert "moved from acme/old" in dry.warnings[0].message
        verdict = client.check(PROMPT, model="acme/old", on_retired="migrate")
        assert (verdict.ok, verdict.model) == (True, "acme/new")


def test_what_may_be_spent_binds_the_replacement(tmp_path):
    house = housed(
        tmp_path,
        described("old", **GONE, replaced_by=["acme/dear"]),
        described("dear", price="0.90"),
        described("cheap", price="0.06", duration=[6]),
    )
    with house.client() as client:
        asked = {"model": "acme/old", "duration": 8, "on_retired": "migrate"}
        assert client.generate(PROMPT, **asked).job.model == "acme/dear"
        assert client.generate(PROMPT, **asked, max_cost="0.40").job.model == "acme/cheap"
        with pytest.raises(
            ModelRetired, match=r"acme/dear: it costs 7\.20.*acme/cheap: it costs 0\.36"
        ) as caught:
            client.generate(PROMPT, **asked, max_cost="0.10")
        assert caught.value.retired_on == "2025-06-01"
        assert caught.value.replacements == ("acme/dear",)
    assert house.paid == 2


def test_only_a_configured_model_replaces(tmp_path, monkeypatch):
    class Other(FullAcme):
        documents = (described("one", provider="other"),)
        info = replace(
            INFO,
            id="other",
            settings=(replace(INFO.settings[0], environment=("OTHER_KEY",)), *INFO.settings[1:]),
        )

    monkeypatch.delenv("OTHER_KEY", raising=False)
    house = housed(tmp_path, described("old", **GONE, replaced_by=["other/one"]))
    house.plugins.add_provider("other", Other())
    with house.client() as client:
        with pytest.raises(ModelRetired, match="It could not be moved either: other/one: not configured"):
            client.generate(PROMPT, model="acme/old", on_retired="migrate")
        monkeypatch.setenv("OTHER_KEY", "acme-simulated")
    with house.client() as client:
        own = {"byok_api_key": "acme-simulated", "native": {"acme_only": 1}}
        job = client.submit(PROMPT, model="acme/old", on_retired="migrate", **own)
        assert (job.model, job.own_key) == ("other/one", False)
        stage = client.workspace.stage(house.plugins.provider("other"))
        assert all("acme_only" not in film["body"] for film in stage.simulator.stage.state["films"].values())


def test_a_key_for_this_call_is_enough_for_its_own_provider(tmp_path):
    house = housed(tmp_path, described("old", **GONE), described("new"))
    setup = {**house.setup, "simulate": False, "api_keys": {}, "clock": house.clock}
    with Client(**setup) as client:
        asked = {"model": "acme/old", "on_retired": "migrate"}
        with pytest.raises(ModelRetired, match="acme/new: not configured"):
            client.dry_run(PROMPT, **asked)
        assert client.dry_run(PROMPT, **asked, byok_api_key="key").model == "acme/new"


def test_nothing_can_stand_for_it(tmp_path):
    house = housed(tmp_path, described("old", **GONE))
    with house.client() as client, pytest.raises(ModelRetired, match="no living model takes such a request"):
        client.generate(PROMPT, model="acme/old", on_retired="migrate")


def test_a_prompt_is_not_cut_for_it(tmp_path):
    terse = described("terse")
    terse["properties"]["prompt"] |= {"maxLength": 10}
    house = housed(tmp_path, described("old", **GONE), terse)
    with house.client() as client:
        with pytest.raises(ModelRetired, match="acme/terse: the prompt is too long for it"):
            client.generate(PROMPT, model="acme/old", on_retired="migrate")
        migration = client.migrate("acme/old", "acme/terse", prompt=PROMPT)
        assert migration.parameters["prompt"] == "A paper"
        assert [change.fate for change in migration.changes] == ["far"]
    assert house.paid == 0


def test_an_address_of_ones_own_is_no_retired_service(tmp_path):
    house = housed(tmp_path, described("old", **GONE), described("new"))
    setup = {
        **house.setup,
        "settings": {"acme": {"base_url": "https://elsewhere.example"}},
        "simulate": False,
    }
    with Client(**setup) as client:
        assert client.dry_run(PROMPT, model="acme/old", on_retired="migrate").model == "acme/old"


def test_both_together(tmp_path):
    """The replacement refuses, and the next model is asked with what was asked for first."""
    from polyreel.simulation.faults import Fault

    house = housed(
        tmp_path,
        described("old", **GONE, replaced_by=["acme/new"]),
        described("new", duration=[6]),
        described("third", duration=[7]),
    )
    house.add(Fault(kind="status", status=422, method="POST", path="/films$"))
    with house.client() as client:
        job = client.submit(
            PROMPT, model="acme/old", duration=8, on_retired="migrate", fallback=["acme/third"]
        )
        assert job.model == "acme/third"
        assert job.requested["duration"] == 7
        refused = next(other for other in client.list_jobs() if other.id != job.id)
        assert (refused.model, refused.continued_by) == ("acme/new", job.id)
    assert house.paid == 1


@pytest.mark.parametrize("word", ["yes", "", 1, True])
def test_the_words_are_two(tmp_path, word):
    with (
        housed(tmp_path, DOCUMENT).client() as client,
        pytest.raises(InvalidRequest, match="'error' or 'migrate'"),
    ):
        client.generate(PROMPT, model="acme/one", on_retired=word)


def test_the_verbs_of_both_clients(face):
    found = face().migrate("openai/sora-2", duration=12, size="720x1280")
    assert found[0].target.startswith("google/gemini-omni-1.2-flash")
    assert found[0].changes == ()
    assert all(0 <= migration.score <= 1 and not migration.problems for migration in found)
    assert [migration.score for migration in found] == sorted((m.score for m in found), reverse=True)
