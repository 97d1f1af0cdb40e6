"""The model that reads the first products of an answer together with the query."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from shelfwise.index import Reader
from shelfwise.plugin import FusionWeights, Product, Shop
from shelfwise.plugin.stages import reading

QUERY = "lamp"


class Likes:
    """Stands for a trained model: one text answers the query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[tuple[str, Sequence[str]]] = []

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        self.asked.append((query, texts))
        return np.array([float(text == self.text) for text in texts], np.float32)


@pytest.fixture
def lamps(shop: Shop) -> Shop:
    shop.upsert([Product(f"lamp-{at:02}", f"Lamp number {at}") for at in range(60)])
    return shop


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    def use(made: object) -> None:
        monkeypatch.setattr(Reader, "beside", classmethod(lambda cls, encoder: made))

    return use


def ids(shop: Shop, k: int = 60) -> list[str]:
    return [hit.product.id for hit in shop.search(QUERY, k=k)]


def test_what_is_read_as_an_answer_rises_and_nothing_read_falls_behind_what_was_not(
    lamps: Shop, reader: Callable[[object], None]
) -> None:
    before = ids(lamps)
    liked = before[12]
    model = Likes(f"Lamp number {int(liked[5:])}")
    reader(model)
    shop = Shop(lamps.store, FusionWeights(reading=0.5))
    found = shop.search(QUERY, k=60)
    after = [hit.product.id for hit in found]
    assert after == [liked, *(key for key in before if key != liked)]
    assert found[0].parts["reading"] == 0.5
    for hit in found:
        assert hit.score == pytest.approx(sum(hit.parts.values()), abs=1e-5)
    ((query, texts),) = model.asked
    assert query == QUERY and len(texts) == reading.READ


def test_without_a_weight_or_a_model_nothing_is_read(lamps: Shop, reader: Callable[[object], None]) -> None:
    model = Likes("Lamp number 3")
    reader(model)
    Shop(lamps.store).search(QUERY)
    Shop(lamps.store, FusionWeights(reading=0.5)).search("")
    assert model.asked == []
    reader(None)
    assert "reading" not in Shop(lamps.store, FusionWeights(reading=0.5)).search(QUERY)[0].parts


def test_a_model_that_fails_costs_its_part_alone(lamps: Shop, reader: Callable[[object], None]) -> None:
    class Fails:
        def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
            raise RuntimeError("out of memory")

    before = ids(lamps)
    reader(Fails())
    found = Shop(lamps.store, FusionWeights(reading=0.5)).search(QUERY, k=60)
    assert [hit.product.id for hit in found] == before and found.degraded == ("reading",)
