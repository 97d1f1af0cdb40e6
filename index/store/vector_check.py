"""Whether every text has its vector, and every vector is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, select

from ..errors import ShelfwiseError
from ..product import Product
from . import rows, schema, settings
from .comparing import Ids
from .problem import REPAIR, Problem

if TYPE_CHECKING:
    from .store import Store

NEAR = 0.01  # of length 1; half precision is ten times nearer
AT_ONCE = 2_000

VectorKey = tuple[str, str, str]  # text hash, locale, encoder


class VectorCheck:
    """Looks at the vectors of the live encoder, product by product, within one read transaction."""

    def __init__(self, store: Store, connection: Connection, facts: Mapping[str, str]) -> None:
        self._store, self._connection, self._facts = store, connection, facts
        self._encoder = settings.published(facts).encoder
        self._waiting: set[str] = set()
        if int(facts["format"]) > 1:
            self._waiting = set(connection.execute(select(schema.waiting.c.product_id)).scalars())
        self._lacking: dict[str, list[str]] = {}  # by product, the texts without a vector

    def look(self, products: Sequence[Product]) -> None:
        """The next products."""
        texts = {product.id: rows.texts_of(product) for product in products if product.id not in self._waiting}
        there = self._there({key for own in texts.values() for key, _ in own.values()})
        for product_id, own in texts.items():
            if lacking := [text for key, text in own.values() if key not in there]:
                self._lacking[product_id] = lacking

    def _there(self, keys: set[rows.TextKey]) -> set[rows.TextKey]:
        if self._encoder is None:
            return set()
        vectors = schema.vectors
        found: set[rows.TextKey] = set()
        for chunk in rows.chunks({key.hash for key in keys}, rows.CHUNK):
            statement = select(vectors.c.text_hash, vectors.c.locale).where(
                vectors.c.encoder == self._encoder.hash, vectors.c.text_hash.in_(chunk)
            )
            found.update(rows.TextKey(*row) for row in self._connection.execute(statement))
        return found

    def lacking(self, ask_encoder: bool = True) -> Iterator[str]:
        """After all products: those with a text that has no vector, though the encoder can read it.

        Raises `EncoderError` where it has to be asked and cannot be loaded.
        """
        encoder = self._store.encoders.get(self._encoder) if ask_encoder and self._lacking else None
        for part in rows.chunks(self._lacking.items(), AT_ONCE):
            texts = [text for _, own in part for text in own]
            known = iter(encoder.knows(texts) if encoder is not None else [True] * len(texts))
            for product_id, own in part:
                readable = [next(known) for _ in own]
                if any(readable):
                    yield product_id

    def problems(self, ask_encoder: bool) -> Iterator[Problem]:
        """After all products: what is to be said."""
        if damaged := sum(1 for _ in damaged_vectors(self._connection, self._facts)):
            what = f"{damaged:,} vectors are damaged: not as long as their encoder's, not finite, or not of length 1"
            yield Problem("vectors", what, f"{REPAIR} deletes them, and their texts are encoded again")
        if self._encoder is None and self._lacking:
            lacking = Ids.of(self.lacking(ask_encoder=False))
            what = f"{lacking.count:,} products were never encoded, and do not wait for it ({lacking})"
            yield Problem("vectors", what, f"{REPAIR} has them encoded")
            return
        try:
            unsure, said = ("" if ask_encoder else "the encoder was not asked"), Ids.of(self.lacking(ask_encoder))
        except ShelfwiseError as error:
            unsure, said = f"the encoder could not be asked ({error})", Ids.of(self.lacking(ask_encoder=False))
        if said and unsure:
            what = f"{said.count:,} products have a text without a vector ({said}); not checked whether it can have one"
            yield Problem("vectors", f"{what}: {unsure}", "check again where the encoder can be loaded")
        elif said:
            what = f"{said.count:,} products have a text without a vector, and do not wait for it ({said})"
            yield Problem("vectors", what, f"{REPAIR} has them encoded")


def damaged_vectors(connection: Connection, facts: Mapping[str, str]) -> Iterator[VectorKey]:
    """The keys of vectors of the kept encoders that cannot be right."""
    vectors = schema.vectors
    for unit in (settings.published(facts), settings.previous(facts)):
        if unit is None or unit.encoder is None:
            continue
        columns = (vectors.c.text_hash, vectors.c.locale, vectors.c.encoder, vectors.c.vector)
        statement = select(*columns).where(vectors.c.encoder == unit.hash)
        for part in connection.execute(statement.execution_options(yield_per=AT_ONCE)).partitions():
            long = [len(row[3]) == 2 * unit.encoder.dimension for row in part]
            halves = b"".join(row[3] for row, right in zip(part, long, strict=True) if right)
            numbers = np.frombuffer(halves, "<f2").astype(np.float32).reshape(-1, unit.encoder.dimension)
            with np.errstate(all="ignore"):
                fits = iter(np.abs(np.linalg.norm(numbers, axis=1) - 1) < NEAR)  # False also for what is not finite
            for row, right in zip(part, long, strict=True):
                if not (right and next(fits)):
                    yield row[0], row[1], row[2]
