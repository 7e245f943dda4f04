"""The model documents: which there are, until when they live, and what they cost.

The tables are written from the fact sheet on Google (2026-11-23), not from the documents: sections 2.1 (lifecycle), 2.4
and 8 (prices).
"""

from datetime import date
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator
from polyreel.documents.document import ModelDocument
from polyreel.documents.lifecycle import Standing
from polyreel.documents.loading import package_documents, problems_of
from polyreel.parameters.preparation import prepare
from polyreel.pricing import estimate

TODAY = date(2026, 11, 24)
SERVICES = {
    "gemini": "https://generativelanguage.googleapis.com",
    "vertex": "https://aiplatform.googleapis.com",
}
DOCUMENTS = {
    (document.surface, document.name): document
    for surface in SERVICES
    for document in (
        ModelDocument(json=json) for json in package_documents("polyreel_google_veo", f"models/{surface}")
    )
}
PREVIEWS = ("veo-3.0-generate-preview", "veo-3.0-fast-generate-preview")

# Stage, first day, last day, what Google names instead.
OMNI_11 = "google/gemini-omni-1.1-flash"
RETIRED_IN_JUNE = ("retired", None, "2026-06-30", [])
REMOVED_IN_APRIL = ("retired", None, "2026-04-02", [])
GONE_IN_OCTOBER = ("retired", None, "2026-10-22", [OMNI_11])
LIFECYCLES = {
    ("gemini", "veo-2.0-generate-001"): RETIRED_IN_JUNE,
    ("gemini", "veo-3.0-generate-001"): RETIRED_IN_JUNE,
    ("gemini", "veo-3.0-fast-generate-001"): RETIRED_IN_JUNE,
    ("gemini", "veo-3.0-generate-preview"): ("retired", None, "2025-12-01", []),
    ("gemini", "veo-3.0-fast-generate-preview"): ("retired", None, "2025-12-01", []),
    ("gemini", "veo-3.1-generate-preview"): GONE_IN_OCTOBER,
    ("gemini", "veo-3.1-fast-generate-preview"): GONE_IN_OCTOBER,
    ("gemini", "veo-3.1-lite-generate-preview"): GONE_IN_OCTOBER,
    ("gemini", "gemini-omni-flash-preview"): ("retired", "2026-06-30", "2026-10-22", [OMNI_11]),
    ("gemini", "gemini-omni-1.1-flash"): ("ga", "2026-08-27", None, []),
    ("gemini", "gemini-omni-1.2-flash"): ("ga", "2026-11-05", None, []),
    ("vertex", "veo-2.0-generate-001"): RETIRED_IN_JUNE,
    ("vertex", "veo-2.0-generate-exp"): REMOVED_IN_APRIL,
    ("vertex", "veo-2.0-generate-preview"): REMOVED_IN_APRIL,
    ("vertex", "veo-3.0-generate-001"): RETIRED_IN_JUNE,
    ("vertex", "veo-3.0-fast-generate-001"): RETIRED_IN_JUNE,
    ("vertex", "veo-3.0-generate-preview"): REMOVED_IN_APRIL,
    ("vertex", "veo-3.0-fast-generate-preview"): REMOVED_IN_APRIL,
    ("vertex", "veo-3.1-generate-preview"): REMOVED_IN_APRIL,
    ("vertex", "veo-3.1-fast-generate-preview"): REMOVED_IN_APRIL,
    ("vertex", "veo-3.1-generate-001"): ("ga", "2025-11-17", None, []),
    ("vertex", "veo-3.1-fast-generate-001"): ("ga", "2025-11-17", None, []),
    ("vertex", "veo-3.1-lite-generate-001"): ("preview", "2026-04-02", None, []),
    ("vertex", "gemini-omni-flash-preview"): (
        "deprecated",
        "2026-06-30",
        "2027-06-30",
        ["google/gemini-omni-1.2-flash"],
    ),
    ("vertex", "gemini-omni-1.1-flash"): ("preview", None, None, []),
    ("vertex", "gemini-omni-1.2-flash"): ("ga", None, None, []),
}
LIVING = {key for key, (_, _, end, _) in LIFECYCLES.items() if end is None or end > str(TODAY)}

# USD for a second: with sound at 720p, 1080p, 4k, then the same without.
HEIGHTS = ("720p", "1080p", "4k")
VEO_31 = ("0.40", "0.40", "0.60", "0.20", "0.20", "0.40")
VEO_31_FAST = ("0.10", "0.12", "0.30", "0.08", "0.10", "0.25")
VEO_31_LITE = ("0.05", "0.08", None, "0.03", "0.05", None)
VEO_30 = ("0.40", "0.40", None, "0.20", "0.20", None)
VEO_30_FAST = ("0.10", "0.12", None, "0.08", "0.10", None)
VEO_20 = (None, None, None, "0.50", None, None)
PRICES = {
    "veo-2.0-generate-001": VEO_20,
    "veo-2.0-generate-exp": VEO_20,
    "veo-2.0-generate-preview": VEO_20,
    "veo-3.0-generate-001": VEO_30,
    "veo-3.0-fast-generate-001": VEO_30_FAST,
    "veo-3.0-generate-preview": VEO_30,
    "veo-3.0-fast-generate-preview": VEO_30_FAST,
    "veo-3.1-generate-preview": VEO_31,
    "veo-3.1-fast-generate-preview": VEO_31_FAST,
    "veo-3.1-lite-generate-preview": VEO_31_LITE,
    "veo-3.1-generate-001": VEO_31,
    "veo-3.1-fast-generate-001": VEO_31_FAST,
    "veo-3.1-lite-generate-001": VEO_31_LITE,
}
EXTENDING = {
    ("gemini", "veo-3.1-generate-preview"),
    ("gemini", "veo-3.1-fast-generate-preview"),
    *(("vertex", name) for name in PRICES if not name.startswith("veo-3.0")),
}
OMNI_TOKENS = {"360p": 1931, "720p": 5792, "1080p": 8688, "4k": 17_376}  # for a second, 17.50 USD per million
OMNI_HEIGHTS = {"gemini-omni-flash-preview": ("720p",), "gemini-omni-1.1-flash": tuple(OMNI_TOKENS)}


@pytest.fixture(params=DOCUMENTS, ids="-".join)
def document(request):
    return DOCUMENTS[request.param]


def prepared(surface, name, **parameters):
    verdict = prepare(DOCUMENTS[surface, name], {"prompt": "A paper boat", **parameters})
    assert verdict.problems == ()
    return verdict.values


def cost(surface, name, **parameters):
    return estimate(DOCUMENTS[surface, name], prepared(surface, name, **parameters)).amount


# --- which there are ---------------------------------------------------------------------------------------


def test_every_model_of_either_surface_has_a_document():
    assert set(DOCUMENTS) == set(LIFECYCLES)


def test_document_is_a_valid_schema_and_a_valid_model_document(document):
    Draft202012Validator.check_schema(document.json)
    assert problems_of(document.json) == []
    for rule in (document.prices or {}).get("rules", ()):
        Draft202012Validator.check_schema(rule.get("when", {}))


def test_examples_are_valid_requests(document):
    assert document.json["examples"]
    for example in document.json["examples"]:
        assert prepare(document, example).problems == ()


def test_a_document_names_its_service_and_where_it_is_served(document):
    regions = {"gemini": (), "vertex": ("global",) if "omni" in document.name else ("us-central1",)}
    assert (document.service, document.regions) == (SERVICES[document.surface], regions[document.surface])


def test_omni_1_1_has_another_id_on_vertex():
    on_vertex, on_gemini = (DOCUMENTS[surface, "gemini-omni-1.1-flash"] for surface in ("vertex", "gemini"))
    assert on_vertex.native_id == "gemini-omni-1.1-flash-preview"
    assert on_vertex.aliases == ("gemini-omni-1.1-flash-preview",)
    assert (on_gemini.native_id, on_gemini.aliases) == ("gemini-omni-1.1-flash", ())


def test_films_on_the_gemini_api_are_kept_for_two_days(document):
    assert document.output.get("expires_after_s") == (172_800 if document.surface == "gemini" else None)


def test_sound_as_an_output_fact_agrees_with_the_parameter(document):
    audio = document.properties["generate_audio"]
    expected = {True: "always", False: "never", None: "optional"}[audio.get("const")]
    assert document.output["audio"] == expected


# --- until when --------------------------------------------------------------------------------------------


def test_lifecycle_is_that_of_the_sheet(document):
    stage, released, retires_on, replaced_by = LIFECYCLES[document.surface, document.name]
    facts = document.facts
    assert (facts["stage"], facts.get("released"), facts.get("retires_on"), facts["replaced_by"]) == (
        stage,
        released,
        retires_on,
        replaced_by,
    )
    assert document.json.get("deprecated", False) is (stage in {"retired", "deprecated"})


def test_only_what_lives_can_be_used_today(document):
    expected = Standing.LIVING if (document.surface, document.name) in LIVING else Standing.RETIRED
    if (document.surface, document.name) == ("vertex", "gemini-omni-flash-preview"):
        expected = Standing.ENDING  # announced on 2026-11-06
    assert document.lifecycle.standing(TODAY) is expected


def test_advice_names_living_models_only(document):
    advice = [*document.lifecycle.replaced_by, *document.lifecycle.alternatives]
    ours = {name for name in advice if name.startswith("google/")}
    assert advice
    assert document.id not in advice
    assert ours <= {f"google/{name}" for _, name in LIVING}
    assert set(advice) - ours <= {"amazon/luma.ray-v2:0"}


def test_a_doubtful_end_is_an_open_question():
    questions = {key: " ".join(document.facts["open_questions"]) for key, document in DOCUMENTS.items()}
    for name in ("veo-3.1-generate-001", "veo-3.1-fast-generate-001"):
        assert "after 2026-11-17" in questions["vertex", name]
    for name in PREVIEWS:
        assert "only the month is known" in questions["gemini", name]
    assert "2026-07-08" in questions["gemini", "veo-3.0-generate-001"]
    assert "no date is known" in questions["vertex", "veo-2.0-generate-exp"]
    assert "2026-09-30" in questions["gemini", "gemini-omni-flash-preview"]


# --- what they cost ----------------------------------------------------------------------------------------


def rates(*, extension=False):
    """Yield each surface and model of Veo with a sound, a height and USD for a second of it.

    On Vertex AI an extension may be as large as its film, which is not known ahead: the dearest rate stands for all.
    """
    for surface, name in LIFECYCLES:
        for index, price in enumerate(PRICES.get(name, ())):
            audio, height = index < len(HEIGHTS), HEIGHTS[index % len(HEIGHTS)]
            sold = surface == "vertex" or audio or name.startswith("veo-2")
            if extension:
                sold &= (surface, name) in EXTENDING and (surface == "vertex" or height == "720p")
            if price is not None and sold:
                dearest = max(filter(None, PRICES[name][:3] if audio else PRICES[name][3:]))
                rate = dearest if extension and surface == "vertex" else price
                yield surface, name, audio, height, Decimal(rate)


@pytest.mark.parametrize(("surface", "name", "audio", "height", "rate"), list(rates()))
def test_veo_costs_what_the_price_list_says(surface, name, audio, height, rate):
    asked = {"resolution": height, "generate_audio": audio}
    assert cost(surface, name, **asked) == rate * 8
    if surface == "vertex":
        assert cost(surface, name, duration=6, n=3, **asked) == rate * 18


@pytest.mark.parametrize(("surface", "name", "audio", "height", "rate"), list(rates(extension=True)))
def test_an_extension_costs_its_seven_seconds(surface, name, audio, height, rate):
    asked = {"video": "job", "resolution": height, "generate_audio": audio}
    assert cost(surface, name, **asked) == rate * 7
    if height == "720p":
        assert cost(surface, name, video="job", generate_audio=audio) == rate * 7
    if surface == "vertex":
        assert cost(surface, name, n=2, **asked) == rate * 14


SILENT = ("veo-3.0-generate-001", "veo-3.1-generate-preview", "veo-3.1-lite-generate-preview")


@pytest.mark.parametrize("name", SILENT)
def test_who_wants_a_silent_film_is_told_where(name):
    (problem,) = prepare(DOCUMENTS["gemini", name], {"prompt": "x", "generate_audio": False}).problems
    advised = problem.message.partition("or use google/")[2].partition("@vertex")[0]
    assert ("vertex", advised) in LIVING
    assert prepared("vertex", advised, generate_audio=False)["generate_audio"] is False


def test_omni_on_vertex_asks_whether_a_key_alone_is_enough():
    for (surface, name), document in DOCUMENTS.items():
        asks = "express mode" in " ".join(document.facts["open_questions"])
        assert asks is (surface == "vertex" and "omni" in name)


def test_a_masked_edit_has_no_price_that_is_known_ahead():
    asked = {"video": "job", "google_mask": b"x", "google_mask_mode": "insert"}
    assert cost("vertex", "veo-2.0-generate-exp", **asked) is None


@pytest.mark.parametrize("surface", SERVICES)
@pytest.mark.parametrize("name", OMNI_HEIGHTS)
def test_omni_costs_its_video_tokens(surface, name):
    for height in OMNI_HEIGHTS[name]:
        expected = Decimal("17.50") * OMNI_TOKENS[height] * 5 / 1_000_000
        assert cost(surface, name, duration=5, resolution=height) == expected
    assert cost(surface, name, video="job") is None


@pytest.mark.parametrize("surface", SERVICES)
def test_omni_1_2_has_no_known_price(surface):
    assert cost(surface, "gemini-omni-1.2-flash") is None
