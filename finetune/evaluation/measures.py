"""How good each query's ranking is, by judgements. The figures are those of ir-measures, which asks trec_eval."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..judgement import RELEVANT, Judged
from .errors import EvaluationError

if TYPE_CHECKING:
    from ...plugin.hooks import Plugins

MAIN = ("recall@100", "MRR@10", "nDCG@10")
GAIN_UNITS = 1_000  # trec_eval takes whole grades; nDCG is the same for gains of any unit
# Of ir-measures those that lie between 0 and 1, where more is better: with others a gate's limits would say nothing.
KNOWN = ("nDCG", "R", "RR", "P", "AP", "Rprec", "Success", "Bpref", "SetP", "SetR", "SetF", "IPrec", "Judged")

Run = Mapping[str, Sequence[str]]  # query -> product ids, best first, each once
Metric = Callable[[Sequence[str], Mapping[str, float]], float]  # a ranking of ids, and the gains above 0 by id


@dataclass(frozen=True)
class PerQuery:
    """Every measure of every query."""

    queries: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]  # by the measure's name, shape (n_queries,), in the queries' order

    def mean(self, name: str) -> float:
        """Of one measure, over the queries."""
        return float(self.values[name].mean())


def answerable(judged: Judged) -> dict[str, dict[str, float]]:
    """The queries that have a relevant product: of the others no answer could be good."""
    return {query: dict(gains) for query, gains in judged.items() if max(gains.values(), default=0.0) >= RELEVANT}


def per_query(
    run: Run, judged: Judged, names: Iterable[str] = MAIN, extra: Mapping[str, Metric] | None = None
) -> PerQuery:
    """The measures of each judged query, in the order of `judged`; a query that the run lacks found nothing.

    `names`: "recall@100", "MRR@10", "nDCG@10", what else ir-measures can parse ("P@5", "nDCG@20"), or names in `extra`.
    A product counts as relevant from a gain of `RELEVANT` on; nDCG takes the gains themselves, and what nobody judged
    gains nothing. Raises `EvaluationError`.
    """
    if not judged:
        raise EvaluationError("evaluation: wanted judged queries, got none")
    own = extra or {}
    wanted = list(dict.fromkeys(names))
    parsed = {name: parsed_measure(name, own) for name in wanted if name not in own}
    queries = tuple(judged)
    values = _by_trec_eval(run, judged, parsed)
    for name in wanted:
        if name in own:
            values[name] = np.array([_by_own(name, own[name], run.get(query, ()), judged[query]) for query in queries])
    return PerQuery(queries, {name: values[name] for name in wanted})


def parsed_measure(name: str, extra: Mapping[str, Metric] | None = None) -> Any:
    """The measure of ir-measures with this name. Raises `EvaluationError` for a name that is none."""
    import ir_measures

    usual = re.sub(r"^MRR\b", "RR", re.sub(r"^recall(?=@)", "R", name))
    others = f", or of the shop's own: {', '.join(sorted(extra))}" if extra else ""
    wanted = f"measure: wanted a name such as {', '.join(MAIN)}, P@5, AP{others}; got {name!r:.80}"
    try:
        measure = ir_measures.parse_measure(usual)
    except Exception:  # what its parser raises is not documented
        raise EvaluationError(wanted) from None
    if measure.NAME not in KNOWN:
        raise EvaluationError(f"{wanted}, which does not lie between 0 and 1 with more being better")
    if measure.NAME == "R" and "cutoff" not in measure.params:
        raise EvaluationError(f"{wanted}, which lacks its depth; write recall@100")
    if "rel" in measure.params or "gains" in measure.params or "dcg" in measure.params:
        raise EvaluationError(f"{wanted}; what is relevant is set: a gain of {RELEVANT} or more")
    return measure(rel=_units(RELEVANT)) if "rel" in measure.SUPPORTED_PARAMS else measure


def depth_of(name: str, extra: Mapping[str, Metric] | None = None) -> int:
    """How many products of a ranking a measure looks at; 0 where it looks at all."""
    return 0 if name in (extra or {}) else int(parsed_measure(name, extra).params.get("cutoff", 0))


def extra_metrics(plugins: Plugins, tell: Callable[[str], None]) -> dict[str, Metric]:
    """The shop's own measures by name, as its plugins give them; of a plugin that fails `tell` hears a sentence.

    Raises `EvaluationError` for a name that is taken.
    """
    from ...plugin.hooks import call_each

    found: dict[str, Metric] = {}
    for plugin, given in call_each(plugins, "extra_metrics", tell):
        if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
            raise EvaluationError(f"plugin {plugin}: extra_metrics wants measures by name, got {given!r:.80}")
        for name, metric in given.items():
            if not callable(metric):
                raise EvaluationError(f"plugin {plugin}: the measure {name!r} is no function but {metric!r:.80}")
            if name in found or _is_known(name):
                raise EvaluationError(f"plugin {plugin}: there is a measure {name!r} already; call it otherwise")
            found[name] = metric
    return found


def _is_known(name: str) -> bool:
    try:
        return parsed_measure(name) is not None
    except EvaluationError:
        return False


def _by_trec_eval(run: Run, judged: Judged, parsed: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    import ir_measures

    if not parsed:
        return {}
    # Queries by their number: a text can hold anything.
    gains = {
        str(at): {product: _units(gain) for product, gain in of_query.items()}
        for at, of_query in enumerate(judged.values())
    }
    scores = {
        str(at): {product: -float(rank) for rank, product in enumerate(run.get(query, ()))}
        for at, query in enumerate(judged)
    }
    values = {measure: np.zeros(len(judged)) for measure in parsed.values()}
    for found in ir_measures.iter_calc(list(values), gains, scores):
        values[found.measure][int(found.query_id)] = found.value
    return {name: values[measure] for name, measure in parsed.items()}


def _units(gain: float) -> int:
    units, threshold = round(gain * GAIN_UNITS), round(RELEVANT * GAIN_UNITS)
    return units if gain >= RELEVANT else min(units, threshold - 1)  # rounding makes nothing relevant


def _by_own(name: str, metric: Metric, ranking: Sequence[str], gains: Mapping[str, float]) -> float:
    good = {product: gain for product, gain in gains.items() if gain > 0}
    try:
        value = float(metric(list(ranking), good))
    except Exception as error:
        raise EvaluationError(f"measure {name!r}: it failed with {type(error).__name__}: {error}; mend it") from error
    if not math.isfinite(value):
        raise EvaluationError(f"measure {name!r}: wanted a finite number for each query, got {value}; mend it")
    return value
