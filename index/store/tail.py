"""The tail: what changed since the generation was built, kept in memory as a few small segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..courtesy import politely
from ..product import Product
from ..product_parts import Offer
from .building import Half, SegmentBuilder
from .segment import Segment
from .view import LiveSegment, View

# A new piece is merged into the one before it while that is less than this many times larger: so there are few pieces,
# and a product is built again only a few times however many writes there are.
MERGE_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One live product of the tail, ready to be built into a segment again."""

    product: Product
    vectors: Mapping[str, Half]  # by locale


Piece = dict[str, Entry]


@dataclass(frozen=True)
class Tail:
    """The pieces of the tail, oldest and largest first; each has the segment of the same place in the view."""

    pieces: tuple[Piece, ...] = ()
    size: int = field(default=0)  # live products


def extended(view: View, tail: Tail, changed: Mapping[str, Entry | None], change: int) -> tuple[View, Tail]:
    """View and tail after some products changed (None: was deleted), up to and including `change`."""
    segments = [_without(live, changed) for live in view.segments]
    kept = len(segments) - len(tail.pieces)  # the generation, if there is one
    pieces = [{key: entry for key, entry in piece.items() if key not in changed} for piece in tail.pieces]
    new = {key: entry for key, entry in changed.items() if entry is not None}
    if new:
        while pieces and len(pieces[-1]) < MERGE_FACTOR * len(new):
            new = {**pieces.pop(), **new}
            segments.pop()
        pieces.append(new)
        segments.append(LiveSegment(build(new.values())))
    full = [(live, piece) for live, piece in zip(segments[kept:], pieces, strict=True) if piece]
    view = replace(view, segments=(*segments[:kept], *(live for live, _ in full)), change=change)
    return view, Tail(tuple(piece for _, piece in full), sum(len(piece) for _, piece in full))


NewOffers = Mapping[str, Sequence[Sequence[Offer]]]  # by product id, then for each variant in its order


def with_offers(view: View, tail: Tail, offers: NewOffers, change: int) -> tuple[View, Tail]:
    """View and tail after only offers changed: nothing is built again, and the tail does not grow."""
    by_segment: list[dict[int, Sequence[Offer]]] = [{} for _ in view.segments]
    kept = len(view.segments) - len(tail.pieces)
    pieces = [dict(piece) for piece in tail.pieces] if any(key in p for p in tail.pieces for key in offers) else None
    keys = list(offers)
    for at, live in enumerate(view.segments):
        rows = live.rows_of(keys)
        there = np.flatnonzero(rows >= 0)
        first = live.segment.first_variant[rows[there]]
        for place, variant in politely(zip(there.tolist(), first.tolist(), strict=True), 32):
            by_variant = offers[keys[place]]
            by_segment[at].update(enumerate(by_variant, variant))
            if at >= kept and pieces is not None:
                entry = pieces[at - kept][keys[place]]
                pieces[at - kept][keys[place]] = Entry(entry.product.with_offers(by_variant), entry.vectors)
    segments = tuple(live.with_offers(new) for live, new in zip(view.segments, by_segment, strict=True))
    return view.with_offers(segments, change), Tail(tuple(pieces), tail.size) if pieces else tail


def build(entries: Iterable[Entry]) -> Segment:
    """A segment in memory."""
    builder = SegmentBuilder()
    for entry in politely(sorted(entries, key=lambda each: each.product.id.encode()), 16):
        builder.add(entry.product, entry.vectors)
    return builder.build()


def _without(live: LiveSegment, changed: Mapping[str, object]) -> LiveSegment:
    rows = [row for row in (live.segment.ids.find(key) for key in changed) if row >= 0]
    return live.without(rows) if rows else live
