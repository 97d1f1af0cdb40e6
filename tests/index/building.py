"""Products as segments and views, without a store around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from shelfwise.index import Product, View
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.store.building import SegmentBuilder
from shelfwise.index.store.segment import Segment
from shelfwise.index.store.view import LiveSegment
from shelfwise.index.text import encoder_text

ENCODER = HashingEncoder()


def segment(products: Iterable[Product], silent: Iterable[str] = ()) -> Segment:
    """The products as one segment; those with a `silent` id get no vector."""
    builder, silent = SegmentBuilder(), set(silent)
    for product in sorted(products, key=lambda each: each.id.encode()):
        texts = {} if product.id in silent else {each: encoder_text(product, each) for each in product.texts}
        vectors = ENCODER.encode_passages(list(texts.values())).astype(np.float16)
        builder.add(product, dict(zip(texts, vectors, strict=True)))
    return builder.build()


def view(*groups: Sequence[Product], silent: Iterable[str] = ()) -> View:
    """Each group as a segment of its own, the later ones replacing what the earlier ones hold."""
    silent = set(silent)
    made: list[LiveSegment] = []
    for group in groups:
        made = [without(live, [product.id for product in group]) for live in made]
        made.append(LiveSegment(segment(group, silent)))
    return View(tuple(made))


def without(live: LiveSegment, gone: Iterable[str]) -> LiveSegment:
    """The segment with a tombstone for each of these ids."""
    return live.without([row for row in map(live.segment.ids.find, gone) if row >= 0])


def query(text: str) -> np.ndarray:
    """The vector of a query, shape (dimension,)."""
    return ENCODER.encode_queries([text])[0]
