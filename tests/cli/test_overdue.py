"""A film that is about to be deleted at its provider is seen in the lists, also when nobody works on its job."""

import os
from pathlib import Path

import pytest
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.asset import Asset
from polyreel.types.job import Job, Phase

HOUR = 3600.0
SAID = "half of the time for which openai keeps the film has passed and it is not here"


@pytest.fixture
def rendered(quick):
    """Write the record of a film that was rendered so many hours ago and is kept for 24."""

    def write(hours):
        at = quick.now() - hours * HOUR
        job = Job(
            id="job_0123456789ab",
            provider="openai",
            model="openai/sora-2",
            phase=Phase.RENDERED,
            prompt="A paper boat",
            created_at=at,
            updated_at=at,
            rendered_at=at,
            assets=(Asset(url="/videos/1/content", expires_at=at + 24 * HOUR),),
        )
        store = SQLiteStore(Path(os.environ["POLYREEL_HOME"]) / "jobs.sqlite3")
        store.add(job)
        store.close()
        return job.id

    return write


@pytest.mark.parametrize(("hours", "late"), [(1, False), (11.9, False), (12.1, True), (30, True)])
def test_an_overdue_film_is_told_of(run, rendered, hours, late):
    job = rendered(hours)
    listed, shown = run("jobs"), run("jobs", "show", job)
    assert (listed.code, shown.code) == (0, 0)
    assert (SAID in listed.err) is late
    assert (f"warning: job: {SAID}" in shown.out) is late
    assert ("jobs resume job_0123456789ab" in shown.out) is late
    assert "kept until " in shown.out
    assert len(listed.out.splitlines()) == 2
