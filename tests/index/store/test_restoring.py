"""Archives from anywhere: what is damaged, foreign, newer or meant to harm is a sentence, and leaves no store."""

from __future__ import annotations

import json
import random
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_LZMA, ZipFile, ZipInfo

import pytest
from shelfwise.index import (
    ImportOptions,
    Product,
    Store,
    StoreError,
    StoreMissing,
    dump_store,
    import_products,
    restore_store,
)
from shelfwise.index.store import archive, schema

from .contents import comparable, everything, forge, members, reseal

Opens = Callable[..., Store]
Parts = dict[str, bytes]


@pytest.fixture
def dump(open_store: Opens, tmp_path: Path) -> Path:
    """The dump of a small store."""
    store = open_store(maintain=False)
    products = [Product("p1", "Lamp", price=5), Product("p2", {"en": "Hat", "zh-CN": "帽子"}, price=3)]
    import_products(store, products, ImportOptions())
    dump_store(store, tmp_path / "dump.zip")
    store.close()
    return tmp_path / "dump.zip"


def refused(path: Path, tmp_path: Path) -> str:
    """What is said of an archive that cannot be restored, without its path; no store is there afterwards."""
    with pytest.raises(StoreError) as error:
        restore_store(path, tmp_path / "new")
    with pytest.raises(StoreMissing):
        Store.open(tmp_path / "new", create=False)
    said = str(error.value)
    assert str(path) in said
    return said.replace(str(path), "X")


# ---- damage ------------------------------------------------------------------------------------------------------

DAMAGED = (
    "archive X: wanted a dump of a store, got something else or a damaged one (its seal does not fit); "
    "take another copy"
)


def test_a_flipped_bit_anywhere_is_found(dump: Path, tmp_path: Path) -> None:
    whole = dump.read_bytes()
    chance = random.Random(1)
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << chance.randrange(8)
        dump.write_bytes(damaged)
        with pytest.raises(StoreError) as error:
            restore_store(dump, tmp_path / "new")
        assert str(error.value).replace(str(dump), "X") == DAMAGED
    assert not (tmp_path / "new").exists()


def test_an_archive_that_was_cut_off_or_added_to_is_found(dump: Path, tmp_path: Path) -> None:
    whole = dump.read_bytes()
    for end in [*range(0, 300), *range(300, len(whole), 41), *range(len(whole) - 120, len(whole))]:
        dump.write_bytes(whole[:end])
        with pytest.raises(StoreError) as error:
            restore_store(dump, tmp_path / "new")
        assert str(error.value).replace(str(dump), "X") == DAMAGED
    for more in (whole + b"\0", b"PK" + whole, whole + whole[-71:]):
        dump.write_bytes(more)
        assert refused(dump, tmp_path) == DAMAGED


def test_what_is_no_archive_at_all_is_said(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.zip", tmp_path) == (
        "archive X: it cannot be read ('No such file or directory'); check the path"
    )
    assert refused(tmp_path, tmp_path) == "archive X: it cannot be read ('Is a directory'); check the path"
    (tmp_path / "text.zip").write_text("not a zip")
    assert refused(tmp_path / "text.zip", tmp_path) == DAMAGED
    with ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("readme.txt", "hello")
    assert refused(tmp_path / "other.zip", tmp_path) == DAMAGED
    assert "(File is not a zip file)" in refused(_sealed(tmp_path / "no.zip", b"something else"), tmp_path)


def _sealed(path: Path, content: bytes) -> Path:
    path.write_bytes(content + b"sha256:" + b"0" * 64)
    reseal(path)
    return path


@pytest.mark.parametrize("seed", range(40))
def test_damage_under_a_seal_that_fits_is_said_or_does_no_harm(
    seed: int, dump: Path, tmp_path: Path, open_store: Opens
) -> None:
    chance = random.Random(seed)
    before = comparable(dump)
    damaged = bytearray(dump.read_bytes())
    damaged[chance.randrange(len(damaged) - 71)] ^= 1 << chance.randrange(8)
    dump.write_bytes(damaged)
    reseal(dump)
    try:
        restore_store(dump, tmp_path / "new")
    except StoreError:
        with pytest.raises(StoreMissing):
            Store.open(tmp_path / "new", create=False)
    else:  # a time or a flag that nobody reads
        dump_store(tmp_path / "new", tmp_path / "again.zip")
        assert comparable(tmp_path / "again.zip") == before


# ---- newer versions ----------------------------------------------------------------------------------------------


def about_of(parts: Parts, **changes: Any) -> Parts:
    """The members with other values in dump.json."""
    about = {**json.loads(parts["dump.json"]), **changes}
    return {**parts, "dump.json": json.dumps(about).encode()}


def facts_of(parts: Parts, **changes: str | None) -> Parts:
    """The members with other facts."""
    facts = {**json.loads(parts["dump.json"])["facts"], **changes}
    return about_of(parts, facts={name: value for name, value in facts.items() if value is not None})


@pytest.fixture
def parts(dump: Path) -> Parts:
    """The members of the dump, without checksums."""
    found = members(dump)
    del found["checksums.json"]
    return found


def test_a_newer_archive_and_a_newer_store_are_said(parts: Parts, dump: Path, tmp_path: Path) -> None:
    forge(dump, {**about_of(parts, archive=3), "new.bin": b""})
    assert refused(dump, tmp_path) == (
        "archive X: it has archive format 3, this version reads up to 2; install a newer shelfwise"
    )
    newer = schema.FORMAT + 1
    forge(dump, {**facts_of(about_of(parts, format=newer), format=str(newer)), "new.jsonl": b""})
    assert refused(dump, tmp_path) == (
        f"store in X: it has format {newer}, this version reads up to {schema.FORMAT}; install a newer shelfwise"
    )


# ---- meant to harm -----------------------------------------------------------------------------------------------


def test_forged_archives_that_are_right_are_restored(parts: Parts, dump: Path, tmp_path: Path) -> None:
    before = comparable(dump)
    restore_store(forge(dump, parts), tmp_path / "new")
    dump_store(tmp_path / "new", tmp_path / "again.zip")
    assert comparable(tmp_path / "again.zip") == before


@pytest.mark.parametrize(
    "name", ["../../evil.txt", "/tmp/evil.txt", "products.jsonl/../evil", "C:\\evil", "vectors/9.f16"]
)
def test_members_that_no_dump_has_are_refused_and_written_nowhere(
    name: str, parts: Parts, dump: Path, tmp_path: Path
) -> None:
    forge(dump, {**parts, name: b"evil"})
    before = {each for each in tmp_path.rglob("*") if "evil" in each.name}
    assert refused(dump, tmp_path) == (
        f"archive X: wanted a dump of a store, got something else or a damaged one ({name!r} is no part of a dump); "
        "take another copy"
    )
    assert {each for each in tmp_path.rglob("*") if "evil" in each.name} == before == set()
    assert not (tmp_path / "new").exists()


def _link(parts: Parts) -> list[tuple[str | ZipInfo, bytes]]:
    link = ZipInfo("offers.jsonl")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return [(link if name == "offers.jsonl" else name, data) for name, data in parts.items()]


def _twice(parts: Parts) -> list[tuple[str | ZipInfo, bytes]]:
    return [*parts.items(), ("offers.jsonl", b"")]


def _lzma(parts: Parts) -> list[tuple[str | ZipInfo, bytes]]:
    packed = ZipInfo("offers.jsonl")
    packed.compress_type = ZIP_LZMA
    return [(packed if name == "offers.jsonl" else name, data) for name, data in parts.items()]


def _large_about(parts: Parts) -> Parts:
    return about_of(parts, more=" " * (1 << 20))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_link, "'offers.jsonl' is no plain part"),
        (_lzma, "'offers.jsonl' is no plain part"),
        (_twice, "'offers.jsonl' is there twice"),
        (_large_about, "dump.json is too large"),
        (lambda parts: {n: d for n, d in parts.items() if n != "history.jsonl"}, "history.jsonl is missing"),
        (lambda parts: {**parts, "checksums.json": b"{}"}, "checksums.json names other parts"),
        (lambda parts: {**parts, "dump.json": b"[" * 100_000}, "maximum recursion depth exceeded"),
        (lambda parts: {**parts, "dump.json": b"[]"}, "list indices must be integers"),
        (lambda parts: {**parts, "dump.json": b"\xff"}, "'utf-8' codec can't decode"),
        (lambda parts: about_of(parts, archive=float("inf")), "cannot convert float infinity"),
        (lambda parts: about_of(parts, counts={"products": 2}), "'offers'"),
        (lambda parts: about_of(parts, vectors=[{"encoder": "x", "width": 2, "count": 1}] * 99), "parts are missing"),
        (lambda parts: about_of(parts, vectors=[{"encoder": "x", "width": 1 << 40, "count": 1}]), "vector is too long"),
        (lambda parts: facts_of(parts, locale=None), "'locale'"),
        (lambda parts: facts_of(parts, locale="!"), "locale"),
        (lambda parts: facts_of(parts, currency="gold"), "currency"),
        (lambda parts: facts_of(parts, change="-1"), "a count is no count"),
        (lambda parts: facts_of(parts, format="x"), "invalid literal for int()"),
        (lambda parts: facts_of(parts, encoder_dimension="many"), "invalid literal for int()"),
        (lambda parts: facts_of(parts, previous='{"encoder": 5}'), "argument after ** must be a mapping"),
        (lambda parts: {**parts, "waiting.jsonl": b"\n"}, "waiting.jsonl is too large for its rows"),
        (lambda parts: {**parts, "vectors/0.f16": parts["vectors/0.f16"] * 2}, "vectors/0.f16 is too large"),
    ],
)
def test_parts_that_no_dump_has_are_refused_before_anything_is_made(
    change: Callable[[Parts], Any], why: str, parts: Parts, dump: Path, tmp_path: Path
) -> None:
    forge(dump, change(parts))
    said = refused(dump, tmp_path)
    assert said.startswith("archive X: wanted a dump of a store, got something else or a damaged one (")
    assert why in said and said.endswith("); take another copy")
    assert not (tmp_path / "new").exists()


def lines(name: str, change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Parts], Parts]:
    """Members with other rows in one of them."""

    def changed(parts: Parts) -> Parts:
        rows = [json.loads(line) for line in parts[name].splitlines()]
        made = change(rows)
        return {**parts, name: b"".join(json.dumps(row).encode() + b"\n" for row in (rows if made is None else made))}

    return changed


FOREIGN = "archive X: a row cannot be stored ({}); it was not made by `shelfwise dump`"
BROKEN = "archive X: its part {} is damaged ({}); take another copy"
COLUMNS, KIND = "a line of products.jsonl has other columns", "a {} of products.jsonl is of another kind"

FOREIGN_ROWS = {
    "no hash": (lambda rows: [{"id": "p1"}, rows[1]], COLUMNS),
    "one more": (lambda rows: [{**rows[0], "more": 1}, rows[1]], COLUMNS),
    "a list": (lambda rows: [[], rows[1]], COLUMNS),
    "no id": (lambda rows: rows[0].update(id=None), KIND.format("id")),
    "a long id": (lambda rows: rows[0].update(id="x" * 201), KIND.format("id")),
    "a list as a document": (lambda rows: rows[0].update(document=[]), KIND.format("document")),
    "true as a number": (lambda rows: rows[0].update(change=True), KIND.format("change")),
    "a large number": (lambda rows: rows[0].update(import_id=1 << 31), KIND.format("import_id")),
    "a late change": (lambda rows: rows[0].update(change=99), "products.jsonl has a change that the store has not"),
    "twice": (lambda rows: [rows[0], rows[0]], "UNIQUE constraint failed: products.id"),
}


@pytest.mark.parametrize("what", FOREIGN_ROWS)
def test_rows_that_no_store_has_are_refused_and_leave_no_store(
    what: str, parts: Parts, dump: Path, tmp_path: Path
) -> None:
    change, why = FOREIGN_ROWS[what]
    forge(dump, lines("products.jsonl", change)(parts))
    assert refused(dump, tmp_path) == FOREIGN.format(why)


@pytest.mark.parametrize(
    ("change", "part", "why"),
    [
        (lines("offers.jsonl", lambda rows: rows[:1]), "offers.jsonl", "a line has no end"),
        (lines("offers.jsonl", lambda rows: rows * 2), "offers.jsonl", "it holds more than dump.json says"),
        (lambda parts: {**parts, "offers.jsonl": parts["offers.jsonl"][:-1]}, "offers.jsonl", "a line has no end"),
        (lambda parts: {**parts, "vectors/0.f16": parts["vectors/0.f16"][:-1]}, "vectors/0.f16", "a vector is cut off"),
    ],
)
def test_parts_with_more_or_less_than_was_said_are_refused_and_leave_no_store(
    change: Callable[[Parts], Parts], part: str, why: str, parts: Parts, dump: Path, tmp_path: Path
) -> None:
    forge(dump, change(parts))
    assert refused(dump, tmp_path) == BROKEN.format(part, why)


def test_a_line_that_is_deeply_nested_is_refused(parts: Parts, dump: Path, tmp_path: Path) -> None:
    forge(dump, {**parts, "products.jsonl": b"[" * 100_000 + b"\n\n"})
    assert refused(dump, tmp_path) == FOREIGN.format(COLUMNS)


def test_a_text_that_no_database_can_hold_is_refused(parts: Parts, dump: Path, tmp_path: Path) -> None:
    forge(dump, {**parts, "imports.jsonl": parts["imports.jsonl"].replace(b'"merge"', b'"\\ud800"')})
    said = refused(dump, tmp_path)
    assert said.startswith("archive X: a row cannot be stored ('utf-8' codec can't encode character '\\ud800'")


def test_checksums_of_other_parts_are_found_and_leave_no_store(parts: Parts, dump: Path, tmp_path: Path) -> None:
    sums = members(dump)["checksums.json"]
    swapped = parts["imports.jsonl"].replace(b"merge", b"patch")
    forge(dump, {**parts, "imports.jsonl": swapped, "checksums.json": sums})
    assert refused(dump, tmp_path) == BROKEN.format("imports.jsonl", "its checksum is another")


def test_a_line_without_end_is_not_read_into_memory(parts: Parts, dump: Path, tmp_path: Path) -> None:
    # Some kilobytes that unpack to 64 MB.
    forge(dump, {**parts, "waiting.jsonl": b"", "products.jsonl": b" " * (archive.LINE_BYTES + 1) + b"\n"})
    assert refused(dump, tmp_path) == BROKEN.format("products.jsonl", "a line has no end")


def test_an_archive_that_the_disk_cannot_hold_is_refused(parts: Parts, dump: Path, tmp_path: Path) -> None:
    vast = 1 << 60
    group = json.loads(parts["dump.json"])["vectors"][0]
    forge(dump, about_of(parts, vectors=[{**group, "width": 1 << 20, "count": vast >> 20}]))
    content = dump.read_bytes()
    at = content.rindex(b"vectors/0.f16") - 46  # its entry in the central directory
    extra = struct.pack("<HHQ", 1, 8, vast)
    entry = bytearray(content[at : at + 46 + len("vectors/0.f16")])
    entry[24:28] = b"\xff" * 4  # the size stands in the ZIP64 field
    entry[30:32] = struct.pack("<H", len(extra))
    end = bytearray(content[content.rindex(b"PK\5\6") :])
    end[12:16] = struct.pack("<I", struct.unpack("<I", end[12:16])[0] + len(extra))
    rest = content[at + len(entry) : content.rindex(b"PK\5\6")]
    dump.write_bytes(content[:at] + bytes(entry) + extra + rest + bytes(end))
    reseal(dump)
    said = refused(dump, tmp_path)
    assert said.startswith("archive X: it unpacks to 1,152,921,504,607 MB, and the disk of ")
    assert said.endswith(" left; choose another disk")


# ---- where to ----------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_place_that_has_a_store_is_left_as_it_is(dump: Path, place: Any, open_store: Opens) -> None:
    store = open_store(maintain=False)  # where there is a folder, that of the dump's own store
    before = everything(store.database, own=True)
    with pytest.raises(StoreError) as error:
        restore_store(dump, place.location, **place.options)
    assert str(error.value) == (
        f"store {store.name}: wanted a place without a store, got one that has one; choose another"
    )
    assert everything(store.database, own=True) == before


def test_a_folder_with_something_else_is_left_as_it_is(dump: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "todo.txt").write_text("mine")
    with pytest.raises(StoreError) as error:
        restore_store(dump, notes)
    assert str(error.value) == (
        f"store {notes}: wanted an empty or new folder, or a store, got something else; choose another path"
    )
    assert [each.name for each in notes.iterdir()] == ["todo.txt"]


def test_of_two_restores_to_one_place_one_wins(dump: Path, path: Path, children: Any, open_store: Opens) -> None:
    copy = path.parent / "copy"
    both = [children.start("restore", copy, archive=dump) for _ in range(2)]
    for child in both:
        child.ends()
    said = sorted(line for child in both for line in child.lines[1:])
    assert said[0] == "end" and said[2] == "restored" and len(said) == 3
    assert "wanted a place without a store" in said[1]
    assert len(open_store(path=copy).ids()) == 2
