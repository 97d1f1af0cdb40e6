"""Filters as one text: what it says, what it refuses, and that nothing is lost on the way there and back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import (
    AnyOf,
    DateRange,
    FilterError,
    InStock,
    Not,
    PriceRange,
    Range,
    Under,
    filters_from_text,
    filters_to_text,
    parse_filters,
)

from .some_filters import accepted, tricky

SAID = {
    "": (),
    "brand:Norda": (AnyOf("brand", ("Norda",)),),
    "brand:Norda,Tarn price:..80 -colour:green in_stock:yes category:'Clothing > Jackets'": (
        AnyOf("brand", ("Norda", "Tarn")),
        PriceRange(None, Decimal(80)),
        Not(AnyOf("colour", ("green",))),
        InStock(True),
        Under("category", ("Clothing > Jackets",)),
    ),
    "price:10..19.99": (PriceRange(Decimal(10), Decimal("19.99")),),
    "price:..": (PriceRange(None, None),),
    "width:20..30": (Range("width", 20.0, 30.0),),
    "width:..<30cm": (Range("width", None, 30.0, "cm", True),),
    "width:..": (Range("width", None, None),),
    "width:20cm..30cm width:-1.5e-07..": (Range("width", 20.0, 30.0, "cm"), Range("width", -1.5e-07, None)),
    "added:2026-01-01..2026-03-01": (
        DateRange("added", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, 23, 59, 59, 999_999, UTC)),
    ),
    "released:..2026-03-01T12:30:00Z": (DateRange("released", None, datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),),
    "tags:new tags:sale": (AnyOf("tags", ("new",)), AnyOf("tags", ("sale",))),
    "--brand:Norda": (Not(Not(AnyOf("brand", ("Norda",)))),),
    "in_stock:no -price:..5": (InStock(False), Not(PriceRange(None, Decimal(5)))),
    "brand:'20..80','Hill & Co'": (AnyOf("brand", ("20..80", "Hill & Co")),),
    'brand:"L\'Oréal"': None,
    "brand:L'Oréal": (AnyOf("brand", ("L'Oréal",)),),
    'size:27"': (AnyOf("size", ('27"',)),),
    "'max. load':..80kg": (Range("max. load", None, 80.0, "kg"),),
    "'-odd':'\\'' '':x": None,
    "'-odd':'\\''": None,
    "品牌:诺达,塔恩": (AnyOf("品牌", ("诺达", "塔恩")),),
    "מותג:נורדה 👢:🥾": (AnyOf("מותג", ("נורדה",)), AnyOf("👢", ("🥾",))),
    "url:https://shop.example/a?b": (AnyOf("url", ("https://shop.example/a?b",)),),
    "brand:Wait...": None,
}


@pytest.mark.parametrize(("text", "filters"), [(text, made) for text, made in SAID.items() if made is not None])
def test_a_text_says_filters_and_they_say_it_back(text, filters):
    assert filters_from_text(text) == filters
    again = filters_to_text(filters)
    assert filters_from_text(again) == filters and filters_to_text(filters_from_text(again)) == again


@pytest.mark.parametrize(
    ("given_filters", "text"),
    [
        ({"brand": ["Norda", "Hill & Co"], "price": (None, 80)}, "brand:Norda,'Hill & Co' price:..80"),
        ({"brand": "L'Oréal"}, "brand:L'Oréal"),
        ({"brand": "'quoted'"}, "brand:\"'quoted'\""),
        ({"brand": "both ' and \""}, "brand:'both \\' and \"'"),
        ({"brand": ["20..80"]}, "brand:'20..80'"),
        ({"formula": "a=b"}, "formula:'a=b'"),
        ({"a:b": "c:d"}, "'a:b':c:d"),
        ({"-x": "-5"}, "'-x':-5"),
        ({"waterproof": True, "in_stock": {"not": False}}, "waterproof:true -in_stock:no"),
        ({"category": "Shoes>Boots"}, "category:'Shoes > Boots'"),
        ({"added": "2026-03-01"}, "added:2026-03-01..2026-03-01"),
        ({"added": (datetime(2026, 3, 1, 12), None)}, "added:2026-03-01T12:00:00Z.."),
        ({"width": ['20".."30']}, "width:'20\"..\"30'"),
        ({"width": '20"..30"'}, "width:20in..30in"),
        ({"size": 42.5}, "size:42.5"),
    ],
)
def test_filters_are_said_as_people_would_write_them(given_filters, text):
    filters = parse_filters(given_filters)
    assert filters_to_text(filters) == text and filters_from_text(text) == filters


@given(accepted)
def test_filters_of_every_kind_come_back_from_their_text_equal(filters):
    text = filters_to_text(filters)
    assert filters_from_text(text) == filters
    assert filters_to_text(filters_from_text(text)) == text


@given(st.text(max_size=40) | st.lists(tricky, max_size=4).map(":".join))
def test_any_text_is_filters_or_a_filter_error(text):
    try:
        filters = filters_from_text(text)
    except FilterError:
        return
    assert filters_from_text(filters_to_text(filters)) == filters


def test_ten_thousand_values_come_back():
    filters = parse_filters({"sku": [f"SKU {at}, ' {at}" for at in range(10_000)]})
    assert filters_from_text(filters_to_text(filters)) == filters


AMOUNT = "wanted an amount of money of 0 or more with at most four decimals, such as 49 or '49.90'"
SIDES = "wanted numbers or dates on both sides of the dots"
OR_A_LIST = "write 20..80, or a list of values where the dots belong to one"
ONE_RANGE, DOTS_OF_ITS_OWN = "wanted one range, or values", "quote a value that has dots of its own"
WRITE = "write filters as in brand:Norda,Tarn price:..80 -colour:green"
QUOTE = "wanted a value; quote one that begins with a quote or holds a blank or comma at character"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("boots", f"filters: wanted FIELD:VALUE at character 1, got 'boots'; {WRITE}"),
        ("brand:Norda boots", f"filters: wanted FIELD:VALUE at character 13, got 'boots'; {WRITE}"),
        (":x", f"filters: wanted FIELD:VALUE at character 1, got ':x'; {WRITE}"),
        ("- brand:x", f"filters: wanted FIELD:VALUE at character 1, got '- brand:x'; {WRITE}"),
        ("brand:", f"filters: {QUOTE} 7, got the end; {WRITE}"),
        ("brand: Norda", f"filters: {QUOTE} 7, got ' Norda'; {WRITE}"),
        ("brand:A,,B", f"filters: {QUOTE} 9, got ',B'; {WRITE}"),
        ("brand:'Norda", f"filters: {QUOTE} 7, got \"'Norda\"; {WRITE}"),
        (
            "brand:'A'B",
            f"filters: wanted a blank or a comma after the closing quote at character 10, got 'B'; {WRITE}",
        ),
        ("brand:''", "filter brand: wanted a text, a number, True or False, got ''"),
        ("price:cheap", f"filter price: {AMOUNT}, got 'cheap'"),
        ("price:80..20", "filter price: wanted low <= high, got (80, 20); swap them"),
        ("price:10,20", "filter price: wanted one value or one range, got 2 values"),
        ("in_stock:yes,no", "filter in_stock: wanted yes or no, got 2 values"),
        ("in_stock:maybe", "filter in_stock: wanted True or False, got 'maybe'"),
        ("added:soon", "filter added: wanted a date such as 2026-03-01, got 'soon'"),
        ("width:20..much", f"filter width: {SIDES}, got '20..much'; {OR_A_LIST}"),
        ("width:5,20..30", f"filter width: {ONE_RANGE}, got 2 with a range among them; {DOTS_OF_ITS_OWN}"),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_a_sentence(text, sentence):
    with pytest.raises(FilterError) as refused:
        filters_from_text(text)
    assert str(refused.value) == sentence


def test_filters_are_read_from_texts_alone():
    with pytest.raises(FilterError) as refused:
        filters_from_text(["brand:Norda"])  # type: ignore[arg-type]
    assert str(refused.value) == (
        "filters: wanted a text such as 'brand:Norda,Tarn price:..80 -colour:green', got list"
    )
