"""Candidates by their words: BM25 over the texts of the request's locale."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from time import perf_counter

import numpy as np

from ...index import Rows, WeighedWords, WordMatches
from ..candidates import Part
from ..pipeline import PER_SOURCE, Asked, Proposal


class WordsSource:
    """Scores are BM25 relative to the geometric mean of the best hit and the best possible one.

    A hit that holds every word scores about 1. Where even the best holds few of the words ("present for a child who
    likes space"), all score lower, and meaning decides.
    """

    name = "words"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def propose(self, asked: Sequence[Asked]) -> list[Proposal | None]:
        """See `Source`. Requests that differ in their filters alone share the weights of their words."""
        weighed: dict[Hashable, WeighedWords] = {}
        return [self._propose(each, weighed) if each.words or each.understood.words else None for each in asked]

    def _propose(self, asked: Asked, weighed: dict[Hashable, WeighedWords]) -> Proposal:
        started = perf_counter()
        words = asked.understood.words or asked.words
        key = (id(asked.view), words, asked.locale)
        if key not in weighed:
            weighed[key] = asked.view.weigh_words(words, asked.locale)
        found = asked.view.by_words(words, PER_SOURCE + 1, asked.matching.mask, asked.locale, weighed[key])
        asked.word_matches = found
        scores = found.scores / _scale(found)
        asked.took("lexical", started)
        cut = len(found.rows) > PER_SOURCE
        return Proposal(found.rows[:PER_SOURCE], scores[:PER_SOURCE], also=found.holding_all, cut=cut)

    def score(self, asked: Asked, rows: Rows) -> Part:
        """See `Source`."""
        found = asked.word_matches
        if found is None or not found.best:
            return np.zeros(len(rows), np.float32)
        started = perf_counter()
        scores = asked.view.word_scores(found, rows, asked.locale) / _scale(found)
        asked.took("lexical", started)
        return scores


def _scale(found: WordMatches) -> np.float32:
    return np.float32(math.sqrt(found.best * found.weighed.possible) or 1.0)
