"""WooCommerce's product CSV: products, and their variations anywhere in the file."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import FeedError, FieldError
from .cells import path_of, plain_amount, shown_prices
from .delimited import Delimited
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .html_text import one_line, plain_text
from .prices import parse_price
from .records import Record
from .stock import parse_flag, parse_stock
from .variants import variant_id, with_variants
from .vocabulary import key

_MEASURE = re.compile(r"(Weight|Length|Width|Height) \(([^)]+)\)", re.I)
_ATTRIBUTE = re.compile(r"Attribute (\d+) name", re.I)


class WooFeed(FileFeed):
    """A product export, read twice: first its variations go to a temporary database, by parent; then each product is
    given with its own, wherever they stand.

    Not published are drafts, private products and those hidden from catalogue and search. A variation whose parent is
    not in the file, or with a bad value, is a `BadRow`; the latter takes its whole product along, for half a product
    would be sold wrongly. For the same reason a file that is cut off gives no variable product. Options that no
    variation settles ("any size") stay the product's attributes. A sale price counts while its dates last, measured
    when the feed is read.
    """

    format = "woocommerce"

    def __init__(self, path: Path, source: Delimited, settings: Settings) -> None:
        super().__init__(path, settings, source.encoding)
        self._source = source
        self._at = {key(column): at for at, column in reversed(list(enumerate(source.columns)))}
        for name in ("id", "name"):
            if name not in self._at:
                raise FeedError(
                    f"{path}: wanted a WooCommerce file with a column {name!r}, got {source.columns}; use format='csv'"
                )
        self._measures = {
            at: match for at, column in enumerate(source.columns) if (match := _MEASURE.fullmatch(column))
        }
        numbers = [match[1] for column in source.columns if (match := _ATTRIBUTE.fullmatch(column))]
        self._attributes = [
            (self._at[f"attribute{n}name"], self._at.get(f"attribute{n}value", self._at.get(f"attribute{n}values")))
            for n in numbers
        ]
        source.last_matters = not source.columns[-1].startswith(("Meta: ", "Download "))

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        now = datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix="shelfwise-") as folder, closing(_Spool(Path(folder))) as spool:
            torn = self._spool(spool)
            for record in self._source:
                if record.wanted:
                    self.complete = self.complete and not record.torn
                    yield record.bad()
                elif torn and self._has_type(record, "variable"):
                    wanted = "a file that is not cut off: variations of this product may be missing"
                    yield BadRow(record.row, "Type", "'variable'", wanted, self._id(record))
                elif not self._is_variation(record):
                    yield self._product(record, spool.of(self._names(record)), now)
                elif not spool.has_parent(self._get(record, "parent")):
                    parent = self._get(record, "parent")
                    yield BadRow(
                        record.row, "Parent", repr(parent), "the id or SKU of a product in this feed", self._id(record)
                    )

    def _spool(self, spool: _Spool) -> bool:
        """Fill the spool; whether the file is cut off."""
        torn = False
        for record in self._source:
            if record.wanted:
                torn = torn or record.torn
                continue
            if self._is_variation(record):
                spool.add(self._get(record, "parent"), record)
            else:
                spool.add_parent(self._names(record))
        spool.end()
        return torn

    def _get(self, record: Record, name: str) -> str:
        at = self._at.get(name)
        return "" if at is None else record.fields[at].strip()

    def _id(self, record: Record) -> str:
        return self._get(record, "id") or self._get(record, "sku")

    def _names(self, record: Record) -> list[str]:
        """What a variation may call this product."""
        id, sku = self._get(record, "id"), self._get(record, "sku")
        return [name for name in (f"id:{id}" if id else "", sku) if name]

    def _is_variation(self, record: Record) -> bool:
        return self._has_type(record, "variation")

    def _has_type(self, record: Record, type: str) -> bool:
        return type in [part.strip() for part in self._get(record, "type").lower().split(",")]

    def _product(self, record: Record, variations: list[Record], now: datetime) -> FeedRow | BadRow | None:
        id = self._id(record)
        row = record.row
        try:
            if not self._shown(record):
                return None
            if not id:
                raise FieldError("id", "", "an id or a SKU that is not empty")
            made: dict[str, Any] = {"id": id, **self._texts(record)}
            variants = []
            for each in variations:
                row = each.row
                if self._shown(each):
                    variants.append(self._variation(id, each, now))
            own = self._options(record)
            settled = {name for name in own if variants and all(name in each.get("options", {}) for each in variants)}
            attributes = {name: values for name, values in own.items() if name not in settled} | self._measured(record)
            row = record.row
            made |= {"attributes": attributes} if attributes else {}
            made |= with_variants(id, variants or [self._sold(record, now)])
        except FieldError as error:
            return BadRow(row, error.field, error.value, error.wanted, id)
        return FeedRow(record.row, made)

    def _shown(self, record: Record) -> bool:
        published = self._get(record, "published")
        return (not published or parse_flag(published, "Published")) and self._get(
            record, "visibilityincatalog"
        ) != "hidden"

    def _texts(self, record: Record) -> dict[str, Any]:
        title = one_line(self._get(record, "name"))
        if not title:
            raise FieldError("title", "", "a title that is not empty")
        short, long = (
            plain_text(self._get(record, name).replace("\\n", "\n")) for name in ("shortdescription", "description")
        )
        made: dict[str, Any] = {
            "title": title,
            "description": long if short in long else f"{short}\n{long}".strip(),
            "brand": next(iter(_several(self._get(record, "brands"))), ""),
            "category": [path_of(path) for path in _several(self._get(record, "categories"))],
            "tags": _several(self._get(record, "tags")),
            "url": self._get(record, "externalurl") or self._get(record, "permalink"),
            "image": self._image(record),
        }
        return {name: value for name, value in made.items() if value}

    def _image(self, record: Record) -> str:
        return next(iter(_several(self._get(record, "images"))), "")

    def _options(self, record: Record) -> dict[str, list[str]]:
        made: dict[str, list[str]] = {}
        for name_at, value_at in self._attributes:
            name = one_line(record.fields[name_at])
            values = _several(record.fields[value_at]) if value_at is not None else []
            if name and values:
                made[name] = values
        return made

    def _measured(self, record: Record) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for at, match in self._measures.items():
            if (amount := plain_amount(record.fields[at])) is not None and amount.is_finite():
                made[match[1]] = {"value": float(amount), "unit": match[2]}
        return made

    def _variation(self, product: str, record: Record, now: datetime) -> dict[str, Any]:
        options = {name: values[0] for name, values in self._options(record).items()}
        id = self._id(record) or variant_id(product, options)
        made = {"id": id, **self._sold(record, now), "options": options, "image": self._image(record)}
        return {name: value for name, value in made.items() if value not in ("", {})}

    def _sold(self, record: Record, now: datetime) -> dict[str, Any]:
        made: dict[str, Any] = {}
        currency = self._settings.currency
        regular, sale = self._get(record, "regularprice"), self._get(record, "saleprice")
        if regular:
            made["price"], currency = _price(regular, currency, "Regular price")
        if sale and self._in_effect(record, now):
            made["list_price"] = made.get("price")
            made["price"], currency = _price(sale, currency, "Sale price")
        made = shown_prices(made)
        if made and currency:
            made["currency"] = currency
        made |= {
            "stock": self._stock(record),
            "sku": self._get(record, "sku"),
            "gtin": self._get(record, "gtinupceanorisbn"),
        }
        return {name: value for name, value in made.items() if value not in ("", None)}

    def _in_effect(self, record: Record, now: datetime) -> bool:
        starts, ends = self._get(record, "datesalepricestarts"), self._get(record, "datesalepriceends")
        return (not starts or _moment(starts, "00:00:00") <= now) and (not ends or now <= _moment(ends, "23:59:59"))

    def _stock(self, record: Record) -> int | None:
        stated, counted = self._get(record, "instock").lower(), self._get(record, "stock")
        if self._get(record, "backordersallowed").lower() in {"1", "yes", "notify"} or stated == "backorder":
            return None
        if (
            stated
            and stated not in {"instock", "in stock"}
            and not parse_flag("0" if stated == "outofstock" else stated, "In stock?")
        ):
            return 0
        return parse_stock(counted) if counted and counted != "parent" else None

    def size_hint(self) -> int | None:
        """About how many products there are, by the share of variations in the first rows."""
        rows = self._source.size_hint()
        sample = [record for record, _ in zip(self._source, range(500), strict=False) if not record.wanted]
        products = sum(not self._is_variation(record) for record in sample)
        return rows and round(rows * products / max(1, len(sample)))


def _price(text: str, currency: str, field: str) -> tuple[Any, str]:
    amount, named = parse_price(text, currency, field)
    return amount, named or currency


def _moment(text: str, time: str) -> datetime:
    """A date of the shop (its zone is not in the file: UTC), at this time where it has none."""
    try:
        found = datetime.fromisoformat(text if ":" in text else f"{text} {time}")
    except ValueError:
        raise FieldError("sale price date", text, "a date such as 2026-03-01") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _several(text: str) -> list[str]:
    """Values separated by commas; a comma within one is written "\\,"."""
    return [value for part in re.split(r"(?<!\\),", text) if (value := one_line(part.replace("\\,", ",")))]


class _Spool:
    """Variations on disk, by what they call their parent."""

    def __init__(self, folder: Path) -> None:
        self._sql = sqlite3.connect(folder / "variations.db", isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "CREATE TABLE variations (parent TEXT, row INTEGER, fields TEXT)",
            "CREATE TABLE parents (name TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            self._sql.execute(statement)

    def add(self, parent: str, record: Record) -> None:
        self._sql.execute("INSERT INTO variations VALUES (?, ?, ?)", (parent, record.row, json.dumps(record.fields)))

    def add_parent(self, names: list[str]) -> None:
        self._sql.executemany("INSERT OR IGNORE INTO parents VALUES (?)", [(name,) for name in names])

    def end(self) -> None:
        """All have been added."""
        self._sql.execute("CREATE INDEX by_parent ON variations (parent)")
        self._sql.execute("COMMIT")

    def of(self, names: list[str]) -> list[Record]:
        """The variations of the product with these names, in the file's order."""
        marks = ", ".join("?" * len(names))
        found = self._sql.execute(f"SELECT row, fields FROM variations WHERE parent IN ({marks}) ORDER BY row", names)
        return [Record(row, json.loads(fields)) for row, fields in found]

    def has_parent(self, name: str) -> bool:
        return self._sql.execute("SELECT 1 FROM parents WHERE name = ?", (name,)).fetchone() is not None

    def close(self) -> None:
        self._sql.close()
