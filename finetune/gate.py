"""The gate: whether a candidate may take the place of what is live, by judged queries that both answered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .evaluation.bootstrap import RESAMPLES, Bootstrap, Interval, Values, bootstrap, holm
from .evaluation.errors import EvaluationError

METRIC = "nDCG@10"
LEAST = (
    100  # queries; with fewer the interval of a bootstrap is too narrow, and one query moves the mean by a hundredth
)
LEAST_OF_SEGMENT = 50
NON_INFERIOR = -0.005  # what a candidate may lose that is wanted for another reason: it is smaller, or quicker
WORST_OF_SEGMENT = -0.02
LEVEL = 0.05  # of all segments together, after Holm's correction
ALL = "all"

Outcome = Literal["accepted", "refused", "too_few"]
EXIT_CODES: Mapping[Outcome, int] = {"accepted": 0, "refused": 1, "too_few": 2}


@dataclass(frozen=True)
class SegmentGain:
    """What the candidate gains on some of the queries."""

    name: str
    queries: int
    baseline: float  # means of the metric
    candidate: float
    gain: Interval
    p: float | None = (
        None  # that it is no worse than WORST_OF_SEGMENT, after Holm's correction; None: it decides nothing
    )

    @property
    def is_worse(self) -> bool:
        """Whether the candidate is refused because of it."""
        return self.p is not None and self.p < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "segment": self.name,
            "queries": self.queries,
            "baseline": self.baseline,
            "candidate": self.candidate,
            "gain": self.gain.mean,
            "interval": [self.gain.low, self.gain.high],
            "p": self.p,
            "is_worse": self.is_worse,
        }


@dataclass(frozen=True)
class Verdict:
    """What the gate says, and why."""

    outcome: Outcome
    metric: str
    reasons: tuple[str, ...]
    overall: SegmentGain
    segments: tuple[SegmentGain, ...]
    missing: int = 0  # queries that would have to be judged too before anything can be said

    @property
    def accepted(self) -> bool:
        """Whether the candidate may be made live."""
        return self.outcome == "accepted"

    @property
    def exit_code(self) -> int:
        """0 accepted, 1 refused, 2 too few queries to tell."""
        return EXIT_CODES[self.outcome]

    def __str__(self) -> str:
        return " ".join(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "outcome": self.outcome,
            "metric": self.metric,
            "reasons": list(self.reasons),
            "missing": self.missing,
            "overall": self.overall.to_dict(),
            "segments": [each.to_dict() for each in self.segments],
        }


def judge(
    baseline: Values,
    candidate: Values,
    segments: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    metric: str = METRIC,
    non_inferior: bool = False,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Verdict:
    """Compares what two systems reach with the same queries, by a paired bootstrap over the queries.

    `baseline` and `candidate`: the metric of each query, shape (n_queries,), in the same order, more being better.
    `segments`: by name which of the queries belong to it, shape (n_queries,); they may overlap. Accepted: the 95%
    interval of the mean gain lies above zero (with `non_inferior` above NON_INFERIOR), and no segment of
    LEAST_OF_SEGMENT or more queries is worse than WORST_OF_SEGMENT after Holm's correction at LEVEL. Fewer than LEAST
    queries tell nothing. The same seed gives the same verdict. Raises `EvaluationError` for values that are no
    measures of the same queries.
    """
    old, new = (_checked(values, name) for values, name in ((baseline, "baseline"), (candidate, "candidate")))
    if old.shape != new.shape or not len(old):
        raise EvaluationError(
            f"gate: wanted the same queries of baseline and candidate, at least one, got {len(old):,} and {len(new):,}"
        )
    drawn = bootstrap(new - old, seed, resamples)
    overall = _gain(ALL, old, new, drawn)
    found = _by_segment(old, new, segments or {}, seed, resamples)
    if len(old) < LEAST:
        missing = LEAST - len(old)
        reason = (
            f"Wanted at least {LEAST} judged queries to tell which is better, got {len(old)}: {missing} are missing."
        )
        return Verdict("too_few", metric, (reason,), overall, found, missing)
    passed, said = _overall(metric, overall, non_inferior, new - old)
    worse = [_worse(each) for each in found if each.is_worse]
    reasons = (said, *worse)
    return Verdict("accepted" if passed and not worse else "refused", metric, reasons, overall, found)


def _checked(values: Values, name: str) -> Values:
    made = np.asarray(values, np.float64)
    if made.ndim != 1 or not np.isfinite(made).all():
        raise EvaluationError(f"gate: wanted one finite number for each query as {name}, got {values!r:.80}")
    return made


def _gain(name: str, old: Values, new: Values, drawn: Bootstrap, p: float | None = None) -> SegmentGain:
    return SegmentGain(name, len(old), float(old.mean()), float(new.mean()), drawn.interval, p)


def _by_segment(
    old: Values, new: Values, segments: Mapping[str, NDArray[np.bool_]], seed: int, resamples: int
) -> tuple[SegmentGain, ...]:
    for name, members in segments.items():
        if members.shape != old.shape:
            raise EvaluationError(f"gate: wanted {len(old):,} yes or no for segment {name!r}, got {members.shape}")
    there = {name: members for name, members in segments.items() if members.any()}
    drawn = {name: bootstrap((new - old)[members], seed, resamples) for name, members in there.items()}
    deciding = [name for name, members in there.items() if np.count_nonzero(members) >= LEAST_OF_SEGMENT]
    p_values = dict(zip(deciding, holm([drawn[name].p_not_below(WORST_OF_SEGMENT) for name in deciding]), strict=True))
    return tuple(_gain(name, old[at], new[at], drawn[name], p_values.get(name)) for name, at in there.items())


def _overall(metric: str, overall: SegmentGain, non_inferior: bool, gains: Values) -> tuple[bool, str]:
    limit, gain = NON_INFERIOR if non_inferior else 0.0, overall.gain
    interval = f"{gain.mean:+.4f}, 95% interval {gain.low:+.4f} to {gain.high:+.4f}"
    figures = f"{metric} of {overall.queries:,} queries: {overall.baseline:.4f} before, {overall.candidate:.4f} now"
    wanted = f"{limit:g}" if limit else "zero"
    if gain.low > limit:
        return True, f"{figures} ({interval}, which lies above {wanted})."
    said = f"{figures} ({interval}, which does not lie above {wanted})."
    return False, said + _would_tell(overall, limit, gains)


def _would_tell(overall: SegmentGain, limit: float, gains: Values) -> str:
    """How many queries would make out a gain of this size, four times in five (two-sided, 5%)."""
    above = overall.gain.mean - limit
    if above <= 0:
        return ""
    wanted = math.ceil(((1.96 + 0.84) * float(gains.std()) / above) ** 2)
    more = wanted - overall.queries
    return f" To make out a gain of this size takes about {wanted:,} judged queries." if more > 0 else ""


def _worse(each: SegmentGain) -> str:
    return (
        f"The {each.queries:,} queries of the segment {each.name!r} are worse by more than {-WORST_OF_SEGMENT:g}: "
        f"{each.gain.mean:+.4f}, 95% interval {each.gain.low:+.4f} to {each.gain.high:+.4f} "
        f"(p = {each.p:.3g} after Holm's correction)."
    )
