"""Price and stock at the moment of answering, from the shop's own plugins; what sold out gives way to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..index import InStock, Money, PriceRange, ShelfwiseError, price_of, unwrapped
from .hook_calls import HookCalls
from .pipeline import Asked

if TYPE_CHECKING:
    from .shop import Shop

HOOK = "live_offers"
MOST_ROUNDS = 5  # in which a page is filled again


@dataclass(frozen=True)
class LiveOffer:
    """What a product costs now; None: as it is stored."""

    price: Money | None = None
    in_stock: bool | None = None


@dataclass
class LiveOffers:
    """Asks the plugins about the products of one page."""

    shop: Shop
    asked: Asked
    calls: HookCalls
    trust_stored: bool  # where a plugin fails: what is stored holds, and nothing is left out

    @property
    def wanted(self) -> bool:
        """Whether any plugin knows better than the store."""
        return bool(self.calls.implementations(HOOK))

    def of(self, product_ids: Sequence[str]) -> dict[str, LiveOffer | None]:
        """What is known of each product; None: it must not be shown."""
        made: dict[str, LiveOffer | None] = {key: LiveOffer() for key in product_ids}
        arguments = {"shop": self.shop, "request": self.asked.request, "product_ids": tuple(product_ids)}
        for answer in self.calls.call(HOOK, self.asked.budget, required=not self.trust_stored, **arguments):
            if answer.failure is None:
                try:
                    made.update(self._read(answer.value, made))
                    continue
                except (ShelfwiseError, TypeError, ValueError, AttributeError) as error:
                    answer = self.calls.reject(answer, HOOK, f"no offers ({error})")
            self.asked.degraded.append(f"{HOOK} of {answer.plugin}")
            if not self.trust_stored:
                return dict.fromkeys(product_ids)
        return {key: each if each is None or self._passes(each) else None for key, each in made.items()}

    def _read(self, value: object, asked_for: Mapping[str, Any]) -> dict[str, LiveOffer | None]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise TypeError(f"wanted a mapping of id to price and stock, got {type(value).__name__}")
        made: dict[str, LiveOffer | None] = {}
        for key, each in value.items():
            if key in asked_for:
                made[key] = None if each is None else self._one(each)
        return made

    def _one(self, each: Mapping[str, Any]) -> LiveOffer:
        if unknown := [name for name in each if name not in ("price", "stock")]:
            raise ValueError(f"wanted price and stock, got {unknown[0]!r:.40}")
        stock, price = each.get("stock"), each.get("price")
        if stock is not None and (isinstance(stock, bool) or not isinstance(stock, int) or stock < 0):
            raise ValueError(f"wanted a stock of 0 or more, got {stock!r:.40}")
        money = None if price is None else Money(price_of(price), self.asked.context.currency or "")
        return LiveOffer(money, None if "stock" not in each else stock != 0)

    def _passes(self, offer: LiveOffer) -> bool:
        """Whether a product still passes the filters on price and stock."""
        for each in (*self.asked.mandatory, *self.asked.request.filters):
            inner, negations = unwrapped(each)
            if isinstance(inner, InStock) and offer.in_stock is not None:
                holds = offer.in_stock is inner.wanted
            elif isinstance(inner, PriceRange) and offer.price is not None:
                amount = offer.price.amount
                holds = (inner.low is None or amount >= inner.low) and (inner.high is None or amount <= inner.high)
            else:
                continue
            if holds == bool(negations % 2):
                return False
        return True
