"""From what a developer types, `{"price": (None, 80)}`, to filters that are checked and have one form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from ..errors import FilterError
from ..money import DECIMALS
from ..product_parts import PATH_SEPARATOR, number_text
from .filters import (
    MOST_NEGATIONS,
    MOST_VALUES,
    AnyOf,
    DateRange,
    Filter,
    Filters,
    InStock,
    Plain,
    PriceRange,
    Range,
    Under,
    filter_price,
    unwrapped,
    wrapped,
)
from .readings import convert, end_of, factor, read_moment, read_number, start_of

T = TypeVar("T", float, datetime, Decimal)
DOTS = ".."
SMALLEST_PRICE = Decimal(1).scaleb(-DECIMALS)


def parse_filters(given: Mapping[str, Any] | Iterable[Filter] | None) -> Filters:
    """The filters of a request, checked; raises `FilterError`.

    A mapping says field: value. A text or number is that value, a list any of them, a pair `(low, high)` of numbers or
    dates a range with None for an open end (also "20..80", "20cm..30cm", "2026-01-01..", and "20..<30" without its
    end), True or False what it says, `{"not": value}` the opposite. "category" takes a path and means it and all below.
    Filter objects are checked and put into the form that a mapping gives. All filters must hold, those on variants for
    the same variant.
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple(_parse(str(name), value) for name, value in given.items())
    filters = tuple(given) if isinstance(given, Iterable) else (given,)
    return tuple(_checked(each) for each in filters)


def _checked(each: Filter) -> Filter:
    inner, negations = unwrapped(each)
    if not isinstance(inner, Plain):
        raise FilterError(f"filters: wanted a mapping of field to value, or filter objects, got {type(inner).__name__}")
    name = getattr(inner, "field", "")
    _check_depth(name, negations)
    if isinstance(inner, PriceRange):
        inner = PriceRange(*_in_order("price", inner.low, inner.high))
    elif not isinstance(inner, InStock):
        _check_name(name)
        inner = _checked_on_field(inner)
    return wrapped(inner, negations)


def _checked_on_field(inner: AnyOf | Under | Range | DateRange) -> Plain:
    name = inner.field
    if isinstance(inner, (AnyOf, Under)):
        values = inner.values if isinstance(inner, AnyOf) else inner.paths
        if isinstance(values, str):
            raise FilterError(f"filter {name}: wanted a tuple of values, got the text {values!r:.80}")
        if name in ("price", "in_stock", "added"):
            wanted = {"price": "PriceRange", "in_stock": "InStock", "added": "a range of dates"}[name]
            raise FilterError(f"filter {name}: wanted {wanted}, got {type(inner).__name__}")
        return _values(name, list(values))
    if isinstance(inner, DateRange):
        if inner.low is None and inner.high is None and name != "added":
            raise FilterError(f"filter {name}: wanted a range of dates with at least one end")
        return DateRange(name, *_in_order(name, _moment(name, inner.low), _moment(name, inner.high)))
    if name == "added":
        try:
            ends = [None if end is None else datetime.fromtimestamp(end, UTC) for end in (inner.low, inner.high)]
        except (ValueError, OverflowError, OSError, TypeError):
            raise FilterError(f"filter added: wanted a range of dates, got {inner.low!r} to {inner.high!r}") from None
        return DateRange(name, *_in_order(name, ends[0], ends[1]))
    if name == "price":
        return PriceRange(*_in_order(name, *(None if end is None else filter_price(end) for end in _both(inner))))
    return _range(name, inner.low, inner.high, inner.unit, inner.below)


def _both(inner: Range) -> tuple[float | None, float | None]:
    return inner.low, inner.high


def _check_name(field: object) -> None:
    if not isinstance(field, str) or not field.strip():
        raise FilterError(f"filter {field!r:.80}: wanted the name of a field")


def _check_depth(field: str, negations: int) -> None:
    if negations > MOST_NEGATIONS:
        raise FilterError(f"filter {field}: wanted at most {MOST_NEGATIONS} negations of each other, got {negations}")


def _parse(field: str, value: Any) -> Filter:
    _check_name(field)
    negations = 0
    while isinstance(value, Mapping):
        if set(value) != {"not"}:
            raise FilterError(
                f"filter {field}: wanted a value, a list, a (low, high) pair or {{'not': value}}, got "
                f"{dict(value)!r:.80}"
            )
        value, negations = value["not"], negations + 1
    _check_depth(field, negations)
    return wrapped(_plain(field, value), negations)


def _plain(field: str, value: Any) -> Plain:
    if field == "in_stock":
        if value in ("true", "false"):  # as a facet's codes and a page's address say it
            value = value == "true"
        return InStock(value)
    if field == "price":
        return _price_range(value)
    if field == "added":
        return _date_range(field, value)
    if isinstance(value, str) and (made := range_in_text(field, value)) is not None:
        return made
    if isinstance(value, date):
        return _date_range(field, value)
    if isinstance(value, tuple) and len(value) == 2:
        ends = [end for end in value if end is not None]
        if all(isinstance(end, (int, float, Decimal)) and not isinstance(end, bool) for end in ends):
            return _range(field, *value)
        if all(isinstance(end, date) for end in ends):
            return _date_range(field, value)
        # Two texts are a range if they are dates; else they are two values, "40" and "41" of a size say.
        if ends and all(isinstance(end, str) and (len(ends) == 1 or read_moment(end)) for end in ends):
            made = range_in_text(field, DOTS.join(end or "" for end in value))
            if made is not None:
                return made
    return _values(field, value)


def _values(field: str, value: Any) -> AnyOf | Under:
    listed = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    if not listed:
        raise FilterError(
            f"filter {field}: wanted at least one value, got an empty list; leave the filter out to allow all"
        )
    distinct: dict[str, None] = {}
    for each in listed:
        distinct[_code(field, each)] = None
        if len(distinct) > MOST_VALUES:  # before a million of them are read
            raise FilterError(
                f"filter {field}: wanted at most {MOST_VALUES:,} values, got {len(listed):,}; narrow it by a "
                "category or an attribute"
            )
    values = tuple(distinct)
    if field == "category":
        return Under(field, tuple(PATH_SEPARATOR.join(level.strip() for level in path.split(">")) for path in values))
    return AnyOf(field, values)


def _code(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)) and math.isfinite(number := _number(field, value)):
        return number_text(number)
    if isinstance(value, str) and value.strip():
        return " ".join(value.split())
    raise FilterError(f"filter {field}: wanted a text, a number, True or False, got {value!r:.80}")


# ---- ranges ------------------------------------------------------------------------------------------------------


def range_in_text(field: str, text: str) -> Range | DateRange | None:
    """The range that "20..80", "..30cm", "20..<30" or "2026-01-01.." says; None for any other text.

    Raises `FilterError` for one that has a number or date on one side of the dots alone.
    """
    first, dots, last = text.partition(DOTS)
    if not dots:
        return None
    first, last = first.strip(), last.strip()
    below = last.startswith("<")
    last = last.removeprefix("<").strip()
    numbers = [read_number(end) for end in (first, last)]
    moments = [read_moment(first), read_moment(last, end=True)]
    if (first or last) and not any([*numbers, *moments]):
        return None  # dots in a name
    if all(number or not end for number, end in zip(numbers, (first, last), strict=True)):
        units = list(dict.fromkeys(number[1] for number in numbers if number and number[1]))
        low, high = (None if number is None else number[0] for number in numbers)
        if len(units) > 1 and low is not None and high is not None:
            times = factor(units[1], units[0])
            if times is None:
                raise FilterError(f"filter {field}: wanted both ends in units that compare, got {text!r:.80}")
            high = convert(high, times)
        return _range(field, low, high, units[0] if units else "", below and bool(last))
    if all(moment or not end for moment, end in zip(moments, (first, last), strict=True)) and not below:
        return DateRange(field, *_in_order(field, *moments))
    raise FilterError(
        f"filter {field}: wanted numbers or dates on both sides of the dots, got {text!r:.80}; write 20..80, or a list "
        "of values where the dots belong to one"
    )


def _range(field: str, low: Any, high: Any, unit: str = "", below: bool = False) -> Range:
    ends = [None if end is None else _number(field, end) for end in (low, high)]
    for at, open_end in enumerate((-math.inf, math.inf)):
        if ends[at] == open_end:
            ends[at] = None
        elif ends[at] == -open_end:
            raise FilterError(f"filter {field}: wanted a range, got ({low}, {high}); None leaves an end open")
    if ends == [None, None]:
        unit = ""
    elif unit:
        read = read_number(f"1 {unit}") if isinstance(unit, str) else None
        if read is None:
            raise FilterError(f"filter {field}: wanted a unit such as 'cm', got {unit!r:.80}")
        unit = read[1]
    below = bool(below) and ends[1] is not None
    if below and ends[0] == ends[1]:
        raise FilterError(f"filter {field}: wanted low < high where the end is left out, got ({low}, {high})")
    return Range(field, *_in_order(field, ends[0], ends[1]), unit, below)


def _price_range(value: Any) -> PriceRange:
    below = False
    if isinstance(value, str) and DOTS in value:
        first, _, last = (part.strip() for part in value.partition(DOTS))
        below = last.startswith("<")
        value = (first or None, last.removeprefix("<").strip() or None)
    low, high = (None if end is None else filter_price(end) for end in _pair("price", value))
    if below and high is not None:
        high -= SMALLEST_PRICE
        if high < 0 or (low is not None and low > high):
            raise FilterError(f"filter price: wanted low < high where the end is left out, got {value[0]}..<{value[1]}")
    return PriceRange(*_in_order("price", low, high))


def _date_range(field: str, value: Any) -> DateRange:
    if isinstance(value, str) and DOTS in value:
        value = tuple(part.strip() or None for part in value.split(DOTS))
    low, high = _pair(field, value)
    return DateRange(field, *_in_order(field, _moment(field, low), _moment(field, high, end=True)))


def _pair(field: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise FilterError(f"filter {field}: wanted a range (low, high) with None for an open end, got {value!r:.80}")
    return value[0], value[1]


def _in_order(field: str, low: T | None, high: T | None) -> tuple[T | None, T | None]:
    if low is not None and high is not None and low > high:
        raise FilterError(f"filter {field}: wanted low <= high, got ({_shown(low)}, {_shown(high)}); swap them")
    return low, high


def _shown(end: object) -> str:
    if isinstance(end, datetime):
        return str(end.date())
    return number_text(end) if isinstance(end, float) and abs(end) < 1e15 else str(end)


def _number(field: str, value: Any) -> float:
    try:
        number = float(value)
    except (OverflowError, ValueError, TypeError):  # an integer of 400 digits, a Decimal's signalling NaN
        number = math.nan
    if math.isnan(number):
        raise FilterError(f"filter {field}: wanted a number, got {value!r:.80}")
    return number


def _moment(field: str, value: Any, end: bool = False) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = read_moment(value.strip(), end=end) or value
    elif isinstance(value, datetime):
        try:
            value = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        except OverflowError:
            value = value.isoformat()
    elif isinstance(value, date):
        value = end_of(value) if end else start_of(value)
    if not isinstance(value, datetime):
        raise FilterError(f"filter {field}: wanted a date such as 2026-03-01, got {value!r:.80}")
    return value
