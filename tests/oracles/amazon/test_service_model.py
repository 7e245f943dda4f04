"""What the documents and the simulator take and give against botocore's own service model, member by member.

botocore itself checks no pattern and no longest length, and so nothing else shows whether ours are right.
"""

import re

import pytest
from jsonschema import Draft202012Validator
from polyreel.documents.loading import package_documents
from polyreel_amazon_nova.simulated_errors import BedrockError
from polyreel_amazon_nova.simulated_jobs import STATUSES
from polyreel_amazon_nova.simulated_orders import read_order

pytestmark = pytest.mark.oracle

OUTPUT = "outputDataConfig.s3OutputDataConfig"
KEY, ALIAS = "arn:aws:kms:us-east-1:123456789012:key/", "arn:aws-cn:kms:cn-north-1:123456789012:alias/"
#: Values at the edges of what the service model allows.
SAMPLES = {
    "modelId": [
        "",
        "amazon.nova-reel-v1:1",
        "a" * 256,
        "a" * 257,
        "a b",
        "ä",
        "arn:aws:bedrock:us-east-1::x/y_z",
    ],
    "clientRequestToken": ["", "!~", "a" * 256, "a" * 257, "a b", "é", "a\n"],
    f"{OUTPUT}.s3Uri": [
        "s3://abc",
        "s3://ab",
        f"s3://{'a' * 63}",
        f"s3://{'a' * 64}",
        "s3://a.b-c/",
        "s3://.abc",
        "s3://abc-/x",
        "s3://Abc/x",
        "s3://a_c/x",
        "s3://abc/ü b//c?#%",
        "s3://abc/a\nb",
        f"s3://abc/{'x' * 1015}",
        f"s3://abc/{'x' * 1016}",
        "S3://abc/x",
        "https://abc/x",
        " s3://abc/x",
        "",
    ],
    f"{OUTPUT}.kmsKeyId": [
        f"{KEY}{'a' * 36}",
        f"{KEY}{'a' * 35}",
        f"{KEY}{'A-9' * 12}",
        f"{KEY}{'_' * 36}",
        f"{ALIAS}films-_/2026",
        f"{ALIAS}",
        f"{ALIAS}a.b",
        f"{ALIAS}{'a' * (2048 - len(ALIAS))}",
        f"{ALIAS}{'a' * (2049 - len(ALIAS))}",
        "alias/films",
        f"x{KEY}{'a' * 36}",
        f"{KEY}{'a' * 36}x",
        "",
    ],
    f"{OUTPUT}.bucketOwner": [
        "123456789012",
        "12345678901",
        "1234567890123",
        "12345678901a",
        "\u0661" * 12,
        "",
    ],
    "tags[].key": ["", "team", "a b._:/=+@-", "a" * 128, "a" * 129, "a*b", "ä", "a\tb"],
    "tags[].value": ["", "films", "a b._:/=+@-", "a" * 256, "a" * 257, "a*b", "é"],
}
#: The parameter of the documents that becomes the member, and where in it.
PARAMETERS = {
    f"{OUTPUT}.s3Uri": ("amazon_output",),
    f"{OUTPUT}.kmsKeyId": ("amazon_kms_key",),
    f"{OUTPUT}.bucketOwner": ("amazon_bucket_owner",),
    "tags[].key": ("amazon_tags", "propertyNames"),
    "tags[].value": ("amazon_tags", "additionalProperties"),
}
CASES = [(member, sample) for member, samples in SAMPLES.items() for sample in samples]


def named(value):
    return value if len(value) < 40 else f"{value[:24]}…{len(value)}"


def allows(shape, text):
    """Tell whether the service model allows a text; its patterns are Java's, where a digit is one of ASCII's."""
    fits = re.fullmatch(shape.get("pattern", ".*"), text, re.ASCII) is not None
    return fits and shape.get("min", 0) <= len(text) <= shape.get("max", len(text))


def place_of(member):
    """Return how the service names a member in its sentences."""
    return member.replace("[]", r"\.1\.member")


def ordered(member, text):
    """Return a body in which one member has this value."""
    body = {
        "modelId": "amazon.nova-reel-v1:1",
        "modelInput": {},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://bucket"}},
    }
    if member.startswith("tags"):
        body["tags"] = [{"key": "k", "value": "v", member.rpartition(".")[2]: text}]
    elif member.startswith(OUTPUT):
        body["outputDataConfig"]["s3OutputDataConfig"][member.rpartition(".")[2]] = text
    else:
        body[member] = text
    return body


@pytest.mark.parametrize(("member", "text"), CASES, ids=named)
def test_simulator_takes_what_the_service_takes(operations, member, text):
    shape = operations["StartAsyncInvoke"]["input"][member]
    if allows(shape, text):
        read_order(ordered(member, text))
    else:
        with pytest.raises(BedrockError, match=rf"at '{place_of(member)}'") as refused:
            read_order(ordered(member, text))
        assert refused.value.code == "ValidationException"


@pytest.mark.parametrize(("member", "text"), [case for case in CASES if case[0] in PARAMETERS], ids=named)
def test_documents_take_what_the_service_takes(operations, member, text):
    shape = operations["StartAsyncInvoke"]["input"][member]
    for document in package_documents("polyreel_amazon_nova"):
        name, *inside = PARAMETERS[member]
        schema = document["properties"][name]
        for step in inside:
            schema = schema[step]
        assert Draft202012Validator(schema).is_valid(text) == allows(shape, text), document["$id"]


def test_every_member_is_looked_at(operations):
    told = operations["StartAsyncInvoke"]
    assert told["input"].keys() - {"modelInput", "tags"} == SAMPLES.keys()
    assert told["required"] == ["modelId", "modelInput", "outputDataConfig"]
    assert told["input"]["tags"]["max"] == 200
    read_order({**ordered("modelId", "x"), "tags": [{"key": "k", "value": "v"}] * 200})
    with pytest.raises(BedrockError, match="less than or equal to 200"):
        read_order({**ordered("modelId", "x"), "tags": [{"key": "k", "value": "v"}] * 201})


def test_there_are_three_operations_and_none_that_cancels(operations):
    assert {name: told["http"] for name, told in operations.items()} == {
        "StartAsyncInvoke": ["POST", "/async-invoke"],
        "GetAsyncInvoke": ["GET", "/async-invoke/{invocationArn}"],
        "ListAsyncInvokes": ["GET", "/async-invoke"],
    }


def test_statuses_are_those_of_the_service(operations):
    for place in (
        operations["GetAsyncInvoke"]["output"]["status"],
        operations["ListAsyncInvokes"]["input"]["statusEquals"],
    ):
        assert place["enum"] == list(STATUSES)
