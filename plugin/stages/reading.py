"""The first products of an answer are read together with the query, by a model that training may leave beside the
encoder: slower than vectors and better, so only few are.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from ...index import Reader, encoder_text
from ..candidates import Candidates, Part
from ..pipeline import Asked, Phase

if TYPE_CHECKING:
    from ..shop import Shop

READ = 30  # products; about 5 ms each on one core


class ReadingStage:
    """Adds the part "reading", 0 or more: what is read can only rise, so nothing read falls behind what was not."""

    name = "reading"
    phase = Phase.SCORE
    order = 20

    def __init__(self, shop: Shop) -> None:
        self._store, self._weight = shop.store, shop.weights.reading
        self._lock = threading.Lock()
        self._readers: dict[str, Reader | None] = {}  # by the encoder's hash; the latest alone

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """See `Stage`."""
        weight = asked.weights.get(self.name, self._weight)
        if not weight or not asked.request.query or asked.vector is None or not len(candidates.rows):
            return candidates
        reader = self._reader(asked)
        if reader is None:
            return candidates
        best = np.argsort(-candidates.scores, kind="stable")[:READ]
        part = np.zeros(len(candidates.rows), np.float32)
        part[best] = np.float32(weight) * self._read(reader, asked, candidates.rows[best])
        return candidates.with_part(self.name, part)

    def _read(self, reader: Reader, asked: Asked, rows: np.ndarray) -> Part:
        ids = [asked.view.id_of(int(row)) for row in rows]
        products = self._store.products(ids)
        texts, places = [], []
        for at, key in enumerate(ids):
            product = products.get(key)
            if product is not None:  # else it was deleted at this moment
                locale = asked.locale if asked.locale in product.texts else next(iter(product.texts))
                texts.append(encoder_text(product, locale))
                places.append(at)
        made = np.zeros(len(rows), np.float32)
        made[places] = reader.scores(asked.understood.encoded, texts)
        return made

    def _reader(self, asked: Asked) -> Reader | None:
        name = asked.view.encoder
        with self._lock:
            if name not in self._readers:
                self._readers = {name: Reader.beside(self._store.encoder_of(asked.view).reference)}
            return self._readers[name]
