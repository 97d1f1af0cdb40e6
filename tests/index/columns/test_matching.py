from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    AnyOf,
    Context,
    FilterError,
    InStock,
    Not,
    PriceRange,
    Product,
    Range,
    Under,
    View,
    match,
    parse_filters,
)

from ..building import view
from ..strategies import BRANDS, CATEGORIES, COLOURS, NOW, SIZES, catalogues, contexts, moments, prices
from .reference import next_change, passing

EUR = Context(currency="EUR")


def some(codes):
    return st.lists(st.sampled_from(codes), min_size=1, max_size=2, unique=True).map(tuple)


def range_of(ends):
    return st.tuples(st.none() | ends, st.none() | ends).map(lambda pair: pair if None in pair else tuple(sorted(pair)))


times = moments.filter(bool).map(lambda moment: moment.timestamp())
simple = st.one_of(
    st.builds(AnyOf, st.just("colour"), some([*COLOURS, "never"])),
    st.builds(AnyOf, st.just("size"), some(SIZES)),
    st.builds(AnyOf, st.just("brand"), some([brand for brand in BRANDS if brand])),
    st.builds(AnyOf, st.just("tags"), some(["new", "sale"])),
    st.builds(AnyOf, st.just("id"), some([f"p{at}" for at in range(31)])),
    st.builds(Under, st.just("category"), some([*CATEGORIES, "Boots", "Nowhere"])),
    st.builds(lambda ends: Range("weight", *ends), range_of(st.sampled_from([0.5, 1.0, 1.5, 27.0]))),
    st.builds(lambda ends: Range("added", *ends), range_of(times)),
    st.builds(lambda ends: PriceRange(*ends), range_of(prices)),
    st.builds(InStock, st.booleans()),
)
filters = st.lists(st.one_of(simple, simple.map(Not), simple.map(Not).map(Not)), max_size=3).map(tuple)


def ids(made: View, mask) -> list[str]:
    return [made.id_of(int(row)) for row in np.flatnonzero(mask)]


def splits(products):
    """The same products as one segment, and as two."""
    yield view(products)
    yield view(products[::2], products[1::2])


@settings(max_examples=150)
@given(catalogues(), filters, contexts, st.sampled_from([-48, -1, 0, 2, 48]))
def test_what_passes_is_what_the_definition_says(products, wanted, context, hours):
    now = NOW.timestamp() + hours * 3_600
    right = {product.id: passing(product, wanted, context, now) for product in products}
    for made in splits(products):
        try:
            found = match(made, wanted, context, now)
        except FilterError:
            names = {name for live in made.segments for name in live.segment.fields}
            asked = {getattr(_inner(each), "field", None) for each in wanted} - {None, "id", "added"}
            assert asked - names or any(_inner(each) == Range("weight", None, None) for each in wanted)
            continue
        assert found.mask.shape == (made.n_rows,)
        assert sorted(ids(made, found.mask)) == sorted(id for id, variants in right.items() if variants)
        assert found.until == next_change(products, context, now)
        for (live, _), variants in zip(made.parts(), found.variants, strict=True):
            for at, id in enumerate(live.segment.ids):
                first, end = live.segment.first_variant[at : at + 2]
                product = next(each for each in products if each.id == id)
                assert variants[first:end].tolist() == [variant in right[id] for variant in product.variants]


def _inner(each):
    while isinstance(each, Not):
        each = each.inner
    return each


def found(products, given_filters, context=EUR) -> list[str]:
    made = view(products)
    return ids(made, match(made, parse_filters(given_filters), context).mask)


SHIRT = Product(
    "shirt",
    "Shirt",
    category="Clothing > Shirts",
    attributes={"sleeve": "long", "weight": {"value": 0.2, "unit": "kg"}},
    variants=[
        {"id": "s1", "options": {"colour": "red", "size": "S"}, "price": 10, "stock": 3},
        {"id": "s2", "options": {"colour": "blue", "size": "M"}, "price": 30, "stock": 0},
    ],
).resolved("en", "EUR")
SOCKS = Product("socks", "Socks", category="Clothing > Socks", price=5, attributes={"colour": "red"}).resolved(
    "en", "EUR"
)
FREE = Product("leaflet", "Leaflet", category="Paper").resolved("en", "EUR")
SHOP = [SHIRT, SOCKS, FREE]


@pytest.mark.parametrize(
    ("given_filters", "right"),
    [
        ({}, ["leaflet", "shirt", "socks"]),
        ({"colour": "red"}, ["shirt", "socks"]),
        ({"colour": "red", "size": "S"}, ["shirt"]),
        ({"colour": "red", "size": "M"}, []),  # red is S, and M is blue
        ({"colour": "red", "price": (20, None)}, []),
        ({"size": "M", "in_stock": True}, []),
        ({"size": "M", "in_stock": False}, ["shirt"]),
        ({"colour": {"not": "red"}}, ["leaflet", "shirt"]),
        ({"category": "Clothing"}, ["shirt", "socks"]),
        ({"category": "Clothing > Shirts"}, ["shirt"]),
        ({"category": "Cloth"}, []),
        ({"category": {"not": "Clothing"}}, ["leaflet"]),
        ({"weight": (None, 1)}, ["shirt"]),
        ({"weight": {"not": (None, 1)}}, ["leaflet", "socks"]),
        ({"price": (None, None)}, ["shirt", "socks"]),  # a price is asked for, whichever
        ({"price": {"not": (None, 5)}}, ["shirt"]),  # an unknown price is not above five
        ({"in_stock": {"not": True}}, ["shirt"]),
        ({"in_stock": True}, ["shirt", "socks"]),
        ({"id": ["socks", "nothing"]}, ["socks"]),
        ({"id": {"not": "socks"}}, ["leaflet", "shirt"]),
        ({"colour": "\ud800"}, []),
        ({"colour": "red\0"}, []),
    ],
)
def test_filters_mean_what_a_shopper_means(given_filters, right):
    assert found(SHOP, given_filters) == right


def test_a_product_that_is_offered_elsewhere_never_passes_and_one_without_any_offer_does():
    assert found(SHOP, {}, Context(currency="USD")) == ["leaflet"]
    assert found(SHOP, {"price": (0, None)}, Context(currency="USD")) == []


def test_a_price_is_compared_to_the_last_decimal():
    products = [Product(f"p{units}", "x", price=f"10.{units:04}", currency="EUR") for units in (0, 1, 2)]
    assert found(products, {"price": ("10.0001", "10.0001")}) == ["p1"]
    assert found(products, {"price": (None, "10.0001")}) == ["p0", "p1"]


NAMES = "added, category, colour, id, in_stock, price, size, sleeve, weight"


@pytest.mark.parametrize(
    ("given_filters", "sentence"),
    [
        ({"color": "red"}, f"filter color: no product has such a field; wanted one of {NAMES}"),
        ({"color": {"not": "red"}}, f"filter color: no product has such a field; wanted one of {NAMES}"),
        (
            {"colour": (1, 2)},
            "filter colour: wanted values, got a range, but this field has no numbers; use a list of its values",
        ),
        ({"id": (1, 2)}, "filter id: wanted ids, as a text or a list, got Range"),
        ((AnyOf("added", ("2026",)),), "filter added: wanted a range of dates, got AnyOf"),
    ],
)
def test_a_filter_that_cannot_hold_is_refused_with_what_there_is(given_filters, sentence):
    with pytest.raises(FilterError) as refused:
        found(SHOP, given_filters)
    assert str(refused.value) == sentence


def test_an_empty_shop_has_nothing_to_refuse():
    made = View()
    matching = match(made, parse_filters({"colour": "red", "weight": (1, 2)}), EUR)
    assert matching.mask.shape == (0,) and matching.until == float("inf")


def test_deleted_products_never_pass():
    made = view(SHOP)
    tombstones = View((made.segments[0].without([made.row_of("socks")]),))
    assert ids(tombstones, match(tombstones, (), EUR).mask) == ["leaflet", "shirt"]
    assert ids(tombstones, match(tombstones, parse_filters({"id": "socks"}), EUR).mask) == []
    assert ids(tombstones, match(tombstones, parse_filters({"id": {"not": "shirt"}}), EUR).mask) == ["leaflet"]
