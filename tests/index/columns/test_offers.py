from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import Context, Offer, Product, Variant
from shelfwise.index.columns.offers import NO_PRICE, UNCOUNTED, Offers
from shelfwise.index.money import to_units

from ..strategies import NOW, contexts, offers
from .reference import next_change, offer_here

EUR = Context(currency="EUR")
by_variant = st.lists(st.lists(offers(), max_size=4), max_size=5)
moments = st.sampled_from([NOW + timedelta(hours=hours, seconds=off) for hours in (-48, 0, 1) for off in (-1, 0, 1)])


def price_in(context: Context, *given_offers: Offer, now: datetime = NOW) -> Decimal | None:
    (units,) = Offers.build([given_offers]).view(context, now.timestamp()).price
    return None if units == NO_PRICE else Decimal(int(units)) / 10_000


@given(by_variant, contexts, moments)
def test_each_variant_costs_what_the_rule_says(given_offers, context, now):
    view = Offers.build(given_offers).view(context, now.timestamp())
    for at, variant_offers in enumerate(given_offers):
        chosen = offer_here(Variant("v", offers=tuple(variant_offers)), context, now.timestamp())
        if chosen is None:
            assert (view.price[at], view.list_price[at], view.stock[at]) == (NO_PRICE, NO_PRICE, 0)
            assert not view.for_sale[at] and not view.in_stock[at]
        else:
            assert view.price[at] == to_units(chosen.price) and view.for_sale[at]
            assert view.list_price[at] == (NO_PRICE if chosen.list_price is None else to_units(chosen.list_price))
            assert view.stock[at] == (UNCOUNTED if chosen.stock is None else chosen.stock)
            assert view.in_stock[at] == (chosen.stock != 0)


@given(by_variant, contexts, moments)
def test_prices_hold_until_an_offer_of_this_place_starts_or_ends(given_offers, context, now):
    products = [Product("p", "x", variants=[Variant("v", offers=tuple(each))]) for each in given_offers]
    view = Offers.build(given_offers).view(context, now.timestamp())
    assert view.until == next_change(products, context, now.timestamp())
    if view.until < float("inf"):
        last = Offers.build(given_offers).view(context, view.until - 1)
        np.testing.assert_array_equal(last.price, view.price)
        np.testing.assert_array_equal(last.stock, view.stock)


def test_an_offer_holds_from_its_start_until_just_before_its_end():
    offer = Offer(Decimal(5), "EUR", starts=NOW, ends=NOW + timedelta(hours=1))
    hours = {-1: None, 0: Decimal(5), 3_599: Decimal(5), 3_600: None}
    assert {at: price_in(EUR, offer, now=NOW + timedelta(seconds=at)) for at in hours} == hours


def test_an_offer_never_holds_outside_its_time_by_a_part_of_a_second():
    half = timedelta(milliseconds=500)
    offer = Offer(Decimal(5), "EUR", starts=NOW + half, ends=NOW + timedelta(seconds=3) + half)
    assert price_in(EUR, offer, now=NOW + half / 2) is None
    assert price_in(EUR, offer, now=NOW + timedelta(seconds=3) + half) is None
    assert price_in(EUR, offer, now=NOW + timedelta(seconds=2)) == 5


def test_the_market_weighs_more_than_location_and_group_together():
    context = Context(currency="EUR", market="de", location="berlin", groups=("trade",))
    market = Offer(Decimal(9), "EUR", market="de")
    both = Offer(Decimal(1), "EUR", location="berlin", group="trade")
    assert price_in(context, both, market) == price_in(context, market, both) == 9
    location, group = Offer(Decimal(7), "EUR", location="berlin"), Offer(Decimal(1), "EUR", group="trade")
    assert price_in(context, group, location) == 7
    assert price_in(context, Offer(Decimal(1), "EUR"), Offer(Decimal(3), "EUR", group="trade")) == 3


def test_another_currency_or_place_is_not_for_sale():
    assert price_in(Context(currency="USD"), Offer(Decimal(5), "EUR")) is None
    assert price_in(EUR, Offer(Decimal(5), "EUR", market="de")) is None
    assert price_in(EUR, Offer(Decimal(5), "EUR", group="trade")) is None
    assert price_in(Context(currency="EUR", market="\ud800"), Offer(Decimal(5), "EUR")) == 5


def test_a_view_is_kept_until_something_starts_or_ends(monkeypatch):
    soon = datetime.fromtimestamp(int(time.time()) + 1_000, UTC)
    held = Offers.build([[Offer(Decimal(5), "EUR", ends=soon), Offer(Decimal(9), "EUR")]])
    first = held.view(EUR)
    assert held.view(EUR) is first and first.price.tolist() == [50_000]
    monkeypatch.setattr(time, "time", lambda: soon.timestamp())
    assert held.view(EUR).price.tolist() == [90_000]


def test_a_flood_of_contexts_does_not_fill_the_memory():
    held = Offers.build([[Offer(Decimal(5), "EUR")]])
    for at in range(500):
        held.view(Context(currency="EUR", location=f"made-up-{at}"))
    assert len(held._views) <= 100


def test_offers_of_a_product_with_none_are_none():
    held = Offers.build([[], [Offer(Decimal(5), "EUR")], []])
    assert held.has_offer().tolist() == [False, True, False]
    empty = Offers.build([])
    assert empty.view(EUR).price.shape == (0,) and empty.view(EUR).until == float("inf")


@pytest.mark.parametrize("given_offers", [[], [[]], [[Offer(Decimal("1.0001"), "EUR", "de")], [], [Offer(2, "USD")]]])
def test_saved_offers_are_mapped_and_equal(tmp_path: Path, given_offers):
    held = Offers.build(given_offers)
    held.save(tmp_path)
    loaded = Offers.load(tmp_path, len(given_offers))
    for context in (EUR, Context(currency="USD"), Context(currency="EUR", market="de")):
        np.testing.assert_array_equal(loaded.view(context).price, held.view(context).price)
    assert not loaded.table.flags.writeable
