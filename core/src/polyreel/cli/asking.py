"""Asking before money is spent: at a terminal, and only there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import click

from polyreel.cli import streams
from polyreel.errors import BudgetExceeded

if TYPE_CHECKING:
    from polyreel.cli.request import Order

__all__ = ["agreed", "confirmed", "yes_option"]

T = TypeVar("T")

yes_option = click.option(
    "-y",
    "--yes",
    is_flag=True,
    help="Do not ask before spending more than ask_above of [budget] in config.toml.",
)


def agreed(order: Order, carry_out: Callable[[Order], T], *, yes: bool) -> T:
    """Carry out a request; when its price needs somebody's yes, ask for it first.

    The core refuses what needs a yes before anything is uploaded or sent. So nothing is asked that is not needed, and a
    run without a terminal ends with that refusal instead of waiting for an answer that nobody gives.

    Args:
        order: The request.
        carry_out: What is to be done with it; called again after a yes.
        yes: Whether ``--yes`` was given.

    Raises:
        BudgetExceeded: Nobody said yes.
    """
    if yes:
        return carry_out(_with(order, approved=True))
    try:
        return carry_out(order)
    except BudgetExceeded as error:
        if error.budget != "ask_above":
            raise
        if not _can_ask():
            error.add_note("there is no terminal to ask at; --yes sends it without asking")
            raise
        if not _says_yes(error):
            error.add_note("you did not say yes")
            raise
        # What was agreed to is this price, not the dearer one of a model that is asked in its place.
        known = error.estimate is not None and error.estimate.amount is not None
        agreed_to = {"max_cost": error.estimate.amount} if known and error.estimate is not None else {}
    return carry_out(_with(order, approved=True, **agreed_to))


def confirmed(question: str) -> bool | None:
    """Ask a person whether to go on; ``None`` when there is no terminal to ask at.

    Args:
        question: What it is about, as whole sentences.
    """
    if not _can_ask():
        return None
    sys.stderr.write(streams.plain(streams.printable(f"{question} Go on? [y/N] "), sys.stderr))
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        streams.say("")  # the terminal was closed, or its end was typed: the line is still open
    return answer.strip().lower() in {"y", "yes"}


def _with(order: Order, **more: object) -> Order:
    return replace(order, arguments={**order.arguments, **more})


def _can_ask() -> bool:
    try:
        return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    except ValueError:  # it was closed
        return False


def _says_yes(error: BudgetExceeded) -> bool:
    estimate = error.estimate
    if estimate is None or estimate.amount is None:
        price = f"Nobody knows what this costs ({'no price' if estimate is None else estimate.rule})."
    else:
        price = f"This costs about {estimate.amount} {estimate.currency} ({estimate.rule})."
    return bool(confirmed(price))
