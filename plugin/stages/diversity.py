"""Diversity: the head of a list says more than one thing; off unless a shop asks for it."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...index import FoundProducts, RequestError, Rows, View, change_documents
from ..arranging import Arranged, Because
from ..candidates import Candidates, Part
from ..pipeline import Asked, Phase

if TYPE_CHECKING:
    from ...index import Store

NAME = "diversity"
_KIND, _KEY = "settings", "diversity"


@dataclass(frozen=True)
class Diversity:
    """How different the products of a page are to be; checked, raises `RequestError`.

    mmr: what likeness to those before counts against relevance, from 0 (nothing) to 1. most_of_brand: so many of one
    brand among `page` products, as long as others are there; None: any number. depth: of so many best alone.
    """

    mmr: float = 0.0
    most_of_brand: int | None = None
    page: int = 24
    depth: int = 100

    def __post_init__(self) -> None:
        number = isinstance(self.mmr, (int, float)) and not isinstance(self.mmr, bool) and math.isfinite(self.mmr)
        if not number or not 0 <= self.mmr <= 1:
            raise RequestError(f"diversity: wanted mmr from 0 to 1, got {self.mmr!r:.80}")
        for name, low, high in (("most_of_brand", 1, 1_000), ("page", 1, 1_000), ("depth", 2, 1_000)):
            value = getattr(self, name)
            if name == "most_of_brand" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise RequestError(f"diversity: wanted {name} from {low} to {high:,}, got {value!r:.80}")

    @property
    def is_on(self) -> bool:
        """Whether it changes anything."""
        return self.mmr > 0 or self.most_of_brand is not None

    def __call__(self, asked: Asked, rows: Rows, scores: Part) -> Arranged:
        """See `Arrangement`."""
        n = min(self.depth, len(rows))
        head, brands = rows[:n], _brands(asked, rows[:n])
        likeness = _likeness(asked, head) if self.mmr else np.zeros((n, n), np.float32)
        worth = (1 - self.mmr) * _relevance(scores[:n])
        nearest = np.zeros(n, np.float32)  # to any that was taken
        left, made = np.ones(n, bool), []
        counted: Counter[int] = Counter()
        for place in range(n):
            if place % self.page == 0:
                counted.clear()
            free = left
            if self.most_of_brand is not None:
                full = [brand for brand, count in counted.items() if count >= self.most_of_brand]
                allowed = left & ~np.isin(brands, full)
                free = allowed if allowed.any() else left
            # Rounded, so that ties go to the better one in every process; argmax takes the first.
            value = np.where(free, np.round(worth - self.mmr * nearest, 5), -np.inf)
            best = int(np.argmax(value))
            made.append(best)
            left[best] = False
            nearest = np.maximum(nearest, likeness[best])
            if brands[best] >= 0:
                counted[int(brands[best])] += 1
        order = np.concatenate((np.array(made, np.int64), np.arange(n, len(rows))))
        moved = np.flatnonzero(order[:n] != np.arange(n))
        why = {int(head[made[at]]): [Because(NAME, self._reason(int(at), made[at]))] for at in moved.tolist()}
        return Arranged(order, why)

    def _reason(self, to: int, came_from: int) -> str:
        if to < came_from:
            return "it differs more from those before it"
        return "others that differ more come before it"


class DiversityStage:
    """Arranges the best products as the shop's setting says."""

    name = NAME
    phase = Phase.DIVERSIFY
    order = 10

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """See `Stage`."""
        setting = diversity(asked.view)
        if setting.is_on and asked.request.sort == "relevance":
            asked.arrangements = (*asked.arrangements, setting)
        return candidates


def diversity(view: View) -> Diversity:
    """The shop's setting."""
    written = view.documents.get(_KIND, {}).get(_KEY)
    return Diversity(**json.loads(written)) if written else Diversity()


def set_diversity(store: Store, setting: Diversity) -> None:
    """Writes the setting, for all processes."""
    written = json.dumps(asdict(setting)) if setting.is_on else None
    change_documents(store, _KIND, lambda now: {_KEY: written})


def _relevance(scores: Part) -> NDArray[np.float32]:
    """From 1 to 0; where all score alike, by their places."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    if high - low > 1e-6:
        made: NDArray[np.float32] = ((scores - low) / (high - low)).astype(np.float32)
        return made
    return np.linspace(1, 0, len(scores), dtype=np.float32)


def _likeness(asked: Asked, rows: Rows) -> NDArray[np.float32]:
    """Cosines, shape (n, n); 0 for what has no vector."""
    found = [asked.view.vector_of(row, asked.locale) for row in rows.tolist()]
    size = next((len(each) for each in found if each is not None), 1)
    vectors = np.array([np.zeros(size, np.float32) if each is None else each for each in found], np.float32)
    made: NDArray[np.float32] = vectors.reshape(len(rows), -1) @ vectors.reshape(len(rows), -1).T
    return made


def _brands(asked: Asked, rows: Rows) -> NDArray[np.int64]:
    """The number of each row's brand; -1 without one."""
    made = np.full(len(rows), -1, np.int64)
    field = asked.view.fields.get("brand")
    if field is not None and len(rows):
        ascending = np.argsort(rows)
        pairs = FoundProducts(asked.view, asked.matching, rows[ascending]).codes(field)
        made[ascending[pairs.products]] = pairs.values
    return made
