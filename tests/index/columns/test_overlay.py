"""Offers laid over a segment say what offers built anew would."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import Context, Offer, Product
from shelfwise.index.columns.offers import NO_PRICE, Offers
from shelfwise.index.columns.overlay import MERGE_FACTOR, Layer, has_offer_over, prices_over, with_layer

from ..building import segment
from ..strategies import NOW, contexts, offers

USD = Context(currency="USD")
VARIANTS = 6
some = st.lists(offers(), max_size=3)
starts = st.lists(some, min_size=VARIANTS, max_size=VARIANTS)
changes = st.lists(st.dictionaries(st.integers(0, VARIANTS - 1), some, min_size=1), max_size=5)
moments = st.sampled_from([-48, -1, 0, 1, 47, 48, 72]).map(lambda hours: NOW.timestamp() + hours * 3_600)


def assert_same(below, layers, right, context, now):
    """Layers over `below` say what the offers `right` say."""
    found, wanted = prices_over(below.view(context, now), layers, context, now), Offers.build(right).view(context, now)
    for name in ("price", "list_price", "stock"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), name)
    assert found.since == now < found.until <= wanted.until, "an offer that no longer counts may end it early"
    np.testing.assert_array_equal(
        has_offer_over(below.has_offer(), layers), Offers.build(right).has_offer(), "has an offer"
    )


@given(starts, changes, st.lists(contexts, min_size=1, max_size=2), moments)
def test_any_changes_laid_over_a_segment_say_what_offers_built_anew_say(start, changed, asked, now):
    below, layers, right = Offers.build(start), (), list(start)
    for each in changed:
        layers = with_layer(layers, Layer.of(each))
        for variant, own in each.items():
            right[variant] = own
        for context in asked:
            assert_same(below, layers, right, context, now)


@given(starts, changes, contexts, moments)
def test_changes_leave_the_layers_before_them_as_they_were(start, changed, context, now):
    below, kept, right = Offers.build(start), [], list(start)
    layers = ()
    for each in changed:
        kept.append((layers, list(right)))
        layers = with_layer(layers, Layer.of(each))
        for variant, own in each.items():
            right[variant] = own
    for layers, own in kept:
        assert_same(below, layers, own, context, now)


def test_however_many_changes_there_are_the_layers_are_few_and_each_variant_stands_in_them_a_few_times():
    count = 500
    below, layers = Offers.build([[Offer(1, "USD")]] * count), ()
    for at in range(3 * count):
        layers = with_layer(layers, Layer.of({at * 7 % count: [Offer(at + 2, "USD")]}))
        sizes = [len(layer.variants) for layer in layers]
        assert all(large >= MERGE_FACTOR * small for large, small in pairwise(sizes)), sizes
        assert len(layers) <= 6 and sizes == sorted(sizes, reverse=True) and sum(sizes) <= count * 4 / 3
    wanted = [10_000 * (at + 2) for at in range(2 * count, 3 * count)]
    found = prices_over(below.view(USD), layers, USD, None).price
    assert [int(found[at * 7 % count]) for at in range(2 * count, 3 * count)] == wanted


def test_what_was_sold_can_be_taken_off_sale_and_put_back():
    below = Offers.build([[Offer(5, "USD")], [Offer(6, "USD")]])
    gone = with_layer((), Layer.of({1: []}))
    assert prices_over(below.view(USD), gone, USD, None).price.tolist() == [50_000, NO_PRICE]
    assert has_offer_over(below.has_offer(), gone).tolist() == [True, False]
    back = with_layer(gone, Layer.of({1: [Offer(Decimal("6.5"), "USD")]}))
    assert prices_over(below.view(USD), back, USD, None).price.tolist() == [50_000, 65_000]
    assert has_offer_over(below.has_offer(), back).tolist() == [True, True]


def test_a_name_that_the_segment_never_heard_of_is_known_to_the_layer():
    below = Offers.build([[Offer(5, "USD")], []])
    layers = with_layer((), Layer.of({1: [Offer(7, "CNY", market="mars", group="vip", location="dome")]}))
    on_mars = Context(currency="CNY", market="mars", groups=("vip",), location="dome")
    assert prices_over(below.view(on_mars), layers, on_mars, None).price.tolist() == [NO_PRICE, 70_000]
    assert prices_over(below.view(USD), layers, USD, None).price.tolist() == [50_000, NO_PRICE]


def test_without_layers_nothing_is_copied():
    below = Offers.build([[Offer(5, "USD")]])
    view, mask = below.view(USD), below.has_offer()
    assert prices_over(view, (), USD, None) is view and has_offer_over(mask, ()) is mask


def test_the_offers_of_a_saved_segment_stay_as_they_are_on_disk(tmp_path):
    made = segment([Product("a", "Cup", price=5, currency="USD"), Product("b", "Mug", price=6, currency="USD")])
    made.save(tmp_path)
    loaded = type(made).load(tmp_path)
    before = {each: each.read_bytes() for each in sorted(tmp_path.rglob("*")) if each.is_file()}
    layers = with_layer((), Layer.of({0: [Offer(9, "USD")]}))
    assert prices_over(loaded.offers.view(USD), layers, USD, None).price.tolist() == [90_000, 60_000]
    assert loaded.offers.view(USD).price.tolist() == [50_000, 60_000]
    assert {each: each.read_bytes() for each in before} == before
