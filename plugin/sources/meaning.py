"""Candidates by meaning: the texts whose vectors are nearest to the request's."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from ...index import Rows
from ..candidates import Part
from ..pipeline import PER_SOURCE, Asked, Proposal


class MeaningSource:
    """Scores are cosine similarities."""

    name = "meaning"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def propose(self, asked: Sequence[Asked]) -> list[Proposal | None]:
        """See `Source`. Requests that share filters and locale are searched in one batch."""
        found: list[Proposal | None] = [None] * len(asked)
        groups: dict[tuple[int, int, str], list[int]] = {}
        for at, each in enumerate(asked):
            if each.vector is not None:
                groups.setdefault((id(each.view), id(each.matching), each.locale), []).append(at)
        for group in groups.values():
            started = perf_counter()
            first = asked[group[0]]
            queries = np.stack([vector for vector in (asked[at].vector for at in group) if vector is not None])
            nearest = first.view.nearest(queries, PER_SOURCE + 1, first.matching.mask, first.locale)
            for at, (rows, scores) in zip(group, nearest, strict=True):
                found[at] = Proposal(rows[:PER_SOURCE], scores[:PER_SOURCE], cut=len(rows) > PER_SOURCE)
                asked[at].timings["vector"] = (perf_counter() - started) * 1_000 / len(group)
        return found

    def score(self, asked: Asked, rows: Rows) -> Part:
        """See `Source`."""
        if asked.vector is None:
            return np.zeros(len(rows), np.float32)
        started = perf_counter()
        scores = asked.view.similarities(asked.vector, rows, asked.locale)
        asked.took("vector", started)
        return scores
