"""Whatever goes wrong, in whatever order: one payment at most, and a record that tells the truth."""

import tempfile
from contextlib import suppress
from pathlib import Path

from acme.house import House, leftovers, tiny_film
from acme.plugin import Acme, FullAcme
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.errors import PolyreelError
from polyreel.simulation.faults import Fault
from polyreel.types.job import Phase

KINDS = st.sampled_from(
    ["refuse", "drop_before", "drop_after", "html", "broken_json", "empty", "hang", "cut", "slow"]
)
STATUSES = st.sampled_from([400, 401, 404, 408, 410, 429, 500, 502, 503])
PATHS = st.sampled_from(["/films$", r"/film_1$", "/file/", "/links", ""])


@st.composite
def faults(draw):
    where = {"path": draw(PATHS), "times": draw(st.integers(1, 4)), "after": draw(st.integers(0, 3))}
    if draw(st.booleans()):
        return Fault(kind="status", status=draw(STATUSES), **where)
    if draw(st.booleans()):
        # A service that takes a job and says that it refused it could not be dealt with by anybody.
        return Fault(kind="status_after", status=draw(st.sampled_from([408, 500, 502, 503])), **where)
    return Fault(kind=draw(KINDS), seconds=draw(st.sampled_from([1.0, 1000.0])), **where)


@settings(max_examples=150, deadline=None)
@given(wrong=st.lists(faults(), min_size=1, max_size=5), complete=st.booleans())
def test_any_faults(wrong, complete):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        provider = FullAcme() if complete else Acme()
        house = House(home, provider=provider, faults=tuple(wrong), real=True, render_seconds=5.0)
        with house.client() as client:
            with suppress(PolyreelError):
                client.generate("a paper boat", model="acme/one", timeout=2000)
            sent = house.count("POST", "/films$")
            house.simulated.faults.clear()
            for _ in range(2):
                client.resume()
            (job,) = client.list_jobs()
            if job.phase is Phase.UNKNOWN:
                (job,) = client.resume(job.id)

        # A request that certainly never left may be sent again; one that may have arrived never is.
        assert house.paid <= 1
        assert house.count("POST", "/films$") == sent
        assert leftovers(home) == []
        if job.status == "completed":
            assert house.paid == 1
            assert job.videos[0].path.read_bytes() == tiny_film()
            assert job.cost.billed is True
        elif job.cost.billed is False:
            assert house.paid == 0
        elif job.phase is Phase.UNKNOWN:
            assert job.failure.kind == "uncertain"
            assert job.cost.amount > 0
            assert not (complete and house.paid)
        else:
            # The provider denied the job three times in a row, and nobody knows what that costs.
            assert (job.phase, job.cost.billed) == (Phase.EXPIRED, None)
