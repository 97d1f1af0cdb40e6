"""The operations that are killed at each of their steps: what they start from, what they do, what may be there then."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from load import ENCODERS, Action, Item, State
from shelfwise.index import Product, Store, publish, rollback
from shelfwise.index.store import following, importing, maintenance
from shelfwise.index.store.dumping import dump_store
from shelfwise.index.store.folder import KEPT
from shelfwise.index.store.restoring import restore_store
from shelfwise.index.store.upgrading import upgrade_store
from shelfwise.plugin import Shop

N = 40  # products to start with
MANY = 200  # of an import

START: State = {f"k{at}": Item(f"Lamp number n{at}", at + 1, at) for at in range(N)}
TRIO = {f"k{at}": Item(f"Chair number n{at + 500}", 500, 5) for at in (3, 4, N)}
OFFERS = {f"k{at}": Item(START[f"k{at}"].title, 900 + at, 9) for at in range(0, N, 3)}
IMPORTED = {f"k{at}": Item(f"Mug number n{at + 900}", 700, 7) for at in range(20, 20 + MANY)}


@dataclass(frozen=True)
class Operation:
    """One call, made by a process that is killed meanwhile."""

    name: str
    do: Callable[[Path, Path], object]  # with the store, and the folder of archives
    states: Sequence[State] = (START,)  # that may be there: before, after each transaction
    prepare: Callable[[Path, Path], object] = lambda store, archives: None
    format: int = 2  # of the store to start with; 0: none is there
    makes: str = ""  # what the operation makes in the folder of archives


def in_shop(do: Callable[[Shop], object]) -> Callable[[Path, Path], None]:
    """Does it with an open shop."""

    def done(store: Path, archives: Path) -> None:
        following.FOLLOW_SECONDS = 3_600.0
        with Shop.open(store, maintain=False) as shop:
            do(shop)

    return done


def products(state: State) -> list[Product]:
    """The products of a state."""
    return [item.product(key) for key, item in state.items()]


def start(path: Path, format_: int) -> None:
    """A store of this format with the first products in a generation and some of them in the tail."""
    following.FOLLOW_SECONDS = 3_600.0
    Store.open(path, encoder=ENCODERS[0], maintain=False).close()
    if format_ == 1:
        to_format_1(path)
    with Shop.open(path, maintain=False) as shop:
        shop.upsert([Product("gone", "Gone"), *products(START)])
        shop.delete("gone")
        shop.store.build_generation()
        shop.upsert(Product("k1", "Soon another", price=1))
        shop.upsert(products({key: START[key] for key in ("k1", "k2")}))
        shop.update_offers([{"id": "k5", "price": 99}])
        shop.update_offers([{"id": "k5", "price": START["k5"].price}])


def to_format_1(path: Path) -> None:
    """Makes an empty store one of the format before."""
    connection = sqlite3.connect(path / "shelfwise.db")
    with connection:
        connection.executescript(
            "DROP TABLE waiting; DROP TABLE history; DROP TABLE documents; "
            "UPDATE facts SET value = '1' WHERE name = 'format'"
        )
    connection.close()


def _later(shop: Shop) -> None:
    shop.upsert(products(TRIO), wait=False)


def _old_generations(shop: Shop) -> None:
    for _ in range(KEPT + 1):
        shop.store.build_generation()
    shop.upsert(products(TRIO))  # the texts before them have vectors that nobody needs
    shop.store.build_generation()


def _clear_up(shop: Shop) -> None:
    assert maintenance.remove_generations(shop.store) and maintenance.remove_vectors(shop.store)


def _then(*batches: dict[str, Item | None]) -> list[State]:
    return Action("", batches, lambda shop: None).states(START)


def _import_batches() -> list[dict[str, Item | None]]:
    left = list(IMPORTED.items())
    parts = []
    for size in (*importing.FIRST_BATCHES, MANY):
        parts.append(dict(left[:size]))
        left = left[size:]
    return parts


AFTER_TRIO = _then(TRIO)

OPERATIONS = [
    Operation("create", in_shop(lambda shop: None), [{}], format=0),
    Operation("upsert", in_shop(lambda shop: shop.upsert(products(TRIO))), AFTER_TRIO),
    Operation("upsert, wait=False", in_shop(_later), AFTER_TRIO),
    Operation("encode", in_shop(lambda s: maintenance.encode_waiting(s.store)), AFTER_TRIO[1:], in_shop(_later)),
    Operation("delete", in_shop(lambda s: s.delete(["k2", "k9"])), _then({"k2": None, "k9": None})),
    Operation(
        "update_offers",
        in_shop(lambda s: s.update_offers([{"id": k, "price": i.price, "stock": i.stock} for k, i in OFFERS.items()])),
        _then(OFFERS),
    ),
    Operation("import", in_shop(lambda shop: shop.upsert(products(IMPORTED))), _then(*_import_batches())),
    Operation("build and swap", in_shop(lambda shop: shop.store.build_generation())),
    Operation("clean-up", in_shop(_clear_up), AFTER_TRIO[1:], in_shop(_old_generations)),
    Operation("publish", in_shop(lambda shop: publish(shop.store, ENCODERS[1]))),
    Operation(
        "rollback", in_shop(lambda s: rollback(s.store)), prepare=in_shop(lambda s: publish(s.store, ENCODERS[1]))
    ),
    Operation("dump", lambda store, archives: dump_store(store, archives / "a.zip"), makes="a.zip"),
    Operation("upgrade", lambda store, archives: upgrade_store(store), format=1),
    Operation(
        "restore",
        lambda store, archives: restore_store(archives / "a.zip", archives / "restored"),
        prepare=lambda store, archives: dump_store(store, archives / "a.zip"),
        makes="restored",
    ),
]


def copy(template: Path, to: Path) -> None:
    """A copy of a store and its archives; files that are never changed in place are the same ones."""

    def one(source: str, target: str) -> None:
        if "/generations/" in source:
            Path(target).hardlink_to(source)
        else:
            shutil.copyfile(source, target)

    shutil.copytree(template, to, copy_function=one)
