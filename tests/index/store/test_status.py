"""What a store says of itself, and how far everybody is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from shelfwise.index import (
    ImportOptions,
    Product,
    Status,
    Store,
    StoreSettings,
    import_products,
    publish,
    store_status,
    update_offers,
)
from shelfwise.index.store import imports, maintenance, rows
from shelfwise.index.store.status import EncoderStatus
from sqlalchemy import update

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]
pytestmark = pytest.mark.both_databases


def numbers(status: Status) -> tuple[int, ...]:
    return status.products, status.variants, status.texts, status.waiting, status.change, status.tail


def test_a_new_store_has_nothing_yet(open_store: Opens) -> None:
    settings = StoreSettings(locale="de-DE", currency="EUR", market="de")
    store = open_store(settings_=settings, maintain=False)
    status = store_status(store)
    assert (status.store, status.format) == (store.name, 2)
    assert (status.locale, status.currency, status.market) == ("de-DE", "EUR", "de")
    assert numbers(status) == (0, 0, 0, 0, 0, 0)
    assert (status.generation, status.encoder, status.previous, status.last_import) == (None, None, None, None)
    assert not status.build_due and not status.can_roll_back and status.weights is None
    assert status.database_bytes > 0 and status.cache_bytes == 0


def test_it_counts_products_variants_texts_and_what_waits(still: None, open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    two = Product("two", "Shirt", variants=[{"id": "two-s"}, {"id": "two-m"}])
    store.put([*lamps(4), two, Product("both", {"en": "Mug", "de": "Becher"})])
    store.put([Product("late", "Vase")], wait=False)
    store.put([Product("p0", "Sconce")])
    store.remove(["p1"])
    store.refresh()
    # The text that p0 had keeps its vector until one that nobody needs is removed.
    assert numbers(store_status(store)) == (6, 7, 8, 1, 4, 7), "the deleted one is in the tail too"
    assert store_status(store).encoder == EncoderStatus("hashing", "hashing-1", 64)


def test_the_tail_is_what_changed_since_the_generation_and_says_when_a_new_one_is_due(
    open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "TAIL_AT_LEAST", 3)
    store = open_store(maintain=False)
    store.put(lamps(10))
    assert store.build_generation() == 1
    made = store_status(store).generation
    assert made is not None and (made.number, made.change, made.products) == (1, 1, 10)
    assert made.bytes > 1_000 and store_status(store).cache_bytes > made.bytes, "the manifest lies beside"
    store.put(lamps(2, price=77))
    update_offers(store, [{"id": f"p{at}", "stock": 1} for at in range(9)])
    assert (store_status(store).tail, store_status(store).build_due) == (0, False), "offers never count"
    store.put([Product(f"p{at}", f"Other {at}") for at in range(3)])
    assert (store_status(store).tail, store_status(store).build_due) == (3, False)
    store.put(lamps(1, first=20))
    assert (store_status(store).tail, store_status(store).build_due) == (4, True)


def test_it_names_the_last_import_with_its_counts(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    import_products(store, lamps(3), ImportOptions())
    import_products(store, [*lamps(2), Product("p9", "New")], ImportOptions("replace", allow_shrink=True))
    last = store_status(store).last_import
    assert last is not None
    assert (last.id, last.source, last.mode) == (2, "", "replace")
    assert (last.added, last.changed, last.unchanged, last.deleted, last.bad) == (1, 0, 2, 1, 0)
    assert last.finished is not None and last.started <= last.finished
    imports.begin(store, "feed.csv", "merge")
    last = store_status(store).last_import
    assert last is not None and (last.id, last.source, last.finished) == (3, "feed.csv", None)


def test_it_names_the_live_encoder_and_the_one_before(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(3))
    publish(store, "hashing-32")
    status = store_status(store)
    assert status.encoder == EncoderStatus("hashing-32", "hashing-1-32", 32)
    assert status.previous == EncoderStatus("hashing", "hashing-1", 64) and status.can_roll_back
    assert (status.texts, status.generation is not None) == (3, True)
    publish(store, weights={"words": 2.0, "meaning": 1.0})
    status = store_status(store)
    assert status.weights == {"words": 2.0, "meaning": 1.0}
    assert (status.previous, status.can_roll_back) == (None, True), "back to other weights"


def test_it_says_how_far_each_process_is(
    still: None, place: Any, children: Any, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(4))
    store.build_generation()
    behind = children.start("search", place, follow=False)
    behind.says("generation 1 products 4")
    store.put(lamps(1, first=4))
    store.remove(["p0"])
    store.follow()
    eventually(lambda: len(store_status(store).processes) == 2)
    found = {each.pid: each for each in store_status(store).processes}
    assert (found[behind.pid].change, found[behind.pid].lag, found[behind.pid].generation) == (1, 2, 1)
    assert (found[os.getpid()].change, found[os.getpid()].lag) == (3, 0)
    behind.kill()
    assert [each.pid for each in store_status(store).processes] == [os.getpid()]


def test_it_is_plain_json(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    import_products(store, lamps(3), ImportOptions())
    store.build_generation()
    plain = json.loads(json.dumps(store_status(store).to_dict()))
    assert plain["products"] == 3 and plain["generation"]["number"] == 1 and plain["last_import"]["added"] == 3


def test_it_reads_no_document(open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(maintain=False)
    store.put(lamps(3))
    store.refresh()
    with store.database.write() as connection:
        connection.execute(update(rows.schema.products).values(document="no JSON"))
        connection.execute(update(rows.schema.offers).values(document="no JSON"))
    assert numbers(store_status(store)) == (3, 3, 3, 0, 1, 3)
