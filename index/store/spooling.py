"""Reading what can be read once a second time, without holding it in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from ..feeds import BadRow, FeedRow
from ..product import Product, replace_field


@contextmanager
def replayable(given: Iterable[Any]) -> Iterator[Iterable[Any]]:
    """The same items, as often as one likes: of an iterator, kept in a temporary file without a name.

    Products and rows of feeds are kept there as JSON. Whatever else comes stays in memory, for the importer to refuse.
    """
    if not isinstance(given, Iterator):
        yield given
        return
    with TemporaryFile(prefix="shelfwise-") as file:
        yield _Spooled(file, given)


class _Spooled:
    """The items in a file, one a line; one reader at a time."""

    def __init__(self, file: IO[bytes], items: Iterator[Any]) -> None:
        self._file = file
        self._others: list[Any] = []
        for item in items:
            line = _line(item)
            if line is None:
                line = f"{_OTHER}{len(self._others)}"
                self._others.append(item)
            file.write(line.encode("ascii") + b"\n")

    def __iter__(self) -> Iterator[Any]:
        self._file.seek(0)
        for line in self._file:
            text = line.decode("ascii")
            yield self._others[int(text[1:])] if text[0] == _OTHER else _item(text)


_PRODUCT, _ROW, _BAD, _OTHER = "prbo"  # with what the line of an item begins


def _line(item: object) -> str | None:
    """What `_item` makes this item of again; None where it cannot."""
    try:
        # Not `isinstance`: a subclass is more than what is written here.
        if type(item) is Product:
            return _PRODUCT + _ENCODER.encode([item.locale, item.to_dict()])
        if type(item) is FeedRow:
            line = _ROW + _ENCODER.encode([item.row, dict(item.fields)])
        elif type(item) is BadRow:
            line = _BAD + _ENCODER.encode(astuple(item))
        else:
            return None
        # A row may hold anything; a product was checked when it was made.
        return line if _item(line) == item else None
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError):
        return None


def _item(line: str) -> Product | FeedRow | BadRow:
    if line[0] == _PRODUCT:
        locale, fields = json.loads(line[1:])
        product = Product.from_stored(fields)
        return product if product.locale == locale else replace_field(product, "locale", locale)
    values = _DECODER.decode(line[1:])
    return FeedRow(*values) if line[0] == _ROW else BadRow(*values)


def _plain(value: object) -> dict[str, str]:
    """What readers of feeds give beside JSON's own values."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    raise TypeError


def _whole(fields: dict[str, Any]) -> object:
    """The value that `_plain` wrote."""
    if len(fields) == 1:
        if "decimal" in fields:
            return Decimal(fields["decimal"])
        if "moment" in fields:
            return datetime.fromisoformat(fields["moment"])
    return fields


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)
_DECODER = json.JSONDecoder(object_hook=_whole)
