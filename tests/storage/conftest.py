"""Jobs to be kept, and the places where they are."""

import pytest
from polyreel.types.asset import Asset
from polyreel.types.job import Job, JobEvent, Phase, Receipt


@pytest.fixture
def job():
    """Make a job with something in every kind of field."""

    def made(name="job_1", at=1.0, **facts):
        given = {
            "provider": "acme",
            "model": "acme/one",
            "prompt": "Ein Papierboot überquert eine Pfütze ⛵",
            "parameters": {"prompt": "…", "duration": 4, "nested": {"list": [1, 2.5, None, True]}},
            "settings": {"region": "moon"},
            "receipt": Receipt(id=f"film of {name}", data={"path": "/films"}),
            "assets": (Asset(url="/film", query={"a": "b"}),),
            "history": (JobEvent(at=at, phase=Phase.ACCEPTED),),
            "phase": Phase.ACCEPTED,
        }
        return Job(id=name, created_at=at, updated_at=at, **(given | facts))

    return made
