"""An encoder that remembers: large stores are filled again and again without hours of encoding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shelfwise.index import Encoder, Vectors

SAVED_EVERY = 8_192  # new texts; what a killed run loses at most


class KeptVectors:
    """`Encoder` whose passages are encoded once and kept in a folder; queries always go to the real one."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._path = folder / f"{encoder.hash}.npz"
        self._rows: dict[str, int] = {}
        self._kept: list[Vectors] = []
        self._unsaved = 0
        self.reference, self.hash = encoder.reference, encoder.hash
        self.dimension, self.languages = encoder.dimension, encoder.languages
        folder.mkdir(parents=True, exist_ok=True)
        if self._path.is_file():
            with np.load(self._path) as saved:
                self._rows = {text: row for row, text in enumerate(saved["texts"].tolist())}
                self._kept = list(saved["vectors"])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._rows))
        if missing:
            for text, vector in zip(missing, self._encoder.encode_passages(missing), strict=True):
                self._rows[text] = len(self._kept)
                self._kept.append(vector)
            self._unsaved += len(missing)
            if self._unsaved >= SAVED_EVERY:
                self.save()
        return np.stack([self._kept[self._rows[text]] for text in texts])

    def knows(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """See `Encoder`."""
        return self._encoder.knows(texts)

    def save(self) -> None:
        """Writes what is new."""
        if self._unsaved:
            scratch = self._path.with_suffix(".tmp.npz")
            np.savez(scratch, texts=np.array(list(self._rows)), vectors=np.stack(self._kept))
            scratch.replace(self._path)
            self._unsaved = 0
