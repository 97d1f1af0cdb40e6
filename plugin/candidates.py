"""Candidates on their way to an answer: columns, not objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..index import Rows

Part = NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """Product rows of one view, each once, with the named parts that their score is the sum of."""

    rows: Rows  # int64, shape (n,); in no particular order
    parts: Mapping[str, Part]  # shape (n,) each

    @property
    def scores(self) -> Part:
        """The sum of the parts; shape (n,)."""
        total = np.zeros(len(self.rows), np.float32)
        for part in self.parts.values():
            total += part
        return total

    def with_part(self, name: str, values: Part) -> Candidates:
        """The same rows with one part set."""
        return Candidates(self.rows, {**self.parts, name: np.asarray(values, np.float32)})

    def keep(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Candidates:
        """Only these, by mask or by position."""
        return Candidates(self.rows[which], {name: part[which] for name, part in self.parts.items()})
