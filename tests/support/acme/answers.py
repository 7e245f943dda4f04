"""The exact answers of the seed's two calls."""

import re

from acme.house import tiny_film

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
STATUSES = {"queued", "processing", "completed", "failed", "cancelled", "unknown"}


def assert_asked(answer, *, model="openai/sora-2", warnings=0):
    """The exact answer of ``videos()``."""
    assert set(answer) == {
        "request_id",
        "created_at",
        "duration_ms",
        "provider",
        "model",
        "success",
        "message",
        "data",
        "warnings",
    }
    assert re.fullmatch(r"req_[0-9a-f]{24}", answer["request_id"])
    assert TIME.fullmatch(answer["created_at"])
    assert answer["duration_ms"] >= 0
    assert (answer["provider"], answer["model"], answer["success"]) == (model.partition("/")[0], model, True)
    assert "simulated" in answer["message"]
    assert set(answer["data"]) == {"job_id", "status", "progress", "is_async"}
    assert re.fullmatch(r"job_[0-9a-f]{23}", answer["data"]["job_id"])
    assert (answer["data"]["status"], answer["data"]["progress"], answer["data"]["is_async"]) == (
        "queued",
        0,
        True,
    )
    assert len(answer["warnings"]) == warnings


def assert_described(answer, job_id, *, status):
    """The exact answer of ``jobs()``."""
    expected = {"job_id", "status", "progress", "created_at", "provider", "model", "prompt"}
    if status in {"completed", "failed"}:
        expected.add("completed_at")
        assert TIME.fullmatch(answer["completed_at"])
    expected |= {"completed": {"result"}, "failed": {"error"}}.get(status, set())
    assert set(answer) == expected
    assert (answer["job_id"], answer["status"]) == (job_id, status)
    assert status in STATUSES
    assert isinstance(answer["progress"], int)
    assert TIME.fullmatch(answer["created_at"])
    if status != "completed":
        return
    assert answer["progress"] == 100
    result = answer["result"]
    assert set(result) == {"data", "model", "created"}
    assert result["model"] == answer["model"]
    assert isinstance(result["created"], int)
    (film,) = result["data"]
    assert set(film) == {"url", "s3_key", "file_size", "content_type", "file_name"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/job_\w+\.mp4", film["url"])
    assert film["s3_key"] == f"{answer['provider']}/video/{film['file_name']}"
    assert (film["file_size"], film["content_type"]) == (len(tiny_film()), "video/mp4")
    assert film["url"].endswith(film["file_name"])
