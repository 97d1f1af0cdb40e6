"""Kill -9 at named steps and at random moments: what was acknowledged is there, and nothing half written is seen."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import Product, Store, match
from shelfwise.index.store import maintenance, rows, schema
from sqlalchemy import func, select, text

LIVES = 12


def assert_whole(store: Store) -> None:
    """Truth and view agree with each other, and the truth with itself."""
    with store.database.read() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        live = select(schema.products.c.id).where(schema.products.c.document.is_not(None))
        ids = set(connection.execute(live).scalars())
        assert ids == set(connection.execute(select(schema.offers.c.product_id)).scalars()), "an offer for each product"
        newest = connection.execute(select(func.max(schema.products.c.change))).scalar_one() or 0
        assert newest <= int(
            connection.execute(select(schema.facts.c.value).where(schema.facts.c.name == "change")).scalar_one()
        )
        products = store.products(sorted(ids))
        keys = [key for product in products.values() for key, _ in rows.texts_of(product).values()]
        assert len(rows.vectors_of(connection, keys, "hashing-1")) == len(set(keys)), "a vector for each text"
    view = store.view
    assert view.n_products == len(ids)
    assert all(view.row_of(key) >= 0 for key in ids)
    mask = match(view, (), store.context).mask
    assert {view.id_of(row) for row in np.flatnonzero(mask).tolist()} == ids
    by_word: dict[str, set[int]] = {}
    for product in products.values():
        row = view.row_of(product.id)
        assert view.vector_of(row, "en") is not None, "what lies in the view has its vector"
        word = product.title.lower().split()[-1]
        if word not in by_word:
            by_word[word] = set(view.by_words([word], view.n_rows, mask, "en").rows.tolist())
        assert row in by_word[word], "and its words"


def assert_acknowledged(store: Store, lines: list[str]) -> None:
    """All that was said is there; of what was not said, at most the one next step, and that whole."""
    assert not [line for line in lines if line.startswith("failed")], lines
    told = [line.split() for line in lines]
    put = {words[1] for words in told if words[0] == "put"}
    gone = {words[1] for words in told if words[0] == "gone"}
    last_trio = max((int(words[1]) for words in told if words[0] == "trio"), default=0)
    products = store.products([*put, *gone, "g0", "g1", "g2"])
    missing = put - gone - products.keys()
    next_gone = f"p{max((int(key[1:]) for key in put), default=0) - 1}"
    assert missing <= {next_gone}, "only a deletion that was under way"
    assert not gone & products.keys()
    version = version_of_trio(products)
    assert last_trio <= version <= last_trio + 1


def version_of_trio(products: Mapping[str, Product]) -> int:
    """Which write the trio is of, 0 where there is none: all three of one write, and each text with its offers."""
    of_trio = [products[key] for key in ("g0", "g1", "g2") if key in products]
    assert len(of_trio) in (0, 3), "a batch is visible as a whole"
    versions = {int(product.title.split()[-1]) for product in of_trio}
    assert len(versions) <= 1, "a batch is visible as a whole"
    for product in of_trio:
        offer = product.variants[0].offers[0]
        assert offer.price == offer.stock == int(product.title.split()[-1]), "texts and offers of one write"
    return versions.pop() if versions else 0


def leftovers(path: Path) -> list[str]:
    """What no store needs: half-built generations and new files that were not put in place."""
    return sorted(each.name for each in path.rglob("*") if each.name.startswith("building-") or ".new" in each.name)


@pytest.mark.parametrize("seed", range(LIVES))
def test_what_upsert_and_delete_acknowledged_survives_a_kill_at_any_moment(
    seed: int, path: Path, children: Any, open_store: Callable[..., Store]
) -> None:
    chance = random.Random(seed)
    first = 1
    for _ in range(2):  # the second life works on what the first one left
        child = children.start("write", path, first=first)
        child.acknowledges(chance.randint(3, 12))
        time.sleep(chance.random() / 50)
        lines = child.kill()
        store = open_store()
        assert_acknowledged(store, lines)
        assert_whole(store)
        store.close()
        first = 1_000 * first
    assert leftovers(path) == []


@pytest.mark.parametrize("seed", range(LIVES))
def test_a_kill_while_generations_are_built_and_swapped_loses_nothing(
    seed: int, path: Path, children: Any, open_store: Callable[..., Store]
) -> None:
    chance = random.Random(100 + seed)
    child = children.start("write", path, build=True)
    child.acknowledges(chance.randint(1, 4), "built")
    time.sleep(chance.random() / 10)
    lines = child.kill()
    store = open_store()
    assert_acknowledged(store, lines)
    assert_whole(store)
    assert store.build_generation() is not None
    assert_whole(store)
    assert leftovers(path) == [], "the next builder cleans up"


STEPS = [
    *(f"statement:{n}:{when}" for n in range(1, 13) for when in ("before", "after")),
    *(f"commit:{n}:before" for n in range(1, 5)),
    *(f"save:{n}:before" for n in (1, 9)),
    *(f"fsync:{n}:after" for n in (1, 20)),
    *(f"{name}:1:{when}" for name in ("replace", "rmdir") for when in ("before", "after")),
    # The first names a new generation, the second takes an old one out of sight.
    *(f"rename:{n}:{when}" for n in (1, 2) for when in ("before", "after")),
]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_a_named_step_leaves_the_state_before_or_after_it(
    step: str, path: Path, children: Any, open_store: Callable[..., Store]
) -> None:
    with_three_generations(path)
    child = children.start("write_once", path, number=7, die=step)
    lines = child.ends()
    assert "end" not in lines, "the step was reached"
    store = open_store()
    assert_whole(store)
    products = store.products(["g0", "g1", "g2", "old", "stays"])
    assert "stays" in products
    version = version_of_trio(products)
    assert version == 7 or (version == 1 and "trio 7" not in lines)
    assert "old" not in products or "gone old" not in lines
    assert store.build_generation() is not None
    assert_whole(store)
    maintenance.remove_generations(store)
    assert leftovers(path) == []
    assert len(store.folder.numbers()) == 3


def with_three_generations(path: Path) -> None:
    """A store with a trio of version 1 and two other products; the next build has an old generation to remove."""
    store = Store.open(path, encoder="hashing")
    try:
        store.put([Product(f"g{at}", "Garden chair number 1", price=1, stock=1) for at in range(3)])
        store.put([Product("old", "Old lamp", price=1), Product("stays", "Sofa", price=1)])
        for _ in range(3):
            store.build_generation()
    finally:
        store.close()


def feed_of(path: Path, n: int) -> Path:
    feed = path.parent / "feed.jsonl"
    feed.write_text(
        "".join(json.dumps({"id": f"f{at}", "title": f"Mug number {at}", "price": 3}) + "\n" for at in range(n))
    )
    return feed


BATCHES = [32, 160, 1_184, 1_500]  # how many products the first batches hold together


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_killed_import_keeps_whole_batches_and_running_it_again_completes_it_and_encodes_nothing_twice(
    after: int, path: Path, children: Any, open_store: Callable[..., Store], tmp_path: Path
) -> None:
    encoded, feed = tmp_path / "encoded", feed_of(path, BATCHES[-1])
    child = children.start("import_feed", path, feed=feed, encoded=encoded, seconds=0.05)
    wanted = BATCHES[after]
    while not encoded.exists() or encoded.read_text().count("\n") <= wanted:  # into the next batch
        assert child.alive, child.lines
        time.sleep(0.001)
    child.kill()
    store = open_store()
    kept = len(store.ids())
    assert kept in BATCHES[after : after + 2]
    assert store.ids() == {f"f{at}" for at in range(kept)}
    assert_whole(store)
    store.close()

    encoded.unlink()
    again = children.start("import_feed", path, feed=feed, encoded=encoded)
    assert again.ends()[1] == f"imported {BATCHES[-1] - kept} 0 {kept} {BATCHES[-1] - kept}"
    texts = encoded.read_text().splitlines()
    assert sorted(texts) == sorted(f"Mug number {at}" for at in range(kept, BATCHES[-1]))
    store = open_store()
    assert len(store.ids()) == BATCHES[-1]
    assert_whole(store)
    assert leftovers(path) == []


def test_what_a_killed_builder_left_is_removed_by_the_next_one_and_no_lock_stays(
    path: Path, children: Any, open_store: Callable[..., Store]
) -> None:
    with_three_generations(path)
    children.start("write_once", path, number=2, die="rename:1:before").ends()
    assert len(leftovers(path)) == 1
    store = open_store()
    assert leftovers(path) != [], "opening leaves the clearing to a builder"
    assert store.build_generation() is not None
    assert leftovers(path) == []


def test_a_pointer_that_was_not_put_in_place_is_not_read_and_the_next_build_removes_it(
    path: Path, children: Any, open_store: Callable[..., Store]
) -> None:
    with_three_generations(path)
    children.start("write_once", path, number=2, die="replace:1:before").ends()
    assert leftovers(path) == ["current.new"]
    store = open_store()
    assert store.view.generation == 3, "the old pointer holds"
    assert store.build_generation() == 5, "the unnamed generation keeps its number"
    assert leftovers(path) == []
