"""Which variant stands for a product: one that passes, says what was asked for, is in stock, and costs least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..vectors.index import Rows
from ..words.identifiers import candidates, identifier_term
from .found import FoundProducts, Numbers, distinct, spread

NUMBERS = ("sku", "gtin")  # fields of a variant that are not options
# One whole number to compare variants by: first what was asked for, then stock, then price (which is below 2 ** 57).
PRICE_BITS, MOST_SAID = 57, 15
UNPRICED = 2**PRICE_BITS - 1
TYPED_NUMBER = 8  # options that a variant's own number counts as


@dataclass(frozen=True, slots=True)
class Asking:
    """What a query says that may tell variants of a product apart."""

    words: frozenset[str] = frozenset()  # as `tokens` makes them
    locale: str = ""
    numbers: frozenset[str] = frozenset()  # terms of what may be article numbers
    identified: Rows | None = None  # products that bear one of them, ascending

    @classmethod
    def of(cls, query: str, words: Sequence[str], locale: str, identified: Rows) -> Asking:
        """What a query and its words say. `identified`: the products whose number it names."""
        numbers = frozenset(term for term, _ in candidates(query)) if len(identified) else frozenset()
        return cls(frozenset(words), locale, numbers, identified)


@dataclass(frozen=True, slots=True)
class Shown:
    """The variant that stands for each of the found products, in their order."""

    variants: Numbers  # of its segment
    prices: Numbers  # in 1/10,000; -1 where there is none


def shown_variants(found: FoundProducts, asking: Asking) -> Shown:
    """Of the variants that pass, the one that says most of what was asked for, then one in stock, then the cheapest."""
    variants, prices = np.zeros(len(found), np.int64), np.full(len(found), -1, np.int64)
    for at, (own, products) in enumerate(found.variants):
        if not len(own):
            continue
        view = found.matching.prices[at]
        first = np.flatnonzero(np.concatenate(([True], products[1:] != products[:-1])))
        if len(first) < len(own):
            price = view.price[own]
            rank = np.where(price < 0, UNPRICED, price) + ((view.stock[own] == 0).astype(np.int64) << PRICE_BITS)
            rank -= _said(found, at, asking) << (PRICE_BITS + 1)
            least = np.minimum.reduceat(rank, first)
            best = np.flatnonzero(rank == np.repeat(least, np.diff(np.append(first, len(own)))))
            chosen = best[np.concatenate(([True], products[best][1:] != products[best][:-1]))]
        else:
            chosen = first
        variants[products[chosen]] = own[chosen]
        prices[products[chosen]] = view.price[own[chosen]]
    return Shown(variants, prices)


def _said(found: FoundProducts, segment: int, asking: Asking) -> NDArray[np.int64]:
    """How many of each passing variant's options, or its number, the query names."""
    own, products = found.variants[segment]
    said = np.zeros(len(own), np.int64)
    fields = found.view.segments[segment].segment.fields
    for name, field in fields.items():
        lists = field.by_variant
        if lists is None or name in NUMBERS or not asking.words:
            continue
        named = field.codes_saying(asking.words, asking.locale)
        if named is not None:
            places, owners = spread(lists.starts[own], lists.starts[own + 1])
            said[distinct(owners[named[lists.values[places]]])] += 1
    if asking.numbers and asking.identified is not None:
        bearing = np.flatnonzero(np.isin(found.rows[products], asking.identified))
        for name in NUMBERS:
            lists = fields[name].by_variant if name in fields else None
            if lists is None:
                continue
            for at in bearing.tolist():
                codes = (fields[name].codes[code] for code in lists.of(int(own[at])).tolist())
                said[at] += TYPED_NUMBER * any(identifier_term(code) in asking.numbers for code in codes)
    return np.minimum(said, MOST_SAID)
