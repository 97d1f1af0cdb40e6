"""A worker of an installed version: python versioned.py STORE ENCODER MAINTAIN LINK KIND."""

from __future__ import annotations

import logging
from pathlib import Path

from catalogue import products
from shelfwise import index
from shelfwise.index import ShelfwiseError
from shelfwise.index.store import schema
from shelfwise.index.store.checking import check_store
from shelfwise.index.store.upgrading import upgrade_store
from shelfwise.plugin import Product
from worker import Served, main


class Versioned(Served):
    """What a worker of this run can be told besides."""

    def version(self) -> tuple[int, str]:
        """The format that it makes, and where it is installed."""
        return schema.FORMAT, str(Path(index.__file__).parent)

    def fill(self, count: int) -> int:
        """Brings products in; how many."""
        return self._shop.upsert(products(count)).added

    def own(self, name: str, count: int) -> list[str]:
        """Writes products that nobody else writes, in all ways; their ids."""
        for number in range(count):
            key = f"{name}{number}"
            self._shop.upsert(Product(key, f"Teapot n{key}", price=1, stock=1), wait=number % 2 == 0)
            self._shop.update_offers([{"id": key, "price": 2 + number}])
            self._shop.upsert(Product(f"{key}gone", f"Gone n{key}", price=1))
            self._shop.delete(f"{key}gone")
        return [f"{name}{number}" for number in range(count)]

    def ids(self) -> list[str]:
        """All that are there."""
        return sorted(self._shop.store.ids())

    def check(self) -> list[str]:
        """What the check finds."""
        return [str(each) for each in check_store(self._shop.store) if each.kind != "import"]

    def upgrade(self) -> tuple[int, int]:
        """Raises the store's format; the one before and the one after."""
        done = upgrade_store(self._shop.store.name)
        return done.before, done.format

    def refused(self) -> str:
        """What a write says."""
        try:
            self._shop.upsert(Product("refused", "Refused", price=1))
        except ShelfwiseError as error:
            return f"{type(error).__name__}: {error}"
        return "written"


if __name__ == "__main__":
    # That a process of the older version cannot follow any more is meant, and said by a claim.
    logging.getLogger("shelfwise").addHandler(logging.NullHandler())
    main(Versioned)
