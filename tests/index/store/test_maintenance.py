"""Maintenance: what is due is done, once, by one process, and takes nothing away that anybody needs."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import (
    ImportOptions,
    Maintained,
    Product,
    Store,
    check_store,
    import_products,
    maintain,
    maintain_for_ever,
    publish,
    update_offers,
)
from shelfwise.index.store import following, maintenance, schema, settings
from shelfwise.index.store.following import Follower
from sqlalchemy import func, insert, select, update

from .old_formats import make_format_1

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tail of more than ten products is long."""
    monkeypatch.setattr(maintenance, "TAIL_AT_LEAST", 10)


def vectors(store: Store) -> dict[str, int]:
    """How many vectors there are, by encoder."""
    table = schema.vectors
    with store.database.read() as connection:
        counted = select(table.c.encoder, func.count()).group_by(table.c.encoder)
        return {row[0]: row[1] for row in connection.execute(counted)}


# ---- generations -------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_generation_is_built_when_the_tail_is_longer_than_both_limits_and_not_before(
    short: None, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(10))
    assert maintain(store) == Maintained()
    store.put(lamps(1, first=10))
    assert maintain(store) == Maintained(generation=1)
    assert store.view.generation == 1
    store.put(lamps(400, first=20))
    assert maintain(store) == Maintained(generation=2)
    store.put([Product(f"p{at}", f"Sconce {at}") for at in range(20, 40)])
    assert maintain(store) == Maintained(), "20 of 411 are less than 5%"
    store.remove(["p40"])
    assert maintain(store) == Maintained(generation=3, removed_vectors=21), "a deletion counts too"


@pytest.mark.both_databases
def test_offers_bring_no_generation_nearer(short: None, open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(20))
    assert maintain(store) == Maintained(generation=1)
    for price in range(5):
        update_offers(store, [{"id": f"p{at}", "price": price + 1} for at in range(20)])
        store.put(lamps(20, price=price + 50))
    assert maintain(store) == Maintained()
    store.refresh()
    assert store.view.generation == 1 and len(store.view.segments) == 1, "and they are in no tail"


def test_no_single_write_builds_a_generation_and_a_bulk_import_does(
    short: None, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    for first in range(0, 200, 10):
        import_products(store, lamps(10, first=first), ImportOptions())
        store.remove([f"p{first}"])
        store.settle()
    assert store.folder.numbers() == [] and store.view.n_products == 180
    import_products(store, lamps(100, first=300), ImportOptions(wait=False))
    assert store.folder.numbers() == [], "nor does one that waits for nothing"
    import_products(store, lamps(150, first=500), ImportOptions())
    assert store.folder.numbers() == [1]


@pytest.mark.both_databases
def test_the_generation_of_the_encoder_before_is_kept_up_too(short: None, open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(12))
    publish(store, "hashing-32")
    store.put(lamps(15, first=20))
    assert maintain(store) == Maintained(generation=3)
    with store.database.read() as connection:
        facts = settings.read(connection)
    found, _ = store.folder.find(facts["store"], "hashing-1", {})
    assert found is not None and (found.number, found.manifest.products) == (2, 27)
    assert store.folder.pointed() == 3 and store.view.encoder == "hashing-1-32"


def test_the_generations_of_both_encoders_and_those_that_are_searched_and_the_newest_three_stay(
    short: None, path: Path, open_store: Opens, lamps: Lamps, children: Any
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(12))
    store.build_generation()
    publish(store, "hashing-32")
    assert store.folder.numbers() == [1, 2]
    reader = children.start("search", path, follow=False)
    reader.says("generation 2")
    for _ in range(4):
        store.build_generation()
    store.follow()
    assert maintain(store) == Maintained(removed_generations=1)
    assert store.folder.numbers() == [1, 2, 4, 5, 6]
    reader.kill()
    assert maintain(store) == Maintained(removed_generations=1)
    assert store.folder.numbers() == [1, 4, 5, 6], "1 is the one to go back to"


def test_a_generation_that_was_deleted_and_built_again_under_its_number_is_taken_by_everybody(
    path: Path, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    store, reader = open_store(maintain=False), open_store(maintain=False)
    store.put(lamps(5))
    store.build_generation()
    eventually(lambda: reader.view.generation == 1)
    old = reader.view.segments[0].segment
    shutil.rmtree(path / "generations")
    store.put(lamps(5, first=5))
    assert store.build_generation() == 1
    eventually(lambda: reader.view.segments[0].segment is not old)
    assert (reader.view.generation, reader.view.n_products, len(reader.view.segments)) == (1, 10, 1)


@pytest.mark.both_databases
def test_while_one_process_maintains_another_does_nothing(
    short: None, place: Any, children: Any, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(20), wait=False)
    other = children.start("alone", place, task=maintenance.TASK)
    assert other.says("alone") == "alone True"
    assert maintain(store) is None
    assert len(store.waiting()) == 20 and store.folder.numbers() == []
    other.kill()
    done: list[Any] = []
    eventually(lambda: done.append(maintain(store)) or done[-1])  # a server takes a moment to notice
    assert done[-1] == Maintained(encoded=20, generation=1), "the lock went with its process"


def test_what_killed_processes_left_is_removed(path: Path, open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(3))
    store.build_generation()
    left = [
        path / name for name in ("current.new", "processes/7-a.json", "processes/7-b.new", "generations/building-7/x")
    ]
    left[-1].parent.mkdir()
    for each in left:
        each.write_text("")
    maintain(store)
    assert not any(each.exists() for each in left) and not left[-1].parent.exists()
    assert check_store(store) == []


def test_maintenance_of_a_store_with_nothing_to_do_touches_no_file(path: Path, open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(3))
    store.build_generation()
    before = store.folder.stamp()
    assert maintain(store) == Maintained()
    assert store.folder.stamp() == before, "or every process would look again"


# ---- vectors -----------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_vectors_of_texts_that_nobody_has_and_of_encoders_that_are_not_kept_go(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    twin = Product("twin", lamps(2)[1].title, brand="Lumen")
    store.put([*lamps(4), twin, Product("both", {"en": "Mug", "de": "Becher"})])
    with store.database.write() as connection:
        row = {"text_hash": "0" * 32, "locale": "en", "encoder": "gone-1", "vector": b"\0" * 128}
        connection.execute(insert(schema.vectors), [row])
    assert vectors(store) == {"hashing-1": 6, "gone-1": 1}
    assert maintenance.remove_vectors(store) == 1
    store.put([Product("p0", "Sconce"), Product("p1", "Other than its twin"), Product("both", "Mug")])
    store.remove(["p2"])
    assert maintenance.remove_vectors(store) == 3, "of p0, of p2 and of the German text; the twin has that of p1"
    assert vectors(store) == {"hashing-1": 5}
    assert check_store(store) == []


@pytest.mark.both_databases
def test_vectors_of_an_encoder_that_is_being_published_stay(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(4))
    with store.database.write() as connection:
        row = {"text_hash": "0" * 32, "locale": "en", "encoder": "coming-1", "vector": b"\0" * 128}
        connection.execute(insert(schema.vectors), [row])
    with store.database.alone(maintenance.PUBLISH):
        assert maintenance.remove_vectors(store) == 0
    assert vectors(store) == {"hashing-1": 4, "coming-1": 1}
    assert maintenance.remove_vectors(store) == 1


@pytest.mark.both_databases
@pytest.mark.parametrize("wait", [True, False])
def test_a_vector_on_which_a_write_counts_is_made_again_where_it_was_removed_meanwhile(
    wait: bool, open_store: Opens, lamps: Lamps, fake_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = open_store(fake_encoder(), maintain=False)
    cleaner.put(lamps(2))
    cleaner.remove(["p0"])
    store = open_store(fake_encoder(), maintain=False)
    name = "_without_vectors" if not wait else "encode_missing"
    real, removed = getattr(maintenance.writing, name), []

    def looks(*arguments: Any) -> Any:
        made = real(*arguments)
        if not removed:  # it has seen the vector of p0's text, and now that goes
            removed.append(maintenance.remove_vectors(cleaner))
        return made

    monkeypatch.setattr(maintenance.writing, name, looks)
    store.put([Product("again", lamps(1)[0].title, brand="Lumen")], wait=wait)
    assert removed == [1]
    assert store.waiting() == (set() if wait else {"again"})
    assert check_store(store) == []


def child_writes(order: dict[str, Any], says: Any) -> None:
    """Deletes and writes again products of few texts, so that each counts on vectors of the others, for ever."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    chance = np.random.default_rng(1)
    while True:
        number, text = chance.integers(0, 4, 2).tolist()
        store.put([Product(f"w{number}", f"Text {text}")], wait=bool(chance.integers(0, 2)))
        if chance.integers(0, 2):
            store.remove([f"w{number}"])
        says(number)


@pytest.mark.both_databases
def test_two_processes_that_write_and_clear_up_at_once_leave_no_text_without_a_vector(
    place: Any, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(1))
    writers = [children.start("call", place, file=__file__, name="child_writes") for _ in range(2)]
    for writer in writers:
        writer.acknowledges(5)
    removed = lines = 0
    began = time.monotonic()
    while (removed < 20 or lines < 100 or time.monotonic() < began + 2) and time.monotonic() < began + 60:
        removed += maintenance.remove_vectors(store)
        maintenance.encode_waiting(store)
        lines = sum(len(writer.lines) for writer in writers)
    for writer in writers:
        assert writer.alive
        writer.kill()
    assert removed >= 20 and lines >= 100, "they did meet"
    maintain(store)
    assert check_store(store) == []


# ---- history -----------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_what_imports_changed_is_known_for_thirty_days(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    for days in (40, 31, 29, 0):
        report = import_products(store, lamps(2, first=days), ImportOptions())
        started = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        with store.database.write() as connection:
            mine = schema.imports.c.id == report.import_id
            connection.execute(update(schema.imports).where(mine).values(started=started))
    maintain(store)
    with store.database.read() as connection:
        left = connection.execute(select(schema.history.c.import_id).distinct().order_by(schema.history.c.import_id))
        assert list(left.scalars()) == [3, 4]
        assert len(connection.execute(select(schema.imports.c.id)).all()) == 4, "the imports themselves stay"


def test_a_store_of_format_1_is_maintained_as_far_as_it_can_be(
    short: None, path: Path, open_store: Opens, lamps: Lamps
) -> None:
    make_format_1(path, lamps(5))
    store = open_store(maintain=False)
    store.put(lamps(10, first=5))
    assert maintain(store) == Maintained(generation=1)
    assert maintain(store) == Maintained()


# ---- for ever ----------------------------------------------------------------------------------------------------


def test_for_ever_means_until_it_is_stopped_and_says_what_was_done(
    short: None, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(20), wait=False)
    said: list[Maintained] = []
    rounds: list[float] = []

    def stopped(seconds: float) -> bool:
        rounds.append(seconds)
        return len(rounds) == 3

    maintain_for_ever(store, stopped, 7.0, said.append)
    assert rounds == [7.0, 7.0, 7.0]
    assert said == [Maintained(encoded=20, generation=1)], "silent where nothing was due"


def test_an_error_is_logged_once_and_tried_again(
    open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2), wait=False)
    failures = iter(["full", "full", "", "full"])

    def fails(_: Store) -> int:
        if why := next(failures, ""):
            raise OSError(why)
        return 0

    monkeypatch.setattr(maintenance, "encode_waiting", fails)
    rounds = iter([False] * 4 + [True])
    maintain_for_ever(store, lambda _: next(rounds), 1)
    sentence = f"store {store.name}: maintenance failed (full); it is tried again"
    assert [each.getMessage() for each in caplog.records] == [sentence] * 2, "again after it went well"
    assert {each.levelno for each in caplog.records} == {logging.ERROR}


def test_it_ends_with_its_store(open_store: Opens) -> None:
    store = open_store(maintain=False)
    store.close()
    maintain_for_ever(store, lambda _: pytest.fail("it went on"), 1)


def test_closing_a_store_ends_a_build(open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(maintain=False)
    store.put(lamps(50))
    began = threading.Event()

    def slowly(connection: Any) -> Any:
        for part in ([each] for each in range(10_000)):
            began.set()
            time.sleep(0.01)
            yield []
            assert part

    monkeypatch.setattr(maintenance.rows, "live_products", slowly)
    thread = threading.Thread(target=lambda: maintain_for_ever(store, lambda _: False, 1))
    monkeypatch.setattr(maintenance, "TAIL_AT_LEAST", 10)
    thread.start()
    assert began.wait(10)
    store.close()
    thread.join(10)
    assert not thread.is_alive()


def test_a_process_that_builds_a_generation_follows_the_others_meanwhile(
    open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    monkeypatch.setattr(following, "MAINTAIN_SECONDS", 0.05)
    monkeypatch.setattr(maintenance, "TAIL_AT_LEAST", 10)
    writer = open_store(maintain=False)
    began, may_end, real = threading.Event(), threading.Event(), type(writer.folder).finish

    def finish(*arguments: Any) -> int:
        began.set()
        assert may_end.wait(30)
        return real(*arguments)

    monkeypatch.setattr(type(writer.folder), "finish", finish)
    store = open_store()
    writer.put(lamps(20))
    try:
        assert began.wait(10)
        writer.put([Product("late", "Vase")])
        eventually(lambda: store.view.row_of("late") >= 0, seconds=1)
        assert store.view.generation == 0
    finally:
        may_end.set()
    eventually(lambda: store.view.generation == 1)
    assert [each for each in threading.enumerate() if isinstance(each, Follower)]
