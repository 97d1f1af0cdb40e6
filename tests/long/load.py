"""A mixed load whose every possible outcome is known: who has its seed knows what it does, and in which order."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from forked import Says
from shelfwise.index import ImportOptions, Product, Store, publish, read_feed, rollback
from shelfwise.index.store import maintenance, offer_updates, rows, settings
from shelfwise.index.store.dumping import dump_store
from shelfwise.index.store.importing import BATCH, FIRST_BATCHES
from shelfwise.index.store.upgrading import upgrade_store
from shelfwise.plugin import Shop

ENCODERS = ("hashing", "hashing-32")
WORDS = "amber birch cedar daisy ember fern grove hazel iris jade kelp linen maple north olive pearl".split()
IDS = 120  # of one writer


@dataclass(frozen=True)
class Item:
    """What is looked at of a product."""

    title: str
    price: int
    stock: int

    def product(self, key: str) -> Product:
        """The product that says this."""
        return Product(key, self.title, price=self.price, stock=self.stock, brand=f"Brand {self.stock % 5}")

    @classmethod
    def of(cls, product: Product) -> Item:
        """What a stored product says."""
        (offer,) = product.variants[0].offers
        return cls(product.title, int(offer.price), int(offer.stock or 0))


State = Mapping[str, Item]  # by id
Batch = Mapping[str, Item | None]  # what one transaction changes; None: deletes


@dataclass(frozen=True)
class Action:
    """One call, and what each of its transactions changes, in their order."""

    name: str
    batches: tuple[Batch, ...]
    do: Callable[[Shop], object]

    def states(self, state: State) -> list[State]:
        """Before it, and after each transaction."""
        found = [state]
        for batch in self.batches:
            found.append(changed(found[-1], batch))
        return found


def changed(state: State, batch: Batch) -> State:
    """The state after a transaction."""
    merged = {**state, **batch}
    return {key: item for key, item in merged.items() if item is not None}


# ---- writers -----------------------------------------------------------------------------------------------------


class Writer:
    """Writes products that nobody else writes: their ids start with its letter."""

    def __init__(self, letter: str, seed: object, scratch: Path) -> None:
        self._letter, self._chance, self._scratch = letter, random.Random(f"{letter}{seed}"), scratch
        self._numbers = count(self._chance.randrange(10**6))

    def actions(self, state: State) -> Iterator[Action]:
        """What it does, for ever; the same from the same seed and state."""
        makers = (self._upsert, self._upsert_later, self._import, self._import_file, self._delete, self._offers)
        while True:
            (make,) = self._chance.choices(makers, weights=(4, 4, 1, 1, 2, 4))
            action = make(state)
            yield action
            state = action.states(state)[-1]

    def work(self, path: Path, state: State, says: Says) -> None:
        """Does it, and says each that is done."""
        with Shop.open(path) as shop:
            says("open")
            for action in self.actions(state):
                action.do(shop)
                says(action.name)

    def _key(self) -> str:
        return f"{self._letter}{self._chance.randrange(IDS)}"

    def _item(self) -> Item:
        number = next(self._numbers)
        return Item(f"Chair {self._chance.choice(WORDS)} n{number}", 1 + number % 900, number % 50)

    def _upsert(self, state: State, wait: bool = True) -> Action:
        items = {self._key(): self._item() for _ in range(self._chance.choice((1, 3, 3, 10)))}
        if self._chance.random() < 0.2:  # a known text with another price: only the offers are written
            items = {key: Item(state[key].title, new.price, new.stock) for key, new in items.items() if key in state}
        given = [item.product(key) for key, item in items.items()]
        name = "upsert" if wait else "upsert, wait=False"
        return Action(name, (items,), lambda shop: shop.upsert(given, wait=wait))

    def _upsert_later(self, state: State) -> Action:
        return self._upsert(state, wait=False)

    def _import(self, state: State) -> Action:
        items = self._many()
        given = [item.product(key) for key, item in items.items()]
        return Action("import", _batches(items), lambda shop: shop.upsert(given))

    def _import_file(self, state: State) -> Action:
        items = self._many()
        lines = [{"id": key, "title": i.title, "price": i.price, "stock": i.stock} for key, i in items.items()]
        lines.append({"id": "bad", "title": "Bad", "price": "a lot"})  # makes a report
        feed = self._scratch / f"{self._letter}.jsonl"

        def do(shop: Shop) -> None:
            feed.write_text("".join(json.dumps(line) + "\n" for line in lines))
            shop.upsert(read_feed(feed), options=ImportOptions())

        return Action("import of a file", _batches(items), do)

    def _many(self) -> dict[str, Item]:
        return {f"{self._letter}{at}": self._item() for at in range(self._chance.randint(33, IDS))}

    def _delete(self, state: State) -> Action:
        keys = {self._key() for _ in range(self._chance.randint(1, 4))} & state.keys()
        gone = sorted(keys)
        return Action("delete", (dict.fromkeys(gone),), lambda shop: shop.delete(gone))

    def _offers(self, state: State) -> Action:
        known = sorted(state)
        moved = {}
        for key in self._chance.sample(known, min(len(known), self._chance.choice((1, 5, 40)))):
            new = self._item()
            moved[key] = Item(state[key].title, new.price, new.stock)
        updates = [{"id": key, "price": item.price, "stock": item.stock} for key, item in moved.items()]
        parts = tuple(dict(part) for part in rows.chunks(moved.items(), offer_updates.AT_ONCE))
        return Action("update_offers", parts, lambda shop: shop.update_offers(updates))


def _batches(items: Mapping[str, Item]) -> tuple[Batch, ...]:
    """The transactions of an import of so many products."""
    left = iter(items.items())
    sizes = [*FIRST_BATCHES, *[BATCH] * (len(items) // BATCH + 1)]
    parts = (next(rows.chunks(left, size), None) for size in sizes)
    return tuple(dict(part) for part in parts if part)


# ---- who keeps the store -----------------------------------------------------------------------------------------


def keep(path: Path, dumps: Path, seed: object, says: Says) -> None:
    """Maintains, builds, publishes, goes back, dumps and upgrades, for ever; says what begins and what is done."""
    chance = random.Random(f"keeper{seed}")
    with Shop.open(path) as shop:
        says("open")
        for number in count():
            facts = facts_of(shop.store)
            names = ["maintain", "maintain", "build", "build", "dump", "clear up"]
            if int(facts["format"]) < 2:
                names += ["upgrade"] * 3
            elif "encoder_hash" in facts:
                names += ["publish", *(["rollback"] if settings.previous(facts) else [])]
            name = chance.choice(names)
            live = facts.get("encoder_reference", ENCODERS[0])
            other = ENCODERS[1 - ENCODERS.index(live)]
            archive = dumps / f"{number}.zip"
            says(f"begins {name}")
            if name == "maintain":
                maintenance.maintain(shop.store)
            elif name == "build":
                shop.store.build_generation()
            elif name == "clear up":
                maintenance.remove_generations(shop.store)
                maintenance.remove_vectors(shop.store)
            elif name == "dump":
                dump_store(shop.store, archive, overwrite=True)
            elif name == "upgrade":
                upgrade_store(path)
            elif name == "publish":
                publish(shop.store, other)
            else:
                rollback(shop.store)
            detail = {"dump": archive, "publish": other, "rollback": facts_of(shop.store).get("encoder_reference")}
            says(f"did {name} {detail.get(name, '')}")


def facts_of(store: Store) -> dict[str, str]:
    """The facts of an open store."""
    with store.database.read() as connection:
        return settings.read(connection)


def possible(states: Sequence[State], actions: Iterator[Action], done: int) -> tuple[list[State], str, list[State]]:
    """What may be there after so many acknowledged actions; the name of the one under way; all states on the way."""
    state = states[-1]
    way = list(states)
    for _ in range(done):
        way += (then := next(actions).states(state))[1:]
        state = then[-1]
    under_way = next(actions)
    now = under_way.states(state)
    return now, under_way.name, [*way, *now[1:]]
