"""The base of every record: frozen, keyword-only, and closed to fields that nobody declared."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Record"]


class Record(BaseModel):
    """Frozen data; an unknown field is an error."""

    # A validator is built when a record of its kind is first made: start-up pays only for what it uses.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)
