"""A worker that searches or changes offers at a steady rate: python searching.py STORE ENCODER MAINTAIN LINK KIND."""

from __future__ import annotations

import time
from typing import Any

from catalogue import requests
from worker import Served, main

DIFFERENT = 400  # requests, again and again


class Searching(Served):
    """What a worker of this run can be told besides."""

    def pace(self, begin: float, end: float, a_second: float, seed: int) -> list[tuple[float, float, float]]:
        """Searches at a steady rate; when each began, its seconds, and its processor seconds."""
        asked = requests(DIFFERENT, seed)
        done = []
        for number in range(int((end - begin) * a_second)):
            time.sleep(max(0.0, begin + number / a_second - time.monotonic()))
            began, used = time.monotonic(), time.thread_time()
            self._shop.search(**asked[number % len(asked)])
            done.append((began, time.monotonic() - began, time.thread_time() - used))
        return done

    def stream(self, begin: float, updates: list[dict[str, Any]], a_second: float) -> tuple[list[float], float]:
        """Changes offers one by one at a steady rate; the seconds of each call, and how late the last one ended."""
        took = []
        for number, update in enumerate(updates):
            time.sleep(max(0.0, begin + number / a_second - time.monotonic()))
            began = time.monotonic()
            assert self._shop.update_offers([update]).unknown == 0
            took.append(time.monotonic() - began)
        return took, time.monotonic() - begin - len(updates) / a_second

    def burst(self, begin: float, updates: list[dict[str, Any]]) -> tuple[float, float]:
        """Changes many at once; when that began and ended."""
        time.sleep(max(0.0, begin - time.monotonic()))
        began = time.monotonic()
        assert self._shop.update_offers(updates).unknown == 0
        return began, time.monotonic()

    def priced(self, truth: dict[str, tuple[float, int]]) -> list[str]:
        """The products that filters and pages of this process see otherwise."""
        wrong = []
        for key, (price, stock) in truth.items():
            found = self._shop.search("", filters={"id": key, "price": (price, price), "in_stock": stock > 0})
            shown = [(float(hit.price.amount), hit.product.id) for hit in found if hit.price]
            wrong += [] if shown == [(price, key)] else [key]
        return wrong

    def answers(self, asked: list[dict[str, Any]]) -> list[object]:
        """Ids, counts of facets and the number of all that fit."""
        found = [self._shop.search(**each) for each in asked]
        return [
            (each.ids, each.total, [[(v.code, v.count) for v in facet] for facet in each.facets.values()])
            for each in found
        ]


if __name__ == "__main__":
    main(Searching)
