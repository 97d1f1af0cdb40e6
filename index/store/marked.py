"""Which products of a view bear a mark: an identifier, a measure, a brand (see `words.marks`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..vectors.index import Mask, Rows
from .view import LiveSegment, View


def rows_marked(view: View, term: str) -> Rows:
    """The live products with this mark in any of their texts, ascending."""
    found = [span.start + _rows(live, live.segment.words.terms.find(term)) for live, span in view.parts()]
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def mask_marked(view: View, term: str) -> Mask:
    """The same as a mask of shape (n_rows,)."""
    mask = np.zeros(view.n_rows, bool)
    mask[rows_marked(view, term)] = True
    return mask


def rows_starting(view: View, start: str, most: int) -> Rows:
    """The live products with a mark that starts so, ascending; none where there are more than `most` such marks."""
    found: list[Rows] = []
    for live, span in view.parts():
        terms = live.segment.words.terms.starting_with(start, most + 1)
        if len(terms) > most:
            return np.zeros(0, np.int64)
        found += [span.start + _rows(live, term) for term in terms]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _rows(live: LiveSegment, term: int) -> Rows:
    if term < 0:
        return np.zeros(0, np.int64)
    matrix = live.segment.words.by_term
    texts = matrix.indices[matrix.indptr[term] : matrix.indptr[term + 1]]
    rows: Rows = live.segment.text_product[texts].astype(np.int64)  # ascending, as postings and text rows are
    if len(rows):
        rows = rows[np.concatenate(([True], rows[1:] != rows[:-1]))]
    return rows if live.alive is None else rows[live.alive[rows]]


def count_holding(view: View, words: Sequence[str]) -> int:
    """How many texts of live products hold all of the words."""
    count = 0
    for live in view.segments:
        texts = live.segment.words.holding_all(live.segment.words.find(words))
        alive = live.alive is None or live.alive[live.segment.text_product[texts]]
        count += len(texts) if alive is True else int(np.count_nonzero(alive))
    return count
