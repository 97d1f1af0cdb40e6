"""WooCommerce's product CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shelfwise.index.feeds import BadRow, Feed, FeedRow, read_feed
from shelfwise.index.product import Product

Open = Callable[..., Feed]
COLUMNS = (
    "ID,Type,SKU,Name,Published,Visibility in catalog,Short description,Description,Date sale price starts,"
    "Date sale price ends,In stock?,Stock,Backorders allowed?,Weight (kg),Sale price,Regular price,Categories,Tags,"
    "Images,Parent,Brands,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)"
).split(",")


def table(*rows: dict[str, str]) -> str:
    lines = [COLUMNS, *[[row.get(column, "") for column in COLUMNS] for row in rows]]
    return "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines)


def simple(id: str, **more: str) -> dict[str, str]:
    return {"ID": id, "Type": "simple", "Name": f"Product {id}", "Published": "1", "Regular price": "5"} | more


PARENT = {"ID": "7", "Type": "variable", "SKU": "tee", "Name": "Tee", "Published": "1"} | {
    "Attribute 1 name": "Color",
    "Attribute 1 value(s)": "Red, Blue",
    "Attribute 2 name": "Size",
    "Attribute 2 value(s)": "S, M",
}


def variation(id: str, parent: str, color: str, **more: str) -> dict[str, str]:
    made = {"ID": id, "Type": "variation", "Name": "Tee", "Published": "1", "Parent": parent, "Regular price": "20"}
    return made | {"Attribute 1 name": "Color", "Attribute 1 value(s)": color} | more


def test_a_simple_product(feed: Open) -> None:
    row = simple(
        "1",
        SKU="b",
        Categories=r"Clothing > Shirts\, Tees, New",
        Tags="a, b",
        Brands="Acme",
        Stock="3",
        **{"In stock?": "1"},
    )
    row |= {"Short description": "<b>Soft</b>", "Description": "Long\\nlines", "Weight (kg)": "0.5", "Sale price": "4"}
    opened = feed(table(row | {"Images": "http://x/1.jpg, http://x/2.jpg"}))
    (read,) = list(opened)
    assert opened.format == "woocommerce" and isinstance(read, FeedRow)
    assert read.fields == {
        "id": "1",
        "title": "Product 1",
        "description": "Soft\nLong\nlines",
        "brand": "Acme",
        "category": ["Clothing > Shirts, Tees", "New"],
        "tags": ["a", "b"],
        "image": "http://x/1.jpg",
        "attributes": {"Weight": {"value": 0.5, "unit": "kg"}},
        "price": 4,
        "list_price": 5,
        "stock": 3,
        "sku": "b",
    }


def test_variations_join_their_parent_wherever_they_stand(feed: Open) -> None:
    rows = [variation("8", "tee", "Red"), simple("1"), PARENT, simple("2"), variation("9", "id:7", "Blue")]
    products = [row for row in feed(table(*rows)) if isinstance(row, FeedRow)]
    assert [row.fields["id"] for row in products] == ["1", "7", "2"]
    assert products[1].fields["variants"] == [
        {"id": "8", "price": 20, "options": {"Color": "Red"}},
        {"id": "9", "price": 20, "options": {"Color": "Blue"}},
    ]
    # No variation says its size: it stays a property of all.
    assert products[1].fields["attributes"] == {"Size": ["S", "M"]}


def test_a_variation_without_its_parent_is_reported(feed: Open) -> None:
    rows = list(feed(table(simple("1"), variation("8", "gone", "Red"), simple("2"))))
    assert isinstance(rows[1], BadRow) and (rows[1].row, rows[1].id, rows[1].value) == (3, "8", "'gone'")
    assert isinstance(rows[0], FeedRow) and isinstance(rows[2], FeedRow)


def test_a_bad_variation_takes_its_product_along(feed: Open) -> None:
    (row,) = list(
        feed(table(PARENT, variation("8", "tee", "Red"), variation("9", "tee", "Blue", **{"Regular price": "x"})))
    )
    assert isinstance(row, BadRow) and (row.row, row.field, row.id) == (4, "Regular price", "7")


def test_hidden_private_and_draft_products_are_left_out_and_counted(feed: Open) -> None:
    opened = feed(
        table(
            simple("1", Published="0"), simple("2", Published="-1"), simple("3", **{"Visibility in catalog": "hidden"})
        )
    )
    assert list(opened) == []
    assert opened.unpublished == 3  # type: ignore[attr-defined]


def test_stock_back_orders_and_sale_dates(feed: Open) -> None:
    rows = [
        simple("1", **{"In stock?": "0", "Stock": "5"}),
        simple("2", **{"In stock?": "1", "Stock": "0", "Backorders allowed?": "notify"}),
        simple("3", **{"Sale price": "4", "Date sale price ends": "2001-01-01"}),
        simple("4", **{"Sale price": "4", "Date sale price starts": "2001-01-01"}),
    ]
    found = [row.fields for row in feed(table(*rows)) if isinstance(row, FeedRow)]
    assert [each.get("stock") for each in found] == [0, None, None, None]
    assert [each["price"] for each in found] == [5, 5, 5, 4]


def test_reading_twice_gives_the_same(feed: Open) -> None:
    opened = feed(table(PARENT, variation("8", "tee", "Red"), simple("1")))
    assert list(opened) == list(opened)


def test_the_sample_shop_reads_without_loss(shared_data: Callable[[str], Path]) -> None:
    opened = read_feed(shared_data("feeds/woocommerce") / "sample_products.csv")
    rows = list(opened)
    products = {row.fields["id"]: row.product() for row in rows if isinstance(row, FeedRow)}
    assert len(products) == len(rows) == 14 and opened.complete
    hoodie = products["742"]
    assert isinstance(hoodie, Product) and hoodie.category == "Clothing > Hoodies"
    assert [variant.id for variant in hoodie.variants] == ["758", "759", "760", "894", "895", "897"]
    assert hoodie.variants[0].offers[0].price == 42 and hoodie.variants[0].offers[0].list_price == 45


def test_a_file_that_is_cut_off_gives_no_product_whose_variations_may_be_missing(feed: Open) -> None:
    opened = feed(table(simple("1"), PARENT, variation("8", "tee", "Red"), variation("9", "tee", "Blue"))[:-40])
    rows = list(opened)
    assert [row.fields["id"] for row in rows if isinstance(row, FeedRow)] == ["1"]
    assert [row.id for row in rows if isinstance(row, BadRow)] == ["7", ""] and not opened.complete
