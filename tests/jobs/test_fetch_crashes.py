"""A process that is killed at any of its steps on the disk leaves exactly one film, once somebody resumes the job."""

import os
import sys
import warnings

import pytest
from acme.house import House, leftovers, tiny_film
from polyreel.errors import FetchFailed
from polyreel.simulation.faults import Fault
from polyreel.storage.parts import sweep
from polyreel.storage.sqlite import SQLiteStore

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system makes no copies of a process")

WATCHED = frozenset({"open", "os.link", "os.rename", "os.remove", "os.truncate", "os.mkdir"})
MOST = 200
DONE, KILLED = 0, 77


class Doomed:
    """Ends its process right before its n-th step on the disk below a folder; some steps no hook sees, so those are wrapped.

    An audit hook cannot be taken away again: one is made only in a process that is about to end.
    """

    def __init__(self, folder, steps):
        self.folder, self.steps = str(folder), steps
        sys.addaudithook(self.hear)
        for name in ("fsync", "utime"):
            setattr(os, name, self.counted(getattr(os, name)))

    def hear(self, event, arguments):
        if event in WATCHED and any(str(argument).startswith(self.folder) for argument in arguments[:2]):
            self.step()

    def counted(self, function):
        def call(*arguments, **options):
            self.step()
            return function(*arguments, **options)

        return call

    def step(self):
        self.steps -= 1
        if self.steps < 0:
            os._exit(KILLED)


def killed_after(steps, house, job, films):
    """Fetch in a process of its own, which is killed after so many steps; return whether it was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other threads of the tests hold no lock that the child needs
        child = os.fork()
    if child == 0:
        try:
            client = again(house)
            Doomed(films, steps)
            client.wait(job.id)
            os._exit(DONE)
        except BaseException as error:  # noqa: BLE001  the child must never come back into the tests
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {DONE, KILLED}
    return code == KILLED


def again(house):
    """A client of another process on the same store."""
    house.store = SQLiteStore(house.home / "jobs.sqlite3")
    return house.client()


def without_links(*_):
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("overwrite", [False, True], ids=["beside", "replacing"])
def test_one_film_whenever_the_process_is_killed(tmp_path, links, overwrite, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "link", without_links)
    survived = None
    for steps in range(MOST):
        home = tmp_path / str(steps)
        films = home / "films"
        films.mkdir(parents=True)
        (films / "boat.mp4").write_bytes(b"mine")
        house = House(home)
        job = rendered(house, films / "new.mp4", overwrite=overwrite)
        (films / "new.mp4").write_bytes(b"taken meanwhile")
        if not killed_after(steps, house, job, films):
            survived = steps
            break
        with again(house) as client:
            was_stored = client.get_job(job.id).status == "completed"
            result = client.wait(job.id)
            stored = client.get_job(job.id)
        expected = films / ("new.mp4" if overwrite else "new-2.mp4")
        assert (result.path, stored.status) == (expected, "completed"), f"killed after {steps} steps"
        assert expected.read_bytes() == tiny_film()
        if was_stored:  # what it had no time to remove goes with the next sweep
            sweep(films, older_than=float("inf"), is_unfinished=lambda _: False)
        assert leftovers(films) == [], f"killed after {steps} steps"
        assert {file.name for file in films.iterdir()} == {"boat.mp4", "new.mp4", expected.name}
        assert expected.read_bytes() == tiny_film()
        assert (films / "boat.mp4").read_bytes() == b"mine"
        assert overwrite or (films / "new.mp4").read_bytes() == b"taken meanwhile"
        assert house.paid == 1
    assert survived is not None
    assert survived >= 5  # open, flush, name, flush of the name, tidying


def rendered(house, output, *, overwrite):
    """A job whose film is ready and could not be fetched."""
    house.add(Fault(kind="status", status=500, method="GET", path="/file/", times=None))
    with again(house) as client, pytest.raises(FetchFailed) as caught:
        client.generate("a paper boat", model="acme/one", output=output, overwrite=overwrite)
    house.simulated.faults.clear()
    return caught.value.job
