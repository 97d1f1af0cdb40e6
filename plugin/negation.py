"""What is not wanted comes last: a negative part of the score, and never a filter."""

from __future__ import annotations

import numpy as np

from ..index.words.negation import NEGATED
from .candidates import Candidates
from .pipeline import Asked, Phase

# What holding it in the title costs: more than what words and meaning tell two products of one kind apart by, less than
# what tells a lamp from a chair.
HOLDS_EXCLUDED = 0.3


class NegationStage:
    """Adds the part "negation" where a query excludes something: "lamp without cord"."""

    name = "negation"
    phase = Phase.SCORE
    order = 20

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """See `Stage`."""
        if not asked.understood.excluded:
            return candidates
        part = np.zeros(len(candidates.rows), np.float32)
        for phrase in asked.understood.excluded:
            lacking = [NEGATED + each.term for each in phrase]
            held = asked.view.lexicon.holding(phrase, lacking, asked.locale)
            part -= HOLDS_EXCLUDED * held[candidates.rows]
        return candidates.with_part(self.name, part)
