"""Vectors of what shoppers type, the recent ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from ..index import Store, Vectors, check_vectors

KEPT = 2_048  # 1.5 kB each, against 10 ms of encoding


class QueryVectors:
    """Encodes queries with the store's encoder; safe to call from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, queries: Sequence[str]) -> dict[str, Vectors]:
        """The vector of each query that the encoder can read. Raises `EncoderError`, and whatever the encoder does."""
        with self._lock:
            found = {query: self._kept[query] for query in queries if query in self._kept}
        missing = list(dict.fromkeys(query for query in queries if query not in found))
        if missing:
            encoder = self._store.encoder
            readable = [query for query, known in zip(missing, encoder.knows(missing), strict=True) if known]
            if readable:
                encoded = check_vectors(encoder, encoder.encode_queries(readable), len(readable))
                found.update(zip(readable, encoded, strict=True))
        with self._lock:
            for query, vector in found.items():
                self._kept[query] = vector
                self._kept.move_to_end(query)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._kept.clear()
