"""The search benchmark from its command line to its JSON, on a made-up catalogue and without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

TITLES = {
    1: "red rubber boot",
    2: "blue rubber boot",
    3: "galvanised angle bracket",
    4: "deck paint, one gallon",
    5: "garden hose, 50 ft",
    6: "cordless drill",
}
JUDGED = [
    ("rubber boot", 1, 3.0),
    ("rubber boot", 2, 2.33),
    ("angle bracket", 3, 1.0),  # judged twice: the higher counts
    ("angle bracket", 3, 3.0),
    ("hose", 5, 2.67),
    ("paint", 4, 2.0),  # not relevant: the query is left out
]

Run = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """The two files as arguments."""
    products = pa.table({"product_uid": list(TITLES), "product_title": list(TITLES.values())})
    columns = dict(zip(("search_term", "product_uid", "relevance"), zip(*JUDGED, strict=True), strict=True))
    pq.write_table(products, tmp_path / "products.parquet")
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), tmp_path / "judgements.parquet")
    return tuple(
        argument for name in ("products", "judgements") for argument in (f"--{name}", str(tmp_path / f"{name}.parquet"))
    )


def test_the_three_legs_are_measured_printed_and_written(files: tuple[str, ...], run_benchmark: Run) -> None:
    result, printed = run_benchmark("search.py", *files, "--encoder", "hashing")
    assert (result["queries"], result["products"], result["encoder"]) == (3, 6, "hashing")
    for leg in ("bm25", "dense", "fused"):
        assert list(result[leg]) == ["recall@100", "MRR@10", "nDCG@10", "intervals"]
        for name, (low, high) in result[leg]["intervals"].items():
            assert 0 <= low <= result[leg][name] <= high <= 1
        assert leg in printed
    # Every relevant product has the query's words, and only those products have.
    assert result["bm25"]["recall@100"] == result["bm25"]["MRR@10"] == 1.0
    assert result["machine"]["cores"] >= 1
    assert "search.py" in result["command"]
    assert result["date"].startswith("20")


def test_only_the_queries_of_the_chosen_buckets_are_asked(files: tuple[str, ...], run_benchmark: Run) -> None:
    # "angle bracket" is in bucket 38
    result, _ = run_benchmark("search.py", *files, "--encoder", "hashing", "--queries-from", "38", "--queries-to", "38")
    assert (result["queries"], result["buckets"]) == (1, [38, 38])


def test_a_kept_store_is_used_again_with_other_weights(
    files: tuple[str, ...], run_benchmark: Run, tmp_path: Path
) -> None:
    kept = (*files, "--encoder", "hashing", "--store", str(tmp_path / "store"))
    first, _ = run_benchmark("search.py", *kept)
    again, _ = run_benchmark("search.py", *kept, "--weights", "words=1,meaning=0")
    assert again["bm25"] == first["bm25"]
    assert again["weights"] == {"words": 1.0, "meaning": 0.0, "agreement": 1.0, "reading": 0.0}


def test_a_store_with_other_products_is_refused(files: tuple[str, ...], run_benchmark: Run, tmp_path: Path) -> None:
    store = ("--encoder", "hashing", "--store", str(tmp_path / "store"))
    run_benchmark("search.py", *files, *store)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"product_uid": [99], "product_title": ["a kettle"]}), other)
    with pytest.raises(AssertionError, match="wanted a store of these 1 products alone, got one of 7"):
        run_benchmark("search.py", "--products", str(other), *files[2:], *store)


def test_a_file_without_the_columns_is_named(files: tuple[str, ...], run_benchmark: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"id": [1]}), other)
    with pytest.raises(AssertionError, match="found no product_uid, product_title"):
        run_benchmark("search.py", "--products", str(other), *files[2:], "--encoder", "hashing")


def test_an_encoder_that_fails_fails_the_benchmark(files: tuple[str, ...], neighbours: None, tmp_path: Path) -> None:
    from search import BenchmarkError, rankings
    from shelfwise.index.encoders.hashing import HashingEncoder
    from shelfwise.plugin import Product, Shop

    class Failing(HashingEncoder):
        def encode_queries(self, texts: object) -> Any:
            raise RuntimeError("out of memory")

    with Shop.open(tmp_path / "store", encoder=Failing()) as shop:
        shop.upsert([Product(id="1", title="red boot")])
        with pytest.raises(BenchmarkError, match="answered without meaning"):
            rankings(shop, ["boot"])


def test_buckets_out_of_order_are_refused(files: tuple[str, ...], root: Path) -> None:
    script = [sys.executable, str(root / "benchmarks" / "search.py"), *files, "--json", "out.json"]
    done = subprocess.run([*script, "--queries-from", "30", "--queries-to", "20"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "wanted 0 <= A <= B <= 99, got 30 and 20" in done.stderr
