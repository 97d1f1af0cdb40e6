"""Which products pass a request's filters, compiled once into a mask that every source honours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from ..context import Context
from ..errors import FilterError
from ..money import SCALE
from ..store.segment import Segment
from ..store.view import LiveSegment, View
from ..vectors.index import Mask
from .filters import AnyOf, Filter, Filters, InStock, Not, PriceRange, Range, Under
from .offers import PriceView


@dataclass(frozen=True)
class Matching:
    """What passes: products over all rows of the view, variants and prices by segment."""

    mask: Mask  # shape (view.n_rows,)
    variants: tuple[Mask, ...]  # shape (n_variants,) each
    prices: tuple[PriceView, ...]

    @property
    def until(self) -> float:
        """When an offer starts or ends next, in Unix seconds; the masks hold until then."""
        return min((view.until for view in self.prices), default=float("inf"))


def match(view: View, filters: Filters, context: Context, now: float | None = None) -> Matching:
    """All filters applied: those on options, price and stock must hold for one and the same variant.

    A product with offers, but none that holds in the context, is not for sale there and never passes. One without any
    offer at all passes (its price is unknown, not absent) unless price or stock is asked for. Raises `FilterError`.
    """
    check_fields(view, filters)
    masks, variants, prices = [], [], []
    for live in view.segments:
        price = live.prices(context, now)
        products, passing = _match_segment(live, filters, price)
        masks.append(products)
        variants.append(passing)
        prices.append(price)
    return Matching(np.concatenate(masks) if masks else np.zeros(0, bool), tuple(variants), tuple(prices))


def check_fields(view: View, filters: Filters) -> None:
    """Raises `FilterError` for a field that no product has, or a range over one without numbers."""
    known = {name for live in view.segments for name in live.segment.fields}
    for each in filters:
        inner = each
        while isinstance(inner, Not):
            inner = inner.inner
        if isinstance(inner, (PriceRange, InStock)) or not view.n_products:
            continue
        if inner.field in {"id", "added"}:
            if isinstance(inner, Range) != (inner.field == "added"):
                wanted = "ids, as a text or a list" if inner.field == "id" else "a range of dates"
                raise FilterError(f"filter {inner.field}: wanted {wanted}, got {type(inner).__name__}")
            continue
        if inner.field not in known:
            names = ", ".join(sorted(known | {"price", "in_stock", "added", "id"}))
            raise FilterError(f"filter {inner.field}: no product has such a field; wanted one of {names}")
        if isinstance(inner, Range) and not _has_numbers(view, inner.field):
            raise FilterError(
                f"filter {inner.field}: wanted values, got a range, but this field has no numbers; use a list "
                "of its values"
            )


def _has_numbers(view: View, name: str) -> bool:
    fields = (live.segment.fields.get(name) for live in view.segments)
    return any(field is not None and not np.isnan(field.numbers).all() for field in fields)


def _match_segment(live: LiveSegment, filters: Filters, price: PriceView) -> tuple[Mask, Mask]:
    segment = live.segment
    products = np.ones(segment.n_products, bool) if live.alive is None else live.alive.copy()
    offered = live.has_offer()
    variants = price.for_sale if offered.all() else price.for_sale | ~_of_products(segment, _any(segment, offered))
    for each in filters:
        by_product, by_variant = _evaluate(segment, each, price)
        if by_product is not None:
            products &= by_product
        if by_variant is not None:
            variants = variants & by_variant
    products &= _any(segment, variants)
    return products, variants & _of_products(segment, products)


def _any(segment: Segment, variants: Mask) -> Mask:
    """Which products have at least one of the variants."""
    if segment.one_variant_each:
        return variants
    found = np.zeros(segment.n_products, bool)
    found[segment.variant_product[variants]] = True
    return found


def _of_products(segment: Segment, products: Mask) -> Mask:
    """The variants of the products."""
    if segment.one_variant_each:
        return products
    found: Mask = products[segment.variant_product]
    return found


Evaluated = tuple[Mask | None, Mask | None]


def _evaluate(segment: Segment, each: Filter, price: PriceView) -> Evaluated:
    """One filter as a mask over products or over variants; exactly one of the two."""
    if isinstance(each, Not):
        products, variants = _evaluate(segment, each.inner, price)
        if variants is not None and _asks_offer(each.inner):
            return None, price.for_sale & ~variants  # an unknown price is not "another price"
        return (None if products is None else ~products), (None if variants is None else ~variants)
    if isinstance(each, PriceRange):
        return None, _price_between(price, each.low, each.high)
    if isinstance(each, InStock):
        return None, (price.in_stock if each.wanted else price.for_sale & ~price.in_stock)
    if isinstance(each, AnyOf) and each.field == "id":
        mask = np.zeros(segment.n_products, bool)
        mask[[row for row in map(segment.ids.find, each.values) if row >= 0]] = True
        return mask, None
    if isinstance(each, Range) and each.field == "added":
        return _between(segment.added, each.low, each.high), None
    return _evaluate_field(segment, each)


def _asks_offer(each: Filter) -> bool:
    return _asks_offer(each.inner) if isinstance(each, Not) else isinstance(each, (PriceRange, InStock))


def _evaluate_field(segment: Segment, each: AnyOf | Under | Range) -> Evaluated:
    field = segment.fields.get(each.field)
    if field is None:
        return np.zeros(segment.n_products, bool), None
    if isinstance(each, Range):
        wanted = field.codes_between(each.low, each.high)
    else:
        # A category's code stands for all products below it too: each product carries its whole path.
        wanted = field.codes_of(each.paths if isinstance(each, Under) else each.values)
    if field.by_variant is not None:
        return None, field.by_variant.any_in(wanted)
    return field.by_product.any_in(wanted), None


def _between(values: NDArray[np.float64], low: float | None, high: float | None) -> Mask:
    with np.errstate(invalid="ignore"):
        mask: Mask = ~np.isnan(values)
        if low is not None:
            mask &= values >= low
        if high is not None:
            mask &= values <= high
    return mask


def _price_between(price: PriceView, low: Decimal | None, high: Decimal | None) -> Mask:
    mask = price.for_sale
    if low is not None:
        mask = mask & (price.price >= _units(low, ROUND_CEILING))
    if high is not None:
        mask = mask & (price.price <= _units(high, ROUND_FLOOR))
    return mask


def _units(amount: Decimal, rounding: str) -> int:
    return int((amount * SCALE).to_integral_value(rounding=rounding))
