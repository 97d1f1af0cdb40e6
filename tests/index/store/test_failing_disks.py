"""Full disks, damaged and deleted files, a locked database, a clock that jumps: each has a stated behaviour."""

from __future__ import annotations

import json
import logging
import resource
import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import Product, Store, StoreBusy, StoreError
from shelfwise.index.store import following
from shelfwise.index.store.checking import check_store
from shelfwise.index.store.dumping import dump_store
from shelfwise.index.store.restoring import restore_store
from shelfwise.plugin import Shop
from sqlalchemy import event
from sqlalchemy.engine import Engine

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]

# ---- no room -----------------------------------------------------------------------------------------------------


def lamp(number: int, price: int = 10) -> Product:
    return Product(f"p{number}", f"Lamp model {number} with shade", price=price, stock=3, brand="Lumen")


WRITES: dict[str, Callable[[Shop], object]] = {
    "upsert": lambda shop: shop.upsert(lamp(1, price=77)),
    "without waiting": lambda shop: shop.upsert(Product("new", "A new teapot"), wait=False),
    "offers": lambda shop: shop.update_offers([{"id": "p1", "price": 77}]),
    "delete": lambda shop: shop.delete("p1"),
    "import": lambda shop: shop.upsert(lamp(number) for number in range(1_000, 1_500)),
    "publish": lambda shop: shop.publish("hashing-32"),
    "dump": lambda shop: dump_store(shop.store, Path(shop.store.name).parent / "full.zip"),
}
FULL = {
    "upsert": "store {store}: the database answered '{said}'; check space and permissions of the folder",
    "dump": "dump {folder}/full.zip: it could not be written ('File too large'); check the folder, its space and "
    "permissions",
}


def state(shop: Shop) -> str:
    """A digest of what is stored and of what is found: the file that it is said in must stay small, too."""
    stored = {key: product.to_dict() for key, product in shop.store.products(sorted(shop.store.ids())).items()}
    found = shop.search("lamp model", filters={"price": (5, 90)}, facets=["price"], sort="price", k=100)
    return sha256(json.dumps([stored, found.ids, [v.count for v in found.facets["price"]]]).encode()).hexdigest()


def write_to_a_full_disk(order: dict[str, Any], says: Callable[[object], None]) -> None:
    """In a child: a write without room, what is there then, and the write with room again."""
    logging.disable(logging.CRITICAL)  # that no generation could be built is said there
    counts: list[Any] = []
    if order["full"] == "database":
        event.listen(Engine, "checkout", lambda connection, *_: counts.append(connection))
    with Shop.open(order["store"], encoder="hashing", maintain=False) as shop:
        says(state(shop))
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        if order["full"] == "disk":
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
        else:
            with shop.store.database.read():
                pages = counts[-1].execute("PRAGMA page_count").fetchone()[0]
            event.listen(
                Engine, "checkout", lambda connection, *_: connection.execute(f"PRAGMA max_page_count={pages}")
            )
        try:
            WRITES[order["write"]](shop)
            says("done")
        except Exception as error:
            says(f"{type(error).__name__}: {error}")
        says(state(shop))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        if order["full"] == "disk":
            WRITES[order["write"]](shop)
            says("done")


@pytest.mark.parametrize("write", WRITES)
def test_a_write_without_room_changes_nothing_and_says_so_and_searches_go_on(
    write: str, path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(60))
    store.build_generation()
    store.close()
    child = children.start("call", path, file=__file__, name="write_to_a_full_disk", write=write, full="disk")
    before, said, after, again, _ = child.ends()
    wanted = FULL.get(write, FULL["upsert"]).format(store=path, folder=path.parent, said="disk I/O error")
    assert said == f"StoreError: {wanted}"
    assert after == before and again == "done"
    assert check_store(open_store()) == []
    assert not [each.name for each in path.parent.iterdir() if each.name.startswith(".")]


def test_a_full_database_changes_nothing_and_says_so_and_searches_go_on(
    path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(60))
    store.close()
    order = {"file": __file__, "name": "write_to_a_full_disk", "write": "import", "full": "database"}
    before, said, after, _ = children.start("call", path, **order).ends()
    wanted = FULL["upsert"].format(store=path, said="database or disk is full")
    assert said == f"StoreError: {wanted}"
    assert after == before


def build_on_a_full_disk(order: dict[str, Any], says: Callable[[object], None]) -> None:
    """In a child: generations that have no room, each with a little more than the one before."""
    logging.disable(logging.CRITICAL)
    with Shop.open(order["store"], encoder="hashing", maintain=False) as shop:
        wanted = state(shop)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        for limit in order["limits"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                says(shop.store.build_generation())
            except Exception as error:
                says(type(error).__name__)
            shop.store.settle(0)  # as after an import
            assert state(shop) == wanted
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        says(shop.store.build_generation())


def test_a_generation_without_room_leaves_nothing_and_is_built_later(
    path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(300))
    store.build_generation()
    files = [each for each in (path / "generations").rglob("*") if each.is_file()]
    limits = sorted({each.stat().st_size - 1 for each in files if each.stat().st_size > 200})
    store.close()
    child = children.start("call", path, file=__file__, name="build_on_a_full_disk", limits=limits)
    *failed, built, _ = child.ends()
    assert set(failed) == {"OSError"} and len(failed) == len(limits), failed
    assert built == "2"
    assert sorted(each.name for each in (path / "generations").iterdir()) == ["000001", "000002"]


def follow_on_a_full_disk(order: dict[str, Any], says: Callable[[object], None]) -> None:
    """In a child: follows others although it cannot write down how far it is."""
    with Shop.open(order["store"], encoder="hashing", maintain=False) as shop:
        says("open")
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        while not shop.search("teapot").ids:
            time.sleep(0.01)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        says("seen")


def test_a_process_that_cannot_write_its_file_goes_on_following(path: Path, children: Any, open_store: Opens) -> None:
    store = open_store()
    store.put([lamp(1)])
    child = children.start("call", path, file=__file__, name="follow_on_a_full_disk")
    child.says("open")
    store.put([Product("new", "A new teapot")])
    child.says("seen")


# ---- deleted and damaged files -----------------------------------------------------------------------------------


def answers(shop: Shop) -> list[Any]:
    """What a shop says, to be compared."""
    searches = (
        {"query": "lamp model", "k": 100, "facets": ["price", "brand"]},
        {"query": "teapot"},
        {"query": "", "sort": "-price", "k": 100, "filters": {"price": (3, 40)}},
        {"query": "model 17", "filters": {"in_stock": True}},
    )
    found = [shop.search(**asked) for asked in searches]
    products = shop.store.products(sorted(shop.store.ids()))
    return [
        {key: product.to_dict() for key, product in products.items()},
        [[each.ids, each.total, [(v.code, v.count) for f in each.facets.values() for v in f]] for each in found],
    ]


def say_answers(order: dict[str, Any], says: Callable[[object], None]) -> None:
    """In a child, for a damaged file may end it: the answers or the error, and what the check finds."""
    logging.disable(logging.CRITICAL)
    following.FOLLOW_SECONDS = 3_600.0
    try:
        with Shop.open(order["store"], create=False, maintain=False) as shop:
            says(json.dumps(answers(shop)))
            if order.get("check"):
                says(json.dumps([problem.kind for problem in check_store(shop.store)]))
    except StoreError as error:
        says(json.dumps(str(error)))


@pytest.fixture
def filled(path: Path) -> list[Any]:
    """A closed store with all kinds of files at `path`; its answers."""
    with Shop.open(path, encoder="hashing", maintain=False) as shop:
        shop.upsert(
            Product(f"p{at}", f"Lamp model {at}", price=at + 1, stock=at, brand=f"B{at % 3}") for at in range(60)
        )
        shop.store.build_generation()
        shop.upsert([Product(f"p{at}", f"Teapot number {at}", price=at + 1) for at in range(5)])
        shop.upsert(Product("w", "A kettle that waits", price=4), wait=False)
        shop.update_offers([{"id": "p9", "price": 35}])
        (path / "reports" / "import-1.jsonl").write_text('{"problem": "bad"}\n')
        return json.loads(json.dumps(answers(shop)))


def flipped(file: Path, at: int) -> None:
    """Another bit at a place of a file."""
    with file.open("r+b") as opened:
        opened.seek(at)
        (byte,) = opened.read(1)
        opened.seek(at)
        opened.write(bytes([byte ^ 1 << at % 8]))


@pytest.mark.slow
def test_a_flipped_bit_in_any_file_but_the_database_changes_no_answer(
    path: Path, children: Any, filled: list[Any]
) -> None:
    files = [each for each in path.rglob("*") if each.is_file() and each.stat().st_size]
    tried = [each for each in files if not each.name.startswith("shelfwise.db")]
    assert len(tried) > 25
    for file in tried:
        whole = file.read_bytes()
        flipped(file, len(whole) // 2)
        said, *_ = child = children.start("call", path, file=__file__, name="say_answers").ends()
        assert json.loads(said) == filled, (file.name, child)
        file.write_bytes(whole)


@pytest.mark.slow
def test_a_flipped_bit_in_the_database_gives_right_answers_or_a_sentence_or_is_found_by_the_check(
    path: Path, children: Any, filled: list[Any]
) -> None:
    database = path / "shelfwise.db"
    whole = database.read_bytes()
    outcomes = set()
    for page in range(0, len(whole), 4_096):
        for at in (page + 40, page + 2_048, page + 4_000):
            flipped(database, at)
            said, *more = children.start("call", path, file=__file__, name="say_answers", check=True).ends()
            assert not said.startswith("failed"), (at, said)
            found = json.loads(said)
            if isinstance(found, str):
                assert found.startswith(f"store {path}: "), found
                outcomes.add("a sentence")
            elif found == filled:
                outcomes.add("right")
            else:
                problems = json.loads(more[0])
                assert problems, (at, "a wrong answer that the check does not find")
                outcomes.add("found by the check")
            shutil.rmtree(path)
            path.mkdir()
            database.write_bytes(whole)
    assert outcomes == {"right", "a sentence", "found by the check"}


def test_a_flipped_bit_in_an_archive_is_refused_and_leaves_no_store(path: Path, filled: list[Any]) -> None:
    archive = path.parent / "dump.zip"
    dump_store(path, archive)
    whole = archive.read_bytes()
    for at in range(7, len(whole), len(whole) // 40):
        flipped(archive, at)
        with pytest.raises(
            StoreError, match=f"^archive {archive}: wanted a dump of a store, got something else or a dam"
        ):
            restore_store(archive, path.parent / "restored")
        assert not Store.exists(path.parent / "restored")
        archive.write_bytes(whole)
    assert restore_store(archive, path.parent / "restored").products == len(filled[0])


@pytest.mark.parametrize("name", ["generations", "generations/000001", "current", "generations/000001/vectors.faiss"])
def test_a_deleted_cache_changes_no_answer_of_an_open_shop_or_of_one_that_opens(
    name: str, path: Path, filled: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with Shop.open(path, maintain=False) as shop:
        gone = path / name
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        assert json.loads(json.dumps(answers(shop))) == filled
        with Shop.open(path, maintain=False) as other:
            assert json.loads(json.dumps(answers(other))) == filled
        assert shop.store.build_generation() in (1, 2)
        assert json.loads(json.dumps(answers(shop))) == filled
    with Shop.open(path, maintain=False) as shop:
        assert json.loads(json.dumps(answers(shop))) == filled


def test_a_damaged_product_is_passed_over_and_the_others_are_found_and_written(
    path: Path, filled: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with Shop.open(path, maintain=False) as shop:
        with shop.store.database.write() as connection:
            connection.exec_driver_sql("UPDATE products SET document = 'torn' WHERE id = 'p7'")
            connection.exec_driver_sql(
                """UPDATE offers SET document = '{"p8":[{"price":"x"}]}' WHERE product_id = 'p8'"""
            )
        found = shop.search("lamp model", k=100).ids
        assert {"p6", "p9"} < set(found) and not {"p7", "p8"} & set(found)
        report = shop.update_offers([{"id": "p8", "stock": 1}, {"id": "p9", "price": 36.25}])
        assert (report.changed, report.bad) == (1, 1)
        assert report.problems[0].startswith("'p8': what is stored of it is damaged (")
        assert shop.search("model 9", filters={"price": (36.25, 36.25)}).ids == ["p9"]
        assert {problem.kind for problem in check_store(shop.store)} == {"database"}
    with Shop.open(path, maintain=False) as shop:
        assert shop.search("model 9", filters={"price": (36.25, 36.25)}).ids == ["p9"]
    said = {record.getMessage().partition(" (")[0] for record in caplog.records}
    assert {"product 'p7': its document is damaged", "product 'p8': its document is damaged"} <= said


# ---- a locked database, a clock that jumps -----------------------------------------------------------------------


def test_while_another_process_holds_the_writers_lock_searches_go_on_and_writes_say_so(
    path: Path, children: Any, filled: list[Any]
) -> None:
    holder = children.start("hold_lock", path)
    holder.says("locked")
    with Shop.open(path, lock_seconds=0.2) as shop:
        assert json.loads(json.dumps(answers(shop))) == filled
        busy = f"store {path}: waited 0.2 s for another writer; try again, or end the process that holds the lock"
        for write in WRITES.values():
            if write is not WRITES["dump"]:
                with pytest.raises(StoreBusy) as raised:
                    write(shop)
                assert str(raised.value) == busy
        WRITES["dump"](shop)
        assert json.loads(json.dumps(answers(shop))) == filled
        holder.kill()
        shop.upsert(lamp(1, price=77))
        assert shop.get("p1").title == "Lamp model 1 with shade"


def test_a_clock_that_jumps_back_or_ahead_decides_only_about_the_times_of_offers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, jump = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + jump[0])
    monkeypatch.setattr("shelfwise.plugin.answering.time", time.time)
    day = 86_400.0

    def iso(moment: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))

    with Shop.open(path, encoder="hashing") as shop:
        shop.upsert([lamp(number) for number in range(20)])
        shop.store.build_generation()
        sale = {"id": "p3", "price": 4, "starts": iso(now() - day / 2), "ends": iso(now() + day / 2)}
        shop.update_offers([{"id": "p4", "price": 8}, sale])

        def for_sale() -> list[str]:
            return sorted(shop.search("", filters={"price": (3, 9)}).ids)

        assert for_sale() == ["p3", "p4"]
        for jumped, found in (
            (-day, ["p4"]),
            (0.0, ["p3", "p4"]),
            (day, ["p4"]),
            (-400 * day, ["p4"]),
            (0.0, ["p3", "p4"]),
        ):
            jump[0] = jumped
            assert for_sale() == found
            number = shop.upsert(Product(f"at{jumped}", f"Teapot of {jumped}", price=20)).import_id
            shop.upsert(Product(f"later{jumped}", f"Teapot later {jumped}", price=20), wait=False)
            assert shop.store.build_generation() is not None
            assert shop.maintain() is not None and not shop.waiting()
            assert len(shop.search(f"teapot {jumped}").ids) >= 2
            assert number is not None and for_sale() == found
        jump[0] = 0.0
        assert check_store(shop.store) == []
    with Shop.open(path) as shop:
        assert len(shop) == 20 + 8
