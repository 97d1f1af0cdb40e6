"""Found products and what each of them has, as pairs: what facets count and sort orders compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..lazy import cached_property
from ..store.view import View
from ..vectors.index import Mask, Rows
from .matching import Matching
from .view_fields import ViewField

Numbers = NDArray[np.int64]
Array = TypeVar("Array", NDArray[np.int64], NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Products, by their place among the found ones, and what they have."""

    products: Numbers
    values: NDArray[np.int64] | NDArray[np.float64]

    def where(self, which: Mask) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.products[which], self.values[which])

    def products_with(self, numbers: Numbers, size: int) -> Numbers:
        """How many products have each of 0 to `size` - 1, where `numbers` stand for the pairs' values."""
        if not size:
            return np.zeros(0, np.int64)
        return np.bincount(distinct(self.products * size + numbers) % size, minlength=size)


class FoundProducts:
    """The products of a match set; of their variants only those count that pass the filters."""

    def __init__(self, view: View, matching: Matching, rows: Rows) -> None:
        """`rows`: of the view, ascending; those that `matching` lets pass."""
        self.view, self.matching, self.rows = view, matching, rows
        bounds = np.searchsorted(rows, view.offsets)
        self._firsts: list[int] = bounds[:-1].tolist()  # the place of each segment's first found product
        self._own = [  # the found rows of each segment, as its own
            rows[start:end] - offset
            for start, end, offset in zip(bounds[:-1], bounds[1:], view.offsets[:-1], strict=True)
        ]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def variants(self) -> list[tuple[Numbers, Numbers]]:
        """By segment: the variants that pass, ascending, and the place of the product of each."""
        made = []
        for at, (live, rows) in enumerate(zip(self.view.segments, self._own, strict=True)):
            segment, passing = live.segment, self.matching.variants[at]
            if segment.one_variant_each:
                variants, products = rows, np.arange(len(rows))
            else:
                variants, products = spread(segment.first_variant[rows], segment.first_variant[rows + 1])
            keep = passing[variants]
            made.append((variants[keep], products[keep] + self._firsts[at]))
        return made

    def codes(self, field: ViewField) -> Pairs:
        """The codes, numbered as in the field, that each product has on a variant that passes; each pair once."""
        found: list[Pairs] = []
        for at, part in enumerate(field.parts):
            if part is None:
                continue
            if part.by_variant is None:
                lists, rows = part.by_product, self._own[at]
                products = np.arange(len(rows)) + self._firsts[at]
            else:
                lists, (rows, products) = part.by_variant, self.variants[at]
            places, owners = spread(lists.starts[rows], lists.starts[rows + 1])
            codes, products = field.numbered(at, lists.values[places]), products[owners]
            if part.by_variant is not None and not self.view.segments[at].segment.one_variant_each:
                pairs = distinct(products * field.n_codes + codes)
                products, codes = pairs // field.n_codes, pairs % field.n_codes
            found.append(Pairs(products, codes))
        return _joined(found)

    def numbers(self, field: ViewField) -> Pairs:
        """The numbers that each product has, in the field's unit."""
        codes = self.codes(field)
        made = Pairs(codes.products, field.numbers[codes.values.astype(np.int64)])
        return made.where(~np.isnan(made.values))

    def moments(self, field: ViewField) -> Pairs:
        """The dates that each product has, in Unix seconds."""
        codes = self.codes(field)
        made = Pairs(codes.products, field.moments[codes.values.astype(np.int64)])
        return made.where(~np.isnan(made.values))

    @cached_property
    def added(self) -> Pairs:
        """When each product was added, in Unix seconds."""
        made = _joined(
            [
                Pairs(np.arange(len(rows)) + first, live.segment.added[rows])
                for live, rows, first in zip(self.view.segments, self._own, self._firsts, strict=True)
            ]
        )
        return made.where(~np.isnan(made.values))

    @cached_property
    def prices(self) -> Pairs:
        """The prices of each product in 1/10,000."""
        made = _joined(
            [
                Pairs(products, prices.price[variants])
                for (variants, products), prices in zip(self.variants, self.matching.prices, strict=True)
            ]
        )
        return made.where(made.values >= 0)


def distinct(values: Array) -> Array:
    """The values in ascending order, each once; `np.unique` takes three times as long for a few thousand."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def spread(starts: Numbers, ends: Numbers) -> tuple[Numbers, Numbers]:
    """All places from each start to its end, and whose each one is."""
    lengths = ends - starts
    owners = np.repeat(np.arange(len(lengths)), lengths)
    return np.arange(len(owners)) + (starts - (np.cumsum(lengths) - lengths))[owners], owners


def _joined(found: list[Pairs]) -> Pairs:
    if len(found) == 1:
        return found[0]
    if not found:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return Pairs(np.concatenate([each.products for each in found]), np.concatenate([each.values for each in found]))
