"""Interactions with Gemini Omni on both surfaces: start, read, cancel, delete.

A refusal is no error: the interaction is completed, with a text instead of a film (sheet, section 8). Only video tokens
are charged: what a prompt or a picture costs is a fraction of a cent. Without ``background`` the service answers when the
film is there; the double does not spend that time, and answers the completed interaction at once. A delete is known from
the official SDK only; that only a running background interaction can be cancelled, is what the SDK's documentation says.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from polyreel.http import Request, Response
from polyreel.simulation.charges import Charge
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_answers import json_answer, moment
from polyreel_google_veo.simulated_bodies import read_object
from polyreel_google_veo.simulated_buckets import Buckets
from polyreel_google_veo.simulated_developer import QUOTA_TEXT
from polyreel_google_veo.simulated_errors import ApiError, InteractionError, Refused
from polyreel_google_veo.simulated_files import Files
from polyreel_google_veo.simulated_films import Film, FilmShelf
from polyreel_google_veo.simulated_interaction_orders import (
    InteractionOrder,
    interaction_fields,
    read_interaction,
)
from polyreel_google_veo.simulated_models import MODELS, Model
from polyreel_google_veo.simulated_operations import passes_this_time
from polyreel_google_veo.simulated_outcomes import FAILURES, STATUSES, marker_in
from polyreel_google_veo.simulated_studio import Studio, Work

__all__ = ["Interaction", "Interactions"]

_REFUSAL: Final = (
    "I can't create this video because it may violate the usage guidelines. Please try another prompt."
)
_REFUSALS: Final = frozenset({"[filter]", "[filter:some]", "[filter:audio]", "[block]", "[block:image]"})
_QUEUED_SHARE: Final = 0.1
_USD_PER_TOKEN: Final = Decimal("17.50") / 1_000_000
_CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """What is remembered of an interaction.

    Attributes:
        id: Its id.
        surface: Where it runs.
        model: The model.
        prompt: All texts of its input.
        previous: The id of the one that it goes on from.
        background: Whether its start was answered at once.
        created: When it was accepted, in seconds since 1970.
        ends: When it is over, ``None`` for never.
        status: How it ends.
        text: What it says instead of a film.
        error: Why it failed.
        film: The film that is made; ``None`` when none is.
        tokens: Video tokens.
        inline: Whether the film is answered as bytes.
        storage: Where it goes on Vertex: ``gs://…``.
        expires_at_once: Whether its file is gone in the moment in which it is done.
        film_id: The film, once it is made.
        uri: Where the film is.
        settled: Whether the film was made and paid.
    """

    id: str
    surface: str
    model: str
    prompt: str
    previous: str | None
    background: bool
    created: float
    ends: float | None
    status: str
    text: str | None = None
    error: str | None = None
    film: dict[str, Any] | None = None
    tokens: int = 0
    inline: bool = True
    storage: str | None = None
    expires_at_once: bool = False
    film_id: str | None = None
    uri: str | None = None
    settled: bool = False

    def over(self, now: float) -> bool:
        """Tell whether it is over."""
        return self.ends is not None and now >= self.ends

    def status_at(self, now: float, render_seconds: float) -> str:
        """Return its status at a moment."""
        if self.settled:
            return self.status
        return "queued" if now < self.created + _QUEUED_SHARE * render_seconds else "in_progress"


class Interactions:
    """The interactions of one account.

    Args:
        stage: Its state is written, its clock read, its ledger charged.
        studio: What the models make.
        shelf: Takes the films.
        files: Keeps them on the developer API.
        buckets: Keeps them on Vertex.
        restricted: Tells whether the caller is in the EEA, Switzerland or the UK.
        as_of: The day on which models are served or not; ``None`` serves each as it was.
    """

    def __init__(  # noqa: PLR0913  what it stands between
        self,
        stage: Stage,
        studio: Studio,
        *,
        shelf: FilmShelf,
        files: Files,
        buckets: Buckets,
        restricted: Callable[[], bool],
        as_of: date | None,
    ) -> None:
        self._stage = stage
        self._studio = studio
        self._shelf = shelf
        self._files = files
        self._buckets = buckets
        self._restricted = restricted
        self._as_of = as_of

    @property
    def _records(self) -> dict[str, Any]:
        records: dict[str, Any] = self._stage.state.setdefault("interactions", {})
        return records

    # --- routes --------------------------------------------------------------------------------------------

    def start(self, request: Request, surface: str) -> Response:
        """Answer ``POST …/interactions``."""
        try:
            body = interaction_fields(read_object(request))
        except ApiError as unreadable:
            raise InteractionError(unreadable.message) from None
        order = read_interaction(self._model(body.text("model"), surface), surface, body)
        marker = marker_in(order.prompt)
        if marker in {"[429]", "[429:bare]"}:
            raise InteractionError(QUOTA_TEXT, status=429)
        if marker == "[endless]" and not order.background:
            raise InteractionError("The request took too long.", status=504)
        work = self._studio.work(order, self._previous(order), restricted=self._restricted())
        if marker == "[filter:audio]" and passes_this_time(self._stage, order.prompt):
            marker = ""
        interaction = self._settled(self._accepted(order, work, marker), self._stage.clock.now())
        if order.store:
            self._records[interaction.id] = asdict(interaction)
        return json_answer(self._answer(interaction))

    def read(self, request: Request, surface: str, interaction_id: str) -> Response:
        """Answer ``GET …/interactions/{id}``."""
        query = query_of(request.address)
        if query.get("stream", "false") != "false":
            raise InteractionError("stream is not supported for video output.")
        answer = self._answer(self._existing(interaction_id, surface))
        if query.get("include_input", "false") == "true":
            text = {"type": "text", "text": self._records[interaction_id]["prompt"]}
            answer["steps"] = [{"type": "user_input", "content": [text]}, *answer["steps"]]
        return json_answer(answer)

    def cancel(self, _request: Request, surface: str, interaction_id: str) -> Response:
        """Answer ``POST …/interactions/{id}/cancel``."""
        now = self._stage.clock.now()
        interaction = self._existing(interaction_id, surface)
        if interaction.over(now):
            raise InteractionError(f"The interaction is not running: its status is {interaction.status}.")
        cancelled = replace(interaction, ends=now, status="cancelled", text=None, error=None, settled=True)
        self._records[interaction_id] = asdict(cancelled)
        return json_answer(self._answer(cancelled))

    def delete(self, _request: Request, surface: str, interaction_id: str) -> Response:
        """Answer ``DELETE …/interactions/{id}``."""
        del self._records[self._existing(interaction_id, surface).id]
        return json_answer({})

    def settle(self) -> None:
        """Make, deliver and charge the film of every interaction that is over by now."""
        now = self._stage.clock.now()
        for record in list(self._records.values()):
            if not record["settled"]:
                interaction = self._settled(Interaction(**record), now)
                self._records[interaction.id] = asdict(interaction)

    # --- their life ----------------------------------------------------------------------------------------

    def _accepted(self, order: InteractionOrder, work: Work, marker: str) -> Interaction:
        now = self._stage.clock.now()
        ends: float | None = now + self._stage.render_seconds if order.background else now
        interaction = Interaction(
            id=f"v1_{secrets.token_urlsafe(24)}",
            surface=order.surface,
            model=order.model.id,
            prompt=order.prompt,
            previous=order.previous,
            background=order.background,
            created=now,
            ends=None if marker == "[endless]" else ends,
            status=STATUSES.get(marker, "completed"),
            inline=order.inline,
            storage=None
            if order.storage is None
            else f"{order.storage.rstrip('/')}/{secrets.randbelow(10**19)}",
            expires_at_once=marker == "[expire]",
        )
        failure = FAILURES[marker][1] if marker in FAILURES else self._not_writable(order)
        if failure is not None:
            return replace(interaction, status="failed", error=failure)
        if marker in _REFUSALS:
            return replace(interaction, text=_REFUSAL)
        if marker in STATUSES or marker == "[empty]":
            return interaction
        return replace(interaction, film=work.film.dump(), tokens=work.tokens)

    def _not_writable(self, order: InteractionOrder) -> str | None:
        try:
            if order.storage is not None:
                self._buckets.check_writable(order.storage)
        except Refused as refused:
            return refused.message
        return None

    def _settled(self, interaction: Interaction, now: float) -> Interaction:
        if not interaction.over(now):
            return interaction
        if interaction.film is None:
            return replace(interaction, settled=True)
        at = interaction.ends or now
        film_id = self._shelf.add(Film(**interaction.film))
        uri = None
        if interaction.storage is not None:
            uri = f"{interaction.storage}/sample_0.mp4"
            self._buckets.place_film(uri, film_id, at)
        elif not interaction.inline:
            uri = self._files.address(
                self._files.add(film_id, at=at, expires_at_once=interaction.expires_at_once)
            )
        amount = interaction.tokens * _USD_PER_TOKEN
        reason = f"{interaction.tokens} video tokens"
        self._stage.charges.add(Charge(at=at, job=interaction.id, amount=amount, reason=reason))
        return replace(interaction, film_id=film_id, uri=uri, settled=True)

    def _model(self, model_id: str | None, surface: str) -> Model:
        if model_id is None:
            raise InteractionError("Missing required parameter: model")
        model = MODELS.get(model_id.removeprefix("models/"))
        if model is None or model.abilities.family != "omni" or not model.served(surface, self._as_of):
            raise InteractionError(f"Model not found: {model_id[:80]}", status=404)
        return model

    def _existing(self, interaction_id: str, surface: str) -> Interaction:
        record = self._records.get(interaction_id)
        if record is None or record["surface"] != surface:
            raise errors.invalid_interaction(interaction_id)
        return Interaction(**record)

    def _previous(self, order: InteractionOrder) -> Film | None:
        if order.previous is None:
            return None
        previous = self._existing(order.previous, order.surface)
        if previous.film_id is None:
            raise InteractionError(f"The interaction {previous.id} has no video to go on from.")
        return self._shelf.find(previous.film_id)

    # --- the answer ----------------------------------------------------------------------------------------

    def _answer(self, interaction: Interaction) -> dict[str, Any]:
        now = self._stage.clock.now()
        status = interaction.status_at(now, self._stage.render_seconds)
        over = interaction.settled  # the clock may have moved since this request came in
        content = self._content(interaction) if over else None
        answer: dict[str, Any] = {
            "id": interaction.id,
            "model": interaction.model,
            "status": status,
            "created": moment(interaction.created),
            "updated": moment(interaction.ends or now if over else now),
            "steps": [{"type": "model_output", "content": [content]}] if content else [],
        }
        if interaction.previous is not None:
            answer["previous_interaction_id"] = interaction.previous
        if over and interaction.error is not None:
            answer["errors"] = [{"code": "internal_error", "message": interaction.error}]
        return {**answer, "usage": _usage(interaction)} if content else answer

    def _content(self, interaction: Interaction) -> dict[str, str] | None:
        if interaction.text is not None:
            return {"type": "text", "text": interaction.text}
        if interaction.film_id is None:
            return None
        video = {"type": "video", "mime_type": "video/mp4"}
        if interaction.uri is not None:
            return {**video, "uri": interaction.uri}
        return {**video, "data": base64.b64encode(self._shelf.mp4(interaction.film_id)).decode("ascii")}


def _usage(interaction: Interaction) -> dict[str, Any]:
    """Return the tokens; those of texts are estimated at four characters each."""
    read = len(interaction.prompt) // _CHARACTERS_PER_TOKEN + 1
    refused = interaction.text is not None
    made = len(interaction.text or "") // _CHARACTERS_PER_TOKEN if refused else interaction.tokens
    return {
        "total_input_tokens": read,
        "total_output_tokens": made,
        "total_tokens": read + made,
        "output_tokens_by_modality": [{"modality": "text" if refused else "video", "tokens": made}],
    }
