"""Several processes and threads with one store."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import Product, Store, StoreBusy, maintain
from shelfwise.index.store.processes import ProcessFile, ProcessState, live_processes

both_databases = pytest.mark.both_databases

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


@both_databases
def test_a_write_in_one_process_is_seen_by_the_other_within_a_second(
    place: Any, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(2))
    store.refresh()
    go = place.folder.parent / "go"
    child = children.start("one", place, go=go, product={"id": "new", "title": "Teapot"})
    child.says("open")
    assert store.view.row_of("new") == -1
    go.touch()
    wrote = float(child.says("wrote").split()[1])
    while store.view.row_of("new") < 0:
        assert time.time() - wrote < 1.0
        time.sleep(0.01)
    assert store.view.n_products == 3


@both_databases
def test_writers_in_several_processes_lose_nothing(place: Any, children: Any, open_store: Opens, lamps: Lamps) -> None:
    open_store().put(lamps(1))
    writers = [children.start("own", place, name=name, count=15) for name in ("a", "b", "c")]
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


@both_databases
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


@both_databases
@pytest.mark.parametrize("attempt", range(3))
def test_processes_that_make_a_store_at_the_same_moment_all_open_it(
    attempt: int, place: Any, children: Any, open_store: Opens
) -> None:
    go = place.folder.parent / "go"
    openers = [children.start("opens", place, go=go) for _ in range(4)]
    go.touch()
    for opener in openers:
        assert opener.ends() == ["opened", "end"]
    assert open_store(create=False).view.n_products == 0


@both_databases
def test_a_lock_that_another_process_holds_is_waited_for_and_then_said(
    place: Any, children: Any, open_store: Opens
) -> None:
    open_store().close()
    child = children.start("hold_lock", place)
    child.says("locked")
    database = place.database(lock_seconds=0.3)
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


def test_files_of_processes_that_were_killed_are_removed_and_those_of_live_ones_stay(
    path: Path, children: Any, open_store: Opens, eventually: Any
) -> None:
    store = open_store()
    child = children.start("search", path)
    child.says("generation 0")
    folder = path / "processes"
    eventually(lambda: len(live_processes(folder)) == 2)
    child.kill()
    (folder / "7-abc.new").touch()  # killed while it made its file
    (folder / "8-abc.json").touch()  # killed before it wrote anything into it
    assert [each.pid for each in live_processes(folder, remove=False)] == [os.getpid()]
    assert len(list(folder.iterdir())) == 4, "looking removes nothing"
    maintain(store)
    assert [each.name.split("-")[0] for each in folder.iterdir()] == [str(os.getpid())]
    store.close()
    assert list(folder.iterdir()) == [], "who closes its store takes its file away"


def test_no_live_process_is_taken_for_a_dead_one_however_often_files_are_cleared_away(tmp_path: Path) -> None:
    end = threading.Event()

    def clear() -> None:
        while not end.is_set():
            live_processes(tmp_path)

    clearing = [threading.Thread(target=clear) for _ in range(2)]
    for thread in clearing:
        thread.start()
    files = [ProcessFile(tmp_path) for _ in range(200)]
    for at, file in enumerate(files):
        file.write(ProcessState(file.pid, at, 1))
    end.set()
    for thread in clearing:
        thread.join()
    assert live_processes(tmp_path) == [ProcessState(os.getpid(), at, 1) for at in range(200)]
    for file in files:
        file.close()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_may_only_read_sees_what_others_write_there(
    path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(2))
    store.close()
    path.parent.chmod(0o755)
    path.chmod(0o555)
    try:
        reader = children.start("search", path, nobody=True)
        reader.says("generation 0 products 2")
    finally:
        path.chmod(0o755)
    writer = open_store()
    writer.put(lamps(3, first=2))
    reader.says("generation 0 products 5")
    writer.build_generation()
    reader.says("generation 1 products 5")
    writer.close()
    writer = open_store()
    writer.remove(["p0"])
    reader.says("generation 1 products 4")


def test_a_store_in_a_folder_that_may_only_be_read_is_searched_and_refuses_writes(
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
        left = sorted(each.name for each in path.iterdir())
    finally:
        path.chmod(0o755)
    refused = (
        f"StoreError: store {path}: its folder may only be read, so nothing was written; check its permissions, or "
        "open it as the user whom it belongs to"
    )
    assert beside == ["opened 2 2", refused, "end"], "while the shop runs, beside its log"
    assert alone == ["opened 2 2", refused, "end"], "and where there is none"
    assert left == ["generations", "processes", "reports", "shelfwise.db"], "nothing was made there"
    assert open_store().ids() == {"p0", "p1"}
