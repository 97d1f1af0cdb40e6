from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import AnyOf, FilterError, InStock, Not, PriceRange, Range, RequestError, Under, parse_filters

MARCH = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("field", "value", "parsed"),
    [
        ("brand", "Fern", AnyOf("brand", ("Fern",))),
        ("brand", " Hill  &\nCo ", AnyOf("brand", ("Hill & Co",))),
        ("brand", ["Fern", "Hill & Co", "Fern"], AnyOf("brand", ("Fern", "Hill & Co"))),
        ("brand", ("Fern", "Hill & Co"), AnyOf("brand", ("Fern", "Hill & Co"))),
        ("size", 42, AnyOf("size", ("42",))),
        ("size", 42.0, AnyOf("size", ("42",))),
        ("size", [40, 41], AnyOf("size", ("40", "41"))),
        ("size", Decimal("0.50"), AnyOf("size", ("0.5",))),
        ("vegan", True, AnyOf("vegan", ("true",))),
        ("vegan", False, AnyOf("vegan", ("false",))),
        ("category", "Shoes >Boots", Under("category", ("Shoes > Boots",))),
        ("category", ["Shoes", "Home"], Under("category", ("Shoes", "Home"))),
        ("weight", (1, 5), Range("weight", 1.0, 5.0)),
        ("weight", (None, 5), Range("weight", None, 5.0)),
        ("weight", (Decimal("1.5"), None), Range("weight", 1.5, None)),
        ("price", (None, 80), PriceRange(None, Decimal(80))),
        ("price", ["9.90", 80.5], PriceRange(Decimal("9.90"), Decimal("80.5"))),
        ("price", 49, PriceRange(Decimal(49), Decimal(49))),
        ("in_stock", True, InStock(True)),
        ("in_stock", False, InStock(False)),
        ("in_stock", "true", InStock(True)),
        ("in_stock", "false", InStock(False)),
        ("added", ("2026-03-01", None), Range("added", MARCH, None)),
        ("added", (None, date(2026, 3, 1)), Range("added", None, MARCH)),
        ("added", (datetime(2026, 3, 1), "2026-03-01T02:00:00+01:00"), Range("added", MARCH, MARCH + 3_600)),
        ("brand", {"not": "Fern"}, Not(AnyOf("brand", ("Fern",)))),
        ("price", {"not": (None, 5)}, Not(PriceRange(None, Decimal(5)))),
        ("brand", {"not": {"not": "Fern"}}, Not(Not(AnyOf("brand", ("Fern",))))),
    ],
)
def test_a_mapping_says_field_and_value(field, value, parsed):
    assert parse_filters({field: value}) == (parsed,)


def test_sets_are_any_of_their_values():
    (parsed,) = parse_filters({"brand": {"Fern", "Hill & Co"}})
    assert parsed.field == "brand" and set(parsed.values) == {"Fern", "Hill & Co"}


def test_no_filters_are_no_filters():
    assert parse_filters(None) == parse_filters({}) == parse_filters([]) == ()


def test_filter_objects_pass_as_they_are():
    filters = (AnyOf("brand", ("Fern",)), Not(InStock(True)))
    assert parse_filters(filters) == filters == parse_filters(list(filters))


def test_filters_with_the_same_content_are_equal_and_can_be_keys():
    one, two = (parse_filters({"brand": ["Fern"], "price": (1, 2)}) for _ in range(2))
    assert one == two and len({one, two}) == 1


SHAPE = "a value, a list, a (low, high) pair or {'not': value}"
PRICE = "an amount of money of 0 or more with at most four decimals, such as 49 or '49.90'"
KIND = "wanted a mapping of field to value, or filter objects, got "
VALUE = "wanted a text, a number, True or False, got "
REFUSED = {
    "text": ("brand=Fern", f"filters: {KIND}str"),
    "number": (5, f"filters: {KIND}int"),
    "list of texts": (["brand"], f"filters: {KIND}str"),
    "not of a text": ([Not("brand")], f"filters: {KIND}str"),
    "mapping": ({"brand": {"is": "Fern"}}, f"filter brand: wanted {SHAPE}, got {{'is': 'Fern'}}"),
    "empty mapping": ({"brand": {}}, f"filter brand: wanted {SHAPE}, got {{}}"),
    "empty list": (
        {"brand": []},
        "filter brand: wanted at least one value, got an empty list; leave the filter out to allow all",
    ),
    "too many": (
        {"brand": [str(at) for at in range(10_001)]},
        "filter brand: wanted at most 10,000 values, got 10,001; narrow it by a category or an attribute",
    ),
    "nothing": ({"brand": None}, f"filter brand: {VALUE}None"),
    "blank": ({"brand": "  "}, f"filter brand: {VALUE}'  '"),
    "bytes": ({"brand": [b"Fern"]}, f"filter brand: {VALUE}b'Fern'"),
    "NaN": ({"weight": float("nan")}, "filter weight: wanted a number, got nan"),
    "infinite": ({"weight": float("inf")}, f"filter weight: {VALUE}inf"),
    "huge": ({"weight": [10**400]}, f"filter weight: wanted a number, got {str(10**400)[:80]}"),
    "huge range": ({"weight": (10**400, None)}, f"filter weight: wanted a number, got {str(10**400)[:80]}"),
    "NaN range": ({"weight": (float("nan"), 1)}, "filter weight: wanted a number, got nan"),
    "signalling NaN": ({"weight": (Decimal("sNaN"), 1)}, "filter weight: wanted a number, got Decimal('sNaN')"),
    "swapped": ({"weight": (5, 1)}, "filter weight: wanted low <= high, got (5, 1); swap them"),
    "swapped prices": ({"price": (5, 1)}, "filter price: wanted low <= high, got (5, 1); swap them"),
    "one end": ({"price": (5,)}, "filter price: wanted a range (low, high) with None for an open end, got (5,)"),
    "three ends": (
        {"added": ["a", "b", "c"]},
        "filter added: wanted a range (low, high) with None for an open end, got ['a', 'b', 'c']",
    ),
    "price": ({"price": ("cheap", None)}, f"filter price: wanted {PRICE}, got 'cheap'"),
    "negative price": ({"price": (-1, None)}, f"filter price: wanted {PRICE}, got -1"),
    "stock": ({"in_stock": 1}, "filter in_stock: wanted True or False, got 1"),
    "stock of a text": ({"in_stock": "yes"}, "filter in_stock: wanted True or False, got 'yes'"),
    "date": ({"added": ("soon", None)}, "filter added: wanted a date such as 2026-03-01, got 'soon'"),
    "date of a number": ({"added": (5, None)}, "filter added: wanted a date such as 2026-03-01, got 5"),
}


@pytest.mark.parametrize(("filters", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_filter_is_refused_with_what_was_wanted(filters, sentence):
    with pytest.raises(FilterError) as refused:
        parse_filters(filters)
    assert str(refused.value) == sentence
    assert isinstance(refused.value, RequestError)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.decimals() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.just("not"), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["brand", "price", "in_stock", "added", "category", "weight"]), anything))
def test_any_mapping_is_filters_or_a_filter_error(filters):
    try:
        parsed = parse_filters(filters)
    except FilterError:
        return
    assert len(parsed) == len(filters)
    assert parse_filters(parsed) == parsed and hash(parsed) == hash(parse_filters(filters))
