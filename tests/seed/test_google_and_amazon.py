"""Each example of the seed's document that speaks of Google or Amazon.

What a model cannot honour is refused or said, as the design has it, and each test says which.
"""

import pytest
from acme.answers import assert_asked, assert_described
from polyreel.errors import InvalidRequest


@pytest.fixture
def made(begun):
    """Run an example; check the answers of its films, and that they come to be; return their jobs."""

    def made(example, **answers):
        begun.run(example)
        jobs = {}
        for name, model in answers.items():
            answer = begun.names[name]
            assert_asked(answer, model=model)
            job_id = begun.completed(answer)
            assert_described(begun.client.jobs(job_id), job_id, status="completed")
            jobs[name] = begun.client.get_job(job_id)
        return jobs

    return made


def given(job, *names):
    return tuple(job.parameters[name] for name in names)


def test_veo_models(made):
    jobs = made(
        "veo_models.py",
        veo2_response="google/veo-2.0-generate-001",
        veo3_response="google/veo-3.0-generate-001",
        veo31_response="google/veo-3.1-generate-preview",
    )
    two, three, newest = jobs.values()
    assert given(two, "aspect_ratio", "duration", "generate_audio") == ("16:9", 6, False)
    assert given(three, "aspect_ratio", "duration", "generate_audio") == ("16:9", 8, True)
    assert given(newest, "negative_prompt", "person_generation") == (
        "blurry, low quality, static",
        "allow_all",
    )
    assert [str(job.estimate.amount) for job in jobs.values()] == ["3.00", "3.20", "3.20"]


def test_nova_reel(made):
    (job,) = made("nova_reel.py", nova_response="amazon/nova-reel-v1:1").values()
    # "amazon/nova-reel" is the newest of them.
    assert given(job, "duration", "size", "generate_audio") == (6, "1280x720", False)
    assert str(job.estimate.amount) == "0.48"


# Each a feature of Veo 3.1 by the document's own words, or of the future; one call cannot have all of them.
LACKING = {"reference_image", "reference_images", "last_frame", "video"}


def test_veo_parameters_that_veo_3_lacks_are_refused_together(begun):
    with pytest.raises(InvalidRequest) as refused:
        begun.run("veo_parameters.py")
    assert {problem.parameter for problem in refused.value.problems} == LACKING
    assert all("leave it out" in problem.message for problem in refused.value.problems)
    assert begun.client.list_jobs() == [begun.client.get_job(begun.names["response"]["data"]["job_id"])]


def test_veo_parameters_without_what_veo_3_lacks(begun):
    options = {
        'model="google/veo-3.0-generate-001",': 'model="google/veo-3.0-generate-001", on_unsupported="warn",'
    }
    begun.run("veo_parameters.py", **options)
    answer = begun.names["veo_response"]
    assert_asked(answer, model="google/veo-3.0-generate-001", warnings=4)
    assert {warning.partition(":")[0] for warning in answer["warnings"]} == LACKING
    job_id = begun.completed(answer)
    assert_described(begun.client.jobs(job_id), job_id, status="completed")
    job = begun.client.get_job(job_id)
    assert given(job, "resolution", "negative_prompt", "person_generation") == (
        "720p", "blurry, distorted, low quality", "allow_adult",
    )  # fmt: skip


def test_nova_reel_parameters(made):
    (job,) = made("nova_reel_parameters.py", nova_response="amazon/nova-reel-v1:1").values()
    # `dimension` and `duration_seconds` are other names of the same things; the seed is heeded here.
    assert set(job.requested) == {"prompt", "size", "duration", "fps", "seed", "input_image"}
    assert given(job, "size", "duration", "fps", "seed") == ("1280x720", 6, 24, 123)
    assert job.parameters["input_image"]["media_type"] == "image/png"


def test_image_to_video(made):
    (job,) = made("veo_image_to_video.py", veo_image_response="google/veo-3.0-generate-001").values()
    assert job.parameters["input_image"]["media_type"] == "image/png"


def test_reference_images(made):
    (job,) = made("reference_images.py", styled_response="google/veo-3.1-generate-preview").values()
    assert len(job.parameters["reference_images"]) == 3
    assert given(job, "aspect_ratio", "size") == ("9:16", "720x1280")


def test_audio(made):
    (job,) = made("audio.py", audio_video_response="google/veo-3.0-generate-001").values()
    assert given(job, "generate_audio") == (True,)


def test_frame_interpolation(made):
    model = "google/veo-3.1-fast-generate-preview"
    (job,) = made("frame_interpolation.py", interpolation_response=model).values()
    assert {"input_image", "last_frame"} <= set(job.requested)
    assert str(job.estimate.amount) == "0.80"


def test_byok(made, tmp_path):
    made("google_byok.py", google_response="google/veo-3.0-generate-001")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"your-google-api-key-here" not in kept


def test_product_showcase_without_sound_is_refused_where_sound_is_always_made(begun):
    with pytest.raises(InvalidRequest) as refused:
        begun.run("product_showcase.py")
    (problem,) = refused.value.problems
    assert problem.parameter == "generate_audio"
    assert "always makes the sound track" in problem.message


def test_product_showcase_without_sound_on_vertex(begun):
    begun.run("product_showcase.py", **{"veo-3.0-generate-001": "veo-3.0-generate-001@vertex"})
    answer = begun.names["product_video"]
    assert_asked(answer, model="google/veo-3.0-generate-001")
    job_id = begun.completed(answer)
    assert_described(begun.client.jobs(job_id), job_id, status="completed")
    job = begun.client.get_job(job_id)
    assert given(job, "generate_audio", "size", "duration") == (False, "720x1280", 6)
    assert str(job.estimate.amount) == "1.20"  # half the price of a film with sound


def test_educational_animation(made):
    (job,) = made("educational.py", educational_video="amazon/nova-reel-v1:1").values()
    assert given(job, "duration") == (6,)


@pytest.mark.parametrize(
    ("model", "hints"),
    [
        ("amazon/nova-reel", {"fps": 24, "n": 1, "seed": 42}),
        ("google/veo-3.0-generate-001", {"fps": 24, "n": 1, "seed": 42}),
        ("google/veo-3.1-generate-preview", {"fps": 24, "n": 1, "seed": 42}),
        ("google/gemini-omni-1.2-flash", {"fps": 24, "n": 1}),
        ("amazon/luma.ray-v2:0", {"n": 1}),
    ],
)
def test_hints_that_come_anyway_are_no_errors(begun, model, hints):
    answer = begun.client.videos(prompt="A boat", model=model, **hints)
    assert answer["warnings"] == []


@pytest.mark.parametrize(
    "model", ["google/veo-2.0-generate-001", "google/gemini-omni-1.2-flash", "amazon/luma.ray-v2:0"]
)
def test_a_seed_that_cannot_be_heeded_is_said(begun, model):
    answer = begun.client.videos(prompt="A boat", model=model, seed=42)
    assert answer["warnings"] == [f"seed: {model} has no seed; it is left out"]
