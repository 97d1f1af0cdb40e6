"""What can be wrong with an evaluation."""

from __future__ import annotations

from ...index import ShelfwiseError


class EvaluationError(ShelfwiseError, ValueError):
    """Answers cannot be measured or compared; the sentence says what was wanted and what came."""
