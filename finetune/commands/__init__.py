"""What training and evaluation add to the command line, a module for each command."""

from __future__ import annotations

import typer

from ...plugin.hooks import hookimpl
from .comparing import compare
from .evaluating import evaluate
from .gating import gate
from .publishing import publish
from .training import train

ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `train`, `evaluate`, `gate` and `compare`, and a `publish` that knows bundles too."""
    cli.command("train", context_settings=ANYTHING, add_help_option=False)(train)
    cli.command("evaluate")(evaluate)
    cli.command("gate")(gate)
    cli.command("compare")(compare)
    cli.command("publish")(publish)
