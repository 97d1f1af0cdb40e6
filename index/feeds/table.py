"""A row of any table, by the mapping of its columns, to the fields of a product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..context import check_locale
from ..errors import FeedError, FieldError, RequestError
from ..money import currency_of
from ..product_parts import PATH_SEPARATOR
from .cells import amount_of, first_address, path_of, shown_prices, split_list, text_of
from .feed import BadRow, FeedRow
from .guess import guess_mapping
from .html_text import one_line, plain_text
from .prices import decimal_mark
from .stock import parse_availability, parse_flag, parse_stock
from .vocabulary import currency_in

MAPPED = (
    *(
        "id",
        "title",
        "description",
        "brand",
        "category",
        "price",
        "list_price",
        "currency",
        "stock",
        "availability",
        "sku",
        "gtin",
    ),
    *("tags", "slug", "url", "image", "added", "published", "deleted"),
)
"""What a column can be mapped to, besides attributes.NAME, title.LOCALE, description.LOCALE and ""."""


class Table:
    """The meaning of a table's columns: `mapping` as used, and rows by it.

    Several columns may fill `category` (a path, in the mapping's order), `description` (paragraphs), `tags` and `image`
    (the first that is not empty). A blank cell says nothing: the field is left out. `own` are the fields that rows give
    beside the table, by our names; no column is mapped to them.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        sample: Sequence[Mapping[str, Any]],
        mapping: Mapping[str, str] | None,
        *,
        currency: str = "",
        partial: bool = False,
        own: frozenset[str] = frozenset(),
    ) -> None:
        self._path = path
        self._own = own
        self._currency = currency
        texts = [{column: text_of(value) for column, value in row.items()} for row in sample]
        self.mapping = self._complete(columns, guess_mapping(columns, texts), mapping or {}, partial)
        self._by_field: dict[str, list[str]] = {}
        for column, field in self.mapping.items():
            self._by_field.setdefault(field, []).append(column)
        # "1.299" is 1299, but not in a column that also says "12.50".
        self._marks = {
            column: decimal_mark(row[column] for row in texts if row.get(column))
            for column, field in self.mapping.items()
            if field in {"price", "list_price"}
        }
        self._numbers = {
            column
            for column, field in self.mapping.items()
            if field.startswith("attributes.")
            and (values := [row[column].strip() for row in texts if row.get(column, "").strip()])
            and all(map(_is_number, values))
        }

    def row(
        self, number: int, values: Mapping[str, Any], own: Mapping[str, Any] | None = None
    ) -> FeedRow | BadRow | None:
        """The row's product; None for one that is not published."""
        found = self._texts("id", values)
        id = one_line(found[0][1]) if found else text_of((own or {}).get("id")).strip()
        try:
            if not self._published(values):
                return None
            fields = self._fields(id, values)
            if own:
                fields = _merged(fields, own)
        except FieldError as error:
            return BadRow(number, error.field, error.value, error.wanted, id)
        return FeedRow(number, fields)

    # ---- the mapping ---------------------------------------------------------------------------------------------

    def _complete(
        self, columns: Sequence[str], guessed: dict[str, str], given: Mapping[str, str], partial: bool
    ) -> dict[str, str]:
        for column, field in given.items():
            if column not in columns:
                raise FeedError(f"{self._path}: mapping names the column {column!r}; the feed has {_listed(columns)}")
            _check_field(field)
        # A guess gives way to the caller's choice for the same field.
        taken = (set(given.values()) | self._own) - {""}
        kept = {column: "" if field in taken else field for column, field in guessed.items() if column not in given}
        made = {**given, **kept}
        fields = set(made.values()) | self._own
        if "id" not in fields:
            for stand_in in ("sku", "gtin"):
                if stand_in in made.values():
                    made[next(column for column, field in made.items() if field == stand_in)] = "id"
                    break
            else:
                raise self._missing("id", "a column with the products' ids", columns)
        if not partial and not any(field.split(".")[0] == "title" for field in fields):
            raise self._missing("title", "a column with the products' titles", columns)
        return made

    def _missing(self, field: str, wanted: str, columns: Sequence[str]) -> FeedError:
        return FeedError(
            f"{self._path}: wanted {wanted}, got {_listed(columns)}; "
            f"say which it is with mapping={{'COLUMN': '{field}'}} (on the command line --map COLUMN={field})"
        )

    # ---- a row ---------------------------------------------------------------------------------------------------

    def _texts(self, field: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(column, text) of the field's columns that are not blank."""
        each = ((column, text_of(values.get(column))) for column in self._by_field.get(field, ()))
        return [(column, text) for column, text in each if text.strip()]

    def _published(self, values: Mapping[str, Any]) -> bool:
        shown = all(parse_flag(text, column) for column, text in self._texts("published", values))
        return shown and not any(_is_deleted(text, column) for column, text in self._texts("deleted", values))

    def _fields(self, id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if not id:
            raise FieldError("id", "", "an id that is not empty")
        made: dict[str, Any] = {"id": id}
        for name, clean in (("title", one_line), ("description", plain_text)):
            text = self._localised(name, values, clean)
            if text:
                made[name] = text
        if "title" not in made and any(field.split(".")[0] == "title" for field in self._by_field):
            raise FieldError("title", "", "a title that is not empty")
        for field in ("brand", "sku", "gtin", "slug", "url"):
            if found := self._texts(field, values):
                made[field] = one_line(found[0][1])
        made |= self._money(values)
        if found := self._texts("image", values):
            made["image"] = first_address(found[0][1])
        if found := self._texts("added", values):
            raw = values[found[0][0]]
            made["added"] = raw if isinstance(raw, datetime) else found[0][1].strip()
        made |= self._lists(values)
        return made

    def _localised(self, name: str, values: Mapping[str, Any], clean: Any) -> str | dict[str, str]:
        plain = [clean(text) for _, text in self._texts(name, values)]
        # A short description often is the beginning of the long one.
        kept = [text for at, text in enumerate(plain) if text and not any(text in other for other in plain[at + 1 :])]
        joined = "\n".join(kept) if name == "description" else next(iter(kept), "")
        by_locale = {"": joined} if joined else {}
        for field in self._by_field:
            if field.startswith(f"{name}.") and (found := self._texts(field, values)) and (text := clean(found[0][1])):
                by_locale[field.partition(".")[2]] = text
        return joined if set(by_locale) <= {""} else by_locale

    def _money(self, values: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        stated = self._texts("currency", values)
        currency = currency_of(stated[0][1]) if stated else ""
        for field in ("price", "list_price"):
            for column, text in self._texts(field, values)[:1]:
                local = currency or currency_in(column)
                made[field], named = amount_of(
                    values[column], text, local or self._currency, field, self._marks[column]
                )
                currency = local or named or currency
        made = shown_prices(made)
        if "price" in made and (currency or self._currency):
            made["currency"] = currency or self._currency
        return made | self._stock(values)

    def _stock(self, values: Mapping[str, Any]) -> dict[str, Any]:
        counted = [parse_stock(text) for _, text in self._texts("stock", values)[:1]]
        to_be_had = [parse_availability(text, "availability") for _, text in self._texts("availability", values)[:1]]
        if 0 in to_be_had:
            return {"stock": 0}
        return {"stock": counted[0]} if counted and counted[0] is not None else {}

    def _lists(self, values: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if found := self._texts("category", values):
            levels = [one_line(text) for _, text in found]
            made["category"] = PATH_SEPARATOR.join(path_of(level) for level in dict.fromkeys(levels))
        if tags := [tag for _, text in self._texts("tags", values) for tag in split_list(text)]:
            made["tags"] = tags
        attributes = {
            field.partition(".")[2]: self._attribute(column, values[column], text)
            for field in self._by_field
            if field.startswith("attributes.")
            for column, text in self._texts(field, values)[:1]
        }
        if attributes:
            made["attributes"] = attributes
        return made

    def _attribute(self, column: str, value: Any, text: str) -> Any:
        if column in self._numbers and _is_number(text.strip()):
            return float(text) if float(text) % 1 else int(float(text))
        if isinstance(value, (list, tuple)):
            return [one_line(text_of(each)) for each in value if text_of(each).strip()]
        return one_line(text)


def _check_field(field: str) -> None:
    base, _, rest = field.partition(".")
    try:
        if field == "" or field in MAPPED or (base == "attributes" and rest):
            return
        if base in {"title", "description"} and rest and check_locale(rest):
            return
    except RequestError as error:
        raise FeedError(f"mapping to {field!r}: {error}") from None
    raise FeedError(
        f"mapping to {field!r}: wanted one of {', '.join(MAPPED)}, attributes.NAME, title.LOCALE, description.LOCALE, "
        "or '' to leave the column out"
    )


def _listed(columns: Iterable[str]) -> str:
    shown = [repr(column[:60]) for column in columns]
    return f"the columns {', '.join(shown[:40])}{' …' if len(shown) > 40 else ''}"


def _merged(fields: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    made = {**fields, **own}
    if isinstance(own.get("attributes"), Mapping) and "attributes" in fields:
        made["attributes"] = {**fields["attributes"], **own["attributes"]}
    return made


def _is_deleted(text: str, column: str) -> bool:
    # "deleted_at" holds a moment, or nothing while the product lives.
    return True if re.match(r"\d{4}-\d\d", text.strip()) else parse_flag(text, column)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d+)?", text) is not None
