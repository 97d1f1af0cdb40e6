"""The hooks: what a plugin can take part in. A hook is one function, and a plugin takes only the arguments it wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

PROJECT = "shelfwise"
hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def register_commands(cli: typer.Typer) -> None:
    """Add commands to the command line: a function by `cli.command()`, a group of them by `cli.add_typer()`."""
