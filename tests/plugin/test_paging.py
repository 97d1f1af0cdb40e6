"""Page tokens: nothing is shown twice, nothing is left out, and the store may change meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index import parse_filters
from shelfwise.plugin import Context, Product, Request, RequestError, Shop
from shelfwise.plugin.paging import MOST_SHOWN, fingerprint


def pages(
    shop: Shop, k: int, beside: Callable[[int], None] = lambda number: None, **request: object
) -> list[list[str]]:
    """All pages, one token after another."""
    found = shop.answer(Request(k=k, **request))  # type: ignore[arg-type]
    made = [found.ids]
    while found.after is not None:
        beside(len(made))
        found = shop.answer(Request(k=k, after=found.after, **request))  # type: ignore[arg-type]
        made.append(found.ids)
    return made


@pytest.mark.parametrize("request_", [{}, {"query": "red lamp"}, {"sort": "price"}, {"filters": {"colour": "white"}}])
@pytest.mark.parametrize("k", [1, 4, 100])
def test_tokens_lead_through_the_same_order_as_offsets(shop: Shop, request_: dict, k: int) -> None:
    whole = shop.answer(Request(k=1000, **request_)).ids
    assert [key for page in pages(shop, k, **request_) for key in page] == whole
    assert len(whole) > 4


def test_the_last_page_has_no_token(shop: Shop) -> None:
    found = shop.browse(k=len(shop))
    assert len(found) == found.total and found.after is None
    assert shop.browse(k=found.total - 1).after is not None


def test_a_token_goes_on_behind_an_offset(shop: Shop) -> None:
    whole = shop.browse(k=100).ids
    assert shop.browse(k=3, after=shop.browse(k=3, offset=4).after).ids == whole[7:10]


def test_what_moves_forward_meanwhile_is_neither_shown_twice_nor_left_out(shop: Shop) -> None:
    there = set(shop.browse(k=100).ids)

    def shuffle(number: int) -> None:
        shop.update_offers([{"id": f"lamp{number + at}", "price": 500 * (-1) ** at + 501} for at in range(3)])
        shop.delete("sandals" if number == 1 else "nothing")
        shop.upsert(Product(f"new{number}", "A new lamp", price=number))

    shown = [key for page in pages(shop, 3, shuffle, sort="price") for key in page]
    assert len(shown) == len(set(shown))
    assert there - {"sandals"} <= set(shown)


@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(1, 99), st.booleans()), min_size=1, max_size=12))
def test_no_change_between_pages_repeats_or_loses_a_product(shop: Shop, changes: list[tuple[int, int, bool]]) -> None:
    left = list(changes)

    def change(number: int) -> None:
        if left:
            at, price, new_title = left.pop()
            shop.upsert(Product(f"lamp{at}", f"Desk lamp model {price if new_title else at}", price=price))

    shop.upsert([Product(f"lamp{at}", f"Desk lamp model {at}", price=10 + at) for at in range(12)])
    there = set(shop.search("desk lamp", k=100).ids)
    shown = [key for page in pages(shop, 2, change, query="desk lamp") for key in page]
    assert sorted(shown) == sorted(there)


@pytest.mark.parametrize(
    "other", [{"query": "blue"}, {"sort": "price"}, {"filters": {"colour": "red"}}, {"correct": False}]
)
def test_a_token_of_another_request_is_refused(shop: Shop, other: dict) -> None:
    token = shop.search("red", k=2).after
    with pytest.raises(RequestError) as refused:
        shop.answer(Request(**{"query": "red", "k": 2, "after": token, **other}))
    assert str(refused.value) == (
        "after: wanted a token of this request, got one of another query, filter, order or context; begin with the "
        "first page"
    )


@pytest.mark.parametrize("token", ["", "x", "!!!!", "AAAAAAAA", "AAAAAAAAAAAA", "Ä" * 12, "A" * 9_999, "AAAA AAAA"])
def test_a_token_that_is_none_is_refused(shop: Shop, token: str) -> None:
    with pytest.raises(RequestError, match=r"^after: wanted a token (as|of) "):
        shop.search("red", after=token)


def test_a_token_and_an_offset_are_refused(shop: Shop) -> None:
    with pytest.raises(RequestError) as refused:
        Request("red", after="AAAA", offset=3)
    assert str(refused.value) == "request: wanted an offset or a token `after`, got both; leave out the offset"


def test_page_size_and_facets_may_change_from_page_to_page(shop: Shop) -> None:
    token = shop.search("red", k=2).after
    found = shop.search("red", k=5, facets=["brand"], after=token)
    assert found.facets["brand"].values and found.total == shop.search("red").total


def test_far_down_there_is_no_token_and_offsets_go_on(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(durable=False)
    shop.upsert([Product(f"p{at}", "Lamp", price=at) for at in range(MOST_SHOWN + 3)])
    found = shop.browse(k=MOST_SHOWN, sort="price")
    assert found.after is not None
    last = shop.browse(k=2, sort="price", after=found.after)
    assert last.ids == [f"p{MOST_SHOWN}", f"p{MOST_SHOWN + 1}"] and last.after is None
    assert shop.browse(k=2, offset=MOST_SHOWN + 1, sort="price").ids == [f"p{MOST_SHOWN + 1}", f"p{MOST_SHOWN + 2}"]


def test_a_fingerprint_knows_all_that_decides_an_answer() -> None:
    one = Request("lamp", filters={"price": (1, 2), "colour": ["red", "blue"]}, context=Context(groups=("a",)))
    assert fingerprint(one) == fingerprint(
        Request("lamp", filters=parse_filters({"price": (1, 2), "colour": ["red", "blue"]}), k=3, offset=5,
                facets=["brand"], context=Context(groups=("a",)))
    )  # fmt: skip
    others = [
        Request("lamp"),
        Request("lamp", filters={"price": (1, 3), "colour": ["red", "blue"]}, context=Context(groups=("a",))),
        Request("lamp", filters={"price": (1, 2), "colour": ["red", "blue"]}, context=Context(groups=("b",))),
        Request("lamp", first=["p1"]),
        Request("lamp", personalise=False),
    ]
    made = [fingerprint(each) for each in (one, *others)]
    assert len(set(made)) == len(made)
    assert fingerprint(one, paging=True) != fingerprint(one)
    assert fingerprint(Request("lamp")) == fingerprint(Request("lamp", user_id="u1", session="s", history=["p1"]))
