"""Asking a shop all queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shelfwise.finetune.evaluation.asking import BATCH, ask
from shelfwise.finetune.evaluation.errors import EvaluationError
from shelfwise.plugin import NO_LIMITS, Product, Request, RequestError, Results, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path / "lamps", encoder="hashing", durable=False, limits=NO_LIMITS) as made:
        made.upsert(Product(f"p{at}", f"lamp number {at} of oak") for at in range(BATCH + 20))
        yield made


def test_every_query_has_its_ranking_as_the_shop_gives_it(shop: Shop) -> None:
    queries = [f"lamp  number {at}" for at in range(BATCH + 10)]
    told: list[tuple[int, int]] = []
    found = ask(shop.answer_many, [*queries, queries[0]], 5, lambda done, of: told.append((done, of)))
    assert list(found) == queries
    assert found[queries[3]] == shop.search(queries[3], k=5).ids
    assert told == [(BATCH, BATCH + 10), (BATCH + 10, BATCH + 10)]


def test_what_no_source_proposed_is_no_answer(shop: Shop) -> None:
    assert len(shop.search("")) > 0
    assert ask(shop.answer_many, ["", "?!"]) == {"": [], "?!": []}


def test_a_query_that_no_shop_takes_is_said_before_any_is_asked(shop: Shop) -> None:
    asked: list[Request] = []

    def answer(requests: list[Request]) -> list[Results]:
        asked.extend(requests)
        return shop.answer_many(requests)

    with pytest.raises(RequestError) as caught:
        ask(answer, ["lamp", "x" * 1_001])  # type: ignore[arg-type]
    assert "wanted at most 1,000 characters, got 1,001" in str(caught.value)
    assert asked == []


def test_an_answer_that_lacks_something_is_no_measure(shop: Shop) -> None:
    def fails(requests: object) -> None:
        raise RuntimeError("gone")

    shop._answering.pipeline.sources[0].propose = fails  # type: ignore[method-assign, assignment]
    with pytest.raises(EvaluationError) as caught:
        ask(shop.answer_many, ["lamp"])
    assert str(caught.value).startswith("'lamp' was answered without ")
