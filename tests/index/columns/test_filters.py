from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
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
    RequestError,
    Under,
    field_of,
    parse_filters,
)

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MARCH_ENDS = MARCH + timedelta(days=1) - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("field", "value", "parsed"),
    [
        ("brand", "Fern", AnyOf("brand", ("Fern",))),
        ("brand", " Hill  &\nCo ", AnyOf("brand", ("Hill & Co",))),
        ("brand", ["Fern", "Hill & Co", "Fern"], AnyOf("brand", ("Fern", "Hill & Co"))),
        ("brand", ("Fern", "Hill & Co"), AnyOf("brand", ("Fern", "Hill & Co"))),
        ("brand", "Wait...", AnyOf("brand", ("Wait...",))),
        ("brand", ["20..80"], AnyOf("brand", ("20..80",))),
        ("size", 42, AnyOf("size", ("42",))),
        ("size", 42.0, AnyOf("size", ("42",))),
        ("size", [40, 41], AnyOf("size", ("40", "41"))),
        ("size", ("40", "41"), AnyOf("size", ("40", "41"))),
        ("size", Decimal("0.50"), AnyOf("size", ("0.5",))),
        ("vegan", True, AnyOf("vegan", ("true",))),
        ("vegan", False, AnyOf("vegan", ("false",))),
        ("category", "Shoes >Boots", Under("category", ("Shoes > Boots",))),
        ("category", ["Shoes", "Home"], Under("category", ("Shoes", "Home"))),
        ("weight", (1, 5), Range("weight", 1.0, 5.0)),
        ("weight", (None, 5), Range("weight", None, 5.0)),
        ("weight", (Decimal("1.5"), None), Range("weight", 1.5, None)),
        ("weight", (None, None), Range("weight", None, None)),
        ("weight", (float("-inf"), float("inf")), Range("weight", None, None)),
        ("weight", "1..5", Range("weight", 1.0, 5.0)),
        ("weight", "1 .. <5", Range("weight", 1.0, 5.0, below=True)),
        ("weight", "1,299.5..", Range("weight", 1299.5, None)),
        ("weight", "-5..-2.5", Range("weight", -5.0, -2.5)),
        ("width", "20cm..30cm", Range("width", 20.0, 30.0, "cm")),
        ("width", "20..30 centimetres", Range("width", 20.0, 30.0, "cm")),
        ("width", '1/2"..1 1/2 in.', Range("width", 0.5, 1.5, "in")),
        ("width", "20cm..0.3 metres", Range("width", 20.0, 30.0, "cm")),
        ("width", (None, "30 cm"), Range("width", None, 30.0, "cm")),
        ("price", (None, 80), PriceRange(None, Decimal(80))),
        ("price", ["9.90", 80.5], PriceRange(Decimal("9.90"), Decimal("80.5"))),
        ("price", 49, PriceRange(Decimal(49), Decimal(49))),
        ("price", "..80", PriceRange(None, Decimal(80))),
        ("price", "10..<80", PriceRange(Decimal(10), Decimal("79.9999"))),
        ("in_stock", True, InStock(True)),
        ("in_stock", False, InStock(False)),
        ("in_stock", "true", InStock(True)),
        ("in_stock", "false", InStock(False)),
        ("added", ("2026-03-01", None), DateRange("added", MARCH, None)),
        ("added", (None, date(2026, 3, 1)), DateRange("added", None, MARCH_ENDS)),
        ("added", "2026-03-01", DateRange("added", MARCH, MARCH_ENDS)),
        ("added", "2026-03-01..", DateRange("added", MARCH, None)),
        (
            "added",
            (datetime(2026, 3, 1), "2026-03-01T02:00:00+01:00"),
            DateRange("added", MARCH, MARCH + timedelta(hours=1)),
        ),
        ("released", (date(2026, 3, 1), None), DateRange("released", MARCH, None)),
        ("released", ("2026-03-01", "2026-03-01"), DateRange("released", MARCH, MARCH_ENDS)),
        ("released", ["2026-03-01", "2026-03-02"], AnyOf("released", ("2026-03-01", "2026-03-02"))),
        ("released", date(2026, 3, 1), DateRange("released", MARCH, MARCH_ENDS)),
        ("released", (None, "2026-03-01"), DateRange("released", None, MARCH_ENDS)),
        ("released", "2026-03-01..2026-03-01", DateRange("released", MARCH, MARCH_ENDS)),
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


@pytest.mark.parametrize(
    ("given_object", "form"),
    [
        (AnyOf("category", ("Shoes>Boots",)), Under("category", ("Shoes > Boots",))),
        (Under("brand", ("Fern",)), AnyOf("brand", ("Fern",))),
        (AnyOf("brand", ("A", "A", " B ")), AnyOf("brand", ("A", "B"))),
        (Range("added", MARCH.timestamp(), None), DateRange("added", MARCH, None)),
        (Range("price", 5, None), PriceRange(Decimal(5), None)),
        (Range("width", 5, None, "inches"), Range("width", 5.0, None, "in")),
        (Range("width", None, None, "cm", True), Range("width", None, None)),
        (DateRange("added", datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=1))), None),
         DateRange("added", MARCH, None)),
        (Not(DateRange("added", datetime(2026, 3, 1), None)), Not(DateRange("added", MARCH, None))),
    ],
)  # fmt: skip
def test_filter_objects_are_put_into_the_form_that_a_mapping_gives(given_object, form):
    assert parse_filters((given_object,)) == (form,)


def test_filters_with_the_same_content_are_equal_and_can_be_keys():
    one, two = (parse_filters({"brand": ["Fern"], "price": (1, 2)}) for _ in range(2))
    assert one == two and len({one, two}) == 1


def test_a_filter_knows_its_field():
    filters = parse_filters({"brand": {"not": "Fern"}, "price": (1, 2), "in_stock": True, "category": "Shoes"})
    assert [field_of(each) for each in filters] == ["brand", "price", "in_stock", "category"]


SHAPE = "a value, a list, a (low, high) pair or {'not': value}"
PRICE = "an amount of money of 0 or more with at most four decimals, such as 49 or '49.90'"
KIND = "wanted a mapping of field to value, or filter objects, got "
VALUE = "wanted a text, a number, True or False, got "
SIDES = "wanted numbers or dates on both sides of the dots, got"
OR_A_LIST = "write 20..80, or a list of values where the dots belong to one"
DATE = "wanted a date such as 2026-03-01, got"
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
    "too many to read them all": (
        {"brand": [*map(str, range(10_001)), None]},
        "filter brand: wanted at most 10,000 values, got 10,002; narrow it by a category or an attribute",
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
    "from infinity": (
        {"weight": (float("inf"), None)},
        "filter weight: wanted a range, got (inf, None); None leaves an end open",
    ),
    "swapped": ({"weight": (5, 1)}, "filter weight: wanted low <= high, got (5, 1); swap them"),
    "swapped in a text": ({"weight": "5kg..1kg"}, "filter weight: wanted low <= high, got (5, 1); swap them"),
    "swapped in two units": ({"weight": "5kg..1000g"}, "filter weight: wanted low <= high, got (5, 1); swap them"),
    "swapped objects": ((Range("weight", 5, 1),), "filter weight: wanted low <= high, got (5, 1); swap them"),
    "swapped prices": ({"price": (5, 1)}, "filter price: wanted low <= high, got (5, 1); swap them"),
    "swapped price objects": (
        (Not(PriceRange(5, 1)),),  # type: ignore[arg-type]
        "filter price: wanted low <= high, got (5, 1); swap them",
    ),
    "swapped dates": (
        {"added": ("2026-03-02", "2026-03-01")},
        "filter added: wanted low <= high, got (2026-03-02, 2026-03-01); swap them",
    ),
    "nothing between": (
        {"weight": "5..<5"},
        "filter weight: wanted low < high where the end is left out, got (5.0, 5.0)",
    ),
    "no price below": ({"price": "5..<5"}, "filter price: wanted low < high where the end is left out, got 5..<5"),
    "units that do not compare": (
        {"weight": "5kg..10cm"},
        "filter weight: wanted both ends in units that compare, got '5kg..10cm'",
    ),
    "no unit": ((Range("weight", 1, 2, "5 kg!"),), "filter weight: wanted a unit such as 'cm', got '5 kg!'"),
    "half a range": ({"weight": "20..much"}, f"filter weight: {SIDES} '20..much'; {OR_A_LIST}"),
    "a number and a date": ({"weight": "20..2026-01-01"}, f"filter weight: {SIDES} '20..2026-01-01'; {OR_A_LIST}"),
    "one end": ({"price": (5,)}, "filter price: wanted a range (low, high) with None for an open end, got (5,)"),
    "three ends": (
        {"added": ["a", "b", "c"]},
        "filter added: wanted a range (low, high) with None for an open end, got ['a', 'b', 'c']",
    ),
    "price": ({"price": ("cheap", None)}, f"filter price: wanted {PRICE}, got 'cheap'"),
    "negative price": ({"price": (-1, None)}, f"filter price: wanted {PRICE}, got -1"),
    "NaN price": ({"price": (float("nan"), None)}, f"filter price: wanted {PRICE}, got nan"),
    "stock": ({"in_stock": 1}, "filter in_stock: wanted True or False, got 1"),
    "stock of a text": ({"in_stock": "yes"}, "filter in_stock: wanted True or False, got 'yes'"),
    "date": ({"added": ("soon", None)}, f"filter added: {DATE} 'soon'"),
    "date of a number": ({"added": (5, None)}, f"filter added: {DATE} 5"),
    "a day that is none": ({"added": ("2026-02-30", None)}, f"filter added: {DATE} '2026-02-30'"),
    "a date before all": (
        {"added": (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), None)},
        f"filter added: {DATE} '0001-01-01T00:00:00+05:00'",
    ),
    "a number for a date": (
        (Range("added", 1e300, None),),
        "filter added: wanted a range of dates, got 1e+300 to None",
    ),
    "a text for values": ((AnyOf("brand", "Fern"),), "filter brand: wanted a tuple of values, got the text 'Fern'"),  # type: ignore[arg-type]
    "prices by value": ((AnyOf("price", ("5",)),), "filter price: wanted PriceRange, got AnyOf"),
    "stock by value": ((AnyOf("in_stock", ("yes",)),), "filter in_stock: wanted InStock, got AnyOf"),
    "dates by value": ((AnyOf("added", ("2026",)),), "filter added: wanted a range of dates, got AnyOf"),
    "no date": (
        (DateRange("released", None, None),),
        "filter released: wanted a range of dates with at least one end",
    ),
    "no name": ({" ": "x"}, "filter ' ': wanted the name of a field"),
    "no field": ((AnyOf("", ("x",)),), "filter '': wanted the name of a field"),
    "a number as field": ((Range(5, 1, 2),), "filter 5: wanted the name of a field"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("filters", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_filter_is_refused_with_what_was_wanted(filters, sentence):
    with pytest.raises(FilterError) as refused:
        parse_filters(filters)
    assert str(refused.value) == sentence
    assert isinstance(refused.value, RequestError)


def test_negations_of_negations_have_an_end():
    deep = {"brand": "Fern"}
    for _ in range(17):
        deep = {"brand": {"not": deep["brand"]}}
    with pytest.raises(FilterError) as refused:
        parse_filters(deep)
    assert str(refused.value) == "filter brand: wanted at most 16 negations of each other, got 17"
    nested = InStock(True)
    for _ in range(5_000):
        nested = Not(nested)  # type: ignore[assignment]
    with pytest.raises(FilterError, match="wanted at most 16 negations of each other, got 5000"):
        parse_filters((nested,))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.from_regex(r"<?-?[0-9]{1,3}(cm|\.[0-9])?\.\.<?(-?[0-9]{1,3}(cm|m)?)?", fullmatch=True)
    | st.decimals()
    | st.dates()
    | st.datetimes(),
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
