"""The states of an operation, on both surfaces: fact sheet, section 3."""

import pytest
from polyreel.errors import AuthenticationFailed, ResourceNotFound, UnexpectedAnswer
from polyreel.http import Response
from polyreel.testing import in_json
from polyreel_google_veo.operations import name_of, progress
from polyreel_google_veo.verdicts import explained

NAME = "models/veo-3.1-generate-preview/operations/op123"
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
REASON = "Veo could not generate 1 videos. Support codes: 15236754"


def done(response=None, **members):
    return in_json({"name": NAME, "done": True, **({"response": response} if response else {}), **members})


def nested(**members):
    return {"@type": "…PredictLongRunningResponse", "generateVideoResponse": members}


def flat(**members):
    return {"@type": "…GenerateVideoResponse", **members}


@pytest.mark.parametrize("more", [{}, {"done": False}, {"metadata": {}}])
def test_running(more):
    seen = progress(in_json({"name": NAME, **more}))
    assert (seen.state, seen.percent, seen.payload) == ("running", None, None)


@pytest.mark.parametrize(
    ("response", "films"),
    [
        (nested(generatedSamples=[{"video": {"uri": URI}}]), [{"uri": URI, "media_type": "video/mp4"}]),
        (
            nested(generatedSamples=[{"video": {"encodedVideo": "eA==", "encoding": "video/mp4"}}]),
            [{"data": "eA==", "media_type": "video/mp4"}],
        ),
        (
            flat(
                raiMediaFilteredCount=0,
                videos=[
                    {"gcsUri": "gs://b/f/sample_0.mp4", "mimeType": "video/mp4"},
                    {"gcsUri": "gs://b/f/sample_1.mp4"},
                ],
            ),
            [
                {"uri": "gs://b/f/sample_0.mp4", "media_type": "video/mp4"},
                {"uri": "gs://b/f/sample_1.mp4", "media_type": "video/mp4"},
            ],
        ),
        (
            flat(videos=[{"bytesBase64Encoded": "AAAA", "mimeType": "video/mp4"}]),
            [{"data": "AAAA", "media_type": "video/mp4"}],
        ),
        (
            flat(generatedSamples=[{"video": {"uri": "gs://b/a.mp4"}}]),
            [{"uri": "gs://b/a.mp4", "media_type": "video/mp4"}],
        ),
        (
            flat(videos=[{"gcsUri": "gs://b/a.mp4", "mimeType": ""}]),
            [{"uri": "gs://b/a.mp4", "media_type": "video/mp4"}],
        ),
        (
            flat(videos=[{"gcsUri": "gs://b/a.mp4"}], generatedSamples=[{"video": {"uri": "gs://b/a.mp4"}}]),
            [{"uri": "gs://b/a.mp4", "media_type": "video/mp4"}],
        ),
    ],
)
def test_done(response, films):
    seen = progress(done(response))
    assert (seen.state, seen.payload, seen.warnings) == ("succeeded", {"films": films}, ())


GOOD = {"bytesBase64Encoded": "AA\nAA\r\n \tAAAA", "mimeType": "video/mp4"}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"bytesBase64Encoded": "####"}, "is no base64"),
        ({"bytesBase64Encoded": " \n"}, "is no base64"),
        ({"bytesBase64Encoded": "é"}, "is no base64"),
        ({"bytesBase64Encoded": "AAAAA"}, "is no base64"),
        ({"gcsUri": "gs://bucket"}, "'gs://bucket' names no object"),
        ({"gcsUri": "gs://"}, "names no object"),
        ({"gcsUri": "gs://bucket/"}, "names no object"),
        ({"mimeType": "video/mp4"}, "neither an address nor bytes"),
        ({}, "neither an address nor bytes"),
        (7, "neither an address nor bytes"),
        ({"video": 7}, "neither an address nor bytes"),
    ],
)
def test_one_bad_film_does_not_lose_the_good_ones(bad, words):
    seen = progress(done(flat(videos=[GOOD, bad, GOOD])))
    assert seen.state == "succeeded"
    good = {"data": GOOD["bytesBase64Encoded"], "media_type": "video/mp4"}
    assert seen.payload == {"films": [good, good]}
    (notice,) = seen.warnings
    assert notice.parameter == "n"
    assert notice.message.startswith("1 of 3 films of the answer cannot be had: ")
    assert words in notice.message


@pytest.mark.parametrize("more", [{}, {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [REASON]}])
def test_bad_films_alone_are_a_failure_whose_bill_is_not_known(more):
    bad = [{"bytesBase64Encoded": "####"}, {"gcsUri": "gs://b"}]
    seen = progress(done(flat(videos=bad, **more)))
    assert (seen.state, seen.failure.kind, seen.failure.billed) == ("failed", "failed", None)
    assert "is no base64; 'gs://b' names no object" in seen.failure.message


def test_bad_films_and_filtered_ones_are_told_apart():
    videos = [GOOD, {"bytesBase64Encoded": "####"}, {}]
    seen = progress(done(flat(videos=videos, raiMediaFilteredCount=1, raiMediaFilteredReasons=[REASON])))
    filtered, bad = (notice.message for notice in seen.warnings)
    assert filtered.startswith("2 of 3 films were made")
    assert bad.startswith("1 of 2 films of the answer cannot be had: it came inside")


@pytest.mark.parametrize("place", [nested, flat])
@pytest.mark.parametrize(
    "rest", [{}, {"generatedSamples": []}, {"videos": []}], ids=["absent", "samples", "videos"]
)
def test_filtered(place, rest):
    seen = progress(done(place(raiMediaFilteredCount=1, raiMediaFilteredReasons=[REASON], **rest)))
    assert seen.state == "failed"
    assert (seen.failure.kind, seen.failure.billed, seen.failure.code) == ("filtered", False, "15236754")
    assert "15236754: a celebrity" in seen.failure.message


@pytest.mark.parametrize(
    "result",
    [
        {"raiMediaFilteredCount": 1},
        {"raiMediaFilteredReasons": ["no"]},
        {"raiMediaFilteredCount": 0, "raiMediaFilteredReasons": ["no"]},
    ],
    ids=["count", "reason", "contradiction"],
)
def test_filtered_with_half_of_the_story(result):
    assert progress(done(flat(**result))).failure.kind == "filtered"


def test_partly_filtered_is_a_warning():
    videos = [{"gcsUri": f"gs://b/{index}.mp4"} for index in range(3)]
    seen = progress(done(flat(videos=videos, raiMediaFilteredCount=1, raiMediaFilteredReasons=[REASON])))
    assert seen.state == "succeeded"
    assert len(seen.payload["films"]) == 3
    (notice,) = seen.warnings
    assert notice.parameter == "n"
    assert notice.message.startswith("3 of 4 films were made")
    assert "a celebrity" in notice.message


@pytest.mark.parametrize(
    "response", [None, nested(), flat(raiMediaFilteredCount=0), flat(raiMediaFilteredCount=True)]
)
def test_done_without_anything_is_a_failure_that_says_so(response):
    seen = progress(done(response))
    assert (seen.state, seen.failure.kind, seen.failure.billed) == ("failed", "failed", None)
    assert "neither a film nor a reason" in seen.failure.message


@pytest.mark.parametrize(
    ("error", "kind", "code", "words"),
    [
        (
            {"code": 3, "message": "Unsupported output video duration 5 seconds"},
            "failed",
            "INVALID_ARGUMENT",
            "duration",
        ),
        ({"code": 3, "message": "because the input image violates x"}, "filtered", None, "input image"),
        ({"code": 3, "message": REASON}, "filtered", "15236754", "a celebrity"),
        ({"code": 13, "message": "internal server issue."}, "failed", "INTERNAL", "may succeed later"),
        ({"code": 13, "message": "Broken. Support codes: 1"}, "failed", "INTERNAL", "may succeed later"),
        ({"code": 14, "message": "busy"}, "failed", "UNAVAILABLE", "may succeed later"),
        ({"code": 8, "message": "no quota"}, "failed", "RESOURCE_EXHAUSTED", "may succeed later"),
        ({"code": 77, "message": "new"}, "failed", "77", "new"),
        ({"message": "no number"}, "failed", None, "no number"),
        ({"code": 5}, "failed", "NOT_FOUND", "without a reason (code 5)"),
        *(
            ({"code": code, "message": "odd"}, "failed", None, "odd")
            for code in ([], {}, [13], True, 1e400, "13", None)
        ),
        ({"code": [], "message": {}}, "failed", None, "without a reason (code None)"),
    ],
)
def test_failed_and_not_charged(error, kind, code, words):
    seen = progress(done(error=error))
    assert seen.state == "failed"
    assert (seen.failure.kind, seen.failure.code, seen.failure.billed) == (kind, code, False)
    assert words in seen.failure.message


def test_error_wins_over_a_response():
    assert progress(done(flat(videos=[{"gcsUri": "gs://b/a.mp4"}]), error={"code": 13})).state == "failed"


@pytest.mark.parametrize(("status", "kind"), [(404, ResourceNotFound), (401, AuthenticationFailed)])
def test_refused_look_is_an_error(status, kind):
    with pytest.raises(kind):
        progress(in_json([{"error": {"message": "no"}}], status=status))


@pytest.mark.parametrize(
    "response",
    [
        in_json([]),
        in_json({"error": {"message": "no"}}),
        in_json({"name": NAME}, status=302),
        Response(status=200),
    ],
)
def test_what_is_no_operation_is_unexpected(response):
    with pytest.raises(UnexpectedAnswer, match="an operation"):
        progress(response)


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 7}, []])
def test_start_without_a_name_is_an_unknown_fate(body):
    with pytest.raises(UnexpectedAnswer) as caught:
        name_of(in_json(body))
    assert caught.value.billed is None


def test_start_has_a_name():
    assert name_of(in_json({"name": NAME})) == NAME


def test_reasons_are_explained():
    assert explained([]) == "Google gives no reason"
    assert explained(["No. Support codes: 15236754, 11111111"]).endswith("(15236754: a celebrity)")
    assert explained(["No. 57734940 and 78610348"]).endswith("(57734940: hate, 78610348: toxic content)")
