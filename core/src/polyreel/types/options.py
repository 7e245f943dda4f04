"""How a request is carried out, as opposed to what is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from polyreel.errors import InvalidRequest, Problem
from polyreel.redaction import Secret
from polyreel.types.job import Job, OnUnknown
from polyreel.types.location import Location, place_of

__all__ = [
    "AUTO",
    "DEFAULT_TIMEOUT",
    "OnTimeout",
    "Options",
    "Patience",
    "amount_of",
    "checked_place",
    "checked_timeout",
    "label_of",
]

OnTimeout: TypeAlias = Literal["leave", "cancel"]
"""What happens to a job when the time to wait for it is over."""

DEFAULT_TIMEOUT = 3600.0
"""Seconds that ``generate`` waits; the job goes on after it and can be resumed."""

AUTO: Final = "auto"
"""As a model id: the cheapest living, configured model that takes the request."""

_LONGEST_LABEL: Final = 80
_LONGEST_NAME: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The keyword arguments of ``generate`` and ``submit`` that are no parameters of the film.

    Attributes:
        output: Where the film goes: a path, or an address in an object store (``s3://bucket/film.mp4``); ``None`` for
            ``folder``.
        folder: Where the film gets a readable name of its own, when ``output`` is not given; ``None`` for the
            configuration's, and without one for the data folder.
        overwrite: Whether an existing file may be replaced.
        timeout: Seconds to wait; ``None`` for ever.
        on_timeout: What happens to the job when ``timeout`` is over: ``"leave"``: it goes on; ``"cancel"``: it is cancelled, if
            its provider can.
        on_progress: Called with the job after each change.
        on_unsupported: ``"error"`` or ``"warn"``: what a parameter that the model lacks does.
        fit: ``"crop"`` or ``"pad"``: how a picture of another size is made to fit.
        max_cost: The most it may cost, in the price's currency.
        approved: Whether somebody agreed to the price, so that the ``ask_above`` of a budget does not refuse it.
        project: A label that the job is kept under, so that costs can be summed by it; ``None`` for the configuration's.
        byok_api_key: A key for this call only; it is never stored.
        native: Fields that are added to the vendor's body as they are, unchecked.
        on_retired: What a model does that was shut down: ``"error"``, or ``"migrate"``: the request is moved to the best
            living model that is configured, with a warning.
        idempotency_key: The caller's own name of this request, an order's number: the same one returns the same job, and is
            paid once, also after a crash.
        on_unknown: What happens when nobody can know whether a submit was accepted: ``"hold"``: it is looked for and never
            sent again by itself; ``"resubmit"``: it is sent again, and may be paid twice; ``"fail"``.
        patient: Whether a provider that has too much to do is asked again later, instead of failing the job.
        fallback: Models that are asked, one after the other, when one refuses the request before it is accepted.
    """

    output: Path | Location | None = None
    folder: Path | Location | None = None
    overwrite: bool = False
    timeout: float | None = DEFAULT_TIMEOUT
    on_timeout: OnTimeout = "leave"
    on_progress: Callable[[Job], None] | None = None
    on_unsupported: Literal["error", "warn"] = "error"
    fit: Literal["crop", "pad"] | None = None
    max_cost: Decimal | None = None
    approved: bool = False
    project: str | None = None
    byok_api_key: Secret | None = None
    native: Mapping[str, Any] = field(default_factory=dict)
    on_retired: Literal["error", "migrate"] = "error"
    idempotency_key: str | None = None
    on_unknown: OnUnknown = "hold"
    patient: bool = False
    fallback: tuple[str, ...] = ()

    @classmethod
    def take(cls, arguments: Mapping[str, Any]) -> tuple[Options, dict[str, Any]]:
        """Split keyword arguments into options and the film's parameters.

        Args:
            arguments: As a caller wrote them: an output path or a key as plain text, an amount as any number.

        Raises:
            InvalidRequest: An option cannot be what was given for it.
        """
        given: dict[str, Any] = {}
        problems = []
        for name, convert in _CONVERSIONS.items():
            value = arguments.get(name)
            if value is None:
                continue
            try:
                given[name] = convert(value)
            except (TypeError, ValueError) as error:
                problems.append(Problem(parameter=name, message=str(error)))
        if problems:
            raise InvalidRequest(problems)
        if "timeout" in arguments and arguments["timeout"] is None:
            given["timeout"] = None
        return cls(**given), {name: value for name, value in arguments.items() if name not in _CONVERSIONS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """For how long a job is waited for.

    Attributes:
        seconds: ``None`` for ever.
        then: What happens to it afterwards.
    """

    seconds: float | None
    then: OnTimeout = "leave"

    @classmethod
    def of(cls, seconds: Any, then: Any) -> Patience:
        """Return it as a caller wrote it.

        Raises:
            InvalidRequest: It is none.
        """
        try:
            _one_of("leave", "cancel")(then)
        except ValueError as error:
            raise InvalidRequest([Problem(parameter="on_timeout", message=str(error))]) from None
        return cls(seconds=checked_timeout(seconds), then=then)


def checked_place(output: Any) -> Path | Location | None:
    """Return where a film is to go, as a caller wrote it; ``None`` for nothing said.

    Raises:
        InvalidRequest: It is no place for a film.
    """
    try:
        place = None if output is None else _film_place(output)
    except ValueError as error:
        raise InvalidRequest([Problem(parameter="output", message=str(error))]) from None
    return place.absolute() if isinstance(place, Path) else place


def _film_place(value: Any) -> Path | Location:
    place = place_of(value)
    if isinstance(place, Location) and (not place.key or str(value).endswith("/")):
        raise ValueError(f"{place} is a folder; name the film: {place / 'film.mp4'}, or pass it as folder")
    return place


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"must be True or False, not {_shown(value)}")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"must be a number of seconds, or None to wait for ever, not {_shown(value)}")
    return float(value)


def _function(value: Any) -> Callable[[Job], None]:
    if not callable(value):
        raise TypeError(f"must be a function that takes a job, not {_shown(value)}")
    function: Callable[[Job], None] = value
    return function


def _one_of(*words: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if value not in words:
            raise ValueError(f"must be {' or '.join(map(repr, words))}, not {_shown(value)}")
        return str(value)

    return convert


def amount_of(value: Any) -> Decimal:
    """Return an amount of money, exactly as it was written.

    Raises:
        ValueError: It is none, or negative, or infinite.
    """
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        amount = Decimal("nan")
    if not (amount.is_finite() and amount >= 0):
        raise ValueError(f"must be an amount of money, not {_shown(value)}")
    return amount


def label_of(value: Any) -> str:
    """Return a project's label.

    Raises:
        ValueError: It is none.
    """
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > _LONGEST_LABEL
        or not value.isprintable()
    ):
        raise ValueError(
            f"must be a label of at most {_LONGEST_LABEL} printable characters, not {_shown(value)}"
        )
    return value.strip()


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
        raise ValueError(f"must be a text of at most {_LONGEST_NAME} characters, not {_shown(value)}")
    return value


def _key(value: Any) -> Secret:
    if not isinstance(value, str | Secret) or not value:
        raise ValueError("must be a key as a text")
    return Secret(value) if isinstance(value, str) else value


def _fields(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"must be a mapping of fields of the vendor's body, not {_shown(value)}")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"must hold what JSON can say, and nothing else: {error}") from None
    if json.loads(text) != value:
        raise ValueError("must hold what JSON can say: texts as names, lists, no tuples")
    return value


def _models(value: Any) -> tuple[str, ...]:
    models = [value] if isinstance(value, str) else value
    if not isinstance(models, list | tuple) or not all(isinstance(model, str) and model for model in models):
        raise TypeError(f"must be a list of models, each as provider/model, not {_shown(value)}")
    return tuple(models)


def _shown(value: Any) -> str:
    return repr(value)[:80] if isinstance(value, str | int | float) else f"a {type(value).__name__}"


_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "output": _film_place,
    "folder": place_of,
    "overwrite": _truth,
    "timeout": _seconds,
    "on_timeout": _one_of("leave", "cancel"),
    "on_progress": _function,
    "on_unsupported": _one_of("error", "warn"),
    "fit": _one_of("crop", "pad"),
    "max_cost": amount_of,
    "approved": _truth,
    "project": label_of,
    "byok_api_key": _key,
    "native": _fields,
    "on_retired": _one_of("error", "migrate"),
    "fallback": _models,
    "idempotency_key": _name,
    "on_unknown": _one_of("hold", "resubmit", "fail"),
    "patient": _truth,
}


def checked_timeout(value: Any) -> float | None:
    """Return a time to wait, in seconds; ``None`` for ever.

    Raises:
        InvalidRequest: It is no number of seconds.
    """
    try:
        return None if value is None else _seconds(value)
    except (TypeError, ValueError) as error:
        raise InvalidRequest([Problem(parameter="timeout", message=str(error))]) from None
