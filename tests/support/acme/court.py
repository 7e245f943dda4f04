"""Two judges of one request: the client, and the simulated service, which is asked in its own words."""

import copy
import hashlib
import itertools
import json
import math
import random

from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import InvalidRequest
from polyreel.http import Request
from polyreel.simulation.staging import set_stage
from polyreel.workspace import Simulation

from acme.house import quick_studio

ABSENT = None
PROMPT = "A paper boat crossing a puddle"


class Court:
    """Both judges.

    Attributes:
        client: Judges locally; its simulator says what came of what it sent.
        mine: The simulator that the client reaches.
        service: Another one, which is asked in its own words and forgets each request.
        kept: What the service does not forget.
    """

    def __init__(self, provider, simulator, home):
        clock = VirtualClock()
        simulation = Simulation(clock=clock, studio=quick_studio(), kept=False, render_seconds=1.0)
        self.provider = provider
        self.client = Client(simulate=simulation, store="memory", home=home)
        self.mine = self.client.workspace.stage(self.client.workspace.plugins.provider(provider))
        # A film takes no time here, so that whatever comes of a request shows at once.
        self.service = set_stage(simulator, clock=VirtualClock(), studio=quick_studio(), render_seconds=0.0)
        self.kept = {}
        self._verdicts = {}

    @property
    def sent(self):
        """How many requests the client has sent."""
        return len(self.mine.faults.requests)

    def local(self, model, given, prompt=PROMPT):
        """Whether the client would take a request. That it judges without sending anything is checked each time."""
        before = self.sent
        verdict = self.client.check(prompt, model=f"{self.provider}/{model}", **given).ok
        assert self.sent == before
        return verdict

    def buy(self, model, given, prompt=PROMPT):
        """Submit and wait; whether a film came of it, at the price that was estimated.

        A request that is refused here is never sent.
        """
        before, charged = self.sent, len(self.mine.charges.entries)
        try:
            job = self.client.submit(prompt, model=f"{self.provider}/{model}", **given)
        except InvalidRequest:
            assert self.sent == before
            return False
        assert self.sent > before
        ended = self.client.wait(job.id).job
        paid = sum(charge.amount for charge in self.mine.charges.entries[charged:])
        assert job.estimate.amount in {None, paid}, (job.estimate, paid)
        return ended.status == "completed"

    def ask(self, method, url, headers, body=None):
        """Send one request to the service; return its answer."""
        content = None if body is None else json.dumps(body).encode()
        named = {"content-type": "application/json", **headers}
        return self.service.handler(Request(method=method, url=url, headers=named, content=content))

    def keep(self):
        """Let the service remember what it was told so far."""
        self.kept = copy.deepcopy(self.service.simulator.stage.state)

    def forget(self):
        """Let the service forget everything else."""
        state = self.service.simulator.stage.state
        state.clear()
        state.update(copy.deepcopy(self.kept))

    def once(self, words, judge):
        """Return what ``judge`` says to ``words``; the same words are judged once."""
        key = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).digest()
        if key not in self._verdicts:
            self._verdicts[key] = judge(words)
            self.forget()
        return self._verdicts[key]


def values_of(document, name):
    """Return the values that a document enumerates for a parameter; of a short range of numbers, all of them."""
    schema = document["properties"].get(name, {})
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    if schema.get("type") == "boolean":
        return [True, False]
    if schema.get("type") == "integer" and schema.get("maximum", 1000) < 100:
        return list(range(schema["minimum"], schema["maximum"] + 1))
    return []


def product(**choices):
    """Yield every combination; what is absent in one is not in it."""
    for combination in itertools.product(*choices.values()):
        yield {name: value for name, value in zip(choices, combination, strict=True) if value is not ABSENT}


def sample(most, **choices):
    """Yield ``most`` combinations out of all, always the same ones; all when there are no more."""
    sizes = [len(values) for values in choices.values()]
    total = math.prod(sizes)
    numbers = range(total) if total <= most else random.Random(20261124).sample(range(total), most)
    for number in numbers:
        given, rest = {}, number
        for (name, values), size in zip(choices.items(), sizes, strict=True):
            rest, place = divmod(rest, size)
            if values[place] is not ABSENT:
                given[name] = values[place]
        yield given


def is_number(value):
    """Whether JSON has a value as a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
