"""BM25 over several fields, as postings in plain arrays that are mapped from disk.

Each posting holds the finished part of the score that does not depend on the rest of the catalogue (the saturated,
field-weighted term frequency, BM25F with constant average lengths). What does depend on it, a word's rarity, is counted
over all live rows when a query is answered. So a row scores the same in a large generation and in a small tail.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..arrays import load_array
from ..strings import StringTable

K1 = 0.8  # saturation: product titles repeat a word for spelling's sake, not for emphasis


@dataclass(frozen=True, slots=True)
class FieldWeight:
    """How much a word in one field counts, and how length is held against it."""

    weight: float
    b: float  # 0: length does not matter, 1: fully
    usual_length: float  # words; a constant, so that a row's score does not move when others come and go


# k1 and the title's b were chosen on Home Depot queries (buckets 30-99): nDCG@10 .403 against .395 with 1.2 / 0.75.
FIELD_WEIGHTS: Mapping[str, FieldWeight] = {
    "title": FieldWeight(1.0, 0.4, 11.0),
    "brand": FieldWeight(0.6, 0.0, 1.5),
    "category": FieldWeight(0.5, 0.2, 4.0),
    "attributes": FieldWeight(0.5, 0.3, 8.0),
    "description": FieldWeight(0.25, 0.6, 60.0),
}

Fields = Mapping[str, Sequence[str]]  # field name -> its words


def term_weights(fields: Fields) -> dict[str, float]:
    """Each word's saturated weight in one row, in (0, K1 + 1)."""
    summed: dict[str, float] = {}
    for name, words in fields.items():
        field = FIELD_WEIGHTS[name]
        each = field.weight / (1 - field.b + field.b * len(words) / field.usual_length)
        for word in words:
            summed[word] = summed.get(word, 0.0) + each
    return {word: weight * (K1 + 1) / (weight + K1) for word, weight in summed.items()}


class Postings:
    """The rows of each word of one segment, and the words of each row."""

    def __init__(
        self,
        terms: StringTable,
        by_term: sparse.csr_matrix,
        row_starts: NDArray[np.int64],
        row_terms: NDArray[np.int32],
    ) -> None:
        self.terms = terms
        self.by_term = by_term  # float32, shape (n_terms, n_rows)
        self.row_starts, self.row_terms = row_starts, row_terms  # row r has row_terms[row_starts[r]:row_starts[r + 1]]

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.row_starts) - 1

    def find(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Each word's term number, or -1."""
        return np.array([self.terms.find(word) for word in words], np.int64)

    def document_counts(self, term_numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """In how many rows each term stands (0 for -1); deleted rows included."""
        starts = self.by_term.indptr
        known = np.maximum(term_numbers, 0)
        return (
            np.where(term_numbers >= 0, starts[known + 1] - starts[known], 0)
            if len(self.terms)
            else np.zeros(len(term_numbers), np.int64)
        )

    def scores(self, term_numbers: NDArray[np.int64], rarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """BM25 of every row, shape (n_rows,). A sparse product: three times as steady as adding term by term."""
        known = term_numbers >= 0
        if not known.any():
            return np.zeros(self.n_rows, np.float32)
        scores: NDArray[np.float32] = self.by_term[term_numbers[known]].T @ rarities[known]
        return scores

    def holding_all(self, term_numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """The rows that hold every one of the terms, ascending; none when a term is unknown (-1) or there is none."""
        if not len(term_numbers) or (term_numbers < 0).any():
            return np.zeros(0, np.int32)
        starts, rows = self.by_term.indptr, self.by_term.indices
        spans = sorted((rows[starts[term] : starts[term + 1]] for term in np.unique(term_numbers)), key=len)
        found: NDArray[np.int32] = np.asarray(spans[0])
        for span in spans[1:]:
            found = np.intersect1d(found, span, assume_unique=True)
        return found

    def terms_of(self, row: int) -> NDArray[np.int32]:
        """The term numbers of one row."""
        return self.row_terms[self.row_starts[row] : self.row_starts[row + 1]]

    def save(self, folder: Path) -> None:
        """Plain .npy files in the folder."""
        self.terms.save(folder, "terms")
        for name, column in self.arrays().items():
            np.save(folder / f"{name}.npy", column)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything but the terms, by file name."""
        matrix = self.by_term
        return {
            "posting_starts": matrix.indptr,
            "posting_rows": matrix.indices,
            "posting_weights": matrix.data.astype(np.float32),
            "row_starts": self.row_starts,
            "row_terms": self.row_terms,
        }

    @classmethod
    def load(cls, folder: Path) -> Postings:
        """The saved postings, mapped and not read."""
        read = {
            path.stem: load_array(path) for path in folder.glob("*.npy") if path.stem.startswith(("posting_", "row_"))
        }
        terms = StringTable.load(folder, "terms")
        matrix = sparse.csr_matrix((len(terms), len(read["row_starts"]) - 1), dtype=np.float32)
        matrix.data, matrix.indices, matrix.indptr = (
            read["posting_weights"],
            read["posting_rows"],
            read["posting_starts"],
        )
        return cls(terms, matrix, read["row_starts"], read["row_terms"])


class PostingsBuilder:
    """Collects rows as `term_weights`, eight bytes a posting."""

    def __init__(self) -> None:
        self._terms: dict[str, int] = {}
        self._ends, self._numbers, self._weights = array("q"), array("i"), array("f")

    def add(self, weights: Mapping[str, float]) -> None:
        """The next row."""
        terms = self._terms
        self._numbers.extend([terms.setdefault(term, len(terms)) for term in weights])
        self._weights.extend(weights.values())
        self._ends.append(len(self._numbers))

    def build(self) -> Postings:
        """The postings of all rows."""
        table = StringTable.build(self._terms)
        renumbered = np.zeros(len(table), np.int32)
        for position in range(len(table)):
            renumbered[self._terms[table[position]]] = position
        starts = np.concatenate(([0], np.array(self._ends, np.int64)))
        row_terms = renumbered[np.array(self._numbers, np.int32)]
        weights = np.array(self._weights, np.float32)
        by_row = sparse.csr_matrix((weights, row_terms, starts), shape=(len(self._ends), len(table)))
        by_term = by_row.T.tocsr()
        by_term.sort_indices()
        return Postings(table, by_term, starts, row_terms)


def rarity(documents: int, holding: NDArray[np.int64]) -> NDArray[np.float32]:
    """BM25's inverse document frequency of words that stand in `holding` of `documents` rows; never negative."""
    rare: NDArray[np.float32] = np.log1p((documents - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    return rare


def best_possible(rarities: NDArray[np.float32]) -> float:
    """The score of a row that holds every word without end; an upper bound for any row."""
    return float(rarities.sum() * (K1 + 1)) if len(rarities) else math.nan
