"""A process that has imported everything and forks children on request, so that a test can afford to kill many.

Reads one JSON object a line: {"do": …, "store": …, "out": …, …}; answers with the child's pid. A child appends what it
acknowledges to the file `out` with plain writes, which a kill cannot take back. It imports no torch.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from shelfwise.index import ImportOptions, Product, Store, dump_store, read_feed, restore_store, upgrade_store
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.store import following, maintenance
from shelfwise.plugin import Shop
from sqlalchemy import event
from sqlalchemy.engine import Engine


class Says:
    """Appends lines to a file."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def __call__(self, line: object) -> None:
        os.write(self._handle, f"{line}\n".encode())


class WritingEncoder(HashingEncoder):
    """Writes down every text that it encodes, before the caller has the vectors."""

    def __init__(self, path: str, seconds: float = 0.0) -> None:
        self._says, self._seconds = Says(path), seconds

    def encode_passages(self, texts: Sequence[str]) -> Any:
        for text in texts:
            self._says(text)
        time.sleep(self._seconds)
        return super().encode_passages(texts)


def trio(number: int) -> list[Product]:
    """Three products that are written in one batch and say in which."""
    return [
        Product(f"g{at}", f"Garden chair number {number}", price=number, stock=number, brand=f"b{number}")
        for at in range(3)
    ]


def open_shop(order: dict[str, Any], **options: Any) -> Shop:
    """The shop at the order's folder or URL."""
    return Shop.open(order["store"], **({"cache": order.get("cache"), "encoder": "hashing"} | options))


def become_nobody() -> None:
    """Gives up the right to write whatever belongs to root."""
    # First use loads modules, and nobody may read where root's Python lies.
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder, encoder="hashing")
        store.put(trio(1))
        store.build_generation()
        store.close()
        Store.open(folder).close()
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


# ---- what a child can do -----------------------------------------------------------------------------------------


def write(order: dict[str, Any], says: Says) -> None:
    """Writes for ever: a trio again and again, a product that stays, one that is deleted."""
    with open_shop(order) as shop:
        for number in count(order.get("first", 1)):
            shop.upsert(trio(number))
            says(f"trio {number}")
            shop.upsert(Product(f"p{number}", f"Lamp {number}", price=5))
            says(f"put p{number}")
            if number % 3 == 0:
                shop.delete(f"p{number - 1}")
                says(f"gone p{number - 1}")
            if order.get("build"):
                shop.store.build_generation()
                says("built")


def write_once(order: dict[str, Any], says: Says) -> None:
    """One trio, one deletion, one generation and the removal of an old one, then the end."""
    with open_shop(order) as shop:
        shop.upsert(trio(order["number"]))
        says(f"trio {order['number']}")
        shop.delete("old")
        says("gone old")
        shop.store.build_generation()
        says("built")
        maintenance.remove_generations(shop.store)


def own(order: dict[str, Any], says: Says) -> None:
    """Writes products that nobody else writes, then the end."""
    with open_shop(order) as shop:
        for at in range(order["count"]):
            shop.upsert(Product(f"{order['name']}-{at}", f"Kettle {at} of {order['name']}", price=at + 1))
            says(f"put {order['name']}-{at}")


def one(order: dict[str, Any], says: Says) -> None:
    """Opens, says so, waits for the file `go`, writes one product, says when."""
    with open_shop(order) as shop:
        says("open")
        wait_for(order["go"])
        shop.upsert(Product(**order["product"]))
        says(f"wrote {time.time()}")


def opens(order: dict[str, Any], says: Says) -> None:
    """Opens a store that may not be there yet, at the same moment as others."""
    wait_for(order["go"])
    open_shop(order).close()
    says("opened")


def import_feed(order: dict[str, Any], says: Says) -> None:
    """Imports a feed with an encoder that writes down what it encodes."""
    encoder = WritingEncoder(order["encoded"], order.get("seconds", 0.0))
    with open_shop(order, encoder=encoder) as shop:
        says("open")
        report = shop.upsert(read_feed(order["feed"]), options=ImportOptions(mode=order.get("mode", "merge")))
        says(f"imported {report.added} {report.changed} {report.unchanged} {report.encoded}")


def build(order: dict[str, Any], says: Says) -> None:
    """Waits for the file `go`, then builds one generation."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing")
    says("open")
    wait_for(order["go"])
    says(f"number {store.build_generation()}")
    store.close()


def search(order: dict[str, Any], says: Says) -> None:
    """Says which generation and how many products it searches, whenever that changes; follows others if it is told."""
    if order.get("nobody"):
        become_nobody()
    if not order.get("follow", True):
        following.FOLLOW_SECONDS = 3_600.0
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing")
    store.follow()
    said = ""
    while True:
        view = store.view
        if (line := f"generation {view.generation} products {view.n_products}") != said:
            says(line)
        said = line
        time.sleep(0.01)


def watch_price(order: dict[str, Any], says: Says) -> None:
    """Says a product's price (in 1/10,000) and stock whenever they change; looks at nothing but the view."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing")
    said = ""
    while True:
        view = store.view
        live, row = view.place(view.row_of(order["product"]))
        prices, variant = live.prices(store.context), live.segment.first_variant[row]
        if (line := f"price {prices.price[variant]} stock {prices.stock[variant]}") != said:
            says(line)
        said = line
        time.sleep(0.01)


def hold_lock(order: dict[str, Any], says: Says) -> None:
    """Holds the writer's lock until it is killed."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing")
    with store.database.write():
        says("locked")
        time.sleep(60)


def alone(order: dict[str, Any], says: Says) -> None:
    """Says whether it is the one that does a task, and if so does it until it is killed."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    with store.database.alone(order["task"]) as mine:
        says(f"alone {mine}")
        time.sleep(60 if mine else 0)
    store.close()


def dump(order: dict[str, Any], says: Says) -> None:
    """Dumps the store to the same place again and again, so many times."""
    for number in range(1, order.get("times", 1) + 1):
        dump_store(order["store"], order["archive"], overwrite=True, cache=order.get("cache"))
        says(f"dumped {number}")


def restore(order: dict[str, Any], says: Says) -> None:
    """Makes the store of an archive."""
    says("start")
    restore_store(order["archive"], order["store"], cache=order.get("cache"))
    says("restored")


def upgrade(order: dict[str, Any], says: Says) -> None:
    """Raises the store's format."""
    says("start")
    says(f"upgraded {upgrade_store(order['store'], cache=order.get('cache')).kept}")


def open_as_nobody(order: dict[str, Any], says: Says) -> None:
    """Opens the store as a user who may not write there."""
    become_nobody()
    try:
        with open_shop(order) as shop:
            says(f"opened {len(shop)} {len(shop.search('lamp'))}")
            shop.upsert(Product("new", "New"))
            says("wrote")
    except Exception as error:
        says(f"{type(error).__name__}: {error}")


def call(order: dict[str, Any], says: Says) -> None:
    """Runs the function `name` of the file `file`, a test's own."""
    root = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(root))
    module = importlib.import_module(".".join(Path(order["file"]).relative_to(root).with_suffix("").parts))
    getattr(module, order["name"])(order, says)


DOES: dict[str, Callable[[dict[str, Any], Says], None]] = {
    each.__name__: each
    for each in (
        call,
        write,
        write_once,
        own,
        one,
        opens,
        import_feed,
        build,
        search,
        watch_price,
        hold_lock,
        alone,
        dump,
        restore,
        upgrade,
        open_as_nobody,
    )
}


def wait_for(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.002)


# ---- where a child dies ------------------------------------------------------------------------------------------


def die_at(step: str) -> None:
    """Arms a kill: "NAME:N:before" or "NAME:N:after" the N-th call of a step.

    "statement" and "commit" count those that write; "save", "fsync", "rename", "replace" and "rmdir" what a build
    calls.
    """
    name, nth, when = step.split(":")
    calls = count(1)
    following.FOLLOW_SECONDS = 3_600.0  # its steps would be counted too

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(10)

    if name == "statement":

        def counted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith(("INSERT", "UPDATE", "DELETE")) and next(calls) == int(nth):
                die()

        event.listen(Engine, "before_cursor_execute" if when == "before" else "after_cursor_execute", counted)
        return
    if name == "commit":

        def committing(connection: Any) -> None:
            if connection.get_execution_options().get("shelfwise_write") and next(calls) == int(nth):
                die()

        event.listen(Engine, "commit", committing)
        return
    module: Any = np if name == "save" else os
    real = getattr(module, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        now = next(calls) == int(nth)
        if now and when == "before":
            die()
        made = real(*args, **named)
        if now:
            die()
        return made

    setattr(module, name, wrapped)


def child(order: dict[str, Any]) -> None:
    says = Says(order["out"])
    try:
        if order.get("die"):
            die_at(order["die"])
        DOES[order["do"]](order, says)
        says("end")
    except BaseException:
        says(f"failed {traceback.format_exc()!r}")


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by themselves
    assert threading.active_count() == 1, "only a process with one thread may fork"
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            child(json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
