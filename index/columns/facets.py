"""Counts of what the found products have: by product, over all that match, not only the page.

What only some variants have is counted on those that pass the filters: a value's count is how many products are left
when it is chosen as well, so "red" is not promised for a product whose size M is blue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ..errors import FilterError
from ..money import SCALE
from ..product_parts import PATH_SEPARATOR
from .filters import AnyOf, Filters, Under, unwrapped
from .found import FoundProducts, Numbers, Pairs, distinct
from .histogram import Buckets, date_buckets, moment_of, number_buckets, price_buckets
from .view_fields import Kind, ViewField
from .wanted import no_such_field

MOST_VALUES = 100  # of one facet; the most frequent are kept
MOST_SINGLE = 12  # numbers that are listed one by one; more come as buckets
TRUTH_LABELS = {"en": ("no", "yes"), "de": ("nein", "ja"), "fr": ("non", "oui"), "zh": ("否", "是")}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value and how many of the found products have it."""

    code: str  # what a filter takes
    label: str  # in the request's locale
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A field's values among the found products, most frequent first; a chosen value is always among them.

    Prices, dates, and numbers where there are many, come as buckets of equal width in ascending order, and have their
    range. A category's values are whole paths; `path` and `children` are labelled by their last level alone.
    """

    field: str
    values: tuple[FacetValue, ...]
    low: float | datetime | None = None
    high: float | datetime | None = None
    unit: str = ""  # of numbers
    distinct: int = 0  # how many different values were found, whether or not they are among `values`
    path: tuple[FacetValue, ...] = ()  # of the category: the levels of the chosen one, outermost first
    children: tuple[FacetValue, ...] = ()  # of the category: what lies directly below the chosen one, or the top level

    def __iter__(self) -> Iterator[FacetValue]:
        return iter(self.values)

    def count(self, code: str) -> int:
        """How many found products have this value."""
        return next((value.count for value in self.values if value.code == code), 0)


def facet(found: FoundProducts, name: str, locale: str, chosen: Filters = ()) -> Facet:
    """One field's counts; raises `FilterError` for a field that no product has.

    `chosen`: the request's filters on this field, whose values are listed whatever their counts.
    """
    if name == "price":
        return _prices(found)
    if name == "in_stock":
        return _stock(found, locale)
    if name == "added":
        return _dates(name, found.added)
    field = found.view.fields.get(name)
    if field is None:
        if found.view.n_products:
            raise FilterError(f"facet {name}: {no_such_field(found.view, name, 'added', 'in_stock', 'price')}")
        return Facet(name, ())
    if field.kind is Kind.DATE:
        return _dates(name, found.moments(field))
    codes = found.codes(field)
    if field.kind is Kind.TRUTH and field.truths is not None:
        return _truths(field, codes, field.truths, locale)
    counts = np.bincount(codes.values, minlength=field.n_codes)
    if field.kind is Kind.NUMBER:
        return _numbers(field, codes, counts, locale, chosen)
    if name == "category":
        return _categories(field, counts, locale, chosen)
    return _texts(field, counts, locale, chosen)


def _texts(field: ViewField, counts: Numbers, locale: str, chosen: Filters = ()) -> Facet:
    asked = [field.find(value) for value in _asked(chosen)[:MOST_VALUES]]
    top = dict.fromkeys([*field.most_frequent(counts, MOST_VALUES), *(number for number in asked if number >= 0)])
    values = tuple(_value(field, number, counts, locale) for number in top)
    return Facet(field.name, values, distinct=int(np.count_nonzero(counts)))


def _value(field: ViewField, number: int, counts: Numbers, locale: str) -> FacetValue:
    return FacetValue(field.code(number), field.label(number, locale), int(counts[number]))


def _asked(chosen: Filters) -> list[str]:
    """The values that filters ask for."""
    made: list[str] = []
    for each in chosen:
        inner, negations = unwrapped(each)
        if negations % 2 == 0 and isinstance(inner, (AnyOf, Under)):
            made += inner.values if isinstance(inner, AnyOf) else inner.paths
    return made


def _categories(field: ViewField, counts: Numbers, locale: str, chosen: Filters) -> Facet:
    levels = _common_path([path.split(PATH_SEPARATOR) for path in _asked(chosen)])
    path = []
    for depth in range(len(levels)):
        code = PATH_SEPARATOR.join(levels[: depth + 1])
        number = field.find(code)
        path.append(_level(field, number, counts, locale) if number >= 0 else FacetValue(code, levels[depth], 0))
    below = field.most_frequent(counts, MOST_VALUES, field.children_of(PATH_SEPARATOR.join(levels)))
    children = tuple(_level(field, number, counts, locale) for number in below)
    return replace(_texts(field, counts, locale, chosen), path=tuple(path), children=children)


def _level(field: ViewField, number: int, counts: Numbers, locale: str) -> FacetValue:
    value = _value(field, number, counts, locale)
    return replace(value, label=value.label.rpartition(PATH_SEPARATOR)[2])


def _common_path(paths: list[list[str]]) -> list[str]:
    """The levels that all chosen categories share."""
    shared = []
    for levels in zip(*paths, strict=False):
        if len(set(levels)) > 1:
            break
        shared.append(levels[0])
    return shared


def _numbers(field: ViewField, codes: Pairs, counts: Numbers, locale: str, chosen: Filters) -> Facet:
    numbers = field.numbers[codes.values.astype(np.int64)]
    known = ~np.isnan(numbers)
    different = distinct(numbers[known])
    made = replace(_texts(field, counts, locale, chosen), unit=field.unit)
    if len(different):
        made = replace(made, low=float(different[0]), high=float(different[-1]))
    if len(different) <= MOST_SINGLE:
        return made
    buckets = _bucketed(number_buckets(numbers[known], field.unit), codes.where(known))
    others = _texts(field, np.where(np.isnan(field.numbers), counts, 0), locale)
    return replace(made, values=(*buckets, *others.values))


def _dates(name: str, pairs: Pairs) -> Facet:
    if not len(pairs.values):
        return Facet(name, ())
    moments = np.asarray(pairs.values, np.float64)
    low, high = moment_of(float(moments.min())), moment_of(float(moments.max()))
    return Facet(name, _bucketed(date_buckets(moments), pairs), low, high, distinct=len(distinct(moments)))


def _prices(found: FoundProducts) -> Facet:
    values = np.asarray(found.prices.values, np.int64)
    if not len(values):
        return Facet("price", ())
    low, high = float(values.min() / SCALE), float(values.max() / SCALE)
    return Facet("price", _bucketed(price_buckets(values), found.prices), low, high, distinct=len(distinct(values)))


def _bucketed(buckets: Buckets, pairs: Pairs) -> tuple[FacetValue, ...]:
    counts = pairs.products_with(buckets.of, len(buckets.each))
    counted = zip(buckets.each, counts.tolist(), strict=True)
    return tuple(FacetValue(bucket.code, bucket.label, count) for bucket, count in counted if count)


def _truths(field: ViewField, codes: Pairs, truths: NDArray[np.bool_], locale: str) -> Facet:
    counts = codes.products_with(truths[codes.values.astype(np.int64)].astype(np.int64), 2)
    own = [field.own_label(np.flatnonzero(truths == truth).tolist(), locale) for truth in (False, True)]
    return _no_and_yes(field.name, counts.tolist(), own, locale)


def _stock(found: FoundProducts, locale: str) -> Facet:
    counts = [0, 0]
    for (variants, products), prices in zip(found.variants, found.matching.prices, strict=True):
        there = prices.in_stock
        for at, which in enumerate((prices.for_sale & ~there, there)):
            counts[at] += len(distinct(products[which[variants]]))
    return _no_and_yes("in_stock", counts, ["", ""], locale)


def _no_and_yes(name: str, counts: list[int], own_labels: list[str], locale: str) -> Facet:
    words = TRUTH_LABELS.get(locale.split("-")[0], TRUTH_LABELS["en"])
    no, yes = (
        FacetValue(code, own or word, count)
        for code, own, word, count in zip(("false", "true"), own_labels, words, counts, strict=True)
    )
    values = tuple(value for value in (yes, no) if value.count)
    return Facet(name, values, distinct=len(values))
