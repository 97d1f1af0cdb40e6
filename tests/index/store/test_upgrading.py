"""Formats: this version reads and writes the one before, raises it only when told to, and leaves a newer one alone."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import (
    FeedRow,
    ImportOptions,
    Product,
    Store,
    StoreError,
    StoreMissing,
    dump_store,
    forget_previous,
    import_products,
    maintain,
    match,
    parse_filters,
    publish,
    restore_store,
    rollback,
    update_offers,
    upgrade_store,
)
from shelfwise.index.store import schema
from shelfwise.index.store.archive import dead_dumps
from sqlalchemy import create_engine, text

from .contents import everything, members
from .old_formats import assert_format, hash_1, make_format_1
from .test_generations import found, nearest
from .test_kills import assert_whole

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


@pytest.fixture
def old(path: Path, lamps: Lamps) -> Path:
    """A store of format 1: ten lamps, and two that were deleted."""
    make_format_1(path, lamps(10), deleted=["gone1", "gone2"])
    return path


def columns(path: Path, product_id: str) -> tuple[Any, ...]:
    """Change, document, hash and offers of a product, and the change of its offers."""
    with closing(sqlite3.connect(path / "shelfwise.db")) as connection:
        return tuple(
            connection.execute(
                "SELECT p.change, p.document, p.hash, o.document, o.change FROM products p "
                "LEFT JOIN offers o ON o.product_id = p.id WHERE p.id = ?",
                (product_id,),
            ).fetchone()
        )


def costing(store: Store, price: int) -> list[str]:
    """The products that a filter by this price finds."""
    mask = match(store.view, parse_filters({"price": (price, price)}), store.context).mask
    return [store.view.id_of(row) for row in np.flatnonzero(mask).tolist()]


# ---- a store of format 1 -----------------------------------------------------------------------------------------


def test_opening_changes_nothing_of_an_older_store(old: Path, open_store: Opens) -> None:
    database = open_store(path=old, maintain=False).database
    before = everything(database, own=True)
    for _ in range(2):
        store = open_store(path=old)
        assert store.ids() == {f"p{at}" for at in range(10)}
        assert (store.view.n_products, store.view.change, store.waiting()) == (10, 12, set())
        assert set(found(store)) == store.ids() and found(store)[0] == "p3"
        assert nearest(store)[0] == "p3"
        store.close()
    assert everything(database, own=True) == before
    assert_format(old, 1)


def test_products_are_written_to_an_older_store_as_it_tells_them_apart(
    old: Path, open_store: Opens, lamps: Lamps
) -> None:
    store, other = open_store(path=old, maintain=False), open_store(path=old, maintain=False)
    new = Product("n1", "New lamp", price=4)
    written = store.put(
        [*lamps(2), *lamps(1, first=2, price=77), Product("p3", "Ceiling light", price=10, stock=3), new]
    )
    assert (written.added, written.changed, written.unchanged, written.encoded) == (1, 2, 2, 2)
    for each in (store, other):
        each.refresh()
        assert each.view.n_products == 11
        assert each.products(["p3"])["p3"].title == "Ceiling light"
    assert_format(old, 1)
    change, document, hash_, offers, moved = columns(old, "p2")
    assert hash_ == hash_1(document, offers) and change == moved == 13, "an offer is a change of its product"
    assert store.put([*lamps(2), new]).unchanged == 3


def test_products_are_deleted_from_an_older_store(old: Path, open_store: Opens) -> None:
    store, other = open_store(path=old, maintain=False), open_store(path=old, maintain=False)
    assert store.remove(["p1", "gone1", "unknown"]) == 1
    for each in (store, other):
        each.refresh()
        assert each.view.row_of("p1") < 0 and each.view.n_products == 9
    assert columns(old, "p1") == (13, None, "", None, None)
    assert_format(old, 1)


def test_offers_of_an_older_store_change_as_its_products_do(old: Path, open_store: Opens) -> None:
    store, other = open_store(path=old, maintain=False), open_store(path=old, maintain=False)
    report = update_offers(store, [{"id": "p2", "price": 7}, {"id": "p3", "stock": 3}, {"id": "gone1", "stock": 1}])
    assert (report.changed, report.unchanged, report.unknown) == (1, 1, 1)
    change, document, hash_, offers, moved = columns(old, "p2")
    assert change == moved == 13, "who knows products alone sees it too"
    assert hash_ == hash_1(document, offers) and json.loads(offers)["p2"][0]["price"] == "7"
    for each in (store, other):
        each.refresh()
        assert costing(each, 7) == ["p2"]
    assert_format(old, 1)


@pytest.mark.parametrize("mode", ["merge", "replace", "patch"])
def test_feeds_are_imported_into_an_older_store_and_no_history_is_kept(mode: str, old: Path, open_store: Opens) -> None:
    store = open_store(path=old, maintain=False)
    titles = {f"p{at}": f"Lamp model {at} with shade" for at in range(1, 10)}
    feed = [
        FeedRow(at, {"id": key, "title": title, "brand": "Lumen", "price": 50})
        for at, (key, title) in enumerate(titles.items(), 1)
    ]
    report = import_products(store, feed, ImportOptions(mode=mode, allow_shrink=True))
    assert (report.changed, report.deleted, report.encoded) == (9, 1 if mode == "replace" else 0, 0)
    assert report.import_id == 2
    assert store.view.n_products == (9 if mode == "replace" else 10)
    assert store.products(["p1"])["p1"].variants[0].offers[0].price == 50
    assert_format(old, 1)
    again = import_products(store, feed, ImportOptions(mode=mode))
    assert (again.changed, again.unchanged) == (0, 9)


def test_an_older_store_encodes_at_once_even_where_nobody_waits(old: Path, open_store: Opens) -> None:
    store = open_store(path=old, maintain=False)
    written = store.put([Product("n1", "New lamp", price=4)], wait=False)
    assert (written.encoded, written.waiting, store.waiting()) == (1, 0, set())
    store.refresh()
    assert store.view.vector_of(store.view.row_of("n1"), "en") is not None
    done = maintain(store)
    assert done is not None and not done
    assert_format(old, 1)


def test_an_older_store_has_generations(old: Path, open_store: Opens) -> None:
    store = open_store(path=old, maintain=False)
    words, near = found(store), nearest(store)
    assert store.build_generation() == 1
    update_offers(store, [{"id": "p2", "price": 7}])
    store.refresh()
    other = open_store(path=old, maintain=False)
    for each in (store, other):
        assert (each.view.generation, each.view.n_products) == (1, 10)
        assert (found(each), nearest(each)) == (words, near)
        assert costing(each, 7) == ["p2"]
    assert_whole(other)
    assert_format(old, 1)


SWITCHES: dict[str, Callable[[Store], object]] = {
    "an encoder": lambda store: publish(store, "hashing-32"),
    "weights": lambda store: publish(store, None, {"words": 2.0}),
    "rollback": rollback,
    "forget": forget_previous,
}


@pytest.mark.parametrize("what", SWITCHES)
def test_an_older_store_keeps_one_encoder(what: str, old: Path, open_store: Opens) -> None:
    store = open_store(path=old, maintain=False)
    with pytest.raises(StoreError) as error:
        SWITCHES[what](store)
    assert str(error.value) == (
        f"store {old}: it has format 1, which keeps one encoder; upgrade it first (`shelfwise upgrade`)"
    )
    assert_format(old, 1)


def test_processes_share_an_older_store(
    old: Path, open_store: Opens, children: Any, eventually: Callable[..., None]
) -> None:
    child = children.start("write", old)
    child.acknowledges(8)
    store = open_store(path=old)
    eventually(lambda: store.view.row_of("p3") >= 0 and store.view.row_of("g0") >= 0)
    child.kill()
    store.refresh()
    assert_whole(store)
    assert_format(old, 1)


# ---- raising it --------------------------------------------------------------------------------------------------


def test_an_upgraded_store_holds_and_answers_what_it_did(old: Path, open_store: Opens) -> None:
    store = open_store(path=old, maintain=False)
    store.build_generation()
    words, near, before = found(store), nearest(store), everything(store.database)
    store.close()
    made = upgrade_store(old)
    assert (made.before, made.format) == (1, 2)
    assert_format(old, 2)
    store = open_store(path=old, maintain=False)
    after = everything(store.database)
    assert after["waiting"] == after["history"] == []
    for table in ("offers", "vectors", "imports"):
        assert after[table] == before[table]
    names = [column.name for column in schema.products.columns]
    unhashed = [[tuple(row[:3]) + tuple(row[4:]) for row in each["products"]] for each in (before, after)]
    assert unhashed[0] == unhashed[1] and names[3] == "hash"
    changed = {"format": "2", "change": "13", "removed_vectors": "0"}
    assert dict(after["facts"]) == {**dict(before["facts"]), **changed}
    assert store.view.generation == 1, "its cache holds"
    assert (found(store), nearest(store)) == (words, near)
    assert_whole(store)


def test_after_the_upgrade_all_that_is_new_works(old: Path, open_store: Opens, lamps: Lamps) -> None:
    upgrade_store(old)
    store = open_store(path=old, maintain=False)
    assert import_products(store, lamps(10), ImportOptions()).unchanged == 10
    before = columns(old, "p2")
    update_offers(store, [{"id": "p2", "price": 7}])
    assert columns(old, "p2")[:3] == before[:3], "no change of the product"
    report = import_products(store, lamps(1, first=3, price=99), ImportOptions())
    assert everything(store.database)["history"][0][:2] == (report.import_id, "p3")
    assert store.put([Product("w1", "Waiting lamp")], wait=False).waiting == 1
    assert store.waiting() == {"w1"}
    assert maintain(store) and store.waiting() == set()
    publish(store, "hashing-32")
    rollback(store)
    assert_whole(store)
    assert_format(old, 2)


def test_the_kept_copy_restores_the_store_as_it_was(old: Path, open_store: Opens, tmp_path: Path) -> None:
    store = open_store(path=old, maintain=False)
    before = everything(store.database)
    made = upgrade_store(old)
    assert made.kept is not None and made.kept.parent == old / "kept"
    assert made.kept.name.startswith("format-1-20") and made.kept.suffix == ".zip"
    assert list(members(made.kept)) == [
        *("dump.json", "products.jsonl", "offers.jsonl", "imports.jsonl"),
        *("vectors/0.jsonl", "vectors/0.f16", "checksums.json"),
    ]
    assert restore_store(made.kept, tmp_path / "back").format == 1
    back = open_store(path=tmp_path / "back", maintain=False)
    assert everything(back.database) == before
    assert back.put([Product("p2", "Lamp model 2 with shade", price=10, stock=3, brand="Lumen")]).unchanged == 1
    assert upgrade_store(tmp_path / "back").before == 1
    assert everything(back.database)["products"] == everything(store.database)["products"]


def test_a_store_of_this_format_is_left_as_it_is(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2))
    before = everything(store.database, own=True)
    made = upgrade_store(store.folder.path)
    assert (made.before, made.format, made.kept) == (schema.FORMAT, schema.FORMAT, None)
    assert everything(store.database, own=True) == before
    assert not store.folder.kept.exists()


def test_where_no_store_is_nothing_is_upgraded(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        upgrade_store(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_store_whose_copy_cannot_be_kept_stays_as_it_is(old: Path) -> None:
    (old / "kept").write_text("in the way")
    with pytest.raises(StoreError) as error:
        upgrade_store(old)
    assert str(error.value) == (
        f"store {old}: no copy can be kept there ('File exists'), so nothing was changed; check its permissions"
    )
    assert_format(old, 1)


def test_an_older_store_moves_to_postgresql_and_is_upgraded_there(
    old: Path, postgres_url: str, tmp_path: Path, lamps: Lamps
) -> None:
    dump_store(old, tmp_path / "old.zip")
    cache = tmp_path / "cache"
    restore_store(tmp_path / "old.zip", postgres_url, cache)
    first = Store.open(postgres_url, cache=cache, encoder="hashing", maintain=False)
    try:
        assert first.put(lamps(1)).unchanged == 1 and first.put(lamps(1, price=11)).changed == 1
        first.put(lamps(1))
        words = found(first)
        made = upgrade_store(postgres_url, cache)
        assert (made.before, made.format) == (1, 2)
        assert made.kept is not None and made.kept.parent == cache / "kept"
        first.refresh()
        assert found(first) == words
        assert first.put(lamps(10)).unchanged == 10
        assert first.put([Product("w1", "Waiting lamp")], wait=False).waiting == 1
        upgrade_store(old)
        rows = [each for each in everything(first.database)["products"] if each[0] not in ("w1", "p0")]
        with closing(sqlite3.connect(old / "shelfwise.db")) as connection:
            there = connection.execute("SELECT * FROM products WHERE id != 'p0'").fetchall()
        assert sorted(map(tuple, there), key=repr) == rows
    finally:
        first.close()


def test_many_products_are_upgraded_in_parts(
    path: Path, lamps: Lamps, open_store: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shelfwise.index.store.upgrading.CHANGED", 4)
    make_format_1(path, lamps(13), deleted=["q1", "q2", "q3", "q4", "q5"])
    upgrade_store(path)
    assert_format(path, 2)
    assert_whole(open_store(path=path, maintain=False))


# ---- beside processes that have it open --------------------------------------------------------------------------


def test_a_write_that_was_encoding_when_the_format_was_raised_is_written_in_the_new_one(
    old: Path, open_store: Opens, fake_encoder: Any
) -> None:
    raised: list[object] = []

    def raise_once(vectors: Any) -> Any:
        if not raised:
            raised.append(upgrade_store(old))
        return vectors

    with closing(sqlite3.connect(old / "shelfwise.db")) as connection, connection:
        for name, value in (("reference", "fake"), ("hash", "fake-1")):
            connection.execute("UPDATE facts SET value = ? WHERE name = ?", (value, f"encoder_{name}"))
        connection.execute("UPDATE vectors SET encoder = 'fake-1'")
    store = open_store(encoder=fake_encoder(spoil=raise_once), path=old, maintain=False)
    report = import_products(store, [Product("n1", "Brass chandelier", price=4)], ImportOptions())
    assert raised and report.added == 1
    assert_format(old, 2)
    assert everything(store.database)["history"][0][:2] == (report.import_id, "n1")
    assert store.view.row_of("n1") >= 0


def test_writers_and_readers_go_on_while_the_format_is_raised(
    old: Path, open_store: Opens, children: Any, eventually: Callable[..., None]
) -> None:
    store = open_store(path=old)
    child = children.start("write", old)
    child.acknowledges(6)
    upgrade_store(old)
    child.acknowledges(len(child.lines) + 6)
    lines = child.kill()
    assert not [line for line in lines if line.startswith("failed")]
    put = {line.split()[1] for line in lines if line.startswith("put")}
    gone = {line.split()[1] for line in lines if line.startswith("gone")}
    store.refresh()
    assert put - gone - {f"p{len(put) - 1}"} <= store.ids()
    assert_whole(store)
    assert_format(old, 2)


def test_threads_write_through_an_upgrade_without_losing_anything(old: Path, open_store: Opens) -> None:
    store = open_store(path=old, maintain=False)
    written: list[str] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def write(name: str) -> None:
        try:
            while not done.is_set():
                key = f"{name}{len(written)}"
                store.put([Product(key, f"Kettle {key}", price=3)])
                update_offers(store, [{"id": key, "stock": 9}])
                written.append(key)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    while len(written) < 5 and not errors:
        time.sleep(0.005)
    upgrade_store(old)
    after = len(written)
    while len(written) < after + 5 and not errors:
        time.sleep(0.005)
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    products = store.products(written)
    assert all(products[key].variants[0].offers[0].stock == 9 for key in written)
    store.refresh()
    assert_whole(store)
    assert_format(old, 2)


def test_of_two_upgrades_at_once_one_changes_the_store(old: Path, children: Any) -> None:
    both = [children.start("upgrade", old) for _ in range(2)]
    for child in both:
        assert child.ends()[-1] == "end", child.lines
    assert_format(old, 2)
    with closing(sqlite3.connect(old / "shelfwise.db")) as connection:
        assert connection.execute("SELECT value FROM facts WHERE name = 'change'").fetchone() == ("13",)


# ---- a newer format ----------------------------------------------------------------------------------------------

WRITES: dict[str, Callable[[Store], object]] = {
    "put": lambda store: store.put([Product("n1", "New", price=1)]),
    "put later": lambda store: store.put([Product("n1", "New", price=1)], wait=False),
    "remove": lambda store: store.remove(["p1"]),
    "update_offers": lambda store: update_offers(store, [{"id": "p1", "price": 1}]),
    "import": lambda store: import_products(store, [Product("n1", "New", price=1)], ImportOptions()),
    "replace": lambda store: import_products(store, [], ImportOptions(mode="replace", allow_shrink=True)),
    "publish": lambda store: publish(store, "hashing-32"),
    "rollback": rollback,
    "forget": forget_previous,
    "maintain": maintain,
    "build": lambda store: store.build_generation(),
    "refresh": lambda store: store.refresh(),
    "upgrade": lambda store: upgrade_store(store.folder.path),
    "dump": lambda store: dump_store(store, store.folder.path / "dump.zip"),
}


def set_format(place: Any, number: int) -> None:
    """What another version's upgrade and its going away do."""
    url = place.location if isinstance(place.location, str) else f"sqlite:///{place.location / 'shelfwise.db'}"
    table = "shelfwise.facts" if isinstance(place.location, str) else "facts"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET value = :number WHERE name = 'format'"), {"number": str(number)})
        connection.execute(text(f"UPDATE {table} SET value = (0 + CAST(value AS INTEGER) + 1) WHERE name = 'change'"))
    engine.dispose()


@pytest.mark.both_databases
def test_a_newer_format_is_answered_from_what_was_known_and_never_written(
    place: Any, open_store: Opens, lamps: Lamps, eventually: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store()
    store.put(lamps(10))
    store.refresh()
    words, near, change = found(store), nearest(store), store.view.change
    set_format(place, schema.FORMAT + 1)
    before = everything(store.database, own=True)
    sentence = (
        f"store {store.name}: it has format {schema.FORMAT + 1}, this version reads up to {schema.FORMAT}; "
        "install a newer shelfwise"
    )
    for name, do in WRITES.items():
        if name == "upgrade" and isinstance(place.location, str):
            continue
        with pytest.raises(StoreError) as error:
            do(store)
        assert str(error.value) == sentence, name
    eventually(lambda: [each for each in caplog.messages if sentence in each])
    assert everything(store.database, own=True) == before, "nothing was written"
    assert (found(store), nearest(store), store.view.change) == (words, near, change)
    assert store.products(["p1"])["p1"].title == "Lamp model 1 with shade"
    with pytest.raises(StoreError) as error:
        open_store()
    assert str(error.value) == sentence

    set_format(place, schema.FORMAT)  # the newer version is taken away again
    store.put([Product("n1", "New lamp", price=1)])
    store.refresh()
    assert store.view.row_of("n1") >= 0
    assert open_store().ids() == store.ids()


@pytest.mark.both_databases
def test_a_write_that_was_encoding_when_a_newer_version_came_writes_nothing(
    place: Any, open_store: Opens, fake_encoder: Any
) -> None:
    came: list[int] = []

    def newer(vectors: Any) -> Any:
        if not came:
            came.append(1)
            set_format(place, schema.FORMAT + 1)
        return vectors

    store = open_store(encoder=fake_encoder(spoil=newer), maintain=False)
    with pytest.raises(StoreError) as error:
        store.put([Product("n1", "New lamp", price=1)])
    assert "install a newer shelfwise" in str(error.value)
    assert store.ids() == set()


def test_a_format_that_is_too_old_is_said(old: Path, open_store: Opens) -> None:
    with closing(sqlite3.connect(old / "shelfwise.db")) as connection, connection:
        connection.execute("UPDATE facts SET value = '0' WHERE name = 'format'")
    for do in (lambda: open_store(path=old), lambda: upgrade_store(old)):
        with pytest.raises(StoreError) as error:
            do()
        assert str(error.value) == (
            f"store {old}: it has format 0, this version reads {schema.READS[0]} and {schema.READS[1]}; upgrade it "
            "with an older shelfwise first"
        )


# ---- kills -------------------------------------------------------------------------------------------------------

UPGRADE_STEPS = [
    *(f"{name}:1:{when}" for name in ("fsync", "replace") for when in ("before", "after")),
    *(f"statement:{n}:{when}" for n in range(1, 8) for when in ("before", "after")),
    "commit:1:before",
]


@pytest.mark.parametrize("step", UPGRADE_STEPS)
def test_a_killed_upgrade_leaves_the_old_format_and_can_be_run_again(
    step: str, old: Path, children: Any, open_store: Opens, lamps: Lamps, tmp_path: Path
) -> None:
    dump_store(old, tmp_path / "before.zip")
    lines = children.start("upgrade", old, die=step).ends()
    assert lines == ["start"], "the step was reached"
    assert_format(old, 1)
    dump_store(old, tmp_path / "after.zip")
    assert _with_id(tmp_path / "after.zip") == _with_id(tmp_path / "before.zip")
    store = open_store(path=old, maintain=False)
    assert_whole(store)
    assert store.put(lamps(10)).unchanged == 10
    upgrade_store(old)
    assert_format(old, 2)
    assert [each.name for each in (old / "kept").iterdir() if not each.name.startswith("format-1-")] == []
    assert store.put(lamps(10)).unchanged == 10


def test_what_a_killed_upgrade_left_is_removed_by_the_maintainer(old: Path, children: Any, open_store: Opens) -> None:
    children.start("upgrade", old, die="fsync:1:before").ends()
    assert len(dead_dumps(old / "kept")) == 1
    maintain(open_store(path=old, maintain=False))
    assert list((old / "kept").iterdir()) == []


def _with_id(archive: Path) -> dict[str, Any]:
    found: dict[str, Any] = members(archive)
    del found["checksums.json"]
    return {**found, "dump.json": json.loads(found["dump.json"]) | {"made": ""}}


@pytest.mark.parametrize("seed", range(6))
def test_an_upgrade_that_is_killed_at_any_moment_leaves_one_format_whole(
    seed: int, path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    chance = random.Random(seed)
    make_format_1(path, lamps(400))
    child = children.start("upgrade", path)
    child.says("start")
    time.sleep(chance.random() / 12)
    lines = child.kill()
    assert not [line for line in lines if line.startswith("failed")]
    with closing(sqlite3.connect(path / "shelfwise.db")) as connection:
        format_ = int(connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()[0])
    assert_format(path, format_)
    assert format_ == 2 or not [line for line in lines if line.startswith("upgraded")]
    store = open_store(path=path, maintain=False)
    assert_whole(store)
    upgrade_store(path)
    assert store.put(lamps(400)).unchanged == 400
    assert_format(path, 2)
