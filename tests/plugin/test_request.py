"""A request is checked when it is made; what is wrong is a sentence."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from shelfwise.index import FilterError, RequestError, ShelfwiseError
from shelfwise.plugin import Context, Request, Shop


def test_a_request_carries_all_that_is_known_and_cannot_be_changed() -> None:
    known: dict[str, Any] = {
        "user_id": "u1",
        "session": "s1",
        "history": ["a", "b"],
        "basket": ("c",),
        "filters": {"brand": "Nord"},
        "facets": ["colour"],
        "k": 5,
        "offset": 10,
        "context": Context(locale="zh"),
    }
    request = Request("boots", **known)
    assert (request.history, request.basket, request.facets) == (("a", "b"), ("c",), ("colour",))
    assert request == Request("boots", **known) and hash(request) == hash(Request("boots", **known))
    with pytest.raises(FrozenInstanceError):
        request.k = 7  # type: ignore[misc]


SORTS = "relevance, newest, price, -price"
FIELDS = ", or a field with numbers such as 'rating' or '-rating' (up to 5 with commas between)"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"k": 0}, "k: wanted a whole number from 1 to 1,000, got 0"),
    ({"k": -1}, "k: wanted a whole number from 1 to 1,000, got -1"),
    ({"k": 1_000_000}, "k: wanted a whole number from 1 to 1,000, got 1000000"),
    ({"k": 2.5}, "k: wanted a whole number from 1 to 1,000, got 2.5"),
    ({"k": True}, "k: wanted a whole number from 1 to 1,000, got True"),
    ({"k": "24"}, "k: wanted a whole number from 1 to 1,000, got '24'"),
    ({"k": None}, "k: wanted a whole number from 1 to 1,000, got None"),
    ({"offset": -1}, "offset: wanted a whole number from 0 to 999,999, got -1"),
    (
        {"offset": 999_990, "k": 20},
        "offset + k: wanted at most 1,000,000, got 1,000,010; narrow the request by filters",
    ),
    ({"query": "x" * 100_000}, "query: wanted at most 1,000 characters, got 100,000; cut it before searching"),
    ({"query": "a\0b"}, "query: wanted printable text, got the control character U+0000; remove it before searching"),
    ({"query": "\x1b[31m"}, "query: wanted printable text, got the control character U+001B; remove it"),
    ({"query": "\ud800"}, "query: wanted printable text, got the control character U+D800; remove it"),
    ({"query": 7}, "query: wanted a text, got int"),
    ({"query": ["boots"]}, "query: wanted a text, got list"),
    ({"query": b"boots"}, "query: wanted a text, got bytes"),
    ({"sort": "-"}, f"sort: wanted {SORTS}{FIELDS}, got '-'"),
    (
        {"sort": ["price"]},
        f"sort: wanted {SORTS}{FIELDS}, got ['price']",
    ),
    ({"narrow_facets": 1}, "narrow_facets: wanted True or False, got 1"),
    ({"history": "boots"}, "history: wanted a list, got the text 'boots'; write ['boots']"),
    ({"facets": "brand"}, "facets: wanted a list, got the text 'brand'; write ['brand']"),
    ({"basket": [7]}, "basket: wanted a text of 1 to 200 characters, got 7"),
    ({"user_id": 7}, "user_id: wanted a text of 1 to 200 characters, got 7"),
    ({"session": ""}, "session: wanted a text of 1 to 200 characters, got ''"),
    ({"product_id": "x" * 201}, "product_id: wanted a text of 1 to 200 characters"),
    ({"context": {"locale": "en"}}, "context: wanted a Context, got dict; write Context(locale=…, currency=…)"),
    ({"query": "a", "product_id": "b"}, "request: wanted a query or a product_id, got both; send two requests"),
    ({"filters": "red"}, "filters: wanted a mapping of field to value, or filter objects, got str"),
    ({"filters": [("brand", "x")]}, "filters: wanted a mapping of field to value, or filter objects, got tuple"),
    ({"filters": {"brand": []}}, "filter brand: wanted at least one value, got an empty list"),
    ({"filters": {"price": (5, 1)}}, "filter price: wanted low <= high, got (5, 1); swap them"),
    ({"filters": {"in_stock": "yes"}}, "filter in_stock: wanted True or False, got 'yes'"),
    ({"filters": {"brand": {"or": 1}}}, "filter brand: wanted a value, a list, a (low, high) pair or {'not': value}"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_what_cannot_be_asked_is_a_sentence_that_a_shop_can_catch(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError) as error:
        Request(**wrong)
    assert str(error.value).startswith(sentence)
    assert isinstance(error.value, ShelfwiseError) and isinstance(error.value, ValueError)


@pytest.mark.parametrize("name", ["filters", "history", "basket", "facets"])
def test_a_number_in_place_of_a_list_is_a_sentence(name: str) -> None:
    with pytest.raises(RequestError):
        Request("boots", **{name: 7})


@pytest.mark.parametrize(
    "wrong", [{"locale": "English!"}, {"locale": 7}, {"currency": "dollars"}, {"groups": "members"}]
)
def test_a_context_that_makes_no_sense_is_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=next(iter(wrong))):
        Context(**wrong)


def test_white_space_is_folded_and_the_edges_of_what_may_be_asked_are_allowed(shop: Shop) -> None:
    assert Request("  red\n\t boots\r\n").query == "red boots"
    assert len(shop.answer(Request("x" * 1_000, k=1_000, offset=9_000))) == 0
    assert shop.search("boots", k=1, offset=999_999).ids == []
    assert shop.search("boots 靴子 👢 ﷽ ‮").total > 0


@pytest.mark.parametrize(
    "asked", [{"filters": {"flavour": "mint"}}, {"filters": {"flavour": {"not": 1}}}, {"filters": {"flavour": (1, 2)}}]
)
def test_a_filter_on_an_unknown_field_names_the_known_ones(asked: dict[str, Any], shop: Shop) -> None:
    with pytest.raises(FilterError) as error:
        shop.search("boots", **asked)
    assert str(error.value).startswith("filter flavour: no product has such a field; wanted one of ")
    assert str(error.value).endswith("colour, category, added, brand, price, in_stock, height, id and 1 more")


def test_a_facet_of_an_unknown_field_names_the_known_ones(shop: Shop) -> None:
    with pytest.raises(FilterError, match="facet flavour: no product has such a field; wanted one of colour"):
        shop.search("boots", facets=["flavour"])


def test_an_answer_to_something_that_is_no_request_is_an_error(shop: Shop) -> None:
    for wrong in ("boots", {"query": "boots"}, None):
        with pytest.raises((RequestError, TypeError, AttributeError)):
            shop.answer(wrong)  # type: ignore[arg-type]
