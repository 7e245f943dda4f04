"""A call of another package that asks for a film: how it is recognised, and what its arguments mean here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ForeignCall", "ForeignParameter"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignParameter:
    """Where a call has what polyreel calls by a name of its own.

    Attributes:
        name: The unified name, or one with the provider's prefix.
        path: Where the call has it. ``"seconds"`` is an argument. After a dot comes what is inside it: an entry of a
            dictionary, or an argument of the call that makes it (``"config.aspect_ratio"``). A number is a place in a
            list, ``*`` each entry of one.
        reads: What it is: ``"value"`` as it stands; ``"number"``, perhaps written as a text; ``"seconds"`` as a text with
            an ``s`` behind them; ``"base64"`` of a file's content.
        values: The foreign words for a value, to ours.
        attribute: Of an object that is made elsewhere: its attribute that has the value.
    """

    name: str
    path: str
    reads: Literal["value", "number", "seconds", "base64"] = "value"
    values: Mapping[str, Any] = field(default_factory=dict)
    attribute: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignCall:
    """A call of another package that may ask one of a provider's models for a film; hook ``foreign_calls``.

    Attributes:
        packages: The packages by which it is reached, as they are imported: ``"acme"``, ``"acme.films"``.
        calls: Its name with what stands before it, seen from the object on which it is called: ``"films.create"``.
        parameters: What its arguments mean. Of several for one name, the first that the call has counts.
        model: Where it names the model, as a path.
        positional: The names of its arguments that may be given by position, in their order.
        prefixes: What may stand before the model's name and is cut off, such as ``"acme/"``; a ``*`` stands for
            anything.
        default_model: The model when the call names none; ``None`` when it must name one.
        surface: On which of the provider's APIs it asks; ``None`` for any.
        service: The service that the object was made for, where its package makes objects for many: an argument of
            the call that made it. ``None`` where there is only one.
        having: Arguments that a call on the way to it must have: ``{"vertexai": True}``.
        addresses: The paths of the arguments, of it or of a call on the way to it, that send it to another server; to
            what is reached there the documents do not apply.
        ignored: The paths of arguments that say nothing about the film: a time limit, headers.
        shared: Whether it also serves models that make no films: a name that no document has is then nobody's concern.
    """

    packages: tuple[str, ...]
    calls: tuple[str, ...]
    parameters: tuple[ForeignParameter, ...]
    model: str = "model"
    positional: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    default_model: str | None = None
    surface: str | None = None
    service: str | None = None
    having: Mapping[str, Any] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    shared: bool = False
