"""A word of a query with what else may stand for it, and the rows of a segment that hold one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from .postings import K1, Postings


@dataclass(frozen=True, slots=True)
class Wanted:
    """One word. Weights say how much something counts beside the word itself; in (0, 1]."""

    term: str
    also: tuple[tuple[str, float], ...] = ()  # terms that mean the same: "flashlight" for "flash" in "flash light"
    together: tuple[tuple[tuple[str, ...], float], ...] = ()  # terms that mean it where a text holds all of them
    partly: tuple[tuple[str, float], ...] = ()  # terms that say a part of it: "jacket" for "rain jacket" in one word
    needed: bool = True  # whether a text without it does not hold all words

    @property
    def alone(self) -> bool:
        """Whether nothing else stands for it."""
        return not (self.also or self.together or self.partly)

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms that it names, itself first; some may come twice."""
        pairs = (term for both, _ in self.together for term in both)
        return (self.term, *(term for term, _ in self.also), *pairs, *(term for term, _ in self.partly))


Found = Mapping[str, int]  # the number of each term in one segment; -1: not there


def as_wanted(words: Sequence[str | Wanted]) -> list[Wanted]:
    """Plain terms as words with nothing beside them."""
    return [Wanted(each) if isinstance(each, str) else each for each in words]


def rows_of(postings: Postings, number: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The rows of a term, ascending, with its weight in each."""
    if number < 0:
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    matrix = postings.by_term
    span = slice(matrix.indptr[number], matrix.indptr[number + 1])
    return matrix.indices[span], matrix.data[span]


def rows_of_all(
    postings: Postings, terms: Sequence[str], found: Found
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The rows that hold all of some terms, with the smallest of their weights."""
    rows, weights = rows_of(postings, found[terms[0]])
    for term in terms[1:]:
        others = rows_of(postings, found[term])
        rows, first, second = np.intersect1d(rows, others[0], assume_unique=True, return_indices=True)
        weights = np.minimum(weights[first], others[1][second])
    return rows, weights


def rows_holding(postings: Postings, wanted: Wanted, found: Found) -> NDArray[np.int32]:
    """The rows that hold a word or what means it, ascending."""
    held = [rows_of(postings, found[term])[0] for term in (wanted.term, *(term for term, _ in wanted.also))]
    held += [rows_of_all(postings, both, found)[0] for both, _ in wanted.together]
    return reduce(np.union1d, held)


def rows_holding_all(postings: Postings, words: Sequence[Wanted], found: Found) -> NDArray[np.int32]:
    """The rows that hold every needed word, ascending; none where no word is needed."""
    needed = [each for each in words if each.needed]
    simple = [each.term for each in needed if each.alone]
    spans = [rows_holding(postings, each, found) for each in needed if not each.alone]
    if simple:
        spans.append(postings.holding_all(np.array([found[term] for term in simple], np.int64)))
    return reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), spans) if spans else _NONE


_NONE = np.zeros(0, np.int32)


def held_weights(postings: Postings, wanted: Wanted, found: Found) -> NDArray[np.float32]:
    """How weightily each row holds a word with all that means it, shape (n_rows,); 0: not at all."""
    held = np.zeros(postings.n_rows, np.float32)
    for term, weight in ((wanted.term, 1.0), *wanted.also):
        rows, weights = rows_of(postings, found[term])
        held[rows] += weight * weights
    for both, weight in wanted.together:
        rows, weights = rows_of_all(postings, both, found)
        held[rows] += weight * weights
    return held


def score_rows(
    postings: Postings, words: Sequence[Wanted], found: Found, rarities: Mapping[str, float], of_words: Sequence[float]
) -> NDArray[np.float32]:
    """BM25 of every row, shape (n_rows,). `rarities`: of each term; `of_words`: of each word with all that means it."""
    plain = [(found[each.term], rare) for each, rare in zip(words, of_words, strict=True) if each.alone]
    scores: NDArray[np.float32] = postings.scores(
        np.array([number for number, _ in plain], np.int64), np.array([rare for _, rare in plain], np.float32)
    )
    for each, rare in zip(words, of_words, strict=True):
        if each.alone or not rare:
            continue
        held = held_weights(postings, each, found)
        for term, weight in each.partly:
            rows, weights = rows_of(postings, found[term])
            held[rows] += weight * min(rarities[term] / rare, 1.0) * weights
        # No more than the word itself could give, however many of these a text holds.
        scores += (np.minimum(held, K1 + 1) * rare).astype(np.float32)
    return scores
