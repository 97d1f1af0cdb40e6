"""The hooks: what a plugin can take part in. A hook is one function, and a plugin takes only the arguments it wants.

Hooks of one request run in the caller's thread, one plugin after another, and have 30 ms each; see docs/plugins.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import typer

    from ..index import Filters, Product
    from .events import Event
    from .feeds import FeedReader
    from .pipeline import Source, Stage
    from .request import Request
    from .results import Results
    from .shop import Shop

PROJECT = "shelfwise"
hookspec = pluggy.HookspecMarker(PROJECT)

# ---- what a plugin brings, asked once -----------------------------------------------------------------------------


@hookspec
def register_sources(shop: Shop) -> Iterable[Source]:  # type: ignore[empty-body]
    """Give sources, which propose products for a request; called when a shop is opened."""


@hookspec
def register_stages(shop: Shop) -> Iterable[Stage]:  # type: ignore[empty-body]
    """Give stages, which score, move or remove what the sources proposed; called when a shop is opened."""


@hookspec
def register_feed_readers() -> Iterable[FeedReader]:  # type: ignore[empty-body]
    """Give readers of feed formats; called when a feed is read."""


@hookspec
def register_commands(cli: typer.Typer) -> None:
    """Add commands to the command line: a function by `cli.command()`, a group of them by `cli.add_typer()`."""


@hookspec
def register_routes(api: Any) -> None:
    """Add routes to the web application of the demo (a FastAPI application), before it serves."""


@hookspec
def extra_metrics() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Give measures by name, each a function of a ranking of ids and the gains of the good ones, for evaluations."""


# ---- what happens when products are written ------------------------------------------------------------------------


@hookspec
def prepare_text(product: Product, locale: str) -> str | None:
    """Give the text that the encoder reads of a product in a locale, or None; called for each product written."""


# ---- what happens when a request is answered -----------------------------------------------------------------------


@hookspec
def prepare_query(request: Request) -> Request | None:
    """Give another request in place of this one (synonyms, a translation), or None; called first."""


@hookspec
def mandatory_filters(shop: Shop, request: Request) -> Filters | Mapping[str, Any] | None:
    """Give filters that must hold for this shopper (permissions), or None. If it fails, nothing is shown."""


@hookspec
def user_history(shop: Shop, request: Request) -> Iterable[str] | None:
    """Give the ids that this shopper looked at or bought, the latest last, or None; asked where a request has none."""


@hookspec
def live_offers(shop: Shop, request: Request, product_ids: Sequence[str]) -> Mapping[str, Any] | None:
    """Give price and stock as they are now, by id, None for what cannot be had; if it fails, these are left out."""


@hookspec
def on_results(shop: Shop, request: Request, results: Results) -> None:
    """Hear of an answer (for a log); called last."""


@hookspec
def on_event(shop: Shop, event: Event) -> None:
    """Hear of what a shopper did, as `shop.record` was told."""


# ---- around isolated calls -----------------------------------------------------------------------------------------


@hookspec
def isolated_call_started(plugin: str, hook: str) -> None:
    """Hear that a call begins in a thread of a plugin's pool, in that thread."""


@hookspec
def isolated_call_ended(plugin: str, hook: str) -> None:
    """Hear that it ended, in that thread; the place to close what belongs to it: `connections.close_all()`."""
