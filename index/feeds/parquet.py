"""Parquet: the same tables as plain CSV, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import FeedError
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .table import Table

_BATCH = 2_000  # rows held at once


class ParquetFeed(FileFeed):
    """A table with one product a row; rows count from 1, for there is no header."""

    format = "parquet"

    def __init__(self, path: Path, settings: Settings) -> None:
        super().__init__(path, settings)
        with self._file() as file:
            self._count: int = file.metadata.num_rows
            columns: list[str] = list(dict.fromkeys(file.schema_arrow.names))
        sample: list[dict[str, Any]] = next(self._batches(500), [])
        self._table = Table(
            path, columns, sample, settings.mapping, currency=settings.currency, partial=settings.partial
        )
        self.mapping = self._table.mapping

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        used = [column for column, field in self.mapping.items() if field]
        number = 0
        try:
            for batch in self._batches(_BATCH, used):
                for values in batch:
                    number += 1
                    yield self._table.row(number, values)
        except FeedError as error:
            self.complete = False
            yield BadRow(number + 1, "row", repr(self.path.name), f"a whole Parquet file ({error})")

    def size_hint(self) -> int | None:
        """Exactly how many rows there are."""
        return self._count

    def _file(self) -> Any:
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from None

    def _batches(self, size: int, columns: list[str] | None = None) -> Iterator[list[dict[str, Any]]]:
        import pyarrow

        try:
            with self._file() as file:
                for batch in file.iter_batches(batch_size=size, columns=columns, use_threads=False):
                    yield _plain(batch).to_pylist()
        except (pyarrow.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> FeedError:
        said = " ".join(str(error).split())[:160]
        return FeedError(
            f"{self.path}: wanted a whole Parquet file, got one that cannot be read ({said}); export or copy it again"
        )


def _plain(batch: Any) -> Any:
    """Narrow floats as their shortest text (19.99, not 19.989999771118164), and dictionaries as their values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
            column = pc.cast(column, pa.string())
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
