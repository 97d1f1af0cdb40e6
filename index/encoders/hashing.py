"""An encoder without weights: words and their letter triples, hashed into a small vector.

It knows spelling and no meaning. It serves where no model can be had, and tests that must not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..vectors.index import Vectors
from ..words import tokens

DIMENSION = 64


@lru_cache(maxsize=100_000)
def _spot(feature: str) -> tuple[int, float]:
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")
    return number, 1.0 if number >> 63 else -1.0


class HashingEncoder:
    """`Encoder` by feature hashing; the same text has the same vector on every machine."""

    reference = "hashing"
    hash = "hashing-1"
    dimension = DIMENSION
    languages: frozenset[str] | None = None

    def __init__(self, dimension: int = DIMENSION) -> None:
        if dimension != DIMENSION:
            self.reference, self.hash, self.dimension = f"hashing-{dimension}", f"hashing-1-{dimension}", dimension

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Encoder`."""
        made = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for word in tokens(text, ""):
                padded = f"^{word}$"
                for feature in (word, *(padded[at : at + 3] for at in range(len(padded) - 2))):
                    number, sign = _spot(feature)
                    made[row, number % self.dimension] += sign
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        unit: Vectors = np.where(lengths > 0, made / np.maximum(lengths, 1e-12), np.float32(self.dimension**-0.5))
        return unit.astype(np.float32)

    def knows(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """See `Encoder`: every text with at least one word."""
        return np.array([bool(tokens(text, "")) for text in texts], bool)
