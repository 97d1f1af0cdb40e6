"""Answers of a shop: what is found, in which order, at which price, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index import EncoderError, InStock, UnknownProduct
from shelfwise.plugin import Context, Hit, Product, Request, Results, Shop

Opens = Callable[..., Shop]
CHINA = Context(locale="zh", currency="CNY")


def key(results: Results) -> list[tuple[str, float, dict[str, float], str, object]]:
    """What two answers to the same question agree in."""
    return [(hit.product.id, round(hit.score, 5), _rounded(hit.parts), hit.variant.id, hit.price) for hit in results]


def _rounded(parts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(part, 5) for name, part in parts.items()}


# ---- the calls agree ---------------------------------------------------------------------------------------------

REQUESTS = [
    Request("red winter boots"),
    Request("lamp", filters={"brand": "Lumen"}, facets=["brand", "price"]),
    Request("lamp", filters={"brand": "Lumen"}, k=2, offset=1),
    Request("台灯", context=CHINA),
    Request(""),
    Request(product_id="lamp3"),
    Request(product_id="boots", filters={"in_stock": True}),
    Request("lamp", sort="price"),
    Request(filters={"category": "Home"}, sort="newest"),
    Request("no such thing anywhere qqq"),
    Request("red winter boots"),
]


def test_search_and_similar_are_answers_to_requests(shop: Shop) -> None:
    filters = {"price": (5, 90)}
    assert key(shop.search("lamp", filters=filters, k=5)) == key(shop.answer(Request("lamp", filters=filters, k=5)))
    assert key(shop.similar("boots", k=5)) == key(shop.answer(Request(product_id="boots", k=5)))
    assert shop.similar("boots").request == Request(product_id="boots", k=12)


@pytest.mark.parametrize("most", [1_000, 3])
def test_many_answers_are_those_of_single_requests_in_their_order(
    most: int, shop: Shop, open_shop: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in ("words", "meaning"):  # where each source is cut early, it matters under which filters it looked
        monkeypatch.setattr(f"shelfwise.plugin.sources.{source}.PER_SOURCE", most)
    many = shop.answer_many(REQUESTS)
    assert [answer.request for answer in many] == REQUESTS
    other = open_shop()  # which remembers no query of the first
    for request, answer in zip(REQUESTS, many, strict=True):
        alone = other.answer(request)
        assert key(answer) == key(alone), request
        assert (answer.total, answer.facets, answer.notes) == (alone.total, alone.facets, alone.notes)
    assert shop.answer_many([]) == []


def test_each_answer_has_an_id_of_its_own(shop: Shop) -> None:
    ids = [answer.request_id for answer in [*shop.answer_many(REQUESTS), *(shop.search("lamp") for _ in range(3))]]
    assert len(set(ids)) == len(ids) and all(len(each) >= 16 for each in ids)


def test_a_query_is_encoded_once_and_known_queries_not_again(open_shop: Opens, moody: Any) -> None:
    shop = open_shop(encoder=moody)
    shop.upsert([Product("a", "Cup")])
    shop.answer_many([Request("cup"), Request("mug"), Request("cup")])
    shop.search("cup")
    assert moody.queries == ["cup", "mug"]


# ---- what is found -----------------------------------------------------------------------------------------------


def test_the_product_that_holds_all_words_comes_first(shop: Shop) -> None:
    assert shop.search("red winter boots").ids[0] == "boots"
    assert shop.search("desk lamp model 7").ids[0] == "lamp7"
    assert shop.search("台灯 型号 7", context=CHINA).ids[0] == "lamp7"


def test_every_product_that_holds_all_words_is_found_however_many_there_are(open_shop: Opens) -> None:
    shop = open_shop()
    shop.upsert([Product(f"p{at}", f"Mug {at}", price=at) for at in range(1_300)])
    found = shop.search("mug", k=1_000)
    assert found.total == 1_300 and len(found) == 1_000
    rest = shop.search("mug", k=1_000, offset=1_000)
    assert len({*found.ids, *rest.ids}) == 1_300
    assert not found.total_is_exact, "each source was cut at its thousand"


def test_the_parts_of_a_score_sum_to_it_and_order_the_page(shop: Shop) -> None:
    for query in ("red winter boots", "lamp", "leather for snow"):
        hits = shop.search(query).hits
        for hit in hits:
            assert hit.parts.keys() == {"words", "meaning"}
            assert hit.score == pytest.approx(sum(hit.parts.values()), abs=1e-6)
        scores = [hit.score for hit in hits]
        assert all(first >= second - 1e-5 for first, second in pairwise(scores))


def test_an_empty_query_gives_all_that_passes_newest_first_and_says_so(shop: Shop) -> None:
    for query in ("", "   \t"):
        found = shop.search(query, k=100, filters={"category": "Home > Lamps"})
        assert found.ids == [f"lamp{at}" for at in reversed(range(12))]
        assert found.notes == ("The query is empty, so these are all products that pass the filters.",)
    assert shop.search("lamp").notes == ()


def test_a_shop_without_products_answers_with_nothing(open_shop: Opens) -> None:
    shop = open_shop()
    for found in (shop.search("boots"), shop.search(""), shop.search("x", filters={"brand": "a"}, facets=["brand"])):
        assert (found.ids, found.total) == ([], 0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
def test_any_text_is_answered_or_refused_with_a_sentence(query: str, shop: Shop) -> None:
    try:
        found = shop.search(query)
    except ValueError as error:
        assert "query: wanted printable text" in str(error)  # noqa: PT017 - either may happen
    else:
        assert len(found) <= 24


# ---- filters, facets and pages -----------------------------------------------------------------------------------

FILTERS: list[tuple[dict[str, Any], Callable[[Hit], bool]]] = [
    ({"brand": "Nord"}, lambda hit: hit.product.brand == "Nord"),
    ({"brand": ["Nord", "Volt"]}, lambda hit: hit.product.brand in {"Nord", "Volt"}),
    ({"brand": {"not": "Nord"}}, lambda hit: hit.product.brand != "Nord"),
    ({"category": "Home"}, lambda hit: hit.product.category.startswith("Home")),
    ({"price": (12, 30)}, lambda hit: hit.price is not None and 12 <= hit.price.amount <= 30),
    ({"price": (None, 20)}, lambda hit: hit.price is not None and hit.price.amount <= 20),
    ({"in_stock": True}, lambda hit: hit.in_stock and hit.price is not None),
    ({"in_stock": False}, lambda hit: any(each.stock == 0 for _, each in hit.product.offers)),
    ({"colour": "red"}, lambda hit: hit.product.attributes["colour"][0].code == "red"),
    ({"height": (22, 25)}, lambda hit: 22 <= (hit.product.attributes["height"][0].number or 0) <= 25),
    ({"brand": "Lumen", "price": (15, 99)}, lambda hit: hit.product.brand == "Lumen" and hit.price.amount >= 15),  # type: ignore[union-attr]
]


@pytest.mark.parametrize(("filters", "passes"), FILTERS)
def test_no_filter_is_ever_lost_and_none_takes_too_much(
    filters: dict[str, Any], passes: Callable[[Hit], bool], shop: Shop
) -> None:
    everything = shop.search("", k=100)
    wanted = {hit.product.id for hit in everything if _safely(passes, hit)}
    found = shop.search("", k=100, filters=filters)
    assert set(found.ids) == wanted and found.total == len(wanted)
    for query in ("red winter boots", "lamp", "台灯"):
        assert set(shop.search(query, k=100, filters=filters).ids) <= wanted
    assert set(shop.similar("lamp3", k=100, filters=filters).ids) <= wanted - {"lamp3"}


def _safely(passes: Callable[[Hit], bool], hit: Hit) -> bool:
    try:
        return passes(hit)
    except (KeyError, AttributeError):
        return False


def test_filters_on_options_price_and_stock_must_hold_for_the_same_variant(shop: Shop) -> None:
    (hit,) = shop.search("boots", filters={"size": "41", "in_stock": True, "price": (None, 80)})
    assert hit.variant.id == "boots-41"
    assert shop.search("boots", filters={"size": "42", "in_stock": True}).ids == []
    assert shop.search("boots", filters={"size": "40", "price": (None, 80)}).ids == []
    assert shop.search("boots", filters=(InStock(True),)).ids[0] == "boots", "as filter objects too"


def test_facets_count_all_that_is_found_and_what_a_filter_would_leave(shop: Shop) -> None:
    found = shop.search(
        "lamp", k=1, facets=["brand", "category", "colour", "in_stock", "price"], filters={"category": "Home > Lamps"}
    )
    assert found.facets.keys() == {"brand", "category", "colour", "in_stock", "price"}
    assert {value.code: value.count for value in found.facets["brand"]} == {"Lumen": 6, "Volt": 6}
    assert found.facets["category"].count("Home > Lamps") == 12
    assert found.facets["category"].count("Home") == 13, "its own filter is not applied: the poster of a lamp too"
    assert found.facets["in_stock"].count("true") == 9 and found.facets["in_stock"].count("false") == 3
    assert (found.facets["price"].low, found.facets["price"].high) == (10, 21)
    assert sum(value.count for value in found.facets["price"]) == 12
    for name in ("brand", "colour"):
        for value in found.facets[name]:
            left = shop.search("lamp", filters={"category": "Home > Lamps", name: value.code})
            assert left.total == value.count


def test_facet_labels_speak_the_locale(shop: Shop) -> None:
    found = shop.search("靴", context=CHINA, facets=["colour"], filters={"brand": "Nord"})
    assert [(value.code, value.label) for value in found.facets["colour"]] == [("red", "红色")]


@pytest.mark.parametrize("sort", ["relevance", "price", "-price", "newest"])
@pytest.mark.parametrize("query", ["lamp", "red", ""])
@pytest.mark.parametrize("size", [1, 4, 7])
def test_pages_hold_the_whole_match_set_once(query: str, sort: str, size: int, shop: Shop) -> None:
    whole = shop.search(query, sort=sort, k=100)
    assert len(whole) == whole.total and whole.total_is_exact
    paged = [
        hit
        for offset in range(0, whole.total + size, size)
        for hit in shop.search(query, sort=sort, k=size, offset=offset).ids
    ]
    assert paged == whole.ids and len(set(paged)) == len(paged)


def test_a_page_may_be_sorted_by_price_or_age_over_the_whole_match_set(shop: Shop) -> None:
    prices = [hit.price.amount for hit in shop.search("lamp", sort="price", k=100) if hit.price]
    assert prices == sorted(prices) and len(prices) > 10
    assert [hit.price.amount for hit in shop.search("lamp", sort="-price", k=100) if hit.price] == prices[::-1]
    assert shop.search("lamp", sort="price", k=100).hits[-1].price is None, "without a price comes last"
    assert shop.search("lamp", sort="-price", k=100).hits[-1].price is None
    added = [hit.product.added for hit in shop.search("lamp", sort="newest", k=100)]
    known = [each for each in added if each]
    assert known == sorted(known, reverse=True) and added[: len(known)] == known, "of unknown age comes last"


# ---- contexts ----------------------------------------------------------------------------------------------------


def test_the_context_chooses_the_text_that_is_searched_and_shown(shop: Shop) -> None:
    assert shop.search("冬靴", context=CHINA)[0].product.title == "红色冬靴"
    assert shop.search("red winter boots")[0].product.title == "Red winter boots"
    english = {hit.product.id: hit.parts["words"] for hit in shop.search("台灯")}
    chinese = {hit.product.id: hit.parts["words"] for hit in shop.search("台灯", context=CHINA)}
    assert not any(english.get(f"lamp{at}") for at in range(12)) and all(chinese[f"lamp{at}"] for at in range(12))
    assert shop.get("scarf", context=CHINA).title == "Winter scarf of red wool"


def test_the_context_chooses_the_price_that_is_filtered_sorted_and_shown(shop: Shop) -> None:
    dollars = shop.search("desk lamp", sort="price", filters={"price": (10, 12)})
    assert dollars.ids == ["lamp0", "lamp1", "lamp2"]
    assert [(hit.price.amount, hit.price.currency) for hit in dollars if hit.price] == [
        (Decimal(10), "USD"),
        (Decimal(11), "USD"),
        (Decimal(12), "USD"),
    ]
    yuan = shop.search("台灯", sort="price", filters={"price": (70, 80)}, context=CHINA)
    assert yuan.ids == ["lamp0", "lamp1"] and str(yuan[1].price) == "¥77.00"
    assert shop.search("台灯", filters={"price": (10, 12)}, context=CHINA).ids == []


def test_what_is_not_sold_in_a_market_or_currency_is_not_shown_there(shop: Shop) -> None:
    def ids(**context: Any) -> set[str]:
        return set(shop.search("", k=100, context=Context(**context)).ids)

    assert "teapot" not in ids() and "teapot" in ids(currency="CNY")
    assert "sandals" in ids() and "sandals" not in ids(currency="CNY")
    assert "kettle" not in ids() and "kettle" in ids(market="de") and "kettle" not in ids(market="fr")
    assert "poster" in ids() and "poster" in ids(currency="CNY"), "without any price it is unknown, not absent"
    for asked in (Request("teapot 茶壶"), Request(product_id="lamp1"), Request(filters={"category": "Home"})):
        assert "teapot" not in shop.answer(asked).ids


def test_a_customer_group_has_its_own_price(shop: Shop) -> None:
    for groups, price in (((), 50), (("members",), 45), (("others",), 50)):
        (hit,) = [
            each
            for each in shop.search("lamp for members", context=Context(groups=groups))
            if each.product.id == "club"
        ]
        assert hit.price and hit.price.amount == price


def test_the_shown_variant_is_the_cheapest_that_passes_one_in_stock_before_others(shop: Shop) -> None:
    def shown(**asked: Any) -> tuple[str, Decimal, bool]:
        (hit,) = [each for each in shop.search("red winter boots", **asked) if each.product.id == "boots"]
        assert hit.price is not None
        return hit.variant.id, hit.price.amount, hit.in_stock

    assert shown() == ("boots-41", Decimal(80), True)
    assert shown(filters={"size": ["40", "42"]}) == ("boots-42", Decimal(70), False)
    assert shown(context=Context(currency="CNY")) == ("boots-41", Decimal(650), True)
    (hit,) = shop.search("boots", filters={"brand": "Nord", "size": "41"})
    assert hit.list_price is not None and hit.list_price.amount == 100


# ---- similar -----------------------------------------------------------------------------------------------------


def test_similar_products_do_not_hold_the_product_itself(shop: Shop) -> None:
    for product in ("boots", "lamp3", "poster", "teapot", "kettle"):
        found = shop.similar(product, k=100)
        assert product not in found.ids and len(set(found.ids)) == len(found) == found.total
    assert shop.similar("lamp3", k=3).ids[0].startswith("lamp")
    assert shop.similar("boots").ids[0] in {"sandals", "scarf"}


def test_similar_to_an_unknown_product_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(UnknownProduct, match="there is none in"):
        shop.similar("unknown")


# ---- a failing encoder -------------------------------------------------------------------------------------------


def fails(made: Any) -> Any:
    raise RuntimeError("out of memory")


def says(made: Any) -> Any:
    raise EncoderError("encoder moody: the card is gone")


@pytest.mark.parametrize(("spoil", "note"), [(fails, "the encoder failed"), (says, "encoder moody: the card is gone")])
def test_when_the_encoder_fails_words_alone_answer_and_the_answer_says_so(
    spoil: Any, note: str, open_shop: Opens, moody: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop = open_shop(encoder=moody)
    shop.upsert([Product(f"p{at}", f"Cup {at}", price=1) for at in range(5)])
    moody.spoil = spoil
    found = shop.search("cup 3")
    assert found.ids[0] == "p3" and found[0].parts.keys() == {"words"}
    assert found.degraded == ("meaning",)
    assert found.notes == (f"Words alone answered: {note}",)
    assert len(caplog.records) == 1, "and the log has the whole story"
    moody.spoil = lambda made: made
    again = shop.search("cup 3")
    assert again.degraded == () and again[0].parts.keys() == {"words", "meaning"}


SPOILT = {
    "another shape": lambda made: made[:, :-1],
    "too few": lambda made: made[:0],
    "not finite": lambda made: np.full_like(made, np.nan),
}


@pytest.mark.parametrize(
    "what",
    ["too few", "another shape", "not finite"],
)
def test_when_the_encoder_gives_nonsense_words_alone_answer(what: str, open_shop: Opens, moody: Any) -> None:
    shop = open_shop(encoder=moody)
    shop.upsert([Product(f"p{at}", f"Cup {at}", price=1) for at in range(5)])
    moody.spoil = SPOILT[what]
    found = shop.search("cup 3")
    assert found.ids[0] == "p3" and found.degraded == ("meaning",)
    assert all(np.isfinite(hit.score) for hit in found)


# ---- results -----------------------------------------------------------------------------------------------------


def test_results_are_a_sequence_that_cannot_be_changed(shop: Shop) -> None:
    found = shop.search("lamp", k=3)
    assert len(found) == 3 and list(found) == list(found.hits) and found[0] in found
    assert found.ids == [hit.product.id for hit in found[0:3]]
    for thing, name in ((found, "total"), (found[0], "score"), (found[0].product, "brand"), (found[0].price, "amount")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, None)


def test_results_are_plain_json(shop: Shop) -> None:
    found = shop.search("red winter boots", facets=["brand", "price"], context=CHINA)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["query"] == "red winter boots" and plain["request_id"] == found.request_id
    assert [hit["id"] for hit in plain["hits"]] == found.ids and plain["total"] == found.total
    boots = next(hit for hit in plain["hits"] if hit["id"] == "boots")
    assert boots["price"] == {"amount": "650.00", "currency": "CNY"} and boots["title"] == "红色冬靴"
    assert boots["parts"].keys() == {"words", "meaning"}
    assert plain["facets"]["brand"][0].keys() == {"code", "label", "count"}


def test_timings_name_where_the_time_went_and_sum_to_the_whole(shop: Shop) -> None:
    timings = shop.search("boots").timings
    assert timings.keys() == {"encode", "vector", "lexical", "rest", "total"}
    assert sum(timings.values()) - timings["total"] == pytest.approx(timings["total"], rel=0.01)


def test_an_answer_says_which_state_of_the_shop_it_saw(shop: Shop) -> None:
    before = shop.search("boots")
    shop.upsert(Product("new", "New boots", price=1))
    after = shop.search("boots")
    assert after.change == before.change + 1 and after.generation == before.generation == 1
