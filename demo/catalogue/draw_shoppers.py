"""Draws the sample shop's shoppers: `python demo/catalogue/draw_shoppers.py` rewrites shoppers.jsonl byte for byte.

Each shopper has a persona (personas.json) and dice of their own, seeded by their number. A shopper's year is a queue of
visits: planned ones (a search or a look around), and those that a purchase brings about: a staple bought again, an
accessory some days later, a rating, a return. Only `random()`, plain arithmetic and `fsum` decide: `choices` and `sum`
differ between versions of Python.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import fsum
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).resolve().parent
SHOPPERS = 300
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LAST = datetime(2026, 10, 30, 22, tzinfo=UTC)
FEWEST, MOST = 5, 60  # events of one shopper
NOISE = 0.08  # of all looks go to something that the persona has no reason to want
HOURS = (7, 8, 12, 12, 13, 17, 18, 19, 20, 20, 21, 21, 22)
STARS = (5, 5, 5, 4, 4, 4, 3, 2)

Item = TypeVar("Item")
Record = dict[str, Any]  # as read from the files: a product, a persona, a staple


class Dice:
    """Random choices of one shopper."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        return items[self.between(0, len(items) - 1)]

    def weighted(self, items: Sequence[Item], weights: Sequence[float]) -> Item:
        """One item by weight, which need not sum to 1."""
        mark = self._random() * fsum(weights)
        for item, weight in zip(items, weights, strict=True):
            mark -= weight
            if mark < 0:
                return item
        return items[-1]


@dataclass(frozen=True)
class Shelf:
    """What the shop sells, and how dear each product is among its kind (0 the cheapest, below 1 the dearest)."""

    products: Mapping[str, Record]
    dearness: Mapping[str, float]
    goes_with: Mapping[str, list[str]]

    @classmethod
    def of(cls, products: Sequence[Record], goes_with: Mapping[str, list[str]]) -> Shelf:
        kinds: dict[str, list[tuple[float, str]]] = {}
        for product in products:
            kind = " > ".join(product["category"]["en"].split(" > ")[:2])
            kinds.setdefault(kind, []).append((float(product["price"]["USD"]), product["id"]))
        ranks = [(name, rank / len(kind)) for kind in kinds.values() for rank, (_, name) in enumerate(sorted(kind))]
        return cls({product["id"]: product for product in products}, dict(ranks), goes_with)

    def on_sale(self, product_id: str, at: datetime) -> bool:
        return datetime.fromisoformat(self.products[product_id]["added"]).replace(tzinfo=UTC) <= at


@dataclass(frozen=True)
class Taste:
    """How much one shopper wants each product. Sizes, colour and wardrobe are the shopper's own."""

    persona: Record
    size: str
    shoe: str
    wears: str  # "women" or "men"

    @classmethod
    def of(cls, persona: Record, dice: Dice) -> Taste:
        wears = dice.pick(("women", "men"))
        shoes = [size for size in persona["shoe_sizes"] if (size > "eu-40") == (wears == "men")]
        return cls(persona, dice.pick(persona["sizes"]), dice.pick(shoes or persona["shoe_sizes"]), wears)

    def wants(self, product: Record, dearness: float) -> float:
        """0 for what lies outside the persona's categories."""
        likes = self.persona["likes"]
        path = product["category"]["en"] + " > "
        inside = [weight for start, weight in likes["categories"].items() if path.startswith(start + " > ")]
        wish = max(inside, default=0.0) * likes["brands"].get(product["brand"], 1.0)
        for key, liked in likes["attributes"].items():
            if _codes(product, key) & set(liked if isinstance(liked, list) else [liked]):
                wish *= 1.6
        wish *= {"low": 1.5 - dearness, "middle": 1.25 - abs(dearness - 0.5), "high": 0.5 + dearness}[likes["price"]]
        others = {"women", "men"} - {self.wears}
        return float(wish * (0.1 if others & _codes(product, "gender") else 1.0))

    def variant(self, product: Record, dice: Dice) -> str | None:
        """The variant they would take; None where there is no choice."""
        liked = self.persona["likes"]["attributes"].get("colour", [])
        variants, weights = product.get("variants", []), []
        for variant in variants:
            size, colour = (variant["options"].get(key, {}).get("code") for key in ("size", "colour"))
            weight = 20.0 if size in (self.size, self.shoe) else 1.0
            weights.append(weight * (3.0 if colour in liked else 1.0) * (4.0 if variant["stock"] else 1.0))
        return str(dice.weighted(variants, weights)["id"]) if variants else None


def _codes(product: Record, key: str) -> set[Any]:
    """The codes (or the yes and no) that a product and its variants have under this key."""
    values = [product["attributes"].get(key), *(each["options"].get(key) for each in product.get("variants", []))]
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return {each.get("code") if isinstance(each, dict) else each for each in flat if each is not None}


@dataclass(order=True)
class Visit:
    """Something that brings the shopper in: what is done, and about which product."""

    at: datetime
    number: int  # breaks ties
    what: Callable[[Record], None] = field(compare=False)
    about: Record = field(compare=False)


class Year:
    """One shopper's events from FIRST to LAST, in time order."""

    def __init__(self, persona: Record, shelf: Shelf, dice: Dice) -> None:
        self.persona, self.shelf, self.dice = persona, shelf, dice
        self.taste = Taste.of(persona, dice)
        self.wishes = {name: self.taste.wants(each, shelf.dearness[name]) for name, each in shelf.products.items()}
        locale = "zh" if dice.chance(persona["chinese"]) else "en"
        self.queries = [query for query in persona["queries"] if query["locale"] == locale]
        self.events: list[Record] = []
        self.owned: set[str] = set()
        self.queue: list[Visit] = []
        self.planned, self.session, self.clock = 0, "", FIRST

    def live(self) -> list[Record]:
        """Plan, then live through whatever comes of it."""
        for _ in range(self.dice.between(*self.persona["visits"])):
            self.plan(self._some_day(), self._search if self.dice.chance(0.7) else self._browse, {})
        for staple in self.persona["staples"]:
            if self.dice.chance(0.4):
                start = FIRST + timedelta(days=self.dice.between(3, 90), hours=self.dice.pick(HOURS))
                self.plan(start, self._restock, staple)
        while self.queue and len(self.events) < MOST - 8:  # no visit has more than eight events
            visit = heapq.heappop(self.queue)
            at = max(visit.at, self.clock + timedelta(minutes=40))
            if at <= LAST:
                self.clock, self.session = at, f"s{1 + len({event['session'] for event in self.events})}"
                visit.what(visit.about)
        return self.events

    def plan(self, at: datetime, what: Callable[[Record], None], about: Record) -> None:
        self.planned += 1
        heapq.heappush(self.queue, Visit(at + timedelta(seconds=self.dice.between(0, 3599)), self.planned, what, about))

    def later(self, days: int, what: Callable[[Record], None], about: Record) -> None:
        midnight = self.clock.replace(hour=0, minute=0, second=0)
        self.plan(midnight + timedelta(days=days, hours=self.dice.pick(HOURS)), what, about)

    def note(self, kind: str, **fields: Any) -> None:
        at = self.clock.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.events.append({"kind": kind, **fields, "at": at, "session": self.session})
        self.clock += timedelta(seconds=self.dice.between(12, 150))

    def _search(self, _: Record) -> None:
        month = self.clock.month
        query = self.dice.pick([each for each in self.queries if month in each.get("months", (month,))])
        self.note("search", query=query["text"])
        found = [name for name in query["fits"] if self.shelf.on_sale(name, self.clock)]
        seen = self._look(found[:3], query=query["text"])
        if self.dice.chance(0.35):
            seen += self._look([self._something()])
        self._perhaps_buy(seen, self.persona["buys"])

    def _browse(self, _: Record) -> None:
        names = list(dict.fromkeys(self._something() for _ in range(self.dice.between(1, 4))))
        self._perhaps_buy(self._look(names), self.persona["buys"])

    def _restock(self, staple: Record) -> None:
        """The rhythm slows down outside the persona's season, and ends when the habit does."""
        name, months = staple["product_id"], self.persona["months"]
        if self.shelf.on_sale(name, self.clock) and self.dice.chance(months[self.clock.month - 1] / max(months)):
            queries = [query["text"] for query in self.queries if name in query["fits"]]
            typed = {"query": self.dice.pick(queries)} if queries and self.dice.chance(0.3) else {}
            if typed:
                self.note("search", **typed)
            self._look([name], **typed)
            self._buy(name, staple.get("variant_id"))
        if self.dice.chance(0.88):
            self.later(staple["every_days"] * self.dice.between(80, 125) // 100, self._restock, staple)

    def _accessory(self, about: Record) -> None:
        self._perhaps_buy(self._look([about["product_id"]]), 0.65)

    def _come_back(self, about: Record) -> None:
        self.note("view", product_id=about["product_id"])
        if self.dice.chance(0.5):
            self._purchase(**about)

    def _rate(self, about: Record) -> None:
        self.note("rating", **about, value=self.dice.pick(STARS))

    def _give_back(self, about: Record) -> None:
        self.note("return", **about)
        if self.dice.chance(0.4):
            self.note("dislike", product_id=about["product_id"])

    def _some_day(self) -> datetime:
        days = [FIRST + timedelta(days=day) for day in range((LAST - FIRST).days + 1)]
        weights = [float(self.persona["months"][day.month - 1]) for day in days]
        return self.dice.weighted(days, weights) + timedelta(hours=self.dice.pick(HOURS))

    def _something(self) -> str:
        """A product to look at: by taste, now and then by accident."""
        names = [name for name in self.shelf.products if self.shelf.on_sale(name, self.clock)]
        if self.dice.chance(NOISE):
            return self.dice.pick(names)
        return self.dice.weighted(names, [self.wishes[name] * (0.2 if name in self.owned else 1.0) for name in names])

    def _look(self, names: list[str], **fields: Any) -> list[str]:
        for name in names:
            self.note("view", product_id=name, **fields)
        return names

    def _perhaps_buy(self, seen: Sequence[str], eagerness: float) -> None:
        wanted = [name for name in seen if name not in self.owned]
        if wanted and self.dice.chance(eagerness):
            name = self.dice.weighted(wanted, [0.2 + self.wishes[each] for each in wanted])
            self._buy(name, self.taste.variant(self.shelf.products[name], self.dice), surely=0.75)

    def _buy(self, name: str, variant: str | None, surely: float = 1.0) -> None:
        about = {"product_id": name} | ({"variant_id": variant} if variant else {})
        self.note("add_to_cart", **about)
        if self.dice.chance(surely):
            self._purchase(**about)
        elif self.dice.chance(0.6):
            self.later(self.dice.between(1, 4), self._come_back, about)

    def _purchase(self, **about: str) -> None:
        """Bought; a first purchase may bring the shopper back."""
        self.note("purchase", **about)
        name = about["product_id"]
        if name in self.owned:
            return
        self.owned.add(name)
        worn = self.shelf.products[name]["category"]["en"].startswith(("Clothing", "Shoes"))
        if self.dice.chance(0.18 if worn else 0.04):
            self.later(self.dice.between(4, 14), self._give_back, dict(about))
        elif self.dice.chance(0.25):
            self.later(self.dice.between(5, 25), self._rate, {"product_id": name})
        for other in self.shelf.goes_with.get(name, []):
            if self.shelf.on_sale(other, self.clock) and self.dice.chance(0.5):
                self.later(self.dice.between(2, 21), self._accessory, {"product_id": other})


def cast(personas: Sequence[Record], count: int) -> list[Record]:
    """The persona of each shopper: shares by largest remainder, then shuffled."""
    exact = [persona["share"] * count for persona in personas]
    heads = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda row: (heads[row] - exact[row], row))
    for row in by_remainder[: count - sum(heads)]:
        heads[row] += 1
    roles = [persona for persona, number in zip(personas, heads, strict=True) for _ in range(number)]
    dice = Dice("fernhill")
    return [roles.pop(dice.between(0, len(roles) - 1)) for _ in range(count)]


def draw(folder: Path = FOLDER) -> Iterator[str]:
    """The lines of shoppers.jsonl."""
    stated = json.loads((folder / "personas.json").read_text("utf-8"))
    text = "".join(file.read_text("utf-8") for file in sorted((folder / "products").glob("*.jsonl")))
    shelf = Shelf.of([json.loads(line) for line in text.splitlines()], stated["goes_with"])
    for number, persona in enumerate(cast(stated["personas"], SHOPPERS), start=1):
        user, attempt, events = f"shopper-{number:03d}", 0, list[Record]()
        while not FEWEST <= len(events) <= MOST:  # somebody who hardly ever came is drawn again
            attempt += 1
            events = Year(persona, shelf, Dice(f"fernhill {user} {attempt}")).live()
        yield json.dumps({"user_id": user, "persona": persona["id"], "events": events}, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (FOLDER / "shoppers.jsonl").write_text("".join(draw()), "utf-8", newline="\n")
