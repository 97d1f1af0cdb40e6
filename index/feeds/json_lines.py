"""JSON Lines (or one JSON array): the arguments of `Product` by name, or a shop's own names, which are mapped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from ..errors import FeedError, FieldError
from ..product import FIELDS
from .cells import amount_of, plain_amount, split_list, text_of
from .encoding import BAD, open_text
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .html_text import one_line, plain_text
from .prices import parse_price
from .table import Table

_MOST = 4 << 20  # characters of one product
_BLOCK = 1 << 16
_WANTED = "a JSON object with one product"
_CUT = "a whole JSON object (the file seems to be cut off)"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object, or the text that is none and what was wanted."""

    row: int
    value: dict[str, Any] | None
    text: str = ""
    wanted: str = _WANTED
    torn: bool = False

    def bad(self) -> BadRow:
        shown = repr(self.text.replace(BAD, "\ufffd"))
        return BadRow(self.row, "row", shown if len(shown) <= 80 else shown[:77] + "...", self.wanted)


class JsonFeed(FileFeed):
    """One object a line, or one array of objects; rows are lines, or places in the array, from 1.

    Names that `Product` knows are passed on as they are; all others are mapped as a table's columns would be, unless
    one of ours says the same ("name" is the title only where there is no "title"). A name that the first 500 objects
    do not have is left out.
    """

    format = "jsonl"

    def __init__(self, path: Path, settings: Settings, encoding: str) -> None:
        super().__init__(path, settings, encoding)
        first = list(islice(self._entries(), 500))
        sample = [each.value for each in first if each.value]
        if not sample:
            got = first[0].text[:60] if first else ""
            raise FeedError(
                f"{path}: wanted one JSON object a line, or an array of objects, got {got!r}; write one product a line"
            )
        names = list(dict.fromkeys(name for value in sample for name in value))
        self._own = frozenset(name for name in names if name in FIELDS and name not in settings.mapping)
        rest = [name for name in names if name not in self._own]
        self._table = Table(
            path, rest, sample, settings.mapping, currency=settings.currency, partial=settings.partial, own=self._own
        )
        self.mapping = {name: name for name in names if name in self._own} | self._table.mapping

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        for entry in self._entries():
            if entry.value is None:
                self.complete = self.complete and not entry.torn
                yield entry.bad()
            else:
                yield self._row(entry.row, entry.value)

    def _row(self, number: int, value: dict[str, Any]) -> FeedRow | BadRow | None:
        own = {name: each for name, each in value.items() if name in self._own and each is not None}
        try:
            if "title" in own and not own["title"]:
                raise FieldError("title", own["title"], "a title that is not empty")
            own = self._clean(own)
        except FieldError as error:
            return BadRow(number, error.field, error.value, error.wanted, text_of(own.get("id")))
        return self._table.row(number, value, own)

    def _clean(self, own: dict[str, Any]) -> dict[str, Any]:
        for name, clean in (("title", one_line), ("description", plain_text)):
            if isinstance(own.get(name), str):
                own[name] = _cleaned(own[name], clean)
            elif isinstance(own.get(name), dict):
                own[name] = {code: _cleaned(each, clean) for code, each in own[name].items()}
        if isinstance(own.get("tags"), str):
            own["tags"] = split_list(own["tags"])
        for name in ("price", "list_price"):
            if isinstance(own.get(name), (str, int, float)) and not isinstance(own[name], bool):
                own |= self._price(own, name)
        if self._settings.currency and "price" in own and not isinstance(own["price"], dict):
            own.setdefault("currency", self._settings.currency)
        return own

    def _price(self, own: dict[str, Any], name: str) -> dict[str, Any]:
        value = own[name]
        if isinstance(value, str) and plain_amount(value) is None:
            stated = own.get("currency") if isinstance(own.get("currency"), str) else ""
            amount, named = parse_price(value, stated or self._settings.currency, name)
            return {name: amount} | ({"currency": named} if named and not stated else {})
        return {name: amount_of(value if not isinstance(value, str) else plain_amount(value), str(value), "", name)[0]}

    def size_hint(self) -> int | None:
        """The file's size by the mean size of its first objects; exact where the first 256 KiB are all."""
        read = count = 0
        for entry in self._entries():
            count += entry.value is not None
            read += len(entry.text.encode(self.encoding, "replace"))
            if read > 1 << 18:
                return round(count * self.path.stat().st_size / read)
        return count

    # ---- reading -------------------------------------------------------------------------------------------------

    def _entries(self) -> Iterator[_Entry]:
        with open_text(self.path, self.encoding) as stream:
            start = stream.read(1)
            while start and start.isspace():
                start = stream.read(1)
            if start == "[":
                yield from _array(stream)
                return
        with open_text(self.path, self.encoding) as stream:
            yield from _lines(stream)


def _cleaned(text: Any, clean: Any) -> Any:
    return clean(text) if isinstance(text, str) and ("<" in text or "&" in text) else text


def _lines(stream: TextIO) -> Iterator[_Entry]:
    row = 0
    while line := stream.readline(_MOST):
        row += 1
        ended = line.endswith(("\n", "\r"))
        if len(line) == _MOST and not ended:
            while (more := stream.readline(_MOST)) and not more.endswith(("\n", "\r")):
                pass
            yield _Entry(row, None, line[:200], f"a line of at most {_MOST:,} characters")
        elif line.strip("\r\n \t\0\x1a"):
            yield _line(row, line, ended)


def _line(row: int, line: str, ended: bool) -> _Entry:
    if BAD in line:
        at = line.index(BAD)
        wanted = "text in the file's encoding (some bytes are not; name it with encoding=)"
        return _Entry(row, None, line[max(0, at - 30) : at + 30], wanted, torn=not ended)
    try:
        value = json.loads(line.replace("\0", ""))
    except (ValueError, RecursionError):
        # A closing brace proves that an object is whole, so only a line without one can be torn.
        return _Entry(row, None, line, _WANTED if ended else _CUT, torn=not ended)
    return _Entry(row, value, line) if isinstance(value, dict) else _Entry(row, None, line)


def _array(stream: TextIO) -> Iterator[_Entry]:
    """The objects after the opening bracket. What is no JSON ends it: nothing says where to go on."""
    decoder = json.JSONDecoder()
    buffer, row, ended = "", 1, False
    while True:
        buffer = buffer.lstrip(" \t\r\n,\0")
        if buffer.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(buffer)
        except RecursionError:
            yield _Entry(row, None, buffer[:200], torn=True)
            return
        except ValueError:
            if ended or len(buffer) > _MOST:
                yield _Entry(
                    row, None, buffer[:200], _CUT if ended else f"objects of at most {_MOST:,} characters", torn=True
                )
                return
            more = stream.read(max(_BLOCK, len(buffer)))
            ended = not more
            buffer += more
            continue
        text, buffer = buffer[:end], buffer[end:]
        yield _Entry(row, value if isinstance(value, dict) and BAD not in text else None, text)
        row += 1
