"""What one process searches at one moment: a generation, the tail, and what is no longer there. Never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..columns.offers import PriceView
from ..columns.overlay import Layer, Layers, has_offer_over, prices_over, with_layer
from ..columns.view_fields import ViewFields
from ..context import Context
from ..product_parts import Offer
from ..vectors.index import Mask, Rows, VectorIndex, Vectors
from ..words import best_possible, rarity, word_weights
from .segment import Segment

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class LiveSegment:
    """A segment without the products that were deleted or replaced since it was built."""

    segment: Segment
    alive: Mask | None = None  # shape (n_products,); None: all
    dead_texts: int = 0
    dead_counts: NDArray[np.int32] | None = None  # in how many dead text rows each term stands
    layers: Layers = ()  # offers that changed since

    @property
    def n_alive(self) -> int:
        """How many products are left."""
        return self.segment.n_products if self.alive is None else int(np.count_nonzero(self.alive))

    def without(self, rows: Sequence[int]) -> LiveSegment:
        """The same without these product rows (those already gone are ignored)."""
        segment = self.segment
        alive = np.ones(segment.n_products, bool) if self.alive is None else self.alive.copy()
        counts = np.zeros(len(segment.words.terms), np.int32) if self.dead_counts is None else self.dead_counts.copy()
        dead = self.dead_texts
        for row in rows:
            if alive[row]:
                alive[row] = False
                first, end = np.searchsorted(segment.text_product, np.array((row, row + 1), np.int32))
                for text_row in range(int(first), int(end)):
                    counts[segment.words.terms_of(text_row)] += 1
                dead += int(end - first)
        return replace(self, alive=alive, dead_texts=dead, dead_counts=counts)

    def with_offers(self, changes: Mapping[int, Sequence[Offer]]) -> LiveSegment:
        """The same with other offers for these variant rows."""
        return replace(self, layers=with_layer(self.layers, Layer.of(changes))) if changes else self

    def prices(self, context: Context, now: float | None = None) -> PriceView:
        """What each variant costs in a context; see `Offers.view`."""
        return prices_over(self.segment.offers.view(context, now), self.layers, context, now)

    def has_offer(self) -> Mask:
        """Which variants have any offer anywhere."""
        return has_offer_over(self.segment.offers.has_offer(), self.layers)

    def rows_of(self, product_ids: Sequence[str]) -> Rows:
        """The live row of each product, or -1."""
        rows = self.segment.rows_of(product_ids)
        return rows if self.alive is None else np.where((rows >= 0) & self.alive[rows], rows, -1)

    def row_of(self, product_id: str) -> int:
        """The live row of a product, or -1."""
        row = self.segment.ids.find(product_id)
        return row if row >= 0 and (self.alive is None or self.alive[row]) else -1


@dataclass(frozen=True)
class WordMatches:
    """What the words of one query found."""

    rows: Rows  # best first, at most k
    scores: Scores  # BM25
    best: float  # the best score under the mask; 0 where nothing matched
    possible: float  # an upper bound for any product
    holding_all: Rows  # the rows under the mask that hold every word, ascending
    by_segment: tuple[Scores, ...]  # of every text row, whatever the mask


@dataclass(frozen=True)
class View:
    """The live segments at one change number. Product rows are numbered through all of them.

    All row numbers below are these; masks have shape (n_rows,).
    """

    segments: tuple[LiveSegment, ...] = ()
    change: int = 0
    generation: int = 0  # the number of the generation that the first segment is; 0: none
    encoder: str = ""  # the hash of the encoder whose vectors these are; "" where no text has one
    weights: Mapping[str, float] | None = None  # of the sources, as published; None: the defaults

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """The first row of each segment, and the end."""
        return np.concatenate(([0], np.cumsum([live.segment.n_products for live in self.segments], dtype=np.int64)))

    @property
    def n_rows(self) -> int:
        """How many rows there are, dead ones included."""
        return int(self.offsets[-1])

    @cached_property
    def n_products(self) -> int:
        """How many products can be found."""
        return sum(live.n_alive for live in self.segments)

    @cached_property
    def n_texts(self) -> int:
        """How many live text rows there are; what a word's rarity is measured against."""
        return sum(len(live.segment.text_product) - live.dead_texts for live in self.segments)

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """The tie-breaking key of each row."""
        return np.concatenate([live.segment.keys for live in self.segments]) if self.segments else np.zeros(0, np.int64)

    @cached_property
    def fields(self) -> ViewFields:
        """The fields of all segments, by name."""
        return ViewFields([live.segment.fields for live in self.segments])

    def parts(self) -> list[tuple[LiveSegment, slice]]:
        """Each segment with its span of rows."""
        return [
            (live, slice(int(self.offsets[at]), int(self.offsets[at + 1]))) for at, live in enumerate(self.segments)
        ]

    def row_of(self, product_id: str) -> int:
        """The live row of a product, or -1."""
        for live, span in self.parts():
            row = live.row_of(product_id)
            if row >= 0:
                return int(span.start) + row
        return -1

    def place(self, row: int) -> tuple[LiveSegment, int]:
        """The segment of a row, and the row within it."""
        at = int(np.searchsorted(self.offsets, row, side="right")) - 1
        return self.segments[at], row - int(self.offsets[at])

    def id_of(self, row: int) -> str:
        """The product id of a row."""
        live, local = self.place(row)
        return live.segment.ids[local]

    def nearest(self, queries: Vectors, k: int, mask: Mask, locale: str) -> list[tuple[Rows, Scores]]:
        """For each query the `k` products under the mask that are nearest in meaning, best first."""
        found: list[list[tuple[Rows, Scores]]] = [[] for _ in queries]
        for live, span in self.parts():
            segment = live.segment
            if segment.vectors is None:
                continue
            allowed = _vector_mask(segment, mask[span], locale)
            if allowed is not None and not allowed.any():
                continue
            for each, (rows, scores) in zip(found, _nearest(segment.vectors, queries, k, allowed), strict=True):
                products = segment.text_product[segment.vector_text[rows]].astype(np.int64)
                each.append((span.start + products, scores))
        return [self._best(each, k) for each in found]

    def similarities(self, query: Vectors, rows: Rows, locale: str) -> Scores:
        """The similarity of each given product to the query; 0 for one without a vector in this locale."""
        made = np.zeros(len(rows), np.float32)
        for live, span in self.parts():
            inside = np.flatnonzero((rows >= span.start) & (rows < span.stop))
            if len(inside) and live.segment.vectors is not None:
                vector_rows = _vector_rows(live.segment, rows[inside] - span.start, locale)
                has = vector_rows >= 0
                made[inside[has]] = live.segment.vectors.scores(query, vector_rows[has])
        return made

    def rarities(self, words: Sequence[str]) -> tuple[list[NDArray[np.int64]], NDArray[np.float32]]:
        """Each segment's term numbers of the words, and how rare each word is over all live texts."""
        numbers = [live.segment.words.find(words) for live in self.segments]
        holding = np.zeros(len(words), np.int64)
        for live, terms in zip(self.segments, numbers, strict=True):
            holding += live.segment.words.document_counts(terms)
            if live.dead_counts is not None and len(live.dead_counts):
                holding -= np.where(terms >= 0, live.dead_counts[np.maximum(terms, 0)], 0)
        return numbers, rarity(self.n_texts, holding)

    def by_words(self, words: Sequence[str], k: int, mask: Mask, locale: str) -> WordMatches:
        """The `k` products under the mask that match the (distinct) words best."""
        numbers, rarities = self.rarities(words)
        rarities = rarities * word_weights(words, locale)
        found: list[tuple[Rows, Scores]] = []
        holding: list[Rows] = []
        by_segment: list[Scores] = []
        for (live, span), terms in zip(self.parts(), numbers, strict=True):
            segment = live.segment
            text_mask = _text_mask(segment, mask[span], locale)
            scores = segment.words.scores(terms, rarities)
            by_segment.append(scores)
            if text_mask is not None:
                scores = np.where(text_mask, scores, 0)
            matched = np.flatnonzero(scores)
            if len(matched) > k:
                # All that share the k-th score stay: which of them are cut off is decided over all segments.
                least = -np.partition(-scores[matched], k - 1)[k - 1]
                matched = matched[scores[matched] >= least]
            found.append((span.start + segment.text_product[matched].astype(np.int64), scores[matched]))
            full = segment.words.holding_all(terms)
            if text_mask is not None:
                full = full[text_mask[full]]
            holding.append(span.start + segment.text_product[full].astype(np.int64))
        rows, best = self._best(found, k)
        return WordMatches(
            rows=rows,
            scores=best,
            best=float(best[0]) if len(best) else 0.0,
            possible=best_possible(rarities),
            holding_all=np.unique(np.concatenate(holding)) if holding else np.zeros(0, np.int64),
            by_segment=tuple(by_segment),
        )

    def word_scores(self, matches: WordMatches, rows: Rows, locale: str) -> Scores:
        """BM25 of the given products for the same words, whether or not they were among the best."""
        made = np.zeros(len(rows), np.float32)
        for (live, span), scores in zip(self.parts(), matches.by_segment, strict=True):
            inside = np.flatnonzero((rows >= span.start) & (rows < span.stop))
            if len(inside):
                made[inside] = scores[_text_rows(live.segment, rows[inside] - span.start, locale)]
        return made

    def vector_of(self, row: int, locale: str) -> Vectors | None:
        """The vector of one product in a locale, shape (dimension,); None without one."""
        live, local = self.place(row)
        if live.segment.vectors is None:
            return None
        vector_row = int(_vector_rows(live.segment, np.array([local]), locale)[0])
        return live.segment.vectors.vector(vector_row) if vector_row >= 0 else None

    def _best(self, found: list[tuple[Rows, Scores]], k: int) -> tuple[Rows, Scores]:
        """The best k of several lists; each product once, with its best score; ties by key."""
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        rows = np.concatenate([each for each, _ in found])
        scores = np.concatenate([each for _, each in found])
        # Rounded, because the last digits of a product depend on which rows it was computed with.
        order = np.lexsort((self.keys[rows], -np.round(scores, 6)))
        rows, scores = rows[order], scores[order]
        if any(len(live.segment.text_product) != live.segment.n_products for live in self.segments):
            first = np.sort(np.unique(rows, return_index=True)[1])
            rows, scores = rows[first], scores[first]
        return rows[:k], scores[:k].astype(np.float32)


TIES = 32  # more than k that are looked at; so many equal texts are still cut off alike in every process


def _nearest(index: VectorIndex, queries: Vectors, k: int, allowed: Mask | None) -> list[tuple[Rows, Scores]]:
    """For each query the k nearest vector rows, and those up to TIES more that are as near as the last of them."""
    matches = index.search(queries, min(k + TIES, index.n_rows), allowed)
    found = []
    for rows, scores in zip(matches.rows, matches.scores, strict=True):
        keep = rows >= 0
        if len(rows) > k:
            keep &= scores >= scores[k - 1] - 1e-6
        found.append((rows[keep], scores[keep]))
    return found


def _text_mask(segment: Segment, products: Mask, locale: str) -> Mask | None:
    """The text rows that a product mask and a locale leave; None: all."""
    in_locale = segment.texts_in(locale)
    if products.all():
        return in_locale
    mask: Mask = products if len(segment.text_product) == segment.n_products else products[segment.text_product]
    return mask if in_locale is None else mask & in_locale


def _vector_mask(segment: Segment, products: Mask, locale: str) -> Mask | None:
    mask = _text_mask(segment, products, locale)
    if mask is None or len(segment.vector_text) == len(segment.text_product):
        return mask
    found: Mask = mask[segment.vector_text]
    return found


def _text_rows(segment: Segment, products: Rows, locale: str) -> Rows:
    """The text row that stands for each product in a locale."""
    in_locale = segment.texts_in(locale)
    if in_locale is None:
        return products
    chosen = np.flatnonzero(in_locale)  # one a product, in their order
    found: Rows = chosen[products]
    return found


def _vector_rows(segment: Segment, products: Rows, locale: str) -> Rows:
    """The vector row that stands for each product in a locale, or -1."""
    texts = _text_rows(segment, products, locale)
    if len(segment.vector_text) == len(segment.text_product):
        return texts
    if not len(segment.vector_text):
        return np.full(len(texts), -1, np.int64)
    at = np.minimum(np.searchsorted(segment.vector_text, texts), len(segment.vector_text) - 1)
    return np.where(segment.vector_text[at] == texts, at, -1).astype(np.int64)
