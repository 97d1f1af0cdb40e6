"""`shelfwise calibrate`: learns from a shop's own queries where relevance ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..hooks import hookimpl
from . import options, screen


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `calibrate`."""
    cli.command("calibrate")(calibrate)


def calibrate(
    store: options.Store,
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="Queries, one a line.", show_default=False),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="End what an earlier calibration began.")] = False,
    json: options.Json = False,
) -> None:
    """Learn where relevance ends, from queries that were answered."""
    from dataclasses import asdict

    from ...index import RequestError
    from ..shop import Shop

    if (file is None) != forget:
        raise RequestError("calibrate: wanted a FILE with queries, one a line, or --forget; name one of the two")
    with Shop.open(store, create=False) as shop:
        if file is None:
            shop.forget_calibration()
            screen.say("Forgotten: lists go on to the end, and nothing is said of what fits.")
            return
        try:
            queries = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise RequestError(f"{file}: wanted text in UTF-8, got something else ({error}); convert it") from None
        found = shop.calibrate(queries)
    if json:
        screen.print_json(asdict(found))
    else:
        screen.answer(f"Calibrated with {found.queries:,} queries; `shelfwise search` ends its lists from now on.")
