"""What a filter asks of a field's codes: checked against the fields that there are, read by the field's own type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import FilterError
from ..store.view import View
from ..vectors.index import Mask
from .filter_text import filters_to_text
from .filters import AnyOf, DateRange, Filter, Filters, InStock, PriceRange, Range, Under, unwrapped
from .nearest import named, nearest
from .readings import TRUTH, convert, factor, read_number
from .view_fields import Kind, ViewField

# What is asked of offers and rows, and not of a field's codes.
BESIDE_FIELDS = ("added", "id", "in_stock", "price")
MOST_NAMED_IDS = 1_000  # of one filter; of more no note says which are unknown
MOST_UNKNOWN = 3  # values of one filter that a note names
LONGEST_SHOWN = 80  # characters of a filter or value in a sentence


@dataclass(frozen=True, slots=True)
class Wanted:
    """The codes that one filter asks for, negations aside."""

    codes: Mask | None = None  # over the codes of the field in the view; None: it asks something else
    unknown: tuple[str, ...] = ()  # values that no product has


def check_fields(view: View, filters: Filters) -> None:
    """Raises `FilterError` for a field that no product has, or that cannot be asked so."""
    for each in filters:
        inner, _ = unwrapped(each)
        if isinstance(inner, (PriceRange, InStock)) or not view.n_products:
            continue
        if inner.field in ("id", "added"):
            if isinstance(inner, AnyOf) != (inner.field == "id"):
                wanted = "ids, as a text or a list" if inner.field == "id" else "a range of dates"
                raise FilterError(f"filter {inner.field}: wanted {wanted}, got {type(inner).__name__}")
        elif inner.field not in view.fields:
            raise FilterError(f"filter {inner.field}: {no_such_field(view, inner.field)}")
        elif isinstance(inner, (Range, DateRange)):
            _check_range(view.fields[inner.field], inner)


def no_such_field(view: View, name: str, *besides: str) -> str:
    """That no product has a field, and which are there, those most like it first."""
    known = sorted({*view.fields, *(besides or BESIDE_FIELDS)})
    return f"no product has such a field; wanted one of {named(nearest(name, known), len(known))}"


def _check_range(field: ViewField, each: Range | DateRange) -> None:
    values, wanted = (field.numbers, "numbers") if isinstance(each, Range) else (field.moments, "dates")
    if np.isnan(values).all():
        some = [field.code(number) for number in range(min(field.n_codes, 8))]
        raise FilterError(
            f"filter {field.name}: wanted values, got a range, but this field has no {wanted}; it has "
            f"{named(some, field.n_codes)}"
        )
    if isinstance(each, Range) and each.unit and factor(each.unit, field.unit) is None:
        wanted = f"in {field.unit}, or what compares with it" if field.unit else "without a unit, as the field has none"
        raise FilterError(f"filter {field.name}: wanted a range {wanted}, got {each.unit}")


def wanted_codes(view: View, each: Filter) -> Wanted:
    """What a filter asks of its field's codes; no code at all where the view has no such field."""
    inner, _ = unwrapped(each)
    if isinstance(inner, (PriceRange, InStock)) or inner.field == "added":
        return Wanted()
    if inner.field == "id" and isinstance(inner, AnyOf):
        if len(inner.values) > MOST_NAMED_IDS:
            return Wanted()
        return Wanted(unknown=tuple(value for value in inner.values if view.row_of(value) < 0))
    field = view.fields.get(inner.field)
    if field is None:
        return Wanted()
    if isinstance(inner, DateRange):
        ends = [None if end is None else end.timestamp() for end in (inner.low, inner.high)]
        return Wanted(between(field.moments, *ends))
    if isinstance(inner, Range):
        return Wanted(_in_range(field, inner))
    return _any_of(field, inner.paths if isinstance(inner, Under) else inner.values)


def between(values: NDArray[np.float64], low: float | None, high: float | None) -> Mask:
    """Which values lie in a range, both ends included; NaN never does."""
    with np.errstate(invalid="ignore"):
        mask: Mask = ~np.isnan(values)
        if low is not None:
            mask &= values >= low
        if high is not None:
            mask &= values <= high
    return mask


def _in_range(field: ViewField, each: Range) -> Mask:
    times = factor(each.unit, field.unit) or 1.0
    low, high = (None if end is None else convert(end, times) for end in (each.low, each.high))
    mask = between(field.numbers, low, high)
    return mask & (field.numbers != high) if each.below else mask


def _any_of(field: ViewField, values: Sequence[str]) -> Wanted:
    """The codes themselves; of a yes-or-no field all words for the same; else a number however it is written."""
    mask = np.zeros(field.n_codes, bool)
    unknown = []
    for value in values:
        number = field.find(value)
        truth = TRUTH.get(value.casefold())
        if field.truths is not None and truth is not None and (field.truths == truth).any():
            mask |= field.truths == truth
        elif number >= 0:
            mask[number] = True
        elif (equal := _equal_numbers(field, value)) is not None:
            mask |= equal
        else:
            unknown.append(value)
    return Wanted(mask, tuple(unknown))


def _equal_numbers(field: ViewField, value: str) -> Mask | None:
    read = read_number(value)
    if read is None or field.kind is not Kind.NUMBER:
        return None
    times = factor(read[1], field.unit)
    equal: Mask = field.numbers == (np.nan if times is None else convert(read[0], times))
    return equal if equal.any() else None


def unknown_values(view: View, filters: Filters, wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """A sentence for each filter that names values which no product has."""
    return tuple(_unknown(view, each, found) for each, found in zip(filters, wanted, strict=True) if found.unknown)


def _unknown(view: View, each: Filter, found: Wanted) -> str:
    inner, _ = unwrapped(each)
    name = "" if isinstance(inner, (PriceRange, InStock)) else inner.field
    values = named([f"{value!r:.80}" for value in found.unknown[:MOST_UNKNOWN]], len(found.unknown))
    said = f"filter {name}: no product has {values}"
    field = view.fields.get(name)
    if field is None:
        return f"{said}."
    near = field.nearest(found.unknown[0])
    if not near:
        return f"{said}, of {field.n_codes:,} values that there are."
    return f"{said}; the nearest {'value is' if len(near) == 1 else 'values are'} {', '.join(near)}."


def shown(each: Filter) -> str:
    """A filter as it stands in a sentence."""
    text = filters_to_text((each,))
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
