"""A process that has a store open and does what it is told: python worker.py STORE ENCODER MAINTAIN LINK KIND."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import ExitStack
from multiprocessing.connection import Client, Connection
from typing import Any

from shelfwise.index import publish
from shelfwise.index.store import maintenance
from shelfwise.plugin import Product, Shop

LOOK_SECONDS = 0.01


class Served:
    """What one process can be told; the names of its methods are the tasks."""

    def __init__(self, shop: Shop, link: Connection, address: str) -> None:
        self._shop, self._link, self._address = shop, link, address

    def go_on(self) -> None:
        """Does what it is told until the link ends."""
        while True:
            try:
                task, *given = self._link.recv()
            except EOFError:
                return
            try:
                self._link.send((True, getattr(self, task)(*given)))
            except Exception:
                self._link.send((False, traceback.format_exc()))

    def fork(self) -> None:
        """Forks; the child serves at a link of its own."""
        if os.fork():
            return
        self._link.close()
        serve(self._shop, self._address, "forked", type(self))
        os._exit(0)

    # ---- writes, and whether they are seen; times are of a clock that all processes share --------------------------

    def put(self, key: str, title: str, price: float) -> float:
        """Stores a product; when that was acknowledged."""
        self._shop.upsert(Product(key, title, price=price, stock=1))
        return time.monotonic()

    def reprice(self, key: str, price: float) -> float:
        """Changes a price; when that was acknowledged."""
        assert self._shop.update_offers([{"id": key, "price": price}]).changed == 1
        return time.monotonic()

    def see(self, key: str, title: str, price: float, seconds: float) -> float:
        """Waits until a search finds a product at this price; when it did."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # Looked up before it is searched for: eight processes that search all the time would measure themselves.
            if self._shop.store.view.row_of(key) >= 0:
                hits = self._shop.search(title, filters={"price": (price, price)}, k=3)
                if key in hits.ids:
                    return time.monotonic()
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(f"{key} at {price} was not seen within {seconds:g} s")

    def drop(self, key: str) -> int:
        """Deletes a product."""
        return self._shop.delete(key)

    def search(self, **asked: Any) -> list[str]:
        """The ids that a search finds."""
        return self._shop.search(**asked).ids

    def many(self, requests: list[dict[str, Any]]) -> list[list[str]]:
        """The ids that each search finds."""
        return [self._shop.search(**asked).ids for asked in requests]

    def state(self) -> dict[str, Any]:
        """How far this process is."""
        view = self._shop.store.view
        return {"change": view.change, "generation": view.generation, "waiting": len(self._shop.waiting())}

    # ---- locks -----------------------------------------------------------------------------------------------------

    def hold(self, what: str) -> None:
        """Takes a lock, says so, and keeps it for as long as it lives."""
        store = self._shop.store
        with ExitStack() as stack:
            if what == "writer's transaction":
                connection = stack.enter_context(store.database.write())
                connection.exec_driver_sql("UPDATE facts SET value = 'half' WHERE name = 'locale'")
            elif what == "build.lock":
                assert stack.enter_context(store.folder.building()) is not None
            elif what in ("maintain", "publish"):
                assert stack.enter_context(store.database.alone(what))
            elif what == "pointer.lock":
                stack.enter_context(store.folder.pointing(wait=True))
            elif what == "middle of a refresh":
                stack.enter_context(store._lock)
                stack.enter_context(store.database.read()).exec_driver_sql("SELECT count(*) FROM products")
            else:
                assert what == "process file", what
            self._link.send((True, "held"))
            time.sleep(3_600)

    def maintain(self) -> bool:
        """Whether the maintainer's lock could be had."""
        return maintenance.maintain(self._shop.store) is not None

    def build(self) -> int | None:
        """The number of a new generation; None where another process builds."""
        return self._shop.store.build_generation()

    def publish_weights(self, weight: float) -> int:
        """Publishes other weights."""
        return publish(self._shop.store, weights={"words": weight, "meaning": 1.0})

    def threads(self) -> list[str]:
        """The names of this process's threads."""
        return sorted(thread.name for thread in threading.enumerate())


def serve(shop: Shop, address: str, kind: str, served: type[Served]) -> None:
    """Says who it is, and does what it is told."""
    with Client(address, "AF_UNIX") as link:
        link.send((kind, os.getpid()))
        served(shop, link, address).go_on()


def main(served: type[Served] = Served) -> None:
    """Opens the store and serves."""
    faulthandler.register(signal.SIGUSR1)
    store, encoder, maintains, address, kind = sys.argv[1:]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by themselves
    with Shop.open(store, encoder=encoder, maintain=maintains == "yes") as shop:
        shop.warm()
        serve(shop, address, kind, served)


if __name__ == "__main__":
    main()
