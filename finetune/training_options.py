"""How to train; apart from training itself, which imports torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train. The defaults are for a small encoder and tens of thousands of examples."""

    epochs: float = 1.0
    batch_size: int = 128  # of all processes together; the larger, the more negatives each query sees
    mini_batch: int | None = None  # rows that are in memory at once; None: the whole batch
    learning_rate: float = 1e-4
    warm_up: float = 0.1  # share of the steps during which the rate rises; then it falls to zero, in a line
    weight_decay: float = 0.01
    scale: float = 20.0  # of cosines in the softmax
    dimensions: tuple[int, ...] = ()  # Matryoshka: so many numbers of a vector rank by themselves
    max_tokens: int = 128
    evaluations: int = 4  # looks at the held-out queries on the way, each with a checkpoint
    patience: int = 2  # looks without a gain after which training ends
    seed: int = 0
