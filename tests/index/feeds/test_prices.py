"""Prices as feeds spell them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.errors import FieldError
from shelfwise.index.feeds.prices import decimal_mark, parse_price


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1.299,00 €", "1299.00", "EUR"),
        ("¥99.9", "99.9", "CNY"),
        ("$1,299.00", "1299.00", "USD"),
        ("USD 12", "12", "USD"),
        ("12.50 GBP", "12.50", "GBP"),
        ("1 299,00", "1299.00", ""),
        ("1\u202f299,00 kr", "1299.00", "SEK"),
        ("1'299.00", "1299.00", ""),
        ("CHF 1’299.–", "1299", "CHF"),
        ("Rs. 45", "45", "INR"),
        ("Rs.1,23,456.50", "123456.50", "INR"),
        ("￥１９９", "199", "CNY"),
        ("199元", "199", "CNY"),
        ("1.299.000", "1299000", ""),
        ("49,-", "49", ""),
        ("$.50", "0.50", "USD"),
        (".5", "0.5", ""),
        ("$ 12 CAD", "12", "CAD"),
        ("CA$ 12.00", "12.00", "CAD"),
        ("R$ 9,90", "9.90", "BRL"),
        ("0", "0", ""),
    ],
)
def test_a_price_is_read_as_a_person_would(text: str, amount: str, currency: str) -> None:
    assert parse_price(text) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    "text", ["", "abc", "-5", "10 - 20", "From $12", "1e3", "12.3.4", "1.2,3,4", "12 €/kg", "9" * 200, "12 USD EUR"]
)
def test_what_is_no_price_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(FieldError, match="wanted a price of 0 or more"):
        parse_price(text)


def test_one_separator_before_three_digits_marks_thousands_unless_something_speaks_against_it() -> None:
    assert parse_price("1.299")[0] == parse_price("1,299")[0] == 1299
    assert parse_price("0.299")[0] == Decimal("0.299")
    assert parse_price("1.299 KWD") == (Decimal("1.299"), "KWD")
    assert parse_price("1.299", decimal=".")[0] == Decimal("1.299")
    assert decimal_mark(["12.50", "1.299"]) == "." and decimal_mark(["12,50", "1.299,00"]) == ","
    assert decimal_mark(["1.299", "5"]) == decimal_mark(["1.5", "1,5"]) == ""


def test_a_shared_sign_means_the_feeds_currency_where_it_can() -> None:
    assert parse_price("$12", "CAD")[1] == "CAD"
    assert parse_price("$12", "EUR")[1] == "USD"
    assert parse_price("¥1200", "JPY")[1] == "JPY"
    assert parse_price("¥12.50", "JPY")[1] == "CNY"  # the yen has no decimals


@given(
    st.integers(0, 10**9),
    st.integers(0, 99),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ","), ("", "."), ("", ",")]),
    st.sampled_from([("", ""), ("€", "EUR"), ("USD ", "USD"), ("£", "GBP"), ("￥", "CNY")]),
)
def test_an_amount_written_with_any_separators_reads_back(
    whole: int, cents: int, marks: tuple[str, str], sign: tuple[str, str]
) -> None:
    text = f"{sign[0]}{f'{whole:,}'.replace(',', marks[0])}{marks[1]}{cents:02d}"
    assert parse_price(text) == (Decimal(whole) + Decimal(cents) / 100, sign[1])


@given(st.text())
def test_no_text_does_worse_than_a_field_error(text: str) -> None:
    try:
        amount, currency = parse_price(text)
    except FieldError:
        return
    assert amount >= 0 and (currency == "" or len(currency) == 3)
