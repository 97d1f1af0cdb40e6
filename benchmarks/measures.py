"""Ranking measures over judged queries, with bootstrap intervals.

The closed formulas, in a few lines that need no library: `shelfwise.finetune.evaluation` takes ir-measures, and the
tests compare the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from shelfwise.finetune.evaluation.bootstrap import Interval, bootstrap

RELEVANT = 2.33  # the mean of raters from which on a product counts as relevant: at least one of three said 3
MEASURES = ("recall@100", "MRR@10", "nDCG@10")
RESAMPLES = 1_000

Judged = Mapping[str, float]  # product id -> relevance, 1 to 3
PerQuery = NDArray[np.float64]  # shape (n_queries, len(MEASURES))


def bucket(query: str) -> int:
    """0 to 99, the same on every machine: which queries tune and which test."""
    return int(sha256(query.encode()).hexdigest(), 16) % 100


def recall(ranking: Sequence[str], judged: Judged, depth: int) -> float:
    """The share of the relevant products that are among the first `depth`."""
    relevant = {key for key, relevance in judged.items() if relevance >= RELEVANT}
    return len(relevant.intersection(ranking[:depth])) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], judged: Judged, depth: int) -> float:
    """One over the rank of the first relevant product among the first `depth`; 0 without one."""
    ranks = (rank for rank, key in enumerate(ranking[:depth], 1) if judged.get(key, 0.0) >= RELEVANT)
    return 1 / next(ranks, float("inf"))


def ndcg(ranking: Sequence[str], judged: Judged, depth: int) -> float:
    """Discounted gain over the best that is possible; gain = relevance - 1, and 0 for what nobody judged."""
    gains = [judged.get(key, 1.0) - 1 for key in ranking[:depth]]
    ideal = sorted((relevance - 1 for relevance in judged.values()), reverse=True)[:depth]
    return _discounted(gains) / _discounted(ideal)


def _discounted(gains: Sequence[float]) -> float:
    return float(np.sum(np.asarray(gains) / np.log2(np.arange(2, len(gains) + 2))))


def per_query(rankings: Sequence[Sequence[str]], judged: Sequence[Judged]) -> PerQuery:
    """Every measure of every query; each query must have a relevant product."""
    rows = [
        (recall(ranking, each, 100), reciprocal_rank(ranking, each, 10), ndcg(ranking, each, 10))
        for ranking, each in zip(rankings, judged, strict=True)
    ]
    return np.array(rows, np.float64).reshape(len(rows), len(MEASURES))


def intervals(values: PerQuery, seed: int = 0) -> dict[str, Interval]:
    """The mean of each measure with its bootstrap interval; the same seed draws the same queries for every leg."""
    return {name: bootstrap(values[:, at], seed, RESAMPLES).interval for at, name in enumerate(MEASURES)}
