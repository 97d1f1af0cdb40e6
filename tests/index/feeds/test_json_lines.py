"""JSON Lines and JSON arrays."""

from __future__ import annotations

import json
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


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_our_own_form_reads_back_as_the_same_product(feed: Open) -> None:
    product = Product(
        id="p1",
        title={"en": "Red boot", "zh": "红靴"},
        description={"en": "Warm\n\ntwo  lines"},
        category=[{"en": "Shoes > Boots", "zh": "鞋 > 靴"}],
        attributes={"colour": {"code": "red", "label": {"en": "Red"}}, "height": {"value": 12.5, "unit": "cm"}},
        variants=[{"id": "p1-40", "price": "49.90", "currency": "EUR", "stock": 3, "options": {"size": "40"}}],
        tags=["new"],
    )
    (row,) = list(feed(lines(product.to_dict()), "feed.jsonl"))
    assert isinstance(row, FeedRow) and row.product() == product


def test_float_prices_are_taken_by_their_shortest_text(feed: Open) -> None:
    rows = [{"id": 1, "title": "a", "price": price} for price in (49.9, 0.1 + 0.2, "1.299,00 €", "1.299", 5)]
    found = [row.fields["price"] for row in feed(lines(*rows)) if isinstance(row, FeedRow)]
    assert found == [Decimal("49.9"), Decimal("0.3"), Decimal("1299.00"), Decimal("1.299"), Decimal(5)]


def test_other_names_are_mapped_unless_ours_say_the_same(feed: Open) -> None:
    opened = feed(lines({"product_id": 7, "name": "Boot", "colour": "red", "tags": "a, b"}))
    (row,) = list(opened)
    assert isinstance(row, FeedRow)
    assert row.fields == {"id": "7", "title": "Boot", "attributes": {"colour": "red"}, "tags": ["a", "b"]}
    opened = feed(lines({"id": "x", "title": "Boot", "name": "internal"}))
    assert opened.mapping["name"] == "" and [row.fields for row in opened if isinstance(row, FeedRow)] == [
        {"id": "x", "title": "Boot"}
    ]


def test_an_array_reads_like_lines(feed: Open) -> None:
    rows = [{"id": str(n), "title": f"Boot {n}", "description": "x" * 1000} for n in range(300)]
    text = json.dumps(rows, indent=1)
    assert [row.fields for row in feed(text, "feed.json") if isinstance(row, FeedRow)] == rows


def test_a_bad_line_is_reported_and_the_others_go_on(feed: Open) -> None:
    opened = feed(
        '{"id": "1", "title": "a"}\nnonsense\n[1]\n\n{"id": "2", "title": ""}\n'
        '{"id": "3", "title": "c", "price": "x"}\n{"id": "4", "title": "d"}'
    )
    rows = list(opened)
    assert [(row.row, row.field) for row in rows if isinstance(row, BadRow)] == [
        (2, "row"),
        (3, "row"),
        (5, "title"),
        (6, "price"),
    ]
    assert [row.fields["id"] for row in rows if isinstance(row, FeedRow)] == ["1", "4"]
    assert opened.complete  # a closing brace needs no line break


def test_what_is_no_feed_is_refused(feed: Open) -> None:
    for text in ("{\n", "[]", '{"id"', "[1, 2]"):
        with pytest.raises(FeedError, match="wanted one JSON object a line"):
            feed(text, "feed.json")
    with pytest.raises(FeedError, match="wanted a column with the products' ids"):
        feed(lines({"title": "a"}))


def test_hostile_nesting_is_a_bad_row(feed: Open) -> None:
    rows = list(
        feed(lines({"id": "1", "title": "a"}) + '{"id": ' + "[" * 100_000 + "\n" + lines({"id": "2", "title": "b"}))
    )
    assert isinstance(rows[1], BadRow) and isinstance(rows[2], FeedRow)


ROWS = [{"id": str(n), "title": f"Größe {n} 皇室", "price": 4.5} for n in range(4)]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
ARRAY = json.dumps(ROWS, ensure_ascii=False).encode()


@given(st.sampled_from([LINES, ARRAY]), st.integers(0, len(LINES)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_feed_cut_at_any_byte_gives_only_whole_products(tmp_path: Path, whole: bytes, cut: int) -> None:
    path = tmp_path / "feed.json"
    path.write_bytes(whole[:cut])
    try:
        opened = read_feed(path)
        got = [row.fields for row in opened if isinstance(row, FeedRow)]
    except FeedError:
        return
    assert got == [row | {"price": Decimal("4.5")} for row in ROWS][: len(got)]
    assert len(got) == 4 or not opened.complete or whole[:cut].endswith((b"\n", b"}"))
