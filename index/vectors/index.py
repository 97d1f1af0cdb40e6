"""The nearest rows by meaning: one interface, an exact index, an approximate one for large shops, one on a card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Matches:
    """The nearest rows for each query, best first."""

    rows: Rows  # shape (n_queries, k); -1 where fewer rows were allowed
    scores: Vectors  # same shape; cosine similarity, in [-1, 1]; -inf beside a row of -1


class VectorIndex(Protocol):
    """Vectors of unit length, numbered from 0 in the order in which they were given. Never changes once built."""

    @property
    def n_rows(self) -> int:
        """How many vectors there are."""
        ...

    @property
    def dimension(self) -> int:
        """The length of one vector."""
        ...

    def search(self, queries: Vectors, k: int, allowed: Mask | None = None) -> Matches:
        """The `k` best allowed rows for each query.

        `queries`: unit length, shape (n_queries, dimension). `allowed`: shape (n_rows,), the same for all queries;
        None allows all. Whatever the mask, no allowed row is lost to rows that are not allowed.
        """
        ...

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """The exact similarity of the given rows to one query of shape (dimension,); shape (len(rows),)."""
        ...

    def vector(self, row: int) -> Vectors:
        """One vector, shape (dimension,)."""
        ...

    def save(self, path: Path) -> None:
        """One file, always in CPU form."""
        ...
