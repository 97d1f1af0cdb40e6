"""Prices that changed since their segment was built: what is carried on is what would be computed anew."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shelfwise.index import Context, Offer, Product, Store, match, update_offers
from shelfwise.index.columns.overlay import prices_over
from shelfwise.index.money import SCALE
from shelfwise.index.store.tail import Entry, build
from shelfwise.index.store.view import KEPT_PRICES, LiveSegment

CONTEXTS = [Context(currency="USD"), Context(currency="EUR"), Context(currency="USD", market="us")]


def segment(count: int) -> LiveSegment:
    products = [Product(f"p{at:03d}", "Cup", price=at + 1, currency="USD") for at in range(count)]
    return LiveSegment(build(Entry(product, {}) for product in products))


def offers(chance: random.Random) -> list[Offer]:
    """None, or some that hold now, then, or not any more."""
    now = datetime.now(UTC)
    times = [(None, None), (now - timedelta(days=1), None), (now + timedelta(days=1), None), (None, now)]
    made = []
    for currency, market in (("USD", ""), ("EUR", ""), ("USD", "us")):
        starts, ends = chance.choice(times)
        if chance.random() < 0.6:
            made.append(
                Offer(chance.randint(1, 99), currency=currency, market=market, stock=3, starts=starts, ends=ends)
            )
    return made


@pytest.mark.parametrize("seed", range(8))
def test_they_are_those_of_all_layers_whenever_they_were_asked_for(seed: int) -> None:
    chance = random.Random(seed)
    live = segment(40)
    for _ in range(12):
        live = live.with_offers({row: offers(chance) for row in chance.sample(range(40), chance.randint(1, 9))})
        for context in chance.sample(CONTEXTS, chance.randint(0, 3)):
            carried = live.prices(context)
            anew = prices_over(live.segment.offers.view(context), live.layers, context, time.time())
            for name in ("price", "list_price", "stock"):
                np.testing.assert_array_equal(getattr(carried, name), getattr(anew, name))
            assert carried.until <= anew.until
        if chance.random() < 0.5:
            wanted = live.segment.offers.has_offer().copy()
            for layer in live.layers:
                wanted[layer.variants] = layer.offers.has_offer()
            np.testing.assert_array_equal(live.has_offer(), wanted)


def test_a_flood_of_contexts_is_not_kept() -> None:
    live = segment(3).with_offers({0: []})
    for number in range(5 * KEPT_PRICES):
        live.prices(Context(currency="USD", market=f"m{number}"))
    assert len(live._prices) <= KEPT_PRICES


def test_what_does_not_depend_on_offers_is_carried_and_the_masks_are_made_anew(
    open_store: Callable[..., Store], lamps: Callable[..., list[Product]]
) -> None:
    store = open_store()
    store.put(lamps(30))
    store.build_generation()
    other = open_store()
    before = store.view
    kept = (before.keys, before.fields)
    assert match(before, (), store.context).prices[0].price[0] == 10 * SCALE
    update_offers(other, [{"id": "p0", "price": 7}])
    store.refresh()
    assert store.view is not before
    assert store.view.keys is kept[0] and store.view.fields is kept[1]
    assert match(store.view, (), store.context).prices[0].price[0] == 7 * SCALE


def test_a_look_that_finds_nothing_new_leaves_the_view_and_all_that_is_remembered_of_it(
    open_store: Callable[..., Store], lamps: Callable[..., list[Product]]
) -> None:
    store = open_store()
    store.put(lamps(3))
    store.refresh()
    before = store.view
    store.refresh()
    assert store.view is before
