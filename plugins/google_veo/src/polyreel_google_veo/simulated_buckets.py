"""Cloud Storage beside the simulated services: a few buckets, and the part of its JSON API that films need.

Buckets that are there: ``simulated-bucket`` takes everything; ``simulated-readonly-bucket`` can be read but not written
(the service agent lacks objectCreator); ``simulated-private-bucket`` is somebody else's. Sheet, section 4: a film is read
with ``GET /storage/v1/b/{bucket}/o/{name}?alt=media``. An address that ends below a bucket stands for a folder.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Final

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_answers import json_answer, moment
from polyreel_google_veo.simulated_errors import Refused
from polyreel_google_veo.simulated_films import FilmShelf

__all__ = ["BUCKET", "Buckets", "split_address"]

#: The bucket that takes everything.
BUCKET: Final = "simulated-bucket"

_ADDRESS: Final = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/(.*))?", re.DOTALL)
_MAX_OBJECT: Final = 20 * 2**20  # bytes: what is uploaded is kept in the simulator's memory
_AGENT: Final = "service-123456789012@gcp-sa-aiplatform.iam.gserviceaccount.com"
_ORIGIN: Final = "https://storage.googleapis.com"


def split_address(address: str) -> tuple[str, str] | None:
    """Return bucket and name of ``gs://bucket/name``; ``None`` when it is no such address.

    Args:
        address: The address.
    """
    found = _ADDRESS.fullmatch(address)
    return None if found is None else (found[1], found[2] or "")


class Buckets:
    """The buckets of one simulated project.

    Args:
        stage: Its state is written, its clock read.
        shelf: Knows the films that lie in the buckets.
    """

    def __init__(self, stage: Stage, shelf: FilmShelf) -> None:
        self._stage = stage
        self._shelf = shelf

    @property
    def _buckets(self) -> dict[str, Any]:
        buckets: dict[str, Any] = self._stage.state.setdefault(
            "buckets",
            {
                BUCKET: {"read": True, "write": True, "objects": {}},
                "simulated-readonly-bucket": {"read": True, "write": False, "objects": {}},
                "simulated-private-bucket": {"read": False, "write": False, "objects": {}},
            },
        )
        return buckets

    # --- for the models ------------------------------------------------------------------------------------

    def read(self, address: str) -> bytes:
        """Return the bytes of an input.

        Args:
            address: ``gs://…``, well-formed.

        Raises:
            Refused: It is not there (5), or the service agent may not read it (7).
        """
        bucket, name = split_address(address) or ("", "")
        place = self._buckets.get(bucket)
        if place is None or (place["read"] and name not in place["objects"]):
            raise Refused(f"The file {address[:200]} was not found.", code=5)
        if not place["read"]:
            raise Refused(f"{_AGENT} does not have storage.objects.get access to {address[:200]}.", code=7)
        return self._content(place["objects"][name])

    def check_writable(self, address: str) -> None:
        """Check that films can be written below an address.

        Args:
            address: ``gs://…``, well-formed.

        Raises:
            Refused: The bucket is not there (5), or the service agent may not write to it (7).
        """
        bucket, _ = split_address(address) or ("", "")
        if bucket not in self._buckets:
            raise Refused(f"The specified bucket does not exist: {bucket[:80]}", code=5)
        if not self._buckets[bucket]["write"]:
            raise Refused(f"{_AGENT} does not have storage.objects.create access to gs://{bucket}.", code=7)

    def place_film(self, address: str, film_id: str, at: float) -> None:
        """Let a film lie at an address that was found to be writable.

        Args:
            address: ``gs://…``, whole.
            film_id: The film.
            at: When it was written.
        """
        bucket, name = split_address(address) or ("", "")
        self._buckets[bucket]["objects"][name] = {"film": film_id, "type": "video/mp4", "at": at}

    def _content(self, record: dict[str, Any]) -> bytes:
        return self._shelf.mp4(record["film"]) if "film" in record else base64.b64decode(record["data"])

    # --- the JSON API --------------------------------------------------------------------------------------

    def describe(self, _request: Request, bucket: str) -> Response:
        """Answer ``GET /storage/v1/b/{bucket}``."""
        self._readable(bucket, "storage.buckets.get")
        link = f"{_ORIGIN}/storage/v1/b/{bucket}"
        facts = {"kind": "storage#bucket", "selfLink": link, "id": bucket, "name": bucket}
        return json_answer({**facts, "location": "US-CENTRAL1", "storageClass": "STANDARD"})

    def list_objects(self, request: Request, bucket: str) -> Response:
        """Answer ``GET /storage/v1/b/{bucket}/o``: all objects below ``prefix`` in one page."""
        prefix = query_of(request.address).get("prefix", "")
        objects = self._readable(bucket, "storage.objects.list")["objects"]
        items = [self._facts(bucket, name) for name in sorted(objects) if name.startswith(prefix)]
        return json_answer({"kind": "storage#objects"} | ({"items": items} if items else {}))

    def get_object(self, request: Request, bucket: str, name: str) -> Response:
        """Answer ``GET /storage/v1/b/{bucket}/o/{name}``: its facts, or with ``alt=media`` its bytes."""
        objects = self._readable(bucket, "storage.objects.get")["objects"]
        if name not in objects:
            raise errors.no_object(bucket, name)
        if query_of(request.address).get("alt") != "media":
            return json_answer(self._facts(bucket, name))
        content = self._content(objects[name])
        return Response(status=200, headers={"content-type": objects[name]["type"]}, content=content)

    def upload(self, request: Request, bucket: str) -> Response:
        """Answer ``POST /upload/storage/v1/b/{bucket}/o?uploadType=media&name=…``: keep what is sent."""
        query = query_of(request.address)
        place = self._bucket(bucket)
        if not place["write"]:
            raise errors.storage_forbidden("storage.objects.create")
        if query.get("uploadType") != "media" or not query.get("name"):
            message = "This simulator takes uploadType=media with a name."
            raise errors.StorageError(message, status=400, reason="required")
        content = request.content or b""
        if len(content) > _MAX_OBJECT:
            message = f"This simulator keeps objects of at most {_MAX_OBJECT} bytes."
            raise errors.StorageError(message, status=413, reason="uploadTooLarge")
        place["objects"][query["name"]] = {
            "data": base64.b64encode(content).decode("ascii"),
            "type": request.headers.get("content-type", "application/octet-stream"),
            "at": self._stage.clock.now(),
        }
        return json_answer(self._facts(bucket, query["name"]))

    def _bucket(self, bucket: str) -> dict[str, Any]:
        if bucket not in self._buckets:
            message = "The specified bucket does not exist."
            raise errors.StorageError(message, status=404, reason="notFound")
        place: dict[str, Any] = self._buckets[bucket]
        return place

    def _readable(self, bucket: str, permission: str) -> dict[str, Any]:
        place = self._bucket(bucket)
        if not place["read"]:
            raise errors.storage_forbidden(permission)
        return place

    def _facts(self, bucket: str, name: str) -> dict[str, Any]:
        record = self._buckets[bucket]["objects"][name]
        if "size" not in record:  # of a film only making it tells
            content = self._content(record)
            digest = hashlib.md5(content, usedforsecurity=False).digest()
            record |= {"size": str(len(content)), "md5": base64.b64encode(digest).decode("ascii")}
        generation = str(int(record["at"] * 1_000_000))
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "name": name,
            "bucket": bucket,
            "generation": generation,
            "contentType": record["type"],
            "size": record["size"],
            "md5Hash": record["md5"],
            "timeCreated": moment(record["at"]),
        }
