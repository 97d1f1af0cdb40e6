"""Buckets of equal width with round edges, of numbers, prices and dates; each one is a filter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..money import SCALE

MOST_BUCKETS = 10
CENT = SCALE // 100
# A few values far above the others would squeeze all of those into one bucket; then the last one is open above.
FAR, HIGH_SHARE, FEWEST_FOR_SHARE = 3, 0.98, 20


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket: its code, what a filter takes and leaves just what is counted here, and its label."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets that hold all values, in ascending order, and the bucket of each value."""

    each: tuple[Bucket, ...]
    of: NDArray[np.int64]


def number_buckets(values: NDArray[np.float64], unit: str) -> Buckets:
    """Buckets of numbers; a bucket holds its low end and not its high one."""
    low, high = float(values.min()), _upper(values)
    step, exponent = _round_step((high - low) / MOST_BUCKETS)
    first, last = _index(low, step, exponent), _index(high, step, exponent)
    if last - first >= MOST_BUCKETS:
        step, exponent = _next_step(step, exponent)
        first, last = _index(low, step, exponent), _index(high, step, exponent)
    edges = [float(f"{at * step}e{exponent}") for at in range(first, last + 2)]
    texts = [_plain(edge) for edge in edges]
    shown = f" {unit}" if unit else ""
    made = [Bucket(f"{one}..<{other}{unit}", f"{one} - {other}{shown}") for one, other in pairwise(texts)]
    if values.max() >= edges[-1]:
        made[-1] = Bucket(f"{texts[-2]}{unit}..", f"{texts[-2]}+{shown}")
    return _assigned(made, np.searchsorted(edges, values, side="right") - 1)


def price_buckets(values: NDArray[np.int64]) -> Buckets:
    """Buckets of prices in 1/10,000; both ends are prices that it holds, a cent from the next bucket's."""
    low, high = int(values.min()), int(_upper(values))
    smallest = CENT if not (values % CENT).any() else 1
    step, exponent = _round_step(max((high - low) / MOST_BUCKETS, smallest))
    width = round(step * 10.0**exponent)
    if high // width - low // width >= MOST_BUCKETS:
        step, exponent = _next_step(step, exponent)
        width = round(step * 10.0**exponent)
    starts = range(low // width * width, high // width * width + 1, width)
    made = [Bucket(*_price_texts(start, start + width - smallest)) for start in starts]
    if values.max() >= starts[-1] + width:
        made[-1] = Bucket(f"{_price(starts[-1])}..", f"{_price(starts[-1]):,}+")
    return _assigned(made, np.minimum((values - starts[0]) // width, len(made) - 1))


def date_buckets(values: NDArray[np.float64]) -> Buckets:
    """Buckets of dates in Unix seconds: days, months, years or several years."""
    moments = np.floor(values).astype("datetime64[s]")
    for unit in "DM":
        at = moments.astype(f"datetime64[{unit}]").astype(np.int64)
        if at.max() - at.min() < MOST_BUCKETS:
            made = [_date_bucket(unit, int(each)) for each in range(int(at.min()), int(at.max()) + 1)]
            return _assigned(made, at - at.min())
    years = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    low, high = int(years.min()), int(years.max())
    step, exponent = _round_step(max(1.0, (high - low) / MOST_BUCKETS))
    width = step * 10**exponent
    if high // width - low // width >= MOST_BUCKETS:
        step, exponent = _next_step(step, exponent)
        width = step * 10**exponent
    made = []
    for start in range(low // width * width, high + 1, width):
        first, last = max(start, 1), min(start + width - 1, 9999)
        made.append(Bucket(f"{first:04}-01-01..{last:04}-12-31", f"{first}" if first == last else f"{first} - {last}"))
    return _assigned(made, years // width - low // width)


def moment_of(seconds: float) -> datetime:
    """Unix seconds as a moment."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _upper(values: NDArray[np.float64] | NDArray[np.int64]) -> float:
    """Up to where the buckets are laid out: the highest value, or where the bulk of them ends."""
    low, high = values.min(), values.max()
    if len(values) >= FEWEST_FOR_SHARE:
        at = int(HIGH_SHARE * (len(values) - 1))
        bulk = np.partition(values, at)[at]
        if bulk > low and high - low > FAR * (bulk - low):
            high = bulk
    return float(high)


def _round_step(least: float) -> tuple[int, int]:
    """The smallest round number of at least `least`: 1, 2 or 5, and the power of ten that it is times."""
    exponent = math.floor(math.log10(least)) if least > 0 else 0
    for step in (1, 2, 5):
        if float(f"{step}e{exponent}") >= least:
            return step, exponent
    return 1, exponent + 1


def _next_step(step: int, exponent: int) -> tuple[int, int]:
    return {1: (2, exponent), 2: (5, exponent), 5: (1, exponent + 1)}[step]


def _index(value: float, step: int, exponent: int) -> int:
    """The bucket in which a value lies, counted from zero: exact, where a division of floats may round up."""
    at = math.floor(Decimal(value) / Decimal(step).scaleb(exponent))
    while float(f"{(at + 1) * step}e{exponent}") <= value:
        at += 1
    return at


def _plain(number: float) -> str:
    return repr(number + 0.0).removesuffix(".0")


def _price(units: int) -> Decimal:
    amount = Decimal(units) / SCALE
    cents: Decimal = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount


def _price_texts(low: int, high: int) -> tuple[str, str]:
    return f"{_price(low)}..{_price(high)}", f"{_price(low):,} - {_price(high):,}"


def _date_bucket(unit: str, at: int) -> Bucket:
    if unit == "D":
        text = (date(1970, 1, 1) + timedelta(days=at)).isoformat()
        return Bucket(f"{text}..{text}", text)
    year, month = 1970 + at // 12, at % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) < (9999, 12) else date.max
    end = following - timedelta(days=1) if following != date.max else date.max
    return Bucket(f"{year:04}-{month:02}-01..{end.isoformat()}", f"{year:04}-{month:02}")


def _assigned(made: list[Bucket], of: NDArray[np.int64]) -> Buckets:
    return Buckets(tuple(made), np.minimum(of, len(made) - 1).astype(np.int64))
