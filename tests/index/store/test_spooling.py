"""Items that can be read once, read again from a temporary file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from shelfwise.index import BadRow, FeedRow, Offer, Product, Value, Variant
from shelfwise.index.store.spooling import replayable

WHOLE = Product(
    "boots",
    {"en": "Red winter boots", "zh": "红色冬靴"},
    description={"en": "Warm,\nfor \u2028 snow."},
    slug={"en": "red-boots"},
    brand="Nord",
    category={"en": "Shoes > Boots", "zh": "鞋 > 靴子"},
    attributes={
        "colour": Value("red", {"en": "Red", "zh": "红色"}),
        "decimal": "0.5",
        "height": [{"value": 26, "unit": "cm"}, {"value": 10.5, "unit": "in"}],
    },
    variants=[
        Variant(
            "boots-40",
            sku="s40",
            gtin="4006381333931",
            options={"size": (Value("40"),)},
            offers=(
                Offer("79.90", "USD", market="de", group="members", location="berlin", list_price="100.00", stock=0),
                Offer(
                    Decimal("0.10"),
                    starts=datetime(2026, 3, 1, tzinfo=UTC),
                    ends=datetime(2026, 4, 1, tzinfo=timezone(timedelta(hours=8))),
                ),
            ),
            image="40.jpg",
        ),
        Variant("boots-41"),
    ],
    tags=["new", "sale"],
    url="https://example.com/boots",
    image="boots.jpg",
    added="2026-01-05",
    encoder_text={"en": "Boots for snow"},
)
ITEMS = {
    "a whole product": WHOLE,
    "a product in another locale": WHOLE.localized("zh"),
    "a product without a locale": Product("lamp", "Lamp", price="9.90"),
    "a row": FeedRow(7, {"id": "a", "title": "灯\n\ud83d", "tags": ["x"], "price": {"USD": 3}, "stock": None}),
    "a row of amounts and times": FeedRow(
        1, {"id": 3, "price": Decimal("7.50"), "added": datetime(2026, 3, 1), "offers": [{"price": Decimal(1)}]}
    ),
    "a row that looks like an amount": FeedRow(1, {"attributes": {"decimal": "7.50"}}),
    "a row that looks like a time": FeedRow(1, {"attributes": {"moment": ["late"]}}),
    "a row of objects": FeedRow(1, {"id": "a", "offers": (Offer(3),), "attributes": {1: "x"}}),
    "a bad row": BadRow(2, "price", "'a lot'", "an amount", "p1"),
    "a mapping": {"id": "a"},
    "a number": 3,
    "a text": "p1",
    "nothing": None,
}


def twice(*items: Any) -> list[list[Any]]:
    with replayable(iter(items)) as made:
        return [list(made), list(made)]


@pytest.mark.parametrize("kind", ITEMS)
def test_every_item_comes_again_as_it_was(kind: str) -> None:
    item = ITEMS[kind]
    for again in twice(WHOLE, item, WHOLE):
        assert again == [WHOLE, item, WHOLE]
        assert repr(again[1]) == repr(item)


def test_the_order_is_kept_whatever_comes_between() -> None:
    assert twice(*ITEMS.values()) == [list(ITEMS.values())] * 2


def test_what_is_more_than_a_product_is_not_made_less() -> None:
    class Ours(Product):
        pass

    ours, odd = Ours("a", "Lamp"), FeedRow(1, {"id": "a", "extra": Ours})
    assert all(again[0] is ours and again[1] is odd for again in twice(ours, odd))


def test_nothing_that_an_item_brings_is_run() -> None:
    ran: list[str] = []

    @dataclass
    class Trap:
        def __reduce__(self) -> Any:
            ran.append("reduced")
            return ran.append, ("loaded",)

    assert twice(FeedRow(1, {"id": Trap()}), Trap()) == [[FeedRow(1, {"id": Trap()}), Trap()]] * 2
    assert ran == []


def test_what_can_be_read_again_is_given_as_it_is() -> None:
    products = [WHOLE]
    with replayable(products) as made:
        assert made is products


def test_an_iterator_is_read_once_and_what_it_raises_is_raised() -> None:
    def broken() -> Iterator[Product]:
        yield WHOLE
        raise ValueError("the connection is gone")

    with pytest.raises(ValueError, match="the connection is gone"), replayable(broken()):
        pass
