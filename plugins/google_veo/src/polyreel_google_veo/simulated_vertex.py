"""Veo on Vertex AI: start, poll, and the address that looks like a poll but is none."""

from __future__ import annotations

import base64
import uuid
from datetime import date
from typing import Any, Final

from polyreel.http import Request, Response
from polyreel.simulation.simulator import Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_answers import json_answer
from polyreel_google_veo.simulated_bodies import Fields, read_object
from polyreel_google_veo.simulated_developer import check_quota
from polyreel_google_veo.simulated_errors import ApiError, Refused
from polyreel_google_veo.simulated_films import FilmShelf
from polyreel_google_veo.simulated_models import MODELS, VERTEX, Model
from polyreel_google_veo.simulated_operations import Operation, Operations, new_id, passes_this_time
from polyreel_google_veo.simulated_orders import read_order
from polyreel_google_veo.simulated_outcomes import filter_reason, marker_in
from polyreel_google_veo.simulated_rules import Veo

__all__ = ["LOCATION", "PROJECT", "VertexVeo", "check_project", "quota_text"]

#: The project of the simulated account.
PROJECT: Final = "simulated-project"

#: The only location of Veo (cards of the models).
LOCATION: Final = "us-central1"

_TYPE: Final = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"


def quota_text(model: str) -> str:
    """Return the text of a 429; the name of the quota is quoted by two third-party reports."""
    return (
        "Quota exceeded for aiplatform.googleapis.com/long_running_online_prediction_requests_per_base_model with "
        f"base model: {model.removesuffix('-001')}. Please submit a quota increase request."
    )


def check_project(project: str, resource: str) -> None:
    """Refuse another project than the account's.

    Args:
        project: As it stands in the path.
        resource: What was asked for.

    Raises:
        ApiError: 403.
    """
    if project != PROJECT:
        raise errors.permission_denied("aiplatform.endpoints.predict", resource)


class VertexVeo:
    """The routes of ``/{version}/projects/…/publishers/google/models``, and the short ones of express mode.

    Args:
        stage: The clock and the memory.
        veo: What the models can.
        operations: Remembers the operations.
        shelf: Makes the films that are answered inline.
        as_of: The day on which models are served or not; ``None`` serves each as it was.
    """

    def __init__(
        self, stage: Stage, veo: Veo, operations: Operations, shelf: FilmShelf, *, as_of: date | None
    ) -> None:
        self._stage = stage
        self._veo = veo
        self._operations = operations
        self._shelf = shelf
        self._as_of = as_of

    # --- with a project ------------------------------------------------------------------------------------

    def start(self, request: Request, project: str, location: str, model_id: str) -> Response:
        """Answer ``POST …/models/{model}:predictLongRunning``."""
        resource = _resource(project, location, model_id)
        check_project(project, resource)
        model = self._served(model_id, location, resource)
        order = read_order(model, VERTEX, read_object(request))
        marker = marker_in(order.prompt)
        check_quota(marker, quota_text(model_id))
        name = f"{resource}/operations/{new_id(VERTEX)}"
        try:
            plan = self._veo.plan(order)
        except Refused as refused:
            self._operations.accept_refused(name, VERTEX, refused)
            return json_answer({"name": name})
        if marker == "[filter:audio]" and (
            not plan.film.audio or passes_this_time(self._stage, order.prompt)
        ):
            marker = ""
        # Each operation has a folder of its own below the prefix.
        folder = None if order.storage is None else f"{order.storage.rstrip('/')}/{uuid.uuid4().int % 10**19}"
        self._operations.accept(name, VERTEX, plan, marker=marker, storage=folder)
        return json_answer({"name": name})

    def poll(self, request: Request, project: str, location: str, model_id: str) -> Response:
        """Answer ``POST …/models/{model}:fetchPredictOperation``."""
        resource = _resource(project, location, model_id)
        check_project(project, resource)
        body = Fields(values=read_object(request), unknown=errors.unknown_name)
        body.allow(("operationName",))
        name = body.text("operationName")
        if name is None or not name.startswith(f"{resource}/operations/"):
            raise ApiError(
                f"Invalid operation name: {(name or '')[:300]}. It must begin with {resource}/operations/."
            )
        operation = self._operations.find(name)
        if operation is None:
            raise errors.entity_not_found()
        return json_answer(self._answer(operation))

    def operation(self, _request: Request, operation_id: str) -> Response:
        """Answer the plain ``GET`` of an operation, which Vertex does not serve for publisher models."""
        raise errors.operation_id_no_long(operation_id)

    # --- express mode: an API key and no project -------------------------------------------------------------

    def start_express(self, request: Request, model_id: str) -> Response:
        """Answer ``POST /{version}/publishers/google/models/{model}:predictLongRunning``.

        That the operation is named by the project behind the key is an assumption.
        """
        return self.start(request, PROJECT, LOCATION, model_id)

    def poll_express(self, request: Request, model_id: str) -> Response:
        """Answer ``POST /{version}/publishers/google/models/{model}:fetchPredictOperation``."""
        return self.poll(request, PROJECT, LOCATION, model_id)

    def _answer(self, operation: Operation) -> dict[str, Any]:
        name = {"name": operation.name}
        if not operation.settled:  # the clock may have moved since this request came in
            return name
        if operation.error is not None:
            return {**name, "done": True, "error": operation.error}
        missing = operation.samples - len(operation.films)
        if operation.marker == "[empty]":
            return {**name, "done": True, "response": {"@type": _TYPE}}
        response: dict[str, Any] = {"@type": _TYPE, "raiMediaFilteredCount": missing}
        if missing:
            response["raiMediaFilteredReasons"] = [filter_reason(operation.marker, missing)]
        if operation.films:
            response["videos"] = self._videos(operation)
        return {**name, "done": True, "response": response}

    def _videos(self, operation: Operation) -> list[dict[str, str]]:
        if operation.storage is not None:
            return [{"gcsUri": place, "mimeType": "video/mp4"} for place in operation.places]
        contents = (base64.b64encode(self._shelf.mp4(film)).decode("ascii") for film in operation.films)
        return [{"bytesBase64Encoded": content, "mimeType": "video/mp4"} for content in contents]

    def _served(self, model_id: str, location: str, resource: str) -> Model:
        model = MODELS.get(model_id)
        served = model is not None and model.abilities.family != "omni" and model.served(VERTEX, self._as_of)
        if model is None or not served or location != LOCATION:
            raise errors.publisher_model_not_found(resource)
        return model


def _resource(project: str, location: str, model_id: str) -> str:
    return f"projects/{project}/locations/{location}/publishers/google/models/{model_id}"
