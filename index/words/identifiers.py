"""Identifiers: article, model and bar-code numbers, found however their parts are joined or separated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .analysis import CJK, fold
from .units import MEASURE, unify_units

SHORTEST, LONGEST = 4, 30  # characters of one, without separators
BAR_CODE = range(8, 15)  # digits
MOST_PARTS = 5  # "dcd 771 c2" has three
_CHUNK = re.compile(rf"[^\s{CJK},;()\[\]\"|]+")
_PART = re.compile(r"[a-z]+|\d+|[^\W\d_]+")
_DIMENSION = re.compile(r"\d+(?:[./]\d+)?(?:[x×*]\d+(?:[./]\d+)?)+")  # "2x4", not a model number


def identifier_term(code: str) -> str:
    """The term under which a number is indexed; blank for one that is too short or too long.

    >>> identifier_term("DCD-771 C2")
    '#dcd771c2'
    >>> identifier_term("0013803124354") == identifier_term("13803124354")
    True
    """
    plain = "".join(char for char in fold(code) if char.isalnum())
    if len(plain) in BAR_CODE and plain.isdecimal():
        plain = plain.lstrip("0")  # a UPC, the same as an EAN-13 and as a GTIN-14, and what a spreadsheet leaves of it
    return f"#{plain}" if SHORTEST <= len(plain) <= LONGEST else ""


def identifiers_in(text: str) -> list[str]:
    """The terms of what looks like a model or article number in a product's text, in reading order, each once.

    That is a word with letters and digits ("DCD771C2", "WH-1000XM4"), or of six digits and more, and no measure.

    >>> identifiers_in("Cordless drill DCD771C2, 20V, 1/2 in., 2x4, 27-inch, 204-558")
    ['#dcd771c2', '#204558']
    """
    if not any(char.isdigit() for char in text):
        return []
    found = []
    for chunk in _CHUNK.findall(fold(text)):
        plain = chunk.strip(".:!?'/-_#*")
        digits = sum(char.isdigit() for char in plain)
        letters = sum(char.isalpha() for char in plain)
        if not digits or (not letters and digits < 6) or _DIMENSION.fullmatch(plain) or _is_measure(plain):
            continue
        if term := identifier_term(plain):
            found.append(term)
    return list(dict.fromkeys(found))


def _is_measure(plain: str) -> bool:
    """Whether a word is a number with its unit: "27-inch", "20v", "1/2in"."""
    unified = unify_units(plain)
    return unified != plain and MEASURE.search(plain) is not None and re.match(r"[\d./-]+\s", unified) is not None


def candidates(query: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """What in a query may be an identifier: the term, and which of its parts it is made of; the longest first.

    Parts are runs of letters or digits: "dcd 771 c2", "DCD-771C2" and "dcd771c2" all give "#dcd771c2".
    """
    parts = parts_of(query)
    for size in range(min(len(parts), 2 * MOST_PARTS), 0, -1):
        for start in range(len(parts) - size + 1):
            joined = "".join(parts[start : start + size])
            if any(char.isdigit() for char in joined) and (term := identifier_term(joined)):
                yield term, (start, start + size)


def parts_of(query: str) -> Sequence[str]:
    """The runs of letters and of digits of a query."""
    return _PART.findall(fold(query))
