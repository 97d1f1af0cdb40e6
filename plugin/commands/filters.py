"""Filters as a person types them: brand=Acme, brand!=Acme, price=20..80, in_stock=yes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ...index import FilterError, Filters, parse_filters

WANTED = "FIELD=VALUE, FIELD!=VALUE or FIELD=LOW..HIGH"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_COMPARED = re.compile(r"\s*([^<>=!]+?)\s*([<>])=?\s*([^<>=]+?)\s*")  # price>20, price<=80
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\S*")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def filters_from(texts: Iterable[str]) -> Filters:
    """The filters that the texts say; raises `FilterError`.

    All must hold, but of one field's plain values any. A value stays the text that it is (a SKU 0012 is not 12), save
    the ends of a range and in_stock's yes and no.

    >>> filters_from(["brand=Acme", "brand=Bolt", "price=..80"])
    (AnyOf(field='brand', values=('Acme', 'Bolt')), PriceRange(low=None, high=Decimal('80')))
    """
    values: dict[str, list[Any]] = {}
    others: list[tuple[str, Any]] = []
    for text in texts:
        field, negated, value = _split(text)
        if negated:
            others.append((field, {"not": value}))
        elif isinstance(value, str) and field not in {"price", "added", "in_stock"}:
            values.setdefault(field, []).append(value)
        else:
            others.append((field, value))
    mappings = [{field: each} for field, each in [*values.items(), *others]]
    return tuple(found for mapping in mappings for found in parse_filters(mapping))


def _split(text: str) -> tuple[str, bool, Any]:
    """The field, whether the value is excluded, and the value."""
    name, equals, value = text.partition("=")
    negated = name.endswith("!")
    field = name.removesuffix("!").strip()
    if compared := _COMPARED.fullmatch(text):
        low = compared[2] == ">"
        example = f"{compared[1]}={compared[3]}.." if low else f"{compared[1]}=..{compared[3]}"
        raise FilterError(f"filter {text!r:.80}: wanted {WANTED}; write {example}")
    if not equals or not field or not value.strip():
        raise FilterError(f"filter {text!r:.80}: wanted {WANTED}; write brand=Acme or price=..80")
    return field, negated, _value(field, value.strip())


def _value(field: str, text: str) -> Any:
    if field == "in_stock":
        return _TRUTH.get(text.lower(), text)
    low, dots, high = text.partition("..")
    if not dots:
        return text
    ends = [end.strip() for end in (low, high)]
    known = [_end(field, end) for end in ends]
    if not any(ends):
        raise FilterError(f"filter {field}: wanted a range with at least one end, got {text!r:.80}; write 20..80")
    if all(end is None for end in known):
        return text  # dots in a name, not a range
    if any(end and parsed is None for end, parsed in zip(ends, known, strict=True)):
        raise FilterError(f"filter {field}: wanted numbers on both sides of the dots, got {text!r:.80}; write 20..80")
    return tuple(known)


def _end(field: str, text: str) -> Decimal | str | None:
    """One end of a range: a number, or a date where the field holds dates; None for what is neither."""
    if field == "added":
        return text if _DATE.fullmatch(text) else None
    return Decimal(text) if _NUMBER.fullmatch(text) else None
