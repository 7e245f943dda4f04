"""Files of the developer API: the films that Veo and Omni made there, kept for 48 hours.

A film of Veo is a file in the state ``PROCESSING`` at first, which can be read but not extended: reports say that about
15 seconds suffice. Here it becomes ``ACTIVE`` after as long as a film takes, at most 15 seconds. Its download is
redirected once, and both addresses need the key; a film of Omni is answered directly (sheet, section 4).
"""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import urlsplit

from polyreel.http import Request, Response
from polyreel.simulation.forms import query_of
from polyreel.simulation.simulator import Stage

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_answers import json_answer, moment
from polyreel_google_veo.simulated_errors import ApiError
from polyreel_google_veo.simulated_films import Film, FilmShelf
from polyreel_google_veo.simulated_rules import FILE_NAME

__all__ = ["ORIGIN", "Files"]

#: Where the developer API is.
ORIGIN: Final = "https://generativelanguage.googleapis.com"

_LIFETIME: Final = 48 * 3600.0
_MOST_PROCESSING: Final = 15.0


class Files:
    """The files of one account.

    Args:
        stage: Its state is written, its clock read.
        shelf: Knows the films.
    """

    def __init__(self, stage: Stage, shelf: FilmShelf) -> None:
        self._stage = stage
        self._shelf = shelf

    @property
    def _files(self) -> dict[str, Any]:
        files: dict[str, Any] = self._stage.state.setdefault("files", {})
        return files

    def add(self, film_id: str, *, at: float, expires_at_once: bool = False) -> str:
        """Keep a film from a moment on.

        Args:
            film_id: The film.
            at: When it is done.
            expires_at_once: Whether it is gone in the same moment.

        Returns:
            The file's id.
        """
        file_id = secrets.token_hex(6)
        processing = (
            0.0 if self._shelf.find(film_id).omni else min(self._stage.render_seconds, _MOST_PROCESSING)
        )
        self._files[file_id] = {
            "film": film_id,
            "created": at,
            "active": at + processing,
            "expires": at if expires_at_once else at + _LIFETIME,
        }
        return file_id

    @staticmethod
    def address(file_id: str) -> str:
        """Return where a file is downloaded; always in ``v1beta``, as all reports show it."""
        return f"{ORIGIN}/v1beta/files/{file_id}:download?alt=media"

    def film_id_at(self, address: str) -> str | None:
        """Return the film at an address, ``None`` when there is none, or none any more.

        Args:
            address: Of a file, with or without ``:download``.
        """
        found = FILE_NAME.search(address)
        record = self._files.get(found[1]) if found else None
        return None if record is None or self._stage.clock.now() >= record["expires"] else record["film"]

    def extendable(self, file_id: str) -> Film | None:
        """Return Veo's film of a file, ``None`` unless it is there and ``ACTIVE``.

        Args:
            file_id: The file's id.
        """
        film_id = self.film_id_at(f"files/{file_id}")
        if film_id is None or self._stage.clock.now() < self._files[file_id]["active"]:
            return None
        film = self._shelf.find(film_id)
        return None if film.omni else film

    # --- routes --------------------------------------------------------------------------------------------

    def describe(self, _request: Request, version: str, file_id: str) -> Response:
        """Answer ``GET /{version}/files/{id}``: without the size, which only making the film would tell."""
        record = self._existing(file_id)
        film = self._shelf.find(record["film"])
        active = self._stage.clock.now() >= record["active"]
        facts: dict[str, Any] = {
            "name": f"files/{file_id}",
            "mimeType": "video/mp4",
            "createTime": moment(record["created"]),
            "updateTime": moment(record["active"] if active else record["created"]),
            "expirationTime": moment(record["expires"]),
            "uri": f"{ORIGIN}/{version}/files/{file_id}",
            "downloadUri": self.address(file_id),
            "state": "ACTIVE" if active else "PROCESSING",
            "source": "GENERATED",
        }
        return json_answer(
            {**facts, "videoMetadata": {"videoDuration": f"{film.seconds:g}s"}} if active else facts
        )

    def download(self, request: Request, _version: str, file_id: str) -> Response:
        """Answer ``GET /{version}/files/{id}:download?alt=media``.

        The query goes along to the second address, so that a key in it is still there; that is an assumption, a key in a
        header must be sent again.
        """
        record = self._existing(file_id)
        _check_media(request)
        if self._shelf.find(record["film"]).omni:
            return self._bytes(record)
        parts = urlsplit(request.address)
        location = f"{ORIGIN}/download{parts.path}?{parts.query}"
        return Response(
            status=302, headers={"location": location, "content-type": "text/html; charset=UTF-8"}
        )

    def content(self, request: Request, _version: str, file_id: str) -> Response:
        """Answer ``GET /download/{version}/files/{id}:download?alt=media``."""
        record = self._existing(file_id)
        _check_media(request)
        return self._bytes(record)

    def _existing(self, file_id: str) -> dict[str, Any]:
        if self.film_id_at(f"files/{file_id}") is None:
            raise errors.entity_not_found()
        record: dict[str, Any] = self._files[file_id]
        return record

    def _bytes(self, record: dict[str, Any]) -> Response:
        return Response(
            status=200, headers={"content-type": "video/mp4"}, content=self._shelf.mp4(record["film"])
        )


def _check_media(request: Request) -> None:
    if query_of(request.address).get("alt") != "media":
        raise ApiError("A file is downloaded with alt=media.")
