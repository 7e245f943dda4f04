"""Many requests whose token is refused at once: each goes on with the one that is fetched anew."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest
from polyreel import AsyncClient, Client
from polyreel.http import Request, Response
from polyreel.testing import Recording
from polyreel_google_veo import plugin

VEO, MANY = "google/veo-3.1-generate-001", 16
PLACE = "https://us-central1-aiplatform.googleapis.com/v1beta1/x"
NAME = "projects/p/locations/us-central1/publishers/google/models/veo-3.1-generate-001/operations/"


class Vertex:
    """Refuses the first token, when all requests have come with it; half of them only when the second has been seen."""

    def __init__(self):
        self.together = threading.Barrier(MANY, timeout=30)
        self.late, self.numbers = threading.Event(), count(1)
        self.taken = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                number = next(outer.numbers)
                if "number-1-" in self.headers["Authorization"]:
                    outer.together.wait()
                    if number % 2:
                        outer.late.wait(30)
                    self.answer(
                        401, b'{"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "expired"}}'
                    )
                else:
                    outer.taken.append(self.headers["Authorization"])
                    outer.late.set()
                    self.answer(200, b'{"name": "%s%d"}' % (NAME.encode(), number))

            def answer(self, status, content):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})


@pytest.fixture
def service():
    made = Vertex()
    made.thread.start()
    yield made
    made.late.set()
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


@pytest.fixture
def arguments(service, key_file, tmp_path):
    """What a client is made of whose Vertex AI is the service."""
    account = {
        "project": "p",
        "credentials_file": key_file(),
        "vertex_base_url": f"http://127.0.0.1:{service.server.server_port}",
    }
    return {"home": tmp_path, "store": "memory", "settings": {"google": account}}


def in_threads(arguments):
    with Client(**arguments) as client, ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(lambda n: client.submit(f"Boat {n}", model=VEO), range(MANY)))


def in_tasks(arguments):
    async def submitted():
        async with AsyncClient(**arguments) as client:
            return await asyncio.gather(*(client.submit(f"Boat {n}", model=VEO) for n in range(MANY)))

    return asyncio.run(submitted())


@pytest.mark.parametrize("submitted", [in_threads, in_tasks])
def test_all_go_on_with_one_new_token(submitted, arguments, service, endpoint):
    jobs = submitted(arguments)
    assert len({job.receipt.id for job in jobs}) == MANY
    assert service.taken == ["Bearer ya29.number-2-0123"] * MANY
    assert len(endpoint.asked) == 2


def test_refusal_that_comes_late_does_not_drop_the_new_token(vertex, key_file, endpoint):
    auth = plugin.authenticate(vertex(access_token=None, credentials_file=key_file()))

    def signed():
        request = Request(method="POST", url=PLACE)
        return Recording().run(auth.sign(request)).headers["Authorization"]

    def late():
        first = signed()
        begun.set()
        refused.wait(30)
        assert auth.renew(Response(status=401, url=PLACE))
        return first, signed()

    begun, refused = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(late)
        assert begun.wait(30)
        assert signed().endswith("number-1-0123")
        assert auth.renew(Response(status=401, url=PLACE))
        assert signed().endswith("number-2-0123")
        refused.set()
        assert [token[-13:] for token in slow.result(30)] == ["number-1-0123", "number-2-0123"]
    assert len(endpoint.asked) == 2
