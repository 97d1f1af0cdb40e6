"""Dumps: one moment of a live store in one file, which is whole or not there, and gives the same store anywhere."""

from __future__ import annotations

import json
import random
import resource
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    ImportOptions,
    Product,
    Store,
    StoreError,
    StoreMissing,
    change_documents,
    dump_store,
    import_products,
    publish,
    restore_store,
    update_offers,
)
from shelfwise.index.store.archive import dead_dumps

from ..strategies import catalogues
from .contents import comparable, everything, members
from .test_generations import found, nearest
from .test_kills import assert_whole, version_of_trio

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


@pytest.fixture
def full(open_store: Opens, lamps: Lamps) -> Store:
    """A store that has something in every table: two encoders, deletions, history, products that wait."""
    store = open_store(maintain=False)
    import_products(store, lamps(8), ImportOptions())
    store.remove(["p1"])
    publish(store, "hashing-32", {"words": 2.0, "meaning": 1.0})
    import_products(
        store, [*lamps(1, price=99), Product("z1", {"en": "Hat", "zh-CN": "帽子"}, price=3)], ImportOptions()
    )
    update_offers(store, [{"id": "p2", "price": 7, "stock": 0}])
    store.put([Product("w1", "Waiting lamp", price=5)], wait=False)
    change_documents(store, "page", lambda now: {"lamps": '{"slug": "lamps"}'})
    store.refresh()
    return store


@pytest.mark.both_databases
def test_a_restored_store_holds_and_answers_what_the_dumped_one_does(
    full: Store, tmp_path: Path, open_store: Opens
) -> None:
    made = dump_store(full, tmp_path / "full.zip")
    restored = restore_store(tmp_path / "full.zip", tmp_path / "copy")
    copy = open_store(path=tmp_path / "copy", maintain=False)
    assert everything(copy.database) == everything(full.database)
    assert all(everything(full.database).values()), "no table is empty"
    assert copy.waiting() == full.waiting() == {"w1"}
    assert found(copy) == found(full) and len(found(full)) == 8
    assert nearest(copy) == nearest(full)
    assert copy.view.weights == {"words": 2.0, "meaning": 1.0}
    assert (made.products, made.vectors, made.imports, made.format) == (9, 19, 2, 2)
    assert (restored.products, restored.vectors, restored.imports, restored.format) == (9, 19, 2, 2)
    assert made.change == restored.change == full.view.change
    assert made.size == (tmp_path / "full.zip").stat().st_size
    assert (made.archive, restored.store) == (tmp_path / "full.zip", str(tmp_path / "copy"))


def test_a_restored_store_has_an_id_of_its_own(full: Store, tmp_path: Path, open_store: Opens) -> None:
    dump_store(full, tmp_path / "full.zip")
    ids = {_facts(full)["store"]}
    for name in ("one", "two"):
        restore_store(tmp_path / "full.zip", tmp_path / name)
        ids.add(_facts(open_store(path=tmp_path / name))["store"])
    assert len(ids) == 3


def _facts(store: Store) -> dict[str, str]:
    return {row[0]: row[1] for row in everything(store.database, own=True)["facts"]}


def test_a_store_moves_to_postgresql_and_back_without_a_difference(
    full: Store, postgres_url: str, tmp_path: Path
) -> None:
    dump_store(full, tmp_path / "a.zip")
    restore_store(tmp_path / "a.zip", postgres_url, tmp_path / "cache")
    dump_store(postgres_url, tmp_path / "b.zip", cache=tmp_path / "cache")
    restore_store(tmp_path / "b.zip", tmp_path / "back")
    dump_store(tmp_path / "back", tmp_path / "c.zip")
    assert comparable(tmp_path / "a.zip") == comparable(tmp_path / "b.zip") == comparable(tmp_path / "c.zip")


@pytest.mark.both_databases
def test_a_restored_store_goes_on_where_the_dumped_one_was(
    full: Store, tmp_path: Path, place: Any, lamps: Lamps
) -> None:
    change, last = full.view.change, max(row[0] for row in everything(full.database)["imports"])
    dump_store(full, tmp_path / "full.zip")
    full.close()
    place.clear()
    restore_store(tmp_path / "full.zip", place.location, **place.options)
    store = Store.open(place.location, encoder="hashing-32", maintain=False, **place.options)
    try:
        report = import_products(store, lamps(1, first=50), ImportOptions())
        assert report.import_id == last + 1
        assert store.view.change == change + 1
        assert store.view.row_of("p50") >= 0
    finally:
        store.close()


def test_a_large_store_has_its_generation_when_it_is_restored(tmp_path: Path, open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2_001))
    dump_store(store, tmp_path / "large.zip")
    restore_store(tmp_path / "large.zip", tmp_path / "copy")
    assert (tmp_path / "copy" / "current").read_text() == "000001\n"
    assert (tmp_path / "copy" / "generations" / "000001" / "manifest.json").exists()


def test_the_members_of_a_dump_are_what_the_docs_say(full: Store, tmp_path: Path) -> None:
    dump_store(full, tmp_path / "full.zip")
    found = members(tmp_path / "full.zip")
    assert list(found) == [
        "dump.json",
        *(f"{name}.jsonl" for name in ("products", "offers", "waiting", "history", "imports", "documents")),
        *(f"vectors/{at}.{kind}" for at in range(2) for kind in ("jsonl", "f16")),
        "checksums.json",
    ]
    sums = json.loads(found.pop("checksums.json"))
    assert sums == {name: sha256(data).hexdigest() for name, data in found.items()}
    about = json.loads(found["dump.json"])
    assert (about["archive"], about["format"], about["facts"]["encoder_hash"]) == (1, 2, "hashing-1-32")
    assert about["counts"] == {"products": 10, "offers": 9, "waiting": 1, "history": 10, "documents": 1, "imports": 2}
    groups = {each["encoder"]: (each["width"], each["count"]) for each in about["vectors"]}
    assert groups == {"hashing-1": (128, 10), "hashing-1-32": (64, 9)}
    ids = [json.loads(line)["id"] for line in found["products.jsonl"].splitlines()]
    assert ids == sorted(ids, key=str.encode) and "p1" in ids, "deleted ones too"


@settings(max_examples=12)
@given(first=catalogues(), second=catalogues(), data=st.data())
def test_a_dump_of_a_restored_dump_is_the_same(
    first: list[Product], second: list[Product], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        store = Store.open(place / "a", encoder="hashing", maintain=False)
        try:
            store.put(first)
            store.put(second, wait=False)
            ids = sorted({product.id for product in [*first, *second]})
            store.remove(data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else [])
            dump_store(store, place / "a.zip")
        finally:
            store.close()
        restore_store(place / "a.zip", place / "b")
        dump_store(place / "b", place / "b.zip")
        assert comparable(place / "a.zip") == comparable(place / "b.zip")


def test_a_vector_of_another_length_does_not_keep_a_store_from_being_saved(full: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(full.folder.database)) as connection, connection:
        connection.execute("UPDATE vectors SET vector = x'0102' WHERE rowid = (SELECT min(rowid) FROM vectors)")
    dump_store(full, tmp_path / "full.zip")
    restore_store(tmp_path / "full.zip", tmp_path / "copy")
    dump_store(tmp_path / "copy", tmp_path / "copy.zip")
    assert comparable(tmp_path / "full.zip") == comparable(tmp_path / "copy.zip")
    about = json.loads(members(tmp_path / "full.zip")["dump.json"])
    assert sorted(each["width"] for each in about["vectors"]) == [2, 64, 128]


# ---- a live store ------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_dump_of_a_store_that_is_written_to_is_one_moment_of_it(
    place: Any, tmp_path: Path, children: Any, open_store: Opens
) -> None:
    child = children.start("write", place)
    child.acknowledges(4)
    versions = []
    for at in range(4):
        child.acknowledges(len(child.lines) + 3)
        told = child.lines
        dump_store(place.location, tmp_path / f"{at}.zip", **place.options)
        restore_store(tmp_path / f"{at}.zip", tmp_path / f"copy{at}")
        copy = open_store(path=tmp_path / f"copy{at}", maintain=False)
        assert_whole(copy)
        versions.append(version_of_trio(copy.products(["g0", "g1", "g2"])))
        assert versions[-1] >= max(int(line.split()[1]) for line in told if line.startswith("trio"))
        facts = _facts(copy)
        newest = max(row[1] for row in everything(copy.database)["products"])
        assert newest <= int(facts["change"])
    assert versions == sorted(set(versions)), "each later than the one before"
    child.kill()


def test_a_store_that_may_only_be_read_can_be_dumped_by_its_path(full: Store, tmp_path: Path) -> None:
    full.close()
    before = sorted(each.name for each in full.folder.path.iterdir())
    made = dump_store(full.folder.path, tmp_path / "full.zip")
    assert made.products == 9
    assert sorted(each.name for each in full.folder.path.iterdir()) == before, "and nothing is made in its folder"


# ---- the file ----------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_replaced_only_when_that_is_said(full: Store, tmp_path: Path) -> None:
    target = tmp_path / "full.zip"
    target.write_text("mine")
    with pytest.raises(StoreError) as error:
        dump_store(full, target)
    assert str(error.value) == (
        f"dump {target}: there is such a file already; choose another name, or have it replaced (overwrite, --force)"
    )
    assert target.read_text() == "mine"
    dump_store(full, target, overwrite=True)
    assert members(target)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_places_where_no_dump_can_be_made_are_said(full: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        dump_store(full, tmp_path)
    assert str(error.value) == f"dump {tmp_path}: wanted the name of a file to make, got a folder; name a file in it"
    nowhere = tmp_path / "nowhere" / "full.zip"
    with pytest.raises(StoreError) as error:
        dump_store(full, nowhere)
    assert str(error.value) == (
        f"dump {nowhere}: it could not be written ('No such file or directory'); check the folder, its space and "
        "permissions"
    )
    with pytest.raises(StoreMissing):
        dump_store(tmp_path / "no-store", tmp_path / "x.zip")
    assert list(tmp_path.glob("*.zip")) == []


def test_a_disk_that_takes_no_more_leaves_no_file_and_is_said(full: Store, tmp_path: Path) -> None:
    target = tmp_path / "full.zip"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, limits[1]))
    try:
        with pytest.raises(StoreError) as error:
            dump_store(full, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert str(error.value) == (
        f"dump {target}: it could not be written ('File too large'); check the folder, its space and permissions"
    )
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == []


def test_what_a_killed_dump_left_is_removed_and_nothing_else(full: Store, tmp_path: Path, children: Any) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    mine = {".0123abcd.shelfwise-dumps", ".not-hex1.shelfwise-dump", "0123abcd.shelfwise-dump", "old.zip"}
    for name in mine:
        (folder / name).write_text("mine")
    children.start("dump", full.folder.path, archive=folder / "a.zip", die="fsync:1:before").ends()
    assert len(dead_dumps(folder)) == 1, "the killed one left its part"
    busy = children.start("dump", full.folder.path, archive=folder / "b.zip", times=1_000_000)
    busy.acknowledges(2)
    for _ in range(20):  # neither takes the other's part
        dump_store(full, folder / "c.zip", overwrite=True)
    busy.acknowledges(len(busy.lines) + 1)
    busy.kill()
    dump_store(full, folder / "c.zip", overwrite=True)
    assert {each.name for each in folder.iterdir()} == mine | {"b.zip", "c.zip"}


# ---- kills -------------------------------------------------------------------------------------------------------

DUMP_STEPS = [
    *(f"fsync:{n}:{when}" for n in (1, 2) for when in ("before", "after")),
    "replace:1:before",
    "replace:1:after",
]


@pytest.mark.parametrize("step", DUMP_STEPS)
def test_a_killed_dump_leaves_the_file_of_before_or_a_whole_one(
    step: str, full: Store, tmp_path: Path, children: Any
) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    target = folder / "a.zip"
    dump_store(full, target)
    before = members(target)
    full.put([Product("late", "Late lamp", price=1)])
    lines = children.start("dump", full.folder.path, archive=target, die=step).ends()
    assert lines == [], "the step was reached"
    restore_store(target, tmp_path / "copy")
    renamed = step.startswith("fsync:2") or step == "replace:1:after"
    assert (members(target)["products.jsonl"] != before["products.jsonl"]) == renamed
    dump_store(full, target, overwrite=True)
    assert [each.name for each in folder.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("seed", range(6))
def test_a_dump_that_is_killed_at_any_moment_leaves_a_whole_file_or_none(
    seed: int, full: Store, tmp_path: Path, children: Any
) -> None:
    chance = random.Random(seed)
    folder = tmp_path / "dumps"
    folder.mkdir()
    target = folder / "a.zip"
    child = children.start("dump", full.folder.path, archive=target, times=1_000_000)
    child.acknowledges(chance.randint(0, 3))
    time.sleep(chance.random() / 30)
    lines = child.kill()
    assert not [line for line in lines if line.startswith("failed")]
    assert target.exists() or not lines
    if target.exists():
        restore_store(target, tmp_path / "copy")
    dump_store(full, target, overwrite=True)
    assert [each.name for each in folder.iterdir()] == ["a.zip"]


RESTORE_STEPS = [
    *(f"statement:{n}:{when}" for n in (1, 2, 4, 7) for when in ("before", "after")),
    *(f"commit:{n}:before" for n in (1, 2)),
]


@pytest.mark.parametrize("step", RESTORE_STEPS)
def test_a_killed_restore_leaves_no_store_and_can_be_run_again(
    step: str, full: Store, path: Path, tmp_path: Path, children: Any, open_store: Opens
) -> None:
    dump_store(full, tmp_path / "full.zip")
    copy = path.parent / "copy"
    lines = children.start("restore", copy, archive=tmp_path / "full.zip", die=step).ends()
    assert lines == ["start"], "the step was reached"
    with pytest.raises(StoreMissing):
        Store.open(copy, create=False)
    restore_store(tmp_path / "full.zip", copy)
    assert everything(open_store(path=copy, maintain=False).database) == everything(full.database)


@pytest.mark.parametrize("seed", range(4))
def test_a_restore_that_is_killed_at_any_moment_leaves_the_whole_store_or_none(
    seed: int, path: Path, tmp_path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    chance = random.Random(seed)
    store = open_store(maintain=False)
    store.put(lamps(2_500))
    dump_store(store, tmp_path / "a.zip")
    copy = path.parent / "copy"
    child = children.start("restore", copy, archive=tmp_path / "a.zip")
    child.says("start")
    time.sleep(chance.random() * 0.6)
    child.kill()
    try:
        restored = open_store(path=copy, create=False, maintain=False)
    except StoreMissing:
        restore_store(tmp_path / "a.zip", copy)
        restored = open_store(path=copy, maintain=False)
    assert everything(restored.database) == everything(store.database)
    assert restored.view.n_products == 2_500
