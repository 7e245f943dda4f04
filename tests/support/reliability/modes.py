"""What a provider may offer to somebody whose submit was cut off, one provider for each."""

from dataclasses import dataclass, replace

from acme.plugin import INFO, Acme, Cancels, Finds, HoldsOpen, answered
from acme.simulator import AcmeSimulator, in_json
from polyreel.hookspecs import hookimpl
from polyreel.types.job import Receipt
from polyreel.types.provider import WebhookEvent

NEVER = float("inf")


class HonestSimulator(AcmeSimulator):
    """Acme's service: what its list shows and whether it knows tokens depends on the mode."""

    lifetime = NEVER
    link_lifetime = NEVER
    lag = 0.0
    knows_tokens = False
    token_life = 24 * 3600.0
    lists_finished_only = False

    def handle(self, request):
        token = request.headers.get("idempotency-key")
        creates = request.method == "POST" and request.url.endswith("/films")
        if not (self.knows_tokens and creates and token):
            return super().handle(request)
        tokens, now = self.stage.state.setdefault("tokens", {}), self.stage.clock.now()
        if token in tokens and now - tokens[token]["at"] < self.token_life:
            return in_json(201, {"id": tokens[token]["film"], "state": "queued"})
        answer = super().handle(request)
        if answer.ok:
            tokens[token] = {"film": answer.json()["id"], "at": now}
        return answer

    def _listed(self, query):
        now = self.stage.clock.now()
        rows = []
        for name, film in reversed(self._films.items()):
            if now < film["at"] + self.lag or (self.lists_finished_only and now < film["ready"]):
                continue
            body = film["body"]
            if "client_id" in query and body["client_id"] != query["client_id"]:
                continue
            rows.append({"id": name, "state": self._state(film), "body": body, "at": film["at"]})
        return rows

    def _urls(self, name):
        return [f"/films/{name}/file/{index}/0" for index in range(self._films[name]["body"]["n"])]


class Tokens(Acme):
    """Honours a token in a header: the same one is charged once."""

    info = replace(INFO, idempotency="header")


class Guesses:
    """Shows no more of a film in its list than what was asked for and when."""

    @hookimpl
    def find_submission(self, task, since):
        rows = answered((yield from task.http.get("/films")))["data"]
        asked = self.body(task)
        facts = ("prompt", "seconds", "size", "n")
        return [
            Receipt(id=row["id"])
            for row in rows
            if row["at"] >= since - 2.0 and all(row["body"][fact] == asked[fact] for fact in facts)
        ]


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A provider, its service, and what can be known after a crash.

    Attributes:
        name: For people.
        provider: The plugin.
        simulator: The service.
        knows: Whether a job that was paid for can always be found again.
        knows_whatever_the_time: Whether it can also when the time of day was set, or nobody looked for hours.
    """

    name: str
    provider: type
    simulator: type
    knows: bool
    knows_whatever_the_time: bool = True


def _service(**facts):
    return type("Service", (HonestSimulator,), facts)


def _provider(*parts):
    return type("Provider", parts, {})


PLAIN = Mode(name="neither", provider=Acme, simulator=HonestSimulator, knows=False)
TOKEN = Mode(
    name="token",
    provider=Tokens,
    simulator=_service(knows_tokens=True),
    knows=True,
    knows_whatever_the_time=False,
)
EXACT = Mode(name="exact list", provider=_provider(Acme, Finds), simulator=HonestSimulator, knows=True)
LAGGING = Mode(name="exact list, lagging", provider=EXACT.provider, simulator=_service(lag=30.0), knows=True)
PREFIX = Mode(
    name="output prefix", provider=EXACT.provider, simulator=_service(lists_finished_only=True), knows=True
)
FUZZY = Mode(
    name="fuzzy list",
    provider=_provider(Acme, Guesses),
    simulator=HonestSimulator,
    knows=True,
    knows_whatever_the_time=False,
)
FUZZY_LAGGING = Mode(
    name="fuzzy list, lagging",
    provider=FUZZY.provider,
    simulator=_service(lag=30.0),
    knows=True,
    knows_whatever_the_time=False,
)
AT_ONCE = Mode(name="finished at once", provider=HoldsOpen, simulator=HonestSimulator, knows=False)
AT_ONCE_FOUND = Mode(
    name="finished at once, exact list",
    provider=_provider(HoldsOpen, Finds),
    simulator=HonestSimulator,
    knows=True,
)
TOKEN_AND_LIST = Mode(
    name="token and list",
    provider=_provider(Tokens, Finds),
    simulator=TOKEN.simulator,
    knows=True,
)
MODES = (
    TOKEN,
    TOKEN_AND_LIST,
    EXACT,
    LAGGING,
    PREFIX,
    FUZZY,
    FUZZY_LAGGING,
    PLAIN,
    AT_ONCE,
    AT_ONCE_FOUND,
)

FUZZY_TWINS = replace(FUZZY, name="fuzzy list, two equal requests", knows=False)
"""Two equal requests that were both cut off cannot be told apart, so one that was paid for may stay unknown."""


class Tells:
    """Sends messages; how they are verified is not the subject."""

    @hookimpl
    def parse_webhook(self, headers, body):
        return WebhookEvent(id=headers["webhook-id"], type="film.done", receipt_id=body.decode() or None)


def with_everything(mode):
    """Return a mode whose provider can also cancel and sends messages."""
    return replace(mode, provider=_provider(mode.provider, Cancels, Tells))
