"""Candidates by identifier: the products whose article, model or bar-code number was typed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...index import Rows
from ..candidates import Part
from ..pipeline import PER_SOURCE, Asked, Proposal

WEIGHT = 0.8  # nearly what words and meaning together give to a product that merely resembles it
STARTS = 0.5  # where only the start of the number was typed


class IdentifiersSource:
    """Scores are 1 for a product that bears a typed number, 0.5 where the typed one is only the start of its own."""

    name = "identifier"
    weight = WEIGHT

    def propose(self, asked: Sequence[Asked]) -> list[Proposal | None]:
        """See `Source`."""
        return [self._propose(each) if len(each.agreement.identified) else None for each in asked]

    def _propose(self, asked: Asked) -> Proposal:
        rows = asked.agreement.identified
        scores = self.score(asked, rows)
        keep = asked.matching.mask[rows]
        rows, scores = rows[keep], scores[keep]
        order = np.lexsort((asked.view.keys[rows], -scores))[:PER_SOURCE]
        return Proposal(rows[order], scores[order], also=rows)

    def score(self, asked: Asked, rows: Rows) -> Part:
        """See `Source`."""
        made = np.zeros(asked.view.n_rows, np.float32)
        found = asked.agreement
        made[found.identified] = np.where(found.whole, 1.0, STARTS)
        return made[rows]
