"""Parquet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shelfwise.index.errors import FeedError
from shelfwise.index.feeds import FeedRow, read_feed
from shelfwise.index.product import Product


def test_typed_columns_become_fields(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    table = pa.table(
        {
            "product_id": pa.array([1.0, 2.0]),
            "name": ["Boot", "Sock"],
            "price": pa.array([19.99, 0.1 + 0.2], pa.float64()),
            "list_price": pa.array([29.99, None], pa.float32()),
            "color": pa.array(["red", "red"]).dictionary_encode(),
            "tags": [["a", "b"], None],
            "stock": pa.array([3, None], pa.int32()),
            "created_at": [datetime(2026, 1, 2), None],
            "year": [2011.0, 2012.0],
        }
    )
    pq.write_table(table, path)
    opened = read_feed(path)
    rows = [row for row in opened if isinstance(row, FeedRow)]
    assert opened.format == "parquet" and opened.size_hint() == 2 and opened.mapping["product_id"] == "id"
    assert rows[0].fields == {
        "id": "1",
        "title": "Boot",
        "price": Decimal("19.99"),
        "list_price": Decimal("29.99"),
        "stock": 3,
        "added": datetime(2026, 1, 2),
        "tags": ["a", "b"],
        "attributes": {"color": "red", "year": 2011},
    }
    assert rows[1].fields == {
        "id": "2",
        "title": "Sock",
        "price": Decimal("0.3"),
        "attributes": {"color": "red", "year": 2012},
    }
    assert all(isinstance(row.product(), Product) for row in rows)


def test_a_truncated_file_and_rubbish_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"id": list(range(1000)), "title": [f"t{n}" for n in range(1000)]}), path)
    whole = path.read_bytes()
    for cut in (0, 3, 4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(FeedError):
            read_feed(path)
    path.write_bytes(b"PAR1" + b"\0" * 100 + b"PAR1")
    with pytest.raises(FeedError, match="wanted a whole Parquet file"):
        read_feed(path)


def test_damage_in_the_middle_is_reported_and_the_feed_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    table = pa.table({"id": list(range(10_000)), "title": [f"title {n}" for n in range(10_000)]})
    pq.write_table(table, path, row_group_size=2_000)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4_000] = b"\xff" * 4_000
    path.write_bytes(whole)
    opened = read_feed(path)
    rows = list(opened)
    assert not opened.complete and not isinstance(rows[-1], FeedRow) and len(rows) > 1_000


@pytest.mark.parametrize(
    ("name", "count", "bad"),
    [
        ("bestbuy/products.parquet", 48_194, 0),
        ("bigbasket/bigbasket.parquet", 8_208, 0),
        ("homedepot/products.parquet", 54_667, 0),
        ("zh_litemall/litemall_goods.parquet", 239, 0),
        ("fashion/products.parquet", 44_446, 7),
    ],
)
def test_real_catalogues_read_without_loss(shared_data: Callable[[str], Path], name: str, count: int, bad: int) -> None:
    opened = read_feed(shared_data(name))
    rows = list(opened)
    assert len(rows) == count == opened.size_hint() and opened.complete
    assert sum(not isinstance(row, FeedRow) for row in rows) == bad
    assert all(isinstance(row.product(), Product) for row in rows[::50] if isinstance(row, FeedRow))
