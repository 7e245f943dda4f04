"""What holds of every request: a search agrees with a check, an announced picture with a real one, a price with its rule."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from acme.house import acme_plugins, picture
from acme.plugin import Acme, another
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mutations import PROVIDERS, documents_of
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import BudgetExceeded, ModelRetired
from polyreel.parameters.preparation import prepare
from polyreel.pricing import estimate

PROMPT = "A paper boat"
DOCUMENTS = [document for provider in PROVIDERS for document in documents_of(provider)]
PICTURE = picture(1280, 720)  # of a size that every model takes
SAID = {
    "duration": st.sampled_from([3, 4, 5, 6, 8, 9, 10, 12, 15, 20, 120]),
    "seconds": st.sampled_from([4, 8]),
    "size": st.sampled_from(["1280x720", "720x1280", "1920x1080", "1024x1792", "3840x2160", "1x1"]),
    "aspect_ratio": st.sampled_from(["16:9", "9:16", "21:9"]),
    "resolution": st.sampled_from(["360p", "540p", "720p", "1080p", "4k"]),
    "generate_audio": st.booleans(),
    "n": st.integers(1, 4),
    "fps": st.sampled_from([24, 30]),
    "seed": st.sampled_from([0, 7, 2**31, 2**32]),
    "negative_prompt": st.just("rain"),
    "person_generation": st.sampled_from(["allow_all", "allow_adult", "dont_allow"]),
    "input_image": st.just(PICTURE),
    "last_frame": st.just(PICTURE),
    "reference_images": st.just([PICTURE]),
    "on_unsupported": st.just("warn"),
    "max_cost": st.sampled_from(["0.10", "1", "3.75"]),
}


def some_of(values, most):
    """Requests of a few of the given parameters."""
    names = st.lists(st.sampled_from(sorted(values)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: values[name] for name in chosen}))


@pytest.fixture(scope="module", params=["2026-01-01", "2026-11-24"])
def client(request, tmp_path_factory):
    """A client with keys for everyone, on a day when the oldest still lived, and on one when most are gone."""
    start = datetime.fromisoformat(request.param).replace(tzinfo=UTC).timestamp()
    home = tmp_path_factory.mktemp("home")
    with Client(store="memory", home=home, clock=VirtualClock(start)) as made:
        yield made


def verdict(client, model, request):
    """What a check says: its estimate, or ``None`` when the request is not taken."""
    try:
        check = client.check(PROMPT, model=model, **request)
    except (BudgetExceeded, ModelRetired):
        return None
    return check.estimate if check.ok else None


@settings(max_examples=15, deadline=None)
@given(request=some_of(SAID, 5))
def test_a_search_offers_exactly_what_a_check_takes(client, request):
    limit = {"max_cost": request["max_cost"]} if "max_cost" in request else {}
    accepts = {name: value for name, value in request.items() if name not in limit}
    found = client.models(accepts=accepts, **limit)
    asked = [document.reference for document in DOCUMENTS if not document.is_family]
    assert {offer.model for offer in found} | {miss.model for miss in found.misses} == set(asked)
    taken = {model: told for model in asked if (told := verdict(client, model, request)) is not None}
    assert {offer.model: offer.estimate for offer in found} == taken
    known = [offer.estimate.amount for offer in found if offer.estimate.amount is not None]
    assert known == sorted(known)
    assert all(miss.reasons for miss in found.misses)


MEDIA = ("input_image", "last_frame", "reference_images")


@settings(max_examples=12, deadline=None)
@given(request=some_of({name: value for name, value in SAID.items() if name not in MEDIA}, 3), data=st.data())
def test_an_announced_picture_is_as_good_as_a_real_one(client, request, data):
    """Of the right size: 1280x720, whatever is asked for; a model that needs another refuses the real one."""
    given_ = data.draw(some_of({name: SAID[name] for name in MEDIA}, 2))
    accepts = {name: value for name, value in request.items() if name != "max_cost"}
    real = client.models(accepts={**accepts, **given_})
    announced = client.models(accepts={**accepts, **dict.fromkeys(given_, True)})
    prices = {offer.model: offer.estimate for offer in announced}
    assert {offer.model: offer.estimate for offer in real}.items() <= prices.items()
    refused = {miss.model: miss.reasons for miss in real.misses}
    for model in prices.keys() - {offer.model for offer in real}:
        assert all(reason.startswith(MEDIA) for reason in refused[model])


def test_a_picture_is_announced_under_any_of_its_names(client):
    by_name, by_alias = (client.models(accepts={name: True}) for name in ("input_image", "input_reference"))
    assert by_name
    assert [offer.model for offer in by_name] == [offer.model for offer in by_alias]


def test_an_announced_picture_does_not_silence_the_provider(tmp_path):
    with Client(store="memory", home=tmp_path, plugins=acme_plugins(Acme())) as client:
        assert client.models(accepts={"input_image": True})
        (miss,) = client.models(accepts={"input_image": True, "prompt": "something forbidden"}).misses
    assert miss.reasons == ("prompt: acme films nothing forbidden",)


class Ending(Acme):
    documents = (another("one", stage="deprecated", retires_on="2026-02-01", replaced_by=["acme/two"]),)


async def test_an_announced_picture_hides_no_end(tmp_path):
    setup = {"store": "memory", "home": tmp_path, "plugins": acme_plugins(Ending()), "clock": VirtualClock()}
    async with AsyncClient(**setup) as client:
        for accepts in ({}, {"input_image": True}):
            (offer,) = await client.models(accepts=accepts)
            assert ["ends on 2026-02-01" in str(warning) for warning in offer.warnings] == [True]
        (offer,) = await client.models(accepts={"input_image": True}, as_of=date(2026, 1, 30))
        assert "(2 days left)" in str(offer.warnings[0])


# --- prices -------------------------------------------------------------------------------------------------------

PRICED = [document for document in DOCUMENTS if document.prices]


def values_of(schema):
    """Valid values of one parameter, and media of any kind."""
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if kind == "array":
        inner = (
            st.just({"text": "A shot"})
            if "text" in str(schema["items"].get("required"))
            else st.just({"id": "a"})
        )
        item = st.just(b"x") if "x-media" in schema["items"] else inner
        return st.lists(item, min_size=1, max_size=schema.get("maxItems", 4))
    return st.booleans() if kind == "boolean" else st.just(b"x") if "x-media" in schema else None


def units(rule, values):
    """How many units of a rule one film has."""
    if rule["per"] == "item":
        return len(values[rule["of"]])
    return values["duration"] if rule["per"] == "second" else 1


def price_by_hand(document, values):
    """The price by the document's rules, computed with fractions and the JSON Schema library."""
    for rule in document.prices["rules"]:
        if not Draft202012Validator(rule.get("when", {})).is_valid(values):
            continue
        if "unknown" in rule:
            return None
        return Fraction(rule["amount"]) * values.get("n", 1) * units(rule, values)
    raise AssertionError("no rule fits")


@pytest.mark.parametrize("document", PRICED, ids=lambda document: document.reference)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_valid_request_has_a_price_or_a_reason_why_not(document, data):
    choices = {
        name: values
        for name, schema in document.properties.items()
        if name != "prompt" and (values := values_of(schema)) is not None
    }
    prepared = prepare(document, {"prompt": PROMPT, **data.draw(some_of(choices, 4))})
    assume(not prepared.problems)
    told, expected = estimate(document, prepared.values), price_by_hand(document, prepared.values)
    assert told.rule
    if expected is None:
        assert told.amount is None
    else:
        assert Fraction(told.amount) == expected
        assert told.amount > 0
        assert (told.currency, told.as_of) == (document.prices["currency"], document.prices["as_of"])
