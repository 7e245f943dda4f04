"""boto3 against our simulator, over a socket: what AWS's own client believes of Bedrock and S3 holds.

The SDK makes one tour of everything, in a process of its own and told of the simulator by nothing but AWS's environment
variables; each test looks at one stop of it. Time at the simulator moves by a fixed step with every request.
"""

import base64
import hashlib
import io
import json
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
from polyreel.media.mp4 import read_facts
from polyreel.media.sniffing import sniff

pytestmark = pytest.mark.oracle

STOPS = (
    "environment",
    "modes",
    "members",
    "failures",
    "same_token",
    "listed",
    "film",
    "region_of_others",
)
REEL, REEL_0, RAY = "amazon.nova-reel-v1:1", "amazon.nova-reel-v1:0", "luma.ray-v2:0"
ARN = re.compile(r"arn:aws:bedrock:([a-z0-9-]+):123456789012:async-invoke/([a-z0-9]{12})")
STATUS_FILE = "video-generation-status.json"
PROMPT = 'A paper boat, naïve ☕ 海, "quoted" <&>'
ONE, TWO = "Dawn over a lighthouse", "The keeper lights the lamp"

#: The model of each mode, what its film shows, and the films of its shots.
MODES = {
    "text": (REEL, f"1280x720 6 s {PROMPT}", []),
    "text_with_a_seed": (REEL, f"1280x720 6 s {PROMPT}", []),
    "text_first_version": (REEL_0, f"1280x720 6 s {PROMPT}", []),
    "image": (REEL, f"1280x720 6 s {PROMPT}", []),
    "jpeg": (REEL, f"1280x720 6 s {PROMPT}", []),
    "image_first_version": (REEL_0, f"1280x720 6 s {PROMPT}", []),
    "automated": (REEL, f"1280x720 12 s {PROMPT}", [f"1280x720 6 s {PROMPT}"] * 2),
    "automated_120_s": (REEL, f"1280x720 120 s {PROMPT}", [f"1280x720 6 s {PROMPT}"] * 20),
    "manual": (REEL, f"1280x720 12 s {ONE} / {TWO}", [f"1280x720 6 s {text}" for text in (ONE, TWO)]),
    "manual_with_images": (
        REEL,
        f"1280x720 18 s {ONE} / {TWO}",
        [f"1280x720 6 s {text}" for text in (ONE, TWO, ONE)],
    ),
    "ray": (RAY, f"960x540 5 s {PROMPT}", []),
    "ray_with_options": (RAY, f"720x1680 9 s {PROMPT}", []),
    "ray_a_loop": (RAY, f"960x540 5 s {PROMPT}", []),
    "ray_not_a_loop": (RAY, f"960x540 5 s {PROMPT}", []),
    "ray_first_frame": (RAY, f"960x540 5 s {PROMPT}", []),
    "ray_last_frame": (RAY, f"960x540 5 s {PROMPT}", []),
    "ray_both_frames": (RAY, f"960x540 5 s {PROMPT}", []),
}


@pytest.fixture(scope="module")
def made(toured, told_studio):
    return toured("simulator_tour", studio=told_studio, stops=STOPS)


def moment(text):
    return datetime.fromisoformat(text)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_environment_is_all_that_boto3_is_told(made):
    told = made["environment"]
    assert told["versions"] == ["1.44.5", "1.44.5"]
    assert told["bedrock"] == told["s3"] == made.service.url
    assert told["region"] == "us-east-1"


def test_boto3_does_not_read_the_region_of_the_other_sdks(made):
    """``AWS_REGION`` is read by AWS's SDKs in other languages; polyreel reads both."""
    assert made["region_of_others"] == "NoRegionError"


# --- films ------------------------------------------------------------------------------------------------------


def test_every_mode_is_toured(made):
    assert made["modes"].keys() == MODES.keys()


@pytest.mark.parametrize("mode", MODES)
def test_mode_comes_to_its_film(made, mode):
    told, (model, film, shots) = made["modes"][mode], MODES[mode]
    region = "us-west-2" if model == RAY else "us-east-1"
    there, identity = ARN.fullmatch(told["arn"]).groups()
    assert there == region
    assert told["statuses"] == ["InProgress"] * 3 + ["Completed"]
    answer = told["answer"]
    assert answer["invocationArn"] == told["arn"]
    assert answer["modelArn"] == f"arn:aws:bedrock:{region}::foundation-model/{model}"
    bucket = "simulated-bucket" if model != RAY else "simulated-bucket-us-west-2"
    folder = f"s3://{bucket}/films/{identity}"
    assert answer["outputDataConfig"] == {"s3OutputDataConfig": {"s3Uri": folder}}
    assert "failureMessage" not in answer
    files = told["files"]
    names = {"output.mp4", *(f"shot_{number:04}.mp4" for number in range(1, len(shots) + 1))}
    films = {
        name: {"type": "video/mp4", "said": digest(text)}
        for name, text in zip(sorted(names), [film, *shots], strict=True)
    }
    assert {name: file for name, file in files.items() if name in names} == films
    assert files.keys() - names == {"manifest.json", *([STATUS_FILE] if model == REEL else [])}
    if model == REEL:
        locations = [f"{folder}/{name}" for name in sorted(names - {"output.mp4"})]
        assert json.loads(files[STATUS_FILE]["said"]) == {
            "schemaVersion": "1.0",
            "shots": [{"status": "SUCCESS", "location": location} for location in locations],
            "fullVideo": {"status": "SUCCESS", "location": f"{folder}/output.mp4"},
        }


def test_times_are_read_as_times(made):
    answer = made["modes"]["text"]["answer"]
    begun, ended, changed = (moment(answer[name]) for name in ("submitTime", "endTime", "lastModifiedTime"))
    assert (ended - begun).total_seconds() == pytest.approx(1.0)
    assert changed == ended
    assert begun.utcoffset().total_seconds() == 0


def test_every_member_is_taken(made):
    told = made["members"]["own"]
    assert told["clientRequestToken"] == "token-of-one's-own!"
    output = told["outputDataConfig"]["s3OutputDataConfig"]
    assert (output["kmsKeyId"][-12:], output["bucketOwner"]) == ("123456789012", "123456789012")
    # A prefix of nothing is no folder of its own.
    assert output["s3Uri"] == f"s3://simulated-bucket/{told['invocationArn'][-12:]}"
    assert made["members"]["by the model's ARN"]["modelArn"].endswith(f"/{REEL}")


def test_failure_tells_why_in_the_job_and_in_its_folder(made):
    told = made["failures"]
    kinds = {
        "[moderation:job]": "RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION",
        "[fail]": "INTERNAL_SERVER_EXCEPTION",
        "[fail:rate-limit]": "RATE_LIMIT_EXCEEDED",
        "[fail:aborted]": "ABORTED",
    }
    for marker, kind in kinds.items():
        assert told[marker]["statuses"] == ["InProgress", "InProgress", "Failed"]
        assert told[marker]["answer"]["failureMessage"]
        assert told[marker]["files"].keys() == {"manifest.json", STATUS_FILE}
        report = json.loads(told[marker]["files"][STATUS_FILE]["said"])
        assert (report["fullVideo"]["status"], report["fullVideo"]["failureType"]) == ("FAILURE", kind)
    blocked = told["[moderation:job]"]
    assert (
        blocked["answer"]["failureMessage"] == "The generated video has been blocked by our content filters."
    )
    assert (
        "The generated content has been blocked by our content filters."
        in blocked["files"][STATUS_FILE]["said"]
    )
    assert told["[unknown-status]"] == "Provisioning"  # boto3 hands on what it does not know


def test_same_token_is_the_same_job(made):
    told = made["same_token"]
    assert told["first"] == told["again"]
    assert (told["other"]["class"], told["other"]["status"]) == ("ConflictException", 400)
    assert re.fullmatch(r"[0-9a-f-]{36}", told["the SDK's own"])


def test_list_is_paged_filtered_and_sorted(made):
    told = made["listed"]
    started = told["started"]
    assert told["newest"][: len(started)] == started[::-1]
    assert told["newest"] == told["in pages"] == told["oldest"][::-1]
    assert len(told["newest"]) == len(set(told["newest"])) > len(MODES)
    assert told["running"] == []
    assert set(told["failed"]) < set(told["newest"])
    assert told["failed"][0] == started[-1]
    assert told["after"] == started[:2:-1]
    assert told["before"] == told["newest"][len(started) - 2 :]
    assert told["just it"] == [started[2]]
    assert told["limited"] == told["newest"][:3]
    assert told["page"] == [2, True]
    assert told["row"] == told["got"]
    assert told["elsewhere"] == sum(model == RAY for model, *_ in MODES.values())


# --- S3 ---------------------------------------------------------------------------------------------------------


def test_film_is_read_in_every_way(made):
    told = made["film"]
    film = base64.b64decode(told["film"])
    size = len(film)
    assert film == b"1280x720 6 s " + PROMPT.encode()
    assert (told["type"], told["size"], told["downloaded"]) == ("video/mp4", size, [True, True])
    assert told["head"] == {
        "ContentLength": size,
        "ContentType": "video/mp4",
        "ETag": told["etag"],
        "AcceptRanges": "bytes",
    }
    assert told["as old"] is True
    assert told["part"] == [f"bytes 4-9/{size}", True]
    assert told["checksum"][1] == "FULL_OBJECT"  # boto3 has verified it
    assert told["without a checksum"] is None
    assert told["if it matches"] == told["etag"]
    assert (told["not changed"]["status"], told["changed"]["code"]) == (304, "PreconditionFailed")


def test_presigned_address_opens_its_object_and_no_other(made):
    told = made["film"]["presigned"]
    assert told["version"] is True
    assert (told["whole"], told["part"]) == ([200, "video/mp4", True], [206, True])
    refused = {
        name: (told[name]["status"], told[name]["said"]) for name in ("changed", "older signature", "none")
    }
    expected = {
        "changed": (403, "SignatureDoesNotMatch"),
        "older signature": (400, "InvalidRequest"),
        "none": (403, "AccessDenied"),
    }
    for name, (status, code) in expected.items():
        assert refused[name][0] == status
        assert f"<Code>{code}</Code>" in refused[name][1]


# --- other accounts, other days ----------------------------------------------------------------------------------


def test_real_film_arrives_whole(toured):
    film = base64.b64decode(toured("simulator_tour", stops=["film"])["film"]["film"])
    assert sniff(film) == "video/mp4"
    facts = read_facts(io.BytesIO(film))
    assert (facts.width, facts.height, facts.has_audio) == (1280, 720, False)
    assert facts.duration == pytest.approx(6.0, abs=0.05)


def test_temporary_keys_are_as_good(toured, told_studio, temporary):
    keys = dict(zip(("key_id", "secret", "token"), temporary.values(), strict=True))
    told = toured("simulator_tour", studio=told_studio, stops=["with_temporary_keys"], keys=keys)
    told = told["with_temporary_keys"]
    assert told["statuses"][-1] == "Completed"
    assert base64.b64decode(told["film"]).startswith(b"1280x720")
    assert told["presigned"] is True


@pytest.mark.parametrize(
    ("day", "retired"),
    [(date(2026, 9, 29), ()), (date(2026, 9, 30), (REEL, REEL_0)), (date(2026, 11, 24), (REEL, REEL_0))],
)
def test_retired_models_are_not_found(toured, told_studio, day, retired):
    told = toured("simulator_tour", studio=told_studio, stops=["ended"], as_of=day)["ended"]
    assert {model for model, said in told.items() if said["class"]} == set(retired)
    for model in retired:
        assert (told[model]["class"], told[model]["status"]) == ("ResourceNotFoundException", 404)
        assert told[model]["message"].startswith("This model version has reached the end of its life.")


def test_what_was_accepted_is_charged_and_failures_are_given_back(made):
    billed = Counter()
    for charge in made.service.stage.charges.entries:
        billed[charge.job] += charge.amount
    assert set(made["listed"]["newest"]) < billed.keys()
    failed = set(made["listed"]["failed"])
    assert {job for job, amount in billed.items() if amount == 0} == failed
    prices = {
        "text": "0.48",
        "automated_120_s": "9.60",
        "manual": "0.96",
        "ray": "3.75",
        "ray_with_options": "13.50",
    }
    assert {mode: billed[made["modes"][mode]["arn"]] for mode in prices} == {
        mode: Decimal(price) for mode, price in prices.items()
    }
