"""Several processes and threads with one store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import Product, Store, StoreBusy
from shelfwise.index.store.database import Database

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


def test_a_write_in_one_process_is_seen_by_the_other_within_a_second(
    path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(2))
    store.refresh()
    go = path.parent / "go"
    child = children.start("one", path, go=go, product={"id": "new", "title": "Teapot"})
    child.says("open")
    assert store.view.row_of("new") == -1
    go.touch()
    wrote = float(child.says("wrote").split()[1])
    while store.view.row_of("new") < 0:
        assert time.time() - wrote < 1.0
        time.sleep(0.01)
    assert store.view.n_products == 3


def test_writers_in_several_processes_lose_nothing(path: Path, children: Any, open_store: Opens, lamps: Lamps) -> None:
    open_store().put(lamps(1))
    writers = [children.start("own", path, name=name, count=15) for name in ("a", "b", "c")]
    store = open_store()
    for at in range(15):
        store.put([Product(f"d-{at}", f"Own kettle {at}")])
    for writer in writers:
        assert writer.ends()[-1] == "end", writer.lines
    wanted = {"p0", *(f"{name}-{at}" for name in "abcd" for at in range(15))}
    assert store.ids() == wanted
    store.refresh()
    assert store.view.n_products == len(wanted)
    assert store.view.change == len(wanted), "each write has a change of its own"


def test_writers_in_several_threads_lose_nothing(open_store: Opens) -> None:
    stores = [open_store(), open_store()]

    def write(thread: int) -> None:
        store = stores[thread % 2]
        for at in range(10):
            store.put([Product(f"{thread}-{at}", f"Kettle {at} of {thread}"), Product("shared", f"By {thread}, {at}")])
            if at % 3 == 0:
                store.settle()
            if at % 5 == 4:
                assert store.remove([f"{thread}-{at}"]) == 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = {"shared", *(f"{thread}-{at}" for thread in range(6) for at in range(10) if at % 5 != 4)}
    for store in stores:
        store.refresh()
        assert store.ids() == wanted
        assert {key for key in wanted if store.view.row_of(key) >= 0} == wanted and store.view.n_products == len(wanted)


def test_processes_that_make_a_store_at_the_same_moment_all_open_it(
    path: Path, children: Any, open_store: Opens
) -> None:
    for attempt in range(4):
        where, go = path.parent / f"fresh{attempt}", path.parent / f"go{attempt}"
        openers = [children.start("opens", where, go=go) for _ in range(4)]
        go.touch()
        for opener in openers:
            assert opener.ends() == ["opened", "end"]
        assert open_store(path=where, create=False).view.n_products == 0


def test_a_lock_that_another_process_holds_is_waited_for_and_then_said(
    path: Path, children: Any, open_store: Opens
) -> None:
    open_store().close()
    child = children.start("hold_lock", path)
    child.says("locked")
    database = Database(path / "shelfwise.db", lock_seconds=0.3)
    started = time.monotonic()
    with pytest.raises(StoreBusy, match=r"waited 0\.3 s for another writer"), database.write():
        pass
    assert 0.3 <= time.monotonic() - started < 5
    assert open_store().view.n_products == 0, "opening and reading wait for nobody"
    child.kill()
    with database.write():
        pass  # the lock went with its process
    database.close()


def test_of_builders_in_several_processes_one_builds_at_a_time(
    path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    open_store().put(lamps(300))
    go = path.parent / "go"
    builders = [children.start("build", path, go=go) for _ in range(3)]
    for builder in builders:
        builder.says("open")
    go.touch()
    said = [builder.ends()[1] for builder in builders]
    numbers = [int(line.split()[1]) for line in said if line != "number None"]
    assert numbers and sorted(numbers) == list(range(1, len(numbers) + 1)), said
    store = open_store()
    assert store.view.generation == len(numbers) and store.view.n_products == 300
    assert not list((path / "generations").glob("building-*"))


def test_a_store_in_a_read_only_folder_is_a_sentence(
    path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(2))
    path.parent.chmod(0o755)
    path.chmod(0o555)
    try:
        beside = children.start("open_as_nobody", path).ends()
        store.close()
        alone = children.start("open_as_nobody", path).ends()
    finally:
        path.chmod(0o755)
    assert beside[0] == "opened 2 2", "while the shop runs, its files can be read"
    assert beside[1].startswith("StoreError: ") and "check space and permissions of the folder" in beside[1]
    assert alone[0].startswith("StoreError: ") and "check space and permissions of the folder" in alone[0]
    assert open_store().ids() == {"p0", "p1"}
