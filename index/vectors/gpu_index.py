"""The same vectors on a CUDA card, beside the CPU index that serves what the card cannot."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from ..device import faiss_gpus, fell_back
from .faiss_index import FlatIndex, IvfIndex, check_queries, padded
from .index import Mask, Matches, Rows, VectorIndex, Vectors

# FAISS's flat GPU index takes no selector; a mask that leaves at least this share is served by asking for more.
WIDE_MASK = 0.25
MOST_ASKED = 2_048  # the largest k of FAISS on a card
# The tail is many small segments, built at each write: the CPU scans them before a card is even asked.
LEAST_ROWS = 20_000


@lru_cache(maxsize=1)
def _resources() -> Any:
    """One for all indexes of the process: each would set aside memory on the card for itself, up to 1.5 GB."""
    return faiss.StandardGpuResources()


class GpuIndex:
    """Unfiltered and lightly filtered searches on the card, selective ones on the CPU copy; saved in CPU form."""

    def __init__(self, cpu: FlatIndex | IvfIndex) -> None:
        self.cpu = cpu
        options = faiss.GpuClonerOptions()
        options.useFloat16 = True
        flat = faiss.IndexFlatIP(cpu.dimension)
        for start in range(0, cpu.n_rows, 65_536):
            rows = np.arange(start, min(start + 65_536, cpu.n_rows))
            flat.add(cpu._index.reconstruct_batch(rows))
        self._gpu = faiss.index_cpu_to_gpu(_resources(), 0, flat, options)

    @property
    def n_rows(self) -> int:
        """How many vectors there are."""
        return self.cpu.n_rows

    @property
    def dimension(self) -> int:
        """The length of one vector."""
        return self.cpu.dimension

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Matches:
        """See `VectorIndex.search`."""
        check_queries(queries, self.dimension)
        asked = k if allowed is None else k + int(self.n_rows - np.count_nonzero(allowed))
        narrow = allowed is not None and np.count_nonzero(allowed) < WIDE_MASK * self.n_rows
        if narrow or k > MOST_ASKED or not self.n_rows:
            return self.cpu.search(queries, k, allowed)
        scores, rows = self._gpu.search(queries, min(asked, MOST_ASKED, self.n_rows))
        if allowed is None:
            return padded(scores, rows, k)
        keep = (rows >= 0) & allowed[rows]
        if (keep.sum(axis=1) < min(k, int(np.count_nonzero(allowed)))).any():
            return self.cpu.search(queries, k, allowed)  # the mask bites just where these queries look
        order = np.argsort(~keep, axis=1, kind="stable")[:, :k]
        kept = np.take_along_axis(keep, order, axis=1)
        rows = np.where(kept, np.take_along_axis(rows, order, axis=1), -1)
        return padded(np.take_along_axis(scores, order, axis=1), rows, k)

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """See `VectorIndex.scores`; a thousand rows are too few to send to the card."""
        return self.cpu.scores(query, rows)

    def vector(self, row: int) -> Vectors:
        """See `VectorIndex.vector`."""
        return self.cpu.vector(row)

    def save(self, path: Path) -> None:
        """See `VectorIndex.save`."""
        self.cpu.save(path)


def on_best_device(index: FlatIndex | IvfIndex) -> VectorIndex:
    """A large index on a card where FAISS has one and its memory suffices, else as it is."""
    if index.n_rows < LEAST_ROWS or not faiss_gpus():
        return index
    try:
        return GpuIndex(index)
    except RuntimeError as error:
        fell_back("the vector index", error)
        return index
