"""Which variant is shown, and what products are ordered by."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    Asking,
    Context,
    FilterError,
    FoundProducts,
    Product,
    RequestError,
    View,
    check_sort,
    match,
    parse_filters,
    shown_variants,
    sort_keys,
)
from shelfwise.index.money import to_units

from ..building import view
from ..strategies import NOW, catalogues, contexts
from .reference import offer_here, passing

EUR = Context(currency="EUR")
RED = {"code": "red", "label": {"en": "Red", "de": "Rot"}}
BLUE = {"code": "blue", "label": {"en": "Dark blue", "de": "Blau"}}


def size(id: str, sku: str, colour: dict[str, object], size: str, price: int, stock: int) -> dict[str, object]:
    return {"id": id, "sku": sku, "options": {"colour": colour, "size": size}, "price": price, "stock": stock}


BOOT = Product(
    "boot",
    {"en": "Boot", "de": "Stiefel"},
    variants=[
        size("r40", "DCD-771", RED, "40", 90, 0),
        size("r41", "DCD-772", RED, "41", 80, 4),
        size("b41", "DCD-773", BLUE, "41", 60, 1),
        size("b42", "DCD-774", BLUE, "42", 50, 0),
    ],
).resolved("en", "EUR")
CUP = Product("cup", "Cup", price=9, currency="EUR")


def found(made: View, filters=(), context=EUR, now=None) -> FoundProducts:
    matching = match(made, parse_filters(filters), context, now)
    return FoundProducts(made, matching, np.flatnonzero(matching.mask))


def shown(words: str = "", filters=(), locale: str = "en", **more) -> str:
    made = view([CUP], [BOOT])
    asking = Asking(frozenset(words.split()), locale, **more)
    variants = shown_variants(found(made, filters), asking).variants
    return BOOT.variants[int(variants[-1])].id


@pytest.mark.parametrize(
    ("words", "filters", "variant"),
    [
        ("", {}, "b41"),  # the cheapest that is in stock
        ("", {"size": "42"}, "b42"),  # the only one that passes
        ("", {"size": "40"}, "r40"),
        ("", {"in_stock": False}, "b42"),
        ("red boot", {}, "r41"),
        ("red boot 40", {}, "r40"),  # what was asked for, though it is sold out
        ("red boot 41", {}, "r41"),
        ("dark blue 42", {}, "b42"),
        ("dark boot", {}, "b41"),  # half a colour is none
        ("red boot 42", {}, "r41"),  # each says one of the two; this one is in stock
        ("red", {"colour": "blue"}, "b41"),  # never one that does not pass
    ],
)
def test_the_shown_variant_passes_says_what_was_asked_for_is_in_stock_and_costs_least(words, filters, variant):
    assert shown(words, filters) == variant


def test_options_are_named_in_the_language_of_the_request():
    assert shown("rot stiefel", locale="de") == "r41" and shown("rot stiefel", locale="en") == "b41"


def test_the_variant_whose_number_was_typed_is_shown():
    made = view([CUP], [BOOT])
    rows = np.array([made.row_of("boot")])
    asking = Asking.of("blue 41 dcd 774", ["blue", "41", "dcd", "774"], "en", rows)
    assert BOOT.variants[int(shown_variants(found(made), asking).variants[-1])].id == "b42"
    nobody = Asking.of("dcd 774", ["dcd", "774"], "en", rows[:0])
    assert BOOT.variants[int(shown_variants(found(made), nobody).variants[-1])].id == "b41"


def test_an_option_with_very_many_values_tells_no_variants_apart(monkeypatch):
    from shelfwise.index.columns import field

    monkeypatch.setattr(field, "MOST_WORDED", 1)
    assert shown("red boot") == "b41"


@settings(max_examples=80)
@given(catalogues(min_size=1), st.sampled_from([(), {"in_stock": True}, {"size": "M"}]), contexts)
def test_the_shown_variant_is_the_first_by_stock_and_price_of_those_that_pass(products, filters, context):
    now = NOW.timestamp()
    for made in (view(products), view(products[::2], products[1::2])):
        try:
            these = found(made, filters, context, now)
        except FilterError:
            continue
        result = shown_variants(these, Asking())
        for at, row in enumerate(these.rows.tolist()):
            product = next(each for each in products if each.id == made.id_of(row))
            offers = {
                variant.id: offer_here(variant, context, now)
                for variant in passing(product, parse_filters(filters), context, now)
            }
            best = min(offers, key=lambda id: (offers[id].stock == 0, offers[id].price) if offers[id] else (False, 0))
            live, local = made.place(row)
            place = int(result.variants[at] - live.segment.first_variant[local])
            assert product.variants[place].id == best
            assert result.prices[at] == (to_units(offers[best].price) if offers[best] else -1)


# ---- orders ------------------------------------------------------------------------------------------------------


def rated(id: str, rating=None, **more) -> Product:
    attributes = {} if rating is None else {"rating": rating}
    return Product(id, "x", attributes=attributes, **{"price": 5, **more}).resolved("en", "EUR")


RATED = [
    rated("a", 4.5, added="2026-01-01", price=20),
    rated("b", [2, 5], added="2026-03-01", price=10),
    rated("c", price=None),
    rated("d", "4,7", added="2026-02-01", price=30),
    rated("e", "unrated", price=10),
]
DAYS = {"a": "2026-02-01", "b": "2026-01-01", "c": "soon", "d": "2026-03-01"}
DATED = [Product(id, "x", attributes={"released": day}, price=5, currency="EUR") for id, day in DAYS.items()]


def ordered(products, sort: str) -> list[str]:
    """Ids by key; ties by id, and in brackets what has no key."""
    made = view(products[::2], products[1::2])
    check_sort(made, sort)
    these = found(made)
    keys = sort_keys(these, sort, Asking()).astype(float)
    keyed = sorted(
        (float(key), made.id_of(row)) for key, row in zip(keys, these.rows.tolist(), strict=True) if key == key
    )
    without = sorted(made.id_of(row) for key, row in zip(keys, these.rows.tolist(), strict=True) if key != key)
    return [id for _, id in keyed] + [f"({id})" for id in without]


@pytest.mark.parametrize(
    ("products", "sort", "order"),
    [
        (RATED, "price", ["b", "e", "a", "d", "c"]),
        (RATED, "-price", ["d", "a", "b", "e", "c"]),
        (RATED, "newest", ["b", "d", "a", "(c)", "(e)"]),
        (RATED, "added", ["a", "d", "b", "(c)", "(e)"]),
        (RATED, "-added", ["b", "d", "a", "(c)", "(e)"]),
        (RATED, "rating", ["b", "a", "d", "(c)", "(e)"]),  # of several numbers the lowest
        (RATED, "-rating", ["b", "d", "a", "(c)", "(e)"]),  # and here the highest
        (DATED, "released", ["b", "a", "d", "(c)"]),
        (DATED, "-released", ["d", "a", "b", "(c)"]),
    ],
)
def test_products_are_ordered_by_price_age_or_any_number_and_those_without_come_last(products, sort, order):
    assert ordered(products, sort) == order


def test_a_number_of_a_variant_counts_where_it_passes():
    sizes = [{"id": f"v{at}", "options": {"load": at}, "price": at} for at in (1, 5)]
    products = [Product("p", "x", variants=sizes).resolved("en", "EUR"), rated("q")]
    made = view(products)
    assert sort_keys(found(made), "-load", Asking()).tolist()[0] == -5
    assert sort_keys(found(made, {"price": (None, 3)}), "-load", Asking()).tolist()[0] == -1


NAME = "name a field with numbers or dates"


@pytest.mark.parametrize(
    ("sort", "known", "reason"),
    [
        ("ratng", "rating, relevance, added, price, -price, newest", "which no product has"),
        ("-brand", "rating, relevance, added, -price, price, newest", "which has no numbers"),
        ("-newest", "newest, -price, relevance, added, price, rating", "which no product has"),
    ],
)
def test_what_products_cannot_be_ordered_by_is_a_sentence(sort, known, reason):
    products = [*RATED, Product("f", "x", brand="Fern", price=1, currency="EUR")]
    with pytest.raises(RequestError) as refused:
        ordered(products, sort)
    assert str(refused.value) == f"sort: wanted one of {known}, got {sort!r}, {reason}; {NAME}"


def test_an_empty_shop_may_be_ordered_by_anything():
    made = View()
    check_sort(made, "rating")
    assert sort_keys(found(made), "rating", Asking()).tolist() == []


def test_added_has_the_moment_itself():
    made = view([rated("a", added="2026-01-01T00:00:01")])
    moment = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp()
    assert sort_keys(found(made), "added", Asking()).tolist() == [moment]
