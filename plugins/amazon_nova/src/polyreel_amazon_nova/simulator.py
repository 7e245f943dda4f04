"""Amazon Bedrock's asynchronous invocation and the part of S3 that it needs, answered locally.

What the services refuse is refused, with their statuses, headers and error bodies. The facts are those of the
project's sheet on Amazon (state of 2026-11-23); each names its source where it stands, in the files beside this one
whose names begin with ``simulated_``. The words in :data:`MARKERS`, put into a prompt, provoke what goes wrong.

What nobody published is assumed: the price is due when a job is accepted and given back when it fails; too many jobs at
once are a ``ThrottlingException``; the jobs of Ray2 have no limit; a wrong bucket shows at the start; a token is
remembered for ever; the members of a request are checked first, then the model, the token, ``modelInput``, the filters,
the jobs at once and the bucket; unknown members and query parameters are refused, where the service may ignore them.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlsplit

from polyreel.http import Request, Response
from polyreel.simulation.simulator import Simulator, Stage

from polyreel_amazon_nova.simulated_access import AccessKey, Gate, Place, place_of
from polyreel_amazon_nova.simulated_bedrock import BedrockDesk
from polyreel_amazon_nova.simulated_buckets import Buckets
from polyreel_amazon_nova.simulated_errors import BedrockError, S3Error
from polyreel_amazon_nova.simulated_jobs import MARKERS
from polyreel_amazon_nova.simulated_orders import Orders
from polyreel_amazon_nova.simulated_s3 import S3Desk
from polyreel_amazon_nova.simulated_store import JobStore

__all__ = ["MARKERS", "AmazonSimulator"]

_OPERATIONS: Final = "async-invoke"


class AmazonSimulator(Simulator):
    """Bedrock and S3 of one account, in every region.

    Where a request goes is told by its host; at a host that is none of Amazon's, the paths at and below
    ``/async-invoke`` are Bedrock's and all others are S3's, with the bucket as the first segment.

    In ``stage.state``, ``rate_limited_until`` (seconds since 1970) lets every request to Bedrock before that moment meet
    a 429, and ``session_expired`` lets the temporary credentials have expired.

    Args:
        stage: The clock, the ledger, the films and the memory.
        as_of: The day on which models are asked for: one past its end of life is then refused as the service refuses
            it. ``None`` plays every model as it was.
    """

    base_url = "https://bedrock-runtime.us-east-1.amazonaws.com"
    settings = {  # noqa: RUF012  as the base class declares it
        "access_key_id": "AKIASIMULATED0000000",
        "secret_access_key": "simulated/secret/access/key/000000000000",
        "output": "s3://simulated-bucket/polyreel us-west-2=s3://simulated-bucket-us-west-2/polyreel",
    }

    #: A Bedrock API key; it opens Bedrock and not S3.
    bearer_key = "bedrock-api-key-simulated"

    #: Temporary credentials.
    temporary: Final = AccessKey(
        key_id="ASIASIMULATED0000000",
        secret="simulated/temporary/access/key/000000000",  # noqa: S106  opens nothing but a simulation
        token="simulated-session-token",  # noqa: S106  the same
    )

    def __init__(self, stage: Stage, *, as_of: date | None = None) -> None:
        super().__init__(stage)
        permanent = AccessKey(
            key_id=self.settings["access_key_id"], secret=self.settings["secret_access_key"]
        )
        gate = Gate(stage, (permanent, self.temporary), self.bearer_key)
        self._jobs = JobStore(stage)
        buckets = Buckets(stage, self._jobs)
        self._bedrock = BedrockDesk(stage, gate, Orders(stage, self._jobs, buckets, as_of), self._jobs)
        self._s3 = S3Desk(gate, buckets)

    @staticmethod
    def answers_at(url: str) -> bool:
        """Tell whether an address is one of Bedrock's or S3's, in any region.

        Args:
            url: An absolute address.
        """
        return bool(place_of(Request(method="GET", url=url)).service)

    def handle(self, request: Request) -> Response:
        """Answer one request.

        Args:
            request: ``url`` is absolute and holds the query; headers have lower-case names; the body is ``content``.
        """
        self._jobs.settle()
        place = place_of(request)
        try:
            return self._answered(request, place)
        except BedrockError as error:
            return error.response()
        except S3Error as error:
            answer = error.response()
            if request.method != "HEAD":
                return answer
            return Response(status=answer.status, headers=answer.headers)

    def _answered(self, request: Request, place: Place) -> Response:
        first = urlsplit(request.url).path.removeprefix("/").partition("/")[0]
        if place.service == "bedrock" or (not place.service and first == _OPERATIONS):
            return self._bedrock.handle(request, place)
        return self._s3.handle(request, place)
