"""The verbs, and the page that ``polyreel --help`` shows; no verb is imported for it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["VERBS", "overview"]

VERBS = {
    "generate": "Make a film: check, submit, wait, fetch.",
    "batch": "Make the films of a file of requests, many at once.",
    "check": "Say whether a request would be accepted, and what it would cost. Nothing is sent.",
    "cost": "Say what a request would cost, by which rule. Nothing is sent.",
    "models": "List the models, show one, or search one that takes a request.",
    "migrate": "Move a request to another model; find the calls of a project that need it.",
    "providers": "List the installed providers, their keys and their failures.",
    "costs": "Sum what was spent, by day, model or project.",
    "ledger": "Show what was held, charged and released, and whether the books are in order.",
    "jobs": "List, show, wait for, resume, cancel, download and delete jobs.",
    "simulate": "Serve a provider's simulator on this machine, for any client.",
    "doctor": "Look whether everything is in order on this machine.",
    "schemas": "Export the model documents as JSON Schema or as pages, or look for what is wrong with them.",
}
"""Each verb stands in the module of its name, as ``command``."""

_HEAD = """\
Usage: polyreel VERB [OPTIONS]

  One call for AI video. Films are paid for at the provider that makes them; with
  --simulate nothing is sent and nothing is paid.

  polyreel generate "A paper boat crossing a puddle" -m provider/model --simulate
  polyreel generate -m provider/model --help     the parameters of one model
"""

_TAIL = """\
Options:
  --version   Print the version.
  -h, --help  Show this page; VERB --help shows a verb's.

Exit codes: 0 done, 1 the provider or job failed, 2 invalid use or parameters,
3 still running after --timeout, 4 key missing or refused, 130 interrupted.
"""


def overview(more: Iterable[tuple[str, str]] = ()) -> str:
    """Return the page.

    Args:
        more: Names and summaries of verbs that extensions add.
    """
    rows = [*VERBS.items(), *more]
    width = max(len(name) for name, _ in rows)
    verbs = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in rows)
    return f"{_HEAD}\nVerbs:\n{verbs}\n\n{_TAIL}".rstrip()
