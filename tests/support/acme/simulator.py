"""The wire protocol of ``acme``, which no vendor speaks: jobs at ``/films``, files at ``/files``.

``stage.state["script"]`` holds the answers of the next looks at a job, oldest first; each entry is what is laid over
the true answer.
"""

import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from polyreel.http import Response
from polyreel.simulation.charges import Charge
from polyreel.simulation.films import FilmSpec
from polyreel.simulation.simulator import Simulator

BASE_URL = "https://api.acme.example/v1"
PRICE = Decimal("0.05")


def in_json(status, value, **headers):
    headers = {"content-type": "application/json"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return Response(status=status, headers=headers, content=json.dumps(value).encode())


class AcmeSimulator(Simulator):
    """Keeps each film for ``lifetime`` seconds after it is done; its addresses hold for ``link_lifetime``."""

    base_url = BASE_URL
    settings = {"api_key": "acme-simulated"}  # noqa: RUF012  as its base declares it
    lifetime = 3600.0
    link_lifetime = 600.0

    def handle(self, request):
        if request.headers.get("authorization") != f"Bearer {self.settings['api_key']}":
            return in_json(401, {"error": "who are you?"})
        parts = urlsplit(request.url)
        steps = parts.path.removeprefix("/v1").strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match request.method, *steps:
            case "POST", "films":
                return self._create(json.loads(request.content))
            case "GET", "films":
                return in_json(200, {"data": self._listed(query)})
            case "GET", "films", name:
                return self._look(name)
            case "GET", "films", name, "links":
                return self._links(name)
            case "GET", "films", name, "file", index, issued:
                return self._file(name, int(index), float(issued))
            case "POST", "films", name, "cancel":
                return self._cancel(name)
            case "DELETE", "films", name:
                return in_json(200 if self._films.pop(name, None) else 404, {})
            case "POST", "files":
                files = self.stage.state.setdefault("files", [])
                files.append(f"file_{len(files) + 1}")
                return in_json(200, {"id": files[-1]})
        return in_json(404, {"error": "no such path"})

    @property
    def _films(self):
        return self.stage.state.setdefault("films", {})

    def _create(self, body):
        if "refuse me" in body["prompt"]:
            return in_json(422, {"error": "unsafe"})
        count = self.stage.state["count"] = self.stage.state.get("count", 0) + 1
        name = f"film_{count}"
        now = self.stage.clock.now()
        self._films[name] = {"body": body, "at": now, "ready": now + self.stage.render_seconds}
        cost = PRICE * body["seconds"] * body["n"]
        self.stage.charges.add(Charge(at=now, job=name, amount=cost, reason=body["client_id"]))
        if body.get("hold"):
            self._films[name]["ready"] = now
            return in_json(200, self._described(name))
        return in_json(201, {"id": name, "state": "queued"})

    def _listed(self, query):
        rows = [
            {"id": name, "state": self._state(film), "client_id": film["body"]["client_id"]}
            for name, film in reversed(self._films.items())
        ]
        if "client_id" in query:
            rows = [row for row in rows if row["client_id"] == query["client_id"]]
        return rows[: int(query.get("limit", 100))]

    def _state(self, film):
        if film.get("cancelled"):
            return "cancelled"
        now = self.stage.clock.now()
        if now >= film["ready"]:
            return "done"
        return "queued" if now < film["at"] + self.stage.render_seconds * 0.1 else "running"

    def _described(self, name):
        film = self._films[name]
        state = self._state(film)
        answer = {"id": name, "state": state}
        if state == "running":
            elapsed = self.stage.clock.now() - film["at"]
            answer["percent"] = round(100 * elapsed / self.stage.render_seconds)
        if state == "done":
            answer |= {
                "urls": self._urls(name),
                "expires_at": film["ready"] + self.lifetime,
                "charged": str(PRICE * film["body"]["seconds"] * film["body"]["n"]),
            }
        return answer

    def _urls(self, name):
        now, count = self.stage.clock.now(), self._films[name]["body"]["n"]
        return [f"/films/{name}/file/{index}/{now}" for index in range(count)]

    def _look(self, name):
        if name not in self._films:
            return in_json(404, {"error": "no such film"})
        script = self.stage.state.get("script")
        laid_over = script.pop(0) if script else {}
        headers = laid_over.pop("headers", {})
        return in_json(laid_over.pop("status", 200), {**self._described(name), **laid_over}, **headers)

    def _links(self, name):
        if name not in self._films or self._is_gone(name):
            return in_json(404, {"error": "no such film"})
        return in_json(200, {"urls": self._urls(name)})

    def _is_gone(self, name):
        return self.stage.clock.now() >= self._films[name]["ready"] + self.lifetime

    def _file(self, name, index, issued):
        film = self._films.get(name)
        now = self.stage.clock.now()
        if film is None or self._is_gone(name) or now >= issued + self.link_lifetime:
            return in_json(403, {"error": "this link is dead"})
        width, height = (int(side) for side in film["body"]["size"].split("x"))
        spec = FilmSpec(
            model="acme/one",
            prompt=f"{film['body']['prompt']} {index}",
            width=width,
            height=height,
            duration=film["body"]["seconds"],
        )
        return Response(
            status=200, headers={"content-type": "video/mp4"}, content=self.stage.studio.film(spec)
        )

    def _cancel(self, name):
        film = self._films.get(name)
        if film is None:
            return in_json(404, {})
        if self._state(film) == "done":
            return in_json(409, {})
        film["cancelled"] = True
        self.stage.charges.add(
            Charge(at=self.stage.clock.now(), job=name, amount=-(PRICE * film["body"]["seconds"]))
        )
        return in_json(200, {})
