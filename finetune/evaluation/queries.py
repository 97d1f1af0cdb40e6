"""Queries with how often they were searched, out of a file."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from ...index import FeedError
from ...index.feeds.encoding import detect_encoding, open_text
from ..signals.reading import read_judgements
from ..signals.tables import Table, checked_file, chosen_columns, table_format, text_of
from .errors import EvaluationError
from .runs import COLUMNS

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
QRELS = (".qrels", ".trec")
_NAMES = {
    "query": COLUMNS["query"],
    "product": COLUMNS["product"],
    "count": ("count", "searches", "frequency", "freq", "volume", "hits", "n", "times"),
}


def read_queries(path: Path) -> dict[str, float]:
    """The queries in a file with how often each was searched, the most frequent first.

    Text with a query a line; text with commas or tabs between, JSON or Parquet with a column `query` and perhaps
    `count`; or a file with judgements, each of whose queries counts once. Without counts a query counts as often as it
    stands there. Raises `EvaluationError`, `SignalError`.
    """
    head = checked_file(path, "a file with queries")
    suffix = path.suffix.lower()
    try:
        if b'"judgmentRatings"' in head or suffix in QRELS:
            found = dict.fromkeys((each.query for each in read_judgements(path).judgements), 1.0)
        elif suffix in TABLES or table_format(head) != "csv":
            found = _of_table(path, table_format(head))
        else:
            with open_text(path, detect_encoding(path)) as stream:
                found = {text: float(count) for text, count in Counter(map(text_of, stream)).items() if text}
    except FeedError as error:
        raise EvaluationError(str(error)) from None
    if not found:
        raise EvaluationError(f"{path}: wanted queries, found none")
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def _of_table(path: Path, format: str) -> dict[str, float]:
    table = Table(path, format)
    columns = chosen_columns(table, _NAMES, None, ("query",))
    found: dict[str, float] = {}
    wanted = [columns["query"], *filter(None, [columns.get("count")])]
    for number, (query, *counts) in table.cells(wanted):
        text = text_of(query)
        if text and "count" not in columns and "product" in columns:
            found[text] = 1.0  # a row for each product: it tells nothing of how often anybody searched
        elif text:
            found[text] = found.get(text, 0) + (_count(path, number, counts[0]) if counts else 1)
    return found


def _count(path: Path, number: int, value: object) -> float:
    try:
        count = float(str(value).strip())
    except ValueError:
        count = math.nan
    if not 0 <= count < math.inf:
        raise EvaluationError(f"{path}, row {number}: wanted a number from 0 on as count, got {value!r:.60}")
    return count
