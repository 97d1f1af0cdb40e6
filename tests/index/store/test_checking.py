"""A check finds what is wrong, says what to do, and is silent about a healthy store, also while others write."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import (
    ImportOptions,
    Problem,
    Product,
    Store,
    check_store,
    import_products,
    maintain,
    publish,
    repair_store,
    undo_import,
    update_offers,
)
from shelfwise.index.store import imports, rows, schema
from sqlalchemy import delete, insert, select, update

from .old_formats import make_format_1

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]

RESTORE = "restore a dump (`shelfwise restore`)"
AGAIN = f"delete them and import them again, or {RESTORE}"
REPAIR = "`shelfwise check --repair`"


def said(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def sql(store: Store, *statements: Any) -> None:
    """Changes the tables behind everybody's back."""
    with store.database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def of(table: Any, key: str) -> Any:
    column = table.c.id if table is schema.products else table.c.product_id
    return update(table).where(column == key)


def settle(store: Store) -> None:
    """What changed in the tables without a number is in no cache, so that only the tables are wrong."""
    store.build_generation()


@pytest.fixture
def store(open_store: Opens, lamps: Lamps) -> Store:
    """Thirty lamps in a generation, and a tail: changed, new, deleted and waiting products, and offers over it."""
    store = open_store(maintain=False)
    shirt = Product("shirt", {"en": "Shirt", "de": "Hemd"}, variants=[{"id": "s", "price": 5}, {"id": "m", "price": 6}])
    store.put([*lamps(30), shirt])
    assert store.build_generation() == 1
    store.put([*lamps(1, first=30), Product("p1", "Sconce", price=3), Product("bare", "Without a price")])
    store.put([Product("late", "Vase", price=9)], wait=False)
    store.remove(["p2", "p30"])
    update_offers(
        store, [{"id": "p3", "price": 99}, {"id": "shirt", "variant": "m", "stock": 0}, {"id": "p1", "stock": 1}]
    )
    store.refresh()
    return store


# ---- healthy stores ----------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_healthy_store_has_no_problem(store: Store, open_store: Opens) -> None:
    assert check_store(store) == []
    publish(store, "hashing-32")
    assert check_store(store) == []
    assert check_store(open_store(maintain=False)) == []


@pytest.mark.both_databases
def test_a_new_store_has_no_problem(open_store: Opens) -> None:
    assert check_store(open_store(maintain=False)) == []


def test_a_store_of_format_1_has_no_problem(path: Path, open_store: Opens, lamps: Lamps) -> None:
    make_format_1(path, lamps(5), deleted=["old"])
    store = open_store(maintain=False)
    import_products(store, lamps(2, price=77), ImportOptions())
    sql(store, update(schema.imports).values(finished="2025-01-01T10:00:01+00:00"))
    assert check_store(store) == []
    store.build_generation()
    update_offers(store, [{"id": "p1", "price": 5}])
    assert check_store(store) == []


def test_texts_that_the_encoder_cannot_read_are_no_problem(open_store: Opens, fake_encoder: Any, lamps: Lamps) -> None:
    store = open_store(fake_encoder(foreign="羊"), maintain=False)
    store.put([*lamps(2), Product("hat", "羊毛帽子")])
    assert check_store(store) == []


@pytest.mark.both_databases
def test_a_store_that_others_write_to_has_no_problem(
    place: Any, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store()
    store.put(lamps(300))
    store.build_generation()
    writers = [
        children.start("write", place, build=True),
        children.start("call", place, file=__file__, name="child_sells"),
    ]
    for writer in writers:
        writer.acknowledges(3)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert said(check_store(store)) == []
    for writer in writers:
        assert writer.alive and not [line for line in writer.lines if line.startswith("failed")]


def child_sells(order: dict[str, Any], says: Any) -> None:
    """Changes prices, and texts without waiting for their vectors, for ever."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing")
    number = 0
    while True:
        number += 1
        update_offers(store, [{"id": f"p{at}", "price": number, "stock": number % 5} for at in range(number % 300)])
        store.put([Product(f"p{number % 300}", f"Lamp of round {number}", price=number)], wait=False)
        says(number)


# ---- the tables --------------------------------------------------------------------------------------------------


def vector_of(numbers: Any) -> bytes:
    return np.asarray(numbers, "<f2").tobytes()


UNIT = np.eye(64)[0]
ROWS: list[tuple[list[Any], str]] = [
    ([of(schema.products, "p4").values(document="{")], "1 products ('p4'): their documents cannot be read"),
    (
        [of(schema.products, f"p{at}").values(hash="0" * 32) for at in range(4, 11)],
        "7 products ('p10', 'p4', 'p5', 'p6', 'p7', …): their documents are not those that were written, for their "
        "hashes differ",
    ),
    (
        [of(schema.offers, "shirt").values(document='{"xl":[{"price":"5","currency":"USD"}]}')],
        "1 products ('shirt'): their offers are missing, or are not those of the product's variants",
    ),
    (
        [delete(schema.offers).where(schema.offers.c.product_id == "p4")],
        "1 products ('p4'): their offers are missing, or are not those of the product's variants",
    ),
    (
        [insert(schema.offers).values(product_id=key, change=1, document="{}") for key in ("p2", "stranger")],
        "2 products ('p2', 'stranger'): their offers are there though the product is not",
    ),
    (
        [of(schema.offers, "p4").values(change=9_999)],
        "1 products ('p4'): their changes are later than the store's last one",
    ),
]


@pytest.mark.both_databases
@pytest.mark.parametrize(("statements", "sentence"), ROWS, ids=[sentence[-30:] for _, sentence in ROWS])
def test_a_wrong_row_is_found(store: Store, statements: list[Any], sentence: str) -> None:
    sql(store, *statements)
    settle(store)
    problems = [problem for problem in check_store(store) if problem.kind == "database"]
    assert said(problems) == [f"{sentence}; {AGAIN}"]


@pytest.mark.both_databases
@pytest.mark.parametrize("fact", ["locale", "market", "store"])
def test_a_missing_fact_is_found(store: Store, fact: str) -> None:
    sql(store, delete(schema.facts).where(schema.facts.c.name == fact))
    problems = [problem for problem in check_store(store) if problem.kind == "database"]
    assert said(problems) == [f"the store does not know its {fact}; {RESTORE}"]


@pytest.mark.both_databases
def test_vectors_of_nobody_are_found(store: Store) -> None:
    sql(store, delete(schema.facts).where(schema.facts.c.name == "encoder_hash"))
    problems = [problem for problem in check_store(store) if problem.kind == "database"]
    assert said(problems) == [f"there are vectors, and the store does not know of which encoder; {RESTORE}"]


@pytest.mark.both_databases
def test_a_product_that_waits_and_is_gone_is_found_and_maintenance_forgets_it(store: Store) -> None:
    sql(store, insert(schema.waiting).values(product_id="p2", change=3))
    assert said(check_store(store)) == ["1 products wait to be encoded, and are not there; run `shelfwise maintain`"]
    maintain(store)
    assert check_store(store) == []


def test_a_damaged_database_is_a_problem_and_no_traceback(store: Store, path: Path, open_store: Opens) -> None:
    store.put([Product(f"n{at}", f"Vase {at}", description="A long text. " * 50) for at in range(300)])
    store.build_generation()
    store.close()
    file = path / "shelfwise.db"
    whole = bytearray(file.read_bytes())
    for page in range(0, len(whole), 4_096):
        if b"A long text" in whole[page : page + 4_096]:
            whole[page + 2_048 : page + 4_096] = b"\xff" * 2_048
    file.write_bytes(whole)
    problems = check_store(open_store(maintain=False))
    assert problems and {problem.kind for problem in problems} == {"database"}
    assert all("restore a dump (`shelfwise restore`)" in problem.do for problem in problems)


# ---- vectors -----------------------------------------------------------------------------------------------------


def of_one_vector(store: Store, key: str) -> Any:
    """The update of the vector of a product's text."""
    ((text, _),) = rows.texts_of(store.products([key])[key]).values()
    return update(schema.vectors).where(schema.vectors.c.text_hash == text.hash)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "vector",
    [UNIT[:63], 2 * UNIT, 0 * UNIT, np.full(64, np.nan), np.full(64, np.inf), np.append(UNIT, 0)],
    ids=["short", "length 2", "length 0", "nan", "inf", "long"],
)
def test_a_damaged_vector_is_found_deleted_and_made_again(store: Store, vector: Any) -> None:
    sql(store, of_one_vector(store, "p4").values(vector=vector_of(vector)))
    problems = check_store(store)
    assert said(problems)[0] == (
        "1 vectors are damaged: not as long as their encoder's, not finite, or not of length 1; "
        f"{REPAIR} deletes them, and their texts are encoded again"
    )
    assert repair_store(store, problems)[:2] == [
        "1 damaged vectors were deleted.",
        "1 products with texts without a vector were handed to the maintainer.",
    ]
    assert said(check_store(store)) == []
    view = store.view
    assert view.nearest(store.encoder.encode_queries(["Lamp model 4 with shade"]), 1, np.ones(view.n_rows, bool), "en")


def without_vector(store: Store, *keys: str) -> None:
    for key in keys:
        for text, _ in rows.texts_of(store.products([key])[key]).values():
            sql(store, delete(schema.vectors).where(schema.vectors.c.text_hash == text.hash))
    settle(store)


@pytest.mark.both_databases
def test_a_text_without_a_vector_is_found_and_encoded(store: Store) -> None:
    without_vector(store, "p4", "shirt")
    problems = check_store(store)
    assert said(problems) == [
        f"2 products have a text without a vector, and do not wait for it ('p4', 'shirt'); {REPAIR} has them encoded"
    ]
    assert [problem.kind for problem in problems] == ["vectors"]
    repair_store(store, problems)
    assert said(check_store(store)) == []
    assert store.view.vector_of(store.view.row_of("shirt"), "de") is not None


def test_the_encoder_is_not_loaded_where_that_is_not_wanted_or_not_needed(
    store: Store, open_store: Opens, fake_encoder: Any
) -> None:
    def check(**options: Any) -> list[str]:
        other = open_store(fake_encoder(hash="hashing-1", spoil=lambda _: None), maintain=False)
        found = said(check_store(other, **options))
        assert not other.encoders.any_loaded
        return found

    assert check() == []
    without_vector(store, "p4")
    assert check(ask_encoder=False) == [
        "1 products have a text without a vector ('p4'); not checked whether it can have one: the encoder was not "
        "asked; check again where the encoder can be loaded"
    ]


def test_an_encoder_that_cannot_be_loaded_is_said(store: Store, open_store: Opens, fake_encoder: Any) -> None:
    without_vector(store, "p4")
    other = open_store(fake_encoder("else", hash="other"), maintain=False)
    (sentence,) = said(check_store(other))
    assert sentence.startswith(
        "1 products have a text without a vector ('p4'); not checked whether it can have one: the encoder could not be "
        "asked (store "
    )
    assert "its vectors are from hashing (dimension 64" in sentence


def test_products_that_were_never_encoded_and_do_not_wait_are_found_and_encoded(
    open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(3), wait=False)
    sql(store, delete(schema.waiting))
    problems = check_store(store)
    assert said(problems) == [
        f"3 products were never encoded, and do not wait for it ('p0', 'p1', 'p2'); {REPAIR} has them encoded"
    ]
    repair_store(store, problems)
    assert said(check_store(store)) == [] and store.view.encoder == "hashing-1"


def test_in_a_store_of_format_1_an_upgrade_comes_first(path: Path, open_store: Opens, lamps: Lamps) -> None:
    make_format_1(path, lamps(5))
    store = open_store(maintain=False)
    sql(store, delete(schema.vectors), update(schema.imports).values(finished="2025-01-01T10:00:01+00:00"))
    problems = check_store(store)
    assert [problem.kind for problem in problems] == ["vectors"]
    assert repair_store(store, problems) == [
        "Texts without a vector are encoded again once the store is upgraded (`shelfwise upgrade`)."
    ]


# ---- generations and the pointer ---------------------------------------------------------------------------------


def damaged(path: Path, name: str) -> None:
    file = path / "generations" / "000001" / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))


def damage_a_bit(path: Path) -> str:
    damaged(path, "keys.npy")
    return "generation 000001: the file keys.npy is damaged"


def damage_manifest(path: Path) -> str:
    (path / "generations" / "000001" / "manifest.json").write_text("{")
    return "generation 000001: its manifest cannot be read (JSONDecodeError)"


def damage_missing_file(path: Path) -> str:
    (path / "generations" / "000001" / "columns" / "offers.npy").unlink()
    return "generation 000001: the file columns/offers.npy is missing or of another size"


def damage_owner(path: Path) -> str:
    manifest = path / "generations" / "000001" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"store": "another"}))
    return "generation 000001: it is of another store"


def damage_place(path: Path) -> str:
    shutil.rmtree(path / "generations" / "000001")
    (path / "generations" / "000001").write_text("")
    return "generation 000001: its manifest cannot be read (NotADirectoryError)"


DAMAGES = [damage_a_bit, damage_manifest, damage_missing_file, damage_owner, damage_place]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_generation_is_found_and_repaired_for_every_process(
    damage: Callable[[Path], str], store: Store, path: Path, open_store: Opens, children: Any
) -> None:
    other = children.start("search", path)
    other.says("generation 1")
    sentence = damage(path)
    problems = check_store(store)
    assert said(problems) == [f"{sentence}; delete generations/000001, it is built again; {REPAIR} does both"]
    assert problems[0].path == path / "generations" / "000001"
    assert repair_store(store, problems) == ["Generation 2 was built and is searched now. 1 damaged ones were deleted."]
    assert said(check_store(store)) == []
    assert store.folder.numbers() == [2] and store.view.generation == 2
    other.says("generation 2 products 32")


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"000009\n", b"-1\n", b"\xff\n"])
def test_a_pointer_that_names_no_generation_is_found_and_set_right(store: Store, path: Path, content: bytes) -> None:
    (path / "current").write_bytes(content)
    problems = check_store(store)
    assert said(problems) == [
        f"the pointer current names no generation that there is; delete current, it is built again; {REPAIR} does both"
    ]
    repair_store(store, problems)
    assert said(check_store(store)) == [] and store.folder.pointed() == 2


def test_a_store_without_generations_or_pointer_has_no_problem(store: Store, path: Path) -> None:
    (path / "current").unlink()
    assert check_store(store) == []
    shutil.rmtree(path / "generations")
    assert check_store(store) == []


def test_a_generation_of_another_version_is_left_to_it(store: Store, path: Path) -> None:
    manifest = path / "generations" / "000001" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
    assert check_store(store) == []


def document(store: Store, key: str, **fields: Any) -> Any:
    """An update that changes a product's document, with the right hash and without a new change."""
    with store.database.read() as connection:
        products = schema.products
        text = connection.execute(select(products.c.document).where(products.c.id == key)).scalar_one()
    new = rows.to_json({**json.loads(text), **fields})
    return of(schema.products, key).values(document=new, hash=rows.document_hash(new, "{}"))


def deleted(store: Store) -> tuple[list[Any], str]:
    gone = of(schema.products, "p4").values(document=None, hash="")
    return [gone, delete(schema.offers).where(schema.offers.c.product_id == "p4")], "1 products were deleted ('p4')"


def missing(store: Store) -> tuple[list[Any], str]:
    one = store.products(["p4"])["p4"]
    row = rows.to_row(one)
    values = {"id": "p4x", "change": 1, "document": row.document.replace('"p4"', '"p4x"')}
    made = insert(schema.products).values(**values, hash=rows.document_hash(values["document"], "{}"))
    offers = insert(schema.offers).values(product_id="p4x", change=1, document=row.offers.replace('"p4"', '"p4x"'))
    return [made, offers], "1 products are missing ('p4x')"


def priced(store: Store) -> tuple[list[Any], str]:
    new = '{"s":[{"price":"5","currency":"USD"}],"m":[{"price":"7","currency":"USD","stock":0}]}'
    # Its offers changed since the generation was built: that one knows nothing of them.
    return [of(schema.offers, "shirt").values(document=new)], "1 products have other prices or stock ('shirt')"


def unknown(store: Store) -> tuple[list[Any], str]:
    gone = [delete(schema.products).where(schema.products.c.id == "p4")]
    return [*gone, delete(schema.offers).where(schema.offers.c.product_id == "p4")], "1 products more than there are"


def other_variants(store: Store) -> tuple[list[Any], str]:
    changed = document(store, "p4", variants=[{"id": "p4"}, {"id": "p4b"}])
    return [changed], "1 products have another number of variants ('p4')"


@pytest.mark.parametrize("change", [deleted, missing, priced, unknown, other_variants])
def test_what_this_process_would_answer_wrongly_is_found_and_repaired(
    store: Store, change: Callable[[Store], tuple[list[Any], str]]
) -> None:
    statements, sentence = change(store)
    sql(store, *statements)
    problems = check_store(store)
    assert said([each for each in problems if "this process" in each.what]) == [
        f"this process would answer wrongly: {sentence}; {REPAIR}, and start the processes anew that were open before"
    ]
    repair_store(store, problems)
    assert said(check_store(store)) == []


@pytest.mark.parametrize("change", [deleted, missing, unknown, other_variants])
def test_a_generation_that_is_not_the_truth_of_its_change_is_found(
    store: Store, change: Callable[[Store], tuple[list[Any], str]]
) -> None:
    statements, sentence = change(store)
    sql(store, *statements)
    assert f"generation 000001: {sentence}" in [problem.what for problem in check_store(store)]


def test_prices_in_a_generation_are_compared_where_they_did_not_change_since(store: Store) -> None:
    sql(store, of(schema.offers, "p4").values(document='{"p4":[{"price":"11","currency":"USD","stock":3}]}'))
    assert "generation 000001: 1 products have other prices or stock ('p4')" in [
        problem.what for problem in check_store(store)
    ]


def test_words_in_a_generation_are_those_of_the_documents(store: Store) -> None:
    sql(store, document(store, "p4", tags=["floodlight"], brand="Ostra"))
    assert "generation 000001: words or vectors are other than the documents' ('p4')" in [
        problem.what for problem in check_store(store)
    ]


def test_vectors_in_a_generation_are_those_of_the_table(store: Store) -> None:
    sql(store, of_one_vector(store, "p4").values(vector=vector_of(UNIT)))
    (problem,) = check_store(store)
    assert problem.what == "generation 000001: words or vectors are other than the documents' ('p4')"


# ---- leftovers ---------------------------------------------------------------------------------------------------


def leave(path: Path) -> list[str]:
    """What processes leave that are killed at the worst moments."""
    for folder in ("building-77", "building-removed-000001"):
        (path / "generations" / folder / "words").mkdir(parents=True)
    files = ["current.new", "processes/77-ab.json", ".0123abcd.shelfwise-dump", "processes/77-cd.new"]
    for name in files:
        (path / name).write_text("{}")
    return ["generations/building-77", "generations/building-removed-000001", *files]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
def test_what_killed_processes_left_is_found_and_removed(store: Store, path: Path) -> None:
    names = leave(path)
    problems = check_store(store)
    assert said(problems) == [f"{name} was left by a killed process; run `shelfwise maintain`" for name in names]
    assert [problem.path for problem in problems] == [path / name for name in names]
    assert repair_store(store, problems) == ["6 files and folders of killed processes were removed."]
    assert check_store(store) == [] and not any((path / name).exists() for name in names)


def test_what_live_processes_use_is_no_leftover(
    store: Store, path: Path, children: Any, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    children.start("search", path).says("generation")
    with store.folder.building() as scratch, store.folder.pointing(wait=True):
        assert scratch is not None
        store.folder.new_pointer.write_text("000001\n")
        assert check_store(store) == []
        assert scratch.exists() and store.folder.new_pointer.exists()
    store.folder.new_pointer.unlink()
    assert len(list(store.folder.processes.iterdir())) >= 1


# ---- imports -----------------------------------------------------------------------------------------------------


def interrupted(store: Store, source: str = "feed.csv") -> int:
    """An import of another process, which was killed."""
    number = imports.begin(store, source, "merge")
    imports._running.clear()
    return number


def unfinished(store: Store) -> list[str]:
    return [problem.what.partition(", 2")[0] for problem in check_store(store) if problem.kind == "import"]


def test_an_import_that_never_finished_is_found_until_it_is_run_again_or_undone(store: Store, tmp_path: Path) -> None:
    first, second = interrupted(store), interrupted(store, "")
    problems = check_store(store)
    assert [problem.do for problem in problems] == [
        f"run it again, or `shelfwise undo STORE {number}`; what it wrote is whole batches"
        for number in (second, first)
    ]
    assert unfinished(store) == [f"import {second} (merge, from Python", f"import {first} (merge, feed.csv"]
    import_products(store, [Product("p0", "Other")], ImportOptions())
    assert unfinished(store) == [f"import {first} (merge, feed.csv"], "another one from Python came after it"
    undo_import(store, first)
    assert check_store(store) == []


def test_an_import_that_runs_here_or_may_run_in_another_process_is_no_problem(
    store: Store, path: Path, children: Any
) -> None:
    imports.begin(store, "feed.csv", "merge")
    assert unfinished(store) == []
    imports._running.clear()
    other = children.start("search", path)
    other.says("generation")
    assert unfinished(store) == []
    other.kill()
    assert len(unfinished(store)) == 1


def test_a_problem_is_plain_json(store: Store, path: Path) -> None:
    leave(path)
    plain = json.loads(json.dumps([problem.to_dict() for problem in check_store(store)]))
    assert plain[0] == {
        "kind": "leftover",
        "what": "generations/building-77 was left by a killed process",
        "do": "run `shelfwise maintain`",
        "path": str(path / "generations" / "building-77"),
    }
