"""What rules do to answers, and what they never do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from shelfwise.index import change_documents
from shelfwise.plugin import Context, LandingPage, Product, Request, Rule, Shop, UnknownProduct
from shelfwise.plugin.rules.masks import mask_of

LAMPS = "Home > Lamps"


def all_pages(shop: Shop, request: Callable[..., Any], k: int) -> list[str]:
    """The ids of all pages, by tokens."""
    ids: list[str] = []
    after = None
    while True:
        found = request(k=k, after=after)
        ids += found.ids
        after = found.after
        if after is None:
            return ids


# ---- hides -------------------------------------------------------------------------------------------------------

HIDES = [
    {"products": ["lamp3", "lamp5", "boots"]},
    {"filters": "brand:Lumen"},
    {"filters": "colour:red"},  # of a variant of nothing, of the product itself
    {"filters": "size:41"},  # of one variant of the boots: the whole product goes
    {"filters": "brand:Volt price:..14"},
    {"filters": "price:..12"},
    {"filters": "in_stock:no"},
    {"filters": "-brand:Nord"},
    {"filters": "category:Home"},
]


@pytest.mark.parametrize("action", HIDES, ids=str)
def test_what_is_hidden_is_shown_by_no_way(shop: Shop, action: dict[str, Any]) -> None:
    rule = Rule(id="gone", kind="hide", reason="recalled", **action)
    view = shop.store.view
    here = shop.browse(k=100).ids
    gone = [view.id_of(row) for row in np.flatnonzero(mask_of(view, rule.chosen, shop.store.context)).tolist()]
    assert gone and set(gone) < set(here)
    rest = set(here) - set(gone)
    shop.save_rules(
        [rule, Rule(id="pin", kind="pin", products=gone), Rule(id="up", kind="boost", products=gone, amount=9)]
    )
    shop.save_pages(LandingPage("all", first=gone, facets=["brand"]))
    assert set(shop.browse(k=100).ids) == rest and shop.browse().total == len(rest)
    for sort in ("relevance", "price", "newest"):
        assert not set(shop.search("red lamp boots", k=100, sort=sort).ids) & set(gone)
    assert set(shop.page("all", k=100).ids) == rest and set(shop.browse(first=gone, k=100).ids) == rest
    brands = shop.browse(facets=["brand", "category"], filters={"brand": ["Lumen", "Volt", "Nord"]}, k=100)
    counted = {value.code: value.count for value in brands.facets["brand"].values}
    assert {code: count for code, count in counted.items() if count} == {
        brand: sum(shop.get(key).brand == brand for key in rest)
        for brand in ("Lumen", "Volt", "Nord")
        if any(shop.get(key).brand == brand for key in rest)
    }
    assert set(all_pages(shop, lambda **page: shop.browse(**page), 4)) == rest
    scoped = shop.scoped({"brand": {"not": "nobody"}} if "brand" in view.fields else None)
    assert set(scoped.browse(k=100).ids) <= rest
    for key in gone:
        assert key not in shop.browse(filters={"id": gone}, k=100).ids
        with pytest.raises(UnknownProduct):
            shop.similar(key)
        with pytest.raises(UnknownProduct):
            scoped.get(key)
    for key in rest:
        assert not set(shop.similar(key, k=100).ids) & set(gone)
    why = shop.why(Request("lamp"), gone[0])
    assert not why.found and (why.steps[-1].cause, why.steps[-1].sentence) == (
        "hidden", "The rule 'gone' hides it: recalled.",
    )  # fmt: skip


def test_the_nearest_that_is_offered_where_nothing_fits_is_not_what_is_hidden(shop: Shop) -> None:
    queries = [f"desk lamp model {at}" for at in range(12)] * 5 + [f"red boots {at}" for at in range(50)]
    shop.calibrate(dict.fromkeys(queries))
    near = shop.search("quantum xylophone")
    shop.save_rules(Rule(id="gone", kind="hide", products=[hit.product.id for hit in near.nearest] or ["lamp0"]))
    after = shop.search("quantum xylophone")
    assert not {hit.product.id for hit in (*after.nearest, *after.hits)} & {hit.product.id for hit in near.nearest}


def test_a_hide_on_a_field_that_no_product_has_any_more_hides_nothing_and_its_opposite_all(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop()
    shop.upsert([Product("a", "Lamp", attributes={"colour": "red"}, price=1), Product("b", "Lamp", price=1)])
    shop.save_rules(Rule(id="red", kind="hide", filters="colour:red"))
    assert shop.browse().ids == ["b"]
    shop.upsert(Product("a", "Lamp", price=1))
    shop.store.build_generation()
    assert set(shop.browse().ids) == {"a", "b"}
    shop.delete_rule("red")
    shop.upsert(Product("a", "Lamp", attributes={"colour": "red"}, price=1))
    shop.save_rules(Rule(id="not red", kind="hide", filters="-colour:red"))
    assert shop.browse().ids == ["a"]


def test_a_hide_by_query_holds_for_that_query_as_it_is_read(shop: Shop) -> None:
    shop.save_rules(Rule(id="gone", kind="hide", query="lamp", match="containing", products=["lamp4"]))
    assert "lamp4" not in shop.search("white lamps", k=100).ids
    typo = shop.search("desk lanp", k=100)
    assert typo.corrected_query == "desk lamp" and "lamp4" not in typo.ids
    assert "lamp4" in shop.search("desk", k=100).ids and "lamp4" in shop.browse(k=100).ids


def test_a_hide_in_a_category_holds_below_it_too(shop: Shop) -> None:
    shop.save_rules(Rule(id="gone", kind="hide", category="Home", products=["lamp4"]))
    assert "lamp4" not in shop.browse(filters={"category": LAMPS}, k=100).ids
    found = shop.browse(filters={"category": LAMPS}, facets=["category"], k=100)
    assert found.facets["category"].count(LAMPS) == 11, "its own facet cannot relax it"
    assert "lamp4" in shop.browse(k=100).ids


def test_a_hide_for_a_segment_hides_from_its_group_alone(shop: Shop) -> None:
    shop.save_rules(Rule(id="gone", kind="hide", segment="trade", products=["lamp4"]))
    assert "lamp4" in shop.browse(k=100).ids
    assert "lamp4" not in shop.browse(k=100, context=Context(groups=("trade",))).ids


# ---- when and for whom -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "context", "holds"),
    [
        ({}, Context(), True),
        ({"locale": "en"}, Context(locale="en-GB"), True),
        ({"locale": "en-GB"}, Context(locale="en"), False),
        ({"locale": "zh"}, Context(locale="en"), False),
        ({"market": "de"}, Context(market="de"), True),
        ({"market": "de"}, Context(), False),
        ({"start": datetime.now(UTC) - timedelta(days=1)}, Context(), True),
        ({"start": datetime.now(UTC) + timedelta(days=1)}, Context(), False),
        ({"end": datetime.now(UTC) + timedelta(days=1)}, Context(), True),
        ({"end": datetime.now(UTC) - timedelta(days=1)}, Context(), False),
    ],
)
def test_a_rule_holds_where_and_when_it_says(shop: Shop, fields: dict[str, Any], context: Context, holds: bool) -> None:
    shop.save_rules(Rule(id="note", kind="banner", text="Hello", **fields))
    assert shop.browse(context=context).banners == (("Hello",) if holds else ())


def test_an_answer_is_valid_until_the_next_rule_starts_or_ends(shop: Shop) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=60)
    shop.save_rules(Rule(id="later", kind="banner", text="x", start=start))
    assert shop.browse().valid_until == start


@pytest.mark.parametrize(
    ("match", "query", "holds"),
    [
        ("exact", "Desk lamps", True), ("exact", "red desk lamp", False), ("exact", "lamp desk", False),
        ("containing", "red desk lamp", True), ("containing", "desk lamps", True),
        ("containing", "desk red lamp", False),
    ],
)  # fmt: skip
def test_a_query_is_matched_by_its_terms(shop: Shop, match: str, query: str, holds: bool) -> None:
    shop.save_rules(Rule(id="go", kind="redirect", query="desk lamp", match=match, url="/lamps"))
    assert shop.search(query).redirect == ("/lamps" if holds else None)


def test_pins_of_a_category_stand_on_its_own_page_alone(shop: Shop) -> None:
    shop.save_rules(Rule(id="top", kind="pin", category="Home", products=["lamp1"]))
    assert shop.browse(filters={"category": "Home"}).ids[0] == "lamp1"
    assert shop.browse(filters={"category": LAMPS}).ids[0] != "lamp1"


# ---- synonyms ----------------------------------------------------------------------------------------------------


def ids(shop: Shop, query: str) -> set[str]:
    """What holds the words of a query."""
    return {hit.product.id for hit in shop.search(query, k=100) if hit.parts.get("words", 0) > 0}


def test_two_ways_and_one_way(shop: Shop) -> None:
    assert not ids(shop, "muffler")
    shop.save_rules(Rule(id="s", kind="synonym", words=["muffler", "scarf"]))
    assert ids(shop, "muffler") == {"scarf"} == ids(shop, "mufflers")
    assert shop.search("muffler").corrected_query is None and shop.search("muffler").ids[0] == "scarf"
    shop.save_rules(Rule(id="s", kind="synonym", words=["sandals"], means=["boots"]))
    assert ids(shop, "sandals") == {"sandals", "boots"} and ids(shop, "boots") == {"boots"}
    assert not ids(shop, "muffler")


def test_a_phrase_stands_for_a_word_and_a_word_for_a_phrase_of_three(shop: Shop) -> None:
    shop.save_rules(Rule(id="s", kind="synonym", words=["neck warmer", "scarf"]))
    assert ids(shop, "neck warmer") == {"scarf"} and not ids(shop, "neck")
    shop.save_rules(Rule(id="s", kind="synonym", words=["luminaire"], means=["desk lamp model"]))
    assert ids(shop, "luminaire") == {f"lamp{at}" for at in range(12)}
    shop.save_rules(Rule(id="s", kind="synonym", words=["手提灯", "台灯"], locale="zh"))
    chinese = shop.search("手提灯", k=100, context=Context(locale="zh", currency="CNY"))
    assert {"lamp1", "lamp2"} <= set(chinese.ids[:12])


# ---- boosts ------------------------------------------------------------------------------------------------------


def test_parts_sum_to_the_score_and_a_boost_is_a_move(shop: Shop) -> None:
    before = shop.search("desk lamp", k=100).ids
    last = before[11]
    shop.save_rules(Rule(id="up", kind="boost", query="desk lamp", products=[last], amount=2, reason="margin"))
    found = shop.search("desk lamp", k=100)
    assert found.ids == [last, *(key for key in before if key != last)]
    for hit in found:
        assert hit.score == pytest.approx(sum(hit.parts.values()))
    (move,) = found[0].moves
    assert (move.from_rank, move.to_rank, move.rule, move.reason) == (12, 1, "up", "margin")
    assert found[0].parts["boost"] == 2 and found[1].moves == ()
    why = shop.why(Request("desk lamp"), last)
    assert "The rule 'up' moved it from 12 to 1: margin." in str(why)


@pytest.mark.parametrize(
    ("kind", "fields"), [("boost", {"factor": 3}), ("bury", {"factor": 0.5}), ("bury", {"amount": 1})]
)
def test_a_factor_multiplies_the_score(shop: Shop, kind: str, fields: dict[str, float]) -> None:
    plain = {hit.product.id: hit.score for hit in shop.search("desk lamp", k=100)}
    shop.save_rules(Rule(id="r", kind=kind, filters="brand:Volt", **fields))
    for hit in shop.search("desk lamp", k=100):
        was = plain[hit.product.id]
        now = was if hit.product.brand != "Volt" else was * fields["factor"] if "factor" in fields else was - 1
        assert hit.score == pytest.approx(now, abs=1e-5)


def test_without_a_query_the_rest_keeps_the_shops_own_order(shop: Shop) -> None:
    before = shop.browse(k=100).ids
    shop.save_rules(Rule(id="up", kind="boost", filters="brand:Volt", factor=2))
    volt = [key for key in before if shop.get(key).brand == "Volt"]
    assert shop.browse(k=100).ids == [*volt, *(key for key in before if key not in volt)]


# ---- pins --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 5, 100])
def test_pins_hold_over_pages_and_paging_stays_complete(shop: Shop, k: int) -> None:
    before = shop.browse(k=100).ids
    shop.save_rules([
        Rule(id="a", kind="pin", products=["poster", "scarf"], position=2),
        Rule(id="b", kind="pin", products=["lamp1"], position=9, reason="ad"),
        Rule(id="c", kind="pin", products=["lamp2"], position=500),
    ])  # fmt: skip
    ids = all_pages(shop, lambda **page: shop.browse(**page), k)
    assert sorted(ids) == sorted(before)
    assert (ids[1], ids[2], ids[8], ids[-1]) == ("poster", "scarf", "lamp1", "lamp2")
    by_offset = [key for at in range(0, len(before), k) for key in shop.browse(k=k, offset=at).ids]
    assert by_offset == ids
    rest = [key for key in ids if key not in ("poster", "scarf", "lamp1", "lamp2")]
    assert rest == [key for key in before if key in rest], "the others keep their order"
    hit = shop.browse(k=100)[8]
    assert [(move.to_rank, move.rule, move.reason) for move in hit.moves] == [(9, "b", "ad")]
    assert hit.moves[0].from_rank == before.index("lamp1") + 1


def test_a_pin_brings_in_what_the_query_does_not_find_and_no_filter_forbids(shop: Shop) -> None:
    shop.save_rules(Rule(id="gift", kind="pin", query="2kg sugar", products=["poster"]))
    assert shop.search("2kg sugar").ids[0] == "poster"
    assert "poster" not in shop.search("2kg sugar", filters={"brand": "Nord"}).ids
    assert "kettle" not in shop.search("2kg sugar").ids


def test_positions_of_a_page_are_moves(shop: Shop) -> None:
    before = shop.browse(k=100).ids
    found = shop.browse(first=["scarf"], k=100)
    assert [(move.from_rank, move.to_rank, move.rule) for move in found[0].moves] == [
        (before.index("scarf") + 1, 1, "first")
    ]


def test_of_two_pins_for_one_place_what_is_said_of_less_wins(shop: Shop) -> None:
    shop.save_rules([
        Rule(id="a", kind="pin", products=["lamp1"]),
        Rule(id="b", kind="pin", query="desk lamp", match="containing", products=["lamp2"]),
        Rule(id="c", kind="pin", query="desk lamp", products=["lamp3"]),
    ])  # fmt: skip
    assert shop.search("desk lamp").ids[:3] == ["lamp3", "lamp2", "lamp1"]


# ---- conflicts, in the order that is printed ---------------------------------------------------------------------


def test_permission_holds_over_a_pin(shop: Shop) -> None:
    shop.save_rules(Rule(id="pin", kind="pin", products=["lamp1"]))
    assert "lamp1" not in shop.scoped({"brand": {"not": "Lumen"}}).browse(k=100).ids


def test_stock_holds_over_a_pin(shop: Shop) -> None:
    before = shop.browse(k=100).ids
    shop.save_rules(Rule(id="pin", kind="pin", products=["lamp4"]))  # it is sold out
    assert shop.browse(k=100).ids == before
    assert "lamp4" not in shop.browse(filters={"in_stock": True}, k=100).ids


def test_a_hide_holds_over_a_pin_a_pin_over_a_bury_and_a_boost_over_diversity(shop: Shop) -> None:
    shop.save_rules([
        Rule(id="hide", kind="hide", products=["lamp1"]),
        Rule(id="pin", kind="pin", products=["lamp1", "lamp2"]),
        Rule(id="bury", kind="bury", products=["lamp2"], amount=50),
    ])  # fmt: skip
    found = shop.search("desk lamp", k=100)
    assert "lamp1" not in found.ids and found.ids[1] == "lamp2"
    shop.diversify(mmr=1.0, most_of_brand=1)
    assert shop.search("desk lamp", k=100).ids[1] == "lamp2"


@pytest.mark.parametrize("sort", ["price", "newest"])
def test_under_a_chosen_sort_only_permission_stock_and_hides_hold(shop: Shop, sort: str) -> None:
    before = shop.search("desk lamp", k=100, sort=sort).ids
    shop.save_rules([
        Rule(id="pin", kind="pin", products=["poster"]),
        Rule(id="up", kind="boost", filters="brand:Volt", amount=5),
        Rule(id="hide", kind="hide", products=["lamp3"]),
    ])  # fmt: skip
    shop.diversify(mmr=0.5, most_of_brand=1)
    found = shop.search("desk lamp", k=100, sort=sort)
    assert found.ids == [key for key in before if key != "lamp3"]
    assert not any(hit.moves or "boost" in hit.parts for hit in found)


# ---- diversity ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting", [{"mmr": 0.5}, {"most_of_brand": 2, "page": 4}, {"mmr": 0.3, "most_of_brand": 1, "page": 3}]
)
@pytest.mark.parametrize("query", ["", "desk lamp"])
def test_diversity_loses_nothing_and_is_a_move(shop: Shop, setting: dict[str, Any], query: str) -> None:
    before = shop.search(query, k=100).ids
    shop.diversify(**setting)
    found = shop.search(query, k=100)
    assert sorted(found.ids) == sorted(before) and found.ids != before
    assert all_pages(shop, lambda **page: shop.search(query, **page), 5) == found.ids
    for rank, hit in enumerate(found, 1):
        was = before.index(hit.product.id) + 1
        assert [(move.from_rank, move.to_rank, move.rule) for move in hit.moves] == (
            [(was, rank, "diversity")] if was != rank else []
        )
    shop.diversify()
    assert shop.search(query, k=100).ids == before


def test_at_most_so_many_of_a_brand_as_long_as_others_are_there(shop: Shop) -> None:
    shop.diversify(most_of_brand=1, page=4)
    brands = [hit.product.brand for hit in shop.browse(k=4)]
    named = [brand for brand in brands if brand]
    assert len(set(named)) == len(named)


def test_a_hide_that_cannot_be_read_hides_everything_and_another_rule_nothing(shop: Shop) -> None:
    change_documents(shop.store, "rule", lambda now: {"b": '{"id": "b", "kind": "banner", "shape": "round"}'})
    assert shop.browse().total > 0 and shop.rules() == []
    change_documents(shop.store, "rule", lambda now: {"h": '{"id": "h", "kind": "hide", "shape": "round"}'})
    for found in (shop.browse(), shop.search("lamp")):
        assert found.total == 0 and found.degraded == ("mandatory_filters of shelfwise.rules",)
    shop.delete_rule("h")
    assert shop.browse().total > 0
