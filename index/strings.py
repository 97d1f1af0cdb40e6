"""A sorted table of texts that lies in two arrays, so that any number of processes map the same pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .arrays import load_array


class StringTable(Sequence[str]):
    """Distinct texts in the order of their UTF-8 bytes; finding one is a binary search, without a dictionary."""

    def __init__(self, data: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self.data, self.ends = data, ends

    @classmethod
    def build(cls, texts: Iterable[str]) -> StringTable:
        """A table of the distinct texts."""
        encoded = sorted({text.encode() for text in texts})
        data = np.frombuffer(b"".join(encoded), np.uint8)
        return cls(data, np.cumsum([len(each) for each in encoded], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def bytes_at(self, position: int) -> bytes:
        """The text at a position, in UTF-8."""
        start = int(self.ends[position - 1]) if position else 0
        return self.data[start : int(self.ends[position])].tobytes()

    def __getitem__(self, position: int) -> str:  # type: ignore[override]
        if not 0 <= position < len(self):
            raise IndexError(position)
        return self.bytes_at(position).decode()

    def find(self, text: str) -> int:
        """The text's position, or -1."""
        # What a shopper sends may hold half a character; no text here does.
        wanted = text.encode("utf-8", "surrogatepass")
        position = self.first_not_below(wanted)
        return position if position < len(self) and self.bytes_at(position) == wanted else -1

    def first_not_below(self, wanted: bytes) -> int:
        """The first position whose text is `wanted` or comes after it."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.bytes_at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def starting_with(self, start: str, most: int) -> range:
        """The positions of the first `most` texts that start so."""
        wanted = start.encode("utf-8", "surrogatepass")
        low = high = self.first_not_below(wanted)
        while high < len(self) and high - low < most and self.bytes_at(high).startswith(wanted):
            high += 1
        return range(low, high)

    def save(self, folder: Path, name: str) -> None:
        """Two files in the folder: NAME.text.npy and NAME.ends.npy."""
        np.save(folder / f"{name}.text.npy", self.data)
        np.save(folder / f"{name}.ends.npy", self.ends)

    @classmethod
    def load(cls, folder: Path, name: str) -> StringTable:
        """The saved table, mapped and not read."""
        return cls(load_array(folder / f"{name}.text.npy"), load_array(folder / f"{name}.ends.npy"))
