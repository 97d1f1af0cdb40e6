"""Generations are caches: whole, checked, replaceable, and never needed for a right answer."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import Product, Store, StoreError, match
from shelfwise.index.store import maintenance
from shelfwise.index.store import store as store_module
from shelfwise.index.store.folder import read_manifest

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


def found(store: Store) -> list[str]:
    """What all lamps are to this store, by words: every id, best first."""
    view = store.view
    mask = match(view, (), store.context).mask
    return [view.id_of(row) for row in view.by_words(["lamp", "model", "3"], 100, mask, "en").rows.tolist()]


def nearest(store: Store) -> list[str]:
    view = store.view
    mask = match(view, (), store.context).mask
    query = store.encoder.encode_queries(["Lamp model 3"])
    ((rows, _),) = view.nearest(query, 100, mask, "en")
    return [view.id_of(row) for row in rows.tolist()]


@pytest.fixture
def built(open_store: Opens, lamps: Lamps) -> Store:
    """A store with ten lamps in generation 1 and two in the tail."""
    store = open_store()
    store.put(lamps(10))
    assert store.build_generation() == 1
    store.put(lamps(2, first=10))
    store.refresh()
    return store


def test_a_manifest_says_what_a_generation_holds_and_its_checksums_are_right(built: Store, path: Path) -> None:
    folder = path / "generations" / "000001"
    manifest = read_manifest(folder)
    assert manifest.readable
    assert (manifest.products, manifest.change, manifest.encoder, manifest.dimension) == (10, 1, "hashing-1", 64)
    files = {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}
    assert files - {"manifest.json"} == manifest.files.keys() and "segment.json" in files
    for name, (size, checksum) in manifest.files.items():
        content = (folder / name).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (size, checksum), name
    assert json.loads((folder / "manifest.json").read_text())["products"] == 10, "plain JSON"
    assert (path / "current").read_text() == "000001\n"


def test_a_generation_and_a_tail_answer_as_a_tail_alone_does(built: Store, lamps: Lamps, open_store: Opens) -> None:
    alone = open_store(path=built.folder.path.parent / "alone")
    alone.put(lamps(12))
    alone.refresh()
    assert alone.view.generation == 0 and built.view.generation == 1
    assert found(built) == found(alone) and found(built)[0] == "p3"
    assert nearest(built) == nearest(alone)


def test_opening_reads_the_generation_and_builds_none(built: Store, open_store: Opens) -> None:
    again = open_store()
    assert again.view.generation == 1 and again.view.n_products == 12
    assert again.folder.numbers() == [1]


@pytest.mark.parametrize(("products", "numbers"), [(2_000, []), (2_001, [1])])
def test_opening_builds_a_generation_where_there_is_none_and_the_products_are_many(
    products: int, numbers: list[int], open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(products))
    store.close()
    again = open_store(maintain=False)
    assert again.folder.numbers() == numbers and again.view.n_products == products
    assert again.view.generation == len(numbers)


@pytest.mark.slow
def test_opening_heals_a_large_store_whose_generations_are_all_damaged(
    open_store: Opens, lamps: Lamps, path: Path
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2_001))
    for _ in range(2):
        store.build_generation()
    store.close()
    for number in (1, 2):
        file = path / "generations" / f"{number:06d}" / "keys.npy"
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    again = open_store(maintain=False)
    assert again.view.generation == 3 and again.view.n_products == 2_001


def damage_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


def damage_manifest_shape(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"files": [1]}')


def damage_other_version(folder: Path) -> None:
    fields = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(fields | {"format": 99}))


def damage_missing_file(folder: Path) -> None:
    (folder / "keys.npy").unlink()


def damage_short_file(folder: Path) -> None:
    path = folder / "vectors.faiss"
    path.write_bytes(path.read_bytes()[:-1])


def damage_long_file(folder: Path) -> None:
    """One byte more, which a reader of arrays would not notice."""
    path = folder / "keys.npy"
    path.write_bytes(path.read_bytes() + b"\0")


def damage_header(folder: Path) -> None:
    """The right size, and nonsense at its start."""
    path = folder / "keys.npy"
    path.write_bytes(b"\0" * 80 + path.read_bytes()[80:])


def damage_vectors_header(folder: Path) -> None:
    path = folder / "vectors.faiss"
    path.write_bytes(b"\xff" * 60 + path.read_bytes()[60:])


def damage_json(folder: Path) -> None:
    path = folder / "segment.json"
    path.write_text("[" * path.stat().st_size)


def damage_gone(folder: Path) -> None:
    shutil.rmtree(folder)


def damage_all_gone(folder: Path) -> None:
    shutil.rmtree(folder.parent)


def damage_a_file_in_its_place(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


DAMAGES = [
    damage_manifest,
    damage_manifest_shape,
    damage_other_version,
    damage_missing_file,
    damage_short_file,
    damage_long_file,
    damage_header,
    damage_vectors_header,
    damage_json,
    damage_gone,
    damage_all_gone,
    damage_a_file_in_its_place,
]


# Not damaged, but another version's or not there: nothing is wrong with that.
SILENT = {damage_other_version, damage_gone, damage_all_gone}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_generation_is_passed_over_and_answers_come_from_the_truth(
    damage: Callable[[Path], None],
    built: Store,
    path: Path,
    open_store: Opens,
    lamps: Lamps,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wanted = found(built), nearest(built)
    built.close()
    damage(path / "generations" / "000001")
    store = open_store()
    said = warnings(caplog)
    assert len(said) == (damage not in SILENT)
    assert all(each.startswith("generation 000001: ") for each in said)
    assert all(each.endswith("; its products are read from the database until a new one is built") for each in said)
    assert store.view.generation == 0 and store.view.n_products == 12
    assert (found(store), nearest(store)) == wanted

    store.put(lamps(1, first=12))
    store.refresh()
    assert store.view.n_products == 13
    assert warnings(caplog) == said, "said once, not at every write"
    number = store.build_generation()
    assert number is not None and store.view.generation == number
    assert open_store().view.generation == number, "the next generation heals it"
    assert warnings(caplog) == said


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_older_generation_answers_for_a_damaged_one(
    damage: Callable[[Path], None], built: Store, path: Path, open_store: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = found(built), nearest(built)
    assert built.build_generation() == 2
    built.close()
    older = path / "generations" / "000001"
    kept = path.parent / "kept"
    shutil.copytree(older, kept)
    damage(path / "generations" / "000002")
    if not older.exists():  # all are gone with it
        older.parent.mkdir()
        shutil.copytree(kept, older)
    store = open_store()
    assert store.view.generation == 1 and store.view.n_products == 12
    assert (found(store), nearest(store)) == wanted
    assert len(warnings(caplog)) == (damage not in SILENT)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense\n", b"\xff\xfe\0", b"../../etc", b"-1", b"999999\n", b"000001\n000002\n", None]
)
def test_a_pointer_that_names_nothing_or_is_missing_is_ignored_and_the_newest_generation_answers(
    content: bytes | None, built: Store, path: Path, open_store: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = found(built)
    assert built.build_generation() == 2
    if content is None:
        (path / "current").unlink()
    else:
        (path / "current").write_bytes(content)
    store = open_store()
    assert found(store) == wanted and store.view.generation == 2
    assert warnings(caplog) == []
    assert store.build_generation() == 3
    assert (path / "current").read_text() == "000003\n"
    assert open_store().view.generation == 3


def test_the_pointer_is_preferred_to_a_newer_generation(built: Store, path: Path, open_store: Opens) -> None:
    built.build_generation()
    (path / "current").write_text("000001\n")
    store = open_store()
    assert store.view.generation == 1 and store.view.n_products == 12


def test_a_generation_of_another_store_is_not_read(
    built: Store, path: Path, open_store: Opens, lamps: Lamps, caplog: pytest.LogCaptureFixture
) -> None:
    other = open_store(path=path.parent / "other")
    other.put(lamps(3, first=50))
    other.build_generation()
    shutil.rmtree(path / "generations" / "000001")
    shutil.copytree(other.folder.generations / "000001", path / "generations" / "000001")
    store = open_store()
    assert store.view.generation == 0 and "p50" not in found(store) and len(found(store)) == 12
    assert warnings(caplog) == []


def test_another_stores_generation_is_picked_up_and_the_writes_since_are_kept(
    built: Store, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    other = open_store()
    assert built.view.generation == 1
    other.put(lamps(1, first=20))
    assert other.build_generation() == 2
    eventually(lambda: built.view.generation == 2)
    other.put(lamps(1, first=21))
    other.remove(["p0"])
    eventually(lambda: "p0" not in found(built))
    assert built.view.generation == 2
    assert {"p20", "p21"} < set(found(built))


def test_while_one_builds_another_builder_returns_none_at_once(built: Store, open_store: Opens) -> None:
    other = open_store()
    with built.folder.building() as scratch:
        assert scratch is not None and scratch.is_dir()
        assert other.build_generation() is None
    assert not scratch.exists()
    assert other.build_generation() == 2


def test_of_builders_in_several_threads_those_that_get_the_lock_number_their_generations_apart(
    built: Store, open_store: Opens
) -> None:
    stores = [built, *(open_store() for _ in range(3))]
    numbers: list[int | None] = []
    threads = [
        threading.Thread(target=lambda store=store: numbers.append(store.build_generation())) for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = [number for number in numbers if number is not None]
    assert len(numbers) == 4 and got and sorted(got) == list(range(2, 2 + len(got)))


def test_what_is_older_than_three_generations_is_removed_by_maintenance_and_not_by_building(
    built: Store, path: Path
) -> None:
    for _ in range(4):
        built.build_generation()
    assert built.folder.numbers() == [1, 2, 3, 4, 5]
    built.follow()  # says what it searches now
    assert maintenance.remove_generations(built) == 2
    assert built.folder.numbers() == [3, 4, 5]
    assert sorted(each.name for each in (path / "generations").iterdir()) == ["000003", "000004", "000005"]


def test_a_generation_that_another_process_searches_is_not_removed(built: Store, path: Path, children: Any) -> None:
    reader = children.start("search", path, follow=False)
    reader.says("generation 1")
    for _ in range(4):
        built.build_generation()
    built.follow()
    maintenance.remove_generations(built)
    assert built.folder.numbers() == [1, 3, 4, 5]
    reader.kill()
    maintenance.remove_generations(built)
    assert built.folder.numbers() == [3, 4, 5], "who is dead searches nothing"


def test_the_generation_that_the_pointer_names_is_not_removed(built: Store, path: Path, open_store: Opens) -> None:
    for _ in range(4):
        built.build_generation()
    built.close()
    (path / "current").write_text("000001\n")
    store = open_store()
    maintenance.remove_generations(store)
    assert store.folder.numbers() == [1, 3, 4, 5]


def test_a_reader_that_holds_an_old_generation_goes_on_when_its_folder_is_removed(
    still: None, built: Store, open_store: Opens, path: Path
) -> None:
    reader = open_store()
    old, wanted = reader.view, (found(reader), nearest(reader))
    for _ in range(4):
        built.build_generation()
    shutil.rmtree(path / "generations" / "000001")
    assert reader.view is old and old.generation == 1
    assert (found(reader), nearest(reader)) == wanted
    mask = np.ones(old.n_rows, bool)
    assert len(old.by_words(["lamp"], 100, mask, "en").rows) == 12
    reader.follow()
    assert reader.view.generation == 5 and found(reader) == wanted[0]


def test_a_tail_that_has_grown_too_large_becomes_a_generation(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(20))
    store.settle()
    assert store.folder.numbers() == [] and store.view.n_products == 20
    store.settle(tail_at_least=19)
    assert store.view.generation == 1 and store.view.n_products == 20
    store.put(lamps(5, first=20))
    store.settle(tail_at_least=5)
    assert store.folder.numbers() == [1], "a tail of five is left alone"
    store.settle(tail_at_least=4)
    assert store.folder.numbers() == [1, 2]


def test_a_generation_that_cannot_be_written_is_warned_of_and_the_write_stands(
    open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store()
    store.put(lamps(20))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    store.settle(tail_at_least=10)
    assert "No space left on device" in caplog.text
    assert len(found(store)) == 20
    assert list(store.folder.generations.iterdir()) == []


def test_a_thread_that_searches_does_not_wait_while_another_builds(
    built: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    building, go_on = threading.Event(), threading.Event()
    real = built.folder.finish.__func__

    def slow(*args: Any) -> int:
        building.set()
        assert go_on.wait(10)
        return int(real(*args))

    monkeypatch.setattr(type(built.folder), "finish", slow)
    builder = threading.Thread(target=built.settle, args=(0,))
    builder.start()
    assert building.wait(10)
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.append(len(found(built))))
    reader.start()
    reader.join(5)
    assert seen == [12], "answered while the builder stands still"
    go_on.set()
    builder.join()
    assert built.view.generation == 2


def test_a_thread_that_searches_never_sees_a_generation_without_its_tail(
    still: None, built: Store, open_store: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_store()
    open_store().put([Product("extra", "Lamp model 99")])
    built.build_generation()
    seen: list[int] = []
    real = store_module.changes_since

    def looked_at(*args: Any) -> Any:
        seen.append(reader.view.n_products)
        return real(*args)

    built.put([Product("more", "Lamp model 100")])
    monkeypatch.setattr(store_module, "changes_since", looked_at)
    reader.refresh()
    assert seen == [12], "what a thread beside saw while this one read the changes"
    assert reader.view.n_products == 14 and reader.view.generation == 2


def test_a_manifest_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "000007"
    folder.mkdir()
    with pytest.raises(StoreError) as error:
        read_manifest(folder)
    assert str(error.value) == "generation 000007: its manifest cannot be read (FileNotFoundError)"
