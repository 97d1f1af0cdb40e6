"""Filters as a text that people read, type and put into addresses; it says them exactly, and is read back the same.

    brand:Norda,Tarn price:..80 -colour:green in_stock:yes category:'Clothing > Jackets' width:20cm..30cm

Terms are divided by blanks, and all must hold. A term is FIELD:VALUE, or FIELD:VALUE,VALUE for any of them; a minus
before it asks for the opposite. A value with dots between numbers or dates is a range, both ends included and either
left out; `..<30` leaves out 30 itself. Values and names with blanks, commas, dots or signs of their own stand in single
or double quotes, in which a backslash takes the next sign as it is; what is quoted is never a range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..errors import FilterError
from .filter_parsing import DOTS, parse_filters, range_in_text
from .filters import (
    AnyOf,
    DateRange,
    Filter,
    Filters,
    InStock,
    PriceRange,
    Range,
    Under,
    field_of,
    unwrapped,
    wrapped,
)
from .readings import end_of, start_of

EXAMPLE = "brand:Norda,Tarn price:..80 -colour:green"
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_NAME = re.compile(rf"(-*)({_QUOTED}|[^\s:,'\"\\-][^\s:,]*):", re.DOTALL)
_VALUE = re.compile(rf"({_QUOTED})|([^\s,'\"][^\s,]*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# A name or value that stands without quotes would be read as something else if it held one of these.
_NAME_NEEDS = re.compile(r"[\s:,='\"\\!&]|^[-+]|^$")
_VALUE_NEEDS = re.compile(r"[\s,=]|^['\"]|\.\.|^$")
TRUE, FALSE = ("yes", "true"), ("no", "false")


def filters_from_text(text: str) -> Filters:
    """The filters that a text says; raises `FilterError`.

    >>> filters_from_text("brand:Norda,Tarn price:..80")
    (AnyOf(field='brand', values=('Norda', 'Tarn')), PriceRange(low=None, high=Decimal('80')))
    """
    if not isinstance(text, str):
        raise FilterError(f"filters: wanted a text such as {EXAMPLE!r}, got {type(text).__name__}")
    return tuple(_term(*each) for each in _terms(text))


def filters_to_text(filters: Filters) -> str:
    """The text that says these filters, and that `filters_from_text` reads back as equal ones.

    >>> filters_to_text(parse_filters({"brand": {"not": ["Hill & Co", "Tarn"]}, "in_stock": True, "width": (20, None)}))
    "-brand:'Hill & Co',Tarn in_stock:yes width:20.."
    """
    texts = []
    for each in parse_filters(filters):
        inner, negations = unwrapped(each)
        values = ",".join(_quoted(value, _VALUE_NEEDS) if plain else value for value, plain in values_of(inner))
        texts.append(f"{'-' * negations}{quoted_name(field_of(inner))}:{values}")
    return " ".join(texts)


def _terms(text: str) -> Iterator[tuple[str, int, list[tuple[str, bool]]]]:
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        found = _NAME.match(text, at)
        if found is None:
            raise _refused(text, at, "FIELD:VALUE")
        at = found.end()
        values: list[tuple[str, bool]] = []
        while True:
            value = _VALUE.match(text, at)
            if value is None:
                raise _refused(text, at, "a value; quote one that begins with a quote or holds a blank or comma")
            values.append((unquoted(value[0]), value[1] is not None))
            at = value.end()
            if at == len(text) or text[at].isspace():
                break
            if text[at] != ",":
                raise _refused(text, at, "a blank or a comma after the closing quote")
            at += 1
        yield unquoted(found[2]), len(found[1]), values


def _refused(text: str, at: int, wanted: str) -> FilterError:
    there = repr(text[at : at + 40]) if at < len(text) else "the end"
    return FilterError(f"filters: wanted {wanted} at character {at + 1}, got {there}; write filters as in {EXAMPLE}")


def _term(field: str, negations: int, values: list[tuple[str, bool]]) -> Filter:
    return wrapped(filter_of(field, values), negations)


def filter_of(field: str, values: list[tuple[str, bool]]) -> Filter:
    """The filter of one field's values, each with whether it was quoted; raises `FilterError`."""
    value, literal = values[0]
    given: Any = [each for each, _ in values]
    if field in ("in_stock", "price", "added"):
        if len(values) > 1:
            wanted = "yes or no" if field == "in_stock" else "one value or one range"
            raise FilterError(f"filter {field}: wanted {wanted}, got {len(values):,} values")
        given = value
        if field == "in_stock":
            given = True if value.lower() in TRUE else False if value.lower() in FALSE else value
    elif not literal and len(values) == 1 and DOTS in value:
        given = range_in_text(field, value) or given
    elif any(DOTS in each and not quoted and range_in_text(field, each) for each, quoted in values):
        raise FilterError(
            f"filter {field}: wanted one range, or values, got {len(values):,} with a range among them; quote a value "
            "that has dots of its own"
        )
    (made,) = parse_filters((given,)) if isinstance(given, (Range, DateRange)) else parse_filters({field: given})
    return made


def values_of(each: AnyOf | Under | Range | DateRange | PriceRange | InStock) -> Iterator[tuple[str, bool]]:
    """A filter's values as they are written, each with whether it is a plain text (and not a range)."""
    if isinstance(each, AnyOf):
        yield from ((value, True) for value in each.values)
    elif isinstance(each, Under):
        yield from ((path, True) for path in each.paths)
    elif isinstance(each, InStock):
        yield ("yes" if each.wanted else "no"), False
    elif isinstance(each, Range):
        high = ("<" if each.below else "") + _number(each.high, each.unit)
        yield f"{_number(each.low, each.unit)}{DOTS}{high}", False
    elif isinstance(each, DateRange):
        yield f"{_moment(each.low)}{DOTS}{_moment(each.high, end=True)}", False
    else:
        yield f"{_amount(each.low)}{DOTS}{_amount(each.high)}", False


def _number(number: float | None, unit: str) -> str:
    return "" if number is None else f"{repr(number).removesuffix('.0')}{unit}"


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount, "f")


def _moment(moment: datetime | None, end: bool = False) -> str:
    """A day where the moment is its start (or, of an upper end, its end); else to the microsecond."""
    if moment is None:
        return ""
    day = moment.date()
    if moment == (end_of(day) if end else start_of(day)):
        return day.isoformat()
    return moment.isoformat().replace("+00:00", "Z")


def quoted_name(name: str) -> str:
    """A field's name, in quotes where it needs them."""
    return _quoted(name, _NAME_NEEDS)


def _quoted(text: str, needs: re.Pattern[str]) -> str:
    if not needs.search(text):
        return text
    mark = '"' if "'" in text and '"' not in text else "'"
    return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark


def unquoted(text: str) -> str:
    """What stands in quotes, or the text itself."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return _ESCAPED.sub(r"\1", text[1:-1])
    return text
