"""Measures in a text: numbers with units, comparable between a query and a product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .analysis import fold
from .units import SPELLINGS, unify_units

# How much of a base unit each unit is; what is not here is compared only with itself.
BASE: dict[str, tuple[str, Fraction]] = {
    "mm": ("length", Fraction(1)),
    "cm": ("length", Fraction(10)),
    "m": ("length", Fraction(1000)),
    "in": ("length", Fraction(254, 10)),
    "ft": ("length", Fraction(3048, 10)),
    "yd": ("length", Fraction(9144, 10)),
    "ml": ("volume", Fraction(1)),
    "l": ("volume", Fraction(1000)),
    "g": ("weight", Fraction(1)),
    "kg": ("weight", Fraction(1000)),
    "lb": ("weight", Fraction(45359237, 100000)),
    "gb": ("memory", Fraction(1)),
    "tb": ("memory", Fraction(1000)),
}
_NUMBER = r"\d+(?:\.\d+)?(?:\s*-\s*\d+/\d+|\s+\d+/\d+|/\d+)?|\.\d+"
_MEASURE = re.compile(rf"(?<![a-z\d.])({_NUMBER})\s+({'|'.join([*SPELLINGS, 'sqft'])})(?![^\W\d_])")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its unit, "27 in"."""

    number: Fraction
    unit: str  # canonical, see `units.SPELLINGS`

    @property
    def term(self) -> str:
        """What equal measures share, whatever they are written in: "=length:685.8"."""
        kind, factor = BASE.get(self.unit, (self.unit, Fraction(1)))
        return f"={kind}:{float(self.number * factor):g}"

    @property
    def unit_term(self) -> str:
        """What all measures in this unit share."""
        return f"=in:{self.unit}"

    def __str__(self) -> str:
        return f"{float(self.number):g} {self.unit}"


def measures_in(text: str) -> list[Measure]:
    """The measures of a text, in reading order, each once.

    >>> [str(each) for each in measures_in('27" monitor with 1 1/2 in. stand, 500ml')]
    ['27 in', '1.5 in', '500 ml']
    """
    found = _MEASURE.finditer(unify_units(fold(text))) if any(char.isdigit() for char in text) else ()
    return list(dict.fromkeys(Measure(_number(each[1]), each[2]) for each in found))


def _number(text: str) -> Fraction:
    whole, *part = re.split(r"\s*-\s*|\s+", text)
    return sum((_fraction(each) for each in part), _fraction(whole))


def _fraction(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(above) / (int(below) or 1 if below else 1)


def measure_terms(text: str) -> list[str]:
    """The terms under which a product's measures are indexed."""
    return list(dict.fromkeys(term for each in measures_in(text) for term in (each.term, each.unit_term)))
