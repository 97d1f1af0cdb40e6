"""From the tables to what can be searched: which products and offers changed, and their vectors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from ..courtesy import politely
from ..product_json import offer_from_dict
from ..product_parts import Offer
from . import rows, schema, settings
from .tail import Entry, NewOffers, Tail, extended, with_offers
from .view import View


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened after some change."""

    products: Mapping[str, Entry | None]  # None: deleted
    offers: NewOffers  # of products that did not change otherwise

    def apply(self, view: View, tail: Tail, change: int) -> tuple[View, Tail]:
        """View and tail up to and including `change`."""
        if self.products:
            view, tail = extended(view, tail, self.products, change)
        return with_offers(view, tail, self.offers, change)


def changes_since(connection: Connection, view: View, encoder: str) -> Changes:
    """All that happened after the view's change. `encoder`: the hash of the one whose vectors are wanted."""
    statement = rows.select_products().where(schema.products.c.change > view.change)
    changed: dict[str, Entry | None] = {}
    for chunk in rows.chunks(connection.execute(statement), 2_000):
        present = [row for row in chunk if row[1] is not None]
        changed.update((row[0], None) for row in chunk if row[1] is None)
        changed.update((entry.product.id, entry) for entry in entries(connection, present, encoder))
    offers = schema.offers
    newer = select(offers.c.product_id, offers.c.document).where(offers.c.change > view.change)
    found = politely(connection.execute(newer), 128)
    moved: dict[str, str] = {row[0]: row[1] for row in found if row[0] not in changed}
    return Changes(changed, _by_variant(connection, view, moved))


def entries(connection: Connection, found: Sequence[Sequence[Any]], encoder: str) -> list[Entry]:
    """Products with their vectors, from rows of `select_products`."""
    products = rows.readable(politely(found, 16))
    if not encoder:
        return [Entry(product, {}) for product in products]
    keys = [{locale: key for locale, (key, _) in rows.texts_of(product).items()} for product in politely(products, 32)]
    dimension = settings.dimension_of(settings.read(connection), encoder)
    vectors = rows.vectors_of(connection, (key for each in keys for key in each.values()), encoder, dimension)
    return [
        Entry(product, {locale: vectors[key] for locale, key in each.items() if key in vectors})
        for product, each in zip(products, keys, strict=True)
    ]


def _by_variant(connection: Connection, view: View, moved: Mapping[str, str]) -> NewOffers:
    """Offers by product id and variant, from the documents of the offers table, which name variants by id."""
    made: dict[str, list[tuple[Offer, ...]]] = {}
    several: dict[str, dict[str, tuple[Offer, ...]]] = {}
    keys = list(moved)
    for live in view.segments:
        local = live.rows_of(keys)
        there = np.flatnonzero(local >= 0)
        first = live.segment.first_variant
        single = first[local[there] + 1] - first[local[there]] == 1
        for place, alone in politely(zip(there.tolist(), single.tolist(), strict=True), 32):
            key = keys[place]
            try:
                fields = {variant: _offers(each) for variant, each in json.loads(moved[key]).items()}
            except rows.DAMAGED as error:
                rows.warn_of_damage(key, error)
                continue
            if alone:
                made[key] = [next(iter(fields.values()), ())]
            else:
                several[key] = fields
    for key, order in rows.variant_ids(connection, list(several)).items():
        made[key] = [several[key].get(variant, ()) for variant in order]
    return made


def _offers(fields: Sequence[Mapping[str, Any]]) -> tuple[Offer, ...]:
    return tuple(map(offer_from_dict, fields))
