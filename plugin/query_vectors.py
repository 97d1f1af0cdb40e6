"""Vectors of what shoppers type, the recent ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from ..index import Store, Vectors, View, check_vectors

KEPT = 2_048  # 1.5 kB each, against 10 ms of encoding


class QueryVectors:
    """Encodes queries with the store's encoder; safe to call from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, str], Vectors] = OrderedDict()  # by the encoder's hash and the query
        self._lock = threading.Lock()

    def of(self, queries: Sequence[str], view: View) -> dict[str, Vectors]:
        """The vector of each query that the view's encoder can read. Raises `EncoderError`, and whatever that does."""
        name = view.encoder
        with self._lock:
            found = {query: self._kept[name, query] for query in queries if (name, query) in self._kept}
        missing = list(dict.fromkeys(query for query in queries if query not in found))
        if missing:
            encoder = self._store.encoder_of(view)
            readable = [query for query, known in zip(missing, encoder.knows(missing), strict=True) if known]
            if readable:
                encoded = check_vectors(encoder, encoder.encode_queries(readable), len(readable))
                found.update(zip(readable, encoded, strict=True))
        with self._lock:
            for query, vector in found.items():
                self._kept[name, query] = vector
                self._kept.move_to_end((name, query))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def after_fork(self) -> None:
        """In a forked child: a lock that another thread held stays with the parent."""
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._kept.clear()
