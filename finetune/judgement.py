"""What is known of which product answers which query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

RELEVANT = 0.665  # the gain from which on a product counts as an answer: of raters from 1 to 3, one of three said 3

Judged = Mapping[str, Mapping[str, float]]  # query -> product id -> gain, 0 to 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """That a product answers a query, and how well."""

    query: str
    product_id: str
    gain: float  # 0 (not what was asked for) to 1 (exactly that)
    weight: float = 1.0  # how far it is trusted, above 0: a rater's is 1, a click's less


def by_query(judgements: Iterable[Judgement]) -> dict[str, dict[str, float]]:
    """The gains of each query's products. Of two judgements of the same query and product the higher one counts."""
    judged: dict[str, dict[str, float]] = {}
    for each in judgements:
        of_query = judged.setdefault(each.query, {})
        of_query[each.product_id] = max(of_query.get(each.product_id, 0.0), each.gain)
    return judged
