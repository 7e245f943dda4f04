"""Veo on the Gemini Developer API, as it was before 2026-10-22: start, poll, models."""

from __future__ import annotations

from datetime import date
from typing import Any

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_answers import json_answer
from polyreel_google_veo.simulated_bodies import read_object
from polyreel_google_veo.simulated_errors import ApiError, Refused
from polyreel_google_veo.simulated_files import Files
from polyreel_google_veo.simulated_models import DEVELOPER, MODELS, Model
from polyreel_google_veo.simulated_operations import Operation, Operations, new_id, passes_this_time
from polyreel_google_veo.simulated_orders import read_order
from polyreel_google_veo.simulated_outcomes import BLOCKED, filter_reason, marker_in
from polyreel_google_veo.simulated_rules import Veo

__all__ = ["QUOTA_TEXT", "DeveloperVeo", "check_quota"]

#: House style of the developer API.
QUOTA_TEXT = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
_OCTOBER = date(2026, 10, 22)
_PAGE = 50


class DeveloperVeo:
    """The routes of ``/{version}/models``.

    Args:
        stage: The clock and the memory.
        veo: What the models can.
        operations: Remembers the operations.
        files: Keeps the films.
        as_of: The day on which models are served or not; ``None`` serves each as it was.
    """

    def __init__(
        self, stage: Stage, veo: Veo, operations: Operations, files: Files, *, as_of: date | None
    ) -> None:
        self._stage = stage
        self._veo = veo
        self._operations = operations
        self._files = files
        self._as_of = as_of

    def start(self, request: Request, version: str, model_id: str) -> Response:
        """Answer ``POST /{version}/models/{model}:predictLongRunning``."""
        model = self._served(model_id, version)
        if model.abilities.family == "omni":  # "404", third-party report
            raise errors.model_gone(model_id, version, retired=False)
        order = read_order(model, DEVELOPER, read_object(request))
        marker = marker_in(order.prompt)
        check_quota(marker, QUOTA_TEXT)
        try:
            plan = self._veo.plan(order)
        except Refused as refused:
            raise ApiError(refused.message) from None
        if marker in BLOCKED:
            raise ApiError(BLOCKED[marker])
        if marker == "[filter:audio]" and (
            not plan.film.audio or passes_this_time(self._stage, order.prompt)
        ):
            marker = ""
        name = f"models/{model_id}/operations/{new_id(DEVELOPER)}"
        self._operations.accept(name, DEVELOPER, plan, marker=marker)
        return json_answer({"name": name})

    def poll(self, _request: Request, _version: str, model_id: str, operation_id: str) -> Response:
        """Answer ``GET /{version}/models/{model}/operations/{id}``."""
        operation = self._operations.find(f"models/{model_id}/operations/{operation_id}")
        if operation is None:
            raise errors.entity_not_found()
        return json_answer(self._answer(operation))

    def _answer(self, operation: Operation) -> dict[str, Any]:
        name = {"name": operation.name}
        if not operation.settled:  # the clock may have moved since this request came in
            return name
        if operation.error is not None:
            return {**name, "done": True, "error": operation.error}
        result: dict[str, Any] = {}
        if operation.places:
            addresses = map(self._files.address, operation.places)
            result["generatedSamples"] = [{"video": {"uri": address}} for address in addresses]
        missing = operation.samples - len(operation.places)
        if missing and operation.marker != "[empty]":
            result["raiMediaFilteredCount"] = missing
            result["raiMediaFilteredReasons"] = [filter_reason(operation.marker, missing)]
        return {**name, "done": True, "response": {"@type": _TYPE, "generateVideoResponse": result}}

    def describe(self, _request: Request, version: str, model_id: str) -> Response:
        """Answer ``GET /{version}/models/{model}``: the free health check."""
        return json_answer(_facts(self._served(model_id, version)))

    def list_models(self, request: Request, _version: str) -> Response:
        """Answer ``GET /{version}/models``, in pages; other models of Google's are not played."""
        query = query_of(request.address)
        served = [_facts(model) for model in MODELS.values() if model.served(DEVELOPER, self._as_of)]
        size, start = (
            _whole(query, name, default) for name, default in (("pageSize", _PAGE), ("pageToken", 0))
        )
        rest = {"nextPageToken": str(start + size)} if start + size < len(served) else {}
        return json_answer({"models": served[start : start + size], **rest})

    def _served(self, model_id: str, version: str) -> Model:
        model = MODELS.get(model_id)
        if model is not None and model.served(DEVELOPER, self._as_of):
            return model
        retired = model.until.get(DEVELOPER) if model else None
        raise errors.model_gone(model_id, version, retired=retired is not None and retired >= _OCTOBER)


def check_quota(marker: str, text: str) -> None:
    """Refuse a start whose prompt asks for it.

    Args:
        marker: The marker in the prompt.
        text: What the service says.

    Raises:
        ApiError: 429.
    """
    if marker in {"[429]", "[429:bare]"}:
        raise errors.rate_limited(text, 34.0 if marker == "[429]" else None)


def _whole(query: dict[str, str], name: str, default: int) -> int:
    value = query.get(name) or str(default)
    if not value.isdecimal() or (name == "pageSize" and value == "0"):
        raise ApiError(f"Invalid value for {name}: {value[:40]}")
    return int(value)


def _facts(model: Model) -> dict[str, Any]:
    """Return what is told of a model; that Omni's method is called so is an assumption."""
    method = "createInteraction" if model.abilities.family == "omni" else "predictLongRunning"
    return {
        "name": f"models/{model.id}",
        "version": model.id.split("-")[1],
        "displayName": model.title,
        "inputTokenLimit": 1024,
        "supportedGenerationMethods": [method],
    }
