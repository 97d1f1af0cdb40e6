"""Without a query: positions by hand, then the shop's own order, an exact total, and pages to the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shelfwise.plugin import FusionWeights, Product, Request, RequestError, Shop


@pytest.fixture
def sold(open_shop: Callable[..., Shop]) -> Shop:
    """Five products with sales, ratings and dates."""
    shop = open_shop(durable=False)
    rows = [("a", 5, 2, "2026-01-01"), ("b", 9, 1, "2026-01-02"), ("c", 9, 3, "2026-01-03"), ("d", 0, 5, None)]
    made = [
        Product(key, "Lamp", attributes={"sales": sales, "rating": rating}, added=added, price=1)
        for key, sales, rating, added in rows
    ]
    shop.upsert([*made, Product("e", "Lamp", added="2026-02-01", price=1)])
    return shop


def test_what_sells_comes_first_and_of_equals_the_newest(sold: Shop) -> None:
    assert sold.browse_order == "-sales,newest"
    assert sold.browse().ids == ["c", "b", "a", "d", "e"]


def test_a_shop_without_sales_shows_the_newest_first(shop: Shop) -> None:
    assert shop.browse(k=100).ids == shop.browse(k=100, sort="newest").ids


def test_positions_by_hand_stand_at_the_head_in_their_order(sold: Shop) -> None:
    found = sold.browse(first=["d", "e", "nothing", "d"])
    assert found.ids == ["d", "e", "c", "b", "a"] and found.total == 5


def test_a_position_by_hand_lets_nothing_through_a_filter(sold: Shop) -> None:
    assert sold.browse(first=["d", "a"], filters={"rating": (None, 3)}).ids == ["a", "c", "b"]


def test_an_order_that_the_shopper_chose_has_no_positions(sold: Shop) -> None:
    assert sold.browse(first=["a"], sort="-rating").ids[0] == "d"


def test_positions_hold_for_a_query_too(shop: Shop) -> None:
    found = shop.answer(Request("red lamp", first=["scarf", "teapot"], k=100))
    without = shop.answer(Request("red lamp", k=100))
    moved = [key for key in ("scarf", "teapot") if key in without.ids]
    assert found.ids == [*moved, *(key for key in without.ids if key not in moved)]


def test_the_order_is_the_shops_own_to_set(sold: Shop, open_shop: Callable[..., Shop]) -> None:
    sold.browse_by("-rating")
    assert sold.browse_order == "-rating" and sold.browse().ids == ["d", "c", "a", "b", "e"]
    assert open_shop().browse().ids == ["d", "c", "a", "b", "e"], "whoever opens the store sees it"
    sold.browse_by(None)
    assert sold.browse().ids == ["c", "b", "a", "d", "e"]


def test_several_fields_decide_one_after_another(sold: Shop) -> None:
    assert sold.browse(sort="-sales,rating").ids == ["b", "c", "a", "d", "e"]
    assert sold.browse(sort="sales,-rating").ids == ["d", "a", "c", "b", "e"]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("-luck", "sort: wanted one of "),
        ("relevance", "browse order: wanted fields such as '-sales,newest', got 'relevance'; that is its name"),
        (
            "relevance,price",
            "sort: wanted relevance alone, got 'relevance,price'; no two products are equally relevant",
        ),
        ("price,,rating", "sort: wanted relevance, newest, price, -price, or a field with numbers"),
        ("", "sort: wanted relevance, newest, price, -price, or a field with numbers"),
        ("a,b,c,d,e,f", "sort: wanted relevance, newest, price, -price, or a field with numbers"),
        (7, "sort: wanted relevance, newest, price, -price, or a field with numbers"),
    ],
)
def test_an_order_that_is_none_is_refused_and_changes_nothing(sold: Shop, order: object, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        sold.browse_by(order)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said)
    assert sold.browse_order == "-sales,newest"


# ---- answers that others may keep --------------------------------------------------------------------------------


def test_an_answer_that_is_not_personal_has_a_tag_that_only_a_change_changes(sold: Shop) -> None:
    def tag(**more: object) -> str | None:
        return sold.search("lamp", personalise=False, **more).etag  # type: ignore[arg-type]

    before = tag()
    assert before is not None and before == tag()
    assert tag(k=3) != before and tag(facets=["rating"]) != before and tag(filters={"rating": (1, 2)}) != before
    sold.update_offers([{"id": "a", "price": 2}])
    changed = tag()
    assert changed != before
    sold.browse_by("-rating")
    assert tag() != changed


def test_two_processes_give_the_same_tag(sold: Shop, open_shop: Callable[..., Shop]) -> None:
    other = open_shop()
    assert other.search("lamp", personalise=False).etag == sold.search("lamp", personalise=False).etag


def test_what_is_hidden_or_weighed_otherwise_has_another_tag_and_who_asks_has_not(
    sold: Shop, open_shop: Callable[..., Shop]
) -> None:
    def tag(shop: object, **more: object) -> str | None:
        return shop.search("lamp", personalise=False, **more).etag  # type: ignore[attr-defined, no-any-return]

    assert len({tag(sold), tag(sold.scoped({"rating": (1, 2)})), tag(sold.scoped({"rating": (3, 9)}))}) == 3
    assert tag(open_shop(weights=FusionWeights(words=0.1, meaning=0.9))) != tag(sold)
    assert tag(sold, user_id="u1", history=["a"]) == tag(sold), "who asks changes nothing"


def test_an_answer_that_a_write_of_this_moment_may_be_in_has_no_tag(
    sold: Shop, open_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_shop()
    monkeypatch.setattr(type(other.store), "follow", lambda store: None)  # nobody looks for news
    before = other.search("lamp", personalise=False)
    sold.upsert(Product("a", "Lamp of another name", price=1))
    assert before.etag is not None and other.store.view.change < other.store.last_change()
    assert other.search("lamp", personalise=False).etag is None


def test_an_answer_that_may_be_personal_has_no_tag(sold: Shop) -> None:
    assert sold.search("lamp").etag is None and sold.browse().etag is None


def test_an_answer_says_until_when_it_holds(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop()
    shop.upsert(Product("a", "Lamp", price=5))
    assert shop.browse().valid_until is None
    shop.upsert(Product("b", "Lamp", offers=[{"price": 4, "currency": "USD", "ends": "2090-05-01T00:00:00+00:00"}]))
    found = shop.browse(personalise=False)
    assert found.valid_until is not None and found.valid_until.isoformat() == "2090-05-01T00:00:00+00:00"
    assert found.to_dict()["valid_until"] == "2090-05-01T00:00:00+00:00"
