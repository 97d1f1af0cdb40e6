"""Run files: what an engine answered, as query, product and rank."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...index import FeedError
from ...index.feeds.encoding import detect_encoding, open_text
from ..signals.queries import normalized
from ..signals.tables import Table, checked_file, chosen_columns, table_format, text_of
from .errors import EvaluationError

if TYPE_CHECKING:
    from .measures import Run

COLUMNS: dict[str, tuple[str, ...]] = {
    "query": ("query", "search_term", "search_query", "query_text", "keyword", "keywords", "q", "search", "term"),
    "product": (
        *("product", "product_id", "product_uid", "docid", "doc_id", "document_id", "item_id", "asin", "sku", "id"),
    ),
    "rank": ("rank", "position", "pos", "place"),
    "score": ("score", "relevance_score", "similarity"),
}
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet", ".trec", ".run")
TREC_COLUMNS = 6  # query id, Q0, product, rank, score, tag
OUR_TAG = "shelfwise"


class _Row(NamedTuple):
    number: int
    query: str
    product: str
    rank: float | None  # 1 is the best; None where scores decide
    score: float = 0.0  # more is better


def read_run(path: Path, *, columns: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """The rankings in a file, of any engine: query -> product ids, best first.

    Text with commas or tabs between, JSON Lines, a JSON array or Parquet, with the columns query, product, and rank (1
    is the best) or score (more is better); a row without a product and a rank says that the query found nothing. Or a
    TREC run, which goes by score as trec_eval does. Of TREC's query ids the texts are "id<TAB>query" lines in
    `NAME.queries.tsv`, queries.tsv or topics.tsv beside it, an id that is not in there is a query itself, and what
    stands in `NAME.queries.tsv` alone found nothing. `columns`: the file's own names for ours. Raises
    `EvaluationError`, and `SignalError` for a file that holds no table.
    """
    head = checked_file(path, "a run file")
    try:
        rows = _trec(path) if is_trec(head) else _table(path, table_format(head), columns)
        found: dict[str, list[_Row]] = {}
        for row in rows:
            of_query = found.setdefault(row.query, [])
            if row.product:
                of_query.append(row)
    except FeedError as error:
        raise EvaluationError(str(error)) from None
    if not found:
        raise EvaluationError(f"{path}: wanted rows with a query, a product and a rank, found none")
    return {query: _ranking(path, query, of_query) for query, of_query in found.items()}


def write_run(run: Run, path: Path) -> None:
    """Writes rankings in the format that the file's name ends with: .csv, .tsv, .jsonl, .parquet, .trec or .run.

    A TREC run has numbers for queries, and their texts stand in `NAME.queries.tsv` beside it. Raises `EvaluationError`.
    """
    check_run_name(path)
    suffix = path.suffix.lower()
    rows = (
        (query, product, rank)
        for query, ranking in run.items()
        for rank, product in (enumerate(ranking, 1) if ranking else ((None, None),))
    )
    if suffix in (".trec", ".run"):
        _write_trec(run, path)
    elif suffix == ".parquet":
        _write_parquet(list(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            if suffix == ".jsonl":
                for query, product, rank in rows:
                    row = {"query": query, "product": product, "rank": rank}
                    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                writer = csv.writer(stream, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n")
                writer.writerow(("query", "product", "rank"))
                writer.writerows(rows)


def check_run_name(path: Path) -> None:
    """Raises `EvaluationError` for a name that says no format."""
    if path.suffix.lower() not in SUFFIXES:
        raise EvaluationError(f"{path}: wanted a name that ends with {', '.join(SUFFIXES)}, got {path.suffix!r}")


def of_queries(run: Run, queries: Iterable[str], name: str) -> dict[str, list[str]]:
    """The run's rankings of these queries under their own spelling; case, width and blanks do not tell two apart.

    Queries that the run lacks are left out. `name`: of the run, for the sentence. Raises `EvaluationError` where it has
    none of them.
    """
    asked = list(queries)
    known = {normalized(query): ranking for query, ranking in run.items()} | dict(run)
    found = {query: known.get(query, known.get(normalized(query))) for query in asked}
    made = {query: list(ranking) for query, ranking in found.items() if ranking is not None}
    if not made:
        theirs, ours = next(iter(run), ""), next(iter(asked), "")
        raise EvaluationError(
            f"{name}: wanted the queries that are asked here, found none of {len(asked):,}; it has {theirs!r:.60} and "
            f"others, and asked is {ours!r:.60}"
        )
    return made


def is_trec(head: bytes) -> bool:
    """Whether these first bytes of a file are those of a TREC run: six fields a line, the fourth and fifth numbers."""
    lines = [line for line in head.decode("utf-8", "replace").splitlines()[:5] if line.strip()]
    fields = [line.split() for line in (lines[:-1] if len(lines) > 1 else lines)]
    return bool(fields) and all(len(each) == TREC_COLUMNS and _numbers(each[3:5]) is not None for each in fields)


def _table(path: Path, format: str, columns: Mapping[str, str] | None) -> Iterator[_Row]:
    table = Table(path, format)
    found = chosen_columns(table, COLUMNS, columns, ("query", "product"))
    by = "rank" if "rank" in found else "score"
    if by not in found:
        chosen_columns(table, {**COLUMNS, "rank": (*COLUMNS["rank"], *COLUMNS["score"])}, columns, ("rank",))
    for number, (query, product, order) in table.cells([found["query"], found["product"], found[by]]):
        if text_of(query) and not text_of(product) and not text_of(order):
            yield _Row(number, text_of(query), "", None)
            continue
        value = _numbers([str(order)])
        if not text_of(query) or not text_of(product) or value is None:
            raise EvaluationError(
                f"{path}, row {number}: wanted a query, a product and a number as {by}, got {query!r:.60}, "
                f"{product!r:.60} and {order!r:.60}; mend the row"
            )
        read = _Row(number, text_of(query), text_of(product), value[0])
        yield read if by == "rank" else read._replace(rank=None, score=value[0])
    if table.unreadable:
        raise EvaluationError(
            f"{path}, row {table.unreadable[0]}: wanted a row with {', '.join(table.columns)}, got none that can be "
            "read; mend it"
        )


def _trec(path: Path) -> Iterator[_Row]:
    own = path.with_name(f"{path.name}.queries.tsv")
    names = (own, path.with_name("queries.tsv"), path.with_name("topics.tsv"))
    file = next((each for each in names if each.is_file()), None)
    texts = _query_texts(file) if file is not None else {}
    if file == own:
        yield from (_Row(0, text, "", None) for text in texts.values())
    with open_text(path, detect_encoding(path)) as stream:
        for number, line in enumerate(stream, 1):
            fields = line.split()
            if not fields:
                continue
            values = _numbers(fields[3:5]) if len(fields) == TREC_COLUMNS else None
            if values is None:
                raise EvaluationError(
                    f"{path}, line {number}: wanted a query id, Q0, a product, a rank, a score and a name, got "
                    f"{line.strip()!r:.80}; mend the line"
                )
            yield _Row(number, texts.get(fields[0], fields[0]), fields[2], None, values[1])


def _query_texts(file: Path) -> dict[str, str]:
    with open_text(file, detect_encoding(file)) as stream:
        pairs = (line.rstrip("\r\n").partition("\t") for line in stream)
        return {text_of(number): text_of(text) for number, tab, text in pairs if tab}


def _ranking(path: Path, query: str, rows: Sequence[_Row]) -> list[str]:
    by_product: dict[str, _Row] = {}
    by_rank: dict[float, _Row] = {}
    for row in rows:
        if by_product.setdefault(row.product, row) is not row:
            raise EvaluationError(
                f"{path}, row {row.number}: wanted each product once in a ranking, got {row.product!r:.60} twice for "
                f"{query!r:.60}"
            )
        if row.rank is not None and (other := by_rank.setdefault(row.rank, row)) is not row:
            raise EvaluationError(
                f"{path}, row {row.number}: wanted one product at each rank of a query, got {other.product!r:.60} and "
                f"{row.product!r:.60} at rank {row.rank:g} of {query!r:.60}"
            )
    # Sorting is stable: where scores are equal the order of the file decides.
    return [row.product for row in sorted(rows, key=lambda row: (row.rank or 0.0, -row.score))]


def _write_trec(run: Run, path: Path) -> None:
    for query, ranking in run.items():
        if any(len(product.split()) != 1 for product in ranking) or any(map(query.__contains__, "\t\r\n")):
            raise EvaluationError(f"{path}: wanted ids without blanks for a TREC run of {query!r:.60}; write .jsonl")
    with path.open("w", encoding="utf-8") as stream:
        for number, ranking in enumerate(run.values(), 1):
            for rank, product in enumerate(ranking, 1):
                stream.write(f"{number} Q0 {product} {rank} {1 / rank:.6f} {OUR_TAG}\n")
    texts = "".join(f"{number}\t{query}\n" for number, query in enumerate(run, 1))
    path.with_name(f"{path.name}.queries.tsv").write_text(texts, encoding="utf-8")


def _write_parquet(rows: Sequence[tuple[str, str | None, int | None]], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = zip(*rows, strict=True) if rows else ((), (), ())
    types = (pyarrow.string(), pyarrow.string(), pyarrow.int64())
    arrays = [pyarrow.array(list(column), type) for column, type in zip(columns, types, strict=True)]
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=["query", "product", "rank"]), path)


def _numbers(texts: Sequence[str]) -> list[float] | None:
    with suppress(ValueError):
        values = [float(each) for each in texts]
        if values and all(map(math.isfinite, values)):
            return values
    return None
