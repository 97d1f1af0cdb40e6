"""Filters as the parameters of an address."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import (
    AnyOf,
    FilterError,
    InStock,
    Not,
    PriceRange,
    Range,
    Under,
    filters_from_query,
    filters_to_query,
    parse_filters,
)

from .some_filters import accepted, tricky

SAID = {
    "": (),
    "brand=Norda&brand=Tarn": (AnyOf("brand", ("Norda", "Tarn")),),
    "brand=Norda&price=..80&-colour=green&in_stock=yes&brand=Tarn&category=Clothing+%3E+Jackets": (
        AnyOf("brand", ("Norda", "Tarn")),
        PriceRange(None, Decimal(80)),
        Not(AnyOf("colour", ("green",))),
        InStock(True),
        Under("category", ("Clothing > Jackets",)),
    ),
    "brand=Smith%2C+Jones+%26+Co": (AnyOf("brand", ("Smith, Jones & Co",)),),
    "tags=new&%2Btags=sale": (AnyOf("tags", ("new",)), AnyOf("tags", ("sale",))),
    "tags=new&+tags=sale&tags=last": (AnyOf("tags", ("new",)), AnyOf("tags", ("sale", "last"))),
    "width=20cm..30cm&width=25..": (Range("width", 20.0, 30.0, "cm"), Range("width", 25.0, None)),
    "width=26&width=20..30&width=27": (AnyOf("width", ("26",)), Range("width", 20.0, 30.0), AnyOf("width", ("27",))),
    "-colour=green&-colour=red": (Not(AnyOf("colour", ("green", "red"))),),
    "brand='20..80'": (AnyOf("brand", ("20..80",)),),
    "brand=&price=+&colour=red": (AnyOf("colour", ("red",)),),
    "%E5%93%81%E7%89%8C=%E8%AF%BA%E8%BE%BE": (AnyOf("品牌", ("诺达",)),),
}


@pytest.mark.parametrize(("query", "filters"), SAID.items())
def test_parameters_say_filters_and_they_say_them_back(query, filters):
    assert filters_from_query(query) == filters == filters_from_query(f"?{query}")
    assert filters_from_query(parse_qsl(query)) == filters
    again = filters_to_query(filters)
    assert filters_from_query(again) == filters and filters_to_query(filters_from_query(again)) == again


def test_parameters_may_come_as_a_mapping():
    assert filters_from_query({"brand": ["Norda", "Tarn"], "price": "..80"}) == (
        AnyOf("brand", ("Norda", "Tarn")),
        PriceRange(None, Decimal(80)),
    )


@given(accepted)
def test_filters_of_every_kind_come_back_from_their_address_equal(filters):
    query = filters_to_query(filters)
    assert query.isascii() and not set(query) & set(" '\"<>#?")
    assert filters_from_query(query) == filters
    assert filters_from_query(parse_qsl(query, errors="surrogatepass")) == filters


@given(st.text(max_size=40) | st.lists(st.tuples(tricky, tricky), max_size=3))
def test_any_parameters_are_filters_or_a_filter_error(query):
    try:
        filters = filters_from_query(query)
    except FilterError:
        return
    assert filters_from_query(filters_to_query(filters)) == filters


AMOUNT = "wanted an amount of money of 0 or more with at most four decimals, such as 49 or '49.90'"
SIDES = "wanted numbers or dates on both sides of the dots"
OR_A_LIST = "write 20..80, or a list of values where the dots belong to one"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("in_stock=maybe", "filter in_stock: wanted True or False, got 'maybe'"),
        ("price=cheap", f"filter price: {AMOUNT}, got 'cheap'"),
        ("width=20..much", f"filter width: {SIDES}, got '20..much'; {OR_A_LIST}"),
        ("=x", "filter '': wanted the name of a field"),
        ([("brand", 5)], "filter brand: wanted a text, or a list of texts, got 5"),
        (["brand"], "filters: wanted the parameters of an address, as (name, value), got 'brand'"),
        ("&".join(["a=1"] * 20_001), "filters: wanted at most 20,000 parameters in a query string"),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_a_sentence(query, sentence):
    with pytest.raises(FilterError) as refused:
        filters_from_query(query)
    assert str(refused.value) == sentence


def test_ten_thousand_values_come_back():
    filters = parse_filters({"sku": [f"SKU {at}, & {at}" for at in range(10_000)]})
    assert filters_from_query(filters_to_query(filters)) == filters
