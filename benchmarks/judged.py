"""A catalogue and what people judged of it, from Parquet files with Home Depot's columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
from measures import RELEVANT, bucket
from shelfwise.index import BadRow, FeedRow

PRODUCT_COLUMNS = ("product_uid", "product_title")
JUDGEMENT_COLUMNS = ("search_term", "product_uid", "relevance")

Judgements = dict[str, dict[str, float]]  # query -> product id -> relevance


class BenchmarkError(Exception):
    """A run that says nothing: the message is a sentence for the person who started it."""


class Titles:
    """The catalogue as a feed of ids and titles and nothing else, so that figures compare with others' on the file."""

    format = "parquet"
    encoding = ""
    complete = True

    def __init__(self, path: Path) -> None:
        check_columns(path, PRODUCT_COLUMNS)
        self.path = path
        self.mapping: Mapping[str, str] = dict(zip(PRODUCT_COLUMNS, ("id", "title"), strict=True))

    def __iter__(self) -> Iterator[FeedRow | BadRow]:
        row = 0
        for part in pq.ParquetFile(self.path).iter_batches(4_096, columns=list(PRODUCT_COLUMNS)):
            for fields in part.to_pylist():
                row += 1
                yield FeedRow(row, {"id": str(fields["product_uid"]), "title": fields["product_title"]})

    def size_hint(self) -> int | None:
        """How many rows the file says it has."""
        return int(pq.ParquetFile(self.path).metadata.num_rows)


def read_judgements(path: Path, first: int, last: int) -> Judgements:
    """The queries of buckets `first` to `last` that have a relevant product.

    Of two judgements of the same query and product the higher one counts.
    """
    check_columns(path, JUDGEMENT_COLUMNS)
    judged: Judgements = {}
    for row in pq.read_table(path, columns=list(JUDGEMENT_COLUMNS)).to_pylist():
        query, product = row["search_term"], str(row["product_uid"])
        if first <= bucket(query) <= last:
            of_query = judged.setdefault(query, {})
            of_query[product] = max(of_query.get(product, 0.0), float(row["relevance"]))
    judged = {query: each for query, each in judged.items() if max(each.values()) >= RELEVANT}
    if not judged:
        raise BenchmarkError(
            f"{path}: wanted queries with a relevance of {RELEVANT} or more in buckets {first} to {last}, got none; "
            "name other buckets or judgements from 1 to 3"
        )
    return judged


def check_columns(path: Path, wanted: Sequence[str]) -> None:
    """Raises `BenchmarkError` for a column that is missing; pyarrow would leave it out without a word."""
    there = pq.read_schema(path).names
    if missing := [name for name in wanted if name not in there]:
        raise BenchmarkError(
            f"{path}: wanted the columns {', '.join(wanted)}, found no {', '.join(missing)}; rename the file's columns"
        )
