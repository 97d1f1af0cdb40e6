"""What filters, prices and facets mean, product by product: written from their docstrings, slow and plain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shelfwise.index import (
    Context,
    DateRange,
    Filter,
    InStock,
    Not,
    Offer,
    PriceRange,
    Product,
    Range,
    Under,
    Value,
    Variant,
)
from shelfwise.index.product_parts import path_code

LENGTHS = {"cm": 1, "m": 100}
TRUTHS = {"true": 1, "yes": 1, "false": 0, "no": 0}


def offer_here(variant: Variant, context: Context, now: float) -> Offer | None:
    """The offer that counts: of those that hold here, the most specific one, then the cheapest, then the first."""
    holding = [
        offer
        for offer in variant.offers
        if offer.currency == (context.currency or "")
        and offer.market in ("", context.market)
        and offer.location in ("", context.location)
        and (not offer.group or offer.group in context.groups)
        and (offer.starts is None or offer.starts.timestamp() <= now)
        and (offer.ends is None or now < offer.ends.timestamp())
    ]
    ranked = sorted(holding, key=lambda o: (not o.market, not o.location, not o.group, o.price))
    return ranked[0] if ranked else None


def next_change(products: Sequence[Product], context: Context, now: float) -> float:
    """When an offer of this place starts or ends next."""
    changes = [
        moment.timestamp()
        for product in products
        for _, offer in product.offers
        for moment in (offer.starts, offer.ends)
        if moment is not None
        and offer.currency == (context.currency or "")
        and offer.market in ("", context.market)
        and offer.location in ("", context.location)
        and (not offer.group or offer.group in context.groups)
    ]
    return min((change for change in changes if change > now), default=float("inf"))


def values_of(product: Product, variant: Variant, field: str) -> tuple[Value, ...]:
    """A field's values for one variant: its own option, else what the product says."""
    if field == "brand":
        return (Value(product.brand),) if product.brand else ()
    if field == "tags":
        return tuple(map(Value, product.tags))
    if field == "category":
        codes = [path_code(path, depth) for path in product.categories for depth in range(1, len(path) + 1)]
        return tuple(map(Value, dict.fromkeys(codes)))
    if field == "sku":
        return (Value(variant.sku),) if variant.sku else ()
    return variant.options.get(field) or product.attributes.get(field, ())


def holds(product: Product, variant: Variant, offer: Offer | None, each: Filter) -> bool:
    """Whether one variant of a product passes one filter."""
    if isinstance(each, Not):
        inner = each.inner
        while isinstance(inner, Not):
            inner = inner.inner
        if isinstance(inner, (PriceRange, InStock)) and offer is None:
            return False  # not for sale is neither cheap nor dear
        return not holds(product, variant, offer, each.inner)
    if isinstance(each, PriceRange):
        return offer is not None and between(offer.price, each.low, each.high)
    if isinstance(each, InStock):
        return offer is not None and (offer.stock != 0) == each.wanted
    if each.field == "id":
        return product.id in each.values
    if isinstance(each, DateRange) and each.field == "added":
        return product.added is not None and between(product.added, each.low, each.high)
    values = values_of(product, variant, each.field)
    if isinstance(each, Range):
        numbers = [number_of(value, each.unit) for value in values]
        return any(
            n is not None and between(n, each.low, each.high) and not (each.below and n == each.high) for n in numbers
        )
    if isinstance(each, DateRange):
        return any(between(date_of(value), each.low, each.high) for value in values if date_of(value))
    wanted = each.paths if isinstance(each, Under) else each.values
    return any(
        value.code in wanted or TRUTHS.get(value.code) in {TRUTHS.get(code, -1) for code in wanted} for value in values
    )


def number_of(value: Value, unit: str = "") -> float | None:
    """A value's number; in a unit where its text names one that compares."""
    written = re.fullmatch(r"(-?[\d.]+) (cm|m)", value.code)
    if written and unit in LENGTHS:
        return round(float(written[1]) * LENGTHS[written[2]] / LENGTHS[unit], 9)
    return float(written[1]) if written else value.number


def date_of(value: Value) -> datetime | None:
    try:
        return datetime.fromisoformat(value.code).replace(tzinfo=UTC)
    except ValueError:
        return None


def between(number: Any, low: Any, high: Any) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def passing(product: Product, filters: Sequence[Filter], context: Context, now: float) -> list[Variant]:
    """The variants that pass all filters; a product passes with at least one."""
    unpriced = not any(variant.offers for variant in product.variants)
    return [
        variant
        for variant in product.variants
        if ((offer := offer_here(variant, context, now)) is not None or unpriced)
        and all(holds(product, variant, offer, each) for each in filters)
    ]
