"""A small shop in two languages and two currencies, with an encoder that knows no meaning and needs no torch."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import Offer, Product, Value, Variant
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.plugin import Shop


class MoodyEncoder(HashingEncoder):
    """The hashing encoder, whose answers to queries can be spoilt; counts what it was asked."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.passages: list[str] = []
        self.spoil: Callable[[Any], Any] = lambda made: made

    def encode_queries(self, texts: Sequence[str]) -> Any:
        self.queries += texts
        return self.spoil(HashingEncoder().encode_passages(texts))

    def encode_passages(self, texts: Sequence[str]) -> Any:
        self.passages += texts
        return super().encode_passages(texts)


@pytest.fixture
def moody() -> MoodyEncoder:
    """An encoder that fails when it is told to."""
    return MoodyEncoder()


def boots() -> Product:
    """Sizes with prices and stock of their own, sold in two currencies."""
    sizes = [("40", 90, 600, 0), ("41", 80, 650, 4), ("42", 70, 700, 0)]
    return Product(
        "boots",
        {"en": "Red winter boots", "zh": "红色冬靴"},
        description={"en": "Warm leather boots for snow.", "zh": "保暖皮靴"},
        brand="Nord",
        category={"en": "Shoes > Boots", "zh": "鞋 > 靴子"},
        attributes={"colour": Value("red", {"en": "Red", "zh": "红色"})},
        variants=[
            Variant(
                f"boots-{size}",
                options={"size": (Value(size),)},
                offers=(Offer(usd, "USD", list_price=100, stock=stock), Offer(cny, "CNY", stock=stock)),
            )
            for size, usd, cny, stock in sizes
        ],
        added="2026-01-05",
    )


def catalogue() -> list[Product]:
    """Nineteen products; one is sold in CNY alone, one in a market, one has no price, one has one for members."""
    lamps = [
        Product(
            f"lamp{at}",
            {"en": f"Desk lamp model {at}", "zh": f"台灯 型号 {at}"},
            brand="Lumen" if at % 2 else "Volt",
            category="Home > Lamps",
            attributes={"colour": "white" if at % 3 else "red", "height": {"value": 20 + at, "unit": "cm"}},
            price={"USD": 10 + at, "CNY": 70 + 7 * at},
            stock=at % 4,
            added=f"2026-02-{at + 1:02}",
        )
        for at in range(12)
    ]
    return [
        boots(),
        *lamps,
        Product("sandals", "Red summer sandals", brand="Nord", category="Shoes > Sandals", price=30, stock=2),
        Product("scarf", "Winter scarf of red wool", brand="Nord", category="Accessories", price=25, stock=None),
        Product("teapot", {"zh": "陶瓷茶壶"}, category="Home > Kitchen", price=199, currency="CNY", stock=3),
        Product("kettle", "Kettle for the German market", offers=[Offer(40, "USD", market="de", stock=1)]),
        Product("poster", "Poster of a lamp", category="Home > Walls"),
        Product("club", "Lamp for members", offers=[Offer(50, "USD"), Offer(45, "USD", group="members")]),
    ]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """`open_shop(**options)` opens the test's shop, and closes it behind the test."""
    opened: list[Shop] = []
    memory = Path("/dev/shm")  # where it can be had: these tests wait for no disk
    folder = tempfile.mkdtemp(prefix="shelfwise-test-", dir=memory if os.access(memory, os.W_OK) else tmp_path)

    def made(**options: Any) -> Shop:
        shop = Shop.open(Path(folder) / "shop", **({"encoder": "hashing"} | options))
        opened.append(shop)
        return shop

    yield made
    for shop in opened:
        shop.close()
    shutil.rmtree(folder)


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A shop with the small catalogue, most of it in a generation and the boots in the tail."""
    made = open_shop()
    made.upsert(catalogue()[1:])
    made.store.build_generation()
    made.upsert(catalogue()[0])
    return made
