"""Opening a feed: what is recognised, and what is refused with which words."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index.errors import FeedError
from shelfwise.index.feeds import Feed, FeedRow, read_feed

Open = Callable[..., Feed]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="found none there; check the path"):
        read_feed(tmp_path / "missing.csv")
    with pytest.raises(FeedError, match="got a folder; name one of the files in it"):
        read_feed(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "got an empty file; export it again"),
        (b"\xef\xbb\xbf\r\n", "got an empty file"),
        (gzip.compress(b"id,title\n"), "gzip archive; unpack it first"),
        (b"PK\x03\x04rest", "an Excel workbook; unpack it, or save the sheet as CSV"),
        (bytes(range(256)) * 20, "got bytes that are no text"),
        (b"id,title", "wanted a header row"),
        (b"just some words\nand more\n", "wanted a column with the products' ids"),
    ],
)
def test_what_is_no_feed_is_refused_in_one_sentence(feed: Open, content: bytes, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        feed(content)


def test_a_wrong_or_unknown_format_is_refused(feed: Open) -> None:
    with pytest.raises(FeedError, match="wanted parquet, got a table as text; leave format out"):
        feed("id,title\n1,a\n", format="parquet")
    with pytest.raises(FeedError, match="format 'excel' is unknown; wanted one of shopify, woocommerce"):
        feed("id,title\n1,a\n", format="excel")
    with pytest.raises(FeedError, match="wanted a Shopify file with the column 'handle'"):
        feed("id,title\n1,a\n", format="shopify")
    with pytest.raises(FeedError, match="locale: wanted a language tag"):
        feed("id,title\n1,a\n", locale="Deutsch!")
    with pytest.raises(FeedError, match="currency: wanted an ISO 4217"):
        feed("id,title\n1,a\n", currency="euro")


def test_a_header_alone_is_a_feed_without_products(feed: Open) -> None:
    opened = feed("id,title\n")
    assert list(opened) == [] and opened.complete and opened.size_hint() == 0


@given(st.binary(max_size=400), st.sampled_from(["f.csv", "f.jsonl", "f.xml", "f.parquet", "f"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_rubbish_is_nothing_worse_than_a_feed_error(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with contextlib.suppress(FeedError):
        list(read_feed(path))


def test_a_large_feed_does_not_take_its_size_in_memory(feed: Open) -> None:
    opened = feed("id,title,description\n" + "".join(f"{n},Boot {n},{'words ' * 50}\n" for n in range(20_000)))
    tracemalloc.start()
    count = sum(isinstance(row, FeedRow) for row in opened)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000 and peak < 3_000_000  # the file has 6 million bytes


def test_invoices_read_as_products_with_their_gaps_reported(shared_data: Callable[[str], Path]) -> None:
    opened = read_feed(shared_data("online_retail") / "2010-12-07.csv")
    rows = list(opened)
    assert {name: field for name, field in opened.mapping.items() if field} == {
        "StockCode": "id",
        "Description": "title",
        "UnitPrice": "price",
    }
    assert len(rows) == 2963 and sum(not isinstance(row, FeedRow) for row in rows) == 8
