"""The simulator of ``/v1/videos``: what it accepts, how jobs live, what it charges.

What it refuses is in ``test_simulator_refusals.py``.
"""

import base64
import io
import json
from decimal import Decimal

import pytest
from PIL import Image
from polyreel.clock import VirtualClock
from polyreel.http import Part, Request, encode
from polyreel.media.mp4 import read_facts
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import FilmStudio, Stage
from polyreel_openai_sora.simulator import OpenAISimulator

START = 1_780_000_000.0
MEMBERS = {
    "id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at", "prompt", "size",
    "seconds", "remixed_from_video_id", "error",
}  # fmt: skip


class Service:
    """A client that sends what a real one would: an encoded body and lower-case header names."""

    def __init__(self, state=None, **stage):
        self.filmed = []
        studio = FilmStudio(
            film=lambda spec: self.filmed.append(spec) or b"film",
            thumbnail=lambda spec: b"thumbnail",
            spritesheet=lambda spec: b"spritesheet",
        )
        stage = {"clock": VirtualClock(START), "studio": studio, "render_seconds": 100.0, **stage}
        self.stage = Stage(state={} if state is None else state, **stage)
        self.simulator = OpenAISimulator(self.stage)

    def send(self, method, path, *, key="sk-simulated", **ingredients):
        request = Request(method=method, url=f"https://api.openai.com/v1{path}", **ingredients)
        headers, content = encode(request)
        headers = {name.lower(): value for name, value in headers.items()} | {
            "authorization": f"Bearer {key}"
        }
        return self.simulator.handle(
            Request(method=method, url=request.url, headers=headers, content=content)
        )

    def make(self, path="/videos", **body):
        answer = self.send("POST", path, json={"prompt": "A paper boat in rain", **body})
        assert answer.status == 200, answer.text
        return answer.json()

    def get(self, video):
        return self.send("GET", f"/videos/{video['id']}").json()

    def content(self, video, query=""):
        return self.send("GET", f"/videos/{video['id']}/content{query}")

    def advance(self, seconds):
        self.stage.clock.advance(seconds)

    def form(self, path="/videos", **fields):
        parts = [v if isinstance(v, Part) else Part(name=n, content=v) for n, v in fields.items()]
        return self.send("POST", path, form=parts)


@pytest.fixture
def service():
    return Service()


def picture(width=720, height=1280, kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


def clip(seconds=1.0, width=256, height=128):
    return render_film(FilmSpec(model="t/t", prompt="", width=width, height=height, duration=seconds))


def video_part(data, media_type="video/mp4"):
    return Part(name="video", content=data, filename="a.mp4", media_type=media_type)


def test_answer_to_a_create_has_all_members_and_headers(service):
    answer = service.send("POST", "/videos", json={"prompt": "p", "seconds": "8", "size": "1280x720"})
    video = answer.json()
    assert set(video) == MEMBERS
    assert video | {"id": None} == {
        "id": None, "object": "video", "model": "sora-2", "status": "queued", "progress": 0,
        "created_at": 1_780_000_000, "completed_at": None, "expires_at": None, "prompt": "p", "size": "1280x720",
        "seconds": "8", "remixed_from_video_id": None, "error": None,
    }  # fmt: skip
    assert len(video["id"]) == 6 + 48
    assert video["id"].startswith("video_")
    assert int(video["id"][6:], 16)
    assert answer.media_type == "application/json"
    assert answer.request_id.startswith("req_")
    assert answer.headers["openai-poll-after-ms"] == "10000"
    assert answer.headers["openai-processing-ms"].isdigit()
    assert answer.headers["openai-version"]


def test_both_encodings_take_the_same_fields_and_have_the_same_defaults(service):
    given = {"prompt": "Ein Fuchs, Café", "model": "sora-2-pro", "seconds": "20", "size": "1792x1024"}
    for fields in ({"prompt": "p"}, given):
        from_json, from_form = service.make(**fields), service.form(**fields).json()
        assert {**from_json, "id": ""} == {**from_form, "id": ""}
    assert (from_form["prompt"], from_form["model"], from_form["seconds"]) == tuple(given.values())[:3]
    assert (service.make()["seconds"], service.make()["size"]) == ("4", "720x1280")


def test_job_lives_by_the_clock(service):
    video = service.make()
    seen = []
    for at in (0, 5, 15, 50, 99, 100, 5000):
        service.advance(START + at - service.stage.clock.now())
        answer = service.get(video)
        seen.append((answer["status"], answer["progress"], answer["completed_at"], answer["expires_at"]))
    assert seen[:2] == [("queued", 0, None, None)] * 2
    assert [status for status, *_ in seen[2:5]] == ["in_progress"] * 3
    progress = [percent for _, percent, *_ in seen[2:5]]
    assert 0 <= progress[0] < progress[1] < progress[2] <= 99
    assert seen[5:] == [("completed", 100, 1_780_000_100, 1_780_003_700)] * 2
    assert "openai-poll-after-ms" not in service.send("GET", f"/videos/{video['id']}").headers


def test_film_that_takes_no_time_is_queued_only_in_its_first_answer():
    service = Service(render_seconds=0.0)
    video = service.make()
    assert video["status"] == "queued"
    assert service.get(video)["status"] == "completed"
    assert service.get(service.make(prompt="[fail]"))["progress"] == 0


def test_content_comes_after_completion_in_three_variants_and_is_made_once(service):
    video = service.make(prompt="p", size="1280x720", seconds="12")
    assert service.content(video).status == 404
    service.advance(100)
    variants = [service.content(video, query) for query in ("", "?variant=video")]
    variants += [service.content(video, f"?variant={name}") for name in ("thumbnail", "spritesheet")]
    assert [answer.content for answer in variants] == [b"film", b"film", b"thumbnail", b"spritesheet"]
    assert [a.media_type for a in variants] == ["video/mp4", "video/mp4", "image/webp", "image/jpeg"]
    assert service.filmed == [
        FilmSpec(model="openai/sora-2", prompt="p", width=1280, height=720, duration=12.0, fps=24, audio=True)
    ]


def test_content_is_gone_an_hour_after_completion_but_the_job_is_not(service):
    video = service.make()
    service.advance(100 + 3599)
    assert service.content(video).status == 200
    service.advance(1)
    answer = service.content(video)
    assert (answer.status, answer.json()["error"]["message"]) == (
        404,
        f"Video with id '{video['id']}' not found.",
    )
    assert service.get(video)["status"] == "completed"


def test_marker_expire_lets_the_content_expire_at_once(service):
    video = service.make(prompt="A boat [expire]")
    service.advance(100)
    answer = service.get(video)
    assert (answer["status"], answer["expires_at"]) == ("completed", answer["completed_at"])
    assert service.content(video).status == 404


@pytest.mark.parametrize(
    ("marker", "error"),
    [
        (
            "[moderation:job]",
            {"code": "moderation_blocked", "message": "Your request was blocked by our moderation system."},
        ),
        (
            "[fail]",
            {"code": "server_error", "message": "The server had an error while processing your request."},
        ),
    ],
)
def test_failing_job_stops_midway_and_is_refunded_once(service, marker, error):
    video = service.make(prompt=f"p {marker}", seconds="8")
    service.advance(50)
    assert (service.get(video)["status"], service.get(video)["error"]) == ("in_progress", None)
    assert service.stage.charges.total == Decimal("0.80")
    service.advance(50)
    for _ in range(2):
        answer = service.get(video)
        assert (answer["status"], answer["error"], answer["completed_at"]) == ("failed", error, None)
        assert 0 < answer["progress"] < 100
    assert service.content(video).status == 404
    assert [c.amount for c in service.stage.charges.entries] == [Decimal("0.80"), Decimal("-0.80")]
    assert {c.job for c in service.stage.charges.entries} == {video["id"]}
    assert service.stage.charges.entries[1].at == START + 60


@pytest.mark.parametrize(
    ("model", "size", "seconds", "amount"),
    [
        ("sora-2", "720x1280", "4", "0.40"),
        ("sora-2-2025-12-08", "1280x720", "20", "2.00"),
        ("sora-2-pro", "1280x720", "8", "2.40"),
        ("sora-2-pro", "1024x1792", "8", "4.00"),
        ("sora-2-pro-2025-10-06", "1920x1080", "8", "5.60"),
    ],
)
def test_price_follows_model_size_and_length(service, model, size, seconds, amount):
    video = service.make(model=model, size=size, seconds=seconds)
    assert service.stage.charges.billed_jobs == (video["id"],)
    assert service.stage.charges.total == Decimal(amount)


def test_list_pages_in_both_orders(service):
    ids = [service.make(prompt=f"film {number}")["id"] for number in range(5)]
    for order, expected in (("asc", ids), ("desc", ids[::-1])):
        collected, query = [], f"?limit=2&order={order}"
        for _ in range(3):
            page = service.send("GET", f"/videos{query}").json()
            assert (page["object"], page["first_id"]) == ("list", page["data"][0]["id"])
            collected += [video["id"] for video in page["data"]]
            assert page["has_more"] == (len(collected) < 5)
            query = f"?limit=2&order={order}&after={page['last_id']}"
        assert collected == expected
    assert [v["id"] for v in service.send("GET", "/videos").json()["data"]] == ids[::-1]


def test_list_at_its_limits(service):
    empty = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert service.send("GET", "/videos?limit=100").json() == empty
    for _ in range(21):
        service.make()
    assert service.send("GET", "/videos?limit=0").json() == {**empty, "has_more": True}
    assert len(service.send("GET", "/videos").json()["data"]) == 20
    exact = service.send("GET", "/videos?limit=21").json()
    assert (len(exact["data"]), exact["has_more"]) == (21, False)


def test_deleted_video_is_gone(service):
    video = service.make()
    answer = service.send("DELETE", f"/videos/{video['id']}", headers={"Content-Type": "application/json"})
    assert answer.json() == {"id": video["id"], "object": "video.deleted", "deleted": True}
    assert [service.send(m, f"/videos/{video['id']}").status for m in ("GET", "DELETE")] == [404, 404]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_input_image_becomes_the_still_of_the_film(service, kind):
    data = picture(kind=kind)
    media_type = f"image/{kind.lower()}"
    as_url = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
    part = Part(name="input_reference", content=data, filename="ref", media_type=media_type)
    videos = [
        service.form(prompt="p", input_reference=part).json(),
        service.form(prompt="p", **{"input_reference[image_url]": as_url}).json(),
        service.make(input_reference={"image_url": as_url}),
    ]
    service.advance(100)
    for video in videos:
        assert service.content(video).content == b"film"
    remix = service.make(f"/videos/{video['id']}/remix")
    service.advance(100)
    service.content(remix)
    assert [spec.still for spec in service.filmed] == [data] * 4


def test_remix_takes_all_but_the_prompt_from_its_source(service):
    source = service.make(model="sora-2-pro", size="1920x1080", seconds="8")
    service.advance(100)
    for remix in (
        service.make(f"/videos/{source['id']}/remix", prompt="teal"),
        service.form(f"/videos/{source['id']}/remix", prompt="teal").json(),
    ):
        expected = {**source, "id": remix["id"], "prompt": "teal", "remixed_from_video_id": source["id"]}
        assert remix == {**expected, "created_at": source["created_at"] + 100}
    assert service.stage.charges.total == 3 * Decimal("5.60")
    service.advance(100)
    service.content(remix)
    assert service.filmed[0].caption == f"remix of {source['id']}"


def test_edit_of_a_video_and_of_an_upload(service):
    source = service.make(seconds="8")
    service.advance(100)
    edit = service.make("/videos/edits", video={"id": source["id"]}, prompt="at night")
    assert (edit["seconds"], edit["prompt"], edit["remixed_from_video_id"]) == ("8", "at night", None)
    by_key = service.form("/videos/edits", prompt="at night", **{"video[id]": source["id"]}).json()
    assert by_key["seconds"] == "8"
    upload = service.form("/videos/edits", prompt="p", model="sora-2-pro", video=video_part(clip(2))).json()
    assert (upload["model"], upload["size"], upload["seconds"]) == ("sora-2-pro", "256x128", "2")
    assert service.stage.charges.entries[-1].amount == Decimal("0.60")


def test_extension_answers_the_stitched_length_and_costs_what_it_adds(service):
    video = service.make(seconds="20")
    for number, total in enumerate(("40", "60", "80", "100", "120")):
        service.advance(100)
        video = service.make("/videos/extensions", video={"id": video["id"]}, seconds="20")
        assert video["seconds"] == total, number
    assert service.stage.charges.total == Decimal("12.00")
    service.advance(100)
    answer = service.send(
        "POST", "/videos/extensions", json={"prompt": "p", "seconds": "4", "video": {"id": video["id"]}}
    )
    assert (answer.status, answer.json()["error"]["code"]) == (400, "extension_limit_exceeded")
    assert "120 seconds" in answer.json()["error"]["message"]


def test_a_seventh_extension_is_refused(service):
    video = service.make()
    for _ in range(6):
        service.advance(100)
        video = service.make("/videos/extensions", video={"id": video["id"]}, seconds="4")
    service.advance(100)
    body = {"prompt": "p", "seconds": "4", "video": {"id": video["id"]}}
    answer = service.send("POST", "/videos/extensions", json=body)
    assert answer.json()["error"]["message"] == "A video can be extended at most 6 times."


def test_character_is_made_of_a_clip_and_used_by_its_name(service):
    answer = service.form("/videos/characters", name="Mossy", video=video_part(clip(2, 1280, 720)))
    character = answer.json()
    assert character == {"id": character["id"], "name": "Mossy", "created_at": 1_780_000_000}
    assert service.send("GET", f"/videos/characters/{character['id']}").json() == character
    assert service.make(prompt="Mossy waves", characters=[{"id": character["id"]}])["status"] == "queued"
    body = {"prompt": "It waves", "characters": [{"id": character["id"]}]}
    answer = service.send("POST", "/videos", json=body)
    assert (answer.status, answer.json()["error"]["param"]) == (400, "prompt")
    assert service.stage.charges.total == Decimal("0.40")


def test_memory_is_json_without_keys_and_outlives_the_process(service):
    video = service.make(prompt="p [fail]")
    image = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"
    with_still = service.make(input_reference={"image_url": image})
    kept = json.dumps(service.stage.state)
    assert "sk-" not in kept
    later = Service(json.loads(kept), clock=VirtualClock(START + 100))
    assert [later.get(v)["status"] for v in (video, with_still)] == ["failed", "completed"]
    later.content(with_still)
    assert later.filmed[0].still == picture()


def test_state_can_limit_the_rate(service):
    service.stage.state["rate_limited_until"] = START + 7
    answer = service.send("GET", "/videos")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    service.advance(7)
    assert service.send("GET", "/videos").status == 200


def test_real_film_has_the_size_length_and_sound_that_were_asked_for():
    service = Service(studio=FilmStudio(), render_seconds=1.0)
    video = service.make(size="1280x720", seconds="4")
    service.advance(1)
    facts = read_facts(io.BytesIO(service.content(video).content))
    assert (facts.width, facts.height, facts.has_audio) == (1280, 720, True)
    assert facts.duration == pytest.approx(4.0, abs=0.1)
    assert service.content(video, "?variant=thumbnail").content[8:12] == b"WEBP"
    assert service.content(video, "?variant=spritesheet").content[:2] == b"\xff\xd8"
