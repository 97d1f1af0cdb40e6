"""`shelfwise why`: what happened to one product on the way to an answer."""

from __future__ import annotations

from typing import Annotated

import typer

from ..hooks import hookimpl
from . import options, screen


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `why`."""
    cli.command("why")(why)


def why(
    store: options.Store,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What was typed.", show_default=False)],
    product: Annotated[str, typer.Argument(metavar="ID", help="The product's id.", show_default=False)],
    filter: options.Filter = [],  # noqa: B006 - typer copies it
    locale: options.Locale = None,
    market: options.Market = None,
    currency: options.Currency = None,
    group: options.Group = [],  # noqa: B006
    location: options.Location = None,
    json: options.Json = False,
) -> None:
    """Say why a product is, or is not, in the answer to a query."""
    from ..request import Request
    from ..shop import Shop
    from .filters import filters_from

    context = options.context(locale, market, currency, group, location)
    with Shop.open(store, create=False, maintain=False) as shop:
        found = shop.why(Request(query, filters=filters_from(filter), context=context), product)
    if json:
        screen.print_json(found.to_dict())
        return
    for step in found.steps:
        screen.answer(step.sentence)
