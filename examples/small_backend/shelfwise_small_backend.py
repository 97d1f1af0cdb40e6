"""A small shop's backend that has Shelfwise in its own process: search, a category page, a product, and what was seen.

Run it: `SHOP_STORE=my-shop uvicorn shelfwise_small_backend:app` (the store is made with three products if it is empty).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Query, Response
from shelfwise.plugin import Event, Product, RequestError, Shop, UnknownProduct, hookimpl

PRODUCTS = [
    Product("p1", "Wool scarf", price=39, stock=4, category="Clothes > Scarves"),
    Product("p2", "Linen beach towel", price=25, stock=9, category="Home > Bath"),
    Product("p3", "Knitted wool hat", price=24, stock=0, category="Clothes > Hats"),
]


class OwnTables:
    """What the shop knows better than the store: here in memory, in a real shop in its own database."""

    name = "own-tables"

    def __init__(self) -> None:
        self.stock: dict[str, int] = {}
        self.seen: dict[str, list[str]] = {}

    @hookimpl
    def live_offers(self, product_ids: list[str]) -> dict[str, Any]:
        """What was sold a moment ago is not offered again."""
        return {
            key: {"stock": self.stock[key]} if self.stock[key] else None for key in product_ids if key in self.stock
        }

    @hookimpl
    def user_history(self, request: Any) -> list[str]:
        """What this session looked at."""
        return self.seen.get(request.session, [])

    @hookimpl
    def on_event(self, event: Event) -> None:
        """Keeps what was looked at, and takes what was bought out of the stock."""
        if event.kind == "view" and event.session and event.product_id:
            self.seen.setdefault(event.session, []).append(event.product_id)
        if event.kind == "purchase" and event.product_id in self.stock:
            self.stock[event.product_id] -= 1


tables = OwnTables()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The shop is opened once a process."""
    with Shop.open(
        os.environ.get("SHOP_STORE", "my-shop"), encoder=os.environ.get("SHOP_ENCODER"), plugins=[tables]
    ) as shop:
        if not len(shop):
            shop.upsert(PRODUCTS)
            tables.stock = {"p1": 1}
        shop.warm()
        app.state.shop = shop
        yield


app = FastAPI(lifespan=lifespan)


# Not `async`: a search works, and does not wait, so it belongs into FastAPI's threads.
@app.get("/search")
def search(q: str = "", category: str | None = None, after: str | None = None, session: str | None = None) -> Any:
    """A search, or without a query a category page."""
    try:
        filters = {"category": category} if category else None
        return app.state.shop.search(q, filters=filters, facets=["category"], after=after, session=session).to_dict()
    except RequestError as error:
        raise HTTPException(400, str(error)) from None


@app.get("/products/{product_id}")
def product(product_id: str, response: Response, session: str | None = Query(None, max_length=200)) -> Any:
    """A product with similar ones; looking at it is told to the plugins."""
    try:
        found = app.state.shop.get(product_id)
        similar = app.state.shop.similar(product_id, k=4)
        app.state.shop.record(Event("view", product_id=product_id, session=session))
    except UnknownProduct as error:
        raise HTTPException(404, str(error)) from None
    except RequestError as error:
        raise HTTPException(400, str(error)) from None
    response.headers["Cache-Control"] = "no-store"
    return {"id": found.id, "title": found.title, "similar": similar.ids}


@app.post("/purchases/{product_id}")
def purchase(product_id: str, session: str | None = None) -> Any:
    """Somebody bought it."""
    app.state.shop.record(Event("purchase", product_id=product_id, session=session))
    return {"left": tables.stock.get(product_id)}
