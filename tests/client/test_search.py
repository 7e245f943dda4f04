"""A search is a request: what it finds, in which order, and why not the others; ``auto``, aliases, corrections."""

import copy
import json
from datetime import date
from decimal import Decimal

import pytest
from acme.house import acme_plugins, picture
from acme.plugin import Acme, another
from polyreel import Budget
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import BudgetExceeded, InvalidRequest, ModelNotFound, ModelRetired

PROMPT = "A paper boat"


def model(name, *, price="0.05", durations=(2, 4, 8), sizes=None, **facts):
    document = copy.deepcopy(another(name, **facts))
    rule = {"unknown": "acme keeps it a secret"} if price is None else {"per": "second", "amount": price}
    document["x-price"]["rules"] = [rule]
    document["properties"]["duration"] |= {"enum": list(durations), "default": durations[0]}
    if sizes:
        document["properties"]["size"] |= {"enum": sizes, "default": sizes[0]}
    return document


class Shelf(Acme):
    """Models of every kind. The virtual clock begins on 2026-01-01."""

    documents = (
        model("dear", price="0.50"),
        model("cheap", price="0.01"),
        model("secret", price=None),
        model("ending", price="0.02", stage="deprecated", retires_on="2026-03-01", replaced_by=["acme/dear"]),
        model("gone", price="0.001", retires_on="2025-06-01", replaced_by=["acme/cheap"]),
        model("long-gone", price="0.001", retires_on="2024-06-01"),
        model("short", durations=(2, 4)),
        model("short-and-wide", durations=(2,), sizes=["640x320"]),
    )


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Make a client on whose machine the provider is configured."""
    monkeypatch.delenv("ACME_API_KEY", raising=False)

    def made(config="", key="acme-key", **setup):
        (tmp_path / "config.toml").write_text(config)
        keys = {"acme": key} if key else {}
        setup = {"store": "memory", "clock": VirtualClock(), "plugins": acme_plugins(Shelf())} | setup
        return Client(home=tmp_path, api_keys=keys, **setup)

    return made


def names(found):
    return [offer.model.removeprefix("acme/") for offer in found]


def test_offers_come_cheapest_first_and_unknown_prices_last(shelf):
    with shelf() as client:
        found = client.models(accepts={"duration": 8, "size": "320x320"})
    assert names(found) == ["cheap", "ending", "dear", "secret"]
    assert [str(offer.estimate.amount) for offer in found] == ["0.08", "0.16", "4.00", "None"]
    assert found[0].price == "for 0.08 USD (8 s x 0.01 USD per second)"
    assert found[-1].price == "at a price that is not known (acme keeps it a secret)"
    assert "ends on 2026-03-01 (59 days left)" in str(found[1].warnings[0])
    assert found[0].warnings == ()


def test_near_misses_come_nearest_first_and_those_that_ended_last(shelf):
    with shelf() as client:
        misses = client.models(accepts={"duration": 8, "size": "320x320"}, max_cost=1).misses
    assert [miss.model.removeprefix("acme/") for miss in misses] == [
        "dear",
        "secret",
        "short",
        "short-and-wide",
        "gone",
        "long-gone",
    ]
    told = {miss.model.removeprefix("acme/"): miss.reasons for miss in misses}
    assert "it costs 4.00 USD" in told["dear"][0]
    assert "the price is not known" in told["secret"][0]
    assert told["short"][0].startswith("duration: 8 is not offered; allowed: 2, 4")
    assert [reason.partition(":")[0] for reason in told["short-and-wide"]] == ["duration", "size"]
    assert told["gone"] == ("was shut down on 2025-06-01; use acme/cheap",)
    assert told["long-gone"] == ("was shut down on 2024-06-01",)
    assert [miss.retired for miss in misses] == [False] * 4 + [True] * 2


@pytest.mark.parametrize(
    ("day", "living", "retired"),
    [
        (date(2024, 5, 31), {"gone", "long-gone", "ending"}, set()),
        (date(2025, 5, 31), {"gone", "ending"}, {"long-gone"}),
        (date(2025, 6, 1), {"ending"}, {"gone", "long-gone"}),
        (date(2026, 2, 28), {"ending"}, {"gone", "long-gone"}),
        (date(2026, 3, 1), set(), {"ending", "gone", "long-gone"}),
    ],
)
def test_another_day_has_other_models(day, living, retired, shelf):
    ending = {"ending", "gone", "long-gone"}
    with shelf() as client:
        found = client.models(accepts={"duration": 8}, as_of=day)
    assert {*names(found)} & ending == living
    assert {miss.model.removeprefix("acme/") for miss in found.misses if miss.retired} == retired


def test_days_left_are_those_of_the_day_that_counts(shelf):
    with shelf() as client:
        found = client.models(accepts={"duration": 8}, as_of=date(2026, 2, 27))
    (offer,) = [offer for offer in found if offer.model == "acme/ending"]
    assert "(2 days left)" in str(offer.warnings[0])


def test_what_is_missing_on_this_machine_is_named(shelf):
    with shelf(key=None) as client:
        found = client.models(accepts={"duration": 8})
    assert {(offer.configured, offer.missing) for offer in found} == {(False, "api_key (ACME_API_KEY)")}
    with shelf() as client:
        found = client.models(accepts={"duration": 8})
    assert {(offer.configured, offer.missing) for offer in found} == {(True, "")}


def test_a_budget_counts_in_a_search(shelf):
    with shelf(budget=Budget(per_job="0.10")) as client:
        found = client.models(accepts={"duration": 8})
        assert names(found) == ["cheap"]
        told = {miss.model: miss.reasons[0] for miss in found.misses}
    assert "the budget per_job" in told["acme/dear"]
    assert "the budget per_job" in told["acme/secret"]


def test_a_picture_can_be_announced(shelf):
    with shelf(budget=Budget(per_job="0.10")) as client:
        found = client.models(accepts={"duration": 8, "input_image": True})
        assert names(found) == ["cheap"]
        found = client.models(accepts={"duration": 8, "last_frame": True})
    assert names(found) == []
    assert all("last_frame" in miss.reasons[0] for miss in found.misses if not miss.retired)


def test_where_the_film_would_go_is_no_models_affair(shelf, tmp_path):
    taken = tmp_path / "film.mp4"
    taken.write_bytes(b"")
    with shelf() as client:
        assert client.models(accepts={"duration": 8, "output": str(taken)})
        verdict = client.check(PROMPT, model="auto", duration=8, output=str(taken))
        assert [problem.parameter for problem in verdict.problems] == ["output"]
        assert "was chosen" in str(verdict.warnings[0])


# --- auto -------------------------------------------------------------------------------------------------------


def test_auto_takes_the_cheapest_and_says_why(shelf):
    with shelf() as client:
        verdict = client.check(PROMPT, model="auto", duration=8, size="320x320")
        assert verdict.model == "acme/cheap"
        (notice,) = verdict.warnings
        assert str(notice) == (
            "model: acme/cheap was chosen: the cheapest of 4 that take this request, for 0.08 USD "
            "(8 s x 0.01 USD per second)"
        )
        assert (
            client.dry_run(PROMPT, model="auto", duration=8).warnings[0].message.startswith("acme/cheap was")
        )
        assert client.estimate(model="auto", duration=8).amount == Decimal("0.08")


def test_auto_says_so_of_a_request_that_its_choice_refuses_after_all(shelf, tmp_path):
    """The verdict of a plugin comes after the choice; the choice is still told."""
    with shelf() as client, pytest.raises(ModelNotFound, match="acme films nothing forbidden"):
        client.check("forbidden", model="auto")


def test_auto_takes_no_key_since_nobody_knows_whose(shelf):
    with shelf() as client, pytest.raises(InvalidRequest, match="byok_api_key"):
        client.generate(PROMPT, model="auto", duration=8, byok_api_key="mine")


def test_auto_without_a_model_that_is_set_up_names_what_is_missing(shelf):
    with shelf(key=None) as client, pytest.raises(ModelNotFound) as caught:
        client.generate(PROMPT, model="auto", duration=8)
    assert "acme/cheap needs api_key (ACME_API_KEY)" in str(caught.value)
    assert caught.value.suggestions[0] == "acme/cheap"


def test_auto_without_a_model_that_takes_it_names_the_nearest(shelf):
    with shelf() as client, pytest.raises(ModelNotFound) as caught:
        client.check(PROMPT, model="auto", duration=7)
    assert "acme/cheap: duration: 7 is not offered" in str(caught.value)
    assert "gone" not in str(caught.value)


def test_auto_keeps_to_the_limit(shelf):
    with shelf() as client:
        assert client.check(PROMPT, model="auto", duration=8, max_cost="0.08").model == "acme/cheap"
        with pytest.raises(ModelNotFound, match=r"more than the allowed 0\.07"):
            client.check(PROMPT, model="auto", duration=8, max_cost="0.07")


def test_the_choice_is_kept_with_the_job(face):
    client = face()
    job = client.submit(PROMPT, model="auto", duration=8, aspect_ratio="9:16")
    assert "was chosen: the cheapest of" in str(job.warnings[0])
    assert job.model == job.warnings[0].message.partition("@")[0].partition(" ")[0]


# --- aliases ----------------------------------------------------------------------------------------------------

ALIASES = """
[aliases]
fast = "google/veo-3.1-fast-generate-001@vertex"
omni = "gemini-omni-1.2-flash@gemini"
boat = "openai/sora-2"
best = "auto"
lost = "openai/sora-9"
nobody = "nobody/film"
empty = "sora-nine"
"""


@pytest.fixture
def named(tmp_path, monkeypatch, simulated):
    """A client with aliases; every installed provider is simulated."""
    (tmp_path / "config.toml").write_text(ALIASES)
    with Client(simulate=simulated(), store="memory", home=tmp_path) as client:
        yield client


@pytest.mark.parametrize(
    ("alias", "reference"),
    [
        ("fast", "google/veo-3.1-fast-generate-001@vertex"),
        ("omni", "google/gemini-omni-1.2-flash@gemini"),
        ("gemini-omni-1.2-flash@vertex", "google/gemini-omni-1.2-flash@vertex"),
        ("boat", "openai/sora-2"),
    ],
)
def test_an_alias_stands_for_its_model_everywhere(alias, reference, named):
    model, _, surface = reference.partition("@")
    assert named.model(alias).reference == reference
    assert named.check(PROMPT, model=alias).model == model
    assert named.estimate(model=alias, duration=8) == named.estimate(model=reference, duration=8)
    assert named.dry_run(PROMPT, model=alias).model == model
    job = named.submit(PROMPT, model=alias)
    assert (job.model, job.settings.get("surface", "")) == (model, surface)
    assert named.wait(job.id).job.model == model


def test_an_alias_can_leave_the_choice_to_the_price(named):
    assert "was chosen" in str(named.check(PROMPT, model="best", duration=8).warnings[0])


def test_a_search_finds_models_by_their_own_names(named):
    found = named.models(accepts={"duration": 8})
    assert {"google/veo-3.1-fast-generate-001@vertex"} <= {offer.model for offer in found}


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        ("lost", "the alias 'lost' stands for 'openai/sora-9' (from "),
        ("lost", "did you mean 'openai/sora-2'?"),
        ("nobody", "the alias 'nobody' stands for 'nobody/film' (from "),
        ("empty", "the alias 'empty' stands for 'sora-nine' (from "),
    ],
)
def test_an_alias_of_a_missing_model_says_what_it_stands_for(alias, told, named):
    for verb in (named.model, lambda model: named.check(PROMPT, model=model)):
        with pytest.raises(ModelNotFound) as caught:
            verb(alias)
        assert told in str(caught.value)
        assert "config.toml" in str(caught.value)


# --- documents of the user's ------------------------------------------------------------------------------------


@pytest.fixture
def correct(tmp_path):
    """Write a document of the user's."""

    def written(document, **changes):
        folder = tmp_path / "models"
        folder.mkdir(exist_ok=True)
        name = document["$id"].rpartition("/")[2].replace("@", "-")
        (folder / f"{name}.json").write_text(json.dumps({**copy.deepcopy(document), **changes}))

    return written


def test_a_corrected_document_counts_in_a_search(shelf, correct):
    correct(model("dear", price="0.005"))
    correct(model("gone", price="0.002", retires_on="2027-06-01"))
    with shelf() as client:
        found = client.models(accepts={"duration": 8, "size": "320x320"})
        assert names(found)[:3] == ["gone", "dear", "cheap"]
        assert client.check(PROMPT, model="auto", duration=8).model == "acme/gone"


def test_a_document_of_the_users_own_is_searched_too(shelf, correct):
    correct(model("mine", price="0.0001"))
    with shelf() as client:
        assert names(client.models(accepts={"duration": 8}))[0] == "mine"
        assert client.estimate(model="acme/mine", duration=8).amount == Decimal("0.0008")


def test_a_correction_can_end_a_model(shelf, correct):
    correct(model("cheap", retires_on="2025-12-31"))
    with shelf() as client:
        assert "cheap" not in names(client.models(accepts={"duration": 8}))
        with pytest.raises(ModelRetired, match="2025-12-31"):
            client.check(PROMPT, model="acme/cheap")


def test_each_surface_has_a_correction_of_its_own(named, correct):
    """Two files about one model, for two of its vendor's APIs: neither hides the other."""
    for surface, price in (("gemini", "1"), ("vertex", "2")):
        reference = f"google/gemini-omni-1.1-flash@{surface}"
        document = named.model(reference).json
        rules = {**document["x-price"], "rules": [{"per": "second", "amount": price}]}
        correct(document, **{"x-price": rules})
    named.workspace.operations.desk.catalogue.__dict__.pop("corrections", None)
    for surface, amount in (("gemini", 8), ("vertex", 16)):
        reference = f"google/gemini-omni-1.1-flash@{surface}"
        assert named.estimate(model=reference, duration=8).amount == amount
    found = {offer.model: offer.estimate.amount for offer in named.models(accepts={"duration": 8})}
    assert found["google/gemini-omni-1.1-flash@gemini"] == 8
    assert found["google/gemini-omni-1.1-flash@vertex"] == 16


def test_search_reads_a_picture_that_is_given(shelf, tmp_path):
    (tmp_path / "picture.png").write_bytes(picture())
    with shelf() as client:
        assert names(client.models(accepts={"duration": 8, "input_image": tmp_path / "picture.png"}))
        (tmp_path / "picture.png").write_text("no picture")
        found = client.models(accepts={"duration": 8, "input_image": tmp_path / "picture.png"})
    assert not found
    assert "input_image" in found.misses[0].reasons[0]


def test_a_search_and_a_check_agree_about_the_budget(shelf):
    with shelf(budget=Budget(per_job="0.10")) as client:
        takes = {offer.model for offer in client.models(accepts={"duration": 8})}
        for document in Shelf.documents:
            name = f"acme/{document['x-model']['native_id']}"
            try:
                verdict = client.check(PROMPT, model=name, duration=8).ok
            except (BudgetExceeded, ModelRetired):
                verdict = False
            assert verdict == (name in takes), name
