"""The simulator of Veo on both surfaces: what it accepts, how operations live, what it charges.

What it refuses is in ``test_simulator_refusals.py``.
"""

import base64
import io
import json
import struct
import zlib
from dataclasses import replace

import pytest
from polyreel.clock import VirtualClock
from polyreel.media.mp4 import read_facts
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.memory import Remembering
from polyreel.simulation.simulator import FilmStudio
from polyreel_google_veo.simulator import MARKERS

START = 1_780_000_000.0
BUCKET = "gs://simulated-bucket/films/"
DEV_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
VTX_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
FILTERED = "Veo could not generate {} videos based on the prompt provided."


def test_operation_of_the_developer_api_says_nothing_until_it_is_done(developer, service):
    name = developer.begin().json()["name"]
    assert name.startswith("models/veo-3.1-generate-preview/operations/")
    assert name.rsplit("/", 1)[1].isalnum()
    service.advance(99)
    assert developer.poll(name) == {"name": name}
    assert service.charged == []
    service.advance(1)
    done = developer.poll(name)
    uri = developer.uri(done)
    assert done == {
        "name": name,
        "done": True,
        "response": {
            "@type": DEV_TYPE,
            "generateVideoResponse": {"generatedSamples": [{"video": {"uri": uri}}]},
        },
    }
    assert uri.startswith("https://generativelanguage.googleapis.com/v1beta/files/")
    assert uri.endswith(":download?alt=media")
    assert developer.poll(name) == done
    assert service.charged == ["3.20"]
    assert service.stage.charges.billed_jobs == (name,)
    assert service.stage.charges.entries[0].at == START + 100


def test_operation_of_vertex_carries_the_films(vertex, service):
    done = vertex.make(parameters={"sampleCount": 2, "durationSeconds": 4})
    assert done["name"].startswith(
        "projects/simulated-project/locations/us-central1/publishers/google/models/veo-3.1-generate-001/operations/"
    )
    assert len(done["name"].rsplit("/", 1)[1]) == 36
    film = {"bytesBase64Encoded": base64.b64encode(b"film").decode(), "mimeType": "video/mp4"}
    assert done == {
        "name": done["name"],
        "done": True,
        "response": {"@type": VTX_TYPE, "raiMediaFilteredCount": 0, "videos": [film, film]},
    }
    assert service.charged == ["3.20"]
    assert [spec.seed for spec in service.filmed] == [None, 1]


def test_films_in_a_bucket_lie_in_a_folder_of_their_own(vertex, service):
    done = vertex.make(parameters={"sampleCount": 2, "storageUri": BUCKET, "seed": 7})
    places = [video["gcsUri"] for video in done["response"]["videos"]]
    assert done["response"]["videos"][0] == {"gcsUri": places[0], "mimeType": "video/mp4"}
    folder = places[0].removesuffix("sample_0.mp4")
    assert folder.startswith(BUCKET)
    assert folder.removeprefix(BUCKET).rstrip("/").isdecimal()
    assert places[1] == f"{folder}sample_1.mp4"
    assert service.filmed == [], "nobody has read them"
    other = vertex.make(parameters={"storageUri": BUCKET})
    assert not other["response"]["videos"][0]["gcsUri"].startswith(folder)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {}),
        ({"aspectRatio": "9:16"}, {"width": 720, "height": 1280}),
        ({"resolution": "1080p"}, {"width": 1920, "height": 1080}),
        ({"resolution": "4k", "aspectRatio": "9:16"}, {"width": 2160, "height": 3840}),
        ({"durationSeconds": 4}, {"duration": 4.0}),
        ({"durationSeconds": 6.0}, {"duration": 6.0}),
        ({"generateAudio": False}, {"audio": False}),
        ({"generateAudio": True, "enhancePrompt": True, "fps": 24, "task": "textToVideo"}, {}),
        ({"seed": 4_294_967_295}, {"seed": 4_294_967_295}),
        ({"compressionQuality": "LOSSLESS", "resizeMode": "CROP", "negativePrompt": "blur"}, {}),
        ({"compressionQuality": "optimized", "resizeMode": "pad"}, {}),
        ({"pubsubTopic": "projects/p/topics/t", "personGeneration": "allowAll"}, {}),
        ({"personGeneration": "disallow", "aspectRatio": None}, {}),
    ],
)
def test_film_is_what_the_parameters_of_vertex_say(vertex, service, parameters, expected):
    vertex.make(parameters=parameters, top={"labels": {"team": "x", "empty": ""}})
    plain = {"width": 1280, "height": 720, "duration": 8.0, "fps": 24, "audio": True, "seed": None}
    assert service.filmed == [
        FilmSpec(model="google/veo-3.1-generate-001", prompt="A paper boat", **{**plain, **expected})
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"personGeneration": "allow_all", "negativePrompt": "blur", "enhancePrompt": True, "seed": 3},
        {"resolution": "1080p", "durationSeconds": 8, "sampleCount": 1},
        {"resolution": "4k"},
        {"durationSeconds": 4, "resolution": "720p"},
    ],
)
def test_developer_api_takes_what_is_documented(developer, parameters):
    webhook = {"uris": ["https://example.com/hook"], "user_metadata": {"job_id": "1"}}
    done = developer.make(parameters=parameters, top={"webhookConfig": webhook})
    assert developer.uri(done)


def test_pictures_are_taken_in_every_role(developer, vertex, service, png):
    adult = {"personGeneration": "allow_adult"}
    for surface in (developer, vertex):
        for number in range(1, 4):
            surface.make(referenceImages=[png.asset] * number, parameters=adult)
        asset = {**png.asset, "referenceType": "ASSET"}
        surface.make(referenceImages=[asset], parameters={"durationSeconds": 8})
        surface.make(None, image=png.inline, parameters=adult)
        surface.make("", image=png.inline, lastFrame=png.inline, parameters=adult)
    assert len(service.charged) == 12


def test_input_image_fills_the_first_frame(developer, service, png):
    done = developer.make(image=png.inline)
    _read(service, developer.uri(done))
    assert service.filmed[0].still == png.content
    assert len(service.stage.state["stills"]) == 1


def test_large_picture_is_checked_but_not_kept(vertex, service, png):
    filler = b"teXt" + b"x" * (9 * 2**20)
    chunk = struct.pack(">I", len(filler) - 4) + filler + struct.pack(">I", zlib.crc32(filler))
    after_header = 33
    data = png.content[:after_header] + chunk + png.content[after_header:]
    image = {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "image/png"}
    assert vertex.make(image=image)["response"]["videos"]
    assert service.filmed[0].still is None
    assert len(json.dumps(service.stage.state)) < 10_000


# --- extension ---------------------------------------------------------------------------------------------


def _read(service, uri):
    location = service.send("GET", uri).headers["location"]
    answer = service.send("GET", location)
    assert answer.status == 200, answer.text
    return answer.content


def test_extension_on_the_developer_api_adds_seven_seconds(developer, service, png):
    first = developer.make(image=png.inline, parameters={"aspectRatio": "9:16"})
    service.advance(15)
    uri = developer.uri(first)
    done = developer.make("go on", video={"uri": uri}, parameters={"resolution": "720p", "sampleCount": 1})
    service.advance(15)
    again = developer.make(None, video={"uri": developer.uri(done)})
    _read(service, developer.uri(again))
    (spec,) = service.filmed
    assert (spec.duration, spec.width, spec.height, spec.still) == (22.0, 720, 1280, png.content)
    assert spec.caption == "extended by 7 s to 22 s"
    assert service.charged == ["3.20", "2.80", "2.80"]


def test_developer_api_extends_twenty_times_and_no_more(developer, service):
    done = developer.make(parameters={"durationSeconds": 4})
    for number in range(20):
        service.advance(15)
        answer = developer.begin(video={"uri": developer.uri(done)})
        assert answer.status == 200, (number, answer.text)
        service.advance(100)
        done = developer.poll(answer.json()["name"])
    service.advance(15)
    answer = developer.begin(video={"uri": developer.uri(done)})
    assert answer.status == 400
    assert "cannot be extended" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("name", "most", "too_much"), [("seconds", 141.0, 141.1), ("extensions", 19, 20)])
def test_developer_api_extends_a_film_within_both_limits(developer, service, name, most, too_much):
    done = developer.make(parameters={"durationSeconds": 8})
    (film,) = service.stage.state["films"].values()
    service.advance(15)
    for value, status in ((most, 200), (too_much, 400)):
        film[name] = value
        assert developer.begin(video={"uri": developer.uri(done)}).status == status


def test_film_is_extendable_only_when_its_file_is_active(developer, service):
    done = developer.make()
    uri = developer.uri(done)
    for seconds, status in ((14.9, 400), (0.1, 200)):
        service.advance(seconds)
        answer = developer.begin(video={"uri": uri})
        assert answer.status == status
        if status == 400:
            assert answer.json()["error"]["message"] == (
                "Input video must be a video that was generated by VEO that has been processed."
            )


@pytest.mark.parametrize(
    ("seconds", "parameters"), [(2.0, {}), (1.0, {"durationSeconds": 7, "resolution": "1080p"})]
)
def test_extension_on_vertex_takes_bytes(vertex, service, film_of, seconds, parameters):
    done = vertex.make(
        None, video=film_of(seconds=seconds).inline, parameters={**parameters, "generateAudio": False}
    )
    assert done["response"]["videos"]
    assert (service.filmed[0].duration, service.filmed[0].audio) == (seconds + 7, False)
    assert (service.filmed[0].width, service.filmed[0].height) == (1280, 720)
    assert service.charged == ["1.40"]


def test_film_of_a_bucket_can_be_extended_and_a_picture_of_it_be_used(vertex, service, png, film_of):
    storage = "https://storage.googleapis.com/upload/storage/v1/b/simulated-bucket/o?uploadType=media&name="
    for name, medium in (("a.png", png), ("b/c.mp4", film_of())):
        headers = {"authorization": "Bearer ya29.simulated", "content-type": medium.media_type}
        assert service.send("POST", storage + name, headers=headers, content=medium.content).status == 200
    picture = {"gcsUri": "gs://simulated-bucket/a.png", "mimeType": "image/png"}
    assert vertex.make(image=picture)["response"]["videos"]
    assert service.filmed[0].still == png.content
    film = {"gcsUri": "gs://simulated-bucket/b/c.mp4", "mimeType": "video/mp4"}
    assert vertex.make(video=film)["response"]["videos"]
    assert service.filmed[1].duration == 9.0


def test_own_film_in_a_bucket_is_a_real_input(new_service, vertex_of):
    filmed = []
    studio = FilmStudio(film=lambda spec: filmed.append(spec) or render_film(replace(spec, duration=1.0)))
    vertex = vertex_of(new_service(studio=studio))
    done = vertex.make(parameters={"storageUri": BUCKET, "durationSeconds": 4})
    extended = vertex.make("go on", video=done["response"]["videos"][0])
    assert "error" not in extended
    assert [spec.duration for spec in filmed] == [4.0, 8.0], (
        "the second is 7 s longer than the file of the first"
    )


def test_experimental_model_takes_masks_and_styles(vertex, service, png, film_of):
    model = "veo-2.0-generate-exp"
    mask = {**png.inline, "maskMode": "INSERT"}
    vertex.make(model=model, video=film_of().inline, mask=mask)
    vertex.make(model=model, referenceImages=[{"image": png.inline, "referenceType": "STYLE"}])
    vertex.make(model=model, image=png.inline, cameraControl="pan_left")
    assert [spec.duration for spec in service.filmed] == [2.0, 8.0, 8.0]
    assert not any(spec.audio for spec in service.filmed)
    assert service.charged == ["1.00", "4.00", "4.00"]


def test_veo_2_makes_two_silent_films_on_the_developer_api(developer, service):
    parameters = {"sampleCount": 2, "durationSeconds": 5, "enhancePrompt": False}
    done = developer.make(model="veo-2.0-generate-001", parameters=parameters)
    samples = done["response"]["generateVideoResponse"]["generatedSamples"]
    assert len(samples) == 2
    _read(service, samples[1]["video"]["uri"])
    assert (service.filmed[0].audio, service.filmed[0].duration) == (False, 5.0)
    assert service.charged == ["5.00"]


# --- outcomes ----------------------------------------------------------------------------------------------


def test_each_marker_is_described():
    assert all(marker.startswith("[") and len(text) > 5 for marker, text in MARKERS.items())


@pytest.mark.parametrize("marker", ["[filter]", "[filter:some]"])
def test_filtered_film_of_the_developer_api_is_told_in_the_inner_object(developer, service, marker):
    done = developer.make(f"p {marker}")
    assert "error" not in done
    told = done["response"]["generateVideoResponse"]
    assert told["raiMediaFilteredCount"] == 1
    assert told["raiMediaFilteredReasons"][0].startswith(FILTERED.format(1))
    assert "generatedSamples" not in told
    assert service.charged == []


def test_filtered_films_of_vertex_are_told_flat(vertex, service):
    done = vertex.make("p [filter]", parameters={"sampleCount": 4})
    told = done["response"]
    assert told["raiMediaFilteredCount"] == 4
    assert told["raiMediaFilteredReasons"][0].startswith(FILTERED.format(4))
    assert told["raiMediaFilteredReasons"][0].endswith("Support codes: 42237218")
    assert "videos" not in told
    assert service.charged == []


@pytest.mark.parametrize(("samples", "good"), [(1, 0), (3, 1), (4, 2)])
def test_partly_filtered_operation_charges_what_remains(vertex, service, samples, good):
    parameters = {"sampleCount": samples, "durationSeconds": 4, "storageUri": BUCKET}
    told = vertex.make("p [filter:some]", parameters=parameters)["response"]
    assert told["raiMediaFilteredCount"] == samples - good
    assert len(told.get("videos", [])) == good
    assert service.charged == ([f"{good * 1.6:.2f}"] if good else [])


def test_partly_filtered_operation_of_the_developer_api(developer, service):
    parameters = {"sampleCount": 2, "durationSeconds": 5}
    done = developer.make("p [filter:some]", model="veo-2.0-generate-001", parameters=parameters)
    told = done["response"]["generateVideoResponse"]
    assert (len(told["generatedSamples"]), told["raiMediaFilteredCount"]) == (1, 1)
    assert service.charged == ["2.50"]


def test_audio_filter_errs_every_second_time(developer, vertex, service):
    first = developer.make("p [filter:audio]")
    reasons = first["response"]["generateVideoResponse"]["raiMediaFilteredReasons"]
    assert "audio" in reasons[0]
    assert developer.uri(developer.make("p [filter:audio]"))
    assert vertex.make("q [filter:audio]")["response"]["raiMediaFilteredCount"] == 1
    assert vertex.make("q [filter:audio]")["response"]["videos"]
    silent = vertex.make("r [filter:audio]", parameters={"generateAudio": False})
    assert silent["response"]["videos"]
    assert service.charged == ["3.20", "3.20", "1.60"]


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("[block]", "Veo could not generate videos because the prompt violates"),
        ("[block:image]", "Veo could not generate videos because the input image violates"),
    ],
)
def test_blocked_order_is_refused_at_once_or_fails(developer, vertex, service, marker, text):
    answer = developer.begin(f"p {marker}")
    assert (answer.status, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer.json()["error"]["message"].startswith(text)
    error = vertex.make(f"p {marker}")["error"]
    assert error["code"] == 3
    assert error["message"].startswith(text)
    assert "Support codes" in error["message"]
    assert service.charged == []


@pytest.mark.parametrize(
    ("marker", "code"), [("[fail]", 13), ("[fail:unavailable]", 14), ("[fail:exhausted]", 8)]
)
@pytest.mark.parametrize("surface", ["developer", "vertex"])
def test_operation_fails_midway(request, service, surface, marker, code):
    surface = request.getfixturevalue(surface)
    name = surface.begin(f"p {marker}").json()["name"]
    service.advance(59)
    assert surface.poll(name) == {"name": name}
    service.advance(1)
    done = surface.poll(name)
    assert set(done) == {"name", "done", "error"}
    assert (done["done"], done["error"]["code"]) == (True, code)
    assert service.charged == []
    if code == 13:
        assert done["error"]["message"] == (
            "Video generation failed due to an internal server issue. Please try again in a few minutes."
        )


def test_operation_can_be_done_with_nothing(developer, vertex, service):
    empty = developer.make("p [empty]")
    assert empty["response"] == {"@type": DEV_TYPE, "generateVideoResponse": {}}
    assert vertex.make("p [empty]")["response"] == {"@type": VTX_TYPE}
    assert service.charged == []


@pytest.mark.parametrize("surface", ["developer", "vertex"])
def test_operation_can_be_endless(request, surface):
    done = request.getfixturevalue(surface).make("p [endless]", seconds=10**9)
    assert set(done) == {"name"}


@pytest.mark.parametrize("surface", ["developer", "vertex"])
@pytest.mark.parametrize(
    ("marker", "kind"), [("[429]", "google.rpc.RetryInfo"), ("[429:bare]", "google.rpc.Help")]
)
def test_start_can_be_refused_with_429(request, surface, marker, kind):
    answer = request.getfixturevalue(surface).begin(f"p {marker}")
    error = answer.json()["error"]
    assert (answer.status, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    (detail,) = error["details"]
    assert detail["@type"] == f"type.googleapis.com/{kind}"
    assert detail.get("retryDelay") == ("34s" if marker == "[429]" else None)
    if surface == "vertex":
        assert "long_running_online_prediction_requests_per_base_model" in error["message"]
        assert "base model: veo-3.1-generate" in error["message"]


def test_what_the_model_refuses_fails_early_on_vertex(vertex, service):
    name = vertex.begin(parameters={"durationSeconds": 5}).json()["name"]
    service.advance(19)
    assert vertex.poll(name) == {"name": name}
    service.advance(1)
    assert vertex.poll(name)["error"] == {
        "code": 3,
        "message": "Unsupported output video duration 5 seconds, supported durations are [8,4,6] for feature "
        "text_to_video.",
    }


# --- memory and clock --------------------------------------------------------------------------------------


def test_memory_is_json_without_keys_and_outlives_the_process(
    developer, vertex, new_service, developer_of, png
):
    service = developer.service
    names = [developer.begin(image=png.inline).json()["name"], developer.begin("p [fail]").json()["name"]]
    vertex.begin("p [filter:audio]")
    kept = json.dumps(service.stage.state)
    assert "AIza" not in kept
    assert "ya29" not in kept
    later = new_service(json.loads(kept), clock=VirtualClock(START + 100))
    good, failed = map(developer_of(later).poll, names)
    _read(later, developer_of(later).uri(good))
    assert failed["error"]["code"] == 13
    assert later.filmed[0].still == png.content
    assert later.charged == ["3.20"]


def test_memory_in_a_file_is_read_before_each_request(tmp_path, new_service, developer_of):
    one = new_service()
    other = new_service(clock=one.stage.clock)
    for service in (one, other):
        service.handler = Remembering(service.simulator, tmp_path / "google.json")
    done = developer_of(one).make()
    assert developer_of(other).poll(done["name"]) == done
    assert _read(other, developer_of(other).uri(done)) == b"film"


def test_film_is_made_once_while_it_is_read_in_parts(new_service, developer_of):
    service = new_service()
    developer = developer_of(service)
    uris = [developer.uri(developer.make(f"film {number}")) for number in range(8)]
    for uri in [uris[0], uris[0], *uris[1:], uris[0]]:
        _read(service, uri)
    prompts = [spec.prompt for spec in service.filmed]
    assert prompts == [f"film {number}" for number in range(8)] + ["film 0"], (
        "the oldest of six was forgotten"
    )


def test_film_that_takes_no_time_is_done_at_the_first_poll(new_service, developer_of):
    service = new_service(render_seconds=0.0)
    developer = developer_of(service)
    done = developer.make(seconds=0)
    assert developer.begin(video={"uri": developer.uri(done)}).status == 200


@pytest.mark.parametrize("surface", ["developer", "vertex"])
def test_state_can_limit_the_rate(request, service, surface):
    surface = request.getfixturevalue(surface)
    service.stage.state["rate_limited_until"] = START + 6.2
    answer = surface.begin()
    assert (answer.status, answer.json()["error"]["details"][0]["retryDelay"]) == (429, "7s")
    service.advance(6.2)
    assert surface.begin().status == 200


def test_state_can_wrap_errors_in_an_array(developer, service):
    service.stage.state["errors_in_array"] = True
    (body,) = developer.begin(None).json()
    assert body["error"]["status"] == "INVALID_ARGUMENT"
    assert developer.begin().status == 200


def test_prompt_with_half_a_character_is_taken(developer):
    first, second = (developer.make("\ud800 [filter:audio]") for _ in range(2))
    assert "raiMediaFilteredReasons" in first["response"]["generateVideoResponse"]
    assert developer.uri(second)


def test_real_film_has_the_size_length_and_sound_that_were_asked_for(new_service, vertex_of):
    vertex = vertex_of(new_service(studio=FilmStudio()))
    parameters = {"durationSeconds": 4, "aspectRatio": "9:16", "generateAudio": False}
    (video,) = vertex.make(parameters=parameters)["response"]["videos"]
    facts = read_facts(io.BytesIO(base64.b64decode(video["bytesBase64Encoded"])))
    assert (facts.width, facts.height, facts.has_audio) == (720, 1280, False)
    assert facts.duration == pytest.approx(4.0, abs=0.1)
