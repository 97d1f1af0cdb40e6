"""Counts of what the found products have: by product, over all that match, not only the page."""

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

    A number field also has its range (`low`, `high`); the price's values are buckets of equal width, "10-20".
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
    for live, span in view.parts():
        column = live.segment.fields.get(field)
        if column is None:
            continue
        known = True
        counted = column.by_product.count(found[span], len(column.codes))
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
    amounts = prices[prices >= 0] / SCALE
    if not len(amounts):
        return Facet("price", ())
    low, high = float(amounts.min()), float(amounts.max())
    counts, edges = np.histogram(amounts, bins=BUCKETS, range=(low, high if high > low else low + 1))
    values = tuple(
        FacetValue(f"{start:g}-{end:g}", f"{start:,.2f} - {end:,.2f}", int(count))
        for count, start, end in zip(counts, edges[:-1], edges[1:], strict=True)
        if count
    )
    return Facet("price", values, low, high)


def _stock_facet(view: View, matching: Matching, found: Mask) -> Facet:
    there = 0
    for (live, span), passing, prices in zip(view.parts(), matching.variants, matching.prices, strict=True):
        products = live.segment.variant_product[np.flatnonzero(passing & prices.in_stock)]
        there += len(np.unique(products[found[span][products]]))
    counts = {"true": there, "false": int(np.count_nonzero(found)) - there}
    return Facet("in_stock", tuple(FacetValue(code, code, count) for code, count in counts.items() if count))
