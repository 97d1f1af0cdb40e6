"""Whether what can be searched is what the tables hold: product by product, whatever others write meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..columns.offers import NAMED, Offers
from ..product import Product
from .segment import Segment
from .tail import Entry, build
from .view import LiveSegment, View

SHOWN = 5
NEAR = 0.01  # a vector was halved in precision twice at most

OfferRow = tuple[object, ...]


@dataclass
class Ids:
    """Products of which the same is to be said: how many, and the first."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, ids: Iterable[str]) -> Ids:
        """All of these."""
        made = cls()
        for each in ids:
            made.add(each)
        return made

    def add(self, product_id: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(product_id)

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.first) else ""
        return ", ".join(map(repr, self.first)) + more


@dataclass(frozen=True, slots=True)
class TruthRow:
    """A product as the tables hold it."""

    id: str
    change: int
    document: str | None  # None: deleted
    hash: str
    offers: str | None
    offers_change: int


@dataclass
class Comparison:
    """Compares a view with every row of the tables, of those that did not change since.

    The view must be older than the transaction in which the rows are read.
    """

    view: View
    missing: Ids = field(default_factory=Ids)
    surplus: Ids = field(default_factory=Ids)  # deleted in the tables
    variants: Ids = field(default_factory=Ids)  # another number of variants
    offers: Ids = field(default_factory=Ids)
    _known: int = 0  # rows of the tables that can be found

    def look(self, row: TruthRow, product: Product | None, offers: Sequence[list[OfferRow]]) -> None:
        """The next row of the tables; `product` None: deleted, or its document cannot be read; its variants' offers."""
        at = self.view.row_of(row.id)
        self._known += at >= 0
        if row.change > self.view.change:
            return
        if row.document is None and at >= 0:
            self.surplus.add(row.id)
        if row.document is None or product is None:
            return
        if at < 0:
            self.missing.add(row.id)
            return
        live, local = self.view.place(at)
        first, end = live.segment.first_variant[local : local + 2].tolist()
        if end - first != len(product.variants):
            self.variants.add(row.id)
        elif row.offers_change <= self.view.change:
            held = [offers_of(live, variant) for variant in range(first, end)]
            if held != list(offers):
                self.offers.add(row.id)

    def sentences(self) -> Iterator[str]:
        """After all rows: what is wrong."""
        for ids, said in (
            (self.missing, "are missing"),
            (self.surplus, "were deleted"),
            (self.variants, "have another number of variants"),
            (self.offers, "have other prices or stock"),
        ):
            if ids:
                yield f"{ids.count:,} products {said} ({ids})"
        if more := self.view.n_products - self._known:  # no table knows them, or they are found twice
            yield f"{more:,} products more than there are"


def offers_of(live: LiveSegment, variant: int) -> list[OfferRow]:
    """The offers of a variant row, with those that changed since its segment was built."""
    for layer in reversed(live.layers):
        at = int(np.searchsorted(layer.variants, variant))
        if at < len(layer.variants) and layer.variants[at] == variant:
            return offer_rows(layer.offers, at)
    return offer_rows(live.segment.offers, variant)


def offer_rows(offers: Offers, variant: int) -> list[OfferRow]:
    """The offers of one variant, their codes as texts."""
    first, end = np.searchsorted(offers.table[0], (variant, variant + 1))
    return [
        (*(offers.names[name] for name in row[1 : 1 + len(NAMED)]), *row[1 + len(NAMED) :])
        for row in offers.table[:, first:end].T.tolist()
    ]


def rebuilt_differ(segment: Segment, entries: Sequence[Entry]) -> Iterator[str]:
    """Which of these products have other words, locales or vectors in a segment than they would have if built now."""
    fresh = build(entries)
    for entry in entries:
        key = entry.product.id
        if _texts(segment, key, entry.vectors) != _texts(fresh, key, entry.vectors):
            yield key


def _texts(segment: Segment, product_id: str, vectors: Mapping[str, np.ndarray]) -> dict[str, object]:
    """By locale: each word with its weight, and whether a vector is right. No vector is: it may have come later."""
    row = segment.ids.find(product_id)
    first, end = np.searchsorted(segment.text_product, np.array((row, row + 1), np.int32)).tolist()
    made: dict[str, object] = {}
    for text in range(first, end):
        locale = segment.locales[segment.text_locale[text]]
        made[locale] = _words(segment, text), _vector_fits(segment, text, vectors.get(locale))
    return made


def _words(segment: Segment, text: int) -> dict[str, float]:
    matrix = segment.words.by_term
    made = {}
    for term in segment.words.terms_of(text).tolist():
        start, end = matrix.indptr[term : term + 2].tolist()
        at = start + int(np.searchsorted(matrix.indices[start:end], text))
        there = at < end and matrix.indices[at] == text
        made[segment.words.terms[term]] = round(float(matrix.data[at]), 5) if there else 0.0
    return made


def _vector_fits(segment: Segment, text: int, wanted: np.ndarray | None) -> bool:
    at = int(np.searchsorted(segment.vector_text, text))
    if segment.vectors is None or at == len(segment.vector_text) or segment.vector_text[at] != text:
        return True
    held = segment.vectors.vector(at)
    return wanted is not None and held.shape == wanted.shape and bool(np.allclose(held, wanted, atol=NEAR))
