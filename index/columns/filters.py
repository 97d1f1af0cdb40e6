"""Filters: what a request demands of a product, as small values that compare by content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..errors import FieldError, FilterError
from ..money import price_of

MOST_VALUES = 10_000
MOST_NEGATIONS = 16  # of each other
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
    unit: str = ""  # of both ends; "" for the unit that most of the field's values are in
    below: bool = False  # whether `high` itself is left out


@dataclass(frozen=True, slots=True)
class DateRange:
    """The field's date lies between, both included; None leaves an end open. Both ends have a time zone."""

    field: str
    low: datetime | None
    high: datetime | None


@dataclass(frozen=True, slots=True)
class PriceRange:
    """The price in the request's context lies between, both included."""

    low: Decimal | None
    high: Decimal | None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            end = getattr(self, name)
            object.__setattr__(self, name, None if end is None else filter_price(end))


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


Plain = AnyOf | Under | Range | DateRange | PriceRange | InStock
Filter = Plain | Not
Filters = tuple[Filter, ...]


def filter_price(value: object) -> Decimal:
    """A price that a filter names; raises `FilterError`."""
    try:
        return price_of(value)
    except FieldError as error:
        raise FilterError(f"filter {error}") from None


def unwrapped(each: Filter) -> tuple[Plain, int]:
    """What a filter says, and how many times that is negated."""
    negations = 0
    while isinstance(each, Not):
        each = each.inner
        negations += 1
    return each, negations


def wrapped(inner: Filter, negations: int) -> Filter:
    """The filter negated so many times."""
    for _ in range(negations):
        inner = Not(inner)
    return inner


def field_of(each: Filter) -> str:
    """The field that a filter asks."""
    inner, _ = unwrapped(each)
    if isinstance(inner, PriceRange):
        return "price"
    return "in_stock" if isinstance(inner, InStock) else inner.field
