"""Reading from a shop's own queries where relevance ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from ..index import RequestError
from .candidates import Part
from .cutoff import USUAL_LIMIT, Cutoff, cosines, with_cosine, without_cosine
from .request import Request

if TYPE_CHECKING:
    from .pipeline import Asked, Pipeline

FEWEST = 50  # known queries; with fewer the cosines are a guess
PRIOR = 300  # known queries that the usual limit counts as
LOST = 0.01  # of the known queries, for which nothing may be found to fit
NORMAL_QUARTILES = 1.349  # standard deviations between the quartiles of a normal distribution
LEAST_SPREAD = 0.03  # of cosines; with less a little difference would decide
TITLES = 0.97  # a cosine that nothing but the text itself has
MOST = 5_000  # known queries that are asked; of more a part, chosen by hash
BATCH = 64

Prepare = Callable[[Sequence[Request]], list["Asked"]]


def calibrated(queries: Iterable[str | Request], prepare: Prepare, pipeline: Pipeline) -> Cutoff:
    """Where relevance ends, from queries that the shop has an answer to: those that led to a click, say.

    Below the limit lies a hundredth of them, drawn towards what is usual where they are few. Raises `RequestError` for
    fewer than FEWEST different ones that the encoder reads.
    """
    known = _distinct(queries)
    others: list[Part] = []
    near: list[Part | None] = []  # None: not encoded
    best: list[float] = []  # cosines
    for start in range(0, len(known), BATCH):
        asked = prepare(known[start : start + BATCH])
        for each, found in zip(asked, pipeline.run(asked), strict=True):
            # Article numbers are found whatever else is, so they say nothing of where relevance ends.
            if len(found.candidates.rows) and not len(each.agreement.identified):
                cosine = cosines(each, found.candidates)
                others.append(without_cosine(each, found.candidates))
                near.append(None if each.vector is None else cosine)
                if each.vector is not None:
                    best.append(float(cosine.max()))
    low, middle, high = np.percentile(best or [0.0], (25, 50, 75)).tolist()
    spread = max((high - low) / NORMAL_QUARTILES, LEAST_SPREAD)
    if len(best) < FEWEST:
        raise RequestError(
            f"calibrate: wanted at least {FEWEST} different queries that find something and that the encoder reads, "
            f"got {len(best)}; until there are as many, nothing can be said of what fits"
        )
    if middle > TITLES:
        raise RequestError(
            f"calibrate: wanted queries as shoppers type them, got {len(best)} whose best products say the very same; "
            "are they titles?"
        )
    all_evidence = [
        other if cosine is None else with_cosine(other, cosine, middle, spread)
        for other, cosine in zip(others, near, strict=True)
    ]
    evidence = np.sort([each.max() for each in all_evidence])
    own = float(evidence[math.floor(LOST * len(evidence))])
    limit = (len(evidence) * own + PRIOR * USUAL_LIMIT) / (len(evidence) + PRIOR)
    return Cutoff(limit=limit, cosine=middle, spread=spread, queries=len(evidence))


def _distinct(queries: Iterable[str | Request]) -> list[Request]:
    found: dict[tuple[str, str | None], Request] = {}
    for each in queries:
        request = Request(each) if isinstance(each, str) else each
        if not isinstance(request, Request):
            raise RequestError(f"calibrate: wanted queries, or requests with one, got {type(each).__name__}")
        if request.query:
            found[request.query.casefold(), request.context.locale] = Request(request.query, context=request.context)
    return sorted(found.values(), key=lambda each: blake2b((each.query or "").encode()).digest())[:MOST]
