"""What must hold, judged by the provider's ledger of charges alone."""

from collections import Counter

from polyreel.audits import audit
from polyreel.types.job import Phase

from reliability.worlds import small_film


class Verdict(AssertionError):
    """The guarantee is broken; it says by which history."""


def always(world):
    """Check what must hold at every moment; return what is wrong."""
    yield from world.trespasses
    seen = set()
    for job in world.jobs:
        charged = world.charges_of(job)
        if len(charged) > job.attempts:
            yield f"{job.id} was paid for {len(charged)} times: {charged}"
        warned = sum("may have been accepted" in notice.message for notice in job.warnings)
        if job.attempts - 1 != warned:
            yield f"attempt {job.attempts} of {job.id} was begun without a word"
        if job.attempts > 1 and job.on_unknown != "resubmit" and job.id not in world.by_hand:
            yield f"{job.id} was sent again, and nobody asked for it"
        if job.receipt is None:
            continue
        if job.receipt.id in seen:
            yield f"two jobs have the film {job.receipt.id}"
        seen.add(job.receipt.id)
        film = world.state["films"].get(job.receipt.id)
        if film is None or film["body"]["client_id"] != job.id:
            yield f"{job.id} took {job.receipt.id}, the film of another"


def at_the_end(world, *, knows):
    """Check what must hold when no job needs a step any more; return what is wrong.

    Args:
        world: The world.
        knows: Whether a job that was paid for can always be found in this history.
    """
    yield from _books(world)
    names = {job.id for job in world.jobs}
    orphans = [line for line in world.entries if line.amount > 0 and line.reason not in names]
    if orphans:
        yield f"charges of no job: {orphans}"
    for job in world.jobs:
        charged = world.charges_of(job)
        match job.phase:
            case Phase.STORED:
                yield from _stored(world, job, charged)
            case Phase.UNKNOWN:
                if job.on_unknown == "fail":
                    yield f"{job.id} is unknown, and was to be given up"
                if charged and knows:
                    yield f"{job.id} was paid for and is unknown, though it could be found"
            case Phase.FAILED if job.on_unknown == "fail" and job.failure and job.failure.kind == "uncertain":
                if charged and knows:
                    yield f"{job.id} was paid for and given up, though it could be found"
                if job.cost is None or job.cost.billed is not None:
                    yield f"{job.id} was given up and says {job.cost}, though nobody can know"
            case Phase.FAILED | Phase.CANCELLED:
                if charged:
                    yield f"{job.id} was paid for and is lost: {job.phase}, {job.message}"
            case _:
                yield f"{job.id} is stuck: {job.phase}, {job.message}"
        lease = world.leases.get(job.id)
        if lease is not None and lease.until > world.clock.steady():
            yield f"{job.id} is over and still leased"


def _books(world):
    """Check what the ledger of this side holds and has paid, beside what it says of itself."""
    yield from world.store.consult(audit).findings
    holds = world.store.consult(lambda books: list(books.holds()))
    for job in world.jobs:
        states = [hold.state for hold in holds if hold.job == job.id]
        if len(states) != job.attempts:
            yield f"{job.id} has {len(states)} holds for {job.attempts} attempts"
        elif job.phase is Phase.UNKNOWN and states[-1] not in {"held", "doubtful"}:
            yield f"{job.id} is unknown, and its hold is {states[-1]}"
        elif job.phase is Phase.STORED and states[-1] != "captured":
            yield f"{job.id} is completed, and its hold is {states[-1]}"
    lines = world.store.consult(lambda books: list(books.lines()))
    captures = Counter(
        each[:2] for each in {(line.job, line.hold, line.turn) for line in lines if line.kind == "capture"}
    )
    for (name, number), times in captures.items():
        if times > 1:
            yield f"hold {number} of {name} was captured {times} times"


def _stored(world, job, charged):
    if job.receipt is None or job.receipt.id not in charged:
        yield f"{job.id} is completed with {job.receipt}, which was not charged: {charged}"
    paths = [film.path for film in job.videos]
    if len(paths) != 1 or paths[0] is None or not paths[0].exists() or paths[0].read_bytes() != small_film():
        yield f"{job.id} is completed, and its film is not there: {paths}"


def leftovers(world):
    """Return the films in the folder that no record names; hidden parts are swept in time."""
    videos = world.folder / "videos"
    named = {film.path.name for job in world.jobs for film in job.videos if film.path is not None}
    return sorted({path.name for path in videos.glob("job_*")} - named) if videos.exists() else []
