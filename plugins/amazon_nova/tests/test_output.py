"""Looking into the folder of a job: the film, its shots, and what a status file says, true or not."""

import json

import pytest
from polyreel.errors import (
    AuthenticationFailed,
    MissingExtra,
    MissingKey,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.http import Response
from polyreel.types.job import Receipt
from polyreel.types.provider import OWN_KEY
from polyreel_amazon_nova import plugin

ARN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"
JOB_URL = "https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aasync-invoke%2Fabc123def456"
BUCKET = "https://s3.us-east-1.amazonaws.com/my-bucket"
FOLDER = "nova/abc123def456"
FILM = f"{BUCKET}/{FOLDER}/output.mp4"
LIST = f"GET {BUCKET}?list-type=2&prefix=nova%2Fabc123def456%2F"
STATUS = f"{FOLDER}/video-generation-status.json"
RECEIPT = Receipt(id=ARN, data={"region": "us-east-1", "folder": f"s3://my-bucket/{FOLDER}"})
FILTERED = "The generated content has been blocked by our content filters."
RAI = {
    "status": "FAILURE",
    "failureType": "RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION",
    "failureMessage": FILTERED,
}


def job(status="Completed", uri=f"s3://my-bucket/{FOLDER}", **members):
    return {
        "invocationArn": ARN,
        "status": status,
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": uri}},
        **members,
    }


def good(name):
    return {"status": "SUCCESS", "location": f"s3://my-bucket/{FOLDER}/{name}"}


def keys(*names):
    return [f"{FOLDER}/{name}" for name in names]


@pytest.fixture
def refused(answer):
    def made(status=403, code="AccessDenied"):
        return answer(f"<Error><Code>{code}</Code><Message>no</Message></Error>", status)

    return made


@pytest.fixture
def look(drive, answer, task):
    """Poll a job that Bedrock says is completed, against answers of S3."""

    def looked(*answers, asked=None, said=None, receipt=RECEIPT):
        run = drive(plugin.poll(asked or task(), receipt), answer(said or job()), *answers)
        run.assets = plugin.normalise_result(run.value.payload or {})
        run.told = [str(notice) for notice in run.value.warnings]
        return run

    return looked


def test_running_job_is_not_looked_for_in_its_folder(drive, answer, task):
    run = drive(plugin.poll(task(), RECEIPT), answer(job("InProgress")))
    assert (run.value.state, run.lines) == ("running", [f"GET {JOB_URL}"])


def test_film_of_the_first_version_has_no_status_file(look, listing):
    run = look(listing(*keys("manifest.json", "output.mp4")))
    assert run.lines == [f"GET {JOB_URL}", LIST]
    assert [(asset.role, asset.url, asset.stays) for asset in run.assets] == [("video", FILM, None)]
    assert (run.value.state, run.told) == ("succeeded", [])


@pytest.mark.parametrize("name", ["video-generation-status.json", "generation-status.json"])
def test_film_of_shots_under_either_name_of_the_status_file(look, listing, answer, name):
    files = keys("manifest.json", "output.mp4", "shot_0002.mp4", "shot_0001.mp4", name)
    status = {
        "schemaVersion": "1.0",
        "shots": [good("shot_0001.mp4"), good("shot_0002.mp4")],
        "fullVideo": good("output.mp4"),
    }
    run = look(listing(*files), answer(status))
    assert run.lines[-1] == f"GET {BUCKET}/{FOLDER}/{name}"
    assert [(asset.role, asset.index, asset.url) for asset in run.assets] == [
        ("video", 0, FILM),
        ("shot", 0, f"{BUCKET}/{FOLDER}/shot_0001.mp4"),
        ("shot", 1, f"{BUCKET}/{FOLDER}/shot_0002.mp4"),
    ]
    assert run.told == []


def test_folder_is_that_of_the_answer(look, listing):
    run = look(
        listing("elsewhere/xyz/output.mp4"),
        said=job(uri="s3://my-bucket/elsewhere/xyz/"),
    )
    assert run.assets[0].url == f"{BUCKET}/elsewhere/xyz/output.mp4"


@pytest.mark.parametrize("uri", ["s3://my-bucket/wrong/abc123def456", "nonsense"])
def test_folder_of_our_reckoning_is_the_second_place_to_look(look, listing, uri):
    first = [listing()] if uri.startswith("s3:") else []
    run = look(*first, listing(*keys("output.mp4")), said=job(uri=uri))
    assert run.assets[0].url == FILM


def test_names_in_the_list_are_read_as_they_are(look, listing):
    run = look(
        listing("a&amp;b/abc123def456/output.mp4", "a&amp;b/abc123def456/deep/shot_0001.mp4"),
        said=job(uri="s3://my-bucket/a&b/abc123def456"),
    )
    assert [asset.url for asset in run.assets] == [f"{BUCKET}/a%26b/abc123def456/output.mp4"]


def test_bucket_in_another_region_is_followed(look, listing, refused):
    elsewhere = Response(status=301, headers={"x-amz-bucket-region": "eu-west-1"})
    run = look(elsewhere, listing(*keys("output.mp4")))
    there = BUCKET.replace("us-east-1", "eu-west-1")
    assert run.lines[1:] == [LIST, LIST.replace("us-east-1", "eu-west-1")]
    assert run.assets[0].url == f"{there}/{FOLDER}/output.mp4"


# --- without the right to list ----------------------------------------------------------------------------------------


def test_without_the_right_to_list_names_are_tried(look, refused):
    run = look(refused(), refused(), refused(), Response(status=200))
    assert run.lines[1:] == [
        LIST,
        f"GET {BUCKET}/{STATUS}",
        f"GET {BUCKET}/{FOLDER}/generation-status.json",
        f"HEAD {FILM}",
    ]
    assert ([asset.url for asset in run.assets], run.told) == ([FILM], [])


def test_without_the_right_to_list_shots_are_where_the_status_file_says(look, refused, answer, task):
    status = {"shots": [good("shot_0001.mp4"), good("shot_0002.mp4")]}
    run = look(refused(), answer(status), Response(status=200), asked=task(duration=12))
    assert [asset.url for asset in run.assets][1:] == [
        f"{BUCKET}/{FOLDER}/shot_0001.mp4",
        f"{BUCKET}/{FOLDER}/shot_0002.mp4",
    ]


@pytest.mark.parametrize(("status", "count"), [(200, 3), (403, 0), (404, 0)])
def test_without_list_and_status_file_one_shot_tells_of_all(look, refused, task, status, count):
    shots = [{"text": "A shot"}] * 3
    run = look(
        *[refused()] * 3, Response(status=200), Response(status=status), asked=task(amazon_shots=shots)
    )
    assert run.lines[-1] == f"HEAD {BUCKET}/{FOLDER}/shot_0001.mp4"
    assert [asset.index for asset in run.assets if asset.role == "shot"] == list(range(count))


def test_film_that_may_not_be_read_is_named_with_the_way_out(look, refused):
    run = look(*[refused()] * 3, Response(status=403))
    assert ([asset.url for asset in run.assets], run.value.state) == ([FILM], "succeeded")
    assert "s3:GetObject" in run.told[0]
    assert "polyreel jobs resume" in run.told[0]


def test_film_that_is_not_there(look, refused):
    run = look(*[refused()] * 3, Response(status=404))
    assert (run.value.state, run.value.failure.billed) == ("failed", None)


def test_ray2_has_neither_status_file_nor_shots(look, refused, task, listing):
    run = look(refused(), Response(status=200), asked=task(model="luma.ray-v2:0"))
    assert run.lines[1:] == [LIST, f"HEAD {FILM}"]
    assert [asset.role for asset in run.assets] == ["video"]
    run = look(listing(*keys("output.mp4", "shot_0001.mp4")), asked=task(model="luma.ray-v2:0"))
    assert [asset.role for asset in run.assets] == ["video"]


# --- status files that lie, and folders that lack ---------------------------------------------------------------------


def test_failure_beside_a_film_is_a_warning(look, listing, answer):
    status = {"shots": [good("shot_0001.mp4"), RAI], "fullVideo": RAI}
    run = look(listing(*keys("output.mp4", "video-generation-status.json")), answer(status))
    assert (run.value.state, [asset.url for asset in run.assets]) == ("succeeded", [FILM])
    assert run.told[0].startswith("shot: shot 2 of 2 failed: RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION")
    assert "and yet it is there" in run.told[1]


def test_no_more_warnings_than_shots(look, listing, answer, task):
    files = listing(*keys("output.mp4", "video-generation-status.json"))
    status = {"shots": [RAI, good("x"), *[RAI] * 1999]}
    run = look(files, answer(status), asked=task(duration=18))
    assert [line.split(" failed: ")[0] for line in run.told] == [
        "shot: shot 1 of 2001",
        "shot: shot 3 of 2001",
        "shot: shot 4 of 2001",
        "shot: the status file tells of 1997 more failed shots, though 3 were asked for; look into it",
    ]


def test_completed_without_a_film_is_a_failure_that_says_what_is_there(look, listing):
    run = look(listing(*keys("manifest.json", "shot_0001.mp4")))
    assert (run.value.state, run.value.failure.kind, run.value.failure.billed) == ("failed", "failed", None)
    assert (
        f"s3://my-bucket/{FOLDER} has no output.mp4; it has: manifest.json, shot_0001.mp4"
        in run.value.failure.message
    )


def test_completed_with_a_filtered_film_is_filtered(look, listing, answer):
    run = look(
        listing(*keys("video-generation-status.json")), answer({"shots": [good("x"), RAI], "fullVideo": RAI})
    )
    assert (run.value.state, run.value.failure.kind) == ("failed", "filtered")
    assert FILTERED in run.value.failure.message
    (told,) = run.told
    assert "shot 2 of 2" in told


def test_filter_is_known_by_its_type_too(look, listing, answer):
    film = {"status": "FAILURE", "failureType": "RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION"}
    run = look(listing(*keys("video-generation-status.json")), answer({"fullVideo": film}))
    assert run.value.failure.kind == "filtered"


def test_file_of_another_folder_is_no_film(look, listing):
    assert look(listing("output.mp4", "nova/other/output.mp4")).value.state == "failed"


def test_bucket_that_is_gone(look, refused):
    run = look(refused(404, "NoSuchBucket"))
    assert (run.value.state, "it has: nothing" in run.value.failure.message) == ("failed", True)


def test_film_under_another_name_is_found_by_the_status_file(look, listing, answer):
    files = keys("film.mp4", "video-generation-status.json")
    run = look(listing(*files), answer({"fullVideo": good("film.mp4")}))
    assert run.assets[0].url == f"{BUCKET}/{FOLDER}/film.mp4"


@pytest.mark.parametrize(
    "location",
    [
        "s3://my-bucket/nova/abc123def456/none.mp4",
        "s3://other-bucket/nova/abc123def456/film.mp4",
        "s3://my-bucket/secrets/film.mp4",
        "s3://my-bucket/nova/abc123def456/../film.mp4",
        "s3://my-bucket",
        "https://evil.example/film.mp4",
        7,
        None,
    ],
)
def test_location_that_is_not_in_the_folder_is_not_believed(look, listing, answer, location):
    files = keys("film.mp4", "video-generation-status.json")
    run = look(listing(*files), answer({"fullVideo": {"status": "SUCCESS", "location": location}}))
    assert (run.value.state, run.assets) == ("failed", [])


@pytest.mark.parametrize(
    "status",
    [
        [],
        "not JSON",
        {},
        {"shots": 7, "fullVideo": []},
        {"shots": [None, 7, {"status": "FAILURE"}], "fullVideo": None},
        {"shots": [{"status": "FAILURE", "failureType": 7, "failureMessage": None}]},
    ],
)
def test_status_file_of_any_other_form_does_no_harm(look, listing, answer, status):
    run = look(listing(*keys("output.mp4", "video-generation-status.json")), answer(status))
    assert (run.value.state, [asset.url for asset in run.assets]) == ("succeeded", [FILM])
    assert len(run.told) == (1 if status in ([], "not JSON") or "FAILURE" in json.dumps(status) else 0)


def test_no_folder_anywhere(look):
    run = look(said=job(uri="nonsense"), receipt=Receipt(id=ARN))
    assert (run.value.state, "in which folder" in run.value.failure.message) == ("failed", True)


def test_no_payload_no_assets():
    assert plugin.normalise_result({}) == []


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response(status=503, content=b"<Error><Code>SlowDown</Code></Error>"), RateLimited),
        (Response(status=500), ProviderUnavailable),
        (Response(status=400, content=b"<Error><Code>ExpiredToken</Code></Error>"), AuthenticationFailed),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_trouble_at_s3_is_no_lost_film(drive, answer, task, refused, response, kind, before):
    with pytest.raises(kind):
        drive(plugin.poll(task(), RECEIPT), answer(job()), *[refused()] * before, response)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("<html>Sign in to the network</html>", 200, UnexpectedAnswer),
        ("<ListBucketResult><Contents><Key>nova/abc", 200, UnexpectedAnswer),
        ("", 200, UnexpectedAnswer),
        ("<html>not found</html>", 404, ResourceNotFound),
    ],
)
def test_page_of_somebody_else_is_no_empty_folder(look, answer, body, status, kind):
    with pytest.raises(kind):
        look(answer(body, status, content_type="text/html"))


# --- with a Bedrock API key alone -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [MissingKey("no keys", provider="amazon"), MissingExtra("profiles", extra="aws")]
)
def test_with_an_api_key_alone_the_film_stays_where_it_is(look, task, error):
    bearer = {"api_key": "bedrock-api-key-XYZ", "access_key_id": None, "secret_access_key": None}
    run = look(error, asked=task(configured=bearer))
    (film,) = run.assets
    assert film.url == f"s3://my-bucket/{FOLDER}/output.mp4"
    assert f"aws s3 cp s3://my-bucket/{FOLDER}/output.mp4" in film.stays
    assert str(error) in film.stays


def test_with_a_key_for_one_call_the_advice_is_for_its_owner(look, task):
    own = {"api_key": "bedrock-api-key-XYZ", "sources": {"api_key": OWN_KEY}}
    run = look(MissingKey("no keys", provider="amazon"), asked=task(configured=own))
    (film,) = run.assets
    assert "no other credentials of this machine are used beside it" in film.stays
    assert f"aws s3 cp s3://my-bucket/{FOLDER}/output.mp4 ." in film.stays
    assert "or give access keys too" not in film.stays


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed"])
def test_credentials_that_s3_does_not_take_are_no_lack_of_a_right(look, refused, code):
    with pytest.raises(AuthenticationFailed, match=code):
        look(refused(code=code))


def test_bucket_in_another_region_is_followed_by_the_error_alone(look, listing, answer):
    told = answer(
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
        400,
        content_type="application/xml",
    )
    run = look(told, listing(*keys("output.mp4")))
    assert run.assets[0].url == f"{BUCKET.replace('us-east-1', 'eu-west-1')}/{FOLDER}/output.mp4"


@pytest.mark.parametrize("region", ["evil.example/", "EU", "x" * 60, ""])
def test_region_of_another_form_is_not_followed(look, region):
    with pytest.raises(RequestRejected):
        look(Response(status=400, headers={"x-amz-bucket-region": region}))


def test_without_any_key_it_is_an_error(drive, answer, task):
    with pytest.raises(MissingKey):
        drive(plugin.poll(task(), RECEIPT), answer(job()), MissingKey("no keys", provider="amazon"))


# --- failed jobs ------------------------------------------------------------------------------------------------------


def test_failed_film_of_shots_says_which_shot(drive, answer, task):
    asked = task(amazon_shots=[{"text": "one"}, {"text": "two"}])
    status = answer({"shots": [{"status": "SUCCESS"}, RAI], "fullVideo": RAI})
    run = drive(plugin.poll(asked, RECEIPT), answer(job("Failed", failureMessage="It failed.")), status)
    assert run.lines[-1] == f"GET {BUCKET}/{STATUS}"
    failure = run.value.failure
    assert failure.message.startswith("It failed.; shot 2 of 2 failed: RAI_VIOLATION")
    assert (failure.kind, failure.billed) == ("filtered", None)  # nobody says that it is free


@pytest.mark.parametrize(
    "answers",
    [
        [Response(status=403), Response(status=404)],
        [Response(status=500)],
        [Response(status=200, content=b"<html>")],
        [Response(status=200, content=b"{}")],
        [MissingKey("no keys", provider="amazon")],
    ],
    ids=["forbidden", "broken", "no-json", "empty", "no-keys"],
)
def test_failed_film_of_shots_without_a_status_file(drive, answer, task, answers):
    run = drive(
        plugin.poll(task(duration=12), RECEIPT), answer(job("Failed", failureMessage="It failed.")), *answers
    )
    assert (run.value.state, run.value.failure.message, run.value.failure.billed) == (
        "failed",
        "It failed.",
        None,
    )


def test_failed_film_of_one_shot_is_not_looked_for(drive, answer, task):
    run = drive(plugin.poll(task(), RECEIPT), answer(job("Failed", failureMessage="It failed.")))
    assert run.lines == [f"GET {JOB_URL}"]
    run = drive(plugin.poll(task(model="luma.ray-v2:0"), RECEIPT), answer(job("Failed")))
    assert run.value.state == "failed"
