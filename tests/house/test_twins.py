"""Nothing is written twice, blocking and awaited, but the drivers, what they stand on, and the clients' faces."""

import ast
import inspect

import polyreel

AWAITED = {
    "polyreel.flows.AsyncIO.perform": "the driver",
    "polyreel.flows.run_async": "the driver",
    "polyreel.flows._written": "the driver: a write is never torn by a cancellation",
    "polyreel.crews.drive_async": "the driver of many flows",
    "polyreel.crews._AwaitedCrew": "the driver of many flows",
    "polyreel.clock.Clock.sleep_async": "a pause, as the driver needs it",
    "polyreel.clock.SystemClock.sleep_async": "a pause",
    "polyreel.clock.VirtualClock.sleep_async": "a pause",
    "polyreel.http.AsyncTransport": "the transport",
    "polyreel.http._last_look": "what the transport sends",
    "polyreel.carriage.poured": "what transports share",
    "polyreel.heads.AwaitedBackend": "what the transport stands on",
    "polyreel.heads._AwaitedStream": "what the transport stands on",
    "polyreel.carriers": "the faster transport",
    "polyreel.async_client.AsyncClient": "the client's face",
    "polyreel.faces.AwaitedFace": "the client's face",
    "polyreel.calls.agenerate": "the client's face",
    "polyreel.testing.bench.Bench.generate_async": "tries the awaited client",
}
HOMES = {"polyreel.client", "polyreel.async_client", "polyreel.faces"}


def _verbs(client):
    """Every public name of a client, whichever of its classes it stands in."""
    return [name for kind in client.__mro__[:-1] for name in vars(kind) if not name.startswith("_")]


FACES = _verbs(polyreel.Client)


def _awaited(node, path):
    for inner in getattr(node, "body", ()):
        if isinstance(inner, ast.AsyncFunctionDef):
            yield f"{path}.{inner.name}"
        if isinstance(inner, ast.ClassDef | ast.FunctionDef):
            yield from _awaited(inner, f"{path}.{inner.name}")


def test_only_drivers_transports_and_faces_are_awaited(sources):
    found = [name for source in sources for name in _awaited(source.tree, source.module)]
    homes = {
        name: next((home for home in AWAITED if f"{name}.".startswith(f"{home}.")), None) for name in found
    }
    assert not [name for name, home in homes.items() if home is None]
    assert set(homes.values()) == set(AWAITED), "an exception that is needed no more"


def test_nothing_has_a_twin(sources):
    """No ``x`` beside an ``x_async``, ``async_x``, ``ax`` or ``x_sync``."""
    allowed = {"agenerate": "polyreel.calls", "run_async": "polyreel.flows", "drive_async": "polyreel.crews"}
    for source in sources:
        names = {
            node.name for node in source.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        twins = [
            name
            for name in names
            for twin in (f"{name}_async", f"async_{name}", f"a{name}", f"{name}_sync")
            if twin in names and allowed.get(twin) != source.module
        ]
        assert not twins, source.place


def test_both_clients_take_the_same():
    assert sorted(_verbs(polyreel.AsyncClient)) == sorted(set(FACES)) == sorted(FACES)
    for name in FACES:
        one, other = (getattr(client, name) for client in (polyreel.Client, polyreel.AsyncClient))
        assert inspect.signature(one).parameters == inspect.signature(other).parameters, name
    assert inspect.signature(polyreel.generate) == inspect.signature(polyreel.agenerate)


def test_both_clients_only_drive(sources):
    """A method of the awaited client is that of the blocking one with ``await`` in it."""
    clients = [source for source in sources if source.module in HOMES]
    faces = {
        node.name: node for client in clients for node in client.tree.body if isinstance(node, ast.ClassDef)
    }
    bodies = {
        client: {
            node.name: _unawaited(node)
            for kind in (client, face)
            for node in faces[kind].body
            if hasattr(node, "args")
        }
        for client, face in (("Client", "Face"), ("AsyncClient", "AwaitedFace"))
    }
    for name in FACES:
        if name != "close":  # connections are let go of differently
            assert bodies["Client"][name] == bodies["AsyncClient"][name], name


def _unawaited(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return "\n".join(ast.unparse(statement).replace("await ", "") for statement in body)
