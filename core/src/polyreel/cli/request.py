"""What ``generate`` and ``check`` share: a command whose flags come from the model's document.

The arguments are read twice: first only for the model and what decides about its document, then with the
document's flags.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import click

from polyreel.cli.clients import open_client, setting_option
from polyreel.cli.flags import Flag, any_model, flags_of, names, unknown_flags, value_of
from polyreel.errors import InvalidRequest, PolyreelError, Problem

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.documents.document import ModelDocument

__all__ = [
    "ModelCommand",
    "Order",
    "model_of",
    "money",
    "order_of",
    "parameters_of",
    "request_options",
    "seconds",
]

T = TypeVar("T", bound=Callable[..., Any])
_PREFIX: Final = "parameter_"  # keeps a model's parameters apart from the options
_LONGEST_PROMPT: Final = 1_000_000  # of a file or of standard input; no model takes as much
_CLOSE: Final = 0.75


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A request as it was typed.

    Attributes:
        client: The client of this run.
        prompt: What the film shows.
        model: The model.
        arguments: Parameters and options, as the client takes them.
    """

    client: Client
    prompt: str
    model: str
    arguments: dict[str, Any]


def money(text: str) -> Decimal:
    """Return an amount that is neither negative nor infinite.

    Raises:
        click.BadParameter: It is something else.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise click.BadParameter(f"{text!r} is no amount of money; write it like 1.50")
    return amount


def seconds(text: str) -> float:
    """Return a time to wait.

    Raises:
        click.BadParameter: It is something else.
    """
    try:
        time = float(text)
    except ValueError:
        time = math.nan
    if not math.isfinite(time) or time < 0:
        raise click.BadParameter(f"{text!r} is no number of seconds; write it like 600")
    return time


_OPTIONS: Final = (
    click.argument("prompt"),
    click.option(
        "-m",
        "--model",
        help="The model: provider/model, an alias, or auto for the cheapest that takes the request and is configured. "
        "Default: default_model of config.toml.",
    ),
    click.option(
        "-o",
        "--output",
        metavar="FILE|URL",
        help="Where the film goes: a file, or s3://bucket/film.mp4, gs://..., az://... Default: a readable name in the "
        "folder.",
    ),
    click.option(
        "--folder",
        metavar="FOLDER|URL",
        help="Where the film gets a readable name: a folder, or s3://bucket/folder. Default: POLYREEL_FOLDER, "
        "folder of [storage] in config.toml, or here.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace the file if it is there."),
    click.option(
        "--simulate", is_flag=True, help="Let a simulator answer: nothing is sent, nothing is paid."
    ),
    click.option(
        "--max-cost", type=money, metavar="USD", help="Refuse what costs more, or whose price is not known."
    ),
    click.option(
        "--project", metavar="NAME", help="A label to sum costs by; 'polyreel costs --by project' does it."
    ),
    click.option(
        "--fit",
        type=click.Choice(["crop", "pad"]),
        help="Make a picture of another size fit: cut it, or add bars.",
    ),
    click.option(
        "--on-unsupported",
        type=click.Choice(["error", "warn"]),
        help="What a parameter that the model lacks does: it is an error (the default), or left out with a warning.",
    ),
    click.option(
        "--native", metavar="JSON", help="Fields added to the vendor's body as they are, unchecked."
    ),
    setting_option,
)


def request_options(function: T) -> T:
    """Add the options of a request to a verb."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


class ModelCommand(click.Command):
    """A command that takes the parameters of the model that ``-m`` names."""

    usage: ClassVar[Sequence[str]] = ("PROMPT", "-m MODEL", "[--PARAMETER VALUE ...]", "[OPTIONS]")
    naming = "-m MODEL"
    """How the model is named, for the page that is shown without one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments in two passes."""
        try:
            args = self._declare(ctx, args)
        except PolyreelError:
            if not ctx.resilient_parsing:  # while a shell completes, half a command is no error
                raise
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options, and the model's parameters once they are known."""
        return [*super().get_params(ctx), *ctx.meta.get("polyreel.options", ())]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click calls it so
        """Return the usage line."""
        return list(self.usage)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the model's parameters before the options."""
        flags: list[Flag] = [flag for flag in ctx.meta.get("polyreel.flags", ()) if not flag.hidden]
        document: ModelDocument | None = ctx.meta.get("polyreel.document")
        if document is None and "polyreel.client" not in ctx.meta:
            formatter.write_paragraph()
            formatter.write_text(
                f"Every model has parameters of its own: '{ctx.command_path} {self.naming} --help' lists them, "
                "'polyreel models' lists the models. The names are the same everywhere:"
            )
        title = "Parameters" if document is None else f"Parameters of {document.id}"
        for heading, advanced in ((title, False), ("Advanced parameters", True)):
            rows = [(_usage(flag), flag.help) for flag in flags if flag.is_advanced is advanced]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows, col_max=36)
        # The options of the class above: get_params would repeat the parameters.
        options = [option for option in super().get_params(ctx) if isinstance(option, click.Option)]
        rows = [record for option in options if (record := option.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(rows, col_max=36)

    def _declare(self, ctx: click.Context, args: list[str]) -> list[str]:
        document = self.find_model(ctx, self.first_look(ctx, args))
        flags = _all_flags(document, ctx.meta.get("polyreel.client"))
        known = {**_spellings(super().get_params(ctx)), **names(flags)}
        args, unknown = unknown_flags(args, known)
        for name, takes_value in unknown:
            flags.append(_undeclared(ctx, name, known, takes_value=takes_value))
        ctx.meta["polyreel.document"] = document
        ctx.meta["polyreel.flags"] = flags
        ctx.meta["polyreel.options"] = [_option(flag) for flag in flags]
        return args

    def first_look(self, ctx: click.Context, args: Sequence[str]) -> Mapping[str, Any]:
        """Return what can be read before the model's parameters are known."""
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        return parser.parse_args(args=list(args))[0]

    def find_model(self, ctx: click.Context, given: Mapping[str, Any]) -> ModelDocument | None:
        """Return the document of the model that was named; ``None`` for the general page of help."""
        helping = self.get_help_option(ctx)
        if helping is not None and helping.name in given and not given.get("model"):
            return None  # the general page needs no client
        settings: Sequence[str] = given.get("settings") or ()
        client = open_client(simulate=bool(given.get("simulate")), settings=settings)
        ctx.meta["polyreel.client"] = client
        model = given.get("model") or client.workspace.configuration.table.get("default_model")
        if not model:
            raise click.UsageError(
                "which model? Name one with -m provider/model ('polyreel models' lists them), or write "
                'default_model = "provider/model" into config.toml',
                ctx=ctx,
            )
        from polyreel.types.options import AUTO

        if client.workspace.operations.desk.catalogue.named(str(model)) == AUTO:
            return None  # every model's parameters are understood
        return client.model(str(model))


def order_of(given: Mapping[str, Any]) -> Order:
    """Return the request that was typed.

    Args:
        given: What click parsed: the options, and the model's parameters.

    Raises:
        InvalidRequest: A value or the prompt cannot be read.
    """
    ctx = click.get_current_context()
    client: Client = ctx.meta["polyreel.client"]
    arguments = parameters_of(given)
    for name in (
        "output",
        "folder",
        "overwrite",
        "max_cost",
        "project",
        "fit",
        "on_unsupported",
        "on_retired",
        "fallback",
        "idempotency_key",
        "on_unknown",
    ):
        if given.get(name) not in {None, ()}:
            arguments[name] = given[name]
    if "output" in arguments and "folder" in arguments:
        raise click.UsageError("--output names the film and its folder; leave --folder out", ctx=ctx)
    if not arguments.keys() & {"output", "folder"} and client.workspace.configuration.folder is None:
        arguments["folder"] = Path.cwd()
    if given.get("native") is not None:
        arguments["native"] = _native(given["native"])
    return Order(
        client=client,
        prompt=_prompt(given["prompt"]),
        model=model_of(ctx),
        arguments=arguments,
    )


def model_of(ctx: click.Context) -> str:
    """Return the id of the model that was named, or ``auto``."""
    from polyreel.types.options import AUTO

    document: ModelDocument | None = ctx.meta["polyreel.document"]
    return AUTO if document is None else document.reference


def parameters_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's parameters among what was typed.

    Args:
        given: What click parsed.

    Raises:
        InvalidRequest: A value cannot be read.
    """
    flags = {f"{_PREFIX}{flag.name}": flag for flag in click.get_current_context().meta["polyreel.flags"]}
    parameters: dict[str, Any] = {}
    for name, value in given.items():
        flag = flags.get(name)
        if flag is not None and value is not None and value != ():
            parameters[flag.name] = value if isinstance(value, bool) else value_of(flag, value)
    return parameters


def _all_flags(document: ModelDocument | None, client: Client | None) -> list[Flag]:
    from polyreel.documents.registry import aliases, parameters

    if document is not None:
        return flags_of(document.properties, parameters(), aliases())
    installed = () if client is None else client.workspace.operations.desk.catalogue.installed()
    own = any_model([document.properties for document in installed], parameters())
    return flags_of(own, parameters(), aliases())


def _option(flag: Flag) -> click.Option:
    name = f"{_PREFIX}{flag.name}"
    if flag.is_switch:
        return click.Option([name, f"{flag.option}/--no-{flag.option[2:]}"], default=None)
    # Several values of a parameter that takes one are found out here: click would take the last, silently.
    return click.Option([name, flag.option], multiple=True, type=click.UNPROCESSED)


def _usage(flag: Flag) -> str:
    return f"{flag.option} / --no-{flag.option[2:]}" if flag.is_switch else f"{flag.option} {flag.metavar}"


def _spellings(options: Sequence[click.Parameter]) -> dict[str, bool]:
    return {
        spelling: not option.is_flag
        for option in options
        if isinstance(option, click.Option)
        for spelling in (*option.opts, *option.secondary_opts)
    }


def _undeclared(ctx: click.Context, spelling: str, known: Mapping[str, bool], *, takes_value: bool) -> Flag:
    """Return a flag that nobody declared: the core says what is wrong with it, as with any parameter."""
    from polyreel.types.options import Options

    name = spelling.lstrip("-").replace("-", "_")
    options = _spellings(click.Command.get_params(ctx.command, ctx))
    if name == "prompt":
        raise click.UsageError("the prompt has no flag: write it as the argument, in quotes", ctx=ctx)
    closest = difflib.get_close_matches(spelling, list(known), n=1, cutoff=_CLOSE)
    if not name.isidentifier() or name in Options.__dataclass_fields__ or (closest and closest[0] in options):
        raise click.NoSuchOption(spelling, possibilities=closest, ctx=ctx)
    return Flag(name=name, schema={"type": "string" if takes_value else "boolean"}, hidden=True)


def _prompt(text: str) -> str:
    if text == "-":
        text = _from_standard_input()
    elif text.startswith("@"):
        text = _from_file(Path(text[1:]).expanduser())
    with suppress(UnicodeEncodeError):
        text.encode()
        return text
    raise _no_prompt("is no text in this terminal's encoding")


def _from_standard_input() -> str:
    try:
        # It may be closed; an empty prompt is then refused like any other.
        return sys.stdin.read(_LONGEST_PROMPT + 1).strip("\n") if sys.stdin is not None else ""
    except (OSError, ValueError):
        raise _no_prompt("standard input cannot be read as text") from None


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(_LONGEST_PROMPT + 1).strip("\n")
    except OSError as error:
        raise _no_prompt(
            f"the file {path} cannot be read: {error.strerror} (a prompt that begins with @ itself goes through "
            "standard input: write - for it)"
        ) from None
    except ValueError:
        raise _no_prompt(f"the file {path} is no text in UTF-8") from None


def _native(text: str) -> Any:
    flag = Flag(name="native", schema={"type": "object"})
    value = value_of(flag, [text])
    if not isinstance(value, dict):
        raise InvalidRequest([Problem(parameter="native", message="must be a JSON object of fields")])
    return value


def _no_prompt(message: str) -> InvalidRequest:
    return InvalidRequest([Problem(parameter="prompt", message=message)])
