"""Stock, availability and flags as feeds spell them."""

from __future__ import annotations

import pytest
from shelfwise.index.errors import FieldError
from shelfwise.index.feeds.stock import parse_availability, parse_flag, parse_stock


@pytest.mark.parametrize(
    ("text", "stock"),
    [
        ("12", 12),
        ("12.0", 12),
        ("1,200", 1200),
        ("-3", 0),
        ("12 pcs", 12),
        ("５", 5),
        ("in stock", None),
        ("Out of stock", 0),
    ],
)
def test_stock_is_pieces_or_words(text: str, stock: int | None) -> None:
    assert parse_stock(text) == stock


@pytest.mark.parametrize(
    "text", ["in_stock", "preorder", "https://schema.org/InStock", "Auf Lager", "en stock", "有货"]
)
def test_what_can_be_had_is_not_counted(text: str) -> None:
    assert parse_availability(text) is None


@pytest.mark.parametrize("text", ["out_of_stock", "OutOfStock", "ausverkauft", "Rupture de stock", "售罄"])
def test_what_cannot_be_had_is_zero(text: str) -> None:
    assert parse_availability(text) == 0


@pytest.mark.parametrize("text", ["soon", "2.5", "1e5", ""])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(FieldError):
        parse_stock(text)


def test_flags_are_words_numbers_or_a_status() -> None:
    assert parse_flag("TRUE", "x") and parse_flag("active", "x") and parse_flag("1", "x")
    assert not parse_flag("draft", "x") and not parse_flag("-1", "x")
    with pytest.raises(FieldError, match="published: wanted yes or no"):
        parse_flag("perhaps", "published")
