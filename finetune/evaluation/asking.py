"""Asking a shop all judged queries, as its shoppers do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ...plugin import Request
from .errors import EvaluationError

if TYPE_CHECKING:
    from ...plugin.shop import AnswerMany

DEPTH = 100  # products of each answer
BATCH = 64  # requests answered together; the encoder gains nothing above


def ask(
    answer: AnswerMany,
    queries: Iterable[str],
    depth: int = DEPTH,
    says: Callable[[int, int], None] | None = None,
) -> dict[str, list[str]]:
    """The ids of each query's answer, best first, at most `depth` of them.

    `answer`: `shop.answer_many`, of a shop that was opened with `limits=NO_LIMITS`, so that a busy machine changes no
    answer; or what `Shop.publish` gives its `check`. `says`: told how many queries of how many are answered. A product
    that no source proposed is no answer here: the whole catalogue, newest first, answers a query that nothing can read.
    Raises `EvaluationError` for an answer from which something was left out, and `RequestError` for a query that no
    shop takes, before any is asked.
    """
    asked = list(dict.fromkeys(queries))
    requests = [Request(query, k=depth, personalise=False) for query in asked]
    run: dict[str, list[str]] = {}
    for start in range(0, len(asked), BATCH):
        part = slice(start, start + BATCH)
        for query, found in zip(asked[part], answer(requests[part]), strict=True):
            if found.degraded:
                raise EvaluationError(
                    f"{query!r} was answered without {', '.join(found.degraded)}: {' '.join(found.notes)}"
                )
            run[query] = [hit.product.id for hit in found if hit.parts]
        if says is not None:
            says(len(run), len(asked))
    return run
