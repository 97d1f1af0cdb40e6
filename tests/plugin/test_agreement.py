"""Numbers, measures and brands that were typed decide, through the whole of a search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shelfwise.index import Product, Variant
from shelfwise.plugin import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path / "shop", encoder="hashing") as shop:
        shop.upsert(
            [
                Product("m24", 'Acer 24" LED monitor', brand="Acer"),
                Product("m27", 'Acer 27" LED monitor', brand="Acer"),
                Product("m27c", "Curved monitor, 27-inch", brand="Samsung"),
                Product("stand", "Wooden monitor stand"),
                Product("d1", "Cordless drill DCD771C2 with two batteries", brand="DeWalt"),
                Product("d2", "Cordless drill DCD777B without battery", brand="DeWalt"),
                Product("bit", "Drill bits for cordless drill, 4-pack", brand="Case", sku="XB-4400-Z"),
                Product("rope", "Rope", variants=[Variant("r1", sku="RP 10/20"), Variant("r2", gtin="4006381333931")]),
                Product("case", "Case for a drill", brand="Tuff"),
                *(Product(f"s{n}", f"Storage case number {n}", brand="Tuff") for n in range(6)),
            ]
        )
        yield shop


@pytest.mark.parametrize("query", ["27 in monitor", '27" monitor', "led monitor, 27-inch"])
def test_a_measure_that_contradicts_stays_below_those_that_agree(shop: Shop, query: str) -> None:
    found = shop.search(query)
    assert {found.ids.index("m27"), found.ids.index("m27c")} <= {0, 1, 2}
    assert found.ids.index("m24") > max(found.ids.index("m27"), found.ids.index("m27c"))
    parts = {hit.product.id: hit.parts["measure"] for hit in found}
    assert parts["m27"] > 0 == parts["stand"] > parts["m24"]


def test_a_measure_that_nothing_has_is_said_and_the_nearest_are_shown(shop: Shop) -> None:
    found = shop.search("32 in monitor")
    assert "No product with 32 in was found; others are shown." in found.notes
    assert {"m24", "m27"} < set(found.ids)


@pytest.mark.parametrize("query", ["DCD771C2", "dcd 771 c2", "dcd-771-c2", "cordless drill dcd771 c2", "drill dcd771"])
def test_a_model_number_wins_however_it_is_typed(shop: Shop, query: str) -> None:
    found = shop.search(query)
    assert found[0].product.id == "d1" and found[0].parts["identifier"] > 0
    assert all(hit.parts["identifier"] == 0 for hit in list(found)[1:])


@pytest.mark.parametrize(
    ("query", "wanted"), [("xb4400z", "bit"), ("XB-4400-Z", "bit"), ("rp10 20", "rope"), ("4006381333931", "rope")]
)
def test_the_numbers_of_variants_are_found(shop: Shop, query: str, wanted: str) -> None:
    assert shop.search(query)[0].product.id == wanted


def test_the_start_of_a_number_finds_all_that_start_so(shop: Shop) -> None:
    found = shop.search("dcd77")
    assert {found[0].product.id, found[1].product.id} == {"d1", "d2"}
    assert found[0].parts["identifier"] == found[1].parts["identifier"] > 0


def test_a_number_honours_the_filters(shop: Shop) -> None:
    assert "d1" not in shop.search("DCD771C2", filters={"brand": "Acer"}).ids


def test_a_brand_comes_before_other_brands(shop: Shop) -> None:
    found = shop.search("samsung monitor")
    assert found[0].product.id == "m27c"
    parts = {hit.product.id: hit.parts["brand"] for hit in found}
    assert parts["m27c"] > 0 == parts["stand"] > parts["m24"]


def test_a_brand_that_is_a_common_word_is_a_word(shop: Shop) -> None:
    assert all("brand" not in hit.parts for hit in shop.search("drill case"))


def test_a_product_that_was_changed_is_found_by_its_new_number_alone(shop: Shop) -> None:
    shop.upsert(Product("d1", "Cordless drill DCD999X", brand="DeWalt"))
    assert shop.search("dcd999x")[0].product.id == "d1"
    assert all("identifier" not in hit.parts for hit in shop.search("dcd771c2"))


def test_a_generation_answers_as_the_tail_did(shop: Shop) -> None:
    queries = ["27 in monitor", "dcd 771 c2", "samsung monitor", "4006381333931"]
    before = [[(hit.product.id, hit.parts) for hit in shop.search(query)] for query in queries]
    shop.store.build_generation()
    assert [[(hit.product.id, hit.parts) for hit in shop.search(query)] for query in queries] == before


@pytest.mark.parametrize(
    "query", ["9" * 500, "a1 " * 330, "1 2 3 4 5 6 7 8 9 10 11 12", "#dcd771c2", "=length:685.8", "@acer"]
)
def test_a_query_that_is_full_of_numbers_or_signs_is_only_a_query(shop: Shop, query: str) -> None:
    assert shop.search(query).total >= 0
