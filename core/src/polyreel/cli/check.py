"""``polyreel check``: the verdict on a request that is not sent."""

from __future__ import annotations

from typing import Any

import click

from polyreel.cli import failures, words
from polyreel.cli.clients import json_option, pass_display
from polyreel.cli.display import Display
from polyreel.cli.request import ModelCommand, order_of, request_options
from polyreel.submissions import recorded

__all__ = ["command"]


@click.command("check", cls=ModelCommand)
@request_options
@json_option
@pass_display
def command(display: Display, /, **given: Any) -> int:
    """Say whether a request would be accepted, and what it would cost.

    Nothing is sent and no key is needed. PROMPT may be - or @FILE. The exit code is 0, or 2 if it would be refused.
    """
    order = order_of(given)
    verdict = order.client.check(order.prompt, model=order.model, **order.arguments)
    values = {name: recorded(value) for name, value in verdict.parameters.items()}
    if display.as_json:
        display.document(
            {
                "ok": verdict.ok,
                "model": verdict.model,
                "parameters": values,
                "problems": [failures.shown(problem) for problem in verdict.problems],
                "warnings": [{"parameter": w.parameter, "message": w.message} for w in verdict.warnings],
                "estimate": None if verdict.estimate is None else verdict.estimate.model_dump(mode="json"),
            }
        )
        return failures.DONE if verdict.ok else failures.INVALID
    display.warn(verdict.warnings)
    if not verdict.ok:
        display.out(f"not valid for {verdict.model}:")
        for problem in verdict.problems:
            display.out(f"  {failures.sentence(problem)}")
        return failures.INVALID
    display.out(f"valid for {verdict.model}")
    for name, value in sorted(values.items()):
        display.out(f"  {name} = {words.value(value)}")
    display.out(f"estimate: {words.amount(verdict.estimate)}")
    return failures.DONE
