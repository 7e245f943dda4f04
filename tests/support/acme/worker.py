"""One process that works on a job store: `python -m acme.worker MODE ADDRESS VERB ...`.

It prints one line for each thing that a test waits for. ``POLYREEL_HOME`` says where the store is.
"""

import sys

from polyreel import steps
from polyreel.client import Client
from polyreel.errors import PolyreelError
from polyreel.flows import call, sleep
from polyreel.hookspecs import hookimpl
from polyreel.jobs import holding, lifecycle, recovery

from acme.house import acme_plugins
from acme.service import KEY, MODES, plugins_for


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def client_of(mode, address, plugins=None):
    settings = {"acme": {"base_url": address}}
    return Client(settings=settings, api_keys={"acme": KEY}, plugins=plugins or plugins_for(mode))


def hurry():
    """Let leases and deadlines of minutes be over in a second."""
    lifecycle.SEND_WITHIN = 0.7
    recovery.LOOK_WINDOW = 3.0
    steps.LEASE = holding.HELD_FOR = 1.0


def dawdling(mode):
    """Plugins whose provider says that it is about to send, and then takes its time."""

    class Dawdling(MODES[mode]):
        @hookimpl
        def submit(self, task):
            yield from call(lambda: say(task.id, "about to send"))
            yield from sleep(0.3)
            return (yield from super().submit(task))

    return acme_plugins(Dawdling())


def submit(client, prompt, key=""):
    options = {"idempotency_key": key} if key else {}
    job = client.submit(prompt, model="acme/one", on_progress=lambda job: say(job.id, job.phase), **options)
    say(job.id, job.phase)


def generate(client, prompt):
    say(client.generate(prompt, model="acme/one", on_progress=lambda job: say(job.id, job.phase)).path)


def resume(client, seconds):
    for job in client.resume(timeout=float(seconds)):
        say(job.id, job.phase)


def work(client, name, count):
    """Make films under a name, as each process of a crew does."""
    prompts = [f"boat {number}" for number in range(int(count))]
    for outcome in client.map(prompts, model="acme/one", name=name, concurrency=int(count)):
        say(outcome.job.id if outcome.job else "-", "ok" if outcome.ok else f"{outcome.error}")


def advance(client, job_id):
    """Take one step whenever a line comes."""
    say("ready")
    for _ in sys.stdin:
        try:
            say(client.advance(job_id))
        except PolyreelError as error:
            say(f"{type(error).__name__}: {error}")


VERBS = {
    "submit": submit,
    "dawdle": submit,
    "generate": generate,
    "resume": resume,
    "work": work,
    "advance": advance,
}

if __name__ == "__main__":
    mode, address, verb, *words = sys.argv[1:]
    if verb == "--hurry":
        hurry()
        verb, *words = words
    with client_of(mode, address, dawdling(mode) if verb == "dawdle" else None) as client:
        try:
            VERBS[verb](client, *words)
        except PolyreelError as error:
            sys.exit(f"{type(error).__name__}: {error}")
