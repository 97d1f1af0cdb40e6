"""Plain CSV: any delimiter, any columns, a mapping that is guessed and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .delimited import Delimited
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .table import Table


class PlainFeed(FileFeed):
    """A table with one product a row."""

    format = "csv"

    def __init__(self, path: Path, source: Delimited, settings: Settings) -> None:
        super().__init__(path, settings, source.encoding)
        self._source = source
        self._table = Table(
            path,
            source.columns,
            source.sample(),
            settings.mapping,
            currency=settings.currency,
            partial=settings.partial,
        )
        self.mapping = self._table.mapping
        source.last_matters = bool(self.mapping[source.columns[-1]])

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        for record in self._source:
            if record.wanted:
                self.complete = self.complete and not record.torn
                yield record.bad()
            else:
                yield self._table.row(record.row, dict(zip(self._source.columns, record.fields, strict=True)))

    def size_hint(self) -> int | None:
        """The file's size by the mean size of its first rows; exact where the first 256 KiB are all."""
        return self._source.size_hint()
