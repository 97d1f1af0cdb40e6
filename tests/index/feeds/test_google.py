"""Google Merchant feeds, as XML and as a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index.errors import FeedError
from shelfwise.index.feeds import BadRow, Feed, FeedRow, read_feed
from shelfwise.index.feeds.google import products
from shelfwise.index.product import Product

Open = Callable[..., Feed]
PREFIX = 'xmlns:g="http://base.google.com/ns/1.0"'
RSS = f'<?xml version="1.0"?>\n<rss {PREFIX} version="2.0"><channel><title>Shop</title>{{}}</channel></rss>'
ATOM = f'<feed xmlns="http://www.w3.org/2005/Atom" {PREFIX}><title>Shop</title>{{}}</feed>'
BOOT = (
    "<item><g:id>b1</g:id><title>Boot &amp; sock</title>"
    "<description><![CDATA[<p>Warm</p><p>Dry&nbsp;</p>]]></description>"
    "<link>http://x/b1</link><g:image_link>http://x/b1.jpg</g:image_link><g:price>12.00 USD</g:price>"
    "<g:availability>out_of_stock</g:availability><g:brand>Acme</g:brand><g:gtin>0012</g:gtin><g:mpn>M1</g:mpn>"
    "<g:product_type>Shoes &gt; Boots</g:product_type><g:google_product_category>187</g:google_product_category>"
    "<g:color>Red/Black</g:color><g:gender>unisex</g:gender><g:shipping><g:price>4 USD</g:price></g:shipping></item>"
)
EXPECTED = {
    "id": "b1",
    "title": "Boot & sock",
    "description": "Warm\n\nDry",
    "brand": "Acme",
    "category": ["Shoes > Boots"],
    "attributes": {"color": ["Red", "Black"], "gender": "unisex"},
    "url": "http://x/b1",
    "image": "http://x/b1.jpg",
    "sku": "M1",
    "gtin": "0012",
    "price": Decimal("12.00"),
    "currency": "USD",
    "stock": 0,
}


def item(id: str, group: str = "", **cells: str) -> str:
    made = {"id": id, "title": f"Item {id}", "price": "5 EUR"} | ({"item_group_id": group} if group else {}) | cells
    return "<item>" + "".join(f"<g:{name}>{text}</g:{name}>" for name, text in made.items()) + "</item>"


def test_an_item_of_an_rss_feed(feed: Open) -> None:
    opened = feed(RSS.format(BOOT), "feed.xml")
    (row,) = list(opened)
    assert opened.format == "google-xml" and opened.complete and isinstance(row, FeedRow)
    assert row.fields == EXPECTED and isinstance(row.product(), Product)


def test_an_entry_of_an_atom_feed(feed: Open) -> None:
    entry = BOOT.replace("item>", "entry>").replace(
        "<link>http://x/b1</link>", '<link rel="self" href="no"/><link href="http://x/b1"/>'
    )
    (row,) = list(feed(ATOM.format(entry), "feed.xml"))
    assert isinstance(row, FeedRow) and row.fields == EXPECTED


def test_the_table_says_the_same(feed: Open) -> None:
    text = (
        "id\ttitle\tdescription\tlink\timage link\tprice\tavailability\tbrand\tgtin\tmpn\tproduct type\t"
        "color\tgender\tshipping\n"
        "b1\tBoot & sock\t<p>Warm</p><p>Dry</p>\thttp://x/b1\thttp://x/b1.jpg\t12.00 USD\tout of stock\tAcme\t0012\t"
        "M1\tShoes > Boots\tRed/Black\tunisex\tUS:::4 USD\n"
    )
    opened = feed(text, "feed.txt")
    (row,) = list(opened)
    assert opened.format == "google-tsv" and isinstance(row, FeedRow) and row.fields == EXPECTED


def test_consecutive_items_of_a_group_are_one_product(feed: Open) -> None:
    text = (
        item("1", "g", color="Red") + item("2", "g", color="Blue", price="6 EUR") + item("3") + item("4", "h", size="M")
    )
    rows = [row for row in feed(RSS.format(text)) if isinstance(row, FeedRow)]
    assert [row.fields["id"] for row in rows] == ["g", "3", "h"]
    assert rows[0].fields["variants"] == [
        {"id": "1", "price": 5, "currency": "EUR", "options": {"color": "Red"}} | {"options": {"color": ["Red"]}},
        {"id": "2", "price": 6, "currency": "EUR", "options": {"color": ["Blue"]}},
    ]
    assert rows[2].fields["variants"][0]["options"] == {"size": "M"}
    assert all(isinstance(row.product(), Product) for row in rows)


def test_a_sale_counts_while_its_dates_last() -> None:
    values = {"id": ["1"], "title": ["a"], "price": ["10 USD"], "sale_price": ["8 USD"]}
    values["sale_price_effective_date"] = ["2026-02-24T11:07+0100/2026-02-29T23:07-0800".replace("-29T", "-27T")]
    during, after = (
        next(products([(1, values)], "", datetime(2026, month, 25, tzinfo=UTC)))  # in and after the sale
        for month in (2, 3)
    )
    assert isinstance(during, FeedRow) and (during.fields["price"], during.fields["list_price"]) == (8, 10)
    assert isinstance(after, FeedRow) and after.fields["price"] == 10 and "list_price" not in after.fields


def test_a_bad_item_is_reported_and_the_others_go_on(feed: Open) -> None:
    rows = list(feed(RSS.format(item("1") + item("2", price="cheap") + item("3", title="") + item("4"))))
    assert [(row.row, row.field) for row in rows if isinstance(row, BadRow)] == [(2, "price"), (3, "title")]
    assert [row.fields["id"] for row in rows if isinstance(row, FeedRow)] == ["1", "4"]


def test_declared_entities_are_refused(feed: Open, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    bomb = (
        '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        + RSS.format(item("1", title="&b;")).split("\n")[1]
    )
    file = f'<!DOCTYPE rss [<!ENTITY f SYSTEM "{secret}">]>' + RSS.format(item("1", title="&f;")).split("\n")[1]
    for text in (bomb, file):
        with pytest.raises(FeedError, match="wanted XML without declared entities, got the entity"):
            feed(text, "feed.xml")
    outside = f'<!DOCTYPE rss SYSTEM "{secret}">' + RSS.format(item("1")).split("\n")[1]
    with pytest.raises(FeedError, match="without declared entities"):
        feed(outside, "feed.xml")


def test_names_of_html_entities_are_characters(feed: Open) -> None:
    (row,) = list(feed(RSS.format(item("1", title="Caf&eacute;&nbsp;au lait"))))
    assert isinstance(row, FeedRow) and row.fields["title"] == "Café au lait"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_declared_encoding_does_not_stand_in_the_way(feed: Open, codec: str) -> None:
    text = RSS.format(item("1", title="Größe für zwei")).replace('"1.0"?', f'"1.0" encoding="{codec}"?')
    (row,) = list(feed(text.encode(codec), "feed.xml"))
    assert isinstance(row, FeedRow) and row.fields["title"] == "Größe für zwei"


def test_a_feed_without_items_is_refused(feed: Open) -> None:
    for text in ("<html><body>404</body></html>", RSS.format(""), "<"):
        with pytest.raises(FeedError, match="wanted an RSS or Atom feed"):
            feed(text, "feed.xml")


WHOLE = RSS.format(item("1") + item("2", "g") + item("3", "g") + item("4", title="Größe 皇室")).encode()


@given(st.integers(0, len(WHOLE) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_feed_cut_at_any_byte_gives_only_whole_products(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(WHOLE)
    full = [row.fields for row in read_feed(path) if isinstance(row, FeedRow)]
    path.write_bytes(WHOLE[:cut])
    try:
        opened = read_feed(path)
        got = [row.fields for row in opened if isinstance(row, FeedRow)]
    except FeedError:
        return
    assert got == full[: len(got)] and not opened.complete


def test_an_unreadable_row_within_a_group_takes_the_group_along(feed: Open) -> None:
    header = "id\ttitle\tlink\tprice\tavailability\titem group id\n"
    rows = "1\ta\tl\t5 USD\tin stock\tg\nbroken\n2\ta\tl\t5 USD\tin stock\tg\n3\ta\tl\t5 USD\tin stock\th\n"
    found = list(feed(header + rows))
    assert [(row.row, row.field) for row in found if isinstance(row, BadRow)] == [(3, "row"), (2, "item_group_id")]
    assert [row.fields["id"] for row in found if isinstance(row, FeedRow)] == ["h"]
