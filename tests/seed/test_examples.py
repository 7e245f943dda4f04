"""Each example of the seed's document that speaks of the core or of OpenAI, and the exact answers that it promises.

Those of Google and Amazon are in the file beside this one.
"""

import re
from pathlib import Path

import pytest
from acme.answers import assert_asked, assert_described
from acme.house import tiny_film

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.py"))
DOCUMENT = Path(__file__).parents[3] / "shared" / "seed" / "video-generation.md"


BLOCKS = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
beside = pytest.mark.skipif(not DOCUMENT.exists(), reason="the document is not beside this checkout")


def code_of(example):
    return example.read_text(encoding="utf-8").split("\n", 1)[1]


@beside
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_the_documents(example):
    assert len(code_of(example)) > 100
    assert code_of(example) in DOCUMENT.read_text(encoding="utf-8")


@beside
def test_no_example_of_the_document_is_left_out():
    blocks = BLOCKS.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert sum("client.videos(" in block for block in blocks) > 10
    for block in blocks:
        rest = block
        for example in EXAMPLES:
            rest = rest.replace(code_of(example), "")
        assert "client." not in rest, rest


def test_basic_usage(begun, caplog):
    response = begun.names["response"]
    assert_asked(response)
    assert begun.printed == [f"Job ID: {response['data']['job_id']}", "Status: queued"]
    # The seed's key is a router's: it is accepted, said to have no use here, and not shown.
    (record,) = caplog.get_records("setup")
    assert "no use without base_url" in record.getMessage()
    assert "your_api_key" not in record.getMessage()


def test_understanding_while_it_runs_and_when_it_is_done(begun):
    job_id = begun.names["response"]["data"]["job_id"]
    begun.clock.advance(2.5)
    printed = begun.run("understanding.py", your_job_id=job_id)
    assert printed[0] == "Status: processing"
    assert re.fullmatch(r"Progress: [1-9]\d?%", printed[1])
    assert len(printed) == 2
    assert_described(begun.names["status_response"], job_id, status="processing")

    begun.clock.advance(60)
    printed = begun.run("understanding.py", your_job_id=job_id)
    assert printed[:2] == ["Status: completed", "Progress: 100%"]
    assert printed[2] == f"Video URL: {begun.names['video_url']}"
    assert_described(begun.names["status_response"], job_id, status="completed")


def test_sora_models(begun):
    begun.run("sora_models.py")
    sora, pro = begun.names["sora_response"], begun.names["sora_pro_response"]
    assert_asked(sora)
    assert_asked(pro, model="openai/sora-2-pro")
    jobs = [begun.client.get_job(answer["data"]["job_id"]) for answer in (sora, pro)]
    assert [(job.parameters["size"], job.parameters["duration"]) for job in jobs] == [
        ("1280x720", 4),
        ("1792x1024", 8),
    ]
    assert [str(job.estimate.amount) for job in jobs] == ["0.40", "4.00"]


def test_core_parameters(begun):
    begun.run("core_parameters.py")
    answer = begun.names["response"]
    assert_asked(answer, warnings=1)
    # OpenAI has no seed: a hint that cannot be honoured is said.
    assert answer["warnings"] == ["seed: openai/sora-2 has no seed; it is left out"]
    job = begun.client.get_job(answer["data"]["job_id"])
    assert job.requested["fps"] == 24
    assert job.requested["seed"] == 42


def test_sora_parameters(begun):
    begun.run("sora_parameters.py")
    answer = begun.names["sora_response"]
    assert_asked(answer)
    job = begun.client.get_job(answer["data"]["job_id"])
    # `seconds` and `input_reference` are other names of the same things.
    assert set(job.requested) == {"prompt", "size", "duration", "input_image"}
    assert job.parameters["input_image"]["media_type"] == "image/png"


def test_checking_job_status(begun):
    job_id = begun.completed(begun.names["response"])
    printed = begun.run("checking_job_status.py", your_job_id=job_id)
    answer = begun.names["job_response"]
    assert_described(answer, job_id, status="completed")
    assert printed == [
        "Job Status: completed",
        "Progress: 100%",
        f"Created: {answer['created_at']}",
        f"Video URL: {answer['result']['data'][0]['url']}",
    ]


def test_checking_the_status_of_a_job_that_failed(begun):
    answer = begun.client.videos(prompt="[moderation:job]", model="openai/sora-2")
    job_id = begun.completed(answer)
    printed = begun.run("checking_job_status.py", your_job_id=job_id)
    described = begun.names["job_response"]
    assert_described(described, job_id, status="failed")
    assert printed[0] == "Job Status: failed"
    assert printed[-1] == f"Error: {described['error']}"
    assert "moderation" in described["error"]
    # "Getting Help" of the document: client.jobs(job_id)["error"]
    assert begun.client.jobs(job_id)["error"] == described["error"]


def test_saving(begun, tmp_path):
    job_id = begun.names["response"]["data"]["job_id"]
    assert begun.run("saving.py", your_job_id=job_id) == ["Video generation not yet completed"]
    begun.completed(begun.names["response"])
    printed = begun.run("saving.py", your_job_id=job_id)
    assert printed == ["Video saved as generated_videos/video_0.mp4"]
    assert (tmp_path / "generated_videos" / "video_0.mp4").read_bytes() == tiny_film()


def test_image_to_video(begun):
    begun.run("image_to_video.py")
    answer = begun.names["image_video_response"]
    assert_asked(answer)
    job = begun.client.get_job(answer["data"]["job_id"])
    assert job.parameters["input_image"]["media_type"] == "image/png"
    job_id = begun.completed(answer)
    assert_described(begun.client.jobs(job_id), job_id, status="completed")


def test_byok(begun, tmp_path):
    begun.run("byok.py")
    answer = begun.names["response"]
    assert_asked(answer)
    job_id = begun.completed(answer)
    assert_described(begun.client.jobs(job_id), job_id, status="completed")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"sk-your-openai-key-here" not in kept


def test_cinematic_scene(begun):
    begun.run("cinematic.py")
    assert_asked(begun.names["cinematic_response"], model="openai/sora-2-pro")


def test_the_address_stays_while_the_client_lives_and_goes_with_it(begun):
    requests = pytest.importorskip("requests")
    job_id = begun.completed(begun.names["response"])
    url = begun.client.jobs(job_id)["result"]["data"][0]["url"]
    assert begun.client.jobs(job_id)["result"]["data"][0]["url"] == url
    assert requests.get(url, timeout=5).content == tiny_film()
    begun.client.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_a_job_that_another_client_made(begun):
    from polyreel import Client

    job_id = begun.completed(begun.names["response"])
    with Client() as other:
        assert_described(other.jobs(job_id), job_id, status="completed")
