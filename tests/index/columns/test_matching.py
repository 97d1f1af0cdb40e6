from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    AnyOf,
    Context,
    DateRange,
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


times = moments.filter(bool)
simple = st.one_of(
    st.builds(AnyOf, st.just("colour"), some([*COLOURS, "never"])),
    st.builds(AnyOf, st.just("size"), some(SIZES)),
    st.builds(AnyOf, st.just("brand"), some([brand for brand in BRANDS if brand])),
    st.builds(AnyOf, st.just("tags"), some(["new", "sale"])),
    st.builds(AnyOf, st.just("id"), some([f"p{at}" for at in range(31)])),
    st.builds(Under, st.just("category"), some([*CATEGORIES, "Boots", "Nowhere"])),
    st.builds(lambda ends: Range("weight", *ends), range_of(st.sampled_from([0.5, 1.0, 1.5, 27.0]))),
    st.builds(lambda ends: DateRange("added", *ends), range_of(times)),
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


NAMES = "colour, category, price, sleeve, in_stock, added, id, size and 1 more"


@pytest.mark.parametrize(
    ("given_filters", "sentence"),
    [
        ({"color": "red"}, f"filter color: no product has such a field; wanted one of {NAMES}"),
        ({"color": {"not": "red"}}, f"filter color: no product has such a field; wanted one of {NAMES}"),
        (
            {"colour": (1, 2)},
            "filter colour: wanted values, got a range, but this field has no numbers; it has blue, red",
        ),
        (
            {"colour": ("2026-01-01", None)},
            "filter colour: wanted values, got a range, but this field has no dates; it has blue, red",
        ),
        ({"weight": "1cm..2cm"}, "filter weight: wanted a range in kg, or what compares with it, got cm"),
        ({"id": (1, 2)}, "filter id: wanted ids, as a text or a list, got Range"),
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


# ---- types read from the catalogue -------------------------------------------------------------------------------


def typed(id: str, **attributes) -> Product:
    return Product(id, "x", price=5, attributes=attributes).resolved("en", "EUR")


TYPED = [
    typed("a", width="20 cm", waterproof="yes", released="2026-01-05", article="0012", volume="500 ml"),
    typed("b", width="25,5 cm", waterproof="no", released="2026-01-31T23:00:00+00:00", article="12", volume="0.5 l"),
    typed("c", width="0.3 m", waterproof="ja", released="2026-02-01", volume={"value": 1, "unit": "l"}),
    typed("d", width='12"', released="soon", volume="a lot"),
    typed("e", width="wide"),
]


@pytest.mark.parametrize(
    ("given_filters", "right"),
    [
        ({"width": (20, 30)}, ["a", "b", "c"]),
        ({"width": "20..<30"}, ["a", "b"]),
        ({"width": "20cm..0.3m"}, ["a", "b", "c"]),
        ({"width": "250mm.."}, ["b", "c", "d"]),
        ({"width": (None, None)}, ["a", "b", "c", "d"]),
        ({"width": {"not": (20, 30)}}, ["d", "e"]),
        ({"width": 20}, ["a"]),
        ({"width": "200 mm"}, ["a"]),
        ({"width": "30 cm"}, ["c"]),
        ({"width": ["0.3 m", "wide"]}, ["c", "e"]),
        ({"volume": "500 ml"}, ["a"]),  # as it is written there
        ({"volume": "0.5 litres"}, ["a", "b"]),
        ({"volume": "1 l"}, ["c"]),
        ({"waterproof": True}, ["a", "c"]),
        ({"waterproof": "true"}, ["a", "c"]),
        ({"waterproof": "yes"}, ["a", "c"]),
        ({"waterproof": False}, ["b"]),
        ({"waterproof": {"not": True}}, ["b", "d", "e"]),
        ({"released": ("2026-01-05", "2026-01-31")}, ["a", "b"]),
        ({"released": ["2026-01-05", "2026-01-31"]}, ["a"]),
        ({"released": "2026-01-05..2026-01-31"}, ["a", "b"]),
        ({"released": (None, "2026-01-31")}, ["a", "b"]),
        ({"released": {"not": "2026-01-05..2026-01-31"}}, ["c", "d", "e"]),
        ({"released": "soon"}, ["d"]),
        ({"article": "12"}, ["b"]),
        ({"article": "0012"}, ["a"]),
        ({"article": "12.0"}, ["a", "b"]),
        ({"brand": "12"}, None),
    ],
)
def test_a_field_is_asked_by_what_its_values_are_in_one_segment_or_two(given_filters, right):
    for made in splits(TYPED):
        if right is None:
            with pytest.raises(FilterError):
                match(made, parse_filters(given_filters), EUR)
            continue
        assert sorted(ids(made, match(made, parse_filters(given_filters), EUR).mask)) == right


def test_a_number_and_a_text_that_looks_like_it_stay_apart_where_the_field_is_a_name():
    brands = [Product(id, "x", brand=id, price=5, currency="EUR") for id in ("0012", "12")]
    assert found(brands, {"brand": "12"}) == ["12"]
    assert found(brands, {"brand": "12.0"}) == []


# ---- what is said of an answer -----------------------------------------------------------------------------------


def notes(products, given_filters, context=EUR) -> tuple[str, ...]:
    return match(view(products), parse_filters(given_filters), context).notes


@pytest.mark.parametrize(
    ("given_filters", "said"),
    [
        ({"colour": "red"}, ()),
        ({"colour": ["red", "rde"]}, ("filter colour: no product has 'rde'; the nearest values are red, blue.",)),
        (
            {"colour": {"not": "green"}},
            ("filter colour: no product has 'green'; the nearest values are red, blue.",),
        ),
        (
            {"colour": "rad"},
            (
                "filter colour: no product has 'rad'; the nearest values are red, blue.",
                "No product passes 'colour:rad'.",
            ),
        ),
        (
            {"sleeve": [f"s{at}" for at in range(9)]},
            (
                "filter sleeve: no product has 's0', 's1', 's2' and 6 more; the nearest value is long.",
                "No product passes 'sleeve:s0,s1,s2,s3,s4,s5,s6,s7,s8'.",
            ),
        ),
        (
            {"category": "Clothing > Hats", "colour": "red"},
            (
                "filter category: no product has 'Clothing > Hats'; "
                "the nearest values are Clothing > Shirts, Clothing > Socks, Clothing, Paper.",
                "No product passes \"category:'Clothing > Hats'\".",
            ),
        ),
        ({"id": ["sock", "socks"]}, ("filter id: no product has 'sock'.",)),
        ({"price": (None, 1)}, ("No product passes 'price:..1'.",)),
        ({"colour": "red", "size": "M", "price": (0, 99)}, ("No product passes 'colour:red' and 'size:M' together.",)),
        (
            (AnyOf("colour", ("red",)), InStock(True), Not(AnyOf("colour", ("red",)))),
            ("No product passes 'colour:red' and '-colour:red' together.",),
        ),
        ({"weight": (27, None)}, ("No product passes 'weight:27..'.",)),
        ({"added": ("2026-01-01", None)}, ("No product passes 'added:2026-01-01..'.",)),
    ],
)  # fmt: skip
def test_an_answer_says_what_no_product_has_and_why_it_is_empty(given_filters, said):
    assert notes(SHOP, given_filters) == said


def test_where_nothing_is_for_sale_the_place_is_said():
    context = Context(currency="USD", market="us", groups=("staff", "trade"))
    assert notes([SHIRT, SOCKS], {"colour": "red"}, context) == (
        "No product is for sale here: currency USD, market us, groups staff, trade.",
    )
    assert notes([SHIRT, SOCKS], {}, Context(currency="USD")) == ("No product is for sale here: currency USD.",)


def test_ten_thousand_values_are_answered_and_named_in_short():
    many = {"sku": [f"SKU-{at}" for at in range(10_000)]}
    products = [Product(f"p{at}", "x", sku=f"SKU-{at}", price=1, currency="EUR") for at in range(0, 20_000, 500)]
    assert len(found(products, many)) == 20
    (said,) = notes(products, many)
    assert said.startswith(
        "filter sku: no product has 'SKU-1', 'SKU-2', 'SKU-3' and 9,977 more; the nearest values are "
    )
    unknown, empty = notes(products, {"sku": [f"none {at}" for at in range(10_000)]})
    assert empty.startswith("No product passes \"sku:'none 0','none 1'") and len(empty) < 120
    assert len(unknown) < 300


def test_a_value_among_very_many_is_only_counted(monkeypatch):
    from shelfwise.index.columns import view_fields

    monkeypatch.setattr(view_fields, "MOST_COMPARED", 1)
    assert notes(SHOP, {"colour": ["red", "rde"]}) == (
        "filter colour: no product has 'rde', of 2 values that there are.",
    )
