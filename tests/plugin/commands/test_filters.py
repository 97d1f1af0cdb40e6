"""Filters as typed text."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import AnyOf, DateRange, FilterError, InStock, Not, PriceRange, Range, Under
from shelfwise.plugin.commands.filters import filters_from


@pytest.mark.parametrize(
    ("texts", "filters"),
    [
        (["brand=Acme"], (AnyOf("brand", ("Acme",)),)),
        (["brand=Acme", "colour=red", "brand=Bolt"], (AnyOf("brand", ("Acme", "Bolt")), AnyOf("colour", ("red",)))),
        ([" brand = Acme & Sons "], (AnyOf("brand", ("Acme & Sons",)),)),
        (["brand!=Acme"], (Not(AnyOf("brand", ("Acme",))),)),
        (["brand=Acme", "brand!=Bolt"], (AnyOf("brand", ("Acme",)), Not(AnyOf("brand", ("Bolt",))))),
        (["formula=a=b"], (AnyOf("formula", ("a=b",)),)),
        (["category=Shoes > Boots"], (Under("category", ("Shoes > Boots",)),)),
        (["sku=0012"], (AnyOf("sku", ("0012",)),)),
        (["size=42"], (AnyOf("size", ("42",)),)),
        (["waterproof=true"], (AnyOf("waterproof", ("true",)),)),
        (["in_stock=Yes"], (InStock(True),)),
        (["in_stock=false"], (InStock(False),)),
        (["in_stock!=true"], (Not(InStock(True)),)),
        (["price=49.90"], (PriceRange(Decimal("49.90"), Decimal("49.90")),)),
        (["price=20..80"], (PriceRange(Decimal(20), Decimal(80)),)),
        (["price=..80.5"], (PriceRange(None, Decimal("80.5")),)),
        (["price=20 .."], (PriceRange(Decimal(20), None),)),
        (["price!=20..80"], (Not(PriceRange(Decimal(20), Decimal(80))),)),
        (["weight=-1.5..2.5"], (Range("weight", -1.5, 2.5),)),
        (["weight=1..", "weight=..3"], (Range("weight", 1.0, None), Range("weight", None, 3.0))),
        (["brand=Wait..."], (AnyOf("brand", ("Wait...",)),)),
        (["brand=A..B"], (AnyOf("brand", ("A..B",)),)),
    ],
)
def test_text_becomes_filters(texts: list[str], filters: tuple[object, ...]) -> None:
    assert filters_from(texts) == filters


def test_dates_are_ends_of_a_range_where_the_field_holds_dates() -> None:
    (found,) = filters_from(["added=2026-01-01..2026-03-01"])
    last = datetime(2026, 3, 1, 23, 59, 59, 999_999, UTC)
    assert found == DateRange("added", datetime(2026, 1, 1, tzinfo=UTC), last)
    assert filters_from(["released=2026-01-01..2026-03-01"]) == (replace(found, field="released"),)
    assert filters_from(["added!=2026-03-01.."]) == (Not(DateRange("added", datetime(2026, 3, 1, tzinfo=UTC), None)),)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        (
            "brand:Acme,Bolt -colour:green price:..80",
            (AnyOf("brand", ("Acme", "Bolt")), Not(AnyOf("colour", ("green",))), PriceRange(None, Decimal(80))),
        ),
        ("category:'Shoes > Boots'", (Under("category", ("Shoes > Boots",)),)),
        ("formula:'a=b'", (AnyOf("formula", ("a=b",)),)),
        ("width:20cm..30cm", (Range("width", 20.0, 30.0, "cm"),)),
        ("width=20..30cm", (Range("width", 20.0, 30.0, "cm"),)),
        ("formula:a=b", (AnyOf("formula:a", ("b",)),)),
    ],
)
def test_a_text_without_an_equals_sign_holds_several_filters(text: str, filters: tuple[object, ...]) -> None:
    assert filters_from([text]) == filters


def test_both_ways_of_writing_may_stand_beside_each_other() -> None:
    assert filters_from(["brand=Acme", "-colour:green", "brand=Bolt"]) == (
        AnyOf("brand", ("Acme", "Bolt")),
        Not(AnyOf("colour", ("green",))),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("brand", "wanted FIELD=VALUE"),
        ("=Acme", "wanted FIELD=VALUE"),
        ("brand=", "wanted FIELD=VALUE"),
        ("!=Acme", "wanted FIELD=VALUE"),
        ("", "wanted FIELD=VALUE"),
        ("price=..", "at least one end"),
        ("price=80..20", "wanted low <= high"),
        ("price=20..much", "numbers on both sides"),
        ("price=cheap", "an amount of money"),
        ("in_stock=maybe", "wanted True or False"),
        ("added=soon", "wanted a date"),
        ("price>20", "write price=20.."),
        ("price >= 20", "write price=20.."),
        ("price<=80", "write price=..80"),
        ("weight=20..much", "wanted numbers or dates on both sides of the dots"),
        ("brand:Acme colour", "filters: wanted FIELD:VALUE at character 12, got 'colour'"),
    ],
)
def test_what_is_no_filter_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(FilterError) as caught:
        filters_from([text])
    assert sentence in str(caught.value)


words = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True).filter(
    lambda name: name not in {"price", "added", "in_stock", "category"}
)


@given(
    words, st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1), min_size=1, unique=True)
)
def test_plain_values_of_one_field_are_any_of_them_and_stay_as_typed(field: str, values: list[str]) -> None:
    assert filters_from([f"{field}={value}" for value in values]) == (AnyOf(field, tuple(values)),)


@given(st.text(max_size=40))
def test_any_text_is_filters_or_a_filter_error(text: str) -> None:
    with contextlib.suppress(FilterError):
        assert len(filters_from([text])) >= 1
