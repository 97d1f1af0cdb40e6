from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    AnyOf,
    Context,
    FilterError,
    FoundProducts,
    InStock,
    Product,
    Under,
    View,
    facet,
    match,
    parse_filters,
)
from shelfwise.index.columns import facets

from ..building import view
from ..strategies import NOW, catalogues, contexts
from .reference import offer_here, passing, values_of

EUR = Context(currency="EUR")
FIELDS = ("brand", "category", "tags", "colour", "size", "weight", "sku")
narrowing = st.sampled_from(
    [
        (),
        (AnyOf("size", ("M",)),),
        (AnyOf("colour", ("red", "blue")),),
        (InStock(True),),
        (Under("category", ("Shoes",)),),
    ]
)


def count(made: View, matching, field, locale="en", chosen=(), rows=None):
    """A facet over all that matches, or over some rows."""
    rows = np.flatnonzero(matching.mask) if rows is None else rows
    return facet(FoundProducts(made, matching, rows), field, locale, parse_filters(chosen))


@settings(max_examples=100)
@given(catalogues(min_size=1), narrowing, contexts, st.sampled_from(FIELDS))
def test_values_are_counted_by_product_over_the_variants_that_pass(products, filters, context, field):
    now = NOW.timestamp()
    right: Counter[str] = Counter()
    for product in products:
        variants = passing(product, filters, context, now)
        right.update({value.code for variant in variants for value in values_of(product, variant, field)})
    for made in (view(products), view(products[::2], products[1::2])):
        try:
            counted = count(made, match(made, filters, context, now), field)
        except FilterError:
            continue
        assert {value.code: value.count for value in counted} == dict(right)
        assert [value.code for value in counted] == sorted(right, key=lambda code: (-right[code], code))
        assert counted.distinct == len(right)


@settings(max_examples=150)
@given(catalogues(min_size=1), narrowing, contexts, st.sampled_from([*FIELDS, "in_stock", "price", "added"]))
def test_a_count_is_what_is_left_when_the_value_is_chosen_as_well(products, filters, context, field):
    now = NOW.timestamp()
    for made in (view(products), view(products[::2], products[1::2])):
        try:
            counted = count(made, match(made, filters, context, now), field)
        except FilterError:
            continue
        for value in counted:
            chosen = match(made, (*filters, *parse_filters({field: value.code})), context, now)
            assert np.count_nonzero(chosen.mask) == value.count > 0


@settings(max_examples=50)
@given(catalogues(min_size=1), narrowing, contexts)
def test_the_range_of_prices_is_that_of_the_variants_that_pass(products, filters, context):
    made, now = view(products), NOW.timestamp()
    try:
        matching = match(made, filters, context, now)
    except FilterError:
        return
    counted = count(made, matching, "price")
    offers = [
        offer_here(variant, context, now) for product in products for variant in passing(product, filters, context, now)
    ]
    amounts = [float(offer.price) for offer in offers if offer is not None]
    assert (counted.low, counted.high) == (min(amounts, default=None), max(amounts, default=None))
    assert counted.distinct == len(set(amounts))


def test_only_what_was_found_is_counted():
    made = view([SHIRT, JACKET])
    matching = match(made, (), EUR)
    found = np.array([made.row_of("jacket")])
    assert count(made, matching, "colour", rows=found).values == ()
    assert [value.code for value in count(made, matching, "weight", rows=found)] == ["2 kg"]
    assert count(made, matching, "price", rows=found).low == 50


SHIRT = Product(
    "shirt", {"en": "Shirt", "zh": "衬衫"},
    attributes={
        "fit": {"code": "slim", "label": {"en": "Slim fit", "zh": "修身"}},
        "weight": {"value": 0.2, "unit": "kg"},
    },
    variants=[
        {"id": "s1", "options": {"colour": "red", "size": "S"}, "price": 10, "stock": 1},
        {"id": "s2", "options": {"colour": "red", "size": "M"}, "price": 20, "stock": 0},
        {"id": "s3", "options": {"colour": "blue", "size": "M"}, "price": 20, "stock": 0},
    ],
).resolved("en", "EUR")  # fmt: skip
JACKET = Product("jacket", "Jacket", price=50, attributes={"weight": {"value": 2, "unit": "kg"}}).resolved("en", "EUR")


def counts(field, filters=None, locale="en"):
    made = view([SHIRT, JACKET])
    return count(made, match(made, parse_filters(filters), EUR), field, locale)


def test_a_product_with_two_red_variants_is_one_red_product():
    assert counts("colour").count("red") == 1 == counts("colour").count("blue")


def test_a_colour_that_the_chosen_size_does_not_have_is_not_promised():
    assert [value.code for value in counts("colour", {"size": "S"})] == ["red"]


def test_labels_are_those_of_the_locale():
    assert [value.label for value in counts("fit", locale="zh")] == ["修身"]
    assert [value.label for value in counts("fit", locale="en-GB")] == ["Slim fit"]


def test_a_label_is_found_in_whichever_segment_has_it():
    plain = Product("plain", "Shirt", price=1, attributes={"fit": "slim"}).resolved("en", "EUR")
    for made in (view([plain], [SHIRT]), view([SHIRT], [plain])):
        (value,) = count(made, match(made, (), EUR), "fit", "zh")
        assert (value.code, value.label, value.count) == ("slim", "修身", 2)


def test_a_field_with_numbers_has_its_range_over_what_was_found():
    assert (counts("weight").low, counts("weight").high, counts("weight").unit) == (0.2, 2, "kg")
    assert (counts("weight", {"colour": "red"}).low, counts("weight", {"colour": "red"}).high) == (0.2, 0.2)
    assert (counts("fit").low, counts("fit").high) == (None, None)


def test_stock_is_counted_by_product():
    assert {value.code: value.count for value in counts("in_stock")} == {"true": 2, "false": 1}
    assert {value.code: value.count for value in counts("in_stock", {"size": "M"})} == {"false": 1}
    assert [value.label for value in counts("in_stock", locale="de-AT")] == ["ja", "nein"]


def test_an_unknown_count_is_zero():
    assert counts("colour").count("never") == 0


def test_a_field_that_no_product_has_is_refused_with_what_there_is():
    with pytest.raises(FilterError) as refused:
        counts("color")
    assert str(refused.value) == (
        "facet color: no product has such a field; wanted one of colour, price, in_stock, added, fit, size, weight"
    )


def test_an_empty_shop_has_empty_facets():
    made = View()
    for field in ("colour", "price", "in_stock", "added", "category"):
        assert count(made, match(made, (), EUR), field).values == ()


def test_deleted_products_are_not_counted():
    made = view([SHIRT, JACKET])
    made = View((made.segments[0].without([made.row_of("shirt")]),))
    matching = match(made, (), EUR)
    assert count(made, matching, "colour").values == ()
    assert [value.code for value in count(made, matching, "weight")] == ["2 kg"]


# ---- many values -------------------------------------------------------------------------------------------------


def coded(number: int, **more) -> Product:
    return Product(f"p{number}", "Lamp", price=5, currency="EUR", **more)


def test_only_the_most_frequent_values_are_kept_and_those_that_are_chosen(monkeypatch):
    monkeypatch.setattr(facets, "MOST_VALUES", 2)
    products = [coded(at, attributes={"colour": colour}) for at, colour in enumerate("ccbbbaad")]
    for made in (view(products), view(products[:3], products[3:])):
        matching = match(made, (), EUR)
        counted = count(made, matching, "colour")
        assert [(value.code, value.count) for value in counted] == [("b", 3), ("a", 2)]
        assert counted.distinct == 4
        counted = count(made, matching, "colour", chosen={"colour": ["d", "b", "never"]})
        assert [(value.code, value.count) for value in counted] == [("b", 3), ("a", 2), ("d", 1)]
        unchosen = count(made, matching, "colour", chosen={"colour": {"not": "d"}})
        assert [value.code for value in unchosen] == ["b", "a"]


def test_a_chosen_value_that_nothing_found_has_is_listed_with_zero():
    made = view([SHIRT, JACKET])
    chosen = {"colour": ["blue"]}
    counted = count(made, match(made, parse_filters({"size": "S"}), EUR), "colour", chosen=chosen)
    assert [(value.code, value.count) for value in counted] == [("red", 1), ("blue", 0)]


def test_a_field_with_a_value_for_each_of_many_products_stays_short():
    products = [coded(at, sku=f"SKU-{at:05}", attributes={"serial": f"{at:05} x{at}"}) for at in range(3_000)]
    for made in (view(products), view(products[:2_000], products[1_000:])):
        matching = match(made, (), EUR)
        for field, first in (("sku", "SKU-00000"), ("serial", "00000 x0")):
            counted = count(made, matching, field)
            assert len(counted.values) == 100 and counted.distinct == 3_000
            assert counted.values[0].code == first and {value.count for value in counted} == {1}
            assert [value.code for value in counted] == sorted(value.code for value in counted)


# ---- buckets -----------------------------------------------------------------------------------------------------


def left(made: View, field: str, code: str) -> int:
    return int(match(made, parse_filters({field: code}), EUR).mask.sum())


def test_price_buckets_are_of_equal_width_with_round_edges_and_each_is_a_filter():
    made = view([Product(f"p{at}", "Lamp", price=f"{at * 7 % 50}.{at % 10}9", currency="EUR") for at in range(60)])
    buckets = count(made, match(made, (), EUR), "price")
    assert [bucket.code for bucket in buckets] == [f"{low}.00..{low + 4}.99" for low in range(0, 50, 5)] and sum(
        bucket.count for bucket in buckets
    ) == 60
    assert buckets.values[0].label == "0.00 - 4.99"
    for bucket in buckets:
        assert left(made, "price", bucket.code) == bucket.count


@pytest.mark.parametrize(
    ("prices", "codes"),
    [
        ([5], ["5.00..5.00"]),
        (["5", "5.01"], ["5.00..5.00", "5.01..5.01"]),
        (["0.0001", "0.0009"], ["0.0001..0.0001", "0.0009..0.0009"]),
        (["1", "1.0005"], ["1.00..1.00", "1.0005..1.0005"]),
        ([100, 900], ["100.00..199.99", "900.00..999.99"]),
        (["9999999999999"], ["9999999999999.00..9999999999999.00"]),
        ([0, 0, 3], ["0.00..0.49", "3.00..3.49"]),
        ([*range(100, 150), 90_000], [f"{low}.00..{low + 4}.99" for low in range(100, 145, 5)] + ["145.00.."]),
    ],
)
def test_price_buckets_hold_whatever_prices_there_are(prices, codes):
    made = view([Product(f"p{at}", "x", price=price, currency="EUR") for at, price in enumerate(prices)])
    buckets = count(made, match(made, (), EUR), "price")
    assert [bucket.code for bucket in buckets] == codes
    assert [left(made, "price", bucket.code) for bucket in buckets] == [bucket.count for bucket in buckets]
    assert sum(bucket.count for bucket in buckets) == len(prices)


def test_a_product_with_variants_at_two_prices_is_in_both_buckets_and_once_in_one():
    sizes = [("S", 10), ("M", 11), ("L", 95)]
    boot = Product("boot", "Boot", variants=[{"id": s, "options": {"size": s}, "price": p} for s, p in sizes])
    made = view([boot.resolved("en", "EUR")])
    buckets = count(made, match(made, (), EUR), "price")
    assert [(bucket.code, bucket.count) for bucket in buckets] == [("10.00..19.99", 1), ("90.00..99.99", 1)]


def test_few_numbers_are_listed_and_many_come_as_buckets_that_do_not_overlap():
    def sized(numbers):
        return view([coded(at, attributes={"width": f"{number:g} cm"}) for at, number in enumerate(numbers)])

    made = sized([10, 20, 20])
    counted = count(made, match(made, (), EUR), "width")
    assert [(value.code, value.count) for value in counted] == [("20 cm", 2), ("10 cm", 1)]
    made = sized([*range(10, 60), 39.5])
    counted = count(made, match(made, (), EUR), "width")
    assert [value.code for value in counted] == [f"{low}..<{low + 5}cm" for low in range(10, 60, 5)]
    assert [value.label for value in counted][:2] == ["10 - 15 cm", "15 - 20 cm"]
    assert [value.count for value in counted] == [5, 5, 5, 5, 5, 6, 5, 5, 5, 5]
    assert (counted.low, counted.high, counted.unit, counted.distinct) == (10, 59, "cm", 51)
    for value in counted:
        assert left(made, "width", value.code) == value.count


def test_what_is_no_number_stands_behind_the_buckets():
    products = [coded(at, attributes={"width": f"{at} cm"}) for at in range(20)]
    products += [coded(100 + at, attributes={"width": "made to measure"}) for at in range(3)]
    made = view(products)
    counted = count(made, match(made, (), EUR), "width")
    assert [(value.code, value.count) for value in counted][-2:] == [("18..<20cm", 2), ("made to measure", 3)]


numbers = st.one_of(
    st.floats(-1e9, 1e9), st.integers(-1000, 1000).map(float), st.integers(0, 400).map(lambda at: at / 10)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=13, max_size=60, unique=True))
def test_number_buckets_hold_every_number_once_and_are_filters(given_numbers):
    made = view([coded(at, attributes={"load": number}) for at, number in enumerate(given_numbers)])
    counted = count(made, match(made, (), EUR), "load")
    assert sum(value.count for value in counted) == len(given_numbers)
    for value in counted:
        assert left(made, "load", value.code) == value.count
    assert len(counted.values) <= 10


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.datetimes(timezones=st.just(UTC)),
            st.timedeltas(timedelta(), timedelta(days=400)).map(lambda time: NOW + time),
            st.timedeltas(timedelta(), timedelta(days=9)).map(lambda time: NOW + time),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_date_buckets_hold_every_date_once_and_are_filters(moments):
    made = view([coded(at, added=moment) for at, moment in enumerate(moments)])
    counted = count(made, match(made, (), EUR), "added")
    assert sum(value.count for value in counted) == len(moments)
    for value in counted:
        assert left(made, "added", value.code) == value.count
    assert len(counted.values) <= 10
    assert abs(counted.low - min(moments)) < timedelta(milliseconds=1) > abs(counted.high - max(moments))


@pytest.mark.parametrize(
    ("days", "values"),
    [
        (["2026-01-05"], {"2026-01-05": "2026-01-05..2026-01-05"}),
        (
            ["2026-01-30", "2026-02-02"],
            {"2026-01-30": "2026-01-30..2026-01-30", "2026-02-02": "2026-02-02..2026-02-02"},
        ),
        (["2025-12-30", "2026-02-02"], {"2025-12": "2025-12-01..2025-12-31", "2026-02": "2026-02-01..2026-02-28"}),
        (["2019-01-01", "2026-12-31"], {"2019": "2019-01-01..2019-12-31", "2026": "2026-01-01..2026-12-31"}),
        (
            ["1995-01-01", "2026-12-31"],
            {"1995 - 1999": "1995-01-01..1999-12-31", "2025 - 2029": "2025-01-01..2029-12-31"},
        ),
        (
            ["0001-01-01", "9999-12-31"],
            {"1 - 999": "0001-01-01..0999-12-31", "9000 - 9999": "9000-01-01..9999-12-31"},
        ),
    ],
)
def test_dates_come_as_days_months_or_years(days, values):
    for name in ("added", "released"):
        fields = [{"added": day} if name == "added" else {"attributes": {name: day}} for day in days]
        made = view([coded(at, **each) for at, each in enumerate(fields)])
        counted = count(made, match(made, (), EUR), name)
        assert {value.label: value.code for value in counted} == values
        assert (counted.low, counted.high) == (_day(days[0]), _day(days[-1]))
        assert [left(made, name, value.code) for value in counted] == [value.count for value in counted]


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---- yes and no, and levels --------------------------------------------------------------------------------------


def test_yes_and_no_are_one_value_each_however_they_are_written():
    words = ["yes", "ja", "no", "yes", "nein"]
    products = [coded(at, attributes={"vegan": word}).resolved("de", "EUR") for at, word in enumerate(words)]
    for made in (view(products), view(products[:2], products[2:])):
        counted = count(made, match(made, (), EUR), "vegan", "de")
        assert [(value.code, value.count) for value in counted] == [("true", 3), ("false", 2)]
        for value in counted:
            assert left(made, "vegan", value.code) == value.count
    plain = view([coded(at, attributes={"vegan": at > 0}) for at in range(3)])
    assert [(value.label, value.count) for value in count(plain, match(plain, (), EUR), "vegan", "zh")] == [
        ("是", 2),
        ("否", 1),
    ]


def test_noughts_and_ones_are_numbers():
    made = view([coded(at, attributes={"doors": at % 2}) for at in range(3)])
    counted = count(made, match(made, (), EUR), "doors")
    assert [(value.code, value.count) for value in counted] == [("0", 2), ("1", 1)]
    assert left(made, "doors", "1") == 1 == int(match(made, parse_filters({"doors": True}), EUR).mask.sum())


def shelf(*paths: dict[str, str]) -> list[Product]:
    return [coded(at, category=list(path) if isinstance(path, tuple) else path) for at, path in enumerate(paths)]


SHELF = shelf(
    {"en": "Shoes > Boots > Winter", "de": "Schuhe > Stiefel > Winter"},
    {"en": "Shoes > Boots > Rain", "de": "Schuhe > Stiefel > Regen"},
    {"en": "Shoes > Boots", "de": "Schuhe > Stiefel"},
    {"en": "Shoes > Sandals", "de": "Schuhe > Sandalen"},
    {"en": "Shoes & more", "de": "Schuhe & mehr"},
)


@pytest.mark.parametrize(
    ("chosen", "path", "children"),
    [
        (None, [], [("Shoes", "Schuhe", 4), ("Shoes & more", "Schuhe & mehr", 1)]),
        (
            "Shoes",
            [("Shoes", "Schuhe", 4)],
            [("Shoes > Boots", "Stiefel", 3), ("Shoes > Sandals", "Sandalen", 1)],
        ),
        (
            "Shoes > Boots",
            [("Shoes", "Schuhe", 4), ("Shoes > Boots", "Stiefel", 3)],
            [("Shoes > Boots > Rain", "Regen", 1), ("Shoes > Boots > Winter", "Winter", 1)],
        ),
        (["Shoes > Boots > Rain", "Shoes > Boots > Winter"], [("Shoes", "Schuhe", 4), ("Shoes > Boots", "Stiefel", 3)],
         [("Shoes > Boots > Rain", "Regen", 1), ("Shoes > Boots > Winter", "Winter", 1)]),
        ("Shoes > Hats", [("Shoes", "Schuhe", 4), ("Shoes > Hats", "Hats", 0)], []),
    ],
)  # fmt: skip
def test_a_category_has_its_path_and_what_lies_below(chosen, path, children):
    for made in (view(SHELF), view(SHELF[:2], SHELF[2:])):
        counted = count(made, match(made, (), EUR), "category", "de", {"category": chosen} if chosen else ())
        assert [(value.code, value.label, value.count) for value in counted.path] == path
        assert [(value.code, value.label, value.count) for value in counted.children] == children
        assert counted.count("Shoes") == 4 and counted.values[0].label == "Schuhe"
