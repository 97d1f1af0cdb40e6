"""Plain CSV: delimiters, mapping, dirt."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index.errors import FeedError
from shelfwise.index.feeds import BadRow, Feed, FeedRow, read_feed
from shelfwise.index.product import Product

Open = Callable[..., Feed]


def ids(feed: Feed) -> list[str]:
    return [row.fields["id"] for row in feed if isinstance(row, FeedRow)]


def bad(feed: Feed) -> list[BadRow]:
    return [row for row in feed if isinstance(row, BadRow)]


def only(feed: Feed) -> dict[str, object]:
    rows = list(feed)
    assert len(rows) == 1 and isinstance(rows[0], FeedRow), rows
    assert isinstance(rows[0].product(), Product)
    return dict(rows[0].fields)


def test_a_row_becomes_a_product(feed: Open) -> None:
    fields = only(
        feed(
            "Artikelnummer;Bezeichnung;Hersteller;Preis;UVP;Bestand;Farbe;Warengruppe\n"
            "A1;Roter Stiefel;Mondo;1.299,00 €;1.499,00 €;5;rot;Schuhe > Stiefel\n"
        )
    )
    assert fields == {
        "id": "A1",
        "title": "Roter Stiefel",
        "brand": "Mondo",
        "price": Decimal("1299.00"),
        "list_price": Decimal("1499.00"),
        "currency": "EUR",
        "stock": 5,
        "category": "Schuhe > Stiefel",
        "attributes": {"Farbe": "rot"},
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_sniffed(feed: Open, delimiter: str) -> None:
    rows = [["id", "title", "price"], ["1", "Boot, red; warm | dry", "5"], ["2", "Sock", "6"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    opened = feed(text.getvalue())
    assert ids(opened) == ["1", "2"] and not bad(opened)


def test_excels_directive_names_the_delimiter(feed: Open) -> None:
    assert ids(feed("sep=;\nid;title\n1;a,b\n")) == ["1"]


@pytest.mark.parametrize(
    ("header", "mapped"),
    [
        ("upc,name,manufacturer,short_description,long_description", "id title brand description description"),
        ("product_uid,product_title", "id title"),
        (
            "ProductID,ProductName,Brand,Price,DiscountPrice,Category,SubCategory",
            "id title brand list_price price category category",
        ),
        ("goods_sn,name,retail_price,counter_price,brief,detail", "id title price list_price description description"),
        ("编号,名称,价格,市场价,品牌,库存,分类,图片", "id title price list_price brand stock category image"),
        ("Référence,Désignation,Marque,Prix,Prix barré,Couleur", "id title brand price list_price attributes.Couleur"),
        ("SKU,Product Name,Price (EUR),Qty", "id title price stock"),
        ("id,title_en,title_zh,sku,ean", "id title.en title.zh sku gtin"),
        ("StockCode,Description,UnitPrice", "id title price"),
        ("id,name,category_id,updated_at,is_new,sort_order", "id title    "),
    ],
)
def test_columns_are_guessed_from_their_names(feed: Open, header: str, mapped: str) -> None:
    row = ",".join("7" for _ in header.split(","))
    assert dict(feed(f"{header}\n{row}\n").mapping) == dict(zip(header.split(","), mapped.split(" "), strict=True)) | (
        {
            name: ""
            for name in header.split(",")
            if name.lower().endswith("category") or name in {"分类", "品牌", "Brand"}
        }
        # A bare number is an id of another table: it says nothing as a category or brand.
        | {name: "" for name in header.split(",") if name in {"Marque", "manufacturer"}}
    )


def test_a_quantity_is_stock_as_a_number_and_an_attribute_as_a_measure(feed: Open) -> None:
    assert feed("id,title,Quantity\n1,a,5\n").mapping["Quantity"] == "stock"
    assert feed("id,title,Quantity\n1,a,2 kg\n").mapping["Quantity"] == "attributes.Quantity"
    assert feed("InvoiceNo,id,title,Quantity\n9,1,a,5\n").mapping["Quantity"] == ""


def test_texts_that_repeat_become_attributes_and_free_texts_and_addresses_do_not(feed: Open) -> None:
    rows = "".join(
        f"{n},t{n},{'matt' if n % 2 else 'glossy'},note number {n},https://x.test/{n}.jpg\n" for n in range(40)
    )
    mapping = feed(f"id,title,finish,remark,asset\n{rows}").mapping
    assert mapping["finish"] == "attributes.finish" and mapping["remark"] == "" and mapping["asset"] == "image"


def test_the_callers_mapping_wins(feed: Open) -> None:
    opened = feed("id,title,code,hint\n1,a,x9,soft\n", mapping={"code": "id", "hint": "attributes.feel", "id": ""})
    assert dict(opened.mapping) == {"code": "id", "hint": "attributes.feel", "id": "", "title": "title"}
    assert only(opened) == {"id": "x9", "title": "a", "attributes": {"feel": "soft"}}


def test_two_columns_make_a_category_path_in_the_mappings_order(feed: Open) -> None:
    opened = feed("id,title,b,a\n1,t,Boots,Shoes\n", mapping={"a": "category", "b": "category"})
    assert only(opened)["category"] == "Shoes > Boots"


def test_a_missing_column_is_named_with_what_there_is_and_what_to_do(feed: Open) -> None:
    with pytest.raises(FeedError, match=r"titles, got the columns 'id', 'foo'; say which it is with mapping=.*--map"):
        feed("id,foo\n1,2\n")
    with pytest.raises(FeedError, match="ids, got the columns 'title', 'foo'"):
        feed("title,foo\n1,2\n")
    assert ids(feed("id,price\n1,2\n", partial=True)) == ["1"]


def test_a_wrong_mapping_is_refused(feed: Open) -> None:
    with pytest.raises(FeedError, match="names the column 'nope'; the feed has"):
        feed("id,title\n1,2\n", mapping={"nope": "brand"})
    with pytest.raises(FeedError, match="mapping to 'colour': wanted one of id, title"):
        feed("id,title\n1,2\n", mapping={"title": "colour"})


def test_a_bad_value_costs_its_row_and_says_what_was_wanted(feed: Open) -> None:
    opened = feed("id,title,price\n1,Boot,5\n2,Sock,cheap\n3,,6\n,Hat,7\n5,Cap,8\n")
    assert ids(opened) == ["1", "5"]
    assert [(row.row, row.field, row.value, row.id) for row in bad(opened)] == [
        (3, "price", "'cheap'", "2"),
        (4, "title", "''", "3"),
        (5, "id", "''", ""),
    ]
    assert opened.complete


def test_rows_of_another_width_are_reported(feed: Open) -> None:
    opened = feed("id,title,price\n1,a,5\n2,b\n3,c,6,7\n4,d,8,,\n")
    assert ids(opened) == ["1", "4"]
    assert [(row.row, row.wanted) for row in bad(opened)] == [
        (3, "3 fields separated by comma, as in the header, not 2"),
        (4, "3 fields separated by comma, as in the header, not 4"),
    ]


def test_duplicate_ids_are_both_given(feed: Open) -> None:
    assert ids(feed("id,title\n1,a\n1,b\n")) == ["1", "1"]


def test_a_truncated_last_line_is_a_bad_row_and_the_feed_is_not_complete(feed: Open) -> None:
    for end in ("3,Ha", '3,"Ha', "3"):
        opened = feed(f"id,title\n1,Boot\n2,Sock\n{end}")
        assert ids(opened) == ["1", "2"]
        assert [row.row for row in bad(opened)] == [4] and "cut off" in bad(opened)[0].wanted
        assert not opened.complete


def test_a_last_line_without_a_break_is_whole_where_nothing_can_be_missing(feed: Open) -> None:
    for text in ('id,title\n1,Boot\n2,"Sock"', "id,title,updated_at\n1,Boot,2\n2,Sock,2"):
        opened = feed(text)
        assert ids(opened) == ["1", "2"] and opened.complete


def test_a_forgotten_quote_costs_its_own_row(feed: Open) -> None:
    for text in (
        'id,title,price\n1,a,5\n2,"b,6\n3,c,7\n4,d,8\n',
        'id,title,price\n1,a,5\n2,"b,6\n3,"c",7\n4,"d",8\n',
        'id,title,price\n1,a,5\n2,"b,6\n3,c,7\n4,"d\ne",8\n',
    ):
        opened = feed(text)
        assert ids(opened) == ["1", "3", "4"]
        assert [row.row for row in bad(opened)] == [3] and "closing quote" in bad(opened)[0].wanted


def test_a_forgotten_quote_does_not_swallow_a_large_file(feed: Open) -> None:
    lines = "".join(f"{n},plain {'x' * 60},5\n" for n in range(30_000))
    opened = feed(f'id,title,price\n0,"b,6\n{lines}')
    rows = list(opened)
    assert isinstance(rows[0], BadRow) and len(rows) == 30_001 and all(isinstance(row, FeedRow) for row in rows[1:])


def test_quoted_fields_may_hold_line_breaks_delimiters_and_quotes(feed: Open) -> None:
    assert only(feed('id,title,description\n1,"5"" nail, steel","a\nb"\n'))["title"] == '5" nail, steel'


def test_nul_bytes_vanish_and_an_endless_line_is_reported(feed: Open) -> None:
    opened = feed("id,title\n1,Bo\0ot\n2," + "x" * 3_000_000 + "\n3,Sock\n")
    rows = list(opened)
    assert [row.fields["title"] for row in rows if isinstance(row, FeedRow)] == ["Boot", "Sock"]
    assert [row.row for row in rows if isinstance(row, BadRow)] == [3]


def test_locale_and_currency_are_the_callers(feed: Open) -> None:
    opened = feed("id,title,price,colour\n1,Stiefel,5,rot\n", locale="de", currency="EUR")
    row = next(iter(opened))
    assert isinstance(row, FeedRow)
    product = row.product()
    assert isinstance(product, Product)
    assert product.texts["de"].title == "Stiefel" and product.variants[0].offers[0].currency == "EUR"
    assert product.attributes["colour"][0].labels == {"de": "rot"}


def test_unpublished_products_are_left_out_and_counted(feed: Open) -> None:
    opened = feed("id,title,status\n1,a,active\n2,b,draft\n")
    assert ids(opened) == ["1"] and not bad(opened)
    assert opened.unpublished == 1  # type: ignore[attr-defined]


def test_a_list_price_alone_is_the_price_and_one_below_it_says_nothing(feed: Open) -> None:
    opened = feed("id,title,price,sale_price\n1,a,5,\n2,b,5,4\n3,c,5,5\n")
    found = [(row.fields.get("price"), row.fields.get("list_price")) for row in opened if isinstance(row, FeedRow)]
    assert found == [(5, None), (4, 5), (5, None)]


def test_the_size_is_exact_for_small_files_and_close_for_large_ones(feed: Open) -> None:
    assert feed("id,title\n1,a\n2,b\n").size_hint() == 2
    hint = feed("id,title\n" + "".join(f"{n},product {n}\n" for n in range(50_000))).size_hint()
    assert hint is not None and 40_000 < hint < 60_000


CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn"], exclude_characters="\ufeff<&"), min_size=1
)
MULTILINE = st.lists(CELLS, min_size=1, max_size=3).map("\n".join)


@given(
    st.lists(st.tuples(MULTILINE, MULTILINE), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_reads_back_from_any_encoding_and_delimiter(
    tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, encoding: str, end: str, quoting: int
) -> None:
    path = tmp_path / "feed.csv"
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
        writer.writerow(["id", "title", "description"])
        writer.writerows([str(number), title, description] for number, (title, description) in enumerate(rows))
    wide = encoding in {"gb18030"}  # rare characters in it are no evidence of Chinese: it is named
    found = list(read_feed(path, encoding=encoding if wide else None))
    for number, (row, (title, description)) in enumerate(zip(found, rows, strict=True)):
        if not title.strip():
            assert isinstance(row, BadRow) and row.field == "title"
            continue
        assert isinstance(row, FeedRow), row
        assert row.fields["id"] == str(number)
        assert row.fields["title"].split() == title.split()
        assert row.fields.get("description", "").split() == description.split()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "ü b", 'say "x"', "皇室毛巾", "two\nlines", "c,d"]), st.sampled_from(["1.50", "22"])
        ),
        max_size=5,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_a_feed_cut_at_any_byte_gives_only_whole_rows(
    tmp_path: Path, rows: list[tuple[str, str]], encoding: str, end: str, data: st.DataObject
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(["id", "title", "price"])
    writer.writerows([str(number), *row] for number, row in enumerate(rows))
    whole = text.getvalue().encode(encoding)
    path = tmp_path / "feed.csv"
    path.write_bytes(whole)
    full = [row.fields for row in read_feed(path) if isinstance(row, FeedRow)]
    assert len(full) == len(rows)
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        got = [row.fields for row in read_feed(path, encoding=encoding) if isinstance(row, FeedRow)]
    except FeedError:
        return
    assert got == full[: len(got)]
