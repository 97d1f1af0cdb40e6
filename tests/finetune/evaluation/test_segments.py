"""Which queries belong to which segment."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelfwise.finetune.evaluation.segments import brand_finder, has_number, language_of, segments_of, word_count
from shelfwise.plugin import Product, Shop


def members(queries: list[str], **known: object) -> dict[str, list[str]]:
    found = segments_of(queries, **known)  # type: ignore[arg-type]
    return {
        name: [query for query, inside in zip(queries, mask, strict=True) if inside] for name, mask in found.items()
    }


def test_queries_are_told_apart_by_length_and_numbers() -> None:
    queries = ["lamp", "desk lamp", "small desk lamp of brass", "27 inch monitor", "gallon bucket", "lamp in oak"]
    assert members(queries) == {
        "one word": ["lamp"],
        "long": ["small desk lamp of brass"],
        "numbers or units": ["27 inch monitor", "gallon bucket"],
    }


def test_the_frequent_queries_make_half_of_the_searches() -> None:
    queries = ["lamp", "desk lamp", "brass lamp", "oak lamp", "never searched"]
    found = members(queries, counts={"lamp": 60, "desk lamp": 30, "brass lamp": 20, "oak lamp": 10})
    assert found["frequent"] == ["lamp"]
    assert found["rare"] == ["desk lamp", "brass lamp", "oak lamp", "never searched"]
    assert "frequent" not in members(queries)
    assert members(queries, counts={"sofa": 4}).get("frequent") is None


def test_queries_that_are_equally_frequent_are_on_one_side() -> None:
    assert members(["a lamp", "b lamp", "c lamp"], counts=dict.fromkeys(["a lamp", "b lamp", "c lamp"], 7)).keys() == {
        "frequent"
    }


def test_languages_are_segments_where_there_are_several() -> None:
    queries = ["desk lamp", "保温杯", "Jacke für den Winter mit Kapuze", "oak table"]
    found = members(queries, locale="en-GB")
    assert found["language en"] == ["desk lamp", "oak table"]
    assert found["language zh"] == ["保温杯"]
    assert found["language de"] == ["Jacke für den Winter mit Kapuze"]
    assert not any(name.startswith("language") for name in members(["desk lamp", "oak table"]))


def test_a_brand_is_one_of_the_catalogues_own(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder="hashing", durable=False) as shop:
        shop.upsert([Product("1", "Desk lamp", brand="North Hill"), Product("2", "Oak table", brand="Ostra")])
        has_brand = brand_finder(shop.store.view, "en")
        queries = ["north hill lamp", "ostra", "hill lamp", "desk lamp"]
        assert members(queries, has_brand=has_brand)["brand"] == ["north hill lamp", "ostra"]


@pytest.mark.parametrize(("query", "count"), [("", 0), ("lamp", 1), ("保温杯 500ml", 3), ("пылесос для дома", 3)])
def test_words_are_counted_in_scripts_without_blanks_too(query: str, count: int) -> None:
    assert word_count(query) == count


@pytest.mark.parametrize(
    ("query", "does"), [("2x4", True), ("½ bit", True), ("Watts", True), ("英寸", True), ("lamp in oak", False)]
)
def test_a_number_or_a_unit_is_seen(query: str, does: bool) -> None:
    assert has_number(query) is does


def test_a_query_that_does_not_say_is_in_the_shops_language() -> None:
    assert [language_of(query, "de-AT") for query in ("lampe", "the lamp for the desk")] == ["de", "en"]
