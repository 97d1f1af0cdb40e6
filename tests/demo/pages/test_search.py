"""From a choice to requests, and from answers to filters with counts."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from shelfwise.demo.pages.choice import Choice
from shelfwise.demo.pages.search import find, price_bands, request_for
from shelfwise.demo.pages.wording import CHINESE, ENGLISH, WORDINGS
from shelfwise.plugin import Context, Shop


def test_a_choice_becomes_a_request_in_its_language_and_currency() -> None:
    request = request_for(Choice("茶", "zh", category="Food & Drink", in_stock=True, sort="price"), k=24)

    assert request.context == Context(locale="zh", currency="CNY")
    assert (request.query, request.sort, request.k, len(request.filters)) == ("茶", "price", 24, 2)


def test_a_query_that_cannot_be_asked_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="control character"):
        request_for(Choice("tea\x07"))


@pytest.mark.parametrize("language", WORDINGS)
def test_departments_are_counted_and_named_in_the_pages_language(shop: Shop, language: str) -> None:
    page = find(shop, Choice(language=language))

    assert page.results.total == 386
    assert len(page.categories) == 16
    assert sum(option.count for option in page.categories) == 386
    assert {"en": "Kitchen", "zh": "厨房"}[language] in {option.label for option in page.categories}


def test_a_department_shows_the_way_back_and_the_level_below(shop: Shop) -> None:
    page = find(shop, Choice(language="zh", category="Kitchen > Cookware"))

    assert [(option.code, option.label) for option in page.trail] == [
        ("Kitchen", "厨房"),
        ("Kitchen > Cookware", "炊具"),
    ]
    assert page.categories
    assert all(option.code.startswith("Kitchen > Cookware > ") for option in page.categories)
    assert sum(option.count for option in page.categories) <= page.results.total


def test_every_count_is_what_a_click_on_it_finds(shop: Shop) -> None:
    chosen = Choice(category="Kitchen", picked={"material": ("stainless-steel",)})
    page = find(shop, chosen)
    material = next(group for group in page.groups if group.field == "material")

    assert material.options[0].on
    assert material.options[0].count == page.results.total
    for option in material.options[1:4]:
        other = find(shop, Choice(category="Kitchen", picked={"material": (option.code,)}))
        assert other.results.total == option.count
    for band in page.bands:
        within = find(shop, Choice(category="Kitchen", picked=chosen.picked, price=(band.low or None, band.high)))
        assert within.results.total == band.count


def test_price_bands_touch_and_cover_all_prices() -> None:
    for says in (ENGLISH, CHINESE):
        bands = price_bands(says)
        assert bands[0][0] is None
        assert bands[-1][1] is None
        for (_, high), (low, _) in pairwise(bands):
            assert high is not None
            assert low == high + Decimal("0.01")


def test_attributes_that_tell_the_hits_apart_are_offered_and_measures_are_not(shop: Shop) -> None:
    page = find(shop, Choice(category="Clothing"))

    fields = [group.field for group in page.groups]
    assert fields[0] == "brand"
    assert len(fields) == 4
    assert "material" in fields
    assert not {"weight", "model", "length"} & set(fields)


def test_a_chosen_value_stays_in_sight_when_nothing_has_it(shop: Shop) -> None:
    page = find(shop, Choice(language="zh", category="Food & Drink", picked={"material": ("stainless-steel",)}))

    assert page.results.total == 0
    material = next(group for group in page.groups if group.field == "material")
    assert [(option.label, option.on) for option in material.options if option.on] == [("不锈钢", True)]


def test_flags_are_shown_as_yes_and_no(shop: Shop) -> None:
    page = find(shop, Choice(language="zh", picked={"waterproof": ("true",)}))

    waterproof = next(group for group in page.groups if group.field == "waterproof")
    assert (waterproof.title, waterproof.options[0].label) == ("防水", "是")


def test_in_stock_is_counted_as_if_it_were_not_chosen(shop: Shop) -> None:
    free, chosen = find(shop, Choice()), find(shop, Choice(in_stock=True))

    assert free.in_stock.count == chosen.in_stock.count == chosen.results.total < 386
    assert all(hit.in_stock for hit in chosen.results)


def test_an_unknown_field_is_a_value_error(shop: Shop) -> None:
    with pytest.raises(ValueError, match="no_such_field"):
        find(shop, Choice(picked={"no_such_field": ("x",)}))
