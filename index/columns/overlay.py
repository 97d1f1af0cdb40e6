"""Offers that changed since their segment was built, laid over it: prices and stock move without a new segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..context import Context
from ..courtesy import politely
from ..product_parts import Offer
from ..vectors.index import Mask
from .offers import Offers, PriceView

# A new layer is merged into the one before it while that is less than this many times larger: an offer is moved a few
# times however many changes there are, and there are few layers.
MERGE_FACTOR = 4


@dataclass(frozen=True)
class Layer:
    """The offers of some variants of a segment; what lies below it no longer counts for them. Never changed."""

    variants: NDArray[np.int64]  # variant rows of the segment, ascending
    offers: Offers  # its variant n is variants[n]

    @classmethod
    def of(cls, changes: Mapping[int, Sequence[Offer]]) -> Layer:
        """A layer of these variant rows."""
        rows = sorted(changes)
        return cls(np.array(rows, np.int64), Offers.build(changes[row] for row in politely(rows, 32)))

    def under(self, upper: Layer) -> Layer:
        """Both as one layer; the upper one's offers count."""
        variants = np.union1d(self.variants, upper.variants)
        own = np.searchsorted(variants, self.variants)
        own[np.isin(self.variants, upper.variants, assume_unique=True)] = -1
        offers = self.offers.joined(upper.offers, own, np.searchsorted(variants, upper.variants), len(variants))
        return Layer(variants, offers)


Layers = tuple[Layer, ...]  # the lowest, and largest, first


def with_layer(layers: Layers, new: Layer) -> Layers:
    """The layers with one more on top."""
    while layers and len(layers[-1].variants) < MERGE_FACTOR * len(new.variants):
        new = layers[-1].under(new)
        layers = layers[:-1]
    return (*layers, new)


def prices_over(below: PriceView, layers: Layers, context: Context, now: float | None) -> PriceView:
    """The prices of a segment with layers on it."""
    if not layers:
        return below
    columns = {name: getattr(below, name).copy() for name in ("price", "list_price", "stock")}
    since, until = below.since, below.until
    for layer in layers:
        own = layer.offers.view(context, now)
        for name, column in columns.items():
            column[layer.variants] = getattr(own, name)
        since, until = max(since, own.since), min(until, own.until)
    return replace(below, **columns, since=since, until=until)


def has_offer_over(below: Mask, layers: Layers) -> Mask:
    """Which variants have any offer anywhere."""
    if not layers:
        return below
    made = below.copy()
    for layer in layers:
        made[layer.variants] = layer.offers.has_offer()
    return made
