"""`shelfwise reconcile` and `shelfwise undo`: what a missed write left, and what a wrong import did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..hooks import hookimpl
from . import options, screen
from .importing import Mapping, mapping_from

if TYPE_CHECKING:
    from ...index import ReconcileReport, UndoReport


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `reconcile` and `undo`."""
    cli.command("reconcile")(reconcile)
    cli.command("undo")(undo)


def reconcile(
    store: options.Store,
    feed: Annotated[
        Path, typer.Argument(metavar="FEED", help="All of the shop's own products, a file.", show_default=False)
    ],
    format: Annotated[str | None, typer.Option(metavar="NAME", help="As for import; detected when not said.")] = None,
    mapping: Mapping = [],  # noqa: B006 - typer copies it
    locale: Annotated[str | None, typer.Option(metavar="TAG", help="The language of the feed's texts.")] = None,
    currency: Annotated[str | None, typer.Option(metavar="CODE", help="Of prices that name none.")] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file's encoding; detected when not said.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, change nothing.")] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let more than a tenth vanish, or lose price or stock.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Compare a store with the shop's own products, and repair it.

    Missing and differing products are stored, surplus ones deleted. Ends with 1 when that was refused and nothing was
    changed.
    """
    from ...index import read_feed
    from ..shop import Shop

    source = read_feed(
        feed,
        format=format,
        mapping=mapping_from(mapping),
        locale=locale or "",
        currency=currency or "",
        encoding=encoding,
    )
    with Shop.open(store, create=False) as shop:
        made = shop.reconcile(source, dry_run=dry_run, allow_shrink=allow_shrink)
    if json:
        screen.print_json({**made.to_dict(), "dry_run": dry_run})
    else:
        _show(made, dry_run)


def _show(made: ReconcileReport, dry_run: bool) -> None:
    table = screen.table("", "products", "the first of them", right=("products",))
    for name in ("missing", "differing", "surplus"):
        ids = getattr(made, f"{name}_ids")
        table.add_row(name, f"{getattr(made, name):,}", screen.plain(", ".join(ids)))
    table.add_row("equal", f"{made.equal:,}", "")
    screen.out().print(table)
    for row in made.bad_rows:
        screen.warn(str(row))
    if not made.differences:
        screen.answer("The store is as the feed says.", style="bold")
    elif dry_run:
        screen.answer("Nothing was changed.", style="bold")
    else:
        screen.answer(f"Repaired; `shelfwise undo STORE {made.import_id}` takes it back.", style="bold")


def undo(
    store: options.Store,
    id: Annotated[int, typer.Argument(metavar="IMPORT", help="The import's id; `status` names the last.")],
    json: options.Json = False,
) -> None:
    """Restore what an import changed.

    A product that was changed again since is left as it is, and named; prices and stock that changed since stay. The
    undo is an import itself, and can be undone.
    """
    from ..shop import Shop

    with Shop.open(store, create=False) as shop:
        made = shop.undo(id)
    if json:
        screen.print_json(made.to_dict())
    else:
        _show_undo(made)


def _show_undo(made: UndoReport) -> None:
    counts = (
        f"{made.changed:,} changed back",
        f"{made.added:,} are there again",
        f"{made.deleted:,} deleted",
        f"{made.unchanged:,} as they were",
    )
    screen.answer(f"Import {made.undone} is undone by import {made.import_id}: {', '.join(counts)}.", style="bold")
    if made.offers_kept:
        screen.answer(f"{made.offers_kept:,} kept prices and stock that are newer than the import.")
    if made.left:
        more = ", …" if made.left > len(made.left_ids) else ""
        ids = ", ".join(map(repr, made.left_ids))
        screen.warn(f"{made.left:,} were changed by others since, and left as they are: {ids}{more}.")
