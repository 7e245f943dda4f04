"""The simulator of Bedrock's asynchronous invocation: what it starts, how jobs live, what they leave and cost.

What it refuses is in ``test_simulator_refusals.py``, S3 in ``test_simulator_s3.py``.
"""

import io
import json
import re
from datetime import date
from decimal import Decimal

import pytest
from polyreel.media.mp4 import read_facts
from polyreel.simulation.films import FilmSpec
from polyreel.simulation.memory import Remembering
from polyreel.simulation.simulator import FilmStudio
from polyreel_amazon_nova.simulator import MARKERS, AmazonSimulator

REEL_0, RAY = "amazon.nova-reel-v1:0", "luma.ray-v2:0"
WEST = {"region": "us-west-2", "uri": "s3://simulated-bucket-us-west-2/nova", "model": RAY}
STATUS_FILE, SHORT_STATUS_FILE = "video-generation-status.json", "generation-status.json"
FILTERED = "The generated video has been blocked by our content filters."


def test_start_answers_with_an_arn(amazon):
    answer = amazon.start()
    assert answer.status == 200
    assert re.fullmatch(
        r"arn:aws:bedrock:us-east-1:123456789012:async-invoke/[a-z0-9]{12}", answer.json()["invocationArn"]
    )
    assert set(answer.json()) == {"invocationArn"}
    assert answer.media_type == "application/json"
    assert answer.request_id
    assert answer.request_id != amazon.start().request_id


def test_settings_write_to_buckets_that_are_there(amazon):
    here, there = AmazonSimulator.settings["output"].split()
    region, _, there = there.partition("=")
    amazon.job(uri=here)
    amazon.job({"prompt": "p"}, model=RAY, region=region, uri=there)


def test_job_lives_by_the_clock(amazon):
    arn = amazon.job(
        clientRequestToken="tok-1",
        output={
            "bucketOwner": "123456789012",
            "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/films",
        },
    )
    running = {
        "invocationArn": arn,
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:1",
        "clientRequestToken": "tok-1",
        "status": "InProgress",
        "submitTime": "2026-05-28T20:26:40Z",
        "lastModifiedTime": "2026-05-28T20:26:40Z",
        "outputDataConfig": {
            "s3OutputDataConfig": {
                "s3Uri": f"s3://simulated-bucket/nova/{arn[-12:]}",
                "bucketOwner": "123456789012",
                "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:alias/films",
            }
        },
    }
    assert amazon.status(arn) == running
    amazon.advance(99.9)
    assert amazon.status(arn) == running
    amazon.advance(0.1)
    over = {
        "status": "Completed",
        "lastModifiedTime": "2026-05-28T20:28:20Z",
        "endTime": "2026-05-28T20:28:20Z",
    }
    assert amazon.status(arn) == running | over


def test_times_have_milliseconds_where_there_are_any(amazon):
    amazon.advance(0.1234)
    arn = amazon.job()
    assert amazon.status(arn)["submitTime"] == "2026-05-28T20:26:40.123Z"
    assert "clientRequestToken" not in amazon.status(arn)
    for query in ("?submitTimeAfter=", "?submitTimeBefore="):
        assert amazon.listed(f"{query}2026-05-28T20%3A26%3A40.123Z")["asyncInvokeSummaries"] == []


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("s3://simulated-bucket", "s3://simulated-bucket"),
        ("s3://simulated-bucket/", "s3://simulated-bucket"),
        ("s3://simulated-bucket/a/b", "s3://simulated-bucket/a/b"),
        ("s3://simulated-bucket/a/b/", "s3://simulated-bucket/a/b"),
    ],
)
def test_folder_of_a_job_is_the_prefix_and_its_id(amazon, uri, folder):
    arn = amazon.job(uri=uri)
    shown = amazon.status(arn)["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
    assert shown == f"{folder}/{arn[-12:]}"
    key = shown.removeprefix("s3://")
    assert amazon.send("GET", f"/{key}/manifest.json").json()["requestId"] == arn[-12:]
    assert amazon.send("GET", f"/{key}/output.mp4").status == 404
    amazon.advance(100)
    assert amazon.send("GET", f"/{key}/output.mp4").status == 200


def test_manifest_is_there_at_once_and_all_else_at_the_end(amazon):
    arn = amazon.job(amazon.manual("One", "Two"))
    assert amazon.folder(arn) == ["manifest.json"]
    amazon.advance(100)
    assert amazon.folder(arn) == [
        "manifest.json",
        "output.mp4",
        "shot_0001.mp4",
        "shot_0002.mp4",
        STATUS_FILE,
    ]
    where = f"s3://simulated-bucket/nova/{arn[-12:]}"
    assert amazon.file(arn, STATUS_FILE).json() == {
        "schemaVersion": "1.0",
        "shots": [
            {"status": "SUCCESS", "location": f"{where}/shot_0001.mp4"},
            {"status": "SUCCESS", "location": f"{where}/shot_0002.mp4"},
        ],
        "fullVideo": {"status": "SUCCESS", "location": f"{where}/output.mp4"},
    }


def test_single_shot_is_no_file_of_its_own(amazon):
    arn = amazon.job()
    amazon.advance(100)
    assert amazon.folder(arn) == ["manifest.json", "output.mp4", STATUS_FILE]
    assert amazon.file(arn, STATUS_FILE).json()["shots"] == []
    assert amazon.file(arn, "shot_0001.mp4").status == 404


def test_first_version_and_ray_write_no_status_file(amazon):
    arn = amazon.job(model=REEL_0)
    there = amazon.job({"prompt": "p"}, **WEST)
    amazon.advance(100)
    assert amazon.folder(arn) == ["manifest.json", "output.mp4"]
    key = f"simulated-bucket-us-west-2/nova/{there[-12:]}"
    assert amazon.send("GET", f"/{key}/output.mp4", region="us-west-2").status == 200
    assert amazon.send("GET", f"/{key}/{STATUS_FILE}", region="us-west-2").status == 404


def film(prompt, **facts):
    common = {"width": 1280, "height": 720, "duration": 6.0, "fps": 24, "audio": False, "seed": 42}
    return FilmSpec(**{**common, "model": "amazon/amazon.nova-reel-v1:1", "prompt": prompt, **facts})


def test_films_show_what_was_asked_for_and_are_made_once(amazon):
    arn = amazon.job(amazon.manual("One", "Two", seed=7))
    amazon.advance(100)
    assert not amazon.filmed
    for _ in range(2):
        assert amazon.file(arn, "output.mp4").content == b"film of One / Two"
        assert amazon.file(arn, "shot_0002.mp4").content == b"film of Two"
    assert amazon.filmed == [
        film("One / Two", duration=12.0, seed=7),
        film("Two", caption="shot 2 of 2", seed=7),
    ]


def test_few_films_are_kept(amazon):
    arn = amazon.job(amazon.manual(*map(str, range(6))))
    amazon.advance(100)
    for number in (1, 2, 3, 4, 5, 1):
        amazon.file(arn, f"shot_{number:04}.mp4")
    assert [spec.prompt for spec in amazon.filmed] == ["0", "1", "2", "3", "4", "0"]


@pytest.mark.parametrize("where", ["bytes", "s3"])
@pytest.mark.parametrize(
    ("kind", "mode", "color"),
    [("PNG", "RGB", "teal"), ("PNG", "RGBA", (0, 90, 90, 255)), ("JPEG", "RGB", "teal")],
)
def test_input_image_of_one_shot_and_of_many(amazon, where, kind, mode, color):
    data = amazon.picture(mode=mode, kind=kind, color=color)
    amazon.put("in/a b", data)
    name = kind.lower()
    image = (
        amazon.in_bytes(data, name)
        if where == "bytes"
        else amazon.in_s3("s3://simulated-bucket/in/a b", name)
    )
    arns = [
        amazon.job(amazon.reel(images=[image])),
        amazon.job(amazon.manual({"text": "One", "image": image}, "Two")),
    ]
    amazon.advance(100)
    for arn in arns:
        amazon.file(arn, "output.mp4")
    amazon.file(arns[1], "shot_0002.mp4")
    assert [spec.still for spec in amazon.filmed] == [data, data, None]


def test_large_input_image_is_checked_and_not_kept(amazon, monkeypatch):
    monkeypatch.setattr("polyreel_amazon_nova.simulated_orders._MAX_STILL", 100)
    arn = amazon.job(amazon.reel(images=[amazon.in_bytes(amazon.picture())]))
    amazon.advance(100)
    amazon.file(arn, "output.mp4")
    assert amazon.filmed[0].still is None


def test_images_in_s3_may_name_their_owner(amazon):
    amazon.put("a.png", amazon.picture())
    image = amazon.in_s3("s3://simulated-bucket/a.png", bucketOwner="123456789012")
    assert amazon.start(amazon.reel(images=[image])).status == 200


@pytest.mark.parametrize(
    ("options", "width", "height", "seconds", "price"),
    [
        ({}, 1280, 720, 5, "7.50"),
        ({"duration": "9s"}, 1280, 720, 9, "13.50"),
        ({"resolution": "540p"}, 960, 540, 5, "3.75"),
        ({"resolution": "540p", "aspect_ratio": "9:16", "duration": "9s"}, 540, 960, 9, "6.75"),
        ({"aspect_ratio": "1:1", "loop": True}, 720, 720, 5, "7.50"),
        ({"aspect_ratio": "4:3", "loop": False}, 960, 720, 5, "7.50"),
        ({"aspect_ratio": "3:4"}, 720, 960, 5, "7.50"),
        ({"aspect_ratio": "21:9"}, 1680, 720, 5, "7.50"),
        ({"aspect_ratio": "9:21", "resolution": "540p"}, 540, 1260, 5, "3.75"),
    ],
)
def test_size_length_and_price_of_ray(amazon, options, width, height, seconds, price):
    arn = amazon.job({"prompt": "A lake", **options}, **WEST)
    amazon.advance(100)
    amazon.send("GET", f"/simulated-bucket-us-west-2/nova/{arn[-12:]}/output.mp4", region="us-west-2")
    assert amazon.filmed == [
        film("A lake", model=f"amazon/{RAY}", width=width, height=height, duration=seconds, seed=None)
    ]
    assert amazon.stage.charges.total == Decimal(price)
    assert amazon.stage.charges.billed_jobs == (arn,)


@pytest.mark.parametrize(("frames", "shown"), [(("frame0",), 0), (("frame1",), 1), (("frame0", "frame1"), 0)])
def test_keyframes_of_ray(amazon, frames, shown):
    sizes = {"frame0": ((512, 512), "PNG"), "frame1": ((4096, 512), "JPEG")}
    data = {name: amazon.picture(size, kind=kind) for name, (size, kind) in sizes.items()}
    keyframes = {
        name: {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": f"image/{sizes[name][1].lower()}",
                "data": amazon.in_bytes(data[name])["source"]["bytes"],
            },
        }
        for name in frames
    }
    arn = amazon.job({"prompt": "A lake", "keyframes": keyframes}, **WEST)
    amazon.advance(100)
    amazon.send("GET", f"/simulated-bucket-us-west-2/nova/{arn[-12:]}/output.mp4", region="us-west-2")
    assert amazon.filmed[0].still == data[f"frame{shown}"]


@pytest.mark.parametrize(
    ("model_input", "price"),
    [
        ("reel", "0.48"),
        ("automated 12", "0.96"),
        ("automated 120", "9.60"),
        ("manual 1", "0.48"),
        ("manual 20", "9.60"),
    ],
)
def test_price_of_reel_is_by_the_second(amazon, model_input, price):
    kind, _, number = model_input.partition(" ")
    inputs = {
        "reel": amazon.reel,
        "automated": lambda: amazon.automated(seconds=int(number)),
        "manual": lambda: amazon.manual(*["One"] * int(number)),
    }
    arn = amazon.job(inputs[kind]())
    assert [(c.job, c.amount) for c in amazon.stage.charges.entries] == [(arn, Decimal(price))]


def test_same_token_and_request_start_one_job(amazon):
    arn = amazon.job(clientRequestToken="tok-1")
    amazon.advance(1000)
    assert amazon.job(clientRequestToken="tok-1") == arn
    assert amazon.stage.charges.billed_jobs == (arn,)
    assert len({arn, amazon.job(clientRequestToken="tok-2"), amazon.job(), amazon.job()}) == 4


def test_same_token_and_another_request_conflict(amazon):
    arn = amazon.job(clientRequestToken="tok-1")
    answer = amazon.start(amazon.reel("Another"), clientRequestToken="tok-1")
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"].startswith("ConflictException:")
    assert amazon.stage.charges.billed_jobs == (arn,)


def test_token_belongs_to_its_region(amazon):
    arns = {
        amazon.job({"prompt": "p"}, clientRequestToken="tok", **WEST),
        amazon.job(clientRequestToken="tok"),
    }
    assert len(arns) == 2


def test_refused_request_leaves_its_token_free(amazon):
    assert amazon.start(amazon.reel("[moderation:create]"), clientRequestToken="tok").status == 400
    assert amazon.start(clientRequestToken="tok").status == 200


def test_model_may_be_named_by_its_arn(amazon):
    arn = amazon.job(model="arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:1")
    assert amazon.status(arn)["modelArn"].endswith("/amazon.nova-reel-v1:1")


def test_tags_and_null_members_are_taken(amazon):
    tags = [{"key": "app", "value": ""}, {"key": "A b._:/=+@-", "value": "x\t"}]
    assert amazon.start(tags=tags, clientRequestToken=None).status == 200


@pytest.mark.parametrize(("model", "most"), [("amazon.nova-reel-v1:1", 3), (REEL_0, 10)])
def test_jobs_at_once_are_limited(amazon, model, most):
    for _ in range(most):
        amazon.job(model=model)
    answer = amazon.start(model=model)
    assert answer.status == 429
    assert answer.headers["x-amzn-errortype"].startswith("ThrottlingException:")
    assert "retry-after" not in answer.headers
    other = REEL_0 if model != REEL_0 else "amazon.nova-reel-v1:1"
    assert amazon.start(model=other).status == 200
    amazon.advance(100)
    assert amazon.start(model=model).status == 200


def test_rate_limit_lasts_as_long_as_the_state_says(amazon):
    arn = amazon.job()
    amazon.stage.state["rate_limited_until"] = amazon.START + 5
    for answer in (amazon.start(), amazon.get(arn), amazon.send("GET", "/async-invoke")):
        assert answer.status == 429
        assert answer.json() == {"message": "Too many requests, please wait before trying again."}
    assert amazon.send("HEAD", "/simulated-bucket").status == 200
    amazon.advance(5)
    assert amazon.get(arn).status == 200


@pytest.mark.parametrize(
    ("marker", "message", "kind"),
    [
        ("[moderation:job]", FILTERED, "RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION"),
        ("[fail]", "An internal error occurred while the video was generated.", "INTERNAL_SERVER_EXCEPTION"),
        (
            "[fail:rate-limit]",
            "The rate limit was exceeded while the video was generated.",
            "RATE_LIMIT_EXCEEDED",
        ),
        ("[fail:aborted]", "The generation of the video was aborted.", "ABORTED"),
    ],
)
def test_marker_of_a_failure(amazon, marker, message, kind):
    arn = amazon.job(amazon.automated(f"A boat {marker}"))
    amazon.advance(59)
    assert amazon.status(arn)["status"] == "InProgress"
    assert "failureMessage" not in amazon.status(arn)
    assert amazon.stage.charges.total == Decimal("0.96")
    amazon.advance(1)
    for _ in range(2):
        answer = amazon.status(arn)
        assert (answer["status"], answer["failureMessage"]) == ("Failed", message)
        assert answer["endTime"] == answer["lastModifiedTime"] == "2026-05-28T20:27:40Z"
    assert [(c.amount, c.at) for c in amazon.stage.charges.entries] == [
        (Decimal("0.96"), amazon.START),
        (Decimal("-0.96"), amazon.START + 60),
    ]
    assert amazon.folder(arn) == ["manifest.json", STATUS_FILE]
    report = {
        "status": "FAILURE",
        "failureType": kind,
        "failureMessage": message.replace("generated video", "generated content"),
    }
    assert amazon.file(arn, STATUS_FILE).json() == {
        "schemaVersion": "1.0",
        "shots": [report, report],
        "fullVideo": report,
    }


def test_marker_of_one_failed_shot(amazon):
    arn = amazon.job(amazon.manual("One", "Two [shot:fails]", "Three"))
    amazon.advance(60)
    assert (amazon.status(arn)["status"], amazon.status(arn)["failureMessage"]) == ("Failed", FILTERED)
    report = amazon.file(arn, STATUS_FILE).json()
    assert [shot["status"] for shot in report["shots"]] == ["SUCCESS", "SUCCESS", "FAILURE"]
    assert not any("location" in shot for shot in report["shots"])
    assert report["fullVideo"]["status"] == "FAILURE"
    assert amazon.folder(arn) == ["manifest.json", STATUS_FILE]


@pytest.mark.parametrize(
    ("marker", "what"), [("[moderation:create]", "text prompt"), ("[moderation:image]", "input image")]
)
def test_marker_of_a_filter_at_the_start(amazon, marker, what):
    image = amazon.in_bytes(amazon.picture())
    answer = amazon.start(amazon.manual("One", {"text": f"Two {marker}", "image": image}))
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"].startswith("ValidationException:")
    assert answer.json()["message"] == (
        f"This request has been blocked by our content filters. Please adjust your {what} to submit a new request."
    )
    assert not amazon.stage.charges.entries
    assert not amazon.listed()["asyncInvokeSummaries"]


def test_marker_of_a_blocked_image_needs_an_image(amazon):
    assert amazon.start(amazon.reel("[moderation:image]")).status == 200


def test_marker_of_throttling(amazon):
    answer = amazon.start(amazon.reel("[throttled]"))
    assert answer.status == 429
    assert answer.headers["x-amzn-errortype"].startswith("ThrottlingException:")


def test_marker_of_a_job_without_end(amazon):
    arn = amazon.job(amazon.reel("[endless]"))
    amazon.advance(10**8)
    assert amazon.status(arn)["status"] == "InProgress"
    assert amazon.folder(arn) == ["manifest.json"]


def test_marker_of_an_unknown_status(amazon):
    arn = amazon.job(amazon.reel("[unknown-status]"))
    assert amazon.status(arn)["status"] not in {"InProgress", "Completed", "Failed"}
    assert amazon.listed("?statusEquals=InProgress")["asyncInvokeSummaries"] == []
    amazon.advance(100)
    assert amazon.status(arn)["status"] == "Completed"


def test_marker_of_a_missing_film(amazon):
    arn = amazon.job(amazon.manual("One [no-film]", "Two"))
    amazon.advance(100)
    assert amazon.status(arn)["status"] == "Completed"
    assert amazon.folder(arn) == ["manifest.json", STATUS_FILE]
    assert amazon.file(arn, "output.mp4").status == 404


@pytest.mark.parametrize("model", ["amazon.nova-reel-v1:1", REEL_0])
@pytest.mark.parametrize(
    ("marker", "name"),
    [
        ("[status:short-name]", SHORT_STATUS_FILE),
        ("[status:none]", None),
        ("[status:lies]", STATUS_FILE),
        ("[status:elsewhere]", STATUS_FILE),
    ],
)
def test_marker_of_a_status_file(amazon, model, marker, name):
    arn = amazon.job(amazon.reel(marker), model=model)
    amazon.advance(100)
    assert amazon.status(arn)["status"] == "Completed"
    expected = {"manifest.json", "output.mp4", name} - {None}
    assert set(amazon.folder(arn)) == expected
    if name:
        report = amazon.file(arn, name).json()["fullVideo"]
        where = f"s3://simulated-bucket/nova/{arn[-12:]}"
        expected = {
            "[status:short-name]": ("SUCCESS", f"{where}/output.mp4"),
            "[status:lies]": ("FAILURE", None),
            "[status:elsewhere]": ("SUCCESS", f"{where}-elsewhere/output.mp4"),
        }
        assert (report["status"], report.get("location")) == expected[marker]


def test_every_marker_is_described_and_tested_here(request):
    text = request.path.read_text()
    assert not [marker for marker in MARKERS if marker not in text]
    assert all(MARKERS.values())


def test_list_is_newest_first_and_can_be_turned(amazon):
    arns = []
    for _ in range(3):
        arns.append(amazon.job())
        amazon.advance(10)
    for query, expected in (
        ("", arns[::-1]),
        ("?sortBy=SubmissionTime&sortOrder=Descending", arns[::-1]),
        ("?sortOrder=Ascending", arns),
    ):
        answer = amazon.listed(query)
        assert [job["invocationArn"] for job in answer["asyncInvokeSummaries"]] == expected
        assert "nextToken" not in answer
    assert answer["asyncInvokeSummaries"][0] == amazon.status(arns[0])


def test_list_pages(amazon):
    arns = [amazon.job(model=REEL_0) for _ in range(5)]
    found, query = [], "?maxResults=2"
    for size in (2, 2, 1):
        answer = amazon.listed(query)
        page = [job["invocationArn"] for job in answer["asyncInvokeSummaries"]]
        assert len(page) == size
        found += page
        query = f"?maxResults=2&nextToken={answer.get('nextToken', '').replace('=', '%3D')}"
    assert found == arns[::-1]
    assert "nextToken" not in answer
    assert "nextToken" not in amazon.listed("?maxResults=5")


def test_page_after_a_job_that_came_meanwhile(amazon):
    arns = [amazon.job(model=REEL_0) for _ in range(3)]
    token = amazon.listed("?maxResults=1")["nextToken"].replace("=", "%3D")
    amazon.job(model=REEL_0)
    answer = amazon.listed(f"?nextToken={token}")
    assert [job["invocationArn"] for job in answer["asyncInvokeSummaries"]] == [arns[1], arns[0]]


def test_list_filters_by_status_and_time(amazon):
    done = amazon.job()
    amazon.advance(50.5)
    failed = amazon.job(amazon.reel("[fail]"))
    amazon.advance(60)
    running = amazon.job()

    def found(query):
        return {job["invocationArn"] for job in amazon.listed(query)["asyncInvokeSummaries"]}

    assert found("?statusEquals=Completed") == {done}
    assert found("?statusEquals=Failed") == {failed}
    assert found("?statusEquals=InProgress") == {running}
    assert found("?submitTimeAfter=2026-05-28T20%3A27%3A30Z") == {failed, running}
    assert found("?submitTimeAfter=2026-05-28T20%3A27%3A30.500000Z") == {running}
    assert found("?submitTimeBefore=2026-05-28T22%3A27%3A30.501%2B02%3A00") == {done, failed}
    assert found("?submitTimeBefore=2026-05-28T20%3A27%3A30.500Z") == {done}
    assert found("?submitTimeAfter=2026-05-28T20%3A27%3A30Z&submitTimeBefore=2026-05-28T20%3A28%3A00Z") == {
        failed
    }


def test_jobs_are_found_in_their_region_only(amazon):
    there, here = amazon.job({"prompt": "p"}, **WEST), amazon.job()
    assert [j["invocationArn"] for j in amazon.listed()["asyncInvokeSummaries"]] == [here]
    assert [j["invocationArn"] for j in amazon.listed(region="us-west-2")["asyncInvokeSummaries"]] == [there]
    assert amazon.get(there).status == 400
    assert amazon.get(there, region="us-west-2").status == 200


def test_region_of_an_api_key_is_that_of_its_host(amazon):
    key = AmazonSimulator.bearer_key
    west = "https://bedrock-runtime.us-west-2.amazonaws.com/async-invoke"
    there = amazon.job({"prompt": "p"}, **{**WEST, "region": "-"}, key=key, url=west)
    here = amazon.job(key=key, url=west.replace("us-west-2", "us-east-1"))
    answer = amazon.send("GET", west, key=key).json()
    assert [job["invocationArn"] for job in answer["asyncInvokeSummaries"]] == [there]
    assert amazon.start(key=key, url=west).status == 400
    assert ":us-east-1:" in here


def test_api_key_at_a_host_without_a_region_finds_everything(amazon):
    key = AmazonSimulator.bearer_key
    there, here = amazon.job({"prompt": "p"}, key=key, **WEST), amazon.job(key=key)
    assert (there.split(":")[3], here.split(":")[3]) == ("us-west-2", "us-east-1")
    assert {j["invocationArn"] for j in amazon.listed(key=key)["asyncInvokeSummaries"]} == {there, here}
    assert amazon.status(there, key=key)["invocationArn"] == there


def test_models_that_have_ended_play_unless_a_day_is_given(new_amazon):
    assert new_amazon().start().status == 200
    assert new_amazon(as_of=date(2026, 9, 29)).start().status == 200
    ended = new_amazon(as_of=date(2026, 9, 30))
    answer = ended.start()
    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"].startswith("ResourceNotFoundException:")
    assert answer.json()["message"].startswith("This model version has reached the end of its life.")
    assert ended.start({"prompt": "p"}, **WEST).status == 200


def test_films_are_real(new_amazon):
    amazon = new_amazon(studio=FilmStudio())
    arn = amazon.job({"prompt": "A lake", "resolution": "540p", "aspect_ratio": "1:1"}, **WEST)
    amazon.advance(100)
    answer = amazon.send(
        "GET", f"/simulated-bucket-us-west-2/nova/{arn[-12:]}/output.mp4", region="us-west-2"
    )
    facts = read_facts(io.BytesIO(answer.content))
    assert (facts.width, facts.height, round(facts.duration, 1)) == (540, 540, 5.0)
    assert not facts.has_audio


def test_memory_is_json_and_outlives_the_process(new_amazon, tmp_path):
    first, second = new_amazon(), new_amazon()
    kept = [Remembering(one.simulator, tmp_path / "amazon.json") for one in (first, second)]
    for one, handler in zip((first, second), kept, strict=True):
        one.simulator = type("Kept", (), {"handle": staticmethod(handler)})
    first.put("in/a.png", first.picture())
    arn = first.job(first.reel(images=[first.in_s3("s3://simulated-bucket/in/a.png")]))
    second.advance(100)
    assert second.status(arn)["status"] == "Completed"
    assert second.file(arn, "output.mp4").content == b"film of A paper boat in rain"
    assert (second.filmed[0].still, second.filmed[0].seed) == (first.picture(), 42)
    assert second.stage.charges.billed_jobs == (arn,)
    assert json.loads(json.dumps(second.stage.state)) == second.stage.state
