"""A delimited file with a header: its columns, and its records as values by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ..errors import FeedError
from .encoding import open_text
from .records import TORN, Record, read_records

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE = 200
_PARTS, _PART = 128, 1 << 13


class Delimited:
    """The table in a file. `columns` are unique and never blank; `delimiter` is sniffed from the first records."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path = path
        self.encoding = encoding
        self._skipped, named = self._directive()
        self.delimiter = named or self._sniffed()
        header = next(self._all(None), None)
        if header is None:
            raise FeedError(f"{path}: wanted a table with a header row, got an empty file; export the feed again")
        if header.wanted or header.torn:
            raise FeedError(
                f"{path}: wanted a header row with the columns' names, got {header.text[:80]!r}; export the feed again"
            )
        self.header_row = header.row
        self.columns = _unique(header.fields)
        self.last_matters = True
        """Whether anything is read from the last column."""

    def __iter__(self) -> Iterator[Record]:
        """The records after the header; one of another width, or torn, has `wanted`.

        Many a feed lacks the last line break. A last row without it is whole when it has all fields and the last one is
        quoted and closed, or of a column from which nothing is read; else it may be cut off ("12" for "12.50").
        """
        width = len(self.columns)
        for record in islice(self._all(width), 1, None):
            fields = record.fields
            if record.torn and not record.wanted:
                whole = len(fields) == width and (not self.last_matters or record.text.endswith('"'))
                yield replace(record, torn=False) if whole else replace(record, fields=[], wanted=TORN)
            elif record.wanted or len(fields) == width:
                yield record
            elif len(fields) > width and not any(fields[width:]):
                yield Record(record.row, fields[:width], text=record.text)
            else:
                wanted = f"{width} fields separated by {NAMES[self.delimiter]}, as in the header, not {len(fields)}"
                yield Record(record.row, wanted=wanted, text=record.text)

    def sample(self, count: int = 500) -> list[dict[str, str]]:
        """The first sound records by column."""
        return [dict(zip(self.columns, each.fields, strict=True)) for each in islice(self, count) if not each.wanted]

    def size_hint(self, keys: list[int] | None = None) -> int | None:
        """About how many records there are; with `keys`, how many different values those columns take in turn.

        Exact where the first 256 thousand characters are all; else by the lines in blocks all over the file, for the
        first rows of a sorted file are often the shortest.
        """
        read = count = lines = 0
        last: list[str] | None = None
        for record in self:
            if not record.wanted:
                key = [record.fields[at] for at in keys] if keys else None
                count += keys is None or key != last
                last = key
            read += len(record.text)
            lines += max(1, record.text.count("\n"))
            if read > 1 << 18:
                return round(count / lines * self._lines())
        return count

    def _lines(self) -> float:
        """About how many line breaks the file has."""
        size = self.path.stat().st_size
        found = read = 0
        with self.path.open("rb") as stream:
            for part in range(_PARTS):
                stream.seek(part * size // _PARTS)
                block = stream.read(_PART)
                read += len(block)
                found += block.count(b"\n")
        return size * found / max(1, read)

    def _all(self, width: int | None) -> Iterator[Record]:
        with open_text(self.path, self.encoding) as stream:
            if self._skipped:
                stream.readline()
            yield from read_records(stream, self.delimiter, width)

    def _directive(self) -> tuple[bool, str]:
        """Excel's first line "sep=;", which names the delimiter."""
        with open_text(self.path, self.encoding) as stream:
            first = stream.readline(64).strip().strip('"')
        named = first[4:] if first[:4].lower() == "sep=" else ""
        return (True, named) if named in DELIMITERS else (False, "")

    def _sniffed(self) -> str:
        """The delimiter by which most of the first records are as wide as the header; of equals, the wider."""
        return max(DELIMITERS, key=self._fit)

    def _fit(self, delimiter: str) -> tuple[float, int]:
        with open_text(self.path, self.encoding) as stream:
            first = list(islice(read_records(stream, delimiter), _SAMPLE))
        widths = [len(record.fields) for record in first if not record.wanted]
        if not widths or widths[0] < 2:
            return (0.0, 0)
        alike = sum(width == widths[0] for width in widths) / len(widths)
        return (round(alike, 1), widths[0])


def _unique(header: list[str]) -> list[str]:
    made: list[str] = []
    for number, name in enumerate(header, start=1):
        name = " ".join(name.split()) or f"column {number}"
        again = 1
        unique = name
        while unique in made:
            again += 1
            unique = f"{name} ({again})"
        made.append(unique)
    return made
