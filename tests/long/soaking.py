"""A worker that searches or writes for long: python soaking.py STORE ENCODER MAINTAIN LINK KIND."""

from __future__ import annotations

import random
import time
from typing import Any

from catalogue import changes, product, requests
from worker import Served, main

DIFFERENT = 400  # requests


class Soaking(Served):
    """What a worker of this run can be told besides."""

    def look(self, end: float, a_second: float, seed: int) -> dict[str, Any]:
        """Searches until the end; how often, which generations answered, and what failed."""
        asked = requests(DIFFERENT, seed)
        done, failed, seen = 0, [], set()
        begin = time.monotonic()
        while time.monotonic() < end:
            time.sleep(max(0.0, begin + done / a_second - time.monotonic()))
            try:
                found = self._shop.search(**asked[done % DIFFERENT])
                if found.degraded or len(set(found.ids)) != len(found.ids) or found.total < len(found.ids):
                    failed.append(f"{asked[done % DIFFERENT]}: {found.degraded}, {found.total}, {found.ids}")
            except Exception as error:
                failed.append(repr(error))
            seen.add(self._shop.store.view.generation)
            done += 1
        return {"done": done, "failed": failed, "generations": sorted(seen)}

    def write(self, end: float, a_second: float, seed: int, among: int) -> dict[str, Any]:
        """Writes until the end: about as many products come as go."""
        chance = random.Random(f"writer {seed}")
        done: dict[str, int] = {}
        failed = []
        begin, number = time.monotonic(), 0
        while time.monotonic() < end:
            time.sleep(max(0.0, begin + number / a_second - time.monotonic()))
            (what,) = chance.choices(("upsert", "upsert, wait=False", "delete", "offers"), weights=(3, 2, 1, 6))
            try:
                self._write(what, chance, among)
            except Exception as error:
                failed.append(f"{what}: {error!r}")
            done[what] = done.get(what, 0) + 1
            number += 1
        return {"done": done, "failed": failed}

    def _write(self, what: str, chance: random.Random, among: int) -> None:
        if what == "delete":
            self._shop.delete([f"p{chance.randrange(among)}" for _ in range(3)])
        elif what == "offers":
            self._shop.update_offers(changes(5, among, seed=chance.randrange(10**9)))
        else:
            # Some texts are new and some were there before, deleted ones come back.
            given = [product(chance.randrange(among), seed=chance.choice((1, 2, chance.random()))) for _ in range(3)]
            self._shop.upsert(given, wait=what == "upsert")

    def answers(self, asked: list[dict[str, Any]]) -> list[object]:
        """Ids in their order, and how many there are in all."""
        return [(found.ids, found.total) for found in (self._shop.search(**each) for each in asked)]


if __name__ == "__main__":
    main(Soaking)
