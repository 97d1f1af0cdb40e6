"""`shelfwise plugins`: who takes part when a store is opened."""

from __future__ import annotations

import typer

from ..hooks import hookimpl
from . import options, screen


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `plugins`."""
    cli.command("plugins")(plugins)


def plugins(store: options.Store, json: options.Json = False) -> None:
    """List the plugins that take part, as they are called."""
    from ..shop import Shop

    with Shop.open(store, create=False, maintain=False) as shop:
        active = shop.plugins.active()
    if json:
        screen.print_json(
            {"plugins": [{"name": one.name, "source": one.source, "hooks": list(one.hooks)} for one in active]}
        )
        return
    table = screen.table("name", "source", "hooks")
    for one in active:
        table.add_row(screen.plain(one.name), screen.plain(one.source), ", ".join(one.hooks))
    screen.out().print(table)
