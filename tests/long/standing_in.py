"""A model's stand-in for filling a store fast: it says that it is the model, and makes vectors up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from shelfwise.index import Encoder, EncoderSettings, Vectors


class StandIn:
    """`Encoder` with made-up vectors of products. Memory and waiting do not depend on them, answers do."""

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
