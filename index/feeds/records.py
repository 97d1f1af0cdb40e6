"""Records of a delimited file, one at a time; a record that makes no sense costs itself and nothing after it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

from .encoding import BAD
from .feed import BadRow

MAX_LINE = 1 << 20  # characters of one physical line
MAX_RECORD = 1 << 20  # characters of a record over several lines: a quote open for longer was never closed
_RESUMED = 1_000  # lines looked at to tell a forgotten quote from a file cut off inside a field


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its `fields`, or the `wanted` that it misses.

    `row` counts records (with blank lines), as a spreadsheet does; the header is row 1. `torn`: the file ends in it,
    before a line break.
    """

    row: int
    fields: list[str] = field(default_factory=list)
    wanted: str = ""
    text: str = ""
    torn: bool = False

    def bad(self) -> BadRow:
        """The report on a record with `wanted`."""
        shown = repr(self.text.replace(BAD, "\ufffd"))
        return BadRow(self.row, "row", shown if len(shown) <= 80 else shown[:77] + "...", self.wanted)


TORN = "a whole row that ends with a line break (the file seems to be cut off; if this row is whole, add a line break)"
UNCLOSED = "a closing quote for each opening one"


def read_records(stream: TextIO, delimiter: str, width: int | None = None) -> Iterator[Record]:
    """All records with at least one character in them.

    A last record without a line break is `torn`, with its fields: nothing tells a short price from a cut one, so
    whoever knows the columns decides. A quote that is not
    closed within `MAX_RECORD` characters, or is closed in the midst of a later line's value, spoils its first line
    only, and reading goes on with the next one. `width`, the header's number of fields, helps to tell a forgotten quote
    at the end of the file from a cut.
    """
    lines = _Lines(stream)
    row = 0
    while line := lines.take():
        row += 1
        if lines.overlong:
            yield Record(row, wanted=f"a row of at most {MAX_LINE:,} characters", text=line[:200])
        elif line.strip("\r\n \t\0\x1a") or delimiter in line.rstrip("\r\n"):
            yield _record(lines, line, row, delimiter, width)


def _record(lines: _Lines, line: str, row: int, delimiter: str, width: int | None) -> Record:
    taken = [line]
    state = _scan(line, delimiter, False)
    size = len(line)
    while state is _OPEN:
        more = lines.take()
        if not more:
            return _unclosed_at_end(lines, taken, row, delimiter, width)
        taken.append(more)
        size += len(more)
        state = _scan(more, delimiter, True)
        if size > MAX_RECORD or state is _BROKEN or lines.overlong:
            lines.put_back(taken[1:])
            return Record(row, wanted=UNCLOSED, text=line)
    text = "".join(taken)
    return _split(row, text, delimiter, torn=not text.endswith(("\n", "\r")))


def _split(row: int, text: str, delimiter: str, torn: bool) -> Record:
    try:
        fields = next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return Record(
            row, wanted=f"fields of at most {csv.field_size_limit():,} characters", text=text[:1000], torn=torn
        )
    if BAD in text:
        return Record(
            row,
            wanted="text in the file's encoding (some bytes are not; name it with encoding=)",
            text=_around(text),
            torn=torn,
        )
    if "\0" in text:
        fields = [field.replace("\0", "") for field in fields]
    return Record(row, fields, text=text, torn=torn)


def _around(text: str) -> str:
    at = text.index(BAD)
    return text[max(0, at - 30) : at + 30]


def _unclosed_at_end(lines: _Lines, taken: list[str], row: int, delimiter: str, width: int | None) -> Record:
    """A forgotten quote when whole rows follow it to the end; otherwise the file was cut off within a quoted field."""
    rest = taken[1:]
    whole = rest and rest[-1].endswith(("\n", "\r"))
    if whole and width and width > 1 and all(_fits(line, delimiter, width) for line in rest[:_RESUMED]):
        lines.put_back(rest)
        return Record(row, wanted=UNCLOSED, text=taken[0])
    if len(taken) == 1 and taken[0].endswith(("\n", "\r")):
        return Record(row, wanted=f"{UNCLOSED} (or the file is cut off)", text=taken[0], torn=True)
    return Record(row, wanted=TORN, text="".join(taken)[:1000], torn=True)


def _fits(line: str, delimiter: str, width: int) -> bool:
    return not line.strip() or line.count(delimiter) == width - 1


_CLOSED, _OPEN, _BROKEN = "closed", "open", "broken"


def _scan(line: str, delimiter: str, inside: bool) -> str:
    """Whether a quoted field is open after this line; broken: closed, but a value goes on behind the quote."""
    at = 0
    if not inside:
        if '"' not in line:
            return _CLOSED
        if line[0] == '"':
            inside, at = True, 1
    broken = False
    came_in = inside and at == 0
    while True:
        if inside:
            at = line.find('"', at)
            if at < 0:
                return _OPEN
            after = line[at + 1 : at + 2]
            if after == '"':
                at += 2
                continue
            broken = broken or (came_in and after not in (delimiter, "\n", "\r", ""))
            came_in = False
            at += 1
        opening = line.find(delimiter + '"', at)
        if opening < 0:
            return _BROKEN if broken else _CLOSED
        inside, at = True, opening + 2


class _Lines:
    """Physical lines of bounded length, some of which can be put back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.overlong = False
        """Whether the last line was longer than `MAX_LINE`; the rest of it has been skipped."""

    def take(self) -> str:
        """The next line with its line break; "" at the end of the file."""
        self.overlong = False
        if self._again:
            return self._again.popleft()
        line = self._stream.readline(MAX_LINE)
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            self.overlong = True
            while (more := self._stream.readline(MAX_LINE)) and not more.endswith(("\n", "\r")):
                pass
        return line

    def put_back(self, lines: list[str]) -> None:
        self._again.extendleft(reversed(lines))
