"""Counts of what the found products have: by product, over all that match, not only the page.

What only some variants have is counted on those that pass the filters: a value's count is how many products are left
when it is chosen as well, so "red" is not promised for a product whose size M is blue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import FilterError
from ..money import SCALE
from ..product_parts import Value
from ..store.view import View
from ..vectors.index import Mask
from .lists import Lists
from .matching import Matching

MOST_VALUES = 100  # of one facet; the most frequent are kept
BUCKETS = 8


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value and how many of the found products have it."""

    code: str  # what a filter takes
    label: str  # in the request's locale
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A field's values among the found products, most frequent first.

    A number field also has its range (`low`, `high`); the price's values are buckets of equal width, "10.00..19.99".
    """

    field: str
    values: tuple[FacetValue, ...]
    low: float | None = None
    high: float | None = None

    def __iter__(self) -> Iterator[FacetValue]:
        return iter(self.values)

    def count(self, code: str) -> int:
        """How many found products have this value."""
        return next((value.count for value in self.values if value.code == code), 0)


def facet(view: View, matching: Matching, found: Mask, field: str, locale: str) -> Facet:
    """One field's counts over the found rows; raises `FilterError` for a field that no product has."""
    if field == "price":
        return _price_facet(view, matching, found)
    if field == "in_stock":
        return _stock_facet(view, matching, found)
    counts: Counter[str] = Counter()
    labels: dict[str, str] = {}
    numbers: list[float] = []
    known = False
    for (live, span), passing in zip(view.parts(), matching.variants, strict=True):
        column = live.segment.fields.get(field)
        if column is None:
            continue
        known = True
        if column.by_variant is None:
            counted = column.by_product.count(found[span], len(column.codes))
        else:
            chosen = passing & found[span][live.segment.variant_product]
            counted = _count_products(column.by_variant, chosen, live.segment.variant_product, len(column.codes))
        for code in np.flatnonzero(counted).tolist():
            name = column.codes[code]
            counts[name] += int(counted[code])
            labels.setdefault(name, Value(name, column.labels.get(name, {})).label(locale))
            if not np.isnan(column.numbers[code]):
                numbers.append(float(column.numbers[code]))
    if not known and view.n_products:
        names = ", ".join(
            sorted({name for live in view.segments for name in live.segment.fields} | {"price", "in_stock"})
        )
        raise FilterError(f"facet {field}: no product has such a field; wanted one of {names}")
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_VALUES]
    values = tuple(FacetValue(code, labels[code], count) for code, count in ranked)
    return Facet(field, values, min(numbers, default=None), max(numbers, default=None))


def lowest_prices(view: View, matching: Matching, found: Mask) -> NDArray[np.int64]:
    """The lowest price among each found product's passing variants, in 1/10,000; -1 without one. Shape (n_rows,)."""
    made = np.full(view.n_rows, -1, np.int64)
    for (live, span), passing, prices in zip(view.parts(), matching.variants, matching.prices, strict=True):
        chosen = np.flatnonzero(passing & (prices.price >= 0))
        products = live.segment.variant_product[chosen]
        lowest = np.full(live.segment.n_products, np.iinfo(np.int64).max)
        np.minimum.at(lowest, products, prices.price[chosen])
        has = lowest < np.iinfo(np.int64).max
        made[span] = np.where(has & found[span], lowest, -1)
    return made


def _price_facet(view: View, matching: Matching, found: Mask) -> Facet:
    prices = lowest_prices(view, matching, found)
    priced = prices[prices >= 0]
    if not len(priced):
        return Facet("price", ())
    cents = priced // (SCALE // 100)
    # Whole cents, so that neighbouring buckets share no price and each one's code is a filter that counts the same.
    edges = np.unique(np.linspace(cents.min(), cents.max() + 1, BUCKETS + 1).round().astype(np.int64))
    counts = np.histogram(cents, bins=edges)[0]
    bounds = zip(counts.tolist(), (edges[:-1] / 100).tolist(), ((edges[1:] - 1) / 100).tolist(), strict=True)
    values = tuple(
        FacetValue(f"{low:.2f}..{high:.2f}", f"{low:,.2f} - {high:,.2f}", count) for count, low, high in bounds if count
    )
    return Facet("price", values, float(priced.min() / SCALE), float(priced.max() / SCALE))


def _count_products(codes: Lists, chosen: Mask, products: NDArray[np.int32], n_codes: int) -> NDArray[np.int64]:
    """How many products have each code on one of their chosen variants; shape (n_codes,)."""
    lengths = np.diff(codes.starts)
    held = codes.values[np.repeat(chosen, lengths)].astype(np.int64)
    pairs = np.repeat(products[chosen].astype(np.int64), lengths[chosen]) * n_codes + held
    return np.bincount(np.unique(pairs) % n_codes, minlength=n_codes) if n_codes else np.zeros(0, np.int64)


def _stock_facet(view: View, matching: Matching, found: Mask) -> Facet:
    counts = {"true": 0, "false": 0}
    for (live, span), passing, prices in zip(view.parts(), matching.variants, matching.prices, strict=True):
        for code, variants in (("true", prices.in_stock), ("false", prices.for_sale & ~prices.in_stock)):
            products = live.segment.variant_product[np.flatnonzero(passing & variants)]
            counts[code] += len(np.unique(products[found[span][products]]))
    return Facet("in_stock", tuple(FacetValue(code, code, count) for code, count in counts.items() if count))
