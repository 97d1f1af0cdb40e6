"""How far a figure over queries would move with other queries: the bootstrap, and Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
_CELLS = 4_000_000  # drawn at once, so that memory stays small

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean over queries, and where 95 of 100 resamples of the queries put it."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True)
class Bootstrap:
    """The means of resampled queries. Of differences between two systems on the same queries it is the paired test."""

    mean: float
    means: Values  # shape (RESAMPLES,)

    @property
    def interval(self) -> Interval:
        """The mean with its 95% interval."""
        low, high = np.percentile(self.means, (2.5, 97.5))
        return Interval(self.mean, float(low), float(high))

    def p_not_below(self, limit: float) -> float:
        """One-sided: how probable means this low are if the true one is not below `limit`; small speaks for below."""
        return float((1 + np.count_nonzero(self.means >= limit)) / (1 + len(self.means)))


def bootstrap(values: Values, seed: int = 0, resamples: int = RESAMPLES) -> Bootstrap:
    """Resamples the queries; `values` has one for each query, at least one. The same seed draws the same queries."""
    count = len(values)
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS // count)
    means = [
        values[generator.integers(0, count, (min(step, resamples - start), count))].mean(1)
        for start in range(0, resamples, step)
    ]
    return Bootstrap(float(values.mean()), np.concatenate(means))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for being several (Holm, 1979), in their order: each is at most 1.

    >>> [round(each, 3) for each in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for place, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[at]))
        corrected[at] = largest
    return corrected
