"""How long the request of a shop's result page takes: a query, two filters (category and price), five facets."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from kept_vectors import KeptVectors
from real_texts import queries, titles
from search_time import BLOCKS, PARTS, WARM_UP, Figures, K, summary
from shelfwise.index import Encoder, Product, Vectors, load_encoder
from shelfwise.index.text import encoder_text
from shelfwise.plugin import Request, Shop

# A facet whose own field is filtered is counted in an answer of its own: so many of the five are.
FACETS = {
    0: ("brand", "colour", "size", "rating", "in_stock"),
    1: ("category", "brand", "colour", "size", "rating"),
    2: ("category", "brand", "colour", "size", "price"),
}
DEPARTMENTS, SHELVES, BRANDS = 12, 20, 800
COLOURS = ("black", "white", "grey", "red", "blue", "green", "brown", "beige", "yellow", "pink", "orange", "purple")
SIZES = ("S", "M", "L", "XL")
ALL_BUT_ENCODER = (*PARTS, "all but encode")


class OfTitles(KeptVectors):
    """Vectors of the titles alone, which are at hand, for products that say more."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        super().__init__(encoder, folder)
        self.title_of: dict[str, str] = {}

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        return super().encode_passages([self.title_of.get(text, text) for text in texts])


def products(given: Sequence[str]) -> Iterator[Product]:
    """The titles as products of a department store, the same on every machine; one in five comes in four sizes."""
    for number, title in enumerate(given, 1):
        dice = np.random.default_rng(int(sha256(title.encode()).hexdigest()[:16], 16))
        department, shelf = dice.integers(DEPARTMENTS), dice.integers(SHELVES)
        price = float(dice.integers(500, 50_000)) / 100
        sizes = [
            {"id": f"p{number:07}-{size}", "options": {"size": size}, "price": price + 5 * at, "stock": at}
            for at, size in enumerate(SIZES)
        ]
        yield Product(
            id=f"p{number:07}",
            title=title,
            brand=f"Brand {int(BRANDS * dice.random() ** 2)}",
            category=f"Department {department} > Shelf {shelf}",
            attributes={
                "colour": COLOURS[int(dice.integers(len(COLOURS)))],
                "rating": float(dice.integers(10, 51)) / 10,
            },
            **({"variants": sizes} if dice.random() < 0.2 else {"price": price, "stock": 3}),  # type: ignore[arg-type]
        )


def facet_times(reference: str | None, size: int, folder: Path, cache: Path, a_block: int) -> dict[str, Figures]:
    """Times in milliseconds of requests that are all new to the shop, by how many facets are filtered themselves."""
    encoder = load_encoder(reference)
    kept = OfTitles(encoder, cache)
    given = titles(size)
    for start in range(0, size, 1_024):
        kept.encode_passages(given[start : start + 1_024])
    kept.save()
    made = list(products(given))
    kept.title_of = {encoder_text(each, next(iter(each.texts))): each.title for each in made}
    kept.title_of |= {text.rstrip(". "): title for text, title in kept.title_of.items()}
    path = folder / f"facets{size}"
    with Shop.open(path, encoder=kept) as shop:
        shop.upsert(made)
        shop.maintain()  # one generation, as the maintainer leaves it
    kinds = list(FACETS)
    asked = queries(WARM_UP + BLOCKS * len(kinds) * a_block)
    blocks: dict[int, list[np.ndarray]] = {kind: [] for kind in kinds}
    with Shop.open(path, encoder=encoder) as shop:
        for at, query in enumerate(asked[:WARM_UP]):
            _time(shop, query, at, kinds[at % len(kinds)])
        for number in range(BLOCKS):
            gc.collect()
            start = WARM_UP + number * len(kinds) * a_block
            # They take turns request by request, so that all see the same load.
            times = [
                _time(shop, query, at, kinds[at % len(kinds)])
                for at, query in enumerate(asked[start : start + len(kinds) * a_block])
            ]
            for place, kind in enumerate(kinds):
                blocks[kind].append(np.array(times[place :: len(kinds)]))
    return {str(kind): summary(blocks[kind], ALL_BUT_ENCODER) for kind in kinds}


def _time(shop: Shop, query: str, at: int, kind: int) -> tuple[float, ...]:
    turn = at // len(FACETS)  # the same filters for each kind
    filters = {"category": f"Department {turn % DEPARTMENTS}", "price": (None, 100 + turn % 300)}
    started = time.perf_counter()
    found = shop.answer(Request(query, filters=filters, facets=FACETS[kind], k=K))
    total = (time.perf_counter() - started) * 1_000
    if found.degraded or len(found.facets) != len(FACETS[kind]):
        raise ValueError(f"{query!r} was answered without {', '.join(found.degraded)}: {' '.join(found.notes)}")
    engines = [found.timings[name] for name in ("encode", "vector", "lexical")]
    return (*engines, total - sum(engines), total, total - engines[0])
