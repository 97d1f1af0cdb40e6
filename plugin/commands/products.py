"""`shelfwise get` and `shelfwise delete`: single products."""

from __future__ import annotations

from typing import Annotated

import typer

from ..hooks import hookimpl
from . import options, screen


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `get` and `delete`."""
    cli.command("get")(get)
    cli.command("delete")(delete)


def get(
    store: options.Store,
    id: Annotated[str, typer.Argument(metavar="ID", help="The product's id.", show_default=False)],
    locale: options.Locale = None,
    json: options.Json = False,
) -> None:
    """Show one product."""
    from ..shop import Shop

    context = options.context(locale, None, None, [], None)
    with Shop.open(store, create=False) as shop:
        product = shop.get(id, context=context)
    if json:
        screen.print_json(product.to_dict())
    else:
        from .product_page import show_product

        show_product(product)


def delete(
    store: options.Store,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The products' ids.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Delete products.

    Ids that the store does not hold are named and change nothing.
    """
    from ..shop import Shop

    with Shop.open(store, create=False) as shop:
        unknown = [each for each in dict.fromkeys(ids) if each not in shop.store.products(ids)]
        gone = shop.delete(ids)
    if json:
        screen.print_json({"deleted": gone, "unknown": unknown})
        return
    screen.answer(f"{gone:,} deleted.")
    if unknown:
        screen.warn(f"Not there: {', '.join(map(repr, unknown))}.")
