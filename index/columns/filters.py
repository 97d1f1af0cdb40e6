"""Filters: what a request demands of a product, as small values that compare by content."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ..errors import FieldError, FilterError
from ..money import price_of
from ..product_parts import PATH_SEPARATOR, number_text

MOST_VALUES = 10_000
PRICE_FIELDS = ("price",)
DATE_FIELDS = ("added",)
# Fields that every product has; any other name is an attribute or an option.
BUILT_IN = ("id", "brand", "category", "tags", "price", "in_stock", "added", "sku", "gtin")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field has one of these codes."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Under:
    """The product lies in one of these categories or below."""

    field: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The field's number lies between `low` and `high`, both included; None leaves an end open."""

    field: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PriceRange:
    """The price in the request's context lies between, both included."""

    low: Decimal | None
    high: Decimal | None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            end = getattr(self, name)
            object.__setattr__(self, name, None if end is None else _price("price", end))


@dataclass(frozen=True, slots=True)
class InStock:
    """At least one piece is there (or nobody counts); `wanted` False asks for what is sold out."""

    wanted: bool

    def __post_init__(self) -> None:
        if not isinstance(self.wanted, bool):
            raise FilterError(f"filter in_stock: wanted True or False, got {self.wanted!r:.80}")


@dataclass(frozen=True, slots=True)
class Not:
    """The inner filter does not hold."""

    inner: Filter


Filter = AnyOf | Under | Range | PriceRange | InStock | Not
Filters = tuple[Filter, ...]


def parse_filters(given: Mapping[str, Any] | Iterable[Filter] | None) -> Filters:
    """The filters of a request, checked; raises `FilterError`.

    A mapping says field: value. A text or number is that value, a list any of them, a pair `(low, high)` a range with
    None for an open end (for a price also "20..80"), True or False what it says, `{"not": value}` the opposite.
    "category" takes a path and means it and all below. Filter objects pass as they are. All filters must hold, those on
    variants for the same variant.
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple(_parse(str(name), value) for name, value in given.items())
    filters = tuple(given) if isinstance(given, Iterable) else (given,)
    for each in filters:
        while isinstance(each, Not):
            each = each.inner
        if not isinstance(each, Filter):
            raise FilterError(
                f"filters: wanted a mapping of field to value, or filter objects, got {type(each).__name__}"
            )
    return filters


def _parse(field: str, value: Any) -> Filter:
    if isinstance(value, Mapping):
        if set(value) != {"not"}:
            raise FilterError(
                f"filter {field}: wanted a value, a list, a (low, high) pair or {{'not': value}}, got "
                f"{dict(value)!r:.80}"
            )
        return Not(_parse(field, value["not"]))
    if field == "in_stock":
        if value in ("true", "false"):  # as a facet's codes and a page's address say it
            value = value == "true"
        if not isinstance(value, bool):
            raise FilterError(f"filter in_stock: wanted True or False, got {value!r:.80}")
        return InStock(value)
    if field in PRICE_FIELDS:
        return PriceRange(*_ends(field, value, _price))
    if field in DATE_FIELDS:
        return Range(field, *_ends(field, value, _timestamp))
    if _is_range(value):
        return Range(field, *_ends(field, value, _number))
    values = tuple(dict.fromkeys(_code(field, each) for each in _as_list(value)))
    if not values:
        raise FilterError(
            f"filter {field}: wanted at least one value, got an empty list; leave the filter out to allow all"
        )
    if len(values) > MOST_VALUES:
        raise FilterError(
            f"filter {field}: wanted at most {MOST_VALUES:,} values, got {len(values):,}; narrow it by a "
            "category or an attribute"
        )
    if field == "category":
        return Under(field, tuple(PATH_SEPARATOR.join(level.strip() for level in path.split(">")) for path in values))
    return AnyOf(field, values)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _is_range(value: Any) -> bool:
    """A pair of numbers or None with at least one None, or a tuple of two numbers; lists are always sets of values."""
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    return all(end is None or (isinstance(end, (int, float, Decimal)) and not isinstance(end, bool)) for end in value)


def _ends(field: str, value: Any, convert: Any) -> tuple[Any, Any]:
    if isinstance(value, str) and ".." in value:  # the code of a price facet's bucket
        value = tuple(end.strip() or None for end in value.split(".."))
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise FilterError(f"filter {field}: wanted a range (low, high) with None for an open end, got {value!r:.80}")
    low, high = (None if end is None else convert(field, end) for end in value)
    if low is not None and high is not None and low > high:
        raise FilterError(f"filter {field}: wanted low <= high, got ({value[0]}, {value[1]}); swap them")
    return low, high


def _price(field: str, value: Any) -> Decimal:
    try:
        return price_of(value, field)
    except FieldError as error:
        raise FilterError(f"filter {error}") from None


def _number(field: str, value: Any) -> float:
    try:
        number = float(value)
    except (OverflowError, ValueError):  # an integer of 400 digits, a Decimal's signalling NaN
        number = math.nan
    if math.isnan(number):
        raise FilterError(f"filter {field}: wanted a number, got {value!r:.80}")
    return number


def _timestamp(field: str, value: Any) -> float:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise FilterError(f"filter {field}: wanted a date such as 2026-03-01, got {value!r:.80}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise FilterError(f"filter {field}: wanted a date such as 2026-03-01, got {value!r:.80}")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _code(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)) and math.isfinite(number := _number(field, value)):
        return number_text(number)
    if isinstance(value, str) and value.strip():
        return " ".join(value.split())
    raise FilterError(f"filter {field}: wanted a text, a number, True or False, got {value!r:.80}")
