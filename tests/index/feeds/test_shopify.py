"""Shopify's product CSV."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from shelfwise.index.feeds import BadRow, Feed, FeedRow, read_feed
from shelfwise.index.product import Product

Open = Callable[..., Feed]
HEADER = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Option2 Name,Option2 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Status,"
    "Fabric (product.metafields.custom.fabric),Cost per item\n"
)
TEE = (
    'tee,Tee,"<p>Soft &amp; light</p>",Acme,Apparel > Shirts,Tee,"summer, new",true,Size,S,Color,Red,T-S,shopify,3,'
    "deny,20,25,'0012,http://x/1.jpg,active,Cotton; Linen,\n"
    "tee,,,,,,,,,M,,Blue,T-M,shopify,0,deny,21,,,http://x/2.jpg,,,\n"
    "tee,,,,,,,,,L,,Blue,T-L,shopify,-4,continue,22,,,,,,\n"
    "tee,,,,,,,,,,,,,,,,,,,http://x/3.jpg,,,\n"
)


def line(**cells: str) -> str:
    return ",".join(cells.get(name.split(" (")[0].replace(" ", "_"), "") for name in HEADER.strip().split(",")) + "\n"


def test_rows_of_one_handle_are_one_product_with_its_variants(feed: Open) -> None:
    opened = feed(HEADER + TEE)
    (row,) = list(opened)
    assert opened.format == "shopify" and isinstance(row, FeedRow)
    assert row.fields == {
        "id": "tee",
        "title": "Tee",
        "description": "Soft & light",
        "brand": "Acme",
        "category": ["Apparel > Shirts", "Tee"],
        "tags": ["summer", "new"],
        "attributes": {"Fabric": ["Cotton", "Linen"]},
        "image": "http://x/1.jpg",
        "variants": [
            {
                "id": "tee/S/Red",
                "sku": "T-S",
                "gtin": "0012",
                "options": {"Size": "S", "Color": "Red"},
                "price": 20,
                "list_price": 25,
            }
            | {"stock": 3},
            {
                "id": "tee/M/Blue",
                "sku": "T-M",
                "options": {"Size": "M", "Color": "Blue"},
                "price": Decimal(21),
                "stock": 0,
            },
            {"id": "tee/L/Blue", "sku": "T-L", "options": {"Size": "L", "Color": "Blue"}, "price": Decimal(22)},
        ],
    }
    assert isinstance(row.product(), Product)


def test_a_default_title_is_no_option(feed: Open) -> None:
    opened = feed(
        HEADER + line(Handle="a", Title="A", Option1_Name="Title", Option1_Value="Default Title", Variant_Price="5")
    )
    (row,) = list(opened)
    assert isinstance(row, FeedRow) and row.fields == {"id": "a", "title": "A", "price": 5}


def test_stock_counts_only_where_it_is_tracked(feed: Open) -> None:
    cells = {"Title": "A", "Variant_Inventory_Qty": "0", "Variant_Price": "5", "Variant_Inventory_Policy": "deny"}
    untracked = line(Handle="a", **cells)
    tracked = line(Handle="b", Variant_Inventory_Tracker="shopify", **cells)
    stocks = [row.fields.get("stock") for row in feed(HEADER + untracked + tracked) if isinstance(row, FeedRow)]
    assert stocks == [None, 0]


def test_drafts_and_unpublished_products_are_left_out_and_counted(feed: Open) -> None:
    rows = (
        line(Handle="a", Title="A", Published="false")
        + line(Handle="b", Title="B", Status="draft")
        + line(Handle="c", Title="C")
    )
    opened = feed(HEADER + rows)
    assert [row.fields["id"] for row in opened if isinstance(row, FeedRow)] == ["c"]
    assert opened.unpublished == 2  # type: ignore[attr-defined]


def test_a_bad_price_in_one_variant_costs_the_product_and_names_its_row(feed: Open) -> None:
    opened = feed(HEADER + TEE.replace(",21,", ",cheap,") + line(Handle="b", Title="B"))
    rows = list(opened)
    assert isinstance(rows[0], BadRow) and (rows[0].row, rows[0].id, rows[0].field) == (3, "tee", "price")
    assert isinstance(rows[1], FeedRow)


def test_a_product_whose_last_variant_is_cut_off_is_not_given(feed: Open) -> None:
    whole = HEADER + line(Handle="a", Title="A") + TEE
    for cut in (whole[: whole.index("T-L")], whole[: whole.index("tee,,,,,,,,,M") + 2]):
        opened = feed(cut)
        rows = list(opened)
        assert [row.fields["id"] for row in rows if isinstance(row, FeedRow)] == ["a"]
        assert not opened.complete


def test_the_template_with_new_names_is_known(feed: Open) -> None:
    text = (
        "Title,URL handle,Description,Vendor,Published on online store,Status,SKU,Barcode,Option1 name,"
        "Option1 value,Price,Compare-at price,Inventory tracker,Inventory quantity,"
        "Continue selling when out of stock,Product image URL\n"
        "Tee,tee,Soft,Acme,TRUE,Active,T1,12,Size,S,20,25,shopify,3,DENY,http://x/1.jpg\n"
    )
    opened = feed(text)
    (row,) = list(opened)
    assert opened.format == "shopify" and isinstance(row, FeedRow)
    assert row.fields["variants"][0] | {"id": ""} == {
        "id": "",
        "sku": "T1",
        "gtin": "12",
        "options": {"Size": "S"},
        "price": 20,
        "list_price": 25,
        "stock": 3,
    }


def test_long_handles_still_give_variant_ids_that_fit(feed: Open) -> None:
    handle = "a" * 190
    rows = [
        line(Handle=handle, Title="A", Option1_Name="Size", Option1_Value=f"{size} and more words") for size in "SM"
    ]
    (row,) = list(feed(HEADER + "".join(rows)))
    assert isinstance(row, FeedRow) and isinstance(row.product(), Product)


def test_shopifys_own_samples_read_without_loss(shared_data: Callable[[str], Path]) -> None:
    for path in sorted(shared_data("feeds/shopify").glob("*.csv")):
        opened = read_feed(path)
        rows = list(opened)
        assert opened.format == "shopify" and opened.complete and len(rows) == opened.size_hint() == 20
        products = [row.product() for row in rows if isinstance(row, FeedRow)]
        assert len(products) == 20 and all(isinstance(each, Product) for each in products)
        assert all(each.image and each.variants[0].offers for each in products if isinstance(each, Product))
