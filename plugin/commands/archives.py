"""`shelfwise dump`, `restore` and `upgrade`: a store as one file, and its format."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..hooks import hookimpl
from . import options, screen

if TYPE_CHECKING:
    from ...index import Dumped, Restored

Archive = Annotated[Path, typer.Argument(metavar="ARCHIVE", help="The dump, a .zip file.", show_default=False)]


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `dump`, `restore` and `upgrade`."""
    cli.command("dump")(dump)
    cli.command("restore")(restore)
    cli.command("upgrade")(upgrade)


def dump(
    store: options.Store,
    archive: Archive,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
    json: options.Json = False,
) -> None:
    """Write a store into one archive.

    It holds one moment of the store, which others may go on writing to: everything but the caches,
    and the models that lie in its folder.
    """
    from ...index import dump_store

    made = dump_store(store, archive, overwrite=force)
    if json:
        screen.print_json({**asdict(made), "archive": str(made.archive)})
        return
    screen.answer(f"{made.archive}: {_contents(made)}; {made.size / 1e6:,.1f} MB in {made.seconds:.1f} s.")


def restore(
    archive: Archive,
    store: Annotated[
        str,
        typer.Argument(metavar="STORE", help="A new folder, or the URL of an empty database.", show_default=False),
    ],
    json: options.Json = False,
) -> None:
    """Make a store of an archive.

    Every part is checked before the store becomes visible. The checksums tell damage, not forgery: restore what comes
    from where you trust.
    """
    from ...index import restore_store

    made = restore_store(archive, store)
    if json:
        screen.print_json(asdict(made))
        return
    screen.answer(f"{made.store}: {_contents(made)}, as of {made.made}, in {made.seconds:.1f} s.")


def upgrade(store: options.Store, json: options.Json = False) -> None:
    """Bring a store to this version's format.

    A dump of it is kept in its folder first. Older versions of shelfwise cannot write to it any more: upgrade when all
    are new.
    """
    from ...index import upgrade_store

    made = upgrade_store(store)
    if json:
        screen.print_json({**asdict(made), "kept": str(made.kept) if made.kept else None})
    elif made.kept is None:
        screen.answer(f"It has format {made.format} already, so nothing was changed.")
    else:
        screen.answer(f"Format {made.before} became {made.format} in {made.seconds:.1f} s. As it was: {made.kept}")


def _contents(made: Dumped | Restored) -> str:
    counts = {"product": made.products, "vector": made.vectors, "import": made.imports}
    said = [f"{count:,} {name}{'' if count == 1 else 's'}" for name, count in counts.items()]
    return f"{', '.join(said[:-1])} and {said[-1]} in format {made.format}"
