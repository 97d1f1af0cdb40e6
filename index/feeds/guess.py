"""Which column means what: guessed from names first, then from the first rows' values, and shown to the caller."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..errors import FieldError
from .stock import parse_flag
from .vocabulary import ATTRIBUTES, NAMES, NOISE, ORDERS, QUANTITIES, currency_in, key, keys, snake

Sample = Sequence[Mapping[str, str]]

_LOCALISED = re.compile(r"^(.+?)[_. \-\[(]+([a-z]{2}(?:[-_][A-Za-z]{2})?)[\])]?$")
_LANGUAGES = set("en de fr zh es it nl pt pl sv da no fi cs ja ko ru tr ar he hu el ro uk vi th".split())
_IMAGE = re.compile(r"\.(jpe?g|png|gif|webp|avif|bmp)(\?|$)", re.I)
_LONGEST_CODE = 40


def guess_mapping(columns: Sequence[str], sample: Sample) -> dict[str, str]:
    """Every column with the field that it fills; "" for one that is left out.

    Fields are those of `Product`, and `attributes.NAME`, `title.LOCALE`, `description.LOCALE`, `availability`,
    `published`, `deleted`. A column that is no field of ours becomes an attribute when its name is a property's
    (colour, size, season, …) or when its values are short texts that repeat; ids, flags, counters, dates and addresses
    are left out.
    """
    return _Guess(columns, sample).mapping


def is_whole(values: Iterable[str]) -> bool:
    """Whether all values are whole numbers."""
    return all(re.fullmatch(r"-?\d+(\.0+)?", value) for value in values)


class _Guess:
    def __init__(self, columns: Sequence[str], sample: Sample) -> None:
        self.columns = columns
        self.sample = sample
        self.found: dict[str, str] = {}
        self.by_key: dict[str, str] = {}
        for column in columns:
            self.by_key.setdefault(key(column), column)
            if currency_in(column) and len(column) > 3:
                self.by_key.setdefault(key(re.sub(r"[\W_]+(in[\W_]+)?[^\W_]+\W*$", "", column)), column)
        self._texts()
        self._prices()
        self._plain()
        self._flags()
        self._rest()
        order = sorted(self.found, key=self._rank)
        self.mapping = {column: self.found[column] for column in order}

    def values(self, column: str) -> list[str]:
        return [value for row in self.sample if (value := row.get(column, "").strip())]

    def named(self, field: str) -> list[str]:
        """The columns not yet taken whose names mean the field, best first."""
        each = (self.by_key[name] for name in keys(NAMES[field]) if name in self.by_key)
        return [column for column in dict.fromkeys(each) if column not in self.found]

    def take(self, field: str, names: str = "", most: int = 1) -> list[str]:
        taken = self.named(names or field)[:most]
        self.found |= dict.fromkeys(taken, field)
        return taken

    def _rank(self, column: str) -> tuple[int, int]:
        """File order, but categories from the top down and short descriptions before long ones."""
        field = self.found[column]
        alike = [each for each in self.found if self.found[each] == field]
        if field in {"category", "description"} and len(alike) > 1:
            return (min(self.columns.index(each) for each in alike), alike.index(column))
        return (self.columns.index(column), 0)

    def _texts(self) -> None:
        self.take("id")
        self._localised()
        if "title" not in self.found.values() and not any(each.startswith("title.") for each in self.found.values()):
            # A price list often has no name but a description, which is one.
            self.take("title") or self.take("title", "description")
        self.take("description", most=3)
        for field, names in (
            ("category", "category"),
            ("category", "subcategory"),
            ("category", "type"),
            ("brand", "brand"),
        ):
            for column in self.named(names)[:1]:
                # Bare numbers are ids of another table: nothing that a shopper would type or read.
                self.found[column] = "" if self.values(column) and is_whole(self.values(column)) else field

    def _localised(self) -> None:
        for column in self.columns:
            match = _LOCALISED.match(column)
            if match is None or match[2].split("-")[0].split("_")[0] not in _LANGUAGES or column in self.found:
                continue
            for field in ("title", "description"):
                if key(match[1]) in keys(NAMES[field]):
                    self.found[column] = f"{field}.{match[2].replace('_', '-')}"

    def _prices(self) -> None:
        sale = self.take("price", "sale")
        if sale:
            self.take("list_price", "price") or self.take("list_price")
        elif self.take("price"):
            self.take("list_price") or self.take("list_price", "price")
        else:
            self.take("price", "list_price")

    def _plain(self) -> None:
        for field in ("sku", "gtin", "tags", "slug", "url", "image", "currency", "stock", "availability"):
            self.take(field)
        orders = set(keys(ORDERS)) & set(self.by_key)
        for name in keys(QUANTITIES):
            column = self.by_key.get(name)
            if column and column not in self.found:
                counted = is_whole(self.values(column))
                # How many an order took is no property of the product; "12 pcs" is, and a number alone is stock.
                taken = "stock" in self.found.values()
                self.found[column] = (
                    "" if orders or (counted and taken) else "stock" if counted else f"attributes.{column}"
                )

    def _flags(self) -> None:
        for field in ("published", "deleted"):
            for column in self.named(field)[:1]:
                self.found[column] = field if self.values(column) and all(map(_is_flag, self.values(column))) else ""
        for column in self.named("added")[:1]:
            self.found[column] = "added" if all(map(_is_date, self.values(column))) else ""

    def _rest(self) -> None:
        known = set(keys(ATTRIBUTES))
        ordered = bool(set(keys(ORDERS)) & set(self.by_key))
        for column in self.columns:
            if column in self.found:
                continue
            values = self.values(column)
            if values and all(value.startswith(("http://", "https://", "//")) for value in values):
                image = all(_IMAGE.search(value) for value in values) and "image" not in self.found.values()
                self.found[column] = "image" if image else ""
            elif key(column) in known:
                self.found[column] = f"attributes.{column}"
            else:
                # Beside an order's number stand the order's properties, not the product's.
                useful = not ordered and not NOISE.search(snake(column)) and _is_categorical(values)
                taken = any(key(column) in keys(NAMES[field]) for field in NAMES)
                self.found[column] = f"attributes.{column}" if useful and not taken else ""


def _is_categorical(values: list[str]) -> bool:
    """Short texts, not numbers, that repeat (in a handful of rows nothing repeats, and short ones count)."""
    if not values or any(len(value) > _LONGEST_CODE or "\n" in value or value[0] in "[{<" for value in values):
        return False
    if all(re.fullmatch(r"[-+]?[\d.,:/ -]+(T[\d:.]+Z?)?", value) for value in values):
        return False
    return len(values) < 20 or len(set(values)) <= len(values) / 2


def _is_flag(value: str) -> bool:
    try:
        parse_flag(value, "")
    except FieldError:
        return False
    return True


def _is_date(value: str) -> bool:
    return bool(re.match(r"\d{4}-\d\d-\d\d", value))
