"""Where relevance ends: nothing is said without known queries; with them lists end, and nothing may fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shelfwise.index import StoreError, check_store, publish, rollback
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.plugin import Context, Product, Request, RequestError, Shop

THINGS = (
    "lamp boot kettle scarf drill sofa pillow ladder bucket mirror carpet candle helmet towel wallet basket".split()
)
KINDS = "red blue green small large wooden woollen steel travel garden kitchen winter".split()
KNOWN = [f"cheap {kind} {thing}" for kind in KINDS for thing in THINGS[:12]]


class Reader(HashingEncoder):
    """Reads no Chinese."""

    def knows(self, texts: Any) -> Any:
        return np.array([text.isascii() for text in texts], bool)


@pytest.fixture
def stocked(open_shop: Callable[..., Shop]) -> Shop:
    """A shop with one product of each kind and thing."""
    shop = open_shop(durable=False, encoder=Reader())
    shop.upsert(
        Product(f"{kind}-{thing}", {"en": f"{kind} {thing}", "zh": f"红色{thing}"}, price=at)
        for at, (kind, thing) in enumerate((kind, thing) for kind in KINDS for thing in THINGS)
    )
    return shop


def test_without_known_queries_nobody_can_tell(stocked: Shop) -> None:
    found = stocked.search("red violin", k=100)
    assert found.confident is None and found.total >= len(THINGS) and not found.nearest
    assert all(hit.relevance is None for hit in found)


def test_words_that_nobody_knows_and_that_mean_nothing_find_nothing(stocked: Shop) -> None:
    found = stocked.search("asdf qwerty")
    assert found.confident is False and found.total == 0 and not found.nearest
    assert found.notes == ("No product holds any of the words, and none is near in meaning, so nothing fits.",)


def test_a_number_that_a_product_bears_is_no_nonsense(stocked: Shop) -> None:
    stocked.upsert(Product("numbered", "Trolley", sku="QX-4471-B", gtin="0013803124354"))
    for query in ("qx4471b", "QX 4471 B", "13803124354", "00013803124354", "0 013803 124354"):
        assert stocked.search(query).ids[:1] == ["numbered"]
    stocked.calibrate(KNOWN)
    assert stocked.search("qx4471b").ids[:1] == ["numbered"]


def test_a_filter_does_not_make_nonsense_of_a_query(stocked: Shop) -> None:
    words = "lamps redd"  # of which the filtered products hold none
    assert stocked.search(words, filters={"id": "blue-boot"}).confident is None


def test_a_calibrated_list_ends_where_relevance_ends(stocked: Shop) -> None:
    before = stocked.search("red lamp", k=500)
    found = stocked.calibrate(KNOWN)
    assert found.queries == len(KNOWN)
    after = stocked.search("red lamp", k=500)
    assert after.confident is True and 0 < after.total < before.total and after.ids[0] == "red-lamp"
    assert after.ids == [key for key in before.ids if key in set(after.ids)], "the order stays as it was"
    relevance = [hit.relevance or 0.0 for hit in after]
    assert all(0 < each <= 1 for each in relevance) and relevance[0] == max(relevance) > 0.5


def test_what_the_shop_does_not_sell_is_said_and_the_nearest_offered(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    found = stocked.search("violin strings for beginners")
    assert found.confident is False and found.total == 0 and found.ids == []
    assert found.notes[-1].startswith("No product holds any of the words") or 0 < len(found.nearest) <= 8
    said = found.to_dict()
    assert said["confident"] is False and len(said["nearest"]) == len(found.nearest)


def test_a_list_with_a_lexical_match_is_never_emptied(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    found = stocked.search("ladder truck siren hydrant engine rescue vehicle", k=100)
    assert {key for key in found.ids if "ladder" in key}
    assert all("ladder" in key for key in found.ids) and not found.nearest


def test_every_known_word_alone_keeps_what_holds_it(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    for thing in THINGS:
        assert {f"{kind}-{thing}" for kind in KINDS} <= set(stocked.search(thing, k=500).ids)


@pytest.mark.parametrize("query", ["red lamp", "lamp for winter", "steel", "kettle drum", "violin"])
def test_a_filter_loses_nothing_that_was_found_without_it(stocked: Shop, query: str) -> None:
    stocked.calibrate(KNOWN)
    everything = stocked.search(query, k=1000)
    for low in (0, 50, 100, 190):
        kept = stocked.search(query, k=1000, filters={"price": (low, low + 40)})
        wanted = [hit.product.id for hit in everything if low <= float(hit.price.amount) <= low + 40]  # type: ignore[union-attr]
        assert set(wanted) <= set(kept.ids)


def test_facets_sorts_and_pages_are_of_the_ended_list(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    found = stocked.search("red lamp", k=3, facets=["in_stock"], sort="price")
    assert sum(value.count for value in found.facets["in_stock"]) == found.total
    ids = found.ids
    while found.after:
        found = stocked.search("red lamp", k=3, sort="price", after=found.after)
        ids += found.ids
    assert sorted(ids) == sorted(stocked.search("red lamp", k=500).ids)


def test_a_query_that_the_encoder_does_not_read_is_judged_by_its_words(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    found = stocked.search("红色", context=Context(locale="zh"), k=500)
    assert found.confident is not None and found.total == len(KINDS) * len(THINGS)


def test_why_says_that_relevance_ended_before_a_product(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    why = stocked.why(Request("red lamp"), "blue-sofa")
    assert not why.found and any("cutoff" in step.sentence for step in why.steps)


# ---- what is known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        ([], "got 0; until there are as many"),
        (KNOWN[:49], "got 49; until there are as many"),
        (["red lamp"] * 100, "got 1; until there are as many"),
        ([f"zzyzx{at}q" for at in range(60)], "; until there are as many"),
        (["", "  "] * 100, "got 0; until there are as many"),
    ],
)
def test_too_few_known_queries_change_nothing(stocked: Shop, queries: list[str], said: str) -> None:
    with pytest.raises(RequestError) as refused:
        stocked.calibrate(queries)
    assert str(refused.value).startswith("calibrate: wanted at least 50 different queries") and said in str(
        refused.value
    )
    assert stocked.search("red lamp").confident is None


def test_titles_are_no_queries(stocked: Shop) -> None:
    with pytest.raises(RequestError, match=r"whose best products say the very same; are they titles\?"):
        stocked.calibrate([stocked.get(f"{kind}-{thing}").title for kind in KINDS for thing in THINGS])


def test_what_is_no_query_is_refused(stocked: Shop) -> None:
    with pytest.raises(RequestError, match="wanted queries, or requests with one, got int"):
        stocked.calibrate([7])  # type: ignore[list-item]


def test_the_order_of_the_known_queries_does_not_matter(stocked: Shop) -> None:
    assert (
        stocked.calibrate(KNOWN)
        == stocked.calibrate(KNOWN[::-1])
        == stocked.calibrate([*KNOWN, *map(str.upper, KNOWN)])
    )


def test_calibrating_again_starts_anew(stocked: Shop) -> None:
    once = stocked.calibrate(KNOWN)
    assert stocked.calibrate(Request(each) for each in KNOWN) == once


def test_another_process_knows_it_and_forgets_it(stocked: Shop, open_shop: Callable[..., Shop]) -> None:
    stocked.calibrate(KNOWN)
    other = open_shop(encoder=Reader())
    assert other.search("red lamp").confident is True
    other.forget_calibration()
    assert other.search("red lamp").confident is None
    assert check_store(other.store) == []


def test_it_goes_with_the_encoder_and_comes_back_with_it(stocked: Shop) -> None:
    stocked.calibrate(KNOWN)
    publish(stocked.store, HashingEncoder(256))
    assert stocked.search("red lamp").confident is None
    rollback(stocked.store)
    assert stocked.search("red lamp").confident is True


def test_weights_of_the_parts_leave_it_as_it_is(stocked: Shop) -> None:
    from shelfwise.plugin import FusionWeights

    stocked.calibrate(KNOWN)
    before = {hit.product.id: hit.relevance for hit in stocked.search("red lamp", k=500)}
    stocked.publish(weights=FusionWeights(words=0.3, meaning=0.7))
    after = {hit.product.id: hit.relevance for hit in stocked.search("red lamp", k=500)}
    assert after == {key: pytest.approx(before[key], abs=1e-4) for key in after}


def test_a_store_without_an_encoder_cannot_be_calibrated(open_shop: Callable[..., Shop]) -> None:
    with pytest.raises((RequestError, StoreError)):
        open_shop().calibrate(KNOWN)
