"""How much each source counts in the sum, and agreement with what was typed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """Weights of the sources and of agreement; the defaults are the same constants for every store. Training fits them
    to a shop and an encoder (docs/training.md).

    Chosen on 1,500 Home Depot queries of buckets 30-99: recall@100 .795, MRR@10 .466, nDCG@10 .407, against .754 /
    .444 / .398 for words alone and .665 / .346 / .275 for meaning alone.
    """

    words: float = 0.6
    meaning: float = 0.4
    agreement: float = 1.0  # of measures and brands that were typed
    reading: float = 0.0  # of a model that reads the first products together with the query, where there is one
