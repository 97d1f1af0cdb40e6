"""A quick figure while training: held-out queries against the products that may be taken for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer

from .judgement import Judged

DEPTH = 10
SHOWN = 20  # products of an answer that are in the pool


@dataclass(frozen=True)
class HeldOut:
    """Queries, and a pool of products: what is judged of them, and what the shop finds for them today.

    The whole catalogue would be fairer and takes minutes each time; that measure is taken once, in the end.
    """

    judged: Judged
    texts: Mapping[str, str]  # of the pool, by product id

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {"judged": self.judged, "texts": self.texts}

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> HeldOut:
        """What `to_json` gave."""
        return cls(read["judged"], read["texts"])

    def score(self, model: SentenceTransformer) -> float:
        """Mean nDCG@10 of the queries over the pool, 0 to 1."""
        keys, queries = list(self.texts), list(self.judged)
        products = _encoded(model, [self.texts[key] for key in keys])
        asked = _encoded(model, queries)
        place = {key: at for at, key in enumerate(keys)}
        discount = 1 / np.log2(np.arange(2, DEPTH + 2))
        total = 0.0
        for row, query in enumerate(queries):
            gains = np.zeros(len(keys), np.float32)
            for key, gain in self.judged[query].items():
                if key in place:
                    gains[place[key]] = gain
            best = np.argsort(-(products @ asked[row]), kind="stable")[:DEPTH]
            ideal = np.sort(gains)[::-1][:DEPTH]
            total += float(gains[best] @ discount[: len(best)]) / max(float(ideal @ discount[: len(ideal)]), 1e-9)
        return total / len(queries)


def pool(judged: Judged, found: Mapping[str, Sequence[str]], texts: Mapping[str, str], most: int = 150) -> HeldOut:
    """At most `most` of the queries, chosen by their order, and the products that are judged or found for them."""
    queries = sorted(judged)[:: max(1, len(judged) // most)][:most]
    keys = dict.fromkeys(key for query in queries for key in (*judged[query], *found.get(query, ())[:SHOWN]))
    return HeldOut({query: judged[query] for query in queries}, {key: texts[key] for key in keys if key in texts})


def _encoded(model: SentenceTransformer, texts: Sequence[str]) -> np.ndarray:
    made: np.ndarray = model.encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    return made
