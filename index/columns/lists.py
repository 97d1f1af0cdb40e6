"""Lists of numbers, one for each row, in two arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import load_array
from ..vectors.index import Mask


@dataclass(frozen=True, slots=True)
class Lists:
    """Row r holds `values[starts[r] : starts[r + 1]]`."""

    starts: NDArray[np.int64]  # shape (n_rows + 1,)
    values: NDArray[np.int32]

    @property
    def n_rows(self) -> int:
        """How many lists there are."""
        return len(self.starts) - 1

    def of(self, row: int) -> NDArray[np.int32]:
        """The list of one row."""
        return self.values[self.starts[row] : self.starts[row + 1]]

    def any_in(self, wanted: Mask) -> Mask:
        """Which rows hold at least one value v with `wanted[v]`."""
        hit = wanted.take(self.values)
        if len(self.values) == self.n_rows and bool((np.diff(self.starts) == 1).all()):
            return hit
        # A running count is right for empty lists too, where `reduceat` is not.
        counted = np.zeros(len(hit) + 1, np.int32)
        np.cumsum(hit, out=counted[1:])
        at_start = counted.take(self.starts)
        found: Mask = at_start[1:] > at_start[:-1]
        return found

    def save(self, folder: Path, name: str) -> None:
        """Two files in the folder."""
        np.save(folder / f"{name}.starts.npy", self.starts)
        np.save(folder / f"{name}.values.npy", self.values)

    @classmethod
    def load(cls, folder: Path, name: str) -> Lists:
        """The saved lists, mapped and not read."""
        return cls(load_array(folder / f"{name}.starts.npy"), load_array(folder / f"{name}.values.npy"))


class ListsBuilder:
    """Collects lists row by row, four bytes a value."""

    def __init__(self) -> None:
        self._ends = array("q")
        self._values = array("i")

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, values: Iterable[int]) -> None:
        """The next row's list."""
        self._values.extend(values)
        self._ends.append(len(self._values))

    def pad_to(self, rows: int) -> None:
        """Empty lists until there are `rows`."""
        self._ends.extend([len(self._values)] * (rows - len(self._ends)))

    def build(self, renumbered: NDArray[np.int32]) -> Lists:
        """The lists, each value v as `renumbered[v]`."""
        starts = np.zeros(len(self._ends) + 1, np.int64)
        starts[1:] = np.frombuffer(self._ends, np.int64) if len(self._ends) else []
        values = np.frombuffer(self._values, np.int32) if len(self._values) else np.zeros(0, np.int32)
        return Lists(starts, renumbered[values] if len(values) else values.copy())
