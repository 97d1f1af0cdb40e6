"""Judgements out of a file: our own, or another tool's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...index import FeedError
from ...index.feeds.encoding import detect_encoding, open_text
from ..judgement import Judgement
from .errors import SignalError
from .tables import TABLES, Table, checked_file, chosen_columns, table_format, text_of

FORMATS = (*TABLES, "trec", "ratings")

# Names of columns in the files of Home Depot, ESCI, WANDS, Quepid and others; compared without case and marks.
COLUMNS: dict[str, tuple[str, ...]] = {
    "query": ("query", "search_term", "search_query", "query_text", "user_query", "keyword", "keywords", "q", "search"),
    "product_id": (
        *("product_id", "product_uid", "docid", "doc_id", "document_id", "asin", "item_id", "product", "item", "sku"),
        "id",
    ),
    "grade": (
        *("relevance", "grade", "rating", "label", "esci_label", "gain", "relevance_score", "relevance_label"),
        *("judgement", "judgment", "score"),
    ),
}
# The gains of the paper that brought the data set (Reddy and others, 2022, arXiv 2206.06588).
ESCI = {"e": 1.0, "s": 0.1, "c": 0.01, "i": 0.0}
ESCI |= {"exact": 1.0, "substitute": 0.1, "complement": 0.01, "irrelevant": 0.0}


@dataclass(frozen=True, slots=True)
class Scale:
    """The grades between which gains lie: `lowest` is 0, `highest` is 1, and between them it is linear."""

    lowest: float
    highest: float

    def gain(self, grade: float) -> float:
        """The gain of a grade."""
        return (grade - self.lowest) / (self.highest - self.lowest)


@dataclass(frozen=True, slots=True)
class JudgementFile:
    """What was read: judgements in the order of the file, the scale of their grades, and a report in sentences."""

    path: Path
    format: str
    judgements: list[Judgement]
    scale: Scale
    report: list[str]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    query: str
    product_id: str
    grade: object


def read_judgements(
    path: Path,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    lowest: float | None = None,
    highest: float | None = None,
    queries: Path | None = None,
) -> JudgementFile:
    """The judgements in a file.

    `format`: csv (any delimiter), jsonl, parquet, trec (qrels) or ratings (JSON with `judgmentRatings`); seen from the
    content where it is not given. `columns`: the file's names for `query`, `product_id` and `grade`. Grades are
    numbers, or the letters and words of ESCI, whose gains are E 1, S .1, C .01, I 0. Numbers become gains linearly
    between `lowest` and `highest`: those of the file where nothing is said. `queries`: for qrels, the file with
    "qid<TAB>query" a line; else queries.tsv or topics.tsv beside it. Raises `SignalError`.
    """
    head = checked_file(path, "a file with judgements")
    format = {"tsv": "csv", "qrels": "trec"}.get(format or "", format) or _detected(path, head)
    if format not in FORMATS:
        raise SignalError(f"format: wanted one of {', '.join(FORMATS)}, got {format!r}")
    skipped: list[int] = []
    try:
        rows = [each for each in _rows(path, format, columns, queries, skipped) if _whole(each, skipped)]
    except FeedError as error:
        raise SignalError(str(error)) from None
    if not rows:
        raise SignalError(
            f"{path}: wanted rows with a query, a product and a grade, found none"
            + (f" ({len(skipped):,} rows lack one of them)" if skipped else "")
        )
    judgements, scale = _graded(path, rows, lowest, highest, skipped)
    count = len({each.query for each in judgements})
    report = [f"{len(judgements):,} judgements of {count:,} queries read from {path.name} ({format})."]
    report.append(f"Grades from {scale.lowest:g} to {scale.highest:g} became gains from 0 to 1.")
    if skipped:
        report.append(
            f"{len(skipped):,} rows were left out for want of a query, a product or a grade (the first is row"
            f" {min(skipped)})."
        )
    return JudgementFile(path, format, judgements, scale, report)


def _detected(path: Path, head: bytes) -> str:
    found = table_format(head)
    text = head.decode("utf-8", "replace")
    if found == "jsonl" and re.search(r'"judgmentRatings"\s*:', text):
        return "ratings"
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if len(head) == 1 << 16 and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    return "trec" if found == "csv" and all(_QRELS.fullmatch(line.strip()) for line in lines) else found


_QRELS = re.compile(r"(\S+)\s+\S+\s+(\S+)\s+(-?\d+(?:\.\d+)?)")


def _rows(
    path: Path, format: str, columns: Mapping[str, str] | None, queries: Path | None, skipped: list[int]
) -> Iterator[_Row]:
    if format == "trec":
        yield from _qrels(path, queries, skipped)
    elif format == "ratings":
        yield from _ratings(path)
    else:
        table = Table(path, format)
        found = chosen_columns(table, COLUMNS, columns, ("query", "product_id", "grade"))
        for number, (query, product, grade) in table.cells([found["query"], found["product_id"], found["grade"]]):
            yield _Row(number, text_of(query), text_of(product), grade)
        skipped += table.unreadable


def _whole(row: _Row, skipped: list[int]) -> bool:
    graded = row.grade is not None and str(row.grade).strip() not in ("", "nan", "None")
    if row.query and row.product_id and graded:
        return True
    skipped.append(row.number)
    return False


def _ratings(path: Path) -> Iterator[_Row]:
    """`{"judgmentRatings": [{"query", "ratings": [{"docId", "rating"}]}]}`; rows are the ratings, counted from 1."""
    try:
        with open_text(path, detect_encoding(path)) as stream:
            entries = json.load(stream)["judgmentRatings"]
        number = 0
        for entry in entries:
            for rating in entry["ratings"]:
                number += 1
                yield _Row(number, text_of(entry["query"]), text_of(rating["docId"]), rating["rating"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignalError(
            f'{path}: wanted {{"judgmentRatings": [{{"query": …, "ratings": [{{"docId": …, "rating": …}}]}}]}}, got'
            f" something else ({type(error).__name__}: {error})"
        ) from None


def _qrels(path: Path, queries: Path | None, skipped: list[int]) -> Iterator[_Row]:
    beside = [path.with_name(name) for name in ("queries.tsv", "topics.tsv")]
    file = queries or next((each for each in beside if each.is_file()), None)
    if file is None:
        raise SignalError(
            f"{path}: wanted the texts of the queries too, for qrels have only their ids, and found neither"
            " queries.tsv nor topics.tsv beside it; name a file of qid<TAB>query lines with queries="
        )
    texts = _query_texts(file)
    unknown = known = 0
    with open_text(path, detect_encoding(path)) as stream:
        for number, line in enumerate(stream, 1):
            found = _QRELS.fullmatch(line.strip())
            if not found:
                if line.strip():
                    skipped.append(number)
                continue
            query = texts.get(found[1], "")
            known, unknown = known + bool(query), unknown + (not query)
            yield _Row(number, query, found[2], found[3])
    if unknown and not known:
        raise SignalError(f"{path}: wanted queries whose ids stand in {file.name}, found none of {unknown:,} there")


def _query_texts(file: Path) -> dict[str, str]:
    checked_file(file, "a file with qid<TAB>query lines")
    with open_text(file, detect_encoding(file)) as stream:
        pairs = [line.partition("\t") for line in stream if line.strip()]
    if not any(tab for _, tab, _ in pairs):
        raise SignalError(f"{file}: wanted qid<TAB>query lines, found no tab")
    return {text_of(number): text_of(text) for number, _, text in pairs}


# ---- grades ----------------------------------------------------------------------------------------------------------


def _graded(
    path: Path, rows: Iterable[_Row], lowest: float | None, highest: float | None, skipped: list[int]
) -> tuple[list[Judgement], Scale]:
    rows = list(rows)
    if all(str(row.grade).strip().casefold() in ESCI for row in rows):
        gains = [ESCI[str(row.grade).strip().casefold()] for row in rows]
        _more_than_one(path, gains)
        made = [Judgement(row.query, row.product_id, gain) for row, gain in zip(rows, gains, strict=True)]
        return made, Scale(0.0, 1.0)
    numbers = [(row, number) for row in rows if (number := _number(row.grade)) is not None]
    if not numbers:
        raise SignalError(
            f"{path}: wanted grades that are numbers, or E, S, C, I, got {str(rows[0].grade)[:40]!r} in row"
            f" {rows[0].number}"
        )
    skipped += [row.number for row in rows if _number(row.grade) is None]
    grades = [number for _, number in numbers]
    if lowest is None or highest is None:
        if lowest is None and highest is None:
            _more_than_one(path, grades)
        lowest = min(grades) if lowest is None else lowest
        highest = max(grades) if highest is None else highest
    if not lowest < highest:
        raise SignalError(f"{path}: wanted a lowest grade below the highest one, got {lowest:g} and {highest:g}")
    for row, number in numbers:
        if not lowest <= number <= highest:
            raise SignalError(
                f"{path}: wanted grades from {lowest:g} to {highest:g}, got {number:g} in row {row.number};"
                " say the true ends with lowest= and highest="
            )
    scale = Scale(float(lowest), float(highest))
    return [Judgement(row.query, row.product_id, scale.gain(number)) for row, number in numbers], scale


def _more_than_one(path: Path, grades: list[float]) -> None:
    if min(grades) == max(grades):
        raise SignalError(
            f"{path}: wanted grades that tell good answers from bad ones, got {grades[0]:g} in all {len(grades):,}"
            " rows; say what the ends of the scale are (lowest=0, highest=1 where each row is a good answer)"
        )


def _number(value: object) -> float | None:
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None
