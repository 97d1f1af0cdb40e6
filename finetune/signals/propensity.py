"""How likely a place in an answer is looked at, learned from the log itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 0.1  # propensities are clipped here, so that no click counts for more than ten
STEEPEST = 1.0  # of the power law: 1/position
# How much of the steepness of clicks is laid to the places, without impressions; the rest is that good products stand
# first. Simulated searches with three strengths of bias agreed best with the truth at three quarters.
TO_PLACES = 0.75
_ROUNDS = 100
_PRIOR = 4.0  # impressions' worth of the mean click rate that each query and product start with
_FEW = 100  # looks' worth of the power law through all positions that each position starts with


@dataclass(frozen=True)
class Propensities:
    """How often each position is looked at, against the first one's 1; never below `LEAST`."""

    of: Mapping[int, float]
    how: str  # from what they were estimated, as a sentence

    def __getitem__(self, position: int | None) -> float:
        """1 where the position is not known; that of the last known one behind it."""
        if position is None or not self.of:
            return 1.0
        return (
            self.of.get(position) or self.of[max((each for each in self.of if each <= position), default=min(self.of))]
        )


def by_impressions(
    pairs: NDArray[np.int64], positions: NDArray[np.int64], shown: NDArray[np.float64], clicked: NDArray[np.float64]
) -> Propensities:
    """The position-based click model (a click needs a look and an attraction), by expectation maximisation.

    One row for each query and product (`pairs`, numbered from 0) at one of `positions` (from 1): how often it was
    `shown` and `clicked` there. What stands in several places tells the places apart; what always stands in one place
    says little about it, and starts from the mean attraction. Positions with few looks lean towards the power law
    through all of them (Wang and others, 2018).
    """
    places, at = np.unique(positions, return_inverse=True)
    rate = clicked.sum() / max(shown.sum(), 1.0)
    look = np.full(len(places), 0.5)
    attraction = np.full(int(pairs.max()) + 1, min(max(2 * rate, 1e-3), 0.5))
    mean = float(attraction[0])
    seen = np.bincount(pairs, shown)
    at_place = np.bincount(at, shown).astype(np.float64)
    for _ in range(_ROUNDS):
        both = look[at] * attraction[pairs]
        unclicked = np.maximum(shown - clicked, 0.0) / np.maximum(1.0 - both, 1e-9)
        looked = clicked + unclicked * look[at] * (1.0 - attraction[pairs])
        drawn = clicked + unclicked * attraction[pairs] * (1.0 - look[at])
        look = np.clip(np.bincount(at, looked) / at_place, 1e-3, 1.0)
        attraction = np.clip((np.bincount(pairs, drawn) + _PRIOR * mean) / (seen + _PRIOR), 1e-4, 1.0)
        mean = float(np.average(attraction, weights=seen))
    look = look / look[0]
    steepness = _steepness(places, look, at_place)
    law = (places / places[0]) ** -steepness
    look = (look * at_place + law * _FEW) / (at_place + _FEW)
    how = (
        f"How often each place is looked at was learned from {int(shown.sum()):,} impressions: about as position to the"
        f" power of -{steepness:.2f}."
    )
    return _clipped(places, look / look[0], how)


def by_clicks(positions: NDArray[np.int64], clicked: NDArray[np.float64]) -> Propensities:
    """A power law, by the clicks at each position.

    Without impressions nobody can tell whether the first place is clicked for its place or for what stands there, so
    only `TO_PLACES` of the law's steepness is taken.
    """
    places, at = np.unique(positions, return_inverse=True)
    counts = np.bincount(at, clicked).astype(np.float64)
    steepness = TO_PLACES * _steepness(places, counts / counts[0], counts)
    law = (places / places[0]) ** -steepness
    how = (
        f"The log has no impressions, so places were taken to be looked at as position to the power of"
        f" -{steepness:.2f}, as {int(clicked.sum()):,} clicks fall."
    )
    return _clipped(places, law, how)


def _steepness(places: NDArray[np.int64], shares: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The exponent of the power law through the points, weighed, 0 to `STEEPEST`."""
    x, y = np.log(places / places[0]), np.log(np.maximum(shares, 1e-6))
    spread = float((weights * x * x).sum())
    return float(np.clip(-(weights * x * y).sum() / spread, 0.0, STEEPEST)) if spread else 0.0


def _clipped(places: NDArray[np.int64], look: NDArray[np.float64], how: str) -> Propensities:
    of = {int(place): float(min(max(each, LEAST), 1.0)) for place, each in zip(places, look, strict=True)}
    return Propensities(of, how)
