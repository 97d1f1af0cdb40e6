"""The command line as a whole: our own commands and the plugins', and what becomes of their errors.

Nothing here, nor at the top of the modules with the commands, imports the catalogue or a model: `shelfwise --help` is
not to wait for them.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from ..hooks import OWN as OURS
from ..hooks import Plugins, call_each
from . import failures, screen

NAME = "shelfwise"
# Modules with `register_commands`, in the order of --help.
OWN = (
    "importing",
    "searching",
    "pages",
    "rules",
    "why",
    "products",
    "operations",
    "reconciling",
    "archives",
    "calibrating",
    "models",
    "plugins",
)


class CommandLine(TyperGroup):
    """The group of all commands: an error that was foreseen is a sentence and an exit code, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs a command; Ctrl-C ends it with 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            screen.warn("Stopped. What was acknowledged before is kept, an import's whole batches included.")
            raise typer.Exit(failures.INTERRUPTED) from None

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **extra: Any
    ) -> NoReturn:
        """Runs the command line and exits."""
        given = list(sys.argv[1:] if args is None else args)
        screen.prepare()
        extra["standalone_mode"] = False
        try:
            code = super().main(given, prog_name or NAME, *rest, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            screen.hush()
            sys.exit(failures.BROKEN_PIPE)
        except Exception as error:
            sys.exit(failures.tell(error, as_json=_wants_json(given)))
        sys.exit(code if isinstance(code, int) else 0)


def build_cli() -> typer.Typer:
    """The command line with all commands: our own first, then those of the installed plugins."""
    cli = typer.Typer(
        name=NAME,
        cls=CommandLine,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Semantic search for an online shop: a store is a folder, made by the first import.",
    )
    cli.callback()(_options)
    plugins = Plugins()
    for name in OWN:
        plugins.add(import_module(f".{name}", __package__), f"{OURS}{name}", "shelfwise")
    plugins.add_installed(screen.warn)
    try:
        plugins.add_from_setting()
    except Exception as error:  # said, and the command runs without
        screen.warn(str(error))
    call_each(plugins, "register_commands", screen.warn, cli=cli)
    return cli


def main() -> NoReturn:
    """What the script `shelfwise` runs."""
    _quieten()
    try:
        build_cli()()
    except KeyboardInterrupt:  # while plugins were imported
        sys.exit(failures.INTERRUPTED)
    raise AssertionError("a command line exits")


def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda wanted: _say_version(wanted), help="Say which.")
    ] = False,
) -> None: ...


def _say_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"{NAME} {version(NAME)}")
        except PackageNotFoundError:
            typer.echo(f"{NAME}, not installed: its version is unknown")
        raise typer.Exit


def _wants_json(arguments: Sequence[str]) -> bool:
    return "--json" in (arguments[: arguments.index("--")] if "--" in arguments else arguments)


def _quieten() -> None:
    """Bars and notices of the model libraries would stand between our own lines; a variable that is set is left."""
    for name, value in {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)
    handler = logging.StreamHandler()
    handler.setFormatter(_Sentence())
    logging.getLogger(NAME).addHandler(handler)


class _Sentence(logging.Formatter):
    """The message alone: a traceback is for a program's log, not for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        return f"{message[:1].upper()}{message[1:]}."
