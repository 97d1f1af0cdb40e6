"""What is live, and what would be, before the same judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..plugin import Request, Results
from .errors import Refused
from .evaluation.asking import BATCH, ask
from .evaluation.bootstrap import Interval, bootstrap
from .evaluation.measures import MAIN, PerQuery, Run, per_query
from .gate import METRIC, Verdict, judge
from .judgement import Judged

if TYPE_CHECKING:
    from ..plugin.shop import AnswerMany

Segments = Mapping[str, NDArray[np.bool_]]
Check = Callable[["AnswerMany"], None]


@dataclass(frozen=True)
class Trial:
    """Both answers to the judged queries, measured, and what the gate says."""

    before: PerQuery
    after: PerQuery
    verdict: Verdict


def try_both(
    before: Run, after: Run, judged: Judged, segments: Segments, metric: str = METRIC, non_inferior: bool = False
) -> Trial:
    """Measures both; `judged` names the queries, and each has a relevant product."""
    names = tuple(dict.fromkeys((*MAIN, metric)))
    old, new = per_query(before, judged, names), per_query(after, judged, names)
    verdict = judge(old.values[metric], new.values[metric], segments, metric=metric, non_inferior=non_inferior)
    return Trial(old, new, verdict)


def intervals(measured: PerQuery) -> dict[str, Interval]:
    """The mean of each measure with its 95% interval."""
    return {name: bootstrap(values).interval for name, values in measured.values.items()}


def facts_of(trial: Trial) -> dict[str, Any]:
    """Figures and verdict, as plain JSON values."""

    def figures(measured: PerQuery) -> dict[str, Any]:
        found = intervals(measured)
        return {name: {"mean": each.mean, "interval": [each.low, each.high]} for name, each in found.items()}

    return {
        "queries": len(trial.before.queries),
        "before": figures(trial.before),
        "after": figures(trial.after),
        "verdict": trial.verdict.to_dict(),
    }


def said_to_have_none(answer_many: AnswerMany, queries: Sequence[str]) -> float:
    """The share of the queries, each of which has a relevant product, that are told that nothing fits."""
    answers = [
        each for at in range(0, len(queries), BATCH) for each in _first_hits(answer_many, queries[at : at + BATCH])
    ]
    return sum(each.confident is False for each in answers) / max(len(answers), 1)


def _first_hits(answer_many: AnswerMany, queries: Sequence[str]) -> list[Results]:
    return answer_many([Request(query, k=1, personalise=False) for query in queries])


def gate_check(before: Run, judged: Judged, segments: Segments, metric: str, non_inferior: bool) -> Check:
    """For `Shop.publish`: asks what would be live, and raises `Refused` unless it wins over `before`."""

    def check(answer_many: AnswerMany) -> None:
        trial = try_both(before, ask(answer_many, list(judged)), judged, segments, metric, non_inferior)
        if not trial.verdict.accepted:
            raise Refused(trial.verdict)

    return check
