"""A made-up shop of any size, the same from the same seed, and what its shoppers ask."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from shelfwise.index import Product

KINDS = {
    "Furniture": "chair table sofa shelf desk bed stool cabinet bench wardrobe".split(),
    "Kitchen": "mug kettle pan knife bowl plate jug whisk grater tray".split(),
    "Lighting": "lamp lantern spotlight chandelier sconce bulb".split(),
    "Garden": "spade rake hose planter trellis barrow bench parasol".split(),
    "Textiles": "towel blanket cushion curtain rug duvet pillow".split(),
}
ROOTS = (
    "oak elm pine ash beech walnut cherry maple steel brass copper iron glass linen wool cotton velvet leather bamboo"
    " rattan marble slate granite ceramic enamel porcelain"
).split()
WAYS = "folding stacking round square tall low wide narrow light heavy soft plain striped woven carved rustic".split()
COLOURS = "red blue green white black grey yellow orange brown pink".split()
STOCKS = (0, 1, 5, 20, 100)
ROOMS = "kitchen bedroom hall office garden bathroom studio nursery".split()
BRANDS = [f"{first}{second}" for first in ("Nord", "Alt", "Fein", "Bel", "Sol") for second in ("haus", "werk", "ia")]


def products(count: int, seed: int = 1, first: int = 0) -> Iterator[Product]:
    """Products p<first>, p<first + 1>, …; each depends on its number and the seed alone."""
    for number in range(first, first + count):
        yield product(number, seed)


def product(number: int, seed: int = 1) -> Product:
    """The product of one number."""
    chance = random.Random(f"{seed} {number}")
    group = chance.choice(list(KINDS))
    kind = chance.choice(KINDS[group])
    way, root, colour = chance.choice(WAYS), chance.choice(ROOTS), chance.choice(COLOURS)
    rooms = chance.sample(ROOMS, 2)
    return Product(
        f"p{number}",
        f"{way.title()} {root} {kind} {colour} model {number}",
        description=f"A {way} {kind} of {root} for {rooms[0]} and {rooms[1]}, {chance.randint(10, 240)} cm.",
        brand=chance.choice(BRANDS),
        category=f"{group} > {kind.title()}",
        attributes={"colour": colour, "material": root, "rating": chance.randint(10, 50) / 10},
        price=chance.randint(100, 99_900) / 100,
        stock=chance.choice(STOCKS),
    )


def requests(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Arguments of searches: words, filters by price and stock, facets, and sorts by price, as shoppers mix them."""
    chance = random.Random(f"requests {seed}")
    made = []
    for _ in range(count):
        kind = chance.choice([kind for kinds in KINDS.values() for kind in kinds])
        query = " ".join(chance.sample([kind, chance.choice(ROOTS), chance.choice(COLOURS), chance.choice(WAYS)], 2))
        asked: dict[str, Any] = {"query": query}
        if chance.random() < 0.5:
            low, high = chance.choice((None, 20, 50)), chance.choice((100, 250, 600))
            asked["filters"] = chance.choice(
                ({"price": (low, high)}, {"in_stock": True}, {"price": (low, high), "in_stock": True})
            )
        if chance.random() < 0.4:
            asked["facets"] = chance.choice((("price",), ("brand", "price"), ("category", "colour", "in_stock")))
        if chance.random() < 0.25:
            asked["sort"] = chance.choice(("price", "-price"))
        made.append(asked)
    return made


def changes(count: int, among: int, seed: int = 1) -> list[dict[str, Any]]:
    """Updates of offers of the first `among` products."""
    chance = random.Random(f"changes {seed}")
    return [
        {
            "id": f"p{chance.randrange(among)}",
            "price": chance.randint(100, 99_900) / 100,
            "stock": chance.choice(STOCKS),
        }
        for _ in range(count)
    ]
