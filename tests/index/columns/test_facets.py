from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    AnyOf,
    Context,
    FilterError,
    InStock,
    Product,
    Under,
    View,
    facet,
    lowest_prices,
    match,
    parse_filters,
)
from shelfwise.index.money import to_units

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
            matching = match(made, filters, context, now)
            counted = facet(made, matching, matching.mask, field, "en")
        except FilterError:
            continue
        assert {value.code: value.count for value in counted} == dict(right)
        assert [value.code for value in counted] == sorted(right, key=lambda code: (-right[code], code))


@settings(max_examples=100)
@given(catalogues(min_size=1), narrowing, contexts, st.sampled_from([*FIELDS, "in_stock"]))
def test_a_count_is_what_is_left_when_the_value_is_chosen_as_well(products, filters, context, field):
    made, now = view(products), NOW.timestamp()
    try:
        matching = match(made, filters, context, now)
        counted = facet(made, matching, matching.mask, field, "en")
    except FilterError:
        return
    for value in counted:
        chosen = match(made, (*filters, *parse_filters({field: value.code})), context, now)
        assert np.count_nonzero(chosen.mask) == value.count


@settings(max_examples=50)
@given(catalogues(min_size=1), narrowing, contexts)
def test_the_lowest_price_is_that_of_the_cheapest_variant_that_passes(products, filters, context):
    made, now = view(products), NOW.timestamp()
    try:
        matching = match(made, filters, context, now)
    except FilterError:
        return
    lowest = lowest_prices(made, matching, matching.mask)
    for product in products:
        offers = [offer_here(variant, context, now) for variant in passing(product, filters, context, now)]
        amounts = [to_units(offer.price) for offer in offers if offer is not None]
        assert lowest[made.row_of(product.id)] == min(amounts, default=-1)


@settings(max_examples=50)
@given(catalogues(min_size=1), contexts)
def test_price_buckets_hold_each_priced_product_once(products, context):
    made = view(products)
    matching = match(made, (), context, NOW.timestamp())
    prices = lowest_prices(made, matching, matching.mask)
    priced = prices[prices >= 0] / 10_000
    buckets = facet(made, matching, matching.mask, "price", "en")
    assert sum(value.count for value in buckets) == len(priced)
    if len(priced):
        assert (buckets.low, buckets.high) == (priced.min(), priced.max())


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
    matching = match(made, parse_filters(filters), EUR)
    return facet(made, matching, matching.mask, field, locale)


def test_a_product_with_two_red_variants_is_one_red_product():
    assert counts("colour").count("red") == 1 == counts("colour").count("blue")


def test_a_colour_that_the_chosen_size_does_not_have_is_not_promised():
    assert [value.code for value in counts("colour", {"size": "S"})] == ["red"]


def test_labels_are_those_of_the_locale():
    assert [value.label for value in counts("fit", locale="zh")] == ["修身"]
    assert [value.label for value in counts("fit", locale="en-GB")] == ["Slim fit"]


def test_a_field_with_numbers_has_its_range_over_what_was_found():
    assert (counts("weight").low, counts("weight").high) == (0.2, 2)
    assert (counts("weight", {"colour": "red"}).low, counts("weight", {"colour": "red"}).high) == (0.2, 0.2)
    assert (counts("fit").low, counts("fit").high) == (None, None)


def test_stock_is_counted_by_product():
    assert {value.code: value.count for value in counts("in_stock")} == {"true": 2, "false": 1}
    assert {value.code: value.count for value in counts("in_stock", {"size": "M"})} == {"false": 1}


def test_an_unknown_count_is_zero():
    assert counts("colour").count("never") == 0


def test_a_field_that_no_product_has_is_refused_with_what_there_is():
    with pytest.raises(FilterError) as refused:
        counts("color")
    assert str(refused.value) == (
        "facet color: no product has such a field; wanted one of colour, fit, in_stock, price, size, weight"
    )


def test_an_empty_shop_has_empty_facets():
    made = View()
    matching = match(made, (), EUR)
    for field in ("colour", "price", "in_stock"):
        assert facet(made, matching, matching.mask, field, "en").values == ()


def test_deleted_products_are_not_counted():
    made = view([SHIRT, JACKET])
    made = View((made.segments[0].without([made.row_of("shirt")]),))
    matching = match(made, (), EUR)
    assert facet(made, matching, matching.mask, "colour", "en").values == ()
    assert [value.code for value in facet(made, matching, matching.mask, "weight", "en")] == ["2 kg"]


def test_only_the_most_frequent_values_are_kept(monkeypatch):
    from shelfwise.index.columns import facets

    monkeypatch.setattr(facets, "MOST_VALUES", 1)
    assert [value.code for value in counts("colour")] == ["blue"]


def test_a_price_bucket_is_a_filter_that_leaves_as_many_as_it_counts():
    made = view([Product(f"p{at}", "Lamp", price=f"{at * 7 % 50}.{at % 10}9", currency="EUR") for at in range(60)])
    everything = match(made, (), EUR)
    buckets = facet(made, everything, everything.mask, "price", "en")
    assert len(buckets.values) > 3 and sum(bucket.count for bucket in buckets) == 60
    for bucket in buckets:
        chosen = match(made, parse_filters({"price": bucket.code}), EUR)
        assert int(chosen.mask.sum()) == bucket.count
