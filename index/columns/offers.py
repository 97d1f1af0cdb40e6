"""Prices and stock: all offers of a segment, and what they come to in one context."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import load_array
from ..context import Context
from ..money import to_units
from ..product_parts import Offer
from ..strings import StringTable
from ..vectors.index import Mask

UNCOUNTED = -1  # stock of an offer that nobody counts
NO_PRICE = -1
# The columns of one offer, in order: all are int64.
COLUMNS = ("variant", "currency", "market", "group", "location", "price", "list_price", "stock", "starts", "ends")
# Contexts are few; a flood of made-up ones must not fill the memory.
MOST_CONTEXTS = 64
NAMED = ("currency", "market", "group", "location")  # held as numbers of names
FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class PriceView:
    """What each variant costs in one context, for as long as no offer starts or ends."""

    price: NDArray[np.int64]  # shape (n_variants,), in 1/10,000; NO_PRICE where it is not for sale
    list_price: NDArray[np.int64]
    stock: NDArray[np.int64]  # UNCOUNTED where nobody counts
    since: float  # Unix seconds: the moment that it was computed for; a clock may go back
    until: float

    @property
    def for_sale(self) -> Mask:
        """Which variants have an offer here."""
        offered: Mask = self.price >= 0
        return offered

    @property
    def in_stock(self) -> Mask:
        """Which variants are for sale and not sold out."""
        there: Mask = (self.price >= 0) & (self.stock != 0)
        return there


class Offers:
    """The offers of a segment as columns, ordered by variant."""

    def __init__(self, names: StringTable, table: NDArray[np.int64], n_variants: int) -> None:
        self.names = names  # of currencies, markets, groups and locations
        self.table = table  # shape (len(COLUMNS), n_offers)
        self.n_variants = n_variants
        self._views: dict[Context, PriceView] = {}

    @classmethod
    def build(cls, by_variant: Iterable[Sequence[Offer]]) -> Offers:
        """Offers of variants 0, 1, 2, …"""
        builder = OffersBuilder()
        for offers in by_variant:
            builder.add(offers)
        return builder.build()

    def column(self, name: str) -> NDArray[np.int64]:
        """One column of all offers."""
        column: NDArray[np.int64] = self.table[COLUMNS.index(name)]
        return column

    def view(self, context: Context, now: float | None = None) -> PriceView:
        """The prices in a context: among a variant's offers that hold there now, the one for the most specific market,
        then location, then group, then the lowest price.
        """
        moment = time.time() if now is None else now
        known = self._views.get(context)
        if known is not None and now is None and known.since <= moment < known.until:
            return known
        made = self._compute(context, moment)
        if now is None:
            if len(self._views) > MOST_CONTEXTS:
                self._views.clear()
            self._views[context] = made
        return made

    def _compute(self, context: Context, moment: float) -> PriceView:
        columns = dict(zip(COLUMNS, self.table, strict=True))
        blank = self.names.find("")
        holds = columns["currency"] == self.names.find(context.currency or "")
        specific = np.zeros(len(holds), np.int64)
        wanted = (("market", (context.market,), 4), ("location", (context.location,), 2), ("group", context.groups, 1))
        for name, values, weight in wanted:
            own = np.isin(columns[name], [self.names.find(value) for value in values if value])
            holds &= own | (columns[name] == blank)
            specific += weight * own
        starts, ends = columns["starts"], columns["ends"]
        changes = np.concatenate([starts[holds], ends[holds]])
        later = changes[(changes > moment) & (changes != FOREVER)]
        holds &= (starts <= moment) & (moment < ends)
        chosen = np.flatnonzero(holds)
        order = np.lexsort((columns["price"][chosen], -specific[chosen], columns["variant"][chosen]))
        chosen = chosen[order]
        variants = columns["variant"][chosen]
        first = np.concatenate(([True], variants[1:] != variants[:-1])) if len(variants) else np.zeros(0, bool)
        chosen, variants = chosen[first], variants[first]

        def spread(values: NDArray[np.int64], missing: int) -> NDArray[np.int64]:
            made = np.full(self.n_variants, missing, np.int64)
            made[variants] = values
            return made

        return PriceView(
            price=spread(columns["price"][chosen], NO_PRICE),
            list_price=spread(columns["list_price"][chosen], NO_PRICE),
            stock=spread(columns["stock"][chosen], 0),
            since=moment,
            until=float(later.min()) if len(later) else float("inf"),
        )

    def has_offer(self) -> Mask:
        """Which variants have any offer anywhere."""
        made = np.zeros(self.n_variants, bool)
        made[self.column("variant")] = True
        return made

    def joined(self, other: Offers, rows: NDArray[np.int64], other_rows: NDArray[np.int64], n_variants: int) -> Offers:
        """The offers of both, the variants of each renumbered (-1: left out)."""
        names = StringTable.build({*_all(self.names), *_all(other.names)})
        tables = []
        for offers, numbers in ((self, rows), (other, other_rows)):
            table = offers.table.copy()
            table[0] = numbers[table[0]]
            places = np.array([names.find(name) for name in _all(offers.names)], np.int64)
            for name in NAMED:
                at = COLUMNS.index(name)
                table[at] = places[table[at]]
            tables.append(table[:, table[0] >= 0])
        together = np.concatenate(tables, axis=1)
        return Offers(names, together[:, np.argsort(together[0], kind="stable")], n_variants)

    def save(self, folder: Path) -> None:
        """Files in the folder that start with `offers`."""
        self.names.save(folder, "offers.names")
        np.save(folder / "offers.npy", self.table)

    @classmethod
    def load(cls, folder: Path, n_variants: int) -> Offers:
        """The saved offers, mapped and not read."""
        return cls(StringTable.load(folder, "offers.names"), load_array(folder / "offers.npy"), n_variants)


def _all(names: StringTable) -> list[str]:
    return [names[at] for at in range(len(names))]


class OffersBuilder:
    """Collects offers variant by variant."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {"": 0}
        self._columns = [array("q") for _ in COLUMNS]
        self._variants = 0

    def add(self, offers: Sequence[Offer]) -> None:
        """The next variant's offers, in the order in which the product holds them."""
        for offer in offers:
            codes = (self._names.setdefault(each, len(self._names)) for each in offer.key)
            values = (
                self._variants,
                *codes,
                to_units(offer.price),
                NO_PRICE if offer.list_price is None else to_units(offer.list_price),
                UNCOUNTED if offer.stock is None else offer.stock,
                # Whole seconds, rounded inwards: an offer never holds outside its time.
                0 if offer.starts is None else math.ceil(offer.starts.timestamp()),
                FOREVER if offer.ends is None else math.floor(offer.ends.timestamp()),
            )
            for column, value in zip(self._columns, values, strict=True):
                column.append(value)
        self._variants += 1

    def build(self) -> Offers:
        """The table."""
        names = StringTable.build(self._names)
        renumbered = np.zeros(len(names), np.int64)
        for position in range(len(names)):
            renumbered[self._names[names[position]]] = position
        table = np.array(
            [np.frombuffer(column, np.int64) if len(column) else np.zeros(0, np.int64) for column in self._columns]
        )
        for name in NAMED:
            at = COLUMNS.index(name)
            table[at] = renumbered[table[at]]
        return Offers(names, table, self._variants)
