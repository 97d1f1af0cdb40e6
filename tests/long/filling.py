"""A store with made-up products, which may be kept for the next run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from catalogue import products
from numpy.typing import NDArray
from shelfwise.index import Encoder, EncoderSettings, Vectors, load_encoder
from shelfwise.plugin import Shop


class StandIn:
    """Says that it is some model, and makes vectors of products up, for they decide about no figure here."""

    def __init__(self, real: Encoder) -> None:
        self._real = real
        self.reference, self.hash, self.dimension = real.reference, real.hash, real.dimension
        self.languages = real.languages
        self.settings: EncoderSettings | None = getattr(real, "settings", None)
        self._chance = np.random.default_rng(1)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        return self._real.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        made = self._chance.standard_normal((len(texts), self.dimension)).astype(np.float32)
        unit: Vectors = made / np.linalg.norm(made, axis=1, keepdims=True)
        return unit

    def knows(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """See `Encoder`."""
        return np.ones(len(texts), bool)


@contextmanager
def filled(count: int, encoder: str, kept: Path | None = None) -> Iterator[Path]:
    """A folder with a store of so many products; a copy of the one in `kept`, if there is one, or left there."""
    with tempfile.TemporaryDirectory(prefix="shelfwise-long-") as folder:
        store = Path(folder) / "store"
        if kept and (kept / "shelfwise.db").exists():
            shutil.copytree(kept, store)
        else:
            real = load_encoder(encoder)
            with Shop.open(store, encoder=real if encoder.startswith("hashing") else StandIn(real)) as shop:
                shop.upsert(products(count))
                shop.maintain()  # one generation of all, or the first minutes would build it
            if kept:
                shutil.copytree(store, kept)
        yield store
