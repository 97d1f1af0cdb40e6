"""Filters as a person types them: brand=Acme, brand!=Acme, price=20..80, in_stock=yes; or all of them in one text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...index import (
    DateRange,
    Filter,
    FilterError,
    Filters,
    Not,
    Range,
    filters_from_text,
    parse_filters,
    range_in_text,
)

WANTED = "FIELD=VALUE, FIELD!=VALUE or FIELD=LOW..HIGH"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_COMPARED = re.compile(r"\s*([^<>=!:]+?)\s*([<>])=?\s*([^<>=]+?)\s*")  # price>20, price<=80
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def filters_from(texts: Iterable[str]) -> Filters:
    """The filters that the texts say; raises `FilterError`.

    All must hold, but of one field's plain values any. A value stays the text that it is (a SKU 0012 is not 12), save
    the ends of a range and in_stock's yes and no. A text without an equals sign is read by `filters_from_text`.

    >>> filters_from(["brand=Acme", "brand=Bolt", "price=..80"])
    (AnyOf(field='brand', values=('Acme', 'Bolt')), PriceRange(low=None, high=Decimal('80')))
    >>> filters_from(["brand:Acme,Bolt price:..80"]) == filters_from(["brand=Acme", "brand=Bolt", "price=..80"])
    True
    """
    values: dict[str, list[str]] = {}
    others: list[Filter] = []
    for text in texts:
        if ":" in text and "=" not in _QUOTED.sub("", text):
            others += filters_from_text(text)
            continue
        field, negated, value = _split(text)
        made = _one(field, value)
        if made is None and not negated:
            values.setdefault(field, []).append(value)
        else:
            each = made or parse_filters({field: [value]})[0]
            others.append(Not(each) if negated else each)
    return (*(found for field, each in values.items() for found in parse_filters({field: each})), *others)


def _split(text: str) -> tuple[str, bool, str]:
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
    return field, negated, value.strip()


def _one(field: str, text: str) -> Filter | None:
    """The filter that a value is by itself; None for one of several values that any may hold."""
    low, dots, high = text.partition("..")
    if dots and not low.strip() and not high.strip():
        raise FilterError(f"filter {field}: wanted a range with at least one end, got {text!r:.80}; write 20..80")
    if field == "in_stock":
        return parse_filters({field: _TRUTH.get(text.lower(), text)})[0]
    if field == "price" and dots and not all(_NUMBER.fullmatch(end) for end in (low.strip(), high.strip()) if end):
        raise FilterError(f"filter {field}: wanted numbers on both sides of the dots, got {text!r:.80}; write 20..80")
    if field in ("price", "added"):
        return parse_filters({field: text})[0]
    made: Range | DateRange | None = range_in_text(field, text)
    return made
