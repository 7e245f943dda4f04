"""Requests that ask for a film, equal to what boto3 was recorded with (fact sheet, section 7c), and reading jobs."""

import base64
import json

import pytest
from polyreel.errors import ResourceNotFound, UnexpectedAnswer
from polyreel.types.job import Receipt
from polyreel.types.media import MediaRef
from polyreel_amazon_nova import wire
from polyreel_amazon_nova.places import Place

ARN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
CONFIG = {"fps": 24, "dimension": "1280x720"}
OUTPUT = {"s3OutputDataConfig": {"s3Uri": "s3://my-bucket/nova"}}


def test_text(task):
    asked = task("Drone flyover of a coast", seed=42, amazon_tags={"app": "x"})
    assert wire.body(asked) == {
        "modelId": "amazon.nova-reel-v1:1",
        "clientRequestToken": "job_1",
        "modelInput": {
            "taskType": "TEXT_VIDEO",
            "textToVideoParams": {"text": "Drone flyover of a coast"},
            "videoGenerationConfig": {"durationSeconds": 6, "seed": 42, **CONFIG},
        },
        "outputDataConfig": OUTPUT,
        "tags": [{"key": "app", "value": "x"}],
    }


def test_image_with_a_key_and_another_accounts_bucket(task, media):
    prompt = "dolly in \u2013 na\u00efve \u2615"
    image = media(content=base64.b64decode("iVBORw2Zha2U="[:12]))
    asked = task(
        prompt, seed=42, input_image=image, amazon_kms_key=KEY_ARN, amazon_bucket_owner="123456789012"
    )
    body = wire.body(asked)
    assert body["modelInput"] == {
        "taskType": "TEXT_VIDEO",
        "textToVideoParams": {
            "text": prompt,
            "images": [{"format": "png", "source": {"bytes": base64.b64encode(image.content).decode()}}],
        },
        "videoGenerationConfig": {"durationSeconds": 6, "seed": 42, **CONFIG},
    }
    assert body["outputDataConfig"] == {
        "s3OutputDataConfig": {
            "s3Uri": "s3://my-bucket/nova",
            "kmsKeyId": KEY_ARN,
            "bucketOwner": "123456789012",
        }
    }
    assert "tags" not in body


def test_automated_shots(task):
    assert wire.body(task("long", duration=18, seed=0))["modelInput"] == {
        "taskType": "MULTI_SHOT_AUTOMATED",
        "multiShotAutomatedParams": {"text": "long"},
        "videoGenerationConfig": {"durationSeconds": 18, "seed": 0, **CONFIG},
    }


def test_manual_shots_have_neither_prompt_nor_duration(task):
    image = MediaRef(parameter="amazon_shots/1/image", url="s3://in/a.jpg")
    shots = [{"text": "one"}, {"text": "two", "image": image, "image_owner": "123456789012"}]
    body = wire.body(task("the job's name", amazon_shots=shots, duration=12))
    source = {"s3Location": {"uri": "s3://in/a.jpg", "bucketOwner": "123456789012"}}
    assert body["modelInput"] == {
        "taskType": "MULTI_SHOT_MANUAL",
        "multiShotManualParams": {
            "shots": [{"text": "one"}, {"text": "two", "image": {"format": "jpeg", "source": source}}]
        },
        "videoGenerationConfig": CONFIG,
    }
    assert "the job's name" not in json.dumps(body)


def test_shot_with_a_file_and_with_an_address_of_ours(task, media):
    shots = [
        {"text": "one", "image": media("amazon_shots/0/image", b"jpeg", "image/jpeg")},
        {"text": "two", "image": MediaRef(parameter="amazon_shots/1/image", url="s3://in/B.PNG")},
    ]
    sent = wire.body(task(amazon_shots=shots))["modelInput"]["multiShotManualParams"]["shots"]
    assert sent[0]["image"] == {"format": "jpeg", "source": {"bytes": "anBlZw=="}}
    assert sent[1]["image"] == {"format": "png", "source": {"s3Location": {"uri": "s3://in/B.PNG"}}}


def test_first_version(task):
    body = wire.body(task(model="nova-reel-v1:0"))
    assert (body["modelId"], body["modelInput"]["taskType"]) == ("amazon.nova-reel-v1:0", "TEXT_VIDEO")
    assert body["modelInput"]["textToVideoParams"] == {"text": "A paper boat"}


def test_ray2_says_seconds_in_its_own_way(task):
    assert wire.body(task(model="luma.ray-v2:0"))["modelInput"] == {
        "prompt": "A paper boat",
        "duration": "5s",
        "aspect_ratio": "16:9",
        "resolution": "540p",
    }


def test_ray2_with_frames(task, media):
    frames = {
        "input_image": media(content=b"one"),
        "last_frame": media("last_frame", b"two", "image/jpeg"),
    }
    sent = wire.body(task(model="luma.ray-v2:0", duration=9, amazon_loop=False, **frames))["modelInput"]
    assert (sent["duration"], sent["loop"]) == ("9s", False)
    assert sent["keyframes"] == {
        "frame0": {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "b25l"},
        },
        "frame1": {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/jpeg", "data": "dHdv"},
        },
    }


def test_ray2_with_the_last_frame_alone(task, media):
    sent = wire.body(task(model="luma.ray-v2:0", last_frame=media("last_frame")))["modelInput"]
    assert list(sent["keyframes"]) == ["frame1"]


@pytest.mark.parametrize(
    ("setting", "given", "model", "uri"),
    [
        ("s3://a/b", None, "nova-reel", "s3://a-bucket/b"),
        ("us-east-1=s3://east/x us-west-2=s3://west/y", None, "nova-reel", "s3://east/x"),
        ("us-east-1=s3://east/x us-west-2=s3://west/y", None, "luma.ray-v2:0", "s3://west/y"),
        ("s3://all/x us-west-2=s3://west/y", None, "luma.ray-v2:0", "s3://west/y"),
        ("s3://all/x us-west-2=s3://west/y", None, "nova-reel", "s3://all/x"),
        ("s3://all/x/", None, "nova-reel", "s3://all/x/"),
        ("s3://all/x", "s3://mine", "nova-reel", "s3://mine"),
    ],
)
def test_output_goes_where_it_is_told(task, setting, given, model, uri):
    setting = setting.replace("s3://a/b", "s3://a-bucket/b")
    parameters = {} if given is None else {"amazon_output": given}
    asked = task(model=model, configured={"output": setting}, **parameters)
    assert wire.body(asked)["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"] == uri


def test_native_fields_take_the_place_of_ours_alone(task):
    native = {"modelInput": {"videoGenerationConfig": {"fps": 30}}, "extra": [1]}
    body = wire.body(task(native=native))
    assert body["modelInput"]["videoGenerationConfig"] == {
        "durationSeconds": 6,
        "fps": 30,
        "dimension": "1280x720",
    }
    assert body["modelInput"]["taskType"] == "TEXT_VIDEO"
    assert body["extra"] == [1]


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_receipt_holds_region_and_folder(task, answer):
    receipt = wire.receipt(answer({"invocationArn": ARN}), task())
    assert receipt == Receipt(
        id=ARN, data={"region": "us-east-1", "folder": "s3://my-bucket/nova/abc123def456"}
    )


def test_receipt_of_another_form_that_was_kept_is_looked_at_in_its_region(task):
    receipt = Receipt(id="urn:odd", data={"region": "us-west-2"})
    assert wire.region_of_receipt(receipt, task()) == "us-west-2"
    assert wire.region_of_receipt(Receipt(id="urn:odd"), task()) == "us-east-1"


def test_job_is_looked_at_where_its_arn_says(task):
    receipt = Receipt(id=ARN.replace("us-east-1", "eu-west-1"), data={"region": "us-east-1"})
    assert wire.region_of_receipt(receipt, task()) == "eu-west-1"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 200),
        ({"invocationArn": ""}, 200),
        ({"invocationArn": 7}, 200),
        ({"invocationArn": "hello"}, 200),
        ({"invocationArn": f"{ARN}/x"}, 200),
        ({"invocationArn": f"{ARN}\n"}, 200),
        ({"invocationArn": ARN.replace("bedrock", "s3")}, 200),
        ({"invocationArn": ARN.replace("us-east-1", "evil.example/")}, 200),
        ("<html>", 200),
        ([], 200),
        ({"invocationArn": ARN}, 302),
    ],
)
def test_success_without_an_arn_is_an_unknown_fate(task, answer, body, status):
    with pytest.raises(UnexpectedAnswer) as caught:
        wire.receipt(answer(body, status), task())
    assert (caught.value.billed, caught.value.provider) == (None, "amazon")


# --- jobs -------------------------------------------------------------------------------------------------------------


def job(**members):
    """As recorded."""
    return {
        "invocationArn": ARN,
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:1",
        "clientRequestToken": "tok-1",
        "status": "Completed",
        "submitTime": "2026-11-23T10:00:00.123Z",
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://my-bucket/nova/abc123def456"}},
        **members,
    }


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("InProgress", "running", ""),
        ("Completed", "succeeded", ""),
        ("Failed", "failed", ""),
        ("Paused", "running", "'Paused'"),
    ],
)
def test_states(answer, status, state, words):
    seen = wire.progress(answer(job(status=status)))
    assert (seen.state, words in seen.message, seen.percent) == (state, True, None)
    assert (seen.payload is not None) is (state == "succeeded")


@pytest.mark.parametrize(
    ("message", "kind", "billed"),
    [
        ("The generated video has been blocked by our content filters.", "filtered", None),
        ("The generated content has been Blocked by our Content Filters.", "filtered", None),
        ("Something broke.", "failed", None),
        (None, "failed", None),
    ],
)
def test_failures(answer, message, kind, billed):
    members = {} if message is None else {"failureMessage": message}
    failure = wire.progress(answer(job(status="Failed", **members))).failure
    assert (failure.kind, failure.billed) == (kind, billed)
    assert (message or "gives no reason") in failure.message


@pytest.mark.parametrize("body", [{}, {"status": 7}, [], "<html>busy</html>"])
def test_answer_that_is_no_job(answer, body):
    with pytest.raises(UnexpectedAnswer, match="a job with a status"):
        wire.progress(answer(body))


def test_refused_look_is_an_error(answer):
    with pytest.raises(ResourceNotFound):
        wire.progress(answer({"message": "no"}, 404, x_amzn_errortype="ResourceNotFoundException"))


def test_folder_of_the_longest_output_is_read(task):
    longest = "s3://my-bucket/" + "x" * 1009
    receipt = wire.receipt_of(ARN, task(amazon_output=longest))
    said = {"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"{longest}/abc123def456"}}}
    assert [place.uri for place in wire.folders(said, receipt)] == [f"{longest}/abc123def456"]


def test_folder_is_that_of_the_answer_before_that_of_our_reckoning():
    receipt = Receipt(id=ARN, data={"folder": "s3://mine/x/abc123def456"})
    said = Place(bucket="my-bucket", key="nova/abc123def456")
    mine = Place(bucket="mine", key="x/abc123def456")
    assert wire.folders(job(), receipt) == (said, mine)
    assert (
        wire.folders({"outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"{said.uri}/"}}}, receipt)[0]
        == said
    )
    assert wire.folders(job(), Receipt(id=ARN, data={"folder": said.uri})) == (said,)
    for odd in (
        {},
        {"outputDataConfig": 7},
        {"outputDataConfig": {"s3OutputDataConfig": []}},
        job(outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://my-bucket/../x"}}),
    ):
        assert wire.folders(odd, receipt) == (mine,)
    assert wire.folders({}, Receipt(id=ARN)) == ()


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-11-23T10:00:00.123Z", 1795428000.123),
        ("2026-11-23T11:00:00+01:00", 1795428000.0),
        (1795428000, 1795428000.0),
        ("1795428000.5", 1795428000.5),
        ("2026-11-23T10:00:00", None),  # of which place on earth is not said
        ("yesterday", None),
        ("nan", None),
        (True, None),
        (None, None),
    ],
)
def test_moments_are_read_as_the_sdk_reads_them(moment, seconds):
    assert wire.remote_job(job(submitTime=moment)).created_at == seconds


def test_remote_job():
    remote = wire.remote_job(job())
    assert (remote.receipt.id, remote.receipt.data, remote.state) == (
        ARN,
        {"region": "us-east-1"},
        "Completed",
    )
    assert (remote.model, remote.prompt) == ("amazon.nova-reel-v1:1", None)
    assert wire.remote_job({"invocationArn": "odd"}).state == "unknown"
