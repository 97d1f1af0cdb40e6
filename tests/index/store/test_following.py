"""A thread of each process follows what the others write; no search and no write has to."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from shelfwise.index import Context, Offer, Product, Store, match, update_offers
from shelfwise.index.store import following, maintenance

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]
pytestmark = pytest.mark.both_databases


def followers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "shelfwise-follower"]


def title(store: Store, word: str) -> list[str]:
    """The ids of what a word finds, read from the view alone."""
    view = store.view
    mask = match(view, (), store.context).mask
    return [view.id_of(row) for row in view.by_words([word], 100, mask, "en").rows.tolist()]


def price(store: Store, key: str) -> int:
    """What a product costs here, in 1/10,000, read from the view alone."""
    live, row = store.view.place(store.view.row_of(key))
    return int(live.prices(store.context).price[live.segment.first_variant[row]])


# ---- what is seen ------------------------------------------------------------------------------------------------


def test_all_that_another_writes_is_seen_within_a_second_by_looking_at_the_view_alone(
    open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    writer, reader = open_store(), open_store()
    writer.put(lamps(3))
    eventually(lambda: reader.view.n_products == 3, seconds=1)
    writer.put([Product("p0", "Teapot", price=10)])
    eventually(lambda: title(reader, "teapot") == ["p0"], seconds=1)
    update_offers(writer, [{"id": "p1", "price": 99}])
    eventually(lambda: price(reader, "p1") == 990_000, seconds=1)
    writer.remove(["p2"])
    eventually(lambda: reader.view.row_of("p2") == -1, seconds=1)
    assert writer.build_generation() == 1
    eventually(lambda: reader.view.change == writer.view.change, seconds=1)
    assert (reader.view.n_products, price(reader, "p1"), title(reader, "teapot")) == (2, 990_000, ["p0"])


def test_a_process_that_only_looks_sees_what_others_write(
    place: Any, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    watchers = [children.start("search", place) for _ in range(2)]
    for watcher in watchers:
        watcher.says("generation 0 products 0")
    store.put(lamps(4))
    for watcher in watchers:
        watcher.says("generation 0 products 4")
    store.remove(["p0"])
    for watcher in watchers:
        watcher.says("generation 0 products 3")


def test_reading_refreshes_nothing_in_the_thread_that_reads(still: None, open_store: Opens, lamps: Lamps) -> None:
    writer, reader = open_store(), open_store()
    before = reader.view
    writer.put(lamps(3))
    assert reader.view is before and reader.ids() == {"p0", "p1", "p2"}
    reader.follow()
    assert reader.view is not before and reader.view.n_products == 3
    after = reader.view
    reader.follow()
    assert reader.view is after, "and nothing where nothing changed"


def test_a_view_never_changes_under_the_one_who_holds_it(still: None, open_store: Opens, lamps: Lamps) -> None:
    writer, reader = open_store(), open_store()
    writer.put(lamps(5))
    reader.follow()
    held, context = reader.view, reader.context
    prices = match(held, (), context).prices[0].price.tolist()
    writer.put([*lamps(2, price=77), *lamps(1, first=5)])
    writer.remove(["p3"])
    update_offers(writer, [{"id": "p4", "price": 1}])
    reader.follow()
    assert reader.view is not held and reader.view.n_products == 5
    assert held.n_products == 5 and held.row_of("p3") >= 0 and held.row_of("p5") == -1
    assert match(held, (), context).prices[0].price.tolist() == prices
    assert np.flatnonzero(match(held, (), context).mask).tolist() == [0, 1, 2, 3, 4]


# ---- the thread --------------------------------------------------------------------------------------------------


def test_closing_a_store_ends_its_follower(open_store: Opens) -> None:
    before = len(followers())
    stores = [open_store(), open_store()]
    assert len(followers()) == before + 2
    stores[0].close()
    assert len(followers()) == before + 1
    stores[1].close()
    stores[1].close()
    assert len(followers()) == before


def test_a_store_that_nobody_closed_ends_with_its_last_user(place: Any, eventually: Any) -> None:
    before = len(followers())
    store = Store.open(place.location, encoder="hashing", **place.options)
    database, gone = store.database, weakref.ref(store)
    assert len(followers()) == before + 1
    del store

    def ended() -> bool:
        gc.collect()
        return len(followers()) == before

    eventually(ended)
    assert gone() is None
    database.close()


def test_closing_waits_for_no_pause_of_the_follower(still: None, open_store: Opens, eventually: Any) -> None:
    store = open_store()
    closing = threading.Thread(target=store.close)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()


def test_a_failure_to_follow_is_logged_once_and_tried_again(
    open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    writer, reader = open_store(), open_store()
    calls: list[str] = []
    real = type(reader).follow

    def fails(self: Store) -> None:
        if self is reader and (len(calls) < 5 or 10 <= len(calls) < 12):
            calls.append("failed")
            raise OSError("the disk went away")
        if self is reader:
            calls.append("followed")
        real(self)

    monkeypatch.setattr(type(reader), "follow", fails)
    writer.put(lamps(2))
    eventually(lambda: reader.view.n_products == 2)

    def said() -> list[str]:
        return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]

    sentence = f"store {reader.name}: the disk went away; it is tried again"
    assert said() == [sentence] and calls[:5] == ["failed"] * 5
    assert caplog.records[-1].exc_info, "where it came from"
    eventually(lambda: len(calls) >= 14)
    assert said() == [sentence] * 2, "said again when it went well in between"


# ---- the clock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-24 * 365, -1, 24])
def test_a_clock_that_jumps_loses_nothing(
    hours: int, open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    real = time.time
    writer, reader = open_store(), open_store()
    writer.put(lamps(3))
    assert writer.build_generation() == 1
    eventually(lambda: reader.view.generation == 1)
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3_600)
    writer.put([Product("p0", "Teapot", price=10), *lamps(2, first=3)])
    update_offers(writer, [{"id": "p1", "price": 99}])
    writer.remove(["p2"])
    eventually(lambda: reader.view.row_of("p2") == -1)
    assert (title(reader, "teapot"), price(reader, "p1"), reader.view.n_products) == (["p0"], 990_000, 4)
    assert writer.build_generation() == 2
    eventually(lambda: reader.view.generation == 2)
    assert maintenance.maintain(reader) is not None
    assert (title(reader, "teapot"), price(reader, "p1"), reader.view.n_products) == (["p0"], 990_000, 4)
    again = open_store()
    assert again.view.generation == 2 and again.ids() == {"p0", "p1", "p3", "p4"}


def test_an_offer_counts_by_the_clock_that_there_is_now(
    still: None, open_store: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    sale = Offer(5, "USD", market="de", starts="2030-01-01", ends="2030-02-01")
    store.put([Product("a", "Cup", offers=[Offer(9, "USD"), sale])])
    store.refresh()
    context = Context(currency="USD", market="de")
    now = {"it": ""}
    monkeypatch.setattr(time, "time", lambda: datetime.fromisoformat(now["it"] + "T12:00+00:00").timestamp())
    days = ["2029-12-31", "2030-01-15", "2030-03-01", "2030-01-15", "2029-12-31"]
    for now["it"] in days:
        (view,) = match(store.view, (), context).prices
        assert view.price.tolist() == [50_000 if now["it"] == "2030-01-15" else 90_000], now


# ---- maintenance by the follower ---------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers look after what is due all the time."""
    monkeypatch.setattr(following, "MAINTAIN_SECONDS", 0.05)
    monkeypatch.setattr(following, "FOLLOW_SECONDS", 0.02)


@pytest.mark.slow
def test_a_tail_that_has_grown_large_becomes_a_generation_beside_the_writes(
    soon: None, open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    store = open_store()
    threads: set[str] = set()
    real = type(store.folder).finish

    def finish(*args: Any) -> int:
        threads.add(threading.current_thread().name)
        return real(*args)

    monkeypatch.setattr(type(store.folder), "finish", finish)
    store.put(lamps(2_000))
    store.settle()
    time.sleep(0.3)
    assert store.folder.numbers() == [], "2,000 are not more than 2,000"
    store.put(lamps(1, first=2_000))
    store.settle()
    assert store.view.generation == 0, "no write builds anything"
    eventually(lambda: store.view.generation == 1)
    assert store.view.n_products == 2_001
    assert len(threads) == 1 and threads.pop().startswith("shelfwise-")


@pytest.mark.slow
def test_no_generation_is_built_where_maintaining_is_forbidden_or_anothers(
    soon: None, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    store = open_store(maintain=False)
    with store.database.alone(maintenance.TASK):
        other = open_store()
        store.put(lamps(2_001))
        eventually(lambda: other.view.n_products == 2_001)
        time.sleep(0.3)
        assert store.folder.numbers() == []
    eventually(lambda: other.view.generation == 1)
    eventually(lambda: store.view.generation == 1)


def test_texts_that_wait_are_encoded_by_the_follower(
    soon: None, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    store = open_store()
    assert store.put(lamps(3), wait=False).waiting == 3
    eventually(lambda: not store.waiting())
    eventually(lambda: store.view.vector_of(store.view.row_of("p1"), "en") is not None)
