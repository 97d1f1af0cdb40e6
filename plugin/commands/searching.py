"""`shelfwise search` and `shelfwise similar`: ranked answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..hooks import hookimpl
from . import options, screen

if TYPE_CHECKING:
    from ..results import Results


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `search` and `similar`."""
    cli.command("search")(search)
    cli.command("similar")(similar)


def search(
    store: options.Store,
    query: Annotated[
        list[str],
        typer.Argument(metavar="QUERY", help="What a shopper would type; '' for all products.", show_default=False),
    ],
    k: Annotated[int, typer.Option("-k", "--k", metavar="N", help="How many hits.")] = 24,
    offset: Annotated[int, typer.Option(metavar="N", help="How many to skip.")] = 0,
    after: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="Go on behind a page, by the token that --json prints.")
    ] = None,
    filter: options.Filter = [],  # noqa: B006 - typer copies it
    facet: Annotated[
        list[str],
        typer.Option(metavar="FIELD", help="Count this field's values; may be repeated.", show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="relevance, newest, price, -price, or any field with numbers.")
    ] = "relevance",
    locale: options.Locale = None,
    market: options.Market = None,
    currency: options.Currency = None,
    group: options.Group = [],  # noqa: B006 - typer copies it
    location: options.Location = None,
    encoder: options.Encoder = None,
    query_prompt: options.QueryPrompt = None,
    passage_prompt: options.PassagePrompt = None,
    parts: options.Parts = False,
    json: options.Json = False,
) -> None:
    """Search a store by meaning and by words."""
    from ..shop import Shop
    from .filters import filters_from

    context = options.context(locale, market, currency, group, location)
    filters = filters_from(filter)
    settings = options.encoder_settings(encoder, query_prompt, passage_prompt)
    with Shop.open(store, create=False, encoder=settings) as shop:
        found = shop.search(
            " ".join(query),
            filters=filters,
            facets=facet,
            sort=sort,
            k=k,
            offset=offset,
            after=after,
            context=context,
        )
    _show(found, parts, json)


def similar(
    store: options.Store,
    id: Annotated[str, typer.Argument(metavar="ID", help="The product's id.", show_default=False)],
    k: Annotated[int, typer.Option("-k", "--k", metavar="N", help="How many hits.")] = 12,
    filter: options.Filter = [],  # noqa: B006 - typer copies it
    locale: options.Locale = None,
    market: options.Market = None,
    currency: options.Currency = None,
    group: options.Group = [],  # noqa: B006 - typer copies it
    location: options.Location = None,
    parts: options.Parts = False,
    json: options.Json = False,
) -> None:
    """Find products like one that the store holds."""
    from ..shop import Shop
    from .filters import filters_from

    context = options.context(locale, market, currency, group, location)
    filters = filters_from(filter)
    with Shop.open(store, create=False) as shop:
        found = shop.similar(id, filters=filters, k=k, context=context)
    _show(found, parts, json)


def _show(found: Results, parts: bool, as_json: bool) -> None:
    if as_json:
        screen.print_json(found.to_dict())
    else:
        from .results_table import show_results

        show_results(found, parts)
