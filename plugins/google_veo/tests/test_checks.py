"""What is wrong with a request beyond its document, each refusal with the way out."""

import pytest
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.types.media import MediaRef
from polyreel_google_veo import checks

DEVELOPER, VERTEX, EXPERIMENT = "veo-3.1-generate-preview", "veo-3.1-generate-001", "veo-2.0-generate-exp"
OMNI = "gemini-omni-1.2-flash"
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"


def wrong(task):
    return {problem.parameter: problem.message for problem in checks.problems(task)}


@pytest.fixture(scope="module")
def film():
    """Render a film, each once; long ones have few frames, since only their length matters."""
    made = {}

    def rendered(seconds, *, width=1280, height=720, fps=24.0):
        facts = seconds, width, height, fps
        if facts not in made:
            spec = FilmSpec(
                model="test",
                prompt="",
                width=width,
                height=height,
                duration=seconds,
                fps=fps,
                audio=False,
            )
            made[facts] = render_film(spec)
        return made[facts]

    return rendered


@pytest.mark.parametrize(
    ("model", "surface"), [(DEVELOPER, "gemini"), (VERTEX, "vertex"), (OMNI, "gemini"), (OMNI, "vertex")]
)
def test_nothing_is_wrong_with_words_and_a_picture(task, media, model, surface):
    assert wrong(task(model=model, surface=surface)) == {}
    assert wrong(task(model=model, surface=surface, input_image=media())) == {}


# --- who asks on Vertex AI -----------------------------------------------------------------------------------------

KEY_ALONE = {"project": None, "access_token": None, "api_key": "AIza-express"}
GIVEN_KEY = {"api_key": "AIza-given", "sources": {"api_key": "argument of this call"}}


@pytest.mark.parametrize("account", [KEY_ALONE, GIVEN_KEY])
def test_omni_on_vertex_asks_for_a_project(task, vertex, account):
    told = wrong(task(model=OMNI, surface="vertex", account=vertex(**account)))
    assert set(told) == {"project"}
    assert "GOOGLE_CLOUD_PROJECT" in told["project"]
    assert "google/gemini-omni-1.2-flash@gemini" in told["project"]
    assert wrong(task(model=VERTEX, surface="vertex", account=vertex(**account))) == {}


@pytest.mark.parametrize("name", ["access_token", "credentials_file"])
def test_what_is_given_in_code_without_a_project_is_not_given_up_for_a_key(task, vertex, name):
    account = vertex(
        **{**KEY_ALONE, name: "ya29.given-in-code"}, sources={name: "argument", "api_key": "environment X"}
    )
    for model in (VERTEX, OMNI):
        told = wrong(task(model=model, surface="vertex", account=account))
        assert "under a project only" in told["project"]


def test_account_of_which_nothing_is_known_yet_is_no_fault_of_the_request(task, vertex):
    nobody = vertex(project=None, access_token=None)
    assert wrong(task(model=OMNI, surface="vertex", account=nobody)) == {}


# --- Veo's source --------------------------------------------------------------------------------------------------


def test_extension_has_a_length_of_its_own(task, stored):
    source = stored("gs://b/in.mp4", "video")
    assert wrong(task(model=VERTEX, surface="vertex", video=source)) == {}
    told = wrong(task(model=VERTEX, surface="vertex", video=source, duration=8))
    assert told == {"duration": "an extension adds 7 s; leave duration out"}


def test_extension_by_exactly_what_it_adds_is_right(task, stored):
    source = stored("gs://b/in.mp4", "video")
    assert wrong(task(model=EXPERIMENT, surface="vertex", video=source, duration=7)) == {}


def test_film_that_is_changed_keeps_its_length(task, stored):
    masked = {
        "video": stored("gs://b/in.mp4", "video"),
        "google_mask": stored("gs://b/m.png", "google_mask"),
        "google_mask_mode": "insert",
    }
    assert wrong(task(model=EXPERIMENT, surface="vertex", **masked)) == {}
    told = wrong(task(model=EXPERIMENT, surface="vertex", duration=7, **masked))
    assert "keeps its length" in told["duration"]


@pytest.mark.parametrize(
    "source",
    [
        MediaRef(parameter="video", url=FILE),
        MediaRef(parameter="video", url="https://generativelanguage.googleapis.com/v1beta/files/abc123"),
        MediaRef(parameter="video", id="models/veo/operations/1", url="/v1beta/files/abc123:download"),
    ],
)
def test_developer_extends_its_own_films(task, source):
    assert wrong(task(model=DEVELOPER, video=source)) == {}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (MediaRef(parameter="video", url="https://films.example/files/abc123"), "films.example"),
        (
            MediaRef(parameter="video", url="https://films.example/v1beta/files/abc123?key=1"),
            "the earlier job",
        ),
        (
            MediaRef(parameter="video", url="https://generativelanguage.googleapis.com/v1beta/models"),
            "no file",
        ),
        (MediaRef(parameter="video", id="models/veo/operations/1"), "two days"),
    ],
)
def test_developer_extends_no_other_films(task, source, words):
    told = wrong(task(model=DEVELOPER, video=source))["video"]
    assert words in told
    assert "key=1" not in told


def test_developer_extends_no_files(task, clip):
    assert "only films that Veo made there" in wrong(task(model=DEVELOPER, video=clip()))["video"]


def test_developer_behind_a_proxy_extends_what_was_fetched_there(task, settings):
    source = MediaRef(parameter="video", url="https://proxy.example/v1beta/files/abc123:download?alt=media")
    account = settings(surface="gemini", base_url="https://proxy.example")
    assert wrong(task(model=DEVELOPER, video=source, account=account)) == {}
    assert "video" in wrong(task(model=DEVELOPER, video=source))


@pytest.mark.parametrize("model", [VERTEX, OMNI])
def test_earlier_job_without_an_address_is_given_as_a_file_on_vertex(task, model):
    source = MediaRef(parameter="video", id="projects/p/operations/1")
    assert "give its file" in wrong(task(model=model, surface="vertex", video=source))["video"]


def test_vertex_takes_films_from_cloud_storage_alone(task):
    source = MediaRef(parameter="video", url=FILE)
    told = wrong(task(model=VERTEX, surface="vertex", video=source))["video"]
    assert "is no object in Cloud Storage" in told
    stored = MediaRef(parameter="video", url="https://storage.googleapis.com/storage/v1/b/b/o/a.mp4")
    assert wrong(task(model=VERTEX, surface="vertex", video=stored)) == {}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"seconds": 1}, ()),
        ({"seconds": 1, "width": 720, "height": 1280}, ()),
        ({"seconds": 1, "fps": 24000 / 1001}, ()),
        ({"seconds": 0.5}, ("takes 0.5 s; one of 1 to 30 s",)),
        ({"seconds": 30, "fps": 2, "width": 128, "height": 128}, ("128x128", "2 frames per second")),
        (
            {"seconds": 31, "fps": 2, "width": 128, "height": 128},
            ("128x128", "2 frames", "takes 31.0 s; one of 1 to 30 s"),
        ),
        ({"seconds": 1, "width": 640, "height": 360}, ("640x360 pixels; Vertex AI takes 720p",)),
        ({"seconds": 1, "fps": 30}, ("30 frames per second; Vertex AI takes 24",)),
    ],
)
def test_file_that_vertex_extends(task, clip, film, facts, words):
    found = list(checks.problems(task(model=VERTEX, surface="vertex", video=clip(film(**facts)))))
    assert [problem.parameter for problem in found] == ["video"] * len(words)
    assert all(word in problem.message for word, problem in zip(words, found, strict=True))


@pytest.mark.parametrize(
    ("model", "given"), [(VERTEX, {"surface": "vertex"}), (OMNI, {"google_task": "extend"})]
)
def test_film_that_cannot_be_read_is_said(task, clip, model, given):
    assert "video" in wrong(task(model=model, video=clip(b"no film"), **given))


def test_upscaling_needs_a_height(task, clip):
    upscale = {"model": OMNI, "video": clip(), "google_task": "upscale"}
    assert "set resolution" in wrong(task(**upscale))["resolution"]
    for given in ({"resolution": "4k"}, {"size": "1920x1080"}):
        assert wrong(task(**upscale, **given)) == {}


@pytest.mark.parametrize(("words", "fits"), [(1024, True), (1025, False)])
def test_prompt_of_veo_has_a_length(task, words, fits):
    told = wrong(task("word " * words, model=VERTEX, surface="vertex"))
    assert ("prompt" not in told) is fits
    assert wrong(task("word " * words, model=OMNI)) == {}


# --- Omni's source -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", ["gemini", "vertex"])
def test_omni_goes_on_from_an_interaction(task, surface):
    source = MediaRef(parameter="video", id="v1_abc")
    assert wrong(task(model=OMNI, surface=surface, video=source)) == {}


def test_omni_takes_films_of_the_developer_api(task):
    source = MediaRef(parameter="video", id="models/veo/operations/1", url=FILE)
    assert wrong(task(model=OMNI, video=source)) == {}
    elsewhere = MediaRef(parameter="video", url="https://films.example/a.mp4?sig=secret")
    told = wrong(task(model=OMNI, video=elsewhere))["video"]
    assert "no such file" in told


@pytest.mark.parametrize("given", [{}, {"resolution": "4k"}, {"size": "1920x1080"}, {"duration": 10}])
def test_omni_upscales_to_a_height(task, given):
    source = MediaRef(parameter="video", id="v1_abc")
    told = wrong(task(model=OMNI, video=source, google_task="upscale", **given))
    assert ("resolution" not in told) is bool({"resolution", "size"} & set(given))


@pytest.mark.parametrize(
    ("seconds", "given", "fits"),
    [
        (31, {"google_task": "extend", "duration": 10}, False),
        (30, {"google_task": "extend", "duration": 10}, True),
        (35, {"google_task": "extend"}, True),
        (31, {"google_task": "edit", "duration": 10}, True),
    ],
)
def test_omni_extends_to_forty_seconds(task, clip, film, seconds, given, fits):
    told = wrong(task(model=OMNI, video=clip(film(seconds, width=128, height=128, fps=2)), **given))
    assert ("video" not in told) is fits
    assert fits or "0 to 30 s can be extended" in told["video"]


# --- pictures, sizes, regions --------------------------------------------------------------------------------------


def test_picture_in_a_bucket_says_what_it_is(task, stored):
    assert wrong(task(model=VERTEX, surface="vertex", input_image=stored("gs://b/a.PNG"))) == {}
    told = wrong(task(model=VERTEX, surface="vertex", input_image=stored("gs://b/picture")))
    assert "end in .png" in told["input_image"]


def test_picture_that_google_does_not_fetch(task, stored):
    elsewhere = stored("https://pictures.example/a.png?sig=secret")
    told = wrong(task(model=VERTEX, surface="vertex", input_image=elsewhere))
    assert "gs:// address" in told["input_image"]
    told = wrong(task(model=OMNI, reference_images=[stored("gs://b/a.png", "reference_images/0")]))
    assert told == {"reference_images/0": "Google does not fetch a picture from there; give the file"}


@pytest.mark.parametrize(("model", "mebi"), [(DEVELOPER, 20), (OMNI, 100)])
def test_request_to_the_developer_api_has_a_length(task, media, model, mebi):
    whole = bytes(mebi * 1024 * 1024 // 4 * 3)
    assert wrong(task(model=model, input_image=media(content=whole))) == {}
    told = wrong(task(model=model, input_image=media(content=whole + b"x")))
    assert f"at most {mebi * 1024 * 1024:,}" in told["input_image"]


def test_all_pictures_count_together(task, media):
    half = bytes(10 * 1024 * 1024)
    told = wrong(task(model=DEVELOPER, input_image=media(content=half), last_frame=media("last_frame", half)))
    assert "smaller or fewer files" in told["request"]
    assert wrong(task(model=VERTEX, surface="vertex", input_image=media(content=half * 4))) == {}


@pytest.mark.parametrize("region", ["evil.example/", "US", "-", "us central1"])
def test_region_that_is_none(task, vertex, region):
    asked = task(model=VERTEX, surface="vertex", account=vertex(region=region))
    assert "us-central1, eu or global" in wrong(asked)["region"]
