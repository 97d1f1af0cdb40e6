"""What one process searches at one moment: a generation, the tail, and what is no longer there. Never changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..columns.offers import PriceView
from ..columns.overlay import Layer, Layers, has_offer_over, prices_over, with_layer
from ..columns.view_fields import ViewFields
from ..context import Context
from ..lazy import cached_property
from ..product_parts import Offer
from ..vectors.index import Mask, Rows, VectorIndex, Vectors
from ..words import Wanted, as_wanted, best_possible, rarity, rows_holding_all, score_rows, word_weights
from ..words.wanted import rows_of_all
from .documents import NO_DOCUMENTS, Documents
from .lexicon import Lexicon
from .segment import Segment

Scores = NDArray[np.float32]


KEPT_PRICES = 4  # contexts whose prices a segment with changed offers keeps


@dataclass(frozen=True)
class LiveSegment:
    """A segment without the products that were deleted or replaced since it was built."""

    segment: Segment
    alive: Mask | None = None  # shape (n_products,); None: all
    dead_texts: int = 0
    dead_counts: NDArray[np.int32] | None = None  # in how many dead text rows each term stands
    layers: Layers = ()  # offers that changed since
    _prices: dict[Context, PriceView] = field(default_factory=dict, init=False, repr=False, compare=False)

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

    @cached_property
    def dead_words(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """In how many deleted text rows each word of the vocabulary stands; pairs of words that do, and in how many."""
        rows = np.zeros(0, np.int64) if self.alive is None else np.flatnonzero(~self.alive[self.segment.text_product])
        return self.segment.vocabulary.held_by(rows)

    def with_offers(self, changes: Mapping[int, Sequence[Offer]]) -> LiveSegment:
        """The same with other offers for these variant rows."""
        if not changes:
            return self
        new = Layer.of(changes)
        made = replace(self, layers=with_layer(self.layers, new))
        _carry(self, made, "dead_words")
        # What was asked for is asked for again: here the new offers alone are looked at, and no search waits for it.
        for context, known in tuple(self._prices.items()):
            made._prices[context] = prices_over(known, (new,), context, None)
        if "_offered" in self.__dict__:
            made.__dict__["_offered"] = has_offer_over(self._offered, (new,))
        return made

    def prices(self, context: Context, now: float | None = None) -> PriceView:
        """What each variant costs in a context; see `Offers.view`."""
        if now is None:
            known = self._prices.get(context)
            if known is not None and known.since <= time.time() < known.until:
                return known
        made = prices_over(self.segment.offers.view(context, now), self.layers, context, now)
        if now is None and self.layers:
            if len(self._prices) >= KEPT_PRICES:
                self._prices.clear()
            self._prices[context] = made
        return made

    @cached_property
    def _offered(self) -> Mask:
        return has_offer_over(self.segment.offers.has_offer(), self.layers)

    def has_offer(self) -> Mask:
        """Which variants have any offer anywhere."""
        return self._offered

    def rows_of(self, product_ids: Sequence[str]) -> Rows:
        """The live row of each product, or -1."""
        rows = self.segment.rows_of(product_ids)
        return rows if self.alive is None else np.where((rows >= 0) & self.alive[rows], rows, -1)

    def row_of(self, product_id: str) -> int:
        """The live row of a product, or -1."""
        row = self.segment.ids.find(product_id)
        return row if row >= 0 and (self.alive is None or self.alive[row]) else -1


@dataclass(frozen=True)
class WeighedWords:
    """What the words of one query weigh in each segment's text rows, whatever the mask."""

    by_segment: tuple[Scores, ...]  # BM25
    holding_all: tuple[NDArray[np.int32], ...]  # the text rows that hold every word, ascending
    possible: float  # an upper bound for any product


@dataclass(frozen=True)
class WordMatches:
    """What the words of one query found."""

    rows: Rows  # best first, at most k
    scores: Scores  # BM25
    best: float  # the best score under the mask; 0 where nothing matched
    holding_all: Rows  # the rows under the mask that hold every word, ascending
    weighed: WeighedWords


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
    cutoff: Mapping[str, float] | None = None  # of this encoder's answers, see `set_cutoff`; None: not calibrated
    documents: Mapping[str, Documents] = field(default_factory=lambda: NO_DOCUMENTS)  # by kind and key
    documents_change: int = 0  # the last change of any of them

    def with_offers(self, segments: tuple[LiveSegment, ...], change: int) -> View:
        """The same products with other offers; what does not depend on offers is not made again."""
        made = replace(self, segments=segments, change=change)
        _carry(self, made, "offsets", "n_products", "n_texts", "keys", "fields")
        return made

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

    def occurrences(self, terms: Sequence[str]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
        """Each segment's numbers of the terms, and how many live texts hold each."""
        numbers = [live.segment.words.find(terms) for live in self.segments]
        holding = np.zeros(len(terms), np.int64)
        for live, found in zip(self.segments, numbers, strict=True):
            holding += live.segment.words.document_counts(found)
            if live.dead_counts is not None and len(live.dead_counts):
                holding -= np.where(found >= 0, live.dead_counts[np.maximum(found, 0)], 0)
        return numbers, holding

    def rarities(self, terms: Sequence[str]) -> tuple[list[NDArray[np.int64]], NDArray[np.float32]]:
        """Each segment's numbers of the terms, and how rare each is over all live texts."""
        numbers, holding = self.occurrences(terms)
        return numbers, rarity(self.n_texts, holding)

    @property
    def lexicon(self) -> Lexicon:
        """What can be said of words; a new one, for one that was kept would hold the view and its files for ever."""
        return Lexicon(self)

    def weigh_words(self, words: Sequence[str | Wanted], locale: str) -> WeighedWords:
        """What the (distinct) words of one query weigh in every text: what searches under several masks share."""
        wanted = as_wanted(words)
        terms = list(dict.fromkeys(term for each in wanted for term in each.terms))
        numbers, counts = self.occurrences(terms)
        rarities = dict(zip(terms, rarity(self.n_texts, counts).tolist(), strict=True))
        found_in = [dict(zip(terms, each.tolist(), strict=True)) for each in numbers]
        of_words = self._word_rarities(wanted, dict(zip(terms, counts.tolist(), strict=True)), found_in)
        of_words = of_words * word_weights([each.term for each in wanted], locale)
        pairs = [(live.segment.words, numbered) for live, numbered in zip(self.segments, found_in, strict=True)]
        return WeighedWords(
            by_segment=tuple(score_rows(each, wanted, at, rarities, of_words.tolist()) for each, at in pairs),
            holding_all=tuple(rows_holding_all(each, wanted, at) for each, at in pairs),
            possible=best_possible(of_words),
        )

    def by_words(
        self, words: Sequence[str | Wanted], k: int, mask: Mask, locale: str, weighed: WeighedWords | None = None
    ) -> WordMatches:
        """The `k` products under the mask that match the (distinct) words best. `weighed`: where that is known."""
        weighed = weighed or self.weigh_words(words, locale)
        found: list[tuple[Rows, Scores]] = []
        holding: list[Rows] = []
        for (live, span), scores, full in zip(self.parts(), weighed.by_segment, weighed.holding_all, strict=True):
            segment = live.segment
            text_mask = _text_mask(segment, mask[span], locale)
            if text_mask is not None:
                scores = np.where(text_mask, scores, 0)
            matched = np.flatnonzero(scores)
            if len(matched) > k:
                # All that share the k-th score stay: which of them are cut off is decided over all segments.
                least = -np.partition(-scores[matched], k - 1)[k - 1]
                matched = matched[scores[matched] >= least]
            found.append((span.start + segment.text_product[matched].astype(np.int64), scores[matched]))
            if text_mask is not None:
                full = full[text_mask[full]]
            holding.append(span.start + segment.text_product[full].astype(np.int64))
        rows, best = self._best(found, k)
        return WordMatches(
            rows=rows,
            scores=best,
            best=float(best[0]) if len(best) else 0.0,
            holding_all=np.unique(np.concatenate(holding)) if holding else np.zeros(0, np.int64),
            weighed=weighed,
        )

    def _word_rarities(
        self, words: Sequence[Wanted], counts: Mapping[str, int], found_in: Sequence[Mapping[str, int]]
    ) -> NDArray[np.float32]:
        """How rare each word is with all that means it."""
        holding = np.array([sum(counts[term] for term in (each.term, *dict(each.also))) for each in words], np.int64)
        for at, each in enumerate(words):
            for both, _ in each.together:
                for live, found in zip(self.segments, found_in, strict=True):
                    rows, _ = rows_of_all(live.segment.words, both, found)
                    alive = live.alive is None or live.alive[live.segment.text_product[rows]]
                    holding[at] += len(rows) if alive is True else np.count_nonzero(alive)
        return rarity(self.n_texts, np.minimum(holding, self.n_texts))

    def word_scores(self, matches: WordMatches, rows: Rows, locale: str) -> Scores:
        """BM25 of the given products for the same words, whether or not they were among the best."""
        made = np.zeros(len(rows), np.float32)
        for (live, span), scores in zip(self.parts(), matches.weighed.by_segment, strict=True):
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


def _carry(old: object, new: object, *names: str) -> None:
    """Takes over computed properties, as far as they were computed."""
    new.__dict__.update((name, old.__dict__[name]) for name in names if name in old.__dict__)


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
