"""The grammar of the command line: verbs that are imported when they are used, and what an error does."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import Any, Final

import click

from polyreel.cli import failures, streams
from polyreel.cli.display import Display
from polyreel.cli.extensions import add_verbs, may_be_installed
from polyreel.cli.overview import VERBS, overview

__all__ = ["run"]

_NO_VERB: Final = getattr(
    click.exceptions, "NoArgsIsHelpError", ()
)  # older clicks show the page by themselves


class Verbs(click.Group):
    """The verbs of polyreel, imported on use, and those that extensions add."""

    _extended = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click calls it so
        """Return the names of all verbs."""
        self._extend()
        return [*VERBS, *(name for name in sorted(self.commands) if name not in VERBS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb; polyreel's own win."""
        if cmd_name in VERBS:
            command: click.Command = import_module(f"polyreel.cli.{cmd_name}").command
            return command
        self._extend()
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb that was typed."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"there is no verb {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the page of all verbs."""
        added = [name for name in self.list_commands(ctx) if name not in VERBS]
        formatter.write(overview((name, self.commands[name].get_short_help_str(80)) for name in added))

    def _extend(self) -> None:
        if self._extended or not may_be_installed():
            return
        self._extended = True
        for sentence in add_verbs(self):
            streams.say(f"warning: {sentence}")


def run(arguments: list[str]) -> int:
    """Run a verb and return the exit code; whatever happens is said in a sentence.

    Args:
        arguments: What was typed after the program's name.
    """
    streams.prepare()
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    display = Display(as_json="--json" in flags)
    with display.presses:
        return _told(arguments, display)


def _told(arguments: list[str], display: Display) -> int:
    try:
        return _invoked(arguments, display)
    except failures.OutputLost:
        return failures.FAILED
    except SystemExit as leaving:  # click's way to say that nobody reads its help any more
        streams.silence()
        return leaving.code if isinstance(leaving.code, int) else failures.FAILED
    except (KeyboardInterrupt, click.Abort):
        sentence, document = failures.interruption(display.job, display.cancellation)
        return _failed(display, [sentence], document, failures.INTERRUPTED)
    except click.ClickException as error:
        return _misused(display, error)
    except Exception as error:  # noqa: BLE001  nothing may end in a traceback
        job = getattr(error, "job", None) or display.job
        lines = [*failures.lines(error), *_way_on(error, job)]
        return _failed(display, lines, failures.document(error, job), failures.exit_code(error))


def _invoked(arguments: list[str], display: Display) -> int:
    group = Verbs(
        name="polyreel",
        invoke_without_command=False,
        context_settings={"help_option_names": ["-h", "--help"], "obj": display, "max_content_width": 110},
    )
    from polyreel import __version__

    click.version_option(__version__, prog_name="polyreel", message="%(prog)s %(version)s")(group)
    if not arguments:
        arguments = ["--help"]
    result: Any = group.main(arguments, prog_name="polyreel", standalone_mode=False)
    return result if isinstance(result, int) else failures.DONE


def _misused(display: Display, error: click.ClickException) -> int:
    if isinstance(error, _NO_VERB):  # its message is the whole page of help
        return _failed(
            display, [error.format_message()], failures.misuse("a verb is missing"), failures.INVALID
        )
    context = getattr(error, "ctx", None)
    hint = [f"'{context.command_path} --help' shows how"] if context is not None else []
    message = error.format_message()
    return _failed(display, [f"error: {message}", *hint], failures.misuse(message), failures.INVALID)


def _way_on(error: Exception, job: Any) -> list[str]:
    if job is None or job.done or failures.exit_code(error) == failures.STILL_RUNNING:
        return []
    return [f"the job is kept: 'polyreel jobs resume {job.id}' takes it up again"]


def _failed(display: Display, lines: list[str], document: dict[str, Any], code: int) -> int:
    for line in lines:
        display.say(line)
    if display.as_json:
        try:
            display.document(document)
        except failures.OutputLost:
            return code
    return code
