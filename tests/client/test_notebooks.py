"""What a notebook shows of models, jobs, verdicts, searches and films: told in full, and harmless whatever stands in it."""

import copy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from acme.house import tiny_film
from notebookpage import Page
from polyreel.documents.document import ModelDocument
from polyreel.errors import Problem
from polyreel.markup import attribute, card, lines, table, text
from polyreel.results import Check, Result, Video
from polyreel.search import NearMiss, Offer, Search
from polyreel.types.asset import Asset
from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Failure, Job, Notice

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><iframe src='javascript:alert(1)'>",
    "' onmouseover='alert(1)",
    "<!-- <b> & &lt;i&gt;",
    "<style>*{display:none}</style>",
    "]]><svg/onload=alert(1)>",
)


@pytest.fixture
def document(house):
    return house.client().model("acme/one")


def job(**facts):
    given = {
        "id": "job_1",
        "provider": "acme",
        "model": "acme/one",
        "prompt": "A paper boat",
        "created_at": 0.0,
    }
    return Job(**(given | {"updated_at": 0.0} | facts))


def everywhere(evil, document, film):
    """One of everything that a notebook shows, with these words wherever somebody else's words stand."""
    notice = Notice(parameter=evil, message=evil)
    estimate = Estimate(amount=Decimal(1), currency=evil, rule=evil)
    json = copy.deepcopy(dict(document.json))
    json |= {"title": evil, "description": evil, "allOf": [{"if": {}, "then": {}, "x-error": evil}]}
    json["x-price"] = {"currency": "USD", "as_of": evil, "rules": [{"unknown": evil}]}
    json["x-model"] |= {
        "native_id": evil,
        "name": evil,
        "surface": evil,
        "replaced_by": [evil],
        "stage": evil,
    }
    json["properties"] = {evil: {"enum": [evil], "default": evil, "description": evil, "x-unit": evil}}
    model = ModelDocument(json=json)
    asset = Asset(path=film, media_type=evil, size_bytes=3)
    stays = Asset(url=evil, stays=evil)
    full = job(
        model=evil,
        prompt=evil,
        message=evil,
        percent=5.0,
        requested={evil: evil, "size": evil},
        assets=(asset, stays),
        estimate=estimate,
        failure=Failure(message=evil),
        warnings=(notice,),
    )
    offer = Offer(document=model, estimate=estimate, warnings=(notice,))
    miss = NearMiss(document=model, reasons=(evil,))
    result = Result(job=full, videos=[Video(asset=asset)])
    return {
        "document": model._repr_html_(),
        "job": full._repr_html_(),
        "offer": offer._repr_html_(),
        "miss": miss._repr_html_(),
        "search": Search(offers=(offer,), misses=(miss,))._repr_html_(),
        "check": Check(
            model=evil,
            problems=(Problem(parameter=evil, message=evil),),
            warnings=(notice,),
            parameters={evil: evil},
            estimate=estimate,
        )._repr_html_(),
        "video": Video(asset=asset)._repr_html_(),
        "not fetched": Video(asset=stays)._repr_html_(),
        "result": result._repr_mimebundle_()["text/html"],
    }


@pytest.mark.parametrize("evil", EVIL)
def test_nobodys_words_become_markup(document, tmp_path, evil):
    film = tmp_path / evil.replace("/", "_")
    film.write_bytes(b"\0\0\0")
    for name, html in everywhere(evil, document, film).items():
        page = Page(html)
        assert page.strange == [], name
        assert (evil if name != "video" else film.name) in page.shown, name


def test_colours_are_the_notebooks_own(document, tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"\0")
    for html in everywhere("x", document, film).values():
        styles = " ".join(Page(html).styles)
        assert "#" not in styles
        assert "rgb(" not in styles
        assert not [
            word
            for word in styles.split(";")
            if word.startswith(("color:", "background:")) and "transparent" not in word
        ]


def test_half_a_character_can_be_saved_with_the_notebook():
    assert text("a\ud800b").encode() == b"a?b"
    assert attribute("\udfff") == "?"


def test_long_words_are_cut_and_attributes_are_not():
    assert text("a" * 2001) == "a" * 2000 + "… (2001 characters)"
    assert text("a" * 2000) == "a" * 2000
    assert attribute("a" * 3000) == "a" * 3000


def test_empty_pieces_are_left_out():
    assert table(("a",), []) == lines("a", []) == ""
    assert Page(card("a", "", [])).shown == "a"


def test_a_table_has_headings_or_names():
    assert table(("a",), [("b",)]).count("<th ") == 1
    assert "<thead>" not in table((), [("b", "c")])
    assert table((), [("b", "c")]).count("<th ") == 1


def test_a_model_is_shown_with_parameters_rules_and_prices(client):
    shown = Page(client.model("openai/sora-2")._repr_html_()).shown
    for part in (
        "openai/sora-2: Sora 2",
        "parameteralloweddefaultunitwhat it does",
        "duration4, 8, 12, 16, 204seconds",
        "ends2026-09-24",
        "end announced2026-03-24",
        "insteadgoogle/gemini-omni-1.2-flash",
        "openai_operation says what to do with a film",
        "Price, read 2026-09-16",
        "0.10 USD per second",
    ):
        assert part in shown, part


def test_a_model_without_a_price_says_so(document):
    json = {name: value for name, value in document.json.items() if name != "x-price"}
    assert "Pricenot known" in Page(ModelDocument(json=json)._repr_html_()).shown


STATES = [
    ({}, ["statusqueued", "estimated costunknown"]),
    ({"percent": 40.0, "phase": "running"}, ["statusprocessing, 40 %"]),
    ({"cost": Cost(amount=Decimal("0.40"), billed=True, basis="vendor")}, ["cost0.40 USD"]),
    ({"estimate": Estimate(amount=Decimal("0.40"))}, ["estimated cost0.40 USD"]),
    ({"simulated": True}, ["acme/one, simulated", "nothing was paid"]),
    ({"phase": "failed", "failure": Failure(message="no power")}, ["statusfailed", "failureno power"]),
    ({"requested": {"prompt": "A paper boat", "duration": 4}}, ["duration4"]),
    ({"assets": (Asset(path=Path("/films/boat.mp4")),)}, ["Files", "boat.mp4"]),
    ({"assets": (Asset(url="https://x.example/a"),)}, ["not fetched"]),
    ({"warnings": (Notice(parameter="seed", message="left out"),)}, ["Warnings", "seed: left out"]),
]


@pytest.mark.parametrize(("facts", "parts"), STATES, ids=[parts[-1] for _, parts in STATES])
def test_a_job_is_shown_with_what_is_known_of_it(facts, parts):
    shown = Page(job(**facts)._repr_html_()).shown
    for part in ("acme/one", "A paper boat", "job_1", *parts):
        assert part in shown, part
    assert shown.count("A paper boat") == 1


def test_a_verdict_is_shown_with_problems_or_price(client):
    refused = Page(client.check("A boat", model="openai/sora-2", duration=5)._repr_html_()).shown
    assert "not valid for openai/sora-2" in refused
    assert "duration: 5 is not offered" in refused
    taken = client.check("A boat", model="openai/sora-2", duration=4)
    shown = Page(taken._repr_html_()).shown
    assert shown.startswith("valid for openai/sora-20.40 USD (4 s x 0.10 USD per second)")
    unknown = replace(taken, estimate=Estimate(amount=None, rule="nobody knows"))
    assert "price not known (nobody knows)" in unknown._repr_html_()


def test_a_search_is_shown_with_offers_and_near_misses(house):
    found = house.client().models(accepts={"duration": 4})
    shown = Page(found._repr_html_()).shown
    assert shown.startswith(f"{len(found)} of {len(found) + len(found.misses)} models take this request")
    assert all(offer.model in shown and offer.price in shown for offer in found)
    assert found[0].model in Page(found[0]._repr_html_()).shown
    missed = house.client().models(accepts={"duration": 10_000})
    assert "Not, but nearest" in Page(missed._repr_html_()).shown
    assert f"{missed.misses[0].model} would not take this request" in missed.misses[0]._repr_html_()


def test_a_film_is_shown_by_itself(house):
    film = house.client().generate("A boat", model="acme/one").videos[0]
    page = Page(film._repr_html_())
    assert page.shown == str(film.path)
    assert page.sources[0].startswith("data:video/mp4;base64,")
    assert len(page.sources[0]) > len(tiny_film())
    gone = Video(asset=Asset(url="gs://bucket/a.mp4", stays="it is in a bucket of yours"))
    assert "it is in a bucket of yours" in gone._repr_html_()
    assert "gs://bucket/a.mp4" in gone._repr_html_()
