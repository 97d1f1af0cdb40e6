"""Google Merchant: what an item means, however it is written; and the tab-separated form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import FeedError, FieldError
from .cells import path_of, shown_prices
from .delimited import Delimited
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .html_text import one_line, plain_text
from .prices import parse_price
from .stock import parse_availability, parse_stock
from .variants import with_variants

_OPTIONS = ("color", "size", "material", "pattern")
_ATTRIBUTES = (*_OPTIONS, "gender", "age_group", "size_type", "size_system", "condition", "energy_efficiency_class")
_MOST_ITEMS = 5_000

Item = Mapping[str, list[str]]
"""An item's values by name without prefix, "image_link" and not "image link"; each may be given several times."""


def item_name(name: str) -> str:
    """ "g:image_link", "Image Link" and "image_link" as "image_link"."""
    return re.sub(r"[\s_]+", "_", name.strip().lower().removeprefix("g:")).strip("_")


@dataclass(frozen=True, slots=True)
class Lost:
    """An item that cannot be read; `torn` when the feed ends in it."""

    bad: BadRow
    torn: bool = False


def products(
    items: Iterable[tuple[int, Item | Lost]], currency: str, now: datetime | None = None
) -> Iterator[FeedRow | BadRow]:
    """Items to products: consecutive items with one item_group_id are the variants of one product, called by the group.

    Items of a group that do not stand together come as several products with the same id, of which an import takes the
    last and reports the others: sort such a feed by item_group_id. Colour, size, material and pattern are the variants'
    options. A sale price counts while its effective date lasts, measured when the feed is read. A bad value in one
    item, an unreadable item within the group or a feed cut off behind it makes the whole group a `BadRow`: half a
    product would be sold wrongly.
    """
    now = now or datetime.now(UTC)
    group: list[tuple[int, Item]] = []
    doubtful = spoiled = False
    for row, item in items:
        if isinstance(item, Lost):
            doubtful = True
            spoiled = spoiled or item.torn
            yield item.bad
            continue
        name = _first(item, "item_group_id")
        if group and (not name or name != _first(group[0][1], "item_group_id") or len(group) >= _MOST_ITEMS):
            yield from _flushed(group, currency, now, spoiled)
            group, spoiled = [], False
        spoiled = spoiled or (doubtful and bool(group))
        doubtful = False
        group.append((row, item))
    yield from _flushed(group, currency, now, spoiled)


def _flushed(group: list[tuple[int, Item]], currency: str, now: datetime, spoiled: bool) -> Iterator[FeedRow | BadRow]:
    if not group:
        return
    row, first = group[0]
    id = _first(first, "item_group_id") or _first(first, "id")
    if spoiled and _first(first, "item_group_id"):
        yield BadRow(row, "item_group_id", repr(id), "a group whose items can all be read", id)
        return
    try:
        if not id:
            raise FieldError("id", "", "an id that is not empty")
        fields = {"id": id, **_texts(first)}
        variants = []
        for at, item in group:
            row = at  # where a bad value stands
            variants.append(_variant(item, currency, now, bool(_first(item, "item_group_id"))))
        made = with_variants(id, variants)
        if "variants" not in made:
            fields["attributes"] = _attributes(first, _ATTRIBUTES)
        yield FeedRow(
            group[0][0], {name: value for name, value in (fields | made).items() if value not in ("", {}, [])}
        )
    except FieldError as error:
        yield BadRow(row, error.field, error.value, error.wanted, id)


def _first(item: Item, name: str) -> str:
    return next((text for value in item.get(name, ()) if (text := value.strip())), "")


def _texts(item: Item) -> dict[str, Any]:
    title = one_line(_first(item, "title"))
    if not title:
        raise FieldError("title", "", "a title that is not empty")
    types = [path_of(one_line(text)) for text in item.get("product_type", ()) if text.strip()]
    # Google's taxonomy also comes as a bare number, which means nothing to a reader.
    taxonomy = [
        path_of(one_line(text))
        for text in item.get("google_product_category", ())
        if text.strip() and not text.strip().isdecimal()
    ]
    return {
        "title": title,
        "description": plain_text(_first(item, "description")),
        "brand": one_line(_first(item, "brand")),
        "category": types or taxonomy,
        "attributes": _attributes(item, _ATTRIBUTES[len(_OPTIONS) :]),
        "url": _first(item, "link"),
        "image": _first(item, "image_link"),
    }


def _attributes(item: Item, names: Iterable[str]) -> dict[str, Any]:
    made = {name: one_line(_first(item, name)) for name in names}
    return {name: value.split("/") if name == "color" else value for name, value in made.items() if value}


def _variant(item: Item, currency: str, now: datetime, grouped: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sku": _first(item, "mpn"),
        "gtin": _first(item, "gtin"),
        **_money(item, currency, now),
        "stock": _stock(item),
    }
    if grouped:
        id = _first(item, "id")
        if not id:
            raise FieldError("id", "", "an id that is not empty")
        made |= {"id": id, "options": _attributes(item, _OPTIONS), "image": _first(item, "image_link")}
    return {name: value for name, value in made.items() if value not in ("", None, {})}


def _money(item: Item, currency: str, now: datetime) -> dict[str, Any]:
    made: dict[str, Any] = {}
    regular, sale = _first(item, "price"), _first(item, "sale_price")
    if regular:
        made["price"], named = parse_price(regular, currency)
        made["currency"] = named or currency
    if sale and _in_effect(_first(item, "sale_price_effective_date"), now):
        made["list_price"] = made.get("price")
        made["price"], named = parse_price(sale, currency, "sale_price")
        made["currency"] = named or made.get("currency") or currency
    return shown_prices(made) | ({"currency": made["currency"]} if made.get("currency") else {})


def _in_effect(dates: str, now: datetime) -> bool:
    """Whether now lies in "start/end"; always without dates."""
    if not dates:
        return True
    start, _, end = dates.partition("/")
    try:
        first, last = (_moment(text) for text in (start, end))
    except ValueError:
        raise FieldError(
            "sale_price_effective_date", dates, "two moments such as 2026-02-24T11:07+0100/2026-02-29T23:07-0800"
        ) from None
    return first <= now < last


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stock(item: Item) -> int | None:
    to_be_had = _first(item, "availability")
    if to_be_had and parse_availability(to_be_had, "availability") == 0:
        return 0
    counted = _first(item, "quantity") or _first(item, "inventory")
    return parse_stock(counted) if counted else None


class GoogleTable(FileFeed):
    """The text form: one item a row, separated by tabs (or commas)."""

    format = "google-tsv"

    def __init__(self, path: Path, source: Delimited, settings: Settings) -> None:
        super().__init__(path, settings, source.encoding)
        self._source = source
        self._names = [item_name(column) for column in source.columns]
        for name in ("id", "title"):
            if name not in self._names:
                raise FeedError(
                    f"{path}: wanted a Google feed with the column {name!r}, got {source.columns}; use format='csv'"
                )

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        yield from products(self._items(), self._settings.currency)

    def _items(self) -> Iterator[tuple[int, Item | Lost]]:
        for record in self._source:
            if record.wanted:
                self.complete = self.complete and not record.torn
                yield record.row, Lost(record.bad(), record.torn)
            else:
                yield (
                    record.row,
                    {name: [value] for name, value in zip(self._names, record.fields, strict=True) if value.strip()},
                )

    def size_hint(self) -> int | None:
        """About how many products there are: runs of one item_group_id, or items."""
        grouped = "item_group_id" in self._names
        return self._source.size_hint([self._names.index("item_group_id" if grouped else "id")])
