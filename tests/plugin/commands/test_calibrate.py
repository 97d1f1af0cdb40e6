"""`shelfwise calibrate`."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelfwise.plugin import Product, Shop

NAMES = [first + last for first in ("north", "south", "east", "west", "up", "down") for last in
         ("wood", "field", "gate", "hill", "ford", "brook", "mill", "ton", "bury", "side")]  # fmt: skip


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A store with sixty products."""
    with Shop.open(tmp_path / "many", encoder="hashing", durable=False) as shop:
        shop.upsert(Product(f"p{at}", f"{each} lamp") for at, each in enumerate(NAMES))
    return tmp_path / "many"


def test_queries_of_a_file_end_the_lists_and_forget_undoes_it(run, many: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("\n".join(f"{each} lamp shade" for each in NAMES) + "\n\n")
    said = run("calibrate", many, tmp_path / "queries.txt")
    assert (said.code, said.out) == (
        0,
        "Calibrated with 60 queries; `shelfwise search` ends its lists from now on.\n",
    )
    assert run("calibrate", many, tmp_path / "queries.txt", "--json").json["queries"] == 60
    assert run("search", many, "lamp", "--json").json["confident"] is not None
    assert run("calibrate", many, "--forget").code == 0
    assert run("search", many, "lamp", "--json").json["confident"] is None


@pytest.mark.parametrize("arguments", [(), ("{file}", "--forget")])
def test_a_file_or_forget_is_wanted(run, many: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "queries.txt").write_text("lamp\n")
    said = run("calibrate", many, *(each.format(file=tmp_path / "queries.txt") for each in arguments))
    assert said.code == 2 and "wanted a FILE with queries, one a line, or --forget; name one of the two" in said.err


def test_a_file_that_is_no_text_is_a_sentence(run, many: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_bytes(b"\xff\xfe\x00")
    said = run("calibrate", many, tmp_path / "queries.txt")
    assert said.code == 2 and "wanted text in UTF-8, got something else" in said.err
