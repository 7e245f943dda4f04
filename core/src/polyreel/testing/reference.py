"""The reference of the hooks as Markdown, taken from their specifications: ``docs/hooks.md`` cannot lie."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from polyreel import hookspecs
from polyreel.providers import REQUIRED

__all__ = ["hooks", "hooks_reference", "signature"]

_SECTION: Final = re.compile(r"^(Args|Returns|Raises|Example):{1,2}$", re.MULTILINE)
_ROLE: Final = re.compile(r":\w+:`~?(?:polyreel\.)?([^`]+)`")


def hooks() -> dict[str, Callable[..., Any]]:
    """Return the specification of each hook, in the order in which they stand."""
    return {name: value for name, value in vars(hookspecs).items() if hasattr(value, "polyreel_spec")}


def signature(name: str) -> str:
    """Return the signature of a hook as its specification writes it."""
    hook = hooks()[name]
    written = inspect.get_annotations(hook)
    arguments = ", ".join(
        f"{argument}: {written[argument]}" for argument in inspect.signature(hook).parameters
    )
    return f"{name}({arguments}) -> {written['return']}"


def hooks_reference() -> str:
    """Return the table of all hooks and a section for each."""
    rows = [f"| [`{name}`](#{name}) | {_need(name)} | {_summary(name)} |" for name in hooks()]
    table = "\n".join(["| hook | | |", "|---|---|---|", *rows])
    return "\n\n".join([table, *map(_section, hooks())])


def _need(name: str) -> str:
    if name in REQUIRED:
        return "required"
    return "optional" if hooks()[name].polyreel_spec["firstresult"] else "all plugins"  # type: ignore[attr-defined]


def _summary(name: str) -> str:
    return _plain(re.split(r"(?<=[.])\s", inspect.getdoc(hooks()[name]) or "", maxsplit=1)[0])


def _section(name: str) -> str:
    return "\n\n".join([f"### {name}", f"```text\n{signature(name)}\n```", *_prose(name)])


def _prose(name: str) -> Iterator[str]:
    first, *rest = _SECTION.split(inspect.getdoc(hooks()[name]) or "")
    yield _plain(first.strip())
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        text = inspect.cleandoc(body)
        if title == "Example":
            yield f"```text\n{text}\n```"
        elif title == "Returns":
            yield f"**Returns:** {_plain(' '.join(text.split()))}"
        else:
            yield f"**{title}:**\n\n{_items(text)}"


def _items(text: str) -> str:
    entries = re.split(r"\n(?=\S)", text)
    told = (" ".join(entry.split()).partition(": ") for entry in entries)
    return "\n".join(f"- `{name}`: {_plain(description)}" for name, _, description in told)


def _plain(text: str) -> str:
    return _ROLE.sub(r"`\1`", text).replace("``", "`")
