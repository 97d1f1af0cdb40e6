"""Many readers while one writes: no exception, and each answer consistent in itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from shelfwise.index.store import following
from shelfwise.plugin import Product, Request, Results, Shop

Opens = Callable[..., Shop]


def assert_consistent(found: Results) -> None:
    ids = found.ids
    assert len(set(ids)) == len(ids) <= found.total
    for hit in found:
        assert abs(hit.score - sum(hit.parts.values())) < 1e-5
        assert hit.price is not None and hit.price.amount <= 50, "the filter holds for what is shown"
    assert found.facets["brand"].count("Lumen") <= found.total


def run_beside(
    reads: list[Callable[[], Any]], write: Callable[[int], Any], seconds: float, writes: int = 1
) -> tuple[int, int]:
    """Reads in a thread each while this one writes; how often each was done. Raises what a reader raised.

    For some seconds, and longer (but not for ever) where the readers leave little time for that many writes.
    """
    failures: list[BaseException] = []
    done, end = [0] * len(reads), threading.Event()

    def go_on(at: int) -> None:
        while not end.is_set() and not failures:
            try:
                reads[at]()
                done[at] += 1
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=go_on, args=(at,)) for at in range(len(reads))]
    for thread in threads:
        thread.start()
    begun, written = time.monotonic(), 0
    while time.monotonic() < begun + (seconds if written >= writes else 20 * seconds) and not failures:
        write(written)
        written += 1
    end.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return min(done), written


@pytest.mark.slow
def test_many_threads_read_while_one_writes_deletes_and_builds(
    open_shop: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "FOLLOW_SECONDS", 0.001)  # the follower comes in between as often as it can
    shop = open_shop()
    shop.upsert([Product(f"p{at}", f"Lamp model {at}", brand="Lumen", price=at % 60) for at in range(300)])
    asks: dict[str, Any] = {"filters": {"price": (None, 50)}, "facets": ["brand"]}

    def write(number: int) -> None:
        shop.upsert(
            [Product(f"p{(number * 7 + at) % 300}", f"Lamp {number} {at}", brand="Lumen", price=at) for at in range(5)]
        )
        if number % 3 == 0:
            shop.delete([f"p{number % 300}", f"p{(number + 1) % 300}"])
        if number % 5 == 0:
            shop.store.build_generation()

    reads: list[Callable[[], Any]] = [
        lambda: assert_consistent(shop.search("lamp model 7", **asks)),
        lambda: assert_consistent(shop.search("", sort="price", k=100, **asks)),
        lambda: [
            assert_consistent(each)
            for each in shop.answer_many([Request(query, **asks) for query in ("lamp", "model")])
        ],
        lambda: len(shop),
    ]
    least, writes = run_beside(reads, write, seconds=3, writes=6)
    assert least > 5 and writes > 5


def test_a_read_after_a_write_in_the_same_thread_sees_it_whatever_others_do(open_shop: Opens) -> None:
    shop = open_shop()
    shop.upsert([Product(f"p{at}", f"Cup {at}", price=1) for at in range(50)])
    failures: list[str] = []

    def write_and_look(name: str) -> None:
        for at in range(10):
            shop.upsert(Product(f"{name}{at}", f"Teapot {name}{at}", price=1))
            if f"{name}{at}" not in shop.search(f"teapot {name}{at}", k=100).ids:
                failures.append(f"{name}{at} missing")
            shop.delete(f"{name}{at}")
            if f"{name}{at}" in shop.search(f"teapot {name}{at}", k=100).ids:
                failures.append(f"{name}{at} still there")

    threads = [threading.Thread(target=write_and_look, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(shop) == 50


@pytest.mark.slow
def test_small_caches_of_filters_and_queries_stand_many_threads(
    open_shop: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shelfwise.plugin.query_vectors.KEPT", 2)
    monkeypatch.setattr("shelfwise.plugin.answering.KEPT_MATCHINGS", 2)
    shop = open_shop()
    shop.upsert([Product(f"p{at}", f"Cup {at}", price=at, brand="ABC"[at % 3]) for at in range(50)])
    numbers = iter(range(10**6))

    def read() -> None:
        at = next(numbers) % 7
        found = shop.search(f"cup {at}", filters={"brand": "ABC"[at % 3]})
        assert found.degraded == () and {hit.product.brand for hit in found} == {"ABC"[at % 3]}

    least, _ = run_beside([read] * 6, lambda _: time.sleep(0.01), seconds=2)
    assert least > 5
