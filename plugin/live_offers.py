"""Price and stock at the moment of answering, from the shop's own plugins; what sold out gives way to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..index import InStock, Money, PriceRange, price_of, unwrapped
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
    failed: bool = False  # then nothing more is asked: nothing more can be shown

    @property
    def wanted(self) -> bool:
        """Whether any plugin knows better than the store."""
        return bool(self.calls.implementations(HOOK))

    def of(self, product_ids: Sequence[str]) -> dict[str, LiveOffer | None]:
        """What is known of each product; None: it must not be shown."""
        if self.failed or not product_ids:
            return dict.fromkeys(product_ids)
        made: dict[str, LiveOffer | None] = {key: LiveOffer() for key in product_ids}
        arguments = {"shop": self.shop, "request": self.asked.request, "product_ids": tuple(product_ids)}
        read, required = partial(self._read, asked_for=product_ids), not self.trust_stored
        for answer in self.calls.call(HOOK, self.asked.budget, required, read, **arguments):
            if answer.failure is None:
                for key, now in answer.value.items():
                    made[key] = _both(made[key], now)
                continue
            if (said := f"{HOOK} of {answer.plugin}") not in self.asked.degraded:
                self.asked.degraded.append(said)
            self.failed = self.failed or required
        if self.failed:
            return dict.fromkeys(product_ids)
        return {key: each if each is None or self._passes(each) else None for key, each in made.items()}

    def _read(self, value: object, asked_for: Sequence[str]) -> dict[str, LiveOffer | None]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise TypeError(f"wanted a mapping of id to price and stock, got {type(value).__name__}")
        return {key: None if value[key] is None else self._one(value[key]) for key in asked_for if key in value}

    def _one(self, each: object) -> LiveOffer:
        if not isinstance(each, Mapping):
            raise TypeError(f"wanted a mapping with price and stock, got {type(each).__name__}")
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


def _both(one: LiveOffer | None, other: LiveOffer | None) -> LiveOffer | None:
    """What two plugins know together: what cannot be had for one cannot be had; else the later one's word holds."""
    if one is None or other is None:
        return None
    return LiveOffer(other.price or one.price, one.in_stock if other.in_stock is None else other.in_stock)
