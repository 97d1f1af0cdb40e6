"""Hard negatives: products that the shop finds for a query today, and that do not answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..plugin import Request, Shop
from .judgement import RELEVANT, Judged

DEPTH = 100  # products that are looked at
BATCH = 64


@dataclass(frozen=True, slots=True)
class Mined:
    """What was found, and how much of it was not trusted."""

    negatives: Mapping[str, Sequence[str]]  # query -> product ids, the hardest first
    too_near: int  # left out, for they may well be answers that nobody judged


def mine(
    found: Mapping[str, Sequence[tuple[str, float]]],
    judged: Judged,
    *,
    nearer_than: float = 0.95,
    skip: int = 5,
    most: int = 30,
) -> Mined:
    """Of what was found for each query (ids with their cosine to it, best first), what may serve as a negative.

    Judged products are left out: their grades are known. So is what is nearer to the query than `nearer_than` times
    its nearest good product, and the first `skip` products: of what stands that high too much is an answer that nobody
    judged.
    """
    negatives: dict[str, list[str]] = {}
    too_near = 0
    for query, products in found.items():
        gains = judged.get(query, {})
        good = [cosine for key, cosine in products if gains.get(key, 0.0) >= RELEVANT]
        limit = nearer_than * max(good) if good else float("inf")
        kept = []
        for key, cosine in products[skip:]:
            if key in gains:
                continue
            if cosine > limit:
                too_near += 1
                continue
            kept.append(key)
        negatives[query] = kept[:most]
    return Mined(negatives, too_near)


def look(
    shop: Shop, queries: Iterable[str], says: Callable[[str], None] = lambda sentence: None
) -> dict[str, list[tuple[str, float]]]:
    """What the shop answers to each query today: ids with their cosine, best first, at most DEPTH."""
    asked = sorted(set(queries))
    found: dict[str, list[tuple[str, float]]] = {}
    weight = shop.weights_of(shop.store.view).get("meaning", shop.weights.meaning)
    for start in range(0, len(asked), BATCH):
        part = asked[start : start + BATCH]
        for query, answer in zip(part, shop.answer_many([Request(query, k=DEPTH) for query in part]), strict=True):
            found[query] = [
                (hit.product.id, hit.parts.get("meaning", 0.0) / weight if weight else 0.0)
                for hit in answer
                if hit.parts
            ]
        if start and start % (BATCH * 50) == 0:
            says(f"{start:,} of {len(asked):,} queries were asked for what is shown today.")
    return found
