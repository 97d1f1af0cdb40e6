"""`shelfwise models`: encoders as folders that can be carried to where no hub is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..hooks import hookimpl
from . import options, screen

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The model folder.", show_default=False)]


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `models`."""
    group = typer.Typer(no_args_is_help=True, help="Encoders as folders, to carry where no hub is.")
    group.command("fetch")(fetch)
    group.command("check")(check)
    cli.add_typer(group, name="models")


def fetch(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="An installed package, a model folder or a hub name; the packaged default when only DIR is said.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Make a folder with a model's weights, tokenizer and hashes.

    Use it as `--encoder DIR`. Weights are taken as .safetensors alone, never as pickles, which can run code.
    """
    from ...index.models import DEFAULT, fetch_model

    if name is None:
        raise typer.BadParameter("wanted a folder to make, got none; write `shelfwise models fetch NAME DIR`")
    made = fetch_model(DEFAULT, name) if folder is None else fetch_model(name, folder)
    if json:
        screen.print_json(made.to_dict())
        return
    screen.answer(
        f"{made.name}: {len(made.files)} files, {made.megabytes:,.1f} MB, from {made.source} to {made.folder}"
    )
    screen.answer(f"Check it where it arrives by `shelfwise models check DIR`, use it by `--encoder {made.folder}`.")


def check(folder: Folder, json: options.Json = False) -> None:
    """Compare a fetched folder with its hashes.

    Ends with 2 when a file is missing, changed or new.
    """
    from ...index.models import check_model

    made = check_model(folder)
    if json:
        screen.print_json(made.to_dict())
    else:
        screen.answer(f"{made.folder}: {made.name}, all {len(made.files)} files are as they were fetched.")
