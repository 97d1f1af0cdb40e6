"""What a code says beyond its letters: a number with its unit, a day, or yes and no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ..words.measures import BASE
from ..words.units import CANONICAL

_TRUE, _FALSE = "true yes y on ja oui 是 1", "false no n off nein non 否 0"
TRUTH = dict.fromkeys(_TRUE.split(), True) | dict.fromkeys(_FALSE.split(), False)
DIGITS = frozenset({"0", "1"})  # alone they are numbers that happen to be small
LONGEST = 40  # characters of a number with its unit
SIGNIFICANT = 12  # digits of a converted number: 0.3 m is 30 cm, whatever the last bits say
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<whole>\d+)[\s-]+(?=\d+/\d))?"
    r"(?:(?P<above>\d+)/(?P<below>\d+)|(?P<plain>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?(?:e[+-]?\d+)?|\.\d+))"
    r"\s*(?P<unit>(?:[^\W\d_]|[\"'°%²³µ/.]|[ ](?=[^\W\d_])){0,12})",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}\S*)?")


def read_number(text: str) -> tuple[float, str] | None:
    """The number that a whole text is, and its unit in one spelling ("" without one); None for any other text.

    >>> read_number('27"'), read_number("1 1/2 inches"), read_number("1,299.50"), read_number("26,5 cm")
    ((27.0, 'in'), (1.5, 'in'), (1299.5, ''), (26.5, 'cm'))
    """
    found = _NUMBER.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    if found["below"]:
        if not int(found["below"]):
            return None
        number = int(found["whole"] or 0) + int(found["above"]) / int(found["below"])
    else:
        plain = found["plain"]
        number = float(plain.replace(",", "" if re.search(r",\d{3}(?!\d)", plain) else "."))
    if number == float("inf"):
        return None
    unit = found["unit"].casefold()
    plain = unit.replace(".", "").replace(" ", "")
    return (-number if found["sign"] == "-" else number), CANONICAL.get(unit, CANONICAL.get(plain, plain))


def read_moment(text: str, *, end: bool = False) -> datetime | None:
    """The moment that a text in ISO 8601 names (UTC where it names no zone); of a day its start, or its very end."""
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return end_of(moment.date()) if end and _DAY.fullmatch(text) else moment


def start_of(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def end_of(day: date) -> datetime:
    """The last moment of a day: a range up to a day holds all of it."""
    return start_of(day) + timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999)


def factor(unit: str, into: str) -> float | None:
    """What a number in one unit is multiplied by to be in another; None where they do not compare.

    A number without a unit is one in the unit of the others.
    """
    if unit in ("", into):
        return 1.0
    (kind, size), (other, wanted) = BASE.get(unit, (unit, 1)), BASE.get(into, (into, 1))
    return float(size / wanted) if kind == other else None


def convert(number: float, times: float) -> float:
    """A number in another unit, rounded to what people write."""
    return number if times == 1 else float(f"{number * times:.{SIGNIFICANT}g}")


@dataclass(frozen=True, slots=True)
class Readings:
    """What the codes of one field of one segment read as, code by code."""

    numbers: NDArray[np.float64]  # as written, in the code's own unit; NaN where it is no number
    units: NDArray[np.int32]  # a place in `names`
    names: tuple[str, ...]  # of units; the first is ""
    moments: NDArray[np.float64]  # Unix seconds; NaN where it is no date

    def numbers_in(self, unit: str) -> NDArray[np.float64]:
        """All numbers in one unit; NaN where that cannot be."""
        made = self.numbers.copy()
        for at, name in enumerate(self.names):
            times = factor(name, unit)
            if times != 1:
                own = np.flatnonzero(self.units == at)
                made[own] = np.nan if times is None else [convert(each, times) for each in made[own].tolist()]
        return made


def read_codes(codes: Sequence[str], given: NDArray[np.float64]) -> Readings:
    """Reads all codes; a number that came with the value (`given`, else NaN) counts before what the text says."""
    numbers = np.array(given, np.float64)
    units = np.zeros(len(codes), np.int32)
    moments = np.full(len(codes), np.nan)
    names = {"": 0}
    for at in range(len(codes)):
        code = codes[at]
        read = read_number(code)
        if read is not None and (np.isnan(numbers[at]) or numbers[at] == read[0]):
            numbers[at] = read[0]
            units[at] = names.setdefault(read[1], len(names))
        elif read is None and (moment := read_moment(code)) is not None:
            moments[at] = moment.timestamp()
    return Readings(numbers, units, tuple(names), moments)
