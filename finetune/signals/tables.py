"""Rows of a file, whatever holds them: delimited text, JSON Lines, a JSON array or Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ...index import FeedError
from ...index.feeds.delimited import Delimited
from ...index.feeds.encoding import detect_encoding, open_text
from .errors import SignalError

TABLES = ("csv", "jsonl", "parquet")
_SAMPLE = 500  # objects whose names are a JSON file's columns

Cells = tuple[int, tuple[object, ...]]  # the row's number in the file, and one value for each column asked for


def checked_file(path: Path, wanted: str) -> bytes:
    """The file's first bytes; `wanted` is what it should be, "a file with judgements"."""
    try:
        if path.is_dir():
            raise SignalError(f"{path}: wanted {wanted}, got a folder; name one of the files in it")
        with path.open("rb") as stream:
            head = stream.read(1 << 16)
    except FileNotFoundError:
        raise SignalError(f"{path}: wanted {wanted}, found none there; check the path") from None
    except OSError as error:
        raise SignalError(f"{path}: wanted {wanted}, got {error.strerror}; check its permissions") from None
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise SignalError(f"{path}: wanted {wanted}, got an empty file; export it again")
    return head


def table_format(head: bytes) -> str:
    """One of `TABLES`, by the first bytes."""
    if head.startswith(b"PAR1"):
        return "parquet"
    first = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1]
    return "jsonl" if first in ("{", "[") else "csv"


class Table:
    """A file's columns, and its rows. Raises `SignalError` where it holds no table."""

    def __init__(self, path: Path, format: str) -> None:
        self.path, self.format = path, format
        self.unreadable: list[int] = []  # numbers of rows that are none, as far as was read
        try:
            self.columns = self._columns()
        except FeedError as error:
            raise SignalError(str(error)) from None
        if not self.columns:
            raise SignalError(f"{path}: wanted rows with named columns, found none; export it again")

    def cells(self, columns: Sequence[str]) -> Iterator[Cells]:
        """The values of these columns, row by row; None where a row has no such value."""
        self.unreadable = []
        return {"csv": self._csv, "jsonl": self._jsonl, "parquet": self._parquet}[self.format](columns)

    def _columns(self) -> list[str]:
        if self.format == "csv":
            return Delimited(self.path, detect_encoding(self.path)).columns
        if self.format == "jsonl":
            first = islice((each for _, each in self._objects() if each is not None), _SAMPLE)
            return list(dict.fromkeys(name for each in first for name in each))
        with self._parquet_file() as file:
            return [*file.schema_arrow.names]

    def _csv(self, columns: Sequence[str]) -> Iterator[Cells]:
        table = Delimited(self.path, detect_encoding(self.path))
        table.last_matters = False  # a last line without its break is a whole row here: there is no price to cut
        places = [table.columns.index(each) for each in columns]
        for record in table:
            if record.wanted:
                self.unreadable.append(record.row)
            else:
                yield record.row, tuple(record.fields[place] for place in places)

    def _jsonl(self, columns: Sequence[str]) -> Iterator[Cells]:
        for row, each in self._objects():
            if each is None:
                self.unreadable.append(row)
            else:
                yield row, tuple(each.get(name) for name in columns)

    def _objects(self) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
        with open_text(self.path, detect_encoding(self.path)) as stream:
            start = stream.read(1024).lstrip("\ufeff \t\r\n")[:1]
            stream.seek(0)
            if start == "[":
                yield from self._array(stream.read())
                return
            for row, line in enumerate(stream, 1):
                if line.strip("\ufeff \t\r\n"):
                    yield row, _object(line)

    def _array(self, text: str) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
        try:
            values = json.loads(text.lstrip("\ufeff"))
        except ValueError as error:
            raise SignalError(f"{self.path}: wanted a JSON array of objects, got text that is none ({error})") from None
        for row, each in enumerate(values, 1):
            yield row, each if isinstance(each, dict) else None

    def _parquet(self, columns: Sequence[str]) -> Iterator[Cells]:
        row = 0
        with self._parquet_file() as file:
            for batch in file.iter_batches(columns=list(columns), use_threads=False):
                read = {name: batch.column(name).to_pylist() for name in columns}
                for values in zip(*(read[name] for name in columns), strict=True):
                    row += 1
                    yield row, values

    def _parquet_file(self) -> Any:
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            said = " ".join(str(error).split())[:160]
            raise SignalError(f"{self.path}: wanted a whole Parquet file, got one that is not ({said})") from None


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


# ---- columns by their names ------------------------------------------------------------------------------------------


def key(column: str) -> str:
    """A column's name as names are compared: "Search Term" and "search_term" are one."""
    return re.sub(r"[\W_]+", "", column.casefold())


def find_column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The column that bears the first of these names that any bears."""
    by_key = {key(column): column for column in reversed(columns)}
    return next((by_key[key(name)] for name in names if key(name) in by_key), None)


def chosen_columns(
    table: Table, names: Mapping[str, Sequence[str]], chosen: Mapping[str, str] | None, needed: Sequence[str]
) -> dict[str, str]:
    """Our name of each column that was found -> the file's name; `chosen` goes before what names say."""
    chosen = chosen or {}
    for ours, theirs in chosen.items():
        if ours not in names:
            raise SignalError(f"columns: wanted names out of {', '.join(names)}, got {ours!r}")
        if theirs not in table.columns:
            raise SignalError(
                f"{table.path}: wanted a column {theirs!r} for {ours}, as was said; found {_shown(table.columns)}"
            )
    found = {ours: chosen.get(ours) or find_column(table.columns, known) for ours, known in names.items()}
    for ours in needed:
        if not found[ours]:
            raise SignalError(
                f"{table.path}: wanted a column for {ours}, such as {', '.join(names[ours][:3])}; found"
                f" {_shown(table.columns)}; say which it is with columns={{{ours!r}: NAME}}"
            )
    return {ours: theirs for ours, theirs in found.items() if theirs}


def _shown(columns: Sequence[str]) -> str:
    return ", ".join(columns[:12]) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")


def text_of(value: object) -> str:
    """An id or a query as text: a whole number without a point, blank for nothing."""
    if value is None or (isinstance(value, float) and not value.is_integer() and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())
