"""`shelfwise dump`, `restore` and `upgrade`."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from shelfwise.index import Product, StoreError
from shelfwise.plugin import Shop

from ...index.store.old_formats import assert_format, make_format_1


def without_seconds(text: str) -> str:
    return re.sub(r"[0-9.]+ s\.", "N s.", text)


def answers(run, store: Path) -> list[object]:
    """What the store says to some queries, without the time that it takes."""
    said = [run("search", store, query, "--json").json for query in ("boot", "red winter boot", "hat", "")]
    return [[(hit["id"], hit["score"]) for hit in each["hits"]] for each in said]


def test_a_store_goes_through_an_archive_and_answers_the_same(run, store: Path, tmp_path: Path) -> None:
    said = run("dump", store, tmp_path / "shop.zip")
    assert (said.code, said.err) == (0, "")
    assert without_seconds(said.out) == (
        f"{tmp_path / 'shop.zip'}: 4 products, 4 vectors and 1 import in format 2; 0.0 MB in N s.\n"
    )
    said = run("restore", tmp_path / "shop.zip", tmp_path / "copy")
    assert (said.code, said.err) == (0, "")
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    assert re.fullmatch(
        re.escape(str(tmp_path / "copy"))
        + f": 4 products, 4 vectors and 1 import in format 2, as of {when}, in N s.\n",
        without_seconds(said.out),
    )
    assert answers(run, tmp_path / "copy") == answers(run, store)


def test_programs_are_told_the_same(run, store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "shop.zip"
    made = run("dump", store, archive, "--json").json
    assert made.pop("seconds") >= 0
    assert made == {
        "archive": str(archive),
        "format": 2,
        "change": 1,
        "products": 4,
        "vectors": 4,
        "imports": 1,
        "size": archive.stat().st_size,
    }
    restored = run("restore", archive, tmp_path / "copy", "--json").json
    assert restored.pop("seconds") >= 0 and restored.pop("made")
    assert restored == {
        "store": str(tmp_path / "copy"),
        "format": 2,
        "change": 1,
        "products": 4,
        "vectors": 4,
        "imports": 1,
    }
    assert run("upgrade", store, "--json").json["kept"] is None


def test_a_file_is_replaced_only_by_force(run, store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "shop.zip"
    archive.write_text("mine")
    said = run("dump", store, archive)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"Error: dump {archive}: there is such a file already; choose another name, or have it replaced (overwrite, "
        "--force)\n"
    )
    assert archive.read_text() == "mine"
    assert run("dump", store, archive, "--force").code == 0
    assert run("restore", archive, tmp_path / "copy").code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("dump", "none", "x.zip"), "store none: there is none; make one with `shelfwise import none FEED`, or check"),
        (
            ("upgrade", "none"),
            "store none: there is none; make one with `shelfwise import none FEED`, or check the path",
        ),
        (("restore", "none.zip", "new"), "archive none.zip: it cannot be read ('No such file or directory'); check"),
        (("restore", "text.zip", "new"), "archive text.zip: wanted a dump of a store, got something else or a damaged"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_leaves_nothing(
    arguments: tuple[str, ...], error: str, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.zip").write_text("hello")
    said = run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"Error: {error}")
    assert run(*arguments, "--json").json["error"]["type"] in ("StoreError", "StoreMissing")
    assert [each.name for each in tmp_path.iterdir()] == ["text.zip"]


def test_a_store_is_upgraded_and_a_copy_is_kept(run, tmp_path: Path) -> None:
    store = tmp_path / "store"
    make_format_1(store, [Product("b1", "Red boot", price=5), Product("h1", "Wool hat", price=3)])
    before = answers(run, store)
    said = run("upgrade", store)
    assert (said.code, said.err) == (0, "")
    (kept,) = (store / "kept").iterdir()
    assert without_seconds(said.out) == f"Format 1 became 2 in N s. As it was: {kept}\n"
    assert_format(store, 2)
    assert answers(run, store) == before
    assert run("upgrade", store).out == "It has format 2 already, so nothing was changed.\n"
    assert run("restore", kept, tmp_path / "back").code == 0
    with closing(sqlite3.connect(tmp_path / "back" / "shelfwise.db")) as connection:
        assert connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone() == ("1",)


def test_a_shop_dumps_itself_while_it_is_open(tmp_path: Path, run) -> None:
    with Shop.open(tmp_path / "store", encoder="hashing") as shop:
        shop.upsert(Product("b1", "Red boot", price=5))
        made = shop.dump(tmp_path / "shop.zip")
        assert (made.products, made.change) == (1, 1)
        with pytest.raises(StoreError):
            shop.dump(tmp_path / "shop.zip")
        shop.upsert(Product("h1", "Wool hat", price=3))
        assert shop.dump(tmp_path / "shop.zip", overwrite=True).products == 2
    assert run("restore", tmp_path / "shop.zip", tmp_path / "copy", "--json").json["products"] == 2
