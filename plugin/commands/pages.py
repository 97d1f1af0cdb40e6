"""`shelfwise page` and `shelfwise pages`: what a shop shows where nobody searches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..hooks import hookimpl
from . import options, screen

if TYPE_CHECKING:
    from ..landing import LandingPage


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `page` and `pages`."""
    cli.command("page")(page)
    cli.command("pages")(pages)


def page(
    store: options.Store,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The page's slug.", show_default=False)],
    k: Annotated[int, typer.Option("-k", "--k", metavar="N", help="How many hits.")] = 24,
    offset: Annotated[int, typer.Option(metavar="N", help="How many to skip.")] = 0,
    filter: options.Filter = [],  # noqa: B006 - typer copies it
    sort: Annotated[str | None, typer.Option(metavar="ORDER", help="An order in place of the page's own.")] = None,
    locale: options.Locale = None,
    market: options.Market = None,
    currency: options.Currency = None,
    group: options.Group = [],  # noqa: B006 - typer copies it
    location: options.Location = None,
    json: options.Json = False,
) -> None:
    """Show a landing page."""
    from ..shop import Shop
    from .filters import filters_from
    from .results_table import show_results

    context = options.context(locale, market, currency, group, location)
    with Shop.open(store, create=False) as shop:
        found = shop.page(slug, filters=filters_from(filter), sort=sort, k=k, offset=offset, context=context)
        title = shop.find_page(slug, locale=locale).title
    if json:
        screen.print_json({"title": title, **found.to_dict()})
        return
    if title:
        screen.answer(screen.plain(title), style="bold")
    show_results(found, parts=False)


def pages(
    store: options.Store,
    save: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="Save the pages of a JSON file, as --json prints them."
        ),
    ] = None,
    delete: Annotated[str | None, typer.Option(metavar="SLUG", help="Delete the pages of a slug.")] = None,
    locale: Annotated[str | None, typer.Option(metavar="TAG", help="With --delete: that of one locale alone.")] = None,
    browse_by: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="Set the order where nobody searches, -sales,newest say; '' for that."),
    ] = None,
    json: options.Json = False,
) -> None:
    """List, save or delete landing pages."""
    from ..shop import Shop

    with Shop.open(store, create=False) as shop:
        if save is not None:
            count = shop.save_pages(_read(save))
            screen.say(f"Saved {count:,} {'page' if count == 1 else 'pages'}.")
        if delete is not None:
            count = shop.delete_page(delete, locale)
            screen.say(f"Deleted {count:,} {'page' if count == 1 else 'pages'}.")
        if browse_by is not None:
            shop.browse_by(browse_by or None)
        found, order = shop.pages(), shop.browse_order
    if json:
        screen.print_json({"browse_by": order, "pages": [each.to_dict() for each in found]})
        return
    if found:
        table = screen.table("slug", "locale", "title", "query", "filters", "sort", "first")
        for each in found:
            shown = each.to_dict()
            values = [shown.get(name, "") for name in ("slug", "locale", "title", "query", "filters", "sort")]
            table.add_row(*map(screen.plain, values), screen.plain(" ".join(each.first)))
        screen.out().print(table)
    screen.answer(f"{len(found):,} landing {'page' if len(found) == 1 else 'pages'}; without a query by {order}")


def _read(path: Path) -> list[LandingPage]:
    import json

    from ...index import RequestError
    from ..landing import LandingPage

    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path}: wanted JSON, got something else ({error}); see `shelfwise pages --json`") from None
    given = read.get("pages") if isinstance(read, dict) else read
    if not isinstance(given, list):
        raise RequestError(f"{path}: wanted a list of pages, or an object with one as 'pages', got {given!r:.80}")
    return [LandingPage.from_dict(each) for each in given]
