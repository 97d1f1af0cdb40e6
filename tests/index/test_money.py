from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import FieldError, Money
from shelfwise.index.money import LARGEST, currency_of, from_units, price_of, to_units

WANTED = "price: wanted an amount of money of 0 or more with at most four decimals, such as 49 or '49.90', got "
amounts = st.decimals(min_value=0, max_value=LARGEST - 1, places=4)


@pytest.mark.parametrize(
    ("value", "price"),
    [(49, "49"), ("49.90", "49.90"), (" 0.5 ", "0.5"), (49.9, "49.9"), (0.1, "0.1"), (Decimal("1E+3"), "1000")],
)
def test_a_price_is_a_decimal_whatever_it_came_as(value, price):
    read = price_of(value)
    assert type(read) is Decimal and read == Decimal(price)


@given(st.floats(0, 1e9).map(lambda number: round(number, 2)))
def test_a_float_counts_by_its_shortest_text_and_not_by_its_binary_value(number):
    assert str(price_of(number)) in (repr(number), str(Decimal(repr(number))))


@pytest.mark.parametrize(
    "value",
    [
        *(-1, "-0.01", "1.00001", float("nan"), float("inf"), "NaN", "Infinity", Decimal("sNaN"), "", "abc", "1,99"),
        *("€5", True, None, [], b"5", LARGEST, 1e300, Decimal("1E-400")),
    ],
)
def test_what_is_no_price_is_refused_with_what_was_wanted(value):
    with pytest.raises(FieldError) as refused:
        price_of(value)
    assert str(refused.value) == f"{WANTED}{value!r}"


def test_the_sentence_names_the_field_it_was_about():
    with pytest.raises(FieldError, match=r"^list_price: wanted an amount"):
        price_of("x", "list_price")


def test_minus_zero_is_shown_as_zero():
    assert str(Money(price_of("-0.00"), "USD")) == "$0.00"


@given(amounts)
def test_a_column_gives_back_every_price_exactly(amount):
    back = from_units(to_units(amount))
    assert type(back) is Decimal and back == amount
    assert to_units(amount) < 2**63


@pytest.mark.parametrize(
    ("units", "text"), [(499_000, "49.90"), (0, "0.00"), (1, "0.0001"), (10_050, "1.005"), (10**9, "100000.00")]
)
def test_a_price_from_a_column_has_two_decimals_or_as_many_as_it_needs(units, text):
    assert format(from_units(units), "f") == text


@pytest.mark.parametrize("code", ["EUR", "eur", " usd ", "CNY"])
def test_a_currency_is_an_iso_code_in_capitals(code):
    assert currency_of(code) == code.strip().upper()


@pytest.mark.parametrize("code", ["", "EURO", "XYZ", "€", None, 978, "US"])
def test_what_is_no_currency_is_refused(code):
    with pytest.raises(FieldError) as refused:
        currency_of(code)
    assert str(refused.value) == f"currency: wanted an ISO 4217 currency code such as USD, EUR or CNY, got {code!r}"


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(Decimal("34.9"), "USD"), "$34.90"),
        (Money(Decimal("249"), "CNY"), "¥249.00"),
        (Money(Decimal("1299"), "EUR"), "€1,299.00"),
        (Money(Decimal("129"), "SEK"), "129.00 SEK"),
        (Money(Decimal("1980"), "JPY"), "¥1,980"),
        (Money(Decimal("19800"), "KRW"), "19,800 KRW"),
    ],
)
def test_money_is_shown_with_its_symbol_and_its_usual_decimals(money, shown):
    assert str(money) == shown


def test_money_of_one_currency_is_ordered_by_amount():
    assert Money(Decimal("9"), "EUR") < Money(Decimal("10"), "EUR")
