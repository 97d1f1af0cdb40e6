"""A shop for those who may see a part of it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..index import Context, Filters, Product, UnknownProduct, parse_filters
from .request import Request, check_id
from .results import Results
from .why import Why

if TYPE_CHECKING:
    from .answering import Answering
    from .landing import LandingPage
    from .shop import Shop


class ScopedShop:
    """Answers as the shop does, under filters that hold whatever is asked; nothing is written through it.

    Facets, totals, positions by hand, landing pages, similar products, reasons and what is offered where nothing fits
    are of the visible part.
    """

    def __init__(self, shop: Shop, answering: Answering, filters: Filters, context: Context) -> None:
        """See `Shop.scoped`."""
        self._shop, self._answering, self._filters, self._context = shop, answering, filters, context

    def search(self, query: str, **arguments: Any) -> Results:
        """As `Shop.search`."""
        return self.answer(Request(query, **arguments))

    def browse(self, **arguments: Any) -> Results:
        """As `Shop.browse`."""
        return self.answer(Request(**arguments))

    def similar(
        self,
        product_id: str,
        *,
        filters: Mapping[str, Any] | Filters | None = None,
        k: int = 12,
        context: Context | None = None,
    ) -> Results:
        """As `Shop.similar`; a product that is hidden is unknown."""
        return self.answer(Request(product_id=product_id, filters=filters, k=k, context=context))

    def page(self, slug: str, **arguments: Any) -> Results:
        """As `Shop.page`."""
        context = self._in_scope(arguments.get("context"))
        return self.answer(self._shop.page_request(slug, **{**arguments, "context": context}))

    def find_page(self, slug: str, *, locale: str | None = None) -> LandingPage:
        """As `Shop.find_page`."""
        return self._shop.find_page(slug, locale=locale or self._context.locale)

    def get(self, product_id: str, *, context: Context | None = None) -> Product:
        """As `Shop.get`; a product that is hidden is unknown."""
        scope = self._in_scope(context)
        check_id(product_id, "product_id")
        if not self._answering.shows(product_id, scope, self._filters):
            raise UnknownProduct(
                f"product {product_id!r}: there is none in {self._shop.store.name}; check the id, or import it"
            )
        return self._shop.get(product_id, context=scope)

    def why(self, request: Request, product_id: str) -> Why:
        """As `Shop.why`; of a hidden product it says what it says of an unknown one."""
        return self._answering.why(self._scoped(request), product_id, self._filters)

    def answer(self, request: Request) -> Results:
        """As `Shop.answer`."""
        return self.answer_many([request])[0]

    def answer_many(self, requests: Sequence[Request]) -> list[Results]:
        """As `Shop.answer_many`."""
        return self._answering.answer_many([self._scoped(each) for each in requests], self._filters)

    def scoped(self, filters: Mapping[str, Any] | Filters | None = None, context: Context | None = None) -> ScopedShop:
        """A smaller part still."""
        narrower = (*self._filters, *parse_filters(filters))
        return ScopedShop(self._shop, self._answering, narrower, self._in_scope(context))

    def _scoped(self, request: Request) -> Request:
        return replace(request, context=self._in_scope(request.context))

    def _in_scope(self, context: Context | None) -> Context:
        return (context or Context()).filled(self._context)
