"""Learning how much words, meaning and agreement count, from judged queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..plugin import FusionWeights, Request, Results
from ..plugin.stages.reading import READ
from .judgement import Judged

AnswerMany = Callable[[Sequence[Request]], list[Results]]
Read = Callable[[str, Sequence[str]], NDArray[np.float32]]

DEPTH = 200  # hits that are put into another order
BATCH = 64
NDCG_AT = 10
SHARES = np.round(np.arange(0.1, 0.96, 0.025), 3)  # of meaning, the rest being of words
AGREEMENTS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
PARTS = {"words": ("words",), "meaning": ("meaning",), "agreement": ("measure", "brand")}


@dataclass(frozen=True)
class _Parts:
    """The hits of one query: what each part would give with a weight of one, the rest, and the gains."""

    columns: NDArray[np.float64]  # shape (hits, len(PARTS))
    rest: NDArray[np.float64]  # parts that no weight changes
    gains: NDArray[np.float64]
    ideal: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights, and the mean nDCG@10 over the judged queries with them and with those of before."""

    weights: FusionWeights
    ndcg: float
    before: float


def fit_weights(answer_many: AnswerMany, judged: Judged, live: FusionWeights) -> Fitted:
    """The weights with the best nDCG@10, of those on a grid. `live`: what `answer_many` answers with.

    Two numbers (only their relation counts) from hundreds of queries: there is nothing to overfit, and a grid shows the
    whole of it. Of weights that are as good to a thousandth, those nearest to `live` are taken.
    """
    collected = _collect(answer_many, judged, live)
    before = _ndcg(collected, live)
    tried = [
        FusionWeights(round(1 - float(share), 3), float(share), agreement)
        for share in SHARES
        for agreement in AGREEMENTS
    ]
    figures = np.array([_ndcg(collected, each) for each in tried])
    good = np.flatnonzero(figures >= figures.max() - 0.001)
    share = live.meaning / (live.words + live.meaning)
    best = min(good.tolist(), key=lambda at: abs(tried[at].meaning - share) + abs(tried[at].agreement - live.agreement))
    return Fitted(tried[best], float(figures[best]), before)


def _collect(answer_many: AnswerMany, judged: Judged, live: FusionWeights) -> list[_Parts]:
    queries = sorted(judged)
    weights = {"words": live.words, "meaning": live.meaning, "agreement": live.agreement}
    made = []
    for start in range(0, len(queries), BATCH):
        part = queries[start : start + BATCH]
        for query, found in zip(part, answer_many([Request(query, k=DEPTH) for query in part]), strict=True):
            hits = [hit for hit in found if hit.parts]
            columns = np.array(
                [
                    [sum(hit.parts.get(each, 0.0) for each in names) / weights[name] for name, names in PARTS.items()]
                    for hit in hits
                ]
            ).reshape(len(hits), len(PARTS))
            rest = np.array([hit.score for hit in hits]) - columns @ np.array(list(weights.values()))
            gains = np.array([judged[query].get(hit.product.id, 0.0) for hit in hits])
            made.append(_Parts(columns, rest, gains, _dcg(sorted(judged[query].values(), reverse=True))))
    return made


def _ndcg(collected: Sequence[_Parts], weights: FusionWeights) -> float:
    used = np.array([weights.words, weights.meaning, weights.agreement])
    total = 0.0
    for each in collected:
        order = np.argsort(-(each.columns @ used + each.rest), kind="stable")[:NDCG_AT]
        total += _dcg(each.gains[order]) / each.ideal if each.ideal else 0.0
    return total / max(len(collected), 1)


def _dcg(gains: Sequence[float] | NDArray[np.float64]) -> float:
    first = np.asarray(gains, np.float64)[:NDCG_AT]
    return float(first @ (1 / np.log2(np.arange(2, len(first) + 2))))


READINGS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.9, 1.4)


def fit_reading(answer_many: AnswerMany, judged: Judged, live: FusionWeights, read: Read) -> Fitted:
    """How much reading counts beside `live`, without which the queries are answered here; 0 where it gains nothing.

    `read`: how likely products, by id, answer a query. Only the first ones are read, as when serving.
    """
    queries = sorted(judged)
    tried = dict.fromkeys(READINGS, 0.0)
    for start in range(0, len(queries), BATCH):
        part = queries[start : start + BATCH]
        for query, found in zip(part, answer_many([Request(query, k=READ) for query in part]), strict=True):
            ids = [hit.product.id for hit in found]
            ideal = _dcg(sorted(judged[query].values(), reverse=True))
            gains = np.array([judged[query].get(key, 0.0) for key in ids])
            scores, read_as = np.array([hit.score for hit in found]), np.asarray(read(query, ids))
            for weight in tried:
                order = np.argsort(-(scores + weight * read_as), kind="stable")[:NDCG_AT]
                tried[weight] += _dcg(gains[order]) / ideal / len(queries) if len(ids) and ideal else 0.0
    best = next(each for each in READINGS if tried[each] >= max(tried.values()) - 0.001)
    return Fitted(replace(live, reading=best), tried[best], tried[0.0])
