"""What each event of the page does to what was chosen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.demo.pages.choice import PAGE, Choice, asked, filtered, more, price_from, sorted_by, spoken

ON = {"field": "brand", "code": "Marrowby", "on": True}


def test_another_query_keeps_the_filters_and_starts_at_the_top() -> None:
    chosen = asked(more(filtered(Choice("tea"), ON)), "coffee")

    assert (chosen.query, chosen.picked, chosen.shown) == ("coffee", {"brand": ("Marrowby",)}, PAGE)


def test_a_value_that_is_picked_twice_is_there_once_and_the_last_one_takes_its_filter_away() -> None:
    chosen = filtered(filtered(filtered(Choice(), ON), ON), {**ON, "code": "Quillow"})
    assert chosen.picked == {"brand": ("Marrowby", "Quillow")}

    chosen = filtered(filtered(chosen, {**ON, "on": False}), {**ON, "code": "Quillow", "on": False})
    assert chosen.picked == {}
    assert not chosen.filtered


def test_clear_takes_every_filter_and_keeps_the_query() -> None:
    chosen = filtered(Choice("tea", category="Kitchen", in_stock=True, price=(Decimal(1), None)), {"field": "clear"})

    assert chosen == Choice("tea")


def test_another_language_drops_the_price_because_its_currency_changes() -> None:
    chosen = spoken(Choice("tea", category="Kitchen", price=(Decimal(10), None)), "zh")

    assert (chosen.language, chosen.category, chosen.price) == ("zh", "Kitchen", (None, None))


def test_a_language_or_an_order_that_the_page_has_not_changes_nothing_bad() -> None:
    assert spoken(Choice(), "xx") == Choice()
    assert sorted_by(Choice(sort="price"), "by mood").sort == "relevance"


def test_a_range_the_wrong_way_round_is_turned() -> None:
    assert filtered(Choice(), {"field": "price", "low": "50", "high": "20"}).price == (Decimal(20), Decimal(50))


def test_what_is_no_price_is_left_out_and_said() -> None:
    chosen = filtered(Choice(), {"field": "price", "low": "cheap", "high": "30"})

    assert chosen.price == (None, Decimal(30))
    assert chosen.remark == "“cheap” is not a price, so it was left out."


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("15", "15"),
        (" $ 15.50 ", "15.50"),
        ("¥1,299", "1299"),
        ("15,5", "15.5"),
        ("1,299.90", "1299.90"),
        (".5", "0.5"),
    ],
)
def test_prices_are_read_as_people_type_them(typed: str, amount: str) -> None:
    assert price_from(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["", "-3", "1e9", "NaN", "Infinity", "1.2.3", "٣", "²", "."])
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert price_from(typed) is None


@given(st.text(max_size=60))
def test_any_text_is_a_price_within_bounds_or_none(typed: str) -> None:
    amount = price_from(typed)

    assert amount is None or 0 <= amount <= 10**9


@given(st.dictionaries(st.sampled_from(["field", "code", "on", "low", "high"]), st.text() | st.none() | st.booleans()))
def test_no_event_breaks_a_choice(event: dict[str, object]) -> None:
    assert filtered(Choice("tea"), event).query == "tea"
