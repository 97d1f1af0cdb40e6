"""Weights that are learned from judged queries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from shelfwise.finetune.fusing import fit_reading, fit_weights
from shelfwise.plugin import FusionWeights, Product, Request, Results, Shop

LIVE = FusionWeights()
WORDS = ("red", "blue", "green", "black", "white", "grey", "brown", "pink")


@pytest.fixture
def lamps(shop: Shop) -> Shop:
    shop.upsert([Product(f"{word}-{kind}", f"{word} {kind}") for word in WORDS for kind in ("lamp", "rug", "cup")])
    return shop


def with_parts(shop: Shop, words_are_right: bool) -> tuple[dict[str, dict[str, float]], Shop]:
    """Judgements by which one source alone is right: its first product, where the other's is another."""
    words, meaning = (Shop(shop.store, FusionWeights(a, 1 - a)) for a in (0.999, 0.001))
    judged = {}
    for word in WORDS:
        for query in (f"{word} lamp", f"{word}", f"{word} cup rug"):
            best, other = words.search(query, k=1), meaning.search(query, k=1)
            if not words_are_right:
                best, other = other, best
            judged[query] = {best[0].product.id: 1.0}
    return judged, Shop(shop.store, LIVE)


@pytest.mark.parametrize("words_are_right", [True, False])
def test_weights_are_never_worse_on_what_they_are_learned_from(lamps: Shop, words_are_right: bool) -> None:
    judged, shop = with_parts(lamps, words_are_right)
    made = fit_weights(shop.answer_many, judged, LIVE)
    assert made.ndcg >= made.before - 0.001
    again = fit_weights(Shop(shop.store, made.weights).answer_many, judged, made.weights)
    assert again.before == pytest.approx(made.ndcg, abs=1e-9), "what was reckoned is what is served"


def test_where_nothing_is_gained_the_weights_stay(lamps: Shop) -> None:
    judged = {f"{word} lamp": {f"{word}-lamp": 1.0} for word in WORDS}
    shop = Shop(lamps.store, LIVE)
    assert fit_weights(shop.answer_many, judged, LIVE).weights == LIVE


def test_reading_counts_as_much_as_it_gains_and_else_not(lamps: Shop) -> None:
    judged = {word: {f"{word}-rug": 1.0} for word in WORDS}
    asked: list[int] = []

    def answer_many(requests: Sequence[Request]) -> list[Results]:
        asked.append(len(requests))
        return Shop(lamps.store, LIVE).answer_many(requests)

    def knows(query: str, ids: Sequence[str]) -> np.ndarray:
        return np.array([1.0 if key.endswith("rug") else 0.0 for key in ids], np.float32)

    def knows_nothing(query: str, ids: Sequence[str]) -> np.ndarray:
        return np.full(len(ids), 0.5, np.float32)

    gained = fit_reading(answer_many, judged, LIVE, knows)
    assert gained.weights.reading > 0 and gained.ndcg == pytest.approx(1.0) and gained.before < 1.0
    assert fit_reading(answer_many, judged, LIVE, knows_nothing).weights == LIVE
    assert sum(asked) == 2 * len(WORDS)
